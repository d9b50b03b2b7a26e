/* test_clusters.c - clusters: how large they are, whatever the blueprint said in the beginning. */
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

/* Its variables have the number of the first one, and nothing can change them while it runs. */
Test(clusters, a_consumer_that_holds_numbers_is_made_anew_with_the_first_member_alone)
{
	deploy(
	    "id: app\nlocation: fake\nservices:\n- type: cluster\n  id: web\n  initialSize: 2\n"
	    "  removalStrategy: oldest\n  memberSpec: {type: 'docker:x:1', openPorts: 80, linkAddress: ip}\n"
	    "- {type: 'docker:front:1', id: front, links: {store: $brooklyn:component(\"web\")}}\n");
	const char *before = strdup(fake_target_find(scene.target, "app.front.1")->target_id);
	const char *of_first = strdup(scene_variable(&scene, "app.front.1", "STORE_PORT"));
	scale(3);
	cr_expect_str_eq(fake_target_find(scene.target, "app.front.1")->target_id, before);
	scale(2);
	cr_expect_null(fake_target_find(scene.target, "app.web.1"), "the oldest went");
	cr_expect_str_neq(scene_variable(&scene, "app.front.1", "STORE_PORT"), of_first);
	free((char *)before);
	free((char *)of_first);
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

/* --- none at all -------------------------------------------------------------------------------------- */

Test(clusters, a_cluster_can_begin_with_nobody_and_grow)
{
	deploy(CLUSTER(0));
	cr_assert_eq(members(), 0);
	deploy(CLUSTER(0));
	scale(2);
	cr_assert_eq(members(), 2);
	deploy(CLUSTER(0));
	cr_assert_eq(members(), 2);
	scale(0);
	cr_assert_eq(members(), 0);
	deploy(CLUSTER(0));
	cr_assert_eq(members(), 0);
}

/* Whoever asks is told the same: that is as it was asked for. */
Test(clusters, one_that_was_scaled_to_nobody_is_as_wanted)
{
	const struct berth_request request = {.size = sizeof request, .app = "app"};
	json_t *status = NULL, *plan = NULL;
	deploy(CLUSTER(2));
	scale(0);
	cr_expect_eq(scene_request(&scene, berth_status, &request, &status), BERTH_OK);
	cr_expect_str_eq(json_text(status, "state"), "running");
	cr_expect_eq(scene_run(&scene, berth_plan, CLUSTER(2), &plan), BERTH_OK);
	cr_expect_eq(json_array_size(json_object_get(plan, "changes")), 0);
	const json_t *kept = json_array_get(json_object_get(plan, "sizes"), 0);
	cr_expect_eq(json_number(kept, "size", -1), 0);
	json_decref(status);
	json_decref(plan);
}

Test(clusters, who_links_to_nobody_runs_and_is_told_so)
{
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_deploy, LINKED(0, ""), &document), BERTH_OK, "%s", scene.events);
	json_decref(document);
	cr_expect_str_eq(scene_variable(&scene, "app.front.1", "STORE_ENDPOINTS"), "");
	cr_expect_null(scene_variable(&scene, "app.front.1", "STORE_PORT"));
	cr_expect_not_null(strstr(scene.events, "`web` has no members"), "%s", scene.events);
	scale(1);
	cr_expect_str_eq(scene_variable(&scene, "app.front.1", "STORE_ENDPOINTS"), "app.web.1:80");
}

Test(clusters, an_address_of_nobody_is_refused_where_it_is_asked_for)
{
	cr_assert_eq(
	    scene_run(&scene, berth_plan,
		      CLUSTER(0) "- type: docker:front:1\n  id: front\n  env: {HOST: "
				 "'$brooklyn:component(\"web\").attributeWhenReady(\"host.address\")'}\n",
		      NULL),
	    BERTH_INVALID);
}

/* --- what everyone of them has ------------------------------------------------------------------------ */

static enum berth_outcome invoke(const char *effector, const char *argument)
{
	static const char *const web[] = {"web", NULL};
	const char *const arguments[] = {argument, NULL};
	struct berth_request request = {.size = sizeof request,
					.app = "app",
					.components = web,
					.name = effector,
					.arguments = arguments};
	return scene_request(&scene, berth_invoke, &request, NULL);
}

