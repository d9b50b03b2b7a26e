/* simulate_steps.c - a scenario's steps in turn: commands are run in processes of their own, and some of them
 * are killed. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/simulate.h"

#define LIMIT_MS (60 * 60 * 1000)

typedef struct berth_operation *verb_function(struct berth *, const struct berth_request *,
					      const struct berth_listener *, struct berth_error *);

/* The last questions are asked by commands too. */
enum { ASK_STATUS = STEP_KEYS, ASK_PLAN };

static bool has(const struct scenario_step *step, int key)
{
	return step && step->said.given >> key & 1;
}

/* --- what a command says ------------------------------------------------------------------------------ */

/* How far something has come (`pulling redis:3: 10 of 42 MB`) is not told again and again. */
static bool is_news(struct run *run, const struct berth_event *event)
{
	const char *told = map_get(run->told, event->instance);
	const char *words =
	    arena_format(&run->simulation->arena, "%s%s%s", event->phase,
			 event->text && *event->text ? ": " : "", event->text ? event->text : "");
	bool goes_on = told && words && strstr(told, ": ") && starts_with(words, told);
	if (!words || goes_on || (told && strcmp(told, words) == 0))
		return false;
	return map_put(&run->told, event->instance, (void *)words) == 0;
}

static void take_event(void *context, const struct berth_event *event)
{
	struct run *run = context;
	struct simulation *simulation = run->simulation;
	if (event->kind == BERTH_EVENT_WARNING)
		story_tell(simulation, run->by->name, "warning: %s", event->text);
	else if (event->kind == BERTH_EVENT_PHASE && event->instance && is_news(run, event))
		story_tell(simulation, event->instance, "%s%s%s", event->phase,
			   event->text && *event->text ? ": " : "", event->text ? event->text : "");
}

static const char *command_words(const struct run *run)
{
	static const char *const words[] = {
	    [STEP_DEPLOY] = "deploy",   [STEP_PLAN] = "plan",       [STEP_STOP] = "stop",
	    [STEP_START] = "start",     [STEP_RESTART] = "restart", [STEP_SCALE] = "scale",
	    [STEP_DESTROY] = "destroy",
	};
	return words[run->action];
}

