/* tell.c - apps, tasks, groups, deployments and the queue as Marathon tells them. */
#include <stdio.h>
#include <string.h>

#include "simulation/marathon/model.h"

/* --- tasks -----------------------------------------------------------------------------------------------
 */

static bool is_told(const struct task *task)
{
	return task->condition != TASK_QUEUED && task->condition != TASK_GHOST;
}

static json_t *tell_ports(const struct task *task)
{
	json_t *ports = must_have(json_array());

	for (size_t i = 0; i < task->port_count && task->condition != TASK_FAILED; i++)
		json_array_append_new(ports, json_integer(task->ports[i]));
	return ports;
}

static void put_times(const struct task *task, json_t *json)
{
	char stamp[STAMP_SIZE];

	json_object_set_new(json, "version", json_string(task->version));
	write_stamp(task->staged_ms, stamp);
	json_object_set_new(json, "stagedAt", json_string(stamp));
	if (task->condition == TASK_STAGING)
		return;
	write_stamp(task->started_ms, stamp);
	json_object_set_new(json, "startedAt", json_string(stamp));
}

static json_t *tell_task(const struct task *task)
{
	static const char *const states[] = {[TASK_STAGING] = "TASK_STAGING",
					     [TASK_RUNNING] = "TASK_RUNNING",
					     [TASK_KILLING] = "TASK_KILLING",
					     [TASK_FAILED] = "TASK_FAILED",
					     [TASK_GHOST] = "TASK_UNREACHABLE"};
	char id[240];

	task_write_id(task, id, sizeof(id));
	json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s+, s:o}", "id", id, "appId", task->app->id, "host",
				 agent_host(task->agent), "state", states[task->condition], "slaveId",
				 "agent-", agent_host(task->agent), "ports", tell_ports(task));
	if (task->condition != TASK_FAILED)
		put_times(task, json);
	if (task->condition == TASK_RUNNING && app_is_checked(task->app))
		json_object_set_new(
		    json, "healthCheckResults",
		    json_pack("[{s:b, s:i}]", "alive", task->answers, "consecutiveFailures", 0));
	return must_have(json);
}

/* --- apps ------------------------------------------------------------------------------------------------
 */

static void put_counts(const struct app *app, json_t *json)
{
	int staged = 0, running = 0, healthy = 0, unhealthy = 0;

	for (const struct task *task = app->tasks; task; task = task->next) {
		staged += task->condition == TASK_STAGING;
		running += task->condition == TASK_RUNNING;
		if (task->condition == TASK_RUNNING && app_is_checked(app))
			*(task->answers ? &healthy : &unhealthy) += 1;
	}
	json_object_set_new(json, "tasksStaged", json_integer(staged));
	json_object_set_new(json, "tasksRunning", json_integer(running));
	json_object_set_new(json, "tasksHealthy", json_integer(healthy));
	json_object_set_new(json, "tasksUnhealthy", json_integer(unhealthy));
}

static void put_versions(const struct app *app, json_t *json)
{
	char scaled[STAMP_SIZE], changed[STAMP_SIZE];

	write_stamp(app->now.scaled_ms, scaled);
	write_stamp(app->now.changed_ms, changed);
	json_object_set_new(json, "version", json_string(app->now.version));
	json_object_set_new(json, "versionInfo",
			    json_pack("{s:s, s:s}", "lastScalingAt", scaled, "lastConfigChangeAt", changed));
}

json_t *tell_app(const struct app *app, bool tasks)
{
	json_t *json = must_have(json_deep_copy(app->now.definition)), *deployments = must_have(json_array());

	put_versions(app, json);
	put_counts(app, json);
	for (const struct deployment *each = app->cluster->deployments; each; each = each->next)
		for (size_t i = 0; i < each->app_count; i++)
			if (each->apps[i] == app && deployment_is_listed(each))
				json_array_append_new(deployments, json_pack("{s:s}", "id", each->id));
	json_object_set_new(json, "deployments", deployments);
	if (app->failure)
		json_object_set(json, "lastTaskFailure", app->failure);
	if (!tasks)
		return json;
	json_t *list = must_have(json_array());
	for (const struct task *task = app->tasks; task; task = task->next)
		if (is_told(task))
			json_array_append_new(list, tell_task(task));
	json_object_set_new(json, "tasks", list);
	return json;
}

