/* exec_verb.c - a command run inside one instance: which one, its streams, its exit code; or a connection to
 * one of its ports. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/backend.h"
#include "engine/deploy.h"
#include "engine/handle.h"
#include "engine/reconcile.h"

struct exec_state {
	struct exec_session session;
	const char *component; /* of COMPONENT/N */
	unsigned ordinal;      /* 0: the lowest that runs */
	struct work *work;     /* the one that was chosen */
};

static struct exec_state *state_of(const struct berth_operation *operation)
{
	return operation->verb == &verb_exec || operation->verb == &verb_forward ? operation->verb_state
										 : NULL;
}

/* --- which instance ------------------------------------------------------------------------- */

static bool runs(const struct work *work)
{
	return work->instance->seen->state == SEEN_RUNNING;
}

static bool serves(const struct work *work)
{
	return work->instance->seen->shared_name_held;
}

static bool is_better(const struct work *a, const struct work *b)
{
	if (runs(a) != runs(b))
		return runs(a);
	if (a->instance->ordinal != b->instance->ordinal)
		return a->instance->ordinal < b->instance->ordinal;
	return serves(a) && !serves(b);
}

static struct work *choose(const struct berth_operation *operation, const struct exec_state *state)
{
	struct work *best = NULL;
	for (size_t i = 0; i < operation->work_count; i++) {
		struct work *work = operation->works[i];
		const struct instance *instance = work->instance;
		bool meant = strcmp(instance->component->id, state->component) == 0 &&
			     (!state->ordinal || state->ordinal == instance->ordinal);
		if (meant && instance->seen && (!best || is_better(work, best)))
			best = work;
	}
	return best;
}

static int fail_component(const struct berth_operation *operation, const char *wanted, struct error *err)
{
	const struct application *application = operation->application;
	owned_memory const char **names = calloc(application->component_count + 1, sizeof *names);
	owned_text list = {0};
	if (!names)
		return fail_memory(err);
	for (size_t i = 0; i < application->component_count; i++) {
		names[i] = application->components[i].id;
		text_format(&list, "%s%s", i ? ", " : "", names[i]);
	}
	const char *meant = closest(wanted, names, application->component_count);
	fail(err, ERR_MISSING, "`%s` has no component `%.64s`", application->id, wanted);
	if (meant)
		remedy(err, "did you mean `%s`?", meant);
	else
		remedy(err, "it has %s", text_view(&list));
	return -1;
}

static int fail_instance(const struct berth_operation *operation, const struct exec_state *state,
			 const struct component *component, struct error *err)
{
	owned_text there = {0};
	for (size_t i = 0; i < component->instance_count; i++)
		if (component->instances[i].seen)
			text_format(&there, "%s%s/%u", there.length ? ", " : "", component->id,
				    component->instances[i].ordinal);
	if (component->spec && component->spec->kind == COMPONENT_EXTERNAL)
		return fail(err, ERR_UNSUPPORTED, "`%s` is external: nothing of it is run here",
			    component->id);
	if (!there.length) {
		fail(err, ERR_MISSING, "no instance of `%s` is there", component->id);
		remedy(err, "`berth deploy` makes it; `berth status %s` shows what is",
		       operation->application->id);
	} else {
		fail(err, ERR_MISSING, "there is no instance `%s/%u`", component->id, state->ordinal);
		remedy(err, "there is %s", text_view(&there));
	}
	return -1;
}

/* Why none is there to be chosen. What a place that gave no answer holds is not known. */
static int fail_choice(const struct berth_operation *operation, const struct exec_state *state,
		       struct error *err)
{
	const struct site *failed = survey_failure(operation);
	const struct component *component = application_component(operation->application, state->component);
	if (failed) {
		blame_site(err, failed, site_error(failed));
		return -1;
	}
	if (!operation->application->component_count) {
		fail(err, ERR_MISSING, "nothing of `%s` is known here", operation->application->id);
		remedy(err, "`berth status` lists what is; --location NAME=SPEC asks another place");
		return -1;
	}
	return component ? fail_instance(operation, state, component, err)
			 : fail_component(operation, state->component, err);
}

