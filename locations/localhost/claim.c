/* claim.c - who has an application on this machine: a file for each in one directory of this
 * user, taken under a lock that is kept while the location is open. */
#include "locations/localhost/localhost.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define LOCK_TIMEOUT_MS 1000

char *claim_path(struct location *location, struct arena *arena, const char *app, const char *kind)
{
	return arena_format(arena, "%s/%s.%s", localhost_of(location)->claims, app, kind);
}

bool claims_are_ours(struct location *location)
{
	struct world *world = location->world;
	struct file_facts facts;

	return !world->ops->file_look(world, localhost_of(location)->claims, &facts, NULL) &&
	       facts.kind == FILE_DIRECTORY && facts.uid == local_uid(location) && !(facts.mode & 077);
}

static int make_claims(struct location *location, struct error *err)
{
	const char *claims = localhost_of(location)->claims;

	if (location->world->ops->directories_make(location->world, claims, 0700, err))
		return -1;
	if (claims_are_ours(location))
		return 0;
	fail(err, ERR_DENIED, "`%s` is no directory that only we can use", claims);
	remedy(err, "remove it, or give it to this user alone (chmod 700)");
	return -1;
}

struct claims_visit {
	const char *ending;
	bool (*visit)(void *owner, const char *app);
	void *owner;
};

static bool visit_claim(void *owner, const char *entry)
{
	struct claims_visit *visit = owner;
	const char *dot = strrchr(entry, '.');
	char app[128];

	if (!dot || strcmp(dot + 1, visit->ending) || (size_t)(dot - entry) >= sizeof(app))
		return true;
	snprintf(app, sizeof(app), "%.*s", (int)(dot - entry), entry);
	return !fit_id(app) || visit->visit(visit->owner, app);
}

void claims_visit(struct location *location, const char *ending, bool (*visit)(void *owner, const char *app),
		  void *owner)
{
	struct world *world = location->world;
	struct claims_visit visiting = {ending, visit, owner};

	if (claims_are_ours(location))
		world->ops->directory_list(world, localhost_of(location)->claims, visit_claim, &visiting,
					   NULL);
}

bool claim_read(struct location *location, struct arena *arena, const char *app, struct owner *ret_holder)
{
	owned_text content = {0};
	char *path = claim_path(location, arena, app, "claim");

	if (!path || !claims_are_ours(location) ||
	    location->world->ops->file_read(location->world, path, 65536, &content, NULL))
		return false;
	const char *text = text_view(&content);
	size_t id = strcspn(text, "\n");
	const char *words = text[id] ? text + id + 1 : "", *place = words + strcspn(words, "\n");
	place += *place != '\0';
	struct owner holder = {.id = arena_copy(arena, text, id),
			       .words = arena_copy(arena, words, strcspn(words, "\n")),
			       .place = arena_copy(arena, place, strcspn(place, "\n"))};
	if (!id || !holder.id || !holder.words || !holder.place)
		return false;
	*ret_holder = holder;
	return true;
}

/* --- locks --------------------------------------------------------------------------------- */

/* A location's hold on a lock. Two locations of one blueprint may both be this machine: they share it. */
static struct hold {
	struct localhost *home;
	struct world *world;
	struct file_lock *lock;
	char *path;
	struct hold *next;
} * holds;

static void let_go(struct hold **link)
{
	struct hold *hold = *link;
	bool shared = false;

	*link = hold->next;
	for (struct hold *other = holds; other; other = other->next)
		shared = shared || other->lock == hold->lock;
	if (!shared)
		hold->world->ops->unlock(hold->world, hold->lock);
	free(hold->path);
	free(hold);
}

static void let_go_of(struct location *location, const char *path)
{
	for (struct hold **link = &holds; *link;) {
		if ((*link)->home == localhost_of(location) && (!path || !strcmp((*link)->path, path)))
			let_go(link);
		else
			link = &(*link)->next;
	}
}

void claims_let_go(struct location *location)
{
	let_go_of(location, NULL);
}

static int hold_lock(struct location *location, const char *path, struct error *err)
{
	struct world *world = location->world;
	struct file_lock *lock = NULL;

	for (struct hold *other = holds; other; other = other->next) {
		if (other->world != world || strcmp(other->path, path))
			continue;
		lock = other->lock;
		if (other->home == localhost_of(location))
			return 0;
	}
	struct hold *hold = calloc(1, sizeof(*hold));
	char *copy = strdup(path);
	int result = hold && copy ? 0 : fail_memory(err);
	if (!result && !lock && !(lock = world->ops->lock(world, path, err)))
		result = -1;
	if (result) {
		free(hold);
		free(copy);
		return -1;
	}
	*hold = (struct hold){localhost_of(location), world, lock, copy, holds};
	holds = hold;
	return 0;
}

static void tell_locked(struct location *location, const char *app, struct error *err)
{
	owned_by(arena_release) struct arena arena = {0};
	struct owner holder;

	if (claim_read(location, &arena, app, &holder))
		fail(err, ERR_LOCKED, "`%s` is being changed by another deploy of %s", app, holder.words);
	else
		fail(err, ERR_LOCKED, "`%s` is being changed by another deploy", app);
	remedy(err, "wait until it is done");
}

