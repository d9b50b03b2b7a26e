/* start.c - starts an instance: a new helper in its run directory, or the one that is parked there. */
#include "locations/localhost/localhost.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define START_TIMEOUT_MS 10000
#define EXIT_HELD        75 /* the helper's: another one holds the directory */

/* --- what the helper is to run -------------------------------------------------------------- */

/* What the helper is to run, with its secrets: it lies there only until the helper has read it. */
static int write_launch(struct location *location, const struct instance_spec *spec, const char *directory,
			struct error *err)
{
	owned_text launch = {0};
	char path[4096];
	int result;

	launch_write(spec, spec->helper ? location->helper : NULL, grace_of(location, spec), &launch);
	if (launch.failed)
		result = fail_memory(err);
	else if (snprintf(path, sizeof(path), "%s/launch", directory) >= (int)sizeof(path))
		result = fail(err, ERR_INVALID, "the path of `%s` is too long", directory);
	else
		result = location->world->ops->file_write(location->world, path, 0600, launch.data,
							  launch.length, err);
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

/* --- its helper ----------------------------------------------------------------------------- */

struct starting {
	struct task task;
	struct kept *kept; /* the helper we spawned; NULL: one that was there */
	pid_t pid;
	uint64_t start; /* of one that was there */
	char *directory;
	bool waking;     /* it was parked and told to run again */
	unsigned starts; /* of that helper before */
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

static void kept_ended(void *owner, const struct process_end *end)
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
	owned_text entries = {0};
	struct marks marks;
	size_t count = 0, ends = 0;

	if (!marks_of(location, arena, spec, directory, created_ms, &marks))
		return NULL;
	marks_write(&marks, &entries);
	size_t size = entries.length;
	char *copy = entries.failed ? NULL : arena_copy(arena, entries.data, size);
	for (size_t i = 0; copy && i < size; i++)
		ends += copy[i] == '\0';
	const char **environment = copy ? arena_array(arena, const char *, ends + 3) : NULL;
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

/* --- following it until the command runs ----------------------------------------------------- */

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

static bool state_is(const struct status *status, const char *state)
{
	return !strcmp(status->state, state);
}

/* What its helper wrote, as far as that is of this start and not from before. */
enum told { TOLD_NOTHING, TOLD_STARTED, TOLD_FAILED };

static enum told told(const struct starting *starting, const struct status *status)
{
	bool fresh = status->starts > starting->starts;

	if (status->helper != starting->pid || state_is(status, "starting"))
		return TOLD_NOTHING;
	if (state_is(status, "failed"))
		return fresh || !starting->waking ? TOLD_FAILED : TOLD_NOTHING;
	/* What has run and ended already, or was stopped by somebody else, was started nonetheless. */
	return fresh ? TOLD_STARTED : TOLD_NOTHING;
}

static enum progress helper_ended(struct starting *starting, struct error *err)
{
	const struct process_end *end = &starting->kept->end;

	remove_launch(starting->task.location, starting->directory);
	fail(err, ERR_FAILED, "berth-helper ended at once (%s %d)", end->signal ? "signal" : "exit",
	     end->signal ? end->signal : end->exit_code);
	return local_task_end(&starting->task, PROGRESS_FAILED);
}

/* Somebody else was quicker: their helper is the one to wait for. */
static void follow_other(struct starting *starting, const struct status *status)
{
	starting->kept->task = NULL;
	kept_free(starting->kept);
	starting->kept = NULL;
	starting->pid = status->helper;
	starting->start = status->helper_start;
}

static enum progress follow_start(struct starting *starting, struct error *err)
{
	struct task *task = &starting->task;
	struct location *location = task->location;
	const struct kept *kept = starting->kept;
	struct status status = {.code = -1};
	enum told what =
	    status_read(location, starting->directory, &status) ? told(starting, &status) : TOLD_NOTHING;

	if (what == TOLD_STARTED) {
		/* When another helper was quicker, nobody reads the one that we wrote. */
		remove_launch(location, starting->directory);
		return local_task_end(task, PROGRESS_DONE);
	}
	if (what == TOLD_FAILED && (kept || starting->waking))
		return start_failed(starting, &status, err);
	if (kept && kept->ended && kept->end.exit_code != EXIT_HELD)
		return helper_ended(starting, err);
	if (kept && kept->ended && status.helper)
		follow_other(starting, &status);
	if (location->world->ops->now(location->world) >= task->deadline_ms) {
		remove_launch(location, starting->directory);
		fail(err, ERR_TIMED_OUT, "berth-helper did not come up in time");
		return local_task_end(task, PROGRESS_FAILED);
	}
	return local_task_sleep(task, 10, err);
}

/* --- the errand ------------------------------------------------------------------------------ */

bool is_living(const struct observed *seen)
{
	return seen->state == SEEN_RUNNING || seen->state == SEEN_RESTARTING;
}

struct start_facts {
	struct observed seen;
	struct shim shim; /* the helper that is there already; pid 0: none */
	struct status status;
};

/* Of what is to run a helper alone may know: a process' secrets lie nowhere else. */
static int may_launch(struct location *location, const struct scan *scan, const struct instance_spec *spec,
		      struct error *err)
{
	owned_by(arena_release) struct arena arena = {0};
	const struct attachment *all;
	size_t count;

