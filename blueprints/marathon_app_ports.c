/* marathon_app_ports.c - the networks and ports of an app in Marathon's own form, of today and of old. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/component.h"
#include "blueprints/marathon_app.h"
#include "blueprints/tree.h"

/* Of networks of old the form that there is since 1.5. */
static const struct yaml_node *old_network(struct making *m, const char *mode, const struct yaml_node *like,
					   const struct yaml_node *address)
{
	struct reading *r = m->r;
	struct growing network = {0}, list = {0};
	const struct yaml_entry *name = marathon_entry(address, "networkName"),
				*labels = marathon_entry(address, "labels");

	tree_add(r, &network, "mode", like->place, marathon_text(m, like->place, mode));
	if (name)
		tree_add(r, &network, "name", name->key_place, name->value);
	if (labels)
		tree_add(r, &network, "labels", labels->key_place, labels->value);
	tree_add_item(r, &list, tree_map(r, like, &network));
	return tree_list(r, like, &list);
}

static void refuse_groups(struct making *m, const struct yaml_node *address)
{
	const struct yaml_entry *groups = marathon_entry(address, "groups");

	if (groups && groups->value->count)
		advise(m->r->list,
		       complain(m->r->list, groups->key_place, "`groups` of `ipAddress` is not carried over"),
		       "give the network labels");
}

/* The ports of ipAddress, of old, as mappings that the host has no part in. */
static const struct yaml_entry *discovered_ports(struct making *m)
{
	const struct yaml_entry *ports =
	    marathon_entry(tree_member(tree_member(m->node, "ipAddress"), "discovery"), "ports");
	struct yaml_entry *made = ports && ports->value->count ? scratch_new(m->r, struct yaml_entry) : NULL;
	struct growing list = {0};

	for (size_t i = 0; made && i < ports->value->count; i++) {
		const struct yaml_node *port = ports->value->items[i];
		struct growing mapping = {0};
		for (size_t k = 0; k < port->count; k++) {
			const struct yaml_entry *entry = &port->entries[k];
			tree_add(m->r, &mapping, strcmp(entry->key, "number") ? entry->key : "containerPort",
				 entry->key_place, entry->value);
		}
		tree_add_item(m->r, &list, tree_map(m->r, port, &mapping));
	}
	if (made)
		*made = (struct yaml_entry){.key = "portMappings",
					    .key_place = ports->key_place,
					    .value = tree_list(m->r, ports->value, &list)};
	return made && made->value ? made : NULL;
}

/* `networks`, of today; NULL: there are none. */
static const struct yaml_node *networks_of(struct making *m, const char *older)
{
	const struct yaml_entry *entry = marathon_entry(m->node, "networks");
	const struct yaml_node *networks = entry && entry->value->count ? entry->value : NULL;
	const struct yaml_node *said = networks ? tree_member(networks->items[0], "mode") : NULL;
	const char *mode = said ? said->text : "container";

	if (!networks)
		return NULL;
	m->network = !strcmp(mode, "host")               ? NETWORK_HOST
		     : !strcmp(mode, "container/bridge") ? NETWORK_BRIDGE
							 : NETWORK_NAMED;
	if (older)
		advise(m->r->list,
		       complain(m->r->list, entry->key_place, "`networks` beside the older %s", older),
		       "give `networks` alone");
	return networks;
}

/* What there was before `networks`; `old` is `network` of the container. */
static enum network older_network(const struct making *m, const struct yaml_node *old,
				  const struct yaml_node *address)
{
	if (old && !strcmp(old->text, "HOST"))
		return NETWORK_HOST;
	if (old && !strcmp(old->text, "BRIDGE"))
		return NETWORK_BRIDGE;
	if (old || address)
		return NETWORK_NAMED;
	return m->mappings ? NETWORK_BRIDGE : NETWORK_HOST;
}

static void put_networks(struct making *m)
{
	static const char *const modes[] = {
	    [NETWORK_HOST] = "host", [NETWORK_BRIDGE] = "container/bridge", [NETWORK_NAMED] = "container"};
	const struct yaml_node *address = tree_member(m->node, "ipAddress"),
			       *old = tree_member(m->docker, "network");
	const struct yaml_entry *entry = marathon_entry(m->node, "networks");

	refuse_groups(m, address);
	const struct yaml_node *networks = networks_of(m, old       ? "`network` of the container"
							  : address ? "`ipAddress`"
								    : NULL);
	if (!networks)
		m->network = older_network(m, old, address);
	if (old && !strcmp(old->text, "NONE"))
		advise(m->r->list,
		       complain(m->r->list, old->place, "a container without a network cannot be placed"),
		       "write BRIDGE, HOST or USER");
	const struct yaml_node *like = networks ? networks : old ? old : address ? address : m->node;
	struct place at = entry ? entry->key_place : like->place;
	if (!networks)
		networks = old_network(m, modes[m->network], like, address);
	tree_add(m->r, &m->members, "networks", at, networks);
	if (m->network != NETWORK_BRIDGE && (entry || old || address))
		tree_add(m->r, &m->app->alone, "networks", at, networks);
}

long marathon_number(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *node = tree_member(map, key);

	return node ? strtol(node->text, NULL, 10) : 0;
}

/* "tcp", "udp" or "udp,tcp": each is a port of its own. */
static bool speaks(const struct yaml_node *map, const char *protocol)
{
	const struct yaml_node *said = tree_member(map, "protocol");

	return said ? strstr(said->text, protocol) != NULL : !strcmp(protocol, "tcp");
}

