/* task.c - one errand at a machine: a command there, asked again while it is not known what became of it. */
#include "locations/ssh/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define TRIES       4
#define PAUSE_MS    500
#define TIMEOUT_MS  600000 /* a machine that is lost is noticed long before */
#define ANSWER_MOST ((size_t)64 << 20)

struct task *machine_task_new(struct location *location, struct errand *errand, size_t size,
			      void (*release)(struct task *))
{
	struct machine *machine = machine_of(location);
	struct task *task = calloc(1, size);

	if (!task)
		return NULL;
	task->location = location;
	task->errand = errand;
	task->release = release;
	task->script.secret = true;
	task->timeout_ms = TIMEOUT_MS;
	task->next = machine->tasks;
	if (task->next)
		task->next->previous = task;
	machine->tasks = task;
	errand->state = task;
	return task;
}

void machine_task_free(struct task *task)
{
	if (!task)
		return;
	struct world *world = task->location->world;

	if (task->release)
		task->release(task);
	world->ops->ssh->cancel(world, task->call);
	world->ops->timer_cancel(world, task->timer);
	text_release(&task->script);
	text_release(&task->answer);
	if (task->previous)
		task->previous->next = task->next;
	else
		machine_of(task->location)->tasks = task->next;
	if (task->next)
		task->next->previous = task->previous;
	task->errand->state = NULL;
	free(task);
}

enum progress machine_task_end(struct task *task, enum progress progress)
{
	machine_task_free(task);
	return progress;
}

/* --- lines ---------------------------------------------------------------------------------- */

const char *machine_next(const char *line, size_t *ret_length)
{
	if (!line || !*line)
		return NULL;
	*ret_length = strcspn(line, "\n");
	return line;
}

const char *machine_line(const char *answer, const char *word)
{
	size_t length, of_word = strlen(word);

	for (const char *line = answer; (line = machine_next(line, &length));
	     line += length + (line[length] == '\n'))
		if (!strncmp(line, word, of_word) && (line[of_word] == ' ' || line[of_word] == '\n'))
			return line + of_word + (line[of_word] == ' ');
	return NULL;
}

/* --- what it says --------------------------------------------------------------------------- */

static int ask(struct task *task, struct error *err);

static void over(struct task *task)
{
	task->over = true;
	task->errand->wake(task->errand);
}

static void again(void *owner)
{
	struct task *task = owner;

	task->timer = NULL;
	if (ask(task, &task->error))
		over(task);
}

static void after_a_pause(struct task *task)
{
	struct world *world = task->location->world;

	task->timer = world->ops->timer_start(world, PAUSE_MS * task->tries, again, task);
	if (task->timer)
		return;
	fail_memory(&task->error);
	over(task);
}

/* "!conflict words" */
static enum code code_of(const char *word, size_t length)
{
	static const struct {
		const char *word;
		enum code code;
	} codes[] = {{"missing", ERR_MISSING}, {"conflict", ERR_CONFLICT},       {"denied", ERR_DENIED},
		     {"busy", ERR_LOCKED},     {"unsupported", ERR_UNSUPPORTED}, {"failed", ERR_FAILED},
		     {"full", ERR_CAPACITY}};

	for (size_t i = 0; i < COUNT_OF(codes); i++)
		if (strlen(codes[i].word) == length && !strncmp(codes[i].word, word, length))
			return codes[i].code;
	return ERR_FAILED;
}

static void read_refusal(struct task *task)
{
	size_t length;

	for (const char *line = text_view(&task->answer); (line = machine_next(line, &length));
	     line += length + (line[length] == '\n')) {
		if (*line != '!')
			continue;
		size_t word = strcspn(line, " \n");
		const char *words = line + word + (line[word] == ' ');
		fail(&task->error, code_of(line + 1, word - 1), "location `%s`: %.*s", task->location->name,
		     (int)strcspn(words, "\n"), words);
		return;
	}
}

/* The first words of what else a command wrote, in one line. */
static void words_of(const struct ssh_answer *answer, char *ret_words, size_t size)
{
	const struct text *text = answer->errors.length ? &answer->errors : &answer->output;
	owned_text clean = {0};

	text_add_printable(&clean, text_view(text), text->length > 300 ? 300 : text->length);
	for (size_t i = 0; i < clean.length; i++)
		if (clean.data[i] == '\n')
			clean.data[i] = ' ';
	snprintf(ret_words, size, "%s", text_view(&clean));
}

static void not_run(struct task *task, const char *words)
{
	fail(&task->error, ERR_FAILED, "location `%s`: the shell of %s does not run what berth asks for: %s",
	     task->location->name, machine_of(task->location)->identity, *words ? words : "it says nothing");
	remedy(&task->error, "berth needs `/bin/sh` there, and a login shell that runs one command");
	over(task);
}

static void refuse_shell(struct task *task, const char *words)
{
	const char *user = machine_of(task->location)->host.user;

	fail(&task->error, ERR_DENIED, "location `%s`: the login shell of %s lets no command run: %s",
	     task->location->name, machine_of(task->location)->identity,
	     *words ? words : "it ends without a word");
	remedy(&task->error,
	       "give the user a shell, there and as root: usermod -s /bin/sh %s (nologin and false are "
	       "none); or take "
	       "a `ForceCommand` of its sshd_config away",
	       user ? user : "USER");
	over(task);
}

static void install(struct task *task, enum installed what)
{
	task->installing = what;
	if (ask(task, &task->error))
		over(task);
}

