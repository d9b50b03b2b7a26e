/* size_notes.c - the size of a cluster and who its members are, as a line of the store: put before anything
 * is done for them, and again when it is known who joined. */
#include "engine/sizes.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/deploy.h"
#include "engine/specs.h"
#include "policies/cluster.h"

enum { MOST_OUTCOMES = 32 }; /* of the starts in its zones */

/* "4 1", or "4 1 {...}". */
void size_note_read(const char *line, struct size_note *ret)
{
	int length = 0;
	*ret = (struct size_note){0};
	ret->known = line && sscanf(line, "%u %u%n", &ret->size, &ret->initial, &length) == 2;
	if (ret->known && line[length] == ' ')
		ret->more = json_parse(line + length + 1, strlen(line + length + 1), "a size", NULL);
}

void size_note_release(struct size_note *note)
{
	json_decref(note->more);
	note->more = NULL;
}

int cluster_facts(const struct berth_operation *operation, const struct component *component,
		  const struct component_spec *spec, char ret_hex[static DIGEST_HEX])
{
	owned_arena room = {0};
	const struct fact *facts = NULL;
	size_t count = 0;
	if (facts_of(&room, operation->application, component, spec, &facts, &count))
		return -1;
	return facts_digest(facts, count, ret_hex);
}

/* --- writing ----------------------------------------------------------------------------------------- */

static int add_quarantined(json_t *list, unsigned ordinal, const char *why, const char *facts)
{
	json_t *entry = json_object();
	if (json_put_number(entry, "ordinal", ordinal) || json_put_text(entry, "why", why) ||
	    json_put_text(entry, "facts", facts)) {
		json_decref(entry);
		return -1;
	}
	return json_add(list, entry);
}

/* Where each is. */
static json_t *zones_of(const struct component *component)
{
	json_t *zones = json_object();
	for (unsigned i = 0; zones && i < component->size; i++) {
		char key[16];
		snprintf(key, sizeof key, "%u", component_ordinal(component, i));
		if (component->cluster.homes[i])
			json_put_text(zones, key, component->cluster.homes[i]->origin);
	}
	return zones;
}

static json_t *outcomes_of(const struct component *component)
{
	json_t *list = json_array();
	for (size_t i = 0; list && i < component->cluster.outcome_count; i++) {
		const struct zone_outcome *outcome = &component->cluster.outcomes[i];
		json_t *entry = json_object();
		json_put_text(entry, "zone", outcome->zone);
		json_put_number(entry, "at", outcome->at_ms);
		json_put_flag(entry, "failed", outcome->failed);
		json_add(list, entry);
	}
	return list;
}

/* What is not plain: {} where all is. NULL: no memory. */
static json_t *more_of(const struct component *component)
{
	owned_json more = json_object();
	if (component->cluster.ordinals || component->size != component->cluster.asked) {
		json_t *members = json_array();
		for (unsigned i = 0; members && i < component->size; i++)
			json_add(members, json_integer(component_ordinal(component, i)));
		json_put(more, "members", members);
	}
	/* While there is nobody, whoever comes is. */
	if (component->spec->cluster->first && component->size && component->cluster.first != 1)
		json_put_number(more, "first", component->cluster.first);
	const char *no_room = component->cluster.no_room ?: component->cluster.no_room_before;
	if (no_room)
		json_put_text(more, "no_room", no_room);
	if (component->cluster.homes && json_put(more, "zones", zones_of(component)))
		return NULL;
	if (component->cluster.zones && component->cluster.outcome_count &&
	    json_put(more, "outcomes", outcomes_of(component)))
		return NULL;
	if (component->cluster.quarantined_count) {
		json_t *list = json_array();
		for (size_t i = 0; list && i < component->cluster.quarantined_count; i++)
			add_quarantined(list, component->cluster.quarantined[i].ordinal,
					component->cluster.quarantined[i].why,
					component->cluster.quarantined[i].facts);
		json_put(more, "quarantined", list);
	}
	return give(more);
}

