/* call.c - one request to the engine: sent, answered, refused in its own words, or unknown. */
#include <stdio.h>
#include <string.h>

#include "locations/docker/docker.h"

enum { WORDS_MAX = 300 };

enum progress out_of_memory(struct error *err)
{
	fail_memory(err);
	return PROGRESS_FAILED;
}

/* Whatever came of it. */
static void landed(struct call *call)
{
	call->exchange = NULL;
	if (call->patient)
		pulse_rest(call->task->docker);
	call->patient = false;
}

void call_release(struct call *call)
{
	if (call->exchange) {
		call->task->docker->world->ops->http_cancel(call->task->docker->world, call->exchange);
		landed(call);
	}
	text_release(&call->body);
	text_release(&call->headers);
	json_decref(call->json);
	if (call->stream) {
		text_release(&call->stream->kept);
		text_release(&call->stream->refusal);
	}
	*call = (struct call){0};
}

static void done(void *owner, struct http_answer *answer)
{
	struct call *call = owner;

	if (answer->error.code == OK)
		pulse_heard(call->task->docker);
	else if (answer->error.code == ERR_TIMED_OUT)
		pulse_missed(call->task->docker);
	landed(call);
	call->error = answer->error;
	call->status = podman_status(call->task->docker, answer->status, &answer->body);
	call->sent = answer->sent;
	call->body = answer->body;
	answer->body = (struct text){0};
	call->headers = answer->headers;
	answer->headers = (struct text){0};
	task_returned(call->task);
}

void call_give_up(struct call *call)
{
	const struct docker *docker = call->task->docker;

	docker->world->ops->http_cancel(docker->world, call->exchange);
	landed(call);
	call->sent = true;
	fail(&call->error, ERR_TIMED_OUT, "%s unanswered for %lld s by %s, as are pings", call->what,
	     (long long)(task_now(call->task) - call->asked_ms) / 1000, docker->endpoint.shown);
	remedy(&call->error, "see whether the engine hangs: `docker ps` and its log");
	task_returned(call->task);
}

/* A refusal comes as one short answer, even where a stream was asked for. */
static bool chunk(void *owner, int status, const char *bytes, size_t count)
{
	struct call *call = owner;

	if (status < 300)
		call->stream->take(call->stream, bytes, count);
	else if (call->stream->refusal.length < 4096)
		text_add_bytes(&call->stream->refusal, bytes, count);
	return true;
}

/* A question as it goes over the wire; its texts live as long as these. */
struct wire {
	struct http_tls tls;
	struct text url;
	char *body;
	const char *headers[3];
	struct http_request request;
};

static void wire_release(struct wire *wire)
{
	text_release(&wire->url);
	free(wire->body);
}

static int wire_write(const struct docker *docker, const struct question *question, struct wire *wire,
		      struct error *err)
{
	const struct text *archive = question->archive;
	size_t header_count = 0;
	bool reads = !strcmp(question->method, "GET");

	wire->tls = docker->endpoint.tls;
	wire->tls.not_newer_than_1_2 = question->old_tls;
	wire->body = question->body ? json_line(question->body) : NULL;
	text_add(&wire->url, docker->endpoint.base);
	if (!question->bare)
		text_format(&wire->url, "/v%s", docker->api);
	text_add(&wire->url, question->path);
	if (wire->url.failed || (question->body && !wire->body) || (archive && archive->failed))
		return fail_memory(err);
	if (archive)
		wire->headers[header_count++] = "Content-Type: application/x-tar";
	else if (wire->body)
		wire->headers[header_count++] = "Content-Type: application/json";
	if (question->login)
		wire->headers[header_count++] = question->login;
	wire->request = (struct http_request){
	    .method = question->method,
	    .url = text_view(&wire->url),
	    .unix_socket = docker->endpoint.socket,
	    .ssh = docker->endpoint.ssh,
	    .tls = docker->endpoint.secure ? &wire->tls : NULL,
	    .proxy = docker->endpoint.proxy,
	    .headers = wire->headers,
	    .body = archive ? archive->data : wire->body,
	    .body_size = archive      ? archive->length
			 : wire->body ? strlen(wire->body)
				      : 0,
	    .timeout_ms = question->endless || question->idle_ms ? 0
			  : question->limit_ms                   ? question->limit_ms
			  : reads                                ? READ_MS
								 : CHANGE_MS,
	    .idle_ms = question->idle_ms,
	    .fresh = question->fresh,
	};
	return 0;
}

