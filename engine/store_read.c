/* store_read.c - what the store remembers, read at once on the loop's thread. */
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "engine/store_file.h"
#include "engine/store_state.h"

enum {
	READ_APPLICATION,
	READ_APPLICATIONS,
	READ_INSTANCE,
	READ_INSTANCES,
	READ_EVENTS,
	READ_ALL_EVENTS,
	READ_LAST_EVENT,
	READ_VERSION,
	READ_MEMORIES,
	READ_SIZES,
	READ_SIZED,
	READ_MACHINES,
	READ_STOPPED,
	READ_REVISION,
	READ_REVISIONS,
	READ_LASTING,
	READ_RAN_SINCE
};

static const char *const queries[] = {
    [READ_APPLICATION] = "SELECT file, directory, blueprint, settings, locations, facts, revision, "
			 "deployed_ms, variables, pins"
			 " FROM application WHERE name = ?1",
    [READ_APPLICATIONS] = "SELECT name FROM application ORDER BY name",
    [READ_INSTANCE] =
	"SELECT target_id, ports, files, limits, EXISTS(SELECT 1 FROM intent WHERE app = ?1 AND "
	"instance = ?2 AND what = 'update') FROM instance WHERE app = ?1 AND name = ?2",
    /* The order is that of the table's key. */
    [READ_INSTANCES] =
	"SELECT name, target_id, ports, files, limits, (SELECT what FROM intent WHERE intent.app = ?1 AND "
	"intent.instance = instance.name) FROM instance WHERE app = ?1 ORDER BY name",
    /* The newest ones, told in their order. */
    [READ_EVENTS] =
	"SELECT * FROM (SELECT id, time_ms, app, component, instance, what, text, remedy FROM event"
	" WHERE app = ?1 AND id > ?3 AND time_ms >= ?4 ORDER BY serial DESC LIMIT ?2) ORDER BY id",
    [READ_ALL_EVENTS] =
	"SELECT * FROM (SELECT id, time_ms, app, component, instance, what, text, remedy FROM event"
	" WHERE id > ?3 AND time_ms >= ?4 ORDER BY id DESC LIMIT ?2) ORDER BY id",
    [READ_LAST_EVENT] = "SELECT coalesce(max(id), 0) FROM event",
    [READ_VERSION] = "PRAGMA data_version",
    [READ_MEMORIES] = "SELECT component, text FROM memory WHERE app = ?1",
    [READ_SIZES] = "SELECT component, text FROM size WHERE app = ?1",
    [READ_SIZED] = "SELECT component, text FROM sized WHERE app = ?1",
    [READ_MACHINES] = "SELECT name, text FROM machine WHERE app = ?1",
    [READ_STOPPED] = "SELECT instance, by FROM stopped WHERE app = ?1",
    /* The images that ran then, and where none is known those it was pinned to. */
    [READ_REVISION] =
	"SELECT file, directory, blueprint, settings, NULL, NULL, revision, deployed_ms, variables,"
	" coalesce(images, pins) FROM revision WHERE app = ?1 AND (revision = ?2 OR ?2 = 0 AND revision <"
	" (SELECT revision FROM application WHERE name = ?1)) ORDER BY outcome = 0 DESC, revision DESC LIMIT "
	"1",
    [READ_REVISIONS] = "SELECT revision, deployed_ms, file, by, outcome, images, revision ="
		       " (SELECT revision FROM application WHERE name = ?1) FROM revision WHERE app = ?1"
		       " ORDER BY revision DESC",
    [READ_LASTING] = "SELECT name, app, text, over, time_ms, begun_ms, revision FROM lasting"
		     " WHERE (?1 IS NULL OR name = ?1) AND (?2 IS NULL OR app = ?2) ORDER BY id",
    [READ_RAN_SINCE] = "SELECT DISTINCT instance, 'true' FROM event"
		       " WHERE app = ?1 AND what = 'running' AND time_ms >= ?2 AND instance IS NOT NULL",
};

void store_give_back(struct store *store)
{
	if (store && store->reading.connection)
		sqlite3_db_release_memory(store->reading.connection);
}

