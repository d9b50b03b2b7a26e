/* moves.c - a component that goes to another location leaves its data behind: refused, unless that was asked
 * for. */
#include <string.h>

#include "base/cleanup.h"
#include "engine/changes.h"
#include "engine/deploy.h"

#define VOLUMES "volumes."

bool work_moves(const struct work *work)
{
	const struct component *component = work->instance->component;
	return work->action == ACTION_REMOVE && !work->leftover && !work->instance->successor &&
	       work->instance->seen && !work->instance->seen->late_double && component->spec &&
	       component->site && !goes_to(component, work->site);
}

/* A volume without a name is the instance's own, and goes with it. */
static int add_volume(const struct work *work, struct text *to, const char *from, const char *path)
{
	text_add(to, to->length ? ", " : "");
	if (*from)
		text_format(to, "`%s` (%s) stays at %s", from, path, work->site->location.name);
	else
		text_format(to, "what is in %s is lost", path);
	return to->failed ? -1 : 0;
}

/* As the last deploy had them: the blueprint may have taken them away meanwhile. */
static int add_remembered(const struct work *work, const struct component_facts *facts, struct text *to)
{
	for (size_t i = 0; i < facts->count; i++) {
		const struct fact_line *line = &facts->lines[i];
		if (starts_with(line->path, VOLUMES) && !ends_with(line->value, ":ro") &&
		    add_volume(work, to, line->value, line->path + strlen(VOLUMES)))
			return -1;
	}
	return 0;
}

static int add_described(const struct work *work, struct text *to)
{
	const struct component_spec *spec = work->instance->component->spec;
	for (size_t i = 0; i < spec->volume_count; i++) {
		const struct volume *volume = &spec->volumes[i];
		const char *from = volume->name ? volume->name : volume->source ? volume->source : "";
		if (!volume->read_only && add_volume(work, to, from, volume->path))
			return -1;
	}
	return 0;
}

int move_leaves(const struct work *work, struct text *to)
{
	const struct component_facts *facts =
	    remembered_facts(work->operation, work->instance->component->id);
	return facts ? add_remembered(work, facts, to) : add_described(work, to);
}

/* The first one of a component speaks for all. */
static bool is_told(const struct berth_operation *operation, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (operation->works[i]->instance->component ==
			operation->works[index]->instance->component &&
		    work_moves(operation->works[i]))
			return true;
	return false;
}

/* Whoever only changes how many there are, or mends, goes on with what was agreed to. */
static bool may_move(const struct berth_operation *operation)
{
	const struct verb *verb = operation->verb;
	return verb == &verb_plan || verb == &verb_deploy || verb == &verb_rollback;
}

int guard_moves(struct berth_operation *operation)
{
	bool asked = !may_move(operation) || operation->request.leave_data;
	for (size_t i = 0; i < operation->work_count && !asked; i++) {
		const struct work *work = operation->works[i];
		const struct component *component = work->instance->component;
		owned_text left = {0};
		if (!work_moves(work) || is_told(operation, i))
			continue;
		if (move_leaves(work, &left))
			return -1;
		if (!left.length)
			continue;
		struct diagnostic *entry =
		    complain(&operation->diagnostics, place_of(component->spec, "location"),
			     "`%s` would move from %s to %s without its data: %s", component->id,
			     work->site->location.name, component->site->location.name, text_view(&left));
		advise(&operation->diagnostics, entry,
		       "say --leave-data where it is to begin without; else leave it where it is, or "
		       "copy "
		       "what it needs by `berth cp`");
	}
	return 0;
}
