/* test_simulate_verb.c - scenarios are played on a simulated fleet: what holds, what is broken and when, and
 * what is wrong with a scenario's text. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/engine/simulating.h"

TestSuite(simulate_verb, .init = stage_open, .fini = stage_close);

/* Of that text, in that line. */
static void is_wrong(const char *scenario, int line, const char *summary, const char *detail)
{
	enum berth_outcome outcome;
	owned_json document = play(SHOP, scenario, &outcome);
	const json_t *first = json_array_get(json_object_get(document, "diagnostics"), 0);
	cr_expect_eq(outcome, BERTH_INVALID, "%s", scenario);
	const char *said = json_text(first, "summary"), *advice = json_text(first, "detail");
	cr_expect(said && strstr(said, summary), "`%s`, not `%s`", said, summary);
	cr_expect(!detail || (advice && strstr(advice, detail)), "`%s`, not `%s`", advice, detail);
	cr_expect_eq(json_integer_value(json_at(first, "range.start.line")), line, "%s", scenario);
	cr_expect_str_eq(json_text(json_object_get(first, "range"), "filename"), "/b/scenario.yaml");
}

/* --- what holds, and what does not -------------------------------------------------------------------- */

Test(simulate_verb, a_deploy_makes_what_the_blueprint_says)
{
	holds("steps: [deploy]\n"
	      "assert:\n- finally: {state: running, unchanged: true, count: {web: 2, store: 1}}\n");
	breaks("steps: [deploy]\nassert:\n- finally: {count: {web: 3}}\n", "finally", "2 of web answer");
	breaks("steps: [deploy]\nassert:\n- finally: {state: absent}\n", "finally", "it is running");
	breaks("steps: [deploy, {edit: {web.instances: 3}}]\nassert:\n- finally: {unchanged: true}\n",
	       "changes nothing", "a next deploy changes something");
	breaks("steps: [deploy]\nassert:\n- finally: {unchanged: false}\n", "changes something",
	       "a next deploy changes nothing");
}

Test(simulate_verb, destroy_leaves_nothing)
{
	holds("steps: [deploy, destroy]\nassert:\n- finally: {nothing: true}\n");
	breaks("steps: [deploy]\nassert:\n- finally: {nothing: true}\n", "nothing is left", "shop");
}

Test(simulate_verb, data_stays_unless_it_is_to_go_too)
{
	static const char blueprint[] = "id: keep\nlocation: cloud\nservices:\n"
					"- {type: 'docker:a', id: a, volumes: ['data:/data']}\n";
	enum berth_outcome outcome;
	owned_json kept =
	    play(blueprint, "steps: [deploy, destroy]\nassert:\n- finally: {nothing: true}\n", &outcome);
	cr_expect_eq(outcome, BERTH_FAILED);
	cr_expect(strstr(json_text(assertion(kept, "nothing is left"), "why"), "volume"));
	owned_json gone = play(
	    blueprint, "steps: [deploy, {destroy: , volumes: true}]\nassert:\n- finally: {nothing: true}\n",
	    &outcome);
	cr_expect_eq(outcome, BERTH_OK);
	cr_expect(told_in(gone, "berth destroy"));
}

Test(simulate_verb, a_process_that_still_runs_is_something_that_is_left)
{
	static const char blueprint[] =
	    "id: here\nlocation: localhost\nservices:\n- {type: process, id: a, command: serve}\n";
	enum berth_outcome outcome;
	owned_json left = play(blueprint, "steps: [deploy]\nassert:\n- finally: {nothing: true}\n", &outcome);
	cr_expect_eq(outcome, BERTH_FAILED);
	cr_expect(strstr(json_text(assertion(left, "nothing is left"), "why"), "the process here.a.1"));
	owned_json gone =
	    play(blueprint, "steps: [deploy, destroy]\nassert:\n- finally: {nothing: true}\n", &outcome);
	cr_expect_eq(outcome, BERTH_OK, "%s", told_in(gone, "berth destroy") ? "" : "not told");
}

Test(simulate_verb, never_counts_from_the_first_time_on)
{
	holds("behaviour:\n  web: {answersAfter: 2s}\nsteps: [deploy, {wait: 1m}]\n"
	      "assert:\n- never: fewer than 2 web\n- never: more than 2 web\n");
	breaks("steps: [deploy, {kill: web.1}]\nassert:\n- never: fewer than 2 web\n", "never fewer",
	       "1 answers of web");
	breaks("steps: [deploy, {scale: {web: 3}}]\nassert:\n- never: more than 2 web\n", "never more",
	       "3 answer of web");
}

Test(simulate_verb, taking_away_on_purpose_breaks_nothing)
{
	holds("steps: [deploy, stop, start, {scale: {web: 1}}, destroy]\n"
	      "assert:\n- never: fewer than 2 web\n- recovers: {within: 1s}\n- outage: {web: 1s}\n");
}

