/* reconcile.c - bring each instance one step closer to what is wanted, from phase to phase. */
#include "engine/reconcile.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/awaited.h"
#include "engine/hosts.h"
#include "engine/pool_line.h"
#include "engine/targets.h"

const struct location_driver *driver_of(const struct work *work)
{
	return work->site->location.driver;
}

int64_t now_of(const struct work *work)
{
	struct world *world = work->operation->berth->world;
	return world->ops->now(world);
}

void work_wake(struct work *work)
{
	struct berth_operation *operation = work->operation;
	operation_wake(operation); /* also for verbs that have no use for the list of the dirty */
	if (work->dirty)
		return;
	work->dirty = true;
	work->next_dirty = NULL;
	if (operation->dirty_last)
		operation->dirty_last->next_dirty = work;
	else
		operation->dirty_first = work;
	operation->dirty_last = work;
}

static void time_to_look(void *owner)
{
	struct work *work = owner;
	work->timer = NULL;
	work_wake(work);
}

void work_wake_after(struct work *work, int64_t delay_ms)
{
	struct world *world = work->operation->berth->world;
	world->ops->timer_cancel(world, work->timer);
	work->timer = world->ops->timer_start(world, delay_ms, time_to_look, work);
	if (!work->timer)
		work_wake(work);
}

/* --- settling ------------------------------------------------------------------------------- */

static void wake_all(struct berth_operation *operation, bool wanted)
{
	for (size_t i = 0; i < operation->work_count; i++)
		if (operation->works[i]->instance->wanted == wanted && !operation->works[i]->settled)
			work_wake(operation->works[i]);
}

/* What held something that others need is gone, or will not go. */
static void gone_first(struct work *work)
{
	if (!work->goes_first)
		return;
	work->goes_first = false;
	if (--work->operation->first_removals == 0)
		wake_all(work->operation, true);
}

void work_settle(struct work *work)
{
	if (work->settled)
		return;
	work->settled = true;
	work->operation->unsettled--;
	turn_give(work, work->instance->phase != PHASE_BROKEN && !work->halted);
	gone_first(work);
	if (work->instance->predecessor)
		work_wake(work->instance->predecessor->work);
	if (work->instance->successor)
		work_wake(work->instance->successor->work);
	if (work->instance->others) /* what an interrupted update left may wait for it */
		wake_all(work->operation, false);
	if (work->instance->wanted && --work->operation->unsettled_wanted == 0)
		wake_all(work->operation, false);
}

void work_unsettle(struct work *work)
{
	if (!work->settled)
		return;
	work->settled = false;
	work->operation->unsettled++;
	work->operation->unsettled_wanted += work->instance->wanted;
}

/* Told of every phase, and of every new reason to wait. */
static void tell(const struct work *work, const char *text)
{
	const struct berth_operation *operation = work->operation;
	if (!operation->listener.event)
		return;
	struct berth_event event = {
	    .size = sizeof event,
	    .kind = BERTH_EVENT_PHASE,
	    .app = operation->application->id,
	    .component = work->instance->component->id,
	    .instance = work->instance->name,
	    .location = work->site->location.name,
	    .phase = phase_name(work->instance->phase),
	    .text = text,
	    .text_size = text ? strlen(text) : 0,
	    .settled = work->settled,
	};
	operation->listener.event(operation->listener.context, &event);
}

void work_note(struct work *work, const char *format, ...)
{
	owned_text words = {0};
	va_list arguments;
	va_start(arguments, format);
	text_vformat(&words, format, arguments);
	va_end(arguments);
	if (work->note.data && strcmp(text_view(&work->note), text_view(&words)) == 0)
		return;
	text_clear(&work->note);
	text_add(&work->note, text_view(&words));
	tell(work, text_view(&work->note));
}

void work_wake_consumers(const struct work *work)
{
	const struct component *component = work->instance->component;
	const struct application *application = work->operation->application;
	for (size_t i = 0; i < component->consumer_count; i++) {
		struct component *consumer = &application->components[component->consumers[i]];
		for (size_t n = 0; n < consumer->instance_count; n++)
			work_wake(consumer->instances[n].work);
	}
	for (size_t i = 0; is_first_member(work->instance) && i < component->instance_count; i++)
		work_wake(component->instances[i].work); /* they may wait for the first */
}

static void record(const struct work *work, const char *text)
{
	const struct berth_operation *operation = work->operation;
	const char *help = text ? error_of(work)->remedy : "";
	/* History only: nobody waits for it, and losing it loses nothing that runs. */
	store_put_failure(operation->berth->store, operation->application->id, work->instance->component->id,
			  work->instance->name, phase_name(work->instance->phase), text, *help ? help : NULL);
}

/* One that rests ended without anybody's asking: that is not what `stopped` says of those that were stopped.
 */
