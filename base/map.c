/* map.c - the string-keyed map: a table of slots for look-ups (each key as near after its place as there was
 * room; none for a few), a list for the order. The entries lie one after the other as they came, so that
 * whoever asks in about that order finds them near each other.
 */
#include "base/map.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "base/arena.h"
#include "base/error.h"

#define FEW         ((size_t)3) /* are looked through, and need no slots: of small maps there are thousands */
#define FIRST_SLOTS ((size_t)8) /* a power of two, as every size after it */
/* Sizes of entries: 16 bytes apart, beyond 256 twice the one before. */
#define STEP         ((size_t)16)
#define EVEN_CLASSES ((size_t)16)
#define CLASSES      (EVEN_CLASSES + 55)

struct map_entry {
	struct map_entry *previous, *next;
	void *value;
	char key[];
};

/* The hash is here too: what is not meant is passed over without a look at it. */
struct slot {
	struct map_entry *entry; /* NULL: free */
	size_t hash;
};

struct map {
	struct slot *slots; /* NULL: it has few entries */
	size_t mask;        /* how many slots there are, less one */
	size_t seed;
	struct map_entry *first, *last;
	size_t count;
	struct arena entries;
	struct map_entry **dropped; /* by the class of their size, for those that come; NULL: none was yet */
};

/* Another one in each process, so that nobody can choose names that all want one slot. */
static size_t seed(void)
{
	size_t random = 0;
	const void *bytes = (const void *)getauxval(AT_RANDOM); /* NOLINT(performance-no-int-to-ptr) */
	if (bytes)
		memcpy(&random, bytes, sizeof random);
	return random;
}

/* FNV-1a; the upper half decides as well. */
static size_t hash_of(const struct map *map, const char *key)
{
	uint64_t hash = map->seed;
	for (const unsigned char *c = (const unsigned char *)key; *c; c++)
		hash = (hash ^ *c) * UINT64_C(0x100000001b3);
	return (size_t)(hash ^ hash >> 32);
}

/* The slot of that key, or the free one where it would be. */
static struct slot *find(const struct map *map, const char *key, size_t hash)
{
	size_t at = hash & map->mask;
	while (map->slots[at].entry &&
	       (map->slots[at].hash != hash || strcmp(map->slots[at].entry->key, key) != 0))
		at = (at + 1) & map->mask;
	return &map->slots[at];
}

/* The free slot for what is not there yet. */
static struct slot *place(const struct map *map, size_t hash)
{
	size_t at = hash & map->mask;
	while (map->slots[at].entry)
		at = (at + 1) & map->mask;
	return &map->slots[at];
}

/* NULL: it is not there. */
static struct map_entry *entry_of(const struct map *map, const char *key, size_t hash)
{
	struct map_entry *entry = map->first;
	if (map->slots)
		return find(map, key, hash)->entry;
	while (entry && strcmp(entry->key, key) != 0)
		entry = entry->next;
	return entry;
}

static struct map *map_new(void)
{
	struct map *map = calloc(1, sizeof *map);
	if (map)
		map->seed = seed();
	return map;
}

static int make_slots(struct map *map)
{
	map->slots = calloc(FIRST_SLOTS, sizeof *map->slots);
	if (!map->slots)
		return -1;
	map->mask = FIRST_SLOTS - 1;
	for (struct map_entry *entry = map->first; entry; entry = entry->next) {
		size_t hash = hash_of(map, entry->key);
		*place(map, hash) = (struct slot){entry, hash};
	}
	return 0;
}

/* At least a quarter of the slots stays free. */
static int make_room(struct map *map)
{
	size_t slots = map->mask + 1;
	if (!map->slots)
		return map->count < FEW ? 0 : make_slots(map);
	if (map->count + 1 <= slots / 4 * 3)
		return 0;
	struct map wider = {.slots = calloc(2 * slots, sizeof *wider.slots), .mask = 2 * slots - 1};
	if (!wider.slots)
		return -1;
	for (size_t i = 0; i < slots; i++)
		if (map->slots[i].entry)
			*place(&wider, map->slots[i].hash) = map->slots[i];
	free(map->slots);
	map->slots = wider.slots;
	map->mask = wider.mask;
	return 0;
}

