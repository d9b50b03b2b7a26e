/* joining.c - containers on networks: joined when they start or when somebody says so, with an address. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulation/docker/model.h"

static int take_address(struct network *network, struct endpoint *endpoint, char *words, size_t size)
{
	uint32_t wanted;

	if (!endpoint->pinned) {
		if (address_any(network, &endpoint->address))
			return 0;
		snprintf(words, size, "no available IPv4 addresses on this network's address pools: %s (%s)",
			 network->name, network->id);
		return 500;
	}
	if (!parse_address(endpoint->pinned, &wanted)) {
		snprintf(words, size, "invalid IPv4 address: %s", endpoint->pinned);
		return 400;
	}
	if (wanted < network->first || wanted - network->first >= UINT32_C(1) << (32 - network->prefix)) {
		snprintf(words, size,
			 "Invalid address %s: It does not belong to any of this network's subnets",
			 endpoint->pinned);
		return 500;
	}
	endpoint->address = wanted;
	if (address_take(network, wanted))
		return 0;
	snprintf(words, size, "Address already in use");
	return 403;
}

/* By its id as soon as it was there once. */
static int find_network(struct docker_engine *engine, const struct endpoint *endpoint, struct network **ret,
			char *words, size_t size)
{
	bool by_id = user_defined(endpoint->network) && *endpoint->network_id;
	const char *name = by_id ? endpoint->network_id : endpoint->network;
	size_t count;

	*ret = network_found(engine, name, &count);
	if (count > 1) {
		snprintf(words, size, "network %s is ambiguous (%zu matches found on name)", name, count);
		return 400;
	}
	if (*ret)
		return 0;
	snprintf(words, size, "network %s not found", name);
	return 404;
}

/* What a failure left of its interfaces has the route already. */
static int is_blocked(const struct network *network, const struct endpoint *endpoint, char *words,
		      size_t size)
{
	char address[16], first[16];

	address_text(endpoint->address, address);
	snprintf(
	    words, size,
	    "failed to add interface veth%.7s to sandbox: error setting interface \"veth%.7s\" IP to %s/%d: "
	    "cannot program address %s/%d in sandbox interface because it conflicts with existing route "
	    "{Ifindex: 7 Dst: %s/%d Src: %s Gw: <nil> Flags: [] Table: 254 Realm: 0}",
	    endpoint->id, endpoint->id, address, network->prefix, address, network->prefix,
	    address_text(network->first, first), network->prefix, address);
	return 500;
}

static int bind_here(struct container *container, const struct network *network, struct endpoint *endpoint,
		     char *words, size_t size)
{
	if (!network->bridges)
		return 0;
	if (container->blocked)
		return is_blocked(network, endpoint, words, size);
	return container->bound_count ? 0 : ports_bind(container, endpoint->id, words, size);
}

int endpoint_begin(struct container *container, struct endpoint *endpoint, char *words, size_t size)
{
	struct network *network;
	int status = find_network(container->engine, endpoint, &network, words, size);

	if (status)
		return status;
	if (endpoint->on) { /* joined while it waited to be started again */
		endpoint->failed = true;
		endpoint_end(container, endpoint);
	}
	if (container->name && json_object_get(network->ghosts, container->name)) {
		snprintf(words, size, "endpoint with name %s already exists in network %s", container->name,
			 network->name);
		return 403;
	}
	name_endpoint(container, endpoint);
	if (network->bridges && (status = take_address(network, endpoint, words, size)))
		return status;
	endpoint->on = network;
	endpoint->prefix = network->prefix;
	new_id(container->engine, endpoint->id);
	snprintf(endpoint->network_id, sizeof(endpoint->network_id), "%s", network->id);
	network->attached++;
	status = bind_here(container, network, endpoint, words, size);
	endpoint->failed = status != 0;
	if (!status)
		network_event(container->engine, network, "connect", container->id);
	return status;
}

void endpoint_end(struct container *container, struct endpoint *endpoint)
{
	struct network *network = endpoint->on;

	if (network->bridges)
		address_free(network, endpoint->address);
	network->attached--;
	endpoint->on = NULL;
	if (!endpoint->failed)
		network_event(container->engine, network, "disconnect", container->id);
}

/* An engine forgets an endpoint when its container ends or starts; what was joined in between, it does not.
 */
void endpoint_haunts(const struct container *container, struct endpoint *endpoint)
{
	struct network *network = endpoint->on;

	if (!network)
		return;
	if (!network->ghosts)
		network->ghosts = must_json(json_object());
	json_object_set_new(network->ghosts, container->name ? container->name : "",
			    must_json(json_integer(endpoint->address)));
	endpoint->on = NULL;
}

void ghosts_forget(struct network *network)
{
	const char *name;
	json_t *address;
	void *next;

	json_object_foreach_safe(network->ghosts, next, name, address)
	{
		if (network->bridges)
			address_free(network, (uint32_t)json_integer_value(address));
		network->attached--;
		json_object_del(network->ghosts, name);
	}
}

