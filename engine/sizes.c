/* sizes.c - how many instances each component is to have, and of a cluster which: what the blueprint says;
 * for a cluster what it was made to have later.
 *
 * The blueprint's number is where a cluster begins. Once it is there its size is what was asked for last: by
 * the blueprint when its number is another one than then, by `scale`, or by a policy. Where nobody remembers
 * (the store was lost), it is what is there, and at least the blueprint's number. Which members go is decided
 * in policies/cluster.c; those that come have the lowest ordinals that nobody has.
 */
#include "engine/membership.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/deploy.h"
#include "engine/hosts.h"
#include "engine/keeper.h"
#include "engine/specs.h"
#include "policies/cluster.h"

/* --- who they are ------------------------------------------------------------------------------------ */

static bool has(const struct membership *m, unsigned ordinal)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->ordinals[i] == ordinal)
			return true;
	return false;
}

static bool is_quarantined(const struct membership *m, unsigned ordinal)
{
	for (size_t i = 0; i < m->quarantined_count; i++)
		if (m->quarantined[i].ordinal == ordinal)
			return true;
	return false;
}

static void put(struct membership *m, unsigned ordinal)
{
	size_t at = m->count;
	bool last = !at || m->ordinals[at - 1] < ordinal;
	if (!ordinal || (!last && has(m, ordinal)))
		return;
	for (; at && m->ordinals[at - 1] > ordinal; at--)
		m->ordinals[at] = m->ordinals[at - 1];
	m->ordinals[at] = ordinal;
	m->count++;
}

/* Where nobody remembers: those that run; of those that do not, so many as the blueprint asks for. What
 * failed once and was kept to be looked at is not taken for a member. */
static void take_found(struct membership *m)
{
	size_t count;
	const struct sight *seen = sights_of(&m->deciding->sights, m->component->id, &count);
	bool any_well = false;
	for (size_t i = 0; i < count; i++)
		if (seen_well(seen[i].seen) || seen[i].seen->state == SEEN_RESTARTING) {
			any_well = true;
			put(m, seen[i].seen->ordinal);
		}
	for (size_t i = 0; i < count; i++)
		if (!any_well || m->count < m->component->spec->instances)
			put(m, seen[i].seen->ordinal);
}

static void take_noted(struct membership *m, const struct size_note *note)
{
	const json_t *listed = json_object_get(note->more, "members"), *ordinal;
	size_t i;
	for (unsigned n = 1; !listed && n <= note->size; n++)
		put(m, n);
	json_array_foreach ((json_t *)listed, i, ordinal)
		put(m, (unsigned)json_integer_value(ordinal));
}

/* There may be more of it than was seen. */
static bool any_silent(const struct component *component)
{
	for (size_t i = 0; i < component->cluster.zone_count; i++)
		if (component->cluster.zones[i]->failed)
			return true;
	return false;
}

static int take_quarantined(struct membership *m, const struct size_note *note)
{
	struct arena *arena = graph_arena(m->deciding->operation);
	const json_t *list = json_object_get(note->more, "quarantined"), *entry;
	size_t i;
	if (!json_array_size(list))
		return 0;
	m->quarantined = arena_array(arena, struct quarantined, json_array_size(list));
	if (!m->quarantined || sights_gather(m->deciding))
		return -1;
	json_array_foreach ((json_t *)list, i, entry) {
		struct quarantined one = {.ordinal = (unsigned)json_number(entry, "ordinal", 0),
					  .why = arena_text(arena, json_text(entry, "why") ?: ""),
					  .facts = arena_text(arena, json_text(entry, "facts") ?: "")};
		if (!one.why || !one.facts)
			return -1;
		if (!has(m, one.ordinal) &&
		    (member_is_there(m, one.ordinal, false) || any_silent(m->component)))
			m->quarantined[m->quarantined_count++] = one;
	}
	return 0;
}