/* --- its stages ----------------------------------------------------------------------------- */

static void pass_on(void *owner, bool errors, const char *bytes, size_t count)
{
	const struct berth_operation *operation = owner;
	const struct work *work = state_of(operation)->work;
	const struct berth_event event = {
	    .size = sizeof event,
	    .kind = BERTH_EVENT_OUTPUT,
	    .component = work->instance->component->id,
	    .instance = work->instance->seen->name,
	    .location = work->site->location.name,
	    .text = bytes,
	    .text_size = count,
	    .errors = errors,
	};
	if (operation->listener.event)
		operation->listener.event(operation->listener.context, &event);
}

static bool surveyed(struct berth_operation *operation)
{
	struct exec_state *state = state_of(operation);
	if (survey(operation) == PROGRESS_WAITING)
		return false;
	if (survey_match(operation)) {
		fail_memory(operation_error(operation));
		return stage_failed(operation);
	}
	state->work = choose(operation, state);
	if (!state->work) {
		fail_choice(operation, state, operation_error(operation));
		return stage_failed(operation);
	}
	state->work->doing = DOING_EXEC;
	operation->stage = STAGE_WORK;
	return true;
}

/* The code is the command's own, also when there is no such command. */
static json_t *exec_document(const struct berth_operation *operation, bool ended)
{
	const struct exec_state *state = state_of(operation);
	json_t *document = document_new(operation->application->id);
	json_put_text(document, "instance", state->work->instance->seen->name);
	if (operation->verb == &verb_exec && (ended || state->session.code))
		json_put_number(document, "exit_code", state->session.code);
	return document;
}

/* --- a connection instead of a command ------------------------------------------------------ */

/* Where what listens on that port of its own is reached: as it is published, else at its own address. */
static const char *address_of(const struct observed *seen, uint16_t port, uint16_t *ret_number)
{
	const char *own = NULL;
	*ret_number = port;
	for (size_t i = 0; i < seen->attachment_count; i++) {
		const struct attachment *at = &seen->attachments[i];
		for (size_t k = 0; at->address && !*at->network && k < at->port_count; k++)
			if (at->ports[k].port == port && at->ports[k].protocol == TCP &&
			    at->ports[k].number) {
				*ret_number = at->ports[k].number;
				return at->address;
			}
		if (!own && at->address && *at->address)
			own = at->address;
	}
	return own;
}

/* The named port, as its target tells it, else as the blueprint has it; 0: there is none. */
static uint16_t port_called(const struct work *work, const char *name, struct text *known)
{
	const struct observed *seen = work->instance->seen;
	const struct component_spec *spec = work->instance->component->spec;
	for (size_t i = 0; i < seen->attachment_count; i++)
		for (size_t k = 0; k < seen->attachments[i].port_count; k++) {
			const struct attached_port *port = &seen->attachments[i].ports[k];
			if (port->name && strcmp(port->name, name) == 0)
				return port->port;
		}
	for (size_t i = 0; spec && i < spec->named_port_count; i++) {
		const struct named_port *port = &spec->named_ports[i];
		if (strcmp(port->name, name) == 0 && port->first == port->last)
			return port->first;
		text_format(known, "%s`%s`", known->length ? ", " : "", port->name);
	}
	return 0;
}

/* Its own number: the one that is asked for, or the named port's; 0 with *err. */
static uint16_t own_port(const struct berth_operation *operation, const struct work *work, struct error *err)
{
	const char *name = operation->request.name;
	owned_text known = {0};
	uint16_t port = name ? port_called(work, name, &known) : (uint16_t)operation->request.port;
	if (port)
		return port;
	fail(err, ERR_MISSING, "`%s` has no port called `%.64s`", work->instance->seen->name, name);
	remedy(err, known.length ? "it has %s" : "write its number%s", text_view(&known));
	return 0;
}

