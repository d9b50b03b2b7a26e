/* probe.c - asks what runs on a machine whether it answers: through the machine's own connection, so that
 * what listens on its loopback is reached too. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "locations/ssh/machine.h"

#define SHOWN_MOST 400 /* of what a check that fails wrote */
#define KEPT_MOST  (64 << 10)

struct probing {
	struct task task; /* finds out whether it runs, and where it listens */
	struct ssh_call *call;
	struct timer *limit;
	int wanted_status; /* of HTTP; 0: any good one */
	int64_t timeout_ms;
	char word[20];
	bool answered;
	struct error result;
	struct text said;
};

static void release_probing(struct task *task)
{
	struct probing *probing = (struct probing *)task;

	task->location->world->ops->ssh->cancel(task->location->world, probing->call);
	task->location->world->ops->timer_cancel(task->location->world, probing->limit);
	text_release(&probing->said);
}

static void settle(struct probing *probing)
{
	struct world *world = probing->task.location->world;

	world->ops->ssh->cancel(world, give(probing->call));
	world->ops->timer_cancel(world, give(probing->limit));
	probing->answered = true;
	probing->task.errand->wake(probing->task.errand);
}

static void time_over(void *owner)
{
	struct probing *probing = owner;

	probing->limit = NULL;
	fail(&probing->result, ERR_FAILED, "no answer within %.1f s", (double)probing->timeout_ms / 1000);
	settle(probing);
}

static void last_words(const struct text *said, char *ret, size_t size)
{
	size_t from = said->length > SHOWN_MOST ? said->length - SHOWN_MOST : 0;
	owned_text clean = {0};

	text_add_printable(&clean, text_view(said) + from, said->length - from);
	for (size_t i = 0; i < clean.length; i++)
		if (clean.data[i] == '\n')
			clean.data[i] = ' ';
	snprintf(ret, size, "%s", text_view(&clean));
}

/* --- TCP ------------------------------------------------------------------------------------ */

static void connected(void *owner)
{
	struct probing *probing = owner;

	settle(probing);
}

/* Where the machine answers that nobody listens, it is the instance that does not. */
static void no_connection(struct probing *probing, const struct ssh_answer *answer)
{
	probing->result = answer->error;
	if (answer->refused && answer->error.code == ERR_UNREACHABLE)
		probing->result.code = ERR_FAILED;
}

static void not_connected(void *owner, struct ssh_answer *answer)
{
	struct probing *probing = owner;

	probing->call = NULL;
	if (answer->error.code != OK)
		no_connection(probing, answer);
	settle(probing);
}

/* --- HTTP ----------------------------------------------------------------------------------- */

static bool status_fits(int wanted, int status)
{
	return wanted ? status == wanted : status >= 200 && status < 400;
}

static void http_bytes(void *owner, bool errors, const char *bytes, size_t count)
{
	struct probing *probing = owner;

	(void)errors;
	if (probing->said.length < KEPT_MOST)
		text_add_bytes(&probing->said, bytes, count);
}

/* It closes when it has said all, as it was asked to. */
static void http_done(void *owner, struct ssh_answer *answer)
{
	struct probing *probing = owner;
	const char *text = text_view(&probing->said);
	char words[SHOWN_MOST * 4 + 1];
	int status;

	probing->call = NULL;
	if (!probing->said.length && answer->error.code != OK)
		no_connection(probing, answer);
	else if (sscanf(text, "HTTP/%*d.%*d %d", &status) != 1)
		fail(&probing->result, ERR_FAILED, "it does not speak HTTP");
	else if (!status_fits(probing->wanted_status, status)) {
		last_words(&probing->said, words, sizeof(words));
		fail(&probing->result, ERR_FAILED, "it answers with status %d: %s", status, words);
	}
	settle(probing);
}

static int begin_connection(struct probing *probing, const struct instance_spec *spec,
			    const struct health_check *check, struct error *err)
{
	struct location *location = probing->task.location;
	struct world *world = location->world;
	bool http = check->kind == CHECK_HTTP;
	const char *path = check->path ? check->path : "/";
	struct ssh_target target = {.address = reachable_address(spec->bind_address),
				    .port = check->port,
				    .timeout_ms = check->timeout_ms};
	struct ssh_sink sink = {.done = http ? http_done : not_connected,
				.opened = http ? NULL : connected,
				.bytes = http ? http_bytes : NULL,
				.owner = probing};
	owned_text request = {0};

	probing->limit = world->ops->timer_start(world, check->timeout_ms, time_over, probing);
	probing->call = world->ops->ssh->forward(world, &machine_of(location)->host, &target, &sink, err);
	if (!probing->limit || !probing->call)
		return probing->call ? fail_memory(err) : -1;
	if (!http)
		return 0;
	text_format(
	    &request,
	    "GET %s%s HTTP/1.0\r\nHost: localhost:%u\r\nUser-Agent: berth\r\nConnection: close\r\n\r\n",
	    *path == '/' ? "" : "/", path, (unsigned)check->port);
	if (request.failed)
		return fail_memory(err);
	world->ops->ssh->write(world, probing->call, request.data, request.length);
	return 0;
}

