/* exec.c - commands run inside an instance of the scripted target: what they write, read and end with. */
#include <string.h>

#include "base/cleanup.h"
#include "locations/fake/call.h"

enum { NOT_EXECUTABLE = 126, NOT_FOUND = 127, KILLED = 128 + 9 };

static char *words_of(const char *const *command)
{
	struct text words = {0};

	for (size_t i = 0; command[i]; i++) {
		if (i)
			text_add_char(&words, ' ');
		text_add(&words, command[i]);
	}
	return text_take(&words);
}

/* "NAME=VALUE words", as a shell is told of variables. */
static char *line_of(const struct exec_session *session, const char *words)
{
	struct text line = {0};

	for (const char *const *given = session->environment; given && *given; given++)
		text_format(&line, "%s ", *given);
	text_add(&line, words);
	return text_take(&line);
}

static int keep_input(struct fake_instance *instance, const struct exec_session *session)
{
	char *input = memory_take(&instance->memory, session->input.length + 1);

	if (!input)
		return -1;
	memcpy(input, session->input.data, session->input.length);
	instance->input = input;
	return 0;
}

int act_exec(struct call *call, struct error *err)
{
	struct fake_instance *instance = NULL;
	owned_memory char *words = words_of(call->question.session->command);

	if (!words)
		return fail_memory(err);
	if (find_ours(call->fake, call->app, call->name, &instance, err) < 0)
		return -1;
	if (instance->seen.state != SEEN_RUNNING)
		return fail(err, ERR_FAILED, "`%s` is not running", call->name);
	const struct fake_command *command = target_command(call->fake->target, words);
	if (command && command->error.code != OK) {
		call->question.session->code = command->error.code == ERR_MISSING  ? NOT_FOUND
					       : command->error.code == ERR_DENIED ? NOT_EXECUTABLE
										   : 0;
		if (err)
			*err = command->error;
		return -1;
	}
	const struct exec_session *session = call->question.session;
	if (session->interactive && session->input.length && keep_input(instance, session) < 0)
		return fail_memory(err);
	owned_memory char *line = line_of(session, words);
	return !line || words_add(&instance->memory, &instance->commands, line) < 0 ? fail_memory(err) : 0;
}

static void write_out(const struct exec_session *session, bool errors, const char *words)
{
	/* A terminal has one stream. */
	if (words && *words)
		session->output(session->output_owner, errors && !session->terminal, words, strlen(words));
}

static void begin(struct call *call)
{
	struct exec_session *session = call->question.session;
	owned_memory char *words = words_of(session->command);
	const struct fake_command *command = words ? target_command(call->fake->target, words) : NULL;

	call->reading = true;
	session->code = command ? command->code : 0;
	if (command) {
		call->echoes = command->echoes;
		call->reads = command->reads;
		write_out(session, false, command->output);
		write_out(session, true, command->errors);
	} else {
		write_out(session, false, words);
		write_out(session, false, "\n");
	}
}

static void echo(struct exec_session *session)
{
	if (session->input.length)
		session->output(session->output_owner, false, session->input.data, session->input.length);
	text_clear(&session->input);
}

bool call_converse(struct call *call)
{
	struct fake_instance *instance = target_instance(call->fake->target, call->name);
	struct exec_session *session = call->question.session;

	session->resized = false;
	if (!instance || instance->seen.state != SEEN_RUNNING) {
		session->code = KILLED;
		return true;
	}
	if (!call->reading)
		begin(call);
	if (!session->interactive || !(call->echoes || call->reads))
		return true;
	if (call->echoes)
		echo(session);
	else if (session->input_ended && session->input.length)
		keep_input(instance, session);
	return session->input_ended;
}
