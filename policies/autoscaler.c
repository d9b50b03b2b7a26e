/* autoscaler.c - the autoscaler under its short name: of several metrics the one that asks for most counts, a
 * number that is too old is unknown, and so is every number of the time before the last change. It waits for
 * what is asked for to last, and after each change. Bounds come at once, by the clock as well. */
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "policies/internal.h"
#include "policies/scaling.h"

enum { RETRY_MS = 10000, MOST_RETRY_MS = 600000, DROPPED_MS = 1000 };

static const struct memory_field remembered[] = {
    REMEMBERED_ACTION(scaler, action),         REMEMBERED(scaler, target, 0),
    REMEMBERED(scaler, size, NEVER),           REMEMBERED(scaler, resumed, 0),
    REMEMBERED(scaler, changed_at, NEVER),     REMEMBERED(scaler, failures, 0),
    REMEMBERED(scaler, again_at, NEVER),       REMEMBERED(scaler, capacity, NEVER),
    REMEMBERED(scaler, capacity_until, NEVER), REMEMBERED(scaler, bounded, 0),
    REMEMBERED(scaler, known_count, NEVER),    REMEMBERED(scaler, told_size, NEVER),
};

static int read_rules(const struct policy *policy, struct scaling_rules *ret, struct error *err)
{
	return scaling_rules_read(policy->type, policy->given, ret, err);
}

static int check(const struct policy *policy, struct error *err)
{
	struct scaling_rules rules;

	return read_rules(policy, &rules, err);
}

/* --- what the metrics ask for --------------------------------------------------------------------- */

/* All that was heard was of another size: it counts no more. */
static void forget(struct policy *policy)
{
	for (size_t i = 0; policy->known && i < SCALING_METRICS; i++)
		policy->known[i].at = NEVER;
	for (size_t i = 0; i < HISTORIES; i++)
		policy->histories[i].count = 0;
}

/* Whoever changed it. */
static void mind_size(struct policy *policy, const struct step *step, struct scaler_memory *m)
{
	if (m->changed_at > step->now)
		m->changed_at = step->now;
	if (m->resumed || m->size != step->senses->size)
		forget(policy);
	if (m->size >= 0 && m->size != step->senses->size)
		m->changed_at = step->now;
	m->size = step->senses->size;
	m->resumed = 0;
}

static bool is_name(const char *name, const char *text, size_t length)
{
	return strlen(name) == length && !memcmp(name, text, length);
}

static bool is_of(const struct scaling_metric *metric, const struct sample *sample)
{
	if (!is_name(sample->sensor, metric->sensor, metric->sensor_length) ||
	    !metric->entity != !sample->entity)
		return false;
	return !metric->entity || is_name(sample->entity, metric->entity, metric->entity_length);
}

static struct known *known_of(struct policy *policy)
{
	if (!policy->known && (policy->known = calloc(SCALING_METRICS, sizeof(*policy->known))))
		forget(policy);
	return policy->known;
}

static void take_number(struct policy *policy, const struct step *step, const struct scaler_memory *m,
			const struct scaling_metric *metric, struct known *known, const struct sample *sample)
{
	int64_t at = sample->at_ms > 0 && sample->at_ms < step->now ? sample->at_ms : step->now;

	if (at < m->changed_at || at < known->at)
		return; /* measured before the size changed, or before what is known */
	*known = (struct known){.value = sample->number, .at = at};
	if (sample->kind != SAMPLE_NUMBER || !isfinite(sample->number))
		known->at = NEVER;
	else
		known->wanted =
		    scaling_wanted(metric, sample->number, step->senses->size, setting(policy, "tolerance"));
}

static void sense(struct policy *policy, struct step *step, const struct sample *sample)
{
	struct record *record = record_of(policy, NULL);
	struct known *known = known_of(policy);
	struct scaling_rules rules;
	struct error err;

	step->failed |= !record || !known;
	if (!record || !known || policy->suspended || step->senses->size < 0 ||
	    read_rules(policy, &rules, &err))
		return;
	struct scaler_memory *m = &record->scaler;
	mind_size(policy, step, m);
	for (size_t i = 0; i < rules.metric_count; i++)
		if (is_of(&rules.metrics[i], sample)) {
			take_number(policy, step, m, &rules.metrics[i], &known[i], sample);
			m->heard = 1;
		}
}

