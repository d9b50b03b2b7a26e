/* machine_options.h - what may be said of a machine that is reached by SSH, and of a pool of them. */
#ifndef BERTH_BLUEPRINTS_MACHINE_OPTIONS_H
#define BERTH_BLUEPRINTS_MACHINE_OPTIONS_H

#include "blueprints/yaml.h"

struct reading;

/* Which kind of map it stands in. */
enum machine_map { MAP_MACHINE = 1, MAP_POOL = 2, MAP_HOST = 4 };

/* Brooklyn's of the connection and of the machine, which change nothing here, and names for people. */
bool machine_option_is_noted(const char *key);
bool option_is_for_people(const char *key);
/* Everything that is wrong with the options in the map, at their places. `reading` may be NULL: then no file
 * is looked at. */
void machine_options_check(struct diagnostics *list, const struct reading *reading, enum machine_map kind,
			   const struct yaml_node *map);

#endif
