/* scene.c - a virtual world, a fake target, and operations run to their end. */
#include "tests/engine/scene.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

#define HOUR_MS (60 * 60 * 1000)

static struct {
	char name[32], value[4096];
} variables[8];

void scene_environment(const char *name, const char *value)
{
	for (size_t i = 0; i < COUNT_OF(variables); i++)
		if (!*variables[i].name || strcmp(variables[i].name, name) == 0) {
			snprintf(variables[i].name, sizeof variables[i].name, "%s", name);
			snprintf(variables[i].value, sizeof variables[i].value, "%s", value);
			return;
		}
}

static const char *environment(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(variables); i++)
		if (*variables[i].name && strcmp(variables[i].name, name) == 0)
			return variables[i].value;
	return NULL;
}

static void open_berth(struct scene *scene)
{
	char state[512], config[512];
	struct error err = {0};
	snprintf(state, sizeof state, "%s/state", virtual_world_directory(scene->world));
	snprintf(config, sizeof config, "%s/config", virtual_world_directory(scene->world));
	struct berth_options options = {.size = sizeof options,
					.state_directory = state,
					.config_directory = config,
					.helper = "/bin/true"};
	cr_assert_eq(berth_open_in(&scene->berth, scene->world, environment, &options, &err), 0, "%s",
		     err.text);
}

void scene_open(struct scene *scene)
{
	*scene = (struct scene){.world = virtual_world_new(7)};
	cr_assert_not_null(scene->world);
	scene->target = fake_target_new(scene->world);
	cr_assert_not_null(scene->target);
	cr_assert_eq(fake_target_register("fake", scene->target), 0);
	open_berth(scene);
}

void scene_close(struct scene *scene)
{
	berth_close(scene->berth);
	fake_target_register("fake", NULL);
	fake_target_free(scene->target);
	for (size_t i = 0; i < scene->place_count; i++) {
		fake_target_register(scene->places[i].name, NULL);
		fake_target_free(scene->places[i].target);
	}
	virtual_world_free(scene->world);
	json_decref(scene->document);
	free(scene->events);
}

void scene_refuse(struct scene *scene, enum fake_call call, const char *instance, const char *words)
{
	struct fake_rule rule = {.call = call, .instance = instance};
	fail(&rule.error, ERR_FAILED, "%s", words);
	cr_assert_eq(fake_target_rule(scene->target, &rule), 0);
}

struct fake_target *scene_place(struct scene *scene, const char *name)
{
	struct fake_target *target = fake_target_new(scene->world);
	cr_assert(target && scene->place_count < COUNT_OF(scene->places));
	cr_assert_eq(fake_target_register(name, target), 0);
	scene->places[scene->place_count++] = (struct scene_place){name, target};
	return target;
}

void scene_restart(struct scene *scene, bool keep_store)
{
	berth_close(scene->berth);
	scene->berth = NULL;
	if (!keep_store) {
		char path[512];
		static const char *const endings[] = {"", "-wal", "-shm"};
		for (size_t i = 0; i < COUNT_OF(endings); i++) {
			snprintf(path, sizeof path, "%s/state/berth.db%s",
				 virtual_world_directory(scene->world), endings[i]);
			unlink(path);
		}
	}
	open_berth(scene);
}

static void note_event(void *context, const struct berth_event *event)
{
	struct scene *scene = context;
	char line[800];
	bool warning = event->kind == BERTH_EVENT_WARNING;
	if (event->kind != BERTH_EVENT_PHASE && !warning)
		return;
	int length = snprintf(line, sizeof line, "%s %s\n", warning ? "warning:" : event->instance,
			      warning ? event->text : event->phase);
	char *longer = realloc(scene->events, scene->events_size + (size_t)length + 1);
	cr_assert_not_null(longer);
	memcpy(longer + scene->events_size, line, (size_t)length + 1);
	scene->events = longer;
	scene->events_size += (size_t)length;
}

bool scene_ended(void *operation)
{
	return berth_done(operation);
}

