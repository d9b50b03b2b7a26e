/* test_zones.c - clusters whose members are spread over several locations: where each goes, that it stays
 * there, and that places where starts failed are avoided. */
#include <criterion/criterion.h>
#include <string.h>

#include "scene.h"

static struct scene scene;
static struct fake_target *zones[3];
static const char *const names[] = {"a", "b", "c"};

static void open_scene(void)
{
	scene_open(&scene);
	for (size_t i = 0; i < 3; i++) {
		zones[i] = fake_target_new(scene.world);
		cr_assert_not_null(zones[i]);
		cr_assert_eq(fake_target_register(names[i], zones[i]), 0);
	}
}

static void close_scene(void)
{
	berth_close(scene.berth);
	scene.berth = NULL;
	for (size_t i = 0; i < 3; i++) {
		fake_target_register(names[i], NULL);
		fake_target_free(zones[i]);
	}
	scene_close(&scene);
}

TestSuite(zones, .init = open_scene, .fini = close_scene);

#define SPREAD(size, places)                                                                                 \
	"id: app\nservices:\n- type: cluster\n  id: web\n  locations: [" places "]\n  initialSize: " #size   \
	"\n  memberSpec: {type: 'docker:x:1', openPorts: 80}\n"
#define THREE "fake:a, fake:b, fake:c"

static void deploy(const char *blueprint)
{
	cr_assert_eq(scene_run(&scene, berth_deploy, blueprint, NULL), BERTH_OK, "%s", scene.events);
}

static enum berth_outcome scale(int64_t count)
{
	static const char *const web[] = {"web", NULL};
	struct berth_request request = {
	    .size = sizeof request, .app = "app", .components = web, .count = count};
	return scene_request(&scene, berth_scale, &request, NULL);
}

static void expect(size_t a, size_t b, size_t c)
{
	cr_expect_eq(fake_target_instances(zones[0]), a, "%zu at a", fake_target_instances(zones[0]));
	cr_expect_eq(fake_target_instances(zones[1]), b, "%zu at b", fake_target_instances(zones[1]));
	cr_expect_eq(fake_target_instances(zones[2]), c, "%zu at c", fake_target_instances(zones[2]));
}

Test(zones, members_are_spread_evenly_and_leave_evenly)
{
	deploy(SPREAD(5, THREE));
	expect(2, 2, 1);
	cr_expect_eq(scale(6), BERTH_OK, "%s", scene.events);
	expect(2, 2, 2);
	cr_expect_eq(scale(3), BERTH_OK, "%s", scene.events);
	expect(1, 1, 1);
	cr_expect_eq(scale(1), BERTH_OK, "%s", scene.events);
	cr_expect_eq(fake_target_instances(zones[0]) + fake_target_instances(zones[1]) +
			 fake_target_instances(zones[2]),
		     1);
}

Test(zones, each_stays_where_it_is_over_deploys_whether_that_is_remembered_or_not)
{
	deploy(SPREAD(3, THREE));
	for (int kept = 1; kept >= 0; kept--) {
		scene_restart(&scene, kept);
		json_t *document = NULL;
		cr_assert_eq(scene_run(&scene, berth_plan, SPREAD(3, "fake:c, fake:b, fake:a"), &document),
			     BERTH_OK);
		for (int i = 1; i <= 3; i++) {
			char name[32];
			snprintf(name, sizeof name, "app.web.%d", i);
			cr_expect_str_eq(scene_action(document, name), "unchanged", "%s", name);
		}
		json_decref(document);
	}
}

Test(zones, one_that_vanished_comes_back_where_it_was)
{
	deploy(SPREAD(4, THREE));
	cr_assert_not_null(fake_target_find(zones[1], "app.web.2"));
	fake_target_vanish(zones[1], "app.web.2");
	deploy(SPREAD(4, THREE));
	cr_expect_not_null(fake_target_find(zones[1], "app.web.2"));
}

