/* child.c - a program of this machine that works for us, with one of its streams in our hands. */
#include "cli/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

static int spawn(struct child *child, const char *const *words, enum child_stream stream, int theirs)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t defaults, none;
	int failed = posix_spawn_file_actions_init(&actions);
	if (failed)
		return failed;
	failed = posix_spawnattr_init(&attributes);
	if (!failed) {
		sigemptyset(&none);
		sigemptyset(&defaults);
		sigaddset(&defaults, SIGPIPE);
		(void)(posix_spawnattr_setsigmask(&attributes, &none) ||
		       posix_spawnattr_setsigdefault(&attributes, &defaults) ||
		       posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
		if (stream == CHILD_INPUT)
			failed = posix_spawn_file_actions_adddup2(&actions, theirs, STDIN_FILENO);
		else
			failed = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null",
								  O_RDONLY, 0);
		if (!failed && stream == CHILD_OUTPUT)
			failed = posix_spawn_file_actions_adddup2(&actions, theirs, STDOUT_FILENO);
		if (!failed)
			failed = posix_spawnp(&child->pid, words[0], &actions, &attributes,
					      (char *const *)words, environ);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&actions);
	return failed;
}

int child_begin(struct child *child, const char *const *words, enum child_stream stream)
{
	int ends[2] = {-1, -1};
	*child = (struct child){.pid = -1, .stream = -1};
	if (stream != CHILD_NONE && pipe2(ends, O_CLOEXEC))
		return -1;
	int ours = stream == CHILD_INPUT ? 1 : 0;
	int failed = spawn(child, words, stream, ends[!ours]);
	if (ends[!ours] >= 0)
		close(ends[!ours]);
	if (failed && ends[ours] >= 0)
		close(ends[ours]);
	else if (!failed)
		child->stream = ends[ours];
	errno = failed;
	return failed ? -1 : 0;
}

int child_end(struct child *child)
{
	int status = 0;
	if (child->stream >= 0)
		close(child->stream);
	child->stream = -1;
	while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