/* Whether there is something to be carried: a connection through the target. Else it is done. */
static bool found_way(struct berth_operation *operation)
{
	struct exec_state *state = state_of(operation);
	const struct work *work = state->work;
	const struct observed *seen = work->instance->seen;
	bool process = driver_of(work)->capabilities.kinds & 1u << COMPONENT_PROCESS;
	uint16_t number, port = own_port(operation, work, operation_error(operation));
	const char *address = address_of(seen, port, &number);
	state->work->doing = DOING_NOTHING;
	if (!port)
		return stage_failed(operation);
	if (!address && process)
		address = "127.0.0.1"; /* it told nobody where it listens */
	if (!runs(work) || !address) {
		fail(operation_error(operation), ERR_FAILED,
		     !runs(work) ? "`%s` is not running" : "`%s` has no address", seen->name);
		return stage_failed(operation);
	}
	if (driver_of(work)->capabilities.connects && operation->request.interactive) {
		state->work->doing = DOING_EXEC;
		state->session.address = address;
		state->session.port = number;
		return true;
	}
	json_t *document = exec_document(operation, false);
	json_put_number(document, "port", port);
	if (!driver_of(work)->capabilities.connects) {
		json_put_text(document, "address", address);
		json_put_number(document, "number", number);
	}
	operation_finish(operation, BERTH_OK, document);
	return false;
}

static void converse(struct berth_operation *operation)
{
	struct exec_state *state = state_of(operation);
	struct work *work = state->work;
	if (state->session.input.failed) {
		fail_memory(operation_error(operation));
		stage_failed(operation);
		return;
	}
	enum progress progress =
	    driver_of(work)->exec(&work->site->location, &work->errand, operation->application->id,
				  work->instance->seen->name, &state->session, operation_error(operation));
	if (progress == PROGRESS_WAITING)
		return;
	work->doing = DOING_NOTHING;
	enum berth_outcome outcome = outcome_of(operation_failure(operation)->code);
	if (progress == PROGRESS_DONE)
		outcome = BERTH_OK;
	else if (state->session.code)
		outcome = BERTH_FAILED; /* the target let us in; it is the command that cannot be run */
	operation_finish(operation, outcome, exec_document(operation, progress == PROGRESS_DONE));
}

static void exec_step(struct berth_operation *operation)
{
	if (operation->cancelled) {
		fail(operation_error(operation), ERR_CANCELLED, "%s",
		     operation->timed_out ? "the time ran out" : "interrupted");
		stage_failed(operation);
		return;
	}
	if (operation->stage == STAGE_BEGIN && !stage_open_known(operation))
		return;
	if (operation->stage == STAGE_SURVEY &&
	    (!surveyed(operation) || (operation->verb == &verb_forward && !found_way(operation))))
		return;
	converse(operation);
}

static void exec_let_go(struct berth_operation *operation)
{
	struct exec_state *state = state_of(operation);
	if (state)
		text_release(&state->session.input);
}

const struct verb verb_exec = {
    .name = "exec", .step = exec_step, .let_go = exec_let_go, .instances_only = true};
const struct verb verb_forward = {
    .name = "forward", .step = exec_step, .let_go = exec_let_go, .instances_only = true};

/* --- the public functions ------------------------------------------------------------------- */

/* "web/2" */
static int read_target(struct berth_operation *operation, const char *text, struct exec_state *state,
		       struct error *err)
{
	const char *slash = strchr(text, '/');
	int64_t number = 0;
	if (slash && !parse_number(slash + 1, 1, UINT16_MAX, &number)) {
		fail(err, ERR_INVALID, "`%.80s` is not COMPONENT/N", text);
		remedy(err, "N is the number of an instance, from 1 on");
		return -1;
	}
	state->ordinal = (unsigned)number;
	state->component = arena_copy(&operation->arena, text, slash ? (size_t)(slash - text) : strlen(text));
	return state->component ? 0 : fail_memory(err);
}