struct exchange *docker_send(struct docker *docker, const struct question *question,
			     const struct http_sink *sink, struct error *err)
{
	owned_by(wire_release) struct wire wire = {0};

	if (wire_write(docker, question, &wire, err) < 0)
		return NULL;
	return docker->world->ops->http_send(docker->world, &wire.request, sink, err);
}

struct channel *docker_channel(struct docker *docker, const struct question *question,
			       const struct channel_sink *sink, struct error *err)
{
	owned_by(wire_release) struct wire wire = {0};

	if (wire_write(docker, question, &wire, err) < 0)
		return NULL;
	return docker->world->ops->channel_open(docker->world, &wire.request, sink, err);
}

enum progress ask(struct task *task, unsigned slot, const struct question *question, step *next,
		  struct error *err)
{
	struct call *call = &task->calls[slot];
	const struct http_sink sink = {.done = done, .chunk = question->stream ? chunk : NULL, .owner = call};
	bool reads = !strcmp(question->method, "GET");
	struct error why = {0};

	call_release(call);
	task->turn = TURN_NONE;
	if (!question->path || pulse_there(task->docker, err) < 0) {
		json_decref(question->body);
		return question->path ? PROGRESS_FAILED : out_of_memory(err);
	}
	call->task = task;
	call->stream = question->stream;
	call->limit_ms = question->limit_ms ? question->limit_ms : reads ? READ_MS : CHANGE_MS;
	call->asked_ms = task_now(task);
	call->patient = call->limit_ms > READ_MS && !question->endless && !question->idle_ms;
	snprintf(call->what, sizeof(call->what), "%s %.*s", question->method,
		 (int)strcspn(question->path, "?"), question->path);
	call->exchange = docker_send(task->docker, question, &sink, &why);
	json_decref(question->body);
	if (!call->exchange) {
		explain(task->docker, call->what, call->limit_ms, &why, err);
		return PROGRESS_FAILED;
	}
	if (call->patient)
		pulse_await(task->docker);
	task->waiting++;
	task->step = next;
	return PROGRESS_WAITING;
}

bool call_ok(const struct call *call)
{
	return call->error.code == OK && (call->status / 100 == 2 || call->status == 304);
}

bool call_unsure(const struct call *call)
{
	return call->error.code != OK && call->sent;
}

json_t *call_json(struct call *call, struct error *err)
{
	struct error why;

	if (call->json)
		return call->json;
	if (!call->body.failed)
		call->json =
		    json_parse(text_view(&call->body), call->body.length, "the engine's answer", &why);
	else
		fail_memory(&why);
	if (call->json)
		return podman_translate(call->task->docker, call->json);
	if (why.code == ERR_NO_MEMORY)
		fail_memory(err);
	else
		call_unusable(call, err, "no JSON");
	return NULL;
}

enum progress call_unusable(const struct call *call, struct error *err, const char *what)
{
	fail(err, ERR_UNREACHABLE, "location `%s`: %s answered something that is %s (HTTP %d)",
	     call->task->docker->location->name, call->what, what, call->status);
	remedy(err, "see whether the engine is well: `docker ps` and its log");
	return PROGRESS_FAILED;
}

static bool all_objects(const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!json_is_object(json_array_get(list, i)))
			return false;
	return json_is_array(list);
}

const json_t *call_list(struct call *call, struct error *err)
{
	const json_t *list = call_json(call, err);

	if (!list || all_objects(list))
		return list;
	call_unusable(call, err, "no list");
	return NULL;
}

const json_t *call_volumes(struct call *call, struct error *err)
{
	const json_t *answer = call_json(call, err), *list = json_object_get(answer, "Volumes");

	if (!answer || all_objects(list) || json_is_null(list))
		return answer ? list : NULL;
	call_unusable(call, err, "no list");
	return NULL;
}

