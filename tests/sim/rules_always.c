/* rules_always.c - what holds after every step, whoever works and whatever befalls him. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "tests/sim/rules.h"

/* What lies in files may have changed since, and be in doubt after a death: then another one is made of it.
 */
static bool same_content(const struct sight *a, const struct sight *b)
{
	if (*a->file_digest)
		return false;
	return strcmp(a->digest, b->digest) == 0 && strcmp(a->link_digest, b->link_digest) == 0 &&
	       strcmp(a->secret_digest, b->secret_digest) == 0 &&
	       strcmp(a->file_digest, b->file_digest) == 0 && a->spot_count == b->spot_count;
}

static bool share_volume(const struct sight *a, const struct sight *b)
{
	for (const char *const *one = a->volumes; one && *one; one++)
		for (const char *const *other = b->volumes; other && *other; other++)
			if (strcmp(*one, *other) == 0)
				return true;
	return false;
}

/* A replacer makes the same once more before the one that is ill goes. */
static bool is_being_replaced(const struct theatre *stage, const struct sight *one, const struct sight *other)
{
	const struct part *part = model_part(&stage->model, one->component);
	return stage->kept && part && part_is_replaced(part) && one->generation != other->generation;
}

/* Where names are unique: at most one of each content, at most two at all, and never two on one volume. */
void rule_no_doubles(struct theatre *stage, const struct sights *sights)
{
	for (size_t i = 0; i < sights->count; i++) {
		const struct sight *one = &sights->list[i];
		for (size_t k = i + 1; k < sights->count && one->component; k++) {
			const struct sight *other = &sights->list[k];
			if (!sight_same_instance(one, other))
				continue;
			if (one->realm != REALM_NAMELESS && one->running && other->running &&
			    same_content(one, other) && !is_being_replaced(stage, one, other))
				stage_accuse(stage, "doubles", "%s and %s run, and are the same", one->name,
					     other->name);
			if (one->running && other->running && share_volume(one, other))
				stage_accuse(stage, "volumes", "%s and %s both write to one volume",
					     one->name, other->name);
		}
	}
}

/* What berth made carries its mark. */
void rule_nothing_unmarked(struct theatre *stage, const struct sights *sights)
{
	for (size_t i = 0; i < sights->count; i++) {
		const struct sight *sight = &sights->list[i];
		bool stranger = false;
		for (size_t k = 0; k < stage->judge->stranger_count; k++)
			stranger |= strcmp(stage->judge->strangers[k], sight->name) == 0;
		if (!sight->app && !stranger)
			stage_accuse(stage, "marks", "%s is there, and nobody accounts for it", sight->name);
	}
}

/* What is somebody else's is asked nothing, by its name. */
void rule_strangers_untouched(struct theatre *stage)
{
	struct judge *judge = stage->judge;
	size_t count = 0;
	const struct docker_change *changes = docker_engine_changes(stage->engine, &count);
	for (; judge->changes_seen < count; judge->changes_seen++) {
		const struct docker_change *change = &changes[judge->changes_seen];
		tally_add(stage->tally, "engine call", docker_call_name(change->call), 1);
		if (change->call == DOCKER_STOP && !change->foreign) {
			rule_name_is_lost(stage, change);
			rule_goes_last(stage, change);
		}
		for (size_t i = 0; i < judge->sure_count && !change->foreign; i++)
			if (change->call != DOCKER_CREATE && change->target &&
			    strcmp(change->target, judge->strangers[i]) == 0)
				stage_accuse(stage, "strangers", "%s was asked of %s, which is not berth's",
					     docker_call_name(change->call), change->target);
	}
}

struct counting {
	struct theatre *stage;
	char (*names)[80];
	size_t count;
};

static bool see_volume(void *owner, const struct docker_volume_view *view)
{
	struct counting *counting = owner;
	if (!json_object_get(view->labels, "berth.volume") || counting->count == VOLUMES_MAX)
		return true;
	snprintf(counting->names[counting->count++], sizeof counting->names[0], "%s", view->name);
	return true;
}

