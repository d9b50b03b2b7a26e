/* sites.c - the locations of an operation: which a component goes to, each opened once. */
#include <string.h>

#include "base/cleanup.h"
#include "blueprints/cloud_options.h"
#include "engine/hosts.h"
#include "engine/reconcile.h"
#include "engine/targets.h"

/* Two specs of one type, target and options are one location, whatever it is called. */
static bool same_spec(const struct location_spec *a, const struct location_spec *b)
{
	return strcmp(a->type, b->type) == 0 && strcmp(a->target, b->target) == 0 &&
	       (a->options == b->options ||
		json_equal(a->options ? a->options : json_null(), b->options ? b->options : json_null()));
}

static void wake_site(struct errand *errand)
{
	struct site *site = errand->owner;
	operation_wake(site->operation);
}

/* What this operation saw last under a name, else what an earlier one remembered. */
static bool stands_for(void *owner, const char *app, const char *name, const char *target_id)
{
	const struct site *site = owner;
	struct berth_operation *operation = site->operation;
	const struct work *work = work_named(operation, name);
	if (work && work->site == site && work->instance->seen && work->instance->seen->target_id)
		return strcmp(work->instance->seen->target_id, target_id) == 0;
	const struct known_instance *known =
	    operation->application && strcmp(operation->application->id, app) == 0 ? known_of(operation, name)
										   : NULL;
	return known && known->target_id && strcmp(known->target_id, target_id) == 0;
}

static bool more_come(void *owner, const char *app)
{
	const struct site *site = owner;
	const struct berth_operation *operation = site->operation;
	if (!operation->application || strcmp(operation->application->id, app) != 0)
		return false;
	for (size_t i = 0; i < operation->work_count; i++)
		if (operation->works[i]->site == site && work_comes_next(operation->works[i]))
			return true;
	return false;
}

static void pass_on_words(void *owner, const char *words)
{
	struct site *site = owner;
	operation_warn(site->operation, "%s: %s", site->location.name, words);
}

int site_refuse_type(const struct location_spec *spec, struct error *err)
{
	static const struct {
		const char *type, *but, *remedy;
	} later[] = {
	    {"jclouds", ", but for openstack-nova",
	     "name a place of another type, in its stead or by --location"},
	    {"multi", "", "`locations: [A, B]` at a cluster spreads its members over several places"}};
	for (size_t i = 0; i < COUNT_OF(later); i++)
		if (strcmp(spec->type, later[i].type) == 0) {
			fail(err, ERR_UNSUPPORTED, "locations of type `%s` are not supported yet%s",
			     spec->type, later[i].but);
			remedy(err, "%s", later[i].remedy);
			return -1;
		}
	const char *known[16] = {"byon"}; /* hosts.h */
	size_t count = 1;
	owned_text all = {0};
	text_add(&all, known[0]);
	for (const struct location_driver *const *driver = location_drivers();
	     *driver && count < COUNT_OF(known); driver++) {
		known[count++] = (*driver)->type;
		text_format(&all, ", %s", (*driver)->type);
	}
	const char *meant = closest(spec->type, known, count);
	fail(err, ERR_INVALID, "there is no type of location called `%s`", spec->type);
	if (meant)
		remedy(err, "did you mean `%s`?", meant);
	else
		remedy(err, "the types are %s", text_view(&all));
	return -1;
}

/* Another way to name a place that is open already: it must not be counted, or emptied, twice. */
static struct site *same_place(struct berth_operation *operation, struct site *site)
{
	const struct location_driver *driver = site->location.driver;
	const char *identity = driver->identity(&site->location);
	for (struct site *other = operation->sites; other && other != site; other = other->next)
		if (other->open && strcmp(other->spec->type, site->spec->type) == 0 &&
		    strcmp(driver->identity(&other->location), identity) == 0) {
			driver->close(&site->location);
			site->open = false;
			site->twin = other;
			return other;
		}
	return NULL;
}

/* The one of that spec, whether it could be opened or not; NULL: there is none yet. */
static struct site *find_site(const struct berth_operation *operation, const struct location_spec *spec)
{
	struct site *site = operation->sites;
	while (site && !same_spec(site->spec, spec))
		site = site->next;
	return site;
}

