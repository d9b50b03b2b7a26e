/* store_schema.c - opening the store's file: its permissions, its schema's number, and words for what goes
 * wrong. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "berth/berth.h"
#include "engine/store_file.h"

#define BUSY_MS        5000
#define APPLICATION_ID 0x62727468 /* "brth": this SQLite file is ours */

/* Each brings the file from the number of its place to the next one. `about` stays as it is for ever, so that
 * an older berth can tell who wrote a file that it does not understand. */
static const char *const migrations[] = {
    "CREATE TABLE about(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE application(name TEXT PRIMARY KEY, file TEXT, directory TEXT, blueprint TEXT, settings "
    "TEXT,"
    " locations TEXT, facts TEXT, revision INTEGER NOT NULL, deployed_ms INTEGER NOT NULL);"
    "CREATE TABLE instance(app TEXT NOT NULL, name TEXT NOT NULL, target_id TEXT NOT NULL, ports TEXT,"
    " PRIMARY KEY(app, name)) WITHOUT ROWID;"
    "CREATE TABLE intent(app TEXT NOT NULL, instance TEXT NOT NULL, location TEXT, what TEXT, digest TEXT,"
    " time_ms INTEGER NOT NULL, PRIMARY KEY(app, instance)) WITHOUT ROWID;"
    "CREATE TABLE event(id INTEGER PRIMARY KEY, app TEXT NOT NULL, serial INTEGER NOT NULL,"
    " time_ms INTEGER NOT NULL, component TEXT, instance TEXT, what TEXT, text TEXT, UNIQUE(app, serial));",
    "ALTER TABLE instance ADD COLUMN files TEXT;",
    "ALTER TABLE application ADD COLUMN variables TEXT;",
    "CREATE TABLE memory(app TEXT NOT NULL, component TEXT NOT NULL, text TEXT NOT NULL,"
    " PRIMARY KEY(app, component)) WITHOUT ROWID;"
    "CREATE TABLE stopped(app TEXT NOT NULL, instance TEXT NOT NULL, by TEXT NOT NULL,"
    " PRIMARY KEY(app, instance)) WITHOUT ROWID;",
    "ALTER TABLE application ADD COLUMN pins TEXT;"
    "CREATE TABLE revision(app TEXT NOT NULL, revision INTEGER NOT NULL, deployed_ms INTEGER NOT NULL, file "
    "TEXT,"
    " directory TEXT, blueprint TEXT, settings TEXT, variables TEXT, pins TEXT, by TEXT, images TEXT,"
    " outcome INTEGER, PRIMARY KEY(app, revision)) WITHOUT ROWID;",
    "ALTER TABLE instance ADD COLUMN limits TEXT;",
    ("CREATE TABLE size(app TEXT NOT NULL, component TEXT NOT NULL, text TEXT NOT NULL,"
     " PRIMARY KEY(app, component)) WITHOUT ROWID;"),
    "ALTER TABLE event ADD COLUMN remedy TEXT;",
    ("CREATE TABLE sized(app TEXT NOT NULL, component TEXT NOT NULL, text TEXT NOT NULL,"
     " PRIMARY KEY(app, component)) WITHOUT ROWID;"),
    /* Where an instance is among the machines of a pool; and how each of them is, of no application. */
    ("CREATE TABLE machine(app TEXT NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL,"
     " PRIMARY KEY(app, name)) WITHOUT ROWID;"),
    "CREATE TABLE lasting(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, app TEXT NOT NULL,"
    " text TEXT NOT NULL, time_ms INTEGER NOT NULL, begun_ms INTEGER NOT NULL DEFAULT 0,"
    " revision INTEGER NOT NULL DEFAULT 0, over TEXT);",
};

#define SCHEMA ((int64_t)COUNT_OF(migrations))

static enum code code_of(int result)
{
	switch (result & 0xff) {
	case SQLITE_NOMEM:
		return ERR_NO_MEMORY;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_LOCKED;
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return ERR_DENIED;
	default:
		return ERR_FAILED;
	}
}

