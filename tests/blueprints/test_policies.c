/* test_policies.c - what a blueprint says of a component's policies: their types, their keys, what is
 * refused. */
#include "base/json.h"
#include "blueprints/policy_types.h"
#include "parse.h"

static struct outcome outcome;
static const struct component_spec *spec;

static void close_all(void)
{
	close_outcome(&outcome);
}

TestSuite(policies, .fini = close_all);

static void take(const char *lines)
{
	close_outcome(&outcome);
	outcome = accepted(with_lines(lines));
	spec = &outcome.blueprint->components[0];
}

static const json_t *setting(size_t policy, const char *key)
{
	return json_object_get(spec->policies[policy].config, key);
}

Test(policies, brooklyns_way_of_writing_them_is_read)
{
	take("  brooklyn.policies:\n"
	     "  - type: org.apache.brooklyn.policy.ha.ServiceRestarter\n"
	     "    brooklyn.config: {failOnRecurringFailuresInThisDuration: 2m, setOnFireOnFailure: false}\n"
	     "  - policyType: brooklyn.policy.ha.ServiceReplacer\n"
	     "    name: replaces\n"
	     "    id: second\n"
	     "    brooklyn.config: {failureSensorToMonitor: '$brooklyn:sensor(\"a.Class\", "
	     "\"ha.entityFailed\")'}\n"
	     "  brooklyn.enrichers:\n"
	     "  - type: org.apache.brooklyn.policy.ha.ServiceFailureDetector\n"
	     "    brooklyn.config: {entityFailedStabilizationDelay: 30s}\n");
	cr_assert_eq(spec->policy_count, 3);
	cr_expect_eq(spec->policies[0].type->kind, POLICY_RESTARTER);
	cr_expect(spec->policies[0].type->classic);
	cr_expect_str_eq(json_string_value(setting(0, "failOnRecurringFailuresInThisDuration")), "2m");
	cr_expect(json_is_false(setting(0, "setOnFireOnFailure")));
	cr_expect_eq(spec->policies[1].type->kind, POLICY_REPLACER);
	cr_expect_str_eq(json_string_value(setting(1, "failureSensorToMonitor")), "ha.entityFailed");
	cr_expect_eq(spec->policies[2].type->kind, POLICY_FAILURE_DETECTOR);
	cr_expect_str_eq(json_string_value(setting(2, "entityFailed.stabilizationDelay")), "30s",
			 "a flag is the key's other spelling");
	cr_expect_eq(spec->policies[1].place.line, 6);
	cr_expect_str_eq(spec->policies[1].id, "second");
	cr_expect_null(spec->policies[0].id);
}

Test(policies, short_names_take_their_keys_beside_the_type)
{
	take("  policies:\n"
	     "  - {type: restarter, backoff: 2s, maxTries: 7, dryRun: true}\n"
	     "  - replacer\n"
	     "  - type: periodic\n"
	     "    effector: backup\n"
	     "    args: {target: /backup, keep: 3, names: [a, b]}\n"
	     "    schedule: \"30 3 * * mon-fri\"\n"
	     "  - {type: periodic, effector: restart, period: 1 day, time: 08:00:00}\n"
	     "  effectors: {backup: [tar, c]}\n");
	cr_assert_eq(spec->policy_count, 4);
	cr_expect_not(spec->policies[0].type->classic);
	cr_expect_eq(json_integer_value(setting(0, "maxTries")), 7);
	cr_expect(json_is_true(setting(0, "dryRun")));
	cr_expect_eq(json_object_size(spec->policies[1].config), 0);
	cr_expect_eq(json_integer_value(json_object_get(setting(2, "args"), "keep")), 3);
	cr_expect_eq(json_array_size(json_object_get(setting(2, "args"), "names")), 2);
	take("  policies: []");
	cr_expect_eq(spec->policy_count, 0);
	take("  policies:");
	cr_expect_eq(spec->policy_count, 0);
}

Test(policies, values_may_come_from_parameters_and_config)
{
	close_outcome(&outcome);
	outcome =
	    accepted("brooklyn.config: {window: 90s}\n"
		     "services:\n- type: docker:x\n"
		     "  policies:\n"
		     "  - type: org.apache.brooklyn.policy.ha.ServiceRestarter\n"
		     "    config: {failOnRecurringFailuresInThisDuration: '$brooklyn:config(\"window\")'}\n");
	spec = &outcome.blueprint->components[0];
	cr_expect_str_eq(json_string_value(setting(0, "failOnRecurringFailuresInThisDuration")), "90s");
}

Test(policies, a_process_has_policies_as_well)
{
	close_outcome(&outcome);
	outcome = accepted("services:\n- {type: process, id: p, command: x, policies: [restarter], "
			   "enrichers: [failure-detector]}\n");
	spec = &outcome.blueprint->components[0];
	cr_assert_eq(spec->policy_count, 2);
	cr_expect_eq(spec->policies[1].type->kind, POLICY_FAILURE_DETECTOR);
	refused("services:\n- {type: external, id: e, address: a, ports: 1, policies: [restarter]}\n", 2, 49,
		"`policies` does not go with external components", NULL);
}

