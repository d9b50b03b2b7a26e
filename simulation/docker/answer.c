/* answer.c - what the engine says to whoever asked: whole answers, refusals, streams. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "simulation/docker/model.h"

#define RAW_STREAM "application/vnd.docker.raw-stream"

void call_free(struct call *call)
{
	struct clock *clock = call->engine->clock;

	clock_take(clock, &call->event);
	clock_take(clock, &call->next_step);
	*call->back = call->next;
	if (call->next)
		call->next->back = call->back;
	if (call->exec && call->exec->session == call)
		call->exec->session = NULL;
	/* One that is not made yet never will be. */
	if (call->kind == DOCKER_CREATE && call->container) {
		map_drop(&call->engine->by_name, call->container->name);
		container_free(call->container);
	}
	free(call->path);
	free(call->part);
	free(call->query);
	free(call->body);
	free(call->own);
	json_decref(call->json);
	free(call);
}

/* --- heads --------------------------------------------------------------------------------------- */

/* "Thu, 26 Nov 2026 18:15:01 GMT" */
static const char *date(struct docker_engine *engine)
{
	struct world *world = universe_outside(engine->universe);
	time_t now = world->ops->wall(world) / 1000;
	struct tm tm;

	if (engine->date_s == now)
		return engine->date;
	engine->date_s = now;
	gmtime_r(&now, &tm);
	strftime(engine->date, sizeof(engine->date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	return engine->date;
}

/* Pages that nobody knows are answered before anything that would say who answers. */
static void head(struct call *call, int status, const char *type, const char *more)
{
	char headers[512];
	bool known = call->kind != DOCKER_UNKNOWN;

	if (call->asked)
		call->asked->status = status;
	if (call->change)
		call->engine->changes[call->change - 1].status = status;
	if (!call->reply)
		return;
	snprintf(headers, sizeof(headers), "%s%s%s%s%sDate: %s\r\n%s",
		 known ? "Api-Version: 1.41\r\nDocker-Experimental: false\r\nOstype: linux\r\n"
			 "Server: Docker/20.10.24 (linux)\r\n"
		       : "",
		 type ? "Content-Type: " : "", type ? type : "", type ? "\r\n" : "", "", date(call->engine),
		 more ? more : "");
	reply_head(call->reply, status, headers);
}

static void say(struct call *call, const void *bytes, size_t count)
{
	if (call->reply)
		reply_bytes(call->reply, bytes, count);
	else if (call->asked)
		text_add_bytes(&call->asked->body, bytes, count);
}

static void end(struct call *call)
{
	struct reply *reply = call->reply;

	call_free(call);
	if (reply)
		reply_end(reply);
}

/* --- whole answers -------------------------------------------------------------------------------- */

/* A rule may have it that who asked hears something else. */
static bool said_instead(struct call *call)
{
	const struct docker_rule *rule = call->instead;

	call->instead = NULL;
	if (!rule || !rule->status)
		return false;
	refuse(call, rule->status, "%s", rule->words ? rule->words : "");
	return true;
}

void answer_bytes(struct call *call, int status, const char *type, const char *more, const void *bytes,
		  size_t count)
{
	if (said_instead(call))
		return;
	head(call, status, type, more);
	say(call, bytes, count);
	end(call);
}

void answer(struct call *call, int status, struct text *body)
{
	text_add_char(body, '\n');
	answer_bytes(call, status, "application/json", NULL, text_view(body), body->length);
	text_release(body);
}

void answer_nothing(struct call *call, int status)
{
	answer_bytes(call, status, NULL, NULL, "", 0);
}

void refuse(struct call *call, int status, const char *format, ...)
{
	char words[1024];
	struct text body = {0};
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(words, sizeof(words), format, arguments);
	va_end(arguments);
	text_add(&body, "{\"message\":");
	put_quoted(&body, words);
	text_add_char(&body, '}');
	answer(call, status, &body);
}

/* --- streams --------------------------------------------------------------------------------------- */

void stream_begin(struct call *call, const char *type)
{
	head(call, 200, type, NULL);
	call->streams = true;
}

void stream_take_over(struct call *call)
{
	static const char headers[] = "Content-Type: " RAW_STREAM "\r\n"
				      "Connection: Upgrade\r\nUpgrade: tcp\r\n";

	call->streams = true;
	if (call->asked)
		call->asked->status = call->upgrade ? 101 : 200;
	if (call->change)
		call->engine->changes[call->change - 1].status = call->upgrade ? 101 : 200;
	if (call->reply)
		reply_open(call->reply, call->upgrade ? 101 : 200,
			   call->upgrade ? headers : "Content-Type: " RAW_STREAM "\r\n");
}

void stream_add(struct call *call, const void *bytes, size_t count)
{
	say(call, bytes, count);
}

/* Without a terminal each piece tells of which stream it is. */
void stream_frame(struct call *call, bool tty, bool errors, const char *bytes, size_t count)
{
	const unsigned char header[8] = {errors ? 2 : 1,
					 0,
					 0,
					 0,
					 (unsigned char)(count >> 24),
					 (unsigned char)(count >> 16),
					 (unsigned char)(count >> 8),
					 (unsigned char)count};
	struct text frame = {0};

	if (!count)
		return;
	if (!tty)
		text_add_bytes(&frame, header, sizeof(header));
	text_add_bytes(&frame, bytes, count);
	say(call, frame.data, frame.length);
	text_release(&frame);
}

void stream_end(struct call *call)
{
	end(call);
}

/* --- what was asked -------------------------------------------------------------------------------- */

/* How Go's decoder says that the body is none. */
static void no_body(struct call *call)
{
	bool plain =
	    call->kind == DOCKER_CREATE || call->kind == DOCKER_UPDATE; /* of no kind, to the engine */

	refuse(call, plain ? 500 : 400, call->body_size ? "unexpected EOF" : "EOF");
}

const json_t *call_parsed(struct call *call)
{
	/* What follows the first value is of no interest, as to Go's decoder. */
	if (!call->json && call->body_size)
		call->json = json_loadb(call->body, call->body_size, JSON_DISABLE_EOF_CHECK, NULL);
	return call->json;
}

json_t *call_body(struct call *call)
{
	(void)call_parsed(call);
	if (json_is_object(call->json))
		return call->json;
	no_body(call);
	return NULL;
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* In place. */
static char *decode(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		if (*from == '%' && digit(from[1]) >= 0 && digit(from[2]) >= 0) {
			*to++ = (char)(digit(from[1]) << 4 | digit(from[2]));
			from += 2;
		} else {
			*to++ = *from == '+' ? ' ' : *from;
		}
	}
	*to = '\0';
	return text;
}

char *query_value(const struct call *call, const char *key)
{
	size_t length = strlen(key);

	for (const char *at = call->query; *at; at += strcspn(at, "&"), at += *at == '&')
		if (!strncmp(at, key, length) && (at[length] == '=' || !at[length] || at[length] == '&')) {
			const char *value = at + length + (at[length] == '=');
			return decode(must(strndup(value, strcspn(value, "&"))));
		}
	return NULL;
}

bool query_flag(const struct call *call, const char *key)
{
	owned_memory char *value = query_value(call, key);

	return truth(value);
}
