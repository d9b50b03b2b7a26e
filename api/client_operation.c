/* client_operation.c - an operation that goes on at a controller: begun there, listened to, its result
 * fetched. */
#include <stdio.h>
#include <string.h>

#include "api/client.h"
#include "base/cleanup.h"
#include "base/json.h"

enum {
	PAUSE_MS = 500, /* before the next try */
	MOST_TRIES = 20,
};

static void give_up(struct berth_operation *operation, const struct error *why)
{
	struct error *err = operation_error(operation);
	const struct client *client = client_of(operation);
	const struct remote *remote = remote_of(operation);
	if (*remote->id) {
		fail(err, ERR_UNREACHABLE, "the controller at %s does not answer any more: %s", client->name,
		     why->text);
		remedy(err, "operation %s may go on there; `berth status` tells what runs", remote->id);
	} else {
		fail(err, why->code == ERR_DENIED ? ERR_DENIED : ERR_UNREACHABLE,
		     "no controller answers at %s: %s", client->name, why->text);
		remedy(err, "%s",
		       *why->remedy ? why->remedy
				    : "start it (`berth serve`), or do without: --controller none");
	}
	operation_finish(operation, outcome_of(err->code), document_new(operation->request.app));
}

/* Whether the same may be asked for again; else the operation was ended. */
static bool try_again(struct berth_operation *operation, const struct error *why)
{
	struct remote *remote = remote_of(operation);
	if (++remote->tries > MOST_TRIES || (operation->abandoned && remote->tries > 2)) {
		give_up(operation, why);
		return false;
	}
	operation_wake_after(operation, PAUSE_MS);
	return true;
}

/* --- beginning ------------------------------------------------------------------------------ */

static void post(struct berth_operation *operation)
{
	struct remote *remote = remote_of(operation);
	struct error err = {0};
	remote->stage = REMOTE_POSTED;
	if (call_send(&remote->main, operation, "POST", "/v1/operations", remote->body, &err))
		give_up(operation, &err);
}

static void begin(struct berth_operation *operation)
{
	struct error err = {0};
	if (remote_body(operation, &err))
		operation_fail(operation, &err);
	else
		post(operation);
}

static void refused(struct berth_operation *operation, const struct call *call)
{
	enum berth_outcome outcome;
	call_refused(call, operation_error(operation), &outcome);
	operation_finish(operation, outcome, document_new(operation->request.app));
}

static void listen_on(struct berth_operation *operation)
{
	struct remote *remote = remote_of(operation);
	struct error err = {0};
	char path[128];
	snprintf(path, sizeof path, "/v1/operations/%s/events", remote->id);
	text_clear(&remote->pending);
	remote->stage = REMOTE_LISTENS;
	if (call_listen(&remote->main, operation, path, &err))
		give_up(operation, &err);
	else
		operation_wake(operation); /* input may wait already */
}

static void posted(struct berth_operation *operation)
{
	struct remote *remote = remote_of(operation);
	struct call *call = &remote->main;
	const struct error why = call->answer.error;
	if (!call->answered && call->exchange)
		return;
	if (!call->answered) {
		post(operation); /* the pause is over */
		return;
	}
	if (why.code) {
		bool again = call->answer.sent && call->answer.status == 0;
		call_end(call);
		/* It may have arrived: the key keeps it from being done twice. */
		if (again)
			try_again(operation, &why);
		else
			give_up(operation, &why);
		return;
	}
	owned_json body = json_loadb(text_view(&call->answer.body), call->answer.body.length, 0, NULL);
	const char *id = json_text(body, "id");
	if (call->answer.status != 202 || !id || strlen(id) >= sizeof remote->id) {
		refused(operation, call);
		return;
	}
	strcpy(remote->id, id);
	remote->tries = 0;
	listen_on(operation);
}

/* --- listening ------------------------------------------------------------------------------ */

static void fetch(struct berth_operation *operation)
{
	struct remote *remote = remote_of(operation);
	struct error err = {0};
	char path[128];
	snprintf(path, sizeof path, "/v1/operations/%s", remote->id);
	remote->stage = REMOTE_FETCHES;
	if (call_send(&remote->main, operation, "GET", path, NULL, &err))
		give_up(operation, &err);
}

/* The controller that began it is no more. */
static void lost(struct berth_operation *operation)
{
	struct error *err = operation_error(operation);
	fail(err, ERR_UNREACHABLE,
	     "the controller at %s was started anew meanwhile: how it ended is not known",
	     client_of(operation)->name);
	remedy(err, "`berth status` tells what runs; the same command again goes on from there");
	operation_finish(operation, outcome_of(err->code), document_new(operation->request.app));
}

static void listened(struct berth_operation *operation)
{
	struct remote *remote = remote_of(operation);
	struct call *call = &remote->main;
	const struct error why = call->answer.error;
	int status = call->answer.status;
	if (remote->ended) {
		fetch(operation);
		return;
	}
	remote_input(operation);
	if (!call->answered && call->exchange)
		return;
	if (!call->answered) {
		listen_on(operation); /* the pause is over */
		return;
	}
	if (status == 404) {
		lost(operation);
	} else if (status == 401 || status == 403) {
		refused(operation, call);
	} else {
		struct error unclear = {0};
		fail(&unclear, ERR_UNREACHABLE, "its events broke off");
		call_end(call);
		try_again(operation, why.code ? &why : &unclear);
	}
}

