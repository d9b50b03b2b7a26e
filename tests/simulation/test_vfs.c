/* test_vfs.c - SQLite on a simulated disk: its locks between programs, and what it keeps when the power is
 * cut at any of its calls, whatever its journal.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "simulation/machine.h"

#define DATABASE MACHINE_HOME "/test.db"
#define ROUNDS   8
#define ROWS     25

static struct universe *universe;
static struct machine *machine;
static struct seat *seat;
static struct world *world;

static void set_up_with(uint64_t seed)
{
	universe = universe_new(seed);
	machine = machine_new(universe, "host", "192.0.2.7");
	cr_assert(machine);
	seat = seat_new(universe, machine);
	world = seat_world(seat);
}

static void set_up(void)
{
	set_up_with(1);
}

static void take_down(void)
{
	seat_free(seat);
	machine_free(machine);
	universe_free(universe);
}

TestSuite(vfs, .init = set_up, .fini = take_down);

static sqlite3 *open_as(struct world *whose)
{
	sqlite3 *connection = NULL;

	sqlite3_open_v2(DATABASE, &connection, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
			whose->ops->database_vfs(whose));
	return connection;
}

static int run(sqlite3 *connection, const char *sql)
{
	return sqlite3_exec(connection, sql, NULL, NULL, NULL);
}

static void must(sqlite3 *connection, const char *sql)
{
	cr_assert_eq(run(connection, sql), SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(connection));
}

static int64_t number(sqlite3 *connection, const char *sql)
{
	sqlite3_stmt *statement = NULL;
	int64_t result = -1;

	cr_assert_eq(sqlite3_prepare_v2(connection, sql, -1, &statement, NULL), SQLITE_OK, "%s: %s", sql,
		     sqlite3_errmsg(connection));
	if (sqlite3_step(statement) == SQLITE_ROW)
		result = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return result;
}

/* --- locks ------------------------------------------------------------------------------------- */

static void locks_hold(const char *journal, bool readers_go_on)
{
	struct seat *other = seat_new(universe, machine);
	sqlite3 *one = open_as(world), *two = open_as(seat_world(other));
	char sql[60];

	snprintf(sql, sizeof(sql), "PRAGMA journal_mode = %s", journal);
	must(one, sql);
	must(one, "CREATE TABLE t(x); INSERT INTO t VALUES(1)");
	must(one, "BEGIN IMMEDIATE; INSERT INTO t VALUES(2)");
	cr_expect_eq(run(two, "BEGIN IMMEDIATE"), SQLITE_BUSY);
	cr_expect_eq(number(two, "SELECT count(*) FROM t"), 1);
	must(one, "COMMIT");
	cr_expect_eq(number(two, "SELECT count(*) FROM t"), 2);
	must(two, "BEGIN; SELECT * FROM t");
	cr_expect_eq(run(one, "INSERT INTO t VALUES(3)"), readers_go_on ? SQLITE_OK : SQLITE_BUSY);
	cr_expect_eq(number(two, "SELECT count(*) FROM t"), 2, "a reader sees what was when it began");
	must(two, "COMMIT");
	cr_expect_eq(number(two, "SELECT count(*) FROM t"), readers_go_on ? 3 : 2);
	/* One that dies in its transaction holds nobody up. */
	must(two, "BEGIN IMMEDIATE; INSERT INTO t VALUES(99)");
	cr_expect_eq(run(one, "INSERT INTO t VALUES(4)"), SQLITE_BUSY);
	seat_kill(other);
	must(one, "INSERT INTO t VALUES(4)");
	cr_expect_eq(number(one, "SELECT count(*) FROM t WHERE x = 99"), 0);
	cr_expect_neq(run(two, "COMMIT"), SQLITE_OK);
	sqlite3_close(two);
	seat_free(other);
	cr_expect_eq(number(one, "SELECT count(*) FROM t WHERE x = 99"), 0);
	sqlite3_close(one);
}

Test(vfs, programs_wait_for_each_other_with_a_wal)
{
	locks_hold("wal", true);
}

Test(vfs, programs_wait_for_each_other_without_one)
{
	locks_hold("delete", false);
}

/* --- power ------------------------------------------------------------------------------------- */

/* With EXTRA, since without a WAL the last commit is only sure when its journal's end is. Each round rewrites
 * all rows and adds some, as one transaction; which round it was stands in every row. How many were told to
 * be committed. */
static int work(sqlite3 *connection, const char *journal)
{
	char sql[600];
	int done = 0;

	snprintf(sql, sizeof(sql),
		 "PRAGMA page_size = 1024; PRAGMA journal_mode = %s; PRAGMA synchronous = EXTRA;"
		 "PRAGMA wal_autocheckpoint = 8; PRAGMA cache_size = 4;",
		 journal);
	run(connection, sql);
	run(connection,
	    "CREATE TABLE t(id INTEGER PRIMARY KEY, round INTEGER, filler TEXT, UNIQUE(round, id))");
	for (int round = 1; round <= ROUNDS; round++) {
		snprintf(sql, sizeof(sql),
			 "BEGIN IMMEDIATE; UPDATE t SET round = %d, filler = hex(zeroblob(id %% 50));"
			 "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
			 "INSERT INTO t(round, filler) SELECT %d, hex(zeroblob(i)) FROM n; COMMIT",
			 round, ROWS, round);
		if (run(connection, sql) == SQLITE_OK)
			done = round;
		else
			break;
	}
	return done;
}

