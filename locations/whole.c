/* whole.c - a listing of every application at a place, of which many take the part that is theirs. */
#include "locations/whole.h"

#include <stdlib.h>

#include "base/map.h"

struct group {
	size_t count, taken;
	struct observed *list;
};

struct whole {
	struct inventory inventory;
	struct error error;
	struct map *groups; /* struct group by application, in the inventory's arena; NULL: not made yet */
	unsigned users;
};

struct whole *whole_new(void)
{
	struct whole *whole = calloc(1, sizeof *whole);
	if (whole)
		whole->users = 1;
	return whole;
}

struct inventory *whole_inventory(struct whole *whole)
{
	return &whole->inventory;
}

struct error *whole_error(struct whole *whole)
{
	return &whole->error;
}

struct whole *whole_share(struct whole *whole)
{
	whole->users++;
	return whole;
}

void whole_release(struct whole *whole)
{
	if (!whole || --whole->users)
		return;
	map_release(&whole->groups);
	inventory_release(&whole->inventory);
	free(whole);
}

static int count_one(struct whole *whole, const char *app)
{
	struct group *group = map_get(whole->groups, app);
	if (!group) {
		group = arena_array(&whole->inventory.arena, struct group, 1);
		if (!group || map_put(&whole->groups, app, group))
			return -1;
	}
	group->count++;
	return 0;
}

/* Each application's instances next to each other. */
static int sort_out(struct whole *whole)
{
	const struct inventory *inventory = &whole->inventory;
	struct observed *sorted =
	    arena_array(&whole->inventory.arena, struct observed, inventory->instance_count + 1);
	size_t used = 0;
	if (!sorted)
		return -1;
	for (size_t i = 0; i < inventory->instance_count; i++)
		if (count_one(whole, inventory->instances[i].app))
			return -1;
	for (size_t i = 0; i < inventory->instance_count; i++) {
		struct group *group = map_get(whole->groups, inventory->instances[i].app);
		if (!group->list) {
			group->list = &sorted[used];
			used += group->count;
		}
		group->list[group->taken++] = inventory->instances[i];
	}
	return 0;
}

int whole_part(struct whole *whole, const char *app, struct inventory *ret)
{
	if (!whole->groups && sort_out(whole)) {
		map_release(&whole->groups);
		return -1;
	}
	const struct group *group = map_get(whole->groups, app);
	*ret = (struct inventory){.whole = whole_share(whole)};
	if (group) {
		ret->instances = group->list;
		ret->instance_count = group->count;
	}
	return 0;
}
