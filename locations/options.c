/* options.c - what a location's options say of paths and secrets of this machine. */
#include "locations/options.h"

#include <string.h>

#include "base/cleanup.h"

int option_wrong(const struct location *location, const char *key, const char *wanted, struct error *err)
{
	return fail(err, ERR_INVALID, "location `%s`: `%s` must be %s", location->name, key, wanted);
}

int option_path(const struct location *location, struct arena *arena, const char *key, const char *text,
		const char **ret, struct error *err)
{
	const char *home = location_variable(location, "HOME");

	if (starts_with(text, "~/") && home)
		*ret = arena_format(arena, "%s%s", home, text + 1);
	else if (*text == '/')
		*ret = arena_text(arena, text);
	else
		return option_wrong(location, key, "a path that begins with / or ~/", err);
	return *ret ? 0 : fail_memory(err);
}

int option_secret(const struct location *location, struct arena *arena, const char *key, const char *text,
		  const char **ret, struct error *err)
{
	struct world *world = location->world;
	owned_text content = {.secret = true};
	bool whole = !strcmp(key, "privateKeyData");
	const char *path;

	*ret = text;
	if (starts_with(text, "env:")) {
		*ret = location_variable(location, text + strlen("env:"));
		return *ret ? 0
			    : fail(err, ERR_MISSING, "location `%s`: `%s`: the variable `%s` is not set",
				   location->name, key, text + strlen("env:"));
	}
	if (!starts_with(text, "file:"))
		return 0;
	if (option_path(location, arena, key, text + strlen("file:"), &path, err) < 0 ||
	    world->ops->file_read(world, path, 65536, &content, err) < 0)
		return -1;
	*ret = arena_copy(arena, text_view(&content),
			  whole ? content.length : strcspn(text_view(&content), "\r\n"));
	return *ret ? 0 : fail_memory(err);
}
