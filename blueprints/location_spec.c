/* location_spec.c - where things go: spec strings, maps, and the names that `locations:` defines. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/catalogue.h"
#include "blueprints/cloud_options.h"
#include "blueprints/location_options.h"
#include "blueprints/machine_options.h"
#include "blueprints/mask.h"
#include "blueprints/reading.h"
#include "blueprints/yaml_internal.h"

/* Brooklyn's "jclouds:openstack-nova" and "jclouds:openstack-nova:REGION" (or where Keystone is) are an
 * OpenStack. */
static void take_cloud(struct location_spec *spec)
{
	static const char provider[] = "openstack-nova";
	size_t length = strlen(provider);

	if (!spec->type || strcmp(spec->type, "jclouds") != 0 || !starts_with(spec->target, provider) ||
	    (spec->target[length] && spec->target[length] != ':'))
		return;
	spec->type = "openstack";
	spec->target += length;
}

/* Brooklyn's "named:lab" is the location of that name. */
static const char *behind_named(const char *text)
{
	return text + (starts_with(text, "named:") ? strlen("named:") : 0);
}

/* Brooklyn's "host:10.0.0.5" is a pool of one machine. */
static void take_host(struct arena *arena, struct location_spec *spec)
{
	size_t length = strlen(spec->target);

	if (!spec->type || strcmp(spec->type, "host") != 0)
		return;
	spec->type = "byon";
	if (length > 1 && *spec->target == '(' && spec->target[length - 1] == ')' &&
	    !strchr(spec->target, '='))
		spec->target = arena_copy(arena, spec->target + 1, length - 2);
}

int location_spec_parse(struct arena *arena, const char *text, struct location_spec *ret_spec,
			struct error *err)
{
	struct location_spec spec = {.name = "", .target = ""};
	text = behind_named(text);
	const char *colon = strchr(text, ':'), *bracket = strchr(text, '(');
	bool bare = location_kind_named(text)->bare;

	if (!*text || *text == ':' || !printable(text)) {
		fail(err, ERR_INVALID, "`%.200s` is no location", text);
		remedy(err,
		       "write localhost, docker, docker:unix:///var/run/docker.sock, or a location's name");
		return -1;
	}
	/* Brooklyn's `byon(hosts="...")` is `byon:(hosts="...")`. */
	bool call = bracket && bracket > text && (!colon || bracket < colon);
	if (call) {
		spec.type = arena_copy(arena, text, (size_t)(bracket - text));
		spec.target = arena_text(arena, bracket);
	} else if (colon) {
		spec.type = arena_copy(arena, text, (size_t)(colon - text));
		spec.target = arena_text(arena, colon + 1);
	} else if (bare) {
		spec.type = arena_text(arena, text);
	} else {
		spec.name = arena_text(arena, text);
	}
	if (!spec.name || !spec.target || (!spec.type && (colon || bare || call)))
		return fail_memory(err);
	take_cloud(&spec);
	take_host(arena, &spec);
	if (!spec.target)
		return fail_memory(err);
	*ret_spec = spec;
	return 0;
}

/* "0.5", and no address or version of three parts. */
static bool is_fraction(const char *text)
{
	size_t sign = *text == '-', whole = strspn(text + sign, "0123456789");
	const char *dot = text + sign + whole;

	return whole && *dot == '.' && dot[1] && !dot[1 + strspn(dot + 1, "0123456789")];
}

json_t *typed_scalar(const struct yaml_node *node)
{
	int64_t number;

	if (!node->plain)
		return json_string(node->text);
	if (yaml_null(node))
		return json_null();
	if (!strcmp(node->text, "true") || !strcmp(node->text, "false"))
		return json_boolean(!strcmp(node->text, "true"));
	if (parse_number(node->text, INT64_MIN, INT64_MAX, &number) && (*node->text != '0' || !node->text[1]))
		return json_integer(number);
	return is_fraction(node->text) ? json_real(strtod(node->text, NULL)) : json_string(node->text);
}

/* What is read into, whether for a blueprint or for a file of locations. */
struct target {
	struct arena *arena;
	json_t *holder;
	struct diagnostics *list;
	struct reading *reading; /* of the blueprint, for expressions; NULL for a file of locations */
	struct draft *draft;     /* the component that it is a part of, or NULL */
};

