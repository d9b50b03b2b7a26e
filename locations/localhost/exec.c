/* exec.c - a command run beside an instance of this machine: its streams, its end.
 *
 * A session that is dropped hangs up on its command, as a terminal would: SIGHUP for it and for all that came
 * of it. When the instance is stopped or removed, whatever was run in it and is left over goes with it.
 */
#include "locations/localhost/exec.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

#define PIECE      16384
#define TURN_BYTES (64 << 10) /* of a stream, before others have their turn */
#define LAST_BYTES (1 << 20)  /* of what was left in it: more than a pipe holds */

/* --- ending what was started --------------------------------------------------------------- */

struct hunt {
	struct world *world;
	const char *mark;
	int signal;
	bool whole; /* the mark and nothing after it */
};

static bool signal_marked(void *owner, const struct process_info *info)
{
	struct hunt *hunt = owner;
	const char *end = info->environment + info->environment_size;

	for (const char *entry = info->environment; entry < end;) {
		size_t length = strnlen(entry, (size_t)(end - entry));
		if (length < (size_t)(end - entry) &&
		    (hunt->whole ? !strcmp(entry, hunt->mark) : starts_with(entry, hunt->mark)))
			hunt->world->ops->signal(hunt->world, info->pid, info->start_ticks, hunt->signal,
						 NULL);
		entry += length + 1;
	}
	return true;
}

void exec_kill(struct location *location, const char *incarnation)
{
	owned_by(arena_release) struct arena arena = {0};
	struct hunt hunt = {.world = location->world,
			    .mark = arena_format(&arena, "BERTH_EXEC=%s:", incarnation),
			    .signal = SIGKILL};

	if (hunt.mark)
		location->world->ops->processes(location->world, hunt.mark, signal_marked, &hunt, NULL);
}

static void hang_up(struct running *running)
{
	struct hunt hunt = {
	    .world = running->task.location->world, .mark = running->mark, .signal = SIGHUP, .whole = true};

	hunt.world->ops->processes(hunt.world, hunt.mark, signal_marked, &hunt, NULL);
}

static void release_running(struct task *task)
{
	struct running *running = (struct running *)task;
	struct world *world = task->location->world;

	if (running->child)
		hang_up(running);
	world->ops->child_drop(world, running->child);
	end_close(running, &running->input);
	end_close(running, &running->output);
	end_close(running, &running->errors);
	free(running->mark);
}

/* --- its streams --------------------------------------------------------------------------- */

static void ready(void *owner)
{
	struct running *running = owner;

	running->task.errand->wake(running->task.errand);
}

static int watch(struct running *running, struct end *end, bool write, struct error *err)
{
	struct world *world = running->task.location->world;

	if (!end->watch)
		end->watch = world->ops->fd_watch(world, end->fd, write, ready, running);
	return end->watch ? 0 : fail_memory(err);
}

static void read_some(struct running *running, struct end *end, const struct exec_session *session,
		      size_t limit)
{
	char bytes[PIECE];

	for (size_t total = 0; end->fd >= 0 && total < limit;) {
		ssize_t got = read(end->fd, bytes, sizeof(bytes));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return;
		if (got <= 0) { /* a terminal that nobody has open any more gives an error */
			end_close(running, end);
			return;
		}
		session->output(session->output_owner, end == &running->errors, bytes, (size_t)got);
		total += (size_t)got;
	}
}

/* What the end of input is depends on what it goes to; what nobody reads is no failure. */
static void write_some(struct running *running, struct exec_session *session)
{
	struct text *input = &session->input;
	struct end *end = &running->input;

	while (end->fd >= 0 && input->length) {
		ssize_t put = write(end->fd, input->data, input->length);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0 && errno == EAGAIN)
			return;
		if (put < 0) {
			end_close(running, end);
			break;
		}
		input->length -= (size_t)put;
		memmove(input->data, input->data + put, input->length + 1);
	}
	if (end->fd < 0)
		text_clear(input);
	if (!session->input_ended || running->input_told)
		return;
	running->input_told = true;
	if (running->terminal)
		text_add_char(input, 4); /* ctrl-D */
	else
		end_close(running, end);
}

static int watch_all(struct running *running, const struct exec_session *session, struct error *err)
{
	struct world *world = running->task.location->world;
	bool waits = running->input.fd >= 0 && session->input.length;

	if (!waits) {
		world->ops->fd_cancel(world, running->input.watch);
		running->input.watch = NULL;
	}
	if ((running->output.fd >= 0 && watch(running, &running->output, false, err)) ||
	    (running->errors.fd >= 0 && watch(running, &running->errors, false, err)))
		return -1;
	return waits ? watch(running, &running->input, true, err) : 0;
}

/* --- its end ------------------------------------------------------------------------------- */

/* Whatever it wrote is in the pipes by now. */
static enum progress finish(struct running *running, struct exec_session *session, struct error *err)
{
	read_some(running, &running->output, session, LAST_BYTES);
	read_some(running, &running->errors, session, LAST_BYTES);
	if (running->result.signal)
		session->code = 128 + running->result.signal;
	else if (running->result.exit_code >= 0)
		session->code = running->result.exit_code;
	else {
		fail(err, ERR_FAILED, "nobody knows how `%s` ended: what waited for it was killed",
		     session->command[0]);
		return local_task_end(&running->task, PROGRESS_FAILED);
	}
	return local_task_end(&running->task, PROGRESS_DONE);
}

static enum progress go_on(struct running *running, struct exec_session *session, struct error *err)
{
	if (running->over)
		return finish(running, session, err);
	if (session->resized)
		running_resize(running, session);
	session->resized = false;
	read_some(running, &running->output, session, TURN_BYTES);
	read_some(running, &running->errors, session, TURN_BYTES);
	if (session->interactive)
		write_some(running, session);
	if (!watch_all(running, session, err))
		return PROGRESS_WAITING;
	return local_task_end(&running->task, PROGRESS_FAILED);
}

enum progress localhost_exec(struct location *location, struct errand *errand, const char *app,
			     const char *name, struct exec_session *session, struct error *err)
{
	owned_by(arena_release) struct arena arena = {0};
	struct host host;

	if (errand->state)
		return go_on(errand->state, session, err);
	if (guard_name(app, name, err) || host_find(location, &arena, app, name, &host, err))
		return PROGRESS_FAILED;
	struct running *running = local_task_new(location, errand, sizeof(*running), release_running);
	if (!running) {
		fail_memory(err);
		return PROGRESS_FAILED;
	}
	running->input.fd = running->output.fd = running->errors.fd = -1;
	if (running_start(running, &host, session, err))
		return local_task_end(&running->task, PROGRESS_FAILED);
	return go_on(running, session, err);
}
