/* stop_after.c - stops a component that has been in a state for its lifetime. The classic one does so once,
 * counted from the first time it got there, and looks at it from time to time only. */
#include <string.h>

#include "base/cleanup.h"
#include "policies/internal.h"

enum { TRY_AGAIN_MS = 30000 };

static const struct memory_field remembered[] = {
    REMEMBERED_ACTION(stop, action),
    REMEMBERED(stop, began, NEVER),
    REMEMBERED(stop, fired, 0),
    REMEMBERED(stop, again_at, NEVER),
};

static void hear(struct policy *policy, struct step *step, const char *sensor, const char *member,
		 const char *words)
{
	(void)policy, (void)step, (void)sensor, (void)member, (void)words;
}

static void ended(struct policy *policy, struct step *step, struct record *record, enum outcome_kind kind,
		  const char *words)
{
	struct stop_memory *m = &record->stop;

	(void)words;
	if (kind == OUTCOME_DONE || policy->type->classic)
		m->fired = 1;
	else
		m->again_at = time_sum(step->now, TRY_AGAIN_MS);
}

/* When its time is up. */
static int64_t ends_at(const struct policy *policy, const struct stop_memory *m)
{
	int64_t lifetime = setting(policy, "lifetime");
	int64_t period = policy->type->classic ? setting(policy, "pollPeriod") : 0;

	if (period > 0 && lifetime < POLICY_FOREVER) /* at the first look that is not before it */
		lifetime = (lifetime > 0 ? (lifetime - 1) / period + 1 : 1) * period;
	return time_sum(m->began, lifetime);
}

static void look(struct policy *policy, struct step *step, struct record *record,
		 const struct member_sense *sense)
{
	struct stop_memory *m = &record->stop;
	enum lifecycle state = step->senses->state;

	(void)sense;
	if (!policy->type->classic &&
	    (state == LIFE_STOPPED || state == LIFE_DESTROYED || state == LIFE_CREATED)) {
		record_begin(policy->behaviour, record); /* its next life is a new one */
		return;
	}
	if (m->began < 0 && !strcmp(lifecycle_name(state), setting_text(policy, "state")))
		m->began = step->now;
	if (m->began < 0 || m->fired || m->action.id)
		return;
	if (m->began > step->now)
		m->began = step->now;
	int64_t at = ends_at(policy, m);
	if (m->again_at > at)
		at = not_beyond(m->again_at, step->now, TRY_AGAIN_MS);
	if (at > step->now)
		due(step, at);
	else
		action_begin(policy, step, record, 1, "it has been %s for its lifetime of %s",
			     setting_text(policy, "state"), duration_said(step, setting(policy, "lifetime")));
}

static void explain(const struct policy *policy, const struct record *record, int64_t now, struct text *to)
{
	const struct stop_memory *m = &record->stop;

	if (m->action.id) {
		text_add(to, "stops it: its time is up");
	} else if (m->began >= 0 && !m->fired) {
		text_add(to, "stops it in ");
		duration_write(to, ends_at(policy, m) - now);
	}
}

const struct behaviour stop_after = {
    .fields = remembered,
    .field_count = COUNT_OF(remembered),
    .action_offset = offsetof(struct record, stop.action),
    .records = PER_COMPONENT,
    .hear = hear,
    .ended = ended,
    .look = look,
    .explain = explain,
};
