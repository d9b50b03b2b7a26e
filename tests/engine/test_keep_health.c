/* test_keep_health.c - applications that are kept: what runs and does not answer its check, or its port. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/engine/keeping.h"

TestSuite(keep_health, .init = keeping_begin, .fini = keeping_end);

Test(keep_health, a_connection_that_fails_restarts_what_runs)
{
	deploy("id: app\nlocation: fake\nservices:\n- {type: 'docker:a:1', id: web, openPorts: 80, policies: "
	       "[{type: connection-failure-detector}, {type: restarter}]}\n");
	keep();
	pass(10 * SECOND);
	size_t before = starts();
	cr_assert_eq(before, 1, "told:\n%s", told ? told : "");
	struct fake_behaviour deaf = {.component = "app.web", .answers_after_ms = -1};
	fake_target_behave(scene.target, &deaf);
	pass(MINUTE);
	cr_assert_gt(starts(), before, "told:\n%s", told ? told : "");
}

Test(keep_health, what_is_sick_is_restarted_too)
{
	deploy("id: app\nlocation: fake\nservices:\n"
	       "- {type: 'docker:a:1', id: web, openPorts: 80, healthCheck: {tcp: {port: 80}, interval: 2s, "
	       "retries: 2},"
	       " policies: [{type: restarter}]}\n");
	keep();
	pass(10 * SECOND);
	size_t before = starts();
	struct fake_behaviour deaf = {.component = "app.web", .answers_after_ms = -1};
	fake_target_behave(scene.target, &deaf);
	pass(30 * SECOND);
	deaf.answers_after_ms = 0;
	fake_target_behave(scene.target, &deaf);
	cr_assert(starts() > before, "told:\n%s", told ? told : "");
	pass(10 * MINUTE);
	size_t after = starts();
	runs("app.web.1");
	pass(10 * MINUTE);
	cr_assert_eq(starts(), after, "it is well again");
}

Test(keep_health, what_was_sick_and_is_well_is_asked_for_on_and_on)
{
	deploy("id: app\nlocation: fake\nservices:\n"
	       "- {type: 'docker:a:1', id: web, openPorts: 80, healthCheck: {tcp: {port: 80}, interval: 2s, "
	       "retries: 2}, policies: [{type: restarter}]}\n");
	keep();
	for (int again = 0; again < 3; again++) {
		pass(10 * MINUTE);
		size_t before = starts();
		sick(true);
		pass(10 * SECOND);
		sick(false);
		pass(10 * SECOND);
		cr_assert(starts() > before, "the %dth time; told:\n%s", again + 1, told ? told : "");
	}
}

Test(keep_health, what_was_to_be_asked_for_while_its_location_was_listed_is_asked_afterwards)
{
	deploy("id: app\nlocation: fake\nservices:\n"
	       "- {type: 'docker:a:1', id: web, openPorts: 80, healthCheck: {tcp: {port: 80}, interval: 2s, "
	       "retries: 2}}\n");
	keep();
	pass(10 * SECOND);
	fake_target_time(scene.target, FAKE_LIST, 30 * SECOND);
	fake_target_event(scene.target, "app", NULL);
	pass(MINUTE);
	size_t asked = fake_target_calls(scene.target, FAKE_PROBE);
	pass(MINUTE);
	cr_assert_gt(fake_target_calls(scene.target, FAKE_PROBE), asked + 20);
}

/* The program that started it was killed before it saw that. */
Test(keep_health, what_nobody_saw_answer_is_asked_and_remembered)
{
	deploy(RESTARTED);
	keep();
	pass(SECOND);
	fake_target_time(scene.target, FAKE_PROBE, MINUTE);
	cr_assert_eq(fake_target_vanish(scene.target, "app.db.1"), 0);
	pass(5 * SECOND);
	runs("app.db.1");
	berth_operation_free(give(keeper));
	scene_restart(&scene, true);
	fake_target_time(scene.target, FAKE_PROBE, 0);
	json_t *document = status_of("app");
	cr_assert_str_eq(json_text(document, "state"), "starting");
	json_decref(document);
	keep();
	pass(2 * MINUTE);
	document = status_of("app");
	cr_assert_str_eq(json_text(document, "state"), "running");
	json_decref(document);
	let_go();
	size_t asked = fake_target_calls(scene.target, FAKE_PROBE);
	deploy(RESTARTED);
	cr_assert_eq(fake_target_calls(scene.target, FAKE_PROBE), asked);
}

