/* test_hands.c - several stores, interrupted changes, and what is remembered of what a target changes in
 * place: a plan lists a change exactly when it is one. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "locations/fake/target.h"
#include "tests/engine/scene.h"

static struct scene scene;
static struct berth *first, *second; /* with stores of their own */

static struct berth *open_store(const char *folder, const char *owner)
{
	char state[512];
	struct error err = {0};
	struct berth *berth = NULL;
	snprintf(state, sizeof state, "%s/%s", virtual_world_directory(scene.world), folder);
	struct berth_options options = {.size = sizeof options, .state_directory = state, .owner = owner};
	cr_assert_eq(berth_open_in(&berth, scene.world, NULL, &options, &err), 0, "%s", err.text);
	return berth;
}

static void open_stores(const char *one, const char *other)
{
	berth_close(scene.berth);
	first = open_store("first", one);
	second = open_store("second", other);
	scene.berth = first;
}

static void raise_curtain(void)
{
	scene_open(&scene);
}

static void drop_curtain(void)
{
	if (first) {
		berth_close(scene.berth == first ? second : first);
		first = second = NULL;
	}
	scene_close(&scene);
}

TestSuite(hands, .init = raise_curtain, .fini = drop_curtain);

#define LIMITED(memory)                                                                                      \
	"id: app\nlocation: fake\nservices:\n"                                                               \
	"- {type: 'docker:x:1', id: web, openPorts: 80, memory: " memory "}\n"

#define FILED(content)                                                                                       \
	"id: app\nlocation: fake\nservices:\n"                                                               \
	"- {type: 'docker:x:1', id: web, openPorts: 80, onChange: {signal: HUP},"                            \
	" files: {/etc/x.conf: {content: '" content "'}}}\n"

static enum berth_outcome run_as(struct berth *berth, verb_function *verb, const char *blueprint,
				 json_t **ret_document)
{
	struct berth_request request = {
	    .size = sizeof request, .blueprint = blueprint, .file = "app.yaml", .adopt = true};
	scene.berth = berth;
	return scene_request(&scene, verb, &request, ret_document);
}

static void deploy_as(struct berth *berth, const char *blueprint)
{
	cr_assert_eq(run_as(berth, berth_deploy, blueprint, NULL), BERTH_OK, "%s",
		     scene.events ? scene.events : "");
}

static const char *planned_by(struct berth *berth, const char *blueprint)
{
	static char action[32];
	owned_json document = NULL;
	cr_assert_eq(run_as(berth, berth_plan, blueprint, &document), BERTH_OK);
	snprintf(action, sizeof action, "%s", scene_action(document, "app.web.1"));
	return action;
}

static int64_t memory_of(const char *instance)
{
	return fake_target_find(scene.target, instance)->memory_bytes >> 20;
}

static void one_after_the_other(void)
{
	deploy_as(first, LIMITED("64m"));
	deploy_as(second, LIMITED("128m"));
	cr_expect_eq(memory_of("app.web.1"), 128);
	cr_expect_str_eq(planned_by(first, LIMITED("128m")), "unchanged", "it is so already");
	cr_expect_str_eq(planned_by(first, LIMITED("64m")), "update", "it is not so any more");
	deploy_as(first, LIMITED("64m"));
	cr_expect_eq(memory_of("app.web.1"), 64);
	cr_expect_str_eq(planned_by(first, LIMITED("64m")), "unchanged");
}

Test(hands, what_another_owner_changed_is_looked_at)
{
	open_stores(NULL, NULL);
	one_after_the_other();
}

Test(hands, what_another_store_of_one_owner_changed_is_looked_at)
{
	open_stores("team", "team");
	one_after_the_other();
}

Test(hands, who_dies_taking_it_over_looks_again)
{
	static const struct fake_rule lost = {
	    .call = FAKE_CLAIM, .effect = true, .error = {.code = ERR_TIMED_OUT, .text = "no answer"}};
	open_stores(NULL, NULL);
	deploy_as(first, LIMITED("64m"));
	deploy_as(second, LIMITED("128m"));
	cr_assert_eq(fake_target_rule(scene.target, &lost), 0);
	cr_assert_neq(run_as(first, berth_deploy, LIMITED("64m"), NULL), BERTH_OK);
	cr_expect_str_eq(planned_by(first, LIMITED("64m")), "update");
}