/* *ret is NULL when there is no store yet. */
static int query(struct store *store, int which, sqlite3_stmt **ret, struct error *err)
{
	struct database *reading = &store->reading;
	if (database_open_to_read(reading, err))
		return -1;
	*ret = NULL;
	if (!reading->connection)
		return 0;
	sqlite3_stmt *statement = database_statement(reading, (size_t)which, queries[which]);
	if (!statement) {
		database_fail(reading, err);
		database_close(reading);
		return -1;
	}
	*ret = statement;
	return 0;
}

/* After a failure the file is opened afresh next time. */
static int end_query(struct store *store, sqlite3_stmt *statement, int result, struct error *err)
{
	int status = result == SQLITE_ROW || result == SQLITE_DONE ? 0 : database_fail(&store->reading, err);
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	if (status)
		database_close(&store->reading);
	return status;
}

static const char *column_text(sqlite3_stmt *statement, int column)
{
	return (const char *)sqlite3_column_text(statement, column);
}

/* A copy in *ret; absent stays NULL. 0 or -1. */
static int copy_column(sqlite3_stmt *statement, int column, char **ret, struct error *err)
{
	const char *text = column_text(statement, column);
	if (text && !(*ret = strdup(text)))
		return fail_memory(err);
	return 0;
}

static int not_ours(struct error *err)
{
	remedy(
	    err,
	    "somebody changed the store's contents: move the file to another folder; only history is lost");
	return -1;
}

static int parse_column(struct store *store, sqlite3_stmt *statement, int column, json_t **ret,
			struct error *err)
{
	const char *text = column_text(statement, column);
	if (!text || (*ret = json_parse(text, strlen(text), store->reading.path, err)))
		return 0;
	return not_ours(err);
}

static int read_facts(struct store *store, sqlite3_stmt *row, struct known_facts *ret, struct error *err)
{
	const char *text = column_text(row, 5);
	return text && known_facts_read(text, store->reading.path, ret, err) ? not_ours(err) : 0;
}

static int fill_application(struct store *store, sqlite3_stmt *row, struct stored_application *found,
			    struct error *err)
{
	if (copy_column(row, 0, &found->file, err) || copy_column(row, 1, &found->directory, err) ||
	    copy_column(row, 2, &found->blueprint, err) ||
	    parse_column(store, row, 3, &found->settings, err) ||
	    parse_column(store, row, 4, &found->locations, err) ||
	    read_facts(store, row, &found->facts, err) ||
	    parse_column(store, row, 8, &found->variables, err) ||
	    parse_column(store, row, 9, &found->pins, err))
		return -1;
	found->revision = sqlite3_column_int64(row, 6);
	found->deployed_ms = sqlite3_column_int64(row, 7);
	return 0;
}

static int read_application(struct store *store, int which, const char *name, int64_t number,
			    struct stored_application **ret, struct error *err)
{
	sqlite3_stmt *statement;
	if (query(store, which, &statement, err))
		return -1;
	struct stored_application *found = NULL;
	int status = 0, result = SQLITE_DONE;
	if (statement) {
		sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
		if (which == READ_REVISION)
			sqlite3_bind_int64(statement, 2, number);
		result = sqlite3_step(statement);
	}
	if (result == SQLITE_ROW) {
		found = calloc(1, sizeof *found);
		if (!found || !(found->name = strdup(name)))
			status = fail_memory(err);
		else
			status = fill_application(store, statement, found, err);
	}
	if (statement && end_query(store, statement, result, status ? NULL : err))
		status = -1;
	if (status) {
		stored_application_free(found);
		return -1;
	}
	*ret = found;
	return 0;
}

int store_application(struct store *store, const char *name, struct stored_application **ret,
		      struct error *err)
{
	return read_application(store, READ_APPLICATION, name, 0, ret, err);
}

int store_revision(struct store *store, const char *app, int64_t number, struct stored_application **ret,
		   struct error *err)
{
	return read_application(store, READ_REVISION, app, number, ret, err);
}

