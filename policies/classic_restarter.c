/* classic_restarter.c - Brooklyn's ServiceRestarter as it is: one restart for a failure, none for a failure
 * that comes within a time of the last one. Failures are handled one after the other, when their turn comes.
 */
#include <string.h>

#include "base/cleanup.h"
#include "policies/internal.h"

static const struct memory_field remembered[] = {
    REMEMBERED_ACTION(restarter, action),
    REMEMBERED(restarter, last_failure, NEVER),
    REMEMBERED(restarter, waiting, 0),
    REMEMBERED(restarter, given_up, 0),
};

static void give_up(struct policy *policy, struct step *step, struct record *record, const char *why)
{
	const char *member = record->member;

	record->restarter.given_up = 1;
	if (setting(policy, "setOnFireOnFailure") == 1)
		tell(step, policy, WISH_EXPECT, member, "service.state.expected", "given up: %s", why)->life =
		    LIFE_ON_FIRE;
	emit(step, policy, member, "ha.entityFailed.restart", "%s", why);
}

/* Whether a failure that is told now is one too many. */
static bool is_recurring(const struct policy *policy, const struct record *record, int64_t now)
{
	int64_t last = record->restarter.last_failure, elapsed = now - last;

	return last >= 0 && elapsed >= 0 &&
	       elapsed <= setting(policy, "failOnRecurringFailuresInThisDuration");
}

static void handle(struct policy *policy, struct step *step, struct record *record, const char *words)
{
	struct restarter_memory *m = &record->restarter;
	bool recurring = is_recurring(policy, record, step->now);
	int64_t elapsed = step->now - m->last_failure;
	char why[240];

	m->last_failure = step->now;
	if (recurring) {
		snprintf(why, sizeof(why), "it failed again after %s", duration_said(step, elapsed));
		give_up(policy, step, record, why);
		return;
	}
	tell(step, policy, WISH_EXPECT, record->member, "service.state.expected",
	     "it is about to be restarted")
	    ->life = LIFE_STARTING;
	action_begin(policy, step, record, 1, "it failed%s%s", *words ? ": " : "", words);
}

static void hear(struct policy *policy, struct step *step, const char *sensor, const char *member,
		 const char *words)
{
	if (!member || strcmp(sensor, setting_text(policy, "failureSensorToMonitor")) != 0)
		return;
	struct record *record = record_of(policy, member);
	if (!record)
		step->failed = true;
	else if (record->restarter.action.id)
		record->restarter.waiting++;
	else
		handle(policy, step, record, words);
}

static void ended(struct policy *policy, struct step *step, struct record *record, enum outcome_kind kind,
		  const char *words)
{
	struct restarter_memory *m = &record->restarter;

	if (kind == OUTCOME_FAILED)
		give_up(policy, step, record, words);
	if (policy->suspended) /* whose turn comes now is not heard */
		m->waiting = 0;
	while (m->waiting > 0 && !m->action.id) {
		m->waiting--;
		handle(policy, step, record, "");
	}
}

static void look(struct policy *policy, struct step *step, struct record *record,
		 const struct member_sense *sense)
{
	(void)policy, (void)step;
	if (sense && is_well(sense))
		record->restarter.given_up = 0;
}

/* What waited for its turn finds the policy suspended when it comes. */
static void resumed(struct record *record)
{
	record->restarter.waiting = 0;
}

static bool tends(const struct policy *policy, const struct record *record, const char *member, bool untold,
		  int64_t now)
{
	bool listens = !strcmp(setting_text(policy, "failureSensorToMonitor"), "ha.entityFailed");

	(void)member;
	return record->restarter.action.id || (untold && listens && !is_recurring(policy, record, now));
}

static void explain(const struct policy *policy, const struct record *record, int64_t now, struct text *to)
{
	const struct restarter_memory *m = &record->restarter;
	int64_t until = time_sum(m->last_failure, setting(policy, "failOnRecurringFailuresInThisDuration"));

	if (m->action.id) {
		text_format(to, "restarts %s", record->member);
	} else if (m->given_up) {
		text_format(to, "gave %s up, and does not restart it any more", record->member);
	} else if (m->last_failure >= 0 && now <= until) {
		text_format(to, "%s failed; another failure within ", record->member);
		duration_write(to, until - now);
		text_add(to, " is given up on");
	}
}

const struct behaviour classic_restarter = {
    .fields = remembered,
    .field_count = COUNT_OF(remembered),
    .action_offset = offsetof(struct record, restarter.action),
    .records = ON_DEMAND,
    .hear = hear,
    .ended = ended,
    .look = look,
    .resumed = resumed,
    .explain = explain,
    .tends = tends,
};
