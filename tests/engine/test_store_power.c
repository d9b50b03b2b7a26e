/* test_store_power.c - the store on a simulated disk: whatever was reported durable is there after its
 * process was killed, and after the power was cut, at any of its calls.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/store_file.h"
#include "simulation/machine.h"

#define DIRECTORY MACHINE_HOME "/.local/state/berth"
#define RECORDS   12

struct bench {
	struct universe *universe;
	struct machine *machine;
	struct seat *seat;
	struct store *store;
};

static void set_up(struct bench *bench, uint64_t seed)
{
	bench->universe = universe_new(seed);
	bench->machine = machine_new(bench->universe, "host", "192.0.2.1");
	cr_assert(bench->machine);
}

static void begin(struct bench *bench)
{
	bench->seat = seat_new(bench->universe, bench->machine);
	bench->store = store_new(seat_world(bench->seat), DIRECTORY);
	cr_assert(bench->store);
}

static void end(struct bench *bench)
{
	store_free(bench->store);
	seat_free(bench->seat);
}

static void take_down(struct bench *bench)
{
	machine_free(bench->machine);
	universe_free(bench->universe);
}

static void run(struct bench *bench)
{
	struct clock *clock = universe_clock(bench->universe);
	int64_t limit = clock_now(clock) + 1000;
	while (clock_step(clock, limit))
		;
}

/* Puts records, some of them together, and returns how many of them are told to be durable. */
static unsigned write_records(struct bench *bench, uint64_t number[RECORDS])
{
	unsigned durable = 0;
	char text[24];
	for (unsigned i = 0; i < RECORDS; i++) {
		snprintf(text, sizeof text, "%u", i);
		number[i] = store_put_event(bench->store, "app", NULL, NULL, "test", text);
		if (i % 3)
			run(bench);
	}
	run(bench);
	while (durable < RECORDS && number[durable] &&
	       store_durable(bench->store, number[durable], NULL) == 1)
		durable++;
	return durable;
}

/* The events there are must be the first ones, without a gap and each whole. */
static unsigned count_records(struct bench *bench)
{
	owned_json events = NULL;
	struct error err = {0};
	json_t *event;
	size_t at;
	char text[24];
	cr_assert_eq(store_events(bench->store, "app", -1, &events, &err), 0, "%s", err.text);
	json_array_foreach (events, at, event) {
		snprintf(text, sizeof text, "%zu", at);
		cr_assert_str_eq(json_string_value(json_object_get(event, "text")), text);
	}
	return (unsigned)json_array_size(events);
}

static void check_integrity(struct bench *bench)
{
	sqlite3 *connection;
	sqlite3_stmt *statement;
	struct text ignored = {0};
	if (machine_read(bench->machine, DIRECTORY "/berth.db", &ignored))
		return; /* it came to nothing */
	text_release(&ignored);
	cr_assert_eq(sqlite3_open_v2(DIRECTORY "/berth.db", &connection, SQLITE_OPEN_READWRITE,
				     machine_vfs(bench->machine)),
		     SQLITE_OK);
	cr_assert_eq(sqlite3_prepare_v2(connection, "PRAGMA integrity_check", -1, &statement, NULL),
		     SQLITE_OK, "%s", sqlite3_errmsg(connection));
	cr_assert_eq(sqlite3_step(statement), SQLITE_ROW);
	cr_assert_str_eq((const char *)sqlite3_column_text(statement, 0), "ok");
	sqlite3_finalize(statement);
	sqlite3_close(connection);
}

/* How many calls the whole story takes. */
static uint64_t calls_of_all(uint64_t seed)
{
	struct bench bench;
	uint64_t number[RECORDS];
	set_up(&bench, seed);
	begin(&bench);
	cr_assert_eq(write_records(&bench, number), RECORDS);
	uint64_t calls = seat_calls(bench.seat);
	end(&bench);
	take_down(&bench);
	return calls;
}

static void killed_at_each_call(bool power)
{
	uint64_t calls = calls_of_all(1);
	cr_assert_gt(calls, 20);
	for (uint64_t at = 1; at <= calls; at++)
		for (uint64_t seed = 1; seed <= (power ? 4 : 1); seed++) {
			struct bench bench;
			uint64_t number[RECORDS];
			set_up(&bench, seed);
			begin(&bench);
			seat_kill_at(bench.seat, at);
			unsigned durable = write_records(&bench, number);
			cr_expect(seat_dead(bench.seat) || at == calls);
			if (power)
				machine_power_cut(bench.machine);
			end(&bench);
			check_integrity(&bench);
			begin(&bench);
			unsigned there = count_records(&bench);
			cr_assert_geq(there, durable, "killed at call %llu, seed %llu",
				      (unsigned long long)at, (unsigned long long)seed);
			uint64_t next = store_put_event(bench.store, "app", NULL, NULL, "test", "next");
			run(&bench);
			struct error err = {0};
			cr_assert_eq(store_durable(bench.store, next, &err), 1, "%s", err.text);
			end(&bench);
			take_down(&bench);
		}
}

Test(store_power, what_was_durable_is_there_after_a_kill_at_any_call)
{
	killed_at_each_call(false);
}

Test(store_power, what_was_durable_is_there_after_a_power_cut_at_any_call)
{
	killed_at_each_call(true);
}

