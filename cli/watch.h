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
	bool drawn, taken;
	int news; /* readable when its size changes; -1: no keys are read from it, and its screen is shared */
};

/* 0, or -1 (no memory). */
int live_begin(struct live *, const struct screen *terminal);
/* Whether a key was pressed that ends it. */
bool live_ended(const struct live *);
/* Whether its size may be another than at the last call: the next picture is drawn anew. */
bool live_resized(struct live *);
/* Shows what was written to the frame, as much as fits, and begins another. Where the terminal can be had as
 * a whole, it is from the first one until live_end(): the pictures are on a screen of their own. 0 or -1. */
int live_draw(struct live *);
void live_end(struct live *);

/* A line for each instance (or application) whose state differs, and for each size that does, between two
 * documents of status; `before` may be NULL. */
void show_state_changes(const struct screen *, const json_t *before, const json_t *now);

#endif
