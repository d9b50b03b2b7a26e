/* catalogue.h - types of components that are made of others: those that come with the program, each a text of
 * its own, and those of a blueprint's own files. */
#ifndef BERTH_BLUEPRINTS_CATALOGUE_H
#define BERTH_BLUEPRINTS_CATALOGUE_H

#include "blueprints/yaml.h"

/* A type, as a text of the catalogue has it. */
struct catalogue_type {
	const char *id;
	const struct yaml_node *entry; /* id, names, description, item, ... */
	const struct yaml_node *item;  /* the component that it stands for */
};

/* Those that come with the program; calls back for each. What they say stays as long as `texts`, all else as
 * `tree`. */
void catalogue_each(struct arena *texts, struct arena *tree,
		    void (*each)(const struct catalogue_type *, void *), void *context);

#endif