/* Adds each row of a query to what `owner` is, and ends the query. 0 or -1 with *err. */
static int each_row(struct store *store, sqlite3_stmt *statement,
		    int (*add)(struct store *store, sqlite3_stmt *row, void *owner, struct error *err),
		    void *owner, struct error *err)
{
	int result = SQLITE_DONE, status = 0;
	while (statement && status == 0 && (result = sqlite3_step(statement)) == SQLITE_ROW)
		status = add(store, statement, owner, err);
	if (statement && end_query(store, statement, result, status ? NULL : err))
		status = -1;
	return status;
}

static int add_name(struct store *store, sqlite3_stmt *row, void *names, struct error *err)
{
	(void)store;
	return json_add(names, json_string(column_text(row, 0))) ? fail_memory(err) : 0;
}

int store_applications(struct store *store, json_t **ret_names, struct error *err)
{
	sqlite3_stmt *statement;
	owned_json names = json_array();
	if (!names)
		return fail_memory(err);
	if (query(store, READ_APPLICATIONS, &statement, err))
		return -1;
	if (each_row(store, statement, add_name, names, err))
		return -1;
	*ret_names = give(names);
	return 0;
}

/* By what was begun last, or befell it. */
static enum doubt doubt_of(const char *intent)
{
	static const char *const words[] = {
	    [DOUBT_LIMITS] = "limits", [DOUBT_HANDS] = "hands", [DOUBT_BEGUN] = "update"};
	for (int doubt = DOUBT_LIMITS; intent && doubt <= DOUBT_BEGUN; doubt++)
		if (strcmp(intent, words[doubt]) == 0)
			return (enum doubt)doubt;
	return NO_DOUBT;
}

int store_instance(struct store *store, const char *app, const char *name, struct stored_instance *ret,
		   struct error *err)
{
	sqlite3_stmt *statement;
	if (query(store, READ_INSTANCE, &statement, err))
		return -1;
	struct stored_instance found = {0};
	int status = 0, result = SQLITE_DONE;
	if (statement) {
		sqlite3_bind_text(statement, 1, app, -1, SQLITE_STATIC);
		sqlite3_bind_text(statement, 2, name, -1, SQLITE_STATIC);
		result = sqlite3_step(statement);
	}
	if (result == SQLITE_ROW)
		status = copy_column(statement, 0, &found.target_id, err) ||
				 parse_column(store, statement, 1, &found.ports, err) ||
				 copy_column(statement, 2, &found.files, err) ||
				 copy_column(statement, 3, &found.limits, err)
			     ? -1
			     : 0;
	if (result == SQLITE_ROW)
		found.doubt = doubt_of(column_text(statement, 4));
	if (statement && end_query(store, statement, result, status ? NULL : err))
		status = -1;
	if (status) {
		stored_instance_release(&found);
		return -1;
	}
	*ret = found;
	return 0;
}

static int add_pair(struct store *store, sqlite3_stmt *row, void *pairs, struct error *err)
{
	(void)store;
	return json_put(pairs, column_text(row, 0), json_string(column_text(row, 1))) ? fail_memory(err) : 0;
}

/* {first column: second column} of an application. */
static int read_pairs(struct store *store, int which, const char *app, json_t **ret, struct error *err)
{
	sqlite3_stmt *statement;
	owned_json pairs = json_object();
	if (!pairs)
		return fail_memory(err);
	if (query(store, which, &statement, err))
		return -1;
	if (statement)
		sqlite3_bind_text(statement, 1, app, -1, SQLITE_STATIC);
	if (each_row(store, statement, add_pair, pairs, err))
		return -1;
	*ret = give(pairs);
	return 0;
}

int store_memories(struct store *store, const char *app, json_t **ret, struct error *err)
{
	return read_pairs(store, READ_MEMORIES, app, ret, err);
}

int store_sizes(struct store *store, const char *app, json_t **ret, struct error *err)
{
	return read_pairs(store, READ_SIZES, app, ret, err);
}

