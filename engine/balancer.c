/* balancer.c - what a load balancer's proxy is told: its members as they are there now, in the order of their
 * numbers. */
#include "engine/proxy.h"

#include <string.h>

#include "base/cleanup.h"
#include "engine/hold.h"
#include "engine/pools.h"
#include "engine/specs.h"

/* Where Debian has the part of nginx that proxies connections. */
#define STREAM_MODULE "/usr/lib/nginx/modules/ngx_stream_module.so"

struct gathering {
	struct work *work; /* the balancer's */
	bool ill;          /* those that are unhealthy are taken too */
	struct arena *arena;
	struct proxy_member *members;
	size_t count, room;
	bool failed;
};

static void add(struct gathering *to, struct proxy_member member)
{
	if (to->count == to->room) {
		size_t room = to->room ? 2 * to->room : 8;
		struct proxy_member *wider = arena_array(to->arena, struct proxy_member, room);
		if (!wider) {
			to->failed = true;
			return;
		}
		if (to->count)
			memcpy(wider, to->members, to->count * sizeof *wider);
		to->members = wider;
		to->room = room;
	}
	to->members[to->count++] = member;
}

/* --- who takes requests ----------------------------------------------------------------------------- */

/* What was seen to answer does so until something is done to it, or while it is only asked again. */
static bool expected(const struct instance *instance)
{
	const struct work *work = instance->work;
	const struct observed *seen = instance->seen;
	bool stays = work->action == ACTION_UNCHANGED || work->action == ACTION_UPDATE;
	return seen && seen->state == SEEN_RUNNING && !seen->paused && !seen->cut_off &&
	       !(work->parts & PART_ROLL) && !instance->predecessor &&
	       (stays || instance->phase != PHASE_STARTING) && instance_known_ready(instance);
}

static bool takes_requests(const struct instance *instance)
{
	switch (instance->phase) {
	case PHASE_ABSENT:
	case PHASE_LINKING:
	case PHASE_STARTING:
		return expected(instance);
	default:
		return instance->phase == PHASE_RUNNING || instance->phase == PHASE_UPDATING;
	}
}

/* The one of an ordinal that takes requests: in an update the older one, until the new one does. NULL: none.
 */
static const struct instance *taker_of(const struct instance *instance)
{
	const struct instance *older = instance->predecessor;
	if (takes_requests(instance))
		return instance;
	if (!older || older->work->withdrawn)
		return NULL;
	bool untouched = older->phase == PHASE_ABSENT && older->seen && older->seen->state == SEEN_RUNNING;
	return untouched || older->phase == PHASE_RUNNING ? older : NULL;
}

/* Whoever keeps it found that its health check fails. */
static bool is_ill(const struct instance *instance)
{
	return instance->work->held && instance->work->held->problem;
}

/* --- where they are --------------------------------------------------------------------------------- */

/* The port that requests go to: the one that is meant, else the first that takes connections. */
static const struct spec_port *port_of(const struct work *work, const struct balancer_member *member)
{
	for (size_t i = 0; i < work->port_count; i++) {
		const struct spec_port *port = &work->ports[i];
		if (port->protocol != TCP)
			continue;
		if (member->port_name ? port->name && !strcmp(port->name, member->port_name)
				      : !member->port || port->port == member->port)
			return port;
	}
	return NULL;
}

struct place_list {
	const struct attachment *at;
	size_t count;
};

/* Of what is only kept each look and each listing tells afresh. */
static struct place_list places_of(const struct instance *instance)
{
	const struct observed *seen = instance->seen;
	if (seen && (instance->work->held || !instance->attachments))
		return (struct place_list){seen->attachments, seen->attachment_count};
	return (struct place_list){instance->attachments, instance->attachment_count};
}

/* Tells by number what it was told by name: nginx looks a name up once. */
static void add_at(struct gathering *to, const struct attachment *at, size_t count,
		   const struct spec_port *port, unsigned weight, const char *name)
{
	struct place_list own = places_of(to->work->instance);
	struct way way = way_between(own.at, own.count, at, count, port->port, port->protocol);
	if (!way.address || !way.number)
		return;
	/* Copied: a later look at the member gives its attachments' memory back. */
	struct proxy_member member = {.name = name,
				      .address = arena_text(to->arena, way.address),
				      .port = way.number,
				      .weight = weight};
	if (name && member.address)
		add(to, member);
	else
		to->failed = true;
}

/* `of` is the one of that ordinal that the blueprint means, which has the ports; it may be the taker. */
static void add_instance(struct gathering *to, const struct instance *taker, const struct instance *of,
			 const struct balancer_member *member)
{
	const struct component *component = of->component;
	const struct spec_port *port = port_of(of->work, member);
	struct place_list places = places_of(taker);
	if (!port)
		return;
	if (!keeps_tasks(component->site)) {
		add_at(to, places.at, places.count, port, member->weight,
		       arena_format(to->arena, "%s.%u", component->id, of->ordinal));
		return;
	}
	/* Each task has an attachment of its own. */
	for (size_t i = 0; i < places.count; i++)
		add_at(to, &places.at[i], 1, port, member->weight,
		       arena_format(to->arena, "%s.%zu", component->id, i + 1));
}

static void add_external(struct gathering *to, const struct component *component,
			 const struct balancer_member *member)
{
	uint16_t port = member->port;
	for (size_t i = 0; !port && i < component->port_count; i++)
		if (component->ports[i].protocol == TCP)
			port = component->ports[i].port;
	add(to, (struct proxy_member){component->id, component->spec->address, port, member->weight, false});
}

