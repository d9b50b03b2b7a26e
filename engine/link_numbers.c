/* link_numbers.c - who holds the numbers of one whose target moves it: whether they are those of now, and how
 * whoever is only started is given those. */
#include "engine/link_numbers.h"

#include <string.h>

#include "engine/reconcile.h"

bool holds_numbers(const struct work *work)
{
	const struct component *component = work->instance->component;
	const struct component *all = work->operation->application->components;
	for (size_t i = 0; i < component->need_count; i++) {
		const struct site *site = all[component->needs[i].to].site;
		if (edge_waits(&component->needs[i]) && site && keeps_tasks(site))
			return true;
	}
	return false;
}

bool follows_anew(const struct work *work)
{
	const struct component_spec *spec = work->instance->component->spec;
	return spec && !spec->balancer && !spec->job && spec->on_change->kind == ON_CHANGE_RESTART;
}

bool has_old_numbers(const struct work *work)
{
	const struct observed *seen = work->instance->seen;
	return seen && seen->link_digest && strcmp(seen->link_digest, work->spec->link_digest) != 0;
}

static bool made_as_wanted(const struct work *work)
{
	const struct observed *seen = work->instance->seen;
	return seen->digest && strcmp(seen->digest, work->spec->digest) == 0;
}

static enum resolved as_it_is(struct work *work)
{
	spec_drop(work);
	return spec_outlined(work) ? RESOLVED : RESOLVED_NEVER;
}

/* Where the target makes its tasks anew they are given the new ones on the way; what its environment is fixed
 * for takes another instance. */
static void give_numbers(struct work *work)
{
	if (!keeps_tasks(work->site)) {
		work->action = ACTION_RELINK;
		work->order = ORDER_PLAIN;
	} else if (work->action == ACTION_START || work->instance->seen->state != SEEN_RUNNING) {
		work->parts |= PART_LINKS;
	}
}

/* Of one that is kept hold_relink.c sees to it. */
static bool may_be_given_numbers(const struct work *work)
{
	return !work->held && work->instance->seen && holds_numbers(work) &&
	       (keeps_tasks(work->site) || follows_anew(work));
}

/* What else differs from the blueprint is the next deploy's to see to. */
enum resolved spec_started(struct work *work, const char **ret_waits)
{
	struct error err = {0};
	if (!may_be_given_numbers(work))
		return as_it_is(work);
	enum resolved found = spec_build(work, ret_waits, &err);
	if (found == RESOLVED_LATER)
		return found;
	if (found == RESOLVED && made_as_wanted(work) && has_old_numbers(work)) {
		give_numbers(work);
		return RESOLVED;
	}
	if (found == RESOLVED_NEVER)
		operation_warn(work->operation, "%s is started with the addresses that it has: %s",
			       work->instance->name, err.text);
	return as_it_is(work);
}
