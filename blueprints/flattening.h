/* flattening.h - components within others, while each becomes one of its own. */
#ifndef BERTH_BLUEPRINTS_FLATTENING_H
#define BERTH_BLUEPRINTS_FLATTENING_H

#include "blueprints/component.h"

struct flattening {
	struct reading *r;
	struct growing services;   /* const struct yaml_node * */
	struct growing scopes;     /* const struct scope *: where names in each are looked for first */
	const struct scope *scope; /* of those that are taken now */
	struct growing parents;    /* size_t: in which of the services each is, or NO_PARENT */
	size_t parent;             /* of those that are taken now */
	size_t groups;
};

/* children.c: a component, and those that are in it. */
void flatten_take(struct flattening *flat, const struct yaml_node *service, int depth);
/* What it has of its parent: location and configuration, and with `server` the machine. */
const struct yaml_node *flatten_inherit(struct flattening *flat, const struct yaml_node *child,
					const struct yaml_node *parent, const char *server);
const struct yaml_entry *children_of(const struct yaml_node *service);
/* Of what says something about others, and has nobody to say it of: enrichers, effectors. */
bool tells_only(const char *key);
/* That a key has no effect on what only holds its components together. */
void warn_only_holds(struct reading *r, const struct yaml_entry *entry);

/* web_clusters.c: one of Brooklyn's clusters of web servers: true when it is one, and was taken. */
bool web_cluster_take(struct flattening *flat, const struct yaml_node *service, int depth);

/* nested.c: a cluster whose members are clusters, or made of several components: true when it is one, and was
 * taken. */
bool nested_take(struct flattening *flat, const struct yaml_node *service, int depth);
/* The component, under the id that it has in its scope. */
const struct yaml_node *nested_name(struct flattening *flat, const struct yaml_node *service);

#endif
