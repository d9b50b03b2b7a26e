/* joining.c - what becomes of a new member of a cluster that does not get ready: it is stopped and kept to be
 * looked at, and is no member; or it is removed. Where there was no room for one, no more are tried. */
#include <string.h>

#include "base/cleanup.h"
#include "engine/deploy.h"
#include "engine/hosts.h"
#include "engine/reconcile.h"
#include "policies/cluster.h"

static bool is_of_cluster(const struct work *work)
{
	const struct component *component = work->instance->component;
	return component->spec && component->spec->cluster && work->instance->wanted &&
	       !work->operation->verb->rest && !keeps_tasks(work->site);
}

/* Whoever was one before stays one, however it is. */
static bool was_member(const struct work *work)
{
	const char *name = settled_name(work->instance);
	const struct known_instance *known = name ? known_of(work->operation, name) : NULL;
	return !name || work->instance->predecessor || (known && known->target_id);
}

/* What says nothing of the member itself: no answer, or we ourselves. */
static bool says_nothing(enum code code)
{
	return code == ERR_UNREACHABLE || code == ERR_TIMED_OUT || code == ERR_NO_MEMORY ||
	       code == ERR_CANCELLED;
}

/* Never more of them than there are to be members. */
static bool has_room_to_look_at(const struct component *component)
{
	size_t kept = component->cluster.quarantined_count,
	       most = component->cluster.asked ? component->cluster.asked : 1;
	for (unsigned i = 0; i < instances_of(component); i++)
		kept += component->instances[i].work->set_aside;
	return kept < most;
}

static enum cluster_fate fate_of(const struct work *work)
{
	const struct component *component = work->instance->component;
	enum code code = error_of(work)->code;
	bool there = work->fresh || work->instance->seen;
	if (!is_of_cluster(work) || !work->made || was_member(work) || says_nothing(code) ||
	    (work->operation->cancelled && work->doing == DOING_NOTHING))
		return FATE_JOINS;
	if (code == ERR_CAPACITY)
		return cluster_fate(START_NO_ROOM, component->spec->cluster->quarantine);
	return there ? cluster_fate(START_FAILED,
				    component->spec->cluster->quarantine && has_room_to_look_at(component))
		     : FATE_JOINS; /* nothing of it is there: the next deploy makes it */
}

/* The driver's answer; why it failed to join stays what it is. */
static enum call_result take_away(struct work *work, enum doing doing)
{
	struct error err = {0}, *why = work->error;
	const struct location_driver *driver = driver_of(work);
	struct location *location = &work->site->location;
	const char *app = work->operation->application->id, *name = work->instance->name;
	work->rescue = true;
	if (!call_may_begin(work, doing))
		return CALL_STAY;
	work->error = NULL;
	enum progress progress = doing == DOING_STOP
				     ? driver->stop(location, &work->errand, app, name, &err)
				     : driver->remove(location, &work->errand, app, name, &err);
	enum call_result result = call_ended(work, progress, &err);
	work->error = why;
	if (result == CALL_FAIL)
		operation_warn(work->operation, "%s could not be %s: %s", name,
			       doing == DOING_STOP ? "stopped" : "removed", err.text);
	return result;
}

/* Others that wait to be made need not be tried. */
static void tell_of_no_room(struct work *work)
{
	struct berth_operation *operation = work->operation;
	struct component *component = work->instance->component;
	bool lacks =
	    host_lacks(work, &(struct error){0}); /* of a pool: there may be others where it would be */
	if (error_of(work)->code != ERR_CAPACITY || work->site->no_room ||
	    (lacks && component->cluster.no_room))
		return;
	work->site->no_room = !lacks;
	component->cluster.no_room =
	    arena_text(&operation->arena, error_of(work)->text) ?: "there is no room";
	operation->no_room = component->cluster.no_room;
	const struct berth_event event = {.size = sizeof event,
					  .kind = BERTH_EVENT_NOTICE,
					  .app = operation->application->id,
					  .component = component->id,
					  .text = component->cluster.no_room,
					  .text_size = strlen(component->cluster.no_room),
					  .what = "no-capacity"};
	if (operation->listener.event)
		operation->listener.event(operation->listener.context, &event);
	store_put_failure(operation->berth->store, operation->application->id, component->id, NULL,
			  "no-capacity", error_of(work)->text, error_of(work)->remedy);
	for (unsigned i = 0; i < instances_of(component); i++)
		work_wake(component->instances[i].work);
}

bool joining_ended(struct work *work)
{
	if (work->set_aside || work->discarded || work->joining_over)
		return true;
	enum cluster_fate fate = fate_of(work);
	if (fate != FATE_JOINS)
		tell_of_no_room(work);
	enum call_result result = fate == FATE_JOINS ? CALL_FAIL
				  : host_lacks(work, &(struct error){0})
				      ? CALL_NEXT /* where it is counted to nothing of it was made */
				      : take_away(work, fate == FATE_QUARANTINED ? DOING_STOP : DOING_REMOVE);
	if (result == CALL_STAY)
		return false;
	work->joining_over = true;
	work->set_aside = result == CALL_NEXT && fate == FATE_QUARANTINED;
	work->discarded = result == CALL_NEXT && fate == FATE_DISCARDED;
	return true;
}

bool joining_hopeless(struct work *work)
{
	if (!work->site->no_room || !is_of_cluster(work) || work->action != ACTION_CREATE || was_member(work))
		return false;
	work->made = work->hopeless = true;
	fail(work_error(work), ERR_CAPACITY, "it was not tried: there was no room for another one");
	return true;
}
