/* map.h - look-ups by name: by string, in the order of their insertion. */
#ifndef BERTH_BASE_MAP_H
#define BERTH_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>

struct map; /* NULL is an empty map */

/* 0, or -1 when memory is gone. The key is copied; the value stays its owner's. An old value is replaced. */
int map_put(struct map **map, const char *key, void *value);
void *map_get(const struct map *map, const char *key); /* NULL when absent */
void map_drop(struct map **map, const char *key);
size_t map_count(const struct map *map);
/* Calls visit for each entry in the order of insertion, until it returns false. */
void map_each(const struct map *map, bool (*visit)(const char *key, void *value, void *context),
	      void *context);
void map_release(struct map **map);

#endif
