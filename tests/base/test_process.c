/* test_process.c - children that are ours alone. */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

struct ending {
	bool over;
	int calls;
	struct process_end end;
};

static void ended(void *owner, const struct process_end *end)
{
	struct ending *ending = owner;

	ending->over = true;
	ending->calls++;
	ending->end = *end;
}

static const struct process_options plain = {.input = -1, .output = -1, .errors = -1};

static struct child *shell(struct world *world, const char *script, struct process_options options,
			   struct ending *ending)
{
	const char *const argv[] = {"/bin/sh", "-c", script, NULL};
	struct error err = {0};

	options.argv = argv;
	struct child *child = world->ops->spawn(world, &options, ended, ending, &err);
	cr_assert(child, "%s", err.text);
	return child;
}

/* What a script writes to its standard output. */
static void output_of(struct world *world, const char *script, struct process_options options,
		      char output[static 4096])
{
	struct ending ending = {0};
	int ends[2];
	size_t length = 0;
	ssize_t got;

	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	options.output = ends[1];
	shell(world, script, options, &ending);
	close(ends[1]);
	cr_assert(wait_for(world, &ending.over, SOON_MS));
	while ((got = read(ends[0], output + length, 4095 - length)) > 0)
		length += (size_t)got;
	output[length] = '\0';
	close(ends[0]);
}

Test(process, its_exit_code_arrives)
{
	owned_world world = fixture_world();
	struct ending ending = {0};

	struct child *child = shell(world, "exit 7", plain, &ending);
	cr_expect_gt(world->ops->child_pid(child), 1);
	cr_expect_not(ending.over);
	cr_assert(wait_for(world, &ending.over, SOON_MS));
	cr_expect_eq(ending.end.exit_code, 7);
	cr_expect_eq(ending.end.signal, 0);
	let_pass(world, 10);
	cr_expect_eq(ending.calls, 1);
}

Test(process, a_signal_that_ends_it_is_told)
{
	owned_world world = fixture_world();
	struct ending ending = {0};

	struct child *child = shell(world, "exec sleep 60", plain, &ending);
	kill(world->ops->child_pid(child), SIGTERM);
	cr_assert(wait_for(world, &ending.over, SOON_MS));
	cr_expect_eq(ending.end.exit_code, -1);
	cr_expect_eq(ending.end.signal, SIGTERM);
}

Test(process, what_cannot_start_says_why)
{
	owned_world world = fixture_world();
	const char *const missing[] = {"/no/such/program", NULL}, *const directory[] = {"/tmp", NULL},
			  *const good[] = {"/bin/true", NULL};
	struct process_options options = plain;
	struct ending ending = {0};
	struct error err = {0};
	int before = open_descriptors();

	options.argv = missing;
	cr_expect_null(world->ops->spawn(world, &options, ended, &ending, &err));
	cr_expect_eq(err.code, ERR_MISSING);
	cr_expect(strstr(err.text, "/no/such/program: No such file"), "%s", err.text);
	options.argv = directory;
	cr_expect_null(world->ops->spawn(world, &options, ended, &ending, &err));
	cr_expect_eq(err.code, ERR_DENIED);
	options.argv = good;
	options.directory = "/no/such/directory";
	cr_expect_null(world->ops->spawn(world, &options, ended, &ending, &err));
	cr_expect_eq(err.code, ERR_MISSING);
	cr_expect(strstr(err.text, "/no/such/directory"), "%s", err.text);
	options = plain;
	options.argv = good;
	options.input = 999;
	cr_expect_null(world->ops->spawn(world, &options, ended, &ending, &err));
	cr_expect_eq(err.code, ERR_FAILED);
	let_pass(world, 10);
	cr_expect_not(ending.over);
	cr_expect_eq(open_descriptors(), before);
}

Test(process, gets_its_streams_environment_and_directory)
{
	owned_world world = fixture_world();
	const char *const environment[] = {"A=1", "B=two words", NULL};
	struct process_options options = plain;
	char output[4096];
	int ends[2];

	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	cr_assert_eq(write(ends[1], "input\n", 6), 6);
	close(ends[1]);
	options.environment = environment;
	options.directory = "/proc";
	options.input = ends[0];
	output_of(world, "read line; echo \"$line $A $B $(pwd) ${HOME-none}\"", options, output);
	cr_expect_str_eq(output, "input 1 two words /proc none\n");
	close(ends[0]);
	output_of(world, "cat; pwd; echo lost >&2; [ -z \"$A\" ] && echo empty", plain, output);
	cr_expect_str_eq(output, "/\nempty\n");
}

Test(process, streams_may_be_the_hosts_own_in_any_order)
{
	owned_world world = fixture_world();
	owned_folder folder = fixture_folder();
	struct ending ending = {0};
	owned_text content = {0};
	struct process_options options = {.input = 1, .output = 0, .errors = 0};
	int old_in = dup(0), old_out = dup(1);
	int in = open("/dev/null", O_RDONLY), out = open(in_folder(&folder, "out"), O_RDWR | O_CREAT, 0600);

	dup2(out, 0);
	dup2(in, 1);
	shell(world, "cat; echo out; echo err >&2", options, &ending);
	dup2(old_in, 0);
	dup2(old_out, 1);
	cr_assert(wait_for(world, &ending.over, SOON_MS));
	cr_assert_eq(world->ops->file_read(world, in_folder(&folder, "out"), 100, &content, NULL), 0);
	cr_expect_str_eq(text_view(&content), "out\nerr\n");
	close(old_in);
	close(old_out);
	close(in);
	close(out);
}

