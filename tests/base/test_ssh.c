/* test_ssh.c - commands on a machine by SSH. */
#include "ssh_server.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

enum { MANY = 40 };

Test(ssh, a_command_tells_both_its_streams_and_its_exit_status)
{
	owned_sshd server = ssh_server_start("", "ed25519");
	owned_world world = fixture_world();
	struct ssh_host host = ssh_server_host(&server);
	owned_told told = run_there(world, &host, "echo out; echo err >&2; exit 3");

	cr_assert_eq(told.error.code, OK, "%s", told.error.text);
	cr_expect_str_eq(text_view(&told.output), "out\n");
	cr_expect_str_eq(text_view(&told.errors), "err\n");
	cr_expect_eq(told.exit_code, 3);
	cr_expect_str_eq(told.signal, "");
	cr_expect(told.sent && told.opened);
}

Test(ssh, a_signal_that_ended_it_is_told_by_its_name)
{
	owned_sshd server = ssh_server_start("", "ed25519");
	owned_world world = fixture_world();
	struct ssh_host host = ssh_server_host(&server);
	owned_told told = run_there(world, &host, "exec sh -c 'kill -TERM $$'");

	cr_assert_eq(told.error.code, OK, "%s", told.error.text);
	cr_expect_eq(told.exit_code, -1);
	cr_expect_str_eq(told.signal, "TERM");
}

Test(ssh, a_script_is_read_from_what_it_is_given_to_read)
{
	static const char script[] = "read -r line; echo \"[$line]\"\nsecond\n";
	owned_sshd server = ssh_server_start("", "ed25519");
	owned_world world = fixture_world();
	struct ssh_host host = ssh_server_host(&server);
	owned_told told = {0};

	told_exec(&told, world, &host,
		  &(struct ssh_command){.command = "cat; echo end",
					.input = script,
					.input_size = sizeof(script) - 1,
					.timeout_ms = PATIENCE_MS});
	told_wait(&told);
	cr_assert_eq(told.error.code, OK, "%s", told.error.text);
	cr_expect_str_eq(text_view(&told.output), "read -r line; echo \"[$line]\"\nsecond\nend\n");
}

Test(ssh, what_is_written_meanwhile_arrives_and_its_end_too)
{
	owned_sshd server = ssh_server_start("", "ed25519");
	owned_world world = fixture_world();
	struct ssh_host host = ssh_server_host(&server);
	owned_told told = {0};

	told_exec(&told, world, &host, &(struct ssh_command){.command = "wc -c", .more_input = true});
	for (int i = 0; i < 100; i++) {
		static char piece[10000];
		memset(piece, 'a', sizeof(piece));
		world->ops->ssh->write(world, told.call, piece, sizeof(piece));
	}
	cr_expect_eq(world->ops->ssh->waiting(told.call), 1000000);
	cr_assert(wait_for(world, &told.opened, PATIENCE_MS));
	world->ops->ssh->end(world, told.call);
	told_wait(&told);
	cr_expect_str_eq(text_view(&told.output), "1000000\n");
	cr_expect(told.drains >= 1);
}

Test(ssh, megabytes_come_whole_on_both_streams)
{
	owned_sshd server = ssh_server_start("", "ed25519");
	owned_world world = fixture_world();
	struct ssh_host host = ssh_server_host(&server);
	owned_told told = {.count_only = true};

	told_exec(&told, world, &host,
		  &(struct ssh_command){.command = "head -c 8000000 /dev/zero; head -c 3000000 /dev/zero >&2",
					.more_input = true});
	told_wait(&told);
	cr_assert_eq(told.error.code, OK, "%s", told.error.text);
	cr_expect_eq(told.received, 11000000);
	cr_expect_eq(told.exit_code, 0);
}

Test(ssh, more_output_than_is_wanted_is_a_failure)
{
	owned_sshd server = ssh_server_start("", "ed25519");
	owned_world world = fixture_world();
	struct ssh_host host = ssh_server_host(&server);
	owned_told told = {0};

	told_exec(&told, world, &host,
		  &(struct ssh_command){.command = "yes", .limit = 100000, .timeout_ms = PATIENCE_MS});
	told_wait(&told);
	cr_expect_eq(told.error.code, ERR_FAILED);
	cr_expect(strstr(told.error.text, "more than 100000 bytes"), "%s", told.error.text);
	cr_expect(told.sent);
}

