/* test_keep.c - applications kept as their policies say: what ends runs again, once, and nobody else is
 * touched. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/engine/keeping.h"

TestSuite(keep, .init = keeping_begin, .fini = keeping_end);

Test(keep, what_ended_runs_again_and_nothing_else_is_touched)
{
	deploy(RESTARTED);
	owned_memory char *before = strdup(there("app.db.1")->target_id);
	size_t placed = fake_target_calls(scene.target, FAKE_PLACE), started = starts();
	keep();
	pass(SECOND);
	kill_it("app.db.1");
	pass(5 * SECOND);
	runs("app.db.1");
	cr_assert_str_eq(there("app.db.1")->target_id, before);
	cr_assert_eq(starts(), started + 1);
	cr_assert_eq(fake_target_calls(scene.target, FAKE_PLACE), placed);
	let_go();
}

Test(keep, without_a_keeper_policies_are_said_to_wait)
{
	deploy(RESTARTED);
	cr_assert(strstr(scene.events, "berth serve"), "%s", scene.events);
	keep();
	pass(SECOND);
	deploy(RESTARTED);
	cr_assert(!scene.events || !strstr(scene.events, "berth serve"), "%s", scene.events);
}

Test(keep, it_is_started_within_twenty_milliseconds)
{
	deploy(RESTARTED);
	keep();
	pass(SECOND);
	size_t before = starts();
	kill_it("app.web.1");
	pass(20);
	cr_assert_eq(starts(), before + 1);
}

Test(keep, what_ends_again_and_again_is_tried_with_growing_pauses_and_for_ever)
{
	deploy(RESTARTED);
	keep();
	pass(SECOND);
	struct fake_behaviour ends = {.component = "app.web", .exits = UINT32_MAX, .exit_code = 3};
	fake_target_behave(scene.target, &ends);
	size_t before = starts();
	kill_it("app.web.1");
	pass(MINUTE);
	size_t first = starts() - before;
	cr_assert(first >= 3 && first < 12, "%zu starts in the first minute", first);
	pass(10 * MINUTE);
	size_t later = starts() - before - first;
	cr_assert(later >= 1 && later < 10 * first, "%zu starts in the next ten", later);
	ends.exits = 0;
	fake_target_behave(scene.target, &ends);
	pass(20 * MINUTE);
	runs("app.web.1");
}

Test(keep, by_the_class_name_a_second_failure_within_three_minutes_is_the_last)
{
	deploy(CLASSIC);
	keep();
	pass(SECOND);
	kill_it("app.web.1");
	pass(MINUTE);
	runs("app.web.1");
	kill_it("app.web.1");
	pass(10 * MINUTE);
	is_down("app.web.1");
	runs("app.db.1");
}

Test(keep, what_policies_remember_outlives_the_program)
{
	deploy(CLASSIC);
	keep();
	pass(SECOND);
	kill_it("app.web.1");
	pass(MINUTE);
	runs("app.web.1");
	berth_operation_free(give(keeper)); /* as if it were killed: nothing is given back */
	scene_restart(&scene, true);
	keep();
	pass(SECOND);
	kill_it("app.web.1");
	pass(10 * MINUTE);
	is_down("app.web.1");
}

Test(keep, what_ended_while_nobody_kept_it_is_started_when_somebody_does)
{
	deploy(RESTARTED);
	kill_it("app.db.1");
	keep();
	pass(5 * SECOND);
	runs("app.db.1");
}

Test(keep, what_is_stopped_on_purpose_stays_stopped_until_it_is_started)
{
	struct berth_request web = {
	    .size = sizeof web, .app = "app", .components = (const char *const[]){"web", NULL}};
	deploy(RESTARTED);
	keep();
	pass(SECOND);
	cr_assert_eq(scene_request(&scene, berth_stop, &web, NULL), BERTH_OK);
	pass(10 * MINUTE);
	is_down("app.web.1");
	kill_it("app.db.1");
	pass(5 * SECOND);
	runs("app.db.1");
	cr_assert_eq(scene_request(&scene, berth_start, &web, NULL), BERTH_OK);
	kill_it("app.web.1");
	pass(5 * SECOND);
	runs("app.web.1");
}

