/* classic_autoscaler.c - Brooklyn's AutoScalerPolicy as it is: each number or load that is told becomes a
 * size that is wanted, which a check, some time after, compares with what was wanted within the windows of
 * stabilization. Its Java computes in 32 bits, which shows where a load is infinite. */
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "blueprints/scaling_rules.h"
#include "policies/internal.h"

static const struct memory_field remembered[] = {
    REMEMBERED_ACTION(scaler, action),   REMEMBERED(scaler, target, 0),
    REMEMBERED(scaler, check_at, NEVER), REMEMBERED(scaler, checked_at, NEVER),
    REMEMBERED(scaler, check_now, 0),    REMEMBERED(scaler, tell_after, 0),
    REMEMBERED(scaler, bounds_now, 0),   REMEMBERED(scaler, told_max, 0),
    REMEMBERED(scaler, deaf, 0),
};

static const char high_water[] = "autoscaler.insufficientCapacityHighWaterMark";

/* --- 32 bits ------------------------------------------------------------------------------------ */

static int32_t wrapped(int64_t number)
{
	return (int32_t)(uint32_t)(uint64_t)number;
}

static int32_t cut(double number)
{
	if (isnan(number))
		return 0;
	return number >= INT32_MAX ? INT32_MAX : number <= INT32_MIN ? INT32_MIN : (int32_t)number;
}

static int32_t rounded_up(double number)
{
	int32_t whole = cut(number);

	return whole < number && whole < INT32_MAX ? whole + 1 : whole;
}

static int32_t rounded_down(double number)
{
	int32_t whole = cut(number);

	return whole > number && whole > INT32_MIN ? whole - 1 : whole;
}

/* --- what is wanted ------------------------------------------------------------------------------ */

/* The maximum wins over the minimum, and what there is room for over both. */
static int64_t bounded(const struct policy *policy, int64_t size)
{
	int64_t least = setting(policy, "autoscaler.minPoolSize");
	int64_t most = setting(policy, "autoscaler.maxPoolSize");
	int64_t room = setting(policy, high_water);

	size = size < least ? least : size;
	size = size > most ? most : size;
	return room >= 0 && size > room ? room : size;
}

static void schedule(const struct policy *policy, const struct step *step, struct scaler_memory *m)
{
	int64_t period = setting(policy, "autoscaler.minPeriodBetweenExecs");

	if (policy->suspended || !step->senses->up || m->check_at >= 0 || m->deaf)
		return;
	m->check_at = step->now;
	/* At least a millisecond, so that time goes on. */
	if (m->checked_at >= 0 && time_sum(m->checked_at, period > 0 ? period : 1) > step->now)
		m->check_at = time_sum(m->checked_at, period > 0 ? period : 1);
}

static void note(struct policy *policy, struct step *step, int which, int64_t size)
{
	int64_t up = setting(policy, "autoscaler.resizeUpStabilizationDelay");
	int64_t down = setting(policy, "autoscaler.resizeDownStabilizationDelay");
	int64_t window = which == HISTORY_UNBOUNDED
			     ? setting(policy, "autoscaler.maxReachedNotificationDelay")
			 : up > down ? up
				     : down;

	step->failed |= history_add(&policy->histories[which], step->now, size, window) != 0;
}

/* All is well with that size, or nothing can be done about it. */
static void note_as_it_is(struct policy *policy, struct step *step, int64_t size)
{
	note(policy, step, HISTORY_WANTED, size);
	note(policy, step, HISTORY_UNBOUNDED, size);
}

/* How far it goes at once. False: Brooklyn divides by 0 there, and what was told is lost. */
static bool in_increments(const struct policy *policy, bool up, int32_t delta, int32_t *ret)
{
	int64_t most =
	    setting(policy, up ? "autoscaler.resizeUpIterationMax" : "autoscaler.resizeDownIterationMax");
	int64_t increment = setting(policy, up ? "autoscaler.resizeUpIterationIncrement"
					       : "autoscaler.resizeDownIterationIncrement");

	*ret = delta > most ? (int32_t)most : delta;
	if (delta > most)
		return true;
	if (increment == 0)
		return false;
	if (delta % increment)
		*ret = wrapped(delta + increment - delta % increment);
	return true;
}

/* The smallest number of increments on top of `target` with which the rest is not overloaded at once; all
 * that are needed to come back to `size` where there is none. */
