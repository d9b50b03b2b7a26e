/* test_lasting.c - a change whose carrier was killed is gone on with by the next one, as far as it had come.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/engine/scene.h"

#define SECOND 1000
#define HOUR   (3600 * SECOND)

static struct scene scene;
static struct berth_operation *operation;
static char left[400];

static void raise_curtain(void)
{
	scene_open(&scene);
}

static void drop_curtain(void)
{
	berth_operation_free(operation);
	scene_close(&scene);
}

TestSuite(lasting, .init = raise_curtain, .fini = drop_curtain);

#define PAIR(colour)                                                                                         \
	"id: app\nlocation: fake\nservices:\n"                                                               \
	"- {type: 'docker:a:1', id: db, openPorts: 80, env: {COLOUR: " colour "}}\n"                         \
	"- {type: 'docker:b:1', id: web, env: {COLOUR: " colour "}, dependsOn: [db]}\n"
#define THREE "id: app\nlocation: fake\nservices:\n- {type: 'docker:a:1', id: web, instances: 3}\n"

static bool over(void *nothing)
{
	(void)nothing;
	return berth_done(operation);
}

static void pass(int64_t duration_ms)
{
	virtual_world_run(scene.world, over, NULL, duration_ms);
	cr_assert(!berth_done(operation), "it was to be under way: %s", berth_message(operation));
}

static void begin(verb_function *verb, struct berth_request request)
{
	struct berth_error error = {0};
	request.size = sizeof request;
	request.lasting = "run-1";
	request.lasting_text = "the text";
	operation = verb(scene.berth, &request, NULL, &error);
	cr_assert_not_null(operation, "%s", error.text);
}

static void carrier_is_killed(void)
{
	berth_operation_free(give(operation));
	scene_restart(&scene, true);
	fake_target_calm(scene.target);
}

static enum berth_outcome ends(void)
{
	cr_assert(virtual_world_run(scene.world, over, NULL, HOUR), "it never ends");
	return berth_outcome(operation);
}

static enum berth_outcome goes_on(verb_function *verb, struct berth_request request)
{
	request.resumed = request.foreign = true;
	begin(verb, request);
	return ends();
}

static void note_left(void *nothing, const struct berth_left *found)
{
	(void)nothing;
	size_t length = strlen(left);
	snprintf(left + length, sizeof left - length, "%s %s: %s\n", found->name, found->app, found->text);
}

static const char *what_is_left(void)
{
	struct berth_error error = {0};
	*left = '\0';
	cr_assert_eq(berth_left(scene.berth, note_left, NULL, &error), 0, "%s", error.text);
	return left;
}

static void nothing_is_left(void)
{
	berth_operation_free(give(operation));
	scene_restart(&scene, true); /* what was on its way is written */
	cr_assert_str_eq(what_is_left(), "");
}

static void deploy(const char *blueprint)
{
	cr_assert_eq(scene_run(&scene, berth_deploy, blueprint, NULL), BERTH_OK, "%s", scene.events);
}

static const struct observed *there(const char *name)
{
	const struct observed *seen = fake_target_find(scene.target, name);
	cr_assert_not_null(seen, "%s is not there", name);
	return seen;
}

static int64_t revision(void)
{
	struct berth_request request = {.size = sizeof request, .app = "app"};
	owned_json document = NULL;
	cr_assert_eq(scene_request(&scene, berth_status, &request, &document), BERTH_OK);
	return json_number(document, "revision", 0);
}

/* The second component waits for the first one, which takes a while. */
static void deploy_is_killed(const char *blueprint)
{
	fake_target_time(scene.target, FAKE_PLACE, 4 * SECOND);
	begin(berth_deploy, (struct berth_request){.blueprint = blueprint, .file = "/b.yaml"});
	pass(6 * SECOND);
	cr_assert(berth_recorded(operation));
	carrier_is_killed();
}

Test(lasting, a_deploy_goes_on_from_its_record_and_leaves_what_runs_alone)
{
	deploy_is_killed(PAIR("red"));
	owned_memory char *before = strdup(there("app.db.1")->target_id);
	cr_assert_str_eq(what_is_left(), "run-1 app: the text\n");
	size_t starts = fake_target_calls(scene.target, FAKE_START);
	cr_assert_eq(goes_on(berth_deploy, (struct berth_request){0}), BERTH_OK, "%s",
		     berth_message(operation));
	cr_assert_eq(there("app.web.1")->state, SEEN_RUNNING);
	cr_assert_str_eq(there("app.db.1")->target_id, before);
	cr_assert_leq(fake_target_calls(scene.target, FAKE_START), starts + 1);
	nothing_is_left();
	cr_assert_eq(revision(), 1);
}

