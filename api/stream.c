/* stream.c - an operation's events as they come: server-sent, or only what was written as plain text. */
#include <string.h>

#include "api/server.h"
#include "base/cleanup.h"

bool watch_due(const struct exchange *exchange, int64_t now_ms)
{
	const struct tracked *tracked = exchange->tracked;
	return !tracked->operation || exchange->place.number != tracked->ring.next ||
	       now_ms >= exchange->beat_ms;
}

/* --- plain text ----------------------------------------------------------------------------- */

/* What an instance wrote, each line with its name. */
static void put_lines(struct text *to, const char *instance, const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\n");
		text_format(to, "%s | ", instance);
		text_add_bytes(to, text, length);
		text_add_char(to, '\n');
		text += length + (text[length] == '\n');
	}
}

static void put_event(struct text *to, const char *event, size_t size)
{
	const char *data = memmem(event, size, "\ndata: ", 7);
	if (!data)
		return;
	data += 7;
	owned_json json = json_loadb(data, size - (size_t)(data - event), JSON_DISABLE_EOF_CHECK, NULL);
	const char *instance = json_text(json, "instance"), *text = json_text(json, "text");
	const char *kind = json_text(json, "kind");
	if (instance && text && kind && strcmp(kind, "log") == 0)
		put_lines(to, instance, text);
}

static ptrdiff_t take_line(struct exchange *exchange, char *ret, size_t room)
{
	const struct text *line = &exchange->line;
	size_t left = line->length - exchange->line_taken, count = left < room ? left : room;
	if (count)
		memcpy(ret, line->data + exchange->line_taken, count);
	exchange->line_taken += count;
	return (ptrdiff_t)count;
}

static ptrdiff_t read_plain(struct exchange *exchange, char *ret, size_t room)
{
	const struct ring *ring = &exchange->tracked->ring;
	struct text *line = &exchange->line;
	while (exchange->line_taken == line->length) {
		size_t size = 0;
		const char *event = ring_event(ring, &exchange->place, &size);
		if (!event)
			return exchange->place.number < ring->first ? -1 : 0;
		text_clear(line);
		exchange->line_taken = 0;
		put_event(line, event, size);
		if (line->failed)
			return -1;
	}
	return take_line(exchange, ret, room);
}

static ptrdiff_t read_events(struct exchange *exchange, char *ret, size_t room)
{
	if (exchange->line_taken < exchange->line.length)
		return take_line(exchange, ret, room);
	return ring_read(&exchange->tracked->ring, &exchange->place, ret, room);
}

/* --- the stream ----------------------------------------------------------------------------- */

static ssize_t drop(struct exchange *exchange)
{
	exchange->server->metrics.watchers_dropped++;
	server_log(exchange->server,
		   "%s does not take the events of operation %s as fast as they come: dropped",
		   exchange->by.who, exchange->tracked->id);
	return MHD_CONTENT_READER_END_WITH_ERROR;
}

/* A line that says nothing, so that either side notices when the other one has gone. */
static ssize_t beat(struct exchange *exchange, int64_t now_ms, char *ret, size_t room)
{
	static const char nothing[] = ":\n\n";
	exchange->beat_ms = now_ms + BEAT_MS;
	if (room < sizeof nothing)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	memcpy(ret, nothing, sizeof nothing - 1);
	return sizeof nothing - 1;
}

static ssize_t read_stream(void *of, uint64_t position, char *ret, size_t room)
{
	struct exchange *exchange = of;
	const struct tracked *tracked = exchange->tracked;
	int64_t now_ms = steady_ms();
	(void)position;
	if (exchange->revoked)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	ptrdiff_t count =
	    exchange->plain ? read_plain(exchange, ret, room) : read_events(exchange, ret, room);
	if (count < 0)
		return drop(exchange);
	if (count > 0) {
		if (exchange->tracked->passing)
			tracked_forget_read(exchange->tracked, &exchange->place);
		exchange->beat_ms = now_ms + BEAT_MS;
		return count;
	}
	if (!tracked->operation)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (now_ms >= exchange->beat_ms && !exchange->plain)
		return beat(exchange, now_ms, ret, room);
	exchange->beat_ms = now_ms < exchange->beat_ms ? exchange->beat_ms : now_ms + BEAT_MS;
	exchange->waits = WAITS_EVENTS;
	exchange_suspend(exchange);
	return 0;
}

/* Who comes again goes on where it was; what is gone by then is told. */
static void find_place(struct exchange *exchange)
{
	struct ring *ring = &exchange->tracked->ring;
	const char *last = exchange_header(exchange, "Last-Event-ID");
	int64_t number = 0;
	if (last && !parse_number(last, 0, INT64_MAX - 1, &number))
		number = 0;
	if (exchange->tracked->by_record)
		number = 0; /* it begins after that one anyway */
	exchange->place = ring_after((uint64_t)number);
	/* What was told by a controller that was killed has other numbers. */
	if (exchange->tracked->resumed && exchange->place.number > ring->next)
		exchange->place.number = ring->first ? ring->first : 1;
	else if (ring->next && exchange->place.number > ring->next)
		exchange->place.number = ring->next;
	if (exchange->place.number >= ring->first || !ring->first)
		return;
	uint64_t lost = ring_skip(ring, &exchange->place);
	const char *form = exchange->plain ? "(%llu events are lost)\n"
					   : "event: lost\ndata: {\"kind\":\"lost\",\"count\":%llu}\n\n";
	text_format(&exchange->line, form, (unsigned long long)lost);
}

size_t *watchers_beside(const struct exchange *exchange)
{
	return &exchange->server->watchers[exchange->by.role >= ROLE_OPERATE];
}

void watch_begin(struct exchange *exchange, struct tracked *tracked, bool plain)
{
	struct berth_server *server = exchange->server;
	if (*watchers_beside(exchange) >= MOST_WATCHERS) {
		problem(exchange, 503, "try again later", "%d watch already", MOST_WATCHERS);
		return;
	}
	if (!exchange->tracked) {
		exchange->tracked = tracked;
		tracked_hold(tracked);
	}
	exchange->plain = plain;
	exchange->streams = true;
	(*watchers_beside(exchange))++;
	exchange->beat_ms = steady_ms() + BEAT_MS;
	find_place(exchange);
	answer_response(exchange, 200, plain ? "text/plain; charset=utf-8" : "text/event-stream",
			server->http.stream(MHD_SIZE_UNKNOWN, 16 * 1024, read_stream, exchange, NULL));
}
