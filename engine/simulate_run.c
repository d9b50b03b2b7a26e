/* simulate_run.c - a command of a scenario, in a process of its own: how it begins, ends, and is killed. */
#include <string.h>

#include "base/cleanup.h"
#include "engine/simulate.h"

typedef struct berth_operation *verb_function(struct berth *, const struct berth_request *,
					      const struct berth_listener *, struct berth_error *);

/* --- what it says ---------------------------------------------------------------------------------- */

static void take_event(void *context, const struct berth_event *event)
{
	struct run *run = context;
	struct simulation *simulation = run->simulation;
	if (event->kind == BERTH_EVENT_WARNING)
		story_tell(simulation, run->by->name, "warning: %s", event->text);
	else if (event->kind == BERTH_EVENT_PHASE && event->instance &&
		 story_is_news(simulation, &run->told, event))
		story_tell(simulation, event->instance, "%s%s%s", event->phase,
			   event->text && *event->text ? ": " : "", event->text ? event->text : "");
}

/* --- its beginning --------------------------------------------------------------------------------- */

static verb_function *verb_of(int action)
{
	static verb_function *const verbs[] = {
	    [STEP_DEPLOY] = berth_deploy,   [STEP_PLAN] = berth_plan,       [STEP_STOP] = berth_stop,
	    [STEP_START] = berth_start,     [STEP_RESTART] = berth_restart, [STEP_SCALE] = berth_scale,
	    [STEP_DESTROY] = berth_destroy, [ASK_STATUS] = berth_status,    [ASK_PLAN] = berth_plan,
	};
	return verbs[action];
}

/* Those that read the blueprint; the others know the application by its name. */
static bool reads_blueprint(int action)
{
	return action == STEP_DEPLOY || action == STEP_PLAN || action == ASK_PLAN;
}

static const char *const *names_of(struct arena *arena, const struct said_pair *list)
{
	size_t count = 0;
	for (const struct said_pair *pair = list; pair; pair = said_next(pair))
		count++;
	const char **names = arena_array(arena, const char *, count + 1);
	for (count = 0; names && list; list = said_next(list))
		names[count++] = list->said.name;
	return names;
}

static struct berth_request request_of(struct run *run)
{
	struct simulation *simulation = run->simulation;
	const struct scenario_step *step = run->step;
	struct berth_request request = {
	    .size = sizeof request, .app = simulation->app, .locations = fleet_locations(simulation)};
	if (reads_blueprint(run->action)) {
		request.blueprint = simulation->edition.text;
		request.blueprint_size = simulation->edition.size;
		request.file = simulation->edition.file;
		request.settings = simulation->settings;
	}
	if (!step)
		return request;
	request.components =
	    names_of(&simulation->arena, run->action == STEP_SCALE ? step->scale : step->components);
	if (run->action == STEP_SCALE)
		request.count = strtoll(step->scale->value.text, NULL, 10);
	request.timeout_ms = step->timeout_ms;
	request.adopt = step->adopt;
	request.volumes = step->volumes;
	return request;
}

static bool is_named(const struct said_pair *list, const char *id)
{
	const struct said_pair *pair = list;
	while (pair && strcmp(pair->said.name, id) != 0)
		pair = said_next(pair);
	return pair || !list;
}

/* What the command makes of how many are wanted. */
static void wish(struct run *run)
{
	struct simulation *simulation = run->simulation;
	const struct scenario_step *step = run->step;
	for (size_t i = 0; i < simulation->watched_count; i++) {
		struct watched *watched = &simulation->watched[i];
		if (run->action == STEP_SCALE && is_named(step->scale, watched->id))
			watched->wanted = watched->made = strtoll(step->scale->value.text, NULL, 10);
		else if (run->action == STEP_DESTROY ||
			 (run->action == STEP_STOP && is_named(step->components, watched->id)))
			watched->wanted = 0;
		else if ((run->action == STEP_START || run->action == STEP_RESTART) &&
			 is_named(step->components, watched->id))
			watched->wanted = watched->made;
	}
}

