/* store_copy.c - a copy of the store as it is at one time, and the way back: SQLite writes both, so that
 * whoever else has the store open goes on with it.
 *
 * A file that is exchanged under an open connection would leave that one's -wal file beside the wrong
 * database; so what is restored is written into the store as one transaction.
 */
#include "engine/store_copy.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "engine/store_file.h"

/* --- asking it ------------------------------------------------------------------------------ */

/* The first column of a statement's first row, into one of both. 0 or -1. */
static int ask(const struct database *database, const char *sql, int64_t *ret_number, struct text *ret_text,
	       struct error *err)
{
	sqlite3_stmt *statement = NULL;
	int result = sqlite3_prepare_v2(database->connection, sql, -1, &statement, NULL);
	if (result == SQLITE_OK)
		result = sqlite3_step(statement);
	if (result != SQLITE_ROW)
		database_fail(database, err);
	else if (ret_number)
		*ret_number = sqlite3_column_int64(statement, 0);
	else
		text_add(ret_text, (const char *)sqlite3_column_text(statement, 0) ?: "");
	sqlite3_finalize(statement);
	return result == SQLITE_ROW ? 0 : -1;
}

static int check_whole(const struct database *database, struct error *err)
{
	owned_text words = {0};
	if (ask(database, "PRAGMA integrity_check(1)", NULL, &words, err))
		return -1;
	if (words.failed)
		return fail_memory(err);
	if (!strcmp(text_view(&words), "ok"))
		return 0;
	return fail(err, ERR_FAILED, "%s is damaged: %.200s", database->path, text_view(&words));
}

static int count_applications(const struct database *database, int64_t *ret, struct error *err)
{
	return ask(database, "SELECT count(*) FROM application", ret, NULL, err);
}

static int run(const struct database *database, const char *sql, struct error *err)
{
	return sqlite3_exec(database->connection, sql, NULL, NULL, NULL) == SQLITE_OK
		   ? 0
		   : database_fail(database, err);
}

/* --- into a file ---------------------------------------------------------------------------- */

static int vacuum_into(const struct database *store, const char *file, struct error *err)
{
	sqlite3_stmt *statement = NULL;
	int result = sqlite3_prepare_v2(store->connection, "VACUUM INTO ?", -1, &statement, NULL);
	if (result == SQLITE_OK)
		result = sqlite3_bind_text(statement, 1, file, -1, SQLITE_STATIC);
	if (result == SQLITE_OK)
		result = sqlite3_step(statement);
	if (result != SQLITE_DONE)
		fail(err, ERR_FAILED, "%s cannot be written: %s", file, sqlite3_errmsg(store->connection));
	sqlite3_finalize(statement);
	return result == SQLITE_DONE ? 0 : -1;
}

/* What VACUUM INTO wrote may not be on the disk yet: a transaction of its own brings all of the file there.
 */
static int make_durable(struct world *world, const char *file, struct error *err)
{
	struct database copy = {.world = world, .path = file};
	int64_t schema = 0;
	char sql[64];
	int result = sqlite3_open_v2(file, &copy.connection, SQLITE_OPEN_READWRITE | SQLITE_OPEN_EXRESCODE,
				     world->ops->database_vfs(world));
	if (!copy.connection)
		return fail_memory(err);
	if (result != SQLITE_OK)
		result = database_fail(&copy, err);
	else
		result = run(&copy, "PRAGMA synchronous = FULL", err) ||
			 ask(&copy, "PRAGMA user_version", &schema, NULL, err);
	snprintf(sql, sizeof sql, "PRAGMA user_version = %d", (int)schema);
	result = result || run(&copy, sql, err) || check_whole(&copy, err);
	database_close(&copy);
	return result ? -1 : 0;
}

static int make_file(struct world *world, const char *file, struct error *err)
{
	struct error why = {0};
	if (world->ops->file_create(world, file, 0600, &why) == 0)
		return 0;
	*err = why;
	if (why.code != ERR_CONFLICT)
		return -1;
	fail(err, ERR_CONFLICT, "%s is there already", file);
	remedy(err, "name a file that is not there yet");
	return -1;
}

/* Whole, or not there. */
static int copy_into(const struct database *store, const char *file, struct error *err)
{
	struct world *world = store->world;
	if (make_file(world, file, err))
		return -1;
	if (vacuum_into(store, file, err) == 0 && make_durable(world, file, err) == 0)
		return 0;
	world->ops->file_remove(world, file, NULL);
	return -1;
}

static int fail_no_store(const struct store_copying *copying, struct error *err)
{
	fail(err, ERR_MISSING, "there is no store in %s", copying->directory);
	remedy(err, "nothing was deployed with it yet; a controller's own is named with --state");
	return -1;
}

static int back_up(const struct database *store, struct store_copying *copying, struct error *err)
{
	if (!store->connection)
		return fail_no_store(copying, err);
	if (count_applications(store, &copying->applications, err))
		return -1;
	return copying->dry_run ? 0 : copy_into(store, copying->file, err);
}

static char *path_in(const char *directory, const char *name)
{
	owned_text path = {0};
	text_format(&path, "%s/%s", directory, name);
	return text_take(&path);
}

int store_backup(struct store_copying *copying, struct error *err)
{
	owned_memory char *path = path_in(copying->directory, "berth.db");
	struct database store = {.world = copying->world, .directory = copying->directory, .path = path};
	if (!path)
		return fail_memory(err);
	int result = database_open_to_read(&store, err) || back_up(&store, copying, err) ? -1 : 0;
	database_close(&store);
	return result;
}

/* --- out of one ----------------------------------------------------------------------------- */

