/* vfs.c - the files of a simulated machine, for SQLite: opening, removing, time and chance. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulation/machine_internal.h"

static struct vfs *vfs_of(sqlite3_vfs *base)
{
	return (struct vfs *)base;
}

bool vfs_is_dead(const struct vfs *vfs)
{
	return vfs->dead || (vfs->seat && seat_dead(vfs->seat));
}

bool vfs_leaves(struct vfs *vfs)
{
	return !vfs->dead && (!vfs->seat || seat_leaves(vfs->seat, NULL));
}

static const struct actor *actor_of(const struct vfs *vfs)
{
	return vfs->seat ? &vfs->machine->user : &root_actor;
}

/* A file beside the database has its rights and owner, as SQLite gives them. */
static void imitate(struct node *node, const char *name)
{
	const char *dash = strrchr(name, '-');
	const struct node *of = dash ? node_find(node->parent, name, (size_t)(dash - name)) : NULL;
	if (!of)
		return;
	node->mode = of->mode;
	node->uid = of->uid;
	node->gid = of->gid;
}

static struct node *open_node(struct vfs *vfs, const char *path, int flags)
{
	struct files *files = &vfs->machine->files;
	char name[256];
	struct node *node = walk(files, NULL, path, true, actor_of(vfs));
	if (node && (flags & SQLITE_OPEN_CREATE) && (flags & SQLITE_OPEN_EXCLUSIVE))
		return NULL;
	if (node || errno != ENOENT || !(flags & SQLITE_OPEN_CREATE))
		return node && node->kind == FILE_PLAIN ? node : NULL;
	struct node *directory = walk_above(files, NULL, path, actor_of(vfs), name);
	if (!directory || !vfs_leaves(vfs))
		return NULL;
	node = file_make(files, directory, name, 0644, actor_of(vfs));
	if (node)
		imitate(node, name);
	return node;
}

/* One without a name goes when it is closed. */
static struct node *temporary_node(struct vfs *vfs)
{
	struct node *node = node_new(&vfs->machine->files, FILE_PLAIN, 0600, actor_of(vfs));
	if (node)
		node->holds = 0; /* the handle's is to come */
	return node;
}

static int vfs_open(sqlite3_vfs *base, const char *path, sqlite3_file *file, int flags, int *ret_flags)
{
	struct vfs *vfs = vfs_of(base);
	struct database_handle *handle = (struct database_handle *)file;
	memset(handle, 0, sizeof *handle);
	if (vfs_is_dead(vfs))
		return SQLITE_CANTOPEN;
	struct node *node = path ? open_node(vfs, path, flags) : temporary_node(vfs);
	if (!node || !node_allows(node, actor_of(vfs), 4))
		return SQLITE_CANTOPEN;
	handle->read_only = (flags & SQLITE_OPEN_READONLY) || !node_allows(node, actor_of(vfs), 2) ||
			    vfs->machine->files.read_only;
	handle->temporary = path && (flags & SQLITE_OPEN_DELETEONCLOSE);
	handle->vfs = vfs;
	handle->node = node;
	handle->next_of_vfs = vfs->handles;
	vfs->handles = handle;
	handle->next_of_node = node->handles;
	node->handles = handle;
	node_hold(node);
	handle_init(handle);
	if (ret_flags)
		*ret_flags =
		    handle->read_only ? (flags & ~SQLITE_OPEN_READWRITE) | SQLITE_OPEN_READONLY : flags;
	return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *base, const char *path, int sync)
{
	struct vfs *vfs = vfs_of(base);
	struct files *files = &vfs->machine->files;
	if (!vfs_leaves(vfs))
		return SQLITE_IOERR_DELETE;
	struct node *node = walk(files, NULL, path, false, actor_of(vfs));
	if (!node)
		return errno == ENOENT ? SQLITE_IOERR_DELETE_NOENT : SQLITE_IOERR_DELETE;
	struct node *directory = node->parent;
	if (name_take(files, node, actor_of(vfs)))
		return SQLITE_IOERR_DELETE;
	if (sync && (!vfs_leaves(vfs) || names_sync(files, directory)))
		return SQLITE_IOERR_DIR_FSYNC;
	return SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *base, const char *path, int flags, int *ret)
{
	struct vfs *vfs = vfs_of(base);
	const struct node *node = walk(&vfs->machine->files, NULL, path, true, actor_of(vfs));
	if (vfs_is_dead(vfs))
		return SQLITE_IOERR_ACCESS;
	if (flags == SQLITE_ACCESS_EXISTS)
		*ret = node && (node->kind != FILE_PLAIN || node->size > 0);
	else
		*ret = node && node_allows(node, actor_of(vfs), flags == SQLITE_ACCESS_READ ? 4 : 6);
	return SQLITE_OK;
}

