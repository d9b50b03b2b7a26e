/* channel.c - a program's end of a connection with bytes both ways. */
#include <stdlib.h>

#include "simulation/internal.h"

#define REFUSAL_MAX ((size_t)64 << 10)

struct channel {
	struct event limit, taken;
	struct seat *seat;
	struct reply *reply; /* NULL: nothing comes any more */
	struct channel_sink sink;
	struct http_answer answer;
	struct text queue; /* written before it was open */
	size_t waiting;    /* bytes that have not left us */
	size_t body_limit;
	int64_t limit_ms;
	bool open, ending, calling, cancelled;
	char peer[160];
};

static struct clock *clock_of(const struct channel *channel)
{
	return channel->seat->participant.universe->clock;
}

static void detach(struct channel *channel)
{
	struct reply *reply = channel->reply;
	clock_take(clock_of(channel), &channel->limit);
	clock_take(clock_of(channel), &channel->taken);
	channel->reply = NULL;
	if (reply)
		wire_leave(reply);
}

static void release(struct channel *channel)
{
	text_release(&channel->answer.body);
	text_release(&channel->answer.headers);
	text_release(&channel->queue);
	free(channel);
}

static void finish(struct channel *channel)
{
	detach(channel);
	if (channel->seat->dead)
		return;
	channel->calling = true;
	channel->sink.done(channel->sink.owner, &channel->answer);
	release(channel);
}

/* After a callback: false when the owner cancelled it meanwhile. */
static bool still_wanted(struct channel *channel)
{
	bool wanted = !channel->cancelled;
	channel->calling = false;
	if (!wanted)
		release(channel);
	return wanted;
}

static void pass_on(struct channel *channel)
{
	if (channel->queue.length &&
	    wire_write(channel->reply, channel->queue.data, channel->queue.length) == 0)
		text_clear(&channel->queue);
	clock_add(clock_of(channel), &channel->taken, channel->reply->fate.there_ms);
	if (channel->ending)
		wire_write(channel->reply, NULL, 0);
}

static void taken_happens(struct event *event)
{
	struct channel *channel = owner_of(event, struct channel, taken);
	bool any = channel->waiting;
	if (channel->seat->dead)
		return;
	channel->waiting = 0;
	if (!any || !channel->sink.drained)
		return;
	channel->calling = true;
	channel->sink.drained(channel->sink.owner);
	still_wanted(channel);
}

void channel_first(struct channel *channel, int status, const struct text *headers, bool open)
{
	if (channel->seat->dead)
		return;
	channel->answer.status = status;
	text_add_bytes(&channel->answer.headers, headers->data, headers->length);
	clock_take(clock_of(channel), &channel->limit);
	channel->open = open;
	if (!open)
		return;
	channel->calling = true;
	if (channel->sink.opened)
		channel->sink.opened(channel->sink.owner);
	if (still_wanted(channel))
		pass_on(channel);
}

void channel_bytes(struct channel *channel, const char *bytes, size_t count)
{
	if (channel->seat->dead)
		return;
	if (channel->open) {
		channel->calling = true;
		if (channel->sink.bytes)
			channel->sink.bytes(channel->sink.owner, bytes, count);
		still_wanted(channel);
		return;
	}
	text_add_bytes(&channel->answer.body, bytes, count);
	if (channel->answer.body.length <= channel->body_limit)
		return;
	fail(&channel->answer.error, ERR_FAILED, "%s: the answer is longer than allowed", channel->peer);
	finish(channel);
}

void channel_last(struct channel *channel, bool well)
{
	if (!well)
		fail(&channel->answer.error, ERR_UNREACHABLE,
		     "%s ended the connection before its answer was whole: Connection reset by peer",
		     channel->peer);
	finish(channel);
}

static void limit_happens(struct event *event)
{
	struct channel *channel = owner_of(event, struct channel, limit);
	if (channel->answer.error.code == OK)
		fail(&channel->answer.error, ERR_TIMED_OUT, "no answer from %s within %lld ms", channel->peer,
		     (long long)channel->limit_ms);
	finish(channel);
}

static struct channel *new_channel(struct seat *seat, const struct http_request *request,
				   const struct channel_sink *sink)
{
	struct channel *channel = calloc(1, sizeof *channel);
	if (!channel)
		return NULL;
	channel->seat = seat;
	channel->sink = *sink;
	channel->limit_ms = request->timeout_ms;
	channel->body_limit = request->body_limit ? request->body_limit : REFUSAL_MAX;
	channel->answer.sent = true;
	wire_peer(request, channel->peer, sizeof channel->peer);
	event_prepare(&channel->limit, limit_happens);
	event_prepare(&channel->taken, taken_happens);
	return channel;
}

struct channel *seat_channel_open(struct world *world, const struct http_request *request,
				  const struct channel_sink *sink, struct error *err)
{
	struct seat *seat = seat_of(world);
	if (!seat_leaves(seat, err))
		return NULL;
	struct channel *channel = new_channel(seat, request, sink);
	struct reply *reply = channel ? wire_send(seat, request) : NULL;
	if (!reply) {
		free(channel);
		fail_memory(err);
		return NULL;
	}
	channel->reply = reply;
	reply->channel = channel;
	int64_t limit = channel->limit_ms;
	if (!wire_connects(seat, reply, &channel->answer.error)) {
		channel->answer.sent = false;
		limit = reply->fate.there_ms;
	}
	if (limit)
		clock_add(clock_of(channel), &channel->limit, limit);
	return channel;
}

void seat_channel_write(struct world *world, struct channel *channel, const void *bytes, size_t count)
{
	if (!channel->reply || channel->ending || !seat_leaves(seat_of(world), NULL))
		return;
	channel->waiting += count;
	if (!channel->open) {
		text_add_bytes(&channel->queue, bytes, count);
		return;
	}
	wire_write(channel->reply, bytes, count);
	clock_add(clock_of(channel), &channel->taken, channel->reply->fate.there_ms);
}

size_t seat_channel_waiting(const struct channel *channel)
{
	return channel->waiting;
}

void seat_channel_end(struct world *world, struct channel *channel)
{
	if (channel->ending)
		return;
	channel->ending = true;
	if (channel->open && channel->reply && seat_leaves(seat_of(world), NULL))
		wire_write(channel->reply, NULL, 0);
}

void seat_channel_cancel(struct world *world, struct channel *channel)
{
	(void)world;
	if (!channel || channel->cancelled)
		return;
	channel->cancelled = true;
	detach(channel);
	if (!channel->calling)
		release(channel);
}

bool channel_may_have_arrived(const struct channel *channel)
{
	const struct reply *reply = channel->reply;
	return !reply || !reply->place || reply->arrived || !reply->place->isolated;
}

bool channel_lives(const struct channel *channel, int64_t within_ms)
{
	const struct reply *reply = channel->reply;
	bool cared_for = reply && (reply->serving || reply->parcels || reply->arrival.index != EVENT_IDLE);
	return cared_for && reply->place && !reply->fate.lost && !reply->fate.answer_lost &&
	       reply->fate.there_ms <= within_ms && reply->fate.back_ms <= within_ms &&
	       !wire_is_cut(reply->universe, reply->place);
}
