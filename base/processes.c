/* processes.c - looking at this machine's processes through /proc, and signalling exactly one of them. */
#include "base/world_real_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/cleanup.h"

#define ENVIRONMENT_LIMIT ((size_t)4 << 20)

struct stat_line {
	pid_t parent;
	uint64_t start_ticks;
	bool zombie;
};

static void release_directory(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

#define owned_directory owned_by(release_directory) DIR *

/* Everything a file of /proc holds; nonzero when it is not ours to see or the process is gone. */
static int read_file(int directory, const char *name, struct text *content)
{
	char bytes[4096];
	owned_fd fd = openat(directory, name, O_RDONLY | O_CLOEXEC);

	text_clear(content);
	if (fd < 0)
		return -1;
	for (;;) {
		ssize_t got = read(fd, bytes, sizeof(bytes));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (!got || content->length > ENVIRONMENT_LIMIT)
			return content->failed ? -1 : 0;
		text_add_bytes(content, bytes, (size_t)got);
	}
}

/* The name in parentheses may itself hold blanks and parentheses: what counts begins after the last one. */
static int parse_stat(const char *line, struct stat_line *ret_stat)
{
	const char *rest = strrchr(line, ')');
	struct stat_line stat = {0};
	unsigned long long ticks;
	char state;
	int parent;

	if (!rest || sscanf(rest + 1,
			    " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
			    &state, &parent, &ticks) != 3)
		return -1;
	stat.parent = parent;
	stat.start_ticks = ticks;
	stat.zombie = state == 'Z' || state == 'X';
	*ret_stat = stat;
	return 0;
}

static int read_stat(int directory, struct stat_line *ret_stat)
{
	owned_text line = {0};

	if (read_file(directory, "stat", &line) || !line.length)
		return -1;
	return parse_stat(line.data, ret_stat);
}

static pid_t pid_of(const char *name)
{
	int64_t pid;

	return parse_number(name, 1, INT_MAX, &pid) ? (pid_t)pid : 0;
}

static bool has_entry(const struct text *environment, const char *prefix)
{
	size_t length = strlen(prefix);
	const char *entry = text_view(environment), *end = entry + environment->length;

	while ((size_t)(end - entry) >= length) {
		if (!memcmp(entry, prefix, length))
			return true;
		const char *next = memchr(entry, '\0', (size_t)(end - entry));
		if (!next)
			return false;
		entry = next + 1;
	}
	return false;
}

/* What a link of /proc names, "" when that is not ours to see. */
static void read_name(int directory, const char *link, char ret_name[static PATH_MAX])
{
	ssize_t length = readlinkat(directory, link, ret_name, PATH_MAX - 1);

	ret_name[length > 0 ? length : 0] = '\0';
}

/* Fill in the rest of what the visit shows; nonzero when the process is gone. */
static int look_at(int directory, struct process_info *info, char executable[static PATH_MAX],
		   char works_in[static PATH_MAX])
{
	struct stat_line stat;
	struct stat status;

	if (read_stat(directory, &stat) || fstat(directory, &status))
		return -1;
	read_name(directory, "exe", executable);
	read_name(directory, "cwd", works_in);
	info->parent = stat.parent;
	info->start_ticks = stat.start_ticks;
	info->zombie = stat.zombie;
	info->uid = status.st_uid;
	info->executable = executable;
	info->directory = works_in;
	return 0;
}

static DIR *open_proc(struct error *err)
{
	DIR *proc = opendir("/proc");

	if (!proc)
		fail_file(err, "/proc", "cannot list");
	return proc;
}

static int open_process(DIR *proc, const char *name)
{
	return openat(dirfd(proc), name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int real_processes(struct world *world, const char *environment_prefix,
		   bool (*visit)(void *owner, const struct process_info *), void *owner, struct error *err)
{
	char executable[PATH_MAX], works_in[PATH_MAX];
	owned_text environment = {0};
	owned_directory proc = open_proc(err);
	const struct dirent *entry;

	(void)world;
	if (!proc)
		return -1;
	while ((entry = readdir(proc))) {
		struct process_info info = {.pid = pid_of(entry->d_name)};
		owned_fd directory = info.pid ? open_process(proc, entry->d_name) : -1;
		if (directory < 0)
			continue;
		if (read_file(directory, "environ", &environment))
			text_clear(&environment);
		if (environment.failed)
			return fail_memory(err);
		if (environment_prefix && !has_entry(&environment, environment_prefix))
			continue;
		info.environment = text_view(&environment);
		info.environment_size = environment.length;
		if (!look_at(directory, &info, executable, works_in) && !visit(owner, &info))
			break;
	}
	return 0;
}

struct memfd_search {
	const char *prefix;
	bool (*visit)(void *owner, pid_t pid, uint64_t start_ticks, const char *name);
	void *owner;
};

/* The memfd's own name when the link names one that begins with the prefix, else NULL. */
static char *memfd_name(char *link, const char *prefix)
{
	static const char kind[] = "/memfd:", gone[] = " (deleted)";

	if (!starts_with(link, kind))
		return NULL;
	char *name = link + strlen(kind);
	if (ends_with(name, gone))
		name[strlen(name) - strlen(gone)] = '\0';
	return starts_with(name, prefix) ? name : NULL;
}

/* Whether to go on. A name held through several descriptors in a row is shown once. */
static bool search_process(int directory, pid_t pid, const struct memfd_search *search)
{
	char link[PATH_MAX], shown[PATH_MAX] = "";
	int fd = openat(directory, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	owned_directory fds = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	struct stat_line stat;

	if (!fds) {
		release_fd(&fd);
		return true;
	}
	while ((entry = readdir(fds))) {
		ssize_t length = readlinkat(fd, entry->d_name, link, sizeof(link) - 1);
		if (length <= 0)
			continue;
		link[length] = '\0';
		const char *name = memfd_name(link, search->prefix);
		if (!name || !strcmp(name, shown) || read_stat(directory, &stat))
			continue;
		strcpy(shown, name);
		if (!search->visit(search->owner, pid, stat.start_ticks, name))
			return false;
	}
	return true;
}

int real_memfd_holders(struct world *world, const char *name_prefix,
		       bool (*visit)(void *owner, pid_t pid, uint64_t start_ticks, const char *name),
		       void *owner, struct error *err)
{
	const struct memfd_search search = {.prefix = name_prefix, .visit = visit, .owner = owner};
	owned_directory proc = open_proc(err);
	const struct dirent *entry;

	(void)world;
	if (!proc)
		return -1;
	while ((entry = readdir(proc))) {
		pid_t pid = pid_of(entry->d_name);
		owned_fd directory = pid ? open_process(proc, entry->d_name) : -1;
		if (directory >= 0 && !search_process(directory, pid, &search))
			break;
	}
	return 0;
}

int real_signal(struct world *world, pid_t pid, uint64_t start_ticks, int signal_number, struct error *err)
{
	char path[32];
	struct stat_line stat;

	(void)world;
	if (pid <= 0)
		return fail(err, ERR_INVALID, "%d is not a process", (int)pid);
	owned_fd process = (int)syscall(SYS_pidfd_open, pid, 0);
	if (process < 0 && errno != ESRCH && errno != EINVAL && errno != ENOENT)
		return fail(err, ERR_FAILED, "process %d: %s", (int)pid, strerror(errno));
	if (process < 0)
		return fail(err, ERR_MISSING, "process %d is gone", (int)pid);
	/* The descriptor holds the number still: what /proc says now is of the process that is signalled. */
	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	owned_fd directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0 || read_stat(directory, &stat) || stat.start_ticks != start_ticks)
		return fail(err, ERR_MISSING, "process %d is gone", (int)pid);
	if (!syscall(SYS_pidfd_send_signal, process, signal_number, NULL, 0))
		return 0;
	if (errno == ESRCH)
		return fail(err, ERR_MISSING, "process %d is gone", (int)pid);
	return fail(err,
		    errno == EPERM    ? ERR_DENIED
		    : errno == EINVAL ? ERR_INVALID
				      : ERR_FAILED,
		    "cannot send signal %d to process %d: %s", signal_number, (int)pid, strerror(errno));
}

const char *real_boot_id(struct world *world)
{
	struct real *real = real_of(world);
	owned_text content = {0};

	if (!real->boot_id[0] &&
	    !real_file_read(world, "/proc/sys/kernel/random/boot_id", 4096, &content, NULL)) {
		size_t length = strcspn(text_view(&content), "\n");
		if (length < sizeof(real->boot_id))
			memcpy(real->boot_id, content.data, length);
	}
	return real->boot_id;
}