Test(zones, a_place_that_is_no_more_among_them_is_left)
{
	deploy(SPREAD(3, THREE));
	deploy(SPREAD(3, "fake:a, fake:b"));
	cr_expect_eq(fake_target_instances(zones[2]), 0);
	cr_expect_eq(fake_target_instances(zones[0]) + fake_target_instances(zones[1]), 3);
}

Test(zones, a_place_where_starts_failed_is_avoided_until_that_is_long_ago)
{
	struct fake_rule broken = {.call = FAKE_PLACE, .error = {.code = ERR_FAILED, .text = "out of order"}};
	deploy(SPREAD(2, "fake:a, fake:b"));
	expect(1, 1, 0);
	fake_target_rule(zones[1], &broken);
	cr_expect_eq(scale(6), BERTH_FAILED);
	expect(3, 1, 0);
	cr_expect_eq(scale(6), BERTH_OK, "%s", scene.events);
	expect(5, 1, 0);
	fake_target_calm(zones[1]);
	cr_expect_eq(scale(7), BERTH_OK, "%s", scene.events);
	expect(6, 1, 0);
	virtual_world_set_back(scene.world, -2 * 3600 * 1000);
	cr_expect_eq(scale(8), BERTH_OK, "%s", scene.events);
	expect(6, 2, 0);
}

Test(zones, where_one_place_has_no_room_the_others_go_on)
{
	fake_target_room(zones[0], 1);
	cr_expect_eq(scene_run(&scene, berth_deploy, SPREAD(6, "fake:a, fake:b"), NULL), BERTH_FAILED);
	expect(1, 3, 0);
	cr_expect_eq(scale(6), BERTH_OK, "%s", scene.events);
	expect(1, 5, 0);
}

Test(zones, those_who_link_to_it_reach_all_of_them)
{
	deploy(SPREAD(
	    2, "fake:a, fake:b") "- {type: 'docker:front:1', id: front, location: 'fake:a', links: {store: "
				 "$brooklyn:component(\"web\")}}\n");
	const struct fake_target *where = scene.target;
	scene.target = zones[0];
	const char *endpoints = scene_variable(&scene, "app.front.1", "STORE_ENDPOINTS");
	scene.target = (struct fake_target *)where;
	cr_assert_not_null(endpoints);
	cr_expect_not_null(strstr(endpoints, "app.web.1:80,"), "%s", endpoints);
	cr_expect_not_null(strstr(endpoints, "192.0.2.10:"), "%s", endpoints);
}

Test(zones, they_can_be_left_out)
{
	deploy(SPREAD(4, THREE) "  enableAvailabilityZones: false\n");
	expect(4, 0, 0);
	deploy(SPREAD(4, THREE) "  numAvailabilityZones: 2\n");
	cr_expect_eq(fake_target_instances(zones[2]), 0);
	struct berth_request request = {.size = sizeof request, .app = "app"};
	cr_assert_eq(scene_request(&scene, berth_destroy, &request, NULL), BERTH_OK);
	expect(0, 0, 0);
	deploy(SPREAD(4, THREE) "  availabilityZoneNames: ['fake:b', 'fake:c']\n");
	expect(0, 2, 2);
	cr_assert_eq(
	    scene_run(&scene, berth_plan, SPREAD(4, THREE) "  availabilityZoneNames: [nowhere]\n", NULL),
	    BERTH_INVALID);
}

Test(zones, status_tells_where_each_is)
{
	deploy(SPREAD(2, "fake:a, fake:b"));
	struct berth_request request = {.size = sizeof request, .app = "app"};
	json_t *document = NULL;
	cr_assert_eq(scene_request(&scene, berth_status, &request, &document), BERTH_OK);
	const json_t *web = json_array_get(json_object_get(document, "components"), 0);
	const json_t *second = json_array_get(json_object_get(web, "instances"), 1);
	cr_expect_str_eq(json_text(second, "location"), "fake:b");
	json_decref(document);
}

