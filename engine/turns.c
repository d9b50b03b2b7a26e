/* turns.c - one after the other: instances of one component that are changed, and those that follow a changed
 * value. */
#include "base/cleanup.h"
#include "engine/reconcile.h"

/* What is only made, or only goes, takes nobody's service away. */
static bool takes_turns(const struct work *work)
{
	switch (work->action) {
	case ACTION_REPLACE:
	case ACTION_RELINK:
	case ACTION_RESTART:
		return true;
	case ACTION_UPDATE:
		return work->parts & PART_NOTICE;
	default:
		return false;
	}
}

static bool relinks(const struct work *work)
{
	return work->action == ACTION_RELINK || work->parts & PART_NOTICE;
}

bool turn_take(struct work *work)
{
	struct component *component = work->instance->component;
	struct berth_operation *operation = work->operation;
	if (work->has_turn || !takes_turns(work))
		return true;
	if (component->stuck) {
		fail(work_error(work), ERR_FAILED,
		     "it is left as it was: another instance of `%s` did not get ready", component->id);
		return false;
	}
	const struct work *before = component->turn ? component->turn
				    : relinks(work) ? operation->relinking
						    : NULL;
	if (before) {
		work_note(work, "its turn comes after %s", before->instance->name);
		return false;
	}
	component->turn = work;
	if (relinks(work))
		operation->relinking = work;
	work->has_turn = true;
	return true;
}

static bool may_wait(const struct work *work)
{
	return !work->settled && !work->has_turn && takes_turns(work);
}

void turn_give(struct work *work, bool well)
{
	struct component *component = work->instance->component;
	struct berth_operation *operation = work->operation;
	if (!work->has_turn)
		return;
	work->has_turn = false;
	component->turn = NULL;
	component->stuck |= !well;
	for (size_t i = 0; i < component->instance_count; i++)
		if (may_wait(component->instances[i].work))
			work_wake(component->instances[i].work);
	if (operation->relinking != work)
		return;
	operation->relinking = NULL;
	for (size_t i = 0; i < operation->work_count; i++)
		if (may_wait(operation->works[i]) && relinks(operation->works[i]))
			work_wake(operation->works[i]);
}
