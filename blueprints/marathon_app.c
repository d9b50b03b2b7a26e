/* marathon_app.c - one app in Marathon's own form as a component: what the blueprint has keys for becomes
 * these, all else stays as it is written, under `marathon`. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/component.h"
#include "blueprints/marathon_file.h"
#include "blueprints/marathon_members.h"
#include "blueprints/tree.h"

enum network { NETWORK_HOST, NETWORK_BRIDGE, NETWORK_NAMED };

struct making {
	struct reading *r;
	struct foreign_app *app;
	const struct yaml_node *node, *container, *docker;
	const char *image; /* NULL: it runs in none */
	enum network network;
	const struct yaml_node *mappings; /* of a network of its own; NULL: none */
	struct growing own;               /* struct yaml_entry: the component's keys */
	struct growing members;           /* those of `marathon` */
	struct growing container_members, docker_members;
};

/* NULL: nothing, or null. */
static const struct yaml_entry *entry_at(const struct yaml_node *map, const char *key)
{
	const struct yaml_entry *entry = tree_entry(map, key);

	return entry && !yaml_null(entry->value) ? entry : NULL;
}

static const struct yaml_node *text_at(struct making *m, struct place place, const char *text)
{
	return text ? scalar_node(m->r, place, text, false) : NULL;
}

static void put(struct making *m, const char *key, const struct yaml_entry *from,
		const struct yaml_node *value)
{
	tree_add(m->r, &m->own, key, from->key_place, value);
}

/* For Marathon as it stands there; elsewhere without effect. */
static void alone(struct making *m, const struct yaml_entry *entry)
{
	tree_add(m->r, &m->app->alone, entry->key, entry->key_place, entry->value);
}

/* --- what it runs ------------------------------------------------------------------------------------- */

static void put_type(struct making *m)
{
	const struct yaml_entry *entry = entry_at(m->docker, "image");
	struct reading *r = m->r;

	if (m->image) {
		const char *type = arena_format(r->arena, "docker:%s", m->image);
		r->list->failed |= !type;
		put(m, "type", entry, text_at(m, entry->value->place, type));
		return;
	}
	tree_add(r, &m->own, "type", m->node->place, text_at(m, m->node->place, "process"));
	if (!m->container)
		tree_add(r, &m->members, "container", m->node->place,
			 scalar_node(r, m->node->place, "null", true));
}

/* A command takes the place of the image's entry point, too. */
static void put_command(struct making *m)
{
	const struct yaml_entry *command = entry_at(m->node, "cmd"), *words = entry_at(m->node, "args");
	bool given = tree_member(m->node, "cmd"), listed = words && words->value->count;
	struct reading *r = m->r;
	struct growing shell = {0}, line = {0};

	if (given && listed)
		advise(r->list, complain(r->list, words->key_place, "`args` beside `cmd`"), "give only one");
	else if (!given && !listed && !m->image)
		advise(r->list,
		       complain(r->list, m->app->place, "the app `%s` has nothing to run", m->app->path),
		       "give it cmd, args, or a container with an image");
	if (listed && !given)
		put(m, "command", words, words->value);
	if (!given || listed)
		return;
	if (!m->image) {
		put(m, "command", command, command->value);
		return;
	}
	tree_add_item(r, &shell, text_at(m, command->value->place, "/bin/sh"));
	tree_add_item(r, &shell, text_at(m, command->value->place, "-c"));
	tree_add_item(r, &line, command->value);
	put(m, "entrypoint", command, tree_list(r, command->value, &shell));
	put(m, "command", command, tree_list(r, command->value, &line));
}

/* Who it is within a container nobody says there. */
static void put_user(struct making *m, const struct yaml_entry *entry)
{
	if (!m->image) {
		put(m, "user", entry, entry->value);
		return;
	}
	tree_add(m->r, &m->members, entry->key, entry->key_place, entry->value);
	alone(m, entry);
}

