/* test_change.c - what a changed value does: files, links, secrets, jobs, protection. */
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
	scene_deploy(&scene, FILED("one", "{signal: HUP}"));
	char before[64];
	snprintf(before, sizeof before, "%s", scene_id(&scene, "app.web.1"));
	cr_assert_str_eq(file_of("app.web.1"), "one");
	scene_expect(&scene, FILED("two", "{signal: HUP}"), "app.web.1", "update");
	scene_deploy(&scene, FILED("two", "{signal: HUP}"));
	cr_assert_str_eq(scene_id(&scene, "app.web.1"), before);
	cr_assert_str_eq(file_of("app.web.1"), "two");
	const char *const *signals = fake_target_signals(scene.target, "app.web.1");
	cr_assert_eq(count_of(signals), 1);
	cr_assert_str_eq(signals[0], "HUP");
	scene_expect(&scene, FILED("two", "{signal: HUP}"), "app.web.1", "unchanged");
}

Test(change, a_changed_file_runs_a_command_inside)
{
	scene_deploy(&scene, FILED("one", "{command: [reload, now]}"));
	scene_deploy(&scene, FILED("two", "{command: [reload, now]}"));
	const char *const *commands = fake_target_commands(scene.target, "app.web.1");
	cr_assert_eq(count_of(commands), 1);
	cr_assert_str_eq(commands[0], "reload now");
}

Test(change, a_command_that_fails_is_told_with_its_output_and_tried_again)
{
	static const struct fake_command bad = {.words = "reload now", .output = "bad syntax\n", .code = 4};
	json_t *document = NULL;
	scene_deploy(&scene, FILED("one", "{command: [reload, now]}"));
	cr_assert_eq(fake_target_command(scene.target, &bad), 0);
	cr_assert_eq(scene_run(&scene, berth_deploy, FILED("two", "{command: [reload, now]}"), &document),
		     BERTH_FAILED);
	const json_t *failure = json_array_get(json_object_get(document, "failures"), 0);
	cr_assert_not_null(strstr(json_text(failure, "error"), "code 4"), "%s", json_text(failure, "error"));
	cr_assert(scene_runs(&scene, "app.web.1"));
	json_decref(document);
	scene_expect(&scene, FILED("two", "{command: [reload, now]}"), "app.web.1", "update");
}

Test(change, by_default_a_changed_file_makes_the_instance_anew)
{
	scene_deploy(&scene, FILED("one", "restart"));
	scene_expect(&scene, FILED("two", "restart"), "app.web.1", "replace");
	scene_deploy(&scene, FILED("two", "restart"));
	cr_assert_str_eq(file_of("app.web.1"), "two");
}

Test(change, a_secret_in_a_file_is_digested_with_salt_and_a_rotation_is_seen)
{
	static const char blueprint[] = APP
	    "- {type: 'docker:x:1', id: web, onChange: none, files: {/etc/token: {secret: 'env:CANARY'}}}\n";
	scene_environment("CANARY", "one");
	scene_deploy(&scene, blueprint);
	cr_assert_str_eq(file_of("app.web.1"), "one");
	scene_expect(&scene, blueprint, "app.web.1", "unchanged");
	scene_environment("CANARY", "two");
	scene_expect(&scene, blueprint, "app.web.1", "update");
	scene_deploy(&scene, blueprint);
	cr_assert_str_eq(file_of("app.web.1"), "two");
}

/* Of a server that is switched off: it is started as it is, and not made anew. */
Test(change, whose_salt_is_not_told_now_has_the_secrets_that_it_had)
{
	static const char both[] = APP "- {type: 'docker:x:1', id: web, onChange: restart, env: {TOKEN: "
				       "'$berth:secret(\"env:CANARY\")'}, files: {/etc/token: {secret: "
				       "'env:CANARY'}}}\n";
	scene_environment("CANARY", "one");
	scene_deploy(&scene, both);
	scene_expect(&scene, both, "app.web.1", "unchanged");
	((struct observed *)fake_target_find(scene.target, "app.web.1"))->secret_salt = NULL;
	scene_expect(&scene, both, "app.web.1", "unchanged");
}

