/* test_machine.c - a simulated machine without any driver: processes and their numbers, locks, ports, disks,
 * power. */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "simulation/machine.h"

static struct universe *universe;
static struct machine *machine;
static struct seat *seat;
static struct world *world;
static struct program_behaviour behaviour;

static void behave(void *owner, const struct program_started *started, struct program_behaviour *ret)
{
	(void)owner, (void)started;
	*ret = behaviour;
}

static void set_up(void)
{
	universe = universe_new(1);
	machine = machine_new(universe, "host", "192.0.2.7");
	cr_assert(machine);
	machine_behave(machine, behave, NULL);
	seat = seat_new(universe, machine);
	world = seat_world(seat);
	behaviour = (struct program_behaviour){0};
}

static void take_down(void)
{
	seat_free(seat);
	machine_free(machine);
	universe_free(universe);
}

TestSuite(machine, .init = set_up, .fini = take_down);

static void pass(int64_t milliseconds)
{
	struct clock *clock = universe_clock(universe);
	int64_t limit = clock_now(clock) + milliseconds;

	while (clock_step(clock, limit))
		;
}

static unsigned ends_told;
static struct process_end last_end;

static void ended(void *owner, const struct process_end *end)
{
	*(bool *)owner = true;
	ends_told++;
	last_end = *end;
}

static struct child *spawn(bool *over, struct error *err)
{
	static const char *const argv[] = {"/bin/sh", NULL};
	static const char *const environment[] = {"MARK=1", "OTHER=2", NULL};
	const struct process_options options = {
	    .argv = argv, .environment = environment, .input = -1, .output = -1, .errors = -1};

	return world->ops->spawn(world, &options, ended, over, err);
}

struct sight {
	pid_t pid;
	struct process_info info;
	char environment[100];
	bool found;
};

static bool see(void *owner, const struct process_info *info)
{
	struct sight *sight = owner;

	if (info->pid == sight->pid) {
		sight->info = *info;
		sight->found = true;
		memcpy(sight->environment, info->environment, info->environment_size);
	}
	return true;
}

static struct sight seen(pid_t pid)
{
	struct sight sight = {.pid = pid};

	world->ops->processes(world, NULL, see, &sight, NULL);
	return sight;
}

/* --- processes ------------------------------------------------------------------------------------------ */

Test(machine, a_child_is_seen_and_its_end_is_told_once)
{
	bool over = false;

	behaviour = (struct program_behaviour){.ends = true, .lives_ms = 100, .exit_code = 7};
	struct child *child = spawn(&over, NULL);
	cr_assert(child);
	struct sight sight = seen(world->ops->child_pid(child));
	cr_assert(sight.found && sight.info.parent == world->ops->process_id(world));
	cr_expect_str_eq(sight.environment, "MARK=1");
	cr_expect_eq(sight.info.environment_size, strlen("MARK=1") + 1 + strlen("OTHER=2") + 1);
	pass(90);
	cr_expect_not(over);
	pass(20);
	cr_expect(over && last_end.exit_code == 7 && last_end.signal == 0);
	cr_expect_not(seen(sight.pid).found);
	pass(1000);
	cr_expect_eq(ends_told, 1);
}

Test(machine, a_signal_reaches_exactly_the_process_that_is_meant)
{
	struct error err = {0};
	bool over = false;
	struct child *child = spawn(&over, NULL);
	struct sight sight = seen(world->ops->child_pid(child));

	cr_expect_eq(world->ops->signal(world, sight.pid, sight.info.start_ticks + 1, SIGKILL, &err), -1);
	cr_expect_eq(err.code, ERR_MISSING);
	cr_expect_eq(world->ops->signal(world, sight.pid, sight.info.start_ticks, 99, &err), -1);
	cr_expect_eq(err.code, ERR_INVALID);
	pass(10);
	cr_expect_not(over);
	cr_expect_eq(world->ops->signal(world, sight.pid, sight.info.start_ticks, SIGKILL, &err), 0);
	pass(10);
	cr_expect(over && last_end.exit_code == -1 && last_end.signal == SIGKILL);
}

Test(machine, a_dropped_child_lives_on_and_nobody_hears_of_its_end)
{
	bool over = false;

	behaviour = (struct program_behaviour){.ends = true, .lives_ms = 100};
	struct child *child = spawn(&over, NULL);
	pid_t pid = world->ops->child_pid(child);
	world->ops->child_drop(world, child);
	cr_expect(machine_living(machine, pid));
	pass(200);
	cr_expect_not(machine_living(machine, pid));
	cr_expect_not(over);
}

