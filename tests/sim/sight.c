/* sight.c - instances of a simulated engine and of scripted targets, looked at from outside. */
#include "tests/sim/sight.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "locations/fake/target.h"
#include "tests/sim/local.h"
#include "tests/sim/there.h"

#define NO_LIMIT (INT64_C(1) << 60) /* more than any machine has stands for none */

static void *need(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

struct sight *sights_add(struct sights *sights)
{
	if (sights->count == sights->room) {
		size_t room = sights->room ? 2 * sights->room : 32;
		sights->list = need(realloc(sights->list, room * sizeof *sights->list));
		sights->room = room;
	}
	struct sight *sight = &sights->list[sights->count++];
	*sight = (struct sight){0};
	return sight;
}

static const char *keep(struct sights *sights, const char *text)
{
	return text ? need(arena_text(&sights->arena, text)) : NULL;
}

static const char *const *keep_list(struct sights *sights, const char *const *list)
{
	size_t count = 0;
	while (list && list[count])
		count++;
	const char **copy = need(arena_array(&sights->arena, const char *, count + 1));
	for (size_t i = 0; i < count; i++)
		copy[i] = keep(sights, list[i]);
	return copy;
}

/* --- the engine ------------------------------------------------------------------------------------- */

static const char *label(const struct docker_container_view *view, const char *name)
{
	const char *text = json_string_value(json_object_get(view->labels, name));
	return text ? text : "";
}

static const char *const *keep_array(struct sights *sights, const json_t *array)
{
	const char **copy = need(arena_array(&sights->arena, const char *, json_array_size(array) + 1));
	for (size_t i = 0; i < json_array_size(array); i++)
		copy[i] = keep(sights, json_string_value(json_array_get(array, i)));
	return copy;
}

static void keep_mounts(struct sights *sights, struct sight *sight, const struct docker_container_view *view)
{
	const char **volumes = need(arena_array(&sights->arena, const char *, view->mount_count + 1));
	size_t count = 0;
	for (size_t i = 0; i < view->mount_count; i++)
		if (view->mounts[i].volume)
			volumes[count++] = keep(sights, view->mounts[i].volume);
	sight->volumes = volumes;
}

static void keep_docker_spots(struct sights *sights, struct sight *sight,
			      const struct docker_container_view *view)
{
	struct spot *spots =
	    need(arena_array(&sights->arena, struct spot, view->port_count + view->endpoint_count + 1));
	size_t count = 0;
	for (size_t i = 0; i < view->port_count; i++)
		spots[count++] = (struct spot){keep(sights, view->ports[i].address), view->ports[i].number};
	for (size_t i = 0; i < view->endpoint_count; i++)
		if (view->endpoints[i].address)
			spots[count++] = (struct spot){keep(sights, view->endpoints[i].address), 80};
	sight->spots = spots;
	sight->spot_count = count;
}

void sight_read_name(struct sight *sight)
{
	const char *generation = sight->name ? strrchr(sight->name, '.') : NULL;
	if (generation && generation[1] == 'g')
		sight->generation = (unsigned)strtoul(generation + 2, NULL, 10);
}

static bool see_container(void *owner, const struct docker_container_view *view)
{
	struct sights *sights = owner;
	if (!view->name || !*view->name) /* being removed: nobody finds it any more */
		return true;
	struct sight *sight = sights_add(sights);
	const char *app = label(view, "berth.app"), *component = label(view, "berth.component");
	sight->realm = REALM_DOCKER;
	sight->name = keep(sights, view->name);
	sight->id = keep(sights, view->id);
	sight->app = *app ? keep(sights, app) : NULL;
	sight->component = *component ? keep(sights, component) : NULL;
	sight->helper = sight->app && !sight->component;
	sight->ordinal = (unsigned)strtoul(label(view, "berth.instance"), NULL, 10);
	sight->digest = keep(sights, label(view, "berth.spec"));
	sight->link_digest = keep(sights, label(view, "berth.links"));
	sight->secret_digest = keep(sights, label(view, "berth.secrets"));
	sight->file_digest = keep(sights, label(view, "berth.files"));
	sight->image = keep(sights, view->image);
	sight->policy = keep(sights, view->restart_policy);
	sight->memory = view->memory < NO_LIMIT ? view->memory : 0;
	sight->environment = keep_array(sights, view->environment);
	sight->running = strcmp(view->state, "running") == 0;
	sight->ended_well = strcmp(view->state, "exited") == 0 && view->exit_code == 0;
	sight->answers = view->answers;
	sight->unsteady = view->image && strncmp(view->image, "crash", 5) == 0;
	keep_mounts(sights, sight, view);
	keep_docker_spots(sights, sight, view);
	sight_read_name(sight);
	return true;
}

/* --- scripted targets --------------------------------------------------------------------------------- */

struct seeing {
	struct sights *sights;
	enum realm realm;
};

static void keep_fake_spots(struct sights *sights, struct sight *sight, const struct observed *seen)
{
	size_t room = 0, count = 0;
	for (size_t i = 0; i < seen->attachment_count; i++)
		room += 2 * seen->attachments[i].port_count;
	struct spot *spots = need(arena_array(&sights->arena, struct spot, room + 1));
	for (size_t i = 0; i < seen->attachment_count; i++) {
		const struct attachment *attachment = &seen->attachments[i];
		for (size_t k = 0; k < attachment->port_count; k++) {
			uint16_t number = attachment->ports[k].number;
			if (attachment->address)
				spots[count++] = (struct spot){keep(sights, attachment->address), number};
			if (attachment->name)
				spots[count++] = (struct spot){keep(sights, attachment->name), number};
		}
	}
	sight->spots = spots;
	sight->spot_count = count;
}

static void keep_aliases(struct sights *sights, struct sight *sight, const struct fake_instance *instance)
{
	struct alias *aliases = need(arena_array(&sights->arena, struct alias, instance->host_count + 1));
	for (size_t i = 0; i < instance->host_count; i++) {
		const struct spec_host *host = &instance->hosts[i];
		aliases[i].name = keep(sights, host->alias);
		aliases[i].leads_to = keep(sights, host->target ? host->target : host->address);
	}
	sight->aliases = aliases;
	sight->alias_count = instance->host_count;
}

static void see_observed(struct sights *sights, enum realm realm, const struct fake_instance *instance)
{
	static const char *const none[] = {NULL};
	static const char *const policies[] = {[RESTART_UNLESS_STOPPED] = "unless-stopped",
					       [RESTART_NO] = "no",
					       [RESTART_ON_FAILURE] = "on-failure",
					       [RESTART_ALWAYS] = "always"};
	const struct observed *seen = &instance->seen;
	struct sight *sight = sights_add(sights);
	sight->realm = realm;
	sight->name = keep(sights, seen->name);
	sight->id = keep(sights, seen->target_id);
	sight->app = keep(sights, seen->app);
	sight->component = keep(sights, seen->component);
	sight->ordinal = seen->ordinal;
	sight->generation = seen->generation;
	sight->digest = keep(sights, seen->digest ? seen->digest : "");
	sight->link_digest = keep(sights, seen->link_digest ? seen->link_digest : "");
	sight->secret_digest = keep(sights, seen->secret_digest ? seen->secret_digest : "");
	sight->file_digest = keep(sights, seen->file_digest ? seen->file_digest : "");
	sight->image = keep(sights, instance->image);
	sight->policy = policies[seen->restart];
	sight->memory = seen->memory_bytes;
	sight->environment = keep_list(sights, (const char *const *)instance->environment);
	sight->running = sight->answers = seen->state == SEEN_RUNNING;
	sight->ended_well = seen->state == SEEN_STOPPED && seen->exit_code == 0;
	sight->volumes = none;
	keep_fake_spots(sights, sight, seen);
	keep_aliases(sights, sight, instance);
}

static bool see_fake(const char *name, void *value, void *context)
{
	struct seeing *seeing = context;
	(void)name;
	see_observed(seeing->sights, seeing->realm, value);
	return true;
}

void sights_take(struct sights *sights, struct theatre *stage)
{
	struct seeing fleet = {sights, REALM_FAKE}, cloud = {sights, REALM_NAMELESS};
	arena_release(&sights->arena);
	sights->count = 0;
	if (stage->engine)
		docker_engine_containers(stage->engine, see_container, sights);
	if (stage->fleet)
		map_each(stage->fleet->instances, see_fake, &fleet);
	if (stage->cloud)
		map_each(stage->cloud->instances, see_fake, &cloud);
	local_see(sights, stage);
	there_see(sights, stage);
}

void sights_release(struct sights *sights)
{
	arena_release(&sights->arena);
	free(sights->list);
	*sights = (struct sights){0};
}

bool sight_same_instance(const struct sight *a, const struct sight *b)
{
	return a->realm == b->realm && a->component && b->component && strcmp(a->app, b->app) == 0 &&
	       strcmp(a->component, b->component) == 0 && a->ordinal == b->ordinal;
}

const struct sight *sights_named(const struct sights *sights, enum realm realm, const char *name)
{
	for (size_t i = 0; i < sights->count; i++)
		if (sights->list[i].realm == realm && strcmp(sights->list[i].name, name) == 0)
			return &sights->list[i];
	return NULL;
}

/* --- who gets where ----------------------------------------------------------------------------------- */

struct resolving {
	const struct sights *sights;
	const struct sight *found;
};

static bool resolve_one(void *owner, const char *container)
{
	struct resolving *resolving = owner;
	resolving->found = sights_named(resolving->sights, REALM_DOCKER, container);
	return !resolving->found;
}

static bool is_number(const char *host)
{
	return host[strspn(host, "0123456789.:")] == 0;
}

static const struct sight *by_spot(const struct sights *sights, const char *host, uint16_t port, bool any)
{
	for (size_t i = 0; i < sights->count; i++)
		for (size_t k = 0; k < sights->list[i].spot_count; k++) {
			const struct spot *spot = &sights->list[i].spots[k];
			bool anywhere = any && strcmp(spot->address, "0.0.0.0") == 0 && is_number(host);
			if (spot->number == port && sights->list[i].running &&
			    (anywhere || strcmp(spot->address, host) == 0))
				return &sights->list[i];
		}
	return NULL;
}

const struct sight *sights_reach(const struct sights *sights, struct theatre *stage,
				 const struct sight *asker, const char *host, uint16_t port)
{
	struct resolving resolving = {.sights = sights};
	if (asker->realm == REALM_DOCKER && !is_number(host)) {
		docker_engine_resolve(stage->engine, "berth.app", asker->name, host, resolve_one, &resolving);
		return resolving.found;
	}
	for (size_t i = 0; i < asker->alias_count; i++)
		if (strcmp(asker->aliases[i].name, host) == 0 && asker->aliases[i].leads_to)
			host = asker->aliases[i].leads_to;
	const struct sight *found = by_spot(sights, host, port, false);
	return found ? found : by_spot(sights, host, port, true);
}

const char *sight_variable(const struct sight *sight, const char *name)
{
	size_t length = strlen(name);
	for (const char *const *entry = sight->environment; *entry; entry++)
		if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=')
			return *entry + length + 1;
	return NULL;
}

/* --- its file ----------------------------------------------------------------------------------------- */

static void fake_file(const struct fake_target *target, const char *name, struct text *ret_content)
{
	const struct fake_instance *instance = map_get(target->instances, name);
	for (size_t i = 0; instance && i < instance->file_count; i++)
		text_add_bytes(ret_content, instance->files[i].content, instance->files[i].size);
}

void sight_file(const struct sight *sight, struct theatre *stage, struct text *ret_content)
{
	const char *content = NULL;
	size_t size = 0;
	unsigned mode = 0;
	if (sight->realm == REALM_LOCAL)
		local_file(stage, sight, ret_content);
	else if (sight->realm == REALM_MACHINE)
		there_file(stage, sight, ret_content);
	else if (sight->realm != REALM_DOCKER)
		fake_file(sight->realm == REALM_FAKE ? stage->fleet : stage->cloud, sight->name, ret_content);
	else
		content = docker_engine_file(stage->engine, sight->name, "/etc/c.conf", &size, &mode);
	if (content)
		text_add_bytes(ret_content, content, size);
}
