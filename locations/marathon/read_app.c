/* read_app.c - one app as Marathon tells it, of its old form of networks and of the newer one. */
#include <string.h>

#include "base/cleanup.h"
#include "locations/marathon/answers.h"
#include "locations/marathon/reading.h"

static enum protocol protocol_of(const json_t *json)
{
	const char *word = json_text(json, "protocol");

	return word && !strcmp(word, "udp") ? UDP : TCP;
}

static int take_port(const struct marathon_reading *reading, const json_t *json, const char *key,
		     uint16_t *ret)
{
	int64_t number;

	if (marathon_take_count(reading, json, key, 0, &number) < 0)
		return -1;
	if (number > UINT16_MAX)
		return fail(reading->err, ERR_UNREACHABLE, "Marathon told of an app whose `%s` is no port",
			    key);
	*ret = (uint16_t)number;
	return 0;
}

static int read_mapping(const struct marathon_reading *reading, const json_t *json,
			enum marathon_network network, struct marathon_mapping *ret)
{
	*ret = (struct marathon_mapping){.at_host = true, .protocol = protocol_of(json)};
	if (json_is_integer(json)) { /* `ports` of old */
		ret->service_port = (uint16_t)json_integer_value(json);
		return 0;
	}
	if (marathon_must_be_object(reading, json) < 0 ||
	    marathon_take_text(reading, json, "name", false, &ret->name) < 0)
		return -1;
	if (network == NETWORK_HOST)
		return take_port(reading, json, "port", &ret->service_port);
	ret->at_host = network == NETWORK_BRIDGE || marathon_member(json, "hostPort");
	/* What an app with an address of its own told of itself of old has a number, and none at the host. */
	const char *own = marathon_member(json, "number") ? "number" : "containerPort";
	return take_port(reading, json, own, &ret->port) < 0 ||
		       take_port(reading, json, "hostPort", &ret->host_port) < 0 ||
		       take_port(reading, json, "servicePort", &ret->service_port) < 0
		   ? -1
		   : 0;
}

static void be_network(struct marathon_app *app, const char *word)
{
	if (!strcmp(word, "container/bridge") || !strcmp(word, "BRIDGE"))
		app->network = NETWORK_BRIDGE;
	else if (!strcmp(word, "container") || !strcmp(word, "USER"))
		app->network = NETWORK_NAMED;
}

static int read_network(const struct marathon_reading *reading, const json_t *json, struct marathon_app *ret)
{
	const json_t *docker = json_at(json, "container.docker"), *networks;
	const char *old = json_text(docker, "network");
	const json_t *address = marathon_member(json, "ipAddress");

	if (marathon_take_list(reading, json, "networks", &networks) < 0)
		return -1;
	const json_t *first = json_array_get(networks, 0);
	if (json_text(first, "mode"))
		be_network(ret, json_text(first, "mode"));
	else if (old || address)
		be_network(ret, old ? old : "USER");
	return 0;
}

/* Where they are told: the newer place first. One may be there and empty beside the other. */
static int find_mappings(const struct marathon_reading *reading, const json_t *json,
			 enum marathon_network network, const json_t **ret)
{
	const json_t *container = marathon_member(json, "container");
	const struct {
		const json_t *in;
		const char *key;
	} at_host[] = {{json, "portDefinitions"}, {json, "ports"}},
	  elsewhere[] = {{container, "portMappings"},
			 {marathon_member(container, "docker"), "portMappings"},
			 {json_at(json, "ipAddress.discovery"), "ports"}},
	  *places = network == NETWORK_HOST ? at_host : elsewhere;
	size_t count = network == NETWORK_HOST ? COUNT_OF(at_host) : COUNT_OF(elsewhere);

	*ret = NULL;
	for (size_t i = 0; i < count && !json_array_size(*ret); i++)
		if (marathon_take_list(reading, places[i].in, places[i].key, ret) < 0)
			return -1;
	return 0;
}

