/* hold_wishes.c - what policies wish of an application that is held, begun as far as it may be now. */
#include <string.h>

#include "base/cleanup.h"
#include "engine/hold.h"
#include "engine/keeper.h"
#include "engine/reconcile.h"
#include "policies/cluster.h"

enum {
	UNFINISHED_MS = 30 * 1000,
	TIDY_PAUSE_MS = 4 * 60 * 1000, /* with the next listing of everything after that */
	REFUSALS = 2,                  /* then it is made anew */
};

void deeds_free(struct deed *deed)
{
	while (deed) {
		struct deed *next = deed->next;
		free(deed->component);
		free(deed->policy);
		free(deed->why);
		free(deed->words);
		free(deed);
		deed = next;
	}
}

static struct deed *new_deed(const struct held_component *held, enum deed_kind kind, unsigned number,
			     uint64_t wish)
{
	struct deed *deed = calloc(1, sizeof *deed);
	if (!deed || !(deed->component = strdup(held->component->id))) {
		free(deed);
		return NULL;
	}
	deed->kind = kind;
	deed->number = number;
	deed->wish = wish;
	return deed;
}

/* What only another operation can do; `number`: an ordinal (0: all of it), or a size. 0 or -1. */
static int add_deed(struct held_component *held, enum deed_kind kind, unsigned number, uint64_t wish)
{
	struct deed *deed = new_deed(held, kind, number, wish);
	if (!deed)
		return -1;
	keeper_add_deeds(held->hold->operation, deed);
	return 0;
}

int held_relink(struct held_component *held)
{
	static const char why[] = "what it is linked to has moved";
	struct berth_operation *operation = held->hold->operation;
	store_put_event(operation->berth->store, operation->application->id, held->component->id, NULL,
			"relinking", why);
	operation_warn(operation, "%s: %s", held->component->id, why);
	return add_deed(held, DEED_RELINK, 0, 0);
}

bool held_twice(const struct held_instance *member)
{
	const struct work *work = member->work;
	const struct instance *instance = work->instance;
	for (const struct site *site = work->operation->sites; site; site = site->next)
		for (size_t i = 0; site->pooled && site != work->site && i < site->inventory.instance_count;
		     i++) {
			const struct observed *seen = &site->inventory.instances[i];
			if (seen->ordinal == instance->ordinal &&
			    !strcmp(seen->component, instance->component->id))
				return true;
		}
	return false;
}

static int64_t now_of_held(const struct held_component *held)
{
	struct world *world = held->hold->operation->berth->world;
	return world->ops->now(world);
}

int held_tidy(struct held_component *held)
{
	held->tidied_ms = now_of_held(held);
	for (size_t i = 0; i < held->member_count; i++) {
		const struct instance *instance = held->members[i].work->instance;
		if ((instance->others || held_twice(&held->members[i])) &&
		    add_deed(held, DEED_MEND, instance->ordinal, 0))
			return -1;
	}
	return 0;
}

int held_tidy_again(struct held_component *held)
{
	bool under_way = held->deed || keeper_awaits(held->hold->operation, held->component->id, 0);
	if (under_way || now_of_held(held) - held->tidied_ms < TIDY_PAUSE_MS)
		return 0;
	for (size_t i = 0; i < held->member_count; i++)
		if (!held_well(&held->members[i]))
			return 0;
	return held_tidy(held);
}

/* What was decided: for `events`, for whoever listens, and counted as `kind`. */
static void record(const struct held_component *held, const struct wish *wish, const char *instance,
		   const char *what, const char *kind)
{
	struct berth_operation *operation = held->hold->operation;
	store_put_event(operation->berth->store, operation->application->id, held->component->id, instance,
			what, wish->why);
	operation_warn(operation, "%s: %s", instance ? instance : held->component->id, wish->why);
	count_decision(operation, wish->policy, kind);
}

