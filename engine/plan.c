/* plan.c - decide for every instance what is to be done, and why: the same decision that reconcile carries
 * out. */
#include <string.h>

#include "base/cleanup.h"
#include "engine/specs.h"

struct decision {
	struct berth_operation *operation;
	struct work *work;
	bool failed;
};

static void because(struct decision *decision, const char *path, const char *old, const char *new,
		    struct place place)
{
	struct arena *arena = &decision->operation->arena;
	struct reason *reason = arena_array(arena, struct reason, 1), **at = &decision->work->reasons;
	if (!reason) {
		decision->failed = true;
		return;
	}
	*reason = (struct reason){.path = arena_text(arena, path),
				  .old = old ? arena_text(arena, old) : NULL,
				  .new = new ? arena_text(arena, new) : NULL,
				  .place = place};
	decision->failed |= !reason->path;
	while (*at)
		at = &(*at)->next;
	*at = reason;
}

/* Where a path of the facts was written: "openPorts.6379/tcp" stands at the key "openPorts". */
static struct place place_of(const struct component_spec *spec, const char *path)
{
	size_t best = 0;
	struct place place = spec->place;
	for (size_t i = 0; i < spec->key_place_count; i++) {
		const char *key = spec->key_places[i].key;
		size_t length = strlen(key);
		if (length > best && strncmp(path, key, length) == 0 &&
		    (path[length] == '\0' || path[length] == '.')) {
			best = length;
			place = spec->key_places[i].place;
		}
	}
	return place;
}

static const char *shown(const char *path, const char *value)
{
	return value && sensitive_name(path) && !starts_with(value, "$berth:") ? "***" : value;
}

/* What differs between the facts of the last deploy and today's. */
static void compare_facts(struct decision *decision)
{
	const struct component *component = decision->work->instance->component;
	const struct fact *facts = NULL;
	size_t count = 0, before = 0;
	json_t *old = decision->operation->stored
			  ? json_object_get(decision->operation->stored->facts, component->id)
			  : NULL;
	if (facts_of(&decision->work->arena, decision->operation->application, component, &facts, &count)) {
		decision->failed = true;
		return;
	}
	owned_json left = json_copy(old);
	for (size_t i = 0; old && i < count; i++) {
		const char *was = json_text(old, facts[i].path), *is = shown(facts[i].path, facts[i].value);
		if (!was || strcmp(was, is) != 0) {
			because(decision, facts[i].path, was, is, place_of(component->spec, facts[i].path));
			before++;
		}
		json_object_del(left, facts[i].path);
	}
	const char *path;
	json_t *value;
	json_object_foreach (left, path, value) {
		because(decision, path, json_string_value(value), NULL, component->spec->place);
		before++;
	}
	if (!before)
		because(decision, "specification", NULL, NULL, component->spec->place);
}

static const char *image_now(const struct work *work)
{
	const struct inventory *inventory = &work->site->inventory;
	const char *image = work->instance->component->spec->image.familiar;
	for (size_t i = 0; image && i < inventory->image_count; i++)
		if (strcmp(inventory->images[i].reference, image) == 0)
			return inventory->images[i].id;
	return NULL;
}

/* A tag that now names another image is a change; an image that is not there any more is none. */
static void compare_image(struct decision *decision)
{
	const struct observed *seen = decision->work->instance->seen;
	const struct component_spec *spec = decision->work->instance->component->spec;
	const char *now = image_now(decision->work);
	if (now && seen->image_id && !spec->image.digest && strcmp(now, seen->image_id) != 0)
		because(decision, "image", seen->image_id, now, spec->place);
}

static void compare_secrets(struct decision *decision)
{
	const struct work *work = decision->work;
	const struct observed *seen = work->instance->seen;
	const char *had = seen->secret_digest ? seen->secret_digest : "";
	if (strcmp(had, work->spec->secret_digest) != 0)
		because(decision, "secrets", NULL, NULL, work->instance->component->spec->place);
}

static bool is_published(const struct observed *seen, const struct spec_port *port)
{
	for (size_t a = 0; a < seen->attachment_count; a++) {
		const struct attachment *at = &seen->attachments[a];
		bool routed = !*at->network || a > 0;
		for (size_t i = 0; routed && i < at->port_count; i++)
			if (at->ports[i].port == port->port && at->ports[i].protocol == port->protocol &&
			    (!port->host_port || at->ports[i].number == port->host_port))
				return true;
	}
	return false;
}

/* Gaining a consumer outside needs another instance; losing the last one needs nothing. */
static void compare_publications(struct decision *decision)
{
	const struct work *work = decision->work;
	const struct observed *seen = work->instance->seen;
	if (seen->state != SEEN_RUNNING)
		return;
	for (size_t i = 0; i < work->port_count; i++)
		if (work->ports[i].published && !is_published(seen, &work->ports[i])) {
			because(decision, "publish", NULL, NULL, work->instance->component->spec->place);
			return;
		}
}

static void compare_links(struct decision *decision, enum resolved found)
{
	const struct work *work = decision->work;
	const struct observed *seen = work->instance->seen;
	const char *had = seen->link_digest ? seen->link_digest : "";
	if (found == RESOLVED_LATER || strcmp(had, work->spec->link_digest) != 0)
		because(decision, "links", NULL, NULL, place_of(work->instance->component->spec, "links"));
}

