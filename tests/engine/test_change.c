/* test_change.c - what a changed value does: files, links, secrets, jobs, protection; and the verbs that
 * stop, start, restart and scale. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

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

TestSuite(change, .init = raise_curtain, .fini = drop_curtain);

#define APP "id: app\nlocation: fake\nservices:\n"

static void deploy(const char *blueprint)
{
	enum berth_outcome outcome = scene_run(&scene, berth_deploy, blueprint, NULL);
	cr_assert_eq(outcome, BERTH_OK, "%s", scene.events ? scene.events : "");
}

static json_t *planned(const char *blueprint)
{
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_plan, blueprint, &document), BERTH_OK);
	return document;
}

static void assert_action(const char *blueprint, const char *instance, const char *action)
{
	json_t *document = planned(blueprint);
	cr_assert_str_eq(scene_action(document, instance), action, "%s",
			 json_dumps(document, JSON_INDENT(1)));
	json_decref(document);
}

static enum berth_outcome run_by_name(verb_function *verb, const char *const *components,
				      json_t **ret_document)
{
	struct berth_request request = {.size = sizeof request, .app = "app", .components = components};
	return scene_request(&scene, verb, &request, ret_document);
}

static char *id_of(const char *name)
{
	static char id[64];
	const struct observed *seen = fake_target_find(scene.target, name);
	cr_assert_not_null(seen, "%s is not there", name);
	snprintf(id, sizeof id, "%s", seen->target_id);
	return id;
}

static bool runs(const char *name)
{
	const struct observed *seen = fake_target_find(scene.target, name);
	return seen && seen->state == SEEN_RUNNING;
}

static const char *file_of(const char *name)
{
	size_t count = 0;
	const struct spec_file *files = fake_target_files(scene.target, name, &count);
	static char content[256];
	cr_assert_eq(count, 1, "%zu files", count);
	snprintf(content, sizeof content, "%.*s", (int)files[0].size, (const char *)files[0].content);
	return content;
}

static size_t count_of(const char *const *list)
{
	size_t count = 0;
	while (list && list[count])
		count++;
	return count;
}

/* --- files ---------------------------------------------------------------------------------- */

#define FILED(content, on_change)                                                                            \
	APP "- {type: 'docker:x:1', id: web, openPorts: 80, onChange: " on_change                            \
	    ", files: {/etc/web.conf: {content: '" content "'}}}\n"

Test(change, a_changed_file_is_written_in_place_and_the_program_told)
{
	deploy(FILED("one", "{signal: HUP}"));
	char before[64];
	snprintf(before, sizeof before, "%s", id_of("app.web.1"));
	cr_assert_str_eq(file_of("app.web.1"), "one");
	assert_action(FILED("two", "{signal: HUP}"), "app.web.1", "update");
	deploy(FILED("two", "{signal: HUP}"));
	cr_assert_str_eq(id_of("app.web.1"), before);
	cr_assert_str_eq(file_of("app.web.1"), "two");
	const char *const *signals = fake_target_signals(scene.target, "app.web.1");
	cr_assert_eq(count_of(signals), 1);
	cr_assert_str_eq(signals[0], "HUP");
	assert_action(FILED("two", "{signal: HUP}"), "app.web.1", "unchanged");
}

Test(change, a_changed_file_runs_a_command_inside)
{
	deploy(FILED("one", "{command: [reload, now]}"));
	deploy(FILED("two", "{command: [reload, now]}"));
	const char *const *commands = fake_target_commands(scene.target, "app.web.1");
	cr_assert_eq(count_of(commands), 1);
	cr_assert_str_eq(commands[0], "reload now");
}

Test(change, a_command_that_fails_is_told_with_its_output_and_tried_again)
{
	static const struct fake_command bad = {.words = "reload now", .output = "bad syntax\n", .code = 4};
	json_t *document = NULL;
	deploy(FILED("one", "{command: [reload, now]}"));
	cr_assert_eq(fake_target_command(scene.target, &bad), 0);
	cr_assert_eq(scene_run(&scene, berth_deploy, FILED("two", "{command: [reload, now]}"), &document),
		     BERTH_FAILED);
	const json_t *failure = json_array_get(json_object_get(document, "failures"), 0);
	cr_assert_not_null(strstr(json_text(failure, "error"), "code 4"), "%s", json_text(failure, "error"));
	cr_assert(runs("app.web.1"));
	json_decref(document);
	assert_action(FILED("two", "{command: [reload, now]}"), "app.web.1", "update");
}

Test(change, by_default_a_changed_file_makes_the_instance_anew)
{
	deploy(FILED("one", "restart"));
	assert_action(FILED("two", "restart"), "app.web.1", "replace");
	deploy(FILED("two", "restart"));
	cr_assert_str_eq(file_of("app.web.1"), "two");
}

Test(change, a_secret_in_a_file_is_digested_with_salt_and_a_rotation_is_seen)
{
	static const char blueprint[] = APP
	    "- {type: 'docker:x:1', id: web, onChange: none, files: {/etc/token: {secret: 'env:CANARY'}}}\n";
	scene_environment("CANARY", "one");
	deploy(blueprint);
	cr_assert_str_eq(file_of("app.web.1"), "one");
	assert_action(blueprint, "app.web.1", "unchanged");
	scene_environment("CANARY", "two");
	assert_action(blueprint, "app.web.1", "update");
	deploy(blueprint);
	cr_assert_str_eq(file_of("app.web.1"), "two");
}

