/* routes.c - what a request asks for, whoever asks: refused in Marathon's words, or done. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "simulation/marathon/model.h"

void asked_refuse(struct asked *asked, int status, const char *format, ...)
{
	char words[400];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(words, sizeof(words), format, arguments);
	va_end(arguments);
	json_decref(asked->answer);
	asked->status = status;
	asked->answer = must_have(json_pack("{s:s}", "message", words));
}

bool asked_flag(const struct asked *asked, const char *name, bool otherwise)
{
	char key[40];

	snprintf(key, sizeof(key), "%s=", name);
	const char *value = strstr(asked->query, key);
	return value ? starts_with(value + strlen(key), "true") : otherwise;
}

void asked_accept(struct asked *asked, int status, const struct deployment *deployment)
{
	asked->status = status;
	snprintf(asked->deployment, sizeof(asked->deployment), "%s", deployment->id);
	asked->answer = must_have(
	    json_pack("{s:s, s:s}", "version", deployment->version, "deploymentId", deployment->id));
}

bool asked_is_locked(struct asked *asked, const struct app *app)
{
	const struct deployment *deployment = deployment_of(asked->cluster, app);

	if (!deployment)
		return false;
	asked_refuse(asked, 409,
		     "App is locked by one or more deployments. Override with the option '?force=true'. View "
		     "details at '/v2/deployments/<DEPLOYMENT_ID>'.");
	json_object_set_new(asked->answer, "deployments", json_pack("[{s:s}]", "id", deployment->id));
	/* Who was refused is told of as a deployment that failed, under an id that nobody knows. */
	events_tell(asked->cluster, "deployment_failed",
		    json_pack("{s:s, s:{s:s, s:s, s:[]}}", "id", "unknown", "plan", "id", "unknown",
			      "version", deployment->version, "steps"));
	return true;
}

/* --- deployments -------------------------------------------------------------------------------------------
 */

static void list_deployments(struct asked *asked)
{
	asked->status = 200;
	asked->answer = must_have(json_array());
	for (const struct deployment *each = asked->cluster->deployments; each; each = each->next)
		if (deployment_is_listed(each))
			json_array_append_new(asked->answer, tell_deployment(each));
}

/* What it made goes, what it changed becomes what it was. */
static void take_back(struct asked *asked, struct deployment *old)
{
	struct marathon_cluster *cluster = asked->cluster;
	struct deployment *deployment = deployment_begin(cluster);

	for (size_t i = 0; i < old->app_count; i++) {
		struct app *app = old->apps[i];
		deployment_add(deployment, app, app_revision(app));
		app->gone = !old->before[i].definition;
		if (app->gone)
			continue;
		json_decref(app->now.definition);
		app->now = old->before[i];
		json_incref(app->now.definition);
	}
	asked_accept(asked, 200, deployment);
	deployment_end(old, false);
}

static void ask_of_deployments(struct asked *asked, const char *rest)
{
	struct deployment *deployment = *rest ? deployment_find(asked->cluster, rest + 1) : NULL;

	if (!strcmp(asked->method, "GET") && !*rest)
		list_deployments(asked);
	else if (strcmp(asked->method, "DELETE") != 0 || !*rest)
		asked_refuse(asked, 405, "Method Not Allowed");
	else if (!deployment)
		asked_refuse(asked, 404, "DeploymentPlan %s does not exist", rest + 1);
	else if (asked_flag(asked, "force", false)) {
		deployment_end(deployment, false);
		asked->status = 202;
	} else
		take_back(asked, deployment);
}

/* --- all of it ---------------------------------------------------------------------------------------------
 */

static void tell_info(struct asked *asked)
{
	const char *leader = marathon_cluster_addresses[asked->cluster->leader];

	asked->status = 200;
	asked->answer =
	    must_have(json_pack("{s:s, s:s, s:b, s:s, s:s, s:{s:s}}", "name", "marathon", "version",
				"1.11.26", "elected", true, "leader", leader, "frameworkId", "simulated-0000",
				"marathon_config", "mesos_leader_ui_url", "http://10.0.2.9:5050/"));
}

void routes_ask(struct asked *asked)
{
	static const struct {
		const char *path;
		void (*ask)(struct asked *, const char *rest);
	} routes[] = {{"/apps", apps_ask}, {"/groups", groups_ask}, {"/deployments", ask_of_deployments}};

	for (size_t i = 0; i < sizeof(routes) / sizeof(*routes); i++) {
		size_t length = strlen(routes[i].path);
		if (strncmp(asked->path, routes[i].path, length) != 0 ||
		    (asked->path[length] && asked->path[length] != '/'))
			continue;
		routes[i].ask(asked, asked->path + length);
		return;
	}
	if (!strcmp(asked->path, "/info")) {
		tell_info(asked);
	} else if (!strcmp(asked->path, "/queue")) {
		asked->status = 200;
		asked->answer = tell_queue(asked->cluster);
	} else {
		asked_refuse(asked, 500, "URI not found");
	}
}
