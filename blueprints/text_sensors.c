/* text_sensors.c - sensors that are texts: made of what the blueprint says and of where components are, for
 * whoever asks by attributeWhenReady, and to be shown. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/catalogue.h"
#include "blueprints/sensor_item.h"

/* --- the one of a name, as the blueprint has it ------------------------------------------------------ */

static const struct yaml_node *list_of(const struct draft *d, enum component_key key, enum yaml_kind kind)
{
	const struct yaml_entry *given = given_of(d, key);

	return given && given->value->kind == kind ? given->value : NULL;
}

/* A key of an enricher or an initializer, in its configuration or beside that. */
static const struct yaml_node *part_of(const struct yaml_node *item, const char *key)
{
	static const char *const folders[] = {"brooklyn.config", "config"};
	const struct yaml_node *found = yaml_get(item, key);

	for (size_t i = 0; !found && i < COUNT_OF(folders); i++) {
		const struct yaml_node *config = yaml_get(item, folders[i]);
		found = config && config->kind == YAML_MAP ? yaml_get(config, key) : NULL;
	}
	return found;
}

static const struct yaml_node *any_part(const struct yaml_node *item, const char *const *keys)
{
	const struct yaml_node *found = NULL;

	for (; *keys && !found; keys++)
		found = part_of(item, *keys);
	return found;
}

/* Also as $brooklyn:sensor("NAME"). */
static bool is_named(struct reading *r, const struct yaml_node *node, const char *name)
{
	const struct expression *e = node && is_expression(node) ? expression_read(r, node) : NULL;

	if (e)
		return e->kind == EXPRESSION_CALL && !strcmp(e->text, "sensor") && e->count &&
		       e->arguments[e->count - 1]->kind == EXPRESSION_TEXT &&
		       !strcmp(e->arguments[e->count - 1]->text, name);
	return node && node->kind == YAML_SCALAR && !strcmp(node->text, name);
}

static const struct yaml_node *of_enrichers(struct reading *r, struct draft *d, const char *name)
{
	static const char *const targets[] = {"enricher.targetSensor", "targetSensor", "target", NULL};
	static const char *const values[] = {"enricher.targetValue", "targetValue", "expression", NULL};
	const struct yaml_node *list = list_of(d, KEY_ENRICHERS, YAML_LIST);

	for (size_t i = 0; list && i < list->count; i++) {
		const struct yaml_node *item = catalogue_adjunct(r, list->items[i]);
		const struct yaml_node *value = item->kind == YAML_MAP ? any_part(item, values) : NULL;
		if (value && is_named(r, any_part(item, targets), name) && sensor_is_text(r, d, value))
			return value;
	}
	return NULL;
}

static const struct yaml_node *of_initializers(struct reading *r, struct draft *d, const char *name)
{
	const struct yaml_node *list = list_of(d, KEY_INITIALIZERS, YAML_LIST);

	for (size_t i = 0; list && i < list->count; i++) {
		const struct yaml_node *item = list->items[i];
		const struct yaml_node *value = item->kind == YAML_MAP ? part_of(item, "static.value") : NULL;
		if (value && is_named(r, part_of(item, "name"), name))
			return value;
	}
	return NULL;
}

static const struct yaml_node *find(struct reading *r, struct draft *d, const char *name)
{
	const struct yaml_node *map = list_of(d, KEY_SENSORS, YAML_MAP);
	const struct yaml_node *own = map ? yaml_get(map, name) : NULL;
	const struct yaml_node *text = own && own->kind == YAML_MAP ? yaml_get(own, "text") : NULL;

	if (!text)
		text = of_enrichers(r, d, name);
	return text ? text : of_initializers(r, d, name);
}

bool text_sensor_is(struct reading *r, struct draft *d, const char *name)
{
	return find(r, d, name) != NULL;
}

/* --- what it says ------------------------------------------------------------------------------------ */

bool text_sensor_read(struct reading *r, struct draft *of, const char *name, struct place at,
		      struct value *ret, int *ret_done)
{
	const struct yaml_node *node = find(r, of, name);
	struct config_frame frame;

	if (!node)
		return false;
	*ret_done = frame_enter(r, "sensor", name, node, at, &frame) ? value_read(r, of, node, ret) : -1;
	if (r->frames == &frame)
		config_leave(r);
	return true;
}

void text_sensor_keep(struct reading *r, struct draft *d, const char *name, const struct yaml_node *node)
{
	struct draft *owner = r->owner;
	struct config_frame frame;
	struct value value;

	/* Who only tells of others does not wait for them. */
	r->owner = NULL;
	bool read =
	    frame_enter(r, "sensor", name, node, node->place, &frame) && !value_read(r, d, node, &value);
	if (r->frames == &frame)
		config_leave(r);
	r->owner = owner;
	struct environment_entry *added = read ? grow_new(r, &d->texts, struct environment_entry) : NULL;
	if (added)
		*added = (struct environment_entry){.name = name, .value = value, .place = node->place};
}
