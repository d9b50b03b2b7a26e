/* periodic.c - invokes an effector again and again: by a period from when the component is first up, or by a
 * schedule. One run ends before the next begins. What was missed is not caught up; Brooklyn's does that for
 * what came while one of its runs was under way, and ends for good with a run that fails. */
#include <string.h>

#include "base/cleanup.h"
#include "blueprints/schedule.h"
#include "policies/internal.h"

enum { LATE_MS = 60000, DAY_MS = 86400000 };

static const struct memory_field remembered[] = {
    REMEMBERED_ACTION(periodic, action),    REMEMBERED(periodic, started, 0),
    REMEMBERED(periodic, next_at, NEVER),   REMEMBERED(periodic, last_at, NEVER),
    REMEMBERED(periodic, ran_until, NEVER), REMEMBERED(periodic, skips, 0),
    REMEMBERED(periodic, over, 0),
};

static const char *start_sensor(const struct policy *policy)
{
	const char *sensor = policy->type->classic ? setting_text(policy, "start.sensor") : NULL;

	return sensor ? sensor : "service.isUp";
}

static void hear(struct policy *policy, struct step *step, const char *sensor, const char *member,
		 const char *words)
{
	if (strcmp(sensor, start_sensor(policy)) != 0 || member || strcmp(words, "true") != 0)
		return;
	struct record *record = record_of(policy, NULL);
	if (record)
		record->periodic.started = 1;
	step->failed |= !record;
}

static void ended(struct policy *policy, struct step *step, struct record *record, enum outcome_kind kind,
		  const char *words)
{
	struct periodic_memory *m = &record->periodic;

	m->ran_until = step->now;
	if (kind != OUTCOME_FAILED && kind != OUTCOME_GIVEN_UP)
		return;
	m->over = policy->type->classic && kind == OUTCOME_FAILED;
	tell(step, policy, WISH_REPORT, record->member, NULL, "effector %s failed%s: %s",
	     setting_text(policy, "effector"), m->over ? ", and is not invoked any more" : "", words);
}

/* From now to the first time: at a time of the day, after a wait, or after one period. */
static int64_t first_wait(const struct policy *policy, const struct step *step)
{
	int key = policy_key_find(policy->type, "time");
	int64_t wait = setting(policy, "wait"), time = policy->values[key].number;

	if (!setting_given(policy, (size_t)key))
		return wait >= 0 ? wait : setting(policy, "period");
	if (time < 0)
		return 0;
	int64_t of_day = (step->now + step->senses->zone_ms) % DAY_MS;
	return of_day <= time ? time - of_day : time - of_day + DAY_MS;
}

static int64_t period_of(const struct policy *policy)
{
	int64_t period = setting(policy, "period");

	return period > 0 ? period : 1;
}

static void move_beyond_now(const struct policy *policy, const struct step *step, struct periodic_memory *m)
{
	int64_t period = period_of(policy);

	m->next_at = time_sum(m->next_at, ((step->now - m->next_at) / period + 1) * period);
}

static int64_t next_by_period(struct policy *policy, struct step *step, struct periodic_memory *m)
{
	int64_t period = setting(policy, "period");

	if (m->skips && m->next_at >= 0 && m->next_at <= step->now)
		move_beyond_now(policy, step, m);
	m->skips = 0;
	if (m->next_at < 0)
		m->next_at = time_sum(step->now, first_wait(policy, step));
	else
		m->next_at = not_beyond(m->next_at, step->now, period > DAY_MS ? period : DAY_MS);
	return m->next_at;
}

static int64_t next_by_schedule(struct policy *policy, struct step *step, struct periodic_memory *m)
{
	struct schedule schedule;
	int64_t zone = step->senses->zone_ms;

	if (m->last_at < 0 || m->last_at > step->now)
		m->last_at = step->now;
	if (schedule_parse(setting_text(policy, "schedule"), &schedule, NULL))
		return LATER; /* it was read when the policy was made */
	int64_t next = schedule_next(&schedule, m->last_at + zone);
	return next < 0 ? LATER : next - zone;
}