static bool is_there(const char *name)
{
	return fake_target_find(scene.target, name);
}

Test(clusters, its_size_is_changed_by_effectors)
{
	deploy(CLUSTER(2));
	cr_expect_eq(invoke("resize", "desiredSize=4"), BERTH_OK, "%s", scene.events);
	cr_expect_eq(members(), 4);
	cr_expect_eq(invoke("resizeByDelta", "delta=-3"), BERTH_OK, "%s", scene.events);
	cr_expect_eq(members(), 1);
	cr_expect_eq(invoke("resizeByDelta", "delta=+1"), BERTH_OK, "%s", scene.events);
	cr_expect_eq(members(), 2);
	deploy(CLUSTER(2));
	cr_expect_eq(members(), 2);
	cr_expect_eq(invoke("resize", "desiredSize=many"), BERTH_USAGE);
	cr_expect_eq(invoke("resize", "size=3"), BERTH_USAGE);
	cr_expect_eq(invoke("resizeByDelta", NULL), BERTH_USAGE);
	cr_expect_eq(members(), 2);
}

Test(clusters, a_member_is_replaced_and_the_others_are_left_alone)
{
	deploy(CLUSTER(3));
	char *first = strdup(fake_target_find(scene.target, "app.web.1")->target_id);
	char *second = strdup(fake_target_find(scene.target, "app.web.2")->target_id);
	cr_expect_eq(invoke("replaceMember", "memberId=app.web.2"), BERTH_OK, "%s", scene.events);
	cr_expect_eq(members(), 3);
	cr_expect_str_eq(fake_target_find(scene.target, "app.web.1")->target_id, first);
	cr_expect_str_neq(fake_target_find(scene.target, "app.web.2")->target_id, second);
	cr_expect_eq(invoke("replaceMember", "memberId=someone"), BERTH_USAGE);
	cr_expect_eq(invoke("replaceMember", "memberId=app.web.9"), BERTH_USAGE, "no member is that");
	cr_expect_eq(members(), 3);
	free(first);
	free(second);
}

Test(clusters, one_that_cannot_be_replaced_serves_on)
{
	deploy(CLUSTER(1));
	char *before = strdup(fake_target_find(scene.target, "app.web.1")->target_id);
	struct fake_behaviour silent = {.component = "app.web", .answers_after_ms = -1};
	fake_target_behave(scene.target, &silent);
	cr_expect_eq(invoke("replaceMember", "memberId=1"), BERTH_FAILED, "%s", scene.events);
	cr_expect_str_eq(fake_target_find(scene.target, "app.web.1")->target_id, before);
	cr_expect_eq(fake_target_find(scene.target, "app.web.1")->state, SEEN_RUNNING);
	free(before);
}

Test(clusters, an_effector_of_its_own_goes_before_the_one_that_all_have)
{
	struct fake_command said = {.words = "echo mine", .output = "mine\n"};
	fake_target_command(scene.target, &said);
	deploy("id: app\nlocation: fake\nservices:\n- type: cluster\n  id: web\n  effectors: {resize: [echo, "
	       "mine]}\n  memberSpec: {type: 'docker:x:1', openPorts: 80}\n");
	cr_expect_eq(invoke("resize", NULL), BERTH_OK, "%s", scene.events);
	cr_expect_eq(members(), 1);
}

/* --- who goes ----------------------------------------------------------------------------------------- */

#define OLDEST(size) CLUSTER(size) "  removalStrategy: oldest\n"

Test(clusters, the_oldest_go_where_that_is_asked_for_and_free_numbers_are_used_again)
{
	deploy(OLDEST(4));
	scale(2);
	cr_expect_not(is_there("app.web.1") || is_there("app.web.2"));
	cr_expect(is_there("app.web.3") && is_there("app.web.4"));
	scene_restart(&scene, true);
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_plan, OLDEST(4), &document), BERTH_OK);
	cr_expect_str_eq(scene_action(document, "app.web.4"), "unchanged");
	cr_expect_str_eq(scene_action(document, "app.web.1"), "none");
	json_decref(document);
	scale(3);
	cr_expect(is_there("app.web.1") && is_there("app.web.3") && is_there("app.web.4"));
	scene_restart(&scene, false);
	deploy(OLDEST(2));
	cr_expect(is_there("app.web.1") && is_there("app.web.3") && is_there("app.web.4"));
}

