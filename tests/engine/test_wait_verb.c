/* test_wait_verb.c - `wait` ends when the application is as asked, hears of changes, and does not ask in
 * vain. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/engine/scene.h"

static struct scene scene;

static void raise_curtain(void)
{
	scene_open(&scene);
}

static void drop_curtain(void)
{
	scene_close(&scene);
}

TestSuite(wait_verb, .init = raise_curtain, .fini = drop_curtain);

#define PAIR                                                                                                 \
	"id: app\nlocation: fake\nservices:\n"                                                               \
	"- {type: 'docker:redis:3', id: db, openPorts: 6379}\n"                                              \
	"- {type: 'docker:front:1', id: web, links: [$brooklyn:component(\"db\")]}\n"
#define JOB                                                                                                  \
	"id: app\nlocation: fake\nservices:\n"                                                               \
	"- {type: 'docker:x:1', id: seed, job: true}\n- {type: 'docker:y:1', id: web}\n"

static enum berth_outcome wait_for(const char *goal, int64_t timeout_ms, json_t **ret_document)
{
	struct berth_request request = {
	    .size = sizeof request, .app = "app", .wait_for = goal, .timeout_ms = timeout_ms};
	return scene_request(&scene, berth_wait, &request, ret_document);
}

static void deploy(const char *blueprint)
{
	cr_assert_eq(scene_run(&scene, berth_deploy, blueprint, NULL), BERTH_OK);
}

static const char *error_text(const json_t *document)
{
	const char *text = json_text(json_object_get(document, "error"), "text");
	return text ? text : "";
}

static bool ended(void *operation)
{
	return berth_done(operation);
}

/* A wait that goes on beside other things. */
static struct berth_operation *begin(const char *goal)
{
	struct berth_request request = {.size = sizeof request, .app = "app", .wait_for = goal};
	struct berth_error error;
	struct berth_operation *operation = berth_wait(scene.berth, &request, NULL, &error);
	cr_assert_not_null(operation);
	return operation;
}

static void pass(int64_t ms)
{
	virtual_world_run(scene.world, NULL, NULL, ms);
}

static void expect_end(struct berth_operation *operation, enum berth_outcome outcome)
{
	cr_assert(virtual_world_run(scene.world, ended, operation, 60000), "it never ends");
	cr_expect_eq(berth_outcome(operation), outcome, "%s", berth_message(operation));
	berth_operation_free(operation);
}

static size_t lists(void)
{
	return fake_target_calls(scene.target, FAKE_LIST);
}

Test(wait_verb, what_runs_is_not_waited_for)
{
	json_t *document = NULL;
	deploy(PAIR);
	size_t before = lists();
	cr_assert_eq(wait_for(NULL, 0, &document), BERTH_OK);
	cr_expect_str_eq(json_text(document, "state"), "running");
	cr_expect_eq(json_array_size(json_object_get(document, "components")), 2);
	cr_expect_eq(lists(), before + 1);
	json_decref(document);
}

Test(wait_verb, it_hears_when_what_was_gone_is_there_again_and_hardly_asks_meanwhile)
{
	deploy(PAIR);
	cr_assert_eq(fake_target_vanish(scene.target, "app.db.1"), 0);
	struct berth_operation *waiting = begin("running");
	pass(1000);
	cr_assert_not(berth_done(waiting));
	size_t before = lists();
	pass(10 * 60 * 1000);
	cr_expect_leq(lists() - before, 60, "%zu listings in ten minutes", lists() - before);
	int64_t began = scene.world->ops->now(scene.world);
	deploy(PAIR);
	expect_end(waiting, BERTH_OK);
	cr_expect_lt(scene.world->ops->now(scene.world) - began, 2000, "it was told");
}

Test(wait_verb, what_is_missing_when_the_time_is_over_is_named)
{
	json_t *document = NULL;
	deploy(PAIR);
	cr_assert_eq(fake_target_vanish(scene.target, "app.db.1"), 0);
	cr_assert_eq(wait_for("running", 5000, &document), BERTH_TIMED_OUT);
	cr_expect_str_eq(error_text(document), "`app` was not running in time: app.db.1 is absent");
	cr_expect_eq(json_array_size(json_object_get(document, "components")), 2, "as status shows it");
	json_decref(document);
}