Test(policies, anchors_are_shared_by_components)
{
	close_outcome(&outcome);
	outcome = accepted(
	    "services:\n- type: docker:x\n  policies: &p\n  - restarter\n- type: docker:y\n  policies: *p\n");
	cr_expect_eq(outcome.blueprint->components[1].policy_count, 1);
}

Test(policies, mistakes_are_told_where_they_are)
{
	refused(with_lines("  policies:\n  - type: restartr"), 4, 11, "no policy is called `restartr`",
		"did you mean `restarter`?");
	refused(with_lines("  policies:\n  - type: ServiceRestarter"), 4, 11, "no policy is called",
		"`org.apache.brooklyn.policy.ha.ServiceRestarter`");
	refused(with_lines("  policies:\n  - type: org.apache.brooklyn.policy.ha.ServiceRestater"), 4, 11,
		"is not supported yet by this version", "ServiceRestarter`?");
	refused(
	    with_lines("  policies:\n  - type: org.apache.brooklyn.policy.loadbalancing.LoadBalancingPolicy"),
	    4, 11, "is not supported yet by this version", NULL);
	refused(with_lines("  policies:\n  - {}"), 4, 5, "the policy has no `type`", "type: restarter");
	refused(with_lines("  policies:\n  - [restarter]"), 4, 5, "a map with a `type`, not a list", NULL);
	refused(with_lines("  policies: restarter"), 3, 13, "takes a list, not text", "- type: restarter");
	refused(with_lines("  policies:\n  - {type: restarter, backof: 2s}"), 4, 23,
		"restarter has no key `backof`", "did you mean `backoff`?");
	refused(with_lines("  policies:\n  - {type: restarter, backoff: soon}"), 4, 32,
		"`backoff` is to be a duration", "backoff: 30s");
	refused(with_lines("  policies:\n  - {type: restarter, maxTries: -1}"), 4, 33,
		"a whole number, not below 0", NULL);
	refused(with_lines("  policies:\n  - {type: restarter, dryRun: maybe}"), 4, 31, "true or false",
		NULL);
	refused(with_lines("  policies:\n  - {type: restarter, config: [a]}"), 4, 31,
		"takes a map, not a list", NULL);
	refused(with_lines("  policies:\n  - {type: restarter, backoff: 1s, config: {backoff: 2s}}"), 4, 45,
		"`backoff` is given twice", NULL);
	refused(with_lines("  policies:\n  - periodic"), 4, 5, "periodic needs `effector`", NULL);
	refused(with_lines("  policies:\n  - {type: periodic, effector: stop, schedule: 61 * * * *}"), 4, 48,
		"is no minute", "numbers from 0 to 59");
	refused(
	    with_lines("  policies:\n  - {type: periodic, effector: stop, schedule: '@daily', period: 1h}"),
	    4, 5, "exclude each other", NULL);
	refused(with_lines("  policies:\n  - {type: periodic, effector: stop, time: 25:00}"), 4, 44,
		"a time of the day", NULL);
	refused(with_lines(
		    "  policies:\n  - {type: periodic, effector: backpu}\n  effectors: {backup: [tar, c]}"),
		4, 32, "has no effector `backpu`", "did you mean `backup`?");
	refused(with_lines("  policies:\n  - {type: periodic, effector: backup}"), 4, 32,
		"has no effector `backup`", "give its command under `effectors`");
	refused(with_lines("  policies:\n  - {type: stop-after, lifetime: 1h, state: asleep}"), 4, 45,
		"is to be a state", NULL);
	refused(with_lines(
		    "  policies:\n  - restarter\n  - type: org.apache.brooklyn.policy.ha.ServiceRestarter"),
		5, 5, "has two policies that do the work of a", NULL);
}

/* Among what is wrong is this. */
static void complains(const char *text, int line, int column, const char *summary, const char *remedy)
{
	struct outcome wrong = parse(text);
	const struct diagnostic *entry = entry_at(&wrong.list, line, column);

	expect_words(entry, summary, remedy);
	close_outcome(&wrong);
}

