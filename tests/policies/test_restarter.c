/* test_restarter.c - `restarter`: it restarts what is not well, waits longer and longer, ends never by
 * itself, and leaves alone what is to be left alone. */
#include "bench.h"

static struct bench b;

static void end_bench(void)
{
	bench_end(&b);
}

TestSuite(restarter, .fini = end_bench);

static const char plain[] = "[{\"type\": \"restarter\", \"jitter\": 0}]";
static const char *const one = "app.x.1";

static const struct wish *restart(void)
{
	return bench_wish(&b, WISH_RESTART, one);
}

Test(restarter, restarts_at_once_and_says_why)
{
	bench_begin(&b, plain, 1);
	bench_step(&b);
	cr_expect_eq(bench_count(&b, WISH_RESTART), 0, "it is well");
	bench_up(&b, 0, false);
	const struct wish *wish = restart();
	cr_assert(wish);
	cr_expect_str_eq(wish->why, "app.x.1 is not well; restarted, try 1");
	cr_expect_eq(wish->attempt, 1);
	cr_expect_str_eq(wish->policy, "restarter");
	cr_expect(bench_emitted(&b, "ha.entityFailed"), "the detector it was supplied with");
	cr_expect_str_eq(bench_said(&b, POLICY_RESTARTER), "restart 1 of app.x.1");
}

Test(restarter, restarts_what_runs_and_has_a_problem)
{
	bench_begin(&b, plain, 1);
	bench_step(&b);
	b.members[0].problem = "disk full";
	bench_step(&b);
	cr_assert(restart());
	cr_expect_str_eq(restart()->why, "app.x.1 is not well: disk full; restarted, try 1");
}

Test(restarter, a_wish_stands_under_its_id_until_its_outcome_is_told)
{
	bench_begin(&b, plain, 1);
	bench_up(&b, 0, false);
	uint64_t id = restart()->id;
	b.now += HOUR;
	bench_step(&b);
	cr_assert(restart());
	cr_expect_eq(restart()->id, id);
	bench_up(&b, 0, true);
	cr_expect_eq(restart()->id, id, "whoever does it is not done yet");
	bench_ended(&b, restart(), OUTCOME_DONE);
	cr_expect_null(restart());
}

/* How long it waits after the nth failed try. */
static int64_t waited(void)
{
	bench_ended(&b, restart(), OUTCOME_FAILED);
	int64_t from = b.now;
	while (!restart()) {
		cr_assert_lt(b.wishes.next_ms, INT64_MAX);
		b.now = b.wishes.next_ms;
		bench_step(&b);
	}
	return b.now - from;
}

Test(restarter, waits_twice_as_long_after_each_try_up_to_a_bound)
{
	bench_begin(
	    &b, "[{\"type\": \"restarter\", \"jitter\": 0, \"breakerAfter\": 0, \"backoffMax\": \"30s\"}]",
	    1);
	bench_up(&b, 0, false);
	static const int64_t seconds[] = {1, 2, 4, 8, 16, 30, 30, 30};
	for (size_t i = 0; i < 8; i++)
		cr_expect_eq(waited(), seconds[i] * SECOND, "after try %zu", i + 1);
}

Test(restarter, says_what_it_waits_for)
{
	bench_begin(&b, plain, 1);
	bench_up(&b, 0, false);
	waited();
	bench_ended(&b, restart(), OUTCOME_FAILED);
	cr_expect_str_eq(bench_said(&b, POLICY_RESTARTER), "waits 2 s before restart 3 of app.x.1");
}

Test(restarter, is_never_done_with_a_member_unless_told_so)
{
	bench_begin(&b, plain, 1);
	bench_up(&b, 0, false);
	for (int i = 0; i < 200; i++)
		waited();
	cr_expect_eq(restart()->attempt, 201);
}

