/* marathon_app.c - one app in Marathon's own form as a component: what the blueprint has keys for becomes
 * these, all else stays as it is written, under `marathon`. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/component.h"
#include "blueprints/marathon_app.h"
#include "blueprints/marathon_members.h"
#include "blueprints/tree.h"

/* NULL: nothing, or null. */
const struct yaml_entry *marathon_entry(const struct yaml_node *map, const char *key)
{
	const struct yaml_entry *entry = tree_entry(map, key);

	return entry && !yaml_null(entry->value) ? entry : NULL;
}

const struct yaml_node *marathon_text(struct making *m, struct place place, const char *text)
{
	return text ? scalar_node(m->r, place, text, false) : NULL;
}

void marathon_put(struct making *m, const char *key, const struct yaml_entry *from,
		  const struct yaml_node *value)
{
	tree_add(m->r, &m->own, key, from->key_place, value);
}

/* For Marathon as it stands there; elsewhere without effect. */
void marathon_alone(struct making *m, const struct yaml_entry *entry)
{
	tree_add(m->r, &m->app->alone, entry->key, entry->key_place, entry->value);
}

/* --- what it runs ------------------------------------------------------------------------------------- */

static void put_type(struct making *m)
{
	const struct yaml_entry *entry = marathon_entry(m->docker, "image");
	struct reading *r = m->r;

	if (m->image) {
		const char *type = arena_format(r->arena, "docker:%s", m->image);
		r->list->failed |= !type;
		marathon_put(m, "type", entry, marathon_text(m, entry->value->place, type));
		return;
	}
	tree_add(r, &m->own, "type", m->node->place, marathon_text(m, m->node->place, "process"));
	if (!m->container)
		tree_add(r, &m->members, "container", m->node->place,
			 scalar_node(r, m->node->place, "null", true));
}

/* A command takes the place of the image's entry point, too. */
static void put_command(struct making *m)
{
	const struct yaml_entry *command = marathon_entry(m->node, "cmd"),
				*words = marathon_entry(m->node, "args");
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
		marathon_put(m, "command", words, words->value);
	if (!given || listed)
		return;
	if (!m->image) {
		marathon_put(m, "command", command, command->value);
		return;
	}
	tree_add_item(r, &shell, marathon_text(m, command->value->place, "/bin/sh"));
	tree_add_item(r, &shell, marathon_text(m, command->value->place, "-c"));
	tree_add_item(r, &line, command->value);
	marathon_put(m, "entrypoint", command, tree_list(r, command->value, &shell));
	marathon_put(m, "command", command, tree_list(r, command->value, &line));
}

/* Who it is within a container nobody says there. */
static void put_user(struct making *m, const struct yaml_entry *entry)
{
	if (!m->image) {
		marathon_put(m, "user", entry, entry->value);
		return;
	}
	tree_add(m->r, &m->members, entry->key, entry->key_place, entry->value);
	marathon_alone(m, entry);
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
			marathon_alone(m, variable);
	}
	if (own.count)
		marathon_put(m, "env", entry, tree_map(r, entry->value, &own));
	if (secret.count)
		tree_add(r, &m->members, entry->key, entry->key_place, tree_map(r, entry->value, &secret));
}

/* --- how much --------------------------------------------------------------------------------------- */

/* Nobody confines a process elsewhere, and Marathon takes none of it, too. */
static void put_amount(struct making *m, const char *member, const char *key, double least, bool mebibytes)
{
	const struct yaml_entry *entry = marathon_entry(m->node, member);
	owned_json number = entry ? typed_scalar(entry->value) : NULL;
	double amount = json_number_value(number);
	struct reading *r = m->r;

	if (!entry)
		return;
	if (!m->image || amount < least) {
		tree_add(r, &m->members, member, entry->key_place, entry->value);
		marathon_alone(m, entry);
	} else if (mebibytes) {
		marathon_put(m, key, entry,
			     marathon_text(m, entry->value->place,
					   arena_format(r->arena, "%lld", (long long)(amount * 1048576))));
	} else {
		marathon_put(m, key, entry, entry->value);
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
	const struct yaml_entry *entry = marathon_entry(map, member);

	if (entry && (zero || strtod(entry->value->text, NULL) > 0))
		tree_add(
		    m->r, to, key, entry->key_place,
		    marathon_text(m, entry->value->place,
				  arena_format(m->r->arena, "%lds", strtol(entry->value->text, NULL, 10))));
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
			      marathon_text(m, volume->place,
					    arena_format(r->arena, "%s:%s%s", host->text, path->text,
							 mode && !strcmp(mode->text, "RO") ? ":ro" : "")));
	}
	if (own.count && m->image)
		marathon_put(m, "volumes", entry, tree_list(r, entry->value, &own));
	if (all)
		return;
	tree_add(r, &m->container_members, "volumes", entry->key_place, entry->value);
	marathon_alone(m, entry);
}

