/* store_write.c - records become rows: what each kind of record does, and a list of them in one transaction.
 */
#include "base/cleanup.h"
#include "engine/store_file.h"

#define STRINGIFY(x) #x
#define TEXT_OF(x)   STRINGIFY(x)

/* The steps of each kind, in order. ?1 is the time, ?2 the revision, ?3 and on are the texts. */
static const struct {
	enum record_kind kind;
	const char *sql;
} steps[] = {
    {RECORD_APPLICATION,
     "INSERT OR REPLACE INTO application(name, file, directory, blueprint, settings, "
     "locations, facts, revision,"
     " deployed_ms, variables, pins) VALUES(?3, ?4, ?5, ?6, ?7, ?8, ?9, ?2, ?1, ?10, ?11)"},
    /* It is written twice for each deploy: the first one tells what was asked for. */
    {RECORD_APPLICATION,
     "INSERT OR IGNORE INTO revision(app, revision, deployed_ms, file, directory, blueprint,"
     " settings, variables, pins, by) VALUES(?3, ?2, ?1, ?4, ?5, ?6, ?7, ?10, ?11, ?12)"},
    {RECORD_APPLICATION, "DELETE FROM revision WHERE app = ?3 AND revision <= ?2 - " TEXT_OF(REVISIONS_KEPT)},
    {RECORD_DROP, "DELETE FROM application WHERE name = ?3"},
    {RECORD_DROP, "DELETE FROM instance WHERE app = ?3"},
    {RECORD_DROP, "DELETE FROM intent WHERE app = ?3"},
    {RECORD_DROP, "DELETE FROM memory WHERE app = ?3"},
    {RECORD_DROP, "DELETE FROM stopped WHERE app = ?3"},
    {RECORD_DROP, "DELETE FROM size WHERE app = ?3"},
    {RECORD_DROP, "DELETE FROM sized WHERE app = ?3"},
    {RECORD_DROP, "DELETE FROM machine WHERE app = ?3"},
    {RECORD_DROP, "DELETE FROM revision WHERE app = ?3"},
    /* How a change in place ended, and what somebody else changed, stays in doubt whatever is begun next: the
     * instance that it is about may be kept. */
    {RECORD_INTENT,
     "INSERT INTO intent(app, instance, location, what, digest, time_ms) "
     "VALUES(?3, ?4, ?5, ?6, ?7, ?1) ON CONFLICT(app, instance) DO UPDATE SET "
     "location = excluded.location, digest = excluded.digest, time_ms = excluded.time_ms, what = "
     "CASE WHEN 'update' IN (what, excluded.what) THEN 'update' WHEN 'hands' IN (what, excluded.what) THEN "
     "'hands' WHEN 'limits' IN (what, excluded.what) THEN 'limits' ELSE excluded.what END"},
    {RECORD_INSTANCE, "INSERT OR REPLACE INTO instance(app, name, target_id, ports, files, limits) "
		      "VALUES(?3, ?4, ?5, ?6, ?7, ?8)"},
    {RECORD_INSTANCE, "DELETE FROM intent WHERE app = ?3 AND instance = ?4"},
    {RECORD_INSTANCE, "DELETE FROM stopped WHERE app = ?3 AND instance = ?4"},
    {RECORD_GONE, "DELETE FROM instance WHERE app = ?3 AND name = ?4"},
    {RECORD_GONE, "DELETE FROM intent WHERE app = ?3 AND instance = ?4"},
    {RECORD_GONE, "DELETE FROM stopped WHERE app = ?3 AND instance = ?4"},
    {RECORD_GONE, "DELETE FROM machine WHERE app = ?3 AND name = ?4"},
    {RECORD_EVENT,
     "INSERT INTO event(app, serial, time_ms, component, instance, what, text, remedy) VALUES(?3,"
     " 1 + coalesce((SELECT max(serial) FROM event WHERE app = ?3), 0), ?1, ?4, ?5, ?6, ?7, ?8)"},
    /* Serials have no gaps but at the old end, so that this finds the surplus by the index alone. */
    {RECORD_EVENT, "DELETE FROM event WHERE app = ?3 AND"
		   " serial <= (SELECT max(serial) FROM event WHERE app = ?3) - ?2"},
    {RECORD_MEMORY, "INSERT OR REPLACE INTO memory(app, component, text) VALUES(?3, ?4, ?5)"},
    {RECORD_SIZE, "INSERT OR REPLACE INTO size(app, component, text) VALUES(?3, ?4, ?5)"},
    {RECORD_SIZED, "INSERT OR REPLACE INTO sized(app, component, text) VALUES(?3, ?4, ?5)"},
    {RECORD_MACHINE, "INSERT OR REPLACE INTO machine(app, name, text) VALUES(?3, ?4, ?5)"},
    {RECORD_STOPPED, "INSERT OR REPLACE INTO stopped(app, instance, by) VALUES(?3, ?4, ?5)"},
    {RECORD_REVISION_END, "UPDATE revision SET images = ?4, outcome = ?5 WHERE app = ?3 AND revision = ?2"},
    {RECORD_NOT_STOPPED, "DELETE FROM stopped WHERE app = ?3 AND instance = ?4"},
    {RECORD_LASTING,
     "INSERT OR IGNORE INTO lasting(name, app, text, time_ms, over) VALUES(?3, ?4, ?5, ?1, ?6)"},
    {RECORD_LASTING_BEGUN, "UPDATE lasting SET begun_ms = CASE begun_ms WHEN 0 THEN ?1 ELSE begun_ms END,"
			   " revision = max(revision, ?2) WHERE name = ?3"},
    /* The first reason counts. */
    {RECORD_LASTING_OVER,
     "UPDATE lasting SET over = ?5 WHERE (name = ?3 OR app = ?4) AND (over IS NULL OR over = 'once')"},
    {RECORD_LASTING_END, "DELETE FROM lasting WHERE name = ?3"},
};

