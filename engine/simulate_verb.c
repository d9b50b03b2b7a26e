/* simulate_verb.c - `simulate`: a blueprint on a simulated fleet, in virtual time; nothing real is touched.
 */
#include <limits.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/deploy.h"
#include "engine/simulate.h"

#define CLOSE_MS      50    /* how often it is looked at while something is missing */
#define EVENTS_A_TURN 20000 /* so that whoever listens can still interrupt */

/* --- its beginning ------------------------------------------------------------------------------------ */

static const char *absolute(struct simulation *simulation, const char *file)
{
	struct world *world = simulation->operation->berth->world;
	char here[PATH_MAX];
	if (*file == '/')
		return arena_text(&simulation->arena, file);
	if (world->ops->working_directory(world, here, sizeof here))
		return NULL;
	return arena_format(&simulation->arena, "%s/%s", here, file);
}

static const char *folder_of(struct simulation *simulation, const char *file)
{
	const char *path = absolute(simulation, file), *slash = path ? strrchr(path, '/') : NULL;
	return slash ? arena_copy(&simulation->arena, path, (size_t)(slash - path) + (slash == path)) : NULL;
}

/* What is wrong with either file, as `validate` tells it. */
static bool refuse(struct berth_operation *operation, const char *text, size_t size)
{
	json_t *document = document_new(NULL);
	const struct diagnostics *list = &operation->diagnostics;
	if (list->failed && !list->errors) {
		json_decref(document);
		fail_memory(operation_error(operation));
		return stage_failed(operation);
	}
	diagnostics_sort(&operation->diagnostics);
	fail_invalid(operation, operation_error(operation));
	(void)(json_put_flag(document, "valid", false) ||
	       json_put_number(document, "error_count", (int64_t)list->errors) ||
	       json_put_number(document, "warning_count", (int64_t)list->warnings) ||
	       json_put(document, "diagnostics", diagnostics_json(list, text, size)));
	operation_finish(operation, BERTH_INVALID, document);
	return false;
}

static bool refuse_usage(struct berth_operation *operation, const char *words, const char *what_to_do)
{
	fail(operation_error(operation), ERR_INVALID, "%s", words);
	remedy(operation_error(operation), "%s", what_to_do);
	operation_finish(operation, BERTH_USAGE, document_new(NULL));
	return false;
}

static bool no_memory(struct berth_operation *operation)
{
	fail_memory(operation_error(operation));
	return stage_failed(operation);
}

/* The settings of the request; what is edited comes after them. */
static int copy_settings(struct simulation *simulation)
{
	const char *const *given = simulation->operation->request.settings;
	size_t count = 0;
	while (given && given[count])
		count++;
	simulation->settings = arena_array(&simulation->arena, const char *, count + 1);
	if (simulation->settings && count)
		memcpy(simulation->settings, given, count * sizeof *given);
	simulation->setting_count = count;
	return simulation->settings ? 0 : -1;
}

static bool begin_universe(struct simulation *simulation)
{
	const struct berth_request *request = &simulation->operation->request;
	simulation->seed = request->seed                ? request->seed
			   : simulation->scenario->seed ? (uint64_t)simulation->scenario->seed
							: 1;
	simulation->universe = universe_new(simulation->seed);
	if (!simulation->universe)
		return false;
	simulation->clock = universe_clock(simulation->universe);
	simulation->story = json_array();
	simulation->steps = json_array();
	if (!simulation->story || !simulation->steps || !fleet_deployer(simulation, "you"))
		return false;
	faults_begin(simulation);
	return true;
}

static bool begin(struct berth_operation *operation)
{
	struct berth_request *request = &operation->request;
	struct simulation *simulation = arena_array(&operation->arena, struct simulation, 1);
	if (!simulation)
		return no_memory(operation);
	operation->verb_state = simulation;
	*simulation = (struct simulation){.operation = operation};
	if (!request->blueprint || !request->scenario)
		return refuse_usage(operation, "simulate takes a blueprint and a scenario",
				    "name both: berth simulate BLUEPRINT --scenario FILE");
	const char *name = request->scenario_file ? request->scenario_file : "scenario.yaml";
	struct arena *arena = &simulation->arena;
	simulation->scenario =
	    scenario_read(arena, name, request->scenario, request->scenario_size, &operation->diagnostics);
	if (!simulation->scenario)
		return refuse(operation, request->scenario, request->scenario_size);
	simulation->folder = folder_of(simulation, name);
	simulation->edition =
	    (struct edition){.file = absolute(simulation, request->file ? request->file : "blueprint.yaml"),
			     .text = request->blueprint,
			     .size = request->blueprint_size};
	if (!simulation->folder || !simulation->edition.file || copy_settings(simulation) ||
	    !begin_universe(simulation))
		return no_memory(operation);
	if (samples_begin(simulation, &operation->diagnostics, operation_error(operation)))
		return no_memory(operation);
	names_settle(simulation, &operation->diagnostics);
	/* What is wrong with both is told of the scenario first: the text that is shown is of one file. */
	bool wrong = operation->diagnostics.errors > 0;
	if (fleet_prepare(simulation, NULL, &simulation->edition, wrong ? NULL : &operation->diagnostics,
			  operation_error(operation)))
		return wrong ? refuse(operation, request->scenario, request->scenario_size)
			     : refuse(operation, request->blueprint, request->blueprint_size);
	if (names_check(simulation, &operation->diagnostics) || operation->diagnostics.errors)
		return refuse(operation, request->scenario, request->scenario_size);
	verdicts_begin(simulation);
	steps_begin(simulation);
	operation->stage = STAGE_WORK;
	return true;
}

