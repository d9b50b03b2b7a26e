/* zones.c - one of several locations over which clusters are spread may not answer: what is there is unknown,
 * and stays as it is; the others go on without it. */
#include <string.h>

#include "base/cleanup.h"
#include "engine/deploy.h"
#include "engine/hosts.h"

static bool does_not_answer(const struct site *site)
{
	return site->failed &&
	       (site_error(site)->code == ERR_UNREACHABLE || site_error(site)->code == ERR_TIMED_OUT);
}

/* Another one of its places is there. */
static bool can_do_without(const struct component *component)
{
	for (size_t i = 0; i < component->cluster.zone_count; i++)
		if (!component->cluster.zones[i]->failed)
			return true;
	return false;
}

/* Whoever goes there may as well go elsewhere. */
static bool is_only_zone(const struct application *application, const struct site *site)
{
	bool any = false;
	for (size_t i = 0; i < application->component_count; i++) {
		const struct component *component = &application->components[i];
		if (!goes_to(component, site))
			continue;
		if (!can_do_without(component))
			return false;
		any = true;
	}
	return any;
}

/* Who stops, starts or destroys means those that are there, too. */
static bool may_do_without(const struct berth_operation *operation)
{
	const struct verb *verb = operation->verb;
	return verb != &verb_destroy && (!verb->decide || verb == &verb_replace || verb == &verb_mend);
}

const struct site *zones_silence(struct berth_operation *operation)
{
	for (struct site *site = operation->sites; site; site = site->next) {
		if (!site->failed || site->silent || !host_must_answer(site))
			continue;
		if (!may_do_without(operation) || !does_not_answer(site) ||
		    !is_only_zone(operation->application, site))
			return site;
		site->silent = true;
	}
	return NULL;
}

static void add_members(const struct berth_operation *operation, const struct site *site, struct text *to)
{
	for (size_t i = 0; i < operation->work_count; i++) {
		const struct work *work = operation->works[i];
		if (work->site == site && work->instance->wanted)
			text_format(to, "%s%s", to->length ? ", " : "", work->instance->name);
	}
}

void zones_tell(struct berth_operation *operation)
{
	for (const struct site *site = operation->sites; site; site = site->next) {
		owned_text members = {0};
		if (!site->silent)
			continue;
		add_members(operation, site, &members);
		operation_warn(
		    operation, "%s is left out: %s%s%s", site->location.name, site_error(site)->text,
		    members.length ? "; unknown, and left as they are: " : "", text_view(&members));
	}
}
