/* operation.c - an operation's life: begun with a copied request, stepped in turns, cancelled, finished once.
 */
#include "engine/operation.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/memory.h"
#include "engine/backend.h"
#include "engine/handle.h"
#include "engine/hosts.h"
#include "engine/keeper.h"
#include "engine/lasting.h"

#define ENOUGH    100   /* instances whose memory is worth giving back */
#define LINGER_MS 20000 /* a loaded engine takes so long to start one of many */

static int copy_list(struct arena *arena, const char *const *list, const char *const **ret)
{
	static const char *const nothing[] = {NULL};
	size_t count = 0;
	while (list && list[count])
		count++;
	if (!count)
		return *ret = nothing, 0;
	const char **copy = arena_array(arena, const char *, count + 1);
	if (!copy)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (!(copy[i] = arena_text(arena, list[i])))
			return -1;
	*ret = copy;
	return 0;
}

static int copy_text(struct arena *arena, const char **text)
{
	if (*text && !(*text = arena_text(arena, *text)))
		return -1;
	return 0;
}

static int copy_request(struct berth_operation *operation, const struct berth_request *given)
{
	struct arena *arena = &operation->arena;
	struct berth_request *request = &operation->request;
	memcpy(request, given, given->size < sizeof *request ? given->size : sizeof *request);
	if (request->blueprint) {
		size_t size = request->blueprint_size ? request->blueprint_size : strlen(request->blueprint);
		request->blueprint = arena_copy(arena, request->blueprint, size);
		request->blueprint_size = size;
		if (!request->blueprint)
			return -1;
	}
	if (request->plan) {
		size_t size = request->plan_size ? request->plan_size : strlen(request->plan);
		request->plan = arena_copy(arena, request->plan, size);
		request->plan_size = size;
		if (!request->plan)
			return -1;
	}
	if (request->scenario) {
		size_t size = request->scenario_size ? request->scenario_size : strlen(request->scenario);
		request->scenario = arena_copy(arena, request->scenario, size);
		request->scenario_size = size;
		if (!request->scenario)
			return -1;
	}
	return copy_text(arena, &request->lasting) || copy_text(arena, &request->lasting_text) ||
	       copy_text(arena, &request->scenario_file) || copy_text(arena, &request->file) ||
	       copy_text(arena, &request->app) || copy_text(arena, &request->format) ||
	       copy_text(arena, &request->name) || copy_text(arena, &request->wait_for) ||
	       copy_text(arena, &request->user) || copy_text(arena, &request->directory) ||
	       copy_text(arena, &request->folder) || copy_text(arena, &request->action) ||
	       copy_list(arena, request->arguments, &request->arguments) ||
	       copy_list(arena, request->command, &request->command) ||
	       (request->environment && copy_list(arena, request->environment, &request->environment)) ||
	       copy_list(arena, request->locations, &request->locations) ||
	       copy_list(arena, request->settings, &request->settings) ||
	       copy_list(arena, request->components, &request->components);
}

/* The clock of --timeout: what flies is finished or recorded, then the operation ends with 124. What a target
 * does not answer, again and again, must not hold whoever set a time: after a while it is left as it is. */
static void time_is_over(void *owner)
{
	struct berth_operation *operation = owner;
	struct world *world = operation->berth->world;
	operation->clock = NULL;
	operation->timed_out = true;
	berth_cancel(operation);
	if (!operation->abandoned)
		operation->clock = world->ops->timer_start(world, LINGER_MS, time_is_over, operation);
}

/* Of those at rest hardly one waits for it: for one of its instances, or to be let go. One that begins waits
 * until what others had remembered can be read. */
static void committed(void *owner)
{
	struct berth_operation *operation = owner;
	bool rests = operation->verb->rest && operation->stage == STAGE_WORK;
	if (!rests || operation->commit_first || operation->cancelled)
		operation_wake(operation);
}

static int take_up(struct berth_operation *operation)
{
	struct berth *berth = operation->berth;
	if (store_listen(berth->store, committed, operation))
		return -1;
	operation->next = berth->operations;
	berth->operations = operation;
	if (operation->request.timeout_ms > 0) {
		operation->clock = berth->world->ops->timer_start(berth->world, operation->request.timeout_ms,
								  time_is_over, operation);
		if (!operation->clock)
			return -1;
	}
	operation_wake(operation);
	return operation->turn ? 0 : -1;
}

/* --- whose failed allocations are ----------------------------------------------------------------- */

