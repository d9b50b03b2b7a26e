/* machine_story.c - what happens to a simulated machine's processes without berth, and who is there. */
#include <stdlib.h>
#include <string.h>

#include "simulation/keeper_internal.h"

void machine_signal(struct machine *machine, pid_t pid, int signal_number)
{
	struct process *process = process_of(machine, pid);
	if (!process)
		return;
	universe_tell(machine->universe, "%s: somebody sends signal %d to process %d", machine->name,
		      signal_number, (int)pid);
	process_signalled(process, signal_number);
}

bool machine_living(const struct machine *machine, pid_t pid)
{
	const struct process *process = process_of(machine, pid);
	return process && !process->zombie;
}

/* "app.component.1" as a keeper's tree is named: as it was when that began. */
static bool has_tree(const struct process *process, const char *name)
{
	size_t length = strlen(name);
	return process->memfd && starts_with(process->memfd, "berth:") &&
	       !strncmp(process->memfd + 6, name, length) && process->memfd[6 + length] == ':';
}

static size_t count(const struct machine *machine, const char *name, bool keepers, pid_t *ret_first)
{
	size_t found = 0;
	for (size_t i = 0; i < machine->process_count; i++) {
		const struct process *process = machine->processes[i];
		if (process->zombie || !has_tree(process, name) || keepers != (process->keeper != NULL))
			continue;
		if (!found++ && ret_first)
			*ret_first = process->pid;
	}
	return found;
}

size_t machine_keepers(const struct machine *machine, const char *name, pid_t *ret_first)
{
	return count(machine, name, true, ret_first);
}

static bool as_keeper(struct process *process, const struct process *keeper)
{
	process->environment = malloc(keeper->environment_size + 1);
	if (!process->environment)
		return false;
	memcpy(process->environment, keeper->environment, keeper->environment_size);
	process->environment_size = keeper->environment_size;
	process_works_in(process, keeper->directory);
	return true;
}

pid_t machine_twin(struct machine *machine, const char *name)
{
	pid_t first = 0;
	const struct process *keeper = count(machine, name, true, &first) ? process_of(machine, first) : NULL;
	struct process *twin = keeper ? process_new(machine, INIT, &keeper->actor, keeper->executable) : NULL;
	if (twin && as_keeper(twin, keeper))
		return twin->pid;
	if (twin)
		process_free(twin);
	return 0;
}

size_t machine_programs(const struct machine *machine, const char *name, pid_t *ret_first)
{
	return count(machine, name, false, ret_first);
}
