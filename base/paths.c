/* paths.c - what lies at a path of the real world, moving and linking it, and files put there for others. */
#include "base/world_real_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"

static enum file_kind kind_of(mode_t mode)
{
	return S_ISREG(mode)   ? FILE_PLAIN
	       : S_ISDIR(mode) ? FILE_DIRECTORY
	       : S_ISLNK(mode) ? FILE_LINK
			       : FILE_OTHER;
}

static struct file_facts facts_of(const struct stat *status)
{
	return (struct file_facts){.kind = kind_of(status->st_mode),
				   .mode = status->st_mode & 07777,
				   .uid = status->st_uid,
				   .gid = status->st_gid,
				   .size = (uint64_t)status->st_size,
				   .device = status->st_dev,
				   .inode = status->st_ino};
}

int real_file_look(struct world *world, const char *path, struct file_facts *ret, struct error *err)
{
	struct stat status;

	(void)world;
	if (lstat(path, &status))
		return fail_file(err, path, "cannot look at");
	*ret = facts_of(&status);
	return 0;
}

int real_file_follow(struct world *world, const char *path, struct file_facts *ret, struct error *err)
{
	struct stat status;

	(void)world;
	if (stat(path, &status))
		return fail_file(err, path, "cannot look at");
	*ret = facts_of(&status);
	return 0;
}

int real_file_create(struct world *world, const char *path, mode_t mode, struct error *err)
{
	if (mknod(path, S_IFREG | mode, 0))
		return fail_file(err, path, "cannot make");
	return real_file_mode(world, path, mode, err) ? -1 : sync_directory_of(path, err);
}

int real_file_mode(struct world *world, const char *path, mode_t mode, struct error *err)
{
	(void)world;
	return chmod(path, mode) ? fail_file(err, path, "cannot change the rights of") : 0;
}

/* Where a file system cannot refuse by itself, it is looked at before. */
static int rename_to_nothing(const char *from, const char *to)
{
	struct stat status;

	if (!renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (!lstat(to, &status)) {
		errno = EEXIST;
		return -1;
	}
	return rename(from, to);
}

int real_file_rename(struct world *world, const char *from, const char *to, struct error *err)
{
	(void)world;
	if (rename_to_nothing(from, to))
		return fail_file(err, errno == EEXIST ? to : from, "cannot rename");
	return sync_directory_of(to, err);
}

int real_link_make(struct world *world, const char *target, const char *path, struct error *err)
{
	char there[4096];

	(void)world;
	if (!symlink(target, path))
		return 0;
	int error = errno;
	ssize_t length = error == EEXIST ? readlink(path, there, sizeof(there)) : -1;
	if (length == (ssize_t)strlen(target) && !memcmp(there, target, (size_t)length))
		return 0;
	errno = error;
	return fail_file(err, path, "cannot link");
}

/* --- a file for somebody else --------------------------------------------------------------- */

/* One step down, into a directory that is made when it is not there; a link is not followed. */
static int step_down(int parent, const char *name, const struct file_rights *rights)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 || errno != ENOENT || mkdirat(parent, name, 0755))
		return fd;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && fchown(fd, rights->uid, rights->gid)) {
		release_fd(&fd);
		return -1;
	}
	return fd;
}

/* The directory a file is to lie in; `path` is cut at its slashes, and `ret_name` is the file's name there.
 * -1 with errno. */
static int open_above(char *path, const char **ret_name)
{
	char *slash = strrchr(path, '/');

	if (!slash) {
		errno = EINVAL;
		return -1;
	}
	*slash = '\0';
	*ret_name = slash + 1;
	return open(*path ? path : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int open_below(const char *base, char *path, const struct file_rights *rights, const char **ret_name)
{
	int fd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *part = path, *end;

	for (; fd >= 0 && (end = strchr(part, '/')); part = end + 1) {
		*end = '\0';
		int below = *part ? step_down(fd, part, rights) : dup(fd);
		close(fd);
		fd = below;
	}
	*ret_name = part;
	return fd;
}

static bool leads_out(const char *path)
{
	for (const char *part = path; part; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL)
		if (!strncmp(part, "..", 2) && (!part[2] || part[2] == '/'))
			return true;
	return false;
}

/* Ours alone until all is in it; then its owner's; then whoever's its mode says. */
static int fill(int fd, const struct file_rights *rights, const void *bytes, size_t count)
{
	return write_all(fd, bytes, count) || fchown(fd, rights->uid, rights->gid) ||
		       fchmod(fd, rights->mode) || fsync(fd)
		   ? -1
		   : 0;
}

/* What a killed one of us left has the name that we use. -1 with errno. */
static int replace(int directory, const char *name, const struct file_rights *rights, const void *bytes,
		   size_t count)
{
	owned_memory char *beside = NULL;

	if (asprintf(&beside, FILE_HALF, name) < 0) {
		beside = NULL;
		errno = ENOMEM;
		return -1;
	}
	if (unlinkat(directory, beside, 0) && errno != ENOENT)
		return -1;
	owned_fd fd = openat(directory, beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	if (!fill(fd, rights, bytes, count) && !renameat(directory, beside, directory, name))
		return fsync(directory);
	int error = errno;
	unlinkat(directory, beside, 0);
	errno = error;
	return -1;
}

int real_file_put(struct world *world, const char *base, const char *path, const struct file_rights *rights,
		  const void *bytes, size_t count, struct error *err)
{
	owned_memory char *copy = strdup(path);
	struct stat status;
	const char *name;

	(void)world;
	if (!copy)
		return fail_memory(err);
	if ((*path == '/') == (base != NULL) || leads_out(path) || ends_with(path, "/") || !*path)
		return fail(err, ERR_INVALID, "`%s` is no path of a file", path);
	owned_fd directory = base ? open_below(base, copy, rights, &name) : open_above(copy, &name);
	if (directory < 0)
		return fail_file(err, path, "cannot write");
	if (!fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) && !S_ISREG(status.st_mode))
		return fail(err, ERR_CONFLICT, "`%s` is there and is %s", path,
			    S_ISLNK(status.st_mode) ? "a link" : "no plain file");
	return replace(directory, name, rights, bytes, count) ? fail_file(err, path, "cannot write") : 0;
}
