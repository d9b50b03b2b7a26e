/* hold_policies.c - the policies of an application that is held: what happened is told to them, what they
 * remember is kept. */
#include <string.h>

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/json_write.h"
#include "engine/deploy.h"
#include "engine/hold.h"
#include "engine/hold_sensors.h"
#include "engine/keeper.h"
#include "engine/policies_of.h"
#include "engine/reconcile.h"
#include "policies/cluster.h"

static int64_t wall_of(const struct berth_operation *operation)
{
	return operation->berth->world->ops->wall(operation->berth->world);
}

/* --- taking it up --------------------------------------------------------------------------- */

/* What runs by now was restarted by somebody. */
static void restore_fires(struct held_component *held, const json_t *names)
{
	for (size_t i = 0; i < held->member_count; i++) {
		struct held_instance *member = &held->members[i];
		member->on_fire =
		    json_object_get(names, member->name) && member->work->instance->phase != PHASE_RUNNING;
	}
}

static int digest_of(const char *text, char ret[static SAVED_HEX])
{
	char digest[DIGEST_HEX];
	if (digest_hex(text, strlen(text), digest))
		return -1;
	memcpy(ret, digest, SAVED_HEX - 1);
	ret[SAVED_HEX - 1] = '\0';
	return 0;
}

static int note_saved(struct held_component *held, const char *text)
{
	return digest_of(text, held->saved);
}

static int restore(struct held_component *held, const char *text, struct error *err)
{
	struct error why = {0};
	owned_json memory = json_parse(text, strlen(text), "the memory of policies", &why);
	if (note_saved(held, text))
		return fail_memory(err);
	if (memory && policy_set_restore(held->set, memory, &why) == 0) {
		restore_fires(held, json_object_get(memory, "on_fire"));
		return 0;
	}
	if (why.code == ERR_NO_MEMORY)
		return fail_memory(err);
	operation_warn(held->hold->operation, "the policies of `%s` begin anew: %s", held->component->id,
		       why.text);
	return 0;
}

static int take_up_members(struct held_component *held, const json_t *stopped, struct error *err)
{
	struct component *component = held->component;
	struct berth_operation *operation = held->hold->operation;
	const json_t *ill = keeper_ill(operation->berth, operation->application->id);
	size_t count = 0;
	while (count < component->instance_count && component->instances[count].wanted)
		count++;
	held->members = arena_array(graph_arena(operation), struct held_instance, count);
	if (count && !held->members)
		return fail_memory(err);
	held->member_count = count;
	for (size_t i = 0; i < count; i++) {
		struct work *work = component->instances[i].work;
		const char *name = settled_name(work->instance);
		if (!name)
			return fail_memory(err);
		held->members[i] = (struct held_instance){.work = work,
							  .of = held,
							  .name = name,
							  .stopped = json_object_get(stopped, name) != NULL};
		held->members[i].sight_lost = !work->site->listed;
		held->members[i].hindered =
		    held->members[i].sight_lost && !is_silence(site_error(work->site));
		work->held = &held->members[i];
		if (health_inherit(&held->members[i], ill))
			return fail_memory(err);
	}
	return 0;
}

static int take_up(struct held_component *held, const json_t *memories, const json_t *stopped,
		   const struct deed *done, struct error *err)
{
	if (take_up_members(held, stopped, err))
		return -1;
	if (policies_of(held->component, &held->set, err))
		return -1;
	if (held_sensors_begin(held))
		return fail_memory(err);
	const struct berth_operation *operation = held->hold->operation;
	held_recall_numbers(held, keeper_numbers(operation->berth, operation->application->id));
	if (!held->set)
		return 0;
	const char *text = json_text(memories, held->component->id);
	if (text && restore(held, text, err))
		return -1;
	held->first = policy_set_next_id(held->set);
	held->lone = hold_restarts_told(held->hold->operation, held->component);
	for (; done; done = done->next)
		if (done->done && done->wish && !strcmp(done->component, held->component->id) &&
		    held_outcome(held, done->wish, done->outcome, done->words))
			return fail_memory(err);
	held->due = held->listed_again = held->hold->any_due = true;
	return held_tidy(held) ? fail_memory(err) : 0;
}