Test(keep, a_restart_that_was_under_way_does_not_revive_what_is_stopped)
{
	struct berth_request web = {
	    .size = sizeof web, .app = "app", .components = (const char *const[]){"web", NULL}};
	deploy(RESTARTED);
	fake_target_time(scene.target, FAKE_START, 2000);
	keep();
	pass(SECOND);
	kill_it("app.web.1");
	pass(SECOND);
	cr_assert_eq(scene_request(&scene, berth_stop, &web, NULL), BERTH_OK);
	pass(10 * MINUTE);
	is_down("app.web.1");
	cr_assert_eq(scene_request(&scene, berth_start, &web, NULL), BERTH_OK);
	size_t before = starts();
	pass(10 * MINUTE);
	runs("app.web.1");
	cr_assert_eq(starts(), before, "it is well");
}

Test(keep, what_is_stopped_stays_so_for_the_next_program_too)
{
	struct berth_request all = {.size = sizeof all, .app = "app"};
	deploy(RESTARTED);
	cr_assert_eq(scene_request(&scene, berth_stop, &all, NULL), BERTH_OK);
	scene_restart(&scene, true);
	keep();
	pass(10 * MINUTE);
	is_down("app.web.1");
	is_down("app.db.1");
}

Test(keep, what_vanished_is_made_again)
{
	deploy(RESTARTED);
	keep();
	pass(SECOND);
	cr_assert_eq(fake_target_vanish(scene.target, "app.web.1"), 0);
	pass(10 * SECOND);
	runs("app.web.1");
	cr_assert_eq(fake_target_instances(scene.target), 2);
}

Test(keep, what_vanishes_when_it_is_to_be_started_is_made_again)
{
	deploy(RESTARTED);
	keep();
	pass(SECOND);
	struct fake_rule gone = {.call = FAKE_START, .instance = "app.web.1", .times = 1, .delay_ms = 1000};
	fail(&gone.error, ERR_MISSING, "container `app.web.1` is gone");
	cr_assert_eq(fake_target_rule(scene.target, &gone), 0);
	kill_it("app.web.1");
	pass(SECOND / 2);
	cr_assert_eq(fake_target_vanish(scene.target, "app.web.1"), 0);
	pass(MINUTE);
	runs("app.web.1");
	cr_assert_eq(fake_target_instances(scene.target), 2);
}

Test(keep, what_is_made_again_goes_on_when_who_it_needs_was_looked_at)
{
	deploy(RESTARTED);
	keep();
	pass(SECOND);
	struct fake_rule gone = {.call = FAKE_START, .instance = "app.web.1", .times = 1, .delay_ms = 1000};
	fail(&gone.error, ERR_MISSING, "container `app.web.1` is gone");
	cr_assert_eq(fake_target_rule(scene.target, &gone), 0);
	kill_it("app.web.1");
	pass(SECOND / 2);
	cr_assert_eq(fake_target_vanish(scene.target, "app.web.1"), 0);
	fake_target_time(scene.target, FAKE_LOOK, 5000);
	fake_target_event(scene.target, "app", "app.db.1");
	pass(MINUTE);
	runs("app.web.1");
}

Test(keep, a_deploy_meanwhile_has_it_let_go_and_kept_again)
{
	deploy(RESTARTED);
	keep();
	pass(SECOND);
	json_t *document = NULL;
	cr_assert_eq(
	    scene_run(&scene, berth_deploy,
		      "id: app\nlocation: fake\nservices:\n"
		      "- {type: 'docker:redis:4', id: db, openPorts: 6379, policies: [{type: restarter}]}\n",
		      &document),
	    BERTH_OK);
	cr_assert_str_eq(scene_action(document, "app.db.1"), "replace");
	json_decref(document);
	cr_assert_eq(fake_target_instances(scene.target), 1);
	pass(5 * SECOND);
	kill_it("app.db.1");
	pass(5 * SECOND);
	runs("app.db.1");
	let_go();
}

Test(keep, a_destroyed_application_is_let_go_for_good)
{
	struct berth_request all = {.size = sizeof all, .app = "app"};
	deploy(RESTARTED);
	keep();
	pass(SECOND);
	cr_assert_eq(scene_request(&scene, berth_destroy, &all, NULL), BERTH_OK);
	pass(10 * MINUTE);
	cr_assert_eq(fake_target_instances(scene.target), 0);
	let_go();
}

