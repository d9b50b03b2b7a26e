/* fuzz_store.c - a store whose rows somebody else wrote: sixteen values for its columns, a line of two
 * percent signs between one and the next, and what the verbs make of them. */
#include <sqlite3.h>
#include <stdlib.h>

#include "tests/fuzz/pieces.h"
#include "tests/fuzz/stage.h"

#define COLUMNS 16

/* A store of ours, with next to nothing in it. */
static void make_store(const struct playhouse *stage)
{
	struct store *store = store_new(stage->world, stage->state);

	HOLDS(store && store_put_event(store, "other", NULL, NULL, "made", NULL));
	store_free(store); /* not before it is written */
}

static void write_rows(const struct playhouse *stage, const struct piece *values)
{
	static const char *const inserts[] = {
	    "INSERT INTO application(name, file, directory, blueprint, settings, locations, facts, revision, "
	    "deployed_ms, "
	    "variables) VALUES('app', ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	    "INSERT INTO application(name, blueprint, revision, deployed_ms) VALUES(?14, ?3, ?7, ?8)",
	    "INSERT INTO instance(app, name, target_id, ports, files) VALUES('app', 'app.web.1', ?10, ?11, "
	    "?12)",
	    "INSERT INTO intent(app, instance, location, what, digest, time_ms) VALUES('app', ?13, ?14, ?15, "
	    "?16, ?8)",
	    "INSERT INTO event(app, serial, time_ms, component, instance, what, text) VALUES('app', 5, ?8, "
	    "?13, ?14, ?15, "
	    "?16)",
	};
	sqlite3 *connection = NULL;

	HOLDS(sqlite3_open(stage->store, &connection) == SQLITE_OK);
	sqlite3_exec(connection, "PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 0", NULL, NULL, NULL);
	for (size_t i = 0; i < sizeof inserts / sizeof *inserts; i++) {
		sqlite3_stmt *statement = NULL;
		HOLDS(sqlite3_prepare_v2(connection, inserts[i], -1, &statement, NULL) == SQLITE_OK);
		for (int column = 0; column < sqlite3_bind_parameter_count(statement) && column < COLUMNS;
		     column++)
			sqlite3_bind_text(statement, column + 1, values[column].text,
					  (int)values[column].size, SQLITE_STATIC);
		sqlite3_step(statement); /* what its own constraints refuse is not there */
		sqlite3_finalize(statement);
	}
	sqlite3_close(connection);
}

static void try(struct playhouse *stage, verb_function *verb, const char *app)
{
	const struct berth_request request = {.size = sizeof request, .app = app};
	struct told told = stage_run(stage, verb, &request);

	HOLDS(told.begun && told.ended);
	HOLDS(told.outcome == BERTH_OK || *told.message);
	free(told.result);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const char blueprint[] = "id: app\nlocation: fake\nservices:\n- {type: docker:x, id: web}\n";
	const struct berth_request request = {
	    .size = sizeof request, .blueprint = blueprint, .file = "/b.yaml"};
	struct pieces pieces = pieces_of(bytes, size);
	struct piece values[COLUMNS];
	struct playhouse stage;

	for (size_t i = 0; i < COLUMNS; i++)
		values[i] = pieces_next(&pieces);
	stage_open(&stage);
	make_store(&stage);
	write_rows(&stage, values);
	try(&stage, berth_status, "app");
	try(&stage, berth_status, NULL);
	try(&stage, berth_events, "app");
	try(&stage, berth_why, "app");
	try(&stage, berth_start, "app");
	struct told told = stage_run(&stage, berth_plan, &request);
	HOLDS(told.begun && told.ended);
	free(told.result);
	try(&stage, berth_destroy, "app");
	stage_close(&stage);
	pieces_release(&pieces);
	return 0;
}
