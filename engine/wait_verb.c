/* wait_verb.c - `wait`: until an application is as somebody needs it. What is there is listed once, and again
 * when a target says that something changed. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/deploy.h"
#include "engine/reconcile.h"

#define HEARTBEAT_MS     10000 /* a target that says nothing is asked whether it is there */
#define PATIENCE_MS      10000 /* one that answered before is given so long to come back */
#define TRY_AGAIN_MS     1000
#define COALESCE_MS      50   /* what happens together is listed once */
#define LOOK_MS          500  /* between two looks at what no target tells of */
#define FRESH_MS         5000 /* an older answer is asked for again before it counts */
#define FIRST_ASK_MS     100
#define SLOWEST_ASK_MS   2000
#define NAMES_IN_MESSAGE 3

enum goal { GOAL_RUNNING, GOAL_HEALTHY, GOAL_FINISHED, GOAL_GONE };

static const char *const goals[] = {"running", "healthy", "finished", "gone"};

/* One instance that is waited for. */
struct awaited {
	const char *component, *name, *location;
	bool job;
	const struct observed *seen; /* of the last listing; NULL: not there */
	const char *state;           /* as told last */
	bool good, reason_told;
	/* Health. */
	struct work *work;
	bool answers, again;  /* it did when it was asked last; it is to be asked again all the same */
	struct error error;   /* why it does not answer */
	char incarnation[80]; /* that was asked */
	int64_t started_ms, answered_ms, not_before_ms, delay_ms;
	struct awaited *next;
};

struct waiting {
	enum goal goal;
	struct awaited *first, **end;
	bool changed;      /* something happened since the listing began */
	bool matched;      /* works were made */
	bool ever;         /* everybody answered once */
	int64_t listed_ms; /* when everybody answered last */
	int64_t silent_ms; /* since when somebody does not; 0: all do */
	int64_t again_ms;  /* when to list again though nobody told */
};

static int64_t now(const struct berth_operation *operation)
{
	return operation->berth->world->ops->now(operation->berth->world);
}

/* --- whom it waits for ------------------------------------------------------------------------ */

/* By its settled name, whatever generation it is. */
static struct awaited *look_up(const struct berth_operation *operation, const char *component,
			       unsigned ordinal)
{
	char name[256];
	snprintf(name, sizeof name, "%s.%s.%u", operation->application->id, component, ordinal);
	return map_get(operation->verb_names, name);
}

static struct awaited *await(struct berth_operation *operation, const char *component, unsigned ordinal,
			     const struct site *site)
{
	struct waiting *waiting = operation->verb_state;
	struct arena *arena = &operation->arena;
	struct awaited *awaited = arena_array(arena, struct awaited, 1);
	if (!awaited)
		return NULL;
	*awaited = (struct awaited){
	    .component = arena_text(arena, component),
	    .name = instance_name(arena, operation->application->id, component, ordinal),
	    .location = site->location.name,
	};
	if (!awaited->component || !awaited->name || map_put(&operation->verb_names, awaited->name, awaited))
		return NULL;
	*waiting->end = awaited;
	waiting->end = &awaited->next;
	return awaited;
}

static int await_wanted(struct berth_operation *operation, enum goal goal)
{
	const struct application *application = operation->application;
	for (size_t i = 0; i < application->component_count; i++) {
		const struct component *component = &application->components[i];
		bool meant = component->site && (goal != GOAL_FINISHED || component->spec->job);
		for (unsigned n = 1; meant && n <= component->spec->instances; n++) {
			struct awaited *awaited = await(operation, component->id, n, component->site);
			if (!awaited)
				return -1;
			awaited->job = component->spec->job;
		}
	}
	return 0;
}

/* Of two things that stand for one instance the one that runs counts. */
static bool stands_better(const struct observed *seen, const struct observed *before)
{
	return !before || (seen->state == SEEN_RUNNING && before->state != SEEN_RUNNING);
}