Test(keep, nothing_is_concluded_of_a_target_that_does_not_answer)
{
	deploy(RESTARTED);
	keep();
	pass(SECOND);
	size_t before = starts();
	fake_target_unreachable(scene.target, true);
	fake_target_event(scene.target, "app", "app.web.1");
	pass(10 * MINUTE);
	kill_it("app.db.1");
	cr_assert_eq(starts(), before);
	fake_target_unreachable(scene.target, false);
	pass(2 * MINUTE);
	runs("app.db.1");
	cr_assert_eq(starts(), before + 1);
}

Test(keep, restarts_are_its_duty_while_it_keeps_and_the_targets_again_afterwards)
{
	deploy(RESTARTED);
	cr_assert_eq(there("app.web.1")->restart, RESTART_UNLESS_STOPPED);
	keep();
	pass(5 * SECOND);
	cr_assert_eq(there("app.web.1")->restart, RESTART_NO);
	let_go();
	cr_assert_eq(there("app.web.1")->restart, RESTART_UNLESS_STOPPED);
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_plan, RESTARTED, &document), BERTH_OK);
	cr_assert_str_eq(scene_action(document, "app.web.1"), "unchanged");
	json_decref(document);
}

/* Whoever deployed it gave the secret along, which nobody else has. */
Test(keep, whose_duty_restarts_are_is_told_without_the_secrets_that_the_deploy_was_given)
{
	static const char *const given[] = {"GIVEN_ONCE=xyzzy", NULL};
	const struct berth_request request = {
	    .size = sizeof request,
	    .blueprint = "id: app\nlocation: fake\nservices:\n"
			 "- {type: 'docker:a:1', id: web, env: {S: $berth:secret(\"env:GIVEN_ONCE\")}, "
			 "policies: [{type: restarter}]}\n"
			 "- {type: 'docker:a:1', id: db, openPorts: 80, policies: [{type: restarter}]}\n",
	    .environment = given};
	struct berth_request sent = request;
	sent.blueprint_size = strlen(request.blueprint);
	cr_assert_eq(scene_request(&scene, berth_deploy, &sent, NULL), BERTH_OK, "%s", scene.events);
	size_t before = starts();
	keep();
	pass(5 * SECOND);
	cr_assert_eq(there("app.web.1")->restart, RESTART_NO, "%s", told ? told : "");
	cr_assert_eq(there("app.db.1")->restart, RESTART_NO);
	let_go();
	cr_assert_eq(there("app.web.1")->restart, RESTART_UNLESS_STOPPED);
	cr_assert_eq(there("app.db.1")->restart, RESTART_UNLESS_STOPPED);
	cr_assert_eq(starts(), before);
}

/* What the blueprint would make anew is a deploy's business; whose duty it is until then is not. */
Test(keep, what_is_not_as_wanted_any_more_has_its_duty_again_too)
{
	deploy("id: app\nlocation: fake\nservices:\n"
	       "- {type: 'docker:a:1', id: web, policies: [{type: restarter}]}\n");
	keep();
	pass(5 * SECOND);
	cr_assert_eq(there("app.web.1")->restart, RESTART_NO);
	/* Another image has its tag by now. */
	cr_assert_eq(fake_target_image(scene.target, "a:1", "sha256:0123"), 0);
	let_go();
	cr_assert_eq(there("app.web.1")->restart, RESTART_UNLESS_STOPPED);
}

/* It ends in order, a moment after what it does about an instance has begun. */
static void let_go_amid(enum fake_call call, const char *name)
{
	const struct fake_rule slow = {.call = call, .instance = name, .times = 1, .delay_ms = 3 * SECOND};
	cr_assert_eq(fake_target_rule(scene.target, &slow), 0);
	size_t before = fake_target_calls(scene.target, call);
	for (int i = 0; i < 600 && fake_target_calls(scene.target, call) == before; i++)
		pass(100);
	cr_assert_gt(fake_target_calls(scene.target, call), before, "nothing is done; told:\n%s",
		     told ? told : "");
	let_go();
	fake_target_calm(scene.target);
}

