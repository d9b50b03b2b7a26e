/* test_first_members.c - clusters whose first member is made from a specification of its own: who it is, and
 * that it stays the one while it is there. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
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

TestSuite(first_members, .init = open_scene, .fini = close_scene);

#define CLUSTER(size)                                                                                        \
	"id: app\nlocation: fake\nservices:\n- type: cluster\n  id: web\n  initialSize: " #size              \
	"\n  firstMemberSpec: {type: 'docker:seed:1', openPorts: [80, 81], env: {ROLE: seed}}"               \
	"\n  memberSpec: {type: 'docker:x:1', openPorts: 80, env: {ROLE: member}}\n"

static enum berth_outcome run(const char *blueprint)
{
	return scene_run(&scene, berth_deploy, blueprint, NULL);
}

static void deploy(const char *blueprint)
{
	cr_assert_eq(run(blueprint), BERTH_OK, "%s", scene.events);
}

static void scale(int64_t count)
{
	static const char *const web[] = {"web", NULL};
	struct berth_request request = {
	    .size = sizeof request, .app = "app", .components = web, .count = count};
	cr_assert_eq(scene_request(&scene, berth_scale, &request, NULL), BERTH_OK, "%s", scene.events);
}

static void expect_role(const char *instance, const char *role)
{
	const char *is = scene_variable(&scene, instance, "ROLE");
	cr_expect(is && !strcmp(is, role), "%s is a %s", instance, is ? is : "nothing");
}

static void expect_unchanged(const char *blueprint, const char *instance)
{
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_plan, blueprint, &document), BERTH_OK);
	cr_expect_str_eq(scene_action(document, instance), "unchanged");
	json_decref(document);
}

static enum berth_outcome replace(const char *member)
{
	static const char *const web[] = {"web", NULL};
	const char *const arguments[] = {member, NULL};
	struct berth_request request = {.size = sizeof request,
					.app = "app",
					.components = web,
					.name = "replaceMember",
					.arguments = arguments};
	return scene_request(&scene, berth_invoke, &request, NULL);
}

Test(first_members, the_first_is_made_from_its_own_and_the_others_from_theirs)
{
	deploy(CLUSTER(3));
	expect_role("app.web.1", "seed");
	expect_role("app.web.2", "member");
	expect_role("app.web.3", "member");
	expect_unchanged(CLUSTER(3), "app.web.1");
	expect_unchanged(CLUSTER(3), "app.web.3");
	scale(4);
	expect_role("app.web.4", "member");
}

Test(first_members, the_others_come_when_it_answers)
{
	deploy(CLUSTER(3));
	const char *first = strstr(scene.events, "app.web.1 running"),
		   *second = strstr(scene.events, "app.web.2 placing");
	cr_assert(first && second, "%s", scene.events);
	cr_expect_lt(first, second, "%s", scene.events);
}

Test(first_members, where_it_does_not_get_ready_the_others_are_not_tried_and_the_next_one_is_the_first)
{
	struct fake_behaviour silent = {.component = "app.web.1", .answers_after_ms = -1};
	fake_target_behave(scene.target, &silent);
	cr_expect_eq(run(CLUSTER(3)), BERTH_FAILED);
	cr_expect_eq(fake_target_instances(scene.target), 1, "%s", scene.events);
	cr_expect_eq(run(CLUSTER(3)), BERTH_OK, "%s", scene.events);
	expect_role("app.web.1", "seed"); /* which is kept to be looked at */
	expect_role("app.web.2", "seed");
	expect_role("app.web.3", "member");
	expect_role("app.web.4", "member");
	expect_unchanged(CLUSTER(3), "app.web.2");
}

Test(first_members, it_is_the_last_to_go)
{
	deploy(CLUSTER(3) "  removalStrategy: oldest\n");
	scale(1);
	cr_expect_eq(fake_target_instances(scene.target), 1);
	expect_role("app.web.1", "seed");
}

Test(first_members, a_cluster_that_had_nobody_begins_with_the_first_again)
{
	deploy(CLUSTER(2));
	scale(0);
	cr_expect_eq(fake_target_instances(scene.target), 0);
	scale(2);
	expect_role("app.web.1", "seed");
	expect_role("app.web.2", "member");
}

