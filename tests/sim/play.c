/* play.c - the moves of a seed are carried out, then the faults end and it must settle. */
#include "tests/sim/play.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "tests/sim/clouded.h"
#include "tests/sim/judge.h"
#include "tests/sim/kept.h"
#include "tests/sim/local.h"
#include "tests/sim/marathon.h"
#include "tests/sim/sized.h"
#include "tests/sim/there.h"
#include "tests/sim/zoned.h"

#define MINUTE_MS    INT64_C(60000)
#define OPERATION_MS (40 * MINUTE_MS)
#define TRIES        6

/* What is on one machine is another application on another. */
unsigned play_deployers(const struct theatre *stage)
{
	return stage->model.realms & 1u << REALM_LOCAL ? DEPLOYERS - 1 : DEPLOYERS;
}

static struct deployer *any_deployer(struct theatre *stage, struct dice *dice)
{
	return &stage->deployers[roll(dice, 4) < 2 ? 0 : roll(dice, play_deployers(stage))];
}

/* --- operations and edits ---------------------------------------------------------------------- */

static void move_edit(struct theatre *stage, struct dice *dice)
{
	enum edit edit = (enum edit)roll(dice, EDITS);
	int index = model_edit(&stage->model, edit, dice_next(dice));
	if (index < 0)
		return;
	tally_add(stage->tally, "edit", edit_words[edit], 1);
	stage_say(stage, "the blueprint is edited: %s, at %s", edit_words[edit],
		  stage->model.parts[index].id);
	stage_publish(stage);
}

static enum errand_kind any_errand(struct dice *dice)
{
	return one_in(dice, 2) ? DO_DEPLOY : (enum errand_kind)roll(dice, DO_ERRANDS);
}

static void move_operation(struct theatre *stage, struct dice *dice)
{
	struct deployer *deployer = any_deployer(stage, dice);
	enum errand_kind doing = any_errand(dice);
	uint64_t chance = dice_next(dice);
	bool adopt = one_in(dice, 3);
	if (deployer->operation && !stage_wait(stage, deployer, OPERATION_MS)) {
		if (deployer->operation)
			stage_accuse(stage, "ends", "%s never ends", errand_words[deployer->doing]);
		return;
	}
	deployer->adopt = adopt;
	deployer_begin(deployer, doing, chance);
}

/* A version that does not get ready is deployed, and taken back in the blueprint. */
static void move_bad_update(struct theatre *stage, struct dice *dice)
{
	struct part *part = &stage->model.parts[roll(dice, PARTS_MAX)];
	struct deployer *deployer = &stage->deployers[0];
	if (!part->there || part->job || part->protected || deployer->operation)
		return;
	struct part before = *part;
	part->temper = TEMPER_DEAD;
	part->version = stage->model.next_version++;
	stage_say(stage, "the blueprint is edited: a bad version, at %s", part->id);
	tally_add(stage->tally, "edit", "a bad version", 1);
	stage_publish(stage);
	if (deployer_begin(deployer, DO_DEPLOY, 1))
		stage_wait(stage, deployer, OPERATION_MS);
	*part = before;
	stage_publish(stage);
}

void play_wait(struct theatre *stage)
{
	for (int i = 0; i < DEPLOYERS; i++)
		if (!stage_wait(stage, &stage->deployers[i], OPERATION_MS) && stage->deployers[i].operation)
			stage_accuse(stage, "ends", "%s never ends", errand_words[stage->deployers[i].doing]);
}

/* --- faults ------------------------------------------------------------------------------------ */

static const struct planned_fate fates[] = {
    {{.refused = true}, "connection refused", false, NULL, 0, 0},
    {{.lost = true}, "request lost", false, NULL, 0, 0},
    {{.lost = true, .reset = true}, "connection cut before the request", false, NULL, 0, 0},
    {{.answer_lost = true}, "answer lost", true, NULL, 0, 0},
    {{.answer_lost = true, .reset = true}, "connection cut after the effect", true, NULL, 0, 0},
    {{.there_ms = 2500}, "request delayed", false, NULL, 0, 0},
    {{.back_ms = 2500}, "answer delayed", false, NULL, 0, 0},
    {{.there_ms = 45000}, "request arrives after everybody gave up", true, NULL, 0, 0},
    {{.twice = true}, "request arrives twice", false, NULL, 0, 0},
    {{.spoiling = SPOIL_STATUS, .status = 500}, "status 500", false, NULL, 0, 0},
    {{.spoiling = SPOIL_STATUS, .status = 502}, "status 502", false, NULL, 0, 0},
    {{.spoiling = SPOIL_STATUS, .status = 503}, "status 503", false, NULL, 0, 0},
    {{.spoiling = SPOIL_GARBAGE}, "garbage", false, NULL, 0, 0},
    {{.spoiling = SPOIL_TRUNCATED, .after = 7}, "answer truncated", false, NULL, 0, 0},
    {{.spoiling = SPOIL_CUT, .after = 11}, "connection cut within the answer", false, NULL, 0, 0},
};

