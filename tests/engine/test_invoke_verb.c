/* test_invoke_verb.c - effectors: a component's own commands, run in each instance that runs, by whoever asks
 * or by the clock. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/engine/scene.h"

static struct scene scene;
static struct berth_operation *keeper;

static void raise_curtain(void)
{
	scene_open(&scene);
}

static void drop_curtain(void)
{
	berth_operation_free(keeper);
	scene_close(&scene);
}

TestSuite(invoke_verb, .init = raise_curtain, .fini = drop_curtain);

#define SECOND 1000
#define MINUTE (60 * SECOND)

#define WITH(more)                                                                                           \
	"id: app\nlocation: fake\nservices:\n"                                                               \
	"- {type: 'docker:pg:1', id: db, instances: 2, effectors: {backup: [pg_dump, all], look: ls}" more   \
	"}\n"

static void deploy(const char *blueprint)
{
	cr_assert_eq(scene_run(&scene, berth_deploy, blueprint, NULL), BERTH_OK, "%s", scene.events);
}

static enum berth_outcome invoke(const char *component, const char *effector, const char *argument,
				 json_t **ret)
{
	const char *const components[] = {component, NULL}, *const arguments[] = {argument, NULL};
	const struct berth_request request = {.size = sizeof request,
					      .app = "app",
					      .name = effector,
					      .components = components,
					      .arguments = arguments};
	return scene_request(&scene, berth_invoke, &request, ret);
}

static const json_t *result(const json_t *document, size_t at)
{
	return json_array_get(json_object_get(document, "results"), at);
}

static char *events(void)
{
	const struct berth_request request = {.size = sizeof request, .app = "app"};
	owned_json document = NULL;
	cr_assert_eq(scene_request(&scene, berth_events, &request, &document), BERTH_OK);
	char *line = json_line(document);
	cr_assert_not_null(line);
	return line;
}

static void answers(const char *words, const char *output, int code)
{
	const struct fake_command command = {.words = words, .output = output, .code = code};
	cr_assert_eq(fake_target_command(scene.target, &command), 0);
}

Test(invoke_verb, its_command_is_run_in_every_instance)
{
	owned_json document = NULL;
	deploy(WITH(""));
	answers("pg_dump all", "one\ntwo\n", 0);
	cr_assert_eq(invoke("db", "backup", NULL, &document), BERTH_OK);
	cr_assert_eq(json_array_size(json_object_get(document, "results")), 2);
	cr_expect_str_eq(json_text(result(document, 0), "instance"), "app.db.1");
	cr_expect_str_eq(json_text(result(document, 1), "instance"), "app.db.2");
	cr_expect_eq(json_number(result(document, 0), "exit_code", -1), 0);
	const json_t *lines = json_object_get(result(document, 1), "output");
	cr_expect_eq(json_array_size(lines), 2);
	cr_expect_str_eq(json_string_value(json_array_get(lines, 1)), "two");
	owned_memory char *told = events();
	cr_expect(strstr(told, "backup ended with code 0: one\\ntwo"), "%s", told);
}

Test(invoke_verb, parameters_are_its_variables)
{
	deploy(WITH(""));
	cr_assert_eq(invoke("db", "backup", "TO=/a b", NULL), BERTH_OK);
	const char *const *commands = fake_target_commands(scene.target, "app.db.2");
	cr_assert_not_null(commands);
	cr_expect_str_eq(commands[0], "TO=/a b pg_dump all");
}

Test(invoke_verb, a_parameter_in_another_case_than_its_command_has_is_told)
{
	deploy("id: app\nlocation: fake\nservices:\n"
	       "- {type: 'docker:pg:1', id: db, effectors: {save: 'pg_dump >$to/x'}}\n");
	cr_assert_eq(invoke("db", "save", "to=/b", NULL), BERTH_OK);
	cr_assert_eq(invoke("db", "save", "OTHER=/b", NULL), BERTH_OK);
	cr_expect_null(scene.events, "%s", scene.events);
	cr_assert_eq(invoke("db", "save", "TO=/b", NULL), BERTH_OK);
	cr_expect(scene.events &&
		      strstr(scene.events, "warning: `TO` is not in the command of `save`, but `to` is\n"),
		  "%s", scene.events);
}

#define SECRETIVE                                                                                            \
	"id: app\nlocation: fake\nservices:\n"                                                               \
	"- {type: 'docker:pg:1', id: db, env: {KEY: '$berth:secret(\"env:THE_KEY\")'}, effectors: {look: "   \
	"ls}}\n"

Test(invoke_verb, a_secret_that_it_writes_is_nowhere_kept)
{
	owned_json document = NULL;
	scene_environment("THE_KEY", "hushhush");
	deploy(SECRETIVE);
	answers("/bin/sh -c ls", "the key is hushhush", 0);
	cr_assert_eq(invoke("db", "look", NULL, &document), BERTH_OK);
	const char *line =
	    json_string_value(json_array_get(json_object_get(result(document, 0), "output"), 0));
	cr_expect_str_eq(line, "the key is ********");
	owned_memory char *known = events();
	cr_expect(strstr(known, "look ended with code 0\""), "%s", known);
	/* Who knows another value cannot tell it from the rest. */
	scene_environment("THE_KEY", "another");
	cr_assert_eq(invoke("db", "look", NULL, NULL), BERTH_OK);
	owned_memory char *after = events();
	cr_expect_null(strstr(after, "hushhush"), "%s", after);
}

