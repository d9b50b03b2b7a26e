/* step.c - one step of a set: outcomes, then what was told, then a look at every member, then the wishes. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policies/internal.h"

/* Policies that listen to each other must come to an end. */
enum { MOST_PASSES = 4, MOST_HEARD = 1000 };

const struct member_sense *sense_of(struct step *step, const char *member)
{
	size_t count = step->senses->member_count, at = step->sensed_at;

	for (size_t i = 0; member && i < count; i++, at++) {
		if (at >= count)
			at = 0;
		if (!strcmp(step->senses->members[at].name, member)) {
			step->sensed_at = at + 1;
			return &step->senses->members[at];
		}
	}
	return NULL;
}

bool is_well(const struct member_sense *sense)
{
	return sense->expected == LIFE_RUNNING && sense->up == UP_YES && !sense->problem &&
	       !sense->out_of_sight;
}

int64_t time_sum(int64_t a, int64_t b)
{
	return b > INT64_MAX - a ? INT64_MAX : a + b;
}

int64_t not_beyond(int64_t at, int64_t now, int64_t delay)
{
	int64_t furthest = time_sum(now, delay);

	return at > furthest ? furthest : at;
}

void due(struct step *step, int64_t at)
{
	if (at < step->next)
		step->next = at;
}

size_t actions_standing(const struct policy *policy)
{
	size_t count = 0;

	for (size_t i = 0; i < policy->record_count; i++) {
		const struct action *action = record_action(policy, record_at(policy, i));
		count += action && action->id;
	}
	return count;
}

static bool acts(const struct policy *policy, struct record *record, bool waiting)
{
	const struct action *action = record ? record_action(policy, record) : NULL;

	return action && action->id && (waiting || action->told);
}

/* Whether others act on the member; those that only wait for their turn count with `waiting` alone. */
static bool others_act(const struct step *step, const char *member, const struct policy *but, bool waiting)
{
	for (size_t i = 0; i < step->set->count; i++) {
		struct policy *other = &step->set->policies[i];
		bool of_member =
		    other->type->kind == POLICY_RESTARTER || other->type->kind == POLICY_REPLACER;
		bool of_all = other->type->kind == POLICY_STOP_AFTER;
		if (other != but && (of_member || of_all) &&
		    acts(other, record_find(other, of_all ? NULL : member), waiting))
			return true;
	}
	return false;
}

bool taken(const struct step *step, const char *member, const struct policy *but)
{
	return others_act(step, member, but, true);
}

bool acted_on(const struct step *step, const char *member, const struct policy *but)
{
	return others_act(step, member, but, false);
}

size_t healthy_others(const struct step *step, const char *member)
{
	size_t count = 0;

	for (size_t i = 0; i < step->senses->member_count; i++) {
		const struct member_sense *other = &step->senses->members[i];
		count += strcmp(other->name, member) && is_well(other) && !other->busy &&
			 !taken(step, other->name, NULL);
	}
	return count;
}

/* --- wishes ---------------------------------------------------------------------------------- */

static struct wish *wish_add(struct step *step)
{
	static struct wish nowhere;

	if (step->count == step->room) {
		size_t room = step->room ? step->room * 2 : 8;
		struct wish *more = arena_array(step->arena, struct wish, room);
		if (!more) {
			step->failed = true;
			nowhere = (struct wish){0};
			return &nowhere;
		}
		if (step->count)
			memcpy(more, step->wishes, step->count * sizeof(*more));
		step->wishes = more;
		step->room = room;
	}
	step->wishes[step->count] = (struct wish){0};
	return &step->wishes[step->count++];
}

/* What must live as long as the wishes do. */
static const char *lasting(struct step *step, const char *text)
{
	const char *copy = text ? arena_text(step->arena, text) : NULL;

	step->failed |= text && !copy;
	return copy;
}

static struct wish *tell_all(struct step *step, struct policy *policy, enum wish_kind kind,
			     const char *member, const char *what, const char *why, va_list values)
{
	char words[480];

	vsnprintf(words, sizeof(words), why, values);
	struct wish *wish = wish_add(step);
	wish->kind = kind;
	wish->policy = lasting(step, policy->name);
	wish->member = lasting(step, member);
	wish->what = lasting(step, what);
	wish->why = lasting(step, words);
	return wish;
}

struct wish *tell(struct step *step, struct policy *policy, enum wish_kind kind, const char *member,
		  const char *what, const char *why, ...)
{
	va_list values;

	va_start(values, why);
	struct wish *wish = tell_all(step, policy, kind, member, what, why, values);
	va_end(values);
	return wish;
}

static void hear_later(struct step *step, const char *sensor, const char *member, const char *words)
{
	struct heard *heard = arena_alloc(step->arena, sizeof(*heard));

	if (!heard) {
		step->failed = true;
		return;
	}
	*heard = (struct heard){.sensor = sensor, .member = member, .words = words ? words : ""};
	*(step->last ? &step->last->next : &step->first) = heard;
	step->last = heard;
}

