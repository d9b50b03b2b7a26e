/* classic_detector.c - Brooklyn's ServiceFailureDetector as it is: from expected, up and problems to
 * service.state, ha.entityFailed and ha.entityRecovered. A failure that waits out its delay is told even when
 * the instance is being stopped meanwhile, and problems are monitored whatever monitorServiceProblems says.
 */
#include "base/cleanup.h"
#include "policies/internal.h"

enum { LEAST_REPUBLISH_MS = 100 };

static const struct memory_field remembered[] = {
    REMEMBERED(detector, was_up, 0),
    REMEMBERED(detector, problems_seen, 0),
    REMEMBERED(detector, published, PUBLISHED_NONE),
    REMEMBERED(detector, failing_since, NEVER),
    REMEMBERED(detector, recovering_since, NEVER),
    REMEMBERED(detector, fail_at, NEVER),
    REMEMBERED(detector, recover_at, NEVER),
    REMEMBERED(detector, fire_at, NEVER),
    REMEMBERED(detector, life, LIFE_NONE),
    REMEMBERED(detector, seen, 0),
    REMEMBERED(detector, look_at, NEVER),
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

static void found_failing(const struct policy *policy, struct detector_memory *m, int64_t now)
{
	bool suppressed = !m->was_up && setting(policy, "onlyReportIfPreviouslyUp") == 1;

	if (m->published != PUBLISHED_FAILED && !suppressed && m->failing_since < 0) {
		m->failing_since = now;
		m->fail_at = time_sum(now, setting(policy, "entityFailed.stabilizationDelay"));
	}
	if (m->fire_at < 0)
		m->fire_at = time_sum(now, setting(policy, "serviceOnFire.stabilizationDelay"));
	m->recovering_since = m->recover_at = NEVER;
}

static void found_running(const struct policy *policy, struct detector_memory *m, int64_t now)
{
	if (m->published == PUBLISHED_FAILED && m->recovering_since < 0) {
		m->recovering_since = now;
		m->recover_at = time_sum(now, setting(policy, "entityRecovered.stabilizationDelay"));
	}
	m->failing_since = m->fail_at = m->fire_at = NEVER;
}

static const char *failure_words(const struct member_sense *sense)
{
	return sense->problem       ? sense->problem
	       : sense->up == UP_NO ? "service not up"
				    : "service failure detected";
}

static void publish(struct policy *policy, struct step *step, struct detector_memory *m,
		    const struct member_sense *sense)
{
	if (m->fail_at >= 0 && m->fail_at <= step->now) {
		int64_t again = setting(policy, "entityFailed.republishTime");
		m->fail_at =
		    again < 0 ? NEVER
			      : time_sum(step->now, again > LEAST_REPUBLISH_MS ? again : LEAST_REPUBLISH_MS);
		m->published = PUBLISHED_FAILED;
		emit(step, policy, sense->name, "ha.entityFailed", "%s", failure_words(sense));
	} else if (m->fail_at < 0 && m->recover_at >= 0 && m->recover_at <= step->now) {
		m->recover_at = NEVER;
		m->published = PUBLISHED_RECOVERED;
		emit(step, policy, sense->name, "ha.entityRecovered",
		     "it is up and nothing is wrong with it");
	}
}

/* All that it is told of, in one number; 0 is as good as impossible. */
static int64_t told_of(const struct member_sense *sense)
{
	uint64_t sum =
	    1 + (uint64_t)sense->up + 4 * (uint64_t)sense->expected + 64 * (uint64_t)!sense->problem;

	for (const char *at = sense->problem; at && *at; at++)
		sum = (sum ^ (unsigned char)*at) * 0x100000001b3;
	return (int64_t)(sum & INT64_MAX);
}

static void look_later(struct step *step, struct detector_memory *m)
{
	const int64_t times[] = {m->fail_at, m->recover_at, m->fire_at};

	m->look_at = NEVER;
	for (size_t i = 0; i < COUNT_OF(times); i++)
		if (times[i] > step->now && (m->look_at < 0 || times[i] < m->look_at))
			m->look_at = times[i];
}

static void look(struct policy *policy, struct step *step, struct record *record,
		 const struct member_sense *sense)
{
	struct detector_memory *m = &record->detector;

	if (sense->out_of_sight)
		return;
	if (m->seen == told_of(sense) && (m->look_at < 0 || m->look_at > step->now)) {
		if (m->look_at >= 0)
			due(step, m->look_at);
		return;
	}
	m->seen = told_of(sense);
	m->was_up |= sense->up == UP_YES;
	m->problems_seen |= sense->problem != NULL;
	enum lifecycle life = actual_state(sense->expected, sense->up, sense->problem, m->problems_seen);
	if (life == LIFE_ON_FIRE)
		found_failing(policy, m, step->now);
	else if (life == LIFE_RUNNING)
		found_running(policy, m, step->now);
	publish(policy, step, m, sense);
	if (m->fire_at < 0 || m->fire_at <= step->now) {
		m->fire_at = NEVER;
		if (life != LIFE_NONE && life != (enum lifecycle)m->life)
			tell(step, policy, WISH_STATE, sense->name, "service.state", "it is %s",
			     lifecycle_name(life))
			    ->life = life;
		m->life = life == LIFE_NONE ? m->life : (int64_t)life;
	}
	look_later(step, m);
	if (m->look_at >= 0)
		due(step, m->look_at);
}

static void explain(const struct policy *policy, const struct record *record, int64_t now, struct text *to)
{
	const struct detector_memory *m = &record->detector;

	(void)policy;
	if (m->fail_at > now && m->published != PUBLISHED_FAILED) {
		text_format(to, "%s is failing; told in ", record->member);
		duration_write(to, m->fail_at - now);
	} else if (m->recover_at > now) {
		text_format(to, "%s is up again; told in ", record->member);
		duration_write(to, m->recover_at - now);
	} else if (m->published == PUBLISHED_FAILED) {
		text_format(to, "%s failed", record->member);
	}
}

const struct behaviour classic_detector = {
    .fields = remembered,
    .field_count = COUNT_OF(remembered),
    .action_offset = NO_ACTION,
    .records = PER_MEMBER,
    .hear = hear,
    .ended = ended,
    .look = look,
    .explain = explain,
};
