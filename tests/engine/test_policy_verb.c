/* test_policy_verb.c - policies listed, suspended, resumed and set anew: at once where they are kept, and
 * remembered in any case. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/engine/scene.h"

static struct scene scene;
static struct berth_operation *keeper;

static void raise_curtain(void)
{
	scene_open(&scene);
}

static void drop_curtain(void)
{
	berth_operation_free(keeper);
	scene_close(&scene);
}

TestSuite(policy_verb, .init = raise_curtain, .fini = drop_curtain);

#define SECOND 1000
#define MINUTE (60 * SECOND)

#define WITH(db, web)                                                                                        \
	"id: app\nlocation: fake\nservices:\n"                                                               \
	"- {type: 'docker:redis:3', id: db, policies: [" db "]}\n"                                           \
	"- {type: 'docker:front:1', id: web, policies: [" web "]}\n"
#define RESTARTED WITH("{type: restarter, backoff: 2s}", "restarter")

static void keep(void)
{
	struct berth_error error;
	keeper = berth_keep(scene.berth, NULL, NULL, &error);
	cr_assert_not_null(keeper, "%s", error.text);
}

static bool ready(void *nothing)
{
	(void)nothing;
	return berth_keep_ready(keeper);
}

static bool over(void *nothing)
{
	(void)nothing;
	return berth_done(keeper);
}

static bool never(void *nothing)
{
	(void)nothing;
	return false;
}

static void pass(int64_t duration_ms)
{
	virtual_world_run(scene.world, never, NULL, duration_ms);
}

static void keep_all(void)
{
	keep();
	cr_assert(virtual_world_run(scene.world, ready, NULL, MINUTE));
	pass(SECOND); /* its targets are told whose duty restarts are */
}

static void let_go(void)
{
	berth_cancel(keeper);
	cr_assert(virtual_world_run(scene.world, over, NULL, 10 * MINUTE));
	berth_operation_free(give(keeper));
}

static void deploy(const char *blueprint)
{
	cr_assert_eq(scene_run(&scene, berth_deploy, blueprint, NULL), BERTH_OK, "%s", scene.events);
}

static bool runs(const char *name)
{
	const struct observed *seen = fake_target_find(scene.target, name);
	return seen && seen->state == SEEN_RUNNING;
}

static void kill_it(const char *name)
{
	cr_assert_eq(fake_target_exit(scene.target, name, 137), 0);
}

/* "suspend", "db", "restarter", and an argument; any may be NULL. */
static enum berth_outcome policy(const char *action, const char *component, const char *name,
				 const char *argument, json_t **ret)
{
	const char *const components[] = {component, NULL}, *const arguments[] = {argument, NULL};
	const struct berth_request request = {.size = sizeof request,
					      .app = "app",
					      .action = action,
					      .name = name,
					      .components = components,
					      .arguments = arguments};
	return scene_request(&scene, berth_policy, &request, ret);
}

static json_t *listed(void)
{
	json_t *document = NULL;
	cr_assert_eq(policy(NULL, NULL, NULL, NULL, &document), BERTH_OK);
	return document;
}

/* Borrowed. */
static const json_t *entry(const json_t *document, const char *component, const char *name)
{
	size_t i;
	json_t *item;
	json_array_foreach (json_object_get(document, "policies"), i, item)
		if (!strcmp(json_text(item, "component"), component) &&
		    !strcmp(json_text(item, "policy"), name))
			return item;
	return NULL;
}

static const char *config_of(const json_t *document, const char *component, const char *name, const char *key)
{
	return json_text(json_object_get(entry(document, component, name), "config"), key);
}

static bool suspended(const char *component, const char *name)
{
	owned_json document = listed();
	const json_t *found = entry(document, component, name);
	cr_assert_not_null(found);
	return json_flag(found, "suspended", false);
}

Test(policy_verb, the_list_tells_what_each_is_and_what_it_is_about)
{
	deploy(RESTARTED);
	owned_json document = listed();
	cr_expect_eq(json_array_size(json_object_get(document, "policies")), 4);
	cr_expect_not(json_flag(document, "kept", true));
	const json_t *restarter = entry(document, "db", "restarter");
	cr_assert_not_null(restarter);
	cr_expect_str_eq(json_text(restarter, "type"), "restarter");
	cr_expect_str_eq(json_text(restarter, "about"), "nothing to do");
	cr_expect_str_eq(config_of(document, "db", "restarter", "backoff"), "2s");
	cr_expect_not(json_flag(restarter, "supplied", true));
	cr_expect(json_flag(entry(document, "db", "failure-detector"), "supplied", false));
	cr_expect_null(config_of(document, "web", "restarter", "backoff"));
}

