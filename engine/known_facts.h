/* known_facts.h - what the components of an application were made from last, path by path, as the store keeps
 * it: in tables, because as objects of JSON they would take five times the memory. */
#ifndef BERTH_ENGINE_KNOWN_FACTS_H
#define BERTH_ENGINE_KNOWN_FACTS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/json.h"

struct fact_line {
	const char *path, *value;
};

struct component_facts {
	const char *component;
	const struct fact_line *lines; /* by path */
	size_t count;
};

/* By component once it is sorted. Zero-initialised is empty. */
struct known_facts {
	struct arena arena; /* of what it does not share with another one */
	struct component_facts *items;
	size_t count, room;
};

/* From {component: {path: value}} as JSON, sorted; `what` the text is. 0, or -1 with nothing in *ret. */
int known_facts_read(const char *text, const char *what, struct known_facts *ret, struct error *err);
/* The same as JSON on one line, for the caller to free; NULL without memory. */
char *known_facts_line(const struct known_facts *facts);
/* Another component; its texts and lines must live as long. 0 or -1. */
int known_facts_add(struct known_facts *facts, struct component_facts item);
/* After the last one was added. */
void known_facts_sort(struct known_facts *facts);
void known_facts_release(struct known_facts *facts);
bool known_facts_equal(const struct known_facts *a, const struct known_facts *b);
/* NULL when there is none. */
const struct component_facts *known_facts_find(const struct known_facts *facts, const char *component);
const char *fact_value(const struct component_facts *facts, const char *path);

#endif
