/* test_classic_detector.c - Brooklyn's failure detectors, where the recorded series say less: delays that are
 * broken off and begin anew. */
#include "bench.h"

static struct bench b;

static void end_bench(void)
{
	bench_end(&b);
}

TestSuite(classic_detector, .fini = end_bench);

static const char *const one = "app.x.1";
#define DETECTOR "{\"type\": \"org.apache.brooklyn.policy.ha.ServiceFailureDetector\", "

/* Set the member up or down so many milliseconds later, with a step at each time that is asked for. What was
 * emitted meanwhile is counted. */
static struct {
	int failed, recovered, on_fire;
} seen;

static void note(void)
{
	const struct wish *state = bench_wish(&b, WISH_STATE, one);

	seen.failed += bench_emitted(&b, "ha.entityFailed");
	seen.recovered += bench_emitted(&b, "ha.entityRecovered");
	seen.on_fire += state && state->life == LIFE_ON_FIRE;
}

static void after(int64_t ms, bool up)
{
	int64_t until = b.now + ms;

	while (b.wishes.next_ms <= until) {
		b.now = b.wishes.next_ms;
		bench_step(&b);
		note();
	}
	b.now = until;
	bench_up(&b, 0, up);
	note();
}

Test(classic_detector, a_failure_that_does_not_last_is_not_told_and_the_next_one_waits_anew)
{
	bench_begin(&b, "[" DETECTOR "\"entityFailed.stabilizationDelay\": \"600ms\"}]", 1);
	bench_step(&b);
	after(300, false);
	after(300, true);
	after(1000, true);
	cr_expect_eq(seen.failed, 0);
	after(0, false);
	after(599, false);
	cr_expect_eq(seen.failed, 0);
	after(1, false);
	cr_expect_eq(seen.failed, 1);
}

Test(classic_detector, on_fire_waits_anew_likewise)
{
	bench_begin(&b, "[" DETECTOR "\"serviceOnFire.stabilizationDelay\": \"600ms\"}]", 1);
	bench_step(&b);
	after(300, false);
	after(300, true);
	after(100, false);
	after(599, false);
	cr_expect_eq(seen.on_fire, 0, "counted from the second time");
	after(1, false);
	cr_expect_eq(seen.on_fire, 1);
}

Test(classic_detector, a_recovery_that_does_not_last_is_not_told)
{
	bench_begin(&b, "[" DETECTOR "\"entityRecovered.stabilizationDelay\": \"500ms\"}]", 1);
	bench_step(&b);
	after(100, false);
	after(100, true);
	after(300, false);
	after(1000, false);
	cr_expect_eq(seen.recovered, 0);
	cr_expect_eq(seen.failed, 1, "it is the same failure");
	after(0, true);
	after(499, true);
	cr_expect_eq(seen.recovered, 0);
	after(1, true);
	cr_expect_eq(seen.recovered, 1);
}

Test(classic_detector, one_that_was_never_up_cannot_fail)
{
	bench_begin(&b, "[" DETECTOR "\"onlyReportIfPreviouslyUp\": true}]", 1);
	bench_up(&b, 0, false);
	note();
	cr_expect_eq(seen.failed, 0);
	cr_expect_eq(seen.on_fire, 1);
	after(100, true);
	after(100, false);
	cr_expect_eq(seen.failed, 1);
}

Test(classic_detector, what_is_expected_is_its_state_while_it_is_not_to_run)
{
	bench_begin(&b, "[" DETECTOR "\"monitorServiceProblems\": true}]", 1);
	bench_expect(&b, 0, LIFE_STOPPING);
	cr_expect_eq(bench_wish(&b, WISH_STATE, one)->life, LIFE_STOPPING);
	bench_up(&b, 0, false);
	cr_expect_eq(b.wishes.count, 0);
	/* Without anything expected a problem decides, and before there was one nothing does. */
	b.members[0].expected = LIFE_NONE;
	bench_step(&b);
	cr_expect_null(bench_wish(&b, WISH_STATE, one));
	b.members[0].problem = "disk";
	bench_step(&b);
	cr_expect_eq(bench_wish(&b, WISH_STATE, one)->life, LIFE_STOPPED, "not up");
	bench_up(&b, 0, true);
	cr_expect_eq(bench_wish(&b, WISH_STATE, one)->life, LIFE_ON_FIRE);
	b.members[0].problem = NULL;
	bench_step(&b);
	cr_expect_eq(bench_wish(&b, WISH_STATE, one)->life, LIFE_RUNNING);
}

