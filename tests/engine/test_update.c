/* test_update.c - changing what runs: the new one answers before the old one goes, or the old one comes back.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "locations/fake/target.h"
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

TestSuite(update, .init = raise_curtain, .fini = drop_curtain);

/* A provider that can be started first, and its consumer. */
#define PAIR(colour)                                                                                         \
	"id: app\nlocation: fake\nservices:\n"                                                               \
	"- {type: 'docker:front:1', id: web, links: [$brooklyn:component(\"artist\")]}\n"                    \
	"- {type: 'docker:artist:1', id: artist, openPorts: 8080, env: {COLOUR: " colour "}}\n"

/* One that holds a port of its host. */
#define BOUND(more)                                                                                          \
	"id: app\nlocation: fake\nservices:\n"                                                               \
	"- {type: 'docker:web:1', id: web, portBindings: {80: 9090}" more "}\n"

static void deploy(const char *blueprint)
{
	json_t *document = NULL;
	enum berth_outcome outcome = scene_run(&scene, berth_deploy, blueprint, &document);
	json_decref(document);
	cr_assert_eq(outcome, BERTH_OK, "%s", scene.events ? scene.events : "");
}

static void assert_order(const char *first, const char *second)
{
	const char *a = strstr(scene.events, first), *b = strstr(scene.events, second);
	cr_assert(a && b && a < b, "%s before %s in\n%s", first, second, scene.events);
}

static const char *action_of(const char *blueprint, const char *instance)
{
	static char action[32];
	json_t *document = NULL;
	scene_run(&scene, berth_plan, blueprint, &document);
	snprintf(action, sizeof action, "%s", scene_action(document, instance));
	json_decref(document);
	return action;
}

static json_t *change_of(const json_t *document, const char *instance)
{
	size_t i;
	json_t *change;
	json_array_foreach (json_object_get(document, "changes"), i, change)
		if (strcmp(json_text(change, "instance"), instance) == 0)
			return change;
	return NULL;
}

static bool runs(const char *name)
{
	const struct observed *seen = fake_target_find(scene.target, name);
	return seen && seen->state == SEEN_RUNNING;
}

Test(update, the_new_one_answers_before_the_old_one_goes)
{
	deploy(PAIR("red"));
	deploy(PAIR("blue"));
	assert_order("app.artist.1.g2 starting", "app.artist.1 stopping");
	assert_order("app.artist.1.g2 updating", "app.artist.1 stopping");
	cr_assert_eq(fake_target_instances(scene.target), 2);
	cr_assert_str_eq(scene_variable(&scene, "app.artist.1", "COLOUR"), "blue");
	cr_assert(runs("app.artist.1"));
	cr_assert_not(strstr(scene.events, "app.web.1"), "its consumer is left alone:\n%s", scene.events);
}

Test(update, what_cannot_be_known_to_answer_is_not_started_first)
{
	static const struct fake_behaviour far = {.component = "app.artist", .unverifiable = true};
	json_t *document = NULL;
	cr_assert_eq(fake_target_behave(scene.target, &far), 0);
	deploy(PAIR("red"));
	cr_assert_eq(scene_run(&scene, berth_plan, PAIR("blue"), &document), BERTH_OK);
	const json_t *change = change_of(document, "app.artist.1");
	cr_expect_str_eq(json_text(change, "order"), "stop-first");
	cr_expect_str_eq(json_text(change, "readiness"), "tcp, not verifiable");
	json_decref(document);
}

Test(update, a_change_of_one_asks_for_one_listing)
{
	deploy(PAIR("red"));
	size_t listings = fake_target_calls(scene.target, FAKE_LIST);
	deploy(PAIR("blue"));
	cr_assert_eq(fake_target_calls(scene.target, FAKE_LIST), listings + 1);
}

Test(update, the_old_one_loses_its_name_before_it_stops)
{
	deploy(PAIR("red"));
	size_t withdrawn = fake_target_calls(scene.target, FAKE_WITHDRAW);
	deploy(PAIR("blue"));
	cr_assert_eq(fake_target_calls(scene.target, FAKE_WITHDRAW), withdrawn + 1);
	cr_assert(fake_target_find(scene.target, "app.artist.1")->shared_name_held);
}

Test(update, a_deploy_after_an_update_changes_nothing)
{
	json_t *document = NULL;
	deploy(PAIR("red"));
	deploy(PAIR("blue"));
	cr_assert_eq(scene_run(&scene, berth_deploy, PAIR("blue"), &document), BERTH_OK);
	cr_assert_not(json_flag(document, "changed", true));
	json_decref(document);
}

