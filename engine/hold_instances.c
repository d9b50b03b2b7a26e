/* hold_instances.c - instances of an application that is held: what is seen of them while they rest, and what
 * is done to them. */
#include <string.h>

#include "engine/hold.h"
#include "engine/pools.h"
#include "engine/reconcile.h"
#include "engine/specs.h"

enum {
	BLIND_PAUSE_MS = 2000, /* until one whose target did not answer is looked at again */
	LOOK_LATER_MS = 1000,  /* until one that was told to have ended, and rests, is looked at */
};

/* --- what is seen --------------------------------------------------------------------------- */

bool held_is_job(const struct work *work)
{
	const struct component_spec *spec = made_from(work->instance);
	return spec && spec->job;
}

static enum phase phase_of(const struct work *work, const struct observed *seen)
{
	if (!seen)
		return PHASE_ABSENT;
	switch (seen->state) {
	case SEEN_RUNNING:
		return PHASE_RUNNING;
	case SEEN_RESTARTING: /* its target is about to do that */
		return PHASE_STARTING;
	case SEEN_STOPPED:
		return held_is_job(work) && seen->exit_code == 0 ? PHASE_FINISHED : PHASE_STOPPED;
	case SEEN_CREATED:
		return PHASE_STOPPED;
	case SEEN_UNKNOWN:
		return PHASE_UNKNOWN;
	default:
		return PHASE_BROKEN;
	}
}

/* The target said why it could not be seen, or that it is not there. */
static enum phase not_seen(struct work *work)
{
	const struct error *why = error_of(work);
	if (why->code == ERR_MISSING || why->code == ERR_CONFLICT) {
		work->instance->seen = work->looked = NULL;
		return PHASE_ABSENT;
	}
	if (work->held) {
		work->held->sight_lost = true;
		work->held->hindered = !is_silence(why);
	}
	work->look_due = true;
	work_wake_after(work, BLIND_PAUSE_MS);
	return PHASE_UNKNOWN;
}

/* --- ends that are told ----------------------------------------------------------------------- */

static bool told_ended(const struct work *work)
{
	return work->held && work->held->end_told && work->instance->seen == work->held->ended;
}

bool held_in_doubt(const struct held_instance *held)
{
	return told_ended(held->work) && (held->work->look_due || held->work->doing == DOING_LOOK);
}

/* All is known of it but this: it was seen to run, at rest and as it is to be, before that end, and nobody
 * else starts it again. */
static bool can_be_followed(const struct work *work, const struct told_end *end)
{
	const struct held_instance *held = work->held;
	const struct observed *seen = work->instance->seen;
	const struct resurvey *again = work->site->resurvey;
	if (!held || !held->of->set || !work->settled || work->instance->phase != PHASE_RUNNING ||
	    work->look_due || work->doing == DOING_LOOK)
		return false;
	if (again->under_way || (again->due && again->at_ms <= now_of(work)))
		return false;
	if (!seen || seen->state != SEEN_RUNNING || seen->cut_off ||
	    strcmp(seen->target_id, end->target_id) != 0 || !seen->ran_ms || end->at_ms <= seen->ran_ms)
		return false;
	return seen->limits_known ? seen->restart == RESTART_NO : held->of->lone;
}

/* It is what it was, but for that. False: no memory. */
static bool note_end(struct work *work, const struct told_end *end)
{
	struct held_instance *held = work->held;
	if (!held->ended)
		held->ended = arena_array(graph_arena(work->operation), struct observed, 1);
	if (!held->ended)
		return false;
	*held->ended = *work->instance->seen;
	held->ended->state = SEEN_STOPPED;
	held->ended->exit_code = end->exit_code;
	held->ended->signal = end->signal;
	held->ended->out_of_memory = end->out_of_memory;
	held->ended->error = NULL;
	held->ended->exits++;
	held->ended->ran_ms = end->at_ms;
	work->instance->seen = held->ended;
	work->looked = NULL;
	return held->end_told = true;
}

