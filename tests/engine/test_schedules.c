/* test_schedules.c - schedules go by the local time of the controller, also on the days on which clocks are
 * changed. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "tests/engine/scene.h"

#define MINUTE INT64_C(60000)
#define HOUR   (60 * MINUTE)
/* The virtual wall clock begins at 15:06:40 UTC; clocks are changed at half past. */
#define BEGUN   INT64_C(1750000000000)
#define CHANGED (BEGUN + 1400 * INT64_C(1000))

static struct scene scene;
static struct berth_operation *keeper;
static size_t before;

static void raise_curtain(void)
{
	scene_open(&scene);
}

static void drop_curtain(void)
{
	berth_operation_free(keeper);
	scene_close(&scene);
}

TestSuite(schedules, .init = raise_curtain, .fini = drop_curtain);

static bool never(void *nothing)
{
	(void)nothing;
	return false;
}

static void pass_until(int64_t moment_ms)
{
	int64_t now_ms = scene.world->ops->wall(scene.world);
	cr_assert_leq(now_ms, moment_ms);
	virtual_world_run(scene.world, never, NULL, moment_ms - now_ms);
}

static void keep_restarting(const char *schedule)
{
	owned_text blueprint = {0};
	struct berth_error error;
	text_format(&blueprint,
		    "id: app\nlocation: fake\nservices:\n- {type: 'docker:a:1', id: web, policies: [{type: "
		    "periodic, effector: restart, schedule: '%s'}]}\n",
		    schedule);
	cr_assert_eq(scene_run(&scene, berth_deploy, text_view(&blueprint), NULL), BERTH_OK, "%s",
		     scene.events);
	keeper = berth_keep(scene.berth, NULL, NULL, &error);
	cr_assert_not_null(keeper, "%s", error.text);
	before = fake_target_calls(scene.target, FAKE_START);
}

static size_t restarts(void)
{
	return fake_target_calls(scene.target, FAKE_START) - before;
}

/* UTC of a time of that day. */
static int64_t utc(int hour, int minute)
{
	return BEGUN - 15 * HOUR - 6 * MINUTE - 40 * 1000 + hour * HOUR + minute * MINUTE;
}

Test(schedules, the_hour_is_the_local_one)
{
	virtual_world_zone(scene.world, 2 * HOUR, INT64_MAX, 0);
	keep_restarting("0 18 * * *");
	pass_until(utc(15, 59));
	cr_assert_eq(restarts(), 0);
	pass_until(utc(16, 1));
	cr_assert_eq(restarts(), 1);
	pass_until(utc(23, 59));
	cr_assert_eq(restarts(), 1);
}

Test(schedules, when_clocks_are_set_forward_the_next_time_comes_sooner)
{
	virtual_world_zone(scene.world, HOUR, CHANGED, 2 * HOUR);
	keep_restarting("0 18 * * *");
	pass_until(utc(15, 59));
	cr_assert_eq(restarts(), 0);
	pass_until(utc(16, 1));
	cr_assert_eq(restarts(), 1);
	pass_until(utc(23, 59));
	cr_assert_eq(restarts(), 1);
}

Test(schedules, when_clocks_are_set_back_the_next_time_comes_later)
{
	virtual_world_zone(scene.world, 2 * HOUR, CHANGED, HOUR);
	keep_restarting("0 18 * * *");
	pass_until(utc(16, 59));
	cr_assert_eq(restarts(), 0);
	pass_until(utc(17, 1));
	cr_assert_eq(restarts(), 1);
}

Test(schedules, an_hour_that_comes_twice_is_there_twice)
{
	virtual_world_zone(scene.world, 2 * HOUR, CHANGED, HOUR);
	keep_restarting("20 17 * * *");
	pass_until(utc(15, 22));
	cr_assert_eq(restarts(), 1);
	pass_until(utc(16, 22));
	cr_assert_eq(restarts(), 2);
	pass_until(utc(23, 59));
	cr_assert_eq(restarts(), 2);
}

Test(schedules, an_hour_that_is_left_out_is_not_there)
{
	virtual_world_zone(scene.world, HOUR, CHANGED, 2 * HOUR);
	keep_restarting("0 17 * * *");
	pass_until(utc(23, 59));
	cr_assert_eq(restarts(), 0);
	pass_until(utc(24 + 15, 1));
	cr_assert_eq(restarts(), 1, "the next day it is");
}
