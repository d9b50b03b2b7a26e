/* apps.c - what is asked of apps: made, looked at, changed, restarted, removed; each change is a deployment.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "simulation/marathon/model.h"

enum { FIRST_SERVICE_PORT = 10000, GAP_MS = 120 };

struct app *app_find(const struct marathon_cluster *cluster, const char *id)
{
	struct app *app = cluster->apps;

	while (app && (app->gone || strcmp(app->id, id) != 0))
		app = app->next;
	return app;
}

void app_free(struct app *app)
{
	tasks_free(app);
	json_decref(app->now.definition);
	json_decref(app->versions);
	json_decref(app->failure);
	free(app->id);
	free(app);
}

/* --- what it is ---------------------------------------------------------------------------------------- */

static void put_default(json_t *object, const char *key, json_t *value)
{
	if (json_object_get(object, key))
		json_decref(value);
	else
		json_object_set_new(object, key, value);
}

/* Numbers that others find it by stay those that it has. */
static void number_services(struct marathon_cluster *cluster, json_t *definition, const json_t *before)
{
	json_t *list = json_at(definition, "container.portMappings");
	const json_t *old = json_at(before, "container.portMappings");

	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *each = json_array_get(list, i);
		int64_t had = json_number(json_array_get(old, i), "servicePort", 0);
		put_default(each, "hostPort", json_integer(0));
		if (!json_number(each, "servicePort", 0))
			json_object_set_new(
			    each, "servicePort",
			    json_integer(had ? had : FIRST_SERVICE_PORT + cluster->last_service_port++));
	}
}

/* As it is told from now on. */
static json_t *normal(struct marathon_cluster *cluster, const char *id, const json_t *given,
		      const json_t *before)
{
	static const char *const told_only[] = {"version", "versionInfo", "tasks", "deployments"};
	json_t *definition = must_have(json_deep_copy(given));

	for (size_t i = 0; i < sizeof(told_only) / sizeof(*told_only); i++)
		json_object_del(definition, told_only[i]);
	json_object_set_new(definition, "id", json_string(id));
	put_default(definition, "instances", json_integer(1));
	put_default(definition, "cpus", json_real(1));
	put_default(definition, "mem", json_real(128));
	put_default(definition, "disk", json_real(0));
	put_default(definition, "labels", json_object());
	number_services(cluster, definition, before);
	return definition;
}

static bool differs(const json_t *a, const json_t *b, bool but_for_instances)
{
	owned_json one = must_have(json_deep_copy(a));
	owned_json other = must_have(json_deep_copy(b));

	if (but_for_instances) {
		json_object_del(one, "instances");
		json_object_del(other, "instances");
	}
	return !json_equal(one, other);
}

static struct app *new_app(struct marathon_cluster *cluster, const char *id)
{
	struct app *app = must_have(calloc(1, sizeof(*app))), **end = &cluster->apps;

	*app = (struct app){
	    .cluster = cluster, .id = must_have(strdup(id)), .versions = must_have(json_object())};
	while (*end)
		end = &(*end)->next;
	*end = app;
	return app;
}

struct revision app_revision(const struct app *app)
{
	struct revision revision = app->now;

	json_incref(revision.definition);
	return revision;
}

/* Becomes that definition, whole; a new one when `app` is NULL. */
static struct app *app_become(struct marathon_cluster *cluster, struct app *app, const char *id,
			      json_t *definition)
{
	int64_t now = cluster_next_stamp(cluster);
	bool scaled = app && !differs(app->now.definition, definition, true);

	if (!app)
		app = new_app(cluster, id);
	write_stamp(now, app->now.version);
	app->now.scaled_ms = now;
	if (!scaled) {
		app->now.changed_ms = now;
		app->crashes = 0;
		snprintf(app->now.config, sizeof(app->now.config), "%s", app->now.version);
	}
	json_decref(app->now.definition);
	app->now.definition = definition;
	json_object_set(app->versions, app->now.version, definition);
	cluster_stir(cluster);
	return app;
}

/* --- each change -----------------------------------------------------------------------------------------
 */

/* False: another deployment holds it, which is said. One that is forced is listed a moment later. */
static bool may_change(struct asked *asked, const struct app *app, bool force, int64_t *ret_gap_ms)
{
	*ret_gap_ms = 0;
	if (!force)
		return !asked_is_locked(asked, app);
	if (deployment_of(asked->cluster, app))
		*ret_gap_ms = 1 + universe_roll(asked->cluster->universe, GAP_MS);
	deployments_cancel(asked->cluster, app);
	return true;
}

static struct deployment *begin(struct asked *asked, struct app *app, struct revision before, int64_t gap_ms)
{
	struct deployment *deployment = deployment_begin(asked->cluster);

	deployment_add(deployment, app, before);
	deployment->listed_ms = clock_now(asked->cluster->clock) + gap_ms;
	events_tell(asked->cluster, "deployment_info", json_pack("{s:o}", "plan", tell_plan(deployment)));
	cluster_stir(asked->cluster);
	return deployment;
}

