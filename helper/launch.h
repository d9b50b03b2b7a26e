/* launch.h - what the helper is asked to run, as the file `launch` in its run directory says. */
#ifndef BERTH_HELPER_LAUNCH_H
#define BERTH_HELPER_LAUNCH_H

#include <stddef.h>
#include <stdint.h>

/* Whether the command is started again when it ends by itself. */
enum restart { RESTART_ALWAYS, RESTART_ON_FAILURE, RESTART_NO };

/* The file holds NUL-terminated "key=value" records in any order; "arg" and "env" repeat, unknown keys are
 * passed over: name=APP.COMPONENT.N  arg=WORD  env=NAME=VALUE  dir=PATH  user=NAME|UID[:GROUP|GID]
 *   grace=MILLISECONDS  signal=NUMBER  log=BYTES  restart=unless-stopped|always|on-failure|no */
struct launch {
	const char *name;
	char **argv, **environment; /* NULL-terminated; the environment has room for LAUNCH_SPARE more */
	size_t argument_count, variable_count;
	const char *directory, *user; /* NULL: the run directory's `work`; whoever we are */
	int64_t grace_ms, log_limit;
	int stop_signal;
	enum restart restart;
};

#define LAUNCH_SPARE 16

/* 0, or -1 with the reason in `why`. The memory is kept until the process ends. */
int launch_read(const char *path, struct launch *ret_launch, char *why, size_t size);
/* What the manifest beside it says now, in a record "BERTH_RESTART=..."; `otherwise` when it says nothing. */
enum restart manifest_restart(const char *path, enum restart otherwise);
/* Give the command a variable that the blueprint does not give it. */
void launch_default(struct launch *launch, const char *name, const char *value);

#endif