int hold_take_up(struct hold *hold, const struct deed *done, struct error *err)
{
	struct berth_operation *operation = hold->operation;
	struct application *application = operation->application;
	owned_json memories = NULL;
	owned_json stopped = NULL;
	if (store_memories(operation->berth->store, application->id, &memories, err) ||
	    store_stopped(operation->berth->store, application->id, &stopped, err))
		return -1;
	hold->components =
	    arena_array(graph_arena(operation), struct held_component, application->component_count);
	if (application->component_count && !hold->components)
		return fail_memory(err);
	for (size_t i = 0; i < application->component_count; i++) {
		struct component *component = &application->components[i];
		if (!component->spec || !component->site)
			continue;
		struct held_component *held = &hold->components[hold->component_count++];
		*held = (struct held_component){.hold = hold, .component = component, .next_ms = INT64_MAX};
		if (take_up(held, memories, stopped, done, err))
			return -1;
	}
	return 0;
}

static void forget_outcomes(struct held_component *held)
{
	for (size_t i = 0; i < held->outcome_count; i++)
		free((char *)held->outcomes[i].words);
	held->outcome_count = 0;
}

void hold_let_go(struct hold *hold)
{
	for (size_t i = 0; i < hold->component_count; i++) {
		struct held_component *held = &hold->components[i];
		held_sensors_end(held);
		policy_set_free(give(held->set));
		forget_outcomes(held);
		free(give(held->outcomes));
		json_decref(give(held->problems));
		for (size_t n = 0; n < held->member_count; n++) {
			free(give(held->members[n].problem));
			free(give(held->members[n].answered));
		}
	}
	hold_sensors_end(hold);
	hold->component_count = 0;
	hold_probes_end(hold);
	deeds_free(hold_invocations_end(hold));
}

/* --- what happened -------------------------------------------------------------------------- */

int held_outcome(struct held_component *held, uint64_t wish, enum outcome_kind kind, const char *words)
{
	if (held->outcome_count == held->outcome_room) {
		size_t room = held->outcome_room ? 2 * held->outcome_room : 4;
		struct wish_outcome *wider = reallocarray(held->outcomes, room, sizeof *wider);
		if (!wider)
			return -1;
		held->outcomes = wider;
		held->outcome_room = room;
	}
	char *copy = words ? strdup(words) : NULL;
	if (words && !copy)
		return -1;
	held->outcomes[held->outcome_count++] = (struct wish_outcome){wish, kind, copy};
	held->due = held->hold->any_due = true;
	return 0;
}

bool held_hindered(const struct held_instance *held)
{
	const struct observed *seen = held->work->instance->seen;
	if (held->sight_lost)
		return held->hindered;
	return seen && seen->state == SEEN_UNKNOWN && seen->hindered;
}

static struct sense held_sense(const struct held_instance *held)
{
	return (struct sense){
	    .phase = held->work->instance->phase,
	    .lost = held->sight_lost,
	    .hindered = held_hindered(held),
	    .ill = held->problem != NULL,
	    .acting = held->acting,
	};
}

static bool same(struct sense a, struct sense b)
{
	return a.phase == b.phase && a.lost == b.lost && a.hindered == b.hindered && a.ill == b.ill &&
	       a.acting == b.acting;
}

/* What was begun about it is over. */
static void acted(struct held_instance *held)
{
	struct work *work = held->work;
	bool well = work->instance->phase == PHASE_RUNNING || work->instance->phase == PHASE_FINISHED;
	enum outcome_kind kind = well                                              ? OUTCOME_DONE
				 : work->halted || held->sight_lost || work->doing ? OUTCOME_DROPPED
										   : OUTCOME_FAILED;
	held->acting = false;
	hold_forget_spec(work);
	count_duration(work->operation, now_of(work) - held->acting_ms);
	health_forget(held);
	if (well) {
		health_answered(held);
		if (work->action == ACTION_UNCHANGED)
			remember_told(work);
		held->on_fire = false;
	}
	bool refused = kind == OUTCOME_FAILED && !work->started && error_of(work)->code == ERR_FAILED;
	held->refused = well ? 0 : held->refused + refused;
	work_wake(held->work); /* its health is to be asked for again */
	if (held->wish)
		held_outcome(held->of, held->wish, kind, well ? NULL : error_of(work)->text);
	held->wish = 0;
	keeper_goes_on(work->operation); /* a deed may wait for that */
}

