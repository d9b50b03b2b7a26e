/* component_environment.c - a component's variables and labels. */
#include <string.h>

#include "base/text.h"
#include "blueprints/component.h"

/* The map that a key takes; NULL when it is empty or (with a complaint) no map. */
static const struct yaml_node *take_map(struct reading *r, struct draft *d, const struct yaml_node *node,
					const char *key, const char *example)
{
	const struct yaml_node *map = fixed_node(r, d, node);

	if (!map || yaml_null(map))
		return NULL;
	if (map->kind == YAML_MAP)
		return map;
	advise(r->list, complain(r->list, map->place, "`%s` takes a map, not %s", key, kind_name(map)),
	       "write %s: %s", key, example);
	return NULL;
}

static bool check_name(struct reading *r, const struct yaml_entry *entry)
{
	if (!*entry->key)
		complain(r->list, entry->key_place, "a variable needs a name");
	else if (strchr(entry->key, '='))
		complain(r->list, entry->key_place, "the name of the variable `%s` holds a `=`", entry->key);
	else if (!printable(entry->key))
		complain(r->list, entry->key_place, "the name of a variable holds control characters");
	else
		return true;
	return false;
}

void read_environment(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	const struct yaml_node *map = take_map(r, d, node, "env", "{NAME: value}");
	struct environment_entry *entries =
	    map ? reading_alloc(r, sizeof(*entries) * (map->count ? map->count : 1)) : NULL;
	size_t count = 0;

	if (!entries)
		return;
	for (size_t i = 0; i < map->count; i++) {
		const struct yaml_entry *from = &map->entries[i];
		struct environment_entry *entry = &entries[count];
		if (!check_name(r, from))
			continue;
		warn_plain_secret(r, from->key, from->value, false);
		*entry = (struct environment_entry){.name = from->key, .place = from->key_place};
		r->takes_samples = true;
		if (!value_read(r, d, from->value, &entry->value))
			count++;
		r->takes_samples = false;
		add_key_place(r, d, arena_format(r->arena, "env.%s", from->key), from->key_place);
	}
	d->spec->environment = entries;
	d->spec->environment_count = count;
}

void read_labels(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	const struct yaml_node *map = take_map(r, d, node, "labels", "{name: value}");
	struct label *labels = map ? reading_alloc(r, sizeof(*labels) * (map->count ? map->count : 1)) : NULL;
	size_t count = 0;

	if (!labels)
		return;
	for (size_t i = 0; i < map->count; i++) {
		const struct yaml_entry *from = &map->entries[i];
		if (!*from->key || starts_with(from->key, "berth.")) {
			complain(r->list, from->key_place,
				 *from->key ? "labels that begin with `berth.` are berth's own"
					    : "a label needs a name");
			continue;
		}
		warn_plain_secret(r, from->key, from->value, true);
		const struct yaml_node *value = fixed_node(r, d, from->value);
		if (!value)
			continue;
		if (value->kind != YAML_SCALAR) {
			complain(r->list, value->place, "the label `%s` takes a text, not %s", from->key,
				 kind_name(value));
			continue;
		}
		labels[count++] = (struct label){.name = from->key,
						 .value = yaml_null(value) ? "" : value->text,
						 .place = from->key_place};
		add_key_place(r, d, arena_format(r->arena, "labels.%s", from->key), from->key_place);
	}
	d->spec->labels = labels;
	d->spec->label_count = count;
}
