/* awaited.c - sensors that somebody waits for who is being made. They are asked like those of what is kept,
 * by a hold that has nothing but these; they are begun when the first one is waited for, and end with the
 * operation. */
#include "engine/awaited.h"

#include <string.h>

#include "base/cleanup.h"
#include "engine/hold_sensors.h"
#include "engine/reconcile.h"
#include "engine/sensor_feeds.h"
#include "policies/policy.h"

enum { PATIENCE_MS = 5 * 60 * 1000, LOOK_AGAIN_MS = 1000 };

/* --- what is asked ---------------------------------------------------------------------------------- */

static struct held_component *find_held(struct hold *hold, const char *id)
{
	for (size_t i = 0; i < hold->component_count; i++)
		if (!strcmp(hold->components[i].component->id, id))
			return &hold->components[i];
	return NULL;
}

static int add_members(struct held_component *held)
{
	struct berth_operation *operation = held->hold->operation;
	struct component *component = held->component;
	held->members =
	    arena_array(graph_arena(operation), struct held_instance, component->instance_count + 1);
	held->awaited = arena_array(graph_arena(operation), bool, component->spec->sensor_count + 1);
	if (!held->members || !held->awaited)
		return -1;
	for (size_t i = 0; i < component->instance_count; i++)
		if (component->instances[i].wanted && component->instances[i].work)
			held->members[held->member_count++] =
			    (struct held_instance){.work = component->instances[i].work, .of = held};
	return 0;
}

static int add_sensor(struct hold *hold, struct component *component, const char *name);

static int add_inputs(struct hold *hold, struct component *component, const struct enricher *enricher)
{
	struct application *application = hold->operation->application;
	for (size_t i = 0; enricher && i < enricher->input_count; i++) {
		const struct sensor_input *input = &enricher->inputs[i];
		struct component *of =
		    input->component ? application_component(application, input->component) : component;
		if (of && add_sensor(hold, of, input->sensor))
			return -1;
	}
	return 0;
}

/* That one, and those that it is made of. 0 or -1 (no memory). */
static int add_sensor(struct hold *hold, struct component *component, const char *name)
{
	const struct component_spec *spec = component->spec;
	struct held_component *held = find_held(hold, component->id);
	if (!spec || !component->site)
		return 0;
	if (!held) {
		held = &hold->components[hold->component_count++];
		*held = (struct held_component){.hold = hold, .component = component, .next_ms = INT64_MAX};
		if (add_members(held))
			return -1;
	}
	for (size_t i = 0; i < spec->sensor_count; i++) {
		if (strcmp(spec->sensors[i].name, name) != 0 || held->awaited[i])
			continue;
		held->awaited[i] = true;
		if (add_inputs(hold, component, spec->sensors[i].enricher))
			return -1;
	}
	return 0;
}

static int add_value(struct hold *hold, const struct value *value)
{
	struct application *application = hold->operation->application;
	if (value->kind == VALUE_SAMPLE)
		return add_sensor(hold, &application->components[value->component], value->text);
	for (size_t i = 0; i < value->part_count; i++)
		if (add_value(hold, &value->parts[i]))
			return -1;
	return 0;
}

static int add_values(struct hold *hold, const struct component_spec *spec)
{
	for (size_t i = 0; spec && i < spec->environment_count; i++)
		if (add_value(hold, &spec->environment[i].value))
			return -1;
	return 0;
}

/* All that anybody of the application is given. NULL: no memory. */
static struct hold *begin(struct berth_operation *operation)
{
	struct application *application = operation->application;
	struct hold *hold = arena_array(graph_arena(operation), struct hold, 1);
	if (!hold)
		return NULL;
	*hold = (struct hold){.operation = operation, .for_awaited = true};
	hold->components =
	    arena_array(graph_arena(operation), struct held_component, application->component_count + 1);
	bool failed = !hold->components;
	for (size_t i = 0; i < application->component_count && !failed; i++) {
		const struct component_spec *spec = application->components[i].spec;
		failed = add_values(hold, spec) ||
			 (spec && spec->cluster && add_values(hold, spec->cluster->first));
	}
	for (size_t i = 0; i < hold->component_count && !failed; i++)
		failed = held_sensors_begin(&hold->components[i]) != 0;
	operation->awaited = hold;
	if (!failed)
		return hold;
	awaited_end(operation);
	return NULL;
}

void awaited_end(struct berth_operation *operation)
{
	struct hold *hold = give(operation->awaited);
	for (size_t i = 0; hold && i < hold->component_count; i++)
		held_sensors_end(&hold->components[i]);
	if (hold)
		hold_sensors_end(hold);
}

const struct hold *awaited_in(const struct berth *berth, const char *app)
{
	for (const struct berth_operation *operation = berth->operations; operation;
	     operation = operation->next)
		if (operation->awaited && !strcmp(operation->application->id, app))
			return operation->awaited;
	return NULL;
}

/* --- in its turn ------------------------------------------------------------------------------------ */

