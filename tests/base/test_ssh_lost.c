/* test_ssh_lost.c - connections to machines that break, fall silent, or are not wanted there. */
#include "ssh_server.h"
#include "ssh_wire.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Whoever it is by the wire: known by its key alone. */
static struct ssh_host by_wire(struct ssh_server *server, const struct ssh_wire *wire, const char *keys[2])
{
	static char line[512];
	struct ssh_host host = ssh_server_host(server);
	FILE *file = fopen(in_folder(&server->folder, "host_ed25519.pub"), "r");

	cr_assert(file && fgets(line, sizeof(line), file));
	fclose(file);
	keys[0] = line;
	keys[1] = NULL;
	host.host_keys = keys;
	host.port = wire->port;
	return host;
}

static bool exists(const char *path)
{
	struct stat status;

	return !stat(path, &status);
}

/* So many bytes tell who a machine is, at most. */
#define SHAKING 2000

/* Nothing that was not called begun has an effect, and what is lost is never called done. */
static void cut_after(struct ssh_server *server, struct ssh_wire *wire, struct ssh_host *host, long bytes)
{
	owned_world world = fixture_world();
	char command[400], mark[300];

	snprintf(mark, sizeof(mark), "%s/ran-%ld", server->folder.path, bytes);
	snprintf(command, sizeof(command), "touch %s; head -c 3000 /dev/zero; exit 5", mark);
	wire->cut_after = bytes;
	host->connect_ms =
	    bytes < SHAKING ? 700
			    : PATIENCE_MS; /* dropped before it said who it is, it is tried again and again */
	owned_told told = run_there(world, host, command);
	if (told.error.code == OK) {
		cr_expect_eq(told.exit_code, 5);
		cr_expect_eq(told.output.length, 3000, "%ld", bytes);
	} else {
		cr_expect(told.error.code == ERR_UNREACHABLE ||
			      (bytes < SHAKING && told.error.code == ERR_TIMED_OUT),
			  "%ld: %d %s", bytes, told.error.code, told.error.text);
		cr_expect(!exists(mark) || told.sent, "%ld: it ran, and is called not begun", bytes);
	}
}

Test(ssh_lost, a_connection_cut_anywhere_is_told_as_it_is)
{
	static const long places[] = {0,    1,    20,   30,   41,   42,   60,   500,  1000, 1100, 1200, 1400,
				      1500, 1600, 1700, 1800, 1900, 2000, 2050, 2100, 2150, 2200, 2250, 2300,
				      2350, 2400, 2500, 2600, 2700, 2800, 3000, 3500, 4000, 5000, 6000, 8000};
	owned_sshd server = ssh_server_start("", "ed25519");
	owned_wire wire;
	const char *keys[2];

	for (size_t half = 0; half < 2; half++) {
		ssh_wire_start(&wire, server.port);
		for (size_t i = half; i < COUNT_OF(places); i += 2) {
			struct ssh_host host = by_wire(&server, &wire, keys);
			cut_after(&server, &wire, &host, places[i]);
		}
		if (half == 0)
			ssh_wire_stop(&wire);
	}
}

Test(ssh_lost, a_call_that_had_not_begun_goes_to_a_new_session)
{
	owned_sshd server = ssh_server_start("", "ed25519");
	owned_world world = fixture_world();
	struct ssh_host host = ssh_server_host(&server);
	owned_told first = run_there(world, &host, "echo $PPID");

	cr_assert_eq(first.error.code, OK, "%s", first.error.text);
	/* Its session's sshd is killed while nobody looks. */
	kill(atoi(text_view(&first.output)), SIGKILL);
	owned_told second = run_there(world, &host, "echo here");
	cr_expect_str_eq(text_view(&second.output), "here\n", "%s", second.error.text);
}

Test(ssh_lost, what_runs_when_the_connection_breaks_is_unknown)
{
	owned_sshd server = ssh_server_start("", "ed25519");
	owned_world world = fixture_world();
	struct ssh_host host = ssh_server_host(&server);
	owned_told told = {0}, other = {0};

	told_exec(&told, world, &host,
		  &(struct ssh_command){.command = "echo $PPID; exec cat", .more_input = true});
	for (int i = 0; i < 9000 && !strchr(text_view(&told.output), '\n'); i++)
		let_pass(world, 10);
	told_exec(&other, world, &host, &(struct ssh_command){.command = "exec sleep 600"});
	cr_assert(wait_for(world, &other.opened, PATIENCE_MS));
	kill(atoi(text_view(&told.output)), SIGKILL);
	told_wait(&told);
	told_wait(&other);
	cr_expect_eq(told.error.code, ERR_UNREACHABLE, "%s", told.error.text);
	cr_expect_eq(other.error.code, ERR_UNREACHABLE, "%s", other.error.text);
	cr_expect(told.sent && other.sent);
}

Test(ssh_lost, a_machine_that_is_stopped_is_noticed)
{
	owned_sshd server = ssh_server_start("", "ed25519");
	owned_world world = fixture_world();
	struct ssh_host host = ssh_server_host(&server);
	owned_told told = {0};

	host.silence_ms = 700;
	told_exec(&told, world, &host,
		  &(struct ssh_command){.command = "echo $PPID; exec cat", .more_input = true});
	for (int i = 0; i < 9000 && !strchr(text_view(&told.output), '\n'); i++)
		let_pass(world, 10);
	pid_t sshd = atoi(text_view(&told.output));
	cr_assert_gt(sshd, 1, "%s", told.error.text);
	kill(sshd, SIGSTOP);
	told_wait(&told);
	cr_expect_eq(told.error.code, ERR_UNREACHABLE);
	cr_expect(strstr(told.error.text, "sign of life"), "%s", told.error.text);
	cr_expect(told.sent);
	kill(sshd, SIGKILL);
}

