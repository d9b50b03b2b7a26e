/* simulate_blueprint.c - a blueprint comes into a simulation: where its components go, and with what images,
 * secrets, files and programs they find there. */
#include <string.h>

#include "base/cleanup.h"
#include "base/digest.h"
#include "engine/simulate.h"

#define MADE_UP    "simulated"
#define PULL_MS    300
#define FILE_LIMIT (16 << 20)

static const char *look_up(void *context, const char *name)
{
	(void)context;
	return environment_value(name);
}

/* --- what it names --------------------------------------------------------------------------------- */

static const struct scenario_image *image_said(const struct spot *spot, const char *reference)
{
	for (const struct scenario_image *image = spot->said ? spot->said->images : NULL; image;
	     image = said_next(image))
		if (strcmp(image->said.name, reference) == 0)
			return image;
	return NULL;
}

/* Every image has its registry, unless it is said to be missing. */
static void put_image(struct spot *spot, const char *reference)
{
	const struct scenario_image *said = image_said(spot, reference);
	if (map_get(spot->images, reference))
		return;
	map_put(&spot->images, reference, spot);
	char digest[DIGEST_HEX] = "", shown[DIGEST_HEX + 8];
	digest_hex(reference, strlen(reference), digest);
	snprintf(shown, sizeof shown, "sha256:%s", digest);
	struct docker_registry registry = {.reference = reference,
					   .digest = shown,
					   .pull_ms = said && said->pull_ms ? said->pull_ms : PULL_MS};
	if (said && said->missing) {
		registry.digest = NULL;
		registry.status = 404;
		registry.words = "manifest unknown: manifest unknown";
	}
	docker_engine_registry(spot->engine, &registry);
	if (said && said->present)
		docker_engine_image(spot->engine, reference, shown);
}

/* A job comes to its end by itself, and well, unless it is said to do otherwise. */
static void put_behaviour(struct simulation *simulation, struct docker_engine *engine,
			  const struct scenario_behaviour *said, const struct watched *watched,
			  const char *image)
{
	const char *component = watched->id;
	bool exits = said_has(said, BEHAVIOUR_EXITS);
	unsigned ends = exits ? (unsigned)said->exits : watched->job ? UINT32_MAX : 0;
	owned_memory char *name = NULL;
	if (asprintf(&name, "%s.%s", simulation->app, component) < 0)
		return;
	docker_engine_behave(engine, &(struct docker_behaviour){.name = name,
								.image = image,
								.exits = ends,
								.exit_code = (int)said->exit_code,
								.lives_ms = said->lives_ms,
								.answers_after_ms = said->answers_after_ms,
								.stops_ms = said->stops_ms,
								.log = said->log.text,
								.broken = said->broken.text});
}

static void put_behaviours(struct simulation *simulation, struct spot *spot, const struct watched *watched)
{
	static const struct scenario_behaviour nothing;
	const struct scenario_behaviour *said = simulation->scenario->behaviour;
	if (map_get(spot->behaved, watched->id) || map_put(&spot->behaved, watched->id, spot))
		return;
	while (said && strcmp(said->said.name, watched->id) != 0)
		said = said_next(said);
	put_behaviour(simulation, spot->engine, said ? said : &nothing, watched, NULL);
	for (const struct scenario_behaviour *one = said ? said->with_image : NULL; one; one = said_next(one))
		put_behaviour(simulation, spot->engine, one, watched, one->said.name);
}

/* A secret that is nowhere has a value all the same. */
static void put_secret(struct simulation *simulation, struct deployer *by, const char *reference)
{
	const char *path = reference + strlen("file:");
	owned_text content = {0};
	if (starts_with(reference, "env:"))
		map_put(&simulation->made_up, reference + strlen("env:"), MADE_UP);
	else if (starts_with(reference, "file:") && machine_read(by->machine, path, &content))
		machine_file(by->machine, path, 0644, MADE_UP);
}

