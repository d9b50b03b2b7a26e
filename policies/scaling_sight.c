/* scaling_sight.c - what a size is owed to: the numbers that an autoscaler goes by as they are at a moment,
 * and what keeps it from asking for another size. It looks, and changes nothing. */
#include <math.h>
#include <string.h>

#include "policies/internal.h"
#include "policies/scaling.h"

const char *scaling_hold_name(enum scaling_hold hold)
{
	static const char *const names[HOLD_COUNT] = {
	    [HOLD_NOTHING] = "",
	    [HOLD_SUSPENDED] = "suspended",
	    [HOLD_RESIZING] = "resizing",
	    [HOLD_DOWN] = "not-up",
	    [HOLD_FAILED] = "failed",
	    [HOLD_NO_ROOM] = "no-room",
	    [HOLD_AT_MOST] = "at-maximum",
	    [HOLD_AT_LEAST] = "at-minimum",
	    [HOLD_COOLING] = "cooling-down",
	    [HOLD_LASTING] = "stabilising",
	    [HOLD_UNKNOWN] = "unknown",
	};

	return names[hold];
}

/* What both kinds of autoscaler have in common. */
struct looking {
	const struct policy *policy;
	const struct scaler_memory *memory; /* NULL: it remembers nothing yet */
	int64_t size, now;
	bool up;
	/* By the policy's own keys: */
	int64_t up_delay, down_delay, up_cooldown, down_cooldown;
	int64_t room, room_until; /* -1: nothing is known of it; -1: for good */
	size_t known_count;
};

/* --- what keeps it ------------------------------------------------------------------------------- */

/* Since when more was wanted than there is, or less; NEVER: it was not, the last time. */
static int64_t wanted_since(const struct looking *look, bool more)
{
	const struct history *history = &look->policy->histories[HISTORY_WANTED];
	int64_t since = NEVER;

	for (size_t i = history->count; i > 0; i--) {
		const struct mark *mark = &history->marks[i - 1];
		if (more ? mark->value <= look->size : mark->value >= look->size)
			break;
		since = mark->at;
	}
	return since;
}

static void hold(struct scaling_sight *ret, enum scaling_hold why, int64_t until)
{
	ret->hold = why;
	ret->until_ms = until;
}

/* It is asked for, allowed, and not done: it waits for time to pass. */
static void hold_by_time(const struct looking *look, struct scaling_sight *ret)
{
	bool more = ret->wants > look->size;
	int64_t since = wanted_since(look, more), changed = look->memory ? look->memory->changed_at : NEVER;
	int64_t lasting = since < 0 ? NEVER : time_sum(since, more ? look->up_delay : look->down_delay);
	int64_t cool =
	    changed < 0 ? NEVER : time_sum(changed, more ? look->up_cooldown : look->down_cooldown);

	if (cool > look->now && cool >= lasting)
		hold(ret, HOLD_COOLING, cool);
	else if (lasting > look->now)
		hold(ret, HOLD_LASTING, lasting);
}

static void hold_by_bounds(const struct looking *look, struct scaling_sight *ret)
{
	if (look->room >= 0 && ret->wants > look->room && look->size >= look->room &&
	    (look->room_until < 0 || look->room_until > look->now))
		hold(ret, HOLD_NO_ROOM, look->room_until);
	else if (ret->wants > look->size && look->size >= ret->max)
		hold(ret, HOLD_AT_MOST, NEVER);
	else if (ret->wants < look->size && look->size <= ret->min)
		hold(ret, HOLD_AT_LEAST, NEVER);
	else
		hold_by_time(look, ret);
}

static void find_hold(const struct looking *look, struct scaling_sight *ret)
{
	const struct scaler_memory *m = look->memory;

	hold(ret, HOLD_NOTHING, NEVER);
	ret->target = m && m->action.id ? m->target : NEVER;
	if (look->policy->suspended)
		ret->hold = HOLD_SUSPENDED;
	else if (m && m->action.id)
		ret->hold = HOLD_RESIZING;
	else if (!look->up)
		ret->hold = HOLD_DOWN;
	else if (m && m->again_at > look->now)
		hold(ret, HOLD_FAILED, m->again_at);
	else if (ret->wants >= 0 && ret->wants != look->size)
		hold_by_bounds(look, ret);
	else if (look->known_count < ret->metric_count)
		ret->hold = HOLD_UNKNOWN;
}

/* --- the autoscaler under its short name ---------------------------------------------------------- */

static const struct known *known_at(const struct policy *policy, size_t index)
{
	static const struct known none = {.at = NEVER};

	return policy->known ? &policy->known[index] : &none;
}

static int see_metric(const struct looking *look, const struct scaling_metric *metric, size_t index,
		      struct arena *arena, struct metric_sight *ret)
{
	const struct known *known = known_at(look->policy, index);
	bool fresh = scaling_known(look->policy, known, look->now);

	*ret = (struct metric_sight){
	    .sensor = arena_copy(arena, metric->sensor, metric->sensor_length),
	    .entity = metric->entity ? arena_copy(arena, metric->entity, metric->entity_length) : NULL,
	    .state = fresh            ? METRIC_FRESH
		     : known->at >= 0 ? METRIC_STALE
				      : METRIC_UNKNOWN,
	    .value = known->value,
	    .at_ms = known->at,
	    .wants = fresh ? known->wanted : NEVER,
	    .lower = metric->lower,
	    .upper = metric->upper,
	    .target = metric->target,
	};
	return ret->sensor && (ret->entity || !metric->entity) ? 0 : -1;
}

