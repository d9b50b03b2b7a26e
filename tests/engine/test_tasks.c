/* test_tasks.c - a target that keeps the tasks of a component itself: it scales and rolls them, their ports
 * move, and those who hold a number follow. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/engine/scene.h"

static struct scene scene;
static struct fake_target *tasks;

static void raise_curtain(void)
{
	scene_open(&scene);
	tasks = scene_place(&scene, "tasks");
}

static void drop_curtain(void)
{
	scene_close(&scene);
}

TestSuite(tasks, .init = raise_curtain, .fini = drop_curtain);

#define PLACES                                                                                               \
	"id: app\nlocations:\n  m: {type: fake, target: tasks, profile: marathon}\n  d: {type: "             \
	"fake}\nservices:\n"
#define WEB(image, more)                                                                                     \
	"- {type: 'docker:" image "', id: web, location: m, openPorts: 80, instances: 3" more "}\n"
#define FRONT "- {type: 'docker:front:1', id: front, location: d, links: [$brooklyn:component(\"web\")]}\n"
#define ALONE "- {type: 'docker:alone:1', id: alone, location: d, openPorts: 90}\n"

#define APP(image, more)                                                                                     \
	PLACES WEB(image, more)                                                                              \
	FRONT ALONE

static enum berth_outcome run(verb_function *verb, const char *blueprint, json_t **ret)
{
	json_t *document = NULL;
	enum berth_outcome outcome = scene_run(&scene, verb, blueprint, &document);
	if (ret)
		*ret = document;
	else
		json_decref(document);
	return outcome;
}

static void deploy(const char *blueprint)
{
	cr_assert_eq(run(berth_deploy, blueprint, NULL), BERTH_OK, "%s", scene.events ? scene.events : "");
}

static void assert_unchanged(const char *blueprint)
{
	json_t *document = NULL;
	cr_expect_eq(run(berth_deploy, blueprint, &document), BERTH_OK);
	cr_expect_not(json_flag(document, "changed", true));
	json_decref(document);
}

static const json_t *change_in(const json_t *document, const char *component)
{
	size_t i;
	json_t *change;
	json_array_foreach (json_object_get(document, "changes"), i, change)
		if (strcmp(json_text(change, "component"), component) == 0)
			return change;
	return NULL;
}

static void pass(int64_t ms)
{
	virtual_world_run(scene.world, NULL, NULL, ms);
}

static int64_t now(void)
{
	return scene.world->ops->now(scene.world);
}

/* The number that `front` was given is that of the first task now. */
static void assert_linked(void)
{
	char number[8];
	snprintf(number, sizeof number, "%u", fake_target_task_port(tasks, "app.web.1", 0, 80));
	cr_expect_str_eq(scene_variable(&scene, "app.front.1", "WEB_PORT_80_TCP_PORT"), number);
}

Test(tasks, component_is_one_thing_with_its_count)
{
	deploy(APP("web:1", ""));
	cr_expect_eq(fake_target_instances(tasks), 1);
	cr_expect_eq(fake_target_tasks(tasks, "app.web.1"), 3);
	assert_linked();
	assert_unchanged(APP("web:1", ""));
}

Test(tasks, words_of_marathon_are_an_error_where_nobody_reads_them)
{
	json_t *document = NULL;
	cr_expect_eq(run(berth_plan, PLACES "- {type: 'docker:alone:1', location: d, marathon: {gpus: 1}}\n",
			 &document),
		     BERTH_INVALID);
	owned_memory char *told = json_dumps(document, JSON_COMPACT);
	cr_expect(told && strstr(told, "is no Marathon"), "%s", told);
	cr_expect(told && strstr(told, "give that another location"), "%s", told);
	json_decref(document);
}