Test(machine, children_outlive_their_program)
{
	bool over = false;
	struct child *child = spawn(&over, NULL);
	pid_t pid = world->ops->child_pid(child);

	seat_kill(seat);
	cr_expect(machine_living(machine, pid));
	struct seat *other = seat_new(universe, machine);
	struct world *dead = world;
	world = seat_world(other);
	cr_expect_eq(seen(pid).info.parent, 1);
	dead->ops->child_drop(dead, child);
	seat_free(other);
}

Test(machine, numbers_are_used_again_with_another_start)
{
	bool over = false;
	uint64_t starts[3];

	machine_pids(machine, 400, 402);
	behaviour = (struct program_behaviour){.ends = true, .lives_ms = 15};
	for (int i = 0; i < 3; i++) {
		struct child *child;
		for (int n = 0; n < 3; n++) {
			child = spawn(&over, NULL);
			cr_assert_eq(world->ops->child_pid(child), 400 + n);
			if (!n)
				starts[i] = seen(400).info.start_ticks;
		}
		struct error err = {0};
		cr_expect_null(spawn(&over, &err), "there is no number left");
		cr_expect(strstr(err.text, "Resource temporarily unavailable"), "%s", err.text);
		pass(50);
	}
	cr_expect(starts[0] < starts[1] && starts[1] < starts[2]);
}

Test(machine, what_cannot_be_started_says_why_as_the_real_one_does)
{
	const char *const argv[] = {"/no/such", NULL};
	struct process_options options = {.argv = argv, .input = -1, .output = -1, .errors = -1};
	struct error err = {0};

	cr_expect_null(world->ops->spawn(world, &options, ended, NULL, &err));
	cr_expect_eq(err.code, ERR_MISSING);
	cr_expect_str_eq(err.text, "cannot start /no/such: No such file or directory");
	options.directory = "/none";
	cr_expect_null(world->ops->spawn(world, &options, ended, NULL, &err));
	cr_expect_str_eq(err.text, "cannot enter /none: No such file or directory");
	options.terminal = true;
	cr_expect_null(world->ops->spawn(world, &options, ended, NULL, &err));
	cr_expect_eq(err.code, ERR_UNSUPPORTED);
}

/* --- locks ------------------------------------------------------------------------------------- */

Test(machine, a_lock_holds_off_other_programs_until_its_own_dies)
{
	struct seat *other = seat_new(universe, machine);
	struct world *theirs = seat_world(other);
	struct error err = {0};

	struct file_lock *lock = theirs->ops->lock(theirs, MACHINE_HOME "/lock", &err);
	cr_assert(lock, "%s", err.text);
	cr_expect_null(world->ops->lock(world, MACHINE_HOME "/lock", &err));
	cr_expect_eq(err.code, ERR_LOCKED);
	seat_kill(other);
	struct file_lock *mine = world->ops->lock(world, MACHINE_HOME "/lock", &err);
	cr_assert(mine, "%s", err.text);
	theirs->ops->unlock(theirs, lock); /* a dead one's call has no effect */
	cr_expect_null(world->ops->lock(world, MACHINE_HOME "/lock", &err));
	world->ops->unlock(world, mine);
	seat_free(other);
}

/* --- ports ------------------------------------------------------------------------------------- */

Test(machine, a_foreign_program_takes_a_port_until_it_ends)
{
	cr_expect(world->ops->port_free(world, "127.0.0.1", 8080, false));
	pid_t pid = machine_foreign(machine, "0.0.0.0", 8080);
	cr_assert(pid);
	cr_expect_not(world->ops->port_free(world, "127.0.0.1", 8080, false));
	cr_expect_not(world->ops->port_free(world, "192.0.2.7", 8080, false));
	cr_expect(world->ops->port_free(world, "127.0.0.1", 8080, true), "of UDP it is another");
	cr_expect_eq(machine_foreign(machine, "127.0.0.1", 8080), 0);
	cr_expect_eq(machine_accepts(machine, "127.0.0.1", 8080), 1);
	cr_expect_eq(machine_accepts(machine, "127.0.0.1", 8081), 0);
	cr_expect_eq(machine_accepts(machine, "192.0.2.99", 8080), -1);
	machine_signal(machine, pid, SIGKILL);
	cr_expect(world->ops->port_free(world, "127.0.0.1", 8080, false));
	cr_expect_not(world->ops->port_free(world, "192.0.2.99", 8080, false), "it is no address of ours");
}

