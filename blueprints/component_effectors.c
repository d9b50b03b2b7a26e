/* component_effectors.c - the effectors of a component: names of commands that are run in it on request, and
 * of requests that are sent to it. */
#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "blueprints/component.h"

enum { LONGEST_NAME = 63, MOST_PARTS = 64 };

static bool is_name(const char *name)
{
	size_t length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");
	return *name != '-' && length > 0 && length <= LONGEST_NAME && !name[length];
}

/* --- a request -------------------------------------------------------------------------------- */

static void read_port(struct reading *r, struct draft *d, const struct yaml_node *node,
		      struct effector_call *call)
{
	const char *text = fixed_text(r, d, node, "port");

	if (!text || port_parse(text, &call->port))
		return;
	if (isalpha((unsigned char)*text) && d->spec->kind == COMPONENT_PROCESS)
		call->port_name = text;
	else
		complain(r->list, node->place, "`%s` is no port from 1 to 65535", text);
}

static void read_path(struct reading *r, struct draft *d, const struct yaml_node *node,
		      struct effector_call *call)
{
	const char *path = fixed_text(r, d, node, "path");

	if (path && (*path != '/' || !printable(path) || strchr(path, ' ')))
		complain(r->list, node->place, "the path `%s` should begin with `/` and hold no spaces",
			 path);
	else if (path)
		call->path = path;
}

static void read_method(struct reading *r, struct draft *d, const struct yaml_node *node,
			struct effector_call *call)
{
	static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
	const char *text = fixed_text(r, d, node, "method");

	for (size_t i = 0; text && i < COUNT_OF(methods); i++)
		if (!strcmp(text, methods[i])) {
			call->method = text;
			return;
		}
	if (text)
		suggest(r, complain(r->list, node->place, "`%s` is no method", text), text, methods,
			COUNT_OF(methods), "GET, HEAD, POST, PUT, PATCH or DELETE");
}

/* One that is only known when it is sent goes to `later`, where there is that. NULL: it is there, or there is
 * a complaint. */
static const char *header_text(struct reading *r, struct draft *d, const struct yaml_entry *entry,
			       struct growing *later)
{
	struct value value;

	if (!later || !is_expression(entry->value))
		return fixed_text(r, d, entry->value, entry->key);
	if (value_read(r, d, entry->value, &value))
		return NULL;
	if (value.kind == VALUE_TEXT)
		return value.text;
	struct environment_entry *added = grow_new(r, later, struct environment_entry);
	if (added)
		*added = (struct environment_entry){entry->key, value, entry->key_place};
	return NULL;
}

const char *const *headers_read(struct reading *r, struct draft *d, const struct yaml_node *node,
				struct growing *later)
{
	const struct yaml_node *map = fixed_node(r, d, node);

	if (!map || yaml_null(map))
		return NULL;
	if (map->kind != YAML_MAP || map->count > MOST_PARTS) {
		complain(r->list, map->place, "`headers` takes a map of %d entries at most", MOST_PARTS);
		return NULL;
	}
	const char **lines = arena_array(r->arena, const char *, map->count + 1);
	size_t count = 0;
	for (size_t i = 0; lines && i < map->count; i++) {
		const struct yaml_entry *entry = &map->entries[i];
		const char *value = header_text(r, d, entry, later);
		if (!printable(entry->key) || (value && !printable(value)))
			complain(r->list, entry->value->place, "a header is a line of text");
		if (!value)
			continue;
		lines[count] = arena_format(r->arena, "%s: %s", entry->key, value);
		r->list->failed |= !lines[count];
		count += lines[count] != NULL;
	}
	r->list->failed |= !lines;
	return lines;
}

const struct effector_call *http_request_read(struct reading *r, struct draft *d,
					      const struct yaml_node *node, const char *method,
					      struct growing *later)
{
	static const char *const keys[] = {"method", "port", "path", "headers", "body"};
	const struct yaml_node *map = fixed_node(r, d, node);
	struct effector_call *call = arena_array(r->arena, struct effector_call, 1);

	r->list->failed |= !call;
	if (!map || !call)
		return NULL;
	*call = (struct effector_call){.method = method, .path = "/"};
	if (map->kind != YAML_MAP) {
		complain(r->list, map->place, "`http` takes a map such as {method: %s, path: /here}, not %s",
			 method, kind_name(map));
		return call;
	}
	for (size_t i = 0; i < map->count; i++) {
		const struct yaml_entry *part = &map->entries[i];
		if (!strcmp(part->key, "method"))
			read_method(r, d, part->value, call);
		else if (!strcmp(part->key, "port"))
			read_port(r, d, part->value, call);
		else if (!strcmp(part->key, "path"))
			read_path(r, d, part->value, call);
		else if (!strcmp(part->key, "headers"))
			call->headers = headers_read(r, d, part->value, later);
		else if (!strcmp(part->key, "body"))
			call->body = fixed_text(r, d, part->value, "body");
		else
			suggest(
			    r, complain(r->list, part->key_place, "unknown key `%s` of a request", part->key),
			    part->key, keys, COUNT_OF(keys),
			    "http takes method, port, path, headers and body");
	}
	return call;
}

