/* keeper.c - every application the store knows is held: begun, let go for whoever changes it, and begun anew.
 */
#include "engine/keeper.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/map.h"
#include "base/memory.h"
#include "engine/deploy.h"
#include "engine/handle.h"
#include "engine/kept.h"
#include "engine/operation.h"

bool keeps_alive(const struct berth *berth)
{
	return berth->keeper && !berth->giving_back;
}

enum {
	FIRST_PAUSE_MS = 1000, /* after a hold that failed */
	LONGEST_PAUSE_MS = 60 * 1000,
	WRITING_PAUSE_MS = 50,
};

/* verb_state of the keeper. */
struct keeper {
	struct kept *first;
	struct map *by_app;      /* the same */
	size_t looked_at;        /* how many of them were held once */
	bool due;                /* the store is to be asked what there is */
	unsigned store_failures; /* of that, in a row */
	int64_t store_at_ms;     /* not before that then; monotonic */
	bool heap_due;           /* what it took to begin them is to go */
};

static struct keeper *keeper_of(const struct berth *berth)
{
	return berth->keeper ? berth->keeper->verb_state : NULL;
}

static struct kept *kept_of(const struct berth *berth, const char *app)
{
	const struct keeper *keeper = keeper_of(berth);
	return keeper && app ? map_get(keeper->by_app, app) : NULL;
}

struct kept *kept_by(const struct berth_operation *hold)
{
	struct kept *kept = kept_of(hold->berth, operation_app(hold));
	return kept && kept->hold == hold ? kept : NULL;
}

/* Restarts that are a policy's and not the target's. */
static bool has_duties(const struct application *application)
{
	for (size_t i = 0; i < application->component_count; i++)
		if (application->components[i].kept)
			return true;
	return false;
}

void keeper_learns(const struct berth_operation *hold, json_t *ill, json_t *numbers)
{
	struct kept *kept = kept_by(hold);
	if (!kept) {
		json_decref(ill);
		json_decref(numbers);
		return;
	}
	json_decref(kept->ill);
	json_decref(kept->numbers);
	kept->ill = ill;
	kept->numbers = numbers;
}

const json_t *keeper_numbers(const struct berth *berth, const char *app)
{
	const struct kept *kept = kept_of(berth, app);
	return kept ? kept->numbers : NULL;
}

const json_t *keeper_ill(const struct berth *berth, const char *app)
{
	const struct kept *kept = kept_of(berth, app);
	return kept ? kept->ill : NULL;
}

void keeper_looked(const struct berth_operation *hold)
{
	struct kept *kept = kept_by(hold);
	if (!kept)
		return;
	struct keeper *keeper = keeper_of(hold->berth);
	if (!kept->looked_at && ++keeper->looked_at == map_count(keeper->by_app)) {
		keeper->heap_due = true;
		operation_wake(hold->berth->keeper);
	}
	if (kept->told)
		operation_warn(hold->berth->keeper, "`%s` is kept again", kept->app);
	free(give(kept->told));
	kept->looked_at = true;
	kept->has_duties = has_duties(hold->application);
	keeper_goes_on(hold);
}

bool berth_keep_ready(const struct berth_operation *operation)
{
	const struct keeper *keeper = operation->verb_state;
	if (operation->done || !keeper || keeper->due)
		return false;
	for (const struct kept *kept = keeper->first; kept; kept = kept->next)
		if (kept->known && !kept->looked_at && !kept->failures)
			return false;
	return true;
}

/* --- holding -------------------------------------------------------------------------------- */

/* Somebody who changes the application, and is not the keeper himself. */
static bool in_use(const struct berth *berth, const struct kept *kept)
{
	for (const struct berth_operation *operation = berth->operations; operation;
	     operation = operation->next) {
		const char *app =
		    operation->done || !operation->verb->changes ? NULL : operation_app(operation);
		if (app && operation != kept->hold && operation != kept->doing && !strcmp(app, kept->app))
			return true;
	}
	return false;
}

static void begin_hold(struct berth_operation *keeper, struct kept *kept)
{
	const struct berth_request request = {.size = sizeof request, .app = kept->app};
	kept->hold = operation_begin(keeper->berth, &verb_hold, &request, &keeper->listener, NULL);
}

