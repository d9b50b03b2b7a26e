/* test_targets.c - a place that many applications are kept at: watched once, listed once for all of them, and
 * not asked for more at one time than does good there. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/targets.h"
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

TestSuite(targets, .init = raise_curtain, .fini = drop_curtain);

#define SECOND 1000
#define MINUTE (60 * SECOND)

static void deploy(unsigned count)
{
	for (unsigned i = 1; i <= count; i++) {
		char blueprint[256];
		snprintf(blueprint, sizeof blueprint,
			 "id: app%u\nlocation: fake\nservices:\n"
			 "- {type: 'docker:web:1', id: web, policies: [{type: restarter}]}\n",
			 i);
		cr_assert_eq(scene_run(&scene, berth_deploy, blueprint, NULL), BERTH_OK, "%s", scene.events);
	}
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

static bool ready(void *nothing)
{
	(void)nothing;
	return berth_keep_ready(keeper);
}

static void begin(void)
{
	struct berth_error error;
	keeper = berth_keep(scene.berth, NULL, NULL, &error);
	cr_assert_not_null(keeper, "%s", error.text);
	cr_assert(virtual_world_run(scene.world, ready, NULL, MINUTE), "it does not get ready");
}

/* Kept once before, so that nothing has to be told to the target any more. */
static void keep(void)
{
	begin();
	pass(5 * SECOND);
	berth_operation_free(give(keeper));
	begin();
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
	berth_operation_free(give(keeper));
}

static size_t calls(enum fake_call call)
{
	return fake_target_calls(scene.target, call);
}

static void kill_it(unsigned application)
{
	char name[64];
	snprintf(name, sizeof name, "app%u.web.1", application);
	cr_assert_eq(fake_target_exit(scene.target, name, 137), 0, "%s is not there", name);
}

static bool runs(unsigned application)
{
	char name[64];
	snprintf(name, sizeof name, "app%u.web.1", application);
	const struct observed *seen = fake_target_find(scene.target, name);
	return seen && seen->state == SEEN_RUNNING;
}

static void misses_something(unsigned application)
{
	char app[32];
	snprintf(app, sizeof app, "app%u", application);
	fake_target_event(scene.target, app, NULL);
}

Test(targets, three_hundred_applications_are_one_place_that_is_listed_once)
{
	enum { COUNT = 300 };
	deploy(COUNT);
	begin();
	pass(5 * SECOND);
	berth_operation_free(give(keeper));
	cr_assert_null(scene.berth->targets, "the last one who used it closes it");
	size_t listings = calls(FAKE_LIST);
	begin();
	pass(SECOND);
	cr_assert_eq(calls(FAKE_LIST), listings + 1);
	const struct target *target = scene.berth->targets;
	cr_assert(target && !target->next, "one place for all");
	cr_assert_eq(target->users, COUNT);
	for (unsigned i = 1; i <= COUNT; i += 100)
		kill_it(i);
	pass(5 * SECOND);
	for (unsigned i = 1; i <= COUNT; i++)
		cr_assert(runs(i), "app%u does not run", i);
	cr_assert_eq(calls(FAKE_LIST), listings + 1, "what is told of by name needs no listing");
}

Test(targets, an_event_reaches_who_holds_that_application_and_nobody_else)
{
	deploy(3);
	keep();
	pass(SECOND);
	size_t looks = calls(FAKE_LOOK), starts = calls(FAKE_START);
	fake_target_event(scene.target, "app2", "app2.web.1");
	pass(SECOND);
	cr_assert_eq(calls(FAKE_LOOK), looks + 1);
	kill_it(3);
	pass(5 * SECOND);
	cr_assert(runs(3));
	cr_assert_eq(calls(FAKE_START), starts + 1);
}

Test(targets, what_all_of_them_missed_is_one_listing)
{
	deploy(20);
	keep();
	pass(SECOND);
	size_t listings = calls(FAKE_LIST);
	for (unsigned i = 1; i <= 20; i++)
		misses_something(i);
	pass(SECOND);
	cr_assert_eq(calls(FAKE_LIST), listings + 1);
	misses_something(7);
	pass(SECOND);
	cr_assert_eq(calls(FAKE_LIST), listings + 2, "one alone is listed alone");
}

Test(targets, who_asks_while_a_listing_is_under_way_gets_a_later_one)
{
	deploy(20);
	keep();
	pass(SECOND);
	size_t listings = calls(FAKE_LIST);
	fake_target_time(scene.target, FAKE_LIST, 500);
	for (unsigned i = 1; i <= 10; i++)
		misses_something(i);
	pass(100);
	for (unsigned i = 11; i <= 20; i++) {
		kill_it(i);
		misses_something(i);
	}
	pass(10 * SECOND);
	cr_assert_eq(calls(FAKE_LIST), listings + 2);
	for (unsigned i = 1; i <= 20; i++)
		cr_assert(runs(i), "app%u does not run", i);
}

