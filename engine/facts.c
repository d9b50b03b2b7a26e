/* facts.c - what a component was made from, path by path: the ground of digests and of the plan's reasons. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/specs.h"

/* The format of the facts: another number is another way to write them, not another application. */
#define FACTS_VERSION "berth facts 2"

struct fact_list {
	struct arena *arena;
	const struct application *application;
	const struct component *component;
	struct fact *facts;
	size_t count, room;
	bool failed;
};

enum fact_kind fact_kind_of(const struct component *component, const char *path)
{
	const struct capabilities *can =
	    component->site ? &component->site->location.driver->capabilities : NULL;
	if (starts_with(path, "files."))
		return FACT_FILE;
	if (strcmp(path, "protect") == 0)
		return FACT_NOTED;
	if (can && can->limits_in_place && (strcmp(path, "memory") == 0 || strcmp(path, "cpus") == 0))
		return FACT_IN_PLACE;
	if (can && can->restart_in_place && strcmp(path, "restart") == 0)
		return FACT_IN_PLACE;
	return FACT_SPEC;
}

static void add(struct fact_list *list, const char *path, const char *value)
{
	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 16;
		struct fact *wider = arena_array(list->arena, struct fact, room);
		if (!wider) {
			list->failed = true;
			return;
		}
		if (list->count)
			memcpy(wider, list->facts, list->count * sizeof *wider);
		list->facts = wider;
		list->room = room;
	}
	if (!path || !value)
		list->failed = true;
	else
		list->facts[list->count++] = (struct fact){path, value, fact_kind_of(list->component, path)};
}

static const char *component_name(const struct fact_list *list, size_t index)
{
	return index == NO_COMPONENT ? "" : list->application->components[index].id;
}

/* The value as written, expressions by their meaning and secrets by their reference. */
static void write_value(const struct fact_list *list, struct text *text, const struct value *value)
{
	static const char *const functions[] = {
	    [VALUE_SECRET] = "secret",
	    [VALUE_ADDRESS] = "address",
	    [VALUE_PORT] = "port",
	    [VALUE_ENDPOINT] = "endpoint",
	    [VALUE_ENDPOINTS] = "endpoints",
	    [VALUE_SENSOR] = "attributeWhenReady",
	    [VALUE_SAMPLE] = "attributeWhenReady",
	    [VALUE_BALANCER] = "balancer",
	};
	switch (value->kind) {
	case VALUE_TEXT:
		text_add(text, value->text);
		return;
	case VALUE_JOIN:
		for (size_t i = 0; i < value->part_count; i++)
			write_value(list, text, &value->parts[i]);
		return;
	default:
		text_format(text, "$berth:%s(\"%s\", \"%s\", %d)", functions[value->kind],
			    component_name(list, value->component), value->text ? value->text : "",
			    value->port);
	}
}

static const char *value_fact(const struct fact_list *list, const struct value *value)
{
	owned_text text = {0};
	write_value(list, &text, value);
	return text.failed ? NULL : arena_text(list->arena, text_view(&text));
}

static void add_command(struct fact_list *list, const char *path, const struct command *command)
{
	owned_text text = {0};
	if (!command->given)
		return;
	text_add(&text, command->shell ? "sh:" : "exec:");
	for (size_t i = 0; i < command->count; i++) {
		text_add(&text, i ? "\x1f" : " ");
		write_value(list, &text, &command->words[i]);
	}
	add(list, path, text.failed ? NULL : arena_text(list->arena, text_view(&text)));
}

static void add_number(struct fact_list *list, const char *path, int64_t number)
{
	if (number)
		add(list, path, arena_format(list->arena, "%lld", (long long)number));
}

static const char *protocol_name(enum protocol protocol)
{
	return protocol == UDP ? "udp" : "tcp";
}

