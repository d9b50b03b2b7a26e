/* plain_secrets.c - warns of what looks like a secret and stands in the blueprint for everybody to read. */
#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/component.h"

/* Switches and addresses, whatever their key is called. */
static bool is_harmless(const char *text)
{
	static const char *const words[] = {"", "true", "false", "yes", "no", "on", "off", "0", "1"};

	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (!strcasecmp(text, words[i]))
			return true;
	return strstr(text, "://") && !strchr(text, '@');
}

/* The variable that $berth:env("NAME") reads, when that is the whole of the value; else NULL. */
static const char *clear_variable(struct reading *r, const struct yaml_node *node)
{
	struct diagnostics quiet = {0};
	const struct expression *e = expression_parse(r->arena, node, &quiet);

	diagnostics_release(&quiet);
	bool reads = e && e->kind == EXPRESSION_CALL && !e->on && !strcmp(e->text, "env") && e->count &&
		     e->arguments[0]->kind == EXPRESSION_TEXT;
	return reads ? e->arguments[0]->text : NULL;
}

/* "db.password" as a variable is usually called. */
static const char *variable_name(struct reading *r, const char *name)
{
	char *copy = arena_text(r->arena, name);

	if (!copy) {
		r->list->failed = true;
		return name;
	}
	for (char *c = copy; *c; c++)
		*c = isalnum((unsigned char)*c) ? (char)toupper((unsigned char)*c) : '_';
	return copy;
}

void warn_plain_secret(struct reading *r, const char *name, const struct yaml_node *node, bool shown)
{
	const char *variable;
	struct diagnostic *entry;

	if (node->kind != YAML_SCALAR || yaml_null(node) || !sensitive_name(name))
		return;
	if (is_expression(node)) {
		variable = clear_variable(r, node);
		if (!variable)
			return;
		entry = warn(r->list, node->place,
			     "`%s` looks like a secret, and $berth:env gives it in clear", name);
	} else {
		if (is_harmless(node->text))
			return;
		variable = variable_name(r, name);
		entry =
		    warn(r->list, node->place, "`%s` looks like a secret, and stands in the blueprint", name);
	}
	if (shown)
		advise(r->list, entry, "labels are shown to everybody: leave it out");
	else
		advise(r->list, entry, "write $berth:secret(\"env:%s\") or $berth:secret(\"file:PATH\")",
		       variable);
}
