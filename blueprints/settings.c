/* settings.c - `--set PARAMETER=VALUE` and `--set COMPONENT.KEY=VALUE`. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/component.h"
#include "blueprints/yaml_internal.h"

static const struct place set_place = {.file = "--set"};

/* The value as it would be read from a file: text as it stands; lists, maps and quoted texts are YAML. */
static const struct yaml_node *setting_node(struct reading *r, const char *value)
{
	if (*value && strchr("[{\"'", *value))
		return yaml_compose_faulty(r->arena, &r->scratch, "--set", value, strlen(value), r->list);
	return scalar_node(r, set_place, arena_text(r->arena, value), true);
}

static const char *setting_name(struct reading *r, const char *setting, const char *equals)
{
	const char *name = arena_copy(r->arena, setting, (size_t)(equals - setting));

	if (!name)
		r->list->failed = true;
	return name;
}

void settings_apply_parameters(struct reading *r)
{
	for (const char *const *s = r->options->settings; s && *s; s++) {
		const char *equals = strchr(*s, '=');
		if (!equals || equals == *s) {
			advise(r->list, complain(r->list, set_place, "`%s` sets nothing", *s),
			       "write --set PARAMETER=VALUE or --set COMPONENT.KEY=VALUE");
			continue;
		}
		const char *name = setting_name(r, *s, equals);
		struct parameter *p = name ? map_get(r->parameters, name) : NULL;
		if (p)
			p->setting = setting_node(r, equals + 1);
	}
}

/* A copy of the map (or a new one) in which `key` has that value. */
static const struct yaml_node *map_with(struct reading *r, const struct yaml_node *map, const char *key,
					const struct yaml_node *value)
{
	size_t count = map && map->kind == YAML_MAP ? map->count : 0, at = 0;
	struct yaml_node *copy = scratch_new(r, struct yaml_node);
	struct yaml_entry *entries = scratch_alloc(r, sizeof(*entries) * (count + 1));

	if (!copy || !entries)
		return NULL;
	if (count)
		memcpy(entries, map->entries, sizeof(*entries) * count);
	while (at < count && strcmp(entries[at].key, key))
		at++;
	entries[at] = (struct yaml_entry){.key = key, .key_place = set_place, .value = value};
	*copy =
	    (struct yaml_node){.kind = YAML_MAP, .place = set_place, .count = at < count ? count : count + 1};
	copy->entries = entries;
	return copy;
}

static void set_key(struct reading *r, struct draft *d, const struct key_name *name,
		    const struct yaml_node *value)
{
	struct yaml_entry *entry = scratch_new(r, struct yaml_entry);
	bool fresh = !given_of(d, name->key);

	if (!entry)
		return;
	*entry = (struct yaml_entry){.key = name->name, .key_place = set_place, .value = value};
	give_key(r, &d->given, name->key, entry);
	if (fresh) {
		add_key_place(r, d, key_rules[name->key].name, set_place);
		return;
	}
	struct key_place *places = d->key_places.members;
	for (size_t i = 0; i < d->key_places.count; i++)
		if (!strcmp(places[i].key, key_rules[name->key].name))
			places[i].place = set_place;
}

static void set_config(struct reading *r, struct draft *d, const char *key, const struct yaml_node *value)
{
	struct yaml_entry *entry = scratch_new(r, struct yaml_entry);
	const struct key_name *name = map_get(r->keys, key);

	if (!entry)
		return;
	*entry = (struct yaml_entry){.key = key, .key_place = set_place, .value = value};
	reading_put(r, &d->config, key, entry);
	if (name && name->in_config && name->key < KEY_COUNT)
		set_key(r, d, name, value);
}

