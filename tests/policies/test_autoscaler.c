/* test_autoscaler.c - the autoscaler under its short name: what it grows and shrinks for, what it waits for,
 * and what it does not believe. */
#include "bench.h"

#include <math.h>
#include <stdio.h>

/* Without any waits, so that each test adds those it is about. */
#define SCALER(keys)                                                                                         \
	"[{\"type\": \"autoscaler\", \"max\": 10, \"downDelay\": 0, \"upCooldown\": 0, \"downCooldown\": "   \
	"0" keys "}]"
#define TARGET ", \"metric\": \"load\", \"target\": 60"
#define BOUNDS ", \"metric\": \"load\", \"lower\": 20, \"upper\": 80"

static struct bench b;

static void end_bench(void)
{
	bench_end(&b);
}

TestSuite(autoscaler, .fini = end_bench);

static void begin(const char *policies, int64_t size)
{
	bench_begin(&b, policies, 1);
	b.size = size;
	bench_step(&b);
}

static const struct wish *resized(void)
{
	return bench_wish(&b, WISH_RESIZE, NULL);
}

static void expect_wish(unsigned size)
{
	const struct wish *wish = resized();

	cr_assert_eq(wish != NULL, size > 0, "%s", wish ? wish->why : "nothing is wished");
	if (wish)
		cr_assert_eq(wish->size, size, "%u: %s", wish->size, wish->why);
}

static void resize_done(void)
{
	const struct wish *wish = resized();

	cr_assert(wish);
	b.size = wish->size;
	bench_ended(&b, wish, OUTCOME_DONE);
}

static void hear(double load)
{
	b.now += SECOND;
	bench_number(&b, "load", load);
}

/* --- what it goes by ------------------------------------------------------------------------------ */

Test(autoscaler, it_has_as_many_as_keep_the_metric_at_its_target)
{
	begin(SCALER(TARGET), 2);
	hear(66);
	expect_wish(0); /* within the tolerance */
	hear(90);
	expect_wish(3);
	cr_expect_str_eq(resized()->why, "from 2 instances to 3, load is 90");
	resize_done();
	hear(60);
	expect_wish(0);
	hear(20);
	expect_wish(1);
}

Test(autoscaler, between_its_bounds_nothing_changes)
{
	begin(SCALER(BOUNDS), 4);
	hear(80);
	hear(20);
	expect_wish(0);
	hear(100);
	expect_wish(5);
	resize_done();
	hear(15);
	expect_wish(3); /* 75 / 20, and one of these bears no more than 80 */
}

Test(autoscaler, steps_add_and_remove_as_many_as_they_say)
{
	begin(SCALER(
		  ", \"metric\": \"load\", \"steps\": [{\"above\": 70, \"add\": 1}, {\"above\": 90, \"add\": "
		  "3}, {\"below\": 30, \"remove\": 1}, {\"below\": 5, \"remove\": 2}]"),
	      4);
	hear(70);
	expect_wish(0);
	hear(71);
	expect_wish(5);
	resize_done();
	hear(95);
	expect_wish(8);
	resize_done();
	hear(25);
	expect_wish(7);
	resize_done();
	hear(1);
	expect_wish(5);
}

Test(autoscaler, a_step_does_not_go_so_far_that_another_would_undo_it)
{
	begin(SCALER(", \"metric\": \"load\", \"steps\": [{\"above\": 70, \"add\": 5}, {\"below\": 50, "
		     "\"remove\": 3}]"),
	      4);
	hear(75);
	expect_wish(6); /* 300 / 50: with more each would have less than 50 */
	resize_done();
	hear(49);
	expect_wish(5); /* 294 / 70 */
}

#define TWO                                                                                                  \
	", \"metrics\": [{\"metric\": \"cpu\", \"target\": 50}, {\"metric\": \"waiting\", \"entity\": "      \
	"\"queue\", \"lower\": 1, \"upper\": 10}]"