static int64_t pause_after(unsigned failures)
{
	int64_t pause_ms = (int64_t)FIRST_PAUSE_MS << (failures < 6 ? failures : 6);
	return pause_ms < LONGEST_PAUSE_MS ? pause_ms : LONGEST_PAUSE_MS;
}

/* Each reason once, however often it is tried again. */
static void tell_failure(struct berth_operation *keeper, struct kept *kept, const char *why)
{
	if (!kept->told || strcmp(kept->told, why) != 0)
		operation_warn(keeper, "`%s` is not kept for now: %s", kept->app, why);
	free(kept->told);
	kept->told = strdup(why);
}

/* What it was let go for is known to it by now, or is to be done. A failure is tried again after a while. */
static void hold_ended(struct berth_operation *keeper, struct kept *kept)
{
	enum berth_outcome outcome = berth_outcome(kept->hold);
	int64_t pause_ms = 0;
	if (outcome != BERTH_OK && outcome != BERTH_INTERRUPTED) {
		pause_ms = pause_after(kept->failures++);
		tell_failure(keeper, kept, berth_message(kept->hold));
	} else {
		kept->failures = 0;
	}
	kept->not_before_ms = keeper->berth->world->ops->now(keeper->berth->world) + pause_ms;
	berth_operation_free(give(kept->hold));
}

/* The last thing that is done about it: its targets have their duties again. True when that is done. */
static bool leave(struct berth_operation *keeper, struct kept *kept)
{
	if (!kept->leaving) {
		if (kept->doing)
			return false;
		deeds_free(kept->deeds);
		kept->deeds = kept->has_duties ? kept_duty() : NULL;
		kept->leaving = true;
	}
	return keeper->abandoned ? !kept->doing : kept_duty_done(keeper, kept);
}

/* Beside the hold, one after the other; not when somebody waits to change the application. */
static int64_t step_held(struct berth_operation *keeper, struct kept *kept)
{
	struct deed *deed = kept_deed_due(kept);
	if (!deed || in_use(keeper->berth, kept))
		return -1;
	return kept_do_beside(keeper, kept, deed) ? -1 : FIRST_PAUSE_MS;
}

/* Milliseconds until it is to be looked at again; -1: when something happens. */
static int64_t step_kept(struct berth_operation *keeper, struct kept *kept)
{
	int64_t left_ms;
	if (kept->doing && berth_done(kept->doing))
		kept_deed_ended(kept);
	if (kept->hold && berth_done(kept->hold))
		hold_ended(keeper, kept);
	if (kept->hold)
		return keeper->cancelled ? -1 : step_held(keeper, kept);
	if (in_use(keeper->berth, kept))
		return -1;
	if (keeper->cancelled) {
		kept->over = leave(keeper, kept);
		return kept->over || kept->doing ? -1 : FIRST_PAUSE_MS; /* without memory: tried again */
	}
	if (!kept_duty_done(keeper, kept))
		return kept->doing ? -1 : FIRST_PAUSE_MS;
	left_ms = kept->not_before_ms - keeper->berth->world->ops->now(keeper->berth->world);
	if (!kept->known)
		return -1;
	if (left_ms > 0)
		return left_ms;
	begin_hold(keeper, kept);
	return kept->hold ? -1 : FIRST_PAUSE_MS;
}

bool keeper_holds(const struct berth *berth, const char *app)
{
	const struct kept *kept = kept_of(berth, app);
	return kept && kept->hold && !berth_done(kept->hold);
}

struct hold *keeper_hold(const struct berth *berth, const char *app)
{
	const struct kept *kept = kept_of(berth, app);
	return keeper_holds(berth, app) ? kept->hold->verb_state : NULL;
}

bool keeper_keeps(const struct berth *berth, const char *app)
{
	const struct kept *kept = kept_of(berth, app);
	return kept && kept->known && !kept->failures && keeps_alive(berth);
}

bool keeper_does(const struct berth_operation *operation)
{
	const struct kept *kept = kept_of(operation->berth, operation_app(operation));
	return operation == operation->berth->keeper || (kept && kept->doing == operation);
}

bool keeper_lends_lock(const struct berth_operation *operation)
{
	const struct kept *kept = kept_of(operation->berth, operation_app(operation));
	return kept && kept->doing == operation && kept->hold && !berth_done(kept->hold) && kept->hold->lock;
}

