/* clock.c - the heap of what will happen. */
#include "simulation/clock.h"

#include <stdlib.h>

struct clock {
	struct event **heap;
	size_t count, capacity;
	int64_t now;
	uint64_t order;
};

struct clock *clock_new(void)
{
	struct clock *clock = calloc(1, sizeof *clock);
	if (clock)
		clock->now = 1000;
	return clock;
}

void clock_free(struct clock *clock)
{
	if (!clock)
		return;
	free(clock->heap);
	free(clock);
}

int64_t clock_now(const struct clock *clock)
{
	return clock->now;
}

void event_prepare(struct event *event, void (*happen)(struct event *event))
{
	*event = (struct event){.happen = happen, .index = EVENT_IDLE};
}

static bool before(const struct event *a, const struct event *b)
{
	return a->due != b->due ? a->due < b->due : a->order < b->order;
}

static void put(struct clock *clock, struct event *event, size_t at)
{
	clock->heap[at] = event;
	event->index = at;
}

static void sift(struct clock *clock, struct event *event, size_t at)
{
	for (; at && before(event, clock->heap[(at - 1) / 2]); at = (at - 1) / 2)
		put(clock, clock->heap[(at - 1) / 2], at);
	for (;;) {
		size_t child = 2 * at + 1;
		if (child + 1 < clock->count && before(clock->heap[child + 1], clock->heap[child]))
			child++;
		if (child >= clock->count || !before(clock->heap[child], event))
			break;
		put(clock, clock->heap[child], at);
		at = child;
	}
	put(clock, event, at);
}

static int make_room(struct clock *clock)
{
	if (clock->count < clock->capacity)
		return 0;
	size_t capacity = clock->capacity ? 2 * clock->capacity : 64;
	struct event **heap = realloc(clock->heap, capacity * sizeof(struct event *));
	if (!heap)
		return -1;
	clock->heap = heap;
	clock->capacity = capacity;
	return 0;
}

int clock_add(struct clock *clock, struct event *event, int64_t delay_ms)
{
	clock_take(clock, event);
	if (make_room(clock))
		return -1;
	event->due =
	    delay_ms > INT64_MAX - clock->now ? INT64_MAX : clock->now + (delay_ms > 0 ? delay_ms : 0);
	event->order = ++clock->order;
	sift(clock, event, clock->count++);
	return 0;
}

void clock_take(struct clock *clock, struct event *event)
{
	size_t at = event->index;
	if (at == EVENT_IDLE)
		return;
	event->index = EVENT_IDLE;
	struct event *last = clock->heap[--clock->count];
	if (last != event)
		sift(clock, last, at);
}

struct event *clock_take_next(struct clock *clock)
{
	struct event *event = clock->count ? clock->heap[0] : NULL;
	if (event)
		clock_take(clock, event);
	return event;
}

int64_t clock_next(const struct clock *clock)
{
	return clock->count ? clock->heap[0]->due : -1;
}

bool clock_step(struct clock *clock, int64_t limit)
{
	if (!clock->count || clock->heap[0]->due > limit) {
		if (limit > clock->now)
			clock->now = limit;
		return false;
	}
	struct event *event = clock_take_next(clock);
	if (event->due > clock->now)
		clock->now = event->due;
	event->happen(event);
	return true;
}

size_t clock_pending(const struct clock *clock)
{
	return clock->count;
}
