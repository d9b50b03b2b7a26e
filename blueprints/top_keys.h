/* top_keys.h - the keys of a blueprint itself. */
#ifndef BERTH_BLUEPRINTS_TOP_KEYS_H
#define BERTH_BLUEPRINTS_TOP_KEYS_H

#include <stddef.h>

enum top { TOP_READ, TOP_NOTED, TOP_UNUSED, TOP_LATER }; /* UNUSED: without effect, which is told */

struct top_key {
	const char *name;
	enum top what;
	const char *summary; /* one line, for people who write blueprints; NULL for later ones */
	const char *shape;   /* how its value looks, a name in shapes.h; likewise */
};

extern const struct top_key top_keys[];
extern const size_t top_key_count;

#endif
