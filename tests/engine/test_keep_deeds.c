/* test_keep_deeds.c - applications that are kept: what only another operation can do, beside the hold. */
#include <criterion/criterion.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/hold.h"
#include "engine/keeper.h"
#include "tests/engine/keeping.h"

TestSuite(keep_deeds, .init = keeping_begin, .fini = keeping_end);

static size_t made(void)
{
	size_t count = fake_target_find(scene.target, "app.web.1") != NULL;
	char name[32];
	for (int generation = 2; generation < 9; generation++) {
		snprintf(name, sizeof name, "app.web.1.g%d", generation);
		count += fake_target_find(scene.target, name) != NULL;
	}
	return count;
}

Test(keep_deeds, replacements_that_are_interrupted_do_not_pile_up_and_go_on)
{
	const struct fake_behaviour sick = {.component = "app.web", .answers_after_ms = -1};
	const struct fake_behaviour well = {.component = "app.web"};
	deploy("id: app\nlocation: fake\nservices:\n"
	       "- {type: 'docker:a:1', id: web, openPorts: 80, healthCheck: {tcp: {port: 80}, interval: 2s, "
	       "retries: 2}, policies: [{type: replacer, backoff: 1s, jitter: 0}]}\n");
	cr_assert_eq(fake_target_behave(scene.target, &sick), 0);
	for (int time = 0; time < 3; time++) {
		keep();
		for (int i = 0; i < 600 && made() < 2; i++)
			pass(100);
		cr_assert_eq(made(), 2, "the new one beside the one that is sick; told:\n%s",
			     told ? told : "");
		pass(10 * SECOND);
		scene_restart(&scene, true); /* by a kill */
		cr_assert_leq(made(), 2, "time %d", time);
	}
	cr_assert_eq(fake_target_behave(scene.target, &well), 0);
	keep();
	pass(10 * MINUTE);
	cr_expect_eq(made(), 1, "told:\n%s", told ? told : "");
	runs("app.web.1");
}

Test(keep_deeds, what_an_interrupted_change_left_goes_though_all_is_well_by_now)
{
	const struct fake_behaviour mute = {.component = "app.web.1.g2", .answers_after_ms = -1};
	static const char next[] = "id: app\nlocation: fake\nservices:\n- {type: 'docker:front:2', id: web, "
				   "openPorts: 80, policies: [{type: restarter}]}\n";
	struct berth_request request = {
	    .size = sizeof request, .blueprint = next, .blueprint_size = sizeof next - 1};
	deploy("id: app\nlocation: fake\nservices:\n- {type: 'docker:front:1', id: web, openPorts: 80, "
	       "policies: [{type: restarter}]}\n");
	cr_assert_eq(fake_target_behave(scene.target, &mute), 0);
	berth_deploy(scene.berth, &request, NULL, NULL);
	pass(3 * SECOND);
	scene_restart(&scene, true);
	cr_assert_eq(made(), 2);
	owned_memory char *newer = strdup(there("app.web.1.g2")->target_id);
	fake_target_behave(scene.target, &(struct fake_behaviour){.component = "app.web.1.g2"});
	keep();
	pass(MINUTE);
	cr_expect_eq(made(), 1, "told:\n%s", told ? told : "");
	runs("app.web.1");
	cr_expect_str_eq(there("app.web.1")->target_id, newer, "it was gone on with");
}

/* Of thousands that are kept each takes what it needs. */
Test(keep_deeds, what_is_kept_and_well_has_no_memory_for_an_error)
{
	deploy(RESTARTED);
	keep();
	pass(SECOND);
	kill_it("app.db.1");
	pass(MINUTE);
	runs("app.db.1");
	cr_assert_null(keeper_hold(scene.berth, "app")->operation->error);
}