Test(simulate_verb, what_dies_recovers_in_time_or_does_not)
{
	holds("behaviour:\n  web: {answersAfter: 2s}\nsteps: [deploy, {kill: web.2, exitCode: 1}]\n"
	      "assert:\n- recovers: {within: 5s}\n- outage: {web: 0s, store: 0s}\n");
	breaks("behaviour:\n  web: {answersAfter: 6s}\nsteps: [deploy, {kill: web.2}]\n"
	       "assert:\n- recovers: {within: 5s, component: web}\n",
	       "web recovers", "1 of 2 web answer");
	breaks("behaviour:\n  store: {answersAfter: 3s}\nsteps: [deploy, {kill: store}, {wait: 5s}]\n"
	       "assert:\n- outage: {store: 2s}\n",
	       "store is never away", "none of it answers");
}

#define KEPT(policy)                                                                                         \
	"id: shop\nlocation: cloud\nservices:\n"                                                             \
	"- {type: 'docker:web:1', id: web, instances: 2, openPorts: 80, restart: no, policies: [" policy     \
	"]}\n"

static void kept(const char *policy, const char *scenario, enum berth_outcome wanted)
{
	enum berth_outcome outcome;
	json_t *document = play(policy, scenario, &outcome);
	if (outcome != wanted)
		tell_story(document);
	cr_expect_eq(outcome, wanted, "%s", scenario);
	json_decref(document);
}

Test(simulate_verb, policies_are_kept_as_a_controller_would)
{
	static const char dies[] =
	    "steps: [deploy, {kill: web.1}, {wait: 20s}]\nassert:\n- recovers: {within: 10s}\n"
	    "- finally: {state: running, unchanged: true}\n";
	static const char twice[] =
	    "steps: [deploy, {kill: web.1}, {wait: 20s}, {kill: web.1}, {wait: 20s}]\n"
	    "assert:\n- recovers: {within: 10s}\n";
	kept(KEPT(""), dies, BERTH_FAILED);
	kept(KEPT("restarter"), dies, BERTH_OK);
	kept(KEPT("restarter"), twice, BERTH_OK);
	kept(KEPT("org.apache.brooklyn.policy.ha.ServiceRestarter"), twice, BERTH_FAILED);
	kept(KEPT("restarter"), "steps: [deploy, {remove: web.2}]\nassert:\n- recovers: {within: 10s}\n",
	     BERTH_OK);
	kept(KEPT("restarter"),
	     "steps: [deploy, {stop: web}, {wait: 2m}]\nassert:\n- finally: {count: {web: 0}}\n", BERTH_OK);
}

Test(simulate_verb, a_controller_that_dies_is_started_again)
{
	kept(KEPT("restarter"),
	     "steps: [deploy, {kill: berth}, {kill: web.1}]\nassert:\n- recovers: {within: 10s}\n", BERTH_OK);
	kept(KEPT("restarter"),
	     "steps:\n- deploy:\n  meanwhile: [{after: 1s, kill: berth}]\n- deploy\n- kill: web.2\n"
	     "assert:\n- recovers: {within: 30s}\n- finally: {unchanged: true}\n",
	     BERTH_OK);
	kept(KEPT("restarter"),
	     "steps: [deploy, {kill: berth, atCall: 3}, {kill: web.1}, {wait: 10s}, destroy]\n"
	     "assert:\n- finally: {nothing: true}\n",
	     BERTH_OK);
}

Test(simulate_verb, what_was_removed_comes_back_with_the_next_deploy)
{
	breaks("steps: [deploy, {remove: web.1}]\nassert:\n- recovers: {within: 10s}\n", "recovers",
	       "a container was removed");
	holds("steps: [deploy, {remove: web.1}, deploy]\n"
	      "assert:\n- recovers: {within: 10s}\n- finally: {unchanged: true}\n");
}

Test(simulate_verb, what_is_cut_off_its_network_is_put_back_whenever_that_happens)
{
	holds("steps: [deploy, {cutOff: web.1}, {wait: 1s}, {plan: {updates: web}}, deploy]\n"
	      "assert:\n- finally: {state: running, unchanged: true}\n");
	for (int ms = 10; ms < 200; ms += 10) {
		owned_memory char *scenario = NULL;
		cr_assert_gt(
		    asprintf(
			&scenario,
			"fleet:\n  cloud: {docker: {latency: 10ms}}\nsteps:\n- deploy\n"
			"- deploy:\n  by: bob\n  adopt: true\n  meanwhile: [{after: %dms, cutOff: web.1}]\n"
			"- {deploy: , by: bob}\nassert:\n- finally: {state: running}\n",
			ms),
		    0);
		holds(scenario);
	}
}

