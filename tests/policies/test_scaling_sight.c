/* test_scaling_sight.c - what a size is owed to: which numbers an autoscaler goes by, and what keeps it from
 * asking for another size. */
#include "bench.h"

#include <math.h>

#define SCALER(keys) "[{\"type\": \"autoscaler\", \"metric\": \"load\", \"target\": 50, \"max\": 4" keys "}]"
#define NO_WAITS     ", \"downDelay\": 0, \"upCooldown\": 0, \"downCooldown\": 0"
#define CLASSIC(keys)                                                                                        \
	"[{\"type\": \"org.apache.brooklyn.policy.autoscaling.AutoScalerPolicy\", \"metric\": \"load\", "    \
	"\"metricLowerBound\": 20, \"metricUpperBound\": 50, \"maxPoolSize\": 4" keys "}]"

static struct bench b;
static struct arena arena;

static void end_bench(void)
{
	bench_end(&b);
	arena_release(&arena);
}

TestSuite(scaling_sight, .fini = end_bench);

/* Anew, where one test begins more than once. */
static void begin(const char *policies, int64_t size)
{
	bench_end(&b);
	bench_begin(&b, policies, 1);
	b.size = size;
	bench_step(&b);
}

static void hear(double load)
{
	b.now += SECOND;
	bench_number(&b, "load", load);
}

static struct scaling_sight seen(bool up)
{
	struct scaling_sight sight;
	const struct senses senses = {.size = b.size, .zone_ms = b.zone_ms, .up = up};
	cr_assert_eq(policy_set_scaling(b.set, &senses, b.now, &arena, &sight), 1);
	return sight;
}

static void resize(void)
{
	const struct wish *wish = bench_wish(&b, WISH_RESIZE, NULL);
	cr_assert_not_null(wish);
	b.size = wish->size;
	bench_ended(&b, wish, OUTCOME_DONE);
}

#define EXPECT_HOLD(sight, name) cr_expect_str_eq(scaling_hold_name((sight).hold), name)

Test(scaling_sight, a_set_without_an_autoscaler_has_none)
{
	struct scaling_sight sight;
	const struct senses senses = {.size = 1};
	bench_begin(&b, "[{\"type\": \"restarter\"}]", 1);
	cr_expect_eq(policy_set_scaling(b.set, &senses, b.now, &arena, &sight), 0);
}

Test(scaling_sight, before_a_number_is_heard_it_is_not_known)
{
	begin(SCALER(), 2);
	struct scaling_sight sight = seen(true);
	EXPECT_HOLD(sight, "unknown");
	cr_expect_eq(sight.wants, -1);
	cr_assert_eq(sight.metric_count, 1);
	cr_expect_str_eq(sight.metrics[0].sensor, "load");
	cr_expect_eq(sight.metrics[0].state, METRIC_UNKNOWN);
	cr_expect_eq(sight.min, 1);
	cr_expect_eq(sight.max, 4);
}

Test(scaling_sight, what_is_asked_for_is_there)
{
	begin(SCALER(NO_WAITS), 2);
	hear(50);
	struct scaling_sight sight = seen(true);
	EXPECT_HOLD(sight, "");
	cr_expect_eq(sight.wants, 2);
	cr_expect_eq(sight.metrics[0].state, METRIC_FRESH);
	cr_expect_float_eq(sight.metrics[0].value, 50, 0.001);
	cr_expect(isnan(sight.metrics[0].lower));
}

Test(scaling_sight, at_its_maximum_it_asks_for_more_all_the_same)
{
	begin(SCALER(NO_WAITS), 4);
	hear(100);
	struct scaling_sight sight = seen(true);
	EXPECT_HOLD(sight, "at-maximum");
	cr_expect_eq(sight.wants, 8);
	cr_expect_eq(sight.until_ms, -1);
}

