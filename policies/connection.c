/* connection.c - the detector of connections: an endpoint is tried again and again; ha.connectionFailed when
 * it did not answer for longer than a delay, ha.connectionRecovered likewise. The classic one tries whatever
 * is expected of the instance; under the short name it tries only one that is to run and that can be seen. */
#include "base/cleanup.h"
#include "policies/internal.h"

enum { LEAST_BETWEEN_MS = 100 };

static const struct memory_field remembered[] = {
    REMEMBERED_ACTION(connection, probe),
    REMEMBERED(connection, poll_at, NEVER),
    REMEMBERED(connection, publish_at, NEVER),
    REMEMBERED(connection, looked_at, NEVER),
    REMEMBERED(connection, published, PUBLISHED_NONE),
    REMEMBERED(connection, failing_since, NEVER),
    REMEMBERED(connection, recovering_since, NEVER),
    REMEMBERED(connection, last_good, NEVER),
    REMEMBERED(connection, last_bad, NEVER),
};

static void hear(struct policy *policy, struct step *step, const char *sensor, const char *member,
		 const char *words)
{
	(void)policy, (void)step, (void)sensor, (void)member, (void)words;
}

static const char *key_of(const struct policy *policy, const char *classic, const char *own)
{
	return policy->type->classic ? classic : own;
}

static int64_t poll_period(const struct policy *policy)
{
	int64_t period =
	    setting(policy, key_of(policy, "connectionFailureDetector.pollPeriod", "pollPeriod"));

	return period > 0 ? period : 1;
}

static int64_t failed_after(const struct policy *policy)
{
	return setting(policy, key_of(policy, "connectionFailureDetector.serviceFailedStabilizationDelay",
				      "failedAfter"));
}

static int64_t recovered_after(const struct policy *policy)
{
	return setting(policy, key_of(policy, "connectionFailureDetector.serviceRecoveredStabilizationDelay",
				      "recoveredAfter"));
}

static void publish_soon(struct connection_memory *m, int64_t now, int64_t delay)
{
	int64_t at = time_sum(now, delay > 0 ? delay : 0);

	if (m->publish_at >= 0)
		return;
	/* Not more often than this, as something may have changed meanwhile. */
	if (m->looked_at >= 0 && at < m->looked_at + LEAST_BETWEEN_MS)
		at = m->looked_at + LEAST_BETWEEN_MS;
	m->publish_at = at;
}

/* One poll's answer: when failing, and when recovering, began. */
static void note(struct connection_memory *m, int64_t now, bool reachable)
{
	bool failed = m->published == PUBLISHED_FAILED;
	int64_t *begins = reachable ? &m->recovering_since : &m->failing_since;
	int64_t *ends = reachable ? &m->failing_since : &m->recovering_since;

	*(reachable ? &m->last_good : &m->last_bad) = now;
	if (reachable != failed) {
		*ends = NEVER; /* nothing new: what seemed to begin did not last */
	} else if (*begins < 0) {
		*begins = now;
		publish_soon(m, now, 1);
	}
}

static int64_t since(int64_t now, int64_t then)
{
	return then < 0 ? INT64_MAX : now - then;
}

/* Whether it lasted for longer than the delay; else it is looked at again when it could have. */
static bool lasted(struct connection_memory *m, int64_t now, int64_t delay, int64_t began, int64_t other)
{
	int64_t period = since(now, began), apart = since(now, other);
	int64_t shorter = period < apart ? period : apart;

	if (shorter > delay)
		return true;
	publish_soon(m, now, delay - shorter + 1);
	return false;
}