Test(tasks, status_shows_those_that_the_target_made)
{
	json_t *document = NULL;
	deploy(APP("web:1", ""));
	cr_assert_eq(run(berth_status, APP("web:1", ""), &document), BERTH_OK);
	const json_t *web = json_array_get(json_object_get(document, "components"), 0);
	const json_t *list = json_object_get(web, "instances"), *one = json_array_get(list, 0);
	cr_expect_str_eq(json_text(web, "state"), "running");
	cr_assert_eq(json_array_size(list), 3);
	cr_expect(strstr(json_text(one, "name"), "app.web.t"), "%s", json_text(one, "name"));
	cr_expect(strstr(json_text(one, "address"), "192.0.2."));
	json_decref(document);
}

Test(tasks, scale_makes_more_and_moves_nobody)
{
	const char *const web[] = {"web", NULL};
	struct berth_request request = {.size = sizeof request, .app = "app", .components = web, .count = 5};
	json_t *document = NULL;
	deploy(APP("web:1", ""));
	uint16_t number = fake_target_task_port(tasks, "app.web.1", 0, 80);
	cr_assert_eq(scene_request(&scene, berth_scale, &request, &document), BERTH_OK);
	cr_expect_str_eq(json_text(change_in(document, "web"), "action"), "update");
	cr_expect_str_eq(json_text(change_in(document, "web"), "outage"), "none");
	cr_expect_str_eq(json_text(change_in(document, "front"), "action"), "unchanged");
	json_decref(document);
	cr_expect_eq(fake_target_tasks(tasks, "app.web.1"), 5);
	cr_expect_eq(fake_target_task_port(tasks, "app.web.1", 0, 80), number);
	request.count = 1;
	cr_assert_eq(scene_request(&scene, berth_scale, &request, NULL), BERTH_OK);
	cr_expect_eq(fake_target_tasks(tasks, "app.web.1"), 1);
	cr_expect_eq(fake_target_task_port(tasks, "app.web.1", 0, 80), number);
}

Test(tasks, plan_says_that_the_target_rolls_it)
{
	json_t *document = NULL;
	deploy(APP("web:1", ""));
	cr_assert_eq(run(berth_plan, APP("web:2", ""), &document), BERTH_OK);
	const json_t *web = change_in(document, "web");
	cr_expect_str_eq(json_text(web, "action"), "update");
	cr_expect_str_eq(json_text(web, "order"), "rolling");
	cr_expect_str_eq(json_text(web, "outage"), "none");
	cr_expect_str_eq(json_text(change_in(document, "front"), "action"), "relink");
	cr_expect_str_eq(json_text(change_in(document, "alone"), "action"), "unchanged");
	json_decref(document);
}

/* Never fewer than are wanted answer while they are rolled. */
static bool too_few(void *owner)
{
	(void)owner;
	return fake_target_tasks(tasks, "app.web.1") < 3;
}

Test(tasks, rolling_update_keeps_as_many_as_are_wanted)
{
	struct berth_request request = {
	    .size = sizeof request, .blueprint = APP("web:2", ""), .file = "/b.yaml"};
	struct berth_error error;
	deploy(APP("web:1", ""));
	fake_target_pace(tasks, FAKE_STAGING, 500, 2000);
	struct berth_operation *operation = berth_deploy(scene.berth, &request, NULL, &error);
	cr_assert_not(virtual_world_run(scene.world, too_few, NULL, 60000));
	cr_assert(berth_done(operation));
	cr_expect_eq(berth_outcome(operation), BERTH_OK);
	berth_operation_free(operation);
	cr_expect_eq(fake_target_tasks(tasks, "app.web.1"), 3);
	assert_linked();
	assert_unchanged(APP("web:2", ""));
}

Test(tasks, who_holds_a_number_follows_and_nobody_else)
{
	deploy(APP("web:1", ""));
	char alone[32];
	snprintf(alone, sizeof alone, "%s", fake_target_find(scene.target, "app.alone.1")->target_id);
	cr_assert_eq(fake_target_task_dies(tasks, "app.web.1", 0, 1), 0);
	pass(5000);
	json_t *document = NULL;
	cr_assert_eq(run(berth_plan, APP("web:1", ""), &document), BERTH_OK);
	cr_expect_str_eq(json_text(change_in(document, "web"), "action"), "unchanged");
	cr_expect_str_eq(json_text(change_in(document, "front"), "action"), "relink");
	json_decref(document);
	deploy(APP("web:1", ""));
	assert_linked();
	cr_expect_str_eq(fake_target_find(scene.target, "app.alone.1")->target_id, alone);
	assert_unchanged(APP("web:1", ""));
}

