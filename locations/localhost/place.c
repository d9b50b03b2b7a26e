/* place.c - makes an instance's run directory, and starts the helper in it. */
#include "locations/localhost/localhost.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define START_TIMEOUT_MS 10000
#define EXIT_HELD        75 /* the helper's: another one holds the directory */

static int write_file(struct location *location, const char *directory, const char *name,
		      const struct text *content, struct error *err)
{
	char path[4096];

	if (content->failed)
		return fail_memory(err);
	if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= (int)sizeof(path))
		return fail(err, ERR_INVALID, "the path of `%s` is too long", directory);
	return location->world->ops->file_write(location->world, path, 0600, content->data, content->length,
						err);
}

/* The manifest, which holds nothing secret: from then on it is known as ours, whatever happens next. */
static int write_down(struct location *location, const struct instance_spec *spec, const char *directory,
		      int64_t created_ms, struct error *err)
{
	struct world *world = location->world;
	owned_text manifest = {0};

	marks_write(spec, created_ms, localhost_of(location)->grace_ms, &manifest);
	int result = world->ops->directories_make(world, directory, 0700, err);
	if (!result)
		result = write_file(location, directory, "manifest", &manifest, err);
	return result;
}

/* What the helper is to run, with its secrets: it lies there only until the helper has read it. */
static int write_launch(struct location *location, const struct instance_spec *spec, const char *directory,
			struct error *err)
{
	owned_text launch = {0};

	launch_write(spec, localhost_of(location)->grace_ms, &launch);
	int result = write_file(location, directory, "launch", &launch, err);
	if (launch.data)
		explicit_bzero(launch.data, launch.capacity);
	return result;
}

static void remove_launch(struct location *location, const char *directory)
{
	char path[4096];

	if (snprintf(path, sizeof(path), "%s/launch", directory) < (int)sizeof(path))
		location->world->ops->file_remove(location->world, path, NULL);
}

/* What is there under the name: nothing, the same, or something that has to go first. */
enum found { FOUND_NOTHING, FOUND_SAME, FOUND_OTHER, FOUND_FAILED };

static enum found find(struct location *location, const struct instance_spec *spec, struct arena *arena,
		       const char *directory, struct observed *ret_seen, struct error *err)
{
	owned_scan scan = {0};
	struct error why;

	if (scan_make(location, true, &scan, err))
		return FOUND_FAILED;
	if (observe(location, &scan, arena, spec->name, ret_seen, &why))
		return ret_seen->orphan_tree || strcmp(ret_seen->digest, spec->digest) ? FOUND_OTHER
										       : FOUND_SAME;
	if (why.code != OK) {
		*err = why;
		return FOUND_FAILED;
	}
	if (!stranger_at(location, directory))
		return FOUND_NOTHING;
	fail(err, ERR_CONFLICT, "`%s` holds files that berth did not make", directory);
	remedy(err, "move them away");
	return FOUND_FAILED;
}

static bool living(const struct observed *seen)
{
	return seen->state == SEEN_RUNNING || seen->state == SEEN_RESTARTING;
}

enum progress localhost_place(struct location *location, struct errand *errand,
			      const struct instance_spec *spec, const char **ret_note, struct error *err)
{
	owned_by(arena_release) struct arena arena = {0};
	char *directory = run_directory(location, &arena, spec->app, spec->name);
	struct observed seen;

	*ret_note = NULL;
	if (!directory) {
		fail_memory(err);
		return PROGRESS_FAILED;
	}
	if (guard_name(spec->app, spec->name, err))
		return PROGRESS_FAILED;
	/* An errand with a state is one that removes what was found. */
	enum found found = errand->state ? FOUND_OTHER : find(location, spec, &arena, directory, &seen, err);
	if (found == FOUND_FAILED)
		return PROGRESS_FAILED;
	if (found == FOUND_SAME && living(&seen))
		return PROGRESS_DONE;
	if (found == FOUND_OTHER) {
		*ret_note = "ending what was there under its name";
		enum progress progress = localhost_remove(location, errand, spec->app, spec->name, err);
		if (progress != PROGRESS_DONE)
			return progress;
	}
	int64_t created_ms =
	    found == FOUND_SAME ? seen.created_ms : location->world->ops->wall(location->world);
	return write_down(location, spec, directory, created_ms, err) ? PROGRESS_FAILED : PROGRESS_DONE;
}

/* --- start --------------------------------------------------------------------------------- */

struct starting {
	struct task task;
	struct kept *kept; /* the helper we spawned; NULL: one that was there */
	pid_t pid;
	uint64_t start; /* of one that was there */
	char *directory;
};

static void kept_free(struct kept *kept)
{
	struct kept **link = &kept->home->kept;

	while (*link && *link != kept)
		link = &(*link)->next;
	if (*link)
		*link = kept->next;
	free(kept);
}

