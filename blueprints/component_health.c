/* component_health.c - health checks. */
#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/component.h"

static const char *const check_keys[] = {"http",    "tcp",         "command", "interval",
					 "timeout", "startPeriod", "retries"};

static void unknown_key(struct reading *r, const struct yaml_entry *entry, const char *const *keys,
			size_t count, const char *remedy)
{
	suggest(r, complain(r->list, entry->key_place, "unknown key `%s` of the health check", entry->key),
		entry->key, keys, count, remedy);
}

static void read_check_port(struct reading *r, struct draft *d, const struct yaml_node *node,
			    struct health_check *health)
{
	const char *text = fixed_text(r, d, node, "port");

	if (!text || port_parse(text, &health->port))
		return;
	/* A container's software has numbers for its names by now. */
	const struct named_port *named = d->software ? find_named_port(d, text) : NULL;
	if (isalpha((unsigned char)*text) && d->spec->kind == COMPONENT_PROCESS)
		health->port_name = text;
	else if (named)
		health->port = named->first;
	else
		complain(r->list, node->place, "`%s` is no port from 1 to 65535", text);
}

static void read_http_path(struct reading *r, struct draft *d, const struct yaml_node *node,
			   struct health_check *health)
{
	const char *path = fixed_text(r, d, node, "path");

	if (!path)
		return;
	if (*path == '/' && printable(path) && !strchr(path, ' '))
		health->path = path;
	else
		complain(r->list, node->place, "the path `%s` should begin with `/` and hold no spaces",
			 path);
}

static void read_http_status(struct reading *r, struct draft *d, const struct yaml_node *node,
			     struct health_check *health)
{
	const char *text = fixed_text(r, d, node, "status");
	int64_t status;

	if (!text)
		return;
	if (parse_number(text, 100, 599, &status))
		health->status = (int)status;
	else
		complain(r->list, node->place, "`%s` is no HTTP status from 100 to 599", text);
}

/* {port, path, status} of http, {port} of tcp; a port or a path alone will do. */
static void read_probe(struct reading *r, struct draft *d, const struct yaml_entry *entry,
		       struct health_check *health)
{
	static const char *const keys[] = {"port", "path", "status"};
	const struct yaml_node *node = fixed_node(r, d, entry->value);
	bool http = health->kind == CHECK_HTTP;

	if (!node || yaml_null(node))
		return;
	if (node->kind == YAML_LIST) {
		complain(r->list, node->place, "`%s` takes a map such as {port: 8080}, not a list",
			 entry->key);
		return;
	}
	if (node->kind == YAML_SCALAR) {
		if (http && *node->text == '/')
			read_http_path(r, d, node, health);
		else
			read_check_port(r, d, node, health);
		return;
	}
	for (size_t i = 0; i < node->count; i++) {
		const struct yaml_entry *part = &node->entries[i];
		if (!strcmp(part->key, "port"))
			read_check_port(r, d, part->value, health);
		else if (http && !strcmp(part->key, "path"))
			read_http_path(r, d, part->value, health);
		else if (http && !strcmp(part->key, "status"))
			read_http_status(r, d, part->value, health);
		else
			unknown_key(r, part, keys, http ? COUNT_OF(keys) : 1,
				    http ? "http takes port, path and status" : "tcp takes port");
	}
}

static void read_time(struct reading *r, struct draft *d, const struct yaml_entry *entry, int64_t least,
		      int64_t *ret_ms)
{
	int64_t ms = fixed_duration(r, d, entry->value, entry->key, least);

	if (ms >= 0)
		*ret_ms = ms;
}

static void read_retries(struct reading *r, struct draft *d, const struct yaml_entry *entry,
			 struct health_check *health)
{
	const char *text = fixed_text(r, d, entry->value, "retries");
	int64_t number;

	if (!text)
		return;
	if (parse_number(text, 1, 1000, &number))
		health->retries = (int)number;
	else
		complain(r->list, entry->value->place, "`retries` is a number from 1 to 1000, not `%s`",
			 text);
}

static void read_part(struct reading *r, struct draft *d, const struct yaml_entry *entry,
		      struct health_check *health)
{
	if (!strcmp(entry->key, "http") || !strcmp(entry->key, "tcp"))
		read_probe(r, d, entry, health);
	else if (!strcmp(entry->key, "command"))
		command_read(r, d, entry->value, "command", &health->command);
	else if (!strcmp(entry->key, "interval"))
		read_time(r, d, entry, 1, &health->interval_ms);
	else if (!strcmp(entry->key, "timeout"))
		read_time(r, d, entry, 1, &health->timeout_ms);
	else if (!strcmp(entry->key, "startPeriod"))
		read_time(r, d, entry, 0, &health->start_period_ms);
	else if (!strcmp(entry->key, "retries"))
		read_retries(r, d, entry, health);
	else
		unknown_key(
		    r, entry, check_keys, COUNT_OF(check_keys),
		    "a health check takes http, tcp or command, and interval, timeout, startPeriod, retries");
}

/* Exactly one of http, tcp and command says what is asked; CHECK_NONE with a complaint otherwise. */
static enum check_kind find_kind(struct reading *r, const struct yaml_node *map, const char *key)
{
	enum check_kind kind = CHECK_NONE;
	int found = 0;

	for (size_t i = 0; i < map->count; i++) {
		const char *part = map->entries[i].key;
		enum check_kind here = !strcmp(part, "http")      ? CHECK_HTTP
				       : !strcmp(part, "tcp")     ? CHECK_TCP
				       : !strcmp(part, "command") ? CHECK_COMMAND
								  : CHECK_NONE;
		if (here != CHECK_NONE) {
			kind = here;
			found++;
		}
	}
	if (found == 1)
		return kind;
	advise(r->list,
	       complain(r->list, map->place,
			found ? "a health check has only one of http, tcp and command"
			      : "a health check needs one of http, tcp and command"),
	       "write %s: {http: {path: /}}", key);
	return CHECK_NONE;
}

bool health_read(struct reading *r, struct draft *d, const struct yaml_node *node, const char *key,
		 struct health_check *ret)
{
	const struct yaml_node *map = fixed_node(r, d, node);
	struct health_check health = {.path = "/", .interval_ms = 2000, .timeout_ms = 5000, .retries = 3};

	if (!map)
		return false;
	if (map->kind != YAML_MAP) {
		advise(r->list,
		       complain(r->list, map->place, "`%s` takes a map, not %s", key, kind_name(map)),
		       "write %s: {http: {path: /}}", key);
		return false;
	}
	health.kind = find_kind(r, map, key);
	health.place = node->place;
	for (size_t i = 0; i < map->count; i++)
		read_part(r, d, &map->entries[i], &health);
	*ret = health;
	return health.kind != CHECK_NONE;
}

void read_health_check(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	struct health_check health;

	if (!health_read(r, d, node, "healthCheck", &health))
		return;
	health.place = given_of(d, KEY_HEALTH_CHECK)->key_place;
	d->spec->health = kept_as(r, struct health_check, &health) ?: d->spec->health;
}
