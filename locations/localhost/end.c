/* end.c - ends an instance and all that came of it: by its helper, and past it when the helper does not. */
#include "locations/localhost/localhost.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

#define SHORT_GRACE_MS 1000 /* of what is removed: no more than this */
#define HELPER_MS      5000 /* a helper's own time beyond the grace */
#define GIVE_UP_MS     10000

struct ending {
	struct task task;
	char *name;
	char *run; /* the directory that helper works in, of whatever store; NULL: none */
	bool hard;
	pid_t shim; /* the helper that was told to end; 0: none */
	uint64_t start;
	bool asked; /* an orphaned tree was asked to end */
	int64_t kill_ms, shim_kill_ms;
};

static void release_ending(struct task *task)
{
	free(((struct ending *)task)->name);
	free(((struct ending *)task)->run);
}

static int64_t now(const struct ending *ending)
{
	return ending->task.location->world->ops->now(ending->task.location->world);
}

/* The tree first: a helper in good order then ends by itself and writes its record. */
static enum progress kill_past_helper(struct ending *ending, struct error *err)
{
	struct location *location = ending->task.location;
	owned_scan scan = {0};

	if (scan_make(location, true, &scan, err) || scan_kill(location, &scan, ending->name, SIGKILL, err))
		return local_task_end(&ending->task, PROGRESS_FAILED);
	if (now(ending) >= ending->shim_kill_ms)
		location->world->ops->signal(location->world, ending->shim, ending->start, SIGKILL, NULL);
	if (now(ending) < ending->shim_kill_ms + GIVE_UP_MS)
		return local_task_sleep(&ending->task, 20, err);
	fail(err, ERR_TIMED_OUT, "`%s` does not end, not even killed", ending->name);
	return local_task_end(&ending->task, PROGRESS_FAILED);
}

static enum progress tell_helper(struct ending *ending, const struct shim *shim, struct error *err)
{
	struct world *world = ending->task.location->world;
	struct error why = {0};
	int64_t grace_ms = shim->marks.grace_ms;

	if (world->ops->signal(world, shim->pid, shim->start, SIGTERM, &why) && why.code != ERR_MISSING) {
		*err = why;
		return local_task_end(&ending->task, PROGRESS_FAILED);
	}
	free(ending->run);
	ending->run = strdup(shim->marks.run);
	ending->shim = shim->pid;
	ending->start = shim->start;
	if (ending->hard)
		ending->kill_ms = now(ending) + (grace_ms < SHORT_GRACE_MS ? grace_ms : SHORT_GRACE_MS);
	else
		ending->kill_ms = now(ending) + grace_ms + HELPER_MS;
	ending->shim_kill_ms = ending->kill_ms + (ending->hard ? HELPER_MS : 0);
	ending->task.delay_ms = 0;
	return local_task_sleep(&ending->task, 20, err);
}

static enum progress end_orphans(struct ending *ending, const struct scan *scan, struct error *err)
{
	struct location *location = ending->task.location;
	int signal_number = ending->hard || ending->asked ? SIGKILL : SIGTERM;

	if (!ending->asked || now(ending) >= ending->kill_ms)
		if (scan_kill(location, scan, ending->name, signal_number, err))
			return local_task_end(&ending->task, PROGRESS_FAILED);
	if (!ending->asked)
		ending->kill_ms = now(ending) + (ending->hard ? 0 : localhost_of(location)->grace_ms);
	ending->asked = true;
	if (now(ending) < ending->kill_ms + GIVE_UP_MS)
		return local_task_sleep(&ending->task, 20, err);
	fail(err, ERR_TIMED_OUT, "processes of `%s` do not end, not even killed", ending->name);
	return local_task_end(&ending->task, PROGRESS_FAILED);
}

