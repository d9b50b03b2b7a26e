/* sites_check.c - what is wrong with where components go, as far as that can be told without opening any
 * place.
 */
#include <string.h>

#include "base/cleanup.h"
#include "engine/engine.h"
#include "engine/hosts.h"

/* "docker and marathon": the types whose places take such components. */
static void add_takers(enum component_kind kind, struct text *to)
{
	const char *names[16];
	size_t count = 0;
	for (const struct location_driver *const *driver = location_drivers();
	     *driver && count < COUNT_OF(names); driver++)
		if ((*driver)->capabilities.kinds & 1u << kind && strcmp((*driver)->type, "fake") != 0)
			names[count++] = (*driver)->type;
	for (size_t i = 0; i < count; i++)
		text_format(to, "%s%s", !i ? "" : i + 1 < count ? ", " : " and ", names[i]);
}

void site_refuse_kind(struct berth_operation *operation, const struct component *component,
		      const struct location_driver *driver)
{
	enum component_kind kind = component->spec->kind;
	bool docker = kind == COMPONENT_DOCKER;
	owned_text takers = {0};
	if (driver->capabilities.kinds & 1u << kind)
		return;
	add_takers(kind, &takers);
	struct diagnostic *entry =
	    complain(&operation->diagnostics, component->spec->place,
		     "`%s` cannot go to a location of type %s: it is a component of type %s", component->id,
		     driver->type, docker ? "docker:IMAGE" : "process");
	advise(&operation->diagnostics, entry,
	       "give it a location of its own (those of type %s take it), or %s", text_view(&takers),
	       docker ? "a `process` or `software` that runs there in its stead"
		      : "write it as a container: type: docker:IMAGE");
}

static void refuse_marathon(struct berth_operation *operation, const struct component *component,
			    const struct location_driver *driver, const char *name)
{
	if (!component->spec->marathon || driver->capabilities.marathon)
		return;
	struct diagnostic *entry =
	    complain(&operation->diagnostics, component->spec->place,
		     "location `%s` is no Marathon, which alone reads `marathon`", name);
	advise(&operation->diagnostics, entry, "leave it out of `%s`, or give that another location",
	       component->id);
}

static void warn_unbound(struct berth_operation *operation, const struct location_spec *spec)
{
	struct diagnostic *entry =
	    warn(&operation->diagnostics, spec->place, "nothing says where `%s` is", spec->name);
	advise(&operation->diagnostics, entry,
	       "plan and deploy need it: --location %s=SPEC, or locations.yaml", spec->name);
}

/* For one of a known type that is not ours whoever deploys may name another; a catalogue means what it says.
 */
static void refuse_type(struct berth_operation *operation, const struct location_spec *spec,
			struct place place)
{
	struct error err = {0};
	site_refuse_type(spec, &err);
	if (err.code != ERR_UNSUPPORTED || operation->blueprint->item_count) {
		complain_error(&operation->diagnostics, place, &err);
		return;
	}
	struct diagnostic *entry = warn(&operation->diagnostics, place, "%s", err.text);
	advise(&operation->diagnostics, entry, "%s", err.remedy);
}

/* NULL: a type that there is not. */
static const struct location_driver *driver_for(const struct location_spec *spec, enum component_kind kind)
{
	bool engine = kind == COMPONENT_DOCKER && strcmp(spec->type, "localhost") == 0;
	return location_driver_of(is_host_pool(spec) ? "ssh" : engine ? "docker" : spec->type);
}

static bool is_defined(const struct blueprint *blueprint, const struct location_spec *spec)
{
	for (size_t i = 0; i < blueprint->location_count; i++)
		if (spec == &blueprint->locations[i])
			return true;
	return false;
}

/* Where things go that say so; many that come one after the other say the same. */
struct settled {
	bool known;
	const struct location_spec *location, *spec;
};

static const struct location_spec *settle(struct berth_operation *operation, struct settled *last,
					  const struct location_spec *location)
{
	const char *source = NULL;
	if (!last->known || last->location != location)
		*last = (struct settled){true, location, site_spec_for(operation, location, &source)};
	operation->diagnostics.failed |= !last->spec;
	return last->spec;
}

static void check_component(struct berth_operation *operation, const struct component *component,
			    const struct location_spec *location, struct settled *last)
{
	const struct location_spec *spec = settle(operation, last, location);
	if (!spec)
		return;
	if (!spec->type) {
		warn_unbound(operation, spec);
		return;
	}
	const struct location_driver *driver = driver_for(spec, component->spec->kind);
	if (driver) {
		site_refuse_kind(operation, component, driver);
		refuse_marathon(operation, component, driver,
				spec->name && *spec->name ? spec->name : spec->type);
	} else if (!is_defined(operation->blueprint, spec)) {
		refuse_type(operation, spec, location ? location->place : component->spec->place);
	}
}

static void check_defined(struct berth_operation *operation, const struct location_spec *location)
{
	const char *source = NULL;
	const struct location_spec *spec = site_spec_for(operation, location, &source);
	operation->diagnostics.failed |= !spec;
	if (spec && spec->type && !driver_for(spec, COMPONENT_PROCESS))
		refuse_type(operation, spec, location->place);
}

void sites_check(struct berth_operation *operation)
{
	const struct blueprint *blueprint = operation->blueprint;
	struct settled last = {0};
	for (size_t i = 0; i < blueprint->location_count; i++)
		check_defined(operation, &blueprint->locations[i]);
	for (size_t i = 0; i < operation->application->component_count; i++) {
		const struct component *component = &operation->application->components[i];
		const struct cluster_spec *cluster = component->spec->cluster;
		if (component->spec->kind == COMPONENT_EXTERNAL)
			continue;
		check_component(operation, component, component->spec->location, &last);
		for (size_t zone = 1; cluster && zone < cluster->zone_count; zone++)
			check_component(operation, component, cluster->zones[zone], &last);
	}
	diagnostics_sort(&operation->diagnostics);
}