/* One fact a port: the order and the form they are written in make no difference. */
static void add_ports(struct fact_list *list, const struct component_spec *spec)
{
	for (size_t i = 0; i < spec->open_port_count; i++)
		add(list,
		    arena_format(list->arena, "openPorts.%u/%s", spec->open_ports[i].port,
				 protocol_name(spec->open_ports[i].protocol)),
		    "open");
	for (size_t i = 0; i < spec->binding_count; i++) {
		const struct port_binding *binding = &spec->bindings[i];
		add(list,
		    arena_format(list->arena, "portBindings.%s:%u/%s", binding->host_address,
				 binding->host_port, protocol_name(binding->protocol)),
		    arena_format(list->arena, "%u", binding->port));
	}
	for (size_t i = 0; i < spec->named_port_count; i++)
		add(list, arena_format(list->arena, "ports.%s", spec->named_ports[i].name),
		    arena_format(list->arena, "%u-%u", spec->named_ports[i].first,
				 spec->named_ports[i].last));
}

static void add_volumes(struct fact_list *list, const struct component_spec *spec)
{
	for (size_t i = 0; i < spec->volume_count; i++) {
		const struct volume *volume = &spec->volumes[i];
		const char *from = volume->name ? volume->name : volume->source ? volume->source : "";
		add(list, arena_format(list->arena, "volumes.%s", volume->path),
		    arena_format(list->arena, "%s%s", from, volume->read_only ? ":ro" : ""));
	}
}

/* By what it says, not by its text: that may be long, or not for everybody's eyes. */
static void add_files(struct fact_list *list, const struct component_spec *spec)
{
	for (size_t i = 0; i < spec->file_count; i++) {
		const struct file_entry *file = &spec->files[i];
		char hex[DIGEST_HEX] = "";
		const char *from = file->content ? value_fact(list, file->content) : file->source;
		if (!from || digest_hex(from, strlen(from), hex))
			list->failed = true;
		add(list, arena_format(list->arena, "files.%s", file->path),
		    arena_format(list->arena, "%s %.16s mode %04o%s%s", file->content ? "content" : "source",
				 hex, file->mode, file->user ? " user " : "", file->user ? file->user : ""));
	}
}

const char *restart_name(enum restart_policy policy)
{
	static const char *const names[] = {
	    [RESTART_UNLESS_STOPPED] = "unless-stopped",
	    [RESTART_NO] = "no",
	    [RESTART_ON_FAILURE] = "on-failure",
	    [RESTART_ALWAYS] = "always",
	};
	return names[policy];
}

const char *image_wanted(const struct component *component, const struct component_spec *spec)
{
	const struct inventory *inventory = component->site ? &component->site->inventory : NULL;
	bool pinned = component->pin && spec == component->spec;
	for (size_t i = 0; pinned && inventory && i < inventory->image_count; i++)
		if (!strcmp(inventory->images[i].reference, component->pin) && inventory->images[i].id)
			return component->pin;
	return spec->image.familiar;
}

enum restart_policy restart_wanted(const struct component *component, const struct component_spec *spec)
{
	const struct site *site = component->site;
	bool can = site && site->location.driver->capabilities.restart_in_place;
	return component->kept && can ? RESTART_NO : spec->restart;
}

static void add_life(struct fact_list *list, const struct component *component,
		     const struct component_spec *spec)
{
	add(list, "restart", restart_name(restart_wanted(component, spec)));
	if (spec->job)
		add(list, "job", "true");
	if (spec->protect)
		add(list, "protect", "true");
	if (spec->link_numbers)
		add(list, "linkAddress", "ip");
	if (spec->stop_signal)
		add(list, "stopSignal", spec->stop_signal);
	if (spec->stop_timeout_ms >= 0)
		add(list, "stopTimeout",
		    arena_format(list->arena, "%lld ms", (long long)spec->stop_timeout_ms));
}

/* Where the target keeps the tasks, and so asks them itself, how it does is a part of what they are made
 * from.
 */