/* Whether the path, which a mark names, can be no other than that of the instance's run directory. */
static bool fit_run(const char *run, const char *app, const char *name)
{
	owned_by(arena_release) struct arena arena = {0};
	struct stat status;
	char *tail = arena_format(&arena, "/run/%s/%s", app, name + strlen(app) + 1);

	return tail && *run == '/' && strlen(run) > strlen(tail) && !strstr(run, "/../") &&
	       !strcmp(run + strlen(run) - strlen(tail), tail) && !lstat(run, &status) &&
	       S_ISDIR(status.st_mode) && status.st_uid == geteuid();
}

/* What another store's helper leaves is not found again by anybody once that helper is gone. */
static int remove_run(struct ending *ending, struct error *err)
{
	owned_by(arena_release) struct arena arena = {0};
	struct location *location = ending->task.location;
	const char *app, *component;
	unsigned ordinal, generation;

	if (!ending->hard || !ending->run ||
	    !instance_name_split(&arena, ending->name, &app, &component, &ordinal, &generation) ||
	    !fit_run(ending->run, app, ending->name) || stranger_at(location, ending->run))
		return 0;
	if (location->world->ops->tree_remove(location->world, ending->run, err))
		return -1;
	*strrchr(ending->run, '/') = '\0';
	rmdir(ending->run); /* the application's, when it was the last in it */
	free(ending->run);
	ending->run = NULL;
	return 0;
}

/* Any of the name, a twin too. */
static const struct shim *some_shim(const struct scan *scan, const char *name)
{
	for (size_t i = 0; i < scan->shim_count; i++)
		if (!strcmp(scan->shims[i].marks.name, name))
			return &scan->shims[i];
	return NULL;
}

static enum progress end_step(struct ending *ending, struct error *err)
{
	struct location *location = ending->task.location;
	owned_scan scan = {0};

	if (ending->shim && process_alive(location, ending->shim, ending->start)) {
		if (now(ending) < ending->kill_ms)
			return local_task_sleep(&ending->task, 20, err);
		return kill_past_helper(ending, err);
	}
	ending->shim = 0;
	if (remove_run(ending, err) || scan_make(location, true, &scan, err))
		return local_task_end(&ending->task, PROGRESS_FAILED);
	const struct shim *shim = some_shim(&scan, ending->name);
	if (shim)
		return tell_helper(ending, shim, err);
	if (scan_orphans(&scan, ending->name))
		return end_orphans(ending, &scan, err);
	exec_kill(location, ending->name);
	return local_task_end(&ending->task, PROGRESS_DONE);
}

static enum progress end(struct location *location, struct errand *errand, const char *app, const char *name,
			 bool hard, struct error *err)
{
	owned_by(arena_release) struct arena arena = {0};

	if (errand->state)
		return end_step(errand->state, err);
	if (guard_name(app, name, err))
		return PROGRESS_FAILED;
	char *directory = run_directory(location, &arena, app, name);
	if (directory && stranger_at(location, directory)) {
		fail(err, ERR_CONFLICT, "`%s` holds files that berth did not make", directory);
		return PROGRESS_FAILED;
	}
	struct ending *ending = local_task_new(location, errand, sizeof(*ending), release_ending);
	char *copy = strdup(name);
	if (!directory || !ending || !copy) {
		free(copy);
		local_task_free((struct task *)ending);
		fail_memory(err);
		return PROGRESS_FAILED;
	}
	ending->name = copy;
	ending->hard = hard;
	return end_step(ending, err);
}

enum progress localhost_stop(struct location *location, struct errand *errand, const char *app,
			     const char *name, struct error *err)
{
	return end(location, errand, app, name, false, err);
}

enum progress localhost_remove(struct location *location, struct errand *errand, const char *app,
			       const char *name, struct error *err)
{
	owned_by(arena_release) struct arena arena = {0};
	enum progress progress = end(location, errand, app, name, true, err);

	if (progress != PROGRESS_DONE)
		return progress;
	char *directory = run_directory(location, &arena, app, name);
	if (!directory) {
		fail_memory(err);
		return PROGRESS_FAILED;
	}
	if (location->world->ops->tree_remove(location->world, directory, err))
		return PROGRESS_FAILED;
	ports_forget(localhost_of(location), name, NULL);
	tidy_app(location, app);
	return PROGRESS_DONE;
}
