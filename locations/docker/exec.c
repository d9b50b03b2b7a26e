/* exec.c - a check's command, run inside the container it asks about. */
#include <stdlib.h>
#include <string.h>

#include "locations/docker/docker.h"

enum { TAIL_MAX = 300, KEPT_MAX = 4096 };

struct output {
	struct stream stream; /* first */
	struct frames frames;
};

static struct output *output_of(struct task *task)
{
	return (struct output *)(void *)task->calls[0].stream;
}

/* The end is what tells why it failed. */
static void keep(void *owner, bool errors, const char *bytes, size_t count)
{
	struct output *output = owner;

	(void)errors;
	text_add_bytes(&output->stream.kept, bytes, count);
	if (output->stream.kept.length <= KEPT_MAX)
		return;
	size_t over = output->stream.kept.length - TAIL_MAX;
	memmove(output->stream.kept.data, output->stream.kept.data + over, TAIL_MAX);
	output->stream.kept.length = TAIL_MAX;
	output->stream.kept.data[TAIL_MAX] = '\0';
}

static void take(struct stream *stream, const char *bytes, size_t count)
{
	struct output *output = (struct output *)(void *)stream;

	frames_feed(&output->frames, bytes, count, keep, output);
}

static enum progress cannot(struct task *task, struct call *call, struct error *err)
{
	call_failed(call, err, "the check's command cannot be run in container `%s`", task->wish.spec->name);
	if (call->error.code == ERR_TIMED_OUT)
		fail(err, ERR_FAILED, "the check's command did not end within %lld ms",
		     (long long)task->wish.check->timeout_ms);
	else if (call->error.code == OK)
		err->code = ERR_FAILED;
	return PROGRESS_FAILED;
}

static enum progress inspected(struct task *task, struct error *err)
{
	struct call *call = &task->calls[1];

	if (!call_ok(call))
		return cannot(task, call, err);
	const json_t *exec = call_json(call, err);
	if (!exec)
		return PROGRESS_FAILED;
	int64_t code = json_number(exec, "ExitCode", -1);
	if (code == 0)
		return PROGRESS_DONE;
	fail(err, ERR_FAILED, "the check's command ended with %lld%s%s", (long long)code,
	     *task->address ? ": " : "", task->address);
	return PROGRESS_FAILED;
}

/* The end of what it wrote, as text in the task's arena. */
static const char *end_of(struct task *task, const struct output *output)
{
	size_t length = output->stream.kept.length, from = length > TAIL_MAX ? length - TAIL_MAX : 0;
	owned_text shown = {0};

	text_add_printable(&shown, text_view(&output->stream.kept) + from, length - from);
	return arena_text(&task->arena, text_view(&shown));
}

static enum progress ran(struct task *task, struct error *err)
{
	struct call *call = &task->calls[0];
	struct output *output = output_of(task);
	const struct question question = {
	    .method = "GET",
	    .path = arena_format(&task->arena, "/exec/%s/json", task->target),
	};

	task->address = end_of(task, output);
	if (!call_ok(call))
		return cannot(task, call, err);
	if (!task->address)
		return out_of_memory(err);
	return ask(task, 1, &question, inspected, err);
}

static enum progress made(struct task *task, struct error *err)
{
	struct call *call = &task->calls[0];

	if (!call_ok(call))
		return cannot(task, call, err);
	static const char *const texts[] = {"Id", NULL};
	const json_t *exec = call_named(call, texts, "no command under way", err);
	struct output *output = arena_alloc(&task->arena, sizeof(*output));
	if (!exec)
		return PROGRESS_FAILED;
	task->target = escaped(&task->arena, json_text(exec, "Id"));
	struct question question = {
	    .method = "POST",
	    .path = task->target ? arena_format(&task->arena, "/exec/%s/start", task->target) : NULL,
	    .body = json_pack("{s:b, s:b}", "Detach", 0, "Tty", 0),
	    .limit_ms = task->wish.check->timeout_ms,
	    .stream = output ? &output->stream : NULL,
	    .fresh = true,
	};
	if (!output || !question.body) {
		json_decref(question.body);
		return out_of_memory(err);
	}
	output->stream.take = take;
	return ask(task, 0, &question, ran, err);
}

static json_t *words_of_check(const struct command *command)
{
	owned_json array = command->shell ? json_pack("[s, s]", "/bin/sh", "-c") : json_array();

	for (size_t i = 0; i < command->count; i++)
		if (json_array_append_new(array, json_string(command->words[i].text)) < 0)
			return NULL;
	return give(array);
}

enum progress command_begin(struct task *task, struct error *err)
{
	json_t *words = words_of_check(&task->wish.check->command);
	struct question question = {
	    .method = "POST",
	    .path = container_path(task, "/exec"),
	    .body = words ? json_pack("{s:b, s:b, s:o}", "AttachStdout", 1, "AttachStderr", 1, "Cmd", words)
			  : NULL,
	    .fresh = true,
	};

	if (!question.body)
		return out_of_memory(err);
	return ask(task, 0, &question, made, err);
}
