/* process.c - what the drivers of plain processes share: fit names, words for restart policies, and where a
 * process is attached. */
#include "locations/process.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/signals.h"

/* --- names ---------------------------------------------------------------------------------- */

bool fit_id(const char *id)
{
	size_t length = strlen(id);

	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)id[i]) && id[i] != '_' && id[i] != '-')
			return false;
	return length > 0 && length <= 90;
}

int guard_app(const char *app, struct error *err)
{
	return fit_id(app) ? 0 : fail(err, ERR_INVALID, "`%s` cannot be an application's name here", app);
}

int guard_name(const char *app, const char *name, struct error *err)
{
	struct arena arena = {0};
	const char *named, *component;
	unsigned ordinal, generation;
	size_t memory = memory_failures();
	bool ours = fit_id(app) &&
		    instance_name_split(&arena, name, &named, &component, &ordinal, &generation) &&
		    !strcmp(named, app) && fit_id(component);

	arena_release(&arena);
	if (!ours && memory_failures() != memory)
		return fail_memory(err);
	return ours ? 0 : fail(err, ERR_CONFLICT, "`%s` is no instance of application `%s`", name, app);
}

int guard_rename(const char *from, const char *to, struct error *err)
{
	owned_by(arena_release) struct arena arena = {0};
	const char *app, *component, *other;
	unsigned ordinal, place, generation;
	size_t memory = memory_failures();

	if (!instance_name_split(&arena, from, &app, &component, &ordinal, &generation) ||
	    !instance_name_split(&arena, to, &app, &other, &place, &generation) || strcmp(component, other) ||
	    ordinal != place)
		return memory_failures() != memory
			   ? fail_memory(err)
			   : fail(err, ERR_CONFLICT, "`%s` and `%s` are not names of one instance", from, to);
	return 0;
}

/* --- words ---------------------------------------------------------------------------------- */

static const char *const policies[] = {[RESTART_UNLESS_STOPPED] = "unless-stopped",
				       [RESTART_NO] = "no",
				       [RESTART_ON_FAILURE] = "on-failure",
				       [RESTART_ALWAYS] = "always"};

const char *restart_word(enum restart_policy policy)
{
	return policies[policy];
}

enum restart_policy restart_of(const char *word)
{
	for (size_t i = 0; i < COUNT_OF(policies); i++)
		if (!strcmp(word, policies[i]))
			return (enum restart_policy)i;
	return RESTART_UNLESS_STOPPED;
}

/* --- what can be asked for ------------------------------------------------------------------ */

static int refuse(struct error *err, const char *key, const char *what, const char *why)
{
	return fail(err, ERR_UNSUPPORTED, "%s: not for %s, %s", key, what, why);
}

int process_images(const struct list_request *request, struct inventory *inventory)
{
	size_t count = 0;

	while (request->images && request->images[count])
		count++;
	struct inventory_image *images = arena_array(&inventory->arena, struct inventory_image, count + 1);
	for (size_t i = 0; images && i < count; i++)
		images[i].reference = arena_text(&inventory->arena, request->images[i]);
	inventory->images = images;
	inventory->image_count = count;
	return images ? 0 : -1;
}

int process_check(struct location *location, const struct instance_spec *spec, const char *what,
		  struct error *err)
{
	if (spec->kind != COMPONENT_PROCESS)
		return fail(err, ERR_UNSUPPORTED, "location `%s` runs processes, no containers",
			    location->name);
	if (!fit_id(spec->app) || !fit_id(spec->component))
		return fail(err, ERR_INVALID,
			    "`%s.%s` cannot be a name here: letters, digits, `-` and `_`, at most 90",
			    spec->app, spec->component);
	/* What waits for others has no digest yet, and its words are not known. */
	if (*spec->digest && (!spec->command || !spec->command[0] || !*spec->command[0]))
		return fail(err, ERR_INVALID, "a process needs a `command`");
	if (spec->stop_signal && !signal_number(spec->stop_signal))
		return fail(err, ERR_INVALID, "there is no signal `%s`", spec->stop_signal);
	if (spec->entrypoint)
		return refuse(err, "`entrypoint`", what, "which has no image: write all of it in `command`");
	if (spec->volume_count)
		return refuse(err, "`volumes`", what,
			      "which sees the machine's own files: give it their paths");
	if (spec->memory_bytes)
		return refuse(err, "`memory`", what, "which berth does not confine");
	if (spec->nano_cpus)
		return refuse(err, "`cpus`", what, "which berth does not confine");
	return 0;
}

/* --- where it is attached ------------------------------------------------------------------- */

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
static int attach(const char *network, const char *bind, const struct told_port *ports, size_t count,
		  struct arena *arena, const struct attachment **ret, size_t *ret_count)
{
	struct attachment *all = arena_array(arena, struct attachment, count + 1);
	struct attached_port *slots = arena_array(arena, struct attached_port, count * 2 + 1);
	size_t attachments = 1;

	if (!all || !slots)
		return -1;
	all[0] = (struct attachment){.network = network,
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

/* "http=8080/tcp,=9000/udp@10.0.0.5": a port's name, number and protocol, and where it is published. */
void process_ports_write(const struct instance_spec *spec, struct text *text)
{
	for (size_t i = 0; i < spec->port_count; i++) {
		const struct spec_port *port = &spec->ports[i];
		text_format(text, "%s%s=%u/%s", i ? "," : "", port->name ? port->name : "",
			    (unsigned)port->port, port->protocol == UDP ? "udp" : "tcp");
		if (port->published && port->host_address)
			text_format(text, "@%s", port->host_address);
	}
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

int process_attach(const char *network, const char *bind, const char *all, struct arena *arena,
		   const struct attachment **ret, size_t *ret_count)
{
	size_t count = 0, room = 1;

	for (const char *c = all; *c; c++)
		room += *c == ',';
	owned_memory struct told_port *ports = calloc(room, sizeof(*ports));
	if (!ports)
		return -1;
	for (const char *text = all; *text;) {
		size_t length = strcspn(text, ",");
		count += read_port(arena, text, length, &ports[count]);
		text += length + (text[length] == ',');
	}
	return attach(network, bind, ports, count, arena, ret, ret_count);
}

int process_foresee(const char *network, const struct instance_spec *spec, struct arena *arena,
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
	if (attach(network, spec->bind_address, ports, spec->port_count, arena, ret, ret_count))
		return fail_memory(err);
	return 0;
}
