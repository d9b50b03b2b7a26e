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

/* What $berth:env("NAME") or $brooklyn:literal("...") is called with, when that is the whole of the value;
 * else NULL. */
static const char *only_argument(struct reading *r, const struct yaml_node *node, const char *function)
{
	struct diagnostics quiet = {0};
	const struct expression *e = expression_parse(r->arena, &r->passing, node, &quiet);

	diagnostics_release(&quiet);
	bool calls = e && e->kind == EXPRESSION_CALL && !e->on && !strcmp(e->text, function) && e->count &&
		     e->arguments[0]->kind == EXPRESSION_TEXT;
	return calls ? e->arguments[0]->text : NULL;
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
	bool expression = is_expression(node);

	if (!sensitive_name(name) || (node->kind != YAML_SCALAR && !expression) || yaml_null(node))
		return;
	const char *variable = expression ? only_argument(r, node, "env") : NULL;
	const char *text = !expression ? node->text : variable ? NULL : only_argument(r, node, "literal");
	if (!variable && (!text || is_harmless(text)))
		return;
	struct diagnostic *entry =
	    variable
		? warn(r->list, node->place, "`%s` looks like a secret, and $berth:env gives it in clear",
		       name)
		: warn(r->list, node->place, "`%s` looks like a secret, and stands in the blueprint", name);
	if (shown)
		advise(r->list, entry, "labels are shown to everybody: leave it out");
	else
		advise(r->list, entry, "write $berth:secret(\"env:%s\") or $berth:secret(\"file:PATH\")",
		       variable ? variable : variable_name(r, name));
}