static void move_fate(struct theatre *stage, struct dice *dice)
{
	static const char *const seldom[] = {"/stop",    "DELETE http", "/start",      "/create",
					     "/connect", "/rename",     "/archive",    "/update",
					     "/events",  "/json?all=1", "/json?all=1", "/json?all=1"};
	if (stage->fate_count == FATES_MAX)
		return;
	struct planned_fate *planned = &stage->fates[stage->fate_count++];
	*planned = fates[roll(dice, COUNT_OF(fates))];
	planned->fate.there_ms += 1 + roll(dice, 4);
	planned->fate.back_ms += 1 + roll(dice, 4);
	planned->only_changes |= one_in(dice, 2);
	/* What is asked seldom is met seldom, unless it is waited for. */
	planned->only = one_in(dice, 3) ? seldom[roll(dice, COUNT_OF(seldom))] : NULL;
	if (there_is(stage) && planned->only)
		planned->only = there_seldom(dice);
	planned->skip = roll(dice, planned->only ? 3 : 12);
	planned->times = one_in(dice, 6) ? 4 + roll(dice, 8) : 1 + roll(dice, 2);
}

static void move_kill(struct theatre *stage, struct dice *dice)
{
	struct deployer *deployer = any_deployer(stage, dice);
	if (!deployer->operation)
		return;
	stage_disturb(stage, "berth killed between two steps");
	seat_kill(deployer->seat);
	deployer_revive(deployer);
}

static void move_kill_at(struct theatre *stage, struct dice *dice)
{
	struct deployer *deployer = any_deployer(stage, dice);
	stage_disturb(stage, "berth killed at a call");
	seat_kill_at(deployer->seat, 1 + roll(dice, one_in(dice, 2) ? 40 : 300));
}

static void move_store_lost(struct theatre *stage, struct dice *dice)
{
	stage_disturb(stage, "store deleted");
	/* The two of one machine have one store. */
	struct deployer *deployer = any_deployer(stage, dice);
	for (int i = 0; i < DEPLOYERS; i++)
		if (&stage->deployers[i] != deployer && stage->deployers[i].machine == deployer->machine) {
			seat_kill(stage->deployers[i].seat);
			deployer_revive(&stage->deployers[i]);
		}
	deployer_lose_store(deployer);
}

static void move_cancel(struct theatre *stage, struct dice *dice)
{
	struct deployer *deployer = any_deployer(stage, dice);
	if (!deployer->operation)
		return;
	bool twice = one_in(dice, 3);
	stage_disturb(stage, twice ? "cancelled twice" : "cancelled");
	stage_say(stage, "deployer %d: interrupted", deployer->number + 1);
	berth_cancel(deployer->operation);
	if (twice)
		berth_cancel(deployer->operation);
}

static void move_isolate(struct theatre *stage, struct dice *dice)
{
	int64_t away_ms = one_in(dice, 3) ? 90000 : 500 + roll(dice, 20000);
	stage_disturb(stage, "engine unreachable for a while");
	stage_say(stage, "fault: nobody reaches the engine for %lld ms", (long long)away_ms);
	universe_silence(stage->universe, ENGINE_ADDRESS, away_ms);
	universe_silence(stage->universe, THERE_ADDRESS, away_ms);
	fake_target_unreachable(stage->fleet, true);
	stage_run(stage, away_ms);
	fake_target_unreachable(stage->fleet, false);
	stage_say(stage, "the engine is reached again");
}

static void move_engine_restart(struct theatre *stage, struct dice *dice)
{
	if (there_is(stage))
		there_cut(stage);
	stage_disturb(stage, "engine restarted");
	stage_say(stage, "fault: the engine is restarted");
	docker_engine_restart(stage->engine, 200 + roll(dice, 5000));
}

