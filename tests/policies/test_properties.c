/* test_properties.c - what holds whatever happens: members come and go, actions end well or not or late,
 * clocks jump, policies are suspended. Each run is drawn from a seed, which a failure tells. */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

enum { SEEDS = 60, TURNS = 300 };

static struct bench b;

static void end_bench(void)
{
	bench_end(&b);
}

TestSuite(properties, .fini = end_bench);

static uint64_t dice;

static unsigned draw(unsigned sides)
{
	dice = dice * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(dice >> 33) % sides;
}

static const char *const sets[] = {
    "[{\"type\": \"restarter\", \"breakerAfter\": 3}]",
    "[{\"type\": \"restarter\", \"breakerAfter\": 2, \"maxParallel\": 2}, {\"type\": \"replacer\"}]",
    "[{\"type\": \"restarter\", \"breakerAfter\": 2}, {\"type\": \"replacer\", \"maxParallel\": 0}, "
    "{\"type\": \"connection-failure-detector\"}, {\"type\": \"failure-detector\", \"failedAfter\": \"2s\"}]",
    "[{\"type\": \"org.apache.brooklyn.policy.ha.ServiceRestarter\", "
    "\"failOnRecurringFailuresInThisDuration\": \"20s\"}, "
    "{\"type\": \"org.apache.brooklyn.policy.ha.ServiceReplacer\"}]",
    "[{\"type\": \"org.apache.brooklyn.policy.ha.ServiceRestarter\"}, {\"type\": \"replacer\"}, "
    "{\"type\": \"stop-after\", \"lifetime\": \"5m\"}, {\"type\": \"periodic\", \"effector\": \"x\", "
    "\"period\": \"40s\"}]",
};
enum { SETS = sizeof(sets) / sizeof(*sets) };

static bool is_action(const struct wish *wish)
{
	return wish->kind == WISH_RESTART || wish->kind == WISH_REPLACE;
}

/* Something happens to somebody. */
static void happen(void)
{
	struct member_sense *member = &b.members[draw((unsigned)b.member_count)];
	static const enum lifecycle lives[] = {LIFE_RUNNING, LIFE_RUNNING,  LIFE_RUNNING, LIFE_STOPPING,
					       LIFE_STOPPED, LIFE_STARTING, LIFE_ON_FIRE};
	static const char *const sensors[] = {"ha.entityFailed", "ha.entityFailed.restart",
					      "ha.connectionFailed"};

	switch (draw(8)) {
	case 0:
	case 1:
	case 2:
		member->up = draw(3) ? UP_NO : UP_YES;
		break;
	case 3:
		member->up = UP_YES;
		member->problem = draw(4) ? NULL : "disk";
		break;
	case 4:
		member->expected = lives[draw(7)];
		break;
	case 5:
		member->busy = draw(3) == 0;
		member->out_of_sight = draw(4) == 0;
		break;
	case 6:
		b.signals[b.signal_count++] = (struct policy_signal){sensors[draw(3)], member->name, NULL};
		break;
	default:
		b.up = draw(2);
	}
}

/* Some of what was wished comes to its end. */
static void finish_some(void)
{
	static const enum outcome_kind kinds[] = {OUTCOME_DONE, OUTCOME_FAILED, OUTCOME_DROPPED,
						  OUTCOME_OLD_STAYS};

	for (size_t i = 0; i < b.wishes.count && b.outcome_count < BENCH_MEMBERS; i++) {
		const struct wish *wish = &b.wishes.list[i];
		if (wish->id && draw(3) == 0) {
			enum outcome_kind kind = kinds[draw(wish->kind == WISH_REPLACE ? 4 : 3)];
			b.outcomes[b.outcome_count++] = (struct wish_outcome){wish->id, kind, NULL};
		}
	}
}

static void turn(void)
{
	finish_some();
	if (draw(2))
		happen();
	int64_t next = b.wishes.next_ms;
	if (draw(3) && next < b.now + HOUR && next > b.now)
		b.now = next;
	else
		b.now += draw(5000);
	b.chance = dice;
	bench_step(&b);
}

