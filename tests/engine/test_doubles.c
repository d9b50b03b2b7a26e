/* test_doubles.c - where names are not unique and creation takes its time: a thing that is made late counts
 * for nothing and goes, what fails while it is being built is made anew, and what is being deleted is waited
 * for.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/engine/scene.h"

static struct scene scene;

static void raise_curtain(void)
{
	struct capabilities can = fake_driver.capabilities;
	scene_open(&scene);
	can.names_unique = false;
	fake_target_capabilities(scene.target, &can);
}

static void drop_curtain(void)
{
	scene_close(&scene);
}

TestSuite(doubles, .init = raise_curtain, .fini = drop_curtain);

#define PAIR(image)                                                                                          \
	"id: app\nlocation: fake\nservices:\n"                                                               \
	"- {type: 'docker:front:1', id: front, links: [$brooklyn:component(\"web\")]}\n"                     \
	"- {type: 'docker:" image "', id: web, openPorts: 80, linkAddress: ip}\n"

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

static void pass(int64_t ms)
{
	virtual_world_run(scene.world, NULL, NULL, ms);
}

/* The next creation's answer is lost, and it is done so much later. */
static void make_late(const char *name, int64_t late_ms)
{
	struct fake_rule rule = {
	    .call = FAKE_PLACE, .instance = name, .times = 1, .effect = true, .late_ms = late_ms};
	fail(&rule.error, ERR_TIMED_OUT, "no answer");
	cr_assert_eq(fake_target_rule(scene.target, &rule), 0);
}

static const char *id_of(const char *name)
{
	static char ids[4][32];
	static unsigned next;
	const struct observed *seen = fake_target_find(scene.target, name);
	cr_assert_not_null(seen);
	char *id = ids[next++ % 4];
	snprintf(id, sizeof ids[0], "%s", seen->target_id);
	return id;
}

/* `web` runs and is linked to; another `web` came when it did so already. */
static const char *double_up(void)
{
	make_late("app.web.1", 20000);
	deploy(PAIR("web:1"));
	cr_assert_eq(fake_target_instances(scene.target), 2);
	const char *id = id_of("app.web.1");
	pass(30000);
	cr_assert_eq(fake_target_instances(scene.target), 3);
	return id;
}

static json_t *removal_in(const json_t *document)
{
	size_t i;
	json_t *change, *found = NULL;
	json_array_foreach (json_object_get(document, "changes"), i, change)
		if (strcmp(json_text(change, "action"), "remove") == 0) {
			cr_assert_null(found, "two removals");
			found = change;
		}
	return found;
}

static void assert_undoubled(const char *id)
{
	json_t *document = NULL;
	const char *address = fake_target_find(scene.target, "app.web.1")->attachments[0].address;
	cr_expect_eq(fake_target_instances(scene.target), 2);
	cr_expect_str_eq(id_of("app.web.1"), id);
	cr_expect_str_eq(scene_variable(&scene, "app.front.1", "WEB_PORT_80_TCP_ADDR"), address);
	cr_expect_eq(run(berth_deploy, PAIR("web:1"), &document), BERTH_OK);
	cr_expect_not(json_flag(document, "changed", true));
	json_decref(document);
}

Test(doubles, late_one_is_planned_to_go_and_nothing_else)
{
	json_t *document = NULL;
	double_up();
	cr_assert_eq(run(berth_plan, PAIR("web:1"), &document), BERTH_OK);
	const json_t *removal = removal_in(document),
		     *because = json_array_get(json_object_get(removal, "because"), 0);
	cr_assert_not_null(removal);
	cr_expect(strstr(json_text(removal, "instance"), "app.web.1~"), "%s", json_text(removal, "instance"));
	cr_expect_str_eq(json_text(because, "path"), "double");
	cr_expect_str_eq(scene_action(document, "app.web.1"), "unchanged");
	cr_expect_str_eq(scene_action(document, "app.front.1"), "unchanged");
	json_decref(document);
	cr_expect_eq(fake_target_instances(scene.target), 3, "a plan changes nothing");
}

Test(doubles, late_one_goes_with_the_next_deploy)
{
	const char *id = double_up();
	deploy(PAIR("web:1"));
	assert_undoubled(id);
}

