/* deployments.c - changes under way: each holds its apps until all is as it asks, and never fails by itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulation/marathon/model.h"

struct deployment *deployment_begin(struct marathon_cluster *cluster)
{
	struct deployment *deployment = must_have(calloc(1, sizeof(*deployment))),
			  **end = &cluster->deployments;

	deployment->cluster = cluster;
	snprintf(deployment->id, sizeof(deployment->id), "%08x-0000-4000-8000-000000000000",
		 ++cluster->last_deployment);
	write_stamp(cluster_next_stamp(cluster), deployment->version);
	while (*end)
		end = &(*end)->next;
	*end = deployment;
	return deployment;
}

void deployment_add(struct deployment *deployment, struct app *app, struct revision before)
{
	if (deployment->app_count == APPS_MOST)
		abort();
	deployment->apps[deployment->app_count] = app;
	deployment->before[deployment->app_count++] = before;
}

static bool touches(const struct deployment *deployment, const struct app *app)
{
	for (size_t i = 0; i < deployment->app_count; i++)
		if (!strcmp(deployment->apps[i]->id, app->id))
			return true;
	return false;
}

struct deployment *deployment_of(const struct marathon_cluster *cluster, const struct app *app)
{
	struct deployment *each = cluster->deployments;

	while (each && !touches(each, app))
		each = each->next;
	return each;
}

struct deployment *deployment_find(const struct marathon_cluster *cluster, const char *id)
{
	struct deployment *each = cluster->deployments;

	while (each && strcmp(each->id, id) != 0)
		each = each->next;
	return each;
}

bool deployment_is_listed(const struct deployment *deployment)
{
	return clock_now(deployment->cluster->clock) >= deployment->listed_ms;
}

void deployment_end(struct deployment *deployment, bool well)
{
	struct marathon_cluster *cluster = deployment->cluster;
	struct deployment **link = &cluster->deployments;

	while (*link != deployment)
		link = &(*link)->next;
	*link = deployment->next;
	events_tell(cluster, well ? "deployment_success" : "deployment_failed",
		    json_pack("{s:s, s:o}", "id", deployment->id, "plan", tell_plan(deployment)));
	for (size_t i = 0; i < deployment->app_count; i++)
		json_decref(deployment->before[i].definition);
	free(deployment);
	cluster_stir(cluster);
}

void deployments_cancel(struct marathon_cluster *cluster, const struct app *app)
{
	struct deployment *each;

	while ((each = deployment_of(cluster, app)))
		deployment_end(each, false);
}

/* --- done ---------------------------------------------------------------------------------------------- */

static bool is_done(const struct app *app, bool lenient)
{
	unsigned good = 0;

	for (const struct task *task = app->tasks; task; task = task->next) {
		if (task->condition == TASK_GHOST) /* it is not waited for */
			continue;
		if (!task_is_new(task))
			return false;
		if (task_is_good(task) || (lenient && task->condition == TASK_QUEUED))
			good++;
	}
	return good == app_instances(app);
}

static bool are_all_done(const struct deployment *deployment)
{
	for (size_t i = 0; i < deployment->app_count; i++)
		if (!is_done(deployment->apps[i], deployment->lenient))
			return false;
	return true;
}

void deployments_settle(struct marathon_cluster *cluster)
{
	struct deployment *next;

	for (struct deployment *each = cluster->deployments; each; each = next) {
		next = each->next;
		if (deployment_is_listed(each) && are_all_done(each))
			deployment_end(each, true);
	}
}

void deployments_recover(struct marathon_cluster *cluster)
{
	for (struct deployment *each = cluster->deployments; each; each = each->next)
		each->lenient = true;
	cluster_stir(cluster);
}
