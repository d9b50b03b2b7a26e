/* readiness.h - what is asked to find out whether an instance answers, and by which way. */
#ifndef BERTH_ENGINE_READINESS_H
#define BERTH_ENGINE_READINESS_H

#include "engine/engine.h"

/* The first check of its readiness: the blueprint's own, else whether its open TCP ports accept. CHECK_NONE:
 * that it runs is all. */
struct health_check readiness_check(const struct work *work);
/* By which way its target asks that, in words; NULL: it cannot. */
const char *readiness_way(const struct work *work, const struct health_check *check);

#endif
