/* test_autoscaler_steady.c - the autoscaler never goes back and forth, and stays within its bounds, whatever
 * load it is told of and whatever becomes of its wishes. Each run is drawn from a seed, which a failure
 * tells. */
#include "bench.h"

#include <math.h>
#include <stdio.h>

#define TARGET ", \"metric\": \"load\", \"target\": 60"
#define BOUNDS ", \"metric\": \"load\", \"lower\": 20, \"upper\": 80"

static struct bench b;

static void end_bench(void)
{
	bench_end(&b);
}

TestSuite(autoscaler_steady, .fini = end_bench);

enum { SEEDS = 80, TURNS = 400 };

static uint64_t dice;

static unsigned draw(unsigned sides)
{
	dice = dice * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(dice >> 33) % sides;
}

static const char *const ways[] = {
    TARGET,
    BOUNDS,
    TARGET ", \"upDelay\": \"5s\", \"downDelay\": \"9s\"",
    BOUNDS ", \"upMax\": 1, \"downMax\": 2, \"upCooldown\": \"3s\", \"downCooldown\": \"7s\"",
    ", \"metric\": \"load\", \"lower\": 79, \"upper\": 80",
    ", \"metric\": \"load\", \"target\": 60, \"tolerance\": 0",
    ", \"metric\": \"load\", \"steps\": [{\"above\": 60, \"add\": 3}, {\"above\": 90, \"add\": 7}, "
    "{\"below\": "
    "59, \"remove\": 4}]",
    ", \"metrics\": [{\"metric\": \"load\", \"lower\": 20, \"upper\": 80}, {\"metric\": \"load\", "
    "\"target\": "
    "60}]",
};
enum { WAYS = sizeof(ways) / sizeof(*ways) };

static void begin_way(unsigned seed, int64_t size)
{
	char policies[600];

	dice = seed * 7919 + 1;
	snprintf(policies, sizeof(policies),
		 "[{\"type\": \"autoscaler\", \"max\": 40, \"min\": 2, \"downDelay\": 0, \"upCooldown\": 0, "
		 "\"downCooldown\": 0%s}]",
		 ways[seed % WAYS]);
	bench_begin(&b, policies, 1);
	b.size = size;
	bench_step(&b);
}

static const struct wish *resized(void)
{
	return bench_wish(&b, WISH_RESIZE, NULL);
}

/* The load is shared by the instances; what is wished for is done, now and then after a while. */
static void turn(double load)
{
	b.now += 100 + draw(3000);
	bench_number(&b, "load", load / (double)b.size);
	const struct wish *wish = resized();
	if (!wish || !draw(3))
		return;
	b.size = wish->size;
	bench_ended(&b, wish, OUTCOME_DONE);
}

Test(autoscaler_steady, noise_within_the_bounds_never_changes_the_size)
{
	for (unsigned seed = 0; seed < SEEDS; bench_end(&b), seed++) {
		static const double from[] = {54, 20, 54, 20, 79, 60, 59, 54},
				    to[] = {66, 80, 66, 80, 80, 60, 60, 66};
		begin_way(seed, 2 + seed % 30);
		for (int t = 0; t < TURNS; t++) {
			double low = from[seed % WAYS], high = to[seed % WAYS];
			b.now += 100 + draw(3000);
			bench_number(&b, "load", low + (high - low) * draw(1001) / 1000);
			cr_assert_null(resized(), "seed %u, turn %d: %s", seed, t, resized()->why);
		}
	}
}

/* Rising: once it grew it never shrinks. Falling: once it shrank it never grows. */
static void expect_one_way(unsigned seed, bool rising)
{
	double load = rising ? draw(500) : 2000 + draw(500);
	bool went = false;

	for (int t = 0; t < TURNS; t++) {
		int64_t before = b.size;
		load += rising ? draw(40) : -(double)draw(40);
		load = load < 0 ? 0 : load;
		turn(load);
		bool grew = b.size > before, shrank = b.size < before;
		went |= rising ? grew : shrank;
		cr_assert_not(went && (rising ? shrank : grew), "seed %u, turn %d: %lld to %lld at %g", seed,
			      t, (long long)before, (long long)b.size, load);
	}
	cr_expect(went, "seed %u: the load went far enough to show something", seed);
}

