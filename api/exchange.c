/* exchange.c - one request as libmicrohttpd hands it over in pieces, and its answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/routes.h"
#include "base/cleanup.h"

/* --- its beginning and end ------------------------------------------------------------------ */

static struct guest *guest_of(const struct berth_server *server, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
	    server->http.connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	return info ? info->socket_context : NULL;
}

static struct exchange *exchange_new(struct door *door, struct MHD_Connection *connection, const char *method,
				     const char *path)
{
	struct berth_server *server = door->server;
	struct guest *guest = guest_of(server, connection);
	struct exchange *exchange = guest ? calloc(1, sizeof *exchange) : NULL;
	if (!exchange)
		return NULL;
	exchange->server = server;
	exchange->guest = guest;
	exchange->connection = connection;
	exchange->method = arena_text(&exchange->arena, method);
	exchange->path = arena_text(&exchange->arena, path);
	exchange->body.secret = true; /* it may have what `env:` stands for */
	exchange->next = server->exchanges;
	if (exchange->next)
		exchange->next->previous = exchange;
	server->exchanges = exchange;
	return exchange;
}

static void exchange_free(struct exchange *exchange)
{
	struct berth_server *server = exchange->server;
	if (exchange->previous)
		exchange->previous->next = exchange->next;
	else
		server->exchanges = exchange->next;
	if (exchange->next)
		exchange->next->previous = exchange->previous;
	if (exchange->streams)
		(*watchers_beside(exchange))--;
	tracked_drop(exchange->tracked);
	text_release(&exchange->body);
	text_release(&exchange->line);
	arena_release(&exchange->arena);
	free(exchange);
}

void exchange_completed(void *door, struct MHD_Connection *connection, void **context,
			enum MHD_RequestTerminationCode code)
{
	struct exchange *exchange = *context;
	(void)door, (void)connection, (void)code;
	if (!exchange)
		return;
	exchange->guest->deadline_ms = steady_ms() + HEAD_MS; /* of what may come next */
	exchange_free(exchange);
	*context = NULL;
}

/* --- what it says --------------------------------------------------------------------------- */

const char *exchange_header(const struct exchange *exchange, const char *name)
{
	return exchange->server->http.value(exchange->connection, MHD_HEADER_KIND, name);
}

static enum MHD_Result count_lengths(void *context, enum MHD_ValueKind kind, const char *name,
				     const char *value)
{
	size_t *count = context;
	(void)kind, (void)value;
	*count += strcasecmp(name, "Content-Length") == 0 || strcasecmp(name, "Transfer-Encoding") == 0;
	return MHD_YES;
}

/* Refused before its body is read: whoever sends it is not listened to any longer. */
static void look_at_head(struct exchange *exchange)
{
	const char *length = exchange_header(exchange, "Content-Length");
	int64_t size = 0;
	size_t lengths = 0;
	exchange->server->http.values(exchange->connection, MHD_HEADER_KIND, count_lengths, &lengths);
	if (lengths > 1)
		problem(exchange, 400, NULL, "the length of the body is said twice");
	else if (length && !parse_number(length, 0, INT64_MAX, &size))
		problem(exchange, 400, NULL, "the length of the body is no number");
	else if (size > MOST_BODY)
		problem(exchange, 413, NULL, "the body is longer than %d bytes", MOST_BODY);
}

static void take_body(struct exchange *exchange, const char *bytes, size_t count)
{
	exchange->body_size += count;
	if (exchange->body_size <= MOST_BODY)
		text_add_bytes(&exchange->body, bytes, count);
	else
		text_release(&exchange->body);
}

static void look_at_whole(struct exchange *exchange)
{
	exchange->guest->deadline_ms = 0;
	exchange->taken = true;
	if (exchange->body_size > MOST_BODY)
		problem(exchange, 413, NULL, "the body is longer than %d bytes", MOST_BODY);
	else if (exchange->body.failed)
		problem(exchange, 503, NULL, "out of memory");
	else
		route_run(exchange);
}

enum MHD_Result exchange_take(void *of, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *bytes, size_t *count,
			      void **context)
{
	struct exchange *exchange = *context;
	(void)version;
	if (!exchange) {
		*context = exchange = exchange_new(of, connection, method, url);
		if (!exchange || !exchange->method || !exchange->path)
			return MHD_NO;
		exchange->guest->deadline_ms = steady_ms() + BODY_MS;
		look_at_head(exchange); /* an answer now closes the connection: none of what is well */
		return MHD_YES;
	}
	if (*count) {
		take_body(exchange, bytes, *count);
		*count = 0;
		return MHD_YES;
	}
	if (!exchange->taken) {
		look_at_whole(exchange);
	} else if (!exchange->answered && exchange->waits) {
		exchange->waits = WAITS_NOT;
		if (exchange->revoked)
			problem(exchange, 401, "ask again by another way",
				"what let this in does so no more");
		else
			exchange->finish(exchange);
	}
	return exchange->answered || exchange->suspended ? MHD_YES : MHD_NO;
}

