/* plan_removals.c - what goes: when, what is protected from it, and what is only called differently now. */
#include <string.h>

#include "base/cleanup.h"
#include "base/json_write.h"
#include "base/map.h"
#include "engine/changes.h"
#include "engine/deploy.h"

/* --- what holds something that a new one needs goes first --------------------------------------------- */

struct needs {
	struct map
	    *keys; /* "SITE PORT/PROTOCOL", "SITE VOLUME", "SITE name INSTANCE" of what is to be made */
	bool failed;
};

static void note_need(struct needs *needs, const struct site *site, const char *what)
{
	owned_text key = {0};
	text_format(&key, "%p %s", (const void *)site, what);
	needs->failed |= key.failed || map_put(&needs->keys, text_view(&key), needs);
}

static bool needed(const struct needs *needs, const struct site *site, const char *what)
{
	owned_text key = {0};
	text_format(&key, "%p %s", (const void *)site, what);
	return !key.failed && map_get(needs->keys, text_view(&key));
}

static bool is_made(enum action action)
{
	return action == ACTION_CREATE || action == ACTION_REPLACE || action == ACTION_RELINK;
}

static void note_needs_of(struct needs *needs, const struct work *work)
{
	const struct component_spec *spec = made_from(work->instance);
	for (size_t i = 0; i < work->port_count; i++) {
		const struct spec_port *port = &work->ports[i];
		char what[32];
		snprintf(what, sizeof what, "%u/%d", port->host_port ? port->host_port : port->port,
			 port->protocol);
		if (port->published || spec->kind == COMPONENT_PROCESS)
			note_need(needs, work->site, what);
	}
	for (size_t i = 0; i < spec->volume_count; i++) {
		const struct volume *volume = &spec->volumes[i];
		const char *what = volume->name ? volume->name : volume->source;
		if (what && !volume->read_only)
			note_need(needs, work->site, what);
	}
}

/* What is made anew, or called otherwise, has its settled name in the end. */
static void note_name_of(struct needs *needs, const struct work *work)
{
	owned_text what = {0};
	const char *name = settled_name(work->instance);
	text_format(&what, "name %s", name ? name : "");
	if (name && !what.failed)
		note_need(needs, work->site, text_view(&what));
	else
		needs->failed = true;
}

/* As an older one that an interrupted update left, and that is not the one to come back. */
static bool holds_needed_name(const struct needs *needs, const struct work *work)
{
	owned_text what = {0};
	text_format(&what, "name %s", work->instance->name);
	return !what.failed && needed(needs, work->site, text_view(&what));
}

/* Where only processes live they have the numbers of their host, and share them with nobody. */
static bool has_host_numbers(const struct work *work)
{
	return !(work->site->location.driver->capabilities.kinds & 1u << COMPONENT_DOCKER);
}

static bool holds_needed_port(const struct needs *needs, const struct work *work)
{
	const struct observed *seen = work->instance->seen;
	for (size_t a = 0; a < seen->attachment_count; a++)
		for (size_t i = 0; i < seen->attachments[a].port_count; i++) {
			const struct attached_port *port = &seen->attachments[a].ports[i];
			char what[32];
			snprintf(what, sizeof what, "%u/%d", port->number, port->protocol);
			bool outside = a > 0 || !*seen->attachments[a].network || has_host_numbers(work);
			if (outside && port->number && needed(needs, work->site, what))
				return true;
		}
	return false;
}

/* What volumes it has only the last deploy's facts tell. */
static bool holds_needed_volume(const struct needs *needs, const struct work *work)
{
	const struct component_facts *facts =
	    remembered_facts(work->operation, work->instance->component->id);
	for (size_t i = 0; facts && i < facts->count; i++) {
		const char *what = facts->lines[i].value;
		if (*what && starts_with(facts->lines[i].path, "volumes.") && needed(needs, work->site, what))
			return true;
	}
	return false;
}