/* In the list even when it is opened half-way: closing takes a half-opened one. NULL: no memory. */
static struct site *add_site(struct berth_operation *operation, const struct location_driver *driver,
			     const struct location_spec *spec, const char *source)
{
	struct berth *berth = operation->berth;
	struct site **end = &operation->sites;
	struct site *site = arena_array(&operation->arena, struct site, 1);
	const char *origin = site ? location_spec_text(&operation->arena, spec) : NULL;
	const char *name = origin ? site_name(operation, spec, origin) : NULL;
	if (!name)
		return NULL;
	*site = (struct site){
	    .location = {.driver = driver,
			 .world = berth->world,
			 .name = name,
			 .spec = spec,
			 .state_directory = berth->state_directory,
			 .helper = berth->helper,
			 .environment = berth->environment,
			 .say = pass_on_words,
			 .say_owner = site,
			 .stands_for = stands_for,
			 .stands_owner = site,
			 .more_come = more_come,
			 .more_owner = site},
	    .spec = spec,
	    .source = source,
	    .origin = origin,
	    .operation = operation,
	    .errand = {.wake = wake_site, .owner = site},
	    .pooled = json_flag(spec->options, "exclusive", false),
	};
	while (*end)
		end = &(*end)->next;
	return *end = site;
}

void site_keep_error(struct site *site, const struct error *err)
{
	struct berth_operation *operation = site->operation;
	if (!site->error)
		site->error = arena_array(&operation->arena, struct error, 1) ?: &operation->berth->spare;
	*site->error = *err;
}

const struct error *site_error(const struct site *site)
{
	static const struct error none;
	return site->error ? site->error : &none;
}

struct site *site_open(struct berth_operation *operation, const struct location_spec *spec,
		       const char *source, struct error *err)
{
	struct berth *berth = operation->berth;
	if (berth->relocate && !(spec = berth->relocate(berth->relocate_owner, &operation->arena, spec))) {
		fail_memory(err);
		return NULL;
	}
	struct site *site = find_site(operation, spec);
	if (site && (site->open || site->twin))
		return site->twin ? site->twin : site;
	if (site) {
		*err = *site_error(site);
		return NULL;
	}
	const struct location_driver *driver = location_driver_of(spec->type);
	if (!driver) {
		site_refuse_type(spec, err);
		return NULL;
	}
	site = add_site(operation, driver, spec, source);
	if (!site) {
		fail_memory(err);
		return NULL;
	}
	if (driver->open(&site->location, err)) {
		site_keep_error(site, err);
		return NULL;
	}
	site->open = true;
	struct site *twin = same_place(operation, site);
	return twin ? twin : site;
}

/* A `docker:` component on this machine means the local engine. */
static const struct location_spec *local_engine(struct berth_operation *operation,
						const struct location_spec *here)
{
	struct location_spec *spec = arena_array(&operation->arena, struct location_spec, 1);
	if (spec)
		*spec = (struct location_spec){
		    .name = here->name, .type = "docker", .target = "", .place = here->place};
	return spec;
}

static const struct location_spec *default_spec(struct berth_operation *operation)
{
	struct location_spec *spec = arena_array(&operation->arena, struct location_spec, 1);
	if (spec)
		*spec = (struct location_spec){.name = "localhost", .type = "localhost", .target = ""};
	return spec;
}

/* What counts instead of what the blueprint says, NULL: nothing. A --location does, of a name or of a
 * specification as it is written (`docker`); and where the last deploy put it, when its blueprint was not
 * given anew: DOCKER_HOST, or a default, may mean another place by now. */
static const struct location_spec *bound_for(struct berth_operation *operation,
					     const struct location_spec *spec, const char **source)
{
	bool again = operation->source != NULL;
	bool named = spec->name && *spec->name;
	const char *name = named ? spec->name : location_spec_text(&operation->arena, spec);
	const struct location_spec *bound = name ? binding_of(operation, name, source) : NULL;

	if (!bound || (named && !spec->type))
		return bound;
	if (again && strcmp(*source, "the store") == 0)
		return bound;
	return strcmp(*source, "--location") == 0 ? bound : NULL;
}

