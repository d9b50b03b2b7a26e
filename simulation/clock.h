/* clock.h - virtual time: what will happen, in order; nothing sleeps, every run is the same. */
#ifndef BERTH_SIMULATION_CLOCK_H
#define BERTH_SIMULATION_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/member.h"

struct clock;

/* Something that will happen: a member of whatever it happens to (`owner_of` finds that). Those due together
 * happen in the order in which they were added. */
struct event {
	void (*happen)(struct event *event); /* it is out of the clock by then, and may be added again */
	size_t index;                        /* the clock's; EVENT_IDLE while it is not to come */
	int64_t due;
	uint64_t order;
};

#define EVENT_IDLE SIZE_MAX

struct clock *clock_new(void); /* NULL: no memory */
/* Events that are still to come belong to whoever added them. NULL is fine. */
void clock_free(struct clock *clock);

int64_t clock_now(const struct clock *clock); /* milliseconds; begins at 1000 */
/* Idle at first; `happen` is all that is to be known. */
void event_prepare(struct event *event, void (*happen)(struct event *event));
/* In so many milliseconds (negative: 0). 0, or -1 without memory. One that is to come already is moved. */
int clock_add(struct clock *clock, struct event *event, int64_t delay_ms);
/* It will not happen. One that is idle stays so. */
void clock_take(struct clock *clock, struct event *event);
/* When the next one is due; -1: there is none. */
int64_t clock_next(const struct clock *clock);
/* Let the next one happen; false when there is none that is due by `limit` (then it is `limit`). */
bool clock_step(struct clock *clock, int64_t limit);
/* The next one, taken out without happening, for whoever clears up; NULL: there is none. */
struct event *clock_take_next(struct clock *clock);
size_t clock_pending(const struct clock *clock);

#endif
