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

int strangers_room(struct docker *docker, size_t listed, struct inventory *inventory)
{
	inventory->strangers = arena_array(&inventory->arena, struct inventory_stranger,
					   listed + map_count(docker->strangers) + 1);
	return inventory->strangers ? 0 : -1;
}

int stranger_listed(struct docker *docker, const char *name, struct inventory *inventory)
{
	struct inventory_stranger *strangers = (struct inventory_stranger *)inventory->strangers;
	struct inventory_stranger *to = &strangers[inventory->stranger_count++];

	map_drop(&docker->strangers, name); /* told by this */
	to->name = arena_text(&inventory->arena, name);
	to->what = arena_format(&inventory->arena,
				"container `%s` carries berth's labels but not its name: left alone", name);
	return to->name && to->what ? 0 : -1;
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
	struct telling telling = {
	    .app = app,
	    .inventory = inventory,
	    .strangers = (struct inventory_stranger *)inventory->strangers,
	};

	map_each(docker->strangers, tell, &telling);
	if (telling.failed)
		return -1;
	/* Told once: whoever wants the name again will see whether it is still held. */
	for (size_t i = 0; i < inventory->stranger_count; i++)
		map_drop(&docker->strangers, inventory->strangers[i].name);
	return 0;
}