static int make_state(struct berth_operation *operation, struct error *err)
{
	const struct berth_request *request = &operation->request;
	struct exec_state *state = arena_array(&operation->arena, struct exec_state, 1);
	if (!state)
		return fail_memory(err);
	state->session = (struct exec_session){
	    .command = request->command,
	    .user = request->user,
	    .directory = request->directory,
	    .terminal = request->terminal,
	    .interactive = request->interactive,
	    .rows = request->rows,
	    .columns = request->columns,
	    .resized = request->terminal && request->rows && request->columns,
	    .output = pass_on,
	    .output_owner = operation,
	};
	operation->verb_state = state;
	return read_target(operation, request->components[0], state, err);
}

static int check_request(const struct berth_request *request, struct error *err)
{
	const struct berth_request *with_command =
	    request && request->size >= offsetof(struct berth_request, columns) + sizeof request->columns
		? request
		: NULL;
	if (request && !request->size)
		return fail_size("berth_request", err);
	if (!with_command || !request->components || !request->components[0] || request->components[1])
		return fail(err, ERR_INVALID, "exec takes one component");
	if (!request->command || !request->command[0] || !*request->command[0])
		return fail(err, ERR_INVALID, "exec takes a command");
	return 0;
}

struct berth_operation *berth_exec(struct berth *berth, const struct berth_request *request,
				   const struct berth_listener *listener, struct berth_error *error)
{
	struct error err = {0};
	if (check_request(request, &err) == 0) {
		struct berth_operation *operation =
		    operation_begin(berth, &verb_exec, request, listener, error);
		if (!operation || make_state(operation, &err) == 0)
			return operation;
		berth_operation_free(operation);
	}
	berth_error_from(error, &err);
	if (error && err.code == ERR_INVALID)
		error->outcome = BERTH_USAGE;
	return NULL;
}

static int check_forward(const struct berth *berth, const struct berth_request *request, struct error *err)
{
	const struct berth_request *with_port =
	    request && request->size >= offsetof(struct berth_request, port) + sizeof request->port ? request
												    : NULL;
	if (request && !request->size)
		return fail_size("berth_request", err);
	if (!with_port || !request->components || !request->components[0] || request->components[1])
		return fail(err, ERR_INVALID, "forward takes one component");
	if (!request->name && (!request->port || request->port > UINT16_MAX))
		return fail(err, ERR_INVALID, "a port is a number from 1 to 65535");
	if (!berth->backend)
		return 0;
	fail(err, ERR_UNSUPPORTED, "no connection goes through a controller");
	remedy(err, "`--controller none` goes to the targets themselves; `berth exec` goes through it");
	return -1;
}

struct berth_operation *berth_forward(struct berth *berth, const struct berth_request *request,
				      const struct berth_listener *listener, struct berth_error *error)
{
	struct error err = {0};
	if (check_forward(berth, request, &err) == 0) {
		struct berth_operation *operation =
		    operation_begin(berth, &verb_forward, request, listener, error);
		if (!operation || make_state(operation, &err) == 0)
			return operation;
		berth_operation_free(operation);
	}
	berth_error_from(error, &err);
	if (error && err.code == ERR_INVALID)
		error->outcome = BERTH_USAGE;
	return NULL;
}

struct exec_session *exec_session_of(const struct berth_operation *operation)
{
	struct exec_state *state = operation->done ? NULL : state_of(operation);
	return state ? &state->session : NULL;
}

void berth_exec_input(struct berth_operation *operation, const void *bytes, size_t count)
{
	struct exec_session *session = exec_session_of(operation);
	if (!session || !session->interactive || session->input_ended)
		return;
	text_add_bytes(&session->input, bytes, count);
	operation_wake(operation);
}

void berth_exec_input_end(struct berth_operation *operation)
{
	struct exec_session *session = exec_session_of(operation);
	if (!session)
		return;
	session->input_ended = true;
	operation_wake(operation);
}

void berth_exec_resize(struct berth_operation *operation, unsigned rows, unsigned columns)
{
	struct exec_session *session = exec_session_of(operation);
	if (!session || !session->terminal)
		return;
	session->rows = rows;
	session->columns = columns;
	session->resized = true;
	operation_wake(operation);
}

size_t berth_exec_input_waiting(const struct berth_operation *operation)
{
	const struct exec_session *session = exec_session_of(operation);
	return session ? session->input.length : 0;
}
