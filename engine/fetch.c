/* fetch.c - a blueprint that lies behind a URL is fetched before the verb begins. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "engine/deploy.h"

#define ANSWER_MS   10000
#define MOST_BYTES  (16 * 1024 * 1024)
#define MOST_HOPS   5
#define LONGEST_URL 2048

struct fetching {
	struct exchange *exchange;
	char url[LONGEST_URL]; /* where it is asked now */
	int hops;
	bool arrived;
	struct http_answer answer;
};

bool is_url(const char *file)
{
	return file && (starts_with(file, "http://") || starts_with(file, "https://"));
}

static void forget_answer(struct fetching *fetching)
{
	text_release(&fetching->answer.body);
	text_release(&fetching->answer.headers);
	fetching->answer = (struct http_answer){0};
	fetching->arrived = false;
}

void fetch_end(struct berth_operation *operation)
{
	struct fetching *fetching = operation->fetching;
	if (!fetching)
		return;
	if (fetching->exchange)
		operation->berth->world->ops->http_cancel(operation->berth->world, fetching->exchange);
	forget_answer(fetching);
	operation->fetching = NULL;
}

static void answered(void *owner, struct http_answer *answer)
{
	struct berth_operation *operation = owner;
	struct fetching *fetching = operation->fetching;
	fetching->exchange = NULL;
	fetching->answer = *answer;
	fetching->arrived = true;
	answer->body = answer->headers = (struct text){0};
	operation_wake(operation);
}

/* Its error is in operation->error. */
static int send_off(struct berth_operation *operation, struct fetching *fetching)
{
	struct world *world = operation->berth->world;
	const struct http_request request = {
	    .method = "GET", .url = fetching->url, .timeout_ms = ANSWER_MS, .body_limit = MOST_BYTES + 1};
	const struct http_sink sink = {.done = answered, .owner = operation};
	fetching->exchange = world->ops->http_send(world, &request, &sink, operation_error(operation));
	return fetching->exchange ? 0 : -1;
}

static int begin(struct berth_operation *operation)
{
	const char *url = operation->request.file;
	struct fetching *fetching = arena_array(&operation->arena, struct fetching, 1);
	if (!fetching)
		return fail_memory(operation_error(operation));
	if (strlen(url) >= sizeof fetching->url)
		return fail(operation_error(operation), ERR_INVALID, "the URL of the blueprint is too long");
	strcpy(fetching->url, url);
	operation->fetching = fetching;
	return send_off(operation, fetching);
}

/* The value of a header, cut to its line; NULL when there is none. */
static const char *header(const struct text *headers, const char *name, int *ret_length)
{
	size_t length = strlen(name);
	for (const char *line = text_view(headers); *line;
	     line += strcspn(line, "\n"), line += *line == '\n') {
		if (strncasecmp(line, name, length) != 0 || line[length] != ':')
			continue;
		line += length + 1;
		line += strspn(line, " \t");
		*ret_length = (int)strcspn(line, "\r\n");
		return line;
	}
	return NULL;
}

/* Only to another place on the web, never from a guarded connection to an open one. */
static int follow(struct berth_operation *operation, struct fetching *fetching)
{
	int length = 0;
	const char *to = header(&fetching->answer.headers, "Location", &length);
	char target[LONGEST_URL] = "";
	const char *authority = strstr(fetching->url, "://") + 3;
	int origin = (int)(authority - fetching->url + (ptrdiff_t)strcspn(authority, "/?#"));
	if (to && *to == '/' && to[1] != '/')
		snprintf(target, sizeof target, "%.*s%.*s", origin, fetching->url, length, to);
	else if (to)
		snprintf(target, sizeof target, "%.*s", length, to);
	if (!is_url(target) || ++fetching->hops > MOST_HOPS ||
	    (starts_with(fetching->url, "https:") && !starts_with(target, "https:")))
		return fail(operation_error(operation), ERR_INVALID,
			    "%s sends on to `%.200s`, which is not followed", operation->request.file,
			    target);
	strcpy(fetching->url, target);
	forget_answer(fetching);
	return send_off(operation, fetching);
}

static int take(struct berth_operation *operation, struct fetching *fetching)
{
	struct berth_request *request = &operation->request;
	const struct text *body = &fetching->answer.body;
	request->blueprint = arena_copy(&operation->arena, text_view(body), body->length);
	request->blueprint_size = body->length;
	fetch_end(operation);
	return request->blueprint ? 0 : fail_memory(operation_error(operation));
}

static int look_at_answer(struct berth_operation *operation, struct fetching *fetching)
{
	const struct http_answer *answer = &fetching->answer;
	if (answer->error.code) {
		fail(operation_error(operation), answer->error.code, "cannot fetch %s: %s",
		     operation->request.file, answer->error.text);
		remedy(operation_error(operation), "%s", answer->error.remedy);
		return -1;
	}
	if (answer->status / 100 == 3)
		return follow(operation, fetching);
	if (answer->status == 200)
		return take(operation, fetching);
	bool refused = answer->status == 401 || answer->status == 403;
	enum code code = refused ? ERR_DENIED : answer->status >= 500 ? ERR_UNREACHABLE : ERR_MISSING;
	fail(operation_error(operation), code, "cannot fetch %s: it answers %d", operation->request.file,
	     answer->status);
	if (refused)
		remedy(operation_error(operation),
		       "fetch it with your credentials: `curl ... | berth ... -`");
	return -1;
}

/* A URL that leads nowhere is bad usage, as a file that is not there is. */
static bool fetch_failed(struct berth_operation *operation)
{
	if (operation_failure(operation)->code != ERR_MISSING)
		return stage_failed(operation);
	operation_finish(operation, BERTH_USAGE, document_new(operation->request.app));
	return false;
}

bool operation_fetched(struct berth_operation *operation)
{
	const struct berth_request *request = &operation->request;
	struct fetching *fetching = operation->fetching;
	if (request->blueprint || request->plan || !is_url(request->file))
		return true;
	if (operation->cancelled) {
		fail(operation_error(operation), operation->timed_out ? ERR_TIMED_OUT : ERR_CANCELLED,
		     operation->timed_out ? "the blueprint did not come in time" : "interrupted");
		return stage_failed(operation);
	}
	int failed = fetching && fetching->arrived ? look_at_answer(operation, fetching)
		     : fetching                    ? 0
						   : begin(operation);
	if (failed)
		return fetch_failed(operation);
	return request->blueprint != NULL;
}
