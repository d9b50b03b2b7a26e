/* classic_replacer.c - Brooklyn's ServiceReplacer as it is: a member whose restart failed is replaced, until
 * too many replacements failed. Once one of these failures is older than the time they count for, it hears
 * nothing any more: also that is Brooklyn's. */
#include <string.h>

#include "base/cleanup.h"
#include "policies/internal.h"

static const struct memory_field remembered[] = {
    REMEMBERED_ACTION(replacer, action),
    REMEMBERED(replacer, waiting, 0),
};

static void failed(struct policy *policy, struct step *step, const char *why)
{
	step->failed |= time_add(policy, step->now) != 0;
	if (setting(policy, "setOnFireOnFailure") == 1)
		tell(step, policy, WISH_PROBLEM, NULL, "ServiceReplacer", "replacement failed: %s", why);
	emit(step, policy, NULL, "ha.entityFailed.replacement", "%s", why);
}

static bool deaf(const struct policy *policy, int64_t now)
{
	int64_t window = setting(policy, "failOnRecurringFailuresInThisDuration");

	return policy->time_count && policy->times[0] < now - window;
}

static void hear(struct policy *policy, struct step *step, const char *sensor, const char *member,
		 const char *words)
{
	if (!sense_of(step, member) || strcmp(sensor, setting_text(policy, "failureSensorToMonitor")) != 0 ||
	    deaf(policy, step->now))
		return;
	if ((int64_t)policy->time_count >= setting(policy, "failOnNumRecurringFailures")) {
		tell(step, policy, WISH_REPORT, member, NULL, "not replaced: %zu replacements failed before",
		     policy->time_count);
		return;
	}
	struct record *record = record_of(policy, member);
	if (!record)
		step->failed = true;
	else if (record->replacer.action.id)
		record->replacer.waiting++;
	else
		action_begin(policy, step, record, 1, "%s%s%s", sensor, *words ? ": " : "", words);
}

static void ended(struct policy *policy, struct step *step, struct record *record, enum outcome_kind kind,
		  const char *words)
{
	struct replacer_memory *m = &record->replacer;
	int64_t waiting = m->waiting;

	m->waiting = 0;
	if (kind == OUTCOME_DONE)
		policy->time_count = 0;
	else if (kind == OUTCOME_FAILED)
		failed(policy, step, words);
	if (kind == OUTCOME_FAILED && waiting) {
		m->waiting = waiting - 1;
		action_begin(policy, step, record, 1, "it was told of again");
		return;
	}
	/* Who was told of twice is no member any more the second time. */
	for (; waiting > 0 && kind != OUTCOME_DROPPED; waiting--)
		failed(policy, step, "it was replaced already");
}

static void look(struct policy *policy, struct step *step, struct record *record,
		 const struct member_sense *sense)
{
	(void)policy, (void)step, (void)record, (void)sense;
}

static void resumed(struct record *record)
{
	record->replacer.waiting = 0;
}

static void explain(const struct policy *policy, const struct record *record, int64_t now, struct text *to)
{
	(void)now;
	if (record->replacer.action.id)
		text_format(to, "replaces %s", record->member);
	else if ((int64_t)policy->time_count >= setting(policy, "failOnNumRecurringFailures"))
		text_format(to, "given up after %zu failed replacements", policy->time_count);
}

static bool tends(const struct policy *policy, const struct record *record, const char *member, bool untold,
		  int64_t now)
{
	bool listens = !strcmp(setting_text(policy, "failureSensorToMonitor"), "ha.entityFailed");

	(void)member;
	int64_t failures = (int64_t)policy->time_count;

	return record->replacer.action.id || (untold && listens && !deaf(policy, now) &&
					      failures < setting(policy, "failOnNumRecurringFailures"));
}

const struct behaviour classic_replacer = {
    .fields = remembered,
    .field_count = COUNT_OF(remembered),
    .action_offset = offsetof(struct record, replacer.action),
    .records = ON_DEMAND,
    .of_strangers = true,
    .hear = hear,
    .ended = ended,
    .look = look,
    .resumed = resumed,
    .explain = explain,
    .tends = tends,
};