static bool is_known(const struct work *work, const struct told_end *end)
{
	return told_ended(work) && work->held->ended->ran_ms == end->at_ms &&
	       !strcmp(work->held->ended->target_id, end->target_id);
}

/* --- looking ---------------------------------------------------------------------------------- */

/* How it answers is of less use to others than where its members are; what is asked has its specification, so
 * what it was told last must be known without making that anew. */
static bool may_follow(const struct work *work)
{
	return work->doing == DOING_NOTHING ||
	       (work->doing == DOING_PROBE && work->pool && *work->pool->told);
}

static enum phase look(struct work *work)
{
	struct held_instance *held = work->held;
	bool doubted = held && told_ended(work), back = held && held->back;
	switch (work_look(work)) {
	case CALL_STAY:
		return work->instance->phase;
	case CALL_FAIL:
		if (back)
			held_came_back(held, not_seen(work));
		return back ? work->instance->phase : not_seen(work);
	default:
		break;
	}
	if (held)
		held->sight_lost = false;
	if (back)
		held_came_back(held, phase_of(work, work->looked));
	if (doubted) /* what is wished was put off */
		held->of->due = held->of->hold->any_due = true;
	enum phase phase = phase_of(work, work->looked);
	if (phase == work->instance->phase)
		health_asked(work); /* its time may have come meanwhile */
	if (may_follow(work) && pool_differs(work))
		work_wake(work);   /* it could not meanwhile */
	work_wake_consumers(work); /* who is made anew may have waited for what that told */
	return phase;
}

/* Nothing of what was done to it before counts for what is done now. */
static void forget_before(struct work *work)
{
	if (work->error)
		*work->error = (struct error){0};
	work->parts = 0;
	work->attempts = 0;
	work->intent = 0;
	work->picks = 0;
	work->checks_done = 0;
	work->not_before_ms = work->deadline_ms = work->settle_ms = work->probe_delay_ms = 0;
	work->exits_before = work->exits_seen = work->ends = 0;
	work->started = work->admitted = work->answered = work->counted = work->fresh = false;
	work->look_due = work->overtaken = work->halted = work->blocked = work->place_again = false;
	work->log_kept = work->cleared = work->clear_failed = work->left_pools = false;
	work->leave_by_ms = work->drained_ms = 0;
	text_clear(&work->log);
	work->made = true;
}

static void stop_asking(struct work *work)
{
	if (work->doing != DOING_PROBE)
		return;
	driver_of(work)->drop(&work->site->location, &work->errand);
	work->doing = DOING_NOTHING;
}

/* A load balancer whose members are others by now; that it is told is no failure of its own. */
static bool follows(struct work *work)
{
	struct held_instance *held = work->held;
	if (!held || held->acting || held->of->deed || work->instance->phase != PHASE_RUNNING ||
	    !may_follow(work) || !pool_differs(work) || !hold_site_ours(work->site))
		return false;
	stop_asking(work);
	forget_before(work);
	if (!pool_follow(work))
		return false;
	held->acting = true;
	held->acting_ms = now_of(work);
	work_begin(work, ACTION_UNCHANGED, PHASE_UPDATING);
	return true;
}

enum phase step_resting_held(struct work *work)
{
	const struct resurvey *again = work->site->resurvey;
	if (work->held && work->held->away && !work->held->back)
		return work->instance->phase;
	if (follows(work) || (work->held && held_relinks(work->held)))
		return work->instance->phase;
	if (again && again->under_way) /* what it tells may be older than a look of now; then all are woken */
		return work->instance->phase;
	if (told_ended(work) && work->instance->phase == PHASE_RUNNING) {
		work_wake_after(work, LOOK_LATER_MS);
		return phase_of(work, work->instance->seen);
	}
	work->look_due |= told_ended(work) && now_of(work) - work->instance->since_ms >= LOOK_LATER_MS;
	/* What happened there is more than what it would answer. */
	if (work->look_due || work->instance->phase != PHASE_RUNNING)
		stop_asking(work);
	if (work->doing != DOING_LOOK && !work->look_due) {
		health_asked(work);
		return work->instance->phase;
	}
	return look(work);
}

