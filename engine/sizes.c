/* sizes.c - how many instances each component is to have: what the blueprint says; for a cluster what it was
 * made to have later.
 *
 * The blueprint's number is where a cluster begins. Once it is there its size is what was asked for last: by
 * the blueprint when its number is another one than then, by `scale`, or by a policy. Where nobody remembers
 * (the store was lost), it is what is there, and at least the blueprint's number.
 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/deploy.h"
#include "engine/specs.h"

#define SIZE_NOTE 32

/* "4 1": its size, and the blueprint's number when that was decided. */
static void size_note(const struct component *component, char line[static SIZE_NOTE])
{
	snprintf(line, SIZE_NOTE, "%u %u", component->size, component->spec->instances);
}

static bool read_note(const char *line, unsigned *ret_size, unsigned *ret_initial)
{
	return line && sscanf(line, "%u %u", ret_size, ret_initial) == 2;
}

/* The highest number among the instances that its place has. */
static unsigned highest_seen(const struct component *component)
{
	unsigned highest = 0;
	const struct inventory *inventory = component->site ? &component->site->inventory : NULL;
	for (size_t i = 0; inventory && i < inventory->instance_count; i++) {
		const struct observed *seen = &inventory->instances[i];
		if (seen->ordinal > highest && strcmp(seen->component, component->id) == 0)
			highest = seen->ordinal;
	}
	return highest;
}

static unsigned size_of(const struct component *component, const char *note)
{
	const struct component_spec *spec = component->spec;
	unsigned size, initial;
	if (spec->resized >= 0)
		return (unsigned)spec->resized;
	if (read_note(note, &size, &initial))
		return initial == spec->instances ? size : spec->instances;
	unsigned seen = highest_seen(component);
	return seen > spec->instances ? seen : spec->instances;
}

static bool has_clusters(const struct application *application)
{
	for (size_t i = 0; i < application->component_count; i++)
		if (application->components[i].spec && application->components[i].spec->cluster)
			return true;
	return false;
}

int sizes_decide(struct berth_operation *operation)
{
	struct application *application = operation->application;
	owned_json notes = NULL;
	struct error ignored = {0}; /* who only looks, or takes away, can do without the store */
	if (!has_clusters(application))
		return 0;
	if (store_sizes(operation->berth->store, application->id, &notes, &ignored) &&
	    operation->verb->needs_store) {
		operation->error = ignored;
		return -1;
	}
	for (size_t i = 0; i < application->component_count; i++) {
		struct component *component = &application->components[i];
		if (component->spec && component->spec->cluster)
			component->size = size_of(component, json_text(notes, component->id));
	}
	return 0;
}

int remember_sizes(struct berth_operation *operation)
{
	const struct application *application = operation->application;
	struct store *store = operation->berth->store;
	owned_json notes = NULL;
	if (operation->verb->decide || !has_clusters(application))
		return 0;
	if (store_sizes(store, application->id, &notes, &operation->error))
		return -1;
	for (size_t i = 0; i < application->component_count; i++) {
		const struct component *component = &application->components[i];
		char line[SIZE_NOTE];
		if (!component->spec || !component->spec->cluster)
			continue;
		size_note(component, line);
		const char *before = json_text(notes, component->id);
		if (before && strcmp(before, line) == 0)
			continue;
		uint64_t number = store_put_size(store, application->id, component->id, line);
		if (!number)
			return fail_memory(&operation->error);
		operation->commit = number;
	}
	return 0;
}
