/* store.c - records wait in a queue, are committed together on the world's worker, and are awaited by number.
 */
#include "engine/store.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/store_state.h"

enum batch_state { BATCH_WAITING, BATCH_RUNNING, BATCH_ENDED };

/* Records that are committed as one transaction. Kept after a failure, to tell what became of its numbers. */
struct batch {
	struct store *store;
	uintptr_t key;
	enum batch_state state;
	struct job *job;
	struct record *records, **end; /* `end`: where the next one goes */
	uint64_t first, last;
	struct error error;
	struct batch *next; /* of the failures */
	struct batch *next_flying;
};

struct store_listener {
	void (*committed)(void *owner);
	void *owner;
	struct store_listener *next;
};

/* The batches that workers were given. A worker looks its batch up by key, so that one which is about to
 * begin while the store is being freed finds nothing rather than freed memory: cancelling a job does not say
 * whether it had begun. */
static struct {
	pthread_mutex_t mutex;
	pthread_cond_t ended;
	struct batch *first;
	uintptr_t last_key;
} desk = {.mutex = PTHREAD_MUTEX_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER};

static void desk_put(struct batch *batch)
{
	pthread_mutex_lock(&desk.mutex);
	batch->key = ++desk.last_key;
	batch->next_flying = desk.first;
	desk.first = batch;
	pthread_mutex_unlock(&desk.mutex);
}

/* Take it back: waits when it is running. Tells whether it has run. */
static bool desk_take(struct batch *batch)
{
	pthread_mutex_lock(&desk.mutex);
	while (batch->state == BATCH_RUNNING)
		pthread_cond_wait(&desk.ended, &desk.mutex);
	struct batch **at = &desk.first;
	while (*at && *at != batch)
		at = &(*at)->next_flying;
	if (*at)
		*at = batch->next_flying;
	bool ran = batch->state == BATCH_ENDED;
	pthread_mutex_unlock(&desk.mutex);
	return ran;
}

static struct batch *desk_begin(uintptr_t key)
{
	pthread_mutex_lock(&desk.mutex);
	struct batch *batch = desk.first;
	while (batch && batch->key != key)
		batch = batch->next_flying;
	if (batch)
		batch->state = BATCH_RUNNING;
	pthread_mutex_unlock(&desk.mutex);
	return batch;
}

static void desk_end(struct batch *batch)
{
	pthread_mutex_lock(&desk.mutex);
	batch->state = BATCH_ENDED;
	pthread_cond_broadcast(&desk.ended);
	pthread_mutex_unlock(&desk.mutex);
}

static void free_record(struct record *record)
{
	for (size_t i = 0; i < RECORD_TEXTS; i++)
		free(record->texts[i]);
	free(record);
}

static void free_records(struct record *record)
{
	while (record) {
		struct record *next = record->next;
		free_record(record);
		record = next;
	}
}

/* On the worker. */
static void run_batch(void *owner)
{
	struct batch *batch = desk_begin((uintptr_t)owner);
	if (!batch)
		return;
	records_commit(&batch->store->writing, batch->records, &batch->error);
	desk_end(batch);
}

/* The batch's fate is known: its memory goes, or becomes the memory of the failure. */
static void settle(struct store *store, struct batch *batch)
{
	store->decided = batch->last;
	free_records(give(batch->records));
	if (batch->error.code == OK) {
		free(batch);
		return;
	}
	struct batch *newest = store->failures;
	if (newest && newest->last + 1 == batch->first) {
		newest->last = batch->last;
		newest->error = batch->error;
		free(batch);
		return;
	}
	batch->next = newest;
	store->failures = batch;
}

/* A listener may take itself, or another, off the list. */
static void tell(struct store *store)
{
	struct store_listener *listener = store->listeners;
	while (listener) {
		store->next_told = listener->next;
		listener->committed(listener->owner);
		listener = store->next_told;
	}
}

static void batch_done(void *owner);

/* Hand what waits to the worker. 0, or -1 (no memory) with everything still waiting. */
static int send_off(struct store *store)
{
	struct batch *batch = store->waiting;
	desk_put(batch);
	batch->job = store->world->ops->work(store->world, run_batch, batch_done, (void *)batch->key);
	if (!batch->job) {
		desk_take(batch);
		return -1;
	}
	store->flying = give(store->waiting);
	return 0;
}