static void refuse_unbound(const char *name, struct error *err)
{
	fail(err, ERR_UNBOUND, "nothing says where `%s` is", name);
	remedy(
	    err,
	    "bind it: --location %s=SPEC, a `locations:` map in the blueprint, or a line in locations.yaml "
	    "(a SPEC: docker, localhost, ssh:USER@HOST, marathon:URL, openstack:CLOUD)",
	    name);
}

static bool of_cluster(const struct component *component)
{
	return component->spec->cluster;
}

static struct site *machine_for(struct berth_operation *operation, struct component *component,
				const struct location_spec *spec, const char *source, struct error *err)
{
	struct host_pool *pool = host_pool_open(operation, spec, source, err);
	if (!pool)
		return NULL;
	/* It has one already, and this is another place for its members. */
	if (component->site) {
		fail(err, ERR_UNSUPPORTED, "a pool of machines cannot be one of several locations");
		return NULL;
	}
	if (host_pool_join(operation, pool, component)) {
		fail_memory(err);
		return NULL;
	}
	if (of_cluster(component))
		component->cluster.zones =
		    (struct site **)host_pool_sites(pool, &component->cluster.zone_count);
	return host_pool_first(pool);
}

/* Two names of one place may be of unlike machines there, and so may two components of one name. */
static int keep_machine(struct berth_operation *operation, struct component *of,
			const struct location_spec *spec)
{
	const json_t *more = of->spec->provisioning;
	owned_json both = more ? cloud_options_over(spec->options, more) : NULL;

	if (more && (!both || json_array_append(operation->blueprint->holder, both)))
		return -1;
	of->machine = more ? both : spec->options;
	return 0;
}

const struct location_spec *site_spec_for(struct berth_operation *operation,
					  const struct location_spec *location, const char **ret_source)
{
	const struct location_spec *spec = location ? location : default_spec(operation);
	const struct location_spec *bound = spec ? bound_for(operation, spec, ret_source) : NULL;

	if (!bound)
		*ret_source = operation->blueprint->file;
	return bound ? bound : spec;
}

static struct site *site_for(struct berth_operation *operation, struct component *of,
			     const struct location_spec *location, struct error *err)
{
	const char *source = NULL;
	const struct location_spec *spec = site_spec_for(operation, location, &source);
	if (!spec) {
		fail_memory(err);
		return NULL;
	}
	if (!spec->type) {
		refuse_unbound(spec->name, err);
		return NULL;
	}
	if (is_host_pool(spec))
		return machine_for(operation, of, spec, source, err);
	if (of->spec->kind == COMPONENT_DOCKER && strcmp(spec->type, "localhost") == 0 &&
	    !(spec = local_engine(operation, spec))) {
		fail_memory(err);
		return NULL;
	}
	if (!of->site && keep_machine(operation, of, spec)) {
		fail_memory(err);
		return NULL;
	}
	return site_open(operation, spec, source, err);
}

/* It is opened, which asks nobody but the files and variables of this machine. */
static void warn_of_cloud(struct berth_operation *operation, const struct location_spec *spec)
{
	struct error why = {0};
	const struct location_driver *driver = spec && spec->type ? location_driver_of(spec->type) : NULL;

	if (!driver || !driver->capabilities.makes_machines || find_site(operation, spec) ||
	    site_open(operation, spec, "the blueprint", &why))
		return;
	struct diagnostic *entry = warn(&operation->diagnostics, spec->place, "%s", why.text);
	if (*why.remedy)
		advise(&operation->diagnostics, entry, "%s", why.remedy);
}

void sites_warn_clouds(struct berth_operation *operation)
{
	const struct blueprint *blueprint = operation->blueprint;

	for (size_t i = 0; i < blueprint->location_count; i++)
		warn_of_cloud(operation, &blueprint->locations[i]);
	for (size_t i = 0; i < operation->application->component_count; i++)
		warn_of_cloud(operation, operation->application->components[i].spec->location);
	diagnostics_sort(&operation->diagnostics);
}

static bool is_among(struct site *const *zones, size_t count, const struct site *site)
{
	for (size_t i = 0; i < count; i++)
		if (zones[i] == site)
			return true;
	return false;
}

