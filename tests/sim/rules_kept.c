/* rules_kept.c - what policies and the controller that asks them are held to, deed by deed and at rest. */
#include <stdio.h>
#include <string.h>

#include "engine/keeper.h"
#include "tests/sim/kept.h"
#include "tests/sim/rules.h"

enum {
	STALE_MS = 100000, /* so long it may not have heard that all is well again */
	SLACK_MS = 50,
	GRACE_MS = 5000, /* a deed that had begun when its policy was suspended is done */
};

/* --- when a deed begins ------------------------------------------------------------------------- */

static const char *name_of(const struct part *part, unsigned ordinal)
{
	static char name[32];
	snprintf(name, sizeof name, "app.%s.%u", part->id, ordinal);
	return name;
}

/* Of a component as a whole only what the clock says is done. */
static void rule_asked_for(struct theatre *stage, const struct part *part, const struct verb *verb)
{
	if (verb == &verb_stop && !part->stop_after)
		stage_accuse(stage, "unasked", "%s is stopped, and no policy of it does that", part->id);
	if ((verb == &verb_start || verb == &verb_restart) && !part->periodic)
		stage_accuse(stage, "unasked", "%s is restarted by the clock, and no policy of it does that",
			     part->id);
}

static void rule_suspended(struct theatre *stage, const struct ward *ward, const char *name)
{
	if (ward->suspended_ms != NOT_YET && stage_now(stage) - ward->suspended_ms > GRACE_MS)
		stage_accuse(stage, "suspended", "%s is acted on, and its policies are suspended", name);
}

static void rule_stays_stopped(struct theatre *stage, const struct ward *ward, const char *name)
{
	if (ward->stopped)
		stage_accuse(stage, "stopped", "%s is acted on, and was stopped on purpose", name);
}

/* Of what the controller itself began, and was always well since, nothing is to be mended. */
static void rule_is_ill(struct theatre *stage, const struct part *part, const struct charge *charge,
			const char *name)
{
	int64_t now = stage_now(stage);
	if (!charge->well)
		return;
	if (now - charge->well_since_ms > STALE_MS)
		stage_accuse(stage, "well", "%s is acted on, and has been well for %lld s", name,
			     (long long)(now - charge->well_since_ms) / 1000);
	if (part->temper == TEMPER_GOOD && charge->acted_ms != NOT_YET && !charge->ill_since &&
	    charge->ended_ms >= charge->acted_ms && now - charge->ended_ms > 1000 &&
	    stage->kept->uneasy_ms < charge->acted_ms)
		stage_accuse(stage, "well", "%s is acted on, and has been well since it was last", name);
}

/* Each wait is at least as long as doubling makes it. */
static void rule_backs_off(struct theatre *stage, const struct part *part, const struct charge *charge,
			   const char *name)
{
	int64_t waited = stage_now(stage) - charge->ended_ms, least = CARE_BACKOFF_MS;
	if ((part->care != CARE_RESTARTED && part->care != CARE_REPLACED) || !charge->tries ||
	    charge->ended_ms == NOT_YET)
		return;
	for (unsigned i = 1; i < charge->tries && least < CARE_BACKOFF_MAX_MS; i++)
		least *= 2;
	if (charge->tries >= CARE_BREAKER_AFTER)
		least = CARE_BREAKER_MS;
	tally_add(stage->tally, "judged", "waits between tries", 1);
	if (waited < least - SLACK_MS)
		stage_accuse(stage, "backs off", "%s is tried again %lld ms after try %u, not %lld", name,
			     (long long)waited, charge->tries, (long long)least);
}

/* By the class name the second failure in three minutes is the last. */
static void rule_verdict(struct theatre *stage, const struct part *part, const struct charge *charge,
			 const char *name)
{
	int64_t since = stage_now(stage) - charge->acted_ms;
	if (part->care != CARE_CLASSIC || charge->acted_ms == NOT_YET || !charge->prompt)
		return;
	tally_add(stage->tally, "judged", "second failures by the class name", 1);
	if (since < CARE_CLASSIC_MS - GRACE_MS)
		stage_accuse(stage, "verdict", "%s is restarted twice within %lld s", name,
			     (long long)since / 1000);
}

