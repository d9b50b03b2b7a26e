/* kept_moves.c - what happens to an application while a controller keeps it, and what must hold when it comes
 * to rest. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "locations/fake/target.h"
#include "tests/sim/kept.h"
#include "tests/sim/local.h"
#include "tests/sim/play.h"

#define SECOND_MS  INT64_C(1000)
#define MINUTE_MS  (60 * SECOND_MS)
#define COMMAND_MS (40 * MINUTE_MS)
#define BOUND_MS   (3 * MINUTE_MS) /* after the faults all that is kept runs */
#define QUIET_MS   (6 * MINUTE_MS) /* a listing of everything is among it */

static struct deployer *controller(struct theatre *stage)
{
	return &stage->deployers[0];
}

/* --- an instance's own end ---------------------------------------------------------------------- */

static void harm(struct theatre *stage, const char *kind)
{
	stage->kept->own_harm = true;
	stage_disturb(stage, kind);
	stage->kept->own_harm = false;
}

static struct fake_target *target_of(struct theatre *stage, enum realm realm)
{
	return realm == REALM_FAKE ? stage->fleet : stage->cloud;
}

/* Any that runs and is in somebody's care; its name is in `ret`. */
static bool any_kept(struct theatre *stage, struct dice *dice, char *ret, size_t size, struct part *ret_part)
{
	sights_take(&stage->sights, stage);
	for (int tries = 0; tries < 40 && stage->sights.count; tries++) {
		const struct sight *sight = &stage->sights.list[roll(dice, (unsigned)stage->sights.count)];
		const struct part *part =
		    sight->component ? model_part(&stage->model, sight->component) : NULL;
		if (!part || !sight->running || !part_is_kept(part) || part->realm != sight->realm)
			continue;
		snprintf(ret, size, "%s", sight->name);
		*ret_part = *part;
		return true;
	}
	return false;
}

static void end_one(struct theatre *stage, const char *name, enum realm realm, unsigned way)
{
	char path[160];
	pid_t program = 0;
	if (realm == REALM_LOCAL) {
		machine_programs(stage->machines[0], name, &program);
		if (program)
			machine_signal(stage->machines[0], program, SIGKILL);
	} else if (realm != REALM_DOCKER) {
		fake_target_crash(target_of(stage, realm), name, 1);
	} else if (way == 0) {
		docker_engine_end(stage->engine, name, 1);
	} else if (way == 1) {
		docker_engine_out_of_memory(stage->engine, name);
	} else {
		snprintf(path, sizeof path, "/containers/%s/kill", name);
		docker_engine_ask(stage->engine, "POST", path, NULL, NULL);
	}
}

static void meet_death(struct theatre *stage, struct dice *dice)
{
	static const char *const kinds[] = {"a kept instance ends", "a kept instance is out of memory",
					    "a kept instance is killed by hand"};
	unsigned way = roll(dice, 3);
	struct part part;
	char name[80];
	if (!any_kept(stage, dice, name, sizeof name, &part))
		return;
	harm(stage, kinds[way]);
	stage_say(stage, "fault: %s: %s", kinds[way], name);
	end_one(stage, name, part.realm, way);
}

/* By the class name it makes a difference how soon the second one comes. */
static void meet_two_deaths(struct theatre *stage, struct dice *dice)
{
	struct part part;
	char name[80];
	if (!any_kept(stage, dice, name, sizeof name, &part))
		return;
	for (int i = 0; i < 2 && !stage->rule[0]; i++) {
		harm(stage, "a kept instance ends twice");
		stage_say(stage, "fault: %s ends", name);
		end_one(stage, name, part.realm, 0);
		stage_run(stage, roll(dice, 2) ? 20 * SECOND_MS : roll(dice, 240) * SECOND_MS);
	}
}

static void meet_illness(struct theatre *stage, struct dice *dice)
{
	struct part part;
	char name[80];
	if (!any_kept(stage, dice, name, sizeof name, &part) || part.realm != REALM_DOCKER ||
	    (!part.checked && !part.connected))
		return;
	harm(stage, "a kept instance hangs");
	stage_say(stage, "fault: %s hangs", name);
	docker_engine_hang(stage->engine, name, true);
	for (unsigned n = 1; part.connected && n <= ORDINALS_MAX; n++) { /* as if its network were broken */
		snprintf(name, sizeof name, "app.%s.%u", part.id, n);
		docker_engine_hang(stage->engine, name, true);
	}
	stage_run(stage, one_in(dice, 2) ? roll(dice, 8) * SECOND_MS : 40 * SECOND_MS);
}