/* An older generation is told beside the instance by each of them. */
Test(keep_deeds, what_a_listing_tells_goes_with_the_next_one)
{
	static const struct fake_behaviour mute = {.component = "app.web.1.g2", .answers_after_ms = -1};
	struct berth_request request = {.size = sizeof request,
					.file = "/b.yaml",
					.blueprint = "id: app\nlocation: fake\nservices:\n- {type: "
						     "'docker:front:2', id: web, openPorts: 80}\n"};
	deploy("id: app\nlocation: fake\nservices:\n- {type: 'docker:front:1', id: web, openPorts: "
	       "80}\n");
	cr_assert_eq(fake_target_behave(scene.target, &mute), 0);
	berth_deploy(scene.berth, &request, NULL, NULL);
	pass(3 * SECOND);
	scene_restart(&scene, true);
	runs("app.web.1");
	runs("app.web.1.g2");
	keep();
	pass(SECOND);
	fake_target_event(scene.target, "app", NULL); /* "list again": and every five minutes after that */
	pass(60 * MINUTE);
	size_t listings = fake_target_calls(scene.target, FAKE_LIST), before = mallinfo2().uordblks;
	pass((int64_t)10 * 24 * 60 * MINUTE);
	cr_assert_gt(fake_target_calls(scene.target, FAKE_LIST), listings + 2000);
	cr_expect_lt(mallinfo2().uordblks, before + 8192, "%zu, then %zu", before,
		     (size_t)mallinfo2().uordblks);
}

/* --- what only another operation can do, beside the hold -------------------------------------- */

#define THREE                                                                                                \
	"id: app\nlocation: fake\nservices:\n"                                                               \
	"- {type: 'docker:a:1', id: a, policies: [" A_HAS "]}\n"                                             \
	"- {type: 'docker:a:1', id: b, policies: [{type: "                                                   \
	"org.apache.brooklyn.policy.ha.ServiceRestarter}]}\n"                                                \
	"- {type: 'docker:a:1', id: c, effectors: {tick: [date]}, policies: [{type: periodic, effector: "    \
	"tick, period: 5m}]}\n"
#define A_HAS "{type: restarter}"

/* What its target refuses about an instance of that name, so often (0: for ever), in its words. */
static void refuse(enum fake_call call, const char *name, unsigned times, const char *words)
{
	struct fake_rule rule = {.call = call, .instance = name, .times = times};
	fail(&rule.error, ERR_FAILED, "%s", words);
	cr_assert_eq(fake_target_rule(scene.target, &rule), 0);
}

#define NO_SHIM    "failed to create shim task: mkdir: no space left on device"
#define BUSY_SHORT "device or resource busy"
#define BUSY       "driver \"overlay2\" failed to remove root filesystem: device or resource busy"

static const char *shown(void)
{
	static char *line;
	const struct berth_request request = {.size = sizeof request, .app = "app"};
	owned_json document = NULL;
	cr_assert_eq(scene_request(&scene, berth_status, &request, &document), BERTH_OK);
	free(line);
	line = json_line(document);
	cr_assert_not_null(line);
	return line;
}

Test(keep_deeds, what_a_deploy_cannot_remove_keeps_nobody_from_running)
{
	owned_json document = NULL;
	deploy(RESTARTED);
	kill_it("app.db.1");
	refuse(FAKE_REMOVE, "app.db.1", 1, BUSY);
	const char *other =
	    "id: app\nlocation: fake\nservices:\n- {type: 'docker:redis:4', id: db, openPorts: 6379}\n";
	cr_assert_eq(scene_run(&scene, berth_deploy, other, &document), BERTH_FAILED);
	owned_memory char *failures = json_line(json_object_get(document, "failures"));
	cr_expect(strstr(failures, "app.db.1\"") && strstr(failures, BUSY_SHORT), "%s", failures);
	runs("app.db.1.g2");
	is_down("app.db.1");
	deploy(other);
	runs("app.db.1");
	cr_expect_eq(fake_target_instances(scene.target), 1);
}

