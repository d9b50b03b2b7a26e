/* test_classic_autoscaler.c - Brooklyn's AutoScalerPolicy where the recordings do not reach: the edges of its
 * windows, numbers that are none, loads that are told, what happens while it is resized or suspended. */
#include "bench.h"

#include <math.h>

#define SCALER(keys)                                                                                         \
	"[{\"type\": \"org.apache.brooklyn.policy.autoscaling.AutoScalerPolicy\", \"metric\": \"load\", "    \
	"\"metricLowerBound\": 10, \"metricUpperBound\": 100" keys "}]"

static struct bench b;

static void end_bench(void)
{
	bench_end(&b);
}

TestSuite(classic_autoscaler, .fini = end_bench);

static const struct wish *resized(void)
{
	return bench_wish(&b, WISH_RESIZE, NULL);
}

/* So many are wished for; 0: nothing. */
static void expect_wish(unsigned size)
{
	const struct wish *wish = resized();

	cr_assert_eq(wish != NULL, size > 0, "%s", wish ? wish->why : "nothing is wished");
	if (wish)
		cr_assert_eq(wish->size, size, "%u", wish->size);
}

/* The resize that is wished for is done. */
static void resize_done(void)
{
	const struct wish *wish = resized();

	cr_assert(wish);
	b.size = wish->size;
	bench_ended(&b, wish, OUTCOME_DONE);
}

static void load(const char *sensor, int64_t size, double rate, double low, double high)
{
	b.samples[b.sample_count++] =
	    (struct sample){.sensor = sensor, .kind = SAMPLE_LOAD, .load = {size, rate, low, high}};
	bench_step(&b);
}

static void configure(const char *key, json_t *value, bool accepted)
{
	struct error err;
	int result = policy_set_configure(b.set, 0, key, value, &err);

	cr_assert_eq(result == 0, accepted, "%s", key);
	json_decref(value);
	bench_step(&b);
}

Test(classic_autoscaler, at_a_bound_nothing_changes_and_beyond_it_does)
{
	bench_begin(&b, SCALER(""), 4);
	bench_number(&b, "load", 100);
	bench_number(&b, "load", 10);
	expect_wish(0);
	b.now += SECOND;
	bench_number(&b, "load", 100.00000000000001);
	expect_wish(5);
	resize_done();
	b.now += SECOND;
	bench_number(&b, "load", 9.999999999999998);
	expect_wish(4);
}

Test(classic_autoscaler, a_window_is_covered_from_exactly_its_length_on)
{
	bench_begin(
	    &b, SCALER(", \"resizeUpStabilizationDelay\": \"1s\", \"minPeriodBetweenExecs\": \"1ms\""), 1);
	int64_t from = b.now;
	bench_number(&b, "load", 250);
	b.now = from + 999;
	bench_step(&b);
	expect_wish(0);
	b.now = from + 1000;
	bench_step(&b);
	expect_wish(3);
}

Test(classic_autoscaler, what_was_wanted_when_the_window_began_counts_however_old_it_is)
{
	bench_begin(
	    &b, SCALER(", \"resizeUpStabilizationDelay\": \"1s\", \"minPeriodBetweenExecs\": \"1ms\""), 1);
	int64_t from = b.now;
	bench_number(&b, "load", 50); /* well: one is wanted */
	b.now = from + HOUR;
	bench_number(&b, "load", 250);
	b.now = from + HOUR + 1000;
	bench_step(&b);
	expect_wish(0); /* that hour ends with this moment */
	b.now++;
	bench_step(&b);
	expect_wish(3);
}

Test(classic_autoscaler, growing_takes_the_least_of_its_window_and_shrinking_the_most)
{
	bench_begin(
	    &b,
	    SCALER(", \"resizeUpStabilizationDelay\": \"2s\", \"resizeDownStabilizationDelay\": \"2s\", "
		   "\"minPeriodBetweenExecs\": \"1ms\""),
	    1);
	b.size = 10;
	bench_number(&b, "load", 110); /* 11 */
	b.now += SECOND;
	bench_number(&b, "load", 300); /* 30 */
	b.now += SECOND;
	bench_step(&b);
	expect_wish(11);
	resize_done();
	b.now += 2 * SECOND;
	bench_number(&b, "load", 2); /* 2 */
	b.now += SECOND;
	bench_number(&b, "load", 5); /* 5 */
	b.now += SECOND + 1;
	bench_step(&b);
	expect_wish(5);
}

