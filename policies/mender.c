/* mender.c - the restarter and the replacer under their short names: what is not well is acted on, again and
 * again with waits that grow, until it is well. After many tries in a row a breaker opens: that is reported,
 * and tries become rare; they never end unless the blueprint says so. */
#include <string.h>

#include "base/cleanup.h"
#include "policies/internal.h"

/* Why an instance is to be mended. What detectors of the set found is asked of them at every look; the others
 * are remembered from when they were told. */
enum {
	CAUSE_ENTITY = 1,     /* told from outside, or by a restarter: over when it is well */
	CAUSE_CONNECTION = 2, /* told from outside: over when a connection succeeds */
	CAUSE_OTHER = 4,      /* of another sensor: over when it was acted on */
	CAUSE_FOUND = 8,      /* a detector of the set says so now */
};

static const struct memory_field remembered[] = {
    REMEMBERED_ACTION(mender, action),
    REMEMBERED(mender, causes, 0),
    REMEMBERED(mender, tries, 0),
    REMEMBERED(mender, next_at, NEVER),
    REMEMBERED(mender, delay, 0),
    REMEMBERED(mender, well_since, NEVER),
    REMEMBERED(mender, open, 0),
    REMEMBERED(mender, given_up, 0),
    REMEMBERED(mender, unseen_since, NEVER),
};

static bool restarts(const struct policy *policy)
{
	return policy->type->kind == POLICY_RESTARTER;
}

/* What it emits when it comes to no end with an instance. */
static const char *failed_sensor(const struct policy *policy)
{
	return restarts(policy) ? "ha.entityFailed.restart" : "ha.entityFailed.replacement";
}

/* The sensor it listens to; NULL: what the detectors of the set find. */
static const char *monitored(const struct policy *policy)
{
	const char *sensor = setting_text(policy, "failureSensorToMonitor");

	if (!sensor && !restarts(policy) && set_has(policy->set, POLICY_RESTARTER))
		return "ha.entityFailed.restart";
	return sensor;
}

static bool listens_to(const struct policy *policy, const char *sensor)
{
	const char *only = monitored(policy);

	return only ? !strcmp(only, sensor)
		    : !strcmp(sensor, "ha.entityFailed") || !strcmp(sensor, "ha.connectionFailed");
}

static int64_t cause_of(const char *sensor)
{
	if (!strcmp(sensor, "ha.entityFailed") || !strcmp(sensor, "ha.entityFailed.restart"))
		return CAUSE_ENTITY;
	return !strcmp(sensor, "ha.connectionFailed") ? CAUSE_CONNECTION : CAUSE_OTHER;
}

/* Whether a detector of that kind in the set is about this member; then what it says counts. */
static const struct record *found_by(const struct policy *policy, enum policy_kind kind, const char *member)
{
	for (size_t i = 0; i < policy->set->count; i++) {
		struct policy *other = &policy->set->policies[i];
		const struct record *record = record_find(other, member);
		if (other->type->kind == kind && !other->suspended && record)
			return record;
	}
	return NULL;
}

static int64_t found(const struct policy *policy, const char *member)
{
	const struct record *entity = found_by(policy, POLICY_FAILURE_DETECTOR, member);
	const struct record *connection = found_by(policy, POLICY_CONNECTION_DETECTOR, member);
	int64_t causes = 0;

	if (entity && entity->detector.published == PUBLISHED_FAILED && listens_to(policy, "ha.entityFailed"))
		causes |= CAUSE_FOUND;
	if (connection && connection->connection.published == PUBLISHED_FAILED &&
	    listens_to(policy, "ha.connectionFailed"))
		causes |= CAUSE_FOUND;
	return causes;
}

/* A detector of the set told it, and takes it back without a word when the instance was mended. */
static bool is_asked_for(const struct policy *policy, const char *sensor, const char *member)
{
	return cause_of(sensor) == CAUSE_CONNECTION && found_by(policy, POLICY_CONNECTION_DETECTOR, member);
}

static void hear(struct policy *policy, struct step *step, const char *sensor, const char *member,
		 const char *words)
{
	struct record *record = member ? record_find(policy, member) : NULL;

	(void)step, (void)words;
	if (!record) /* of a stranger, or of one that was replaced: nothing to mend */
		return;
	if (!strcmp(sensor, "ha.connectionRecovered"))
		record->mender.causes &= ~(int64_t)CAUSE_CONNECTION;
	else if (!strcmp(sensor, "ha.entityRecovered"))
		record->mender.causes &= ~(int64_t)CAUSE_ENTITY;
	else if (listens_to(policy, sensor) && !is_asked_for(policy, sensor, member))
		record->mender.causes |= cause_of(sensor);
}