void keeper_lets_go(struct berth_operation *hold)
{
	const struct kept *kept = kept_by(hold);
	if (kept && kept->doing && !berth_done(kept->doing))
		lock_hand_over(hold, kept->doing);
}

/* A deed that is under way comes to its end before, and the others are held until then. What policies wish
 * for besides they wish for again, if it is still to be done when that somebody is through. */
bool keeper_gives_way(struct berth_operation *operation)
{
	const char *app = operation_app(operation);
	struct kept *kept = kept_of(operation->berth, app);
	if (!kept || operation == kept->hold || operation == kept->doing)
		return false;
	if (kept->doing && !berth_done(kept->doing))
		return true;
	if (kept->hold && !berth_done(kept->hold)) {
		if (!kept->hold->cancelled)
			berth_cancel(kept->hold);
		return true;
	}
	if (!kept->doing && !kept->leaving)
		kept_drop_deeds(kept, false);
	return false;
}

bool keeper_is_acting(const struct berth *berth, const char *app)
{
	const struct kept *kept = kept_of(berth, app);
	if (!kept || kept->hold)
		return false;
	if (kept->doing && !berth_done(kept->doing))
		return true;
	for (const struct berth_operation *other = berth->operations; other; other = other->next) {
		const char *its = other->done || !other->lock ? NULL : operation_app(other);
		if (its && !strcmp(its, app) && other->verb != &verb_destroy)
			return true;
	}
	return false;
}

void keeper_heard(const struct berth_operation *operation)
{
	const struct berth *berth = operation->berth;
	struct berth_operation *keeper = berth->keeper;
	if (!keeper || operation == keeper)
		return;
	const struct kept *asker =
	    operation->verb == &verb_invoke ? kept_of(berth, operation_app(operation)) : NULL;
	if (asker && asker->hold)
		operation_wake(asker->hold);
	if (!operation->verb->changes)
		return;
	struct keeper *state = keeper->verb_state;
	struct kept *kept = kept_of(berth, operation_app(operation));
	if (state)
		state->due = true;
	if (kept && operation != kept->hold && operation != kept->doing)
		kept->duty_told = false;
	operation_wake(keeper);
	/* Those who wait until it is let go. */
	const char *app = operation_app(operation);
	for (struct berth_operation *other = berth->operations; app && other; other = other->next) {
		const char *its = other->done || other == operation ? NULL : operation_app(other);
		if (its && !strcmp(its, app))
			operation_wake(other);
	}
}

/* --- all of them ---------------------------------------------------------------------------- */

static struct kept *add(struct keeper *keeper, const char *app)
{
	struct kept *kept = calloc(1, sizeof *kept);
	if (!kept || !(kept->app = strdup(app)) || map_put(&keeper->by_app, app, kept)) {
		if (kept)
			free(kept->app);
		free(kept);
		return NULL;
	}
	kept->next = keeper->first;
	keeper->first = kept;
	return kept;
}

static void drop(struct kept *kept)
{
	deeds_free(kept->deeds);
	json_decref(kept->ill);
	json_decref(kept->numbers);
	free(kept->told);
	free(kept->app);
	free(kept);
}

/* Those the store knows, and only they, are kept. 0 or -1 with *err. */
static int take_stock(struct berth_operation *operation, struct error *err)
{
	struct keeper *keeper = operation->verb_state;
	owned_json names = NULL;
	size_t i;
	json_t *name;
	if (store_applications(operation->berth->store, &names, err))
		return -1;
	for (struct kept *kept = keeper->first; kept; kept = kept->next)
		kept->known = false;
	json_array_foreach (names, i, name) {
		struct kept *kept = kept_of(operation->berth, json_string_value(name));
		if (!kept && !(kept = add(keeper, json_string_value(name))))
			return fail_memory(err);
		kept->known = true;
	}
	keeper->due = false;
	return 0;
}

static void forget_unknown(struct keeper *keeper)
{
	for (struct kept **at = &keeper->first; *at;) {
		struct kept *kept = *at;
		if (kept->known || kept->hold || kept->doing) {
			at = &kept->next;
			continue;
		}
		*at = kept->next;
		keeper->looked_at -= kept->looked_at;
		map_drop(&keeper->by_app, kept->app);
		drop(kept);
	}
}

