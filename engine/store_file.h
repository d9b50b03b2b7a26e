/* store_file.h - the store's database file: one connection, its statements, and the records written through
 * it. */
#ifndef BERTH_ENGINE_STORE_FILE_H
#define BERTH_ENGINE_STORE_FILE_H

#include <sqlite3.h>

#include "engine/store.h"

#define STATEMENT_ROOM 40
#define EVENTS_KEPT    10000 /* of each application */
#define REVISIONS_KEPT 100   /* likewise */

/* One connection, used by one thread at a time. Zeroed but for `world`, `directory` and `path`: not open. */
struct database {
	struct world *world;
	const char *directory, *path;
	sqlite3 *connection;
	uint64_t device, inode; /* which file is open, to notice when it was moved away */
	bool frozen;            /* read as a file that nobody changes: only for the next query */
	sqlite3_stmt *statements[STATEMENT_ROOM];
};

/* Open for writing: directory, file and schema are made when they are not there. Nothing to do when it is
 * open already. 0 or -1. */
int database_open_to_write(struct database *database, struct error *err);
/* Open for reading. 0, also when there is no file or nothing in it yet: `connection` is NULL then. */
int database_open_to_read(struct database *database, struct error *err);
/* A file that is to stay as it is, whatever its age: somebody's copy of a store. -1 also when it is empty. */
int database_open_copy(struct database *database, struct error *err);
void database_close(struct database *database);
/* Fill *err with what SQLite says about the last call and what to do about it. -1. */
int database_fail(const struct database *database, struct error *err);
/* The statement in that place, made when first needed, reset and unbound; NULL when it cannot be made. */
sqlite3_stmt *database_statement(struct database *database, size_t place, const char *sql);

enum record_kind {
	RECORD_APPLICATION,
	RECORD_DROP,
	RECORD_INTENT,
	RECORD_INSTANCE,
	RECORD_GONE,
	RECORD_EVENT,
	RECORD_MEMORY,
	RECORD_SIZE,
	RECORD_SIZED,
	RECORD_MACHINE,
	RECORD_STOPPED,
	RECORD_NOT_STOPPED,
	RECORD_REVISION_END,
	RECORD_LASTING,
	RECORD_LASTING_BEGUN,
	RECORD_LASTING_OVER,
	RECORD_LASTING_END,
};

#define RECORD_TEXTS 10

/* Something to be written; it and its texts lie with the others of its transaction. What the numbers and
 * texts mean depends on the kind: see store_write.c. */
struct record {
	enum record_kind kind;
	uint64_t number;
	int64_t time_ms, revision;
	bool later; /* nobody waits for it: it may become durable with what is put after it */
	const char *texts[RECORD_TEXTS];
	struct record *next;
};

/* Write a list of records as one transaction. 0, or -1 with nothing of it written. */
int records_commit(struct database *database, const struct record *first, struct error *err);

#endif
