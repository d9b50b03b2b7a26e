/* checks.c - what can only be seen once a component, or all of them, have been read. */
#include <string.h>

#include "base/text.h"
#include "blueprints/component.h"
#include "blueprints/policy_types.h"

static bool has_machines(const struct reading *r, const struct draft *d)
{
	return location_kind_of(r, d->spec->location)->machines;
}

/* On how many machines they are for certain at most; 0: that is not known here. Whoever says `instances` of a
 * fixed port is told at once; a cluster may go to a pool, or to what only a deploy knows. */
static size_t places_of(const struct reading *r, const struct component_spec *spec)
{
	const struct cluster_spec *cluster = spec->cluster;
	size_t zones = cluster ? cluster->zone_count : 0, count = zones ? zones : 1;

	for (size_t i = 0; cluster && i < count; i++) {
		const struct location_spec *place = zones ? cluster->zones[i] : spec->location;
		const char *type = location_type_of(r, place);
		if (place && (!type || location_kind_named(type)->machines))
			return 0;
	}
	return count;
}

/* A Marathon's tasks go where the port is free: each agent has it. */
static bool has_agents(const struct reading *r, const struct draft *d)
{
	return r->apps ? !marathon_elsewhere(r, d) : at_marathon(r, d);
}

static void check_instances(struct reading *r, struct draft *d)
{
	const struct component_spec *spec = d->spec;
	const struct port_binding *bindings = d->bindings.members;
	const struct yaml_entry *given = given_of(d, KEY_INSTANCES) ?: given_of(d, KEY_INITIAL_SIZE);
	const char *what = spec->cluster ? "members" : "instances";
	unsigned wanted =
	    spec->cluster && spec->resized > spec->instances ? (unsigned)spec->resized : spec->instances;
	size_t places = places_of(r, spec);

	if (wanted < 2 || !given || !places || has_agents(r, d))
		return;
	if (d->bindings.count && wanted > places) {
		advise(r->list,
		       complain(r->list, given->value->place,
				"%u %s of `%s` cannot share the host's port %d bound at line %d", wanted,
				what, spec->id, bindings[0].host_port, bindings[0].place.line),
		       "use `publish`, which finds a port for each, or take `%s` away", given->key);
		return;
	}
	if (spec->kind == COMPONENT_PROCESS && d->open_ports.count && wanted > places) {
		const struct port_number *port = d->open_ports.members;
		advise(r->list,
		       complain(r->list, given->value->place,
				"%u %s of `%s` cannot share the port %d at line %d", wanted, what, spec->id,
				port->port, port->place.line),
		       "write `ports: {http: auto}` instead, and have it listen on $PORT_HTTP");
		return;
	}
	for (size_t i = 0; i < spec->named_port_count; i++) {
		const struct named_port *port = &spec->named_ports[i];
		size_t numbers = (size_t)(port->last - port->first) + 1;
		if (!port->first || numbers * places >= wanted)
			continue;
		advise(r->list,
		       complain(r->list, given->value->place,
				"%u %s of `%s` cannot share the port %d at line %d", wanted, what, spec->id,
				port->first, port->place.line),
		       "write `%s: auto`, or a range as long as the %s", port->name, what);
		return;
	}
}

/* What its sizes say together. */
static void check_cluster(struct reading *r, struct draft *d)
{
	const struct cluster_spec *cluster = d->spec->cluster;
	const struct yaml_entry *size = given_of(d, KEY_INITIAL_SIZE), *quorum = given_of(d, KEY_QUORUM);
	unsigned begins = d->spec->instances;

	if (cluster && cluster->most && begins > cluster->most)
		advise(r->list,
		       complain(r->list, (size ?: given_of(d, KEY_MAX_SIZE))->value->place,
				"`%s` begins with %u members, and `maxSize` allows %u", d->spec->id, begins,
				cluster->most),
		       "make `initialSize` smaller, or `maxSize` larger");
	if (cluster && cluster->quorum > begins)
		advise(r->list,
		       complain(r->list, quorum->value->place,
				"`initialQuorumSize` asks for %lld of the %u members that `%s` begins with",
				(long long)cluster->quorum, begins, d->spec->id),
		       "make it smaller, or leave it out: then all are asked for");
}

/* Its autoscaler would wish for more for ever. */
static void check_least(struct reading *r, const struct draft *d)
{
	const struct component_spec *spec = d->spec;
	const struct component_policy *policy = d->policies.members;

	for (size_t i = 0; spec->cluster && spec->cluster->most && i < d->policies.count; i++, policy++) {
		struct policy_value least;
		if (policy->type->kind != POLICY_AUTOSCALER)
			continue;
		const struct policy_key *key =
		    &policy->type->keys[policy_key_find(policy->type, "minPoolSize")];
		const json_t *given = json_object_get(policy->config, key->name);
		if (!given || policy_value_read(policy->type, key, given, &least, NULL) ||
		    least.number <= spec->cluster->most)
			continue;
		advise(r->list,
		       complain(r->list, policy->place,
				"its `%s` is %lld, and `maxSize` of `%s` allows %u members", key->name,
				(long long)least.number, spec->id, spec->cluster->most),
		       "make the minimum smaller, or `maxSize` larger");
	}
}

