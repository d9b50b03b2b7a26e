/* test_replacer.c - `replacer`: what stays not well gets a new instance; it never goes deaf, and what was
 * replaced is no failure. */
#include "bench.h"

static struct bench b;

static void end_bench(void)
{
	bench_end(&b);
}

TestSuite(replacer, .fini = end_bench);

static const char alone[] = "[{\"type\": \"replacer\", \"jitter\": 0}]";
static const char *const one = "app.x.1";

static const struct wish *replace(void)
{
	return bench_wish(&b, WISH_REPLACE, one);
}

Test(replacer, alone_it_replaces_what_fails)
{
	bench_begin(&b, alone, 3);
	bench_step(&b);
	bench_up(&b, 0, false);
	cr_assert(replace(), "Brooklyn's does nothing without a restarter");
	cr_expect_eq(replace()->max_parallel, 1);
	b.members[0].up = UP_YES;
	bench_ended(&b, replace(), OUTCOME_DONE);
	cr_expect_null(replace());
	cr_expect_null(bench_wish(&b, WISH_PROBLEM, NULL), "nothing remains of it");
}

Test(replacer, beside_a_restarter_it_takes_over_when_the_breaker_opens)
{
	bench_begin(
	    &b, "[{\"type\": \"replacer\"}, {\"type\": \"restarter\", \"jitter\": 0, \"breakerAfter\": 2}]",
	    3);
	bench_step(&b);
	bench_up(&b, 0, false);
	cr_expect_null(replace(), "it is restarted first");
	bench_ended(&b, bench_wish(&b, WISH_RESTART, one), OUTCOME_FAILED);
	b.now += SECOND;
	bench_step(&b);
	cr_expect_null(replace());
	bench_ended(&b, bench_wish(&b, WISH_RESTART, one), OUTCOME_FAILED);
	cr_assert(replace(), "two restarts failed");
	b.now += HOUR;
	bench_step(&b);
	cr_expect_null(bench_wish(&b, WISH_RESTART, one), "one of the two at a time");
	b.members[0].up = UP_YES;
	bench_ended(&b, replace(), OUTCOME_DONE);
	cr_expect_null(replace());
}

Test(replacer, never_goes_deaf)
{
	bench_begin(
	    &b, "[{\"type\": \"replacer\", \"jitter\": 0, \"backoffMax\": \"2m\", \"breakerPause\": \"2m\"}]",
	    3);
	bench_step(&b);
	bench_up(&b, 0, false);
	for (int i = 0; i < 40; i++) {
		cr_assert(replace(), "try %d", i);
		bench_ended(&b, replace(), OUTCOME_FAILED);
		cr_assert_lt(b.wishes.next_ms, INT64_MAX);
		b.now = b.wishes.next_ms;
		bench_step(&b);
	}
	cr_expect_gt(b.now, 1000000 + HOUR, "long after the first failure is out of any window");
}

Test(replacer, a_second_report_of_one_that_was_replaced_is_nothing)
{
	bench_begin(&b, "[{\"type\": \"replacer\", \"failureSensorToMonitor\": \"app.broken\"}]", 3);
	bench_step(&b);
	bench_signal(&b, "app.broken", one);
	cr_assert(replace());
	bench_signal(&b, "app.broken", one);
	cr_expect_eq(bench_count(&b, WISH_REPLACE), 1);
	bench_ended(&b, replace(), OUTCOME_DONE);
	cr_expect_null(replace());
	cr_expect_not(bench_emitted(&b, "ha.entityFailed.replacement"),
		      "Brooklyn sets the healthy group on fire");
	b.now += HOUR;
	bench_step(&b);
	cr_expect_null(replace(), "also later");
	bench_signal(&b, "app.broken", "app.x.99");
	cr_expect_eq(b.wishes.count, 0, "of a stranger");
}

Test(replacer, the_old_one_that_does_not_stop_is_no_failure)
{
	bench_begin(&b, alone, 3);
	bench_step(&b);
	bench_up(&b, 0, false);
	b.members[0].up = UP_YES;
	bench_ended(&b, replace(), OUTCOME_OLD_STAYS);
	b.now += HOUR;
	bench_step(&b);
	cr_expect_null(replace());
}

/* --- Brooklyn's, where the recorded series say less ------------------------------------------- */

static const char classic[] =
    "[{\"type\": \"org.apache.brooklyn.policy.ha.ServiceReplacer\", "
    "\"failOnRecurringFailuresInThisDuration\": 60000, \"failOnNumRecurringFailures\": 3}]";

Test(replacer, brooklyns_hears_nothing_more_once_a_failure_is_old)
{
	bench_begin(&b, classic, 3);
	bench_signal(&b, "ha.entityFailed.restart", one);
	bench_ended(&b, replace(), OUTCOME_FAILED);
	cr_expect(bench_emitted(&b, "ha.entityFailed.replacement"));
	b.now += MINUTE;
	bench_signal(&b, "ha.entityFailed.restart", one);
	cr_expect(replace(), "at the window's end the failure still counts");
	bench_ended(&b, replace(), OUTCOME_DROPPED);
	b.now += 1;
	bench_signal(&b, "ha.entityFailed.restart", one);
	cr_expect_null(replace());
	b.now += DAY;
	bench_signal(&b, "ha.entityFailed.restart", "app.x.2");
	cr_expect_null(bench_wish(&b, WISH_REPLACE, NULL));
}

