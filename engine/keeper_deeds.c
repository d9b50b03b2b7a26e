/* keeper_deeds.c - what policies wish for and a hold cannot do itself: it waits for its turn, is done beside
 * the hold or while there is none, and the hold is told what came of it. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/deploy.h"
#include "engine/handle.h"
#include "engine/keeper.h"
#include "engine/kept.h"
#include "engine/operation.h"

/* --- those that wait, or are not told of yet ------------------------------------------------ */

static void drop_deed(struct kept *kept, const struct deed *deed)
{
	struct deed **at = &kept->deeds;
	while (*at && *at != deed)
		at = &(*at)->next;
	struct deed *found = *at;
	if (!found)
		return;
	*at = found->next;
	found->next = NULL;
	deeds_free(found);
}

void kept_drop_deeds(struct kept *kept, bool done)
{
	for (struct deed *deed = kept->deeds, *next; deed; deed = next) {
		next = deed->next;
		if (deed->done == done)
			drop_deed(kept, deed);
	}
}

void keeper_told(const struct berth_operation *hold)
{
	struct kept *kept = kept_by(hold);
	if (kept)
		kept_drop_deeds(kept, true);
}

void keeper_forget(const struct berth_operation *hold, const struct deed *deed)
{
	struct kept *kept = kept_by(hold);
	if (kept)
		drop_deed(kept, deed);
}

bool keeper_awaits(const struct berth_operation *hold, const char *component, uint64_t wish)
{
	const struct kept *kept = kept_by(hold);
	for (const struct deed *deed = kept ? kept->deeds : NULL; deed; deed = deed->next)
		if (deed->wish == wish && deed->component && !strcmp(deed->component, component))
			return true;
	return false;
}

const struct deed *keeper_deeds(const struct berth_operation *hold)
{
	const struct kept *kept = kept_by(hold);
	return kept ? kept->deeds : NULL;
}

void keeper_add_deeds(struct berth_operation *hold, struct deed *deeds)
{
	struct kept *kept = kept_by(hold);
	struct deed **end = kept ? &kept->deeds : NULL;
	if (!kept) {
		deeds_free(deeds);
		return;
	}
	while (*end)
		end = &(*end)->next;
	*end = deeds;
	operation_wake(hold->berth->keeper);
}

void keeper_goes_on(const struct berth_operation *hold)
{
	const struct kept *kept = kept_by(hold);
	if (kept && kept->deeds)
		operation_wake(hold->berth->keeper);
}

/* --- done ----------------------------------------------------------------------------------- */

static const struct verb *verb_of(enum deed_kind kind)
{
	static const struct verb *const verbs[] = {
	    [DEED_MEND] = &verb_mend,   [DEED_REPLACE] = &verb_replace, [DEED_STOP] = &verb_stop,
	    [DEED_START] = &verb_start, [DEED_RESTART] = &verb_restart, [DEED_DUTY] = &verb_duty,
	    [DEED_SCALE] = &verb_scale, [DEED_RELINK] = &verb_relink};
	return verbs[kind];
}

/* The hold that it was done beside, as long as that goes on; else the next one tells of it. */
static struct hold *hold_of(const struct kept *kept)
{
	const struct berth_operation *hold = kept->hold;
	bool goes_on = hold && !berth_done(hold) && !hold->cancelled && hold->stage == STAGE_WORK;
	return goes_on ? hold->verb_state : NULL;
}

/* Nobody is told of one that nobody wished for. */
void kept_deed_ended(struct kept *kept)
{
	struct deed *deed = give(kept->deed);
	struct berth_operation *operation = give(kept->doing);
	struct hold *hold = hold_of(kept);
	deed->done = true;
	const char *words =
	    *berth_message(operation) ? berth_message(operation) : "not all of it is as wanted";
	deed->outcome = berth_outcome(operation) == BERTH_OK ? OUTCOME_DONE : OUTCOME_FAILED;
	if (deed->kind == DEED_SCALE && operation->no_room) {
		deed->outcome = OUTCOME_NO_CAPACITY;
		words = operation->no_room;
	}
	if (deed->outcome != OUTCOME_DONE)
		deed->words = strdup(words);
	if (deed->words)
		operation_warn(operation->berth->keeper, "%s%s%s: %s failed: %s", kept->app,
			       deed->component ? "." : "", deed->component ? deed->component : "",
			       operation->verb->name, deed->words);
	berth_operation_free(operation);
	if (deed->kind == DEED_DUTY)
		drop_deed(kept, deed);
	else if (hold)
		hold_deed_ended(hold, deed);
}

static struct berth_operation *begin_deed(struct berth_operation *keeper, const struct kept *kept,
					  struct deed *deed)
{
	const char *const components[] = {deed->component, NULL};
	const struct berth_request request = {
	    .size = sizeof request, .app = kept->app, .components = components, .count = deed->number};
	struct berth_operation *operation =
	    operation_begin(keeper->berth, verb_of(deed->kind), &request, &keeper->listener, NULL);
	if (operation && deed->policy) { /* without memory only who wished it is not told */
		operation->policy = arena_text(&operation->arena, deed->policy);
		operation->why = arena_text(&operation->arena, deed->why);
	}
	return operation;
}

/* False: no memory. */
static bool do_deed(struct berth_operation *keeper, struct kept *kept, struct deed *deed)
{
	kept->doing = begin_deed(keeper, kept, deed);
	kept->deed = kept->doing ? deed : NULL;
	return kept->doing;
}

static bool lets_go(const struct deed *deed)
{
	return deed->kind == DEED_DUTY || deed->kind == DEED_SCALE;
}

struct deed *kept_deed_due(const struct kept *kept)
{
	struct hold *hold = kept->deeds && !kept->doing ? hold_of(kept) : NULL;
	struct deed *deed = hold ? kept->deeds : NULL;
	while (deed && (deed->done || lets_go(deed) || !hold_may_leave(hold, deed)))
		deed = deed->next;
	return deed;
}

bool kept_do_beside(struct berth_operation *keeper, struct kept *kept, struct deed *deed)
{
	struct hold *hold = hold_of(kept);
	if (!do_deed(keeper, kept, deed))
		return false;
	hold_deed_begins(hold, deed);
	return true;
}

/* --- done while nobody holds it ------------------------------------------------------------- */

struct deed *kept_duty(void)
{
	struct deed *deed = calloc(1, sizeof *deed);
	if (deed)
		deed->kind = DEED_DUTY;
	return deed;
}

/* Once after each change by somebody else: what could not be told then is left to the target. */
bool keeper_tells_duty(struct berth_operation *hold)
{
	struct kept *kept = kept_by(hold);
	struct deed *deed = kept && !kept->duty_told ? kept_duty() : NULL;
	if (!deed)
		return false;
	keeper_add_deeds(hold, deed);
	return kept->duty_told = true;
}

/* One that is done while nobody holds it; NULL: none is to be done. */
static struct deed *duty_of(const struct kept *kept)
{
	struct deed *deed = kept->deeds;
	while (deed && (deed->done || !lets_go(deed)))
		deed = deed->next;
	return deed;
}

bool kept_duty_done(struct berth_operation *keeper, struct kept *kept)
{
	struct deed *deed = kept->doing ? NULL : duty_of(kept);
	if (deed)
		do_deed(keeper, kept, deed); /* without memory: tried again */
	return !deed && !kept->doing;
}
