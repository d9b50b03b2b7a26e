/* lifecycle.c - start, stop and remove a container, and find out what an unanswered call came to. */
#include <string.h>

#include "base/map.h"
#include "locations/docker/docker.h"

enum { LONGEST_GRACE_S = 86400, REMOVAL_PAUSE_MS = 200, REMOVAL_LIMIT_MS = 60000, BUSY_TRIES = 20 };

static step remove_now, start_now, start_look, stop_now, stop_looked, pinned_looked, lay;

/* --- start --- */

static enum progress start_refused(struct task *task, struct call *call, struct error *err)
{
	const char *words = call_words(call), *name = task->wish.spec->name;

	call_failed(call, err, "location `%s`: cannot start container `%s`", task->docker->location->name,
		    name);
	if (strstr(words, "port is already allocated") || strstr(words, "address already in use")) {
		err->code = ERR_CONFLICT;
		remedy(err, "stop what listens on that port (`ss -ltnp` and `docker ps` show it), or choose "
			    "another one");
	} else if (strstr(words, "cannot assign requested address")) {
		remedy(err, "give the location an `address:` that the engine's machine has");
	} else if (strstr(words, "executable file not found") || strstr(words, "no such file or directory")) {
		err->code = ERR_FAILED;
		remedy(err, "see whether the image has that program (`command`, `entrypoint`, `dir`)");
	} else if (strstr(words, "no available IPv4 addresses")) {
		remedy(err, "give the location a smaller `subnetSize` prefix and deploy anew");
	} else if (call->error.code == OK && call->status != 404 && err->code != ERR_CAPACITY) {
		err->code = ERR_FAILED;
	}
	return PROGRESS_FAILED;
}

/* It is to have an address of its own, and that is not the one it would get. */
static bool to_be_moved(const struct task *task, const json_t *container)
{
	const struct instance_spec *spec = task->wish.spec;
	const char *fixed = fixed_address(endpoint_of(container, spec->app));

	if (!spec->pin_address || container_runs(container) || task->flag)
		return false;
	return !fixed || (spec->pinned_address && strcmp(fixed, spec->pinned_address) != 0);
}

/* Whether somebody else did it is told by a look. */
static enum progress unpaused(struct task *task, struct error *err)
{
	struct call *call = &task->calls[0];

	if (call_ok(call))
		return PROGRESS_DONE;
	if ((call_unsure(call) || call->status == 500) && ++task->tries < TRIES)
		return task_go(task, start_look);
	return call_failed(call, err, "location `%s`: cannot let container `%s` go on",
			   task->docker->location->name, task->wish.spec->name);
}

static enum progress unpause(struct task *task, struct error *err)
{
	const struct question question = {.method = "POST", .path = container_path(task, "/unpause")};

	return ask(task, 0, &question, unpaused, err);
}

static enum progress begin_with(struct task *task, const json_t *container, struct error *err)
{
	const struct instance_spec *spec = task->wish.spec;
	const json_t *state = json_object_get(container, "State");
	const char *status = json_text(state, "Status"), *since = json_text(state, "StartedAt");
	bool never_ran = status && !strcmp(status, "created");

	if (status && !strcmp(status, "paused"))
		return unpause(task, err);
	/* What was made by a deploy that was killed may lack its files. */
	if (never_ran && spec->file_count && !map_get(task->docker->filled, task->id)) {
		task->after = start_look;
		return task_go(task, files_begin);
	}
	if (to_be_moved(task, container)) {
		task->after = start_look;
		return pin_find(task, rejoin_begin, err);
	}
	if (!endpoint_of(container, spec->app) && !container_runs(container)) {
		task->after = start_look;
		return task_go(task, rejoin_begin);
	}
	if (!(task->since = arena_text(&task->arena, since ? since : "")))
		return out_of_memory(err);
	return task_go(task, start_now);
}

/* A job may have run and ended before anybody looked. */
static bool has_started(const struct task *task, const json_t *container)
{
	const char *since = json_text(json_object_get(container, "State"), "StartedAt");

	return container_runs(container) || (since && strcmp(since, task->since) != 0);
}

static enum progress start_looked(struct task *task, struct error *err)
{
	int ours = inspected_is_ours(task, task->wish.spec->name, err);

	if (ours < 0)
		return PROGRESS_FAILED;
	if (!ours)
		return container_gone(task, task->wish.spec->name, err);
	const json_t *container = call_json(&task->calls[0], err);
	if (!task->unsure.code)
		return begin_with(task, container, err);
	if (has_started(task, container))
		return PROGRESS_DONE;
	if (++task->tries < TRIES)
		return task_go(task, start_now);
	explain(task->docker, "POST /containers/start", START_MS, &task->unsure, err);
	return PROGRESS_FAILED;
}

