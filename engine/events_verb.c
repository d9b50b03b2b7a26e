/* events_verb.c - `events`: what was recorded about applications, oldest first, and on as it is recorded. */
#include <string.h>

#include "base/cleanup.h"
#include "engine/deploy.h"

#define LOOK_MS 200 /* between two looks at the store's version */

struct following {
	uint64_t version;
	int64_t last; /* the newest event that was told */
	bool begun;   /* what was there at first has been told */
};

static bool read_events(struct berth_operation *operation, int64_t *last, int64_t limit, json_t **ret_events)
{
	const struct berth_request *request = &operation->request;
	struct event_query wanted = {
	    .app = request->app, .after = *last, .since_ms = request->since_ms, .limit = limit};
	return store_events_of(operation->berth->store, &wanted, ret_events, last,
			       operation_error(operation)) == 0;
}

static void finish(struct berth_operation *operation, json_t *events)
{
	json_t *document = document_new(NULL);
	if (json_put(document, "events", events)) {
		json_decref(document);
		fail_memory(operation_error(operation));
		stage_failed(operation);
		return;
	}
	operation_finish(operation, outcome_of(operation_failure(operation)->code), document);
}

static void tell(const struct berth_operation *operation, const json_t *record)
{
	owned_memory char *line = json_line(record);
	struct berth_event event = {.size = sizeof event,
				    .kind = BERTH_EVENT_RECORD,
				    .component = json_text(record, "component"),
				    .instance = json_text(record, "instance"),
				    .text = line,
				    .text_size = line ? strlen(line) : 0};
	if (line && operation->listener.event)
		operation->listener.event(operation->listener.context, &event);
}

/* Tells what came since the last look, if the store was written to at all. False: the operation was ended. */
static bool look(struct berth_operation *operation, struct following *following)
{
	uint64_t version = store_version(operation->berth->store);
	int64_t limit = following->begun ? 0 : operation->request.tail;
	owned_json events = NULL;
	size_t i;
	json_t *record;
	following->begun = true;
	if (version == following->version)
		return true;
	following->version = version;
	if (!read_events(operation, &following->last, limit, &events))
		return stage_failed(operation);
	json_array_foreach (events, i, record)
		tell(operation, record);
	return true;
}

static void follow(struct berth_operation *operation)
{
	struct following *following = operation->verb_state;
	if (operation->cancelled) {
		fail(operation_error(operation), operation->timed_out ? ERR_TIMED_OUT : ERR_CANCELLED,
		     operation->timed_out ? "the time ran out" : "interrupted");
		finish(operation, json_array());
		return;
	}
	if (!following)
		following = operation->verb_state = arena_array(&operation->arena, struct following, 1);
	if (following && !following->begun && !following->last)
		following->last = operation->request.after;
	if (!following) {
		fail_memory(operation_error(operation));
		stage_failed(operation);
		return;
	}
	if (look(operation, following))
		operation_wake_after(operation, LOOK_MS);
}

/* A name written wrongly must not look like a quiet application. */
static void warn_of_silence(struct berth_operation *operation, const json_t *events)
{
	const struct berth_request *request = &operation->request;
	if (request->app && !json_array_size(events) && !request->since_ms)
		operation_warn(
		    operation,
		    "nothing is recorded of an application `%s` (`berth status` lists those known)",
		    request->app);
}

static void step(struct berth_operation *operation)
{
	json_t *events = NULL;
	int64_t last = operation->request.after;
	if (operation->request.follow) {
		follow(operation);
	} else if (read_events(operation, &last, operation->request.tail, &events)) {
		warn_of_silence(operation, events);
		finish(operation, events);
	} else {
		stage_failed(operation);
	}
}

const struct verb verb_events = {.name = "events", .step = step};