/* Put it unless it is what `before` says. 0 or -1 (no memory). */
static int put_note(struct berth_operation *operation, const struct component *component, const char *before)
{
	size_t short_before = memory_failures();
	owned_json more = more_of(component);
	owned_memory char *rest = json_object_size(more) ? json_line(more) : NULL;
	owned_text line = {0};
	text_format(&line, "%u %u", component->cluster.asked, component->spec->instances);
	if (rest)
		text_format(&line, " %s", rest);
	if (!more || line.failed || memory_failures() != short_before)
		return -1;
	if (before && strcmp(before, text_view(&line)) == 0)
		return 0;
	uint64_t number = store_put_size(operation->berth->store, operation->application->id, component->id,
					 text_view(&line));
	operation->commit = number > operation->commit ? number : operation->commit;
	return number ? 0 : -1;
}

static bool is_cluster(const struct component *component)
{
	return component->spec && component->spec->cluster;
}

static bool any_cluster(const struct application *application)
{
	for (size_t i = 0; i < application->component_count; i++)
		if (is_cluster(&application->components[i]))
			return true;
	return false;
}

int remember_sizes(struct berth_operation *operation)
{
	const struct application *application = operation->application;
	owned_json notes = NULL;
	bool replaces = operation->verb == &verb_replace;
	if ((operation->verb->decide && !replaces) || !any_cluster(application))
		return 0;
	if (store_sizes(operation->berth->store, application->id, &notes, operation_error(operation)))
		return -1;
	for (size_t i = 0; i < application->component_count; i++) {
		const struct component *component = &application->components[i];
		/* Who is made in another one's place may be made from something else, and elsewhere. */
		if (!is_cluster(component) || (replaces && !component_meant(operation, component->id)))
			continue;
		if (put_note(operation, component, json_text(notes, component->id)))
			return fail_memory(operation_error(operation));
	}
	return 0;
}

/* --- who joined -------------------------------------------------------------------------------------- */

static bool has_left(const struct instance *instance)
{
	return instance->work->set_aside || instance->work->discarded;
}

/* Of those that are left: the first stays the first; where nobody came to be, the next one will be. */
static unsigned first_left(const struct component *component)
{
	unsigned next = 0;
	bool any = false;
	if (!component->cluster.first)
		return 0;
	for (unsigned i = 0; i < instances_of(component); i++) {
		const struct instance *instance = &component->instances[i];
		if (has_left(instance))
			continue;
		if (instance->ordinal == component->cluster.first)
			return component->cluster.first;
		any |= instance->seen || instance->work->fresh || instance->work->answered;
		next = next ? next : instance->ordinal;
	}
	return any ? 0 : next;
}

/* As it is now that some did not get ready. 0 or -1 (no memory). */
static int members_left(struct berth_operation *operation, const struct component *component,
			struct component *ret)
{
	struct arena *arena = graph_arena(operation);
	unsigned count = instances_of(component);
	unsigned *ordinals = arena_array(arena, unsigned, count + 1);
	struct quarantined *kept =
	    arena_array(arena, struct quarantined, component->cluster.quarantined_count + count + 1);
	if (!ordinals || !kept)
		return -1;
	*ret = *component;
	ret->size = 0;
	ret->cluster.first = first_left(component);
	ret->cluster.ordinals = ordinals;
	ret->cluster.quarantined = kept;
	if (component->cluster.quarantined_count)
		memcpy(kept, component->cluster.quarantined,
		       component->cluster.quarantined_count * sizeof *kept);
	for (unsigned i = 0; i < count; i++) {
		const struct instance *instance = &component->instances[i];
		if (!has_left(instance))
			ordinals[ret->size++] = instance->ordinal;
		if (!instance->work->set_aside)
			continue;
		char *facts = arena_array(arena, char, DIGEST_HEX);
		if (!facts || cluster_facts(operation, component, made_from(instance), facts))
			return -1;
		kept[ret->cluster.quarantined_count++] =
		    (struct quarantined){instance->ordinal, error_of(instance->work)->text, facts};
	}
	return 0;
}