/* What failed says nothing of what is made from something else. */
static int let_go_of_older(struct membership *m)
{
	const struct component_spec *spec = m->component->spec, *first = spec->cluster->first;
	char digest[DIGEST_HEX], of_first[DIGEST_HEX] = "";
	size_t kept = 0, count = m->quarantined_count;
	if (!count)
		return 0;
	if (cluster_facts(m->deciding->operation, m->component, spec, digest) ||
	    (first && cluster_facts(m->deciding->operation, m->component, first, of_first)))
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct quarantined one = m->quarantined[i];
		if (strcmp(one.facts, digest) != 0 && strcmp(one.facts, of_first) != 0)
			continue;
		m->quarantined[i] = m->quarantined[kept];
		m->quarantined[kept++] = one;
	}
	m->quarantined_count = kept;
	m->outdated_count = count - kept;
	return 0;
}

/* --- more of them, or fewer --------------------------------------------------------------------------- */

static void grow(struct membership *m, size_t wanted)
{
	for (unsigned ordinal = 1; m->count < wanted; ordinal++)
		if (!is_quarantined(m, ordinal))
			put(m, ordinal);
}

/* Whether whoever keeps the application found it unhealthy; where nobody does, nobody looks. */
static bool is_ill(const struct membership *m, const json_t *ill, unsigned ordinal)
{
	owned_text name = {0};
	size_t count;
	const struct sight *seen = sights_of(&m->deciding->sights, m->component->id, &count);
	text_format(&name, "%s.%s.%u", m->deciding->operation->application->id, m->component->id, ordinal);
	for (size_t i = 0; i < count; i++)
		if (seen[i].seen->ordinal == ordinal && is_illness_of(ill, text_view(&name), seen[i].seen))
			return true;
	return false;
}

/* Where nobody answers nobody can be told to go; and who is unknown does not stand for one that serves. */
static size_t may_go(const struct membership *m, size_t wanted, size_t reached)
{
	size_t goes = m->count - wanted;
	bool all_reached = reached == m->count;
	size_t most = all_reached || !wanted ? reached : reached ? reached - 1 : 0;
	if (goes > most)
		operation_warn(m->deciding->operation,
			       "`%s` stays larger by %zu until all of its locations answer", m->component->id,
			       goes - most);
	return goes < most ? goes : most;
}

/* Those that can be reached, as what they are chosen by; `places` are theirs among all. */
static size_t see_members(const struct membership *m, const json_t *ill, struct cluster_member *members,
			  size_t *places)
{
	size_t reached = 0;
	for (size_t i = 0; i < m->count; i++) {
		unsigned ordinal = m->ordinals[i];
		const struct site *home = m->component->cluster.zones ? member_home(m, ordinal) : NULL;
		if (home && home->failed)
			continue;
		places[reached] = i;
		members[reached++] = (struct cluster_member){
		    .number = ordinal,
		    .zone = m->component->cluster.zones ? home ? home->origin : "" : NULL,
		    .first = ordinal == m->component->cluster.first,
		    .well = member_is_there(m, ordinal, true) && !is_ill(m, ill, ordinal)};
	}
	return reached;
}

static int shrink(struct membership *m, size_t wanted)
{
	enum cluster_removal by = m->component->spec->cluster->removal;
	size_t count = m->count, kept = 0;
	owned_memory struct cluster_member *members = calloc(count, sizeof *members);
	owned_memory size_t *own = calloc(count, sizeof *own), *order = calloc(count, sizeof *order);
	owned_memory bool *gone = calloc(count, sizeof *gone);
	if (!members || !own || !order || !gone || sights_gather(m->deciding))
		return -1;
	const struct berth_operation *operation = m->deciding->operation;
	size_t reached =
	    see_members(m, keeper_ill(operation->berth, operation->application->id), members, own);
	size_t goes = may_go(m, wanted, reached);
	if (cluster_removals(members, reached, by, m->component->cluster.zones != NULL, goes, order) < goes)
		return -1;
	cluster_spare_last(members, reached, by, order, goes);
	for (size_t i = 0; i < goes; i++)
		gone[own[order[i]]] = true;
	for (size_t i = 0; i < count; i++)
		if (!gone[i])
			m->ordinals[kept++] = m->ordinals[i];
	m->count = kept;
	return 0;
}

