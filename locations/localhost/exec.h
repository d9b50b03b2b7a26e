/* exec.h - a command run beside an instance of this machine, as its files share it. */
#ifndef BERTH_LOCATIONS_LOCALHOST_EXEC_H
#define BERTH_LOCATIONS_LOCALHOST_EXEC_H

#include "locations/localhost/localhost.h"

enum { NOT_EXECUTABLE = 126, NOT_FOUND = 127 };

/* One of our ends of the command's streams; closed: -1. */
struct end {
	int fd;
	struct fd_watch *watch;
};

struct running {
	struct task task; /* first */
	struct child *child;
	bool over;
	struct process_end result;
	struct end output, errors; /* with a terminal, `output` is both */
	struct end input;          /* the descriptor for input; with a terminal the same as output's */
	bool terminal, input_told;
	char *mark; /* "BERTH_EXEC=..." in the environment of the command and of what it starts */
};

/* What there is to be joined: an instance's main process. */
struct host {
	pid_t pid;
	uint64_t start;
	const char *incarnation;
	uid_t uid;
	gid_t gid;
	const gid_t *groups;
	size_t group_count;
	const char **environment; /* NULL-terminated, without marks of ours */
	size_t variable_count;
};

/* --- exec_host.c --- */
/* The running instance's main process; everything in `arena`. 0, or -1 with *err (ERR_MISSING, ERR_FAILED).
 */
int host_find(struct location *location, struct arena *arena, const char *app, const char *name,
	      struct host *ret_host, struct error *err);
/* The value of a variable, or NULL. */
const char *host_variable(const struct host *host, const char *name);

/* --- exec_start.c --- */
/* Start the command with its streams. 0, or -1 with *err and, when it is the command's fault, its code. */
int running_start(struct running *running, const struct host *host, struct exec_session *session,
		  struct error *err);
void end_close(struct running *running, struct end *end);
/* The terminal's size is new. */
void running_resize(const struct running *running, const struct exec_session *session);

#endif