/* "deploy", "stop web api", "scale web 4" */
static void describe(const struct run *run, struct text *to)
{
	const struct scenario_step *step = run->step;
	const struct said_pair *list = run->action == STEP_SCALE ? step->scale : step->components;
	text_add(to, command_words(run));
	if (run->action == STEP_DEPLOY && step->deploy.text)
		text_format(to, " %s", step->deploy.text);
	for (; list; list = (const struct said_pair *)list->said.next)
		text_format(to, " %s%s%s", list->said.name, run->action == STEP_SCALE ? " " : "",
			    run->action == STEP_SCALE ? list->value.text : "");
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
	for (const struct said_pair *pair = list; pair; pair = (const struct said_pair *)pair->said.next)
		count++;
	const char **names = arena_array(arena, const char *, count + 1);
	for (count = 0; names && list; list = (const struct said_pair *)list->said.next)
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
		pair = (const struct said_pair *)pair->said.next;
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

static int begin_command(struct run *run, struct error *err)
{
	struct simulation *simulation = run->simulation;
	struct berth_listener listener = {.size = sizeof listener, .event = take_event, .context = run};
	struct berth_error error = {0};
	if (fleet_open(simulation, run, err))
		return -1;
	if (run->step && run->action == STEP_DEPLOY && run->step->deploy.text &&
	    fleet_edition(simulation, run->step->deploy.text, &simulation->edition, err))
		return -1;
	/* What is wrong with it the command itself says. */
	if (run->action == STEP_DEPLOY || run->action == STEP_PLAN)
		fleet_prepare(simulation, run->by, &simulation->edition, NULL, err);
	if (run->step && run->action != STEP_PLAN)
		wish(run);
	struct berth_request request = request_of(run);
	bool silent = !run->step || run->action == STEP_PLAN;
	run->operation = verb_of(run->action)(run->berth, &request, silent ? NULL : &listener, &error);
	return run->operation ? 0 : fail(err, ERR_FAILED, "%s", error.text);
}

static struct run *run_begin(struct simulation *simulation, const struct scenario_step *step, int action,
			     struct track *track)
{
	struct error err = {0};
	struct run *run = arena_array(&simulation->arena, struct run, 1);
	if (!run)
		return NULL;
	*run = (struct run){.step = step,
			    .action = (enum step_key)action,
			    .by = fleet_deployer(simulation, has(step, STEP_BY) ? step->by.text : "you"),
			    .track = track,
			    .begun_ms = clock_now(simulation->clock),
			    .simulation = simulation,
			    .next = simulation->runs};
	simulation->runs = run;
	if (step) {
		owned_text words = {0};
		describe(run, &words);
		story_tell(simulation, run->by->name, "berth %s", text_view(&words));
	}
	if (begin_command(run, &err)) {
		story_tell(simulation, run->by->name, "cannot: %s", err.text);
		simulation->failed = simulation->failed || err.code == ERR_NO_MEMORY;
	}
	return run;
}

/* --- its end ------------------------------------------------------------------------------------------ */

static void close_run(struct run *run)
{
	berth_operation_free(run->operation);
	berth_close(run->berth);
	seat_free(run->seat);
	map_release(&run->told);
	run->operation = NULL;
	run->berth = NULL;
	run->seat = NULL;
}

static const char *outcome_word(enum berth_outcome outcome)
{
	for (int i = 0; i < ANY_OUTCOME; i++)
		if (scenario_outcomes[i].outcome == outcome)
			return scenario_outcomes[i].word;
	return "failed";
}

static bool lists_exactly(const json_t *document, const char *action, const struct said_pair *wanted,
			  struct text *why)
{
	size_t i;
	json_t *change;
	for (const struct said_pair *pair = wanted; pair; pair = (const struct said_pair *)pair->said.next) {
		bool found = false;
		json_array_foreach (json_object_get(document, "changes"), i, change)
			found = found || (strcmp(json_text(change, "action"), action) == 0 &&
					  strcmp(json_text(change, "component"), pair->said.name) == 0);
		if (!found)
			text_format(why, "it does not %s %s", action, pair->said.name);
		if (!found)
			return false;
	}
	json_array_foreach (json_object_get(document, "changes"), i, change) {
		const struct said_pair *pair = wanted;
		if (strcmp(json_text(change, "action"), action) != 0)
			continue;
		while (pair && strcmp(json_text(change, "component"), pair->said.name) != 0)
			pair = (const struct said_pair *)pair->said.next;
		if (!pair)
			text_format(why, "it would %s %s, too", action, json_text(change, "component"));
		if (!pair)
			return false;
	}
	return true;
}

static bool plan_changes(const json_t *document)
{
	size_t i;
	json_t *change;
	json_array_foreach (json_object_get(document, "changes"), i, change)
		if (strcmp(json_text(change, "action"), "unchanged") != 0)
			return true;
	return false;
}

static void judge_plan(const struct run *run, const json_t *document, struct text *why)
{
	static const char *const actions[PLAN_LISTS] = {"create",  "start",   "update", "relink",
							"replace", "restart", "stop",   "remove"};
	const struct scenario_plan *plan = &run->step->plan;
	if (plan->said.given >> PLAN_UNCHANGED & 1 && plan_changes(document) == plan->unchanged) {
		text_add(why, plan->unchanged ? "it changes something" : "it changes nothing");
		return;
	}
	for (int i = 0; i < PLAN_LISTS; i++)
		if (plan->said.given >> i & 1 && !lists_exactly(document, actions[i], plan->lists[i], why))
			return;
}

static void tell_plan(const struct run *run, const json_t *document)
{
	owned_text words = {0};
	size_t i;
	json_t *change;
	json_array_foreach (json_object_get(document, "changes"), i, change)
		if (strcmp(json_text(change, "action"), "unchanged") != 0)
			text_format(&words, "%s%s %s", words.length ? ", " : "", json_text(change, "action"),
				    json_text(change, "instance"));
	story_tell(run->simulation, run->by->name, "plan: %s",
		   words.length ? text_view(&words) : "nothing changes");
}

/* "plan replaces web, creates nothing" */
static void describe_plan(const struct scenario_plan *plan, struct text *to)
{
	const char *between = " ";
	for (int i = 0; i < PLAN_LISTS; i++) {
		const struct said_pair *pair = plan->lists[i];
		if (!(plan->said.given >> i & 1))
			continue;
		text_format(to, "%s%s%s", between, scenario_plan_form.keys[i].name, pair ? "" : " nothing");
		for (; pair; pair = (const struct said_pair *)pair->said.next)
			text_format(to, " %s", pair->said.name);
		between = ", ";
	}
	if (plan->said.given >> PLAN_UNCHANGED & 1)
		text_format(to, "%schanges %s", between, plan->unchanged ? "nothing" : "something");
}

/* With the first failure, when there are any. */
static void tell_why(struct text *why, enum berth_outcome outcome, const char *message,
		     const json_t *document)
{
	const json_t *first = json_array_get(json_object_get(document, "failures"), 0);
	text_format(why, "it ended with `%s`%s%s", outcome_word(outcome), *message ? ": " : "", message);
	if (json_text(first, "instance") && json_text(first, "error"))
		text_format(why, "; %s: %s", json_text(first, "instance"), json_text(first, "error"));
}

/* Whether it ended as the step says. */
static void judge_run(const struct run *run, const json_t *document)
{
	const struct scenario_step *step = run->step;
	int wanted = has(step, STEP_OUTCOME) ? step->outcome : 0;
	enum berth_outcome outcome = run->operation ? berth_outcome(run->operation) : BERTH_FAILED;
	const char *message = run->operation ? berth_message(run->operation) : "it could not begin";
	owned_text why = {0}, what = {0};
	describe(run, &what);
	if (!run->killed && wanted != ANY_OUTCOME && outcome != scenario_outcomes[wanted].outcome)
		tell_why(&why, outcome, message, document);
	else if (has(step, STEP_SAYS) && !strstr(message, step->says.text))
		text_format(&why, "it said `%s`", message);
	else if (run->action == STEP_PLAN && outcome == BERTH_OK)
		judge_plan(run, document, &why);
	if (run->action == STEP_PLAN)
		describe_plan(&step->plan, &what);
	if (has(step, STEP_OUTCOME))
		text_format(&what, " ends with `%s`", scenario_outcomes[wanted].word);
	bool asserted = (has(step, STEP_OUTCOME) && wanted != ANY_OUTCOME) || has(step, STEP_SAYS) ||
			(run->action == STEP_PLAN && step->plan.said.given);
	if (asserted || why.length)
		verdicts_step(run->simulation, step, text_view(&what), why.length ? text_view(&why) : NULL);
}

static void note_step(const struct run *run)
{
	struct simulation *simulation = run->simulation;
	owned_text what = {0};
	json_t *entry = json_object();
	describe(run, &what);
	const char *outcome = run->killed      ? "killed"
			      : run->operation ? outcome_word(berth_outcome(run->operation))
					       : "failed";
	(void)(json_put_text(entry, "command", text_view(&what)) ||
	       json_put_text(entry, "by", run->by->name) ||
	       json_put_number(entry, "line", run->step->said.place.line) ||
	       json_put_number(entry, "begun_ms",
			       story_now(simulation) - (clock_now(simulation->clock) - run->begun_ms)) ||
	       json_put_number(entry, "ended_ms", story_now(simulation)) ||
	       json_put_text(entry, "outcome", outcome));
	if (run->operation && *berth_message(run->operation))
		json_put_text(entry, "message", berth_message(run->operation));
	json_add(simulation->steps, entry);
}

static void track_goes_on(struct track *track);

static void tell_end(const struct run *run)
{
	struct simulation *simulation = run->simulation;
	if (run->killed || !run->operation)
		return;
	const char *message = berth_message(run->operation),
		   *word = outcome_word(berth_outcome(run->operation));
	char took[32];
	duration_words(clock_now(simulation->clock) - run->begun_ms, took);
	if (berth_outcome(run->operation) == BERTH_OK)
		story_tell(simulation, run->by->name, "%s: done after %s", command_words(run), took);
	else
		story_tell(simulation, run->by->name, "%s: %s after %s%s%s", command_words(run), word, took,
			   *message ? ": " : "", message);
}

static void end_run(struct run *run)
{
	struct simulation *simulation = run->simulation;
	struct error err = {0};
	const char *result = run->operation ? berth_result(run->operation) : "";
	json_t *document = *result ? json_parse(result, strlen(result), "result", &err) : NULL;
	if (run->dies_at && !run->killed)
		story_tell(simulation, "scenario", "berth ended before call %llu: it was not killed",
			   (unsigned long long)run->dies_at);
	if (run->step) {
		if (run->action == STEP_PLAN && document)
			tell_plan(run, document);
		else
			tell_end(run);
		judge_run(run, document);
		note_step(run);
		if (run->action != STEP_PLAN && run->operation && !run->killed &&
		    berth_outcome(run->operation) == BERTH_OK)
			for (size_t i = 0; i < simulation->watched_count; i++)
				simulation->watched[i].kept = simulation->watched[i].wanted;
	} else if ((int)run->action == ASK_STATUS) {
		simulation->status = json_incref(document);
	} else {
		simulation->plan = json_incref(document);
	}
	json_decref(document);
	close_run(run);
	run->over = true;
	if (run->track) {
		run->track->pending--;
		track_goes_on(run->track);
	}
}

void run_kill(struct run *run, const char *why)
{
	struct simulation *simulation = run->simulation;
	if (run->killed)
		return;
	run->killed = true;
	if (run->seat)
		seat_kill(run->seat);
	story_tell(simulation, run->by->name, "berth is killed%s%s", *why ? " " : "", why);
	verdicts_disturbed(simulation, clock_now(simulation->clock), "berth was killed");
}

/* --- steps in turn ------------------------------------------------------------------------------------ */

static struct track *track_begin(struct simulation *simulation, const struct scenario_step *steps,
				 struct track *outer);

static void time_is_up(struct event *event)
{
	struct track *track = (struct track *)((char *)event - offsetof(struct track, event));
	track->pending--;
	track_goes_on(track);
}

static void pause_track(struct track *track, int64_t ms)
{
	event_prepare(&track->event, time_is_up);
	if (clock_add(track->simulation->clock, &track->event, ms))
		track->simulation->failed = true;
	else
		track->pending++;
}

static void edit(struct simulation *simulation, const struct scenario_step *step)
{
	for (const struct said_pair *pair = step->edit; pair;
	     pair = (const struct said_pair *)pair->said.next) {
		const char **more =
		    arena_array(&simulation->arena, const char *, simulation->setting_count + 2);
		const char *setting =
		    arena_format(&simulation->arena, "%s=%s", pair->said.name, pair->value.text);
		if (!more || !setting) {
			simulation->failed = true;
			return;
		}
		if (simulation->setting_count)
			memcpy(more, simulation->settings, simulation->setting_count * sizeof *more);
		more[simulation->setting_count++] = setting;
		simulation->settings = more;
		story_tell(simulation, "you", "edit %s", setting);
	}
}

static void act(struct track *track, const struct scenario_step *step)
{
	struct simulation *simulation = track->simulation;
	switch (step->action) {
	case STEP_EDIT:
		edit(simulation, step);
		break;
	case STEP_WAIT:
		pause_track(track, step->wait_ms);
		break;
	case STEP_FAULT:
	case STEP_KILL:
	case STEP_REMOVE:
	case STEP_CUT_OFF:
	case STEP_REBOOT:
	case STEP_JUMP:
		faults_act(simulation, step);
		break;
	default:
		if (!run_begin(simulation, step, step->action, track)) {
			simulation->failed = true;
			return;
		}
		track->pending++;
		if (step->meanwhile && track_begin(simulation, step->meanwhile, track))
			track->pending++;
	}
}

static void end_track(struct track *track)
{
	track->over = true;
	if (!track->outer)
		return;
	track->outer->pending--;
	track_goes_on(track->outer);
}

/* As far as it can without waiting. */
static void track_goes_on(struct track *track)
{
	while (!track->pending && track->at) {
		const struct scenario_step *step = track->at;
		if (step->after_ms && !track->waited) {
			track->waited = true;
			pause_track(track, step->after_ms);
			continue;
		}
		track->waited = false;
		track->at = (const struct scenario_step *)step->said.next;
		act(track, step);
	}
	if (!track->pending && !track->over)
		end_track(track);
}

static struct track *track_begin(struct simulation *simulation, const struct scenario_step *steps,
				 struct track *outer)
{
	struct track *track = arena_array(&simulation->arena, struct track, 1);
	if (!track) {
		simulation->failed = true;
		return NULL;
	}
	*track =
	    (struct track){.next = simulation->tracks, .at = steps, .outer = outer, .simulation = simulation};
	event_prepare(&track->event, time_is_up);
	simulation->tracks = track;
	/* With the clock's next event: whoever began it has to know of it first. */
	pause_track(track, 0);
	return track;
}

void steps_begin(struct simulation *simulation)
{
	track_begin(simulation, simulation->scenario->steps, NULL);
}

static bool has_ended(const struct run *run)
{
	return !run->over && (!run->operation || run->killed || berth_done(run->operation));
}

static bool takes_too_long(const struct run *run)
{
	const struct simulation *simulation = run->simulation;
	int64_t limit = simulation->scenario->limit_ms ? simulation->scenario->limit_ms : LIMIT_MS;
	return !run->over && clock_now(simulation->clock) - run->begun_ms > limit;
}

void steps_look(struct simulation *simulation)
{
	for (struct run *run = simulation->runs; run; run = run->next) {
		if (run->seat && seat_dead(run->seat) && !run->killed)
			run_kill(run, "where it stands");
		if (takes_too_long(run)) {
			run_kill(run, "because it takes too long");
			if (run->step)
				verdicts_step(simulation, run->step, command_words(run),
					      "it takes longer than the scenario's limit");
		}
		if (has_ended(run))
			end_run(run);
	}
}

bool steps_over(const struct simulation *simulation)
{
	for (const struct track *track = simulation->tracks; track; track = track->next)
		if (!track->over)
			return false;
	for (const struct run *run = simulation->runs; run; run = run->next)
		if (!run->over)
			return false;
	return true;
}

void steps_ask(struct simulation *simulation)
{
	simulation->asking = true;
	run_begin(simulation, NULL, ASK_STATUS, NULL);
	run_begin(simulation, NULL, ASK_PLAN, NULL);
}

void steps_release(struct simulation *simulation)
{
	for (struct run *run = simulation->runs; run; run = run->next)
		close_run(run);
	for (struct track *track = simulation->tracks; track; track = track->next)
		clock_take(simulation->clock, &track->event);
}