/* Without our script there the shell has nothing to run; anything else than an answer is something else. */
static void no_answer(struct task *task, const struct ssh_answer *answer)
{
	char words[340];

	words_of(answer, words, sizeof(words));
	if (!task->installed)
		install(task, INSTALL_SCRIPT);
	else
		not_run(task, words);
}

static void installed(struct task *task, const struct ssh_answer *answer)
{
	char words[340];

	*(task->installing == INSTALL_HELPER ? &task->has_helper : &task->installed) = true;
	task->installing = INSTALL_NOTHING;
	if (strstr(text_view(&answer->output), "@installed")) {
		if (ask(task, &task->error))
			over(task);
		return;
	}
	words_of(answer, words, sizeof(words));
	if (!strstr(text_view(&answer->output), "@installing")) { /* nologin, or something else, ran */
		if (answer->exit_code)
			refuse_shell(task, words);
		else
			not_run(task, words);
		return;
	}
	if (starts_with(words, "@installing"))
		*words = '\0';
	fail(&task->error, ERR_FAILED, "location `%s`: cannot write to `%s` on %s: %s", task->location->name,
	     machine_of(task->location)->directory, machine_of(task->location)->identity,
	     *words ? words : "no reason given");
	remedy(&task->error,
	       "make room or give the right to, or name another directory with the location's `directory`");
	over(task);
}

/* Lost on the way: what it did is not known, and can be done again. */
static bool worth_another_try(const struct task *task, const struct ssh_answer *answer)
{
	return answer->sent && task->tries < TRIES &&
	       (answer->error.code == ERR_UNREACHABLE || answer->error.code == ERR_TIMED_OUT);
}

static void answered(void *owner, struct ssh_answer *answer)
{
	struct task *task = owner;
	const char *begin;

	task->call = NULL;
	if (worth_another_try(task, answer)) {
		after_a_pause(task);
		return;
	}
	if (answer->error.code != OK) {
		task->error = answer->error;
		over(task);
		return;
	}
	if (task->installing) {
		installed(task, answer);
		return;
	}
	/* A login shell may have words of its own before. */
	begin = strstr(text_view(&answer->output), "@berth 1\n");
	if (!begin || !strstr(begin, "\n@end\n")) {
		if (begin && task->tries < TRIES)
			after_a_pause(task); /* it was cut short: killed, or without room */
		else
			no_answer(task, answer);
		return;
	}
	bool wanted = machine_line(begin, "@helper-wanted");
	if (wanted && !task->has_helper) {
		install(task, INSTALL_HELPER);
		return;
	}
	text_clear(&task->answer);
	text_add(&task->answer, begin);
	if (task->answer.failed)
		fail_memory(&task->error);
	else if (wanted)
		fail(&task->error, ERR_FAILED, "location `%s`: berth-helper was put there, and is gone again",
		     task->location->name);
	else
		read_refusal(task);
	over(task);
}

/* --- what it is asked ----------------------------------------------------------------------- */

static int ask(struct task *task, struct error *err)
{
	struct machine *machine = machine_of(task->location);
	struct world *world = task->location->world;
	owned_text line = {0}, bytes = {.secret = true};
	struct ssh_sink sink = {.done = answered, .owner = task};
	struct ssh_command command = {.timeout_ms = task->timeout_ms, .limit = ANSWER_MOST};

	task->tries++;
	if (task->installing) {
		if (machine_install(task, &line, &bytes, err))
			return -1;
	} else {
		text_format(&line, "exec /bin/sh %s", machine->script);
		/* A shell begins nothing in braces before it has read their end. */
		text_format(&bytes, "{\n%secho @end\n}\n", text_view(&task->script));
	}
	if (line.failed || bytes.failed || task->script.failed)
		return fail_memory(err);
	command.command = line.data;
	command.input = bytes.data;
	command.input_size = bytes.length;
	task->call = world->ops->ssh->exec(world, &machine->host, &command, &sink, err);
	return task->call ? 0 : -1;
}

enum progress machine_ask(struct task *task, struct error *err)
{
	return ask(task, err) ? machine_task_end(task, PROGRESS_FAILED) : PROGRESS_WAITING;
}

enum progress machine_answer(struct task *task, struct error *err)
{
	if (!task->over)
		return PROGRESS_WAITING;
	if (task->error.code == OK)
		return PROGRESS_DONE;
	if (err)
		*err = task->error;
	return machine_task_end(task, PROGRESS_FAILED);
}

static enum progress ask_once(struct location *location, struct errand *errand, struct error *err,
			      const char *format, va_list arguments)
{
	struct task *task = errand->state;

	if (task)
		return machine_answer(task, err);
	task = machine_task_new(location, errand, sizeof(*task), NULL);
	if (!task) {
		fail_memory(err);
		return PROGRESS_FAILED;
	}
	text_vformat(&task->script, format, arguments);
	return machine_ask(task, err);
}

enum progress machine_query(struct location *location, struct errand *errand, struct error *err,
			    const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	enum progress progress = ask_once(location, errand, err, format, arguments);
	va_end(arguments);
	return progress;
}

enum progress machine_do(struct location *location, struct errand *errand, struct error *err,
			 const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	enum progress progress = ask_once(location, errand, err, format, arguments);
	va_end(arguments);
	return progress == PROGRESS_DONE ? machine_task_end(errand->state, progress) : progress;
}
