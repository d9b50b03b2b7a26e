/* sensor_inputs.c - the sensors that a sensor is made of: which they are, that they are there, and that none
 * is made of itself. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/formula.h"
#include "base/text.h"
#include "blueprints/sensor_item.h"
#include "blueprints/sensors.h"

enum { DEEPEST = 16 }; /* made of what is made of ... */

static const struct sensor_input *add_input(struct reading *r, struct sensor_item *item,
					    const char *component, const char *sensor)
{
	struct enricher *enricher = &item->enricher;
	struct sensor_input *inputs = arena_array(r->arena, struct sensor_input, enricher->input_count + 1);

	r->list->failed |= !inputs;
	if (!inputs)
		return NULL;
	if (enricher->input_count)
		memcpy(inputs, enricher->inputs, enricher->input_count * sizeof(*inputs));
	inputs[enricher->input_count] = (struct sensor_input){component, sensor};
	enricher->inputs = inputs;
	return &inputs[enricher->input_count++];
}

void sensor_item_input(struct reading *r, struct sensor_item *item, const char *component, const char *sensor)
{
	const char *slash = component ? NULL : strchr(sensor, '/');

	if (!slash) {
		add_input(r, item, component, sensor);
		return;
	}
	component = arena_copy(r->arena, sensor, (size_t)(slash - sensor));
	r->list->failed |= !component;
	add_input(r, item, component, slash + 1);
}

void sensor_item_formula(struct reading *r, struct sensor_item *item, const char *text, struct place place)
{
	struct formula *formula = reading_new(r, struct formula);
	struct error err = {0};

	if (!formula)
		return;
	if (formula_read(r->arena, text, formula, &err)) {
		r->list->failed |= err.code == ERR_NO_MEMORY;
		complain_error(r->list, place, &err);
		return;
	}
	for (size_t i = 0; i < formula->name_count; i++)
		sensor_item_input(r, item, NULL, formula->names[i]);
	if (!formula->name_count)
		complain(r->list, place, "the expression names no sensor");
	item->enricher.how = ENRICH_FORMULA;
	item->enricher.formula = formula;
}

bool sensor_is_of_instances(const struct sensor *sensor)
{
	switch (sensor->source) {
	case SENSOR_VALUE:
	case SENSOR_URI:
		return false;
	case SENSOR_DERIVED:
		return sensor->enricher->each;
	default:
		return true;
	}
}

/* --- whether it is made for each instance ----------------------------------------------------------- */

static const struct sensor *find_among(const struct sensor *sensors, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(sensors[i].name, name))
			return &sensors[i];
	return NULL;
}

static bool tells_of_instances(const struct draft *d, const struct sensor_input *input)
{
	const struct sensor *sensor =
	    input->component ? NULL : find_among(d->sensors.members, d->sensors.count, input->sensor);

	return sensor && sensor_is_of_instances(sensor);
}

static bool can_be_of_each(const struct draft *d, const struct sensor *sensor)
{
	for (size_t i = 0; i < sensor->enricher->input_count; i++)
		if (tells_of_instances(d, &sensor->enricher->inputs[i]))
			return true;
	return false;
}

/* What is made of the component's numbers alone is of the component, and so is what is made of that. */
void sensors_settle(struct draft *d)
{
	struct sensor *sensors = d->sensors.members;

	for (bool changed = true; changed;) {
		changed = false;
		for (size_t i = 0; i < d->sensors.count; i++) {
			struct enricher *enricher = (struct enricher *)sensors[i].enricher;
			if (!enricher || !enricher->each || can_be_of_each(d, &sensors[i]))
				continue;
			enricher->each = false;
			changed = true;
		}
	}
}

/* --- over the finished whole -------------------------------------------------------------------------- */

struct walk {
	struct reading *r;
	size_t *first;         /* of each component, the number of its first sensor */
	unsigned char *depths; /* 0: not known yet */
	bool told;             /* of a circle one of them is enough */
};

static void suggest_sensor(struct reading *r, const struct component_spec *spec, const char *wanted,
			   struct diagnostic *entry)
{
	const char **names = arena_array(r->arena, const char *, spec->sensor_count + 1);

	r->list->failed |= !names;
	for (size_t i = 0; names && i < spec->sensor_count; i++)
		names[i] = spec->sensors[i].name;
	suggest(r, entry, wanted, names, names ? spec->sensor_count : 0,
		"say under `sensors` where it comes from");
}

/* NULL with a complaint. */
static const struct sensor *find_input(struct reading *r, const struct draft *own, const struct sensor *of,
				       const struct sensor_input *input, const struct draft **ret_draft)
{
	const struct draft *draft = input->component ? find_component(r, input->component, of->place) : own;
	const struct component_spec *spec = draft ? draft->spec : NULL;
	const struct sensor *found =
	    spec ? find_among(spec->sensors, spec->sensor_count, input->sensor) : NULL;

	if (spec && !found && !r->open)
		suggest_sensor(r, spec, input->sensor,
			       complain(r->list, of->place,
					"the sensor `%s` is made of `%.80s`, which `%s` has not", of->name,
					input->sensor, spec->id));
	*ret_draft = draft;
	return found;
}

/* How deep it is made of others, 1: it is measured. More than DEEPEST: it is, or of itself. Each is looked at
 * once. */