Test(ssh, many_commands_share_one_connection_and_wait_for_their_turn)
{
	owned_sshd server = ssh_server_start("MaxSessions 10", "ed25519");
	owned_world world = fixture_world();
	struct ssh_host host = ssh_server_host(&server);
	struct told told[MANY] = {0};
	int before = open_descriptors();

	for (int i = 0; i < MANY; i++) {
		char command[64];
		snprintf(command, sizeof(command), "echo $PPID; exit %d", i);
		told_exec(&told[i], world, &host,
			  &(struct ssh_command){.command = command, .timeout_ms = PATIENCE_MS});
	}
	for (int i = 0; i < MANY; i++) {
		told_wait(&told[i]);
		cr_expect_eq(told[i].error.code, OK, "%s", told[i].error.text);
		cr_expect_eq(told[i].exit_code, i);
		/* The same sshd each time. */
		cr_expect_str_eq(text_view(&told[i].output), text_view(&told[0].output));
	}
	cr_expect_leq(open_descriptors(), before + 8);
	for (int i = 0; i < MANY; i++)
		told_release(&told[i]);
}

Test(ssh, a_machine_that_allows_fewer_commands_at_once_is_not_asked_for_more)
{
	owned_sshd server = ssh_server_start("MaxSessions 2", "ed25519");
	owned_world world = fixture_world();
	struct ssh_host host = ssh_server_host(&server);
	struct told told[MANY] = {0};

	for (int i = 0; i < MANY; i++)
		told_exec(
		    &told[i], world, &host,
		    &(struct ssh_command){.command = "sleep 0.02; echo done", .timeout_ms = PATIENCE_MS});
	for (int i = 0; i < MANY; i++) {
		told_wait(&told[i]);
		cr_expect_eq(told[i].error.code, OK, "%s", told[i].error.text);
		cr_expect_str_eq(text_view(&told[i].output), "done\n");
		told_release(&told[i]);
	}
}

Test(ssh, those_that_stay_for_ever_keep_nobody_from_coming_and_going)
{
	owned_sshd server = ssh_server_start("MaxSessions 3", "ed25519");
	owned_world world = fixture_world();
	struct ssh_host host = ssh_server_host(&server);
	struct told stays[9] = {0};

	for (int i = 0; i < 9; i++)
		told_exec(&stays[i], world, &host,
			  &(struct ssh_command){.command = "echo here; exec cat", .more_input = true});
	for (int i = 0; i < 9; i++)
		cr_assert(wait_for(world, &stays[i].opened, PATIENCE_MS), "%s", stays[i].error.text);
	owned_told told = run_there(world, &host, "echo passing");
	cr_expect_str_eq(text_view(&told.output), "passing\n", "%s", told.error.text);
	for (int i = 0; i < 9; i++)
		told_release(&stays[i]);
}

Test(ssh, a_machine_that_allows_no_command_says_so)
{
	owned_sshd server = ssh_server_start("MaxSessions 0", "ed25519");
	owned_world world = fixture_world();
	struct ssh_host host = ssh_server_host(&server);
	owned_told told = run_there(world, &host, "true");

	cr_expect_eq(told.error.code, ERR_DENIED);
	cr_expect(strstr(told.error.remedy, "MaxSessions"), "%s", told.error.remedy);
	cr_expect_not(told.sent);
}

Test(ssh, what_takes_too_long_is_over_and_its_effect_unknown)
{
	owned_sshd server = ssh_server_start("", "ed25519");
	owned_world world = fixture_world();
	struct ssh_host host = ssh_server_host(&server);
	owned_told first = run_there(world, &host, "true"), told = {0};

	cr_assert_eq(first.error.code, OK, "%s", first.error.text);
	told_exec(&told, world, &host,
		  &(struct ssh_command){.command = "echo begun; exec sleep 600", .timeout_ms = 1500});
	told_wait(&told);
	cr_expect_eq(told.error.code, ERR_TIMED_OUT);
	cr_expect(told.sent);
	/* The session goes on. */
	owned_told after = run_there(world, &host, "echo still there");
	cr_expect_str_eq(text_view(&after.output), "still there\n", "%s", after.error.text);
}

Test(ssh, a_cancelled_command_calls_nobody_back)
{
	owned_sshd server = ssh_server_start("", "ed25519");
	owned_world world = fixture_world();
	struct ssh_host host = ssh_server_host(&server);
	struct told told = {0}, waiting = {0};

	told_exec(&told, world, &host, &(struct ssh_command){.command = "exec cat", .more_input = true});
	told_exec(&waiting, world, &host, &(struct ssh_command){.command = "true"});
	world->ops->ssh->cancel(world, waiting.call);
	cr_assert(wait_for(world, &told.opened, PATIENCE_MS));
	world->ops->ssh->cancel(world, told.call);
	owned_told after = run_there(world, &host, "echo after");
	cr_expect_str_eq(text_view(&after.output), "after\n", "%s", after.error.text);
	cr_expect(!told.over && !waiting.over);
	told.call = waiting.call = NULL;
	told_release(&told);
}

