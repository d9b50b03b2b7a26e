/* logs.c - what an app's tasks wrote: the agents keep it in files, which they give to whoever asks. */
#include <stdio.h>
#include <string.h>

#include "locations/marathon/marathon.h"

enum { PIECE = 1 << 16, TAIL_MOST = 1 << 20, FOLLOW_MS = 1000 };

/* One of the two files of one task. */
struct log_file {
	const char *agent; /* "http://10.0.0.5:5051" */
	const char *path;  /* its folder there, without the file's name */
	bool errors;
	int64_t at; /* read so far */
	int64_t end;
};

struct reading_logs {
	struct log_file *files;
	size_t count, file;
	size_t task;
	const char *agent, *process; /* of the task that is looked for; what its agent calls itself */
	const json_t *agents;
};

static flow_step task_next, file_size, file_read;

static enum progress unreadable(struct flow *flow, const char *why, struct error *err)
{
	fail(err, ERR_UNSUPPORTED, "location `%s`: what `%s` writes cannot be read: %s",
	     flow->marathon->location->name, flow->wish.name, why);
	remedy(err, "its agents must be reached from here: `curl AGENT:5051/state`");
	return PROGRESS_FAILED;
}

/* --- where they lie
 * ----------------------------------------------------------------------------------------- */

/* An executor of its own Marathon calls by the task's id behind a word. */
static bool runs_task(const char *executor, const char *task)
{
	const char *own = starts_with(executor, "marathon-") ? executor + strlen("marathon-") : executor;

	return !strcmp(executor, task) || !strcmp(own, task);
}

/* The folder of the task's executor, in the agent's state. */
static const char *folder_in(const json_t *json, const char *task, struct arena *arena)
{
	static const char *const lists[] = {"executors", "completed_executors"};
	static const char *const sets[] = {"frameworks", "completed_frameworks"};

	for (size_t s = 0; s < COUNT_OF(sets); s++) {
		const json_t *frameworks = json_object_get(json, sets[s]);
		for (size_t f = 0; f < json_array_size(frameworks); f++)
			for (size_t l = 0; l < COUNT_OF(lists); l++) {
				const json_t *list = json_object_get(json_array_get(frameworks, f), lists[l]);
				for (size_t i = 0; i < json_array_size(list); i++) {
					const json_t *executor = json_array_get(list, i);
					const char *id = json_text(executor, "id");
					const char *folder = json_text(executor, "directory");
					if (id && folder && runs_task(id, task))
						return arena_text(arena, folder);
				}
			}
	}
	return NULL;
}

static enum progress agent_told(struct flow *flow, struct error *err)
{
	struct reading_logs *reading = flow->own;
	struct marathon_call *call = &flow->calls[0];
	const struct marathon_task *task = &flow->app.tasks[reading->task++];
	const json_t *json = marathon_ok(call) ? marathon_json(call, NULL) : NULL;
	const char *folder = folder_in(json, task->id, &flow->arena);

	if (!json)
		return marathon_failed(call, err, "cannot ask the agent of task %s", task->id);
	for (int i = 0; folder && i < 2; i++)
		reading->files[reading->count++] =
		    (struct log_file){.agent = reading->agent, .path = folder, .errors = i == 1};
	return flow_go(flow, task_next);
}

static const char *agent_address(struct flow *flow, const char *id)
{
	struct reading_logs *reading = flow->own;

	for (size_t i = 0; i < json_array_size(reading->agents); i++) {
		const json_t *agent = json_array_get(reading->agents, i);
		const char *own = json_text(agent, "id");
		if (own && !strcmp(own, id))
			return mesos_agent(flow, agent, &reading->process);
	}
	return NULL;
}

static enum progress task_next(struct flow *flow, struct error *err)
{
	struct reading_logs *reading = flow->own;

	for (; reading->task < flow->app.task_count; reading->task++) {
		const struct marathon_task *task = &flow->app.tasks[reading->task];
		reading->agent = task->agent ? agent_address(flow, task->agent) : NULL;
		if (!reading->agent)
			continue;
		const struct marathon_question question = {
		    .method = "GET",
		    .path = arena_format(&flow->arena, "/%s/state", reading->process),
		    .base = reading->agent,
		    .known = marathon_is_its_own(flow->marathon, reading->agent)};
		return marathon_ask(flow, 0, &question, agent_told, err);
	}
	if (!reading->count && flow->app.task_count)
		return unreadable(flow, "Mesos does not tell where its agents keep it", err);
	reading->file = 0;
	return flow_go(flow, file_size);
}

static enum progress agents_told(struct flow *flow, struct error *err)
{
	struct reading_logs *reading = flow->own;
	struct marathon_call *call = &flow->calls[0];
	enum progress asked;

	if (mesos_redirected(flow, agents_told, &asked, err))
		return asked;
	if (!marathon_ok(call))
		return marathon_failed(call, err, "cannot ask Mesos for its agents");
	const json_t *json = marathon_json(call, err);
	if (!json)
		return PROGRESS_FAILED;
	/* The call goes with the next question; with what is known of the app it stays. */
	reading->agents = json_object_get(json, "slaves");
	if (json_put_shared(flow->app_json, "agents", (json_t *)reading->agents) < 0)
		return unreadable(flow, "Mesos told of no agents", err);
	return flow_go(flow, task_next);
}

