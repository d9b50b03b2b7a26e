/* private.c - files with secrets: nobody else may be able to read them, and what was read is forgotten. */
#include "api/private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LONGEST_LINE = 2048 };

static int open_private(const char *path, const char *what, struct error *err)
{
	struct stat facts;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &facts)) {
		fail(err, ERR_INVALID, "%s %s cannot be read: %s", what, path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	if (facts.st_mode & 077) {
		fail(err, ERR_INVALID, "%s %s can be read by others", what, path);
		remedy(err, "chmod 600 %s", path);
		close(fd);
		return -1;
	}
	return fd;
}

/* One that does not end is longer than any that makes sense. */
static int cut(char *line, FILE *file, const char *path, int number, struct error *err)
{
	size_t length = strcspn(line, "\n");
	if (!line[length] && !feof(file))
		return fail(err, ERR_INVALID, "%s:%d: the line is too long", path, number);
	line[length] = '\0';
	return 0;
}

int private_lines(const char *path, const char *what,
		  int (*take)(void *context, char *line, int number, struct error *err), void *context,
		  struct error *err)
{
	char line[LONGEST_LINE];
	int fd = open_private(path, what, err);
	FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;
	int failed = file ? 0 : -1;
	for (int number = 1; !failed && fgets(line, sizeof line, file); number++)
		failed = cut(line, file, path, number, err) || take(context, line, number, err) ? -1 : 0;
	explicit_bzero(line, sizeof line);
	if (file)
		fclose(file);
	return failed;
}