Test(invoke_verb, a_code_other_than_0_is_a_failure_that_is_told)
{
	owned_json document = NULL;
	deploy(WITH(""));
	answers("/bin/sh -c ls", "nothing here", 3);
	cr_assert_eq(invoke("db", "look", NULL, &document), BERTH_FAILED);
	cr_expect_eq(json_number(result(document, 0), "exit_code", 0), 3);
	const char *text = json_text(json_object_get(document, "error"), "text");
	cr_expect(strstr(text, "`look` failed in 2 of 2 instances of `db`"), "%s", text);
	owned_memory char *told = events();
	cr_expect(strstr(told, "look ended with code 3: nothing here"), "%s", told);
}

Test(invoke_verb, only_what_runs_is_asked)
{
	owned_json one = NULL;
	owned_json none = NULL;
	deploy(WITH(", restart: 'no'"));
	cr_assert_eq(fake_target_exit(scene.target, "app.db.1", 0), 0);
	cr_assert_eq(invoke("db", "look", NULL, &one), BERTH_OK);
	cr_assert_eq(json_array_size(json_object_get(one, "results")), 1);
	cr_assert_eq(fake_target_exit(scene.target, "app.db.2", 0), 0);
	cr_assert_eq(invoke("db", "look", NULL, &none), BERTH_FAILED);
	cr_expect(strstr(json_text(json_object_get(none, "error"), "text"), "no instance of `db` runs"));
}

Test(invoke_verb, what_is_not_there_is_said)
{
	static const struct {
		const char *component, *effector, *argument, *says;
		enum berth_outcome outcome;
	} cases[] = {
	    {"db", "backups", NULL, "`db` has no effector `backups`", BERTH_USAGE},
	    {"web", "backup", NULL, "`app` has no component `web`", BERTH_USAGE},
	    {"db", NULL, NULL, "no effector was named", BERTH_USAGE},
	    {NULL, "backup", NULL, "an application and one component", BERTH_USAGE},
	    {"db", "backup", "no value", "`no value` is no parameter", BERTH_USAGE},
	    {"db", "backup", "BERTH_EXEC=x", "is no parameter", BERTH_USAGE},
	    {"db", "stop", "NOW=1", "take no parameters", BERTH_USAGE},
	};
	deploy(WITH(""));
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		owned_json document = NULL;
		cr_expect_eq(invoke(cases[i].component, cases[i].effector, cases[i].argument, &document),
			     cases[i].outcome, "%s", cases[i].says);
		const char *text = json_text(json_object_get(document, "error"), "text");
		cr_expect(text && strstr(text, cases[i].says), "%s: %s", cases[i].says, text);
	}
	cr_expect_eq(fake_target_calls(scene.target, FAKE_EXEC), 0);
}