Test(keep_deeds, what_its_target_does_not_start_any_more_is_made_anew)
{
	deploy(RESTARTED);
	owned_memory char *before = strdup(there("app.db.1")->target_id);
	keep();
	pass(SECOND);
	refuse(FAKE_START, "app.db.1", 2, NO_SHIM);
	kill_it("app.db.1");
	pass(2 * MINUTE);
	runs("app.db.1");
	cr_assert_str_neq(there("app.db.1")->target_id, before, "told:\n%s", told ? told : "");
	owned_memory char *events = all_events();
	cr_expect(strstr(events, "\"what\":\"replacing\""), "%s", events);
}

/* As a server of a cloud whose host is gone: what it holds would go with it. */
Test(keep_deeds, what_a_restart_does_not_mend_is_left_to_a_replacer)
{
	deploy(KEPT("{type: restarter, backoff: 1s, breakerAfter: 2}"));
	owned_memory char *before = strdup(there("app.db.1")->target_id);
	keep();
	cr_assert_eq(fake_target_break(scene.target, "app.db.1"), 0);
	pass(10 * MINUTE);
	cr_expect_str_eq(there("app.db.1")->target_id, before);
	owned_memory char *events = all_events();
	cr_expect(strstr(events, "the breaker is open"), "%s", events);
	let_go();
	deploy(KEPT("{type: restarter, backoff: 1s, breakerAfter: 2}, {type: replacer}"));
	free(before);
	before = strdup(there("app.db.1")->target_id);
	keep();
	fake_target_break(scene.target, "app.db.1");
	pass(10 * MINUTE);
	runs("app.db.1");
	cr_expect_str_neq(there("app.db.1")->target_id, before);
}

Test(keep_deeds, a_start_that_is_refused_once_is_only_tried_again)
{
	deploy(RESTARTED);
	owned_memory char *before = strdup(there("app.db.1")->target_id);
	keep();
	pass(SECOND);
	refuse(FAKE_START, "app.db.1", 1, NO_SHIM);
	kill_it("app.db.1");
	pass(2 * MINUTE);
	runs("app.db.1");
	cr_assert_str_eq(there("app.db.1")->target_id, before, "told:\n%s", told ? told : "");
}

Test(keep_deeds, what_its_target_neither_starts_nor_removes_has_one_in_its_place)
{
	deploy(RESTARTED);
	keep();
	pass(SECOND);
	refuse(FAKE_START, "app.db.1", 0, NO_SHIM);
	refuse(FAKE_REMOVE, "app.db.1", 0, BUSY);
	kill_it("app.db.1");
	pass(2 * MINUTE);
	is_down("app.db.1");
	runs("app.db.1.g2");
	runs("app.web.1");
	cr_expect(strstr(shown(), "failed to remove root filesystem"), "%s", shown());
	size_t removals = fake_target_calls(scene.target, FAKE_REMOVE);
	pass(60 * MINUTE);
	runs("app.db.1.g2");
	size_t tries = fake_target_calls(scene.target, FAKE_REMOVE) - removals;
	cr_expect(tries >= 6 && tries <= 30, "it was tried %zu times in an hour", tries);
	fake_target_calm(scene.target);
	pass(11 * MINUTE);
	runs("app.db.1");
	cr_expect_null(fake_target_find(scene.target, "app.db.1.g2"));
	cr_expect(!strstr(shown(), "failed to remove root filesystem"), "%s", shown());
}

/* What is made of it from now on takes minutes. */
static void mend_for_minutes(const char *name)
{
	const struct fake_rule slow = {
	    .call = FAKE_PLACE, .instance = name, .times = 1, .delay_ms = 3 * MINUTE};
	size_t before = fake_target_calls(scene.target, FAKE_PLACE);
	cr_assert_eq(fake_target_rule(scene.target, &slow), 0);
	cr_assert_eq(fake_target_vanish(scene.target, name), 0);
	pass(20 * SECOND);
	cr_assert_eq(fake_target_calls(scene.target, FAKE_PLACE), before + 1);
	cr_assert_null(fake_target_find(scene.target, name), "it takes no time");
}