static int read_mappings(const struct marathon_reading *reading, const json_t *json, struct marathon_app *ret)
{
	const json_t *list;

	if (find_mappings(reading, json, ret->network, &list) < 0)
		return -1;
	struct marathon_mapping *mappings =
	    arena_array(reading->arena, struct marathon_mapping, json_array_size(list) + 1);
	if (!mappings)
		return fail_memory(reading->err);
	for (size_t i = 0; i < json_array_size(list); i++)
		if (read_mapping(reading, json_array_get(list, i), ret->network, &mappings[i]) < 0)
			return -1;
	ret->mappings = mappings;
	ret->mapping_count = json_array_size(list);
	return 0;
}

/* The oldest first; those that were not begun yet last. */
static bool before(const struct marathon_task *a, const struct marathon_task *b)
{
	int64_t a_ms = a->started_ms ? a->started_ms : INT64_MAX,
		b_ms = b->started_ms ? b->started_ms : INT64_MAX;

	return a_ms != b_ms ? a_ms < b_ms : strcmp(a->id, b->id) < 0;
}

static int read_tasks(const struct marathon_reading *reading, const json_t *json, struct marathon_app *ret)
{
	const json_t *list;

	if (marathon_take_list(reading, json, "tasks", &list) < 0)
		return -1;
	ret->tasks_told = list;
	ret->task_count = json_array_size(list);
	struct marathon_task *tasks = arena_array(reading->arena, struct marathon_task, ret->task_count + 1);
	if (!tasks)
		return fail_memory(reading->err);
	for (size_t i = 0; i < ret->task_count; i++) {
		struct marathon_task task;
		size_t at = i;
		if (marathon_task_read(json_array_get(list, i), reading->arena, &task, reading->err) < 0)
			return -1;
		for (; at && before(&task, &tasks[at - 1]); at--)
			tasks[at] = tasks[at - 1];
		tasks[at] = task;
	}
	ret->tasks = tasks;
	return 0;
}

static int read_failure(const struct marathon_reading *reading, const json_t *json, struct marathon_app *ret)
{
	const json_t *told;

	if (marathon_take_object(reading, json, "lastTaskFailure", &told) < 0)
		return -1;
	if (!told)
		return 0;
	struct marathon_failure *failure = arena_array(reading->arena, struct marathon_failure, 1);
	if (!failure)
		return fail_memory(reading->err);
	ret->failure = failure;
	return marathon_take_text(reading, told, "taskId", false, &failure->task) < 0 ||
		       marathon_take_text(reading, told, "host", false, &failure->host) < 0 ||
		       marathon_take_text(reading, told, "message", false, &failure->message) < 0 ||
		       marathon_take_text(reading, told, "state", false, &failure->state) < 0 ||
		       marathon_take_text(reading, told, "version", false, &failure->version) < 0 ||
		       marathon_take_time(reading, told, "timestamp", &failure->at_ms) < 0
		   ? -1
		   : 0;
}

static int read_counts(const struct marathon_reading *reading, const json_t *json, struct marathon_app *ret)
{
	const struct {
		const char *key;
		unsigned *to;
		unsigned otherwise;
	} counts[] = {
	    {"instances", &ret->instances, 1},      {"tasksStaged", &ret->staged, 0},
	    {"tasksRunning", &ret->running, 0},     {"tasksHealthy", &ret->healthy, 0},
	    {"tasksUnhealthy", &ret->unhealthy, 0},
	};

	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		int64_t number;
		if (marathon_take_count(reading, json, counts[i].key, counts[i].otherwise, &number) < 0)
			return -1;
		*counts[i].to = number < UINT32_MAX ? (unsigned)number : UINT32_MAX;
	}
	return marathon_take_real(reading, json, "cpus", 1, &ret->cpus) < 0 ||
		       marathon_take_real(reading, json, "mem", 128, &ret->mem) < 0 ||
		       marathon_take_real(reading, json, "disk", 0, &ret->disk) < 0
		   ? -1
		   : 0;
}

static int read_times(const struct marathon_reading *reading, const json_t *json, struct marathon_app *ret)
{
	const json_t *info;

	if (marathon_take_object(reading, json, "versionInfo", &info) < 0)
		return -1;
	return marathon_take_time(reading, info, "lastScalingAt", &ret->scaled_ms) < 0 ||
		       marathon_take_time(reading, info, "lastConfigChangeAt", &ret->changed_ms) < 0
		   ? -1
		   : 0;
}

