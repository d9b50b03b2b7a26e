/* phases_leaving.c - the way out: what is to go waits for its time, stops and is removed; what gave up rests.
 */
#include <string.h>

#include "base/cleanup.h"
#include "engine/pools.h"
#include "engine/reconcile.h"

#define DRAIN_MS  2000 /* whoever looked the name up just before may still come */
#define LOG_TAIL  20
#define LOG_LIMIT (16 * 1024)

/* --- the older one of an update ------------------------------------------------------------------- */

static bool serves(const struct instance *successor)
{
	return successor->phase == PHASE_RUNNING || successor->phase == PHASE_FINISHED ||
	       (successor->phase == PHASE_UPDATING && successor->work->answered);
}

/* It serves on, or was brought back: nothing else is to be done about it now. */
static enum phase keep(struct work *work)
{
	work->kept = work->operation->any_kept = true;
	work_settle(work);
	return work->instance->phase;
}

/* It loses its name first, so that nobody new comes while those who are there are served to their end. */
static enum phase take_leave(struct work *work)
{
	struct error err = {0};
	const struct instance *instance = work->instance;
	if (instance->phase == PHASE_STOPPED)
		return PHASE_REMOVING;
	if (!work->withdrawn) {
		if (!call_may_begin(work, DOING_WITHDRAW))
			return instance->phase;
		enum progress progress =
		    driver_of(work)->withdraw(&work->site->location, &work->errand,
					      work->operation->application->id, instance->name, &err);
		enum call_result result = call_ended(work, progress, &err);
		if (result == CALL_STAY)
			return instance->phase;
		work->withdrawn = true; /* one that cannot lose its name goes with it */
		bool missed = instance->component->consumer_count && instance->seen->shared_name_held;
		work->settle_ms = now_of(work) + (missed && result == CALL_NEXT ? DRAIN_MS : 0);
	}
	if (now_of(work) >= work->settle_ms)
		return PHASE_STOPPING;
	work_note(work, "serves those who are still there");
	work_wake_after(work, work->settle_ms - now_of(work));
	return instance->phase;
}

/* An earlier deploy made it, and this one came to nothing before it did anything to it. */
static bool runs_untouched(const struct work *work)
{
	return !work->made && work->instance->seen && work->instance->seen->state == SEEN_RUNNING;
}

/* Not beside one that may still run: both would write where only one may. */
static enum phase come_back(struct work *work)
{
	const struct work *next = work->instance->successor->work;
	if (!work->stepped_aside || work->instance->phase != PHASE_STOPPED)
		return keep(work);
	if (runs_untouched(next)) {
		work_settle(work);
		return PHASE_STOPPED;
	}
	if (!next->clear_failed) {
		work->rescue = work->operation->any_kept = true;
		return PHASE_STARTING;
	}
	fail(work_error(work), ERR_FAILED, "it stays stopped: %s could not be removed and may still run",
	     work->instance->successor->name);
	remedy(work_error(work), "see what keeps its target from removing it, and deploy again");
	return work_break(work, work_error(work));
}

static enum phase beside_successor(struct work *work)
{
	const struct instance *successor = work->instance->successor;
	if (work->settled)
		return work->instance->phase;
	if (serves(successor))
		return take_leave(work);
	if (successor->work->settled) /* it did not get ready */
		return come_back(work);
	return work->step_aside && work->instance->phase == PHASE_RUNNING ? PHASE_STOPPING
									  : work->instance->phase;
}

enum phase step_coming_back(struct work *work)
{
	struct error err = {0};
	enum doing doing = work->started ? DOING_ADMIT : DOING_START;
	if (!work->spec && !spec_outlined(work))
		return work_break(work, work_error(work));
	if (!call_may_begin(work, doing))
		return PHASE_STARTING;
	struct location *location = &work->site->location;
	enum progress progress = doing == DOING_ADMIT
				     ? driver_of(work)->admit(location, &work->errand, work->spec, &err)
				     : driver_of(work)->start(location, &work->errand, work->spec, &err);
	switch (call_ended(work, progress, &err)) {
	case CALL_STAY:
		return PHASE_STARTING;
	case CALL_FAIL:
		fail(work_error(work), err.code, "it could not be started again: %s", err.text);
		remedy(work_error(work), "%s", err.remedy);
		return work_break(work, work_error(work));
	default:
		break;
	}
	bool named = doing == DOING_START && work->instance->seen->shared_name_held;
	work->started = true;
	if (named) {
		work_wake(work);
		return PHASE_STARTING;
	}
	work->kept = work->operation->any_kept = true;
	return PHASE_RUNNING;
}

/* --- what is to go -------------------------------------------------------------------------------- */

/* Somebody whose new self did not get ready runs on as it was, or is about to again, and may need what the
 * blueprint no longer has. */
static const struct work *kept_by(const struct berth_operation *operation)
{
	for (size_t i = 0; operation->any_kept && i < operation->work_count; i++) {
		const struct work *work = operation->works[i];
		if (work->kept || (work->instance->successor && work->rescue))
			return work;
	}
	return NULL;
}