Test(update, one_that_does_not_answer_leaves_the_old_one_untouched)
{
	static const struct fake_behaviour mute = {.component = "app.artist.1.g2", .answers_after_ms = -1};
	json_t *document = NULL;
	deploy(PAIR("red"));
	char id[64];
	snprintf(id, sizeof id, "%s", fake_target_find(scene.target, "app.artist.1")->target_id);
	cr_assert_eq(fake_target_behave(scene.target, &mute), 0);
	cr_assert_eq(scene_run(&scene, berth_deploy, PAIR("blue"), &document), BERTH_FAILED);
	cr_assert_eq(fake_target_instances(scene.target), 2);
	cr_assert_str_eq(fake_target_find(scene.target, "app.artist.1")->target_id, id);
	cr_assert(runs("app.artist.1"));
	const json_t *failure = json_array_get(json_object_get(document, "failures"), 0);
	cr_assert_str_eq(json_text(failure, "component"), "artist");
	cr_assert_str_eq(json_text(failure, "kept"), "app.artist.1");
	json_decref(document);
}

Test(update, one_that_keeps_ending_on_a_fixed_port_gives_the_port_back_to_the_old_one)
{
	static const struct fake_behaviour crash = {
	    .component = "app.web.1.g2", .exits = UINT32_MAX, .exit_code = 3, .answers_after_ms = -1};
	json_t *document = NULL;
	deploy(BOUND(""));
	cr_assert_eq(fake_target_behave(scene.target, &crash), 0);
	cr_assert_eq(scene_run(&scene, berth_deploy, BOUND(", env: {A: b}"), &document), BERTH_FAILED);
	cr_assert_eq(fake_target_instances(scene.target), 1);
	cr_assert(runs("app.web.1"));
	cr_assert_null(scene_variable(&scene, "app.web.1", "A"));
	const json_t *web = json_array_get(json_object_get(document, "components"), 0);
	cr_assert_str_eq(json_text(web, "state"), "running", "what the target has is the old one");
	json_decref(document);
	json_t *again = NULL;
	cr_assert_eq(scene_run(&scene, berth_deploy, BOUND(""), &again), BERTH_OK);
	cr_assert_str_eq(scene_action(again, "app.web.1"), "unchanged");
	json_decref(again);
}

Test(update, on_a_fixed_port_the_new_one_is_made_before_the_old_one_stops)
{
	json_t *document = NULL;
	deploy(BOUND(""));
	cr_assert_eq(scene_run(&scene, berth_deploy, BOUND(", env: {A: b}"), &document), BERTH_OK);
	assert_order("app.web.1.g2 placing", "app.web.1 stopping");
	const json_t *change = change_of(document, "app.web.1");
	cr_assert_str_eq(json_text(change, "outage"), "seconds");
	cr_assert_str_eq(json_text(change, "order"), "stop-first");
	cr_assert_str_eq(scene_variable(&scene, "app.web.1", "A"), "b");
	cr_assert_eq(fake_target_instances(scene.target), 1);
	json_decref(document);
}

Test(update, an_image_that_cannot_be_had_stops_nothing)
{
	deploy(BOUND(""));
	cr_assert_eq(fake_target_image(scene.target, "web:9", NULL), 0);
	size_t stops = fake_target_calls(scene.target, FAKE_STOP);
	cr_assert_eq(scene_run(&scene, berth_deploy,
			       "id: app\nlocation: fake\nservices:\n"
			       "- {type: 'docker:web:9', id: web, portBindings: {80: 9090}}\n",
			       NULL),
		     BERTH_FAILED);
	cr_assert_eq(fake_target_calls(scene.target, FAKE_STOP), stops);
	cr_assert(runs("app.web.1"));
}

