/* catalogue.h - types that are made of others: those that come with the program, each a text of its own, and
 * those of a blueprint's own files. */
#ifndef BERTH_BLUEPRINTS_CATALOGUE_H
#define BERTH_BLUEPRINTS_CATALOGUE_H

#include "blueprints/yaml.h"

struct reading;
struct growing;

/* What an item can be used as; those up to APPLICATION as the type of a component. */
enum catalogue_kind {
	CATALOGUE_COMPONENT,
	CATALOGUE_APPLICATION,
	CATALOGUE_LOCATION,
	CATALOGUE_POLICY,
	CATALOGUE_ENRICHER,
	CATALOGUE_OTHER,
};

/* A type, as a text of the catalogue has it. */
struct catalogue_type {
	const char *id;
	const char *version; /* "" where none is said */
	enum catalogue_kind kind;
	struct place place;
	const struct yaml_node *entry; /* id, names, description, item, ... */
	const struct yaml_node *item;  /* the component, location or policy that it stands for */
	const struct yaml_node *plan;  /* of what lists `services`: all that is written there; else NULL */
};

/* Those that come with the program; calls back for each. What they say stays as long as `texts`, all else as
 * `tree`. */
void catalogue_each(struct arena *texts, struct arena *tree,
		    void (*each)(const struct catalogue_type *, void *), void *context);

/* catalogue.c: those of the program become known to the blueprint. */
void catalogue_know_all(struct reading *r);

/* One component of that type, as it stands there. */
const struct yaml_node *catalogue_alone(struct reading *r, const struct catalogue_type *type);

/* catalogue_items.c: one more that the blueprint knows, by its names and with its version. */
void catalogue_know(struct reading *r, const struct catalogue_type *type);
/* All items below a catalogue's root, into reading->items; also those of the files that it includes. */
void catalogue_items(struct reading *r, const struct yaml_node *root);
/* Where Brooklyn's "classpath://[BUNDLE:]PATH" lies: at PATH beside the blueprint, as a bundle is a folder
 * here. Any other text is itself. */
const char *bundled_file(const char *text);
/* "a template", and how one is used. */
const char *catalogue_kind_name(enum catalogue_kind kind);
const char *catalogue_kind_use(enum catalogue_kind kind);
/* What its application or component is called. */
const char *catalogue_short_name(const char *id);

/* The location that an item is, as a map; NULL: there is none of that name. */
const struct yaml_node *catalogue_location(struct reading *r, const char *name, const char **ret_id);
/* A policy or an enricher with all that its type says of it; itself where its type is of no catalogue. */
const struct yaml_node *catalogue_adjunct(struct reading *r, const struct yaml_node *node);

/* catalogue_file.c: whether the text is a catalogue. */
bool catalogue_is(const struct yaml_node *root);
/* The application that the item makes; NULL with a complaint. `name` may be NULL where there is only one. */
const struct yaml_node *catalogue_choose(struct reading *r, const struct yaml_node *root, const char *name);
/* An application that has the item, to be read for what is wrong with it; NULL: there is nothing to read. */
const struct yaml_node *catalogue_trial(struct reading *r, const struct catalogue_type *type);

#endif
