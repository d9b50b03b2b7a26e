/* calls.c - a call to a target: when it may begin, of so many at one time, and what becomes of its answer. */
#include "engine/reconcile.h"
#include "engine/targets.h"

#define ATTEMPTS       5
#define FIRST_PAUSE_MS 250

enum { STOPS_IN_FLIGHT = 64, SILENCE_MS = 30000 };

static bool takes_slot(enum doing doing)
{
	return doing == DOING_PLACE || doing == DOING_STOP || doing == DOING_START || doing == DOING_ADMIT ||
	       doing == DOING_REMOVE || doing == DOING_UPDATE || doing == DOING_DELIVER ||
	       doing == DOING_WITHDRAW || doing == DOING_RENAME;
}

/* Those who start go before those who are only made: what is begun gets ready first. */
static void wait_for_slot(struct work *work, struct slots *slots, bool first)
{
	if (work->waits_slot)
		return;
	work->waits_slot = true;
	work->slots = slots;
	work->next_slot = first ? slots->first : NULL;
	if (first || !slots->first)
		slots->first = work;
	else
		slots->last->next_slot = work;
	if (!first || !slots->last)
		slots->last = work;
}

/* One that breaks while it waits must not be handed a slot that it would never give back. */
static void leave_queue(struct work *work)
{
	struct slots *slots = work->slots;
	if (!slots || !work->waits_slot)
		return;
	struct work *before = NULL, **at = &slots->first;
	while (*at && *at != work) {
		before = *at;
		at = &before->next_slot;
	}
	if (!*at)
		return;
	*at = work->next_slot;
	if (slots->last == work)
		slots->last = before;
	work->waits_slot = false;
}

void call_slot_back(struct work *work)
{
	struct slots *slots = work->slots;
	leave_queue(work);
	if (!work->slot)
		return;
	work->slot = false;
	slots->flying--;
	struct work *next = slots->first;
	if (!next)
		return;
	slots->first = next->next_slot;
	if (!slots->first)
		slots->last = NULL;
	next->waits_slot = false;
	next->slot = true;
	slots->flying++;
	work_wake(next);
}

/* What is kept has its target's, whichever its application is; an operation of somebody's has its own, so
 * that none waits for what another one has fetched for minutes. */
static struct slots *slots_of(const struct work *work, bool stops, bool together)
{
	struct site *site = work->site;
	if (work->held)
		return stops      ? &site->target->stops
		       : together ? &site->target->together
				  : &site->target->changes;
	return stops ? &site->stops : together ? &site->together : &site->changes;
}

/* Everything that goes may stop at one time, as far as a target has connections and a machine has timers for
 * it. */
static bool take_slot(struct work *work, enum doing doing)
{
	const struct capabilities *able = &driver_of(work)->capabilities;
	bool stops = doing == DOING_STOP;
	bool together = able->made_together && (doing == DOING_PLACE || doing == DOING_START);
	struct slots *slots = slots_of(work, stops, together);
	unsigned most = stops ? STOPS_IN_FLIGHT : together ? able->made_together : able->calls_in_flight;
	if (work->slot)
		return true;
	if (slots->flying >= most) {
		wait_for_slot(work, slots, doing != DOING_PLACE && !stops);
		return false;
	}
	work->slot = true;
	work->slots = slots;
	slots->flying++;
	return true;
}

bool call_may_begin(struct work *work, enum doing doing)
{
	/* What needs nobody to see it through is not waited for. */
	if (work->doing == doing && work->operation->cancelled && work->errand.harmless) {
		driver_of(work)->drop(&work->site->location, &work->errand);
		work->doing = DOING_NOTHING;
	}
	if (work->doing == doing)
		return true;
	if (work->operation->cancelled && doing != DOING_LOGS && !work->rescue) {
		work->halted = true;
		call_slot_back(work);
		work_settle(work);
		return false;
	}
	/* A pause is a pause, whoever wakes it meanwhile. */
	int64_t left = work->not_before_ms - now_of(work);
	if (left > 0 && doing != DOING_LOOK && doing != DOING_LOGS) {
		work_wake_after(work, left);
		return false;
	}
	if (takes_slot(doing) && !take_slot(work, doing))
		return false;
	work->doing = doing;
	work->site->touched |= takes_slot(doing);
	work->operation->calls++;
	return true;
}

static bool unanswered(const struct error *err)
{
	return err->code == ERR_UNREACHABLE || err->code == ERR_TIMED_OUT;
}

bool probe_unanswered(const struct health_check *check, const struct error *err)
{
	return err->code == ERR_UNREACHABLE || (err->code == ERR_TIMED_OUT && check->kind != CHECK_COMMAND);
}

/* Where nothing was answered for so long, not everybody has to find that out again. */
static bool is_silent(struct work *work, bool is_overdue)
{
	struct site *site = work->site;
	int64_t now = now_of(work);
	if (!is_overdue) {
		site->silent_ms = site->overdue_ms = 0;
		return false;
	}
	if (!site->silent_ms || now - site->overdue_ms > SILENCE_MS)
		site->silent_ms = now;
	site->overdue_ms = now;
	return now - site->silent_ms > SILENCE_MS;
}

static const char *call_name(enum doing doing)
{
	static const char *const names[] = {
	    [DOING_NOTHING] = "nothing", [DOING_PLACE] = "place",       [DOING_START] = "start",
	    [DOING_PROBE] = "probe",     [DOING_LOOK] = "look",         [DOING_ADMIT] = "admit",
	    [DOING_STOP] = "stop",       [DOING_REMOVE] = "remove",     [DOING_LOGS] = "logs",
	    [DOING_UPDATE] = "update",   [DOING_DELIVER] = "deliver",   [DOING_SIGNAL] = "signal",
	    [DOING_EXEC] = "exec",       [DOING_WITHDRAW] = "withdraw", [DOING_RENAME] = "rename"};
	return names[doing];
}

enum call_result call_ended(struct work *work, enum progress progress, const struct error *err)
{
	enum doing doing = work->doing;
	if (progress == PROGRESS_WAITING) {
		if (work->errand.note)
			work_note(work, "%s", work->errand.note);
		return CALL_STAY;
	}
	work->doing = DOING_NOTHING;
	work->operation->calls++;
	count_call(work->site, call_name(doing), progress == PROGRESS_DONE ? OK : err->code);
	if (takes_slot(doing))
		call_slot_back(work);
	bool silent = is_silent(work, progress == PROGRESS_FAILED && err->code == ERR_TIMED_OUT);
	if (progress == PROGRESS_DONE) {
		work->attempts = 0;
		return CALL_NEXT;
	}
	*work_error(work) = *err;
	if (unanswered(err) && !silent && ++work->attempts < ATTEMPTS) {
		work_note(work, "%s; trying again", err->text);
		work->not_before_ms = now_of(work) + ((int64_t)FIRST_PAUSE_MS << work->attempts);
		work_wake_after(work, (int64_t)FIRST_PAUSE_MS << work->attempts);
		return CALL_STAY;
	}
	return CALL_FAIL;
}