/* Somebody started what was stopped on purpose. */
static void runs_again(struct held_instance *held)
{
	struct berth_operation *operation = held->of->hold->operation;
	held->stopped = false;
	uint64_t number =
	    store_put_stopped(operation->berth->store, operation->application->id, held->name, NULL);
	operation->commit = number ? number : operation->commit;
}

void hold_stepped(struct work *work)
{
	struct held_instance *held = work->held;
	if (!held)
		return;
	if (held->acting && work->settled)
		acted(held);
	if (held->stopped && work->settled && work->instance->phase == PHASE_RUNNING)
		runs_again(held);
	if (!same(held_sense(held), held->told))
		held->of->due = held->of->hold->any_due = true;
}

/* --- asking them ---------------------------------------------------------------------------- */

bool held_well(const struct held_instance *held)
{
	enum phase phase = held->work->instance->phase;
	const struct observed *seen = held->work->instance->seen;
	if (seen && seen->paused)
		return false;
	return !held->sight_lost && !held->acting && !held->away && !held->problem &&
	       (phase == PHASE_RUNNING || phase == PHASE_FINISHED);
}

static enum lifecycle expected_of(const struct held_instance *held)
{
	return held->stopped                ? LIFE_STOPPED
	       : held->acting || held->away ? LIFE_STARTING
	       : held->on_fire              ? LIFE_ON_FIRE
					    : LIFE_RUNNING;
}

static struct member_sense tell_of(struct held_instance *held, struct arena *arena)
{
	const struct work *work = held->work;
	enum phase phase = work->instance->phase;
	held->told = held_sense(held);
	bool up = (phase == PHASE_RUNNING || phase == PHASE_FINISHED) && !held->problem && !held->acting;
	return (struct member_sense){
	    .name = held->name,
	    .expected = expected_of(held),
	    .up = up ? UP_YES : UP_NO,
	    .problem = held->problem,
	    .endpoint = held_endpoint(held, arena),
	    .out_of_sight = held->sight_lost || phase == PHASE_UNKNOWN,
	    .hindered = held_hindered(held),
	    .busy = work->settled && phase == PHASE_STARTING, /* its target is starting it again */
	};
}

/* Of all that its members are: the worst, unless they are all alike. */
static enum lifecycle worst_of(const struct held_component *held,
			       enum lifecycle (*of)(const struct held_instance *))
{
	size_t counts[LIFE_COUNT] = {0};
	if (!held->member_count && has_nobody(held->component)) /* as it was asked for */
		return LIFE_RUNNING;
	for (size_t i = 0; i < held->member_count; i++)
		counts[of(&held->members[i])]++;
	for (int life = 0; life < LIFE_COUNT; life++)
		if (held->member_count && counts[life] == held->member_count)
			return (enum lifecycle)life;
	return counts[LIFE_STARTING] && !counts[LIFE_ON_FIRE] && !counts[LIFE_STOPPED] ? LIFE_STARTING
										       : LIFE_ON_FIRE;
}

static enum lifecycle actual_of(const struct held_instance *held)
{
	enum lifecycle expected = expected_of(held);
	return expected != LIFE_RUNNING ? expected : held_well(held) ? LIFE_RUNNING : LIFE_ON_FIRE;
}

/* As its detector tells it, which may take its time. */
static enum lifecycle told_of(const struct held_instance *held)
{
	const struct policy_set *set = held->of->set;
	enum lifecycle told = set ? policy_set_state(set, held->name) : LIFE_NONE;
	return told == LIFE_NONE ? actual_of(held) : told;
}

static enum lifecycle state_of(const struct held_component *held,
			       enum lifecycle (*of)(const struct held_instance *))
{
	return json_object_size(held->problems) ? LIFE_ON_FIRE : worst_of(held, of);
}

static bool is_up(const struct held_component *held)
{
	size_t well = 0;
	for (size_t i = 0; i < held->member_count; i++)
		well += held_well(&held->members[i]);
	return cluster_health(held->member_count, well, 0, !has_nobody(held->component)).up;
}

static int by_component(const void *component, const void *held)
{
	uintptr_t a = (uintptr_t)component, b = (uintptr_t)((const struct held_component *)held)->component;
	return a < b ? -1 : a > b;
}

