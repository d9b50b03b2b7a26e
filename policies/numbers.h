/* numbers.h - what is made of the numbers of sensors: one of several instances', the mean of a while, the
 * growth of a counter. */
#ifndef BERTH_POLICIES_NUMBERS_H
#define BERTH_POLICIES_NUMBERS_H

#include "blueprints/blueprint.h"

/* Of `count` numbers, 1 at least; they are sorted where it is a percentile. The percentile is the smallest of
 * them that so many in a hundred do not exceed. */
double numbers_together(enum aggregate how, unsigned percentile, double *numbers, size_t count);

/* The numbers of a while, oldest first. Zero before the first. */
struct number_window {
	struct timed_number {
		int64_t at_ms;
		double value;
	} * numbers;
	size_t count, room;
};

enum { WINDOW_NUMBERS = 1024 }; /* more than that are not kept: the oldest go first */

/* Their mean with the new one, of the last `length_ms`; NAN without memory. */
double window_mean(struct number_window *window, int64_t now_ms, int64_t length_ms, double value);
/* One more at the end; false without memory. */
bool window_add(struct number_window *window, int64_t at_ms, double value);
/* All but so many at its end go. */
void window_keep_last(struct number_window *window, size_t count);
void window_release(struct number_window *window);

/* A counter as it was seen last. */
struct counter {
	bool known;
	int64_t at_ms;
	double value;
};

/* By how much it grew in a second since it was seen last. False: that is not known, because it was not seen
 * before, no time has gone by, or it began anew. */
bool counter_rate(struct counter *counter, int64_t now_ms, double value, double *ret);

#endif
