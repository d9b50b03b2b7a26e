/* wait_verb.c - `wait`: until an application is as somebody needs it. What is there is listed once, and again
 * when a target says that something changed. */
#include <string.h>

#include "base/cleanup.h"
#include "engine/reconcile.h"
#include "engine/targets.h"
#include "engine/wait.h"

#define HEARTBEAT_MS     10000 /* a target that says nothing is asked whether it is there */
#define PATIENCE_MS      10000 /* one that answered before is given so long to come back */
#define TRY_AGAIN_MS     1000
#define COALESCE_MS      50  /* what happens together is listed once */
#define LOOK_MS          500 /* between two looks at what no target tells of */
#define NAMES_IN_MESSAGE 3

static const char *const goals[] = {"running", "healthy", "finished", "gone"};

/* --- how it ends --------------------------------------------------------------------------------- */

/* While a listing is under way nobody knows. */
static json_t *last_document(struct berth_operation *operation, bool held)
{
	const struct waiting *waiting = operation->verb_state;
	if (operation->stage == STAGE_WORK && (waiting->matched || survey_match(operation) == 0))
		return status_document(operation, held && waiting->goal == GOAL_HEALTHY);
	json_t *document = document_new(operation->application->id);
	json_put_text(document, "state", phase_name(PHASE_UNKNOWN));
	return document;
}

static bool end(struct berth_operation *operation, enum berth_outcome outcome)
{
	operation_finish(operation, outcome, last_document(operation, outcome == BERTH_OK));
	return false;
}

/* Whom it still waits for, a few of them by name. */
static void name_lacking(const struct waiting *waiting, struct text *text)
{
	size_t count = 0;
	for (const struct awaited *awaited = waiting->first; awaited; awaited = awaited->next) {
		if (awaited->good)
			continue;
		if (++count <= NAMES_IN_MESSAGE)
			text_format(text, "%s%s is %s", count > 1 ? ", " : ": ", awaited->name,
				    awaited->state ? awaited->state : "unknown");
	}
	if (count > NAMES_IN_MESSAGE)
		text_format(text, ", and %zu more", count - NAMES_IN_MESSAGE);
}

static void give_up(struct berth_operation *operation)
{
	const struct waiting *waiting = operation->verb_state;
	owned_text lacking = {0};
	name_lacking(waiting, &lacking);
	fail(operation_error(operation), operation->timed_out ? ERR_TIMED_OUT : ERR_CANCELLED,
	     "`%s` %s %s %s%s", operation->application->id, operation->timed_out ? "was not" : "is not",
	     goals[waiting->goal], operation->timed_out ? "in time" : "yet", text_view(&lacking));
	remedy(operation_error(operation), "`berth why %s` says what it waits for",
	       operation->application->id);
	end(operation, BERTH_INTERRUPTED);
}

/* A job that failed stays so until somebody deploys again. */
static const struct awaited *failed_for_good(const struct waiting *waiting)
{
	const struct awaited *awaited = waiting->goal == GOAL_FINISHED ? waiting->first : NULL;
	while (awaited && !(awaited->job && awaited->seen && awaited->seen->state == SEEN_STOPPED &&
			    !ended_well(awaited->seen)))
		awaited = awaited->next;
	return awaited;
}

static bool end_failed(struct berth_operation *operation, const struct awaited *failed)
{
	const char *app = operation->application->id;
	owned_text how = {0};
	end_tell(&how, failed->seen);
	fail(operation_error(operation), ERR_FAILED, "`%s` will not finish: %s %s", app, failed->name,
	     text_view(&how));
	remedy(operation_error(operation), "`berth logs %s %s` shows what it said", app, failed->component);
	return end(operation, BERTH_FAILED);
}

/* --- beginning ----------------------------------------------------------------------------------- */

static void something_changed(struct site *site, const char *name, const struct told_end *end)
{
	struct waiting *waiting = site->operation->verb_state;
	(void)name, (void)end;
	waiting->changed = true;
	operation_wake(site->operation);
}

static int choose_goal(struct berth_operation *operation, enum goal *ret_goal)
{
	const char *asked = operation->request.wait_for ? operation->request.wait_for : "running";
	for (size_t i = 0; i < COUNT_OF(goals); i++)
		if (strcmp(goals[i], asked) == 0)
			return *ret_goal = (enum goal)i, 0;
	fail(operation_error(operation), ERR_INVALID, "an application cannot be waited for to be `%s`",
	     asked);
	remedy(operation_error(operation), "it can be running, healthy, finished or gone");
	operation_finish(operation, BERTH_USAGE, document_new(operation->request.app));
	return -1;
}

static int watch_sites(struct berth_operation *operation, struct error *err)
{
	for (struct site *site = operation->sites; site; site = site->next) {
		if (!site->open)
			continue;
		if (target_watch(site, something_changed, err))
			return -1;
	}
	return 0;
}

static bool begin(struct berth_operation *operation)
{
	struct error *err = operation_error(operation);
	struct waiting *waiting = arena_array(&operation->arena, struct waiting, 1);
	enum goal goal;
	if (choose_goal(operation, &goal) || operation_read_blueprint(operation))
		return false;
	if (!waiting) {
		fail_memory(err);
		return stage_failed(operation);
	}
	*waiting = (struct waiting){.goal = goal, .end = &waiting->first};
	operation->verb_state = waiting;
	if (sites_bind(operation, err) || status_open(operation, err) || watch_sites(operation, err))
		return stage_failed(operation);
	if (goal != GOAL_GONE && operation->blueprint &&
	    (sizes_decide(operation) || await_wanted(operation))) {
		fail_memory(err);
		return stage_failed(operation);
	}
	operation->stage = STAGE_SURVEY;
	return true;
}

