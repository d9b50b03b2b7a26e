/* simulate_names.c - whom and what a scenario names must be in the blueprints: a wrong name would hold for
 * ever. */
#include <string.h>

#include "base/cleanup.h"
#include "engine/simulate.h"

struct checking {
	struct simulation *simulation;
	struct diagnostics *list;
	const char **components, **locations;
	size_t component_count, location_count;
};

static void check(struct checking *checking, const char *name, struct place place, const char *what,
		  const char *const *known, size_t count)
{
	owned_text all = {0};
	for (size_t i = 0; i < count; i++) {
		if (strcmp(known[i], name) == 0)
			return;
		text_format(&all, "%s%s", i ? ", " : "", known[i]);
	}
	struct diagnostic *entry = complain(checking->list, place, "%s `%.60s`", what, name);
	const char *meant = closest(name, known, count);
	if (meant)
		advise(checking->list, entry, "did you mean `%s`?", meant);
	else if (all.length)
		advise(checking->list, entry, "there is: %s", text_view(&all));
}

static void check_component(struct checking *checking, const char *name, struct place place)
{
	if (name)
		check(checking, name, place, "the blueprint has no component", checking->components,
		      checking->component_count);
}

static void check_instance(struct checking *checking, const struct said_text *said)
{
	unsigned ordinal;
	if (said->text)
		check_component(checking, instance_said(&checking->simulation->arena, said->text, &ordinal),
				said->place);
}

static void check_location(struct checking *checking, const char *name, struct place place)
{
	if (name)
		check(checking, name, place, "nothing of the blueprint goes to a location",
		      checking->locations, checking->location_count);
}

static void check_pairs(struct checking *checking, const struct said_pair *pair)
{
	for (; pair; pair = said_next(pair))
		check_component(checking, pair->said.name, pair->said.place);
}

/* "web.env": whose it is; whether that has such a key is told by the deploy that is to follow. */
static void check_edit(struct checking *checking, const struct said_pair *pair)
{
	for (; pair; pair = said_next(pair)) {
		size_t length = strcspn(pair->said.name, ".");
		const char *name = arena_copy(&checking->simulation->arena, pair->said.name, length);
		if (name)
			check_component(checking, name, pair->said.place);
	}
}

static void check_steps(struct checking *checking, const struct scenario_step *step)
{
	for (; step; step = said_next(step)) {
		check_pairs(checking, step->components);
		check_pairs(checking, step->scale);
		check_edit(checking, step->edit);
		for (int i = 0; i < PLAN_LISTS; i++)
			check_pairs(checking, step->plan.lists[i]);
		if (step->kill.text && strcmp(step->kill.text, "berth") != 0)
			check_instance(checking, &step->kill);
		check_instance(checking, &step->remove);
		check_instance(checking, &step->cut_off);
		check_instance(checking, &step->fault.component);
		check_location(checking, step->reboot.text, step->reboot.place);
		if (!step->fault.disk_full)
			check_location(checking, step->fault.at.text, step->fault.at.place);
		check_steps(checking, step->meanwhile);
	}
}

static void check_assertions(struct checking *checking)
{
	for (const struct scenario_assertion *assertion = checking->simulation->scenario->assertions;
	     assertion; assertion = said_next(assertion)) {
		check_component(checking, assertion->component, assertion->never.place);
		check_component(checking, assertion->recovers.component.text,
				assertion->recovers.component.place);
		check_pairs(checking, assertion->outage);
		check_pairs(checking, assertion->finally.count);
	}
}

static void check_others(struct checking *checking)
{
	const struct scenario *scenario = checking->simulation->scenario;
	for (const struct scenario_behaviour *said = scenario->behaviour; said; said = said_next(said))
		check_component(checking, said->said.name, said->said.place);
	for (const struct scenario_place *place = scenario->fleet; place; place = said_next(place))
		check_location(checking, place->said.name, place->said.place);
	for (const struct scenario_samples *said = scenario->samples; said; said = said_next(said)) {
		size_t length = strcspn(said->said.name, ".");
		check_component(checking, arena_copy(&checking->simulation->arena, said->said.name, length),
				said->said.place);
	}
}

