/* networks.c - networks, of which two may have one name, and who is attached to them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulation/docker/model.h"

#define BRIDGE_OPTIONS                                                                                       \
	"{\"com.docker.network.bridge.default_bridge\":\"true\","                                            \
	"\"com.docker.network.bridge.enable_icc\":\"true\","                                                 \
	"\"com.docker.network.bridge.enable_ip_masquerade\":\"true\","                                       \
	"\"com.docker.network.bridge.host_binding_ipv4\":\"0.0.0.0\","                                       \
	"\"com.docker.network.bridge.name\":\"docker0\",\"com.docker.network.driver.mtu\":\"1500\"}"

/* --- found ------------------------------------------------------------------------------------------ */

struct network *network_found(struct docker_engine *engine, const char *name, size_t *ret_count)
{
	struct network *by_name = NULL, *by_beginning = NULL;
	size_t names = 0, beginnings = 0;

	for (struct network *one = engine->networks; one; one = one->next) {
		if (!strcmp(one->id, name)) {
			if (ret_count)
				*ret_count = 1;
			return one;
		}
		if (!strcmp(one->name, name)) {
			by_name = by_name ? by_name : one;
			names++;
		}
		if (*name && starts_with(one->id, name)) {
			by_beginning = one;
			beginnings++;
		}
	}
	if (ret_count)
		*ret_count = by_name ? names : beginnings;
	return by_name ? by_name : beginnings == 1 ? by_beginning : NULL;
}

/* --- told -------------------------------------------------------------------------------------- */

/* All but who is attached stays as it was made. */
static void write_texts(struct network *network, const char *ipam, const char *options)
{
	struct text head = {0}, tail = {0};

	text_add(&head, "{\"Name\":");
	put_quoted(&head, network->name);
	put_member(&head, "Id", network->id);
	text_add(&head, ",\"Created\":\"");
	put_time(&head, network->created_ns);
	text_add(&head, "\",\"Scope\":\"local\"");
	put_member(&head, "Driver", network->driver);
	text_add(&head,
		 ",\"EnableIPv6\":false,\"IPAM\":{\"Driver\":\"default\",\"Options\":null,\"Config\":");
	text_add(&head, ipam);
	text_add(&head,
		 "},\"Internal\":false,\"Attachable\":false,\"Ingress\":false,\"ConfigFrom\":{\"Network\":"
		 "\"\"},\"ConfigOnly\":false,\"Containers\":");
	text_add(&tail, ",\"Options\":");
	text_add(&tail, options);
	text_add(&tail, ",\"Labels\":");
	put_json(&tail, network->labels);
	text_add_char(&tail, '}');
	network->head = must(text_take(&head));
	network->tail = must(text_take(&tail));
}

static void put_attached(struct text *to, const struct container *container, const struct endpoint *at)
{
	put_quoted(to, container->id);
	text_add(to, ":{\"Name\":");
	put_quoted(to, container->name ? container->name : "");
	put_member(to, "EndpointID", at->id);
	text_format(to, ",\"MacAddress\":\"02:42:%02x:%02x:%02x:%02x\",\"IPv4Address\":\"", at->address >> 24,
		    at->address >> 16 & 255, at->address >> 8 & 255, at->address & 255);
	put_address(to, at->address);
	text_format(to, "/%d\",\"IPv6Address\":\"\"}", at->on->prefix);
}

static void put_network(struct text *to, const struct docker_engine *engine, const struct network *network,
			bool attached)
{
	size_t count = 0;

	text_add(to, network->head);
	text_add_char(to, '{');
	for (const struct container *one = attached ? engine->containers : NULL; one; one = one->next)
		for (const struct endpoint *at = one->endpoints; at; at = at->next)
			if (at->on == network) {
				text_add(to, count++ ? "," : "");
				put_attached(to, one, at);
			}
	text_add_char(to, '}');
	text_add(to, network->tail);
}

static bool name_fits(const char *value, const void *network)
{
	return strstr(((const struct network *)network)->name, value) != NULL;
}

static bool id_fits(const char *value, const void *network)
{
	return strstr(((const struct network *)network)->id, value) != NULL;
}

void networks_asked(struct call *call)
{
	static const char *const known[] = {"driver", "type",  "name",     "id",
					    "label",  "scope", "dangling", NULL};
	struct docker_engine *engine = call->engine;
	struct text to = {0};
	json_t *filters;

	if (filters_read(call, known, &filters) < 0)
		return;
	text_add_char(&to, '[');
	for (const struct network *one = engine->networks; one; one = one->next) {
		if (!filter_labels(filters, one->labels) || !filter_any(filters, "name", name_fits, one) ||
		    !filter_any(filters, "id", id_fits, one) || !filter_word(filters, "driver", one->driver))
			continue;
		text_add(&to, to.length > 1 ? "," : "");
		put_network(&to, engine, one, false);
	}
	text_add_char(&to, ']');
	json_decref(filters);
	answer(call, 200, &to);
}

