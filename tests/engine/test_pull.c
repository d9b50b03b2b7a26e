/* test_pull.c - components that always want what the registry has: asked for by the plan, fetched for what is
 * made anew, and left at once when somebody interrupts. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/engine/scene.h"

static struct scene scene;

static void set_up(void)
{
	scene_open(&scene);
}

static void take_down(void)
{
	scene_close(&scene);
}

TestSuite(pull, .init = set_up, .fini = take_down);

#define SERVICE(id, more) "- {type: docker:" id ":1, id: " id ", command: [run]" more "}\n"
#define BLUEPRINT         "id: a\nlocation: fake\nservices:\n" SERVICE("calm", "") SERVICE("eager", ", pull: always")

static void registry_has(const char *id)
{
	cr_assert_eq(fake_target_registry(scene.target, "calm:1", id, 1000), 0);
	cr_assert_eq(fake_target_registry(scene.target, "eager:1", id, 1000), 0);
}

static const char *made_of(const char *instance)
{
	const struct observed *seen = fake_target_find(scene.target, instance);

	cr_assert_not_null(seen, "there is no %s", instance);
	return seen->image_id;
}

static void plan_says(const char *calm, const char *eager)
{
	json_t *plan = NULL;

	cr_assert_eq(scene_run(&scene, berth_plan, BLUEPRINT, &plan), BERTH_OK);
	cr_expect_str_eq(scene_action(plan, "a.calm.1"), calm);
	cr_expect_str_eq(scene_action(plan, "a.eager.1"), eager);
	json_decref(plan);
}

static void deploys(void)
{
	cr_assert_eq(scene_run(&scene, berth_deploy, BLUEPRINT, NULL), BERTH_OK);
}

Test(pull, tag_that_moved_replaces_those_who_follow_it)
{
	registry_has("sha256:first");
	deploys();
	cr_expect_str_eq(made_of("a.eager.1"), "sha256:first");
	plan_says("unchanged", "unchanged");
	registry_has("sha256:second");
	plan_says("unchanged", "replace");
	deploys();
	cr_expect_str_eq(made_of("a.eager.1"), "sha256:second");
	plan_says("unchanged", "unchanged");
}

Test(pull, plan_tells_why_and_where_it_is_written)
{
	json_t *plan = NULL;

	registry_has("sha256:first");
	deploys();
	registry_has("sha256:second");
	cr_assert_eq(scene_run(&scene, berth_plan, BLUEPRINT, &plan), BERTH_OK);
	const json_t *because = json_array_get(
	    json_object_get(json_array_get(json_object_get(plan, "changes"), 1), "because"), 0);
	cr_expect_str_eq(json_text(because, "path"), "image");
	cr_expect_str_eq(json_text(because, "old"), "sha256:first");
	cr_expect_str_eq(json_text(because, "new"), "sha256:second");
	cr_expect_eq(json_number(because, "line", 0), 5);
	json_decref(plan);
}

Test(pull, nobody_is_asked_but_by_a_plan)
{
	registry_has("sha256:first");
	deploys();
	size_t asked = fake_target_asked(scene.target);
	cr_expect_eq(asked, 1, "once by a deploy, for the one that follows: %zu", asked);
	struct berth_request request = {.size = sizeof request, .app = "a"};
	scene_request(&scene, berth_status, &request, NULL);
	cr_expect_eq(scene_request(&scene, berth_destroy, &request, NULL), BERTH_OK);
	cr_expect_eq(fake_target_asked(scene.target), asked);
}

static struct text warnings;

static void note_warning(void *context, const struct berth_event *event)
{
	(void)context;
	if (event->kind == BERTH_EVENT_WARNING)
		text_format(&warnings, "%s\n", event->text);
}

static bool is_done(void *operation)
{
	return berth_done(operation);
}

static struct berth_operation *begin(void)
{
	struct berth_request request = {.size = sizeof request, .blueprint = BLUEPRINT, .file = "/b.yaml"};
	const struct berth_listener listener = {.size = sizeof listener, .event = note_warning};
	struct berth_error error;
	struct berth_operation *operation = berth_deploy(scene.berth, &request, &listener, &error);

	cr_assert_not_null(operation);
	return operation;
}

Test(pull, registry_that_does_not_tell_is_a_warning_where_nothing_is_made)
{
	registry_has("sha256:first");
	deploys();
	registry_has(NULL);
	struct berth_operation *operation = begin();
	cr_assert(virtual_world_run(scene.world, is_done, operation, 100000));
	cr_expect_eq(berth_outcome(operation), BERTH_OK, "%s", berth_message(operation));
	cr_expect_str_eq(text_view(&warnings), "the registry of `eager:1` does not tell\n");
	berth_operation_free(operation);
	text_release(&warnings);
	cr_expect_str_eq(made_of("a.eager.1"), "sha256:first");
}

Test(pull, registry_that_gives_nothing_is_a_failure_of_what_is_made)
{
	registry_has(NULL);
	cr_expect_eq(scene_run(&scene, berth_deploy, BLUEPRINT, NULL), BERTH_FAILED);
	cr_expect_not_null(fake_target_find(scene.target, "a.calm.1"), "who does not ask gets what is there");
	cr_expect_null(fake_target_find(scene.target, "a.eager.1"));
}

static bool pulling(void *owner)
{
	(void)owner;
	return fake_target_calls(scene.target, FAKE_PLACE) == 2 &&
	       !fake_target_find(scene.target, "a.eager.1") && fake_target_find(scene.target, "a.calm.1");
}

Test(pull, interrupted_one_is_not_waited_for)
{
	cr_assert_eq(fake_target_registry(scene.target, "eager:1", "sha256:first", 600000), 0);
	struct berth_operation *operation = begin();
	cr_assert(virtual_world_run(scene.world, pulling, NULL, 60000));
	int64_t before = scene.world->ops->now(scene.world);
	berth_cancel(operation);
	cr_assert(virtual_world_run(scene.world, is_done, operation, 700000));
	cr_expect_lt(scene.world->ops->now(scene.world) - before, 10000);
	cr_expect_eq(berth_outcome(operation), BERTH_INTERRUPTED);
	berth_operation_free(operation);
	virtual_world_run(scene.world, NULL, NULL, 700000);
	cr_expect_null(fake_target_find(scene.target, "a.eager.1"), "it was made all the same");
	cr_assert_eq(fake_target_registry(scene.target, "eager:1", "sha256:first", 0), 0);
	deploys();
	cr_expect_str_eq(made_of("a.eager.1"), "sha256:first");
}

static bool pulling_again(void *owner)
{
	(void)owner;
	return fake_target_calls(scene.target, FAKE_PLACE) == 3;
}

Test(pull, interrupted_update_leaves_the_old_one_as_it_was)
{
	registry_has("sha256:first");
	deploys();
	struct observed before = *fake_target_find(scene.target, "a.eager.1");
	char id[80];
	strcpy(id, before.target_id);
	cr_assert_eq(fake_target_registry(scene.target, "eager:1", "sha256:second", 600000), 0);
	struct berth_operation *operation = begin();
	cr_assert(virtual_world_run(scene.world, pulling_again, NULL, 60000));
	virtual_world_run(scene.world, NULL, NULL, 5000);
	cr_assert_not(berth_done(operation));
	berth_cancel(operation);
	cr_assert(virtual_world_run(scene.world, is_done, operation, 10000), "it waits for the pull");
	cr_expect_eq(berth_outcome(operation), BERTH_INTERRUPTED);
	berth_operation_free(operation);
	cr_expect_eq(fake_target_instances(scene.target), 2);
	cr_expect_str_eq(fake_target_find(scene.target, "a.eager.1")->target_id, id);
	cr_expect_eq(fake_target_find(scene.target, "a.eager.1")->state, SEEN_RUNNING);
	plan_says("unchanged", "replace");
}