static void publish(struct policy *policy, struct step *step, struct record *record, bool reachable)
{
	struct connection_memory *m = &record->connection;
	bool failed = m->published == PUBLISHED_FAILED;
	const char *sensor;

	m->publish_at = NEVER;
	m->looked_at = step->now;
	if (reachable != failed)
		return;
	if (!lasted(m, step->now, reachable ? recovered_after(policy) : failed_after(policy),
		    reachable ? m->recovering_since : m->failing_since,
		    reachable ? m->last_bad : m->last_good))
		return;
	if (reachable) {
		m->published = PUBLISHED_RECOVERED;
		m->failing_since = NEVER;
		sensor = setting_text(policy, "failureDetector.sensor.recover");
	} else {
		m->published = PUBLISHED_FAILED;
		m->recovering_since = NEVER;
		sensor = setting_text(policy, "failureDetector.sensor.fail");
	}
	if (!sensor)
		sensor = reachable ? "ha.connectionRecovered" : "ha.connectionFailed";
	emit(step, policy, record->member, sensor,
	     reachable ? "%s can be connected to again" : "%s cannot be connected to", record->member);
}

static void forget(struct connection_memory *m)
{
	m->failing_since = m->recovering_since = m->publish_at = m->looked_at = NEVER;
	m->published = PUBLISHED_NONE;
	m->poll_at = NEVER;
}

/* What was found out before an instance was mended says nothing of it afterwards. */
static bool can_be_tried(const struct policy *policy, const struct step *step,
			 const struct member_sense *sense)
{
	if (!sense)
		return false;
	const char *endpoint =
	    setting_text(policy, key_of(policy, "connectionFailureDetector.endpoint", "endpoint"));

	if (!endpoint && !sense->endpoint)
		return false;
	return policy->type->classic || (sense->expected == LIFE_RUNNING && !sense->out_of_sight &&
					 !sense->busy && !acted_on(step, sense->name, policy));
}

static void ended(struct policy *policy, struct step *step, struct record *record, enum outcome_kind kind,
		  const char *words)
{
	struct connection_memory *m = &record->connection;
	bool reachable = kind == OUTCOME_DONE;
	int64_t period = poll_period(policy);

	(void)words;
	/* What was asked is of no interest any more. */
	if (!can_be_tried(policy, step, sense_of(step, record->member)))
		return;
	if (kind == OUTCOME_DROPPED) {
		m->poll_at = time_sum(step->now, period);
		/* Nor can it be published before somebody could be asked again. */
		if (m->publish_at >= 0 && m->publish_at <= step->now)
			m->publish_at = m->poll_at;
		return;
	}
	if (m->poll_at <= step->now) {
		note(m, step->now, reachable);
		m->poll_at += period;
		if (m->poll_at <= step->now)
			m->poll_at = time_sum(step->now, period);
	}
	if (m->publish_at >= 0 && m->publish_at <= step->now)
		publish(policy, step, record, reachable);
}

static void look(struct policy *policy, struct step *step, struct record *record,
		 const struct member_sense *sense)
{
	struct connection_memory *m = &record->connection;

	if (!can_be_tried(policy, step, sense)) {
		forget(m);
		m->probe = (struct action){0};
		return;
	}
	m->poll_at = m->poll_at < 0 ? step->now : not_beyond(m->poll_at, step->now, poll_period(policy));
	int64_t next = m->publish_at >= 0 && m->publish_at < m->poll_at ? m->publish_at : m->poll_at;
	if (m->probe.id)
		return; /* its outcome is waited for */
	if (next <= step->now)
		action_begin(policy, step, record, 1, "to see whether %s can be connected to",
			     record->member);
	else
		due(step, next);
}

static void explain(const struct policy *policy, const struct record *record, int64_t now, struct text *to)
{
	const struct connection_memory *m = &record->connection;

	(void)policy;
	if (m->published == PUBLISHED_FAILED) {
		text_format(to, "%s cannot be connected to", record->member);
	} else if (m->failing_since >= 0) {
		text_format(to, "%s could not be connected to for ", record->member);
		duration_write(to, now - m->failing_since);
	}
}

static void resumed(struct record *record)
{
	forget(&record->connection);
}

const struct behaviour connection_detector = {
    .fields = remembered,
    .field_count = COUNT_OF(remembered),
    .action_offset = offsetof(struct record, connection.probe),
    .records = PER_MEMBER,
    .hear = hear,
    .ended = ended,
    .look = look,
    .resumed = resumed,
    .explain = explain,
};
