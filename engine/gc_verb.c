/* gc_verb.c - `gc`: lists, and when asked removes, what carries our mark at the known locations and no
 * application owns. What somebody claimed is left alone with all that belongs to it, and so is what our own
 * store knows, and what is protected; volumes with data are only told of. */
#include <string.h>

#include "base/cleanup.h"
#include "engine/gc.h"
#include "engine/operation.h"

struct collection {
	struct remains *first, **end;
	const char *const *chosen; /* names of locations; NULL-terminated, NULL: all */
	int listing; /* the first to find, the second to make sure, the third to see what is gone */
};

static const struct location_spec here = {.name = "localhost", .type = "localhost", .target = ""};

enum { LISTING_FIND, LISTING_SURE, LISTING_GONE };

/* --- which locations ----------------------------------------------------------------------------- */

/* --location NAME chooses one, --location NAME=SPEC defines and chooses it. */
static int split_flags(struct berth_operation *operation, struct collection *collection)
{
	const char *const *given = operation->request.locations;
	size_t count = 0, bindings = 0;
	while (given && given[count])
		count++;
	if (!count)
		return 0;
	const char **names = arena_array(&operation->arena, const char *, count + 1);
	const char **bound = arena_array(&operation->arena, const char *, count + 1);
	for (size_t i = 0; names && bound && i < count; i++) {
		names[i] = arena_copy(&operation->arena, given[i], strcspn(given[i], "="));
		if (!names[i])
			return -1;
		if (strchr(given[i], '='))
			bound[bindings++] = given[i];
	}
	operation->request.locations = bound;
	collection->chosen = names;
	return names && bound ? 0 : -1;
}

static bool is_chosen(const struct collection *collection, const char *name)
{
	const char *const *chosen = collection->chosen;
	for (size_t i = 0; chosen && chosen[i]; i++)
		if (strcmp(chosen[i], name) == 0)
			return true;
	return !chosen;
}

static void add_failure(struct berth_operation *operation, const char *location, const char *app,
			const char *name, const struct error *err)
{
	json_t *entry = json_object();
	json_put_text(entry, "location", location);
	json_put_text(entry, "app", app);
	json_put_text(entry, "name", name);
	json_put_text(entry, "error", err->text);
	json_put_text(entry, "remedy", err->remedy);
	json_add(operation->failures, entry);
	if (!operation_failure(operation)->code) {
		*operation_error(operation) = *err;
		if (!strstr(err->text, location))
			fail(operation_error(operation), err->code, "%s: %s", location, err->text);
		remedy(operation_error(operation), "%s", err->remedy);
	}
}

/* One that cannot be opened keeps nobody from looking at the others. */
static void open_one(struct berth_operation *operation, const struct location_spec *spec, const char *source)
{
	struct error err = {0};
	const char *name = spec->name && *spec->name ? spec->name : spec->type;
	if (!is_chosen(operation->verb_state, name))
		return;
	struct site *site = site_open(operation, spec, source, &err);
	if (site)
		site->needed = true;
	else
		add_failure(operation, name, NULL, NULL, &err);
}

/* What our own store knows is owned, and where its last deploys were there may be more. */
static int open_stored(struct berth_operation *operation, struct error *err)
{
	owned_json names = NULL;
	size_t i;
	json_t *name;
	struct error why = {0};
	if (store_applications(operation->berth->store, &names, &why)) {
		if (operation->request.remove)
			return *err = why, -1;
		operation_warn(operation, "%s; what it knows may be among what is shown", why.text);
	}
	json_array_foreach (names, i, name) {
		stored_application_free(operation->stored);
		operation->stored = NULL;
		if (map_put(&operation->verb_names, json_string_value(name), operation))
			return fail_memory(err);
		if (store_application(operation->berth->store, json_string_value(name), &operation->stored,
				      err) ||
		    sites_open_known(operation, false, err))
			return -1;
	}
	return 0;
}

static bool is_known(const struct berth_operation *operation, const char *name)
{
	for (const struct site *site = operation->sites; site; site = site->next)
		if (strcmp(site->location.name, name) == 0)
			return true;
	for (size_t i = 0; i < operation->binding_count; i++)
		if (strcmp(operation->bindings[i]->name, name) == 0)
			return true;
	return strcmp(name, here.name) == 0;
}

/* Places that nobody asked for are not asked. */
static int keep_chosen(struct berth_operation *operation, struct error *err)
{
	const struct collection *collection = operation->verb_state;
	const char *const *chosen = collection->chosen;
	for (size_t i = 0; chosen && chosen[i]; i++) {
		if (is_known(operation, chosen[i]))
			continue;
		fail(err, ERR_UNBOUND, "nothing says where `%s` is", chosen[i]);
		remedy(err,
		       "`berth locations` shows the names that are known; --location %s=SPEC gives it a "
		       "meaning",
		       chosen[i]);
		return -1;
	}
	for (struct site *site = operation->sites; site; site = site->next)
		if (is_chosen(collection, site->location.name) && site->twin)
			site->twin->needed = true;
		else if (is_chosen(collection, site->location.name))
			site->needed = true;
	for (struct site *site = operation->sites; site; site = site->next)
		site->open &= site->needed;
	return 0;
}

