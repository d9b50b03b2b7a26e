/* user_file.c - the user's own defaults: $XDG_CONFIG_HOME/berth/config.yaml, `flag: value` a line. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "cli/screen.h"

#define MOST_BYTES (64 * 1024)

struct reading {
	struct invocation *invocation;
	const bool *given;
	const char *path;
	const struct flag *flag; /* whose value comes next */
	bool skip;               /* that value is for another command, or outweighed */
	bool any;                /* the mapping has begun */
	bool list;               /* within a list of values */
	int code;
};

static char *path_of_file(void)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	char *path = NULL;
	if (config && *config == '/')
		return asprintf(&path, "%s/berth/config.yaml", config) < 0 ? NULL : path;
	if (!home || !*home)
		return NULL;
	return asprintf(&path, "%s/.config/berth/config.yaml", home) < 0 ? NULL : path;
}

static void refuse(struct reading *reading, const yaml_mark_t *mark, const char *remedy,
		   const char *complaint)
{
	reading->code = complain_usage(reading->invocation, remedy, "%s:%zu:%zu: %s", reading->path,
				       mark->line + 1, mark->column + 1, complaint);
}

/* Whether the flag belongs to any command at all. */
static const struct flag *flag_anywhere(const char *name)
{
	const struct flag *flag = NULL;
	for (size_t i = 0; commands[i] && !flag; i++)
		flag = flag_find(commands[i], name);
	return flag;
}

static const char *any_flag_name(size_t i, const void *of)
{
	(void)of;
	for (size_t c = 0; commands[c]; c++)
		for (const struct flag *flag = commands[c]->flags; flag && flag->name; flag++)
			if (!i--)
				return flag->name;
	for (const struct flag *flag = common_flags; flag->name; flag++)
		if (!i--)
			return flag->name;
	return NULL;
}

static bool is_given(const struct reading *reading, const struct flag *flag)
{
	const struct command *command = reading->invocation->command;
	size_t number = 0;
	for (; common_flags[number].name; number++)
		if (&common_flags[number] == flag)
			return reading->given[number];
	return command && reading->given[number + (size_t)(flag - command->flags)];
}

static void take_name(struct reading *reading, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.scalar.value;
	const struct flag *flag = flag_find(reading->invocation->command, name);
	reading->flag = flag ? flag : flag_anywhere(name);
	reading->skip = !flag || is_given(reading, flag);
	if (reading->flag)
		return;
	char remedy[100] = "", complaint[120];
	const char *meant = nearest(name, any_flag_name, NULL);
	if (meant)
		snprintf(remedy, sizeof remedy, "did you mean `%s`?", meant);
	snprintf(complaint, sizeof complaint, "there is no flag `%.60s`", name);
	refuse(reading, &event->start_mark, remedy, complaint);
}

static void take_value(struct reading *reading, const yaml_event_t *event)
{
	char complaint[200];
	const char *value =
	    reading->skip ? NULL : keep(reading->invocation, (const char *)event->data.scalar.value);
	if (reading->list && reading->flag->kind != FLAG_WORDS)
		refuse(reading, &event->start_mark, NULL, "one value is wanted here, not a list");
	else if (value && flag_set(reading->invocation, reading->flag, value, complaint))
		refuse(reading, &event->start_mark, NULL, complaint);
	if (!reading->list)
		reading->flag = NULL;
}

static void take_event(struct reading *reading, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		if (!reading->any && !event->data.scalar.length)
			return; /* an empty file */
		if (!reading->any)
			refuse(reading, &event->start_mark, NULL, "lines of `flag: value` are wanted");
		else if (reading->flag)
			take_value(reading, event);
		else
			take_name(reading, event);
		return;
	case YAML_MAPPING_START_EVENT:
		if (reading->any)
			refuse(reading, &event->start_mark, NULL, "a value is wanted here, not a map");
		reading->any = true;
		return;
	case YAML_SEQUENCE_START_EVENT:
		if (!reading->flag || reading->list)
			refuse(reading, &event->start_mark, NULL, "lines of `flag: value` are wanted");
		reading->list = true;
		return;
	case YAML_SEQUENCE_END_EVENT:
		reading->list = false;
		reading->flag = NULL;
		return;
	case YAML_ALIAS_EVENT:
		refuse(reading, &event->start_mark, NULL, "aliases have no meaning here");
		return;
	default:
		return;
	}
}

static void parse(struct reading *reading, const unsigned char *bytes, size_t size)
{
	yaml_parser_t parser;
	if (!yaml_parser_initialize(&parser)) {
		reading->code = complain(reading->invocation, BERTH_FAILED, "out of memory", NULL);
		return;
	}
	yaml_parser_set_input_string(&parser, bytes, size);
	for (bool over = false; !over && !reading->code;) {
		yaml_event_t event;
		if (!yaml_parser_parse(&parser, &event)) {
			refuse(reading, &parser.problem_mark, NULL,
			       parser.problem ? parser.problem : "no YAML");
			break;
		}
		take_event(reading, &event);
		over = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
}

int user_file_read(struct invocation *invocation, const bool *given)
{
	owned_memory char *path = path_of_file();
	FILE *file = path ? fopen(path, "re") : NULL;
	if (!file)
		return path && errno != ENOENT && errno != ENOTDIR
			   ? complain_usage(invocation, NULL, "cannot read %s: %s", path, strerror(errno))
			   : 0;
	struct reading reading = {.invocation = invocation, .given = given, .path = path};
	owned_memory unsigned char *bytes = malloc(MOST_BYTES + 1);
	size_t size = bytes ? fread(bytes, 1, MOST_BYTES + 1, file) : 0;
	fclose(file);
	if (!bytes)
		return complain(invocation, BERTH_FAILED, "out of memory", NULL);
	if (size > MOST_BYTES)
		return complain_usage(invocation, NULL, "%s is over 64 KiB", path);
	parse(&reading, bytes, size);
	return reading.code;
}
