/* stub_berth.c - a library that does what a script says, and remembers what it was asked. */
#include "tests/cli/stub_berth.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <berth/serve.h>

struct script script;
struct asked asked;

struct berth {
	int fd[2];
	struct berth_operation *operation;
};

struct berth_operation {
	struct berth *berth;
	struct berth_listener listener;
	size_t told; /* events */
	int raised;
	bool done, confirmed;
	enum berth_outcome outcome;
	const char *message;
};

const char *berth_version(void)
{
	return "9.8.7";
}

static void note(char *at, size_t size, const char *text)
{
	snprintf(at, size, "%s", text ? text : "");
}

int berth_open(struct berth **ret, const struct berth_options *options, struct berth_error *error)
{
	(void)error;
	struct berth *berth = calloc(1, sizeof *berth);
	if (!berth || pipe(berth->fd))
		abort();
	note(asked.owner, sizeof asked.owner, options->owner);
	note(asked.helper, sizeof asked.helper, options->helper);
	note(asked.state, sizeof asked.state, options->state_directory);
	asked.opened++;
	*ret = berth;
	return 0;
}

void berth_close(struct berth *berth)
{
	if (!berth)
		return;
	close(berth->fd[0]);
	close(berth->fd[1]);
	free(berth);
}

const char *berth_state_directory(const struct berth *berth)
{
	(void)berth;
	return "/nowhere";
}

/* No controller is served here. */
int berth_server_open(struct berth_server **ret, struct berth *berth,
		      const struct berth_server_options *options, struct berth_error *error)
{
	(void)ret, (void)berth, (void)options;
	*error = (struct berth_error){.outcome = BERTH_LOCKED, .text = "another one has it"};
	return -1;
}

void berth_server_close(struct berth_server *server)
{
	(void)server;
}

int berth_server_fd(const struct berth_server *server)
{
	(void)server;
	return -1;
}

int berth_server_timeout_ms(struct berth_server *server)
{
	(void)server;
	return 0;
}

void berth_server_dispatch(struct berth_server *server)
{
	(void)server;
}

int berth_server_reload(struct berth_server *server, struct berth_error *error)
{
	(void)server, (void)error;
	return 0;
}

const char *berth_server_status(struct berth_server *server)
{
	(void)server;
	return "";
}

void berth_server_stop(struct berth_server *server)
{
	(void)server;
}

bool berth_server_stopped(const struct berth_server *server)
{
	(void)server;
	return true;
}

static void note_list(char *at, size_t size, const char *const *list)
{
	*at = '\0';
	for (size_t used = 0; list && *list; list++, used = strlen(at))
		snprintf(at + used, size - used, "%s\n", *list);
}

static void note_request(const char *verb, const struct berth_request *request)
{
	note(asked.verb, sizeof asked.verb, verb);
	note(asked.file, sizeof asked.file, request->file);
	note(asked.app, sizeof asked.app, request->app);
	note(asked.format, sizeof asked.format, request->format);
	note(asked.name, sizeof asked.name, request->name);
	note(asked.blueprint, sizeof asked.blueprint, request->blueprint);
	note_list(asked.locations, sizeof asked.locations, request->locations);
	note_list(asked.settings, sizeof asked.settings, request->settings);
	note_list(asked.components, sizeof asked.components, request->components);
	asked.blueprint_size = request->blueprint_size;
	asked.timeout_ms = request->timeout_ms;
	asked.tail = request->tail;
	asked.since_ms = request->since_ms;
	asked.dry_run = request->dry_run;
	asked.adopt = request->adopt;
	asked.volumes = request->volumes;
	asked.follow = request->follow;
	asked.check = request->check;
	note_list(asked.command, sizeof asked.command, request->command);
	note(asked.user, sizeof asked.user, request->user);
	note(asked.directory, sizeof asked.directory, request->directory);
	asked.terminal = request->terminal;
	asked.interactive = request->interactive;
	asked.rows = request->rows;
	asked.columns = request->columns;
	asked.remembered = request->remembered;
	asked.remove = request->remove;
	asked.count = request->count;
	note(asked.wait_for, sizeof asked.wait_for, request->wait_for);
	note(asked.plan, sizeof asked.plan, request->plan);
	note(asked.action, sizeof asked.action, request->action);
	note_list(asked.arguments, sizeof asked.arguments, request->arguments);
	note(asked.scenario, sizeof asked.scenario, request->scenario);
	note(asked.scenario_file, sizeof asked.scenario_file, request->scenario_file);
	asked.seed = request->seed;
}

static struct berth_operation *begin(const char *verb, struct berth *berth,
				     const struct berth_request *request,
				     const struct berth_listener *listener, struct berth_error *error)
{
	asked.begun++;
	note_request(verb, request);
	if (script.begin_error) {
		error->outcome = script.outcome;
		note(error->text, sizeof error->text, script.begin_error);
		note(error->remedy, sizeof error->remedy, script.remedy);
		return NULL;
	}
	struct berth_operation *operation = calloc(1, sizeof *operation);
	if (!operation)
		abort();
	operation->berth = berth;
	if (listener)
		operation->listener = *listener;
	asked.had_confirm = operation->listener.confirm != NULL;
	berth->operation = operation;
	return operation;
}