static size_t within_bounds(const struct membership *m, size_t wanted)
{
	struct cluster_change change = cluster_resize(m->count, wanted, m->component->spec->cluster->most);
	return change.no_room ? m->count : m->count + change.add - change.remove;
}

/* Whoever only looks, or does one thing to what is there, leaves it as large as it is. */
static bool may_resize(const struct berth_operation *operation)
{
	const struct verb *verb = operation->verb;
	return verb == &verb_plan || verb == &verb_deploy || verb == &verb_rollback || resizes(operation);
}

bool resizes(const struct berth_operation *operation)
{
	return operation->verb == &verb_scale || operation->resizing.kind == RESIZE_TO ||
	       operation->resizing.kind == RESIZE_BY;
}

static size_t changed_by(size_t size, int64_t by)
{
	return by < 0 && (size_t)-by > size ? 0 : size + (size_t)by;
}

/* How many were asked for last. */
static size_t asked_for(const struct membership *m, const struct size_note *note)
{
	const struct component_spec *spec = m->component->spec;
	const struct berth_operation *operation = m->deciding->operation;
	bool meant = operation->resizing.kind && component_meant(operation, m->component->id);
	if (meant && operation->resizing.kind == RESIZE_TO)
		return (size_t)operation->resizing.number;
	if (meant && operation->resizing.kind == RESIZE_BY)
		return changed_by(m->count, operation->resizing.number);
	if (spec->resized >= 0)
		return (size_t)spec->resized;
	if (note->known)
		return note->initial == spec->instances ? note->size : spec->instances;
	return m->count < spec->instances ? spec->instances : m->count;
}

/* The one that is made from the specification of the first: while it is a member it stays that one; who is
 * made in its place, or after it went, is as all others. Where nobody remembers it is the one that was there
 * first. */
static void find_first(struct membership *m, const struct size_note *note)
{
	struct component *component = m->component;
	if (!component->spec->cluster->first || !m->count)
		return;
	const json_t *remembered = json_object_get(note->more, "first");
	component->cluster.first = remembered ? (unsigned)json_integer_value(remembered) : m->ordinals[0];
	if (!has(m, component->cluster.first) || member_made_anew(m, component->cluster.first))
		component->cluster.first = 0;
}

/* Of a cluster that had nobody the first one that comes. */
static void begin_with_first(struct membership *m, bool had_nobody)
{
	if (m->component->spec->cluster->first && had_nobody && m->count)
		m->component->cluster.first = m->ordinals[0];
}

/* Whether the application was at any of those that answer. */
static bool was_there(const struct berth_operation *operation)
{
	const char *app = operation->application->id;
	for (const struct site *site = operation->sites; site; site = site->next)
		for (size_t i = 0; i < site->inventory.claim_count; i++)
			if (strcmp(site->inventory.claims[i].app, app) == 0)
				return true;
	return false;
}

/* Where nobody remembers its members and one of its places does not answer, how many there are cannot be
 * told: they would be doubled. An application that was nowhere yet has none. 0 or -1 with an error. */
static int unknown_size(const struct membership *m)
{
	struct berth_operation *operation = m->deciding->operation;
	const struct component *component = m->component;
	size_t found;
	(void)sights_of(&m->deciding->sights, component->id, &found);
	if (operation->stored || (!found && !was_there(operation)))
		return 0;
	for (size_t i = 0; i < component->cluster.zone_count; i++) {
		const struct site *site = component->cluster.zones[i];
		if (!site->silent)
			continue;
		fail(operation_error(operation), ERR_UNREACHABLE,
		     "%s does not answer, and nobody remembers which members of `%s` are there: %s",
		     site->location.name, component->id, site_error(site)->text);
		remedy(operation_error(operation), "deploy again when it answers");
		return -1;
	}
	return 0;
}