Test(process, inherits_no_descriptor_signal_mask_or_ignored_signal)
{
	owned_world world = fixture_world();
	char output[4096];
	sigset_t some;
	int leaked = fcntl(0, F_DUPFD, 50); /* without close-on-exec */

	signal(SIGPIPE, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
	sigemptyset(&some);
	sigaddset(&some, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &some, NULL);
	output_of(world, "ls /proc/self/fd | tr '\\n' ' '; grep -E '^Sig(Blk|Ign)' /proc/self/status", plain,
		  output);
	cr_expect(starts_with(output, "0 1 2 3 S"), "%s", output); /* 3 is of ls itself */
	cr_expect(strstr(output, "SigBlk:\t0000000000000000"), "%s", output);
	cr_expect(strstr(output, "SigIgn:\t0000000000000000"), "%s", output);
	pthread_sigmask(SIG_UNBLOCK, &some, NULL);
	close(leaked);
}

Test(process, may_have_a_session_of_its_own)
{
	owned_world world = fixture_world();
	struct process_options options = plain;
	char output[4096];
	int pid = 0, session = 0;
	const char *script =
	    "read -r pid name state parent group session rest </proc/self/stat; echo $$ $session";

	options.new_session = true;
	output_of(world, script, options, output);
	cr_expect_eq(sscanf(output, "%d %d", &pid, &session), 2);
	cr_expect_eq(pid, session);
	output_of(world, script, plain, output);
	cr_expect_eq(sscanf(output, "%d %d", &pid, &session), 2);
	cr_expect_eq(session, getsid(0));
}

static atomic_int child_signals;

static void count_signal(int number)
{
	(void)number;
	child_signals++;
}

static void *wait_for_all(void *stop)
{
	static int taken;

	while (!atomic_load((atomic_bool *)stop)) {
		if (waitpid(-1, NULL, WNOHANG) > 0)
			taken++;
		usleep(100);
	}
	return &taken;
}

Test(process, a_host_that_waits_for_any_child_cannot_take_it)
{
	owned_world world = fixture_world();
	atomic_bool stop = false;
	pthread_t thread;
	void *taken;

	signal(SIGCHLD, count_signal);
	pthread_create(&thread, NULL, wait_for_all, &stop);
	for (int i = 0; i < 20; i++) {
		struct ending ending = {0};
		shell(world, "exit 9", plain, &ending);
		cr_assert(wait_for(world, &ending.over, SOON_MS));
		cr_expect_eq(ending.end.exit_code, 9);
	}
	stop = true;
	pthread_join(thread, &taken);
	cr_expect_eq(*(int *)taken, 0);
	cr_expect_eq(child_signals, 0, "the host's SIGCHLD handler was called");
}

Test(process, a_host_that_ignores_child_signals_learns_the_exit_code_still)
{
	owned_world world = fixture_world();
	struct ending ending = {0};

	signal(SIGCHLD, SIG_IGN);
	shell(world, "exit 5", plain, &ending);
	cr_assert(wait_for(world, &ending.over, SOON_MS));
	cr_expect_eq(ending.end.exit_code, 5);
}

static bool alive(pid_t pid)
{
	return !kill(pid, 0);
}

Test(process, dropped_it_lives_on_unwatched)
{
	owned_world world = fixture_world();
	struct ending ending = {0};
	int before = open_descriptors();

	struct child *child = shell(world, "exec sleep 60", plain, &ending);
	pid_t pid = world->ops->child_pid(child);
	world->ops->child_drop(world, child);
	world->ops->child_drop(world, NULL);
	cr_expect(alive(pid));
	kill(pid, SIGKILL);
	let_pass(world, 20);
	cr_expect_not(ending.over);
	cr_expect_eq(open_descriptors(), before);
	int left = waitpid(-1, NULL, __WALL | WNOHANG);
	cr_expect_eq(left, -1, "process %d of ours is left (the child was %d)", left, (int)pid);
	cr_expect_eq(errno, ECHILD);
}

Test(process, closing_the_world_leaves_it_alive)
{
	struct world *world = fixture_world();
	struct ending ending = {0};
	pid_t pid = world->ops->child_pid(shell(world, "exec sleep 60", plain, &ending));

	world_real_close(world);
	cr_expect(alive(pid));
	cr_expect_eq(waitpid(-1, NULL, __WALL | WNOHANG), -1);
	kill(pid, SIGKILL);
	cr_expect_not(ending.over);
}

static pid_t parent_of(pid_t pid)
{
	char path[40], line[512] = "";
	int parent = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *file = fopen(path, "re");
	if (!file)
		return 0;
	if (fgets(line, sizeof(line), file))
		sscanf(line, "%*d (%*[^)]) %*c %d", &parent);
	fclose(file);
	return parent;
}

Test(process, outlives_a_host_that_is_killed_and_its_keeper_does_not)
{
	owned_world world = fixture_world();
	int ends[2];
	pid_t pids[2];

	cr_assert_eq(pipe(ends), 0);
	pid_t host = fork();
	if (!host) {
		struct world *own = world_real_open(NULL);
		const char *const argv[] = {"/bin/sleep", "60", NULL};
		struct process_options options = plain;
		struct ending ending = {0};
		options.argv = argv;
		struct child *child = own ? own->ops->spawn(own, &options, ended, &ending, NULL) : NULL;
		if (!child)
			_exit(1);
		pids[0] = own->ops->child_pid(child);
		pids[1] = parent_of(pids[0]);
		(void)!write(ends[1], pids, sizeof(pids));
		pause();
		_exit(0);
	}
	cr_assert_eq(read(ends[0], pids, sizeof(pids)), (ssize_t)sizeof(pids));
	cr_expect_neq(pids[1], host);
	kill(host, SIGKILL);
	waitpid(host, NULL, 0);
	for (int i = 0; i < 500 && parent_of(pids[0]) == pids[1]; i++)
		let_pass(world, 5);
	cr_expect_neq(parent_of(pids[0]), pids[1], "the keeper outlived its host");
	cr_expect(alive(pids[0]));
	kill(pids[0], SIGKILL);
	close(ends[0]);
	close(ends[1]);
}

Test(process, a_killed_keeper_leaves_the_end_unknown)
{
	owned_world world = fixture_world();
	struct ending ending = {0};
	pid_t pid = world->ops->child_pid(shell(world, "exec sleep 60", plain, &ending));

	kill(parent_of(pid), SIGKILL);
	cr_assert(wait_for(world, &ending.over, SOON_MS));
	cr_expect_eq(ending.end.exit_code, -1);
	cr_expect_eq(ending.end.signal, 0);
	cr_expect(alive(pid));
	kill(pid, SIGKILL);
}

Test(process, the_keeper_holds_nothing_of_the_host_open)
{
	owned_world world = fixture_world();
	struct ending ending = {0};
	int ends[2];
	char byte;

	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	struct child *child = shell(world, "exec sleep 60", plain, &ending);
	close(ends[1]);
	cr_expect_eq(read(ends[0], &byte, 1), 0, "somebody else holds the pipe's end");
	close(ends[0]);
	kill(world->ops->child_pid(child), SIGKILL);
	cr_assert(wait_for(world, &ending.over, SOON_MS));
}

Test(process, many_at_once)
{
	owned_world world = fixture_world();
	struct ending endings[30] = {0};
	char script[20];

	for (int i = 0; i < 30; i++) {
		snprintf(script, sizeof(script), "exit %d", i);
		shell(world, script, plain, &endings[i]);
	}
	for (int i = 0; i < 30; i++) {
		cr_assert(wait_for(world, &endings[i].over, SOON_MS));
		cr_expect_eq(endings[i].end.exit_code, i);
	}
}

/* --- a terminal, and somebody else --------------------------------------------------------- */

Test(process, a_terminal_becomes_its_own)
{
	owned_world world = fixture_world();
	struct process_options options = plain;
	struct winsize size = {.ws_row = 33, .ws_col = 77};
	struct ending ending = {0};
	char output[256] = "";
	int near, far;
	ssize_t got;

	cr_assert_eq(openpty(&near, &far, NULL, NULL, &size), 0);
	fcntl(near, F_SETFD, FD_CLOEXEC);
	options.input = options.output = options.errors = far;
	options.new_session = options.terminal = true;
	options.environment = (const char *const[]){"PATH=/bin:/usr/bin", NULL};
	shell(world, "stty size; echo named >/dev/tty; kill -HUP $$", options, &ending);
	close(far);
	cr_assert(wait_for(world, &ending.over, SOON_MS));
	for (size_t length = 0; (got = read(near, output + length, sizeof(output) - 1 - length)) > 0;)
		length += (size_t)got;
	cr_expect_str_eq(output, "33 77\r\nnamed\r\n");
	cr_expect_eq(ending.end.signal, SIGHUP);
	close(near);
}

Test(process, root_starts_somebody_elses)
{
	owned_world world = fixture_world();
	struct process_options options = plain;
	const gid_t groups[] = {4321, 4322};
	const struct process_identity identity = {
	    .uid = 1234, .gid = 4321, .groups = groups, .group_count = 2};
	char output[4096];
	struct error err = {0};

	options.identity = &identity;
	options.environment = (const char *const[]){"PATH=/bin:/usr/bin", NULL};
	if (geteuid() == 0) {
		output_of(world, "id -u; id -g; id -G", options, output);
		cr_expect_str_eq(output, "1234\n4321\n4321 4322\n");
		return;
	}
	options.argv = (const char *const[]){"/bin/true", NULL};
	cr_expect_null(world->ops->spawn(world, &options, ended, NULL, &err));
	cr_expect_eq(err.code, ERR_DENIED, "%s", err.text);
}