static unsigned depth_of(struct walk *walk, const struct draft *d, const struct sensor *sensor,
			 unsigned above)
{
	unsigned char *depth = &walk->depths[walk->first[d->index] + (size_t)(sensor - d->spec->sensors)];
	unsigned deepest = 0;

	if (!sensor->enricher)
		return 1;
	if (*depth || above > DEEPEST)
		return *depth ? *depth : above;
	for (size_t i = 0; i < sensor->enricher->input_count; i++) {
		const struct draft *other;
		const struct sensor *input =
		    find_input(walk->r, d, sensor, &sensor->enricher->inputs[i], &other);
		unsigned its = input ? depth_of(walk, other, input, above + 1) : 0;
		deepest = its > deepest ? its : deepest;
	}
	*depth = (unsigned char)(deepest >= DEEPEST ? DEEPEST + 1 : deepest + 1);
	return *depth;
}

static void check_depths(struct walk *walk, const struct draft *d)
{
	for (size_t i = 0; i < d->spec->sensor_count; i++) {
		const struct sensor *sensor = &d->spec->sensors[i];
		if (depth_of(walk, d, sensor, 1) <= DEEPEST || walk->told)
			continue;
		walk->told = true;
		advise(walk->r->list,
		       complain(walk->r->list, sensor->place,
				"the sensor `%s` is made of itself, or of others more than %d deep",
				sensor->name, DEEPEST),
		       "begin with one that is measured");
	}
}

/* --- of groups ---------------------------------------------------------------------------------------- */

/* Of a group those of its members that have such a sensor. */
static void take_members(struct reading *r, const struct sensor *of, const struct component_group *group,
			 const char *wanted, struct growing *inputs)
{
	size_t before = inputs->count;

	for (size_t i = 0; i < group->count; i++) {
		const struct component_spec *spec = r->drafts[group->members[i]].spec;
		struct sensor_input *input = find_among(spec->sensors, spec->sensor_count, wanted)
						 ? grow_new(r, inputs, struct sensor_input)
						 : NULL;
		if (input)
			*input = (struct sensor_input){spec->id, wanted};
	}
	if (inputs->count == before && !r->open)
		advise(r->list,
		       complain(r->list, of->place, "no member of the group `%s` has the sensor `%.80s`",
				group->id, wanted),
		       "say under the `sensors` of its members where it comes from");
}

/* Names become those of components, as they are meant where the sensor stands. */
static void take_input(struct reading *r, const struct draft *d, const struct sensor *of,
		       const struct sensor_input *input, struct growing *inputs)
{
	const struct component_group *group = input->component ? group_find(r, input->component) : NULL;
	const struct draft *other =
	    input->component && !group ? find_component(r, input->component, of->place) : d;

	if (group && of->enricher->together) {
		take_members(r, of, group, input->sensor, inputs);
		return;
	}
	if (group)
		advise(r->list,
		       complain(r->list, of->place, "`%s` is a group: its members' numbers are several",
				group->id),
		       "make one of them first: {from: %s/%s, aggregate: sum}", group->id, input->sensor);
	struct sensor_input *added = group || !other ? NULL : grow_new(r, inputs, struct sensor_input);
	if (added)
		*added = (struct sensor_input){input->component ? other->spec->id : NULL, input->sensor};
}

static void name_inputs(struct reading *r, struct draft *d)
{
	for (size_t i = 0; i < d->spec->sensor_count; i++) {
		const struct sensor *sensor = &d->spec->sensors[i];
		struct enricher *enricher = (struct enricher *)sensor->enricher;
		struct growing inputs = {0};
		for (size_t n = 0; enricher && n < enricher->input_count; n++)
			take_input(r, d, sensor, &enricher->inputs[n], &inputs);
		if (!enricher)
			continue;
		enricher->inputs = kept(r, &inputs, sizeof(*enricher->inputs));
		enricher->input_count = enricher->inputs ? inputs.count : 0;
	}
}

void sensors_name_inputs(struct reading *r)
{
	for (size_t i = 0; i < r->count; i++) {
		r->scope = r->drafts[i].scope;
		name_inputs(r, &r->drafts[i]);
		r->scope = NULL;
	}
}

/* Those that others wait for are there. */
static void check_awaited(struct reading *r)
{
	const struct awaited_sensor *all = r->samples.members;

	for (size_t i = 0; i < r->samples.count && !r->open; i++) {
		const struct component_spec *spec = r->drafts[all[i].component].spec;
		if (!find_among(spec->sensors, spec->sensor_count, all[i].name))
			suggest_sensor(r, spec, all[i].name,
				       complain(r->list, all[i].place, "`%s` has no sensor `%.80s`", spec->id,
						all[i].name));
	}
}

void sensors_check(struct reading *r)
{
	owned_memory size_t *first = calloc(r->count + 1, sizeof(*first));
	size_t count = 0;

	for (size_t i = 0; first && i < r->count; i++) {
		first[i] = count;
		count += r->drafts[i].spec->sensor_count;
	}
	owned_memory unsigned char *depths = calloc(count + 1, sizeof(*depths));
	struct walk walk = {.r = r, .first = first, .depths = depths};
	r->list->failed |= !first || !depths;
	for (size_t i = 0; first && depths && count && i < r->count; i++)
		check_depths(&walk, &r->drafts[i]);
	check_awaited(r);
}
