/* test_keep.c - applications kept as their policies say: what ends runs again, once, and nobody else is
 * touched. */
#include <criterion/criterion.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/hold.h"
#include "engine/keeper.h"
#include "tests/engine/scene.h"

static struct scene scene;
static struct berth_operation *keeper;
static char *told;
static size_t told_size;

static void raise_curtain(void)
{
	scene_open(&scene);
}

static void drop_curtain(void)
{
	berth_operation_free(keeper);
	scene_close(&scene);
	free(told);
}

TestSuite(keep, .init = raise_curtain, .fini = drop_curtain);

#define SECOND 1000
#define MINUTE (60 * SECOND)

#define KEPT(policies)                                                                                       \
	"id: app\nlocation: fake\nservices:\n"                                                               \
	"- {type: 'docker:redis:3', id: db, openPorts: 6379, policies: [" policies "]}\n"                    \
	"- {type: 'docker:front:1', id: web, links: [$brooklyn:component(\"db\")], policies: [" policies     \
	"]}\n"
#define RESTARTED KEPT("{type: restarter}")
#define CLASSIC   KEPT("{type: org.apache.brooklyn.policy.ha.ServiceRestarter}")

static void note(void *context, const struct berth_event *event)
{
	(void)context;
	if (event->kind != BERTH_EVENT_PHASE && event->kind != BERTH_EVENT_WARNING)
		return;
	owned_text line = {0};
	text_format(&line, "%s %s\n", event->kind == BERTH_EVENT_PHASE ? event->instance : "!",
		    event->kind == BERTH_EVENT_PHASE ? event->phase : event->text);
	told = realloc(told, told_size + line.length + 1);
	cr_assert_not_null(told);
	memcpy(told + told_size, text_view(&line), line.length + 1);
	told_size += line.length;
}

