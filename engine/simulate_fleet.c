/* simulate_fleet.c - the fleet of a simulation: every location of the blueprint, the machines of those who
 * deploy, and what the blueprint finds there. */
#include <elf.h>
#include <link.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/digest.h"
#include "engine/handle.h"
#include "engine/simulate.h"

#define LOCAL_SOCKET "/var/run/docker.sock"
#define MADE_UP      "simulated"
#define PROGRAMS     "/usr/bin"
#define PULL_MS      300
#define ID_MOST      63 /* what a component is called */
#define FILE_LIMIT   (16 << 20)

/* --- what its programs see of the environment ---------------------------------------------------- */

/* Who asks says only the name: the simulation that is played on this thread. */
static _Thread_local const struct simulation *played;

/* What decides where a program looks for things must be of the simulated machine. */
static bool is_of_machine(const char *name)
{
	static const char *const begins[] = {"DOCKER_", "XDG_", "BERTH_", "CONTAINER_", "SSL_", "CURL_"};
	for (size_t i = 0; i < COUNT_OF(begins); i++)
		if (starts_with(name, begins[i]))
			return true;
	return strcasestr(name, "_proxy") != NULL;
}

static const char *environment(const char *name)
{
	if (!played)
		return NULL;
	for (const struct said_pair *pair = played->scenario->variables; pair;
	     pair = (const struct said_pair *)pair->said.next)
		if (strcmp(pair->said.name, name) == 0)
			return pair->value.text;
	if (strcmp(name, "HOME") == 0)
		return MACHINE_HOME;
	if (strcmp(name, "USER") == 0)
		return "you";
	if (strcmp(name, "PATH") == 0)
		return PROGRAMS;
	if (is_of_machine(name))
		return NULL;
	const char *real = played->operation->berth->environment(name);
	return real ? real : map_get(played->made_up, name);
}

static const char *look_up(void *context, const char *name)
{
	(void)context;
	return environment(name);
}

/* --- who deploys ----------------------------------------------------------------------------------- */

/* The helper is as a program for the engines looks at its beginning: they only ever run it as one of their
 * own. */
static void put_helper(struct machine *machine)
{
	ElfW(Ehdr) head = {.e_machine = EM_X86_64, .e_ehsize = sizeof head};
	memcpy(head.e_ident, ELFMAG, SELFMAG);
	head.e_ident[EI_CLASS] = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;
	machine_bytes(machine, MACHINE_HELPER, 0755, &head, sizeof head);
}

struct deployer *fleet_deployer(struct simulation *simulation, const char *name)
{
	struct deployer **at = &simulation->deployers;
	for (; *at; at = &(*at)->next)
		if (strcmp((*at)->name, name) == 0)
			return *at;
	char address[32];
	snprintf(address, sizeof address, "10.77.0.%u", ++simulation->deployer_count);
	struct deployer *deployer = arena_array(&simulation->arena, struct deployer, 1);
	if (!deployer || !(deployer->machine = machine_new(simulation->universe, name, address)))
		return NULL;
	put_helper(deployer->machine);
	deployer->name = name;
	deployer->simulation = simulation;
	processes_begin(deployer);
	return *at = deployer;
}

/* --- locations ------------------------------------------------------------------------------------- */

struct spot *fleet_spot(const struct simulation *simulation, const char *name)
{
	struct spot *spot = simulation->spots;
	while (spot && strcmp(spot->name, name) != 0)
		spot = spot->next;
	return spot;
}

static const struct scenario_engine *said_of(const struct simulation *simulation, const char *name)
{
	for (const struct scenario_place *place = simulation->scenario->fleet; place;
	     place = (const struct scenario_place *)place->said.next)
		if (strcmp(place->said.name, name) == 0)
			return &place->docker;
	return NULL;
}

static void begin_behaviour(struct simulation *simulation, struct docker_engine *engine,
			    const struct scenario_behaviour *said, const char *component, const char *image)
{
	owned_memory char *name = NULL;
	if (asprintf(&name, "%s.%s", simulation->app, component) < 0)
		return;
	docker_engine_behave(engine, &(struct docker_behaviour){.name = name,
								.image = image,
								.exits = (unsigned)said->exits,
								.exit_code = (int)said->exit_code,
								.lives_ms = said->lives_ms,
								.answers_after_ms = said->answers_after_ms,
								.stops_ms = said->stops_ms,
								.log = said->log.text,
								.broken = said->broken.text});
}

static void begin_behaviours(struct simulation *simulation, struct docker_engine *engine)
{
	for (const struct scenario_behaviour *said = simulation->scenario->behaviour; said;
	     said = (const struct scenario_behaviour *)said->said.next) {
		begin_behaviour(simulation, engine, said, said->said.name, NULL);
		for (const struct scenario_behaviour *one = said->with_image; one;
		     one = (const struct scenario_behaviour *)one->said.next)
			begin_behaviour(simulation, engine, one, said->said.name, one->said.name);
	}
}