static void both(double cpu, double waiting)
{
	b.now += SECOND;
	b.samples[b.sample_count++] =
	    (struct sample){.sensor = "waiting", .entity = "queue", .kind = SAMPLE_NUMBER, .number = waiting};
	bench_number(&b, "cpu", cpu);
}

Test(autoscaler, of_several_metrics_the_one_that_asks_for_most_counts)
{
	begin(SCALER(TWO), 4);
	both(75, 5);
	expect_wish(6);
	resize_done();
	both(10, 15);
	expect_wish(9);
	resize_done();
	both(10, 5);
	expect_wish(0); /* one of them is fine */
	both(10, 0.5);
	expect_wish(4); /* cpu: 2, waiting: 4 */
}

Test(autoscaler, while_one_of_them_is_not_known_it_grows_and_does_not_shrink)
{
	begin(SCALER(TWO), 4);
	b.now += SECOND;
	bench_number(&b, "cpu", 1);
	expect_wish(0);
	cr_expect_str_eq(bench_said(&b, POLICY_AUTOSCALER), "of 2 metrics 1 are known: it does not shrink");
	bench_number(&b, "cpu", 100);
	expect_wish(8);
}

Test(autoscaler, no_number_is_not_zero)
{
	begin(SCALER(TARGET), 4);
	bench_pass(&b, HOUR);
	expect_wish(0);
	hear(NAN);
	b.samples[b.sample_count++] = (struct sample){.sensor = "load", .kind = SAMPLE_NOTHING};
	bench_step(&b);
	expect_wish(0);
	hear((double)INFINITY);
	expect_wish(0);
}

Test(autoscaler, a_number_that_is_too_old_is_unknown)
{
	begin(SCALER(TARGET ", \"staleAfter\": \"1m\", \"downDelay\": \"2m\""), 4);
	hear(1);
	bench_pass(&b, 3 * MINUTE);
	expect_wish(0); /* it was known for one of the two minutes alone */
	for (int i = 0; i < 4; i++, b.now += 30 * SECOND) {
		hear(1);
		expect_wish(0); /* what was asked for before that gap does not count for the delay */
	}
	hear(1);
	expect_wish(1);
}

Test(autoscaler, a_number_that_is_old_when_it_comes_is_unknown)
{
	begin(SCALER(TARGET), 4);
	b.samples[b.sample_count++] = (struct sample){
	    .sensor = "load", .kind = SAMPLE_NUMBER, .number = 1000, .at_ms = b.now - 121 * SECOND};
	bench_step(&b);
	expect_wish(0); /* it was old already when it came */
}

Test(autoscaler, what_was_measured_before_the_last_change_says_nothing_of_the_size_there_is_now)
{
	begin(SCALER(TARGET), 2);
	hear(120);
	expect_wish(4);
	int64_t before = b.now;
	b.now += 10 * SECOND;
	resize_done();
	b.samples[b.sample_count++] =
	    (struct sample){.sensor = "load", .kind = SAMPLE_NUMBER, .number = 120, .at_ms = before};
	bench_step(&b);
	expect_wish(0);
	b.size = 6; /* somebody else */
	bench_step(&b);
	bench_pass(&b, MINUTE);
	expect_wish(0);
	hear(40);
	expect_wish(4);
}

/* --- what it waits for ------------------------------------------------------------------------------ */

Test(autoscaler, it_grows_when_that_was_asked_for_long_enough)
{
	begin(SCALER(TARGET ", \"upDelay\": \"10s\""), 2);
	hear(300);
	for (int i = 0; i < 9; i++) {
		hear(120);
		expect_wish(0);
	}
	hear(150);
	expect_wish(4); /* the least that was asked for in these ten seconds */
}

Test(autoscaler, a_peak_that_passes_within_the_delay_changes_nothing)
{
	begin(SCALER(TARGET ", \"upDelay\": \"10s\""), 2);
	hear(60);
	hear(300);
	hear(60);
	for (int i = 0; i < 30; i++) {
		hear(60);
		expect_wish(0);
	}
}