Test(hands, what_nobody_says_he_made_is_looked_at)
{
	cr_assert_eq(scene_run(&scene, berth_deploy, LIMITED("64m"), NULL), BERTH_OK);
	struct fake_app *app = map_get(scene.target->apps, "app");
	struct fake_instance *web = map_get(scene.target->instances, "app.web.1");
	free(app->owner_id);
	app->owner_id = NULL;
	web->seen.memory_bytes = 128 << 20;
	cr_expect_str_eq(planned_by(scene.berth, LIMITED("64m")), "update");
}

Test(hands, files_that_another_store_wrote_are_written_again)
{
	open_stores("team", "team");
	deploy_as(first, FILED("one"));
	deploy_as(second, FILED("two"));
	cr_expect_str_eq(planned_by(first, FILED("one")), "update");
	size_t written = fake_target_calls(scene.target, FAKE_DELIVER);
	deploy_as(first, FILED("one"));
	cr_expect_eq(fake_target_calls(scene.target, FAKE_DELIVER), written + 1);
	cr_expect_str_eq(planned_by(first, FILED("one")), "unchanged");
}

/* Where nothing can be changed in place nothing has to be looked at, and the incarnation is still the one
 * that was seen to answer. */
Test(hands, what_another_store_restarted_is_asked_whether_it_answers)
{
	static const struct fake_behaviour mute = {.component = "app.web", .answers_after_ms = -1};
	struct berth_request restart = {.size = sizeof restart, .app = "app"};
	struct capabilities only = fake_driver.capabilities;
	only.limits_in_place = only.restart_in_place = false;
	fake_target_capabilities(scene.target, &only);
	open_stores("team", "team");
	deploy_as(first, LIMITED("64m"));
	deploy_as(second, LIMITED("64m"));
	deploy_as(first, LIMITED("64m"));
	size_t asked = fake_target_calls(scene.target, FAKE_PROBE);
	deploy_as(first, LIMITED("64m"));
	cr_expect_eq(fake_target_calls(scene.target, FAKE_PROBE), asked, "it is known to answer");

	cr_assert_eq(fake_target_behave(scene.target, &mute), 0);
	scene.berth = second;
	cr_assert_eq(scene_request(&scene, berth_restart, &restart, NULL), BERTH_FAILED);
	cr_expect_str_eq(planned_by(first, LIMITED("64m")), "unchanged");
	cr_expect_eq(run_as(first, berth_deploy, LIMITED("64m"), NULL), BERTH_FAILED,
		     "whoever does not answer is not reported as ready");
}

Test(hands, a_start_in_between_leaves_what_is_remembered_as_it_was)
{
	struct berth_request request = {.size = sizeof request, .app = "app"};
	cr_assert_eq(scene_run(&scene, berth_deploy, LIMITED("64m"), NULL), BERTH_OK);
	cr_assert_eq(scene_request(&scene, berth_stop, &request, NULL), BERTH_OK);
	cr_assert_eq(scene_request(&scene, berth_start, &request, NULL), BERTH_OK);
	size_t looks = fake_target_calls(scene.target, FAKE_LOOK);
	cr_expect_str_eq(planned_by(scene.berth, LIMITED("64m")), "unchanged");
	cr_expect_eq(fake_target_calls(scene.target, FAKE_LOOK), looks, "nothing is in doubt");
}

/* --- one store: of two only one was changed ------------------------------------------------------- */

#define TWO(memory)                                                                                          \
	"id: app\nlocation: fake\nservices:\n"                                                               \
	"- {type: 'docker:x:1', id: web, openPorts: 80, instances: 2, memory: " memory "}\n"

Test(hands, of_two_that_were_to_be_changed_each_is_remembered_by_itself)
{
	static const struct fake_rule refused = {
	    .call = FAKE_UPDATE, .instance = "app.web.2", .error = {.code = ERR_FAILED, .text = "no"}};
	owned_json document = NULL;
	cr_assert_eq(scene_run(&scene, berth_deploy, TWO("64m"), NULL), BERTH_OK);
	cr_assert_eq(fake_target_rule(scene.target, &refused), 0);
	cr_assert_eq(scene_run(&scene, berth_deploy, TWO("128m"), NULL), BERTH_FAILED);
	cr_assert_eq(memory_of("app.web.1"), 128);
	cr_assert_eq(memory_of("app.web.2"), 64);
	cr_assert_eq(scene_run(&scene, berth_plan, TWO("64m"), &document), BERTH_OK);
	cr_expect_str_eq(scene_action(document, "app.web.1"), "update");
	cr_expect_str_eq(scene_action(document, "app.web.2"), "unchanged");
}

