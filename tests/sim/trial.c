/* trial.c - from a settled application one change and one fault: what comes of it is looked at closely. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/sim/judge.h"
#include "tests/sim/local.h"
#include "tests/sim/play.h"
#include "tests/sim/rules.h"
#include "tests/sim/there.h"

#define OPERATION_MS (40 * INT64_C(60000))
#define ECHOES_MS    (2 * INT64_C(60000))

enum trial {
	TRIAL_MESSAGE,
	TRIAL_KILL,
	TRIAL_CANCEL,
	TRIAL_RIVAL,
	TRIAL_SILENCE,
	TRIAL_QUIET,
	TRIAL_REFUSAL,
	TRIAL_BAD,
	TRIAL_PROTECTED,
	TRIAL_LIFE,
	TRIAL_ELSEWHERE,
	TRIAL_LOOK,
	TRIAL_TWIN,
	TRIALS
};

const char *const trial_kinds[] = {[TRIAL_MESSAGE] = "one message meets something",
				   [TRIAL_KILL] = "berth is killed at a call",
				   [TRIAL_CANCEL] = "it is interrupted",
				   [TRIAL_RIVAL] = "another one deploys meanwhile",
				   [TRIAL_SILENCE] = "no event is told",
				   [TRIAL_QUIET] = "nothing goes wrong",
				   [TRIAL_REFUSAL] = "the engine refuses",
				   [TRIAL_BAD] = "one does not get ready",
				   [TRIAL_PROTECTED] = "one is protected",
				   [TRIAL_LIFE] = "stopped, and started again",
				   [TRIAL_ELSEWHERE] = "a process or a scripted target fails",
				   [TRIAL_LOOK] = "one stops while it is looked at",
				   [TRIAL_TWIN] = "a second keeper stands beside one",
				   [TRIALS] = NULL};

/* What is asked to change something, and an edit that makes a deploy ask for it. */
static const struct {
	const char *path;
	enum docker_call call;
	enum edit edit;
} asked[] = {
    {"/stop", DOCKER_STOP, EDIT_VERSION},
    {"DELETE http", DOCKER_REMOVE, EDIT_VERSION},
    {"DELETE http", DOCKER_REMOVE, EDIT_REMOVE},
    {"/start", DOCKER_START, EDIT_SETTING},
    {"/create?name=app", DOCKER_CREATE, EDIT_ADD},
    {"/connect", DOCKER_CONNECT, EDIT_VERSION},
    {"/rename", DOCKER_RENAME, EDIT_SETTING},
    {"/archive?", DOCKER_ARCHIVE_PUT, EDIT_FILE},
    {"/update", DOCKER_UPDATE, EDIT_MEMORY},
    {"/update", DOCKER_UPDATE, EDIT_RESTART},
    {"/disconnect", DOCKER_DISCONNECT, EDIT_VERSION},
};

/* And what becomes of that: lost before or after its effect, or nobody hears it. */
static void plan_message(struct theatre *stage, unsigned what, struct dice *dice)
{
	static const struct planned_fate fates[] = {
	    {{.lost = true}, "request lost", false, NULL, 0, 0},
	    {{.lost = true, .reset = true}, "connection cut before the request", false, NULL, 0, 0},
	    {{.answer_lost = true}, "answer lost", false, NULL, 0, 0},
	    {{.answer_lost = true, .reset = true}, "connection cut after the effect", false, NULL, 0, 0},
	    {{.refused = true}, "connection refused", false, NULL, 0, 0},
	};
	struct planned_fate *planned = &stage->fates[stage->fate_count++];
	*planned = fates[roll(dice, COUNT_OF(fates))];
	planned->fate.there_ms = 1 + roll(dice, 4);
	planned->fate.back_ms = 1 + roll(dice, 4);
	planned->only = stage->model.realms & 1u << REALM_DOCKER ? asked[what].path : there_seldom(dice);
	planned->skip = one_in(dice, 2) ? 0 : roll(dice, 3);
	planned->times = 1;
}

