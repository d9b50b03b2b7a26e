/* test_graph_verb.c - `graph` draws a blueprint or what was deployed last, in the format asked for. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/engine/scene.h"

static struct scene scene;

static void raise_curtain(void)
{
	scene_open(&scene);
}

static void drop_curtain(void)
{
	scene_close(&scene);
}

TestSuite(graph_verb, .init = raise_curtain, .fini = drop_curtain);

static const char blueprint[] =
    "id: app\nlocation: fake\nservices:\n- {type: \"docker:redis:3\", id: redis, openPorts: 6379}\n";

static bool ended(void *operation)
{
	return berth_done(operation);
}

/* The operation, ended. Its result is text, so scene_request cannot parse it. */
static struct berth_operation *graph(const char *text, const char *app, const char *format)
{
	struct berth_request request = {
	    .size = sizeof request, .blueprint = text, .file = "/b.yaml", .app = app, .format = format};
	struct berth_operation *operation = berth_graph(scene.berth, &request, NULL, NULL);
	cr_assert_not_null(operation);
	cr_assert(virtual_world_run(scene.world, ended, operation, 60000));
	return operation;
}

Test(graph_verb, result_is_the_drawing_itself_in_each_format)
{
	static const char *const begins[][2] = {{NULL, "digraph \"app\""},
						{"dot", "digraph \"app\""},
						{"mermaid", "flowchart LR"},
						{"svg", "<svg "}};
	for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++) {
		struct berth_operation *operation = graph(blueprint, NULL, begins[i][0]);
		cr_expect_eq(berth_outcome(operation), BERTH_OK);
		cr_expect_eq(strncmp(berth_result(operation), begins[i][1], strlen(begins[i][1])), 0, "%s",
			     berth_result(operation));
		berth_operation_free(operation);
	}
}

Test(graph_verb, unknown_format_is_a_wrong_request)
{
	struct berth_operation *operation = graph(blueprint, NULL, "png");
	cr_expect_eq(berth_outcome(operation), BERTH_USAGE);
	cr_expect_not_null(strstr(berth_message(operation), "`png`"));
	cr_expect_not_null(strstr(berth_remedy(operation), "mermaid"));
	berth_operation_free(operation);
}

Test(graph_verb, invalid_blueprint_is_not_drawn)
{
	struct berth_operation *operation = graph("id: app\nservices: 7\n", NULL, NULL);
	cr_expect_eq(berth_outcome(operation), BERTH_INVALID);
	cr_expect_not_null(strstr(berth_result(operation), "\"diagnostics\""));
	berth_operation_free(operation);
}

Test(graph_verb, application_by_name_is_drawn_from_its_last_deploy)
{
	cr_assert_eq(scene_run(&scene, berth_deploy, blueprint, NULL), BERTH_OK);
	struct berth_operation *operation = graph(NULL, "app", "dot");
	cr_expect_eq(berth_outcome(operation), BERTH_OK);
	cr_expect_not_null(strstr(berth_result(operation), "docker:redis:3"));
	berth_operation_free(operation);
}

Test(graph_verb, application_without_a_stored_blueprint_is_said)
{
	struct berth_operation *operation = graph(NULL, "nobody", "dot");
	cr_expect_eq(berth_outcome(operation), BERTH_FAILED);
	cr_expect_not_null(strstr(berth_message(operation), "`nobody`"));
	cr_expect_neq(berth_remedy(operation)[0], '\0');
	berth_operation_free(operation);
}

static void says(const char *text, const char *app, const char *format, const char *words)
{
	struct berth_operation *operation = graph(text, app, format);
	cr_expect(strstr(berth_result(operation), words), "%s: %s", words, berth_result(operation));
	berth_operation_free(operation);
}

Test(graph_verb, members_are_those_that_there_are_and_groups_are_told)
{
	static const char clustered[] =
	    "id: app\nlocation: fake\nservices:\n- type: cluster\n  id: web\n  initialSize: 3\n"
	    "  removalStrategy: oldest\n  memberSpec: {type: 'docker:x:1', openPorts: 80}\n"
	    "- {type: group, id: pool, members: [web]}\n- {type: group, id: all, members: [pool]}\n";
	static const char *const web[] = {"web", NULL};
	struct berth_request scale = {.size = sizeof scale, .app = "app", .components = web, .count = 1};
	says(clustered, NULL, "dot", "docker:x:1, in pool and all");
	says(clustered, NULL, "svg", "docker:x:1, in pool and all");
	says(clustered, NULL, "mermaid", "docker:x:1, in pool and all");
	cr_assert_eq(scene_run(&scene, berth_deploy, clustered, NULL), BERTH_OK);
	cr_assert_eq(scene_request(&scene, berth_scale, &scale, NULL), BERTH_OK);
	says(NULL, "app", "dot", "\"web.3\" [label=\"3\"");
	says(clustered, NULL, "dot", "1 member\"");
	scale.count = 0;
	cr_assert_eq(scene_request(&scene, berth_scale, &scale, NULL), BERTH_OK);
	says(NULL, "app", "dot", "no members");
}