/* Of a server that is switched off: it is started as it is, and not made anew. */
Test(change, whose_salt_is_not_told_now_has_the_secrets_that_it_had)
{
	static const char both[] = APP "- {type: 'docker:x:1', id: web, onChange: restart, env: {TOKEN: "
				       "'$berth:secret(\"env:CANARY\")'}, files: {/etc/token: {secret: "
				       "'env:CANARY'}}}\n";
	scene_environment("CANARY", "one");
	deploy(both);
	assert_action(both, "app.web.1", "unchanged");
	((struct observed *)fake_target_find(scene.target, "app.web.1"))->secret_salt = NULL;
	assert_action(both, "app.web.1", "unchanged");
}

/* --- links and secrets in the environment ---------------------------------------------------- */

#define SECRET(on_change)                                                                                    \
	APP "- {type: 'docker:x:1', id: a, onChange: " on_change                                             \
	    ", env: {TOKEN: '$berth:secret(\"env:CANARY\")'}}\n"

Test(change, where_the_environment_cannot_change_and_nobody_asks_for_a_restart_the_value_is_old)
{
	scene_environment("CANARY", "one");
	deploy(SECRET("none"));
	scene_environment("CANARY", "two");
	json_t *document = planned(SECRET("none"));
	cr_assert_str_eq(scene_action(document, "app.a.1"), "unchanged");
	const json_t *because =
	    json_object_get(json_array_get(json_object_get(document, "changes"), 0), "because");
	cr_assert_eq(json_array_size(because), 1);
	cr_assert_not_null(json_text(json_array_get(because, 0), "note"));
	json_decref(document);
}

/* --- jobs ------------------------------------------------------------------------------------- */

#define JOB(argument)                                                                                        \
	APP "- {type: 'docker:x:1', id: seed, job: true, command: [load, " argument "]}\n"                   \
	    "- {type: 'docker:y:1', id: web, dependsOn: {seed: finished}}\n"

static void job_ends_with(int code)
{
	struct fake_behaviour job = {
	    .component = "app.seed", .exits = 1, .exit_code = code, .lives_ms = 2000};
	cr_assert_eq(fake_target_behave(scene.target, &job), 0);
}

static const char *state_of(const char *blueprint, size_t index)
{
	static char state[32];
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_status, blueprint, &document), BERTH_OK);
	const json_t *component = json_array_get(json_object_get(document, "components"), index);
	snprintf(state, sizeof state, "%s", json_text(component, "state"));
	json_decref(document);
	return state;
}

Test(change, a_job_is_waited_for_and_runs_once)
{
	job_ends_with(0);
	deploy(JOB("a"));
	const char *seed = strstr(scene.events, "app.seed.1 finished"),
		   *web = strstr(scene.events, "app.web.1 placing");
	cr_assert(seed && web && seed < web, "%s", scene.events);
	cr_assert_str_eq(state_of(JOB("a"), 0), "finished");
	size_t starts = fake_target_calls(scene.target, FAKE_START);
	deploy(JOB("a"));
	cr_assert_eq(fake_target_calls(scene.target, FAKE_START), starts);
	deploy(JOB("b"));
	cr_assert_eq(fake_target_calls(scene.target, FAKE_START), starts + 1, "only the job again:\n%s",
		     scene.events);
}

Test(change, a_job_that_fails_blocks_its_consumers_and_is_run_again)
{
	json_t *document = NULL;
	job_ends_with(3);
	cr_assert_eq(scene_run(&scene, berth_deploy, JOB("a"), &document), BERTH_FAILED);
	cr_assert_eq(json_array_size(json_object_get(document, "failures")), 2);
	cr_assert_null(fake_target_find(scene.target, "app.web.1"));
	json_decref(document);
	job_ends_with(0);
	deploy(JOB("a"));
	cr_assert(runs("app.web.1"));
}

static enum berth_outcome restart(void)
{
	json_t *document = NULL;
	const struct berth_request request = {.size = sizeof request, .app = "app"};
	enum berth_outcome outcome = scene_request(&scene, berth_restart, &request, &document);
	json_decref(document);
	return outcome;
}

Test(change, who_comes_after_a_job_is_restarted_when_that_has_ended)
{
	job_ends_with(0);
	deploy(JOB("a"));
	size_t starts = fake_target_calls(scene.target, FAKE_START);
	cr_assert_eq(restart(), BERTH_OK);
	cr_assert_eq(fake_target_calls(scene.target, FAKE_START), starts + 1, "the job is left alone");
}

Test(change, who_comes_after_a_job_is_restarted_while_that_runs)
{
	struct berth_request request = {.size = sizeof request, .blueprint = JOB("b"), .file = "/b.yaml"};
	struct berth_error error;
	job_ends_with(0);
	deploy(JOB("a"));
	struct berth_operation *operation = berth_deploy(scene.berth, &request, NULL, &error);
	virtual_world_run(scene.world, NULL, NULL, 500);
	cr_assert(runs("app.seed.1"));
	berth_cancel(operation);
	virtual_world_run(scene.world, NULL, NULL, 500);
	cr_assert(berth_done(operation));
	berth_operation_free(operation);
	cr_assert(runs("app.seed.1"));
	cr_assert_eq(restart(), BERTH_OK);
}

