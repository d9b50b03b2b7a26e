/* marathon_rules.c - what Marathon asks of the members of an app beyond their kinds: what a map cannot be
 * without, numbers that bound one another, how a constraint is written.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/marathon_members.h"

/* --- constraints -----------------------------------------------------------------------------------------
 */

enum operand { NO_OPERAND, MAY_OPERAND, MUST_OPERAND };

static const struct operation {
	const char *name;
	enum operand operand;
	bool counts; /* its operand is a number */
} operations[] = {
    {"UNIQUE", NO_OPERAND, false}, {"CLUSTER", MAY_OPERAND, false}, {"GROUP_BY", MAY_OPERAND, true},
    {"LIKE", MUST_OPERAND, false}, {"UNLIKE", MUST_OPERAND, false}, {"MAX_PER", MUST_OPERAND, true},
    {"IS", MUST_OPERAND, false},
};

static const struct operation *operation_of(const char *word)
{
	for (size_t i = 0; i < COUNT_OF(operations); i++)
		if (!strcasecmp(operations[i].name, word))
			return &operations[i];
	return NULL;
}

static void complain_operation(struct reading *r, const struct yaml_node *node)
{
	const char *names[COUNT_OF(operations)];

	for (size_t i = 0; i < COUNT_OF(operations); i++)
		names[i] = operations[i].name;
	suggest(r, complain(r->list, node->place, "there is no constraint `%s`", node->text), node->text,
		names, COUNT_OF(names), "it is one of UNIQUE, CLUSTER, GROUP_BY, LIKE, UNLIKE, MAX_PER, IS");
}

static bool is_count(const char *text)
{
	int64_t number;

	return parse_number(text, 0, INT32_MAX, &number);
}

/* [FIELD, OPERATION] or [FIELD, OPERATION, OPERAND]. */
void marathon_constraint_check(struct reading *r, const struct yaml_node *node)
{
	if (node->kind != YAML_LIST)
		return;
	for (size_t i = 0; i < node->count; i++)
		if (node->items[i]->kind != YAML_SCALAR)
			return; /* which is said */
	if (node->count < 2 || node->count > 3) {
		advise(r->list,
		       complain(r->list, node->place, "a constraint has two or three parts, not %u",
				node->count),
		       "write [FIELD, OPERATION] or [FIELD, OPERATION, VALUE], such as [hostname, UNIQUE]");
		return;
	}
	const struct operation *operation = operation_of(node->items[1]->text);
	const struct yaml_node *operand = node->count == 3 ? node->items[2] : NULL;
	if (!operation && !is_count(node->items[1]->text))
		complain_operation(r, node->items[1]);
	else if (!operation)
		return; /* it is no text, which is said */
	else if (operand && operation->operand == NO_OPERAND)
		complain(r->list, operand->place, "`%s` takes no value", operation->name);
	else if (!operand && operation->operand == MUST_OPERAND)
		advise(r->list,
		       complain(r->list, node->items[1]->place, "`%s` needs a value", operation->name),
		       "write [%s, %s, VALUE]", node->items[0]->text, operation->name);
	else if (operand && operation->counts && !is_count(operand->text))
		complain(r->list, operand->place, "the value of `%s` is a whole number, not `%s`",
			 operation->name, operand->text);
}

/* --- members of one map ----------------------------------------------------------------------------------
 */

static const struct yaml_entry *entry_of(const struct yaml_node *map, const char *key)
{
	for (size_t i = 0; i < map->count; i++)
		if (!strcmp(map->entries[i].key, key))
			return &map->entries[i];
	return NULL;
}

static bool number_of(const struct yaml_entry *entry, double *ret)
{
	char *end;

	if (!entry || entry->value->kind != YAML_SCALAR || !*entry->value->text)
		return false;
	*ret = strtod(entry->value->text, &end);
	return !*end;
}

static void check_orders(struct reading *r, const struct yaml_node *map, const char *name)
{
	static const struct {
		const char *map, *less, *more;
		bool or_equal;
		double more_else;
	} orders[] = {
	    {"unreachableStrategy", "inactiveAfterSeconds", "expungeAfterSeconds", true, 0},
	    {"readinessChecks", "timeoutSeconds", "intervalSeconds", false, 30},
	};

	for (size_t i = 0; i < COUNT_OF(orders); i++) {
		const struct yaml_entry *less = entry_of(map, orders[i].less);
		double low, high = orders[i].more_else;
		if (strcmp(name, orders[i].map) != 0 || !number_of(less, &low))
			continue;
		if (entry_of(map, orders[i].more) && !number_of(entry_of(map, orders[i].more), &high))
			continue;
		if (low > high || (low == high && !orders[i].or_equal))
			complain(r->list, less->value->place, "`%s` of %g is to be %s `%s`, which is %g",
				 orders[i].less, low, orders[i].or_equal ? "at most" : "less than",
				 orders[i].more, high);
	}
}

/* Also misspelt, which is said already. */
static bool is_written(const struct yaml_node *map, const char *key)
{
	for (size_t i = 0; i < map->count; i++)
		if (closest(map->entries[i].key, &key, 1))
			return true;
	return entry_of(map, key) != NULL;
}

static void check_needs(struct reading *r, const struct yaml_node *map, const char *name)
{
	static const struct {
		const char *map, *key;
	} needs[] = {{"fetch", "uri"},
		     {"persistent", "size"},
		     {"parameters", "key"},
		     {"parameters", "value"},
		     {"volumes", "containerPath"}};

	for (size_t i = 0; i < COUNT_OF(needs); i++)
		if (!strcmp(name, needs[i].map) && !is_written(map, needs[i].key))
			complain(r->list, map->place, "`%s` has no `%s`", name, needs[i].key);
}