Test(autoscaler_steady, a_load_that_only_rises_or_only_falls_never_makes_it_go_back)
{
	for (unsigned seed = 0; seed < SEEDS; bench_end(&b), seed++) {
		begin_way(seed, 2 + seed % 38);
		expect_one_way(seed, seed / WAYS % 2);
	}
}

Test(autoscaler_steady, a_load_that_stays_is_settled_with_in_at_most_as_many_changes_as_it_may_take)
{
	for (unsigned seed = 0; seed < SEEDS; bench_end(&b), seed++) {
		begin_way(seed, 2 + seed % 38);
		double load = 100 + draw(2200);
		for (int t = 0; t < TURNS; t++)
			turn(load);
		int64_t size = b.size;
		for (int t = 0; t < TURNS; t++)
			turn(load);
		cr_assert_eq(b.size, size, "seed %u: still from %lld to %lld at %g", seed, (long long)size,
			     (long long)b.size, load);
	}
}

/* Whatever is told, and whoever else changes the size. */
static void happen(void)
{
	static const double numbers[] = {0, -5, 1e300, 60, 79.5, 1e-300};
	struct sample *sample = &b.samples[b.sample_count];

	*sample = (struct sample){.sensor = draw(9) ? "load" : "other", .kind = SAMPLE_NUMBER};
	sample->number = draw(4) ? draw(200) : numbers[draw(6)];
	if (draw(8) == 0)
		sample->number = draw(2) ? NAN : (double)INFINITY;
	if (draw(8) == 0)
		sample->kind = SAMPLE_NOTHING;
	if (draw(6) == 0)
		sample->at_ms = b.now - draw(300000);
	b.sample_count += draw(5) > 0;
	if (draw(12) == 0)
		b.size = draw(50);
	b.up = draw(15) > 0;
	b.now += draw(9) ? draw(20000) : -(int64_t)draw(100000);
	if (draw(40) == 0)
		policy_set_suspend(b.set, 0, draw(2));
}

Test(autoscaler_steady, whatever_happens_it_wishes_for_a_size_within_its_bounds_and_for_one_at_a_time)
{
	static const enum outcome_kind kinds[] = {OUTCOME_DONE, OUTCOME_FAILED, OUTCOME_DROPPED,
						  OUTCOME_NO_CAPACITY};

	for (unsigned seed = 0; seed < SEEDS; bench_end(&b), seed++) {
		uint64_t standing = 0;
		begin_way(seed, 5);
		for (int t = 0; t < TURNS; t++) {
			happen();
			bench_step(&b);
			cr_assert_leq(bench_count(&b, WISH_RESIZE), 1, "seed %u, turn %d", seed, t);
			const struct wish *wish = resized();
			if (!wish)
				continue;
			bool fresh = wish->id != standing;
			standing = wish->id;
			cr_assert_geq(wish->size, 2, "seed %u, turn %d", seed, t);
			cr_assert_leq(wish->size, 40, "seed %u, turn %d", seed, t);
			cr_assert_neq(fresh ? wish->size : 0, fresh ? (unsigned)b.size : 1,
				      "seed %u, turn %d", seed, t);
			if (draw(2))
				continue;
			enum outcome_kind kind = kinds[draw(4)];
			if (kind == OUTCOME_DONE)
				b.size = wish->size;
			bench_ended(&b, wish, kind);
		}
	}
}

Test(autoscaler_steady, whatever_happens_it_asks_for_a_moment_that_is_to_come)
{
	for (unsigned seed = 0; seed < SEEDS; bench_end(&b), seed++) {
		begin_way(seed, 5);
		for (int t = 0; t < TURNS; t++) {
			happen();
			bench_step(&b);
			cr_assert_gt(b.wishes.next_ms, b.now, "seed %u, turn %d", seed, t);
		}
	}
}