Test(keep_health, what_runs_and_does_not_answer_its_check_is_unhealthy_until_it_does)
{
	deploy("id: app\nlocation: fake\nservices:\n"
	       "- {type: 'docker:a:1', id: web, openPorts: 80, healthCheck: {tcp: {port: 80}, interval: 2s, "
	       "retries: 2}}\n");
	keep();
	pass(10 * SECOND);
	struct fake_behaviour deaf = {.component = "app.web", .answers_after_ms = -1};
	fake_target_behave(scene.target, &deaf);
	pass(10 * SECOND);
	json_t *document = status_of("app");
	cr_assert_str_eq(json_text(document, "state"), "unhealthy");
	cr_assert_str_eq(json_text(first_instance(document), "state"), "unhealthy");
	cr_assert_not_null(json_text(first_instance(document), "error"));
	json_decref(document);
	struct berth_request request = {.size = sizeof request, .app = "app"};
	cr_assert_eq(scene_request(&scene, berth_why, &request, &document), BERTH_OK);
	const json_t *finding = json_array_get(json_object_get(document, "findings"), 0);
	cr_assert_str_eq(json_text(finding, "state"), "unhealthy");
	cr_assert_not_null(strstr(json_text(finding, "why"), "its health check fails: "));
	cr_assert_not_null(json_text(finding, "since"), "when that began was recorded");
	json_decref(document);
	deaf.answers_after_ms = 0;
	fake_target_behave(scene.target, &deaf);
	pass(10 * SECOND);
	document = status_of("app");
	cr_assert_str_eq(json_text(document, "state"), "running");
	cr_assert_null(json_text(first_instance(document), "error"));
	json_decref(document);
}

/* Why it is ill is written down, told to whoever may read, and sent to others. */
Test(keep_health, what_a_check_wrote_is_not_told_of_one_that_was_given_secrets)
{
	static const struct fake_rule fails = {
	    .call = FAKE_PROBE,
	    .error = {.code = ERR_FAILED,
		      .text = "the check's command ended with 1: connect with hunter2 failed"}};
	scene_environment("WORD", "hunter2");
	deploy("id: app\nlocation: fake\nservices:\n"
	       "- {type: 'docker:a:1', id: web, env: {WORD: '$berth:secret(\"env:WORD\")'}, "
	       "healthCheck: {command: look, interval: 2s, retries: 2}}\n");
	keep();
	pass(SECOND);
	cr_assert_eq(fake_target_rule(scene.target, &fails), 0);
	pass(20 * SECOND);
	owned_json document = status_of("app");
	cr_expect_str_eq(json_text(first_instance(document), "state"), "unhealthy");
	cr_expect_str_eq(json_text(first_instance(document), "error"), "the check's command ended with 1");
	owned_memory char *all = json_dumps(document, 0);
	cr_expect_null(strstr(all, "hunter2"), "%s", all);
	cr_expect_null(told ? strstr(told, "hunter2") : NULL, "%s", told);
}

Test(keep_health, a_check_that_is_answered_while_all_is_listed_anew_goes_on)
{
	deploy(CHECKED);
	fake_target_time(scene.target, FAKE_PROBE, 300);
	fake_target_time(scene.target, FAKE_LIST, 500);
	keep();
	for (int i = 0; i < 40; i++) { /* at some time of every one of them a check is under way */
		pass(730);
		fake_target_event(scene.target, "app", NULL);
	}
	size_t before = fake_target_calls(scene.target, FAKE_PROBE);
	pass(20 * SECOND);
	cr_assert_gt(fake_target_calls(scene.target, FAKE_PROBE), before);
}

Test(keep_health, a_check_that_its_location_does_not_answer_says_nothing_of_the_instance)
{
	deploy(CHECKED);
	keep();
	pass(10 * SECOND);
	size_t before = starts();
	fake_target_unreachable(scene.target, true);
	pass(MINUTE);
	fake_target_unreachable(scene.target, false);
	pass(5 * MINUTE);
	cr_assert_eq(starts(), before, "told:\n%s", told ? told : "");
}

Test(keep_health, a_connection_that_its_location_does_not_answer_says_nothing_either)
{
	deploy("id: app\nlocation: fake\nservices:\n- {type: 'docker:a:1', id: web, openPorts: 80, policies: "
	       "[{type: connection-failure-detector}, {type: restarter}]}\n");
	keep();
	pass(10 * SECOND);
	size_t before = starts();
	fake_target_unreachable(scene.target, true);
	pass(MINUTE);
	fake_target_unreachable(scene.target, false);
	pass(5 * MINUTE);
	cr_assert_eq(starts(), before, "told:\n%s", told ? told : "");
}