/* Any instance that is really there, of those in these realms. */
static const struct sight *any_sight(struct sights *sights, struct theatre *stage, struct dice *dice)
{
	sights_take(sights, stage);
	if (!sights->count)
		return NULL;
	const struct sight *sight = &sights->list[roll(dice, (unsigned)sights->count)];
	return sight->component ? sight : NULL;
}

static void move_crash(struct theatre *stage, struct dice *dice)
{
	struct sights sights = {0};
	const struct sight *sight = any_sight(&sights, stage, dice);
	if (sight && sight->realm == REALM_MACHINE) {
		there_kill(stage, dice);
	} else if (sight && sight->running) {
		stage_disturb(stage, "an instance ends by itself");
		stage_say(stage, "fault: %s ends by itself", sight->name);
		if (sight->realm == REALM_DOCKER)
			docker_engine_end(stage->engine, sight->name, 1 + (int)roll(dice, 3));
		else
			fake_target_crash(sight->realm == REALM_FAKE ? stage->fleet : stage->cloud,
					  sight->name, 1);
	}
	sights_release(&sights);
}

/* Somebody else works at the engine with its own program. */
static void move_by_hand(struct theatre *stage, struct dice *dice)
{
	static const struct {
		const char *method, *path, *kind;
	} ways[] = {
	    {"DELETE", "/containers/%s?force=1", "an instance removed by hand"},
	    {"POST", "/containers/%s/stop?t=0", "an instance stopped by hand"},
	    {"POST", "/containers/%s/pause", "an instance paused by hand"},
	    {"POST", "/containers/%s/rename?name=renamed.by.hand", "an instance renamed by hand"},
	    {"POST", "/containers/%s/restart?t=0", "an instance restarted by hand"},
	};
	struct sights sights = {0};
	const struct sight *sight = any_sight(&sights, stage, dice);
	unsigned way = roll(dice, 3);
	char path[200];
	if (sight && sight->realm == REALM_DOCKER) {
		stage_disturb(stage, ways[way].kind);
		snprintf(path, sizeof path, ways[way].path, sight->name);
		stage_say(stage, "fault: %s: %s", ways[way].kind, sight->name);
		docker_engine_ask(stage->engine, ways[way].method, path, NULL, NULL);
		stage_run(stage, 200); /* until it is done */
	} else if (sight && sight->realm == REALM_MACHINE) {
		there_vanish(stage, sight->name);
	} else if (sight && fake_target_vanish(sight->realm == REALM_FAKE ? stage->fleet : stage->cloud,
					       sight->name) == 0) {
		stage_disturb(stage, "an instance vanishes from a scripted target");
		stage_say(stage, "fault: %s vanishes", sight->name);
	}
	sights_release(&sights);
}

/* Something of a name that berth will want, made by somebody else. It stays until the faults end. */
static void move_stranger(struct theatre *stage, struct dice *dice)
{
	const struct part *part = &stage->model.parts[roll(dice, PARTS_MAX)];
	char path[160], name[80];
	if (there_is(stage))
		there_stranger(stage, dice);
	if (!part->there || part->realm != REALM_DOCKER || stage->stranger[0])
		return;
	snprintf(name, sizeof name, "app.%s.1", part->id);
	snprintf(path, sizeof path, "/containers/create?name=%s", name);
	sights_take(&stage->sights, stage);
	if (sights_named(&stage->sights, REALM_DOCKER, name))
		return;
	stage_disturb(stage, "a stranger takes a name");
	stage->troubled = true;
	stage_say(stage, "fault: somebody else makes a container %s", name);
	snprintf(stage->stranger, sizeof stage->stranger, "%s", name);
	judge_stranger(stage, name);
	docker_engine_ask(stage->engine, "POST", path, "{\"Image\":\"good:1\"}", NULL);
	stage_run(stage, 60);
	sights_take(&stage->sights, stage);
	const struct sight *made = sights_named(&stage->sights, REALM_DOCKER, name);
	if (!made || made->app) { /* somebody was faster */
		stage->stranger[0] = 0;
		judge_stranger_leaves(stage, name);
	} else {
		judge_stranger_sure(stage);
	}
}