/* `env.STAGE`: one entry of a key that holds a map. */
static bool set_within(struct reading *r, struct draft *d, const char *key, const struct yaml_node *value)
{
	static const enum component_key maps[] = {KEY_ENV,   KEY_LABELS,        KEY_HEALTH_CHECK,
						  KEY_PORTS, KEY_PORT_BINDINGS, KEY_FILES};

	for (size_t i = 0; i < COUNT_OF(maps); i++) {
		const char *name = key_rules[maps[i]].name;
		size_t length = strlen(name);
		if (!starts_with(key, name) || key[length] != '.' || !key[length + 1])
			continue;
		const struct yaml_entry *given = given_of(d, maps[i]);
		const struct yaml_node *before = given ? fixed_node(r, d, given->value) : NULL;
		const struct yaml_node *map = map_with(r, before, key + length + 1, value);
		if (map)
			set_key(r, d, map_get(r->keys, name), map);
		return true;
	}
	if (starts_with(key, "brooklyn.config.") || starts_with(key, "config.")) {
		set_config(r, d, strstr(key, "config.") + strlen("config."), value);
		return true;
	}
	return false;
}

static void apply(struct reading *r, struct draft *d, const char *key, const char *text)
{
	size_t count;
	const char *const *candidates = key_candidates(r, &count);
	const struct key_name *name = map_get(r->keys, key);
	const struct yaml_node *value = setting_node(r, text);

	if (!value || set_within(r, d, key, value))
		return;
	if (!name)
		suggest(
		    r,
		    complain(r->list, set_place, "unknown key `%s` of the component `%s`", key, d->spec->id),
		    key, candidates, count, "write COMPONENT.KEY=VALUE with a key of the component");
	else if (name->key == KEY_LATER)
		complain(r->list, set_place, "`%s` is not supported yet by this version of berth", key);
	else if (name->key == KEY_ID || name->key == KEY_NAME || name->key == KEY_NOTED ||
		 name->key == KEY_CONFIG || name->key == KEY_CHILDREN || name->key == KEY_MACHINE ||
		 name->key == KEY_CONTAINER)
		complain(r->list, set_place, "`%s` of the component `%s` cannot be set from outside", key,
			 d->spec->id);
	else
		set_key(r, d, name, value);
}

struct name_list {
	const char **names;
	size_t count;
};

static bool take_name(const char *key, void *value, void *context)
{
	struct name_list *list = context;

	(void)value;
	list->names[list->count++] = key;
	return true;
}

static void complain_unknown(struct reading *r, const char *name, bool component)
{
	struct diagnostic *entry =
	    complain(r->list, set_place,
		     component ? "no component has the id `%s`" : "no parameter is called `%s`", name);
	struct name_list list = {reading_alloc(r, sizeof(char *) * (map_count(r->parameters) + 1)), 0};

	if (!list.names)
		return;
	map_each(r->parameters, take_name, &list);
	if (component)
		suggest(r, entry, name, r->ids, r->count,
			"write COMPONENT.KEY=VALUE with the id of a component");
	else
		suggest(r, entry, name, list.names, list.count,
			"declare it under `parameters`, or write COMPONENT.KEY=VALUE");
}

/* So are the copies of a cluster whose members are made of several components. */
static void complain_group(struct reading *r, const struct component_group *group)
{
	struct diagnostic *entry =
	    complain(r->list, set_place, "`%s` is a group: it has no size, nor keys of its own", group->id);

	if (group->count)
		advise(r->list, entry,
		       "name one of its members, such as `%s`; how many copies a cluster makes of several "
		       "components "
		       "is the blueprint's to say, by `initialSize`",
		       r->drafts[group->members[0]].spec->id);
}

void settings_apply_components(struct reading *r)
{
	for (const char *const *s = r->options->settings; s && *s; s++) {
		const char *equals = strchr(*s, '=');
		const char *name = equals && equals != *s ? setting_name(r, *s, equals) : NULL;
		if (!name || map_get(r->parameters, name))
			continue;
		const char *dot = strchr(name, '.');
		if (!dot) {
			complain_unknown(r, name, false);
			continue;
		}
		const char *id = arena_copy(r->arena, name, (size_t)(dot - name));
		struct draft *d = NULL;
		for (size_t i = 0; id && !d && i < r->count; i++)
			if (!strcasecmp(r->ids[i], id))
				d = &r->drafts[i];
		if (d)
			apply(r, d, dot + 1, equals + 1);
		else if (id && group_find(r, id))
			complain_group(r, group_find(r, id));
		else
			complain_unknown(r, id ? id : name, true);
	}
}