static void release_starting(struct task *task)
{
	struct starting *starting = (struct starting *)task;

	if (starting->kept)
		starting->kept->task = NULL;
	if (starting->kept && starting->kept->ended)
		kept_free(starting->kept);
	free(starting->directory);
}

void kept_ended(void *owner, const struct process_end *end)
{
	struct kept *kept = owner;

	kept->child = NULL;
	kept->ended = true;
	kept->end = *end;
	if (!kept->task) {
		kept_free(kept);
		return;
	}
	struct task *task = kept->task;
	task->location->world->ops->timer_cancel(task->location->world, task->timer);
	task->timer = NULL;
	task->errand->wake(task->errand);
}

/* The helper's environment: the marks it is found by, and nothing secret. */
static const char **helper_environment(struct location *location, struct arena *arena,
				       const struct instance_spec *spec, const char *directory,
				       int64_t created_ms)
{
	struct text marks = {0};
	marks_write(spec, created_ms, localhost_of(location)->grace_ms, &marks);
	size_t size = marks.length, count = 0, entries = 0;
	char *copy = marks.failed ? NULL : arena_copy(arena, marks.data, size);
	text_release(&marks);
	for (size_t i = 0; copy && i < size; i++)
		entries += copy[i] == '\0';
	const char **environment = copy ? arena_array(arena, const char *, entries + 3) : NULL;
	if (!environment)
		return NULL;
	for (char *entry = copy; entry < copy + size; entry += strlen(entry) + 1)
		environment[count++] = entry;
	environment[count++] = arena_format(arena, "BERTH_RUN=%s", directory);
	environment[count++] =
	    arena_format(arena, "BERTH_BOOT=%s", location->world->ops->boot_id(location->world));
	return environment[count - 1] && environment[count - 2] ? environment : NULL;
}

static struct kept *spawn_helper(struct location *location, const struct instance_spec *spec,
				 const char *directory, int64_t created_ms, struct error *err)
{
	owned_by(arena_release) struct arena arena = {0};
	struct localhost *home = localhost_of(location);
	const char *const argv[] = {location->helper, directory, NULL};
	const char **environment = helper_environment(location, &arena, spec, directory, created_ms);
	struct kept *kept = calloc(1, sizeof(*kept));

	if (!kept || !environment) {
		free(kept);
		fail_memory(err);
		return NULL;
	}
	struct process_options options = {.argv = argv,
					  .environment = environment,
					  .input = -1,
					  .output = -1,
					  .errors = -1,
					  .new_session = true};
	kept->home = home;
	kept->child = location->world->ops->spawn(location->world, &options, kept_ended, kept, err);
	if (!kept->child) {
		free(kept);
		return NULL;
	}
	kept->pid = location->world->ops->child_pid(kept->child);
	kept->next = home->kept;
	home->kept = kept;
	return kept;
}

static enum progress start_failed(struct starting *starting, const struct status *status, struct error *err)
{
	struct location *location = starting->task.location;
	owned_text words = {0};
	char path[4096], ended[120];

	if (snprintf(path, sizeof(path), "%s/error", starting->directory) < (int)sizeof(path))
		location->world->ops->file_tail(location->world, path, 400, &words, NULL);
	status_words(status, ended, sizeof(ended));
	fail(err, ERR_FAILED, "%s", words.length ? text_view(&words) : ended);
	return local_task_end(&starting->task, PROGRESS_FAILED);
}

/* What the helper's record says. It counts only when the very helper we wait for wrote it. */
static enum progress follow_start(struct starting *starting, struct error *err)
{
	struct task *task = &starting->task;
	struct location *location = task->location;
	struct kept *kept = starting->kept;
	struct status status = {.code = -1};
	bool written = status_read(location, starting->directory, &status) && status.helper == starting->pid;

	if (written && (!strcmp(status.state, "running") || !strcmp(status.state, "restarting"))) {
		/* When another helper was quicker, nobody reads the one that we wrote. */
		remove_launch(location, starting->directory);
		return local_task_end(task, PROGRESS_DONE);
	}
	if (kept && written && (!strcmp(status.state, "failed") || !strcmp(status.state, "stopped")))
		return start_failed(starting, &status, err);
	if (kept && kept->ended && kept->end.exit_code != EXIT_HELD) {
		remove_launch(location, starting->directory);
		fail(err, ERR_FAILED, "berth-helper ended at once (%s %d)",
		     kept->end.signal ? "signal" : "exit",
		     kept->end.signal ? kept->end.signal : kept->end.exit_code);
		return local_task_end(task, PROGRESS_FAILED);
	}
	/* Somebody else was quicker: their helper is the one to wait for. */
	if (kept && kept->ended && status.helper) {
		kept->task = NULL;
		kept_free(kept);
		starting->kept = NULL;
		starting->pid = status.helper;
		starting->start = status.helper_start;
	}
	if (location->world->ops->now(location->world) >= task->deadline_ms) {
		remove_launch(location, starting->directory);
		fail(err, ERR_TIMED_OUT, "berth-helper did not come up within %d s", START_TIMEOUT_MS / 1000);
		return local_task_end(task, PROGRESS_FAILED);
	}
	return local_task_sleep(task, 10, err);
}