static int32_t without_thrashing(const struct policy *policy, const struct pool_load *load, int32_t target)
{
	int64_t increment = setting(policy, "autoscaler.resizeDownIterationIncrement");
	double total = load->rate * (double)load->size;
	int64_t least = 0, most = increment ? (load->size - target + increment - 1) / increment : 0;

	while (least < most) {
		int64_t middle = least + (most - least) / 2;
		if (total > load->high * (double)(target + middle * increment))
			least = middle + 1;
		else
			most = middle;
	}
	return wrapped(target + least * increment);
}

/* What is told of the pool: hot, cold, or either. */
enum told { TOLD_LOAD, TOLD_HOT, TOLD_COLD };

static void take_load(struct policy *policy, struct step *step, struct scaler_memory *m, enum told told,
		      const struct pool_load *load)
{
	bool hot = told != TOLD_COLD && load->high > 0 && load->rate > load->high;
	bool cold = !hot && told != TOLD_HOT && load->low > 0 && load->rate < load->low;
	double total = load->rate * (double)load->size;
	int32_t size = (int32_t)load->size, delta;

	if (!hot && !cold) {
		note_as_it_is(policy, step, size);
		return;
	}
	int32_t wanted = hot ? rounded_up(total / load->high) : rounded_down(total / load->low);
	int64_t target = bounded(policy, wanted);
	if (hot ? target > size : target < size) {
		if (!in_increments(policy, hot, wrapped(hot ? target - size : size - target), &delta))
			return;
		target = wrapped(hot ? (int64_t)size + delta : (int64_t)size - delta);
		if (cold)
			target = without_thrashing(policy, load, (int32_t)target);
		target = bounded(policy, target);
	}
	if (hot ? target > size : target < size) {
		note(policy, step, HISTORY_WANTED, target);
		schedule(policy, step, m);
	} else {
		note_as_it_is(policy, step, size);
	}
	if (setting_text(policy, "autoscaler.maxSizeReachedSensor")) {
		note(policy, step, HISTORY_UNBOUNDED, wanted);
		schedule(policy, step, m);
	}
}

/* Not that it goes by that again: it is what `status` shows. */
static void note_known(struct policy *policy, struct step *step, const struct sample *sample)
{
	int64_t at = sample->at_ms > 0 && sample->at_ms < step->now ? sample->at_ms : step->now;

	if (!policy->known)
		policy->known = calloc(SCALING_METRICS, sizeof(*policy->known));
	step->failed |= !policy->known;
	if (policy->known)
		*policy->known = (struct known){.value = sample->number, .at = at};
}

static void take_metric(struct policy *policy, struct step *step, struct scaler_memory *m,
			const struct sample *sample)
{
	struct pool_load load = {
	    .size = step->senses->size,
	    .rate = sample->number,
	    .low = setting_real(policy, "autoscaler.metricLowerBound"),
	    .high = setting_real(policy, "autoscaler.metricUpperBound"),
	};

	if (sample->kind != SAMPLE_NUMBER || isnan(load.low) || isnan(load.high))
		return; /* without both bounds Brooklyn fails at each number */
	note_known(policy, step, sample);
	take_load(policy, step, m, TOLD_LOAD, &load);
}

/* Somebody else changed the size. */
static void take_count(struct policy *policy, struct step *step, struct scaler_memory *m,
		       const struct sample *sample)
{
	int64_t least = setting(policy, "autoscaler.minPoolSize");
	int64_t most = setting(policy, "autoscaler.maxPoolSize");

	if (sample->kind != SAMPLE_NUMBER ||
	    (sample->number <= (double)most && sample->number >= (double)least))
		return;
	note(policy, step, HISTORY_WANTED, sample->number > (double)most ? most : least);
	schedule(policy, step, m);
}

static bool is_sensor(const struct policy *policy, const char *key, const struct sample *sample)
{
	const char *sensor = setting_text(policy, key);

	return sensor && !strcmp(sensor, sample->sensor);
}

static bool is_metric(const struct policy *policy, const struct sample *sample)
{
	const char *entity = setting_text(policy, "autoscaler.entityWithMetric");

	return is_sensor(policy, "autoscaler.metric", sample) &&
	       (entity && sample->entity ? !strcmp(entity, sample->entity) : entity == sample->entity);
}

/* The sensor of what is fine has the name of the cold one by default, and the cold one goes first: that is
 * Brooklyn's, too. */