int store_sized(struct store *store, const char *app, json_t **ret, struct error *err)
{
	return read_pairs(store, READ_SIZED, app, ret, err);
}

int store_machines(struct store *store, const char *app, json_t **ret, struct error *err)
{
	return read_pairs(store, READ_MACHINES, app, ret, err);
}

int store_stopped(struct store *store, const char *app, json_t **ret, struct error *err)
{
	return read_pairs(store, READ_STOPPED, app, ret, err);
}

static const char *keep_column(sqlite3_stmt *row, int column, struct arena *arena, bool *failed)
{
	const char *text = column_text(row, column);
	const char *copy = text ? arena_text(arena, text) : NULL;
	*failed |= text && !copy;
	return copy;
}

/* Most instances are limited alike: where the one before says the same, its text serves for both. */
static const char *keep_limits(sqlite3_stmt *row, struct known_instances *known, bool *failed)
{
	const char *before = known->count ? known->items[known->count - 1].limits : NULL;
	const char *text = column_text(row, 4);
	return before && text && strcmp(before, text) == 0 ? before
							   : keep_column(row, 4, &known->arena, failed);
}

static int add_known(struct known_instances *known, sqlite3_stmt *row)
{
	if (known->count == known->room) {
		size_t room = known->room ? 2 * known->room : 4;
		struct known_instance *wider = reallocarray(known->items, room, sizeof *wider);
		if (!wider)
			return -1;
		known->items = wider;
		known->room = room;
	}
	bool failed = false;
	const char *limits = keep_limits(row, known, &failed);
	known->items[known->count++] =
	    (struct known_instance){.name = keep_column(row, 0, &known->arena, &failed),
				    .target_id = keep_column(row, 1, &known->arena, &failed),
				    .ports = keep_column(row, 2, &known->arena, &failed),
				    .files = keep_column(row, 3, &known->arena, &failed),
				    .limits = limits,
				    .doubt = doubt_of(column_text(row, 5))};
	return failed ? -1 : 0;
}

int store_instances(struct store *store, const char *app, struct known_instances *ret, struct error *err)
{
	sqlite3_stmt *statement;
	struct known_instances known = {0};
	if (query(store, READ_INSTANCES, &statement, err))
		return -1;
	if (statement)
		sqlite3_bind_text(statement, 1, app, -1, SQLITE_STATIC);
	int result = SQLITE_DONE, status = 0;
	while (statement && status == 0 && (result = sqlite3_step(statement)) == SQLITE_ROW)
		if (add_known(&known, statement))
			status = fail_memory(err);
	if (statement && end_query(store, statement, result, status ? NULL : err))
		status = -1;
	if (status)
		known_release(&known);
	*ret = known;
	return status;
}

static int by_name(const void *name, const void *item)
{
	return strcmp(name, ((const struct known_instance *)item)->name);
}

const struct known_instance *known_find(const struct known_instances *known, const char *name)
{
	return known->count ? bsearch(name, known->items, known->count, sizeof *known->items, by_name) : NULL;
}

void known_release(struct known_instances *known)
{
	arena_release(&known->arena);
	free(known->items);
	*known = (struct known_instances){0};
}

/* Recorded words may hold anything a target said: what is no UTF-8 becomes the sign for it. */
static json_t *any_text(const char *words)
{
	if (!words)
		return json_null();
	json_t *whole = json_string(words);
	if (whole)
		return whole;
	owned_text fit = {0};
	for (const char *at = words; *at;) {
		size_t length = 1;
		json_t *character = NULL;
		while (length <= 4 && at[length - 1] && !(character = json_stringn(at, length)))
			length++;
		if (character)
			text_add_bytes(&fit, at, length);
		else
			text_add(&fit, "\xef\xbf\xbd");
		at += character ? length : 1;
		json_decref(character);
	}
	return json_string(text_view(&fit));
}

json_t *json_moment(int64_t wall_ms)
{
	struct tm parts;
	char text[64];
	time_t seconds = (time_t)(wall_ms / 1000);
	if (!gmtime_r(&seconds, &parts))
		return json_null();
	size_t length = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
	snprintf(text + length, sizeof text - length, ".%03dZ", (int)(wall_ms % 1000));
	return json_string(text);
}

