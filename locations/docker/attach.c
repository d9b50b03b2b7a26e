/* attach.c - where an instance is, or will be, reached: on its application's network and on published
 * addresses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "locations/docker/docker.h"

static bool everywhere(const char *address)
{
	return !address || !*address || !strcmp(address, "0.0.0.0") || !strcmp(address, "::");
}

/* Of the engine's machine, as it was written. */
static const char *host_address(const struct docker *docker, struct arena *arena)
{
	const char *host = docker->endpoint.host;
	bool bracket = *host == '[';

	return arena_copy(arena, host + bracket, strlen(host) - (bracket ? 2 : 0));
}

static int named(const struct docker *docker, struct error *err)
{
	fail(err, ERR_MISSING, "location `%s`: ports are published on a numeric address, and `%s` is a name",
	     docker->location->name, docker->endpoint.host);
	remedy(err, "give the location an `address:`, that of the engine's machine where others reach it");
	return -1;
}

int docker_publish_address(struct location *location, char *ret_address, size_t size, struct error *err)
{
	const struct docker *docker = location->state;
	const struct endpoint *endpoint = &docker->endpoint;
	struct world *world = location->world;

	if (docker->address) {
		snprintf(ret_address, size, "%s", docker->address);
		return 0;
	}
	if (endpoint->host && !endpoint->local) {
		struct arena arena = {0};
		const char *host = host_address(docker, &arena);
		bool fits = host && address_is_numeric(host);
		if (fits)
			snprintf(ret_address, size, "%s", host);
		arena_release(&arena);
		return fits ? 0 : named(docker, err);
	}
	char found[64] = "";
	if (world->ops->default_address(world, found, sizeof(found)) < 0 || !*found) {
		fail(err, ERR_MISSING, "location `%s`: this machine has no address to publish ports on",
		     location->name);
		remedy(err, "give the location an `address:`");
		return -1;
	}
	snprintf(ret_address, size, "%s", found);
	return 0;
}

/* The address at which a published port is reached; NULL when nothing tells. */
static const char *reached_at(struct docker *docker, struct arena *arena, const char *bound)
{
	char address[64];

	if (!everywhere(bound))
		return arena_text(arena, bound);
	if (!docker->address && docker->endpoint.host && !docker->endpoint.local)
		return host_address(docker, arena);
	if (docker_publish_address(docker->location, address, sizeof(address), NULL) < 0)
		return NULL;
	return arena_text(arena, address);
}

/* A loopback address is the machine's own; nobody outside can route to it. */
static const char *reach_of(const struct docker *docker, struct arena *arena, const char *address)
{
	return address && starts_with(address, "127.") ? arena_format(arena, "host:%s", docker->machine) : "";
}

static int attach_network(struct docker *docker, struct arena *arena, const char *app, const char *component,
			  const char *address, struct attachment *ret)
{
	const char *mixed = arena_format(arena, "%s.%s", app, component);

	ret->network = arena_format(arena, "docker:%s/%s", docker->endpoint.shown, app);
	ret->name = mixed && !docker->nameless ? lower(arena, mixed) : NULL;
	ret->address = address ? arena_text(arena, address) : NULL;
	return ret->network && (ret->name || docker->nameless) && (!address || ret->address) ? 0 : -1;
}

/* Add a published port to the attachment of its address, made when it is the first one there. */
static int publish(struct docker *docker, struct arena *arena, struct attachment *list, size_t *count,
		   size_t room, const struct binding *binding)
{
	const char *address = reached_at(docker, arena, binding->address);
	struct attachment *at = NULL;

	for (size_t i = 1; i < *count && !at; i++)
		if (list[i].address == address ||
		    (list[i].address && address && !strcmp(list[i].address, address)))
			at = &list[i];
	if (!at) {
		at = &list[*count];
		*at = (struct attachment){
		    .network = reach_of(docker, arena, address),
		    .address = address,
		    .ports = arena_array(arena, struct attached_port, room),
		};
		if (!at->network || !at->ports)
			return -1;
		++*count;
	}
	struct attached_port *ports = (struct attached_port *)at->ports;
	for (size_t i = 0; i < at->port_count; i++)
		if (ports[i].port == binding->port && ports[i].protocol == binding->protocol &&
		    ports[i].number == binding->number)
			return 0;
	ports[at->port_count++] = (struct attached_port){
	    .port = binding->port,
	    .number = binding->number,
	    .protocol = binding->protocol,
	    .bound = everywhere(binding->address) ? "0.0.0.0" : NULL,
	};
	return 0;
}