const json_t *call_named(struct call *call, const char *const *texts, const char *what, struct error *err)
{
	const json_t *object = call_json(call, err);
	bool good = json_is_object(object);

	for (; good && *texts; texts++) {
		const char *text = json_text(object, *texts);
		good = text && *text;
	}
	if (good || !object)
		return object;
	call_unusable(call, err, what);
	return NULL;
}

const char *refusal_of(struct arena *arena, const char *body, size_t size, int status)
{
	owned_json json = size ? json_parse(body, size, "answer", NULL) : NULL;
	const char *message = json_text(json, "message");
	const char *words = message ? words_of(arena, message, strlen(message)) : "";

	if (*words)
		return words;
	words = size && !json ? arena_format(arena, "the answer was no JSON (HTTP %d)", status)
			      : arena_format(arena, "the engine answered %d without a word", status);
	return words ? words : "";
}

const char *words_of(struct arena *arena, const char *body, size_t size)
{
	owned_text shown = {0};

	while (size && (body[size - 1] == '\n' || body[size - 1] == ' '))
		size--;
	text_add_printable(&shown, body, size < WORDS_MAX ? size : WORDS_MAX);
	char *words = arena_text(arena, text_view(&shown));
	return words ? words : "";
}

const char *call_words(struct call *call)
{
	const struct text *body = call->stream ? &call->stream->refusal : &call->body;

	return refusal_of(&call->task->arena, text_view(body), body->length, call->status);
}

static enum code code_of(int status)
{
	switch (status) {
	case 400:
		return ERR_INVALID;
	case 401:
		return ERR_DENIED;
	case 404:
		return ERR_MISSING;
	case 409:
		return ERR_CONFLICT;
	case 501:
		return ERR_UNSUPPORTED;
	default:
		return ERR_FAILED;
	}
}

/* Why nothing more can be made there, as engines say it. */
static bool has_no_room(const char *words)
{
	static const char *const reasons[] = {
	    "no available IPv4 addresses", "no available addresses on this pool",
	    "available, non-overlapping IPv4 address pool", "all ports are allocated",

	    "cannot allocate memory"};

	for (size_t i = 0; i < COUNT_OF(reasons); i++)
		if (strstr(words, reasons[i]))
			return true;
	return false;
}

enum progress call_failed(struct call *call, struct error *err, const char *format, ...)
{
	owned_text doing = {0};
	va_list arguments;

	if (call->error.code != OK) {
		explain(call->task->docker, call->what, call->limit_ms, &call->error, err);
		return PROGRESS_FAILED;
	}
	va_start(arguments, format);
	text_vformat(&doing, format, arguments);
	va_end(arguments);
	/* A read refused by anything but the asker's own fault tells nothing of what is there. */
	if (starts_with(call->what, "GET ") && call->status / 100 != 4 && call->status != 501) {
		fail(err, ERR_UNREACHABLE, "%s: %s: %s", text_view(&doing), call->what, call_words(call));
		remedy(err, "see whether the engine is well: `docker ps` and its log");
		return PROGRESS_FAILED;
	}
	const char *words = call_words(call);
	fail(err, has_no_room(words) ? ERR_CAPACITY : code_of(call->status), "%s: %s", text_view(&doing),
	     words);
	return PROGRESS_FAILED;
}

char *escaped(struct arena *arena, const char *value)
{
	owned_text text = {0};

	for (; *value; value++) {
		unsigned char c = (unsigned char)*value;
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			     c == '-' || c == '_' || c == '.' || c == '~';
		if (plain)
			text_add_char(&text, (char)c);
		else
			text_format(&text, "%%%02X", c);
	}
	return text.failed ? NULL : arena_text(arena, text_view(&text));
}

char *label_filter(struct arena *arena, const char *app)
{
	const char *label = app ? arena_format(arena, "berth.app=%s", app) : "berth.app";
	owned_json filters = label ? json_pack("{s:[s]}", "label", label) : NULL;
	owned_memory char *line = filters ? json_line(filters) : NULL;
	char *value = line ? escaped(arena, line) : NULL;

	return value ? arena_format(arena, "filters=%s", value) : NULL;
}
