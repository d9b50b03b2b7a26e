/* size_report.c - the size of a component as `status` tells it: wanted and real, who made it so, what its
 * autoscaler goes by, and what keeps it from being another one. */
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json_write.h"
#include "engine/deploy.h"
#include "engine/hold_sensors.h"
#include "engine/keeper.h"
#include "engine/policies_of.h"
#include "engine/size_report.h"

/* Those that answer; where the target keeps the tasks, those of them. */
static int64_t real_size(const struct component *component)
{
	int64_t count = 0;
	for (size_t i = 0; i < component->instance_count; i++) {
		const struct instance *instance = &component->instances[i];
		enum phase state = instance_state(instance);
		if (instance->seen && instance->seen->task_count)
			for (size_t task = 0; task < instance->seen->task_count; task++)
				count += instance->seen->tasks[task].state == SEEN_RUNNING;
		else
			count += state == PHASE_RUNNING || state == PHASE_UPDATING || state == PHASE_FINISHED;
	}
	return count;
}

static void write_moment(struct text *to, const char *key, int64_t wall_ms)
{
	owned_json moment = json_moment(wall_ms);
	json_write_text(to, key, json_string_value(moment));
}

static void write_given(struct text *to, const char *key, double number)
{
	if (isfinite(number))
		json_write_real(to, key, number);
}

/* As its sensor is now, where that is held, or was told last while it is let go: it may be too old for the
 * sensor before it is for the policy. */
static void see_sensor(const struct berth_operation *operation, const struct hold *hold,
		       const struct component *component, struct metric_sight *metric)
{
	const char *id = metric->entity ? metric->entity : component->id;
	const struct held_component *held = hold ? held_component_of(hold, id) : NULL;
	const json_t *last = keeper_numbers(operation->berth, operation->application->id);
	struct metric_sight number = {.state = METRIC_UNKNOWN};
	if (held ? !held_number(held, metric->sensor, &number)
		 : !told_number(last, id, metric->sensor, &number))
		return;
	if (number.state == METRIC_UNKNOWN)
		return;
	if (number.state == METRIC_STALE || metric->state == METRIC_UNKNOWN) {
		metric->state = number.state;
		metric->value = number.value;
		metric->at_ms = number.at_ms;
	}
}

static void write_metric(struct text *to, const struct metric_sight *metric)
{
	static const char *const states[] = {
	    [METRIC_UNKNOWN] = "unknown", [METRIC_STALE] = "stale", [METRIC_FRESH] = "fresh"};
	json_open(to, NULL, '{');
	json_write_text(to, "name", metric->sensor);
	if (metric->entity)
		json_write_text(to, "component", metric->entity);
	json_write_text(to, "state", states[metric->state]);
	if (metric->state != METRIC_UNKNOWN) {
		write_given(to, "value", metric->value);
		write_moment(to, "at", metric->at_ms);
	}
	write_given(to, "lower", metric->lower);
	write_given(to, "upper", metric->upper);
	write_given(to, "target", metric->target);
	if (metric->wants >= 0)
		json_write_number(to, "wants", metric->wants);
	json_close(to, '}');
}

static void write_scaling(struct text *to, const struct berth_operation *operation,
			  const struct component *component, const struct hold *hold,
			  const struct scaling_sight *sight)
{
	json_write_text(to, "policy", sight->policy);
	json_write_number(to, "min", sight->min);
	json_write_number(to, "max", sight->max);
	json_open(to, "metrics", '[');
	for (size_t i = 0; i < sight->metric_count; i++) {
		struct metric_sight metric = sight->metrics[i];
		see_sensor(operation, hold, component, &metric);
		write_metric(to, &metric);
	}
	json_close(to, ']');
	if (sight->wants >= 0)
		json_write_number(to, "wants", sight->wants);
	if (sight->target >= 0)
		json_write_number(to, "target", sight->target);
}

