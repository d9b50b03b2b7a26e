/* hold_verb.c - one application held: begun from what the store knows of it, and kept until it is let go. */
#include <string.h>

#include "base/cleanup.h"
#include "engine/deploy.h"
#include "engine/hold.h"
#include "engine/hold_sensors.h"
#include "engine/keeper.h"
#include "engine/operation.h"
#include "engine/reconcile.h"
#include "engine/specs.h"

static bool end(struct berth_operation *operation)
{
	struct hold *hold = operation->verb_state;
	struct deed *given_up = hold ? hold_invocations_end(hold) : NULL;
	if (given_up)
		keeper_add_deeds(operation, given_up);
	operation_finish(operation, BERTH_OK, document_new(operation_app(operation)));
	return false;
}

/* What it was begun from is in the graph by now; the store has it for whoever comes next. It goes at once, so
 * that of thousands the next one has its room. Texts of settings may be values of the blueprint. 0 or -1 with
 * *err. */
static int forget_beginnings(struct berth_operation *operation, struct error *err)
{
	struct application *application = operation->application;
	struct stored_application *stored = operation->stored;
	if (!stored)
		return 0;
	for (size_t i = 0; i < application->component_count; i++) {
		struct component *component = &application->components[i];
		if (component->pin && !(component->pin = arena_text(&application->arena, component->pin)))
			return fail_memory(err);
	}
	operation->request.blueprint = NULL;
	operation->request.blueprint_size = 0;
	free(give(stored->blueprint));
	json_decref(give(stored->variables));
	json_decref(give(stored->locations));
	json_decref(give(stored->pins));
	if (!json_array_size(stored->settings))
		json_decref(give(stored->settings));
	return 0;
}

static bool begin(struct berth_operation *operation)
{
	struct error *err = operation_error(operation);
	if (operation->cancelled)
		return end(operation);
	if (!operation->application && operation_read_blueprint(operation))
		return false;
	if (!operation->blueprint)
		return end(operation);
	if (!lock_ready(operation))
		return false;
	if (sites_bind(operation, err) || sites_assign(operation, err) ||
	    sites_open_known(operation, false, err) || forget_beginnings(operation, err))
		return stage_failed(operation);
	operation->commit = store_last(operation->berth->store);
	operation->stage = STAGE_SURVEY;
	return true;
}

/* What the last hold, or whoever set a policy meanwhile, had remembered can be read. */
static bool is_remembered(const struct berth_operation *operation)
{
	return !operation->commit || store_durable(operation->berth->store, operation->commit, NULL) != 0;
}

/* A location that does not answer is asked again later: the others are held all the same. */
static bool surveyed(struct berth_operation *operation)
{
	if (operation->cancelled)
		return end(operation);
	if (survey(operation) == PROGRESS_WAITING || !is_remembered(operation) || !stage_matched(operation))
		return false;
	struct hold *hold = calloc(1, sizeof *hold);
	if (!hold) {
		fail_memory(operation_error(operation));
		return stage_failed(operation);
	}
	hold->operation = operation;
	operation->verb_state = hold;
	if (hold_watch(operation, operation_error(operation)) ||
	    hold_take_up(hold, keeper_deeds(operation), operation_error(operation)))
		return stage_failed(operation);
	operation_forget_error(operation); /* nothing came of it */
	keeper_looked(operation);
	operation->stage = STAGE_WORK;
	return true;
}

/* What the store has of the duty that its targets were given; NULL: nothing. */
static const char *duty_told(const struct berth_operation *operation, const struct component *component)
{
	const struct component_facts *known =
	    operation->stored ? known_facts_find(&operation->stored->facts, component->id) : NULL;
	return known ? fact_value(known, "restart") : NULL;
}

bool hold_restarts_told(const struct berth_operation *operation, const struct component *component)
{
	const char *told = component->kept ? duty_told(operation, component) : NULL;
	return told && !strcmp(told, restart_name(RESTART_NO));
}

/* That is not what they are to have now. */
static bool duty_differs(const struct berth_operation *operation)
{
	const struct application *application = operation->application;
	for (size_t i = 0; i < application->component_count; i++) {
		const struct component *component = &application->components[i];
		const char *told = duty_told(operation, component);
		if (component->spec && component->kept && told &&
		    strcmp(told, restart_name(restart_wanted(component, component->spec))) != 0)
			return true;
	}
	return false;
}

/* What is looked at once, when the targets were told of their duties, is not needed any more either. */
static void forget_facts(struct berth_operation *operation)
{
	if (operation->stored)
		known_facts_release(&operation->stored->facts);
	known_release(&operation->known);
	operation->known_read = false;
}

/* Whoever comes next begins with what policies remember. A store that cannot be written keeps nobody. */
static bool written(struct berth_operation *operation)
{
	const struct berth *berth = operation->berth;
	return operation->abandoned || !operation->commit ||
	       store_durable(berth->store, operation->commit, NULL) != 0;
}

static bool held(struct berth_operation *operation)
{
	struct hold *hold = operation->verb_state;
	int64_t policies_ms = -1;
	struct error err = {0};
	bool at_rest = reconcile_turn(operation);
	if (operation->cancelled) {
		/* What is done still may ask by the same way, and must not wait for questions that nobody
		 * goes on with. */
		health_give_up(operation);
		hold_probes_end(hold);
		return at_rest && written(operation) && end(operation);
	}
	if (!hold->duty_looked_at && duty_differs(operation) && keeper_tells_duty(operation)) {
		berth_cancel(operation);
		return true;
	}
	if (!hold->duty_looked_at)
		forget_facts(operation);
	hold->duty_looked_at = true;
	hold_ask_claims(hold);
	hold_step_probes(hold);
	hold_step_invocations(hold);
	if (hold->lost)
		return stage_failed(operation);
	int64_t locations_ms = hold_resurvey(operation), sensors_ms = hold_step_sensors(hold);
	if (hold_ask_policies(hold, &policies_ms, &err)) {
		operation_fail(operation, &err);
		return false;
	}
	if (!hold->told_deeds)
		keeper_told(operation);
	hold->told_deeds = true;
	if (hold->let_go) {
		berth_cancel(operation);
		return true;
	}
	int64_t delay_ms = sooner(sooner(policies_ms, locations_ms), sensors_ms);
	if (hold->any_due)
		operation_wake(operation);
	else if (delay_ms >= 0)
		operation_wake_after(operation, delay_ms);
	return false;
}

static void step(struct berth_operation *operation)
{
	static bool (*const stages[])(struct berth_operation *) = {
	    [STAGE_BEGIN] = begin, [STAGE_SURVEY] = surveyed, [STAGE_WORK] = held};
	while (!operation->done && stages[operation->stage](operation))
		;
}

static void let_go(struct berth_operation *operation)
{
	keeper_lets_go(operation);
	owned_memory struct hold *hold = give(operation->verb_state);
	if (hold) {
		keeper_learns(operation, hold_illnesses(hold), hold_told_numbers(hold));
		hold_let_go(hold);
	}
}

/* Never asked: what is done about an instance its policies wish. */
static enum action leave_alone(const struct work *work)
{
	(void)work;
	return ACTION_UNCHANGED;
}

const struct verb verb_hold = {
    .name = "hold",
    .step = step,
    .let_go = let_go,
    .changes = true,
    .needs_store = true,
    .instances_only = true,
    .decide = leave_alone,
    .rest = step_resting_held,
    .changed = hold_changed,
    .stepped = hold_stepped,
};