/* What somebody who does not look wants to hear of. */
static void notice(const struct held_component *held, const struct wish *wish)
{
	static const struct {
		const char *told, *what;
	} notices[] = {{"ha.entityFailed", "failure"},
		       {"ha.entityRecovered", "recovery"},
		       {"breaker.open", "breaker"},
		       {"breaker.closed", "breaker-closed"}};
	const struct berth_operation *operation = held->hold->operation;
	for (size_t i = 0; wish->what && i < COUNT_OF(notices); i++) {
		if (strcmp(notices[i].told, wish->what) != 0)
			continue;
		const struct berth_event event = {.size = sizeof event,
						  .kind = BERTH_EVENT_NOTICE,
						  .app = operation->application->id,
						  .component = held->component->id,
						  .instance = wish->member,
						  .text = wish->why,
						  .text_size = strlen(wish->why),
						  .what = notices[i].what};
		count_decision(operation, wish->policy, notices[i].what);
		if (operation->listener.event)
			operation->listener.event(operation->listener.context, &event);
	}
}

static struct held_instance *member_of(struct held_component *held, const char *name)
{
	for (size_t i = 0; name && i < held->member_count; i++)
		if (!strcmp(held->members[i].name, name))
			return &held->members[i];
	return NULL;
}

/* --- restarting and replacing --------------------------------------------------------------------- */

/* As many as the policy asks for are to serve on, and no more than it allows are to be worked on at one time.
 */
static bool bounds_allow(const struct held_component *held, const struct held_instance *member,
			 const struct wish *wish)
{
	size_t well = 0, acting = 0;
	for (size_t i = 0; i < held->member_count; i++) {
		const struct held_instance *other = &held->members[i];
		well += other != member && held_well(other);
		acting += other->acting;
	}
	return well >= wish->keep_healthy && (!wish->max_parallel || acting < wish->max_parallel);
}

/* Nothing is known of what its location does not show. What was stopped on purpose meanwhile stays so. */
static bool may_act(const struct held_instance *member)
{
	const struct resurvey *again = member->work->site->resurvey;
	return !member->acting && !member->stopped && member->work->settled && !member->sight_lost &&
	       member->work->instance->phase != PHASE_UNKNOWN && !(again && again->under_way) &&
	       !held_in_doubt(member);
}

static bool can_be_started(const struct held_instance *member)
{
	const struct observed *seen = member->work->instance->seen;
	return seen && seen->state != SEEN_BROKEN && seen->state != SEEN_CREATED && !seen->leaving;
}

/* Nobody saw it when it was wished, or it was wished before the application was let go; and it is well by
 * now: that was done, or somebody saw to it. */
static bool seen_to(const struct held_component *held, const struct wish *wish,
		    const struct held_instance *member)
{
	return (wish->id < held->first || wish->id == member->put_off) && held_well(member);
}

static void put_off(struct held_instance *member, const struct wish *wish)
{
	if (member->sight_lost || member->work->instance->phase == PHASE_UNKNOWN)
		member->put_off = wish->id;
}

/* What stands beside its instances is about to be seen to, and whoever is not well is made to be, by the way.
 */
static bool tidied_first(const struct held_component *held, struct held_instance *member,
			 const struct wish *wish)
{
	if (!keeper_awaits(held->hold->operation, held->component->id, 0))
		return false;
	member->put_off = wish->id;
	return true;
}

/* One that its target does not start, time and again, may be past help; a process has files of its own beside
 * it, which would go. */
static bool is_past_help(const struct held_instance *member)
{
	const struct component_spec *spec = made_from(member->work->instance);
	return member->refused >= REFUSALS && spec && spec->kind != COMPONENT_PROCESS;
}

