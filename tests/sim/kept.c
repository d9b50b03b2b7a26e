/* kept.c - a controller: it begins, dies and ends, and each deed of its policies is noticed. */
#include "tests/sim/kept.h"

#include <stdio.h>
#include <string.h>

#include "engine/keeper.h"
#include "tests/sim/rules.h"

#define END_MS (10 * INT64_C(60000))

/* --- it begins and ends ------------------------------------------------------------------------- */

static void hear(void *context, const struct berth_event *event)
{
	struct deployer *deployer = context;
	if (event->kind == BERTH_EVENT_PHASE)
		stage_say(deployer->stage, "controller: %s is %s%s%s", event->instance, event->phase,
			  event->text ? ": " : "", event->text ? event->text : "");
	else if (event->kind == BERTH_EVENT_WARNING)
		stage_say(deployer->stage, "controller: %s", event->text);
}

void kept_begin(struct deployer *deployer)
{
	struct berth_listener listener = {.size = sizeof listener, .event = hear, .context = deployer};
	struct berth_error error = {0};
	deployer->keeps = true;
	deployer->keeper = berth_keep(deployer->berth, NULL, &listener, &error);
	if (!deployer->keeper)
		stage_accuse(deployer->stage, "keeps", "the controller does not begin: %s", error.text);
	stage_say(deployer->stage, "the controller begins");
}

bool kept_end(struct deployer *deployer)
{
	struct theatre *stage = deployer->stage;
	int64_t limit = stage_now(stage) + END_MS;
	deployer->keeps = false;
	stage_say(stage, "the controller is told to end");
	if (deployer->keeper)
		berth_cancel(deployer->keeper);
	while (deployer->keeper && !berth_done(deployer->keeper) && stage_now(stage) < limit &&
	       stage_run(stage, 10)) {
	}
	if (!deployer->keeper || stage->rule[0])
		return false;
	if (!berth_done(deployer->keeper) || berth_outcome(deployer->keeper) != BERTH_OK)
		stage_accuse(stage, "keeps", "the controller does not end in order");
	berth_operation_free(deployer->keeper);
	deployer->keeper = NULL;
	return !stage->rule[0];
}

/* What was under way, or had just ended, may be done once more by the next one. */
void kept_died(struct theatre *stage)
{
	int64_t now = stage_now(stage);
	for (int i = 0; stage->kept && i < PARTS_MAX; i++)
		for (int n = 0; n < ORDINALS_MAX; n++) {
			struct charge *charge = &stage->kept->wards[i].charges[n];
			if (charge->acting || (charge->ended_ms != NOT_YET && now - charge->ended_ms < 1000))
				charge->acted_ms = NOT_YET;
			if (charge->acting)
				charge->ended_ms = now;
			charge->acting = false;
			charge->tries = 0;
		}
}

static void forget_tries(struct ward *ward)
{
	for (int n = 0; n < ORDINALS_MAX; n++) {
		ward->charges[n].tries = 0;
		ward->charges[n].acted_ms = NOT_YET;
	}
}

void kept_forgot(struct theatre *stage)
{
	for (int i = 0; i < PARTS_MAX; i++) {
		stage->kept->wards[i].suspended_ms = NOT_YET;
		stage->kept->wards[i].stopped = false;
		forget_tries(&stage->kept->wards[i]);
	}
	stage->kept->unsettled = true;
}

/* --- what is asked of it ------------------------------------------------------------------------ */

static bool is_meant(const struct deployer *deployer, const struct part *part)
{
	const char *only = deployer->detail.component;
	return part->there && (!only || strcmp(only, part->id) == 0);
}

static bool changes_what_runs(enum errand_kind doing)
{
	return doing == DO_DEPLOY || (doing >= DO_STOP && doing <= DO_DESTROY);
}

void kept_asked(struct deployer *deployer)
{
	struct theatre *stage = deployer->stage;
	if (!stage->kept || judge_reads_only(deployer->doing))
		return;
	if (!kept_at_ease(stage))
		deployer->disturbed = deployer->overtaken = true;
	for (int i = 0; i < PARTS_MAX; i++) {
		forget_tries(&stage->kept->wards[i]);
		if (changes_what_runs(deployer->doing) && deployer->doing != DO_STOP)
			stage->kept->wards[i].stopped = false;
		if (deployer->doing == DO_DESTROY) /* with the application its policies are forgotten */
			stage->kept->wards[i].suspended_ms = NOT_YET;
	}
	stage->kept->unsettled |= changes_what_runs(deployer->doing);
}