Test(lasting, what_was_not_recorded_yet_is_done_as_it_was_asked_for)
{
	const struct berth_request request = {.blueprint = PAIR("red"), .file = "/b.yaml"};
	fake_target_time(scene.target, FAKE_LIST, 5 * SECOND);
	begin(berth_deploy, request);
	pass(SECOND);
	carrier_is_killed();
	cr_assert_str_eq(what_is_left(), "run-1 app: the text\n");
	cr_assert_null(fake_target_find(scene.target, "app.db.1"));
	cr_assert_eq(goes_on(berth_deploy, request), BERTH_OK, "%s", berth_message(operation));
	cr_assert_str_eq(scene_variable(&scene, "app.web.1", "COLOUR"), "red");
	nothing_is_left();
}

Test(lasting, what_has_ended_is_not_left)
{
	begin(berth_deploy, (struct berth_request){.blueprint = PAIR("red"), .file = "/b.yaml"});
	cr_assert_eq(ends(), BERTH_OK, "%s", berth_message(operation));
	nothing_is_left();
}

Test(lasting, what_only_tells_does_not_last)
{
	fake_target_time(scene.target, FAKE_LIST, 5 * SECOND);
	begin(berth_deploy,
	      (struct berth_request){.blueprint = PAIR("red"), .file = "/b.yaml", .dry_run = true});
	cr_assert(berth_recorded(operation), "there is nothing to wait for");
	pass(SECOND);
	nothing_is_left();
}

Test(lasting, what_was_cancelled_stays_cancelled)
{
	fake_target_time(scene.target, FAKE_PLACE, 10 * SECOND);
	begin(berth_deploy, (struct berth_request){.blueprint = PAIR("red"), .file = "/b.yaml"});
	pass(2 * SECOND);
	berth_cancel(operation);
	pass(SECOND);
	carrier_is_killed();
	cr_assert_eq(goes_on(berth_deploy, (struct berth_request){0}), BERTH_INTERRUPTED);
	cr_assert(strstr(berth_message(operation), "cancelled"), "%s", berth_message(operation));
	cr_assert_null(fake_target_find(scene.target, "app.web.1"));
	nothing_is_left();
}

Test(lasting, what_somebody_changed_since_then_is_not_undone)
{
	deploy_is_killed(PAIR("red"));
	deploy(PAIR("blue"));
	cr_assert_eq(goes_on(berth_deploy, (struct berth_request){.blueprint = PAIR("red")}), BERTH_LOCKED);
	cr_assert(strstr(berth_message(operation), "another command"), "%s", berth_message(operation));
	cr_assert_str_eq(scene_variable(&scene, "app.db.1", "COLOUR"), "blue");
	nothing_is_left();
}

Test(lasting, who_stops_it_meanwhile_has_it_stopped)
{
	const struct berth_request app = {.size = sizeof app, .app = "app"};
	deploy_is_killed(PAIR("red"));
	cr_assert_eq(scene_request(&scene, berth_stop, &app, NULL), BERTH_OK);
	cr_assert_eq(goes_on(berth_deploy, (struct berth_request){0}), BERTH_LOCKED);
	cr_assert_neq(there("app.db.1")->state, SEEN_RUNNING);
}

Test(lasting, a_rollback_goes_on_to_where_it_went)
{
	const struct berth_request app = {.app = "app"};
	deploy(PAIR("red"));
	deploy(PAIR("blue"));
	deploy(PAIR("green"));
	fake_target_time(scene.target, FAKE_PLACE, 4 * SECOND);
	begin(berth_rollback, app);
	pass(6 * SECOND);
	carrier_is_killed();
	cr_assert_eq(goes_on(berth_rollback, app), BERTH_OK, "%s", berth_message(operation));
	cr_assert_str_eq(scene_variable(&scene, "app.db.1", "COLOUR"), "blue");
	cr_assert_str_eq(scene_variable(&scene, "app.web.1", "COLOUR"), "blue");
	nothing_is_left();
	cr_assert_eq(revision(), 4);
}

Test(lasting, what_was_meant_for_one_revision_goes_on_after_it_made_the_next)
{
	deploy(PAIR("red"));
	fake_target_time(scene.target, FAKE_PLACE, 4 * SECOND);
	struct berth_request request = {.blueprint = PAIR("blue"), .file = "/b.yaml", .if_revision = 1};
	begin(berth_deploy, request);
	pass(6 * SECOND);
	carrier_is_killed();
	cr_assert_eq(goes_on(berth_deploy, request), BERTH_OK, "%s", berth_message(operation));
	cr_assert_str_eq(scene_variable(&scene, "app.web.1", "COLOUR"), "blue");
}

