/* map.c - the string-keyed map: the C library's balanced tree (tsearch) for look-ups, a list for the order.
 */
#include "base/map.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

struct map_entry {
	const char *key; /* first, so that a bare key pointer can stand for an entry in look-ups */
	void *value;
	struct map_entry *previous, *next;
	char text[];
};

struct map {
	void *root;
	struct map_entry *first, *last;
	size_t count;
};

static int compare(const void *left, const void *right)
{
	return strcmp(((const struct map_entry *)left)->key, ((const struct map_entry *)right)->key);
}

static struct map_entry *find(const struct map *map, const char *key)
{
	if (!map)
		return NULL;
	void *const *node = tfind(&key, &map->root, compare);
	return node ? *node : NULL;
}

static struct map_entry *entry_new(const char *key, void *value)
{
	size_t size = strlen(key) + 1;
	struct map_entry *entry = malloc(sizeof *entry + size);
	if (!entry)
		return NULL;
	*entry = (struct map_entry){.key = entry->text, .value = value};
	memcpy(entry->text, key, size);
	return entry;
}

static void append(struct map *map, struct map_entry *entry)
{
	entry->previous = map->last;
	if (map->last)
		map->last->next = entry;
	else
		map->first = entry;
	map->last = entry;
	map->count++;
}

static int put_new(struct map **map, const char *key, void *value)
{
	if (!*map && !(*map = calloc(1, sizeof **map)))
		return -1;
	struct map_entry *entry = entry_new(key, value);
	if (!entry)
		return -1;
	if (!tsearch(entry, &(*map)->root, compare)) {
		free(entry);
		return -1;
	}
	append(*map, entry);
	return 0;
}

int map_put(struct map **map, const char *key, void *value)
{
	struct map_entry *entry = find(*map, key);
	if (entry) {
		entry->value = value;
		return 0;
	}
	if (put_new(map, key, value) == 0)
		return 0;
	count_memory_failure();
	return -1;
}

void *map_get(const struct map *map, const char *key)
{
	const struct map_entry *entry = find(map, key);
	return entry ? entry->value : NULL;
}

void map_drop(struct map **map, const char *key)
{
	struct map_entry *entry = find(*map, key);
	if (!entry)
		return;
	tdelete(entry, &(*map)->root, compare);
	*(entry->previous ? &entry->previous->next : &(*map)->first) = entry->next;
	*(entry->next ? &entry->next->previous : &(*map)->last) = entry->previous;
	free(entry);
	if (--(*map)->count == 0)
		map_release(map); /* an empty map is NULL again */
}

size_t map_count(const struct map *map)
{
	return map ? map->count : 0;
}

void map_each(const struct map *map, bool (*visit)(const char *key, void *value, void *context),
	      void *context)
{
	/* The visitor may drop the entry it is shown. */
	for (struct map_entry *entry = map ? map->first : NULL, *next; entry; entry = next) {
		next = entry->next;
		if (!visit(entry->key, entry->value, context))
			return;
	}
}

void map_release(struct map **map)
{
	if (!*map)
		return;
	tdestroy((*map)->root, free);
	free(*map);
	*map = NULL;
}
