/* replay.h - series of decisions recorded from Brooklyn 1.1.0, played through the policies on a virtual
 * clock. */
#ifndef BERTH_TESTS_POLICIES_REPLAY_H
#define BERTH_TESTS_POLICIES_REPLAY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"

/* Play one series: `*ret_decisions` lists what was decided, as the recording does, `*ret_final` how it ended;
 * both are the caller's. -1: the series cannot be played. */
int stage_play(const json_t *series, json_t **ret_decisions, json_t **ret_final, struct error *err);

/* The same for an autoscaler and its pool (pool.c). */
int pool_play(const json_t *series, json_t *decisions, json_t *final, struct error *err);

/* Whether the two agree: content and order exactly, times within 150 ms; what lies less than 30 ms apart may
 * change places, and what the recording had only in some runs may be there or not. What differs is written to
 * `to`. */
bool decisions_agree(const json_t *series, const json_t *decisions, const json_t *final, FILE *to);

struct replay_count {
	size_t series, differing;
};
/* Every series of a file, one JSON object a line. -1: the file cannot be read. */
int replay_file(const char *path, FILE *to, struct replay_count *count);

/* The tables of docs/policies.md. */
void keys_write(FILE *to);

#endif
