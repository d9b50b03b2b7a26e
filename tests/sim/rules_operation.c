/* rules_operation.c - what an operation that has ended is held to: its plan, its kind, and what was there
 * before. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "tests/sim/rules.h"

/* Who looks at what answers asks through a helper, whose image is loaded when it is not there yet. */
static bool of_helper(const struct docker_change *change)
{
	return change->call == DOCKER_LOAD ||
	       (change->target && strncmp(change->target, "berth.helper", 12) == 0);
}

/* Who alone works, undisturbed, and only reads, changes nothing. */
void rule_only_read(struct deployer *deployer)
{
	struct theatre *stage = deployer->stage;
	size_t count = 0;
	const struct docker_change *changes = docker_engine_changes(stage->engine, &count);
	for (size_t i = deployer->changes_before; i < count && deployer->alone; i++)
		if (!changes[i].foreign && !deployer->disturbed && !of_helper(&changes[i]))
			stage_accuse(stage, "reads", "%s changes something: %s of %s",
				     errand_words[deployer->doing], docker_call_name(changes[i].call),
				     changes[i].target);
}

/* "app.c1.1" of "app.c1.1.g2"; false: it is no instance. */
static bool settled_name(const char *name, char *ret, size_t size)
{
	const char *generation = name ? strstr(name, ".g") : NULL;
	if (!name || strncmp(name, "app.c", 5) != 0)
		return false;
	snprintf(ret, size, "%.*s", generation ? (int)(generation - name) : (int)strlen(name), name);
	return true;
}

static bool is_planned(const struct deployer *deployer, const char *name)
{
	size_t i;
	json_t *change;
	json_array_foreach (json_object_get(deployer->document, "changes"), i, change) {
		char planned[80];
		const char *action = json_text(change, "action");
		if (settled_name(json_text(change, "instance"), planned, sizeof planned) &&
		    strcmp(planned, name) == 0 && action && strcmp(action, "unchanged") != 0)
			return true;
	}
	return false;
}

/* Undisturbed, a deploy does what its plan said, and to nobody else. */
void rule_plan_kept(struct deployer *deployer)
{
	struct theatre *stage = deployer->stage;
	size_t count = 0;
	const struct docker_change *changes = docker_engine_changes(stage->engine, &count);
	for (size_t i = deployer->changes_before; i < count; i++) {
		char name[80];
		bool asked = changes[i].call >= DOCKER_CREATE && changes[i].call <= DOCKER_ARCHIVE_PUT;
		if (asked && !changes[i].foreign && settled_name(changes[i].target, name, sizeof name) &&
		    !is_planned(deployer, name))
			stage_accuse(stage, "plan", "%s was asked of %s, which the plan leaves alone",
				     docker_call_name(changes[i].call), name);
	}
}

static bool is_because_of(json_t *change, const char *path)
{
	size_t i;
	json_t *reason;
	json_array_foreach (json_object_get(change, "because"), i, reason) {
		const char *why = json_text(reason, "path");
		if (why && strcmp(why, path) == 0)
			return true;
	}
	return false;
}

/* To be put on a network is asked of the network: any of those requests may be it. */
static bool was_asked(const struct deployer *deployer, const char *name, bool of_network)
{
	size_t count = 0;
	const struct docker_change *changes = docker_engine_changes(deployer->stage->engine, &count);
	for (size_t i = deployer->changes_before; i < count; i++) {
		char asked[80];
		if (!changes[i].foreign &&
		    ((of_network && changes[i].call == DOCKER_CONNECT) ||
		     (settled_name(changes[i].target, asked, sizeof asked) && strcmp(asked, name) == 0)))
			return true;
	}
	return false;
}

/* And all of what its plan said. */
void rule_plan_done(struct deployer *deployer)
{
	size_t i;
	json_t *change;
	json_array_foreach (json_object_get(deployer->document, "changes"), i, change) {
		const char *action = json_text(change, "action"), *component = json_text(change, "component");
		const struct part *part = component ? model_part(&deployer->wanted, component) : NULL;
		char name[80];
		if (part && part->realm == REALM_DOCKER && action && strcmp(action, "unchanged") != 0 &&
		    strcmp(action, "remove") != 0 &&
		    settled_name(json_text(change, "instance"), name, sizeof name) &&
		    !was_asked(deployer, name, is_because_of(change, "network")))
			stage_accuse(deployer->stage, "plan", "the plan says %s of %s, and nothing was asked",
				     action, name);
	}
	tally_add(deployer->stage->tally, "judged", "deploys against their plans", 1);
}