/* The node itself, or what an expression stands for; NULL with a complaint. */
static const struct yaml_node *settled(const struct target *to, const struct yaml_node *node)
{
	if (to->reading)
		return fixed_node(to->reading, to->draft, node);
	if (!is_expression(node))
		return node;
	complain(to->list, node->place, "expressions are read in blueprints, not in a file of locations");
	return NULL;
}

/* What cannot be read is left out: that has been complained of. */
static json_t *node_json(const struct target *to, const struct yaml_node *written)
{
	const struct yaml_node *node = settled(to, written);
	if (!node)
		return json_null();
	json_t *json = node->kind == YAML_LIST ? json_array() : node->kind == YAML_MAP ? json_object() : NULL;

	if (node->kind == YAML_SCALAR)
		return typed_scalar(node);
	for (size_t i = 0; json && i < node->count; i++) {
		int failed = node->kind == YAML_LIST
				 ? json_array_append_new(json, node_json(to, node->items[i]))
				 : json_object_set_new(json, node->entries[i].key,
						       node_json(to, node->entries[i].value));
		if (failed) {
			json_decref(json);
			return NULL;
		}
	}
	return json;
}

static int parse_text(const struct target *to, const struct yaml_node *node, const char *text,
		      struct location_spec *ret)
{
	struct error err = {0};

	if (location_spec_parse(to->arena, text, ret, &err)) {
		if (err.code == ERR_NO_MEMORY)
			to->list->failed = true;
		else
			complain_error(to->list, node->place, &err);
		return -1;
	}
	ret->place = node->place;
	return 0;
}

static bool is_cloud(const struct location_spec *spec)
{
	return !strcmp(spec->type, "openstack");
}

static void check_machines(const struct target *to, const struct yaml_node *map,
			   const struct location_spec *spec)
{
	bool pool = !strcmp(spec->type, "byon");

	location_options_check(to->list, spec->type, map);
	if (is_cloud(spec))
		cloud_options_check(to->list, to->reading, map);
	if (pool || !strcmp(spec->type, "ssh"))
		machine_options_check(to->list, to->reading, pool ? MAP_POOL : MAP_MACHINE, map);
	if (pool && !*spec->target && !yaml_get(map, "hosts"))
		advise(to->list, complain(to->list, map->place, "a pool of machines has no `hosts`"),
		       "list them: byon: {user: me, hosts: [10.0.0.5, 10.0.0.6]}");
	else if (!pool && !strcmp(spec->type, "ssh") && !*spec->target && !yaml_get(map, "host"))
		advise(to->list, complain(to->list, map->place, "it is not said which machine this is"),
		       "write ssh:user@host, or `host` among its options");
}

/* The map's keys but `type`, as JSON kept alive by the holder. */
static int keep_options(const struct target *to, const struct yaml_node *map, struct location_spec *spec)
{
	owned_json options = json_object();
	size_t errors = to->list->errors;

	check_machines(to, map, spec);
	if (to->list->errors > errors)
		return -1;
	for (size_t i = 0; options && i < map->count; i++)
		if (strcmp(map->entries[i].key, "type") &&
		    !(is_cloud(spec) && cloud_option_is_noted(map->entries[i].key)) &&
		    json_object_set_new(options, map->entries[i].key, node_json(to, map->entries[i].value))) {
			to->list->failed = true;
			return -1;
		}
	if (!options || (json_object_size(options) && json_array_append(to->holder, options))) {
		to->list->failed = true;
		return -1;
	}
	spec->options = json_object_size(options) ? options : NULL;
	return 0;
}

static int refuse_map(const struct target *to, struct place at, const char *what)
{
	advise(to->list, complain(to->list, at, "%s", what),
	       "write {type: docker, address: ...}, or one key, the type, over its options: {fake: {}}");
	return -1;
}

/* In a map the word is the type, whoever knows it. */
static void name_is_type(struct arena *arena, struct location_spec *spec)
{
	if (spec->type)
		return;
	spec->type = spec->name;
	spec->name = "";
	take_host(arena, spec);
}