/* --- links and secrets in the environment ---------------------------------------------------- */

#define SECRET(on_change)                                                                                    \
	APP "- {type: 'docker:x:1', id: a, onChange: " on_change                                             \
	    ", env: {TOKEN: '$berth:secret(\"env:CANARY\")'}}\n"

Test(change, where_the_environment_cannot_change_and_nobody_asks_for_a_restart_the_value_is_old)
{
	scene_environment("CANARY", "one");
	scene_deploy(&scene, SECRET("none"));
	scene_environment("CANARY", "two");
	json_t *document = scene_plan(&scene, SECRET("none"));
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

Test(change, a_job_is_waited_for_and_runs_once)
{
	job_ends_with(0);
	scene_deploy(&scene, JOB("a"));
	const char *seed = strstr(scene.events, "app.seed.1 finished"),
		   *web = strstr(scene.events, "app.web.1 placing");
	cr_assert(seed && web && seed < web, "%s", scene.events);
	cr_assert_str_eq(scene_state(&scene, JOB("a"), 0), "finished");
	size_t starts = fake_target_calls(scene.target, FAKE_START);
	scene_deploy(&scene, JOB("a"));
	cr_assert_eq(fake_target_calls(scene.target, FAKE_START), starts);
	scene_deploy(&scene, JOB("b"));
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
	scene_deploy(&scene, JOB("a"));
	cr_assert(scene_runs(&scene, "app.web.1"));
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
	scene_deploy(&scene, JOB("a"));
	size_t starts = fake_target_calls(scene.target, FAKE_START);
	cr_assert_eq(restart(), BERTH_OK);
	cr_assert_eq(fake_target_calls(scene.target, FAKE_START), starts + 1, "the job is left alone");
}

Test(change, who_comes_after_a_job_is_restarted_while_that_runs)
{
	struct berth_request request = {.size = sizeof request, .blueprint = JOB("b"), .file = "/b.yaml"};
	struct berth_error error;
	job_ends_with(0);
	scene_deploy(&scene, JOB("a"));
	struct berth_operation *operation = berth_deploy(scene.berth, &request, NULL, &error);
	virtual_world_run(scene.world, NULL, NULL, 500);
	cr_assert(scene_runs(&scene, "app.seed.1"));
	berth_cancel(operation);
	virtual_world_run(scene.world, NULL, NULL, 500);
	cr_assert(berth_done(operation));
	berth_operation_free(operation);
	cr_assert(scene_runs(&scene, "app.seed.1"));
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
	scene_deploy(&scene, JOB_WITH_FILE("a"));
	size_t starts = fake_target_calls(scene.target, FAKE_START);
	cr_assert_eq(scene_run(&scene, berth_deploy, JOB_WITH_FILE("b"), &document), BERTH_OK);
	cr_assert_str_eq(scene_action(document, "app.seed.1"), "update");
	cr_assert_eq(fake_target_calls(scene.target, FAKE_START), starts + 1, "only the other one:\n%s",
		     scene.events);
	cr_assert_str_eq(scene_state(&scene, JOB_WITH_FILE("b"), 0), "finished");
	json_decref(document);
}

/* --- ports ------------------------------------------------------------------------------------ */

Test(change, another_number_of_the_blueprint_is_told_once_and_by_its_own_name)
{
	json_t *document = NULL, *reason;
	size_t i;
	scene_deploy(&scene, APP "- {type: 'docker:y:1', id: web, portBindings: {8080: 80}}\n");
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
	scene_deploy(&scene,
		     APP "- {type: 'docker:x:1', id: db, protect: true}\n- {type: 'docker:y:1', id: web}\n");
	char before[64];
	snprintf(before, sizeof before, "%s", scene_id(&scene, "app.db.1"));
	cr_assert_eq(
	    scene_run(&scene, berth_deploy,
		      APP "- {type: 'docker:x:2', id: db, protect: true}\n- {type: 'docker:y:1', id: web}\n",
		      &document),
	    BERTH_INVALID);
	json_decref(document);
	cr_assert_eq(scene_run(&scene, berth_deploy, APP "- {type: 'docker:y:1', id: web}\n", NULL),
		     BERTH_INVALID);
	cr_assert_eq(scene_by_name(&scene, berth_destroy, NULL, NULL), BERTH_FAILED);
	cr_assert_str_eq(scene_id(&scene, "app.db.1"), before);
	cr_assert(scene_runs(&scene, "app.db.1") && scene_runs(&scene, "app.web.1"));
	scene_deploy(&scene, APP "- {type: 'docker:x:1', id: db}\n- {type: 'docker:y:1', id: web}\n");
	cr_assert_str_eq(scene_id(&scene, "app.db.1"), before,
			 "taking the protection away changes nothing else");
	scene_deploy(&scene,
		     APP "- {type: 'docker:x:1', id: db, protect: true}\n- {type: 'docker:y:1', id: web}\n");
	cr_assert_eq(scene_by_name(&scene, berth_destroy, NULL, NULL), BERTH_FAILED,
		     "also where nothing else changed");
	scene_deploy(&scene, APP "- {type: 'docker:x:1', id: db}\n- {type: 'docker:y:1', id: web}\n");
	scene_deploy(&scene, APP "- {type: 'docker:x:2', id: db}\n- {type: 'docker:y:1', id: web}\n");
}

Test(change, protection_given_to_what_runs_already_holds)
{
	scene_deploy(&scene, APP "- {type: 'docker:x:1', id: db}\n- {type: 'docker:y:1', id: web}\n");
	scene_deploy(&scene,
		     APP "- {type: 'docker:x:1', id: db, protect: true}\n- {type: 'docker:y:1', id: web}\n");
	cr_assert_eq(scene_run(&scene, berth_deploy, APP "- {type: 'docker:y:1', id: web}\n", NULL),
		     BERTH_INVALID);
	cr_assert_eq(scene_by_name(&scene, berth_destroy, NULL, NULL), BERTH_FAILED);
	cr_assert(scene_runs(&scene, "app.db.1") && scene_runs(&scene, "app.web.1"));
	scene_deploy(&scene, APP "- {type: 'docker:x:1', id: db}\n- {type: 'docker:y:1', id: web}\n");
	scene_deploy(&scene, APP "- {type: 'docker:y:1', id: web}\n");
	cr_assert(!scene_runs(&scene, "app.db.1") && scene_runs(&scene, "app.web.1"),
		  "taken away from what runs it is gone at once");
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
	scene_deploy(&scene, with);
	char before[64];
	snprintf(before, sizeof before, "%s", scene_id(&scene, "app.db.1"));
	scene_restart(&scene, false);
	cr_assert_eq(scene_run(&scene, berth_deploy, dropped, NULL), BERTH_INVALID);
	cr_assert_eq(scene_request(&scene, berth_destroy, &by_name, NULL), BERTH_FAILED);
	cr_assert_eq(scene_run(&scene, berth_destroy, dropped, NULL), BERTH_FAILED);
	cr_assert_eq(scene_run(&scene, berth_destroy, with, NULL), BERTH_FAILED);
	cr_assert(scene_runs(&scene, "app.db.1") && scene_runs(&scene, "app.web.1"));
	scene_deploy(&scene, without);
	cr_assert_str_eq(scene_id(&scene, "app.db.1"), before,
			 "taking the protection away changes nothing else");
	scene_deploy(&scene, dropped);
	cr_assert(!scene_runs(&scene, "app.db.1"), "what was let go of is so whatever it was made with");
}

/* The text says it, before anything was ever made of it from here. */
Test(change, destroy_of_a_blueprint_heeds_what_it_protects)
{
	static const char with[] = APP "- {type: 'docker:x:1', id: db, protect: true}\n";
	static const char without[] = APP "- {type: 'docker:x:1', id: db}\n";
	scene_deploy(&scene, without);
	scene_restart(&scene, false);
	cr_assert_eq(scene_run(&scene, berth_destroy, with, NULL), BERTH_FAILED);
	cr_assert(scene_runs(&scene, "app.db.1"));
	cr_assert_eq(scene_run(&scene, berth_destroy, without, NULL), BERTH_OK);
}

Test(change, a_blueprint_in_hand_that_does_not_protect_it_lets_go)
{
	scene_deploy(&scene, APP "- {type: 'docker:x:1', id: db, protect: true}\n");
	scene_restart(&scene, false);
	cr_assert_eq(scene_run(&scene, berth_destroy, APP "- {type: 'docker:x:1', id: db}\n", NULL),
		     BERTH_OK);
}

Test(change, what_was_made_without_the_mark_of_protection_stays_as_it_is)
{
	static const char with[] = APP "- {type: 'docker:x:1', id: db, protect: true}\n";
	scene_deploy(&scene, APP "- {type: 'docker:x:1', id: db}\n");
	scene_expect(&scene, with, "app.db.1", "unchanged");
	scene_restart(&scene, false);
	scene_expect(&scene, with, "app.db.1", "unchanged");
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
	scene_deploy(&scene, APP "- {type: 'docker:x:1', id: db}\n");
	cr_assert_eq(fake_target_rule(scene.target, &no_answer), 0);
	cr_assert_eq(scene_by_name(&scene, berth_destroy, NULL, &document), BERTH_UNREACHABLE);
	cr_assert_str_eq(error_text(document), "1 instance could not be removed");
}

/* Neither the older one nor the one that is to follow it is as wanted: that is one instance. */
Test(change, an_instance_whose_generations_both_fail_counts_once)
{
	owned_json document = NULL;
	scene_deploy(&scene, APP "- {type: 'docker:x:1', id: web, instances: 2, update: stop-first}\n");
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
	scene_deploy(&scene, APP "- {type: 'docker:x:1', id: a, openPorts: 80, links: {other: {component: "
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
	scene_deploy(&scene, NUMBERED("red"));
	char number[64], before[64];
	snprintf(number, sizeof number, "%s", scene_variable(&scene, "app.web.1", "DB_PORT_80_TCP_ADDR"));
	cr_assert(number[0] >= '0' && number[0] <= '9', "%s", number);
	snprintf(before, sizeof before, "%s", scene_id(&scene, "app.web.1"));
	scene_deploy(&scene, NUMBERED("blue"));
	cr_assert_str_eq(scene_id(&scene, "app.web.1"), before, "%s", scene.events);
	cr_assert_str_eq(fake_target_find(scene.target, "app.db.1")->attachments[0].address, number);
}

/* --- in doubt ------------------------------------------------------------------------------------- */

Test(change, a_file_whose_writing_was_interrupted_is_written_again_whatever_it_is_to_be)
{
	static const struct fake_rule lost = {.call = FAKE_DELIVER,
					      .times = 5,
					      .effect = true,
					      .error = {.code = ERR_TIMED_OUT, .text = "no answer"}};
	scene_deploy(&scene, FILED("one", "none"));
	cr_assert_eq(fake_target_rule(scene.target, &lost), 0);
	cr_assert_eq(scene_run(&scene, berth_deploy, FILED("two", "none"), NULL), BERTH_UNREACHABLE);
	scene_deploy(&scene, FILED("one", "none"));
	cr_assert_str_eq(file_of("app.web.1"), "one");
	scene_expect(&scene, FILED("one", "none"), "app.web.1", "unchanged");
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
	cr_assert(scene_runs(&scene, "app.db.1"));
	cr_assert_eq(scene_by_name(&scene, berth_destroy, NULL, NULL), BERTH_FAILED);
	cr_assert(scene_runs(&scene, "app.db.1"));
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
	scene_expect(&scene, blueprint, "app.db.1", "unchanged");
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
