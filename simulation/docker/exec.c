/* exec.c - commands run inside containers: made, begun with their streams, and asked for their end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/signals.h"
#include "simulation/docker/model.h"

enum { BEGINS_MS = 1, LATE_MS = 4, NOT_RUN = 126 };

void exec_free(struct exec *exec)
{
	clock_take(exec->container->engine->clock, &exec->end);
	json_decref(exec->argv);
	free(exec->directory);
	free(exec->user);
	free(exec);
}

/* NULL after it was refused. */
static struct exec *exec_of_call(struct call *call)
{
	struct exec *exec = map_get(call->engine->execs_by_id, call->part);

	if (!exec || exec->container->gone)
		refuse(call, 404, "No such exec instance: %s", call->part);
	return exec && !exec->container->gone ? exec : NULL;
}

/* --- made -------------------------------------------------------------------------------------- */

static bool can_run(struct call *call, const struct container *container)
{
	if (container->state == PAUSED)
		refuse(call, 409, "Container %s is paused, unpause the container before exec", container->id);
	else if (container->state == RESTARTING)
		refuse(call, 409, "Container %s is restarting, wait until the container is running",
		       container->id);
	else if (container->state != RUNNING)
		refuse(call, 409, "Container %s is not running", container->id);
	return container->state == RUNNING;
}

static void ends(struct event *event);

void exec_asked(struct call *call)
{
	json_t *body = call_body(call);
	struct text to = {0};

	if (!body)
		return;
	json_t *argv = json_object_get(body, "Cmd");
	if (!json_array_size(argv)) {
		refuse(call, 400, "No exec command specified");
		return;
	}
	struct container *container = container_of_call(call);
	if (!container || !can_run(call, container))
		return;
	struct exec *exec = must(calloc(1, sizeof(*exec)));
	new_id(call->engine, exec->id);
	exec->container = container;
	exec->argv = must_json(json_deep_copy(argv));
	exec->directory = copy_or_null(json_text(body, "WorkingDir"));
	exec->user = copy_or_null(json_text(body, "User"));
	exec->tty = json_flag(body, "Tty", false);
	exec->in = json_flag(body, "AttachStdin", false);
	exec->out = json_flag(body, "AttachStdout", false);
	exec->errors = json_flag(body, "AttachStderr", false);
	exec->exit_code = -1;
	event_prepare(&exec->end, ends);
	put_list((void **)&call->engine->execs, exec, offsetof(struct exec, next));
	if (map_put(&call->engine->execs_by_id, exec->id, exec) < 0)
		abort();
	text_format(&to, "{\"Id\":\"%s\"}", exec->id);
	answer(call, 201, &to);
}

void exec_inspect_asked(struct call *call)
{
	const struct exec *exec = exec_of_call(call);
	struct text to = {0};

	if (!exec)
		return;
	owned_json rest = must_json(json_copy(exec->argv));
	json_array_remove(rest, 0);
	text_format(&to, "{\"ID\":\"%s\",\"Running\":%s,\"ExitCode\":", exec->id,
		    exec->running ? "true" : "false");
	if (exec->exit_code < 0 || exec->running)
		text_add(&to, "null");
	else
		put_number(&to, exec->exit_code);
	text_format(&to, ",\"ProcessConfig\":{\"tty\":%s,\"entrypoint\":", exec->tty ? "true" : "false");
	put_json(&to, json_array_get(exec->argv, 0));
	text_add(&to, ",\"arguments\":");
	put_json(&to, rest);
	text_add(&to, ",\"privileged\":false");
	if (exec->user && *exec->user)
		put_member(&to, "user", exec->user);
	text_format(&to,
		    "},\"OpenStdin\":%s,\"OpenStderr\":%s,\"OpenStdout\":%s,\"CanRemove\":false,"
		    "\"ContainerID\":\"%s\",\"DetachKeys\":\"\",\"Pid\":%d}",
		    exec->in ? "true" : "false", exec->errors ? "true" : "false",
		    exec->out ? "true" : "false", exec->container->id, exec->pid);
	answer(call, 200, &to);
}

/* --- its life ---------------------------------------------------------------------------------- */

/* On a terminal a line ends with two characters. */
static void write_out(struct exec *exec, bool errors, const char *bytes)
{
	struct text text = {0};

	if (!exec->session || !(errors && !exec->tty ? exec->errors : exec->out))
		return;
	for (; *bytes; bytes++) {
		if (*bytes == '\n' && exec->tty)
			text_add_char(&text, '\r');
		text_add_char(&text, *bytes);
	}
	if (text.length)
		stream_frame(exec->session, exec->tty, errors, text.data, text.length);
	text_release(&text);
}

static void end_session(struct exec *exec)
{
	struct call *call = exec->session;

	exec->session = NULL;
	if (call)
		stream_end(call);
}

/* Its streams end before anybody can be told its code. */
static void code_is_known(struct event *event)
{
	struct exec *exec = owner_of(event, struct exec, end);

	exec->running = false;
}

static void end_with(struct exec *exec, int code)
{
	struct docker_engine *engine = exec->container->engine;

	exec->exit_code = code;
	end_session(exec);
	exec->end.happen = code_is_known;
	if (clock_add(engine->clock, &exec->end, universe_roll(engine->universe, LATE_MS)) < 0)
		abort();
}