/* {type: docker, address: 10.0.0.5}, {fake: {}}, {docker: "unix:///run/docker.sock"} */
static int parse_map(const struct target *to, const struct yaml_node *map, struct location_spec *ret)
{
	const struct yaml_node *type = yaml_get(map, "type");

	if (type) {
		type = settled(to, type);
		if (!type)
			return -1;
		if (type->kind != YAML_SCALAR || yaml_null(type))
			return refuse_map(to, type->place, "a location's `type` is a text");
		if (parse_text(to, type, type->text, ret))
			return -1;
		name_is_type(to->arena, ret);
		return keep_options(to, map, ret);
	}
	if (map->count != 1)
		return refuse_map(to, map->place, "a location's map says no `type`");
	const struct yaml_entry *only = &map->entries[0];
	const struct yaml_node key = {.kind = YAML_SCALAR, .place = only->key_place};
	if (parse_text(to, &key, only->key, ret))
		return -1;
	name_is_type(to->arena, ret);
	const struct yaml_node *value = settled(to, only->value);
	if (!value)
		return -1;
	if (value->kind == YAML_MAP)
		return keep_options(to, value, ret);
	if (yaml_null(value))
		return 0;
	if (value->kind == YAML_LIST || *ret->target)
		return refuse_map(to, value->place, "a location's options are a map");
	ret->target = value->text;
	return 0;
}

static int parse_node(const struct target *to, const struct yaml_node *written, struct location_spec *ret)
{
	const struct yaml_node *node = settled(to, written);

	if (!node)
		return -1;
	if (node->kind == YAML_MAP)
		return parse_map(to, node, ret);
	if (node->kind == YAML_SCALAR && !yaml_null(node))
		return parse_text(to, node, node->text, ret);
	advise(to->list,
	       complain(to->list, node->place, "a location is a text or a map, not %s", kind_name(node)),
	       "write localhost, docker:unix:///var/run/docker.sock, or {type: docker, address: ...}");
	return -1;
}

/* `NAME: SPEC` pairs; those that cannot be read are left out, with complaints. */
static int parse_names(const struct target *to, const struct yaml_node *map,
		       const struct location_spec **ret_specs, size_t *ret_count)
{
	struct location_spec *specs = arena_array(to->arena, struct location_spec, map->count + 1);
	size_t count = 0;
	int faults = 0;

	if (!specs) {
		to->list->failed = true;
		return -1;
	}
	for (size_t i = 0; i < map->count; i++) {
		const struct yaml_entry *entry = &map->entries[i];
		struct location_spec *spec = &specs[count];
		if (parse_node(to, entry->value, spec)) {
			faults++;
			continue;
		}
		if (!spec->type) {
			advise(to->list,
			       complain(to->list, spec->place, "the location `%s` is only another name: `%s`",
					entry->key, spec->name),
			       "write what it is: docker, localhost, ssh:USER@HOST, marathon: (with "
			       "MARATHON_URL, or its address behind it) or openstack:CLOUD");
			faults++;
			continue;
		}
		spec->name = entry->key;
		spec->place = entry->key_place;
		count++;
	}
	*ret_specs = specs;
	*ret_count = count;
	return faults ? -1 : 0;
}

static int parse_file(const struct target *to, const struct yaml_node *root,
		      const struct location_spec **ret_specs, size_t *ret_count)
{
	const struct location_spec *specs;
	size_t count;

	if (!root)
		return -1;
	if (root->kind != YAML_MAP) {
		advise(
		    to->list,
		    complain(to->list, root->place, "a file of locations is a map, not %s", kind_name(root)),
		    "write NAME: SPEC lines");
		return -1;
	}
	if (parse_names(to, root, &specs, &count))
		return -1;
	*ret_specs = specs;
	*ret_count = count;
	return 0;
}

int location_specs_parse(struct arena *arena, json_t *holder, const char *file, const char *text, size_t size,
			 struct diagnostics *list, const struct location_spec **ret_specs, size_t *ret_count)
{
	const struct target to = {.arena = arena, .holder = holder, .list = list};
	int done = parse_file(&to, yaml_compose(arena, file, text, size, list), ret_specs, ret_count);

	mask_summaries(list, file, text, size);
	return done;
}

static struct target target_of(struct reading *r, struct draft *d)
{
	return (struct target){r->arena, r->blueprint->holder, r->list, r, d};
}

const json_t *node_kept(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	const struct target to = target_of(r, d);
	json_t *json = node_json(&to, node);

	if (json && json_array_append_new(r->blueprint->holder, json) == 0)
		return json;
	r->list->failed = true;
	return NULL;
}