static int note_seen(struct berth_operation *operation, const struct site *site, const struct observed *seen)
{
	const struct waiting *waiting = operation->verb_state;
	struct awaited *awaited = look_up(operation, seen->component, seen->ordinal);
	bool wanted = waiting->goal == GOAL_GONE || !operation->blueprint;
	if (!awaited && (!wanted || (waiting->goal == GOAL_FINISHED && !seen->job)))
		return 0;
	if (!awaited && !(awaited = await(operation, seen->component, seen->ordinal, site)))
		return -1;
	if (!operation->blueprint)
		awaited->job = seen->job;
	if (!seen->orphan_tree && stands_better(seen, awaited->seen))
		awaited->seen = seen;
	return 0;
}

/* --- how far they are --------------------------------------------------------------------------- */

/* Whether the last deploy saw this very incarnation answer; without the store nobody can say. */
static bool seen_ready(const struct berth_operation *operation, const struct awaited *awaited)
{
	const struct observed *seen = awaited->seen;
	struct stored_instance stored = {0};
	if (!operation->stored)
		return true;
	if (store_instance(operation->berth->store, operation->application->id, awaited->name, &stored, NULL))
		return false;
	bool ready = stored.target_id && seen->target_id && strcmp(stored.target_id, seen->target_id) == 0;
	stored_instance_release(&stored);
	return ready;
}

static bool ended_well(const struct observed *seen)
{
	return seen->state == SEEN_STOPPED && seen->exit_code == 0;
}

/* The word for its state, and whether that is what it is waited for. */
static const char *judge(const struct berth_operation *operation, const struct awaited *awaited,
			 bool *ret_good)
{
	const struct waiting *waiting = operation->verb_state;
	const struct observed *seen = awaited->seen;
	*ret_good = !seen && waiting->goal == GOAL_GONE;
	if (!seen)
		return *ret_good ? "gone" : "absent";
	if (seen->state == SEEN_STOPPED) {
		*ret_good = awaited->job && ended_well(seen) && waiting->goal != GOAL_GONE;
		return !awaited->job ? "stopped" : ended_well(seen) ? "finished" : "broken";
	}
	if (seen->state != SEEN_RUNNING)
		return seen->state == SEEN_CREATED ? "placing" : "broken";
	if (waiting->goal == GOAL_RUNNING)
		*ret_good = awaited->job || seen_ready(operation, awaited);
	else if (waiting->goal == GOAL_HEALTHY)
		*ret_good = awaited->job || awaited->answers;
	else
		return "running";
	return *ret_good ? "running" : "starting";
}

static void tell(const struct berth_operation *operation, const struct awaited *awaited)
{
	const char *text = !awaited->good && awaited->error.code ? awaited->error.text : NULL;
	struct berth_event event = {.size = sizeof event,
				    .kind = BERTH_EVENT_PHASE,
				    .component = awaited->component,
				    .instance = awaited->name,
				    .location = awaited->location,
				    .phase = awaited->state,
				    .text = text,
				    .text_size = text ? strlen(text) : 0,
				    .settled = awaited->good};
	if (operation->listener.event)
		operation->listener.event(operation->listener.context, &event);
}

static bool nothing_left(const struct berth_operation *operation)
{
	for (const struct site *site = operation->sites; site; site = site->next)
		if (site->inventory.instance_count || site->inventory.prepared || site->inventory.claim_count)
			return false;
	return true;
}