static bool may_be_missed(const struct work *work)
{
	const struct component *component = work->instance->component;
	return !work->leftover && (!component->spec || !goes_to(component, work->site));
}

/* Else one that dies in between would leave its instance without the name. */
static bool waits_for_name(const struct work *leftover)
{
	const struct component *component = leftover->instance->component;
	for (size_t i = 0; leftover->leftover && i < component->instance_count; i++) {
		const struct work *other = component->instances[i].work;
		if (component->instances[i].ordinal == leftover->instance->ordinal && !other->settled &&
		    other->parts & PART_JOIN)
			return true;
	}
	return false;
}

/* Everything else first: nobody is to lose what it still uses. */
enum phase step_leaving(struct work *work)
{
	const struct berth_operation *operation = work->operation;
	if (work->instance->successor)
		return beside_successor(work);
	if (work->settled)
		return work->instance->phase;
	if (waits_for_name(work)) {
		work_note(work, "goes when its instance has its name again");
		return work->instance->phase;
	}
	if (work->goes_first || !may_be_missed(work))
		return PHASE_STOPPING;
	if (operation->unsettled_wanted) {
		work_note(work, "goes when everything else is as wanted");
		return work->instance->phase;
	}
	const struct work *user = kept_by(operation);
	if (!user)
		return PHASE_STOPPING;
	work->blocked = true;
	fail(work_error(work), ERR_FAILED, "it stays: `%s` runs on as it was and may still use it",
	     user->instance->component->id);
	work_settle(work);
	return work->instance->phase;
}

static enum phase stopped(struct work *work)
{
	work->operation->changed = true;
	if (work->instance->successor && !serves(work->instance->successor)) {
		work->stepped_aside = true;
		work_wake(work->instance->successor->work);
		return PHASE_STOPPED;
	}
	if (work->action == ACTION_STOP)
		return PHASE_STOPPED;
	if (work->action != ACTION_RESTART)
		return PHASE_REMOVING;
	work->action = ACTION_START;
	work->counted = false;
	work->rescue = true; /* nobody else would start it */
	return PHASE_STARTING;
}

/* Nobody there can be told to end it; it goes with its machine. */
static bool goes_unseen(const struct work *work)
{
	const struct observed *seen = work->instance->seen;
	return seen && seen->state == SEEN_UNKNOWN && work->action != ACTION_STOP &&
	       work->action != ACTION_RESTART;
}

enum phase step_stopping(struct work *work)
{
	bool failed = false;
	struct error err = {0};
	if (work->operation->cancelled && work->doing == DOING_NOTHING && !work->rescue) {
		work->halted = true;
		work_settle(work);
		return PHASE_STOPPING;
	}
	if (pool_holds_back(work))
		return PHASE_STOPPING;
	/* What only goes needs no record: its mark at the target says all, and a full disk must not keep it
	 * alive. */
	if (work->action != ACTION_REMOVE && work->action != ACTION_STOP &&
	    !intent_durable(work, "replace", &failed))
		return failed ? work_break(work, work_error(work)) : PHASE_STOPPING;
	if (goes_unseen(work))
		return stopped(work);
	if (!call_may_begin(work, DOING_STOP))
		return PHASE_STOPPING;
	enum progress progress =
	    driver_of(work)->stop(&work->site->location, &work->errand, work->operation->application->id,
				  work->instance->name, &err);
	switch (call_ended(work, progress, &err)) {
	case CALL_NEXT:
		return stopped(work);
	case CALL_FAIL:
		return work_break(work, work_error(work));
	default:
		return PHASE_STOPPING;
	}
}

/* To be made again, under its own name where no older one needs that. */
static enum phase make_again(struct work *work)
{
	struct instance *instance = work->instance;
	work->started = work->counted = work->admitted = false;
	work->checks_done = 0;
	work->intent = 0;
	if (instance->predecessor)
		return PHASE_LINKING;
	instance->name = settled_name(instance);
	instance->generation = 0;
	work->action = ACTION_CREATE;
	return instance->name ? PHASE_LINKING : (fail_memory(work_error(work)), PHASE_BROKEN);
}

static enum phase removed(struct work *work)
{
	work->operation->changed = true;
	work->instance->seen = NULL;
	if (work->action != ACTION_REMOVE)
		return make_again(work);
	if (work->instance->successor)
		work_wake(work->instance->successor->work);
	return PHASE_GONE;
}

/* Whoever is to take its place need not wait until its target comes to its senses: it is made beside it,
 * under the next generation's name, and what clings is taken away another time. */
static enum phase go_round(struct work *work)
{
	struct instance *instance = work->instance;
	struct work *older = survey_add_beside(work, instance->seen);
	if (!older || take_next_name(instance) || work_rename(work, instance->name))
		return work_break(work, (fail_memory(work_error(work)), work_error(work)));
	older->action = ACTION_REMOVE;
	older->settled = older->clings = true;
	older->look_arena = work->look_arena; /* what it is seen as lies there */
	work->look_arena = (struct arena){0};
	older->error = give(work->error);
	older->instance->successor = instance;
	instance->predecessor = older->instance;
	instance->seen = work->looked = NULL;
	work->clings = false;
	work->order = ORDER_STOP_FIRST; /* nothing is to be stopped or removed any more */
	work_rest(older, PHASE_BROKEN);
	return make_again(work);
}