static void put_docker(struct making *m)
{
	static const char *const ours[] = {"image", "network", "portMappings", "forcePullImage"};
	const struct yaml_entry *pull = marathon_entry(m->docker, "forcePullImage");
	struct reading *r = m->r;

	if (!m->docker)
		return;
	if (pull && !strcmp(pull->value->text, "true"))
		marathon_put(m, "pull", pull, marathon_text(m, pull->value->place, "always"));
	for (size_t i = 0; i < m->docker->count; i++) {
		const struct yaml_entry *entry = &m->docker->entries[i];
		bool own = false;
		for (size_t k = 0; k < COUNT_OF(ours); k++)
			own |= !strcmp(ours[k], entry->key);
		if (own || yaml_null(entry->value))
			continue;
		tree_add(r, &m->docker_members, entry->key, entry->key_place, entry->value);
		marathon_alone(m, entry);
	}
	if (m->docker_members.count)
		tree_add(r, &m->container_members, "docker", m->docker->place,
			 tree_map(r, m->docker, &m->docker_members));
}

/* What berth has no key for. */
static void keep_of_container(struct making *m)
{
	static const char *const kept[] = {"appc", "linuxInfo"};

	for (size_t i = 0; i < COUNT_OF(kept); i++) {
		const struct yaml_entry *entry = marathon_entry(m->container, kept[i]);
		if (!entry)
			continue;
		tree_add(m->r, &m->container_members, entry->key, entry->key_place, entry->value);
		marathon_alone(m, entry);
	}
}

/* Mesos' own container of no image has no engine's part. */
static void put_container(struct making *m)
{
	const struct yaml_entry *volumes = marathon_entry(m->container, "volumes"),
				*type = marathon_entry(m->container, "type");
	struct reading *r = m->r;

	marathon_put_ports(m);
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
	keep_of_container(m);
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
	size_t index = (size_t)marathon_number(check, "portIndex");

	if (tree_member(check, "port") || m->network == NETWORK_HOST) {
		long port = marathon_number(check, "port");
		if (!port && definitions && index < definitions->count)
			port = marathon_number(definitions->items[index], "port");
		return required && !strcmp(required->text, "true") ? port : 0;
	}
	return m->mappings && index < m->mappings->count
		   ? marathon_number(m->mappings->items[index], "containerPort")
		   : 0;
}

/* What is asked, of the first check; NULL: that cannot be asked elsewhere. */
static const struct yaml_node *asked(struct making *m, const struct yaml_node *check, const char **ret_key)
{
	const struct yaml_node *said = tree_member(check, "protocol"), *path = tree_member(check, "path");
	const struct yaml_entry *command = marathon_entry(tree_member(check, "command"), "value");
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
		 marathon_text(m, check->place, arena_format(r->arena, "%ld", port)));
	if (http && path)
		tree_add(r, &probe, "path", path->place,
			 *path->text == '/'
			     ? path
			     : marathon_text(m, path->place, arena_format(r->arena, "/%s", path->text)));
	return tree_map(r, check, &probe);
}

static void put_checks(struct making *m, const struct yaml_entry *entry)
{
	const struct yaml_node *first = entry->value->items[0], *question;
	const struct yaml_entry *failures = marathon_entry(first, "maxConsecutiveFailures");
	struct growing check = {0};
	struct reading *r = m->r;
	const char *key;

	tree_add(r, &m->members, entry->key, entry->key_place, entry->value);
	if (!(question = asked(m, first, &key))) {
		marathon_alone(m, entry);
		return;
	}
	tree_add(r, &check, key, first->place, question);
	put_seconds(m, &check, "interval", first, "intervalSeconds", false);
	put_seconds(m, &check, "timeout", first, "timeoutSeconds", false);
	put_seconds(m, &check, "startPeriod", first, "gracePeriodSeconds", true);
	if (failures && strtol(failures->value->text, NULL, 10) > 0)
		tree_add(r, &check, "retries", failures->key_place, failures->value);
	marathon_put(m, "healthCheck", entry, tree_map(r, first, &check));
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
	marathon_alone(m, uris);
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
		marathon_put(m, entry->key, entry, entry->value);
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
			marathon_alone(m, entry);
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
	tree_add(r, &cluster, "type", at, marathon_text(m, at, "cluster"));
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

	tree_add(r, &m.own, "id", app->place, marathon_text(&m, app->place, app->id));
	if (app->location)
		tree_add(r, &m.own, "location", app->location->key_place, app->location->value);
	put_type(&m);
	put_command(&m);
	put_amounts(&m);
	put_container(&m);
	marathon_put_definitions(&m);
	for (size_t i = 0; i < app->node->count; i++)
		put_member(&m, &app->node->entries[i]);
	if (app->needed.count)
		tree_add(r, &m.own, "dependsOn", app->place, tree_list(r, app->node, &app->needed));
	if (m.members.count)
		tree_add(r, &m.own, "marathon", app->node->place, tree_map(r, app->node, &m.members));
	const struct yaml_entry *instances = marathon_entry(app->node, "instances");
	if (instances && !strtol(instances->value->text, NULL, 10))
		return suspended(&m, instances);
	return tree_map(r, app->node, &m.own);
}