static void put_mapping(struct making *m, const struct yaml_node *mapping, const char *protocol,
			struct growing *open, struct growing *bound, struct growing *published)
{
	long port = marathon_number(mapping, "containerPort"), at_host = marathon_number(mapping, "hostPort");
	bool told = tree_member(mapping, "hostPort") || m->network == NETWORK_BRIDGE;
	struct reading *r = m->r;
	const char *shown = arena_format(r->arena, "%ld/%s", port ? port : at_host, protocol);

	tree_add_item(r, open, marathon_text(m, mapping->place, shown));
	if (told && at_host)
		tree_add(r, bound, arena_format(r->arena, "%ld", at_host), mapping->place,
			 marathon_text(m, mapping->place, shown));
	else if (told)
		tree_add_item(r, published, marathon_text(m, mapping->place, shown));
}

/* In a network of its own: numbers of its own, which the host has others for. */
static void put_mappings(struct making *m, const struct yaml_entry *entry)
{
	static const char *const protocols[] = {"tcp", "udp"};
	struct growing open = {0}, bound = {0}, published = {0};
	struct reading *r = m->r;

	for (size_t i = 0; i < entry->value->count; i++) {
		const struct yaml_node *mapping = entry->value->items[i];
		if (!marathon_number(mapping, "containerPort") && !marathon_number(mapping, "hostPort")) {
			advise(r->list,
			       complain(r->list, mapping->place,
					"nothing says which port the container listens on"),
			       "give the mapping its `containerPort`");
			continue;
		}
		for (size_t k = 0; k < COUNT_OF(protocols); k++)
			if (speaks(mapping, protocols[k]))
				put_mapping(m, mapping, protocols[k], &open, &bound, &published);
	}
	marathon_put(m, "openPorts", entry, tree_list(r, entry->value, &open));
	if (bound.count)
		marathon_put(m, "portBindings", entry, tree_map(r, entry->value, &bound));
	if (published.count)
		marathon_put(m, "publish", entry, tree_list(r, entry->value, &published));
	tree_add(r, &m->container_members, "portMappings", entry->key_place, entry->value);
}

/* {"ports": [8080, 0]} of old as portDefinitions. */
static const struct yaml_node *defined_ports(struct making *m, const struct yaml_entry *ports)
{
	struct growing list = {0};

	for (size_t i = 0; i < ports->value->count; i++) {
		struct growing one = {0};
		tree_add(m->r, &one, "port", ports->value->items[i]->place, ports->value->items[i]);
		tree_add_item(m->r, &list, tree_map(m->r, ports->value->items[i], &one));
	}
	return tree_list(m->r, ports->value, &list);
}

/* At the host's own network: only ports that it must have are its own numbers. */
void marathon_put_definitions(struct making *m)
{
	const struct yaml_entry *entry = marathon_entry(m->node, "portDefinitions"),
				*ports = marathon_entry(m->node, "ports");
	const struct yaml_node *required = tree_member(m->node, "requirePorts");
	struct reading *r = m->r;
	struct growing open = {0}, named = {0};

	if (entry && ports && ports->value->count)
		advise(r->list, complain(r->list, ports->key_place, "`ports` beside `portDefinitions`"),
		       "give only one");
	if (!entry && !(entry = ports))
		return;
	const struct yaml_node *list = entry == ports ? defined_ports(m, ports) : entry->value;
	if (!list || m->network != NETWORK_HOST)
		return;
	bool fixed = required && !strcmp(required->text, "true");
	for (size_t i = 0; fixed && i < list->count; i++) {
		const struct yaml_node *port = list->items[i];
		long number = marathon_number(port, "port");
		if (!number)
			continue;
		const char *protocol = speaks(port, "tcp") ? "tcp" : "udp";
		tree_add_item(
		    r, &open,
		    marathon_text(m, port->place, arena_format(r->arena, "%ld/%s", number, protocol)));
		tree_add(r, &named, arena_format(r->arena, "p%ld", number), port->place,
			 marathon_text(m, port->place, arena_format(r->arena, "%ld", number)));
	}
	if (open.count && m->image)
		marathon_put(m, "openPorts", entry, tree_list(r, list, &open));
	else if (open.count)
		marathon_put(m, "ports", entry, tree_map(r, list, &named));
	tree_add(r, &m->members, "portDefinitions", entry->key_place, list);
	if (!fixed)
		marathon_alone(m, entry);
}

/* The ports that are mapped, wherever they are written; NULL: none are. */
static const struct yaml_entry *mappings_of(struct making *m)
{
	const struct yaml_entry *mappings = marathon_entry(m->container, "portMappings"),
				*old = marathon_entry(m->docker, "portMappings");
	bool older = old && old->value->count;

	if (mappings && older)
		complain(m->r->list, old->key_place, "`portMappings` at two places of one container");
	if (mappings && mappings->value->count)
		return mappings;
	return older ? old : discovered_ports(m);
}

void marathon_put_ports(struct making *m)
{
	const struct yaml_entry *mappings = mappings_of(m);
	struct reading *r = m->r;

	m->mappings = mappings ? mappings->value : NULL;
	put_networks(m);
	if (!mappings)
		return;
	if (m->network != NETWORK_HOST)
		put_mappings(m, mappings);
	else
		warn(r->list, mappings->key_place, "at the host's own network ports are not mapped");
	if (!m->container)
		advise(
		    r->list,
		    complain(r->list, mappings->key_place, "ports of an address of its own need a container"),
		    "give the app one, {\"type\": \"MESOS\"}");
}