/* Those that are held are in the application's order. */
const struct held_component *held_component_of(const struct hold *hold, const char *id)
{
	const struct component *component = application_component(hold->operation->application, id);
	return component && hold->component_count
		   ? bsearch(component, hold->components, hold->component_count, sizeof *hold->components,
			     by_component)
		   : NULL;
}

const char *hold_problem(const struct hold *hold, const struct instance *instance)
{
	const struct held_component *held = held_component_of(hold, instance->component->id);
	for (size_t i = 0; held && i < held->member_count; i++)
		if (held->members[i].work->instance->ordinal == instance->ordinal)
			return held->members[i].problem;
	return NULL;
}

bool held_in_sight(const struct held_component *held)
{
	for (size_t i = 0; i < held->member_count; i++)
		if (held->members[i].sight_lost || held->members[i].work->instance->phase == PHASE_UNKNOWN)
			return false;
	return true;
}

/* What its policies told, and what is wrong with instances that are up. */
static void write_problems(const struct held_component *held, struct text *to)
{
	const char *key;
	json_t *value;
	json_open(to, "service.problems", '{');
	json_object_foreach (held->problems, key, value)
		json_write_value(to, key, value);
	for (size_t i = 0; i < held->member_count; i++)
		if (held->members[i].problem)
			json_write_text(to, held->members[i].name, held->members[i].problem);
	json_close(to, '}');
}

/* What is expected of all of them, or of those that are not given up. */
static enum lifecycle expected_of_all(const struct held_component *held)
{
	enum lifecycle expected = worst_of(held, expected_of);
	bool alike = held->member_count && expected == expected_of(&held->members[0]);
	return alike || expected == LIFE_STARTING ? expected : LIFE_RUNNING;
}

bool held_write_sensors(const struct held_component *held, struct text *to)
{
	const struct component_spec *spec = held->component->spec;
	if (!held_in_sight(held) || spec->job)
		return false;
	json_write_flag(to, "service.isUp", is_up(held));
	json_write_text(to, "service.state", lifecycle_name(state_of(held, told_of)));
	json_write_text(to, "service.state.expected", lifecycle_name(expected_of_all(held)));
	write_problems(held, to);
	held_write_numbers(held, to);
	return true;
}

/* The record's number; 0: without memory. */
static uint64_t put_memory(struct held_component *held, const char *text)
{
	struct berth_operation *operation = held->hold->operation;
	uint64_t number =
	    store_put_memory(operation->berth->store, operation->application->id, held->component->id, text);
	if (!number)
		return 0;
	if (note_saved(held, text))
		held->saved[0] = '\0'; /* it is put once more */
	operation->commit = number;
	return number;
}

static char *memory_of(const struct held_component *held)
{
	owned_json memory = policy_set_save(held->set);
	owned_json fires = json_object();
	for (size_t i = 0; fires && i < held->member_count; i++)
		if (held->members[i].on_fire && json_put_flag(fires, held->members[i].name, true))
			return NULL;
	if (!memory || !fires || (json_object_size(fires) && json_put_shared(memory, "on_fire", fires)))
		return NULL;
	return json_line(memory);
}

/* What they remember is kept before anything of what they wish is done. */
static int keep_memory(struct held_component *held, struct error *err)
{
	owned_memory char *text = memory_of(held);
	char digest[SAVED_HEX];
	if (!text || digest_of(text, digest))
		return fail_memory(err);
	if (!strcmp(held->saved, digest))
		return 0;
	return put_memory(held, text) ? 0 : fail_memory(err);
}

uint64_t hold_policies_changed(struct held_component *held)
{
	owned_memory char *text = memory_of(held);
	uint64_t number = text ? put_memory(held, text) : 0;
	if (!number)
		return 0;
	held->due = held->hold->any_due = true;
	operation_wake(held->hold->operation);
	return number;
}

static uint64_t chance_of(struct world *world)
{
	uint64_t chance = 0;
	world->ops->random(world, &chance, sizeof chance); /* without: no jitter */
	return chance;
}

static int64_t now(const struct berth_operation *operation)
{
	return operation->berth->world->ops->now(operation->berth->world);
}