/* What other blueprints have, counts too. */
static int read_others(struct simulation *simulation, const struct scenario_step *step,
		       struct diagnostics *list)
{
	for (; step; step = said_next(step)) {
		struct error err = {0};
		struct edition edition;
		if (step->deploy.text && fleet_edition(simulation, step->deploy.text, &edition, &err))
			complain_error(list, step->deploy.place, &err);
		else if (step->deploy.text && fleet_prepare(simulation, NULL, &edition, list, &err))
			return -1;
		if (read_others(simulation, step->meanwhile, list))
			return -1;
	}
	return 0;
}

int names_check(struct simulation *simulation, struct diagnostics *list)
{
	struct checking checking = {.simulation = simulation, .list = list};
	struct error err = {0};
	if (read_others(simulation, simulation->scenario->steps, list) ||
	    fleet_prepare(simulation, NULL, &simulation->edition, list, &err))
		return -1;
	for (const struct spot *spot = simulation->spots; spot; spot = spot->next)
		checking.location_count++;
	checking.components = arena_array(&simulation->arena, const char *, simulation->watched_count + 1);
	checking.locations = arena_array(&simulation->arena, const char *, checking.location_count + 1);
	if (!checking.components || !checking.locations) {
		list->failed = true;
		return -1;
	}
	for (size_t i = 0; i < simulation->watched_count; i++)
		checking.components[checking.component_count++] = simulation->watched[i].id;
	checking.location_count = 0;
	for (const struct spot *spot = simulation->spots; spot; spot = spot->next)
		checking.locations[checking.location_count++] = spot->name;
	check_steps(&checking, simulation->scenario->steps);
	check_assertions(&checking);
	check_others(&checking);
	return list->errors || list->failed ? -1 : 0;
}

/* --- images ------------------------------------------------------------------------------------------- */

/* "busybox" is what the blueprint and the engine call "busybox:latest". */
static void settle_image(struct simulation *simulation, struct said *image, struct diagnostics *list)
{
	struct image_reference reference;
	struct error err = {0};
	if (image_reference_parse(&simulation->arena, image->name, &reference, &err) == 0)
		image->name = reference.familiar;
	else if (err.code == ERR_NO_MEMORY)
		list->failed = true;
	else
		complain_error(list, image->place, &err);
}

void names_settle(struct simulation *simulation, struct diagnostics *list)
{
	const struct scenario *scenario = simulation->scenario;
	for (const struct scenario_place *place = scenario->fleet; place; place = said_next(place))
		for (struct scenario_image *image = place->docker.images; image; image = said_next(image))
			settle_image(simulation, &image->said, list);
	for (const struct scenario_behaviour *said = scenario->behaviour; said; said = said_next(said))
		for (struct scenario_behaviour *one = said->with_image; one; one = said_next(one))
			settle_image(simulation, &one->said, list);
}

/* --- what nobody had ---------------------------------------------------------------------------------- */

static void unmet(struct simulation *simulation, const struct said *image, const char *what)
{
	owned_text words = {0};
	text_format(&words, "%s `%s`", what, image->name);
	verdicts_note(simulation, image->place, text_view(&words), "no component ever had this image");
}

static bool any_had(const struct simulation *simulation, const char *image)
{
	for (const struct spot *spot = simulation->spots; spot; spot = spot->next)
		if (map_get(spot->images, image))
			return true;
	return false;
}

void names_end(struct simulation *simulation)
{
	const struct scenario *scenario = simulation->scenario;
	for (const struct scenario_place *place = scenario->fleet; place; place = said_next(place)) {
		const struct spot *spot = fleet_spot(simulation, place->said.name);
		for (const struct scenario_image *image = place->docker.images; spot && image;
		     image = said_next(image))
			if (!map_get(spot->images, image->said.name))
				unmet(simulation, &image->said, "images");
	}
	for (const struct scenario_behaviour *said = scenario->behaviour; said; said = said_next(said))
		for (const struct scenario_behaviour *one = said->with_image; one; one = said_next(one))
			if (!any_had(simulation, one->said.name))
				unmet(simulation, &one->said, "withImage");
}