struct wish *emit(struct step *step, struct policy *policy, const char *member, const char *sensor,
		  const char *why, ...)
{
	va_list values;

	va_start(values, why);
	struct wish *wish = tell_all(step, policy, WISH_SIGNAL, member, sensor, why, values);
	va_end(values);
	if (!step->failed)
		hear_later(step, wish->what, wish->member, wish->why);
	return wish;
}

const char *duration_said(const struct step *step, int64_t ms)
{
	struct text words = {0};

	duration_write(&words, ms);
	const char *said = arena_text(step->arena, text_view(&words));
	text_release(&words);
	return said ? said : "";
}

/* "1.5 s", "2 min 30 s", "3 h": two units at most. */
void duration_write(struct text *to, int64_t ms)
{
	static const struct unit {
		const char *name;
		int64_t size;
	} units[] = {{"d", 86400000}, {"h", 3600000}, {"min", 60000}, {"s", 1000}};
	int parts = 0;

	if (ms >= POLICY_FOREVER) {
		text_add(to, "for ever");
		return;
	}
	if (ms < 10000) {
		text_format(to, ms % 1000 ? "%.1f s" : "%.0f s", (double)(ms < 0 ? 0 : ms) / 1000);
		return;
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(*units) && parts < 2; i++)
		if (ms >= units[i].size) {
			text_format(to, "%s%lld %s", parts ? " " : "", (long long)(ms / units[i].size),
				    units[i].name);
			ms %= units[i].size;
			parts++;
		}
}

void action_begin(struct policy *policy, struct step *step, struct record *record, int64_t attempt,
		  const char *why, ...)
{
	va_list values;
	char words[480];

	va_start(values, why);
	vsnprintf(words, sizeof(words), why, values);
	va_end(values);
	free(record->why);
	record->why = strdup(words);
	step->failed |= !record->why;
	*record_action(policy, record) = (struct action){.id = step->set->next_id++, .attempt = attempt};
}

static enum wish_kind action_kind(const struct policy *policy)
{
	static const enum wish_kind kinds[POLICY_KIND_COUNT] = {
	    [POLICY_RESTARTER] = WISH_RESTART,         [POLICY_REPLACER] = WISH_REPLACE,
	    [POLICY_CONNECTION_DETECTOR] = WISH_PROBE, [POLICY_STOP_AFTER] = WISH_STOP,
	    [POLICY_PERIODIC] = WISH_INVOKE,           [POLICY_AUTOSCALER] = WISH_RESIZE,
	};

	return kinds[policy->type->kind];
}

/* While a member that is well is acted on, so many others must be. */
static unsigned keep_healthy(const struct policy *policy, const struct step *step,
			     const struct member_sense *sense)
{
	int64_t least = setting(policy, "minHealthy");
	int64_t others = (int64_t)step->senses->member_count - 1;

	if (!sense || !is_well(sense) || least < 0)
		return 0;
	return (unsigned)(least < others ? least : others);
}

/* An action that was not told yet waits while others are at work on its member. */
static bool must_wait(const struct policy *policy, const struct step *step, const struct record *record,
		      const struct member_sense *sense)
{
	if (policy->type->kind == POLICY_CONNECTION_DETECTOR)
		return false;
	if (record->member && !sense)
		return !policy->behaviour->of_strangers;
	if (sense && (sense->busy || (sense->out_of_sight && !mender_goes_blind(policy, record, step->now))))
		return true;
	return record->member && others_act(step, record->member, policy, false);
}

static void tell_action(struct policy *policy, struct step *step, struct record *record)
{
	const struct member_sense *sense = sense_of(step, record->member);
	struct action *action = record_action(policy, record);
	enum wish_kind kind = action_kind(policy);
	bool dry = setting(policy, "dryRun") == 1;
	const char *what = setting_text(policy, kind == WISH_PROBE ? "endpoint" : "effector");

	if (!action->told && must_wait(policy, step, record, sense))
		return;
	if (kind == WISH_PROBE && !what)
		what = sense ? sense->endpoint : NULL;
	struct wish *wish =
	    tell(step, policy, kind, record->member, what, "%s", record->why ? record->why : "");
	action->told = 1;
	wish->id = dry ? 0 : (uint64_t)action->id;
	wish->attempt = (unsigned)action->attempt;
	wish->size = kind == WISH_RESIZE ? (unsigned)record->scaler.target : 0;
	wish->arguments = kind == WISH_INVOKE ? setting_map(policy, "args") : NULL;
	wish->unseen = sense && sense->out_of_sight && mender_goes_blind(policy, record, step->now);
	wish->keep_healthy = keep_healthy(policy, step, sense);
	int64_t parallel = setting(policy, "maxParallel");
	/* A classic group replaces one after the other. */
	wish->max_parallel =
	    parallel > 0 ? (unsigned)parallel : kind == WISH_REPLACE && policy->type->classic;
	wish->dry_run = dry;
	if (dry) {
		*action = (struct action){0};
		policy->behaviour->ended(policy, step, record, OUTCOME_DONE, "only told");
	}
}