/* --- groups ----------------------------------------------------------------------------------------------
 */

/* "/a/b" is in "/a", "/a/b/c" is not. */
static bool is_in(const char *id, const char *group)
{
	const char *last = strrchr(id, '/');
	size_t length = (size_t)(last - id);

	return !strcmp(group, "/") ? last == id : length == strlen(group) && !strncmp(id, group, length);
}

json_t *tell_group(const struct marathon_cluster *cluster, const char *id)
{
	json_t *apps = must_have(json_array()), *groups = must_have(json_array()), *value;
	const char *path;

	for (const struct app *app = cluster->apps; app; app = app->next)
		if (!app->gone && is_in(app->id, id))
			json_array_append_new(apps, tell_app(app, false));
	json_object_foreach (cluster->groups, path, value) {
		if (is_in(path, id))
			json_array_append_new(groups, tell_group(cluster, path));
	}
	return must_have(json_pack("{s:s, s:o, s:[], s:o, s:[]}", "id", id, "apps", apps, "pods", "groups",
				   groups, "dependencies"));
}

/* --- what is under way -------------------------------------------------------------------------------------
 */

static const char *action_on(const struct deployment *deployment, size_t i)
{
	const struct app *app = deployment->apps[i];

	return app->gone                                    ? "StopApplication"
	       : !deployment->before[i].definition          ? "StartApplication"
	       : !strcmp(app->now.version, app->now.config) ? "RestartApplication"
							    : "ScaleApplication";
}

static json_t *tell_actions(const struct deployment *deployment)
{
	json_t *actions = must_have(json_array());

	for (size_t i = 0; i < deployment->app_count; i++)
		json_array_append_new(actions, json_pack("{s:s, s:s}", "action", action_on(deployment, i),
							 "app", deployment->apps[i]->id));
	return actions;
}

json_t *tell_plan(const struct deployment *deployment)
{
	return must_have(json_pack("{s:s, s:s, s:[{s:o}]}", "id", deployment->id, "version",
				   deployment->version, "steps", "actions", tell_actions(deployment)));
}

json_t *tell_deployment(const struct deployment *deployment)
{
	json_t *apps = must_have(json_array());

	for (size_t i = 0; i < deployment->app_count; i++)
		json_array_append_new(apps, json_string(deployment->apps[i]->id));
	return must_have(json_pack("{s:s, s:s, s:o, s:[], s:[{s:o}], s:o, s:i, s:i}", "id", deployment->id,
				   "version", deployment->version, "affectedApps", apps, "affectedPods",
				   "steps", "actions", tell_actions(deployment), "currentActions",
				   tell_actions(deployment), "currentStep", 1, "totalSteps", 1));
}

json_t *tell_queue(const struct marathon_cluster *cluster)
{
	json_t *queue = must_have(json_array());

	for (const struct app *app = cluster->apps; app; app = app->next) {
		int count = 0;
		for (const struct task *task = app->tasks; task; task = task->next)
			count += task->condition == TASK_QUEUED;
		if (count && !app->gone)
			json_array_append_new(
			    queue,
			    json_pack("{s:i, s:{s:i, s:b}, s:{s:i, s:i, s:[{s:s, s:i, s:i}]}, s:o}", "count",
				      count, "delay", "timeLeftSeconds", 0, "overdue", true,
				      "processedOffersSummary", "processedOffersCount", MARATHON_AGENTS,
				      "unusedOffersCount", MARATHON_AGENTS, "rejectSummaryLastOffers",
				      "reason", "InsufficientMemory", "declined", MARATHON_AGENTS,
				      "processed", MARATHON_AGENTS, "app", tell_app(app, false)));
	}
	return must_have(json_pack("{s:o}", "queue", queue));
}
