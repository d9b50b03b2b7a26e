/* call.c - one request to Marathon, or to Mesos beside it: sent to one of its addresses after the other,
 * answered, refused in its own words, or unknown. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "locations/marathon/marathon.h"

void marathon_call_release(struct marathon_call *call)
{
	if (call->exchange)
		call->flow->marathon->world->ops->http_cancel(call->flow->marathon->world, call->exchange);
	text_release(&call->body);
	text_release(&call->headers);
	json_decref(call->json);
	*call = (struct marathon_call){0};
}

static void done(void *owner, struct http_answer *answer)
{
	struct marathon_call *call = owner;

	call->exchange = NULL;
	call->error = answer->error;
	call->status = answer->status;
	call->sent = answer->sent;
	call->body = answer->body;
	answer->body = (struct text){0};
	call->headers = answer->headers;
	answer->headers = (struct text){0};
	flow_returned(call->flow);
}

/* Agents, and other frameworks of that Mesos, are not to learn with what Marathon is asked; nor is whoever
 * listens on the way, where it is reached behind TLS. */
static bool is_for_it(const struct marathon *marathon, const struct marathon_question *question,
		      const char *base)
{
	if (!question->base && !marathon->by_mesos)
		return true; /* as it was written */
	return (!question->base || question->known) && (!marathon->secure || starts_with(base, "https://"));
}

struct exchange *marathon_send(struct marathon *marathon, const struct marathon_question *question,
			       const char *accept, int64_t idle_ms, const struct http_sink *sink,
			       struct error *err)
{
	owned_memory char *body = question->body ? json_line(question->body) : NULL;
	const char *headers[4] = {accept};
	size_t count = 1;
	owned_text url = {0};
	bool reads = !strcmp(question->method, "GET");
	const char *base = question->base ? question->base : marathon->bases[marathon->base];

	text_add(&url, base);
	text_add(&url, question->path);
	if (url.failed || (question->body && !body)) {
		fail_memory(err);
		return NULL;
	}
	if (body)
		headers[count++] = "Content-Type: application/json";
	if (marathon->authorization && is_for_it(marathon, question, base))
		headers[count++] = marathon->authorization;
	const struct http_request request = {
	    .method = question->method,
	    .url = text_view(&url),
	    .headers = headers,
	    /* A proxying standby drops what has no length, so it always has one. */
	    .body = body    ? body
		    : reads ? NULL
			    : "",
	    .body_size = body ? strlen(body) : 0,
	    .tls = marathon->secure ? &marathon->tls : NULL,
	    .timeout_ms = idle_ms              ? 0
			  : question->limit_ms ? question->limit_ms
			  : reads              ? READ_MS
					       : CHANGE_MS,
	    .idle_ms = idle_ms,
	    .fresh = !reads,
	};
	return marathon->world->ops->http_send(marathon->world, &request, sink, err);
}

static int send(struct flow *flow, unsigned slot, struct error *err)
{
	const struct marathon_question *question = &flow->questions[slot];
	struct marathon_call *call = &flow->calls[slot];
	const struct http_sink sink = {.done = done, .owner = call};

	marathon_call_release(call);
	call->flow = flow;
	call->reads = !strcmp(question->method, "GET");
	snprintf(call->what, sizeof(call->what), "%s %.*s", question->method,
		 (int)strcspn(question->path, "?"), question->path);
	call->exchange = marathon_send(flow->marathon, question, "Accept: application/json", 0, &sink, err);
	if (!call->exchange)
		return -1;
	flow->waiting++;
	return 0;
}

/* --- another address, another moment --------------------------------------------------------------- */

/* Nobody at that address leads, or knows who does. */
static bool leaderless(const struct marathon_call *call)
{
	return call->error.code == OK &&
	       (call->status == 502 || ((call->status == 503 || call->status == 500) && !call->body.length));
}

/* It is asked of another one without harm: nothing was said, or nothing was asked to change. */
static bool may_repeat(const struct marathon_call *call)
{
	if (leaderless(call))
		return call->reads;
	return call->error.code == ERR_UNREACHABLE && (!call->sent || call->reads);
}

static flow_step returned, again;

