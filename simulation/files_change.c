/* files_change.c - changing files, step by step as a process does it: it may die in front of each. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file_error.h"
#include "simulation/machine_internal.h"

#define UMASK       022
#define DEPTH_LIMIT 256

/* One change, by one who may die in it. */
struct act {
	struct seat *seat;
	struct files *files;
	const struct actor *actor;
	struct error *err;
	bool lasting; /* what is written is synced */
	bool died;    /* *err says so already */
};

static struct act begin(struct world *world, struct error *err)
{
	struct seat *seat = seat_of(world);
	struct machine *machine = seat_machine(seat);
	return (struct act){
	    .seat = seat, .files = &machine->files, .actor = &machine->user, .err = err, .lasting = true};
}

/* True: it is dead, and nothing more happens. */
static bool dies(struct act *act)
{
	act->died = act->died || !seat_leaves(act->seat, act->err);
	return act->died;
}

static int fails(const struct act *act, const char *path, const char *doing)
{
	return act->died ? -1 : fail_file(act->err, path, doing);
}

/* --- written beside, synced, renamed ----------------------------------------------------------------- */

static int write_and_move(struct act *act, struct node *beside, const char *name, mode_t mode,
			  const void *bytes, size_t count)
{
	if (dies(act) || node_write(act->files, beside, 0, bytes, count))
		return -1;
	beside->mode = mode;
	if ((act->lasting && node_sync(act->files, beside)) || dies(act))
		return -1;
	return name_move(act->files, beside, beside->parent, name, act->actor);
}

/* A failed one is taken away again; a dead process takes nothing away. */
static void discard(struct act *act, struct node *beside)
{
	int error = errno;
	if (!dies(act))
		name_take(act->files, beside, act->actor);
	act->died = act->died && seat_dead(act->seat);
	errno = error;
}

#define BESIDE "%s.new" /* as the real world calls it */

/* What a killed writer left there is written over, unless it is none of ours. */
static struct node *open_beside(struct act *act, struct node *directory, const char *name)
{
	struct node *node = node_find(directory, name, strlen(name));
	if (!node)
		return file_make(act->files, directory, name, 0600, act->actor);
	errno = node->kind == FILE_LINK                                    ? ELOOP
		: node->kind == FILE_DIRECTORY                             ? EISDIR
		: act->actor->uid && !node_allows(node, act->actor, 2)     ? EACCES
		: node->kind != FILE_PLAIN || node->uid != act->actor->uid ? EEXIST
									   : 0;
	return errno || node_resize(act->files, node, 0) ? NULL : node;
}

static int write_file(struct act *act, const char *path, mode_t mode, const void *bytes, size_t count)
{
	char name[256], beside_name[264];
	if (dies(act))
		return -1;
	struct node *directory = walk_above(act->files, NULL, path, act->actor, name);
	if (!directory)
		return fails(act, path, "cannot write");
	snprintf(beside_name, sizeof beside_name, BESIDE, name);
	struct node *beside = open_beside(act, directory, beside_name);
	if (!beside)
		return fails(act, path, "cannot write");
	if (write_and_move(act, beside, name, mode, bytes, count)) {
		if (!act->died)
			discard(act, beside);
		return fails(act, path, "cannot write");
	}
	if (!act->lasting)
		return 0;
	return dies(act) || names_sync(act->files, directory) ? fails(act, path, "cannot sync") : 0;
}

int sim_file_write(struct world *world, const char *path, mode_t mode, const void *bytes, size_t count,
		   struct error *err)
{
	struct act act = begin(world, err);
	return write_file(&act, path, mode, bytes, count);
}

int sim_file_note(struct world *world, const char *path, mode_t mode, const void *bytes, size_t count,
		  struct error *err)
{
	struct act act = begin(world, err);
	act.lasting = false;
	return write_file(&act, path, mode, bytes, count);
}

/* --- a file for somebody else ------------------------------------------------------------------------ */

static bool leads_out(const char *path)
{
	for (const char *part = path; part; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL)
		if (!strncmp(part, "..", 2) && (!part[2] || part[2] == '/'))
			return true;
	return false;
}

static int give_to(struct act *act, struct node *node, const struct file_rights *rights)
{
	bool other_user = rights->uid != (uid_t)-1 && rights->uid != node->uid;
	bool other_group = rights->gid != (gid_t)-1 && rights->gid != node->gid;
	if (act->actor->uid && (other_user || other_group)) {
		errno = EPERM;
		return -1;
	}
	node->uid = other_user ? rights->uid : node->uid;
	node->gid = other_group ? rights->gid : node->gid;
	return 0;
}