Test(restarter, after_many_tries_the_breaker_opens_is_told_and_closes_when_it_stays_well)
{
	bench_begin(&b, plain, 1);
	bench_up(&b, 0, false);
	for (int i = 0; i < 4; i++)
		waited();
	bench_ended(&b, restart(), OUTCOME_FAILED);
	const struct wish *report = bench_wish(&b, WISH_REPORT, one);
	cr_assert(report, "five tries failed");
	cr_expect_str_eq(report->why,
			 "app.x.1 was restarted 5 times in a row and is not well: the breaker is open, the "
			 "next try is in 5 min");
	cr_expect(bench_emitted(&b, "ha.entityFailed.restart"));
	cr_expect_eq(b.wishes.next_ms, b.now + 5 * MINUTE);
	cr_expect_str_eq(bench_said(&b, POLICY_RESTARTER),
			 "its breaker is open; waits 5 min before restart 6 of app.x.1");
	bench_step(&b);
	cr_expect_null(bench_wish(&b, WISH_REPORT, NULL), "told once");
	b.now += 5 * MINUTE;
	bench_step(&b);
	cr_assert(restart(), "half open: one try");
	bench_ended(&b, restart(), OUTCOME_FAILED);
	cr_expect(bench_emitted(&b, "ha.entityFailed.restart"), "a replacer hears it again");
	cr_expect_eq(b.wishes.next_ms, b.now + 5 * MINUTE);
	b.now += 5 * MINUTE;
	bench_step(&b);
	b.members[0].up = UP_YES;
	bench_ended(&b, restart(), OUTCOME_DONE);
	cr_expect_null(bench_wish(&b, WISH_REPORT, NULL), "it may yet fail again");
	b.now += MINUTE;
	bench_step(&b);
	report = bench_wish(&b, WISH_REPORT, one);
	cr_assert(report);
	cr_expect_str_eq(report->why, "app.x.1 has been well for 1 min: the breaker is closed");
	bench_up(&b, 0, false);
	cr_assert(restart());
	cr_expect_eq(restart()->attempt, 1, "as if nothing had been");
}

Test(restarter, one_that_fails_soon_after_it_was_well_waits_on)
{
	bench_begin(&b, plain, 1);
	bench_up(&b, 0, false);
	b.members[0].up = UP_YES;
	bench_ended(&b, restart(), OUTCOME_DONE);
	b.now += 100;
	bench_up(&b, 0, false);
	cr_expect_null(restart(), "no sooner than a second after the last try");
	b.now += 900;
	bench_step(&b);
	cr_assert(restart());
	cr_expect_eq(restart()->attempt, 2);
}

Test(restarter, gives_up_only_where_the_blueprint_says_so)
{
	bench_begin(&b, "[{\"type\": \"restarter\", \"jitter\": 0, \"maxTries\": 2}]", 1);
	bench_up(&b, 0, false);
	waited();
	bench_ended(&b, restart(), OUTCOME_FAILED);
	cr_assert(bench_wish(&b, WISH_EXPECT, one));
	cr_expect_eq(bench_wish(&b, WISH_EXPECT, one)->life, LIFE_ON_FIRE);
	cr_expect(bench_emitted(&b, "ha.entityFailed.restart"));
	bench_expect(&b, 0, LIFE_ON_FIRE);
	b.now += DAY;
	bench_step(&b);
	cr_expect_null(restart());
	cr_expect_str_eq(bench_said(&b, POLICY_RESTARTER), "gave app.x.1 up after 2 tries");
	/* Somebody repairs it. */
	b.members[0].expected = LIFE_RUNNING;
	bench_up(&b, 0, true);
	b.now += MINUTE;
	bench_step(&b);
	bench_up(&b, 0, false);
	cr_expect(restart());
}