/* It was listed on its network, and is only waited for. */
Test(simulate_verb, what_is_cut_off_while_it_is_waited_for_is_put_back_by_that_deploy)
{
	holds("behaviour:\n  web: {answersAfter: 20s}\n"
	      "steps:\n- deploy:\n  meanwhile: [{after: 5s, kill: berth}]\n"
	      "- {deploy: , timeout: 1m, meanwhile: [{after: 2s, cutOff: web.1}]}\n"
	      "assert:\n- finally: {state: running, unchanged: true}\n");
}

Test(simulate_verb, a_program_that_ends_a_few_times_is_started_again)
{
	holds(
	    "behaviour:\n  web: {exits: 2, exitCode: 3, livesFor: 2s, log: hello}\n"
	    "steps: [{deploy: , outcome: any}, {wait: 1m}, deploy]\nassert:\n- finally: {state: running}\n");
	breaks("behaviour:\n  web: {exits: always, exitCode: 3, answersAfter: 1s}\nsteps: [{deploy: , "
	       "timeout: 1m}]\n",
	       "deploy", "it ended with");
	breaks("behaviour:\n  web: {broken: 'exec: no such file'}\nsteps: [deploy]\n", "deploy",
	       "no such file");
}

/* --- steps -------------------------------------------------------------------------------------------- */

Test(simulate_verb, a_step_ends_well_unless_the_scenario_says_otherwise)
{
	static const char bad[] = "behaviour:\n  web: {answersAfter: never}\n";
	owned_memory char *asks = NULL, *silent = NULL;
	cr_assert_gt(asprintf(&silent, "%ssteps: [{deploy: , timeout: 30s}]\n", bad), 0);
	cr_assert_gt(asprintf(&asks, "%ssteps: [{deploy: , timeout: 30s, outcome: timedOut}]\n", bad), 0);
	breaks(silent, "deploy", "it ended with `timedOut`");
	holds(asks);
	breaks("steps: [deploy, {edit: {web.instanses: 3}}, deploy]\n", "deploy",
	       "it ended with `invalid`: --set: unknown key `instanses`");
	breaks("steps: [{deploy: , outcome: failed}]\n", "ends with `failed`", "it ended with `ok`");
}

Test(simulate_verb, an_update_that_does_not_get_ready_costs_nobody_anything)
{
	holds("behaviour:\n  web:\n    withImage: {'web:2': {answersAfter: never}}\n"
	      "steps:\n- deploy\n- edit: {web.type: 'docker:web:2'}\n"
	      "- {deploy: , timeout: 1m, outcome: timedOut}\n"
	      "assert:\n- never: fewer than 2 web\n");
}

Test(simulate_verb, a_plan_says_what_it_would_do)
{
	holds("steps: [deploy, {plan: {unchanged: true}}, {edit: {web.env: '{A: b}'}},"
	      " {plan: {replaces: web, creates: [], unchanged: false}}]\n");
	breaks("steps: [deploy, {edit: {web.env: '{A: b}'}}, {plan: {replaces: [web, store]}}]\n", "plan",
	       "it does not replace store");
	breaks("steps: [deploy, {edit: {web.env: '{A: b}'}}, {plan: {replaces: store}}]\n", "plan",
	       "it does not replace store, it would leave store as it is");
	breaks("steps: [deploy, {remove: web.1}, {wait: 1s}, {plan: {starts: web}}]\n", "plan",
	       "it does not start web, it would create web");
	breaks("steps: [deploy, {edit: {web.env: '{A: b}'}}, {plan: {replaces: []}}]\n", "plan",
	       "it would replace web, too");
	breaks("steps: [deploy, {plan: {unchanged: false}}]\n", "plan", "it changes nothing");
	breaks("steps: [{plan: {unchanged: true, starts: web}}]\n", "plan", "it changes something");
	tells("steps: [deploy, {remove: web.1}, {wait: 1s}, plan]\n", "plan: create shop.web.1");
}

Test(simulate_verb, plans_tell_every_kind_of_change)
{
	holds("steps: [deploy, {edit: {web.memory: 64m}}, {plan: {updates: web, restarts: [], relinks: []}},"
	      " {edit: {web.instances: 1}}, {plan: {removes: web}}, {stop: [web, store]},"
	      " {plan: {starts: [web, store], stops: []}}]\n");
}

Test(simulate_verb, commands_go_one_after_the_other)
{
	holds("steps: [deploy, {stop: web}, {start: web}, {restart: [web, store]}, {scale: {web: 3}},"
	      " {after: 10s, wait: 1s}]\nassert:\n- finally: {count: {web: 3}}\n");
	tells("steps: [deploy, {stop: web}]\n", "berth stop web");
}