#define JOB_WITH_FILE(content)                                                                               \
	APP "- {type: 'docker:x:1', id: seed, job: true, onChange: none,"                                    \
	    " files: {/etc/seed: {content: '" content "'}}}\n"                                               \
	    "- {type: 'docker:y:1', id: web, dependsOn: {seed: finished}, env: {A: '" content "'}}\n"

Test(change, a_job_whose_files_changed_after_its_end_is_waited_for_by_nobody)
{
	json_t *document = NULL;
	job_ends_with(0);
	deploy(JOB_WITH_FILE("a"));
	size_t starts = fake_target_calls(scene.target, FAKE_START);
	cr_assert_eq(scene_run(&scene, berth_deploy, JOB_WITH_FILE("b"), &document), BERTH_OK);
	cr_assert_str_eq(scene_action(document, "app.seed.1"), "update");
	cr_assert_eq(fake_target_calls(scene.target, FAKE_START), starts + 1, "only the other one:\n%s",
		     scene.events);
	cr_assert_str_eq(state_of(JOB_WITH_FILE("b"), 0), "finished");
	json_decref(document);
}

/* --- ports ------------------------------------------------------------------------------------ */

Test(change, another_number_of_the_blueprint_is_told_once_and_by_its_own_name)
{
	json_t *document = NULL, *reason;
	size_t i;
	deploy(APP "- {type: 'docker:y:1', id: web, portBindings: {8080: 80}}\n");
	cr_assert_eq(scene_run(&scene, berth_plan,
			       APP "- {type: 'docker:y:1', id: web, portBindings: {8081: 80}}\n", &document),
		     BERTH_OK);
	json_t *reasons = json_object_get(json_array_get(json_object_get(document, "changes"), 0), "because");
	cr_assert_eq(json_array_size(reasons), 2, "one number goes, another comes");
	json_array_foreach (reasons, i, reason)
		cr_expect(strstr(json_text(reason, "path"), "portBindings.0.0.0.0:808"));
	json_decref(document);
}

/* --- protected -------------------------------------------------------------------------------- */

Test(change, what_is_protected_is_neither_replaced_nor_removed_nor_destroyed)
{
	json_t *document = NULL;
	deploy(APP "- {type: 'docker:x:1', id: db, protect: true}\n- {type: 'docker:y:1', id: web}\n");
	char before[64];
	snprintf(before, sizeof before, "%s", id_of("app.db.1"));
	cr_assert_eq(
	    scene_run(&scene, berth_deploy,
		      APP "- {type: 'docker:x:2', id: db, protect: true}\n- {type: 'docker:y:1', id: web}\n",
		      &document),
	    BERTH_INVALID);
	json_decref(document);
	cr_assert_eq(scene_run(&scene, berth_deploy, APP "- {type: 'docker:y:1', id: web}\n", NULL),
		     BERTH_INVALID);
	cr_assert_eq(run_by_name(berth_destroy, NULL, NULL), BERTH_FAILED);
	cr_assert_str_eq(id_of("app.db.1"), before);
	cr_assert(runs("app.db.1") && runs("app.web.1"));
	deploy(APP "- {type: 'docker:x:1', id: db}\n- {type: 'docker:y:1', id: web}\n");
	cr_assert_str_eq(id_of("app.db.1"), before, "taking the protection away changes nothing else");
	deploy(APP "- {type: 'docker:x:1', id: db, protect: true}\n- {type: 'docker:y:1', id: web}\n");
	cr_assert_eq(run_by_name(berth_destroy, NULL, NULL), BERTH_FAILED, "also where nothing else changed");
	deploy(APP "- {type: 'docker:x:1', id: db}\n- {type: 'docker:y:1', id: web}\n");
	deploy(APP "- {type: 'docker:x:2', id: db}\n- {type: 'docker:y:1', id: web}\n");
}

Test(change, protection_given_to_what_runs_already_holds)
{
	deploy(APP "- {type: 'docker:x:1', id: db}\n- {type: 'docker:y:1', id: web}\n");
	deploy(APP "- {type: 'docker:x:1', id: db, protect: true}\n- {type: 'docker:y:1', id: web}\n");
	cr_assert_eq(scene_run(&scene, berth_deploy, APP "- {type: 'docker:y:1', id: web}\n", NULL),
		     BERTH_INVALID);
	cr_assert_eq(run_by_name(berth_destroy, NULL, NULL), BERTH_FAILED);
	cr_assert(runs("app.db.1") && runs("app.web.1"));
	deploy(APP "- {type: 'docker:x:1', id: db}\n- {type: 'docker:y:1', id: web}\n");
	deploy(APP "- {type: 'docker:y:1', id: web}\n");
	cr_assert(!runs("app.db.1") && runs("app.web.1"), "taken away from what runs it is gone at once");
}

