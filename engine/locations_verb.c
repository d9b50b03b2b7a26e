/* locations_verb.c - `locations`: the names that are known and where they were defined; with `check`, what
 * each answers. */
#include <string.h>

#include "base/cleanup.h"
#include "engine/hosts.h"

/* One line of the answer. */
struct entry {
	const char *name, *source, *origin;
	const struct location_spec *spec;
	struct site *site; /* with `check`: NULL when it could not even be opened */
	struct error error;
};

struct listing {
	struct entry *entries;
	size_t count, room;
};

static bool listed(const struct listing *listing, const char *name)
{
	for (size_t i = 0; i < listing->count; i++)
		if (strcmp(listing->entries[i].name, name) == 0)
			return true;
	return false;
}

/* One more at the end, or NULL (no memory). */
static struct entry *add_entry(struct berth_operation *operation, struct listing *listing)
{
	if (listing->count == listing->room) {
		size_t room = listing->room ? 2 * listing->room : 16;
		struct entry *entries = arena_array(&operation->arena, struct entry, room);
		if (!entries)
			return NULL;
		if (listing->count)
			memcpy(entries, listing->entries, listing->count * sizeof *entries);
		listing->entries = entries;
		listing->room = room;
	}
	return &listing->entries[listing->count++];
}

static bool machine_listed(const struct listing *listing, const struct site *machine)
{
	for (size_t i = 0; i < listing->count; i++)
		if (!strcmp(listing->entries[i].name, machine->location.name) && listing->entries[i].origin &&
		    !strcmp(listing->entries[i].origin, machine->origin))
			return true;
	return false;
}

/* Each machine of a pool is asked by itself, and once, however many components a pool without a name stands
 * at. The entry that stands for the pool is the last one, and goes. */
static int add_machines(struct berth_operation *operation, struct listing *listing)
{
	struct entry *entry = &listing->entries[listing->count - 1];
	const char *source = entry->source;
	size_t count = 0;
	struct host_pool *pool = host_pool_open(operation, entry->spec, source, &entry->error);
	struct site *const *sites = pool ? host_pool_sites(pool, &count) : NULL;
	if (!pool)
		return 0;
	listing->count--;
	for (size_t i = 0; i < count; i++) {
		if (machine_listed(listing, sites[i]))
			continue;
		struct entry *machine = add_entry(operation, listing);
		if (!machine)
			return -1;
		*machine = (struct entry){.name = sites[i]->location.name,
					  .spec = sites[i]->spec,
					  .source = source,
					  .origin = sites[i]->origin};
	}
	return 0;
}

/* A name's first definition counts. With a name in the request, only that one. 0 or -1 (no memory). */
static int add(struct berth_operation *operation, struct listing *listing, const char *name,
	       const struct location_spec *spec, const char *source)
{
	const char *only = operation->request.name;
	if ((only && strcmp(only, name) != 0) || listed(listing, name))
		return 0;
	struct entry *entry = add_entry(operation, listing);
	if (!entry)
		return -1;
	*entry = (struct entry){.name = name, .spec = spec, .source = source};
	if (!spec->type) {
		fail(&entry->error, ERR_UNBOUND, "`%s` stands for another name, not for a place", name);
		remedy(&entry->error, "give it a SPEC, for example docker or docker:unix:///run/docker.sock");
		return 0;
	}
	entry->origin = location_spec_text(&operation->arena, spec);
	if (!entry->origin)
		return -1;
	return is_host_pool(spec) && operation->request.check ? add_machines(operation, listing) : 0;
}

/* A name that nobody defined may be a spec itself: `locations check docker:tcp://10.0.0.5:2376`. */
static int add_asked_for(struct berth_operation *operation, struct listing *listing, struct error *err)
{
	const char *name = operation->request.name;
	struct location_spec *spec = arena_array(&operation->arena, struct location_spec, 1);
	if (!spec)
		return fail_memory(err);
	if (location_spec_parse(&operation->arena, name, spec, err))
		return -1;
	if (spec->type)
		return add(operation, listing, name, spec, "the command") ? fail_memory(err) : 0;
	fail(err, ERR_UNBOUND, "nothing says where `%s` is", name);
	if (location_driver_of(name))
		remedy(
		    err,
		    "write `%s:` for the one that its variables describe, or say which one behind the colon",
		    name);
	else
		remedy(
		    err,
		    "`berth locations` shows the names that are known; --location %s=SPEC gives it a meaning",
		    name);
	return -1;
}