Test(autoscaler, it_shrinks_to_the_most_that_was_asked_for_in_its_delay)
{
	begin(SCALER(TARGET ", \"downDelay\": \"10s\""), 8);
	hear(5);
	for (int i = 0; i < 9; i++) {
		hear(i == 5 ? 30 : 5);
		expect_wish(0);
	}
	hear(5);
	expect_wish(4);
}

Test(autoscaler, after_a_change_it_waits_for_each_direction_as_long_as_that_says)
{
	begin(SCALER(TARGET ", \"upCooldown\": \"30s\", \"downCooldown\": \"2m\", \"staleAfter\": \"1h\""),
	      2);
	hear(120);
	expect_wish(4); /* the first one at once */
	resize_done();
	int64_t changed = b.now;
	hear(120);
	expect_wish(0);
	bench_pass(&b, 29 * SECOND);
	cr_expect_eq(b.now, changed + 30 * SECOND);
	expect_wish(8);
	resize_done();
	changed = b.now;
	hear(10);
	b.now = changed + 2 * MINUTE - 1;
	bench_step(&b);
	expect_wish(0);
	b.now++;
	bench_step(&b);
	expect_wish(2);
}

Test(autoscaler, it_goes_no_further_at_one_time_than_it_may)
{
	begin(SCALER(TARGET ", \"upMax\": 2, \"downMax\": 3"), 2);
	hear(300);
	expect_wish(4);
	resize_done();
	hear(150);
	expect_wish(6);
	resize_done();
	hear(1);
	expect_wish(3);
}

Test(autoscaler, while_the_component_is_not_up_it_waits)
{
	begin(SCALER(TARGET), 2);
	b.up = false;
	hear(300);
	expect_wish(0);
	b.up = true;
	hear(300);
	expect_wish(10);
}

Test(autoscaler, what_it_heard_before_it_was_suspended_counts_no_more)
{
	begin(SCALER(TARGET ", \"upDelay\": \"10s\""), 2);
	hear(300);
	policy_set_suspend(b.set, 0, true);
	hear(300);
	b.now += MINUTE;
	policy_set_suspend(b.set, 0, false);
	hear(300);
	expect_wish(0);
	b.now += 10 * SECOND;
	bench_step(&b);
	expect_wish(10);
}

Test(autoscaler, what_it_heard_before_a_restart_is_not_acted_on)
{
	begin(SCALER(TARGET ", \"upDelay\": \"10s\""), 2);
	hear(300);
	b.now += HOUR;
	bench_restart(&b, SCALER(TARGET ", \"upDelay\": \"10s\""));
	bench_step(&b);
	expect_wish(0);
	hear(300);
	expect_wish(0);
	b.now += 11 * SECOND;
	bench_step(&b);
	expect_wish(10);
}

Test(autoscaler, a_clock_that_is_set_back_does_not_hold_it_up)
{
	begin(SCALER(TARGET ", \"upDelay\": \"10s\", \"upCooldown\": \"30s\""), 2);
	b.now += DAY;
	hear(120);
	b.now += 10 * SECOND;
	bench_step(&b);
	resize_done();
	b.now -= DAY;
	hear(120);
	b.now += 30 * SECOND;
	hear(120);
	b.now += 10 * SECOND;
	bench_step(&b);
	expect_wish(8);
}

/* --- bounds ------------------------------------------------------------------------------------------ */

Test(autoscaler, outside_its_bounds_it_comes_back_at_once)
{
	begin(SCALER(TARGET ", \"min\": 3, \"downCooldown\": \"1h\", \"downMax\": 1"), 20);
	expect_wish(10);
	resize_done();
	b.size = 1;
	bench_step(&b);
	expect_wish(3);
}