Test(classic_detector, a_connection_that_failed_before_it_was_suspended_is_told_again)
{
	bench_begin(
	    &b,
	    "[{\"type\": \"org.apache.brooklyn.policy.ha.ConnectionFailureDetector\", \"pollPeriod\": 1000}]",
	    1);
	int failed = 0;
	for (int turn = 0; turn < 2; turn++) {
		bench_step(&b);
		for (int i = 0; i < 5; i++) {
			while (bench_wish(&b, WISH_PROBE, one)) {
				bench_ended(&b, bench_wish(&b, WISH_PROBE, one), OUTCOME_FAILED);
				failed += bench_emitted(&b, "ha.connectionFailed");
			}
			b.now = b.wishes.next_ms;
			bench_step(&b);
		}
		cr_expect_eq(failed, turn + 1);
		policy_set_suspend(b.set, 0, true);
		bench_step(&b);
		policy_set_suspend(b.set, 0, false);
	}
}

Test(classic_detector, a_connection_is_tried_whatever_is_expected)
{
	bench_begin(&b, "[{\"type\": \"org.apache.brooklyn.policy.ha.ConnectionFailureDetector\"}]", 1);
	bench_expect(&b, 0, LIFE_STOPPED);
	cr_expect(bench_wish(&b, WISH_PROBE, one));
}

Test(classic_detector, of_what_nobody_sees_nothing_is_concluded)
{
	bench_begin(&b, "[" DETECTOR "\"onlyReportIfPreviouslyUp\": false}]", 1);
	bench_step(&b);
	b.members[0].out_of_sight = true;
	bench_up(&b, 0, false);
	cr_expect_eq(b.wishes.count, 0, "its target does not answer: that is no failure");
}

/* It looks when something changed, and when a time that it set itself has come: nothing else delays what it
 * tells. */
Test(classic_detector, once_on_fire_it_tells_at_once_that_it_is_being_stopped)
{
	bench_begin(&b, "[" DETECTOR "\"serviceOnFire.stabilizationDelay\": \"600ms\"}]", 1);
	bench_step(&b);
	bench_up(&b, 0, false);
	bench_pass(&b, 600);
	bench_step(&b);
	b.now += 200;
	b.members[0].expected = LIFE_STOPPING;
	bench_step(&b);
	const struct wish *state = bench_wish(&b, WISH_STATE, one);
	cr_assert(state);
	cr_expect_eq(state->life, LIFE_STOPPING);
}

#define CONNECTIONS(keys)                                                                                    \
	"[{\"type\": \"org.apache.brooklyn.policy.ha.ConnectionFailureDetector\", \"endpoint\": "            \
	"\"10.0.0.1:80\", " keys "\"pollPeriod\": \"500ms\"}]"

/* From now on, until the sensor is emitted; every probe ends in that way. -1: not within ten seconds. */
static int64_t until_emitted(enum outcome_kind kind, const char *sensor)
{
	for (int64_t begin = b.now; b.now - begin < 10 * SECOND;) {
		const struct wish *probe = bench_wish(&b, WISH_PROBE, one);
		if (probe)
			bench_ended(&b, probe, kind);
		if (bench_emitted(&b, sensor))
			return b.now - begin;
		if (!bench_wish(&b, WISH_PROBE, one)) {
			b.now = b.wishes.next_ms;
			bench_step(&b);
		}
	}
	return -1;
}

Test(classic_detector, a_connection_is_failed_as_soon_as_it_failed_for_longer_than_the_delay)
{
	bench_begin(&b, CONNECTIONS(""), 1);
	bench_step(&b);
	cr_expect_leq(until_emitted(OUTCOME_FAILED, "ha.connectionFailed"), 2);
	bench_end(&b);
	bench_begin(&b, CONNECTIONS("\"connectionFailedStabilizationDelay\": \"700ms\", "), 1);
	bench_step(&b);
	int64_t took = until_emitted(OUTCOME_FAILED, "ha.connectionFailed");
	cr_expect(took > 700 && took <= 710, "%lld ms", (long long)took);
}
