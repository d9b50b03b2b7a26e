/* wait_health.c - whether those that are waited for answer: asked from here, with pauses that grow. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/wait.h"

#define FRESH_MS       5000 /* an older answer is asked for again before it counts */
#define FIRST_ASK_MS   100
#define SLOWEST_ASK_MS 2000

void health_note_incarnation(struct awaited *awaited)
{
	const struct observed *seen = awaited->seen;
	const char *id = seen && seen->target_id ? seen->target_id : "";
	int64_t started_ms = seen ? seen->started_ms : 0;
	if (strncmp(awaited->incarnation, id, sizeof awaited->incarnation - 1) == 0 &&
	    awaited->started_ms == started_ms)
		return;
	snprintf(awaited->incarnation, sizeof awaited->incarnation, "%s", id);
	awaited->started_ms = started_ms;
	awaited->answers = awaited->again = false;
	awaited->not_before_ms = awaited->delay_ms = 0;
}

int health_learn(struct berth_operation *operation)
{
	struct waiting *waiting = operation->verb_state;
	if (waiting->matched)
		return 0;
	waiting->matched = true;
	if (survey_match(operation))
		return fail_memory(operation_error(operation));
	if (!operation->blueprint) {
		operation_warn(operation,
			       "without its blueprint nobody knows how to ask whether it is healthy: "
			       "that it runs must do");
		return 0;
	}
	if (instances_outline(operation, operation_error(operation)))
		return -1;
	for (size_t i = 0; i < operation->work_count; i++) {
		struct work *work = operation->works[i];
		struct awaited *awaited =
		    awaited_of(operation, work->instance->component->id, work->instance->ordinal);
		if (awaited && work->instance->wanted)
			awaited->work = work;
	}
	return 0;
}

/* Milliseconds until it is to be asked again; -1: not by the clock. */
static int64_t ask_one(const struct berth_operation *operation, struct awaited *awaited)
{
	struct work *work = awaited->work;
	int64_t left = awaited->not_before_ms - now(operation);
	if ((awaited->answers && !awaited->again) || awaited->job || !awaited->seen ||
	    awaited->seen->state != SEEN_RUNNING)
		return -1;
	if (work && !work->errand.state && left > 0)
		return left;
	if (work)
		work->spec->name = work->instance->name;
	/* Without a blueprint there is nothing to ask. */
	enum progress progress = work ? instance_ask(work, &awaited->error) : PROGRESS_DONE;
	if (progress == PROGRESS_WAITING)
		return -1;
	awaited->again = false;
	awaited->answers = progress == PROGRESS_DONE;
	awaited->answered_ms = now(operation);
	if (awaited->answers)
		return -1;
	awaited->delay_ms = awaited->delay_ms ? awaited->delay_ms * 2 : FIRST_ASK_MS;
	if (awaited->delay_ms > SLOWEST_ASK_MS)
		awaited->delay_ms = SLOWEST_ASK_MS;
	awaited->not_before_ms = now(operation) + awaited->delay_ms;
	return awaited->delay_ms;
}

bool health_stale(const struct berth_operation *operation)
{
	const struct waiting *waiting = operation->verb_state;
	bool any_stale = false;
	for (struct awaited *awaited = waiting->first; awaited; awaited = awaited->next) {
		awaited->again |= awaited->answers && now(operation) - awaited->answered_ms > FRESH_MS;
		any_stale |= awaited->again;
	}
	return any_stale;
}

int64_t health_ask(const struct berth_operation *operation)
{
	const struct waiting *waiting = operation->verb_state;
	int64_t soonest = -1;
	for (struct awaited *awaited = waiting->first; awaited; awaited = awaited->next)
		soonest = sooner(soonest, ask_one(operation, awaited));
	return soonest;
}
