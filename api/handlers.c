/* handlers.c - routes that begin an operation of the library: the request becomes a struct berth_request. */
#include <string.h>

#include "api/routes.h"
#include "base/cleanup.h"

/* --- the request ---------------------------------------------------------------------------- */

struct query {
	struct exchange *exchange;
	struct berth_request *request;
	struct error *err;
	int failed;
};

static enum MHD_Result take_word(void *of, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct query *query = of;
	(void)kind;
	query->failed = request_read_word(query->request, &query->exchange->arena, name, value ? value : "",
					  query->exchange->route->takes, query->err);
	return query->failed ? MHD_NO : MHD_YES;
}

static int read_query(struct exchange *exchange, struct berth_request *request, struct error *err)
{
	struct query query = {exchange, request, err, 0};
	exchange->server->http.values(exchange->connection, MHD_GET_ARGUMENT_KIND, take_word, &query);
	return query.failed;
}

/* NULL and answered when it is none. Without a body: an empty object. */
static json_t *read_body(struct exchange *exchange)
{
	struct error err = {0};
	const char *type = exchange_header(exchange, "Content-Type");
	if (!exchange->body.length)
		return json_object();
	if (!type || strncmp(type, "application/json", strlen("application/json")) != 0) {
		problem(exchange, 415, "Content-Type: application/json", "the body is to be JSON");
		return NULL;
	}
	json_t *body = json_parse(exchange->body.data, exchange->body.length, "the body", &err);
	if (!body)
		problem(exchange, 400, NULL, "%s", err.text);
	return body;
}

/* A blueprint, a place and a file can lead anywhere: who only reads does not name them. */
static bool only_reads(const struct berth_request *request)
{
	return !request->blueprint && !request->plan && !request->file && !request->folder &&
	       !request->locations && !request->settings && !request->environment;
}

static bool refuse_role(struct exchange *exchange, const struct server_verb *verb,
			const struct berth_request *request)
{
	enum role needed = only_reads(request) ? verb->role : ROLE_OPERATE;
	if (exchange->by.role >= needed)
		return false;
	problem(exchange, 403, NULL, "%s may %s; this takes `%s`", exchange->by.who,
		role_name(exchange->by.role), role_name(needed));
	return true;
}

/* --- beginning ------------------------------------------------------------------------------ */

static bool refuse_now(struct exchange *exchange, bool watches)
{
	const struct berth_server *server = exchange->server;
	int most = watches ? MOST_WATCHERS : MOST_RUNNING;
	if (server->stops) {
		problem(exchange, 503, "ask again when it has been started anew", "the controller is ending");
		return true;
	}
	if (tracked_beside(server, &exchange->by, watches) < (size_t)most)
		return false;
	problem(exchange, 503, "ask again when some have ended", "%d %s", most,
		watches ? "watch already" : "operations are under way");
	return true;
}

/* NULL and answered when it could not begin. */
static struct tracked *begin(struct exchange *exchange, const struct server_verb *verb,
			     const struct berth_request *request, const char *key)
{
	struct berth_error error = {.outcome = BERTH_FAILED, .text = "out of memory"};
	if (refuse_role(exchange, verb, request) || refuse_now(exchange, is_watch(verb, request)))
		return NULL;
	struct tracked *tracked = tracked_begin(exchange->server, verb, request, &exchange->by, key, &error);
	if (!tracked)
		problem_begin(exchange, &error);
	return tracked;
}

/* One that goes with this exchange. */
static void begin_passing(struct exchange *exchange, const struct server_verb *verb,
			  const struct berth_request *request, enum waits waits,
			  void (*finish)(struct exchange *))
{
	struct tracked *tracked = begin(exchange, verb, request, NULL);
	if (!tracked)
		return;
	tracked->passing = true;
	exchange_wait(exchange, tracked, waits, finish);
}

static void finish_document(struct exchange *exchange)
{
	const struct tracked *tracked = exchange->tracked;
	const char *result = tracked->result ? tracked->result : "";
	if (tracked->outcome != BERTH_OK)
		problem_tracked(exchange, tracked);
	else
		answer_tagged(exchange, *result == '{' ? "application/json" : "text/plain; charset=utf-8",
			      result, strlen(result));
}

