/* simulate_environment.c - what a simulated program is told of the environment: the scenario's variables, the
 * simulated machine's, and what the caller's own has. */
#include <string.h>

#include "base/cleanup.h"
#include "engine/simulate.h"

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

const char *environment_value(const char *name)
{
	if (!played)
		return NULL;
	for (const struct said_pair *pair = played->scenario->variables; pair; pair = said_next(pair))
		if (strcmp(pair->said.name, name) == 0)
			return pair->value.text;
	if (strcmp(name, "HOME") == 0)
		return MACHINE_HOME;
	if (strcmp(name, "USER") == 0)
		return "you";
	if (strcmp(name, "PATH") == 0)
		return SIMULATED_PROGRAMS;
	if (is_of_machine(name))
		return NULL;
	const char *real = played->operation->berth->environment(name);
	return real ? real : map_get(played->made_up, name);
}

void environment_of(const struct simulation *simulation)
{
	played = simulation;
}

void environment_forget(const struct simulation *simulation)
{
	if (played == simulation)
		played = NULL;
}