/* The engine's words for an address of the network, not for a port that somebody listens on. */
static bool address_gone(struct call *call)
{
	const char *words = call_words(call);

	return (strstr(words, "Address already in use") || strstr(words, "No available addresses") ||
		strstr(words, "is already allocated to container")) &&
	       !strstr(words, "bind:");
}

/* The address that it is pinned to is somebody else's now: another is as good as long as nobody was told. */
static enum progress pinned_looked(struct task *task, struct error *err)
{
	const struct instance_spec *spec = task->wish.spec;
	int ours = inspected_is_ours(task, spec->name, err);

	if (ours < 0)
		return PROGRESS_FAILED;
	if (!ours)
		return container_gone(task, spec->name, err);
	const json_t *container = call_json(&task->calls[0], err);
	const char *status = json_text(json_object_get(container, "State"), "Status");
	const char *fixed = fixed_address(endpoint_of(container, spec->app));
	if (!spec->pinned_address && status && !strcmp(status, "created") && ++task->tries < TRIES) {
		task->address = NULL;
		task->after = start_look;
		return pin_find(task, rejoin_begin, err);
	}
	task->address = arena_text(&task->arena, fixed ? fixed : "");
	return task->address ? pin_taken(task, err) : out_of_memory(err);
}

/* It was made for a network that went meanwhile, and came again as another one. */
static bool network_gone(struct call *call)
{
	const char *words = call_words(call);

	return call->status == 404 && starts_with(words, "network ") && strstr(words, " not found");
}

/* An engine that was killed may find a task at containerd that it knows nothing of: what it belongs to can be
 * removed, and never be started any more. */
static bool task_is_lost(struct call *call)
{
	const char *words = call_words(call);

	return call->error.code == OK && strstr(words, "task ") && strstr(words, ": already exists");
}

static enum progress start_gone(struct task *task, struct error *err)
{
	return container_gone(task, task->wish.spec->name, err);
}

static enum progress started(struct task *task, struct error *err)
{
	struct call *call = &task->calls[0];

	if (call_ok(call))
		return PROGRESS_DONE;
	if (task_is_lost(call)) {
		task->target = task->wish.spec->name;
		task->after = start_gone;
		return removal_begin(task, err);
	}
	if (call->error.code == OK && address_gone(call) && task->wish.spec->pin_address)
		return inspect_again(task, pinned_looked, err);
	if (call->error.code == OK && !task->flag && (address_gone(call) || network_gone(call))) {
		task->after = start_look;
		return task_go(task, rejoin_begin);
	}
	if (!call_unsure(call))
		return start_refused(task, call, err);
	task->unsure = call->error;
	return inspect_again(task, start_looked, err);
}

static enum progress start_asked(struct task *task, step *same, step *next, struct error *err)
{
	const struct question question = {
	    .method = "POST",
	    .path = container_path(task, "/start"),
	    .limit_ms = START_MS,
	};

	return ask_in_turn(task, TURN_MOVES, &question, same, next, err);
}

static enum progress start_now(struct task *task, struct error *err)
{
	return start_asked(task, start_now, started, err);
}

static enum progress start_look(struct task *task, struct error *err)
{
	return inspect(task, task->wish.spec->name, start_looked, err);
}

/* If there is more to it than starting what ended, or no answer, a look tells. */
static enum progress again_started(struct task *task, struct error *err)
{
	return call_ok(&task->calls[0]) ? PROGRESS_DONE : start_look(task, err);
}

/* An engine that is not done with an end yet answers no look until it is, and starts it right after. By its
 * id it can be no other one; if it runs by now this changes nothing. */
static enum progress start_again(struct task *task, struct error *err)
{
	task->id = arena_text(&task->arena, task->wish.spec->ended);
	return task->id ? start_asked(task, start_again, again_started, err) : out_of_memory(err);
}

enum progress start_begin(struct task *task, struct error *err)
{
	return task->wish.spec->ended ? start_again(task, err) : start_look(task, err);
}

/* --- stop --- */

static enum progress stopped(struct task *task, struct error *err)
{
	struct call *call = &task->calls[0];

	if (call_ok(call) || (call->error.code == OK && call->status == 404))
		return PROGRESS_DONE;
	/* An engine in trouble may have done it all the same. */
	bool doubt = call_unsure(call) || (call->error.code == OK && call->status / 100 == 5);
	if (!doubt || ++task->tries >= TRIES)
		return call_failed(call, err, "location `%s`: cannot stop container `%s`",
				   task->docker->location->name, task->wish.name);
	return inspect_again(task, stop_looked, err);
}

/* How long its end may take is kept with it. */
static enum progress stop_now(struct task *task, struct error *err)
{
	const struct question question = {
	    .method = "POST",
	    .path = container_path(task, "/stop"),
	    .limit_ms = CHANGE_MS + task->grace_ms,
	};

