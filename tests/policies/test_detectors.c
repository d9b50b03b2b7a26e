/* test_detectors.c - what failure detectors tell, and when. */
#include "bench.h"

static struct bench b;

static void end_bench(void)
{
	bench_end(&b);
}

TestSuite(detectors, .fini = end_bench);

static const char *const one = "app.x.1";

Test(detectors, a_failure_is_told_once_and_so_is_its_end)
{
	bench_begin(&b, "[{\"type\": \"failure-detector\"}]", 1);
	bench_step(&b);
	cr_expect_eq(bench_wish(&b, WISH_STATE, one)->life, LIFE_RUNNING);
	bench_up(&b, 0, false);
	cr_assert(bench_emitted(&b, "ha.entityFailed"));
	cr_expect_str_eq(bench_wish(&b, WISH_SIGNAL, one)->why,
			 "app.x.1 is not well: it ended, or its health check fails");
	cr_expect_eq(bench_wish(&b, WISH_STATE, one)->life, LIFE_ON_FIRE);
	bench_step(&b);
	cr_expect_eq(b.wishes.count, 0);
	cr_expect_eq(b.wishes.next_ms, INT64_MAX, "nothing to wait for");
	bench_up(&b, 0, true);
	cr_expect(bench_emitted(&b, "ha.entityRecovered"));
	bench_step(&b);
	cr_expect_eq(b.wishes.count, 0);
}

Test(detectors, what_does_not_last_is_not_told)
{
	bench_begin(
	    &b, "[{\"type\": \"failure-detector\", \"failedAfter\": \"10s\", \"recoveredAfter\": \"5s\"}]",
	    1);
	bench_step(&b);
	bench_up(&b, 0, false);
	cr_expect_eq(b.wishes.next_ms, b.now + 10 * SECOND);
	b.now += 9 * SECOND;
	bench_step(&b);
	cr_expect_not(bench_emitted(&b, "ha.entityFailed"));
	bench_up(&b, 0, true);
	bench_up(&b, 0, false);
	b.now += 9 * SECOND;
	bench_step(&b);
	cr_expect_not(bench_emitted(&b, "ha.entityFailed"), "counted from the last time it was well");
	b.now += SECOND;
	bench_step(&b);
	cr_expect(bench_emitted(&b, "ha.entityFailed"));
	bench_up(&b, 0, true);
	cr_expect_not(bench_emitted(&b, "ha.entityRecovered"));
	b.now += 5 * SECOND;
	bench_step(&b);
	cr_expect(bench_emitted(&b, "ha.entityRecovered"));
}

Test(detectors, what_was_never_up_fails_unless_told_otherwise)
{
	bench_begin(&b, "[{\"type\": \"failure-detector\"}]", 1);
	bench_up(&b, 0, false);
	cr_expect(bench_emitted(&b, "ha.entityFailed"));
	bench_end(&b);
	bench_begin(&b, "[{\"type\": \"failure-detector\", \"onlyIfPreviouslyUp\": true}]", 1);
	bench_up(&b, 0, false);
	cr_expect_not(bench_emitted(&b, "ha.entityFailed"));
	bench_up(&b, 0, true);
	bench_up(&b, 0, false);
	cr_expect(bench_emitted(&b, "ha.entityFailed"));
	bench_expect(&b, 0, LIFE_STOPPED);
	bench_expect(&b, 0, LIFE_RUNNING);
	cr_expect_not(bench_emitted(&b, "ha.entityFailed"), "since it was started it was never up");
}

Test(detectors, problems_count_unless_told_otherwise)
{
	bench_begin(&b, "[{\"type\": \"failure-detector\", \"monitorProblems\": false}]", 1);
	b.members[0].problem = "disk";
	bench_step(&b);
	cr_expect_not(bench_emitted(&b, "ha.entityFailed"));
	bench_end(&b);
	bench_begin(&b, "[{\"type\": \"failure-detector\"}]", 1);
	b.members[0].problem = "disk";
	bench_step(&b);
	cr_expect(bench_emitted(&b, "ha.entityFailed"));
}

Test(detectors, stopping_ends_a_failure_and_starting_begins_anew)
{
	bench_begin(&b, "[{\"type\": \"failure-detector\"}]", 1);
	bench_step(&b);
	bench_up(&b, 0, false);
	bench_expect(&b, 0, LIFE_STOPPED);
	cr_expect_eq(bench_wish(&b, WISH_STATE, one)->life, LIFE_STOPPED);
	bench_expect(&b, 0, LIFE_STARTING);
	bench_expect(&b, 0, LIFE_RUNNING);
	cr_expect(bench_emitted(&b, "ha.entityFailed"), "it runs again, and is not well");
}

