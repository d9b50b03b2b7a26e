/* operations.c - the operations that the API began: what they tell while they go on, and how they ended. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/server.h"
#include "base/cleanup.h"
#include "base/json_write.h"

/* --- beginning ------------------------------------------------------------------------------ */

static bool may_be_forgotten(const struct tracked *tracked)
{
	return !tracked->operation && !tracked->holders;
}

static void shrink(struct tracked *tracked, size_t limit)
{
	size_t before = tracked->ring.bytes;
	ring_shrink(&tracked->ring, limit);
	tracked->server->ring_bytes -= before - tracked->ring.bytes;
}

/* What nobody reads goes before what somebody may. */
static void make_room(struct berth_server *server)
{
	for (struct tracked *tracked = server->tracked; tracked; tracked = tracked->next)
		if (may_be_forgotten(tracked))
			shrink(tracked, RING_KEPT_BYTES);
}

/* A record begins with its number. */
static void learn_number(struct tracked *tracked, const struct berth_event *event)
{
	static const char key[] = "{\"number\":";
	if (event->text && starts_with(event->text, key))
		tracked->record = strtoull(event->text + sizeof key - 1, NULL, 10);
}

/* Whoever reads records goes on by their numbers, wherever they come from. */
static void put_event(struct tracked *tracked, const char *kind, const struct text *json)
{
	if (tracked->by_record)
		ring_add_as(&tracked->ring, tracked->record, kind, json->data, json->length);
	else
		ring_add(&tracked->ring, kind, json->data, json->length);
}

static size_t fair_share(const struct berth_server *server)
{
	size_t count = 1;
	for (const struct tracked *tracked = server->tracked; tracked; tracked = tracked->next)
		count += tracked->operation || tracked->holders;
	size_t share = RINGS_BYTES / count;
	if (share > RING_SMALL_BYTES)
		return RING_SMALL_BYTES;
	return share > RING_KEPT_BYTES ? share : RING_KEPT_BYTES;
}

static void take_event(void *of, const struct berth_event *event)
{
	struct tracked *tracked = of;
	struct berth_server *server = tracked->server;
	struct ring *ring = &tracked->ring;
	size_t before = ring->bytes;
	owned_text json = {0};
	if (tracked->by_record && event->kind == BERTH_EVENT_RECORD)
		text_add_bytes(&json, event->text, event->text_size);
	else
		event_json(&json, event);
	if (json.failed)
		return;
	if (event->kind == BERTH_EVENT_RECORD)
		learn_number(tracked, event);
	put_event(tracked, event_name(event->kind), &json);
	server->ring_bytes = server->ring_bytes + ring->bytes - before;
	if (server->ring_bytes > RINGS_BYTES)
		make_room(server);
	if (server->ring_bytes > RINGS_BYTES)
		shrink(tracked, fair_share(server));
}

static char *copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

static void tracked_free(struct tracked *tracked)
{
	berth_operation_free(tracked->operation);
	tracked->server->ring_bytes -= tracked->ring.bytes;
	ring_release(&tracked->ring);
	free(tracked->app);
	free(tracked->result);
	free(tracked->message);
	free(tracked->remedy);
	free(tracked->key);
	free(tracked);
}

bool is_watch(const struct server_verb *verb, const struct berth_request *request)
{
	return request->follow && strcmp(verb->name, "events") == 0;
}

static struct tracked *track(struct berth_server *server, const struct server_verb *verb,
			     const struct berth_request *request, const struct asker *by, const char *key)
{
	struct tracked *tracked = calloc(1, sizeof *tracked);
	if (!tracked)
		return NULL;
	tracked->server = server;
	tracked->verb = verb;
	tracked->app = copy(request->app);
	tracked->by = *by;
	tracked->watches = is_watch(verb, request);
	tracked->ring.limit = RING_BYTES;
	tracked->began_ms = wall_ms();
	tracked->alone_since_ms = steady_ms();
	if (key && !(tracked->key = strdup(key)))
		count_memory_failure();
	return tracked;
}

/* What it is asked with stays the caller's. */
static struct tracked *set_out(struct tracked *tracked, struct berth_request *asked,
			       struct berth_error *error)
{
	struct berth_server *server = tracked->server;
	const struct berth_listener listener = {
	    .size = sizeof listener, .event = take_event, .context = tracked};
	asked->foreign = true;
	tracked->operation = tracked->verb->begin(server->berth, asked, &listener, error);
	if (!tracked->operation) {
		tracked_free(tracked);
		return NULL;
	}
	*server->tracked_end = tracked;
	server->tracked_end = &tracked->next;
	return tracked;
}