/* Secrets of Marathon's stay there. */
static void put_environment(struct making *m, const struct yaml_entry *entry)
{
	struct growing own = {0}, secret = {0};
	struct reading *r = m->r;

	for (size_t i = 0; i < entry->value->count; i++) {
		const struct yaml_entry *variable = &entry->value->entries[i];
		bool kept = variable->value->kind == YAML_MAP && !is_expression(variable->value);
		tree_add(r, kept ? &secret : &own, variable->key, variable->key_place, variable->value);
		if (kept)
			alone(m, variable);
	}
	if (own.count)
		put(m, "env", entry, tree_map(r, entry->value, &own));
	if (secret.count)
		tree_add(r, &m->members, entry->key, entry->key_place, tree_map(r, entry->value, &secret));
}

/* --- how much --------------------------------------------------------------------------------------- */

/* Nobody confines a process elsewhere, and Marathon takes none of it, too. */
static void put_amount(struct making *m, const char *member, const char *key, double least, bool mebibytes)
{
	const struct yaml_entry *entry = entry_at(m->node, member);
	owned_json number = entry ? typed_scalar(entry->value) : NULL;
	double amount = json_number_value(number);
	struct reading *r = m->r;

	if (!entry)
		return;
	if (!m->image || amount < least) {
		tree_add(r, &m->members, member, entry->key_place, entry->value);
		alone(m, entry);
	} else if (mebibytes) {
		put(m, key, entry,
		    text_at(m, entry->value->place,
			    arena_format(r->arena, "%lld", (long long)(amount * 1048576))));
	} else {
		put(m, key, entry, entry->value);
	}
}

static void put_amounts(struct making *m)
{
	put_amount(m, "cpus", "cpus", 1e-9, false);
	put_amount(m, "mem", "memory", 6, true); /* an engine takes no less */
}

static void put_seconds(struct making *m, struct growing *to, const char *key, const struct yaml_node *map,
			const char *member, bool zero)
{
	const struct yaml_entry *entry = entry_at(map, member);

	if (entry && (zero || strtod(entry->value->text, NULL) > 0))
		tree_add(m->r, to, key, entry->key_place,
			 text_at(m, entry->value->place,
				 arena_format(m->r->arena, "%lds", strtol(entry->value->text, NULL, 10))));
}

/* --- networks and ports ------------------------------------------------------------------------------- */

/* Of networks of old the form that there is since 1.5. */
static const struct yaml_node *old_network(struct making *m, const char *mode, const struct yaml_node *like,
					   const struct yaml_node *address)
{
	struct reading *r = m->r;
	struct growing network = {0}, list = {0};
	const struct yaml_entry *name = entry_at(address, "networkName"),
				*labels = entry_at(address, "labels");

	tree_add(r, &network, "mode", like->place, text_at(m, like->place, mode));
	if (name)
		tree_add(r, &network, "name", name->key_place, name->value);
	if (labels)
		tree_add(r, &network, "labels", labels->key_place, labels->value);
	tree_add_item(r, &list, tree_map(r, like, &network));
	return tree_list(r, like, &list);
}

static void refuse_groups(struct making *m, const struct yaml_node *address)
{
	const struct yaml_entry *groups = entry_at(address, "groups");

	if (groups && groups->value->count)
		advise(m->r->list,
		       complain(m->r->list, groups->key_place, "`groups` of `ipAddress` is not carried over"),
		       "give the network labels");
}