static enum progress logs_found(struct flow *flow, struct error *err)
{
	const struct marathon_question question = {.method = "GET",
						   .path = "/master/slaves",
						   .base = flow->marathon->mesos,
						   .known =
						       mesos_is_told(flow->marathon, flow->marathon->mesos)};
	struct reading_logs *reading = arena_array(&flow->arena, struct reading_logs, 1);

	if (!flow->there) {
		fail(err, ERR_MISSING, "`%s` is not at location `%s`", flow->wish.name,
		     flow->marathon->location->name);
		return PROGRESS_FAILED;
	}
	if (!flow->wish.log->follow && flow->wish.log->tail == 0)
		return PROGRESS_DONE;
	if (!*flow->marathon->mesos)
		return unreadable(flow, "Marathon does not say which Mesos it is on", err);
	flow->own = reading;
	if (reading)
		reading->files = arena_array(&flow->arena, struct log_file, 2 * flow->app.task_count + 1);
	if (!reading || !reading->files)
		return flow_no_memory(err);
	return marathon_ask(flow, 0, &question, agents_told, err);
}

enum progress logs_marathon(struct flow *flow, struct error *err)
{
	return app_read(flow, logs_found, err);
}

/* --- what is in them
 * ---------------------------------------------------------------------------------------- */

static enum progress ask_file(struct flow *flow, const struct log_file *file, int64_t offset, int64_t length,
			      flow_step *next, struct error *err)
{
	const char *path = marathon_escaped(&flow->arena, file->path);
	const struct marathon_question question = {
	    .method = "GET",
	    .base = file->agent,
	    .known = marathon_is_its_own(flow->marathon, file->agent),
	    .path =
		path ? arena_format(&flow->arena, "/files/read?path=%s%%2F%s&offset=%lld&length=%lld", path,
				    file->errors ? "stderr" : "stdout", (long long)offset, (long long)length)
		     : NULL,
	};

	return marathon_ask(flow, 0, &question, next, err);
}

static enum progress all_read(struct flow *flow, struct error *err)
{
	struct reading_logs *reading = flow->own;

	reading->file = 0;
	if (!flow->wish.log->follow)
		return PROGRESS_DONE;
	return flow_pause(flow, FOLLOW_MS, file_read, err);
}

/* Where the last lines begin. */
static const char *last_lines(const char *data, size_t size, int64_t lines)
{
	const char *at = data + size;

	if (size && at[-1] == '\n')
		at--;
	for (; at > data; at--)
		if (at[-1] == '\n' && --lines == 0)
			break;
	return at;
}

/* Files hold bytes of every kind, and a piece may end within a letter. What is none has something as long in
 * its place, so that the next piece begins where this one ended; so has a zero, which JSON writes and texts
 * cannot hold. */
static void make_legible(struct text *body)
{
	for (size_t i = 0, length; i < body->length; i += length ? length : 1) {
		length = utf8_length(body->data + i);
		if (!length)
			body->data[i] = '?';
		if (body->data[i] != '\\' || i + 1 == body->length)
			continue;
		if (starts_with(body->data + i, "\\u0000"))
			memcpy(body->data + i, "\\u003f", 6);
		length = 2;
	}
}

static enum progress file_told(struct flow *flow, struct error *err)
{
	struct reading_logs *reading = flow->own;
	struct log_file *file = &reading->files[reading->file];
	struct marathon_call *call = &flow->calls[0];
	make_legible(&call->body);
	const json_t *json = marathon_ok(call) ? marathon_json(call, err) : NULL;
	const char *data = json_text(json, "data");
	size_t size = json_string_length(json_object_get(json, "data"));

	/* It is not there before its task has begun. */
	if (!marathon_absent(call) && !data)
		return marathon_failed(call, err, "cannot read what `%s` wrote", flow->wish.name);
	const char *from = data;
	if (data && file->at < file->end && flow->wish.log->tail > 0)
		from = last_lines(data, size, flow->wish.log->tail);
	if (data)
		flow->wish.sink(flow->wish.sink_owner, file->errors, from, size - (size_t)(from - data));
	file->at += (int64_t)size;
	if (size == PIECE)
		return flow_go(flow, file_read);
	reading->file++;
	return flow_go(flow, file_read);
}

static enum progress file_read(struct flow *flow, struct error *err)
{
	const struct reading_logs *reading = flow->own;

	if (reading->file == reading->count)
		return all_read(flow, err);
	const struct log_file *file = &reading->files[reading->file];
	bool tail = flow->wish.log->tail > 0 && file->at < file->end;
	return ask_file(flow, file, file->at, tail ? TAIL_MOST : PIECE, file_told, err);
}

static enum progress size_told(struct flow *flow, struct error *err)
{
	struct reading_logs *reading = flow->own;
	struct log_file *file = &reading->files[reading->file++];
	struct marathon_call *call = &flow->calls[0];
	const json_t *json = marathon_ok(call) ? marathon_json(call, err) : NULL;

	file->end = json_number(json, "offset", 0);
	if (flow->wish.log->tail == 0)
		file->at = file->end;
	else if (flow->wish.log->tail > 0 && file->end > TAIL_MOST)
		file->at = file->end - TAIL_MOST;
	return flow_go(flow, file_size);
}

/* An offset of -1 asks for the size alone. */
static enum progress file_size(struct flow *flow, struct error *err)
{
	struct reading_logs *reading = flow->own;

	if (reading->file < reading->count)
		return ask_file(flow, &reading->files[reading->file], -1, 0, size_told, err);
	reading->file = 0;
	return flow_go(flow, file_read);
}
