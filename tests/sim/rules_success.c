/* rules_success.c - a report of success is true, and one message that meets something is no reason to fail.
 */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "tests/sim/rules.h"

/* Where names are unique. */
static void nothing_else(struct deployer *deployer)
{
	const struct sights *now = &deployer->stage->judge->now;
	for (size_t i = 0; i < now->count; i++) {
		const struct sight *sight = &now->list[i];
		const struct part *part =
		    sight->component ? model_part(&deployer->wanted, sight->component) : NULL;
		if (!sight->component || sight->realm == REALM_NAMELESS ||
		    !judge_is_findable(deployer->stage, &deployer->wanted, sight->realm))
			continue;
		if (!part || part->realm != sight->realm || sight->ordinal > part->instances ||
		    sight->generation)
			stage_accuse(deployer->stage, "success", "%s is there, and nobody wants it",
				     sight->name);
	}
}

/* Whoever was waited for answers, and whoever never does was not waited for in vain. */
static void all_answer(struct deployer *deployer)
{
	struct theatre *stage = deployer->stage;
	for (int i = 0; i < PARTS_MAX; i++) {
		const struct part *part = &deployer->wanted.parts[i];
		/* Where the helper that asks could not be made it is said that nobody asked. */
		if (part->there && !part->job && part->temper == TEMPER_DEAD && !deployer->disturbed)
			stage_accuse(stage, "success", "%s is deployed, and never answers", part->id);
		for (unsigned n = 1; part->there && !part->job && n <= part->instances; n++) {
			const struct sight *sight = judge_counted(stage, part, n);
			const struct sight *before =
			    sight ? sights_named(&deployer->before, sight->realm, sight->name) : NULL;
			bool made = sight && (!before || strcmp(before->id, sight->id) != 0);
			if (made && sight->running && !sight->answers && part->realm == REALM_DOCKER &&
			    part->temper < TEMPER_DEAD && !deployer->disturbed)
				stage_accuse(stage, "success", "%s is deployed, and does not answer",
					     sight->name);
		}
	}
}

static void nothing_runs(struct deployer *deployer)
{
	const struct sights *now = &deployer->stage->judge->now;
	for (size_t i = 0; i < now->count; i++)
		if (now->list[i].component && now->list[i].running &&
		    judge_is_findable(deployer->stage, &deployer->wanted, now->list[i].realm))
			stage_accuse(deployer->stage, "success", "%s runs after a stop", now->list[i].name);
}

static bool takes_a_lease(enum errand_kind doing)
{
	return doing == DO_DEPLOY || (doing >= DO_STOP && doing <= DO_DESTROY);
}

static bool see_lease(void *owner, const struct docker_volume_view *view)
{
	const struct deployer *deployer = owner;
	const char *token = json_string_value(json_object_get(view->labels, "berth.lease"));
	if (token && starts_with(token, deployer->berth->deployer))
		stage_accuse(deployer->stage, "success", "the lease %s is left", view->name);
	return true;
}

/* What was reported as done is so, whatever the messages on its way met. */
void rule_success_is_true(struct deployer *deployer)
{
	struct theatre *stage = deployer->stage;
	sights_take(&stage->judge->now, stage);
	tally_add(stage->tally, "judged", "reports of success", 1);
	if (deployer->doing == DO_DEPLOY) {
		rule_wanted_run(stage, &deployer->wanted, "success");
		rule_as_written(stage, &deployer->wanted);
		rule_links_lead(stage, &deployer->wanted);
		nothing_else(deployer);
		all_answer(deployer);
	}
	if (deployer->doing == DO_STOP)
		nothing_runs(deployer);
	if (takes_a_lease(deployer->doing) && !deployer->disturbed) /* else it may have been told of */
		docker_engine_volumes(stage->engine, see_lease, deployer);
}

bool judge_anybody_fails(const struct model *model)
{
	for (int i = 0; i < PARTS_MAX; i++)
		if (model->parts[i].there && model->parts[i].temper >= TEMPER_DEAD)
			return true;
	return false;
}

/* One message that meets something is no reason to fail. */
void rule_bears_it(struct deployer *deployer)
{
	struct theatre *stage = deployer->stage;
	if (deployer->met != 1 || !deployer->met_at_instance || !deployer->from_converged ||
	    stage->troubled || stage->disturbances != deployer->disturbances_before + 1 ||
	    judge_anybody_fails(&deployer->wanted))
		return;
	tally_add(stage->tally, "judged", "deploys of which one message met something", 1);
	if (deployer->last == BERTH_FAILED)
		stage_accuse(stage, "bears", "one message met something, and the deploy failed: %s",
			     deployer->last_words);
}

static bool anybody_is_protected(const struct model *model)
{
	for (int i = 0; i < PARTS_MAX; i++)
		if (model->parts[i].there && model->parts[i].protected)
			return true;
	return false;
}

/* Where nothing goes wrong a deploy of a settled application ends well. */
void rule_ends_well(struct deployer *deployer)
{
	struct theatre *stage = deployer->stage;
	if (!deployer->from_converged || deployer->disturbed || stage->troubled ||
	    judge_anybody_fails(&deployer->wanted) || anybody_is_protected(&deployer->wanted))
		return;
	tally_add(stage->tally, "judged", "deploys that nothing befell", 1);
	if (deployer->last == BERTH_FAILED)
		stage_accuse(stage, "smooth", "nothing went wrong, and the deploy ended with %d: %s",
			     (int)deployer->last, deployer->last_words);
}
