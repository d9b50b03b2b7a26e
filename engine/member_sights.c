/* member_sights.c - what was listed of a cluster's members, by component and ordinal. */
#include <stdlib.h>
#include <string.h>

#include "engine/membership.h"

static int by_component(const void *one, const void *other)
{
	const struct observed *a = ((const struct sight *)one)->seen,
			      *b = ((const struct sight *)other)->seen;
	int order = strcmp(a->component, b->component);
	if (order)
		return order;
	return a->ordinal < b->ordinal ? -1 : a->ordinal > b->ordinal;
}

int sights_gather(struct deciding *deciding)
{
	struct sights *sights = &deciding->sights;
	size_t count = 0;
	if (sights->gathered)
		return 0;
	for (const struct site *site = deciding->operation->sites; site; site = site->next)
		count += site->inventory.instance_count;
	if (!(sights->items = calloc(count + 1, sizeof *sights->items)))
		return -1;
	for (struct site *site = deciding->operation->sites; site; site = site->next)
		for (size_t i = 0; i < site->inventory.instance_count; i++)
			if (!site->inventory.instances[i].late_double)
				sights->items[sights->count++] =
				    (struct sight){&site->inventory.instances[i], site};
	if (sights->count)
		qsort(sights->items, sights->count, sizeof *sights->items, by_component);
	sights->gathered = true;
	return 0;
}

const struct sight *sights_of(const struct sights *sights, const char *id, size_t *ret_count)
{
	size_t low = 0, high = sights->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(sights->items[middle].seen->component, id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_count = 0;
	while (low + *ret_count < sights->count &&
	       !strcmp(sights->items[low + *ret_count].seen->component, id))
		++*ret_count;
	return sights->items + low;
}

bool seen_well(const struct observed *seen)
{
	return seen->state == SEEN_RUNNING ||
	       (seen->job && seen->state == SEEN_STOPPED && seen->exit_code == 0);
}

bool member_is_there(const struct membership *m, unsigned ordinal, bool well)
{
	size_t count;
	const struct sight *seen = sights_of(&m->deciding->sights, m->component->id, &count);
	for (size_t i = 0; i < count; i++)
		if (seen[i].seen->ordinal == ordinal && (!well || seen_well(seen[i].seen)))
			return true;
	return false;
}