static void take_told(struct policy *policy, struct step *step, struct scaler_memory *m,
		      const struct sample *sample)
{
	bool cold = is_sensor(policy, "autoscaler.poolColdSensor", sample);
	bool hot = !cold && is_sensor(policy, "autoscaler.poolHotSensor", sample);

	if ((cold || hot) && !isnan(sample->load.rate))
		take_load(policy, step, m, cold ? TOLD_COLD : TOLD_HOT, &sample->load);
	else if (!cold && !hot && is_sensor(policy, "autoscaler.poolOkSensor", sample))
		note_as_it_is(policy, step, sample->load.size);
}

static void sense(struct policy *policy, struct step *step, const struct sample *sample)
{
	struct record *record = record_of(policy, NULL);
	bool load = sample->kind == SAMPLE_LOAD && sample->load.size >= 0 && !sample->entity;

	if (!record) {
		step->failed = true;
		return;
	}
	struct scaler_memory *m = &record->scaler;
	if (is_metric(policy, sample))
		take_metric(policy, step, m, sample);
	if (!sample->entity && !strcmp(sample->sensor, "group.members.count"))
		take_count(policy, step, m, sample);
	if (load)
		take_told(policy, step, m, sample);
}

static bool hears(const struct policy *policy, const struct sample *sample)
{
	return is_metric(policy, sample) ||
	       (!sample->entity && !strcmp(sample->sensor, "group.members.count"));
}

/* --- checks -------------------------------------------------------------------------------------- */

static void check(struct policy *policy, struct step *step, struct record *record)
{
	const struct history *history = &policy->histories[HISTORY_WANTED];
	struct span up =
	    history_span(history, step->now, setting(policy, "autoscaler.resizeUpStabilizationDelay"));
	struct span down =
	    history_span(history, step->now, setting(policy, "autoscaler.resizeDownStabilizationDelay"));
	int64_t size = step->senses->size, wanted = size;
	bool grows = size < up.least, shrinks = !grows && size > down.most;

	if (grows)
		wanted = up.least;
	else if (shrinks)
		wanted = down.most;
	/* While sizes differ within a window, what it says changes with time alone. */
	if ((!shrinks && up.least != up.most) || (!grows && down.least != down.most))
		schedule(policy, step, &record->scaler);
	int64_t target = bounded(policy, wanted);
	if (target == size)
		return;
	record->scaler.target = target;
	action_begin(policy, step, record, 1, "it has %lld members; %lld are wanted", (long long)size,
		     (long long)target);
}

/* New bounds bring it within themselves at once, whatever is wanted; one that is within them hears nothing of
 * them. */
static void come_within(struct policy *policy, struct step *step, struct record *record)
{
	int64_t least = setting(policy, "autoscaler.minPoolSize");
	int64_t most = setting(policy, "autoscaler.maxPoolSize");
	int64_t size = step->senses->size, target = size < least ? least : size;

	target = target > most ? most : target;
	if (!step->senses->up || size < 0 || target == size)
		return;
	record->scaler.target = target;
	action_begin(policy, step, record, 1, "it has %lld members; %lld are allowed now", (long long)size,
		     (long long)target);
}

/* More was wanted than is allowed, for so long: that is told once. */
static void tell_max(struct policy *policy, struct step *step, struct scaler_memory *m)
{
	const char *sensor = setting_text(policy, "autoscaler.maxSizeReachedSensor");
	int64_t window = setting(policy, "autoscaler.maxReachedNotificationDelay");
	int64_t most = setting(policy, "autoscaler.maxPoolSize");
	struct span span = history_span(&policy->histories[HISTORY_UNBOUNDED], step->now, window);

	if (!sensor || m->told_max)
		return;
	if (span.least <= most) {
		if (span.most > most)
			schedule(policy, step, m);
		return;
	}
	struct pool_limit *limit = arena_alloc(step->arena, sizeof(*limit));
	step->failed |= !limit;
	if (!limit)
		return;
	*limit = (struct pool_limit){step->senses->size, most, span.latest, span.least, window};
	m->told_max = 1;
	emit(step, policy, NULL, sensor, "%lld members are wanted, %lld allowed", (long long)span.least,
	     (long long)most)
	    ->limit = limit;
}

