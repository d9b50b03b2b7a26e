/* counts.h - what the engine counts of its own work: a few additions each time, put into words when they are
 * asked for. */
#ifndef BERTH_ENGINE_COUNTS_H
#define BERTH_ENGINE_COUNTS_H

#include <stdint.h>

#include "base/error.h"
#include "base/map.h"

struct berth;
struct site;
struct berth_operation;

/* Without memory something is not counted. */
struct counts {
	struct map *locations; /* struct location_counts, by name */
	struct map *durations; /* struct duration_counts, by verb */
	struct map *decisions; /* struct decision_counts, by "policy kind" */
};

/* A call to a location that is over; `call` names it and is never freed. */
void count_call(struct site *site, const char *call, enum code result);
void count_duration(const struct berth_operation *operation, int64_t duration_ms);
/* `policy` as the blueprint writes it; `kind`: "restart", "replace", "report", ... */
void count_decision(const struct berth_operation *operation, const char *policy, const char *kind);
void counts_release(struct counts *counts);

#endif
