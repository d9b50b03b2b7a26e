/* events_verb.c - `events`: what was recorded about applications, oldest first. */
#include "engine/engine.h"

static void step(struct berth_operation *operation)
{
	const struct berth_request *request = &operation->request;
	struct error err = {0};
	json_t *events = NULL;
	if (store_events(operation->berth->store, request->app, request->tail, &events, &err)) {
		operation_fail(operation, &err);
		return;
	}
	json_t *document = document_new(NULL);
	if (json_object_set_new(document, "events", events)) {
		json_decref(document);
		fail_memory(&err);
		operation_fail(operation, &err);
		return;
	}
	operation_finish(operation, BERTH_OK, document);
}

const struct verb verb_events = {.name = "events", .step = step};
