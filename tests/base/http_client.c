/* http_client.c - sending, and keeping what came back. */
#include "http_client.h"

#include <stdio.h>

const struct http_request get_request = {.method = "GET", .timeout_ms = SOON_MS};

void release_outcome(struct outcome *outcome)
{
	text_release(&outcome->body);
	text_release(&outcome->headers);
	text_release(&outcome->chunks);
}

static void done(void *owner, struct http_answer *answer)
{
	struct outcome *outcome = owner;

	outcome->over = true;
	outcome->calls++;
	outcome->error = answer->error;
	outcome->status = answer->status;
	outcome->sent = answer->sent;
	text_release(&outcome->body);
	outcome->body = answer->body; /* taken over */
	answer->body = (struct text){0};
	text_clear(&outcome->headers);
	text_add(&outcome->headers, text_view(&answer->headers));
	if (outcome->then_get) {
		const struct http_sink sink = {.done = done, .owner = outcome};
		struct http_request request = get_request;
		request.url = outcome->then_get;
		outcome->then_get = NULL;
		outcome->over = false;
		cr_assert(outcome->world->ops->http_send(outcome->world, &request, &sink, NULL));
	}
}

static bool chunk(void *owner, int status, const char *bytes, size_t count)
{
	struct outcome *outcome = owner;

	outcome->chunk_calls++;
	outcome->chunk_status = status;
	text_add_bytes(&outcome->chunks, bytes, count);
	if (outcome->cancel) {
		outcome->world->ops->http_cancel(outcome->world, outcome->cancel);
		outcome->cancel = NULL;
		outcome->over = true;
	}
	return !outcome->refuse_after || outcome->chunk_calls < outcome->refuse_after;
}

const char *url_of(const struct http_server *server, const char *path)
{
	static char urls[8][300];
	static unsigned int next;
	char *url = urls[next++ % 8];

	if (server && server->port)
		snprintf(url, sizeof(urls[0]), "http://127.0.0.1:%u%s", (unsigned int)server->port, path);
	else
		snprintf(url, sizeof(urls[0]), "http://localhost%s", path);
	return url;
}

struct exchange *send_to(struct world *world, const struct http_server *server, const char *path,
			 struct http_request request, bool stream, struct outcome *outcome)
{
	const struct http_sink sink = {.done = done, .chunk = stream ? chunk : NULL, .owner = outcome};
	struct error err = {0};

	request.url = url_of(server, path);
	struct exchange *exchange = world->ops->http_send(world, &request, &sink, &err);
	cr_assert(exchange, "%s", err.text);
	cr_expect_not(outcome->over, "called back from inside the call");
	return exchange;
}

void send_request(struct world *world, const struct http_request *request, struct outcome *outcome)
{
	const struct http_sink sink = {.done = done, .owner = outcome};
	struct error err = {0};

	cr_assert(world->ops->http_send(world, request, &sink, &err), "%s", err.text);
}

void exchange_with(struct world *world, const struct http_server *server, const char *path,
		   struct http_request request, struct outcome *outcome)
{
	send_to(world, server, path, request, false, outcome);
	cr_assert(wait_for(world, &outcome->over, 2 * SOON_MS));
}
