/* changes.c - what differs between an instance that is there and what is wanted of it, reason by reason. */
#include "engine/changes.h"

#include <string.h>

#include "base/cleanup.h"
#include "engine/deploy.h"
#include "engine/limits.h"
#include "engine/readable.h"

void because(struct decision *decision, const char *path, const char *old, const char *new,
	     struct place place)
{
	struct arena *arena = graph_arena(decision->operation);
	struct reason *reason = arena_array(arena, struct reason, 1), **at = &decision->work->reasons;
	if (!reason) {
		decision->failed = true;
		return;
	}
	*reason = (struct reason){.path = arena_text(arena, path),
				  .old = old ? readable_fact(arena, path, old) : NULL,
				  .new = new ? readable_fact(arena, path, new) : NULL,
				  .place = place};
	decision->failed |= !reason->path;
	while (*at)
		at = &(*at)->next;
	*at = reason;
}

struct place place_of(const struct component_spec *spec, const char *path)
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

const struct component_facts *remembered_facts(const struct berth_operation *operation, const char *component)
{
	return operation->stored ? known_facts_find(&operation->stored->facts, component) : NULL;
}

/* What it was made from. Of one that never was made as a whole only its protection is noted. */
static const struct component_facts *was_made_from(const struct berth_operation *operation,
						   const char *component)
{
	const struct component_facts *facts = remembered_facts(operation, component);
	return facts && fact_value(facts, "type") ? facts : NULL;
}

int wanted_digest(struct work *work, char ret_hex[static DIGEST_HEX])
{
	owned_arena room = {0};
	const struct fact *facts = NULL;
	size_t count = 0;
	return facts_of(&room, work->operation->application, work->instance->component,
			made_from(work->instance), &facts, &count) ||
		       facts_digest(facts, count, ret_hex)
		   ? -1
		   : 0;
}

static bool has_path(const struct fact *facts, size_t count, const char *path)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(facts[i].path, path) == 0)
			return true;
	return false;
}

/* What differs between the remembered facts and today's, of one kind. */
static size_t compare_facts(struct decision *decision, enum fact_kind kind)
{
	const struct instance *instance = decision->work->instance;
	const struct component *component = instance->component;
	const struct component_spec *spec = made_from(instance);
	/* What is remembered is what its other members were made from. */
	const struct component_facts *old =
	    is_first_member(instance) ? NULL : was_made_from(decision->operation, component->id);
	const struct fact *facts = NULL;
	size_t count = 0, differences = 0;
	if (facts_of(&decision->work->arena, decision->operation->application, component, spec, &facts,
		     &count)) {
		decision->failed = true;
		return 0;
	}
	for (size_t i = 0; old && i < count; i++) {
		if (facts[i].kind != kind)
			continue;
		const char *was = fact_value(old, facts[i].path), *is = shown(facts[i].path, facts[i].value);
		if (was && strcmp(was, is) == 0)
			continue;
		because(decision, facts[i].path, was, is, place_of(spec, facts[i].path));
		differences++;
	}
	for (size_t i = 0; old && i < old->count; i++) {
		const struct fact_line *line = &old->lines[i];
		if (fact_kind_of(component, line->path) != kind || has_path(facts, count, line->path))
			continue;
		because(decision, line->path, line->value, NULL, spec->place);
		differences++;
	}
	return differences;
}

static bool compare_spec(struct decision *decision)
{
	const struct observed *seen = decision->work->instance->seen;
	char digest[DIGEST_HEX];
	if (wanted_digest(decision->work, digest)) {
		decision->failed = true;
		return false;
	}
	if (seen->digest && strcmp(seen->digest, digest) == 0)
		return false;
	if (!compare_facts(decision, FACT_SPEC))
		because(decision, "specification", NULL, NULL, made_from(decision->work->instance)->place);
	return true;
}

static const char *image_now(const struct work *work)
{
	const struct inventory *inventory = &work->site->inventory;
	const struct component_spec *spec = made_from(work->instance);
	const char *image = spec->image.familiar ? image_wanted(work->instance->component, spec) : NULL;
	for (size_t i = 0; image && i < inventory->image_count; i++) {
		const struct inventory_image *at = &inventory->images[i];
		if (strcmp(at->reference, image) == 0)
			return spec->pull_always && at->newest ? at->newest : at->id;
	}
	return NULL;
}

