/* log_lines.h - output of several instances, put together again line by line. */
#ifndef BERTH_CLI_LOG_LINES_H
#define BERTH_CLI_LOG_LINES_H

#include "cli/screen.h"

/* One instance's output, or its errors: what has no line end yet waits here. */
struct log_source {
	char *instance, *name, *component, *location;
	bool errors;
	char *partial;
	size_t size;
	int colour; /* the instance's number */
};

/* Whether lines need a prefix shows when a second instance speaks; until then the first ones' bytes are held.
 */
struct log_lines {
	const struct invocation *invocation;
	struct screen screen;
	bool json, prefixed, holding;
	int64_t held_since_ms; /* 0: nothing yet */
	struct log_source *sources;
	size_t count;
	int instances, width;
	struct held {
		size_t source, size;
		char *bytes;
	} * held;
	size_t held_count, held_bytes;
};

void log_lines_begin(struct log_lines *, const struct invocation *);
void log_lines_take(struct log_lines *, const struct berth_event *);
int log_lines_timeout(const struct log_lines *);
/* True when nobody reads any more. */
bool log_lines_tick(struct log_lines *);
void log_lines_end(struct log_lines *);

#endif