Test(ssh_lost, a_machine_that_is_only_quiet_is_not_given_up)
{
	owned_sshd server = ssh_server_start("", "ed25519");
	owned_world world = fixture_world();
	struct ssh_host host = ssh_server_host(&server);
	owned_told told = {0};

	/* Many signs of life are asked for meanwhile, and come. */
	host.silence_ms = 4000;
	told_exec(&told, world, &host,
		  &(struct ssh_command){.command = "sleep 14; echo awake", .timeout_ms = PATIENCE_MS});
	told_wait(&told);
	cr_expect_str_eq(text_view(&told.output), "awake\n", "%s", told.error.text);
}

Test(ssh_lost, a_wire_that_falls_silent_is_noticed_while_logging_in_too)
{
	owned_sshd server = ssh_server_start("", "ed25519");
	owned_wire wire;
	const char *keys[2];

	ssh_wire_start(&wire, server.port);
	wire.silent = true;
	struct ssh_host host = by_wire(&server, &wire, keys);
	owned_world world = fixture_world();
	host.connect_ms = 1200;
	owned_told told = run_there(world, &host, "true");
	cr_expect_eq(told.error.code, ERR_TIMED_OUT);
	cr_expect(strstr(told.error.text, "did not say who it is"), "%s", told.error.text);
	cr_expect_not(told.sent);
}

Test(ssh_lost, those_who_are_dropped_at_the_door_come_again)
{
	enum { SESSIONS = 16 };
	owned_sshd server = ssh_server_start("MaxStartups 2", "ed25519");
	owned_world world = fixture_world();
	struct ssh_host host = ssh_server_host(&server);
	struct told told[SESSIONS] = {0};

	for (int i = 0; i < SESSIONS; i++) {
		host.idle_ms = 50000 + i; /* a session each */
		told_exec(&told[i], world, &host, &(struct ssh_command){.command = "echo in"});
	}
	for (int i = 0; i < SESSIONS; i++) {
		told_wait(&told[i]);
		cr_expect_str_eq(text_view(&told[i].output), "in\n", "%s", told[i].error.text);
		told_release(&told[i]);
	}
}

Test(ssh_lost, those_who_are_cut_while_the_machine_says_who_it_is_come_again)
{
	static const long places[] = {30, 200, 900, 1200};
	owned_sshd server = ssh_server_start("", "ed25519");
	const char *keys[2];

	for (size_t i = 0; i < COUNT_OF(places); i++) {
		owned_wire wire;
		owned_world world = fixture_world();
		struct told told = {0};

		ssh_wire_start(&wire, server.port);
		struct ssh_host host = by_wire(&server, &wire, keys);
		host.connect_ms = PATIENCE_MS;
		wire.cut_after = places[i];
		told_exec(&told, world, &host, &(struct ssh_command){.command = "echo in"});
		for (int turn = 0; turn < 9000 && wire.accepted < 3; turn++)
			let_pass(world, 10);
		cr_assert_geq(wire.accepted, 3, "%ld: %s", places[i], told.error.text);
		wire.cut_after = -1;
		told_wait(&told);
		cr_expect_str_eq(text_view(&told.output), "in\n", "%ld: %s", places[i], told.error.text);
		told_release(&told);
	}
}

static long memory_kb(void)
{
	char line[200];
	long kb = 0;
	FILE *file = fopen("/proc/self/status", "r");

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, "VmRSS:", 6))
			kb = atol(line + 6);
	if (file)
		fclose(file);
	return kb;
}

Test(ssh_lost, a_hundred_machines_at_once_cost_little)
{
	enum { MACHINES = 100 };
	owned_sshd server = ssh_server_start("", "ed25519");
	owned_world world = fixture_world();
	struct ssh_host host = ssh_server_host(&server);
	struct told *told = calloc(MACHINES, sizeof(*told));
	struct timespec before, after;
	long memory = memory_kb();

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
	host.connect_ms = 10 * PATIENCE_MS;
	for (int i = 0; i < MACHINES; i++) {
		host.idle_ms = 500000 + i; /* a session each */
		told_exec(&told[i], world, &host,
			  &(struct ssh_command){.command = "sh -s", .input = "echo in\n", .input_size = 8});
	}
	for (int i = 0; i < MACHINES; i++) {
		cr_assert(wait_for(world, &told[i].over, 10 * PATIENCE_MS));
		cr_expect_str_eq(text_view(&told[i].output), "in\n", "%s", told[i].error.text);
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
	double cpu = (double)(after.tv_sec - before.tv_sec) + (double)(after.tv_nsec - before.tv_nsec) / 1e9;
	memory = memory_kb() - memory;
	fprintf(stderr, "# %d machines: %.2f s of CPU, %ld KB\n", MACHINES, cpu, memory);
	cr_expect_lt(cpu, 10);
#ifndef __SANITIZE_ADDRESS__
	cr_expect_lt(memory, 40000);
#endif
	for (int i = 0; i < MACHINES; i++)
		told_release(&told[i]);
	free(told);
}
