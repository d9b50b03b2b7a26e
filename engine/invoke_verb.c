/* invoke_verb.c - an effector of a component: its command, run in each of its instances that runs. */
#include <string.h>

#include "base/cleanup.h"
#include "engine/deploy.h"
#include "engine/invoke_http.h"
#include "engine/operation.h"
#include "engine/reconcile.h"
#include "engine/specs.h"

enum { AT_ONCE = 8, OUTPUT_LIMIT = 64 * 1024, EVENT_LIMIT = 1000 };

/* The command in one instance. */
struct run {
	struct work *work;
	struct exec_session session;
	struct invoked_call call; /* where it is a request */
	struct error error;       /* why it could not be run */
	bool begun, ended;
	struct run *next;
};

/* verb_state. */
struct invocation {
	const struct component *component;
	const struct effector *effector;
	const char *const *environment; /* the parameters */
	struct run *first;
};

/* --- what was asked for --------------------------------------------------------------------- */

static bool is_variable(const char *text)
{
	size_t length = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
	return length > 0 && text[length] == '=' && (*text < '0' || *text > '9') &&
	       strncmp(text, "BERTH_", strlen("BERTH_")) != 0;
}

static int check_arguments(const char *const *arguments, struct error *err)
{
	for (; arguments && *arguments; arguments++)
		if (!is_variable(*arguments)) {
			fail(err, ERR_INVALID, "`%.80s` is no parameter", *arguments);
			remedy(err, "write NAME=VALUE; NAME is a variable's, and none of berth's own");
			return -1;
		}
	return 0;
}

static int fail_effector(const struct component *component, const char *wanted, struct error *err)
{
	const struct component_spec *spec = component->spec;
	const char *names[EFFECTOR_LIMIT];
	size_t count = effector_names(spec, names);
	const char *meant = closest(wanted, names, count);
	fail(err, ERR_MISSING, "`%s` has no effector `%.80s`", component->id, wanted);
	if (meant)
		remedy(err, "did you mean `%s`?", meant);
	else
		remedy(err, "give its command under `effectors` in the blueprint, and deploy");
	return -1;
}

static int find_effector(const struct berth_operation *operation, struct invocation *ret, struct error *err)
{
	const struct berth_request *request = &operation->request;
	const struct component *component =
	    application_component(operation->application, request->components[0]);
	if (!operation->blueprint) {
		fail(err, ERR_MISSING, "nothing is known of `%s`", operation->application->id);
		remedy(err, "`berth status` lists the applications there are");
		return -1;
	}
	if (!component)
		return fail(err, ERR_MISSING, "`%s` has no component `%.80s`", operation->application->id,
			    request->components[0]);
	ret->component = component;
	ret->effector = component->spec ? effector_given(component->spec, request->name) : NULL;
	return ret->effector ? 0 : fail_effector(component, request->name, err);
}

static bool refuse_usage(struct berth_operation *operation, const char *words)
{
	fail(operation_error(operation), ERR_INVALID, "%s", words);
	operation_finish(operation, BERTH_USAGE, document_new(operation->request.app));
	return false;
}

static bool begin(struct berth_operation *operation)
{
	const struct berth_request *request = &operation->request;
	struct error *err = operation_error(operation);
	if (!request->app || !request->components || !request->components[0] || request->components[1])
		return refuse_usage(operation, "invoke takes an application and one component");
	if (!request->name)
		return refuse_usage(operation, "no effector was named");
	if (effector_is_built_in(request->name))
		return refuse_usage(operation, "start, stop and restart take no parameters");
	if (check_arguments(request->arguments, err)) {
		operation_finish(operation, BERTH_USAGE, document_new(request->app));
		return false;
	}
	struct invocation *invocation = arena_array(&operation->arena, struct invocation, 1);
	if (!invocation) {
		fail_memory(err);
		return stage_failed(operation);
	}
	operation->verb_state = invocation;
	if (!stage_open_known(operation) || !is_as_expected(operation))
		return false;
	if (find_effector(operation, invocation, err))
		return operation->blueprint ? stage_misnamed(operation) : stage_failed(operation);
	invocation->environment =
	    invoke_parameters(&operation->arena, invocation->effector, request->arguments, err);
	if (invocation->environment)
		return true;
	operation_finish(operation, err->code == ERR_INVALID ? BERTH_USAGE : outcome_of(err->code),
			 document_new(request->app));
	return false;
}

/* --- where it runs -------------------------------------------------------------------------- */

static void keep_output(void *owner, bool errors, const char *bytes, size_t count)
{
	struct work *work = owner;
	(void)errors;
	size_t room = work->log.length < OUTPUT_LIMIT ? OUTPUT_LIMIT - work->log.length : 0;
	text_add_printable(&work->log, bytes, count < room ? count : room);
}

