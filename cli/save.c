/* save.c - a text in a file, whole or not at all, for its owner alone. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/screen.h"

static int write_all(int fd, const char *text)
{
	for (size_t left = strlen(text); left;) {
		ssize_t count = write(fd, text, left);
		if (count < 0 && errno != EINTR)
			return -1;
		text += count > 0 ? count : 0;
		left -= count > 0 ? (size_t)count : 0;
	}
	return fsync(fd);
}

static int cannot_save(const struct invocation *invocation, const char *path)
{
	char text[600];
	snprintf(text, sizeof text, "cannot save %s: %s", path, strerror(errno));
	return complain(invocation, BERTH_FAILED, text, NULL);
}

int save_text(const struct invocation *invocation, const char *path, const char *text)
{
	owned_memory char *beside = NULL;
	if (asprintf(&beside, "%s.XXXXXX", path) < 0)
		return complain(invocation, BERTH_FAILED, "out of memory", NULL);
	int fd = mkostemp(beside, O_CLOEXEC); /* made with mode 0600 */
	if (fd < 0)
		return cannot_save(invocation, path);
	bool failed = write_all(fd, text) != 0;
	failed |= close(fd) != 0 && !failed;
	if (!failed && rename(beside, path) == 0)
		return 0;
	int error = errno;
	unlink(beside);
	errno = error;
	return cannot_save(invocation, path);
}
