/* pins.c - an address that an instance keeps, because its consumers hold the number.
 *
 * The engine reserves an address when a container starts, not when it is made; a stopped one's is free for
 * anybody. So pinned addresses lie in the upper half of the application's subnet, and the engine gives
 * others' from the lower half (network.c asks it to). */
#include <arpa/inet.h>
#include <string.h>

#include "base/map.h"
#include "locations/docker/docker.h"

enum { NETWORK, CONTAINERS };

static bool at_address(const char *written, const char *address)
{
	size_t length = strlen(address);

	/* A network tells it with the length of its prefix. */
	return written && !strncmp(written, address, length) && (!written[length] || written[length] == '/');
}

static bool endpoint_has(const json_t *endpoint, const char *address)
{
	return at_address(fixed_address(endpoint), address) ||
	       at_address(json_text(endpoint, "IPAddress"), address);
}

/* By a container of ours, running or not, by whoever else is on the network, or by one just being made. */
static bool taken(struct task *task, const json_t *network, const json_t *containers, const char *key,
		  const char *address)
{
	const char *app = task->wish.app, *id;
	json_t *attached;

	if (map_get(task->docker->picked, key))
		return true;
	for (size_t i = 0; i < json_array_size(containers); i++)
		if (endpoint_has(endpoint_of(json_array_get(containers, i), app), address))
			return true;
	json_object_foreach (json_object_get(network, "Containers"), id, attached)
		if (at_address(json_text(attached, "IPv4Address"), address))
			return true;
	return false;
}

static int subnet_of(const json_t *network, struct subnet *ret)
{
	const json_t *config;
	size_t i;

	json_array_foreach (json_at(network, "IPAM.Config"), i, config) {
		const char *written = json_text(config, "Subnet");
		if (written && subnet_parse(written, ret) && ret->prefix <= 29)
			return 0;
	}
	return -1;
}

void pin_forget(struct task *task)
{
	if (task->picked)
		map_drop(&task->docker->picked, task->picked);
	task->picked = NULL;
}

static int keep(struct task *task, const char *address, const char *key)
{
	pin_forget(task);
	if (!(task->address = arena_text(&task->arena, address)) ||
	    map_put(&task->docker->picked, key, task->docker) < 0)
		return -1;
	task->picked = key;
	return 0;
}

/* The first free one from a place of the instance's own, so that two deployers rarely want the same. */
static enum progress pick(struct task *task, const json_t *network, const json_t *containers,
			  struct error *err)
{
	const struct instance_spec *spec = task->wish.spec;
	struct subnet subnet;
	char address[INET_ADDRSTRLEN];

	if (subnet_of(network, &subnet) < 0) {
		fail(err, ERR_UNSUPPORTED,
		     "location `%s`: the network of `%s` has no subnet to pin an address in",
		     task->docker->location->name, spec->app);
		return PROGRESS_FAILED;
	}
	uint32_t half = UINT32_C(1) << (31 - subnet.prefix), first = name_hash(spec->name);
	/* The last one is everybody's. */
	for (uint32_t i = 0; i < half - 1; i++) {
		struct in_addr numeric = {htonl(subnet.network + half + (first + i) % (half - 1))};
		inet_ntop(AF_INET, &numeric, address, sizeof(address));
		const char *key = arena_format(&task->arena, "%s %s", spec->app, address);
		if (key && taken(task, network, containers, key, address))
			continue;
		return key && keep(task, address, key) == 0 ? task_go(task, task->pinned)
							    : out_of_memory(err);
	}
	fail(err, ERR_FAILED, "location `%s`: the network of `%s` has no free address to pin `%s` to",
	     task->docker->location->name, spec->app, spec->name);
	remedy(err,
	       "give the location a smaller `subnetSize` prefix, destroy the application and deploy anew");
	return PROGRESS_FAILED;
}

static enum progress listed(struct task *task, struct error *err)
{
	static const char *const network_texts[] = {"Id", NULL};
	struct call *first = &task->calls[NETWORK], *second = &task->calls[CONTAINERS];

	for (unsigned i = NETWORK; i <= CONTAINERS; i++)
		if (!call_ok(&task->calls[i]))
			return call_failed(&task->calls[i], err,
					   "location `%s`: cannot find a free address for `%s`",
					   task->docker->location->name, task->wish.spec->name);
	const json_t *network = call_named(first, network_texts, "no network", err);
	const json_t *containers = network ? call_list(second, err) : NULL;
	return containers ? pick(task, network, containers, err) : PROGRESS_FAILED;
}

static enum progress find_free(struct task *task, struct error *err)
{
	const char *id = escaped(&task->arena, network_id(task->docker, task->wish.app));
	const char *filter = label_filter(&task->arena, task->wish.app);
	struct question question = {
	    .method = "GET",
	    .path = id ? arena_format(&task->arena, "/networks/%s", id) : NULL,
	};

	if (ask(task, NETWORK, &question, listed, err) == PROGRESS_FAILED)
		return PROGRESS_FAILED;
	question.path = filter ? arena_format(&task->arena, "/containers/json?all=1&%s", filter) : NULL;
	return ask(task, CONTAINERS, &question, listed, err);
}

enum progress pin_find(struct task *task, step *next, struct error *err)
{
	const char *given = task->wish.spec->pinned_address;

	if (given && !(task->address = arena_text(&task->arena, given)))
		return out_of_memory(err);
	if (task->address)
		return task_go(task, next);
	task->pinned = next;
	return network_find(task, find_free, err);
}

/* --- who has it instead --- */

static enum progress holder_told(struct task *task, struct error *err)
{
	const struct instance_spec *spec = task->wish.spec;
	struct call *call = &task->calls[NETWORK];
	const json_t *network = call_ok(call) ? call_json(call, NULL) : NULL;
	const char *id, *name = NULL;
	json_t *attached;

	json_object_foreach (json_object_get(network, "Containers"), id, attached)
		if (at_address(json_text(attached, "IPv4Address"), task->address))
			name = json_text(attached, "Name");
	fail(err, ERR_CONFLICT,
	     "location `%s`: cannot start container `%s`: its address %s, which its consumers hold, is taken "
	     "by `%s`",
	     task->docker->location->name, spec->name, task->address, name ? name : "another container");
	remedy(err, "stop that one (`docker stop %s`) and deploy again", name ? name : "CONTAINER");
	return PROGRESS_FAILED;
}

static enum progress ask_holder(struct task *task, struct error *err)
{
	const char *id = escaped(&task->arena, network_id(task->docker, task->wish.app));
	const struct question question = {
	    .method = "GET",
	    .path = id ? arena_format(&task->arena, "/networks/%s", id) : NULL,
	};

	return ask(task, NETWORK, &question, holder_told, err);
}

enum progress pin_taken(struct task *task, struct error *err)
{
	return network_find(task, ask_holder, err);
}