/* From now on it ends whenever it was started; or not any more. */
static void set_fate(struct theatre *stage, const struct part *part, bool ends)
{
	char component[32], image[32];
	unsigned exits = ends ? UINT32_MAX : 0;
	snprintf(component, sizeof component, "app.%s", part->id);
	model_image(part, image, sizeof image);
	if (part->realm == REALM_DOCKER) {
		struct docker_behaviour manner = {.name = component,
						  .image = image,
						  .exits = exits,
						  .exit_code = 1,
						  .lives_ms = 100,
						  .stops_ms = 20};
		docker_engine_behave(stage->engine, &manner);
	} else {
		struct fake_behaviour manner = {
		    .component = component, .image = image, .exits = exits, .exit_code = 1, .lives_ms = 100};
		fake_target_behave(target_of(stage, part->realm), &manner);
	}
}

static void meet_many_deaths(struct theatre *stage, struct dice *dice)
{
	struct part part;
	char name[80];
	/* By the class names it would be made anew without a pause. */
	if (!any_kept(stage, dice, name, sizeof name, &part) || part.realm == REALM_LOCAL ||
	    part.care == CARE_CLASSIC_BOTH)
		return;
	harm(stage, "a kept instance ends again and again");
	stage_say(stage, "fault: %s ends again and again", name);
	set_fate(stage, &part, true);
	end_one(stage, name, part.realm, 0);
	stage_run(stage, (20 + roll(dice, 70)) * SECOND_MS);
	harm(stage, "a kept instance ends no more");
	stage_say(stage, "%s ends no more", name);
	set_fate(stage, &part, false);
}

/* Its engine does not take it away for a while, and mostly does not start it either. */
static void meet_refusal(struct theatre *stage, struct dice *dice)
{
	struct docker_rule rule = {.call = DOCKER_REMOVE,
				   .times = 1 + roll(dice, 90),
				   .status = 500,
				   .words = "driver \"overlay2\" failed to remove root filesystem: device or "
					    "resource busy"};
	struct part part;
	char name[80];
	if (!any_kept(stage, dice, name, sizeof name, &part) || part.realm != REALM_DOCKER)
		return;
	stage_disturb(stage, "an engine refuses to remove a container");
	stage_say(stage, "fault: its engine does not remove %s, %u times", name, rule.times);
	rule.target = name;
	docker_engine_rule(stage->engine, &rule);
	if (!one_in(dice, 3)) {
		stage_disturb(stage, "an engine refuses to start a container");
		rule.call = DOCKER_START;
		rule.times = 1 + roll(dice, 8);
		rule.words = "failed to create shim task: mkdir: no space left on device";
		docker_engine_rule(stage->engine, &rule);
	}
	end_one(stage, name, part.realm, 0);
	stage_run(stage, roll(dice, 200) * SECOND_MS);
}

/* --- its target, the wire, the clocks ----------------------------------------------------------- */

static void meet_storm(struct theatre *stage, struct dice *dice)
{
	char names[ORDINALS_MAX * PARTS_MAX][80];
	enum realm realms[ORDINALS_MAX * PARTS_MAX];
	size_t count = 0;
	stage_disturb(stage, "all that is kept ends at once");
	stage_say(stage, "fault: all end at once");
	if (one_in(dice, 2))
		docker_engine_restart(stage->engine, 200 + roll(dice, 5000));
	sights_take(&stage->sights, stage);
	for (size_t i = 0; i < stage->sights.count && count < COUNT_OF(names); i++)
		if (stage->sights.list[i].component && stage->sights.list[i].running) {
			realms[count] = stage->sights.list[i].realm;
			snprintf(names[count++], sizeof names[0], "%s", stage->sights.list[i].name);
		}
	for (size_t i = 0; i < count; i++)
		end_one(stage, names[i], realms[i], 0);
}

static void lose_sight(struct theatre *stage, struct dice *dice)
{
	int64_t away_ms = one_in(dice, 3) ? (120 + roll(dice, 200)) * SECOND_MS : roll(dice, 40) * SECOND_MS;
	stage_disturb(stage, "targets unreachable for a while");
	stage_say(stage, "fault: nobody reaches any target for %lld s", (long long)away_ms / 1000);
	stage->echoes_until_ms = stage_now(stage) + away_ms + MINUTE_MS;
	universe_silence(stage->universe, ENGINE_ADDRESS, away_ms);
	fake_target_unreachable(stage->fleet, true);
	fake_target_unreachable(stage->cloud, true);
	if (one_in(dice, 2))
		meet_death(stage, dice);
	stage_run(stage, away_ms);
	fake_target_unreachable(stage->fleet, false);
	fake_target_unreachable(stage->cloud, false);
	stage_disturb(stage, "targets reached again");
	stage_say(stage, "targets are reached again");
}

