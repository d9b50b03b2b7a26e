/* attach.c - what a process of this machine can be asked for, and where it is reached. */
#include "locations/localhost/localhost.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/signals.h"

static int refuse(struct error *err, const char *what, const char *why)
{
	return fail(err, ERR_UNSUPPORTED, "%s: not for a process of this machine, %s", what, why);
}

int localhost_check(struct location *location, const struct instance_spec *spec, struct error *err)
{
	struct world *world = location->world;

	if (spec->kind != COMPONENT_PROCESS)
		return fail(err, ERR_UNSUPPORTED,
			    "location `%s` runs processes of this machine, no containers", location->name);
	if (!fit_id(spec->app) || !fit_id(spec->component))
		return fail(err, ERR_INVALID,
			    "`%s.%s` cannot be a name here: letters, digits, `-` and `_`, at most 90",
			    spec->app, spec->component);
	if (!spec->command || !spec->command[0] || !*spec->command[0])
		return fail(err, ERR_INVALID, "a process needs a `command`");
	if (spec->stop_signal && !signal_number(spec->stop_signal))
		return fail(err, ERR_INVALID, "there is no signal `%s`", spec->stop_signal);
	if (spec->entrypoint)
		return refuse(err, "`entrypoint`", "which has no image: write all of it in `command`");
	if (spec->volume_count)
		return refuse(err, "`volumes`", "which sees the machine's own files: give it their paths");
	if (spec->memory_bytes)
		return refuse(err, "`memory`", "which berth does not confine");
	if (spec->nano_cpus)
		return refuse(err, "`cpus`", "which berth does not confine");
	if (files_check(location, spec, err))
		return -1;
	if (!location->helper || !*location->helper || !world->ops->file_exists(world, location->helper)) {
		fail(err, ERR_MISSING, "berth-helper, which keeps processes alive, is not at `%s`",
		     location->helper ? location->helper : "");
		remedy(err, "install it with berth (libexec/berth-helper), or name it with BERTH_HELPER");
		return -1;
	}
	return 0;
}

const char *reachable_address(const char *bind)
{
	if (!bind || !*bind || !strcmp(bind, "0.0.0.0"))
		return "127.0.0.1";
	return strcmp(bind, "::") ? bind : "::1";
}

/* A port as spec and marks both can tell it. */
struct told_port {
	uint16_t port;
	enum protocol protocol;
	const char *published; /* the address, or NULL */
	const char *name;      /* as the blueprint calls it */
};

/* All ports on this machine's own network, and those of each published address on the open one. */
static int attach(struct location *location, const char *bind, const struct told_port *ports, size_t count,
		  struct arena *arena, const struct attachment **ret, size_t *ret_count)
{
	struct attachment *all = arena_array(arena, struct attachment, count + 1);
	struct attached_port *slots = arena_array(arena, struct attached_port, count * 2 + 1);
	size_t attachments = 1;

	if (!all || !slots)
		return -1;
	all[0] = (struct attachment){.network = localhost_of(location)->network,
				     .address = arena_text(arena, reachable_address(bind)),
				     .ports = slots,
				     .port_count = count};
	for (size_t i = 0; i < count; i++)
		*slots++ = (struct attached_port){ports[i].port, ports[i].port, ports[i].protocol, NULL,
						  ports[i].name};
	for (size_t i = 0; i < count; i++) {
		bool before = !ports[i].published;
		for (size_t j = 0; !before && j < i; j++)
			before = ports[j].published && !strcmp(ports[j].published, ports[i].published);
		if (before)
			continue;
		struct attachment *open = &all[attachments++];
		*open = (struct attachment){
		    .network = "", .address = arena_text(arena, ports[i].published), .ports = slots};
		for (size_t j = i; j < count; j++)
			if (ports[j].published && !strcmp(ports[j].published, ports[i].published))
				slots[open->port_count++] = (struct attached_port){
				    ports[j].port, ports[j].port, ports[j].protocol, NULL, ports[j].name};
		slots += open->port_count;
		if (!open->address)
			return -1;
	}
	if (!all[0].address)
		return -1;
	*ret = all;
	*ret_count = attachments;
	return 0;
}

int localhost_foresee(struct location *location, const struct instance_spec *spec, struct arena *arena,
		      const struct attachment **ret, size_t *ret_count, struct error *err)
{
	owned_memory struct told_port *ports = calloc(spec->port_count + 1, sizeof(*ports));

	if (!ports)
		return fail_memory(err);
	for (size_t i = 0; i < spec->port_count; i++) {
		const struct spec_port *port = &spec->ports[i];
		ports[i] = (struct told_port){port->port, port->protocol,
					      port->published ? port->host_address : NULL, port->name};
	}
	if (attach(location, spec->bind_address, ports, spec->port_count, arena, ret, ret_count))
		return fail_memory(err);
	return 0;
}

/* "NAME=NUMBER/PROTOCOL[@ADDRESS]" */
static bool read_port(struct arena *arena, const char *text, size_t length, struct told_port *ret_port)
{
	char *copy = arena_copy(arena, text, length);
	char *equals = copy ? strchr(copy, '=') : NULL;
	char *slash = equals ? strchr(equals, '/') : NULL;
	int64_t number;

	if (!slash)
		return false;
	*equals = *slash++ = '\0';
	char *at = strchr(slash, '@');
	if (at)
		*at++ = '\0';
	if (!parse_number(equals + 1, 0, 65535, &number))
		return false;
	*ret_port = (struct told_port){(uint16_t)number, strcmp(slash, "udp") ? TCP : UDP, at, copy};
	return true;
}

int attachments_read(struct location *location, const struct marks *marks, struct arena *arena,
		     const struct attachment **ret, size_t *ret_count)
{
	size_t count = 0, room = 1;

	for (const char *c = marks->ports; *c; c++)
		room += *c == ',';
	owned_memory struct told_port *ports = calloc(room, sizeof(*ports));
	if (!ports)
		return -1;
	for (const char *text = marks->ports; *text;) {
		size_t length = strcspn(text, ",");
		count += read_port(arena, text, length, &ports[count]);
		text += length + (text[length] == ',');
	}
	return attach(location, marks->bind, ports, count, arena, ret, ret_count);
}

int localhost_publish_address(struct location *location, char *ret_address, size_t size, struct error *err)
{
	struct world *world = location->world;
	const char *option = localhost_of(location)->address;
	char address[128] = "";

	if (option)
		snprintf(address, sizeof(address), "%s", option);
	else if (world->ops->default_address(world, address, sizeof(address)))
		address[0] = '\0';
	if (!*address) {
		fail(err, ERR_MISSING,
		     "this machine has no default route, so no address to publish ports on");
		remedy(err,
		       "name one: `%s: {localhost: {address: 192.0.2.7}}` in `locations`, or publish nothing",
		       *location->name ? location->name : "here");
		return -1;
	}
	if (snprintf(ret_address, size, "%s", address) >= (int)size)
		return fail(err, ERR_INVALID, "the address `%s` is too long", address);
	return 0;
}