static size_t failed_in_turn(const struct berth *berth)
{
	return berth->at_turn ? memory_failures() - berth->short_before_turn : 0;
}

/* Those while no operation of the handle had its turn: they may be anybody's. */
static size_t failed_for_nobody(const struct berth *berth)
{
	return memory_failures() - berth->short_at_turns - failed_in_turn(berth);
}

static void turn_begins(struct berth_operation *operation)
{
	operation->berth->at_turn = operation;
	operation->berth->short_before_turn = memory_failures();
}

static void turn_ends(struct berth *berth)
{
	size_t failed = failed_in_turn(berth);
	if (berth->at_turn && failed)
		berth->at_turn->short_of_memory = true;
	berth->short_at_turns += failed;
	berth->at_turn = NULL;
}

bool operation_short(const struct berth_operation *operation)
{
	const struct berth *berth = operation->berth;
	return operation->short_of_memory || failed_for_nobody(berth) != operation->nobodys_before ||
	       (berth->at_turn == operation && failed_in_turn(berth));
}

/* --- begun, and stepped ----------------------------------------------------------------------------- */

/* A size that was forgotten would make everything else count as left out. */
static int check_sizes(const struct berth_request *request, const struct berth_listener *listener,
		       struct error *err)
{
	if (request && !request->size)
		return fail_size("berth_request", err);
	if (listener && !listener->size)
		return fail_size("berth_listener", err);
	return 0;
}

struct berth_operation *operation_begin(struct berth *berth, const struct verb *verb,
					const struct berth_request *request,
					const struct berth_listener *listener, struct berth_error *error)
{
	static const struct berth_request nothing = {.size = sizeof nothing};
	struct error err = {0};
	if (check_sizes(request, listener, &err)) {
		berth_error_from(error, &err);
		if (error)
			error->outcome = BERTH_USAGE;
		return NULL;
	}
	struct berth_operation *operation = calloc(1, sizeof *operation);
	if (operation) {
		operation->berth = berth;
		operation->nobodys_before = failed_for_nobody(berth);
		operation->verb = verb;
		if (listener)
			memcpy(&operation->listener, listener,
			       listener->size < sizeof *listener ? listener->size : sizeof *listener);
		/* Those that it begins itself are given it, also where it has none. */
		operation->listener.size = sizeof operation->listener;
		if (copy_request(operation, request ? request : &nothing) == 0 &&
		    (!berth->backend || berth->backend->begin(operation) == 0) && take_up(operation) == 0)
			return operation;
	}
	berth_operation_free(operation);
	fail_memory(&err);
	berth_error_from(error, &err);
	return NULL;
}

static void take_turn(void *owner)
{
	struct berth_operation *operation = owner;
	struct berth *berth = operation->berth;
	operation->turn = NULL;
	if (operation->done)
		return;
	turn_begins(operation);
	if (operation_fetched(operation))
		(operation->remote ? berth->backend->step : operation->verb->step)(operation);
	turn_ends(berth);
}

void operation_wake(struct berth_operation *operation)
{
	if (operation->turn || operation->done)
		return;
	operation->turn =
	    operation->berth->world->ops->timer_start(operation->berth->world, 0, take_turn, operation);
	operation->overdue = !operation->turn;
}

bool operations_overdue(const struct berth *berth)
{
	for (const struct berth_operation *operation = berth->operations; operation;
	     operation = operation->next)
		if (operation->overdue)
			return true;
	return false;
}

void operations_catch_up(struct berth *berth)
{
	for (struct berth_operation *operation = berth->operations; operation; operation = operation->next)
		if (operation->overdue) {
			operation->overdue = false;
			take_turn(operation);
		}
}

static void pause_is_over(void *owner)
{
	struct berth_operation *operation = owner;
	operation->pause = NULL;
	operation_wake(operation);
}

void operation_wake_after(struct berth_operation *operation, int64_t delay_ms)
{
	struct world *world = operation->berth->world;
	world->ops->timer_cancel(world, operation->pause);
	operation->pause = world->ops->timer_start(world, delay_ms, pause_is_over, operation);
	if (!operation->pause)
		operation_wake(operation);
}

enum berth_outcome outcome_of(enum code code)
{
	switch (code) {
	case OK:
		return BERTH_OK;
	case ERR_INVALID:
	case ERR_UNBOUND:
		return BERTH_INVALID;
	case ERR_DENIED:
	case ERR_UNVERIFIED:
		return BERTH_DENIED;
	case ERR_UNREACHABLE:
	case ERR_TIMED_OUT:
		return BERTH_UNREACHABLE;
	case ERR_LOCKED:
	case ERR_STALE:
		return BERTH_LOCKED;
	case ERR_CANCELLED:
		return BERTH_INTERRUPTED;
	default:
		return BERTH_FAILED;
	}
}