/* A tag that now names another image is a change; an image that is not there any more is none. */
static bool compare_image(struct decision *decision)
{
	const struct observed *seen = decision->work->instance->seen;
	const struct component_spec *spec = made_from(decision->work->instance);
	const char *now = image_now(decision->work);
	bool fixed = spec->image.digest && !decision->work->instance->component->pin;
	if (!now || !seen->image_id || fixed || strcmp(now, seen->image_id) == 0)
		return false;
	because(decision, "image", seen->image_id, now, place_of(spec, "type"));
	return true;
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

/* Gaining a consumer outside needs another instance; losing the last one needs nothing. A number of the
 * blueprint's own is a reason by itself only where its specification gives none. */
static bool compare_publications(struct decision *decision, bool changed)
{
	const struct work *work = decision->work;
	const struct observed *seen = work->instance->seen;
	if ((seen->state != SEEN_RUNNING && !seen->bindings_known) || keeps_tasks(work->site))
		return false;
	for (size_t i = 0; i < work->port_count; i++)
		if (work->ports[i].published && !is_published(seen, &work->ports[i])) {
			const char *path = work->ports[i].fixed ? "portBindings" : "publish";
			if (!changed || !work->ports[i].fixed)
				because(decision, path, NULL, NULL,
					place_of(made_from(work->instance), path));
			return true;
		}
	return false;
}

static bool compare_state(struct decision *decision)
{
	const struct observed *seen = decision->work->instance->seen;
	struct place place = made_from(decision->work->instance)->place;
	if (seen->state == SEEN_BROKEN)
		because(decision, "state", seen->error ? seen->error : "broken", NULL, place);
	else if (seen->state == SEEN_RESTARTING) /* made anew it gets another chance at once, and its exits
						    count afresh */
		because(decision, "state", "it keeps ending", NULL, place);
	else
		return false;
	return true;
}

static bool compare_rolling(struct decision *decision)
{
	const struct work *work = decision->work;
	if (!work->instance->seen->rolling)
		return false;
	because(decision, "state", "a change of it is under way", NULL, made_from(work->instance)->place);
	return true;
}

/* An update that was taken back had taken it from it. Who has it is asked of several generations only. */
static bool lost_its_name(const struct work *work)
{
	const struct instance *instance = work->instance;
	return instance->others && !work->resumed && instance->seen->state == SEEN_RUNNING &&
	       !instance->seen->shared_name_held && instance->component->consumer_count &&
	       work->site->location.driver->capabilities.host_names &&
	       !work->site->location.driver->capabilities.names_in_file;
}

static bool compare_network(struct decision *decision)
{
	const struct work *work = decision->work;
	bool off = work->instance->seen->cut_off;
	if (!off && !lost_its_name(work))
		return false;
	because(decision, "network",
		off ? (work->instance->seen->error ?: "it is off its network")
		    : "it lost the name by which others know it",
		NULL, made_from(work->instance)->place);
	return true;
}

static bool compare_pause(struct decision *decision)
{
	const struct work *work = decision->work;
	if (!work->instance->seen->paused)
		return false;
	because(decision, "state", "it is paused", NULL, made_from(work->instance)->place);
	return true;
}

static bool compare_secrets(struct decision *decision)
{
	const struct work *work = decision->work;
	const struct observed *seen = work->instance->seen;
	const char *had = seen->secret_digest ? seen->secret_digest : "";
	if (!seen->secret_salt)
		return false;
	if (strcmp(had, work->spec->secret_digest) == 0)
		return false;
	because(decision, "secrets", NULL, NULL, place_of(made_from(work->instance), "env"));
	return true;
}

/* Where one that it needs is on a machine that does not answer, its address stays what it was. */
static bool needs_unseen(const struct work *work)
{
	const struct component *component = work->instance->component;
	const struct component *all = work->operation->application->components;
	for (size_t i = 0; i < component->need_count; i++) {
		const struct component *provider = &all[component->needs[i].to];
		for (size_t n = 0; n < provider->instance_count; n++)
			if (provider->instances[n].wanted && unseen_because(provider->instances[n].work))
				return true;
	}
	return false;
}

static bool compare_links(struct decision *decision, enum resolved found)
{
	const struct work *work = decision->work;
	const struct observed *seen = work->instance->seen;
	const char *had = seen->link_digest ? seen->link_digest : "";
	if (needs_unseen(work))
		return false;
	if (found == RESOLVED && strcmp(had, work->spec->link_digest) == 0)
		return false;
	because(decision, "links", NULL, NULL, place_of(made_from(work->instance), "links"));
	return true;
}

/* --- what was done to it since it was made ------------------------------------------------------ */

enum memory { FORGOTTEN, IN_DOUBT, ELSEWHERE, REMEMBERED };

/* What the store has of this very incarnation. In doubt: a change of it was begun, and how it ended nobody
 * wrote. Elsewhere: so may another store have of it, which was in between. */
static enum memory recall(const struct work *work, const struct known_instance **ret)
{
	const struct observed *seen = work->instance->seen;
	const char *name = seen->target_id ? settled_name(work->instance) : NULL;
	const struct known_instance *known = name ? known_of(work->operation, name) : NULL;
	*ret = known;
	if (!known || !known->target_id || strcmp(known->target_id, seen->target_id) != 0)
		return FORGOTTEN;
	if (known->doubt == DOUBT_BEGUN)
		return IN_DOUBT;
	return known->doubt == DOUBT_HANDS || site_changed_hands(work->site) ? ELSEWHERE : REMEMBERED;
}

bool files_differ(const struct work *work)
{
	const struct observed *seen = work->instance->seen;
	const char *had = seen->file_digest ? seen->file_digest : "";
	const struct known_instance *known = NULL;
	enum memory memory = recall(work, &known);
	/* Whoever else had it may have written others under it; who is made anew for them has his own. */
	bool under_it = made_from(work->instance)->on_change->kind != ON_CHANGE_RESTART;
	bool doubtful = memory == IN_DOUBT || (memory == ELSEWHERE && under_it);
	if (doubtful && (*had || work->spec->file_count))
		return true;
	/* With another salt it is another one in any case. */
	if (!seen->secret_salt && *work->spec->secret_salt)
		return false;
	if (memory != FORGOTTEN && known->files)
		had = known->files;
	return strcmp(had, work->spec->file_digest) != 0;
}

static bool compare_files(struct decision *decision)
{
	const struct work *work = decision->work;
	if (!files_differ(work))
		return false;
	if (!compare_facts(decision, FACT_FILE))
		because(decision, "files", NULL, NULL, place_of(made_from(work->instance), "files"));
	return true;
}

bool changes_in_place(const struct component *component)
{
	const struct capabilities *can = &component->site->location.driver->capabilities;
	return can->limits_in_place || can->restart_in_place;
}

/* As its target says, else as the store has it of this very incarnation. False: neither tells. */
static bool limits_now(const struct work *work, struct limits *ret)
{
	const struct observed *seen = work->instance->seen;
	const struct known_instance *known = NULL;
	if (!seen->limits_known)
		return recall(work, &known) == REMEMBERED && known->doubt == NO_DOUBT &&
		       limits_noted(known->limits, ret);
	*ret = (struct limits){seen->memory_bytes, seen->nano_cpus, seen->restart};
	return true;
}

bool limits_known(const struct work *work)
{
	struct limits now;
	return !changes_in_place(work->instance->component) || limits_now(work, &now);
}

static void differs(struct decision *decision, const char *path, int64_t old, int64_t new)
{
	struct arena *arena = graph_arena(decision->operation);
	if (old != new)
		because(decision, path, arena_format(arena, "%lld", (long long)old),
			arena_format(arena, "%lld", (long long)new),
			place_of(made_from(decision->work->instance), path));
}

bool limits_differ(struct decision *decision)
{
	const struct component *component = decision->work->instance->component;
	const struct component_spec *spec = made_from(decision->work->instance);
	const struct capabilities *can = &component->site->location.driver->capabilities;
	struct limits now;
	if (!changes_in_place(component) || !limits_now(decision->work, &now))
		return false;
	bool limits = can->limits_in_place &&
		      (now.memory_bytes != spec->memory_bytes || now.nano_cpus != spec->nano_cpus);
	bool restart = can->restart_in_place && now.restart != restart_wanted(component, spec);
	if (limits) {
		differs(decision, "memory", now.memory_bytes, spec->memory_bytes);
		differs(decision, "cpus", now.nano_cpus, spec->nano_cpus);
	}
	if (restart)
		because(decision, "restart", restart_name(now.restart),
			restart_name(restart_wanted(component, spec)), place_of(spec, "restart"));
	return limits || restart;
}

static bool compare_count(struct decision *decision)
{
	const struct work *work = decision->work;
	unsigned size = work->instance->component->size;
	if (!keeps_tasks(work->site) || work->instance->seen->count == size)
		return false;
	differs(decision, "instances", work->instance->seen->count, size);
	return true;
}

struct changes changes_of(struct decision *decision, enum resolved found)
{
	const struct component_spec *spec = made_from(decision->work->instance);
	struct changes changes = {0};
	changes.spec = compare_spec(decision);
	changes.spec |= compare_image(decision);
	/* A job runs again for its own sake alone. */
	if (!spec->job) {
		changes.spec |= compare_publications(decision, changes.spec);
		changes.spec |= compare_state(decision);
		changes.links = compare_links(decision, found);
	}
	if (found == RESOLVED) {
		changes.secrets = !spec->job && compare_secrets(decision);
		changes.files = compare_files(decision);
	}
	changes.limits = limits_differ(decision);
	changes.paused = compare_pause(decision);
	changes.cut_off = compare_network(decision);
	changes.count = compare_count(decision);
	changes.under_way = !spec->job && compare_rolling(decision);
	return changes;
}
