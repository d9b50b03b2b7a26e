/* vfs_file.c - one open file of SQLite's on a simulated disk: bytes, syncs, locks. */
#include <errno.h>
#include <string.h>

#include "simulation/machine_internal.h"

static struct database_handle *handle_of(sqlite3_file *file)
{
	return (struct database_handle *)file;
}

static struct files *files_of(const struct database_handle *handle)
{
	return &handle->vfs->machine->files;
}

/* It is nobody's any more. Its memory is SQLite's, which closes it later. */
void handle_let_go(struct database_handle *handle)
{
	struct database_handle **at = &handle->vfs->handles;
	while (*at != handle)
		at = &(*at)->next_of_vfs;
	*at = handle->next_of_vfs;
	index_leave(handle);
	for (at = &handle->node->handles; *at != handle;)
		at = &(*at)->next_of_node;
	*at = handle->next_of_node;
	node_drop(files_of(handle), handle->node);
	handle->node = NULL;
}

static int file_close(sqlite3_file *file)
{
	struct database_handle *handle = handle_of(file);
	struct node *node = handle->node;
	if (node && handle->temporary && node->named && vfs_leaves(handle->vfs))
		name_take(files_of(handle), node, &root_actor);
	if (handle->node) /* else its process is dead, maybe since just now */
		handle_let_go(handle);
	index_release(handle);
	return SQLITE_OK;
}

static int file_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 offset)
{
	struct database_handle *handle = handle_of(file);
	const struct node *node = handle->node;
	if (!node || vfs_is_dead(handle->vfs) || disk_refuses(files_of(handle), DISK_READ, node))
		return SQLITE_IOERR_READ;
	uint64_t begin = (uint64_t)offset;
	size_t there = begin >= node->size ? 0 : (size_t)(node->size - begin);
	if (there > (size_t)count)
		there = (size_t)count;
	if (there)
		memcpy(bytes, node->bytes + begin, there);
	if (there == (size_t)count)
		return SQLITE_OK;
	memset((char *)bytes + there, 0, (size_t)count - there);
	return SQLITE_IOERR_SHORT_READ;
}

static int file_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset)
{
	struct database_handle *handle = handle_of(file);
	if (!handle->node || !vfs_leaves(handle->vfs))
		return SQLITE_IOERR_WRITE;
	if (handle->read_only)
		return SQLITE_READONLY;
	if (!node_write(files_of(handle), handle->node, (uint64_t)offset, bytes, (size_t)count))
		return SQLITE_OK;
	return errno == ENOSPC ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct database_handle *handle = handle_of(file);
	if (!handle->node || !vfs_leaves(handle->vfs) ||
	    node_resize(files_of(handle), handle->node, (uint64_t)size))
		return SQLITE_IOERR_TRUNCATE;
	return SQLITE_OK;
}

static int file_sync(sqlite3_file *file, int flags)
{
	struct database_handle *handle = handle_of(file);
	(void)flags;
	if (!handle->node || !vfs_leaves(handle->vfs) || node_sync(files_of(handle), handle->node))
		return SQLITE_IOERR_FSYNC;
	return SQLITE_OK;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
	const struct database_handle *handle = handle_of(file);
	if (!handle->node || vfs_is_dead(handle->vfs))
		return SQLITE_IOERR_FSTAT;
	*ret_size = (sqlite3_int64)handle->node->size;
	return SQLITE_OK;
}

/* --- locks ------------------------------------------------------------------------------------------- */

/* Whether another one has that much of a lock. */
static bool another_has(const struct database_handle *handle, int lock)
{
	for (const struct database_handle *other = handle->node->handles; other; other = other->next_of_node)
		if (other != handle && other->lock >= lock)
			return true;
	return false;
}

static int file_lock(sqlite3_file *file, int lock)
{
	struct database_handle *handle = handle_of(file);
	if (!handle->node || vfs_is_dead(handle->vfs))
		return SQLITE_IOERR_LOCK;
	if (handle->lock >= lock)
		return SQLITE_OK;
	if (another_has(handle, lock == SQLITE_LOCK_RESERVED ? SQLITE_LOCK_RESERVED : SQLITE_LOCK_PENDING))
		return SQLITE_BUSY;
	if (lock == SQLITE_LOCK_EXCLUSIVE && another_has(handle, SQLITE_LOCK_SHARED)) {
		handle->lock = SQLITE_LOCK_PENDING; /* no more of them come */
		return SQLITE_BUSY;
	}
	handle->lock = lock;
	return SQLITE_OK;
}

static int file_unlock(sqlite3_file *file, int lock)
{
	struct database_handle *handle = handle_of(file);
	if (handle->lock > lock)
		handle->lock = lock;
	return SQLITE_OK;
}

static int file_check_reserved(sqlite3_file *file, int *ret)
{
	const struct database_handle *handle = handle_of(file);
	*ret = handle->node &&
	       (handle->lock >= SQLITE_LOCK_RESERVED || another_has(handle, SQLITE_LOCK_RESERVED));
	return SQLITE_OK;
}

/* --- what else is asked of it ------------------------------------------------------------------------ */

static int file_control(sqlite3_file *file, int operation, void *argument)
{
	const struct database_handle *handle = handle_of(file);
	if (operation != SQLITE_FCNTL_HAS_MOVED || !handle->node)
		return SQLITE_NOTFOUND;
	*(int *)argument = !handle->node->named;
	return SQLITE_OK;
}

static int file_sector_size(sqlite3_file *file)
{
	(void)file;
	return 4096;
}

static int file_characteristics(sqlite3_file *file)
{
	(void)file;
	return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

void handle_init(struct database_handle *handle)
{
	static const sqlite3_io_methods methods = {.iVersion = 2,
						   .xClose = file_close,
						   .xRead = file_read,
						   .xWrite = file_write,
						   .xTruncate = file_truncate,
						   .xSync = file_sync,
						   .xFileSize = file_size,
						   .xLock = file_lock,
						   .xUnlock = file_unlock,
						   .xCheckReservedLock = file_check_reserved,
						   .xFileControl = file_control,
						   .xSectorSize = file_sector_size,
						   .xDeviceCharacteristics = file_characteristics,
						   .xShmMap = index_map,
						   .xShmLock = index_lock,
						   .xShmBarrier = index_barrier,
						   .xShmUnmap = index_unmap};
	handle->base.pMethods = &methods;
}
