/* location_options.h - what may be said of places of the types that take a few options. */
#ifndef BERTH_BLUEPRINTS_LOCATION_OPTIONS_H
#define BERTH_BLUEPRINTS_LOCATION_OPTIONS_H

#include "blueprints/yaml.h"

/* Everything that is wrong with the options in the map, at their places. Types whose options are looked at
 * elsewhere are passed over. */
void location_options_check(struct diagnostics *list, const char *type, const struct yaml_node *map);

#endif
