/* config_lookup.c - what config("name") stands for: the component's config, a parameter, the application's
 * config. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/reading.h"

#define DEPTH_LIMIT     64
#define EXPANSION_LIMIT 1000000

struct names {
	const char **list;
	size_t count, capacity;
};

static bool take_name(const char *key, void *value, void *context)
{
	struct names *names = context;

	(void)value;
	if (names->count < names->capacity)
		names->list[names->count++] = key;
	return true;
}

void config_complain_unset(struct reading *r, struct draft *d, const char *name, struct place at)
{
	struct diagnostic *entry =
	    r->open ? NULL : complain(r->list, at, "nothing sets the config `%s`", name);
	const struct map *own = d ? d->config : NULL;
	struct names names = {.capacity = map_count(own) + map_count(r->parameters) + map_count(r->config)};

	if (!entry)
		return;
	names.list = reading_alloc(r, sizeof(*names.list) * (names.capacity + 1));
	if (!names.list)
		return;
	map_each(own, take_name, &names);
	map_each(r->parameters, take_name, &names);
	map_each(r->config, take_name, &names);
	const char *close = closest(name, names.list, names.count);
	if (close)
		advise(r->list, entry, "did you mean `%s`?", close);
	else
		advise(r->list, entry, "declare it under `parameters`, or set it in `brooklyn.config`");
}

static const struct yaml_node *find(struct reading *r, struct draft *d, const char *name, bool *ret_declared)
{
	const struct yaml_entry *entry = d ? map_get(d->config, name) : NULL;
	const struct parameter *parameter = map_get(r->parameters, name);

	*ret_declared = parameter;
	config_used(r, name);
	if (entry)
		return entry->value;
	if (parameter && parameter->setting)
		return parameter->setting;
	entry = map_get(r->config, name);
	if (entry)
		return entry->value;
	return parameter ? parameter->initial : NULL;
}

/* "a -> b -> a" */
static void complain_circle(struct reading *r, const char *what, const struct yaml_node *node,
			    const char *name, struct place at)
{
	owned_by(text_release) struct text path = {0};
	const char *chain[DEPTH_LIMIT + 1];
	int count = 0;

	for (const struct config_frame *f = r->frames; f && count < DEPTH_LIMIT; f = f->outer) {
		chain[count++] = f->name;
		if (f->node == node)
			break;
	}
	while (count--)
		text_format(&path, "%s -> ", chain[count]);
	text_add(&path, name);
	complain(r->list, at, "the %s `%s` leads back to itself: %s", what, name, text_view(&path));
}

bool frame_enter(struct reading *r, const char *what, const char *name, const struct yaml_node *node,
		 struct place at, struct config_frame *frame)
{
	for (const struct config_frame *f = r->frames; f; f = f->outer)
		if (f->node == node) {
			complain_circle(r, what, node, name, at);
			return false;
		}
	*frame = (struct config_frame){
	    .outer = r->frames, .node = node, .name = name, .depth = r->frames ? r->frames->depth + 1 : 1};
	if (frame->depth > DEPTH_LIMIT || ++r->expansions > EXPANSION_LIMIT) {
		complain(r->list, at, "%s values lead to one another too often", what);
		return false;
	}
	r->frames = frame;
	return true;
}

const struct yaml_node *config_enter(struct reading *r, struct draft *d, const char *name, struct place at,
				     struct config_frame *frame, bool *ret_absent)
{
	bool declared;
	const struct yaml_node *node = find(r, d, name, &declared);

	*ret_absent = !node && declared;
	if (!node) {
		if (!declared)
			config_complain_unset(r, d, name, at);
		return NULL;
	}
	return frame_enter(r, "config", name, node, at, frame) ? node : NULL;
}

void config_leave(struct reading *r)
{
	r->frames = r->frames->outer;
}
