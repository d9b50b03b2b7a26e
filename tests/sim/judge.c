/* judge.c - when which rule of trust is looked at, and what is remembered of the world in between. */
#include "tests/sim/judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "locations/fake/target.h"
#include "tests/sim/kept.h"
#include "tests/sim/local.h"
#include "tests/sim/rules.h"
#include "tests/sim/there.h"

struct judge *judge_new(void)
{
	return calloc(1, sizeof(struct judge));
}

static bool free_word(const char *key, void *value, void *context)
{
	(void)key, (void)context;
	free(value);
	return true;
}

void judge_free(struct judge *judge)
{
	if (!judge)
		return;
	map_each(judge->phases, free_word, NULL);
	map_release(&judge->phases);
	sights_release(&judge->now);
	sights_release(&judge->done);
	free(judge);
}

void judge_store_lost(struct theatre *stage)
{
	stage->judge->forgetful = true;
}

void judge_stranger(struct theatre *stage, const char *name)
{
	struct judge *judge = stage->judge;
	if (judge->stranger_count < STRANGERS_MAX)
		snprintf(judge->strangers[judge->stranger_count++], sizeof judge->strangers[0], "%s", name);
}

void judge_stranger_sure(struct theatre *stage)
{
	stage->judge->sure_count = stage->judge->stranger_count;
}

void judge_stranger_unsure(struct theatre *stage)
{
	stage->judge->sure_count = 0;
}

void judge_stranger_leaves(struct theatre *stage, const char *name)
{
	struct judge *judge = stage->judge;
	for (size_t i = 0; i < judge->stranger_count; i++)
		if (strcmp(judge->strangers[i], name) == 0)
			memmove(judge->strangers[i], judge->strangers[--judge->stranger_count],
				sizeof judge->strangers[i]);
	judge->sure_count = judge->stranger_count;
}

static uint64_t stamp_of(struct theatre *stage)
{
	uint64_t stamp = docker_engine_stamp(stage->engine) + stage->act_count;
	for (int call = 0; call < FAKE_CALLS; call++)
		if (call != FAKE_LIST && call != FAKE_LOOK && call != FAKE_PROBE)
			stamp += fake_target_calls(stage->fleet, (enum fake_call)call) +
				 fake_target_calls(stage->cloud, (enum fake_call)call);
	return stamp + ssh_machine_stamp(stage->there) + stage->disturbances;
}

void judge_step(struct theatre *stage)
{
	struct judge *judge = stage->judge;
	uint64_t stamp = stamp_of(stage);
	if (stamp == judge->stamp)
		return;
	judge->stamp = stamp;
	struct sights before = judge->now;
	judge->now = (struct sights){0};
	sights_take(&judge->now, stage);
	rule_in_order(stage, &before, &judge->now);
	rule_all_served(stage, &judge->now);
	rule_in_turn(stage, &judge->now);
	sights_release(&before);
	rule_no_doubles(stage, &judge->now);
	local_no_doubles(stage);
	there_always(stage);
	rule_nothing_unmarked(stage, &judge->now);
	rule_strangers_untouched(stage);
	rule_data_stays(stage);
	judge_see_leases(stage);
	rule_done_survives(stage);
	if (stage->kept)
		kept_sights(stage, &judge->now);
}

bool judge_reads_only(enum errand_kind doing)
{
	return doing == DO_PLAN || doing == DO_STATUS || doing == DO_WHY || doing == DO_GC ||
	       doing == DO_LOGS;
}

