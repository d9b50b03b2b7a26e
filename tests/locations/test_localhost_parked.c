/* test_localhost_parked.c - processes of this machine that are stopped and run again as they were made; what
 * starts them again, and what their keeper is told. */
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "tests/locations/localhost_bench.h"

TestSuite(localhost_parked, .init = bench_set_up, .fini = bench_tear_down, .timeout = 240);

static const char *mark(void)
{
	return arena_format(&bench.arena, "BERTH_APP=%s", bench.app);
}

static int state_now(const struct instance_spec *spec)
{
	const struct observed *seen = bench_look(spec);
	return seen ? (int)seen->state : -1;
}

static void give_secret(struct instance_spec *spec, const char *value)
{
	struct spec_variable *variable = arena_array(&bench.arena, struct spec_variable, 1);

	*variable = (struct spec_variable){"PASSWORD", value, true};
	spec->variables = variable;
	spec->variable_count = 1;
}

/* --- paused ----------------------------------------------------------------------------------- */

Test(localhost_parked, what_somebody_has_paused_is_told_and_goes_on_when_it_is_started)
{
	struct instance_spec *spec = bench_spec("web", "exec sleep 1000");

	bench_run(spec);
	pid_t command = bench_command(spec);
	cr_assert_not(bench_look(spec)->paused);
	cr_assert_eq(kill(command, SIGSTOP), 0);
	cr_assert(EVENTUALLY(bench_listed(spec)->paused));
	cr_assert_eq(state_now(spec), SEEN_RUNNING);
	cr_assert_str_eq(bench_look(spec)->error, "it is paused");
	cr_assert_eq(bench_start(spec), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert(EVENTUALLY(!bench_look(spec)->paused));
	cr_assert_eq(bench_command(spec), command);
}

Test(localhost_parked, what_takes_its_time_to_stop_is_stopping_and_no_more_paused)
{
	struct instance_spec *spec =
	    bench_spec("web", "trap 'sleep 2; exit 0' TERM; echo up; while :; do sleep 0.05; done");
	struct error err = {0};

	spec->stop_timeout_ms = 60000;
	bench_run(spec);
	cr_assert(EVENTUALLY(strstr(bench_read(bench_path(spec, "log")), "up")));
	cr_assert_eq(localhost_driver.stop(&bench.location, &bench.errand, spec->app, spec->name, &err),
		     PROGRESS_WAITING);
	cr_assert(EVENTUALLY(bench_look(spec)->stopping));
	cr_assert_eq(bench_stop(spec), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_not(bench_look(spec)->stopping);
	cr_assert_eq(state_now(spec), SEEN_STOPPED);
}

/* --- stopped and started again --------------------------------------------------------------- */

Test(localhost_parked, stopped_it_runs_again_as_it_was_made_with_secrets_that_lie_nowhere)
{
	struct instance_spec *spec = bench_spec("web", "echo \"$PASSWORD\" >>said; exec sleep 1000");
	char command[400];

	give_secret(spec, "xyzzy-sesame");
	bench_run(spec);
	const struct observed *before = bench_look(spec);
	cr_assert(EVENTUALLY(!strcmp(bench_read(bench_path(spec, "work/said")), "xyzzy-sesame\n")));
	cr_assert_eq(bench.world->ops->file_remove(bench.world, bench_path(spec, "work/said"), NULL), 0);
	cr_assert_eq(bench_stop(spec), PROGRESS_DONE, "%s", bench.error.text);
	const struct observed *stopped = bench_listed(spec);
	cr_assert_eq(stopped->state, SEEN_STOPPED);
	cr_assert_null(stopped->error);
	cr_assert(stopped->bindings_known);
	cr_assert_eq(stopped->exits, 1);
	cr_assert_str_eq(stopped->target_id, before->target_id);
	snprintf(command, sizeof(command), "grep -rqs xyzzy-sesame %s", bench.directory);
	cr_assert_eq(WEXITSTATUS(system(command)), 1, "a secret lies in a file");
	bench_close();
	bench_open();
	cr_assert_eq(bench_start(bench_named(spec)), PROGRESS_DONE, "%s", bench.error.text);
	const struct observed *after = bench_look(spec);
	cr_assert_eq(after->state, SEEN_RUNNING);
	cr_assert_str_eq(after->target_id, before->target_id);
	cr_assert_geq(after->started_ms, before->started_ms);
	cr_assert(EVENTUALLY(!strcmp(bench_read(bench_path(spec, "work/said")), "xyzzy-sesame\n")));
	cr_assert_eq(bench_count(mark()), 1);
}

Test(localhost_parked, started_is_what_its_keeper_has_started)
{
	struct instance_spec *spec = bench_spec("web", "exec sleep 1000"), *named = bench_named(spec);

	bench_run(spec);
	cr_assert_eq(bench_stop(spec), PROGRESS_DONE);
	pid_t keeper = bench_helper(bench_look(spec));
	kill(keeper, SIGSTOP);
	for (int i = 0; i < 4; i++) {
		cr_assert_eq(localhost_driver.start(&bench.location, &bench.errand, named, &bench.error),
			     PROGRESS_WAITING, "nothing runs yet");
		bench_wait();
	}
	kill(keeper, SIGCONT);
	cr_assert_eq(bench_start(named), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_eq(state_now(spec), SEEN_RUNNING);
}

Test(localhost_parked, stopping_and_starting_twice_is_done)
{
	struct instance_spec *spec = bench_spec("web", "echo x >>ran; exec sleep 1000");

	bench_run(spec);
	for (int i = 0; i < 2; i++)
		cr_assert_eq(bench_stop(spec), PROGRESS_DONE, "%s", bench.error.text);
	for (int i = 0; i < 2; i++)
		cr_assert_eq(bench_start(spec), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert(EVENTUALLY(!strcmp(bench_read(bench_path(spec, "work/ran")), "x\nx\n")));
	cr_assert_eq(bench_look(spec)->exits, 1);
}

Test(localhost_parked, removed_while_stopped_it_leaves_nothing)
{
	struct instance_spec *spec = bench_spec("web", "exec sleep 1000");

	bench_run(spec);
	cr_assert_eq(bench_stop(spec), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_eq(bench_count(mark()), 1, "no keeper holds what it is to run");
	cr_assert_eq(bench_remove(spec), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_eq(bench_count(mark()), 0);
	cr_assert_null(bench_listed(spec));
}

Test(localhost_parked, without_its_keeper_it_must_be_placed_again)
{
	struct instance_spec *spec = bench_spec("web", "exec sleep 1000");

	bench_run(spec);
	cr_assert_eq(bench_stop(spec), PROGRESS_DONE, "%s", bench.error.text);
	pid_t keeper = bench_helper(bench_look(spec));
	kill(keeper, SIGKILL);
	cr_assert(EVENTUALLY(!bench_alive(keeper)));
	cr_assert_eq(state_now(spec), SEEN_STOPPED);
	cr_assert_eq(bench_start(bench_named(spec)), PROGRESS_FAILED);
	cr_assert_eq(bench.error.code, ERR_MISSING);
	cr_assert(strstr(bench.error.remedy, "place it again"), "%s", bench.error.remedy);
	bench_run(spec);
	cr_assert_eq(state_now(spec), SEEN_RUNNING);
	cr_assert_eq(bench_look(spec)->exits, 1);
}

Test(localhost_parked, without_its_run_directory_it_does_not_run_and_is_made_anew)
{
	struct instance_spec *spec = bench_spec("web", "exec sleep 1000");

	bench_run(spec);
	cr_assert_eq(bench_stop(spec), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_eq(bench.world->ops->tree_remove(bench.world, bench_path(spec, ""), NULL), 0);
	const struct observed *seen = bench_listed(spec);
	cr_assert(seen);
	cr_assert_eq(seen->state, SEEN_BROKEN, "what does not run is no reason to do nothing");
	cr_assert(seen->error && strstr(seen->error, "run directory"));
	cr_assert_eq(bench_remove(spec), PROGRESS_DONE, "%s", bench.error.text);
	bench_run(spec);
	cr_assert_eq(state_now(spec), SEEN_RUNNING);
	cr_assert_eq(bench_remove(spec), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_eq(bench_count(mark()), 0);
}

Test(localhost_parked, placed_again_it_is_started_with_what_it_was_placed_with)
{
	struct instance_spec *spec = bench_spec("web", "echo \"$PASSWORD\" >said; exec sleep 1000");

	give_secret(spec, "first");
	bench_run(spec);
	cr_assert_eq(bench_stop(spec), PROGRESS_DONE, "%s", bench.error.text);
	const char *id = bench_look(spec)->target_id;
	give_secret(spec, "second");
	spec->secret_digest[0] = 'e';
	bench_run(spec);
	cr_assert(EVENTUALLY(!strcmp(bench_read(bench_path(spec, "work/said")), "second\n")));
	cr_assert_str_neq(bench_look(spec)->target_id, id);
	cr_assert_eq(bench_count(mark()), 1);
}

Test(localhost_parked, of_another_specification_it_is_not_started)
{
	struct instance_spec *spec = bench_spec("web", "exec sleep 1000");

	bench_run(spec);
	cr_assert_eq(bench_stop(spec), PROGRESS_DONE);
	spec->digest[0] = 'f';
	cr_assert_eq(bench_start(spec), PROGRESS_FAILED);
	cr_assert_eq(bench.error.code, ERR_CONFLICT);
	cr_assert_eq(state_now(spec), SEEN_STOPPED);
}

Test(localhost_parked, renamed_while_stopped_it_starts_under_its_new_name)
{
	struct instance_spec *settled = bench_spec("web", "exec sleep 1000");
	struct instance_spec *young = bench_generation(settled, 2);

	bench_run(young);
	cr_assert_eq(bench_stop(young), PROGRESS_DONE);
	cr_assert_eq(bench_rename(young, settled), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_eq(state_now(settled), SEEN_STOPPED);
	cr_assert_eq(bench_start(bench_named(settled)), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_eq(state_now(settled), SEEN_RUNNING);
}

Test(localhost_parked, that_it_cannot_start_any_more_is_told)
{
	struct instance_spec *spec = bench_spec("web", "");
	char *program = arena_format(&bench.arena, "%s/program", bench.directory);
	const char *command[] = {program, NULL};
	const char script[] = "#!/bin/sh\nexec sleep 1000\n";

	cr_assert_eq(
	    bench.world->ops->file_write(bench.world, program, 0755, script, sizeof(script) - 1, NULL), 0);
	spec->command = command;
	spec->restart = RESTART_NO;
	bench_run(spec);
	cr_assert_eq(bench_stop(spec), PROGRESS_DONE);
	cr_assert_eq(bench.world->ops->file_remove(bench.world, program, NULL), 0);
	cr_assert_eq(bench_start(bench_named(spec)), PROGRESS_FAILED);
	cr_assert_eq(bench.error.code, ERR_FAILED);
	cr_assert(strstr(bench.error.text, program), "%s", bench.error.text);
	cr_assert_eq(bench_look(spec)->exit_code, 127);
}

static int listen_somewhere(uint16_t *ret_port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(listen(fd, 8), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	*ret_port = ntohs(address.sin_port);
	return fd;
}

Test(localhost_parked, stopped_it_keeps_no_port_from_its_successor)
{
	struct spec_port port = {.name = "http", .protocol = TCP};
	struct instance_spec *old = bench_spec("web", "exec sleep 1000");
	int fd = listen_somewhere(&port.port);

	close(fd);
	old->ports = &port;
	old->port_count = 1;
	struct instance_spec *young = bench_generation(old, 2);
	bench_run(old);
	cr_assert_eq(bench_place(young), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_eq(bench_start(young), PROGRESS_FAILED);
	cr_assert_eq(bench.error.code, ERR_CONFLICT);
	cr_assert_eq(bench_stop(old), PROGRESS_DONE);
	cr_assert_eq(bench_start(young), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_eq(bench_start(bench_named(old)), PROGRESS_FAILED, "they have one port");
	cr_assert_eq(bench.error.code, ERR_CONFLICT);
	cr_assert(strstr(bench.error.text, young->name), "%s", bench.error.text);
	cr_assert_eq(bench_remove(young), PROGRESS_DONE);
	cr_assert_eq(bench_start(bench_named(old)), PROGRESS_DONE, "%s", bench.error.text);
}

Test(localhost_parked, another_store_sees_it_stopped_and_starts_it)
{
	struct instance_spec *spec = bench_spec("web", "exec sleep 1000");
	struct location other = bench.location;
	struct observed seen = {0};

	bench_run(spec);
	cr_assert_eq(bench_stop(spec), PROGRESS_DONE);
	other.state = NULL;
	other.state_directory = arena_format(&bench.arena, "%s/other", bench.directory);
	cr_assert_eq(localhost_driver.open(&other, &bench.error), 0);
	cr_assert_eq(localhost_driver.look(&other, &bench.errand, spec->app, spec->name, &bench.arena, &seen,
					   &bench.error),
		     PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_eq(seen.state, SEEN_STOPPED);
	cr_assert_eq(seen.exits, 1);
	cr_assert_eq(DRIVE(localhost_driver.start(&other, &bench.errand, bench_named(spec), &bench.error)),
		     PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_eq(state_now(spec), SEEN_RUNNING);
	cr_assert_eq(DRIVE(localhost_driver.stop(&other, &bench.errand, spec->app, spec->name, &bench.error)),
		     PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_eq(state_now(spec), SEEN_STOPPED);
	localhost_driver.close(&other);
}

/* --- a restart of the machine ---------------------------------------------------------------- */

/* All of it gone at once, and what is written of it is of another boot. */
static void restart_machine(const struct instance_spec *spec)
{
	pid_t keeper = bench_helper(bench_look(spec)), command = bench_command(spec);
	char *path = bench_path(spec, "state");

	kill(keeper, SIGKILL);
	if (command > 0)
		kill(command, SIGKILL);
	cr_assert(EVENTUALLY(!bench_alive(keeper) && (!command || !bench_alive(command))));
	char *state = arena_text(&bench.arena, bench_read(path));
	char *boot = strstr(state, "\nboot ");
	cr_assert(boot);
	boot[strlen("\nboot ")] = boot[strlen("\nboot ")] == '1' ? '2' : '1';
	cr_assert_eq(bench.world->ops->file_write(bench.world, path, 0600, state, strlen(state), NULL), 0);
}

Test(localhost_parked, after_a_restart_of_the_machine_a_deploy_starts_what_ran)
{
	struct instance_spec *spec = bench_spec("web", "exec sleep 1000");

	bench_run(spec);
	restart_machine(spec);
	const struct observed *seen = bench_listed(spec);
	cr_assert_eq(seen->state, SEEN_STOPPED);
	cr_assert(strstr(seen->error, "until this machine was restarted"), "%s", seen->error);
	cr_assert_eq(bench_start(bench_named(spec)), PROGRESS_FAILED);
	cr_assert_eq(bench.error.code, ERR_MISSING);
	cr_assert_eq(bench_start(spec), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_eq(bench_look(spec)->digest[0], spec->digest[0]);
}

Test(localhost_parked, after_a_restart_of_the_machine_what_was_stopped_is_still_stopped)
{
	struct instance_spec *spec = bench_spec("web", "exec sleep 1000");

	bench_run(spec);
	cr_assert_eq(bench_stop(spec), PROGRESS_DONE);
	restart_machine(spec);
	const struct observed *seen = bench_listed(spec);
	cr_assert_eq(seen->state, SEEN_STOPPED);
	cr_assert_null(seen->error);
	cr_assert_eq(seen->exits, 1);
}

/* --- killed at any step ---------------------------------------------------------------------- */

static void stop(const struct instance_spec *spec)
{
	bench_stop(spec);
}

static void start(const struct instance_spec *spec)
{
	bench_start(spec);
}

static void place_and_start(const struct instance_spec *spec)
{
	if (bench_place(spec) == PROGRESS_DONE)
		bench_start(spec);
}

static void remove_it(const struct instance_spec *spec)
{
	bench_remove(spec);
}

static const char *launch_of(const struct instance_spec *spec)
{
	return bench_path(spec, "launch");
}

Test(localhost_parked, stop_and_start_killed_at_any_step_are_done_by_the_next)
{
	struct instance_spec *spec = bench_spec("web", "exec sleep 1000");
	bool killed = true;

	bench_run(spec);
	for (unsigned number = 1; killed; number++) {
		killed = bench_killed_at(number, stop, spec);
		cr_assert_eq(bench_stop(spec), PROGRESS_DONE, "%s", bench.error.text);
		cr_assert_eq(state_now(spec), SEEN_STOPPED);
		killed |= bench_killed_at(number, start, bench_named(spec));
		cr_assert_eq(bench_start(bench_named(spec)), PROGRESS_DONE, "%s", bench.error.text);
		cr_assert(EVENTUALLY(state_now(spec) == SEEN_RUNNING));
		cr_assert_eq(bench_count(mark()), 1);
		cr_assert(number < 10);
	}
}

Test(localhost_parked, placing_and_removing_killed_at_any_step_leave_one_or_none)
{
	struct instance_spec *spec = bench_spec("web", "exec sleep 1000");
	bool killed = true;

	give_secret(spec, "xyzzy");
	for (unsigned number = 1; killed; number++) {
		killed = bench_killed_at(number, place_and_start, spec);
		bench_run(spec);
		cr_assert(EVENTUALLY(state_now(spec) == SEEN_RUNNING));
		cr_assert(EVENTUALLY(bench_count(mark()) == 1), "step %u", number);
		cr_assert_not(bench.world->ops->file_exists(bench.world, launch_of(spec)));
		killed |= bench_killed_at(number, remove_it, spec);
		cr_assert_eq(bench_remove(spec), PROGRESS_DONE, "%s", bench.error.text);
		cr_assert_eq(bench_count(mark()), 0, "step %u", number);
		cr_assert_not(
		    bench.world->ops->file_exists(
			bench.world, arena_format(&bench.arena, "%s/run/%s", bench.directory, bench.app)),
		    "step %u: something is left", number);
		cr_assert(number < 20);
	}
}

Test(localhost_parked, what_a_killed_start_left_to_be_read_goes_with_the_stop)
{
	struct instance_spec *spec = bench_spec("web", "exec sleep 1000");

	cr_assert_eq(bench_place(spec), PROGRESS_DONE);
	cr_assert_eq(bench.world->ops->file_write(bench.world, launch_of(spec), 0600, "secret", 6, NULL), 0);
	cr_assert_eq(bench_stop(spec), PROGRESS_DONE);
	cr_assert_not(bench.world->ops->file_exists(bench.world, launch_of(spec)));
}

static void let_pass(int64_t ms)
{
	int64_t end = bench.world->ops->now(bench.world) + ms;

	while (bench.world->ops->now(bench.world) < end)
		world_wait(bench.world, 1);
}

Test(localhost_parked, keeper_killed_while_it_parks_or_wakes_is_no_obstacle)
{
	struct instance_spec *spec =
	    bench_spec("web", "trap 'sleep 0.03; exit 0' TERM; while :; do sleep 0.01; done");

	spec->stop_timeout_ms = 5000;
	for (int round = 0; round < 10; round++) {
		bench_run(spec);
		pid_t keeper = bench_helper(bench_look(spec));
		kill(keeper, round % 2 ? SIGUSR1 : SIGUSR2);
		let_pass(round * 6);
		kill(keeper, SIGUSR2);
		let_pass(round % 3);
		kill(keeper, SIGKILL);
		cr_assert(EVENTUALLY(!bench_alive(keeper)));
		cr_assert_eq(bench_stop(spec), PROGRESS_DONE, "round %d: %s", round, bench.error.text);
		cr_assert_eq(state_now(spec), SEEN_STOPPED, "round %d", round);
		cr_assert_eq(bench_start(bench_named(spec)), PROGRESS_FAILED);
		cr_assert_eq(bench.error.code, ERR_MISSING, "%s", bench.error.text);
		cr_assert_eq(bench_count(mark()), 0, "round %d", round);
	}
}

/* --- what ends by itself --------------------------------------------------------------------- */

Test(localhost_parked, a_job_ends_and_tells_how_also_when_its_keeper_is_gone)
{
	struct instance_spec *well = bench_spec("well", "echo x >>ran"),
			     *badly = bench_spec("badly", "echo x >>ran; exit 7");

	well->restart = badly->restart = RESTART_NO;
	well->job = true;
	bench_run(well);
	bench_run(badly);
	cr_assert(EVENTUALLY(state_now(well) == SEEN_STOPPED && state_now(badly) == SEEN_STOPPED));
	cr_assert(EVENTUALLY(bench_count(mark()) == 0), "a keeper stays with nothing to keep");
	const struct observed *good = bench_listed(well), *bad = bench_listed(badly);
	cr_assert(good->state == SEEN_STOPPED && good->exit_code == 0 && good->exits == 1 && !good->error);
	cr_assert(bad->state == SEEN_STOPPED && bad->exit_code == 7 && bad->exits == 1);
	cr_assert(good->job && !bad->job && good->restart == RESTART_NO);
	cr_assert_str_eq(bench_read(bench_path(well, "work/ran")), "x\n");
	bench_run(well);
	cr_assert(EVENTUALLY(bench_look(well)->exits == 2));
	cr_assert_str_eq(bench_read(bench_path(well, "work/ran")), "x\nx\n");
}

Test(localhost_parked, on_failure_is_started_again_until_it_ends_well)
{
	struct instance_spec *spec = bench_spec("web", "echo x >>ran; [ $(wc -l <ran) -ge 3 ]");

	spec->restart = RESTART_ON_FAILURE;
	bench_run(spec);
	cr_assert(EVENTUALLY(state_now(spec) == SEEN_STOPPED));
	cr_assert_eq(bench_look(spec)->exits, 3);
	cr_assert_eq(bench_look(spec)->exit_code, 0);
}

static enum progress update(const struct instance_spec *spec)
{
	return DRIVE(localhost_driver.update(&bench.location, &bench.errand, spec, &bench.error));
}

Test(localhost_parked, policy_changes_in_place)
{
	struct instance_spec *spec =
	    bench_spec("web", "while [ ! -e go ]; do sleep 0.02; done; rm go; echo x >>ran; exit 3");

	cr_assert_eq(update(spec), PROGRESS_FAILED);
	cr_assert_eq(bench.error.code, ERR_MISSING);
	bench_run(spec);
	const struct observed *before = bench_look(spec);
	cr_assert_eq(before->restart, RESTART_UNLESS_STOPPED);
	cr_assert(before->limits_known && !before->memory_bytes && !before->nano_cpus);
	spec->restart = RESTART_NO;
	cr_assert_eq(update(spec), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_eq(update(spec), PROGRESS_DONE);
	const struct observed *after = bench_look(spec);
	cr_assert_eq(after->restart, RESTART_NO);
	cr_assert_str_eq(after->target_id, before->target_id);
	cr_assert_str_eq(after->digest, before->digest);
	cr_assert_eq(after->state, SEEN_RUNNING);
	cr_assert_eq(
	    bench.world->ops->file_write(bench.world, bench_path(spec, "work/go"), 0666, "", 0, NULL), 0);
	cr_assert(EVENTUALLY(state_now(spec) == SEEN_STOPPED));
	cr_assert_eq(bench_look(spec)->exit_code, 3);
	cr_assert_str_eq(bench_read(bench_path(spec, "work/ran")), "x\n");
}

/* --- signals --------------------------------------------------------------------------------- */

Test(localhost_parked, its_own_stop_signal_and_time_count)
{
	struct instance_spec *spec = bench_spec(
	    "web", "trap 'echo asked >asked' USR1; trap '' TERM; echo up; while :; do sleep 0.02; done");

	spec->stop_signal = "USR1";
	spec->stop_timeout_ms = 700;
	bench_run(spec);
	cr_assert(EVENTUALLY(strstr(bench_read(bench_path(spec, "log")), " up\n")));
	int64_t before = bench.world->ops->now(bench.world);
	cr_assert_eq(bench_stop(spec), PROGRESS_DONE, "%s", bench.error.text);
	int64_t took = bench.world->ops->now(bench.world) - before;
	cr_assert(took >= 700 && took < 5000, "it took %lld ms", (long long)took);
	cr_assert_str_eq(bench_read(bench_path(spec, "work/asked")), "asked\n");
	spec->stop_signal = "NONSENSE";
	cr_assert_eq(localhost_driver.check(&bench.location, spec, &bench.error), -1);
	cr_assert_eq(bench.error.code, ERR_INVALID);
}

Test(localhost_parked, what_its_command_leaves_when_it_heeds_its_own_signal_is_asked_to_end)
{
	struct instance_spec *spec = bench_spec(
	    "web",
	    "(trap '' USR1; trap 'echo asked >asked; exit 0' TERM; echo up; while :; do sleep 0.02; done) & "
	    "trap 'exit 0' USR1; while :; do sleep 0.02; done");

	spec->stop_signal = "USR1";
	spec->stop_timeout_ms = 60000;
	bench_run(spec);
	cr_assert(EVENTUALLY(strstr(bench_read(bench_path(spec, "log")), " up\n")));
	int64_t before = bench.world->ops->now(bench.world);
	cr_assert_eq(bench_stop(spec), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_lt(bench.world->ops->now(bench.world) - before, 30000);
	cr_assert_str_eq(bench_read(bench_path(spec, "work/asked")), "asked\n");
}

static enum progress send_it(const struct instance_spec *spec, const char *signal)
{
	return DRIVE(localhost_driver.signal(&bench.location, &bench.errand, bench.app, spec->name, signal,
					     &bench.error));
}

Test(localhost_parked, a_signal_reaches_the_main_process_alone)
{
	struct instance_spec *spec =
	    bench_spec("web", "(trap 'echo child >>got' HUP; while :; do sleep 0.02; done) & "
			      "trap 'echo main >>got' HUP; echo up; while :; do sleep 0.02; done");

	cr_assert_eq(send_it(spec, "HUP"), PROGRESS_FAILED);
	cr_assert_eq(bench.error.code, ERR_MISSING);
	bench_run(spec);
	cr_assert(EVENTUALLY(strstr(bench_read(bench_path(spec, "log")), " up\n")));
	cr_assert_eq(send_it(spec, "HUP"), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert(EVENTUALLY(!strcmp(bench_read(bench_path(spec, "work/got")), "main\n")));
	cr_assert_eq(send_it(spec, "WINTER"), PROGRESS_FAILED);
	cr_assert_eq(bench.error.code, ERR_INVALID);
	cr_assert_eq(bench_stop(spec), PROGRESS_DONE);
	cr_assert_eq(send_it(spec, "HUP"), PROGRESS_FAILED);
	cr_assert_eq(bench.error.code, ERR_FAILED);
	cr_assert_str_eq(bench_read(bench_path(spec, "work/got")), "main\n");
}

Test(localhost_parked, readiness_is_asked_from_here)
{
	struct instance_spec *spec = bench_spec("web", "true");
	struct health_check check = {.kind = CHECK_TCP, .port = 80};

	cr_assert_str_eq(localhost_driver.readiness(&bench.location, spec, &check), "from here");
}