/* --- the end -------------------------------------------------------------------------------- */

static enum code code_named(const char *name)
{
	for (int code = OK; name && code <= ERR_NO_MEMORY; code++)
		if (strcmp(code_name((enum code)code), name) == 0)
			return (enum code)code;
	return ERR_FAILED;
}

static bool anything_to_do(const json_t *document)
{
	const json_t *changes = json_object_get(document, "changes");
	size_t i;
	json_t *change;
	json_array_foreach (changes, i, change) {
		const char *action = json_text(change, "action");
		if (action && strcmp(action, "unchanged") != 0)
			return true;
	}
	return json_array_size(json_object_get(document, "found")) > 0;
}

static void begin_again(struct berth_operation *operation)
{
	struct remote *remote = remote_of(operation);
	remote->ended = false;
	remote->stage = REMOTE_BEGIN;
	*remote->id = *remote->last_event = '\0';
	operation_wake(operation);
}

/* From the question on it is the plan that was shown which is carried out, where there is one. */
static void agree(struct berth_operation *operation, const json_t *document)
{
	struct remote *remote = remote_of(operation);
	struct berth_request *request = &operation->request;
	const struct berth_listener *listener = &operation->listener;
	owned_memory char *plan = json_line(document);
	const char *saved = json_text(document, "saved");
	if (anything_to_do(document) && !(plan && listener->confirm(listener->context, plan))) {
		fail(operation_error(operation), ERR_CANCELLED, "not confirmed; nothing was changed");
		operation_finish(operation, BERTH_INTERRUPTED, document_new(json_text(document, "app")));
		return;
	}
	if (saved && strcmp(remote->verb->name, "deploy") == 0) {
		request->plan = arena_text(&operation->arena, saved);
		request->plan_size = strlen(saved);
		request->blueprint = request->file = request->app = NULL;
		request->locations = request->settings = NULL;
	}
	remote->rehearses = false;
	remote->agreed = true;
	begin_again(operation);
}

/* A blueprint that only the controller has asks for what only this process knows: the same again, with that.
 * True: it is on its way. */
static bool brought(struct berth_operation *operation, const json_t *result)
{
	const json_t *wanted = json_object_get(result, "missing_environment");
	struct error err = {0};
	if (operation->request.environment || !json_array_size(wanted))
		return false;
	if (remote_bring(operation, wanted, &err))
		operation_fail(operation, &err);
	else
		begin_again(operation);
	return true;
}

static void conclude(struct berth_operation *operation, const json_t *end)
{
	struct remote *remote = remote_of(operation);
	json_t *result = json_object_get(end, "result");
	const json_t *error = json_object_get(result, "error");
	const char *message = json_text(end, "message"), *what_to_do = json_text(end, "remedy");
	enum berth_outcome outcome = (enum berth_outcome)json_number(end, "outcome", BERTH_FAILED);
	if (remote->rehearses && outcome == BERTH_OK) {
		agree(operation, result);
		return;
	}
	if (brought(operation, result))
		return;
	if (message && *message) {
		fail(operation_error(operation), code_named(json_text(error, "code")), "%s", message);
		remedy(operation_error(operation), "%s", what_to_do ? what_to_do : "");
	}
	operation_finish(operation, outcome, json_incref(result));
}

static void fetched(struct berth_operation *operation)
{
	struct call *call = &remote_of(operation)->main;
	const struct error why = call->answer.error;
	if (!call->answered && call->exchange)
		return;
	if (!call->answered) {
		fetch(operation);
		return;
	}
	if (why.code) {
		call_end(call);
		try_again(operation, &why);
		return;
	}
	owned_json end = json_loadb(text_view(&call->answer.body), call->answer.body.length, 0, NULL);
	if (call->answer.status == 404)
		lost(operation);
	else if (call->answer.status != 200 || !end)
		refused(operation, call);
	else
		conclude(operation, end);
}

/* --- the whole ------------------------------------------------------------------------------ */

static void pass_on_cancels(struct berth_operation *operation)
{
	struct remote *remote = remote_of(operation);
	unsigned wanted = operation->abandoned ? 2 : operation->cancelled ? 1 : 0;
	struct error ignored = {0};
	char path[128];
	if (remote->cancels >= wanted || !*remote->id || remote->cancel.exchange)
		return;
	snprintf(path, sizeof path, "/v1/operations/%s", remote->id);
	remote->cancels++;
	call_send(&remote->cancel, operation, "DELETE", path, NULL, &ignored);
}

void remote_step(struct berth_operation *operation)
{
	const struct remote *remote = remote_of(operation);
	pass_on_cancels(operation);
	switch (remote->stage) {
	case REMOTE_BEGIN:
		if (operation->cancelled) {
			fail(operation_error(operation), ERR_CANCELLED, "interrupted; nothing was changed");
			operation_finish(operation, BERTH_INTERRUPTED, document_new(operation->request.app));
		} else {
			begin(operation);
		}
		break;
	case REMOTE_POSTED:
		posted(operation);
		break;
	case REMOTE_LISTENS:
		listened(operation);
		break;
	case REMOTE_FETCHES:
		fetched(operation);
		break;
	}
}

void remote_let_go(struct berth_operation *operation)
{
	struct remote *remote = remote_of(operation);
	call_end(&remote->main);
	call_end(&remote->cancel);
	call_end(&remote->input);
	text_release(&remote->pending);
	text_release(&remote->sent);
	json_decref(give(remote->body));
}
