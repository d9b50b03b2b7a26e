/* keeper.c - the keeper's own life, after fork: nothing here may allocate or take a lock. */
#include "base/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIRST_FREE 3 /* the first descriptor that is none of the standard three */

/* As fork, with a pidfd and an exit signal of our choice. */
static pid_t make_process(uint64_t flags, int exit_signal, int *ret_pidfd)
{
	struct clone_args arguments = {.flags = flags | CLONE_PIDFD,
				       .pidfd = (uintptr_t)ret_pidfd,
				       .exit_signal = (uint64_t)exit_signal};
	long pid = syscall(SYS_clone3, &arguments, sizeof(arguments));

	/* Sandboxes answer ENOSYS to clone3, whose flags they cannot see. */
	if (pid < 0 && errno == ENOSYS)
		pid = syscall(SYS_clone, (flags | CLONE_PIDFD) | (uint64_t)exit_signal, NULL, ret_pidfd, NULL,
			      NULL);
	return (pid_t)pid;
}

static void report(int fd, const struct keeper_record *record)
{
	while (write(fd, record, sizeof(*record)) < 0 && errno == EINTR)
		;
}

_Noreturn static void give_up(int fd, enum keeper_stage stage)
{
	report(fd, &(struct keeper_record){.stage = stage, .error = errno});
	_exit(127);
}

static void default_signals(void)
{
	const struct sigaction standard = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		sigaction(number, &standard, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* What the host holds open without close-on-exec is not the child's. */
static void close_on_exec(void)
{
	struct rlimit limit;

	if (!syscall(SYS_close_range, FIRST_FREE, ~0U, CLOSE_RANGE_CLOEXEC))
		return;
	int count = getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur > 65536 ? 65536 : (int)limit.rlim_cur;
	for (int fd = FIRST_FREE; fd < count; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* Out of the way of 0, 1 and 2, which are about to be overwritten. */
static int lift(int fd)
{
	return fd >= FIRST_FREE ? fd : fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FREE);
}

/* By the kernel's own calls: the C library's look for threads that are not here. */
static int become(const struct process_identity *identity)
{
	if (!identity)
		return 0;
	return syscall(SYS_setgroups, identity->group_count, identity->groups) ||
		       syscall(SYS_setgid, identity->gid) || syscall(SYS_setuid, identity->uid)
		   ? -1
		   : 0;
}

_Noreturn static void be_child(const struct keeper_plan *plan)
{
	int streams[3], fd = lift(plan->report);

	if (fd < 0)
		give_up(plan->report, STAGE_STREAMS);
	default_signals();
	for (int i = 0; i < 3; i++)
		if ((streams[i] = lift(plan->streams[i])) < 0)
			give_up(fd, STAGE_STREAMS);
	for (int i = 0; i < 3; i++)
		if (dup2(streams[i], i) < 0)
			give_up(fd, STAGE_STREAMS);
	close_on_exec();
	if (plan->new_session)
		setsid();
	if (plan->terminal && ioctl(0, TIOCSCTTY, 0))
		give_up(fd, STAGE_STREAMS);
	if (chdir(plan->directory))
		give_up(fd, STAGE_DIRECTORY);
	if (become(plan->identity))
		give_up(fd, STAGE_IDENTITY);
	execve(plan->argv[0], (char *const *)plan->argv, (char *const *)plan->environment);
	give_up(fd, STAGE_EXEC);
}

static void close_range_of(unsigned int first, unsigned int last)
{
	if (first <= last)
		syscall(SYS_close_range, first, last, 0);
}

/* Let go of everything the host had open but these three: others wait for those to close. */
static void keep_only(const int fds[static 3])
{
	unsigned int kept[3] = {(unsigned int)fds[0], (unsigned int)fds[1], (unsigned int)fds[2]};

	for (int i = 0; i < 2; i++)
		for (int j = 0; j < 2 - i; j++)
			if (kept[j] > kept[j + 1]) {
				unsigned int higher = kept[j];
				kept[j] = kept[j + 1];
				kept[j + 1] = higher;
			}
	if (kept[0])
		close_range_of(0, kept[0] - 1);
	close_range_of(kept[0] + 1, kept[1] - 1);
	close_range_of(kept[1] + 1, kept[2] - 1);
	close_range_of(kept[2] + 1, ~0U);
}

static void await_end(const struct keeper_plan *plan, int child)
{
	struct pollfd watched[2] = {{.fd = child, .events = POLLIN}, {.fd = plan->host, .events = POLLIN}};
	struct keeper_record record = {.stage = STAGE_ENDED};
	siginfo_t end = {0};

	while (poll(watched, 2, -1) < 0 && errno == EINTR)
		;
	if (!watched[0].revents || waitid(P_PIDFD, (id_t)child, &end, WEXITED))
		return;
	record.code = end.si_code == CLD_EXITED ? end.si_status : -1;
	record.signal = end.si_code == CLD_EXITED ? 0 : end.si_status;
	report(plan->report, &record);
}

/* With every signal blocked: none of the host's handlers runs here, and Ctrl-C is the host's affair. */
_Noreturn static void be_keeper(const struct keeper_plan *plan)
{
	const struct sigaction standard = {.sa_handler = SIG_DFL};
	int child = -1;

	/* A host that ignores SIGCHLD would have us never learn how the child ended. */
	sigaction(SIGCHLD, &standard, NULL);
	/* We go on when the child has called execve, or reported why it could not. */
	pid_t pid = make_process(CLONE_VFORK, SIGCHLD, &child);

	if (!pid)
		be_child(plan);
	if (pid < 0)
		give_up(plan->report, STAGE_FORK);
	prctl(PR_SET_NAME, "berth-keeper");
	if (chdir("/"))
		give_up(plan->report, STAGE_DIRECTORY);
	keep_only((const int[3]){plan->report, plan->host, child});
	report(plan->report, &(struct keeper_record){.stage = STAGE_STARTED, .pid = pid});
	await_end(plan, child);
	_exit(0);
}

pid_t keeper_start(const struct keeper_plan *plan, int *ret_pidfd)
{
	sigset_t all, before;
	int pidfd = -1;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid_t pid = make_process(0, 0, &pidfd);
	if (!pid)
		be_keeper(plan);
	int error = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = error;
	if (pid > 0)
		*ret_pidfd = pidfd;
	return pid;
}