#define each_run(seed)                                                                                       \
	for (unsigned seed = 0; seed < SEEDS; bench_end(&b), seed++)                                         \
		if (dice = seed * 7919 + 1, bench_begin(&b, sets[seed % SETS], 1 + seed % 5), true)

Test(properties, never_two_wishes_for_one_instance_at_once)
{
	each_run(seed) for (int t = 0; t < TURNS; t++)
	{
		turn();
		for (size_t i = 0; i < b.wishes.count; i++)
			for (size_t j = 0; is_action(&b.wishes.list[i]) && j < i; j++)
				cr_assert(!is_action(&b.wishes.list[j]) ||
					      strcmp(b.wishes.list[i].member, b.wishes.list[j].member) != 0,
					  "seed %u turn %d: %s and %s of %s", seed, t,
					  b.wishes.list[j].policy, b.wishes.list[i].policy,
					  b.wishes.list[i].member);
	}
}

Test(properties, a_suspended_policy_never_wishes_anything)
{
	each_run(seed) for (int t = 0; t < TURNS; t++)
	{
		if (draw(4) == 0)
			policy_set_suspend(b.set, draw((unsigned)policy_set_count(b.set)), draw(2));
		turn();
		for (size_t i = 0; i < b.wishes.count; i++)
			for (size_t j = 0; j < policy_set_count(b.set); j++)
				cr_assert(!policy_set_suspended(b.set, j) ||
					      /* Brooklyn's tell how what they had begun failed. */
					      (policy_set_type(b.set, j)->classic &&
					       !is_action(&b.wishes.list[i])) ||
					      strcmp(policy_set_name(b.set, j), b.wishes.list[i].policy) != 0,
					  "seed %u turn %d: %s", seed, t, b.wishes.list[i].why);
	}
}

Test(properties, every_wish_says_why_and_is_about_a_member_there_is)
{
	each_run(seed) for (int t = 0; t < TURNS; t++)
	{
		turn();
		for (size_t i = 0; i < b.wishes.count; i++) {
			const struct wish *wish = &b.wishes.list[i];
			cr_assert(wish->why && *wish->why, "seed %u turn %d", seed, t);
			cr_assert(!is_action(wish) || (wish->member && wish->id), "seed %u turn %d", seed, t);
			cr_assert(wish->keep_healthy < b.member_count, "seed %u turn %d", seed, t);
		}
		cr_assert_gt(b.wishes.next_ms, b.now, "seed %u turn %d: it is to be called at once, again",
			     seed, t);
	}
}

static json_t *shown(void)
{
	json_t *list = json_array();

	for (size_t i = 0; i < b.wishes.count; i++) {
		const struct wish *wish = &b.wishes.list[i];
		json_array_append_new(list, json_pack("{s:i, s:I, s:s?, s:s, s:i}", "kind", wish->kind, "id",
						      (json_int_t)wish->id, "member", wish->member, "why",
						      wish->why, "attempt", wish->attempt));
	}
	json_array_append_new(list, json_integer(b.wishes.next_ms));
	return list;
}

/* All that was wished in a run; with a new controller before every turn, or with one for all. */
static json_t *run_of(unsigned seed, bool restarting)
{
	json_t *all = json_array();

	dice = seed * 7919 + 1;
	bench_begin(&b, sets[seed % SETS], 1 + seed % 5);
	for (int t = 0; t < TURNS; t++) {
		turn();
		json_array_append_new(all, shown());
		if (restarting)
			bench_restart(&b, sets[seed % SETS]);
	}
	bench_end(&b);
	return all;
}

