/* merging.c - what a component says laid over what it is made from: its type's own, or its parent's. */
#include <string.h>

#include "base/cleanup.h"
#include "blueprints/component.h"

/* A map that is being put together; its keys are told apart by what they mean, not by how they are spelt. */
struct making {
	struct reading *r;
	const struct place *place; /* of what is added; NULL: its own */
	struct growing own, config;
};

/* Everything is where it is taken from, or where whoever asked for it stands. */
static const struct yaml_node *moved(struct making *making, const struct yaml_node *node)
{
	struct reading *r = making->r;
	struct yaml_node *copy = making->place ? scratch_new(r, struct yaml_node) : NULL;

	if (!copy)
		return node;
	*copy = *node;
	copy->place = *making->place;
	if (node->kind == YAML_LIST && node->count) {
		copy->items = scratch_alloc(r, sizeof(*copy->items) * node->count);
		for (size_t i = 0; copy->items && i < node->count; i++)
			copy->items[i] = moved(making, node->items[i]);
	} else if (node->kind == YAML_MAP && node->count) {
		struct yaml_entry *entries = scratch_alloc(r, sizeof(*entries) * node->count);
		copy->entries = entries;
		for (size_t i = 0; entries && i < node->count; i++)
			entries[i] = (struct yaml_entry){.key = node->entries[i].key,
							 .key_place = *making->place,
							 .value = moved(making, node->entries[i].value)};
	}
	return r->list->failed ? node : copy;
}

static bool same_key(struct reading *r, const char *a, const char *b)
{
	const struct key_name *one = map_get(r->keys, a), *other = map_get(r->keys, b);

	return !strcmp(a, b) || (one && other && one->key == other->key && one->key < KEY_COUNT &&
				 one->key != KEY_NOTED && one->key != KEY_UNUSED);
}

static struct yaml_entry *find(struct making *making, struct growing *list, const char *key)
{
	struct yaml_entry *entries = list->members;

	for (size_t i = 0; i < list->count; i++)
		if (same_key(making->r, entries[i].key, key))
			return &entries[i];
	return NULL;
}

/* Those of whose entries each counts for itself, as Brooklyn merges them. */
static bool merges(struct reading *r, const char *key)
{
	static const enum component_key keys[] = {
	    KEY_ENV,
	    KEY_LABELS,
	    KEY_FILES,
	    KEY_PORTS,
	    KEY_EFFECTORS,
	    KEY_SENSORS,
	    KEY_FILES_PREINSTALL,
	    KEY_FILES_INSTALL,
	    KEY_FILES_CUSTOMIZE,
	    KEY_FILES_RUNTIME,
	    KEY_TEMPLATES_PREINSTALL,
	    KEY_TEMPLATES_INSTALL,
	    KEY_TEMPLATES_CUSTOMIZE,
	    KEY_TEMPLATES_RUNTIME,
	    KEY_SUBSTITUTIONS,
	    KEY_PROVISIONING,
	    KEY_MACHINE,
	    KEY_CONTAINER,
	};
	const struct key_name *name = map_get(r->keys, key);

	for (size_t i = 0; name && i < COUNT_OF(keys); i++)
		if (name->key == keys[i])
			return true;
	return false;
}

static bool adds(struct reading *r, const char *key)
{
	const struct key_name *name = map_get(r->keys, key);

	return name && (name->key == KEY_POLICIES || name->key == KEY_ENRICHERS ||
			name->key == KEY_INITIALIZERS || name->key == KEY_CHILDREN);
}

static const struct yaml_node *map_of(struct reading *r, const struct growing *entries, struct place place)
{
	struct yaml_node *node = scratch_new(r, struct yaml_node);
	struct yaml_entry *copy = scratch_alloc(r, sizeof(*copy) * (entries->count + 1));

	if (!node || !copy)
		return NULL;
	if (entries->count)
		memcpy(copy, entries->members, sizeof(*copy) * entries->count);
	*node = (struct yaml_node){.kind = YAML_MAP, .place = place, .count = (uint32_t)entries->count};
	node->entries = copy;
	return node;
}

static void append(struct making *making, struct growing *list, const struct yaml_entry *entry)
{
	struct yaml_entry *to = grow_new(making->r, list, struct yaml_entry);

	if (!to)
		return;
	*to = *entry;
	if (making->place) {
		to->key_place = *making->place;
		to->value = moved(making, entry->value);
	}
}

static const struct yaml_node *merge_maps(struct making *making, const struct yaml_node *over,
					  const struct yaml_node *base)
{
	struct making inner = {.r = making->r};

	for (size_t i = 0; i < over->count; i++)
		append(&inner, &inner.own, &over->entries[i]);
	inner.place = making->place;
	for (size_t i = 0; i < base->count; i++)
		if (!find(&inner, &inner.own, base->entries[i].key))
			append(&inner, &inner.own, &base->entries[i]);
	return map_of(making->r, &inner.own, over->place);
}

static const struct yaml_node *add_lists(struct making *making, const struct yaml_node *over,
					 const struct yaml_node *base)
{
	struct yaml_node *list = scratch_new(making->r, struct yaml_node);
	const struct yaml_node **items =
	    scratch_alloc(making->r, sizeof(*items) * ((size_t)over->count + base->count + 1));

	if (!list || !items)
		return over;
	for (size_t i = 0; i < base->count; i++)
		items[i] = moved(making, base->items[i]);
	for (size_t i = 0; i < over->count; i++)
		items[base->count + i] = over->items[i];
	*list =
	    (struct yaml_node){.kind = YAML_LIST, .place = over->place, .count = over->count + base->count};
	list->items = items;
	return list;
}

static void consider(struct making *making, struct growing *list, const struct yaml_entry *entry)
{
	struct yaml_entry *before = find(making, &making->own, entry->key);

	if (!before)
		before = find(making, &making->config, entry->key);
	if (!before) {
		append(making, list, entry);
		return;
	}
	enum yaml_kind kind = before->value->kind;
	if (kind != entry->value->kind)
		return;
	const struct yaml_node *both = NULL;
	if (kind == YAML_MAP && merges(making->r, entry->key))
		both = merge_maps(making, before->value, entry->value);
	else if (kind == YAML_LIST && adds(making->r, entry->key))
		both = add_lists(making, before->value, entry->value);
	if (both)
		before->value = both;
}

/* Its own keys, and those of its configuration. */
static void lay(struct making *making, const struct yaml_node *node,
		void (*put)(struct making *, struct growing *, const struct yaml_entry *))
{
	for (size_t i = 0; i < node->count; i++) {
		const struct yaml_entry *entry = &node->entries[i];
		if (!is_config_key(entry->key) || entry->value->kind != YAML_MAP) {
			put(making, &making->own, entry);
			continue;
		}
		for (size_t k = 0; k < entry->value->count; k++)
			put(making, &making->config, &entry->value->entries[k]);
	}
}

const struct yaml_node *services_merge(struct reading *r, const struct yaml_node *over,
				       const struct yaml_node *base, const struct place *place)
{
	struct making making = {.r = r};

	lay(&making, over, append); /* what it says twice is its own fault */
	making.place = place;
	lay(&making, base, consider);
	if (making.config.count) {
		struct yaml_entry *entry = grow_new(r, &making.own, struct yaml_entry);
		if (entry)
			*entry = (struct yaml_entry){.key = "brooklyn.config",
						     .key_place = over->place,
						     .value = map_of(r, &making.config, over->place)};
	}
	const struct yaml_node *merged = map_of(r, &making.own, over->place);
	return merged ? merged : over;
}