/* What serves, and cannot be connected to, is only taken away beside others that do. */
static void rule_some_serve(struct theatre *stage, int index, unsigned ordinal, const char *name)
{
	const struct part *part = &stage->model.parts[index];
	const struct charge *charges = stage->kept->wards[index].charges;
	unsigned there = 0, serving = 0;
	for (unsigned n = 0; n < ORDINALS_MAX; n++) {
		bool other = n + 1 != ordinal;
		there += other && charges[n].known && charges[n].there;
		serving += other && charges[n].running && !charges[n].acting;
	}
	if (part->care == CARE_RESTARTED && charges[ordinal - 1].running && !part->checked && there &&
	    !serving)
		stage_accuse(stage, "some serve", "%s is restarted, and none of %s runs then", name,
			     part->id);
}

void rule_may_act(struct theatre *stage, int index, unsigned ordinal, const struct verb *verb)
{
	const struct part *part = &stage->model.parts[index];
	const struct ward *ward = &stage->kept->wards[index];
	const char *name = name_of(part, ordinal);
	tally_add(stage->tally, "judged", "deeds of policies", 1);
	rule_asked_for(stage, part, verb);
	rule_suspended(stage, ward, name);
	if (!ordinal)
		return;
	const struct charge *charge = &ward->charges[ordinal - 1];
	if (!part_is_kept(part))
		stage_accuse(stage, "unasked", "%s is acted on, and nobody has it in his care", name);
	rule_stays_stopped(stage, ward, name);
	rule_is_ill(stage, part, charge, name);
	rule_backs_off(stage, part, charge, name);
	rule_verdict(stage, part, charge, name);
	rule_some_serve(stage, index, ordinal, name);
}

/* --- at all times ------------------------------------------------------------------------------- */

static size_t allowed(const struct part *part)
{
	return part->care == CARE_CLASSIC || part->care == CARE_CLASSIC_BOTH ? ORDINALS_MAX : CARE_PARALLEL;
}

void rule_bounds(struct theatre *stage)
{
	for (int i = 0; i < PARTS_MAX; i++) {
		const struct ward *ward = &stage->kept->wards[i];
		size_t acting = 0;
		for (int n = 0; n < ORDINALS_MAX; n++)
			acting += ward->charges[n].acting;
		if (acting > allowed(&stage->model.parts[i]))
			stage_accuse(stage, "bounds", "%zu of %s are acted on at one time", acting,
				     stage->model.parts[i].id);
	}
}

/* A hold, and a deed of the keeper's beside it. */
static bool go_together(const struct berth_operation *a, const struct berth_operation *b)
{
	return (a->verb == &verb_hold) != (b->verb == &verb_hold) &&
	       keeper_does(a->verb == &verb_hold ? b : a);
}

/* One policy at an instance, and one operation at the application; beside a hold one deed, which has its
 * instances to itself. */
void rule_one_master(struct theatre *stage)
{
	const struct deployer *deployer = &stage->deployers[0];
	const struct hold *hold = keeper_hold(deployer->berth, "app");
	const struct berth_operation *first = NULL;
	size_t working = 0;
	for (const struct berth_operation *at = deployer->berth->operations; at; at = at->next) {
		if (at->done || !at->verb->changes || at->stage == STAGE_BEGIN || at->verb == &verb_policy)
			continue;
		if (++working > 2 || (first && !go_together(first, at)))
			stage_accuse(stage, "one master", "%s and %s are both at work on the application",
				     first->verb->name, at->verb->name);
		first = at;
	}
	for (size_t i = 0; hold && i < hold->component_count; i++) {
		const struct held_component *held = &hold->components[i];
		for (size_t n = 0; held->set && n < held->member_count; n++) {
			if (held->members[n].away && held->members[n].acting)
				stage_accuse(stage, "one master", "the hold acts on %s, which a deed is for",
					     held->members[n].work->instance->name);
			if (policies_acting(held->set, held->members[n].work->instance->name) > 1)
				stage_accuse(stage, "one master", "two policies act on %s",
					     held->members[n].work->instance->name);
		}
	}
}