	return ask_in_turn(task, TURN_MOVES, &question, stop_now, stopped, err);
}

static int64_t grace_of(const json_t *container)
{
	int64_t grace = json_number(json_object_get(container, "Config"), "StopTimeout", GRACE_S);

	return 1000 * (grace < 0 || grace > LONGEST_GRACE_S ? LONGEST_GRACE_S : grace);
}

static enum progress stop_looked(struct task *task, struct error *err)
{
	int ours = inspected_is_ours(task, task->wish.name, err);

	if (ours < 0)
		return PROGRESS_FAILED;
	const json_t *container = ours ? call_json(&task->calls[0], err) : NULL;
	if (!container_runs(container))
		return PROGRESS_DONE;
	task->grace_ms = grace_of(container);
	return task_go(task, stop_now);
}

enum progress stop_begin(struct task *task, struct error *err)
{
	return inspect(task, task->wish.name, stop_looked, err);
}

/* --- removal: of what was found to be ours --- */

/* Whoever was put on its network between two runs and does not run once more stays there when it is gone: its
 * network "has active endpoints", and nobody can have its name on it. */
static int note_haunted(struct task *task, const json_t *container)
{
	const char *status = json_text(json_object_get(container, "State"), "Status");
	const json_t *endpoint = endpoint_of(container, task->wish.app);
	const char *id = json_text(endpoint, "EndpointID"), *network = json_text(endpoint, "NetworkID");
	bool runs = !status || !strcmp(status, "running") || !strcmp(status, "paused");

	task->haunted = NULL;
	if (runs || !id || !*id || !network || task->docker->libpod[0])
		return 0;
	task->haunted = escaped(&task->arena, network);
	return task->haunted ? 0 : -1;
}

static enum progress laid(struct task *task, struct error *err)
{
	(void)err;
	task->docker->leaver = NULL;
	/* Mostly it is there no more: the engine says so. What stays is told when the network is to go. */
	if (call_unsure(&task->calls[0]) && ++task->tries < TRIES)
		return task_go(task, lay);
	return task_go(task, task->after);
}

/* By the name that it had, as it is there no more. */
static enum progress lay(struct task *task, struct error *err)
{
	struct question question = {.method = "POST"};

	if (task->docker->leaver)
		return task_pause(task, REMOVAL_PAUSE_MS, lay, err);
	question.path = arena_format(&task->arena, "/networks/%s/disconnect", task->haunted);
	question.body = json_pack("{s:s, s:b}", "Container", task->target, "Force", true);
	if (!question.path || !question.body) {
		json_decref(question.body);
		return out_of_memory(err);
	}
	task->docker->leaver = task;
	return ask(task, 0, &question, laid, err);
}

static step *removal_done(struct task *task)
{
	task->tries = 0;
	return task->haunted ? lay : task->after;
}

static enum progress removal_looked(struct task *task, struct error *err)
{
	int ours = inspected_is_ours(task, task->target, err);

	if (ours < 0)
		return PROGRESS_FAILED;
	if (ours && note_haunted(task, call_json(&task->calls[0], err)) < 0)
		return out_of_memory(err);
	return task_go(task, ours ? remove_now : removal_done(task));
}

static enum progress removal_look(struct task *task, struct error *err)
{
	return inspect_again(task, removal_looked, err);
}

static enum progress removed(struct task *task, struct error *err)
{
	struct call *call = &task->calls[0];
	bool late = task_now(task) - task->since_ms > REMOVAL_LIMIT_MS;
	bool busy = call->status == 409 || (call->status == 500 && ++task->tries < BUSY_TRIES);

	if (call_ok(call) || (call->error.code == OK && call->status == 404)) {
		map_drop(&task->docker->filled, task->id);
		return task_go(task, removal_done(task));
	}
	if (call_unsure(call) && !late)
		return task_go(task, removal_look);
	/* Under way already, or its file system is still busy. */
	if (call->error.code == OK && busy && !late)
		return task_pause(task, REMOVAL_PAUSE_MS, removal_look, err);
	return call_failed(call, err, "location `%s`: cannot remove container `%s`",
			   task->docker->location->name, task->target);
}

static enum progress remove_now(struct task *task, struct error *err)
{
	const struct question question = {
	    .method = "DELETE",
	    .path = container_path(task, "?force=1&v=1"),
	};

	return ask_in_turn(task, TURN_MOVES, &question, remove_now, removed, err);
}

enum progress removal_begin(struct task *task, struct error *err)
{
	task->since_ms = task_now(task);
	return remove_now(task, err);
}

enum progress remove_begin(struct task *task, struct error *err)
{
	task->target = task->wish.name;
	task->since_ms = task_now(task);
	task->after = task_done;
	return inspect(task, task->target, removal_looked, err);
}