/* What the store knew of it is lost, or it is another machine's. */
Test(change, what_is_protected_is_so_also_when_the_store_is_lost)
{
	static const char with[] = APP "- {type: 'docker:x:1', id: db, protect: true}\n"
				       "- {type: 'docker:y:1', id: web}\n";
	static const char dropped[] = APP "- {type: 'docker:y:1', id: web}\n";
	static const char without[] = APP "- {type: 'docker:x:1', id: db}\n- {type: 'docker:y:1', id: web}\n";
	static const char *const locations[] = {"fake=fake", NULL};
	struct berth_request by_name = {.size = sizeof by_name, .app = "app", .locations = locations};
	deploy(with);
	char before[64];
	snprintf(before, sizeof before, "%s", id_of("app.db.1"));
	scene_restart(&scene, false);
	cr_assert_eq(scene_run(&scene, berth_deploy, dropped, NULL), BERTH_INVALID);
	cr_assert_eq(scene_request(&scene, berth_destroy, &by_name, NULL), BERTH_FAILED);
	cr_assert_eq(scene_run(&scene, berth_destroy, dropped, NULL), BERTH_FAILED);
	cr_assert_eq(scene_run(&scene, berth_destroy, with, NULL), BERTH_FAILED);
	cr_assert(runs("app.db.1") && runs("app.web.1"));
	deploy(without);
	cr_assert_str_eq(id_of("app.db.1"), before, "taking the protection away changes nothing else");
	deploy(dropped);
	cr_assert(!runs("app.db.1"), "what was let go of is so whatever it was made with");
}

/* The text says it, before anything was ever made of it from here. */
Test(change, destroy_of_a_blueprint_heeds_what_it_protects)
{
	static const char with[] = APP "- {type: 'docker:x:1', id: db, protect: true}\n";
	static const char without[] = APP "- {type: 'docker:x:1', id: db}\n";
	deploy(without);
	scene_restart(&scene, false);
	cr_assert_eq(scene_run(&scene, berth_destroy, with, NULL), BERTH_FAILED);
	cr_assert(runs("app.db.1"));
	cr_assert_eq(scene_run(&scene, berth_destroy, without, NULL), BERTH_OK);
}

Test(change, a_blueprint_in_hand_that_does_not_protect_it_lets_go)
{
	deploy(APP "- {type: 'docker:x:1', id: db, protect: true}\n");
	scene_restart(&scene, false);
	cr_assert_eq(scene_run(&scene, berth_destroy, APP "- {type: 'docker:x:1', id: db}\n", NULL),
		     BERTH_OK);
}

Test(change, what_was_made_without_the_mark_of_protection_stays_as_it_is)
{
	static const char with[] = APP "- {type: 'docker:x:1', id: db, protect: true}\n";
	deploy(APP "- {type: 'docker:x:1', id: db}\n");
	assert_action(with, "app.db.1", "unchanged");
	scene_restart(&scene, false);
	assert_action(with, "app.db.1", "unchanged");
}

/* --- what no answer comes to ------------------------------------------------------------------- */

static const struct fake_rule no_answer = {
    .call = FAKE_STOP, .times = 1000, .error = {.code = ERR_UNREACHABLE, .text = "no answer"}};

static const char *error_text(const json_t *document)
{
	const char *text = json_text(json_object_get(document, "error"), "text");
	return text ? text : "";
}

Test(change, a_destroy_without_an_answer_ends_as_one_that_reached_nobody)
{
	owned_json document = NULL;
	deploy(APP "- {type: 'docker:x:1', id: db}\n");
	cr_assert_eq(fake_target_rule(scene.target, &no_answer), 0);
	cr_assert_eq(run_by_name(berth_destroy, NULL, &document), BERTH_UNREACHABLE);
	cr_assert_str_eq(error_text(document), "1 instance could not be removed");
}

/* Neither the older one nor the one that is to follow it is as wanted: that is one instance. */
Test(change, an_instance_whose_generations_both_fail_counts_once)
{
	owned_json document = NULL;
	deploy(APP "- {type: 'docker:x:1', id: web, instances: 2, update: stop-first}\n");
	cr_assert_eq(fake_target_rule(scene.target, &no_answer), 0);
	cr_assert_eq(scene_run(&scene, berth_deploy,
			       APP "- {type: 'docker:x:2', id: web, instances: 2, update: stop-first}\n",
			       &document),
		     BERTH_UNREACHABLE);
	cr_assert_gt(json_array_size(json_object_get(document, "failures")), 2);
	cr_assert_str_eq(error_text(document), "2 of 2 instances of `app` are not as wanted");
}

/* --- peers ------------------------------------------------------------------------------------ */

Test(change, peers_find_each_other_without_waiting)
{
	deploy(APP "- {type: 'docker:x:1', id: a, openPorts: 80, links: {other: {component: "
		   "$brooklyn:component(\"b\"), wait: false}}}\n"
		   "- {type: 'docker:x:1', id: b, openPorts: 80, links: {other: {component: "
		   "$brooklyn:component(\"a\"), wait: false}}}\n");
	cr_assert_str_eq(scene_variable(&scene, "app.a.1", "OTHER_PORT"), "tcp://other:80");
	cr_assert_str_eq(scene_variable(&scene, "app.b.1", "OTHER_PORT"), "tcp://other:80");
}

