/* feed_numbers.c - what a sensor's number is by now: made of all that its feeds tell, or of other sensors'.
 */
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "blueprints/sensors.h"
#include "engine/reconcile.h"
#include "engine/sensor_feeds.h"

/* Of so many instances, or fewer, a number is made anew whenever one tells something; of more, so often in a
 * period. So what a sample costs does not grow with their number. */
enum { AT_ONCE = 16 };

/* --- what a number is made of ----------------------------------------------------------------------- */

/* Room for so many numbers, of the hold's; NULL: no memory. */
static double *scratch(struct hold *hold, size_t count)
{
	struct feed_queue *queue = hold->feeds;
	if (count > queue->scratch_room) {
		double *wider = reallocarray(queue->scratch, 2 * count, sizeof *wider);
		if (!wider)
			return NULL;
		queue->scratch = wider;
		queue->scratch_room = 2 * count;
	}
	return queue->scratch;
}

/* What is taken together: values, and until when the last and the first of them count. */
struct gathering {
	double *values;
	size_t count;
	int64_t until_ms, soonest_ms;
};

static void gather(struct gathering *to, bool fresh, double value, int64_t until_ms, double otherwise)
{
	if (fresh || !isnan(otherwise))
		to->values[to->count++] = fresh ? value : otherwise;
	if (fresh && until_ms > to->until_ms)
		to->until_ms = until_ms;
	if (fresh && until_ms < to->soonest_ms)
		to->soonest_ms = until_ms;
}

/* Of its feeds those that told something lately. */
static void gather_feeds(struct gathering *to, const struct number *of, double otherwise)
{
	int64_t now_ms = held_now(of->held);
	for (size_t i = 0; i < of->feed_count; i++) {
		const struct feed *feed = &of->feeds[i];
		gather(to, is_fresh(feed->known, feed->until_ms, now_ms), feed->value, feed->until_ms,
		       otherwise);
	}
}

/* One number of them, as the sensor says. False: of none. */
static bool made_together(const struct gathering *gathered, const struct sensor *sensor, double *ret,
			  int64_t *ret_until_ms)
{
	if (gathered->until_ms == INT64_MIN)
		return false;
	*ret = numbers_together(sensor->aggregate, sensor->percentile, gathered->values, gathered->count);
	*ret_until_ms = gathered->until_ms;
	return true;
}

/* Of its own instances. */
static bool together(struct number *number, double *ret, int64_t *ret_until_ms)
{
	struct gathering gathered = {.values = scratch(number->held->hold, number->feed_count),
				     .until_ms = INT64_MIN,
				     .soonest_ms = INT64_MAX};
	if (gathered.values)
		gather_feeds(&gathered, number, NAN);
	number->soonest_ms = gathered.soonest_ms;
	return made_together(&gathered, number->sensor, ret, ret_until_ms);
}

/* Of the component as a whole there is one. */
static bool own_feed(const struct number *number, double *ret, int64_t *ret_until_ms)
{
	const struct feed *feed = number->feeds;
	*ret = feed->value;
	*ret_until_ms = feed->until_ms;
	return number->feed_count && is_fresh(feed->known, feed->until_ms, held_now(number->held));
}

static void derive(struct number *number, size_t index);

/* The period in which several instances tell it, or what it is made of; 0: one does. */
static int64_t period_of(const struct number *number)
{
	const struct enricher *enricher = number->sensor->enricher;
	int64_t longest_ms = 0;
	if (!enricher)
		return number->feed_count > 1 ? number->sensor->period_ms : 0;
	for (size_t i = 0; i < enricher->input_count; i++) {
		int64_t its_ms = period_of(number->inputs[i]);
		longest_ms = its_ms > longest_ms ? its_ms : longest_ms;
	}
	return longest_ms;
}

/* Policies look at all instances each time: of what several tell they hear about once in a period. */
static bool is_to_be_heard(const struct number *number)
{
	return !number->heard_ms ||
	       number->made_ms - number->heard_ms >= period_of(number) - period_of(number) / 10;
}

static void make_number(struct number *number)
{
	const struct sensor *sensor = number->sensor;
	double value;
	int64_t until_ms;
	number->due = false;
	number->made_ms = held_now(number->held);
	if (sensor_is_of_instances(sensor) ? !together(number, &value, &until_ms)
					   : !own_feed(number, &value, &until_ms))
		return;
	if (sensor->window_ms)
		value = window_mean(&number->window, number->made_ms, sensor->window_ms, value);
	if (!isfinite(value))
		return;
	number->known = number->told = true;
	number->told_ms = number->made_ms;
	number->value = value;
	number->until_ms = until_ms;
	if (number->listener_count && is_to_be_heard(number)) {
		number->heard_ms = number->made_ms;
		number_tell_policies(number);
	}
	for (size_t i = 0; i < number->whole.count; i++)
		derive(number->whole.list[i], 0);
}

static void publish(struct number *number)
{
	int64_t pause_ms = number->feed_count > AT_ONCE ? period_of(number) / AT_ONCE : 0;
	if (!pause_ms || !number->known || held_now(number->held) - number->made_ms >= pause_ms)
		make_number(number);
	else
		number->due = true;
}

/* Something was told since it was made, or is too old by now. */
static void make_anew(struct number *number)
{
	if (number->due || (sensor_is_of_instances(number->sensor) && number->known &&
			    held_now(number->held) > number->soonest_ms))
		make_number(number);
}