static int64_t wait_after(const struct policy *policy, const struct step *step, struct mender_memory *m,
			  const char *member)
{
	uint64_t chance = step->senses->chance;

	/* So that instances which fail together do not come back together. */
	for (const char *at = member; *at; at++)
		chance = (chance ^ (unsigned char)*at) * 0x100000001b3;
	chance ^= chance >> 29;
	chance *= 0xbf58476d1ce4e5b9;
	/* Never less than before: so the breaker's pause stays, too. */
	m->delay = backoff_delay(setting(policy, "backoff"), setting(policy, "backoffMax"),
				 setting(policy, "jitter"), m->tries, m->delay, chance);
	return m->delay;
}

static void ended(struct policy *policy, struct step *step, struct record *record, enum outcome_kind kind,
		  const char *words)
{
	struct mender_memory *m = &record->mender;

	if (kind == OUTCOME_DROPPED) {
		m->tries--;
		m->next_at = time_sum(step->now, setting(policy, "backoff"));
	} else {
		m->next_at = time_sum(step->now, wait_after(policy, step, m, record->member));
	}
	if (kind == OUTCOME_DONE || kind == OUTCOME_OLD_STAYS)
		m->causes &= ~(int64_t)CAUSE_OTHER;
	if (kind == OUTCOME_FAILED && m->open)
		emit(step, policy, record->member, failed_sensor(policy), "try %lld failed: %s",
		     (long long)m->tries, words);
	due(step, m->next_at);
}

/* Nothing is wrong: after a while it counts as if nothing ever was. */
static void look_well(struct policy *policy, struct step *step, struct record *record)
{
	struct mender_memory *m = &record->mender;

	if (!m->tries && !m->open && !m->given_up)
		return;
	if (m->well_since < 0 || m->well_since > step->now)
		m->well_since = step->now;
	int64_t stable_at = time_sum(m->well_since, setting(policy, "stableFor"));
	if (stable_at > step->now) {
		due(step, stable_at);
		return;
	}
	if (m->given_up)
		tell(step, policy, WISH_EXPECT, record->member, "service.state.expected", "it is well again")
		    ->life = LIFE_RUNNING;
	if (m->open || m->given_up)
		tell(step, policy, WISH_REPORT, record->member, "breaker.closed",
		     "%s has been well for %s: the breaker is closed", record->member,
		     duration_said(step, step->now - m->well_since));
	struct action action = m->action;
	record_begin(policy->behaviour, record);
	m->action = action;
}

static void open_breaker(struct policy *policy, struct step *step, struct record *record)
{
	struct mender_memory *m = &record->mender;
	int64_t pause = setting(policy, "breakerPause");
	const char *verb = restarts(policy) ? "restarted" : "replaced";

	m->open = 1;
	m->delay = m->delay > pause ? m->delay : pause;
	m->next_at = time_sum(step->now, m->delay);
	tell(step, policy, WISH_REPORT, record->member, "breaker.open",
	     "%s was %s %lld times in a row and is not well: the breaker is open, the next try is in %s",
	     record->member, verb, (long long)m->tries, duration_said(step, m->delay));
	emit(step, policy, record->member, failed_sensor(policy), "%s %lld times in a row, and not well",
	     verb, (long long)m->tries);
}

static void give_up(struct policy *policy, struct step *step, struct record *record)
{
	record->mender.given_up = 1;
	tell(step, policy, WISH_EXPECT, record->member, "service.state.expected", "given up after %lld tries",
	     (long long)record->mender.tries)
	    ->life = LIFE_ON_FIRE;
	tell(step, policy, WISH_REPORT, record->member, "breaker.open",
	     "%s is given up after %lld tries, as maxTries says", record->member,
	     (long long)record->mender.tries);
	emit(step, policy, record->member, failed_sensor(policy), "given up after %lld tries",
	     (long long)record->mender.tries);
}

/* What was only told, not done, opens no breaker and gives nobody up. */
static bool at_bound(const struct policy *policy, int64_t tries, int64_t bound)
{
	return bound > 0 && tries >= bound && setting(policy, "dryRun") != 1;
}

/* Whether it may be acted on now as far as the others go. Of those that are well, but for what was told of
 * them (that they cannot be connected to, say), one is acted on after the other: what is wrong may be wrong
 * with all of them, or with none. */
static bool is_let(const struct policy *policy, const struct step *step, const struct member_sense *sense)
{
	int64_t parallel = setting(policy, "maxParallel"), others = (int64_t)step->senses->member_count - 1;
	int64_t keep = setting(policy, "minHealthy") < others ? setting(policy, "minHealthy") : others;

	if (sense->busy || taken(step, sense->name, policy))
		return false;
	if (parallel > 0 && (int64_t)actions_standing(policy) >= parallel)
		return false;
	if (is_well(sense) && keep > 0)
		return (int64_t)healthy_others(step, sense->name) >= keep && !actions_standing(policy);
	return true;
}

