/* trial.c - from a settled application one change and one fault: what comes of it is looked at closely. */
#include <string.h>

#include "base/cleanup.h"
#include "tests/sim/judge.h"
#include "tests/sim/play.h"

#define OPERATION_MS (40 * INT64_C(60000))
#define ECHOES_MS    (2 * INT64_C(60000))

enum trial { TRIAL_MESSAGE, TRIAL_KILL, TRIAL_CANCEL, TRIAL_RIVAL, TRIAL_SILENCE, TRIAL_QUIET, TRIALS };

const char *const trial_kinds[] = {[TRIAL_MESSAGE] = "one message meets something",
				   [TRIAL_KILL] = "berth is killed at a call",
				   [TRIAL_CANCEL] = "it is interrupted",
				   [TRIAL_RIVAL] = "another one deploys meanwhile",
				   [TRIAL_SILENCE] = "no event is told",
				   [TRIAL_QUIET] = "nothing goes wrong",
				   [TRIALS] = NULL};

/* What is asked to change something, and what becomes of that. */
static void plan_message(struct theatre *stage, struct dice *dice)
{
	static const char *const changes[] = {
	    "/stop",    "DELETE http", "DELETE http", "/start",  "/create?name=app",
	    "/connect", "/rename",     "/archive?",   "/update", "/disconnect"};
	static const struct planned_fate fates[] = {
	    {{.lost = true}, "request lost", false, NULL, 0, 0},
	    {{.lost = true, .reset = true}, "connection cut before the request", false, NULL, 0, 0},
	    {{.answer_lost = true}, "answer lost", false, NULL, 0, 0},
	    {{.answer_lost = true, .reset = true}, "connection cut after the effect", false, NULL, 0, 0},
	};
	struct planned_fate *planned = &stage->fates[stage->fate_count++];
	*planned = fates[roll(dice, COUNT_OF(fates))];
	planned->fate.there_ms = 1 + roll(dice, 4);
	planned->fate.back_ms = 1 + roll(dice, 4);
	planned->only = changes[roll(dice, COUNT_OF(changes))];
	planned->skip = roll(dice, 3);
	planned->times = 1;
}

/* The engine takes the request for its events, and what it tells then reaches nobody. */
static void plan_silence(struct theatre *stage)
{
	stage->fates[stage->fate_count++] = (struct planned_fate){
	    .fate = {.there_ms = 1, .back_ms = 1, .answer_lost = true},
	    .kind = "answer lost",
	    .only = "/events",
	    .times = 1,
	};
}

/* Changes in place are as many as all others. */
static enum edit any_edit(struct dice *dice)
{
	static const enum edit in_place[] = {EDIT_MEMORY, EDIT_FILE, EDIT_RESTART};
	return one_in(dice, 2) ? in_place[roll(dice, COUNT_OF(in_place))] : (enum edit)roll(dice, EDITS);
}

static void edit(struct theatre *stage, struct dice *dice)
{
	int index = -1;
	for (int tries = 0; index < 0 && tries < 8; tries++) {
		enum edit what = any_edit(dice);
		uint64_t chance = dice_next(dice);
		if (what == EDIT_TEMPER || what == EDIT_PROTECT)
			continue;
		index = model_edit(&stage->model, what, chance);
		if (index >= 0)
			stage_say(stage, "the blueprint is edited: %s, at %s", edit_words[what],
				  stage->model.parts[index].id);
	}
	stage_publish(stage);
}

/* One whose deploy takes minutes, as it does not get ready. */
static void make_bad(struct theatre *stage, struct dice *dice)
{
	struct part *part = &stage->model.parts[roll(dice, PARTS_MAX)];
	if (!part->there || part->job)
		return;
	part->temper = TEMPER_DEAD;
	part->version = stage->model.next_version++;
	stage_say(stage, "the blueprint is edited: a bad version, at %s", part->id);
	stage_publish(stage);
}

/* Before or after a lease would have come to its end. */
static void meet_rival(struct theatre *stage, struct dice *dice)
{
	struct deployer *rival = &stage->deployers[1 + roll(dice, play_deployers(stage) - 1)];
	stage_run(stage, one_in(dice, 2) ? roll(dice, 600) : 61000 + roll(dice, 100000));
	rival->adopt = true;
	if (!stage->rule[0] && stage->deployers[0].operation && deployer_begin(rival, DO_DEPLOY, 1))
		stage_wait(stage, rival, OPERATION_MS);
}

/* Deployed while that goes wrong. */
static void go_wrong(struct theatre *stage, struct deployer *deployer, enum trial trial, struct dice *dice)
{
	if (trial == TRIAL_MESSAGE)
		plan_message(stage, dice);
	if (trial == TRIAL_SILENCE)
		plan_silence(stage);
	if (trial == TRIAL_KILL) {
		stage_disturb(stage, "berth killed at a call");
		seat_kill_at(deployer->seat, 1 + roll(dice, one_in(dice, 2) ? 40 : 120));
	}
	if (trial == TRIAL_RIVAL && one_in(dice, 2))
		make_bad(stage, dice);
	bool stops = trial == TRIAL_MESSAGE && one_in(dice, 4);
	if (!deployer_begin(deployer, stops ? DO_STOP : DO_DEPLOY, 1))
		return;
	if (trial == TRIAL_RIVAL)
		meet_rival(stage, dice);
	if (trial == TRIAL_CANCEL) {
		stage_run(stage, roll(dice, one_in(dice, 2) ? 300 : 4000));
		if (deployer->operation) {
			stage_disturb(stage, "cancelled");
			berth_cancel(deployer->operation);
		}
	}
	if (!stage_wait(stage, deployer, OPERATION_MS) && deployer->operation)
		stage_accuse(stage, "ends", "%s never ends", errand_words[deployer->doing]);
	stage->fate_count = 0;
	seat_kill_at(deployer->seat, 0);
}

void move_trial(struct theatre *stage, struct dice *dice)
{
	struct deployer *deployer = &stage->deployers[0];
	enum trial trial = (enum trial)roll(dice, TRIALS);
	play_calm(stage);
	if (stage->rule[0] || !play_insist(stage, deployer, DO_DEPLOY))
		return;
	tally_add(stage->tally, "trial", trial_kinds[trial], 1);
	struct model before = stage->model;
	edit(stage, dice);
	if (one_in(dice, 2))
		edit(stage, dice);
	struct model after = stage->model;
	go_wrong(stage, deployer, trial, dice);
	if (stage->rule[0] || (trial == TRIAL_KILL && !stage_run(stage, ECHOES_MS)))
		return;
	bool taken_back = trial != TRIAL_QUIET && one_in(dice, 2);
	unsigned versions = stage->model.next_version, names = stage->model.next_name;
	stage->model = taken_back ? before : after;
	stage->model.next_version = versions; /* what was there once is not given to another one */
	stage->model.next_name = names;
	/* A file that was written stays where it is. */
	for (int i = 0; i < PARTS_MAX && taken_back; i++)
		if (!before.parts[i].content && after.parts[i].content)
			stage->model.parts[i].content = after.parts[i].content;
	stage_publish(stage);
	stage->goes_on = trial == TRIAL_KILL && !taken_back;
	bool settled = play_insist(stage, deployer, DO_DEPLOY);
	stage->goes_on = false;
	if (settled)
		play_settles(stage);
}