#define CONSUMER "- {type: 'docker:x:1', id: front, links: [$brooklyn:component(\"web\")]}\n"

Test(hands, one_that_never_got_its_shared_name_gets_it_whatever_else_is_changed)
{
	static const struct fake_rule lost = {
	    .call = FAKE_ADMIT, .instance = "app.web.2", .error = {.code = ERR_FAILED, .text = "no"}};
	cr_assert_eq(fake_target_rule(scene.target, &lost), 0);
	cr_assert_eq(scene_run(&scene, berth_deploy, TWO("64m") CONSUMER, NULL), BERTH_FAILED);
	cr_assert_not(fake_target_find(scene.target, "app.web.2")->shared_name_held);
	fake_target_calm(scene.target);
	cr_assert_eq(scene_run(&scene, berth_deploy, TWO("128m") CONSUMER, NULL), BERTH_OK);
	cr_expect(fake_target_find(scene.target, "app.web.2")->shared_name_held);
}

/* The new one of an update that was killed is as wanted but for what was edited since. */
#define TURNED(colour, memory)                                                                               \
	"id: app\nlocation: fake\nservices:\n"                                                               \
	"- {type: 'docker:x:1', id: web, openPorts: 80, memory: " memory ", env: {COLOUR: " colour "}}\n"

Test(hands, what_was_edited_after_a_killed_update_is_changed_as_well)
{
	static const char *const colours[] = {"red", "blue"}, *const memories[] = {"64m", "128m"};
	struct berth_error error;
	unsigned resumed = 0;
	for (int n = 0; n < 40; n++) {
		owned_memory char *update = NULL, *edited = NULL;
		cr_assert_gt(asprintf(&update, TURNED("%s", "%s"), memories[n / 2 % 2], colours[n % 2]), 0);
		cr_assert_gt(asprintf(&edited, TURNED("%s", "%s"), memories[!(n / 2 % 2)], colours[n % 2]),
			     0);
		struct berth_request request = {
		    .size = sizeof request, .blueprint = update, .file = "/b.yaml"};
		for (int call = 0; call < FAKE_CALLS; call++)
			fake_target_time(scene.target, call, 150);
		berth_deploy(scene.berth, &request, NULL, &error);
		virtual_world_run(scene.world, NULL, NULL, n * 97);
		resumed += fake_target_instances(scene.target) == 2;
		scene_restart(&scene, true);
		cr_assert_eq(scene_run(&scene, berth_deploy, edited, NULL), BERTH_OK);
		cr_assert_eq(memory_of("app.web.1"), n / 2 % 2 ? 64 : 128, "killed after %d ms", n * 97);
	}
	cr_assert_gt(resumed, 0);
}

Test(hands, when_the_first_of_two_cannot_be_changed_the_other_is_left_and_the_deploy_ends)
{
	static const struct fake_rule refused = {
	    .call = FAKE_DELIVER, .instance = "app.web.1", .error = {.code = ERR_FAILED, .text = "no"}};
#define TWO_FILED(content)                                                                                   \
	"id: app\nlocation: fake\nservices:\n"                                                               \
	"- {type: 'docker:x:1', id: web, openPorts: 80, instances: 2, onChange: {signal: HUP},"              \
	" files: {/etc/x.conf: {content: '" content "'}}}\n"
	cr_assert_eq(scene_run(&scene, berth_deploy, TWO_FILED("one"), NULL), BERTH_OK);
	cr_assert_eq(fake_target_rule(scene.target, &refused), 0);
	cr_assert_eq(scene_run(&scene, berth_deploy, TWO_FILED("two"), NULL), BERTH_FAILED);
	cr_expect(strstr(scene.events, "app.web.2 broken"), "%s", scene.events);
}