static void tell_post(const struct app *app)
{
	events_tell(app->cluster, "api_post_event",
		    json_pack("{s:s, s:s, s:O}", "clientIp", "10.0.0.1", "uri", "/v2/apps", "appDefinition",
			      app->now.definition));
}

/* False: nobody could run it, which is said. */
static bool is_valid(struct asked *asked, const json_t *body)
{
	bool runs = json_object_get(body, "cmd") || json_object_get(body, "args") ||
		    json_object_get(body, "container");

	if (!runs)
		asked_refuse(asked, 422, "Object is not valid");
	return runs;
}

static void make_room(struct marathon_cluster *cluster, const char *id)
{
	char parent[200];

	snprintf(parent, sizeof(parent), "%.*s", (int)(strrchr(id, '/') - id), id);
	group_make(cluster, parent);
}

static void create(struct asked *asked, const char *id, const json_t *body, int status)
{
	if (!is_valid(asked, body))
		return;
	struct app *app = app_become(asked->cluster, NULL, id, normal(asked->cluster, id, body, NULL));
	make_room(asked->cluster, id);
	tell_post(app);
	const struct deployment *deployment = begin(asked, app, (struct revision){0}, 0);
	asked_accept(asked, status, deployment);
	if (status != 201 || !strcmp(asked->method, "PUT"))
		return;
	json_decref(asked->answer);
	asked->answer = tell_app(app, false);
	snprintf(asked->deployment, sizeof(asked->deployment), "%s", deployment->id);
}

static void post(struct asked *asked)
{
	const char *id = json_text(asked->body, "id");
	struct app *app = id ? app_find(asked->cluster, id) : NULL;

	if (!id || *id != '/')
		asked_refuse(asked, 422, "Invalid JSON");
	else if (app)
		asked_refuse(asked, 409, "An app with id [%s] already exists.", id);
	else if (json_object_get(asked->cluster->groups, id))
		asked_refuse(asked, 409, "An app with the path %s already exists.", id);
	else {
		/* One of that name may be on its way out still. */
		const struct app leaving = {.id = (char *)id};
		if (!asked_is_locked(asked, &leaving))
			create(asked, id, asked->body, 201);
	}
}

/* A plan of no step is in nobody's way, and is done at once. */
static void accept_nothing(struct asked *asked, const struct app *app)
{
	struct deployment *deployment = deployment_begin(asked->cluster);

	tell_post(app);
	asked_accept(asked, 200, deployment);
	deployment_end(deployment, true);
}

/* What the app would be with that; NULL for `app`: it is new. */
static json_t *with(struct asked *asked, const struct app *app, const char *id, const json_t *body)
{
	const json_t *before = app ? app->now.definition : NULL;
	bool merges = before && asked_flag(asked, "partialUpdate", true);
	owned_json wanted = must_have(merges ? json_deep_copy(before) : json_object());

	json_object_update(wanted, (json_t *)body);
	return normal(asked->cluster, id, wanted, before);
}

static void put(struct asked *asked, const char *id)
{
	struct app *app = app_find(asked->cluster, id);
	int64_t gap_ms;

	if (!app) {
		const struct app leaving = {.id = (char *)id};
		if (!asked_is_locked(asked, &leaving))
			create(asked, id, asked->body, 201);
		return;
	}
	owned_json definition = with(asked, app, id, asked->body);
	if (!differs(app->now.definition, definition, false)) {
		accept_nothing(asked, app);
		return;
	}
	if (!may_change(asked, app, asked_flag(asked, "force", false), &gap_ms))
		return;
	const struct revision before = app_revision(app);
	app_become(asked->cluster, app, id, json_incref(definition));
	tell_post(app);
	asked_accept(asked, 200, begin(asked, app, before, gap_ms));
}

static bool may_be_put(struct asked *asked, const json_t *body)
{
	const char *id = json_text(body, "id");
	const struct app named = {.id = (char *)id};

	if (!id || *id != '/') {
		asked_refuse(asked, 422, "Invalid JSON");
		return false;
	}
	return (app_find(asked->cluster, id) || is_valid(asked, body)) && !asked_is_locked(asked, &named);
}

/* Those that differ, in one deployment; all of them or none. */
static void put_list(struct asked *asked)
{
	struct marathon_cluster *cluster = asked->cluster;
	size_t i;
	json_t *body;

	json_array_foreach (asked->body, i, body)
		if (!may_be_put(asked, body))
			return;
	struct deployment *deployment = deployment_begin(cluster);
	json_array_foreach (asked->body, i, body) {
		const char *id = json_text(body, "id");
		struct app *app = app_find(cluster, id);
		owned_json definition = with(asked, app, id, body);
		if (app && !differs(app->now.definition, definition, false))
			continue;
		const struct revision before = app ? app_revision(app) : (struct revision){0};
		if (!app)
			make_room(cluster, id);
		app = app_become(cluster, app, id, json_incref(definition));
		tell_post(app);
		deployment_add(deployment, app, before);
	}
	asked_accept(asked, 200, deployment);
	if (deployment->app_count) {
		events_tell(cluster, "deployment_info", json_pack("{s:o}", "plan", tell_plan(deployment)));
		cluster_stir(cluster);
	} else {
		deployment_end(deployment, true);
	}
}