void kept_answered(struct deployer *deployer, enum berth_outcome outcome)
{
	struct theatre *stage = deployer->stage;
	if (!stage->kept || outcome != BERTH_OK || !changes_what_runs(deployer->doing))
		return;
	stage->kept->unsettled = false;
	for (int i = 0; i < PARTS_MAX; i++) {
		struct ward *ward = &stage->kept->wards[i];
		const struct part *part = &stage->model.parts[i];
		if (deployer->doing == DO_STOP)
			ward->stopped |= is_meant(deployer, part);
		for (int n = 0; n < ORDINALS_MAX; n++)
			ward->charges[n].known = ward->charges[n].there;
	}
}

/* --- what goes wrong ---------------------------------------------------------------------------- */

void kept_disturbed(struct theatre *stage)
{
	if (!stage->kept || stage->kept->own_harm)
		return;
	stage->kept->uneasy_ms = stage_now(stage);
	for (int i = 0; i < PARTS_MAX; i++)
		for (int n = 0; n < ORDINALS_MAX; n++)
			stage->kept->wards[i].charges[n].tries = 0;
}

bool kept_at_ease(const struct theatre *stage)
{
	return stage_now(stage) - stage->kept->uneasy_ms > 5 * INT64_C(60000) && !stage->kept->deed;
}

/* --- what is really there ----------------------------------------------------------------------- */

static int part_index(const struct theatre *stage, const char *id)
{
	const struct part *part = id ? model_part(&stage->model, id) : NULL;
	return part ? (int)(part - stage->model.parts) : -1;
}

struct charge *kept_charge(struct theatre *stage, const char *component, unsigned ordinal)
{
	int index = part_index(stage, component);
	bool known = index >= 0 && ordinal >= 1 && ordinal <= ORDINALS_MAX;
	return known ? &stage->kept->wards[index].charges[ordinal - 1] : NULL;
}

static void look_at(struct charge *charge, const struct charge *seen, int64_t now)
{
	bool was_well = charge->well && charge->well_since_ms != NOT_YET, ran = charge->running;
	charge->there = seen->there;
	charge->running = seen->running;
	charge->well = seen->well;
	charge->generation = seen->generation;
	charge->clings = seen->clings;
	if (seen->clings)
		charge->clung_ms = now;
	charge->known |= seen->there;
	if (!seen->well) {
		charge->well_since_ms = NOT_YET;
		charge->ill_since = true;
	} else if (!was_well) {
		charge->well_since_ms = now;
	}
	if (ran && !seen->running)
		charge->down_since_ms = now;
}

void kept_sights(struct theatre *stage, const struct sights *now)
{
	struct charge seen[PARTS_MAX][ORDINALS_MAX] = {0};
	for (size_t i = 0; i < now->count; i++) {
		const struct sight *sight = &now->list[i];
		int index = part_index(stage, sight->component);
		if (index < 0 || sight->ordinal < 1 || sight->ordinal > ORDINALS_MAX)
			continue;
		struct charge *charge = &seen[index][sight->ordinal - 1];
		charge->clings |= charge->there && !(charge->running && sight->running);
		charge->there = true;
		charge->running |= sight->running;
		charge->generation = sight->running ? sight->generation : charge->generation;
		charge->well |= sight->running && (sight->answers || sight->realm != REALM_DOCKER);
	}
	for (int i = 0; i < PARTS_MAX; i++)
		for (int n = 0; n < ORDINALS_MAX; n++)
			look_at(&stage->kept->wards[i].charges[n], &seen[i][n], stage_now(stage));
	rule_well_not_touched(stage);
}

/* --- what is done to it ------------------------------------------------------------------------- */

/* It is well, and is not what it is about: what could not be taken away stands beside it, or did a moment
 * ago. */
static bool tidies(const struct charge *charge, int64_t now)
{
	return charge->well && charge->clung_ms != NOT_YET && now - charge->clung_ms < 1000;
}