static void check_health(struct reading *r, struct draft *d)
{
	const struct component_spec *spec = d->spec;
	const struct health_check *health = spec->health;

	if ((health->kind != CHECK_HTTP && health->kind != CHECK_TCP) || d->ports_faulty)
		return;
	const char *key = spec->kind == COMPONENT_PROCESS ? "ports" : "openPorts";
	if (health->port && !listens_on(d, health->port, TCP))
		advise(r->list,
		       complain(r->list, health->place,
				"the health check asks port %d, which `%s` does not open", health->port,
				spec->id),
		       "add %d to its `%s`", health->port, key);
	else if (health->port_name && !find_named_port(d, health->port_name))
		advise(r->list,
		       complain(r->list, health->place,
				"the health check asks port `%s`, which `%s` does not have",
				health->port_name, spec->id),
		       "add it to its `ports`");
	else if (!health->port && !health->port_name && !d->open_ports.count && !spec->named_port_count)
		advise(
		    r->list,
		    complain(r->list, health->place, "the health check of `%s` has no port to ask", spec->id),
		    "give the component `%s`", key);
}

static void check_job(struct reading *r, struct draft *d)
{
	if (d->spec->job && d->spec->health->kind != CHECK_NONE)
		advise(r->list,
		       warn(r->list, d->spec->health->place,
			    "nobody asks the health check of the job `%s`: it is ready when it has finished",
			    d->spec->id),
		       "take it away");
}

void check_component(struct reading *r, struct draft *d)
{
	const struct component_spec *spec = d->spec;

	if (!d->kind_known)
		return;
	if (spec->kind == COMPONENT_PROCESS && !given_of(d, KEY_COMMAND) && !d->balancer && !d->software &&
	    !is_stand_in(spec))
		advise(r->list, complain(r->list, d->place, "the process `%s` has no `command`", spec->id),
		       "write command: \"...\" for /bin/sh -c, or a list");
	if (spec->kind == COMPONENT_PROCESS && spec->command.given && !spec->command.count)
		complain(r->list, spec->command.place, "the command of `%s` is empty", spec->id);
	if (spec->kind == COMPONENT_EXTERNAL && !given_of(d, KEY_ADDRESS))
		advise(r->list,
		       complain(r->list, d->place, "the external component `%s` has no `address`", spec->id),
		       "write address: HOST and ports: [PORT]");
	if (spec->kind == COMPONENT_EXTERNAL && !given_of(d, KEY_PORTS))
		advise(r->list,
		       complain(r->list, d->place, "the external component `%s` has no `ports`", spec->id),
		       "write ports: [PORT]");
	check_instances(r, d);
	check_cluster(r, d);
	check_least(r, d);
	check_health(r, d);
	check_job(r, d);
	check_files(r, d);
	check_update(r, d);
	check_carriers(r, d);
}

/* A port of a host that a component asks for. */
struct claim {
	const struct draft *draft;
	const char *address;
	uint16_t port;
	struct place place;
	struct claim *next;
};

static bool any_address(const char *address)
{
	return !strcmp(address, "0.0.0.0") || !strcmp(address, "::");
}

static void claim_port(struct reading *r, struct map **claims, const char *location,
		       const struct claim *claim, enum protocol protocol)
{
	const char *key = arena_format(&r->scratch, "%d/%d/%s", claim->port, protocol, location);
	struct claim *copy = scratch_new(r, struct claim);

	if (!key || !copy) {
		r->list->failed = true;
		return;
	}
	struct claim *first = map_get(*claims, key);
	for (const struct claim *other = first; other; other = other->next) {
		if (strcmp(other->address, claim->address) && !any_address(other->address) &&
		    !any_address(claim->address))
			continue;
		struct diagnostic *entry =
		    complain(r->list, claim->place,
			     "`%s` wants the host's port %d, which `%s` has already (line %d, column %d)",
			     claim->draft->spec->id, claim->port, other->draft->spec->id, other->place.line,
			     other->place.column);
		advise(r->list, entry, "choose another port of the host, or another location");
		return;
	}
	*copy = *claim;
	copy->next = first;
	reading_put(r, claims, key, copy);
}