static int vfs_full_path(sqlite3_vfs *base, const char *path, int size, char *ret_path)
{
	(void)base;
	return snprintf(ret_path, (size_t)size, "%s", path) < size ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int vfs_randomness(sqlite3_vfs *base, int count, char *ret_bytes)
{
	struct world *outside = universe_outside(vfs_of(base)->machine->universe);
	outside->ops->random(outside, ret_bytes, (size_t)count);
	return count;
}

/* The clock stands still for whoever calls: nobody lets go of anything meanwhile. */
static int vfs_sleep(sqlite3_vfs *base, int microseconds)
{
	(void)base;
	return microseconds;
}

static int vfs_time(sqlite3_vfs *base, sqlite3_int64 *ret_ms)
{
	static const sqlite3_int64 epoch = 24405875 * (sqlite3_int64)8640000;
	*ret_ms = epoch + machine_wall(vfs_of(base)->machine);
	return SQLITE_OK;
}

static int vfs_last_error(sqlite3_vfs *base, int size, char *ret_words)
{
	(void)base;
	if (size > 0)
		ret_words[0] = '\0';
	return 0;
}

struct vfs *vfs_new(struct machine *machine, struct seat *seat)
{
	static unsigned long serial;
	struct vfs *vfs = calloc(1, sizeof *vfs);
	if (!vfs)
		return NULL;
	vfs->machine = machine;
	vfs->seat = seat;
	snprintf(vfs->name, sizeof vfs->name, "simulation-%lu", ++serial);
	vfs->base = (sqlite3_vfs){.iVersion = 2,
				  .szOsFile = sizeof(struct database_handle),
				  .mxPathname = PATH_MOST,
				  .zName = vfs->name,
				  .xOpen = vfs_open,
				  .xDelete = vfs_delete,
				  .xAccess = vfs_access,
				  .xFullPathname = vfs_full_path,
				  .xRandomness = vfs_randomness,
				  .xSleep = vfs_sleep,
				  .xGetLastError = vfs_last_error,
				  .xCurrentTimeInt64 = vfs_time};
	if (sqlite3_vfs_register(&vfs->base, 0) != SQLITE_OK) {
		free(vfs);
		return NULL;
	}
	vfs->next = machine->vfs;
	machine->vfs = vfs;
	return vfs;
}

void vfs_free(struct vfs *vfs)
{
	while (vfs->handles)
		handle_let_go(vfs->handles);
	sqlite3_vfs_unregister(&vfs->base);
	free(vfs);
}

void vfs_dies(struct machine *machine, const struct seat *seat)
{
	for (struct vfs *vfs = machine->vfs; vfs; vfs = vfs->next) {
		if (vfs->seat != seat || vfs->dead)
			continue;
		vfs->dead = true;
		while (vfs->handles)
			handle_let_go(vfs->handles);
	}
}

static struct vfs *find(struct machine *machine, const struct seat *seat)
{
	struct vfs *vfs = machine->vfs;
	while (vfs && (vfs->dead || vfs->seat != seat))
		vfs = vfs->next;
	return vfs;
}

const char *machine_vfs(const struct machine *machine)
{
	const struct vfs *vfs = find((struct machine *)machine, NULL);
	return vfs ? vfs->name : NULL;
}

/* Without memory for one: a name that SQLite does not know either. */
const char *sim_database_vfs(struct world *world)
{
	struct seat *seat = seat_of(world);
	struct machine *machine = seat_machine(seat);
	if (seat_dead(seat))
		return "dead";
	const struct vfs *vfs = find(machine, seat);
	if (!vfs)
		vfs = vfs_new(machine, seat);
	return vfs ? vfs->name : "no memory";
}