Test(scaling_sight, after_a_change_it_cools_down_until_a_moment)
{
	begin(SCALER(", \"upCooldown\": \"30s\""), 2);
	b.now += MINUTE;
	hear(75);
	EXPECT_HOLD(seen(true), "resizing");
	cr_expect_eq(seen(true).target, 3);
	resize();
	int64_t changed = b.now;
	hear(75);
	struct scaling_sight sight = seen(true);
	EXPECT_HOLD(sight, "cooling-down");
	cr_expect_eq(sight.until_ms, changed + 30 * SECOND);
}

Test(scaling_sight, what_is_not_asked_for_long_enough_is_shown_with_its_moment)
{
	begin(SCALER(", \"upDelay\": \"10s\", \"upCooldown\": 0"), 2);
	hear(50);
	hear(100);
	int64_t since = b.now;
	hear(100);
	struct scaling_sight sight = seen(true);
	EXPECT_HOLD(sight, "stabilising");
	cr_expect_eq(sight.until_ms, since + 10 * SECOND);
	begin(CLASSIC(", \"resizeUpStabilizationDelay\": \"10s\""), 2);
	hear(100);
	EXPECT_HOLD(seen(true), "stabilising");
}

Test(scaling_sight, an_old_number_is_stale_and_asks_for_nothing)
{
	begin(SCALER(NO_WAITS ", \"staleAfter\": \"10s\""), 2);
	hear(50);
	b.now += 11 * SECOND;
	struct scaling_sight sight = seen(true);
	EXPECT_HOLD(sight, "unknown");
	cr_expect_eq(sight.metrics[0].state, METRIC_STALE);
	cr_expect_eq(sight.metrics[0].wants, -1);
	cr_expect_float_eq(sight.metrics[0].value, 50, 0.001, "what it was is shown");
}

Test(scaling_sight, whoever_is_suspended_or_waits_for_its_component_says_so)
{
	begin(SCALER(NO_WAITS), 2);
	hear(50);
	EXPECT_HOLD(seen(false), "not-up");
	policy_set_suspend(b.set, 0, true);
	EXPECT_HOLD(seen(true), "suspended");
}

Test(scaling_sight, no_room_and_failures_end_at_a_moment)
{
	begin(SCALER(NO_WAITS), 2);
	hear(100);
	bench_ended(&b, bench_wish(&b, WISH_RESIZE, NULL), OUTCOME_NO_CAPACITY);
	hear(100);
	struct scaling_sight sight = seen(true);
	EXPECT_HOLD(sight, "no-room");
	cr_expect_gt(sight.until_ms, b.now);
	begin(SCALER(NO_WAITS), 2);
	hear(100);
	bench_ended(&b, bench_wish(&b, WISH_RESIZE, NULL), OUTCOME_FAILED);
	sight = seen(true);
	EXPECT_HOLD(sight, "failed");
	cr_expect_gt(sight.until_ms, b.now);
}

Test(scaling_sight, bounds_are_those_of_the_clock)
{
	begin(SCALER(NO_WAITS
		     ", \"schedules\": [{\"schedule\": \"0 8 * * *\", \"min\": 3}, {\"schedule\": \"0 "
		     "20 * * *\", \"min\": 2, \"max\": 3}]"),
	      3);
	b.now = DAY + 9 * HOUR;
	hear(10);
	struct scaling_sight sight = seen(true);
	cr_expect_eq(sight.min, 3);
	cr_expect_eq(sight.max, 4);
	EXPECT_HOLD(sight, "at-minimum");
	b.now = DAY + 21 * HOUR;
	cr_expect_eq(seen(true).max, 3);
}

Test(scaling_sight, brooklyns_asks_by_its_formula_whatever_it_allows)
{
	begin(CLASSIC(), 4);
	cr_expect_eq(seen(true).metrics[0].state, METRIC_UNKNOWN);
	hear(90);
	struct scaling_sight sight = seen(true);
	EXPECT_HOLD(sight, "at-maximum");
	cr_expect_eq(sight.wants, 8); /* 360 / 50 */
	hear(30);
	EXPECT_HOLD(seen(true), "");
	hear(15);
	cr_expect_eq(seen(true).wants, 3); /* 60 / 20 */
	EXPECT_HOLD(seen(true), "resizing");
}