bool number_now(struct number *number, double *ret, int64_t *ret_until_ms)
{
	make_anew(number);
	*ret = number->value;
	*ret_until_ms = number->until_ms;
	return is_fresh(number->known, number->until_ms, held_now(number->held));
}

void number_notice_stale(struct number *number)
{
	make_anew(number);
	if (!number->known || held_now(number->held) <= number->until_ms)
		return;
	number->known = false;
	number->heard_ms = 0;
	number_tell_policies(number);
	for (size_t i = 0; i < number->each.count; i++)
		number_notice_stale(number->each.list[i]);
	for (size_t i = 0; i < number->whole.count; i++)
		number_notice_stale(number->whole.list[i]);
}

/* --- what a feed tells ------------------------------------------------------------------------------ */

static void take(struct feed *feed, double value, int64_t at_ms, int64_t until_ms)
{
	struct number *number = feed->number;
	if (number->sensor->rate && !counter_rate(&feed->counter, at_ms, value, &value))
		return;
	feed->known = true;
	feed->value = value;
	feed->until_ms = until_ms;
	for (size_t i = 0; i < number->each.count; i++)
		derive(number->each.list[i], (size_t)(feed - number->feeds));
	publish(number);
}

/* An operation that waits for it looks whether that is enough. */
static void tell_who_waits(const struct feed *feed)
{
	struct hold *hold = feed->held->hold;
	if (!hold->for_awaited)
		return;
	hold->told = true;
	operation_wake(hold->operation);
}

void feed_told(struct feed *feed, double value, int64_t at_ms)
{
	tell_who_waits(feed);
	free(give(feed->problem));
	take(feed, value, at_ms, at_ms + feed->number->sensor->stale_ms);
}

static const char *whose(const struct feed *feed)
{
	return feed->of ? feed->of->work->instance->name : feed->held->component->id;
}

/* Said once, until it tells something again. */
void feed_told_nothing(struct feed *feed, const struct error *err)
{
	if (!feed->problem)
		operation_warn(feed_operation(feed), "%s: the sensor `%s` tells nothing: %s", whose(feed),
			       feed->number->sensor->name, err->text);
	char *words = strdup(err->text);
	if (!words)
		return;
	free(feed->problem);
	feed->problem = words;
}

/* --- what is made of others ------------------------------------------------------------------------- */

/* Of an instance where it tells one by itself. False: it is not known. */
static bool input_of(const struct number *number, struct number *input, size_t index, double *ret,
		     int64_t *ret_until_ms)
{
	const struct sensor *sensor = number->sensor;
	if (!sensor->enricher->each || input->held != number->held || !sensor_is_of_instances(input->sensor))
		return number_now(input, ret, ret_until_ms);
	const struct feed *feed = &input->feeds[index];
	*ret = feed->value;
	*ret_until_ms = feed->until_ms;
	return is_fresh(feed->known, feed->until_ms, held_now(number->held));
}

/* Of all instances of those that it is made of, whoever's they are. */
static bool inputs_together(const struct number *number, double *ret, int64_t *ret_until_ms)
{
	const struct enricher *enricher = number->sensor->enricher;
	size_t room = 0;
	for (size_t i = 0; i < enricher->input_count; i++) {
		make_anew(number->inputs[i]);
		room += number->inputs[i]->feed_count;
	}
	struct gathering gathered = {
	    .values = scratch(number->held->hold, room), .until_ms = INT64_MIN, .soonest_ms = INT64_MAX};
	for (size_t i = 0; gathered.values && i < enricher->input_count; i++)
		gather_feeds(&gathered, number->inputs[i], enricher->otherwise);
	return made_together(&gathered, number->sensor, ret, ret_until_ms);
}

static void derive_together(struct number *number)
{
	int64_t now_ms = held_now(number->held), until_ms, stale_ms = number->sensor->stale_ms;
	double value;
	if (!number->feed_count || !inputs_together(number, &value, &until_ms))
		return;
	if (stale_ms && now_ms + stale_ms < until_ms)
		until_ms = now_ms + stale_ms;
	take(number->feeds, value, now_ms, until_ms);
}

/* It is known for as long as all are of which it is made. */
static void derive(struct number *number, size_t index)
{
	enum { MOST_INPUTS = 32 };
	const struct sensor *sensor = number->sensor;
	const struct enricher *enricher = sensor->enricher;
	int64_t now_ms = held_now(number->held), until_ms = INT64_MAX, its_ms;
	double values[MOST_INPUTS] = {0}, value;
	if (enricher->together) {
		derive_together(number);
		return;
	}
	if (index >= number->feed_count)
		return; /* of a pushed one the component's own */
	for (size_t i = 0; i < enricher->input_count; i++) {
		if (!input_of(number, number->inputs[i], index, &values[i], &its_ms))
			return;
		until_ms = its_ms < until_ms ? its_ms : until_ms;
	}
	if (sensor->stale_ms && now_ms + sensor->stale_ms < until_ms)
		until_ms = now_ms + sensor->stale_ms;
	struct feed *feed = &number->feeds[index];
	if (enrich(enricher, &feed->enriching, values, now_ms, &value))
		take(feed, value, now_ms, until_ms);
}
