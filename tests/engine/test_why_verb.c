/* test_why_verb.c - `why` finds the reason, names who must act and what to type, and admits what it cannot
 * know. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "tests/engine/scene.h"

static struct scene scene;
static json_t *document;

static void raise_curtain(void)
{
	scene_open(&scene);
}

static void drop_curtain(void)
{
	json_decref(document);
	document = NULL;
	scene_close(&scene);
}

TestSuite(why_verb, .init = raise_curtain, .fini = drop_curtain);

#define HEAD "id: app\nlocation: fake\nservices:\n"
#define PAIR                                                                                                 \
	HEAD "- {type: 'docker:redis:3', id: db, openPorts: 6379}\n"                                         \
	     "- {type: 'docker:front:1', id: web, links: [$brooklyn:component(\"db\")]}\n"

static const char *const through_flag[] = {"fake=fake", NULL};

static enum berth_outcome ask(const char *component)
{
	const char *const components[] = {component, NULL};
	struct berth_request request = {
	    .size = sizeof request, .app = "app", .components = component ? components : NULL};
	json_decref(document);
	document = NULL;
	return scene_request(&scene, berth_why, &request, &document);
}

static const json_t *finding(size_t at)
{
	return json_array_get(json_object_get(document, "findings"), at);
}

static const char *told(size_t at, const char *key)
{
	const char *text = json_text(finding(at), key);
	return text ? text : "";
}

static size_t findings(void)
{
	return json_array_size(json_object_get(document, "findings"));
}

static enum berth_outcome deploy(const char *blueprint)
{
	return scene_run(&scene, berth_deploy, blueprint, NULL);
}

Test(why_verb, what_is_as_wanted_is_told_only_when_asked_for)
{
	cr_assert_eq(deploy(PAIR), BERTH_OK);
	cr_assert_eq(ask(NULL), BERTH_OK);
	cr_expect_eq(findings(), 0);
	cr_expect_str_eq(json_text(document, "state"), "running");
	cr_expect_eq(json_array_size(json_object_get(document, "unknown")), 0);
	cr_assert_eq(ask("db"), BERTH_OK);
	cr_assert_eq(findings(), 1);
	cr_expect_str_eq(told(0, "why"), "it is as wanted");
	cr_expect_str_eq(told(0, "who"), "nobody");
	cr_expect_eq(strlen(told(0, "since")), 24, "%s", told(0, "since"));
}

Test(why_verb, when_it_ended_is_not_when_it_began)
{
	cr_assert_eq(deploy(PAIR), BERTH_OK);
	cr_assert_eq(fake_target_exit(scene.target, "app.db.1", 7), 0);
	cr_assert_eq(ask("db"), BERTH_OK);
	cr_assert_str_eq(told(0, "state"), "stopped");
	cr_expect_str_eq(told(0, "since"), "", "nobody recorded it");
}

Test(why_verb, a_consumer_waits_for_its_provider_and_that_has_a_reason_of_its_own)
{
	static const struct fake_behaviour crash = {.component = "app.db",
						    .exits = UINT32_MAX,
						    .answers_after_ms = -1,
						    .exit_code = 3,
						    .log = "no space left\n"};
	cr_assert_eq(fake_target_behave(scene.target, &crash), 0);
	cr_assert_eq(deploy(PAIR), BERTH_FAILED);
	cr_assert_eq(ask(NULL), BERTH_OK);
	cr_assert_eq(findings(), 2);
	cr_expect(strstr(told(0, "why"), "it keeps ending: "), "%s", told(0, "why"));
	cr_expect(strstr(told(0, "why"), "last with code 3"), "%s", told(0, "why"));
	cr_expect_str_eq(told(0, "next"), "berth logs app db");
	cr_expect_str_eq(told(0, "who"), "you");
	const json_t *log = json_object_get(finding(0), "log");
	cr_expect_str_eq(json_string_value(json_array_get(log, 0)), "no space left");
	const json_t *failure = json_object_get(finding(0), "last_failure");
	cr_expect(strstr(json_text(failure, "text"), "it ended 3 times while starting"), "%s",
		  json_text(failure, "text"));
	cr_expect_str_eq(told(1, "why"), "it waits for db, which is broken");
	cr_expect_str_eq(told(1, "next"), "berth why app db");
}

Test(why_verb, a_target_that_is_silent_is_its_administrators)
{
	cr_assert_eq(deploy(PAIR), BERTH_OK);
	fake_target_unreachable(scene.target, true);
	cr_assert_eq(ask(NULL), BERTH_UNREACHABLE);
	cr_assert_eq(findings(), 2);
	cr_expect_str_eq(told(0, "state"), "unknown");
	cr_expect(strstr(told(0, "why"), "its location fake does not answer: "), "%s", told(0, "why"));
	cr_expect_str_eq(told(0, "who"), "administrator");
	cr_expect_str_eq(told(0, "next"), "berth locations check fake");
	fake_target_unreachable(scene.target, false);
}

Test(why_verb, what_somebody_removed_is_known_to_have_run)
{
	cr_assert_eq(deploy(PAIR), BERTH_OK);
	cr_assert_eq(fake_target_vanish(scene.target, "app.db.1"), 0);
	cr_assert_eq(ask(NULL), BERTH_OK);
	cr_assert_geq(findings(), 1);
	cr_expect(strstr(told(0, "why"), "it is not there any more; it ran at "), "%s", told(0, "why"));
	cr_expect_str_eq(told(0, "next"), "berth deploy /b.yaml");
}

Test(why_verb, what_ended_says_how_and_what_berth_stop_ended_says_that)
{
	const char *const components[] = {"web", NULL};
	struct berth_request request = {.size = sizeof request, .app = "app", .components = components};
	cr_assert_eq(deploy(PAIR), BERTH_OK);
	cr_assert_eq(fake_target_exit(scene.target, "app.db.1", 7), 0);
	cr_assert_eq(scene_request(&scene, berth_stop, &request, NULL), BERTH_OK);
	cr_assert_eq(ask(NULL), BERTH_OK);
	cr_assert_eq(findings(), 2);
	cr_expect(strstr(told(0, "why"), "it ended with code 7"), "%s", told(0, "why"));
	cr_expect(strstr(told(1, "why"), "`berth stop` ended it, at "), "%s", told(1, "why"));
	cr_expect_str_eq(told(1, "next"), "berth start app web");
}

static const char *of_instance(const json_t *status, const char *key)
{
	const json_t *component = json_array_get(json_object_get(status, "components"), 0);
	const json_t *instance = json_array_get(json_object_get(component, "instances"), 0);
	const char *text = json_text(instance, key);
	return text ? text : "";
}

Test(why_verb, what_a_signal_ended_says_which)
{
	struct berth_request status = {.size = sizeof status, .app = "app"};
	owned_json there = NULL;
	cr_assert_eq(deploy(PAIR), BERTH_OK);
	cr_assert_eq(fake_target_exit(scene.target, "app.db.1", -9), 0);
	cr_assert_eq(ask("db"), BERTH_OK);
	cr_expect_str_eq(told(0, "why"), "it was killed by SIGKILL");
	cr_assert_eq(scene_request(&scene, berth_status, &status, &there), BERTH_OK);
	cr_expect_str_eq(of_instance(there, "signal"), "SIGKILL");
}

#define ONE HEAD "- {type: 'docker:redis:3', id: db, openPorts: 6379}\n"

static void leave_unready(int64_t answers_after_ms)
{
	struct fake_behaviour slow = {
	    .component = "app.db", .answers_after_ms = answers_after_ms, .log = "loading\n"};
	struct berth_request request = {
	    .size = sizeof request, .blueprint = ONE, .file = "/b.yaml", .timeout_ms = 1000};
	cr_assert_eq(fake_target_behave(scene.target, &slow), 0);
	cr_assert_eq(scene_request(&scene, berth_deploy, &request, NULL), BERTH_TIMED_OUT);
}

Test(why_verb, what_runs_but_does_not_answer_is_asked_there_and_then)
{
	leave_unready(-1);
	cr_assert_eq(ask(NULL), BERTH_OK);
	cr_assert_eq(findings(), 1);
	cr_expect_str_eq(told(0, "state"), "starting");
	cr_expect(strstr(told(0, "why"), "it runs but does not answer: connect to "), "%s", told(0, "why"));
	cr_expect_str_eq(json_string_value(json_array_get(json_object_get(finding(0), "log"), 0)), "loading");
}

Test(why_verb, what_answers_by_now_only_wants_a_deploy)
{
	leave_unready(3000);
	virtual_world_run(scene.world, NULL, NULL, 10000);
	cr_assert_eq(ask(NULL), BERTH_OK);
	cr_assert_eq(findings(), 1);
	cr_expect(strstr(told(0, "why"), "it answers by now"), "%s", told(0, "why"));
	cr_expect_str_eq(told(0, "next"), "berth deploy /b.yaml");
	cr_assert_eq(deploy(ONE), BERTH_OK);
	cr_assert_eq(ask(NULL), BERTH_OK);
	cr_expect_eq(findings(), 0);
}

static void fail_a_change(const char *before, const char *after)
{
	static const struct fake_behaviour crash = {.component = "app.db",
						    .image = "redis:4",
						    .exits = UINT32_MAX,
						    .answers_after_ms = -1,
						    .exit_code = 1};
	cr_assert_eq(deploy(before), BERTH_OK);
	cr_assert_eq(fake_target_behave(scene.target, &crash), 0);
	cr_assert_eq(deploy(after), BERTH_FAILED);
	cr_assert_eq(ask(NULL), BERTH_OK);
	cr_assert_eq(findings(), 1);
	cr_expect_str_eq(told(0, "instance"), "app.db.1");
	cr_expect_str_eq(told(0, "state"), "running");
	cr_expect(strstr(told(0, "why"), "it runs, but not as its blueprint says by now: "), "%s",
		  told(0, "why"));
	cr_expect(strstr(told(0, "why"), "the change failed: it ended 3 times"), "%s", told(0, "why"));
}

Test(why_verb, a_change_that_failed_shows_what_was_to_change_and_the_words)
{
	fail_a_change(ONE, HEAD "- {type: 'docker:redis:4', id: db, openPorts: 6379}\n");
}

Test(why_verb, what_was_started_again_after_a_change_that_failed_is_asked_itself)
{
	fail_a_change(HEAD "- {type: 'docker:redis:3', id: db, portBindings: {6379: 6379}}\n",
		      HEAD "- {type: 'docker:redis:4', id: db, portBindings: {6379: 6379}}\n");
}

Test(why_verb, a_failure_that_was_overcome_is_not_shown_any_more)
{
	static const struct fake_behaviour crash = {
	    .component = "app.db", .exits = UINT32_MAX, .answers_after_ms = -1, .exit_code = 1};
	static const struct fake_behaviour good = {.component = "app.db"};
	cr_assert_eq(fake_target_behave(scene.target, &crash), 0);
	cr_assert_eq(deploy(ONE), BERTH_FAILED);
	cr_assert_eq(fake_target_behave(scene.target, &good), 0);
	cr_assert_eq(deploy(ONE), BERTH_OK);
	cr_assert_eq(ask("db"), BERTH_OK);
	cr_expect_str_eq(told(0, "why"), "it is as wanted");
	cr_expect(json_is_null(json_object_get(finding(0), "last_failure")));
}

Test(why_verb, what_helps_is_kept_with_the_failure)
{
	static const struct fake_rule no_image = {.call = FAKE_PLACE,
						  .instance = "app.db.1",
						  .times = 1,
						  .error = {.code = ERR_FAILED,
							    .text = "no such image",
							    .remedy = "pull it from another registry"}};
	cr_assert_eq(fake_target_rule(scene.target, &no_image), 0);
	cr_assert_eq(deploy(ONE), BERTH_FAILED);
	scene_restart(&scene, true);
	cr_assert_eq(ask(NULL), BERTH_OK);
	cr_assert_eq(findings(), 1);
	cr_expect_str_eq(told(0, "why"), "it could not be made to run: no such image");
	cr_expect_str_eq(told(0, "remedy"), "pull it from another registry");
	cr_expect_str_eq(json_text(json_object_get(finding(0), "last_failure"), "remedy"),
			 "pull it from another registry");
}

/* As of events that were written before remedies were kept with them. */
Test(why_verb, a_failure_without_anything_that_helps_is_told_without)
{
	static const struct fake_rule fails = {.call = FAKE_PLACE,
					       .instance = "app.db.1",
					       .times = 1,
					       .error = {.code = ERR_FAILED, .text = "it said no"}};
	cr_assert_eq(fake_target_rule(scene.target, &fails), 0);
	cr_assert_eq(deploy(ONE), BERTH_FAILED);
	scene_restart(&scene, true);
	cr_assert_eq(ask(NULL), BERTH_OK);
	cr_expect_str_eq(told(0, "why"), "it could not be made to run: it said no");
	cr_expect_null(json_text(json_object_get(finding(0), "last_failure"), "remedy"));
}

