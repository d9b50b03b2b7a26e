/* test_helper.c - the program that keeps a process alive, run by itself in a directory of the test's. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

static char directory[256];
static pid_t helper;

static void set_up(void)
{
	const char *parent = getenv("TMPDIR");

	snprintf(directory, sizeof(directory), "%s/berth-helper-XXXXXX", parent ? parent : "/tmp");
	cr_assert(mkdtemp(directory));
	cr_assert_eq(chdir(directory), 0);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

#define EVENTUALLY(condition) EVENTUALLY_WITHIN(60000, condition)
#define EVENTUALLY_WITHIN(limit_ms, condition)                                                               \
	({                                                                                                   \
		int64_t until_ = now_ms() + (limit_ms);                                                      \
		bool held_;                                                                                  \
		while (!(held_ = (condition)) && now_ms() < until_)                                          \
			poll(NULL, 0, 10);                                                                   \
		held_;                                                                                       \
	})

/* Exit code, or -1 when it does not end. */
static int wait_for(pid_t pid)
{
	int status;

	return EVENTUALLY(waitpid(pid, &status, WNOHANG) == pid) && WIFEXITED(status) ? WEXITSTATUS(status)
										      : -1;
}

static void tear_down(void)
{
	char command[300];

	if (helper > 0 && kill(helper, SIGTERM) == 0)
		wait_for(helper);
	snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	cr_assert_eq(system(command), 0);
}

TestSuite(helper, .init = set_up, .fini = tear_down, .timeout = 240);

/* Records of the launch file, ended by NULL. */
static void write_launch(const char *shell, ...)
{
	FILE *file = fopen("launch", "w");
	va_list records;

	fprintf(file, "name=test.helper.1%carg=/bin/sh%carg=-c%carg=%s%c", 0, 0, 0, shell, 0);
	va_start(records, shell);
	for (const char *record; (record = va_arg(records, const char *));)
		fprintf(file, "%s%c", record, 0);
	va_end(records);
	fclose(file);
}

static pid_t start_helper(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		execl(BERTH_HELPER_PATH, BERTH_HELPER_PATH, directory, (char *)NULL);
		_exit(127);
	}
	return pid;
}

static const char *contents(const char *path)
{
	static char bytes[65536];
	int fd = open(path, O_RDONLY);
	ssize_t count = fd < 0 ? 0 : read(fd, bytes, sizeof(bytes) - 1);

	bytes[count > 0 ? count : 0] = '\0';
	if (fd >= 0)
		close(fd);
	return bytes;
}

static long field(const char *name)
{
	const char *line = strstr(contents("state"), name);

	return line ? strtol(line + strlen(name), NULL, 10) : -1;
}

static bool state_is(const char *state)
{
	char line[40];

	snprintf(line, sizeof(line), "state %s\n", state);
	return starts_with(contents("state"), line);
}

Test(helper, second_one_in_a_directory_does_nothing)
{
	write_launch("echo x >>ran; exec sleep 1000", NULL);
	helper = start_helper();
	cr_assert(EVENTUALLY(state_is("running")));
	long pid = field("\npid ");
	cr_assert_eq(wait_for(start_helper()), 75);
	cr_assert_eq(field("\npid "), pid);
	cr_assert_eq(field("\nhelper "), helper);
	cr_assert_str_eq(contents("work/ran"), "x\n");
}

Test(helper, sigterm_ends_it_with_its_record_written)
{
	write_launch("exec sleep 1000", NULL);
	helper = start_helper();
	cr_assert(EVENTUALLY(state_is("running")));
	pid_t command = (pid_t)field("\npid ");
	kill(helper, SIGTERM);
	cr_assert_eq(wait_for(helper), 0);
	helper = 0;
	cr_assert(state_is("stopped"));
	cr_assert_eq(field("\nsignal "), SIGTERM);
	cr_assert_eq(field("\ncode "), -1);
	cr_assert_eq(kill(command, 0), -1);
}

