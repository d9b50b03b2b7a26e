/* openings.c - who is let in to which ports of a component, where its target lets in nobody else: those who
 * link to it, and everybody where the blueprint publishes a port. */
#include <string.h>

#include "engine/specs.h"

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same(const struct opening *a, const struct opening *b)
{
	return same_text(a->component, b->component) && a->port == b->port && a->protocol == b->protocol &&
	       same_text(a->from, b->from) && same_text(a->address, b->address) &&
	       same_text(a->consumer, b->consumer);
}

static int add(struct arena *arena, struct opening_list *list, const struct opening *opening)
{
	for (size_t i = 0; i < list->count; i++)
		if (same(&list->items[i], opening))
			return 0;
	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 8;
		struct opening *items = arena_array(arena, struct opening, room);
		if (!items)
			return -1;
		if (list->count)
			memcpy(items, list->items, list->count * sizeof *items);
		list->items = items;
		list->room = room;
	}
	list->items[list->count++] = *opening;
	return 0;
}

static bool is_for_all(const struct component_spec *spec, const struct spec_port *port)
{
	for (size_t i = 0; i < spec->binding_count; i++)
		if (spec->bindings[i].port == port->port && spec->bindings[i].protocol == port->protocol)
			return true;
	for (size_t i = 0; i < spec->published_count; i++)
		if (spec->published[i].port == port->port && spec->published[i].protocol == port->protocol)
			return true;
	return false;
}

/* What a process on a machine sends comes from that machine's own number. What a container or a task sends
 * comes from wherever its host sends it, which nobody here knows; nor is it known how others see this
 * machine. */
static const char *number_of(const struct instance *consumer)
{
	if (!consumer->work->site->location.driver->capabilities.connects)
		return NULL;
	for (size_t i = 0; i < consumer->attachment_count; i++) {
		const struct attachment *at = &consumer->attachments[i];
		if (!*at->network && at->address && !starts_with(at->address, "127."))
			return at->address;
	}
	return NULL;
}

static int add_consumer(struct arena *arena, struct opening_list *list, const struct site *site,
			const struct component *consumer, struct opening opening)
{
	opening.consumer = consumer->id;
	for (size_t i = 0; i < consumer->instance_count; i++) {
		const struct instance *instance = &consumer->instances[i];
		bool here = instance->work->site == site;
		if (!instance->wanted)
			continue;
		opening.from = here ? consumer->id : NULL;
		opening.address = here ? NULL : number_of(instance);
		if (add(arena, list, &opening))
			return -1;
	}
	return 0;
}

static bool uses(const struct edge *edge, const struct component *provider, const struct spec_port *port)
{
	return edge->kind != EDGE_ORDER && edge->to == provider->index &&
	       (!edge->port || edge->port == port->port);
}

static int add_port(struct arena *arena, struct opening_list *list, const struct site *site,
		    const struct instance *provider, const struct spec_port *port)
{
	const struct component *component = provider->component;
	const struct application *application = provider->work->operation->application;
	const struct opening opening = {
	    .component = component->id, .port = port->port, .protocol = port->protocol};
	if (is_for_all(made_from(provider), port))
		return add(arena, list, &opening);
	for (size_t i = 0; port->open && i < component->consumer_count; i++) {
		const struct component *consumer = &application->components[component->consumers[i]];
		if (uses(component->consumed[i], component, port) &&
		    add_consumer(arena, list, site, consumer, opening))
			return -1;
	}
	return 0;
}

int openings_add(struct arena *arena, struct opening_list *list, const struct site *site,
		 const struct component *component)
{
	for (size_t i = 0; i < component->instance_count; i++) {
		const struct instance *instance = &component->instances[i];
		const struct work *work = instance->work;
		if (!instance->wanted || work->site != site)
			continue;
		for (size_t p = 0; p < work->port_count; p++)
			if (add_port(arena, list, site, instance, &work->ports[p]))
				return -1;
	}
	return 0;
}

static bool is_at(const struct component *component, const struct site *site)
{
	for (size_t i = 0; i < component->instance_count; i++)
		if (component->instances[i].wanted && component->instances[i].work->site == site)
			return true;
	return false;
}

bool site_lets_in(const struct site *site)
{
	return site->location.driver->capabilities.lets_in;
}

const struct openings *openings_of(struct arena *arena, const struct berth_operation *operation,
				   const struct site *site)
{
	const struct application *application = operation->application;
	struct openings *all = arena_array(arena, struct openings, 1);
	const char **components = arena_array(arena, const char *, application->component_count + 1);
	struct opening_list list = {0};
	size_t count = 0;
	if (!all || !components)
		return NULL;
	for (size_t i = 0; i < application->component_count; i++) {
		const struct component *component = &application->components[i];
		if (!is_at(component, site))
			continue;
		components[count++] = component->id;
		if (openings_add(arena, &list, site, component))
			return NULL;
	}
	*all = (struct openings){components, count, list.items, list.count};
	return all;
}
