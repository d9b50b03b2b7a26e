/* whole.c - a listing of every application at a place, of which many take the part that is theirs. */
#include "locations/whole.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/map.h"

struct group {
	size_t count, taken;
	struct observed *list;
};

struct whole {
	struct inventory inventory;
	struct error error;
	/* Struct group by application, of one array; NULL: not made yet, or nobody takes a part any more. */
	struct map *groups;
	struct group *all;
	size_t group_count;
	unsigned users, readers;
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

static struct whole *whole_share(struct whole *whole)
{
	whole->users++;
	return whole;
}

static void forget_groups(struct whole *whole)
{
	map_release(&whole->groups);
	free(give(whole->all));
	whole->group_count = 0;
}

struct whole *whole_read(struct whole *whole)
{
	whole->readers++;
	return whole_share(whole);
}

void whole_read_ended(struct whole *whole)
{
	if (whole && --whole->readers == 0)
		forget_groups(whole);
	whole_release(whole);
}

void whole_release(struct whole *whole)
{
	if (!whole || --whole->users)
		return;
	forget_groups(whole);
	inventory_release(&whole->inventory);
	free(whole);
}

static int count_one(struct whole *whole, const char *app)
{
	struct group *group = map_get(whole->groups, app);
	if (!group) {
		group = &whole->all[whole->group_count++];
		if (map_put(&whole->groups, app, group))
			return -1;
	}
	group->count++;
	return 0;
}

static void put_in_place(struct observed *list, size_t *places, size_t count)
{
	for (size_t i = 0; i < count; i++)
		while (places[i] != i) {
			size_t place = places[i];
			struct observed other = list[place];
			list[place] = list[i];
			list[i] = other;
			places[i] = places[place];
			places[place] = place;
		}
}

/* Each application's instances next to each other, in the order they were told. */
static int sort_out(struct whole *whole)
{
	struct observed *list = (struct observed *)whole->inventory.instances;
	size_t count = whole->inventory.instance_count, used = 0;
	owned_memory size_t *places = calloc(count + 1, sizeof *places);
	whole->all = places ? calloc(count + 1, sizeof *whole->all) : NULL;
	if (!whole->all)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (count_one(whole, list[i].app))
			return -1;
	for (size_t i = 0; i < count; i++) {
		struct group *group = map_get(whole->groups, list[i].app);
		if (!group->list) {
			group->list = &list[used];
			used += group->count;
		}
		places[i] = (size_t)(group->list - list) + group->taken++;
	}
	put_in_place(list, places, count);
	return 0;
}

int whole_part(struct whole *whole, const char *app, struct inventory *ret)
{
	if (!whole->all && sort_out(whole)) {
		forget_groups(whole);
		return -1;
	}
	const struct group *group = map_get(whole->groups, app);
	*ret = (struct inventory){.whole = whole_share(whole), .machine = whole->inventory.machine};
	if (group) {
		ret->instances = group->list;
		ret->instance_count = group->count;
	}
	return 0;
}
