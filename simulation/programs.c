/* programs.c - what simulated programs do: they stay or end, listen, write, and heed signals or not. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "simulation/machine_internal.h"

struct program {
	struct process *process;
	struct program_behaviour behaviour; /* its texts are ours */
	char *file;                         /* where a check's output goes, or NULL */
	pid_t reader;                       /* the keeper that reads what it writes; 0: nobody ever did */
	uint64_t reader_start;
	struct event end, stop, listen, say;
};

static void add(struct program *program, struct event *event, int64_t delay_ms)
{
	clock_add(universe_clock(program->process->machine->universe), event, delay_ms);
}

void program_free(struct program *program)
{
	if (!program)
		return;
	struct clock *clock = universe_clock(program->process->machine->universe);
	clock_take(clock, &program->end);
	clock_take(clock, &program->stop);
	clock_take(clock, &program->listen);
	clock_take(clock, &program->say);
	free((char *)program->behaviour.address);
	free((char *)program->behaviour.says);
	free((char *)program->behaviour.heard);
	free(program->file);
	free(program);
}

/* --- its output ---------------------------------------------------------------------------------------- */

static void write_file(struct program *program, const char *line)
{
	struct files *files = &program->process->machine->files;
	const struct actor *actor = &program->process->actor;
	char name[256];
	struct node *directory = walk_above(files, NULL, program->file, actor, name);
	struct node *node = directory ? node_find(directory, name, strlen(name)) : NULL;
	if (directory && !node)
		node = file_make(files, directory, name, 0644, actor);
	if (!node || node_write(files, node, node->size, line, strlen(line)))
		return; /* as on a full disk: what is not written is lost */
	node_write(files, node, node->size, "\n", 1);
}

/* False: whoever read it is gone, and with that so is the program. */
static bool writes(struct program *program, const char *line)
{
	struct process *process = program->process;
	if (program->file) {
		write_file(program, line);
		return true;
	}
	struct process *reader = program->reader ? process_of(process->machine, program->reader) : NULL;
	if (reader && reader->start_ticks == program->reader_start && reader->keeper) {
		keeper_hears(reader->keeper, line);
		return true;
	}
	if (!program->reader || program->behaviour.ignores_term)
		return true;
	process_ended(process, 0, SIGPIPE);
	return false;
}

static void says(struct event *event)
{
	struct program *program = owner_of(event, struct program, say);
	if (writes(program, program->behaviour.says) && program->behaviour.says_every_ms)
		add(program, event, program->behaviour.says_every_ms);
}

/* --- its life ------------------------------------------------------------------------------------------ */

static void ends(struct event *event)
{
	struct program *program = owner_of(event, struct program, end);
	process_ended(program->process, program->behaviour.exit_code, program->behaviour.signal);
}

static void stops(struct event *event)
{
	process_ended(owner_of(event, struct program, stop)->process, 0, 0);
}

static void listens(struct event *event)
{
	struct program *program = owner_of(event, struct program, listen);
	const char *address = program->behaviour.address ? program->behaviour.address : "127.0.0.1";
	if (process_listens(program->process, address, program->behaviour.port))
		return;
	if (writes(program, "cannot listen: Address already in use"))
		process_ended(program->process, 1, 0);
}

int program_status(const struct program *program)
{
	return program->behaviour.status ? program->behaviour.status : 200;
}

static void heeds(struct program *program, int signal)
{
	if (program->behaviour.ends_after_ms > 0)
		add(program, &program->stop, program->behaviour.ends_after_ms);
	else
		process_ended(program->process, 0, signal);
}

void program_signalled(struct program *program, int signal)
{
	bool passed_over = signal == SIGCHLD || signal == SIGURG || signal == SIGWINCH || signal == SIGCONT ||
			   signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
	if (signal == SIGHUP && program->behaviour.heard)
		writes(program, program->behaviour.heard);
	else if (!passed_over && !program->behaviour.ignores_term)
		heeds(program, signal);
}

