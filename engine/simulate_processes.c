/* simulate_processes.c - the application's programs that run on the machines of those who deploy: how they
 * behave, how many there are. */
#include <signal.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/simulate.h"

static const struct scenario_behaviour *said_of(const struct simulation *simulation, const char *name)
{
	struct sought sought = {0};
	for (const struct scenario_behaviour *said = simulation->scenario->behaviour; said;
	     said = said_next(said)) {
		sought.component = said->said.name;
		if (fleet_meant(simulation, &sought, name))
			return said;
	}
	return NULL;
}

/* It listens on the first port that it was given. */
static uint16_t port_of(const struct program_started *started)
{
	const char *at = started->environment, *end = at + started->environment_size;
	for (; at < end; at += strlen(at) + 1) {
		const char *value = starts_with(at, "PORT") ? strchr(at, '=') : NULL;
		int64_t port;
		if (value && parse_number(value + 1, 1, UINT16_MAX, &port))
			return (uint16_t)port;
	}
	return 0;
}

static void note(struct deployer *deployer, const struct program_started *started,
		 const struct program_behaviour *behaviour)
{
	struct simulation *simulation = deployer->simulation;
	struct process *process = arena_array(&simulation->arena, struct process, 1);
	int64_t after = behaviour->answers_after_ms;
	if (!process || !(process->name = arena_text(&simulation->arena, started->name))) {
		simulation->failed = true;
		return;
	}
	process->pid = started->pid;
	process->answers_ms = after < 0 ? -1 : clock_now(simulation->clock) + after;
	process->ended_well = behaviour->ends && !behaviour->exit_code;
	process->next = deployer->processes;
	deployer->processes = process;
}

static void behave(void *owner, const struct program_started *started, struct program_behaviour *ret)
{
	struct deployer *deployer = owner;
	struct simulation *simulation = deployer->simulation;
	size_t length;
	unsigned ordinal;
	if (!simulation->app || !fleet_component(simulation, started->name, &length, &ordinal))
		return;
	const struct scenario_behaviour *said = said_of(simulation, started->name);
	const struct watched *watched =
	    fleet_watched(simulation, started->name + strlen(simulation->app) + 1, length);
	ret->port = port_of(started);
	ret->ends = watched && watched->job;
	if (said) {
		if (said_has(said, BEHAVIOUR_EXITS))
			ret->ends = started->starts <= said->exits;
		ret->exit_code = (int)said->exit_code;
		ret->lives_ms = said->lives_ms;
		ret->answers_after_ms = said->answers_after_ms;
		ret->ignores_term = said->stops_ms < 0;
		ret->ends_after_ms = said->stops_ms > 0 ? said->stops_ms : 0;
		ret->says = said->log.text;
	}
	note(deployer, started, ret);
}

void processes_begin(struct deployer *deployer)
{
	machine_behave(deployer->machine, behave, deployer);
}

static void tally(struct simulation *simulation, const struct deployer *deployer,
		  const struct process *process)
{
	size_t length;
	unsigned ordinal;
	const char *component = fleet_component(simulation, process->name, &length, &ordinal);
	struct watched *watched = component ? fleet_watched(simulation, component, length) : NULL;
	bool lives = machine_living(deployer->machine, process->pid);
	if (!watched || (!lives && !watched->job))
		return;
	watched->there++;
	watched->running += lives;
	watched->answering +=
	    lives && process->answers_ms >= 0 && clock_now(simulation->clock) >= process->answers_ms;
	watched->finished += !lives && process->ended_well;
}

void processes_tally(struct simulation *simulation)
{
	for (struct deployer *deployer = simulation->deployers; deployer; deployer = deployer->next)
		for (struct process *process = deployer->processes; process; process = process->next)
			tally(simulation, deployer, process);
}

const char *processes_leftover(struct simulation *simulation)
{
	for (const struct deployer *deployer = simulation->deployers; deployer; deployer = deployer->next)
		for (const struct process *process = deployer->processes; process; process = process->next)
			if (machine_living(deployer->machine, process->pid))
				return arena_format(&simulation->arena, "the process %s on %s", process->name,
						    machine_name(deployer->machine));
	return NULL;
}

unsigned processes_kill(struct simulation *simulation, const struct sought *sought)
{
	unsigned count = 0;
	for (struct deployer *deployer = simulation->deployers; deployer; deployer = deployer->next)
		for (struct process *process = deployer->processes; process; process = process->next) {
			if (!fleet_meant(simulation, sought, process->name) ||
			    !machine_living(deployer->machine, process->pid))
				continue;
			story_tell(simulation, process->name, "its process %d is killed", (int)process->pid);
			verdicts_disturbed(simulation, clock_now(simulation->clock) + 10,
					   "a process was killed");
			machine_signal(deployer->machine, process->pid, SIGKILL);
			count++;
		}
	return count;
}