Test(simulate_verb, another_blueprint_lies_beside_the_scenario)
{
	const char *directory = virtual_world_directory(stage.world);
	owned_memory char *other = NULL, *scenario = NULL;
	struct error err = {0};
	enum berth_outcome outcome;
	cr_assert_gt(asprintf(&other, "%s/other.yaml", directory), 0);
	cr_assert_gt(asprintf(&scenario, "%s/scenario.yaml", directory), 0);
	static const char text[] = SHOP "- {type: 'docker:mail:1', id: mail}\n";
	cr_assert_eq(stage.world->ops->file_write(stage.world, other, 0644, text, strlen(text), &err), 0);
	struct berth_request request = {.size = sizeof request,
					.blueprint = SHOP,
					.file = "/b/shop.yaml",
					.scenario_file = scenario,
					.scenario =
					    "steps: [deploy, {deploy: other.yaml}]\n"
					    "assert:\n- finally: {count: {mail: 1}, unchanged: true}\n"};
	owned_json document = NULL;
	outcome = scene_request(&stage, berth_simulate, &request, &document);
	if (outcome)
		tell_story(document);
	cr_expect_eq(outcome, BERTH_OK);
	request.scenario = "steps: [deploy, {deploy: nothing.yaml}]\n";
	cr_expect_eq(scene_request(&stage, berth_simulate, &request, NULL), BERTH_INVALID);
}

Test(simulate_verb, two_who_deploy_do_not_undo_each_other)
{
	holds("steps:\n- deploy:\n  meanwhile:\n  - {after: 500ms, deploy: , by: bob, outcome: locked}\n"
	      "- {deploy: , by: bob, outcome: locked, says: you}\n- {deploy: , by: bob, adopt: true}\n"
	      "assert:\n- finally: {count: {web: 2}}\n");
}

Test(simulate_verb, a_step_may_not_take_longer_than_the_limit)
{
	breaks("limit: 10s\nbehaviour:\n  web: {answersAfter: 1m}\nsteps: [{deploy: , outcome: any}]\n",
	       "deploy", "longer than the scenario's limit");
}

/* --- what goes wrong ---------------------------------------------------------------------------------- */

Test(simulate_verb, an_engine_that_is_away_for_a_while)
{
	holds("behaviour:\n  store: {answersAfter: 2s}\n"
	      "fleet:\n  cloud: {docker: {images: {'redis:3': {present: true}, 'web:1': {present: true}}}}\n"
	      "steps:\n- deploy:\n  outcome: any\n  meanwhile:\n"
	      "  - {after: 2s, fault: {at: cloud, unreachable: 20s}}\n- deploy\n"
	      "assert:\n- recovers: {within: 30s}\n- finally: {state: running, unchanged: true}\n");
}

Test(simulate_verb, faults_on_the_wire_cost_time_and_nothing_else)
{
	static const char *const faults[] = {
	    "calls: create, answerLost: true, times: 2",
	    "calls: [start, create], delay: 2s, times: 3",
	    "calls: create, cut: 10, times: 1",
	    "calls: networkCreate, answerLost: true, times: 1",
	    "calls: start, component: web.2, answerLost: true, times: 1, skip: 0",
	    "calls: start, lost: true, times: 1",
	    "calls: list, status: 503, times: 1, skip: 1",
	    "calls: list, garbage: true, times: 1",
	    "calls: inspect, truncated: 20, times: 1",
	    "twice: true, for: 5s",
	    "refused: true, for: 3s",
	};
	for (size_t i = 0; i < COUNT_OF(faults); i++) {
		owned_memory char *scenario = NULL;
		cr_assert_gt(
		    asprintf(&scenario,
			     "steps:\n- fault: {at: cloud, %s}\n- {deploy: , outcome: any}\n"
			     "- {deploy: , outcome: any, after: 10s}\n- deploy\n"
			     "assert:\n- finally: {state: running, unchanged: true, count: {web: 2}}\n",
			     faults[i]),
		    0);
		cr_log_info("%s", faults[i]);
		holds(scenario);
	}
}

Test(simulate_verb, a_fault_is_told_with_the_call_that_it_hits)
{
	tells("steps: [{fault: {calls: create, component: web.2, status: 500, times: 1}},"
	      " {deploy: , outcome: any}]\n",
	      "fault: POST /containers/create?name=shop.web.2: answered with 500");
}

/* Its code is gone with its next start: nobody is told of a code -1. */
Test(simulate_verb, an_end_that_nobody_saw_has_no_code)
{
	static const char scenario[] = "fleet:\n  cloud: {docker: {latency: 50ms, slow: {start: 3s}}}\n"
				       "behaviour:\n  store: {exits: 1, exitCode: 3}\nsteps:\n"
				       "- fault: {calls: start, answerLost: true, times: 1}\n- deploy\n";
	enum berth_outcome outcome;
	owned_json document = play(SHOP, scenario, &outcome);
	cr_expect_eq(outcome, BERTH_OK);
	if (!told_in(document, "ended; the target starts it again"))
		tell_story(document);
	cr_expect_not(told_in(document, "code -1"));
	cr_expect(told_in(document, "ended; the target starts it again"));
}