static void put_value(struct simulation *simulation, struct deployer *by, const struct value *value)
{
	if (value->kind == VALUE_SECRET)
		put_secret(simulation, by, value->text);
	for (size_t i = 0; i < value->part_count; i++)
		put_value(simulation, by, &value->parts[i]);
}

/* A file that lies beside the blueprint is there as it really is. */
static void put_source(struct simulation *simulation, struct deployer *by, const char *path)
{
	struct world *real = simulation->operation->berth->world;
	owned_text content = {0};
	if (real->ops->file_read(real, path, FILE_LIMIT, &content, NULL) == 0)
		machine_file(by->machine, path, 0644, text_view(&content));
}

/* Every program that a process is to run is there. */
static void put_program(struct simulation *simulation, struct deployer *by, const struct component_spec *spec)
{
	const char *name = spec->command.count ? spec->command.words[0].text : NULL;
	if (spec->kind != COMPONENT_PROCESS || spec->command.shell || !name)
		return;
	const char *path =
	    *name == '/' ? name : arena_format(&simulation->arena, SIMULATED_PROGRAMS "/%s", name);
	owned_text content = {0};
	if (path && machine_read(by->machine, path, &content))
		machine_file(by->machine, path, 0755, "");
}

static void put_named(struct simulation *simulation, struct deployer *by, const struct component_spec *spec)
{
	for (size_t i = 0; i < spec->environment_count; i++)
		put_value(simulation, by, &spec->environment[i].value);
	for (size_t i = 0; i < spec->command.count; i++)
		put_value(simulation, by, &spec->command.words[i]);
	for (size_t i = 0; i < spec->file_count; i++) {
		if (spec->files[i].source)
			put_source(simulation, by, spec->files[i].source);
		else if (spec->files[i].content)
			put_value(simulation, by, spec->files[i].content);
	}
}

/* --- its components -------------------------------------------------------------------------------- */

/* A --location of the request, which says what an unbound name stands for. */
static bool bound_by_request(struct simulation *simulation, const char *name, struct location_spec *ret)
{
	const char *const *given = simulation->operation->request.locations;
	size_t length = strlen(name);
	for (; given && *given; given++)
		if (strncmp(*given, name, length) == 0 && (*given)[length] == '=')
			return location_spec_parse(&simulation->arena, *given + length + 1, ret, NULL) == 0 &&
			       ret->type;
	return false;
}

/* Where it goes; a name that nobody defined is a location of the kind that the component needs. */
static struct spot *spot_for(struct simulation *simulation, const struct component_spec *component,
			     const struct location_spec *location)
{
	struct location_spec spec =
	    location ? *location
		     : (struct location_spec){.name = "localhost", .type = "localhost", .target = ""};
	bool docker = component->kind == COMPONENT_DOCKER;
	const char *name = spec.name;
	if (!spec.type && bound_by_request(simulation, name, &spec))
		spec.name = name;
	if (spec.type) {
		if (docker && strcmp(spec.type, "localhost") == 0)
			spec.type = "docker";
		return fleet_spot_of(simulation, &spec);
	}
	struct spot *spot = fleet_spot(simulation, spec.name);
	if (spot)
		return spot;
	return docker ? fleet_engine_elsewhere(simulation, spec.name, "")
		      : fleet_add_spot(simulation, spec.name, NULL, NULL);
}

static struct watched *watch(struct simulation *simulation, const struct component_spec *spec)
{
	struct watched *known = fleet_watched(simulation, spec->id, strlen(spec->id));
	if (known)
		return known;
	size_t count = simulation->watched_count;
	if (count == simulation->watched_room) {
		size_t room = count ? 2 * count : 16;
		struct watched *wider = arena_array(&simulation->arena, struct watched, room);
		if (!wider)
			return NULL;
		if (count)
			memcpy(wider, simulation->watched, count * sizeof *wider);
		simulation->watched = wider;
		simulation->watched_room = room;
	}
	const char *id = arena_text(&simulation->arena, spec->id);
	if (!id || map_put(&simulation->watched_by_id, id, (void *)(uintptr_t)(count + 1)))
		return NULL;
	simulation->watched[count] = (struct watched){.id = id, .told = -1};
	simulation->watched_count++;
	return &simulation->watched[count];
}