static uint64_t calls_of(const char *journal)
{
	set_up_with(1);
	sqlite3 *connection = open_as(world);
	cr_assert_eq(work(connection, journal), ROUNDS);
	uint64_t calls = seat_calls(seat);
	sqlite3_close(connection);
	take_down();
	return calls;
}

static void check(const char *journal, uint64_t at, int done)
{
	sqlite3 *connection = open_as(world);
	sqlite3_stmt *statement = NULL;

	cr_assert_eq(sqlite3_prepare_v2(connection, "PRAGMA integrity_check", -1, &statement, NULL),
		     SQLITE_OK, "%s, call %llu: %s", journal, (unsigned long long)at,
		     sqlite3_errmsg(connection));
	cr_assert_eq(sqlite3_step(statement), SQLITE_ROW);
	cr_assert_str_eq((const char *)sqlite3_column_text(statement, 0), "ok", "%s, call %llu", journal,
			 (unsigned long long)at);
	sqlite3_finalize(statement);
	if (number(connection, "SELECT count(*) FROM sqlite_master WHERE name = 't'") == 1) {
		int64_t last = number(connection, "SELECT coalesce(max(round), 0) FROM t");
		cr_assert(last >= done && last <= done + 1, "%s, call %llu: %d were done, %lld are there",
			  journal, (unsigned long long)at, done, (long long)last);
		cr_assert_eq(number(connection, "SELECT count(*) FROM t"), last * ROWS);
		cr_assert_eq(number(connection, "SELECT count(DISTINCT round) FROM t"), last ? 1 : 0);
	} else {
		cr_assert_eq(done, 0, "%s, call %llu: all is gone", journal, (unsigned long long)at);
	}
	sqlite3_close(connection);
}

static void cut_at_each_call(const char *journal, unsigned step)
{
	uint64_t calls = calls_of(journal);

	cr_assert_gt(calls, 100);
	for (uint64_t at = 1; at <= calls; at += step) {
		set_up_with(at);
		sqlite3 *connection = open_as(world);
		seat_kill_at(seat, at);
		int done = connection ? work(connection, journal) : 0;
		cr_assert(seat_dead(seat) || done == ROUNDS);
		machine_power_cut(machine);
		sqlite3_close(connection);
		seat_free(seat);
		seat = seat_new(universe, machine);
		world = seat_world(seat);
		check(journal, at, done);
		take_down();
	}
}

/* Their universes are their own. */
Test(vfs_power, a_wal_keeps_what_was_committed)
{
	cut_at_each_call("wal", 3);
}

Test(vfs_power, a_journal_that_is_deleted_keeps_what_was_committed)
{
	cut_at_each_call("delete", 3);
}

Test(vfs_power, a_journal_that_is_truncated_keeps_what_was_committed)
{
	cut_at_each_call("truncate", 5);
}

Test(vfs_power, a_journal_that_stays_keeps_what_was_committed)
{
	cut_at_each_call("persist", 5);
}

/* --- a disk that lies -------------------------------------------------------------------------- */

/* Without syncs all may be lost or torn: if that were never so, the tests above would say nothing. */
Test(vfs_power, without_syncs_things_are_lost)
{
	unsigned lost = 0;

	for (uint64_t seed = 1; seed <= 20; seed++) {
		set_up_with(seed);
		sqlite3 *connection = open_as(world);
		run(connection, "PRAGMA journal_mode = wal; PRAGMA synchronous = OFF;"
				"CREATE TABLE t(x); INSERT INTO t VALUES(1)");
		for (int i = 0; i < 20; i++)
			run(connection, "INSERT INTO t VALUES(2)");
		machine_power_cut(machine);
		sqlite3_close(connection);
		seat_free(seat);
		seat = seat_new(universe, machine);
		world = seat_world(seat);
		connection = open_as(world);
		sqlite3_stmt *statement = NULL;
		bool whole = sqlite3_prepare_v2(connection, "SELECT count(*) FROM t", -1, &statement, NULL) ==
				 SQLITE_OK &&
			     sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_int(statement, 0) == 21;
		sqlite3_finalize(statement);
		lost += !whole;
		sqlite3_close(connection);
		take_down();
	}
	cr_expect_gt(lost, 10, "only %u of 20 were lost", lost);
}

/* --- failures ---------------------------------------------------------------------------------- */

static unsigned writes_left;

static int fail_write(void *owner, enum disk_act act, const char *name)
{
	(void)owner, (void)name;
	return act == DISK_WRITE && writes_left && !--writes_left ? EIO : 0;
}

Test(vfs, a_full_and_a_failing_disk_are_told_as_what_they_are)
{
	sqlite3 *connection = open_as(world);

	sqlite3_extended_result_codes(connection, 1);
	must(connection, "PRAGMA journal_mode = wal; CREATE TABLE t(x)");
	machine_disk_room(machine, 0);
	cr_expect_eq(run(connection, "INSERT INTO t VALUES(zeroblob(5000))"), SQLITE_FULL);
	machine_disk_room(machine, -1);
	must(connection, "INSERT INTO t VALUES(zeroblob(5000))");
	writes_left = 2;
	machine_disk_rule(machine, fail_write, NULL);
	cr_expect_eq(run(connection, "INSERT INTO t VALUES(zeroblob(5000))"), SQLITE_IOERR_WRITE);
	must(connection, "INSERT INTO t VALUES(zeroblob(5000))");
	cr_expect_eq(number(connection, "SELECT count(*) FROM t"), 2);
	sqlite3_close(connection);
}
