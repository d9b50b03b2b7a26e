/* ring.h - the last events of an operation, numbered, for any number of readers at their own pace. */
#ifndef BERTH_API_RING_H
#define BERTH_API_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring_entry;

/* Zero-initialised but for `limit` is ready for use. */
struct ring {
	struct ring_entry **entries; /* a power of two of them, by their number */
	size_t room;
	uint64_t first, next; /* numbers that are there: from `first` up to before `next`; they begin at 1 */
	size_t bytes, limit;  /* the oldest go when there are more; the newest always stays */
};

/* How far a reader has come: the event it reads, and the bytes of it that it has. */
struct ring_place {
	uint64_t number;
	size_t offset;
};

/* Append an event in the form in which it is sent. 0, or -1 without memory. */
int ring_add(struct ring *ring, const char *kind, const char *json, size_t size);
/* The same, told under a number that is not the ring's own. */
int ring_add_as(struct ring *ring, uint64_t number, const char *kind, const char *json, size_t size);
/* The place after the event of that number; 0 for the beginning. */
struct ring_place ring_after(uint64_t number);
/* At most `room` bytes from there on; the place moves. 0: it has all there is. -1: what comes next is gone.
 */
ptrdiff_t ring_read(const struct ring *ring, struct ring_place *place, char *ret, size_t room);
/* What comes next is gone: go on with the oldest that is there. Returns how many are lost. */
uint64_t ring_skip(const struct ring *ring, struct ring_place *place);
/* The next event as a whole, and the place after it; NULL: none, or gone (then the place is before `first`).
 */
const char *ring_event(const struct ring *ring, struct ring_place *place, size_t *ret_size);
/* From now on no more than so many bytes. */
void ring_shrink(struct ring *ring, size_t limit);
/* Those before this place in it, counted from 1, are not asked for again. */
void ring_forget(struct ring *ring, uint64_t number);
void ring_release(struct ring *ring);

#endif
