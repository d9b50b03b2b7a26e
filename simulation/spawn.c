/* spawn.c - processes that a seat starts, and what it hears of them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file_error.h"
#include "simulation/machine_internal.h"

#define HELPER "berth-helper"

struct child {
	struct event event; /* first: its end is told */
	struct seat *seat;
	struct process *process; /* NULL once it has ended */
	pid_t pid;
	void (*ended)(void *, const struct process_end *);
	void *owner;
	struct process_end end;
};

/* A dead program's handles stay until it lets go of them. */
static void told(struct event *event)
{
	struct child child = *(struct child *)event;
	if (seat_dead(child.seat))
		return;
	free(event);
	child.ended(child.owner, &child.end);
}

void child_told(struct child *child, const struct process_end *end)
{
	child->process = NULL;
	child->end = *end;
	clock_add(universe_clock(seat_universe(child->seat)), &child->event,
		  universe_roll(seat_universe(child->seat), 3));
}

void child_lost(struct child *child)
{
	const struct process_end end = {.exit_code = -1};
	child_told(child, &end);
}

/* What is to run, found as the kernel finds it. */
static struct node *find_program(struct machine *machine, const char *path, const struct actor *actor)
{
	struct node *node = walk(&machine->files, NULL, path, true, actor);
	if (node && (node->kind != FILE_PLAIN || !(node->mode & 0111) || !node_allows(node, actor, 1))) {
		errno = EACCES;
		return NULL;
	}
	return node;
}

static bool is_helper(const char *path)
{
	const char *slash = strrchr(path, '/');
	return !strcmp(slash ? slash + 1 : path, HELPER);
}

/* Descriptors are nothing to it: its programs read none and write to none, so whoever holds the other ends
 * finds them closed. */
static int check(struct machine *machine, const struct process_options *options, struct node **ret_directory,
		 struct error *err)
{
	const char *directory = options->directory ? options->directory : "/";
	if (options->terminal)
		return fail(err, ERR_UNSUPPORTED, "cannot start %s: a simulated machine has no terminals",
			    options->argv[0]);
	if (options->identity && machine->user.uid && options->identity->uid != machine->user.uid)
		return fail(err, ERR_DENIED, "cannot become user %u: Operation not permitted",
			    (unsigned)options->identity->uid);
	*ret_directory = proc_directory(machine, directory);
	if (!*ret_directory)
		*ret_directory = walk(&machine->files, NULL, directory, true, &machine->user);
	if (*ret_directory && (*ret_directory)->kind != FILE_DIRECTORY) {
		errno = ENOTDIR;
		*ret_directory = NULL;
	}
	if (!*ret_directory)
		return fail_file(err, directory, "cannot enter");
	return find_program(machine, options->argv[0], &machine->user)
		   ? 0
		   : fail_file(err, options->argv[0], "cannot start");
}

static int begin(struct process *process, const struct process_options *options, struct node *directory)
{
	if (options->identity)
		process->actor = (struct actor){options->identity->uid, options->identity->gid};
	process_works_in(process, directory);
	if (!process_environment(process, options->environment))
		return -1;
	if (is_helper(options->argv[0]) && options->argv[1])
		return keeper_begin(process, options->argv[1]);
	return program_begin(process, "", options->argv, 1);
}

struct child *sim_spawn(struct world *world, const struct process_options *options,
			void (*ended)(void *owner, const struct process_end *), void *owner,
			struct error *err)
{
	struct seat *seat = seat_of(world);
	struct machine *machine = seat_machine(seat);
	struct node *directory = NULL;
	if (!seat_leaves(seat, err) || check(machine, options, &directory, err))
		return NULL;
	struct child *child = calloc(1, sizeof *child);
	struct process *process =
	    child ? process_new(machine, seat_pid(seat), &machine->user, options->argv[0]) : NULL;
	if (!process || begin(process, options, directory)) {
		if (process)
			process_free(process);
		free(child);
		fail(err, errno == ENOMEM ? ERR_NO_MEMORY : ERR_FAILED, "cannot start %s: no process: %s",
		     options->argv[0], strerror(errno));
		return NULL;
	}
	*child = (struct child){
	    .seat = seat, .process = process, .pid = process->pid, .ended = ended, .owner = owner};
	event_prepare(&child->event, told);
	process->child = child;
	return child;
}

pid_t sim_child_pid(struct child *child)
{
	return child->pid;
}

void sim_child_drop(struct world *world, struct child *child)
{
	if (!child)
		return;
	clock_take(universe_clock(seat_universe(seat_of(world))), &child->event);
	if (child->process)
		child->process->child = NULL;
	free(child);
}

/* --- descriptors: there are none ------------------------------------------------------------------------ */

struct fd_watch *sim_fd_watch(struct world *world, int fd, bool write, void (*ready)(void *owner),
			      void *owner)
{
	(void)world, (void)fd, (void)write, (void)ready, (void)owner;
	return NULL;
}

void sim_fd_cancel(struct world *world, struct fd_watch *watch)
{
	(void)world, (void)watch;
}