enum progress claim_lock(struct location *location, struct errand *errand, const char *app, struct error *err)
{
	owned_by(arena_release) struct arena arena = {0};
	struct world *world = location->world;
	char *path = claim_path(location, &arena, app, "lock");
	struct task *task = errand->state;
	struct error why = {0};

	if (!path)
		fail_memory(&why);
	else if (!make_claims(location, &why) && !hold_lock(location, path, &why))
		return local_task_end(task, PROGRESS_DONE);
	if (why.code == ERR_LOCKED && !task) {
		task = local_task_new(location, errand, sizeof(*task), NULL);
		if (task)
			task->deadline_ms = world->ops->now(world) + LOCK_TIMEOUT_MS;
		else
			fail_memory(&why);
	}
	if (task && why.code == ERR_LOCKED && world->ops->now(world) < task->deadline_ms)
		return local_task_sleep(task, 10, err);
	if (why.code == ERR_LOCKED)
		tell_locked(location, app, &why);
	*err = why;
	return local_task_end(task, PROGRESS_FAILED);
}

bool claim_lock_held(struct location *location, const char *app)
{
	owned_by(arena_release) struct arena arena = {0};
	char *path = claim_path(location, &arena, app, "lock");

	for (struct hold *hold = path ? holds : NULL; hold; hold = hold->next)
		if (hold->home == localhost_of(location) && !strcmp(hold->path, path))
			return true;
	return false;
}

void claim_unlock(struct location *location, const char *app)
{
	owned_by(arena_release) struct arena arena = {0};
	char *path = claim_path(location, &arena, app, "lock");

	if (path)
		let_go_of(location, path);
}

static int write_claim(struct location *location, struct arena *arena, const char *app,
		       const struct owner *owner, struct error *err)
{
	char *path = claim_path(location, arena, app, "claim");
	const char *place = owner->place ? owner->place : "";
	char *content =
	    arena_format(arena, "%s\n%s\n%s%s", owner->id, owner->words, place, *place ? "\n" : "");

	if (!path || !content)
		return fail_memory(err);
	return location->world->ops->file_write(location->world, path, 0600, content, strlen(content), err);
}

/* What is another owner's when it is adopted; what is ours when another store of ours was here last. */
static bool is_to_take(const struct owner *holder, const struct owner *owner, bool adopt)
{
	if (strcmp(holder->id, owner->id))
		return adopt;
	return owner->place && strcmp(holder->place, owner->place);
}

enum progress localhost_claim(struct location *location, struct errand *errand, const char *app,
			      const struct owner *owner, bool adopt, struct arena *arena,
			      struct owner *ret_holder, struct error *err)
{
	struct owner holder;

	if (guard_app(app, err))
		return PROGRESS_FAILED;
	enum progress progress = claim_lock(location, errand, app, err);
	if (progress != PROGRESS_DONE)
		return progress;
	bool held = claim_read(location, arena, app, &holder);
	if (!held || is_to_take(&holder, owner, adopt)) {
		holder = (struct owner){arena_text(arena, owner->id), arena_text(arena, owner->words),
					owner->place};
		if (!holder.id || !holder.words) {
			fail_memory(err);
			progress = PROGRESS_FAILED;
		} else if (write_claim(location, arena, app, owner, err)) {
			progress = PROGRESS_FAILED;
		}
	}
	/* Ours to change until the location is closed; another's is not kept from its owner. */
	if (progress != PROGRESS_DONE || strcmp(holder.id, owner->id))
		claim_unlock(location, app);
	if (progress == PROGRESS_DONE)
		*ret_holder = holder;
	return progress;
}

enum progress localhost_disclaim(struct location *location, struct errand *errand, const char *app,
				 struct error *err)
{
	owned_by(arena_release) struct arena arena = {0};
	struct world *world = location->world;

	if (guard_app(app, err))
		return PROGRESS_FAILED;
	enum progress progress = claim_lock(location, errand, app, err);
	if (progress != PROGRESS_DONE)
		return progress;
	/* As long as anything is there, so is the claim, by which it is found. */
	static const char *const kinds[] = {"lease", "claim", "lock"};
	for (size_t i = 0; i < COUNT_OF(kinds) && progress == PROGRESS_DONE; i++) {
		char *path = claim_path(location, &arena, app, kinds[i]);
		if (!path)
			fail_memory(err);
		if (!path || world->ops->file_remove(world, path, err))
			progress = PROGRESS_FAILED;
	}
	if (progress == PROGRESS_DONE)
		tidy_app(location, app);
	claim_unlock(location, app);
	return progress;
}

enum progress localhost_prepare(struct location *location, struct errand *errand,
				const struct prepare_request *request, struct error *err)
{
	owned_by(arena_release) struct arena arena = {0};

	(void)errand;
	if (guard_app(request->app, err))
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
	if (guard_app(app, err) || left_clear(location, app, err))
		return PROGRESS_FAILED;
	tidy_app(location, app);
	return PROGRESS_DONE;
}