Test(why_verb, a_secret_that_it_prints_is_masked)
{
	static const char leaky[] =
	    HEAD "- {type: 'docker:x:1', id: a, env: {KEY: '$berth:secret(\"env:CANARY\")'}}\n";
	static const struct fake_behaviour crash = {.component = "app.a",
						    .exits = UINT32_MAX,
						    .answers_after_ms = -1,
						    .exit_code = 1,
						    .log = "KEY=sparrow-19 is wrong\n"};
	scene_environment("CANARY", "sparrow-19");
	cr_assert_eq(fake_target_behave(scene.target, &crash), 0);
	cr_assert_eq(deploy(leaky), BERTH_FAILED);
	cr_assert_eq(ask(NULL), BERTH_OK);
	cr_expect_str_eq(json_string_value(json_array_get(json_object_get(finding(0), "log"), 0)),
			 "KEY=********** is wrong");
	owned_memory char *line = json_line(document);
	cr_expect_null(strstr(line, "sparrow"));
}

Test(why_verb, without_the_store_the_targets_tell_and_the_rest_is_admitted)
{
	struct berth_request request = {.size = sizeof request, .app = "app", .locations = through_flag};
	cr_assert_eq(deploy(PAIR), BERTH_OK);
	cr_assert_eq(fake_target_exit(scene.target, "app.db.1", 7), 0);
	scene_restart(&scene, false);
	cr_assert_eq(scene_request(&scene, berth_why, &request, &document), BERTH_OK);
	cr_assert_eq(findings(), 1);
	cr_expect(strstr(told(0, "why"), "it ended with code 7"), "%s", told(0, "why"));
	cr_expect_str_eq(told(0, "next"), "berth logs app db --location fake=fake");
	const json_t *unknown = json_object_get(document, "unknown");
	cr_assert_eq(json_array_size(unknown), 1);
	cr_expect(strstr(json_string_value(json_array_get(unknown, 0)), "what is wanted"), "%s",
		  json_string_value(json_array_get(unknown, 0)));
}