static int read_deployments(const struct marathon_reading *reading, const json_t *json,
			    struct marathon_app *ret)
{
	const json_t *list;

	return marathon_take_list(reading, json, "deployments", &list) < 0 ||
		       marathon_take_texts(reading, list, "id", &ret->deployments, &ret->deployment_count) < 0
		   ? -1
		   : 0;
}

/* Told as long as they are asked; taken for ready by an answer to each of its tasks. */
static int read_gate(const struct marathon_reading *reading, const json_t *json, struct marathon_app *ret)
{
	const json_t *checks, *results;

	if (marathon_take_list(reading, json, "readinessChecks", &checks) < 0 ||
	    marathon_take_list(reading, json, "readinessCheckResults", &results) < 0)
		return -1;
	ret->gated = json_array_size(checks) > 0;
	for (size_t i = 0; i < json_array_size(results); i++)
		ret->ready += json_is_true(json_object_get(json_array_get(results, i), "ready"));
	return 0;
}

int marathon_app_read(const json_t *json, struct arena *arena, struct marathon_app *ret, struct error *err)
{
	const struct marathon_reading reading = {arena, "app", err};
	const json_t *container, *checks;

	*ret = (struct marathon_app){.json = json};
	if (marathon_must_be_object(&reading, json) < 0 ||
	    marathon_take_text(&reading, json, "id", true, &ret->id) < 0 ||
	    marathon_take_text(&reading, json, "version", false, &ret->version) < 0 ||
	    marathon_take_text(&reading, json, "cmd", false, &ret->command) < 0 ||
	    marathon_take_object(&reading, json, "labels", &ret->labels) < 0 ||
	    marathon_take_object(&reading, json, "container", &container) < 0 ||
	    marathon_take_list(&reading, json, "healthChecks", &checks) < 0)
		return -1;
	ret->checked = json_array_size(checks) > 0;
	ret->image = json_text(json_object_get(container, "docker"), "image");
	return read_counts(&reading, json, ret) < 0 || read_gate(&reading, json, ret) < 0 ||
		       read_network(&reading, json, ret) < 0 || read_mappings(&reading, json, ret) < 0 ||
		       read_times(&reading, json, ret) < 0 || read_deployments(&reading, json, ret) < 0 ||
		       read_failure(&reading, json, ret) < 0 || read_tasks(&reading, json, ret) < 0
		   ? -1
		   : 0;
}

static int read_apps(const struct marathon_reading *reading, const json_t *json, struct marathon_group *ret)
{
	const json_t *list, *pods;

	if (marathon_take_list(reading, json, "apps", &list) < 0 ||
	    marathon_take_list(reading, json, "pods", &pods) < 0)
		return -1;
	struct marathon_app *apps =
	    arena_array(reading->arena, struct marathon_app, json_array_size(list) + 1);
	if (!apps)
		return fail_memory(reading->err);
	for (size_t i = 0; i < json_array_size(list); i++)
		if (marathon_app_read(json_array_get(list, i), reading->arena, &apps[i], reading->err) < 0)
			return -1;
	ret->apps = apps;
	ret->app_count = json_array_size(list);
	ret->pod_count = json_array_size(pods);
	return 0;
}

int marathon_group_read(const json_t *json, struct arena *arena, struct marathon_group *ret,
			struct error *err)
{
	const struct marathon_reading reading = {arena, "group", err};
	const json_t *list;

	*ret = (struct marathon_group){0};
	if (marathon_must_be_object(&reading, json) < 0 ||
	    marathon_take_text(&reading, json, "id", true, &ret->id) < 0 ||
	    marathon_take_text(&reading, json, "version", false, &ret->version) < 0 ||
	    marathon_take_list(&reading, json, "groups", &list) < 0 || read_apps(&reading, json, ret) < 0)
		return -1;
	struct marathon_group *groups = arena_array(arena, struct marathon_group, json_array_size(list) + 1);
	if (!groups)
		return fail_memory(err);
	for (size_t i = 0; i < json_array_size(list); i++)
		if (marathon_group_read(json_array_get(list, i), arena, &groups[i], err) < 0)
			return -1;
	ret->groups = groups;
	ret->group_count = json_array_size(list);
	return 0;
}