Test(doubles, late_one_is_known_without_the_store)
{
	const char *id = double_up();
	scene_restart(&scene, false);
	deploy(PAIR("web:1"));
	assert_undoubled(id);
}

Test(doubles, late_one_of_the_deploy_under_way_goes_at_its_end)
{
	static const struct fake_behaviour slow = {.component = "app.front", .answers_after_ms = 5000};
	cr_assert_eq(fake_target_behave(scene.target, &slow), 0);
	fake_target_time(scene.target, FAKE_START, 3000);
	make_late("app.web.1", 1500);
	deploy(PAIR("web:1"));
	cr_expect_eq(fake_target_late(scene.target), 0, "it arrived meanwhile");
	assert_undoubled(id_of("app.web.1"));
}

Test(doubles, late_one_is_not_counted)
{
	struct berth_request all = {.size = sizeof all};
	json_t *document = NULL;
	double_up();
	cr_assert_eq(run(berth_status, PAIR("web:1"), &document), BERTH_OK);
	cr_expect_str_eq(json_text(document, "state"), "running");
	json_decref(document);
	cr_assert_eq(scene_request(&scene, berth_status, &all, &document), BERTH_OK);
	const json_t *line = json_array_get(json_object_get(document, "applications"), 0);
	cr_expect_eq(json_number(line, "instances", 0), 2);
	cr_expect_str_eq(json_text(line, "state"), "running");
	json_decref(document);
}

Test(doubles, late_one_is_not_what_a_stop_and_a_start_mean)
{
	struct berth_request by_name = {.size = sizeof by_name, .app = "app"};
	const char *id = double_up();
	cr_assert_eq(scene_request(&scene, berth_stop, &by_name, NULL), BERTH_OK);
	cr_expect_eq(fake_target_find(scene.target, "app.web.1")->state, SEEN_STOPPED);
	cr_assert_eq(scene_request(&scene, berth_start, &by_name, NULL), BERTH_OK);
	cr_expect_str_eq(id_of("app.web.1"), id);
	cr_expect_eq(fake_target_find(scene.target, "app.web.1")->state, SEEN_RUNNING);
}

Test(doubles, destroy_takes_both)
{
	struct berth_request by_name = {.size = sizeof by_name, .app = "app"};
	double_up();
	cr_assert_eq(scene_request(&scene, berth_destroy, &by_name, NULL), BERTH_OK);
	cr_assert_eq(fake_target_instances(scene.target), 0);
}

/* A program is killed while its creation is on the way, and another one does not find it. */
Test(doubles, creation_of_a_killed_program_arrives_late)
{
	struct berth_request request = {
	    .size = sizeof request, .blueprint = PAIR("web:1"), .file = "/b.yaml"};
	struct berth_error error;
	fake_target_time(scene.target, FAKE_PLACE, 1000);
	fake_target_pace(scene.target, FAKE_LATENESS, 20000, 20000);
	cr_assert_not_null(berth_deploy(scene.berth, &request, NULL, &error));
	pass(500);
	scene_restart(&scene, true);
	cr_assert_eq(fake_target_instances(scene.target), 0);
	deploy(PAIR("web:1"));
	const char *id = id_of("app.web.1");
	pass(30000);
	cr_assert_eq(fake_target_instances(scene.target), 3, "late");
	deploy(PAIR("web:1"));
	assert_undoubled(id);
}

/* What a killed program still asks of one incarnation is not done to the next. */
Test(doubles, removal_of_a_killed_program_misses_the_next_one)
{
	struct berth_request by_name = {.size = sizeof by_name, .app = "app"};
	struct berth_error error;
	deploy(PAIR("web:1"));
	fake_target_time(scene.target, FAKE_REMOVE, 1000);
	fake_target_pace(scene.target, FAKE_LATENESS, 20000, 20000);
	cr_assert_not_null(berth_destroy(scene.berth, &by_name, NULL, &error));
	pass(500);
	scene_restart(&scene, true);
	cr_assert_gt(fake_target_late(scene.target), 0);
	cr_assert_eq(scene_request(&scene, berth_destroy, &by_name, NULL), BERTH_OK);
	deploy(PAIR("web:1"));
	pass(30000);
	cr_assert_eq(fake_target_late(scene.target), 0);
	assert_undoubled(id_of("app.web.1"));
}

/* --- what is accepted first and done later ----------------------------------------------------- */

