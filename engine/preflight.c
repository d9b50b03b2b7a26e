/* preflight.c - targets are asked whether they have what is to be made there of, before anything is touched.
 */
#include <string.h>

#include "base/cleanup.h"
#include "engine/deploy.h"
#include "engine/specs.h"

enum { AT_ONCE = 8 };

static bool makes(const struct work *work)
{
	return work->instance->wanted && (work->action == ACTION_CREATE || work->action == ACTION_REPLACE ||
					  work->action == ACTION_RELINK);
}

/* All of a component that are made at one place are made of the same. */
static bool is_asked_for(const struct work *work)
{
	const struct instance *instance = work->instance;
	const struct work *before = instance > instance->component->instances ? instance[-1].work : NULL;
	return before && before->site == work->site && makes(before);
}

/* Where the options of the machine stand: its location's, or, where it has some of its own, the component's.
 */
static struct place place_of_machine(const struct work *work)
{
	const struct blueprint *blueprint = work->operation->blueprint;
	const json_t *options = work->instance->component->machine;
	for (size_t i = 0; blueprint && options && i < blueprint->location_count; i++)
		if (blueprint->locations[i].options == options)
			return blueprint->locations[i].place;
	return made_from(work->instance)->place;
}

static void complain_once(const struct work *work, const char *lack)
{
	struct diagnostics *list = &work->operation->diagnostics;
	owned_text words = {0};
	text_format(&words, "location `%s`: %s", work->site->location.name, lack);
	for (const struct diagnostic *said = list->first; said; said = said->next)
		if (strcmp(said->summary, text_view(&words)) == 0)
			return;
	complain(list, place_of_machine(work), "%s", text_view(&words));
}

/* Whoever makes it will find out. */
static void tell_doubt(const struct work *work, const struct error *why)
{
	struct error err = {0};
	blame_site(&err, work->site, why);
	operation_warn(work->operation, "nobody knows whether all is there that `%s` is to be made of: %s",
		       work->instance->component->id, err.text);
}

static enum progress ask(struct work *work)
{
	struct site *site = work->site;
	owned_arena room = {0};
	owned_json lacks = json_array();
	struct instance_spec outline;
	struct error err = {0};
	if (!lacks || spec_outline(work, &room, &outline)) {
		fail_memory(operation_error(work->operation));
		return PROGRESS_FAILED;
	}
	enum progress progress =
	    site->location.driver->preflight(&site->location, &work->errand, &outline, lacks, &err);
	if (progress == PROGRESS_WAITING)
		return progress;
	work->preflown = true;
	if (progress == PROGRESS_FAILED)
		tell_doubt(work, &err);
	for (size_t i = 0; i < json_array_size(lacks); i++)
		complain_once(work, json_string_value(json_array_get(lacks, i)));
	return PROGRESS_DONE;
}

static enum progress ask_all(struct berth_operation *operation)
{
	size_t flying = 0;
	for (size_t i = 0; i < operation->work_count && flying < AT_ONCE; i++) {
		struct work *work = operation->works[i];
		if (work->preflown || !makes(work) || is_asked_for(work))
			continue;
		enum progress progress = ask(work);
		if (progress == PROGRESS_FAILED)
			return progress;
		flying += progress == PROGRESS_WAITING;
	}
	return flying ? PROGRESS_WAITING : PROGRESS_DONE;
}

enum progress preflight(struct berth_operation *operation)
{
	if (operation->verb != &verb_plan && operation->verb != &verb_deploy)
		return PROGRESS_DONE;
	if (operation->cancelled) {
		fail(operation_error(operation), ERR_CANCELLED, "interrupted; nothing was changed");
		return PROGRESS_FAILED;
	}
	enum progress progress = ask_all(operation);
	if (progress != PROGRESS_DONE || operation->diagnostics.errors == operation->planning.errors)
		return progress;
	diagnostics_sort(&operation->diagnostics);
	(void)fail_invalid(operation, operation_error(operation));
	return PROGRESS_FAILED;
}