/* --- numbers instead of names ----------------------------------------------------------------- */

#define NUMBERED(colour)                                                                                     \
	APP "- {type: 'docker:x:1', id: db, openPorts: 80, linkAddress: ip, env: {COLOUR: " colour "}}\n"    \
	    "- {type: 'docker:y:1', id: web, links: [$brooklyn:component(\"db\")]}\n"

Test(change, a_replaced_provider_keeps_the_number_its_consumers_hold)
{
	deploy(NUMBERED("red"));
	char number[64], before[64];
	snprintf(number, sizeof number, "%s", scene_variable(&scene, "app.web.1", "DB_PORT_80_TCP_ADDR"));
	cr_assert(number[0] >= '0' && number[0] <= '9', "%s", number);
	snprintf(before, sizeof before, "%s", id_of("app.web.1"));
	deploy(NUMBERED("blue"));
	cr_assert_str_eq(id_of("app.web.1"), before, "%s", scene.events);
	cr_assert_str_eq(fake_target_find(scene.target, "app.db.1")->attachments[0].address, number);
}

/* --- stop, start, restart, scale ---------------------------------------------------------------- */

#define CHAIN                                                                                                \
	APP "- {type: 'docker:x:1', id: db, openPorts: 80}\n"                                                \
	    "- {type: 'docker:y:1', id: web, openPorts: 81, instances: 2, links: "                           \
	    "[$brooklyn:component(\"db\")]}\n"

Test(change, what_is_stopped_is_kept_and_started_again)
{
	json_t *document = NULL;
	deploy(CHAIN);
	cr_assert_eq(run_by_name(berth_stop, NULL, &document), BERTH_OK);
	cr_assert_str_eq(scene_action(document, "app.db.1"), "stop");
	json_decref(document);
	cr_assert_eq(fake_target_instances(scene.target), 3);
	cr_assert_not(runs("app.db.1") || runs("app.web.1"));
	cr_assert_str_eq(state_of(CHAIN, 0), "stopped");
	cr_assert_eq(run_by_name(berth_start, NULL, NULL), BERTH_OK);
	cr_assert(runs("app.db.1") && runs("app.web.1") && runs("app.web.2"));
	cr_assert_str_eq(state_of(CHAIN, 0), "running");
}

Test(change, one_component_is_stopped_and_a_deploy_starts_it)
{
	static const char *const web[] = {"web", NULL};
	deploy(CHAIN);
	cr_assert_eq(run_by_name(berth_stop, web, NULL), BERTH_OK);
	cr_assert(runs("app.db.1"));
	cr_assert_not(runs("app.web.1"));
	deploy(CHAIN);
	cr_assert(runs("app.web.1"));
}

Test(change, started_without_its_provider_it_says_what_it_needs)
{
	static const char *const web[] = {"web", NULL};
	json_t *document = NULL;
	deploy(CHAIN);
	cr_assert_eq(run_by_name(berth_stop, NULL, NULL), BERTH_OK);
	cr_assert_eq(run_by_name(berth_start, web, &document), BERTH_FAILED);
	const json_t *failure = json_array_get(json_object_get(document, "failures"), 0);
	cr_assert_not_null(strstr(json_text(failure, "error"), "`db`"), "%s", json_text(failure, "error"));
	json_decref(document);
}

Test(change, a_restart_goes_providers_first_and_one_instance_after_the_other)
{
	deploy(CHAIN);
	char before[64];
	snprintf(before, sizeof before, "%s", id_of("app.web.1"));
	cr_assert_eq(run_by_name(berth_restart, NULL, NULL), BERTH_OK);
	const char *db = strstr(scene.events, "app.db.1 running"),
		   *one = strstr(scene.events, "app.web.1 stopping"),
		   *up = strstr(scene.events, "app.web.1 running"),
		   *two = strstr(scene.events, "app.web.2 stopping");
	cr_assert(db && one && up && two && db < one && up < two, "%s", scene.events);
	cr_assert_str_eq(id_of("app.web.1"), before, "the same instance runs again");
}

Test(change, stopped_without_the_store_and_from_the_locations_alone)
{
	static const char *const locations[] = {"here=fake", NULL};
	struct berth_request request = {.size = sizeof request, .app = "app", .locations = locations};
	deploy(CHAIN);
	scene_restart(&scene, false);
	cr_assert_eq(scene_request(&scene, berth_stop, &request, NULL), BERTH_OK);
	cr_assert_not(runs("app.db.1") || runs("app.web.1"));
	cr_assert_eq(scene_request(&scene, berth_start, &request, NULL), BERTH_OK);
	cr_assert(runs("app.db.1") && runs("app.web.2"));
}

Test(change, what_nobody_knows_cannot_be_started)
{
	cr_assert_eq(run_by_name(berth_start, NULL, NULL), BERTH_FAILED);
	cr_assert_eq(run_by_name(berth_stop, NULL, NULL), BERTH_FAILED);
}

