/* network.c - the one network of an application: found, or made on a subnet of our own pool. */
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "locations/docker/docker.h"

enum { SETTLE_TRIES = 200, LINK_NAME_DIGITS = 12 };

static step list_named, list_all;

static enum progress cannot(struct task *task, struct call *call, struct error *err)
{
	return call_failed(call, err, "location `%s`: cannot prepare the network of `%s`",
			   task->docker->location->name, task->wish.app);
}

/* --- the networks' ids: a name may stand for two of them, an id for one --- */

const char *network_id(const struct docker *docker, const char *app)
{
	return map_get(docker->networks, app);
}

static void forget(struct map **networks, const char *app)
{
	free(map_get(*networks, app));
	map_drop(networks, app);
}

void network_forget(struct docker *docker, const char *app)
{
	forget(&docker->networks, app);
}

static bool free_one(const char *app, void *id, void *context)
{
	(void)app, (void)context;
	free(id);
	return true;
}

void networks_release(struct docker *docker)
{
	map_each(docker->networks, free_one, NULL);
	map_each(docker->listed, free_one, NULL);
	map_release(&docker->networks);
	map_release(&docker->listed);
}

static int note(struct map **networks, const char *app, const char *id)
{
	char *copy = strdup(id);

	forget(networks, app);
	if (copy && map_put(networks, app, copy) == 0)
		return 0;
	free(copy);
	return -1;
}

void network_listed(struct docker *docker, const char *app, const char *id)
{
	if (id)
		(void)note(&docker->listed, app, id); /* without memory it is not known */
	else
		forget(&docker->listed, app);
}

const char *network_as_listed(const struct docker *docker, const char *app)
{
	return map_get(docker->listed, app);
}

bool network_is_here(const struct docker *docker, const char *id)
{
	struct world *world = docker->world;
	char bridge[sizeof("br-") + LINK_NAME_DIGITS];

	if (docker->libpod[0])
		return networks_are_here(docker);
	snprintf(bridge, sizeof(bridge), "br-%.*s", LINK_NAME_DIGITS, id);
	return world->ops->has_interface(world, bridge);
}

/* The default bridge is there as soon as an engine is; but another engine may have one too. */
bool networks_are_here(const struct docker *docker)
{
	struct world *world = docker->world;

	if (docker->libpod[0])
		return docker->endpoint.local && !docker->rootless;
	return docker->endpoint.local && world->ops->has_interface(world, "docker0");
}

/* --- those that are there --- */

/* The engine takes the name for none of them when there are two. */
static enum progress twice(struct task *task, struct error *err)
{
	const char *location = task->docker->location->name, *app = task->wish.app;

	network_forget(task->docker, app);
	fail(err, ERR_CONFLICT, "location `%s`: network `berth.%s` is there twice, and `%.64s` is in use",
	     location, app, task->target);
	remedy(
	    err,
	    "`docker network inspect %.12s` tells who uses it; remove those, then `docker network rm %.12s`",
	    task->target, task->target);
	return PROGRESS_FAILED;
}

static step remove_younger;

static enum progress younger_removed(struct task *task, struct error *err)
{
	struct call *call = &task->calls[0];
	const char *words = call->error.code == OK && !call_ok(call) ? call_words(call) : "";

	if (call_ok(call) || (call->error.code == OK && call->status == 404)) {
		json_array_remove(task->kept, json_array_size(task->kept) - 1);
		return task_go(task, remove_younger);
	}
	/* By its id, so that once more does no harm. */
	if (call_unsure(call) && ++task->tries < TRIES)
		return task_go(task, remove_younger);
	if (call->error.code == OK && (call->status == 409 || strstr(words, "has active endpoints")))
		return twice(task, err);
	return cannot(task, call, err);
}

/* Younger ones of the same name go. */
static enum progress remove_younger(struct task *task, struct error *err)
{
	size_t left = json_array_size(task->kept);

	if (!left)
		return PROGRESS_DONE;
	task->target = arena_text(&task->arena, json_string_value(json_array_get(task->kept, left - 1)));
	const char *id = task->target ? escaped(&task->arena, task->target) : NULL;
	const struct question question = {
	    .method = "DELETE",
	    .path = id ? arena_format(&task->arena, "/networks/%s", id) : NULL,
	};
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

static enum progress stranger_s(struct task *task, const char *name, struct error *err)
{
	fail(err, ERR_CONFLICT, "location `%s`: network `%s` is there already and was not made by berth",
	     task->docker->location->name, name);
	remedy(err, "remove it (`docker network rm %s`) or give the application another id", name);
	return PROGRESS_FAILED;
}

/* All of the application's name: *ret_oldest of them (NULL when there is none), the ids of the others in
 * task->kept. A stranger's would be taken for ours by every container. */
static int sort_out(struct task *task, const char *name, const json_t **ret_oldest, struct error *err)
{
	struct call *call = &task->calls[0];
	const json_t *networks = call_list(call, err), *oldest = NULL;

	for (size_t i = 0; i < json_array_size(networks); i++) {
		const json_t *network = json_array_get(networks, i);
		const char *id = json_text(network, "Id");
		if (!is_named(network, name))
			continue;
		if (!id || !*id) {
			call_unusable(call, err, "no list");
			return -1;
		}
		if (!marked(json_object_get(network, "Labels"), task->wish.app)) {
			stranger_s(task, name, err);
			return -1;
		}
		if (!oldest || older(network, oldest))
			oldest = network;
	}
	json_decref(task->kept);
	task->kept = json_array();
	for (size_t i = 0; oldest && i < json_array_size(networks); i++) {
		const json_t *network = json_array_get(networks, i);
		if (network != oldest && is_named(network, name) &&
		    json_array_append(task->kept, json_object_get(network, "Id")) < 0)
			return fail_memory(err);
	}
	*ret_oldest = oldest;
	return !networks ? -1 : task->kept ? 0 : fail_memory(err);
}

static enum progress listed_named(struct task *task, struct error *err)
{
	struct call *call = &task->calls[0];
	const char *name = network_name(&task->arena, task->wish.app);
	const json_t *oldest = NULL;