static void find_first_ones(struct berth_operation *operation, const struct needs *needs)
{
	for (size_t i = 0; i < operation->work_count; i++) {
		struct work *work = operation->works[i];
		if (work->action != ACTION_REMOVE || work->instance->successor || !work->instance->seen)
			continue;
		work->goes_first = holds_needed_port(needs, work) || holds_needed_volume(needs, work) ||
				   holds_needed_name(needs, work);
		operation->first_removals += work->goes_first;
	}
}

static int order_removals(struct berth_operation *operation, struct error *err)
{
	struct needs needs = {0};
	for (size_t i = 0; i < operation->work_count; i++) {
		const struct work *work = operation->works[i];
		if (work->instance->wanted && is_made(work->action))
			note_needs_of(&needs, work);
		if (work->instance->wanted && (is_made(work->action) || work->parts & PART_NAME))
			note_name_of(&needs, work);
	}
	if (needs.keys)
		find_first_ones(operation, &needs);
	map_release(&needs.keys);
	return needs.failed ? fail_memory(err) : 0;
}

/* --- only called differently ------------------------------------------------------------------------ */

/* The facts of a component in one line, without its name. */
static char *facts_line(const struct component_facts *facts)
{
	owned_text line = {0};
	for (size_t i = 0; facts && i < facts->count; i++)
		json_write_text(&line, facts->lines[i].path, facts->lines[i].value);
	return facts ? text_take(&line) : NULL;
}

static int note_renamed(struct berth_operation *operation, struct work *removed, struct work *created)
{
	struct decision goes = {.operation = operation, .work = removed};
	struct decision comes = {.operation = operation, .work = created};
	const struct component *old = removed->instance->component, *new = created->instance->component;
	because(&goes, "renamed", old->id, new->id, new->spec->place);
	if (removed->instance->ordinal == 1)
		because(&comes, "renamed", old->id, new->id, new->spec->place);
	return goes.failed || comes.failed ? -1 : 0;
}

static int match_renamed(struct berth_operation *operation, struct map *created, struct error *err)
{
	for (size_t i = 0; i < operation->work_count; i++) {
		struct work *work = operation->works[i];
		if (work->action != ACTION_REMOVE || made_from(work->instance))
			continue;
		owned_memory char *line =
		    facts_line(remembered_facts(operation, work->instance->component->id));
		struct work *same = line ? map_get(created, line) : NULL;
		if (same && note_renamed(operation, work, same))
			return fail_memory(err);
	}
	return 0;
}

static bool any_component_goes(const struct berth_operation *operation)
{
	for (size_t i = 0; i < operation->work_count; i++)
		if (operation->works[i]->action == ACTION_REMOVE && !made_from(operation->works[i]->instance))
			return true;
	return false;
}

/* One that is made of the very same facts as one that goes is that one under another name: said, so that
 * nobody is surprised by what goes with a new name (named volumes stay, anonymous ones do not). */
static int find_renamed(struct berth_operation *operation, struct error *err)
{
	struct map *created = NULL;
	int result = 0;
	if (!operation->stored || !any_component_goes(operation))
		return 0;
	for (size_t i = 0; i < operation->work_count && result == 0; i++) {
		struct work *work = operation->works[i];
		owned_arena room = {0};
		const struct fact *facts = NULL;
		size_t count = 0;
		if (work->action != ACTION_CREATE || work->instance != work->instance->component->instances)
			continue;
		if (facts_of(&room, operation->application, work->instance->component,
			     work->instance->component->spec, &facts, &count))
			result = fail_memory(err);
		struct known_facts known = {0};
		if (result == 0 && facts_keep(&known, "", facts, count))
			result = fail_memory(err);
		owned_memory char *line = facts_line(known_facts_find(&known, ""));
		known_facts_release(&known);
		if (line && map_put(&created, line, work))
			result = fail_memory(err);
	}
	if (result == 0)
		result = match_renamed(operation, created, err);
	map_release(&created);
	return result;
}

/* --- protected ---------------------------------------------------------------------------------------- */

static bool ends_it(const struct work *work)
{
	return work->action == ACTION_REPLACE || work->action == ACTION_RELINK ||
	       work->action == ACTION_REMOVE || (work->parts & PART_ROLL && work->order != ORDER_UNDER_WAY);
}