Test(classic_autoscaler, it_looks_again_by_itself_until_its_windows_say_one_thing)
{
	bench_begin(&b, SCALER(", \"resizeUpStabilizationDelay\": \"1s\""), 1);
	bench_number(&b, "load", 150);
	cr_expect_eq(b.wishes.next_ms, b.now + 100, "after minPeriodBetweenExecs");
	bench_pass(&b, 2 * SECOND);
	expect_wish(2);
	resize_done();
	bench_pass(&b, MINUTE);
	cr_expect_eq(b.wishes.next_ms, INT64_MAX, "all is said");
}

Test(classic_autoscaler, a_number_that_is_none_changes_nothing_and_one_without_end_as_much_as_it_may)
{
	bench_begin(&b, SCALER(", \"maxPoolSize\": 7"), 2);
	bench_number(&b, "load", NAN);
	expect_wish(0);
	b.samples[b.sample_count++] = (struct sample){.sensor = "load", .kind = SAMPLE_NOTHING};
	bench_step(&b);
	expect_wish(0);
	b.now += SECOND;
	bench_number(&b, "load", (double)INFINITY);
	expect_wish(7);
	resize_done();
	b.now += SECOND;
	bench_number(&b, "load", (double)-INFINITY);
	expect_wish(1);
}

Test(classic_autoscaler, an_increment_beyond_32_bits_comes_round_as_in_java)
{
	bench_begin(&b, SCALER(", \"resizeUpIterationIncrement\": 4"), 2);
	bench_number(&b, "load", (double)INFINITY);
	expect_wish(0); /* 2 + 2147483648 is negative there */
}

Test(classic_autoscaler, it_does_nothing_without_one_of_its_bounds)
{
	bench_begin(&b,
		    "[{\"type\": \"org.apache.brooklyn.policy.autoscaling.AutoScalerPolicy\", \"metric\": "
		    "\"load\", \"metricUpperBound\": 100}]",
		    1);
	bench_number(&b, "load", 1000);
	expect_wish(0);
}

Test(classic_autoscaler, the_metric_of_another_component_is_not_its_own)
{
	bench_begin(&b, SCALER(", \"entityWithMetric\": \"queue\""), 1);
	bench_number(&b, "load", 1000);
	expect_wish(0);
	b.now += SECOND;
	b.samples[b.sample_count++] =
	    (struct sample){.sensor = "load", .entity = "queue", .kind = SAMPLE_NUMBER, .number = 250};
	bench_step(&b);
	expect_wish(3);
}

Test(classic_autoscaler, a_pool_that_says_it_is_hot_or_cold_is_believed_with_the_size_it_tells)
{
	bench_begin(&b, SCALER(""), 3);
	load("resizablepool.hot", 4, 150, 10, 100);
	expect_wish(6);
	resize_done();
	b.now += SECOND;
	load("resizablepool.hot", 6, 5, 10, 100); /* hot, it says; it is not */
	load("resizablepool.cold", 6, 150, 10, 100);
	load("resizablepool.cold", 6, NAN, 10, 100);
	load("resizablepool.cold", -1, 5, 10, 100);
	expect_wish(0);
	b.now += SECOND;
	load("resizablepool.cold", 6, 5, 10, NAN);
	expect_wish(3);
}

Test(classic_autoscaler, all_is_well_takes_back_what_was_wanted)
{
	bench_begin(&b, SCALER(", \"poolOkSensor\": \"fine\", \"resizeUpStabilizationDelay\": \"1s\""), 2);
	load("resizablepool.hot", 2, 150, 10, 100);
	b.now += 500;
	load("fine", 2, NAN, NAN, NAN);
	bench_pass(&b, 10 * SECOND);
	expect_wish(0);
	load("fine", 5, 1000, 10, 100); /* whatever its load */
	bench_pass(&b, 10 * SECOND);
	expect_wish(0);
}

Test(classic_autoscaler, the_maximum_wins_over_a_minimum_above_it)
{
	bench_begin(&b, SCALER(", \"minPoolSize\": 6, \"maxPoolSize\": 3"), 1);
	bench_number(&b, "load", 101);
	expect_wish(3);
}