#define VERB(name)                                                                                           \
	struct berth_operation *berth_##name(struct berth *berth, const struct berth_request *request,       \
					     const struct berth_listener *listener,                          \
					     struct berth_error *error)                                      \
	{                                                                                                    \
		return begin(#name, berth, request, listener, error);                                        \
	}
VERB(validate)
VERB(plan)
VERB(deploy)
VERB(status)
VERB(destroy)
VERB(logs)
VERB(exec)
VERB(forward)
VERB(graph)
VERB(locations)
VERB(types)
VERB(schema)
VERB(simulate)
VERB(events)
VERB(stop)
VERB(start)
VERB(restart)
VERB(scale)
VERB(history)
VERB(rollback)
VERB(policy)
VERB(invoke)
VERB(backup)
VERB(restore)
VERB(wait)
VERB(why)
VERB(gc)

void berth_exec_input(struct berth_operation *operation, const void *bytes, size_t count)
{
	(void)operation;
	size_t room = sizeof asked.input - 1 -
		      (asked.input_size < sizeof asked.input ? asked.input_size : sizeof asked.input - 1);
	memcpy(asked.input + sizeof asked.input - 1 - room, bytes, count < room ? count : room);
	asked.input_size += count;
}

void berth_exec_input_end(struct berth_operation *operation)
{
	(void)operation;
	asked.input_ended = true;
}

void berth_exec_resize(struct berth_operation *operation, unsigned rows, unsigned columns)
{
	(void)operation;
	asked.rows = rows;
	asked.columns = columns;
	asked.resizes++;
}

size_t berth_exec_input_waiting(const struct berth_operation *operation)
{
	(void)operation;
	return script.input_waiting;
}

int berth_fd(struct berth *berth)
{
	return berth->fd[0];
}

/* Whether it waits for its input, or a size. */
static bool unfed(void)
{
	bool fed = asked.input_ended || (script.ends_input_at && asked.input_size >= script.ends_input_at);
	return !asked.cancelled &&
	       ((script.until_input_ends && !fed) || (script.waits_for_resize && !asked.resizes));
}

/* While it waits, only a signal or somebody's own time wakes the loop. */
int berth_timeout_ms(struct berth *berth)
{
	const struct berth_operation *operation = berth->operation;
	bool idle =
	    script.waits && operation->told == script.event_count && operation->raised == script.raise_times;
	if (unfed() && !script.looks && operation->raised == script.raise_times)
		return 10000;
	return idle && asked.cancelled < script.waits ? 10000 : 0;
}

static void finish(struct berth_operation *operation, enum berth_outcome outcome, const char *message)
{
	operation->outcome = outcome;
	operation->message = message;
	operation->done = true;
}

/* Whether the plan is agreed to, when there is one. */
static bool agreed(struct berth_operation *operation)
{
	struct berth_listener *listener = &operation->listener;
	if (!script.plan || operation->confirmed)
		return true;
	operation->confirmed = !listener->confirm || listener->confirm(listener->context, script.plan);
	asked.confirmed = operation->confirmed;
	return operation->confirmed;
}

void berth_dispatch(struct berth *berth)
{
	struct berth_operation *operation = berth->operation;
	if (operation->done)
		return;
	if (!agreed(operation)) {
		finish(operation, BERTH_INTERRUPTED, "not confirmed; nothing was changed");
	} else if (operation->told < script.event_count) {
		const struct berth_event *event = &script.events[operation->told++];
		if (operation->listener.event)
			operation->listener.event(operation->listener.context, event);
	} else if (asked.begun >= script.raise_from && operation->raised < script.raise_times) {
		operation->raised++;
		raise(script.raises);
	} else if (script.looks && asked.begun >= script.looks_from) {
		void (*looks)(void) = script.looks;
		script.looks = NULL;
		looks();
	} else if (unfed()) {
		return;
	} else if (asked.cancelled >= script.waits) {
		finish(operation, asked.cancelled ? BERTH_INTERRUPTED : script.outcome,
		       asked.cancelled ? "interrupted; the next deploy goes on from there" : script.message);
	}
}

bool berth_done(const struct berth_operation *operation)
{
	return operation->done;
}

void berth_cancel(struct berth_operation *operation)
{
	(void)operation;
	asked.cancelled++;
}

enum berth_outcome berth_outcome(const struct berth_operation *operation)
{
	return operation->outcome;
}

const char *berth_result(const struct berth_operation *operation)
{
	(void)operation;
	if (asked.begun > 1 && script.next_result)
		return script.next_result;
	return script.result ? script.result : "";
}

const char *berth_message(const struct berth_operation *operation)
{
	return operation->message ? operation->message : "";
}

const char *berth_remedy(const struct berth_operation *operation)
{
	return operation->message == script.message && script.remedy ? script.remedy : "";
}

void berth_operation_free(struct berth_operation *operation)
{
	if (operation) {
		asked.freed++;
		operation->berth->operation = NULL;
	}
	free(operation);
}