Test(helper, what_it_has_read_it_removes)
{
	write_launch("exec sleep 1000", NULL);
	helper = start_helper();
	cr_assert(EVENTUALLY(state_is("running")));
	cr_assert_eq(access("launch", F_OK), -1);
}

Test(helper, terminal_signals_do_not_concern_it)
{
	write_launch("exec sleep 1000", NULL);
	helper = start_helper();
	cr_assert(EVENTUALLY(state_is("running")));
	pid_t command = (pid_t)field("\npid ");
	kill(helper, SIGHUP);
	kill(helper, SIGINT);
	kill(helper, SIGQUIT);
	kill(helper, SIGTERM);
	cr_assert_eq(wait_for(helper), 0);
	helper = 0;
	cr_assert_eq(kill(command, 0), -1);
}

Test(helper, command_begins_with_signals_as_usual)
{
	write_launch("grep -E 'Sig(Blk|Ign)' /proc/self/status >signals; exec sleep 1000", NULL);
	helper = start_helper();
	cr_assert(EVENTUALLY(strstr(contents("work/signals"), "SigIgn")));
	cr_assert_str_eq(contents("work/signals"), "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

Test(helper, restarts_with_growing_pauses)
{
	write_launch("date +%s%3N >>times; exit 1", NULL);
	helper = start_helper();
	cr_assert(EVENTUALLY(field("\nexits ") >= 4));
	long long times[4];
	cr_assert_eq(
	    sscanf(contents("work/times"), "%lld %lld %lld %lld", &times[0], &times[1], &times[2], &times[3]),
	    4);
	cr_assert(times[1] - times[0] >= 100);
	cr_assert(times[2] - times[1] >= 200);
	cr_assert(times[3] - times[2] >= 400);
}

Test(helper, restart_no_runs_once)
{
	write_launch("echo x >>ran; exit 6", "restart=no", NULL);
	helper = start_helper();
	cr_assert_eq(wait_for(helper), 0);
	helper = 0;
	cr_assert(state_is("stopped"));
	cr_assert_eq(field("\ncode "), 6);
	cr_assert_eq(field("\nexits "), 1);
	cr_assert_str_eq(contents("work/ran"), "x\n");
}

Test(helper, exits_are_counted_on_by_the_next_helper)
{
	write_launch("exit 0", "restart=no", NULL);
	cr_assert_eq(wait_for(start_helper()), 0);
	write_launch("exit 0", "restart=no", NULL);
	cr_assert_eq(wait_for(start_helper()), 0);
	cr_assert_eq(field("\nexits "), 2);
}

Test(helper, log_is_bounded_and_keeps_one_older)
{
	struct stat status;

	write_launch("i=0; while [ $i -lt 3000 ]; do echo \"line $i of many\"; i=$((i+1)); done; echo over "
		     ">&2; exec sleep 1000",
		     "log=20000", NULL);
	helper = start_helper();
	cr_assert(EVENTUALLY(strstr(contents("log"), " over\n")));
	cr_assert_eq(stat("log", &status), 0);
	cr_assert(status.st_size <= 20000);
	cr_assert_eq(stat("log.1", &status), 0);
	cr_assert(status.st_size <= 20000);
	cr_assert(status.st_size > 15000);
	cr_assert_eq(access("log.2", F_OK), -1);
	cr_assert(strstr(contents("log"), " line 2999 of many\n"));
	unsigned long now, older;
	cr_assert_eq(sscanf(contents("log"), "log %lu\n", &now), 1);
	cr_assert_eq(sscanf(contents("log.1"), "log %lu\n", &older), 1);
	cr_assert_eq(older + 1, now);
}

Test(helper, daemon_that_keeps_the_output_open_does_not_hold_up_the_end)
{
	write_launch(
	    "(setsid sh -c 'trap \"\" TERM; while :; do echo noise; sleep 0.01; done' &); exec sleep 1000",
	    "grace=200", NULL);
	helper = start_helper();
	cr_assert(EVENTUALLY(strstr(contents("log"), "noise")));
	kill(helper, SIGTERM);
	int64_t before = now_ms();
	cr_assert_eq(wait_for(helper), 0);
	cr_assert(now_ms() - before < 5000);
	helper = 0;
}

Test(helper, quick_end_does_not_wait_for_the_grace)
{
	write_launch("exec sleep 1000", "grace=60000", NULL);
	helper = start_helper();
	cr_assert(EVENTUALLY(state_is("running")));
	kill(helper, SIGTERM);
	cr_assert_eq(wait_for(helper), 0);
	helper = 0;
}

Test(helper, without_launch_it_fails_in_words)
{
	cr_assert_eq(wait_for(start_helper()), 126);
	cr_assert(state_is("failed"));
	cr_assert_str_eq(contents("error"), "cannot read `launch`: No such file or directory");
}

Test(helper, stop_signal_is_the_one_asked_for)
{
	write_launch("trap 'echo usr1 >got; exit 0' USR1; echo ready; while :; do sleep 0.05; done",
		     "signal=10", "grace=5000", NULL);
	helper = start_helper();
	cr_assert(EVENTUALLY(strstr(contents("log"), "ready")));
	kill(helper, SIGTERM);
	cr_assert_eq(wait_for(helper), 0);
	helper = 0;
	cr_assert_str_eq(contents("work/got"), "usr1\n");
}

/* --- restart policies ---------------------------------------------------------------------- */

Test(helper, on_failure_is_started_again_until_it_ends_well)
{
	write_launch("echo x >>ran; [ $(wc -l <ran) -ge 3 ]", "restart=on-failure", NULL);
	helper = start_helper();
	cr_assert_eq(wait_for(helper), 0);
	helper = 0;
	cr_assert(state_is("stopped"));
	cr_assert_eq(field("\ncode "), 0);
	cr_assert_eq(field("\nexits "), 3);
	cr_assert_str_eq(contents("work/ran"), "x\nx\nx\n");
}

static void write_manifest(const char *record)
{
	FILE *file = fopen("manifest.new", "w");

	fprintf(file, "BERTH_APP=test%c%s%c", 0, record, 0);
	fclose(file);
	cr_assert_eq(rename("manifest.new", "manifest"), 0);
}

Test(helper, manifest_says_the_policy_when_the_command_ends)
{
	write_manifest("BERTH_RESTART=unless-stopped");
	write_launch("echo x >>ran; while [ ! -e go ]; do sleep 0.02; done; exit 4", "restart=always", NULL);
	helper = start_helper();
	cr_assert(EVENTUALLY(state_is("running")));
	write_manifest("BERTH_RESTART=no");
	fclose(fopen("work/go", "w"));
	cr_assert_eq(wait_for(helper), 0);
	helper = 0;
	cr_assert(state_is("stopped"));
	cr_assert_eq(field("\ncode "), 4);
	cr_assert_str_eq(contents("work/ran"), "x\n");
}

Test(helper, policy_changed_while_it_waits_to_start_again_counts)
{
	write_launch("echo x >>ran; exit 1", NULL);
	helper = start_helper();
	cr_assert(EVENTUALLY(field("\nexits ") >= 2 && state_is("restarting")));
	write_manifest("BERTH_RESTART=no");
	cr_assert_eq(wait_for(helper), 0);
	helper = 0;
	cr_assert(state_is("stopped"));
}

/* --- parked and woken ---------------------------------------------------------------------- */

Test(helper, parked_it_keeps_what_to_run_and_runs_it_again)
{
	write_launch("echo $WORD >>ran; exec sleep 1000", "env=WORD=sesame", NULL);
	helper = start_helper();
	cr_assert(EVENTUALLY(state_is("running")));
	pid_t first = (pid_t)field("\npid ");
	kill(helper, SIGUSR1);
	cr_assert(EVENTUALLY(state_is("parked")));
	cr_assert_eq(kill(first, 0), -1);
	cr_assert_eq(field("\nhelper "), helper);
	cr_assert_eq(field("\nsignal "), SIGTERM);
	cr_assert_eq(access("launch", F_OK), -1);
	kill(helper, SIGUSR1);
	kill(helper, SIGUSR2);
	cr_assert(EVENTUALLY(state_is("running")));
	cr_assert_neq(field("\npid "), first);
	cr_assert_eq(field("\nexits "), 1);
	cr_assert(EVENTUALLY(strcmp(contents("work/ran"), "sesame\nsesame\n") == 0));
}

Test(helper, woken_while_it_ends_it_starts_again_after_the_end)
{
	write_launch("trap 'while [ ! -e go ]; do sleep 0.02; done; exit 0' TERM; echo up >>ran; while :; do "
		     "sleep 0.02; done",
		     "grace=30000", "restart=no", NULL);
	helper = start_helper();
	cr_assert(EVENTUALLY(strcmp(contents("work/ran"), "up\n") == 0));
	kill(helper, SIGUSR1);
	cr_assert(EVENTUALLY(state_is("stopping")));
	kill(helper, SIGUSR2);
	fclose(fopen("work/go", "w"));
	cr_assert(EVENTUALLY(strcmp(contents("work/ran"), "up\nup\n") == 0));
	cr_assert(EVENTUALLY(state_is("running")));
	cr_assert_eq(field("\nexits "), 1);
}

/* As on a disk that is full for a while. */
Test(helper, state_that_could_not_be_written_is_written_later)
{
	write_launch("echo up >>ran; exec sleep 1000", NULL);
	helper = start_helper();
	cr_assert(EVENTUALLY(state_is("running")));
	kill(helper, SIGUSR1);
	cr_assert(EVENTUALLY(state_is("parked")));
	cr_assert_eq(mkdir("state.new", 0700), 0);
	kill(helper, SIGUSR2);
	cr_assert(EVENTUALLY(strcmp(contents("work/ran"), "up\nup\n") == 0));
	cr_assert(state_is("parked"));
	cr_assert_eq(rmdir("state.new"), 0);
	cr_assert(EVENTUALLY(state_is("running")));
	cr_assert_eq(field("\nstarts "), 2);
}

Test(helper, parked_while_it_waits_to_start_again_it_waits_no_more)
{
	write_launch("echo x >>ran; exit 1", NULL);
	helper = start_helper();
	cr_assert(EVENTUALLY(field("\nexits ") >= 2 && state_is("restarting")));
	kill(helper, SIGUSR1);
	cr_assert(EVENTUALLY(state_is("parked")));
	long exits = field("\nexits ");
	cr_assert_not(EVENTUALLY_WITHIN(1000, field("\nexits ") != exits));
}

Test(helper, sigterm_ends_a_parked_one)
{
	write_launch("exec sleep 1000", NULL);
	helper = start_helper();
	cr_assert(EVENTUALLY(state_is("running")));
	kill(helper, SIGUSR1);
	cr_assert(EVENTUALLY(state_is("parked")));
	kill(helper, SIGTERM);
	cr_assert_eq(wait_for(helper), 0);
	helper = 0;
	cr_assert(state_is("stopped"));
	cr_assert_eq(field("\nexits "), 1);
}

Test(helper, woken_it_tells_when_it_cannot_start)
{
	FILE *script = fopen("program", "w");

	fprintf(script, "#!/bin/sh\nexec sleep 1000\n");
	fclose(script);
	cr_assert_eq(chmod("program", 0755), 0);
	FILE *launch = fopen("launch", "w");
	fprintf(launch, "name=test.helper.1%carg=%s/program%crestart=no%c", 0, directory, 0, 0);
	fclose(launch);
	helper = start_helper();
	cr_assert(EVENTUALLY(state_is("running")));
	kill(helper, SIGUSR1);
	cr_assert(EVENTUALLY(state_is("parked")));
	cr_assert_eq(unlink("program"), 0);
	kill(helper, SIGUSR2);
	cr_assert_eq(wait_for(helper), 127);
	helper = 0;
	cr_assert(state_is("failed"));
	cr_assert(strstr(contents("error"), "/program"), "%s", contents("error"));
}
