/* trial_doubt.c - what is shown is not what is so: an answer that is older than what it tells of, a keeper
 * that is none. */
#include <stdio.h>
#include <string.h>

#include "base/map.h"
#include "tests/sim/local.h"
#include "tests/sim/play.h"
#include "tests/sim/rules.h"

enum { LOOK_TAKES_MS = 600, OPERATION_MS = 40 * 60000 };

/* --- it stops while it is looked at ------------------------------------------------------------------ */

static bool is_there(const struct sights *sights, const char *id, bool *ret_running)
{
	for (size_t i = 0; i < sights->count; i++)
		if (strcmp(sights->list[i].id, id) == 0) {
			*ret_running = sights->list[i].running;
			return true;
		}
	return false;
}

/* One that the deploy made and that answers, so that it has to say so when that one ends; NULL: none yet. */
static const struct sight *any_made(const struct theatre *stage, const struct deployer *deployer,
				    const struct sights *now)
{
	bool running;
	for (size_t i = 0; i < now->count; i++) {
		const struct sight *sight = &now->list[i];
		const char *phase = sight->name ? map_get(stage->judge->phases, sight->name) : NULL;
		if (sight->realm == REALM_DOCKER && sight->component && sight->running && phase &&
		    strcmp(phase, "running") == 0 && !is_there(&deployer->before, sight->id, &running))
			return sight;
	}
	return NULL;
}

/* An event of it has it looked at, and the answer comes late. */
static void have_it_looked_at(struct theatre *stage, const char *name)
{
	char path[120];
	stage->looked_at[0] = '\0';
	stage->fate_count = 0;
	stage->fates[stage->fate_count++] =
	    (struct planned_fate){.fate = {.there_ms = 1, .back_ms = LOOK_TAKES_MS},
				  .kind = "answer delayed",
				  .only = only_looks,
				  .times = 1};
	snprintf(path, sizeof path, "/containers/%s/update", name);
	docker_engine_ask(stage->engine, "POST", path, "{}", NULL);
}

/* Whose look is under way. False: the deploy has ended before, or there is a verdict. */
static bool await_look(struct theatre *stage, const struct deployer *deployer, char ret_name[static 80],
		       char ret_id[static 80])
{
	struct sights now = {0};
	while (deployer->operation && (!ret_name[0] || strcmp(stage->looked_at, ret_name) != 0)) {
		sights_take(&now, stage);
		const struct sight *sight = ret_name[0] ? NULL : any_made(stage, deployer, &now);
		if (sight) {
			snprintf(ret_name, 80, "%s", sight->name);
			snprintf(ret_id, 80, "%s", sight->id);
			have_it_looked_at(stage, ret_name);
		}
		sights_release(&now);
		if (!stage_run(stage, 5))
			return false;
	}
	/* Once its lease is given back, what ends is nothing of its. */
	return deployer->operation && stage_run(stage, 20) && deployer->leased;
}

/* What it is told in answer is not so any more when it hears it; that it stopped it hears before. */
void trial_look(struct theatre *stage, struct deployer *deployer)
{
	struct sights now = {0};
	char name[80] = "", id[80] = "", path[120];
	bool running = false;
	if (!await_look(stage, deployer, name, id))
		return;
	stage_disturb(stage, "an instance stopped by hand");
	stage_say(stage, "fault: %s is stopped while it is looked at", name);
	snprintf(path, sizeof path, "/containers/%s/stop?t=0", id);
	docker_engine_ask(stage->engine, "POST", path, NULL, NULL);
	tally_add(stage->tally, "judged", "those that stopped while they were looked at", 1);
	if (!stage_wait(stage, deployer, OPERATION_MS) || deployer->last != BERTH_OK)
		return;
	sights_take(&now, stage);
	if (is_there(&now, id, &running) && !running)
		stage_accuse(stage, "success", "%s stopped while it was looked at, and is told to run", name);
	sights_release(&now);
}

/* --- a second keeper --------------------------------------------------------------------------------- */

/* There is nothing to do, and nothing is done. */
static bool does_nothing(struct theatre *stage, struct deployer *deployer, const char *name)
{
	pid_t before = 0, now = 0;
	size_t programs = machine_programs(stage->machines[0], name, &before);
	deployer->adopt = true;
	if (!deployer_begin(deployer, DO_DEPLOY, 1) || !stage_wait(stage, deployer, OPERATION_MS))
		return false;
	if (deployer->last != BERTH_OK || deployer->changed)
		stage_accuse(stage, "smooth", "beside a keeper that is none a deploy ended with %d: %s%s",
			     (int)deployer->last, deployer->last_words, deployer->last_changes);
	if (machine_programs(stage->machines[0], name, &now) != programs || now != before)
		stage_accuse(stage, "smooth", "%s was ended for a keeper that is none", name);
	return !stage->rule[0];
}

/* Stopped, the one that is recorded stays, parked, and goes on; the other one goes. */
static void parks_the_right_one(struct theatre *stage, struct deployer *deployer, const char *name)
{
	pid_t before = 0, now = 0;
	machine_keepers(stage->machines[0], name, &before);
	if (!deployer_begin(deployer, DO_STOP, 1) || !stage_wait(stage, deployer, OPERATION_MS) ||
	    deployer->last != BERTH_OK)
		return;
	if (!machine_keepers(stage->machines[0], name, &now) || now != before)
		stage_accuse(stage, "smooth", "the keeper of %s was ended for one that is none", name);
}

/* The one that is recorded counts, for whoever looks. */
void trial_twin(struct theatre *stage, struct deployer *deployer, struct dice *dice)
{
	const char *any = local_any(stage, dice);
	char name[48];
	snprintf(name, sizeof name, "%s", any ? any : "");
	if (!any || !(stage->twin = machine_twin(stage->machines[0], name)))
		return;
	tally_add(stage->tally, "judged", "a second keeper", 1);
	stage_say(stage, "fault: process %d stands beside the keeper of %s", (int)stage->twin, name);
	if (does_nothing(stage, deployer, name))
		does_nothing(stage, &stage->deployers[roll(dice, play_deployers(stage))], name);
	if (!stage->rule[0] && one_in(dice, 2))
		parks_the_right_one(stage, deployer, name);
	machine_signal(stage->machines[0], stage->twin, 9);
	stage->twin = 0;
}