Test(simulate_verb, an_engine_goes_down_and_is_back)
{
	holds("steps: [deploy, {fault: {at: cloud, engineDown: 10s}}]\n"
	      "assert:\n- recovers: {within: 20s}\n- finally: {state: running}\n");
	holds("steps: [deploy, {reboot: cloud}]\nassert:\n- recovers: {within: 1m}\n");
	breaks("steps: [deploy, {fault: {at: cloud, engineDown: 10s}}]\nassert:\n- outage: {web: 5s}\n",
	       "web is never away", "none of it answers");
}

#define BOUND                                                                                                \
	"id: shop\nlocation: cloud\nservices:\n- {type: 'docker:web:1', id: web, portBindings: {80: "        \
	"9090}}\n"

/* It holds a port of its host, and the new one never answers: killed at any call around its stop, the next
 * deploy goes on from there, and brings it back. */
Test(simulate_verb, berth_is_killed_while_the_older_one_makes_room)
{
	for (int call = 30; call < 50; call++) {
		enum berth_outcome outcome;
		owned_memory char *scenario = NULL;
		cr_assert_gt(asprintf(&scenario,
				      "behaviour:\n  web:\n    withImage: {'web:2': {answersAfter: never}}\n"
				      "steps:\n- deploy\n- edit: {web.type: 'docker:web:2'}\n"
				      "- deploy:\n  outcome: any\n  meanwhile: [{kill: berth, atCall: %d}]\n"
				      "- {deploy: , outcome: failed}\n",
				      call),
			     0);
		owned_json document = play(BOUND, scenario, &outcome);
		bool back = told_in(document, "all that is wanted is there again");
		if (outcome != BERTH_OK || !back)
			tell_story(document);
		cr_expect(outcome == BERTH_OK && back, "killed at call %d", call);
	}
}

/* Of the older one only what was looked at before the plan tells, when nothing is listed any more at the end.
 */
Test(simulate_verb, an_engine_that_goes_down_while_a_killed_update_goes_on_is_told_with_what_was_known)
{
	for (int call = 34; call < 40; call++) {
		enum berth_outcome outcome;
		owned_memory char *scenario = NULL;
		cr_assert_gt(asprintf(&scenario,
				      "behaviour:\n  web:\n    withImage: {'web:2': {answersAfter: never}}\n"
				      "steps:\n- deploy\n- edit: {web.type: 'docker:web:2'}\n"
				      "- deploy:\n  outcome: any\n  meanwhile: [{kill: berth, atCall: %d}]\n"
				      "- deploy:\n  outcome: unreachable\n"
				      "  meanwhile: [{after: 10s, fault: {at: cloud, engineDown: 1h}}]\n",
				      call),
			     0);
		owned_json document = play(BOUND, scenario, &outcome);
		if (outcome != BERTH_OK)
			tell_story(document);
		cr_expect_eq(outcome, BERTH_OK, "killed at call %d", call);
	}
}

Test(simulate_verb, berth_is_killed_and_deploys_again)
{
	holds("steps:\n- deploy:\n  meanwhile: [{after: 1s, kill: berth}]\n- deploy\n"
	      "assert:\n- recovers: {within: 30s}\n- finally: {state: running, unchanged: true}\n");
	for (int call = 5; call < 130; call += 20) {
		owned_memory char *scenario = NULL;
		cr_assert_gt(
		    asprintf(&scenario,
			     "steps:\n- deploy:\n  meanwhile: [{kill: berth, atCall: %d}]\n- deploy\n"
			     "assert:\n- finally: {state: running, unchanged: true}\n",
			     call),
		    0);
		holds(scenario);
	}
}

Test(simulate_verb, what_meets_nothing_breaks_the_scenario)
{
	breaks("steps:\n- deploy:\n  meanwhile: [{kill: berth, atCall: 100000}]\n",
	       "kill berth at call 100000", "it was not killed");
	breaks("steps: [deploy, {kill: berth}]\n", "kill berth", "no berth runs that could be killed");
	breaks("steps: [{kill: web}, deploy]\n", "kill web", "nothing of `web` runs");
	breaks("steps: [deploy, {kill: web.9}]\n", "kill web.9", "nothing of `web.9` runs");
	breaks("steps: [{remove: web.2}, deploy]\n", "remove web.2", "nothing of `web.2` is there");
	breaks("steps: [{cutOff: web.2}, deploy]\n", "cutOff web.2", "nothing of `web.2` is there");
	breaks("steps: [deploy, {fault: {calls: execStart, status: 500}}, deploy]\n", "answered with 500",
	       "no call met it");
	breaks("steps: [{fault: {calls: create, lost: true, skip: 50}}, deploy]\n", "never arrives",
	       "no call met it");
}

