/* client_call.c - one request to a controller, and what it says when it refuses. */
#include <string.h>

#include "api/client.h"
#include "base/cleanup.h"
#include "base/json.h"

enum {
	ANSWER_MS = 30000,
	SILENCE_MS = 45000, /* three of the beats of a stream that has nothing to tell */
};

static void answered(void *owner, struct http_answer *answer)
{
	struct call *call = owner;
	call->exchange = NULL;
	call->answer = *answer;
	call->answered = true;
	answer->body = answer->headers = (struct text){0};
	operation_wake(call->operation);
}

static bool take_chunk(void *owner, int status, const char *bytes, size_t count)
{
	struct call *call = owner;
	if (status != 200) {
		text_add_bytes(&call->answer.body, bytes, count < 65536 ? count : 65536);
		return true;
	}
	return remote_take(call->operation, bytes, count);
}

/* What was collected of a refusal stays. */
static void stream_ended(void *owner, struct http_answer *answer)
{
	struct call *call = owner;
	struct text refusal = call->answer.body;
	call->answer.body = (struct text){0};
	if (!answer->body.length)
		answer->body = refusal;
	else
		text_release(&refusal);
	answered(owner, answer);
}

static int send_off(struct call *call, const struct http_request *request, const struct http_sink *sink,
		    const char *extra[2], struct error *err)
{
	struct world *world = call->operation->berth->world;
	const struct client *client = client_of(call->operation);
	struct http_request whole = *request;
	const char *headers[5] = {"Content-Type: application/json"};
	size_t count = 1;
	if (client->authorization)
		headers[count++] = client->authorization;
	for (size_t i = 0; i < 2; i++)
		if (extra[i])
			headers[count++] = extra[i];
	owned_text url = {0};
	text_format(&url, "%s%s", client->base, request->url);
	if (url.failed)
		return fail_memory(err);
	whole.url = url.data;
	whole.headers = headers;
	whole.unix_socket = client->socket;
	whole.tls = client->socket ? NULL : &client->tls;
	call_end(call);
	call->exchange = world->ops->http_send(world, &whole, sink, err);
	return call->exchange ? 0 : -1;
}

int call_send(struct call *call, struct berth_operation *operation, const char *method, const char *path,
	      const json_t *body, struct error *err)
{
	owned_memory char *line = body ? json_line(body) : NULL;
	owned_text key = {0};
	const struct remote *remote = remote_of(operation);
	if (body && !line)
		return fail_memory(err);
	text_format(&key, "Idempotency-Key: %s", remote->key);
	const char *extra[2] = {strcmp(method, "POST") == 0 ? text_view(&key) : NULL};
	const struct http_request request = {
	    .method = method,
	    .url = path,
	    .body = line,
	    .body_size = line ? strlen(line) : 0,
	    .timeout_ms = ANSWER_MS,
	};
	const struct http_sink sink = {.done = answered, .owner = call};
	int failed = send_off(call, &request, &sink, extra, err);
	if (line)
		explicit_bzero(line, strlen(line));
	return failed;
}

int call_listen(struct call *call, struct berth_operation *operation, const char *path, struct error *err)
{
	const struct remote *remote = remote_of(operation);
	owned_text last = {0};
	text_format(&last, "Last-Event-ID: %s", remote->last_event);
	const char *extra[2] = {"Accept: text/event-stream", *remote->last_event ? text_view(&last) : NULL};
	const struct http_request request = {.method = "GET", .url = path, .idle_ms = SILENCE_MS};
	const struct http_sink sink = {.done = stream_ended, .chunk = take_chunk, .owner = call};
	return send_off(call, &request, &sink, extra, err);
}

void call_end(struct call *call)
{
	struct world *world = call->operation ? call->operation->berth->world : NULL;
	if (call->exchange)
		world->ops->http_cancel(world, give(call->exchange));
	text_release(&call->answer.body);
	text_release(&call->answer.headers);
	call->answer = (struct http_answer){0};
	call->answered = false;
}

static enum berth_outcome outcome_of_status(int status)
{
	if (status == 401 || status == 403)
		return BERTH_DENIED;
	if (status == 503)
		return BERTH_LOCKED; /* try again */
	return status == 400 || status == 413 ? BERTH_USAGE : BERTH_FAILED;
}

static enum code code_of_outcome(enum berth_outcome outcome)
{
	switch (outcome) {
	case BERTH_DENIED:
		return ERR_DENIED;
	case BERTH_LOCKED:
		return ERR_LOCKED;
	case BERTH_USAGE:
	case BERTH_INVALID:
		return ERR_INVALID;
	case BERTH_UNREACHABLE:
		return ERR_UNREACHABLE;
	default:
		return ERR_FAILED;
	}
}

void call_refused(const struct call *call, struct error *err, enum berth_outcome *ret_outcome)
{
	const struct client *client = client_of(call->operation);
	const struct http_answer *answer = &call->answer;
	owned_json body =
	    answer->body.length ? json_loadb(answer->body.data, answer->body.length, 0, NULL) : NULL;
	const char *detail = json_text(body, "detail"), *what_to_do = json_text(body, "remedy");
	enum berth_outcome otherwise = outcome_of_status(answer->status);
	*ret_outcome = (enum berth_outcome)json_number(body, "outcome", otherwise);
	if (detail)
		fail(err, code_of_outcome(*ret_outcome), "%s", detail);
	else
		fail(err, code_of_outcome(*ret_outcome), "the controller at %s answers %d", client->name,
		     answer->status);
	if (answer->status == 401)
		remedy(err, "a token that it knows: --token-file FILE");
	else if (what_to_do)
		remedy(err, "%s", what_to_do);
}
