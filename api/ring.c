/* ring.c - the last events of an operation, each already in the form of a server-sent event. */
#include "api/ring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

struct ring_entry {
	size_t size;
	char bytes[];
};

static struct ring_entry **slot(const struct ring *ring, uint64_t number)
{
	return &ring->entries[number & (ring->room - 1)];
}

static void drop_first(struct ring *ring)
{
	struct ring_entry **first = slot(ring, ring->first++);
	ring->bytes -= (*first)->size;
	free(*first);
	*first = NULL;
}

static int grow(struct ring *ring)
{
	struct ring wider = *ring;
	wider.room = ring->room ? ring->room * 2 : 16;
	wider.entries = calloc(wider.room, sizeof *wider.entries);
	if (!wider.entries)
		return -1;
	for (uint64_t i = ring->first; i < ring->next; i++)
		*slot(&wider, i) = *slot(ring, i);
	free(ring->entries);
	*ring = wider;
	return 0;
}

static struct ring_entry *make_entry(uint64_t number, const char *kind, const char *json, size_t size)
{
	char head[96];
	int length =
	    snprintf(head, sizeof head, "id: %llu\nevent: %s\ndata: ", (unsigned long long)number, kind);
	struct ring_entry *entry = malloc(sizeof *entry + (size_t)length + size + 2);
	if (!entry)
		return NULL;
	memcpy(entry->bytes, head, (size_t)length);
	char *end = mempcpy(entry->bytes + length, json, size);
	*end++ = '\n';
	*end = '\n';
	entry->size = (size_t)length + size + 2;
	return entry;
}

int ring_add(struct ring *ring, const char *kind, const char *json, size_t size)
{
	return ring_add_as(ring, ring->next ? ring->next : 1, kind, json, size);
}

int ring_add_as(struct ring *ring, uint64_t number, const char *kind, const char *json, size_t size)
{
	if (!ring->next)
		ring->first = ring->next = 1;
	struct ring_entry *entry = make_entry(number, kind, json, size);
	if (!entry || (ring->next - ring->first == ring->room && grow(ring))) {
		free(entry);
		count_memory_failure();
		return -1;
	}
	*slot(ring, ring->next++) = entry;
	ring->bytes += entry->size;
	ring_shrink(ring, ring->limit);
	return 0;
}

void ring_shrink(struct ring *ring, size_t limit)
{
	ring->limit = limit;
	while (ring->bytes > limit && ring->next - ring->first > 1)
		drop_first(ring);
}

void ring_forget(struct ring *ring, uint64_t number)
{
	while (ring->first < ring->next && ring->first < number)
		drop_first(ring);
}

struct ring_place ring_after(uint64_t number)
{
	return (struct ring_place){.number = number + 1};
}

ptrdiff_t ring_read(const struct ring *ring, struct ring_place *place, char *ret, size_t room)
{
	size_t used = 0;
	if (place->number < ring->first)
		return -1;
	while (place->number < ring->next && used < room) {
		const struct ring_entry *entry = *slot(ring, place->number);
		size_t left = entry->size - place->offset, count = left < room - used ? left : room - used;
		memcpy(ret + used, entry->bytes + place->offset, count);
		used += count;
		place->offset += count;
		if (place->offset == entry->size)
			*place = ring_after(place->number);
	}
	return (ptrdiff_t)used;
}

const char *ring_event(const struct ring *ring, struct ring_place *place, size_t *ret_size)
{
	if (place->number < ring->first || place->number >= ring->next)
		return NULL;
	const struct ring_entry *entry = *slot(ring, place->number);
	*place = ring_after(place->number);
	*ret_size = entry->size;
	return entry->bytes;
}

uint64_t ring_skip(const struct ring *ring, struct ring_place *place)
{
	uint64_t lost = ring->first - place->number;
	*place = (struct ring_place){.number = ring->first};
	return lost;
}

void ring_release(struct ring *ring)
{
	while (ring->first < ring->next)
		drop_first(ring);
	free(ring->entries);
	*ring = (struct ring){.limit = ring->limit};
}