/* The engine says no, as one in trouble does, and does nothing. */
static void plan_refusal(struct theatre *stage, unsigned what, struct dice *dice)
{
	static const char *const words[] = {"devicemapper: Error running deviceCreate",
					    "Bind for 0.0.0.0:20000 failed: port is already allocated",
					    "Address already in use"};
	const struct docker_rule rule = {
	    .call = asked[what].call,
	    .skip = one_in(dice, 2) ? 0 : roll(dice, 3),
	    .times = one_in(dice, 2) ? 1 : 40,
	    .status = one_in(dice, 3) ? 409 : 500,
	    .words = words[asked[what].call == DOCKER_START ? roll(dice, COUNT_OF(words)) : 0]};
	stage_meet(stage, "the engine refuses a call");
	stage_say(stage, "fault: the engine refuses %s with %d", docker_call_name(rule.call), rule.status);
	docker_engine_rule(stage->engine, &rule);
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

static bool edit_one(struct theatre *stage, enum edit what, struct dice *dice)
{
	uint64_t chance = dice_next(dice);
	if (what == EDIT_TEMPER || what == EDIT_PROTECT)
		return false;
	int index = model_edit(&stage->model, what, chance);
	if (index >= 0)
		stage_say(stage, "the blueprint is edited: %s, at %s", edit_words[what],
			  stage->model.parts[index].id);
	return index >= 0;
}

/* Such that what is to meet something is asked. What goes is waited for by nobody, and waits for all others.
 */
static enum edit edit_for(enum trial trial, unsigned what, struct dice *dice)
{
	if (trial == TRIAL_MESSAGE || trial == TRIAL_REFUSAL)
		return asked[what].edit;
	if ((trial == TRIAL_BAD || trial == TRIAL_QUIET) && one_in(dice, 3))
		return EDIT_REMOVE;
	return any_edit(dice);
}

static void edit(struct theatre *stage, enum trial trial, unsigned what, struct dice *dice)
{
	for (int tries = 0; tries < 8 && !edit_one(stage, edit_for(trial, what, dice), dice); tries++) {
	}
	stage_publish(stage);
}

/* One whose deploy takes minutes, as it does not get ready. */
static void make_bad(struct theatre *stage, struct dice *dice)
{
	struct part *part = NULL;
	for (int tries = 0; tries < 16 && !part; tries++) {
		struct part *any = &stage->model.parts[roll(dice, PARTS_MAX)];
		part = any->there && !any->job ? any : NULL;
	}
	if (!part)
		return;
	part->temper = TEMPER_DEAD;
	part->version = stage->model.next_version++;
	stage_say(stage, "the blueprint is edited: a bad version, at %s", part->id);
	stage_publish(stage);
}

/* Whoever deploys is not heard when it renews its lease, so that it comes to its end. */
static void plan_unheard(struct theatre *stage)
{
	stage->fates[stage->fate_count++] = (struct planned_fate){
	    .fate = {.there_ms = 1, .back_ms = 1, .refused = true},
	    .kind = "connection refused",
	    .only = "berth.lease",
	    .times = 1000,
	};
}

/* At the same moment, before or after a lease would have come to its end; mostly from another machine, where
 * no lock of this one is known. */
static void meet_rival(struct theatre *stage, struct dice *dice)
{
	unsigned others = play_deployers(stage) - 1;
	struct deployer *rival = &stage->deployers[one_in(dice, 4) ? 1 : others];
	unsigned when = roll(dice, 4);
	if (when == 3 && stage_run(stage, 5000))
		plan_unheard(stage);
	stage_run(stage, when == 0   ? roll(dice, 12)
			 : when == 1 ? roll(dice, 600)
				     : 61000 + roll(dice, 100000));
	stage->fate_count = 0;
	rival->adopt = true;
	if (!stage->rule[0] && stage->deployers[0].operation && deployer_begin(rival, DO_DEPLOY, 1))
		stage_wait(stage, rival, OPERATION_MS);
}

/* Where no engine is asked: a process of this machine ends, or a scripted target fails. */
static void trouble_elsewhere(struct theatre *stage, struct dice *dice)
{
	if (there_is(stage) && one_in(dice, 3))
		there_power(stage, dice);
	else if (there_is(stage))
		there_kill(stage, dice);
	else if (stage->model.realms & 1u << REALM_LOCAL)
		local_kill(stage, dice);
	else
		move_fake(stage, dice);
}

/* Deployed while that goes wrong. */
static void go_wrong(struct theatre *stage, struct deployer *deployer, enum trial trial, unsigned what,
		     struct dice *dice)
{
	bool stops = (trial == TRIAL_MESSAGE || trial == TRIAL_REFUSAL) && one_in(dice, 6);
	what = stops ? 0 : what;
	if (trial == TRIAL_MESSAGE)
		plan_message(stage, what, dice);
	if (trial == TRIAL_SILENCE)
		plan_silence(stage);
	if (trial == TRIAL_KILL || (trial == TRIAL_BAD && one_in(dice, 3))) {
		stage_disturb(stage, "berth killed at a call");
		seat_kill_at(deployer->seat, 1 + roll(dice, one_in(dice, 2) ? 40 : 120));
	}
	if (trial == TRIAL_BAD || (trial == TRIAL_RIVAL && one_in(dice, 2)))
		make_bad(stage, dice);
	if (!deployer_begin(deployer, stops ? DO_STOP : DO_DEPLOY, 1))
		return;
	if (trial == TRIAL_REFUSAL)
		plan_refusal(stage, what, dice);
	if (trial == TRIAL_ELSEWHERE && stage_run(stage, roll(dice, one_in(dice, 2) ? 40 : 600)))
		trouble_elsewhere(stage, dice);
	if (trial == TRIAL_RIVAL)
		meet_rival(stage, dice);
	if (trial == TRIAL_LOOK)
		trial_look(stage, deployer);
	if (trial == TRIAL_CANCEL) {
		stage_run(stage, roll(dice, one_in(dice, 2) ? 300 : 4000));
		if (deployer->operation) {
			stage_disturb(stage, "cancelled");
			berth_cancel(deployer->operation);
		}
	}
	if (!stage_wait(stage, deployer, OPERATION_MS) && deployer->operation)
		stage_accuse(stage, "ends", "%s never ends", errand_words[deployer->doing]);
	/* What was found not to answer is so the next time, too, and what was killed goes on. */
	seat_kill_at(deployer->seat, 0);
	if (trial == TRIAL_BAD && stage_run(stage, ECHOES_MS) && deployer_begin(deployer, DO_DEPLOY, 1))
		stage_wait(stage, deployer, OPERATION_MS);
	stage->fate_count = 0;
	docker_engine_calm(stage->engine);
	seat_kill_at(deployer->seat, 0);
}

/* --- protected ------------------------------------------------------------------------------------------ */

/* What would end it, in the words of the blueprint. */
static void endanger(struct theatre *stage, struct part *part, struct dice *dice)
{
	switch (roll(dice, 4)) {
	case 0:
		part->there = false;
		break;
	case 1:
		part->instances = part->instances > 1 ? part->instances - 1 : 1;
		part->setting++;
		break;
	case 2:
		snprintf(part->id, sizeof part->id, "c%u", stage->model.next_name++);
		break;
	default:
		part->version = stage->model.next_version++;
	}
}

static void is_untouched(struct theatre *stage, const struct deployer *deployer, const char *id)
{
	struct sights now = {0};
	sights_take(&now, stage);
	for (size_t i = 0; i < deployer->before.count; i++) {
		const struct sight *before = &deployer->before.list[i];
		if (!before->component || strcmp(before->component, id) != 0)
			continue;
		const struct sight *there = sights_named(&now, before->realm, before->name);
		if (!there || strcmp(there->id, before->id) != 0 || there->running != before->running)
			stage_accuse(stage, "protected", "%s is protected, and was ended", before->name);
	}
	sights_release(&now);
}

/* Whatever the blueprint says next, and whoever destroys it all: what is protected stays. */
static void try_to_end(struct theatre *stage, struct deployer *deployer, int index, struct dice *dice)
{
	struct model before = stage->model;
	struct part *part = &stage->model.parts[index];
	char id[sizeof part->id];
	bool destroys = one_in(dice, 4);
	snprintf(id, sizeof id, "%s", part->id);
	if (!destroys)
		endanger(stage, part, dice);
	for (int i = 0; i < PARTS_MAX && !part->there; i++)
		for (int k = 0; k <= LINKS_MAX; k++) {
			int *to =
			    k < LINKS_MAX ? &stage->model.parts[i].links[k] : &stage->model.parts[i].after;
			*to = *to == index ? -1 : *to;
		}
	stage_publish(stage);
	tally_add(stage->tally, "judged", "what is protected", 1);
	if (!deployer_begin(deployer, destroys ? DO_DESTROY : DO_DEPLOY, 1) ||
	    !stage_wait(stage, deployer, OPERATION_MS))
		return;
	is_untouched(stage, deployer, id);
	unsigned versions = stage->model.next_version, names = stage->model.next_name;
	stage->model = before;
	stage->model.next_version = versions;
	stage->model.next_name = names;
	stage_publish(stage);
}

static void protect(struct theatre *stage, struct deployer *deployer, struct dice *dice)
{
	int index = (int)roll(dice, PARTS_MAX);
	struct part *part = &stage->model.parts[index];
	if (!part->there || part->job)
		return;
	part->protected = part->guarded = true;
	stage_publish(stage);
	if (!play_insist(stage, deployer, DO_DEPLOY))
		return;
	try_to_end(stage, deployer, index, dice);
	if (stage->rule[0])
		return;
	model_heal(&stage->model);
	stage_publish(stage);
	if (play_insist(stage, deployer, DO_DEPLOY))
		play_settles(stage);
}

/* --- stopped and started ---------------------------------------------------------------------------- */

/* Nothing goes wrong: it is done, whoever looks at it. */
static bool does(struct theatre *stage, struct deployer *deployer, enum errand_kind doing)
{
	deployer->adopt = true;
	if (!deployer_begin(deployer, doing, 1) || !stage_wait(stage, deployer, OPERATION_MS))
		return false;
	if (deployer->last != BERTH_OK)
		stage_accuse(stage, "smooth", "nothing went wrong, and %s ended with %d: %s",
			     errand_words[doing], (int)deployer->last, deployer->last_words);
	return !stage->rule[0];
}

/* By whoever comes next, who may have another blueprint by then. */
static void stop_and_start(struct theatre *stage, struct dice *dice)
{
	struct deployer *deployer = &stage->deployers[0];
	struct deployer *next = &stage->deployers[roll(dice, play_deployers(stage))];
	bool restarts = one_in(dice, 3), edited = !restarts && one_in(dice, 2);
	if (restarts ? !does(stage, deployer, DO_RESTART) : !does(stage, deployer, DO_STOP))
		return;
	if (edited)
		edit(stage, TRIALS, 0, dice);
	/* Of another store the blueprint may be older: who starts by that one misses what was renamed since.
	 */
	bool deploys = one_in(dice, 2) || edited || next != deployer;
	if (!restarts && !does(stage, next, deploys ? DO_DEPLOY : DO_START))
		return;
	sights_take(&stage->judge->now, stage);
	rule_wanted_run(stage, &stage->model, "success");
	if (!stage->rule[0] && play_insist(stage, deployer, DO_DEPLOY))
		play_settles(stage);
}

/* Where nothing is asked of an engine, no message of one meets anything. */
static enum trial any_trial(const struct theatre *stage, struct dice *dice)
{
	enum trial trial = stage->trial < 0 ? (enum trial)roll(dice, TRIALS) : (enum trial)stage->trial;
	bool asks = stage->model.realms & 1u << REALM_DOCKER;
	if (there_is(stage) && trial == TRIAL_MESSAGE)
		return trial;
	bool of_engine =
	    trial == TRIAL_MESSAGE || trial == TRIAL_REFUSAL || trial == TRIAL_SILENCE || trial == TRIAL_LOOK;
	if (trial == TRIAL_TWIN && !(stage->model.realms & 1u << REALM_LOCAL))
		return asks ? TRIAL_LOOK : TRIAL_ELSEWHERE;
	if (!asks && of_engine)
		return TRIAL_ELSEWHERE;
	return stage->model.realms == 1u << REALM_DOCKER && trial == TRIAL_ELSEWHERE ? TRIAL_MESSAGE : trial;
}

/* After one that was killed: itself, or somebody at another machine, when its lease has come to its end. What
 * that one does not know of is not looked at. */
static struct deployer *who_goes_on(struct theatre *stage, enum trial trial, struct dice *dice)
{
	struct deployer *other = &stage->deployers[play_deployers(stage) - 1];
	if (trial != TRIAL_KILL || other->machine == stage->deployers[0].machine || !one_in(dice, 3))
		return &stage->deployers[0];
	judge_store_lost(stage);
	return other;
}

void move_trial(struct theatre *stage, struct dice *dice)
{
	struct deployer *deployer = &stage->deployers[0];
	enum trial trial = any_trial(stage, dice);
	play_calm(stage);
	if (stage->rule[0] || !play_insist(stage, deployer, DO_DEPLOY))
		return;
	tally_add(stage->tally, "trial", trial_kinds[trial], 1);
	if (trial == TRIAL_PROTECTED) {
		protect(stage, deployer, dice);
		return;
	}
	if (trial == TRIAL_LIFE) {
		stop_and_start(stage, dice);
		return;
	}
	if (trial == TRIAL_TWIN)
		trial_twin(stage, deployer, dice);
	if (stage->rule[0])
		return;
	struct model before = stage->model;
	unsigned what = roll(dice, COUNT_OF(asked));
	edit(stage, trial, what, dice);
	if (one_in(dice, 2))
		edit(stage, TRIALS, what, dice); /* anything */
	struct model after = stage->model;
	go_wrong(stage, deployer, trial, what, dice);
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
	deployer = who_goes_on(stage, trial, dice);
	bool settled = play_insist(stage, deployer, DO_DEPLOY);
	stage->goes_on = false;
	if (settled && deployer != &stage->deployers[0]) /* it comes back to what the other one left */
		settled = play_insist(stage, &stage->deployers[0], DO_DEPLOY);
	if (settled)
		play_settles(stage);
}
