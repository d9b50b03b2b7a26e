/* channel.c - bytes both ways: what is written waits until the other side takes it, what comes is handed over
 * in pieces, and neither keeps the loop from its other work. */
#include "base/channel_internal.h"

#include <stdlib.h>

#define PIECE       16384 /* not less than a record of TLS, so that nothing waits unseen below us */
#define TURN_PIECES 4     /* each way, before others have their turn */
#define REFUSAL_MAX ((size_t)64 << 10)

static void move(struct channel *channel);

static void free_channel(uv_handle_t *handle)
{
	struct channel *channel = handle->data;

	if (--channel->handles)
		return;
	/* Not before: the rest may all come from inside a callback of its exchange. */
	http_release(channel->http);
	text_release(&channel->queue);
	text_release(&channel->flight);
	text_release(&channel->early);
	text_release(&channel->answer.body);
	text_release(&channel->answer.headers);
	free(channel);
}

static void close_handle(struct channel *channel, uv_handle_t *handle)
{
	handle->data = channel;
	channel->handles++;
	uv_close(handle, free_channel);
}

/* Out of everything; the memory goes with the last handle. */
static void dispose(struct channel *channel)
{
	channel->over = true;
	link_remove(&channel->link);
	if (channel->socket != CURL_SOCKET_BAD) {
		uv_poll_stop(&channel->poll);
		close_handle(channel, (uv_handle_t *)&channel->poll);
	}
	if (channel->exchange)
		exchange_end(channel->exchange);
	close_handle(channel, (uv_handle_t *)&channel->limit);
	close_handle(channel, (uv_handle_t *)&channel->turn);
}

static void on_turn(uv_timer_t *timer)
{
	move(timer->data);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct channel *channel = poll->data;

	(void)events;
	channel->hurt |= status < 0;
	move(channel);
}

static size_t waiting(const struct channel *channel)
{
	return channel->queue.length + channel->flight.length - channel->flown;
}

/* Look at the socket for what can be done next. */
static void watch(struct channel *channel)
{
	bool sends = channel->flown < channel->flight.length ||
		     (channel->open && (channel->queue.length || (channel->ending && !channel->ended)));
	if (channel->socket != CURL_SOCKET_BAD)
		uv_poll_start(&channel->poll, UV_READABLE | (sends ? UV_WRITABLE : 0), on_poll);
}

void channel_begin(struct channel *channel, curl_socket_t socket)
{
	int status = uv_poll_init_socket(&channel->real->loop, &channel->poll, socket);

	if (status) {
		fail(&channel->answer.error, ERR_FAILED, "a connection cannot be watched: %s",
		     uv_strerror(status));
		channel_over(channel);
		return;
	}
	channel->poll.data = channel;
	channel->socket = socket;
	watch(channel);
}

/* Whether there is something to send; what was written while the last was on its way comes next. */
static bool load(struct channel *channel)
{
	struct text empty = channel->flight;

	if (channel->flown < channel->flight.length)
		return true;
	if (!channel->open || !channel->queue.length)
		return false;
	text_clear(&empty);
	channel->flight = channel->queue;
	channel->queue = empty;
	channel->flown = 0;
	return true;
}

static void send_some(struct channel *channel)
{
	bool any = false;

	for (unsigned pieces = 0; pieces < TURN_PIECES && load(channel); pieces++) {
		size_t left = channel->flight.length - channel->flown, count = 0;
		enum moved moved = channel_send(channel, channel->flight.data + channel->flown,
						left < PIECE ? left : PIECE, &count);
		if (moved == STALLED)
			break;
		if (moved != MOVED) {
			channel_over(channel);
			return;
		}
		any = true;
		channel->flown += count;
	}
	if (any && channel->open && !waiting(channel) && channel->sink.drained)
		channel->sink.drained(channel->sink.owner);
	if (channel->open && !channel->over && channel->ending && !channel->ended && !waiting(channel))
		channel->ended = channel_close_ours(channel) != STALLED;
}