static bool is_scheduled(const struct policy *policy)
{
	return !policy->type->classic && setting_text(policy, "schedule");
}

/* Whether its turn came while a run was under way, or those that came meanwhile: each of them is made. */
static bool is_caught_up(const struct policy *policy, const struct periodic_memory *m, int64_t at)
{
	return policy->type->classic && m->ran_until >= at;
}

/* That moment is seen to, and with it all up to now, or up to the next one. */
static void move_on(struct policy *policy, struct step *step, struct periodic_memory *m, int64_t at)
{
	m->last_at = step->now;
	if (m->next_at < 0)
		return;
	if (is_caught_up(policy, m, at) || (policy->type->classic && step->now - at <= LATE_MS))
		m->next_at = time_sum(m->next_at, period_of(policy));
	else
		move_beyond_now(policy, step, m);
}

/* So late it is left out. */
static int64_t latest(const struct policy *policy, const struct periodic_memory *m, int64_t at)
{
	return is_caught_up(policy, m, at) ? DAY_MS : LATE_MS;
}

static void look(struct policy *policy, struct step *step, struct record *record,
		 const struct member_sense *sense)
{
	struct periodic_memory *m = &record->periodic;
	const char *effector = setting_text(policy, "effector");

	(void)sense;
	m->started |= step->senses->up && !strcmp(start_sensor(policy), "service.isUp");
	if (!m->started || m->action.id || m->over)
		return;
	int64_t (*next)(struct policy *, struct step *, struct periodic_memory *) =
	    is_scheduled(policy) ? next_by_schedule : next_by_period;
	int64_t at = next(policy, step, m);
	if (at <= step->now) {
		int64_t most = latest(policy, m, at);
		move_on(policy, step, m, at);
		if (step->now - at > most)
			tell(step, policy, WISH_REPORT, NULL, NULL, "effector %s was due %s ago: left out",
			     effector, duration_said(step, step->now - at));
		else if (policy->type->classic || step->senses->up)
			action_begin(policy, step, record, 1, "effector %s is due", effector);
		else
			tell(step, policy, WISH_REPORT, NULL, NULL,
			     "effector %s is due, but the component is not up: left out", effector);
		at = next(policy, step, m);
	}
	due(step, at);
}

static void explain(const struct policy *policy, const struct record *record, int64_t now, struct text *to)
{
	const struct periodic_memory *m = &record->periodic;

	if (m->over) {
		text_format(to, "does not invoke %s any more, because it failed",
			    setting_text(policy, "effector"));
	} else if (m->action.id) {
		text_format(to, "invokes %s", setting_text(policy, "effector"));
	} else if (m->next_at > now) {
		text_format(to, "invokes %s in ", setting_text(policy, "effector"));
		duration_write(to, m->next_at - now);
	} else if (is_scheduled(policy)) {
		text_format(to, "invokes %s at %s", setting_text(policy, "effector"),
			    setting_text(policy, "schedule"));
	}
}

/* Moments while it was suspended are left out. */
static void resumed(struct record *record)
{
	record->periodic.last_at = NEVER;
	record->periodic.skips = 1;
}

/* Whoever sets it has it begin anew. */
static int configured(struct policy *policy, const char *key)
{
	struct record *record = record_of(policy, NULL);

	(void)key;
	if (!record)
		return -1;
	record->periodic.over = 0;
	record->periodic.skips = 1;
	return 0;
}

const struct behaviour periodic = {
    .fields = remembered,
    .field_count = COUNT_OF(remembered),
    .action_offset = offsetof(struct record, periodic.action),
    .records = PER_COMPONENT,
    .hear = hear,
    .ended = ended,
    .look = look,
    .resumed = resumed,
    .configured = configured,
    .explain = explain,
};