Test(why_verb, what_another_owner_holds_is_theirs_to_mend)
{
	cr_assert_eq(deploy(PAIR), BERTH_OK);
	cr_assert_eq(fake_target_exit(scene.target, "app.db.1", 7), 0);
	scene.berth->owner = (struct owner){"somebody-else", "eve@elsewhere", "elsewhere"};
	cr_assert_eq(ask("db"), BERTH_OK);
	cr_expect_str_eq(told(0, "who"), "owner");
	cr_expect_neq(strcmp(json_text(document, "owner"), "eve@elsewhere"), 0);
}

Test(why_verb, while_a_deploy_is_under_way_nobody_must_act)
{
	struct berth_request request = {.size = sizeof request, .blueprint = ONE, .file = "/b.yaml"};
	struct fake_behaviour slow = {.component = "app.db", .answers_after_ms = 60000};
	struct berth_error error;
	cr_assert_eq(fake_target_behave(scene.target, &slow), 0);
	struct berth_operation *deploying = berth_deploy(scene.berth, &request, NULL, &error);
	virtual_world_run(scene.world, NULL, NULL, 2000);
	cr_assert_eq(ask(NULL), BERTH_OK);
	cr_assert_eq(findings(), 1);
	cr_expect_str_eq(told(0, "who"), "nobody");
	char process[64];
	snprintf(process, sizeof process, "berth deploy, process %ld of ", (long)getpid());
	cr_expect(strstr(json_text(document, "under_way"), process), "%s", json_text(document, "under_way"));
	berth_cancel(deploying);
	berth_operation_free(deploying);
	cr_assert_eq(ask(NULL), BERTH_OK);
	cr_expect_str_eq(told(0, "who"), "you");
	cr_expect(json_is_null(json_object_get(document, "under_way")));
}