static void answered(void *owner, struct http_answer *answer)
{
	*(int *)owner = answer->error.code == OK ? answer->status : -1;
}

Test(machine, a_program_answers_where_it_listens_once_it_does)
{
	const struct http_request request = {.method = "GET", .url = "http://127.0.0.1:8080/"};
	int status = 0;
	const struct http_sink sink = {.done = answered, .owner = &status};
	bool over = false;

	behaviour = (struct program_behaviour){.port = 8080, .answers_after_ms = 100, .status = 204};
	struct child *child = spawn(&over, NULL);
	pass(50);
	world->ops->http_send(world, &request, &sink, NULL);
	pass(20);
	cr_expect_eq(status, -1, "it does not listen yet");
	pass(50);
	world->ops->http_send(world, &request, &sink, NULL);
	pass(20);
	cr_expect_eq(status, 204);
	world->ops->child_drop(world, child);
}

/* --- the disk and its power -------------------------------------------------------------------- */

static void put(const char *path, const char *content)
{
	struct error err = {0};

	cr_assert_eq(world->ops->file_write(world, path, 0600, content, strlen(content), &err), 0, "%s",
		     err.text);
}

static void after_cut(void)
{
	machine_power_cut(machine);
	cr_assert(seat_dead(seat));
	seat_free(seat);
	seat = seat_new(universe, machine);
	world = seat_world(seat);
}

Test(machine, a_file_that_was_written_whole_is_whole_after_a_power_cut)
{
	owned_text content = {0};
	owned_memory char *boot = strdup(world->ops->boot_id(world));

	put(MACHINE_HOME "/file", "first");
	put(MACHINE_HOME "/file", "second");
	after_cut();
	cr_assert_eq(world->ops->file_read(world, MACHINE_HOME "/file", 100, &content, NULL), 0);
	cr_expect_str_eq(text_view(&content), "second");
	cr_expect_str_neq(world->ops->boot_id(world), boot);
}

Test(machine, what_was_not_synced_may_come_back_or_not_and_time_settles_it)
{
	unsigned back = 0;

	for (int i = 0; i < 40; i++) {
		put(MACHINE_HOME "/file", "x");
		cr_assert_eq(world->ops->file_remove(world, MACHINE_HOME "/file", NULL), 0);
		after_cut();
		back += world->ops->file_exists(world, MACHINE_HOME "/file");
	}
	cr_expect(back > 5 && back < 35, "%u of 40 came back", back);
	put(MACHINE_HOME "/file", "x");
	cr_assert_eq(world->ops->file_remove(world, MACHINE_HOME "/file", NULL), 0);
	pass(31000);
	after_cut();
	cr_expect_not(world->ops->file_exists(world, MACHINE_HOME "/file"));
}

Test(machine, a_write_that_is_killed_at_any_step_leaves_the_old_or_the_new_file)
{
	for (uint64_t at = 1; at <= 5; at++)
		for (int cut = 0; cut < 2; cut++) {
			owned_text content = {0};
			put(MACHINE_HOME "/file", "old");
			seat_kill_at(seat, at);
			int result =
			    world->ops->file_write(world, MACHINE_HOME "/file", 0600, "new", 3, NULL);
			cr_expect_eq(result == 0, at == 5, "it has four steps");
			if (cut)
				machine_power_cut(machine);
			seat_free(seat);
			seat = seat_new(universe, machine);
			world = seat_world(seat);
			cr_assert_eq(world->ops->file_read(world, MACHINE_HOME "/file", 100, &content, NULL),
				     0);
			cr_expect(!strcmp(text_view(&content), "old") || !strcmp(text_view(&content), "new"));
			if (at == 5)
				cr_expect_str_eq(text_view(&content), "new");
		}
}