static int restart(struct held_component *held, const struct wish *wish)
{
	struct held_instance *member = member_of(held, wish->member);
	if (!member)
		return held_outcome(held, wish->id, OUTCOME_DROPPED, "it is gone");
	if (member->wish == wish->id || !may_act(member)) {
		put_off(member, wish);
		return 0; /* it is wished again, with every step */
	}
	if (seen_to(held, wish, member))
		return held_outcome(held, wish->id, OUTCOME_DONE, NULL);
	if (tidied_first(held, member, wish) || !bounds_allow(held, member, wish) ||
	    !hold_site_ours(member->work->site))
		return 0;
	if (is_past_help(member)) {
		member->refused = 0;
		record(held, wish, wish->member, "replacing", "replace");
		return add_deed(held, DEED_REPLACE, member->work->instance->ordinal, wish->id);
	}
	const struct observed *seen = member->work->instance->seen;
	if (seen && seen->state == SEEN_BROKEN && seen->replace_only)
		return held_outcome(held, wish->id, OUTCOME_FAILED,
				    "it is broken where a restart does not help: a replacer makes it anew");
	record(held, wish, wish->member, "restarting", "restart");
	if (!can_be_started(member))
		return add_deed(held, DEED_MEND, member->work->instance->ordinal, wish->id);
	member->wish = wish->id;
	held_restart(member);
	return 0;
}

/* One of which nothing is known, and whose policy takes it for lost: there must be another place for it. */
static int replace_unseen(struct held_component *held, struct held_instance *member, const struct wish *wish)
{
	const struct work *work = member->work;
	const struct observed *seen = work->instance->seen;
	if (member->acting || member->stopped || !work->settled)
		return 0;
	if (!work->site->pooled && !(seen && seen->state == SEEN_UNKNOWN))
		return held_outcome(held, wish->id, OUTCOME_FAILED, "it can be nowhere else");
	record(held, wish, wish->member, "replacing", "replace");
	return add_deed(held, DEED_REPLACE, work->instance->ordinal, wish->id);
}

static int replace(struct held_component *held, const struct wish *wish)
{
	struct held_instance *member = member_of(held, wish->member);
	if (!member)
		return held_outcome(held, wish->id, OUTCOME_DROPPED, "it is gone");
	if (wish->unseen && !(member->sight_lost || member->work->instance->phase == PHASE_UNKNOWN))
		return held_outcome(held, wish->id, OUTCOME_DROPPED, "it is seen again");
	if (wish->unseen && held_hindered(member))
		return held_outcome(held, wish->id, OUTCOME_DROPPED, "something is wrong on the way to it");
	if (wish->unseen)
		return replace_unseen(held, member, wish);
	if (!may_act(member)) {
		put_off(member, wish);
		return 0;
	}
	if (seen_to(held, wish, member))
		return held_outcome(held, wish->id, OUTCOME_DONE, NULL);
	if (tidied_first(held, member, wish) || !bounds_allow(held, member, wish))
		return 0;
	record(held, wish, wish->member, "replacing", "replace");
	return add_deed(held, member->work->instance->seen ? DEED_REPLACE : DEED_MEND,
			member->work->instance->ordinal, wish->id);
}

/* --- growing and shrinking ------------------------------------------------------------------------- */

/* With the name of the policy, which is told wherever the size is. */
static int add_resize(struct held_component *held, const struct wish *wish)
{
	struct deed *deed = new_deed(held, DEED_SCALE, wish->size, wish->id);
	if (!deed)
		return -1;
	deed->policy = strdup(wish->policy);
	deed->why = strdup(wish->why);
	if (!deed->policy || !deed->why) {
		deeds_free(deed);
		return -1;
	}
	held->hold->let_go = true;
	keeper_add_deeds(held->hold->operation, deed);
	return 0;
}

/* Not while it is not known how many there are. */
static int resize(struct held_component *held, const struct wish *wish)
{
	if (wish->size == held->member_count)
		return held_outcome(held, wish->id, OUTCOME_DONE, NULL);
	const struct cluster_spec *cluster = held->component->spec->cluster;
	if (cluster && cluster_resize(held->member_count, wish->size, cluster->most).no_room)
		return held_outcome(held, wish->id, OUTCOME_NO_CAPACITY,
				    "it has as many members as `maxSize` allows");
	if (!held_in_sight(held))
		return 0;
	record(held, wish, NULL, "resizing", "resize");
	return add_resize(held, wish);
}