static void act_begins(struct theatre *stage, int index, unsigned ordinal, const struct verb *verb)
{
	int64_t now = stage_now(stage);
	if (index < 0 || ordinal > ORDINALS_MAX)
		return;
	sights_take(&stage->judge->now, stage);
	kept_sights(stage, &stage->judge->now);
	if (ordinal && verb == &verb_mend && tidies(&stage->kept->wards[index].charges[ordinal - 1], now)) {
		tally_add(stage->tally, "judged", "what clings is seen to", 1);
		return;
	}
	tally_add(stage->tally, "kept by", care_words[stage->model.parts[index].care], 1);
	rule_may_act(stage, index, ordinal, verb);
	if (!ordinal) {
		forget_tries(&stage->kept->wards[index]);
		return;
	}
	struct charge *charge = &stage->kept->wards[index].charges[ordinal - 1];
	charge->prompt =
	    !charge->running && charge->down_since_ms != NOT_YET && now - charge->down_since_ms < 5000;
	charge->acted_ms = now;
	charge->tries++;
	charge->acting = true;
}

/* Of what the hold was let go for its policies hear nothing: they wish it once more. */
static void act_ends(struct theatre *stage, struct charge *charge, bool cut)
{
	charge->acting = false;
	if (cut) {
		charge->acted_ms = NOT_YET;
		charge->tries -= charge->tries > 0;
	}
	charge->ended_ms = stage_now(stage);
	charge->ill_since = !charge->well;
}

/* What the hold itself does: starts and restarts. */
static void watch_members(struct theatre *stage, const struct hold *hold)
{
	bool acting[PARTS_MAX][ORDINALS_MAX] = {0};
	for (size_t i = 0; hold && i < hold->component_count; i++) {
		const struct held_component *held = &hold->components[i];
		int index = part_index(stage, held->component->id);
		for (size_t n = 0; index >= 0 && n < held->member_count; n++) {
			unsigned ordinal = held->members[n].work->instance->ordinal;
			if (held->members[n].acting && ordinal >= 1 && ordinal <= ORDINALS_MAX)
				acting[index][ordinal - 1] = true;
		}
	}
	for (int i = 0; i < PARTS_MAX; i++)
		for (unsigned n = 0; n < ORDINALS_MAX; n++) {
			struct charge *charge = &stage->kept->wards[i].charges[n];
			if (charge == stage->kept->deed_charge)
				continue;
			if (acting[i][n] && !charge->acting)
				act_begins(stage, i, n + 1, NULL);
			else if (!acting[i][n] && charge->acting)
				act_ends(stage, charge, !hold || hold->operation->cancelled);
		}
}

static const struct berth_operation *deed_under_way(const struct deployer *deployer)
{
	for (const struct berth_operation *at = deployer->berth->operations; at; at = at->next)
		if (at != deployer->operation && !at->done &&
		    (at->verb == &verb_mend || at->verb == &verb_replace || at->verb == &verb_stop ||
		     at->verb == &verb_start || at->verb == &verb_restart || at->verb == &verb_relink))
			return at;
	return NULL;
}

/* What is done beside the hold. */
static void watch_deeds(struct theatre *stage, const struct deployer *deployer)
{
	struct kept *kept = stage->kept;
	const struct berth_operation *deed = deed_under_way(deployer);
	char words[sizeof kept->deed_of] = "";
	if (deed)
		snprintf(words, sizeof words, "%.12s %u", deed->request.components[0],
			 (unsigned)deed->request.count);
	if (deed == kept->deed && strcmp(words, kept->deed_of) == 0)
		return;
	kept->deed = deed;
	memcpy(kept->deed_of, words, sizeof words);
	if (kept->deed_charge && kept->deed_charge->acting) /* the one before it is over */
		act_ends(stage, kept->deed_charge, false);
	kept->deed_charge = NULL;
	if (!deed)
		return;
	unsigned ordinal = (unsigned)deed->request.count;
	act_begins(stage, part_index(stage, deed->request.components[0]), ordinal, deed->verb);
	kept->deed_charge = ordinal ? kept_charge(stage, deed->request.components[0], ordinal) : NULL;
}

void kept_step(struct theatre *stage)
{
	struct deployer *deployer = &stage->deployers[0];
	if (!deployer->keeper)
		return;
	if (deployer->keeps && berth_done(deployer->keeper)) {
		stage_accuse(stage, "keeps", "the controller has ended: %s", berth_message(deployer->keeper));
		return;
	}
	watch_deeds(stage, deployer);
	watch_members(stage, keeper_hold(deployer->berth, "app"));
	rule_bounds(stage);
	rule_one_master(stage);
	for (int i = 0; i < PARTS_MAX; i++)
		for (int n = 0; n < ORDINALS_MAX; n++) {
			struct charge *charge = &stage->kept->wards[i].charges[n];
			if (charge->well && stage_now(stage) - charge->well_since_ms >= CARE_STABLE_MS)
				charge->tries = 0;
		}
}