Test(change, scaled_until_the_next_deploy_goes_back_to_what_the_file_says)
{
	static const char *const web[] = {"web", NULL};
	struct berth_request request = {.size = sizeof request, .app = "app", .components = web, .count = 4};
	deploy(CHAIN);
	cr_assert_eq(scene_request(&scene, berth_scale, &request, NULL), BERTH_OK);
	cr_assert_eq(fake_target_instances(scene.target), 5);
	request.count = 1;
	cr_assert_eq(scene_request(&scene, berth_scale, &request, NULL), BERTH_OK);
	cr_assert_eq(fake_target_instances(scene.target), 2);
	assert_action(CHAIN, "app.web.2", "create");
	deploy(CHAIN);
	cr_assert_eq(fake_target_instances(scene.target), 3);
}

/* Those that went say nothing of those that are there. */
Test(change, a_component_of_which_there_are_fewer_runs)
{
	const char *two =
	    "id: app\nlocation: fake\nservices:\n- {type: 'docker:x:1', id: web, instances: 2}\n";
	const char *one = "id: app\nlocation: fake\nservices:\n- {type: 'docker:x:1', id: web}\n";
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_deploy, two, NULL), BERTH_OK);
	cr_assert_eq(scene_run(&scene, berth_deploy, one, &document), BERTH_OK);
	const json_t *web = json_array_get(json_object_get(document, "components"), 0);
	cr_expect_str_eq(json_text(web, "state"), "running");
	cr_expect_eq(json_array_size(json_object_get(web, "instances")), 1);
	json_decref(document);
}

Test(change, a_component_that_is_not_there_is_not_scaled)
{
	static const char *const wob[] = {"wob", NULL};
	struct berth_request request = {.size = sizeof request, .app = "app", .components = wob, .count = 2};
	deploy(CHAIN);
	cr_assert_neq(scene_request(&scene, berth_scale, &request, NULL), BERTH_OK);
	cr_assert_eq(run_by_name(berth_stop, wob, NULL), BERTH_USAGE);
	cr_assert_eq(fake_target_instances(scene.target), 3);
}

/* --- leases ------------------------------------------------------------------------------------- */

Test(change, two_machines_of_one_owner_do_not_interleave)
{
	deploy(CHAIN);
	struct berth_request request = {
	    .size = sizeof request, .blueprint = APP "- {type: 'docker:x:2', id: db}\n", .file = "/b.yaml"};
	struct berth_error error;
	fake_target_time(scene.target, FAKE_PLACE, 3000);
	struct berth_operation *first = berth_deploy(scene.berth, &request, NULL, &error);
	virtual_world_run(scene.world, NULL, NULL, 1000);
	/* Another machine: the same owner's name, another place, no common lock. */
	char state[600];
	struct berth *here = scene.berth, *there = NULL;
	struct error err = {0};
	snprintf(state, sizeof state, "%s/elsewhere", virtual_world_directory(scene.world));
	struct berth_options options = {.size = sizeof options,
					.state_directory = state,
					.config_directory = state,
					.helper = "/bin/true"};
	cr_assert_eq(berth_open_in(&there, scene.world, NULL, &options, &err), 0);
	there->owner = here->owner;
	scene.berth = there;
	cr_assert_eq(scene_run(&scene, berth_deploy, CHAIN, NULL), BERTH_LOCKED);
	virtual_world_run(scene.world, NULL, NULL, 60000);
	cr_assert(berth_done(first));
	berth_operation_free(first);
	cr_assert_eq(scene_run(&scene, berth_deploy, CHAIN, NULL), BERTH_OK);
	berth_close(there);
	scene.berth = here;
}

Test(change, a_killed_deploys_lease_does_not_keep_its_own_machine_waiting)
{
	struct berth_request request = {.size = sizeof request, .blueprint = CHAIN, .file = "/b.yaml"};
	struct berth_error error;
	fake_target_time(scene.target, FAKE_PLACE, 3000);
	berth_deploy(scene.berth, &request, NULL, &error);
	virtual_world_run(scene.world, NULL, NULL, 1000);
	scene_restart(&scene, true);
	deploy(CHAIN);
}

/* Killed after all was done, but for the lease's return. */
static void killed_before_tidying(verb_function *verb, const char *blueprint)
{
	struct berth_request request = {.size = sizeof request, .blueprint = blueprint, .file = "/b.yaml"};
	struct berth_error error;
	size_t before = fake_target_calls(scene.target, FAKE_TIDY);
	/* It does not get there. */
	const struct fake_rule lost = {.call = FAKE_TIDY,
				       .times = 1,
				       .delay_ms = 30000,
				       .error = {.code = ERR_UNREACHABLE, .text = "lost"}};
	cr_assert_eq(fake_target_rule(scene.target, &lost), 0);
	verb(scene.berth, &request, NULL, &error);
	for (int i = 0; i < 100 && fake_target_calls(scene.target, FAKE_TIDY) == before; i++)
		virtual_world_run(scene.world, NULL, NULL, 200);
	cr_assert_eq(fake_target_calls(scene.target, FAKE_TIDY), before + 1);
	scene_restart(&scene, true);
}

static bool lease_is_there(void)
{
	const struct fake_app *app = map_get(scene.target->apps, "app");
	return app && app->lease_token;
}

