/* exec.c - a command run beside an instance on a machine, and what an instance wrote. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/signals.h"
#include "locations/ssh/machine.h"

#define INPUT_MOST        (256 << 10) /* on its way there at one time */
#define NO_COMMAND        127
#define NOT_EXECUTED      126
#define LOG_WITHOUT_TIMES 5 /* machine/asked.sh: logs_since */

/* --- a command ------------------------------------------------------------------------------ */

struct running {
	struct task task;
	struct ssh_call *call; /* the command itself, once what it needs lies there */
	struct exec_session *session;
	char word[20], mark[28];
	struct noise noise[2]; /* of its output, and of its errors */
	bool ended, input_told;
	struct error result;
	int code;
};

static void release_running(struct task *task)
{
	struct running *running = (struct running *)task;

	noise_release(&running->noise[0]);
	noise_release(&running->noise[1]);
	task->location->world->ops->ssh->cancel(task->location->world, running->call);
}

static void wake(struct running *running)
{
	running->task.errand->wake(running->task.errand);
}

static void said(void *owner, bool errors, const char *bytes, size_t count)
{
	struct running *running = owner;
	const char *own;

	count = noise_strip(&running->noise[errors], bytes, count, &own);
	if (count)
		running->session->output(running->session->output_owner, errors, own, count);
}

static void drained(void *owner)
{
	wake(owner);
}

static int signal_code(const char *name)
{
	int number = signal_number(name);

	return 128 + (number > 0 ? number : 0);
}

static void command_ended(void *owner, struct ssh_answer *answer)
{
	struct running *running = owner;
	const char *rest;

	for (int errors = 0; errors < 2; errors++) {
		size_t count = noise_rest(&running->noise[errors], &rest);
		if (count)
			running->session->output(running->session->output_owner, errors, rest, count);
	}
	running->call = NULL;
	running->ended = true;
	running->result = answer->error;
	running->code = *answer->signal ? signal_code(answer->signal) : answer->exit_code;
	wake(running);
}

/* The script that sets where and as whom, its own variables, and the command. */
static void say_command(const struct exec_session *session, struct text *script)
{
	for (size_t i = 0; session->environment && session->environment[i]; i++) {
		const char *equals = strchr(session->environment[i], '=');
		if (!equals)
			continue;
		text_format(script, "export %.*s=", (int)(equals - session->environment[i]),
			    session->environment[i]);
		say_word(script, equals + 1);
		text_add_char(script, '\n');
	}
	if (session->directory)
		say_variable(script, "directory", session->directory);
	if (session->user)
		say_variable(script, "as", session->user);
	text_add(script, "set --");
	for (size_t i = 0; session->command[i]; i++) {
		text_add_char(script, ' ');
		say_word(script, session->command[i]);
	}
	text_add_char(script, '\n');
}

static enum progress exec_begin(struct location *location, struct errand *errand, const char *app,
				const char *name, struct exec_session *session, struct error *err)
{
	owned_text script = {.secret = true};
	unsigned long long number = 0;
	struct running *running =
	    (struct running *)machine_task_new(location, errand, sizeof(*running), release_running);

	if (!running) {
		fail_memory(err);
		return PROGRESS_FAILED;
	}
	location->world->ops->random(location->world, &number, sizeof(number));
	snprintf(running->word, sizeof(running->word), "%016llx", number);
	snprintf(running->mark, sizeof(running->mark), "@run %s", running->word);
	for (int errors = 0; errors < 2; errors++)
		running->noise[errors] = (struct noise){.mark = running->mark, .over = session->port != 0};
	running->session = session;
	if (session->port) {
		text_format(&running->task.script, "runs %s %s\n", app, folder_of(app, name));
		return machine_ask(&running->task, err);
	}
	say_command(session, &script);
	running->task.script.failed = script.failed;
	say_variable(&running->task.script, "EXEC", text_view(&script));
	text_format(&running->task.script, "ready %s %s %s\n", app, folder_of(app, name), running->word);
	return machine_ask(&running->task, err);
}