Test(policy_verb, what_it_is_about_is_told_by_whoever_keeps_it)
{
	deploy(RESTARTED);
	keep_all();
	for (int i = 0; i < 3; i++) {
		kill_it("app.db.1");
		pass(i < 2 ? 6 * SECOND : 10);
	}
	owned_json document = listed();
	cr_expect(json_flag(document, "kept", false));
	const char *about = json_text(entry(document, "db", "restarter"), "about");
	cr_expect(strstr(about, "app.db.1"), "%s", about);
	cr_expect_str_eq(json_text(entry(document, "web", "restarter"), "about"), "nothing to do");
}

Test(policy_verb, suspended_it_does_nothing_and_resumed_it_acts_on_what_is)
{
	deploy(RESTARTED);
	keep_all();
	size_t listings = fake_target_calls(scene.target, FAKE_LIST);
	cr_assert_eq(policy("suspend", "db", "restarter", NULL, NULL), BERTH_OK);
	cr_expect(suspended("db", "restarter"));
	cr_expect_not(suspended("web", "restarter"));
	cr_expect_eq(fake_target_calls(scene.target, FAKE_LIST), listings, "it need not be let go for that");
	kill_it("app.db.1");
	kill_it("app.web.1");
	pass(10 * MINUTE);
	cr_expect_not(runs("app.db.1"));
	cr_expect(runs("app.web.1"));
	cr_assert_eq(policy("resume", "db", "restarter", NULL, NULL), BERTH_OK);
	pass(10 * SECOND);
	cr_expect(runs("app.db.1"));
}

Test(policy_verb, it_is_suspended_at_once_while_an_instance_is_made_again)
{
	deploy(RESTARTED);
	keep_all();
	fake_target_time(scene.target, FAKE_PLACE, 5 * MINUTE);
	cr_assert_eq(fake_target_vanish(scene.target, "app.db.1"), 0);
	pass(10 * SECOND);
	int64_t before = scene.world->ops->now(scene.world);
	cr_assert_eq(policy("suspend", "db", "restarter", NULL, NULL), BERTH_OK);
	cr_expect(suspended("db", "restarter"));
	cr_expect_lt(scene.world->ops->now(scene.world) - before, SECOND);
	pass(20 * MINUTE);
	cr_expect(runs("app.db.1"), "what was begun comes to its end");
	cr_expect(suspended("db", "restarter"));
	kill_it("app.db.1");
	pass(10 * MINUTE);
	cr_expect_not(runs("app.db.1"));
}

Test(policy_verb, suspended_it_stays_so_for_the_next_program_too)
{
	deploy(RESTARTED);
	keep_all();
	cr_assert_eq(policy("suspend", NULL, "restarter", NULL, NULL), BERTH_OK);
	let_go();
	scene_restart(&scene, true);
	keep_all();
	kill_it("app.db.1");
	pass(10 * MINUTE);
	cr_expect_not(runs("app.db.1"));
	cr_expect(suspended("db", "restarter"));
	cr_expect(suspended("web", "restarter"));
}

Test(policy_verb, without_a_keeper_it_is_remembered_for_the_next_one)
{
	deploy(RESTARTED);
	cr_assert_eq(policy("suspend", "db", "restarter", NULL, NULL), BERTH_OK);
	scene_restart(&scene, true);
	keep_all();
	kill_it("app.db.1");
	kill_it("app.web.1");
	pass(MINUTE);
	cr_expect_not(runs("app.db.1"));
	cr_expect(runs("app.web.1"));
}

Test(policy_verb, it_stays_suspended_when_the_application_is_deployed_again)
{
	deploy(RESTARTED);
	keep_all();
	cr_assert_eq(policy("suspend", "db", "restarter", NULL, NULL), BERTH_OK);
	deploy(WITH("{type: restarter, backoff: 3s}", "restarter"));
	pass(SECOND);
	kill_it("app.db.1");
	pass(MINUTE);
	cr_expect_not(runs("app.db.1"));
}