int docker_foresee(struct location *location, const struct instance_spec *spec, struct arena *arena,
		   const struct attachment **ret, size_t *ret_count, struct error *err)
{
	struct docker *docker = location->state;
	struct attachment *list = arena_array(arena, struct attachment, spec->port_count + 1);
	struct attached_port *ports = arena_array(arena, struct attached_port, spec->port_count + 1);
	size_t count = 1;

	if (!list || !ports ||
	    attach_network(docker, arena, spec->app, spec->component, spec->pinned_address, &list[0]) < 0)
		return fail_memory(err);
	list[0].ports = ports;
	for (size_t i = 0; i < spec->port_count; i++) {
		const struct spec_port *port = &spec->ports[i];
		const struct binding binding = {port->host_address, port->port, port->host_port,
						port->protocol};
		ports[list[0].port_count++] = (struct attached_port){
		    .port = port->port,
		    .number = port->port,
		    .protocol = port->protocol,
		};
		if (port->published && publish(docker, arena, list, &count, spec->port_count, &binding) < 0)
			return fail_memory(err);
	}
	*ret = list;
	*ret_count = count;
	return 0;
}

static int by_port(const void *left, const void *right)
{
	const struct binding *a = left, *b = right;

	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	if (a->protocol != b->protocol)
		return a->protocol < b->protocol ? -1 : 1;
	return strcmp(a->address, b->address);
}

/* "80/tcp 53/udp", as create_body wrote it. */
static size_t read_own_ports(const char *text, struct attached_port *ports, size_t room)
{
	size_t count = 0;

	while (text && *text && count < room) {
		char *end;
		unsigned long port = strtoul(text, &end, 10);
		if (end == text || !port || port > UINT16_MAX)
			break;
		ports[count++] = (struct attached_port){
		    .port = (uint16_t)port,
		    .number = (uint16_t)port,
		    .protocol = starts_with(end, "/udp") ? UDP : TCP,
		};
		text = end + strcspn(end, " ");
		text += *text == ' ';
	}
	return count;
}

int attachments_make(struct docker *docker, struct arena *arena, const char *own_ports, const char *address,
		     struct binding *bindings, size_t count, struct observed *ret)
{
	size_t room = own_ports ? strlen(own_ports) / 2 + 1 : 1, attached = 1;
	struct attachment *list = arena_array(arena, struct attachment, count + 1);
	struct attached_port *ports = arena_array(arena, struct attached_port, room);

	if (!list || !ports || attach_network(docker, arena, ret->app, ret->component, address, &list[0]) < 0)
		return -1;
	list[0].ports = ports;
	list[0].port_count = read_own_ports(own_ports, ports, room);
	qsort(bindings, count, sizeof(*bindings), by_port);
	for (size_t i = 0; i < count; i++) {
		/* Docker binds "everywhere" twice, for IPv4 and IPv6. */
		if (strcmp(bindings[i].address, "::") != 0 &&
		    publish(docker, arena, list, &attached, count, &bindings[i]) < 0)
			return -1;
	}
	ret->attachments = list;
	ret->attachment_count = attached;
	return 0;
}

bool docker_port_free(struct location *location, const char *address, uint16_t port, enum protocol protocol)
{
	const struct docker *docker = location->state;
	struct world *world = location->world;

	for (size_t i = 0; i < docker->published_count; i++) {
		const struct published *held = &docker->published[i];
		if (held->number == port && held->protocol == protocol &&
		    (everywhere(address) || everywhere(held->address) || !strcmp(held->address, address)))
			return false;
	}
	return !docker->endpoint.local || world->ops->port_free(world, address, port, protocol == UDP);
}

static void published_forget(struct docker *docker, const char *app)
{
	size_t kept = 0;

	for (size_t i = 0; i < docker->published_count; i++) {
		struct published *held = &docker->published[i];
		if (app && strcmp(held->app, app) != 0) {
			docker->published[kept++] = *held;
			continue;
		}
		free(held->app);
		free(held->address);
	}
	docker->published_count = kept;
}

static void published_add(struct docker *docker, const struct observed *seen, const char *address,
			  const struct attached_port *port)
{
	struct published *more =
	    realloc(docker->published, (docker->published_count + 1) * sizeof(*docker->published));

	if (!more)
		return; /* a port picked twice is refused by the engine, and another one picked */
	docker->published = more;
	struct published *held = &more[docker->published_count];
	*held = (struct published){strdup(seen->app), strdup(address ? address : ""), port->number,
				   port->protocol};
	if (held->app && held->address) {
		docker->published_count++;
		return;
	}
	free(held->app);
	free(held->address);
}

void published_note(struct docker *docker, const char *app, const struct inventory *inventory)
{
	published_forget(docker, app);
	for (size_t i = 0; i < inventory->instance_count; i++) {
		const struct observed *seen = &inventory->instances[i];
		for (size_t a = 1; a < seen->attachment_count; a++)
			for (size_t p = 0; p < seen->attachments[a].port_count; p++)
				published_add(docker, seen, seen->attachments[a].address,
					      &seen->attachments[a].ports[p]);
	}
}

void published_release(struct docker *docker)
{
	published_forget(docker, NULL);
	free(docker->published);
	docker->published = NULL;
}
