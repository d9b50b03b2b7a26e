/* read_task.c - one task as Marathon tells it: in what state, on which agent, at which numbers. */
#include <string.h>

#include "base/cleanup.h"
#include "locations/marathon/answers.h"
#include "locations/marathon/reading.h"

/* Words that nobody knows, of versions to come, are those of a task that is not to be counted on. */
static enum marathon_state state_of(const char *word)
{
	static const struct {
		const char *word;
		enum marathon_state state;
	} states[] = {
	    {"TASK_STAGING", TASK_STAGED}, {"TASK_STARTING", TASK_STAGED}, {"TASK_CREATED", TASK_STAGED},
	    {"TASK_RUNNING", TASK_RUNS},   {"TASK_KILLING", TASK_LEAVING}, {"TASK_UNREACHABLE", TASK_AWAY},
	    {"TASK_LOST", TASK_AWAY},      {"TASK_UNKNOWN", TASK_AWAY},
	};

	for (size_t i = 0; i < COUNT_OF(states); i++)
		if (!strcmp(states[i].word, word))
			return states[i].state;
	return TASK_OVER;
}

static int read_ports(const struct marathon_reading *reading, const json_t *json, struct marathon_task *ret)
{
	const json_t *list;

	if (marathon_take_list(reading, json, "ports", &list) < 0)
		return -1;
	uint16_t *ports = arena_array(reading->arena, uint16_t, json_array_size(list) + 1);
	if (!ports)
		return fail_memory(reading->err);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *port = json_array_get(list, i);
		if (!json_is_integer(port) || json_integer_value(port) < 0 ||
		    json_integer_value(port) > UINT16_MAX)
			return fail(reading->err, ERR_UNREACHABLE,
				    "Marathon told of a task with a port that is none");
		ports[i] = (uint16_t)json_integer_value(port);
	}
	ret->ports = ports;
	ret->port_count = json_array_size(list);
	return 0;
}

/* Before it runs that is its agent's. */
static int read_address(const struct marathon_reading *reading, const json_t *json, struct marathon_task *ret)
{
	const json_t *list;

	if (marathon_take_list(reading, json, "ipAddresses", &list) < 0)
		return -1;
	if (ret->state == TASK_RUNS)
		ret->address = json_text(json_array_get(list, 0), "ipAddress");
	return 0;
}

/* Of several checks the worst; one that was not made yet is not known. */
static int read_health(const struct marathon_reading *reading, const json_t *json, struct marathon_task *ret)
{
	const json_t *list;

	if (marathon_take_list(reading, json, "healthCheckResults", &list) < 0)
		return -1;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *result = json_array_get(list, i);
		if (json_is_null(result))
			continue;
		bool alive = json_flag(result, "alive", false);
		bool asked = alive || json_text(result, "lastFailure") || json_text(result, "lastSuccess");
		if (alive && ret->health == HEALTH_UNKNOWN)
			ret->health = HEALTH_GOOD;
		if (!alive && asked)
			ret->health = HEALTH_BAD;
		if (!alive && json_text(result, "lastFailureCause"))
			ret->cause = json_text(result, "lastFailureCause");
		if (!asked && ret->health == HEALTH_GOOD)
			ret->health = HEALTH_UNKNOWN;
	}
	return 0;
}

int marathon_task_read(const json_t *json, struct arena *arena, struct marathon_task *ret, struct error *err)
{
	const struct marathon_reading reading = {arena, "task", err};

	*ret = (struct marathon_task){0};
	if (marathon_must_be_object(&reading, json) < 0 ||
	    marathon_take_text(&reading, json, "id", true, &ret->id) < 0 ||
	    marathon_take_text(&reading, json, "appId", false, &ret->app) < 0 ||
	    marathon_take_text(&reading, json, "host", false, &ret->host) < 0 ||
	    marathon_take_text(&reading, json, "slaveId", false, &ret->agent) < 0 ||
	    marathon_take_text(&reading, json, "version", false, &ret->version) < 0 ||
	    marathon_take_text(&reading, json, "state", false, &ret->state_word) < 0 ||
	    marathon_take_time(&reading, json, "stagedAt", &ret->staged_ms) < 0 ||
	    marathon_take_time(&reading, json, "startedAt", &ret->started_ms) < 0)
		return -1;
	/* Old ones told no state: what was started runs. */
	if (!ret->state_word)
		ret->state_word = ret->started_ms ? "TASK_RUNNING" : "TASK_STAGING";
	ret->state = state_of(ret->state_word);
	return read_ports(&reading, json, ret) < 0 || read_address(&reading, json, ret) < 0 ||
		       read_health(&reading, json, ret) < 0
		   ? -1
		   : 0;
}

bool marathon_reached(const struct marathon_app *app, const struct marathon_task *task,
		      const struct marathon_mapping *mapping, const char **ret_address, uint16_t *ret_number)
{
	size_t place = 0;

	if (task->state != TASK_RUNS)
		return false;
	if (!mapping->at_host) {
		*ret_address = task->address;
		*ret_number = mapping->port;
		return task->address && mapping->port;
	}
	for (const struct marathon_mapping *each = app->mappings; each != mapping; each++)
		place += each->at_host;
	*ret_address = task->host;
	*ret_number = place < task->port_count ? task->ports[place] : 0;
	return task->host && *ret_number;
}