Test(autoscaler, more_than_the_maximum_is_reported_when_that_begins)
{
	begin(SCALER(TARGET), 9);
	hear(600);
	expect_wish(10);
	cr_expect_eq(bench_count(&b, WISH_REPORT), 1);
	resize_done();
	hear(600);
	cr_expect_eq(bench_count(&b, WISH_REPORT), 0);
	cr_expect_str_eq(bench_said(&b, POLICY_AUTOSCALER), "more are wanted than `max` allows");
	hear(60);
	hear(600);
	cr_expect_eq(bench_count(&b, WISH_REPORT), 1);
}

Test(autoscaler, bounds_come_with_their_schedule)
{
	/* 1970-01-01 was a Thursday. */
	static const char policies[] = SCALER(", \"schedules\": [{\"schedule\": \"0 8 * * mon-fri\", "
					      "\"min\": 4}, {\"schedule\": \"0 20 * * *\", "
					      "\"min\": 1, \"max\": 2}]");
	begin(policies, 3);
	expect_wish(0); /* at 0:16 of the first day nothing was yet */
	b.now = 8 * HOUR - 1;
	bench_step(&b);
	expect_wish(0);
	cr_expect_eq(b.wishes.next_ms, 8 * HOUR);
	b.now = 8 * HOUR;
	bench_step(&b);
	expect_wish(4);
	resize_done();
	b.now = 20 * HOUR;
	bench_step(&b);
	expect_wish(2);
	resize_done();
	b.now = 2 * DAY + 12 * HOUR; /* Saturday */
	bench_restart(&b, policies);
	bench_step(&b);
	expect_wish(0);
	b.now = 2 * DAY + 12 * HOUR;
	b.zone_ms = 2 * DAY; /* where it is Monday */
	bench_step(&b);
	expect_wish(4);
}

Test(autoscaler, bounds_can_be_set_while_it_runs)
{
	struct error err;
	json_t *four = json_integer(4), *none = json_null(), *minus = json_integer(-3);

	begin(SCALER(TARGET ", \"min\": 2"), 6);
	cr_expect_eq(policy_set_configure(b.set, 0, "maxPoolSize", four, &err), 0, "%s", err.text);
	bench_step(&b);
	expect_wish(4);
	resize_done();
	json_integer_set(four, 5);
	cr_expect_neq(policy_set_configure(b.set, 0, "min", four, &err), 0);
	cr_expect(strstr(err.text, "may not be above"), "%s", err.text);
	cr_expect_neq(policy_set_configure(b.set, 0, "max", none, &err), 0, "it is needed");
	cr_expect_neq(policy_set_configure(b.set, 0, "target", none, &err), 0, "nothing would be left");
	cr_expect_neq(policy_set_configure(b.set, 0, "target", minus, &err), 0);
	cr_expect_neq(policy_set_configure(b.set, 0, "lower", four, &err), 0, "beside a target");
	json_decref(four);
	json_decref(none);
	json_decref(minus);
}

/* --- no room, failures ------------------------------------------------------------------------------- */

Test(autoscaler, where_there_was_no_room_it_does_not_grow_for_a_time_and_says_so)
{
	static const char policies[] = SCALER(TARGET ", \"capacityPause\": \"5m\"");
	begin(policies, 2);
	hear(300);
	expect_wish(10);
	b.size = 3;
	bench_ended(&b, resized(), OUTCOME_NO_CAPACITY);
	const struct wish *problem = bench_wish(&b, WISH_PROBLEM, NULL);
	cr_assert(problem && !problem->clears);
	cr_expect_str_eq(problem->why, "10 instances are wanted, there is room for 3: it would not start");
	int64_t until = b.now + 5 * MINUTE;
	bench_restart(&b, policies);
	while (b.now + SECOND < until) {
		hear(300);
		expect_wish(0);
	}
	cr_expect_str_eq(bench_said(&b, POLICY_AUTOSCALER),
			 "there is room for 3 instances; more are tried in 1 s");
	hear(300);
	expect_wish(10);
	resize_done();
	problem = bench_wish(&b, WISH_PROBLEM, NULL);
	cr_expect(problem && problem->clears);
}