/* Whether all is as it should be; tells what changed. */
static bool judge_all(struct berth_operation *operation)
{
	const struct waiting *waiting = operation->verb_state;
	bool all = true;
	for (struct awaited *awaited = waiting->first; awaited; awaited = awaited->next) {
		bool good, reason = awaited->error.code != OK && !awaited->reason_told;
		const char *state = judge(operation, awaited, &good);
		bool news =
		    !awaited->state || strcmp(state, awaited->state) != 0 || good != awaited->good || reason;
		awaited->state = state;
		awaited->good = good;
		awaited->reason_told |= reason;
		if (news)
			tell(operation, awaited);
		all &= good;
	}
	return waiting->goal == GOAL_GONE ? nothing_left(operation) : all;
}

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
	fail(&operation->error, operation->timed_out ? ERR_TIMED_OUT : ERR_CANCELLED, "`%s` %s %s %s%s",
	     operation->application->id, operation->timed_out ? "was not" : "is not", goals[waiting->goal],
	     operation->timed_out ? "in time" : "yet", text_view(&lacking));
	remedy(&operation->error, "`berth why %s` says what it waits for", operation->application->id);
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
	fail(&operation->error, ERR_FAILED, "`%s` will not finish: %s ended with code %d", app, failed->name,
	     failed->seen->exit_code);
	remedy(&operation->error, "`berth logs %s %s` shows what it said", app, failed->component);
	return end(operation, BERTH_FAILED);
}

/* --- beginning ----------------------------------------------------------------------------------- */

static void something_changed(void *owner, const char *name)
{
	struct site *site = owner;
	struct waiting *waiting = site->operation->verb_state;
	(void)name;
	waiting->changed = true;
	operation_wake(site->operation);
}

static int choose_goal(struct berth_operation *operation, enum goal *ret_goal)
{
	const char *asked = operation->request.wait_for ? operation->request.wait_for : "running";
	for (size_t i = 0; i < COUNT_OF(goals); i++)
		if (strcmp(goals[i], asked) == 0)
			return *ret_goal = (enum goal)i, 0;
	fail(&operation->error, ERR_INVALID, "an application cannot be waited for to be `%s`", asked);
	remedy(&operation->error, "it can be running, healthy, finished or gone");
	operation_finish(operation, BERTH_USAGE, document_new(operation->request.app));
	return -1;
}

static int watch_sites(struct berth_operation *operation, struct error *err)
{
	for (struct site *site = operation->sites; site; site = site->next) {
		if (!site->open)
			continue;
		if (site->location.driver->watch(&site->location, operation->application->id,
						 something_changed, site, err))
			return -1;
		site->watched = true;
	}
	return 0;
}

static bool begin(struct berth_operation *operation)
{
	struct error *err = &operation->error;
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
	if (goal != GOAL_GONE && operation->blueprint && await_wanted(operation, goal)) {
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
		blame_site(&operation->error, failed, &failed->error);
		return stage_failed(operation);
	}
	survey_again(operation);
	operation_wake_after(operation, TRY_AGAIN_MS);
	return false;
}

/* What another incarnation answered says nothing of this one. */
static void note_incarnation(struct awaited *awaited)
{
	const struct observed *seen = awaited->seen;
	const char *id = seen && seen->target_id ? seen->target_id : "";
	int64_t started_ms = seen ? seen->started_ms : 0;
	if (strncmp(awaited->incarnation, id, sizeof awaited->incarnation - 1) == 0 &&
	    awaited->started_ms == started_ms)
		return;
	snprintf(awaited->incarnation, sizeof awaited->incarnation, "%s", id);
	awaited->started_ms = started_ms;
	awaited->answers = awaited->again = false;
	awaited->not_before_ms = awaited->delay_ms = 0;
}