Test(restarter, what_is_being_stopped_is_never_revived)
{
	bench_begin(
	    &b, "[{\"type\": \"restarter\"}, {\"type\": \"failure-detector\", \"failedAfter\": \"600ms\"}]",
	    1);
	bench_step(&b);
	bench_up(&b, 0, false);
	b.now += 200;
	bench_expect(&b, 0, LIFE_STOPPING);
	b.now += 200;
	bench_expect(&b, 0, LIFE_STOPPED);
	b.now += MINUTE;
	bench_step(&b);
	cr_expect_not(bench_emitted(&b, "ha.entityFailed"),
		      "Brooklyn tells it 600 ms after the failure all the same");
	cr_expect_null(restart());
	/* Also when the failure was told before. */
	b.members[0].expected = LIFE_RUNNING;
	bench_step(&b);
	b.now += 600;
	bench_step(&b);
	cr_assert(restart());
	bench_ended(&b, restart(), OUTCOME_FAILED);
	bench_expect(&b, 0, LIFE_STOPPING);
	b.now += HOUR;
	bench_step(&b);
	cr_expect_null(restart());
}

Test(restarter, what_nobody_sees_is_left_alone)
{
	bench_begin(&b, plain, 1);
	bench_step(&b);
	b.members[0].out_of_sight = true;
	bench_up(&b, 0, false);
	b.now += HOUR;
	bench_step(&b);
	cr_expect_eq(b.wishes.count, 0);
	b.members[0].out_of_sight = false;
	bench_step(&b);
	cr_expect(restart());
}

Test(restarter, what_others_work_on_waits)
{
	bench_begin(&b, plain, 1);
	b.members[0].busy = true;
	bench_up(&b, 0, false);
	cr_expect_null(restart());
	b.members[0].busy = false;
	bench_step(&b);
	cr_expect(restart());
	b.members[0].busy = true; /* as it is said of what it does itself */
	bench_step(&b);
	cr_expect(restart(), "it stands all the same");
}

Test(restarter, at_most_so_many_at_one_time)
{
	bench_begin(&b, "[{\"type\": \"restarter\", \"maxParallel\": 2}]", 5);
	bench_step(&b);
	for (size_t i = 0; i < 5; i++)
		b.members[i].up = UP_NO;
	bench_step(&b);
	cr_expect_eq(bench_count(&b, WISH_RESTART), 2);
	cr_expect_eq(bench_wish(&b, WISH_RESTART, NULL)->max_parallel, 2);
	cr_expect_eq(bench_wish(&b, WISH_RESTART, NULL)->keep_healthy, 0, "it serves nobody any more");
	b.members[0].up = UP_YES;
	bench_ended(&b, bench_wish(&b, WISH_RESTART, one), OUTCOME_DONE);
	cr_expect_eq(bench_count(&b, WISH_RESTART), 2, "the next one's turn");
	cr_expect(bench_wish(&b, WISH_RESTART, "app.x.3"));
}

Test(restarter, keeps_as_many_healthy_as_it_is_told)
{
	bench_begin(
	    &b, "[{\"type\": \"restarter\", \"minHealthy\": 2}, {\"type\": \"connection-failure-detector\"}]",
	    3);
	/* Nobody can be connected to, though all say that they are well: it may be the network near here. */
	bench_step(&b);
	for (int turn = 0; turn < 4; turn++) {
		while (bench_wish(&b, WISH_PROBE, NULL))
			bench_ended(&b, bench_wish(&b, WISH_PROBE, NULL), OUTCOME_FAILED);
		cr_expect_leq(bench_count(&b, WISH_RESTART), 1);
		b.now = b.wishes.next_ms;
		bench_step(&b);
	}
	cr_assert_eq(bench_count(&b, WISH_RESTART), 1);
	cr_expect_eq(bench_wish(&b, WISH_RESTART, NULL)->keep_healthy, 2);
}

Test(restarter, of_those_that_nobody_can_connect_to_one_is_restarted_after_the_other)
{
	bench_begin(
	    &b, "[{\"type\": \"restarter\", \"minHealthy\": 1}, {\"type\": \"connection-failure-detector\"}]",
	    3);
	bench_step(&b);
	for (int turn = 0; turn < 4; turn++) {
		while (bench_wish(&b, WISH_PROBE, NULL))
			bench_ended(&b, bench_wish(&b, WISH_PROBE, NULL), OUTCOME_FAILED);
		cr_expect_leq(bench_count(&b, WISH_RESTART), 1);
		b.now = b.wishes.next_ms;
		bench_step(&b);
	}
	cr_assert_eq(bench_count(&b, WISH_RESTART), 1);
	const struct wish *first = bench_wish(&b, WISH_RESTART, NULL);
	char member[32];
	snprintf(member, sizeof member, "%s", first->member);
	cr_expect_eq(first->keep_healthy, 1);
	bench_ended(&b, first, OUTCOME_DONE);
	cr_assert_eq(bench_count(&b, WISH_RESTART), 1, "the next one, none was given up");
	cr_expect_str_neq(bench_wish(&b, WISH_RESTART, NULL)->member, member);
}

