/* feed_queue.c - the turns of feeds: the one that is due first is at the top of a heap. */
#include <stdlib.h>

#include "engine/sensor_feeds.h"

int feed_queue_room(struct feed_queue *queue, size_t more)
{
	if (queue->count + more <= queue->room)
		return 0;
	size_t room = queue->count + more + queue->room;
	struct feed **wider = reallocarray(queue->heap, room, sizeof *wider);
	if (!wider)
		return -1;
	queue->heap = wider;
	queue->room = room;
	return 0;
}

static void put(struct feed_queue *queue, size_t place, struct feed *feed)
{
	queue->heap[place] = feed;
	feed->place = place;
}

static void rise(struct feed_queue *queue, struct feed *feed)
{
	size_t place = feed->place;
	for (; place && queue->heap[(place - 1) / 2]->next_ms > feed->next_ms; place = (place - 1) / 2)
		put(queue, place, queue->heap[(place - 1) / 2]);
	put(queue, place, feed);
}

static void sink(struct feed_queue *queue, struct feed *feed)
{
	size_t place = feed->place;
	for (size_t below; (below = 2 * place + 1) < queue->count; place = below) {
		if (below + 1 < queue->count && queue->heap[below + 1]->next_ms < queue->heap[below]->next_ms)
			below++;
		if (queue->heap[below]->next_ms >= feed->next_ms)
			break;
		put(queue, place, queue->heap[below]);
	}
	put(queue, place, feed);
}

void feed_queue_add(struct feed_queue *queue, struct feed *feed)
{
	put(queue, queue->count++, feed);
	rise(queue, feed);
}

void feed_queue_moved(struct feed_queue *queue, struct feed *feed)
{
	rise(queue, feed);
	sink(queue, feed);
}

void feed_queue_release(struct feed_queue *queue)
{
	free(queue->heap);
	free(queue->scratch);
	*queue = (struct feed_queue){0};
}