/* --- parameters ------------------------------------------------------------------------------- */

static bool is_parameter(const char *name)
{
	size_t length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
	return length > 0 && !name[length] && !isdigit((unsigned char)*name) &&
	       strncmp(name, "BERTH_", strlen("BERTH_")) != 0;
}

static void read_parameters(struct reading *r, struct draft *d, const struct yaml_node *node,
			    struct effector *ret)
{
	const struct yaml_node *map = fixed_node(r, d, node);

	ret->closed = true;
	if (!map || yaml_null(map))
		return;
	if (map->kind != YAML_MAP || map->count > MOST_PARTS) {
		complain(r->list, map->place,
			 "`parameters` takes a map of %d entries at most: {NAME: DEFAULT}", MOST_PARTS);
		return;
	}
	struct effector_parameter *parameters = arena_array(r->arena, struct effector_parameter, map->count);
	r->list->failed |= map->count && !parameters;
	for (size_t i = 0; parameters && i < map->count; i++) {
		const struct yaml_entry *entry = &map->entries[i];
		const char *value = yaml_null(entry->value) ? "" : fixed_text(r, d, entry->value, entry->key);
		if (!is_parameter(entry->key))
			advise(r->list,
			       complain(r->list, entry->key_place, "`%s` cannot be the name of a parameter",
					entry->key),
			       "it is a variable's, and none of berth's own");
		parameters[i] = (struct effector_parameter){entry->key, value ? value : ""};
	}
	ret->parameters = parameters;
	ret->parameter_count = parameters ? map->count : 0;
}

/* --- the whole -------------------------------------------------------------------------------- */

static void read_parts(struct reading *r, struct draft *d, const struct yaml_entry *whole,
		       const struct yaml_node *map, struct effector *ret)
{
	static const char *const keys[] = {"command", "http", "parameters"};
	bool known = true;

	for (size_t i = 0; i < map->count; i++) {
		const struct yaml_entry *part = &map->entries[i];
		if (!strcmp(part->key, "command"))
			command_read(r, d, part->value, part->key, &ret->command);
		else if (!strcmp(part->key, "http"))
			ret->call = http_request_read(r, d, part->value, "POST", NULL);
		else if (!strcmp(part->key, "parameters"))
			read_parameters(r, d, part->value, ret);
		else if (!(known = false))
			suggest(
			    r,
			    complain(r->list, part->key_place, "unknown key `%s` of an effector", part->key),
			    part->key, keys, COUNT_OF(keys),
			    "an effector takes command or http, and parameters");
	}
	if (known && ret->command.given == (ret->call != NULL))
		complain(r->list, map->place, "`%s` takes exactly one of `command` and `http`", whole->key);
}

static bool name_fits(struct reading *r, const char *name, struct place place)
{
	if (effector_is_built_in(name))
		advise(r->list, complain(r->list, place, "every component has an effector `%s`", name),
		       "give yours another name");
	else if (!is_name(name))
		advise(r->list, complain(r->list, place, "`%s` cannot be the name of an effector", name),
		       "names are made of letters, digits, `_` and `-`");
	else
		return true;
	return false;
}

static void read_effector(struct reading *r, struct draft *d, const struct yaml_entry *entry,
			  struct effector *ret)
{
	if (!name_fits(r, entry->key, entry->key_place))
		return;
	ret->name = entry->key;
	const struct yaml_node *map = entry->value->kind == YAML_MAP ? fixed_node(r, d, entry->value) : NULL;
	if (map && map->kind == YAML_MAP)
		read_parts(r, d, entry, map, ret);
	else
		command_read(r, d, entry->value, entry->key, &ret->command);
	if (ret->command.given && !ret->command.count)
		complain(r->list, entry->value->place, "`%s` is a command without a word", entry->key);
}

/* --- as Brooklyn's initializers write one ------------------------------------------------------ */

/* {NAME: {description, defaultValue}}, or {NAME: DEFAULT}. */
static void add_brooklyns_parameters(struct reading *r, struct draft *d, const struct yaml_node *node,
				     struct growing *parameters)
{
	const struct yaml_node *map = fixed_node(r, d, node);

