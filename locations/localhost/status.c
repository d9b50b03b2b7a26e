/* status.c - what a helper wrote about its command, and whether it is the one that lives. */
#include "locations/localhost/localhost.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

static void take_line(struct status *status, const char *line)
{
	long long number, other;

	if (sscanf(line, "state %15s", status->state) == 1 || sscanf(line, "boot %63s", status->boot) == 1)
		return;
	if (sscanf(line, "helper %lld %lld", &number, &other) == 2) {
		status->helper = (pid_t)number;
		status->helper_start = (uint64_t)other;
	} else if (sscanf(line, "pid %lld %lld", &number, &other) == 2) {
		status->pid = (pid_t)number;
		status->pid_start = (uint64_t)other;
	} else if (sscanf(line, "started %lld", &number) == 1) {
		status->started_ms = number;
	} else if (sscanf(line, "ended %lld", &number) == 1) {
		status->ended_ms = number;
	} else if (sscanf(line, "exits %lld", &number) == 1) {
		status->exits = (unsigned)number;
	} else if (sscanf(line, "starts %lld", &number) == 1) {
		status->starts = (unsigned)number;
	} else if (sscanf(line, "code %lld", &number) == 1) {
		status->code = (int)number;
	} else if (sscanf(line, "signal %lld", &number) == 1) {
		status->signal = (int)number;
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
	unsigned long long start;

	if (pid <= 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (location->world->ops->file_read(location->world, path, 4096, &content, NULL))
		return false;
	const char *rest = strrchr(text_view(&content), ')');
	if (!rest ||
	    sscanf(rest + 1,
		   " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
		   ret_state, &start) != 2)
		return false;
	*ret_start = start;
	return true;
}

bool process_alive(struct location *location, pid_t pid, uint64_t start_ticks)
{
	char state;
	uint64_t start;

	return process_stat(location, pid, &state, &start) && start == start_ticks && state != 'Z' &&
	       state != 'X';
}

bool process_identity(struct location *location, pid_t pid, struct kernel_view *ret)
{
	owned_text content = {0};
	char path[64];
	unsigned real, effective;
	unsigned long long pending = 0;
	int parent;

	/* Not the owner of /proc/PID: that is root for whoever makes itself undumpable. */
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (pid <= 0 || location->world->ops->file_read(location->world, path, 65536, &content, NULL))
		return false;
	/* The name, on the first line, has its newlines escaped. */
	const char *line = strstr(text_view(&content), "\nPPid:"),
		   *uid = strstr(text_view(&content), "\nUid:"),
		   *waiting = strstr(text_view(&content), "\nShdPnd:");
	if (!line || !uid || sscanf(line, "\nPPid: %d", &parent) != 1 ||
	    sscanf(uid, "\nUid: %u %u", &real, &effective) != 2)
		return false;
	if (waiting && sscanf(waiting, "\nShdPnd: %llx", &pending) != 1)
		pending = 0;
	*ret =
	    (struct kernel_view){.real = real, .effective = effective, .parent = parent, .pending = pending};
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