Test(tasks, a_task_that_nobody_was_given_may_move)
{
	deploy(APP("web:1", ""));
	cr_assert_eq(fake_target_task_dies(tasks, "app.web.1", 2, 1), 0);
	pass(5000);
	cr_expect_eq(fake_target_tasks(tasks, "app.web.1"), 3);
	assert_unchanged(APP("web:1", ""));
}

#define BACK  "- {type: 'docker:back:1', id: back, location: m, openPorts: 70}\n"
#define PROXY "- {type: loadbalancer, id: lb, location: d, members: $brooklyn:component(\"back\")}\n"

/* Who is told by a file alone would be told of nobody, and of nobody more. */
Test(tasks, one_that_has_moved_and_does_not_answer_yet_is_waited_for)
{
	const struct fake_behaviour slow = {.component = "app.back", .answers_after_ms = 20000};
	char number[16];

	deploy(PLACES BACK PROXY);
	cr_assert_eq(fake_target_behave(tasks, &slow), 0);
	cr_assert_eq(fake_target_task_dies(tasks, "app.back.1", 0, 1), 0);
	pass(5000);
	deploy(PLACES BACK PROXY);
	snprintf(number, sizeof number, ":%u", fake_target_task_port(tasks, "app.back.1", 0, 70));
	const char *told = fake_target_input(scene.target, "app.lb.1");
	cr_expect(told && strstr(told, number), "%s is not told of: %s", number, told ? told : "");
	assert_unchanged(PLACES BACK PROXY);
}

#define MIDDLE                                                                                               \
	"- {type: 'docker:middle:1', id: middle, location: m, openPorts: 80, instances: 2,"                  \
	" links: [$brooklyn:component(\"back\")]}\n"

/* The number that `middle`, which is a target's own, too, was given is that of `back` now. */
static void assert_told_of_back(void)
{
	const char *const *entries = fake_target_environment(tasks, "app.middle.1");
	char wanted[48];
	snprintf(wanted, sizeof wanted, "BACK_PORT_70_TCP_PORT=%u",
		 fake_target_task_port(tasks, "app.back.1", 0, 70));
	while (*entries && strcmp(*entries, wanted) != 0)
		entries++;
	cr_expect(*entries, "%s", wanted);
}

Test(tasks, who_is_kept_by_the_target_itself_is_relinked_by_it)
{
	json_t *document = NULL;
	deploy(PLACES BACK MIDDLE);
	cr_assert_eq(fake_target_task_dies(tasks, "app.back.1", 0, 1), 0);
	pass(5000);
	cr_assert_eq(run(berth_deploy, PLACES BACK MIDDLE, &document), BERTH_OK);
	cr_expect_str_eq(json_text(change_in(document, "middle"), "action"), "relink");
	cr_expect_str_eq(json_text(change_in(document, "middle"), "order"), "rolling");
	cr_expect_str_eq(json_text(change_in(document, "back"), "action"), "unchanged");
	json_decref(document);
	assert_told_of_back();
	assert_unchanged(PLACES BACK MIDDLE);
}

#define CHECKED(path)                                                                                        \
	"- {type: 'docker:back:1', id: back, location: m, openPorts: 70, healthCheck: {http: {path: " path   \
	"}}}\n"

/* It is part of what Marathon was told, so that a change of it alone makes its tasks anew. */
Test(tasks, change_of_its_check_alone_is_the_targets_to_make)
{
	json_t *document = NULL;
	deploy(PLACES CHECKED("/up"));
	assert_unchanged(PLACES CHECKED("/up"));
	cr_assert_eq(run(berth_deploy, PLACES CHECKED("/well"), &document), BERTH_OK);
	const json_t *change = change_in(document, "back");
	cr_expect_str_eq(json_text(change, "action"), "update");
	cr_expect_str_eq(json_text(change, "order"), "rolling");
	const json_t *because = json_array_get(json_object_get(change, "because"), 0);
	cr_expect_str_eq(json_text(because, "path"), "healthCheck");
	cr_expect(strstr(json_text(because, "new"), "/well"), "%s", json_text(because, "new"));
	json_decref(document);
	assert_unchanged(PLACES CHECKED("/well"));
}