Test(detectors, what_is_out_of_sight_is_neither_failed_nor_recovered)
{
	bench_begin(&b, "[{\"type\": \"failure-detector\", \"failedAfter\": \"10s\"}]", 1);
	bench_step(&b);
	bench_up(&b, 0, false);
	b.members[0].out_of_sight = true;
	b.now += HOUR;
	bench_step(&b);
	cr_expect_eq(b.wishes.count, 0);
	b.members[0].out_of_sight = false;
	bench_step(&b);
	cr_expect_eq(b.wishes.next_ms, b.now + 10 * SECOND, "what was seen before does not count");
}

Test(detectors, a_clock_that_is_set_back_begins_the_delay_anew)
{
	bench_begin(&b, "[{\"type\": \"failure-detector\", \"failedAfter\": \"10s\"}]", 1);
	bench_step(&b);
	bench_up(&b, 0, false);
	b.now -= HOUR / 4;
	bench_step(&b);
	cr_expect_eq(b.wishes.next_ms, b.now + 10 * SECOND);
}

Test(detectors, what_they_know_survives_a_restart)
{
	static const char policies[] = "[{\"type\": \"failure-detector\", \"failedAfter\": \"10s\"}]";

	bench_begin(&b, policies, 1);
	bench_step(&b);
	bench_up(&b, 0, false);
	b.now += 6 * SECOND;
	bench_restart(&b, policies);
	bench_step(&b);
	cr_expect_eq(b.wishes.next_ms, b.now + 4 * SECOND);
	b.now += 4 * SECOND;
	bench_step(&b);
	cr_assert(bench_emitted(&b, "ha.entityFailed"));
	bench_restart(&b, policies);
	bench_step(&b);
	cr_expect_not(bench_emitted(&b, "ha.entityFailed"), "it was told");
}

Test(detectors, brooklyns_tells_again_where_it_is_set_to)
{
	bench_begin(&b,
		    "[{\"type\": \"org.apache.brooklyn.policy.ha.ServiceFailureDetector\", "
		    "\"entityFailed.republishTime\": 2000, \"serviceOnFire.stabilizationDelay\": \"5s\"}]",
		    1);
	bench_step(&b);
	bench_up(&b, 0, false);
	int64_t began = b.now;
	cr_expect(bench_emitted(&b, "ha.entityFailed"));
	cr_expect_null(bench_wish(&b, WISH_STATE, one));
	int told = 0;
	int64_t on_fire = 0;
	while (b.now < began + 9 * SECOND) {
		b.now = b.wishes.next_ms;
		bench_step(&b);
		told += bench_emitted(&b, "ha.entityFailed");
		on_fire = bench_wish(&b, WISH_STATE, one) ? b.now - began : on_fire;
	}
	cr_expect_eq(told, 5, "%d", told);
	cr_expect_eq(on_fire, 5 * SECOND);
}

/* --- connections ------------------------------------------------------------------------------- */

static const struct wish *probe(void)
{
	return bench_wish(&b, WISH_PROBE, one);
}

/* Answer every probe so, for so long; whether the sensor was emitted. */
static bool answered(bool reachable, int64_t ms, const char *sensor)
{
	int64_t until = b.now + ms;
	bool emitted = false;

	for (;;) {
		while (probe()) {
			bench_ended(&b, probe(), reachable ? OUTCOME_DONE : OUTCOME_FAILED);
			emitted |= bench_emitted(&b, sensor);
		}
		if (b.wishes.next_ms > until)
			break;
		b.now = b.wishes.next_ms;
		bench_step(&b);
	}
	b.now = until;
	return emitted;
}

Test(detectors, a_connection_is_tried_each_period_and_told_when_it_stays_away)
{
	bench_begin(
	    &b,
	    "[{\"type\": \"connection-failure-detector\", \"pollPeriod\": \"2s\", \"failedAfter\": \"5s\"}]",
	    1);
	bench_step(&b);
	cr_assert(probe());
	cr_expect_str_eq(probe()->what, "127.0.0.1:80", "where it can be reached");
	bench_ended(&b, probe(), OUTCOME_DONE);
	cr_expect_null(probe());
	cr_expect_eq(b.wishes.next_ms, b.now + 2 * SECOND);
	cr_expect_not(answered(false, 6 * SECOND, "ha.connectionFailed"));
	cr_expect(answered(false, 3 * SECOND, "ha.connectionFailed"));
	cr_expect_not(answered(false, MINUTE, "ha.connectionFailed"), "once");
	cr_expect(answered(true, 4 * SECOND, "ha.connectionRecovered"));
}

