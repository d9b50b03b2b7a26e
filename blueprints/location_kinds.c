/* location_kinds.c - what the language goes by of each type of location: the one table of them. What a target
 * can do, its driver says. */
#include <string.h>

#include "base/cleanup.h"
#include "blueprints/reading.h"

static const struct location_kind kinds[] = {
    {.type = "localhost", .bare = true, .processes = true, .stand_ins = true},
    {.type = "ssh", .bare = true, .processes = true, .elsewhere = true, .stand_ins = true},
    {.type = "byon", .processes = true, .elsewhere = true, .pool = true, .machines = true},
    {.type = "openstack", .processes = true, .elsewhere = true, .machines = true},
    {.type = "docker", .bare = true, .stand_ins = true},
    {.type = "fake", .bare = true},
    {.type = "marathon", .apps = true},
    {.type = "mesos", .apps = true},
};

const struct location_kind *location_kind_named(const char *type)
{
	static const struct location_kind unknown = {.type = ""};

	for (size_t i = 0; type && i < COUNT_OF(kinds); i++)
		if (!strcmp(kinds[i].type, type))
			return &kinds[i];
	return &unknown;
}

const struct location_kind *location_kind_of(const struct reading *r, const struct location_spec *location)
{
	return location_kind_named(location_type_of(r, location));
}