static void keep(void)
{
	static const struct berth_listener listener = {.size = sizeof listener, .event = note};
	struct berth_error error;
	keeper = berth_keep(scene.berth, NULL, &listener, &error);
	cr_assert_not_null(keeper, "%s", error.text);
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

static bool over(void *nothing)
{
	(void)nothing;
	return berth_done(keeper);
}

static void let_go(void)
{
	berth_cancel(keeper);
	cr_assert(virtual_world_run(scene.world, over, NULL, 10 * MINUTE), "it does not let go");
	cr_assert_eq(berth_outcome(keeper), BERTH_OK, "%s", berth_message(keeper));
	berth_operation_free(give(keeper));
}

static void deploy(const char *blueprint)
{
	cr_assert_eq(scene_run(&scene, berth_deploy, blueprint, NULL), BERTH_OK, "%s", scene.events);
}

static const struct observed *there(const char *name)
{
	const struct observed *seen = fake_target_find(scene.target, name);
	cr_assert_not_null(seen, "%s is not there; told:\n%s", name, told ? told : "");
	return seen;
}

static void runs(const char *name)
{
	cr_assert_eq(there(name)->state, SEEN_RUNNING, "%s does not run; told:\n%s", name, told ? told : "");
}

static void is_down(const char *name)
{
	cr_assert_neq(there(name)->state, SEEN_RUNNING, "%s runs; told:\n%s", name, told ? told : "");
}

static void kill_it(const char *name)
{
	cr_assert_eq(fake_target_exit(scene.target, name, 137), 0);
}

static size_t starts(void)
{
	return fake_target_calls(scene.target, FAKE_START);
}

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

Test(keep, a_connection_that_fails_restarts_what_runs)
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

Test(keep, what_is_sick_is_restarted_too)
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

static json_t *status_of(const char *app)
{
	json_t *document = NULL;
	struct berth_request request = {.size = sizeof request, .app = app};
	cr_assert_eq(scene_request(&scene, berth_status, &request, &document), BERTH_OK);
	return document;
}

static json_t *first_instance(const json_t *document)
{
	const json_t *component = json_array_get(json_object_get(document, "components"), 0);
	return json_array_get(json_object_get(component, "instances"), 0);
}

static void sick(bool is)
{
	const struct fake_behaviour how = {.component = "app.web", .answers_after_ms = is ? -1 : 0};
	fake_target_behave(scene.target, &how);
}

Test(keep, what_was_sick_and_is_well_is_asked_for_on_and_on)
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

Test(keep, what_was_to_be_asked_for_while_its_location_was_listed_is_asked_afterwards)
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
Test(keep, what_nobody_saw_answer_is_asked_and_remembered)
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

Test(keep, what_runs_and_does_not_answer_its_check_is_unhealthy_until_it_does)
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

/* Why it is ill is written down, told to whoever may read, and sent to others. */
Test(keep, what_a_check_wrote_is_not_told_of_one_that_was_given_secrets)
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

#define CHECKED                                                                                              \
	"id: app\nlocation: fake\nservices:\n"                                                               \
	"- {type: 'docker:a:1', id: web, openPorts: 80, healthCheck: {tcp: {port: 80}, interval: 2s, "       \
	"retries: 2}, policies: [{type: restarter}]}\n"

Test(keep, a_check_that_is_answered_while_all_is_listed_anew_goes_on)
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

Test(keep, a_check_that_its_location_does_not_answer_says_nothing_of_the_instance)
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

Test(keep, a_connection_that_its_location_does_not_answer_says_nothing_either)
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

static size_t times_told(const char *words)
{
	size_t count = 0;
	for (const char *at = told; at && (at = strstr(at, words)); at++)
		count++;
	return count;
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

/* --- ends that a target tells by itself --------------------------------------------------------- */

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

Test(keep, what_is_told_to_have_ended_is_started_before_anybody_looks)
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

Test(keep, an_end_is_recorded_as_it_was_told)
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

Test(keep, an_end_that_is_told_twice_is_one)
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

Test(keep, an_end_that_is_told_when_it_runs_again_is_not_followed)
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

Test(keep, an_end_from_before_it_was_listed_is_not_followed)
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

Test(keep, the_end_of_another_one_under_its_name_is_not_followed)
{
	keep_with_slow_looks();
	size_t before = starts();
	tell_end("app.web.1", there("app.db.1")->target_id, wall());
	tell_end("app.web.1", "another", wall());
	pass(10 * SECOND);
	cr_assert_eq(starts(), before, "told:\n%s", told);
}

Test(keep, an_end_that_never_was_does_no_harm)
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

Test(keep, an_end_that_we_bring_about_is_no_other_failure)
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

Test(keep, after_an_end_was_told_whatever_is_told_is_looked_at_first)
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

Test(keep, replacements_that_are_interrupted_do_not_pile_up_and_go_on)
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

Test(keep, what_an_interrupted_change_left_goes_though_all_is_well_by_now)
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
Test(keep, what_is_kept_and_well_has_no_memory_for_an_error)
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
Test(keep, what_a_listing_tells_goes_with_the_next_one)
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

static char *all_events(void)
{
	const struct berth_request request = {.size = sizeof request, .app = "app"};
	owned_json document = NULL;
	cr_assert_eq(scene_request(&scene, berth_events, &request, &document), BERTH_OK);
	char *line = json_line(document);
	cr_assert_not_null(line);
	return line;
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

Test(keep, what_dies_while_another_one_is_made_anew_is_started_within_seconds)
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

Test(keep, what_was_made_anew_is_kept_as_before)
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

Test(keep, a_making_anew_that_fails_is_tried_again_and_keeps_nobody_from_anything)
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

Test(keep, whoever_changes_the_application_waits_for_what_is_made_anew)
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

Test(keep, it_lets_go_while_something_is_made_anew)
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

Test(keep, an_effector_that_runs_is_not_given_up_because_another_one_is_made_anew)
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

Test(keep, what_is_done_to_one_again_and_again_starves_no_other)
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

Test(keep, what_ends_while_a_deploy_waits_for_others_is_started_by_it)
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

Test(keep, what_ends_while_its_policies_are_suspended_is_not_started_by_a_deploy)
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
