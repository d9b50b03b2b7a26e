/* variables.c - $berth:env: variables of the deployer's environment, read while the blueprint is. */
#include <string.h>

#include "base/text.h"
#include "blueprints/reading.h"

/* NULL: not set. */
static const char *ask(const struct blueprint_options *options, const char *name)
{
	for (size_t i = 0; i < options->variable_count; i++)
		if (!strcmp(options->variables[i].name, name))
			return options->variables[i].value;
	return options->environment ? options->environment(options->environment_context, name) : NULL;
}

/* A variable has one value for the whole of a blueprint, and the blueprint remembers which. */
static const struct variable_read *look_up(struct reading *r, const char *name)
{
	struct variable_read *variables = r->variables.members;

	for (size_t i = 0; i < r->variables.count; i++)
		if (!strcmp(variables[i].name, name))
			return &variables[i];
	const char *found = ask(r->options, name);
	struct variable_read *variable = grow_new(r, &r->variables, struct variable_read);
	if (!variable)
		return NULL;
	*variable = (struct variable_read){.name = name, .value = found ? arena_text(r->arena, found) : NULL};
	if (found && !variable->value)
		r->list->failed = true;
	return variable;
}

static bool is_variable(const struct expression *e)
{
	if (e->kind != EXPRESSION_CALL || e->on || strcmp(e->text, "env") || e->count < 1 || e->count > 2)
		return false;
	for (size_t i = 0; i < e->count; i++)
		if (e->arguments[i]->kind != EXPRESSION_TEXT)
			return false;
	return true;
}

static const struct expression *read_variable(struct reading *r, const struct expression *e)
{
	const char *name = e->arguments[0]->text;
	const struct variable_read *variable = look_up(r, name);
	struct expression *text = arena_array(&r->passing, struct expression, 1);

	if (!text)
		r->list->failed = true;
	if (!variable || !text)
		return NULL;
	*text = (struct expression){
	    .kind = EXPRESSION_TEXT, .text = variable->value, .quoted = true, .place = e->place};
	if (!text->text && e->count > 1)
		text->text = e->arguments[1]->text;
	if (text->text)
		return text;
	if (r->options->environment_withheld)
		advise(r->list,
		       complain(r->list, e->place, "the variable `%s` did not come with the request", name),
		       "send it along in `environment`, or give a default: $berth:env(\"%s\", \"...\")",
		       name);
	else
		advise(r->list,
		       complain(r->list, e->place, "the variable `%s` is not set where berth runs", name),
		       "set it, or give a default: $berth:env(\"%s\", \"...\")", name);
	return NULL;
}

/* What is within comes first: the name of a variable may be that of another's value. */
static const struct expression *fold(struct reading *r, const struct expression *e)
{
	bool faulty = e->on && !fold(r, e->on);

	for (size_t i = 0; i < e->count; i++) {
		const struct expression *argument = fold(r, e->arguments[i]);
		faulty = faulty || !argument;
		e->arguments[i] = argument ? argument : e->arguments[i];
	}
	if (faulty)
		return NULL;
	return is_variable(e) ? read_variable(r, e) : e;
}

const struct expression *expression_read(struct reading *r, const struct yaml_node *node)
{
	const struct expression *e = expression_parse(r->arena, &r->passing, node, r->list);

	return e ? fold(r, e) : NULL;
}
