/* handle.h - opening the engine in a world of the caller's choice, for tests and simulation. */
#ifndef BERTH_ENGINE_HANDLE_H
#define BERTH_ENGINE_HANDLE_H

#include "engine/engine.h"

/* As berth_open, in a given world (not closed with the handle) and environment (NULL: the process'). */
int berth_open_in(struct berth **ret, struct world *world, const char *(*environment)(const char *name),
		  const struct berth_options *options, struct error *err);
/* A struct of the caller's whose size was forgotten. */
int fail_size(const char *structure, struct error *err);
void berth_error_from(struct berth_error *ret, const struct error *err);

#endif