/* --- its end ------------------------------------------------------------------------------------------ */

static bool end(struct berth_operation *operation)
{
	struct simulation *simulation = operation->verb_state;
	json_t *document = document_new(simulation->app), *assertions = json_array();
	if (simulation->failed || !document || !assertions) {
		json_decref(document);
		json_decref(assertions);
		return no_memory(operation);
	}
	faults_end(simulation);
	names_end(simulation);
	bool held = verdicts_end(simulation, assertions);
	(void)(json_put_number(document, "seed", (int64_t)simulation->seed) ||
	       json_put_flag(document, "held", held) ||
	       json_put_number(document, "virtual_ms", story_now(simulation)) ||
	       json_put_shared(document, "steps", simulation->steps) ||
	       json_put_shared(document, "assertions", assertions) ||
	       json_put_shared(document, "story", simulation->story));
	json_decref(assertions);
	json_t *series = samples_json(simulation);
	if (series)
		json_put(document, "series", series);
	if (!held)
		fail(operation_error(operation), ERR_FAILED, "the scenario does not hold");
	operation_finish(operation, held ? BERTH_OK : BERTH_FAILED, document);
	return false;
}

static bool interrupted(struct berth_operation *operation)
{
	fail(operation_error(operation), operation->timed_out ? ERR_TIMED_OUT : ERR_CANCELLED,
	     "the simulation was interrupted");
	operation_finish(operation, BERTH_INTERRUPTED, document_new(NULL));
	return false;
}

/* --- its middle --------------------------------------------------------------------------------------- */

/* All steps are over: what is still to recover may do so, then it is asked how it is. True: that is known,
 * too. */
static bool all_is_over(struct simulation *simulation)
{
	if (!steps_over(simulation) || simulation->samples_wait)
		return false;
	if (simulation->asking)
		return true;
	if (clock_next(simulation->clock) == clock_now(simulation->clock))
		return false;
	simulation->judged_ms = -1;
	verdicts_look(simulation);
	if (verdicts_waits(simulation) < 0)
		steps_ask(simulation);
	return false;
}

/* One event; everything due at one time comes before that is looked at. */
static bool next_event(struct simulation *simulation)
{
	int64_t now = clock_now(simulation->clock), next = clock_next(simulation->clock), wait = -1;
	if (!steps_over(simulation) || simulation->samples_wait)
		simulation->over_ms = now;
	else
		wait = verdicts_waits(simulation);
	if (next < 0 && wait < 0)
		return false;
	if (next != now) {
		verdicts_look(simulation);
		samples_look(simulation);
	}
	int64_t limit = wait >= 0 ? now + wait : INT64_MAX;
	if (simulation->lacking && limit > now + CLOSE_MS)
		limit = now + CLOSE_MS;
	clock_step(simulation->clock, limit);
	steps_look(simulation);
	return true;
}

static bool go_on(struct berth_operation *operation)
{
	struct simulation *simulation = operation->verb_state;
	for (int i = 0; i < EVENTS_A_TURN && !simulation->failed; i++) {
		if (operation->cancelled)
			return interrupted(operation);
		if (all_is_over(simulation))
			return end(operation);
		if (!next_event(simulation)) {
			story_tell(simulation, "scenario", "nothing happens any more");
			return end(operation);
		}
	}
	if (simulation->failed)
		return end(operation);
	operation_wake(operation);
	return false;
}

static void simulate_step(struct berth_operation *operation)
{
	if (operation->stage == STAGE_BEGIN && !begin(operation))
		return;
	go_on(operation);
}

static void let_go(struct berth_operation *operation)
{
	struct simulation *simulation = operation->verb_state;
	if (!simulation)
		return;
	if (simulation->universe) {
		samples_release(simulation);
		steps_release(simulation);
		fleet_release(simulation);
		universe_free(simulation->universe);
	}
	json_decref(simulation->story);
	json_decref(simulation->steps);
	json_decref(simulation->status);
	json_decref(simulation->plan);
	arena_release(&simulation->arena);
	operation->verb_state = NULL;
}

const struct verb verb_simulate = {.name = "simulate", .step = simulate_step, .let_go = let_go};