static void add_component(struct gathering *to, const struct balancer_member *member)
{
	const struct component *component = &to->work->operation->application->components[member->component];
	if (!component->site) {
		add_external(to, component, member);
		return;
	}
	for (unsigned i = 0; i < instances_of(component) && i < component->instance_count; i++) {
		const struct instance *taker = taker_of(&component->instances[i]);
		if (taker && (to->ill || !is_ill(taker)))
			add_instance(to, taker, &component->instances[i], member);
	}
}

/* --- the whole -------------------------------------------------------------------------------------- */

static int gather(struct work *work, struct arena *arena, const struct balancer_pool *from, const char *name,
		  struct proxy_pool *ret)
{
	struct gathering to = {.work = work, .arena = arena};
	/* Where none is well it may be the check that is not: they are better than nobody. */
	for (int ill = 0; ill < 2 && !to.count; ill++) {
		to.ill = ill;
		for (size_t i = 0; i < from->count; i++)
			add_component(&to, &from->members[i]);
	}
	*ret = (struct proxy_pool){name, to.members, to.count};
	return to.failed || !name ? -1 : 0;
}

static int gather_pools(struct work *work, struct arena *arena, struct proxy_config *config)
{
	const struct balancer_spec *spec = made_from(work->instance)->balancer;
	struct proxy_pool *pools = arena_array(arena, struct proxy_pool, spec->route_count + 1);
	struct proxy_route *routes = arena_array(arena, struct proxy_route, spec->route_count + 1);
	if (!pools || !routes)
		return -1;
	config->pools = pools;
	config->routes = routes;
	for (; config->route_count < spec->route_count; config->route_count++) {
		const struct balancer_route *route = &spec->routes[config->route_count];
		routes[config->route_count] =
		    (struct proxy_route){route->host, route->path, config->pool_count};
		if (gather(work, arena, &route->pool,
			   arena_format(arena, "route-%zu", config->route_count + 1),
			   &pools[config->pool_count++]))
			return -1;
	}
	config->fallback = spec->members.count ? config->pool_count : NO_POOL;
	return spec->members.count
		   ? gather(work, arena, &spec->members, "members", &pools[config->pool_count++])
		   : 0;
}

enum resolved members_write(struct work *work, const struct value *of, struct text *to, struct error *err)
{
	const struct balancer_member member = {.component = of->component,
					       .port = (uint16_t)of->port,
					       .port_name = of->text && *of->text ? of->text : NULL,
					       .weight = 1};
	const struct balancer_pool pool = {.members = &member, .count = 1};
	owned_arena room = {0};
	struct proxy_pool found = {0};
	if (gather(work, &room, &pool, "members", &found)) {
		fail_memory(err);
		return RESOLVED_NEVER;
	}
	for (size_t i = 0; i < found.count; i++) {
		text_add(to, i ? "," : "");
		proxy_put_address(to, &found.members[i]);
	}
	return RESOLVED;
}

/* As many as the processors that it may use, where it may not use all. */
static unsigned workers_of(const struct component_spec *spec)
{
	return (unsigned)((spec->nano_cpus + 999999999) / 1000000000);
}

/* A stand-in listens at each of its provider's ports. */
static enum resolved relay_write(struct work *work, struct text *to, struct error *err)
{
	const struct balancer_spec *spec = work->instance->component->spec->balancer;
	owned_arena room = {0};

	for (size_t i = 0; i < work->port_count; i++) {
		struct balancer_member member = spec->members.members[0];
		const struct balancer_pool members = {&member, 1};
		struct proxy_pool pool;
		member.port = work->ports[i].port;
		if (gather(work, &room, &members, "members", &pool)) {
			fail_memory(err);
			return RESOLVED_NEVER;
		}
		if (proxy_relay(work->loopback, member.port, &pool, to, err))
			return RESOLVED_NEVER;
	}
	return RESOLVED;
}

enum resolved balancer_write(struct work *work, struct text *to, struct error *err)
{
	if (is_stand_in(work->instance->component->spec))
		return relay_write(work, to, err);
	const struct component_spec *component = made_from(work->instance);
	const struct balancer_spec *spec = component->balancer;
	bool process = component->kind == COMPONENT_PROCESS, nginx = spec->proxy == PROXY_NGINX;
	owned_arena room = {0};
	struct proxy_config config = {.tcp = spec->tcp,
				      .address = process ? bind_address(work) : NULL,
				      .port = process ? work->ports[0].port : spec->port,
				      .algorithm = spec->algorithm,
				      .sticky = spec->sticky,
				      .check = &spec->check,
				      .retries = spec->retries,
				      .timeout_ms = spec->timeout_ms,
				      .certificate = spec->certificate,
				      .workers = workers_of(component),
				      .own_folder = process,
				      .module = process && nginx && spec->tcp ? STREAM_MODULE : NULL};
	if (gather_pools(work, &room, &config))
		fail_memory(err);
	else if ((nginx ? proxy_nginx : proxy_haproxy)(&config, to, err) == 0)
		return RESOLVED;
	return RESOLVED_NEVER;
}

enum resolved balancer_resolve(struct work *work, struct text *to, struct error *err)
{
	enum resolved found = balancer_write(work, to, err);
	if (found != RESOLVED || pool_note(work, to) == 0)
		return found;
	fail_memory(err);
	return RESOLVED_NEVER;
}