enum { BEGIN = COUNT_OF(steps), COMMIT, ROLLBACK, WRITE_STATEMENTS };
_Static_assert(WRITE_STATEMENTS <= STATEMENT_ROOM, "room for every statement");

static int step(struct database *database, size_t place, const char *sql, const struct record *record)
{
	sqlite3_stmt *statement = database_statement(database, place, sql);
	if (!statement)
		return -1;
	int count = sqlite3_bind_parameter_count(statement);
	for (int i = 1; record && i <= count; i++) {
		int result = i == 1 ? sqlite3_bind_int64(statement, i, record->time_ms)
			     : i == 2
				 ? sqlite3_bind_int64(statement, i, record->revision)
				 : sqlite3_bind_text(statement, i, record->texts[i - 3], -1, SQLITE_STATIC);
		if (result != SQLITE_OK)
			return -1;
	}
	int result = sqlite3_step(statement);
	return result == SQLITE_DONE || result == SQLITE_ROW ? 0 : -1;
}

static int write_record(struct database *database, const struct record *record)
{
	for (size_t i = 0; i < COUNT_OF(steps); i++)
		if (steps[i].kind == record->kind && step(database, i, steps[i].sql, record))
			return -1;
	return 0;
}

/* The texts belong to records that go away. */
static void unbind(struct database *database)
{
	for (size_t i = 0; i < WRITE_STATEMENTS; i++)
		if (database->statements[i]) {
			sqlite3_reset(database->statements[i]);
			sqlite3_clear_bindings(database->statements[i]);
		}
}

int records_commit(struct database *database, const struct record *first, struct error *err)
{
	if (database_open_to_write(database, err))
		return -1;
	int result = step(database, BEGIN, "BEGIN IMMEDIATE", NULL);
	for (const struct record *record = first; record && result == 0; record = record->next)
		result = write_record(database, record);
	if (result == 0)
		result = step(database, COMMIT, "COMMIT", NULL);
	if (result == 0) {
		unbind(database);
		return 0;
	}
	database_fail(database, err);
	step(database, ROLLBACK, "ROLLBACK", NULL);
	database_close(database); /* the next ones begin afresh: by then somebody may have put it right */
	return -1;
}