	if (!name)
		return out_of_memory(err);
	if (!call_ok(call))
		return cannot(task, call, err);
	if (sort_out(task, name, &oldest, err) < 0)
		return PROGRESS_FAILED;
	if (oldest && note(&task->docker->networks, task->wish.app, json_text(oldest, "Id")) < 0)
		return out_of_memory(err);
	if (task->found) {
		if (oldest)
			return task_go(task, task->found);
		fail(err, ERR_MISSING, "location `%s`: there is no network `%s`",
		     task->docker->location->name, name);
		remedy(err, "the application's network went away; deploy again");
		return PROGRESS_FAILED;
	}
	return task_go(task, oldest ? remove_younger : list_all);
}

/* By name, which finds strangers' too; the engine takes it for a part of the name. */
static enum progress list_named(struct task *task, struct error *err)
{
	const char *name = network_name(&task->arena, task->wish.app);
	owned_json filters = name ? json_pack("{s:[s]}", "name", name) : NULL;
	owned_memory char *line = filters ? json_line(filters) : NULL;
	const char *value = line ? escaped(&task->arena, line) : NULL;
	const struct question question = {
	    .method = "GET",
	    .path = value ? arena_format(&task->arena, "/networks?filters=%s", value) : NULL,
	};

	return ask(task, 0, &question, listed_named, err);
}

enum progress network_find(struct task *task, step *next, struct error *err)
{
	task->found = next;
	return network_id(task->docker, task->wish.app) ? task_go(task, next) : list_named(task, err);
}

/* --- a new one --- */

static enum progress made(struct task *task, struct error *err)
{
	struct call *call = &task->calls[0];
	char subnet[32];

	/* Made, or perhaps: names are not unique, so that others' are looked for too. */
	bool raced = call_unsure(call) || (call->error.code == OK && call->status == 409);
	if (call_ok(call) || (raced && ++task->tries < TRIES))
		return task_go(task, list_named);
	if (call->error.code == OK && strcasestr(call_words(call), "overlap") &&
	    ++task->tries < SETTLE_TRIES) {
		subnet_format(task->subnet, subnet);
		if (json_array_append_new(task->kept, json_string(subnet)) < 0)
			return out_of_memory(err);
		return task_go(task, list_all);
	}
	return cannot(task, call, err);
}

/* Room for the instances, the gateway, the network's own two addresses and a replacement beside each; and as
 * much again for those that keep their address (pins.c). */
static int prefix_for(const struct docker *docker, size_t instances)
{
	int prefix = docker->subnet_prefix;

	while (prefix > 8 && (UINT64_C(1) << (31 - prefix)) < 2 * (uint64_t)instances + 4)
		prefix--;
	return prefix;
}

static json_t *network_body(struct task *task, const char *name)
{
	struct subnet lower = {.network = task->subnet.network, .prefix = task->subnet.prefix + 1};
	char subnet[32], given[32];

	subnet_format(task->subnet, subnet);
	subnet_format(lower, given);
	return json_pack("{s:s, s:s, s:b, s:{s:s}, s:{s:[{s:s, s:s}]}}", "Name", name, "Driver", "bridge",
			 "CheckDuplicate", 1, "Labels", "berth.app", task->wish.app, "IPAM", "Config",
			 "Subnet", subnet, "IPRange", given);
}

static enum progress make(struct task *task, const json_t *networks, const char *name, struct error *err)
{
	const struct docker *docker = task->docker;
	const struct prepare_request *request = task->wish.prepare;
	int prefix = prefix_for(docker, request->instances);
	char pool[32];

	if (!subnet_pick(docker, task->wish.app, prefix, networks, task->kept, &task->subnet)) {
		subnet_format(docker->pool, pool);
		fail(err, ERR_FAILED,
		     "location `%s`: no subnet of length /%d is free in %s for the network of `%s`",
		     docker->location->name, prefix, pool, task->wish.app);
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
	const char *name = network_name(&task->arena, task->wish.app);

	if (!call_ok(call))
		return cannot(task, call, err);
	const json_t *networks = call_list(call, err);
	if (!networks)
		return PROGRESS_FAILED;
	if (!name)
		return out_of_memory(err);
	for (size_t i = 0; i < json_array_size(networks); i++) {
		const json_t *network = json_array_get(networks, i);
		if (!is_named(network, name))
			continue;
		if (marked(json_object_get(network, "Labels"), task->wish.app))
			return task_go(task, list_named); /* made by somebody in between */
		return stranger_s(task, name, err);
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
	network_forget(task->docker, task->wish.app);
	return list_named(task, err);
}