static bool was_protected(const struct work *work)
{
	return fact_value(remembered_facts(work->operation, work->instance->component->id), "protect");
}

/* It was deployed from here without being protected, and nobody else was at work there since: what it was
 * made with does not count any more. */
static bool let_go_of(const struct work *work)
{
	const struct component_facts *facts =
	    remembered_facts(work->operation, work->instance->component->id);
	return facts && fact_value(facts, "type") && !fact_value(facts, "protect") &&
	       !site_changed_hands(work->site);
}

/* What no blueprint at hand speaks of: the store may be lost, or another one may have made it. */
static bool found_protected(const struct work *work)
{
	const struct observed *seen = work->instance->seen;
	return was_protected(work) || (seen && seen->protect && !let_go_of(work));
}

static const char *what_happens(const struct work *work)
{
	return work->action == ACTION_REMOVE ? "removed" : "replaced";
}

static void refuse_protected(struct berth_operation *operation, const struct work *work)
{
	const struct component *component = work->instance->component;
	const struct reason *reason = work->reasons;
	struct place place = reason && reason->place.line ? reason->place
			     : component->spec            ? component->spec->place
			     : operation->blueprint       ? operation->blueprint->place
							  : (struct place){0};
	struct diagnostic *entry =
	    component->spec
		? complain(&operation->diagnostics, place,
			   "`%s` is protected, and would be %s because of `%s`", component->id,
			   what_happens(work), reason ? reason->path : "the request")
		: complain(&operation->diagnostics, place,
			   "`%s` is protected, and would be removed: the blueprint has it no more",
			   component->id);
	advise(&operation->diagnostics, entry,
	       component->spec ? "take this change back; or take `protect` away first, and deploy again"
			       : "put it back; or take `protect` away from it, deploy, and then take it out");
}

static void guard_protected(struct berth_operation *operation)
{
	for (size_t i = 0; i < operation->work_count; i++) {
		const struct work *work = operation->works[i];
		const struct component_spec *spec = made_from(work->instance);
		bool left_over = work->instance->successor || work->leftover;
		if (!left_over && !work->resumed && ends_it(work) && work->instance->seen &&
		    (spec ? spec->protect : found_protected(work)))
			refuse_protected(operation, work);
	}
}

/* The components of the blueprint that was given; not of one that is only remembered. */
static int map_given(const struct berth_operation *operation, struct map **given)
{
	const struct blueprint *blueprint = operation->source ? NULL : operation->retired;
	for (size_t i = 0; blueprint && i < blueprint->component_count; i++)
		if (map_put(given, blueprint->components[i].id, (void *)&blueprint->components[i]))
			return -1;
	return 0;
}

static const struct work *find_protected(const struct berth_operation *operation, const struct map *given)
{
	for (size_t i = 0; i < operation->work_count; i++) {
		const struct work *work = operation->works[i];
		const struct component_spec *spec = map_get(given, work->instance->component->id);
		if (spec ? spec->protect || was_protected(work) : found_protected(work))
			return work;
	}
	return NULL;
}

/* Without a blueprint there is no place to point at. */
static int guard_found(const struct berth_operation *operation, struct error *err)
{
	struct map *given = NULL;
	int failed = map_given(operation, &given);
	const struct work *work = failed ? NULL : find_protected(operation, given);
	map_release(&given);
	if (failed)
		return fail_memory(err);
	if (!work)
		return 0;
	fail(err, ERR_FAILED, "`%s` is protected: nothing was removed", work->instance->component->id);
	remedy(err, "take `protect` away from it in the blueprint, deploy, and destroy again");
	return -1;
}

int plan_removals(struct berth_operation *operation, struct error *err)
{
	if (operation->verb->decide)
		return 0;
	if (operation->blueprint && (order_removals(operation, err) || find_renamed(operation, err)))
		return -1;
	if (!operation->blueprint)
		return guard_found(operation, err);
	guard_protected(operation);
	return guard_moves(operation) ? fail_memory(err) : 0;
}
