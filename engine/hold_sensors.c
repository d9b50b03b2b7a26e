/* hold_sensors.c - the sensors of what is held: each is asked in its turn, and what it tells goes into what
 * is made of it, and to the policies that go by it. */
#include "engine/hold_sensors.h"

#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json_write.h"
#include "blueprints/sensors.h"
#include "engine/reconcile.h"
#include "engine/sensor_feeds.h"

/* Of so many instances, or fewer, a number is made anew whenever one tells something; of more, so often in a
 * period. So what a sample costs does not grow with their number. */
enum { AT_ONCE = 16 };

struct held_sensors {
	struct feed *feeds;
	struct number *numbers; /* one of each of the component's sensors, in their order */
	size_t number_count;
	/* Of this and other components' sensors, for the policies: */
	struct sample *samples;
	size_t sample_count, sample_room;
};

static struct berth_operation *operation_of(const struct held_component *held)
{
	return held->hold->operation;
}

static int64_t now(const struct held_component *held)
{
	struct world *world = operation_of(held)->berth->world;
	return world->ops->now(world);
}

static int64_t wall(const struct held_component *held)
{
	struct world *world = operation_of(held)->berth->world;
	return world->ops->wall(world);
}

int64_t feed_now(const struct feed *feed)
{
	return now(feed->held);
}

struct berth_operation *feed_operation(const struct feed *feed)
{
	return operation_of(feed->held);
}

struct number *held_numbers(const struct held_component *held, size_t *ret_count)
{
	*ret_count = held->sensors ? held->sensors->number_count : 0;
	return held->sensors ? held->sensors->numbers : NULL;
}

/* --- what is told goes to policies ---------------------------------------------------------------- */

/* Few components have sensors of their own, or hear of others'. NULL: no memory. */
static struct held_sensors *sensors_of(struct held_component *held)
{
	if (!held->sensors)
		held->sensors = calloc(1, sizeof *held->sensors);
	return held->sensors;
}

static int add_sample(struct held_component *held, const struct sample *sample)
{
	struct held_sensors *sensors = sensors_of(held);
	if (!sensors)
		return -1;
	if (sensors->sample_count == sensors->sample_room) {
		size_t room = sensors->sample_room ? 2 * sensors->sample_room : 4;
		struct sample *wider = reallocarray(sensors->samples, room, sizeof *wider);
		if (!wider)
			return -1;
		sensors->samples = wider;
		sensors->sample_room = room;
	}
	sensors->samples[sensors->sample_count++] = *sample;
	held->due = held->hold->any_due = true;
	operation_wake(operation_of(held));
	return 0;
}

/* Those who do not hear it for want of memory hear the next one. */
static void tell_policies(const struct number *number)
{
	struct sample sample = {.sensor = number->sensor->name,
				.kind = number->known ? SAMPLE_NUMBER : SAMPLE_NOTHING,
				.number = number->value};
	if (number->listener_count)
		sample.at_ms = wall(number->held);
	for (size_t i = 0; i < number->listener_count; i++) {
		struct held_component *listener = number->listeners[i];
		sample.entity = listener == number->held ? NULL : number->held->component->id;
		add_sample(listener, &sample);
	}
}

const struct sample *held_samples(const struct held_component *held, size_t *ret_count)
{
	*ret_count = held->sensors ? held->sensors->sample_count : 0;
	return held->sensors ? held->sensors->samples : NULL;
}

void held_samples_told(struct held_component *held)
{
	if (held->sensors)
		held->sensors->sample_count = 0;
}

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
	int64_t now_ms = now(of->held);
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
	return number->feed_count && is_fresh(feed->known, feed->until_ms, now(number->held));
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
	number->made_ms = now(number->held);
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
		tell_policies(number);
	}
	for (size_t i = 0; i < number->whole.count; i++)
		derive(number->whole.list[i], 0);
}

