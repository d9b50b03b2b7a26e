/* parameters.c - what a blueprint lets its deployer choose, and whether the choices fit. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/constraints.h"

/* Each spelling with the type that it stands for. */
static const struct {
	const char *name, *type;
} types[] = {
    {"string", "string"},
    {"integer", "integer"},
    {"long", "integer"},
    {"double", "double"},
    {"float", "double"},
    {"boolean", "boolean"},
    {"port", "port"},
    {"duration", "duration"},
    {"timestamp", "timestamp"},
    {"map", "map"},
    {"list", "list"},
    {"int", "integer"},
    {"java.lang.String", "string"},
    {"java.lang.Integer", "integer"},
    {"java.lang.Long", "integer"},
    {"java.lang.Double", "double"},
    {"java.lang.Boolean", "boolean"},
    {"java.util.Map", "map"},
    {"java.util.List", "list"},
    {"org.apache.brooklyn.util.time.Duration", "duration"},
};

static const char *plain_text(struct reading *r, const struct yaml_node *node, const char *what)
{
	const struct yaml_node *fixed = fixed_node(r, NULL, node);

	if (!fixed)
		return NULL;
	if (fixed->kind == YAML_SCALAR && !yaml_null(fixed))
		return fixed->text;
	complain(r->list, node->place, "`%s` of a parameter is a text, not %s", what, kind_name(fixed));
	return NULL;
}

static void read_type(struct reading *r, const struct yaml_node *node, struct parameter *p)
{
	const char *text = plain_text(r, node, "type"), *names[COUNT_OF(types)];

	if (!text)
		return;
	for (size_t i = 0; i < COUNT_OF(types); i++) {
		names[i] = types[i].name;
		if (!strcasecmp(types[i].name, text)) {
			p->type = types[i].type;
			return;
		}
	}
	if (strchr(text, '.') && r->of_component)
		return; /* of Brooklyn's own: what there is of it here is a text, a list or a map */
	struct diagnostic *entry =
	    strchr(text, '.')
		? complain(r->list, node->place,
			   "the type `%s` of a parameter is not supported yet by this version of berth", text)
		: complain(r->list, node->place, "unknown type `%s` of a parameter", text);
	suggest(r, entry, text, names, COUNT_OF(types),
		"the types are string, integer, double, boolean, port, duration, timestamp, list and map");
}

static void read_key(struct reading *r, const struct yaml_entry *entry, struct parameter *p)
{
	static const char *const known[] = {"name",        "type",        "default", "required",
					    "description", "constraints", "label"};
	static const char *const noted[] = {"also",
					    "each",
					    "file",
					    "description",
					    "label",
					    "pinned",
					    "reconfigurable",
					    "inheritance.type",
					    "inheritance.runtime"};

	if (!strcmp(entry->key, "name")) {
		p->name = plain_text(r, entry->value, "name");
		p->place = entry->value->place;
	} else if (!strcmp(entry->key, "type")) {
		read_type(r, entry->value, p);
	} else if (!strcmp(entry->key, "default")) {
		p->initial = yaml_null(entry->value) ? NULL : entry->value;
	} else if (!strcmp(entry->key, "required")) {
		p->required = fixed_flag(r, NULL, entry->value, "required", p->required);
	} else if (!strcmp(entry->key, "constraints")) {
		constraints_read(r, entry->value, p);
	} else {
		for (size_t i = 0; i < COUNT_OF(noted); i++)
			if (!strcmp(noted[i], entry->key))
				return;
		suggest(r, complain(r->list, entry->key_place, "unknown key `%s` of a parameter", entry->key),
			entry->key, known, COUNT_OF(known),
			"a parameter takes name, type, default, required, description and constraints");
	}
}

static void enter(struct reading *r, struct parameter *p)
{
	const struct parameter *before = map_get(r->parameters, p->name);

	if (before)
		complain(r->list, p->place,
			 "two parameters are called `%s`: the other one is at line %d, column %d", p->name,
			 before->place.line, before->place.column);
	else
		reading_put(r, &r->parameters, p->name, p);
}

static void read_parameter(struct reading *r, const struct yaml_node *node)
{
	struct parameter *p = reading_new(r, struct parameter);

	if (!p)
		return;
	*p = (struct parameter){.place = node->place, .type = "string"};
	if (node->kind == YAML_SCALAR && !yaml_null(node)) {
		p->name = node->text;
	} else if (node->kind == YAML_MAP) {
		for (size_t i = 0; i < node->count; i++)
			read_key(r, &node->entries[i], p);
		if (!p->name && !yaml_get(node, "name"))
			complain(r->list, node->place, "a parameter needs a `name`");
	} else {
		complain(r->list, node->place, "a parameter is a map, not %s", kind_name(node));
	}
	if (p->name)
		enter(r, p);
	if (p->name && p->initial)
		warn_plain_secret(r, p->name, p->initial, false);
}

void parameters_read(struct reading *r, const struct yaml_node *root)
{
	static const char *const spellings[] = {"parameters", "brooklyn.parameters"};

	for (size_t k = 0; k < COUNT_OF(spellings); k++) {
		const struct yaml_node *list = yaml_get(root, spellings[k]);
		if (!list || yaml_null(list))
			continue;
		if (list->kind != YAML_LIST) {
			advise(r->list,
			       complain(r->list, list->place, "`%s` takes a list, not %s", spellings[k],
					kind_name(list)),
			       "write - {name: NAME, default: VALUE}");
			continue;
		}
		for (size_t i = 0; i < list->count; i++)
			read_parameter(r, list->items[i]);
	}
}