static bool is_scaled(const struct held_component *held)
{
	for (size_t i = 0; held->set && i < policy_set_count(held->set); i++)
		if (policy_set_type(held->set, i)->kind == POLICY_AUTOSCALER)
			return !policy_set_suspended(held->set, i);
	return false;
}

/* What is kept aside to be looked at is meant to be there. */
static bool is_meant(const struct held_component *held, unsigned ordinal)
{
	const struct component *component = held->component;
	for (size_t i = 0; i < component->cluster.quarantined_count; i++)
		if (component->cluster.quarantined[i].ordinal == ordinal)
			return true;
	for (size_t i = 0; i < held->member_count; i++)
		if (held->members[i].work->instance->ordinal == ordinal)
			return true;
	return false;
}

static bool has_leavers_at(const struct held_component *held, const struct site *site)
{
	const struct inventory *inventory = &site->inventory;
	for (size_t i = 0; i < inventory->instance_count; i++) {
		const struct observed *seen = &inventory->instances[i];
		if (!seen->late_double && !strcmp(seen->component, held->component->id) &&
		    !is_meant(held, seen->ordinal))
			return true;
	}
	return false;
}

/* By the last listings: some that are to go are there, or some that are to come are not. */
static bool is_unfinished(const struct held_component *held)
{
	for (const struct site *site = held->hold->operation->sites; site; site = site->next)
		if (has_leavers_at(held, site))
			return true;
	for (size_t i = 0; i < held->member_count; i++)
		if (held->members[i].work->instance->phase == PHASE_ABSENT)
			return true;
	return false;
}

/* What was remembered before it was done, and then failed, no policy wishes once more: it has its size. */
int hold_finish_resize(struct held_component *held, int64_t *ret_delay_ms)
{
	const struct berth_operation *operation = held->hold->operation;
	int64_t now = operation->berth->world->ops->now(operation->berth->world);
	const struct wish wish = {.policy = "autoscaler",
				  .why = "its last resize is brought to its end",
				  .size = held->component->cluster.asked};
	if (held->listed_again)
		held->unfinished_ms = !is_scaled(held) || !is_unfinished(held) ? 0
				      : held->unfinished_ms                    ? held->unfinished_ms
									       : now;
	held->listed_again = false;
	if (!held->unfinished_ms || held->hold->let_go || !held_in_sight(held))
		return 0;
	if (now - held->unfinished_ms < UNFINISHED_MS) {
		*ret_delay_ms = sooner(*ret_delay_ms, held->unfinished_ms + UNFINISHED_MS - now);
		return 0;
	}
	held->unfinished_ms = 0;
	if (!is_unfinished(held)) /* somebody saw to it */
		return 0;
	record(held, &wish, NULL, "resizing", "resize");
	return add_resize(held, &wish);
}

/* --- the rest --------------------------------------------------------------------------------------- */

static int stop(struct held_component *held, const struct wish *wish)
{
	record(held, wish, NULL, "stopping", "stop");
	return add_deed(held, DEED_STOP, 0, wish->id);
}

/* Its parameter, whichever way it was written. False: it is none. */
static bool number_given(const struct wish *wish, const char *name, int64_t least, int64_t *ret)
{
	const json_t *value = json_object_get(wish->arguments, name);
	if (json_is_string(value))
		return parse_number(json_string_value(value), least, INSTANCE_LIMIT, ret);
	*ret = json_integer_value(value);
	return json_is_integer(value) && *ret >= least && *ret <= INSTANCE_LIMIT;
}

static int resize_to(struct held_component *held, const struct wish *wish, int64_t size)
{
	struct wish as = *wish;
	as.size = size > 0 ? (unsigned)size : 0;
	return resize(held, &as);
}

static int replace_named(struct held_component *held, const struct wish *wish)
{
	struct wish as = *wish;
	int64_t ordinal = 0;
	as.member = json_text(wish->arguments, "memberId");
	for (size_t i = 0; !member_of(held, as.member) && i < held->member_count; i++)
		if (number_given(wish, "memberId", 1, &ordinal) &&
		    held->members[i].work->instance->ordinal == (uint64_t)ordinal)
			as.member = held->members[i].name;
	return replace(held, &as);
}