void run_document(struct exchange *exchange)
{
	struct berth_request request = {.size = sizeof request, .app = exchange->arguments[0]};
	struct error err = {0};
	const struct server_verb *verb = server_verb_find(exchange->route->verb);
	if (read_query(exchange, &request, &err)) {
		problem_error(exchange, &err);
		return;
	}
	begin_passing(exchange, verb, &request, WAITS_END, finish_document);
}

/* --- by a body ------------------------------------------------------------------------------ */

static void answer_operation(struct exchange *exchange, struct tracked *tracked)
{
	owned_text body = {0}, place = {0};
	text_format(&place, "/v1/operations/%s", tracked->id);
	tracked_write(&body, NULL, tracked, false);
	if (!exchange->tracked) {
		exchange->tracked = tracked; /* for the audit */
		tracked_hold(tracked);
	}
	answer_header(exchange, "Location", text_view(&place));
	if (!body.failed)
		answer_text(exchange, 202, "application/json", body.data, body.length);
}

/* It changes nothing, since it was meant for another revision of its application. */
static bool is_stale(const struct tracked *tracked)
{
	if (tracked->operation || !tracked->result || *tracked->result != '{')
		return false;
	owned_json result = json_loads(tracked->result, 0, NULL);
	const char *code = json_text(json_object_get(result, "error"), "code");
	return code && strcmp(code, "stale") == 0;
}

static void answer_recorded(struct exchange *exchange, struct tracked *tracked)
{
	if (is_stale(tracked))
		problem_tracked(exchange, tracked);
	else
		answer_operation(exchange, tracked);
}

static void finish_recorded(struct exchange *exchange)
{
	answer_recorded(exchange, exchange->tracked);
}

/* One that may not be meant for what is there is waited for until that is known; one that lasts, until it is
 * certain to. */
static void answer_begun(struct exchange *exchange, struct tracked *tracked)
{
	if (!tracked_recorded(tracked))
		exchange_wait(exchange, tracked, WAITS_RECORDED, finish_recorded);
	else
		answer_recorded(exchange, tracked);
}

/* What the key was given for before: true when that answers it. `digest`: of the request that comes now. */
static bool answer_again(struct exchange *exchange, const char *key, const char *digest)
{
	struct tracked *before = key ? tracked_by_key(exchange->server, key) : NULL;
	if (!before)
		return false;
	/* Of one that was begun by a controller that was killed only the key is known, and whose it was. */
	if (before->resumed ? strcmp(before->by.who, exchange->by.who) == 0
			    : strcmp(before->digest, digest) == 0)
		answer_begun(exchange, before);
	else
		problem(exchange, 422, "another request takes another key",
			"this Idempotency-Key came with another request before");
	return true;
}

static void add_piece(struct text *all, const char *text)
{
	text_add_bytes(all, text ? text : "", text ? strlen(text) + 1 : 0);
	text_add_char(all, '\n');
}

static enum MHD_Result add_word(void *of, enum MHD_ValueKind kind, const char *name, const char *value)
{
	(void)kind;
	add_piece(of, name);
	add_piece(of, value);
	return MHD_YES;
}

/* Of all that decides what becomes of it, and of who asks. */
static int digest_request(const struct exchange *exchange, char ret_digest[DIGEST_HEX])
{
	owned_text all = {.secret = true};
	add_piece(&all, exchange->by.who);
	add_piece(&all, exchange->by.token);
	add_piece(&all, exchange->method);
	add_piece(&all, exchange->path);
	add_piece(&all, exchange_header(exchange, "If-Match"));
	add_piece(&all, exchange_header(exchange, "If-None-Match"));
	exchange->server->http.values(exchange->connection, MHD_GET_ARGUMENT_KIND, add_word, &all);
	text_add_bytes(&all, text_view(&exchange->body), exchange->body.length);
	return all.failed ? -1 : digest_hex(all.data, all.length, ret_digest);
}

