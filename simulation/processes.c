/* processes.c - the table of a simulated machine's processes: numbers, parents, ends. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "simulation/machine_internal.h"

#define TICK_MS 10

static uint64_t machine_ticks(const struct machine *machine)
{
	return (uint64_t)(clock_now(universe_clock(machine->universe)) - machine->booted_ms) / TICK_MS;
}

int64_t machine_wall(const struct machine *machine)
{
	struct world *outside = universe_outside(machine->universe);
	return outside->ops->wall(outside);
}

/* The place of the first that has that number or a higher one. */
static size_t place_of(const struct machine *machine, pid_t pid)
{
	size_t low = 0, high = machine->process_count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (machine->processes[middle]->pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct process *process_of(const struct machine *machine, pid_t pid)
{
	size_t at = place_of(machine, pid);
	return at < machine->process_count && machine->processes[at]->pid == pid ? machine->processes[at]
										 : NULL;
}

struct process *process_after(const struct machine *machine, pid_t pid)
{
	size_t at = place_of(machine, pid + 1);
	return at < machine->process_count ? machine->processes[at] : NULL;
}

struct process *seat_process(struct seat *seat)
{
	return process_of(seat_machine(seat), seat_pid(seat));
}

/* --- numbers ------------------------------------------------------------------------------------------ */

/* Within one tick a number is not given twice: with its start it is the process' identity, as it is where so
 * many cannot begin in so short a time. */
static bool just_freed(const struct machine *machine, pid_t pid)
{
	for (size_t i = 0; i < machine->freed_count; i++)
		if (machine->freed[i].pid == pid && machine->freed[i].ticks == machine_ticks(machine))
			return true;
	return false;
}

static pid_t next_pid(struct machine *machine)
{
	for (pid_t tries = machine->pid_first; tries <= machine->pid_last; tries++) {
		pid_t pid = machine->pid_next;
		machine->pid_next = pid == machine->pid_last ? machine->pid_first : pid + 1;
		if (!process_of(machine, pid) && !just_freed(machine, pid))
			return pid;
	}
	return 0;
}

static void note_freed(struct machine *machine, pid_t pid)
{
	uint64_t now = machine_ticks(machine);
	if (machine->freed_count && machine->freed[machine->freed_count - 1].ticks != now)
		machine->freed_count = 0;
	if (machine->freed_count < COUNT_OF(machine->freed))
		machine->freed[machine->freed_count++] = (struct freed){pid, now};
}

/* --- life --------------------------------------------------------------------------------------------- */

static int enter(struct machine *machine, struct process *process)
{
	if (machine->process_count == machine->process_room) {
		size_t room = machine->process_room ? machine->process_room * 2 : 32;
		struct process **processes = realloc(machine->processes, room * sizeof *processes);
		if (!processes)
			return -1;
		machine->processes = processes;
		machine->process_room = room;
	}
	size_t at = place_of(machine, process->pid);
	memmove(machine->processes + at + 1, machine->processes + at,
		(machine->process_count - at) * sizeof *machine->processes);
	machine->processes[at] = process;
	machine->process_count++;
	return 0;
}

struct process *process_new(struct machine *machine, pid_t parent, const struct actor *actor,
			    const char *executable)
{
	struct process *process = calloc(1, sizeof *process);
	pid_t pid = next_pid(machine);
	if (!process || !pid || !(process->executable = strdup(executable))) {
		free(process);
		errno = pid ? ENOMEM : EAGAIN;
		return NULL;
	}
	process->machine = machine;
	process->pid = process->group = pid;
	process->parent = parent;
	process->start_ticks = machine_ticks(machine);
	process->actor = *actor;
	process_works_in(process, machine->files.root);
	if (enter(machine, process) == 0)
		return process;
	node_drop(&machine->files, process->directory);
	free(process->executable);
	free(process);
	errno = ENOMEM;
	return NULL;
}

bool process_environment(struct process *process, const char *const *entries)
{
	size_t size = 0;
	for (size_t i = 0; entries && entries[i]; i++)
		size += strlen(entries[i]) + 1;
	char *copy = malloc(size + 1), *to = copy;
	if (!copy)
		return false;
	for (size_t i = 0; entries && entries[i]; i++)
		to = stpcpy(to, entries[i]) + 1;
	free(process->environment);
	process->environment = copy;
	process->environment_size = size;
	return true;
}

void process_works_in(struct process *process, struct node *directory)
{
	node_hold(directory);
	if (process->directory)
		node_drop(&process->machine->files, process->directory);
	process->directory = directory;
}

/* All that it has, but for its number and its end. */
static void let_go_of_all(struct process *process)
{
	keeper_free(give(process->keeper));
	program_free(give(process->program));
	if (process->seat)
		vfs_dies(process->machine, process->seat);
	locks_let_go(process);
	process->seat = NULL;
	process->port = 0;
	free(give(process->memfd));
	process->environment_size = 0;
	if (process->directory)
		node_drop(&process->machine->files, give(process->directory));
}

void process_free(struct process *process)
{
	struct machine *machine = process->machine;
	size_t at = place_of(machine, process->pid);
	machine->process_count--;
	memmove(machine->processes + at, machine->processes + at + 1,
		(machine->process_count - at) * sizeof *machine->processes);
	if (process->child)
		child_lost(give(process->child));
	let_go_of_all(process);
	note_freed(machine, process->pid);
	free(process->executable);
	free(process->environment);
	free(process);
}

/* Whose children the orphans of that one become: the nearest above that asked for them. */
static pid_t heir_of(const struct process *process)
{
	const struct machine *machine = process->machine;
	const struct process *above = process_of(machine, process->parent);
	while (above && (!above->subreaper || above->zombie))
		above = process_of(machine, above->parent);
	return above ? above->pid : INIT;
}

static void leave_children(struct process *process)
{
	struct machine *machine = process->machine;
	pid_t heir = heir_of(process);
	for (struct process *other = process_after(machine, 0), *next; other; other = next) {
		next = process_after(machine, other->pid);
		if (other->parent != process->pid)
			continue;
		other->parent = heir;
		if (other->zombie && heir == INIT)
			process_free(other);
	}
	const struct process *keeper = process_of(machine, heir);
	if (keeper && keeper->keeper)
		keeper_child_ended(keeper->keeper);
}

/* Only keepers wait for their children in their own time; what stands between us and a child of ours, and
 * init, do so at once. */
void process_ended(struct process *process, int code, int signal)
{
	struct machine *machine = process->machine;
	struct process_end end = {.exit_code = signal ? -1 : code, .signal = signal};
	if (process->zombie)
		return;
	if (process->keeper)
		keeper_dies(process->keeper);
	process->zombie = true;
	process->end = end;
	let_go_of_all(process);
	leave_children(process);
	struct child *child = give(process->child);
	struct process *parent = process_of(machine, process->parent);
	bool waits = parent && parent->keeper;
	if (waits)
		keeper_child_ended(parent->keeper);
	else
		process_free(process);
	if (child)
		child_told(child, &end);
}

/* --- signals ------------------------------------------------------------------------------------------ */

static bool ends_by_default(int signal)
{
	return signal != SIGCHLD && signal != SIGURG && signal != SIGWINCH && signal != SIGCONT &&
	       signal != SIGSTOP && signal != SIGTSTP && signal != SIGTTIN && signal != SIGTTOU;
}

static void end(struct process *process, int signal)
{
	if (process->seat)
		seat_kill(process->seat);
	else
		process_ended(process, 0, signal);
}

void process_signalled(struct process *process, int signal)
{
	if (process->zombie || !signal)
		return;
	if (signal == SIGKILL)
		end(process, SIGKILL);
	else if (process->fork)
		process->held_back |= UINT64_C(1) << signal;
	else if (process->keeper)
		keeper_signalled(process->keeper, signal);
	else if (process->program)
		program_signalled(process->program, signal);
	else if (ends_by_default(signal))
		end(process, signal);
}

/* --- as a seat sees them ------------------------------------------------------------------------------ */

static bool dead(struct world *world, struct error *err)
{
	if (!seat_dead(seat_of(world)))
		return false;
	fail(err, ERR_CANCELLED, "this process is dead");
	return true;
}

static bool has_entry(const struct process *process, const char *prefix)
{
	size_t length = strlen(prefix);
	const char *end = process->environment + process->environment_size;
	for (const char *entry = process->environment; entry < end; entry += strlen(entry) + 1)
		if (!strncmp(entry, prefix, length))
			return true;
	return false;
}

/* Who visits may change the table: it is gone through by numbers. */
int sim_processes(struct world *world, const char *environment_prefix,
		  bool (*visit)(void *owner, const struct process_info *), void *owner, struct error *err)
{
	struct machine *machine = seat_machine(seat_of(world));
	char directory[PATH_MOST + 16];
	if (dead(world, err))
		return -1;
	for (const struct process *process = process_after(machine, 0), *next; process; process = next) {
		pid_t pid = process->pid;
		bool ours = !machine->user.uid || machine->user.uid == process->actor.uid;
		bool seen = ours && !process->zombie;
		if (!environment_prefix || (seen && has_entry(process, environment_prefix))) {
			directory[0] = '\0';
			if (seen)
				node_path(process->directory, directory, sizeof directory);
			const struct process_info info = {
			    .pid = pid,
			    .parent = process->parent,
			    .start_ticks = process->start_ticks,
			    .uid = process->actor.uid,
			    .executable = seen ? process->executable : "",
			    .directory = directory,
			    .environment = seen && process->environment ? process->environment : "",
			    .environment_size = seen ? process->environment_size : 0,
			    .zombie = process->zombie};
			if (!visit(owner, &info))
				break;
		}
		next = process_after(machine, pid);
	}
	return 0;
}

int sim_memfd_holders(struct world *world, const char *name_prefix,
		      bool (*visit)(void *owner, pid_t pid, uint64_t start_ticks, const char *name),
		      void *owner, struct error *err)
{
	struct machine *machine = seat_machine(seat_of(world));
	if (dead(world, err))
		return -1;
	for (const struct process *process = process_after(machine, 0), *next; process; process = next) {
		pid_t pid = process->pid;
		bool ours = !machine->user.uid || machine->user.uid == process->actor.uid;
		if (ours && process->memfd && starts_with(process->memfd, name_prefix) &&
		    !visit(owner, pid, process->start_ticks, process->memfd))
			break;
		next = process_after(machine, pid);
	}
	return 0;
}

int sim_signal(struct world *world, pid_t pid, uint64_t start_ticks, int signal_number, struct error *err)
{
	struct seat *seat = seat_of(world);
	struct machine *machine = seat_machine(seat);
	if (pid <= 0)
		return fail(err, ERR_INVALID, "%d is not a process", (int)pid);
	if (!seat_leaves(seat, err))
		return -1;
	struct process *process = process_of(machine, pid);
	if (!process || process->start_ticks != start_ticks)
		return fail(err, ERR_MISSING, "process %d is gone", (int)pid);
	const char *why = signal_number < 0 || signal_number > 64 ? "Invalid argument"
			  : machine->user.uid && machine->user.uid != process->actor.uid
			      ? "Operation not permitted"
			      : NULL;
	if (why)
		return fail(err, *why == 'O' ? ERR_DENIED : ERR_INVALID,
			    "cannot send signal %d to process %d: %s", signal_number, (int)pid, why);
	universe_tell(machine->universe, "%s: process %d sends signal %d to process %d", machine->name,
		      (int)seat_pid(seat), signal_number, (int)pid);
	process_signalled(process, signal_number);
	return 0;
}