static void record_end(const struct work *work, const struct observed *seen)
{
	const struct berth_operation *operation = work->operation;
	owned_text words = {0};
	end_write(&words, seen);
	if (seen->out_of_memory)
		text_add(&words, ": it ran out of memory");
	if (seen->error && *seen->error)
		text_format(&words, ": %s", seen->error);
	store_put_event(operation->berth->store, operation->application->id, work->instance->component->id,
			work->instance->name, "ended", text_view(&words));
}

/* The one that is wanted in its place may wait for it to stop. */
static void wake_instance(const struct work *leftover)
{
	const struct component *component = leftover->instance->component;
	for (size_t i = 0; i < component->instance_count; i++)
		if (component->instances[i].ordinal == leftover->instance->ordinal)
			work_wake(component->instances[i].work);
}

/* Nothing more is to be done about it in that phase. */
static bool rests(const struct work *work, enum phase phase)
{
	if (phase == PHASE_STOPPED)
		return work->action == ACTION_STOP || work->left_stopped || work->settled;
	if (phase == PHASE_RUNNING)
		return work->instance->wanted || work->kept || work->action != ACTION_REMOVE;
	return phase == PHASE_GONE || phase == PHASE_FINISHED || phase == PHASE_QUARANTINED;
}

/* Of thousands only those under way have in memory what they are asked to be, and what they wait for. */
static void let_go_of_words(struct work *work)
{
	if (work->operation->verb->rest || work->doing != DOING_NOTHING)
		return;
	text_release(&work->note);
	spec_done(work);
}

/* The one door from phase to phase: traces, records, wakes those who wait. */
static void enter(struct work *work, enum phase phase)
{
	struct instance *instance = work->instance;
	bool wrong = phase == PHASE_BROKEN || phase == PHASE_QUARANTINED;
	const char *text = wrong ? error_of(work)->text : NULL;
	bool ended = work->settled && work->operation->verb->rest && phase == PHASE_STOPPED;
	call_slot_back(work);
	instance->phase = phase;
	instance->since_ms = now_of(work);
	work->attempts = 0;
	work->not_before_ms = 0;
	text_clear(&work->note);
	bool resting = rests(work, phase);
	if (resting) {
		work_settle(work);
		let_go_of_words(work);
	}
	tell(work, text);
	if (ended && instance->seen)
		record_end(work, instance->seen);
	else if (resting ? work->made || phase != PHASE_RUNNING : phase == PHASE_BROKEN)
		record(work, text);
	work_wake_consumers(work);
	if (work->leftover)
		wake_instance(work);
}

struct error *work_error(struct work *work)
{
	struct berth_operation *operation = work->operation;
	if (!work->error)
		work->error = arena_array(&operation->arena, struct error, 1) ?: &operation->berth->spare;
	return work->error;
}

const struct error *error_of(const struct work *work)
{
	static const struct error none;
	return work->error ? work->error : &none;
}

enum phase work_break(struct work *work, const struct error *err)
{
	if (err != work->error)
		*work_error(work) = *err;
	return PHASE_BROKEN;
}

/* --- intents -------------------------------------------------------------------------------- */

static void wait_for_commit(struct work *work)
{
	struct berth_operation *operation = work->operation;
	if (work->waits_commit)
		return;
	work->waits_commit = true;
	work->next_commit = NULL;
	if (operation->commit_last)
		operation->commit_last->next_commit = work;
	else
		operation->commit_first = work;
	operation->commit_last = work;
}

/* Records become durable in the order they were put. */
static void wake_committed(struct berth_operation *operation)
{
	while (operation->commit_first &&
	       store_durable(operation->berth->store, operation->commit_first->intent, NULL) != 0) {
		struct work *work = operation->commit_first;
		operation->commit_first = work->next_commit;
		if (!operation->commit_first)
			operation->commit_last = NULL;
		work->waits_commit = false;
		work_wake(work);
	}
}

bool intent_durable(struct work *work, const char *what, bool *ret_failed)
{
	struct berth_operation *operation = work->operation;
	*ret_failed = false;
	const char *name = work->intent ? NULL : settled_name(work->instance);
	if (work->parts & (PART_FILES | PART_NOTICE))
		what = "update";
	else if (work->parts & PART_LIMITS)
		what = "limits";
	if (name)
		host_remember(work, name);
	if (name)
		work->intent =
		    store_put_intent(operation->berth->store, operation->application->id, name,
				     work->site->location.name, what, work->spec ? work->spec->digest : "");
	struct error err = {0};
	int durable =
	    work->intent ? store_durable(operation->berth->store, work->intent, &err) : fail_memory(&err);
	if (durable < 0) {
		*work_error(work) = err;
		*ret_failed = true;
	} else if (!durable) {
		wait_for_commit(work);
	}
	return durable > 0;
}

