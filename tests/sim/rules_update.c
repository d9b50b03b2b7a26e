/* rules_update.c - what an update is held to while it goes on: nobody is without whom he needs, and nobody
 * interferes. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "tests/sim/rules.h"
#include "tests/sim/there.h"

#define LEAST_DRAIN_MS 1900

/* What may be there twice for a while. */
static bool can_overlap(const struct model *model, const struct part *part)
{
	return part->there && part->realm == REALM_DOCKER && !part->job && !part->bound && !part->volume &&
	       !part->published && !part->stop_first && part->temper < TEMPER_DEAD &&
	       !model_has_consumer_outside(model, (int)(part - model->parts));
}

static bool any_serves(const struct sights *sights, const struct part *part)
{
	for (size_t i = 0; i < sights->count; i++) {
		const struct sight *sight = &sights->list[i];
		if (sight->component && strcmp(sight->component, part->id) == 0 &&
		    sight->realm == part->realm && sight->running && sight->answers)
			return true;
	}
	return false;
}

static bool any_is_published(const struct sights *sights, const struct part *part)
{
	for (size_t i = 0; i < sights->count; i++) {
		const struct sight *sight = &sights->list[i];
		for (size_t k = 0;
		     sight->component && strcmp(sight->component, part->id) == 0 && k < sight->spot_count;
		     k++)
			if (sight->spots[k].number != 80)
				return true;
	}
	return false;
}

struct asked {
	const char *container;
	bool found;
};

static bool is_it(void *owner, const char *container)
{
	struct asked *asked = owner;
	asked->found |= strcmp(asked->container, container) == 0;
	return !asked->found;
}

static bool has_consumers(const struct model *model, const struct part *part)
{
	int index = (int)(part - model->parts);
	for (int i = 0; i < PARTS_MAX; i++)
		for (int k = 0; k < LINKS_MAX && model->parts[i].there; k++)
			if (model->parts[i].links[k] == index)
				return true;
	return false;
}

static bool loses_its_name(const struct docker_change *change, const char *name)
{
	return change->call == DOCKER_DISCONNECT && change->joins && !change->foreign &&
	       strcmp(change->joins, name) == 0;
}

/* Whoever looked the name up just before may still come. Of one that lost its name before, and got it back, a
 * listing does not tell that it has it. */
static void serves_on(struct theatre *stage, const struct docker_change *change)
{
	const struct deployer *deployer = judge_quiet_deployer(stage);
	size_t count = 0;
	const struct docker_change *changes = docker_engine_changes(stage->engine, &count);
	bool got_it_back = false;
	for (size_t i = 0; i < count; i++) {
		int64_t since_ms = change->at_ms - changes[i].at_ms;
		if (!loses_its_name(&changes[i], change->target))
			continue;
		got_it_back |= i < deployer->changes_before;
		if (!got_it_back && since_ms < LEAST_DRAIN_MS)
			stage_accuse(stage, "served", "%s is stopped %lld ms after it lost its name",
				     change->target, (long long)since_ms);
	}
}

/* Whoever stops because another one serves has lost the name by which others come. */
void rule_name_is_lost(struct theatre *stage, const struct docker_change *change)
{
	const struct deployer *deployer = judge_quiet_deployer(stage);
	const struct sight *sight = sights_named(&stage->judge->now, REALM_DOCKER, change->target);
	const struct part *part =
	    deployer && sight && sight->component ? model_part(&deployer->wanted, sight->component) : NULL;
	struct asked asked = {change->target, false};
	char name[32];
	if (!part || !can_overlap(&deployer->wanted, part) || part->instances != 1 ||
	    !deployer->from_converged)
		return;
	bool replaced = false;
	for (size_t i = 0; i < stage->judge->now.count; i++) {
		const struct sight *other = &stage->judge->now.list[i];
		replaced |= sight_same_instance(sight, other) && other->running &&
			    other->generation > sight->generation;
	}
	snprintf(name, sizeof name, "app.%s", part->id);
	docker_engine_resolve(stage->engine, "berth.app", NULL, name, is_it, &asked);
	if (replaced && asked.found)
		stage_accuse(stage, "served", "%s is stopped while its name leads to it", sight->name);
	if (replaced && has_consumers(&deployer->wanted, part))
		serves_on(stage, change);
}

/* An update of what can be there twice leaves nobody without it. */
void rule_all_served(struct theatre *stage, const struct sights *now)
{
	const struct deployer *deployer = judge_quiet_deployer(stage);
	bool judged = deployer && (deployer->from_converged || stage->goes_on);
	for (int i = 0; judged && i < PARTS_MAX; i++) {
		const struct part *part = &deployer->wanted.parts[i];
		if (can_overlap(&deployer->wanted, part) && any_serves(&deployer->before, part) &&
		    !any_is_published(&deployer->before, part) && !any_serves(now, part))
			stage_accuse(stage, "served", "nobody answers as %s while it is updated", part->id);
	}
}

/* Two who change instances at one time know nothing of each other: whoever began before the other one began
 * goes on only when that has ended. */
void judge_asks(struct deployer *deployer, const struct http_request *request)
{
	struct theatre *stage = deployer->stage;
	bool instance = strstr(request->url, "create?name=app.c") || there_changes_instance(request);
	for (size_t i = 0; i < stage->judge->now.count && !instance; i++) {
		const struct sight *sight = &stage->judge->now.list[i];
		instance =
		    sight->realm == REALM_DOCKER && sight->component && strstr(request->url, sight->id);
	}
	if (!instance)
		return;
	deployer->changes_instances = true;
	rule_leased(deployer);
	for (int i = 0; i < DEPLOYERS; i++) {
		struct deployer *other = &stage->deployers[i];
		if (other == deployer || !other->operation || !other->changes_instances)
			continue;
		other->met_by |= 1u << deployer->number;
		if (deployer->met_by & 1u << other->number && !deployer->disturbed && !other->disturbed)
			stage_accuse(stage, "one at a time",
				     "deployers %d and %d change instances at one time", deployer->number + 1,
				     other->number + 1);
	}
}

/* Whatever its messages met: what was there all the time is not to be made. */
void judge_plan(struct deployer *deployer)
{
	struct theatre *stage = deployer->stage;
	struct sights now = {0};
	size_t i;
	json_t *change;
	sights_take(&now, stage);
	json_array_foreach (json_object_get(deployer->document, "changes"), i, change) {
		const char *action = json_text(change, "action"), *name = json_text(change, "instance");
		const char *component = json_text(change, "component");
		const struct part *part = component ? model_part(&deployer->wanted, component) : NULL;
		if (!part || !action || strcmp(action, "create") != 0)
			continue;
		const struct sight *before = sights_named(&deployer->before, part->realm, name);
		const struct sight *there = sights_named(&now, part->realm, name);
		if (before && before->component && there && strcmp(before->id, there->id) == 0)
			stage_accuse(stage, "unknown", "%s is to be made, and was there all the time", name);
	}
	sights_release(&now);
}