/* What holds for one member holds for all: its links, and how it is changed. */
static void refuse_mixture(struct berth_operation *operation, const struct component *component,
			   const struct site *site, struct place place)
{
	struct error why = {0};
	if (site->location.driver == component->site->location.driver ||
	    strcmp(site->location.driver->type, component->site->location.driver->type) == 0)
		return;
	fail(&why, ERR_UNSUPPORTED, "the members of `%s` cannot be spread over locations of types %s and %s",
	     component->id, component->site->location.driver->type, site->location.driver->type);
	complain_error(&operation->diagnostics, place, &why);
}

/* Where the members of a cluster may go, each place once. */
static void assign_zones(struct berth_operation *operation, struct component *component)
{
	const struct cluster_spec *cluster = component->spec->cluster;
	if (!cluster || cluster->zone_count < 2 || !component->site || component->cluster.zones)
		return;
	struct site **zones = arena_array(graph_arena(operation), struct site *, cluster->zone_count);
	size_t count = 0;
	operation->diagnostics.failed |= !zones;
	for (size_t i = 0; zones && i < cluster->zone_count; i++) {
		struct error why = {0};
		struct site *site = site_for(operation, component, cluster->zones[i], &why);
		if (!site) {
			complain_error(&operation->diagnostics, cluster->zones[i]->place, &why);
			continue;
		}
		site_refuse_kind(operation, component, site->location.driver);
		refuse_mixture(operation, component, site, cluster->zones[i]->place);
		if (!is_among(zones, count, site))
			zones[count++] = site;
		else
			advise(&operation->diagnostics,
			       warn(&operation->diagnostics, cluster->zones[i]->place,
				    "`%s` is a place that the members of `%s` go to already",
				    site->location.name, component->id),
			       "take it away, or name another place");
	}
	if (count < 2)
		return;
	component->cluster.zones = zones;
	component->cluster.zone_count = count;
}

bool goes_to(const struct component *component, const struct site *site)
{
	return component->site == site ||
	       is_among(component->cluster.zones, component->cluster.zone_count, site);
}

static void assign(struct berth_operation *operation, struct component *component)
{
	struct error why = {0};
	const struct component_spec *spec = component->spec;
	if (spec->kind == COMPONENT_EXTERNAL)
		return;
	struct place place = spec->location ? spec->location->place : spec->place;
	component->site = site_for(operation, component, spec->location, &why);
	if (!component->site) {
		complain_error(&operation->diagnostics, place, &why);
		return;
	}
	site_refuse_kind(operation, component, component->site->location.driver);
	assign_zones(operation, component);
}

static bool known_before(const struct stored_application *stored, const char *name)
{
	size_t i;
	json_t *entry;
	json_array_foreach (stored->locations, i, entry)
		if (json_text(entry, "name") && strcmp(json_text(entry, "name"), name) == 0)
			return true;
	return false;
}

static bool is_called(struct berth_operation *operation, const struct location_spec *spec, const char *name)
{
	bool named = spec && spec->name && *spec->name;
	const char *called = !spec   ? "localhost"
			     : named ? spec->name
				     : location_spec_text(&operation->arena, spec);
	return called && strcmp(called, name) == 0;
}

/* Whether any component goes to what is called so. */
static bool is_gone_to(struct berth_operation *operation, const char *name)
{
	for (size_t i = 0; i < operation->application->component_count; i++) {
		const struct component_spec *component = operation->application->components[i].spec;
		const struct cluster_spec *cluster = component->cluster;
		if (is_called(operation, component->location, name))
			return true;
		for (size_t zone = 0; cluster && zone < cluster->zone_count; zone++)
			if (is_called(operation, cluster->zones[zone], name))
				return true;
	}
	return false;
}

/* One that was meant for a component and misses it would let that one go elsewhere, unnoticed. Where an
 * application was before is told by --location, too. */
static void warn_of_flags(struct berth_operation *operation)
{
	const struct stored_application *stored = operation->stored;
	const char *const *flags = operation->request.locations;
	for (size_t i = 0; !operation->berth->relocate && flags && flags[i]; i++) {
		size_t length = strcspn(flags[i], "=");
		const char *name = arena_copy(&operation->arena, flags[i], length);
		if (name && !is_gone_to(operation, name) && !(stored && known_before(stored, name)))
			operation_warn(operation, "--location %s: nothing of `%s` goes to `%s`", flags[i],
				       operation->application->id, name);
	}
}

