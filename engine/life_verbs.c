/* life_verbs.c - stop, start, restart and scale: a deploy's stages, with another wish. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/deploy.h"
#include "engine/lasting.h"

static bool is_job(const struct work *work)
{
	const struct component_spec *spec = made_from(work->instance);
	return spec ? spec->job : work->instance->seen && work->instance->seen->job;
}

static bool is_up(const struct observed *seen)
{
	return seen && (seen->state == SEEN_RUNNING || seen->state == SEEN_RESTARTING);
}

static bool is_down(const struct observed *seen)
{
	return seen && (seen->state == SEEN_STOPPED || seen->state == SEEN_CREATED);
}

/* Processes whose keeper died run as well. */
static enum action stop(const struct work *work)
{
	const struct observed *seen = work->instance->seen;
	return is_up(seen) || (seen && seen->orphan_tree) ? ACTION_STOP : ACTION_UNCHANGED;
}

/* Its making was interrupted, maybe before its files were in it, and nothing tells here which they are. */
static bool is_half_made(const struct work *work)
{
	const struct observed *seen = work->instance->seen;
	return seen && seen->state == SEEN_CREATED && seen->file_digest && *seen->file_digest &&
	       !made_from(work->instance);
}

/* What is not there, or cannot be started any more, is a deploy's business. */
static enum action start(const struct work *work)
{
	const struct observed *seen = work->instance->seen;
	if (!seen && work->instance->wanted)
		operation_warn(work->operation, "%s is not there: `berth deploy` makes it",
			       work->instance->name);
	if (seen && seen->state == SEEN_BROKEN)
		operation_warn(work->operation, "%s cannot be started%s%s: `berth deploy` makes it anew",
			       work->instance->name, seen->error ? ": " : "", seen->error ? seen->error : "");
	if (is_half_made(work)) {
		operation_warn(work->operation, "%s was never made whole: `berth deploy` completes it",
			       work->instance->name);
		return ACTION_UNCHANGED;
	}
	return (is_down(seen) || (seen && seen->paused)) && !is_job(work) ? ACTION_START : ACTION_UNCHANGED;
}

static enum action restart(const struct work *work)
{
	if (is_job(work))
		return ACTION_UNCHANGED;
	if (!is_up(work->instance->seen))
		return start(work);
	return lasting_has_done(work->operation, work->instance->name) ? ACTION_UNCHANGED : ACTION_RESTART;
}

/* The stored blueprint with one number changed: the last one said counts. */
static void scale_step(struct berth_operation *operation)
{
	struct berth_request *request = &operation->request;
	const char **settings = arena_array(&operation->arena, const char *, 2);
	if (operation->stage == STAGE_BEGIN) {
		if (request->count < 0 || !request->components || !request->components[0] ||
		    request->components[1]) {
			fail(operation_error(operation), ERR_INVALID,
			     "scale takes one component and a number");
			operation_finish(operation, BERTH_USAGE, document_new(operation_app(operation)));
			return;
		}
		if (settings)
			settings[0] = arena_format(&operation->arena, "%s.instances=%lld",
						   request->components[0], (long long)request->count);
		if (!settings || !settings[0]) {
			fail_memory(operation_error(operation));
			stage_failed(operation);
			return;
		}
		request->settings = settings;
	}
	deploy_step(operation);
}

const struct verb verb_stop = {
    .name = "stop", .step = deploy_step, .changes = true, .decide = stop, .all_generations = true};
const struct verb verb_start = {
    .name = "start", .step = deploy_step, .changes = true, .needs_store = true, .decide = start};
const struct verb verb_restart = {
    .name = "restart", .step = deploy_step, .changes = true, .needs_store = true, .decide = restart};
const struct verb verb_scale = {.name = "scale", .step = scale_step, .changes = true, .needs_store = true};
