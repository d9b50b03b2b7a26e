/* publications.c - which ports others need, at which address and by which number; where instances will be
 * attached. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/map.h"
#include "engine/deploy.h"
#include "engine/specs.h"

/* Numbers that berth picks lie below Linux' range for outgoing connections. */
#define PICK_FIRST 20000
#define PICK_COUNT 12000
#define TASK_PORTS 10000 /* and the next ones, in a network that a task has for itself */

static bool is_process(const struct work *work)
{
	return made_from(work->instance)->kind == COMPONENT_PROCESS;
}

static struct spec_port *own_port(struct work *work, uint16_t port, enum protocol protocol)
{
	for (size_t i = 0; i < work->port_count; i++)
		if (work->ports[i].port == port && work->ports[i].protocol == protocol)
			return &work->ports[i];
	return NULL;
}

const struct spec_port *published_port(const struct work *work, uint16_t port)
{
	for (size_t i = 0; i < work->port_count; i++)
		if (work->ports[i].port == port && work->ports[i].published)
			return &work->ports[i];
	return NULL;
}

static bool is_given_up(const struct instance *instance)
{
	const struct work *work = instance->work;
	return work->settled && !work->answered &&
	       (instance->phase == PHASE_BROKEN || instance->phase == PHASE_QUARANTINED);
}

const struct instance *speaker_of(const struct component *provider)
{
	unsigned count = provider->spec->cluster ? instances_of(provider) : 1;
	for (unsigned i = 0; i < count; i++)
		if (!is_given_up(&provider->instances[i]))
			return &provider->instances[i];
	return &provider->instances[0];
}

const struct spec_port *provider_ports(const struct component *provider, size_t *ret_count)
{
	if (provider->site && instances_of(provider)) {
		const struct work *work = speaker_of(provider)->work;
		*ret_count = is_first_member(work->instance) ? provider->port_count : work->port_count;
		return work->ports; /* those that all members have come first */
	}
	*ret_count = provider->port_count;
	return provider->ports;
}

struct way way_to(const struct instance *consumer, const struct component *provider, uint16_t port,
		  enum protocol protocol)
{
	if (!provider->site)
		return (struct way){PATH_EXTERNAL, NULL, provider->spec->address, port};
	if (has_nobody(provider))
		return (struct way){PATH_NONE, NULL, NULL, 0};
	const struct instance *first = speaker_of(provider);
	struct way way = way_between(consumer->attachments, consumer->attachment_count, first->attachments,
				     first->attachment_count, port, protocol);
	if (provider->spec->link_numbers)
		way.name = NULL;
	return way;
}

static unsigned spread(const char *name, unsigned salt)
{
	unsigned hash = 2166136261u ^ salt;
	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619u;
	return hash;
}

/* A stand-in that is a process has an address of its machine to itself, so that it can have its provider's
 * number whoever else has that; always the same one, since its consumers hold it. */
static int give_loopback(struct work *work)
{
	const struct component_spec *spec = made_from(work->instance);
	if (!is_process(work) || !is_stand_in(spec))
		return 0;
	unsigned hash = spread(spec->id, spread(work->operation->application->id, 0));
	work->loopback = arena_format(graph_arena(work->operation), "127.%u.%u.%u", 64 + (hash >> 24) % 64,
				      (hash >> 16) % 256, 1 + (hash & 0xffff) % 254);
	return work->loopback ? 0 : -1;
}

/* Its ports, with what the blueprint itself binds or publishes. */
static int copy_ports(struct work *work)
{
	const struct component_spec *spec = made_from(work->instance);
	size_t count = 0;
	const struct spec_port *ports = ports_of_instance(work->instance, &count);
	work->ports = arena_array(graph_arena(work->operation), struct spec_port, count);
	if (!work->ports)
		return -1;
	if (count)
		memcpy(work->ports, ports, count * sizeof *work->ports);
	work->port_count = count;
	for (size_t i = 0; i < spec->binding_count; i++) {
		const struct port_binding *binding = &spec->bindings[i];
		struct spec_port *port = own_port(work, binding->port, binding->protocol);
		port->published = true;
		port->fixed = true;
		port->host_address = binding->host_address;
		port->host_port = binding->host_port;
	}
	for (size_t i = 0; i < spec->published_count; i++)
		own_port(work, spec->published[i].port, spec->published[i].protocol)->published = true;
	for (size_t i = 0; spec->reached && i < work->port_count; i++)
		work->ports[i].published |= work->ports[i].open;
	/* Nobody tells a process another number for a port that has no name: it listens where it says. */
	for (size_t i = 0; is_process(work) && i < work->port_count; i++)
		work->ports[i].fixed |= !work->ports[i].name && !keeps_tasks(work->site);
	return 0;
}

