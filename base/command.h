/* command.h - a program run for its answer: fed once, heard up to a limit, ended with all that it started
 * when it takes too long. */
#ifndef BERTH_BASE_COMMAND_H
#define BERTH_BASE_COMMAND_H

#include "base/world.h"

struct command;

/* Everything is copied before command_start returns. */
struct command_request {
	const char *const *argv; /* argv[0] is a path; environment and folder are our own */
	const char *input;       /* what it reads from its standard input, at most 4096 bytes */
	size_t limit;            /* more than so many bytes of output, or of words of error, are ERR_FAILED */
	int64_t timeout_ms;      /* ERR_TIMED_OUT after so long */
};

/* Valid during the call only, and overwritten afterwards: it may be a password. */
struct command_answer {
	struct error error; /* OK when it ended by itself in time, however it ended */
	struct process_end end;
	const char *output, *errors; /* as far as it came; NUL-terminated */
	size_t output_size, errors_size;
};

/* `done` is called once, from the loop, unless it is cancelled. NULL with *err when it cannot be started:
 * ERR_MISSING when there is no such program, ERR_DENIED when it may not be executed. */
struct command *command_start(struct world *world, const struct command_request *request,
			      void (*done)(void *owner, const struct command_answer *answer), void *owner,
			      struct error *err);
/* Ends it, and all it started. NULL is fine. */
void command_cancel(struct command *command);

#endif