/* 0 with the helper that is there already, if any (pid 0: none); -1 when it must not be started. */
static int may_start(struct location *location, const struct instance_spec *spec, struct arena *arena,
		     const char *directory, struct observed *ret_seen, struct shim *ret_shim,
		     struct error *err)
{
	owned_scan scan = {0};
	struct error why;

	if (scan_make(location, true, &scan, err))
		return -1;
	if (!observe(location, &scan, arena, spec->name, ret_seen, &why)) {
		if (why.code == OK)
			fail(&why, ERR_MISSING, "`%s` is not placed: `%s` is gone", spec->name, directory);
		*err = why;
		return -1;
	}
	if (ret_seen->orphan_tree)
		return fail(err, ERR_CONFLICT, "`%s`: %s", spec->name, ret_seen->error);
	const struct shim *shim = scan_shim(&scan, spec->name);
	if (shim && strcmp(ret_seen->digest, spec->digest))
		return fail(err, ERR_CONFLICT, "`%s` runs from another specification", spec->name);
	if (shim) {
		*ret_shim = *shim;
		return 0;
	}
	return ports_check(location, &scan, spec, err);
}

static enum progress begin_start(struct location *location, struct errand *errand,
				 const struct instance_spec *spec, struct error *err)
{
	owned_by(arena_release) struct arena arena = {0};
	char *directory = run_directory(location, &arena, spec->app, spec->name);
	struct observed seen;
	struct shim shim = {0};

	if (!directory || guard_name(spec->app, spec->name, err)) {
		if (!directory)
			fail_memory(err);
		return PROGRESS_FAILED;
	}
	if (may_start(location, spec, &arena, directory, &seen, &shim, err))
		return PROGRESS_FAILED;
	if (living(&seen))
		return PROGRESS_DONE;
	if (!shim.pid && write_down(location, spec, directory, seen.created_ms, err))
		return PROGRESS_FAILED;
	struct starting *starting = local_task_new(location, errand, sizeof(*starting), release_starting);
	char *copy = strdup(directory);
	if (!starting || !copy) {
		free(copy);
		local_task_free((struct task *)starting);
		fail_memory(err);
		return PROGRESS_FAILED;
	}
	starting->directory = copy;
	starting->pid = shim.pid;
	starting->start = shim.start;
	starting->task.deadline_ms = location->world->ops->now(location->world) + START_TIMEOUT_MS;
	if (shim.pid)
		return local_task_sleep(&starting->task, 10, err);
	if (!write_launch(location, spec, directory, err))
		starting->kept = spawn_helper(location, spec, directory, seen.created_ms, err);
	if (!starting->kept)
		remove_launch(location, directory);
	if (!starting->kept)
		return local_task_end(&starting->task, PROGRESS_FAILED);
	starting->kept->task = &starting->task;
	starting->pid = starting->kept->pid;
	return local_task_sleep(&starting->task, 10, err);
}

static enum progress go_on(struct location *location, struct errand *errand, const struct instance_spec *spec,
			   struct error *err)
{
	struct starting *starting = errand->state;

	if (!starting)
		return begin_start(location, errand, spec, err);
	/* The one that was there was on its way out. */
	if (!starting->kept && !process_alive(location, starting->pid, starting->start)) {
		local_task_free(&starting->task);
		return begin_start(location, errand, spec, err);
	}
	return follow_start(starting, err);
}

/* What it will listen on is taken from now on, though it may not listen yet. */
static void take_ports(struct location *location, const struct instance_spec *spec)
{
	owned_by(arena_release) struct arena arena = {0};
	const struct attachment *all;
	size_t count;

	ports_forget(localhost_of(location), spec->name, NULL);
	if (localhost_foresee(location, spec, &arena, &all, &count, NULL))
		return;
	for (size_t i = 0; i < count; i++)
		ports_take(localhost_of(location), spec->name, &all[i]);
}

enum progress localhost_start(struct location *location, struct errand *errand,
			      const struct instance_spec *spec, struct error *err)
{
	enum progress progress = go_on(location, errand, spec, err);

	if (progress == PROGRESS_DONE)
		take_ports(location, spec);
	return progress;
}
