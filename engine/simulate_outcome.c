/* simulate_outcome.c - how a command of a scenario ended: told, noted, and held against what its step says.
 */
#include <string.h>

#include "base/cleanup.h"
#include "engine/simulate.h"

/* --- in words -------------------------------------------------------------------------------------- */

const char *run_words(const struct run *run)
{
	static const char *const words[] = {
	    [STEP_DEPLOY] = "deploy",   [STEP_PLAN] = "plan",       [STEP_STOP] = "stop",
	    [STEP_START] = "start",     [STEP_RESTART] = "restart", [STEP_SCALE] = "scale",
	    [STEP_DESTROY] = "destroy",
	};
	return words[run->action];
}

/* "deploy", "stop web api", "scale web 4" */
void run_describe(const struct run *run, struct text *to)
{
	const struct scenario_step *step = run->step;
	const struct said_pair *list = run->action == STEP_SCALE ? step->scale : step->components;
	text_add(to, run_words(run));
	if (run->action == STEP_DEPLOY && step->deploy.text)
		text_format(to, " %s", step->deploy.text);
	for (; list; list = said_next(list))
		text_format(to, " %s%s%s", list->said.name, run->action == STEP_SCALE ? " " : "",
			    run->action == STEP_SCALE ? list->value.text : "");
}

static const char *outcome_word(enum berth_outcome outcome)
{
	for (int i = 0; i < ANY_OUTCOME; i++)
		if (scenario_outcomes[i].outcome == outcome)
			return scenario_outcomes[i].word;
	return "failed";
}

/* --- a plan ---------------------------------------------------------------------------------------- */

/* What the plan does to that component: "create web", "leave web as it is". */
static void add_action(const json_t *document, const char *component, struct text *to)
{
	size_t i;
	json_t *change;
	json_array_foreach (json_object_get(document, "changes"), i, change) {
		const char *action = json_text(change, "action");
		if (strcmp(json_text(change, "component"), component) != 0 ||
		    strcmp(action, "unchanged") == 0)
			continue;
		text_format(to, "%s %s", action, component);
		return;
	}
	text_format(to, "leave %s as it is", component);
}

static bool lists_exactly(const json_t *document, const char *action, const struct said_pair *wanted,
			  struct text *why)
{
	size_t i;
	json_t *change;
	for (const struct said_pair *pair = wanted; pair; pair = said_next(pair)) {
		bool found = false;
		json_array_foreach (json_object_get(document, "changes"), i, change)
			found = found || (strcmp(json_text(change, "action"), action) == 0 &&
					  strcmp(json_text(change, "component"), pair->said.name) == 0);
		if (found)
			continue;
		text_format(why, "it does not %s %s, it would ", action, pair->said.name);
		add_action(document, pair->said.name, why);
		return false;
	}
	json_array_foreach (json_object_get(document, "changes"), i, change) {
		const struct said_pair *pair = wanted;
		if (strcmp(json_text(change, "action"), action) != 0)
			continue;
		while (pair && strcmp(json_text(change, "component"), pair->said.name) != 0)
			pair = said_next(pair);
		if (!pair)
			text_format(why, "it would %s %s, too", action, json_text(change, "component"));
		if (!pair)
			return false;
	}
	return true;
}

bool plan_changes(const json_t *document)
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
	if (said_has(plan, PLAN_UNCHANGED) && plan_changes(document) == plan->unchanged) {
		text_add(why, plan->unchanged ? "it changes something" : "it changes nothing");
		return;
	}
	for (int i = 0; i < PLAN_LISTS; i++)
		if (said_has(plan, i) && !lists_exactly(document, actions[i], plan->lists[i], why))
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
		if (!(said_has(plan, i)))
			continue;
		text_format(to, "%s%s%s", between, scenario_plan_form.keys[i].name, pair ? "" : " nothing");
		for (; pair; pair = said_next(pair))
			text_format(to, " %s", pair->said.name);
		between = ", ";
	}
	if (said_has(plan, PLAN_UNCHANGED))
		text_format(to, "%schanges %s", between, plan->unchanged ? "nothing" : "something");
}

/* --- held against its step ------------------------------------------------------------------------- */

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
static void hold_against_step(const struct run *run, const json_t *document)
{
	const struct scenario_step *step = run->step;
	int wanted = said_has(step, STEP_OUTCOME) ? step->outcome : 0;
	enum berth_outcome outcome = run->operation ? berth_outcome(run->operation) : BERTH_FAILED;
	const char *message = run->operation ? berth_message(run->operation) : "it could not begin";
	owned_text why = {0}, what = {0};
	run_describe(run, &what);
	if (!run->killed && wanted != ANY_OUTCOME && outcome != scenario_outcomes[wanted].outcome)
		tell_why(&why, outcome, message, document);
	else if (said_has(step, STEP_SAYS) && !strstr(message, step->says.text))
		text_format(&why, "it said `%s`", message);
	else if (run->action == STEP_PLAN && outcome == BERTH_OK)
		judge_plan(run, document, &why);
	if (run->action == STEP_PLAN)
		describe_plan(&step->plan, &what);
	if (said_has(step, STEP_OUTCOME))
		text_format(&what, " ends with `%s`", scenario_outcomes[wanted].word);
	bool asserted = (said_has(step, STEP_OUTCOME) && wanted != ANY_OUTCOME) ||
			said_has(step, STEP_SAYS) || (run->action == STEP_PLAN && step->plan.said.given);
	if (asserted || why.length)
		verdicts_note(run->simulation, step->said.place, text_view(&what),
			      why.length ? text_view(&why) : NULL);
}

static void note_step(const struct run *run)
{
	struct simulation *simulation = run->simulation;
	owned_text what = {0};
	json_t *entry = json_object();
	run_describe(run, &what);
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
		story_tell(simulation, run->by->name, "%s: done after %s", run_words(run), took);
	else
		story_tell(simulation, run->by->name, "%s: %s after %s%s%s", run_words(run), word, took,
			   *message ? ": " : "", message);
}

void run_judge(struct run *run, const json_t *document)
{
	if (run->action == STEP_PLAN && document)
		tell_plan(run, document);
	else
		tell_end(run);
	hold_against_step(run, document);
	note_step(run);
}