Test(clusters, the_last_one_that_runs_does_not_go_with_the_newest)
{
	deploy(CLUSTER(3));
	fake_target_exit(scene.target, "app.web.1", 1);
	fake_target_exit(scene.target, "app.web.2", 1);
	scale(1);
	cr_assert_eq(members(), 1);
	cr_expect(is_there("app.web.3"));
}

static bool never(void *nothing)
{
	(void)nothing;
	return false;
}

static struct berth_operation *keep(int64_t for_ms)
{
	struct berth_operation *keeper = berth_keep(scene.berth, NULL, NULL, NULL);
	cr_assert_not_null(keeper);
	virtual_world_run(scene.world, never, NULL, for_ms);
	return keeper;
}

static void fall_ill(const char *name)
{
	struct fake_behaviour silent = {.component = name, .answers_after_ms = -1};
	fake_target_behave(scene.target, &silent);
}

#define CHECKED(interval)                                                                                    \
	"id: app\nlocation: fake\nservices:\n- type: cluster\n  id: web\n  initialSize: 3\n  memberSpec: "   \
	"{type: 'docker:x:1', openPorts: 80, healthCheck: {http: /, interval: " interval ", retries: 1}}\n"

Test(clusters, nor_does_the_last_one_that_is_healthy)
{
	deploy(CHECKED("1s"));
	struct berth_operation *keeper = keep(5000);
	fall_ill("app.web.1");
	fall_ill("app.web.2");
	virtual_world_run(scene.world, never, NULL, 30000);
	scale(1);
	cr_expect_eq(members(), 1);
	cr_expect(is_there("app.web.3"));
	berth_operation_free(keeper);
}

static json_t *status_of(const char *id)
{
	struct berth_request request = {.size = sizeof request, .app = "app"};
	json_t *document = NULL, *component, *found = NULL;
	size_t i;
	scene_request(&scene, berth_status, &request, &document);
	json_array_foreach (json_object_get(document, "components"), i, component)
		if (strcmp(json_text(component, "id"), id) == 0)
			found = json_incref(component);
	json_decref(document);
	cr_assert_not_null(found);
	return found;
}

static const char *state_of_instance(const char *name, json_t *component)
{
	json_t *instance;
	size_t i;
	json_array_foreach (json_object_get(component, "instances"), i, instance)
		if (strcmp(json_text(instance, "name"), name) == 0)
			return json_text(instance, "state");
	return "not there";
}

/* Each change lets go of what is kept: who is ill is not forgotten with that, long before he is asked again.
 */
Test(clusters, who_was_ill_before_a_change_is_so_after_it)
{
	deploy(CHECKED("60s"));
	struct berth_operation *keeper = keep(5000);
	fall_ill("app.web.1");
	fall_ill("app.web.2");
	virtual_world_run(scene.world, never, NULL, 150000);
	scale(2);
	cr_expect(is_there("app.web.1") && is_there("app.web.3"));
	virtual_world_run(scene.world, never, NULL, 100);
	owned_json component = status_of("web");
	cr_expect_str_eq(state_of_instance("app.web.1", component), "unhealthy");
	scale(1);
	cr_expect(is_there("app.web.3"));
	berth_operation_free(keeper);
}

/* Brooklyn's rule for what is up, whoever tells it. */
Test(clusters, one_is_up_as_long_as_any_of_its_members_is)
{
	deploy(CLUSTER(3));
	for (int kept = 0; kept < 2; kept++) {
		struct berth_operation *keeper = kept ? keep(1000) : NULL;
		owned_json some = status_of("web");
		cr_expect(json_flag(json_object_get(some, "sensors"), "service.isUp", false), "kept: %d",
			  kept);
		fake_target_exit(scene.target, "app.web.1", 1);
		fake_target_exit(scene.target, "app.web.2", 1);
		virtual_world_run(scene.world, never, NULL, 1000);
		owned_json one = status_of("web");
		const json_t *sensors = json_object_get(one, "sensors");
		cr_expect(json_flag(sensors, "service.isUp", false), "kept: %d", kept);
		cr_expect(!kept || !strcmp(json_text(sensors, "service.state"), "on-fire"));
		fake_target_exit(scene.target, "app.web.3", 1);
		virtual_world_run(scene.world, never, NULL, 1000);
		owned_json none = status_of("web");
		cr_expect_not(json_flag(json_object_get(none, "sensors"), "service.isUp", true), "kept: %d",
			      kept);
		berth_operation_free(keeper);
		deploy(CLUSTER(3));
	}
}