/* A deploy that was interrupted before the database answered. */
static void leave_unready(int64_t answers_after_ms)
{
	struct berth_request request = {
	    .size = sizeof request, .blueprint = PAIR, .file = "/b.yaml", .timeout_ms = 1000};
	struct fake_behaviour slow = {.component = "app.db", .answers_after_ms = answers_after_ms};
	cr_assert_eq(fake_target_behave(scene.target, &slow), 0);
	cr_assert_eq(scene_request(&scene, berth_deploy, &request, NULL), BERTH_TIMED_OUT);
}

Test(wait_verb, what_runs_but_was_never_seen_to_answer_is_not_running_until_a_deploy_saw_it)
{
	leave_unready(3000);
	struct berth_operation *waiting = begin("running");
	pass(20000);
	cr_assert_not(berth_done(waiting));
	deploy(PAIR);
	expect_end(waiting, BERTH_OK);
}

#define ONE "id: app\nlocation: fake\nservices:\n- {type: 'docker:redis:3', id: db, openPorts: 6379}\n"

Test(wait_verb, healthy_asks_itself_until_it_answers)
{
	struct fake_behaviour slow = {.component = "app.db", .answers_after_ms = 20000};
	struct berth_request request = {
	    .size = sizeof request, .blueprint = ONE, .file = "/b.yaml", .timeout_ms = 1000};
	json_t *document = NULL;
	cr_assert_eq(fake_target_behave(scene.target, &slow), 0);
	cr_assert_eq(scene_request(&scene, berth_deploy, &request, NULL), BERTH_TIMED_OUT);
	size_t asked = fake_target_calls(scene.target, FAKE_PROBE), listed = lists();
	cr_assert_eq(wait_for("healthy", 0, &document), BERTH_OK);
	cr_expect_str_eq(json_text(document, "state"), "running");
	asked = fake_target_calls(scene.target, FAKE_PROBE) - asked;
	cr_expect(asked > 3 && asked < 20, "asked %zu times", asked);
	cr_expect_leq(lists(), listed + 3);
	cr_expect_eq(fake_target_calls(scene.target, FAKE_ADMIT), 0, "it only looks");
	cr_expect(strstr(scene.events, "app.db.1 starting\n"), "%s", scene.events);
	cr_expect(strstr(scene.events, "app.db.1 running\n"), "%s", scene.events);
	json_decref(document);
}

Test(wait_verb, healthy_counts_from_the_last_change_on)
{
	deploy(PAIR);
	cr_assert_eq(fake_target_crash(scene.target, "app.db.1", 1), 0);
	cr_assert_eq(wait_for("healthy", 0, NULL), BERTH_OK);
	cr_expect_eq(fake_target_find(scene.target, "app.db.1")->state, SEEN_RUNNING);
}

Test(wait_verb, a_running_job_is_as_good_as_a_finished_one_but_not_finished)
{
	struct fake_behaviour job = {.component = "app.seed", .exits = 1, .lives_ms = 5000};
	cr_assert_eq(fake_target_behave(scene.target, &job), 0);
	struct berth_request request = {
	    .size = sizeof request, .blueprint = JOB, .file = "/b.yaml", .timeout_ms = 2000};
	cr_assert_eq(scene_request(&scene, berth_deploy, &request, NULL), BERTH_TIMED_OUT);
	int64_t began = scene.world->ops->now(scene.world);
	cr_expect_eq(wait_for("healthy", 100, NULL), BERTH_OK);
	cr_expect_eq(wait_for("finished", 0, NULL), BERTH_OK);
	cr_expect_gt(scene.world->ops->now(scene.world) - began, 2000);
	cr_expect_eq(wait_for("finished", 100, NULL), BERTH_OK, "and it stays so");
}

Test(wait_verb, a_job_that_failed_is_not_waited_for)
{
	struct fake_behaviour job = {.component = "app.seed", .exits = 1, .exit_code = 3, .lives_ms = 1000};
	json_t *document = NULL;
	cr_assert_eq(fake_target_behave(scene.target, &job), 0);
	cr_assert_eq(scene_run(&scene, berth_deploy, JOB, NULL), BERTH_FAILED);
	cr_expect_eq(wait_for("finished", 0, &document), BERTH_FAILED);
	cr_expect_str_eq(error_text(document), "`app` will not finish: app.seed.1 ended with code 3");
	json_decref(document);
}

