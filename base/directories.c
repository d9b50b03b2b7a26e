/* directories.c - making, listing and removing directories of the real world. */
#include "base/world_real_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

#define DEPTH_LIMIT 256 /* each level holds a descriptor open */

struct names {
	char **items;
	size_t count, capacity;
};

static void release_names(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i]);
	free(names->items);
}

static int add_name(struct names *names, const char *name)
{
	if (names->count == names->capacity) {
		size_t capacity = names->capacity ? names->capacity * 2 : 16;
		char **items = reallocarray(names->items, capacity, sizeof(*items));
		if (!items)
			return -1;
		names->items = items;
		names->capacity = capacity;
	}
	char *copy = strdup(name);
	if (!copy)
		return -1;
	names->items[names->count++] = copy;
	return 0;
}

static void release_directory(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

/* Takes the descriptor. Nonzero with errno set on failure. */
static int read_names(int fd, struct names *names)
{
	DIR *stream __attribute__((cleanup(release_directory))) = fdopendir(fd);

	if (!stream) {
		int error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	for (;;) {
		errno = 0;
		const struct dirent *entry = readdir(stream);
		if (!entry)
			return errno ? -1 : 0;
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (add_name(names, entry->d_name)) {
			errno = ENOMEM;
			return -1;
		}
	}
}

static int open_directory(int parent, const char *name)
{
	return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int remove_at(int parent, const char *name, int depth);

static int empty_directory(int fd, int depth)
{
	struct names names __attribute__((cleanup(release_names))) = {0};
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (copy < 0 || read_names(copy, &names))
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (remove_at(fd, names.items[i], depth + 1))
			return -1;
	return 0;
}

/* Nonzero with errno set on failure; what is gone already is fine. */
static int remove_at(int parent, const char *name, int depth)
{
	if (!unlinkat(parent, name, 0) || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -1;
	if (depth > DEPTH_LIMIT) {
		errno = ELOOP;
		return -1;
	}
	owned_fd fd = open_directory(parent, name);
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	if (empty_directory(fd, depth))
		return -1;
	return unlinkat(parent, name, AT_REMOVEDIR) && errno != ENOENT ? -1 : 0;
}

int real_tree_remove(struct world *world, const char *path, struct error *err)
{
	(void)world;
	if (remove_at(AT_FDCWD, path, 0) && errno != ENOTDIR)
		return fail_file(err, path, "cannot remove");
	return 0;
}

int real_directory_remove(struct world *world, const char *path, struct error *err)
{
	(void)world;
	if (rmdir(path) && errno != ENOENT && errno != ENOTDIR)
		return fail_file(err, path, "cannot remove");
	return 0;
}

static bool is_directory(const char *path)
{
	struct stat status;

	return !stat(path, &status) && S_ISDIR(status.st_mode);
}

int real_directories_make(struct world *world, const char *path, mode_t mode, struct error *err)
{
	owned_memory char *partial = strdup(path);

	(void)world;
	if (!partial)
		return fail_memory(err);
	if (!*partial)
		return fail(err, ERR_INVALID, "a directory needs a name");
	for (char *slash = partial + 1;; slash++) {
		slash += strcspn(slash, "/");
		bool last = !*slash;
		*slash = '\0';
		if (mkdir(partial, mode) && errno != EEXIST && !is_directory(partial))
			return fail_file(err, partial, "cannot make the directory");
		if (last)
			break;
		*slash = '/';
	}
	if (!is_directory(path))
		return fail(err, ERR_CONFLICT, "%s exists and is not a directory", path);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int real_directory_list(struct world *world, const char *path, bool (*visit)(void *owner, const char *name),
			void *owner, struct error *err)
{
	struct names names __attribute__((cleanup(release_names))) = {0};
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)world;
	if (fd < 0)
		return errno == ENOENT ? 0 : fail_file(err, path, "cannot list");
	if (read_names(fd, &names))
		return fail_file(err, path, "cannot list");
	if (names.count)
		qsort(names.items, names.count, sizeof(*names.items), by_name);
	for (size_t i = 0; i < names.count; i++)
		if (!visit(owner, names.items[i]))
			break;
	return 0;
}