Test(invoke_verb, start_stop_and_restart_are_what_they_are)
{
	deploy(WITH(""));
	cr_assert_eq(invoke("db", "stop", NULL, NULL), BERTH_OK);
	cr_expect_neq(fake_target_find(scene.target, "app.db.1")->state, SEEN_RUNNING);
	cr_assert_eq(invoke("db", "start", NULL, NULL), BERTH_OK);
	cr_expect_eq(fake_target_find(scene.target, "app.db.1")->state, SEEN_RUNNING);
}

Test(invoke_verb, giving_a_component_an_effector_changes_nothing_that_runs)
{
	owned_json document = NULL;
	deploy("id: app\nlocation: fake\nservices:\n- {type: 'docker:pg:1', id: db, instances: 2}\n");
	cr_assert_eq(scene_run(&scene, berth_plan, WITH(""), &document), BERTH_OK);
	cr_expect_str_eq(scene_action(document, "app.db.1"), "unchanged");
	deploy(WITH(""));
	cr_expect_eq(invoke("db", "look", NULL, NULL), BERTH_OK);
}

/* --- by the clock --------------------------------------------------------------------------- */

static bool never(void *nothing)
{
	(void)nothing;
	return false;
}

static void pass(int64_t duration_ms)
{
	virtual_world_run(scene.world, never, NULL, duration_ms);
}

static void keep(void)
{
	keeper = berth_keep(scene.berth, NULL, NULL, NULL);
	cr_assert_not_null(keeper);
	pass(SECOND);
}

#define PERIODIC(effector)                                                                                   \
	WITH(", policies: [restarter, {type: periodic, effector: " effector                                  \
	     ", period: 1m, args: {TO: /b, DEPTH: 2}}]")

Test(invoke_verb, a_periodic_policy_invokes_it_with_its_arguments)
{
	deploy(PERIODIC("backup"));
	keep();
	size_t listings = fake_target_calls(scene.target, FAKE_LIST);
	pass(3 * MINUTE + 30 * SECOND);
	cr_expect_eq(fake_target_calls(scene.target, FAKE_EXEC), 6, "three times in two instances");
	const char *const *commands = fake_target_commands(scene.target, "app.db.1");
	cr_assert_not_null(commands);
	cr_expect_str_eq(commands[0], "TO=/b DEPTH=2 pg_dump all");
	cr_expect_leq(fake_target_calls(scene.target, FAKE_LIST), listings + 3, "the hold went on meanwhile");
}

Test(invoke_verb, what_fails_by_the_clock_is_an_event_and_tried_the_next_time)
{
	deploy(PERIODIC("look"));
	answers("/bin/sh -c ls", "no room", 1);
	keep();
	pass(2 * MINUTE + 30 * SECOND);
	owned_memory char *told = events();
	cr_expect(strstr(told, "look ended with code 1: no room"), "%s", told);
	cr_expect_eq(fake_target_calls(scene.target, FAKE_EXEC), 4);
}

Test(invoke_verb, an_instance_that_ends_while_a_long_one_runs_is_started_all_the_same)
{
	deploy(PERIODIC("backup"));
	fake_target_time(scene.target, FAKE_EXEC, 5 * MINUTE);
	keep();
	pass(MINUTE + 10 * SECOND);
	cr_assert_eq(fake_target_exit(scene.target, "app.db.1", 137), 0);
	pass(10 * SECOND);
	cr_expect_eq(fake_target_find(scene.target, "app.db.1")->state, SEEN_RUNNING);
}

Test(invoke_verb, a_deploy_does_not_wait_for_one_nor_is_it_begun_again)
{
	deploy(PERIODIC("backup"));
	fake_target_time(scene.target, FAKE_EXEC, 5 * MINUTE);
	keep();
	pass(MINUTE + 10 * SECOND);
	size_t before = fake_target_calls(scene.target, FAKE_EXEC);
	cr_expect_eq(before, 2);
	deploy(PERIODIC("backup"));
	pass(10 * SECOND);
	cr_expect_eq(fake_target_calls(scene.target, FAKE_EXEC), before);
	pass(MINUTE);
	cr_expect_gt(fake_target_calls(scene.target, FAKE_EXEC), before, "the next time it is");
}

