/* shapes.h - the forms a value may have, as JSON Schema: what `berth schema` is made of. */
#ifndef BERTH_BLUEPRINTS_SHAPES_H
#define BERTH_BLUEPRINTS_SHAPES_H

#include <stddef.h>

/* The JSON within the parentheses as a text. In a shape the string "@name" stands for the definition of that
 * name. */
#define JSON(...) #__VA_ARGS__

struct shape {
	const char *name;
	const char *json;
};

/* Every form, by the name that the tables of keys and the shapes themselves use. `service`, a component, and
 * `componentConfig` are made of the table of keys. */
extern const struct shape shapes[];
extern const size_t shape_count;

#endif
