/* hold_numbers.c - what sensors of what is held tell by now, and what they are told from outside. */
#include <string.h>

#include "base/cleanup.h"
#include "base/json_write.h"
#include "blueprints/sensors.h"
#include "engine/hold_sensors.h"
#include "engine/sensor_feeds.h"

static int64_t held_wall(const struct held_component *held)
{
	struct world *world = held->hold->operation->berth->world;
	return world->ops->wall(world);
}

/* --- what is told from outside ------------------------------------------------------------------------ */

static struct number *find_pushed(const struct held_component *held, const char *name, struct error *err)
{
	const char *names[64];
	size_t count = 0, pushed = 0;
	struct number *numbers = held_numbers(held, &count);
	for (size_t i = 0; i < count && pushed < COUNT_OF(names); i++) {
		if (numbers[i].sensor->source != SENSOR_PUSHED)
			continue;
		if (!strcmp(numbers[i].sensor->name, name))
			return &numbers[i];
		names[pushed++] = numbers[i].sensor->name;
	}
	const char *meant = closest(name, names, pushed);
	fail(err, ERR_MISSING, "`%s` has no sensor `%.80s` that is pushed", held->component->id, name);
	if (meant)
		remedy(err, "did you mean `%s`?", meant);
	else
		remedy(err, "its blueprint says so: `%.80s: {pushed: true}`", name);
	return NULL;
}

/* The last feed is the component's own. */
static struct feed *find_feed(struct number *number, unsigned ordinal, struct error *err)
{
	for (size_t i = 0; i < number->feed_count; i++) {
		struct feed *feed = &number->feeds[i];
		if (feed->of ? feed->of->work->instance->ordinal == ordinal : !ordinal)
			return feed;
	}
	fail(err, ERR_MISSING, "`%s` has no instance %u", number->held->component->id, ordinal);
	return NULL;
}

int held_tell(const struct held_component *held, const struct berth_sample *sample, struct error *err)
{
	struct number *number = find_pushed(held, sample->sensor, err);
	struct feed *feed = number ? find_feed(number, sample->instance, err) : NULL;
	if (!feed)
		return -1;
	int64_t age_ms = sample->time_ms > 0 ? held_wall(held) - sample->time_ms : 0;
	int64_t stale_ms = number->sensor->stale_ms, at_ms = held_now(held) - (age_ms > 0 ? age_ms : 0);
	if (age_ms > stale_ms)
		return fail(err, ERR_STALE, "it was measured %lld s ago, and counts for %lld s",
			    (long long)(age_ms / 1000), (long long)(stale_ms / 1000));
	if (!feed->known || at_ms >= feed->until_ms - stale_ms) /* what is newer stays */
		feed_told(feed, sample->value, at_ms);
	return 0;
}

/* --- telling it ------------------------------------------------------------------------------------- */

bool held_number(const struct held_component *held, const char *sensor, struct metric_sight *ret)
{
	size_t count = 0;
	struct number *numbers = held_numbers(held, &count);
	for (size_t i = 0; i < count; i++) {
		int64_t until_ms;
		if (strcmp(numbers[i].sensor->name, sensor) != 0)
			continue;
		bool fresh = number_now(&numbers[i], &ret->value, &until_ms);
		ret->state = fresh ? METRIC_FRESH : numbers[i].told ? METRIC_STALE : METRIC_UNKNOWN;
		ret->at_ms = held_wall(held) - (held_now(held) - numbers[i].told_ms);
		return true;
	}
	return false;
}

json_t *hold_told_numbers(const struct hold *hold)
{
	json_t *told = json_object();
	for (size_t i = 0; i < hold->component_count; i++) {
		const struct held_component *held = &hold->components[i];
		size_t count = 0;
		const struct number *numbers = held_numbers(held, &count);
		json_t *own = json_object();
		for (size_t n = 0; n < count; n++)
			if (numbers[n].told)
				json_put(own, numbers[n].sensor->name,
					 json_pack("{s:f, s:I}", "value", numbers[n].value, "at",
						   (json_int_t)(held_wall(held) -
								(held_now(held) - numbers[n].told_ms))));
		json_put(told, held->component->id, own);
	}
	return told;
}

bool told_number(const json_t *told, const char *component, const char *sensor, struct metric_sight *ret)
{
	const json_t *one = json_object_get(json_object_get(told, component), sensor);
	if (!one)
		return false;
	ret->state = METRIC_STALE;
	ret->value = json_real_value(json_object_get(one, "value"));
	ret->at_ms = json_number(one, "at", 0);
	return true;
}

void held_recall_numbers(const struct held_component *held, const json_t *told)
{
	size_t count = 0;
	struct number *numbers = held_numbers(held, &count);
	for (size_t i = 0; i < count; i++) {
		struct metric_sight last;
		if (!told_number(told, held->component->id, numbers[i].sensor->name, &last))
			continue;
		numbers[i].told = true;
		numbers[i].value = last.value;
		numbers[i].told_ms = held_now(held) - (held_wall(held) - last.at_ms);
	}
}

void held_write_numbers(const struct held_component *held, struct text *to)
{
	size_t count = 0;
	struct number *numbers = held_numbers(held, &count);
	for (size_t i = 0; i < count; i++) {
		double value;
		int64_t until_ms;
		if (number_now(&numbers[i], &value, &until_ms))
			json_write_real(to, numbers[i].sensor->name, value);
		else
			json_write_null(to, numbers[i].sensor->name);
	}
}

static void write_member(const struct held_component *held, size_t index, struct text *to)
{
	size_t count = 0;
	const struct number *numbers = held_numbers(held, &count);
	json_open(to, held->members[index].work->instance->name, '{');
	for (size_t i = 0; i < count; i++) {
		if (!sensor_is_of_instances(numbers[i].sensor) || index >= numbers[i].feed_count)
			continue;
		const struct feed *feed = &numbers[i].feeds[index];
		if (is_fresh(feed->known, feed->until_ms, held_now(held)))
			json_write_real(to, numbers[i].sensor->name, feed->value);
		else
			json_write_null(to, numbers[i].sensor->name);
	}
	json_close(to, '}');
}

void held_write_instance_numbers(const struct held_component *held, struct text *to)
{
	size_t count = 0;
	const struct number *numbers = held_numbers(held, &count);
	bool any = false;
	for (size_t i = 0; i < count; i++)
		any |= sensor_is_of_instances(numbers[i].sensor);
	if (!any)
		return;
	json_open(to, "instance_sensors", '{');
	for (size_t i = 0; i < held->member_count; i++)
		write_member(held, i, to);
	json_close(to, '}');
}