/* --- the step ------------------------------------------------------------------------------- */

/* Of a member that is no longer wanted nothing is remembered but an action under way. */
static bool still_needed(const struct policy *policy, const struct record *record)
{
	const struct action *action = record_action(policy, (struct record *)record);

	return !record->member || record->here ||
	       (action && action->id && (action->told || policy->behaviour->of_strangers));
}

static void sweep(struct policy *policy, struct step *step)
{
	for (size_t i = 0; i < policy->record_count; i++) {
		struct record *record = record_at(policy, i);
		record->here = sense_of(step, record->member);
	}
	records_keep(policy, still_needed);
	if (policy->behaviour->records == PER_COMPONENT)
		step->failed |= !record_of(policy, NULL);
	for (size_t i = 0; policy->behaviour->records == PER_MEMBER && i < step->senses->member_count; i++) {
		struct record *record = record_of(policy, step->senses->members[i].name);
		if (record)
			record->here = true;
		step->failed |= !record;
	}
}

static void take_outcome(struct step *step, const struct wish_outcome *outcome)
{
	for (size_t i = 0; i < step->set->count; i++) {
		struct policy *policy = &step->set->policies[i];
		for (size_t j = 0; j < policy->record_count; j++) {
			struct action *action = record_action(policy, record_at(policy, j));
			if (!action || !action->id || (uint64_t)action->id != outcome->id)
				continue;
			*action = (struct action){.attempt = action->attempt};
			policy->behaviour->ended(policy, step, record_at(policy, j), outcome->kind,
						 outcome->words && *outcome->words ? outcome->words
										   : "it failed");
			return;
		}
	}
}

/* Whether anything was heard. */
static bool hear_all(struct step *step, size_t *heard_count)
{
	bool any = false;

	for (struct heard *heard; (heard = step->first) && *heard_count < MOST_HEARD; any = true) {
		step->first = heard->next;
		if (!step->first)
			step->last = NULL;
		++*heard_count;
		for (size_t i = 0; i < step->set->count; i++) {
			struct policy *policy = &step->set->policies[i];
			if (!policy->suspended)
				policy->behaviour->hear(policy, step, heard->sensor, heard->member,
							heard->words);
		}
	}
	return any;
}

static void sense_all(struct step *step)
{
	for (size_t i = 0; i < step->senses->sample_count; i++)
		for (size_t j = 0; j < step->set->count; j++) {
			struct policy *policy = &step->set->policies[j];
			if (policy->behaviour->sense)
				policy->behaviour->sense(policy, step, &step->senses->samples[i]);
		}
}

static void look_all(struct policy *policy, struct step *step)
{
	for (size_t i = 0; i < policy->record_count; i++) {
		struct record *record = record_at(policy, i);
		const struct member_sense *sense = sense_of(step, record->member);
		if (sense || !record->member)
			policy->behaviour->look(policy, step, record, sense);
	}
}

int policy_set_step(struct policy_set *set, const struct senses *senses, int64_t now_ms, struct arena *arena,
		    struct wishes *ret, struct error *err)
{
	struct step step = {.set = set, .senses = senses, .now = now_ms, .next = LATER, .arena = arena};
	size_t heard = 0;

	for (size_t i = 0; i < set->count; i++)
		sweep(&set->policies[i], &step);
	for (size_t i = 0; i < senses->outcome_count; i++)
		take_outcome(&step, &senses->outcomes[i]);
	for (size_t i = 0; i < senses->signal_count; i++)
		hear_later(&step, senses->signals[i].sensor, senses->signals[i].member,
			   senses->signals[i].words);
	hear_all(&step, &heard);
	sense_all(&step);
	bool again = true;
	for (int pass = 0; again && pass < MOST_PASSES; pass++) {
		again = false;
		step.next = LATER;
		for (size_t i = 0; i < set->count; i++) {
			if (!set->policies[i].suspended)
				look_all(&set->policies[i], &step);
			again |= hear_all(&step, &heard);
		}
	}
	for (size_t i = 0; i < set->count; i++)
		for (size_t j = 0; j < set->policies[i].record_count; j++) {
			struct policy *policy = &set->policies[i];
			struct record *record = record_at(policy, j);
			const struct action *action = record_action(policy, record);
			if (action && action->id && !policy->suspended)
				tell_action(policy, &step, record);
		}
	*ret = (struct wishes){.list = step.wishes, .count = step.count, .next_ms = step.next};
	return step.failed ? fail_memory(err) : 0;
}
