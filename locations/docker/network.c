/* network.c - the one network of an application: found, or made on a subnet of our own pool. */
#include <stdlib.h>
#include <string.h>

#include "locations/docker/docker.h"

enum { SETTLE_TRIES = 200 };

static step list_ours, list_all;

static enum progress cannot(struct task *task, struct call *call, struct error *err)
{
	return call_failed(call, err, "location `%s`: cannot prepare the network of `%s`",
			   task->docker->location->name, task->wish.prepare->app);
}

/* Younger ones of the same name go; one that is in use stays, since the engine refuses. */
static enum progress younger_removed(struct task *task, struct error *err)
{
	size_t left = json_array_size(task->kept);

	if (!left)
		return PROGRESS_DONE;
	const struct question question = {
	    .method = "DELETE",
	    .path = arena_format(&task->arena, "/networks/%s",
				 json_string_value(json_array_get(task->kept, left - 1))),
	};
	json_array_remove(task->kept, left - 1);
	return ask(task, 0, &question, younger_removed, err);
}

static bool older(const json_t *a, const json_t *b)
{
	const char *left = json_text(a, "Created"), *right = json_text(b, "Created");
	int order = strcmp(left ? left : "", right ? right : "");

	if (order)
		return order < 0;
	return strcmp(json_text(a, "Id") ? json_text(a, "Id") : "",
		      json_text(b, "Id") ? json_text(b, "Id") : "") < 0;
}

static bool is_named(const json_t *network, const char *name)
{
	const char *its = json_text(network, "Name");

	return its && !strcmp(its, name);
}

/* Ours of the application's name: the oldest stays, the ids of the others go to task->kept. */
static const json_t *oldest_of(struct task *task, const json_t *networks, const char *name)
{
	const json_t *oldest = NULL;

	for (size_t i = 0; i < json_array_size(networks); i++) {
		const json_t *network = json_array_get(networks, i);
		if (is_named(network, name) &&
		    marked(json_object_get(network, "Labels"), task->wish.prepare->app) &&
		    (!oldest || older(network, oldest)))
			oldest = network;
	}
	for (size_t i = 0; oldest && i < json_array_size(networks); i++) {
		json_t *network = json_array_get(networks, i);
		if (network != oldest && is_named(network, name) &&
		    marked(json_object_get(network, "Labels"), task->wish.prepare->app))
			json_array_append(task->kept, json_object_get(network, "Id"));
	}
	return oldest;
}

static enum progress listed_ours(struct task *task, struct error *err)
{
	struct call *call = &task->calls[0];
	const char *name = network_name(&task->arena, task->wish.prepare->app);

	if (!call_ok(call))
		return cannot(task, call, err);
	const json_t *networks = call_json(call, err);
	if (!networks)
		return PROGRESS_FAILED;
	json_decref(task->kept);
	task->kept = json_array();
	if (!name || !task->kept)
		return out_of_memory(err);
	if (oldest_of(task, networks, name))
		return task_go(task, younger_removed);
	return task_go(task, list_all);
}

static enum progress list_ours(struct task *task, struct error *err)
{
	const char *filter = label_filter(&task->arena, task->wish.prepare->app);
	const struct question question = {
	    .method = "GET",
	    .path = filter ? arena_format(&task->arena, "/networks?%s", filter) : NULL,
	};

	return ask(task, 0, &question, listed_ours, err);
}

static enum progress made(struct task *task, struct error *err)
{
	struct call *call = &task->calls[0];
	char subnet[32];

	/* Made, or perhaps: names are not unique, so that others' are looked for too. */
	if (call_ok(call) || (call_unsure(call) && ++task->tries < TRIES))
		return task_go(task, list_ours);
	if (call->error.code == OK && strcasestr(call_words(call), "overlap") &&
	    ++task->tries < SETTLE_TRIES) {
		subnet_format(task->subnet, subnet);
		if (json_array_append_new(task->kept, json_string(subnet)) < 0)
			return out_of_memory(err);
		return task_go(task, list_all);
	}
	return cannot(task, call, err);
}

/* Room for the instances, the gateway, the network's own two addresses and a replacement beside each. */
static int prefix_for(const struct docker *docker, size_t instances)
{
	int prefix = docker->subnet_prefix;

	while (prefix > 8 && (UINT64_C(1) << (32 - prefix)) < 2 * (uint64_t)instances + 4)
		prefix--;
	return prefix;
}

static json_t *network_body(struct task *task, const char *name)
{
	char subnet[32];

	subnet_format(task->subnet, subnet);
	return json_pack("{s:s, s:s, s:b, s:{s:s}, s:{s:[{s:s}]}}", "Name", name, "Driver", "bridge",
			 "CheckDuplicate", 1, "Labels", "berth.app", task->wish.prepare->app, "IPAM",
			 "Config", "Subnet", subnet);
}

static enum progress make(struct task *task, const json_t *networks, const char *name, struct error *err)
{
	const struct docker *docker = task->docker;
	const struct prepare_request *request = task->wish.prepare;
	int prefix = prefix_for(docker, request->instances);
	char pool[32];

	if (!subnet_pick(docker, request->app, prefix, networks, task->kept, &task->subnet)) {
		subnet_format(docker->pool, pool);
		fail(err, ERR_FAILED,
		     "location `%s`: no subnet of length /%d is free in %s for the network of `%s`",
		     docker->location->name, prefix, pool, request->app);
		remedy(err,
		       "destroy applications that are not needed, or give the location `subnets:` with a "
		       "larger range");
		return PROGRESS_FAILED;
	}
	struct question question = {
	    .method = "POST",
	    .path = "/networks/create",
	    .body = network_body(task, name),
	    .fresh = true,
	};
	if (!question.body)
		return out_of_memory(err);
	return ask(task, 0, &question, made, err);
}

static enum progress listed_all(struct task *task, struct error *err)
{
	struct call *call = &task->calls[0];
	const char *name = network_name(&task->arena, task->wish.prepare->app);

	if (!call_ok(call))
		return cannot(task, call, err);
	const json_t *networks = call_json(call, err);
	if (!networks)
		return PROGRESS_FAILED;
	if (!name)
		return out_of_memory(err);
	for (size_t i = 0; i < json_array_size(networks); i++) {
		const json_t *network = json_array_get(networks, i);
		if (!is_named(network, name))
			continue;
		if (marked(json_object_get(network, "Labels"), task->wish.prepare->app))
			return task_go(task, list_ours); /* made by somebody in between */
		fail(err, ERR_CONFLICT,
		     "location `%s`: network `%s` is there already and was not made by berth",
		     task->docker->location->name, name);
		remedy(err, "remove it (`docker network rm %s`) or give the application another id", name);
		return PROGRESS_FAILED;
	}
	return make(task, networks, name, err);
}

static enum progress list_all(struct task *task, struct error *err)
{
	const struct question question = {.method = "GET", .path = "/networks"};

	return ask(task, 0, &question, listed_all, err);
}

enum progress prepare_begin(struct task *task, struct error *err)
{
	return list_ours(task, err);
}