static struct node *step_down(struct act *act, struct node *parent, const char *name,
			      const struct file_rights *rights)
{
	struct node *node = node_find(parent, name, strlen(name));
	if (node && node->kind == FILE_DIRECTORY)
		return node;
	if (node) {
		errno = ENOTDIR;
		return NULL;
	}
	if (dies(act) || !(node = directory_make(act->files, parent, name, 0755, act->actor)) ||
	    give_to(act, node, rights))
		return NULL;
	return node;
}

/* `path` is cut at its slashes. */
static struct node *open_below(struct act *act, const char *base, char *path,
			       const struct file_rights *rights, const char **ret_name)
{
	struct node *at = walk(act->files, NULL, base, true, act->actor);
	char *part = path, *end;
	if (at && at->kind != FILE_DIRECTORY) {
		errno = ENOTDIR;
		return NULL;
	}
	for (; at && (end = strchr(part, '/')); part = end + 1) {
		*end = '\0';
		at = *part ? step_down(act, at, part, rights) : at;
	}
	*ret_name = part;
	return at;
}

/* What a killed one of us left has the name that we use. */
static int replace(struct act *act, struct node *directory, const char *name,
		   const struct file_rights *rights, const void *bytes, size_t count)
{
	char half[300];
	snprintf(half, sizeof half, FILE_HALF, name);
	struct node *left = node_find(directory, half, strlen(half));
	if (left && (dies(act) || name_take(act->files, left, act->actor)))
		return -1;
	struct node *beside = dies(act) ? NULL : file_make(act->files, directory, half, 0600, act->actor);
	if (!beside)
		return -1;
	if (give_to(act, beside, rights) || write_and_move(act, beside, name, rights->mode, bytes, count)) {
		if (!act->died)
			discard(act, beside);
		return -1;
	}
	return dies(act) ? -1 : names_sync(act->files, directory);
}

int sim_file_put(struct world *world, const char *base, const char *path, const struct file_rights *rights,
		 const void *bytes, size_t count, struct error *err)
{
	struct act act = begin(world, err);
	owned_memory char *copy = strdup(path);
	char last[256];
	const char *name = last;
	if (!copy)
		return fail_memory(err);
	if ((*path == '/') == (base != NULL) || leads_out(path) || ends_with(path, "/") || !*path)
		return fail(err, ERR_INVALID, "`%s` is no path of a file", path);
	if (seat_dead(act.seat) && dies(&act))
		return -1;
	struct node *directory = base ? open_below(&act, base, copy, rights, &name)
				      : walk_above(act.files, NULL, path, act.actor, last);
	if (!directory)
		return fails(&act, path, "cannot write");
	const struct node *there = node_find(directory, name, strlen(name));
	if (there && there->kind != FILE_PLAIN)
		return fail(err, ERR_CONFLICT, "`%s` is there and is %s", path,
			    there->kind == FILE_LINK ? "a link" : "no plain file");
	return replace(&act, directory, name, rights, bytes, count) ? fails(&act, path, "cannot write") : 0;
}

/* --- names ------------------------------------------------------------------------------------------- */

int sim_file_create(struct world *world, const char *path, mode_t mode, struct error *err)
{
	struct act act = begin(world, err);
	char name[256];
	if (dies(&act))
		return -1;
	struct node *directory = walk_above(act.files, NULL, path, act.actor, name);
	if (!directory || !file_make(act.files, directory, name, mode, act.actor))
		return fails(&act, path, "cannot make");
	return dies(&act) || names_sync(act.files, directory) ? fails(&act, path, "cannot sync") : 0;
}

int sim_file_mode(struct world *world, const char *path, mode_t mode, struct error *err)
{
	struct act act = begin(world, err);
	if (dies(&act))
		return -1;
	struct node *node = walk(act.files, NULL, path, true, act.actor);
	if (!node || disk_refuses(act.files, DISK_NAME, node))
		return fails(&act, path, "cannot change the rights of");
	if (act.actor->uid && act.actor->uid != node->uid) {
		errno = EPERM;
		return fails(&act, path, "cannot change the rights of");
	}
	node->mode = mode & 07777;
	return 0;
}

int sim_file_rename(struct world *world, const char *from, const char *to, struct error *err)
{
	struct act act = begin(world, err);
	char name[256];
	if (dies(&act))
		return -1;
	struct node *above = walk_above(act.files, NULL, from, act.actor, name);
	struct node *directory = above ? walk_above(act.files, NULL, to, act.actor, name) : NULL;
	struct node *node = directory ? walk(act.files, NULL, from, false, act.actor) : NULL;
	if (!node)
		return fails(&act, from, "cannot rename");
	if (node_find(directory, name, strlen(name)))
		errno = EEXIST;
	else if (!name_move(act.files, node, directory, name, act.actor))
		return dies(&act) || names_sync(act.files, directory) ? fails(&act, to, "cannot sync") : 0;
	return fails(&act, errno == EEXIST ? to : from, "cannot rename");
}

