/* record.h - what the helper tells about its command, in the files `state` and `error` of the run directory.
 */
#ifndef BERTH_HELPER_RECORD_H
#define BERTH_HELPER_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* `state` holds "key value" lines: state, helper (pid and start ticks), pid, started, ended (wall clock, ms),
 * exits, starts (tried by this helper), code (-1: a signal, or none yet), signal, boot. The states are
 *   starting, running
 *   restarting  the command ended and will be started again
 *   ending      it ended and will not; what it left is being ended
 *   stopping    all of it was asked to end, and will be
 *   parked      nothing runs; the helper waits to be told to start it again
 *   stopped     nothing runs, nor does the helper
 *   failed      it could not be started */
struct record {
	const char *state;
	pid_t pid;
	unsigned long long pid_start;
	int64_t started_ms, ended_ms;
	unsigned exits, starts;
	int code, signal;
};

/* Replaces the file whole or not at all. False: the disk does not take it, and may later. That is borne: the
 * command's life matters more than its record. */
bool record_write(const struct record *record);
/* The exits counted by a helper before us; 0 when there was none. */
unsigned record_exits_before(void);
void record_error(const char *text); /* NULL: nothing is wrong */
int64_t wall_ms(void);

#endif
