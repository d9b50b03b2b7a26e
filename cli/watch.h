/* watch.h - a state shown again and again: redrawn in place on a terminal, a line for each change elsewhere.
 */
#ifndef BERTH_CLI_WATCH_H
#define BERTH_CLI_WATCH_H

#include "cli/screen.h"

/* One picture after the other on a terminal, without flicker. */
struct live {
	struct screen terminal;
	struct screen frame; /* where the next picture is written */
	char *text;
	size_t size;
	bool drawn;
};

/* 0, or -1 (no memory). */
int live_begin(struct live *, const struct screen *terminal);
/* Shows what was written to the frame, as much as fits, and begins another. 0 or -1. */
int live_draw(struct live *);
void live_end(struct live *);

/* A line for each instance (or application) whose state differs between two documents of status; `before` may
 * be NULL. */
void show_state_changes(const struct screen *, const json_t *before, const json_t *now);

#endif