Test(lasting, a_restart_leaves_alone_what_it_had_restarted)
{
	const struct berth_request app = {.app = "app"};
	deploy(THREE);
	fake_target_time(scene.target, FAKE_STOP, 4 * SECOND);
	size_t stops = fake_target_calls(scene.target, FAKE_STOP);
	begin(berth_restart, app);
	pass(10 * SECOND); /* the third one is being stopped */
	cr_assert_eq(fake_target_calls(scene.target, FAKE_STOP), stops + 3);
	carrier_is_killed();
	cr_assert_eq(goes_on(berth_restart, app), BERTH_OK, "%s", berth_message(operation));
	cr_assert_leq(fake_target_calls(scene.target, FAKE_STOP), stops + 4, "two of three were done");
	for (const char *const *name = (const char *const[]){"app.web.1", "app.web.2", "app.web.3", NULL};
	     *name; name++)
		cr_assert_eq(there(*name)->state, SEEN_RUNNING, "%s", *name);
	nothing_is_left();
}

Test(lasting, a_scale_goes_on)
{
	const struct berth_request to_five = {
	    .app = "app", .components = (const char *const[]){"web", NULL}, .count = 5};
	deploy(THREE);
	fake_target_time(scene.target, FAKE_PLACE, 4 * SECOND);
	begin(berth_scale, to_five);
	pass(2 * SECOND);
	carrier_is_killed();
	cr_assert_eq(goes_on(berth_scale, to_five), BERTH_OK, "%s", berth_message(operation));
	cr_assert_eq(fake_target_instances(scene.target), 5);
	nothing_is_left();
}

Test(lasting, a_destroy_goes_on)
{
	const struct berth_request app = {.app = "app"};
	deploy(THREE);
	fake_target_time(scene.target, FAKE_REMOVE, 4 * SECOND);
	begin(berth_destroy, app);
	pass(2 * SECOND);
	carrier_is_killed();
	cr_assert_eq(goes_on(berth_destroy, app), BERTH_OK, "%s", berth_message(operation));
	cr_assert_eq(fake_target_instances(scene.target), 0);
	nothing_is_left();
}

#define ASKS                                                                                                 \
	"id: app\nlocation: fake\nservices:\n- {type: 'docker:a:1', id: db}\n"                               \
	"- {type: 'docker:b:1', id: web, dependsOn: [db], env: {COLOUR: '$berth:env(\"PAINT\")', KEY: "      \
	"'$berth:secret(\"env:THE_KEY\")'}}\n"

/* It came with an environment that is written down but for its secrets. */
static void asking_deploy_is_killed(void)
{
	fake_target_time(scene.target, FAKE_PLACE, 4 * SECOND);
	begin(berth_deploy,
	      (struct berth_request){.blueprint = ASKS,
				     .file = "/b.yaml",
				     .foreign = true,
				     .environment = (const char *const[]){"PAINT=red", "THE_KEY=k1", NULL}});
	pass(6 * SECOND);
	carrier_is_killed();
}

Test(lasting, a_secret_that_came_along_is_to_come_again)
{
	asking_deploy_is_killed();
	cr_assert_eq(goes_on(berth_deploy, (struct berth_request){0}), BERTH_INVALID);
	cr_assert(strstr(berth_message(operation), "THE_KEY"), "%s", berth_message(operation));
	cr_assert(!strstr(berth_message(operation), "PAINT"), "%s", berth_message(operation));
	nothing_is_left();
}

Test(lasting, a_secret_that_the_next_one_has_is_used)
{
	asking_deploy_is_killed();
	scene_environment("THE_KEY", "k1");
	scene_environment("PAINT", "green");
	cr_assert_eq(goes_on(berth_deploy, (struct berth_request){0}), BERTH_OK, "%s",
		     berth_message(operation));
	cr_assert_str_eq(scene_variable(&scene, "app.web.1", "KEY"), "k1");
	cr_assert_str_eq(scene_variable(&scene, "app.web.1", "COLOUR"), "red", "as it was told then");
}

Test(lasting, what_is_nowhere_written_down_is_not_guessed)
{
	struct berth_request request = {.blueprint = PAIR("red"), .file = "/b.yaml", .once = true};
	fake_target_time(scene.target, FAKE_PLACE, 4 * SECOND);
	begin(berth_deploy, request);
	pass(6 * SECOND);
	carrier_is_killed();
	size_t starts = fake_target_calls(scene.target, FAKE_START);
	cr_assert_eq(goes_on(berth_deploy, request), BERTH_INVALID);
	cr_assert_eq(fake_target_calls(scene.target, FAKE_START), starts);
	nothing_is_left();
}

Test(lasting, a_backup_does_not_begin_again_what_was_under_way_when_it_was_made)
{
	char file[512];
	const struct berth_request copy = {.size = sizeof copy, .file = file};
	snprintf(file, sizeof file, "%s/copy.db", virtual_world_directory(scene.world));
	deploy_is_killed(PAIR("red"));
	cr_assert_eq(scene_request(&scene, berth_backup, &copy, NULL), BERTH_OK);
	cr_assert_eq(scene_request(&scene, berth_restore, &copy, NULL), BERTH_OK);
	cr_assert_str_eq(what_is_left(), "");
}