Test(update, interrupted_while_the_old_one_is_stopped_it_comes_back)
{
	struct berth_request request = {
	    .size = sizeof request, .blueprint = BOUND(", env: {A: b}"), .file = "/b.yaml"};
	static const struct fake_behaviour slow = {.component = "app.web.1.g2", .answers_after_ms = 60000};
	struct berth_error error;
	deploy(BOUND(""));
	cr_assert_eq(fake_target_behave(scene.target, &slow), 0);
	struct berth_operation *operation = berth_deploy(scene.berth, &request, NULL, &error);
	cr_assert_not(virtual_world_run(scene.world, NULL, NULL, 5000));
	cr_assert(runs("app.web.1.g2"));
	berth_cancel(operation);
	virtual_world_run(scene.world, NULL, NULL, 20000);
	cr_assert(berth_done(operation));
	cr_assert_eq(berth_outcome(operation), BERTH_INTERRUPTED);
	berth_operation_free(operation);
	cr_assert(runs("app.web.1"));
	cr_assert_eq(fake_target_instances(scene.target), 1);
}

Test(update, killed_anywhere_in_an_update_the_next_deploy_completes_it)
{
	struct berth_error error;
	for (int64_t after = 0; after < 6000; after += 97) {
		const char *next = after / 97 % 2 ? PAIR("blue") : PAIR("red");
		struct berth_request request = {.size = sizeof request, .blueprint = next, .file = "/b.yaml"};
		for (int call = 0; call < FAKE_CALLS; call++)
			fake_target_time(scene.target, call, 150);
		berth_deploy(scene.berth, &request, NULL, &error);
		virtual_world_run(scene.world, NULL, NULL, after);
		scene_restart(&scene, after / 97 % 3);
		deploy(next);
		cr_assert_eq(fake_target_instances(scene.target), 2, "killed after %d ms", (int)after);
		cr_assert(runs("app.artist.1") && runs("app.web.1"), "killed after %d ms", (int)after);
		cr_assert_str_eq(scene_variable(&scene, "app.artist.1", "COLOUR"),
				 after / 97 % 2 ? "blue" : "red");
		json_t *document = NULL;
		cr_assert_eq(scene_run(&scene, berth_deploy, next, &document), BERTH_OK);
		cr_assert_not(json_flag(document, "changed", true), "killed after %d ms", (int)after);
		json_decref(document);
	}
}

Test(update, taken_back_in_the_middle_of_an_update_the_old_one_stays)
{
	struct berth_request request = {.size = sizeof request, .blueprint = PAIR("blue"), .file = "/b.yaml"};
	static const struct fake_behaviour mute = {.component = "app.artist.1.g2", .answers_after_ms = -1};
	struct berth_error error;
	deploy(PAIR("red"));
	char id[64];
	snprintf(id, sizeof id, "%s", fake_target_find(scene.target, "app.artist.1")->target_id);
	cr_assert_eq(fake_target_behave(scene.target, &mute), 0);
	berth_deploy(scene.berth, &request, NULL, &error);
	virtual_world_run(scene.world, NULL, NULL, 3000);
	scene_restart(&scene, true);
	cr_assert(runs("app.artist.1.g2"));
	cr_assert_str_eq(action_of(PAIR("red"), "app.artist.1"), "unchanged");
	deploy(PAIR("red"));
	cr_assert_eq(fake_target_instances(scene.target), 2);
	cr_assert_str_eq(fake_target_find(scene.target, "app.artist.1")->target_id, id);
}

Test(update, killed_before_the_new_one_was_started_it_is_still_started_first)
{
	struct berth_request request = {.size = sizeof request, .blueprint = PAIR("blue"), .file = "/b.yaml"};
	struct berth_error error;
	deploy(PAIR("red"));
	fake_target_time(scene.target, FAKE_PLACE, 3000);
	berth_deploy(scene.berth, &request, NULL, &error);
	virtual_world_run(scene.world, NULL, NULL, 2000);
	scene_restart(&scene, true);
	cr_assert_eq(fake_target_find(scene.target, "app.artist.1.g2")->state, SEEN_CREATED);
	deploy(PAIR("blue"));
	assert_order("app.artist.1.g2 updating", "app.artist.1 stopping");
}

/* It had lost its name to the one that came. */
Test(update, taken_back_when_the_old_one_had_lost_its_name_it_has_that_again)
{
	struct berth_request request = {.size = sizeof request, .blueprint = PAIR("blue"), .file = "/b.yaml"};
	struct berth_error error;
	json_t *document = NULL;
	deploy(PAIR("red"));
	berth_deploy(scene.berth, &request, NULL, &error);
	for (int i = 0; i < 200 && fake_target_find(scene.target, "app.artist.1")->shared_name_held; i++)
		virtual_world_run(scene.world, NULL, NULL, 20);
	cr_assert(runs("app.artist.1") && runs("app.artist.1.g2"));
	scene_restart(&scene, true);
	deploy(PAIR("red"));
	cr_assert(fake_target_find(scene.target, "app.artist.1")->shared_name_held, "%s", scene.events);
	cr_assert_eq(fake_target_instances(scene.target), 2);
	assert_order("app.artist.1 running", "app.artist.1.g2 stopping");
	cr_assert_eq(scene_run(&scene, berth_deploy, PAIR("red"), &document), BERTH_OK);
	cr_assert_not(json_flag(document, "changed", true));
	json_decref(document);
}