/* --- turns ---------------------------------------------------------------------------------- */

static phase_step *const steps[PHASE_COUNT] = {
    [PHASE_ABSENT] = step_linking,    [PHASE_LINKING] = step_linking,     [PHASE_PLACING] = step_placing,
    [PHASE_STARTING] = step_starting, [PHASE_RUNNING] = step_running,     [PHASE_UPDATING] = step_updating,
    [PHASE_FINISHED] = step_resting,  [PHASE_STOPPING] = step_stopping,   [PHASE_REMOVING] = step_removing,
    [PHASE_GONE] = step_resting,      [PHASE_STOPPED] = step_resting,     [PHASE_BROKEN] = step_broken,
    [PHASE_UNKNOWN] = step_resting,   [PHASE_QUARANTINED] = step_resting,
};

static phase_step *step_of(const struct work *work)
{
	enum phase phase = work->instance->phase;
	if (work->settled && work->operation->verb->rest)
		return work->operation->verb->rest;
	/* Left alone, it is not made because those that it needs answer. */
	if (work->action == ACTION_UNCHANGED && phase == PHASE_ABSENT)
		return step_resting;
	if (work->action == ACTION_REMOVE && (phase == PHASE_RUNNING || phase == PHASE_STOPPED))
		return step_leaving;
	if (work->instance->successor && phase == PHASE_STARTING)
		return step_coming_back;
	return steps[phase];
}

static void reconcile(struct work *work)
{
	struct berth_operation *operation = work->operation;
	for (;;) {
		uint64_t calls = operation->calls;
		enum phase next = step_of(work)(work);
		bool stays = next == work->instance->phase;
		operation->decisions += !stays || operation->calls != calls;
		if (stays)
			break;
		enter(work, next);
	}
	if (operation->verb->stepped)
		operation->verb->stepped(work);
}

void work_rest(struct work *work, enum phase phase)
{
	if (work->instance->phase != phase)
		enter(work, phase);
	if (work->operation->verb->stepped)
		work->operation->verb->stepped(work);
}

void work_begin(struct work *work, enum action action, enum phase phase)
{
	work_unsettle(work);
	work->action = action;
	enter(work, phase);
	work_wake(work);
}

static void look_again(struct work *work)
{
	if (!work->made && work->settled && !work_tended(work))
		return;
	work->look_due = true;
	work->overtaken = work->doing == DOING_LOOK;
	work_wake(work);
}

/* Of so few no table is made. */
enum { FEW_WORKS = 4 };

/* A component that moves has one name at two sites: the one that is wanted is the one to hear of. 0 or -1. */
static int name_works(struct berth_operation *operation)
{
	for (int wanted = 0; wanted < 2; wanted++)
		for (size_t i = 0; i < operation->work_count; i++) {
			struct work *work = operation->works[i];
			if (work->instance->wanted == wanted &&
			    map_put(&operation->works_by_name, work->instance->name, work))
				return -1;
		}
	return 0;
}

struct work *work_named(const struct berth_operation *operation, const char *name)
{
	struct work *found = NULL;
	if (operation->works_by_name)
		return map_get(operation->works_by_name, name);
	for (size_t i = 0; i < operation->work_count && operation->works; i++)
		if (!strcmp(operation->works[i]->instance->name, name) &&
		    (!found || operation->works[i]->instance->wanted))
			found = operation->works[i];
	return found;
}

/* The former name still means it, too. */
int work_rename(struct work *work, const char *name)
{
	struct berth_operation *operation = work->operation;
	if (!operation->works_by_name && name_works(operation))
		return -1;
	if (map_put(&operation->works_by_name, name, work))
		return -1;
	work->instance->name = name;
	return 0;
}

static void something_changed(struct site *site, const char *name, const struct told_end *end)
{
	struct berth_operation *operation = site->operation;
	struct work *named = name ? work_named(operation, name) : NULL;
	if (operation->verb->changed) {
		operation->verb->changed(site, named && named->site == site ? named : NULL, end);
		return;
	}
	if (named && named->site == site)
		look_again(named);
	for (size_t i = 0; !name && i < operation->work_count; i++)
		if (operation->works[i]->site == site &&
		    operation->works[i]->instance->phase >= PHASE_STARTING)
			look_again(operation->works[i]);
}

/* As it is, for a verb that leaves it alone. */
static enum phase unchanged_phase(const struct observed *seen)
{
	if (!seen)
		return PHASE_ABSENT;
	if (seen->job && seen->state == SEEN_STOPPED && seen->exit_code == 0)
		return PHASE_FINISHED;
	return seen->state == SEEN_RUNNING ? PHASE_RUNNING : PHASE_STOPPED;
}