static void move_image(struct theatre *stage, struct dice *dice)
{
	char reference[32];
	stage->troubled = true;
	snprintf(reference, sizeof reference, "good:%u", 1 + roll(dice, 6));
	if (one_in(dice, 2)) {
		stage_disturb(stage, "an image is removed");
		docker_engine_untag(stage->engine, reference);
	} else {
		stage_disturb(stage, "a registry refuses for a while");
		struct docker_registry registry = {
		    .reference = reference, .status = 500, .words = "received unexpected HTTP status: 503"};
		docker_engine_untag(stage->engine, reference);
		docker_engine_registry(stage->engine, &registry);
	}
	stage_say(stage, "fault: the image %s", reference);
}

static void move_refusal(struct theatre *stage, struct dice *dice)
{
	static const enum docker_call calls[] = {
	    DOCKER_CREATE,        DOCKER_START,      DOCKER_STOP,        DOCKER_REMOVE,
	    DOCKER_RENAME,        DOCKER_CONNECT,    DOCKER_UPDATE,      DOCKER_NETWORK_CREATE,
	    DOCKER_VOLUME_CREATE, DOCKER_DISCONNECT, DOCKER_ARCHIVE_PUT, DOCKER_CONTAINERS};
	struct docker_rule rule = {.call = calls[roll(dice, COUNT_OF(calls))],
				   .skip = roll(dice, 3),
				   .times = 1 + roll(dice, 2),
				   .status = one_in(dice, 3) ? 0 : 500,
				   .words = "devicemapper: Error running deviceCreate",
				   .effect = one_in(dice, 2),
				   .delay_ms = one_in(dice, 3) ? roll(dice, 20000) : 0};
	/* What takes long may be done when nobody waits for it any more. */
	(rule.delay_ms ? stage_disturb : stage_meet)(stage, rule.status ? "the engine refuses a call"
									: "the engine takes long for a call");
	stage->troubled = true;
	docker_engine_rule(stage->engine, &rule);
}

static void move_clock(struct theatre *stage, struct dice *dice)
{
	bool back = one_in(dice, 2);
	int64_t by = (int64_t)roll(dice, 4) * 40 * MINUTE_MS + roll(dice, 5000);
	stage_disturb(stage, back ? "clocks jump back" : "clocks jump ahead");
	stage_say(stage, "fault: the clocks jump by %s%lld ms", back ? "-" : "", (long long)by);
	universe_jump(stage->universe, back ? -by : by);
	if (there_is(stage))
		there_clock(stage, dice);
}

static void move_port(struct theatre *stage, struct dice *dice)
{
	uint16_t port = (uint16_t)(8000 + roll(dice, 12));
	stage->troubled = true;
	stage_disturb(stage, "a port of the host is taken");
	stage_say(stage, "fault: somebody else takes port %u of the engine's machine", port);
	docker_engine_port(stage->engine, "0.0.0.0", port, true);
}

void move_fake(struct theatre *stage, struct dice *dice)
{
	static const enum code codes[] = {ERR_TIMED_OUT, ERR_UNREACHABLE, ERR_FAILED};
	struct fake_rule rule = {.call = (enum fake_call)roll(dice, FAKE_CALLS),
				 .skip = roll(dice, 4),
				 .times = 1 + roll(dice, 2),
				 .delay_ms = roll(dice, 4000),
				 .effect = roll(dice, 2)};
	if (!(stage->model.realms & (1u << REALM_FAKE | 1u << REALM_NAMELESS)))
		return;
	if (roll(dice, 4))
		fail(&rule.error, codes[roll(dice, 3)], "planted");
	stage_disturb(stage, "a scripted target fails or is slow");
	stage->troubled = true;
	fake_target_rule(one_in(dice, 2) ? stage->cloud : stage->fleet, &rule);
}

