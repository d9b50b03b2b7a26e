/* groups.c - what is asked of groups: made with their children at one moment, looked at, removed with all
 * that is below them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "simulation/marathon/model.h"

static bool is_below(const char *id, const char *group)
{
	size_t length = strlen(group);

	return !strcmp(group, "/") || (!strncmp(id, group, length) && id[length] == '/');
}

void group_make(struct marathon_cluster *cluster, const char *id)
{
	char path[600];

	if (!*id || !strcmp(id, "/"))
		return;
	for (const char *at = id + 1;; at++) {
		if (*at && *at != '/')
			continue;
		snprintf(path, sizeof(path), "%.*s", (int)(at - id), id);
		json_object_set_new(cluster->groups, path, json_true());
		if (!*at)
			return;
	}
}

static void tell_change(struct marathon_cluster *cluster)
{
	char version[STAMP_SIZE];

	write_stamp(cluster_next_stamp(cluster), version);
	events_tell(cluster, "group_change_success",
		    json_pack("{s:s, s:s}", "groupId", "/", "version", version));
	cluster->stamp++;
}

static void post(struct asked *asked)
{
	const char *id = json_text(asked->body, "id");
	const json_t *children = json_object_get(asked->body, "groups");

	if (!id || json_object_get(asked->cluster->groups, id)) {
		asked_refuse(asked, 409, "Group %s is already created. Use PUT to change this group.",
			     id ? id : "/");
		return;
	}
	if (app_find(asked->cluster, id)) {
		asked_refuse(asked, 409, "An app with the path %s already exists.", id);
		return;
	}
	group_make(asked->cluster, id);
	for (size_t i = 0; i < json_array_size(children); i++)
		group_make(asked->cluster, json_text(json_array_get(children, i), "id"));
	tell_change(asked->cluster);
	/* A plan of no step is done at once. */
	struct deployment *deployment = deployment_begin(asked->cluster);
	asked_accept(asked, 201, deployment);
	deployment_end(deployment, true);
}

static bool any_is_locked(struct asked *asked, const char *id)
{
	for (const struct app *app = asked->cluster->apps; app; app = app->next)
		if (!app->gone && is_below(app->id, id) && asked_is_locked(asked, app))
			return true;
	return false;
}

static void discard(struct asked *asked, const char *id)
{
	struct marathon_cluster *cluster = asked->cluster;
	const char *path;
	json_t *value;
	void *next;

	if (!asked_flag(asked, "force", false) && any_is_locked(asked, id))
		return;
	struct deployment *deployment = deployment_begin(cluster);
	for (struct app *app = cluster->apps; app; app = app->next)
		if (!app->gone && is_below(app->id, id)) {
			deployment_add(deployment, app, app_revision(app));
			app->gone = true;
		}
	json_object_foreach_safe(cluster->groups, next, path, value)
	{
		if (!strcmp(path, id) || is_below(path, id))
			json_object_del(cluster->groups, path);
	}
	tell_change(cluster);
	asked_accept(asked, 200, deployment);
	cluster_stir(cluster);
}

void groups_ask(struct asked *asked, const char *rest)
{
	const char *id = *rest ? rest : "/";
	bool there = !strcmp(id, "/") || json_object_get(asked->cluster->groups, id);

	if (!strcmp(asked->method, "POST") && !*rest && asked->body) {
		post(asked);
	} else if (!there) {
		asked_refuse(asked, 404, "Group '%s' does not exist", id);
	} else if (!strcmp(asked->method, "GET")) {
		asked->status = 200;
		asked->answer = tell_group(asked->cluster, id);
	} else if (!strcmp(asked->method, "DELETE") && *rest) {
		discard(asked, id);
	} else {
		asked_refuse(asked, 405, "Method Not Allowed");
	}
}