Test(clusters, one_of_nobody_is_up_where_nobody_is_asked_for)
{
	deploy(CLUSTER(0));
	owned_json alone = status_of("web");
	cr_expect(json_flag(json_object_get(alone, "sensors"), "service.isUp", false));
	struct berth_operation *keeper = keep(1000);
	owned_json kept = status_of("web");
	cr_expect(json_flag(json_object_get(kept, "sensors"), "service.isUp", false));
	cr_expect_str_eq(json_text(json_object_get(kept, "sensors"), "service.state"), "running");
	berth_operation_free(keeper);
}

Test(clusters, it_grows_no_further_than_it_may)
{
	deploy(CLUSTER(1) "  maxSize: 3\n");
	scale(9);
	cr_expect_not_null(strstr(scene.events, "no more than 3 members"), "%s", scene.events);
	cr_expect_eq(members(), 3);
	deploy(CLUSTER(1) "  maxSize: 3\n");
	cr_expect_eq(members(), 3);
}

/* --- who does not get ready --------------------------------------------------------------------------- */

static void silence(const char *name, bool silent)
{
	struct fake_behaviour behaviour = {.component = name, .answers_after_ms = silent ? -1 : 0};
	fake_target_behave(scene.target, &behaviour);
}

static int64_t size_of(const char *what)
{
	json_t *component = status_of("web");
	int64_t number = json_number(json_object_get(component, "size"), what, 0);
	json_decref(component);
	return number;
}

Test(clusters, a_new_member_that_does_not_get_ready_is_kept_aside_and_the_next_number_is_tried)
{
	deploy(CLUSTER(2));
	silence("app.web.3", true);
	static const char *const web[] = {"web", NULL};
	struct berth_request request = {.size = sizeof request, .app = "app", .components = web, .count = 3};
	cr_assert_eq(scene_request(&scene, berth_scale, &request, NULL), BERTH_FAILED, "%s", scene.events);
	cr_expect_not_null(strstr(scene.events, "app.web.3 quarantined"), "%s", scene.events);
	cr_expect_eq(fake_target_find(scene.target, "app.web.3")->state, SEEN_STOPPED);
	cr_expect_eq(size_of("wanted"), 3);
	cr_expect_eq(size_of("members"), 2);
	cr_expect_eq(size_of("quarantined"), 1);
	json_t *component = status_of("web");
	json_t *third = json_array_get(json_object_get(component, "instances"), 2);
	cr_expect_str_eq(json_text(third, "state"), "quarantined");
	cr_expect_not_null(strstr(json_text(third, "error"), "does not answer"), "%s",
			   json_text(third, "error"));
	json_decref(component);
	struct berth_request why = {.size = sizeof why, .app = "app", .components = web};
	json_t *document = NULL;
	scene_request(&scene, berth_why, &why, &document);
	owned_memory char *line = json_line(document);
	cr_expect_not_null(strstr(line, "it did not get ready as a new member"), "%s", line);
	cr_expect_not_null(strstr(line, "berth invoke app web expungeQuarantined"), "%s", line);
	json_decref(document);
	scale(3);
	cr_expect(is_there("app.web.4"));
	cr_expect_eq(size_of("members"), 3);
	cr_expect_eq(size_of("quarantined"), 1);
	cr_expect_eq(fake_target_find(scene.target, "app.web.3")->state, SEEN_STOPPED);
}