static void vanish_one(struct theatre *stage, struct dice *dice)
{
	struct part part;
	char name[80], path[160];
	if (!any_kept(stage, dice, name, sizeof name, &part) || part.realm == REALM_LOCAL)
		return;
	stage_disturb(stage, "a kept instance is removed by hand");
	stage_say(stage, "fault: %s is removed by hand", name);
	snprintf(path, sizeof path, "/containers/%s?force=1", name);
	if (part.realm == REALM_DOCKER)
		docker_engine_ask(stage->engine, "DELETE", path, NULL, NULL);
	else
		fake_target_vanish(target_of(stage, part.realm), name);
}

static void spoil_message(struct theatre *stage, struct dice *dice)
{
	static const struct fate fates[] = {{.lost = true},        {.lost = true, .reset = true},
					    {.answer_lost = true}, {.answer_lost = true, .reset = true},
					    {.refused = true},     {.spoiling = SPOIL_STATUS, .status = 500}};
	static const char *const only[] = {"/start", "/stop", "/events", "/json", NULL};
	if (stage->fate_count == FATES_MAX)
		return;
	struct planned_fate *planned = &stage->fates[stage->fate_count++];
	*planned = (struct planned_fate){.fate = fates[roll(dice, COUNT_OF(fates))],
					 .kind = "a message of the controller's",
					 .only = only[roll(dice, COUNT_OF(only))],
					 .skip = roll(dice, 2),
					 .times = 1 + roll(dice, 3)};
	planned->fate.there_ms = planned->fate.back_ms = 1;
}

static void jump_clocks(struct theatre *stage, struct dice *dice)
{
	int64_t by = (int64_t)roll(dice, 90) * MINUTE_MS * (one_in(dice, 2) ? -1 : 1);
	stage_disturb(stage, "clocks jump while it is kept");
	stage_say(stage, "fault: the clocks jump by %lld s", (long long)by / 1000);
	universe_jump(stage->universe, by);
	for (int i = 0; i < PARTS_MAX; i++)
		for (int n = 0; n < ORDINALS_MAX; n++)
			stage->kept->wards[i].charges[n].acted_ms = NOT_YET;
}

/* --- the controller itself ---------------------------------------------------------------------- */

static bool command(struct theatre *stage, enum errand_kind doing, struct detail detail)
{
	struct deployer *deployer = controller(stage);
	deployer->detail = detail;
	deployer->last = BERTH_FAILED;
	deployer->adopt = true;
	bool ended = deployer_begin(deployer, doing, 1) && stage_wait(stage, deployer, COMMAND_MS);
	if (!ended && deployer->operation)
		stage_accuse(stage, "ends", "%s never ends", errand_words[doing]);
	deployer->detail = (struct detail){0};
	return ended && deployer->last == BERTH_OK;
}

static void lose_store(struct theatre *stage)
{
	stage_disturb(stage, "the controller's store is deleted");
	deployer_lose_store(controller(stage));
	kept_forgot(stage);
}

/* Nothing of an application that it knows nothing of is its business; deployed again it is. */
static void deploy_again(struct theatre *stage)
{
	for (int tries = 0; tries < 5 && !stage->rule[0]; tries++)
		if (command(stage, DO_DEPLOY, (struct detail){0}))
			return;
}

static void kill_controller(struct theatre *stage, struct dice *dice)
{
	struct deployer *deployer = controller(stage);
	bool forgets = one_in(dice, 5);
	stage_disturb(stage, "the controller is killed");
	deployer->keeps = false;
	seat_kill(deployer->seat);
	deployer_revive(deployer);
	if (one_in(dice, 2))
		meet_death(stage, dice);
	if (forgets)
		lose_store(stage);
	if (!stage_run(stage, one_in(dice, 3) ? roll(dice, 90) * SECOND_MS : 0))
		return;
	kept_begin(deployer);
	if (forgets && stage_run(stage, roll(dice, 20) * SECOND_MS))
		deploy_again(stage);
}

