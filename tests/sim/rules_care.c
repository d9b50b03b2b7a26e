/* rules_care.c - who is spared by a deploy: nobody is taken away at once with others, too early, or in vain.
 */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "tests/sim/rules.h"

/* --- one after the other ------------------------------------------------------------------------------- */

/* How many there are of an instance, and how many of them run. */
static size_t count_of(const struct sights *sights, const struct part *part, unsigned ordinal,
		       size_t *ret_running)
{
	size_t count = 0;
	*ret_running = 0;
	for (size_t i = 0; i < sights->count; i++) {
		const struct sight *sight = &sights->list[i];
		if (!sight->component || sight->realm != REALM_DOCKER || sight->ordinal != ordinal ||
		    strcmp(sight->component, part->id) != 0)
			continue;
		count++;
		*ret_running += sight->running;
	}
	return count;
}

/* One that ran before is just being changed: it does not run, or another one is there beside it. */
static bool is_in_change(const struct deployer *deployer, const struct sights *now, const struct part *part,
			 unsigned ordinal)
{
	size_t running, ran;
	size_t count = count_of(now, part, ordinal, &running);
	return count_of(&deployer->before, part, ordinal, &ran) == 1 && ran == 1 &&
	       (count != 1 || running != 1);
}

static bool is_judged(const struct part *part)
{
	return part->there && part->realm == REALM_DOCKER && !part->job && part->temper < TEMPER_DEAD;
}

/* Whoever is not edited, and is changed all the same, follows those that it is linked to. */
static bool follows(const struct model *before, const struct model *after, int index)
{
	bool rotated =
	    before->secret_version != after->secret_version && model_has_secret(after, &after->parts[index]);
	return !rotated && !judge_is_edited(before, after, index);
}

void rule_in_turn(struct theatre *stage, const struct sights *now)
{
	const struct deployer *deployer = judge_quiet_deployer(stage);
	unsigned following = 0;
	for (int i = 0; deployer && deployer->from_converged && i < PARTS_MAX; i++) {
		const struct part *part = &deployer->wanted.parts[i];
		unsigned in_change = 0;
		for (unsigned n = 1; is_judged(part) && n <= part->instances; n++)
			in_change += is_in_change(deployer, now, part, n);
		following += follows(&stage->judge->converged, &deployer->wanted, i) ? in_change : 0;
		if (in_change > 1)
			stage_accuse(stage, "in turn", "%u instances of %s are changed at one time",
				     in_change, part->id);
	}
	if (following > 1)
		stage_accuse(stage, "in turn", "%u instances follow a changed provider at one time",
			     following);
}

/* --- what goes, goes last ------------------------------------------------------------------------------ */

static bool is_published(const struct sight *sight)
{
	for (size_t i = 0; i < sight->spot_count; i++)
		if (sight->spots[i].number != 80)
			return true;
	return false;
}

/* Its plan is to make it, anew or at all, and that is not done. */
static bool is_under_way(const struct deployer *deployer, const json_t *change)
{
	const char *action = json_text(change, "action"), *component = json_text(change, "component");
	const char *planned = json_text(change, "instance");
	const struct part *part = component ? model_part(&deployer->wanted, component) : NULL;
	bool anew = action && (strcmp(action, "replace") == 0 || strcmp(action, "relink") == 0);
	if (!part || !is_judged(part) || !planned || !(anew || (action && strcmp(action, "create") == 0)))
		return false;
	const struct sight *now = sights_named(&deployer->stage->judge->now, REALM_DOCKER, planned);
	const struct sight *before = sights_named(&deployer->before, REALM_DOCKER, planned);
	return !now || !now->running || (anew && before && strcmp(before->id, now->id) == 0);
}

/* The name of one of those; NULL: all are as wanted. */
static const char *anybody_unready(const struct deployer *deployer)
{
	size_t i;
	json_t *change;
	json_array_foreach (json_object_get(deployer->document, "changes"), i, change)
		if (is_under_way(deployer, change))
			return json_text(change, "instance");
	return NULL;
}

/* What the blueprint has no more may still be used until all others are as they are to be; but for what has a
 * port that one of these is to get. */
void rule_goes_last(struct theatre *stage, const struct docker_change *change)
{
	const struct deployer *deployer = judge_quiet_deployer(stage);
	const struct sight *sight = sights_named(&stage->judge->now, REALM_DOCKER, change->target);
	if (!deployer || !deployer->from_converged || judge_anybody_fails(&deployer->wanted) || !sight ||
	    !sight->component || !sight->running || is_published(sight) ||
	    model_part(&deployer->wanted, sight->component))
		return;
	tally_add(stage->tally, "judged", "those that go", 1);
	const char *unready = anybody_unready(deployer);
	if (unready)
		stage_accuse(stage, "goes last", "%s is stopped, and %s is not as wanted yet", sight->name,
			     unready);
}

/* --- not in vain --------------------------------------------------------------------------------------- */

