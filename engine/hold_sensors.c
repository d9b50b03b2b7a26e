/* hold_sensors.c - the sensors of what is held: each is asked in its turn, and what it tells goes to the
 * policies that go by it. */
#include "engine/hold_sensors.h"

#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json_write.h"
#include "blueprints/measure.h"
#include "engine/invoke_http.h"
#include "engine/reconcile.h"
#include "engine/specs.h"
#include "policies/numbers.h"

enum { LIMIT_MS = 10 * 1000, ANSWER_LIMIT = 1024 * 1024 };

/* One question that is asked again and again: about an instance, or about the component as a whole. */
struct feed {
	struct held_component *held;
	const struct sensor *sensor;
	struct held_instance *of; /* NULL: the component as a whole */
	int64_t next_ms;          /* monotonic */
	/* Under way: */
	struct exchange *exchange;
	struct errand errand;
	struct exec_session session; /* its command is found once */
	struct text output;
	bool executing;
	/* What it told: */
	struct counter counter;
	bool known;
	double value;
	int64_t at_ms;
	char *problem; /* why it told nothing the last time; NULL: it did */
};

/* What a component's sensor is by now, of all its feeds. */
struct number {
	bool known;
	bool old; /* and told to be too old */
	double value;
	int64_t at_ms;
	struct number_window window;
};

