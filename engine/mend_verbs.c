/* mend_verbs.c - what a keeper has done that a hold cannot do itself: make what is missing, or one instance
 * anew, also for what it is given from others; tell targets whose duty restarts are. */
#include <string.h>

#include "engine/deploy.h"

static bool meant(const struct work *work)
{
	const struct instance *instance = work->instance;
	int64_t ordinal = work->operation->request.count;
	return instance->wanted && (!ordinal || instance->ordinal == (uint64_t)ordinal);
}

static bool usable(const struct observed *seen)
{
	return seen->state != SEEN_BROKEN && seen->state != SEEN_CREATED && !seen->orphan_tree;
}

/* On a machine of a pool that was silent, when it was made on another one. */
static bool is_left_behind(const struct work *work)
{
	const struct instance *instance = work->instance;
	const struct component *component = instance->component;
	int64_t ordinal = work->operation->request.count;
	if (instance->wanted || !component->spec || !work->site->pooled || !instance->seen ||
	    instance->quarantined || (ordinal && instance->ordinal != (uint64_t)ordinal))
		return false;
	size_t place = place_of_ordinal(component, instance->ordinal);
	return place != SIZE_MAX && component->instances[place].seen;
}

/* What is there and can be used stays, whatever the blueprint would make of it by now. One that an
 * interrupted change left beside it is gone on with, or goes: plan.c. */
static enum action mend(const struct work *work)
{
	const struct observed *seen = work->instance->seen;
	if (is_left_behind(work))
		return ACTION_REMOVE;
	if (!meant(work) || (seen && usable(seen) && !work->instance->others))
		return ACTION_UNCHANGED;
	return seen ? ACTION_REPLACE : ACTION_CREATE;
}

bool mend_leaves(const struct work *work)
{
	return work->operation->verb == &verb_mend && usable(work->instance->seen);
}

static enum action replace(const struct work *work)
{
	if (!meant(work))
		return ACTION_UNCHANGED;
	return work->instance->seen ? ACTION_REPLACE : ACTION_CREATE;
}

static bool differs(const struct work *work, const char *path)
{
	const struct reason *reason = work->reasons;
	while (reason && strcmp(reason->path, path) != 0)
		reason = reason->next;
	return reason;
}

/* What does not run is told as well, and is not started: whether it is to run is its policies' to say, and
 * else its target's. */
static bool only_duty(struct work *work)
{
	const struct observed *seen = work->instance->seen;
	if (work->action != ACTION_UPDATE || !differs(work, "restart") || differs(work, "memory") ||
	    differs(work, "cpus"))
		return false;
	work->left_stopped = seen->state == SEEN_STOPPED;
	return work->left_stopped || seen->state == SEEN_RUNNING;
}

/* The one that is made, and the older one that goes for it. */
static bool only_relink(struct work *work)
{
	const struct instance *next = work->instance->successor;
	return work->action == ACTION_RELINK || (next && next->work->action == ACTION_RELINK);
}

const struct verb verb_mend = {
    .name = "mend", .step = deploy_step, .changes = true, .needs_store = true, .decide = mend};
const struct verb verb_replace = {
    .name = "replace", .step = deploy_step, .changes = true, .needs_store = true, .decide = replace};
const struct verb verb_relink = {
    .name = "relink", .step = deploy_step, .changes = true, .needs_store = true, .only = only_relink};
const struct verb verb_duty = {.name = "duty",
			       .step = deploy_step,
			       .changes = true,
			       .needs_store = true,
			       .only = only_duty,
			       .limits_only = true};
