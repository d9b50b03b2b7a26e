/* reconcile.h - what the steps of an instance share: phases, slots, calls, settling. */
#ifndef BERTH_ENGINE_RECONCILE_H
#define BERTH_ENGINE_RECONCILE_H

#include "engine/specs.h"

/* Look at the facts and say which phase is next (the same one: until somebody wakes it). */
typedef enum phase phase_step(struct work *work);
phase_step step_linking, step_placing, step_starting, step_running, step_updating, step_stopping,
    step_removing, step_broken, step_resting;
/* What is to go, while it is still there; the older one of an update that comes back. */
phase_step step_leaving, step_coming_back;

/* The one home of what a driver's call may answer. NEXT: it is done. STAY: wait to be woken. FAIL:
 * work->error says why. */
enum call_result { CALL_NEXT, CALL_STAY, CALL_FAIL };

/* --- phases.c --- */
/* It is to be placed and was not asked for yet, and waits for nobody who is not placed either. */
bool work_comes_next(const struct work *work);

/* --- exits.c --- */
/* How it ended: "with code 3", "killed by SIGKILL"; and as a sentence without whom it is about: "ended with
 * code 3", "was killed by SIGKILL". */
void end_write(struct text *to, const struct observed *seen);
void end_tell(struct text *to, const struct observed *seen);
/* Look at the instance afresh. NEXT: work->looked is what is there now. */
enum call_result work_look(struct work *work);
/* After a look: it is broken, and work->error says why. */
bool ended_too_often(struct work *work);
/* After a look at one that had answered: RUNNING, or where it goes as it ended. */
enum phase still_runs(struct work *work);
/* Look, and see that; what ended and may end again is given more time to count as up. */
enum phase look_at_exits(struct work *work);

/* --- calls.c --- */
/* May this call begin, or go on? Takes a slot for those that change the target; false: wait (or the work was
 * halted). */
bool call_may_begin(struct work *work, enum doing doing);
/* Turn a driver's answer into a result; an unanswered call is tried again a few times, with growing pauses.
 */
enum call_result call_ended(struct work *work, enum progress progress, const struct error *err);
/* It is not the instance that does not answer: its location could not be asked about it. */
bool probe_unanswered(const struct health_check *check, const struct error *err);
/* It has come further, or gave up: whoever waits for its slot is next. */
void call_slot_back(struct work *work);
/* Wake the work after a while; replaces an earlier wish. */
void work_wake_after(struct work *work, int64_t delay_ms);
/* What it waits for, in words that live as long as the operation or are copied. Tells the listener when they
 * change. */
void work_note(struct work *work, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Those who need this instance's component look again. */
void work_wake_consumers(const struct work *work);
void work_settle(struct work *work);
/* Have it acted on, from that phase on, though it rests. */
void work_begin(struct work *work, enum action action, enum phase phase);
/* It rests, and is found in that phase. */
void work_rest(struct work *work, enum phase phase);
void work_unsettle(struct work *work);
/* Give up: *err is kept; the end of the log is fetched in the broken phase. */
enum phase work_break(struct work *work, const struct error *err);
/* True once the intent to change this instance is durable. False: wait; or the work was broken by the store
 * (*ret_failed). */
bool intent_durable(struct work *work, const char *what, bool *ret_failed);
/* turns.c: may it be changed now? False: not yet, or never (work->error says why). Given back when it
 * settled, `well`: the next one may go on. */
bool turn_take(struct work *work);
void turn_give(struct work *work, bool well);
const struct location_driver *driver_of(const struct work *work);
int64_t now_of(const struct work *work);

/* --- tending.c --- */
/* Whether the command leaves it alone, and sees to it all the same that it runs: its policies, whose duty
 * that is, are not asked meanwhile. */
bool work_tended(const struct work *work);
/* It was looked at: it has ended, and its policies would start it. */
bool work_to_be_revived(const struct work *work);
enum phase work_revive(struct work *work);

/* --- joining.c: new members of clusters --- */
/* It did not get ready. True when what becomes of it is settled. */
bool joining_ended(struct work *work);
/* There was no room for another one: it need not be tried, and its error says so. */
bool joining_hopeless(struct work *work);

#endif
