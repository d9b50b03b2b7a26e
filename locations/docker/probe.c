/* probe.c - does a container answer its check? Asked at its own address, from here where this machine has its
 * network, else by a helper in there; or by a command inside it. */
#include <stdio.h>
#include <string.h>

#include "locations/docker/docker.h"

enum { SHOWN_MAX = 200 };

static void probed(void *owner, const struct error *answer)
{
	struct task *task = owner;

	task->probe = NULL;
	task->probed = *answer;
	task_returned(task);
}

/* What nobody answers is "not now", whichever way the network says so. */
static enum progress tcp_told(struct task *task, struct error *err)
{
	if (task->probed.code == OK)
		return PROGRESS_DONE;
	fail(err, ERR_FAILED, "%s", task->probed.text);
	return PROGRESS_FAILED;
}

static enum progress ask_tcp(struct task *task, struct error *err)
{
	const struct health_check *check = task->wish.check;
	struct world *world = task->docker->world;

	task->probe =
	    world->ops->tcp_probe(world, task->address, check->port, check->timeout_ms, probed, task);
	if (!task->probe)
		return out_of_memory(err);
	task->waiting++;
	return task_go(task, tcp_told);
}

static void answered(void *owner, struct http_answer *answer)
{
	struct call *call = owner;

	call->exchange = NULL;
	call->error = answer->error;
	call->status = answer->status;
	call->body = answer->body;
	answer->body = (struct text){0};
	task_returned(call->task);
}

static enum progress http_told(struct task *task, struct error *err)
{
	const struct health_check *check = task->wish.check;
	struct call *call = &task->calls[0];
	bool good = check->status ? call->status == check->status : call->status >= 200 && call->status < 400;
	owned_text shown = {0};

	if (call->error.code != OK) {
		fail(err, ERR_FAILED, "%s: %s", call->what, call->error.text);
		return PROGRESS_FAILED;
	}
	if (good)
		return PROGRESS_DONE;
	text_add_printable(&shown, text_view(&call->body),
			   call->body.length < SHOWN_MAX ? call->body.length : SHOWN_MAX);
	fail(err, ERR_FAILED, "%s answered %d%s%s", call->what, call->status, shown.length ? ": " : "",
	     text_view(&shown));
	return PROGRESS_FAILED;
}

static const char *page_of(const struct task *task)
{
	const char *path = task->wish.check->path;

	return path && *path ? path : "/";
}

/* The page's address, as messages have it too. */
static const char *note_url(struct task *task)
{
	const char *path = page_of(task);
	const char *url = arena_format(&task->arena, "http://%s:%u%s%s", task->address,
				       task->wish.check->port, *path == '/' ? "" : "/", path);
	struct call *call = &task->calls[0];

	call_release(call);
	call->task = task;
	snprintf(call->what, sizeof(call->what), "%s", url ? url : "");
	return url;
}

static enum progress ask_http(struct task *task, struct error *err)
{
	struct world *world = task->docker->world;
	struct call *call = &task->calls[0];
	const struct http_request request = {
	    .method = "GET",
	    .url = note_url(task),
	    .timeout_ms = task->wish.check->timeout_ms,
	    .fresh = true, /* a kept connection says nothing of new ones */
	};
	const struct http_sink sink = {.done = answered, .owner = call};

	if (!request.url)
		return out_of_memory(err);
	call->exchange = world->ops->http_send(world, &request, &sink, err);
	if (!call->exchange)
		return PROGRESS_FAILED;
	task->waiting++;
	return task_go(task, http_told);
}

/* --- by a helper in its network: the answer is put where our own would be ------------------------ */

static enum progress tcp_told_there(struct task *task, struct error *err)
{
	const char *answer = prober_answer(task);

	if (!answer)
		return out_of_memory(err);
	task->probed = (struct error){0};
	if (starts_with(answer, "error "))
		fail(&task->probed, ERR_UNREACHABLE, "%s", answer + strlen("error "));
	else if (strcmp(answer, "open") != 0)
		fail(&task->probed, ERR_FAILED, "the helper that asks there speaks strangely");
	return tcp_told(task, err);
}

/* "status 418 73686f7274" */
static bool read_status(const char *answer, struct call *call)
{
	int hex = 0;
	unsigned byte;

	if (sscanf(answer, "status %3d %n", &call->status, &hex) != 1 || !hex)
		return false;
	for (const char *at = answer + hex; sscanf(at, "%2x", &byte) == 1; at += 2)
		text_add_char(&call->body, (char)byte);
	return true;
}