Test(update, changed_again_in_the_middle_of_an_update_only_the_last_one_is_left)
{
	struct berth_request request = {.size = sizeof request, .blueprint = PAIR("blue"), .file = "/b.yaml"};
	static const struct fake_behaviour mute = {.component = "app.artist.1.g2", .answers_after_ms = -1};
	struct berth_error error;
	deploy(PAIR("red"));
	cr_assert_eq(fake_target_behave(scene.target, &mute), 0);
	berth_deploy(scene.berth, &request, NULL, &error);
	virtual_world_run(scene.world, NULL, NULL, 3000);
	scene_restart(&scene, true);
	deploy(PAIR("green"));
	cr_assert_eq(fake_target_instances(scene.target), 2);
	cr_assert_str_eq(scene_variable(&scene, "app.artist.1", "COLOUR"), "green");
}

#define THREE(colour)                                                                                        \
	"id: app\nlocation: fake\nservices:\n"                                                               \
	"- {type: 'docker:x:1', id: many, instances: 3, openPorts: 80, env: {COLOUR: " colour "}}\n"

Test(update, several_instances_are_replaced_one_after_the_other)
{
	deploy(THREE("red"));
	deploy(THREE("blue"));
	assert_order("app.many.1 running", "app.many.2.g2 placing");
	assert_order("app.many.2 running", "app.many.3.g2 placing");
	cr_assert_eq(fake_target_instances(scene.target), 3);
}

Test(update, the_first_that_does_not_get_ready_ends_the_round)
{
	static const struct fake_behaviour mute = {.component = "app.many.1.g2", .answers_after_ms = -1};
	json_t *document = NULL;
	deploy(THREE("red"));
	cr_assert_eq(fake_target_behave(scene.target, &mute), 0);
	cr_assert_eq(scene_run(&scene, berth_deploy, THREE("blue"), &document), BERTH_FAILED);
	cr_assert_eq(json_array_size(json_object_get(document, "failures")), 3);
	cr_assert_eq(fake_target_instances(scene.target), 3);
	for (int i = 1; i <= 3; i++) {
		char name[32];
		snprintf(name, sizeof name, "app.many.%d", i);
		cr_assert(runs(name));
		cr_assert_str_eq(scene_variable(&scene, name, "COLOUR"), "red");
	}
	json_decref(document);
}

#define TWO(first, second)                                                                                   \
	"id: app\nlocation: fake\nservices:\n"                                                               \
	"- {type: 'docker:x:1', id: " first ", openPorts: 80}\n"                                             \
	"- {type: 'docker:y:1', id: " second "}\n"

Test(update, a_renamed_component_is_removed_and_added_and_the_plan_says_so)
{
	json_t *document = NULL;
	deploy(TWO("a", "b"));
	cr_assert_eq(scene_run(&scene, berth_deploy, TWO("a", "c"), &document), BERTH_OK);
	cr_assert_str_eq(scene_action(document, "app.a.1"), "unchanged");
	cr_assert_str_eq(scene_action(document, "app.b.1"), "remove");
	cr_assert_str_eq(scene_action(document, "app.c.1"), "create");
	const json_t *because = json_object_get(change_of(document, "app.c.1"), "because");
	cr_assert_str_eq(json_text(json_array_get(because, 0), "path"), "renamed");
	cr_assert_str_eq(json_text(json_array_get(because, 0), "old"), "b");
	cr_assert_eq(json_array_size(because), 1);
	assert_order("app.c.1 running", "app.b.1 stopping");
	cr_assert_eq(fake_target_instances(scene.target), 2);
	json_decref(document);
}

Test(update, renamed_with_a_fixed_port_the_old_one_goes_first)
{
	deploy("id: app\nlocation: fake\nservices:\n"
	       "- {type: 'docker:x:1', id: a, portBindings: {80: 9090}}\n");
	deploy("id: app\nlocation: fake\nservices:\n"
	       "- {type: 'docker:x:1', id: b, portBindings: {80: 9090}}\n");
	assert_order("app.a.1 gone", "app.b.1 placing");
	cr_assert_eq(fake_target_instances(scene.target), 1);
}

