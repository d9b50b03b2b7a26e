/* readable.h - a fact as whoever wrote the blueprint would write it. */
#ifndef BERTH_ENGINE_READABLE_H
#define BERTH_ENGINE_READABLE_H

#include "base/arena.h"

/* The value of the fact at that path; NULL where none is meant, and when memory is gone. */
const char *readable_fact(struct arena *arena, const char *path, const char *value);

#endif