Test(keep_deeds, what_dies_while_another_one_is_made_anew_is_started_within_seconds)
{
	deploy(THREE);
	keep();
	pass(5 * SECOND);
	mend_for_minutes("app.a.1");
	kill_it("app.b.1");
	pass(2 * SECOND);
	runs("app.b.1");
	cr_assert_null(fake_target_find(scene.target, "app.a.1"));
	pass(5 * MINUTE);
	runs("app.a.1");
	cr_assert_eq(fake_target_instances(scene.target), 3);
	let_go();
	cr_assert_eq(there("app.a.1")->restart, RESTART_UNLESS_STOPPED);
}

Test(keep_deeds, what_was_made_anew_is_kept_as_before)
{
	deploy(THREE);
	keep();
	pass(5 * SECOND);
	for (int i = 0; i < 2; i++) { /* the breaker opens when it is five times in a row */
		cr_assert_eq(fake_target_vanish(scene.target, "app.a.1"), 0);
		pass(MINUTE);
		runs("app.a.1");
		cr_assert_eq(there("app.a.1")->restart, RESTART_NO);
		size_t started = starts();
		kill_it("app.a.1");
		pass(MINUTE);
		runs("app.a.1");
		cr_assert_eq(starts(), started + 1);
	}
	owned_memory char *events = all_events();
	cr_assert_null(strstr(events, "cannot be seen"), "%s", events);
	json_t *document = NULL;
	let_go();
	cr_assert_eq(scene_run(&scene, berth_plan, THREE, &document), BERTH_OK);
	cr_assert_str_eq(scene_action(document, "app.a.1"), "unchanged");
	json_decref(document);
}

Test(keep_deeds, a_making_anew_that_fails_is_tried_again_and_keeps_nobody_from_anything)
{
	deploy(THREE);
	keep();
	pass(5 * SECOND);
	struct fake_rule refused = {.call = FAKE_PLACE, .instance = "app.a.1", .times = 4};
	fail(&refused.error, ERR_FAILED, "no room");
	cr_assert_eq(fake_target_rule(scene.target, &refused), 0);
	cr_assert_eq(fake_target_vanish(scene.target, "app.a.1"), 0);
	pass(3 * SECOND);
	kill_it("app.b.1");
	pass(2 * SECOND);
	runs("app.b.1");
	pass(10 * MINUTE);
	runs("app.a.1");
}

Test(keep_deeds, whoever_changes_the_application_waits_for_what_is_made_anew)
{
	deploy(THREE);
	keep();
	pass(5 * SECOND);
	mend_for_minutes("app.a.1");
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_deploy, THREE, &document), BERTH_OK, "%s", scene.events);
	cr_assert_str_eq(scene_action(document, "app.a.1"), "unchanged");
	json_decref(document);
	cr_assert_eq(fake_target_instances(scene.target), 3);
	kill_it("app.b.1");
	pass(5 * SECOND);
	runs("app.b.1");
}

Test(keep_deeds, it_lets_go_while_something_is_made_anew)
{
	deploy(THREE);
	keep();
	pass(5 * SECOND);
	mend_for_minutes("app.a.1");
	let_go();
	cr_assert_eq(there("app.b.1")->restart, RESTART_UNLESS_STOPPED);
	cr_assert_eq(scene_run(&scene, berth_deploy, THREE, NULL), BERTH_OK, "%s", scene.events);
	runs("app.a.1");
	cr_assert_eq(fake_target_instances(scene.target), 3);
}

Test(keep_deeds, an_effector_that_runs_is_not_given_up_because_another_one_is_made_anew)
{
	deploy(THREE);
	fake_target_time(scene.target, FAKE_EXEC, MINUTE);
	keep();
	pass(5 * MINUTE + 10 * SECOND);
	cr_assert_eq(fake_target_calls(scene.target, FAKE_EXEC), 1, "it does not run; told:\n%s",
		     told ? told : "");
	cr_assert_eq(fake_target_vanish(scene.target, "app.a.1"), 0);
	pass(30 * SECOND);
	runs("app.a.1");
	pass(MINUTE);
	owned_memory char *events = all_events();
	cr_expect_not_null(strstr(events, "tick ended with code 0"), "%s", events);
	cr_expect_null(strstr(events, "given up"), "%s", events);
}