Test(policies, an_autoscaler_of_brooklyns_is_read_and_its_keys_are_checked)
{
#define SCALER "  policies:\n  - type: org.apache.brooklyn.policy.autoscaling.AutoScalerPolicy\n    config: "
	take("  sensors: {load: {value: 1}}\n" SCALER
	     "{metric: '$brooklyn:sensor(\"load\")', metricLowerBound: 10, metricUpperBound: 99.5, "
	     "entityWithMetric: '$brooklyn:entity(\"x\")', resizeUpStabilizationDelay: 30s, "
	     "autoscaler.maxPoolSize: 4}");
	cr_expect_eq(spec->policies[0].type->kind, POLICY_AUTOSCALER);
	cr_expect_str_eq(json_string_value(setting(0, "autoscaler.entityWithMetric")), "x");
	complains(with_lines(SCALER "{metricUpperBond: 10}"), 5, 14, "has no key `metricUpperBond`",
		  "did you mean `metricUpperBound`?");
	complains(with_lines(SCALER "{metricUpperBound: high}"), 5, 32, "is to be a number", "12.5");
	complains(with_lines(SCALER "{minPoolSize: -1}"), 5, 27, "a whole number, not below 0", NULL);
	complains(with_lines(SCALER "{resizeOperator: x}"), 5, 30, "Java classes, which berth does not have",
		  NULL);
	complains(with_lines(SCALER "{entityWithMetric: '$brooklyn:entity()'}"), 5, 43,
		  "entity() takes the id of a component", NULL);
}

/* What Brooklyn takes and never acts by, or by which it can only go up and down for ever. */
Test(policies, bounds_of_brooklyns_autoscaler_that_cannot_be_meant_are_refused_where_they_stand)
{
#define LOADED "  sensors: {load: {value: 1}}\n" SCALER
	complains(with_lines(LOADED "{metric: load, metricLowerBound: 50, metricUpperBound: 20}"), 6, 46,
		  "`metricLowerBound` 50 is above `metricUpperBound` 20", "exchange them");
	complains(with_lines(LOADED "{metric: load, metricUpperBound: 20}"), 6, 22,
		  "without both no size is ever moved", "give it `metricLowerBound`");
	complains(with_lines(LOADED "{metric: load}"), 6, 22, "needs `metricLowerBound` and", "give it both");
	complains(with_lines(SCALER "{autoscaler.minPoolSize: 4, maxPoolSize: 2}"), 5, 38,
		  "`autoscaler.minPoolSize` 4 is above `maxPoolSize` 2", NULL);
	take(LOADED "{metric: load, metricLowerBound: 20, metricUpperBound: 20}");
	take(SCALER "{maxPoolSize: 3}");
}

Test(policies, an_autoscaler_goes_by_sensors_that_there_are)
{
	complains(with_lines("  sensors: {load: {value: 1}}\n" SCALER "{metric: lood, metricLowerBound: 10, "
			     "metricUpperBound: 99}"),
		  5, 5, "`x` has no sensor `lood`", "did you mean `load`?");
	complains(with_lines(SCALER "{metric: load, metricLowerBound: 10, metricUpperBound: 99}"), 4, 5,
		  "`x` has no sensor `load`", "say under `sensors`");
	complains(
	    with_lines("  policies:\n  - {type: autoscaler, max: 9, metric: load, entity: y, target: 1}"), 4,
	    5, "`y`", NULL);
	refused("services:\n- {type: 'docker:x', job: true, policies: [{type: autoscaler, max: 2, schedules: "
		"[{schedule: '@daily', min: 2}]}]}\n",
		2, 51, "is a job", NULL);
}

Test(policies, an_autoscaler_of_our_own_is_refused_with_what_is_wrong_with_it)
{
#define OWN "  sensors: {load: {value: 1}}\n  policies:\n  - {type: autoscaler, max: 9, "
	take(OWN "metric: load, target: 60.5, min: 2}");
	take(OWN "schedules: [{schedule: 0 8 * * mon-fri, min: 4}]}");
	complains(with_lines(OWN "metrics: [{metric: load, tarket: 5}]}"), 5, 41,
		  "a metric has no key `tarket`", "did you mean `target`?");
	complains(with_lines(OWN "metric: load, steps: [{above: 5}]}"), 5, 53, "`above` and `add`",
		  "{above: 80, add: 2}");
	complains(with_lines(OWN "schedules: [{schedule: 0 25 * * *, min: 4}]}"), 5, 43, "is no hour", NULL);
	complains(with_lines(OWN "schedules: [{schedule: '@daily', min: 4, max: 3}]}"), 5, 43,
		  "`min` may not be above `max`", NULL);
	complains(with_lines(OWN "metric: load}"), 5, 5, "has none of `target`", "target: 60");
	complains(with_lines(OWN "min: 12, metric: load, target: 5}"), 5, 37, "`min` 12 is above `max` 9",
		  "exchange them");
	complains(with_lines(OWN "metric: load, lower: 50, upper: 20}"), 5, 53,
		  "`lower` 50 is above `upper` 20", NULL);
	complains(with_lines(OWN "metric: load, lower: 50}"), 5, 5, "needs both `lower` and `upper`", NULL);
	complains(with_lines("  policies:\n  - {type: autoscaler, metric: load, target: 5}"), 4, 5,
		  "autoscaler needs `max`", NULL);
}