static void publish(struct number *number)
{
	int64_t pause_ms = number->feed_count > AT_ONCE ? period_of(number) / AT_ONCE : 0;
	if (!pause_ms || !number->known || now(number->held) - number->made_ms >= pause_ms)
		make_number(number);
	else
		number->due = true;
}

/* Something was told since it was made, or is too old by now. */
static void make_anew(struct number *number)
{
	if (number->due || (sensor_is_of_instances(number->sensor) && number->known &&
			    now(number->held) > number->soonest_ms))
		make_number(number);
}

bool number_now(struct number *number, double *ret, int64_t *ret_until_ms)
{
	make_anew(number);
	*ret = number->value;
	*ret_until_ms = number->until_ms;
	return is_fresh(number->known, number->until_ms, now(number->held));
}

/* It told nothing for too long: who goes by it is told so, once. */
static void notice_stale(struct number *number)
{
	make_anew(number);
	if (!number->known || now(number->held) <= number->until_ms)
		return;
	number->known = false;
	number->heard_ms = 0;
	tell_policies(number);
	for (size_t i = 0; i < number->each.count; i++)
		notice_stale(number->each.list[i]);
	for (size_t i = 0; i < number->whole.count; i++)
		notice_stale(number->whole.list[i]);
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
		operation_warn(operation_of(feed->held), "%s: the sensor `%s` tells nothing: %s", whose(feed),
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
	return is_fresh(feed->known, feed->until_ms, now(number->held));
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
	int64_t now_ms = now(number->held), until_ms, stale_ms = number->sensor->stale_ms;
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
	int64_t now_ms = now(number->held), until_ms = INT64_MAX, its_ms;
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

/* --- in its turn ------------------------------------------------------------------------------------ */

void feed_put_off(struct feed *feed)
{
	feed->next_ms = feed_now(feed) + feed->number->sensor->period_ms;
	feed_queue_moved(feed->held->hold->feeds, feed);
}

void feed_hurry(struct feed *feed)
{
	if (feed->asked_ms || !feed->turns || !feed_runs(feed) || feed->next_ms <= feed_now(feed))
		return;
	feed->next_ms = feed_now(feed);
	feed_queue_moved(feed->held->hold->feeds, feed);
}

void feed_wake(struct feed *feed)
{
	struct feed_queue *queue = feed->held->hold->feeds;
	if (feed->woken)
		return;
	feed->woken = true;
	feed->next_woken = queue->woken;
	queue->woken = feed;
	operation_wake(operation_of(feed->held));
}

static void go_on_with_woken(struct feed_queue *queue)
{
	struct feed *feed = give(queue->woken);
	for (struct feed *next; feed; feed = next) {
		next = feed->next_woken;
		feed->woken = false;
		if (feed_runs(feed))
			feed_go_on(feed);
		else
			feed_give_up(feed);
	}
}

/* The next time is a period later, however long it takes to be told; those that were missed are not made up
 * for. */
static void take_turn(struct feed_queue *queue, struct feed *feed, int64_t now_ms)
{
	int64_t period_ms = feed->number->sensor->period_ms;
	feed->next_ms += period_ms;
	if (feed->next_ms <= now_ms)
		feed->next_ms = now_ms + period_ms;
	feed_queue_moved(queue, feed);
	notice_stale(feed->number);
	if (!feed_runs(feed))
		feed_give_up(feed);
	else if (feed_asks(feed))
		feed_go_on(feed); /* it may take too long */
	else
		feed_ask(feed);
}

static int link_all(struct hold *hold);

int64_t hold_step_sensors(struct hold *hold)
{
	struct world *world = hold->operation->berth->world;
	int64_t now_ms = world->ops->now(world);
	struct feed_queue *queue = hold->feeds;
	if (!queue)
		return -1;
	if (!queue->linked && link_all(hold))
		return 1000; /* without memory it is tried again */
	if (queue->woken)
		go_on_with_woken(queue);
	while (queue->count && queue->heap[0]->next_ms <= now_ms)
		take_turn(queue, queue->heap[0], now_ms);
	return queue->count ? queue->heap[0]->next_ms - now_ms : -1;
}

/* --- taking it up, letting it go ---------------------------------------------------------------------- */

/* A pushed number may be of the component as a whole, too. */
static size_t feeds_of(const struct held_component *held, const struct sensor *sensor)
{
	size_t own = !sensor_is_of_instances(sensor) || sensor->source == SENSOR_PUSHED;
	return own + (sensor_is_of_instances(sensor) ? held->member_count : 0);
}

/* Spread over the period, so that not all of them are asked at one time. */
static int64_t first_time(const struct held_component *held, const struct sensor *sensor, bool first)
{
	struct world *world = operation_of(held)->berth->world;
	uint32_t chance = 0;
	if (!first)
		world->ops->random(world, &chance, sizeof chance);
	return now(held) + (int64_t)(chance % (uint64_t)sensor->period_ms);
}

static bool is_asked(const struct held_component *held, const struct sensor *sensor)
{
	return !held->awaited || held->awaited[sensor - held->component->spec->sensors];
}

static void begin_number(struct held_component *held, const struct sensor *sensor, struct feed *feeds)
{
	struct held_sensors *sensors = held->sensors;
	struct number *number = &sensors->numbers[sensors->number_count++];
	*number = (struct number){
	    .held = held, .sensor = sensor, .feeds = feeds, .feed_count = feeds_of(held, sensor)};
	bool of_instances = sensor_is_of_instances(sensor);
	for (size_t i = 0; i < number->feed_count; i++) {
		feeds[i] = (struct feed){.held = held, .number = number};
		if (of_instances && i < held->member_count)
			feeds[i].of = &held->members[i];
		feeds[i].turns = sensor->source != SENSOR_DERIVED && is_asked(held, sensor);
		if (!feeds[i].turns)
			continue;
		feeds[i].next_ms = first_time(held, sensor, &feeds[i] == sensors->feeds);
		feed_queue_add(held->hold->feeds, &feeds[i]);
	}
}

int held_sensors_begin(struct held_component *held)
{
	const struct component_spec *spec = held->component->spec;
	size_t count = 0;
	for (size_t i = 0; i < spec->sensor_count; i++)
		count += feeds_of(held, &spec->sensors[i]);
	if (!spec->sensor_count)
		return 0;
	if (!held->hold->feeds && !(held->hold->feeds = calloc(1, sizeof *held->hold->feeds)))
		return -1;
	struct held_sensors *sensors = sensors_of(held);
	if (!sensors)
		return -1;
	sensors->feeds = calloc(count + 1, sizeof *sensors->feeds);
	sensors->numbers = calloc(spec->sensor_count + 1, sizeof *sensors->numbers);
	if (!sensors->feeds || !sensors->numbers || feed_queue_room(held->hold->feeds, count))
		return -1;
	struct feed *feeds = sensors->feeds;
	for (size_t i = 0; i < spec->sensor_count; i++) {
		begin_number(held, &spec->sensors[i], feeds);
		feeds += sensors->numbers[i].feed_count;
	}
	return 0;
}

static void end_number(struct number *number)
{
	window_release(&number->window);
	free(number->inputs);
	free(number->each.list);
	free(number->whole.list);
	free(number->listeners);
}

static void end_feed(struct feed *feed)
{
	feed_give_up(feed);
	enriching_release(&feed->enriching);
	free(feed->problem);
}

void held_sensors_end(struct held_component *held)
{
	struct held_sensors *sensors = give(held->sensors);
	if (!sensors)
		return;
	for (size_t i = 0; i < sensors->number_count; i++) {
		for (size_t j = 0; j < sensors->numbers[i].feed_count; j++)
			end_feed(&sensors->numbers[i].feeds[j]);
		end_number(&sensors->numbers[i]);
	}
	free(sensors->feeds);
	free(sensors->numbers);
	free(sensors->samples);
	free(sensors);
}

void hold_sensors_end(struct hold *hold)
{
	if (hold->feeds)
		feed_queue_release(hold->feeds);
	free(give(hold->feeds));
}

/* --- who goes by which ------------------------------------------------------------------------------- */

/* Room for one more pointer; 0 or -1. */
static int grow_list(void *list, size_t count)
{
	void **at = list;
	if (count & (count - 1))
		return 0;
	void *wider = reallocarray(*at, count ? 2 * count : 1, sizeof(void *));
	if (!wider)
		return -1;
	*at = wider;
	return 0;
}

static int add_number(struct numbers *numbers, struct number *number)
{
	for (size_t i = 0; i < numbers->count; i++)
		if (numbers->list[i] == number)
			return 0;
	if (grow_list(&numbers->list, numbers->count))
		return -1;
	numbers->list[numbers->count++] = number;
	return 0;
}

/* NULL: there is none such, or its component is not held. */
static struct number *find_number(const struct held_component *own, const struct sensor_input *input)
{
	const struct held_component *held =
	    input->component ? held_component_of(own->hold, input->component) : own;
	size_t count = 0;
	struct number *numbers = held ? held_numbers(held, &count) : NULL;
	for (size_t i = 0; i < count; i++)
		if (!strcmp(numbers[i].sensor->name, input->sensor))
			return &numbers[i];
	return NULL;
}

static int link_inputs(struct number *number)
{
	const struct enricher *enricher = number->sensor->enricher;
	if (!enricher)
		return 0;
	number->inputs = calloc(enricher->input_count, sizeof(struct number *));
	if (!number->inputs)
		return -1;
	for (size_t i = 0; i < enricher->input_count; i++) {
		struct number *input = find_number(number->held, &enricher->inputs[i]);
		number->inputs[i] = input;
		if (!input) {
			number->feed_count = 0; /* nobody tells it */
			return 0;
		}
	}
	for (size_t i = 0; i < enricher->input_count; i++) {
		struct number *input = number->inputs[i];
		bool own =
		    enricher->each && input->held == number->held && sensor_is_of_instances(input->sensor);
		if (enricher->each && !own)
			continue; /* it is looked at when an instance tells something */
		if (add_number(own ? &input->each : &input->whole, number))
			return -1;
	}
	return 0;
}

static int link_listeners(struct number *number)
{
	struct hold *hold = number->held->hold;
	for (size_t i = 0; i < hold->component_count; i++) {
		struct held_component *held = &hold->components[i];
		const char *entity = held == number->held ? NULL : number->held->component->id;
		if (!held->set || !policy_set_hears(held->set, number->sensor->name, entity))
			continue;
		if (grow_list(&number->listeners, number->listener_count))
			return -1;
		number->listeners[number->listener_count++] = held;
	}
	return 0;
}

static void unlink_number(struct number *number)
{
	free(give(number->inputs));
	free(give(number->each.list));
	free(give(number->whole.list));
	free(give(number->listeners));
	number->each.count = number->whole.count = number->listener_count = 0;
}

/* Once all of them are there. Without memory nothing of it stays. */
static int link_all(struct hold *hold)
{
	bool failed = false;
	for (size_t i = 0; i < hold->component_count; i++) {
		size_t count = 0;
		struct number *numbers = held_numbers(&hold->components[i], &count);
		for (size_t j = 0; j < count && !failed; j++)
			failed = link_inputs(&numbers[j]) || link_listeners(&numbers[j]);
	}
	for (size_t i = 0; failed && i < hold->component_count; i++) {
		size_t count = 0;
		struct number *numbers = held_numbers(&hold->components[i], &count);
		for (size_t j = 0; j < count; j++)
			unlink_number(&numbers[j]);
	}
	hold->feeds->linked = !failed;
	return failed ? -1 : 0;
}