Test(classic_autoscaler, a_size_outside_the_bounds_comes_back_when_it_is_told)
{
	bench_begin(&b, SCALER(", \"minPoolSize\": 2, \"maxPoolSize\": 4"), 3);
	b.size = 9;
	bench_number(&b, "group.members.count", 9);
	expect_wish(4);
	resize_done();
	b.now += SECOND;
	b.size = 4;
	bench_number(&b, "group.members.count", 4);
	expect_wish(0);
	b.size = 0;
	bench_number(&b, "group.members.count", 0);
	expect_wish(2);
}

Test(classic_autoscaler, one_resize_at_a_time_and_what_comes_meanwhile_is_looked_at_after_it)
{
	bench_begin(&b, SCALER(""), 1);
	bench_number(&b, "load", 150);
	expect_wish(2);
	uint64_t first = resized()->id;
	b.now += SECOND;
	bench_number(&b, "load", 500);
	cr_expect_eq(resized()->id, first, "the same wish still");
	resize_done();
	expect_wish(5);
	cr_expect_neq(resized()->id, first);
}

Test(classic_autoscaler, where_there_was_no_room_it_never_goes_again)
{
	bench_begin(&b, SCALER(""), 1);
	bench_number(&b, "load", 500);
	expect_wish(5);
	b.size = 3;
	bench_ended(&b, resized(), OUTCOME_NO_CAPACITY);
	cr_expect_eq(bench_count(&b, WISH_REPORT), 1);
	bench_restart(&b, SCALER(""));
	b.now += HOUR;
	bench_number(&b, "load", 500);
	expect_wish(0);
	cr_expect_str_eq(bench_said(&b, POLICY_AUTOSCALER), "there is no room for more than 3");
	configure("autoscaler.insufficientCapacityHighWaterMark", json_null(), true);
	b.now += SECOND;
	bench_number(&b, "load", 500);
	expect_wish(15);
}

Test(classic_autoscaler, a_resize_that_failed_is_reported_and_not_tried_again_by_itself)
{
	bench_begin(&b, SCALER(""), 1);
	bench_number(&b, "load", 500);
	bench_ended(&b, resized(), OUTCOME_FAILED);
	cr_expect_eq(bench_count(&b, WISH_REPORT), 1);
	bench_pass(&b, HOUR);
	expect_wish(0);
	bench_number(&b, "load", 500);
	expect_wish(5);
	bench_ended(&b, resized(), OUTCOME_DROPPED);
	expect_wish(5); /* nothing was tried */
}

Test(classic_autoscaler, new_bounds_that_it_is_within_are_no_reason_to_look)
{
	bench_begin(&b, SCALER(", \"maxPoolSize\": 8, \"minPeriodBetweenExecs\": \"4s\""), 2);
	bench_number(&b, "load", 500);
	size_t wished = bench_count(&b, WISH_RESIZE);
	resize_done();
	bench_number(&b, "load", 500);
	configure("maxPoolSize", json_integer(9), true);
	expect_wish(0);
	cr_expect_geq(wished, 1);
}

Test(classic_autoscaler, new_bounds_count_at_once_and_a_minimum_above_the_maximum_is_refused)
{
	bench_begin(&b, SCALER(", \"maxPoolSize\": 8, \"resizeDownStabilizationDelay\": \"1h\""), 6);
	configure("maxPoolSize", json_integer(4), true);
	expect_wish(4);
	resize_done();
	configure("minPoolSize", json_integer(5), false);
	configure("maxPoolSize", json_integer(0), false);
	expect_wish(0);
	configure("minPoolSize", json_integer(4), true);
	expect_wish(0);
	configure("metric", json_string("other"), false);
	configure("minPeriodBetweenExecs", json_string("1s"), false);
}

Test(classic_autoscaler, while_the_service_is_down_it_notes_what_is_wanted_and_does_nothing)
{
	bench_begin(&b, SCALER(""), 1);
	b.up = false;
	bench_number(&b, "load", 300);
	bench_pass(&b, MINUTE);
	expect_wish(0);
	b.up = true;
	bench_pass(&b, MINUTE);
	expect_wish(0); /* up to the next number */
	bench_number(&b, "load", 300);
	expect_wish(3);
}