static bool is_decimal(const char *text)
{
	char *end;

	errno = 0;
	(void)strtod(text, &end);
	return *text && !*end && !errno;
}

/* One port, or a range of them, or `auto`: any. */
static bool is_port(const char *text)
{
	if (!strcmp(text, "auto"))
		return true;
	char first[6];
	size_t length = strcspn(text, "-+");
	int64_t low, high;

	if (length >= sizeof(first))
		return false;
	snprintf(first, sizeof(first), "%.*s", (int)length, text);
	return parse_number(first, 1, 65535, &low) &&
	       (!text[length] || !strcmp(text + length, "+") ||
		(parse_number(text + length + 1, 1, 65535, &high) && low <= high));
}

static bool fits_type(const char *type, const char *text)
{
	int64_t number;

	if (!strcmp(type, "integer"))
		return parse_number(text, INT64_MIN, INT64_MAX, &number);
	if (!strcmp(type, "double"))
		return is_decimal(text);
	if (!strcmp(type, "port"))
		return is_port(text);
	if (!strcmp(type, "boolean"))
		return !strcasecmp(text, "true") || !strcasecmp(text, "false");
	if (!strcmp(type, "duration"))
		return parse_duration_ms(text) >= 0;
	return true;
}

const struct yaml_node *parameter_value(struct reading *r, const char *name)
{
	const struct parameter *p = map_get(r->parameters, name);
	const struct yaml_entry *entry = map_get(r->config, name);

	return p && p->setting ? p->setting : entry ? entry->value : p ? p->initial : NULL;
}

static bool fits(const char *type, const struct yaml_node *node, const char *text)
{
	bool map = !strcmp(type, "map"), list = !strcmp(type, "list");

	if (!node || yaml_null(node) || (is_expression(node) && !text))
		return true;
	if (map || list)
		return !text && node->kind == (map ? YAML_MAP : YAML_LIST);
	return !text || fits_type(type, text);
}

/* Whether nothing of it waits for components: then its value can be known, and checked, whoever uses it. */
static bool is_fixed(const struct expression *e)
{
	static const char *const fixed[] = {"env", "literal", "formatString"};
	bool known = e->kind == EXPRESSION_TEXT;

	for (size_t i = 0; i < COUNT_OF(fixed) && e->kind == EXPRESSION_CALL && !e->on; i++)
		known = known || !strcmp(fixed[i], e->text);
	for (size_t i = 0; i < e->count && known; i++)
		known = is_fixed(e->arguments[i]);
	return known;
}

/* The value as text, as far as it is known while the blueprint is read; else NULL. */
static const char *known_text(struct reading *r, const struct yaml_node *node)
{
	struct diagnostics quiet = {0};
	struct value value;

	if (node->kind == YAML_SCALAR && !is_expression(node))
		return node->text;
	const struct expression *e =
	    is_expression(node) ? expression_parse(r->arena, &r->passing, node, &quiet) : NULL;
	diagnostics_release(&quiet);
	if (!e || !is_fixed(e) || value_read(r, NULL, node, &value) || value.kind != VALUE_TEXT)
		return NULL;
	return value.text;
}

static bool check(const char *key, void *value, void *context)
{
	const struct parameter *p = value;
	struct reading *r = context;
	const struct yaml_node *node = parameter_value(r, key);
	const char *text = node ? known_text(r, node) : NULL;

	if (!node && p->required && r->of_component)
		advise(r->list, complain(r->list, *r->of_component, "the parameter `%s` has no value", key),
		       "give the component `%s`, in its `brooklyn.config`", key);
	else if (!node && p->required)
		advise(r->list, complain(r->list, p->place, "the parameter `%s` has no value", key),
		       "give it one: --set %s=VALUE", key);
	if (!fits(p->type, node, text)) {
		if (text && !sensitive_name(key))
			complain(r->list, node->place,
				 "the parameter `%s` is of the type %s, and `%s` is none", key, p->type,
				 text);
		else
			complain(r->list, node->place,
				 "the parameter `%s` is of the type %s, and what it is set to is none", key,
				 p->type);
	} else {
		constraints_check(r, p, node, text);
	}
	return true;
}

void parameters_check(struct reading *r)
{
	map_each(r->parameters, check, r);
}

static void put_config(struct reading *r, struct map **config, const struct yaml_node *map)
{
	for (size_t i = 0; map && map->kind == YAML_MAP && i < map->count; i++)
		reading_put(r, config, map->entries[i].key, (void *)&map->entries[i]);
}

void parameters_check_component(struct reading *r, const struct yaml_node *list,
				const struct yaml_node *service)
{
	struct map *parameters = r->parameters, *config = r->config;

	if (r->open)
		return;
	r->parameters = r->config = NULL;
	r->of_component = &service->place;
	put_config(r, &r->config, service);
	put_config(r, &r->config, yaml_get(service, "brooklyn.config"));
	put_config(r, &r->config, yaml_get(service, "config"));
	for (size_t i = 0; i < list->count; i++)
		read_parameter(r, list->items[i]);
	parameters_check(r);
	map_release(&r->parameters);
	map_release(&r->config);
	r->parameters = parameters;
	r->config = config;
	r->of_component = NULL;
}