static void ends(struct event *event)
{
	struct exec *exec = owner_of(event, struct exec, end);

	end_with(exec, exec->command ? exec->command->code : 0);
}

static void end_in(struct exec *exec, int64_t delay_ms)
{
	exec->end.happen = ends;
	if (clock_add(exec->container->engine->clock, &exec->end, delay_ms) < 0)
		abort();
}

static void look_at_size(struct exec *exec)
{
	const struct docker_command *command = exec->command;

	if (!exec->running || !command || !command->rows || exec->end.index != EVENT_IDLE ||
	    exec->rows != command->rows || exec->columns != command->columns)
		return;
	write_out(exec, false, command->sized ? command->sized : "");
	end_in(exec, command->lives_ms);
}

static void input_heard(struct call *call, const char *bytes, size_t count)
{
	struct exec *exec = call->exec;
	const struct docker_command *command = exec->command;

	if (!exec->in || !command || !command->echoes)
		return;
	if (count) {
		owned_memory char *text = must(strndup(bytes, count));
		write_out(exec, false, text);
	} else if (exec->end.index == EVENT_IDLE) {
		end_in(exec, command->lives_ms);
	}
}

static void session_gone(struct call *call)
{
	struct exec *exec = call->exec;

	exec->session = NULL;
	if (exec->running && exec->command && exec->command->echoes && exec->end.index == EVENT_IDLE)
		end_in(exec, 0);
}

/* A shell that sends a signal to the first process. */
static bool sends_signal(struct exec *exec)
{
	const char *script = json_string_value(json_array_get(exec->argv, 2));
	const char *name = json_string_value(json_array_get(exec->argv, 3));
	int number = name ? signal_number(name) : 0;

	if (!script || strcmp(script, "kill -s \"$0\" 1") != 0 || !number)
		return false;
	/* From inside only what it listens for reaches it. */
	if (number != 9)
		container_signal(exec->container, number);
	return true;
}

static void begin_command(struct exec *exec, const char *words)
{
	const struct docker_command *command = exec->command;

	exec->running = true;
	exec->pid = ++exec->container->engine->pids;
	if (!command && !sends_signal(exec)) {
		owned_memory char *line = format("%s\n", words);
		write_out(exec, false, line);
	}
	if (command) {
		owned_memory char *where = format("%s\n", exec->directory ? exec->directory : "/");
		write_out(exec, false, command->output ? command->output : "");
		write_out(exec, true, command->errors ? command->errors : "");
		write_out(exec, false, command->tells_directory ? where : "");
	}
	if (command && command->rows)
		look_at_size(exec);
	else if (!command || !command->echoes || !exec->in)
		end_in(exec, (command ? command->lives_ms : 0) + BEGINS_MS);
}

static void does_not_run(struct exec *exec)
{
	const char *program = json_string_value(json_array_get(exec->argv, 0)) ?: "";
	owned_memory char *words =
	    exec->command->denied ? format("exec: \"%s\": permission denied", program)
	    : strchr(program, '/')
		? format("exec: \"%s\": stat %s: no such file or directory", program, program)
		: format("exec: \"%s\": executable file not found in $PATH", program);
	owned_memory char *line =
	    format("OCI runtime exec failed: exec failed: unable to start container process: %s: unknown\r\n",
		   words);

	exec->exit_code = NOT_RUN;
	stream_frame(exec->session, exec->tty, false, line, strlen(line));
	end_session(exec);
}

void exec_start_asked(struct call *call)
{
	struct exec *exec = exec_of_call(call);
	char words[200];

	if (!exec)
		return;
	if (!has_process(exec->container)) {
		refuse(call, 409, "Container %s is not running", exec->container->id);
		return;
	}
	call->exec = exec;
	stream_take_over(call);
	if (exec->ran) {
		int length =
		    snprintf(words, sizeof(words), "Error: Exec command %s has already run\r\n", exec->id);
		call->exec = NULL;
		stream_frame(call, exec->tty, false, words, (size_t)length);
		stream_end(call);
		return;
	}
	exec->ran = true;
	exec->session = call;
	call->gone = session_gone;
	call->heard = input_heard;
	owned_memory char *line = joined(exec->argv);
	exec->command = command_of(call->engine, line);
	if (exec->command && (exec->command->missing || exec->command->denied))
		does_not_run(exec);
	else
		begin_command(exec, line);
}

void exec_resize_asked(struct call *call)
{
	struct exec *exec = exec_of_call(call);
	owned_memory char *rows = query_value(call, "h"), *columns = query_value(call, "w");

	if (!exec)
		return;
	if (!exec->ran) {
		refuse(call, 500, "timeout waiting for exec session ready");
		return;
	}
	if (!exec->running) {
		refuse(call, 404, "no such exec");
		return;
	}
	exec->rows = rows ? (unsigned)strtoul(rows, NULL, 10) : 0;
	exec->columns = columns ? (unsigned)strtoul(columns, NULL, 10) : 0;
	answer_nothing(call, 200);
	look_at_size(exec);
}

void execs_end(struct container *container)
{
	for (struct exec *exec = container->engine->execs; exec; exec = exec->next) {
		if (exec->container != container || !exec->running)
			continue;
		clock_take(container->engine->clock, &exec->end);
		exec->running = false;
		exec->exit_code = 137;
		end_session(exec);
	}
}
