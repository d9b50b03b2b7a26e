/* release.c - what an application leaves at an engine goes: its networks, and its volumes when asked. */
#include <string.h>

#include "locations/docker/docker.h"

enum { LEAVING_PAUSE_MS = 500 };

static step remove_next;

static enum progress removed(struct task *task, struct error *err)
{
	struct call *call = &task->calls[0];
	size_t left = json_array_size(task->kept);
	const char *path = json_string_value(json_array_get(task->kept, left - 1));

	if (call_ok(call) || (call->error.code == OK && call->status == 404)) {
		json_array_remove(task->kept, left - 1);
		task->tries = 0;
		return task_go(task, remove_next);
	}
	/* A deleted network or volume stays deleted, so an unanswered call is simply made again. */
	if (call_unsure(call) && ++task->tries < TRIES)
		return task_go(task, remove_next);
	bool held = call->error.code == OK &&
		    (call->status == 409 || strstr(call_words(call), "has active endpoints"));
	/* Containers that were just removed take a moment to leave. */
	if (held && ++task->tries < TRIES)
		return task_pause(task, LEAVING_PAUSE_MS, remove_next, err);
	call_failed(call, err, "location `%s`: cannot remove %s of `%s`", task->docker->location->name,
		    starts_with(path, "/networks/") ? "the network" : "a volume", task->wish.app);
	if (held) {
		err->code = ERR_CONFLICT;
		remedy(
		    err,
		    "some container still uses it: `docker ps -a` and `docker network inspect` tell which");
	}
	return PROGRESS_FAILED;
}

static enum progress remove_next(struct task *task, struct error *err)
{
	size_t left = json_array_size(task->kept);

	if (!left)
		return PROGRESS_DONE;
	const struct question question = {
	    .method = "DELETE",
	    .path = arena_text(&task->arena, json_string_value(json_array_get(task->kept, left - 1))),
	};
	return ask(task, 0, &question, removed, err);
}

static int add(struct task *task, const char *kind, const char *id)
{
	const char *name = id ? escaped(&task->arena, id) : NULL;
	const char *path = name ? arena_format(&task->arena, "/%s/%s", kind, name) : NULL;

	return path ? json_array_append_new(task->kept, json_string(path)) : -1;
}

/* A lease that lives is somebody's: its deploy gives it back. */
static bool to_go(const struct task *task, const json_t *volume, const char *own_name, int64_t now_ms)
{
	const char *name = json_text(volume, "Name");

	if (is_lease(volume))
		return now_ms && lease_left(volume, now_ms) <= 0;
	return task->wish.volumes && own_name && name && !strcmp(name, own_name);
}

/* Only what carries its own name: a copy's labels say nothing of whose it is. */
static int add_volumes(struct task *task, const json_t *volumes, int64_t now_ms)
{
	for (size_t i = 0; i < json_array_size(volumes); i++) {
		const json_t *volume = json_array_get(volumes, i),
			     *labels = json_object_get(volume, "Labels");
		const char *own = json_text(labels, "berth.volume");
		const char *name = own ? arena_format(&task->arena, "%s.%s", task->wish.app, own) : NULL;
		if (own && !name)
			return -1;
		if (marked(labels, task->wish.app) && to_go(task, volume, name, now_ms) &&
		    add(task, "volumes", json_text(volume, "Name")) < 0)
			return -1;
	}
	return 0;
}

static int add_networks(struct task *task, const json_t *networks)
{
	const char *wanted = network_name(&task->arena, task->wish.app);

	for (size_t i = 0; wanted && i < json_array_size(networks); i++) {
		const json_t *network = json_array_get(networks, i);
		const char *name = json_text(network, "Name");
		if (name && !strcmp(name, wanted) &&
		    marked(json_object_get(network, "Labels"), task->wish.app) &&
		    add(task, "networks", json_text(network, "Id")) < 0)
			return -1;
	}
	return wanted ? 0 : -1;
}

static enum progress listed(struct task *task, struct error *err)
{
	struct call *first = &task->calls[0], *second = &task->calls[1];
	const char *location = task->docker->location->name;

	if (!call_ok(first))
		return call_failed(first, err, "location `%s`: cannot list the networks", location);
	if (!call_ok(second))
		return call_failed(second, err, "location `%s`: cannot list the volumes", location);
	const json_t *networks = call_list(first, err);
	const json_t *volumes = networks ? call_volumes(second, err) : NULL;
	if (!volumes)
		return PROGRESS_FAILED;
	if (!(task->kept = json_array()) || add_volumes(task, volumes, answered_at(second)) < 0 ||
	    add_networks(task, networks) < 0)
		return out_of_memory(err);
	return task_go(task, remove_next);
}

enum progress release_begin(struct task *task, struct error *err)
{
	const char *filter = label_filter(&task->arena, task->wish.app);
	struct question question = {
	    .method = "GET",
	    .path = filter ? arena_format(&task->arena, "/networks?%s", filter) : NULL,
	};

	if (ask(task, 0, &question, listed, err) == PROGRESS_FAILED)
		return PROGRESS_FAILED;
	question.path = arena_format(&task->arena, "/volumes?%s", filter);
	return ask(task, 1, &question, listed, err);
}
