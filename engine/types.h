/* types.h - what is said of a component's keys to those who ask. */
#ifndef BERTH_ENGINE_TYPES_H
#define BERTH_ENGINE_TYPES_H

#include "blueprints/keys.h"

/* One line, or NULL where nothing is said of it. */
const char *type_key_summary(enum component_key key);

#endif
