/* hold_sensors.c - the sensors of what is held: each is asked in its turn, and what it tells goes into what
 * is made of it, and to the policies that go by it. */
#include "engine/hold_sensors.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "blueprints/sensors.h"
#include "engine/reconcile.h"
#include "engine/sensor_feeds.h"

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

int64_t held_now(const struct held_component *held)
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
	return held_now(feed->held);
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
void number_tell_policies(const struct number *number)
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
	number_notice_stale(feed->number);
	if (!feed_runs(feed))
		feed_give_up(feed);
	else if (feed_asks(feed))
		feed_go_on(feed); /* it may take too long */
	else
		feed_ask(feed);
}

int64_t hold_step_sensors(struct hold *hold)
{
	struct world *world = hold->operation->berth->world;
	int64_t now_ms = world->ops->now(world);
	struct feed_queue *queue = hold->feeds;
	if (!queue)
		return -1;
	if (!queue->linked && numbers_link(hold))
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
	return held_now(held) + (int64_t)(chance % (uint64_t)sensor->period_ms);
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