static void spoil(const struct fake_rule *how)
{
	struct fake_rule rule = *how;
	rule.call = FAKE_PLACE;
	rule.times = 1;
	cr_assert_eq(fake_target_rule(scene.target, &rule), 0);
}

static const char *failure_of(const json_t *document)
{
	size_t i;
	json_t *failure;
	json_array_foreach (json_object_get(document, "failures"), i, failure)
		if (strcmp(json_text(failure, "component"), "web") == 0)
			return json_text(failure, "error");
	return "";
}

Test(doubles, building_is_waited_for)
{
	fake_target_pace(scene.target, FAKE_BUILDING, 30000, 60000);
	deploy(PAIR("web:1"));
	assert_undoubled(id_of("app.web.1"));
}

Test(doubles, building_goes_on_after_a_kill)
{
	struct berth_request request = {
	    .size = sizeof request, .blueprint = PAIR("web:1"), .file = "/b.yaml"};
	struct berth_error error;
	fake_target_pace(scene.target, FAKE_BUILDING, 30000, 30000);
	cr_assert_not_null(berth_deploy(scene.berth, &request, NULL, &error));
	pass(10000);
	const char *id = id_of("app.web.1");
	scene_restart(&scene, true);
	deploy(PAIR("web:1"));
	assert_undoubled(id);
}

Test(doubles, creation_that_fails_after_it_was_accepted_is_told_and_made_anew)
{
	json_t *document = NULL;
	spoil(&(struct fake_rule){.instance = "app.web.1", .fault = "No valid host was found."});
	fake_target_pace(scene.target, FAKE_BUILDING, 5000, 5000);
	cr_assert_eq(run(berth_deploy, PAIR("web:1"), &document), BERTH_FAILED);
	cr_expect(strstr(failure_of(document), "No valid host was found."), "%s", failure_of(document));
	json_decref(document);
	deploy(PAIR("web:1"));
	assert_undoubled(id_of("app.web.1"));
}

Test(doubles, update_whose_creation_fails_leaves_the_old_one)
{
	json_t *document = NULL;
	deploy(PAIR("web:1"));
	const char *id = id_of("app.web.1");
	spoil(&(struct fake_rule){.instance = "app.web.1.g2", .fault = "Quota exceeded"});
	cr_assert_eq(run(berth_deploy, PAIR("web:2"), &document), BERTH_FAILED);
	cr_expect(strstr(failure_of(document), "Quota exceeded"), "%s", failure_of(document));
	json_decref(document);
	assert_undoubled(id);
}

Test(doubles, what_is_built_for_ever_is_given_up_and_made_anew)
{
	json_t *document = NULL;
	spoil(&(struct fake_rule){.instance = "app.web.1", .for_ever = true});
	cr_assert_eq(run(berth_deploy, PAIR("web:1"), &document), BERTH_FAILED);
	cr_expect(strstr(failure_of(document), "still being built"), "%s", failure_of(document));
	json_decref(document);
	deploy(PAIR("web:1"));
	assert_undoubled(id_of("app.web.1"));
}

Test(doubles, destroy_ends_when_all_is_gone)
{
	struct berth_request by_name = {.size = sizeof by_name, .app = "app"};
	fake_target_pace(scene.target, FAKE_LEAVING, 7000, 7000);
	deploy(PAIR("web:1"));
	cr_assert_eq(scene_request(&scene, berth_destroy, &by_name, NULL), BERTH_OK);
	cr_assert_eq(fake_target_instances(scene.target), 0);
}

Test(doubles, what_is_being_deleted_is_waited_for_and_made_anew)
{
	struct berth_request by_name = {.size = sizeof by_name, .app = "app"};
	struct berth_error error;
	json_t *document = NULL;
	fake_target_pace(scene.target, FAKE_LEAVING, 7000, 7000);
	deploy(PAIR("web:1"));
	cr_assert_not_null(berth_destroy(scene.berth, &by_name, NULL, &error));
	pass(2000);
	scene_restart(&scene, true);
	cr_assert_eq(run(berth_plan, PAIR("web:1"), &document), BERTH_OK);
	cr_expect_str_eq(scene_action(document, "app.web.1"), "replace");
	json_decref(document);
	deploy(PAIR("web:1"));
	assert_undoubled(id_of("app.web.1"));
}