static int take_listing(struct berth_operation *operation)
{
	const struct waiting *waiting = operation->verb_state;
	for (struct awaited *awaited = waiting->first; awaited; awaited = awaited->next)
		awaited->seen = NULL;
	for (const struct site *site = operation->sites; site; site = site->next)
		for (size_t i = 0; i < site->inventory.instance_count; i++)
			if (note_seen(operation, site, &site->inventory.instances[i]))
				return fail_memory(&operation->error);
	for (struct awaited *awaited = waiting->first; awaited; awaited = awaited->next)
		note_incarnation(awaited);
	return 0;
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
	fail(&operation->error, ERR_INVALID, "`%s` never finishes: none of its components is a job",
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
	if (waiting->matched && survey_rematch(operation)) {
		fail_memory(&operation->error);
		return stage_failed(operation);
	}
	if (take_listing(operation))
		return stage_failed(operation);
	operation->stage = STAGE_WORK;
	return makes_sense(operation);
}

/* --- health -------------------------------------------------------------------------------------- */

/* What to ask them; without a blueprint nobody knows. 0 or -1. */
static int learn_checks(struct berth_operation *operation)
{
	struct waiting *waiting = operation->verb_state;
	if (waiting->matched)
		return 0;
	waiting->matched = true;
	if (survey_match(operation))
		return fail_memory(&operation->error);
	if (!operation->blueprint) {
		operation_warn(operation,
			       "without its blueprint nobody knows how to ask whether it is healthy: "
			       "that it runs must do");
		return 0;
	}
	if (instances_outline(operation, &operation->error))
		return -1;
	for (size_t i = 0; i < operation->work_count; i++) {
		struct work *work = operation->works[i];
		struct awaited *awaited =
		    look_up(operation, work->instance->component->id, work->instance->ordinal);
		if (awaited && work->instance->wanted)
			awaited->work = work;
	}
	return 0;
}

/* Milliseconds until it is to be asked again; -1: not by the clock. */
static int64_t ask_one(const struct berth_operation *operation, struct awaited *awaited)
{
	struct work *work = awaited->work;
	int64_t left = awaited->not_before_ms - now(operation);
	if ((awaited->answers && !awaited->again) || awaited->job || !awaited->seen ||
	    awaited->seen->state != SEEN_RUNNING)
		return -1;
	if (work && !work->errand.state && left > 0)
		return left;
	if (work)
		work->spec->name = work->instance->name;
	/* Without a blueprint there is nothing to ask. */
	enum progress progress = work ? instance_ask(work, &awaited->error) : PROGRESS_DONE;
	if (progress == PROGRESS_WAITING)
		return -1;
	awaited->again = false;
	awaited->answers = progress == PROGRESS_DONE;
	awaited->answered_ms = now(operation);
	if (awaited->answers)
		return -1;
	awaited->delay_ms = awaited->delay_ms ? awaited->delay_ms * 2 : FIRST_ASK_MS;
	if (awaited->delay_ms > SLOWEST_ASK_MS)
		awaited->delay_ms = SLOWEST_ASK_MS;
	awaited->not_before_ms = now(operation) + awaited->delay_ms;
	return awaited->delay_ms;
}

/* All are to answer at about the same time. True when some are to be asked once more. */
static bool ask_stale(const struct berth_operation *operation)
{
	const struct waiting *waiting = operation->verb_state;
	bool any_stale = false;
	for (struct awaited *awaited = waiting->first; awaited; awaited = awaited->next) {
		awaited->again |= awaited->answers && now(operation) - awaited->answered_ms > FRESH_MS;
		any_stale |= awaited->again;
	}
	return any_stale;
}

static int64_t sooner(int64_t a, int64_t b)
{
	if (a < 0)
		return b;
	return b < 0 || a < b ? a : b;
}

static int64_t ask_all(const struct berth_operation *operation)
{
	const struct waiting *waiting = operation->verb_state;
	int64_t soonest = -1;
	for (struct awaited *awaited = waiting->first; awaited; awaited = awaited->next)
		soonest = sooner(soonest, ask_one(operation, awaited));
	return soonest;
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
		if (learn_checks(operation))
			return stage_failed(operation);
		pause = ask_all(operation);
	}
	bool held = judge_all(operation);
	if (held && waiting->goal == GOAL_HEALTHY && ask_stale(operation)) {
		pause = ask_all(operation);
		held = judge_all(operation) && !ask_stale(operation);
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