static bool ends_something(enum docker_call call)
{
	return call == DOCKER_STOP || call == DOCKER_KILL || call == DOCKER_REMOVE;
}

/* What somebody asks for by a command is his business, and so is what was on its way from one who died. */
static bool nobody_asks(const struct theatre *stage)
{
	for (int i = 0; i < DEPLOYERS; i++)
		if (stage->deployers[i].operation)
			return false;
	return stage_now(stage) >= stage->echoes_until_ms;
}

/* Seen from the engine: what runs and is well is not ended. */
void rule_well_not_touched(struct theatre *stage)
{
	struct kept *kept = stage->kept;
	size_t count = 0;
	const struct docker_change *changes = docker_engine_changes(stage->engine, &count);
	for (; kept->changes_seen < count; kept->changes_seen++) {
		const struct docker_change *change = &changes[kept->changes_seen];
		char component[16];
		unsigned ordinal = 0;
		if (change->foreign || !ends_something(change->call) || !change->target ||
		    sscanf(change->target, "app.%15[^.].%u", component, &ordinal) != 2 ||
		    strchr(change->target, '~') || strstr(change->target, ".g") || !nobody_asks(stage))
			continue;
		const struct charge *charge = kept_charge(stage, component, ordinal);
		const struct part *part = model_part(&stage->model, component);
		if (charge && charge->generation) /* it is not the one that runs */
			continue;
		if (charge && part && !part->periodic && !part->stop_after && charge->well &&
		    stage_now(stage) - charge->well_since_ms > STALE_MS)
			stage_accuse(stage, "well", "%s of %s, which has been well for %lld s",
				     docker_call_name(change->call), change->target,
				     (long long)(stage_now(stage) - charge->well_since_ms) / 1000);
	}
}

/* --- at rest ------------------------------------------------------------------------------------ */

static bool runs_whole(const struct theatre *stage, int index)
{
	for (unsigned n = 0; index >= 0 && n < ORDINALS_MAX; n++) {
		const struct charge *charge = &stage->kept->wards[index].charges[n];
		if (charge->known && !charge->running)
			return false;
	}
	return true;
}

/* What is made anew waits for those whom it needs. */
static bool can_be_made(const struct theatre *stage, const struct part *part)
{
	bool can = runs_whole(stage, part->after);
	for (int i = 0; i < LINKS_MAX; i++)
		can &= runs_whole(stage, part->links[i]);
	return can;
}

/* Whoever mends for ever has mended it by now. */
void rule_recovered(struct theatre *stage)
{
	for (int i = 0; i < PARTS_MAX && !stage->kept->unsettled; i++) {
		const struct part *part = &stage->model.parts[i];
		const struct ward *ward = &stage->kept->wards[i];
		if (!part->there || ward->stopped || ward->suspended_ms != NOT_YET || part->stop_after ||
		    part->care < CARE_RESTARTED || part->care > CARE_BOTH || !can_be_made(stage, part))
			continue;
		for (unsigned n = 0; n < ORDINALS_MAX; n++) {
			tally_add(stage->tally, "judged", "instances after the faults",
				  ward->charges[n].known);
			if (ward->charges[n].known && !ward->charges[n].running)
				stage_accuse(stage, "recovers",
					     "%s does not run, long after the faults ended",
					     name_of(part, n + 1));
		}
	}
}

void rule_duty(struct theatre *stage)
{
	bool kept = stage->deployers[0].keeper;
	sights_take(&stage->judge->now, stage);
	for (size_t i = 0; i < stage->judge->now.count; i++) {
		const struct sight *sight = &stage->judge->now.list[i];
		const struct part *part =
		    sight->component ? model_part(&stage->model, sight->component) : NULL;
		if (!part || part->job || !part_has_duty(part) ||
		    (sight->realm == REALM_LOCAL && !sight->running))
			continue;
		const char *wanted = kept ? "no" : part->always ? "always" : "unless-stopped";
		tally_add(stage->tally, "judged", "duties", 1);
		if (strcmp(sight->policy ? sight->policy : "", wanted) != 0)
			stage_accuse(stage, "duty", "the target restarts %s `%s`, not `%s`", sight->name,
				     sight->policy ? sight->policy : "", wanted);
	}
}
