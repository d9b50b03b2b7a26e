/* map.c - the string-keyed hash, a thin cover over uthash. */
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM          1
#define uthash_nonfatal_oom(entry) ((entry)->lost = true)
#include <uthash.h>

/* A map is its first entry: uthash hangs the table on it. */
struct map {
	UT_hash_handle hh;
	void *value;
	bool lost; /* uthash found no memory and left this entry out */
	char key[];
};

int map_put(struct map **map, const char *key, void *value)
{
	size_t length = strlen(key);
	struct map *entry;

	HASH_FIND(hh, *map, key, length, entry);
	if (entry) {
		entry->value = value;
		return 0;
	}
	entry = calloc(1, sizeof(*entry) + length + 1);
	if (!entry)
		return -1;
	memcpy(entry->key, key, length + 1);
	entry->value = value;
	HASH_ADD_KEYPTR(hh, *map, entry->key, length, entry);
	if (entry->lost) {
		free(entry);
		return -1;
	}
	return 0;
}

void *map_get(const struct map *map, const char *key)
{
	const struct map *entry;

	HASH_FIND(hh, map, key, strlen(key), entry);
	return entry ? entry->value : NULL;
}

void map_drop(struct map **map, const char *key)
{
	struct map *entry;

	HASH_FIND(hh, *map, key, strlen(key), entry);
	if (!entry)
		return;
	HASH_DEL(*map, entry);
	free(entry);
}

size_t map_count(const struct map *map)
{
	return HASH_COUNT(map);
}

void map_each(const struct map *map, bool (*visit)(const char *key, void *value, void *context),
	      void *context)
{
	const struct map *next;

	/* The visitor may drop the entry it is shown. */
	for (const struct map *entry = map; entry; entry = next) {
		next = entry->hh.next;
		if (!visit(entry->key, entry->value, context))
			return;
	}
}

void map_release(struct map **map)
{
	struct map *entry, *next;

	HASH_ITER(hh, *map, entry, next)
	{
		HASH_DEL(*map, entry);
		free(entry);
	}
}