static bool hears(const struct policy *policy, const struct sample *sample)
{
	struct scaling_rules rules;
	struct error err;

	if (read_rules(policy, &rules, &err))
		return false;
	for (size_t i = 0; i < rules.metric_count; i++)
		if (is_of(&rules.metrics[i], sample))
			return true;
	return false;
}

bool scaling_known(const struct policy *policy, const struct known *known, int64_t now)
{
	return known->at >= 0 && time_sum(known->at, setting(policy, "staleAfter")) >= now;
}

/* The largest counts. Where one is not known it may be the largest: none fewer then. */
static int64_t wanted(const struct policy *policy, struct step *step, struct scaler_memory *m,
		      const struct scaling_rules *rules)
{
	int64_t most = rules->metric_count ? 0 : m->size, count = 0;

	for (size_t i = 0; policy->known && i < rules->metric_count; i++) {
		const struct known *known = &policy->known[i];
		if (!scaling_known(policy, known, step->now))
			continue;
		due(step, time_sum(known->at, setting(policy, "staleAfter")) + 1);
		most = known->wanted > most ? known->wanted : most;
		count++;
	}
	m->heard |= count != m->known_count;
	m->known_count = count;
	return count < (int64_t)rules->metric_count && most < m->size ? m->size : most;
}

/* What was asked for long enough. */
static int64_t sustained(struct policy *policy, struct step *step, struct scaler_memory *m,
			 const struct scaling_rules *rules)
{
	struct history *history = &policy->histories[HISTORY_WANTED];
	int64_t up_delay = setting(policy, "upDelay"), down_delay = setting(policy, "downDelay");
	int64_t now_wanted = wanted(policy, step, m, rules);

	if (m->heard)
		step->failed |= history_add(history, step->now, now_wanted,
					    up_delay > down_delay ? up_delay : down_delay) != 0;
	m->heard = 0;
	struct span up = history_span(history, step->now, up_delay);
	struct span down = history_span(history, step->now, down_delay);
	if (up.least != up.most)
		due(step, history_next(history, step->now, up_delay));
	if (down.least != down.most)
		due(step, history_next(history, step->now, down_delay));
	/* Never further than what is asked for now. */
	if (m->size < up.least && m->size < now_wanted)
		return up.least < now_wanted ? up.least : now_wanted;
	if (m->size > down.most && m->size > now_wanted)
		return down.most > now_wanted ? down.most : now_wanted;
	return m->size;
}

/* --- what is allowed of it ------------------------------------------------------------------------ */

/* Whether a wait that began at `from` is over; if not, it is waited for. */
static bool is_over(struct step *step, int64_t from, int64_t wait)
{
	int64_t at = from < 0 ? NEVER : not_beyond(time_sum(from, wait), step->now, wait);

	if (at <= step->now)
		return true;
	due(step, at);
	return false;
}

static int64_t paced(const struct policy *policy, struct step *step, const struct scaler_memory *m,
		     int64_t target)
{
	int64_t up = setting(policy, "upMax"), down = setting(policy, "downMax");

	if (target > m->size && !is_over(step, m->changed_at, setting(policy, "upCooldown")))
		return m->size;
	if (target < m->size && !is_over(step, m->changed_at, setting(policy, "downCooldown")))
		return m->size;
	if (up && target > m->size + up)
		return m->size + up;
	return down && target < m->size - down ? m->size - down : target;
}

static struct scaling_bounds bounds_now(const struct policy *policy, struct step *step,
					const struct scaling_rules *rules)
{
	int64_t zone = step->senses->zone_ms;

	for (size_t i = 0; i < rules->schedule_count; i++) {
		int64_t next = schedule_next(&rules->schedules[i].when, step->now + zone);
		if (next >= 0)
			due(step, next - zone);
	}
	return scaling_bounds(rules, step->now + zone,
			      (struct scaling_bounds){setting(policy, "min"), setting(policy, "max")});
}