static void look_failing(struct policy *policy, struct step *step, struct record *record,
			 const struct member_sense *sense)
{
	struct mender_memory *m = &record->mender;
	const char *verb = restarts(policy) ? "restarted" : "replaced";

	m->well_since = NEVER;
	if (m->given_up)
		return;
	if (at_bound(policy, m->tries, setting(policy, "maxTries"))) {
		give_up(policy, step, record);
		return;
	}
	if (!m->open && at_bound(policy, m->tries, setting(policy, "breakerAfter")))
		open_breaker(policy, step, record);
	int64_t base = setting(policy, "backoff");
	m->next_at = not_beyond(m->next_at, step->now, m->delay > base ? m->delay : base);
	if (m->next_at > step->now) {
		due(step, m->next_at);
		return;
	}
	if (!is_let(policy, step, sense))
		return; /* when another comes to its end, this is looked at again */
	m->tries++;
	action_begin(policy, step, record, m->tries, "%s is not well%s%s; %s, try %lld", sense->name,
		     sense->problem ? ": " : "", sense->problem ? sense->problem : "", verb,
		     (long long)m->tries);
}

bool mender_goes_blind(const struct policy *policy, const struct record *record, int64_t now)
{
	const struct mender_memory *m = &record->mender;

	if (policy->type->kind != POLICY_REPLACER || policy->type->classic)
		return false;
	int64_t after = setting(policy, "unseenAfter");
	return after > 0 && m->unseen_since >= 0 && time_sum(m->unseen_since, after) <= now;
}

/* Nothing is concluded of one whose target does not answer, but by who says when it counts as lost; and by
 * nobody where it cannot be asked for what is wrong here. */
static void look_unseen(struct policy *policy, struct step *step, struct record *record,
			const struct member_sense *sense)
{
	struct mender_memory *m = &record->mender;
	int64_t after = restarts(policy) ? 0 : setting(policy, "unseenAfter");

	if (after <= 0 || sense->hindered || sense->expected != LIFE_RUNNING || m->given_up)
		return;
	if (m->unseen_since < 0 || m->unseen_since > step->now)
		m->unseen_since = step->now;
	int64_t base = setting(policy, "backoff"), lost_at = time_sum(m->unseen_since, after);
	m->next_at = not_beyond(m->next_at, step->now, m->delay > base ? m->delay : base);
	int64_t at = m->next_at > lost_at ? m->next_at : lost_at;
	if (at > step->now) {
		due(step, at);
		return;
	}
	if (!is_let(policy, step, sense))
		return;
	m->tries++;
	action_begin(policy, step, record, m->tries,
		     "%s has not been seen for %s, as its target does not answer; replaced, try %lld",
		     sense->name, duration_said(step, step->now - m->unseen_since), (long long)m->tries);
}

static void look(struct policy *policy, struct step *step, struct record *record,
		 const struct member_sense *sense)
{
	struct mender_memory *m = &record->mender;

	if (!sense->out_of_sight || sense->hindered)
		m->unseen_since = NEVER;
	if (m->action.id || sense->expected == LIFE_STARTING)
		return;
	if (sense->out_of_sight) {
		look_unseen(policy, step, record, sense);
		return;
	}
	if (sense->expected != LIFE_RUNNING && sense->expected != LIFE_ON_FIRE) {
		record_begin(policy->behaviour, record); /* it is being stopped, or never was to run */
		return;
	}
	if (is_well(sense))
		m->causes &= ~(int64_t)CAUSE_ENTITY;
	if (m->causes | found(policy, record->member))
		look_failing(policy, step, record, sense);
	else
		look_well(policy, step, record);
}

static void explain(const struct policy *policy, const struct record *record, int64_t now, struct text *to)
{
	const struct mender_memory *m = &record->mender;
	const char *verb = restarts(policy) ? "restart" : "replacement";

	if (m->action.id) {
		text_format(to, "%s %lld of %s", verb, (long long)m->tries, record->member);
	} else if (m->given_up) {
		text_format(to, "gave %s up after %lld tries", record->member, (long long)m->tries);
	} else if (m->well_since < 0 && m->tries && m->next_at > now) {
		text_add(to, m->open ? "its breaker is open; waits " : "waits ");
		duration_write(to, m->next_at - now);
		text_format(to, " before %s %lld of %s", verb, (long long)m->tries + 1, record->member);
	} else if (m->tries) {
		text_format(to, "%s %lld of %s was the last", verb, (long long)m->tries, record->member);
	}
}

static bool tends(const struct policy *policy, const struct record *record, const char *member, bool untold,
		  int64_t now)
{
	const struct mender_memory *m = &record->mender;

	(void)now;
	if (m->action.id || m->given_up)
		return m->action.id;
	return m->causes || found(policy, member) || (untold && listens_to(policy, "ha.entityFailed"));
}

const struct behaviour mender = {
    .fields = remembered,
    .field_count = COUNT_OF(remembered),
    .action_offset = offsetof(struct record, mender.action),
    .records = PER_MEMBER,
    .hear = hear,
    .ended = ended,
    .look = look,
    .explain = explain,
    .tends = tends,
};