Test(simulate_verb, a_scenario_may_let_its_misfortunes_meet_nothing)
{
	holds(
	    "steps:\n- deploy:\n  meanwhile: [{kill: berth, atCall: 100000, outcome: any}]\n"
	    "- {kill: berth, outcome: any}\n- {kill: web.9, outcome: any}\n- {remove: web.9, outcome: any}\n"
	    "- {fault: {calls: execStart, status: 500}, outcome: any}\n- deploy\n");
}

Test(simulate_verb, an_assertion_about_what_never_was_does_not_hold)
{
	breaks("steps: [deploy]\nassert:\n- never: fewer than 3 web\n", "never fewer than 3 web",
	       "there never were 3 web that answer");
	breaks("behaviour:\n  web: {answersAfter: never}\nsteps: [{deploy: , timeout: 10s, outcome: any}]\n"
	       "assert:\n- outage: {web: 1m}\n",
	       "web is never away", "no web ever answered");
	holds("steps: [deploy]\nassert:\n- never: fewer than 0 web\n- never: more than 2 web\n");
}

Test(simulate_verb, an_image_that_no_component_has_is_a_mistake)
{
	breaks("fleet:\n  cloud: {docker: {images: {'reddis:3': {missing: true}}}}\nsteps: [deploy]\n",
	       "images `reddis:3`", "no component ever had this image");
	breaks("behaviour:\n  web: {withImage: {'web:2': {answersAfter: never}}}\nsteps: [deploy]\n",
	       "withImage `web:2`", "no component ever had this image");
	is_wrong("fleet:\n  cloud: {docker: {images: {'Redis:3': {missing: true}}}}\nsteps: [deploy]\n", 2,
		 "Redis", NULL);
}

Test(simulate_verb, an_image_is_called_as_in_the_blueprint)
{
	static const char blueprint[] =
	    "id: i\nlocation: cloud\nservices:\n- {type: 'docker:busybox', id: a}\n";
	static const char *const names[] = {"busybox", "busybox:latest", "docker.io/library/busybox"};
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		owned_memory char *scenario = NULL;
		enum berth_outcome outcome;
		cr_assert_gt(asprintf(&scenario,
				      "fleet:\n  cloud: {docker: {images: {'%s': {missing: true}}}}\n"
				      "steps: [{deploy: , outcome: failed}]\n",
				      names[i]),
			     0);
		json_decref(play(blueprint, scenario, &outcome));
		cr_expect_eq(outcome, BERTH_OK, "%s", names[i]);
	}
}

Test(simulate_verb, a_job_comes_to_its_end_by_itself)
{
	static const char blueprint[] =
	    "id: jobs\nlocation: cloud\nservices:\n"
	    "- {type: 'docker:m', id: migrate, job: true}\n"
	    "- {type: process, id: fetch, location: localhost, command: [/bin/x], job: true}\n"
	    "- {type: 'docker:web:1', id: web, openPorts: 80,"
	    " dependsOn: {migrate: finished, fetch: finished}}\n";
	enum berth_outcome outcome;
	owned_json well = play(
	    blueprint, "steps: [deploy]\nassert:\n- finally: {state: running, unchanged: true}\n", &outcome);
	if (outcome)
		tell_story(well);
	cr_expect_eq(outcome, BERTH_OK);
	owned_json badly =
	    play(blueprint, "behaviour:\n  migrate: {exitCode: 3}\nsteps: [{deploy: , outcome: failed}]\n",
		 &outcome);
	cr_expect_eq(outcome, BERTH_OK);
	cr_expect(told_in(badly, "ended with code 3"));
	json_decref(
	    play(blueprint,
		 "behaviour:\n  migrate: {exits: 0}\nsteps: [{deploy: , timeout: 1m, outcome: timedOut}]\n",
		 &outcome));
	cr_expect_eq(outcome, BERTH_OK);
}

Test(simulate_verb, who_is_cut_off_does_not_answer)
{
	breaks("steps: [deploy, {cutOff: web.1}, {wait: 5s}, deploy]\nassert:\n- never: fewer than 2 web\n",
	       "never fewer", "1 answers of web");
	breaks("steps: [deploy, {cutOff: web.1}, {wait: 5s}, deploy]\nassert:\n- recovers: {within: 4s}\n",
	       "recovers", "1 of 2 web answer");
}