Test(update, a_renamed_process_lets_go_of_its_port_first_and_the_plan_tells_the_outage)
{
	static const char before[] = "id: app\nlocation: fake\nservices:\n"
				     "- {type: process, id: a, command: x, ports: {http: 8080}}\n";
	static const char after[] = "id: app\nlocation: fake\nservices:\n"
				    "- {type: process, id: b, command: x, ports: {http: 8080}}\n";
	struct capabilities only = fake_driver.capabilities;
	only.kinds = 1u << COMPONENT_PROCESS;
	fake_target_capabilities(scene.target, &only);
	json_t *document = NULL;
	deploy(before);
	cr_assert_eq(scene_run(&scene, berth_deploy, after, &document), BERTH_OK);
	cr_assert_str_eq(json_text(change_of(document, "app.a.1"), "outage"), "until ready");
	cr_assert_str_eq(json_text(change_of(document, "app.b.1"), "outage"), "none");
	assert_order("app.a.1 gone", "app.b.1 placing");
	json_decref(document);
}

Test(update, what_a_kept_old_one_may_use_is_not_removed)
{
	static const struct fake_behaviour mute = {.component = "app.web.1.g2", .answers_after_ms = -1};
	json_t *document = NULL;
	deploy("id: app\nlocation: fake\nservices:\n"
	       "- {type: 'docker:x:1', id: web, openPorts: 80, links: [$brooklyn:component(\"old\")]}\n"
	       "- {type: 'docker:y:1', id: old, openPorts: 81}\n");
	cr_assert_eq(fake_target_behave(scene.target, &mute), 0);
	cr_assert_eq(scene_run(&scene, berth_deploy,
			       "id: app\nlocation: fake\nservices:\n"
			       "- {type: 'docker:x:1', id: web, openPorts: 80}\n",
			       &document),
		     BERTH_FAILED);
	cr_assert(runs("app.old.1"));
	cr_assert(runs("app.web.1"));
	json_decref(document);
}

/* Between its new self's failure and its own start nobody runs who says that he needs it. */
Test(update, what_an_old_one_that_comes_back_may_use_is_not_removed)
{
	static const struct fake_behaviour mute = {.component = "app.web.1.g2", .answers_after_ms = -1};
	deploy("id: app\nlocation: fake\nservices:\n"
	       "- {type: 'docker:x:1', id: web, portBindings: {80: 9090}, links: "
	       "[$brooklyn:component(\"old\")]}\n"
	       "- {type: 'docker:y:1', id: old, openPorts: 81}\n");
	cr_assert_eq(fake_target_behave(scene.target, &mute), 0);
	cr_assert_eq(scene_run(&scene, berth_deploy, BOUND(", env: {A: b}"), NULL), BERTH_FAILED);
	cr_assert(runs("app.web.1"));
	cr_assert(runs("app.old.1"));
}

#define LIMITED(memory)                                                                                      \
	"id: app\nlocation: fake\nservices:\n"                                                               \
	"- {type: 'docker:x:1', id: web, openPorts: 80, memory: " memory "}\n"

Test(update, limits_change_in_place)
{
	json_t *document = NULL;
	deploy(LIMITED("64m"));
	char id[64];
	snprintf(id, sizeof id, "%s", fake_target_find(scene.target, "app.web.1")->target_id);
	cr_assert_eq(scene_run(&scene, berth_deploy, LIMITED("128m"), &document), BERTH_OK);
	cr_assert_str_eq(scene_action(document, "app.web.1"), "update");
	cr_assert_str_eq(fake_target_find(scene.target, "app.web.1")->target_id, id);
	cr_assert_eq(fake_target_find(scene.target, "app.web.1")->memory_bytes, 128 << 20);
	json_decref(document);
	cr_assert_str_eq(action_of(LIMITED("128m"), "app.web.1"), "unchanged");
	scene_restart(&scene, false);
	cr_assert_str_eq(action_of(LIMITED("128m"), "app.web.1"), "unchanged", "known without the store");
	cr_assert_str_eq(action_of(LIMITED("64m"), "app.web.1"), "update");
}

