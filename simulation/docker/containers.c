/* containers.c - containers found by name or id, what their endpoints are to be, and other names for them. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulation/docker/model.h"

/* --- found ------------------------------------------------------------------------------------------ */

static struct container *by_beginning(struct docker_engine *engine, const char *id, bool *ret_many)
{
	struct container *found = NULL;

	*ret_many = false;
	if (!*id || strspn(id, "0123456789abcdef") != strlen(id))
		return NULL;
	for (struct container *one = engine->containers; one; one = one->next) {
		if (!starts_with(one->id, id))
			continue;
		*ret_many = found != NULL;
		if (found)
			return NULL;
		found = one;
	}
	return found;
}

static struct container *find(struct docker_engine *engine, const char *name, bool *ret_many)
{
	struct container *found = map_get(engine->by_id, name);

	*ret_many = false;
	if (!found)
		found = map_get(engine->by_name, name + (*name == '/'));
	/* Its name may be kept for one that is just being made. */
	if (found && found->created_ns)
		return found;
	return by_beginning(engine, name, ret_many);
}

struct container *container_found(struct docker_engine *engine, const char *name)
{
	bool many;

	return find(engine, name, &many);
}

struct container *container_of_call(struct call *call)
{
	bool many;
	struct container *container = find(call->engine, call->part, &many);

	if (many)
		refuse(call, 500, "Multiple IDs found with provided prefix: %s", call->part);
	else if (!container)
		refuse(call, 404, "No such container: %s", call->part);
	return container;
}

void container_event(struct container *container, const char *action, const char *key, const char *value)
{
	json_t *attributes = must_json(json_copy(container->labels));

	json_object_set_new(attributes, "image", must_json(json_string(container->image_name)));
	json_object_set_new(attributes, "name", must_json(json_string(container->name)));
	if (key)
		json_object_set_new(attributes, key, must_json(json_string(value)));
	tell_event(container->engine, "container", action, container->id, container->image_name, attributes);
}

/* --- its endpoints ----------------------------------------------------------------------------------- */

bool user_defined(const char *network_name)
{
	return strcmp(network_name, "bridge") != 0 && strcmp(network_name, "host") != 0 &&
	       strcmp(network_name, "none") != 0 && strcmp(network_name, "default") != 0;
}

struct endpoint *endpoint_found(const struct container *container, const char *network_name)
{
	struct endpoint *endpoint = container->endpoints;

	while (endpoint && strcmp(endpoint->network, network_name) != 0)
		endpoint = endpoint->next;
	return endpoint;
}

static json_t *list_of(const json_t *config, const char *key)
{
	json_t *list = json_object_get(config, key);

	return json_is_array(list) ? must_json(json_copy(list)) : NULL;
}

struct endpoint *endpoint_new(struct container *container, const char *network_name, const json_t *config)
{
	struct endpoint *endpoint = must(calloc(1, sizeof(*endpoint)));
	const char *pinned = json_text(json_object_get(config, "IPAMConfig"), "IPv4Address");

	endpoint->network = copy(network_name);
	endpoint->links = list_of(config, "Links");
	endpoint->aliases = list_of(config, "Aliases");
	endpoint->pinned = pinned && *pinned ? copy(pinned) : NULL;
	put_list((void **)&container->endpoints, endpoint, offsetof(struct endpoint, next));
	return endpoint;
}

void endpoint_drop(struct container *container, struct endpoint *endpoint)
{
	struct endpoint **at = &container->endpoints;

	while (*at != endpoint)
		at = &(*at)->next;
	*at = endpoint->next;
	free(endpoint->network);
	free(endpoint->pinned);
	json_decref(endpoint->links);
	json_decref(endpoint->aliases);
	free(endpoint);
}

void name_endpoint(struct container *container, struct endpoint *endpoint)
{
	owned_json id = must_json(json_stringn(container->id, SHORT_ID));
	const json_t *alias;
	size_t i;

	if (!user_defined(endpoint->network))
		return;
	json_array_foreach (endpoint->aliases, i, alias)
		if (json_equal(alias, id))
			return;
	if (!endpoint->aliases)
		endpoint->aliases = must_json(json_array());
	json_array_append(endpoint->aliases, id);
}

/* --- names --------------------------------------------------------------------------------------------- */

bool can_be_name(const char *name)
{
	if (!isalnum((unsigned char)*name) || !name[1])
		return false;
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("_.-", *c))
			return false;
	return true;
}

void name_conflict(struct call *call, const char *before, const char *name)
{
	const struct container *holder = map_get(call->engine->by_name, name);

	refuse(call, 409,
	       "%sConflict. The container name \"/%s\" is already in use by container \"%s\". You have to "
	       "remove (or rename) that container to be able to reuse that name.",
	       before, name, holder->id);
}

void take_name(struct container *container, const char *name)
{
	if (map_put(&container->engine->by_name, name, container) < 0)
		abort();
	container->name = copy(name);
}

void rename_asked(struct call *call)
{
	owned_memory char *name = query_value(call, "name"), *old = NULL;
	const char *bare = name ? name + (*name == '/') : "";

	if (!*bare) {
		refuse(call, 400, "Neither old nor new names may be empty");
		return;
	}
	struct container *container = container_of_call(call);
	if (!container)
		return;
	if (!strcmp(container->name, bare)) {
		refuse(call, 400, "Renaming a container with the same name as its current name");
	} else if (!can_be_name(bare)) {
		refuse(call, 400,
		       "Error when allocating new name: Invalid container name (/%s), only " NAME_CHARS
		       " are allowed",
		       bare);
	} else if (map_get(call->engine->by_name, bare)) {
		name_conflict(call, "Error when allocating new name: ", bare);
	} else {
		old = container->name;
		map_drop(&call->engine->by_name, old);
		take_name(container, bare);
		note_listed(container);
		owned_memory char *slashed = format("/%s", old);
		container_event(container, "rename", "oldName", slashed);
		answer_nothing(call, 204);
	}
}

void container_free(struct container *container)
{
	container_quiet(container);
	clock_take(container->engine->clock, &container->vanishes);
	while (container->endpoints)
		endpoint_drop(container, container->endpoints);
	for (size_t i = 0; i < container->mount_count; i++) {
		free(container->mounts[i].volume);
		free(container->mounts[i].source);
		free(container->mounts[i].path);
	}
	files_free(container);
	log_free(container);
	prober_free(container->prober);
	json_t *const objects[] = {container->labels, container->environment, container->argv,
				   container->exposed, container->bindings};
	for (size_t i = 0; i < COUNT_OF(objects); i++)
		json_decref(objects[i]);
	char *const texts[] = {container->name,          container->image_name,  container->network_mode,
			       container->user,          container->directory,   container->config,
			       container->args,          container->told_mounts, container->extra_hosts,
			       container->wanted_mounts, container->error,       container->listed_head,
			       container->listed_tail};
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		free(texts[i]);
	free(container->mounts);
	free(container->bound);
	free(container);
}