static void restart(struct asked *asked, struct app *app)
{
	int64_t gap_ms, now;

	if (!may_change(asked, app, asked_flag(asked, "force", false), &gap_ms))
		return;
	const struct revision before = app_revision(app);
	now = cluster_next_stamp(asked->cluster);
	write_stamp(now, app->now.version);
	memcpy(app->now.config, app->now.version, sizeof(app->now.config));
	app->now.changed_ms = app->now.scaled_ms = now;
	app->crashes = 0;
	json_object_set(app->versions, app->now.version, app->now.definition);
	asked_accept(asked, 200, begin(asked, app, before, gap_ms));
}

/* From the answer on nobody is told of it, or of its tasks. Unlike elsewhere, who says nothing forces. */
static void discard(struct asked *asked, struct app *app)
{
	int64_t gap_ms;

	if (!may_change(asked, app, asked_flag(asked, "force", true), &gap_ms))
		return;
	const struct revision before = app_revision(app);
	app->gone = true;
	asked_accept(asked, 200, begin(asked, app, before, gap_ms));
}

/* --- what is asked -----------------------------------------------------------------------------------------
 */

/* "berth.app==shop", or a name alone. */
static bool selected(const struct asked *asked, const struct app *app)
{
	const char *label = strstr(asked->query, "label="), *value = label ? strstr(label, "==") : NULL;
	const json_t *labels = json_object_get(app->now.definition, "labels");
	char name[64], wanted[160];

	if (!label)
		return true;
	label += strlen("label=");
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(label, "=&"), label);
	if (!value)
		return json_text(labels, name) != NULL;
	snprintf(wanted, sizeof(wanted), "%.*s", (int)strcspn(value + 2, "&"), value + 2);
	return json_text(labels, name) && !strcmp(json_text(labels, name), wanted);
}

static void list(struct asked *asked)
{
	json_t *apps = must_have(json_array());
	bool tasks = strstr(asked->query, "apps.tasks");

	for (const struct app *app = asked->cluster->apps; app; app = app->next)
		if (!app->gone && selected(asked, app))
			json_array_append_new(apps, tell_app(app, tasks));
	asked->status = 200;
	asked->answer = json_pack("{s:o}", "apps", apps);
}

/* "" lists them, "/TIME" is one. */
static void tell_versions(struct asked *asked, const struct app *app, const char *rest)
{
	const char *time;
	json_t *definition, *list;

	asked->status = 200;
	if (*rest) {
		if ((asked->answer = json_deep_copy(json_object_get(app->versions, rest + 1))))
			json_object_set_new(asked->answer, "version", json_string(rest + 1));
		else
			asked_refuse(asked, 404, "App '%s' does not exist in version %s", app->id, rest + 1);
		return;
	}
	list = must_have(json_array());
	json_object_foreach (app->versions, time, definition)
		json_array_append_new(list, json_string(time));
	asked->answer = json_pack("{s:o}", "versions", list);
}

/* False: it is not asked for them, or there is no such app. */
static bool asked_for_versions(struct asked *asked, const char *id)
{
	const char *rest = strstr(id, "/versions");
	char path[200];

	if (!rest || strcmp(asked->method, "GET") != 0)
		return false;
	snprintf(path, sizeof(path), "%.*s", (int)(rest - id), id);
	const struct app *app = app_find(asked->cluster, path);
	if (app)
		tell_versions(asked, app, rest + strlen("/versions"));
	return app != NULL;
}

static void ask_of_one(struct asked *asked, const char *id)
{
	if (asked_for_versions(asked, id))
		return;
	struct app *app = app_find(asked->cluster, id);
	size_t length = strlen(id), ending = strlen("/restart");

	if (!strcmp(asked->method, "POST") && length > ending && !strcmp(id + length - ending, "/restart")) {
		char path[200];
		snprintf(path, sizeof(path), "%.*s", (int)(length - ending), id);
		if ((app = app_find(asked->cluster, path)))
			restart(asked, app);
		else
			asked_refuse(asked, 404, "App '%s' does not exist", path);
	} else if (!strcmp(asked->method, "PUT") && asked->body) {
		put(asked, id);
	} else if (!app) {
		asked_refuse(asked, 404, "App '%s' does not exist", id);
	} else if (!strcmp(asked->method, "GET")) {
		asked->status = 200;
		asked->answer = json_pack("{s:o}", "app", tell_app(app, true));
	} else if (!strcmp(asked->method, "DELETE")) {
		discard(asked, app);
	} else {
		asked_refuse(asked, 405, "Method Not Allowed");
	}
}

void apps_ask(struct asked *asked, const char *rest)
{
	while (rest[0] == '/' && rest[1] == '/')
		rest++;
	if (*rest == '/')
		ask_of_one(asked, rest);
	else if (!strcmp(asked->method, "GET"))
		list(asked);
	else if (!strcmp(asked->method, "POST") && asked->body)
		post(asked);
	else if (!strcmp(asked->method, "PUT") && json_is_array(asked->body))
		put_list(asked);
	else
		asked_refuse(asked, 405, "Method Not Allowed");
}
