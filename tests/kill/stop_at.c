/* stop_at.c - runs a command and kills it at its N-th call that leaves the process.
 *
 *   stop-at [-l FILE] [-x FOLDER] N COMMAND...
 *
 * Counted are the calls by which a process changes something that outlives it: what it writes to sockets and
 * files, makes durable, names, removes, locks, starts, signals. All threads count together, in the order in
 * which they come; what the command's own children do does not. At the N-th one the whole process gets
 * SIGKILL before the call is made, so that N = 1, 2, ... are all places where it can die, as others see it.
 * 0: none; the calls are only counted. FILE gets a line for each call, so that its last one tells where it
 * died. What is written below FOLDER does not count: that is what a build counts of its own coverage.
 *
 * Ends as the command did; 137 when it was killed, 125 when it could not be run so. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CANNOT = 125, KILLED = 137 };

/* What a call is told by. */
enum subject { NOTHING, DESCRIPTOR, PATH, PATH_AT };

static const struct kind {
	long number;
	const char *name;
	enum subject subject;
} kinds[] = {
    {SYS_write, "write", DESCRIPTOR},
    {SYS_writev, "writev", DESCRIPTOR},
    {SYS_pwrite64, "pwrite", DESCRIPTOR},
    {SYS_pwritev, "pwritev", DESCRIPTOR},
    {SYS_sendto, "sendto", DESCRIPTOR},
    {SYS_sendmsg, "sendmsg", DESCRIPTOR},
    {SYS_sendmmsg, "sendmmsg", DESCRIPTOR},
    {SYS_connect, "connect", DESCRIPTOR},
    {SYS_shutdown, "shutdown", DESCRIPTOR},
    {SYS_fsync, "fsync", DESCRIPTOR},
    {SYS_fdatasync, "fdatasync", DESCRIPTOR},
    {SYS_ftruncate, "ftruncate", DESCRIPTOR},
    {SYS_flock, "flock", DESCRIPTOR},
    {SYS_fchmod, "fchmod", DESCRIPTOR},
    {SYS_fchown, "fchown", DESCRIPTOR},
    {SYS_renameat, "renameat", PATH_AT},
    {SYS_renameat2, "renameat2", PATH_AT},
    {SYS_mkdirat, "mkdirat", PATH_AT},
    {SYS_unlinkat, "unlinkat", PATH_AT},
    {SYS_linkat, "linkat", NOTHING},
    {SYS_symlinkat, "symlinkat", NOTHING},
    {SYS_mknodat, "mknodat", PATH_AT},
    {SYS_fchmodat, "fchmodat", PATH_AT},
    {SYS_fchownat, "fchownat", PATH_AT},
    {SYS_utimensat, "utimensat", NOTHING},
    {SYS_openat, "openat", PATH_AT},
#ifdef SYS_rename
    {SYS_rename, "rename", PATH},
    {SYS_mkdir, "mkdir", PATH},
    {SYS_rmdir, "rmdir", PATH},
    {SYS_unlink, "unlink", PATH},
    {SYS_link, "link", PATH},
    {SYS_symlink, "symlink", PATH},
    {SYS_chmod, "chmod", PATH},
    {SYS_open, "open", PATH},
    {SYS_fork, "fork", NOTHING},
    {SYS_vfork, "vfork", NOTHING},
#endif
    {SYS_clone, "clone", NOTHING},
    {SYS_clone3, "clone3", NOTHING},
    {SYS_kill, "kill", NOTHING},
    {SYS_pidfd_send_signal, "pidfd_send_signal", NOTHING},
};

static pid_t traced;
static FILE *list;
static const char *uncounted;
static unsigned long count, wanted;

static const struct kind *kind_of(long number)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (kinds[i].number == number)
			return &kinds[i];
	return NULL;
}

/* What a descriptor of the command stands for: "socket:[123]", "/path", "anon_inode:[eventfd]". */
static void describe(unsigned long descriptor, char *ret, size_t size)
{
	char link[64];

	snprintf(link, sizeof(link), "/proc/%d/fd/%d", (int)traced, (int)descriptor);
	ssize_t length = readlink(link, ret, size - 1);
	ret[length < 0 ? 0 : length] = 0;
}

