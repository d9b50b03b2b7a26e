/* test_rollback.c - what was deployed when, and the way back to it. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/engine/scene.h"

static struct scene scene;

static void raise_curtain(void)
{
	scene_open(&scene);
	fake_target_image(scene.target, "front:1", "sha256:one");
}

static void drop_curtain(void)
{
	scene_close(&scene);
}

TestSuite(rollback, .init = raise_curtain, .fini = drop_curtain);

#define WEB(colour)                                                                                          \
	"id: app\nlocation: fake\nservices:\n- {type: 'docker:front:1', id: web, env: {COLOUR: " colour "}}" \
	"\n"

static void deploy(const char *blueprint)
{
	cr_assert_eq(scene_run(&scene, berth_deploy, blueprint, NULL), BERTH_OK, "%s", scene.events);
}

static enum berth_outcome roll_back(int64_t revision, json_t **ret_document)
{
	struct berth_request back = {.size = sizeof back, .app = "app", .count = revision};
	return scene_request(&scene, berth_rollback, &back, ret_document);
}

static json_t *revision(size_t place)
{
	static json_t *document;
	struct berth_request app = {.size = sizeof app, .app = "app"};
	json_decref(document);
	cr_assert_eq(scene_request(&scene, berth_history, &app, &document), BERTH_OK);
	return json_array_get(json_object_get(document, "revisions"), place);
}

static const char *colour(void)
{
	return scene_variable(&scene, "app.web.1", "COLOUR");
}

Test(rollback, the_revision_before_is_deployed_again_as_a_new_one)
{
	deploy(WEB("red"));
	deploy(WEB("blue"));
	cr_assert_str_eq(colour(), "blue");
	cr_assert_eq(roll_back(0, NULL), BERTH_OK, "%s", scene.events);
	cr_assert_str_eq(colour(), "red");
	cr_assert_eq(json_number(revision(0), "revision", 0), 3);
	cr_assert(json_flag(revision(0), "current", false));
	cr_assert_eq(json_number(revision(2), "revision", 0), 1);
}

Test(rollback, any_revision_can_be_named)
{
	deploy(WEB("red"));
	deploy(WEB("blue"));
	deploy(WEB("green"));
	cr_assert_eq(roll_back(1, NULL), BERTH_OK);
	cr_assert_str_eq(colour(), "red");
	cr_assert_eq(roll_back(17, NULL), BERTH_FAILED);
	cr_assert_str_eq(colour(), "red");
}

Test(rollback, one_that_failed_is_passed_over)
{
	struct fake_behaviour ends = {.component = "app.web", .exits = UINT32_MAX, .exit_code = 1};
	deploy(WEB("red"));
	fake_target_behave(scene.target, &ends);
	cr_assert_eq(scene_run(&scene, berth_deploy, WEB("broken"), NULL), BERTH_FAILED);
	ends.exits = 0;
	fake_target_behave(scene.target, &ends);
	deploy(WEB("blue"));
	cr_assert_eq(roll_back(0, NULL), BERTH_OK);
	cr_assert_str_eq(colour(), "red");
}

Test(rollback, a_tag_that_moved_since_changes_nothing)
{
	deploy(WEB("red"));
	fake_target_image(scene.target, "front:1", "sha256:two");
	deploy(WEB("red")); /* no other revision, but what the tag means now */
	cr_assert_str_eq(fake_target_find(scene.target, "app.web.1")->image_id, "sha256:two");
	deploy(WEB("blue"));
	fake_target_image(scene.target, "front:1", "sha256:three");
	fake_target_image(scene.target, "sha256:two", "sha256:two");
	cr_assert_eq(roll_back(1, NULL), BERTH_OK, "%s", scene.events);
	cr_assert_str_eq(colour(), "red");
	cr_assert_str_eq(fake_target_find(scene.target, "app.web.1")->image_id, "sha256:two");
	/* Nor afterwards, by whatever begins with what the store has. */
	struct berth_request more = {
	    .size = sizeof more, .app = "app", .components = (const char *const[]){"web", NULL}, .count = 2};
	cr_assert_eq(scene_request(&scene, berth_scale, &more, NULL), BERTH_OK, "%s", scene.events);
	cr_assert_str_eq(fake_target_find(scene.target, "app.web.2")->image_id, "sha256:two");
}

Test(rollback, an_image_that_is_gone_is_told)
{
	deploy(WEB("red"));
	deploy(WEB("blue"));
	fake_target_image(scene.target, "front:1", "sha256:two");
	fake_target_image(scene.target, "sha256:one", NULL);
	cr_assert_eq(roll_back(0, NULL), BERTH_OK);
	cr_assert(strstr(scene.events, "is not at fake any more"), "%s", scene.events);
	cr_assert_str_eq(fake_target_find(scene.target, "app.web.1")->image_id, "sha256:two");
}

Test(rollback, nothing_before_is_said)
{
	json_t *document = NULL;
	deploy(WEB("red"));
	cr_assert_eq(roll_back(0, &document), BERTH_FAILED);
	cr_assert(strstr(json_text(json_object_get(document, "error"), "text"), "no revision before"));
	json_decref(document);
}

Test(rollback, only_the_plan_changes_nothing)
{
	struct berth_request back = {.size = sizeof back, .app = "app", .dry_run = true};
	json_t *document = NULL;
	deploy(WEB("red"));
	deploy(WEB("blue"));
	cr_assert_eq(scene_request(&scene, berth_rollback, &back, &document), BERTH_OK);
	cr_assert_str_eq(scene_action(document, "app.web.1"), "replace");
	json_decref(document);
	cr_assert_str_eq(colour(), "blue");
	cr_assert_eq(json_number(revision(0), "revision", 0), 2);
}
