/* test_keep_ends.c - applications that are kept: ends that a target tells by itself. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/engine/keeping.h"

TestSuite(keep_ends, .init = keeping_begin, .fini = keeping_end);

static size_t looks(void)
{
	return fake_target_calls(scene.target, FAKE_LOOK);
}

static int64_t wall(void)
{
	return scene.world->ops->wall(scene.world);
}

static void tell_end(const char *name, const char *target_id, int64_t at_ms)
{
	cr_assert_eq(fake_target_tell_end(scene.target, name, target_id, at_ms), 0);
}

/* Kept for long enough that whose duty restarts are has been told, and looks take their time. */
static void keep_with_slow_looks(void)
{
	deploy(RESTARTED);
	keep();
	pass(10 * SECOND);
	fake_target_time(scene.target, FAKE_LOOK, 500);
}

Test(keep_ends, what_is_told_to_have_ended_is_started_before_anybody_looks)
{
	keep_with_slow_looks();
	fake_target_time(scene.target, FAKE_START, 1000);
	size_t before = starts(), looked = looks();
	kill_it("app.web.1");
	pass(20);
	cr_assert_eq(starts(), before + 1);
	cr_assert_eq(looks(), looked);
	pass(5 * SECOND);
	cr_assert_gt(looks(), looked, "what came of it is looked at");
	runs("app.web.1");
	let_go();
}

Test(keep_ends, an_end_is_recorded_as_it_was_told)
{
	keep_with_slow_looks();
	kill_it("app.web.1");
	cr_assert_eq(fake_target_exit(scene.target, "app.db.1", -9), 0);
	pass(SECOND);
	json_t *document = NULL;
	struct berth_request request = {.size = sizeof request, .app = "app"};
	cr_assert_eq(scene_request(&scene, berth_events, &request, &document), BERTH_OK);
	owned_memory char *text = json_dumps(document, JSON_COMPACT);
	cr_assert_not_null(strstr(text, "with code 137"), "%s", text);
	cr_assert_not_null(strstr(text, "killed by SIGKILL"), "%s", text);
	json_decref(document);
}

Test(keep_ends, an_end_that_is_told_twice_is_one)
{
	keep_with_slow_looks();
	size_t before = starts();
	owned_memory char *id = strdup(there("app.web.1")->target_id);
	int64_t at_ms = wall();
	kill_it("app.web.1");
	tell_end("app.web.1", id, at_ms);
	pass(5);
	tell_end("app.web.1", id, at_ms);
	pass(MINUTE);
	cr_assert_eq(starts(), before + 1, "told:\n%s", told);
	runs("app.web.1");
}

Test(keep_ends, an_end_that_is_told_when_it_runs_again_is_not_followed)
{
	keep_with_slow_looks();
	owned_memory char *id = strdup(there("app.web.1")->target_id);
	int64_t at_ms = wall();
	kill_it("app.web.1");
	pass(10 * SECOND);
	size_t before = starts();
	for (int i = 0; i < 5; i++) {
		tell_end("app.web.1", id, at_ms);
		pass(10 * SECOND);
	}
	cr_assert_eq(starts(), before, "told:\n%s", told);
	cr_assert_eq(times_told("restarted, try"), 1, "told:\n%s", told);
}

Test(keep_ends, an_end_from_before_it_was_listed_is_not_followed)
{
	keep_with_slow_looks();
	owned_memory char *id = strdup(there("app.web.1")->target_id);
	int64_t at_ms = wall();
	kill_it("app.web.1");
	pass(10 * SECOND);
	fake_target_event(scene.target, "app", NULL);
	pass(10 * SECOND);
	size_t before = starts();
	tell_end("app.web.1", id, at_ms);
	pass(10 * SECOND);
	cr_assert_eq(starts(), before, "told:\n%s", told);
}

Test(keep_ends, the_end_of_another_one_under_its_name_is_not_followed)
{
	keep_with_slow_looks();
	size_t before = starts();
	tell_end("app.web.1", there("app.db.1")->target_id, wall());
	tell_end("app.web.1", "another", wall());
	pass(10 * SECOND);
	cr_assert_eq(starts(), before, "told:\n%s", told);
}

Test(keep_ends, an_end_that_never_was_does_no_harm)
{
	keep_with_slow_looks();
	size_t placed = fake_target_calls(scene.target, FAKE_PLACE);
	size_t stopped = fake_target_calls(scene.target, FAKE_STOP);
	unsigned exits = there("app.web.1")->exits;
	tell_end("app.web.1", there("app.web.1")->target_id, wall());
	pass(MINUTE);
	runs("app.web.1");
	cr_assert_eq(there("app.web.1")->exits, exits);
	cr_assert_eq(fake_target_calls(scene.target, FAKE_PLACE), placed);
	cr_assert_eq(fake_target_calls(scene.target, FAKE_STOP), stopped);
}

Test(keep_ends, an_end_that_we_bring_about_is_no_other_failure)
{
	deploy(CHECKED);
	keep();
	pass(10 * SECOND);
	fake_target_time(scene.target, FAKE_STOP, 2000);
	sick(true);
	size_t stopped = fake_target_calls(scene.target, FAKE_STOP), before = starts();
	while (fake_target_calls(scene.target, FAKE_STOP) == stopped)
		pass(SECOND);
	owned_memory char *id = strdup(there("app.web.1")->target_id);
	int64_t at_ms = wall();
	tell_end("app.web.1", id, at_ms);
	pass(500);
	cr_assert_eq(starts(), before, "it is stopped first");
	sick(false);
	pass(30 * SECOND);
	tell_end("app.web.1", id, at_ms); /* late */
	pass(5 * MINUTE);
	cr_assert_eq(starts(), before + 1, "told:\n%s", told);
	runs("app.web.1");
}

Test(keep_ends, after_an_end_was_told_whatever_is_told_is_looked_at_first)
{
	keep_with_slow_looks();
	size_t before = starts();
	kill_it("app.web.1");
	fake_target_event(scene.target, "app", "app.web.1");
	pass(100);
	cr_assert_eq(starts(), before);
	pass(SECOND);
	cr_assert_eq(starts(), before + 1);
	pass(5 * SECOND);
	runs("app.web.1");
}
