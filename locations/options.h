/* options.h - how drivers read what a location's options say of paths and secrets of this machine. */
#ifndef BERTH_LOCATIONS_OPTIONS_H
#define BERTH_LOCATIONS_OPTIONS_H

#include "locations/location.h"

/* `key` is not what it must be, of which `wanted` is the name. -1, with *err. */
int option_wrong(const struct location *location, const char *key, const char *wanted, struct error *err);
/* A path of this machine, absolute or below the home ("~/x"), in `arena`. 0, or -1 with *err. */
int option_path(const struct location *location, struct arena *arena, const char *key, const char *text,
		const char **ret, struct error *err);
/* It stands in a file or in the environment: "env:NAME", "file:PATH", whose first line it is (of a private
 * key all of it); or, where it must, as it is. In `arena`, or the caller's text. 0, or -1 with *err. */
int option_secret(const struct location *location, struct arena *arena, const char *key, const char *text,
		  const char **ret, struct error *err);

#endif
