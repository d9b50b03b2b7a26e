/* handlers_operations.c - routes about operations: what goes on, how it ended, its events, its input. */
#include <string.h>

#include "api/routes.h"
#include "base/base64.h"
#include "base/cleanup.h"
#include "base/json_write.h"

/* The operation that the path names; NULL and answered when there is none. */
static struct tracked *named(struct exchange *exchange)
{
	struct tracked *tracked = tracked_find(exchange->server, exchange->arguments[0]);
	if (!tracked)
		problem(exchange, 404, "GET /v1/operations lists those there are",
			"there is no such operation, or it ended long ago");
	else
		tracked->alone_since_ms = steady_ms(); /* somebody cares */
	return tracked;
}

void run_operation_list(struct exchange *exchange)
{
	owned_text body = {0};
	json_open(&body, NULL, '{');
	json_write_text(&body, "format_version", "1");
	json_open(&body, "operations", '[');
	for (const struct tracked *tracked = exchange->server->tracked; tracked; tracked = tracked->next)
		if (!tracked->passing)
			tracked_write(&body, NULL, tracked, false);
	json_close(&body, ']');
	json_close(&body, '}');
	if (!body.failed)
		answer_text(exchange, 200, "application/json", body.data, body.length);
}

static void show(struct exchange *exchange, const struct tracked *tracked, int status, bool whole)
{
	owned_text body = {0};
	tracked_write(&body, NULL, tracked, whole);
	if (!body.failed)
		answer_text(exchange, status, "application/json", body.data, body.length);
}

void run_operation_show(struct exchange *exchange)
{
	struct tracked *tracked = named(exchange);
	if (!tracked)
		return;
	tracked->told |= !tracked->operation;
	show(exchange, tracked, 200, access_hears(exchange, tracked));
}

static void finish_cancel(struct exchange *exchange)
{
	show(exchange, exchange->tracked, 202, false);
}

void run_operation_cancel(struct exchange *exchange)
{
	struct tracked *tracked = named(exchange);
	if (!tracked)
		return;
	enum role needed = access_hears(exchange, tracked) ? tracked->verb->role : ROLE_OPERATE;
	if (exchange->by.role < needed) {
		problem(exchange, 403, NULL, "%s may %s; this takes `%s`", exchange->by.who,
			role_name(exchange->by.role), role_name(needed));
		return;
	}
	tracked_cancel(tracked);
	if (!tracked_recorded(tracked))
		exchange_wait(exchange, tracked, WAITS_RECORDED, finish_cancel);
	else
		show(exchange, tracked, 202, false);
}

void run_operation_events(struct exchange *exchange)
{
	struct tracked *tracked = named(exchange);
	if (tracked && access_hears(exchange, tracked))
		watch_begin(exchange, tracked, false);
	else if (tracked)
		problem(exchange, 403, NULL,
			"%s may %s; the events of an operation of somebody else take `%s`", exchange->by.who,
			role_name(exchange->by.role), role_name(ROLE_OPERATE));
}

/* --- input of an exec ----------------------------------------------------------------------- */

enum { MOST_WAITING = 1024 * 1024 };

static bool give_bytes(struct exchange *exchange, struct tracked *tracked, const char *letters)
{
	owned_text bytes = {.secret = true};
	if (!base64_decode(letters, &bytes)) {
		problem(exchange, 400, NULL, "`bytes` is no base64");
		return false;
	}
	if (berth_exec_input_waiting(tracked->operation) > MOST_WAITING) {
		problem(exchange, 503, "send it again a little later", "the command does not take its input");
		return false;
	}
	if (bytes.length)
		berth_exec_input(tracked->operation, bytes.data, bytes.length);
	return true;
}

void run_operation_input(struct exchange *exchange)
{
	struct tracked *tracked = named(exchange);
	struct error err = {0};
	if (!tracked)
		return;
	owned_secret_json body =
	    json_parse(text_view(&exchange->body), exchange->body.length, "the body", &err);
	const char *letters = json_text(body, "bytes");
	int64_t rows = json_number(body, "rows", 0), columns = json_number(body, "columns", 0);
	if (!json_is_object(body)) {
		problem(exchange, 400, NULL, "%s", err.code ? err.text : "the body is no JSON object");
		return;
	}
	if (!tracked->operation || strcmp(tracked->verb->name, "exec") != 0) {
		problem(exchange, 409, NULL, "it is no exec that goes on");
		return;
	}
	bool resizes = json_object_get(body, "rows") || json_object_get(body, "columns");
	if (resizes && !(rows > 0 && rows <= UINT16_MAX && columns > 0 && columns <= UINT16_MAX)) {
		problem(exchange, 400, NULL, "`rows` and `columns` are numbers from 1 to %d, both of them",
			UINT16_MAX);
		return;
	}
	if (letters && !give_bytes(exchange, tracked, letters))
		return;
	if (resizes)
		berth_exec_resize(tracked->operation, (unsigned)rows, (unsigned)columns);
	if (json_flag(body, "end", false))
		berth_exec_input_end(tracked->operation);
	answer_empty(exchange, 204);
}
