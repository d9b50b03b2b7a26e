/* signal.c - a signal for the first process of a container.
 *
 * The engine's own call for that takes any signal for the wish that the container shall end: from then on it
 * does not start it again (measured with 20.10; `unless-stopped` and its like mean nothing until the next
 * start). So where the engine shall start it again, the signal comes from a shell inside, which can send it
 * to the first process as long as that has a handler; the engine's call is for those without a shell, and for
 * those that nobody starts again anyway. */
#include <string.h>

#include "base/signals.h"
#include "locations/docker/docker.h"

static step looked, kill_now;

static enum progress does_not_run(struct task *task, struct error *err)
{
	fail(err, ERR_FAILED, "location `%s`: container `%s` does not run", task->docker->location->name,
	     task->wish.name);
	return PROGRESS_FAILED;
}

static enum progress killed(struct task *task, struct error *err)
{
	struct call *call = &task->calls[0];

	if (call_ok(call))
		return PROGRESS_DONE;
	if (call->error.code == OK && call->status == 409)
		return does_not_run(task, err);
	/* Heard twice it does no harm: what is read again is the same. */
	if (call_unsure(call) && ++task->tries < TRIES)
		return task_go(task, kill_now);
	return call_failed(call, err, "location `%s`: cannot send a signal to container `%s`",
			   task->docker->location->name, task->wish.name);
}

static enum progress kill_now(struct task *task, struct error *err)
{
	const char *name = escaped(&task->arena, task->target);
	const char *rest = name ? arena_format(&task->arena, "/kill?signal=%s", name) : NULL;
	const struct question question = {
	    .method = "POST",
	    .path = rest ? container_path(task, rest) : NULL,
	};

	return ask(task, 0, &question, killed, err);
}

/* --- from a shell inside --- */

static void ignore(struct stream *stream, const char *bytes, size_t count)
{
	(void)stream, (void)bytes, (void)count;
}

static enum progress told(struct task *task, struct error *err)
{
	struct call *call = &task->calls[0];
	const json_t *exec = call_ok(call) ? call_json(call, err) : NULL;

	if (exec && json_number(exec, "ExitCode", -1) == 0)
		return PROGRESS_DONE;
	return task_go(task, kill_now);
}

static enum progress ran(struct task *task, struct error *err)
{
	const struct question question = {
	    .method = "GET",
	    .path = arena_format(&task->arena, "/exec/%s/json", task->address),
	};

	if (!call_ok(&task->calls[0]) && !call_unsure(&task->calls[0]))
		return task_go(task, kill_now);
	return ask(task, 0, &question, told, err);
}

static enum progress made(struct task *task, struct error *err)
{
	struct call *call = &task->calls[0];
	const json_t *exec = call_ok(call) ? call_json(call, err) : NULL;
	const char *id = json_text(exec, "Id");
	struct stream *stream = arena_alloc(&task->arena, sizeof(*stream));

	if (!id)
		return task_go(task, kill_now);
	task->address = escaped(&task->arena, id);
	struct question question = {
	    .method = "POST",
	    .path = task->address ? arena_format(&task->arena, "/exec/%s/start", task->address) : NULL,
	    .body = json_pack("{s:b, s:b}", "Detach", 0, "Tty", 0),
	    .stream = stream,
	    .fresh = true,
	};
	if (!stream || !question.body) {
		json_decref(question.body);
		return out_of_memory(err);
	}
	stream->take = ignore;
	return ask(task, 0, &question, ran, err);
}

static enum progress tell(struct task *task, struct error *err)
{
	struct question question = {
	    .method = "POST",
	    .path = container_path(task, "/exec"),
	    .body = json_pack("{s:b, s:[s,s,s,s]}", "AttachStdout", 1, "Cmd", "/bin/sh", "-c",
			      "kill -s \"$0\" 1", task->target),
	    .fresh = true,
	};

	if (!question.body)
		return out_of_memory(err);
	return ask(task, 0, &question, made, err);
}

static bool started_again(const json_t *container)
{
	const char *policy = json_text(json_at(container, "HostConfig.RestartPolicy"), "Name");

	return policy && *policy && strcmp(policy, "no") != 0;
}

static enum progress looked(struct task *task, struct error *err)
{
	int ours = inspected_is_ours(task, task->wish.name, err);

	if (ours < 0)
		return PROGRESS_FAILED;
	if (!ours)
		return container_gone(task, task->wish.name, err);
	const json_t *container = call_json(&task->calls[0], err);
	const char *status = json_text(json_object_get(container, "State"), "Status");
	if (!status || strcmp(status, "running") != 0)
		return does_not_run(task, err);
	return started_again(container) ? tell(task, err) : kill_now(task, err);
}

enum progress signal_begin(struct task *task, struct error *err)
{
	int number = signal_number(task->wish.word);
	char name[SIGNAL_NAME];

	if (!number) {
		fail(err, ERR_INVALID, "no signal is called `%s`", task->wish.word);
		return PROGRESS_FAILED;
	}
	signal_name(number, name);
	if (!(task->target = arena_text(&task->arena, name)))
		return out_of_memory(err);
	return inspect(task, task->wish.name, looked, err);
}