static json_t *error_member(const struct error *err)
{
	json_t *member = json_object();
	if (member)
		(void)(json_put_text(member, "code", code_name(err->code)) ||
		       json_put_text(member, "text", err->text) ||
		       json_put_text(member, "remedy", err->remedy));
	return member;
}

/* A list of nothing more to do, so that a finished operation holds no lock, timer or connection. */
static void let_go(struct berth_operation *operation)
{
	struct berth *berth = operation->berth;
	const struct world_ops *ops = berth->world->ops;
	fetch_end(operation);
	if (operation->remote)
		berth->backend->let_go(operation);
	if (operation->verb->let_go)
		operation->verb->let_go(operation);
	reconcile_end(operation);
	sites_close(operation);
	ops->timer_cancel(berth->world, operation->turn);
	ops->timer_cancel(berth->world, operation->clock);
	ops->timer_cancel(berth->world, operation->pause);
	operation->turn = operation->clock = operation->pause = NULL;
	map_release(&operation->verb_names);
	lock_release(operation);
	store_unlisten(berth->store, operation);
}

/* All that its result was made from. */
static void forget_graph(struct berth_operation *operation)
{
	hosts_forget(operation);
	application_free(give(operation->application));
	blueprint_release(give(operation->blueprint));
	blueprint_release(give(operation->retired));
	json_decref(give(operation->stored_options));
	json_decref(give(operation->host_options));
	hosts_release(operation);
	stored_application_free(give(operation->stored));
	stored_application_free(give(operation->past));
	known_release(&operation->known);
}

/* How much lies behind it, in instances. Without an application nobody knows. */
static size_t extent_of(const struct application *application)
{
	size_t instances = 0;
	for (size_t i = 0; application && i < application->component_count; i++)
		instances += application->components[i].instance_count;
	return application ? instances : ENOUGH;
}

/* A long result may fit in none of the gaps that were left. Of little applications they are given back for
 * many at once: going through all memory takes longer than planning one, and what it left is used by the
 * next. */
static void give_back(struct berth *berth, size_t extent)
{
	berth->let_go += extent;
	if (berth->let_go < ENOUGH)
		return;
	berth->let_go = 0;
	memory_give_back();
}

struct error *operation_error(struct berth_operation *operation)
{
	if (operation->error)
		return operation->error;
	operation->error = calloc(1, sizeof *operation->error);
	if (!operation->error) {
		count_memory_failure();
		operation->error = &operation->berth->spare;
	}
	return operation->error;
}

const struct error *operation_failure(const struct berth_operation *operation)
{
	static const struct error none;
	return operation->error ? operation->error : &none;
}

void operation_forget_error(struct berth_operation *operation)
{
	struct error *error = give(operation->error);
	if (error != &operation->berth->spare)
		free(error);
}

/* Nothing that was concluded without memory is told as if it were true. */
static enum berth_outcome doubt(struct berth_operation *operation, enum berth_outcome outcome)
{
	struct error *err = operation_error(operation);
	const struct error before = *err;
	if (before.code == ERR_NO_MEMORY)
		return outcome;
	fail(err, ERR_NO_MEMORY, "memory ran out, so that what is told may be wrong%s%s",
	     before.code ? ": " : "", before.text);
	remedy(err, "try again where there is more memory");
	return outcome == BERTH_OK || outcome == BERTH_INVALID ? BERTH_FAILED : outcome;
}

void operation_finish(struct berth_operation *operation, enum berth_outcome outcome, json_t *document)
{
	if (operation->done) {
		json_decref(document);
		return;
	}
	if (outcome != BERTH_OK && operation->timed_out)
		outcome = BERTH_TIMED_OUT;
	if (operation_short(operation))
		outcome = doubt(operation, outcome);
	if (json_is_object(document) && operation_failure(operation)->code != OK)
		json_put(document, "error", error_member(operation_error(operation)));
	/* A variable that has a default, for who only looks, is none the worse for it. */
	if (json_is_object(document) && (outcome != BERTH_OK || operation->secret_missed) &&
	    operation->missing_environment)
		json_put(document, "missing_environment", json_incref(operation->missing_environment));
	lasting_end(operation);
	/* Before the result is put together, so that both are never there at one time. */
	operation->done = true;
	size_t extent = extent_of(operation->application);
	let_go(operation);
	forget_graph(operation);
	give_back(operation->berth, extent);
	operation->result = json_is_string(document) ? strdup(json_string_value(document))
			    : document               ? document_line(operation, document)
						     : strdup("");
	document_release(operation);
	json_decref(document);
	if (!operation->result && operation_failure(operation)->code != ERR_NO_MEMORY) {
		fail_memory(operation_error(operation));
		outcome = BERTH_FAILED;
	}
	operation->outcome = outcome;
	keeper_heard(operation);
}

