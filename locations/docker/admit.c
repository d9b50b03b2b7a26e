/* admit.c - give a container its component's shared name: off the network and on again, at the same address.
 */
#include <string.h>

#include "locations/docker/docker.h"

enum { CONNECT_PAUSE_MS = 300 };

static step admit_looked, connect_now, connected;

static enum progress admit_inspect(struct task *task, struct error *err)
{
	task->target = arena_text(&task->arena, network_id(task->docker, task->wish.app));
	if (!task->target)
		return out_of_memory(err);
	return inspect(task, task->wish.spec->name, admit_looked, err);
}

static enum progress admit_look(struct task *task, struct error *err)
{
	return network_find(task, admit_inspect, err);
}

static char *network_path(struct task *task, const char *rest)
{
	const char *id = escaped(&task->arena, task->target);

	return id ? arena_format(&task->arena, "/networks/%s/%s", id, rest) : NULL;
}

static bool holds(const json_t *aliases, const char *name)
{
	for (size_t i = 0; i < json_array_size(aliases); i++) {
		const char *alias = json_string_value(json_array_get(aliases, i));
		if (alias && !strcmp(alias, name))
			return true;
	}
	return false;
}

/* A call on the network failed: look where the container stands now, but not for ever. */
static enum progress again(struct task *task, struct call *call, struct error *err)
{
	if (++task->tries >= TRIES)
		return call_failed(call, err, "location `%s`: cannot connect container `%s` to its network",
				   task->docker->location->name, task->wish.spec->name);
	if (call->status == 404)
		network_forget(task->docker, task->wish.app);
	return task_pause(task, CONNECT_PAUSE_MS * task->tries, admit_look, err);
}

static enum progress connected(struct task *task, struct error *err)
{
	struct call *call = &task->calls[0];

	if (call_ok(call))
		return task->flag ? task_go(task, task->after) : PROGRESS_DONE;
	/* Somebody took the address meanwhile: better another one than none. */
	if (call->error.code == OK && strcasestr(call_words(call), "address already in use"))
		task->address = NULL;
	return again(task, call, err);
}

/* What the container kept on the network before, or what its wish says when it is off it. */
static json_t *endpoint_config(struct task *task)
{
	const struct instance_spec *spec = task->wish.spec;
	owned_json config = json_object();
	json_t *links = json_object_get(task->kept, "Links");
	owned_json aliases = json_array();
	bool shared = !task->flag || (spec->shared_from_start && spec->shared_name);

	if (!config || (shared && json_array_append_new(aliases, json_string(spec->shared_name)) < 0))
		return NULL;
	for (size_t i = 0; i < json_array_size(json_object_get(task->kept, "Aliases")); i++)
		if (json_array_append(aliases, json_array_get(json_object_get(task->kept, "Aliases"), i)) < 0)
			return NULL;
	if (json_object_set(config, "Aliases", aliases) < 0 ||
	    json_object_set_new(config, "Links",
				json_is_array(links) ? json_incref(links) : link_list(spec)) < 0)
		return NULL;
	if (task->address &&
	    json_object_set_new(config, "IPAMConfig", json_pack("{s:s}", "IPv4Address", task->address)) < 0)
		return NULL;
	return give(config);
}

static enum progress connect_now(struct task *task, struct error *err)
{
	json_t *config = endpoint_config(task);
	struct question question = {
	    .method = "POST",
	    .path = network_path(task, "connect"),
	    .body = config ? json_pack("{s:s, s:o}", "Container", task->id, "EndpointConfig", config) : NULL,
	};

	if (!question.body)
		return out_of_memory(err);
	return ask(task, 0, &question, connected, err);
}

static enum progress disconnected(struct task *task, struct error *err)
{
	struct call *call = &task->calls[0];

	return call_ok(call) ? task_go(task, connect_now) : again(task, call, err);
}

static enum progress disconnect(struct task *task, struct error *err)
{
	struct question question = {
	    .method = "POST",
	    .path = network_path(task, "disconnect"),
	    .body = json_pack("{s:s}", "Container", task->id),
	};

	if (!question.body)
		return out_of_memory(err);
	return ask(task, 0, &question, disconnected, err);
}

/* Remember what must be the same afterwards. The container's own short id comes by itself. */
static int keep(struct task *task, const json_t *container, const json_t *endpoint)
{
	const char *address = json_text(endpoint, "IPAddress"), *id = json_text(container, "Id");
	const json_t *aliases = json_object_get(endpoint, "Aliases");
	json_t *links = json_object_get(endpoint, "Links");
	owned_json kept = json_pack("{s:[]}", "Aliases");

	for (size_t i = 0; i < json_array_size(aliases); i++) {
		const char *alias = json_string_value(json_array_get(aliases, i));
		bool shared =
		    alias && task->wish.spec->shared_name && !strcmp(alias, task->wish.spec->shared_name);
		if (alias && !shared && (!id || strncmp(id, alias, strlen(alias)) != 0) &&
		    json_array_append(json_object_get(kept, "Aliases"), json_array_get(aliases, i)) < 0)
			return -1;
	}
	if (!kept || (json_is_array(links) && json_object_set(kept, "Links", links) < 0))
		return -1;
	if (address && *address && !(task->address = arena_text(&task->arena, address)))
		return -1;
	json_decref(task->kept);
	task->kept = give(kept);
	return 0;
}

static enum progress admit_looked(struct task *task, struct error *err)
{
	const struct instance_spec *spec = task->wish.spec;
	int ours = inspected_is_ours(task, spec->name, err);

	if (ours < 0)
		return PROGRESS_FAILED;
	if (!ours) {
		fail(err, ERR_MISSING, "location `%s`: container `%s` is gone", task->docker->location->name,
		     spec->name);
		return PROGRESS_FAILED;
	}
	const json_t *container = call_json(&task->calls[0], err);
	const char *network = network_name(&task->arena, spec->app);
	if (!network)
		return out_of_memory(err);
	const json_t *endpoint = json_object_get(json_at(container, "NetworkSettings.Networks"), network);
	if (!endpoint)
		return task_go(task, connect_now);
	if (!task->flag && holds(json_object_get(endpoint, "Aliases"), spec->shared_name))
		return PROGRESS_DONE;
	if (keep(task, container, endpoint) < 0)
		return out_of_memory(err);
	return task_go(task, disconnect);
}

enum progress admit_begin(struct task *task, struct error *err)
{
	const struct instance_spec *spec = task->wish.spec;

	if (!spec->shared_name || !*spec->shared_name)
		return PROGRESS_DONE;
	return admit_look(task, err);
}

/* Whoever was stopped lets its address go, and another may have it when it is started again: any will do
 * then, and the shared name comes back with the next admission. */
enum progress rejoin_begin(struct task *task, struct error *err)
{
	task->flag = true;
	return admit_look(task, err);
}