Test(restarter, one_member_alone_can_be_restarted_whatever_is_to_be_kept)
{
	bench_begin(&b, "[{\"type\": \"restarter\", \"minHealthy\": 3}]", 1);
	bench_signal(&b, "ha.connectionFailed", one);
	cr_assert(restart());
	cr_expect_eq(restart()->keep_healthy, 0);
}

Test(restarter, a_dropped_wish_is_no_try)
{
	bench_begin(&b, plain, 1);
	bench_up(&b, 0, false);
	bench_ended(&b, restart(), OUTCOME_DROPPED);
	cr_expect_null(restart(), "not at once, lest the two go round and round");
	b.now += SECOND;
	bench_step(&b);
	cr_assert(restart());
	cr_expect_eq(restart()->attempt, 1);
}

Test(restarter, dry_run_only_tells)
{
	bench_begin(&b, "[{\"type\": \"restarter\", \"jitter\": 0, \"dryRun\": true}]", 1);
	bench_up(&b, 0, false);
	cr_assert(restart());
	cr_expect(restart()->dry_run);
	cr_expect_eq(restart()->id, 0, "no outcome is awaited");
	bench_step(&b);
	cr_expect_null(restart(), "told once");
	b.now += SECOND;
	bench_step(&b);
	cr_assert(restart(), "when it would try again");
	cr_expect_eq(restart()->attempt, 2);
}

Test(restarter, what_is_only_told_opens_no_breaker)
{
	bench_begin(&b,
		    "[{\"type\": \"restarter\", \"jitter\": 0, \"dryRun\": true, \"breakerAfter\": 3, "
		    "\"maxTries\": 5}]",
		    1);
	bench_up(&b, 0, false);
	for (int i = 0; i < 500; i++) {
		b.now += 10 * SECOND;
		bench_step(&b);
		cr_expect_eq(bench_count(&b, WISH_REPORT), 0);
		cr_expect_eq(bench_count(&b, WISH_EXPECT), 0);
	}
}

Test(restarter, a_failure_that_was_missed_while_suspended_is_seen_afterwards)
{
	bench_begin(&b, plain, 1);
	bench_step(&b);
	policy_set_suspend(b.set, bench_index(&b, POLICY_RESTARTER), true);
	bench_up(&b, 0, false);
	cr_expect_null(restart());
	cr_expect(bench_emitted(&b, "ha.entityFailed"), "the detector goes on");
	cr_expect_str_eq(bench_said(&b, POLICY_RESTARTER), "suspended");
	policy_set_suspend(b.set, bench_index(&b, POLICY_RESTARTER), false);
	bench_step(&b);
	cr_expect(restart(), "Brooklyn's, which only hears what is told, would leave it");
}

Test(restarter, suspending_takes_back_what_was_wished)
{
	bench_begin(&b, plain, 1);
	bench_up(&b, 0, false);
	uint64_t id = restart()->id;
	policy_set_suspend(b.set, bench_index(&b, POLICY_RESTARTER), true);
	bench_step(&b);
	cr_expect_null(restart());
	policy_set_suspend(b.set, bench_index(&b, POLICY_RESTARTER), false);
	bench_step(&b);
	cr_assert(restart());
	cr_expect_neq(restart()->id, id);
}

