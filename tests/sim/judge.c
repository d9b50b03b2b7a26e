/* judge.c - the rules of trust, looked at after every step of the simulated world. */
#include "tests/sim/judge.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/map.h"
#include "locations/fake/target.h"
#include "tests/sim/local.h"

enum { STRANGERS_MAX = 8, VOLUMES_MAX = 64 };

struct judge {
	struct sights now;
	uint64_t stamp; /* of what `now` shows */
	char strangers[STRANGERS_MAX][64];
	size_t stranger_count, sure_count; /* the first ones are known to be there */
	char volumes[VOLUMES_MAX][80];     /* of data, seen so far and not asked to be removed */
	size_t volume_count;
	size_t changes_seen; /* of the engine's */
	struct map *phases;  /* instance -> the last phase told */
	struct sights done;  /* what was there when an operation reported success */
	uint64_t done_at;    /* the disturbances then */
	bool done_holds;
	struct model converged;        /* what the last deploy that ended well was asked for */
	uint64_t converged_at;         /* the disturbances then */
	const struct machine *changer; /* whose store knows of the last change */
	bool shared;                   /* there were changes by several stores */
	bool converged_holds;          /* and no other operation came between */
	bool forgetful;                /* a store was lost, and with it the locations that it knew */
};

struct judge *judge_new(struct theatre *stage)
{
	(void)stage;
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

/* --- when to look -------------------------------------------------------------------------------------- */

static uint64_t stamp_of(struct theatre *stage)
{
	uint64_t stamp = docker_engine_stamp(stage->engine) + stage->act_count;
	for (int call = 0; call < FAKE_CALLS; call++)
		if (call != FAKE_LIST && call != FAKE_LOOK && call != FAKE_PROBE)
			stamp += fake_target_calls(stage->fleet, (enum fake_call)call) +
				 fake_target_calls(stage->cloud, (enum fake_call)call);
	return stamp + stage->disturbances;
}

/* --- the rules ---------------------------------------------------------------------------------------------
 */

static bool same_instance(const struct sight *a, const struct sight *b)
{
	return a->realm == b->realm && a->component && b->component && strcmp(a->app, b->app) == 0 &&
	       strcmp(a->component, b->component) == 0 && a->ordinal == b->ordinal;
}

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

/* Where names are unique: at most one of each content, at most two at all, and never two on one volume. */
static void no_doubles(struct theatre *stage, const struct sights *sights)
{
	for (size_t i = 0; i < sights->count; i++) {
		const struct sight *one = &sights->list[i];
		for (size_t k = i + 1; k < sights->count && one->component; k++) {
			const struct sight *other = &sights->list[k];
			if (!same_instance(one, other))
				continue;
			if (one->realm != REALM_NAMELESS && one->running && other->running &&
			    same_content(one, other))
				stage_accuse(stage, "doubles", "%s and %s run, and are the same", one->name,
					     other->name);
			if (one->running && other->running && share_volume(one, other))
				stage_accuse(stage, "volumes", "%s and %s both write to one volume",
					     one->name, other->name);
		}
	}
}

/* What berth made carries its mark. */
static void nothing_unmarked(struct theatre *stage, const struct sights *sights)
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

static void strangers_untouched(struct theatre *stage)
{
	struct judge *judge = stage->judge;
	size_t count = 0;
	const struct docker_change *changes = docker_engine_changes(stage->engine, &count);
	for (; judge->changes_seen < count; judge->changes_seen++) {
		const struct docker_change *change = &changes[judge->changes_seen];
		tally_add(stage->tally, "engine call", docker_call_name(change->call), 1);
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
static void data_stays(struct theatre *stage)
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
static void done_survives(struct theatre *stage)
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
static const struct deployer *quiet_deployer(const struct theatre *stage)
{
	for (int i = 0; i < DEPLOYERS; i++) {
		const struct deployer *deployer = &stage->deployers[i];
		if (deployer->operation && deployer->doing == DO_DEPLOY && deployer->alone &&
		    !deployer->disturbed)
			return deployer;
	}
	return NULL;
}

/* A consumer starts when those that it is linked to answer. */
static void in_order(struct theatre *stage, const struct sights *before, const struct sights *now)
{
	const struct deployer *deployer = quiet_deployer(stage);
	for (size_t i = 0; deployer && i < now->count; i++) {
		const struct sight *sight = &now->list[i];
		const struct part *part =
		    sight->component ? model_part(&deployer->wanted, sight->component) : NULL;
		const struct sight *was = sights_named(before, sight->realm, sight->name);
		if (!part || sight->realm != REALM_DOCKER || !sight->running || part->peer ||
		    (was && was->running))
			continue;
		for (int k = 0; k < LINKS_MAX; k++) {
			const struct part *provider =
			    part->links[k] < 0 ? NULL : &deployer->wanted.parts[part->links[k]];
			if (provider && provider->realm == REALM_DOCKER && provider->temper != TEMPER_CRASH &&
			    !any_answers(now, provider))
				stage_accuse(stage, "order", "%s was started, and nobody answers as %s",
					     sight->name, provider->id);
		}
	}
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
	in_order(stage, &before, &judge->now);
	sights_release(&before);
	no_doubles(stage, &judge->now);
	local_no_doubles(stage);
	nothing_unmarked(stage, &judge->now);
	strangers_untouched(stage);
	data_stays(stage);
	done_survives(stage);
}

/* --- operations
 * ----------------------------------------------------------------------------------------------- */

static bool reads_only(enum errand_kind doing)
{
	return doing == DO_PLAN || doing == DO_STATUS || doing == DO_WHY || doing == DO_GC ||
	       doing == DO_LOGS;
}

static void note_holder(struct deployer *deployer);

void judge_begin(struct deployer *deployer)
{
	struct theatre *stage = deployer->stage;
	deployer->alone = true;
	for (int i = 0; i < DEPLOYERS; i++)
		if (&stage->deployers[i] != deployer && stage->deployers[i].operation)
			stage->deployers[i].alone = deployer->alone = false;
	deployer->from_converged = stage->judge->converged_holds && deployer->alone &&
				   stage->judge->converged_at == stage->disturbances;
	if (!reads_only(deployer->doing)) {
		stage->judge->converged_holds = false;
		stage->judge->shared |= stage->judge->changer && stage->judge->changer != deployer->machine;
		stage->judge->changer = deployer->machine;
	}
	deployer->after_another = stage->judge->shared;
	note_holder(deployer);
	sights_take(&deployer->before, deployer->stage);
	docker_engine_changes(deployer->stage->engine, &deployer->changes_before);
	deployer->stage->judge->done_holds = false;
}

void judge_phase(struct deployer *deployer, const struct berth_event *event)
{
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

/* Who alone works, undisturbed, and only reads, changes nothing. */
static bool of_helper(const struct docker_change *change)
{
	return change->target && strncmp(change->target, "berth.helper", 12) == 0;
}

static void only_read(struct deployer *deployer)
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
static void plan_kept(struct deployer *deployer)
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

static bool uses_secret(const struct model *model, const struct part *part)
{
	return model->secret && part->setting % 2;
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
static void plan_done(struct deployer *deployer)
{
	size_t i;
	json_t *change;
	json_array_foreach (json_object_get(deployer->document, "changes"), i, change) {
		const char *action = json_text(change, "action"), *component = json_text(change, "component");
		const struct part *part = component ? model_part(&deployer->wanted, component) : NULL;
		char name[80];
		/* Another store may have changed in place what this one remembers otherwise; that is found
		 * out then. */
		bool remembered = strcmp(action ? action : "", "update") == 0 &&
				  (deployer->after_another || !deployer->from_converged);
		if (part && part->realm == REALM_DOCKER && !remembered && action &&
		    strcmp(action, "unchanged") != 0 && strcmp(action, "remove") != 0 &&
		    settled_name(json_text(change, "instance"), name, sizeof name) &&
		    !was_asked(deployer, name, is_because_of(change, "network")))
			stage_accuse(deployer->stage, "plan", "the plan says %s of %s, and nothing was asked",
				     action, name);
	}
	tally_add(deployer->stage->tally, "judged", "deploys against their plans", 1);
}

static bool has_consumer_outside(const struct model *model, int provider)
{
	for (int i = 0; i < PARTS_MAX; i++)
		for (int k = 0; k < LINKS_MAX && model->parts[i].there; k++)
			if (model->parts[i].links[k] == provider &&
			    model->parts[i].realm != model->parts[provider].realm)
				return true;
	return false;
}

static bool is_edited(const struct model *before, const struct model *after, int index)
{
	return memcmp(&before->parts[index], &after->parts[index], sizeof before->parts[index]) != 0 ||
	       (has_consumer_outside(after, index) && !has_consumer_outside(before, index));
}

/* Which parts an edit is about, as the first consumer outside is about its provider, and who takes over a
 * value of theirs. */
static void touched(const struct model *before, const struct model *after, bool ret[PARTS_MAX])
{
	for (int i = 0; i < PARTS_MAX; i++)
		ret[i] = is_edited(before, after, i) || (before->secret_version != after->secret_version &&
							 uses_secret(after, &after->parts[i]));
	for (int i = 0; i < PARTS_MAX; i++)
		for (int k = 0; k < LINKS_MAX; k++) {
			int to = after->parts[i].links[k];
			ret[i] |=
			    to >= 0 && ret[to] &&
			    (is_edited(before, after, to) || after->parts[to].realm != after->parts[i].realm);
		}
}

/* From a settled application, only what was edited, and who takes over its values, is another one now. */
static void only_touched(struct deployer *deployer)
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

static void every_wanted_runs(struct theatre *stage, const struct model *model, const char *rule);

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

static void note_holder(struct deployer *deployer)
{
	struct asking asking = {deployer->holder, sizeof deployer->holder};
	deployer->holder[0] = 0;
	docker_engine_volumes(deployer->stage->engine, see_claim, &asking);
}

/* What somebody else has is not changed, unless it is taken over on purpose. */
static void only_owners(struct deployer *deployer)
{
	if (deployer->holder[0] && deployer->changed && !deployer->adopt && deployer->alone &&
	    strcmp(deployer->holder, deployer->berth->owner.id) != 0 && deployer->doing == DO_DEPLOY)
		stage_accuse(deployer->stage, "owner", "deployer %d deployed what another one has",
			     deployer->number + 1);
}

static bool runs_now(const struct sights *sights, const struct sight *before)
{
	for (size_t i = 0; i < sights->count; i++)
		if (same_instance(&sights->list[i], before) && sights->list[i].running)
			return true;
	return false;
}

/* Whoever's new self does not get ready runs on as it was, or again. */
static void old_ones_kept(struct deployer *deployer)
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

void judge_end(struct deployer *deployer, enum berth_outcome outcome)
{
	struct theatre *stage = deployer->stage;
	struct judge *judge = stage->judge;
	if (reads_only(deployer->doing))
		only_read(deployer);
	if (deployer->doing == DO_DEPLOY && outcome == BERTH_FAILED && !deployer->disturbed &&
	    deployer->alone)
		old_ones_kept(deployer);
	if (outcome != BERTH_OK || deployer->disturbed)
		return;
	only_owners(deployer);
	if (deployer->doing != DO_DEPLOY && deployer->doing != DO_START && deployer->doing != DO_RESTART)
		return;
	sights_take(&judge->now, stage);
	if (deployer->doing == DO_DEPLOY) {
		every_wanted_runs(stage, &deployer->wanted, "success");
		if (deployer->alone) {
			plan_kept(deployer);
			plan_done(deployer);
		}
		if (deployer->from_converged && deployer->alone)
			only_touched(deployer);
		judge->converged = deployer->wanted;
		judge->converged_at = stage->disturbances;
		judge->converged_holds = deployer->alone;
	}
	sights_take(&judge->done, stage);
	judge->done_at = stage->disturbances;
	judge->done_holds = true;
}

/* --- the end
 * --------------------------------------------------------------------------------------------------- */

static const struct sight *counted(const struct sights *sights, const struct part *part, unsigned ordinal)
{
	for (size_t i = 0; i < sights->count; i++) {
		const struct sight *sight = &sights->list[i];
		if (sight->component && strcmp(sight->component, part->id) == 0 &&
		    sight->ordinal == ordinal && sight->realm == part->realm && sight->generation == 0)
			return sight;
	}
	return NULL;
}

/* Nothing is left to be seen of a process that ran to its end. */
static bool leaves_nothing(const struct part *part)
{
	return part->job && part->realm == REALM_LOCAL;
}

static bool as_wanted(const struct part *part, const struct sight *sight)
{
	if (part->temper == TEMPER_CRASH) /* it may answer for a moment, and count as running */
		return sight;
	return sight && (part->job ? sight->ended_well : sight->running);
}

static void every_wanted_runs(struct theatre *stage, const struct model *model, const char *rule)
{
	for (int i = 0; i < PARTS_MAX; i++) {
		const struct part *part = &model->parts[i];
		for (unsigned ordinal = 1; part->there && !leaves_nothing(part) && ordinal <= part->instances;
		     ordinal++) {
			const struct sight *sight = counted(&stage->judge->now, part, ordinal);
			if (!as_wanted(part, sight))
				stage_accuse(stage, rule, "%s %u is %s", part->id, ordinal,
					     sight ? "there, but does not run" : "not there");
		}
	}
}

/* "tcp://HOST:PORT" */
static bool read_url(const char *url, char *ret_host, size_t size, uint16_t *ret_port)
{
	const char *host = url ? strstr(url, "://") : NULL;
	const char *colon = host ? strrchr(host + 3, ':') : NULL;
	int64_t port = 0;
	if (!colon || !parse_number(colon + 1, 1, UINT16_MAX, &port))
		return false;
	snprintf(ret_host, size, "%.*s", (int)(colon - host - 3), host + 3);
	*ret_port = (uint16_t)port;
	return true;
}

static void link_leads(struct theatre *stage, const struct sight *consumer, const char *variable,
		       const struct part *provider)
{
	char host[128] = "";
	uint16_t port = 0;
	const char *url = sight_variable(consumer, variable);
	if (!read_url(url, host, sizeof host, &port)) {
		stage_accuse(stage, "links", "%s has no usable %s: %s", consumer->name, variable,
			     url ? url : "it is not set");
		return;
	}
	const struct sight *found = sights_reach(&stage->judge->now, stage, consumer, host, port);
	if (!found || !found->component || strcmp(found->component, provider->id) != 0 || !found->running)
		stage_accuse(stage, "links", "%s has %s=%s, which leads to %s, not to %s", consumer->name,
			     variable, url, found ? found->name : "nobody", provider->id);
}

static void every_link_leads(struct theatre *stage)
{
	for (int i = 0; i < PARTS_MAX; i++) {
		const struct part *part = &stage->model.parts[i];
		for (int k = 0; part->there && !part->job && part->on_change == 0 && k < LINKS_MAX; k++) {
			char variable[16];
			snprintf(variable, sizeof variable, "L%d_PORT", k);
			for (unsigned n = 1; part->links[k] >= 0 && n <= part->instances; n++) {
				const struct sight *sight = counted(&stage->judge->now, part, n);
				if (sight)
					link_leads(stage, sight, variable,
						   &stage->model.parts[part->links[k]]);
			}
		}
	}
}

/* Where nothing of the blueprint is, only the store knows to look. */
static bool is_findable(const struct theatre *stage, enum realm realm)
{
	bool found = !stage->judge->forgetful;
	for (int i = 0; i < PARTS_MAX; i++)
		found |= stage->model.parts[i].there && stage->model.parts[i].realm == realm;
	return found;
}

void judge_settled(struct theatre *stage)
{
	struct judge *judge = stage->judge;
	sights_take(&judge->now, stage);
	every_wanted_runs(stage, &stage->model, "converges");
	size_t ours = 0, wanted = 0;
	for (int i = 0; i < PARTS_MAX; i++)
		if (stage->model.parts[i].there && !leaves_nothing(&stage->model.parts[i]))
			wanted += stage->model.parts[i].instances;
	for (size_t i = 0; i < judge->now.count; i++) {
		ours += judge->now.list[i].component != NULL && is_findable(stage, judge->now.list[i].realm);
	}
	if (ours != wanted)
		stage_accuse(stage, "converges", "%zu instances are there, %zu are wanted", ours, wanted);
	every_link_leads(stage);
}

static bool see_network(void *owner, const struct docker_network_view *view)
{
	struct theatre *stage = owner;
	if (json_object_get(view->labels, "berth.app"))
		stage_accuse(stage, "leftovers", "the network %s is left", view->name);
	return true;
}

static bool see_left_volume(void *owner, const struct docker_volume_view *view)
{
	struct theatre *stage = owner;
	if (json_object_get(view->labels, "berth.app") && !json_object_get(view->labels, "berth.volume"))
		stage_accuse(stage, "leftovers", "the volume %s is left", view->name);
	return true;
}

void judge_gone(struct theatre *stage)
{
	struct judge *judge = stage->judge;
	sights_take(&judge->now, stage);
	for (size_t i = 0; i < judge->now.count; i++)
		if (judge->now.list[i].app && is_findable(stage, judge->now.list[i].realm))
			stage_accuse(stage, "leftovers", "%s is left", judge->now.list[i].name);
	local_gone(stage);
	if (!is_findable(stage, REALM_DOCKER))
		return;
	docker_engine_networks(stage->engine, see_network, stage);
	docker_engine_volumes(stage->engine, see_left_volume, stage);
}