/* The ports of ipAddress, of old, as mappings that the host has no part in. */
static const struct yaml_entry *discovered_ports(struct making *m)
{
	const struct yaml_entry *ports =
	    entry_at(tree_member(tree_member(m->node, "ipAddress"), "discovery"), "ports");
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

static void put_networks(struct making *m)
{
	static const char *const modes[] = {
	    [NETWORK_HOST] = "host", [NETWORK_BRIDGE] = "container/bridge", [NETWORK_NAMED] = "container"};
	struct reading *r = m->r;
	const struct yaml_node *networks = tree_member(m->node, "networks"),
			       *address = tree_member(m->node, "ipAddress"),
			       *old = tree_member(m->docker, "network");
	const struct yaml_entry *entry = entry_at(m->node, "networks");
	const char *mode = NULL;

	refuse_groups(m, address);
	if (networks && networks->count) {
		const struct yaml_node *said = tree_member(networks->items[0], "mode");
		mode = said ? said->text : "container";
		m->network = !strcmp(mode, "host")               ? NETWORK_HOST
			     : !strcmp(mode, "container/bridge") ? NETWORK_BRIDGE
								 : NETWORK_NAMED;
		if (old || address)
			advise(r->list,
			       complain(r->list, entry->key_place, "`networks` beside the older %s",
					old ? "`network` of the container" : "`ipAddress`"),
			       "give `networks` alone");
	} else {
		networks = NULL;
		m->network = old && !strcmp(old->text, "HOST")     ? NETWORK_HOST
			     : old && !strcmp(old->text, "BRIDGE") ? NETWORK_BRIDGE
			     : old || address                      ? NETWORK_NAMED
			     : m->mappings                         ? NETWORK_BRIDGE
								   : NETWORK_HOST;
	}
	if (old && !strcmp(old->text, "NONE"))
		advise(r->list,
		       complain(r->list, old->place, "a container without a network cannot be placed"),
		       "write BRIDGE, HOST or USER");
	const struct yaml_node *like = networks ? networks : old ? old : address ? address : m->node;
	struct place at = entry ? entry->key_place : like->place;
	if (!networks)
		networks = old_network(m, modes[m->network], like, address);
	tree_add(r, &m->members, "networks", at, networks);
	if (m->network != NETWORK_BRIDGE && (entry || old || address))
		tree_add(r, &m->app->alone, "networks", at, networks);
}

static long number_at(const struct yaml_node *map, const char *key)
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
	long port = number_at(mapping, "containerPort"), at_host = number_at(mapping, "hostPort");
	bool told = tree_member(mapping, "hostPort") || m->network == NETWORK_BRIDGE;
	struct reading *r = m->r;
	const char *shown = arena_format(r->arena, "%ld/%s", port ? port : at_host, protocol);

	tree_add_item(r, open, text_at(m, mapping->place, shown));
	if (told && at_host)
		tree_add(r, bound, arena_format(r->arena, "%ld", at_host), mapping->place,
			 text_at(m, mapping->place, shown));
	else if (told)
		tree_add_item(r, published, text_at(m, mapping->place, shown));
}