/* True when more may be there. */
static bool receive_some(struct channel *channel)
{
	char bytes[PIECE];

	for (unsigned pieces = 0; pieces < TURN_PIECES && !channel->over; pieces++) {
		size_t count = 0;
		enum moved moved = channel_receive(channel, bytes, sizeof(bytes), &count);
		if (moved == STALLED)
			return false;
		if (moved != MOVED)
			channel_over(channel);
		else if (!channel->open)
			channel_take_early(channel, bytes, count);
		else if (channel->sink.bytes)
			channel->sink.bytes(channel->sink.owner, bytes, count);
	}
	return !channel->over;
}

static void tell(struct channel *channel)
{
	if (!channel->cancelled)
		channel->sink.done(channel->sink.owner, &channel->answer);
	dispose(channel);
}

void channel_over(struct channel *channel)
{
	channel->over = true;
	if (channel->busy)
		return;
	channel->busy = true; /* a cancel from inside `done` finds it over already */
	tell(channel);
}

static void move(struct channel *channel)
{
	bool more = false;

	channel->busy = true;
	if (channel->queue.failed) {
		fail_memory(&channel->answer.error);
		channel->over = true;
	}
	if (!channel->over)
		send_some(channel);
	if (!channel->over)
		more = receive_some(channel);
	while (more && channel->hurt)
		more = receive_some(channel);
	if (channel->hurt && !channel->over) {
		fail(&channel->answer.error, ERR_UNREACHABLE, "nobody is at the other end of %s any more",
		     channel->exchange->peer);
		channel->over = true;
	}
	if (channel->over) {
		tell(channel);
		return;
	}
	channel->busy = false;
	watch(channel);
	if (more)
		uv_timer_start(&channel->turn, on_turn, 0, 0);
}

/* --- for its owner ------------------------------------------------------------------------- */

static void on_limit(uv_timer_t *timer)
{
	struct channel *channel = timer->data;

	fail(&channel->answer.error, ERR_TIMED_OUT, "no answer from %s within %lld ms",
	     channel->exchange->peer, (long long)channel->limit_ms);
	channel_over(channel);
}

struct channel *real_channel_open(struct world *world, const struct http_request *request,
				  const struct channel_sink *sink, struct error *err)
{
	struct real *real = real_of(world);
	struct channel *channel = calloc(1, sizeof(*channel));

	if (!channel) {
		fail_memory(err);
		return NULL;
	}
	channel->real = real;
	channel->sink = *sink;
	channel->socket = CURL_SOCKET_BAD;
	channel->limit_ms = request->timeout_ms;
	channel->body_limit = request->body_limit ? request->body_limit : REFUSAL_MAX;
	if (channel_connect(channel, request, err)) {
		text_release(&channel->flight);
		free(channel);
		return NULL;
	}
	link_append(&real->channels, &channel->link);
	uv_timer_init(&real->loop, &channel->turn);
	uv_timer_init(&real->loop, &channel->limit);
	channel->turn.data = channel->limit.data = channel;
	uv_update_time(&real->loop);
	if (channel->limit_ms > 0)
		uv_timer_start(&channel->limit, on_limit, (uint64_t)channel->limit_ms, 0);
	return channel;
}

void real_channel_write(struct world *world, struct channel *channel, const void *bytes, size_t count)
{
	(void)world;
	if (channel->over || channel->ending)
		return;
	text_add_bytes(&channel->queue, bytes, count);
	if (channel->queue.failed)
		uv_timer_start(&channel->turn, on_turn, 0, 0);
	else if (!channel->busy)
		watch(channel);
}

size_t real_channel_waiting(const struct channel *channel)
{
	return waiting(channel);
}

void real_channel_end(struct world *world, struct channel *channel)
{
	(void)world;
	channel->ending = true;
	if (!channel->over && !channel->busy)
		watch(channel);
}

void real_channel_cancel(struct world *world, struct channel *channel)
{
	struct pipe_guard guard;

	(void)world;
	if (!channel || channel->cancelled)
		return;
	channel->cancelled = true;
	channel->over = true;
	if (channel->busy)
		return;
	pipe_guard_enter(&guard);
	dispose(channel);
	pipe_guard_leave(&guard);
}

void channels_close(struct real *real)
{
	while (!link_alone(&real->channels))
		real_channel_cancel(&real->world, owner_of(real->channels.next, struct channel, link));
}
