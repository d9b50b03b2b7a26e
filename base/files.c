/* files.c - reading, writing whole or not at all, and locking files of the real world. */
#include "base/world_real_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/cleanup.h"

#define READ_STEP ((size_t)65536)

struct file_lock {
	int fd;
};

static int open_to_read(const char *path, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	return fd < 0 ? fail_file(err, path, "cannot read") : fd;
}

/* Append at most `limit` bytes from `offset` on (or from where the descriptor stands, when it cannot seek).
 */
static int read_some(int fd, const char *path, off_t offset, size_t limit, struct text *content,
		     struct error *err)
{
	owned_memory char *bytes = malloc(READ_STEP);

	if (!bytes)
		return fail_memory(err);
	while (limit) {
		size_t step = limit < READ_STEP ? limit : READ_STEP;
		ssize_t got = pread(fd, bytes, step, offset);
		if (got < 0 && errno == ESPIPE)
			got = read(fd, bytes, step);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail_file(err, path, "cannot read");
		if (!got)
			break;
		text_add_bytes(content, bytes, (size_t)got);
		offset += got;
		limit -= (size_t)got;
	}
	if (content->secret)
		explicit_bzero(bytes, READ_STEP);
	return content->failed ? fail_memory(err) : 0;
}

/* Append what was read to the caller's text only when all went well. */
static int hand_over(struct text *content, struct text *ret_content, struct error *err)
{
	if (!ret_content->length && !ret_content->failed) {
		text_release(ret_content);
		*ret_content = *content;
		*content = (struct text){0};
		return 0;
	}
	text_add_bytes(ret_content, text_view(content), content->length);
	return ret_content->failed ? fail_memory(err) : 0;
}

int real_file_read(struct world *world, const char *path, size_t limit, struct text *ret_content,
		   struct error *err)
{
	owned_text content = {.secret = ret_content->secret};
	owned_fd fd = open_to_read(path, err);

	(void)world;
	if (fd < 0 || read_some(fd, path, 0, limit < SIZE_MAX ? limit + 1 : limit, &content, err))
		return -1;
	if (content.length > limit)
		return fail(err, ERR_INVALID, "%s is longer than %zu bytes", path, limit);
	return hand_over(&content, ret_content, err);
}

int real_file_tail(struct world *world, const char *path, size_t limit, struct text *ret_content,
		   struct error *err)
{
	owned_text content = {0};
	owned_fd fd = open_to_read(path, err);
	struct stat status;

	(void)world;
	if (fd < 0)
		return -1;
	if (fstat(fd, &status))
		return fail_file(err, path, "cannot read");
	off_t offset = (uint64_t)status.st_size > limit ? status.st_size - (off_t)limit : 0;
	if (read_some(fd, path, offset, limit, &content, err))
		return -1;
	return hand_over(&content, ret_content, err);
}

int real_file_read_at(struct world *world, const char *path, uint64_t offset, size_t limit,
		      struct text *ret_content, struct error *err)
{
	owned_text content = {0};
	owned_fd fd = open_to_read(path, err);

	(void)world;
	if (fd < 0)
		return -1;
	if (offset > INT64_MAX)
		return fail(err, ERR_INVALID, "%s: no file reaches to byte %llu", path,
			    (unsigned long long)offset);
	if (read_some(fd, path, (off_t)offset, limit, &content, err))
		return -1;
	return hand_over(&content, ret_content, err);
}

int write_all(int fd, const void *bytes, size_t count)
{
	const char *next = bytes;

	while (count) {
		ssize_t put = write(fd, next, count);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -1;
		next += put;
		count -= (size_t)put;
	}
	return 0;
}

static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return strdup(".");
	return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

int sync_directory_of(const char *path, struct error *err)
{
	owned_memory char *directory = directory_of(path);

	if (!directory)
		return fail_memory(err);
	owned_fd fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fsync(fd) ? fail_file(err, directory, "cannot sync") : 0;
}

/* What is written beside a file has one name, so that what a killed writer left is found by the next one, and
 * goes with the file. */
static char *beside_of(const char *path)
{
	char *beside;

	return asprintf(&beside, "%s.new", path) < 0 ? NULL : beside;
}