int sites_assign(struct berth_operation *operation, struct error *err)
{
	size_t before = operation->diagnostics.errors;
	for (size_t i = 0; i < operation->application->component_count; i++)
		assign(operation, &operation->application->components[i]);
	if (operation->diagnostics.failed)
		return fail_memory(err);
	if (operation->verb->needs_store)
		warn_of_flags(operation);
	if (operation->diagnostics.errors == before)
		return 0;
	diagnostics_sort(&operation->diagnostics);
	return fail_invalid(operation, err);
}

int sites_open_flags(struct berth_operation *operation, struct error *err)
{
	for (size_t i = 0; i < operation->binding_count; i++)
		if (strcmp(operation->binding_sources[i], "--location") == 0 &&
		    !site_open(operation, operation->bindings[i], operation->binding_sources[i], err))
			return -1;
	return 0;
}

int sites_open_known(struct berth_operation *operation, bool all, struct error *err)
{
	size_t i;
	json_t *entry;
	if (operation->stored)
		json_array_foreach (operation->stored->locations, i, entry) {
			struct error why = {0};
			const char *source = "the store", *elsewhere = NULL;
			const struct location_spec *spec = binding_stored(operation, entry);
			const struct location_spec *bound =
			    spec ? binding_of(operation, spec->name, &elsewhere) : NULL;
			if (bound && strcmp(elsewhere, "--location") == 0)
				spec = bound;
			if (spec && !site_open(operation, spec, source, &why))
				operation_warn(operation, "a location of the last deploy cannot be used: %s",
					       why.text);
		}
	if (!all)
		return 0;
	for (i = 0; i < operation->binding_count; i++)
		if (!site_open(operation, operation->bindings[i], operation->binding_sources[i], err))
			return -1;
	const struct location_spec *here = default_spec(operation);
	if (!here)
		return fail_memory(err);
	return site_open(operation, here, "built in", err) ? 0 : -1;
}

/* A site that holds nothing of the application, and is to hold nothing, is not worth remembering. */
static bool is_used(const struct berth_operation *operation, const struct site *site)
{
	const struct application *application = operation->application;
	for (size_t i = 0; i < application->component_count; i++)
		if (goes_to(&application->components[i], site))
			return true;
	for (size_t i = 0; i < operation->work_count; i++)
		if (operation->works[i]->site == site && operation->works[i]->instance->phase != PHASE_GONE)
			return true;
	return false;
}

json_t *sites_remember(const struct berth_operation *operation)
{
	json_t *list = json_array();
	for (const struct site *site = operation->sites; site && list; site = site->next) {
		if (!site->open || !is_used(operation, site))
			continue;
		json_t *entry = json_object(), *spec = json_object();
		/* Where it really was: what DOCKER_HOST or a default meant then may mean something else
		 * tomorrow. */
		const json_t *options = NULL;
		const char *target = site->location.driver->resolved(&site->location, &options);
		const char *name = site->spec->name && *site->spec->name ? site->spec->name : site->origin;
		(void)(json_put_text(entry, "name", name) || json_put_text(spec, "type", site->spec->type) ||
		       json_put_text(spec, "target", target) ||
		       (options && json_put(spec, "options", json_deep_copy(options))));
		json_put(entry, "spec", spec);
		json_add(list, entry);
	}
	return list;
}

void sites_close(struct berth_operation *operation)
{
	for (struct site *site = operation->sites; site; site = site->next) {
		const struct location_driver *driver = site->location.driver;
		site_drop_lease(site);
		target_leave(site);
		if (site->facts)
			json_decref(give(site->facts->about));
		if (!site->twin) {
			driver->drop(&site->location, &site->errand);
			driver->close(&site->location);
		}
		inventory_release(&site->inventory);
		inventory_release(&site->retired);
		arena_release(&site->claim_arena);
	}
	operation->sites = NULL;
	operation->host_pools = NULL;
	operation->host_guests = NULL;
}