static enum progress http_told_there(struct task *task, struct error *err)
{
	const char *answer = prober_answer(task);
	struct call *call = &task->calls[0];

	if (!answer || !note_url(task))
		return out_of_memory(err);
	if (starts_with(answer, "error "))
		fail(&call->error, ERR_UNREACHABLE, "%s", answer + strlen("error "));
	else if (!read_status(answer, call))
		fail(&call->error, ERR_FAILED, "the helper that asks there speaks strangely");
	return http_told(task, err);
}

static enum progress ask_there(struct task *task, const char *network, struct error *err)
{
	const struct health_check *check = task->wish.check;
	const char *path = page_of(task), *id = arena_text(&task->arena, network);
	bool http = check->kind == CHECK_HTTP;
	const char *question = arena_format(
	    &task->arena, "%s %lld %s %u%s%s%s", http ? "http" : "tcp", (long long)check->timeout_ms,
	    task->address, check->port, http ? " " : "", http && *path != '/' ? "/" : "", http ? path : "");

	if (question && !printable(question)) {
		fail(err, ERR_FAILED, "the check's path holds control characters");
		return PROGRESS_FAILED;
	}
	return prober_ask(task, id, question, check->timeout_ms, http ? http_told_there : tcp_told_there,
			  err);
}

/* --- which way ------------------------------------------------------------------------------------ */

const char *docker_readiness(struct location *location, const struct instance_spec *spec,
			     const struct health_check *check)
{
	struct docker *docker = location->state;
	const char *network = network_as_listed(docker, spec->app);

	if (check->kind == CHECK_NONE)
		return "by its running";
	if (check->kind == CHECK_COMMAND)
		return "in the container";
	if (network ? network_is_here(docker, network) : networks_are_here(docker))
		return "from here";
	return prober_possible(docker) ? "by a helper in its network" : NULL;
}

static enum progress ask_address(struct task *task, const json_t *container, struct error *err)
{
	const char *network = network_name(&task->arena, task->wish.spec->app);
	const json_t *endpoint =
	    network ? json_object_get(json_at(container, "NetworkSettings.Networks"), network) : NULL;
	const char *address = json_text(endpoint, "IPAddress"), *id = json_text(endpoint, "NetworkID");

	if (!network)
		return out_of_memory(err);
	if (!address || !*address || !id || !*id) {
		fail(err, ERR_FAILED, "container `%s` has no address on `%s` now", task->wish.spec->name,
		     network);
		return PROGRESS_FAILED;
	}
	task->address = arena_text(&task->arena, address);
	if (!task->address)
		return out_of_memory(err);
	/* Its number may be somebody else's wherever the network itself is not. */
	if (!network_is_here(task->docker, id))
		return ask_there(task, id, err);
	return task->wish.check->kind == CHECK_TCP ? ask_tcp(task, err) : ask_http(task, err);
}

static enum progress does_not_run(struct task *task, const json_t *state, struct error *err)
{
	const char *status = json_text(state, "Status"), *words = json_text(state, "Error");

	if (status && !strcmp(status, "paused")) {
		fail(err, ERR_FAILED, "container `%s` is paused", task->wish.spec->name);
		return PROGRESS_FAILED;
	}
	fail(err, ERR_FAILED, "container `%s` is %s%s%s (exit code %d%s)", task->wish.spec->name,
	     status ? status : "not running", words && *words ? ": " : "", words ? words : "",
	     (int)json_number(state, "ExitCode", -1),
	     json_flag(state, "OOMKilled", false) ? ", out of memory" : "");
	return PROGRESS_FAILED;
}

static enum progress looked(struct task *task, struct error *err)
{
	const struct instance_spec *spec = task->wish.spec;
	int ours = inspected_is_ours(task, spec->name, err);

	if (ours < 0)
		return PROGRESS_FAILED;
	if (!ours) {
		fail(err, ERR_FAILED, "container `%s` is gone", spec->name);
		return PROGRESS_FAILED;
	}
	const json_t *container = call_json(&task->calls[0], err);
	const json_t *state = json_object_get(container, "State");
	const char *status = json_text(state, "Status");
	if (!status || strcmp(status, "running") != 0)
		return does_not_run(task, state, err);
	switch (task->wish.check->kind) {
	case CHECK_NONE:
		return PROGRESS_DONE;
	case CHECK_COMMAND:
		return task_go(task, command_begin);
	default:
		return ask_address(task, container, err);
	}
}

enum progress probe_begin(struct task *task, struct error *err)
{
	return inspect(task, task->wish.spec->name, looked, err);
}