static int add_run(struct berth_operation *operation, struct invocation *invocation, struct work *work,
		   struct run ***at)
{
	const char *waits = NULL;
	struct run *run = arena_array(&operation->arena, struct run, 1);
	if (!run)
		return -1;
	run->work = work;
	run->session = (struct exec_session){
	    .environment = invocation->environment, .output = keep_output, .output_owner = work};
	if (!invocation->effector->call &&
	    spec_words(work, &work->arena, &invocation->effector->command, &run->session.command, &waits,
		       &run->error) != RESOLVED) {
		if (waits)
			fail(&run->error, ERR_FAILED, "its command waits for `%s`", waits);
		run->ended = true;
	}
	**at = run;
	*at = &run->next;
	return 0;
}

/* A command may read its environment unseen; but one that has the same letters in another case means those.
 */
static void warn_of_case(struct berth_operation *operation, const struct invocation *invocation)
{
	const char *const *command = invocation->first ? invocation->first->session.command : NULL;
	for (const char *const *at = operation->request.arguments; command && at && *at; at++) {
		owned_memory char *name = strndup(*at, strcspn(*at, "="));
		const char *other = NULL;
		bool there = !name;
		for (size_t i = 0; name && command[i]; i++) {
			there |= strstr(command[i], name) != NULL;
			other = other ? other : strcasestr(command[i], name);
		}
		if (other && !there)
			operation_warn(operation, "`%s` is not in the command of `%s`, but `%.*s` is", name,
				       invocation->effector->name, (int)strlen(name), other);
	}
}

static int choose(struct berth_operation *operation, struct invocation *invocation, struct error *err)
{
	struct run **end = &invocation->first;
	for (size_t i = 0; i < operation->work_count; i++) {
		struct work *work = operation->works[i];
		const struct observed *seen = work->instance->seen;
		bool meant = work->instance->component == invocation->component && !work->instance->successor;
		if (meant && seen && seen->state == SEEN_RUNNING &&
		    add_run(operation, invocation, work, &end))
			return fail_memory(err);
	}
	if (invocation->first) {
		warn_of_case(operation, invocation);
		return 0;
	}
	fail(err, ERR_FAILED, "no instance of `%s` runs", invocation->component->id);
	remedy(err, "`berth why %s %s` says why", operation->application->id, invocation->component->id);
	return -1;
}

static bool surveyed(struct berth_operation *operation)
{
	if (survey(operation) == PROGRESS_WAITING)
		return false;
	if (survey_match(operation)) {
		fail_memory(operation_error(operation));
		return stage_failed(operation);
	}
	struct invocation *invocation = operation->verb_state;
	const struct site *site = invocation->component->site;
	if (site && site->failed) {
		blame_site(operation_error(operation), site, site_error(site));
		return stage_failed(operation);
	}
	if (choose(operation, invocation, operation_error(operation)))
		return stage_failed(operation);
	operation->stage = STAGE_WORK;
	return true;
}

/* --- running it ----------------------------------------------------------------------------- */

static bool run_ended(const struct berth_operation *operation, const struct invocation *invocation,
		      struct run *run)
{
	struct work *work = run->work;
	if (run->ended)
		return true;
	run->begun = true;
	if (invocation->effector->call) {
		enum progress called =
		    invoke_call(work, invocation->effector, invocation->environment, &run->call, &run->error);
		return called == PROGRESS_WAITING ? false : (run->ended = true);
	}
	work->doing = DOING_EXEC;
	enum progress progress =
	    driver_of(work)->exec(&work->site->location, &work->errand, operation->application->id,
				  work->instance->seen->name, &run->session, &run->error);
	if (progress == PROGRESS_WAITING)
		return false;
	work->doing = DOING_NOTHING;
	return run->ended = true;
}

static bool all_ended(const struct berth_operation *operation, const struct invocation *invocation)
{
	size_t flying = 0;
	for (struct run *run = invocation->first; run && flying < AT_ONCE; run = run->next)
		flying += !run_ended(operation, invocation, run);
	return flying == 0;
}

/* --- what came of it ------------------------------------------------------------------------ */

static bool went_well(const struct run *run)
{
	bool answered_well = !run->call.work || (run->call.status >= 200 && run->call.status < 400);
	return run->error.code == OK && run->session.code == 0 && answered_well;
}

/* The end of its output, without the secrets that the instance was given. */
static void add_end(struct text *to, const json_t *lines)
{
	owned_text whole = {0};
	size_t i;
	json_t *line;
	json_array_foreach (lines, i, line)
		text_format(&whole, "%s%s", i ? "\n" : "", json_string_value(line));
	size_t from = whole.length > EVENT_LIMIT ? whole.length - EVENT_LIMIT : 0;
	while (from && (text_view(&whole)[from] & 0xc0) == 0x80)
		from++; /* not from the middle of a character on */
	if (whole.length)
		text_format(to, ": %s", text_view(&whole) + from);
}

/* What it was given may be another value than the one that is masked: nothing of what it wrote is kept then.
 */
static bool knows_no_secrets(const struct work *work)
{
	const struct instance_spec *spec = work->spec;
	for (size_t i = 0; spec && i < spec->variable_count; i++)
		if (spec->variables[i].secret)
			return false;
	for (size_t i = 0; spec && i < spec->file_count; i++)
		if (spec->files[i].secret)
			return false;
	return spec != NULL;
}

