/* measure.h - how a sensor's number is found in what was answered. */
#ifndef BERTH_BLUEPRINTS_MEASURE_H
#define BERTH_BLUEPRINTS_MEASURE_H

#include "blueprints/blueprint.h"

/* Whether `where` can be looked for in that way: 0, or -1 with what is wrong of it. */
int measure_check(enum measure_kind kind, const char *where, struct error *err);
/* The number in a text, which ends with a NUL. 0, or -1 with why there is none. */
int measure(enum measure_kind kind, const char *where, const char *text, size_t size, double *ret,
	    struct error *err);

#endif