static bool begin(struct berth_operation *operation)
{
	struct error *err = operation_error(operation);
	struct collection *collection = arena_array(&operation->arena, struct collection, 1);
	operation->failures = json_array();
	if (!collection || !operation->failures || split_flags(operation, collection)) {
		fail_memory(err);
		return stage_failed(operation);
	}
	collection->end = &collection->first;
	operation->verb_state = collection;
	if (sites_bind(operation, err) || open_stored(operation, err))
		return stage_failed(operation);
	for (size_t i = 0; i < operation->binding_count; i++)
		open_one(operation, operation->bindings[i], operation->binding_sources[i]);
	open_one(operation, &here, "built in");
	if (keep_chosen(operation, err))
		return stage_failed(operation);
	operation->stage = STAGE_SURVEY;
	return true;
}

/* --- what is there -------------------------------------------------------------------------------- */

static void wake(struct errand *errand)
{
	operation_wake(errand->owner);
}

static struct remains *remains_of(struct berth_operation *operation, struct site *site, const char *app)
{
	struct collection *collection = operation->verb_state;
	struct remains *remains = collection->first;
	while (remains && (remains->site != site || strcmp(remains->app, app) != 0))
		remains = remains->next;
	if (remains)
		return remains;
	remains = arena_array(&operation->arena, struct remains, 1);
	const char *name = remains ? arena_text(&operation->arena, app) : NULL;
	if (!name)
		return NULL;
	*remains = (struct remains){.operation = operation,
				    .site = site,
				    .app = name,
				    .end = &remains->first,
				    .errand = {.wake = wake, .owner = operation}};
	*collection->end = remains;
	collection->end = &remains->next;
	return remains;
}

static const struct inventory_claim *claim_of(const struct site *site, const char *app)
{
	for (size_t i = 0; i < site->inventory.claim_count; i++)
		if (strcmp(site->inventory.claims[i].app, app) == 0)
			return &site->inventory.claims[i];
	return NULL;
}

/* What is not to be removed while nobody with its blueprint says so, and all that belongs to it. */
static bool protects(const struct site *site, const char *app)
{
	for (size_t i = 0; i < site->inventory.instance_count; i++)
		if (site->inventory.instances[i].protect &&
		    strcmp(site->inventory.instances[i].app, app) == 0)
			return true;
	return false;
}

static int add_thing(struct berth_operation *operation, struct site *site, const char *app, const char *kind,
		     const char *name, const char *state)
{
	const struct collection *collection = operation->verb_state;
	struct remains *remains = remains_of(operation, site, app);
	struct thing *thing = remains ? remains->first : NULL;
	while (thing && (strcmp(thing->kind, kind) != 0 || strcmp(thing->name, name) != 0))
		thing = thing->next;
	if (remains && !thing && collection->listing != LISTING_FIND)
		return 0; /* only what was shown is removed */
	if (!thing && remains) {
		struct arena *arena = &operation->arena;
		thing = arena_array(arena, struct thing, 1);
		if (!thing)
			return -1;
		*thing = (struct thing){.kind = arena_text(arena, kind),
					.name = arena_text(arena, name),
					.state = state,
					.errand = {.wake = wake, .owner = operation}};
		if (!thing->kind || !thing->name)
			return -1;
		*remains->end = thing;
		remains->end = &thing->next;
	}
	if (!thing)
		return -1;
	thing->there = true;
	return 0;
}

static int note(struct berth_operation *operation, struct site *site, const char *app, const char *kind,
		const char *name, const char *state)
{
	if (claim_of(site, app) || map_get(operation->verb_names, app) || protects(site, app))
		return 0;
	return add_thing(operation, site, app, kind, name, state);
}

/* Whether a claim, or a deploy that has just begun, is of something. */
static bool anything_of(const struct inventory *inventory, const char *app)
{
	for (size_t i = 0; i < inventory->instance_count; i++)
		if (strcmp(inventory->instances[i].app, app) == 0)
			return true;
	for (size_t i = 0; i < inventory->object_count; i++)
		if (strcmp(inventory->objects[i].app, app) == 0)
			return true;
	for (size_t i = 0; i < inventory->volume_count; i++)
		if (strcmp(inventory->volumes[i].app, app) == 0)
			return true;
	return false;
}