/* Where the blueprint says that something goes; a name that it does not define itself is looked up. */
static int add_spec(struct berth_operation *operation, struct listing *listing,
		    const struct location_spec *spec)
{
	const char *file = operation->blueprint->file, *source = file;
	bool named = spec->name && *spec->name;
	const char *name = named ? spec->name : location_spec_text(&operation->arena, spec);
	const struct location_spec *bound = name ? binding_of(operation, name, &source) : NULL;

	if (bound && (!spec->type || !strcmp(source, "--location")))
		return add(operation, listing, name, bound, source);
	return name ? add(operation, listing, name, spec, file) : -1;
}

/* Those that it defines, and those that its components go to. */
static int add_of_blueprint(struct berth_operation *operation, struct listing *listing)
{
	const struct blueprint *blueprint = operation->blueprint;
	int failed = 0;

	for (size_t i = 0; i < blueprint->location_count && !failed; i++)
		failed = add_spec(operation, listing, &blueprint->locations[i]);
	for (size_t i = 0; i < blueprint->component_count && !failed; i++) {
		const struct component_spec *component = &blueprint->components[i];
		if (component->kind != COMPONENT_EXTERNAL && component->location)
			failed = add_spec(operation, listing, component->location);
		for (size_t zone = 0; component->cluster && zone < component->cluster->zone_count && !failed;
		     zone++)
			failed = add_spec(operation, listing, component->cluster->zones[zone]);
	}
	return failed;
}

static int refuse_name(const struct berth_operation *operation, struct error *err)
{
	fail(err, ERR_UNBOUND, "%s has no location `%s`", operation->blueprint->file,
	     operation->request.name);
	remedy(err, "`berth locations check %s` asks all that it has", operation->blueprint->file);
	return -1;
}

static int gather(struct berth_operation *operation, struct listing *listing, struct error *err)
{
	static const struct location_spec here = {.name = "localhost", .type = "localhost", .target = ""};
	if (sites_bind(operation, err))
		return -1;
	if (operation->blueprint) {
		if (add_of_blueprint(operation, listing))
			return fail_memory(err);
		return operation->request.name && !listing->count ? refuse_name(operation, err) : 0;
	}
	for (size_t i = 0; i < operation->binding_count; i++)
		if (add(operation, listing, operation->bindings[i]->name, operation->bindings[i],
			operation->binding_sources[i]))
			return fail_memory(err);
	if (add(operation, listing, here.name, &here, "built in"))
		return fail_memory(err);
	return operation->request.name && !listing->count ? add_asked_for(operation, listing, err) : 0;
}

static void open_all(struct berth_operation *operation, struct listing *listing)
{
	for (size_t i = 0; i < listing->count; i++) {
		struct entry *entry = &listing->entries[i];
		if (entry->error.code == OK)
			entry->site = site_open(operation, entry->spec, entry->source, &entry->error);
	}
}

static enum progress connect(struct site *site, struct error *err)
{
	if (!site->facts && !(site->facts = arena_array(&site->operation->arena, struct location_facts, 1))) {
		fail_memory(err);
		return PROGRESS_FAILED;
	}
	return site->location.driver->connect(&site->location, &site->errand, site->facts, err);
}

/* Ask every location that has not answered; true when none is left. Names of one place share a site. */
static bool ask(struct listing *listing)
{
	bool all = true;
	for (size_t i = 0; i < listing->count; i++) {
		struct site *site = listing->entries[i].site;
		struct error err = {0};
		if (!site || site->listed)
			continue;
		switch (connect(site, &err)) {
		case PROGRESS_WAITING:
			all = false;
			break;
		case PROGRESS_FAILED:
			site->failed = true;
			site_keep_error(site, &err); /* fall through */
		case PROGRESS_DONE:
		default:
			host_answered(site, &err);
			site->listed = true;
		}
	}
	return all;
}