Test(change, a_killed_deploys_lease_goes_with_the_next_deploy_that_has_nothing_else_to_do)
{
	static const char less[] = APP "- {type: 'docker:x:1', id: db, openPorts: 80}\n";
	json_t *document;
	deploy(CHAIN);
	killed_before_tidying(berth_deploy, less);
	cr_assert(lease_is_there());
	cr_assert_eq(scene_run(&scene, berth_deploy, less, &document), BERTH_OK);
	cr_assert(json_is_false(json_object_get(document, "changed")));
	json_decref(document);
	cr_assert_not(lease_is_there());
	size_t asked = fake_target_calls(scene.target, FAKE_LEASE);
	deploy(less);
	cr_assert_eq(fake_target_calls(scene.target, FAKE_LEASE), asked, "nothing is left to be taken away");
}

Test(change, a_killed_destroys_lease_goes_with_the_next_destroy)
{
	deploy(CHAIN);
	killed_before_tidying(berth_destroy, CHAIN);
	cr_assert_eq(fake_target_instances(scene.target), 0);
	cr_assert(lease_is_there());
	cr_assert_eq(scene_run(&scene, berth_destroy, CHAIN, NULL), BERTH_OK);
	cr_assert_not(lease_is_there());
}

/* One call of that kind fails, although it is done. */
static void fails_with_effect(enum fake_call call, verb_function *verb)
{
	const struct fake_rule failing = {
	    .call = call, .times = 1, .effect = true, .error = {.code = ERR_UNREACHABLE, .text = "lost"}};
	json_t *document;
	cr_assert_eq(fake_target_rule(scene.target, &failing), 0);
	cr_assert_eq(scene_run(&scene, verb, CHAIN, &document), BERTH_UNREACHABLE);
	json_decref(document);
	cr_assert_not(lease_is_there());
}

Test(change, a_deploy_that_fails_before_its_work_leaves_no_lease)
{
	fails_with_effect(FAKE_LEASE, berth_deploy);
	fails_with_effect(FAKE_CLAIM, berth_deploy);
	fails_with_effect(FAKE_PREPARE, berth_deploy);
	deploy(CHAIN);
	fails_with_effect(FAKE_LEASE, berth_destroy);
	cr_assert_eq(fake_target_instances(scene.target), 3);
}

Test(change, a_long_deploy_keeps_its_lease)
{
	struct berth_request request = {.size = sizeof request, .blueprint = CHAIN, .file = "/b.yaml"};
	struct berth_error error;
	fake_target_time(scene.target, FAKE_PLACE, 200000);
	struct berth_operation *operation = berth_deploy(scene.berth, &request, NULL, &error);
	virtual_world_run(scene.world, NULL, NULL, 150000);
	cr_assert_geq(fake_target_calls(scene.target, FAKE_LEASE), 7);
	berth_operation_free(operation);
}

/* --- saved plans ---------------------------------------------------------------------------------- */

static char *saved(const char *blueprint)
{
	json_t *document = planned(blueprint);
	char *text = strdup(json_text(document, "saved"));
	json_decref(document);
	return text;
}

static enum berth_outcome carry_out(const char *plan)
{
	struct berth_request request = {.size = sizeof request, .plan = plan};
	return scene_request(&scene, berth_deploy, &request, NULL);
}

Test(change, a_saved_plan_is_carried_out_or_refused_as_stale)
{
	deploy(CHAIN);
	char *plan = saved(APP "- {type: 'docker:x:2', id: db, openPorts: 80}\n");
	cr_assert_eq(strncmp(plan, "{\"berth_plan\":", 14), 0, "%.40s", plan);
	cr_assert_eq(fake_target_vanish(scene.target, "app.web.1"), 0);
	cr_assert_eq(carry_out(plan), BERTH_LOCKED);
	cr_assert_not_null(fake_target_find(scene.target, "app.web.2"), "nothing was touched");
	free(plan);
	plan = saved(APP "- {type: 'docker:x:2', id: db, openPorts: 80}\n");
	cr_assert_eq(carry_out(plan), BERTH_OK);
	cr_assert_eq(fake_target_instances(scene.target), 1);
	cr_assert_eq(carry_out(plan), BERTH_LOCKED, "done already: it is another plan now");
	free(plan);
	cr_assert_eq(carry_out("{\"berth_plan\": 1}"), BERTH_INVALID);
	cr_assert_eq(carry_out("rubbish"), BERTH_INVALID);
}

/* A listing of what is ours does not tell of it. */
Test(change, a_saved_plan_whose_name_a_stranger_has_by_now_is_refused_before_anything_is_touched)
{
	static const char two[] = APP "- {type: 'docker:x:1', id: db}\n- {type: 'docker:y:1', id: web}\n";
	deploy(APP "- {type: 'docker:x:1', id: db}\n");
	char *plan = saved(two);
	cr_assert_eq(fake_target_stranger(scene.target, "app.web.1"), 0);
	unsigned placed = fake_target_calls(scene.target, FAKE_PLACE);
	cr_assert_eq(carry_out(plan), BERTH_LOCKED);
	cr_assert_eq(fake_target_calls(scene.target, FAKE_PLACE), placed);
	free(plan);
	plan = saved(APP "- {type: 'docker:x:2', id: db, openPorts: 80}\n");
	cr_assert_eq(fake_target_stranger(scene.target, "app.db.1.g2"), 0);
	cr_assert_eq(carry_out(plan), BERTH_LOCKED, "also that of another generation");
	cr_assert(runs("app.db.1"));
	free(plan);
}