int sim_link_make(struct world *world, const char *target, const char *path, struct error *err)
{
	struct act act = begin(world, err);
	char name[256];
	if (dies(&act))
		return -1;
	struct node *directory = walk_above(act.files, NULL, path, act.actor, name);
	const struct node *there = directory ? node_find(directory, name, strlen(name)) : NULL;
	if (there && there->kind == FILE_LINK && !strcmp((const char *)there->bytes, target))
		return 0;
	if (there)
		errno = EEXIST;
	if (!directory || there)
		return fails(&act, path, "cannot link");
	struct node *link = node_new(act.files, FILE_LINK, 0777, act.actor);
	if (!link)
		return fail_memory(err);
	size_t length = strlen(target);
	link->bytes = (unsigned char *)strdup(target);
	link->size = link->bytes ? length : 0;
	link->bytes_room = link->size + 1;
	int status = link->bytes ? name_give(act.files, directory, name, link, act.actor) : -1;
	int error = errno;
	node_drop(act.files, link);
	errno = error;
	return status ? fails(&act, path, "cannot link") : 0;
}

static int remove_file(struct act *act, const char *path)
{
	if (dies(act))
		return -1;
	struct node *node = walk(act->files, NULL, path, false, act->actor);
	if (!node && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (node && node->kind == FILE_DIRECTORY)
		errno = EISDIR;
	else if (node && !name_take(act->files, node, act->actor))
		return 0;
	return fails(act, path, "cannot remove");
}

int sim_file_remove(struct world *world, const char *path, struct error *err)
{
	struct act act = begin(world, err);
	owned_memory char *beside = NULL;
	if (asprintf(&beside, BESIDE, path) < 0) {
		beside = NULL;
		return fail_memory(err);
	}
	return remove_file(&act, beside) || remove_file(&act, path) ? -1 : 0;
}

/* In whatever order they lie on the disk. */
static int remove_tree(struct act *act, struct node *node, int depth)
{
	if (depth > DEPTH_LIMIT) {
		errno = ELOOP;
		return -1;
	}
	if (node->count && !node_allows(node, act->actor, 7)) {
		errno = EACCES;
		return -1;
	}
	while (node->kind == FILE_DIRECTORY && node->count) {
		unsigned any = universe_roll(act->files->universe, (unsigned)node->count);
		if (remove_tree(act, node->entries[any], depth + 1))
			return -1;
	}
	return dies(act) ? -1 : name_take(act->files, node, act->actor);
}

int sim_tree_remove(struct world *world, const char *path, struct error *err)
{
	struct act act = begin(world, err);
	if (seat_dead(act.seat) && dies(&act))
		return -1;
	struct node *node = walk(act.files, NULL, path, false, act.actor);
	if (!node && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	return !node || remove_tree(&act, node, 0) ? fails(&act, path, "cannot remove") : 0;
}

int sim_directory_remove(struct world *world, const char *path, struct error *err)
{
	struct act act = begin(world, err);
	if (dies(&act))
		return -1;
	struct node *node = walk(act.files, NULL, path, false, act.actor);
	if (!node ? errno == ENOENT || errno == ENOTDIR : node->kind != FILE_DIRECTORY)
		return 0;
	return !node || name_take(act.files, node, act.actor) ? fails(&act, path, "cannot remove") : 0;
}

static bool is_directory(const struct act *act, const char *path)
{
	const struct node *node = walk(act->files, NULL, path, true, act->actor);
	return node && node->kind == FILE_DIRECTORY;
}

/* 0 also when something has that name. */
static int make_one(struct act *act, const char *path, mode_t mode)
{
	char name[256];
	struct node *directory = walk_above(act->files, NULL, path, act->actor, name);
	if (!directory)
		return is_directory(act, path) ? 0 : -1;
	if (node_find(directory, name, strlen(name)))
		return 0;
	return dies(act) || !directory_make(act->files, directory, name, mode & ~(mode_t)UMASK, act->actor)
		   ? -1
		   : 0;
}

int sim_directories_make(struct world *world, const char *path, mode_t mode, struct error *err)
{
	struct act act = begin(world, err);
	owned_memory char *partial = strdup(path);
	if (!partial)
		return fail_memory(err);
	if (!*partial)
		return fail(err, ERR_INVALID, "a directory needs a name");
	if (seat_dead(act.seat) && dies(&act))
		return -1;
	if (is_directory(&act, path))
		return 0;
	for (char *slash = partial + 1;; slash++) {
		slash += strcspn(slash, "/");
		bool last = !*slash;
		*slash = '\0';
		if (make_one(&act, partial, mode))
			return fails(&act, partial, "cannot make the directory");
		if (last)
			break;
		*slash = '/';
	}
	if (!is_directory(&act, path))
		return fail(err, ERR_CONFLICT, "%s exists and is not a directory", path);
	return 0;
}
