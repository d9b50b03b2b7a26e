/* store.c - records wait in a queue, are committed together on the world's worker, and are awaited by number.
 */
#include "engine/store.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/store_state.h"

#define FAILURES_KEPT 32 /* each by itself */

enum batch_state { BATCH_WAITING, BATCH_RUNNING, BATCH_ENDED };

/* Records that are committed as one transaction. Kept after a failure, to tell what became of its numbers. */
struct batch {
	struct store *store;
	uintptr_t key;
	enum batch_state state;
	struct job *job;
	struct arena arena; /* of the records and their texts: one after the other, as they are read */
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

static void free_batch(struct batch *batch)
{
	arena_release(&batch->arena);
	free(batch);
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

/* Of failures so long ago that nobody waits for their numbers any more, two become one: of what was written
 * between them it is said that it was lost, too. */
static void join_oldest(struct store *store)
{
	struct batch *batch = store->failures;
	for (size_t kept = 1; batch && kept < FAILURES_KEPT; kept++)
		batch = batch->next;
	struct batch *oldest = batch ? batch->next : NULL;
	if (!oldest)
		return;
	batch->first = oldest->first;
	batch->next = NULL;
	free_batch(oldest);
}

/* The batch's fate is known: its memory goes, or becomes the memory of the failure. */
static void settle(struct store *store, struct batch *batch)
{
	store->decided = batch->last;
	batch->records = NULL;
	arena_release(&batch->arena);
	if (batch->error.code == OK) {
		free_batch(batch);
		return;
	}
	struct batch *newest = store->failures;
	if (newest && newest->last + 1 == batch->first) {
		newest->last = batch->last;
		newest->error = batch->error;
		free_batch(batch);
		return;
	}
	batch->next = newest;
	store->failures = batch;
	join_oldest(store);
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

/* What waits is written. False: memory failed for it, and it is known to be lost. */
static bool write_waiting(struct store *store)
{
	if (!store->waiting || store->flying || !send_off(store))
		return true;
	fail_memory(&store->waiting->error);
	settle(store, give(store->waiting));
	return false;
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
	write_waiting(store);
	tell(store);
}

static void turn_is_over(void *owner)
{
	struct store *store = owner;
	store->later = NULL;
	if (!write_waiting(store))
		tell(store);
}

/* History waits for nobody, and somebody may wait for what is put next in this turn: they become durable
 * together, and not one after the other. */
static void write_later(struct store *store)
{
	if (!store->later && !store->flying)
		store->later = store->world->ops->timer_start(store->world, 0, turn_is_over, store);
	if (!store->later)
		write_waiting(store);
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
	store->world->ops->timer_cancel(store->world, give(store->later));
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
		free_batch(batch);
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

/* Where records gather until the next transaction; begun when nothing waits. NULL: no memory. */
static struct batch *gathering(struct store *store)
{
	struct batch *batch = store->waiting;
	if (batch || !(batch = calloc(1, sizeof *batch)))
		return batch;
	batch->store = store;
	batch->first = store->given + 1;
	batch->end = &batch->records;
	return store->waiting = batch;
}

/* A copy of the record and of its texts, where it is to wait; NULL: no memory. */
static struct record *copy_record(struct arena *arena, const struct record *from)
{
	struct record *record = arena_array(arena, struct record, 1);
	if (!record)
		return NULL;
	*record = *from;
	for (size_t i = 0; i < RECORD_TEXTS; i++)
		if (from->texts[i] && !(record->texts[i] = arena_text(arena, from->texts[i])))
			return NULL;
	return record;
}

/* Of the batch that only began to gather: what cannot wait there is as if it had never come. */
static uint64_t give_up(struct store *store)
{
	if (store->waiting && !store->waiting->records)
		free_batch(give(store->waiting));
	return 0;
}

/* Its number, or 0. The texts stay the caller's. */
static uint64_t put(struct store *store, const struct record *wanted)
{
	struct batch *batch = gathering(store);
	struct record *record = batch ? copy_record(&batch->arena, wanted) : NULL;
	if (!record)
		return give_up(store);
	if (!record->time_ms)
		record->time_ms = store->world->ops->wall(store->world);
	*batch->end = record;
	batch->end = &record->next;
	const uint64_t number = batch->last = record->number = ++store->given;
	if (record->later)
		write_later(store);
	else
		write_waiting(store);
	return number;
}

static uint64_t put_texts(struct store *store, enum record_kind kind, const char *const *texts, size_t count)
{
	struct record record = {.kind = kind};
	for (size_t i = 0; i < count; i++)
		record.texts[i] = texts[i];
	return put(store, &record);
}

/* JSON as text, for the caller to free; NULL stays NULL. 0 or -1. */
static int line_of(const json_t *json, char **ret)
{
	*ret = json ? json_line(json) : NULL;
	return json && !*ret ? -1 : 0;
}

uint64_t store_put_application(struct store *store, const struct stored_application *application)
{
	owned_memory char *settings = NULL, *locations = NULL, *variables = NULL, *pins = NULL;
	owned_memory char *facts = known_facts_line(&application->facts);
	if (!facts || line_of(application->settings, &settings) ||
	    line_of(application->locations, &locations) || line_of(application->variables, &variables) ||
	    line_of(application->pins, &pins))
		return 0;
	return put(store, &(struct record){
			      .kind = RECORD_APPLICATION,
			      .revision = application->revision,
			      .time_ms = application->deployed_ms,
			      .texts = {application->name, application->file, application->directory,
					application->blueprint, settings, locations, facts, variables, pins,
					application->by},
			  });
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
	owned_memory char *numbers = NULL;
	if (!target_id)
		return put_texts(store, RECORD_GONE, (const char *const[]){app, instance}, 2);
	if (line_of(ports, &numbers))
		return 0;
	return put_texts(store, RECORD_INSTANCE,
			 (const char *const[]){app, instance, target_id, numbers, files, limits}, 6);
}

uint64_t store_put_revision_end(struct store *store, const char *app, int64_t revision, const json_t *images,
				int outcome)
{
	owned_memory char *line = NULL;
	char number[16];
	snprintf(number, sizeof number, "%d", outcome);
	if (line_of(images, &line))
		return 0;
	return put(store, &(struct record){.kind = RECORD_REVISION_END,
					   .revision = revision,
					   .texts = {app, line, number}});
}

uint64_t store_put_memory(struct store *store, const char *app, const char *component, const char *text)
{
	return put_texts(store, RECORD_MEMORY, (const char *const[]){app, component, text}, 3);
}

uint64_t store_put_size(struct store *store, const char *app, const char *component, const char *text)
{
	return put_texts(store, RECORD_SIZE, (const char *const[]){app, component, text}, 3);
}

uint64_t store_put_sized(struct store *store, const char *app, const char *component, const char *text)
{
	return put_texts(store, RECORD_SIZED, (const char *const[]){app, component, text}, 3);
}

uint64_t store_put_machine(struct store *store, const char *app, const char *name, const char *text)
{
	return put_texts(store, RECORD_MACHINE, (const char *const[]){app, name, text}, 3);
}

uint64_t store_put_stopped(struct store *store, const char *app, const char *instance, const char *by)
{
	return put_texts(store, by ? RECORD_STOPPED : RECORD_NOT_STOPPED,
			 (const char *const[]){app, instance, by}, 3);
}

uint64_t store_put_lasting(struct store *store, const struct stored_lasting *lasting)
{
	return put_texts(store, RECORD_LASTING,
			 (const char *const[]){lasting->name, lasting->app, lasting->text, lasting->over}, 4);
}

uint64_t store_put_lasting_begun(struct store *store, const char *name, int64_t revision)
{
	return put(store,
		   &(struct record){.kind = RECORD_LASTING_BEGUN, .revision = revision, .texts = {name}});
}

uint64_t store_put_lasting_over(struct store *store, const char *name, const char *app, const char *why)
{
	return put_texts(store, RECORD_LASTING_OVER, (const char *const[]){name, app, why}, 3);
}

uint64_t store_put_lasting_end(struct store *store, const char *name)
{
	return put_texts(store, RECORD_LASTING_END, &name, 1);
}

uint64_t store_put_event(struct store *store, const char *app, const char *component, const char *instance,
			 const char *what, const char *text)
{
	return put(store, &(struct record){.kind = RECORD_EVENT,
					   .revision = EVENTS_KEPT,
					   .texts = {app ? app : "", component, instance, what, text}});
}

uint64_t store_put_failure(struct store *store, const char *app, const char *component, const char *instance,
			   const char *what, const char *text, const char *remedy)
{
	return put(store,
		   &(struct record){.kind = RECORD_EVENT,
				    .later = true,
				    .revision = EVENTS_KEPT,
				    .texts = {app ? app : "", component, instance, what, text, remedy}});
}