static void begin_calls(const struct spot *spot)
{
	for (const struct said_pair *slow = spot->said ? spot->said->slow : NULL; slow;
	     slow = (const struct said_pair *)slow->said.next)
		for (size_t i = 0; scenario_calls[i]; i++)
			if (strcmp(scenario_calls[i], slow->said.name) == 0)
				docker_engine_takes(spot->engine, (enum docker_call)scenario_call(i),
						    parse_duration_ms(slow->value.text));
}

static struct spot *add_spot(struct simulation *simulation, const char *name, const char *target,
			     const char *address)
{
	struct spot **end = &simulation->spots;
	struct spot *spot = arena_array(&simulation->arena, struct spot, 1);
	if (!spot)
		return NULL;
	*spot = (struct spot){.name = arena_text(&simulation->arena, name),
			      .target = target,
			      .address = address,
			      .said = said_of(simulation, name),
			      .simulation = simulation};
	if (!spot->name || (address && !(spot->engine = docker_engine_new(simulation->universe, address))))
		return NULL;
	if (spot->engine) {
		begin_behaviours(simulation, spot->engine);
		begin_calls(spot);
	}
	while (*end)
		end = &(*end)->next;
	return *end = spot;
}

/* The engine of the machine that deploys. */
static struct spot *local_engine(struct simulation *simulation, const char *name)
{
	struct spot *spot = simulation->local;
	if (spot)
		return spot;
	struct deployer *you = fleet_deployer(simulation, "you");
	simulation->local = spot =
	    you ? add_spot(simulation, name, "unix://" LOCAL_SOCKET, "unix:" LOCAL_SOCKET) : NULL;
	if (spot) {
		docker_engine_machine(spot->engine, you->machine);
		docker_engine_address(spot->engine, machine_address(you->machine));
	}
	return spot;
}

/* An engine somewhere else: at the host that the blueprint names, else at one of ours. */
static struct spot *remote_engine(struct simulation *simulation, const char *name, const char *written)
{
	struct arena *arena = &simulation->arena;
	char host[128];
	snprintf(host, sizeof host, "10.77.1.%u", ++simulation->spot_count);
	const char *scheme = strstr(written, "://");
	const char *rest = scheme ? scheme + 3 : NULL;
	const char *user = rest ? strchr(rest, '@') : NULL;
	if (rest) {
		rest = user ? user + 1 : rest;
		snprintf(host, sizeof host, "%.*s", (int)strcspn(rest, ":/"), rest);
	}
	const char *target = arena_format(arena, "tcp://%s:2375", host);
	const char *address = arena_format(arena, "%s:2375", host);
	struct spot *spot = target && address ? add_spot(simulation, name, target, address) : NULL;
	if (spot)
		docker_engine_address(spot->engine, host);
	return spot;
}

static bool is_local_socket(const char *target)
{
	return !*target || strcmp(target, "unix://" LOCAL_SOCKET) == 0 ||
	       strcmp(target, "unix:///run/docker.sock") == 0;
}

/* How the scenario calls a specification: by its name, else as it is written. */
static const char *called(struct simulation *simulation, const struct location_spec *spec)
{
	if (spec->name && *spec->name)
		return spec->name;
	return *spec->target ? arena_format(&simulation->arena, "%s:%s", spec->type, spec->target)
			     : spec->type;
}

/* The simulated place of a specification; NULL: no memory. */
static struct spot *spot_of(struct simulation *simulation, const struct location_spec *spec)
{
	const char *name = called(simulation, spec);
	struct spot *spot = name ? fleet_spot(simulation, name) : NULL;
	if (!name || (spot && (spot->engine != NULL) == (strcmp(spec->type, "docker") == 0)))
		return spot;
	for (spot = simulation->spots; spot && *spec->target; spot = spot->next)
		if (spot->target && strcmp(spot->target, spec->target) == 0)
			return spot;
	if (strcmp(spec->type, "docker") != 0)
		return add_spot(simulation, name, NULL, NULL);
	/* An address may be among the options: then it is that of another machine. */
	if (is_local_socket(spec->target) && !json_object_size(spec->options))
		return local_engine(simulation, strcmp(name, "localhost") == 0 ? "docker" : name);
	return remote_engine(simulation, name, spec->target);
}

