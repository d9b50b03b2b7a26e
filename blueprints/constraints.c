/* constraints.c - required, regex, glob, and what one parameter means for another: forbiddenIf and its like.
 */
#include "blueprints/constraints.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/pattern.h"

enum constraint_kind {
	CONSTRAINT_REQUIRED,
	CONSTRAINT_REGEX,
	CONSTRAINT_GLOB,
	CONSTRAINT_REQUIRED_IF,
	CONSTRAINT_REQUIRED_UNLESS,
	CONSTRAINT_REQUIRED_UNLESS_ANY,
	CONSTRAINT_FORBIDDEN_IF,
	CONSTRAINT_FORBIDDEN_UNLESS,
	CONSTRAINT_FORBIDDEN_UNLESS_ANY,
	CONSTRAINT_COUNT
};

static const char *const kind_names[CONSTRAINT_COUNT] = {
    [CONSTRAINT_REQUIRED] = "required",
    [CONSTRAINT_REGEX] = "regex",
    [CONSTRAINT_GLOB] = "glob",
    [CONSTRAINT_REQUIRED_IF] = "requiredIf",
    [CONSTRAINT_REQUIRED_UNLESS] = "requiredUnless",
    [CONSTRAINT_REQUIRED_UNLESS_ANY] = "requiredUnlessAnyOf",
    [CONSTRAINT_FORBIDDEN_IF] = "forbiddenIf",
    [CONSTRAINT_FORBIDDEN_UNLESS] = "forbiddenUnless",
    [CONSTRAINT_FORBIDDEN_UNLESS_ANY] = "forbiddenUnlessAnyOf",
};

struct constraint {
	enum constraint_kind kind;
	const char *pattern;           /* of regex and glob, as POSIX has it */
	const struct yaml_node *names; /* of other parameters: a text or a list of texts */
	struct place place;
	struct constraint *next;
};

static const char *fixed_pattern(struct reading *r, const struct yaml_node *node, enum constraint_kind kind)
{
	const char *text = fixed_text(r, NULL, node, kind_names[kind]);
	struct error err = {0};

	if (!text)
		return NULL;
	text = kind == CONSTRAINT_GLOB ? glob_posix(r->arena, text, &r->pattern_budget, &err)
				       : pattern_posix(r->arena, text, &r->pattern_budget, &err);
	if (!text)
		complain_error(r->list, node->place, &err);
	return text;
}

static bool are_names(struct reading *r, const struct yaml_node *node, enum constraint_kind kind)
{
	bool many = kind == CONSTRAINT_REQUIRED_UNLESS_ANY || kind == CONSTRAINT_FORBIDDEN_UNLESS_ANY;
	bool good = node->kind == YAML_SCALAR ? !yaml_null(node) : many && node->kind == YAML_LIST;

	for (size_t i = 0; good && node->kind == YAML_LIST && i < node->count; i++)
		good = node->items[i]->kind == YAML_SCALAR && !yaml_null(node->items[i]);
	if (!good)
		complain(r->list, node->place, "`%s` takes the name of another parameter%s", kind_names[kind],
			 many ? ", or a list of them" : "");
	return good;
}

static void add(struct reading *r, struct parameter *p, struct constraint constraint)
{
	struct constraint *copy = reading_new(r, struct constraint);

	if (!copy)
		return;
	*copy = constraint;
	copy->next = p->constraints;
	p->constraints = copy;
}

static void read_pair(struct reading *r, const struct yaml_entry *entry, struct parameter *p)
{
	struct constraint constraint = {.kind = CONSTRAINT_REQUIRED, .place = entry->value->place};

	while (constraint.kind < CONSTRAINT_COUNT && strcmp(kind_names[constraint.kind], entry->key))
		constraint.kind++;
	switch (constraint.kind) {
	case CONSTRAINT_COUNT:
		suggest(
		    r,
		    complain(r->list, entry->key_place,
			     "the constraint `%s` is not supported yet by this version of berth", entry->key),
		    entry->key, kind_names, CONSTRAINT_COUNT,
		    "the constraints are required, {regex: \"...\"}, {glob: \"...\"}, {requiredIf: NAME} and "
		    "its like");
		return;
	case CONSTRAINT_REQUIRED:
		p->required = fixed_flag(r, NULL, entry->value, "required", p->required);
		return;
	case CONSTRAINT_REGEX:
	case CONSTRAINT_GLOB:
		constraint.pattern = fixed_pattern(r, entry->value, constraint.kind);
		if (constraint.pattern)
			add(r, p, constraint);
		return;
	default:
		constraint.names = entry->value;
		if (are_names(r, entry->value, constraint.kind))
			add(r, p, constraint);
	}
}