Test(why_verb, a_value_that_cannot_be_had_is_told_with_its_place)
{
	scene_environment("TOKEN", "x");
	cr_assert_eq(deploy(HEAD "- {type: 'docker:x:1', id: a, env: {T: '$berth:secret(\"env:TOKEN\")'}}\n"),
		     BERTH_OK);
	scene_environment("TOKEN", "");
	cr_assert_eq(fake_target_vanish(scene.target, "app.a.1"), 0);
	cr_assert_eq(ask(NULL), BERTH_OK);
	cr_assert_eq(findings(), 1);
}

Test(why_verb, a_job_that_finished_is_fine_until_it_is_to_be_another)
{
	struct fake_behaviour job = {.component = "app.seed", .exits = 1, .lives_ms = 100};
	cr_assert_eq(fake_target_behave(scene.target, &job), 0);
	cr_assert_eq(deploy(HEAD "- {type: 'docker:x:1', id: seed, job: true}\n"), BERTH_OK);
	cr_assert_eq(ask(NULL), BERTH_OK);
	cr_expect_eq(findings(), 0);
	cr_assert_eq(ask("seed"), BERTH_OK);
	cr_expect_str_eq(told(0, "why"), "it came to its end well");
	struct berth_request request = {.size = sizeof request,
					.blueprint = HEAD "- {type: 'docker:y:1', id: other}\n",
					.file = "/b.yaml"};
	json_decref(document);
	document = NULL;
	cr_assert_eq(scene_request(&scene, berth_why, &request, &document), BERTH_OK);
	cr_assert_eq(findings(), 2);
	cr_expect_str_eq(told(0, "why"), "no deploy has made it yet");
	cr_expect_str_eq(told(1, "why"), "the blueprint has no such component any more");
}

