/* lock.c - one deploy of an application at a time: an OS lock that names its holder and dies with it. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "engine/keeper.h"
#include "engine/lasting.h"
#include "engine/operation.h"

/* The words of a holder that is alive, as far as that can be told without touching the lock. */
static bool read_live_holder(const struct berth *berth, const char *words_path, struct text *ret_words)
{
	struct world *world = berth->world;
	owned_text holder = {0};
	char process[32];
	long pid = 0;
	if (world->ops->file_read(world, words_path, 512, &holder, NULL))
		return false;
	const char *at = strstr(text_view(&holder), ", process ");
	if (!at || sscanf(at, ", process %ld ", &pid) != 1)
		return false;
	snprintf(process, sizeof process, "/proc/%ld/stat", pid);
	text_add_printable(ret_words, text_view(&holder), holder.length);
	return world->ops->file_exists(world, process);
}

bool lock_held(const struct berth_operation *operation, const char *app, struct text *ret_words)
{
	const struct berth *berth = operation->berth;
	struct world *world = berth->world;
	owned_text lock = {0}, words = {0};
	if (keeper_holds(berth, app))
		return false; /* it waits, and gives way to whoever wants to change something */
	text_format(&lock, "%s/locks/%s.lock", berth->state_directory, app);
	text_format(&words, "%s/locks/%s.holder", berth->state_directory, app);
	if (lock.failed || words.failed || !read_live_holder(berth, text_view(&words), ret_words))
		return false;
	/* A process of that number lives: only the lock tells whether it is still the one that wrote this. */
	struct error why = {0};
	struct file_lock *taken = world->ops->lock(world, text_view(&lock), &why);
	if (taken)
		world->ops->unlock(world, taken);
	return !taken && why.code == ERR_LOCKED;
}

#define LOCK_TRIES    20
#define LOCK_PAUSE_MS 50

/* Who holds many at once names himself in one file for all of them. */
static void keeper_words(const struct berth *berth, struct text *ret_path)
{
	text_format(ret_path, "%s/locks/keeper", berth->state_directory);
}

static int name_holder(const struct berth *berth, const char *words_path, struct error *err)
{
	struct world *world = berth->world;
	owned_text holder = {0}, shown = {0}, keeper = {0};
	keeper_words(berth, &keeper);
	if (!read_live_holder(berth, words_path, &shown) &&
	    !read_live_holder(berth, text_view(&keeper), &shown)) {
		world->ops->file_read(world, words_path, 512, &holder, NULL);
		text_add_printable(&shown, text_view(&holder), holder.length);
	}
	fail(err, ERR_LOCKED, "another command is changing this application: %s",
	     shown.length ? text_view(&shown) : "its name is not known");
	remedy(err, "wait until it has ended, or end it; a lock never outlives its process");
	return -1;
}

/* Only words for people: the lock holds without them. */
static void describe(struct berth_operation *operation, const char *path)
{
	struct world *world = operation->berth->world;
	const char *words = operation->lease_words;
	if (words)
		world->ops->file_note(world, path, 0600, words, strlen(words), NULL);
}

static void find_words(struct berth_operation *operation)
{
	struct world *world = operation->berth->world;
	const char *who = keeper_does(operation)
			      ? "a controller"
			      : arena_format(&operation->arena, "berth %s", operation->verb->name);
	owned_text words = {0};
	time_t now = (time_t)(world->ops->wall(world) / 1000);
	struct tm parts;
	char since[32] = "";
	if (gmtime_r(&now, &parts))
		strftime(since, sizeof since, "%Y-%m-%dT%H:%M:%SZ", &parts);
	if (who)
		text_format(&words, "%s, process %ld of %s, since %s", who,
			    (long)world->ops->process_id(world), operation->berth->owner.words, since);
	operation->lease_words = arena_text(&operation->arena, text_view(&words));
}

void lock_describe(struct berth_operation *operation)
{
	find_words(operation);
	if (operation->lock)
		describe(operation, operation->lock_words);
}

void lock_describe_all(struct berth_operation *keeper)
{
	struct world *world = keeper->berth->world;
	owned_text path = {0}, directory = {0};
	text_format(&directory, "%s/locks", keeper->berth->state_directory);
	keeper_words(keeper->berth, &path);
	find_words(keeper);
	if (!path.failed && !directory.failed &&
	    world->ops->directories_make(world, text_view(&directory), 0700, NULL) == 0)
		describe(keeper, text_view(&path));
}

