/* usage.c - what a tree of processes uses, as /proc tells: all that descends from its keeper. */
#include "locations/localhost/localhost.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

enum { MOST_PROCESSES = 10000, TRIES = 4 };

/* What is found while a tree is walked. */
struct walk {
	struct location *location;
	pid_t *pids; /* those found so far; what comes after `seen` was not looked at yet */
	size_t count, room, seen;
	const char *threads; /* whose children are looked for: "/proc/PID/task" */
	double ticks, pages;
	bool missed; /* one of them ended before it was looked at */
	bool failed;
};

/* Fields of /proc/PID/stat by their numbers in proc(5). */
enum { FIELD_UTIME = 14, FIELD_STIME, FIELD_CUTIME, FIELD_CSTIME, FIELD_RSS = 24, FIELDS };

static bool read_fields(struct location *location, pid_t pid, double ret_fields[static FIELDS])
{
	owned_text content = {0};
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (location->world->ops->file_read(location->world, path, 65536, &content, NULL))
		return false;
	/* The name may itself hold parentheses and blanks. */
	const char *at = strrchr(text_view(&content), ')');
	for (int field = 2; at && field < FIELDS; field++) {
		ret_fields[field] = strtod(at + 1, NULL);
		at = strchr(at + 1, ' ');
	}
	return at != NULL;
}

static void add_pid(struct walk *walk, pid_t pid)
{
	if (walk->count == walk->room) {
		size_t room = walk->room ? 2 * walk->room : 16;
		pid_t *wider = reallocarray(walk->pids, room, sizeof(*wider));
		walk->failed |= !wider;
		if (!wider)
			return;
		walk->pids = wider;
		walk->room = room;
	}
	walk->pids[walk->count++] = pid;
}

static bool visit_thread(void *owner, const char *thread)
{
	struct walk *walk = owner;
	struct world *world = walk->location->world;
	owned_text children = {0};
	char path[128], *end;

	snprintf(path, sizeof(path), "%s/%.20s/children", walk->threads, thread);
	if (world->ops->file_read(world, path, 1 << 20, &children, NULL))
		return true; /* it has just ended */
	for (const char *at = text_view(&children); walk->count < MOST_PROCESSES; at = end) {
		long pid = strtol(at, &end, 10);
		if (end == at)
			break;
		add_pid(walk, (pid_t)pid);
	}
	return !walk->failed;
}

static void find_children(struct walk *walk, pid_t pid)
{
	struct world *world = walk->location->world;
	char threads[64];

	snprintf(threads, sizeof(threads), "/proc/%d/task", (int)pid);
	walk->threads = threads;
	world->ops->directory_list(world, threads, visit_thread, walk, NULL);
}

/* The keeper's own work is not counted, but that of its children which have ended is: so the time does not go
 * back as long as the keeper lives. Who ends meanwhile may be counted nowhere; as it was among the children
 * before its parent was looked at, it is missed. */
static void add_up(struct walk *walk, pid_t keeper)
{
	double fields[FIELDS];

	find_children(walk, keeper);
	if (read_fields(walk->location, keeper, fields))
		walk->ticks += fields[FIELD_CUTIME] + fields[FIELD_CSTIME];
	while (walk->seen < walk->count && !walk->failed) {
		pid_t pid = walk->pids[walk->seen++];
		find_children(walk, pid);
		if (!read_fields(walk->location, pid, fields)) {
			walk->missed = true;
			continue;
		}
		walk->ticks +=
		    fields[FIELD_UTIME] + fields[FIELD_STIME] + fields[FIELD_CUTIME] + fields[FIELD_CSTIME];
		walk->pages += fields[FIELD_RSS];
	}
}

static void walk_tree(struct walk *walk, pid_t keeper)
{
	for (int tries = 0; tries < TRIES && !walk->failed && (!tries || walk->missed); tries++) {
		walk->missed = false;
		walk->count = walk->seen = 0;
		walk->ticks = walk->pages = 0;
		add_up(walk, keeper);
	}
}

/* In bytes; NAN: it does not tell. */
static double memory_of_machine(struct location *location)
{
	owned_text content = {0};

	if (location->world->ops->file_read(location->world, "/proc/meminfo", 65536, &content, NULL))
		return NAN;
	const char *total = strstr(text_view(&content), "MemTotal:");
	return total ? strtod(total + strlen("MemTotal:"), NULL) * 1024 : NAN;
}

enum progress localhost_usage(struct location *location, struct errand *errand, const char *app,
			      const char *name, struct usage *ret, struct error *err)
{
	owned_by(arena_release) struct arena arena = {0};
	struct walk walk = {.location = location};
	struct status status = {.code = -1};

	(void)errand;
	if (guard_name(app, name, err))
		return PROGRESS_FAILED;
	char *directory = run_directory(location, &arena, app, name);
	if (!directory) {
		fail_memory(err);
		return PROGRESS_FAILED;
	}
	if (!status_read(location, directory, &status) ||
	    !process_alive(location, status.helper, status.helper_start)) {
		fail(err, ERR_FAILED, "`%s` does not run", name);
		return PROGRESS_FAILED;
	}
	walk_tree(&walk, status.helper);
	free(walk.pids);
	if (walk.failed) {
		fail_memory(err);
		return PROGRESS_FAILED;
	}
	*ret = (struct usage){
	    .cpu_s = walk.ticks / (double)sysconf(_SC_CLK_TCK),
	    .memory = walk.pages * (double)sysconf(_SC_PAGESIZE),
	    .memory_limit = memory_of_machine(location),
	    .received_bytes = NAN,
	    .sent_bytes = NAN,
	    .processes = (double)walk.count,
	    .at_ms = location->world->ops->now(location->world),
	};
	return PROGRESS_DONE;
}