static enum phase first_phase(const struct work *work)
{
	const struct component_spec *spec = made_from(work->instance);
	const struct observed *seen = work->instance->seen;
	if (work->instance->quarantined && work->action == ACTION_UNCHANGED)
		return PHASE_QUARANTINED;
	if (work->unseen)
		return PHASE_UNKNOWN;
	switch (work->action) {
	case ACTION_REMOVE: /* one that is about to run again must be stopped like one that runs */
		return seen && (seen->state == SEEN_RUNNING || seen->state == SEEN_RESTARTING)
			   ? PHASE_RUNNING
			   : PHASE_STOPPED;
	case ACTION_STOP:
		return PHASE_STOPPING;
	case ACTION_UPDATE:
		return work->parts & PART_ROLL ? PHASE_LINKING : PHASE_UPDATING;
	case ACTION_UNCHANGED:
		if (work->operation->verb->decide || !seen)
			return unchanged_phase(seen);
		return work->verify ? PHASE_STARTING : spec && spec->job ? PHASE_FINISHED : PHASE_RUNNING;
	default:
		return PHASE_LINKING;
	}
}

/* What is done to it is done to the incarnation that was seen. */
static bool stays_itself(const struct work *work)
{
	const struct observed *seen = work->instance->seen;
	return seen && seen->target_id &&
	       (work->action == ACTION_UPDATE || work->action == ACTION_START || work->resumed);
}

int reconcile_begin(struct berth_operation *operation, struct error *err)
{
	for (struct site *site = operation->sites; site; site = site->next) {
		if (!site->needed || site->watched)
			continue;
		if (target_watch(site, something_changed, err))
			return -1;
	}
	operation->reconciling = !operation->verb->rest;
	operation->reconciled_ms = operation->berth->world->ops->now(operation->berth->world);
	operation->unsettled = operation->work_count;
	operation->unsettled_wanted = 0;
	for (size_t i = 0; i < operation->work_count; i++)
		operation->unsettled_wanted += operation->works[i]->instance->wanted;
	if (operation->work_count > FEW_WORKS && name_works(operation))
		return fail_memory(err);
	for (size_t i = 0; i < operation->work_count; i++) {
		struct work *work = operation->works[i];
		work->started = work->action == ACTION_UNCHANGED || work->action == ACTION_UPDATE;
		enum phase first = first_phase(work);
		if (work->action == ACTION_UNCHANGED &&
		    first != PHASE_STARTING) { /* as it was: nothing to do */
			work->instance->phase = first;
			work_settle(work);
			continue;
		}
		if (stays_itself(work) &&
		    !(work->target_id = arena_text(graph_arena(operation), work->instance->seen->target_id)))
			return fail_memory(err);
		if (work->action == ACTION_REMOVE)
			work->instance->phase = first; /* it waits for its time: nothing to tell yet */
		else if (work->action == ACTION_UNCHANGED) {
			work->instance->phase = first;
			work->instance->since_ms = now_of(work);
			work_note(work, "runs already; asked whether it answers");
		} else
			enter(work, first);
		work_wake(work);
	}
	return 0;
}

bool reconcile_turn(struct berth_operation *operation)
{
	wake_committed(operation);
	if (operation->cancelled && !operation->cancel_told) {
		operation->cancel_told = true;
		for (size_t i = 0; i < operation->work_count; i++)
			if (!operation->works[i]->settled)
				work_wake(operation->works[i]);
	}
	while (operation->dirty_first) {
		struct work *work = operation->dirty_first;
		operation->dirty_first = work->next_dirty;
		if (!operation->dirty_first)
			operation->dirty_last = NULL;
		work->dirty = false;
		reconcile(work);
	}
	bool over = operation->unsettled == 0 || operation->abandoned;
	if (over && operation->reconciling) {
		struct world *world = operation->berth->world;
		operation->reconciling = false;
		count_duration(operation, world->ops->now(world) - operation->reconciled_ms);
	}
	return over;
}

void reconcile_end(struct berth_operation *operation)
{
	struct world *world = operation->berth->world;
	awaited_end(operation);
	for (struct site *site = operation->sites; site; site = site->next)
		target_unwatch(site);
	for (size_t i = 0; i < operation->work_count; i++) {
		struct work *work = operation->works[i];
		driver_of(work)->drop(&work->site->location, &work->errand);
		pool_line_release(work);
		call_slot_back(work);
		world->ops->timer_cancel(world, work->timer);
		work->timer = NULL;
		spec_drop(work);
		arena_release(&work->look_next);
		arena_release(&work->look_arena);
		arena_release(&work->attach_arena);
		arena_release(&work->plan_arena);
		text_release(&work->log);
		text_release(&work->note);
	}
	map_release(&operation->works_by_name);
	operation->work_count = 0;
	operation->dirty_first = operation->dirty_last = NULL;
}
