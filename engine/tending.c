/* tending.c - what a command leaves alone and ends meanwhile: where restarts are a policy's, and nobody asks
 * that while the command has the application, the command starts it again. */
#include "base/cleanup.h"
#include "engine/keeper.h"
#include "engine/reconcile.h"
#include "engine/subjects.h"

enum { TIMES = 3, PAUSE_MS = 1000 }; /* what ends again and again is left to its policies */

bool work_tended(const struct work *work)
{
	const struct berth_operation *operation = work->operation;
	const struct component *component = work->instance->component;
	const struct observed *seen = work->instance->seen;
	return component->kept && !component->spec->job && work->instance->wanted && !operation->verb->rest &&
	       !operation->cancelled && work->instance->phase == PHASE_RUNNING &&
	       (work->tended || (work->action == ACTION_UNCHANGED && seen && seen->state == SEEN_RUNNING)) &&
	       keeper_keeps(operation->berth, operation->application->id) && !keeper_does(operation) &&
	       !keeps_tasks(work->site);
}

/* It was not given up, and they are not suspended. */
static bool policies_would(const struct work *work)
{
	struct berth_operation *operation = work->operation;
	struct world *world = operation->berth->world;
	struct subjects subjects = {0};
	const char *name = settled_name(work->instance);
	bool would = false;
	if (!name || subjects_of_store(operation, &subjects))
		operation_forget_error(operation); /* then it waits until they are asked again */
	else
		for (size_t i = 0; i < subjects.count; i++)
			if (subjects.list[i].component == work->instance->component)
				would = policy_set_tends(subjects.list[i].set, name, true,
							 world->ops->wall(world));
	subjects_release(&subjects);
	return would;
}

bool work_to_be_revived(const struct work *work)
{
	const struct observed *looked = work->looked;
	return looked && looked->state == SEEN_STOPPED && looked->restart == RESTART_NO &&
	       work->tended < TIMES && policies_would(work);
}

enum phase work_revive(struct work *work)
{
	const struct berth_operation *operation = work->operation;
	store_put_event(operation->berth->store, operation->application->id, work->instance->component->id,
			work->instance->name, "restarting", "it ended while the application was changed");
	spec_drop(work);
	work->action = ACTION_START;
	work->made = true;
	work->started = work->answered = work->counted = work->verify = false;
	work->checks_done = 0;
	work->intent = 0;
	if (work->tended++)
		work->not_before_ms = now_of(work) + PAUSE_MS;
	return PHASE_STARTING;
}