/* Those that have just come up need not wait for their turn, and nobody has seen yet where they are. */
static void hurry(struct hold *hold)
{
	for (size_t i = 0; i < hold->component_count; i++) {
		size_t count = 0;
		struct held_component *held = &hold->components[i];
		struct number *numbers = held_numbers(held, &count);
		for (size_t n = 0; n < held->member_count; n++) {
			struct work *work = held->members[n].work;
			if (work->instance->phase != PHASE_RUNNING || work->instance->seen)
				continue;
			work->look_due = true;
			work_wake(work);
		}
		for (size_t n = 0; n < count; n++)
			for (size_t f = 0; f < numbers[n].feed_count; f++)
				feed_hurry(&numbers[n].feeds[f]);
	}
}

void awaited_step(struct berth_operation *operation)
{
	struct hold *hold = operation->awaited;
	if (!hold)
		return;
	int64_t delay_ms = hold_step_sensors(hold);
	if (delay_ms >= 0)
		operation_wake_after(operation, delay_ms);
	for (size_t i = 0; hold->told && i < operation->work_count; i++)
		if (operation->works[i]->await_by_ms)
			work_wake(operation->works[i]);
	hold->told = false;
}

/* --- who waits --------------------------------------------------------------------------------------- */

/* Nobody is there to whom it could be told. */
static bool is_never_told(struct work *work, const struct component *component, const char *name,
			  struct error *err)
{
	const struct component_spec *spec = component->spec;
	for (size_t i = 0; i < spec->sensor_count && !work->operation->berth->keeper; i++) {
		if (strcmp(spec->sensors[i].name, name) != 0 || spec->sensors[i].source != SENSOR_PUSHED)
			continue;
		fail(err, ERR_FAILED,
		     "it waits for `%s` of `%s`, which is pushed to a controller, and there is none", name,
		     component->id);
		remedy(err, "run `berth serve`, and deploy again");
		return true;
	}
	return false;
}

/* The last reason why none of them told anything; NULL: none was asked yet. */
static const char *problem_of(const struct held_component *held, const char *name)
{
	size_t count = 0;
	const struct number *numbers = held ? held_numbers(held, &count) : NULL;
	const char *problem = NULL;
	for (size_t i = 0; i < count; i++)
		for (size_t f = 0; f < numbers[i].feed_count && !strcmp(numbers[i].sensor->name, name); f++)
			problem = numbers[i].feeds[f].problem ?: problem;
	return problem;
}

static enum resolved wait_for(struct work *work, const struct component *component,
			      const struct held_component *held, const char *name, struct error *err)
{
	int64_t left_ms = work->await_by_ms - now_of(work);
	if (!work->await_by_ms) {
		left_ms = PATIENCE_MS;
		work->await_by_ms = now_of(work) + left_ms;
	}
	if (left_ms > 0) {
		work_note(work, "waits for `%s` of %s", name, component->id);
		work_wake_after(work, work->held && left_ms > LOOK_AGAIN_MS ? LOOK_AGAIN_MS : left_ms);
		return RESOLVED_LATER;
	}
	const char *problem = problem_of(held, name);
	fail(err, ERR_FAILED, "`%s` of `%s` told no number other than 0 within %d s%s%s", name, component->id,
	     PATIENCE_MS / 1000, problem ? ": " : "", problem ? problem : "");
	remedy(err,
	       "see whether the sensor asks where its number is; `berth logs` may tell why it is not there");
	return RESOLVED_NEVER;
}

enum resolved awaited_resolve(struct work *work, const struct value *value, struct text *to,
			      struct error *err)
{
	struct berth_operation *operation = work->operation;
	const struct component *component = &operation->application->components[value->component];
	struct metric_sight sight = {0};
	/* Its target would be given another number with each change. */
	if (keeps_tasks(work->site)) {
		fail(err, ERR_INVALID,
		     "`%s` cannot be given what a sensor tells: %s makes its tasks anew by itself",
		     work->instance->component->id, work->site->location.name);
		remedy(err, "place it where instances are berth's own, or have it ask for the number itself");
		return RESOLVED_NEVER;
	}
	/* Whoever is only planned, or is there already, takes nothing. */
	if (work->instance->phase != PHASE_LINKING)
		return RESOLVED;
	if (is_never_told(work, component, value->text, err))
		return RESOLVED_NEVER;
	struct hold *hold = work->held           ? work->held->of->hold
			    : operation->awaited ? operation->awaited
						 : begin(operation);
	if (!hold) {
		fail_memory(err);
		return RESOLVED_NEVER;
	}
	const struct held_component *held = held_component_of(hold, component->id);
	if (held && held_number(held, value->text, &sight) && sight.state == METRIC_FRESH &&
	    sight.value != 0) {
		work->await_by_ms = 0;
		text_format(to, "%.15g", sight.value);
		return RESOLVED;
	}
	if (hold->for_awaited)
		hurry(hold);
	operation_wake(operation);
	return wait_for(work, component, held, value->text, err);
}