static json_t *event_row(sqlite3_stmt *row)
{
	json_t *event = json_object();
	if (!event)
		return NULL;
	if (json_put_number(event, "number", sqlite3_column_int64(row, 0)) ||
	    json_put(event, "time", json_moment(sqlite3_column_int64(row, 1))) ||
	    json_put(event, "app", any_text(column_text(row, 2))) ||
	    json_put(event, "component", any_text(column_text(row, 3))) ||
	    json_put(event, "instance", any_text(column_text(row, 4))) ||
	    json_put(event, "what", any_text(column_text(row, 5))) ||
	    json_put(event, "text", any_text(column_text(row, 6))) ||
	    (column_text(row, 7) && json_put_text(event, "remedy", column_text(row, 7)))) {
		json_decref(event);
		return NULL;
	}
	return event;
}

/* The only number of a query's only row; 0 when there is no store yet. */
static int read_number(struct store *store, int which, int64_t *ret, struct error *err)
{
	sqlite3_stmt *statement;
	*ret = 0;
	if (query(store, which, &statement, err))
		return -1;
	if (!statement)
		return 0;
	int result = sqlite3_step(statement);
	if (result == SQLITE_ROW)
		*ret = sqlite3_column_int64(statement, 0);
	return end_query(store, statement, result, err);
}

int store_events_of(struct store *store, const struct event_query *wanted, json_t **ret_events,
		    int64_t *ret_last, struct error *err)
{
	sqlite3_stmt *statement;
	owned_json events = json_array();
	if (!events)
		return fail_memory(err);
	/* First: what is recorded between the two counts as not looked at. */
	if (ret_last && read_number(store, READ_LAST_EVENT, ret_last, err))
		return -1;
	if (query(store, wanted->app ? READ_EVENTS : READ_ALL_EVENTS, &statement, err))
		return -1;
	if (statement) {
		if (wanted->app)
			sqlite3_bind_text(statement, 1, wanted->app, -1, SQLITE_STATIC);
		sqlite3_bind_int64(statement, 2, wanted->limit > 0 ? wanted->limit : -1);
		/* Another store than before has numbers of its own. */
		sqlite3_bind_int64(statement, 3, ret_last && *ret_last < wanted->after ? 0 : wanted->after);
		sqlite3_bind_int64(statement, 4, wanted->since_ms);
	}
	int result = SQLITE_DONE, status = 0;
	while (statement && status == 0 && (result = sqlite3_step(statement)) == SQLITE_ROW) {
		if (ret_last && sqlite3_column_int64(statement, 0) > *ret_last)
			*ret_last = sqlite3_column_int64(statement, 0);
		if (json_add(events, event_row(statement)))
			status = fail_memory(err);
	}
	if (statement && end_query(store, statement, result, status ? NULL : err))
		status = -1;
	if (status)
		return -1;
	*ret_events = give(events);
	return 0;
}

static json_t *revision_row(struct store *store, sqlite3_stmt *row, struct error *err)
{
	owned_json images = NULL;
	json_t *revision = json_object();
	bool ended = sqlite3_column_type(row, 4) != SQLITE_NULL;
	if (parse_column(store, row, 5, &images, err) == 0 && revision &&
	    json_put_number(revision, "revision", sqlite3_column_int64(row, 0)) == 0 &&
	    json_put(revision, "time", json_moment(sqlite3_column_int64(row, 1))) == 0 &&
	    json_put(revision, "file", any_text(column_text(row, 2))) == 0 &&
	    json_put(revision, "by", any_text(column_text(row, 3))) == 0 &&
	    json_put(revision, "outcome", ended ? json_integer(sqlite3_column_int64(row, 4)) : json_null()) ==
		0 &&
	    json_put(revision, "images", images ? give(images) : json_object()) == 0 &&
	    json_put(revision, "current", json_boolean(sqlite3_column_int(row, 6))) == 0)
		return revision;
	json_decref(revision);
	if (!err->code)
		fail_memory(err);
	return NULL;
}

