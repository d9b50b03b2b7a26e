/* keeping.c - a scene with a keeper, for tests of applications that are kept. */
#include "tests/engine/keeping.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

struct scene scene;
struct berth_operation *keeper;
char *told;
static size_t told_size;

void keeping_begin(void)
{
	scene_open(&scene);
}

void keeping_end(void)
{
	berth_operation_free(keeper);
	scene_close(&scene);
	free(told);
}

static void note(void *context, const struct berth_event *event)
{
	(void)context;
	if (event->kind != BERTH_EVENT_PHASE && event->kind != BERTH_EVENT_WARNING)
		return;
	owned_text line = {0};
	text_format(&line, "%s %s\n", event->kind == BERTH_EVENT_PHASE ? event->instance : "!",
		    event->kind == BERTH_EVENT_PHASE ? event->phase : event->text);
	told = realloc(told, told_size + line.length + 1);
	cr_assert_not_null(told);
	memcpy(told + told_size, text_view(&line), line.length + 1);
	told_size += line.length;
}

void keep(void)
{
	static const struct berth_listener listener = {.size = sizeof listener, .event = note};
	struct berth_error error;
	keeper = berth_keep(scene.berth, NULL, &listener, &error);
	cr_assert_not_null(keeper, "%s", error.text);
}

static bool never(void *nothing)
{
	(void)nothing;
	return false;
}

void pass(int64_t duration_ms)
{
	virtual_world_run(scene.world, never, NULL, duration_ms);
}

static bool over(void *nothing)
{
	(void)nothing;
	return berth_done(keeper);
}

void let_go(void)
{
	berth_cancel(keeper);
	cr_assert(virtual_world_run(scene.world, over, NULL, 10 * MINUTE), "it does not let go");
	cr_assert_eq(berth_outcome(keeper), BERTH_OK, "%s", berth_message(keeper));
	berth_operation_free(give(keeper));
}

void deploy(const char *blueprint)
{
	cr_assert_eq(scene_run(&scene, berth_deploy, blueprint, NULL), BERTH_OK, "%s", scene.events);
}

const struct observed *there(const char *name)
{
	const struct observed *seen = fake_target_find(scene.target, name);
	cr_assert_not_null(seen, "%s is not there; told:\n%s", name, told ? told : "");
	return seen;
}

void runs(const char *name)
{
	cr_assert_eq(there(name)->state, SEEN_RUNNING, "%s does not run; told:\n%s", name, told ? told : "");
}

void is_down(const char *name)
{
	cr_assert_neq(there(name)->state, SEEN_RUNNING, "%s runs; told:\n%s", name, told ? told : "");
}

void kill_it(const char *name)
{
	cr_assert_eq(fake_target_exit(scene.target, name, 137), 0);
}

size_t starts(void)
{
	return fake_target_calls(scene.target, FAKE_START);
}

json_t *status_of(const char *app)
{
	json_t *document = NULL;
	struct berth_request request = {.size = sizeof request, .app = app};
	cr_assert_eq(scene_request(&scene, berth_status, &request, &document), BERTH_OK);
	return document;
}

json_t *first_instance(const json_t *document)
{
	const json_t *component = json_array_get(json_object_get(document, "components"), 0);
	return json_array_get(json_object_get(component, "instances"), 0);
}

void sick(bool is)
{
	const struct fake_behaviour how = {.component = "app.web", .answers_after_ms = is ? -1 : 0};
	fake_target_behave(scene.target, &how);
}

char *all_events(void)
{
	const struct berth_request request = {.size = sizeof request, .app = "app"};
	owned_json document = NULL;
	cr_assert_eq(scene_request(&scene, berth_events, &request, &document), BERTH_OK);
	char *line = json_line(document);
	cr_assert_not_null(line);
	return line;
}

size_t times_told(const char *words)
{
	size_t count = 0;
	for (const char *at = told; at && (at = strstr(at, words)); at++)
		count++;
	return count;
}
