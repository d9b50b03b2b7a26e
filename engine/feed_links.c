/* feed_links.c - who goes by which sensor: those that are made of it, and components' policies. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "blueprints/sensors.h"
#include "engine/sensor_feeds.h"

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

int numbers_link(struct hold *hold)
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
