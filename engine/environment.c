/* environment.c - what a blueprint asks of the environment of whoever gave the command: with a request of
 * somebody else it comes along, and is never taken from the environment of this process. */
#include <string.h>

#include "base/cleanup.h"
#include "engine/engine.h"

const char *operation_environment(const struct berth_operation *operation, const char *name)
{
	size_t length = strlen(name);
	const char *const *given = operation->request.environment;
	if (environment_withheld(operation))
		return NULL;
	if (!given)
		return operation->berth->environment(name);
	for (; *given; given++)
		if (strncmp(*given, name, length) == 0 && (*given)[length] == '=')
			return *given + length + 1;
	return NULL;
}

bool environment_withheld(const struct berth_operation *operation)
{
	return operation->request.foreign && !operation->request.environment;
}

void environment_miss(struct berth_operation *operation, const char *name)
{
	size_t i;
	json_t *known;
	if (!operation->missing_environment)
		operation->missing_environment = json_array();
	json_array_foreach (operation->missing_environment, i, known)
		if (strcmp(json_string_value(known), name) == 0)
			return;
	if (json_add(operation->missing_environment, json_string(name)))
		count_memory_failure();
}

/* --- secrets -------------------------------------------------------------------------------- */

static void miss_value(struct berth_operation *operation, const struct value *value)
{
	if (value->kind == VALUE_SECRET && starts_with(value->text, "env:") &&
	    !operation_environment(operation, value->text + strlen("env:")))
		environment_miss(operation, value->text + strlen("env:"));
	for (size_t i = 0; i < value->part_count; i++)
		miss_value(operation, &value->parts[i]);
}

static void miss_words(struct berth_operation *operation, const struct command *command)
{
	for (size_t i = 0; i < command->count; i++)
		miss_value(operation, &command->words[i]);
}

static void miss_secrets(struct berth_operation *operation, const struct component_spec *spec)
{
	for (size_t i = 0; i < spec->environment_count; i++)
		miss_value(operation, &spec->environment[i].value);
	for (size_t i = 0; i < spec->file_count; i++)
		if (spec->files[i].content)
			miss_value(operation, spec->files[i].content);
	miss_words(operation, &spec->command);
	miss_words(operation, &spec->entrypoint);
	if (spec->cluster && spec->cluster->first)
		miss_secrets(operation, spec->cluster->first);
}

/* --- all of it ------------------------------------------------------------------------------ */

/* Before anything is touched: its variables were read, and its secrets would be on the way. */
int environment_complete(struct berth_operation *operation, struct error *err)
{
	const struct blueprint *blueprint = operation->blueprint;
	owned_text names = {0};
	size_t i;
	json_t *name;
	bool resumed = operation->request.resumed;
	if (!environment_withheld(operation) && !resumed)
		return 0;
	for (size_t k = 0; blueprint && k < blueprint->component_count; k++)
		miss_secrets(operation, &blueprint->components[k]);
	json_array_foreach (operation->missing_environment, i, name)
		text_format(&names, "%s%s", i ? ", " : "", json_string_value(name));
	if (!names.length)
		return 0;
	if (resumed) {
		fail(err, ERR_INVALID,
		     "its controller was killed, and the environment that it came with is not written down: "
		     "the blueprint asks it for %s",
		     text_view(&names));
		remedy(err, "ask again: it goes on from there");
		return -1;
	}
	fail(err, ERR_INVALID,
	     "the blueprint asks the environment for %s: that of whoever asks did not come with the request, "
	     "and this "
	     "program's own is not taken",
	     text_view(&names));
	remedy(err, "send it along as `environment`, a list of NAME=VALUE; what is not in it is not set");
	return -1;
}
