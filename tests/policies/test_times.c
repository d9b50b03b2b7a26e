/* test_times.c - `stop-after` and `periodic`: what is done when a time has come. */
#include "base/json.h"
#include "bench.h"

static struct bench b;

static void end_bench(void)
{
	bench_end(&b);
}

TestSuite(times, .fini = end_bench);

static const struct wish *invoked(void)
{
	return bench_wish(&b, WISH_INVOKE, NULL);
}

static const struct wish *stopped(void)
{
	return bench_wish(&b, WISH_STOP, NULL);
}

Test(times, stop_after_stops_when_the_lifetime_is_over)
{
	bench_begin(&b, "[{\"type\": \"stop-after\", \"lifetime\": \"2h\"}]", 1);
	b.state = LIFE_STARTING;
	bench_step(&b);
	cr_expect_eq(b.wishes.next_ms, INT64_MAX, "it does not run yet");
	b.state = LIFE_RUNNING;
	b.now += HOUR;
	bench_step(&b);
	cr_expect_eq(b.wishes.next_ms, b.now + 2 * HOUR);
	cr_expect_str_eq(bench_said(&b, POLICY_STOP_AFTER), "stops it in 2 h");
	b.state = LIFE_ON_FIRE; /* a short illness does not prolong its life */
	b.now += HOUR;
	bench_step(&b);
	b.state = LIFE_RUNNING;
	b.now += HOUR;
	bench_step(&b);
	cr_assert(stopped());
	cr_expect_str_eq(stopped()->why, "it has been running for its lifetime of 2 h");
	bench_ended(&b, stopped(), OUTCOME_DONE);
	b.now += DAY;
	bench_step(&b);
	cr_expect_null(stopped(), "once");
	b.state = LIFE_STOPPED;
	bench_step(&b);
	b.state = LIFE_RUNNING;
	bench_step(&b);
	cr_expect_eq(b.wishes.next_ms, b.now + 2 * HOUR, "its next life");
}

Test(times, stop_after_tries_again_when_stopping_fails)
{
	bench_begin(&b, "[{\"type\": \"stop-after\", \"lifetime\": \"1s\"}]", 1);
	bench_step(&b);
	b.now += SECOND;
	bench_step(&b);
	bench_ended(&b, stopped(), OUTCOME_FAILED);
	cr_expect_null(stopped());
	b.now = b.wishes.next_ms;
	bench_step(&b);
	cr_expect(stopped());
}

Test(times, brooklyns_looks_from_time_to_time_and_stops_once_for_ever)
{
	static const char policies[] =
	    "[{\"type\": \"org.apache.brooklyn.policy.action.StopAfterDurationPolicy\", "
	    "\"lifetime\": \"40s\"}]";
	bench_begin(&b, policies, 1);
	bench_step(&b);
	cr_expect_eq(b.wishes.next_ms, b.now + 60 * SECOND, "30 s is the period it looks at");
	b.now += 30 * SECOND;
	bench_restart(&b, policies);
	bench_step(&b);
	b.now += 30 * SECOND;
	bench_step(&b);
	cr_assert(stopped());
	bench_ended(&b, stopped(), OUTCOME_DONE);
	b.state = LIFE_STOPPED;
	bench_step(&b);
	b.state = LIFE_RUNNING;
	b.now += DAY;
	bench_step(&b);
	cr_expect_null(stopped());
}

Test(times, brooklyns_stops_at_the_look_that_comes_when_its_time_is_just_up)
{
	bench_begin(&b,
		    "[{\"type\": \"org.apache.brooklyn.policy.action.StopAfterDurationPolicy\", "
		    "\"lifetime\": \"60s\"}]",
		    1);
	bench_step(&b);
	cr_expect_eq(b.wishes.next_ms, b.now + 60 * SECOND);
	b.now += 60 * SECOND;
	bench_step(&b);
	cr_expect(stopped());
}

Test(times, a_lifetime_may_be_for_ever)
{
	bench_begin(&b, "[{\"type\": \"stop-after\", \"lifetime\": \"forever\"}]", 1);
	bench_step(&b);
	b.now += 365 * DAY;
	bench_step(&b);
	cr_expect_null(stopped());
}

