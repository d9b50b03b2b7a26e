/* foresee.c - where an instance of a fake location will be attached. */
#include <string.h>

#include "locations/fake/call.h"

static int network_of(struct fake *fake, const struct instance_spec *spec, struct arena *arena,
		      struct attachment *to)
{
	struct attached_port *ports = arena_array(arena, struct attached_port, spec->port_count);

	for (size_t i = 0; ports && i < spec->port_count; i++)
		ports[i] = (struct attached_port){
		    .port = spec->ports[i].port,
		    .number = spec->ports[i].port,
		    .protocol = spec->ports[i].protocol,
		};
	to->network = arena_format(arena, "fake:%s/%s", fake->target_name, spec->app);
	to->address = spec->pinned_address ? arena_text(arena, spec->pinned_address) : NULL;
	if (spec->pinned_address && !to->address)
		return -1;
	to->ports = ports;
	to->port_count = spec->port_count;
	if (fake->driver->capabilities.host_names && spec->shared_name) {
		to->name = arena_text(arena, spec->shared_name);
		if (!to->name)
			return -1;
	}
	return to->network && ports ? 0 : -1;
}

/* A port bound on all addresses is reached at the one that the location publishes on. */
static const char *reached_at(const struct fake *fake, const struct spec_port *port)
{
	return port->host_address && strcmp(port->host_address, "0.0.0.0") != 0 ? port->host_address
										: fake->address;
}

static size_t published_count(const struct instance_spec *spec)
{
	size_t count = 0;

	for (size_t i = 0; i < spec->port_count; i++)
		count += spec->ports[i].published;
	return count;
}

static struct attachment *published_at(struct attachment *list, size_t *count, const char *address,
				       const char *network)
{
	for (size_t i = 1; i < *count; i++)
		if (!strcmp(list[i].address, address))
			return &list[i];
	list[*count] = (struct attachment){.network = network, .address = address};
	return &list[(*count)++];
}

static int publish(struct fake *fake, const struct instance_spec *spec, struct arena *arena,
		   struct attachment *list, size_t *count)
{
	const char *inside = published_count(spec) ? arena_format(arena, "fake:%s", fake->target_name) : "";

	for (size_t i = 0; inside && i < spec->port_count; i++) {
		const struct spec_port *port = &spec->ports[i];
		if (!port->published)
			continue;
		const char *address = arena_text(arena, reached_at(fake, port));
		if (!address)
			return -1;
		/* A loopback address is the target's own; nobody outside can route to it. */
		struct attachment *at =
		    published_at(list, count, address, starts_with(address, "127.") ? inside : "");
		struct attached_port *ports = (struct attached_port *)at->ports;
		if (!ports)
			at->ports = ports = arena_array(arena, struct attached_port, spec->port_count);
		if (!ports)
			return -1;
		ports[at->port_count++] = (struct attached_port){
		    .port = port->port,
		    .number = port->host_port,
		    .protocol = port->protocol,
		};
	}
	return inside ? 0 : -1;
}

/* Nobody knows where its tasks will be, nor by which numbers. */
static int tasks_of(const struct instance_spec *spec, struct arena *arena, struct attachment *to)
{
	struct attached_port *ports = arena_array(arena, struct attached_port, spec->port_count);

	for (size_t i = 0; ports && i < spec->port_count; i++)
		ports[i] =
		    (struct attached_port){.port = spec->ports[i].port, .protocol = spec->ports[i].protocol};
	*to = (struct attachment){.network = "", .ports = ports, .port_count = spec->port_count};
	return ports ? 0 : -1;
}

int fake_foresee(struct fake *fake, const struct instance_spec *spec, struct arena *arena,
		 const struct attachment **ret, size_t *ret_count, struct error *err)
{
	struct attachment *list = arena_array(arena, struct attachment, 1 + published_count(spec));
	size_t count = 1;

	if (list && fake->driver->capabilities.grain == GRAIN_COMPONENT) {
		*ret = list;
		*ret_count = 1;
		return tasks_of(spec, arena, list) < 0 ? fail_memory(err) : 0;
	}
	if (!list || network_of(fake, spec, arena, &list[0]) < 0 ||
	    publish(fake, spec, arena, list, &count) < 0)
		return fail_memory(err);
	*ret = list;
	*ret_count = count;
	return 0;
}