/* --- a command ------------------------------------------------------------------------------ */

static void say_check(const struct health_check *check, struct text *script)
{
	const struct command *command = &check->command;

	text_add(script, "set --");
	if (command->shell)
		text_add(script, " /bin/sh -c");
	for (size_t i = 0; i < command->count; i++) {
		text_add_char(script, ' ');
		say_word(script, command->words[i].text ? command->words[i].text : "");
	}
	text_add_char(script, '\n');
}

/* What the command itself said. */
static void add_own(struct probing *probing, const struct text *from)
{
	char mark[28];
	struct noise noise = {.mark = mark};
	const char *own;

	snprintf(mark, sizeof(mark), "@run %s", probing->word);
	size_t count = noise_strip(&noise, text_view(from), from->length, &own);
	if (!noise.over)
		count = noise_rest(&noise, &own);
	text_add_bytes(&probing->said, own, count);
	noise_release(&noise);
}

static void command_ended(void *owner, struct ssh_answer *answer)
{
	struct probing *probing = owner;
	char words[SHOWN_MOST * 4 + 1];

	probing->call = NULL;
	add_own(probing, &answer->output);
	add_own(probing, &answer->errors);
	last_words(&probing->said, words, sizeof(words));
	if (answer->error.code != OK)
		probing->result = answer->error;
	else if (*answer->signal)
		fail(&probing->result, ERR_FAILED, "the check's command was ended by SIG%s: %s",
		     answer->signal, words);
	else if (answer->exit_code)
		fail(&probing->result, ERR_FAILED, "the check's command ended with %d%s%s", answer->exit_code,
		     *words ? ": " : "", words);
	settle(probing);
}

static int begin_command(struct probing *probing, const struct instance_spec *spec, struct error *err)
{
	struct location *location = probing->task.location;
	struct machine *machine = machine_of(location);
	struct ssh_sink sink = {.done = command_ended, .owner = probing};
	owned_text line = {0};

	text_format(&line, "exec /bin/sh %s run_in %s %s %s", machine->script, spec->app,
		    folder_of(spec->app, spec->name), probing->word);
	struct ssh_command command = {.command = text_view(&line), .timeout_ms = probing->timeout_ms};
	probing->call = line.failed ? NULL
				    : location->world->ops->ssh->exec(location->world, &machine->host,
								      &command, &sink, err);
	return line.failed ? fail_memory(err) : probing->call ? 0 : -1;
}

/* --- the errand ----------------------------------------------------------------------------- */

static enum progress begin(struct location *location, struct errand *errand, const struct instance_spec *spec,
			   const struct health_check *check, struct error *err)
{
	owned_text script = {0};
	unsigned long long number = 0;
	struct probing *probing =
	    (struct probing *)machine_task_new(location, errand, sizeof(*probing), release_probing);

	if (!probing) {
		fail_memory(err);
		return PROGRESS_FAILED;
	}
	probing->wanted_status = check->status;
	probing->timeout_ms = check->timeout_ms;
	location->world->ops->random(location->world, &number, sizeof(number));
	snprintf(probing->word, sizeof(probing->word), "%016llx", number);
	if (check->kind == CHECK_COMMAND) {
		say_check(check, &script);
		probing->task.script.failed = script.failed;
		say_variable(&probing->task.script, "EXEC", text_view(&script));
		text_format(&probing->task.script, "ready %s %s %s\n", spec->app,
			    folder_of(spec->app, spec->name), probing->word);
	} else
		text_format(&probing->task.script, "runs %s %s\n", spec->app,
			    folder_of(spec->app, spec->name));
	return machine_ask(&probing->task, err);
}

/* It runs: now for the check itself. */
static enum progress go_on(struct probing *probing, const struct instance_spec *spec,
			   const struct health_check *check, struct error *err)
{
	int result;

	if (check->kind == CHECK_NONE)
		return machine_task_end(&probing->task, PROGRESS_DONE);
	result = check->kind == CHECK_COMMAND ? begin_command(probing, spec, err)
					      : begin_connection(probing, spec, check, err);
	return result ? machine_task_end(&probing->task, PROGRESS_FAILED) : PROGRESS_WAITING;
}

enum progress ssh_probe(struct location *location, struct errand *errand, const struct instance_spec *spec,
			const struct health_check *check, struct error *err)
{
	struct probing *probing = errand->state;

	if (guard_name(spec->app, spec->name, err))
		return PROGRESS_FAILED;
	if (!probing)
		return begin(location, errand, spec, check, err);
	if (!probing->answered) {
		if (probing->call)
			return PROGRESS_WAITING;
		enum progress progress = machine_answer(&probing->task, err);
		return progress == PROGRESS_DONE ? go_on(probing, spec, check, err) : progress;
	}
	if (probing->result.code == OK)
		return machine_task_end(&probing->task, PROGRESS_DONE);
	*err = probing->result;
	return machine_task_end(&probing->task, PROGRESS_FAILED);
}
