/* names.c - which thing at the scripted target a name means: several may have one. */
#include <stdlib.h>
#include <string.h>

#include "locations/fake/target.h"

static void append(struct fake_instance *first, struct fake_instance *instance)
{
	while (first->same_name)
		first = first->same_name;
	first->same_name = instance;
}

int name_hold(struct fake_instance *instance)
{
	struct fake_instance *first = map_get(instance->target->instances, instance->seen.name);

	if (!first)
		return map_put(&instance->target->instances, instance->seen.name, instance);
	append(first, instance);
	return 0;
}

void name_let_go(struct fake_instance *instance)
{
	struct fake_target *target = instance->target;
	struct fake_instance *before = map_get(target->instances, instance->seen.name);

	if (before != instance) {
		while (before->same_name != instance)
			before = before->same_name;
		before->same_name = instance->same_name;
	} else if (instance->same_name) {
		/* Putting over an existing entry takes no memory and cannot fail. */
		map_put(&target->instances, instance->seen.name, instance->same_name);
	} else {
		map_drop(&target->instances, instance->seen.name);
	}
	instance->same_name = NULL;
}

/* It has the new one before it loses the old one. */
int name_change(struct fake_instance *instance, const char *name)
{
	struct fake_instance *first = map_get(instance->target->instances, name);

	if (!first && map_put(&instance->target->instances, name, instance) < 0)
		return -1;
	name_let_go(instance);
	if (first)
		append(first, instance);
	return 0;
}

static struct fake_instance *by_id(struct fake_instance *first, const char *target_id)
{
	for (; first; first = first->same_name)
		if (!strcmp(first->target_id, target_id))
			return first;
	return NULL;
}

struct fake_instance *name_holder(const struct fake_target *target, const struct location *location,
				  const char *app, const char *name)
{
	static const struct location nobody;
	size_t length;
	const char *id = double_id(name, &length);
	struct fake_instance *best = NULL;

	if (id) {
		char *plain = strndup(name, length);
		best = plain ? by_id(map_get(target->instances, plain), id) : NULL;
		free(plain);
		return best && (!app || !strcmp(best->seen.app, app)) ? best : NULL;
	}
	for (struct fake_instance *at = map_get(target->instances, name); at; at = at->same_name)
		if ((!app || !strcmp(at->seen.app, app)) &&
		    (!best || counts_before(location ? location : &nobody, &at->seen, &best->seen)))
			best = at;
	return best;
}