static void begin_operation(struct exchange *exchange, const struct server_verb *verb,
			    struct berth_request *request)
{
	char digest[DIGEST_HEX] = "";
	const char *key = exchange_header(exchange, "Idempotency-Key");
	if (key && (!*key || strlen(key) > 200 || digest_request(exchange, digest))) {
		problem(exchange, 400, NULL, "an Idempotency-Key has 1 to 200 characters");
		return;
	}
	if (answer_again(exchange, key, digest) || tags_read(exchange, verb, request))
		return;
	struct tracked *tracked = begin(exchange, verb, request, key);
	if (!tracked)
		return;
	strcpy(tracked->digest, digest);
	tracked->conditional = request->if_revision || request->if_new;
	answer_begun(exchange, tracked);
}

/* None at all is a number too, and nobody's default. */
static bool lacks_count(struct exchange *exchange, const char *verb, const json_t *body)
{
	if (strcmp(verb, "scale") != 0 || json_object_get(body, "count"))
		return false;
	problem(exchange, 400, NULL, "the body says no `count`");
	return true;
}

/* 0; or -1 and answered. */
static int read_posted(struct exchange *exchange, struct berth_request *request)
{
	struct error err = {0};
	owned_secret_json body = read_body(exchange);
	if (!body || lacks_count(exchange, exchange->route->verb, body))
		return -1;
	if (request_read(request, &exchange->arena, body, exchange->route->takes, &err) ||
	    read_query(exchange, request, &err)) {
		problem_error(exchange, &err);
		return -1;
	}
	if (exchange->arguments[0])
		request->app = exchange->arguments[0];
	return 0;
}

void run_operation(struct exchange *exchange)
{
	struct berth_request request = {.size = sizeof request};
	if (read_posted(exchange, &request) == 0)
		begin_operation(exchange, server_verb_find(exchange->route->verb), &request);
}

void run_posted(struct exchange *exchange)
{
	struct berth_request request = {.size = sizeof request};
	if (read_posted(exchange, &request))
		return;
	begin_passing(exchange, server_verb_find(exchange->route->verb), &request, WAITS_END,
		      finish_document);
}

void run_verb(struct exchange *exchange)
{
	struct berth_request request = {.size = sizeof request};
	struct error err = {0};
	owned_secret_json body = read_body(exchange);
	if (!body)
		return;
	const char *name = json_text(body, "verb");
	const struct server_verb *verb = name ? server_verb_find(name) : NULL;
	if (!verb) {
		problem(exchange, 400, NULL, name ? "there is no verb `%.64s`" : "the body says no `verb`",
			name);
		return;
	}
	if (lacks_count(exchange, verb->name, body))
		return;
	json_object_del(body, "verb");
	if (request_read(&request, &exchange->arena, body, verb->takes, &err))
		problem_error(exchange, &err);
	else
		begin_operation(exchange, verb, &request);
}

/* --- logs ----------------------------------------------------------------------------------- */

static bool wants_events(const struct exchange *exchange)
{
	const char *accept = exchange_header(exchange, "Accept");
	return accept && strstr(accept, "text/event-stream");
}

static void finish_logs(struct exchange *exchange)
{
	struct tracked *tracked = exchange->tracked;
	if (!tracked->operation && tracked->outcome != BERTH_OK)
		problem_tracked(exchange, tracked);
	else
		watch_begin(exchange, tracked, !wants_events(exchange));
}

void run_logs(struct exchange *exchange)
{
	struct berth_request request = {.size = sizeof request, .app = exchange->arguments[0]};
	struct error err = {0};
	if (read_query(exchange, &request, &err)) {
		problem_error(exchange, &err);
		return;
	}
	begin_passing(exchange, server_verb_find("logs"), &request, WAITS_START, finish_logs);
}

/* --- records -------------------------------------------------------------------------------- */

void run_events(struct exchange *exchange)
{
	struct berth_request request = {
	    .size = sizeof request, .app = exchange->arguments[0], .follow = true};
	const char *last = exchange_header(exchange, "Last-Event-ID");
	struct error err = {0};
	if (!wants_events(exchange)) {
		run_document(exchange);
		return;
	}
	if (read_query(exchange, &request, &err)) {
		problem_error(exchange, &err);
		return;
	}
	if (last && parse_number(last, 0, INT64_MAX - 1, &request.after))
		request.tail = 0;
	struct tracked *tracked = begin(exchange, server_verb_find("events"), &request, NULL);
	if (!tracked)
		return;
	tracked->passing = tracked->by_record = true;
	tracked->record = (uint64_t)request.after;
	watch_begin(exchange, tracked, false);
}