Test(replacer, brooklyns_counts_failures_until_one_succeeds)
{
	bench_begin(&b, classic, 3);
	for (int i = 0; i < 2; i++) {
		bench_signal(&b, "ha.entityFailed.restart", one);
		bench_ended(&b, replace(), OUTCOME_FAILED);
	}
	bench_signal(&b, "ha.entityFailed.restart", one);
	bench_ended(&b, replace(), OUTCOME_OLD_STAYS);
	bench_signal(&b, "ha.entityFailed.restart", one);
	bench_ended(&b, replace(), OUTCOME_DONE);
	for (int i = 0; i < 3; i++) {
		bench_signal(&b, "ha.entityFailed.restart", one);
		cr_assert(replace(), "failure %d since the success", i);
		bench_ended(&b, replace(), OUTCOME_FAILED);
	}
	bench_restart(&b, classic);
	bench_signal(&b, "ha.entityFailed.restart", one);
	cr_expect_null(replace(), "three failed, also after a restart");
	cr_expect(bench_wish(&b, WISH_REPORT, one), "where Brooklyn only logs");
}

Test(replacer, brooklyns_takes_a_second_report_for_a_failed_replacement)
{
	bench_begin(&b, classic, 3);
	bench_signal(&b, "ha.entityFailed.restart", one);
	bench_signal(&b, "ha.entityFailed.restart", one);
	cr_expect_eq(bench_count(&b, WISH_REPLACE), 1);
	bench_ended(&b, replace(), OUTCOME_DONE);
	cr_expect(bench_emitted(&b, "ha.entityFailed.replacement"));
	cr_expect_str_eq(bench_wish(&b, WISH_PROBLEM, NULL)->what, "ServiceReplacer");
	cr_expect_null(replace());
}

Test(replacer, brooklyns_does_nothing_without_a_restarter)
{
	bench_begin(&b, classic, 3);
	bench_step(&b);
	bench_up(&b, 0, false);
	cr_expect(bench_emitted(&b, "ha.entityFailed"));
	cr_expect_null(replace());
}

Test(replacer, brooklyns_hears_members_alone)
{
	bench_begin(&b, classic, 1);
	bench_signal(&b, "ha.entityFailed.restart", "app.x.2");
	cr_expect_null(bench_wish(&b, WISH_REPLACE, NULL));
}

Test(replacer, a_report_is_done_with_when_the_new_one_serves)
{
	bench_begin(&b, "[{\"type\": \"replacer\", \"failureSensorToMonitor\": \"app.broken\"}]", 3);
	bench_signal(&b, "app.broken", one);
	bench_ended(&b, replace(), OUTCOME_OLD_STAYS);
	b.now += HOUR;
	bench_step(&b);
	cr_expect_null(replace());
	bench_signal(&b, "app.broken", one);
	bench_ended(&b, replace(), OUTCOME_FAILED);
	b.now += HOUR;
	bench_step(&b);
	cr_expect(replace(), "not when there is none");
}

Test(replacer, what_is_out_of_sight_is_left_alone_until_it_is_told_to_count_as_lost)
{
	bench_begin(&b, "[{\"type\": \"replacer\", \"jitter\": 0, \"unseenAfter\": \"10m\"}]", 3);
	bench_step(&b);
	b.members[0].out_of_sight = true;
	bench_step(&b);
	b.now += 9 * MINUTE;
	bench_step(&b);
	cr_expect_null(replace(), "it may be back");
	b.now += MINUTE;
	bench_step(&b);
	cr_assert(replace());
	cr_expect(replace()->unseen);
	b.members[0].out_of_sight = false;
	bench_ended(&b, replace(), OUTCOME_DONE);
	cr_expect_null(replace());
	b.members[0].out_of_sight = true;
	bench_step(&b);
	b.now += 9 * MINUTE;
	bench_step(&b);
	cr_expect_null(replace(), "it counts from the beginning");
}

Test(replacer, what_cannot_be_asked_for_a_fault_of_ours_is_never_lost)
{
	bench_begin(&b, "[{\"type\": \"replacer\", \"jitter\": 0, \"unseenAfter\": \"10m\"}]", 3);
	bench_step(&b);
	b.members[0].out_of_sight = true;
	bench_step(&b);
	b.now += 9 * MINUTE;
	b.members[0].hindered = true;
	bench_step(&b);
	b.now += HOUR;
	bench_step(&b);
	cr_expect_null(replace());
	b.members[0].hindered = false;
	bench_step(&b);
	b.now += 9 * MINUTE;
	bench_step(&b);
	cr_expect_null(replace(), "its silence counts from then");
	b.now += MINUTE;
	bench_step(&b);
	cr_expect(replace());
}

Test(replacer, what_is_out_of_sight_for_ever_is_never_replaced_unasked)
{
	bench_begin(&b, alone, 3);
	bench_step(&b);
	b.members[0].out_of_sight = true;
	bench_step(&b);
	b.now += 100 * HOUR;
	bench_step(&b);
	cr_expect_null(replace());
}
