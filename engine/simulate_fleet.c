/* simulate_fleet.c - the fleet of a simulation: the machines of those who deploy, and a place for every
 * location. */
#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/handle.h"
#include "engine/simulate.h"

#define LOCAL_SOCKET "/var/run/docker.sock"

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
	     place = said_next(place))
		if (strcmp(place->said.name, name) == 0)
			return &place->docker;
	return NULL;
}

static void begin_calls(const struct spot *spot)
{
	for (const struct said_pair *slow = spot->said ? spot->said->slow : NULL; slow;
	     slow = said_next(slow))
		for (size_t i = 0; scenario_calls[i]; i++)
			if (strcmp(scenario_calls[i], slow->said.name) == 0)
				docker_engine_takes(spot->engine, (enum docker_call)scenario_call(i),
						    parse_duration_ms(slow->value.text));
}

struct spot *fleet_add_spot(struct simulation *simulation, const char *name, const char *target,
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
	if (spot->engine)
		begin_calls(spot);
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
	    you ? fleet_add_spot(simulation, name, "unix://" LOCAL_SOCKET, "unix:" LOCAL_SOCKET) : NULL;
	if (spot) {
		docker_engine_machine(spot->engine, you->machine);
		docker_engine_address(spot->engine, machine_address(you->machine));
	}
	return spot;
}

/* An engine somewhere else: at the host that the blueprint names, else at one of ours. */
struct spot *fleet_engine_elsewhere(struct simulation *simulation, const char *name, const char *written)
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
	struct spot *spot = target && address ? fleet_add_spot(simulation, name, target, address) : NULL;
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
struct spot *fleet_spot_of(struct simulation *simulation, const struct location_spec *spec)
{
	const char *name = called(simulation, spec);
	struct spot *spot = name ? fleet_spot(simulation, name) : NULL;
	if (!name || (spot && (spot->engine != NULL) == (strcmp(spec->type, "docker") == 0)))
		return spot;
	for (spot = simulation->spots; spot && *spec->target; spot = spot->next)
		if (spot->target && strcmp(spot->target, spec->target) == 0)
			return spot;
	if (strcmp(spec->type, "docker") != 0)
		return fleet_add_spot(simulation, name, NULL, NULL);
	/* An address may be among the options: then it is that of another machine. */
	if (is_local_socket(spec->target) && !json_object_size(spec->options))
		return local_engine(simulation, strcmp(name, "localhost") == 0 ? "docker" : name);
	return fleet_engine_elsewhere(simulation, name, spec->target);
}

/* What is reached by SSH is simulated as a place that does what it is asked. */
static const struct location_spec *as_fake(struct arena *arena, const struct location_spec *spec)
{
	struct location_spec *there = arena_array(arena, struct location_spec, 1);
	if (there)
		*there = (struct location_spec){
		    .name = spec->name, .type = "fake", .target = spec->target, .place = spec->place};
	return there;
}

/* Every location that the inner engine opens goes through here. */
static const struct location_spec *relocate(void *owner, struct arena *arena,
					    const struct location_spec *spec)
{
	struct simulation *simulation = owner;
	if (strcmp(spec->type, "ssh") == 0)
		return as_fake(arena, spec);
	bool ours = strcmp(spec->type, "docker") == 0 || strcmp(spec->type, "localhost") == 0;
	struct spot *spot = ours ? fleet_spot_of(simulation, spec) : NULL;
	struct location_spec *there = spot ? arena_array(arena, struct location_spec, 1) : NULL;
	if (!there)
		return ours ? NULL : spec;
	*there = *spec;
	there->options = NULL;
	there->target = spot->target ? spot->target : "";
	return there;
}

/* --- a command's process --------------------------------------------------------------------------- */

int fleet_open(struct deployer *by, struct seat **ret_seat, struct berth **ret_berth, struct error *err)
{
	struct simulation *simulation = by->simulation;
	*ret_seat = seat_new(simulation->universe, by->machine);
	if (!*ret_seat)
		return fail_memory(err);
	struct berth_options options = {.size = sizeof options,
					.state_directory = MACHINE_HOME "/.local/state/berth",
					.config_directory = MACHINE_HOME "/.config/berth",
					.helper = MACHINE_HELPER,
					.owner = by->name};
	environment_of(simulation);
	if (berth_open_in(ret_berth, seat_world(*ret_seat), environment_value, &options, err))
		return -1;
	(*ret_berth)->relocate = relocate;
	(*ret_berth)->relocate_owner = simulation;
	(*ret_berth)->secrets_made_up = true;
	samples_of(simulation, *ret_berth);
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

void fleet_release(struct simulation *simulation)
{
	for (struct spot *spot = simulation->spots; spot; spot = spot->next) {
		docker_engine_free(spot->engine);
		map_release(&spot->images);
		map_release(&spot->behaved);
	}
	for (struct deployer *deployer = simulation->deployers; deployer; deployer = deployer->next)
		machine_free(deployer->machine);
	map_release(&simulation->made_up);
	map_release(&simulation->cut_off);
	map_release(&simulation->watched_by_id);
	environment_forget(simulation);
}