Test(tasks, restart_is_the_targets_own)
{
	struct berth_request by_name = {.size = sizeof by_name, .app = "app"};
	deploy(PLACES BACK);
	uint16_t number = fake_target_task_port(tasks, "app.back.1", 0, 70);
	size_t stops = fake_target_calls(tasks, FAKE_STOP);
	cr_assert_eq(scene_request(&scene, berth_restart, &by_name, NULL), BERTH_OK);
	cr_expect_neq(fake_target_task_port(tasks, "app.back.1", 0, 70), number);
	cr_expect_eq(fake_target_calls(tasks, FAKE_STOP), stops);
	assert_unchanged(PLACES BACK);
}

Test(tasks, stop_keeps_the_component_and_start_runs_it_again)
{
	struct berth_request by_name = {.size = sizeof by_name, .app = "app"};
	deploy(PLACES WEB("web:1", ""));
	cr_assert_eq(scene_request(&scene, berth_stop, &by_name, NULL), BERTH_OK);
	cr_expect_eq(fake_target_instances(tasks), 1);
	cr_expect_eq(fake_target_tasks(tasks, "app.web.1"), 0);
	cr_expect_eq(fake_target_find(tasks, "app.web.1")->state, SEEN_STOPPED);
	cr_assert_eq(scene_request(&scene, berth_start, &by_name, NULL), BERTH_OK);
	cr_expect_eq(fake_target_tasks(tasks, "app.web.1"), 3);
	assert_unchanged(PLACES WEB("web:1", ""));
}

static void by_name(verb_function *verb, const char *component)
{
	const char *const components[] = {component, NULL};
	struct berth_request request = {.size = sizeof request, .app = "app", .components = components};
	cr_assert_eq(scene_request(&scene, verb, &request, NULL), BERTH_OK, "%s", scene.events ?: "");
}

/* Where its provider is when it starts, not where that was. */
Test(tasks, who_is_restarted_after_its_provider_is_told_where_that_is_now)
{
	deploy(PLACES BACK MIDDLE);
	uint16_t number = fake_target_task_port(tasks, "app.middle.1", 0, 80);
	by_name(berth_restart, NULL);
	assert_told_of_back();
	cr_expect_neq(fake_target_task_port(tasks, "app.middle.1", 0, 80), number);
	cr_expect_eq(fake_target_tasks(tasks, "app.middle.1"), 2);
	assert_unchanged(PLACES BACK MIDDLE);
}

Test(tasks, who_is_started_after_its_provider_is_told_where_that_is_now)
{
	deploy(PLACES BACK MIDDLE);
	by_name(berth_stop, NULL);
	by_name(berth_start, NULL);
	assert_told_of_back();
	cr_expect_eq(fake_target_tasks(tasks, "app.middle.1"), 2);
	assert_unchanged(PLACES BACK MIDDLE);
}

/* A container's environment is what it was made with: it is made anew, as when its provider moves. */
Test(tasks, what_is_elsewhere_is_restarted_and_started_with_the_number_of_now)
{
	deploy(APP("web:1", ""));
	by_name(berth_restart, NULL);
	assert_linked();
	assert_unchanged(APP("web:1", ""));
	by_name(berth_stop, NULL);
	by_name(berth_start, NULL);
	assert_linked();
	assert_unchanged(APP("web:1", ""));
}

/* Nobody asked for another one of it. */
Test(tasks, who_is_restarted_while_its_provider_stays_is_the_one_that_it_was)
{
	deploy(APP("web:1", ""));
	char front[32];
	snprintf(front, sizeof front, "%s", fake_target_find(scene.target, "app.front.1")->target_id);
	by_name(berth_restart, "front");
	cr_expect_str_eq(fake_target_find(scene.target, "app.front.1")->target_id, front);
	assert_unchanged(APP("web:1", ""));
}