Test(wait_verb, what_has_no_job_never_finishes)
{
	deploy(PAIR);
	cr_expect_eq(wait_for("finished", 0, NULL), BERTH_USAGE);
	scene_restart(&scene, false);
	const char *const locations[] = {"fake=fake", NULL};
	struct berth_request request = {
	    .size = sizeof request, .app = "app", .wait_for = "finished", .locations = locations};
	cr_expect_eq(scene_request(&scene, berth_wait, &request, NULL), BERTH_USAGE);
}

Test(wait_verb, gone_is_when_nothing_of_it_is_left)
{
	struct berth_request request = {.size = sizeof request, .app = "app"};
	cr_expect_eq(wait_for("gone", 0, NULL), BERTH_OK, "what nobody knows is gone");
	deploy(PAIR);
	struct berth_operation *waiting = begin("gone");
	pass(5000);
	cr_assert_not(berth_done(waiting));
	fake_target_time(scene.target, FAKE_DISCLAIM, 3000);
	cr_assert_eq(scene_request(&scene, berth_destroy, &request, NULL), BERTH_OK);
	expect_end(waiting, BERTH_OK);
}

Test(wait_verb, a_claim_that_stays_is_something_left)
{
	json_t *document = NULL;
	deploy(PAIR);
	cr_assert_eq(fake_target_vanish(scene.target, "app.db.1"), 0);
	cr_assert_eq(fake_target_vanish(scene.target, "app.web.1"), 0);
	cr_expect_eq(wait_for("gone", 3000, &document), BERTH_TIMED_OUT);
	json_decref(document);
}

Test(wait_verb, one_that_never_answered_is_unreachable)
{
	deploy(PAIR);
	fake_target_unreachable(scene.target, true);
	cr_expect_eq(wait_for("running", 0, NULL), BERTH_UNREACHABLE);
}

Test(wait_verb, one_that_is_silent_for_a_moment_is_borne_with_but_not_for_long)
{
	deploy(PAIR);
	cr_assert_eq(fake_target_vanish(scene.target, "app.db.1"), 0);
	struct berth_operation *waiting = begin("running");
	pass(1000);
	fake_target_unreachable(scene.target, true);
	pass(4000);
	fake_target_unreachable(scene.target, false);
	pass(20000);
	cr_assert_not(berth_done(waiting), "%s", berth_message(waiting));
	fake_target_unreachable(scene.target, true);
	pass(9000);
	cr_assert_not(berth_done(waiting), "%s", berth_message(waiting));
	int64_t began = scene.world->ops->now(scene.world);
	expect_end(waiting, BERTH_UNREACHABLE);
	cr_expect_lt(scene.world->ops->now(scene.world) - began, 15000);
	fake_target_unreachable(scene.target, false);
}

Test(wait_verb, without_the_store_what_is_found_must_run)
{
	const char *const locations[] = {"fake=fake", NULL};
	struct berth_request request = {
	    .size = sizeof request, .app = "app", .locations = locations, .timeout_ms = 1000};
	deploy(PAIR);
	scene_restart(&scene, false);
	cr_expect_eq(scene_request(&scene, berth_wait, &request, NULL), BERTH_OK);
	request.wait_for = "healthy";
	cr_expect_eq(scene_request(&scene, berth_wait, &request, NULL), BERTH_OK);
	cr_assert_eq(fake_target_exit(scene.target, "app.db.1", 1), 0);
	cr_expect_eq(scene_request(&scene, berth_wait, &request, NULL), BERTH_TIMED_OUT);
}

Test(wait_verb, what_nobody_knows_and_what_nobody_can_be_is_refused)
{
	json_t *document = NULL;
	cr_expect_eq(wait_for("running", 0, NULL), BERTH_FAILED);
	cr_expect_eq(wait_for("happy", 0, &document), BERTH_USAGE);
	cr_expect_str_eq(error_text(document), "an application cannot be waited for to be `happy`");
	json_decref(document);
}

Test(wait_verb, an_interrupted_wait_says_so)
{
	deploy(PAIR);
	cr_assert_eq(fake_target_vanish(scene.target, "app.db.1"), 0);
	struct berth_operation *waiting = begin("running");
	pass(1000);
	berth_cancel(waiting);
	expect_end(waiting, BERTH_INTERRUPTED);
}
