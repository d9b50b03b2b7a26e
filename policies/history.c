/* history.c - sizes that were wanted, each with its moment, and what they were within a window of time. */
#include <stdlib.h>
#include <string.h>

#include "policies/internal.h"

enum { MOST_MARKS = 16384 };

/* Of a time before the window the last one stays: what was wanted when the window began. */
static void prune(struct history *history, int64_t now, int64_t window)
{
	size_t expired = 0;

	while (expired < history->count && (window == 0 || history->marks[expired].at < now - window))
		expired++;
	if (expired < 2)
		return;
	history->count -= expired - 1;
	memmove(history->marks, history->marks + expired - 1, history->count * sizeof(*history->marks));
}

static int make_room(struct history *history)
{
	if (history->count < history->room)
		return 0;
	if (history->count == MOST_MARKS) { /* the oldest goes; its time stays covered */
		history->marks[1].at = history->marks[0].at;
		memmove(history->marks, history->marks + 1, --history->count * sizeof(*history->marks));
		return 0;
	}
	size_t room = history->room ? history->room * 2 : 8;
	struct mark *more = reallocarray(history->marks, room, sizeof(*more));
	if (!more)
		return -1;
	history->marks = more;
	history->room = room;
	return 0;
}

int history_add(struct history *history, int64_t now, int64_t value, int64_t window)
{
	if (make_room(history))
		return -1;
	history_turn_back(history, now); /* while the last ones are the only ones that can lie ahead */
	history->marks[history->count++] = (struct mark){now, value};
	prune(history, now, window);
	return 0;
}

struct span history_span(const struct history *history, int64_t now, int64_t window)
{
	struct span span = {.latest = -1, .least = INT32_MIN, .most = INT32_MAX};
	size_t from = 0, count = history->count;

	if (!count)
		return span;
	while (from + 1 < count && history->marks[from + 1].at < now - window)
		from++;
	if (window == 0) /* two of one moment: the later one */
		from = count - 1;
	span.latest = history->marks[count - 1].value;
	if (history->marks[from].at > now - window)
		return span; /* not known for so long */
	span.least = span.most = history->marks[from].value;
	for (size_t i = from + 1; i < count; i++) {
		int64_t value = history->marks[i].value;
		span.least = value < span.least ? value : span.least;
		span.most = value > span.most ? value : span.most;
	}
	return span;
}

int64_t history_next(const struct history *history, int64_t now, int64_t window)
{
	for (size_t i = 0; window && i < history->count; i++) {
		int64_t over = time_sum(history->marks[i].at, window);
		if (over >= now)
			return over == now ? now + 1 : over; /* covered, and a moment later left behind */
	}
	return LATER;
}

void history_turn_back(struct history *history, int64_t now)
{
	for (size_t i = history->count; i > 0 && history->marks[i - 1].at > now; i--)
		history->marks[i - 1].at = now;
}

void history_release(struct history *history)
{
	free(history->marks);
	*history = (struct history){0};
}
