/* virtual_files.c - plain file work for the virtual world, one call at a time. */
#include "tests/support/virtual_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "tests/support/virtual_world.h"

struct file_lock {
	int fd;
};

static int wrong(struct error *err, const char *path)
{
	enum code code = errno == ENOENT || errno == ENOTDIR ? ERR_MISSING
			 : errno == EACCES                   ? ERR_DENIED
			 : errno == EEXIST                   ? ERR_CONFLICT
							     : ERR_FAILED;

	return fail(err, code, "%s: %s", path, strerror(errno));
}

static int inside(struct world *world, const char *path, struct error *err)
{
	const char *own = virtual_world_directory(world);

	if (starts_with(path, own) && (path[strlen(own)] == '/' || !path[strlen(own)]))
		return 0;
	return fail(err, ERR_DENIED, "%s is outside of the virtual world's directory", path);
}

static int read_from(const char *path, off_t offset, size_t limit, struct text *ret, struct error *err)
{
	owned_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	char bytes[4096];

	if (fd < 0)
		return wrong(err, path);
	for (size_t have = 0; have < limit;) {
		size_t wanted = limit - have < sizeof(bytes) ? limit - have : sizeof(bytes);
		ssize_t got = pread(fd, bytes, wanted, offset + (off_t)have);
		if (got < 0)
			return wrong(err, path);
		if (!got)
			break;
		text_add_bytes(ret, bytes, (size_t)got);
		have += (size_t)got;
	}
	return ret->failed ? fail_memory(err) : 0;
}

int virtual_file_read(struct world *world, const char *path, size_t limit, struct text *ret,
		      struct error *err)
{
	struct stat facts;

	(void)world;
	if (stat(path, &facts) < 0)
		return wrong(err, path);
	if ((uint64_t)facts.st_size > limit)
		return fail(err, ERR_FAILED, "%s is longer than %zu bytes", path, limit);
	return read_from(path, 0, limit, ret, err);
}

int virtual_file_tail(struct world *world, const char *path, size_t limit, struct text *ret,
		      struct error *err)
{
	struct stat facts;

	(void)world;
	if (stat(path, &facts) < 0)
		return wrong(err, path);
	off_t from = (uint64_t)facts.st_size > limit ? facts.st_size - (off_t)limit : 0;
	return read_from(path, from, limit, ret, err);
}

int virtual_file_read_at(struct world *world, const char *path, uint64_t offset, size_t limit,
			 struct text *ret, struct error *err)
{
	(void)world;
	return read_from(path, (off_t)offset, limit, ret, err);
}

int virtual_file_write(struct world *world, const char *path, mode_t mode, const void *bytes, size_t count,
		       struct error *err)
{
	char beside[4096];

	if (inside(world, path, err) < 0)
		return -1;
	if (snprintf(beside, sizeof(beside), "%s.new", path) >= (int)sizeof(beside))
		return fail(err, ERR_INVALID, "%s: too long", path);
	owned_fd fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	if (fd < 0 || write(fd, bytes, count) != (ssize_t)count || rename(beside, path) < 0)
		return wrong(err, path);
	return 0;
}

/* Everything here is ours: the rights that count are the mode's. */
int virtual_file_put(struct world *world, const char *base, const char *path,
		     const struct file_rights *rights, const void *bytes, size_t count, struct error *err)
{
	char whole[4096], directory[4096];
	struct file_facts facts = {0};

	if (snprintf(whole, sizeof(whole), "%s%s%s", base ? base : "", base ? "/" : "", path) >=
	    (int)sizeof(whole))
		return fail(err, ERR_INVALID, "%s: too long", path);
	strcpy(directory, whole);
	*strrchr(directory, '/') = '\0';
	if (base && virtual_directories_make(world, directory, 0755, err))
		return -1;
	if (!virtual_file_look(world, whole, &facts, NULL) && facts.kind != FILE_PLAIN)
		return fail(err, ERR_CONFLICT, "%s is no plain file", path);
	return virtual_file_write(world, whole, rights->mode, bytes, count, err);
}

static struct file_facts facts_of(const struct stat *facts)
{
	return (struct file_facts){.kind = S_ISREG(facts->st_mode)   ? FILE_PLAIN
					   : S_ISDIR(facts->st_mode) ? FILE_DIRECTORY
					   : S_ISLNK(facts->st_mode) ? FILE_LINK
								     : FILE_OTHER,
				   .mode = facts->st_mode & 07777,
				   .uid = facts->st_uid,
				   .gid = facts->st_gid,
				   .size = (uint64_t)facts->st_size,
				   .device = facts->st_dev,
				   .inode = facts->st_ino};
}

int virtual_file_look(struct world *world, const char *path, struct file_facts *ret, struct error *err)
{
	struct stat facts;

	(void)world;
	if (lstat(path, &facts) < 0)
		return wrong(err, path);
	*ret = facts_of(&facts);
	return 0;
}