/* The host whose ports it uses. */
static const char *host_key(const struct reading *r, const struct draft *d)
{
	const char *location = location_key(r->arena, d->spec->location);

	if (!location || !has_machines(r, d))
		return location;
	return d->spec->same_server ? arena_format(r->arena, "%s together %s", location, d->spec->same_server)
				    : arena_format(r->arena, "%s alone %s", location, d->spec->id);
}

void check_host_ports(struct reading *r)
{
	struct map *claims = NULL;

	for (size_t i = 0; i < r->count; i++) {
		const struct draft *d = &r->drafts[i];
		const struct port_binding *bindings = d->bindings.members;
		const struct named_port *named = d->spec->named_ports;
		const struct port_number *open = d->open_ports.members;
		size_t listens = d->spec->kind == COMPONENT_PROCESS ? d->open_ports.count : 0;
		/* A stand-in has an address to itself. */
		if (!d->kind_known || d->spec->kind == COMPONENT_EXTERNAL ||
		    (!d->bindings.count && !named && !listens) || is_stand_in(d->spec) || has_agents(r, d))
			continue;
		const char *location = host_key(r, d);
		for (size_t k = 0; location && k < d->bindings.count; k++)
			claim_port(r, &claims, location,
				   &(struct claim){.draft = d,
						   .address = bindings[k].host_address,
						   .port = bindings[k].host_port,
						   .place = bindings[k].place},
				   bindings[k].protocol);
		for (size_t k = 0; location && k < listens; k++)
			claim_port(r, &claims, location,
				   &(struct claim){.draft = d,
						   .address = "0.0.0.0",
						   .port = open[k].port,
						   .place = open[k].place},
				   open[k].protocol);
		for (size_t k = 0; named && location && k < d->spec->named_port_count; k++)
			if (named[k].first && named[k].first == named[k].last)
				claim_port(r, &claims, location,
					   &(struct claim){.draft = d,
							   .address = "0.0.0.0",
							   .port = named[k].first,
							   .place = named[k].place},
					   TCP);
	}
	map_release(&claims);
}

/* --- machines that are shared --- */

/* The one before it that is to share its machine; NULL: none is. */
static const struct draft *sharer_before(const struct reading *r, const struct draft *d)
{
	const char *server = d->spec->same_server;

	for (const struct draft *other = r->drafts; server && other < d; other++)
		if (other->spec->same_server && !strcmp(other->spec->same_server, server))
			return other;
	return NULL;
}

void check_same_servers(struct reading *r)
{
	for (size_t i = 0; i < r->count; i++) {
		const struct draft *d = &r->drafts[i], *other = sharer_before(r, d);
		const struct location_kind *kind = location_kind_of(r, d->spec->location);
		const struct yaml_entry *given = given_of(d, KEY_SAME_SERVER);
		if (!other || !kind->machines || kind->pool)
			continue;
		struct diagnostic *said = complain(
		    r->list, given ? given->key_place : d->place,
		    "`%s` is to share a machine with `%s`, and at an %s each instance gets a server of "
		    "its own",
		    d->spec->id, other->spec->id, kind->type);
		advise(r->list, said,
		       "place them on a machine or a pool (ssh, byon), or take `sameServer` away: "
		       "`serverGroup: affinity` of the location puts servers on one host");
	}
}

/* --- how large the whole may be --- */

/* What all of an application is planned with is in memory at one time: some hundred bytes for each of these.
 */
#define APPLICATION_LIMIT       200000  /* instances */
#define APPLICATION_PARTS_LIMIT 1000000 /* instances, and each one's ports and links */

static uint64_t parts_of(const struct draft *d)
{
	const struct component_spec *spec = d->spec;
	uint64_t parts = 1 + spec->open_port_count + spec->named_port_count + spec->link_count;
	return parts * spec->instances;
}

static struct place size_place(const struct draft *d)
{
	const struct yaml_entry *given = given_of(d, KEY_INSTANCES);
	if (!given)
		given = given_of(d, KEY_INITIAL_SIZE);
	return given ? given->value->place : d->place;
}

void check_size(struct reading *r)
{
	uint64_t instances = 0, parts = 0;
	for (size_t i = 0; i < r->count; i++) {
		const struct draft *d = &r->drafts[i];
		instances += d->spec->instances;
		parts += parts_of(d);
		struct diagnostic *entry = NULL;
		if (instances > APPLICATION_LIMIT)
			entry = complain(r->list, size_place(d),
					 "with `%s` the application has more than %d instances", d->spec->id,
					 APPLICATION_LIMIT);
		else if (parts > APPLICATION_PARTS_LIMIT)
			entry =
			    complain(r->list, size_place(d),
				     "with `%s` the instances of the application, their ports and links are "
				     "more than %d",
				     d->spec->id, APPLICATION_PARTS_LIMIT);
		if (!entry)
			continue;
		advise(r->list, entry, "take fewer instances, or make several applications of it");
		return;
	}
}