Test(first_members, who_takes_its_place_is_as_all_others_and_stays_so)
{
	deploy(CLUSTER(2));
	cr_assert_eq(replace("memberId=1"), BERTH_OK, "%s", scene.events);
	expect_role("app.web.1", "member");
	expect_unchanged(CLUSTER(2), "app.web.1");
	scale(3);
	scene_restart(&scene, true);
	deploy(CLUSTER(2));
	expect_role("app.web.1", "member");
	expect_role("app.web.3", "member");
}

Test(first_members, another_ones_replacement_leaves_it_the_first)
{
	deploy(CLUSTER(2));
	cr_assert_eq(replace("memberId=2"), BERTH_OK, "%s", scene.events);
	expect_role("app.web.1", "seed");
	expect_unchanged(CLUSTER(2), "app.web.1");
}

Test(first_members, without_the_store_it_is_the_one_that_was_there_first)
{
	deploy(CLUSTER(2));
	scene_restart(&scene, false);
	expect_unchanged(CLUSTER(2), "app.web.1");
	expect_unchanged(CLUSTER(2), "app.web.2");
}

Test(first_members, a_change_of_the_one_leaves_the_others_alone)
{
	deploy(CLUSTER(2));
	json_t *document = NULL;
	const char *changed =
	    "id: app\nlocation: fake\nservices:\n- type: cluster\n  id: web\n  initialSize: 2"
	    "\n  firstMemberSpec: {type: 'docker:seed:2', openPorts: [80, 81], env: {ROLE: "
	    "seed}}\n  memberSpec: {type: 'docker:x:1', openPorts: 80, env: {ROLE: member}}\n";
	cr_assert_eq(scene_run(&scene, berth_plan, changed, &document), BERTH_OK);
	cr_expect_str_eq(scene_action(document, "app.web.1"), "replace");
	cr_expect_str_eq(scene_action(document, "app.web.2"), "unchanged");
	json_decref(document);
}

Test(first_members, who_links_to_the_cluster_is_told_of_all_members)
{
	deploy(CLUSTER(2) "- type: docker:front:1\n  id: front\n  links: [$brooklyn:component(\"web\")]\n");
	cr_expect_str_eq(scene_variable(&scene, "app.front.1", "WEB_ENDPOINTS"), "app.web.1:80,app.web.2:80");
	cr_expect_str_eq(scene_variable(&scene, "app.front.1", "WEB_PORT_80_TCP_PORT"), "80");
	cr_expect_null(scene_variable(&scene, "app.front.1", "WEB_PORT_81_TCP_PORT"));
}

Test(first_members, what_one_of_them_needs_the_others_do_not_get)
{
	deploy("id: app\nlocation: fake\nservices:\n- type: cluster\n  id: web\n  initialSize: 2\n"
	       "  firstMemberSpec: {type: 'docker:seed:1', links: {data: $brooklyn:component(\"data\")}}\n  "
	       "memberSpec: 'docker:x:1'\n"
	       "- {type: 'docker:data:1', id: data, openPorts: 5}\n");
	cr_expect_not_null(scene_variable(&scene, "app.web.1", "DATA_PORT"));
	cr_expect_null(scene_variable(&scene, "app.web.2", "DATA_PORT"));
}

Test(first_members, plan_and_status_tell_which_one_it_is)
{
	json_t *document = NULL, *change, *component;
	size_t i;
	cr_assert_eq(scene_run(&scene, berth_plan, CLUSTER(2), &document), BERTH_OK);
	json_array_foreach (json_object_get(document, "changes"), i, change) {
		bool first = !strcmp(json_text(change, "instance"), "app.web.1");
		cr_expect_eq(json_text(change, "first") != NULL, first);
		cr_expect(!first || !strcmp(json_text(change, "first"), "docker:seed:1"));
	}
	json_decref(document);
	deploy(CLUSTER(2));
	struct berth_request request = {.size = sizeof request, .app = "app"};
	cr_assert_eq(scene_request(&scene, berth_status, &request, &document), BERTH_OK);
	component = json_array_get(json_object_get(document, "components"), 0);
	cr_expect_eq(json_number(json_object_get(component, "size"), "first", 0), 1);
	cr_expect_str_eq(json_text(json_object_get(component, "size"), "first_type"), "docker:seed:1");
	json_decref(document);
}