/* What is wrong with it, or NULL: as far as it is known. */
static const struct error *wrong(const struct entry *entry)
{
	if (!entry->site)
		return entry->error.code == OK ? NULL : &entry->error;
	return entry->site->failed ? site_error(entry->site) : NULL;
}

static int describe(const struct entry *entry, bool checked, json_t *ret)
{
	const struct site *site = entry->site;
	const struct error *error = wrong(entry);
	bool answered = checked && (error || (site && site->listed));
	const struct location_facts *facts = site && site->listed && !error ? site->facts : NULL;
	if (json_put_text(ret, "name", entry->name) || json_put_text(ret, "type", entry->spec->type) ||
	    json_put_text(ret, "spec", entry->origin) || json_put_text(ret, "source", entry->source) ||
	    json_put(ret, "reachable", answered ? json_boolean(!error) : json_null()) ||
	    json_put_text(ret, "endpoint", facts ? facts->endpoint : NULL) ||
	    json_put_text(ret, "because", facts && facts->because[0] ? facts->because : NULL) ||
	    json_put_text(ret, "version", facts ? facts->version : NULL) ||
	    json_put_text(ret, "details", facts ? facts->details : NULL) ||
	    (facts && facts->about && json_put_shared(ret, "about", facts->about)))
		return -1;
	if (site && site->pooled && checked && json_put(ret, "health", host_health_json(site)))
		return -1;
	if (checked && !answered) /* cancelled, or out of time */
		return json_put_text(ret, "error", "gave no answer in time") ||
		       json_put_text(ret, "remedy", "give it more time with --timeout");
	return json_put_text(ret, "error", error ? error->text : NULL) ||
	       json_put_text(ret, "remedy", error && error->remedy[0] ? error->remedy : NULL);
}

static json_t *document_of(const struct berth_operation *operation, const struct listing *listing)
{
	json_t *document = document_new(NULL);
	json_t *list = json_array();
	for (size_t i = 0; i < listing->count; i++) {
		json_t *entry = json_object();
		if (describe(&listing->entries[i], operation->request.check, entry) ||
		    json_array_append(list, entry)) {
			json_decref(entry);
			json_decref(list);
			json_decref(document);
			return NULL;
		}
		json_decref(entry);
	}
	if (json_put(document, "locations", list) == 0)
		return document;
	json_decref(document);
	return NULL;
}

/* The first one that is wrong decides how the command ends. */
static void finish(struct berth_operation *operation, const struct listing *listing, bool complete)
{
	enum berth_outcome outcome = complete ? BERTH_OK : BERTH_INTERRUPTED;
	size_t asked = complete && operation->request.check ? listing->count : 0;
	for (size_t i = 0; i < asked && outcome == BERTH_OK; i++) {
		const struct error *error = wrong(&listing->entries[i]);
		if (!error)
			continue;
		*operation_error(operation) = *error;
		outcome = outcome_of(error->code);
	}
	if (!complete)
		fail(operation_error(operation), operation->timed_out ? ERR_TIMED_OUT : ERR_CANCELLED,
		     operation->timed_out ? "not all locations answered in time" : "interrupted");
	json_t *document = document_of(operation, listing);
	if (!document) {
		struct error err = {0};
		fail_memory(&err);
		operation_fail(operation, &err);
		return;
	}
	operation_finish(operation, outcome, document);
}

static void step(struct berth_operation *operation)
{
	struct listing *listing = operation->verb_state;
	if (!listing) {
		struct error err = {0};
		if (operation->request.blueprint && operation_read_blueprint(operation))
			return;
		listing = operation->verb_state = arena_array(&operation->arena, struct listing, 1);
		if (!listing)
			fail_memory(&err);
		if (!listing || gather(operation, listing, &err)) {
			operation_fail(operation, &err);
			return;
		}
		if (operation->request.check)
			open_all(operation, listing);
	}
	bool complete = !operation->request.check || ask(listing);
	if (complete || operation->cancelled)
		finish(operation, listing, complete);
}

const struct verb verb_locations = {.name = "locations", .step = step};
