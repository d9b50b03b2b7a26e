/* exec_session.c - a command run inside a container, to its end.
 *
 * The engine has no call that ends it: a command whose session is dropped runs on, unless its own input or
 * output breaking off ends it.
 */
#include <string.h>

#include "locations/docker/session.h"

#define EXIT_FIRST_MS 10
#define EXIT_LAST_MS  1000
#define EXIT_MS       30000 /* a command whose streams ended, and that has not, for so long is given up */

/* Never a key that somebody types: by default ctrl-p would be held back, as half of "detach". */
#define DETACH_KEYS "ctrl-@,ctrl-^,ctrl-@,ctrl-^"

enum { NOT_EXECUTABLE = 126, NOT_FOUND = 127 };

static const char *location_of(const struct task *task)
{
	return task->docker->location->name;
}

/* The command itself cannot be run, in the engine's words. */
static enum progress cannot_run(struct task *task, const char *words, struct error *err)
{
	struct exec_session *exec = task->wish.exec;
	bool place = strstr(words, "chdir") != NULL; /* the directory is missing, not the command */
	bool missing = strstr(words, "executable file not found") ||
		       (strstr(words, "no such file or directory") && !place);

	exec->code = missing ? NOT_FOUND : NOT_EXECUTABLE;
	fail(err, missing ? ERR_MISSING : ERR_DENIED, "`%.100s` cannot be run in container `%s`: %s",
	     exec->command[0], task->wish.name, words);
	return PROGRESS_FAILED;
}

/* --- its end ------------------------------------------------------------------------------- */

static enum progress still_runs(struct task *task, step *again, struct error *err)
{
	struct session *session = task->session;
	int64_t now = task->docker->world->ops->now(task->docker->world);

	if (!session->patience_ms)
		session->patience_ms = now + EXIT_MS;
	session->poll_ms = session->poll_ms ? session->poll_ms * 2 : EXIT_FIRST_MS;
	if (session->poll_ms > EXIT_LAST_MS)
		session->poll_ms = EXIT_LAST_MS;
	if (now < session->patience_ms)
		return task_pause(task, session->poll_ms, again, err);
	fail(err, ERR_UNREACHABLE,
	     "location `%s`: the streams of `%.100s` in container `%s` ended, but it still runs: its exit "
	     "code is "
	     "not known",
	     location_of(task), task->wish.exec->command[0], task->wish.name);
	return PROGRESS_FAILED;
}

static enum progress ask_end(struct task *task, struct error *err);

static enum progress end_told(struct task *task, struct error *err)
{
	struct call *call = &task->calls[0];
	struct session *session = task->session;

	if (!call_ok(call))
		return call_failed(call, err, "location `%s`: the exit code of `%.100s` cannot be told",
				   location_of(task), task->wish.exec->command[0]);
	const json_t *told = call_json(call, err);
	if (!told)
		return PROGRESS_FAILED;
	if (json_is_true(json_object_get(told, "Running")))
		return still_runs(task, ask_end, err);
	if (!json_is_integer(json_object_get(told, "ExitCode")))
		return call_unusable(call, err, "no end of a command");
	/* What never had a number never ran; Podman tells no number of what has ended. */
	bool numbered = json_number(told, "Pid", 1) != 0;
	int64_t code = json_number(told, "ExitCode", 0);
	if (code && (task->docker->libpod[0] ? session->held.length > 0 : !numbered))
		return cannot_run(task,
				  session->held.length ? words_of(&task->arena, text_view(&session->held),
								  session->held.length)
						       : "see its output",
				  err);
	session_believe(session);
	task->wish.exec->code = (int)code;
	return PROGRESS_DONE;
}

static enum progress ask_end(struct task *task, struct error *err)
{
	const struct question question = {
	    .method = "GET",
	    .path = arena_format(&task->arena, "/exec/%s/json", task->target),
	};

	return ask(task, 0, &question, end_told, err);
}

/* --- its life ------------------------------------------------------------------------------ */

static enum progress not_opened(struct task *task, struct error *err)
{
	struct session *session = task->session;

	if (session->error.code != OK) {
		explain(task->docker, "POST /exec/start", CHANGE_MS, &session->error, err);
		return PROGRESS_FAILED;
	}
	const char *words =
	    refusal_of(&task->arena, text_view(&session->refusal), session->refusal.length, session->status);
	if (session->status == 400 || session->status == 500)
		return cannot_run(task, words, err);
	fail(err, ERR_FAILED, "location `%s`: `%.100s` cannot be run in container `%s`: %s",
	     location_of(task), task->wish.exec->command[0], task->wish.name, words);
	return PROGRESS_FAILED;
}