Test(update, changed_in_place_it_is_asked_whether_it_answers_when_somebody_who_needs_it_is_started)
{
#define PROVIDER(memory)                                                                                     \
	"id: app\nlocation: fake\nservices:\n"                                                               \
	"- {type: 'docker:db:1', id: db, openPorts: 80, memory: " memory "}\n"
	static const char consumer[] =
	    PROVIDER("128m") "- {type: 'docker:web:1', id: web, links: [$brooklyn:component(\"db\")]}\n";
	deploy(PROVIDER("64m"));
	size_t probes = fake_target_calls(scene.target, FAKE_PROBE);
	deploy(consumer);
	cr_assert_gt(fake_target_calls(scene.target, FAKE_PROBE), probes, "%s", scene.events);
	assert_order("app.db.1 running", "app.web.1 starting");
	probes = fake_target_calls(scene.target, FAKE_PROBE);
	cr_assert_str_eq(action_of(PROVIDER("64m"), "app.db.1"), "update");
	deploy(PROVIDER("64m"));
	cr_assert_eq(fake_target_calls(scene.target, FAKE_PROBE), probes, "nobody is started: %s",
		     scene.events);
}

Test(update, a_lost_answer_to_a_change_of_limits_is_asked_for_again)
{
	static const struct fake_rule lost = {
	    .call = FAKE_UPDATE, .effect = true, .error = {.code = ERR_TIMED_OUT, .text = "no answer"}};
	deploy(LIMITED("64m"));
	cr_assert_eq(fake_target_rule(scene.target, &lost), 0);
	cr_assert_eq(scene_run(&scene, berth_deploy, LIMITED("128m"), NULL), BERTH_UNREACHABLE);
	cr_assert_str_eq(action_of(LIMITED("64m"), "app.web.1"), "update",
			 "the target is asked, since nobody knows");
}

Test(update, beside_an_old_one_that_cannot_be_stopped_nothing_is_started)
{
	static const struct fake_rule stuck = {.call = FAKE_STOP,
					       .error = {.code = ERR_FAILED, .text = "it does not stop"}};
	json_t *document = NULL;
	deploy(BOUND(""));
	cr_assert_eq(fake_target_rule(scene.target, &stuck), 0);
	size_t starts = fake_target_calls(scene.target, FAKE_START);
	cr_assert_eq(scene_run(&scene, berth_deploy, BOUND(", env: {A: b}"), &document), BERTH_FAILED);
	cr_assert_eq(fake_target_calls(scene.target, FAKE_START), starts);
	cr_assert(runs("app.web.1"));
	cr_assert_eq(fake_target_instances(scene.target), 1);
	json_decref(document);
}

Test(update, beside_a_new_one_that_cannot_be_removed_the_old_one_is_not_started)
{
	static const struct fake_behaviour mute = {.component = "app.web.1.g2", .answers_after_ms = -1};
	static const struct fake_rule stuck = {.call = FAKE_REMOVE,
					       .instance = "app.web.1.g2",
					       .error = {.code = ERR_FAILED, .text = "device is busy"}};
	json_t *document = NULL;
	deploy(BOUND(""));
	cr_assert_eq(fake_target_behave(scene.target, &mute), 0);
	cr_assert_eq(fake_target_rule(scene.target, &stuck), 0);
	cr_assert_eq(scene_run(&scene, berth_deploy, BOUND(", env: {A: b}"), &document), BERTH_FAILED);
	cr_assert_not(runs("app.web.1") && runs("app.web.1.g2"));
	json_decref(document);
}

/* Somebody took it off the network meanwhile, or its address went to another. */
Test(update, one_that_comes_back_has_its_name_although_it_lost_it_while_it_was_stopped)
{
#define NAMED(more)                                                                                          \
	"id: app\nlocation: fake\nservices:\n"                                                               \
	"- {type: 'docker:x:1', id: db, openPorts: 80, instances: 2, volumes: ['data:/data']" more "}\n"     \
	"- {type: 'docker:y:1', id: web, links: [$brooklyn:component(\"db\")]}\n"
	static const struct fake_behaviour mute = {.component = "app.db.1.g2", .answers_after_ms = -1};
	struct berth_request request = {
	    .size = sizeof request, .blueprint = NAMED(", env: {A: b}"), .file = "/b.yaml"};
	struct berth_error error;
	deploy(NAMED(""));
	cr_assert_eq(fake_target_behave(scene.target, &mute), 0);
	struct berth_operation *operation = berth_deploy(scene.berth, &request, NULL, &error);
	for (int i = 0; i < 100 && !runs("app.db.1.g2"); i++)
		virtual_world_run(scene.world, NULL, NULL, 100);
	cr_assert(runs("app.db.1.g2") && !runs("app.db.1"));
	struct fake_instance *older = map_get(scene.target->instances, "app.db.1");
	older->seen.shared_name_held = older->shared_from_start = false;
	virtual_world_run(scene.world, NULL, NULL, 400000);
	cr_assert(berth_done(operation));
	cr_assert_eq(berth_outcome(operation), BERTH_FAILED);
	berth_operation_free(operation);
	cr_assert(runs("app.db.1"));
	cr_expect(fake_target_find(scene.target, "app.db.1")->shared_name_held);
}