/* One that nothing is behind is whose it is all the same: it is only told of. */
static int note_claim(struct berth_operation *operation, struct site *site,
		      const struct inventory_claim *claim)
{
	if (map_get(operation->verb_names, claim->app) || anything_of(&site->inventory, claim->app))
		return 0;
	return add_thing(operation, site, claim->app, "claim", claim->app, NULL);
}

static const char *state_word(enum observed_state state)
{
	static const char *const words[] = {
	    [SEEN_CREATED] = "stopped", [SEEN_RUNNING] = "running", [SEEN_RESTARTING] = "broken",
	    [SEEN_STOPPED] = "stopped", [SEEN_BROKEN] = "broken",   [SEEN_UNKNOWN] = "unknown"};
	return words[state];
}

static int gather_site(struct berth_operation *operation, struct site *site)
{
	const struct inventory *inventory = &site->inventory;
	int failed = 0;
	for (size_t i = 0; i < inventory->instance_count; i++) {
		const struct observed *seen = &inventory->instances[i];
		failed |= note(operation, site, seen->app, "instance", seen->name, state_word(seen->state));
	}
	for (size_t i = 0; i < inventory->object_count; i++) {
		const struct inventory_object *object = &inventory->objects[i];
		failed |= note(operation, site, object->app, object->kind, object->name, NULL);
	}
	for (size_t i = 0; i < inventory->volume_count; i++) {
		const struct inventory_volume *volume = &inventory->volumes[i];
		failed |= note(operation, site, volume->app, "volume", volume->target_name, NULL);
	}
	for (size_t i = 0; i < inventory->claim_count; i++)
		failed |= note_claim(operation, site, &inventory->claims[i]);
	return failed;
}

static void forget_listing(const struct collection *collection)
{
	for (struct remains *remains = collection->first; remains; remains = remains->next)
		for (struct thing *thing = remains->first; thing; thing = thing->next)
			thing->there = false;
}

static int gather(struct berth_operation *operation)
{
	const struct collection *collection = operation->verb_state;
	forget_listing(collection);
	for (struct site *site = operation->sites; site; site = site->next) {
		if (site->failed && collection->listing == LISTING_FIND)
			add_failure(operation, site->location.name, NULL, NULL, site_error(site));
		if (site->open && site->listed && gather_site(operation, site))
			return -1;
	}
	for (struct remains *remains = collection->first; remains; remains = remains->next) {
		const struct inventory_claim *claim = claim_of(remains->site, remains->app);
		if (claim && !(remains->owner = arena_text(&operation->arena, claim->owner_words)))
			return -1;
		if (remains->site->failed && collection->listing == LISTING_SURE)
			remains->error = *site_error(remains->site);
	}
	return 0;
}

/* --- the document ---------------------------------------------------------------------------------- */

static json_t *found_json(const struct collection *collection)
{
	json_t *list = json_array();
	for (const struct remains *remains = collection->first; remains; remains = remains->next)
		for (const struct thing *thing = remains->first; thing; thing = thing->next) {
			json_t *entry = json_object();
			json_put_text(entry, "location", remains->site->location.name);
			json_put_text(entry, "spec", remains->site->origin);
			json_put_text(entry, "app", remains->app);
			json_put_text(entry, "kind", thing->kind);
			json_put_text(entry, "name", thing->name);
			json_put_text(entry, "state", thing->state);
			if (strcmp(thing->kind, "claim") == 0)
				json_put_text(entry, "owner", remains->owner);
			json_put_flag(entry, "removed", thing->removed);
			json_add(list, entry);
		}
	return list;
}

static json_t *document(const struct berth_operation *operation)
{
	json_t *ret = document_new(NULL);
	json_put(ret, "found", found_json(operation->verb_state));
	json_put_shared(ret, "failures", operation->failures);
	return ret;
}

static void add_failures_of(struct berth_operation *operation, const struct remains *remains)
{
	const char *location = remains->site->location.name;
	if (remains->error.code)
		add_failure(operation, location, remains->app, NULL, &remains->error);
	for (const struct thing *thing = remains->first; thing; thing = thing->next)
		if (thing->error.code)
			add_failure(operation, location, remains->app, thing->name, &thing->error);
}

static bool conclude(struct berth_operation *operation)
{
	const struct collection *collection = operation->verb_state;
	for (const struct remains *remains = collection->first; remains; remains = remains->next)
		add_failures_of(operation, remains);
	if (operation->cancelled)
		fail(operation_error(operation), operation->timed_out ? ERR_TIMED_OUT : ERR_CANCELLED,
		     operation->timed_out ? "the time ran out; what is left stays for the next time"
					  : "interrupted; what is left stays for the next time");
	operation_finish(operation, outcome_of(operation_failure(operation)->code), document(operation));
	return false;
}

/* --- removing --------------------------------------------------------------------------------------- */

