/* backend.c - the door through which what lies above the engine is called, when it is there at all. */
#include "engine/backend.h"

#include <string.h>

static const struct berth_backend *registered;

void backend_register(const struct berth_backend *backend)
{
	registered = backend;
}

int backend_open(struct berth *berth, const struct berth_options *options, struct error *err)
{
	struct berth_options copy = {.size = sizeof copy};
	if (options)
		memcpy(&copy, options, options->size < sizeof copy ? options->size : sizeof copy);
	return registered ? registered->open(berth, &copy, err) : 0;
}