/* --- its beginning -------------------------------------------------------------------------------------- */

static struct program *program_new(struct process *process, const struct program_behaviour *behaviour)
{
	struct program *program = calloc(1, sizeof *program);
	const struct process *above = process_of(process->machine, process->parent);
	if (!program)
		return NULL;
	program->process = process;
	program->behaviour = *behaviour;
	program->behaviour.address = behaviour->address ? strdup(behaviour->address) : NULL;
	program->behaviour.says = behaviour->says ? strdup(behaviour->says) : NULL;
	program->behaviour.heard = behaviour->heard ? strdup(behaviour->heard) : NULL;
	if (above && above->keeper) {
		program->reader = above->pid;
		program->reader_start = above->start_ticks;
	} else if (above && above->program) {
		program->reader = above->program->reader;
		program->reader_start = above->program->reader_start;
	}
	event_prepare(&program->end, ends);
	event_prepare(&program->stop, stops);
	event_prepare(&program->listen, listens);
	event_prepare(&program->say, says);
	process->program = program;
	return program;
}

static void set_going(struct program *program)
{
	const struct program_behaviour *behaviour = &program->behaviour;
	if (behaviour->ends)
		add(program, &program->end, behaviour->lives_ms ? behaviour->lives_ms : 50);
	if (behaviour->port && behaviour->answers_after_ms >= 0)
		add(program, &program->listen, behaviour->answers_after_ms);
	if (behaviour->says)
		add(program, &program->say, 0);
}

/* It leaves its parent's group, as daemons do. */
static void fork_one(struct program *program)
{
	struct process *process = program->process;
	const struct program_behaviour behaviour = {.ignores_term = program->behaviour.stubborn_forks};
	struct process *child =
	    process_new(process->machine, process->pid, &process->actor, process->executable);
	if (!child)
		return;
	process_works_in(child, process->directory);
	child->environment = malloc(process->environment_size + 1);
	if (child->environment && process->environment_size)
		memcpy(child->environment, process->environment, process->environment_size);
	child->environment_size = child->environment ? process->environment_size : 0;
	child->memfd = process->memfd ? strdup(process->memfd) : NULL;
	program_new(child, &behaviour);
}

/* The one shell script that is understood: a check's words, with their output into a file. */
static const char *const *checked_words(struct program *program, const char *const *argv)
{
	size_t count = 0;
	while (argv[count])
		count++;
	if (count < 5 || strcmp(argv[0], "/bin/sh") || strcmp(argv[1], "-c") ||
	    strcmp(argv[2], "exec \"$@\" >\"$0\" 2>&1"))
		return argv;
	program->file = strdup(argv[3]);
	return argv + 4;
}

static struct program_behaviour usual(const char *name)
{
	return *name ? (struct program_behaviour){0}
		     : (struct program_behaviour){.ends = true, .lives_ms = 5};
}

static void take_texts(struct program_behaviour *behaviour)
{
	behaviour->address = behaviour->address ? strdup(behaviour->address) : NULL;
	behaviour->says = behaviour->says ? strdup(behaviour->says) : NULL;
	behaviour->heard = behaviour->heard ? strdup(behaviour->heard) : NULL;
}

int program_begin(struct process *process, const char *name, const char *const *argv, unsigned starts)
{
	struct machine *machine = process->machine;
	struct program_behaviour behaviour = usual(name);
	struct program *program = program_new(process, &behaviour);
	if (!program) {
		errno = ENOMEM;
		return -1;
	}
	const struct program_started started = {.machine = machine,
						.pid = process->pid,
						.name = name,
						.argv = checked_words(program, argv),
						.environment = process->environment,
						.environment_size = process->environment_size,
						.starts = starts};
	if (machine->behave)
		machine->behave(machine->behaver, &started, &behaviour);
	take_texts(&behaviour);
	program->behaviour = behaviour;
	for (unsigned i = 0; i < behaviour.forks; i++)
		fork_one(program);
	set_going(program);
	return 0;
}
