/* called.c - by which names others call a component, for targets that can give names to a whole network
 * alone. */
#include <string.h>

#include "engine/specs.h"

static bool listed(const struct instance_spec *spec, const char *name)
{
	for (size_t i = 0; i < spec->called_count; i++)
		if (strcmp(spec->called[i], name) == 0)
			return true;
	return false;
}

static int add(struct work *work, struct instance_spec *spec, const char **names, const char *alias)
{
	const char *name = link_host_name(&work->arena, alias);

	if (!name)
		return -1;
	if (!listed(spec, name) &&
	    application_means_only(work->operation->application, alias, work->instance->component->index))
		names[spec->called_count++] = name;
	return 0;
}

int spec_called(struct work *work, struct instance_spec *spec)
{
	const struct component *self = work->instance->component;
	const char **names = arena_array(&work->arena, const char *, self->consumer_count + 1);

	if (!names)
		return -1;
	spec->called = names;
	work->operation->effort += self->consumer_count;
	for (size_t i = 0; i < self->consumer_count; i++)
		if (self->consumed[i]->kind == EDGE_LINK &&
		    add(work, spec, names, self->consumed[i]->link->alias))
			return -1;
	return 0;
}