/* A volume with data goes only when that was asked for, which nobody does here. */
void rule_data_stays(struct theatre *stage)
{
	struct judge *judge = stage->judge;
	char names[VOLUMES_MAX][80];
	struct counting counting = {.stage = stage, .names = names};
	docker_engine_volumes(stage->engine, see_volume, &counting);
	for (size_t i = 0; i < judge->volume_count; i++) {
		bool there = false;
		for (size_t k = 0; k < counting.count; k++)
			there |= strcmp(judge->volumes[i], names[k]) == 0;
		if (!there)
			stage_accuse(stage, "data", "the volume %s is gone, and nobody asked for that",
				     judge->volumes[i]);
	}
	memcpy(judge->volumes, names, sizeof names);
	judge->volume_count = counting.count;
}

static bool anybody_works(const struct theatre *stage)
{
	for (int i = 0; i < DEPLOYERS; i++)
		if (stage->deployers[i].operation)
			return true;
	return false;
}

/* What was reported as done is there until somebody changes it. */
void rule_done_survives(struct theatre *stage)
{
	struct judge *judge = stage->judge;
	if (!judge->done_holds)
		return;
	if (stage->disturbances != judge->done_at || anybody_works(stage)) {
		judge->done_holds = false;
		return;
	}
	for (size_t i = 0; i < judge->done.count; i++) {
		const struct sight *before = &judge->done.list[i];
		const struct sight *now = before->component && before->running
					      ? sights_named(&judge->now, before->realm, before->name)
					      : before;
		if (!now || strcmp(now->id, before->id) != 0)
			stage_accuse(stage, "survives", "%s was reported as running, and is gone",
				     before->name);
	}
}

static bool any_answers(const struct sights *sights, const struct part *provider)
{
	for (size_t i = 0; i < sights->count; i++) {
		const struct sight *sight = &sights->list[i];
		if (sight->component && strcmp(sight->component, provider->id) == 0 && sight->running &&
		    (sight->answers || sight->unsteady))
			return true;
	}
	return false;
}

/* Whoever alone deploys, undisturbed; or NULL. */
const struct deployer *judge_quiet_deployer(const struct theatre *stage)
{
	for (int i = 0; i < DEPLOYERS; i++) {
		const struct deployer *deployer = &stage->deployers[i];
		if (deployer->operation && deployer->doing == DO_DEPLOY && deployer->alone &&
		    !deployer->disturbed)
			return deployer;
	}
	return NULL;
}

/* An engine that comes back starts by itself what its restart policy says. */
static bool is_started_by(const struct deployer *deployer, const char *name)
{
	size_t count = 0;
	const struct docker_change *changes = docker_engine_changes(deployer->stage->engine, &count);
	for (size_t i = deployer->changes_before; i < count; i++)
		if (changes[i].call == DOCKER_START && !changes[i].foreign && changes[i].target &&
		    strcmp(changes[i].target, name) == 0)
			return true;
	return false;
}

/* A job that came to its end, or somebody who answers. */
static bool is_ready(const struct sights *sights, const struct part *provider)
{
	if (!provider->job)
		return any_answers(sights, provider);
	for (size_t i = 0; i < sights->count; i++) {
		const struct sight *sight = &sights->list[i];
		if (sight->component && strcmp(sight->component, provider->id) == 0 && sight->ended_well)
			return true;
	}
	return false;
}

/* A consumer starts when those that it is linked to answer, and those that it comes after are ready. */
void rule_in_order(struct theatre *stage, const struct sights *before, const struct sights *now)
{
	const struct deployer *deployer = judge_quiet_deployer(stage);
	for (size_t i = 0; deployer && i < now->count; i++) {
		const struct sight *sight = &now->list[i];
		const struct part *part =
		    sight->component ? model_part(&deployer->wanted, sight->component) : NULL;
		const struct sight *was = sights_named(before, sight->realm, sight->name);
		if (!part || sight->realm != REALM_DOCKER || !sight->running || part->peer ||
		    (was && was->running) || !is_started_by(deployer, sight->name))
			continue;
		for (int k = 0; k <= LINKS_MAX; k++) {
			int to = k < LINKS_MAX ? part->links[k] : part->after;
			const struct part *provider = to < 0 ? NULL : &deployer->wanted.parts[to];
			if (provider && provider->realm == REALM_DOCKER && provider->temper != TEMPER_CRASH &&
			    !is_ready(now, provider))
				stage_accuse(stage, "order", "%s was started, and nobody answers as %s",
					     sight->name, provider->id);
		}
	}
}
