/* wait_state.c - whom a wait is for, and what each of them is now. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/wait.h"

struct awaited *awaited_of(const struct berth_operation *operation, const char *component, unsigned ordinal)
{
	char name[256];
	snprintf(name, sizeof name, "%s.%s.%u", operation->application->id, component, ordinal);
	return map_get(operation->verb_names, name);
}

static struct awaited *await(struct berth_operation *operation, const char *component, unsigned ordinal,
			     const struct site *site)
{
	struct waiting *waiting = operation->verb_state;
	struct arena *arena = &operation->arena;
	struct awaited *awaited = arena_array(arena, struct awaited, 1);
	if (!awaited)
		return NULL;
	*awaited = (struct awaited){
	    .component = arena_text(arena, component),
	    .name = instance_name(arena, operation->application->id, component, ordinal),
	    .location = site->location.name,
	};
	if (!awaited->component || !awaited->name || map_put(&operation->verb_names, awaited->name, awaited))
		return NULL;
	*waiting->end = awaited;
	waiting->end = &awaited->next;
	return awaited;
}

int await_wanted(struct berth_operation *operation)
{
	const struct waiting *waiting = operation->verb_state;
	const struct application *application = operation->application;
	for (size_t i = 0; i < application->component_count; i++) {
		const struct component *component = &application->components[i];
		bool meant = component->site && (waiting->goal != GOAL_FINISHED || component->spec->job);
		for (unsigned n = 0; meant && n < instances_of(component); n++) {
			struct awaited *awaited = await(
			    operation, component->id, component_ordinal(component, n), home_of(component, n));
			if (!awaited)
				return -1;
			awaited->job = component->spec->job;
		}
	}
	return 0;
}

/* Of two things that stand for one instance the one that runs counts. */
static bool stands_better(const struct observed *seen, const struct observed *before)
{
	return !before || (seen->state == SEEN_RUNNING && before->state != SEEN_RUNNING);
}

static int note_seen(struct berth_operation *operation, const struct site *site, const struct observed *seen)
{
	const struct waiting *waiting = operation->verb_state;
	struct awaited *awaited = awaited_of(operation, seen->component, seen->ordinal);
	bool wanted = waiting->goal == GOAL_GONE || !operation->blueprint;
	if (!awaited && (!wanted || (waiting->goal == GOAL_FINISHED && !seen->job)))
		return 0;
	if (!awaited && !(awaited = await(operation, seen->component, seen->ordinal, site)))
		return -1;
	if (!operation->blueprint)
		awaited->job = seen->job;
	if (!seen->orphan_tree && stands_better(seen, awaited->seen))
		awaited->seen = seen;
	return 0;
}

int await_listed(struct berth_operation *operation)
{
	const struct waiting *waiting = operation->verb_state;
	for (struct awaited *awaited = waiting->first; awaited; awaited = awaited->next)
		awaited->seen = NULL;
	for (const struct site *site = operation->sites; site; site = site->next)
		for (size_t i = 0; i < site->inventory.instance_count; i++)
			if (note_seen(operation, site, &site->inventory.instances[i]))
				return -1;
	for (struct awaited *awaited = waiting->first; awaited; awaited = awaited->next)
		health_note_incarnation(awaited);
	return 0;
}

/* --- how far they are --------------------------------------------------------------------------- */

/* Whether the last deploy saw this very incarnation answer; without the store nobody can say. */
static bool seen_ready(const struct berth_operation *operation, const struct awaited *awaited)
{
	const struct observed *seen = awaited->seen;
	struct stored_instance stored = {0};
	if (!operation->stored)
		return true;
	if (store_instance(operation->berth->store, operation->application->id, awaited->name, &stored, NULL))
		return false;
	bool ready = stored.target_id && seen->target_id && strcmp(stored.target_id, seen->target_id) == 0;
	stored_instance_release(&stored);
	return ready;
}

bool ended_well(const struct observed *seen)
{
	return seen->state == SEEN_STOPPED && seen->exit_code == 0;
}

/* The word for its state, and whether that is what it is waited for. */
static const char *judge(const struct berth_operation *operation, const struct awaited *awaited,
			 bool *ret_good)
{
	const struct waiting *waiting = operation->verb_state;
	const struct observed *seen = awaited->seen;
	*ret_good = !seen && waiting->goal == GOAL_GONE;
	if (!seen)
		return *ret_good ? "gone" : "absent";
	if (seen->state == SEEN_STOPPED) {
		*ret_good = awaited->job && ended_well(seen) && waiting->goal != GOAL_GONE;
		return !awaited->job ? "stopped" : ended_well(seen) ? "finished" : "broken";
	}
	if (seen->state == SEEN_UNKNOWN)
		return "unknown";
	if (seen->state != SEEN_RUNNING)
		return seen->state == SEEN_CREATED ? "placing" : "broken";
	if (seen->paused && waiting->goal != GOAL_GONE)
		return "unhealthy";
	if (waiting->goal == GOAL_RUNNING)
		*ret_good = awaited->job || seen_ready(operation, awaited);
	else if (waiting->goal == GOAL_HEALTHY)
		*ret_good = awaited->job || awaited->answers;
	else
		return "running";
	return *ret_good ? "running" : "starting";
}

static void tell(const struct berth_operation *operation, const struct awaited *awaited)
{
	const char *text = !awaited->good && awaited->error.code ? awaited->error.text : NULL;
	struct berth_event event = {.size = sizeof event,
				    .kind = BERTH_EVENT_PHASE,
				    .component = awaited->component,
				    .instance = awaited->name,
				    .location = awaited->location,
				    .phase = awaited->state,
				    .text = text,
				    .text_size = text ? strlen(text) : 0,
				    .settled = awaited->good};
	if (operation->listener.event)
		operation->listener.event(operation->listener.context, &event);
}

static bool nothing_left(const struct berth_operation *operation)
{
	for (const struct site *site = operation->sites; site; site = site->next)
		if (site->inventory.instance_count || site->inventory.prepared || site->inventory.claim_count)
			return false;
	return true;
}

bool judge_all(struct berth_operation *operation)
{
	const struct waiting *waiting = operation->verb_state;
	bool all = true;
	for (struct awaited *awaited = waiting->first; awaited; awaited = awaited->next) {
		bool good, reason = awaited->error.code != OK && !awaited->reason_told;
		const char *state = judge(operation, awaited, &good);
		bool news =
		    !awaited->state || strcmp(state, awaited->state) != 0 || good != awaited->good || reason;
		awaited->state = state;
		awaited->good = good;
		awaited->reason_told |= reason;
		if (news)
			tell(operation, awaited);
		all &= good;
	}
	return waiting->goal == GOAL_GONE ? nothing_left(operation) : all;
}