/* --- the deployer's environment ------------------------------------------------------------------- */

Test(change, what_the_blueprint_read_from_the_environment_is_kept_with_it)
{
	static const char blueprint[] =
	    APP "- {type: 'docker:x:1', id: web, env: {COMMIT: '$berth:env(\"GIT_COMMIT\")'}}\n";
	json_t *document = NULL;
	scene_environment("GIT_COMMIT", "abc");
	deploy(blueprint);
	char *plan = saved(blueprint);
	scene_environment("GIT_COMMIT", "def");
	cr_assert_eq(run_by_name(berth_deploy, NULL, &document), BERTH_OK);
	cr_assert_not(json_flag(document, "changed", true), "by name it is what was deployed");
	json_decref(document);
	cr_assert_eq(carry_out(plan), BERTH_OK, "so is a saved plan");
	free(plan);
	cr_assert_str_eq(scene_variable(&scene, "app.web.1", "COMMIT"), "abc");
	deploy(blueprint);
	cr_assert_str_eq(scene_variable(&scene, "app.web.1", "COMMIT"), "def");
}

/* --- in doubt ------------------------------------------------------------------------------------- */

Test(change, a_file_whose_writing_was_interrupted_is_written_again_whatever_it_is_to_be)
{
	static const struct fake_rule lost = {.call = FAKE_DELIVER,
					      .times = 5,
					      .effect = true,
					      .error = {.code = ERR_TIMED_OUT, .text = "no answer"}};
	deploy(FILED("one", "none"));
	cr_assert_eq(fake_target_rule(scene.target, &lost), 0);
	cr_assert_eq(scene_run(&scene, berth_deploy, FILED("two", "none"), NULL), BERTH_UNREACHABLE);
	deploy(FILED("one", "none"));
	cr_assert_str_eq(file_of("app.web.1"), "one");
	assert_action(FILED("one", "none"), "app.web.1", "unchanged");
}

Test(change, what_is_protected_is_so_from_its_first_deploy_on)
{
	static const char blueprint[] = APP "- {type: 'docker:x:1', id: db, protect: true}\n"
					    "- {type: 'docker:y:1', id: slow, openPorts: 80}\n";
	static const struct fake_behaviour mute = {.component = "app.slow", .answers_after_ms = -1};
	struct berth_request request = {.size = sizeof request, .blueprint = blueprint, .file = "/b.yaml"};
	struct berth_error error;
	cr_assert_eq(fake_target_behave(scene.target, &mute), 0);
	berth_deploy(scene.berth, &request, NULL, &error);
	virtual_world_run(scene.world, NULL, NULL, 5000);
	scene_restart(&scene, true);
	cr_assert(runs("app.db.1"));
	cr_assert_eq(run_by_name(berth_destroy, NULL, NULL), BERTH_FAILED);
	cr_assert(runs("app.db.1"));
}

/* Of the component as a whole no more is known than that. */
Test(change, what_is_protected_and_was_made_by_half_is_not_changed_in_place_for_that)
{
	static const char blueprint[] = APP "- {type: 'docker:x:1', id: db, protect: true, instances: 2}\n";
	static const struct fake_rule fails = {.call = FAKE_START,
					       .instance = "app.db.2",
					       .times = 1,
					       .error = {.code = ERR_FAILED, .text = "no"}};
	cr_assert_eq(fake_target_rule(scene.target, &fails), 0);
	cr_assert_eq(scene_run(&scene, berth_deploy, blueprint, NULL), BERTH_FAILED);
	cr_assert_eq(fake_target_rule(scene.target, &fails), 0);
	cr_assert_eq(scene_run(&scene, berth_deploy, blueprint, NULL), BERTH_FAILED);
	assert_action(blueprint, "app.db.1", "unchanged");
}

Test(change, a_setting_of_a_sensitive_name_is_nowhere_written_down)
{
	static const char *const settings[] = {"password=hunter2zz", NULL};
	static const char blueprint[] =
	    "id: app\nlocation: fake\nparameters: [{name: password, type: string}]\nservices:\n"
	    "- {type: 'docker:x:1', id: web, env: {P: '$berth:config(\"password\")'}}\n";
	struct berth_request request = {
	    .size = sizeof request, .blueprint = blueprint, .file = "/b.yaml", .settings = settings};
	json_t *document = NULL;
	cr_assert_eq(scene_request(&scene, berth_plan, &request, &document), BERTH_OK);
	cr_assert_null(strstr(json_text(document, "saved"), "hunter2zz"), "%s", json_text(document, "saved"));
	json_decref(document);
	cr_assert_eq(scene_request(&scene, berth_deploy, &request, NULL), BERTH_OK);
	struct error err = {0};
	struct stored_application *stored = NULL;
	cr_assert_eq(store_application(scene.berth->store, "app", &stored, &err), 0);
	char *kept = json_dumps(stored->settings, 0);
	cr_assert_null(strstr(kept, "hunter2zz"), "%s", kept);
	free(kept);
	stored_application_free(stored);
}