static void record(const struct berth_operation *operation, const struct invocation *invocation,
		   const struct run *run, const json_t *lines)
{
	owned_text words = {0};
	if (run->error.code)
		text_format(&words, "%s cannot be run: %s", invocation->effector->name, run->error.text);
	else if (run->call.work)
		text_format(&words, "%s was answered with %d", invocation->effector->name, run->call.status);
	else
		text_format(&words, "%s ended with code %d", invocation->effector->name, run->session.code);
	if (knows_no_secrets(run->work))
		add_end(&words, lines);
	store_put_event(operation->berth->store, operation->application->id, invocation->component->id,
			run->work->instance->name, "invoked", text_view(&words));
}

static json_t *result_of(const struct berth_operation *operation, const struct invocation *invocation,
			 const struct run *run)
{
	json_t *result = json_object(), *lines = log_lines(run->work);
	record(operation, invocation, run, lines);
	json_put_text(result, "instance", run->work->instance->name);
	json_put_text(result, "location", run->work->site->location.name);
	if (invocation->effector->call)
		json_put(result, "status", run->call.status ? json_integer(run->call.status) : json_null());
	if (invocation->effector->call || (run->error.code && !run->session.code))
		json_put(result, "exit_code", json_null());
	else
		json_put_number(result, "exit_code", run->session.code);
	json_put_text(result, "error", run->error.code ? run->error.text : NULL);
	json_put(result, "output", lines);
	return result;
}

static void conclude(struct berth_operation *operation, const struct invocation *invocation)
{
	json_t *document = document_new(operation->application->id), *results = json_array();
	size_t count = 0, failures = 0;
	for (const struct run *run = invocation->first; run; run = run->next) {
		json_add(results, result_of(operation, invocation, run));
		count++;
		failures += !went_well(run);
	}
	json_put_text(document, "component", invocation->component->id);
	json_put_text(document, "effector", invocation->effector->name);
	json_put(document, "results", results);
	if (failures)
		fail(operation_error(operation), ERR_FAILED, "`%s` failed in %zu of %zu instances of `%s`",
		     invocation->effector->name, failures, count, invocation->component->id);
	operation_finish(operation, failures ? BERTH_FAILED : BERTH_OK, document);
}

/* For want of memory: what it wrote is not told in part. */
static bool output_lost(const struct invocation *invocation)
{
	for (const struct run *run = invocation->first; run; run = run->next)
		if (run->work->log.failed)
			return true;
	return false;
}

static void invoke_step(struct berth_operation *operation)
{
	if (operation->cancelled) {
		fail(operation_error(operation), ERR_CANCELLED, "%s",
		     operation->timed_out ? "the time ran out" : "interrupted");
		stage_failed(operation);
		return;
	}
	if (operation->stage == STAGE_BEGIN && !begin(operation))
		return;
	if (operation->stage == STAGE_SURVEY && !surveyed(operation))
		return;
	const struct invocation *invocation = operation->verb_state;
	if (!all_ended(operation, invocation))
		return;
	if (output_lost(invocation)) {
		fail_memory(operation_error(operation));
		stage_failed(operation);
		return;
	}
	conclude(operation, invocation);
}

static void let_go(struct berth_operation *operation)
{
	const struct invocation *invocation = operation->verb_state;
	for (struct run *run = invocation ? invocation->first : NULL; run; run = run->next)
		invoke_call_end(operation->berth->world, &run->call);
}

const struct verb verb_invoke = {
    .name = "invoke", .step = invoke_step, .let_go = let_go, .needs_store = true};

/* --- the public function -------------------------------------------------------------------- */

/* What every component has is an operation of its own. */
static const struct verb *verb_for(const struct berth_request *request)
{
	static const struct verb *const verbs[] = {
	    [EFFECTOR_START] = &verb_start,
	    [EFFECTOR_STOP] = &verb_stop,
	    [EFFECTOR_RESTART] = &verb_restart,
	    [EFFECTOR_RESIZE] = &verb_members,
	    [EFFECTOR_RESIZE_BY_DELTA] = &verb_members,
	    [EFFECTOR_REPLACE_MEMBER] = &verb_members,
	    [EFFECTOR_EXPUNGE_QUARANTINED] = &verb_members,
	    [EFFECTOR_NONE] = &verb_invoke,
	};
	bool whole = request && request->size >= offsetof(struct berth_request, arguments) + sizeof(void *);
	bool one = whole && request->components && request->components[0] && !request->components[1];
	if (!one || !request->name)
		return &verb_invoke;
	bool plain = !request->arguments || !request->arguments[0];
	if (effector_is_built_in(request->name) ? !plain : !request->app)
		return &verb_invoke;
	return verbs[own_effector_named(request->name)];
}

struct berth_operation *berth_invoke(struct berth *berth, const struct berth_request *request,
				     const struct berth_listener *listener, struct berth_error *error)
{
	return operation_begin(berth, verb_for(request), request, listener, error);
}