Test(keep, a_restart_that_was_begun_is_brought_to_its_start_before_it_lets_go)
{
	deploy("id: app\nlocation: fake\nservices:\n"
	       "- {type: 'docker:a:1', id: web, openPorts: 80, healthCheck: {tcp: {port: 80}, interval: 2s, "
	       "retries: 2}, policies: [{type: restarter}]}\n"
	       "- {type: 'docker:a:1', id: other, policies: [{type: restarter}]}\n");
	keep();
	pass(5 * SECOND);
	const struct fake_behaviour sick = {.component = "app.web", .answers_after_ms = -1};
	cr_assert_eq(fake_target_behave(scene.target, &sick), 0);
	let_go_amid(FAKE_STOP, "app.web.1");
	runs("app.web.1");
	cr_assert_eq(there("app.web.1")->restart, RESTART_UNLESS_STOPPED);
	cr_assert_eq(there("app.other.1")->restart, RESTART_UNLESS_STOPPED);
}

Test(keep, a_start_that_was_begun_is_done_before_it_lets_go)
{
	deploy(RESTARTED);
	keep();
	pass(5 * SECOND);
	fake_target_time(scene.target, FAKE_START, 2 * SECOND);
	kill_it("app.web.1");
	pass(SECOND);
	let_go();
	runs("app.web.1");
	cr_assert_eq(there("app.web.1")->restart, RESTART_UNLESS_STOPPED);
}

Test(keep, what_is_found_stopped_when_it_lets_go_has_its_duty_again_and_is_not_started)
{
	const char *const web[] = {"web", NULL};
	const struct berth_request one = {.size = sizeof one, .app = "app", .components = web};
	deploy(RESTARTED);
	keep();
	pass(5 * SECOND);
	cr_assert_eq(scene_request(&scene, berth_stop, &one, NULL), BERTH_OK);
	pass(5 * SECOND);
	cr_assert_eq(there("app.web.1")->restart, RESTART_NO);
	let_go();
	is_down("app.web.1");
	cr_assert_eq(there("app.web.1")->restart, RESTART_UNLESS_STOPPED);
	cr_assert_eq(there("app.db.1")->restart, RESTART_UNLESS_STOPPED);
}

Test(keep, a_policy_that_only_tells_what_it_would_do_leaves_restarts_to_the_target)
{
	deploy(KEPT("{type: restarter, dryRun: true}"));
	size_t before = starts();
	keep();
	pass(5 * SECOND);
	cr_assert_eq(there("app.web.1")->restart, RESTART_UNLESS_STOPPED);
	kill_it("app.web.1");
	pass(MINUTE);
	cr_assert_eq(starts(), before);
	cr_assert_not_null(strstr(told, "app.web.1 is not well; restarted, try 1"), "%s", told);
}

Test(keep, what_is_deployed_while_it_keeps_plans_nothing_the_next_time)
{
	keep();
	pass(SECOND);
	deploy(RESTARTED);
	pass(5 * SECOND);
	cr_assert_eq(there("app.web.1")->restart, RESTART_NO);
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_plan, RESTARTED, &document), BERTH_OK);
	cr_assert_str_eq(scene_action(document, "app.web.1"), "unchanged");
	json_decref(document);
	kill_it("app.web.1");
	pass(5 * SECOND);
	runs("app.web.1");
	let_go();
	cr_assert_eq(there("app.web.1")->restart, RESTART_UNLESS_STOPPED, "it is given back as well");
}

Test(keep, without_the_store_applications_are_left_alone_until_they_are_deployed_again)
{
	deploy(RESTARTED);
	owned_memory char *before = strdup(there("app.web.1")->target_id);
	scene_restart(&scene, false);
	keep();
	pass(SECOND);
	size_t started = starts();
	kill_it("app.db.1");
	pass(MINUTE);
	cr_assert_eq(starts(), started);
	deploy(RESTARTED);
	cr_assert_str_eq(there("app.web.1")->target_id, before);
	runs("app.db.1");
	pass(5 * SECOND);
	kill_it("app.db.1");
	pass(5 * SECOND);
	runs("app.db.1");
	cr_assert_eq(fake_target_instances(scene.target), 2);
}