/* Whether the path still names the file we hold: its last holder may have removed it meanwhile. */
static bool same_file(int fd, const char *path)
{
	struct stat held, named;

	return !fstat(fd, &held) && !stat(path, &named) && held.st_dev == named.st_dev &&
	       held.st_ino == named.st_ino;
}

/* Ours alone until it is closed or renamed: two that write one file take turns. -1 with errno. */
static int open_beside(const char *beside)
{
	struct stat status;

	for (;;) {
		owned_fd fd = open(beside, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0600);
		if (fd < 0 || fstat(fd, &status))
			return -1;
		/* Where others may write too it may be theirs. */
		if (!S_ISREG(status.st_mode) || status.st_uid != geteuid() || status.st_nlink > 1) {
			errno = EEXIST;
			return -1;
		}
		while (flock(fd, LOCK_EX))
			if (errno != EINTR)
				return -1;
		if (same_file(fd, beside)) {
			int kept = fd;
			fd = -1;
			return kept;
		}
	}
}

static int write_file(const char *path, mode_t mode, const void *bytes, size_t count, bool durable,
		      struct error *err)
{
	owned_memory char *beside = beside_of(path);

	if (!beside)
		return fail_memory(err);
	owned_fd fd = open_beside(beside);
	if (fd < 0)
		return fail_file(err, path, "cannot write");
	if (ftruncate(fd, 0) || write_all(fd, bytes, count) || fchmod(fd, mode) || (durable && fsync(fd)) ||
	    rename(beside, path)) {
		fail_file(err, path, "cannot write");
		unlink(beside);
		return -1;
	}
	return durable ? sync_directory_of(path, err) : 0;
}

int real_file_write(struct world *world, const char *path, mode_t mode, const void *bytes, size_t count,
		    struct error *err)
{
	(void)world;
	return write_file(path, mode, bytes, count, true, err);
}

int real_file_note(struct world *world, const char *path, mode_t mode, const void *bytes, size_t count,
		   struct error *err)
{
	(void)world;
	return write_file(path, mode, bytes, count, false, err);
}

static int remove_file(const char *path, struct error *err)
{
	return unlink(path) && errno != ENOENT && errno != ENOTDIR ? fail_file(err, path, "cannot remove")
								   : 0;
}

int real_file_remove(struct world *world, const char *path, struct error *err)
{
	owned_memory char *beside = beside_of(path);

	(void)world;
	if (!beside)
		return fail_memory(err);
	return remove_file(beside, err) || remove_file(path, err) ? -1 : 0;
}

bool real_file_exists(struct world *world, const char *path)
{
	struct stat status;

	(void)world;
	return !stat(path, &status);
}

struct file_lock *real_lock(struct world *world, const char *path, struct error *err)
{
	struct file_lock *lock = malloc(sizeof(*lock));

	(void)world;
	if (!lock) {
		fail_memory(err);
		return NULL;
	}
	for (;;) {
		lock->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
		if (lock->fd < 0) {
			fail_file(err, path, "cannot lock");
			break;
		}
		int status;
		while ((status = flock(lock->fd, LOCK_EX | LOCK_NB)) && errno == EINTR)
			;
		if (!status && same_file(lock->fd, path))
			return lock;
		if (status && errno == EWOULDBLOCK)
			fail(err, ERR_LOCKED, "%s is locked by another process", path);
		else if (status)
			fail_file(err, path, "cannot lock");
		close(lock->fd);
		if (status)
			break;
	}
	free(lock);
	return NULL;
}

struct file_lock *real_directory_lock(struct world *world, const char *path, struct error *err)
{
	struct file_lock *lock = malloc(sizeof(*lock));
	int status = -1;

	(void)world;
	if (!lock) {
		fail_memory(err);
		return NULL;
	}
	lock->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while (lock->fd >= 0 && (status = flock(lock->fd, LOCK_EX)) && errno == EINTR)
		;
	if (!status)
		return lock;
	fail_file(err, path, "cannot lock");
	release_fd(&lock->fd);
	free(lock);
	return NULL;
}

void real_unlock(struct world *world, struct file_lock *lock)
{
	(void)world;
	if (!lock)
		return;
	close(lock->fd);
	free(lock);
}

const char *real_database_vfs(struct world *world)
{
	(void)world;
	return NULL;
}