/* What was said to be removed and is there all the same is not. */
static void compare(struct collection *collection)
{
	for (struct remains *remains = collection->first; remains; remains = remains->next)
		for (struct thing *thing = remains->first; thing; thing = thing->next) {
			if (!thing->there || !thing->removed)
				continue;
			thing->removed = false;
			fail(&thing->error, ERR_FAILED, "%s `%s` is still there after its removal",
			     thing->kind, thing->name);
		}
}

static bool anything_to_remove(const struct collection *collection)
{
	for (const struct remains *remains = collection->first; remains; remains = remains->next)
		if (remains_removable(remains))
			return true;
	return false;
}

/* Only places where something is to be removed are listed again. */
static void leave_others(struct berth_operation *operation)
{
	const struct collection *collection = operation->verb_state;
	for (struct site *site = operation->sites; site; site = site->next)
		site->open = false;
	for (const struct remains *remains = collection->first; remains; remains = remains->next)
		remains->site->open = true;
}

static int make_token(struct berth_operation *operation)
{
	unsigned char bytes[8];
	char hex[2 * sizeof bytes + 1];
	struct world *world = operation->berth->world;
	if (world->ops->random(world, bytes, sizeof bytes))
		return -1;
	for (size_t i = 0; i < sizeof bytes; i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	operation->lease_token = arena_format(&operation->arena, "gc.%s", hex);
	lock_describe(operation);
	return operation->lease_token && operation->lease_words ? 0 : -1;
}

static bool found(struct berth_operation *operation)
{
	if (!operation->request.remove || operation->request.dry_run ||
	    !anything_to_remove(operation->verb_state))
		return conclude(operation);
	operation->document = document(operation);
	if (!stage_confirmed(operation))
		return false;
	if (make_token(operation)) {
		fail_memory(operation_error(operation));
		return stage_failed(operation);
	}
	leave_others(operation);
	operation->stage = STAGE_LEASE;
	return true;
}

static bool surveyed(struct berth_operation *operation)
{
	struct collection *collection = operation->verb_state;
	if (survey(operation) == PROGRESS_WAITING)
		return false;
	if (gather(operation)) {
		fail_memory(operation_error(operation));
		return stage_failed(operation);
	}
	if (collection->listing == LISTING_FIND)
		return found(operation);
	if (collection->listing == LISTING_GONE) {
		compare(collection);
		return conclude(operation);
	}
	operation->stage = STAGE_WORK;
	return true;
}

static bool list_again(struct berth_operation *operation)
{
	struct collection *collection = operation->verb_state;
	collection->listing++;
	survey_again(operation);
	operation->stage = STAGE_SURVEY;
	return true;
}

/* Brings all of them to that step. True when there is nothing to wait for. */
static bool go_all(struct berth_operation *operation, int until)
{
	const struct collection *collection = operation->verb_state;
	bool waiting = false;
	for (struct remains *remains = collection->first; remains; remains = remains->next)
		if (remains_removable(remains))
			waiting |= !remains_go(remains, until);
	return !waiting;
}

static bool leased(struct berth_operation *operation)
{
	return go_all(operation, REMAINS_INSTANCES) && list_again(operation);
}

/* What was claimed meanwhile, or cannot be seen any more, is only let go of. */
static void spare(const struct collection *collection)
{
	for (struct remains *remains = collection->first; remains; remains = remains->next) {
		if (remains->step != REMAINS_INSTANCES || (!remains->owner && !remains->error.code))
			continue;
		if (remains->owner)
			fail(&remains->error, ERR_LOCKED, "`%s` belongs to %s by now", remains->app,
			     remains->owner);
		remains->step = REMAINS_GIVE_BACK;
	}
}

static bool worked(struct berth_operation *operation)
{
	spare(operation->verb_state);
	if (!go_all(operation, REMAINS_OVER) && !operation->abandoned)
		return false;
	if (operation->cancelled)
		return conclude(operation);
	return list_again(operation);
}

static void gc_step(struct berth_operation *operation)
{
	static bool (*const stages[])(struct berth_operation *) = {
	    [STAGE_BEGIN] = begin, [STAGE_SURVEY] = surveyed, [STAGE_LEASE] = leased, [STAGE_WORK] = worked};
	const struct collection *collection = operation->verb_state;
	if (operation->cancelled && (!collection || collection->listing == LISTING_FIND) &&
	    operation->stage <= STAGE_SURVEY) {
		fail(operation_error(operation), operation->timed_out ? ERR_TIMED_OUT : ERR_CANCELLED,
		     operation->timed_out ? "not all locations answered in time" : "interrupted");
		stage_failed(operation);
		return;
	}
	while (!operation->done && stages[operation->stage](operation))
		;
}

const struct verb verb_gc = {.name = "gc", .step = gc_step};