void network_asked(struct call *call)
{
	struct text to = {0};
	size_t count;
	const struct network *network = network_found(call->engine, call->part, &count);

	if (count > 1) {
		refuse(call, 400, "%zu matches found based on %s: network %s is ambiguous", count,
		       network ? "name" : "ID prefix", call->part);
		return;
	}
	if (!network) {
		refuse(call, 404, "network %s not found", call->part);
		return;
	}
	put_network(&to, call->engine, network, true);
	answer(call, 200, &to);
}

/* --- made -------------------------------------------------------------------------------------- */

static struct network *network_new(struct docker_engine *engine, const char *name, const char *driver,
				   const json_t *labels)
{
	struct network *network = must(calloc(1, sizeof(*network)));

	new_id(engine, network->id);
	network->name = copy(name);
	network->driver = copy(driver);
	network->labels = must_json(json_is_object(labels) ? json_deep_copy(labels) : json_object());
	network->created_ns = stamp(engine);
	put_list((void **)&engine->networks, network, offsetof(struct network, next));
	return network;
}

static void give_addresses(struct network *network, uint32_t first, int prefix)
{
	network->bridges = true;
	network->first = network->range_first = first;
	network->prefix = network->range_prefix = prefix;
	addresses_begin(network);
}

void networks_begin(struct docker_engine *engine)
{
	static const char *const drivers[] = {"null", "host", "bridge"};
	static const char *const names[] = {"none", "host", "bridge"};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct network *network = network_new(engine, names[i], drivers[i], NULL);
		bool bridge = !strcmp(names[i], "bridge");
		network->predefined = true;
		if (bridge) {
			give_addresses(network, UINT32_C(172) << 24 | 17 << 16, 16);
			address_any(network, &network->gateway);
		}
		write_texts(network, bridge ? "[{\"Subnet\":\"172.17.0.0/16\"}]" : "[]",
			    bridge ? BRIDGE_OPTIONS : "{}");
	}
}

/* From the engine's own pools. */
static bool pick_subnet(const struct docker_engine *engine, uint32_t *ret_first, int *ret_prefix)
{
	*ret_prefix = 16;
	for (uint32_t second = 17; second < 32; second++) {
		*ret_first = UINT32_C(172) << 24 | second << 16;
		if (!subnet_holder(engine, *ret_first, 16))
			return true;
	}
	*ret_prefix = 20;
	for (uint32_t third = 0; third < 256; third += 16) {
		*ret_first = UINT32_C(192) << 24 | 168 << 16 | third << 8;
		if (!subnet_holder(engine, *ret_first, 20))
			return true;
	}
	return false;
}

struct wished {
	uint32_t first, range_first, gateway;
	int prefix, range_prefix;
	bool ranged, has_gateway;
};

/* A part of a subnet is not looked at by who gives addresses, but by who makes the bridge. */
static bool overlaps(struct docker_engine *engine, const struct wished *wished, char *words, size_t size)
{
	const struct network *holder = subnet_holder(engine, wished->first, wished->prefix);
	char id[ID_LENGTH + 1];

	if (!holder)
		return false;
	if (!wished->ranged ||
	    (holder->ranged && holder->first == wished->first && holder->prefix == wished->prefix &&
	     holder->range_first == wished->range_first && holder->range_prefix == wished->range_prefix)) {
		snprintf(words, size, "Pool overlaps with other one on this address space");
		return true;
	}
	new_id(engine, id);
	snprintf(words, size,
		 "cannot create network %s (br-%.12s): conflicts with network %s (br-%.12s): networks have "
		 "overlapping IPv4",
		 id, id, holder->id, holder->id);
	return true;
}

/* 0, or the status of a refusal. */
static int read_subnet(struct docker_engine *engine, const json_t *config, struct wished *ret, char *words,
		       size_t size)
{
	const char *subnet = json_text(config, "Subnet"), *range = json_text(config, "IPRange");
	const char *gateway = json_text(config, "Gateway");

	if (!subnet || !*subnet) {
		if (pick_subnet(engine, &ret->first, &ret->prefix)) {
			ret->range_first = ret->first;
			ret->range_prefix = ret->prefix;
			return 0;
		}
		snprintf(
		    words, size,
		    "could not find an available, non-overlapping IPv4 address pool among the defaults to "
		    "assign to the network");
		return 404;
	}
	if (!subnet_read(subnet, &ret->first, &ret->prefix)) {
		snprintf(words, size, "Invalid subnet %s : invalid CIDR address: %s", subnet, subnet);
		return 500;
	}
	ret->range_first = ret->first;
	ret->range_prefix = ret->prefix;
	ret->ranged = range && *range;
	if (ret->ranged && !subnet_read(range, &ret->range_first, &ret->range_prefix)) {
		snprintf(words, size, "Invalid sub-pool range");
		return 500;
	}
	if (overlaps(engine, ret, words, size))
		return 403;
	ret->has_gateway = parse_address(gateway, &ret->gateway);
	return 0;
}