static void look(struct policy *policy, struct step *step, struct record *record,
		 const struct member_sense *sense)
{
	struct scaler_memory *m = &record->scaler;

	(void)sense;
	for (size_t i = 0; i < HISTORIES; i++)
		history_turn_back(&policy->histories[i], step->now);
	if (m->checked_at > step->now)
		m->checked_at = step->now;
	if (m->action.id)
		return; /* one resize at a time, and no check meanwhile */
	if (m->bounds_now) {
		m->bounds_now = 0;
		come_within(policy, step, record);
		if (m->action.id)
			return;
	}
	if (m->check_now) {
		m->check_now = 0;
		if (step->senses->up)
			check(policy, step, record);
		if (m->action.id)
			return;
	}
	m->check_at =
	    not_beyond(m->check_at, step->now, setting(policy, "autoscaler.minPeriodBetweenExecs") + 1);
	if (m->check_at >= 0 && m->check_at <= step->now) {
		m->check_at = NEVER;
		m->checked_at = step->now;
		check(policy, step, record);
		m->tell_after = m->action.id != 0;
		if (m->action.id)
			return;
		tell_max(policy, step, m);
	}
	if (m->check_at >= 0)
		due(step, m->check_at);
}

static void ended(struct policy *policy, struct step *step, struct record *record, enum outcome_kind kind,
		  const char *words)
{
	struct scaler_memory *m = &record->scaler;
	struct error err;

	if (kind == OUTCOME_NO_CAPACITY) {
		owned_json mark = json_integer(step->senses->size);
		int index = policy_key_find(policy->type, high_water);
		step->failed |= !mark || setting_change(policy, (size_t)index, mark, &err);
	}
	if (kind == OUTCOME_NO_CAPACITY || kind == OUTCOME_FAILED)
		tell(step, policy, WISH_REPORT, NULL, NULL, "resizing to %lld failed%s%s",
		     (long long)m->target, kind == OUTCOME_NO_CAPACITY ? ", there is no more room: " : ": ",
		     words);
	if (kind == OUTCOME_DROPPED)
		m->check_now = 1;
	if (m->tell_after) {
		m->tell_after = 0;
		tell_max(policy, step, m);
	}
}

/* --- from outside -------------------------------------------------------------------------------- */

static void hear(struct policy *policy, struct step *step, const char *sensor, const char *member,
		 const char *words)
{
	(void)policy, (void)step, (void)sensor, (void)member, (void)words;
}

/* A check that was scheduled is gone, but no other is scheduled while there is thought to be one. */
static void resumed(struct record *record)
{
	struct scaler_memory *m = &record->scaler;

	m->deaf |= m->check_at >= 0;
	m->check_at = NEVER;
	m->tell_after = 0;
}

static int allow(const struct policy *policy, const char *key, const struct policy_value *value,
		 struct error *err)
{
	int64_t least = setting(policy, "autoscaler.minPoolSize");
	int64_t most = setting(policy, "autoscaler.maxPoolSize");

	if (!value)
		return 0;
	if (!strcmp(key, "autoscaler.minPoolSize") && value->number > most)
		return fail(err, ERR_INVALID, "`minPoolSize` may not be above `maxPoolSize`, which is %lld",
			    (long long)most);
	if (!strcmp(key, "autoscaler.maxPoolSize") && value->number < least)
		return fail(err, ERR_INVALID, "`maxPoolSize` may not be below `minPoolSize`, which is %lld",
			    (long long)least);
	return 0;
}

static int configured(struct policy *policy, const char *key)
{
	if (policy->suspended ||
	    (strcmp(key, "autoscaler.minPoolSize") != 0 && strcmp(key, "autoscaler.maxPoolSize") != 0))
		return 0;
	struct record *record = record_of(policy, NULL);
	if (record)
		record->scaler.bounds_now = 1;
	return record ? 0 : -1;
}

static void explain(const struct policy *policy, const struct record *record, int64_t now, struct text *to)
{
	const struct scaler_memory *m = &record->scaler;
	int64_t room = setting(policy, high_water);

	(void)now;
	if (m->action.id)
		text_format(to, "resizes it to %lld", (long long)m->target);
	else if (m->deaf)
		text_add(to, "hears nothing any more: it was suspended when a check was due");
	else if (room >= 0)
		text_format(to, "there is no room for more than %lld", (long long)room);
}

const struct behaviour classic_autoscaler = {
    .fields = remembered,
    .field_count = COUNT_OF(remembered),
    .action_offset = offsetof(struct record, scaler.action),
    .records = PER_COMPONENT,
    .hear = hear,
    .sense = sense,
    .hears = hears,
    .ended = ended,
    .look = look,
    .resumed = resumed,
    .allow = allow,
    .configured = configured,
    .explain = explain,
};