static void kill_controller_at(struct theatre *stage, struct dice *dice)
{
	stage_disturb(stage, "the controller is killed at a call");
	seat_kill_at(controller(stage)->seat, 1 + roll(dice, one_in(dice, 2) ? 20 : 200));
	if (one_in(dice, 2))
		meet_death(stage, dice);
}

static void restart_controller(struct theatre *stage, struct dice *dice)
{
	(void)dice;
	stage_disturb(stage, "the controller is restarted in order");
	play_wait(stage);
	if (!stage->rule[0])
		kept_end(controller(stage));
	if (!stage->rule[0])
		kept_begin(controller(stage));
}

/* --- who works with it -------------------------------------------------------------------------- */

static const struct part *any_part(struct theatre *stage, struct dice *dice)
{
	for (int tries = 0; tries < 60; tries++) {
		const struct part *part = &stage->model.parts[roll(dice, PARTS_MAX)];
		if (part->there && !part->job)
			return part;
	}
	return NULL;
}

static void give_command(struct theatre *stage, struct dice *dice)
{
	static const enum errand_kind errands[] = {DO_DEPLOY,  DO_STOP,  DO_STOP,   DO_START, DO_START,
						   DO_RESTART, DO_SCALE, DO_STATUS, DO_WHY,   DO_DESTROY};
	struct deployer *deployer = controller(stage);
	enum errand_kind doing = errands[roll(dice, COUNT_OF(errands))];
	const struct part *part = any_part(stage, dice);
	bool of_one = doing == DO_SCALE || (doing != DO_DEPLOY && doing != DO_DESTROY && one_in(dice, 2));
	play_wait(stage);
	if (stage->rule[0] || !part || deployer->operation)
		return;
	tally_add(stage->tally, "through the controller", errand_words[doing], 1);
	stage->kept->uneasy_ms = stage_now(stage);
	deployer->adopt = true;
	deployer->detail = (struct detail){.component = of_one ? part->id : NULL};
	bool begun = deployer_begin(deployer, doing, dice_next(dice));
	if (begun && (doing == DO_DESTROY || one_in(dice, 2)))
		stage_wait(stage, deployer, COMMAND_MS);
	if (doing == DO_DESTROY)
		deploy_again(stage);
}

static void edit_and_deploy(struct theatre *stage, struct dice *dice)
{
	static const enum edit edits[] = {EDIT_VERSION, EDIT_SETTING, EDIT_COUNT, EDIT_MEMORY, EDIT_FILE};
	enum edit edit = edits[roll(dice, COUNT_OF(edits))];
	play_wait(stage);
	int index = stage->rule[0] ? -1 : model_edit(&stage->model, edit, dice_next(dice));
	if (index < 0)
		return;
	stage_say(stage, "the blueprint is edited: %s, at %s", edit_words[edit],
		  stage->model.parts[index].id);
	stage->kept->uneasy_ms = stage_now(stage);
	stage_publish(stage);
	deploy_again(stage);
}

static const char *const *policies_of_part(const struct part *part)
{
	static const char *const names[CARES][3] = {
	    [CARE_RESTARTED] = {"restarter"},
	    [CARE_REPLACED] = {"replacer"},
	    [CARE_BOTH] = {"restarter", "replacer"},
	    [CARE_CLASSIC] = {"ServiceRestarter"},
	    [CARE_CLASSIC_BOTH] = {"ServiceRestarter", "ServiceReplacer"},
	};
	return names[part->care];
}

static bool tell_policies(struct theatre *stage, int index, const char *action, const char *argument)
{
	const struct part *part = &stage->model.parts[index];
	for (const char *const *name = policies_of_part(part); *name; name++)
		if (!command(
			stage, DO_POLICY,
			(struct detail){
			    .action = action, .policy = *name, .component = part->id, .argument = argument}))
			return false;
	tally_add(stage->tally, "policies told", action, 1);
	return true;
}

static void suspend_some(struct theatre *stage, struct dice *dice)
{
	const struct part *part = any_part(stage, dice);
	int index = part ? (int)(part - stage->model.parts) : -1;
	play_wait(stage);
	if (stage->rule[0] || index < 0 || !part_is_kept(part) || part->periodic || part->stop_after)
		return;
	struct ward *ward = &stage->kept->wards[index];
	bool resumes = ward->suspended_ms != NOT_YET;
	ward->suspended_ms = NOT_YET;
	ward->touched = true;
	if (tell_policies(stage, index, resumes ? "resume" : "suspend", NULL) && !resumes)
		ward->suspended_ms = stage_now(stage);
	/* That is what it is for. */
	char name[80];
	snprintf(name, sizeof name, "app.%s.1", part->id);
	if (!resumes && !stage->rule[0]) {
		harm(stage, "an instance ends whose policies are suspended");
		end_one(stage, name, part->realm, 0);
	}
}