static int foresee(struct work *work, struct error *err)
{
	struct instance *instance = work->instance;
	owned_arena room = {0};
	struct instance_spec outline;
	if (spec_outline(work, &room, &outline))
		return fail_memory(err);
	return work->site->location.driver->foresee(&work->site->location, &outline,
						    graph_arena(work->operation), &instance->attachments,
						    &instance->attachment_count, err);
}

/* Those of a cluster that is spread are not alike. */
static bool is_reached_by(const struct instance *provider, const struct component *consumer)
{
	unsigned count = consumer->cluster.homes ? instances_of(consumer) : 1;
	for (unsigned i = 0; i < count; i++) {
		const struct instance *from = &consumer->instances[i];
		if (!share_network(from->attachments, from->attachment_count, provider->attachments,
				   provider->attachment_count))
			return false;
	}
	return true;
}

static void publish(const struct work *work, int port)
{
	for (size_t i = 0; i < work->port_count; i++)
		if (work->ports[i].open && (!port || work->ports[i].port == port))
			work->ports[i].published = true;
}

/* A consumer that sits on another network needs the provider's ports published. */
static void publish_for(const struct component *consumer, const struct edge *edge, struct component *provider)
{
	if (!consumer->site || !provider->site || edge->kind == EDGE_ORDER || provider->all_published ||
	    has_nobody(consumer) || has_nobody(provider))
		return;
	bool reached = is_reached_by(&provider->instances[0], consumer), any = reached;
	for (unsigned n = 0; n < instances_of(provider) && (!reached || provider->cluster.homes); n++) {
		if (provider->cluster.homes && n)
			any |= reached = is_reached_by(&provider->instances[n], consumer);
		if (!reached)
			publish(provider->instances[n].work, edge->port);
	}
	provider->all_published = !edge->port && !any;
}

/* --- picking numbers ------------------------------------------------------------------------ */

struct picker {
	struct berth_operation *operation;
	struct map *taken; /* "WHOSE PORT/PROTOCOL" of every number given out in this plan */
	struct error *err;
};

/* Numbers are the location's, or the instance's where each has an address to itself. */
static void taken_key(char *key, size_t size, const struct work *work, unsigned number,
		      enum protocol protocol)
{
	const struct site *site = work->site;
	const void *whose = site->location.driver->capabilities.own_addresses ? (const void *)work : site;

	snprintf(key, size, "%p %u/%d", whose, number, protocol);
}

static int take(struct picker *picker, const struct work *work, unsigned number, enum protocol protocol)
{
	char key[64];
	taken_key(key, sizeof key, work, number, protocol);
	return map_put(&picker->taken, key, (void *)work) ? fail_memory(picker->err) : 0;
}

static const struct work *taker_of(const struct picker *picker, const struct work *work, unsigned number,
				   enum protocol protocol)
{
	char key[64];
	taken_key(key, sizeof key, work, number, protocol);
	return map_get(picker->taken, key);
}

static bool is_taken(const struct picker *picker, const struct work *work, unsigned number,
		     enum protocol protocol)
{
	return taker_of(picker, work, number, protocol) != NULL;
}

/* By its name; where the target does not tell names, by its place. */
static uint16_t named_number(const struct attachment *at, const char *name, size_t index)
{
	for (size_t i = 0; name && i < at->port_count; i++)
		if (at->ports[i].name && strcmp(at->ports[i].name, name) == 0)
			return at->ports[i].number;
	return index < at->port_count && !at->ports[index].name ? at->ports[index].number : 0;
}

/* The number this port has now at the target: what berth picked once it keeps. */
static uint16_t observed_number(const struct work *work, size_t index)
{
	const struct observed *seen = work->instance->seen;
	const struct spec_port *port = &work->ports[index];
	for (size_t a = 0; seen && a < seen->attachment_count; a++) {
		const struct attachment *at = &seen->attachments[a];
		if (is_process(work)) {
			uint16_t number = named_number(at, port->name, index);
			if (number)
				return number;
			continue;
		}
		for (size_t i = 0; i < at->port_count; i++)
			if (a > 0 && at->ports[i].port == port->port &&
			    at->ports[i].protocol == port->protocol)
				return at->ports[i].number;
	}
	return 0;
}

void port_key(char *key, size_t size, const struct spec_port *port)
{
	if (port->name)
		snprintf(key, size, "%s", port->name);
	else
		snprintf(key, size, "%u/%s", port->port, port->protocol == UDP ? "udp" : "tcp");
}

