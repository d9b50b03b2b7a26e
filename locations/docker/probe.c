/* probe.c - does a container answer its check? Asked at its own address, or by a command inside it. */
#include <stdio.h>
#include <string.h>

#include "locations/docker/docker.h"

enum { LINK_NAME_DIGITS = 12, SHOWN_MAX = 200 };

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

static enum progress ask_http(struct task *task, struct error *err)
{
	const struct health_check *check = task->wish.check;
	struct world *world = task->docker->world;
	struct call *call = &task->calls[0];
	const char *path = check->path && *check->path ? check->path : "/";
	const char *url = arena_format(&task->arena, "http://%s:%u%s%s", task->address, check->port,
				       *path == '/' ? "" : "/", path);
	const struct http_request request = {
	    .method = "GET",
	    .url = url,
	    .timeout_ms = check->timeout_ms,
	    .fresh = true, /* a kept connection says nothing of new ones */
	};
	const struct http_sink sink = {.done = answered, .owner = call};

	if (!url)
		return out_of_memory(err);
	call_release(call);
	call->task = task;
	snprintf(call->what, sizeof(call->what), "%s", url);
	call->exchange = world->ops->http_send(world, &request, &sink, err);
	if (!call->exchange)
		return PROGRESS_FAILED;
	task->waiting++;
	return task_go(task, http_told);
}

/* A container's own address is reached from the machine that has its network's bridge alone. */
static bool reachable(struct task *task, const json_t *endpoint)
{
	struct world *world = task->docker->world;
	const char *id = json_text(endpoint, "NetworkID");
	char bridge[sizeof("br-") + LINK_NAME_DIGITS];

	if (!id)
		return false;
	snprintf(bridge, sizeof(bridge), "br-%.*s", LINK_NAME_DIGITS, id);
	return world->ops->has_interface(world, bridge);
}

static enum progress ask_address(struct task *task, const json_t *container, struct error *err)
{
	const char *network = network_name(&task->arena, task->wish.spec->app);
	const json_t *endpoint =
	    network ? json_object_get(json_at(container, "NetworkSettings.Networks"), network) : NULL;
	const char *address = json_text(endpoint, "IPAddress");

	if (!network)
		return out_of_memory(err);
	if (!address || !*address) {
		fail(err, ERR_FAILED, "container `%s` has no address on `%s` now", task->wish.spec->name,
		     network);
		return PROGRESS_FAILED;
	}
	if (!reachable(task, endpoint)) {
		fail(err, ERR_UNSUPPORTED,
		     "cannot be verified from here: container `%s` is on another machine's network",
		     task->wish.spec->name);
		remedy(err, "use a check of kind `command`, which runs inside the container");
		return PROGRESS_FAILED;
	}
	task->address = arena_text(&task->arena, address);
	if (!task->address)
		return out_of_memory(err);
	return task->wish.check->kind == CHECK_TCP ? ask_tcp(task, err) : ask_http(task, err);
}

static enum progress does_not_run(struct task *task, const json_t *state, struct error *err)
{
	const char *status = json_text(state, "Status"), *words = json_text(state, "Error");

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
