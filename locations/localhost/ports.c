/* ports.c - which ports the instances known here have, also those that do not listen yet. */
#include "locations/localhost/localhost.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

struct taken {
	struct taken *next;
	uint16_t port;
	enum protocol protocol;
	char *name, *address;
};

static void taken_free(struct taken *taken)
{
	free(taken->name);
	free(taken->address);
	free(taken);
}

static bool belongs(const struct taken *taken, const char *name, const char *app)
{
	size_t length = app ? strlen(app) : 0;

	if (name)
		return !strcmp(taken->name, name);
	return !app || (!strncmp(taken->name, app, length) && taken->name[length] == '.');
}

void ports_forget(struct localhost *home, const char *name, const char *app)
{
	for (struct taken **link = &home->taken; *link;) {
		struct taken *taken = *link;
		if (!belongs(taken, name, app)) {
			link = &taken->next;
			continue;
		}
		*link = taken->next;
		taken_free(taken);
	}
}

void ports_rename(struct localhost *home, const char *from, const char *to)
{
	for (struct taken *taken = home->taken; taken; taken = taken->next) {
		char *name = strcmp(taken->name, from) ? NULL : strdup(to);
		if (!name)
			continue;
		free(taken->name);
		taken->name = name;
	}
}

void ports_take(struct localhost *home, const char *name, const struct attachment *attachment)
{
	for (size_t i = 0; i < attachment->port_count; i++) {
		struct taken *taken = calloc(1, sizeof(*taken));
		if (!taken)
			return; /* the machine itself still says whether it is free */
		*taken = (struct taken){.next = home->taken,
					.port = attachment->ports[i].port,
					.protocol = attachment->ports[i].protocol,
					.name = strdup(name),
					.address = strdup(attachment->address)};
		if (!taken->port || !taken->name || !taken->address) {
			taken_free(taken);
			continue;
		}
		home->taken = taken;
	}
}

static bool same_address(const char *one, const char *other)
{
	static const char *const all[] = {"0.0.0.0", "::"};

	for (size_t i = 0; i < COUNT_OF(all); i++)
		if (!strcmp(one, all[i]) || !strcmp(other, all[i]))
			return true;
	return !strcmp(one, other);
}

bool localhost_port_free(struct location *location, const char *address, uint16_t port,
			 enum protocol protocol)
{
	for (struct taken *taken = localhost_of(location)->taken; taken; taken = taken->next)
		if (taken->port == port && taken->protocol == protocol &&
		    same_address(taken->address, address))
			return false;
	return location->world->ops->port_free(location->world, address, port, protocol == UDP);
}

/* Whether a living instance of another name has it, by what it was started with. */
static const char *holder_of(struct location *location, const struct scan *scan, const char *name,
			     const struct attachment *wanted, const struct attached_port *port)
{
	owned_by(arena_release) struct arena arena = {0};

	for (size_t i = 0; i < scan->shim_count; i++) {
		const struct marks *marks = &scan->shims[i].marks;
		const struct attachment *all;
		size_t count;
		if (!strcmp(marks->name, name) || shim_parked(location, &scan->shims[i]) ||
		    attachments_read(location, marks, &arena, &all, &count))
			continue;
		for (size_t a = 0; a < count; a++)
			for (size_t p = 0; p < all[a].port_count; p++)
				if (all[a].ports[p].port == port->port &&
				    all[a].ports[p].protocol == port->protocol &&
				    same_address(all[a].address, wanted->address))
					return marks->name;
	}
	return NULL;
}

/* Asked where it will listen. An address that is not this machine's is for the process itself to complain of.
 */
static bool bindable(struct location *location, const char *address, const struct attached_port *port)
{
	struct world *world = location->world;
	const char *bind = address && *address ? address : "127.0.0.1";
	bool udp = port->protocol == UDP;

	return world->ops->port_free(world, bind, port->port, udp) ||
	       !world->ops->port_free(world, bind, 0, udp);
}

int ports_check(struct location *location, const struct scan *scan, const char *name, const char *bind,
		const struct attachment *all, size_t count, struct error *err)
{
	for (size_t a = 0; a < count; a++)
		for (size_t p = 0; p < all[a].port_count; p++) {
			const struct attached_port *port = &all[a].ports[p];
			const char *holder =
			    port->port ? holder_of(location, scan, name, &all[a], port) : NULL;
			if (!port->port || (!holder && (a > 0 || bindable(location, bind, port))))
				continue;
			fail(err, ERR_CONFLICT, "port %u on %s is taken by %s%s%s", port->port,
			     all[a].address, holder ? "`" : "", holder ? holder : "another program",
			     holder ? "`" : "");
			remedy(err, "end that one, or give `%s` another port", name);
			return -1;
		}
	return 0;
}
