/* simulate_census.c - what is there in a simulated fleet: found by name, counted by component, left at the
 * end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/simulate.h"

#define ID_MOST 63 /* what a component is called */

struct visit {
	struct simulation *simulation;
	const struct sought *sought;
	struct spot *spot;
	bool (*visit)(void *owner, struct spot *spot, const struct docker_container_view *view);
	void *owner;
};

const char *fleet_component(const struct simulation *simulation, const char *name, size_t *ret_length,
			    unsigned *ret_ordinal)
{
	size_t length = strlen(simulation->app);
	if (strncmp(name, simulation->app, length) != 0 || name[length] != '.')
		return NULL;
	name += length + 1;
	*ret_length = strcspn(name, ".");
	*ret_ordinal = name[*ret_length] ? (unsigned)strtoul(name + *ret_length + 1, NULL, 10) : 0;
	return *ret_ordinal ? name : NULL;
}

bool fleet_meant(const struct simulation *simulation, const struct sought *sought, const char *name)
{
	size_t length = 0;
	unsigned ordinal = 0;
	const char *component = fleet_component(simulation, name, &length, &ordinal);
	if (!component || (sought->ordinal && sought->ordinal != ordinal))
		return false;
	return !sought->component ||
	       (strlen(sought->component) == length && strncmp(sought->component, component, length) == 0);
}

struct watched *fleet_watched(struct simulation *simulation, const char *id, size_t length)
{
	char name[ID_MOST + 1];
	if (length > ID_MOST)
		return NULL;
	memcpy(name, id, length);
	name[length] = 0;
	uintptr_t number = (uintptr_t)map_get(simulation->watched_by_id, name);
	return number ? &simulation->watched[number - 1] : NULL;
}

static bool is_up(const struct docker_container_view *view)
{
	return strcmp(view->state, "running") == 0;
}

static bool visit_container(void *owner, const struct docker_container_view *view)
{
	struct visit *visit = owner;
	if (!fleet_meant(visit->simulation, visit->sought, view->name) ||
	    (visit->sought->running && !is_up(view)))
		return true;
	return visit->visit(visit->owner, visit->spot, view);
}

void fleet_visit(struct simulation *simulation, const struct sought *sought,
		 bool (*visit)(void *owner, struct spot *spot, const struct docker_container_view *view),
		 void *owner)
{
	for (struct spot *spot = simulation->spots; spot; spot = spot->next) {
		struct visit one = {simulation, sought, spot, visit, owner};
		if (spot->engine)
			docker_engine_containers(spot->engine, visit_container, &one);
	}
}

static bool is_on_network(const struct simulation *simulation, const struct docker_container_view *view)
{
	for (size_t i = 0; i < view->endpoint_count; i++) {
		const char *network = view->endpoints[i].network;
		if (starts_with(network, "berth.") &&
		    strcmp(network + strlen("berth."), simulation->app) == 0)
			return true;
	}
	return false;
}

/* One that was cut off its network answers nobody there, until it is put back. When berth itself takes one
 * off for an instant, to give it its shared name, what is sent meanwhile arrives afterwards. */
static bool is_reached(struct simulation *simulation, const struct docker_container_view *view)
{
	void *cut = map_get(simulation->cut_off, view->name);
	bool on = !cut || is_on_network(simulation, view);
	if (cut && !on)
		map_put(&simulation->cut_off, view->name, CUT);
	else if (cut == CUT)
		map_drop(&simulation->cut_off, view->name);
	return on;
}

static bool count_one(void *owner, struct spot *spot, const struct docker_container_view *view)
{
	struct simulation *simulation = owner;
	size_t length = 0;
	unsigned ordinal = 0;
	const char *component = fleet_component(simulation, view->name, &length, &ordinal);
	struct watched *watched = fleet_watched(simulation, component, length);
	(void)spot;
	if (!watched)
		return true;
	watched->there++;
	watched->running += is_up(view);
	watched->answering += is_up(view) && view->answers && is_reached(simulation, view);
	watched->finished += strcmp(view->state, "exited") == 0 && view->exit_code == 0;
	return true;
}

void fleet_tally(struct simulation *simulation)
{
	static const struct sought all = {0};
	for (size_t i = 0; i < simulation->watched_count; i++) {
		struct watched *watched = &simulation->watched[i];
		watched->answering = watched->running = watched->finished = watched->there = 0;
	}
	fleet_visit(simulation, &all, count_one, simulation);
	processes_tally(simulation);
}

/* --- what is left ---------------------------------------------------------------------------------- */

struct leftover {
	const struct simulation *simulation;
	const char *kind;
	char words[200];
};

static bool is_marked(struct leftover *leftover, const char *name, const json_t *labels)
{
	const char *app = json_string_value(json_object_get(labels, "berth.app"));
	if (!app || strcmp(app, leftover->simulation->app) != 0)
		return true;
	snprintf(leftover->words, sizeof leftover->words, "the %s %s", leftover->kind, name);
	return false;
}

static bool left_container(void *owner, const struct docker_container_view *view)
{
	struct leftover *leftover = owner;
	leftover->kind = "container";
	return is_marked(leftover, view->name, view->labels);
}

static bool left_network(void *owner, const struct docker_network_view *view)
{
	struct leftover *leftover = owner;
	leftover->kind = "network";
	return is_marked(leftover, view->name, view->labels);
}

static bool left_volume(void *owner, const struct docker_volume_view *view)
{
	struct leftover *leftover = owner;
	leftover->kind = "volume";
	return is_marked(leftover, view->name, view->labels);
}

const char *fleet_leftover(struct simulation *simulation)
{
	for (struct spot *spot = simulation->spots; spot; spot = spot->next) {
		struct leftover leftover = {.simulation = simulation};
		if (!spot->engine)
			continue;
		docker_engine_containers(spot->engine, left_container, &leftover);
		if (!*leftover.words)
			docker_engine_networks(spot->engine, left_network, &leftover);
		if (!*leftover.words)
			docker_engine_volumes(spot->engine, left_volume, &leftover);
		if (*leftover.words)
			return arena_format(&simulation->arena, "%s at %s", leftover.words, spot->name);
	}
	return processes_leftover(simulation);
}