/* On the loop: which store it was is found by the batch's key. */
static void batch_done(void *owner)
{
	pthread_mutex_lock(&desk.mutex);
	struct batch *batch = desk.first;
	while (batch && batch->key != (uintptr_t)owner)
		batch = batch->next_flying;
	pthread_mutex_unlock(&desk.mutex);
	if (!batch)
		return;
	struct store *store = batch->store;
	desk_take(batch);
	store->flying = NULL;
	settle(store, batch);
	if (store->waiting && send_off(store)) {
		fail_memory(&store->waiting->error);
		settle(store, give(store->waiting));
	}
	tell(store);
}

struct store *store_new(struct world *world, const char *directory)
{
	struct store *store = calloc(1, sizeof *store);
	if (!store)
		return NULL;
	owned_text path = {0};
	text_format(&path, "%s/berth.db", directory);
	store->world = world;
	store->directory = strdup(directory);
	store->path = text_take(&path);
	if (!store->directory || !store->path) {
		store_free(store);
		return NULL;
	}
	store->reading = store->writing =
	    (struct database){.world = world, .directory = store->directory, .path = store->path};
	return store;
}

/* What was not committed when the store is freed, at once. */
static void commit_rest(struct store *store)
{
	struct batch *flying = give(store->flying), *waiting = give(store->waiting);
	if (flying) {
		bool ran = desk_take(flying);
		store->world->ops->work_cancel(store->world, flying->job);
		if (!ran)
			records_commit(&store->writing, flying->records, &flying->error);
		settle(store, flying);
	}
	if (waiting) {
		records_commit(&store->writing, waiting->records, &waiting->error);
		settle(store, waiting);
	}
}

void store_free(struct store *store)
{
	if (!store)
		return;
	commit_rest(store);
	database_close(&store->reading);
	database_close(&store->writing);
	while (store->failures) {
		struct batch *batch = store->failures;
		store->failures = batch->next;
		free(batch);
	}
	while (store->listeners)
		store_unlisten(store, store->listeners->owner);
	free(store->directory);
	free(store->path);
	free(store);
}

int store_listen(struct store *store, void (*committed)(void *owner), void *owner)
{
	struct store_listener *listener = calloc(1, sizeof *listener);
	if (!listener)
		return -1;
	store_unlisten(store, owner);
	*listener = (struct store_listener){.committed = committed, .owner = owner, .next = store->listeners};
	store->listeners = listener;
	return 0;
}

void store_unlisten(struct store *store, void *owner)
{
	struct store_listener **at = &store->listeners;
	while (*at && (*at)->owner != owner)
		at = &(*at)->next;
	struct store_listener *listener = *at;
	if (listener) {
		if (store->next_told == listener)
			store->next_told = listener->next;
		*at = listener->next;
		free(listener);
	}
}

int store_durable(struct store *store, uint64_t number, struct error *err)
{
	if (!number) /* what a put answers when memory is gone */
		return fail_memory(err);
	if (number > store->decided)
		return 0;
	for (const struct batch *lost = store->failures; lost; lost = lost->next)
		if (number >= lost->first && number <= lost->last) {
			if (err)
				*err = lost->error;
			return -1;
		}
	return 1;
}

uint64_t store_last(const struct store *store)
{
	return store->given;
}

/* The record joins those that wait for the next batch; it is the first one when nothing waits. 0 or -1. */
static int queue(struct store *store, struct record *record)
{
	struct batch *batch = store->waiting;
	if (!batch) {
		if (!(batch = calloc(1, sizeof *batch)))
			return -1;
		batch->store = store;
		batch->first = record->number;
		batch->end = &batch->records;
		store->waiting = batch;
	}
	*batch->end = record;
	batch->end = &record->next;
	batch->last = record->number;
	return 0;
}

/* Takes the record over. Its number, or 0 with the record gone. */
static uint64_t put(struct store *store, struct record *record)
{
	if (!record->time_ms)
		record->time_ms = store->world->ops->wall(store->world);
	record->number = store->given + 1;
	if (queue(store, record)) {
		free_record(record);
		return 0;
	}
	if (!store->flying && send_off(store)) { /* only this one waits: else something would be flying */
		struct batch *batch = give(store->waiting);
		free_records(batch->records);
		free(batch);
		return 0;
	}
	return ++store->given;
}