static size_t class_of(size_t size)
{
	size_t even = (size - 1) / STEP;
	return even < EVEN_CLASSES ? even : EVEN_CLASSES + 55 - (size_t)__builtin_clzll(size - 1);
}

static size_t size_of(size_t class)
{
	return class < EVEN_CLASSES ? (class + 1) * STEP : 2 * EVEN_CLASSES * STEP << (class - EVEN_CLASSES);
}

static struct map_entry *entry_new(struct map *map, size_t key_size)
{
	size_t class = class_of(sizeof(struct map_entry) + key_size);
	struct map_entry *entry = map->dropped ? map->dropped[class] : NULL;
	if (!entry)
		return arena_alloc(&map->entries, size_of(class));
	map->dropped[class] = entry->next;
	return entry;
}

/* Without memory for the lists its place stays empty until the map goes. */
static void entry_drop(struct map *map, struct map_entry *entry)
{
	size_t class = class_of(sizeof *entry + strlen(entry->key) + 1);
	if (!map->dropped && !(map->dropped = calloc(CLASSES, sizeof *map->dropped)))
		return;
	entry->next = map->dropped[class];
	map->dropped[class] = entry;
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

static int put_new(struct map *map, const char *key, size_t hash, void *value)
{
	size_t size = strlen(key) + 1;
	struct map_entry *entry = make_room(map) ? NULL : entry_new(map, size);
	if (!entry)
		return -1;
	*entry = (struct map_entry){.value = value};
	memcpy(entry->key, key, size);
	if (map->slots)
		*place(map, hash) = (struct slot){entry, hash};
	append(map, entry);
	return 0;
}

int map_put(struct map **map, const char *key, void *value)
{
	struct map *to = *map ? *map : map_new();
	size_t hash = to ? hash_of(to, key) : 0;
	struct map_entry *entry = to ? entry_of(to, key, hash) : NULL;
	if (entry)
		entry->value = value;
	if (entry || (to && put_new(to, key, hash, value) == 0)) {
		*map = to;
		return 0;
	}
	if (!*map)
		map_release(&to);
	count_memory_failure();
	return -1;
}

void *map_get(const struct map *map, const char *key)
{
	const struct map_entry *entry = map ? entry_of(map, key, map->slots ? hash_of(map, key) : 0) : NULL;
	return entry ? entry->value : NULL;
}

/* Those behind it that only stand there because it was in their way move up. */
static void vacate(struct map *map, size_t hole)
{
	for (size_t at = (hole + 1) & map->mask; map->slots[at].entry; at = (at + 1) & map->mask) {
		size_t wanted = map->slots[at].hash & map->mask;
		if (((at - wanted) & map->mask) < ((at - hole) & map->mask))
			continue;
		map->slots[hole] = map->slots[at];
		hole = at;
	}
	map->slots[hole].entry = NULL;
}

void map_drop(struct map **map, const char *key)
{
	size_t hash = *map ? hash_of(*map, key) : 0;
	struct map_entry *entry = *map ? entry_of(*map, key, hash) : NULL;
	if (!entry)
		return;
	if ((*map)->slots)
		vacate(*map, (size_t)(find(*map, key, hash) - (*map)->slots));
	*(entry->previous ? &entry->previous->next : &(*map)->first) = entry->next;
	*(entry->next ? &entry->next->previous : &(*map)->last) = entry->previous;
	entry_drop(*map, entry);
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
	arena_release(&(*map)->entries);
	free((*map)->dropped);
	free((*map)->slots);
	free(*map);
	*map = NULL;
}
