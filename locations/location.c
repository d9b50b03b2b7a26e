/* location.c - the registry of drivers and the names that instances carry at their targets. */
#include "locations/location.h"

#include <string.h>

static const struct location_driver *const drivers[] = {&localhost_driver, &docker_driver, &fake_driver,
							NULL};

const struct location_driver *const *location_drivers(void)
{
	return drivers;
}

const struct location_driver *location_driver_of(const char *type)
{
	for (size_t i = 0; drivers[i]; i++)
		if (!strcmp(drivers[i]->type, type))
			return drivers[i];
	return NULL;
}

void inventory_release(struct inventory *inventory)
{
	arena_release(&inventory->arena);
	*inventory = (struct inventory){0};
}

char *instance_name(struct arena *arena, const char *app, const char *component, unsigned ordinal)
{
	return arena_format(arena, "%s.%s.%u", app, component, ordinal);
}

/* Only the spelling that instance_name gives counts, or two names would stand for one instance. */
static bool ordinal_of(const char *text, unsigned *ret_ordinal)
{
	int64_t number;

	if (*text < '1' || *text > '9' || !parse_number(text, 1, UINT32_MAX, &number))
		return false;
	*ret_ordinal = (unsigned)number;
	return true;
}

bool instance_name_split(struct arena *arena, const char *name, const char **ret_app,
			 const char **ret_component, unsigned *ret_ordinal)
{
	const char *first = strchr(name, '.');
	const char *second = first ? strchr(first + 1, '.') : NULL;
	unsigned ordinal;

	if (!second || first == name || second == first + 1 || !ordinal_of(second + 1, &ordinal))
		return false;
	const char *app = arena_copy(arena, name, (size_t)(first - name));
	const char *component = arena_copy(arena, first + 1, (size_t)(second - first - 1));
	if (!app || !component)
		return false;
	*ret_app = app;
	*ret_component = component;
	*ret_ordinal = ordinal;
	return true;
}
