/* tree.h - nodes of a blueprint's text that are put together from others, as if they stood where those do. */
#ifndef BERTH_BLUEPRINTS_TREE_H
#define BERTH_BLUEPRINTS_TREE_H

#include "blueprints/reading.h"

/* NULL: the map has no such key, or it is no map. */
const struct yaml_entry *tree_entry(const struct yaml_node *map, const char *key);
/* What is written there; NULL: nothing, or null. */
const struct yaml_node *tree_member(const struct yaml_node *map, const char *key);

/* One more entry or item; none where `value` is NULL. */
void tree_add(struct reading *r, struct growing *entries, const char *key, struct place key_place,
	      const struct yaml_node *value);
void tree_add_item(struct reading *r, struct growing *items, const struct yaml_node *value);
/* A map of these entries, a list of these items, at the place of `like`. NULL: no memory. */
struct yaml_node *tree_map(struct reading *r, const struct yaml_node *like, const struct growing *entries);
struct yaml_node *tree_list(struct reading *r, const struct yaml_node *like, const struct growing *items);
/* A map of one entry, a list of one item, at the item's own place. NULL: no memory, or no value. */
struct yaml_node *tree_map_of(struct reading *r, const char *key, struct place key_place,
			      const struct yaml_node *value);
struct yaml_node *tree_list_of(struct reading *r, const struct yaml_node *only);
/* The map but for the keys that it drops; itself without memory. */
const struct yaml_node *tree_without(struct reading *r, const struct yaml_node *map,
				     bool (*drops)(const char *));

#endif