Test(update, processes_that_a_given_up_try_left_without_a_keeper_are_ended)
{
	static const struct fake_behaviour mute = {.component = "app.artist.1.g2", .answers_after_ms = -1};
	struct berth_request request = {.size = sizeof request, .blueprint = PAIR("blue"), .file = "/b.yaml"};
	struct berth_error error;
	deploy(PAIR("red"));
	cr_assert_eq(fake_target_behave(scene.target, &mute), 0);
	berth_deploy(scene.berth, &request, NULL, &error);
	virtual_world_run(scene.world, NULL, NULL, 3000);
	scene_restart(&scene, true);
	struct fake_instance *try = map_get(scene.target->instances, "app.artist.1.g2");
	cr_assert_not_null(try);
	try->seen.orphan_tree = true;
	deploy(PAIR("red"));
	cr_expect_null(fake_target_find(scene.target, "app.artist.1.g2"));
	cr_expect(runs("app.artist.1"));
}

/* It is put on its network again before it has ever answered. */
Test(update, a_new_one_that_is_off_its_network_takes_no_name_from_the_old_one)
{
	static const struct fake_behaviour slow = {.component = "app.artist.1.g2", .answers_after_ms = 60000};
	static const struct fake_rule joining = {
	    .call = FAKE_ADMIT, .instance = "app.artist.1.g2", .delay_ms = 5000};
	struct berth_request request = {.size = sizeof request, .blueprint = PAIR("blue"), .file = "/b.yaml"};
	struct berth_error error;
	deploy(PAIR("red"));
	cr_assert_eq(fake_target_behave(scene.target, &slow), 0);
	cr_assert_eq(fake_target_rule(scene.target, &joining), 0);
	struct berth_operation *operation = berth_deploy(scene.berth, &request, NULL, &error);
	virtual_world_run(scene.world, NULL, NULL, 5000);
	cr_assert(runs("app.artist.1.g2"));
	struct fake_instance *new = map_get(scene.target->instances, "app.artist.1.g2");
	new->seen.cut_off = true;
	fake_target_event(scene.target, "app", "app.artist.1.g2");
	virtual_world_run(scene.world, NULL, NULL, 1000);
	fake_target_event(scene.target, "app", "app.artist.1");
	virtual_world_run(scene.world, NULL, NULL, 1000);
	cr_expect(fake_target_find(scene.target, "app.artist.1")->shared_name_held);
	new->seen.cut_off = false;
	virtual_world_run(scene.world, NULL, NULL, 120000);
	cr_assert(berth_done(operation));
	cr_expect_eq(berth_outcome(operation), BERTH_OK);
	berth_operation_free(operation);
}

/* It had stopped for the new one before berth was killed. */
Test(update, a_killed_update_that_goes_on_and_does_not_get_ready_brings_the_old_one_back)
{
	static const struct fake_behaviour mute = {.component = "app.web.1.g2", .answers_after_ms = -1};
	struct berth_request request = {
	    .size = sizeof request, .blueprint = BOUND(", env: {A: b}"), .file = "/b.yaml"};
	struct berth_error error;
	json_t *document = NULL;
	deploy(BOUND(""));
	cr_assert_eq(fake_target_behave(scene.target, &mute), 0);
	berth_deploy(scene.berth, &request, NULL, &error);
	virtual_world_run(scene.world, NULL, NULL, 5000);
	scene_restart(&scene, true);
	cr_assert(runs("app.web.1.g2") && !runs("app.web.1"));
	cr_assert_eq(scene_run(&scene, berth_deploy, BOUND(", env: {A: b}"), &document), BERTH_FAILED);
	cr_expect(runs("app.web.1"));
	cr_expect_eq(fake_target_instances(scene.target), 1);
	const json_t *failure = json_array_get(json_object_get(document, "failures"), 0);
	cr_expect_str_eq(json_text(failure, "kept"), "app.web.1");
	json_decref(document);
}