Test(targets, a_place_that_cannot_be_listed_is_asked_again_for_all_at_once)
{
	deploy(20);
	keep();
	pass(SECOND);
	size_t listings = calls(FAKE_LIST);
	fake_target_unreachable(scene.target, true);
	for (unsigned i = 1; i <= 20; i++)
		kill_it(i);
	fake_target_unreachable(scene.target, false);
	fake_target_rule(scene.target,
			 &(struct fake_rule){.call = FAKE_LIST,
					     .times = 1,
					     .error = {.code = ERR_UNREACHABLE, .text = "gone"}});
	for (unsigned i = 1; i <= 20; i++)
		misses_something(i);
	pass(30 * SECOND);
	cr_assert_eq(calls(FAKE_LIST), listings + 2);
	for (unsigned i = 1; i <= 20; i++)
		cr_assert(runs(i), "app%u does not run", i);
}

Test(targets, an_operation_beside_those_that_are_kept_uses_the_same_place)
{
	deploy(2);
	keep();
	pass(SECOND);
	const struct target *target = scene.berth->targets;
	cr_assert_eq(target->users, 2);
	struct berth_request request = {.size = sizeof request, .app = "app1", .wait_for = "gone"};
	struct berth_operation *beside = berth_wait(scene.berth, &request, NULL, NULL);
	cr_assert_not_null(beside);
	pass(SECOND);
	cr_assert(!berth_done(beside), "%s", berth_message(beside));
	cr_assert_eq(scene.berth->targets, target);
	cr_assert_eq(target->users, 3);
	size_t listings = calls(FAKE_LIST);
	kill_it(1);
	pass(5 * SECOND);
	cr_assert(runs(1), "who keeps it is told");
	cr_assert_gt(calls(FAKE_LIST), listings, "and so is who waits for it");
	berth_operation_free(beside);
	cr_assert_eq(target->users, 2);
	kill_it(1);
	pass(10 * SECOND);
	cr_assert(runs(1), "and is told on when the other one has gone");
	let_go();
	cr_assert_null(scene.berth->targets);
}

Test(targets, who_comes_to_what_is_watched_already_is_told_to_list)
{
	deploy(1);
	keep();
	pass(SECOND);
	fake_target_time(scene.target, FAKE_LIST, 100);
	struct berth_request request = {.size = sizeof request, .app = "app1", .wait_for = "gone"};
	struct berth_operation *beside = berth_wait(scene.berth, &request, NULL, NULL);
	size_t listings = calls(FAKE_LIST);
	pass(SECOND);
	cr_assert_geq(calls(FAKE_LIST), listings + 2, "what happened between its listing and its watch");
	berth_operation_free(beside);
}

Test(targets, of_many_that_end_at_once_so_many_are_started_at_one_time_as_does_good_there)
{
	enum { COUNT = 50 };
	deploy(COUNT);
	keep();
	pass(SECOND);
	unsigned most = fake_driver.capabilities.calls_in_flight;
	size_t before = calls(FAKE_START);
	fake_target_time(scene.target, FAKE_START, SECOND);
	for (unsigned i = 1; i <= COUNT; i++)
		kill_it(i);
	for (unsigned i = 1; i * most <= COUNT; i++) {
		pass(i == 1 ? SECOND / 2 : SECOND);
		cr_assert_eq(calls(FAKE_START) - before, i * most, "%zu after %u rounds",
			     calls(FAKE_START) - before, i);
	}
	pass(5 * SECOND);
	for (unsigned i = 1; i <= COUNT; i++)
		cr_assert(runs(i), "app%u does not run", i);
}

/* One that ends while it has a slot, or waits for one, leaves them to the others. */
Test(targets, who_is_let_go_in_the_middle_keeps_nobody_waiting)
{
	enum { COUNT = 20 };
	deploy(COUNT);
	keep();
	pass(SECOND);
	fake_target_time(scene.target, FAKE_START, 2 * SECOND);
	for (unsigned i = 1; i <= COUNT; i++)
		kill_it(i);
	pass(SECOND);
	for (unsigned i = 1; i <= COUNT; i += 2) {
		char app[32];
		snprintf(app, sizeof app, "app%u", i);
		struct berth_request request = {.size = sizeof request, .app = app, .volumes = true};
		cr_assert_eq(scene_request(&scene, berth_destroy, &request, NULL), BERTH_OK, "%s",
			     scene.events);
	}
	pass(20 * SECOND);
	for (unsigned i = 2; i <= COUNT; i += 2)
		cr_assert(runs(i), "app%u does not run", i);
	cr_assert_eq(fake_target_instances(scene.target), COUNT / 2);
	cr_assert_eq(scene.berth->targets->users, COUNT / 2);
	cr_assert_eq(scene.berth->targets->changes.flying, 0);
}

/* Two names of one place: its driver is told by which of them each instance was placed. */
Test(targets, each_instance_has_the_options_of_the_name_that_it_was_placed_by)
{
	json_t *document = NULL;
	cr_assert_eq(
	    scene_run(&scene, berth_deploy,
		      "id: app\nlocations:\n  small: {fake: {delay: 1}}\n  large: {fake: {delay: 2}}\n"
		      "services:\n- {type: 'docker:x:1', id: one, location: small}\n"
		      "- {type: 'docker:x:1', id: two, location: large}\n",
		      &document),
	    BERTH_OK);
	json_decref(document);
	cr_expect_str_eq(fake_target_machine(scene.target, "app.one.1"), "{\"delay\":1}");
	cr_expect_str_eq(fake_target_machine(scene.target, "app.two.1"), "{\"delay\":2}");
}
