/* logs.c - a container's output, past and to come. */
#include <stdlib.h>
#include <string.h>

#include "locations/docker/docker.h"

enum { LOG_IDLE_MS = 60000 };

/* What arrived from the loop waits in stream.kept until a step hands it to the sink. */
struct output {
	struct stream stream; /* first */
	struct task *task;
	struct frames frames;
};

static void take(struct stream *stream, const char *bytes, size_t count)
{
	struct output *output = (struct output *)(void *)stream;
	bool first = !output->stream.kept.length;

	text_add_bytes(&output->stream.kept, bytes, count);
	if (first)
		task_attend(output->task);
}

static enum progress flow(struct task *task, struct error *err)
{
	struct call *call = &task->calls[1];
	struct output *output = (struct output *)(void *)call->stream;

	if (output->stream.kept.failed)
		return out_of_memory(err);
	frames_feed(&output->frames, text_view(&output->stream.kept), output->stream.kept.length,
		    task->wish.sink, task->wish.sink_owner);
	text_clear(&output->stream.kept);
	if (output->frames.garbage) {
		fail(err, ERR_UNREACHABLE, "location `%s`: what came as the log of container `%s` is none",
		     task->docker->location->name, task->wish.name);
		return PROGRESS_FAILED;
	}
	if (task->waiting)
		return PROGRESS_WAITING;
	if (call_ok(call))
		return PROGRESS_DONE;
	return call_failed(call, err, "location `%s`: cannot read the log of container `%s`",
			   task->docker->location->name, task->wish.name);
}

static char *log_path(struct task *task)
{
	const struct log_options *log = task->wish.log;
	owned_text path = {0};

	text_format(&path, "/logs?stdout=1&stderr=1&follow=%d", log->follow);
	if (log->tail >= 0)
		text_format(&path, "&tail=%lld", (long long)log->tail);
	if (log->since_ms > 0)
		text_format(&path, "&since=%lld.%03d", (long long)(log->since_ms / 1000),
			    (int)(log->since_ms % 1000));
	if (log->until_ms > 0)
		text_format(&path, "&until=%lld.%03d", (long long)(log->until_ms / 1000),
			    (int)(log->until_ms % 1000));
	return path.failed ? NULL : container_path(task, text_view(&path));
}

static enum progress looked(struct task *task, struct error *err)
{
	int ours = inspected_is_ours(task, task->wish.name, err);

	if (ours < 0)
		return PROGRESS_FAILED;
	if (!ours) {
		fail(err, ERR_MISSING, "location `%s`: there is no container `%s`",
		     task->docker->location->name, task->wish.name);
		return PROGRESS_FAILED;
	}
	struct output *output = arena_alloc(&task->arena, sizeof(*output));
	if (!output)
		return out_of_memory(err);
	output->stream.take = take;
	output->task = task;
	output->frames.raw = json_is_true(json_at(call_json(&task->calls[0], err), "Config.Tty"));
	const struct question question = {
	    .method = "GET",
	    .path = log_path(task),
	    .stream = &output->stream,
	    .endless = task->wish.log->follow,
	    .idle_ms = task->wish.log->follow ? 0 : LOG_IDLE_MS,
	};
	return ask(task, 1, &question, flow, err);
}

enum progress logs_begin(struct task *task, struct error *err)
{
	return inspect(task, task->wish.name, looked, err);
}