Test(autoscaler, it_shrinks_and_comes_back_to_where_there_was_room)
{
	begin(SCALER(TARGET), 4);
	hear(120);
	bench_ended(&b, resized(), OUTCOME_NO_CAPACITY); /* none at all */
	hear(15);
	expect_wish(1);
	cr_expect(bench_wish(&b, WISH_PROBLEM, NULL)->clears, "no more are wanted");
	resize_done();
	hear(180);
	expect_wish(3);
}

Test(autoscaler, a_resize_that_fails_is_tried_again_with_waits_that_grow)
{
	int64_t last = 0;

	begin(SCALER(TARGET ", \"staleAfter\": \"10h\""), 2);
	hear(120);
	for (int i = 0; i < 6; i++) {
		expect_wish(4);
		cr_expect_eq(resized()->attempt, (unsigned)i + 1);
		bench_ended(&b, resized(), OUTCOME_FAILED);
		cr_expect_eq(bench_count(&b, WISH_REPORT), 1);
		expect_wish(0);
		cr_expect_gt(b.wishes.next_ms - b.now, last);
		last = b.wishes.next_ms - b.now;
		b.now = b.wishes.next_ms;
		bench_number(&b, "load", 120);
	}
	bench_ended(&b, resized(), OUTCOME_DROPPED);
	bench_pass(&b, SECOND);
	expect_wish(4);
}

Test(autoscaler, dry_it_tells_what_it_would_do_once)
{
	begin(SCALER(TARGET ", \"dryRun\": true"), 2);
	hear(120);
	expect_wish(4);
	cr_expect(resized()->dry_run);
	hear(120);
	expect_wish(0);
	hear(240);
	expect_wish(8);
	hear(60);
	hear(240);
	expect_wish(8);
}

Test(autoscaler, keys_that_say_nothing_together_are_refused)
{
	static const struct {
		const char *keys, *words;
	} wrong[] = {
	    {"", "has nothing to go by"},
	    {", \"metric\": \"load\"", "has none of `target`"},
	    {", \"target\": 5", "`target` needs a `metric`"},
	    {TARGET ", \"upper\": 5", "more than one of"},
	    {", \"metric\": \"load\", \"upper\": 5", "needs both `lower` and `upper`"},
	    {", \"metric\": \"load\", \"lower\": 5, \"upper\": 5", "less than `upper`"},
	    {", \"metric\": \"load\", \"target\": 0", "more than 0"},
	    {TARGET ", \"min\": 11", "`min` may not be above `max`"},
	    {TARGET TWO, "`metric` and `metrics` exclude each other"},
	    {", \"metric\": \"load\", \"steps\": [{\"above\": 5, \"add\": 1}, {\"below\": 5, \"remove\": 1}]",
	     "every `below`"},
	    {", \"metric\": \"load\", \"steps\": [{\"above\": 5, \"remove\": 1}]", "`above` and `add`"},
	    {", \"metrics\": [{\"metric\": \"load\", \"tarket\": 5}]", "a metric has no key `tarket`"},
	    {", \"schedules\": [{\"schedule\": \"@daily\"}]", "sets `min`, `max` or both"},
	    {", \"schedules\": [{\"min\": 3}]", "a schedule needs `schedule`"},
	    {", \"schedules\": [{\"schedule\": \"61 * * * *\", \"min\": 3}]", "is no minute"},
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		char policies[500];
		snprintf(policies, sizeof(policies), "[{\"type\": \"autoscaler\", \"max\": 10%s}]",
			 wrong[i].keys);
		struct error err = bench_refuses(policies);
		cr_expect(strstr(err.text, wrong[i].words), "%s\n%s", policies, err.text);
	}
	cr_expect(strstr(bench_refuses("[{\"type\": \"autoscaler\" " TARGET "}]").text, "needs `max`"));
}
