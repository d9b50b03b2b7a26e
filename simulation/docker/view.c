/* view.c - what is there, for those who judge it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulation/docker/model.h"

struct room {
	struct docker_endpoint_view *endpoints;
	struct docker_mount_view *mounts;
	struct docker_port_view *ports;
	char (*addresses)[16];
};

static size_t count_endpoints(const struct container *container)
{
	size_t count = 0;

	for (const struct endpoint *at = container->endpoints; at; at = at->next)
		count++;
	return count;
}

static void view_parts(const struct container *container, struct room *room)
{
	size_t count = 0;

	for (const struct endpoint *at = container->endpoints; at; at = at->next, count++)
		room->endpoints[count] = (struct docker_endpoint_view){
		    .network = at->network,
		    .network_id = at->network_id,
		    .address =
			at->on && at->on->bridges ? address_text(at->address, room->addresses[count]) : NULL,
		    .pinned = at->pinned,
		    .aliases = at->aliases,
		    .links = at->links,
		};
	for (size_t i = 0; i < container->mount_count; i++)
		room->mounts[i] = (struct docker_mount_view){
		    .volume = container->mounts[i].volume,
		    .source = container->mounts[i].source,
		    .path = container->mounts[i].path,
		    .read_only = container->mounts[i].read_only,
		};
	for (size_t i = 0; i < container->bound_count; i++)
		room->ports[i] = (struct docker_port_view){
		    .address = container->bound[i].address,
		    .number = container->bound[i].number,
		    .port = container->bound[i].port,
		    .udp = container->bound[i].udp,
		};
}

static bool view_one(const struct container *container,
		     bool (*visit)(void *owner, const struct docker_container_view *), void *owner)
{
	size_t endpoints = count_endpoints(container);
	struct room room = {
	    must(calloc(endpoints + 1, sizeof(*room.endpoints))),
	    must(calloc(container->mount_count + 1, sizeof(*room.mounts))),
	    must(calloc(container->bound_count + 1, sizeof(*room.ports))),
	    must(calloc(endpoints + 1, sizeof(*room.addresses))),
	};

	view_parts(container, &room);
	const struct docker_container_view view = {
	    .id = container->id,
	    .name = container->name ? container->name : "",
	    .image = container->image_name,
	    .image_id = container->image->id,
	    .labels = container->labels,
	    .environment = container->environment,
	    .command = container->argv,
	    .state = state_word(container),
	    .exit_code = container->exit_code,
	    .restarts = container->restarts,
	    .created_ms = container->created_ns / NS_OF_MS,
	    .started_ms = container->started_ns / NS_OF_MS,
	    .memory = container->memory,
	    .nano_cpus = container->cpu_quota < 0 ? 0 : container->nano_cpus,
	    .restart_policy = container->restart_policy,
	    .answers = container_answers(container),
	    .endpoints = room.endpoints,
	    .endpoint_count = endpoints,
	    .mounts = room.mounts,
	    .mount_count = container->mount_count,
	    .ports = room.ports,
	    .port_count = container->bound_count,
	};
	bool goes_on = visit(owner, &view);
	free(room.endpoints);
	free(room.mounts);
	free(room.ports);
	free(room.addresses);
	return goes_on;
}

void docker_engine_containers(struct docker_engine *engine,
			      bool (*visit)(void *owner, const struct docker_container_view *), void *owner)
{
	for (const struct container *one = engine->containers; one; one = one->next)
		if (!view_one(one, visit, owner))
			return;
}

const char *docker_engine_file(struct docker_engine *engine, const char *container, const char *path,
			       size_t *ret_size, unsigned *ret_mode)
{
	const struct container *its = container_found(engine, container);
	const struct file *file = its ? file_found(its, path) : NULL;

	if (!file)
		return NULL;
	*ret_size = file->size;
	*ret_mode = file->mode;
	return file->content;
}

void docker_engine_networks(struct docker_engine *engine,
			    bool (*visit)(void *owner, const struct docker_network_view *), void *owner)
{
	char subnet[32], first[16];

	for (const struct network *one = engine->networks; one; one = one->next) {
		snprintf(subnet, sizeof(subnet), "%s/%d", address_text(one->first, first), one->prefix);
		const struct docker_network_view view = {
		    .id = one->id,
		    .name = one->name,
		    .subnet = one->bridges ? subnet : "",
		    .labels = one->labels,
		    .attached = one->attached,
		    .predefined = one->predefined,
		};
		if (!visit(owner, &view))
			return;
	}
}

void docker_engine_volumes(struct docker_engine *engine,
			   bool (*visit)(void *owner, const struct docker_volume_view *), void *owner)
{
	for (const struct volume *one = engine->volumes; one; one = one->next) {
		const struct docker_volume_view view = {
		    .name = one->name,
		    .labels = one->labels,
		    .used = volume_users(engine, one->name, NULL),
		    .anonymous = one->anonymous,
		};
		if (!visit(owner, &view))
			return;
	}
}

/* --- names ------------------------------------------------------------------------------------- */

static bool has_alias(const struct endpoint *endpoint, const char *name)
{
	const json_t *alias;
	size_t i;

	json_array_foreach (endpoint->aliases, i, alias)
		if (!strcmp(json_string_value(alias), name))
			return true;
	return false;
}

/* "target:alias" of the asker's own: what its target is called. */
static const char *linked(const struct endpoint *asker, const char *name, char *ret, size_t size)
{
	const json_t *link;
	size_t i;

	json_array_foreach (asker ? asker->links : NULL, i, link) {
		const char *text = json_string_value(link), *colon = strchr(text, ':');
		if (!colon || strcmp(colon + 1, name) != 0)
			continue;
		snprintf(ret, size, "%.*s", (int)(colon - text), text);
		return ret;
	}
	return name;
}

void docker_engine_resolve(struct docker_engine *engine, const char *network, const char *asker,
			   const char *name, bool (*visit)(void *owner, const char *container), void *owner)
{
	const struct container *who = asker ? container_found(engine, asker) : NULL;
	char target[256];

	name = linked(who ? endpoint_found(who, network) : NULL, name, target, sizeof(target));
	for (const struct container *one = engine->containers; one; one = one->next) {
		const struct endpoint *at = endpoint_found(one, network);
		if (at && at->on && one->name && (!strcmp(one->name, name) || has_alias(at, name)) &&
		    !visit(owner, one->name))
			return;
	}
}