static int64_t within(const struct scaling_bounds *bounds, int64_t size)
{
	return size > bounds->max ? bounds->max : size < bounds->min ? bounds->min : size;
}

/* While something is not known, what is asked for may be less than what is wanted. */
static bool is_sure(const struct scaler_memory *m, const struct scaling_rules *rules)
{
	return m->known_count >= (int64_t)rules->metric_count;
}

/* Told when it begins to be so. */
static void tell_bounded(struct policy *policy, struct step *step, struct scaler_memory *m, int64_t asked,
			 int64_t most, bool sure)
{
	if (asked > most && !m->bounded)
		tell(step, policy, WISH_REPORT, NULL, NULL, "%lld instances are wanted, %lld allowed",
		     (long long)asked, (long long)most);
	m->bounded = asked > most || (m->bounded && !sure);
}

static void problem(struct policy *policy, struct step *step, const char *why, bool clears)
{
	tell(step, policy, WISH_PROBLEM, NULL, "autoscaler", "%s", why)->clears = clears;
}

/* Where there was no room for more, no more are tried until its time is over; `asked` is what would be. */
static int64_t within_capacity(struct policy *policy, struct step *step, struct scaler_memory *m,
			       int64_t asked, bool sure, int64_t target)
{
	int64_t most = m->capacity > m->size ? m->capacity : m->size;

	if (m->capacity < 0)
		return target;
	if (asked <= m->capacity && sure) {
		m->capacity = m->capacity_until = NEVER;
		problem(policy, step, "there is room for what is wanted", true);
		return target;
	}
	m->capacity_until = not_beyond(m->capacity_until, step->now, setting(policy, "capacityPause"));
	if (m->capacity_until <= step->now)
		return target;
	due(step, m->capacity_until);
	return target > most ? most : target;
}

/* --- a look ---------------------------------------------------------------------------------------- */

static void say_why(const struct policy *policy, const struct step *step, const struct scaling_rules *rules,
		    struct text *to)
{
	for (size_t i = 0; policy->known && i < rules->metric_count; i++)
		if (scaling_known(policy, &policy->known[i], step->now))
			text_format(to, ", %.*s is %g", (int)rules->metrics[i].sensor_length,
				    rules->metrics[i].sensor, policy->known[i].value);
}

static void resize(struct policy *policy, struct step *step, struct record *record, int64_t target,
		   const struct scaling_rules *rules)
{
	struct scaler_memory *m = &record->scaler;
	struct text why = {0};

	if (setting(policy, "dryRun") == 1 && target == m->told_size)
		return;
	m->target = m->told_size = target;
	say_why(policy, step, rules, &why);
	action_begin(policy, step, record, m->failures + 1, "from %lld instances to %lld%s",
		     (long long)m->size, (long long)target, text_view(&why));
	text_release(&why);
}

static void look(struct policy *policy, struct step *step, struct record *record,
		 const struct member_sense *sense)
{
	struct scaler_memory *m = &record->scaler;
	struct scaling_rules rules;
	struct error err;

	(void)sense;
	history_turn_back(&policy->histories[HISTORY_WANTED], step->now);
	for (size_t i = 0; policy->known && i < SCALING_METRICS; i++)
		if (policy->known[i].at > step->now)
			policy->known[i].at = step->now;
	if (step->senses->size < 0 || read_rules(policy, &rules, &err))
		return;
	mind_size(policy, step, m);
	m->again_at = not_beyond(m->again_at, step->now, MOST_RETRY_MS);
	if (m->action.id || !step->senses->up)
		return;
	if (m->again_at > step->now) {
		due(step, m->again_at);
		return;
	}
	struct scaling_bounds bounds = bounds_now(policy, step, &rules);
	int64_t asked = sustained(policy, step, m, &rules);
	tell_bounded(policy, step, m, asked, bounds.max, is_sure(m, &rules));
	int64_t target = within(&bounds, paced(policy, step, m, asked));
	target = within_capacity(policy, step, m, within(&bounds, asked), is_sure(m, &rules), target);
	if (target != m->size)
		resize(policy, step, record, target, &rules);
	else
		m->told_size = NEVER;
}