Test(why_verb, what_nobody_knows_is_a_failure)
{
	cr_expect_eq(ask(NULL), BERTH_FAILED);
	cr_assert_eq(deploy(ONE), BERTH_OK);
	cr_expect_eq(ask("nobody"), BERTH_USAGE);
	cr_expect_str_eq(json_text(json_object_get(document, "error"), "text"),
			 "`app` has no component `nobody`");
}

Test(why_verb, what_came_back_before_it_was_looked_at_is_not_told_as_down)
{
	cr_assert_eq(deploy(ONE), BERTH_OK);
	cr_assert_eq(fake_target_crash(scene.target, "app.db.1", 1), 0);
	cr_assert_eq(fake_target_find(scene.target, "app.db.1")->state, SEEN_RESTARTING);
	fake_target_time(scene.target, FAKE_LOOK, 5000);
	cr_assert_eq(ask("db"), BERTH_OK);
	cr_assert_eq(fake_target_find(scene.target, "app.db.1")->state, SEEN_RUNNING);
	cr_expect_str_eq(told(0, "state"), "running");
	cr_expect_str_eq(told(0, "why"), "it runs by now; a moment ago it did not");
	cr_expect_str_eq(told(0, "who"), "nobody");
}

/* --- while it is kept ----------------------------------------------------------------------- */

#define LOOKED_AFTER(policy)                                                                                 \
	HEAD "- {type: 'docker:redis:3', id: db, openPorts: 6379, policies: [" policy "]}\n"                 \
	     "- {type: 'docker:front:1', id: web, openPorts: 80}\n"
#define RESTARTED LOOKED_AFTER("{type: restarter}")

static struct berth_operation *keeper;

static bool never(void *nothing)
{
	(void)nothing;
	return false;
}

static void pass(int64_t duration_ms)
{
	virtual_world_run(scene.world, never, NULL, duration_ms);
}

/* Every call takes its time, so that much is asked in the middle of something. */
static void deploy_and_keep(const char *blueprint)
{
	static const enum fake_call calls[] = {FAKE_LIST, FAKE_LOOK, FAKE_START, FAKE_PLACE};
	struct berth_error error;
	cr_assert_eq(deploy(blueprint), BERTH_OK);
	keeper = berth_keep(scene.berth, NULL, NULL, &error);
	cr_assert_not_null(keeper, "%s", error.text);
	pass(1000);
	for (size_t i = 0; i < COUNT_OF(calls); i++)
		fake_target_time(scene.target, calls[i], i < 2 ? 10 : 150);
}

static void drop_keeper(void)
{
	berth_operation_free(keeper);
	keeper = NULL;
	drop_curtain();
}

TestSuite(why_kept, .init = raise_curtain, .fini = drop_keeper);

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* Asked again and again until it is as wanted: true if it ever was not. What is said on the way is true of
 * something that somebody mends. */
static bool is_told_as_mended(void)
{
	bool ever = false;
	for (int i = 0; i < 600; i++) {
		cr_assert_eq(ask(NULL), BERTH_OK);
		cr_expect(json_is_true(json_object_get(document, "kept")), "somebody keeps it all the while");
		if (!findings())
			return ever;
		ever = true;
		const char *why = told(0, "why"), *under_way = json_text(document, "under_way");
		cr_assert_str_eq(told(0, "instance"), "app.db.1");
		cr_expect_str_eq(told(0, "who"), "nobody", "%s", why);
		cr_expect(!begins(told(0, "next"), "berth deploy"), "%s", why);
		cr_expect_null(strstr(why, "given up"), "%s", why);
		cr_expect(!begins(told(0, "state"), "stopped") || !begins(why, "it runs"), "%s", why);
		cr_expect(!under_way || begins(under_way, "a controller, process "), "%s", under_way);
		pass(7);
	}
	cr_assert_fail("it is not mended: %s", told(0, "why"));
	return false;
}