static int resize_as_told(struct held_component *held, const struct wish *wish, const char *parameter,
			  int64_t least, int64_t from)
{
	int64_t number = 0;
	if (!number_given(wish, parameter, least, &number))
		return held_outcome(held, wish->id, OUTCOME_FAILED, "it was not told how many members");
	return resize_to(held, wish, from + number);
}

static int invoke_deed(struct held_component *held, const struct wish *wish, enum deed_kind kind)
{
	record(held, wish, NULL, wish->what, "invoke");
	return add_deed(held, kind, 0, wish->id);
}

static int invoke(struct held_component *held, const struct wish *wish)
{
	enum own_effector own = own_effector_of(held->component->spec, wish->what);
	const char *parameter = own_effector_parameter(own);
	switch (own) {
	case EFFECTOR_START:
		return invoke_deed(held, wish, DEED_START);
	case EFFECTOR_STOP:
		return invoke_deed(held, wish, DEED_STOP);
	case EFFECTOR_RESTART:
		return invoke_deed(held, wish, DEED_RESTART);
	case EFFECTOR_RESIZE:
		return resize_as_told(held, wish, parameter, 0, 0);
	case EFFECTOR_RESIZE_BY_DELTA:
		return resize_as_told(held, wish, parameter, -INSTANCE_LIMIT, (int64_t)held->member_count);
	case EFFECTOR_REPLACE_MEMBER:
		return replace_named(held, wish);
	case EFFECTOR_EXPUNGE_QUARANTINED: /* policies cannot wish for it */
	case EFFECTOR_NONE:
		break;
	}
	return hold_invoke(held, wish);
}

static int note_problem(struct held_component *held, const struct wish *wish)
{
	if (wish->clears)
		return json_object_del(held->problems, wish->what), 0;
	if (!held->problems && !(held->problems = json_object()))
		return -1;
	return json_put_text(held->problems, wish->what, wish->why);
}

/* That it is starting is told while it is. */
static int expect(struct held_component *held, const struct wish *wish)
{
	struct held_instance *member = member_of(held, wish->member);
	if (member && wish->life != LIFE_STARTING && member->on_fire != (wish->life == LIFE_ON_FIRE)) {
		member->on_fire = wish->life == LIFE_ON_FIRE;
		held->due = held->hold->any_due = true;
	}
	return 0;
}

/* What a policy tells is worth a line, but for what its others hear anyway. */
static int carry_out(struct held_component *held, const struct wish *wish)
{
	if (wish->dry_run) {
		record(held, wish, wish->member, "would act", "dry-run");
		return 0;
	}
	if (wish->id && keeper_awaits(held->hold->operation, held->component->id, wish->id))
		return 0; /* wished again, with every step */
	switch (wish->kind) {
	case WISH_RESTART:
		return restart(held, wish);
	case WISH_REPLACE:
		return replace(held, wish);
	case WISH_STOP:
		return stop(held, wish);
	case WISH_INVOKE:
		return invoke(held, wish);
	case WISH_RESIZE:
		return resize(held, wish);
	case WISH_PROBE:
		return hold_probe(held, wish);
	case WISH_PROBLEM:
		return note_problem(held, wish);
	case WISH_EXPECT:
		return expect(held, wish);
	case WISH_REPORT:
		record(held, wish, wish->member, "policy", "report");
		notice(held, wish);
		return 0;
	case WISH_SIGNAL:
		notice(held, wish);
		return 0;
	default: /* what others of the set hear anyway; states, which `status` asks the set for */
		return 0;
	}
}

int hold_carry_out(struct held_component *held, const struct wishes *wishes, struct error *err)
{
	for (size_t i = 0; i < wishes->count; i++)
		if (carry_out(held, &wishes->list[i]))
			return fail_memory(err);
	return 0;
}
