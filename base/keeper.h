/* keeper.h - the small process between us and a child, so that nobody else's wait takes the child. */
#ifndef BERTH_BASE_KEEPER_H
#define BERTH_BASE_KEEPER_H

#include <sys/types.h>

#include "base/world.h"

/*
 * A process may ask for "no signal, and no wait but by name" when it is made (exit signal 0), yet execve
 * puts SIGCHLD back. So what we make is a copy of ourselves that never calls execve: it makes
 * the child, waits for it, and reports through a pipe. It ends with its child or with its host.
 */
struct keeper_plan {
	const char *const *argv, *const *environment;
	const char *directory;
	int streams[3]; /* to become 0, 1, 2 */
	bool new_session, terminal;
	const struct process_identity *identity; /* NULL: ours */
	int report;                              /* where records are written */
	int host;                                /* a pidfd of the host */
};

enum keeper_stage {
	STAGE_STARTED,
	STAGE_FORK,
	STAGE_STREAMS,
	STAGE_DIRECTORY,
	STAGE_IDENTITY,
	STAGE_EXEC,
	STAGE_ENDED
};

struct keeper_record {
	enum keeper_stage stage;
	int error;        /* errno of the stage that failed */
	pid_t pid;        /* STAGE_STARTED: the child's */
	int code, signal; /* STAGE_ENDED */
};

/* Make the keeper, which is given all it needs in `plan`. Its pid and a pidfd, or -1 with errno set. */
pid_t keeper_start(const struct keeper_plan *plan, int *ret_pidfd);

#endif