/* The second line of a controller's lock says who it is. */
static int fail_owned(struct world *world, const char *lock, struct error *err)
{
	owned_text words = {0}, shown = {0};
	world->ops->file_read(world, lock, 1024, &words, NULL);
	const char *second = strchr(text_view(&words), '\n');
	if (second)
		text_add_printable(&shown, second + 1, strcspn(second + 1, "\n"));
	fail(err, ERR_LOCKED, "a controller has the store: %s",
	     shown.length ? text_view(&shown) : "its name is not known");
	remedy(err, "end it first; it begins with what was restored");
	return -1;
}

/* No controller begins as long as this is held. */
static struct file_lock *lock_out_controllers(const struct store_copying *copying, struct error *err)
{
	struct world *world = copying->world;
	struct error why = {0};
	owned_memory char *path = path_in(copying->directory, "controller.lock");
	if (!path || world->ops->directories_make(world, copying->directory, 0700, &why)) {
		*err = why;
		return path ? NULL : (fail_memory(err), NULL);
	}
	struct file_lock *lock = world->ops->lock(world, path, &why);
	if (!lock && why.code == ERR_LOCKED)
		fail_owned(world, path, err);
	else if (!lock)
		*err = why;
	return lock;
}

struct visit {
	const struct store_copying *copying;
	struct error *err;
};

static bool visit_lock(void *owner, const char *name)
{
	const struct visit *visit = owner;
	struct world *world = visit->copying->world;
	size_t length = strlen(name), ending = strlen(".lock");
	owned_text path = {0};
	struct error why = {0};
	if (length <= ending || strcmp(name + length - ending, ".lock") != 0)
		return true;
	text_format(&path, "%s/locks/%s", visit->copying->directory, name);
	struct file_lock *taken = path.failed ? NULL : world->ops->lock(world, text_view(&path), &why);
	if (!taken && why.code == ERR_LOCKED) {
		fail(visit->err, ERR_LOCKED, "another command is changing `%.*s`", (int)(length - ending),
		     name);
		remedy(visit->err, "wait until it has ended");
	}
	world->ops->unlock(world, taken);
	return visit->err->code == OK;
}

/* Who is in the middle of a change would write on into what it does not know. */
static int check_nobody_works(const struct store_copying *copying, struct error *err)
{
	struct world *world = copying->world;
	owned_memory char *locks = path_in(copying->directory, "locks");
	struct visit visit = {copying, err};
	if (!locks)
		return fail_memory(err);
	world->ops->directory_list(world, locks, visit_lock, &visit, NULL);
	return err->code == OK ? 0 : -1;
}

static int check_copy(struct database *copy, struct store_copying *copying, struct error *err)
{
	struct file_facts facts;
	if (copy->world->ops->file_follow(copy->world, copying->file, &facts, err))
		return -1;
	if (database_open_copy(copy, err) == 0 && check_whole(copy, err) == 0 &&
	    count_applications(copy, &copying->applications, err) == 0)
		return 0;
	if (err->code != ERR_NO_MEMORY && err->code != ERR_UNSUPPORTED)
		remedy(err, "give a file that `berth backup` made");
	return -1;
}

/* "berth.db.2026-01-02T030405.678Z", beside the store. */
static char *former_path(const struct store_copying *copying)
{
	int64_t now_ms = copying->world->ops->wall(copying->world);
	time_t now = (time_t)(now_ms / 1000);
	struct tm parts;
	char since[32] = "", name[64];
	if (gmtime_r(&now, &parts))
		strftime(since, sizeof since, "%Y-%m-%dT%H%M%S", &parts);
	snprintf(name, sizeof name, "berth.db.%s.%03dZ", since, (int)(now_ms % 1000));
	return path_in(copying->directory, name);
}

/* All pages in one transaction. */
static int copy_over(const struct database *copy, const struct database *store, struct error *err)
{
	sqlite3_backup *backup = sqlite3_backup_init(store->connection, "main", copy->connection, "main");
	if (!backup)
		return database_fail(store, err);
	sqlite3_backup_step(backup, -1);
	return sqlite3_backup_finish(backup) == SQLITE_OK ? 0 : database_fail(store, err);
}

static int replace(const struct database *copy, struct database *store, struct store_copying *copying,
		   struct error *err)
{
	if (database_open_to_read(store, err))
		return -1;
	if (store->connection && !(copying->former = former_path(copying)))
		return fail_memory(err);
	if (store->connection && copy_into(store, copying->former, err)) {
		free(give(copying->former));
		return -1;
	}
	database_close(store);
	if (database_open_to_write(store, err) || copy_over(copy, store, err))
		return -1;
	/* An older one is brought up to date. What was under way when it was made is not begun again. */
	database_close(store);
	return database_open_to_write(store, err) || run(store, "DELETE FROM lasting", err) ? -1 : 0;
}

static int restore(struct store_copying *copying, struct error *err)
{
	struct world *world = copying->world;
	owned_memory char *path = path_in(copying->directory, "berth.db");
	struct database store = {.world = world, .directory = copying->directory, .path = path};
	struct database copy = {.world = world, .directory = copying->directory, .path = copying->file};
	if (!path)
		return fail_memory(err);
	int result = check_copy(&copy, copying, err);
	if (result == 0 && !copying->dry_run)
		result = replace(&copy, &store, copying, err);
	database_close(&copy);
	database_close(&store);
	return result;
}

int store_restore(struct store_copying *copying, struct error *err)
{
	struct file_lock *lock = lock_out_controllers(copying, err);
	if (!lock)
		return -1;
	int result = check_nobody_works(copying, err) || restore(copying, err) ? -1 : 0;
	copying->world->ops->unlock(copying->world, lock);
	return result;
}