/* It was due to be told while nobody could ask: that is no reason to ask without a pause. */
Test(detectors, a_connection_that_nobody_can_ask_for_is_asked_for_again_after_a_period)
{
	bench_begin(
	    &b,
	    "[{\"type\": \"connection-failure-detector\", \"pollPeriod\": \"2s\", \"failedAfter\": \"5s\"}]",
	    1);
	bench_step(&b);
	cr_expect_not(answered(false, 4500, "ha.connectionFailed"));
	for (int i = 0; i < 3; i++) {
		b.now = b.wishes.next_ms;
		bench_step(&b);
		cr_assert(probe());
		bench_ended(&b, probe(), OUTCOME_DROPPED);
		cr_assert_null(probe());
		cr_assert_eq(b.wishes.next_ms, b.now + 2 * SECOND);
	}
	cr_expect(answered(false, 3 * SECOND, "ha.connectionFailed"));
}

Test(detectors, a_connection_that_comes_and_goes_is_not_told)
{
	bench_begin(&b, "[{\"type\": \"connection-failure-detector\", \"failedAfter\": \"5s\"}]", 1);
	bench_step(&b);
	for (int i = 0; i < 10; i++) {
		cr_expect_not(answered(false, 3 * SECOND, "ha.connectionFailed"));
		cr_expect_not(answered(true, 2 * SECOND, "ha.connectionFailed"));
	}
}

Test(detectors, only_what_is_to_run_and_is_seen_is_connected_to)
{
	bench_begin(&b, "[{\"type\": \"connection-failure-detector\", \"endpoint\": \"db:5432\"}]", 1);
	bench_expect(&b, 0, LIFE_STOPPED);
	cr_expect_null(probe());
	b.members[0].out_of_sight = true;
	bench_expect(&b, 0, LIFE_RUNNING);
	cr_expect_null(probe());
	b.members[0].out_of_sight = false;
	bench_step(&b);
	cr_assert(probe());
	cr_expect_str_eq(probe()->what, "db:5432");
	/* An answer that comes when it is stopped already says nothing. */
	uint64_t id = probe()->id;
	b.members[0].expected = LIFE_STOPPING;
	b.outcomes[b.outcome_count++] = (struct wish_outcome){id, OUTCOME_FAILED, NULL};
	bench_step(&b);
	b.now += HOUR;
	bench_step(&b);
	cr_expect_not(bench_emitted(&b, "ha.connectionFailed"));
	cr_expect_eq(b.wishes.next_ms, INT64_MAX);
}

Test(detectors, an_answer_that_comes_when_it_is_being_stopped_is_of_no_interest)
{
	bench_begin(&b, "[{\"type\": \"connection-failure-detector\", \"failedAfter\": \"5s\"}]", 1);
	bench_step(&b);
	cr_expect_not(answered(false, 5 * SECOND, "ha.connectionFailed"));
	while (!probe()) {
		b.now = b.wishes.next_ms;
		bench_step(&b);
	}
	b.now += MINUTE;
	b.members[0].expected = LIFE_STOPPING;
	bench_ended(&b, probe(), OUTCOME_FAILED);
	cr_expect_not(bench_emitted(&b, "ha.connectionFailed"));
}

Test(detectors, what_failed_before_a_restart_is_found_anew_after_it)
{
	bench_begin(&b,
		    "[{\"type\": \"restarter\", \"jitter\": 0}, {\"type\": \"connection-failure-detector\", "
		    "\"pollPeriod\": \"20s\"}]",
		    1);
	bench_step(&b);
	answered(true, MINUTE, "");
	cr_expect(answered(false, MINUTE, "ha.connectionFailed"));
	bench_ended(&b, bench_wish(&b, WISH_RESTART, one), OUTCOME_DONE);
	for (int i = 0; i < 15; i++) { /* the next poll is not answered yet */
		b.now += SECOND;
		bench_step(&b);
		cr_expect_null(bench_wish(&b, WISH_RESTART, one));
	}
	answered(true, MINUTE, "");
	cr_expect_null(bench_wish(&b, WISH_RESTART, one));
}

Test(detectors, a_restarter_acts_on_a_connection_that_failed_until_it_is_back)
{
	bench_begin(
	    &b, "[{\"type\": \"restarter\", \"jitter\": 0}, {\"type\": \"connection-failure-detector\"}]", 1);
	bench_step(&b);
	answered(true, 2 * SECOND, "");
	cr_expect(answered(false, 2 * SECOND, "ha.connectionFailed"));
	cr_assert(bench_wish(&b, WISH_RESTART, one), "though it says of itself that it is well");
	bench_ended(&b, bench_wish(&b, WISH_RESTART, one), OUTCOME_DONE);
	cr_expect(answered(false, 2 * SECOND, "ha.connectionFailed"));
	cr_assert(bench_wish(&b, WISH_RESTART, one), "still nobody can connect");
	bench_ended(&b, bench_wish(&b, WISH_RESTART, one), OUTCOME_DONE);
	answered(true, MINUTE, "");
	cr_expect_null(bench_wish(&b, WISH_RESTART, one));
}
