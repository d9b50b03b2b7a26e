/* cloud_options.h - what may be said of a cloud that gives each instance a server of its own, by the names of
 * here and of Brooklyn. */
#ifndef BERTH_BLUEPRINTS_CLOUD_OPTIONS_H
#define BERTH_BLUEPRINTS_CLOUD_OPTIONS_H

#include "base/json.h"
#include "blueprints/yaml.h"

struct reading;

/* --- cloud_names.c --- */
/* The option that Brooklyn calls so, among its `templateOptions` or beside them; NULL: none. */
const char *cloud_option_named(const char *name, bool of_template);
/* What is said of an option, by whichever of its names; NULL: nothing. */
const json_t *cloud_option(const json_t *options, const char *key);
/* What `own` says and `more` over it: whatever is said of the same thing by another name goes. NULL: no
 * memory. */
json_t *cloud_options_over(const json_t *own, const json_t *more);
/* Brooklyn's of how it goes there, of which it is told that they change nothing here, and why; NULL: they
 * mean nothing else. */
bool cloud_option_is_effectless(const char *key, const char **ret_why);
/* Those, and names for people. */
bool cloud_option_is_noted(const char *key);

/* --- cloud_options.c --- */
/* Whether that may stand there, with effect or not. Else `ret_meant` is what was perhaps meant, or NULL. */
bool cloud_option_is_known(const char *key, const char **ret_meant);
/* Everything that is wrong with the options in the map, at their places, without asking anybody. `reading`
 * may be NULL: then no file is looked at. */
void cloud_options_check(struct diagnostics *list, const struct reading *reading,
			 const struct yaml_node *map);
/* Beside that, of what one component's machines are to be: what only the location can say. */
void cloud_machine_check(struct diagnostics *list, const struct yaml_node *map);

#endif