static enum progress lost(struct task *task, const char *why, struct error *err)
{
	fail(err, ERR_UNREACHABLE,
	     "location `%s`: the session with `%.100s` in container `%s` was lost, it may still run: %s",
	     location_of(task), task->wish.exec->command[0], task->wish.name, why);
	return PROGRESS_FAILED;
}

static enum progress flow(struct task *task, struct error *err)
{
	struct session *session = task->session;

	if (session_move(session, err) < 0)
		return PROGRESS_FAILED;
	if (session->frames.garbage)
		return lost(task, "what came is no output", err);
	if (!session->over)
		return PROGRESS_WAITING;
	if (!session->opened)
		return not_opened(task, err);
	if (session->error.code != OK)
		return lost(task, session->error.text, err);
	if (session_cut(session))
		return lost(task, "its output was cut off", err);
	return ask_end(task, err);
}

static enum progress made(struct task *task, struct error *err)
{
	static const char *const texts[] = {"Id", NULL};
	struct call *call = &task->calls[0];

	if (!call_ok(call)) {
		call_failed(call, err, "location `%s`: nothing can be run in container `%s`",
			    location_of(task), task->wish.name);
		if (call->error.code == OK && call->status == 409)
			err->code = ERR_FAILED;
		return PROGRESS_FAILED;
	}
	const json_t *exec = call_named(call, texts, "no command under way", err);
	if (!exec)
		return PROGRESS_FAILED;
	task->target = escaped(&task->arena, json_text(exec, "Id"));
	struct session *session = arena_alloc(&task->arena, sizeof(*session));
	if (!task->target || !session)
		return out_of_memory(err);
	*session = (struct session){.task = task, .frames.raw = task->wish.exec->terminal};
	return session_open(session, flow, err);
}

/* --- its beginning ------------------------------------------------------------------------- */

static json_t *list_of(const char *const *words)
{
	owned_json list = json_array();

	for (; *words; words++)
		if (json_array_append_new(list, json_string(*words)) < 0)
			return NULL;
	return give(list);
}

static json_t *exec_body(const struct exec_session *exec)
{
	owned_json words = list_of(exec->command);
	owned_json body =
	    !words ? NULL
		   : json_pack("{s:b, s:b, s:b, s:b, s:O, s:s, s:[i, i]}", "AttachStdin", exec->interactive,
			       "AttachStdout", 1, "AttachStderr", 1, "Tty", exec->terminal, "Cmd", words,
			       "DetachKeys", DETACH_KEYS, "ConsoleSize", (int)exec->rows, (int)exec->columns);
	if (!body || (exec->user && json_put_text(body, "User", exec->user)) ||
	    (exec->directory && json_put_text(body, "WorkingDir", exec->directory)) ||
	    (exec->environment && json_put(body, "Env", list_of(exec->environment))))
		return NULL;
	return give(body);
}

static enum progress not_running(struct task *task, const char *state, struct error *err)
{
	fail(err, ERR_FAILED, "location `%s`: container `%s` is not running (it is %.32s)", location_of(task),
	     task->wish.name, state ? state : "stopped");
	if (state && !strcmp(state, "paused"))
		remedy(err, "`docker unpause %s` lets it go on", task->wish.name);
	else
		remedy(err, "`berth start %s` starts what is stopped", task->wish.app);
	return PROGRESS_FAILED;
}

static enum progress looked(struct task *task, struct error *err)
{
	int ours = inspected_is_ours(task, task->wish.name, err);

	if (ours < 0)
		return PROGRESS_FAILED;
	if (!ours) {
		fail(err, ERR_MISSING, "location `%s`: there is no container `%s`", location_of(task),
		     task->wish.name);
		return PROGRESS_FAILED;
	}
	const char *state = json_text(json_at(call_json(&task->calls[0], err), "State"), "Status");
	if (!state || strcmp(state, "running") != 0)
		return not_running(task, state, err);
	const struct question question = {
	    .method = "POST",
	    .path = container_path(task, "/exec"),
	    .body = exec_body(task->wish.exec),
	    .fresh = true,
	};
	if (!question.body)
		return out_of_memory(err);
	return ask(task, 0, &question, made, err);
}

enum progress exec_begin(struct task *task, struct error *err)
{
	return inspect(task, task->wish.name, looked, err);
}