/* Of several components as well: whoever is told may be away for a moment. */
Test(hands, those_that_are_told_of_a_change_are_told_one_after_the_other)
{
#define BOTH_FILED(content)                                                                                  \
	"id: app\nlocation: fake\nservices:\n"                                                               \
	"- {type: 'docker:x:1', id: a, openPorts: 80, onChange: {signal: HUP},"                              \
	" files: {/etc/x.conf: {content: '" content "'}}}\n"                                                 \
	"- {type: 'docker:x:1', id: b, openPorts: 80, onChange: {signal: HUP},"                              \
	" files: {/etc/x.conf: {content: '" content "'}}}\n"
	struct berth_request request = {
	    .size = sizeof request, .blueprint = BOTH_FILED("two"), .file = "/b.yaml"};
	struct berth_error error;
	cr_assert_eq(scene_run(&scene, berth_deploy, BOTH_FILED("one"), NULL), BERTH_OK);
	fake_target_time(scene.target, FAKE_SIGNAL, 2000);
	struct berth_operation *operation = berth_deploy(scene.berth, &request, NULL, &error);
	virtual_world_run(scene.world, NULL, NULL, 1000);
	cr_expect_eq(fake_target_calls(scene.target, FAKE_DELIVER), 1);
	virtual_world_run(scene.world, NULL, NULL, 60000);
	cr_expect_eq(fake_target_calls(scene.target, FAKE_DELIVER), 2);
	cr_expect_eq(berth_outcome(operation), BERTH_OK);
	berth_operation_free(operation);
}

/* --- verbs for what is there ---------------------------------------------------------------------- */

Test(hands, a_restart_makes_nothing_that_is_not_there)
{
	static const char pair[] = "id: app\nlocation: fake\nservices:\n"
				   "- {type: 'docker:x:1', id: db, openPorts: 80}\n"
				   "- {type: 'docker:x:1', id: web, links: [$brooklyn:component(\"db\")]}\n";
	struct berth_request request = {.size = sizeof request, .app = "app"};
	cr_assert_eq(scene_run(&scene, berth_deploy, pair, NULL), BERTH_OK);
	cr_assert_eq(fake_target_vanish(scene.target, "app.web.1"), 0);
	scene_request(&scene, berth_restart, &request, NULL);
	cr_expect_null(fake_target_find(scene.target, "app.web.1"));
}

#define WEB        "id: app\nlocation: fake\nservices:\n- {type: 'docker:x:1', id: web}\n"
#define DB         WEB "- {type: 'docker:x:1', id: db, volumes: ['data:/data']}\n"
#define DB_GUARDED WEB "- {type: 'docker:x:1', id: db, protect: true, volumes: ['data:/data']}\n"

static enum berth_outcome destroy_by_name(struct berth *berth)
{
	static const char *const locations[] = {"fake=fake", NULL};
	struct berth_request request = {
	    .size = sizeof request, .app = "app", .locations = locations, .adopt = true, .volumes = true};
	scene.berth = berth;
	return scene_request(&scene, berth_destroy, &request, NULL);
}

/* With its data, by somebody who takes it over and never saw its blueprint. */
Test(hands, what_another_owner_protects_is_not_removed_with_what_is_taken_over)
{
	open_stores("someone", "somebody.else");
	deploy_as(first, DB_GUARDED);
	cr_assert_eq(destroy_by_name(second), BERTH_FAILED);
	cr_assert_not_null(fake_target_find(scene.target, "app.db.1"));
	deploy_as(second, DB);
	cr_assert_eq(destroy_by_name(second), BERTH_OK, "the newer word is that it is not");
	cr_assert_null(fake_target_find(scene.target, "app.db.1"));
}

/* The newer word is the other store's, and the target has it. */
Test(hands, what_another_store_made_protected_meanwhile_is_not_removed)
{
	open_stores("someone", "someone");
	deploy_as(first, DB);
	deploy_as(second, WEB);
	deploy_as(second, DB_GUARDED);
	cr_assert_eq(destroy_by_name(first), BERTH_FAILED);
	cr_assert_eq(run_as(first, berth_deploy, WEB, NULL), BERTH_INVALID);
	cr_assert_not_null(fake_target_find(scene.target, "app.db.1"));
}