/* --- answers -------------------------------------------------------------------------------- */

void answer_header(struct exchange *exchange, const char *name, const char *value)
{
	if (exchange->header_count == COUNT_OF(exchange->headers))
		return;
	exchange->headers[exchange->header_count].name = name;
	exchange->headers[exchange->header_count++].value = arena_text(&exchange->arena, value);
}

static void write_down(struct exchange *exchange)
{
	owned_text key = {0};
	text_format(&key, "method=\"%s\",route=\"%s\",status=\"%d\"",
		    exchange->route ? exchange->route->method : "other",
		    exchange->route ? exchange->route->path : "other", exchange->status);
	metrics_count(&exchange->server->metrics.requests, text_view(&key));
	audit(exchange);
}

void answer_response(struct exchange *exchange, int status, const char *type, struct MHD_Response *response)
{
	const struct http_library *http = &exchange->server->http;
	if (!response || exchange->answered)
		return;
	if (type)
		http->add_header(response, "Content-Type", type);
	http->add_header(response, "Cache-Control", exchange->tagged ? "private, no-cache" : "no-store");
	http->add_header(response, "X-Content-Type-Options", "nosniff");
	for (size_t i = 0; i < exchange->header_count; i++)
		if (exchange->headers[i].value)
			http->add_header(response, exchange->headers[i].name, exchange->headers[i].value);
	exchange->answered = http->queue(exchange->connection, (unsigned)status, response) == MHD_YES;
	http->destroy(response);
	exchange->status = status;
	write_down(exchange);
}

void answer_text(struct exchange *exchange, int status, const char *type, const char *bytes, size_t size)
{
	const struct http_library *http = &exchange->server->http;
	answer_response(exchange, status, type, http->response(size, (void *)bytes, MHD_RESPMEM_MUST_COPY));
}

void answer_json(struct exchange *exchange, int status, json_t *document)
{
	owned_memory char *line = json_line(document);
	json_decref(document);
	if (line)
		answer_text(exchange, status, status < 400 ? "application/json" : "application/problem+json",
			    line, strlen(line));
}

void answer_empty(struct exchange *exchange, int status)
{
	answer_text(exchange, status, NULL, "", 0);
}

/* --- waiting -------------------------------------------------------------------------------- */

static bool is_over(const struct exchange *exchange, int64_t now_ms)
{
	const struct tracked *tracked = exchange->tracked;
	switch (exchange->waits) {
	case WAITS_END:
		return !tracked->operation;
	case WAITS_START:
		return !tracked->operation || tracked->ring.next;
	case WAITS_RECORDED:
		return tracked_recorded(tracked);
	case WAITS_EVENTS:
		return watch_due(exchange, now_ms);
	case WAITS_NOT:
		break;
	}
	return true;
}

void exchange_suspend(struct exchange *exchange)
{
	exchange->suspended = true;
	exchange->server->http.suspend(exchange->connection);
}

void exchange_wait(struct exchange *exchange, struct tracked *tracked, enum waits waits,
		   void (*finish)(struct exchange *))
{
	if (!exchange->tracked) {
		exchange->tracked = tracked;
		tracked_hold(tracked);
	}
	exchange->finish = finish;
	exchange->waits = waits;
	exchange_suspend(exchange);
}

static void resume(struct exchange *exchange)
{
	exchange->suspended = false;
	exchange->server->http.resume(exchange->connection);
}

void exchanges_wake(struct berth_server *server)
{
	int64_t now_ms = steady_ms();
	for (struct exchange *exchange = server->exchanges; exchange; exchange = exchange->next)
		if (exchange->suspended && (exchange->revoked || is_over(exchange, now_ms)))
			resume(exchange);
}

static bool is_on(const struct exchange *exchange, const struct MHD_Daemon *daemon)
{
	const union MHD_ConnectionInfo *info =
	    exchange->server->http.connection_info(exchange->connection, MHD_CONNECTION_INFO_DAEMON);
	return info && info->daemon == daemon;
}

void exchanges_resume(struct berth_server *server, const struct MHD_Daemon *of)
{
	for (struct exchange *exchange = server->exchanges; exchange; exchange = exchange->next)
		if (exchange->suspended && (!of || is_on(exchange, of)))
			resume(exchange);
}
