/* progress.h - what long work does meanwhile: a live table, lines, JSON lines, or nothing. */
#ifndef BERTH_CLI_PROGRESS_H
#define BERTH_CLI_PROGRESS_H

#include <stdint.h>

#include "cli/screen.h"

enum progress_mode { PROGRESS_PLAIN, PROGRESS_TTY, PROGRESS_JSON, PROGRESS_QUIET };

/* What is known of one instance. */
struct row {
	char *instance, *name, *location, *phase, *text; /* name: without the application */
	int64_t began_ms, ended_ms;                      /* ended: 0 until it is settled */
	bool broken;
};

struct progress {
	enum progress_mode mode;
	struct screen screen;
	int64_t (*clock)(void);
	void (*size)(const struct screen *, int *ret_columns, int *ret_rows);
	struct row *rows;
	size_t count;
	int drawn; /* lines of the table on the screen */
	bool dirty;
	int64_t drawn_ms;
};

void progress_begin(struct progress *, const struct invocation *);
/* Takes a listener's event. */
void progress_event(struct progress *, const struct berth_event *);
/* Milliseconds until progress_tick() has something to do; -1: nothing. */
int progress_timeout(const struct progress *);
void progress_tick(struct progress *);
/* For carry_out(). */
struct attendant progress_attendant(struct progress *);
/* Takes the table away, so that other lines can be written; the next tick draws it again. */
void progress_clear(struct progress *);
/* The last state stays on the screen. */
void progress_end(struct progress *);

/* progress_table.c */
void table_draw(struct progress *);
void table_clear(struct progress *);

#endif