static void set_some(struct theatre *stage, struct dice *dice)
{
	const struct part *part = any_part(stage, dice);
	play_wait(stage);
	if (!stage->rule[0] && part && part->care >= CARE_RESTARTED && part->care <= CARE_BOTH)
		tell_policies(stage, (int)(part - stage->model.parts), "set", "stableFor=25s");
}

static void let_be(struct theatre *stage, struct dice *dice)
{
	stage_run(stage, (30 + roll(dice, 200)) * SECOND_MS);
}

typedef void happening(struct theatre *stage, struct dice *dice);

void move_kept(struct theatre *stage, struct dice *dice)
{
	static happening *const happenings[] = {
	    meet_death,         meet_death,         meet_death,       meet_two_deaths,  meet_two_deaths,
	    meet_illness,       meet_illness,       meet_many_deaths, meet_many_deaths, meet_refusal,
	    meet_refusal,       meet_storm,         lose_sight,       lose_sight,       vanish_one,
	    spoil_message,      spoil_message,      jump_clocks,      kill_controller,  kill_controller,
	    kill_controller_at, restart_controller, give_command,     give_command,     edit_and_deploy,
	    suspend_some,       suspend_some,       set_some,         let_be,           let_be};
	happenings[roll(dice, COUNT_OF(happenings))](stage, dice);
	if (!stage->rule[0])
		stage_run(stage, one_in(dice, 3) ? roll(dice, 40) * SECOND_MS : roll(dice, 5000));
}

/* --- beginning and end -------------------------------------------------------------------------- */

static void forget_all(struct kept *kept)
{
	*kept = (struct kept){0};
	for (int i = 0; i < PARTS_MAX; i++) {
		kept->wards[i].suspended_ms = NOT_YET;
		for (int n = 0; n < ORDINALS_MAX; n++) {
			struct charge *charge = &kept->wards[i].charges[n];
			charge->well_since_ms = charge->down_since_ms = NOT_YET;
			charge->acted_ms = charge->ended_ms = charge->clung_ms = NOT_YET;
		}
	}
}

/* What has been asked for so far that starts, stops or makes an instance. */
static uint64_t touches(struct theatre *stage)
{
	static const enum fake_call calls[] = {FAKE_PLACE, FAKE_START, FAKE_STOP, FAKE_REMOVE, FAKE_RENAME};
	static const enum docker_call ours[] = {DOCKER_CREATE, DOCKER_START, DOCKER_STOP, DOCKER_RENAME,
						DOCKER_REMOVE};
	size_t count = 0;
	uint64_t touches = stage->act_count;
	const struct docker_change *changes = docker_engine_changes(stage->engine, &count);
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < COUNT_OF(ours); k++)
			touches += changes[i].call == ours[k] && changes[i].target &&
				   strncmp(changes[i].target, "app.", 4) == 0;
	for (size_t i = 0; i < COUNT_OF(calls); i++)
		touches +=
		    fake_target_calls(stage->fleet, calls[i]) + fake_target_calls(stage->cloud, calls[i]);
	return touches;
}

static void must_be_untouched(struct theatre *stage, uint64_t before, const char *what)
{
	uint64_t now = touches(stage);
	tally_add(stage->tally, "judged", "nothing is touched", 1);
	if (now != before)
		stage_accuse(stage, "untouched", "%s, and %llu calls start or end something", what,
			     (unsigned long long)(now - before));
}

/* Policies are no reason to touch anything. */
bool kept_open(struct theatre *stage, struct dice *dice)
{
	uint64_t before = touches(stage);
	stage->kept = calloc(1, sizeof *stage->kept);
	if (!stage->kept)
		abort();
	forget_all(stage->kept);
	docker_engine_changes(stage->engine, &stage->kept->changes_seen);
	model_care(&stage->model, dice);
	stage_publish(stage);
	docker_engine_echoes(stage->engine, stage->seed / KEPT_EACH % 2);
	kept_begin(controller(stage));
	deploy_again(stage);
	if (!stage->rule[0])
		must_be_untouched(stage, before, "policies were added to what runs");
	return !stage->rule[0];
}