Test(why_kept, what_ended_is_seen_to_by_its_policies)
{
	deploy_and_keep(RESTARTED);
	cr_assert_eq(fake_target_exit(scene.target, "app.db.1", 137), 0);
	cr_expect(is_told_as_mended());
}

Test(why_kept, what_takes_its_time_to_answer_again_is_seen_to_all_the_while)
{
	struct fake_behaviour slow = {.component = "app.db", .answers_after_ms = 800};
	deploy_and_keep(RESTARTED);
	cr_assert_eq(fake_target_behave(scene.target, &slow), 0);
	cr_assert_eq(fake_target_exit(scene.target, "app.db.1", 137), 0);
	cr_expect(is_told_as_mended());
}

Test(why_kept, what_somebody_removed_is_made_again_by_no_command_that_anybody_typed)
{
	deploy_and_keep(RESTARTED);
	cr_assert_eq(fake_target_vanish(scene.target, "app.db.1"), 0);
	cr_expect(is_told_as_mended());
}

Test(why_kept, what_waits_before_the_next_restart_is_nobodys)
{
	deploy_and_keep(LOOKED_AFTER("{type: restarter, backoff: 1m, jitter: 0}"));
	cr_assert_eq(fake_target_exit(scene.target, "app.db.1", 137), 0);
	pass(10000);
	cr_assert_eq(fake_target_exit(scene.target, "app.db.1", 137), 0);
	pass(1000);
	cr_assert_eq(ask(NULL), BERTH_OK);
	cr_assert_eq(findings(), 1);
	cr_expect_str_eq(told(0, "state"), "stopped");
	cr_expect_str_eq(told(0, "who"), "nobody");
	cr_expect_str_eq(told(0, "remedy"), "its policies see to it; its log may tell more");
	cr_expect_str_eq(told(0, "next"), "berth logs app db");
}

static void expect_yours(const char *component)
{
	cr_assert_eq(ask(component), BERTH_OK);
	cr_assert_eq(findings(), 1);
	cr_expect_str_eq(told(0, "state"), "stopped");
	cr_expect_str_eq(told(0, "who"), "you");
	cr_expect_null(strstr(told(0, "remedy"), "its policies"), "%s", told(0, "remedy"));
}

Test(why_kept, what_no_policy_looks_after_is_yours)
{
	deploy_and_keep(RESTARTED);
	cr_assert_eq(fake_target_exit(scene.target, "app.web.1", 137), 0);
	pass(1000);
	expect_yours("web");
}

Test(why_kept, what_its_policies_gave_up_is_yours)
{
	deploy_and_keep(LOOKED_AFTER("{type: restarter, maxTries: 1, stableFor: 10m, backoff: 1s}"));
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(fake_target_exit(scene.target, "app.db.1", 137), 0);
		pass(60000);
	}
	expect_yours("db");
}

Test(why_kept, what_the_classic_restarter_gave_up_is_yours)
{
	deploy_and_keep(LOOKED_AFTER("{type: org.apache.brooklyn.policy.ha.ServiceRestarter}"));
	cr_assert_eq(fake_target_exit(scene.target, "app.db.1", 137), 0);
	cr_expect(is_told_as_mended());
	cr_assert_eq(fake_target_exit(scene.target, "app.db.1", 137), 0);
	pass(60000);
	expect_yours("db");
}

Test(why_kept, what_was_stopped_on_purpose_is_not_taken_for_mended)
{
	const char *const components[] = {"db", NULL};
	struct berth_request request = {.size = sizeof request, .app = "app", .components = components};
	deploy_and_keep(RESTARTED);
	cr_assert_eq(scene_request(&scene, berth_stop, &request, NULL), BERTH_OK);
	pass(1000);
	expect_yours("db");
	cr_expect(strstr(told(0, "why"), "`berth stop` ended it, at "), "%s", told(0, "why"));
}

Test(why_kept, what_has_its_policy_suspended_is_yours)
{
	struct berth_request request = {
	    .size = sizeof request, .app = "app", .action = "suspend", .name = "restarter"};
	deploy_and_keep(RESTARTED);
	cr_assert_eq(scene_request(&scene, berth_policy, &request, NULL), BERTH_OK);
	cr_assert_eq(fake_target_exit(scene.target, "app.db.1", 137), 0);
	pass(60000);
	expect_yours("db");
}