static enum progress again(struct flow *flow, struct error *err)
{
	for (unsigned i = 0; i < CALLS; i++)
		if (flow->calls[i].flow && !flow->questions[i].base && may_repeat(&flow->calls[i]) &&
		    send(flow, i, err) < 0)
			return PROGRESS_FAILED;
	flow->step = returned;
	return PROGRESS_WAITING;
}

static enum progress returned(struct flow *flow, struct error *err)
{
	struct marathon *marathon = flow->marathon;
	bool repeat = false, waits = false;

	for (unsigned i = 0; i < CALLS; i++)
		if (flow->calls[i].flow && !flow->questions[i].base && may_repeat(&flow->calls[i])) {
			repeat = true;
			waits |= leaderless(&flow->calls[i]);
		}
	if (!repeat)
		return flow_go(flow, flow->answered);
	marathon->base = (marathon->base + 1) % marathon->base_count;
	if (++flow->tried < marathon->base_count)
		return flow_go(flow, again);
	/* All were asked. While another one is chosen it is worth asking again. */
	if (!waits || flow_now(flow) - flow->round_ms > ELECTION_MS)
		return flow_go(flow, flow->answered);
	flow->tried = 0;
	return flow_pause(flow, 500, again, err);
}

enum progress marathon_ask(struct flow *flow, unsigned slot, const struct marathon_question *question,
			   flow_step *next, struct error *err)
{
	json_decref(flow->questions[slot].body);
	flow->questions[slot] = *question;
	if (!question->path)
		return flow_no_memory(err);
	flow->tried = 0;
	flow->round_ms = flow_now(flow);
	flow->answered = next;
	flow->step = returned;
	if (slot == 0)
		for (unsigned i = 1; i < CALLS; i++)
			marathon_call_release(&flow->calls[i]);
	return send(flow, slot, err) < 0 ? PROGRESS_FAILED : PROGRESS_WAITING;
}

/* --- what came of it -------------------------------------------------------------------------------- */

bool marathon_ok(const struct marathon_call *call)
{
	return call->error.code == OK && call->status / 100 == 2;
}

bool marathon_unsure(const struct marathon_call *call)
{
	return call->error.code != OK ? call->sent : leaderless(call);
}

bool marathon_absent(const struct marathon_call *call)
{
	return call->error.code == OK && call->status == 404;
}

bool marathon_locked(struct marathon_call *call)
{
	owned_arena arena = {0};
	struct marathon_refusal refusal;

	return call->error.code == OK && (call->status == 409 || call->status == 403) &&
	       marathon_refusal_read(call->status, text_view(&call->body), call->body.length, &arena,
				     &refusal) == 0 &&
	       (refusal.lock_count || refusal.full);
}

const json_t *marathon_json(struct marathon_call *call, struct error *err)
{
	struct error why;

	if (call->json)
		return call->json;
	call->json = json_parse(text_view(&call->body), call->body.length, "answer", &why);
	if (call->json) {
		text_release(&call->body); /* nobody reads it twice */
		return call->json;
	}
	if (why.code == ERR_NO_MEMORY)
		fail_memory(err);
	else
		fail(err, ERR_UNREACHABLE, "location `%s`: %s answered something that is no JSON (HTTP %d)",
		     call->flow->marathon->location->name, call->what, call->status);
	return NULL;
}

static enum code code_of(const struct marathon_call *call)
{
	switch (call->status) {
	case 400:
	case 415:
	case 422:
		return ERR_INVALID;
	case 401:
	case 403:
		return ERR_DENIED;
	case 404:
		return ERR_MISSING;
	case 409:
		return ERR_CONFLICT;
	default:
		/* A read that is refused by none of the asker's faults tells nothing of what is there. */
		return call->reads || marathon_unsure(call) ? ERR_UNREACHABLE : ERR_FAILED;
	}
}