/* --- listing ------------------------------------------------------------------------------------- */

/* One that answered before may be away for a while. */
static bool bear_with(struct berth_operation *operation, const struct site *failed)
{
	struct waiting *waiting = operation->verb_state;
	if (!waiting->silent_ms)
		waiting->silent_ms = now(operation);
	if (!waiting->ever || now(operation) - waiting->silent_ms >= PATIENCE_MS) {
		blame_site(operation_error(operation), failed, site_error(failed));
		return stage_failed(operation);
	}
	survey_again(operation);
	operation_wake_after(operation, TRY_AGAIN_MS);
	return false;
}

static bool anything_there(const struct berth_operation *operation)
{
	for (const struct site *site = operation->sites; site; site = site->next)
		if (site->inventory.instance_count)
			return true;
	return false;
}

/* What nobody knows will not come about; nor does what has no end finish. False: the operation was ended. */
static bool makes_sense(struct berth_operation *operation)
{
	const struct waiting *waiting = operation->verb_state;
	if (waiting->goal == GOAL_GONE || waiting->first)
		return true;
	if (!operation->blueprint && !anything_there(operation)) {
		fail_unknown_app(operation);
		return stage_failed(operation);
	}
	if (waiting->goal != GOAL_FINISHED)
		return true;
	fail(operation_error(operation), ERR_INVALID, "`%s` never finishes: none of its components is a job",
	     operation->application->id);
	operation_finish(operation, BERTH_USAGE, document_new(operation->application->id));
	return false;
}

static bool surveyed(struct berth_operation *operation)
{
	struct waiting *waiting = operation->verb_state;
	if (survey(operation) == PROGRESS_WAITING)
		return false;
	const struct site *failed = survey_failure(operation);
	if (failed)
		return bear_with(operation, failed);
	waiting->ever = true;
	waiting->listed_ms = now(operation);
	waiting->silent_ms = 0;
	waiting->again_ms = waiting->listed_ms + HEARTBEAT_MS;
	if ((waiting->matched && survey_rematch(operation)) || await_listed(operation)) {
		fail_memory(operation_error(operation));
		return stage_failed(operation);
	}
	operation->stage = STAGE_WORK;
	return makes_sense(operation);
}

/* --- between two listings ------------------------------------------------------------------------ */

static bool any(const struct waiting *waiting, const char *state)
{
	for (const struct awaited *awaited = waiting->first; awaited; awaited = awaited->next)
		if (strcmp(awaited->state, state) == 0)
			return true;
	return false;
}

/* No target tells what the store learns, nor that a network or a claim went: these alone are looked for more
 * often. */
static int64_t next_look(const struct berth_operation *operation)
{
	struct waiting *waiting = operation->verb_state;
	int64_t left = waiting->again_ms - now(operation);
	if (waiting->goal == GOAL_RUNNING && any(waiting, "starting"))
		return sooner(LOOK_MS, left);
	if (waiting->goal != GOAL_GONE)
		return left;
	for (const struct awaited *awaited = waiting->first; awaited; awaited = awaited->next)
		if (awaited->seen)
			return left;
	waiting->again_ms = now(operation) + LOOK_MS;
	return LOOK_MS;
}

static bool is_due(const struct berth_operation *operation)
{
	const struct waiting *waiting = operation->verb_state;
	if (now(operation) >= waiting->again_ms)
		return true;
	return waiting->changed && now(operation) - waiting->listed_ms >= COALESCE_MS;
}

static bool list_again(struct berth_operation *operation)
{
	struct waiting *waiting = operation->verb_state;
	waiting->changed = false;
	survey_again(operation);
	operation->stage = STAGE_SURVEY;
	return true;
}

static bool wait_on(struct berth_operation *operation)
{
	struct waiting *waiting = operation->verb_state;
	int64_t pause = -1;
	if (is_due(operation))
		return list_again(operation);
	if (waiting->goal == GOAL_HEALTHY) {
		if (health_learn(operation))
			return stage_failed(operation);
		pause = health_ask(operation);
	}
	bool held = judge_all(operation);
	if (held && waiting->goal == GOAL_HEALTHY && health_stale(operation)) {
		pause = health_ask(operation);
		held = judge_all(operation) && !health_stale(operation);
	}
	if (held && !waiting->changed)
		return end(operation, BERTH_OK);
	if (failed_for_good(waiting))
		return end_failed(operation, failed_for_good(waiting));
	operation_wake_after(operation, waiting->changed ? COALESCE_MS : sooner(pause, next_look(operation)));
	return false;
}

static void wait_step(struct berth_operation *operation)
{
	static bool (*const stages[])(struct berth_operation *) = {
	    [STAGE_BEGIN] = begin, [STAGE_SURVEY] = surveyed, [STAGE_WORK] = wait_on};
	if (operation->cancelled && operation->verb_state) {
		give_up(operation);
		return;
	}
	while (!operation->done && stages[operation->stage](operation))
		;
}

const struct verb verb_wait = {.name = "wait", .step = wait_step};