/* --- requests ------------------------------------------------------------------------------- */

static char asked[512];
static int status;

static int64_t answer(void *owner, const struct http_request *request, struct http_answer *ret)
{
	(void)owner;
	snprintf(asked, sizeof asked, "%s %s %s %.*s", request->method, request->url,
		 request->headers && request->headers[0] ? request->headers[0] : "", (int)request->body_size,
		 request->body ? (const char *)request->body : "");
	ret->status = status;
	text_add(&ret->body, "flushed\n");
	return 100;
}

#define REQUESTS                                                                                             \
	"id: app\nlocation: fake\nservices:\n"                                                               \
	"- {type: 'docker:pg:1', id: db, openPorts: [80, 8080], effectors: {flush: {http: {port: 8080, "     \
	"path: "                                                                                             \
	"'/flush/${WHAT}?x=${MISSING}', headers: {X-Who: '${WHO}'}, body: 'all=${WHAT}'}, parameters: "      \
	"{WHAT: all, WHO: me}}}}\n"

Test(invoke_verb, it_may_be_a_request_with_its_parameters)
{
	const struct virtual_hooks hooks = {.http = answer};
	owned_json document = NULL;
	deploy(REQUESTS);
	virtual_world_hooks(scene.world, &hooks);
	status = 204;
	cr_assert_eq(invoke("db", "flush", "WHAT=a b/c", &document), BERTH_OK);
	const struct observed *seen = fake_target_find(scene.target, "app.db.1");
	char expected[512];
	snprintf(expected, sizeof expected,
		 "POST http://%s:8080/flush/a%%20b%%2Fc?x=${MISSING} X-Who: me all=a b/c",
		 seen->attachments[0].address);
	cr_expect_str_eq(asked, expected);
	cr_expect_eq(json_number(result(document, 0), "status", 0), 204);
	cr_expect(json_is_null(json_object_get(result(document, 0), "exit_code")));
	cr_expect_str_eq(json_string_value(json_array_get(json_object_get(result(document, 0), "output"), 0)),
			 "flushed");
	owned_memory char *told = events();
	cr_expect(strstr(told, "flush was answered with 204: flushed"), "%s", told);
}

Test(invoke_verb, a_request_that_is_answered_with_an_error_has_failed)
{
	const struct virtual_hooks hooks = {.http = answer};
	owned_json document = NULL;
	deploy(REQUESTS);
	virtual_world_hooks(scene.world, &hooks);
	status = 500;
	cr_assert_eq(invoke("db", "flush", NULL, &document), BERTH_FAILED);
	cr_expect(strstr(asked, "/flush/all"), "%s", asked);
}

Test(invoke_verb, a_request_that_nobody_answers_has_failed_and_says_why)
{
	owned_json document = NULL;
	deploy(REQUESTS);
	cr_assert_eq(invoke("db", "flush", NULL, &document), BERTH_FAILED);
	cr_expect_not_null(json_text(result(document, 0), "error"));
}

Test(invoke_verb, a_parameter_that_is_not_declared_is_refused)
{
	owned_json document = NULL;
	deploy(REQUESTS);
	cr_assert_eq(invoke("db", "flush", "WHAR=x", &document), BERTH_USAGE);
}

Test(invoke_verb, a_parameter_that_is_not_given_is_what_the_blueprint_says)
{
	owned_json document = NULL;
	deploy("id: app\nlocation: fake\nservices:\n"
	       "- {type: 'docker:pg:1', id: db, effectors: {backup: {command: [dump], parameters: {TO: "
	       "/backup}}}}\n");
	cr_assert_eq(invoke("db", "backup", NULL, &document), BERTH_OK);
	cr_assert_eq(invoke("db", "backup", "TO=/elsewhere", NULL), BERTH_OK);
}
