/* numbers.c - what is made of the numbers of sensors. */
#include "policies/numbers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_size(const void *one, const void *other)
{
	double a = *(const double *)one, b = *(const double *)other;

	return a < b ? -1 : a > b;
}

double numbers_together(enum aggregate how, unsigned percentile, double *numbers, size_t count)
{
	double sum = 0, least = numbers[0], most = numbers[0];

	if (how == AGGREGATE_PERCENTILE) {
		size_t rank = (count * percentile + 99) / 100;
		qsort(numbers, count, sizeof(*numbers), by_size);
		return numbers[rank ? rank - 1 : 0];
	}
	if (how == AGGREGATE_COUNT)
		return (double)count;
	for (size_t i = 0; i < count; i++) {
		sum += numbers[i];
		least = numbers[i] < least ? numbers[i] : least;
		most = numbers[i] > most ? numbers[i] : most;
	}
	return how == AGGREGATE_MAX   ? most
	       : how == AGGREGATE_MIN ? least
	       : how == AGGREGATE_SUM ? sum
				      : sum / (double)count;
}

/* What is older, or of a time that was not yet, goes. */
static void forget_old(struct number_window *window, int64_t now_ms, int64_t length_ms)
{
	size_t kept = 0;

	for (size_t i = 0; i < window->count; i++) {
		const struct timed_number *number = &window->numbers[i];
		if (number->at_ms > now_ms - length_ms && number->at_ms <= now_ms)
			window->numbers[kept++] = *number;
	}
	window->count = kept;
}

void window_keep_last(struct number_window *window, size_t count)
{
	if (count >= window->count)
		return;
	memmove(window->numbers, window->numbers + window->count - count, count * sizeof(*window->numbers));
	window->count = count;
}

bool window_add(struct number_window *window, int64_t at_ms, double value)
{
	window_keep_last(window, WINDOW_NUMBERS - 1);
	if (window->count == window->room) {
		size_t room = window->room ? 2 * window->room : 8;
		struct timed_number *wider = reallocarray(window->numbers, room, sizeof(*wider));
		if (!wider)
			return false;
		window->numbers = wider;
		window->room = room;
	}
	window->numbers[window->count++] = (struct timed_number){at_ms, value};
	return true;
}

double window_mean(struct number_window *window, int64_t now_ms, int64_t length_ms, double value)
{
	double sum = 0;

	forget_old(window, now_ms, length_ms);
	if (!window_add(window, now_ms, value))
		return NAN;
	for (size_t i = 0; i < window->count; i++)
		sum += window->numbers[i].value;
	return sum / (double)window->count;
}

void window_release(struct number_window *window)
{
	free(window->numbers);
	*window = (struct number_window){0};
}

bool counter_rate(struct counter *counter, int64_t now_ms, double value, double *ret)
{
	struct counter before = *counter;

	*counter = (struct counter){true, now_ms, value};
	if (!before.known || now_ms <= before.at_ms || value < before.value)
		return false;
	*ret = (value - before.value) * 1000 / (double)(now_ms - before.at_ms);
	return true;
}
