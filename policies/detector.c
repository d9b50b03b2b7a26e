/* detector.c - the failure detector under its short name: what it says is always true of now. A failure ends
 * when the instance is not to run any more, and of one that nobody sees nothing is concluded. */
#include "base/cleanup.h"
#include "policies/internal.h"

static const struct memory_field remembered[] = {
    REMEMBERED(detector, was_up, 0),
    REMEMBERED(detector, published, PUBLISHED_NONE),
    REMEMBERED(detector, failing_since, NEVER),
    REMEMBERED(detector, recovering_since, NEVER),
    REMEMBERED(detector, life, LIFE_NONE),
};

static void hear(struct policy *policy, struct step *step, const char *sensor, const char *member,
		 const char *words)
{
	(void)policy, (void)step, (void)sensor, (void)member, (void)words;
}

static void ended(struct policy *policy, struct step *step, struct record *record, enum outcome_kind kind,
		  const char *words)
{
	(void)policy, (void)step, (void)record, (void)kind, (void)words;
}

/* How long it has been so, `*since` being when that began; never more than the clock can tell. */
static bool long_enough(struct step *step, int64_t *since, int64_t delay)
{
	if (*since < 0 || *since > step->now)
		*since = step->now;
	int64_t at = time_sum(*since, delay);
	if (at > step->now)
		due(step, at);
	return at <= step->now;
}

static void failing(struct policy *policy, struct step *step, struct detector_memory *m,
		    const struct member_sense *sense)
{
	m->recovering_since = NEVER;
	if (m->published == PUBLISHED_FAILED || (!m->was_up && setting(policy, "onlyIfPreviouslyUp") == 1) ||
	    !long_enough(step, &m->failing_since, setting(policy, "failedAfter")))
		return;
	m->published = PUBLISHED_FAILED;
	emit(step, policy, sense->name, "ha.entityFailed", "%s is not well: %s", sense->name,
	     sense->up == UP_NO ? "it ended, or its health check fails" : sense->problem);
}

static void well(struct policy *policy, struct step *step, struct detector_memory *m,
		 const struct member_sense *sense)
{
	m->failing_since = NEVER;
	if (m->published != PUBLISHED_FAILED ||
	    !long_enough(step, &m->recovering_since, setting(policy, "recoveredAfter")))
		return;
	m->published = PUBLISHED_RECOVERED;
	m->recovering_since = NEVER;
	emit(step, policy, sense->name, "ha.entityRecovered", "%s is well again", sense->name);
}

/* It is not to run: what was found of it before is over. */
static void not_expected(struct detector_memory *m)
{
	m->published = PUBLISHED_NONE;
	m->failing_since = m->recovering_since = NEVER;
	m->was_up = false; /* to come up again is a new beginning */
}

static void tell_state(struct policy *policy, struct step *step, struct detector_memory *m,
		       const struct member_sense *sense, bool problem)
{
	enum lifecycle life = sense->expected == LIFE_RUNNING && sense->up == UP_UNSET
				  ? LIFE_NONE
				  : actual_state(sense->expected, sense->up, problem, true);

	if (life == LIFE_NONE || life == (enum lifecycle)m->life)
		return;
	m->life = life;
	tell(step, policy, WISH_STATE, sense->name, "service.state", "%s is %s", sense->name,
	     lifecycle_name(life))
	    ->life = life;
}

static void look(struct policy *policy, struct step *step, struct record *record,
		 const struct member_sense *sense)
{
	struct detector_memory *m = &record->detector;
	bool problem = sense->problem && setting(policy, "monitorProblems") == 1;

	if (sense->out_of_sight) {
		m->failing_since = m->recovering_since = NEVER;
		return;
	}
	tell_state(policy, step, m, sense, problem);
	if (sense->expected == LIFE_STARTING || sense->expected == LIFE_CREATED)
		m->failing_since = m->recovering_since = NEVER;
	else if (sense->expected != LIFE_RUNNING && sense->expected != LIFE_ON_FIRE)
		not_expected(m);
	else if (sense->up == UP_NO || problem)
		failing(policy, step, m, sense);
	else if (sense->up == UP_YES)
		well(policy, step, m, sense);
	m->was_up |= sense->up == UP_YES;
}

static void explain(const struct policy *policy, const struct record *record, int64_t now, struct text *to)
{
	const struct detector_memory *m = &record->detector;

	(void)policy;
	if (m->published == PUBLISHED_FAILED) {
		text_format(to, "%s is not well", record->member);
	} else if (m->failing_since >= 0) {
		text_format(to, "%s has not been well for ", record->member);
		duration_write(to, now - m->failing_since);
	}
}

const struct behaviour detector = {
    .fields = remembered,
    .field_count = COUNT_OF(remembered),
    .action_offset = NO_ACTION,
    .records = PER_MEMBER,
    .hear = hear,
    .ended = ended,
    .look = look,
    .explain = explain,
};