static void read_path(pid_t thread, unsigned long address, char *ret, size_t size)
{
	size_t at = 0;

	while (address && at + sizeof(long) < size) {
		errno = 0;
		long word = ptrace(PTRACE_PEEKDATA, thread, address + at, NULL);
		if (errno)
			break;
		memcpy(ret + at, &word, sizeof(word));
		if (memchr(&word, 0, sizeof(word)))
			return;
		at += sizeof(word);
	}
	ret[at] = 0;
}

/* An event of its own loop, a terminal, what it tells people: nothing of that outlives it. */
static bool stays_inside(unsigned long descriptor, const char *what)
{
	return descriptor == STDOUT_FILENO || descriptor == STDERR_FILENO ||
	       !strncmp(what, "anon_inode:", 11) || !strncmp(what, "/dev/", 5);
}

static bool is_uncounted(const char *what)
{
	return uncounted && !strncmp(what, uncounted, strlen(uncounted));
}

static bool leaves(const struct kind *kind, pid_t thread, const struct __ptrace_syscall_info *info,
		   char *what, size_t size)
{
	const uint64_t *arguments = info->entry.args;

	switch (kind->subject) {
	case DESCRIPTOR:
		describe(arguments[0], what, size);
		return !stays_inside(arguments[0], what) && !is_uncounted(what);
	case PATH:
	case PATH_AT:
		read_path(thread, arguments[kind->subject == PATH_AT], what, size);
		if (is_uncounted(what))
			return false;
		if (kind->number == SYS_openat)
			return arguments[2] & O_CREAT;
#ifdef SYS_open
		if (kind->number == SYS_open)
			return arguments[1] & O_CREAT;
#endif
		return true;
	case NOTHING:
		break;
	}
	return true;
}

/* Its end is told only once all its threads' are known. */
static void die_with_it(void)
{
	int status;
	pid_t id;

	kill(traced, SIGKILL);
	while ((id = waitpid(-1, &status, __WALL)) > 0 && (id != traced || WIFSTOPPED(status)))
		;
	exit(KILLED);
}

static void entered(pid_t thread)
{
	struct __ptrace_syscall_info info = {0};
	char what[512] = "";

	if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof(info), &info) < 0 ||
	    info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return;
	const struct kind *kind = kind_of((long)info.entry.nr);
	if (!kind || !leaves(kind, thread, &info, what, sizeof(what)))
		return;
	count++;
	if (list) {
		fprintf(list, "%lu %s %s\n", count, kind->name, what);
		fflush(list);
	}
	if (count == wanted)
		die_with_it();
}

static bool is_thread_of_it(pid_t id)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d", (int)traced, (int)id);
	return access(path, F_OK) == 0;
}

/* A thread goes on; a process that it started is let go of. */
static void go_on(pid_t thread, int status)
{
	int signal = WSTOPSIG(status);

	if (!is_thread_of_it(thread)) {
		ptrace(PTRACE_DETACH, thread, NULL, NULL);
		return;
	}
	if (signal == (SIGTRAP | 0x80))
		entered(thread);
	/* Stops of the tracing itself are no signals to pass on; nor is a new thread's first one. */
	if (signal == (SIGTRAP | 0x80) || signal == SIGTRAP || signal == SIGSTOP || status >> 16)
		signal = 0;
	ptrace(PTRACE_SYSCALL, thread, NULL, (long)signal);
}

static void start(char **command)
{
	int status;

	traced = fork();
	if (traced == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		execvp(*command, command);
		_exit(127);
	}
	if (traced < 0 || waitpid(traced, &status, __WALL) != traced || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, traced, NULL,
		   PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL) <
		0) {
		perror("stop-at");
		exit(CANNOT);
	}
	ptrace(PTRACE_SYSCALL, traced, NULL, NULL);
}

int main(int argc, char **argv)
{
	int status, option;
	pid_t id;

	while ((option = getopt(argc, argv, "+l:x:")) == 'l' || option == 'x')
		if (option == 'x')
			uncounted = optarg;
		else
			list = fopen(optarg, "we");
	if (option != -1 || argc - optind < 2) {
		fputs("usage: stop-at [-l FILE] [-x FOLDER] N COMMAND...\n", stderr);
		return CANNOT;
	}
	wanted = strtoul(argv[optind], NULL, 10);
	start(argv + optind + 1);
	while ((id = waitpid(-1, &status, __WALL)) > 0)
		if (WIFSTOPPED(status))
			go_on(id, status);
		else if (id == traced)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	perror("stop-at");
	return CANNOT;
}