static void lay_ghost(struct call *call, struct network *network, const char *name)
{
	const json_t *address = json_object_get(network->ghosts, name);

	if (!address) {
		refuse(call, 404, "endpoint %s not found", name);
		return;
	}
	if (network->bridges)
		address_free(network, (uint32_t)json_integer_value(address));
	network->attached--;
	json_object_del(network->ghosts, name);
	answer_nothing(call, 200);
}

/* What a running one is joined to with no success stays its wish all the same, and is told. */
static void join(struct call *call, struct container *container, struct network *network,
		 const json_t *config)
{
	struct endpoint *endpoint = endpoint_found(container, network->name);
	char words[512];

	if (endpoint && endpoint->on) {
		refuse(call, 403, "endpoint with name %s already exists in network %s", container->name,
		       network->name);
		return;
	}
	if (endpoint)
		endpoint_drop(container, endpoint);
	endpoint = endpoint_new(container, network->name, config);
	int status = endpoint_begin(container, endpoint, words, sizeof(words));
	if (status && endpoint->on) {
		container->blocked = true;
		endpoint_end(container, endpoint);
	}
	if (status) {
		refuse(call, status, "%s", words);
		return;
	}
	note_listed(container);
	answer_nothing(call, 200);
}

static struct container *who(struct call *call, const json_t *body)
{
	const char *name = json_text(body, "Container") ?: "";
	struct container *container = container_found(call->engine, name);

	if (!container)
		refuse(call, 404, "No such container: %s", name);
	else if (!container->removing || has_process(container))
		return container;
	else
		refuse(call, 500,
		       "Container %s is marked for removal and cannot be connected or disconnected to the "
		       "network",
		       container->id);
	return NULL;
}

/* Whether there is such a network is seen when it starts; of one that is there the first wish counts. */
static void wish(struct container *container, const struct network *network, const char *name,
		 const json_t *config)
{
	struct endpoint *endpoint = endpoint_found(container, network ? network->name : name);

	if (network && endpoint)
		return;
	if (endpoint)
		endpoint_drop(container, endpoint);
	endpoint = endpoint_new(container, network ? network->name : name, config);
	if (network)
		name_endpoint(container, endpoint);
}

/* One that runs is on networks, and they must be there; else a wish is kept, whatever it means. */
static bool network_refused(struct call *call, bool runs, const struct network *network, size_t count)
{
	if (runs && count > 1)
		refuse(call, 400, "network %s is ambiguous (%zu matches found on name)", call->part, count);
	else if (runs && !network)
		refuse(call, 404, "network %s not found", call->part);
	return runs && (count > 1 || !network);
}

void connect_asked(struct call *call)
{
	const json_t *body = call_body(call);
	struct container *container = body ? who(call, body) : NULL;
	const json_t *config = json_object_get(body, "EndpointConfig");
	size_t count;

	if (!container)
		return;
	struct network *network = network_found(call->engine, call->part, &count);
	bool runs = has_process(container) || container->state == RESTARTING;
	if (network_refused(call, runs, network, count))
		return;
	if (network && strcmp(network->name, "none") != 0 && endpoint_found(container, "none")) {
		refuse(call, 400,
		       "container cannot be connected to multiple networks with one of the networks in "
		       "private (none) mode");
	} else if (runs) {
		join(call, container, network, config);
	} else {
		wish(container, network && count == 1 ? network : NULL, call->part, config);
		note_listed(container);
		answer_nothing(call, 200);
	}
}

void disconnect_asked(struct call *call)
{
	const json_t *body = call_body(call);
	size_t count;
	struct network *network = network_found(call->engine, call->part, &count);
	const char *named = json_text(body, "Container") ?: "";

	if (network && json_flag(body, "Force", false) && !container_found(call->engine, named)) {
		lay_ghost(call, network, named);
		return;
	}
	struct container *container = body ? who(call, body) : NULL;
	if (!container)
		return;
	bool runs = has_process(container) || container->state == RESTARTING;
	if (network_refused(call, runs, network, count))
		return;
	const char *name = network && count == 1 ? network->name : call->part;
	struct endpoint *endpoint = endpoint_found(container, name);
	if (!endpoint || (runs && endpoint->on != network)) {
		refuse(call, 500, "container %s is not connected to %snetwork %s", container->id,
		       runs ? "" : "the ", name);
		return;
	}
	if (endpoint->on && !runs) {
		endpoint_haunts(container, endpoint);
	} else if (endpoint->on) {
		ports_release(container);
		endpoint_end(container, endpoint);
	} else if (network) {
		network_event(call->engine, network, "disconnect", container->id);
	}
	endpoint_drop(container, endpoint);
	note_listed(container);
	answer_nothing(call, 200);
}
