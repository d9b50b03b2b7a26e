/* strangers.c - what holds a name of ours without our mark: met by whoever asks for the name, told by the
 * next listing. */
#include <string.h>

#include "base/map.h"
#include "locations/docker/docker.h"

void stranger_met(struct docker *docker, const char *name)
{
	/* Without memory it is met again. */
	(void)map_put(&docker->strangers, name, docker);
}

struct telling {
	const char *app;
	struct inventory *inventory;
	struct inventory_stranger *strangers;
	bool failed;
};

static bool tell(const char *name, void *value, void *context)
{
	struct telling *telling = context;
	struct arena *arena = &telling->inventory->arena;
	size_t length = telling->app ? strlen(telling->app) : 0;

	(void)value;
	if (telling->app && (strncmp(name, telling->app, length) != 0 || name[length] != '.'))
		return true;
	struct inventory_stranger *to = &telling->strangers[telling->inventory->stranger_count++];
	to->name = arena_text(arena, name);
	to->what = arena_format(arena, "container `%s`", name);
	telling->failed |= !to->name || !to->what;
	return true;
}

int strangers_tell(struct docker *docker, const char *app, struct inventory *inventory)
{
	struct telling telling = {.app = app, .inventory = inventory};

	telling.strangers =
	    arena_array(&inventory->arena, struct inventory_stranger, map_count(docker->strangers) + 1);
	if (!telling.strangers)
		return -1;
	map_each(docker->strangers, tell, &telling);
	inventory->strangers = telling.strangers;
	if (telling.failed)
		return -1;
	/* Told once: whoever wants the name again will see whether it is still held. */
	for (size_t i = 0; i < inventory->stranger_count; i++)
		map_drop(&docker->strangers, inventory->strangers[i].name);
	return 0;
}