/* Who is not asked to restart is linked anew as when its provider moves by itself: by the next deploy. */
Test(tasks, who_was_started_before_its_provider_follows_with_the_next_deploy)
{
	deploy(PLACES BACK MIDDLE);
	by_name(berth_restart, "back");
	deploy(PLACES BACK MIDDLE);
	assert_told_of_back();
	assert_unchanged(PLACES BACK MIDDLE);
}

/* --- what does not come to its end ------------------------------------------------------------- */

static const struct fake_behaviour silent = {
    .component = "app.web", .image = "web:2", .answers_after_ms = -1};

Test(tasks, update_that_hangs_is_taken_back)
{
	json_t *document = NULL;
	deploy(APP("web:1", ""));
	cr_assert_eq(fake_target_behave(tasks, &silent), 0);
	cr_assert_eq(run(berth_deploy, APP("web:2", ""), &document), BERTH_FAILED);
	const json_t *failure = json_array_get(json_object_get(document, "failures"), 0);
	cr_expect(strstr(json_text(failure, "error"), "was taken back"), "%s", json_text(failure, "error"));
	cr_expect_str_eq(json_text(failure, "kept"), "app.web.1");
	json_decref(document);
	cr_expect_eq(fake_target_tasks(tasks, "app.web.1"), 3);
	assert_linked();
	assert_unchanged(APP("web:1", ""));
}

Test(tasks, update_that_hangs_is_overtaken_by_the_next_one)
{
	struct berth_request request = {
	    .size = sizeof request, .blueprint = APP("web:2", ""), .file = "/b.yaml"};
	struct berth_error error;
	deploy(APP("web:1", ""));
	cr_assert_eq(fake_target_behave(tasks, &silent), 0);
	cr_assert_not_null(berth_deploy(scene.berth, &request, NULL, &error));
	pass(30000);
	scene_restart(&scene, true);
	int64_t began_ms = now();
	deploy(APP("web:3", ""));
	cr_expect(now() - began_ms < 20000, "%lld ms", (long long)(now() - began_ms));
	cr_expect_eq(fake_target_tasks(tasks, "app.web.1"), 3);
	assert_linked();
	assert_unchanged(APP("web:3", ""));
}

static void hear(void *said, const struct berth_event *event)
{
	if (event->kind == BERTH_EVENT_PHASE && event->text)
		text_format(said, "%s\n", event->text);
}

Test(tasks, update_of_a_killed_program_is_waited_for)
{
	json_t *document = NULL;
	owned_text said = {0};
	struct berth_request request = {
	    .size = sizeof request, .blueprint = APP("web:2", ""), .file = "/b.yaml"};
	struct berth_error error;
	deploy(APP("web:1", ""));
	fake_target_pace(tasks, FAKE_STAGING, 9000, 9000);
	cr_assert_not_null(berth_deploy(scene.berth, &request, NULL, &error));
	pass(3000);
	scene_restart(&scene, true);
	cr_assert_eq(run(berth_plan, APP("web:2", ""), &document), BERTH_OK);
	cr_expect_str_eq(json_text(change_in(document, "web"), "order"), "under-way");
	json_decref(document);
	request.blueprint = APP("web:2", "");
	struct berth_listener listener = {.size = sizeof listener, .event = hear, .context = &said};
	struct berth_operation *operation = berth_deploy(scene.berth, &request, &listener, &error);
	cr_assert_not_null(operation);
	pass(300000);
	cr_expect_eq(berth_outcome(operation), BERTH_OK);
	berth_operation_free(operation);
	cr_expect(strstr(text_view(&said), "its target is at it already"), "%s", text_view(&said));
	cr_expect_null(strstr(text_view(&said), "makes its tasks anew"), "%s", text_view(&said));
	cr_expect_eq(fake_target_tasks(tasks, "app.web.1"), 3);
	assert_linked();
	assert_unchanged(APP("web:2", ""));
}