/* As it decides itself: the largest counts, and while one is not known none fewer than there are. */
static int64_t all_want(const struct looking *look, const struct scaling_sight *sight)
{
	int64_t most = NEVER;

	for (size_t i = 0; i < sight->metric_count; i++)
		if (sight->metrics[i].wants > most)
			most = sight->metrics[i].wants;
	return look->known_count && look->known_count < sight->metric_count && most < look->size ? look->size
												 : most;
}

static int see_own(struct looking *look, const struct senses *senses, struct arena *arena,
		   struct scaling_sight *ret)
{
	const struct policy *policy = look->policy;
	struct scaling_rules rules;
	struct error ignored;

	if (scaling_rules_read(policy->type, policy->given, &rules, &ignored))
		return 0;
	struct metric_sight *metrics = arena_array(arena, struct metric_sight, rules.metric_count + 1);
	if (!metrics)
		return -1;
	for (size_t i = 0; i < rules.metric_count; i++) {
		if (see_metric(look, &rules.metrics[i], i, arena, &metrics[i]))
			return -1;
		look->known_count += metrics[i].state == METRIC_FRESH;
	}
	struct scaling_bounds bounds =
	    scaling_bounds(&rules, look->now + senses->zone_ms,
			   (struct scaling_bounds){setting(policy, "min"), setting(policy, "max")});
	*ret = (struct scaling_sight){.min = bounds.min, .max = bounds.max};
	ret->metrics = metrics;
	ret->metric_count = rules.metric_count;
	ret->wants = all_want(look, ret);
	look->up_delay = setting(policy, "upDelay");
	look->down_delay = setting(policy, "downDelay");
	look->up_cooldown = setting(policy, "upCooldown");
	look->down_cooldown = setting(policy, "downCooldown");
	look->room = look->memory ? look->memory->capacity : NEVER;
	look->room_until = look->memory ? look->memory->capacity_until : NEVER;
	return 1;
}

/* --- Brooklyn's ------------------------------------------------------------------------------------ */

/* By Brooklyn's formula, whatever the policy allows of it. */
static int64_t classic_wants(const struct metric_sight *metric, int64_t size)
{
	double total = metric->value * (double)size;
	bool more = metric->upper > 0 && metric->value > metric->upper;
	bool fewer = !more && metric->lower > 0 && metric->value < metric->lower;

	if (!more && !fewer)
		return size;
	double exact = total / (more ? metric->upper : metric->lower);
	int64_t whole = exact >= INT32_MAX ? INT32_MAX : exact > 0 ? (int64_t)exact : 0;
	return more && (double)whole < exact ? whole + 1 : whole;
}

static int see_classic(struct looking *look, struct arena *arena, struct scaling_sight *ret)
{
	const struct policy *policy = look->policy;
	const char *sensor = setting_text(policy, "autoscaler.metric");
	const struct history *history = &policy->histories[HISTORY_WANTED];
	struct metric_sight *metric = arena_alloc(arena, sizeof(*metric));

	if (!metric)
		return -1;
	*ret = (struct scaling_sight){.min = setting(policy, "autoscaler.minPoolSize"),
				      .max = setting(policy, "autoscaler.maxPoolSize")};
	ret->metrics = metric;
	ret->wants = history->count ? history->marks[history->count - 1].value : NEVER;
	if (sensor) {
		*metric = (struct metric_sight){.sensor = sensor,
						.entity = setting_text(policy, "autoscaler.entityWithMetric"),
						.state = policy->known ? METRIC_FRESH : METRIC_UNKNOWN,
						.value = policy->known ? policy->known->value : 0,
						.at_ms = policy->known ? policy->known->at : NEVER,
						.lower = setting_real(policy, "autoscaler.metricLowerBound"),
						.upper = setting_real(policy, "autoscaler.metricUpperBound"),
						.target = NAN};
		metric->wants = policy->known ? classic_wants(metric, look->size) : NEVER;
		ret->wants = metric->wants;
		ret->metric_count = 1;
		look->known_count = policy->known != NULL;
	}
	look->up_delay = setting(policy, "autoscaler.resizeUpStabilizationDelay");
	look->down_delay = setting(policy, "autoscaler.resizeDownStabilizationDelay");
	look->room = setting(policy, "autoscaler.insufficientCapacityHighWaterMark");
	look->room_until = NEVER;
	return 1;
}

int policy_set_scaling(const struct policy_set *set, const struct senses *senses, int64_t now_ms,
		       struct arena *arena, struct scaling_sight *ret)
{
	size_t i = 0;

	while (i < set->count && set->policies[i].type->kind != POLICY_AUTOSCALER)
		i++;
	if (i == set->count)
		return 0;
	const struct policy *policy = &set->policies[i];
	struct looking look = {.policy = policy, .size = senses->size, .now = now_ms, .up = senses->up};
	if (policy->record_count)
		look.memory = &policy->records[0].scaler;
	int seen =
	    policy->type->classic ? see_classic(&look, arena, ret) : see_own(&look, senses, arena, ret);
	if (seen == 1) {
		find_hold(&look, ret);
		ret->policy = policy->name;
	}
	return seen;
}