Test(classic_autoscaler, suspended_it_listens_and_resumed_it_knows)
{
	bench_begin(&b, SCALER(", \"resizeUpStabilizationDelay\": \"1s\""), 1);
	policy_set_suspend(b.set, 0, true);
	bench_number(&b, "load", 300);
	b.now += 2 * SECOND;
	bench_step(&b);
	expect_wish(0);
	policy_set_suspend(b.set, 0, false);
	bench_number(&b, "load", 400);
	expect_wish(3); /* sustained for two seconds */
}

Test(classic_autoscaler, suspended_while_a_check_is_scheduled_it_never_checks_again)
{
	bench_begin(&b, SCALER(", \"resizeUpStabilizationDelay\": \"1s\""), 1);
	bench_number(&b, "load", 300);
	policy_set_suspend(b.set, 0, true);
	b.now += 2 * SECOND;
	bench_step(&b);
	policy_set_suspend(b.set, 0, false);
	bench_number(&b, "load", 300);
	bench_pass(&b, HOUR);
	expect_wish(0);
	cr_expect(strstr(bench_said(&b, POLICY_AUTOSCALER), "hears nothing any more"));
}

Test(classic_autoscaler, more_than_the_maximum_is_told_once_after_its_delay)
{
	static const char policies[] = SCALER(", \"maxPoolSize\": 2, \"maxSizeReachedSensor\": \"full\", "
					      "\"maxReachedNotificationDelay\": \"1s\"");
	bench_begin(&b, policies, 2);
	bench_number(&b, "load", 450);
	int64_t from = b.now;
	while (b.now < from + 1000) {
		cr_assert_not(bench_emitted(&b, "full"));
		b.now = b.wishes.next_ms;
		bench_step(&b);
	}
	/* That nothing could be done is noted in that moment as well, and counts until it is over. */
	cr_assert_not(bench_emitted(&b, "full"));
	b.now = b.wishes.next_ms;
	bench_step(&b);
	cr_assert(bench_emitted(&b, "full"));
	const struct pool_limit *limit = bench_wish(&b, WISH_SIGNAL, NULL)->limit;
	cr_assert(limit);
	cr_expect_eq(limit->current_size, 2);
	cr_expect_eq(limit->max_allowed, 2);
	cr_expect_eq(limit->current_unbounded, 9);
	cr_expect_eq(limit->max_unbounded, 9);
	cr_expect_eq(limit->time_window, 1000);
	bench_restart(&b, policies);
	for (int i = 0; i < 40; i++) {
		b.now += SECOND / 4;
		bench_number(&b, "load", 450);
		cr_assert_not(bench_emitted(&b, "full"));
	}
}

Test(classic_autoscaler, what_was_wanted_survives_a_restart)
{
	static const char policies[] = SCALER(", \"resizeUpStabilizationDelay\": \"1s\"");
	bench_begin(&b, policies, 1);
	bench_number(&b, "load", 250);
	b.now += 900;
	bench_restart(&b, policies);
	bench_step(&b);
	expect_wish(0);
	b.now += 100;
	bench_step(&b);
	expect_wish(3);
}

Test(classic_autoscaler, a_clock_that_is_set_back_does_not_hold_it_up)
{
	bench_begin(&b, SCALER(""), 1);
	b.now += DAY;
	bench_number(&b, "load", 50);
	bench_number(&b, "load", 150);
	resize_done();
	b.now -= DAY;
	bench_number(&b, "load", 150);
	bench_pass(&b, SECOND);
	expect_wish(3);
}

Test(classic_autoscaler, what_was_wanted_by_a_clock_that_was_ahead_is_left_behind)
{
	bench_begin(&b, SCALER(", \"resizeUpStabilizationDelay\": \"4s\""), 2);
	b.now += DAY;
	bench_number(&b, "load", 50);
	b.now += SECOND;
	bench_number(&b, "load", 50);
	b.now -= HOUR;
	for (int i = 0; i < 10 && !resized(); i++) {
		b.now += SECOND;
		bench_number(&b, "load", 150);
		bench_pass(&b, SECOND);
	}
	expect_wish(3);
}

Test(classic_autoscaler, an_object_of_java_is_refused)
{
	struct error err = bench_refuses(SCALER(", \"resizeOperator\": \"x\""));
	cr_expect(strstr(err.text, "Java"), "%s", err.text);
}