Test(properties, who_is_restarted_at_every_turn_wishes_the_same)
{
	for (unsigned seed = 0; seed < SEEDS; seed++) {
		json_t *one = run_of(seed, false), *many = run_of(seed, true);
		for (size_t t = 0; t < TURNS; t++) {
			char *a = json_dumps(json_array_get(one, t), 0),
			     *z = json_dumps(json_array_get(many, t), 0);
			cr_assert_str_eq(a, z, "seed %u turn %zu:\n%s\n%s", seed, t, a, z);
			free(a);
			free(z);
		}
		json_decref(one);
		json_decref(many);
	}
}

Test(properties, a_step_twice_at_one_time_says_nothing_new)
{
	each_run(seed) for (int t = 0; t < TURNS; t++)
	{
		turn();
		bench_step(&b);
		for (size_t i = 0; i < b.wishes.count; i++)
			cr_assert(b.wishes.list[i].id, "seed %u turn %d: told twice: %s", seed, t,
				  b.wishes.list[i].why);
	}
}

/* The waits between tries of a member that is never well. */
static void expect_growing_waits(unsigned seed)
{
	int64_t before = 0, ended = -1;
	enum wish_kind kind = seed % 2 ? WISH_RESTART : WISH_REPLACE;

	dice = seed + 1;
	bench_begin(&b,
		    seed % 2 ? "[{\"type\": \"restarter\", \"jitter\": 100}]"
			     : "[{\"type\": \"replacer\", \"jitter\": 30}]",
		    1);
	bench_step(&b);
	bench_up(&b, 0, false);
	for (int tries = 0; tries < 40;) {
		const struct wish *wish = bench_wish(&b, kind, NULL);
		if (wish) {
			if (ended >= 0) {
				cr_assert_geq(b.now - ended, before, "seed %u try %d: %lld ms after %lld ms",
					      seed, tries, (long long)(b.now - ended), (long long)before);
				before = b.now - ended;
			}
			tries++;
			b.now += draw(3000);
			b.chance = dice;
			ended = b.now;
			/* One that was done and has not helped is as one that failed. */
			bench_ended(&b, wish, draw(2) ? OUTCOME_FAILED : OUTCOME_DONE);
		} else {
			b.chance = dice;
			draw(2);
			b.now = b.wishes.next_ms;
			bench_step(&b);
		}
	}
	bench_end(&b);
}

Test(properties, waits_never_shrink_while_it_fails)
{
	for (unsigned seed = 0; seed < SEEDS; seed++)
		expect_growing_waits(seed);
}

Test(properties, at_most_so_many_at_one_time_as_the_blueprint_says)
{
	for (unsigned seed = 0; seed < SEEDS; seed++) {
		dice = seed + 1;
		bench_begin(&b, "[{\"type\": \"restarter\", \"maxParallel\": 2, \"breakerAfter\": 0}]", 6);
		for (int t = 0; t < TURNS; t++) {
			turn();
			cr_assert_leq(bench_count(&b, WISH_RESTART), 2, "seed %u turn %d", seed, t);
		}
		bench_end(&b);
	}
}

/* Of what is not to run, nothing is begun. */
Test(properties, what_is_not_to_run_is_never_begun_with)
{
	for (unsigned seed = 0; seed < SEEDS; seed++) {
		uint64_t last = 0;
		dice = seed * 7919 + 1;
		bench_begin(&b, sets[seed % 3], 1 + seed % 5);
		for (int t = 0; t < TURNS; t++) {
			turn();
			for (size_t i = 0; i < b.wishes.count; i++) {
				const struct wish *wish = &b.wishes.list[i];
				if (!is_action(wish) || wish->id <= last)
					continue;
				for (size_t j = 0; j < b.member_count; j++)
					if (!strcmp(b.members[j].name, wish->member))
						cr_assert((b.members[j].expected == LIFE_RUNNING ||
							   b.members[j].expected == LIFE_ON_FIRE) &&
							      !b.members[j].busy &&
							      !b.members[j].out_of_sight,
							  "seed %u turn %d: %s", seed, t, wish->why);
			}
			for (size_t i = 0; i < b.wishes.count; i++)
				last = b.wishes.list[i].id > last ? b.wishes.list[i].id : last;
		}
		bench_end(&b);
	}
}