Test(clusters, who_is_kept_aside_is_linked_to_by_nobody_and_started_by_nobody)
{
	silence("app.web.2", true);
	cr_assert_eq(scene_run(&scene, berth_deploy, LINKED(2, ""), NULL), BERTH_FAILED);
	struct berth_request request = {.size = sizeof request, .app = "app"};
	cr_expect_eq(scene_request(&scene, berth_restart, &request, NULL), BERTH_OK, "%s", scene.events);
	cr_expect_eq(fake_target_find(scene.target, "app.web.2")->state, SEEN_STOPPED);
	cr_assert_eq(scene_run(&scene, berth_deploy, LINKED(2, "  onChange: restart\n"), NULL), BERTH_OK,
		     "%s", scene.events);
	cr_expect_str_eq(scene_variable(&scene, "app.front.1", "STORE_ENDPOINTS"),
			 "app.web.1:80,app.web.3:80");
}

Test(clusters, what_was_kept_aside_goes_when_that_is_asked_for)
{
	silence("app.web.2", true);
	cr_assert_eq(scene_run(&scene, berth_deploy, CLUSTER(2), NULL), BERTH_FAILED);
	cr_assert_eq(members(), 2);
	cr_expect_eq(invoke("expungeQuarantined", NULL), BERTH_OK, "%s", scene.events);
	cr_expect_eq(members(), 1);
	cr_expect_eq(size_of("quarantined"), 0);
	cr_expect_eq(size_of("members"), 1);
	silence("app.web.2", false);
	deploy(CLUSTER(2));
	cr_expect_eq(members(), 2);
	cr_expect(is_there("app.web.2"));
}

#define STAGED(size, stage)                                                                                  \
	"id: app\nlocation: fake\nservices:\n- type: cluster\n  id: web\n  initialSize: " #size              \
	"\n  memberSpec: {type: 'docker:x:1', openPorts: 80, env: {STAGE: " stage "}}\n"

Test(clusters, what_failed_says_nothing_of_what_is_made_from_something_else)
{
	silence("app.web", true);
	cr_assert_eq(scene_run(&scene, berth_deploy, STAGED(2, "broken"), NULL), BERTH_FAILED);
	cr_expect_eq(size_of("quarantined"), 2);
	silence("app.web", false);
	deploy(STAGED(2, "mended"));
	cr_expect_eq(members(), 2);
	cr_expect_eq(size_of("members"), 2);
	cr_expect_eq(size_of("quarantined"), 0);
	cr_expect_str_eq(scene_variable(&scene, "app.web.1", "STAGE"), "mended");
}

/* There are not to be fewer: a deploy of the same keeps it, and one of something else has no use for it. */
Test(clusters, why_what_was_kept_aside_goes_is_told)
{
	deploy(STAGED(2, "broken"));
	silence("app.web.3", true);
	cr_assert_eq(scene_run(&scene, berth_deploy, STAGED(3, "broken"), NULL), BERTH_FAILED);
	deploy(STAGED(3, "broken"));
	cr_expect(is_there("app.web.4"));
	json_t *document = NULL, *change;
	size_t i;
	cr_assert_eq(scene_run(&scene, berth_plan, STAGED(3, "mended"), &document), BERTH_OK);
	cr_expect_str_eq(scene_action(document, "app.web.3"), "remove");
	json_array_foreach (json_object_get(document, "changes"), i, change) {
		const json_t *because = json_array_get(json_object_get(change, "because"), 0);
		if (strcmp(json_text(change, "action"), "remove") == 0)
			cr_expect_str_eq(json_text(because, "path"), "quarantined");
	}
	json_decref(document);
}

Test(clusters, never_more_are_kept_aside_than_there_are_to_be_members)
{
	silence("app.web", true);
	for (int i = 0; i < 4; i++)
		cr_assert_eq(scene_run(&scene, berth_deploy, CLUSTER(2), NULL), BERTH_FAILED);
	cr_expect_eq(members(), 2);
	cr_expect_eq(size_of("quarantined"), 2);
	cr_expect_eq(size_of("wanted"), 2);
}

Test(clusters, without_the_store_what_was_kept_aside_is_nobodys_and_goes)
{
	silence("app.web.3", true);
	cr_assert_eq(scene_run(&scene, berth_deploy, CLUSTER(3), NULL), BERTH_FAILED);
	scene_restart(&scene, false);
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_plan, CLUSTER(2), &document), BERTH_OK);
	cr_expect_str_eq(scene_action(document, "app.web.3"), "remove");
	json_decref(document);
	deploy(CLUSTER(2));
	cr_expect_eq(members(), 2);
}