/* Every location that the inner engine opens goes through here. */
static const struct location_spec *relocate(void *owner, struct arena *arena,
					    const struct location_spec *spec)
{
	struct simulation *simulation = owner;
	bool ours = strcmp(spec->type, "docker") == 0 || strcmp(spec->type, "localhost") == 0;
	struct spot *spot = ours ? spot_of(simulation, spec) : NULL;
	struct location_spec *there = spot ? arena_array(arena, struct location_spec, 1) : NULL;
	if (!there)
		return ours ? NULL : spec;
	*there = *spec;
	there->options = NULL;
	there->target = spot->target ? spot->target : "";
	return there;
}

/* --- what the blueprint names ------------------------------------------------------------------------ */

static const struct scenario_image *image_said(const struct spot *spot, const char *reference)
{
	for (const struct scenario_image *image = spot->said ? spot->said->images : NULL; image;
	     image = (const struct scenario_image *)image->said.next)
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
	const char *path = *name == '/' ? name : arena_format(&simulation->arena, PROGRAMS "/%s", name);
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

/* --- a blueprint's components ------------------------------------------------------------------------ */

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
static struct spot *spot_for(struct simulation *simulation, const struct component_spec *component)
{
	struct location_spec spec =
	    component->location
		? *component->location
		: (struct location_spec){.name = "localhost", .type = "localhost", .target = ""};
	bool docker = component->kind == COMPONENT_DOCKER;
	const char *name = spec.name;
	if (!spec.type && bound_by_request(simulation, name, &spec))
		spec.name = name;
	if (spec.type) {
		if (docker && strcmp(spec.type, "localhost") == 0)
			spec.type = "docker";
		return spot_of(simulation, &spec);
	}
	struct spot *spot = fleet_spot(simulation, spec.name);
	if (spot)
		return spot;
	return docker ? remote_engine(simulation, spec.name, "")
		      : add_spot(simulation, spec.name, NULL, NULL);
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
	simulation->watched[count] = (struct watched){.id = id};
	simulation->watched_count++;
	return &simulation->watched[count];
}

static int take_component(struct simulation *simulation, struct deployer *by,
			  const struct component_spec *spec)
{
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
	struct spot *spot = spot_for(simulation, spec);
	if (!spot)
		return -1;
	if (spot->engine && spec->kind == COMPONENT_DOCKER)
		put_image(spot, spec->image.familiar);
	return 0;
}

static int take_blueprint(struct simulation *simulation, struct deployer *by,
			  const struct blueprint *blueprint)
{
	for (size_t i = 0; i < simulation->watched_count; i++)
		simulation->watched[i].wanted = simulation->watched[i].made = 0;
	for (size_t i = 0; i < blueprint->component_count; i++)
		if (take_component(simulation, by, &blueprint->components[i]))
			return -1;
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
	played = simulation;
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

/* --- a command's process ----------------------------------------------------------------------------- */

int fleet_open(struct simulation *simulation, struct run *run, struct error *err)
{
	run->seat = seat_new(simulation->universe, run->by->machine);
	if (!run->seat)
		return fail_memory(err);
	struct berth_options options = {.size = sizeof options,
					.state_directory = MACHINE_HOME "/.local/state/berth",
					.config_directory = MACHINE_HOME "/.config/berth",
					.helper = MACHINE_HELPER,
					.owner = run->by->name};
	played = simulation;
	if (berth_open_in(&run->berth, seat_world(run->seat), environment, &options, err))
		return -1;
	run->berth->relocate = relocate;
	run->berth->relocate_owner = simulation;
	return 0;
}

const char *const *fleet_locations(struct simulation *simulation)
{
	struct arena *arena = &simulation->arena;
	size_t count = 0;
	for (const struct spot *spot = simulation->spots; spot; spot = spot->next)
		count++;
	const char **list = arena_array(arena, const char *, count + 1);
	count = 0;
	for (const struct spot *spot = list ? simulation->spots : NULL; spot; spot = spot->next)
		if (spot != simulation->local && !strchr(spot->name, ':') && !strchr(spot->name, '='))
			list[count++] = spot->engine
					    ? arena_format(arena, "%s=docker:%s", spot->name, spot->target)
					    : arena_format(arena, "%s=localhost", spot->name);
	return list;
}

/* --- for those who judge ----------------------------------------------------------------------------- */

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
	watched->answering += is_up(view) && view->answers;
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

/* --- what is left -------------------------------------------------------------------------------------- */

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
	return NULL;
}

void fleet_release(struct simulation *simulation)
{
	for (struct spot *spot = simulation->spots; spot; spot = spot->next) {
		docker_engine_free(spot->engine);
		map_release(&spot->images);
	}
	for (struct deployer *deployer = simulation->deployers; deployer; deployer = deployer->next)
		machine_free(deployer->machine);
	map_release(&simulation->made_up);
	map_release(&simulation->watched_by_id);
	if (played == simulation)
		played = NULL;
}