static void explain(const struct marathon_call *call, const char *doing, struct error *err)
{
	const struct marathon *marathon = call->flow->marathon;
	enum code code =
	    call->error.code == ERR_TIMED_OUT && call->reads ? ERR_UNREACHABLE : call->error.code;

	fail(err, code, "%s: %s: %s", doing, call->what, call->error.text);
	if (*call->error.remedy)
		remedy(err, "%s", call->error.remedy);
	else if (marathon->by_mesos && !marathon->base_count)
		remedy(err, "see whether Mesos runs: `curl %s/master/frameworks`", marathon->shown);
	else
		remedy(err, "see whether Marathon runs: `curl %s/v2/info`",
		       marathon->by_mesos ? marathon->bases[marathon->base] : marathon->shown);
}

/* Whoever stands before it would have us ask another, which has not to be Marathon's. */
static enum progress sent_elsewhere(const struct marathon_call *call, const char *doing, struct error *err)
{
	char to[200] = "";
	owned_text shown = {0};

	marathon_header(text_view(&call->headers), "Location", to, sizeof(to));
	text_add_printable(&shown, to, strlen(to));
	fail(err, ERR_UNREACHABLE, "%s: it answered %d and sends to `%s`", doing, call->status,
	     text_view(&shown));
	remedy(err,
	       "where that is Marathon name it in the location; where it is a page to log in at, give the "
	       "location a `token`");
	return PROGRESS_FAILED;
}

enum progress marathon_failed(struct marathon_call *call, struct error *err, const char *format, ...)
{
	const struct marathon *marathon = call->flow->marathon;
	struct marathon_refusal refusal;
	owned_text doing = {0};
	va_list arguments;

	text_format(&doing, "location `%s`: ", marathon->location->name);
	va_start(arguments, format);
	text_vformat(&doing, format, arguments);
	va_end(arguments);
	if (call->error.code != OK) {
		explain(call, text_view(&doing), err);
		return PROGRESS_FAILED;
	}
	if (call->status / 100 == 3)
		return sent_elsewhere(call, text_view(&doing), err);
	if (marathon_refusal_read(call->status, text_view(&call->body), call->body.length, &call->flow->arena,
				  &refusal) < 0)
		return flow_no_memory(err);
	fail(err, refusal.full ? ERR_CONFLICT : code_of(call), "%s: %s", text_view(&doing), refusal.words);
	if (call->status == 401 && !marathon->authorization)
		remedy(err, "give the location a `user` and a `password`, or a `token`");
	return PROGRESS_FAILED;
}

/* --- texts ------------------------------------------------------------------------------------------- */

bool marathon_header(const char *headers, const char *name, char *ret, size_t size)
{
	size_t length = strlen(name);

	for (const char *line = headers; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		if (strncasecmp(line, name, length) != 0 || line[length] != ':')
			continue;
		line += length + 1;
		line += strspn(line, " \t");
		snprintf(ret, size, "%.*s", (int)strcspn(line, "\r\n"), line);
		return true;
	}
	return false;
}

/* Scheme, host and port: how much of the address they are. */
static size_t origin_length(const char *url)
{
	const char *host = strstr(url, "://");

	return host ? (size_t)(host + 3 - url) + strcspn(host + 3, "/") : strlen(url);
}

const char *marathon_absolute(struct arena *arena, const char *to, const char *base)
{
	if (starts_with(to, "//"))
		return arena_format(arena, "%.*s%s", (int)strcspn(base, "/"), base, to);
	if (*to == '/')
		return arena_format(arena, "%.*s%s", (int)origin_length(base), base, to);
	return strstr(to, "://") ? arena_text(arena, to) : NULL;
}

bool marathon_is_its_own(const struct marathon *marathon, const char *url)
{
	const char *base = marathon->bases[marathon->base];
	size_t length = origin_length(base);

	return length == origin_length(url) && !strncmp(base, url, length);
}

const char *marathon_redirect(struct arena *arena, const char *headers, const char *base)
{
	char to[1024];

	return marathon_header(headers, "Location", to, sizeof(to)) ? marathon_absolute(arena, to, base)
								    : NULL;
}

char *marathon_escaped(struct arena *arena, const char *value)
{
	owned_text text = {0};

	for (; *value; value++) {
		unsigned char c = (unsigned char)*value;
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			     strchr("-_.~", c);
		if (plain)
			text_add_char(&text, (char)c);
		else
			text_format(&text, "%%%02X", c);
	}
	return text.failed ? NULL : arena_text(arena, text_view(&text));
}
