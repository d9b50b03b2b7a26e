/* vfs_index.c - the memory that connections to one database share, with its locks: SQLite's index of the WAL.
 *
 * As with the file beside the database that it is in reality, it is gone, and made anew from the WAL, when
 * the last one that uses it has let go or died.
 */
#include <stdlib.h>

#include "simulation/machine_internal.h"

struct wal_index {
	unsigned users;
	unsigned holders; /* users, and the dead whose memory of it SQLite has not given up yet */
	size_t region_size, count;
	void **regions;
};

#define FIRST_REGION 32768

static struct database_handle *handle_of(sqlite3_file *file)
{
	return (struct database_handle *)file;
}

/* The first one makes a file beside the database, for which there must be a place. */
static int join(struct database_handle *handle)
{
	struct node *node = handle->node;
	const struct files *files = &handle->vfs->machine->files;
	if (handle->mapped)
		return SQLITE_OK;
	if (!node->wal_index && files->read_only)
		return SQLITE_CANTOPEN;
	if (!node->wal_index && files->room >= 0 && files->room < FIRST_REGION)
		return SQLITE_IOERR_SHMSIZE;
	if (!node->wal_index && !(node->wal_index = calloc(1, sizeof *node->wal_index)))
		return SQLITE_NOMEM;
	node->wal_index->users++;
	node->wal_index->holders++;
	handle->index = node->wal_index;
	handle->mapped = true;
	return SQLITE_OK;
}

static int extend_to(struct wal_index *index, size_t count, size_t size)
{
	void **regions = realloc(index->regions, count * sizeof *regions);
	if (!regions)
		return SQLITE_NOMEM;
	index->regions = regions;
	index->region_size = size;
	while (index->count < count) {
		if (!(regions[index->count] = calloc(1, size)))
			return SQLITE_NOMEM;
		index->count++;
	}
	return SQLITE_OK;
}

int index_map(sqlite3_file *file, int region, int size, int extend, void volatile **ret)
{
	struct database_handle *handle = handle_of(file);
	*ret = NULL;
	if (!handle->node || vfs_is_dead(handle->vfs))
		return SQLITE_IOERR_SHMMAP;
	int result = join(handle);
	if (result != SQLITE_OK)
		return result;
	struct wal_index *index = handle->node->wal_index;
	size_t wanted = (size_t)region + 1;
	if (index->count < wanted && extend && (result = extend_to(index, wanted, (size_t)size)) != SQLITE_OK)
		return result;
	if (index->count >= wanted)
		*ret = index->regions[region];
	return SQLITE_OK;
}

int index_lock(sqlite3_file *file, int offset, int count, int flags)
{
	struct database_handle *handle = handle_of(file);
	unsigned mask = ((1u << count) - 1) << offset;
	if (!handle->node || vfs_is_dead(handle->vfs))
		return SQLITE_IOERR_SHMLOCK;
	if (flags & SQLITE_SHM_UNLOCK) {
		handle->shared &= ~mask;
		handle->exclusive &= ~mask;
		return SQLITE_OK;
	}
	for (const struct database_handle *other = handle->node->handles; other;
	     other = other->next_of_node) {
		unsigned hinders = other->exclusive | (flags & SQLITE_SHM_EXCLUSIVE ? other->shared : 0);
		if (other != handle && (hinders & mask))
			return SQLITE_BUSY;
	}
	if (flags & SQLITE_SHM_EXCLUSIVE)
		handle->exclusive |= mask;
	else
		handle->shared |= mask;
	return SQLITE_OK;
}

void index_barrier(sqlite3_file *file)
{
	(void)file; /* all are of one thread */
}

void index_leave(struct database_handle *handle)
{
	struct wal_index *index = handle->node->wal_index;
	handle->shared = handle->exclusive = 0;
	if (!handle->mapped)
		return;
	handle->mapped = false;
	if (--index->users == 0)
		handle->node->wal_index = NULL;
}

void index_release(struct database_handle *handle)
{
	struct wal_index *index = handle->index;
	handle->index = NULL;
	if (!index || --index->holders)
		return;
	for (size_t i = 0; i < index->count; i++)
		free(index->regions[i]);
	free(index->regions);
	free(index);
}

int index_unmap(sqlite3_file *file, int delete_it)
{
	struct database_handle *handle = handle_of(file);
	(void)delete_it; /* it goes with its last user */
	if (handle->node)
		index_leave(handle);
	index_release(handle);
	return SQLITE_OK;
}