static int lock_take(struct berth_operation *operation, const char *app, struct error *err)
{
	struct berth *berth = operation->berth;
	const struct world_ops *ops = berth->world->ops;
	const char *directory = arena_format(&operation->arena, "%s/locks", berth->state_directory);
	const char *path = arena_format(&operation->arena, "%s/locks/%s.lock", berth->state_directory, app);
	const char *words =
	    arena_format(&operation->arena, "%s/locks/%s.holder", berth->state_directory, app);
	if (!directory || !path || !words)
		return fail_memory(err);
	if (ops->directories_make(berth->world, directory, 0700, err)) {
		remedy(err, "choose another folder with XDG_STATE_HOME");
		return -1;
	}
	struct error why = {0};
	operation->lock = ops->lock(berth->world, path, &why);
	if (!operation->lock && why.code == ERR_LOCKED)
		return name_holder(berth, words, err);
	if (!operation->lock) {
		*err = why;
		return -1;
	}
	operation->lock_words = words;
	operation->lock_path = path;
	return 0;
}

static void try_again(void *owner)
{
	struct berth_operation *operation = owner;
	operation->lock_timer = NULL;
	operation_wake(operation);
}

/* One that was just killed may take a moment to be dead. */
bool lock_ready(struct berth_operation *operation)
{
	struct world *world = operation->berth->world;
	struct error err = {0};
	if (operation->lock)
		return true;
	if (keeper_lends_lock(operation))
		return is_as_expected(operation);
	lasting_ask(operation);
	if (keeper_gives_way(operation))
		return false;
	if (operation->lock_timer && !operation->cancelled)
		return false;
	if (lock_take(operation, operation->application->id, &err) == 0) {
		if (!is_as_expected(operation))
			return false;
		lasting_begin(operation);
		return true;
	}
	if (err.code == ERR_LOCKED && operation->lock_tries++ < LOCK_TRIES && !operation->cancelled &&
	    (operation->lock_timer = world->ops->timer_start(world, LOCK_PAUSE_MS, try_again, operation)))
		return false;
	*operation_error(operation) = err;
	operation_fail(operation, operation_error(operation));
	return false;
}

/* A lock that names no holder, and that nobody has, is what a destroy left that was killed at its very last
 * call. */
static bool visit_lock(void *owner, const char *name)
{
	const struct berth *berth = owner;
	const struct world_ops *ops = berth->world->ops;
	size_t length = strlen(name), ending = strlen(".lock");
	owned_text path = {0}, words = {0};
	if (length <= ending || strcmp(name + length - ending, ".lock") != 0)
		return true;
	text_format(&path, "%s/locks/%s", berth->state_directory, name);
	text_format(&words, "%s/locks/%.*s.holder", berth->state_directory, (int)(length - ending), name);
	if (path.failed || words.failed || ops->file_exists(berth->world, text_view(&words)))
		return true;
	struct file_lock *taken = ops->lock(berth->world, text_view(&path), NULL);
	if (taken)
		ops->file_remove(berth->world, text_view(&path), NULL);
	ops->unlock(berth->world, taken);
	return true;
}

void lock_remove(struct berth_operation *operation)
{
	struct berth *berth = operation->berth;
	struct world *world = berth->world;
	owned_text directory = {0};
	if (!operation->lock)
		return;
	/* Whoever waits for this very file notices that its name has gone, and makes another. */
	world->ops->file_remove(world, operation->lock_words, NULL);
	world->ops->file_remove(world, operation->lock_path, NULL);
	operation->lock_words = NULL;
	text_format(&directory, "%s/locks", berth->state_directory);
	if (!directory.failed)
		world->ops->directory_list(world, text_view(&directory), visit_lock, berth, NULL);
}

/* Its files are named anew by who releases it: words for people only. */
void lock_hand_over(struct berth_operation *from, struct berth_operation *to)
{
	if (!to->lock)
		to->lock = give(from->lock);
}

void lock_release(struct berth_operation *operation)
{
	struct world *world = operation->berth->world;
	world->ops->timer_cancel(world, give(operation->lock_timer));
	/* The next one with this lock may be of the same process, and names itself elsewhere: a keeper. */
	if (operation->lock && operation->lock_words && operation->lease_words)
		world->ops->file_note(world, operation->lock_words, 0600, "", 0, NULL);
	if (operation->lock)
		world->ops->unlock(world, operation->lock);
	operation->lock = NULL;
}
