/* status.c - what a helper wrote about its command, and whether it is the one that lives. */
#include "locations/localhost/localhost.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* What stands behind the key and a space; NULL: the line has another key. */
static const char *value_of(const char *line, const char *key)
{
	size_t length = strlen(key);

	return *line == *key && !strncmp(line, key, length) && line[length] == ' ' ? line + length + 1 : NULL;
}

/* The first word, as far as there is room for it. */
static void take_word(const char *value, char *ret, size_t size)
{
	size_t length = strcspn(value, " \n");

	if (length >= size)
		length = size - 1;
	memcpy(ret, value, length);
	ret[length] = '\0';
}

/* So many numbers; false: there are fewer. */
static bool take_numbers(const char *value, long long *ret, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *end;
		ret[i] = strtoll(value, &end, 10);
		if (end == value)
			return false;
		value = end;
	}
	return true;
}

static void take_line(struct status *status, const char *line)
{
	const char *value;
	long long numbers[2];

	if ((value = value_of(line, "state")))
		take_word(value, status->state, sizeof(status->state));
	else if ((value = value_of(line, "boot")))
		take_word(value, status->boot, sizeof(status->boot));
	else if ((value = value_of(line, "helper")) && take_numbers(value, numbers, 2)) {
		status->helper = (pid_t)numbers[0];
		status->helper_start = (uint64_t)numbers[1];
	} else if ((value = value_of(line, "pid")) && take_numbers(value, numbers, 2)) {
		status->pid = (pid_t)numbers[0];
		status->pid_start = (uint64_t)numbers[1];
	} else if ((value = value_of(line, "started")) && take_numbers(value, numbers, 1)) {
		status->started_ms = numbers[0];
	} else if ((value = value_of(line, "ended")) && take_numbers(value, numbers, 1)) {
		status->ended_ms = numbers[0];
	} else if ((value = value_of(line, "exits")) && take_numbers(value, numbers, 1)) {
		status->exits = (unsigned)numbers[0];
	} else if ((value = value_of(line, "starts")) && take_numbers(value, numbers, 1)) {
		status->starts = (unsigned)numbers[0];
	} else if ((value = value_of(line, "code")) && take_numbers(value, numbers, 1)) {
		status->code = (int)numbers[0];
	} else if ((value = value_of(line, "signal")) && take_numbers(value, numbers, 1)) {
		status->signal = (int)numbers[0];
	}
}

bool status_read(struct location *location, const char *directory, struct status *ret_status)
{
	owned_text content = {0};
	char path[4096];
	struct status status = {.code = -1};

	if (snprintf(path, sizeof(path), "%s/state", directory) >= (int)sizeof(path) ||
	    location->world->ops->file_read(location->world, path, 4096, &content, NULL))
		return false;
	for (const char *line = text_view(&content); *line;) {
		take_line(&status, line);
		const char *newline = strchr(line, '\n');
		line = newline ? newline + 1 : line + strlen(line);
	}
	/* What ran before this machine restarted is gone, whoever has its number now. */
	if (strcmp(status.boot, location->world->ops->boot_id(location->world)))
		status.helper = status.pid = 0;
	*ret_status = status;
	return *status.state != '\0';
}

/* The state letter and the start time, which stand behind the name in parentheses. */
static bool process_stat(struct location *location, pid_t pid, char *ret_state, uint64_t *ret_start)
{
	owned_text content = {0};
	char path[64];

	if (pid <= 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (location->world->ops->file_read(location->world, path, 4096, &content, NULL))
		return false;
	const char *rest = strrchr(text_view(&content), ')');
	const char *field = rest && rest[1] == ' ' ? rest + 2 : NULL; /* the third */
	if (!field || !*field)
		return false;
	*ret_state = *field;
	for (int number = 3; field && number < 22; number++) {
		field = strchr(field, ' ');
		field += field != NULL;
	}
	if (!field)
		return false;
	char *end;
	*ret_start = strtoull(field, &end, 10);
	return end != field;
}

bool process_alive(struct location *location, pid_t pid, uint64_t start_ticks)
{
	char state;
	uint64_t start;

	return process_stat(location, pid, &state, &start) && start == start_ticks && state != 'Z' &&
	       state != 'X';
}

bool process_paused(struct location *location, pid_t pid, uint64_t start_ticks)
{
	char state;
	uint64_t start;

	return process_stat(location, pid, &state, &start) && start == start_ticks && state == 'T';
}

/* What stands in the text behind that; NULL: it is not in it. */
static const char *behind(const char *text, const char *words)
{
	const char *found = strstr(text, words);

	return found ? found + strlen(words) : NULL;
}

bool process_identity(struct location *location, pid_t pid, struct kernel_view *ret)
{
	owned_text content = {0};
	char path[64];

	/* Not the owner of /proc/PID: that is root for whoever makes itself undumpable. */
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (pid <= 0 || location->world->ops->file_read(location->world, path, 65536, &content, NULL))
		return false;
	/* The name, on the first line, has its newlines escaped. */
	const char *parent = behind(text_view(&content), "\nPPid:"),
		   *user = behind(text_view(&content), "\nUid:"),
		   *waiting = behind(text_view(&content), "\nShdPnd:");
	long long its_parent, users[2];
	if (!parent || !user || !take_numbers(parent, &its_parent, 1) || !take_numbers(user, users, 2))
		return false;
	*ret = (struct kernel_view){.real = (unsigned)users[0],
				    .effective = (unsigned)users[1],
				    .parent = (int)its_parent,
				    .pending = waiting ? strtoull(waiting, NULL, 16) : 0};
	return true;
}

void status_words(const struct status *status, char *ret_words, size_t size)
{
	if (status->signal)
		snprintf(ret_words, size, "signal %d (%s) ended it", status->signal,
			 strsignal(status->signal));
	else if (status->code >= 0)
		snprintf(ret_words, size, "it exited with code %d", status->code);
	else
		snprintf(ret_words, size, "it has not run yet");
}
