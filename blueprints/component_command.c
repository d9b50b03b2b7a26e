/* component_command.c - what a component runs: command, entrypoint, directory and user. */
#include <string.h>

#include "blueprints/component.h"

/* Every user of the target can read a command; its environment is not for everybody. */
static void refuse_secrets(struct reading *r, const char *key, const struct value *value)
{
	if (value->kind == VALUE_SECRET)
		advise(r->list,
		       complain(r->list, value->place,
				"a secret in `%s` could be read by every user of the target", key),
		       "put it into `env` or `files`, and use that");
	for (size_t i = 0; i < value->part_count; i++)
		refuse_secrets(r, key, &value->parts[i]);
}

void command_read(struct reading *r, struct draft *d, const struct yaml_node *node, const char *key,
		  struct command *ret)
{
	struct command command = {.given = true, .place = node->place};
	bool list = node->kind == YAML_LIST;
	const struct yaml_node *fixed = node;

	/* A config value may be the whole list. */
	if (!list && is_expression(node) && strstr(node->kind == YAML_SCALAR ? node->text : "", ":config("))
		fixed = fixed_node(r, d, node);
	if (!fixed)
		return;
	list = fixed->kind == YAML_LIST;
	if ((fixed->kind == YAML_MAP && !is_expression(fixed)) || yaml_null(fixed) ||
	    (fixed->kind == YAML_SCALAR && !*fixed->text)) {
		struct diagnostic *entry =
		    complain(r->list, fixed->place, "`%s` takes a text or a list of texts, not %s", key,
			     fixed->kind == YAML_SCALAR ? "nothing" : "a map");
		advise(r->list, entry, "a text is run by /bin/sh -c, a list as it is");
		return;
	}
	command.count = list ? fixed->count : 1;
	command.shell = !list;
	struct value *words = reading_alloc(r, sizeof(*words) * (command.count + 1));
	if (!words)
		return;
	for (size_t i = 0; i < command.count; i++) {
		if (value_read(r, d, list ? fixed->items[i] : fixed, &words[i]))
			words[i] = (struct value){.kind = VALUE_TEXT, .text = "", .component = NO_COMPONENT};
		refuse_secrets(r, key, &words[i]);
	}
	command.words = words;
	*ret = command;
}

void read_command(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	command_read(r, d, node, "command", &d->spec->command);
}

void read_entrypoint(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	command_read(r, d, node, "entrypoint", &d->spec->entrypoint);
}

void read_directory(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	const char *text = fixed_text(r, d, node, "dir");

	if (!text)
		return;
	if (*text != '/' && d->spec->kind == COMPONENT_DOCKER) {
		complain(r->list, node->place, "`dir` of a docker component is an absolute path");
		return;
	}
	if (*text != '/' && r->options->directory) {
		text = arena_format(r->arena, "%s/%s", r->options->directory, text);
		if (!text)
			r->list->failed = true;
	}
	d->spec->directory = text;
}

void read_user(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	const char *text = fixed_text(r, d, node, "user");

	if (text && !*text)
		complain(r->list, node->place, "`user` is empty");
	else
		d->spec->user = text;
}