static int run(struct running *running, const char *app, const char *name, struct error *err)
{
	struct location *location = running->task.location;
	struct machine *machine = machine_of(location);
	struct exec_session *session = running->session;
	owned_text line = {0};
	struct ssh_sink sink = {.done = command_ended, .bytes = said, .drained = drained, .owner = running};

	text_format(&line, "exec /bin/sh %s run_in %s %s %s", machine->script, app, folder_of(app, name),
		    running->word);
	struct ssh_command command = {.command = text_view(&line),
				      .more_input = session->interactive,
				      .terminal = session->terminal ? "xterm" : NULL,
				      .columns = (int)session->columns,
				      .rows = (int)session->rows};
	if (line.failed)
		return fail_memory(err);
	running->call =
	    location->world->ops->ssh->exec(location->world, &machine->host, &command, &sink, err);
	return running->call ? 0 : -1;
}

static int connect_there(struct running *running, struct error *err)
{
	struct location *location = running->task.location;
	const struct ssh_target target = {.address = running->session->address,
					  .port = running->session->port};
	const struct ssh_sink sink = {
	    .done = command_ended, .bytes = said, .drained = drained, .owner = running};

	running->call = location->world->ops->ssh->forward(location->world, &machine_of(location)->host,
							   &target, &sink, err);
	return running->call ? 0 : -1;
}

static void pass_input(struct running *running)
{
	struct world *world = running->task.location->world;
	struct exec_session *session = running->session;

	if (session->resized)
		world->ops->ssh->resize(world, running->call, (int)session->columns, (int)session->rows);
	session->resized = false;
	if (session->input.length && world->ops->ssh->waiting(running->call) < INPUT_MOST) {
		world->ops->ssh->write(world, running->call, session->input.data, session->input.length);
		text_clear(&session->input);
	}
	if (!session->input_ended || session->input.length || running->input_told)
		return;
	running->input_told = true;
	if (session->terminal)
		world->ops->ssh->write(world, running->call, "\004", 1);
	else
		world->ops->ssh->end(world, running->call);
}

static enum progress exec_end(struct running *running, struct error *err)
{
	int code = running->session->port ? 0 : running->code;

	running->session->code = code;
	if (running->result.code != OK)
		*err = running->result;
	else if (code == NO_COMMAND)
		fail(err, ERR_MISSING, "`%s` is not found there", running->session->command[0]);
	else if (code == NOT_EXECUTED)
		fail(err, ERR_DENIED, "`%s` cannot be executed there", running->session->command[0]);
	else
		return machine_task_end(&running->task, PROGRESS_DONE);
	return machine_task_end(&running->task, PROGRESS_FAILED);
}

enum progress ssh_exec(struct location *location, struct errand *errand, const char *app, const char *name,
		       struct exec_session *session, struct error *err)
{
	struct running *running = errand->state;

	if (guard_name(app, name, err))
		return PROGRESS_FAILED;
	if (!running)
		return exec_begin(location, errand, app, name, session, err);
	if (running->ended)
		return exec_end(running, err);
	if (!running->call) {
		enum progress progress = machine_answer(&running->task, err);
		if (progress != PROGRESS_DONE)
			return progress;
		if (session->port ? connect_there(running, err) : run(running, app, name, err))
			return machine_task_end(&running->task, PROGRESS_FAILED);
	}
	if (session->interactive)
		pass_input(running);
	return PROGRESS_WAITING;
}

/* --- what it wrote -------------------------------------------------------------------------- */

struct reading_log {
	struct task task;
	struct noise noise;
	struct ssh_call *call;
	log_sink *sink;
	void *sink_owner;
	bool ended;
	struct error result;
	int code;
};