Test(keep, why_something_could_not_be_done_is_said)
{
	static const struct fake_rule full = {.call = FAKE_PLACE,
					      .error = {.code = ERR_FAILED, .text = "no space left"}};
	deploy("id: app\nlocation: fake\nservices:\n"
	       "- {type: 'docker:a:1', id: web, policies: [{type: replacer}]}\n");
	keep();
	pass(SECOND);
	cr_assert_eq(fake_target_rule(scene.target, &full), 0);
	cr_assert_eq(fake_target_exit(scene.target, "app.web.1", 1), 0);
	pass(MINUTE);
	cr_assert_not_null(told ? strstr(told, "app.web: replace failed: ") : NULL, "%s", told);
}

Test(keep, what_ends_by_itself_was_stopped_by_nobody)
{
	deploy("id: app\nlocation: fake\nservices:\n- {type: 'docker:a:1', id: web}\n");
	keep();
	pass(SECOND);
	kill_it("app.web.1");
	pass(SECOND);
	json_t *document = NULL;
	struct berth_request request = {.size = sizeof request, .app = "app"};
	cr_assert_eq(scene_request(&scene, berth_why, &request, &document), BERTH_OK);
	const json_t *finding = json_array_get(json_object_get(document, "findings"), 0);
	cr_assert_null(strstr(json_text(finding, "why"), "berth stop"), "%s", json_text(finding, "why"));
	json_decref(document);
}

/* It is a conflict from the engine that was started anew until somebody looks at the volume. */
Test(keep, a_claim_that_cannot_be_asked_is_told_once_and_asked_again_with_pauses)
{
	deploy(RESTARTED);
	keep();
	pass(SECOND);
	size_t before = starts();
	struct fake_rule refused = {.call = FAKE_CLAIM, .times = 3};
	fail(&refused.error, ERR_CONFLICT, "somebody else's");
	fake_target_rule(scene.target, &refused);
	kill_it("app.web.1");
	pass(SECOND / 2);
	size_t asked = fake_target_calls(scene.target, FAKE_CLAIM);
	cr_assert_eq(starts(), before);
	pass(SECOND / 4);
	cr_assert_eq(fake_target_calls(scene.target, FAKE_CLAIM), asked);
	pass(MINUTE);
	runs("app.web.1");
	cr_assert_eq(starts(), before + 1);
}

Test(keep, fifty_deaths_at_once_are_four_starts_at_one_time)
{
	deploy("id: app\nlocation: fake\nservices:\n"
	       "- {type: 'docker:a:1', id: web, instances: 50, policies: [{type: restarter, maxParallel: "
	       "0}]}\n");
	fake_target_time(scene.target, FAKE_START, 1000);
	keep();
	pass(SECOND);
	size_t before = starts();
	for (unsigned i = 1; i <= 50; i++) {
		char name[32];
		snprintf(name, sizeof name, "app.web.%u", i);
		kill_it(name);
	}
	pass(20);
	size_t at_once = starts() - before;
	cr_assert(at_once > 0 && at_once <= fake_driver.capabilities.calls_in_flight, "%zu at once", at_once);
	pass(5 * MINUTE);
	cr_assert_eq(starts() - before, 50);
}

Test(keep, a_location_is_not_listed_while_it_says_whose_the_application_is)
{
	deploy(RESTARTED);
	fake_target_time(scene.target, FAKE_CLAIM, 300);
	fake_target_time(scene.target, FAKE_LIST, 300);
	keep();
	pass(2 * SECOND);
	kill_it("app.web.1");
	pass(50);
	fake_target_event(scene.target, "app", NULL);
	pass(5 * SECOND);
	runs("app.web.1");
	fake_target_event(scene.target, "app", NULL);
	pass(50);
	kill_it("app.web.1");
	pass(5 * SECOND);
	runs("app.web.1");
}

Test(keep, a_replacer_makes_a_new_one_of_what_failed)
{
	deploy(KEPT("{type: replacer}"));
	owned_memory char *before = strdup(there("app.web.1")->target_id);
	keep();
	pass(SECOND);
	kill_it("app.web.1");
	pass(MINUTE);
	runs("app.web.1");
	cr_assert_str_neq(there("app.web.1")->target_id, before);
	cr_assert_eq(fake_target_instances(scene.target), 2);
}