static void no_room(struct policy *policy, struct step *step, struct scaler_memory *m, const char *words)
{
	char why[400];

	m->capacity = step->senses->size;
	m->capacity_until = time_sum(step->now, setting(policy, "capacityPause"));
	snprintf(why, sizeof(why), "%lld instances are wanted, there is room for %lld: %s",
		 (long long)m->target, (long long)m->capacity, words);
	problem(policy, step, why, false);
	tell(step, policy, WISH_REPORT, NULL, NULL, "%s", why);
}

static void ended(struct policy *policy, struct step *step, struct record *record, enum outcome_kind kind,
		  const char *words)
{
	struct scaler_memory *m = &record->scaler;
	bool failed = kind == OUTCOME_FAILED;

	if (setting(policy, "dryRun") == 1)
		return;
	if (kind == OUTCOME_DROPPED) {
		m->again_at = time_sum(step->now, DROPPED_MS);
		return;
	}
	m->changed_at = step->now;
	m->failures = failed ? m->failures + 1 : 0;
	m->again_at = NEVER;
	if (failed) {
		m->again_at =
		    time_sum(step->now, backoff_delay(RETRY_MS, MOST_RETRY_MS, 0, m->failures, 0, 0));
		tell(step, policy, WISH_REPORT, NULL, NULL, "resizing to %lld failed: %s",
		     (long long)m->target, words);
	} else if (kind == OUTCOME_NO_CAPACITY) {
		no_room(policy, step, m, words);
	} else if (m->capacity >= 0 && step->senses->size > m->capacity) {
		m->capacity = m->capacity_until = NEVER;
		problem(policy, step, "there is room again", true);
	}
}

/* --- from outside ---------------------------------------------------------------------------------- */

static void hear(struct policy *policy, struct step *step, const char *sensor, const char *member,
		 const char *words)
{
	(void)policy, (void)step, (void)sensor, (void)member, (void)words;
}

static void resumed(struct record *record)
{
	record->scaler.resumed = 1;
}

static int allow(const struct policy *policy, const char *key, const struct policy_value *value,
		 struct error *err)
{
	owned_json config = json_copy(policy->given);
	const struct policy_key *of = &policy->type->keys[policy_key_find(policy->type, key)];
	struct scaling_rules rules;

	if (of->kind != POLICY_COUNT && of->kind != POLICY_NUMBER)
		return 0;
	if (!config)
		return fail_memory(err);
	json_object_del(config, of->name);
	if (of->flag)
		json_object_del(config, of->flag);
	if (value &&
	    json_put(config, of->name,
		     of->kind == POLICY_NUMBER ? json_real(value->real) : json_integer(value->number)))
		return fail_memory(err);
	return scaling_rules_read(policy->type, config, &rules, err);
}

static void explain(const struct policy *policy, const struct record *record, int64_t now, struct text *to)
{
	const struct scaler_memory *m = &record->scaler;
	struct scaling_rules rules;
	struct error err;

	if (m->action.id) {
		text_format(to, "resizes it to %lld", (long long)m->target);
	} else if (m->again_at > now) {
		text_format(to, "resizing to %lld failed %lld times; again in ", (long long)m->target,
			    (long long)m->failures);
		duration_write(to, m->again_at - now);
	} else if (m->capacity >= 0) {
		text_format(to, "there is room for %lld instances; more are tried in ",
			    (long long)m->capacity);
		duration_write(to, m->capacity_until > now ? m->capacity_until - now : 0);
	} else if (m->bounded) {
		text_add(to, "more are wanted than `max` allows");
	} else if (!read_rules(policy, &rules, &err) && m->known_count < (int64_t)rules.metric_count) {
		text_format(to, "of %zu metrics %lld are known: it does not shrink", rules.metric_count,
			    (long long)(m->known_count > 0 ? m->known_count : 0));
	}
}

const struct behaviour autoscaler = {
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
    .check = check,
    .allow = allow,
    .explain = explain,
};
