/* owner.c - one controller for a state directory: an OS lock that says whose it is and dies with it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "api/owner.h"
#include "base/cleanup.h"
#include "base/text.h"

enum { LOCK_TRIES = 20 };

static int make_directories(const char *path, struct error *err)
{
	owned_memory char *copy = strdup(path);
	if (!copy)
		return fail_memory(err);
	for (char *at = copy + 1; at; at = strchr(at + 1, '/')) {
		char kept = *at;
		if (kept != '/')
			continue;
		*at = '\0';
		mkdir(copy, 0700);
		*at = kept;
	}
	if (mkdir(copy, 0700) && errno != EEXIST)
		return fail(err, ERR_FAILED, "%s cannot be made: %s", path, strerror(errno));
	return 0;
}

/* What lies in the lock's file: the socket on the first line, and on the second one who it is. */
static void read_words(int fd, char *ret, size_t size)
{
	ssize_t count = pread(fd, ret, size - 1, 0);
	ret[count > 0 ? count : 0] = '\0';
}

static int name_holder(int fd, const char *directory, struct error *err)
{
	char words[600];
	read_words(fd, words, sizeof words);
	char *second = strchr(words, '\n');
	owned_text shown = {0};
	if (second)
		text_add_printable(&shown, second + 1, strcspn(second + 1, "\n"));
	fail(err, ERR_LOCKED, "another controller has %s: %s", directory,
	     shown.length ? text_view(&shown) : "its name is not known");
	remedy(err, "end it first, or give --state another directory");
	return -1;
}

static int write_words(int fd, const char *socket, const char *who)
{
	owned_text words = {0};
	char since[32] = "";
	time_t now = time(NULL);
	struct tm parts;
	if (gmtime_r(&now, &parts))
		strftime(since, sizeof since, "%Y-%m-%dT%H:%M:%SZ", &parts);
	text_format(&words, "%s\nberth serve, process %ld of %s, since %s\n", socket ? socket : "",
		    (long)getpid(), who, since);
	if (words.failed || ftruncate(fd, 0))
		return -1;
	return pwrite(fd, words.data, words.length, 0) == (ssize_t)words.length ? 0 : -1;
}

static int lock_file(const char *directory, int flags, struct error *err)
{
	owned_text path = {0};
	text_format(&path, "%s/controller.lock", directory);
	if (path.failed)
		return fail_memory(err);
	int fd = open(path.data, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		fail(err, errno == ENOENT ? ERR_MISSING : ERR_FAILED, "%s cannot be opened: %s", path.data,
		     strerror(errno));
	return fd;
}

/* One that was just killed may take a moment to be dead, with the processes that it was starting. */
static int lock_soon(int fd)
{
	const struct timespec pause = {.tv_nsec = 50 * 1000 * 1000};
	for (int tries = 0; flock(fd, LOCK_EX | LOCK_NB); tries++)
		if (errno != EWOULDBLOCK || tries == LOCK_TRIES || nanosleep(&pause, NULL))
			return -1;
	return 0;
}

int owner_take(const char *directory, struct error *err)
{
	if (make_directories(directory, err))
		return -1;
	int fd = lock_file(directory, O_RDWR | O_CREAT, err);
	if (fd < 0)
		return -1;
	if (lock_soon(fd) == 0)
		return fd;
	if (errno == EWOULDBLOCK)
		name_holder(fd, directory, err);
	else
		fail(err, ERR_FAILED, "%s cannot be locked: %s", directory, strerror(errno));
	close(fd);
	return -1;
}

int owner_describe(int fd, const char *socket, const char *who, struct error *err)
{
	return write_words(fd, socket, who)
		   ? fail(err, ERR_FAILED, "the lock cannot be written: %s", strerror(errno))
		   : 0;
}

bool owner_socket(const char *directory, char *ret_socket, size_t size)
{
	char words[600];
	owned_fd fd = lock_file(directory, O_RDONLY, NULL);
	if (fd < 0 || flock(fd, LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK)
		return false;
	read_words(fd, words, sizeof words);
	words[strcspn(words, "\n")] = '\0';
	snprintf(ret_socket, size, "%s", words);
	return *words;
}
