/* exchange.c - a program's end of a request over HTTP. */
#include <stdlib.h>

#include "simulation/internal.h"

#define DEFAULT_BODY_MAX ((size_t)64 << 20)

struct exchange {
	struct event limit, idle;
	struct seat *seat;
	struct reply *reply; /* NULL: nothing comes any more */
	struct http_sink sink;
	struct http_answer answer;
	int64_t idle_ms;
	size_t body_limit, received;
	bool calling, cancelled;
	char peer[160];
};

static struct clock *clock_of(const struct exchange *exchange)
{
	return exchange->seat->participant.universe->clock;
}

static void detach(struct exchange *exchange)
{
	struct reply *reply = exchange->reply;
	clock_take(clock_of(exchange), &exchange->limit);
	clock_take(clock_of(exchange), &exchange->idle);
	exchange->reply = NULL;
	if (reply)
		wire_leave(reply);
}

static void release(struct exchange *exchange)
{
	text_release(&exchange->answer.body);
	text_release(&exchange->answer.headers);
	free(exchange);
}

static void finish(struct exchange *exchange)
{
	detach(exchange);
	if (exchange->seat->dead)
		return;
	struct exchange last = *exchange;
	free(exchange);
	last.sink.done(last.sink.owner, &last.answer);
	text_release(&last.answer.body);
	text_release(&last.answer.headers);
}

static void wait_on(struct exchange *exchange)
{
	if (exchange->idle_ms)
		clock_add(clock_of(exchange), &exchange->idle, exchange->idle_ms);
}

void exchange_first(struct exchange *exchange, int status, const struct text *headers)
{
	exchange->answer.status = status;
	text_add_bytes(&exchange->answer.headers, headers->data, headers->length);
	wait_on(exchange);
}

/* The owner may cancel from inside; it may also have had enough. */
static void stream(struct exchange *exchange, const char *bytes, size_t count)
{
	exchange->calling = true;
	bool more = exchange->sink.chunk(exchange->sink.owner, exchange->answer.status, bytes, count);
	exchange->calling = false;
	if (exchange->cancelled) {
		release(exchange);
	} else if (!more) {
		fail(&exchange->answer.error, ERR_CANCELLED, "%s: the rest of the answer was not wanted",
		     exchange->peer);
		finish(exchange);
	}
}

void exchange_bytes(struct exchange *exchange, const char *bytes, size_t count)
{
	if (exchange->seat->dead)
		return;
	exchange->received += count;
	if (exchange->body_limit && exchange->received > exchange->body_limit) {
		fail(&exchange->answer.error, ERR_FAILED, "%s: the answer is longer than allowed",
		     exchange->peer);
		finish(exchange);
		return;
	}
	wait_on(exchange);
	if (exchange->sink.chunk)
		stream(exchange, bytes, count);
	else
		text_add_bytes(&exchange->answer.body, bytes, count);
}

void exchange_last(struct exchange *exchange, bool well)
{
	if (!well)
		fail(&exchange->answer.error, ERR_UNREACHABLE,
		     "%s ended the connection before its answer was whole: Connection reset by peer",
		     exchange->peer);
	finish(exchange);
}

static void limit_happens(struct event *event)
{
	struct exchange *exchange = owner_of(event, struct exchange, limit);
	if (exchange->answer.error.code == OK)
		fail(&exchange->answer.error, ERR_TIMED_OUT, "no answer from %s in time: Timeout was reached",
		     exchange->peer);
	finish(exchange);
}

static void idle_happens(struct event *event)
{
	struct exchange *exchange = owner_of(event, struct exchange, idle);
	fail(&exchange->answer.error, ERR_TIMED_OUT, "%s: nothing was heard for %lld ms", exchange->peer,
	     (long long)exchange->idle_ms);
	finish(exchange);
}

static struct exchange *new_exchange(struct seat *seat, const struct http_request *request,
				     const struct http_sink *sink)
{
	struct exchange *exchange = calloc(1, sizeof *exchange);
	if (!exchange)
		return NULL;
	exchange->seat = seat;
	exchange->sink = *sink;
	exchange->idle_ms = request->idle_ms;
	exchange->body_limit = request->body_limit;
	if (!exchange->body_limit && !sink->chunk)
		exchange->body_limit = DEFAULT_BODY_MAX;
	exchange->answer.sent = true;
	wire_peer(request, exchange->peer, sizeof exchange->peer);
	event_prepare(&exchange->limit, limit_happens);
	event_prepare(&exchange->idle, idle_happens);
	return exchange;
}

struct exchange *seat_http_send(struct world *world, const struct http_request *request,
				const struct http_sink *sink, struct error *err)
{
	struct seat *seat = seat_of(world);
	if (!seat_leaves(seat, err))
		return NULL;
	struct exchange *exchange = new_exchange(seat, request, sink);
	struct reply *reply = exchange ? wire_send(seat, request) : NULL;
	if (!reply) {
		free(exchange);
		fail_memory(err);
		return NULL;
	}
	exchange->reply = reply;
	reply->exchange = exchange;
	int64_t limit = request->timeout_ms;
	if (!wire_connects(seat, reply, &exchange->answer.error)) {
		exchange->answer.sent = false;
		limit = reply->fate.there_ms;
	}
	if (limit)
		clock_add(clock_of(exchange), &exchange->limit, limit);
	wait_on(exchange);
	return exchange;
}

void seat_http_cancel(struct world *world, struct exchange *exchange)
{
	(void)world;
	if (!exchange)
		return;
	detach(exchange);
	if (exchange->calling)
		exchange->cancelled = true;
	else
		release(exchange);
}