static void release_log(struct task *task)
{
	struct reading_log *reading = (struct reading_log *)task;

	noise_release(&reading->noise);
	task->location->world->ops->ssh->cancel(task->location->world, reading->call);
}

static void log_bytes(void *owner, bool errors, const char *bytes, size_t count)
{
	struct reading_log *reading = owner;

	if (!errors)
		count = noise_strip(&reading->noise, bytes, count, &bytes);
	if (!errors && count)
		reading->sink(reading->sink_owner, false, bytes, count);
}

static void log_ended(void *owner, struct ssh_answer *answer)
{
	struct reading_log *reading = owner;
	const char *rest;
	size_t count = noise_rest(&reading->noise, &rest);

	if (count)
		reading->sink(reading->sink_owner, false, rest, count);
	reading->call = NULL;
	reading->ended = true;
	reading->result = answer->error;
	reading->code = answer->exit_code;
	reading->task.errand->wake(reading->task.errand);
}

static enum progress logs_begin(struct location *location, struct errand *errand, const char *app,
				const char *name, const struct log_options *options, log_sink *sink,
				void *sink_owner, struct error *err)
{
	struct machine *machine = machine_of(location);
	struct world *world = location->world;
	struct reading_log *reading =
	    (struct reading_log *)machine_task_new(location, errand, sizeof(*reading), release_log);
	owned_text line = {0};
	struct ssh_sink calls = {.done = log_ended, .bytes = log_bytes, .owner = reading};

	if (!reading) {
		fail_memory(err);
		return PROGRESS_FAILED;
	}
	reading->sink = sink;
	reading->sink_owner = sink_owner;
	reading->noise.mark = "@log";
	text_format(&line, "exec /bin/sh %s logs %s %s ", machine->script, app, folder_of(app, name));
	if (options->tail >= 0)
		text_format(&line, "%lld", (long long)options->tail);
	else
		text_add(&line, "all");
	text_add(&line, options->follow ? " yes" : " no");
	/* By the machine's own clock, whatever that shows. */
	if (options->since_ms)
		text_format(&line, " %lld", (long long)(world->ops->wall(world) - options->since_ms));
	struct ssh_command command = {.command = text_view(&line), .more_input = options->follow};
	reading->call = line.failed ? NULL
				    : location->world->ops->ssh->exec(location->world, &machine->host,
								      &command, &calls, err);
	if (line.failed)
		fail_memory(err);
	return reading->call ? PROGRESS_WAITING : machine_task_end(&reading->task, PROGRESS_FAILED);
}

static void log_refused(const struct location *location, const char *name, int code, struct error *err)
{
	if (code == LOG_WITHOUT_TIMES) {
		fail(err, ERR_UNSUPPORTED,
		     "location `%s`: `%s` was started before machines kept the times of their logs",
		     location->name, name);
		remedy(err, "ask for the last lines instead (--tail N), or restart it");
	} else {
		fail(err, ERR_MISSING, "location `%s`: `%s` is not on the machine", location->name, name);
	}
}

enum progress ssh_logs(struct location *location, struct errand *errand, const char *app, const char *name,
		       const struct log_options *options, log_sink *sink, void *sink_owner, struct error *err)
{
	struct reading_log *reading = errand->state;

	if (guard_name(app, name, err))
		return PROGRESS_FAILED;
	if (options->until_ms) {
		fail(err, ERR_UNSUPPORTED, "location `%s`: a machine keeps no time with each line of a log",
		     location->name);
		return PROGRESS_FAILED;
	}
	if (!reading)
		return logs_begin(location, errand, app, name, options, sink, sink_owner, err);
	if (!reading->ended)
		return PROGRESS_WAITING;
	if (reading->result.code == OK && !reading->code)
		return machine_task_end(&reading->task, PROGRESS_DONE);
	if (reading->result.code != OK)
		*err = reading->result;
	else
		log_refused(location, name, reading->code, err);
	return machine_task_end(&reading->task, PROGRESS_FAILED);
}