const json_t *machine_options_read(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	const struct yaml_node *map = fixed_node(r, d, node);
	const struct target to = target_of(r, d);
	struct location_spec spec = {.type = "openstack"};

	if (!map)
		return NULL;
	if (map->kind != YAML_MAP) {
		complain(r->list, map->place, "what a machine is to be is a map, not %s", kind_name(map));
		return NULL;
	}
	cloud_machine_check(r->list, map);
	return keep_options(&to, map, &spec) ? NULL : spec.options;
}

static const struct location_spec *location_read(struct reading *r, struct draft *d,
						 const struct yaml_node *node)
{
	const struct target to = target_of(r, d);
	const struct yaml_node *fixed = fixed_node(r, d, node);

	if (!fixed)
		return NULL;
	const char *id = NULL;
	if (fixed->kind == YAML_SCALAR) {
		const char *name = behind_named(fixed->text);
		const struct location_spec *defined = map_get(r->locations, name);
		const struct yaml_node *item = defined ? NULL : catalogue_location(r, name, &id);
		if (defined)
			return defined;
		fixed = item ? item : fixed;
	}
	struct location_spec *spec = reading_new(r, struct location_spec);
	if (!spec || parse_node(&to, fixed, spec))
		return NULL;
	if (id)
		spec->name = id;
	return spec;
}

const struct location_spec *location_choose(struct reading *r, struct draft *d, const struct yaml_entry *one,
					    const struct yaml_entry *many)
{
	bool names = many && many->value->kind == YAML_MAP && !d;

	if (one && many && !names) {
		complain(r->list, many->key_place, "`locations` beside `location` (line %d): give only one",
			 one->key_place.line);
		return NULL;
	}
	if (one)
		return location_read(r, d, one->value);
	if (!many || names || yaml_null(many->value))
		return NULL;
	if (many->value->kind == YAML_LIST)
		return many->value->count ? location_read(r, d, many->value->items[0]) : NULL;
	if (many->value->kind == YAML_SCALAR)
		return location_read(r, d, many->value);
	advise(r->list, complain(r->list, many->value->place, "`locations` of a component is a list"),
	       "names are defined by the `locations` of the application");
	return NULL;
}

void location_list_read(struct reading *r, struct draft *d, const struct yaml_entry *many,
			const struct location_spec *const **ret, size_t *ret_count)
{
	struct growing list = {0};

	for (size_t i = 0; i < many->value->count; i++) {
		const struct location_spec *spec = location_read(r, d, many->value->items[i]);
		const struct location_spec **item =
		    spec ? grow_new(r, &list, const struct location_spec *) : NULL;
		if (item)
			*item = spec;
	}
	*ret = kept(r, &list, sizeof(**ret));
	*ret_count = *ret ? list.count : 0;
}

void locations_read(struct reading *r, const struct yaml_node *root)
{
	const struct yaml_entry *one = NULL, *many = NULL;
	const struct target to = target_of(r, NULL);

	for (size_t i = 0; i < root->count; i++) {
		if (!strcmp(root->entries[i].key, "location"))
			one = &root->entries[i];
		if (!strcmp(root->entries[i].key, "locations"))
			many = &root->entries[i];
	}
	if (many && many->value->kind == YAML_MAP) {
		struct blueprint *b = r->blueprint;
		const struct location_spec *specs = NULL;
		size_t count = 0;
		parse_names(&to, many->value, &specs, &count);
		b->locations = specs;
		b->location_count = count;
		for (size_t i = 0; i < count; i++)
			reading_put(r, &r->locations, specs[i].name, (void *)&specs[i]);
	}
	r->location = location_choose(r, NULL, one, many);
	if (!one && many && many->value->kind == YAML_LIST)
		r->location_list = many;
}

const char *location_type_of(const struct reading *r, const struct location_spec *location)
{
	if (!location || location->type || !r->options->location_type)
		return location ? location->type : NULL;
	return r->options->location_type(r->options->location_context, location->name);
}

const char *location_key(struct arena *arena, const struct location_spec *location)
{
	char *options = NULL;

	if (!location)
		return "";
	if (location->options)
		options = json_sorted_line(location->options);
	const char *key =
	    arena_format(arena, "%s|%s|%s|%s", location->type ? "" : location->name,
			 location->type ? location->type : "", location->target, options ? options : "");
	free(options);
	return key;
}