Test(times, an_effector_is_invoked_each_period_once_it_is_up)
{
	bench_begin(&b,
		    "[{\"type\": \"periodic\", \"effector\": \"backup\", \"period\": \"10m\", \"args\": "
		    "{\"to\": \"/b\"}}]",
		    1);
	b.up = false;
	bench_step(&b);
	cr_expect_eq(b.wishes.next_ms, INT64_MAX);
	b.up = true;
	bench_step(&b);
	cr_expect_eq(b.wishes.next_ms, b.now + 10 * MINUTE);
	int64_t began = b.now;
	for (int i = 1; i <= 3; i++) {
		b.now = b.wishes.next_ms + 20; /* whoever calls is late */
		bench_step(&b);
		cr_assert(invoked());
		cr_expect_str_eq(invoked()->what, "backup");
		cr_expect_str_eq(json_string_value(json_object_get(invoked()->arguments, "to")), "/b");
		cr_expect_eq(b.now, began + i * 10 * MINUTE + 20, "the periods do not move");
		bench_ended(&b, invoked(), OUTCOME_DONE);
	}
}

Test(times, a_run_ends_before_the_next_begins_and_nothing_is_caught_up)
{
	bench_begin(&b, "[{\"type\": \"periodic\", \"effector\": \"backup\", \"period\": \"1m\"}]", 1);
	bench_step(&b);
	int64_t began = b.now;
	b.now += MINUTE;
	bench_step(&b);
	uint64_t id = invoked()->id;
	b.now += 3 * MINUTE + 30 * SECOND;
	bench_step(&b);
	cr_expect_eq(invoked()->id, id, "it is still under way");
	bench_ended(&b, invoked(), OUTCOME_DONE);
	cr_expect_null(invoked());
	cr_expect(bench_wish(&b, WISH_REPORT, NULL), "what was left out is told");
	cr_expect_eq(b.wishes.next_ms, began + 5 * MINUTE);
}

Test(times, a_failing_effector_is_reported_and_tried_at_its_next_time)
{
	bench_begin(&b, "[{\"type\": \"periodic\", \"effector\": \"backup\", \"period\": \"1m\"}]", 1);
	bench_step(&b);
	b.now += MINUTE;
	bench_step(&b);
	bench_ended(&b, invoked(), OUTCOME_FAILED);
	cr_expect_str_eq(bench_wish(&b, WISH_REPORT, NULL)->why,
			 "effector backup failed: it would not start");
	b.now += MINUTE;
	bench_step(&b);
	cr_expect(invoked());
}

Test(times, the_first_time_is_a_time_of_the_local_day)
{
	bench_begin(
	    &b,
	    "[{\"type\": \"periodic\", \"effector\": \"x\", \"period\": \"1 day\", \"time\": \"08:00:00\"}]",
	    1);
	b.now = 20000 * DAY + 7 * HOUR;
	b.zone_ms = 2 * HOUR; /* it is 9 o'clock there */
	bench_step(&b);
	cr_expect_eq(b.wishes.next_ms, 20001 * DAY + 6 * HOUR);
	bench_end(&b);
	bench_begin(&b, "[{\"type\": \"periodic\", \"effector\": \"x\", \"time\": \"now\"}]", 1);
	bench_step(&b);
	cr_expect(invoked());
	bench_end(&b);
	bench_begin(&b, "[{\"type\": \"periodic\", \"effector\": \"x\", \"wait\": \"5s\"}]", 1);
	bench_step(&b);
	cr_expect_eq(b.wishes.next_ms, b.now + 5 * SECOND);
}

Test(times, a_schedule_is_of_the_local_time)
{
	static const char policies[] =
	    "[{\"type\": \"periodic\", \"effector\": \"x\", \"schedule\": \"30 3 * * *\"}]";
	bench_begin(&b, policies, 1);
	b.now = 20000 * DAY;
	b.zone_ms = HOUR;
	bench_step(&b);
	cr_expect_eq(b.wishes.next_ms, 20000 * DAY + 2 * HOUR + 30 * MINUTE);
	b.now = b.wishes.next_ms;
	bench_step(&b);
	cr_assert(invoked());
	bench_ended(&b, invoked(), OUTCOME_DONE);
	cr_expect_null(invoked(), "once in that minute");
	cr_expect_eq(b.wishes.next_ms, 20001 * DAY + 2 * HOUR + 30 * MINUTE);
	/* Nobody was there the next night. */
	b.now += DAY + HOUR;
	bench_restart(&b, policies);
	bench_step(&b);
	cr_expect_null(invoked());
	cr_assert(bench_wish(&b, WISH_REPORT, NULL));
	cr_expect_str_eq(bench_wish(&b, WISH_REPORT, NULL)->why, "effector x was due 1 h ago: left out");
	cr_expect_eq(b.wishes.next_ms, 20002 * DAY + 2 * HOUR + 30 * MINUTE);
}

Test(times, what_is_due_while_the_component_is_down_is_left_out)
{
	bench_begin(&b, "[{\"type\": \"periodic\", \"effector\": \"x\", \"period\": \"1m\"}]", 1);
	bench_step(&b);
	b.up = false;
	b.now += MINUTE;
	bench_step(&b);
	cr_expect_null(invoked());
	cr_expect(bench_wish(&b, WISH_REPORT, NULL));
}