/* The place is there, with what those that go there need. 0 or -1. */
static int take_place(struct simulation *simulation, const struct watched *watched,
		      const struct component_spec *spec, const struct location_spec *location)
{
	struct spot *spot = spot_for(simulation, spec, location);
	if (!spot)
		return -1;
	if (spot->engine && spec->kind == COMPONENT_DOCKER) {
		put_behaviours(simulation, spot, watched);
		put_image(spot, spec->image.familiar);
		if (spec->cluster && spec->cluster->first)
			put_image(spot, spec->cluster->first->image.familiar);
	}
	return 0;
}

static int take_component(struct simulation *simulation, struct deployer *by,
			  const struct component_spec *spec)
{
	size_t zones = spec->cluster ? spec->cluster->zone_count : 0;
	struct watched *watched = watch(simulation, spec);
	if (!watched)
		return -1;
	watched->job = spec->job;
	watched->made = watched->wanted = spec->kind == COMPONENT_EXTERNAL ? 0 : spec->instances;
	if (by) {
		put_named(simulation, by, spec);
		put_program(simulation, by, spec);
	}
	if (spec->kind == COMPONENT_EXTERNAL)
		return 0;
	if (take_place(simulation, watched, spec, spec->location))
		return -1;
	for (size_t i = 0; i < zones; i++)
		if (take_place(simulation, watched, spec, spec->cluster->zones[i]))
			return -1;
	return 0;
}

static int take_blueprint(struct simulation *simulation, struct deployer *by,
			  const struct blueprint *blueprint)
{
	for (size_t i = 0; i < simulation->watched_count; i++)
		simulation->watched[i].wanted = simulation->watched[i].made = 0;
	simulation->has_policies = false;
	for (size_t i = 0; i < blueprint->component_count; i++) {
		simulation->has_policies |= blueprint->components[i].policy_count > 0;
		if (take_component(simulation, by, &blueprint->components[i]))
			return -1;
	}
	return 0;
}

static const char *folder_of(struct simulation *simulation, const char *file)
{
	const char *slash = strrchr(file, '/');
	return slash == file ? "/" : arena_copy(&simulation->arena, file, (size_t)(slash - file));
}

int fleet_edition(struct simulation *simulation, const char *name, struct edition *ret, struct error *err)
{
	struct world *real = simulation->operation->berth->world;
	const char *path = *name == '/' ? arena_text(&simulation->arena, name)
					: arena_format(&simulation->arena, "%s/%s", simulation->folder, name);
	owned_text content = {0};
	if (!path)
		return fail_memory(err);
	if (real->ops->file_read(real, path, FILE_LIMIT, &content, err))
		return -1;
	const char *text = arena_copy(&simulation->arena, text_view(&content), content.length);
	*ret = (struct edition){.file = path, .text = text, .size = content.length};
	return text ? 0 : fail_memory(err);
}

int fleet_prepare(struct simulation *simulation, struct deployer *by, const struct edition *edition,
		  struct diagnostics *list, struct error *err)
{
	struct diagnostics own = {0};
	const char *given = simulation->operation->request.app;
	struct blueprint_options options = {.file = edition->file,
					    .directory = folder_of(simulation, edition->file),
					    .application = simulation->app ? simulation->app : given,
					    .settings = simulation->settings,
					    .environment = look_up};
	environment_of(simulation);
	struct blueprint *blueprint =
	    blueprint_parse(edition->text, edition->size, &options, list ? list : &own);
	int failed = blueprint ? 0 : fail(err, ERR_INVALID, "the blueprint is not valid any more");
	if (blueprint && !simulation->app)
		simulation->app = arena_text(&simulation->arena, blueprint->id);
	if (blueprint && (!simulation->app || take_blueprint(simulation, by, blueprint)))
		failed = fail_memory(err);
	diagnostics_release(&own);
	blueprint_release(blueprint);
	return failed;
}