int database_fail(const struct database *database, struct error *err)
{
	int result = sqlite3_extended_errcode(database->connection), kind = result & 0xff;
	const char *words = sqlite3_errmsg(database->connection), *path = database->path;

	if (kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB) {
		fail(err, ERR_FAILED, "the store %s is damaged: %s", path, words);
		remedy(err, "move it and, where they exist, its -wal and -shm files to another folder; only "
			    "history is lost: "
			    "what runs is found again at its locations");
		return -1;
	}
	fail(err, code_of(result), "the store %s cannot be used: %s", path, words);
	if (kind == SQLITE_FULL)
		remedy(err, "make room on the file system of %s", database->directory);
	else if (kind == SQLITE_BUSY || kind == SQLITE_LOCKED)
		remedy(err, "another program holds it; try again when that one has ended");
	else if (kind == SQLITE_READONLY || kind == SQLITE_CANTOPEN || kind == SQLITE_PERM)
		remedy(err,
		       "make %s and the files in it writable for you, or choose another folder with "
		       "XDG_STATE_HOME",
		       database->directory);
	else if (kind == SQLITE_IOERR)
		remedy(err, "check the disk under %s and the room left on it", database->directory);
	return -1;
}

sqlite3_stmt *database_statement(struct database *database, size_t place, const char *sql)
{
	sqlite3_stmt **statement = &database->statements[place];
	if (!*statement)
		sqlite3_prepare_v3(database->connection, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL);
	if (*statement) {
		sqlite3_reset(*statement);
		sqlite3_clear_bindings(*statement);
	}
	return *statement;
}

void database_close(struct database *database)
{
	for (size_t i = 0; i < STATEMENT_ROOM; i++)
		sqlite3_finalize(give(database->statements[i]));
	sqlite3_close_v2(give(database->connection));
	database->frozen = false;
}

/* Whether the open connection still is what the path names. */
static bool still_there(const struct database *database)
{
	struct world *world = database->world;
	struct file_facts now;
	return !database->frozen && world->ops->file_follow(world, database->path, &now, NULL) == 0 &&
	       now.device == database->device && now.inode == database->inode;
}

/* What the system says, behind the path that our own words name already. */
static const char *cause_of(const struct error *why)
{
	const char *colon = strrchr(why->text, ':');
	return colon && colon[1] ? colon + 2 : why->text;
}

static int fail_directory(const struct database *database, const struct error *why, struct error *err)
{
	fail(err, why->code == ERR_DENIED ? ERR_DENIED : ERR_FAILED,
	     "the store's folder %s cannot be made: %s", database->directory, cause_of(why));
	remedy(err, "make it yourself, or choose another folder with XDG_STATE_HOME");
	return -1;
}

/* Whatever the umask says, what is made here is for its owner alone. */
static int make_directory(struct world *world, const char *path, struct error *why)
{
	if (world->ops->file_exists(world, path))
		return 0;
	return world->ops->directories_make(world, path, 0700, why) ||
		       world->ops->file_mode(world, path, 0700, why)
		   ? -1
		   : 0;
}

static int make_directories(const struct database *database, struct error *err)
{
	owned_memory char *path = strdup(database->directory);
	struct error why = {0};
	if (!path)
		return fail_memory(err);
	for (char *slash = path + 1; *slash; slash++) {
		if (*slash != '/')
			continue;
		*slash = '\0';
		if (make_directory(database->world, path, &why))
			return fail_directory(database, &why, err);
		*slash = '/';
	}
	return make_directory(database->world, path, &why) ? fail_directory(database, &why, err) : 0;
}

/* Never opened here: closing a descriptor of ours would let go of SQLite's locks on the file. SQLite gives
 * its -wal and -shm files the mode of this one. */
static int make_file(const struct database *database, struct error *err)
{
	struct world *world = database->world;
	struct file_facts there;
	struct error why = {0};
	if (world->ops->file_create(world, database->path, 0600, &why) == 0)
		return 0;
	bool is_there = world->ops->file_follow(world, database->path, &there, NULL) == 0;
	if (is_there && there.kind == FILE_PLAIN && (there.mode & 077))
		world->ops->file_mode(world, database->path, 0600, NULL);
	if (is_there || why.code == ERR_CONFLICT)
		return 0;
	fail(err, why.code == ERR_DENIED ? ERR_DENIED : ERR_FAILED, "the store %s cannot be made: %s",
	     database->path, cause_of(&why));
	if (!strcmp(cause_of(&why), strerror(ENOSPC)) || !strcmp(cause_of(&why), strerror(EDQUOT)))
		remedy(err, "make room on the file system of %s", database->directory);
	else
		remedy(err, "make %s writable for you, or choose another folder with XDG_STATE_HOME",
		       database->directory);
	return -1;
}