static void add_check(struct fact_list *list, const struct component *component,
		      const struct health_check *check)
{
	static const char *const kinds[] = {
	    [CHECK_TCP] = "tcp", [CHECK_HTTP] = "http", [CHECK_COMMAND] = "command"};
	if (check->kind == CHECK_NONE || !component->site || !keeps_tasks(component->site))
		return;
	if (check->kind == CHECK_COMMAND)
		add_command(list, "healthCheck.command", &check->command);
	add(list, "healthCheck",
	    arena_format(list->arena,
			 "%s port %u%s%s%s status %d, interval %lld ms, timeout %lld ms, startPeriod %lld "
			 "ms, retries %d",
			 kinds[check->kind], (unsigned)check->port, check->port_name ?: "",
			 check->path ? " path " : "", check->path ?: "", check->status,
			 (long long)check->interval_ms, (long long)check->timeout_ms,
			 (long long)check->start_period_ms, check->retries));
}

static int by_path(const void *left, const void *right)
{
	return strcmp(((const struct fact *)left)->path, ((const struct fact *)right)->path);
}

/* What Marathon alone reads, each member for itself. */
static void add_members(struct fact_list *list, const json_t *members)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)members, key, value) {
		owned_memory char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
		add(list, arena_format(list->arena, "marathon.%s", key),
		    text ? arena_text(list->arena, text) : NULL);
	}
}

int facts_of(struct arena *arena, const struct application *application, const struct component *component,
	     const struct component_spec *spec, const struct fact **ret, size_t *ret_count)
{
	struct fact_list list = {.arena = arena, .application = application, .component = component};
	add(&list, "type",
	    spec->kind == COMPONENT_DOCKER ? arena_format(arena, "docker:%s", spec->image.familiar)
					   : "process");
	add_command(&list, "command", &spec->command);
	add_command(&list, "entrypoint", &spec->entrypoint);
	for (size_t i = 0; i < spec->environment_count; i++)
		add(&list, arena_format(arena, "env.%s", spec->environment[i].name),
		    value_fact(&list, &spec->environment[i].value));
	if (spec->directory)
		add(&list, "dir", spec->directory);
	if (spec->user)
		add(&list, "user", spec->user);
	add_ports(&list, spec);
	add_volumes(&list, spec);
	add_files(&list, spec);
	add_life(&list, component, spec);
	add_check(&list, component, spec->health);
	add_number(&list, "memory", spec->memory_bytes);
	add_number(&list, "cpus", spec->nano_cpus);
	for (size_t i = 0; i < spec->label_count; i++)
		add(&list, arena_format(arena, "labels.%s", spec->labels[i].name), spec->labels[i].value);
	add_members(&list, spec->marathon);
	if (list.failed)
		return -1;
	qsort(list.facts, list.count, sizeof *list.facts, by_path);
	*ret = list.facts;
	*ret_count = list.count;
	return 0;
}

int facts_digest(const struct fact *facts, size_t count, char ret_hex[static DIGEST_HEX])
{
	owned_text text = {0};
	text_add(&text, FACTS_VERSION "\n");
	for (size_t i = 0; i < count; i++)
		if (facts[i].kind == FACT_SPEC)
			text_format(&text, "%zu %s %zu %s\n", strlen(facts[i].path), facts[i].path,
				    strlen(facts[i].value), facts[i].value);
	return text.failed ? -1 : digest_hex(text.data, text.length, ret_hex);
}

int facts_keep(struct known_facts *to, const char *component, const struct fact *facts, size_t count)
{
	struct fact_line *lines = arena_array(&to->arena, struct fact_line, count);
	struct component_facts item = {.component = component, .lines = lines, .count = count};
	for (size_t i = 0; lines && i < count; i++) {
		bool reference = starts_with(facts[i].value, "$berth:");
		const char *value = sensitive_name(facts[i].path) && !reference ? "***" : facts[i].value;
		lines[i] =
		    (struct fact_line){arena_text(&to->arena, facts[i].path), arena_text(&to->arena, value)};
		if (!lines[i].path || !lines[i].value)
			return -1;
	}
	return lines ? known_facts_add(to, item) : -1;
}