Test(policy_verb, what_it_is_set_to_counts_at_once_and_afterwards)
{
	owned_json before = NULL;
	owned_json after = NULL;
	deploy(RESTARTED);
	keep_all();
	cr_assert_eq(policy("set", "db", "restarter", "dryRun=true", &before), BERTH_OK);
	cr_expect_str_eq(config_of(before, "db", "restarter", "dryRun"), "true");
	kill_it("app.db.1");
	pass(MINUTE);
	cr_expect_not(runs("app.db.1"));
	let_go();
	scene_restart(&scene, true);
	after = listed();
	cr_expect_str_eq(config_of(after, "db", "restarter", "dryRun"), "true");
	keep_all();
	pass(MINUTE);
	cr_expect_not(runs("app.db.1"));
	cr_assert_eq(policy("set", "db", "restarter", "dryRun=false", NULL), BERTH_OK);
	pass(10 * MINUTE); /* its tries have growing pauses, dry ones too */
	cr_expect(runs("app.db.1"));
}

Test(policy_verb, a_deploy_that_gives_the_key_another_value_has_the_last_word)
{
	deploy(RESTARTED);
	cr_assert_eq(policy("set", NULL, "restarter", "backoff=9s", NULL), BERTH_OK);
	deploy(RESTARTED);
	owned_json same = listed();
	cr_expect_str_eq(config_of(same, "db", "restarter", "backoff"), "9s");
	deploy(WITH("{type: restarter, backoff: 3s}", "restarter"));
	owned_json changed = listed();
	cr_expect_str_eq(config_of(changed, "db", "restarter", "backoff"), "3s");
	cr_expect_str_eq(config_of(changed, "web", "restarter", "backoff"), "9s");
}

Test(policy_verb, what_is_refused_changes_nothing)
{
	static const struct {
		const char *action, *component, *name, *argument, *says;
		enum berth_outcome outcome;
	} cases[] = {
	    {"suspend", "db", "restrter", NULL, "`db` has no policy `restrter`", BERTH_USAGE},
	    {"suspend", "cache", "restarter", NULL, "no component `cache` with policies", BERTH_USAGE},
	    {"set", NULL, "restarter", "bckoff=1s", "no key `bckoff`", BERTH_USAGE},
	    {"set", NULL, "restarter", "backoff=long", "`backoff` is to be a duration", BERTH_USAGE},
	    {"set", NULL, "restarter", "failureSensorToMonitor=x", "is read once", BERTH_USAGE},
	    {"set", NULL, "restarter", "backoff", "is not KEY=VALUE", BERTH_USAGE},
	    {"set", NULL, "restarter", NULL, "was not said", BERTH_USAGE},
	    {"suspend", NULL, NULL, NULL, "no policy was named", BERTH_USAGE},
	    {"remove", NULL, "restarter", NULL, "listed, suspended, resumed or set", BERTH_USAGE},
	};
	deploy(RESTARTED);
	owned_json before = listed();
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		owned_json document = NULL;
		cr_expect_eq(
		    policy(cases[i].action, cases[i].component, cases[i].name, cases[i].argument, &document),
		    cases[i].outcome, "%s", cases[i].says);
		const char *text = json_text(json_object_get(document, "error"), "text");
		cr_expect(text && strstr(text, cases[i].says), "%s: %s", cases[i].says, text);
	}
	owned_json after = listed();
	cr_expect(json_equal(before, after));
}

Test(policy_verb, one_key_that_is_refused_keeps_the_others_from_being_set)
{
	const char *const arguments[] = {"backoff=9s", "maxTries=many", NULL};
	const struct berth_request request = {.size = sizeof request,
					      .app = "app",
					      .action = "set",
					      .name = "restarter",
					      .arguments = arguments};
	deploy(RESTARTED);
	keep_all();
	cr_expect_eq(scene_request(&scene, berth_policy, &request, NULL), BERTH_USAGE);
	owned_json document = listed();
	cr_expect_str_eq(config_of(document, "db", "restarter", "backoff"), "2s");
	cr_expect_null(config_of(document, "web", "restarter", "backoff"));
}

Test(policy_verb, nothing_is_known_of_what_was_never_deployed)
{
	owned_json document = NULL;
	cr_expect_eq(policy(NULL, NULL, NULL, NULL, &document), BERTH_FAILED);
	cr_expect(strstr(json_text(json_object_get(document, "error"), "text"), "nothing is known of `app`"));
}

#define PERIODIC "{type: periodic, effector: restart, period: "