void operation_fail(struct berth_operation *operation, const struct error *err)
{
	*operation_error(operation) = *err;
	operation_finish(operation, outcome_of(err->code), document_new(operation_app(operation)));
}

void operation_warn(struct berth_operation *operation, const char *format, ...)
{
	if (!operation->listener.event)
		return;
	owned_text line = {0};
	va_list arguments;
	va_start(arguments, format);
	text_vformat(&line, format, arguments);
	va_end(arguments);
	struct berth_event event = {.size = sizeof event,
				    .kind = BERTH_EVENT_WARNING,
				    .app = operation_app(operation),
				    .text = text_view(&line),
				    .text_size = line.length};
	operation->listener.event(operation->listener.context, &event);
}

bool berth_done(const struct berth_operation *operation)
{
	return operation->done;
}

bool berth_as_expected(const struct berth_operation *operation)
{
	return operation->as_expected;
}

void berth_cancel(struct berth_operation *operation)
{
	if (operation->done)
		return;
	if (operation->cancelled)
		operation->abandoned = true;
	else
		lasting_cancel(operation);
	operation->cancelled = true;
	operation_wake(operation);
}

enum berth_outcome berth_outcome(const struct berth_operation *operation)
{
	return operation->done ? operation->outcome : BERTH_FAILED;
}

const char *berth_result(const struct berth_operation *operation)
{
	return operation->result ? operation->result : "";
}

const char *berth_message(const struct berth_operation *operation)
{
	return operation_failure(operation)->text;
}

const char *berth_remedy(const struct berth_operation *operation)
{
	return operation_failure(operation)->remedy;
}

static void forget(struct berth_operation *operation)
{
	struct berth_operation **at = &operation->berth->operations;
	while (*at && *at != operation)
		at = &(*at)->next;
	if (*at)
		*at = operation->next;
}

void berth_operation_free(struct berth_operation *operation)
{
	if (!operation)
		return;
	bool left = !operation->done;
	if (left)
		let_go(operation);
	forget(operation);
	if (operation->berth->at_turn == operation)
		turn_ends(operation->berth);
	if (left && operation->verb)
		keeper_heard(operation);
	lasting_free(operation);
	forget_graph(operation);
	diagnostics_release(&operation->diagnostics);
	json_decref(operation->location_options);
	json_decref(operation->missing_environment);
	json_decref(operation->saved);
	json_decref(operation->document);
	document_release(operation);
	json_decref(operation->failures);
	arena_release(&operation->arena);
	operation_forget_error(operation);
	free(operation->result);
	free(operation);
}

/* The public functions: one verb each. */
#define VERB(name)                                                                                           \
	struct berth_operation *berth_##name(struct berth *berth, const struct berth_request *request,       \
					     const struct berth_listener *listener,                          \
					     struct berth_error *error)                                      \
	{                                                                                                    \
		return operation_begin(berth, &verb_##name, request, listener, error);                       \
	}

VERB(validate)
VERB(plan)
VERB(deploy)
VERB(status)
VERB(destroy)
VERB(logs)
VERB(graph)
VERB(locations)
VERB(types)
VERB(schema)
VERB(simulate)
VERB(events)
VERB(wait)
VERB(why)
VERB(gc)
VERB(stop)
VERB(start)
VERB(restart)
VERB(scale)
VERB(keep)
VERB(history)
VERB(rollback)
VERB(backup)
VERB(restore)

/* Who only lists them takes no lock. */
struct berth_operation *berth_policy(struct berth *berth, const struct berth_request *request,
				     const struct berth_listener *listener, struct berth_error *error)
{
	bool says = request && request->size >= offsetof(struct berth_request, arguments);
	bool lists = !says || !request->action || !strcmp(request->action, "list");
	return operation_begin(berth, lists ? &verb_policies : &verb_policy, request, listener, error);
}
