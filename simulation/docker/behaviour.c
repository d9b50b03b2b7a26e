/* behaviour.c - how programs behave that run in containers, as somebody told. */
#include <stdlib.h>
#include <string.h>

#include "simulation/docker/model.h"

static bool is_named(const char *name, const char *wanted)
{
	size_t length = strlen(wanted);

	return !strncmp(name, wanted, length) && (!name[length] || name[length] == '.');
}

static bool fits(const struct docker_behaviour *how, const struct container *container)
{
	return (!how->name || is_named(container->name, how->name)) &&
	       (!how->image || !strcmp(how->image, container->image_name));
}

/* The closer it is to the one that is meant, the more. */
static size_t weight(const struct docker_behaviour *how)
{
	return 1 + 2 * (how->name ? strlen(how->name) : 0) + (how->image != NULL);
}

/* Of two for the same the later one. */
const struct docker_behaviour *behaviour_of(const struct container *container)
{
	const struct docker_behaviour *found = NULL;

	for (const struct behaviour *one = container->engine->behaviours; one; one = one->next)
		if (fits(&one->behaviour, container) && (!found || weight(&one->behaviour) >= weight(found)))
			found = &one->behaviour;
	return found;
}

void docker_engine_behave(struct docker_engine *engine, const struct docker_behaviour *wanted)
{
	struct behaviour *behaviour = must(calloc(1, sizeof(*behaviour)));

	behaviour->behaviour = *wanted;
	behaviour->behaviour.name = copy_or_null(wanted->name);
	behaviour->behaviour.image = copy_or_null(wanted->image);
	behaviour->behaviour.page = copy_or_null(wanted->page);
	behaviour->behaviour.log = copy_or_null(wanted->log);
	behaviour->behaviour.heard = copy_or_null(wanted->heard);
	behaviour->behaviour.broken = copy_or_null(wanted->broken);
	put_list((void **)&engine->behaviours, behaviour, offsetof(struct behaviour, next));
}

void docker_engine_rule(struct docker_engine *engine, const struct docker_rule *wanted)
{
	struct rule *rule = must(calloc(1, sizeof(*rule)));

	rule->rule = *wanted;
	rule->rule.target = copy_or_null(wanted->target);
	rule->rule.words = copy_or_null(wanted->words);
	put_list((void **)&engine->rules, rule, offsetof(struct rule, next));
}

/* --- commands -------------------------------------------------------------------------------------- */

char *joined(const json_t *argv)
{
	struct text line = {0};
	const json_t *word;
	size_t i;

	json_array_foreach (argv, i, word) {
		text_add(&line, i ? " " : "");
		text_add(&line, json_string_value(word) ?: "");
	}
	return must(text_take(&line));
}

const struct docker_command *command_of(struct docker_engine *engine, const char *words)
{
	const struct docker_command *any = NULL, *found = NULL;

	for (const struct command *one = engine->commands; one; one = one->next)
		if (!one->command.words)
			any = &one->command;
		else if (!strcmp(one->command.words, words))
			found = &one->command;
	return found ? found : any;
}

void docker_engine_command(struct docker_engine *engine, const struct docker_command *wanted)
{
	struct command *command = must(calloc(1, sizeof(*command)));

	command->command = *wanted;
	command->command.words = copy_or_null(wanted->words);
	command->command.output = copy_or_null(wanted->output);
	command->command.errors = copy_or_null(wanted->errors);
	command->command.sized = copy_or_null(wanted->sized);
	put_list((void **)&engine->commands, command, offsetof(struct command, next));
}