struct held_sensors {
	struct feed *feeds; /* those of one sensor beside each other */
	size_t feed_count;
	struct number *numbers; /* one of each of the component's sensors */
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

/* --- what is told goes to policies ---------------------------------------------------------------- */

static int add_sample(struct held_component *held, const struct sample *sample)
{
	struct held_sensors *sensors = held->sensors;
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

/* Those who do not hear it for want of memory hear the next one. NULL: what was told last is too old by now.
 */
static void tell_policies(struct held_component *whose, const char *name, const double *value)
{
	struct hold *hold = whose->hold;
	for (size_t i = 0; i < hold->component_count; i++) {
		struct held_component *held = &hold->components[i];
		const struct sample sample = {.sensor = name,
					      .entity = held == whose ? NULL : whose->component->id,
					      .kind = value ? SAMPLE_NUMBER : SAMPLE_NOTHING,
					      .number = value ? *value : NAN,
					      .at_ms = wall(whose)};
		if (held->set && held->sensors && policy_set_hears(held->set, name, sample.entity))
			add_sample(held, &sample);
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

/* --- what a feed tells ------------------------------------------------------------------------------ */

static bool is_fresh(const struct sensor *sensor, bool known, int64_t at_ms, int64_t now_ms)
{
	return known && now_ms - at_ms <= sensor->stale_ms;
}

/* Of the feeds that told something lately. */
static void publish(struct held_component *held, const struct sensor *sensor)
{
	struct held_sensors *sensors = held->sensors;
	struct number *number = &sensors->numbers[sensor - held->component->spec->sensors];
	owned_memory double *values = calloc(sensors->feed_count, sizeof *values);
	size_t count = 0;
	if (!values)
		return;
	for (size_t i = 0; i < sensors->feed_count; i++) {
		const struct feed *feed = &sensors->feeds[i];
		if (feed->sensor == sensor && is_fresh(sensor, feed->known, feed->at_ms, now(held)))
			values[count++] = feed->value;
	}
	if (!count)
		return;
	double value = numbers_together(sensor->aggregate, sensor->percentile, values, count);
	if (sensor->window_ms)
		value = window_mean(&number->window, now(held), sensor->window_ms, value);
	if (!isfinite(value))
		return;
	number->known = true;
	number->old = false;
	number->value = value;
	number->at_ms = now(held);
	tell_policies(held, sensor->name, &value);
}

/* Told once: nobody goes by what it was. */
static void tell_old(struct held_component *held)
{
	const struct component_spec *spec = held->component->spec;
	for (size_t i = 0; held->sensors && i < spec->sensor_count; i++) {
		struct number *number = &held->sensors->numbers[i];
		if (!number->known || number->old ||
		    is_fresh(&spec->sensors[i], true, number->at_ms, now(held)))
			continue;
		number->old = true;
		tell_policies(held, spec->sensors[i].name, NULL);
	}
}

static const char *whose(const struct feed *feed)
{
	return feed->of ? feed->of->work->instance->name : feed->held->component->id;
}

/* Said once, until it tells something again. */
static void told_nothing(struct feed *feed, const struct error *err)
{
	if (!feed->problem)
		operation_warn(operation_of(feed->held), "%s: the sensor `%s` tells nothing: %s", whose(feed),
			       feed->sensor->name, err->text);
	char *words = strdup(err->text);
	if (!words)
		return;
	free(feed->problem);
	feed->problem = words;
}

static void told(struct feed *feed, double value)
{
	free(give(feed->problem));
	if (feed->sensor->rate && !counter_rate(&feed->counter, now(feed->held), value, &value))
		return;
	feed->known = true;
	feed->value = value;
	feed->at_ms = now(feed->held);
	publish(feed->held, feed->sensor);
}

static void read_text(struct feed *feed, const char *text, size_t size)
{
	struct error err = {0};
	double value;
	if (measure(feed->sensor->measure, feed->sensor->where, text, size, &value, &err))
		told_nothing(feed, &err);
	else
		told(feed, value);
}

/* --- by a request --------------------------------------------------------------------------------- */

static void answered(void *owner, struct http_answer *answer)
{
	struct feed *feed = owner;
	struct error err = answer->error;
	feed->exchange = NULL;
	if (!err.code && (answer->status < 200 || answer->status > 299))
		fail(&err, ERR_FAILED, "it was answered with status %d", answer->status);
	if (err.code)
		told_nothing(feed, &err);
	else
		read_text(feed, text_view(&answer->body), answer->body.length);
}

static int url_of(const struct feed *feed, struct text *to, struct error *err)
{
	if (feed->sensor->uri) {
		text_add(to, feed->sensor->uri);
		return 0;
	}
	if (instance_origin(feed->of->work, feed->sensor->call, to, err))
		return -1;
	text_add(to, feed->sensor->call->path);
	return 0;
}

static void ask_by_http(struct feed *feed)
{
	struct world *world = operation_of(feed->held)->berth->world;
	const struct effector_call *call = feed->sensor->call;
	const struct http_sink sink = {.done = answered, .owner = feed};
	struct error err = {0};
	owned_text url = {0};
	if (url_of(feed, &url, &err)) {
		told_nothing(feed, &err);
		return;
	}
	const struct http_request request = {.method = call->method,
					     .url = text_view(&url),
					     .headers = call->headers,
					     .body = call->body,
					     .body_size = call->body ? strlen(call->body) : 0,
					     .timeout_ms = LIMIT_MS,
					     .body_limit = ANSWER_LIMIT};
	if (url.failed)
		return; /* asked again, like all that memory fails for */
	feed->exchange = world->ops->http_send(world, &request, &sink, &err);
	if (!feed->exchange)
		told_nothing(feed, &err);
}

/* --- by a command ---------------------------------------------------------------------------------- */

static void take_output(void *owner, bool errors, const char *bytes, size_t count)
{
	struct feed *feed = owner;
	size_t room = feed->output.length < ANSWER_LIMIT ? ANSWER_LIMIT - feed->output.length : 0;
	if (!errors)
		text_add_bytes(&feed->output, bytes, count < room ? count : room);
}

static void wake(struct errand *errand)
{
	const struct feed *feed = errand->owner;
	feed->held->hold->sensors_due = true;
	operation_wake(operation_of(feed->held));
}

static void go_on(struct feed *feed)
{
	struct work *work = feed->of->work;
	struct error err = {0};
	enum progress progress = driver_of(work)->exec(&work->site->location, &feed->errand,
						       operation_of(feed->held)->application->id,
						       work->instance->seen->name, &feed->session, &err);
	if (progress == PROGRESS_WAITING)
		return;
	feed->executing = false;
	if (!err.code && feed->session.code)
		fail(&err, ERR_FAILED, "its command ended with code %d", feed->session.code);
	if (progress == PROGRESS_FAILED || err.code)
		told_nothing(feed, &err);
	else if (!feed->output.failed)
		read_text(feed, text_view(&feed->output), feed->output.length);
	text_release(&feed->output);
}

static void ask_by_command(struct feed *feed)
{
	struct error err = {0};
	const char *waits = NULL, *const *words = feed->session.command;
	if (!words && spec_words(feed->of->work, &feed->sensor->command, &words, &waits, &err) != RESOLVED) {
		if (waits)
			fail(&err, ERR_FAILED, "its command waits for `%s`", waits);
		told_nothing(feed, &err);
		return;
	}
	feed->session = (struct exec_session){.command = words, .output = take_output, .output_owner = feed};
	feed->errand = (struct errand){.wake = wake, .owner = feed};
	feed->executing = true;
	go_on(feed);
}

static void give_up(struct feed *feed)
{
	struct world *world = operation_of(feed->held)->berth->world;
	if (feed->exchange)
		world->ops->http_cancel(world, give(feed->exchange));
	if (feed->executing)
		driver_of(feed->of->work)->drop(&feed->of->work->site->location, &feed->errand);
	feed->executing = false;
	text_release(&feed->output);
}

/* --- in its turn ------------------------------------------------------------------------------------ */

static bool runs(const struct held_instance *of)
{
	return !of || (of->work->instance->phase == PHASE_RUNNING && of->work->instance->seen &&
		       !of->sight_lost && !of->acting);
}

static void ask(struct feed *feed)
{
	if (!runs(feed->of))
		return;
	switch (feed->sensor->source) {
	case SENSOR_VALUE:
		told(feed, feed->sensor->value);
		break;
	case SENSOR_COMMAND:
		ask_by_command(feed);
		break;
	default:
		ask_by_http(feed);
	}
}

/* The next time is a period later, however long it takes to be told; those that were missed are not made up
 * for. */
static void step_feed(struct feed *feed, int64_t now_ms)
{
	if (feed->executing && !runs(feed->of))
		give_up(feed);
	if (feed->executing)
		go_on(feed);
	if (feed->next_ms > now_ms)
		return;
	feed->next_ms += feed->sensor->period_ms;
	if (feed->next_ms <= now_ms)
		feed->next_ms = now_ms + feed->sensor->period_ms;
	if (!feed->exchange && !feed->executing)
		ask(feed);
}

int64_t hold_step_sensors(struct hold *hold)
{
	struct world *world = hold->operation->berth->world;
	int64_t now_ms = world->ops->now(world);
	if (!hold->sensors_due && now_ms < hold->sensors_next_ms)
		return hold->sensors_next_ms == INT64_MAX ? -1 : hold->sensors_next_ms - now_ms;
	hold->sensors_due = false;
	hold->sensors_next_ms = INT64_MAX;
	for (size_t i = 0; i < hold->component_count; i++) {
		struct held_sensors *sensors = hold->components[i].sensors;
		for (size_t j = 0; sensors && j < sensors->feed_count; j++) {
			struct feed *feed = &sensors->feeds[j];
			step_feed(feed, now_ms);
			if (feed->next_ms < hold->sensors_next_ms)
				hold->sensors_next_ms = feed->next_ms;
		}
		tell_old(&hold->components[i]);
	}
	return hold->sensors_next_ms == INT64_MAX ? -1 : hold->sensors_next_ms - now_ms;
}

/* --- taking it up, letting it go ---------------------------------------------------------------------- */

static bool is_of_instances(const struct sensor *sensor)
{
	return sensor->source == SENSOR_HTTP || sensor->source == SENSOR_COMMAND;
}

static size_t feeds_of(const struct held_component *held)
{
	const struct component_spec *spec = held->component->spec;
	size_t count = 0;
	for (size_t i = 0; i < spec->sensor_count; i++)
		count += is_of_instances(&spec->sensors[i]) ? held->member_count : 1;
	return count;
}

/* Spread over the period, so that not all of them are asked at one time. */
static int64_t first_time(const struct held_component *held, const struct sensor *sensor, size_t number)
{
	struct world *world = operation_of(held)->berth->world;
	uint32_t chance = 0;
	if (number)
		world->ops->random(world, &chance, sizeof chance);
	return now(held) + (int64_t)(chance % (uint64_t)sensor->period_ms);
}

static void add_feed(struct held_component *held, const struct sensor *sensor, struct held_instance *of)
{
	struct held_sensors *sensors = held->sensors;
	struct feed *feed = &sensors->feeds[sensors->feed_count];
	*feed = (struct feed){.held = held, .sensor = sensor, .of = of};
	feed->next_ms = first_time(held, sensor, sensors->feed_count++);
}

int held_sensors_begin(struct held_component *held)
{
	const struct component_spec *spec = held->component->spec;
	size_t count = feeds_of(held);
	if (!count && !held->set)
		return 0;
	held->sensors = calloc(1, sizeof *held->sensors);
	struct held_sensors *sensors = held->sensors;
	if (!sensors)
		return -1;
	sensors->feeds = calloc(count + 1, sizeof *sensors->feeds);
	sensors->numbers = calloc(spec->sensor_count + 1, sizeof *sensors->numbers);
	if (!sensors->feeds || !sensors->numbers)
		return -1;
	for (size_t i = 0; i < spec->sensor_count; i++) {
		const struct sensor *sensor = &spec->sensors[i];
		for (size_t j = 0; is_of_instances(sensor) && j < held->member_count; j++)
			add_feed(held, sensor, &held->members[j]);
		if (!is_of_instances(sensor))
			add_feed(held, sensor, NULL);
	}
	held->hold->sensors_due = true;
	return 0;
}

void held_sensors_end(struct held_component *held)
{
	struct held_sensors *sensors = give(held->sensors);
	const struct component_spec *spec = held->component->spec;
	for (size_t i = 0; sensors && sensors->feeds && i < sensors->feed_count; i++) {
		give_up(&sensors->feeds[i]);
		free(sensors->feeds[i].problem);
	}
	for (size_t i = 0; sensors && sensors->numbers && i < spec->sensor_count; i++)
		window_release(&sensors->numbers[i].window);
	if (sensors) {
		free(sensors->feeds);
		free(sensors->numbers);
		free(sensors->samples);
	}
	free(sensors);
}

bool held_number(const struct held_component *held, const char *sensor, struct metric_sight *ret)
{
	const struct component_spec *spec = held->component->spec;
	for (size_t i = 0; held->sensors && i < spec->sensor_count; i++) {
		const struct number *number = &held->sensors->numbers[i];
		if (strcmp(spec->sensors[i].name, sensor) != 0)
			continue;
		ret->state = is_fresh(&spec->sensors[i], number->known, number->at_ms, now(held))
				 ? METRIC_FRESH
			     : number->known ? METRIC_STALE
					     : METRIC_UNKNOWN;
		ret->value = number->value;
		ret->at_ms = wall(held) - (now(held) - number->at_ms);
		return true;
	}
	return false;
}

void held_write_numbers(const struct held_component *held, struct text *to)
{
	const struct component_spec *spec = held->component->spec;
	for (size_t i = 0; held->sensors && i < spec->sensor_count; i++) {
		const struct number *number = &held->sensors->numbers[i];
		if (is_fresh(&spec->sensors[i], number->known, number->at_ms, now(held)))
			json_write_real(to, spec->sensors[i].name, number->value);
		else
			json_write_null(to, spec->sensors[i].name);
	}
}