Test(tasks, change_by_somebody_else_is_waited_for)
{
	deploy(APP("web:1", ""));
	cr_assert_eq(fake_target_lock(tasks, "app.web.1", 60000), 0);
	deploy(APP("web:2", ""));
	cr_expect_str_eq(fake_target_find(tasks, "app.web.1")->type, "docker:web:2");
	assert_unchanged(APP("web:2", ""));
}

Test(tasks, answer_lost_does_not_roll_twice)
{
	struct fake_rule rule = {.call = FAKE_UPDATE, .times = 1, .effect = true};
	deploy(PLACES WEB("web:1", ""));
	fail(&rule.error, ERR_TIMED_OUT, "no answer");
	cr_assert_eq(fake_target_rule(tasks, &rule), 0);
	deploy(PLACES WEB("web:2", ""));
	uint16_t number = fake_target_task_port(tasks, "app.web.1", 0, 80);
	pass(60000);
	cr_expect_eq(fake_target_task_port(tasks, "app.web.1", 0, 80), number);
	assert_unchanged(PLACES WEB("web:2", ""));
}

Test(tasks, what_ends_again_and_again_is_given_up)
{
	static const struct fake_behaviour ends = {
	    .component = "app.web", .exits = UINT32_MAX, .exit_code = 3};
	json_t *document = NULL;
	cr_assert_eq(fake_target_behave(tasks, &ends), 0);
	cr_assert_eq(run(berth_deploy, PLACES WEB("web:1", ""), &document), BERTH_FAILED);
	const json_t *failure = json_array_get(json_object_get(document, "failures"), 0);
	cr_expect(strstr(json_text(failure, "error"), "last with code 3"), "%s", json_text(failure, "error"));
	json_decref(document);
	static const struct fake_behaviour stays = {.component = "app.web"};
	cr_assert_eq(fake_target_behave(tasks, &stays), 0);
	deploy(PLACES WEB("web:1", ""));
	assert_unchanged(PLACES WEB("web:1", ""));
}

Test(tasks, scale_that_hangs_is_taken_back)
{
	struct fake_rule rule = {.call = FAKE_UPDATE, .times = 1, .for_ever = true};
	const char *const web[] = {"web", NULL};
	struct berth_request request = {.size = sizeof request, .app = "app", .components = web, .count = 5};
	json_t *document = NULL;
	deploy(APP("web:1", ""));
	cr_assert_eq(fake_target_rule(tasks, &rule), 0);
	cr_assert_eq(scene_request(&scene, berth_scale, &request, &document), BERTH_FAILED);
	const json_t *failure = json_array_get(json_object_get(document, "failures"), 0);
	cr_expect(strstr(json_text(failure, "error"), "was taken back"), "%s", json_text(failure, "error"));
	json_decref(document);
	cr_expect_eq(fake_target_tasks(tasks, "app.web.1"), 3);
}

Test(tasks, protected_component_is_not_rolled)
{
	deploy(APP("web:1", ", protect: true"));
	cr_expect_eq(run(berth_deploy, APP("web:2", ", protect: true"), NULL), BERTH_INVALID);
	cr_expect_str_eq(fake_target_find(tasks, "app.web.1")->type, "docker:web:1");
}

Test(tasks, destroy_leaves_nothing)
{
	struct berth_request by_name = {.size = sizeof by_name, .app = "app"};
	deploy(APP("web:1", ""));
	cr_assert_eq(scene_request(&scene, berth_destroy, &by_name, NULL), BERTH_OK);
	cr_expect_eq(fake_target_instances(tasks) + fake_target_instances(scene.target), 0);
}

Test(tasks, what_a_target_cannot_do_is_refused)
{
	cr_expect_eq(run(berth_plan, PLACES WEB("web:1", ", job: true"), NULL), BERTH_INVALID);
	cr_expect_eq(run(berth_plan,
			 PLACES "- {type: 'docker:web:1', id: web, location: m, portBindings: {80: 8080}}\n",
			 NULL),
		     BERTH_INVALID);
}