Test(machine, after_a_reboot_all_files_are_there_but_those_of_the_last_boot)
{
	bool over = false;

	put("/run/user/1000/claim", "x");
	put(MACHINE_HOME "/file", "x");
	cr_assert_eq(world->ops->file_remove(world, MACHINE_HOME "/file", NULL), 0);
	struct child *child = spawn(&over, NULL);
	pid_t pid = world->ops->child_pid(child);
	machine_reboot(machine);
	world->ops->child_drop(world, child);
	seat_free(seat);
	seat = seat_new(universe, machine);
	world = seat_world(seat);
	cr_expect_not(machine_living(machine, pid));
	cr_expect_not(world->ops->file_exists(world, "/run/user/1000/claim"));
	cr_expect(world->ops->file_exists(world, "/run/user/1000"));
	cr_expect_not(world->ops->file_exists(world, MACHINE_HOME "/file"));
}

Test(machine, a_full_a_locked_and_a_broken_disk_say_what_the_real_ones_say)
{
	struct error err = {0};

	machine_disk_room(machine, 10);
	cr_expect_eq(world->ops->file_write(world, MACHINE_HOME "/big", 0600, "more than fits", 14, &err),
		     -1);
	cr_expect_str_eq(err.text, "cannot write " MACHINE_HOME "/big: No space left on device");
	cr_expect_not(world->ops->file_exists(world, MACHINE_HOME "/big"));
	put(MACHINE_HOME "/small", "fits");
	cr_assert_eq(world->ops->file_remove(world, MACHINE_HOME "/small", NULL), 0);
	machine_disk_room(machine, -1);
	machine_disk_read_only(machine, true);
	cr_expect_eq(world->ops->file_write(world, MACHINE_HOME "/file", 0600, "x", 1, &err), -1);
	cr_expect_str_eq(err.text, "cannot write " MACHINE_HOME "/file: Read-only file system");
	cr_expect_eq(err.code, ERR_DENIED);
}

static int break_sync(void *owner, enum disk_act act, const char *name)
{
	(void)owner, (void)name;
	return act == DISK_SYNC ? EIO : 0;
}

Test(machine, a_sync_that_fails_is_told)
{
	struct error err = {0};

	machine_disk_rule(machine, break_sync, NULL);
	cr_expect_eq(world->ops->file_write(world, MACHINE_HOME "/file", 0600, "x", 1, &err), -1);
	cr_expect_str_eq(err.text, "cannot write " MACHINE_HOME "/file: Input/output error");
	machine_disk_rule(machine, NULL, NULL);
	cr_expect_not(world->ops->file_exists(world, MACHINE_HOME "/file"));
}

Test(machine, what_a_user_may_not_it_cannot)
{
	struct error err = {0};

	cr_expect_eq(world->ops->file_write(world, "/etc/mine", 0600, "x", 1, &err), -1);
	cr_expect_str_eq(err.text, "cannot write /etc/mine: Permission denied");
	cr_assert_eq(machine_file(machine, "/etc/secret", 0600, "x"), 0);
	owned_text content = {0};
	cr_expect_eq(world->ops->file_read(world, "/etc/secret", 10, &content, &err), -1);
	cr_expect_eq(err.code, ERR_DENIED);
}

/* --- the dead ---------------------------------------------------------------------------------- */

Test(machine, what_a_dead_program_does_has_no_effect)
{
	struct error err = {0};
	bool over = false;
	owned_text content = {0};

	put(MACHINE_HOME "/file", "x");
	seat_kill(seat);
	cr_expect_eq(world->ops->file_write(world, MACHINE_HOME "/file", 0600, "y", 1, &err), -1);
	cr_expect_eq(err.code, ERR_CANCELLED);
	cr_expect_eq(world->ops->file_remove(world, MACHINE_HOME "/file", &err), -1);
	cr_expect_eq(world->ops->file_read(world, MACHINE_HOME "/file", 10, &content, &err), -1);
	cr_expect_not(world->ops->file_exists(world, MACHINE_HOME "/file"));
	cr_expect_null(world->ops->lock(world, MACHINE_HOME "/lock", &err));
	cr_expect_null(spawn(&over, &err));
	cr_expect_eq(world->ops->tree_remove(world, MACHINE_HOME, &err), -1);
	cr_expect_eq(world->ops->directories_make(world, MACHINE_HOME "/a/b", 0700, &err), -1);
	cr_expect_eq(machine_read(machine, MACHINE_HOME "/file", &content), 0);
	cr_expect_str_eq(text_view(&content), "x");
	cr_expect_eq(machine_read(machine, MACHINE_HOME "/lock", &content), -1);
}
