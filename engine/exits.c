/* exits.c - what a look tells of an instance, above all how often it has ended: how many chances that leaves
 * it. */
#include <stdio.h>

#include "base/cleanup.h"
#include "base/signals.h"
#include "engine/reconcile.h"

#define SETTLE_AGAIN_MS 2000  /* after an exit it counts as up when it stays so for this long */
#define LONG_RUN_MS     10000 /* an exit before a run of this length is forgotten */
#define EXITS_TO_BREAK  3
#define FIRST_AGAIN_MS  500 /* before what ended is started again by us; longer each time */

static void take_note_of(struct work *work, const struct observed *looked)
{
	struct instance *instance = work->instance;
	bool runs = looked->state == SEEN_RUNNING;
	arena_release(&work->look_arena);
	if (runs)
		arena_release(&work->attach_arena);
	*(runs ? &work->attach_arena : &work->look_arena) = work->look_next;
	work->look_next = (struct arena){0};
	work->looked = instance->seen = looked;
	if (runs) {
		instance->attachments = work->looked->attachments;
		instance->attachment_count = work->looked->attachment_count;
	}
}

/* After an event there, or for its address. */
enum call_result work_look(struct work *work)
{
	struct error err = {0};
	struct observed seen = {0};
	if (!call_may_begin(work, DOING_LOOK))
		return CALL_STAY;
	enum progress progress =
	    driver_of(work)->look(&work->site->location, &work->errand, work->operation->application->id,
				  work->instance->name, &work->look_next, &seen, &err);
	enum call_result result = call_ended(work, progress, &err);
	if (result != CALL_STAY) {
		/* What happened while it was under way it may not have told. */
		work->look_due = work->overtaken;
		work->overtaken = false;
		if (work->look_due)
			work_wake(work);
	}
	if (result != CALL_NEXT)
		return result;
	struct observed *looked = arena_array(&work->look_next, struct observed, 1);
	if (!looked) {
		fail_memory(work_error(work));
		return CALL_FAIL;
	}
	*looked = seen;
	take_note_of(work, looked);
	if (seen.state != SEEN_UNKNOWN)
		return CALL_NEXT;
	fail(work_error(work), ERR_UNREACHABLE, "%s", unseen_because(work));
	work_error(work)->here = seen.hindered;
	return CALL_FAIL;
}

static bool how_is_unknown(const struct observed *seen)
{
	return seen->exit_code < 0 && !seen->signal;
}

void end_write(struct text *to, const struct observed *seen)
{
	char name[SIGNAL_NAME];
	signal_name(seen->signal, name);
	if (*name)
		text_format(to, "killed by SIG%s", name);
	else if (how_is_unknown(seen))
		text_add(to, "nobody knows how");
	else
		text_format(to, "with code %d", seen->exit_code);
}

void end_tell(struct text *to, const struct observed *seen)
{
	if (how_is_unknown(seen)) {
		text_add(to, "ended");
		return;
	}
	text_add(to, seen->signal ? "was " : "ended ");
	end_write(to, seen);
}

static enum phase too_many_exits(struct work *work, const struct observed *seen, unsigned exits)
{
	struct error err = {0};
	owned_text how = {0};
	char often[64] = "while starting,";
	if (exits > 1)
		snprintf(often, sizeof often, "%u times while starting, last", exits);
	end_write(&how, seen);
	if (seen->error && *seen->error)
		fail(&err, ERR_FAILED, "it ended %s %s: %s", often, text_view(&how), seen->error);
	else if (seen->out_of_memory)
		fail(&err, ERR_FAILED, "it ended %s out of memory (its limit is too low)", often);
	else if (how_is_unknown(seen)) /* it was started again before anybody could read it */
		fail(&err, ERR_FAILED, "it ended %u time%s while starting", exits, exits == 1 ? "" : "s");
	else
		fail(&err, ERR_FAILED, "it ended %s %s", often, text_view(&how));
	remedy(&err, "the end of its log says why; `berth logs %s %s` shows all",
	       work->operation->application->id, work->instance->component->id);
	return work_break(work, &err);
}

/* Its target does not start it again. Where a policy of ours is to do that, its chances are given from here.
 */
static enum phase stays_ended(struct work *work, const struct observed *seen)
{
	bool ours = work->instance->component->kept && !work->operation->verb->rest;
	if (!ours || ++work->ends >= EXITS_TO_BREAK)
		return too_many_exits(work, seen, ours ? work->ends : 1);
	owned_text how = {0};
	end_tell(&how, seen);
	work_note(work, "%s; it is started again", text_view(&how));
	work->started = false;
	work->intent = 0;
	work->not_before_ms = now_of(work) + FIRST_AGAIN_MS * work->ends;
	work_wake_after(work, FIRST_AGAIN_MS * work->ends);
	return PHASE_STARTING;
}

static int64_t ran_for(const struct work *work, const struct observed *seen)
{
	struct world *world = work->operation->berth->world;
	return seen->state == SEEN_RUNNING ? world->ops->wall(world) - seen->started_ms : 0;
}

/* One that was there before has used up its chances, if it ended twice or more: once more is enough. */
static void begin_counting(struct work *work, const struct observed *seen)
{
	if (work->counted)
		return;
	work->counted = true;
	bool chances_left = work->fresh || seen->exits < EXITS_TO_BREAK - 1;
	work->exits_before = chances_left ? 0 : seen->exits - (EXITS_TO_BREAK - 1);
	work->exits_seen = work->fresh ? 0 : seen->exits - work->exits_before;
	if (work->exits_seen && ran_for(work, seen) < LONG_RUN_MS)
		work->settle_ms = now_of(work) + SETTLE_AGAIN_MS;
}

static unsigned exits_of(const struct work *work)
{
	return work->looked->exits > work->exits_before ? work->looked->exits - work->exits_before : 0;
}

bool ended_too_often(struct work *work)
{
	begin_counting(work, work->looked);
	unsigned exits = exits_of(work);
	if (exits >= EXITS_TO_BREAK)
		too_many_exits(work, work->looked, exits);
	return exits >= EXITS_TO_BREAK;
}

static bool is_left_ended(enum restart_policy restart, const struct observed *seen)
{
	return restart == RESTART_NO || (restart == RESTART_ON_FAILURE && seen->exit_code == 0);
}

enum phase look_at_exits(struct work *work)
{
	switch (work_look(work)) {
	case CALL_FAIL:
		return work_break(work, work_error(work));
	case CALL_STAY:
		return PHASE_STARTING;
	default:
		break;
	}
	const struct observed *seen = work->looked;
	if (ended_too_often(work))
		return PHASE_BROKEN;
	unsigned exits = exits_of(work);
	if (exits > work->exits_seen) {
		work->exits_seen = exits;
		work->settle_ms = now_of(work) + SETTLE_AGAIN_MS;
		owned_text how = {0};
		end_tell(&how, seen); /* not how, where it runs already */
		work_note(work, "%s; the target starts it again", text_view(&how));
	}
	if (seen->state == SEEN_STOPPED && work->spec && is_left_ended(work->spec->restart, seen))
		return stays_ended(work, seen);
	work_wake(work);
	return PHASE_STARTING;
}

enum phase still_runs(struct work *work)
{
	const struct observed *seen = work->looked;
	const struct component_spec *spec = made_from(work->instance);
	if (ended_too_often(work))
		return PHASE_BROKEN;
	/* What its target starts again is not told as stopped meanwhile. */
	if (seen->state == SEEN_STOPPED && !(spec && spec->job) && !keeps_tasks(work->site))
		return stays_ended(work, seen);
	return PHASE_RUNNING;
}