Test(policy_verb, of_several_alike_one_is_named_by_its_number)
{
	owned_json document = NULL;
	deploy(WITH(PERIODIC "1h}, " PERIODIC "2h}", "org.apache.brooklyn.policy.ha.ServiceRestarter"));
	cr_expect_eq(policy("suspend", "db", "periodic", NULL, &document), BERTH_USAGE);
	cr_expect(
	    strstr(json_text(json_object_get(document, "error"), "remedy"), "periodic/1 to periodic/2"));
	cr_expect_eq(policy("suspend", "db", "periodic/2", NULL, NULL), BERTH_OK);
	cr_expect_not(suspended("db", "periodic/1"));
	cr_expect(suspended("db", "periodic/2"));
	cr_expect_eq(policy("suspend", NULL, "ServiceRestarter", NULL, NULL), BERTH_OK);
	cr_expect(suspended("web", "org.apache.brooklyn.policy.ha.ServiceRestarter"));
}

Test(policy_verb, tried_dry_it_is_only_shown)
{
	const struct berth_request request = {
	    .size = sizeof request, .app = "app", .action = "suspend", .name = "restarter", .dry_run = true};
	owned_json document = NULL;
	deploy(RESTARTED);
	cr_expect_eq(scene_request(&scene, berth_policy, &request, &document), BERTH_OK);
	cr_expect(json_flag(entry(document, "db", "restarter"), "suspended", false));
	cr_expect_not(suspended("db", "restarter"));
}

Test(policy_verb, what_was_changed_is_an_event)
{
	const struct berth_request request = {.size = sizeof request, .app = "app"};
	owned_json document = NULL;
	deploy(RESTARTED);
	cr_expect_eq(policy("suspend", "db", "restarter", NULL, NULL), BERTH_OK);
	cr_expect_eq(policy("set", "db", "restarter", "backoff=4s", NULL), BERTH_OK);
	cr_expect_eq(scene_request(&scene, berth_events, &request, &document), BERTH_OK);
	owned_memory char *line = json_line(document);
	cr_expect(strstr(line, "restarter suspended"), "%s", line);
	cr_expect(strstr(line, "restarter set: backoff=4s"), "%s", line);
}

/* --- what others tell of them --------------------------------------------------------------- */

static json_t *ask(verb_function *verb)
{
	const struct berth_request request = {.size = sizeof request, .app = "app"};
	json_t *document = NULL;
	cr_assert_eq(scene_request(&scene, verb, &request, &document), BERTH_OK);
	return document;
}

/* Borrowed. */
static const json_t *sensors_of(const json_t *status, const char *id)
{
	size_t i;
	json_t *component;
	json_array_foreach (json_object_get(status, "components"), i, component)
		if (!strcmp(json_text(component, "id"), id))
			return json_object_get(component, "sensors");
	return NULL;
}

Test(policy_verb, why_tells_of_those_that_have_something_to_do)
{
	deploy(RESTARTED);
	keep_all();
	cr_assert_eq(policy("suspend", "db", "restarter", NULL, NULL), BERTH_OK);
	kill_it("app.db.1");
	pass(SECOND);
	owned_json document = ask(berth_why);
	const json_t *told = entry(document, "db", "restarter");
	cr_assert_not_null(told);
	cr_expect_str_eq(json_text(told, "about"), "suspended");
	cr_expect_null(entry(document, "web", "restarter"), "it has nothing to do");
	cr_expect(json_is_true(json_object_get(document, "kept")));
	cr_expect(json_is_null(json_object_get(document, "under_way")), "who keeps it is no command");
}

Test(policy_verb, what_is_told_of_several_instances_is_told_of_each)
{
	deploy(
	    "id: app\nlocation: fake\nservices:\n"
	    "- {type: 'docker:redis:3', id: db, instances: 2, policies: [{type: restarter, backoff: 1m}]}\n");
	keep_all();
	for (int i = 0; i < 2; i++) {
		kill_it("app.db.1");
		kill_it("app.db.2");
		pass(SECOND);
	}
	owned_json document = ask(berth_policy);
	const json_t *restarter = entry(document, "db", "restarter");
	const json_t *each = json_object_get(restarter, "each");
	cr_assert_eq(json_array_size(each), 2);
	for (size_t i = 0; i < 2; i++) {
		const char *line = json_string_value(json_array_get(each, i));
		cr_expect(strstr(line, i ? "app.db.2" : "app.db.1"), "%s", line);
		cr_expect(strstr(json_text(restarter, "about"), line), "%s", json_text(restarter, "about"));
	}
}