void kept_close(struct theatre *stage)
{
	free(stage->kept);
	stage->kept = NULL;
}

static void resume_all(struct theatre *stage)
{
	for (int i = 0; i < PARTS_MAX && !stage->rule[0]; i++)
		if (stage->kept->wards[i].touched && stage->model.parts[i].there) {
			stage->kept->wards[i].suspended_ms = NOT_YET;
			tell_policies(stage, i, "resume", NULL);
		}
}

/* What was given up on answers again by itself. */
static void wake_all(struct theatre *stage)
{
	sights_take(&stage->sights, stage);
	for (size_t i = 0; i < stage->sights.count; i++)
		if (stage->sights.list[i].realm == REALM_DOCKER && !stage->sights.list[i].answers)
			docker_engine_hang(stage->engine, stage->sights.list[i].name, false);
}

/* From here on nothing is done by the clock. */
static void stop_the_clock(struct theatre *stage)
{
	for (int i = 0; i < PARTS_MAX; i++)
		stage->model.parts[i].periodic = stage->model.parts[i].stop_after = false;
	stage_publish(stage);
}

/* Its successor finds what it left, with its memory or without, and mends as it did. */
static void replace_controller(struct theatre *stage, struct dice *dice)
{
	struct deployer *deployer = controller(stage);
	uint64_t before = touches(stage);
	bool forgets = one_in(dice, 2);
	stage_disturb(stage, "the controller is replaced at rest");
	deployer->keeps = false;
	seat_kill(deployer->seat);
	deployer_revive(deployer);
	if (forgets)
		lose_store(stage);
	kept_begin(deployer);
	if (!stage_run(stage, MINUTE_MS))
		return;
	if (forgets)
		deploy_again(stage);
	if (!stage->rule[0] && stage_run(stage, MINUTE_MS))
		must_be_untouched(stage, before, "a controller took another one's place");
}

void kept_settle(struct theatre *stage, struct dice *dice)
{
	struct deployer *deployer = controller(stage);
	play_calm(stage);
	deployer->detail = (struct detail){0};
	if (stage->rule[0])
		return;
	resume_all(stage);
	if (stage->rule[0] || !stage_run(stage, BOUND_MS))
		return;
	rule_recovered(stage);
	wake_all(stage);
	stop_the_clock(stage);
	if (stage->rule[0] || !play_insist(stage, deployer, DO_DEPLOY) || !stage_run(stage, MINUTE_MS))
		return;
	judge_settled(stage);
	rule_duty(stage);
	uint64_t before = touches(stage);
	if (stage->rule[0] || !stage_run(stage, QUIET_MS))
		return;
	must_be_untouched(stage, before, "all is as wanted");
	if (!stage->rule[0])
		replace_controller(stage, dice);
	if (stage->rule[0] || !kept_end(deployer))
		return;
	rule_duty(stage);
	kept_begin(deployer);
	if (!stage->rule[0] && stage_run(stage, MINUTE_MS))
		rule_duty(stage);
	if (!stage->rule[0])
		kept_end(deployer);
}

void kept_expect(struct tally *tally)
{
	static const char *const faults[] = {"a kept instance ends",
					     "a kept instance is out of memory",
					     "a kept instance is killed by hand",
					     "a kept instance ends twice",
					     "a kept instance hangs",
					     "a kept instance ends again and again",
					     "a kept instance ends no more",
					     "an engine refuses to remove a container",
					     "an engine refuses to start a container",
					     "all that is kept ends at once",
					     "targets unreachable for a while",
					     "a kept instance is removed by hand",
					     "a message of the controller's",
					     "clocks jump while it is kept",
					     "the controller's store is deleted",
					     "the controller is killed",
					     "the controller is killed at a call",
					     "the controller is restarted in order",
					     "the controller is replaced at rest",
					     "an instance ends whose policies are suspended"};
	static const char *const judged[] = {
	    "deeds of policies",          "waits between tries", "second failures by the class name",
	    "instances after the faults", "nothing is touched",  "duties",
	    "what clings is seen to"};
	for (size_t i = 0; i < COUNT_OF(faults); i++)
		tally_add(tally, "fault", faults[i], 0);
	for (size_t i = 0; i < COUNT_OF(judged); i++)
		tally_add(tally, "judged", judged[i], 0);
	for (int care = CARE_RESTARTED; care < CARES; care++)
		tally_add(tally, "kept by", care_words[care], 0);
}