static int decide_members(struct membership *m, const struct size_note *note)
{
	const struct berth_operation *operation = m->deciding->operation;
	bool known = note->known;
	if (known) {
		take_noted(m, note);
		if (take_quarantined(m, note))
			return -1;
	} else {
		if (sights_gather(m->deciding) || unknown_size(m))
			return -1;
		take_found(m);
	}
	bool had_nobody = !m->count;
	find_first(m, note);
	bool expunges =
	    operation->resizing.kind == RESIZE_EXPUNGE && component_meant(operation, m->component->id);
	size_t asked = asked_for(m, note);
	m->component->cluster.asked = (unsigned)asked;
	if (expunges)
		m->quarantined_count = 0;
	const char *no_room = json_text(note->more, "no_room");
	if (known && !may_resize(operation)) {
		m->component->cluster.no_room_before =
		    no_room ? arena_text(graph_arena(operation), no_room) : NULL;
		return no_room && !m->component->cluster.no_room_before ? -1 : 0;
	}
	if (let_go_of_older(m))
		return -1;
	size_t bounded = within_bounds(m, asked);
	if (bounded < asked && resizes(operation) && component_meant(operation, m->component->id))
		operation_warn(m->deciding->operation, "`%s` has no more than %zu members (`maxSize`)",
			       m->component->id, bounded);
	m->component->cluster.asked = (unsigned)(asked = bounded);
	if (m->count > asked)
		return shrink(m, asked);
	grow(m, asked);
	begin_with_first(m, had_nobody);
	return 0;
}

/* Plain where its members are those from 1 on: then nothing else need be kept in mind. */
static void settle(struct membership *m)
{
	struct component *component = m->component;
	bool plain = !m->count || m->ordinals[m->count - 1] == m->count;
	component->size = (unsigned)m->count;
	component->cluster.ordinals = plain ? NULL : m->ordinals;
	component->cluster.quarantined = m->quarantined;
	component->cluster.quarantined_count = m->quarantined_count;
	component->cluster.outdated_count = m->outdated_count;
}

/* At most, beside what is remembered and what the blueprint says. */
static size_t grows_by(const struct berth_operation *operation, const struct component_spec *spec)
{
	int64_t more =
	    operation->resizing.number > spec->resized ? operation->resizing.number : spec->resized;
	return more > 0 ? (size_t)more : 0;
}

static int decide_one(struct deciding *deciding, struct component *component)
{
	const struct component_spec *spec = component->spec;
	struct membership m = {.deciding = deciding, .component = component};
	size_note_auto struct size_note note = {0};
	size_t seen = 0;
	size_note_read(json_text(deciding->notes, component->id), &note);
	m.more = note.more;
	if (!note.known) {
		if (sights_gather(deciding))
			return -1;
		(void)sights_of(&deciding->sights, component->id, &seen);
	}
	size_t room = seen + note.size + json_array_size(json_object_get(note.more, "members")) +
		      spec->instances + grows_by(deciding->operation, spec) + 1;
	m.ordinals = arena_array(graph_arena(deciding->operation), unsigned, room);
	if (!m.ordinals || decide_members(&m, &note))
		return -1;
	settle(&m);
	if (hosts_give_homes(deciding->operation, component, m.ordinals, m.count))
		return -1;
	return component->cluster.zones && !component->cluster.homes ? members_give_homes(&m) : 0;
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
	sizing_keep(operation);
	if (!has_clusters(application))
		return 0;
	if (store_sizes(operation->berth->store, application->id, &notes, &ignored) &&
	    operation->verb->needs_store) {
		*operation_error(operation) = ignored;
		return -1;
	}
	struct deciding deciding = {.operation = operation, .notes = notes};
	int result = 0;
	for (size_t i = 0; i < application->component_count && !result; i++) {
		struct component *component = &application->components[i];
		if (component->spec && component->spec->cluster)
			result = decide_one(&deciding, component);
	}
	free(deciding.sights.items);
	return result;
}
