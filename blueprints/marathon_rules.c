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

void marathon_map_check(struct reading *r, const struct yaml_node *map, const char *name)
{
	check_orders(r, map, name);
	check_needs(r, map, name);
	check_asked(r, map, name);
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