	if (!map || yaml_null(map))
		return;
	if (map->kind != YAML_MAP || map->count > MOST_PARTS) {
		complain(r->list, map->place,
			 "`parameters` takes a map of %d entries at most: {NAME: {defaultValue: ...}}",
			 MOST_PARTS);
		return;
	}
	for (size_t i = 0; i < map->count; i++) {
		const struct yaml_entry *entry = &map->entries[i];
		const struct yaml_node *value = entry->value->kind == YAML_MAP && !is_expression(entry->value)
						    ? yaml_get(entry->value, "defaultValue")
						    : entry->value;
		const char *text = value && !yaml_null(value) ? fixed_text(r, d, value, entry->key) : NULL;
		struct effector_parameter *added = grow_new(r, parameters, struct effector_parameter);
		if (!is_parameter(entry->key))
			advise(r->list,
			       complain(r->list, entry->key_place, "`%s` cannot be the name of a parameter",
					entry->key),
			       "it is a variable's, and none of berth's own");
		if (added)
			*added = (struct effector_parameter){entry->key, text ? text : ""};
	}
}

static void take_brooklyns_key(struct reading *r, struct draft *d, const struct yaml_entry *entry,
			       struct effector *effector, struct growing *parameters)
{
	static const char *const here[] = {"ENTITY"};

	if (!strcmp(entry->key, "command"))
		command_read(r, d, entry->value, entry->key, &effector->command);
	else if (!strcmp(entry->key, "name"))
		effector->name = fixed_text(r, d, entry->value, entry->key);
	else if (!strcmp(entry->key, "parameters") || !strcmp(entry->key, "shell.env"))
		add_brooklyns_parameters(r, d, entry->value, parameters);
	else if (!strcmp(entry->key, "executionTarget"))
		fixed_word(r, d, entry->value, entry->key, here, COUNT_OF(here));
	else if (strcmp(entry->key, "type") != 0 && strcmp(entry->key, "description") != 0)
		advise(r->list,
		       complain(r->list, entry->key_place, "SshCommandEffector takes no key `%s` here",
				entry->key),
		       "it takes name, description, command, parameters and shell.env; go to a folder within "
		       "the command");
}

static void add_effector(struct reading *r, struct draft *d, const struct effector *effector,
			 struct place place)
{
	struct component_spec *spec = d->spec;

	for (size_t i = 0; i < spec->effector_count; i++)
		if (spec->effectors[i].name && !strcmp(spec->effectors[i].name, effector->name)) {
			complain(r->list, place, "`%s` has two effectors `%s`", spec->id, effector->name);
			return;
		}
	if (spec->effector_count == MOST_EFFECTORS) {
		complain(r->list, place, "more than %d effectors", MOST_EFFECTORS);
		return;
	}
	struct effector *all = arena_array(r->arena, struct effector, spec->effector_count + 1);
	r->list->failed |= !all;
	if (!all)
		return;
	if (spec->effector_count)
		memcpy(all, spec->effectors, sizeof(*all) * spec->effector_count);
	all[spec->effector_count++] = *effector;
	spec->effectors = all;
}

void read_command_effector(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	struct effector effector = {.closed = true};
	struct growing parameters = {0};

	for (size_t i = 0; i < node->count; i++) {
		const struct yaml_entry *entry = &node->entries[i];
		bool within = is_config_key(entry->key);
		const struct yaml_node *config = within ? fixed_node(r, d, entry->value) : NULL;
		for (size_t j = 0; config && config->kind == YAML_MAP && j < config->count; j++)
			take_brooklyns_key(r, d, &config->entries[j], &effector, &parameters);
		if (!within)
			take_brooklyns_key(r, d, entry, &effector, &parameters);
	}
	effector.parameters = kept(r, &parameters, sizeof(*effector.parameters));
	effector.parameter_count = effector.parameters ? parameters.count : 0;
	if (!effector.name || !effector.command.count)
		advise(r->list,
		       complain(r->list, node->place, "the effector has no `%s`",
				effector.name ? "command" : "name"),
		       "write both in its `brooklyn.config`");
	else if (name_fits(r, effector.name, node->place))
		add_effector(r, d, &effector, node->place);
}

/* --- all of them --------------------------------------------------------------------------------- */

void read_effectors(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	const struct yaml_node *map = fixed_node(r, d, node);

	if (!map || yaml_null(map))
		return;
	if (map->kind != YAML_MAP) {
		advise(r->list,
		       complain(r->list, map->place, "`effectors` takes a map, not %s", kind_name(map)),
		       "write {NAME: COMMAND}");
		return;
	}
	if (map->count > MOST_EFFECTORS) {
		complain(r->list, map->place, "more than %d effectors", MOST_EFFECTORS);
		return;
	}
	struct effector *effectors = arena_array(r->arena, struct effector, map->count);
	r->list->failed |= map->count && !effectors;
	for (size_t i = 0; effectors && i < map->count; i++)
		read_effector(r, d, &map->entries[i], &effectors[i]);
	d->spec->effectors = effectors;
	d->spec->effector_count = effectors ? map->count : 0;
}
