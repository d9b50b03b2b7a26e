/* release.c - what an application leaves at an engine goes: helpers, its networks, and its volumes when
 * asked. */
#include <string.h>

#include "locations/docker/docker.h"

enum { LEAVING_PAUSE_MS = 500 };

enum { NETWORKS, VOLUMES, HELPERS };

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
		    starts_with(path, "/networks/")  ? "the network"
		    : starts_with(path, "/volumes/") ? "a volume"
						     : "a helper",
		    task->wish.app);
	if (held) {
		err->code = ERR_CONFLICT;
		remedy(err, "some container still uses it: `docker ps -a` and `docker network inspect` tell "
			    "which; when none "
			    "does, the engine has lost count, until it is restarted");
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

static int add(struct task *task, const char *kind, const char *id, const char *how)
{
	const char *name = id ? escaped(&task->arena, id) : NULL;
	const char *path = name ? arena_format(&task->arena, "/%s/%s%s", kind, name, how) : NULL;

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
		    add(task, "volumes", json_text(volume, "Name"), "") < 0)
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
		    add(task, "networks", json_text(network, "Id"), "") < 0)
			return -1;
	}
	return wanted ? 0 : -1;
}

/* Left by a deploy that was killed, or of one under way. */
static int add_helpers(struct task *task, const json_t *containers)
{
	for (size_t i = 0; i < json_array_size(containers); i++) {
		const json_t *container = json_array_get(containers, i),
			     *labels = json_object_get(container, "Labels");
		if (marked(labels, task->wish.app) && is_helper(container_name(container), labels) &&
		    add(task, "containers", json_text(container, "Id"), "?force=1&v=1") < 0)
			return -1;
	}
	return 0;
}

/* From the last to the first: a network goes when nobody uses it. */
static enum progress listed(struct task *task, struct error *err)
{
	static const char *const kinds[] = {"networks", "volumes", "helpers"};
	const json_t *answers[COUNT_OF(kinds)] = {NULL};

	for (unsigned i = 0; i < COUNT_OF(kinds); i++) {
		struct call *call = &task->calls[i];
		if (!call_ok(call))
			return call_failed(call, err, "location `%s`: cannot list the %s",
					   task->docker->location->name, kinds[i]);
		if (!(answers[i] = i == VOLUMES ? call_volumes(call, err) : call_list(call, err)))
			return PROGRESS_FAILED;
	}
	prober_forget(task->docker, task->wish.app);
	if (!(task->kept = json_array()) ||
	    add_volumes(task, answers[VOLUMES], answered_at(&task->calls[VOLUMES])) < 0 ||
	    add_networks(task, answers[NETWORKS]) < 0 || add_helpers(task, answers[HELPERS]) < 0)
		return out_of_memory(err);
	return task_go(task, remove_next);
}

static char *helper_filter(struct task *task)
{
	const char *label = arena_format(&task->arena, "berth.app=%s", task->wish.app);
	owned_json filters = label ? json_pack("{s:[s, s]}", "label", label, "berth.helper") : NULL;
	owned_memory char *line = filters ? json_line(filters) : NULL;
	return line ? escaped(&task->arena, line) : NULL;
}

static enum progress ask_list(struct task *task, unsigned slot, const char *path, const char *query,
			      struct error *err)
{
	const struct question question = {
	    .method = "GET",
	    .path = query ? arena_format(&task->arena, "%s%s", path, query) : NULL,
	};

	return ask(task, slot, &question, listed, err);
}

enum progress release_begin(struct task *task, struct error *err)
{
	const char *ours = label_filter(&task->arena, task->wish.app);

	if (ask_list(task, NETWORKS, "/networks?", ours, err) == PROGRESS_FAILED ||
	    ask_list(task, VOLUMES, "/volumes?", ours, err) == PROGRESS_FAILED)
		return PROGRESS_FAILED;
	return ask_list(task, HELPERS, "/containers/json?all=1&filters=", helper_filter(task), err);
}
