/* hold_deeds.c - what only another operation can do to some of an application that is held: those whom it is
 * for are left to it, and looked at when it has ended. */
#include <string.h>

#include "base/cleanup.h"
#include "engine/hold.h"
#include "engine/hosts.h"
#include "engine/keeper.h"
#include "engine/reconcile.h"
#include "engine/specs.h"

static struct held_component *meant(const struct hold *hold, const struct deed *deed)
{
	return (struct held_component *)held_component_of(hold, deed->component);
}

static bool is_for(const struct deed *deed, const struct held_instance *member)
{
	return !deed->number || member->work->instance->ordinal == deed->number;
}

static bool is_being_seen_to(const struct held_instance *member)
{
	const struct resurvey *again = member->work->site->resurvey;
	return member->acting || (again && again->claim_due && !held_well(member));
}

/* One that it needs is about to run again: without it the deed would fail. */
static bool waits_for_others(const struct hold *hold, const struct component *component)
{
	const struct component *all = hold->operation->application->components;
	for (size_t i = 0; i < component->need_count; i++) {
		const struct held_component *needed =
		    edge_waits(&component->needs[i]) ? held_component_of(hold, all[component->needs[i].to].id)
						     : NULL;
		for (size_t n = 0; needed && n < needed->member_count; n++)
			if (is_being_seen_to(&needed->members[n]))
				return true;
	}
	return false;
}

bool hold_may_leave(const struct hold *hold, const struct deed *deed)
{
	const struct held_component *held = meant(hold, deed);
	if (!held || held->deed || waits_for_others(hold, held->component))
		return false;
	for (size_t i = 0; i < held->member_count; i++)
		if (is_for(deed, &held->members[i]) && held->members[i].acting)
			return false;
	return true;
}

/* What is asked about it is of no use any more. */
static void leave(struct held_instance *member)
{
	struct work *work = member->work;
	driver_of(work)->drop(&work->site->location, &work->errand);
	call_slot_back(work);
	work->doing = DOING_NOTHING;
	hold_forget_spec(work);
	member->away = true;
	member->back = member->end_told = false;
}

void hold_deed_begins(struct hold *hold, const struct deed *deed)
{
	struct held_component *held = meant(hold, deed);
	held->deed = deed;
	for (size_t i = 0; i < held->member_count; i++)
		if (is_for(deed, &held->members[i]))
			leave(&held->members[i]);
}

/* Nothing of what was found out before says anything of it now. */
static void come_back(struct held_instance *member, const json_t *stopped, bool well)
{
	struct work *work = member->work;
	if (stopped)
		member->stopped = json_object_get(stopped, settled_name(work->instance)) != NULL;
	health_forget(member);
	free(give(member->answered));
	member->back = true;
	work->instance->phase = PHASE_UNKNOWN;
	work->look_due = true;
	work_wake(work);
	if (!well) /* it may have another name, or others beside it */
		resurvey_due(work->site, 0);
}

/* It was made on another machine of its pool: all is taken up again from where it is. */
static bool has_moved(const struct held_instance *member)
{
	return host_moved(member->work, member->name);
}

void hold_deed_ended(struct hold *hold, const struct deed *deed)
{
	struct berth_operation *operation = hold->operation;
	struct held_component *held = meant(hold, deed);
	owned_json stopped = NULL;
	struct error ignored = {0};
	store_stopped(operation->berth->store, operation->application->id, &stopped, &ignored);
	known_release(&operation->known); /* it is read again when it is asked for */
	operation->known_read = false;
	for (size_t i = 0; i < held->member_count; i++)
		if (held->members[i].away) {
			hold->let_go |= has_moved(&held->members[i]);
			come_back(&held->members[i], stopped, deed->outcome == OUTCOME_DONE);
		}
	operation_wake(operation);
}

/* How it came there was told by whoever did it: it is no end of its own. */
void held_came_back(struct held_instance *member, enum phase phase)
{
	struct work *work = member->work;
	struct instance *instance = work->instance;
	work->attempts = 0;
	work->not_before_ms = 0;
	member->away = member->back = false;
	member->on_fire &= phase != PHASE_RUNNING;
	instance->phase = phase;
	instance->since_ms = now_of(work);
	member->of->due = member->of->hold->any_due = true;
}

int held_at_home(struct held_component *held)
{
	const struct deed *deed = held->deed;
	if (!deed)
		return 1;
	if (!deed->done)
		return 0;
	for (size_t i = 0; i < held->member_count; i++)
		if (held->members[i].away)
			return 0;
	if (held_outcome(held, deed->wish, deed->outcome, deed->words))
		return -1;
	held->deed = NULL;
	keeper_forget(held->hold->operation, deed);
	keeper_goes_on(held->hold->operation); /* the next one may begin */
	return 1;
}