/* It is off its network for some milliseconds, and what is sent meanwhile arrives afterwards. */
Test(simulate_verb, who_is_given_its_shared_name_goes_on_answering)
{
	for (int ms = 0; ms < 3000; ms += 500) {
		owned_memory char *scenario = NULL;
		cr_assert_gt(
		    asprintf(&scenario,
			     "behaviour:\n  web: {answersAfter: %dms}\nsteps: [deploy, {scale: {web: 4}}]\n"
			     "assert:\n- never: fewer than 2 web\n",
			     ms),
		    0);
		holds(scenario);
	}
}

Test(simulate_verb, every_component_that_is_lost_is_told)
{
	enum berth_outcome outcome;
	owned_json document =
	    play(SHOP, "steps: [deploy, {fault: {at: cloud, engineDown: 10s}}]\n", &outcome);
	cr_expect_eq(outcome, BERTH_OK);
	cr_expect(told_in(document, "0 of 1 answer"));
	cr_expect(told_in(document, "0 of 2 answer"));
}

Test(simulate_verb, whoever_asked_for_it_can_interrupt_it)
{
	struct berth_request request = {
	    .size = sizeof request, .blueprint = SHOP, .scenario = "steps: [deploy]\n"};
	struct berth_error error;
	struct berth_operation *operation = berth_simulate(stage.berth, &request, NULL, &error);
	cr_assert_not_null(operation);
	berth_cancel(operation);
	virtual_world_run(stage.world, NULL, NULL, 1000);
	cr_expect(berth_done(operation));
	cr_expect_eq(berth_outcome(operation), BERTH_INTERRUPTED);
	berth_operation_free(operation);
	operation = berth_simulate(stage.berth, &request, NULL, &error);
	berth_operation_free(operation);
}

Test(simulate_verb, the_disk_is_full_for_a_while)
{
	holds("steps: [{fault: {diskFull: true, for: 1m}}, {deploy: , outcome: failed}, {wait: 2m}, deploy]\n"
	      "assert:\n- finally: {state: running}\n");
}

Test(simulate_verb, the_clock_jumps)
{
	holds("steps: [deploy, {jump: 1h}, deploy, {jump: -2h}, deploy]\n"
	      "assert:\n- finally: {state: running, unchanged: true}\n");
}

/* --- one seed, one story ------------------------------------------------------------------------------ */

Test(simulate_verb, the_same_seed_tells_the_same_story)
{
	static const char scenario[] =
	    "seed: 5\nsteps:\n- fault: {calls: create, answerLost: true, times: 2}\n"
	    "- {deploy: , outcome: any}\n- {kill: web.1}\n- deploy\n";
	enum berth_outcome outcome;
	owned_json one = play(SHOP, scenario, &outcome);
	owned_json two = play(SHOP, scenario, &outcome);
	owned_json three = play_seeded(SHOP, scenario, 5, &outcome);
	owned_json four = play_seeded(SHOP, scenario, 6, &outcome);
	owned_memory char *first = json_line(one), *second = json_line(two), *third = json_line(three);
	cr_expect_str_eq(first, second);
	cr_expect_str_eq(first, third);
	cr_expect_eq(json_number(one, "seed", 0), 5);
	cr_expect_eq(json_number(four, "seed", 0), 6);
}

Test(simulate_verb, nothing_real_is_touched)
{
	owned_text state = {0};
	text_format(&state, "%s/state", virtual_world_directory(stage.world));
	holds("steps: [deploy, {stop: web}]\n");
	cr_expect_not(stage.world->ops->file_exists(stage.world, text_view(&state)));
}

/* --- what is wrong with a text ------------------------------------------------------------------------ */