Test(ssh, a_terminal_of_its_own_has_a_size_and_gets_another)
{
	owned_sshd server = ssh_server_start("", "ed25519");
	owned_world world = fixture_world();
	struct ssh_host host = ssh_server_host(&server);
	owned_told told = {0};

	told_exec(&told, world, &host,
		  &(struct ssh_command){
		      .command = "tty >/dev/null || exit 9; stty size; read -r x; stty size; echo $TERM",
		      .terminal = "vt100",
		      .columns = 100,
		      .rows = 30,
		      .more_input = true});
	cr_assert(wait_for(world, &told.opened, PATIENCE_MS));
	for (int i = 0; i < 9000 && !strstr(text_view(&told.output), "30 100"); i++)
		let_pass(world, 10);
	world->ops->ssh->resize(world, told.call, 90, 20);
	world->ops->ssh->write(world, told.call, "\n", 1);
	told_wait(&told);
	cr_expect(strstr(text_view(&told.output), "20 90"), "%s", text_view(&told.output));
	cr_expect(strstr(text_view(&told.output), "vt100"));
}

Test(ssh, an_idle_session_is_given_up_after_a_while_and_made_anew)
{
	owned_sshd server = ssh_server_start("", "ed25519");
	owned_world world = fixture_world();
	struct ssh_host host = ssh_server_host(&server);
	host.idle_ms = 300;
	owned_told first = run_there(world, &host, "echo $PPID");
	int with = open_descriptors();

	for (int i = 0; i < 3000 && open_descriptors() == with; i++)
		let_pass(world, 10);
	cr_expect_lt(open_descriptors(), with);
	owned_told second = run_there(world, &host, "echo $PPID");
	cr_expect_str_neq(text_view(&first.output), text_view(&second.output));
}

Test(ssh, an_idle_session_keeps_no_loop_alive)
{
	owned_sshd server = ssh_server_start("", "ed25519");
	owned_world world = fixture_world();
	struct ssh_host host = ssh_server_host(&server);
	owned_told told = run_there(world, &host, "true");

	cr_assert_eq(told.error.code, OK, "%s", told.error.text);
	/* Whoever waits for ever for nothing would wait for ever. */
	for (int i = 0; i < 1000 && world_timeout_ms(world) >= 0; i++)
		world_wait(world, 10);
	cr_expect_eq(world_timeout_ms(world), -1);
}

Test(ssh, a_world_may_close_in_the_middle_of_everything)
{
	owned_sshd server = ssh_server_start("", "ed25519");
	struct ssh_host host = ssh_server_host(&server);

	for (int turns = 0; turns < 40; turns += 2) {
		struct world *world = fixture_world();
		struct told told[3] = {0};
		for (int i = 0; i < 3; i++)
			told_exec(&told[i], world, &host,
				  &(struct ssh_command){.command = "exec cat", .more_input = true});
		for (int i = 0; i < turns; i++)
			world_wait(world, 20);
		world_real_close(world);
		for (int i = 0; i < 3; i++) {
			told[i].call = NULL;
			told_release(&told[i]);
		}
	}
}

Test(ssh, nobody_is_there)
{
	owned_world world = fixture_world();
	struct ssh_host host = {
	    .address = "127.0.0.1", .port = 1, .user = "somebody", .connect_ms = PATIENCE_MS};
	owned_told told = run_there(world, &host, "true");

	cr_expect_eq(told.error.code, ERR_UNREACHABLE);
	cr_expect(strstr(told.error.text, "connection refused"), "%s", told.error.text);
	cr_expect(strstr(told.error.remedy, "is sshd running there"), "%s", told.error.remedy);
	cr_expect_not(told.sent);
}

Test(ssh, a_description_without_a_user_is_refused_at_once)
{
	owned_world world = fixture_world();
	struct ssh_host host = {.address = "127.0.0.1"};
	struct told told = {0};
	struct ssh_sink sink = told_sink(&told, false);
	struct error err = {0};

	cr_expect_null(
	    world->ops->ssh->exec(world, &host, &(struct ssh_command){.command = "true"}, &sink, &err));
	cr_expect_eq(err.code, ERR_INVALID);
}