/* Of one process' writes to the WAL nothing is lost with the process: the machine still has them. */
Test(store_power, a_kill_loses_nothing_that_was_written)
{
	struct bench bench;
	uint64_t number[RECORDS];
	set_up(&bench, 3);
	begin(&bench);
	cr_assert_eq(write_records(&bench, number), RECORDS);
	seat_kill(bench.seat);
	end(&bench);
	begin(&bench);
	cr_expect_eq(count_records(&bench), RECORDS);
	end(&bench);
	take_down(&bench);
}

Test(store_power, two_programs_share_one_store)
{
	struct bench bench, other;
	uint64_t number[RECORDS];
	set_up(&bench, 4);
	begin(&bench);
	other = bench;
	begin(&other);
	cr_assert_eq(write_records(&bench, number), RECORDS);
	cr_expect_eq(count_records(&other), RECORDS);
	cr_expect_eq(write_records(&other, number), RECORDS);
	owned_json events = NULL;
	cr_assert_eq(store_events(bench.store, "app", -1, &events, NULL), 0);
	cr_expect_eq(json_array_size(events), 2 * RECORDS);
	/* The one that dies leaves the other one whole. */
	seat_kill_at(other.seat, 3);
	write_records(&other, number);
	cr_expect(seat_dead(other.seat));
	cr_expect_eq(write_records(&bench, number), RECORDS);
	end(&other);
	cr_expect_eq(write_records(&bench, number), RECORDS);
	end(&bench);
	check_integrity(&bench);
	take_down(&bench);
}

Test(store_power, a_full_disk_is_told_and_hurts_nothing)
{
	struct bench bench;
	uint64_t number[RECORDS];
	struct error err = {0};
	set_up(&bench, 5);
	begin(&bench);
	cr_assert_eq(write_records(&bench, number), RECORDS);
	machine_disk_room(bench.machine, 100);
	uint64_t lost = store_put_event(bench.store, "app", NULL, NULL, "test", "lost");
	run(&bench);
	cr_assert_eq(store_durable(bench.store, lost, &err), -1);
	cr_expect(strstr(err.text, "full"), "%s", err.text);
	machine_disk_room(bench.machine, -1);
	cr_expect_eq(count_records(&bench), RECORDS);
	uint64_t next = store_put_event(bench.store, "app", NULL, NULL, "test", "next");
	run(&bench);
	cr_expect_eq(store_durable(bench.store, next, &err), 1, "%s", err.text);
	end(&bench);
	check_integrity(&bench);
	take_down(&bench);
}

/* Of failures long ago two become one, so that a disk that is full again and again costs no memory: what was
 * written between them is told as lost, what was lost never as written. */
Test(store_power, of_ever_new_failures_the_last_ones_are_told_apart)
{
	enum { ROUNDS = 50, TOLD_APART = 30 };
	struct bench bench;
	uint64_t lost[ROUNDS], written[ROUNDS];
	set_up(&bench, 6);
	begin(&bench);
	for (unsigned i = 0; i < ROUNDS; i++) {
		machine_disk_room(bench.machine, 0);
		lost[i] = store_put_event(bench.store, "app", NULL, NULL, "test", "lost");
		run(&bench);
		machine_disk_room(bench.machine, -1);
		written[i] = store_put_event(bench.store, "app", NULL, NULL, "test", "written");
		run(&bench);
	}
	for (unsigned i = 0; i < ROUNDS; i++)
		cr_expect_eq(store_durable(bench.store, lost[i], NULL), -1, "round %u", i);
	for (unsigned i = ROUNDS - TOLD_APART; i < ROUNDS; i++)
		cr_expect_eq(store_durable(bench.store, written[i], NULL), 1, "round %u", i);
	cr_expect_eq(store_durable(bench.store, written[0], NULL), -1);
	end(&bench);
	take_down(&bench);
}

static unsigned acts_left;

static int fail_at(void *owner, enum disk_act act, const char *name)
{
	(void)owner, (void)name;
	return act != DISK_READ && acts_left && !--acts_left ? EIO : 0;
}

/* The act fails once; what was told to be durable stays, what was told to be lost may be either. */
Test(store_power, a_disk_that_fails_once_at_any_act_hurts_nothing_that_was_durable)
{
	for (unsigned at = 1; at < 80; at++) {
		struct bench bench;
		uint64_t number[RECORDS];
		set_up(&bench, at);
		begin(&bench);
		acts_left = at;
		machine_disk_rule(bench.machine, fail_at, NULL);
		write_records(&bench, number);
		machine_disk_rule(bench.machine, NULL, NULL);
		owned_json events = NULL;
		struct error err = {0};
		cr_assert_eq(store_events(bench.store, "app", -1, &events, &err), 0, "at %u: %s", at,
			     err.text);
		for (unsigned i = 0; i < RECORDS; i++) {
			char text[24];
			bool there = false;
			json_t *event;
			size_t place;
			snprintf(text, sizeof text, "%u", i);
			json_array_foreach (events, place, event)
				there =
				    there || !strcmp(json_string_value(json_object_get(event, "text")), text);
			if (number[i] && store_durable(bench.store, number[i], NULL) == 1)
				cr_expect(there, "act %u failed: record %u is gone", at, i);
		}
		end(&bench);
		check_integrity(&bench);
		take_down(&bench);
	}
}