void judge_begin(struct deployer *deployer)
{
	struct theatre *stage = deployer->stage;
	deployer->alone = true;
	for (int i = 0; i < DEPLOYERS; i++)
		if (&stage->deployers[i] != deployer && stage->deployers[i].operation)
			stage->deployers[i].alone = deployer->alone = false;
	deployer->from_converged = stage->judge->converged_holds && deployer->alone &&
				   stage->judge->converged_at == stage->disturbances;
	if (!judge_reads_only(deployer->doing))
		stage->judge->converged_holds = false;
	deployer->met = deployer->met_by = 0;
	deployer->changes_instances = deployer->works = deployer->crossed = false;
	deployer->leased = deployer->was_leased = false;
	deployer->lease_lost_ms = 0;
	deployer->disturbances_before = stage->disturbances;
	judge_note_holder(deployer);
	sights_take(&deployer->before, deployer->stage);
	docker_engine_changes(deployer->stage->engine, &deployer->changes_before);
	deployer->stage->judge->done_holds = false;
}

static void note_work(struct deployer *deployer, const char *phase)
{
	struct theatre *stage = deployer->stage;
	bool ends = strcmp(phase, "stopping") == 0 || strcmp(phase, "removing") == 0;
	deployer->works = true;
	for (int i = 0; i < DEPLOYERS && ends; i++)
		if (&stage->deployers[i] != deployer && stage->deployers[i].works)
			stage->deployers[i].crossed = true;
}

void judge_phase(struct deployer *deployer, const struct berth_event *event)
{
	note_work(deployer, event->phase);
	struct judge *judge = deployer->stage->judge;
	char *last = map_get(judge->phases, event->instance), words[64];
	if (!last || strcmp(last, event->phase) != 0) {
		snprintf(words, sizeof words, "%s to %s", last ? last : "(nothing)", event->phase);
		tally_add(deployer->stage->tally, "change of phase", words, 1);
	}
	char *copy = strdup(event->phase);
	if (!copy || map_put(&judge->phases, event->instance, copy))
		abort();
	free(last);
}

void judge_end(struct deployer *deployer, enum berth_outcome outcome)
{
	struct theatre *stage = deployer->stage;
	struct judge *judge = stage->judge;
	if (judge_reads_only(deployer->doing))
		rule_only_read(deployer);
	if (deployer->doing == DO_DEPLOY && outcome == BERTH_FAILED && !deployer->disturbed &&
	    deployer->alone) {
		rule_old_ones_kept(deployer);
		rule_others_left(deployer);
	}
	if (deployer->doing == DO_PLAN && outcome == BERTH_OK)
		judge_plan(deployer);
	if (deployer->doing == DO_DEPLOY && deployer->alone) {
		rule_bears_it(deployer);
		rule_ends_well(deployer);
	}
	if (outcome == BERTH_OK && deployer->alone && !deployer->overtaken)
		rule_success_is_true(deployer);
	if (outcome != BERTH_OK || deployer->disturbed)
		return;
	rule_only_owners(deployer);
	if (deployer->doing != DO_DEPLOY && deployer->doing != DO_START && deployer->doing != DO_RESTART)
		return;
	sights_take(&judge->now, stage);
	if (deployer->doing == DO_DEPLOY) {
		/* Between giving its lease back and its report the next one's turn has come. */
		if (!deployer->crossed)
			rule_wanted_run(stage, &deployer->wanted, "success");
		if (deployer->alone) {
			rule_plan_kept(deployer);
			rule_plan_done(deployer);
			rule_not_in_vain(deployer);
		}
		if (deployer->from_converged && deployer->alone)
			rule_only_touched(deployer);
		judge->converged = deployer->wanted;
		judge->converged_at = stage->disturbances;
		judge->converged_holds = deployer->alone;
	}
	sights_take(&judge->done, stage);
	judge->done_at = stage->disturbances;
	judge->done_holds = true;
}

void judge_settled(struct theatre *stage)
{
	sights_take(&stage->judge->now, stage);
	rule_wanted_run(stage, &stage->model, "converges");
	rule_nothing_more(stage);
	rule_as_written(stage, &stage->model);
	rule_links_lead(stage, &stage->model);
}

void judge_gone(struct theatre *stage)
{
	sights_take(&stage->judge->now, stage);
	rule_nothing_left(stage);
}