bool judge_is_edited(const struct model *before, const struct model *after, int index)
{
	return memcmp(&before->parts[index], &after->parts[index], sizeof before->parts[index]) != 0 ||
	       (model_has_consumer_outside(after, index) && !model_has_consumer_outside(before, index));
}

/* Which parts an edit is about, as the first consumer outside is about its provider, and who takes over a
 * value of theirs. */
static void touched(const struct model *before, const struct model *after, bool ret[PARTS_MAX])
{
	for (int i = 0; i < PARTS_MAX; i++)
		ret[i] =
		    judge_is_edited(before, after, i) || (before->secret_version != after->secret_version &&
							  model_has_secret(after, &after->parts[i]));
	for (int i = 0; i < PARTS_MAX; i++)
		for (int k = 0; k < LINKS_MAX; k++) {
			int to = after->parts[i].links[k];
			ret[i] |= to >= 0 && ret[to] &&
				  (judge_is_edited(before, after, to) ||
				   after->parts[to].realm != after->parts[i].realm);
		}
}

/* From a settled application, only what was edited, and who takes over its values, is another one now. */
void rule_only_touched(struct deployer *deployer)
{
	struct theatre *stage = deployer->stage;
	bool may[PARTS_MAX];
	tally_add(stage->tally, "judged", "edits of a settled application", 1);
	touched(&stage->judge->converged, &deployer->wanted, may);
	for (size_t i = 0; i < deployer->before.count; i++) {
		const struct sight *before = &deployer->before.list[i];
		const struct part *part =
		    before->component ? model_part(&deployer->wanted, before->component) : NULL;
		if (!part || may[part - deployer->wanted.parts] || part->temper >= TEMPER_DEAD)
			continue;
		const struct sight *now = sights_named(&stage->judge->now, before->realm, before->name);
		if (!now || strcmp(now->id, before->id) != 0)
			stage_accuse(stage, "only touched",
				     "%s is another one now, though nothing of it was edited", before->name);
	}
}

struct asking {
	char *ret;
	size_t size;
};

static bool see_claim(void *owner, const struct docker_volume_view *view)
{
	const struct asking *asking = owner;
	const char *holder = json_string_value(json_object_get(view->labels, "berth.claim"));
	if (holder)
		snprintf(asking->ret, asking->size, "%s", holder);
	return !holder;
}

/* Who has the application at the engine when an operation begins. */
void judge_note_holder(struct deployer *deployer)
{
	struct asking asking = {deployer->holder, sizeof deployer->holder};
	deployer->holder[0] = 0;
	docker_engine_volumes(deployer->stage->engine, see_claim, &asking);
	if (!deployer->holder[0])
		ssh_machine_holder(deployer->stage->there, "app", deployer->holder, sizeof deployer->holder);
}

/* What somebody else has is not changed, unless it is taken over on purpose. */
void rule_only_owners(struct deployer *deployer)
{
	if (deployer->holder[0] && deployer->changed && !deployer->adopt && deployer->alone &&
	    strcmp(deployer->holder, deployer->berth->owner.id) != 0 && deployer->doing == DO_DEPLOY)
		stage_accuse(deployer->stage, "owner", "deployer %d deployed what another one has",
			     deployer->number + 1);
}

static bool runs_now(const struct sights *sights, const struct sight *before)
{
	for (size_t i = 0; i < sights->count; i++)
		if (sight_same_instance(&sights->list[i], before) && sights->list[i].running)
			return true;
	return false;
}

/* Whoever's new self does not get ready runs on as it was, or again. */
void rule_old_ones_kept(struct deployer *deployer)
{
	struct theatre *stage = deployer->stage;
	sights_take(&stage->judge->now, stage);
	for (size_t i = 0; i < deployer->before.count; i++) {
		const struct sight *before = &deployer->before.list[i];
		const struct part *part =
		    before->component ? model_part(&deployer->wanted, before->component) : NULL;
		if (part && before->running && before->realm == REALM_DOCKER && part->realm == REALM_DOCKER &&
		    !part->job && !before->unsteady && part->temper != TEMPER_CRASH &&
		    before->ordinal <= part->instances && !runs_now(&stage->judge->now, before))
			stage_accuse(stage, "kept",
				     "%s ran before a deploy that failed, and does not run now",
				     before->name);
	}
}