Test(restarter, goes_on_where_it_was_after_a_restart)
{
	bench_begin(&b, plain, 1);
	bench_up(&b, 0, false);
	waited();
	waited();
	bench_ended(&b, restart(), OUTCOME_FAILED);
	bench_restart(&b, plain);
	bench_step(&b);
	cr_expect_null(restart(), "it still waits");
	cr_expect_eq(b.wishes.next_ms, b.now + 4 * SECOND);
	b.now += 4 * SECOND;
	bench_step(&b);
	cr_assert(restart());
	uint64_t id = restart()->id;
	char why[100];
	snprintf(why, sizeof(why), "%s", restart()->why);
	bench_restart(&b, plain);
	bench_step(&b);
	cr_assert(restart());
	cr_expect_eq(restart()->id, id, "what was wished is wished again under its id");
	cr_expect_str_eq(restart()->why, why);
}

Test(restarter, a_clock_that_is_set_back_puts_nothing_off)
{
	bench_begin(&b, plain, 1);
	bench_up(&b, 0, false);
	bench_ended(&b, restart(), OUTCOME_FAILED);
	b.now -= 900000;
	bench_step(&b);
	cr_expect_leq(b.wishes.next_ms, b.now + SECOND);
	b.now += SECOND;
	bench_step(&b);
	cr_expect(restart());
}

Test(restarter, jitter_adds_up_to_its_share_and_differs_by_member)
{
	bench_begin(&b, "[{\"type\": \"restarter\", \"jitter\": 50, \"backoff\": \"10s\"}]", 2);
	b.chance = 0x123456789abcdef;
	b.members[0].up = b.members[1].up = UP_NO;
	bench_step(&b);
	const struct wish *first = bench_wish(&b, WISH_RESTART, one),
			  *second = bench_wish(&b, WISH_RESTART, "app.x.2");
	cr_assert(first && second);
	b.outcomes[b.outcome_count++] = (struct wish_outcome){second->id, OUTCOME_FAILED, NULL};
	bench_ended(&b, first, OUTCOME_FAILED);
	int64_t failed_at = b.now, at[2] = {0};
	while (!at[0] || !at[1]) {
		b.now = b.wishes.next_ms;
		bench_step(&b);
		if (!at[0] && bench_wish(&b, WISH_RESTART, one))
			at[0] = b.now - failed_at;
		if (!at[1] && bench_wish(&b, WISH_RESTART, "app.x.2"))
			at[1] = b.now - failed_at;
	}
	cr_expect_neq(at[0], at[1]);
	for (int i = 0; i < 2; i++)
		cr_expect(at[i] >= 10 * SECOND && at[i] <= 15 * SECOND, "%lld", (long long)at[i]);
}

Test(restarter, somebody_elses_start_in_between_is_no_new_beginning)
{
	bench_begin(&b, plain, 1);
	bench_up(&b, 0, false);
	waited();
	bench_ended(&b, restart(), OUTCOME_FAILED);
	bench_expect(&b, 0, LIFE_STARTING);
	b.now += 10 * SECOND;
	bench_step(&b);
	cr_expect_null(restart());
	bench_expect(&b, 0, LIFE_RUNNING);
	cr_assert(restart());
	cr_expect_eq(restart()->attempt, 3);
}

Test(restarter, what_is_well_by_itself_needs_no_further_try)
{
	bench_begin(&b, plain, 1);
	bench_up(&b, 0, false);
	bench_ended(&b, restart(), OUTCOME_FAILED);
	bench_up(&b, 0, true);
	b.now += 10 * SECOND;
	bench_step(&b);
	cr_expect_null(restart());
	bench_signal(&b, "ha.entityFailed", one);
	cr_expect_null(restart(), "it is well, whatever is told of it");
}

Test(restarter, a_short_time_well_is_not_added_to_the_next)
{
	bench_begin(&b, plain, 1);
	bench_up(&b, 0, false);
	b.members[0].up = UP_YES;
	bench_ended(&b, restart(), OUTCOME_DONE);
	b.now += 40 * SECOND;
	bench_up(&b, 0, false);
	b.members[0].up = UP_YES;
	bench_ended(&b, restart(), OUTCOME_DONE);
	b.now += 40 * SECOND;
	bench_step(&b);
	bench_up(&b, 0, false);
	cr_assert(restart());
	cr_expect_eq(restart()->attempt, 3, "it was never well for a minute");
}