Test(policy_verb, why_tells_what_one_waits_for)
{
	deploy(RESTARTED);
	keep_all();
	kill_it("app.db.1");
	pass(SECOND);
	kill_it("app.db.1");
	pass(10);
	owned_json document = ask(berth_why);
	const json_t *told = entry(document, "db", "restarter");
	cr_assert_not_null(told);
	cr_expect(strstr(json_text(told, "about"), "app.db.1"), "%s", json_text(told, "about"));
	let_go();
	owned_json alone = ask(berth_why);
	cr_expect(json_is_false(json_object_get(alone, "kept")));
}

Test(policy_verb, the_status_of_what_is_kept_has_its_sensors)
{
	deploy(RESTARTED);
	owned_json alone = ask(berth_status);
	cr_expect_eq(json_object_size(sensors_of(alone, "db")), 1, "nobody knows the others");
	keep_all();
	cr_assert_eq(policy("suspend", "db", "restarter", NULL, NULL), BERTH_OK);
	kill_it("app.db.1");
	pass(SECOND);
	owned_json kept = ask(berth_status);
	const json_t *ill = sensors_of(kept, "db"), *well = sensors_of(kept, "web");
	cr_expect_not(json_flag(ill, "service.isUp", true));
	cr_expect_str_eq(json_text(ill, "service.state"), "on-fire");
	cr_expect_str_eq(json_text(ill, "service.state.expected"), "running");
	cr_expect(json_flag(well, "service.isUp", false));
	cr_expect_str_eq(json_text(well, "service.state"), "running");
	cr_expect_eq(json_object_size(json_object_get(well, "service.problems")), 0);
}

/* As Brooklyn's users know it: what its restarter gave up is expected to be on fire, until it is restarted.
 */
Test(policy_verb, what_was_given_up_is_expected_to_be_on_fire_until_somebody_restarts_it)
{
	const char *const components[] = {"db", NULL};
	const struct berth_request request = {.size = sizeof request, .app = "app", .components = components};
	deploy(WITH("org.apache.brooklyn.policy.ha.ServiceRestarter", "restarter"));
	keep_all();
	for (int i = 0; i < 2; i++) {
		kill_it("app.db.1");
		pass(10 * SECOND);
	}
	cr_assert_eq(fake_target_vanish(scene.target, "app.web.1"), 0);
	pass(MINUTE); /* it is let go meanwhile */
	owned_json status = ask(berth_status);
	cr_expect_str_eq(json_text(sensors_of(status, "db"), "service.state"), "on-fire");
	cr_expect_str_eq(json_text(sensors_of(status, "db"), "service.state.expected"), "on-fire");
	cr_assert_eq(scene_request(&scene, berth_restart, &request, NULL), BERTH_OK);
	pass(SECOND);
	owned_json again = ask(berth_status);
	cr_expect_str_eq(json_text(sensors_of(again, "db"), "service.state"), "running");
	cr_expect_str_eq(json_text(sensors_of(again, "db"), "service.state.expected"), "running");
}

Test(policy_verb, what_was_stopped_is_expected_to_be)
{
	const char *const components[] = {"db", NULL};
	const struct berth_request request = {.size = sizeof request, .app = "app", .components = components};
	deploy(RESTARTED);
	keep_all();
	cr_assert_eq(scene_request(&scene, berth_stop, &request, NULL), BERTH_OK);
	pass(SECOND);
	owned_json status = ask(berth_status);
	cr_expect_str_eq(json_text(sensors_of(status, "db"), "service.state"), "stopped");
	cr_expect_str_eq(json_text(sensors_of(status, "db"), "service.state.expected"), "stopped");
}

Test(policy_verb, what_is_up_and_does_not_answer_has_a_problem)
{
	deploy("id: app\nlocation: fake\nservices:\n"
	       "- {type: 'docker:a:1', id: web, openPorts: 80, healthCheck: {tcp: {port: 80}, interval: 2s, "
	       "retries: 2}, policies: [restarter]}\n");
	keep_all();
	cr_assert_eq(policy("suspend", "web", "restarter", NULL, NULL), BERTH_OK);
	struct fake_behaviour deaf = {.component = "app.web", .answers_after_ms = -1};
	fake_target_behave(scene.target, &deaf);
	pass(30 * SECOND);
	owned_json status = ask(berth_status);
	const json_t *ill = sensors_of(status, "web");
	cr_expect_not(json_flag(ill, "service.isUp", true));
	const char *problem = json_text(json_object_get(ill, "service.problems"), "app.web.1");
	cr_expect(problem && *problem);
}
