/* test_paused.c - what somebody has paused is told, counts as what does not answer, and goes on with a
 * deploy. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
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

TestSuite(paused, .init = raise_curtain, .fini = drop_curtain);

#define PAIR(version)                                                                                        \
	"id: app\nlocation: fake\nservices:\n"                                                               \
	"- {type: 'docker:redis:3', id: db, openPorts: 6379}\n"                                              \
	"- {type: 'docker:front:" version "', id: web, links: [$brooklyn:component(\"db\")]}\n"

static bool is_paused(const char *name)
{
	const struct observed *seen = fake_target_find(scene.target, name);
	cr_assert(seen, "%s is not there", name);
	return seen->paused;
}

static void deploy_and_pause(void)
{
	cr_assert_eq(scene_do(&scene, berth_deploy, PAIR("1")), BERTH_OK, "%s", scene.events);
	cr_assert_eq(fake_target_pause(scene.target, "app.db.1"), 0);
}

Test(paused, it_does_not_count_as_running)
{
	deploy_and_pause();
	scene_ask(&scene, berth_status, "app");
	cr_expect_str_eq(json_text(scene.document, "state"), "unhealthy");
	cr_expect_str_eq(json_text(scene_instance(&scene, 0), "state"), "unhealthy");
	cr_expect_str_eq(json_text(scene_instance(&scene, 0), "error"), "it is paused");
	cr_expect_str_eq(json_text(scene_instance(&scene, 1), "state"), "running");
	scene_ask(&scene, berth_why, "app");
	const json_t *finding = json_array_get(json_object_get(scene.document, "findings"), 0);
	cr_expect(strstr(json_text(finding, "why"), "it is paused"), "%s", json_text(finding, "why"));
	cr_expect(strstr(json_text(finding, "remedy"), "a deploy lets it go on"));
	cr_expect_str_eq(json_text(finding, "who"), "you");
}

Test(paused, the_next_deploy_lets_it_go_on_and_touches_nothing_else)
{
	deploy_and_pause();
	owned_memory char *before = strdup(fake_target_find(scene.target, "app.db.1")->target_id);
	size_t starts = fake_target_calls(scene.target, FAKE_START);
	scene_do(&scene, berth_plan, PAIR("1"));
	cr_expect_str_eq(scene_action(scene.document, "app.db.1"), "start");
	cr_expect_str_eq(scene_action(scene.document, "app.web.1"), "unchanged");
	cr_assert_eq(scene_do(&scene, berth_deploy, PAIR("1")), BERTH_OK, "%s", scene.events);
	cr_expect_not(is_paused("app.db.1"));
	cr_expect_str_eq(fake_target_find(scene.target, "app.db.1")->target_id, before);
	cr_expect_eq(fake_target_calls(scene.target, FAKE_START), starts + 1);
	scene_do(&scene, berth_plan, PAIR("1"));
	cr_expect_str_eq(scene_action(scene.document, "app.db.1"), "unchanged");
}

Test(paused, whoever_needs_it_waits_until_it_goes_on)
{
	deploy_and_pause();
	cr_assert_eq(scene_do(&scene, berth_deploy, PAIR("2")), BERTH_OK, "%s", scene.events);
	const char *answers = strstr(scene.events, "app.db.1 running");
	const char *begins = strstr(scene.events, "app.web.1.g2 starting");
	cr_assert(answers && begins && answers < begins, "%s", scene.events);
}

Test(paused, start_lets_it_go_on_and_stop_stops_it)
{
	deploy_and_pause();
	cr_assert_eq(scene_ask(&scene, berth_start, "app"), BERTH_OK);
	cr_expect_not(is_paused("app.db.1"));
	cr_assert_eq(fake_target_pause(scene.target, "app.db.1"), 0);
	cr_assert_eq(scene_ask(&scene, berth_stop, "app"), BERTH_OK);
	cr_expect_eq(fake_target_find(scene.target, "app.db.1")->state, SEEN_STOPPED);
}

Test(paused, nobody_who_waits_for_it_takes_it_for_one_that_runs)
{
	struct berth_request request = {
	    .size = sizeof request, .app = "app", .wait_for = "running", .timeout_ms = 5000};
	deploy_and_pause();
	cr_expect_eq(scene_request(&scene, berth_wait, &request, NULL), BERTH_TIMED_OUT);
	cr_assert_eq(scene_do(&scene, berth_deploy, PAIR("1")), BERTH_OK);
	cr_expect_eq(scene_request(&scene, berth_wait, &request, NULL), BERTH_OK);
}
