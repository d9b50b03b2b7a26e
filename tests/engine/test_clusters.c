/* test_clusters.c - clusters: how large they are, whatever the blueprint said in the beginning. */
#include <criterion/criterion.h>
#include <string.h>

#include "scene.h"

static struct scene scene;

static void open_scene(void)
{
	scene_open(&scene);
}

static void close_scene(void)
{
	scene_close(&scene);
}

TestSuite(clusters, .init = open_scene, .fini = close_scene);

#define CLUSTER(size)                                                                                        \
	"id: app\nlocation: fake\nservices:\n- type: cluster\n  id: web\n  initialSize: " #size              \
	"\n  memberSpec: {type: 'docker:x:1', openPorts: 80, env: {STAGE: test}}\n"

static void deploy(const char *blueprint)
{
	cr_assert_eq(scene_run(&scene, berth_deploy, blueprint, NULL), BERTH_OK, "%s", scene.events);
}

static void scale(int64_t count)
{
	static const char *const web[] = {"web", NULL};
	struct berth_request request = {
	    .size = sizeof request, .app = "app", .components = web, .count = count};
	cr_assert_eq(scene_request(&scene, berth_scale, &request, NULL), BERTH_OK, "%s", scene.events);
}

static size_t members(void)
{
	return fake_target_instances(scene.target);
}

Test(clusters, a_cluster_begins_with_its_initial_size)
{
	deploy(CLUSTER(3));
	cr_assert_eq(members(), 3);
	cr_assert_str_eq(scene_variable(&scene, "app.web.3", "STAGE"), "test");
}

Test(clusters, what_it_was_scaled_to_stays_over_deploys_of_the_same_blueprint)
{
	deploy(CLUSTER(1));
	scale(4);
	cr_assert_eq(members(), 4);
	deploy(CLUSTER(1));
	cr_assert_eq(members(), 4);
	scene_restart(&scene, true);
	deploy(CLUSTER(1));
	cr_assert_eq(members(), 4);
	scale(2);
	deploy(CLUSTER(1));
	cr_assert_eq(members(), 2);
}

Test(clusters, another_number_in_the_blueprint_is_asked_for)
{
	deploy(CLUSTER(1));
	scale(4);
	deploy(CLUSTER(2));
	cr_assert_eq(members(), 2);
}

Test(clusters, without_the_store_its_size_is_what_is_there)
{
	deploy(CLUSTER(1));
	scale(4);
	scene_restart(&scene, false);
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_plan, CLUSTER(1), &document), BERTH_OK);
	cr_assert_str_eq(scene_action(document, "app.web.4"), "unchanged");
	json_decref(document);
	deploy(CLUSTER(1));
	cr_assert_eq(members(), 4);
}

Test(clusters, one_that_was_destroyed_begins_anew)
{
	struct berth_request request = {.size = sizeof request, .app = "app"};
	deploy(CLUSTER(1));
	scale(3);
	cr_assert_eq(scene_request(&scene, berth_destroy, &request, NULL), BERTH_OK);
	deploy(CLUSTER(1));
	cr_assert_eq(members(), 1);
}

/* --- those who link to it ---------------------------------------------------------------------------- */

#define LINKED(size, more)                                                                                   \
	CLUSTER(size)                                                                                        \
	"- type: docker:front:1\n  id: front\n  links: {store: $brooklyn:component(\"web\")}\n" more

Test(clusters, a_consumer_is_given_the_endpoints_of_all_members)
{
	deploy(LINKED(2, ""));
	cr_expect_str_eq(scene_variable(&scene, "app.front.1", "STORE_ENDPOINTS"),
			 "app.web.1:80,app.web.2:80");
	cr_expect_str_eq(scene_variable(&scene, "app.front.1", "STORE_PORT_80_TCP_PORT"), "80");
}

Test(clusters, who_is_a_member_changes_without_its_consumers_being_touched)
{
	deploy(LINKED(1, ""));
	const char *before = strdup(fake_target_find(scene.target, "app.front.1")->target_id);
	scale(3);
	cr_expect_str_eq(fake_target_find(scene.target, "app.front.1")->target_id, before);
	cr_expect_null(strstr(scene.events, "app.front.1"), "%s", scene.events);
	free((char *)before);
}

Test(clusters, a_consumer_that_says_what_a_change_does_to_it_follows_its_members)
{
	deploy(LINKED(1, "  onChange: restart\n"));
	scale(2);
	cr_expect_str_eq(scene_variable(&scene, "app.front.1", "STORE_ENDPOINTS"),
			 "app.web.1:80,app.web.2:80");
}

Test(clusters, one_member_that_answers_is_enough_for_its_consumers)
{
	struct fake_behaviour silent = {.component = "app.web.1", .answers_after_ms = -1};
	fake_target_behave(scene.target, &silent);
	cr_assert_eq(scene_run(&scene, berth_deploy, LINKED(2, ""), NULL), BERTH_FAILED);
	cr_assert_not_null(fake_target_find(scene.target, "app.front.1"), "%s", scene.events);
	cr_expect_eq(fake_target_find(scene.target, "app.front.1")->state, SEEN_RUNNING);
}
