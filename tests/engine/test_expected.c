/* test_expected.c - a change that is meant for one revision of an application, and for no other. */
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

TestSuite(expected, .init = raise_curtain, .fini = drop_curtain);

#define WEB(colour)                                                                                          \
	"id: app\nlocation: fake\nservices:\n- {type: 'docker:front:1', id: web, env: {COLOUR: " colour "}}" \
	"\n"

static const char *code_of(const json_t *document)
{
	const char *code = json_text(json_object_get(document, "error"), "code");
	return code ? code : "none";
}

static enum berth_outcome deploy(const char *blueprint, int64_t revision, bool fresh, json_t **ret_document)
{
	struct berth_request request = {
	    .size = sizeof request, .blueprint = blueprint, .if_revision = revision, .if_new = fresh};
	return scene_request(&scene, berth_deploy, &request, ret_document);
}

static int64_t revision_now(void)
{
	owned_json document = NULL;
	struct berth_request app = {.size = sizeof app, .app = "app"};
	cr_assert_eq(scene_request(&scene, berth_status, &app, &document), BERTH_OK);
	return json_number(document, "revision", 0);
}

Test(expected, a_change_for_the_revision_that_is_there_is_made)
{
	owned_json document = NULL;
	cr_assert_eq(deploy(WEB("red"), 0, true, NULL), BERTH_OK);
	cr_assert_eq(deploy(WEB("blue"), revision_now(), false, &document), BERTH_OK);
	cr_assert_eq(json_number(document, "revision", 0), 2);
	cr_assert_eq(revision_now(), 2);
	cr_assert_str_eq(scene_variable(&scene, "app.web.1", "COLOUR"), "blue");
}

Test(expected, one_for_an_older_revision_changes_nothing)
{
	owned_json document = NULL;
	deploy(WEB("red"), 0, false, NULL);
	deploy(WEB("blue"), 0, false, NULL);
	cr_assert_eq(deploy(WEB("green"), 1, false, &document), BERTH_LOCKED);
	cr_assert_str_eq(code_of(document), "stale");
	cr_assert_str_eq(scene_variable(&scene, "app.web.1", "COLOUR"), "blue");
	cr_assert_eq(revision_now(), 2);
}

Test(expected, what_is_to_be_new_is_not_there)
{
	owned_json document = NULL;
	deploy(WEB("red"), 0, false, NULL);
	cr_assert_eq(deploy(WEB("blue"), 0, true, &document), BERTH_LOCKED);
	cr_assert_str_eq(code_of(document), "stale");
	cr_assert_str_eq(scene_variable(&scene, "app.web.1", "COLOUR"), "red");
}

Test(expected, nothing_is_at_a_revision_before_it_is_deployed)
{
	owned_json document = NULL;
	cr_assert_eq(deploy(WEB("red"), 1, false, &document), BERTH_LOCKED);
	cr_assert_str_eq(code_of(document), "stale");
	cr_assert_null(fake_target_find(scene.target, "app.web.1"));
}

Test(expected, every_verb_that_changes_an_application_heeds_it)
{
	static verb_function *const verbs[] = {berth_destroy, berth_stop,     berth_start,  berth_restart,
					       berth_scale,   berth_rollback, berth_invoke, berth_policy};
	const char *const web[] = {"web", NULL};
	deploy(WEB("red"), 0, false, NULL);
	deploy(WEB("blue"), 0, false, NULL);
	for (int rehearsed = 0; rehearsed < 2; rehearsed++)
		for (size_t i = 0; i < COUNT_OF(verbs); i++) {
			owned_json document = NULL;
			struct berth_request request = {.size = sizeof request,
							.app = "app",
							.components = web,
							.count = 1,
							.name = "cleanup",
							.action = "suspend",
							.dry_run = rehearsed,
							.if_revision = 1};
			if (rehearsed && verbs[i] == berth_invoke)
				continue;
			cr_expect_eq(scene_request(&scene, verbs[i], &request, &document), BERTH_LOCKED,
				     "verb %zu", i);
			cr_expect_str_eq(code_of(document), "stale", "verb %zu", i);
		}
	cr_assert_eq(revision_now(), 2);
	cr_assert_str_eq(scene_variable(&scene, "app.web.1", "COLOUR"), "blue");
}