static void cancel_all(struct berth_operation *operation)
{
	struct keeper *keeper = operation->verb_state;
	operation->berth->giving_back = true;
	for (struct kept *kept = keeper->first; kept; kept = kept->next) {
		if (kept->hold && (!kept->hold->cancelled || operation->abandoned))
			berth_cancel(kept->hold);
		if (kept->doing && operation->abandoned)
			berth_cancel(kept->doing);
		if (kept->doing && !kept->leaving && !kept->doing->cancelled)
			berth_cancel(kept->doing);
	}
}

static bool all_let_go(const struct keeper *keeper)
{
	for (const struct kept *kept = keeper->first; kept; kept = kept->next)
		if (!kept->over)
			return false;
	return true;
}

static bool begin(struct berth_operation *operation)
{
	if (operation->berth->keeper) {
		fail(operation_error(operation), ERR_LOCKED, "applications are kept by this program already");
		return stage_failed(operation);
	}
	operation->verb_state = arena_array(&operation->arena, struct keeper, 1);
	if (!operation->verb_state) {
		fail_memory(operation_error(operation));
		return stage_failed(operation);
	}
	operation->berth->keeper = operation;
	lock_describe_all(operation);
	((struct keeper *)operation->verb_state)->due = true;
	operation->stage = STAGE_WORK;
	return true;
}

/* Not before what was remembered meanwhile is written, which takes memory too. Milliseconds until that is
 * looked at again; -1: it is done. */
static int64_t give_back(struct berth_operation *operation)
{
	struct store *store = operation->berth->store;
	uint64_t last = store_last(store);
	if (last && !store_durable(store, last, NULL))
		return WRITING_PAUSE_MS;
	store_give_back(store);
	memory_give_back();
	((struct keeper *)operation->verb_state)->heap_due = false;
	return -1;
}

/* A store that cannot be read is told of once, and once more when it can be again: nothing is ready
 * meanwhile. Milliseconds until it is tried again; -1: it was read. */
static int64_t look_at_store(struct berth_operation *operation)
{
	struct keeper *keeper = operation->verb_state;
	struct error err = {0};
	int64_t now_ms = operation->berth->world->ops->now(operation->berth->world);
	if (keeper->store_failures && now_ms < keeper->store_at_ms)
		return keeper->store_at_ms - now_ms;
	if (take_stock(operation, &err)) {
		if (!keeper->store_failures)
			operation_warn(operation, "%s; it is tried again until it can be read", err.text);
		keeper->store_at_ms = now_ms + pause_after(keeper->store_failures++);
		return keeper->store_at_ms - now_ms;
	}
	if (keeper->store_failures)
		operation_warn(operation, "the store can be read again");
	keeper->store_failures = 0;
	return -1;
}

static void step(struct berth_operation *operation)
{
	int64_t delay_ms = -1;
	if (operation->stage == STAGE_BEGIN && !begin(operation))
		return;
	struct keeper *keeper = operation->verb_state;
	if (keeper->heap_due)
		delay_ms = give_back(operation);
	if (keeper->due && !operation->cancelled)
		delay_ms = sooner(delay_ms, look_at_store(operation));
	if (operation->cancelled)
		cancel_all(operation);
	for (struct kept *kept = keeper->first; kept; kept = kept->next)
		delay_ms = sooner(delay_ms, step_kept(operation, kept));
	forget_unknown(keeper);
	if (operation->cancelled && all_let_go(keeper)) {
		operation_finish(operation, BERTH_OK, document_new(NULL));
		return;
	}
	if (delay_ms >= 0)
		operation_wake_after(operation, delay_ms);
}

static void let_go(struct berth_operation *operation)
{
	struct keeper *keeper = operation->verb_state;
	if (operation->berth->keeper != operation)
		return;
	operation->berth->keeper = NULL;
	operation->berth->giving_back = false;
	while (keeper && keeper->first) {
		struct kept *kept = keeper->first;
		keeper->first = kept->next;
		berth_operation_free(kept->hold);
		berth_operation_free(kept->doing);
		drop(kept);
	}
	if (keeper)
		map_release(&keeper->by_app);
	operation->verb_state = NULL;
}

const struct verb verb_keep = {.name = "keep", .step = step, .let_go = let_go, .needs_store = true};