static uint16_t remembered_number(const struct work *work, const struct spec_port *port)
{
	const struct known_instance *known = known_of(work->operation, work->instance->name);
	char key[128];
	port_key(key, sizeof key, port);
	if (!known || !known->ports)
		return 0;
	owned_json ports = json_parse(known->ports, strlen(known->ports), "the ports", NULL);
	return (uint16_t)json_number(ports, key, 0);
}

static bool can_have(const struct picker *picker, const struct work *work, const char *address,
		     unsigned number, enum protocol protocol)
{
	struct location *location = &work->site->location;
	return !is_taken(picker, work, number, protocol) &&
	       location->driver->port_free(location, address, (uint16_t)number, protocol);
}

/* "8080+" means 8080, unless that is taken. */
static bool is_open_range(unsigned first, unsigned count)
{
	return first != PICK_FIRST && first + count - 1 == UINT16_MAX;
}

/* The same instance gets the same number again where that is possible, even when nothing remembers it. */
static int pick_from(struct picker *picker, const struct work *work, struct spec_port *port,
		     const char *address, unsigned first, unsigned count, uint16_t *ret_number)
{
	char key[128];
	port_key(key, sizeof key, port);
	unsigned start = is_open_range(first, count) ? work->picks
						     : spread(work->instance->name, spread(key, work->picks));
	for (unsigned i = 0; i < count; i++) {
		unsigned number = first + (start + i) % count;
		if (can_have(picker, work, address, number, port->protocol)) {
			*ret_number = (uint16_t)number;
			return 0;
		}
	}
	fail(picker->err, ERR_CONFLICT, "`%s`: no port between %u and %u is free on %s", work->instance->name,
	     first, first + count - 1, address);
	return -1;
}

static const struct named_port *named(const struct work *work, const char *name)
{
	const struct component_spec *spec = made_from(work->instance);
	for (size_t i = 0; i < spec->named_port_count; i++)
		if (strcmp(spec->named_ports[i].name, name) == 0)
			return &spec->named_ports[i];
	return NULL;
}

static int pick(struct picker *picker, struct work *work, size_t index, const char *address,
		uint16_t *ret_number)
{
	struct spec_port *port = &work->ports[index];
	const struct named_port *range = port->name ? named(work, port->name) : NULL;
	unsigned first = range && range->first ? range->first : PICK_FIRST;
	unsigned count = range && range->first ? (unsigned)(range->last - range->first) + 1 : PICK_COUNT;
	uint16_t number = work->picks ? 0 : observed_number(work, index);
	if (number && number >= first && number < first + count &&
	    !is_taken(picker, work, number, port->protocol)) {
		*ret_number = number;
		return 0;
	}
	number = work->picks ? 0 : remembered_number(work, port);
	if (number >= first && number < first + count &&
	    can_have(picker, work, address, number, port->protocol)) {
		*ret_number = number;
		return 0;
	}
	return pick_from(picker, work, port, address, first, count, ret_number);
}

/* A process listens by one number everywhere; a container's published number may be another. */
static int pick_port(struct picker *picker, struct work *work, size_t index, const char *address)
{
	struct spec_port *port = &work->ports[index];
	uint16_t number = 0;
	/* Where the target keeps tasks it gives each of them a number; in a network of its own a task has
	 * any. */
	if (!port->fixed && port->name && keeps_tasks(work->site) && is_process(work))
		port->port = (uint16_t)(TASK_PORTS + index);
	if (!port->fixed && (keeps_tasks(work->site) || (!is_process(work) && !port->published)))
		return 0;
	if (port->fixed)
		number = port->published && !is_process(work) ? port->host_port : port->port;
	else if (pick(picker, work, index, port->published ? address : "127.0.0.1", &number))
		return -1;
	if (is_process(work))
		port->port = number;
	if (port->published) {
		port->host_port = number;
		if (!port->host_address)
			port->host_address = address;
	}
	return take(picker, work, number, port->protocol);
}

static bool publishes(const struct work *work)
{
	for (size_t i = 0; i < work->port_count; i++)
		if (work->ports[i].published && !work->ports[i].host_address)
			return !keeps_tasks(work->site);
	return false;
}