static void read_one(struct reading *r, const struct yaml_node *node, struct parameter *p)
{
	if (node->kind == YAML_SCALAR && !strcmp(node->text, kind_names[CONSTRAINT_REQUIRED])) {
		p->required = true;
	} else if (node->kind == YAML_SCALAR) {
		const struct yaml_entry entry = {.key = node->text, .key_place = node->place, .value = node};
		bool known = false;
		for (size_t i = 0; i < CONSTRAINT_COUNT; i++)
			known = known || !strcmp(kind_names[i], node->text);
		if (known)
			advise(
			    r->list,
			    complain(r->list, node->place, "the constraint `%s` needs a value", node->text),
			    "write {%s: ...}", node->text);
		else
			read_pair(r, &entry, p);
	} else if (node->kind == YAML_MAP) {
		for (size_t i = 0; i < node->count; i++)
			read_pair(r, &node->entries[i], p);
	} else {
		complain(r->list, node->place, "a constraint is a word or a map, not %s", kind_name(node));
	}
}

void constraints_read(struct reading *r, const struct yaml_node *node, struct parameter *p)
{
	if (yaml_null(node))
		return;
	if (node->kind != YAML_LIST)
		read_one(r, node, p);
	for (size_t i = 0; node->kind == YAML_LIST && i < node->count; i++)
		read_one(r, node->items[i], p);
}

static void check_name(struct reading *r, const struct yaml_node *name)
{
	if (!map_get(r->parameters, name->text) && !map_get(r->config, name->text))
		config_complain_unset(r, NULL, name->text, name->place);
}

static void check_names(struct reading *r, const struct yaml_node *names)
{
	if (names->kind == YAML_SCALAR)
		check_name(r, names);
	for (size_t i = 0; names->kind == YAML_LIST && i < names->count; i++)
		check_name(r, names->items[i]);
}

/* A blank text counts as none. */
static bool is_set(struct reading *r, const char *name)
{
	const struct yaml_node *value = parameter_value(r, name);

	return value && !yaml_null(value) && (value->kind != YAML_SCALAR || *value->text);
}

/* The first of the other parameters that is set, or NULL. */
static const char *first_set(struct reading *r, const struct yaml_node *names)
{
	if (names->kind == YAML_SCALAR)
		return is_set(r, names->text) ? names->text : NULL;
	for (size_t i = 0; i < names->count; i++)
		if (is_set(r, names->items[i]->text))
			return names->items[i]->text;
	return NULL;
}

static void check_pattern(struct reading *r, const struct parameter *p, const struct constraint *constraint,
			  const struct yaml_node *value, const char *text)
{
	bool regex = constraint->kind == CONSTRAINT_REGEX;

	if (pattern_matches(constraint->pattern, text))
		return;
	struct diagnostic *entry =
	    sensitive_name(p->name)
		? complain(r->list, value->place, "the parameter `%s` may not be what it is set to", p->name)
		: complain(r->list, value->place, "the parameter `%s` may not be `%s`", p->name, text);
	advise(r->list, entry, "it must match the %s at line %d", regex ? "regular expression" : "pattern",
	       constraint->place.line);
}

static void check_one(struct reading *r, const struct parameter *p, const struct constraint *constraint,
		      const struct yaml_node *value, const char *text)
{
	bool given = is_set(r, p->name);

	if (constraint->pattern) {
		if (text)
			check_pattern(r, p, constraint, value, text);
		return;
	}
	check_names(r, constraint->names);
	const char *other = first_set(r, constraint->names);
	const char *names =
	    constraint->names->kind == YAML_SCALAR ? constraint->names->text : "any of the others";
	struct place at = value ? value->place : p->place;
	switch (constraint->kind) {
	case CONSTRAINT_REQUIRED_IF:
		if (other && !given)
			complain(r->list, at, "the parameter `%s` needs a value, as `%s` has one", p->name,
				 other);
		return;
	case CONSTRAINT_FORBIDDEN_IF:
		if (other && given)
			complain(r->list, at, "the parameter `%s` may have no value, as `%s` has one",
				 p->name, other);
		return;
	case CONSTRAINT_REQUIRED_UNLESS:
	case CONSTRAINT_REQUIRED_UNLESS_ANY:
		if (!other && !given)
			complain(r->list, at, "the parameter `%s` needs a value, unless `%s` has one",
				 p->name, names);
		return;
	default:
		if (!other && given)
			complain(r->list, at, "the parameter `%s` may have no value, unless `%s` has one",
				 p->name, names);
	}
}

void constraints_check(struct reading *r, const struct parameter *p, const struct yaml_node *value,
		       const char *text)
{
	for (const struct constraint *c = p->constraints; c; c = c->next)
		check_one(r, p, c, value, text);
}
