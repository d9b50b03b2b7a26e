/* files_lock.c - locks on the files of a simulated machine: they end with their process. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file_error.h"
#include "simulation/machine_internal.h"

struct file_lock *lock_node(struct process *process, struct node *node)
{
	if (node->locked_by) {
		errno = EWOULDBLOCK;
		return NULL;
	}
	struct file_lock *lock = malloc(sizeof *lock);
	if (!lock) {
		errno = ENOMEM;
		return NULL;
	}
	*lock = (struct file_lock){.process = process, .node = node, .next = process->locks};
	process->locks = lock;
	node->locked_by = lock;
	node_hold(node);
	return lock;
}

static void let_go(struct file_lock *lock)
{
	struct process *process = lock->process;
	struct file_lock **at = &process->locks;
	while (*at != lock)
		at = &(*at)->next;
	*at = lock->next;
	lock->node->locked_by = NULL;
	node_drop(&process->machine->files, lock->node);
	lock->process = NULL;
}

void locks_let_go(struct process *process)
{
	while (process->locks) {
		struct file_lock *lock = process->locks;
		let_go(lock);
		/* A program's handle is its own to let go of. */
		if (!process->seat)
			free(lock);
	}
}

static struct file_lock *take(struct world *world, const char *path, bool directory, struct error *err)
{
	struct seat *seat = seat_of(world);
	struct machine *machine = seat_machine(seat);
	char name[256];
	if (!seat_leaves(seat, err))
		return NULL;
	struct node *node = walk(&machine->files, NULL, path, true, &machine->user);
	if (!node && errno == ENOENT && !directory) {
		struct node *above = walk_to_make(&machine->files, path, &machine->user, name);
		node = above ? file_make(&machine->files, above, name, 0600, &machine->user) : NULL;
	} else if (node && (node->kind == FILE_DIRECTORY) != directory) {
		errno = directory ? ENOTDIR : EISDIR;
		node = NULL;
	} else if (node && !node_allows(node, &machine->user, directory ? 4 : 6)) {
		errno = EACCES;
		node = NULL;
	}
	struct file_lock *lock = node ? lock_node(seat_process(seat), node) : NULL;
	if (!lock && node && errno == EWOULDBLOCK)
		fail(err, ERR_LOCKED, "%s is locked by another process", path);
	else if (!lock)
		fail_file(err, path, "cannot lock");
	return lock;
}

struct file_lock *sim_lock(struct world *world, const char *path, struct error *err)
{
	return take(world, path, false, err);
}

/* Nobody can be waited for by one who stops the clock; whoever holds it has it for longer than a call. */
struct file_lock *sim_directory_lock(struct world *world, const char *path, struct error *err)
{
	return take(world, path, true, err);
}

void sim_unlock(struct world *world, struct file_lock *lock)
{
	if (!lock)
		return;
	if (lock->process)
		seat_leaves(seat_of(world), NULL);
	if (lock->process) /* else it died, and its locks with it */
		let_go(lock);
	free(lock);
}