/* --- one that does not answer ------------------------------------------------------------------------- */

static void silence(size_t zone, bool silent)
{
	fake_target_unreachable(zones[zone], silent);
}

/* As far as that can be done. */
static void deploy_without(const char *blueprint)
{
	cr_assert_eq(scene_run(&scene, berth_deploy, blueprint, NULL), BERTH_UNREACHABLE, "%s", scene.events);
}

static void expect_state(const char *instance, const char *state)
{
	struct berth_request request = {.size = sizeof request, .app = "app"};
	json_t *document = NULL, *entry;
	const char *found = "none";
	size_t i;
	scene_request(&scene, berth_status, &request, &document);
	const json_t *web = json_array_get(json_object_get(document, "components"), 0);
	json_array_foreach (json_object_get(web, "instances"), i, entry)
		if (!strcmp(json_text(entry, "name"), instance))
			found = json_text(entry, "state");
	cr_expect_str_eq(found, state, "%s is %s", instance, found);
	json_decref(document);
}

Test(zones, one_that_does_not_answer_is_left_out_of_the_first_deploy)
{
	silence(1, true);
	deploy(SPREAD(4, THREE));
	cr_expect_not_null(strstr(scene.events, "fake:b is left out"), "%s", scene.events);
	silence(1, false);
	expect(2, 0, 2);
	cr_expect_eq(scale(6), BERTH_OK, "%s", scene.events);
	expect(2, 2, 2);
}

Test(zones, the_members_of_one_that_does_not_answer_are_unknown_and_no_others_take_their_place)
{
	deploy(SPREAD(3, THREE));
	silence(1, true);
	deploy_without(SPREAD(3, THREE));
	cr_expect_not_null(strstr(scene.events, "left as they are: app.web.2"), "%s", scene.events);
	expect_state("app.web.2", "unknown");
	expect_state("app.web.1", "running");
	silence(1, false);
	expect(1, 1, 1);
	deploy(SPREAD(3, THREE));
	expect_state("app.web.2", "running");
	expect(1, 1, 1);
}

Test(zones, it_grows_and_is_changed_where_somebody_answers)
{
	deploy(SPREAD(3, THREE));
	silence(1, true);
	cr_expect_eq(scale(5), BERTH_OK, "%s", scene.events);
	deploy_without("id: app\nservices:\n- type: cluster\n  id: web\n  locations: [" THREE
		       "]\n  initialSize: 3"
		       "\n  memberSpec: {type: 'docker:x:2', openPorts: 80}\n");
	silence(1, false);
	expect(2, 1, 2);
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_plan,
			       "id: app\nservices:\n- type: cluster\n  id: web\n  locations: [" THREE
			       "]\n  initialSize: 3\n  memberSpec: {type: 'docker:x:2', openPorts: 80}\n",
			       &document),
		     BERTH_OK);
	cr_expect_str_eq(scene_action(document, "app.web.1"), "unchanged");
	cr_expect_str_eq(scene_action(document, "app.web.2"), "replace");
	json_decref(document);
}

Test(zones, one_that_is_asked_to_be_made_anew_is_made_elsewhere_and_the_old_one_goes_when_it_is_seen_again)
{
	static const char *const web[] = {"web", NULL};
	static const char *const second[] = {"memberId=2", NULL};
	struct berth_request request = {.size = sizeof request,
					.app = "app",
					.components = web,
					.name = "replaceMember",
					.arguments = second};
	deploy(SPREAD(3, THREE));
	silence(1, true);
	cr_expect_eq(scene_request(&scene, berth_invoke, &request, NULL), BERTH_OK, "%s", scene.events);
	silence(1, false);
	expect(2, 1, 1);
	deploy(SPREAD(3, THREE));
	expect(2, 0, 1);
	cr_expect_not_null(fake_target_find(zones[0], "app.web.2"));
}