Test(clusters, where_nothing_is_to_be_kept_it_is_removed)
{
	silence("app.web.2", true);
	cr_assert_eq(scene_run(&scene, berth_deploy, CLUSTER(2) "  quarantineFailedEntities: false\n", NULL),
		     BERTH_FAILED);
	cr_expect_eq(members(), 1);
	cr_expect_eq(size_of("members"), 1);
	cr_expect_eq(size_of("quarantined"), 0);
}

Test(clusters, enough_members_are_enough)
{
	silence("app.web.3", true);
	cr_assert_eq(scene_run(&scene, berth_deploy, CLUSTER(3) "  initialQuorumSize: 2\n", NULL), BERTH_OK,
		     "%s", scene.events);
	cr_expect_eq(size_of("members"), 2);
	silence("app.web", true);
	struct berth_request request = {.size = sizeof request, .app = "app"};
	cr_assert_eq(scene_request(&scene, berth_destroy, &request, NULL), BERTH_OK);
	cr_assert_eq(scene_run(&scene, berth_deploy, CLUSTER(3) "  initialQuorumSize: 2\n", NULL),
		     BERTH_FAILED);
}

Test(clusters, a_member_that_was_one_before_stays_one_however_it_is)
{
	deploy(CLUSTER(2));
	fake_target_exit(scene.target, "app.web.2", 1);
	silence("app.web.2", true);
	cr_assert_eq(scene_run(&scene, berth_deploy, CLUSTER(2), NULL), BERTH_FAILED);
	cr_expect_eq(size_of("members"), 2);
	cr_expect_eq(size_of("quarantined"), 0);
}

/* --- where there is no room --------------------------------------------------------------------------- */

Test(clusters, it_grows_as_far_as_there_is_room_and_tells_why_no_further)
{
	deploy(CLUSTER(1));
	fake_target_room(scene.target, 3);
	static const char *const web[] = {"web", NULL};
	struct berth_request request = {.size = sizeof request, .app = "app", .components = web, .count = 50};
	size_t before = fake_target_calls(scene.target, FAKE_PLACE);
	cr_assert_eq(scene_request(&scene, berth_scale, &request, NULL), BERTH_FAILED, "%s", scene.events);
	cr_expect_eq(members(), 3);
	cr_expect_lt(fake_target_calls(scene.target, FAKE_PLACE) - before, 20);
	cr_expect_eq(size_of("members"), 3);
	cr_expect_eq(size_of("quarantined"), 0);
	json_t *component = status_of("web");
	cr_expect_str_eq(json_text(json_object_get(component, "size"), "no_room"),
			 "there is no room for another instance");
	json_decref(component);
	fake_target_room(scene.target, SIZE_MAX);
	scale(4);
	component = status_of("web");
	cr_expect_null(json_text(json_object_get(component, "size"), "no_room"));
	json_decref(component);
	cr_expect_eq(members(), 4);
}

/* --- one port of one machine ---------------------------------------------------------------------------- */

Test(clusters, two_members_with_one_fixed_port_at_one_place_are_refused_by_the_plan)
{
	deploy("id: app\nlocation: fake\nservices:\n- type: cluster\n  id: web\n"
	       "  memberSpec: {type: 'docker:x:1', portBindings: {8080: 80}}\n");
	size_t before = fake_target_calls(scene.target, FAKE_PLACE);
	cr_expect_eq(invoke("resize", "desiredSize=2"), BERTH_INVALID, "%s", scene.events);
	cr_expect_eq(fake_target_calls(scene.target, FAKE_PLACE), before, "nothing was begun");
	cr_expect_eq(members(), 1);
}

#define NAMED(location)                                                                                      \
	"id: app\nlocation: apart\nlocations: {apart: {fake: {" location "}}}\nservices:\n"                  \
	"- {type: cluster, id: web, memberSpec: {type: process, command: serve, ports: {http: 8080}}}\n"

Test(clusters, members_with_an_address_each_can_all_have_one_port)
{
	deploy(NAMED("target: one"));
	cr_expect_eq(invoke("resize", "desiredSize=2"), BERTH_INVALID, "%s", scene.events);
	deploy(NAMED("target: many, ownAddresses: true"));
	cr_expect_eq(invoke("resize", "desiredSize=2"), BERTH_OK, "%s", scene.events);
}