enum berth_outcome scene_request(struct scene *scene, verb_function *verb,
				 const struct berth_request *request, json_t **ret_document)
{
	struct berth_error error;
	struct berth_listener listener = {.size = sizeof listener, .event = note_event, .context = scene};
	free(scene->events);
	scene->events = NULL;
	scene->events_size = 0;
	struct berth_operation *operation = verb(scene->berth, request, &listener, &error);
	cr_assert_not_null(operation);
	cr_assert(virtual_world_run(scene->world, scene_ended, operation, HOUR_MS),
		  "the operation never ends");
	enum berth_outcome outcome = berth_outcome(operation);
	if (ret_document) {
		struct error err = {0};
		*ret_document =
		    json_parse(berth_result(operation), strlen(berth_result(operation)), "result", &err);
		cr_assert_not_null(*ret_document, "%s", err.text);
	}
	berth_operation_free(operation);
	return outcome;
}

enum berth_outcome scene_run(struct scene *scene, verb_function *verb, const char *blueprint,
			     json_t **ret_document)
{
	struct berth_request request = {.size = sizeof request, .blueprint = blueprint, .file = "/b.yaml"};
	return scene_request(scene, verb, &request, ret_document);
}

enum berth_outcome scene_do(struct scene *scene, verb_function *verb, const char *blueprint)
{
	json_decref(give(scene->document));
	return scene_run(scene, verb, blueprint, &scene->document);
}

enum berth_outcome scene_ask(struct scene *scene, verb_function *verb, const char *app)
{
	struct berth_request request = {.size = sizeof request, .app = app};
	json_decref(give(scene->document));
	return scene_request(scene, verb, &request, &scene->document);
}

const json_t *scene_instance(const struct scene *scene, size_t component)
{
	const json_t *components = json_object_get(scene->document, "components");
	const json_t *instances = json_object_get(json_array_get(components, component), "instances");
	return json_array_get(instances, 0);
}

const char *scene_action(const json_t *document, const char *instance)
{
	size_t i;
	json_t *change;
	json_array_foreach (json_object_get(document, "changes"), i, change)
		if (strcmp(json_text(change, "instance"), instance) == 0)
			return json_text(change, "action");
	return "none";
}

const char *scene_variable(const struct scene *scene, const char *instance, const char *name)
{
	const char *const *entries = fake_target_environment(scene->target, instance);
	size_t length = strlen(name);
	for (; entries && *entries; entries++)
		if (strncmp(*entries, name, length) == 0 && (*entries)[length] == '=')
			return *entries + length + 1;
	return NULL;
}

void scene_deploy(struct scene *scene, const char *blueprint)
{
	enum berth_outcome outcome = scene_run(scene, berth_deploy, blueprint, NULL);
	cr_assert_eq(outcome, BERTH_OK, "%s", scene->events ? scene->events : "");
}

json_t *scene_plan(struct scene *scene, const char *blueprint)
{
	json_t *document = NULL;
	cr_assert_eq(scene_run(scene, berth_plan, blueprint, &document), BERTH_OK);
	return document;
}

void scene_expect(struct scene *scene, const char *blueprint, const char *instance, const char *action)
{
	json_t *document = scene_plan(scene, blueprint);
	owned_memory char *line = json_dumps(document, JSON_INDENT(1));
	cr_assert_str_eq(scene_action(document, instance), action, "%s", line);
	json_decref(document);
}

const char *scene_state(struct scene *scene, const char *blueprint, size_t which)
{
	static char state[32];
	json_t *document = NULL;
	cr_assert_eq(scene_run(scene, berth_status, blueprint, &document), BERTH_OK);
	const json_t *component = json_array_get(json_object_get(document, "components"), which);
	snprintf(state, sizeof state, "%s", json_text(component, "state"));
	json_decref(document);
	return state;
}

enum berth_outcome scene_by_name(struct scene *scene, verb_function *verb, const char *const *components,
				 json_t **ret_document)
{
	struct berth_request request = {.size = sizeof request, .app = "app", .components = components};
	return scene_request(scene, verb, &request, ret_document);
}

char *scene_id(const struct scene *scene, const char *name)
{
	static char id[64];
	const struct observed *seen = fake_target_find(scene->target, name);
	cr_assert_not_null(seen, "%s is not there", name);
	snprintf(id, sizeof id, "%s", seen->target_id);
	return id;
}

bool scene_runs(const struct scene *scene, const char *name)
{
	const struct observed *seen = fake_target_find(scene->target, name);
	return seen && seen->state == SEEN_RUNNING;
}
