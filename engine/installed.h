/* installed.h - where to find what was installed with the library. */
#ifndef BERTH_ENGINE_INSTALLED_H
#define BERTH_ENGINE_INSTALLED_H

#include "base/arena.h"

/* The berth-helper program, or NULL without memory. */
const char *installed_helper(struct arena *arena);

#endif