/* A record with copies of the texts; NULL ones stay NULL. */
static struct record *record_of(enum record_kind kind, const char *const *texts, size_t count)
{
	struct record *record = calloc(1, sizeof *record);
	if (!record)
		return NULL;
	record->kind = kind;
	for (size_t i = 0; i < count; i++)
		if (texts[i] && !(record->texts[i] = strdup(texts[i]))) {
			free_record(record);
			return NULL;
		}
	return record;
}

/* JSON as the text in that place; NULL stays NULL. 0 or -1. */
static int put_json(struct record *record, size_t place, const json_t *json)
{
	return json && !(record->texts[place] = json_line(json)) ? -1 : 0;
}

uint64_t store_put_application(struct store *store, const struct stored_application *application)
{
	struct record *record =
	    record_of(RECORD_APPLICATION,
		      (const char *const[]){application->name, application->file, application->directory,
					    application->blueprint},
		      4);
	if (!record)
		return 0;
	if (put_json(record, 4, application->settings) || put_json(record, 5, application->locations) ||
	    !(record->texts[6] = known_facts_line(&application->facts)) ||
	    put_json(record, 7, application->variables) || put_json(record, 8, application->pins) ||
	    (application->by && !(record->texts[9] = strdup(application->by)))) {
		free_record(record);
		return 0;
	}
	record->revision = application->revision;
	record->time_ms = application->deployed_ms;
	return put(store, record);
}

static uint64_t put_texts(struct store *store, enum record_kind kind, const char *const *texts, size_t count)
{
	struct record *record = record_of(kind, texts, count);
	return record ? put(store, record) : 0;
}

uint64_t store_drop_application(struct store *store, const char *name)
{
	return put_texts(store, RECORD_DROP, &name, 1);
}

uint64_t store_put_intent(struct store *store, const char *app, const char *instance, const char *location,
			  const char *what, const char *digest)
{
	return put_texts(store, RECORD_INTENT, (const char *const[]){app, instance, location, what, digest},
			 5);
}

uint64_t store_put_instance(struct store *store, const char *app, const char *instance, const char *target_id,
			    const json_t *ports, const char *files, const char *limits)
{
	struct record *record =
	    record_of(target_id ? RECORD_INSTANCE : RECORD_GONE,
		      (const char *const[]){app, instance, target_id, NULL, files, limits}, 6);
	if (!record)
		return 0;
	if (target_id && put_json(record, 3, ports)) {
		free_record(record);
		return 0;
	}
	return put(store, record);
}

uint64_t store_put_revision_end(struct store *store, const char *app, int64_t revision, const json_t *images,
				int outcome)
{
	char number[16];
	snprintf(number, sizeof number, "%d", outcome);
	struct record *record = record_of(RECORD_REVISION_END, (const char *const[]){app, NULL, number}, 3);
	if (!record)
		return 0;
	record->revision = revision;
	if (put_json(record, 1, images)) {
		free_record(record);
		return 0;
	}
	return put(store, record);
}

uint64_t store_put_memory(struct store *store, const char *app, const char *component, const char *text)
{
	return put_texts(store, RECORD_MEMORY, (const char *const[]){app, component, text}, 3);
}

uint64_t store_put_size(struct store *store, const char *app, const char *component, const char *text)
{
	return put_texts(store, RECORD_SIZE, (const char *const[]){app, component, text}, 3);
}

uint64_t store_put_stopped(struct store *store, const char *app, const char *instance, const char *by)
{
	return put_texts(store, by ? RECORD_STOPPED : RECORD_NOT_STOPPED,
			 (const char *const[]){app, instance, by}, 3);
}

uint64_t store_put_event(struct store *store, const char *app, const char *component, const char *instance,
			 const char *what, const char *text)
{
	struct record *record = record_of(
	    RECORD_EVENT, (const char *const[]){app ? app : "", component, instance, what, text}, 5);
	if (!record)
		return 0;
	record->revision = EVENTS_KEPT;
	return put(store, record);
}