/* In a network of its own: numbers of its own, which the host has others for. */
static void put_mappings(struct making *m, const struct yaml_entry *entry)
{
	static const char *const protocols[] = {"tcp", "udp"};
	struct growing open = {0}, bound = {0}, published = {0};
	struct reading *r = m->r;

	for (size_t i = 0; i < entry->value->count; i++) {
		const struct yaml_node *mapping = entry->value->items[i];
		if (!number_at(mapping, "containerPort") && !number_at(mapping, "hostPort")) {
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
	put(m, "openPorts", entry, tree_list(r, entry->value, &open));
	if (bound.count)
		put(m, "portBindings", entry, tree_map(r, entry->value, &bound));
	if (published.count)
		put(m, "publish", entry, tree_list(r, entry->value, &published));
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
static void put_definitions(struct making *m)
{
	const struct yaml_entry *entry = entry_at(m->node, "portDefinitions"),
				*ports = entry_at(m->node, "ports");
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
		long number = number_at(port, "port");
		if (!number)
			continue;
		const char *protocol = speaks(port, "tcp") ? "tcp" : "udp";
		tree_add_item(r, &open,
			      text_at(m, port->place, arena_format(r->arena, "%ld/%s", number, protocol)));
		tree_add(r, &named, arena_format(r->arena, "p%ld", number), port->place,
			 text_at(m, port->place, arena_format(r->arena, "%ld", number)));
	}
	if (open.count && m->image)
		put(m, "openPorts", entry, tree_list(r, list, &open));
	else if (open.count)
		put(m, "ports", entry, tree_map(r, list, &named));
	tree_add(r, &m->members, "portDefinitions", entry->key_place, list);
	if (!fixed)
		alone(m, entry);
}

/* --- the container ------------------------------------------------------------------------------------ */

static void put_volumes(struct making *m, const struct yaml_entry *entry)
{
	struct growing own = {0};
	struct reading *r = m->r;
	bool all = m->image;

	for (size_t i = 0; i < entry->value->count; i++) {
		const struct yaml_node *volume = entry->value->items[i],
				       *host = tree_member(volume, "hostPath"),
				       *path = tree_member(volume, "containerPath"),
				       *mode = tree_member(volume, "mode");
		if (!host || !path || *host->text != '/' || *path->text != '/') {
			all = false;
			continue;
		}
		tree_add_item(r, &own,
			      text_at(m, volume->place,
				      arena_format(r->arena, "%s:%s%s", host->text, path->text,
						   mode && !strcmp(mode->text, "RO") ? ":ro" : "")));
	}
	if (own.count && m->image)
		put(m, "volumes", entry, tree_list(r, entry->value, &own));
	if (all)
		return;
	tree_add(r, &m->container_members, "volumes", entry->key_place, entry->value);
	alone(m, entry);
}

static void put_docker(struct making *m)
{
	static const char *const ours[] = {"image", "network", "portMappings", "forcePullImage"};
	const struct yaml_entry *pull = entry_at(m->docker, "forcePullImage");
	struct reading *r = m->r;

	if (!m->docker)
		return;
	if (pull && !strcmp(pull->value->text, "true"))
		put(m, "pull", pull, text_at(m, pull->value->place, "always"));
	for (size_t i = 0; i < m->docker->count; i++) {
		const struct yaml_entry *entry = &m->docker->entries[i];
		bool own = false;
		for (size_t k = 0; k < COUNT_OF(ours); k++)
			own |= !strcmp(ours[k], entry->key);
		if (own || yaml_null(entry->value))
			continue;
		tree_add(r, &m->docker_members, entry->key, entry->key_place, entry->value);
		alone(m, entry);
	}
	if (m->docker_members.count)
		tree_add(r, &m->container_members, "docker", m->docker->place,
			 tree_map(r, m->docker, &m->docker_members));
}

/* Mesos' own container of no image has no engine's part. */
static void put_container(struct making *m)
{
	const struct yaml_entry *mappings = entry_at(m->container, "portMappings"),
				*old = entry_at(m->docker, "portMappings"),
				*volumes = entry_at(m->container, "volumes"),
				*type = entry_at(m->container, "type");
	struct reading *r = m->r;

	if (mappings && old && old->value->count)
		complain(r->list, old->key_place, "`portMappings` at two places of one container");
	if (mappings && !mappings->value->count)
		mappings = NULL;
	if (!mappings)
		mappings = old && old->value->count ? old : discovered_ports(m);
	m->mappings = mappings ? mappings->value : NULL;
	put_networks(m);
	if (mappings && m->network != NETWORK_HOST)
		put_mappings(m, mappings);
	else if (mappings)
		warn(r->list, mappings->key_place, "at the host's own network ports are not mapped");
	if (!m->container && mappings)
		advise(
		    r->list,
		    complain(r->list, mappings->key_place, "ports of an address of its own need a container"),
		    "give the app one, {\"type\": \"MESOS\"}");
	if (!m->container)
		return;
	put_docker(m);
	if (volumes && volumes->value->count)
		put_volumes(m, volumes);
	if (type && !strcmp(type->value->text, "MESOS"))
		tree_add(r, &m->container_members, "type", type->key_place, type->value);
	if (!m->image && !m->docker)
		tree_add(r, &m->container_members, "docker", m->container->place,
			 scalar_node(r, m->container->place, "null", true));
	static const char *const kept[] = {"appc", "linuxInfo"};
	for (size_t i = 0; i < COUNT_OF(kept); i++) {
		const struct yaml_entry *entry = entry_at(m->container, kept[i]);
		if (!entry)
			continue;
		tree_add(r, &m->container_members, entry->key, entry->key_place, entry->value);
		alone(m, entry);
	}
	if (m->container_members.count)
		tree_add(r, &m->members, "container", m->container->place,
			 tree_map(r, m->container, &m->container_members));
}

/* --- whether it answers ------------------------------------------------------------------------------- */

/* The number that a check asks; 0: one that only its host knows. */
static long asked_port(const struct making *m, const struct yaml_node *check)
{
	const struct yaml_node *definitions = tree_member(m->node, "portDefinitions"),
			       *required = tree_member(m->node, "requirePorts");
	size_t index = (size_t)number_at(check, "portIndex");

	if (tree_member(check, "port") || m->network == NETWORK_HOST) {
		long port = number_at(check, "port");
		if (!port && definitions && index < definitions->count)
			port = number_at(definitions->items[index], "port");
		return required && !strcmp(required->text, "true") ? port : 0;
	}
	return m->mappings && index < m->mappings->count
		   ? number_at(m->mappings->items[index], "containerPort")
		   : 0;
}

/* What is asked, of the first check; NULL: that cannot be asked elsewhere. */
static const struct yaml_node *asked(struct making *m, const struct yaml_node *check, const char **ret_key)
{
	const struct yaml_node *said = tree_member(check, "protocol"), *path = tree_member(check, "path");
	const struct yaml_entry *command = entry_at(tree_member(check, "command"), "value");
	const char *protocol = said ? said->text : "HTTP";
	struct growing probe = {0};
	struct reading *r = m->r;

	if (!strcmp(protocol, "COMMAND")) {
		*ret_key = "command";
		return command ? command->value : NULL;
	}
	long port = asked_port(m, check);
	if (!port)
		return NULL;
	bool http = !strcmp(protocol, "HTTP") || !strcmp(protocol, "MESOS_HTTP");
	*ret_key = http ? "http" : "tcp";
	tree_add(r, &probe, "port", check->place,
		 text_at(m, check->place, arena_format(r->arena, "%ld", port)));
	if (http && path)
		tree_add(r, &probe, "path", path->place,
			 *path->text == '/'
			     ? path
			     : text_at(m, path->place, arena_format(r->arena, "/%s", path->text)));
	return tree_map(r, check, &probe);
}

static void put_checks(struct making *m, const struct yaml_entry *entry)
{
	const struct yaml_node *first = entry->value->items[0], *question;
	const struct yaml_entry *failures = entry_at(first, "maxConsecutiveFailures");
	struct growing check = {0};
	struct reading *r = m->r;
	const char *key;

	tree_add(r, &m->members, entry->key, entry->key_place, entry->value);
	if (!(question = asked(m, first, &key))) {
		alone(m, entry);
		return;
	}
	tree_add(r, &check, key, first->place, question);
	put_seconds(m, &check, "interval", first, "intervalSeconds", false);
	put_seconds(m, &check, "timeout", first, "timeoutSeconds", false);
	put_seconds(m, &check, "startPeriod", first, "gracePeriodSeconds", true);
	if (failures && strtol(failures->value->text, NULL, 10) > 0)
		tree_add(r, &check, "retries", failures->key_place, failures->value);
	put(m, "healthCheck", entry, tree_map(r, first, &check));
}

/* --- the app ---------------------------------------------------------------------------------------- */

static void put_fetch(struct making *m, const struct yaml_entry *uris)
{
	struct growing list = {0};
	struct reading *r = m->r;

	if (tree_member(m->node, "fetch") && tree_member(m->node, "fetch")->count)
		advise(r->list, complain(r->list, uris->key_place, "`uris` beside `fetch`"), "give only one");
	for (size_t i = 0; i < uris->value->count; i++) {
		struct growing one = {0};
		tree_add(r, &one, "uri", uris->value->items[i]->place, uris->value->items[i]);
		tree_add_item(r, &list, tree_map(r, uris->value->items[i], &one));
	}
	tree_add(r, &m->members, "fetch", uris->key_place, tree_list(r, uris->value, &list));
	alone(m, uris);
}

/* The members that have been seen to already, or are nobody's wish. */
static bool settled(const char *key)
{
	static const char *const keys[] = {
	    "id",           "cmd",      "args",      "cpus",  "mem",
	    "container",    "networks", "ipAddress", "ports", "portDefinitions",
	    "dependencies", "location"};

	for (size_t i = 0; i < COUNT_OF(keys); i++)
		if (!strcmp(keys[i], key))
			return true;
	for (size_t i = 0; marathon_told_members[i]; i++)
		if (!strcmp(marathon_told_members[i], key))
			return true;
	return false;
}

static void put_member(struct making *m, const struct yaml_entry *entry)
{
	bool empty = entry->value->kind != YAML_SCALAR && !entry->value->count;

	if (settled(entry->key) || yaml_null(entry->value) || empty)
		return;
	bool none = !strcmp(entry->key, "instances") && !strtol(entry->value->text, NULL, 10);
	if (none)
		return;
	if (!strcmp(entry->key, "instances") || !strcmp(entry->key, "labels"))
		put(m, entry->key, entry, entry->value);
	else if (!strcmp(entry->key, "user"))
		put_user(m, entry);
	else if (!strcmp(entry->key, "env"))
		put_environment(m, entry);
	else if (!strcmp(entry->key, "uris"))
		put_fetch(m, entry);
	else if (!strcmp(entry->key, "healthChecks"))
		put_checks(m, entry);
	else if (!strcmp(entry->key, "taskKillGracePeriodSeconds"))
		put_seconds(m, &m->own, "stopTimeout", m->node, entry->key, true);
	else {
		tree_add(m->r, &m->members, entry->key, entry->key_place, entry->value);
		if (strcmp(entry->key, "requirePorts") != 0)
			alone(m, entry);
	}
}

/* What is suspended is a cluster of none. */
static const struct yaml_node *suspended(struct making *m, const struct yaml_entry *instances)
{
	struct growing cluster = {0}, member = {0};
	const struct yaml_entry *own = m->own.members;
	struct reading *r = m->r;
	struct place at = instances->value->place;

	for (size_t i = 0; i < m->own.count; i++) {
		bool whole = !strcmp(own[i].key, "id") || !strcmp(own[i].key, "location");
		tree_add(r, whole ? &cluster : &member, own[i].key, own[i].key_place, own[i].value);
	}
	tree_add(r, &cluster, "type", at, text_at(m, at, "cluster"));
	tree_add(r, &cluster, "initialSize", instances->key_place, instances->value);
	tree_add(r, &cluster, "memberSpec", m->node->place, tree_map(r, m->node, &member));
	return tree_map(r, m->node, &cluster);
}

const struct yaml_node *marathon_app_service(struct reading *r, struct foreign_app *app)
{
	const struct yaml_node *container = tree_member(app->node, "container"),
			       *docker = tree_member(container, "docker"),
			       *image = tree_member(docker, "image");
	struct making m = {.r = r,
			   .app = app,
			   .node = app->node,
			   .container = container,
			   .docker = docker,
			   .image = image ? image->text : NULL};

	tree_add(r, &m.own, "id", app->place, text_at(&m, app->place, app->id));
	if (app->location)
		tree_add(r, &m.own, "location", app->location->key_place, app->location->value);
	put_type(&m);
	put_command(&m);
	put_amounts(&m);
	put_container(&m);
	put_definitions(&m);
	for (size_t i = 0; i < app->node->count; i++)
		put_member(&m, &app->node->entries[i]);
	if (app->needed.count)
		tree_add(r, &m.own, "dependsOn", app->place, tree_list(r, app->node, &app->needed));
	if (m.members.count)
		tree_add(r, &m.own, "marathon", app->node->place, tree_map(r, app->node, &m.members));
	const struct yaml_entry *instances = entry_at(app->node, "instances");
	if (instances && !strtol(instances->value->text, NULL, 10))
		return suspended(&m, instances);
	return tree_map(r, app->node, &m.own);
}