#undef A_HAS
#define A_HAS "{type: periodic, effector: restart, period: 5s}"

Test(keep_deeds, what_is_done_to_one_again_and_again_starves_no_other)
{
	deploy(THREE);
	fake_target_time(scene.target, FAKE_STOP, 2 * SECOND);
	keep();
	pass(30 * SECOND);
	size_t stops = fake_target_calls(scene.target, FAKE_STOP);
	kill_it("app.b.1");
	pass(3 * SECOND);
	runs("app.b.1");
	pass(MINUTE);
	cr_assert_gt(fake_target_calls(scene.target, FAKE_STOP), stops + 3);
	runs("app.a.1");
	owned_memory char *events = all_events();
	cr_assert_not_null(strstr(events, "with code 137"), "its end is not recorded: %s", events);
}

/* --- what ends while a command is at work ------------------------------------------------------- */

#define WEB_IS(image)                                                                                        \
	"id: app\nlocation: fake\nservices:\n"                                                               \
	"- {type: 'docker:redis:3', id: db, openPorts: 6379, policies: [{type: restarter}]}\n"               \
	"- {type: 'docker:front:" image "', id: web, openPorts: 80}\n"

/* A deploy that waits for one that takes its time to answer. */
static struct berth_operation *slow_deploy(void)
{
	static const struct berth_request request = {
	    .size = sizeof request, .file = "/b.yaml", .blueprint = WEB_IS("2")};
	const struct fake_behaviour slow = {.component = "app.web", .answers_after_ms = 2 * MINUTE};
	cr_assert_eq(fake_target_behave(scene.target, &slow), 0);
	struct berth_operation *operation = berth_deploy(scene.berth, &request, NULL, NULL);
	cr_assert_not_null(operation);
	pass(20 * SECOND);
	cr_assert_not(berth_done(operation), "%s", berth_message(operation));
	return operation;
}

Test(keep_deeds, what_ends_while_a_deploy_waits_for_others_is_started_by_it)
{
	deploy(WEB_IS("1"));
	keep();
	pass(5 * SECOND);
	struct berth_operation *operation = slow_deploy();
	for (int i = 0; i < 2; i++) {
		kill_it("app.db.1");
		pass(3 * SECOND);
		runs("app.db.1");
	}
	cr_assert_not(berth_done(operation), "%s", berth_message(operation));
	pass(5 * MINUTE);
	cr_assert(berth_done(operation));
	cr_assert_eq(berth_outcome(operation), BERTH_OK, "%s", berth_message(operation));
	berth_operation_free(operation);
	kill_it("app.db.1");
	pass(5 * SECOND);
	runs("app.db.1");
	json_t *document = NULL;
	let_go();
	cr_assert_eq(scene_run(&scene, berth_plan, WEB_IS("2"), &document), BERTH_OK);
	cr_assert_str_eq(scene_action(document, "app.db.1"), "unchanged");
	json_decref(document);
}

Test(keep_deeds, what_ends_while_its_policies_are_suspended_is_not_started_by_a_deploy)
{
	const char *const db[] = {"db", NULL};
	const struct berth_request suspend = {
	    .size = sizeof suspend, .app = "app", .action = "suspend", .name = "restarter", .components = db};
	deploy(WEB_IS("1"));
	keep();
	pass(5 * SECOND);
	cr_assert_eq(scene_request(&scene, berth_policy, &suspend, NULL), BERTH_OK);
	struct berth_operation *operation = slow_deploy();
	kill_it("app.db.1");
	pass(10 * SECOND);
	is_down("app.db.1");
	pass(5 * MINUTE);
	cr_assert(berth_done(operation));
	berth_operation_free(operation);
	is_down("app.db.1");
}