static int pick_ports(struct picker *picker, struct work *work)
{
	char address[64] = "";
	struct location *location = &work->site->location;
	if (publishes(work) &&
	    location->driver->publish_address(location, address, sizeof address, picker->err)) {
		if (!work->site->failed)
			return -1;
		*picker->err = (struct error){0}; /* nobody asks one of a pool that does not answer */
	}
	const char *kept = arena_text(graph_arena(work->operation), address);
	if (!kept)
		return fail_memory(picker->err);
	for (size_t i = 0; i < work->port_count; i++)
		if (pick_port(picker, work, i, kept))
			return -1;
	return 0;
}

static int each_wanted(struct berth_operation *operation, int (*visit)(struct work *, struct error *),
		       struct error *err)
{
	for (size_t i = 0; i < operation->work_count; i++)
		if (operation->works[i]->instance->wanted && visit(operation->works[i], err))
			return -1;
	return 0;
}

static int outline_ports(struct work *work, struct error *err)
{
	return copy_ports(work) || give_loopback(work) ? fail_memory(err) : foresee(work, err);
}

/* Where it will be is known better once the numbers are. */
static int foresee_numbers(struct work *work, struct error *err)
{
	bool numbered = is_process(work);
	for (size_t i = 0; i < work->port_count; i++)
		numbered |= work->ports[i].published;
	return numbered ? foresee(work, err) : 0;
}

static struct place place_of(const struct work *work, const struct spec_port *port)
{
	const struct component_spec *spec = made_from(work->instance);
	const struct named_port *range = port->name ? named(work, port->name) : NULL;
	for (size_t i = 0; i < spec->binding_count; i++)
		if (spec->bindings[i].host_port == port->host_port)
			return spec->bindings[i].place;
	return range ? range->place : spec->place;
}

/* Members of one component have one number, so no two of them can be at one place. */
static void refuse_shared(struct work *work, const struct work *other, const struct spec_port *port,
			  unsigned number)
{
	struct error why;
	if (!other || other->instance->component != work->instance->component)
		return;
	fail(&why, ERR_CONFLICT, "`%s` and `%s` cannot both have port %u at `%s`", other->instance->name,
	     work->instance->name, number, work->site->location.name);
	remedy(&why, port->published && !is_process(work)
			 ? "use `publish`, which finds a port for each"
			 : "write `auto` or a range of ports, so that each has one of its own");
	complain_error(&work->operation->diagnostics, place_of(work, port), &why);
}

/* Fixed numbers first, so that no picked one takes them. */
static int take_fixed(struct picker *picker, struct work *work)
{
	for (size_t i = 0; i < work->port_count; i++) {
		const struct spec_port *port = &work->ports[i];
		unsigned number = port->host_port ? port->host_port : port->port;
		if (!port->fixed)
			continue;
		refuse_shared(work, taker_of(picker, work, number, port->protocol), port, number);
		if (take(picker, work, number, port->protocol))
			return -1;
	}
	return 0;
}

static int pick_all(struct picker *picker)
{
	struct berth_operation *operation = picker->operation;
	for (size_t i = 0; i < operation->work_count; i++)
		if (operation->works[i]->instance->wanted && take_fixed(picker, operation->works[i]))
			return -1;
	for (size_t i = 0; i < operation->work_count; i++)
		if (operation->works[i]->instance->wanted && pick_ports(picker, operation->works[i]))
			return -1;
	return 0;
}

int publications_settle(struct berth_operation *operation, struct error *err)
{
	struct application *application = operation->application;
	if (each_wanted(operation, outline_ports, err))
		return -1;
	for (size_t i = 0; i < application->component_count; i++) {
		const struct component *consumer = &application->components[i];
		for (size_t e = 0; e < consumer->need_count; e++)
			publish_for(consumer, &consumer->needs[e],
				    &application->components[consumer->needs[e].to]);
	}
	struct picker picker = {.operation = operation, .err = err};
	int result = pick_all(&picker);
	map_release(&picker.taken);
	return result ? -1 : each_wanted(operation, foresee_numbers, err);
}

int publications_pick_again(struct work *work, struct error *err)
{
	struct picker picker = {.operation = work->operation, .err = err};
	int result = 0;
	work->picks++;
	for (size_t i = 0; i < work->operation->work_count && !result; i++) {
		struct work *other = work->operation->works[i];
		for (size_t p = 0; p < other->port_count && !result; p++)
			if (other->ports[p].host_port)
				result =
				    take(&picker, other, other->ports[p].host_port, other->ports[p].protocol);
	}
	for (size_t i = 0; i < work->port_count && !result; i++)
		if (work->ports[i].published && !work->ports[i].fixed)
			result = pick_port(&picker, work, i, work->ports[i].host_address);
	map_release(&picker.taken);
	return result ? -1 : foresee(work, err);
}