Test(keep, an_application_taken_over_by_somebody_else_is_not_acted_on)
{
	deploy(RESTARTED);
	keep();
	pass(10 * SECOND);
	struct berth *other = NULL;
	struct error err = {0};
	struct berth_options options = {.size = sizeof options,
					.state_directory = "/elsewhere",
					.config_directory = "/elsewhere",
					.helper = "/bin/true",
					.owner = "somebody"};
	struct berth *mine = scene.berth;
	char state[512];
	snprintf(state, sizeof state, "%s/other", virtual_world_directory(scene.world));
	options.state_directory = state;
	cr_assert_eq(berth_open_in(&other, scene.world, NULL, &options, &err), 0, "%s", err.text);
	scene.berth = other;
	struct berth_request adopt = {
	    .size = sizeof adopt, .blueprint = RESTARTED, .file = "/b.yaml", .adopt = true};
	cr_assert_eq(scene_request(&scene, berth_deploy, &adopt, NULL), BERTH_OK, "%s", scene.events);
	scene.berth = mine;
	size_t before = starts();
	kill_it("app.web.1");
	pass(10 * MINUTE);
	cr_assert_eq(starts(), before, "told:\n%s", told ? told : "");
	let_go();
	berth_close(other);
}

Test(keep, what_fails_at_once_is_remembered_before_it_is_tried_again)
{
	deploy("id: app\nlocation: fake\nservices:\n"
	       "- {type: 'docker:redis:3', id: db, openPorts: 6379}\n"
	       "- {type: 'docker:front:1', id: web, links: [$brooklyn:component(\"db\")], policies: "
	       "[{type: replacer, jitter: 0}]}\n");
	keep();
	pass(SECOND);
	kill_it("app.db.1");
	kill_it("app.web.1");
	pass(9 * SECOND);
	cr_assert_eq(times_told("replaced, try 1"), 1, "told:\n%s", told);
	cr_assert_eq(times_told("replaced, try 2"), 0, "told:\n%s", told);
	pass(20 * SECOND);
	cr_assert_eq(times_told("replaced, try 2"), 1, "told:\n%s", told);
}

Test(keep, a_wait_does_not_grow_when_the_clock_is_set_back)
{
	deploy(RESTARTED);
	keep();
	pass(SECOND);
	struct fake_behaviour ends = {.component = "app.web", .exits = UINT32_MAX, .exit_code = 3};
	fake_target_behave(scene.target, &ends);
	kill_it("app.web.1");
	pass(20 * SECOND);
	ends.exits = 0;
	fake_target_behave(scene.target, &ends);
	virtual_world_set_back(scene.world, 60 * MINUTE);
	pass(12 * MINUTE);
	runs("app.web.1");
}

Test(keep, what_was_begun_before_a_death_and_is_well_is_not_begun_again)
{
	deploy(RESTARTED);
	keep();
	pass(SECOND);
	struct fake_behaviour slow = {.component = "app.db", .answers_after_ms = 5000};
	fake_target_behave(scene.target, &slow);
	size_t before = starts();
	kill_it("app.db.1");
	pass(SECOND);
	cr_assert_eq(starts(), before + 1);
	berth_operation_free(give(keeper));
	scene_restart(&scene, true);
	fake_target_unreachable(scene.target, true);
	keep();
	pass(20 * SECOND);
	fake_target_unreachable(scene.target, false);
	pass(5 * MINUTE);
	runs("app.db.1");
	cr_assert_eq(starts(), before + 1, "told:\n%s", told);
}

Test(keep, duties_are_told_where_an_older_secret_stays)
{
	static const char blueprint[] = "id: app\nlocation: fake\nservices:\n- {type: 'docker:x:1', id: web, "
					"onChange: none, env: {TOKEN: "
					"'$berth:secret(\"env:CANARY\")'}, policies: [{type: restarter}]}\n";
	scene_environment("CANARY", "before");
	deploy(blueprint);
	scene_environment("CANARY", "after");
	keep();
	pass(5 * SECOND);
	cr_assert_eq(there("app.web.1")->restart, RESTART_NO);
	let_go();
	cr_assert_eq(there("app.web.1")->restart, RESTART_UNLESS_STOPPED);
}
