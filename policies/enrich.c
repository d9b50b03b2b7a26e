/* enrich.c - what is made of the numbers of sensors, one after the other. */
#include "policies/enrich.h"

#include <math.h>

#include "base/formula.h"

static bool delta(struct enriching *state, double number, int64_t at_ms, double *ret)
{
	struct counter before = state->before;

	state->before = (struct counter){true, at_ms, number};
	*ret = number - before.value;
	return before.known;
}

static bool timed_delta(struct enriching *state, double number, int64_t at_ms, int64_t unit_ms, double *ret)
{
	struct counter before = state->before;

	if (!delta(state, number, at_ms, ret) || at_ms <= before.at_ms)
		return false;
	*ret /= (double)(at_ms - before.at_ms) / (double)unit_ms;
	return true;
}

static bool last_mean(struct number_window *window, double number, int64_t at_ms, int64_t most, double *ret)
{
	double sum = 0;

	window_keep_last(window, (size_t)most - 1);
	if (!window_add(window, at_ms, number))
		return false;
	for (size_t i = 0; i < window->count; i++)
		sum += window->numbers[i].value;
	*ret = sum / (double)window->count;
	return true;
}

/* A number holds from the one before it until its own time. What is known of less than that part of the
 * window says nothing yet. */
static bool window_mean_by_time(struct number_window *window, const struct enricher *how, double number,
				int64_t at_ms, double *ret)
{
	int64_t begin_ms = at_ms - how->length_ms, from_ms;
	double sum = 0;
	size_t old = 0;

	if (window->count && at_ms < window->numbers[window->count - 1].at_ms)
		window->count = 0; /* of a time that was not yet */
	if (!window_add(window, at_ms, number))
		return false;
	/* The last one before it tells since when the first within it holds. */
	while (old + 1 < window->count && window->numbers[old + 1].at_ms < begin_ms)
		old++;
	window_keep_last(window, window->count - old);
	from_ms = window->numbers[0].at_ms > begin_ms ? window->numbers[0].at_ms : begin_ms;
	double known_ms = (double)(at_ms - from_ms);
	if (known_ms / (double)how->length_ms <= how->confidence)
		return false;
	for (size_t i = 0; i < window->count; i++) {
		const struct timed_number *one = &window->numbers[i];
		if (one->at_ms < from_ms)
			continue;
		sum += (double)(one->at_ms - from_ms) / known_ms * one->value;
		from_ms = one->at_ms;
	}
	*ret = sum;
	return true;
}

/* Brooklyn's, which tells nothing of a total of almost nothing. */
static bool ratio(double number, double total, double *ret)
{
	if (fabs(total) <= 1e-12 || number < 0 || total < 0)
		return false;
	*ret = number / total;
	return true;
}

bool enrich(const struct enricher *how, struct enriching *state, const double *numbers, int64_t at_ms,
	    double *ret)
{
	switch (how->how) {
	case ENRICH_COPY:
		*ret = numbers[0];
		return true;
	case ENRICH_FORMULA:
		*ret = formula_value(how->formula, numbers);
		return isfinite(*ret);
	case ENRICH_DELTA:
		return delta(state, numbers[0], at_ms, ret);
	case ENRICH_TIMED_DELTA:
		return timed_delta(state, numbers[0], at_ms, how->length_ms, ret);
	case ENRICH_LAST_MEAN:
		return last_mean(&state->window, numbers[0], at_ms, how->most, ret);
	case ENRICH_WINDOW_MEAN:
		return window_mean_by_time(&state->window, how, numbers[0], at_ms, ret);
	case ENRICH_RATIO:
		return ratio(numbers[0], numbers[1], ret);
	}
	return false;
}

void enriching_release(struct enriching *state)
{
	window_release(&state->window);
	state->before = (struct counter){0};
}
