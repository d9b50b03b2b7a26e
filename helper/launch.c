/* launch.c - reads what the helper is asked to run. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "helper/launch.h"

/* The whole file with a NUL behind it, or NULL. */
static char *read_whole(const char *path, size_t *ret_size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	struct stat status;
	char *bytes = NULL;
	size_t size = 0;
	if (fstat(fd, &status) == 0 && status.st_size < 64 * 1024 * 1024)
		bytes = malloc((size_t)status.st_size + 1);
	while (bytes && size < (size_t)status.st_size) {
		ssize_t count = read(fd, bytes + size, (size_t)status.st_size - size);
		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			break;
		size += (size_t)count;
	}
	close(fd);
	if (bytes)
		bytes[size] = '\0';
	*ret_size = size;
	return bytes;
}

static const char *after(const char *record, const char *key)
{
	size_t length = strlen(key);
	return strncmp(record, key, length) == 0 && record[length] == '=' ? record + length + 1 : NULL;
}

static enum restart restart_of(const char *word)
{
	if (strcmp(word, "no") == 0)
		return RESTART_NO;
	return strcmp(word, "on-failure") == 0 ? RESTART_ON_FAILURE : RESTART_ALWAYS;
}

static void take_record(struct launch *launch, char *record)
{
	const char *value;
	if ((value = after(record, "arg")))
		launch->argv[launch->argument_count++] = record + (value - record);
	else if ((value = after(record, "env")))
		launch->environment[launch->variable_count++] = record + (value - record);
	else if ((value = after(record, "name")))
		launch->name = value;
	else if ((value = after(record, "dir")))
		launch->directory = value;
	else if ((value = after(record, "user")))
		launch->user = value;
	else if ((value = after(record, "grace")))
		launch->grace_ms = strtoll(value, NULL, 10);
	else if ((value = after(record, "signal")))
		launch->stop_signal = atoi(value);
	else if ((value = after(record, "log")))
		launch->log_limit = strtoll(value, NULL, 10);
	else if ((value = after(record, "restart")))
		launch->restart = restart_of(value);
}

int launch_read(const char *path, struct launch *ret_launch, char *why, size_t size)
{
	size_t length, records = 0;
	char *bytes = read_whole(path, &length);
	if (!bytes) {
		snprintf(why, size, "cannot read `%s`: %s", path, strerror(errno));
		return -1;
	}
	for (size_t i = 0; i < length; i++)
		records += bytes[i] == '\0';
	struct launch launch = {.grace_ms = 10000,
				.log_limit = 10 * 1024 * 1024,
				.stop_signal = SIGTERM,
				.restart = RESTART_ALWAYS};
	launch.argv = calloc(records + 1, sizeof(char *));
	launch.environment = calloc(records + LAUNCH_SPARE + 1, sizeof(char *));
	if (!launch.argv || !launch.environment) {
		free(launch.argv);
		free(launch.environment);
		free(bytes);
		snprintf(why, size, "out of memory");
		return -1;
	}
	for (char *record = bytes; record < bytes + length; record += strlen(record) + 1)
		take_record(&launch, record);
	if (!launch.name || launch.argument_count == 0) {
		snprintf(why, size, "`%s` names no command", path);
		free(launch.argv);
		free(launch.environment);
		free(bytes);
		return -1;
	}
	*ret_launch = launch;
	return 0;
}

enum restart manifest_restart(const char *path, enum restart otherwise)
{
	size_t length;
	char *bytes = read_whole(path, &length);
	for (char *record = bytes; bytes && record < bytes + length; record += strlen(record) + 1) {
		const char *value = after(record, "BERTH_RESTART");
		if (value)
			otherwise = restart_of(value);
	}
	free(bytes);
	return otherwise;
}

/* The value of a variable of the command's, or NULL. */
static const char *variable_of(const struct launch *launch, const char *name)
{
	for (size_t i = 0; i < launch->variable_count; i++) {
		const char *value = after(launch->environment[i], name);
		if (value)
			return value;
	}
	return NULL;
}

void launch_default(struct launch *launch, const char *name, const char *value)
{
	if (!value || variable_of(launch, name))
		return;
	char *entry;
	if (asprintf(&entry, "%s=%s", name, value) < 0)
		return;
	launch->environment[launch->variable_count++] = entry;
}
