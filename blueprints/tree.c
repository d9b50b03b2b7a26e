/* tree.c - nodes of a blueprint's text that are put together from others, as if they stood where those do. */
#include "blueprints/tree.h"

#include <string.h>

const struct yaml_entry *tree_entry(const struct yaml_node *map, const char *key)
{
	for (size_t i = 0; map && map->kind == YAML_MAP && i < map->count; i++)
		if (!strcmp(map->entries[i].key, key))
			return &map->entries[i];
	return NULL;
}

const struct yaml_node *tree_member(const struct yaml_node *map, const char *key)
{
	const struct yaml_entry *entry = tree_entry(map, key);

	return entry && !yaml_null(entry->value) ? entry->value : NULL;
}

void tree_add(struct reading *r, struct growing *entries, const char *key, struct place key_place,
	      const struct yaml_node *value)
{
	struct yaml_entry *entry = value ? grow_new(r, entries, struct yaml_entry) : NULL;

	if (entry)
		*entry = (struct yaml_entry){.key = key, .key_place = key_place, .value = value};
}

void tree_add_item(struct reading *r, struct growing *items, const struct yaml_node *value)
{
	const struct yaml_node **item = value ? grow_new(r, items, const struct yaml_node *) : NULL;

	if (item)
		*item = value;
}

static struct yaml_node *node_like(struct reading *r, const struct yaml_node *like, enum yaml_kind kind,
				   size_t count)
{
	struct yaml_node *node = scratch_new(r, struct yaml_node);

	if (node)
		*node = (struct yaml_node){.kind = kind, .place = like->place, .count = (uint32_t)count};
	return node;
}

struct yaml_node *tree_map(struct reading *r, const struct yaml_node *like, const struct growing *entries)
{
	struct yaml_node *node = node_like(r, like, YAML_MAP, entries->count);

	if (node)
		node->entries = entries->members;
	return node;
}

struct yaml_node *tree_list(struct reading *r, const struct yaml_node *like, const struct growing *items)
{
	struct yaml_node *node = node_like(r, like, YAML_LIST, items->count);

	if (node)
		node->items = items->members;
	return node;
}

struct yaml_node *tree_map_of(struct reading *r, const char *key, struct place key_place,
			      const struct yaml_node *value)
{
	struct growing entries = {0};

	tree_add(r, &entries, key, key_place, value);
	return entries.count ? tree_map(r, value, &entries) : NULL;
}

struct yaml_node *tree_list_of(struct reading *r, const struct yaml_node *only)
{
	struct growing items = {0};

	tree_add_item(r, &items, only);
	return items.count ? tree_list(r, only, &items) : NULL;
}

const struct yaml_node *tree_without(struct reading *r, const struct yaml_node *map,
				     bool (*drops)(const char *))
{
	struct growing entries = {0};

	for (size_t i = 0; i < map->count; i++)
		if (!drops(map->entries[i].key))
			tree_add(r, &entries, map->entries[i].key, map->entries[i].key_place,
				 map->entries[i].value);
	return tree_map(r, map, &entries) ?: map;
}
