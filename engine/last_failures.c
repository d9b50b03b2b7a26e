/* last_failures.c - what the last deploy recorded of instances that it could not bring to where they are
 * wanted: who looks afterwards is told of it. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/map.h"
#include "engine/deploy.h"
#include "engine/operation.h"

/* "app.web.1.g2" is told of "app.web.1". */
static struct work *work_of(const struct map *works, const char *instance)
{
	char name[256];
	const char *generation = strstr(instance, ".g");
	snprintf(name, sizeof name, "%.*s", generation ? (int)(generation - instance) : 255, instance);
	return map_get(works, name);
}

/* What stands beside it by that very name; NULL: nothing does. */
static struct sighting *beside(const struct work *work, const char *name)
{
	struct sighting *other = work->instance->others;
	while (other && strcmp(other->seen->name, name) != 0)
		other = other->next;
	return other;
}

/* The later event counts: what was broken may have come to run, or have gone. */
static void take(const struct map *works, const json_t *event)
{
	const char *instance = json_text(event, "instance"), *what = json_text(event, "what"),
		   *text = json_text(event, "text");
	struct work *work = instance && what ? work_of(works, instance) : NULL;
	bool broken = work && strcmp(what, "broken") == 0;
	struct sighting *other = work ? beside(work, instance) : NULL;
	if (other)
		other->failure = broken && text ? arena_text(&work->operation->arena, text) : NULL;
	else if (broken)
		fail(work_error(work), ERR_FAILED, "%s", text ? text : "nobody recorded why");
	else if (work && work->error)
		*work->error = (struct error){0};
}

static void take_all(struct berth_operation *operation, const json_t *events)
{
	struct map *works = NULL;
	size_t i;
	json_t *event;
	for (i = 0; i < operation->work_count; i++) {
		struct work *work = operation->works[i];
		const char *name = instance_name(&operation->arena, operation->application->id,
						 work->instance->component->id, work->instance->ordinal);
		if (name && !work->instance->successor)
			map_put(&works, name, work);
	}
	json_array_foreach (events, i, event)
		take(works, event);
	map_release(&works);
}

static bool any_broken(const json_t *events)
{
	size_t i;
	json_t *event;
	json_array_foreach (events, i, event)
		if (json_text(event, "what") && strcmp(json_text(event, "what"), "broken") == 0)
			return true;
	return false;
}

void recall_failures(struct berth_operation *operation)
{
	struct error ignored = {0};
	owned_json events = NULL;
	owned_text words = {0};
	operation->busy = lock_held(operation, operation->application->id, &words);
	if (!operation->stored || operation->busy)
		return;
	struct event_query since = {.app = operation->application->id,
				    .since_ms = operation->stored->deployed_ms};
	/* Without its history the state is told all the same. */
	if (store_events_of(operation->berth->store, &since, &events, NULL, &ignored))
		return;
	if (any_broken(events))
		take_all(operation, events);
}