struct tracked *tracked_begin(struct berth_server *server, const struct server_verb *verb,
			      const struct berth_request *request, const struct asker *by, const char *key,
			      struct berth_error *error)
{
	struct tracked *tracked = track(server, verb, request, by, key);
	if (!tracked)
		return NULL;
	struct berth_request asked = *request;
	snprintf(tracked->id, sizeof tracked->id, "%s-%" PRIu64, server->run_id, ++server->operation_number);
	owned_memory char *text = resume_note(verb, &asked, by, key, tracked->id);
	asked.lasting_text = text;
	tracked->lasts = asked.lasting;
	return set_out(tracked, &asked, error);
}

struct tracked *tracked_resume(struct berth_server *server, const struct server_verb *verb,
			       struct berth_request *request, const struct asker *by, const char *key,
			       int64_t asked_ms)
{
	struct tracked *tracked = track(server, verb, request, by, key);
	if (!tracked)
		return NULL;
	snprintf(tracked->id, sizeof tracked->id, "%s", request->lasting);
	tracked->began_ms = asked_ms;
	tracked->lasts = tracked->resumed = true;
	return set_out(tracked, request, NULL);
}

/* --- finding -------------------------------------------------------------------------------- */

struct tracked *tracked_find(struct berth_server *server, const char *id)
{
	for (struct tracked *tracked = server->tracked; tracked; tracked = tracked->next)
		if (strcmp(tracked->id, id) == 0)
			return tracked;
	return NULL;
}

struct tracked *tracked_by_key(struct berth_server *server, const char *key)
{
	for (struct tracked *tracked = server->tracked; tracked; tracked = tracked->next)
		if (tracked->key && strcmp(tracked->key, key) == 0)
			return tracked;
	return NULL;
}

bool tracked_recorded(const struct tracked *tracked)
{
	const struct berth_operation *operation = tracked->operation;
	return !operation ||
	       ((!tracked->conditional || berth_as_expected(operation)) && berth_recorded(operation));
}

static bool is_running(const struct tracked *tracked)
{
	return tracked->operation && !tracked->watches;
}

size_t tracked_running(const struct berth_server *server)
{
	size_t count = 0;
	for (const struct tracked *tracked = server->tracked; tracked; tracked = tracked->next)
		count += is_running(tracked);
	return count;
}

static bool operates(const struct asker *by)
{
	return by->role >= ROLE_OPERATE;
}

size_t tracked_beside(const struct berth_server *server, const struct asker *by, bool watches)
{
	size_t count = 0;
	for (const struct tracked *tracked = server->tracked; tracked; tracked = tracked->next)
		count += tracked->operation && tracked->watches == watches &&
			 operates(&tracked->by) == operates(by);
	return count;
}

bool tracked_all_ended(const struct berth_server *server)
{
	for (const struct tracked *tracked = server->tracked; tracked; tracked = tracked->next)
		if (tracked->operation)
			return false;
	return true;
}

void tracked_forget_read(struct tracked *tracked, const struct ring_place *place)
{
	size_t before = tracked->ring.bytes;
	ring_forget(&tracked->ring, place->number);
	tracked->server->ring_bytes -= before - tracked->ring.bytes;
}

void tracked_hold(struct tracked *tracked)
{
	tracked->holders++;
}

void tracked_drop(struct tracked *tracked)
{
	if (!tracked)
		return;
	tracked->holders--;
	tracked->alone_since_ms = steady_ms();
}

/* --- ending --------------------------------------------------------------------------------- */

void tracked_cancel(struct tracked *tracked)
{
	if (!tracked->operation)
		return;
	berth_cancel(tracked->operation);
	tracked->cancels++;
}

/* A blueprint says of which application it is: the document tells. */
static void learn_app(struct tracked *tracked)
{
	static const char key[] = "\"app\":\"";
	const char *result = tracked->result ? tracked->result : "";
	const char *at = memmem(result, strnlen(result, 100), key, sizeof key - 1);
	if (!tracked->app && at)
		tracked->app = strndup(at + sizeof key - 1, strcspn(at + sizeof key - 1, "\""));
}

static void log_end(const struct tracked *tracked)
{
	struct log_fields fields = {0};
	const char *message = tracked->message ? tracked->message : "";
	char outcome[12];
	snprintf(outcome, sizeof outcome, "%d", (int)tracked->outcome);
	log_field(&fields, "operation", tracked->id);
	log_field(&fields, "verb", tracked->verb->name);
	log_field(&fields, "app", tracked->app);
	log_field(&fields, "outcome", outcome);
	log_field(&fields, "why", message);
	log_entry(tracked->server, tracked->outcome == BERTH_OK ? BERTH_LOG_INFO : BERTH_LOG_WARNING,
		  "operation", &fields, "operation %s: %s%s%s ended with %s%s%s", tracked->id,
		  tracked->verb->name, tracked->app ? " " : "", tracked->app ? tracked->app : "", outcome,
		  *message ? ": " : "", message);
}