static int add_revision(struct store *store, sqlite3_stmt *row, void *revisions, struct error *err)
{
	return json_add(revisions, revision_row(store, row, err));
}

int store_revisions(struct store *store, const char *app, json_t **ret, struct error *err)
{
	sqlite3_stmt *statement;
	owned_json revisions = json_array();
	if (!revisions)
		return fail_memory(err);
	if (query(store, READ_REVISIONS, &statement, err))
		return -1;
	if (statement)
		sqlite3_bind_text(statement, 1, app, -1, SQLITE_STATIC);
	if (each_row(store, statement, add_revision, revisions, err))
		return -1;
	*ret = give(revisions);
	return 0;
}

struct lasting_reader {
	int (*found)(void *owner, const struct stored_lasting *lasting);
	void *owner;
};

static int tell_lasting(struct store *store, sqlite3_stmt *row, void *of, struct error *err)
{
	const struct lasting_reader *reader = of;
	const struct stored_lasting lasting = {
	    .name = column_text(row, 0),
	    .app = column_text(row, 1),
	    .text = column_text(row, 2),
	    .over = column_text(row, 3),
	    .time_ms = sqlite3_column_int64(row, 4),
	    .begun_ms = sqlite3_column_int64(row, 5),
	    .revision = sqlite3_column_int64(row, 6),
	};
	(void)store;
	if (!lasting.name || !lasting.app || !lasting.text || reader->found(reader->owner, &lasting))
		return fail_memory(err);
	return 0;
}

int store_lasting(struct store *store, const char *name, const char *app,
		  int (*found)(void *owner, const struct stored_lasting *lasting), void *owner,
		  struct error *err)
{
	struct lasting_reader reader = {found, owner};
	sqlite3_stmt *statement;
	if (query(store, READ_LASTING, &statement, err))
		return -1;
	if (statement) {
		sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
		sqlite3_bind_text(statement, 2, app, -1, SQLITE_STATIC);
	}
	return each_row(store, statement, tell_lasting, &reader, err);
}

int store_ran_since(struct store *store, const char *app, int64_t since_ms, json_t **ret, struct error *err)
{
	sqlite3_stmt *statement;
	owned_json names = json_object();
	if (!names)
		return fail_memory(err);
	if (query(store, READ_RAN_SINCE, &statement, err))
		return -1;
	if (statement) {
		sqlite3_bind_text(statement, 1, app, -1, SQLITE_STATIC);
		sqlite3_bind_int64(statement, 2, since_ms);
	}
	if (each_row(store, statement, add_pair, names, err))
		return -1;
	*ret = give(names);
	return 0;
}

int store_events(struct store *store, const char *app, int64_t limit, json_t **ret_events, struct error *err)
{
	return store_events_of(store, &(struct event_query){.app = app, .limit = limit}, ret_events, NULL,
			       err);
}

uint64_t store_version(struct store *store)
{
	int64_t version = 0;
	struct database *reading = &store->reading;
	if (database_open_to_read(reading, NULL) == 0 && !reading->connection)
		return 0;
	/* What cannot be asked for its version may have changed: who reads it hears what is wrong. */
	if (!reading->connection || reading->frozen || read_number(store, READ_VERSION, &version, NULL))
		return ++store->unversioned | UINT64_C(1) << 63;
	return (uint64_t)reading->inode << 32 ^ (uint64_t)version;
}

void stored_application_free(struct stored_application *application)
{
	if (!application)
		return;
	free(application->name);
	free(application->file);
	free(application->directory);
	free(application->blueprint);
	json_decref(application->settings);
	json_decref(application->locations);
	known_facts_release(&application->facts);
	json_decref(application->variables);
	json_decref(application->pins);
	free(application->by);
	free(application);
}

void stored_instance_release(struct stored_instance *instance)
{
	free(instance->target_id);
	free(instance->files);
	free(instance->limits);
	json_decref(instance->ports);
	*instance = (struct stored_instance){0};
}