Test(update, started_after_an_interrupted_update_one_of_the_two_runs)
{
	static const struct fake_behaviour mute = {.component = "app.web.1.g2", .answers_after_ms = -1};
	struct berth_request request = {
	    .size = sizeof request, .blueprint = BOUND(", env: {A: b}"), .file = "/b.yaml"};
	struct berth_request by_name = {.size = sizeof by_name, .app = "app"};
	struct berth_error error;
	deploy(BOUND(""));
	cr_assert_eq(fake_target_behave(scene.target, &mute), 0);
	berth_deploy(scene.berth, &request, NULL, &error);
	virtual_world_run(scene.world, NULL, NULL, 5000);
	scene_restart(&scene, true);
	cr_assert(runs("app.web.1.g2"));
	cr_assert_eq(scene_request(&scene, berth_stop, &by_name, NULL), BERTH_OK);
	cr_assert_not(runs("app.web.1") || runs("app.web.1.g2"));
	cr_assert_eq(scene_request(&scene, berth_start, &by_name, NULL), BERTH_OK);
	cr_assert(runs("app.web.1"));
	cr_assert_not(runs("app.web.1.g2"));
}

/* With nothing in the store that tells of its volume. */
Test(update, what_an_interrupted_update_left_has_stopped_before_another_one_writes_to_its_volume)
{
#define WRITER(more)                                                                                         \
	"id: app\nlocation: fake\nservices:\n"                                                               \
	"- {type: 'docker:web:1', id: web, openPorts: 80, volumes: ['data:/data'], "                         \
	"env: {S: '$berth:secret(\"env:S\")'" more "}}\n"
	static const struct fake_behaviour mute = {.component = "app.web.1.g2", .answers_after_ms = -1};
	static const struct fake_rule slow = {
	    .call = FAKE_STOP, .instance = "app.web.1.g2", .delay_ms = 10000};
	struct berth_request request = {
	    .size = sizeof request, .blueprint = WRITER(", A: b"), .file = "/b.yaml"};
	struct berth_error error;
	scene_environment("S", "one");
	deploy(WRITER(""));
	cr_assert_eq(fake_target_behave(scene.target, &mute), 0);
	berth_deploy(scene.berth, &request, NULL, &error);
	virtual_world_run(scene.world, NULL, NULL, 5000);
	scene_restart(&scene, false);
	cr_assert(runs("app.web.1.g2") && !runs("app.web.1"));
	scene_environment("S", "two");
	cr_assert_eq(fake_target_rule(scene.target, &slow), 0);
	deploy(WRITER(""));
	assert_order("app.web.1.g2 removing", "app.web.1 running");
	cr_assert(runs("app.web.1"));
	cr_assert_eq(fake_target_instances(scene.target), 1);
}

/* Where the new one cannot be removed it may still run: the older one beside it would write to the same
 * volume. */
Test(update, the_older_one_stays_stopped_when_the_new_one_that_failed_cannot_be_removed)
{
#define ALONE(more)                                                                                          \
	"id: app\nlocation: fake\nservices:\n"                                                               \
	"- {type: 'docker:web:1', id: web, openPorts: 80, volumes: ['data:/data']" more "}\n"
	static const struct fake_behaviour mute = {.component = "app.web.1.g2", .answers_after_ms = -1};
	static const struct fake_rule stuck = {.call = FAKE_REMOVE,
					       .instance = "app.web.1.g2",
					       .error = {.code = ERR_FAILED, .text = "it is stuck"}};
	json_t *document = NULL;
	deploy(ALONE(""));
	cr_assert_eq(fake_target_behave(scene.target, &mute), 0);
	cr_assert_eq(fake_target_rule(scene.target, &stuck), 0);
	cr_assert_eq(scene_run(&scene, berth_deploy, ALONE(", env: {A: b}"), &document), BERTH_FAILED);
	cr_expect_not(runs("app.web.1"), "%s", scene.events);
	owned_memory char *told = json_dumps(json_object_get(document, "failures"), 0);
	cr_expect(strstr(told, "it stays stopped: app.web.1.g2 could not be removed and may still run"), "%s",
		  told);
	json_decref(document);
}
