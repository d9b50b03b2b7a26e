/* history_verbs.c - what was deployed when, and the way back to it. */
#include <string.h>

#include "base/cleanup.h"
#include "engine/deploy.h"
#include "engine/lasting.h"

/* --- history ------------------------------------------------------------------------------------ */

static void usage(struct berth_operation *operation)
{
	fail(operation_error(operation), ERR_INVALID, "no application was named");
	operation_finish(operation, BERTH_USAGE, document_new(NULL));
}

static void history_step(struct berth_operation *operation)
{
	const char *app = operation->request.app;
	json_t *revisions = NULL, *document;
	if (!app) {
		usage(operation);
		return;
	}
	if (store_revisions(operation->berth->store, app, &revisions, operation_error(operation))) {
		stage_failed(operation);
		return;
	}
	if (!json_array_size(revisions)) {
		json_decref(revisions);
		fail(operation_error(operation), ERR_MISSING, "nothing is known of `%s`", app);
		remedy(operation_error(operation), "`berth status` lists the applications there are");
		stage_failed(operation);
		return;
	}
	document = document_new(app);
	if (json_put(document, "revisions", revisions)) {
		json_decref(document);
		fail_memory(operation_error(operation));
		stage_failed(operation);
		return;
	}
	operation_finish(operation, BERTH_OK, document);
}

/* --- rollback ----------------------------------------------------------------------------------- */

static bool find_past(struct berth_operation *operation)
{
	const struct berth_request *request = &operation->request;
	struct error *err = operation_error(operation);
	struct stored_application *past = NULL;
	if (store_revision(operation->berth->store, request->app, request->count, &past, err))
		return stage_failed(operation);
	operation->past = past;
	if (past && past->blueprint)
		return true;
	if (request->count)
		fail(err, ERR_MISSING, "`%s` has no revision %lld", request->app, (long long)request->count);
	else
		fail(err, ERR_MISSING, "`%s` has no revision before this one", request->app);
	remedy(err, "`berth history %s` lists those there are", request->app);
	return stage_failed(operation);
}

static void rollback_step(struct berth_operation *operation)
{
	if (operation->stage == STAGE_BEGIN && !operation->request.app) {
		usage(operation);
		return;
	}
	if (operation->stage == STAGE_BEGIN && !lasting_take_up(operation))
		return;
	bool past = operation->past || lasting_is_recorded(operation);
	if (operation->stage == STAGE_BEGIN && !past && !find_past(operation))
		return;
	deploy_step(operation);
}

const struct verb verb_history = {.name = "history", .step = history_step};
const struct verb verb_rollback = {
    .name = "rollback", .step = rollback_step, .changes = true, .needs_store = true};
