/* end.c - ends an instance and all that came of it: by its helper, and past it when the helper does not. */
#include "locations/localhost/localhost.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define SHORT_GRACE_MS 1000 /* of what is removed: no more than this */
#define HELPER_MS      5000 /* a helper's own time beyond the grace */
#define GIVE_UP_MS     10000

struct ending {
	struct task task;
	char *app, *name;
	char *run;  /* the directory that helper works in, of whatever store; NULL: none */
	char *work; /* and its command */
	char *incarnation;
	enum end_of end_of;
	pid_t shim; /* the helper that was told to end; 0: none */
	uint64_t start;
	bool asked; /* an orphaned tree was asked to end */
	int64_t kill_ms, shim_kill_ms;
};

static void release_ending(struct task *task)
{
	struct ending *ending = (struct ending *)task;

	free(ending->app);
	free(ending->name);
	free(ending->run);
	free(ending->work);
	free(ending->incarnation);
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

/* Without its run directory a helper cannot tell that it has parked, so it is of no use to keep it. */
static int signal_for(struct ending *ending, const struct shim *shim)
{
	struct world *world = ending->task.location->world;

	return ending->end_of == END_OF_PROCESSES && !shim->twin &&
		       world->ops->file_exists(world, shim->marks.run)
		   ? SIGUSR1
		   : SIGTERM;
}

static int note_places(struct ending *ending, const struct shim *shim)
{
	owned_by(arena_release) struct arena arena = {0};
	char *work = work_directory(&arena, &shim->marks),
	     *incarnation = incarnation_of(&arena, &shim->marks);

	free(ending->run);
	free(ending->work);
	free(ending->incarnation);
	ending->run = strdup(shim->marks.run);
	ending->work = work ? strdup(work) : NULL;
	ending->incarnation = incarnation ? strdup(incarnation) : NULL;
	return ending->run && ending->work && ending->incarnation ? 0 : -1;
}

static enum progress tell_helper(struct ending *ending, const struct shim *shim, struct error *err)
{
	struct world *world = ending->task.location->world;
	struct error why = {0};
	bool hard = ending->end_of == END_OF_INSTANCE;
	int64_t grace_ms = shim->marks.grace_ms;

	if (note_places(ending, shim)) {
		fail_memory(err);
		return local_task_end(&ending->task, PROGRESS_FAILED);
	}
	if (world->ops->signal(world, shim->pid, shim->start, signal_for(ending, shim), &why) &&
	    why.code != ERR_MISSING) {
		*err = why;
		return local_task_end(&ending->task, PROGRESS_FAILED);
	}
	ending->shim = shim->pid;
	ending->start = shim->start;
	if (hard)
		ending->kill_ms = now(ending) + (grace_ms < SHORT_GRACE_MS ? grace_ms : SHORT_GRACE_MS);
	else
		ending->kill_ms = now(ending) + grace_ms + HELPER_MS;
	ending->shim_kill_ms = ending->kill_ms + HELPER_MS;
	ending->task.delay_ms = 0;
	return local_task_sleep(&ending->task, 20, err);
}

static enum progress end_orphans(struct ending *ending, const struct scan *scan, struct error *err)
{
	struct location *location = ending->task.location;
	bool hard = ending->end_of == END_OF_INSTANCE;

	if (!ending->asked || now(ending) >= ending->kill_ms)
		if (scan_kill(location, scan, ending->name, hard || ending->asked ? SIGKILL : SIGTERM, err))
			return local_task_end(&ending->task, PROGRESS_FAILED);
	if (!ending->asked)
		ending->kill_ms = now(ending) + (hard ? 0 : localhost_of(location)->grace_ms);
	ending->asked = true;
	if (now(ending) < ending->kill_ms + GIVE_UP_MS)
		return local_task_sleep(&ending->task, 20, err);
	fail(err, ERR_TIMED_OUT, "processes of `%s` do not end, not even killed", ending->name);
	return local_task_end(&ending->task, PROGRESS_FAILED);
}

/* Whether the path, which a mark names, can be no other than that of the instance's run directory. */
static bool fit_run(struct location *location, const char *run, const char *app, const char *name)
{
	owned_by(arena_release) struct arena arena = {0};
	struct file_facts facts;
	char *tail = arena_format(&arena, "/run/%s/%s", app, name + strlen(app) + 1);

	return tail && *run == '/' && strlen(run) > strlen(tail) && !strstr(run, "/../") &&
	       !strcmp(run + strlen(run) - strlen(tail), tail) &&
	       !location->world->ops->file_look(location->world, run, &facts, NULL) &&
	       facts.kind == FILE_DIRECTORY && facts.uid == local_uid(location);
}

/* What another store's helper leaves is not found again by anybody once that helper is gone. */
static int remove_run(const struct ending *ending, struct error *err)
{
	struct location *location = ending->task.location;
	struct world *world = location->world;

	if (!ending->run || !fit_run(location, ending->run, ending->app, ending->name) ||
	    stranger_at(location, ending->run))
		return 0;
	if (files_remove(location, ending->run, err) || world->ops->tree_remove(world, ending->work, err) ||
	    world->ops->tree_remove(world, ending->run, err))
		return -1;
	*strrchr(ending->work, '/') = '\0';
	*strrchr(ending->run, '/') = '\0';
	world->ops->directory_remove(world, ending->work, NULL);
	world->ops->directory_remove(world, ending->run, NULL); /* when it was the last in them */
	return 0;
}

static int remove_instance(const struct ending *ending, const char *directory, const char *work,
			   struct error *err)
{
	struct location *location = ending->task.location;
	struct world *world = location->world;

	if (files_remove(location, directory, err) || remove_run(ending, err) ||
	    (work && world->ops->tree_remove(world, work, err)) ||
	    world->ops->tree_remove(world, directory, err))
		return -1;
	ports_forget(localhost_of(location), ending->name, NULL);
	tidy_app(location, ending->app);
	return 0;
}

/* Of the processes' end alone a parked helper is what shall be; else any of the name, a twin too. */
static const struct shim *some_shim(const struct ending *ending, const struct scan *scan)
{
	for (size_t i = 0; i < scan->shim_count; i++)
		if (!strcmp(scan->shims[i].marks.name, ending->name) &&
		    (ending->end_of != END_OF_PROCESSES ||
		     !shim_parked(ending->task.location, &scan->shims[i])))
			return &scan->shims[i];
	return NULL;
}

/* Nothing of it runs but what somebody ran in it. A helper that was told to end before it read what it was to
 * run left that there. */
static int clear_away(const struct ending *ending, struct error *err)
{
	owned_by(arena_release) struct arena arena = {0};
	struct location *location = ending->task.location;
	char *directory = run_directory(location, &arena, ending->app, ending->name);
	char *launch = directory ? arena_format(&arena, "%s/launch", directory) : NULL;
	const char *work = NULL, *incarnation = ending->incarnation;
	struct marks marks;

	if (!launch)
		return fail_memory(err);
	if (manifest_read(location, &arena, directory, &marks)) {
		work = work_directory(&arena, &marks);
		incarnation = incarnation ? incarnation : incarnation_of(&arena, &marks);
		if (!work || !incarnation)
			return fail_memory(err);
	}
	if (incarnation)
		exec_kill(location, incarnation);
	if (ending->end_of == END_OF_INSTANCE)
		return remove_instance(ending, directory, work, err);
	return location->world->ops->file_remove(location->world, launch, err);
}

static enum progress end_step(struct ending *ending, struct error *err)
{
	struct location *location = ending->task.location;
	owned_scan scan = {0};

	if (ending->shim && process_alive(location, ending->shim, ending->start)) {
		struct status status = {.code = -1};
		bool parked = ending->end_of == END_OF_PROCESSES &&
			      status_read(location, ending->run, &status) && status.helper == ending->shim &&
			      !strcmp(status.state, "parked");
		if (!parked && now(ending) < ending->kill_ms)
			return local_task_sleep(&ending->task, 20, err);
		if (!parked)
			return kill_past_helper(ending, err);
	}
	ending->shim = 0;
	if (scan_make(location, true, &scan, err))
		return local_task_end(&ending->task, PROGRESS_FAILED);
	const struct shim *shim = some_shim(ending, &scan);
	if (shim)
		return tell_helper(ending, shim, err);
	if (scan_orphans(&scan, ending->name))
		return end_orphans(ending, &scan, err);
	return local_task_end(&ending->task, clear_away(ending, err) ? PROGRESS_FAILED : PROGRESS_DONE);
}

enum progress localhost_end(struct location *location, struct errand *errand, const char *app,
			    const char *name, enum end_of end_of, struct error *err)
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
	if (ending) {
		ending->app = strdup(app);
		ending->name = strdup(name);
		ending->end_of = end_of;
	}
	if (!directory || !ending || !ending->app || !ending->name) {
		local_task_free((struct task *)ending);
		fail_memory(err);
		return PROGRESS_FAILED;
	}
	return end_step(ending, err);
}

enum progress localhost_stop(struct location *location, struct errand *errand, const char *app,
			     const char *name, struct error *err)
{
	return localhost_end(location, errand, app, name, END_OF_PROCESSES, err);
}

enum progress localhost_remove(struct location *location, struct errand *errand, const char *app,
			       const char *name, struct error *err)
{
	return localhost_end(location, errand, app, name, END_OF_INSTANCE, err);
}