static void write_made(struct network *network, const struct wished *wished, const json_t *config)
{
	struct text ipam = {0};

	if (json_text(config, "Subnet")) {
		static const char *const keys[] = {"Subnet", "IPRange", "Gateway"};
		text_add(&ipam, "[{");
		for (size_t i = 0; i < COUNT_OF(keys); i++)
			if (json_text(config, keys[i])) {
				text_format(&ipam, "%s\"%s\":", i ? "," : "", keys[i]);
				put_quoted(&ipam, json_text(config, keys[i]));
			}
		text_add(&ipam, "}]");
	} else {
		text_add(&ipam, "[{\"Subnet\":\"");
		put_address(&ipam, wished->first);
		text_format(&ipam, "/%d\",\"Gateway\":\"", wished->prefix);
		put_address(&ipam, network->gateway);
		text_add(&ipam, "\"}]");
	}
	write_texts(network, text_view(&ipam), "{}");
	text_release(&ipam);
}

void network_event(struct docker_engine *engine, const struct network *network, const char *action,
		   const char *container)
{
	json_t *attributes =
	    must_json(json_pack("{s:s, s:s}", "name", network->name, "type", network->driver));

	if (container)
		json_object_set_new(attributes, "container", must_json(json_string(container)));
	tell_event(engine, "network", action, network->id, NULL, attributes);
}

static void make(struct call *call, const json_t *body, const char *name, const struct network *same)
{
	struct docker_engine *engine = call->engine;
	const json_t *config = json_array_get(json_at(body, "IPAM.Config"), 0);
	struct wished wished = {0};
	struct text to = {0};
	char words[400];

	int status = read_subnet(engine, config, &wished, words, sizeof(words));
	if (status) {
		refuse(call, status, "%s", words);
		return;
	}
	struct network *network = network_new(engine, name, "bridge", json_object_get(body, "Labels"));
	give_addresses(network, wished.first, wished.prefix);
	network->range_first = wished.range_first;
	network->range_prefix = wished.range_prefix;
	network->ranged = wished.ranged;
	if (wished.has_gateway) {
		network->gateway = wished.gateway;
		address_take(network, wished.gateway);
	} else {
		address_any(network, &network->gateway);
	}
	write_made(network, &wished, config);
	network_event(engine, network, "create", NULL);
	text_format(&to, "{\"Id\":\"%s\",\"Warning\":\"", network->id);
	if (same)
		text_format(&to, "Network with name %s (id : %s) already exists", name, same->id);
	text_add(&to, "\"}");
	answer(call, 201, &to);
}

static bool is_predefined(const char *name)
{
	return !user_defined(name);
}

void network_create_asked(struct call *call)
{
	const json_t *body = call_body(call);
	const struct network *same = NULL;

	if (!body)
		return;
	const char *name = json_text(body, "Name") ?: "", *driver = json_text(body, "Driver") ?: "bridge";
	for (const struct network *one = call->engine->networks; one && !same; one = one->next)
		if (!strcmp(one->name, name))
			same = one;
	if (is_predefined(name))
		refuse(call, 403, "operation is not permitted on predefined %s network ", name);
	else if ((same || !*name) && json_flag(body, "CheckDuplicate", false))
		refuse(call, 409, "network with name %s already exists", name);
	else if (strspn(name, " \t\n") == strlen(name))
		refuse(call, 500, "invalid name: %s", name);
	else if (*driver && strcmp(driver, "bridge") != 0)
		refuse(call, 404, "plugin \"%s\" not found", driver);
	else
		make(call, body, name, same);
}

void network_free(struct network *network)
{
	free(network->name);
	free(network->driver);
	free(network->head);
	free(network->tail);
	free(network->taken);
	json_decref(network->ghosts);
	json_decref(network->labels);
	free(network);
}

void network_remove_asked(struct call *call)
{
	struct network **at = &call->engine->networks;
	size_t count;
	struct network *network = network_found(call->engine, call->part, &count);

	if (count > 1) {
		refuse(call, 400, "network %s is ambiguous (%zu matches found based on %s)", call->part,
		       count, network ? "name" : "ID prefix");
	} else if (!network) {
		refuse(call, 404, "network %s not found", call->part);
	} else if (network->predefined) {
		refuse(call, 403, "%s is a pre-defined network and cannot be removed", network->name);
	} else if (network->attached) {
		refuse(call, 403, "error while removing network: network %s id %s has active endpoints",
		       network->name, network->id);
	} else {
		while (*at != network)
			at = &(*at)->next;
		*at = network->next;
		network_event(call->engine, network, "destroy", NULL);
		network_free(network);
		answer_nothing(call, 204);
	}
}
