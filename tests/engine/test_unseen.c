/* test_unseen.c - one whose machine does not answer, at a location that does: it is told as unknown and left
 * as it is, and nobody else has to do with it. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "tests/engine/keeping.h"

TestSuite(unseen, .init = keeping_begin, .fini = keeping_end);

#define THREE(version)                                                                                       \
	"id: app\nlocation: fake\nservices:\n"                                                               \
	"- {type: 'docker:redis:3', id: db, openPorts: 6379}\n"                                              \
	"- {type: 'docker:front:1', id: web, links: [$brooklyn:component(\"db\")]}\n"                        \
	"- {type: 'docker:mail:" version "', id: mail}\n"

static char *deploy_and_hide(void)
{
	cr_assert_eq(scene_do(&scene, berth_deploy, THREE("1")), BERTH_OK, "%s", scene.events);
	cr_assert_eq(fake_target_hide(scene.target, "app.db.1", true), 0);
	return strdup(there("app.db.1")->target_id);
}

Test(unseen, it_is_unknown_and_the_others_are_as_they_are)
{
	free(deploy_and_hide());
	cr_expect_eq(scene_ask(&scene, berth_status, "app"), BERTH_UNREACHABLE);
	cr_expect_str_eq(json_text(scene.document, "state"), "unknown");
	cr_expect_str_eq(json_text(scene_instance(&scene, 0), "state"), "unknown");
	cr_expect_str_eq(json_text(scene_instance(&scene, 0), "error"), "its machine does not answer");
	cr_expect_str_eq(json_text(scene_instance(&scene, 1), "state"), "running");
	cr_expect_eq(json_array_size(json_object_get(scene.document, "unreachable")), 0);
	scene_ask(&scene, berth_why, "app");
	const json_t *finding = json_array_get(json_object_get(scene.document, "findings"), 0);
	cr_expect(strstr(json_text(finding, "why"), "nobody knows"), "%s", json_text(finding, "why"));
	cr_expect_str_eq(json_text(finding, "who"), "administrator");
}

Test(unseen, a_deploy_leaves_it_and_sees_to_the_others)
{
	owned_memory char *before = deploy_and_hide();
	scene_do(&scene, berth_plan, THREE("2"));
	cr_expect_str_eq(scene_action(scene.document, "app.db.1"), "unchanged");
	cr_expect_str_eq(scene_action(scene.document, "app.web.1"), "unchanged");
	cr_expect_str_eq(scene_action(scene.document, "app.mail.1"), "replace");
	cr_expect_eq(json_array_size(json_object_get(scene.document, "unknown")), 1);
	cr_expect_eq(scene_do(&scene, berth_deploy, THREE("2")), BERTH_UNREACHABLE);
	cr_expect_str_eq(there("app.mail.1")->type, "docker:mail:2");
	cr_expect_str_eq(there("app.db.1")->target_id, before);
	fake_target_hide(scene.target, "app.db.1", false);
	cr_expect_eq(scene_do(&scene, berth_deploy, THREE("2")), BERTH_OK, "%s", scene.events);
	cr_expect_str_eq(there("app.db.1")->target_id, before);
}

Test(unseen, it_goes_when_it_is_not_wanted_any_more)
{
	free(deploy_and_hide());
	cr_expect_eq(scene_ask(&scene, berth_destroy, "app"), BERTH_OK);
	cr_expect_null(fake_target_find(scene.target, "app.db.1"));
	cr_expect_null(fake_target_find(scene.target, "app.web.1"));
}

Test(unseen, a_stop_leaves_it_and_stops_the_others)
{
	free(deploy_and_hide());
	cr_expect_eq(scene_ask(&scene, berth_stop, "app"), BERTH_UNREACHABLE);
	cr_expect_eq(there("app.db.1")->state, SEEN_RUNNING);
	cr_expect_eq(there("app.web.1")->state, SEEN_STOPPED);
}

Test(unseen, who_keeps_it_sees_to_the_others_and_sees_it_again)
{
	deploy(RESTARTED);
	fake_target_hide(scene.target, "app.db.1", true);
	keep();
	pass(5 * SECOND);
	kill_it("app.web.1");
	pass(10 * SECOND);
	runs("app.web.1");
	cr_expect_eq(scene_ask(&scene, berth_status, "app"), BERTH_UNREACHABLE);
	cr_expect_str_eq(json_text(scene.document, "state"), "unknown");
	fake_target_hide(scene.target, "app.db.1", false);
	fake_target_exit(scene.target, "app.db.1", 1);
	pass(10 * SECOND);
	runs("app.db.1");
}

/* A key that is away on our side would else cost every machine that it opens. */
Test(unseen, only_a_silent_machine_counts_as_lost)
{
	deploy(KEPT("{type: replacer, unseenAfter: 10s, jitter: 0}"));
	owned_memory char *before = strdup(there("app.db.1")->target_id);
	fake_target_bar(scene.target, "app.db.1", true);
	keep();
	pass(5 * MINUTE);
	cr_expect_str_eq(there("app.db.1")->target_id, before);
	cr_expect_eq(scene_ask(&scene, berth_status, "app"), BERTH_UNREACHABLE);
	cr_expect(strstr(json_text(scene_instance(&scene, 0), "error"), "the key to log in with"));
	fake_target_bar(scene.target, "app.db.1", false);
	fake_target_hide(scene.target, "app.db.1", true);
	pass(5 * MINUTE);
	cr_expect_str_neq(there("app.db.1")->target_id, before);
	runs("app.db.1");
}
