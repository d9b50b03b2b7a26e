/* claim.c - who has an application on this machine: a file in its directory, taken under a lock. */
#include "locations/localhost/localhost.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

#define LOCK_TIMEOUT_MS 10000

struct empty {
	bool any;
};

static bool visit_any(void *owner, const char *name)
{
	(void)name;
	((struct empty *)owner)->any = true;
	return false;
}

void tidy_app(struct location *location, const char *app)
{
	owned_by(arena_release) struct arena arena = {0};
	struct world *world = location->world;
	struct empty empty = {0};
	char *directory = app_directory(location, &arena, app);

	if (directory && !world->ops->directory_list(world, directory, visit_any, &empty, NULL) && !empty.any)
		world->ops->tree_remove(world, directory, NULL);
}

static char *claim_path(struct location *location, struct arena *arena, const char *app)
{
	return arena_format(arena, "%s/%s/claim", localhost_of(location)->run, app);
}

bool claim_read(struct location *location, struct arena *arena, const char *app, struct owner *ret_holder)
{
	owned_text content = {0};
	char *path = claim_path(location, arena, app);

	if (!path || location->world->ops->file_read(location->world, path, 65536, &content, NULL))
		return false;
	const char *text = text_view(&content);
	size_t id = strcspn(text, "\n");
	const char *words = text[id] ? text + id + 1 : "";
	struct owner holder = {.id = arena_copy(arena, text, id),
			       .words = arena_copy(arena, words, strcspn(words, "\n"))};
	if (!id || !holder.id || !holder.words)
		return false;
	*ret_holder = holder;
	return true;
}

/* The lock is held for a few calls only: who finds it held comes again soon. DONE with the lock, or what else
 * to answer. */
static enum progress take_lock(struct location *location, struct errand *errand, struct file_lock **ret_lock,
			       struct error *err)
{
	owned_by(arena_release) struct arena arena = {0};
	struct world *world = location->world;
	char *path = arena_format(&arena, "%s/.claims", localhost_of(location)->run);
	struct task *task = errand->state;
	struct error why = {0};

	if (!path)
		fail_memory(&why);
	else if (!world->ops->directories_make(world, localhost_of(location)->run, 0700, &why))
		*ret_lock = world->ops->lock(world, path, &why);
	if (why.code == OK) {
		local_task_free(task);
		return PROGRESS_DONE;
	}
	if (why.code == ERR_LOCKED && !task) {
		task = local_task_new(location, errand, sizeof(*task), NULL);
		if (task)
			task->deadline_ms = world->ops->now(world) + LOCK_TIMEOUT_MS;
		else
			fail_memory(&why);
	}
	if (task && why.code == ERR_LOCKED && world->ops->now(world) < task->deadline_ms)
		return local_task_sleep(task, 10, err);
	local_task_free(task);
	*err = why;
	return PROGRESS_FAILED;
}

static int write_claim(struct location *location, struct arena *arena, const char *app,
		       const struct owner *owner, struct error *err)
{
	struct world *world = location->world;
	char *directory = app_directory(location, arena, app), *path = claim_path(location, arena, app);
	char *content = arena_format(arena, "%s\n%s\n", owner->id, owner->words);

	if (!directory || !path || !content)
		return fail_memory(err);
	if (world->ops->directories_make(world, directory, 0700, err))
		return -1;
	return world->ops->file_write(world, path, 0600, content, strlen(content), err);
}

static int fit_app(const char *app, struct error *err)
{
	return fit_id(app) ? 0 : fail(err, ERR_INVALID, "`%s` cannot be an application's name here", app);
}

enum progress localhost_claim(struct location *location, struct errand *errand, const char *app,
			      const struct owner *owner, bool adopt, struct arena *arena,
			      struct owner *ret_holder, struct error *err)
{
	struct file_lock *lock = NULL;
	struct owner holder;

	if (fit_app(app, err))
		return PROGRESS_FAILED;
	enum progress progress = take_lock(location, errand, &lock, err);
	if (progress != PROGRESS_DONE)
		return progress;
	bool held = claim_read(location, arena, app, &holder);
	if (!held || (adopt && strcmp(holder.id, owner->id))) {
		holder = (struct owner){arena_text(arena, owner->id), arena_text(arena, owner->words)};
		if (!holder.id || !holder.words) {
			fail_memory(err);
			progress = PROGRESS_FAILED;
		} else if (write_claim(location, arena, app, owner, err)) {
			progress = PROGRESS_FAILED;
		}
	}
	location->world->ops->unlock(location->world, lock);
	if (progress == PROGRESS_DONE)
		*ret_holder = holder;
	return progress;
}

enum progress localhost_disclaim(struct location *location, struct errand *errand, const char *app,
				 struct error *err)
{
	owned_by(arena_release) struct arena arena = {0};
	struct file_lock *lock = NULL;

	if (fit_app(app, err))
		return PROGRESS_FAILED;
	enum progress progress = take_lock(location, errand, &lock, err);
	if (progress != PROGRESS_DONE)
		return progress;
	char *path = claim_path(location, &arena, app);
	if (!path)
		fail_memory(err);
	if (!path || location->world->ops->file_remove(location->world, path, err))
		progress = PROGRESS_FAILED;
	else
		tidy_app(location, app);
	location->world->ops->unlock(location->world, lock);
	return progress;
}

enum progress localhost_prepare(struct location *location, struct errand *errand,
				const struct prepare_request *request, struct error *err)
{
	owned_by(arena_release) struct arena arena = {0};

	(void)errand;
	if (fit_app(request->app, err))
		return PROGRESS_FAILED;
	char *directory = app_directory(location, &arena, request->app);
	if (!directory)
		fail_memory(err);
	if (!directory || location->world->ops->directories_make(location->world, directory, 0700, err))
		return PROGRESS_FAILED;
	return PROGRESS_DONE;
}

enum progress localhost_release(struct location *location, struct errand *errand, const char *app,
				bool volumes, struct error *err)
{
	(void)errand;
	(void)volumes;
	if (fit_app(app, err))
		return PROGRESS_FAILED;
	tidy_app(location, app);
	return PROGRESS_DONE;
}
