/* session_stream.c - the streams of a command in a container, over the connection that the engine gives away.
 */
#include <stdio.h>
#include <string.h>

#include "locations/docker/session.h"

#define INPUT_MAX   (128 << 10) /* on its way at one time */
#define HELD_MAX    4096
#define RESIZES     20
#define RESIZE_MS   20
#define END_OF_FILE "\004" /* as a terminal has it */

/* --- from the loop ------------------------------------------------------------------------- */

/* Steps after its end wait for other things. */
static void attend(struct session *session)
{
	if (!session->over)
		task_attend(session->task);
}

static void opened(void *owner)
{
	struct session *session = owner;

	session->opened = true;
	attend(session);
}

static void arrived(void *owner, const char *bytes, size_t count)
{
	struct session *session = owner;
	bool first = !session->arrived.length;

	text_add_bytes(&session->arrived, bytes, count);
	if (first)
		attend(session);
}

static void drained(void *owner)
{
	struct session *session = owner;

	attend(session);
}

static void ended(void *owner, struct http_answer *answer)
{
	struct session *session = owner;

	session->channel = NULL;
	session->over = true;
	session->error = answer->error;
	session->status = answer->status;
	session->refusal = answer->body;
	answer->body = (struct text){0};
	task_returned(session->task);
}

enum progress session_open(struct session *session, step *flow, struct error *err)
{
	struct task *task = session->task;
	const struct exec_session *exec = task->wish.exec;
	const struct channel_sink sink = {
	    .opened = opened, .bytes = arrived, .drained = drained, .done = ended, .owner = session};
	const struct question question = {
	    .method = "POST",
	    .path = arena_format(&task->arena, "/exec/%s/start", task->target),
	    /* Engines before API 1.42 pass over the size, and are told it afterwards. */
	    .body = json_pack("{s:b, s:b, s:[i, i]}", "Detach", 0, "Tty", exec->terminal, "ConsoleSize",
			      (int)exec->rows, (int)exec->columns),
	};
	struct error why = {0};

	if (question.path && question.body)
		session->channel = docker_channel(task->docker, &question, &sink, &why);
	json_decref(question.body);
	if (!question.path || !question.body)
		return out_of_memory(err);
	if (!session->channel) {
		explain(task->docker, "POST /exec/start", CHANGE_MS, &why, err);
		return PROGRESS_FAILED;
	}
	task->session = session;
	task->waiting++;
	return task_go(task, flow);
}

void session_release(struct session *session)
{
	struct world *world = session->task->docker->world;

	world->ops->channel_cancel(world, session->channel);
	world->ops->http_cancel(world, session->resizing);
	world->ops->timer_cancel(world, session->again);
	text_release(&session->refusal);
	text_release(&session->arrived);
	text_release(&session->held);
}

void session_attend(struct task *task)
{
	if (task && task->session && !task->session->over)
		task->attention = true;
}

/* --- output -------------------------------------------------------------------------------- */

static void pass_on(struct session *session, bool errors, const char *bytes, size_t count)
{
	const struct exec_session *exec = session->task->wish.exec;

	if (count)
		exec->output(exec->output_owner, errors, bytes, count);
}

/* How the engine begins to say, in the command's place, that there is none; Podman on the error stream. */
static bool may_complain(const struct text *held)
{
	static const char *const complaints[] = {"OCI runtime exec failed", "unable to find user",
						 "unable to find group", "Error: runc: ", "Error: crun: "};

	for (size_t i = 0; held->length < HELD_MAX && i < COUNT_OF(complaints); i++) {
		size_t length = strlen(complaints[i]);
		if (!memcmp(text_view(held), complaints[i], held->length < length ? held->length : length))
			return true;
	}
	return false;
}

void session_believe(struct session *session)
{
	session->believed = true;
	pass_on(session, session->held_errors, text_view(&session->held), session->held.length);
	text_release(&session->held);
}

static void take(void *owner, bool errors, const char *bytes, size_t count)
{
	struct session *session = owner;

	bool held = session->held.length ? session->held_errors == errors
					 : !errors || session->task->docker->libpod[0];

	if (!session->believed && held) {
		session->held_errors = errors;
		text_add_bytes(&session->held, bytes, count);
		if (!may_complain(&session->held))
			session_believe(session);
		return;
	}
	if (!session->believed)
		session_believe(session);
	pass_on(session, errors, bytes, count);
}

bool session_cut(const struct session *session)
{
	return session->frames.garbage || session->frames.left || session->frames.header_length;
}

/* --- input --------------------------------------------------------------------------------- */

static void give_input(struct session *session)
{
	struct exec_session *exec = session->task->wish.exec;
	struct world *world = session->task->docker->world;
	size_t waiting = world->ops->channel_waiting(session->channel);
	size_t count = waiting < INPUT_MAX ? INPUT_MAX - waiting : 0;

	if (count > exec->input.length)
		count = exec->input.length;
	if (count) {
		world->ops->channel_write(world, session->channel, exec->input.data, count);
		exec->input.length -= count;
		memmove(exec->input.data, exec->input.data + count, exec->input.length + 1);
	}
	if (!exec->input_ended || exec->input.length || session->input_ended)
		return;
	session->input_ended = true;
	if (exec->terminal)
		world->ops->channel_write(world, session->channel, END_OF_FILE, strlen(END_OF_FILE));
	else
		world->ops->channel_end(world, session->channel);
}

/* --- the terminal's size ------------------------------------------------------------------- */

static void size_is_due(void *owner)
{
	struct session *session = owner;

	session->again = NULL;
	session->size_due = true;
	attend(session);
}

/* Refused while the command is not there yet, which it may be a moment after the connection is. */
static void resized(void *owner, struct http_answer *answer)
{
	struct session *session = owner;
	struct world *world = session->task->docker->world;

	session->resizing = NULL;
	if (answer->error.code == OK && answer->status / 100 != 2 && ++session->resizes < RESIZES)
		session->again = world->ops->timer_start(world, RESIZE_MS, size_is_due, session);
	attend(session); /* there may be another size by now */
}

static int tell_size(struct session *session, struct error *err)
{
	struct task *task = session->task;
	struct exec_session *exec = task->wish.exec;
	struct world *world = task->docker->world;
	const struct http_sink sink = {.done = resized, .owner = session};
	char path[256];

	if (exec->resized)
		session->resizes = 0;
	if (!exec->terminal || !(exec->resized || session->size_due) || session->resizing)
		return 0;
	exec->resized = session->size_due = false;
	world->ops->timer_cancel(world, give(session->again));
	snprintf(path, sizeof(path), "/exec/%s/resize?h=%u&w=%u", task->target, exec->rows, exec->columns);
	session->resizing =
	    docker_send(task->docker, &(struct question){.method = "POST", .path = path}, &sink, err);
	return session->resizing ? 0 : -1;
}

int session_move(struct session *session, struct error *err)
{
	if (session->arrived.failed || session->held.failed)
		return fail_memory(err);
	frames_feed(&session->frames, text_view(&session->arrived), session->arrived.length, take, session);
	text_clear(&session->arrived);
	if (!session->opened || session->over)
		return 0;
	if (session->task->wish.exec->interactive)
		give_input(session);
	return tell_size(session, err);
}