/* By what the store has of its policies, where nobody asks them now. */
static int see_unheld(const struct berth_operation *operation, const struct component *component,
		      struct arena *arena, struct scaling_sight *ret)
{
	struct world *world = operation->berth->world;
	int64_t now_ms = world->ops->wall(world);
	const struct senses senses = {
	    .size = component->size, .zone_ms = world->ops->zone(world, now_ms), .up = true};
	struct policy_set *set = NULL;
	struct error ignored = {0};
	owned_json memories = NULL;
	if (policies_of(component, &set, &ignored) || !set)
		return 0;
	store_memories(operation->berth->store, operation->application->id, &memories, &ignored);
	const char *text = json_text(memories, component->id);
	owned_json memory = text ? json_parse(text, strlen(text), "the store", &ignored) : NULL;
	if (memory)
		policy_set_restore(set, memory, &ignored);
	int seen = policy_set_scaling(set, &senses, now_ms, arena, ret);
	if (seen == 1) /* whose names are the set's own */
		ret->policy = arena_text(arena, ret->policy);
	for (size_t i = 0; seen == 1 && i < ret->metric_count; i++) {
		struct metric_sight *metric = (struct metric_sight *)&ret->metrics[i];
		metric->sensor = arena_text(arena, metric->sensor);
		metric->entity = metric->entity ? arena_text(arena, metric->entity) : NULL;
	}
	policy_set_free(set);
	return seen;
}

static void write_policy(struct text *to, const struct berth_operation *operation,
			 const struct component *component, const struct hold *hold)
{
	const struct held_component *held = hold ? held_component_of(hold, component->id) : NULL;
	bool kept = held || keeper_keeps(operation->berth, operation->application->id);
	struct scaling_sight sight;
	owned_arena arena = {0};
	int seen =
	    held ? held_scaling(held, &arena, &sight) : see_unheld(operation, component, &arena, &sight);
	to->failed |= seen < 0;
	if (seen <= 0)
		return;
	write_scaling(to, operation, component, hold, &sight);
	if (!kept)
		json_write_text(to, "holds", "no-controller");
	else if (sight.hold != HOLD_NOTHING)
		json_write_text(to, "holds", scaling_hold_name(sight.hold));
	if (kept && sight.until_ms >= 0)
		write_moment(to, "until", sight.until_ms);
}

/* Of a cluster: some of those that were asked for may not have become members. */
static void write_members(struct text *to, const struct component *component)
{
	unsigned members = component->site ? instances_of(component) : component->size;
	size_t kept = component->cluster.quarantined_count;
	const char *no_room = component->cluster.no_room ?: component->cluster.no_room_before;
	for (size_t i = 0; i < component->instance_count; i++) {
		const struct work *work = component->instances[i].work;
		members -= work->set_aside || work->discarded;
		kept += work->set_aside;
	}
	if (!component->site || !keeps_tasks(component->site))
		json_write_number(to, "members", members);
	if (kept)
		json_write_number(to, "quarantined", (int64_t)kept);
	if (no_room)
		json_write_text(to, "no_room", no_room);
	if (component->cluster.first && component->spec->cluster->first) {
		json_write_number(to, "first", component->cluster.first);
		json_write_text(to, "first_type", component->spec->cluster->first->type);
	}
}

void write_size(struct text *to, const struct berth_operation *operation, const struct component *component,
		const struct hold *hold, const json_t *story)
{
	static const char *const told[] = {"how", "by", "since", "why"};
	json_open(to, "size", '{');
	json_write_number(to, "wanted", component->cluster.asked);
	json_write_number(to, "real", real_size(component));
	json_write_number(to, "initial", component->spec->instances);
	if (component->spec->cluster)
		write_members(to, component);
	if (json_number(story, "size", -1) == component->cluster.asked)
		for (size_t i = 0; i < COUNT_OF(told); i++)
			if (json_text(story, told[i]))
				json_write_text(to, told[i], json_text(story, told[i]));
	write_policy(to, operation, component, hold);
	json_close(to, '}');
}