static bool started_in(const struct component *component, const char *zone)
{
	for (unsigned i = 0; i < instances_of(component); i++) {
		const struct instance *instance = &component->instances[i];
		if (instance->work->made && instance->phase == PHASE_RUNNING &&
		    !strcmp(instance->work->site->origin, zone))
			return true;
	}
	return false;
}

/* So many failures it stands for: one that had no room is enough to avoid the place. */
static size_t failures_of(const struct instance *instance)
{
	bool failed = instance->phase == PHASE_BROKEN || instance->phase == PHASE_QUARANTINED;
	if (!failed || !instance->work->made || instance->work->hopeless)
		return 0;
	return error_of(instance->work)->code == ERR_CAPACITY ? brooklyns_zone_rule.least : 1;
}

/* The starts in its zones that failed since one went well there, and lately. 0 or -1 (no memory). */
static int note_outcomes(struct berth_operation *operation, const struct component *component,
			 struct component *ret)
{
	struct world *world = operation->berth->world;
	int64_t now_ms = world->ops->wall(world);
	size_t most =
	    component->cluster.outcome_count + brooklyns_zone_rule.least * instances_of(component) + 1;
	struct zone_outcome *all = arena_array(graph_arena(operation), struct zone_outcome, most);
	size_t count = 0;
	if (!all)
		return -1;
	for (size_t i = 0; i < component->cluster.outcome_count; i++)
		if (component->cluster.outcomes[i].at_ms > now_ms - brooklyns_zone_rule.within_ms &&
		    !started_in(component, component->cluster.outcomes[i].zone))
			all[count++] = component->cluster.outcomes[i];
	for (unsigned i = 0; i < instances_of(component); i++)
		for (size_t n = failures_of(&component->instances[i]); n > 0; n--)
			all[count++] =
			    (struct zone_outcome){component->instances[i].work->site->origin, now_ms, true};
	size_t skipped = count > MOST_OUTCOMES ? count - MOST_OUTCOMES : 0;
	ret->cluster.outcomes = all + skipped;
	ret->cluster.outcome_count = count - skipped;
	return 0;
}

/* One that never got anywhere may be tried elsewhere. */
static int homes_left(struct berth_operation *operation, const struct component *component,
		      struct component *ret)
{
	size_t kept = 0;
	struct site **homes = arena_array(graph_arena(operation), struct site *, instances_of(component) + 1);
	if (!homes)
		return -1;
	for (unsigned i = 0; i < instances_of(component); i++) {
		const struct instance *instance = &component->instances[i];
		bool nowhere = instance->phase == PHASE_BROKEN && !instance->seen;
		if (!has_left(instance))
			homes[kept++] = nowhere ? NULL : instance->work->site;
	}
	ret->cluster.homes = homes;
	return note_outcomes(operation, component, ret);
}

static bool any_was_made(const struct component *component)
{
	for (unsigned i = 0; i < instances_of(component) && i < component->instance_count; i++)
		if (component->instances[i].work->made)
			return true;
	return false;
}

static bool any_has_left(const struct component *component)
{
	for (unsigned i = 0; i < instances_of(component) && i < component->instance_count; i++)
		if (has_left(&component->instances[i]))
			return true;
	return false;
}

int sizes_conclude(struct berth_operation *operation)
{
	const struct application *application = operation->application;
	for (size_t i = 0; i < application->component_count; i++) {
		const struct component *component = &application->components[i];
		struct component left;
		bool spread = is_cluster(component) && component->cluster.homes && any_was_made(component);
		if (!is_cluster(component) || (!spread && !any_has_left(component)))
			continue;
		if (members_left(operation, component, &left) ||
		    (spread && homes_left(operation, component, &left)) || put_note(operation, &left, NULL))
			return -1;
	}
	return 0;
}