static int connect_to(struct database *database, const char *name, int flags, struct error *err)
{
	struct world *world = database->world;
	struct file_facts there;
	int result =
	    sqlite3_open_v2(name, &database->connection, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
			    world->ops->database_vfs(world));
	if (!database->connection)
		return fail_memory(err);
	if (result != SQLITE_OK)
		return database_fail(database, err);
	if (world->ops->file_follow(world, database->path, &there, NULL) == 0) {
		database->device = there.device;
		database->inode = there.inode;
	}
	sqlite3_busy_timeout(database->connection, BUSY_MS);
	return 0;
}

/* The first column of a statement's first row. 0 or -1. */
static int ask_number(const struct database *database, const char *sql, int64_t *ret_number,
		      struct error *err)
{
	sqlite3_stmt *statement = NULL;
	int result = sqlite3_prepare_v2(database->connection, sql, -1, &statement, NULL);
	if (result == SQLITE_OK)
		result = sqlite3_step(statement);
	if (result == SQLITE_ROW)
		*ret_number = sqlite3_column_int64(statement, 0);
	else
		database_fail(database, err);
	sqlite3_finalize(statement);
	return result == SQLITE_ROW ? 0 : -1;
}

static int refuse_newer(const struct database *database, int64_t schema, struct error *err)
{
	sqlite3_stmt *statement = NULL;
	char writer[64] = "a newer version of berth";
	if (sqlite3_prepare_v2(database->connection, "SELECT value FROM about WHERE name = 'version'", -1,
			       &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_text(statement, 0))
		sqlite3_snprintf(sizeof writer, writer, "berth %s",
				 (const char *)sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
	fail(err, ERR_UNSUPPORTED,
	     "the store %s was written by %s (schema %lld); this berth %s understands up to %lld",
	     database->path, writer, (long long)schema, berth_version(), (long long)SCHEMA);
	remedy(err, "use %s or later, or another folder with XDG_STATE_HOME", writer);
	return -1;
}

/* What examine does, within a transaction. */
static int examine_inside(const struct database *database, int64_t *ret_schema, struct error *err)
{
	int64_t id = 0, schema = 0, tables = 0;
	if (ask_number(database, "PRAGMA application_id", &id, err) ||
	    ask_number(database, "PRAGMA user_version", &schema, err) ||
	    ask_number(database, "SELECT count(*) FROM sqlite_master", &tables, err))
		return -1;
	if (id != APPLICATION_ID && (id || schema || tables)) {
		fail(err, ERR_CONFLICT, "%s is another program's SQLite file, not a store of berth",
		     database->path);
		remedy(err, "move it to another folder");
		return -1;
	}
	if (schema > SCHEMA)
		return refuse_newer(database, schema, err);
	*ret_schema = schema;
	return 0;
}

static int run(const struct database *database, const char *sql, struct error *err)
{
	if (sqlite3_exec(database->connection, sql, NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	return database_fail(database, err);
}

/* Whose file it is and how old: *ret_schema is 0 for an empty one. All of it as it was at one time: another
 * process may be making the schema just now. */
static int examine(const struct database *database, int64_t *ret_schema, struct error *err)
{
	if (run(database, "BEGIN", err))
		return -1;
	if (examine_inside(database, ret_schema, err))
		return -1; /* the caller closes the connection, and may ask it first what went wrong */
	return run(database, "COMMIT", err);
}

static int stamp(const struct database *database, struct error *err)
{
	char *sql = sqlite3_mprintf("PRAGMA application_id = %d; PRAGMA user_version = %d;"
				    "INSERT OR REPLACE INTO about(name, value) VALUES('version', %Q);",
				    APPLICATION_ID, (int)SCHEMA, berth_version());
	if (!sql)
		return fail_memory(err);
	int result = run(database, sql, err);
	sqlite3_free(sql);
	return result;
}

/* Within one transaction: another process may be doing the same. */
static int migrate(const struct database *database, struct error *err)
{
	int64_t schema = 0;
	if (examine(database, &schema, err))
		return -1;
	if (schema == SCHEMA)
		return 0;
	if (run(database, "BEGIN IMMEDIATE", err))
		return -1;
	int result = examine_inside(database, &schema, err);
	for (int64_t i = schema; result == 0 && i < SCHEMA; i++)
		result = run(database, migrations[i], err);
	if (result == 0 && schema < SCHEMA)
		result = stamp(database, err);
	if (result == 0)
		result = run(database, "COMMIT", err);
	if (result)
		sqlite3_exec(database->connection, "ROLLBACK", NULL, NULL, NULL);
	return result;
}

/* A file that is not ours or too new is left exactly as it is: examined before its journal mode is touched.
 */
static int open_in_turn(struct database *database, struct error *err)
{
	int64_t schema;
	if (connect_to(database, database->path, SQLITE_OPEN_READWRITE, err) == 0 &&
	    examine(database, &schema, err) == 0 &&
	    run(database, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL", err) == 0 &&
	    run(database, "PRAGMA cache_size = -256", err) ==
		0 && /* KiB: records are small, and written once */
	    migrate(database, err) == 0)
		return 0;
	database_close(database);
	return -1;
}

int database_open_to_write(struct database *database, struct error *err)
{
	if (database->connection && still_there(database))
		return 0;
	database_close(database);
	if (make_directories(database, err) || make_file(database, err))
		return -1;
	/* Two processes that open a new store at once take turns: SQLite's change to WAL does not wait for
	 * its busy handler. Without a lock it goes on all the same. */
	struct world *world = database->world;
	struct file_lock *turn = world->ops->directory_lock(world, database->directory, NULL);
	int result = open_in_turn(database, err);
	world->ops->unlock(world, turn);
	return result;
}

/* On failure *ret_beside tells whether it may be only that SQLite cannot make its files beside this one. */
static int open_and_examine(struct database *database, const char *name, int flags, int64_t *ret_schema,
			    bool *ret_beside, struct error *err)
{
	if (connect_to(database, name, SQLITE_OPEN_READONLY | flags, err) == 0 &&
	    examine(database, ret_schema, err) == 0)
		return 0;
	int kind = database->connection ? sqlite3_errcode(database->connection) & 0xff : SQLITE_NOMEM;
	*ret_beside = kind == SQLITE_CANTOPEN || kind == SQLITE_READONLY;
	database_close(database);
	return -1;
}

/* Where nothing can be written, SQLite cannot make its -shm file; without a -wal file the contents are whole,
 * though. */
static int open_frozen(struct database *database, int64_t *ret_schema, struct error *err)
{
	owned_text name = {0};
	bool beside;
	text_format(&name, "%s-wal", database->path);
	if (database->world->ops->file_exists(database->world, text_view(&name)))
		return -1;
	text_clear(&name);
	text_add(&name, "file:");
	for (const char *c = database->path; *c; c++) {
		if (strchr("%?#", *c))
			text_format(&name, "%%%02X", *c);
		else
			text_add_char(&name, *c);
	}
	text_add(&name, "?immutable=1");
	if (name.failed)
		return fail_memory(err);
	if (open_and_examine(database, text_view(&name), SQLITE_OPEN_URI, ret_schema, &beside, err))
		return -1;
	database->frozen = true;
	return 0;
}

/* An older berth made it: brought up to date once, by somebody who may write. */
static int bring_up_to_date(const struct database *database, struct error *err)
{
	struct database writer = {
	    .world = database->world, .directory = database->directory, .path = database->path};
	int result = database_open_to_write(&writer, err);
	database_close(&writer);
	return result;
}

int database_open_to_read(struct database *database, struct error *err)
{
	struct file_facts there;
	struct error why = {0};
	if (database->connection && still_there(database))
		return 0;
	database_close(database);
	if (database->world->ops->file_follow(database->world, database->path, &there, &why)) {
		if (why.code == ERR_MISSING)
			return 0;
		fail(err, why.code == ERR_DENIED ? ERR_DENIED : ERR_FAILED, "the store %s cannot be read: %s",
		     database->path, cause_of(&why));
		remedy(err, "make %s readable for you", database->directory);
		return -1;
	}
	int64_t schema = 0;
	bool beside = false;
	int result = open_and_examine(database, database->path, 0, &schema, &beside, err);
	if (result && beside)
		result = open_frozen(database, &schema, err);
	if (!schema || schema < SCHEMA)
		database_close(database);
	if (result == 0 && schema && schema < SCHEMA)
		return bring_up_to_date(database, err) ? -1 : database_open_to_read(database, err);
	return result;
}

int database_open_copy(struct database *database, struct error *err)
{
	int64_t schema = 0;
	bool beside = false;
	int result = open_and_examine(database, database->path, 0, &schema, &beside, err);
	if (result && beside)
		result = open_frozen(database, &schema, err);
	if (result)
		return -1;
	if (schema)
		return 0;
	database_close(database);
	return fail(err, ERR_CONFLICT, "%s is empty, and no store of berth", database->path);
}