static bool is_down(const struct observed *seen)
{
	return seen->state != SEEN_RUNNING && seen->state != SEEN_RESTARTING && !seen->stopping &&
	       !seen->orphan_tree;
}

static bool is_made_anew(const struct work *work)
{
	return (work->action == ACTION_REPLACE || work->action == ACTION_RELINK) &&
	       !work->instance->predecessor && driver_of(work)->capabilities.generations;
}

/* Whether it has stopped for certain: only then another one may run in its place. */
static enum phase look_at_refused(struct work *work)
{
	enum call_result result = work_look(work);
	if (result == CALL_STAY)
		return PHASE_REMOVING;
	bool gone = result == CALL_FAIL && error_of(work)->code == ERR_MISSING;
	work->error = give(work->refusal);
	if (gone)
		return removed(work);
	work->clings = result == CALL_NEXT && is_down(work->looked);
	return work->clings && is_made_anew(work) && !work->operation->cancelled
		   ? go_round(work)
		   : work_break(work, work_error(work));
}

enum phase step_removing(struct work *work)
{
	struct error err = {0};
	if (work->refusal)
		return look_at_refused(work);
	if (!call_may_begin(work, DOING_REMOVE))
		return PHASE_REMOVING;
	enum progress progress =
	    driver_of(work)->remove(&work->site->location, &work->errand, work->operation->application->id,
				    work->instance->name, &err);
	switch (call_ended(work, progress, &err)) {
	case CALL_NEXT:
		return removed(work);
	case CALL_FAIL:
		/* Whoever is destroyed has nobody who waits for it. */
		if ((err.code != ERR_FAILED && err.code != ERR_CONFLICT) || !work->instance->seen ||
		    !(is_made_anew(work) || work->leftover))
			return work_break(work, work_error(work));
		work->refusal = give(work->error);
		return look_at_refused(work);
	default:
		return PHASE_REMOVING;
	}
}

/* --- given up: the end of its log, room for the older one, then rest ------------------------------------ */

static void keep_log(void *owner, bool errors, const char *bytes, size_t count)
{
	struct work *work = owner;
	(void)errors;
	text_add_printable(&work->log, bytes, count);
	if (work->log.length <= 2 * LOG_LIMIT)
		return;
	/* The end is what tells. */
	struct text end = {0};
	text_add(&end, text_view(&work->log) + work->log.length - LOG_LIMIT);
	text_release(&work->log);
	work->log = end;
}

/* True when it is there, or cannot be had. */
static bool log_fetched(struct work *work)
{
	static const struct log_options tail = {.tail = LOG_TAIL};
	struct error err = {0};
	if (work->log_kept || !work->started || work->operation->abandoned ||
	    !call_may_begin(work, DOING_LOGS))
		return work->log_kept = true;
	enum progress progress =
	    driver_of(work)->logs(&work->site->location, &work->errand, work->operation->application->id,
				  work->instance->name, &tail, keep_log, work, &err);
	if (progress == PROGRESS_WAITING)
		return false;
	work->doing = DOING_NOTHING;
	return work->log_kept = true;
}

/* The one before it comes back: the new one, which did not get ready, must not hold what that needs. True
 * when it is gone, or will not go. */
static bool room_made(struct work *work)
{
	const struct instance *older = work->instance->predecessor;
	struct error err = {0};
	if (!older || work->answered || !work->made || work->operation->abandoned || work->cleared)
		return true;
	work->rescue = true;
	if (!call_may_begin(work, DOING_REMOVE))
		return false;
	struct error *why = work->error;
	work->error = NULL;
	enum progress progress =
	    driver_of(work)->remove(&work->site->location, &work->errand, work->operation->application->id,
				    work->instance->name, &err);
	enum call_result result = call_ended(work, progress, &err);
	work->error = why;
	if (result == CALL_STAY)
		return false;
	work->cleared = true;
	if (result == CALL_FAIL) {
		work->clear_failed = err.code != ERR_CONFLICT; /* a stranger's is none of ours */
		operation_warn(work->operation, "%s could not be removed: %s", work->instance->name,
			       err.text);
	}
	return true;
}

enum phase step_broken(struct work *work)
{
	if (work->settled)
		return PHASE_BROKEN;
	if (work->doing != DOING_LOGS && work->doing != DOING_REMOVE && work->doing != DOING_STOP) {
		driver_of(work)->drop(&work->site->location, &work->errand);
		work->doing = DOING_NOTHING;
	}
	if (work->instance->wanted && !(log_fetched(work) && room_made(work) && joining_ended(work)))
		return PHASE_BROKEN;
	if (work->set_aside)
		return PHASE_QUARANTINED;
	work_settle(work);
	return PHASE_BROKEN;
}