Test(simulate_verb, every_complaint_has_its_place_and_its_remedy)
{
	is_wrong("stepz: [deploy]\n", 1, "a scenario has no key `stepz`", "did you mean `steps`?");
	is_wrong("seed: 1\n", 1, "nothing happens", "- deploy");
	is_wrong("steps:\n- deploy\n- deplyo\n", 3, "a step has no key `deplyo`", "did you mean `deploy`?");
	is_wrong("steps:\n- {deploy: , stop: web}\n", 2, "a step does one thing", "another step");
	is_wrong("steps:\n- after: 5s\n", 2, "this step does nothing", NULL);
	is_wrong("steps:\n- {wait: 5s, by: bob}\n", 2, "`by` means nothing to `wait`", NULL);
	is_wrong("steps:\n- {wait: soon}\n", 2, "`wait` takes a duration", NULL);
	is_wrong("limit: 0s\nsteps: [deploy]\n", 1, "`limit` takes a duration longer than 0s", NULL);
	is_wrong("steps:\n- fault: {at: cloud}\n", 2, "this fault does nothing", "unreachable");
	is_wrong("steps:\n- fault: {lost: true, status: 500}\n", 2, "one fault does two things",
		 "a step for each");
	is_wrong("steps:\n- fault: {status: 200}\n", 2, "`status` takes a number from 400 to 599", NULL);
	is_wrong("steps:\n- fault: {calls: creat, lost: true}\n", 2, "`calls` cannot be `creat`",
		 "did you mean `create`?");
	is_wrong("steps:\n- fault: {at: clout, lost: true}\n", 2,
		 "nothing of the blueprint goes to a location", "did you mean `cloud`?");
	is_wrong("steps: [deploy]\nassert:\n- never: less than 2 web\n", 3, "cannot be asserted",
		 "fewer than 2 web");
	is_wrong("steps: [deploy]\nassert:\n- never: fewer than 2 wep\n", 3, "no component `wep`",
		 "did you mean `web`?");
	is_wrong("steps: [deploy]\nassert:\n- {never: fewer than 1 web, outage: {web: 1s}}\n", 3,
		 "an assertion is one", NULL);
	is_wrong("steps: [deploy]\nbehaviour:\n  wbe: {exits: 1}\n", 3, "no component `wbe`",
		 "did you mean `web`?");
	is_wrong("steps: [deploy]\nbehaviour:\n  web: {exits: often}\n", 3, "or `always`", NULL);
	is_wrong("steps: [deploy]\nbehaviour:\n  web: {answersAfter: ever}\n", 3, "or `never`", NULL);
	is_wrong("steps:\n- {deploy: , outcome: fine}\n", 2, "`outcome` cannot be `fine`", NULL);
	is_wrong("steps: deploy\n", 1, "`steps` takes a list", "- ");
	is_wrong("steps: [deploy]\nassert:\n- outage: {web: long}\n", 3, "takes a duration for `web`", NULL);
	is_wrong("steps: [deploy]\nassert:\n- finally: {state: runing}\n", 3, "`state` cannot be `runing`",
		 "did you mean `running`?");
	is_wrong("steps: [deploy]\nassert:\n- finally: {count: {web: many}}\n", 3,
		 "`count` takes a number for `web`, not `many`", NULL);
	is_wrong("steps: [deploy]\nassert:\n- finally: {}\n", 3, "asserts nothing", "state: running");
	is_wrong("steps:\n- {kill: web, atCall: 5}\n", 2, "`atCall` means nothing to `kill: web`", NULL);
	is_wrong("steps:\n- {kill: berth, exitCode: 5}\n", 2, "`exitCode` means nothing to `kill: berth`",
		 NULL);
	is_wrong("steps:\n- {kill: web, outcome: failed}\n", 2, "`kill` has no outcome", "any");
	is_wrong("steps:\n- {scale: {web: 1, store: 2}}\n", 2, "`scale` takes one component", NULL);
	is_wrong("steps:\n- scale: {web: 99999999999999999999}\n", 2,
		 "`scale` takes a number for `web`, not `99999999999999999999`", NULL);
	is_wrong("steps: [deploy, {edit: {wep.type: x}}]\n", 1, "no component `wep`", "did you mean `web`?");
}

/* Whatever is wrong, from spelling to names that the blueprint does not have. */
Test(simulate_verb, all_complaints_come_at_once)
{
	enum berth_outcome outcome;
	owned_json document =
	    play(SHOP,
		 "seed: abc\nbehaviour:\n  wbe: {exits: 1}\nsteps:\n- {kil: web}\n"
		 "- fault: {at: clowd, lost: true, status: 500}\nassert:\n- never: less than 2 web\n"
		 "- finally: {count: {wbe: 1}}\n",
		 &outcome);
	cr_expect_eq(outcome, BERTH_INVALID);
	cr_expect_eq(json_number(document, "error_count", 0), 7);
}

Test(simulate_verb, a_wrong_blueprint_is_told_as_validate_does)
{
	enum berth_outcome outcome;
	owned_json document = play("id: x\nservces: []\n", "steps: [deploy]\n", &outcome);
	cr_expect_eq(outcome, BERTH_INVALID);
	cr_expect_gt(json_number(document, "error_count", 0), 0);
	struct berth_request request = {.size = sizeof request, .blueprint = SHOP};
	cr_expect_eq(scene_request(&stage, berth_simulate, &request, NULL), BERTH_USAGE);
}

Test(simulate_verb, the_schema_has_every_key)
{
	struct berth_request request = {.size = sizeof request, .name = "scenario"};
	owned_json document = NULL;
	cr_assert_eq(scene_request(&stage, berth_schema, &request, &document), BERTH_OK);
	const json_t *step = json_at(document, "definitions.step.anyOf");
	cr_expect(json_object_get(json_object_get(json_array_get(step, 1), "properties"), "meanwhile"));
	cr_expect(json_at(document, "definitions.fault.properties.answerLost"));
	cr_expect(json_at(document, "properties.assert"));
}