Test(restarter, what_a_suspended_detector_said_last_does_not_count)
{
	bench_begin(&b, plain, 1);
	bench_step(&b);
	bench_up(&b, 0, false);
	policy_set_suspend(b.set, bench_index(&b, POLICY_FAILURE_DETECTOR), true);
	b.members[0].up = UP_YES;
	bench_ended(&b, restart(), OUTCOME_DONE);
	b.now += HOUR;
	bench_step(&b);
	cr_expect_null(restart());
}

Test(restarter, what_its_detector_does_not_mind_it_does_not_mind)
{
	bench_begin(
	    &b, "[{\"type\": \"restarter\"}, {\"type\": \"failure-detector\", \"monitorProblems\": false}]",
	    1);
	b.members[0].problem = "disk";
	bench_step(&b);
	cr_expect_null(restart());
	bench_up(&b, 0, false);
	bench_signal(&b, "ha.entityFailed", one); /* told from outside as well */
	bench_ended(&b, restart(), OUTCOME_FAILED);
	bench_up(&b, 0, true);
	b.now += HOUR;
	bench_step(&b);
	cr_expect_null(restart());
}

static const char brooklyns[] = "[{\"type\": \"org.apache.brooklyn.policy.ha.ServiceRestarter\"}]";

Test(restarter, brooklyns_sees_what_it_began_through_while_it_is_suspended)
{
	bench_begin(&b, brooklyns, 1);
	bench_step(&b);
	bench_up(&b, 0, false);
	cr_assert(restart());
	struct wish begun = *restart();
	bench_signal(&b, "ha.entityFailed", one); /* waits for its turn */
	policy_set_suspend(b.set, bench_index(&b, POLICY_RESTARTER), true);
	bench_step(&b);
	cr_expect_null(restart());
	bench_ended(&b, &begun, OUTCOME_FAILED);
	cr_expect(bench_emitted(&b, "ha.entityFailed.restart"));
	cr_expect_eq(bench_count(&b, WISH_EXPECT), 1, "the one that waited is not heard");
	policy_set_suspend(b.set, bench_index(&b, POLICY_RESTARTER), false);
	b.now += HOUR;
	bench_signal(&b, "ha.entityFailed", one);
	bench_step(&b);
	cr_expect(restart());
}

/* From the failure before it, and the bound itself counts. */
Test(restarter, brooklyns_gives_up_on_a_failure_at_the_very_end_of_its_time_and_not_later)
{
	for (int late = 0; late < 2; late++) {
		bench_begin(&b, brooklyns, 1);
		bench_step(&b);
		bench_signal(&b, "ha.entityFailed", one);
		bench_ended(&b, restart(), OUTCOME_DONE);
		b.now += 3 * MINUTE + late;
		bench_signal(&b, "ha.entityFailed", one);
		cr_expect_eq(restart() != NULL, late == 1);
		cr_expect_eq(bench_emitted(&b, "ha.entityFailed.restart"), late == 0);
		if (!late)
			bench_end(&b);
	}
}

Test(restarter, brooklyns_says_that_it_gave_up_until_it_is_well_again)
{
	static const char said[] = "gave app.x.1 up, and does not restart it any more";
	bench_begin(&b, brooklyns, 1);
	bench_step(&b);
	bench_up(&b, 0, false);
	bench_ended(&b, restart(), OUTCOME_DONE);
	bench_up(&b, 0, true);
	b.now += MINUTE;
	bench_up(&b, 0, false);
	cr_assert_null(restart());
	b.now += HOUR;
	bench_restart(&b, brooklyns);
	bench_step(&b);
	cr_expect_str_eq(bench_said(&b, POLICY_RESTARTER), said);
	bench_up(&b, 0, true);
	cr_expect_str_eq(bench_said(&b, POLICY_RESTARTER), "nothing to do");
}