void hold_changed(struct site *site, struct work *work, const struct told_end *end)
{
	if (!work) {
		resurvey_due(site, 0);
		return;
	}
	if (work->held && work->held->away && !work->held->back)
		return; /* it is looked at when it comes back */
	/* Whose it is, is asked along with the look. */
	if (work->held && work->held->of->set)
		hold_site_ours(site);
	if (end && is_known(work, end))
		return;
	if (end && can_be_followed(work, end) && note_end(work, end)) {
		work_wake(work);
		return;
	}
	work->look_due = true;
	work->overtaken = work->doing == DOING_LOOK;
	work_wake(work);
}

/* Its location answers, and would not tell when the machine there does. */
static void look_again_later(struct work *work)
{
	const struct observed *seen = work->instance->seen;
	if (!work->site->listed || !seen || seen->state != SEEN_UNKNOWN)
		return;
	work->look_due = true;
	work_wake_after(work, BLIND_PAUSE_MS);
}

void hold_forget_spec(struct work *work)
{
	if (work->doing == DOING_NOTHING)
		spec_drop(work);
}

void hold_sight(struct work *work, bool seen)
{
	if (work->held && work->held->away) {
		work_wake(work);
		return;
	}
	if (work->held) {
		work->held->sight_lost = !seen;
		work->held->hindered = !seen && !is_silence(site_error(work->site));
	}
	if (!work->settled)
		return;
	look_again_later(work);
	work_rest(work, seen ? phase_of(work, work->instance->seen) : PHASE_UNKNOWN);
	work_wake(work); /* a check or a look that was answered meanwhile goes on */
	if (seen && keeps_tasks(work->site))
		work_wake_consumers(work); /* its tasks may be elsewhere */
}

static void rest(struct work *work)
{
	work->action = ACTION_UNCHANGED;
	work->started = true;
	work->settled = true;
	if (work->instance->seen)
		keep_attachments(work->instance);
	work->instance->phase = work->site->listed ? phase_of(work, work->instance->seen) : PHASE_UNKNOWN;
	look_again_later(work);
	work->instance->since_ms = now_of(work);
	work_wake(work); /* its health may be due */
}

int hold_watch(struct berth_operation *operation, struct error *err)
{
	if (publications_settle(operation, err))
		return -1;
	for (struct site *site = operation->sites; site; site = site->next) {
		site->resurvey = arena_array(graph_arena(operation), struct resurvey, 1);
		if (!site->resurvey)
			return fail_memory(err);
		site->needed = site->open && !site->twin && !site->same;
	}
	if (reconcile_begin(operation, err))
		return -1;
	for (size_t i = 0; i < operation->work_count; i++)
		rest(operation->works[i]);
	operation->unsettled = operation->unsettled_wanted = 0;
	for (struct site *site = operation->sites; site; site = site->next)
		if (site->failed) {
			site->resurvey->failures = 1;
			resurvey_due(site, BLIND_PAUSE_MS);
		}
	return 0;
}

/* --- what is done --------------------------------------------------------------------------- */

void held_restart(struct held_instance *held)
{
	struct work *work = held->work;
	const struct observed *seen = work->instance->seen;
	bool runs = seen && (seen->state == SEEN_RUNNING || seen->state == SEEN_RESTARTING);
	if (work->doing != DOING_NOTHING) /* a look that is under way tells of what was before */
		driver_of(work)->drop(&work->site->location, &work->errand);
	work->doing = DOING_NOTHING;
	spec_drop(work); /* it may tell of what was seen before */
	forget_before(work);
	if (seen && told_ended(work) && spec_outlined(work)) /* without memory it is looked at first */
		work->spec->ended = seen->target_id;
	held->end_told = false;
	work->rescue = !runs; /* a restart that was begun is brought to its start, whoever lets it go */
	held->acting = true;
	held->acting_ms = now_of(work);
	work_begin(work, runs ? ACTION_RESTART : ACTION_START, runs ? PHASE_STOPPING : PHASE_STARTING);
}