/* One that asks a command needs it. */
static void check_asked(struct reading *r, const struct yaml_node *map, const char *name)
{
	const struct yaml_entry *protocol = entry_of(map, "protocol");

	if (!strcmp(name, "healthChecks") && protocol && protocol->value->kind == YAML_SCALAR &&
	    !strcmp(protocol->value->text, "COMMAND") && !is_written(map, "command"))
		advise(
		    r->list,
		    complain(r->list, protocol->value->place, "a health check by COMMAND has no `command`"),
		    "write command: {value: \"...\"} beside it");
}

/* Which port it asks is said once. */
static void check_port(struct reading *r, const struct yaml_node *map, const char *name)
{
	const struct yaml_entry *port = entry_of(map, "port");

	if (!strcmp(name, "healthChecks") && port && entry_of(map, "portIndex"))
		advise(
		    r->list,
		    complain(r->list, port->key_place, "a health check has `port` or `portIndex`, not both"),
		    "take one of them away");
}

void marathon_map_check(struct reading *r, const struct yaml_node *map, const char *name)
{
	check_orders(r, map, name);
	check_needs(r, map, name);
	check_asked(r, map, name);
	check_port(r, map, name);
}

/* --- members of one app --------------------------------------------------------------------------------
 */

static const struct yaml_node *value_of(const struct yaml_node *map, const char *key)
{
	const struct yaml_entry *entry = map && map->kind == YAML_MAP ? entry_of(map, key) : NULL;

	return entry && !yaml_null(entry->value) ? entry->value : NULL;
}

static const struct yaml_node *list_of(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *list = value_of(map, key);

	return list && list->kind == YAML_LIST ? list : NULL;
}

/* The ports that the app lists itself, wherever; NULL: it lists none. */
static const struct yaml_node *ports_of(const struct yaml_node *app)
{
	const struct yaml_node *container = value_of(app, "container");
	const struct yaml_node *mappings = list_of(container, "portMappings");

	if (!mappings)
		mappings = list_of(value_of(container, "docker"), "portMappings");
	if (!mappings)
		mappings = list_of(app, "portDefinitions");
	return mappings ? mappings : list_of(app, "ports");
}

static void check_indices(struct reading *r, const struct yaml_node *app, size_t ports)
{
	const struct yaml_node *checks = list_of(app, "healthChecks"), *listed = ports_of(app);
	size_t count = listed ? listed->count : ports;

	for (size_t i = 0; checks && i < checks->count; i++) {
		const struct yaml_node *index = value_of(checks->items[i], "portIndex");
		int64_t number;
		if (!index || index->kind != YAML_SCALAR || value_of(checks->items[i], "command") ||
		    !parse_number(index->text, 0, 65535, &number) || (size_t)number < (count ? count : 1))
			continue;
		struct diagnostic *said =
		    complain(r->list, index->place, "there is no port of `portIndex` %s: the app has %zu",
			     index->text, count);
		if (count)
			advise(r->list, said, "the first one is 0, the last one %zu", count - 1);
		else
			advise(r->list, said, "say which ports it has: openPorts: 8080");
	}
}

static void check_secret(struct reading *r, const struct yaml_node *app, const struct yaml_node *user)
{
	const struct yaml_node *secret = value_of(user, "secret"), *known = value_of(app, "secrets");

	if (!secret || secret->kind != YAML_SCALAR || value_of(known, secret->text))
		return;
	advise(r->list, complain(r->list, secret->place, "that secret is none of the `secrets` of the app"),
	       "write secrets: {NAME: {source: PATH}} beside `env`");
}

static void check_secrets(struct reading *r, const struct yaml_node *app)
{
	const struct yaml_node *env = value_of(app, "env"),
			       *volumes = list_of(value_of(app, "container"), "volumes");

	for (size_t i = 0; env && env->kind == YAML_MAP && i < env->count; i++)
		check_secret(r, app, env->entries[i].value);
	for (size_t i = 0; volumes && i < volumes->count; i++)
		check_secret(r, app, volumes->items[i]);
}

static void check_networks(struct reading *r, const struct yaml_node *app)
{
	const struct yaml_node *networks = list_of(app, "networks");

	for (size_t i = 0; networks && networks->count > 1 && i < networks->count; i++) {
		const struct yaml_node *mode = value_of(networks->items[i], "mode");
		if (!mode || mode->kind != YAML_SCALAR || !strcmp(mode->text, "container"))
			continue;
		advise(
		    r->list,
		    complain(r->list, mode->place, "an app with `%s` can be in no other network", mode->text),
		    "leave only this one, or networks of the mode container");
		return;
	}
}

void marathon_app_check(struct reading *r, const struct yaml_node *app, size_t ports, bool secrets_elsewhere)
{
	check_indices(r, app, ports);
	check_networks(r, app);
	if (!secrets_elsewhere)
		check_secrets(r, app);
}

/* --- what others call it ---------------------------------------------------------------------------------
 */

const char *marathon_member_meant(const char *written)
{
	static const char *const words[] = {"environment", "memory",    "command",     "arguments",
					    "replicas",    "count",     "resources",   "depends",
					    "health",      "readiness", "healthCheck", "readinessCheck"};
	static const char *const members[] = {"env",          "mem",
					      "cmd",          "args",
					      "instances",    "instances",
					      "cpus",         "dependencies",
					      "healthChecks", "readinessChecks",
					      "healthChecks", "readinessChecks"};
	const char *meant = closest(written, words, COUNT_OF(words));

	for (size_t i = 0; meant && i < COUNT_OF(words); i++)
		if (!strcmp(words[i], meant))
			return members[i];
	return NULL;
}