/* Where there are policies, a controller is what carries out the command. */
static int open_process(struct run *run, struct error *err)
{
	struct deployer *by = run->by;
	if (run->action == STEP_DEPLOY && run->simulation->has_policies && controller_begin(by, err))
		return -1;
	run->through = by->seat && !seat_dead(by->seat);
	if (!run->through)
		return fleet_open(by, &run->seat, &run->berth, err);
	run->seat = by->seat;
	run->berth = by->berth;
	environment_of(run->simulation);
	return 0;
}

static int begin_command(struct run *run, struct error *err)
{
	struct simulation *simulation = run->simulation;
	struct berth_listener listener = {.size = sizeof listener, .event = take_event, .context = run};
	struct berth_error error = {0};
	if (run->step && run->action == STEP_DEPLOY && run->step->deploy.text &&
	    fleet_edition(simulation, run->step->deploy.text, &simulation->edition, err))
		return -1;
	/* What is wrong with it the command itself says. */
	if (run->action == STEP_DEPLOY || run->action == STEP_PLAN)
		fleet_prepare(simulation, run->by, &simulation->edition, NULL, err);
	if (open_process(run, err))
		return -1;
	if (run->step && run->action != STEP_PLAN)
		wish(run);
	struct berth_request request = request_of(run);
	bool silent = !run->step || run->action == STEP_PLAN;
	run->operation = verb_of(run->action)(run->berth, &request, silent ? NULL : &listener, &error);
	return run->operation ? 0 : fail(err, ERR_FAILED, "%s", error.text);
}

struct run *run_begin(struct simulation *simulation, const struct scenario_step *step, int action,
		      struct track *track)
{
	struct error err = {0};
	struct run *run = arena_array(&simulation->arena, struct run, 1);
	if (!run)
		return NULL;
	*run = (struct run){
	    .step = step,
	    .action = action,
	    .by = fleet_deployer(simulation, step && said_has(step, STEP_BY) ? step->by.text : "you"),
	    .track = track,
	    .begun_ms = clock_now(simulation->clock),
	    .simulation = simulation,
	    .next = simulation->runs};
	simulation->runs = run;
	if (step) {
		owned_text words = {0};
		run_describe(run, &words);
		story_tell(simulation, run->by->name, "berth %s", text_view(&words));
	}
	if (begin_command(run, &err)) {
		story_tell(simulation, run->by->name, "cannot: %s", err.text);
		simulation->failed = simulation->failed || err.code == ERR_NO_MEMORY;
	}
	return run;
}

/* --- its end --------------------------------------------------------------------------------------- */

void run_close(struct run *run)
{
	berth_operation_free(run->operation);
	if (run->through && run->dies_at && run->seat)
		seat_kill_at(run->seat, 0);
	if (!run->through) {
		berth_close(run->berth);
		seat_free(run->seat);
	}
	map_release(&run->told);
	run->operation = NULL;
	run->berth = NULL;
	run->seat = NULL;
}

/* What it brought about is not to be lost from now on. */
static void keep(struct simulation *simulation)
{
	for (size_t i = 0; i < simulation->watched_count; i++)
		simulation->watched[i].kept = simulation->watched[i].wanted;
}

void run_end(struct run *run)
{
	struct simulation *simulation = run->simulation;
	struct error err = {0};
	const char *result = run->operation ? berth_result(run->operation) : "";
	json_t *document = *result ? json_parse(result, strlen(result), "result", &err) : NULL;
	if (run->dies_at && !run->killed)
		death_missed(simulation, run);
	if (run->step) {
		run_judge(run, document);
		if (run->action != STEP_PLAN && run->operation && !run->killed &&
		    berth_outcome(run->operation) == BERTH_OK)
			keep(simulation);
	} else if (run->action == ASK_STATUS) {
		simulation->status = json_incref(document);
	} else {
		simulation->plan = json_incref(document);
	}
	json_decref(document);
	run_close(run);
	run->over = true;
}

void run_kill(struct run *run, const char *why)
{
	struct simulation *simulation = run->simulation;
	if (run->killed)
		return;
	run->killed = true;
	if (run->seat && !run->through)
		seat_kill(run->seat);
	story_tell(simulation, run->by->name, "berth is killed%s%s", *why ? " " : "", why);
	verdicts_disturbed(simulation, clock_now(simulation->clock), "berth was killed");
}