Test(zones, where_nobody_remembers_who_is_there_nothing_is_made)
{
	deploy(SPREAD(3, THREE));
	scene_restart(&scene, false);
	silence(1, true);
	cr_expect_eq(scene_run(&scene, berth_deploy, SPREAD(3, THREE), NULL), BERTH_UNREACHABLE);
	silence(1, false);
	expect(1, 1, 1);
}

Test(zones, what_goes_nowhere_else_is_waited_for)
{
	silence(1, true);
	cr_expect_eq(scene_run(&scene, berth_deploy,
			       SPREAD(3, THREE) "- {type: 'docker:y:1', id: alone, location: 'fake:b'}\n",
			       NULL),
		     BERTH_UNREACHABLE);
	silence(0, true);
	silence(2, true);
	cr_expect_eq(scene_run(&scene, berth_deploy, SPREAD(3, THREE), NULL), BERTH_UNREACHABLE);
}

Test(zones, who_stops_or_destroys_it_means_all_of_them)
{
	struct berth_request request = {.size = sizeof request, .app = "app"};
	deploy(SPREAD(3, THREE));
	silence(1, true);
	cr_expect_eq(scene_request(&scene, berth_stop, &request, NULL), BERTH_UNREACHABLE);
	cr_expect_eq(scene_request(&scene, berth_destroy, &request, NULL), BERTH_UNREACHABLE);
	silence(1, false);
	expect(1, 1, 1);
}

Test(zones, who_links_to_it_is_left_alone_while_one_of_them_does_not_answer)
{
	static const char blueprint[] =
	    SPREAD(3, THREE) "- {type: 'docker:front:1', id: front, location: 'fake:a', links: {store: "
			     "$brooklyn:component(\"web\")}, onChange: restart}\n";
	deploy(blueprint);
	char *before = strdup(fake_target_find(zones[0], "app.front.1")->target_id);
	silence(1, true);
	deploy_without(blueprint);
	cr_expect_str_eq(fake_target_find(zones[0], "app.front.1")->target_id, before);
	silence(1, false);
	deploy(blueprint);
	cr_expect_str_eq(fake_target_find(zones[0], "app.front.1")->target_id, before);
	free(before);
}

Test(zones, with_enough_members_elsewhere_those_that_are_unknown_are_no_failure)
{
	static const char blueprint[] = SPREAD(3, THREE) "  initialQuorumSize: 2\n";
	deploy(blueprint);
	silence(1, true);
	deploy(blueprint);
}

Test(zones, who_is_unknown_is_not_the_one_that_goes_and_is_none_that_serves)
{
	deploy(SPREAD(4, THREE)); /* 1 and 4 at a */
	silence(0, true);
	cr_expect_eq(scale(3), BERTH_OK, "%s", scene.events);
	cr_expect_eq(scale(1), BERTH_OK, "%s", scene.events);
	cr_expect_not_null(strstr(scene.events, "stays larger by 2"), "%s", scene.events);
	silence(0, false);
	expect(2, 1, 0);
	cr_expect_eq(scale(4), BERTH_OK, "%s", scene.events);
	expect(2, 1, 1);
	cr_expect_eq(scale(1), BERTH_OK, "%s", scene.events);
	cr_expect_eq(fake_target_instances(zones[0]) + fake_target_instances(zones[1]) +
			 fake_target_instances(zones[2]),
		     1);
}

Test(zones, one_place_that_is_named_twice_is_told_of)
{
	json_t *document = NULL;
	cr_expect_eq(scene_run(&scene, berth_plan, SPREAD(2, "fake:a, fake:b, fake:a"), &document), BERTH_OK);
	const json_t *first = json_array_get(json_object_get(document, "diagnostics"), 0);
	cr_expect_str_eq(json_text(first, "severity"), "warning");
	cr_expect(strstr(json_text(first, "summary"),
			 "`fake:a` is a place that the members of `web` go to already"));
	cr_expect_eq(json_array_size(json_object_get(document, "diagnostics")), 1);
	json_decref(document);
}