/* --- Brooklyn's ---------------------------------------------------------------------------------------- */

#define CLASSIC "org.apache.brooklyn.policy.action.PeriodicEffectorPolicy"
static const char each_minute[] =
    "[{\"type\": \"" CLASSIC "\", \"effector\": \"backup\", \"period\": \"1m\"}]";

Test(times, brooklyns_makes_up_for_what_came_while_a_run_was_under_way)
{
	bench_begin(&b, each_minute, 1);
	bench_step(&b);
	int64_t began = b.now;
	b.now += MINUTE;
	bench_step(&b);
	cr_assert(invoked());
	b.now += 2 * MINUTE + 30 * SECOND;
	bench_ended(&b, invoked(), OUTCOME_DONE);
	cr_assert(invoked(), "that of the second minute");
	b.now += SECOND;
	bench_restart(&b, each_minute);
	bench_step(&b);
	cr_assert(invoked(), "it is the same");
	bench_ended(&b, invoked(), OUTCOME_DONE);
	cr_assert(invoked(), "that of the third one");
	bench_ended(&b, invoked(), OUTCOME_DONE);
	cr_expect_null(invoked());
	cr_expect_eq(b.wishes.next_ms, began + 4 * MINUTE);
	cr_expect_null(bench_wish(&b, WISH_REPORT, NULL), "nothing was left out");
}

Test(times, brooklyns_does_not_make_up_for_the_time_when_nobody_was_there)
{
	bench_begin(&b, each_minute, 1);
	bench_step(&b);
	b.now += DAY;
	bench_restart(&b, each_minute);
	bench_step(&b);
	cr_expect_null(invoked());
	cr_expect(bench_wish(&b, WISH_REPORT, NULL));
	cr_expect_eq(b.wishes.next_ms, b.now + MINUTE);
}

Test(times, brooklyns_ends_with_the_first_run_that_fails)
{
	bench_begin(&b, each_minute, 1);
	bench_step(&b);
	b.now += MINUTE;
	bench_step(&b);
	bench_ended(&b, invoked(), OUTCOME_FAILED);
	cr_expect_str_eq(bench_wish(&b, WISH_REPORT, NULL)->why,
			 "effector backup failed, and is not invoked any more: it would not start");
	bench_restart(&b, each_minute);
	policy_set_suspend(b.set, bench_index(&b, POLICY_PERIODIC), true);
	policy_set_suspend(b.set, bench_index(&b, POLICY_PERIODIC), false);
	b.now += HOUR;
	bench_step(&b);
	cr_expect_null(invoked());
	cr_expect_eq(b.wishes.next_ms, INT64_MAX);
	cr_expect_str_eq(bench_said(&b, POLICY_PERIODIC),
			 "does not invoke backup any more, because it failed");
	/* Whoever wants it again sets its period. */
	owned_json period = json_string("2m");
	struct error err = {0};
	cr_assert_eq(policy_set_configure(b.set, bench_index(&b, POLICY_PERIODIC), "period", period, &err),
		     0);
	bench_step(&b);
	cr_expect_null(invoked(), "not for a time that is past");
	b.now = b.wishes.next_ms;
	bench_step(&b);
	cr_expect(invoked());
}

Test(times, brooklyns_goes_on_when_a_run_was_given_up_for_a_change)
{
	bench_begin(&b, each_minute, 1);
	bench_step(&b);
	b.now += MINUTE;
	bench_step(&b);
	bench_ended(&b, invoked(), OUTCOME_GIVEN_UP);
	cr_expect(bench_wish(&b, WISH_REPORT, NULL));
	b.now += MINUTE;
	bench_step(&b);
	cr_expect(invoked());
}

Test(times, what_came_while_it_was_suspended_is_left_out_however_late)
{
	const char *types[] = {CLASSIC, "periodic"};
	for (size_t i = 0; i < 2; i++) {
		char policies[200];
		snprintf(policies, sizeof policies,
			 "[{\"type\": \"%s\", \"effector\": \"x\", \"period\": \"1m\"}]", types[i]);
		bench_begin(&b, policies, 1);
		bench_step(&b);
		int64_t began = b.now;
		policy_set_suspend(b.set, bench_index(&b, POLICY_PERIODIC), true);
		b.now += MINUTE + SECOND;
		bench_step(&b);
		policy_set_suspend(b.set, bench_index(&b, POLICY_PERIODIC), false);
		bench_step(&b);
		cr_expect_null(invoked(), "%s", types[i]);
		cr_expect_eq(b.wishes.next_ms, began + 2 * MINUTE, "%s", types[i]);
		bench_end(&b);
	}
}