int virtual_file_follow(struct world *world, const char *path, struct file_facts *ret, struct error *err)
{
	struct stat facts;

	(void)world;
	if (stat(path, &facts) < 0)
		return wrong(err, path);
	*ret = facts_of(&facts);
	return 0;
}

int virtual_file_create(struct world *world, const char *path, mode_t mode, struct error *err)
{
	if (inside(world, path, err) < 0)
		return -1;
	return mknod(path, S_IFREG | mode, 0) < 0 ? wrong(err, path)
						  : virtual_file_mode(world, path, mode, err);
}

int virtual_file_mode(struct world *world, const char *path, mode_t mode, struct error *err)
{
	if (inside(world, path, err) < 0)
		return -1;
	return chmod(path, mode) < 0 ? wrong(err, path) : 0;
}

int virtual_file_rename(struct world *world, const char *from, const char *to, struct error *err)
{
	if (inside(world, from, err) < 0 || inside(world, to, err) < 0)
		return -1;
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	return errno == EEXIST ? fail(err, ERR_CONFLICT, "%s is there already", to) : wrong(err, from);
}

int virtual_link_make(struct world *world, const char *target, const char *path, struct error *err)
{
	char there[4096] = "";

	if (inside(world, path, err) < 0)
		return -1;
	if (symlink(target, path) == 0)
		return 0;
	if (errno != EEXIST)
		return wrong(err, path);
	if (readlink(path, there, sizeof(there) - 1) > 0 && strcmp(there, target) == 0)
		return 0;
	return fail(err, ERR_CONFLICT, "%s is there already", path);
}

int virtual_file_remove(struct world *world, const char *path, struct error *err)
{
	if (inside(world, path, err) < 0)
		return -1;
	return unlink(path) < 0 && errno != ENOENT ? wrong(err, path) : 0;
}

static int remove_entry(const char *path, const struct stat *facts, int kind, struct FTW *where)
{
	(void)facts, (void)kind, (void)where;
	return remove(path);
}

void virtual_files_remove(const char *directory)
{
	nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

int virtual_tree_remove(struct world *world, const char *path, struct error *err)
{
	if (inside(world, path, err) < 0)
		return -1;
	return nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT ? wrong(err, path)
											  : 0;
}

int virtual_directory_remove(struct world *world, const char *path, struct error *err)
{
	if (inside(world, path, err) < 0)
		return -1;
	if (rmdir(path) == 0 || errno == ENOENT)
		return 0;
	return errno == ENOTEMPTY ? fail(err, ERR_CONFLICT, "%s is not empty", path) : wrong(err, path);
}

int virtual_directories_make(struct world *world, const char *path, mode_t mode, struct error *err)
{
	owned_memory char *copy = strdup(path);

	if (inside(world, path, err) < 0)
		return -1;
	if (!copy)
		return fail_memory(err);
	for (char *slash = copy + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (mkdir(copy, mode) < 0 && errno != EEXIST)
			return wrong(err, copy);
		*slash = '/';
	}
	return mkdir(copy, mode) < 0 && errno != EEXIST ? wrong(err, path) : 0;
}

static int visible(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int virtual_directory_list(struct world *world, const char *path,
			   bool (*visit)(void *owner, const char *name), void *owner, struct error *err)
{
	struct dirent **entries;
	int count = scandir(path, &entries, visible, by_bytes);
	bool more = true;

	(void)world;
	if (count < 0)
		return errno == ENOENT ? 0 : wrong(err, path);
	for (int i = 0; i < count; i++) {
		more = more && visit(owner, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return 0;
}

bool virtual_file_exists(struct world *world, const char *path)
{
	(void)world;
	return access(path, F_OK) == 0;
}

struct file_lock *virtual_lock(struct world *world, const char *path, struct error *err)
{
	if (inside(world, path, err) < 0)
		return NULL;
	owned_fd fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0) {
		wrong(err, path);
		return NULL;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		fail(err, ERR_LOCKED, "%s is locked by somebody else", path);
		return NULL;
	}
	struct file_lock *lock = malloc(sizeof(*lock));
	if (!lock) {
		fail_memory(err);
		return NULL;
	}
	lock->fd = fd;
	fd = -1;
	return lock;
}

struct file_lock *virtual_directory_lock(struct world *world, const char *path, struct error *err)
{
	struct file_lock *lock = malloc(sizeof(*lock));

	(void)world;
	if (!lock) {
		fail_memory(err);
		return NULL;
	}
	lock->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lock->fd >= 0 && flock(lock->fd, LOCK_EX) == 0)
		return lock;
	wrong(err, path);
	release_fd(&lock->fd);
	free(lock);
	return NULL;
}

void virtual_unlock(struct world *world, struct file_lock *lock)
{
	(void)world;
	if (!lock)
		return;
	close(lock->fd);
	free(lock);
}
