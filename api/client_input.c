/* client_input.c - the input of an exec on its way to a controller, one piece at a time and in order. */
#include <stdio.h>
#include <string.h>

#include "api/client.h"
#include "base/base64.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "locations/location.h"

enum { PIECE = 256 * 1024 };

/* The next piece, with whatever else changed. NULL: there is nothing. */
static json_t *next_piece(struct remote *remote, struct exec_session *session)
{
	size_t count = session->input.length < PIECE ? session->input.length : PIECE;
	bool end = session->input_ended && !remote->end_sent && count == session->input.length;
	if (!count && !end && !session->resized)
		return NULL;
	json_t *body = json_object();
	if (count) {
		owned_text letters = {.secret = true};
		base64_add(&letters, session->input.data, count);
		json_put_text(body, "bytes", text_view(&letters));
		text_add_bytes(&remote->sent, session->input.data, count);
		memmove(session->input.data, session->input.data + count, session->input.length - count + 1);
		session->input.length -= count;
	}
	if (end)
		json_put_flag(body, "end", remote->end_sent = true);
	if (session->resized) {
		json_put_number(body, "rows", session->rows);
		json_put_number(body, "columns", session->columns);
		session->resized = false;
	}
	return body;
}

/* The command did not take it: the same bytes come first again, a little later. */
static void take_back(struct berth_operation *operation, struct exec_session *session)
{
	struct remote *remote = remote_of(operation);
	struct text whole = {.secret = true};
	text_add_bytes(&whole, text_view(&remote->sent), remote->sent.length);
	text_add_bytes(&whole, text_view(&session->input), session->input.length);
	text_release(&session->input);
	session->input = whole;
	remote->end_sent = false;
	operation_wake_after(operation, 100);
}

void remote_input(struct berth_operation *operation)
{
	struct remote *remote = remote_of(operation);
	struct exec_session *session = exec_session_of(operation);
	char path[128];
	struct error ignored = {0};
	if (!session || remote->stage != REMOTE_LISTENS || remote->rehearses)
		return;
	if (remote->input.exchange)
		return;
	if (remote->input.answered) {
		bool refused = remote->input.answer.status == 503;
		call_end(&remote->input);
		if (refused)
			take_back(operation, session);
		text_release(&remote->sent);
		if (refused)
			return;
	}
	owned_secret_json body = next_piece(remote, session);
	if (!body)
		return;
	snprintf(path, sizeof path, "/v1/operations/%s/input", remote->id);
	call_send(&remote->input, operation, "POST", path, body, &ignored);
}