void play_expect(struct tally *tally)
{
	static const char *const others[] = {"berth killed between two steps",
					     "berth killed at a call",
					     "store deleted",
					     "cancelled",
					     "cancelled twice",
					     "engine unreachable for a while",
					     "engine restarted",
					     "an instance ends by itself",
					     "an instance removed by hand",
					     "an instance stopped by hand",
					     "an instance vanishes from a scripted target",
					     "a stranger takes a name",
					     "an image is removed",
					     "a registry refuses for a while",
					     "the engine refuses a call",
					     "the engine takes long for a call",
					     "clocks jump back",
					     "clocks jump ahead",
					     "a port of the host is taken",
					     "a scripted target fails or is slow"};
	static const char *const phases[] = {"linking",  "placing",  "starting", "running",
					     "updating", "finished", "stopping", "stopped",
					     "removing", "gone",     "broken"};
	for (size_t i = 0; i < COUNT_OF(fates); i++)
		tally_add(tally, "fault", fates[i].kind, 0);
	for (size_t i = 0; i < COUNT_OF(others); i++)
		tally_add(tally, "fault", others[i], 0);
	for (const char *const *kind = local_faults; *kind; kind++)
		tally_add(tally, "fault", *kind, 0);
	for (const char *const *kind = there_faults; *kind; kind++)
		tally_add(tally, "fault", *kind, 0);
	for (int i = 0; i < DO_ERRANDS; i++)
		tally_add(tally, "operation", errand_words[i], 0);
	for (int i = 0; i < EDITS; i++)
		tally_add(tally, "edit", edit_words[i], 0);
	tally_add(tally, "edit", "a bad version", 0);
	kept_expect(tally);
	sized_expect(tally);
	zoned_expect(tally);
	marathon_expect(tally);
	clouded_expect(tally);
	for (const char *const *kind = trial_kinds; *kind; kind++)
		tally_add(tally, "trial", *kind, 0);
	for (size_t i = 0; i < COUNT_OF(phases); i++)
		tally_add(tally, "phase", phases[i], 0);
}

/* --- one after the other ----------------------------------------------------------------------- */

static void move_local(struct theatre *stage, struct dice *dice)
{
	(there_is(stage) ? there_kill : local_kill)(stage, dice);
}

static void move_power(struct theatre *stage, struct dice *dice)
{
	(there_is(stage) ? there_power : local_power)(stage, dice);
}

static void move_disk(struct theatre *stage, struct dice *dice)
{
	(there_is(stage) ? there_disk : local_disk)(stage, dice);
}

static void make_move(struct theatre *stage, const struct move *move)
{
	static void (*const moves[MOVE_KINDS])(struct theatre *, struct dice *) = {
	    [MOVE_EDIT] = move_edit,
	    [MOVE_OPERATION] = move_operation,
	    [MOVE_FATE] = move_fate,
	    [MOVE_KILL] = move_kill,
	    [MOVE_KILL_AT] = move_kill_at,
	    [MOVE_STORE_LOST] = move_store_lost,
	    [MOVE_CANCEL] = move_cancel,
	    [MOVE_ISOLATE] = move_isolate,
	    [MOVE_ENGINE_RESTART] = move_engine_restart,
	    [MOVE_CRASH] = move_crash,
	    [MOVE_BY_HAND] = move_by_hand,
	    [MOVE_STRANGER] = move_stranger,
	    [MOVE_IMAGE] = move_image,
	    [MOVE_REFUSAL] = move_refusal,
	    [MOVE_CLOCK] = move_clock,
	    [MOVE_PORT] = move_port,
	    [MOVE_FAKE] = move_fake,
	    [MOVE_LOCAL] = move_local,
	    [MOVE_POWER] = move_power,
	    [MOVE_DISK] = move_disk,
	    [MOVE_BAD_UPDATE] = move_bad_update,
	    [MOVE_TRIAL] = move_trial,
	    [MOVE_KEPT] = move_kept,
	};
	struct dice dice = {move->chance};
	if (!stage_run(stage, move->pause_ms))
		return;
	if (move->kind == MOVE_WAIT)
		play_wait(stage);
	else
		moves[move->kind](stage, &dice);
}

static void make_moves(struct theatre *stage, const struct score *score, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to && !stage->rule[0]; i++)
		if (!score->moves[i].left_out)
			make_move(stage, &score->moves[i]);
}

/* Until it is gone: the engine may just be away. */
static void send_stranger_away(struct theatre *stage)
{
	char path[160];
	judge_stranger_unsure(stage);
	snprintf(path, sizeof path, "/containers/%s?force=1", stage->stranger);
	for (int tries = 0; stage->stranger[0] && tries < 30; tries++) {
		sights_take(&stage->sights, stage);
		const struct sight *there = sights_named(&stage->sights, REALM_DOCKER, stage->stranger);
		if (!there || there->app)
			break;
		docker_engine_ask(stage->engine, "DELETE", path, NULL, NULL);
		stage_run(stage, 1000);
	}
	judge_stranger_leaves(stage, stage->stranger);
}