static bool made_alike(const struct sight *a, const struct sight *b)
{
	return strcmp(a->digest, b->digest) == 0 && strcmp(a->link_digest, b->link_digest) == 0 &&
	       strcmp(a->secret_digest, b->secret_digest) == 0 && a->spot_count == b->spot_count;
}

/* One that ran, made just so, is the one that is there afterwards. Of two that an update left which was taken
 * back since, the younger one goes on, whatever its secrets are. */
static void stays(struct deployer *deployer, const struct sight *now)
{
	bool alike = false, same = false;
	size_t running;
	const struct part *part = model_part(&deployer->wanted, now->component);
	if (!deployer->stage->goes_on && count_of(&deployer->before, part, now->ordinal, &running) > 1)
		return;
	for (size_t i = 0; i < deployer->before.count; i++) {
		const struct sight *before = &deployer->before.list[i];
		if (!sight_same_instance(before, now) || !before->running || !made_alike(before, now))
			continue;
		alike = true;
		same |= strcmp(before->id, now->id) == 0;
	}
	if (alike && !same)
		stage_accuse(deployer->stage, "in vain", "%s was made anew, and ran before just so",
			     now->name);
}

/* Where a provider was made anew the values of its links were not known before. */
static bool has_new_provider(const struct deployer *deployer, const struct part *part)
{
	for (int k = 0; k < LINKS_MAX; k++) {
		const struct part *provider =
		    part->links[k] < 0 ? NULL : &deployer->wanted.parts[part->links[k]];
		const struct sight *now = provider ? judge_counted(deployer->stage, provider, 1) : NULL;
		const struct sight *before =
		    now ? sights_named(&deployer->before, now->realm, now->name) : NULL;
		if (provider && (!before || strcmp(before->id, now->id) != 0))
			return true;
	}
	return false;
}

void rule_not_in_vain(struct deployer *deployer)
{
	for (int i = 0; i < PARTS_MAX; i++) {
		const struct part *part = &deployer->wanted.parts[i];
		bool judged = is_judged(part) && !part->content && !has_new_provider(deployer, part);
		for (unsigned n = 1; judged && n <= part->instances; n++) {
			const struct sight *now = judge_counted(deployer->stage, part, n);
			if (now && now->running)
				stays(deployer, now);
		}
	}
}

/* --- a deploy that fails ------------------------------------------------------------------------------- */

/* How many instances of it were made in this deploy. */
static unsigned made_of(const struct deployer *deployer, const struct part *part)
{
	size_t count = 0;
	unsigned ordinals = 0;
	char name[32];
	int length = snprintf(name, sizeof name, "app.%s.", part->id);
	const struct docker_change *changes = docker_engine_changes(deployer->stage->engine, &count);
	for (size_t i = deployer->changes_before; i < count; i++)
		if (changes[i].call == DOCKER_CREATE && !changes[i].foreign && changes[i].target &&
		    strncmp(changes[i].target, name, (size_t)length) == 0)
			ordinals |= 1u << (changes[i].target[length] - '0');
	return (unsigned)__builtin_popcount(ordinals);
}

static bool ran_otherwise(const struct deployer *deployer, const struct part *part)
{
	unsigned ran = 0;
	char image[32];
	model_image(part, image, sizeof image);
	for (size_t i = 0; i < deployer->before.count; i++) {
		const struct sight *sight = &deployer->before.list[i];
		ran += sight->component && strcmp(sight->component, part->id) == 0 &&
		       sight->realm == REALM_DOCKER && sight->running && !sight->unsteady && sight->image &&
		       strcmp(sight->image, image) != 0;
	}
	return ran >= part->instances;
}

/* Where one did not get ready the others of its component stay as they are; and it goes on as it was, with
 * whom it may still need. */
void rule_others_left(struct deployer *deployer)
{
	struct theatre *stage = deployer->stage;
	bool any_kept = false;
	for (int i = 0; i < PARTS_MAX; i++) {
		const struct part *part = &deployer->wanted.parts[i];
		if (!part->there || part->realm != REALM_DOCKER || part->temper != TEMPER_DEAD || part->job ||
		    !ran_otherwise(deployer, part))
			continue;
		unsigned made = made_of(deployer, part);
		any_kept |= made > 0;
		if (made > 1)
			stage_accuse(stage, "in turn",
				     "%u instances of %s were made, and the first did not "
				     "get ready",
				     made, part->id);
	}
	for (size_t i = 0; any_kept && i < deployer->before.count; i++) {
		const struct sight *before = &deployer->before.list[i];
		const struct sight *now = sights_named(&stage->judge->now, before->realm, before->name);
		if (before->component && before->realm == REALM_DOCKER && before->running &&
		    !before->generation && !is_published(before) &&
		    !model_part(&deployer->wanted, before->component) && (!now || !now->running))
			stage_accuse(stage, "kept", "%s went, and who did not get ready may need it",
				     before->name);
	}
}
