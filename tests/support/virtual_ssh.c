/* virtual_ssh.c - calls to machines in virtual time: steps that timers take, in the order they were asked
 * for.
 */
#include "tests/support/virtual_ssh.h"

#include <stdlib.h>

enum kind { OPEN, SAY, END, TAKE };

struct step {
	struct step *next;
	struct ssh_call *call;
	struct timer *timer;
	enum kind kind;
	bool errors, sent;
	struct text bytes;
	struct error error;
	int exit_code;
};

struct ssh_call {
	struct world *world;
	struct ssh_sink sink;
	struct step *steps;
	struct text queue, heard;
	struct ssh_answer answer; /* what is collected for it */
	bool open, ending, ended;
	bool calling, over;
};

static void free_step(struct step *step)
{
	struct step **at = &step->call->steps;

	while (*at != step)
		at = &(*at)->next;
	*at = step->next;
	text_release(&step->bytes);
	free(step);
}

static void free_call(struct ssh_call *call)
{
	while (call->steps) {
		call->world->ops->timer_cancel(call->world, call->steps->timer);
		free_step(call->steps);
	}
	text_release(&call->queue);
	text_release(&call->heard);
	text_release(&call->answer.output);
	text_release(&call->answer.errors);
	free(call);
}

static void hear(struct ssh_call *call, const char *bytes, size_t count)
{
	const struct virtual_hooks *hooks = virtual_world_hooked(call->world);

	text_add_bytes(&call->heard, bytes, count);
	if (hooks->ssh_heard)
		hooks->ssh_heard(hooks->owner, call, bytes, count);
}

static void take(struct ssh_call *call)
{
	struct text taken = call->queue;

	if (!call->open)
		return;
	call->queue = (struct text){0};
	if (taken.length)
		hear(call, taken.data, taken.length);
	if (taken.length && !call->over && call->sink.drained)
		call->sink.drained(call->sink.owner);
	text_release(&taken);
	if (!call->over && call->ending && !call->ended && !call->queue.length) {
		call->ended = true;
		hear(call, "", 0);
	}
}

static void say(struct ssh_call *call, const struct step *step)
{
	if (call->sink.bytes)
		call->sink.bytes(call->sink.owner, step->errors, text_view(&step->bytes), step->bytes.length);
	else
		text_add_bytes(step->errors ? &call->answer.errors : &call->answer.output,
			       text_view(&step->bytes), step->bytes.length);
}

static void take_step(struct ssh_call *call, const struct step *step)
{
	switch (step->kind) {
	case OPEN:
		call->open = true;
		if (call->sink.opened)
			call->sink.opened(call->sink.owner);
		break;
	case SAY:
		say(call, step);
		break;
	case END:
		call->answer.error = step->error;
		call->answer.sent = step->sent;
		call->answer.exit_code = step->exit_code;
		call->over = true;
		call->sink.done(call->sink.owner, &call->answer);
		return;
	case TAKE:
		break;
	}
	if (!call->over)
		take(call);
}

static void fired(void *owner)
{
	struct step *step = owner;
	struct ssh_call *call = step->call;

	step->timer = NULL;
	call->calling = true;
	take_step(call, step);
	call->calling = false;
	free_step(step);
	if (call->over)
		free_call(call);
}

static struct step *add_step(struct ssh_call *call, int64_t delay_ms, enum kind kind, const void *bytes,
			     size_t count)
{
	struct step *step = calloc(1, sizeof(*step)), **at = &call->steps;

	if (!step)
		abort();
	while (*at)
		at = &(*at)->next;
	*at = step;
	step->call = call;
	step->kind = kind;
	text_add_bytes(&step->bytes, bytes, count);
	step->timer = call->world->ops->timer_start(call->world, delay_ms, fired, step);
	return step;
}

/* --- the other end ------------------------------------------------------------------------- */

void virtual_ssh_open(struct ssh_call *call, int64_t delay_ms)
{
	add_step(call, delay_ms, OPEN, "", 0);
}

void virtual_ssh_say(struct ssh_call *call, int64_t delay_ms, bool errors, const void *bytes, size_t count)
{
	add_step(call, delay_ms, SAY, bytes, count)->errors = errors;
}