	if (spec->command && spec->command[0])
		return localhost_foresee(location, spec, &arena, &all, &count, err) ||
			       ports_check(location, scan, spec->name, spec->bind_address, all, count, err)
			   ? -1
			   : 0;
	fail(err, ERR_MISSING, "what `%s` is to run is known no more: its keeper (berth-helper) is gone",
	     spec->name);
	remedy(err, "place it again: `berth deploy` does");
	return -1;
}

/* 0 with what is there, or -1 when it must not be started. */
static int may_start(struct location *location, const struct instance_spec *spec, struct arena *arena,
		     const char *directory, struct start_facts *ret, struct error *err)
{
	owned_scan scan = {0};
	struct error why;

	if (scan_make(location, true, &scan, err))
		return -1;
	if (!observe(location, &scan, arena, spec->name, &ret->seen, &why)) {
		if (why.code == OK)
			fail(&why, ERR_MISSING, "`%s` is not placed: `%s` is gone", spec->name, directory);
		*err = why;
		return -1;
	}
	if (ret->seen.orphan_tree)
		return fail(err, ERR_CONFLICT, "`%s`: %s", spec->name, ret->seen.error);
	const struct shim *shim = scan_shim(&scan, spec->name);
	if (!shim)
		return may_launch(location, &scan, spec, err);
	if (*spec->digest && strcmp(ret->seen.digest, spec->digest))
		return fail(err, ERR_CONFLICT, "`%s` is there from another specification", spec->name);
	ret->shim = *shim;
	ret->shim.marks.run = arena_text(arena, shim->marks.run);
	if (!ret->shim.marks.run)
		return fail_memory(err);
	shim_status(location, shim, &ret->status);
	if (!state_is(&ret->status, "parked") || !ret->seen.attachment_count)
		return 0;
	return ports_check(location, &scan, spec->name, ret->seen.attachments[0].address,
			   ret->seen.attachments, ret->seen.attachment_count, err);
}

static int launch(struct starting *starting, const struct instance_spec *spec, int64_t created_ms,
		  struct error *err)
{
	struct location *location = starting->task.location;

	if (write_down(location, spec, starting->directory, created_ms, err) ||
	    files_put(location, spec, starting->directory, true, err))
		return -1;
	if (!write_launch(location, spec, starting->directory, err))
		starting->kept = spawn_helper(location, spec, starting->directory, created_ms, err);
	if (!starting->kept) {
		remove_launch(location, starting->directory);
		return -1;
	}
	starting->kept->task = &starting->task;
	starting->pid = starting->kept->pid;
	return 0;
}

/* A helper that is gone meanwhile is noticed when it is looked at next. */
static int wake(struct starting *starting, const struct start_facts *facts, struct error *err)
{
	struct world *world = starting->task.location->world;
	struct error why = {0};

	starting->waking = true;
	starting->starts = facts->status.starts;
	starting->task.deadline_ms += facts->shim.marks.grace_ms;
	if (!world->ops->signal(world, starting->pid, starting->start, SIGUSR2, &why) ||
	    why.code == ERR_MISSING)
		return 0;
	*err = why;
	return -1;
}

/* One that ended meanwhile is started by whoever looks at it next. */
static enum progress go_on_again(struct location *location, const struct status *status, struct error *err)
{
	struct error why = {0};

	if (!location->world->ops->signal(location->world, status->pid, status->pid_start, SIGCONT, &why) ||
	    why.code == ERR_MISSING)
		return PROGRESS_DONE;
	*err = why;
	return PROGRESS_FAILED;
}

static enum progress begin_start(struct location *location, struct errand *errand,
				 const struct instance_spec *spec, struct error *err)
{
	owned_by(arena_release) struct arena arena = {0};
	char *directory = run_directory(location, &arena, spec->app, spec->name);
	struct start_facts facts = {.status = {.code = -1}};

	if (!directory || guard_name(spec->app, spec->name, err)) {
		if (!directory)
			fail_memory(err);
		return PROGRESS_FAILED;
	}
	if (may_start(location, spec, &arena, directory, &facts, err))
		return PROGRESS_FAILED;
	if (facts.seen.paused)
		return go_on_again(location, &facts.status, err);
	bool stopping = state_is(&facts.status, "stopping");
	if (is_living(&facts.seen) && !stopping)
		return PROGRESS_DONE;
	struct starting *starting = local_task_new(location, errand, sizeof(*starting), release_starting);
	char *copy = strdup(facts.shim.pid ? facts.shim.marks.run : directory);
	if (!starting || !copy) {
		free(copy);
		local_task_free((struct task *)starting);
		fail_memory(err);
		return PROGRESS_FAILED;
	}
	starting->directory = copy;
	starting->pid = facts.shim.pid;
	starting->start = facts.shim.start;
	starting->task.deadline_ms = location->world->ops->now(location->world) + START_TIMEOUT_MS;
	int result = 0;
	if (!facts.shim.pid)
		result = launch(starting, spec, facts.seen.created_ms, err);
	else if (stopping || state_is(&facts.status, "parked"))
		result = wake(starting, &facts, err);
	return result ? local_task_end(&starting->task, PROGRESS_FAILED)
		      : local_task_sleep(&starting->task, 10, err);
}

static enum progress go_on(struct location *location, struct errand *errand, const struct instance_spec *spec,
			   struct error *err)
{
	struct starting *starting = errand->state;
	struct status status;

	if (!starting)
		return begin_start(location, errand, spec, err);
	if (starting->kept || process_alive(location, starting->pid, starting->start) ||
	    (starting->waking && status_read(location, starting->directory, &status) &&
	     told(starting, &status)))
		return follow_start(starting, err);
	/* The one that was there was on its way out. */
	local_task_free(&starting->task);
	return begin_start(location, errand, spec, err);
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

	/* One that is only named keeps the ports that it was listed with. */
	if (progress == PROGRESS_DONE && spec->command)
		take_ports(location, spec);
	return progress;
}