void play_calm(struct theatre *stage)
{
	stage_say(stage, "the faults end");
	stage->fate_count = 0;
	for (int i = 0; i < DEPLOYERS; i++)
		seat_kill_at(stage->deployers[i].seat, 0);
	local_calm(stage);
	there_calm(stage);
	docker_engine_calm(stage->engine);
	fake_target_calm(stage->fleet);
	fake_target_calm(stage->cloud);
	for (uint16_t port = 8000; port < 8000 + PARTS_MAX; port++)
		docker_engine_port(stage->engine, "0.0.0.0", port, false);
	stage_stock(stage);
	send_stranger_away(stage);
	model_heal(&stage->model);
	stage_publish(stage);
	stage->disturbances++;
	stage->troubled = false;
	play_wait(stage);
	/* What is still on its way arrives. */
	stage_run(stage, 2 * MINUTE_MS);
}

/* Until it ends well, a few times: a dead one's lease takes a minute to expire. */
bool play_insist(struct theatre *stage, struct deployer *deployer, enum errand_kind doing)
{
	for (int tries = 0; tries < TRIES && !stage->rule[0]; tries++) {
		deployer->adopt = true;
		if (!deployer_begin(deployer, doing, 1) || !stage_wait(stage, deployer, OPERATION_MS))
			break;
		if (deployer->last == BERTH_OK)
			return true;
		stage_run(stage, 30000);
	}
	if (!stage->rule[0])
		stage_accuse(stage, "converges", "%s does not end well: %s", errand_words[doing],
			     deployer->operation ? "it never ends" : deployer->last_words);
	return false;
}

void play_settles(struct theatre *stage)
{
	struct deployer *first = &stage->deployers[0];
	judge_settled(stage);
	if (stage->rule[0] || !play_insist(stage, first, DO_DEPLOY))
		return;
	if (first->changed)
		stage_accuse(stage, "settles", "the next deploy changes something: %s", first->last_changes);
}

static void settle(struct theatre *stage)
{
	struct deployer *first = &stage->deployers[0];
	play_calm(stage);
	if (!stage->rule[0] && play_insist(stage, first, DO_DEPLOY))
		play_settles(stage);
}

static void clear_away(struct theatre *stage, uint64_t chance)
{
	struct deployer *last = &stage->deployers[chance % 3 == 0 ? play_deployers(stage) - 1 : 0];
	bool lost = chance % 5 == 0;
	if (lost)
		deployer_lose_store(&stage->deployers[0]);
	/* What another store remembers as protected, or nobody remembers to be let go, is so until the
	 * blueprint says otherwise. */
	bool unknowing = last != &stage->deployers[0] || (lost && model_is_guarded(&stage->model));
	if (!stage->rule[0] && unknowing && !play_insist(stage, last, DO_DEPLOY))
		return;
	if (!stage->rule[0] && play_insist(stage, last, DO_DESTROY))
		judge_gone(stage);
}

void score_play(const struct score *score, struct tally *tally,
		void (*line)(void *owner, int64_t now_ms, const char *words), void *owner,
		struct outcome *ret)
{
	struct theatre stage = {.line = line, .line_owner = owner};
	struct dice dice = {score->chance};
	*ret = (struct outcome){0};
	if (stage_open(&stage, score->seed, tally)) {
		snprintf(ret->rule, sizeof ret->rule, "opens");
		stage_close(&stage);
		return;
	}
	stage.trial = score->trial;
	model_invent(&stage.model, &dice, score->realms);
	stage_publish(&stage);
	ret->components = model_wanted(&stage.model);
	make_moves(&stage, score, 0, score->kept_from);
	if (!stage.rule[0])
		settle(&stage);
	if (score->kept_from < score->count && !stage.rule[0] && kept_open(&stage, &dice)) {
		make_moves(&stage, score, score->kept_from, score->count);
		if (!stage.rule[0])
			kept_settle(&stage, &dice);
	}
	if (score_is_sized(score->seed) && !stage.rule[0])
		sized_play(&stage, score->chance);
	if (score_is_zoned(score->seed) && !stage.rule[0])
		zoned_play(&stage, score->chance);
	if (score_has_marathon(score->seed) && !stage.rule[0])
		marathon_play(&stage, score->chance);
	if (score_has_cloud(score->seed) && !stage.rule[0])
		clouded_play(&stage, score->chance);
	if (!stage.rule[0])
		clear_away(&stage, score->chance);
	snprintf(ret->rule, sizeof ret->rule, "%s", stage.rule);
	snprintf(ret->verdict, sizeof ret->verdict, "%s", stage.verdict);
	ret->steps = stage.steps;
	ret->faults = stage.disturbances;
	stage_close(&stage);
}