void virtual_ssh_exit(struct ssh_call *call, int64_t delay_ms, int exit_code)
{
	struct step *step = add_step(call, delay_ms, END, "", 0);

	step->exit_code = exit_code;
	step->sent = true;
}

void virtual_ssh_fail(struct ssh_call *call, int64_t delay_ms, const struct error *why, bool sent)
{
	struct step *step = add_step(call, delay_ms, END, "", 0);

	step->error = *why;
	step->exit_code = -1;
	step->sent = sent;
}

const struct text *virtual_ssh_heard(const struct ssh_call *call)
{
	return &call->heard;
}

bool virtual_ssh_ended(const struct ssh_call *call)
{
	return call->ended;
}

/* --- ours ---------------------------------------------------------------------------------- */

static struct ssh_call *begin(struct world *world, const struct virtual_ssh_request *request,
			      int64_t timeout_ms, const struct ssh_sink *sink, struct error *err)
{
	const struct virtual_hooks *hooks = virtual_world_hooked(world);
	struct ssh_call *call = calloc(1, sizeof(*call));
	struct error nobody, late;

	if (!call) {
		fail_memory(err);
		return NULL;
	}
	call->world = world;
	call->sink = *sink;
	fail(&nobody, ERR_UNREACHABLE, "%s: nobody answers in this world", request->host->address);
	fail(&late, ERR_TIMED_OUT, "%s: no end within %lld ms", request->host->address,
	     (long long)timeout_ms);
	if (hooks->ssh)
		hooks->ssh(hooks->owner, request, call);
	else
		virtual_ssh_fail(call, 0, &nobody, false);
	if (timeout_ms > 0)
		virtual_ssh_fail(call, timeout_ms, &late, true);
	return call;
}

static struct ssh_call *exec(struct world *world, const struct ssh_host *host,
			     const struct ssh_command *command, const struct ssh_sink *sink,
			     struct error *err)
{
	const struct virtual_ssh_request request = {.host = host, .command = command};
	struct ssh_call *call = begin(world, &request, command->timeout_ms, sink, err);

	if (call)
		call->ending = !command->more_input;
	return call;
}

static struct ssh_call *put(struct world *world, const struct ssh_host *host, const struct ssh_file *file,
			    const struct ssh_sink *sink, struct error *err)
{
	const struct virtual_ssh_request request = {.host = host, .file = file};

	return begin(world, &request, file->timeout_ms, sink, err);
}

static struct ssh_call *get(struct world *world, const struct ssh_host *host, const struct ssh_file *file,
			    const struct ssh_sink *sink, struct error *err)
{
	const struct virtual_ssh_request request = {.host = host, .file = file, .get = true};

	return begin(world, &request, file->timeout_ms, sink, err);
}

static struct ssh_call *forward(struct world *world, const struct ssh_host *host,
				const struct ssh_target *target, const struct ssh_sink *sink,
				struct error *err)
{
	const struct virtual_ssh_request request = {.host = host, .target = target};

	return begin(world, &request, 0, sink, err);
}

static void write_bytes(struct world *world, struct ssh_call *call, const void *bytes, size_t count)
{
	(void)world;
	text_add_bytes(&call->queue, bytes, count);
	add_step(call, 0, TAKE, "", 0);
}

static size_t waiting(const struct ssh_call *call)
{
	return call->queue.length;
}

static void end(struct world *world, struct ssh_call *call)
{
	(void)world;
	call->ending = true;
	add_step(call, 0, TAKE, "", 0);
}

static void resize(struct world *world, struct ssh_call *call, int columns, int rows)
{
	(void)world, (void)call, (void)columns, (void)rows;
}

static void cancel(struct world *world, struct ssh_call *call)
{
	(void)world;
	if (!call)
		return;
	call->over = true;
	if (!call->calling)
		free_call(call);
}

const struct ssh_ops virtual_ssh_ops = {
    .exec = exec,
    .put = put,
    .get = get,
    .forward = forward,
    .write = write_bytes,
    .waiting = waiting,
    .end = end,
    .resize = resize,
    .cancel = cancel,
};