static void decide_seen(struct decision *decision, enum resolved found)
{
	struct work *work = decision->work;
	const struct observed *seen = work->instance->seen;
	struct place place = work->instance->component->spec->place;
	char digest[DIGEST_HEX];
	const struct fact *facts = NULL;
	size_t count = 0;
	if (seen->orphan_tree) {
		because(decision, "keeper", "its keeper died and left processes", NULL, place);
		work->action = ACTION_REPLACE;
		return;
	}
	if (facts_of(&work->operation->arena, decision->operation->application, work->instance->component,
		     &facts, &count) ||
	    facts_digest(facts, count, digest)) {
		decision->failed = true;
		return;
	}
	if (!seen->digest || strcmp(seen->digest, digest) != 0)
		compare_facts(decision);
	compare_image(decision);
	if (found == RESOLVED)
		compare_secrets(decision);
	compare_publications(decision);
	compare_links(decision, found);
	if (seen->state == SEEN_BROKEN)
		because(decision, "state", seen->error ? seen->error : "broken", NULL, place);
	if (seen->state ==
	    SEEN_RESTARTING) /* made anew it gets another chance at once, and its exits count afresh */
		because(decision, "state", "it keeps ending", NULL, place);
	if (work->reasons)
		work->action = ACTION_REPLACE;
	else if (seen->state == SEEN_CREATED || seen->state == SEEN_STOPPED)
		work->action = ACTION_START;
	else
		work->action = ACTION_UNCHANGED;
}

bool instance_known_ready(const struct instance *instance)
{
	const struct observed *seen = instance->seen;
	const struct berth_operation *operation = instance->work->operation;
	struct stored_instance stored = {0};
	if (!seen || !seen->target_id ||
	    store_instance(operation->berth->store, operation->application->id, instance->name, &stored,
			   NULL))
		return false;
	bool known = stored.target_id && strcmp(stored.target_id, seen->target_id) == 0;
	stored_instance_release(&stored);
	return known;
}

static int decide_wanted(struct decision *decision, struct error *err)
{
	struct work *work = decision->work;
	struct instance *instance = work->instance;
	const char *waits = NULL;
	struct error why = {0};
	enum resolved found = spec_build(work, &waits, &why);
	if (found == RESOLVED_NEVER) {
		struct place place = work->fault.line ? work->fault : instance->component->spec->place;
		struct diagnostic *entry = complain(&decision->operation->diagnostics, place, "%s", why.text);
		if (why.remedy[0])
			advise(&decision->operation->diagnostics, entry, "%s", why.remedy);
		return 0;
	}
	struct instance_spec outline;
	if (spec_outline(work, &work->operation->arena, &outline))
		return fail_memory(err);
	if (work->site->location.driver->check(&work->site->location, work->spec ? work->spec : &outline,
					       &why)) {
		complain(&decision->operation->diagnostics, instance->component->spec->place, "%s", why.text);
		return 0;
	}
	if (!instance->seen)
		work->action = ACTION_CREATE;
	else
		decide_seen(decision, found);
	if (instance->seen && work->action == ACTION_UNCHANGED) {
		instance->attachments = instance->seen->attachments;
		instance->attachment_count = instance->seen->attachment_count;
		work->verify = instance->seen->state != SEEN_RUNNING || !instance_known_ready(instance);
	}
	return decision->failed ? fail_memory(err) : 0;
}

static int decide(struct berth_operation *operation, struct work *work, struct error *err)
{
	struct decision decision = {.operation = operation, .work = work};
	if (work->instance->wanted)
		return decide_wanted(&decision, err);
	const struct component *component = work->instance->component;
	static const struct place nowhere;
	work->action = ACTION_REMOVE;
	because(&decision, component->spec ? "instances" : "component", NULL, NULL,
		component->spec ? place_of(component->spec, "instances") : nowhere);
	return decision.failed ? fail_memory(err) : 0;
}

static int decide_all(struct berth_operation *operation, struct error *err)
{
	struct application *application = operation->application;
	for (size_t i = 0; application->order && i < application->blueprint->component_count; i++) {
		struct component *component = &application->components[application->order[i]];
		for (size_t n = 0; n < component->instance_count; n++)
			if (decide(operation, component->instances[n].work, err))
				return -1;
	}
	size_t known = application->blueprint ? application->blueprint->component_count : 0;
	for (size_t i = known; i < application->component_count; i++)
		for (size_t n = 0; n < application->components[i].instance_count; n++)
			if (decide(operation, application->components[i].instances[n].work, err))
				return -1;
	return 0;
}

/* An unchanged provider of somebody who is to be started is asked whether it answers. */
static void verify_providers(struct berth_operation *operation)
{
	for (size_t i = 0; i < operation->work_count; i++) {
		const struct work *work = operation->works[i];
		const struct component *component = work->instance->component;
		if (!work->instance->wanted || work->action == ACTION_UNCHANGED)
			continue;
		for (size_t e = 0; e < component->need_count; e++) {
			struct component *provider =
			    &operation->application->components[component->needs[e].to];
			for (size_t n = 0; n < provider->instance_count; n++)
				provider->instances[n].work->verify = true;
		}
	}
}

int plan_make(struct berth_operation *operation, struct error *err)
{
	size_t before = operation->diagnostics.errors;
	if (operation->blueprint && publications_settle(operation, err))
		return -1;
	if (decide_all(operation, err))
		return -1;
	if (operation->diagnostics.errors > before) {
		diagnostics_sort(&operation->diagnostics);
		return fail_invalid(operation, err);
	}
	verify_providers(operation);
	return 0;
}

bool plan_empty(const struct berth_operation *operation)
{
	for (size_t i = 0; i < operation->work_count; i++)
		if (operation->works[i]->action != ACTION_UNCHANGED)
			return false;
	return true;
}
