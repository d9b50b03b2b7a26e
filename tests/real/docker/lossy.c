/* lossy.c - exchanges of the real world, with what goes wrong on a wire. */
#include "tests/real/docker/lossy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a driver holds as its exchange. */
struct wire {
	struct wire *next;
	struct http_sink sink;
	struct exchange *exchange; /* the real one; NULL when it was broken */
	struct timer *timer;
	struct text last; /* piece of a stream of events */
	bool lose, events;
};

static struct world *world;
static const struct world_ops *real;
static struct world_ops ops;
static struct wire *wires;
static bool unreachable;
static char lose_method[16], lose_part[128];

static void unlink_wire(struct wire *wire)
{
	struct wire **at = &wires;

	while (*at != wire)
		at = &(*at)->next;
	*at = wire->next;
	real->timer_cancel(world, wire->timer);
	text_release(&wire->last);
}

static void done(void *owner, struct http_answer *answer)
{
	struct wire *wire = owner;
	struct http_sink sink = wire->sink;

	if (wire->lose) {
		text_release(&answer->body);
		answer->status = 0;
		answer->sent = true;
		fail(&answer->error, ERR_TIMED_OUT, "the answer was lost");
	}
	unlink_wire(wire);
	free(wire);
	sink.done(sink.owner, answer);
}

static bool chunk(void *owner, int status, const char *bytes, size_t count)
{
	struct wire *wire = owner;

	if (wire->events) {
		text_clear(&wire->last);
		text_add_bytes(&wire->last, bytes, count);
	}
	return wire->sink.chunk(wire->sink.owner, status, bytes, count);
}

static void broken(void *owner)
{
	struct wire *wire = owner;
	struct http_answer answer = {.sent = true};

	wire->timer = NULL;
	fail(&answer.error, ERR_UNREACHABLE, "the connection broke");
	done(wire, &answer);
}

static void again(void *owner)
{
	struct wire *wire = owner;
	char *copy = strdup(text_view(&wire->last));

	wire->timer = NULL;
	if (copy)
		wire->sink.chunk(wire->sink.owner, 200, copy, strlen(copy));
	free(copy);
}

static bool loses(const struct http_request *request)
{
	if (!*lose_method || strcmp(request->method, lose_method) != 0 || !strstr(request->url, lose_part))
		return false;
	*lose_method = '\0';
	return true;
}

static struct exchange *http_send(struct world *unused, const struct http_request *request,
				  const struct http_sink *sink, struct error *err)
{
	struct wire *wire = calloc(1, sizeof(*wire));
	struct http_request sent = *request;
	const struct http_sink mine = {.done = done, .chunk = sink->chunk ? chunk : NULL, .owner = wire};

	(void)unused;
	if (!wire) {
		fail_memory(err);
		return NULL;
	}
	if (unreachable)
		sent.unix_socket = "/nonexistent/socket";
	wire->sink = *sink;
	wire->lose = loses(request);
	wire->events = strstr(request->url, "/events") != NULL;
	wire->exchange = real->http_send(world, &sent, &mine, err);
	if (!wire->exchange) {
		free(wire);
		return NULL;
	}
	wire->next = wires;
	wires = wire;
	return (struct exchange *)wire;
}

static void http_cancel(struct world *unused, struct exchange *exchange)
{
	struct wire *wire = (struct wire *)exchange;

	(void)unused;
	if (!wire)
		return;
	real->http_cancel(world, wire->exchange);
	unlink_wire(wire);
	free(wire);
}

void lossy_install(struct world *under)
{
	world = under;
	real = under->ops;
	ops = *real;
	ops.http_send = http_send;
	ops.http_cancel = http_cancel;
	under->ops = &ops;
}

void lossy_remove(void)
{
	world->ops = real;
}

void lossy_reach(bool reachable)
{
	unreachable = !reachable;
	for (struct wire *wire = wires; unreachable && wire; wire = wire->next) {
		if (!wire->sink.chunk || !wire->exchange)
			continue;
		real->http_cancel(world, wire->exchange);
		real->timer_cancel(world, wire->timer);
		wire->exchange = NULL;
		wire->timer = real->timer_start(world, 0, broken, wire);
	}
}

void lossy_lose(const char *method, const char *part)
{
	snprintf(lose_method, sizeof(lose_method), "%s", method);
	snprintf(lose_part, sizeof(lose_part), "%s", part);
}

bool lossy_repeat(void)
{
	for (struct wire *wire = wires; wire; wire = wire->next) {
		if (!wire->events || !wire->last.length)
			continue;
		if (!wire->timer)
			wire->timer = real->timer_start(world, 0, again, wire);
		return true;
	}
	return false;
}
