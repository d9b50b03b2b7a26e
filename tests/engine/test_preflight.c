/* test_preflight.c - whether a target has what is to be made there of is told by the plan, before anything is
 * touched, and asked of nothing that is there already. */
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

TestSuite(preflight, .init = raise_curtain, .fini = drop_curtain);

#define LACK "there is no image `debian-13`; there are `debian-12`"

static const json_t *diagnostics(void)
{
	return json_object_get(scene.document, "diagnostics");
}

Test(preflight, what_is_not_there_is_told_once_by_plan_and_deploy_before_anything_is_touched)
{
	fake_target_lacks(scene.target, LACK);
	cr_expect_eq(scene_do(&scene, berth_plan, SCENE_PAIR), BERTH_INVALID);
	cr_assert_eq(json_array_size(diagnostics()), 1, "both components lack the same");
	cr_expect_str_eq(json_text(json_array_get(diagnostics(), 0), "summary"), "location `fake`: " LACK);
	cr_expect_eq(
	    json_number(json_object_get(json_object_get(json_array_get(diagnostics(), 0), "range"), "start"),
			"line", 0),
	    4);
	cr_expect_eq(scene_do(&scene, berth_deploy, SCENE_PAIR), BERTH_INVALID);
	cr_expect_eq(fake_target_instances(scene.target), 0);
	cr_expect_eq(fake_target_calls(scene.target, FAKE_CLAIM), 0);
	fake_target_lacks(scene.target, NULL);
	scene_deploy(&scene, SCENE_PAIR);
}

Test(preflight, it_is_told_where_the_location_says_what_machines_are_made_of)
{
	fake_target_lacks(scene.target, LACK);
	cr_expect_eq(scene_do(&scene, berth_plan,
			      "id: app\nlocations:\n  lab: {fake: {address: 10.0.0.1}}\nservices:\n"
			      "- {type: 'docker:web:1', id: web, location: lab}\n"),
		     BERTH_INVALID);
	cr_assert_eq(json_array_size(diagnostics()), 1);
	cr_expect_eq(
	    json_number(json_object_get(json_object_get(json_array_get(diagnostics(), 0), "range"), "start"),
			"line", 0),
	    3);
}

Test(preflight, what_is_there_already_is_not_asked_for)
{
	scene_deploy(&scene, SCENE_PAIR);
	cr_expect_eq(fake_target_preflights(scene.target), 2);
	fake_target_lacks(scene.target, LACK);
	cr_expect_eq(scene_do(&scene, berth_plan, SCENE_PAIR), BERTH_OK);
	scene_deploy(&scene, SCENE_PAIR);
	cr_expect_eq(fake_target_preflights(scene.target), 2);
}

Test(preflight, members_that_are_made_alike_are_asked_for_once)
{
	scene_deploy(&scene, "id: app\nlocation: fake\nservices:\n"
			     "- {type: 'docker:web:1', id: web, instances: 5}\n");
	cr_expect_eq(fake_target_preflights(scene.target), 1);
}

/* A service that is away for a moment may be back when it is made. */
Test(preflight, where_nobody_can_be_asked_that_is_said_and_it_is_tried)
{
	fake_target_lacks(scene.target, "");
	scene_deploy(&scene, SCENE_PAIR);
	cr_expect(strstr(scene.events, "nobody knows whether all is there that `db` is to be made of"), "%s",
		  scene.events);
}