static void take_down(struct tracked *tracked)
{
	struct berth_server *server = tracked->server;
	owned_text told = {0}, counted = {0};
	tracked->outcome = berth_outcome(tracked->operation);
	tracked->result = strdup(berth_result(tracked->operation));
	tracked->message = strdup(berth_message(tracked->operation));
	tracked->remedy = strdup(berth_remedy(tracked->operation));
	tracked->ended_ms = wall_ms();
	server->last_end_ms = steady_ms();
	learn_app(tracked);
	berth_operation_free(give(tracked->operation));
	if (!tracked->result || !tracked->message || !tracked->remedy) {
		count_memory_failure();
		tracked->outcome = BERTH_FAILED;
	}
	tracked_write(&told, NULL, tracked, false);
	size_t before = tracked->ring.bytes;
	if (!told.failed)
		put_event(tracked, "done", &told);
	server->ring_bytes = server->ring_bytes + tracked->ring.bytes - before;
	text_format(&counted, "verb=\"%s\",outcome=\"%d\"", tracked->verb->name, tracked->outcome);
	metrics_count(&server->metrics.operations, text_view(&counted));
	if (tracked->verb->changes)
		log_end(tracked);
}

/* It is for somebody who listens, and nobody has for a while. */
static bool is_abandoned(const struct tracked *tracked, int64_t now_ms)
{
	if (tracked->holders || tracked->cancels >= 2)
		return false;
	return tracked->passing ||
	       (tracked->verb->attended && now_ms - tracked->alone_since_ms > PATIENCE_MS);
}

/* Those that are over, and the oldest of the others when they are too many. */
static void forget(struct berth_server *server, size_t ended)
{
	struct tracked **at = &server->tracked;
	while (*at) {
		struct tracked *tracked = *at;
		if (!may_be_forgotten(tracked) || (!tracked->passing && ended <= MOST_ENDED)) {
			at = &tracked->next;
			continue;
		}
		*at = tracked->next;
		ended -= !tracked->passing;
		tracked_free(tracked);
	}
	server->tracked_end = at;
}

void tracked_sweep(struct berth_server *server)
{
	int64_t now_ms = steady_ms();
	size_t ended = 0;
	for (struct tracked *tracked = server->tracked; tracked; tracked = tracked->next) {
		if (tracked->operation && is_abandoned(tracked, now_ms)) {
			tracked_cancel(tracked);
			tracked_cancel(tracked);
		}
		if (tracked->operation && berth_done(tracked->operation))
			take_down(tracked);
		if (may_be_forgotten(tracked) &&
		    (tracked->told || now_ms - tracked->alone_since_ms > RING_KEPT_MS))
			shrink(tracked, RING_KEPT_BYTES);
		ended += !tracked->operation && !tracked->passing;
	}
	forget(server, ended);
}

void tracked_release_all(struct berth_server *server)
{
	for (struct tracked *tracked = server->tracked, *next; tracked; tracked = next) {
		next = tracked->next;
		tracked_free(tracked);
	}
	server->tracked = NULL;
	server->tracked_end = &server->tracked;
}

/* --- showing -------------------------------------------------------------------------------- */

static void write_end(struct text *to, const struct tracked *tracked, bool whole)
{
	json_write_number(to, "ended_ms", tracked->ended_ms);
	json_write_number(to, "outcome", tracked->outcome);
	json_write_text(to, "message", tracked->message ? tracked->message : "out of memory");
	json_write_text(to, "remedy", tracked->remedy ? tracked->remedy : "");
	if (!whole || !tracked->result)
		return;
	if (*tracked->result == '{')
		json_write_line(to, "result", tracked->result, strlen(tracked->result));
	else
		json_write_text(to, "result", tracked->result);
}

void tracked_write(struct text *to, const char *key, const struct tracked *tracked, bool whole)
{
	json_open(to, key, '{');
	json_write_text(to, "id", tracked->id);
	json_write_text(to, "verb", tracked->verb->name);
	json_write_text(to, "app", tracked->app);
	json_write_text(to, "by", tracked->by.who);
	json_write_text(to, "state", tracked->operation ? "running" : "done");
	json_write_number(to, "began_ms", tracked->began_ms);
	if (!tracked->operation)
		write_end(to, tracked, whole);
	json_close(to, '}');
}