/* When the clocks are changed, if that is before they want to be asked, and else that: what they reckoned by
 * the time of day is of the time zone that there is now. */
static int64_t within_zone(struct world *world, int64_t now_ms, int64_t next_ms)
{
	int64_t zone = world->ops->zone(world, now_ms), before = now_ms, from = next_ms;
	if (world->ops->zone(world, next_ms) == zone)
		return next_ms;
	while (from - before > 1) {
		int64_t middle = before + (from - before) / 2;
		if (world->ops->zone(world, middle) == zone)
			before = middle;
		else
			from = middle;
	}
	return from;
}

static void note_next(struct held_component *held, int64_t next_ms)
{
	const struct berth_operation *operation = held->hold->operation;
	if (next_ms != INT64_MAX)
		next_ms = within_zone(operation->berth->world, wall_of(operation), next_ms);
	held->next_ms = next_ms;
	if (next_ms != INT64_MAX)
		held->due_ms = now(operation) + (next_ms - wall_of(operation));
}

/* By the clock that comes there first. */
static int64_t left_ms(const struct held_component *held)
{
	const struct berth_operation *operation = held->hold->operation;
	int64_t by_wall = held->next_ms - wall_of(operation), by_time = held->due_ms - now(operation);
	int64_t left = by_wall < by_time ? by_wall : by_time;
	return left > 0 ? left : 0;
}

static bool is_due(const struct held_component *held)
{
	return held->due || (held->next_ms != INT64_MAX && left_ms(held) == 0);
}

static int ask(struct held_component *held, struct error *err)
{
	struct world *world = held->hold->operation->berth->world;
	owned_arena arena = {0};
	struct wishes wishes = {0};
	struct member_sense *members = arena_array(&arena, struct member_sense, held->member_count);
	if (held->member_count && !members)
		return fail_memory(err);
	for (size_t i = 0; i < held->member_count; i++)
		members[i] = tell_of(&held->members[i], &arena);
	struct senses senses = {
	    .members = members,
	    .member_count = held->member_count,
	    .outcomes = held->outcomes,
	    .outcome_count = held->outcome_count,
	    .size = (int64_t)held->member_count,
	    .chance = chance_of(world),
	    .zone_ms = world->ops->zone(world, wall_of(held->hold->operation)),
	};
	senses.samples = held_samples(held, &senses.sample_count);
	senses.state = state_of(held, actual_of);
	senses.up = is_up(held);
	held->due = false;
	if (policy_set_step(held->set, &senses, wall_of(held->hold->operation), &arena, &wishes, err))
		return -1;
	forget_outcomes(held);
	held_samples_told(held);
	note_next(held, wishes.next_ms);
	if (keep_memory(held, err) || hold_carry_out(held, &wishes, err))
		return -1;
	return 0;
}

int held_scaling(const struct held_component *held, struct arena *arena, struct scaling_sight *ret)
{
	struct world *world = held->hold->operation->berth->world;
	int64_t now_ms = world->ops->wall(world);
	const struct senses senses = {.size = (int64_t)held->member_count,
				      .zone_ms = world->ops->zone(world, now_ms),
				      .up = is_up(held)};
	return held->set ? policy_set_scaling(held->set, &senses, now_ms, arena, ret) : 0;
}

void hold_ask_again(struct hold *hold)
{
	for (size_t i = 0; i < hold->component_count; i++)
		hold->components[i].due = hold->components[i].listed_again = true;
	hold->any_due = true;
}

int hold_ask_policies(struct hold *hold, int64_t *ret_delay_ms, struct error *err)
{
	*ret_delay_ms = -1;
	hold->any_due = false;
	for (size_t i = 0; i < hold->component_count; i++) {
		struct held_component *held = &hold->components[i];
		int home = held->set || held->deed ? held_at_home(held) : 0;
		if (home < 0)
			return fail_memory(err);
		if (!home || !held->set)
			continue;
		if (is_due(held) && ask(held, err))
			return -1;
		if ((held->listed_again && held_tidy_again(held)) || hold_finish_resize(held, ret_delay_ms))
			return fail_memory(err);
		if (held->next_ms != INT64_MAX)
			*ret_delay_ms = sooner(*ret_delay_ms, left_ms(held));
	}
	return 0;
}
