/* yaml.h - a YAML text as a tree in which every node knows its place, composed on libyaml's events.
 *
 * YAML 1.1 as libyaml reads it, with what it leaves to us: duplicate keys, undefined and cyclic
 * aliases, merge keys (<<), a second document, and budgets are errors here. Budgets: input 16 MiB, depth 64,
 * 8e6 nodes, 1e6 nodes through aliases, 1000 anchors, 1 MiB a scalar.
 * Scalars stay text; yaml_bool and yaml_integer type them as the key that reads them wants.
 */
#ifndef BERTH_BLUEPRINTS_YAML_H
#define BERTH_BLUEPRINTS_YAML_H

#include "blueprints/diagnostics.h"

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_node;

struct yaml_entry {
	const char *key;
	struct place key_place;
	const struct yaml_node *value;
};

struct yaml_node {
	enum yaml_kind kind : 8;
	bool plain;     /* scalar written without quotes, so `5`, `null`, `true` may be more than text */
	uint32_t count; /* entries of a list or map */
	struct place place;
	const char *text; /* scalars; NUL-terminated, embedded NULs are refused */
	union {
		const struct yaml_node **items;   /* list */
		const struct yaml_entry *entries; /* map, merge keys already merged, in source order */
	};
};

/* The root of the only document, or NULL when something is wrong (all complaints are in `list`). Nodes live
 * in `arena`; aliased nodes are shared, so the tree must be read only. `file` is copied. An empty text is an
 * error. */
const struct yaml_node *yaml_compose(struct arena *arena, const char *file, const char *text, size_t size,
				     struct diagnostics *list);
/* The value at `key`, or NULL. */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);
/* Whether it is null: an empty plain scalar, `~` or `null`. */
bool yaml_null(const struct yaml_node *node);
/* true/false (YAML 1.2 core); `yes`, `no`, `on`, `off` count too with a warning that says to write true or
 * false. */
bool yaml_bool(const struct yaml_node *node, struct diagnostics *list, bool *ret_flag);

#endif
