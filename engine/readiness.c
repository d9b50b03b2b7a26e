/* readiness.c - how it is found out whether an instance answers, as far as that is known beforehand. */
#include "engine/readiness.h"

#include "engine/specs.h"

struct health_check readiness_check(const struct work *work)
{
	const struct component_spec *spec = made_from(work->instance);
	struct health_check check = spec ? *spec->health : (struct health_check){0};
	for (size_t i = 0; check.kind == CHECK_NONE && i < work->port_count; i++)
		if (work->ports[i].protocol == TCP)
			check = (struct health_check){.kind = CHECK_TCP, .port = work->ports[i].port};
	return check;
}

const char *readiness_way(const struct work *work, const struct health_check *check)
{
	struct location *location = &work->site->location;
	struct arena arena = {0};
	struct instance_spec outline;
	const char *way = "from here";
	if (!location->driver->readiness)
		return way;
	if (work->spec)
		return location->driver->readiness(location, work->spec, check);
	if (!spec_outline(work, &arena, &outline))
		way = location->driver->readiness(location, &outline, check);
	arena_release(&arena);
	return way;
}
