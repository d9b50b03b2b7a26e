/* parameters.c - what a blueprint lets its deployer choose, and whether the choices fit. */
#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/reading.h"

static const char *const types[] = {"string", "integer", "long",     "float",    "double",
				    "port",   "boolean", "duration", "timestamp"};

static const char *plain_text(struct reading *r, const struct yaml_node *node, const char *what)
{
	if (node->kind == YAML_SCALAR && !yaml_null(node))
		return node->text;
	complain(r->list, node->place, "`%s` of a parameter is a text, not %s", what, kind_name(node));
	return NULL;
}

static void read_type(struct reading *r, const struct yaml_node *node, struct parameter *p)
{
	const char *text = plain_text(r, node, "type");

	if (!text)
		return;
	for (size_t i = 0; i < COUNT_OF(types); i++)
		if (!strcasecmp(types[i], text)) {
			p->type = types[i];
			return;
		}
	suggest(r, complain(r->list, node->place, "unknown type `%s` of a parameter", text), text, types,
		COUNT_OF(types),
		"the types are string, integer, double, boolean, port, duration and timestamp");
}

static void read_regex(struct reading *r, const struct yaml_node *node, struct parameter *p)
{
	const char *text = plain_text(r, node, "regex");
	regex_t regex;

	if (!text)
		return;
	p->regex = arena_format(r->arena, "^(%s)$", text);
	p->regex_place = node->place;
	if (!p->regex) {
		r->list->failed = true;
		return;
	}
	int code = regcomp(&regex, p->regex, REG_EXTENDED | REG_NOSUB);
	if (!code) {
		regfree(&regex);
		return;
	}
	char why[120];
	regerror(code, &regex, why, sizeof(why));
	complain(r->list, node->place, "`%s` is no regular expression: %s", text, why);
	p->regex = NULL;
}

static void read_constraint(struct reading *r, const struct yaml_node *node, struct parameter *p)
{
	static const char *const known[] = {"required", "regex"};
	const char *name = node->kind == YAML_SCALAR ? node->text : NULL;

	if (node->kind == YAML_MAP && node->count == 1) {
		name = node->entries[0].key;
		if (!strcmp(name, "regex")) {
			read_regex(r, node->entries[0].value, p);
			return;
		}
	}
	if (name && !strcmp(name, "required"))
		p->required = true;
	else
		suggest(r,
			complain(r->list, node->place,
				 "the constraint `%s` is not supported yet by this version of berth",
				 name ? name : "of this form"),
			name ? name : "", known, COUNT_OF(known),
			"the constraints are required and {regex: \"...\"}");
}

static void read_constraints(struct reading *r, const struct yaml_node *node, struct parameter *p)
{
	if (node->kind != YAML_LIST) {
		read_constraint(r, node, p);
		return;
	}
	for (size_t i = 0; i < node->count; i++)
		read_constraint(r, node->items[i], p);
}

static void read_key(struct reading *r, const struct yaml_entry *entry, struct parameter *p)
{
	static const char *const known[] = {"name",        "type",        "default", "required",
					    "description", "constraints", "label"};
	static const char *const noted[] = {
	    "description", "label", "pinned", "reconfigurable", "inheritance.type", "inheritance.runtime"};

	if (!strcmp(entry->key, "name")) {
		p->name = plain_text(r, entry->value, "name");
		p->place = entry->value->place;
	} else if (!strcmp(entry->key, "type")) {
		read_type(r, entry->value, p);
	} else if (!strcmp(entry->key, "default")) {
		p->initial = yaml_null(entry->value) ? NULL : entry->value;
	} else if (!strcmp(entry->key, "required")) {
		if (!yaml_bool(entry->value, r->list, &p->required))
			complain(r->list, entry->value->place, "`required` is true or false");
	} else if (!strcmp(entry->key, "constraints")) {
		read_constraints(r, entry->value, p);
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

static bool fits_type(const char *type, const char *text)
{
	int64_t number;

	if (!strcmp(type, "integer") || !strcmp(type, "long"))
		return parse_number(text, INT64_MIN, INT64_MAX, &number);
	if (!strcmp(type, "float") || !strcmp(type, "double"))
		return is_decimal(text);
	if (!strcmp(type, "port"))
		return parse_number(text, 1, 65535, &number);
	if (!strcmp(type, "boolean"))
		return !strcasecmp(text, "true") || !strcasecmp(text, "false");
	if (!strcmp(type, "duration"))
		return parse_duration_ms(text) >= 0;
	return true;
}

static bool fits_regex(const char *pattern, const char *text)
{
	regex_t regex;

	if (!pattern || regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB))
		return true;
	bool fits = !regexec(&regex, text, 0, NULL, 0);
	regfree(&regex);
	return fits;
}

static bool check(const char *key, void *value, void *context)
{
	const struct parameter *p = value;
	struct reading *r = context;
	const struct yaml_entry *entry = map_get(r->config, key);
	const struct yaml_node *node = p->setting ? p->setting : entry ? entry->value : p->initial;

	if (!node) {
		if (p->required)
			advise(r->list, complain(r->list, p->place, "the parameter `%s` has no value", key),
			       "give it one: --set %s=VALUE", key);
		return true;
	}
	if (node->kind != YAML_SCALAR || is_expression(node))
		return true;
	if (!fits_type(p->type, node->text))
		complain(r->list, node->place, "the parameter `%s` is of the type %s, and `%s` is none", key,
			 p->type, node->text);
	else if (!fits_regex(p->regex, node->text))
		advise(r->list,
		       complain(r->list, node->place, "the parameter `%s` may not be `%s`", key, node->text),
		       "it must match the regular expression at line %d", p->regex_place.line);
	return true;
}

void parameters_check(struct reading *r)
{
	map_each(r->parameters, check, r);
}
