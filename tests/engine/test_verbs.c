/* test_verbs.c - what the other verbs answer: validate, status, logs, confirmation, time-outs. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
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

TestSuite(verbs, .init = raise_curtain, .fini = drop_curtain);

static json_t *named(const json_t *list, const char *id)
{
	size_t i;
	json_t *entry;
	json_array_foreach (list, i, entry)
		if (strcmp(json_text(entry, "id"), id) == 0)
			return entry;
	return NULL;
}

Test(verbs, validate_warns_of_an_unbound_name_and_succeeds_where_plan_refuses)
{
	static const char unbound[] =
	    "id: a\nlocation: somewhere\nservices:\n- {type: 'docker:x:1', id: p}\n";
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_validate, unbound, &document), BERTH_OK);
	cr_assert(json_flag(document, "valid", false));
	json_t *warning = json_array_get(json_object_get(document, "diagnostics"), 0);
	cr_assert_str_eq(json_text(warning, "severity"), "warning");
	cr_assert(strstr(json_text(warning, "detail"), "--location somewhere="));
	json_decref(document);
	cr_assert_eq(scene_run(&scene, berth_plan, unbound, &document), BERTH_INVALID);
	json_decref(document);
}

Test(verbs, validate_tells_every_error_with_its_place)
{
	static const char wrong[] =
	    "id: a\nservices:\n- type: docker:x\n  openPort: 1\n- type: docker:y\n  memry: 1\n";
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_validate, wrong, &document), BERTH_INVALID);
	cr_assert_geq(json_number(document, "error_count", 0), 2);
	json_t *first = json_array_get(json_object_get(document, "diagnostics"), 0);
	cr_assert_eq(json_number(json_at(first, "range.start"), "line", 0), 4);
	json_decref(document);
}

Test(verbs, status_tells_states_addresses_and_links_by_name_alone)
{
	struct berth_request request = {.size = sizeof request, .app = "app"};
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_deploy, SCENE_PAIR, NULL), BERTH_OK);
	cr_assert_eq(scene_request(&scene, berth_status, &request, &document), BERTH_OK);
	cr_assert_str_eq(json_text(document, "state"), "running");
	json_t *web = named(json_object_get(document, "components"), "web");
	json_t *link = json_array_get(json_object_get(web, "links"), 0);
	cr_assert_str_eq(json_text(link, "alias"), "db");
	cr_assert_str_eq(json_text(link, "path"), "network");
	cr_assert_eq(json_number(link, "port", 0), 6379);
	cr_assert(json_flag(json_object_get(web, "sensors"), "service.isUp", false));
	json_decref(document);
}

Test(verbs, status_of_what_ended_says_so_with_its_exit_code)
{
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_deploy, SCENE_PAIR, NULL), BERTH_OK);
	cr_assert_eq(fake_target_exit(scene.target, "app.db.1", 7), 0);
	cr_assert_eq(scene_run(&scene, berth_status, SCENE_PAIR, &document), BERTH_OK);
	json_t *db = named(json_object_get(document, "components"), "db");
	cr_assert_str_neq(json_text(db, "state"), "running");
	json_t *instance = json_array_get(json_object_get(db, "instances"), 0);
	cr_assert_eq(json_number(instance, "exit_code", 0), 7);
	cr_assert_not(json_flag(json_object_get(db, "sensors"), "service.isUp", true));
	json_decref(document);
}

/* Of the only instance of `component`, in what `status` shows now. */
static char *status_says(const char *component, const char *key)
{
	owned_json document = NULL;
	struct berth_request request = {.size = sizeof request, .app = "app"};
	cr_assert_eq(scene_request(&scene, berth_status, &request, &document), BERTH_OK);
	const json_t *one = named(json_object_get(document, "components"), component);
	const char *text = json_text(json_array_get(json_object_get(one, "instances"), 0), key);
	return text ? strdup(text) : NULL;
}

static void status_has(const char *component, const char *key, const char *words)
{
	owned_memory char *text = status_says(component, key);
	cr_expect(words ? text && strstr(text, words) : !text, "%s of %s is `%s`", key, component, text);
}

Test(verbs, what_was_made_and_could_not_be_started_is_broken_and_nowhere)
{
	scene_refuse(&scene, FAKE_START, "app.db.1", "the port is taken");
	cr_assert_eq(scene_run(&scene, berth_deploy, SCENE_PAIR, NULL), BERTH_FAILED);
	status_has("db", "state", "broken");
	status_has("db", "address", NULL);
	status_has("db", "last_failure", "the port is taken");
	fake_target_calm(scene.target);
	cr_assert_eq(scene_run(&scene, berth_deploy, SCENE_PAIR, NULL), BERTH_OK);
	status_has("db", "state", "running");
	status_has("db", "last_failure", NULL);
}

Test(verbs, what_was_made_and_never_started_is_stopped_when_nobody_is_at_it)
{
	scene_refuse(&scene, FAKE_START, "app.db.1", "the port is taken");
	cr_assert_eq(scene_run(&scene, berth_deploy, SCENE_PAIR, NULL), BERTH_FAILED);
	scene_restart(&scene, false);
	owned_json document = NULL;
	cr_assert_eq(scene_run(&scene, berth_status, SCENE_PAIR, &document), BERTH_OK);
	cr_expect_str_eq(json_text(named(json_object_get(document, "components"), "db"), "state"), "stopped");
	cr_expect_str_eq(json_text(document, "state"), "stopped");
}

Test(verbs, status_tells_of_a_deploy_that_failed_until_the_next_one)
{
	static const char other[] =
	    "id: app\nlocation: fake\nservices:\n"
	    "- {type: 'docker:redis:4', id: db, openPorts: 6379}\n"
	    "- {type: 'docker:front:1', id: web, links: [$brooklyn:component(\"db\")]}\n";
	cr_assert_eq(scene_run(&scene, berth_deploy, SCENE_PAIR, NULL), BERTH_OK);
	status_has("db", "last_failure", NULL);
	scene_refuse(&scene, FAKE_PLACE, NULL, "no such image");
	cr_assert_eq(scene_run(&scene, berth_deploy, other, NULL), BERTH_FAILED);
	status_has("db", "state", "running");
	status_has("db", "last_failure", "no such image");
	status_has("web", "last_failure", NULL);
	cr_assert_eq(scene_run(&scene, berth_deploy, other, NULL), BERTH_FAILED);
	status_has("db", "last_failure", "no such image");
	virtual_world_run(scene.world, NULL, NULL, 1000);
	cr_assert_eq(scene_run(&scene, berth_deploy, SCENE_PAIR, NULL), BERTH_OK);
	status_has("db", "last_failure", NULL);
}

Test(verbs, what_keeps_ending_is_broken_in_the_list_too)
{
	static const struct fake_behaviour crash = {
	    .component = "app.db", .exits = UINT32_MAX, .answers_after_ms = -1, .exit_code = 3};
	cr_assert_eq(fake_target_behave(scene.target, &crash), 0);
	cr_assert_eq(scene_run(&scene, berth_deploy, SCENE_PAIR, NULL), BERTH_FAILED);
	struct berth_request request = {.size = sizeof request};
	owned_json document = NULL;
	cr_assert_eq(scene_request(&scene, berth_status, &request, &document), BERTH_OK);
	const json_t *line = json_array_get(json_object_get(document, "applications"), 0);
	cr_expect_str_eq(json_text(line, "state"), "broken");
}

static enum berth_outcome plan_with(const char *location)
{
	const char *const locations[] = {location, NULL};
	struct berth_request request = {
	    .size = sizeof request, .blueprint = SCENE_PAIR, .file = "app.yaml", .locations = locations};
	return scene_request(&scene, berth_plan, &request, NULL);
}

Test(verbs, a_location_flag_counts_for_a_specification_as_it_is_written)
{
	cr_expect_eq(plan_with("fake={type: fake, target: other}"), BERTH_OK);
	cr_expect_null(scene.events, "%s", scene.events);
	cr_expect_eq(plan_with("fake=docker:unix:///no/such/socket"), BERTH_UNREACHABLE);
}

Test(verbs, a_location_flag_that_no_component_heeds_is_warned_of)
{
	cr_expect_eq(plan_with("faek=fake"), BERTH_OK);
	cr_expect(scene.events && strstr(scene.events, "nothing of `app` goes to `faek`"), "%s",
		  scene.events);
}

Test(verbs, status_without_a_name_lists_every_application)
{
	struct berth_request request = {.size = sizeof request};
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_deploy, SCENE_PAIR, NULL), BERTH_OK);
	cr_assert_eq(scene_run(&scene, berth_deploy,
			       "id: other\nlocation: fake\nservices:\n- {type: 'docker:x:1', id: a}\n", NULL),
		     BERTH_OK);
	cr_assert_eq(scene_request(&scene, berth_status, &request, &document), BERTH_OK);
	/* This machine, which is asked too, may have some of others. */
	size_t i, count = 0;
	json_t *line;
	json_array_foreach (json_object_get(document, "applications"), i, line) {
		const json_t *where = json_array_get(json_object_get(line, "locations"), 0);
		count += json_is_string(where) && strcmp(json_string_value(where), "fake") == 0;
	}
	cr_assert_eq(count, 2);
	json_decref(document);
}

Test(verbs, a_job_that_ended_well_leaves_its_application_running_in_the_list)
{
	static const struct fake_behaviour job = {.component = "app.j", .exits = 1, .lives_ms = 2000};
	struct berth_request request = {.size = sizeof request};
	json_t *document = NULL;
	cr_assert_eq(fake_target_behave(scene.target, &job), 0);
	cr_assert_eq(scene_run(&scene, berth_deploy,
			       "id: app\nlocation: fake\nservices:\n- {type: 'docker:x:1', id: a}\n"
			       "- {type: 'docker:j:1', id: j, job: true}\n",
			       NULL),
		     BERTH_OK);
	cr_assert_eq(scene_request(&scene, berth_status, &request, &document), BERTH_OK);
	json_t *line = json_array_get(json_object_get(document, "applications"), 0);
	cr_assert_str_eq(json_text(line, "state"), "running");
	cr_assert_eq(json_number(line, "finished", 0), 1);
	json_decref(document);
	cr_assert_eq(fake_target_exit(scene.target, "app.a.1", 1), 0);
	cr_assert_eq(scene_request(&scene, berth_status, &request, &document), BERTH_OK);
	line = json_array_get(json_object_get(document, "applications"), 0);
	cr_assert_str_eq(json_text(line, "state"), "stopped");
	json_decref(document);
}

Test(verbs, status_of_the_unknown_fails_with_a_remedy)
{
	struct berth_request request = {.size = sizeof request, .app = "nobody"};
	json_t *document = NULL;
	cr_assert_eq(scene_request(&scene, berth_status, &request, &document), BERTH_FAILED);
	cr_assert(strstr(json_text(json_object_get(document, "error"), "remedy"), "berth status"));
	json_decref(document);
}

static bool decline(void *context, const char *plan)
{
	cr_assert(strstr(plan, "\"create\""));
	++*(int *)context;
	return false;
}

Test(verbs, what_is_not_confirmed_is_not_done)
{
	int asked = 0;
	struct berth_error error;
	struct berth_request request = {.size = sizeof request, .blueprint = SCENE_PAIR, .file = "/b.yaml"};
	struct berth_listener listener = {.size = sizeof listener, .confirm = decline, .context = &asked};
	struct berth_operation *operation = berth_deploy(scene.berth, &request, &listener, &error);
	cr_assert(virtual_world_run(scene.world, scene_ended, operation, 60000));
	cr_assert_eq(berth_outcome(operation), BERTH_INTERRUPTED);
	cr_assert_eq(asked, 1);
	cr_assert_eq(fake_target_calls(scene.target, FAKE_CLAIM), 0);
	berth_operation_free(operation);
}

Test(verbs, a_deploy_whose_time_is_over_ends_with_124_and_the_next_goes_on)
{
	struct berth_request request = {
	    .size = sizeof request, .blueprint = SCENE_PAIR, .file = "/b.yaml", .timeout_ms = 1000};
	static const struct fake_behaviour mute = {.component = "app.db", .answers_after_ms = 5000};
	cr_assert_eq(fake_target_behave(scene.target, &mute), 0);
	cr_assert_eq(scene_request(&scene, berth_deploy, &request, NULL), BERTH_TIMED_OUT);
	cr_assert_eq(fake_target_instances(scene.target), 1);
	request.timeout_ms = 0;
	cr_assert_eq(scene_request(&scene, berth_deploy, &request, NULL), BERTH_OK);
	cr_assert_eq(fake_target_instances(scene.target), 2);
}

/* However often it would be tried again: the time that was set counts, and what flies gets a little more. */
Test(verbs, a_change_that_is_never_answered_does_not_hold_who_set_a_time)
{
	static const enum fake_call calls[] = {FAKE_LEASE, FAKE_CLAIM, FAKE_PREPARE, FAKE_PLACE, FAKE_START};
	for (size_t i = 0; i < COUNT_OF(calls); i++) {
		struct berth_request request = {
		    .size = sizeof request, .blueprint = SCENE_PAIR, .file = "/b.yaml", .timeout_ms = 1000};
		const struct fake_rule silent = {.call = calls[i], .delay_ms = 30 * 60 * 1000};
		cr_assert_eq(fake_target_rule(scene.target, &silent), 0);
		int64_t begun = scene.world->ops->now(scene.world);
		cr_expect_eq(scene_request(&scene, berth_deploy, &request, NULL), BERTH_TIMED_OUT, "call %zu",
			     i);
		cr_expect_lt(scene.world->ops->now(scene.world) - begun, 30000, "call %zu", i);
		fake_target_calm(scene.target);
		request.timeout_ms = 0;
		cr_expect_eq(scene_request(&scene, berth_deploy, &request, NULL), BERTH_OK, "call %zu", i);
		cr_expect_eq(scene_run(&scene, berth_destroy, SCENE_PAIR, NULL), BERTH_OK, "call %zu", i);
	}
}

Test(verbs, one_that_never_answers_is_given_up_after_five_minutes_with_the_reason)
{
	static const struct fake_behaviour mute = {.component = "app.db", .answers_after_ms = -1};
	json_t *document = NULL;
	cr_assert_eq(fake_target_behave(scene.target, &mute), 0);
	cr_assert_eq(scene_run(&scene, berth_deploy, SCENE_PAIR, &document), BERTH_FAILED);
	json_t *failure = json_array_get(json_object_get(document, "failures"), 0);
	cr_assert(strstr(json_text(failure, "error"), "does not answer after 300 s"), "%s",
		  json_text(failure, "error"));
	json_decref(document);
}

Test(verbs, a_plan_tells_what_a_deploy_that_failed_left_to_be_waited_for)
{
	static const struct fake_behaviour mute = {.component = "app.db", .answers_after_ms = -1};
	json_t *document = NULL;
	cr_assert_eq(fake_target_behave(scene.target, &mute), 0);
	cr_assert_eq(scene_run(&scene, berth_deploy, SCENE_PAIR, NULL), BERTH_FAILED);
	cr_assert_eq(scene_run(&scene, berth_plan, SCENE_PAIR, &document), BERTH_OK);
	json_t *awaited = json_array_get(json_object_get(document, "awaited"), 0);
	cr_expect_str_eq(json_text(awaited, "instance"), "app.db.1");
	cr_expect_str_eq(json_text(awaited, "why"), "it was not seen to answer yet");
	json_decref(document);
}

/* The words of the target count, not those of an instance that may answer well. */
Test(verbs, a_target_that_goes_away_while_it_is_asked_for_readiness_is_given_up_in_seconds)
{
	static const struct fake_rule lost = {.call = FAKE_PROBE,
					      .error = {.code = ERR_UNREACHABLE, .text = "boom"}};
	json_t *document = NULL;
	int64_t begun = scene.world->ops->now(scene.world);
	cr_assert_eq(fake_target_rule(scene.target, &lost), 0);
	cr_assert_eq(scene_run(&scene, berth_deploy, SCENE_PAIR, &document), BERTH_UNREACHABLE);
	json_t *failure = json_array_get(json_object_get(document, "failures"), 0);
	cr_expect_str_eq(json_text(failure, "error"), "boom");
	cr_expect_lt(scene.world->ops->now(scene.world) - begun, 30000);
	json_decref(document);
	fake_target_calm(scene.target);
	cr_expect_eq(scene_run(&scene, berth_deploy, SCENE_PAIR, NULL), BERTH_OK);
}

Test(verbs, a_target_that_is_away_for_a_few_questions_of_readiness_is_asked_again)
{
	static const struct fake_rule lost = {
	    .call = FAKE_PROBE, .times = 4, .error = {.code = ERR_UNREACHABLE, .text = "boom"}};
	cr_assert_eq(fake_target_rule(scene.target, &lost), 0);
	cr_assert_eq(scene_run(&scene, berth_deploy, SCENE_PAIR, NULL), BERTH_OK);
}

struct gathered {
	char text[512];
	size_t size;
};

static void gather(void *context, const struct berth_event *event)
{
	struct gathered *gathered = context;
	if (event->kind == BERTH_EVENT_LOG && gathered->size + event->text_size < sizeof gathered->text) {
		memcpy(gathered->text + gathered->size, event->text, event->text_size);
		gathered->size += event->text_size;
	}
}

static enum berth_outcome read_logs(struct berth_request *request, struct gathered *gathered)
{
	struct berth_error error;
	struct berth_listener listener = {.size = sizeof listener, .event = gather, .context = gathered};
	struct berth_operation *operation = berth_logs(scene.berth, request, &listener, &error);
	cr_assert(virtual_world_run(scene.world, scene_ended, operation, 60000), "logs never end");
	enum berth_outcome outcome = berth_outcome(operation);
	berth_operation_free(operation);
	return outcome;
}

Test(verbs, logs_pass_on_what_was_written_and_end_also_when_nothing_was)
{
	static const struct fake_behaviour talk = {.component = "app.db", .log = "ready\n"};
	struct berth_request request = {.size = sizeof request, .app = "app"};
	struct gathered gathered = {.size = 0};
	cr_assert_eq(fake_target_behave(scene.target, &talk), 0);
	fake_target_time(scene.target, FAKE_LOGS, 10);
	cr_assert_eq(scene_run(&scene, berth_deploy, SCENE_PAIR, NULL), BERTH_OK);
	cr_assert_eq(read_logs(&request, &gathered), BERTH_OK);
	cr_assert_str_eq(gathered.text, "ready\n");
}

Test(verbs, what_was_never_there_cannot_be_stopped_nor_has_it_a_log)
{
	static verb_function *const verbs[] = {berth_stop, berth_start, berth_restart, berth_logs};
	struct berth_request request = {.size = sizeof request, .app = "nobody"};
	for (size_t i = 0; i < COUNT_OF(verbs); i++) {
		json_t *document = NULL;
		cr_expect_eq(scene_request(&scene, verbs[i], &request, &document), BERTH_FAILED);
		const char *words = json_text(json_object_get(document, "error"), "remedy");
		cr_expect(words && strstr(words, "berth status"), "verb %zu", i);
		json_decref(document);
	}
}

Test(verbs, logs_of_a_component_that_is_not_there_fail)
{
	const char *const components[] = {"nobody", NULL};
	struct berth_request request = {.size = sizeof request, .app = "app", .components = components};
	struct gathered gathered = {.size = 0};
	cr_assert_eq(scene_run(&scene, berth_deploy, SCENE_PAIR, NULL), BERTH_OK);
	cr_assert_eq(read_logs(&request, &gathered), BERTH_FAILED);
}

Test(verbs, a_picked_port_that_a_stranger_takes_meanwhile_is_picked_anew)
{
	static const char publish[] = "id: app\nlocation: fake\nservices:\n- {type: 'docker:redis:3', id: "
				      "db, openPorts: 6379, publish: [6379]}\n";
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_plan, publish, &document), BERTH_OK);
	json_t *change = json_array_get(json_object_get(document, "changes"), 0);
	int64_t number = json_number(json_array_get(json_object_get(change, "publishes"), 0), "host_port", 0);
	json_decref(document);
	/* The listing does not tell of it; only the start does. */
	static const struct fake_rule taken = {
	    .call = FAKE_START,
	    .times = 1,
	    .error = {.code = ERR_CONFLICT, .text = "port is already allocated"}};
	cr_assert_eq(fake_target_rule(scene.target, &taken), 0);
	cr_assert_eq(scene_run(&scene, berth_deploy, publish, &document), BERTH_OK);
	json_t *db = named(json_object_get(document, "components"), "db");
	json_t *port =
	    json_array_get(json_object_get(json_array_get(json_object_get(db, "instances"), 0), "ports"), 0);
	cr_assert_neq(json_number(port, "host_port", 0), number);
	cr_assert_neq(json_number(port, "host_port", 0), 0);
	json_decref(document);
}

Test(verbs, a_process_gets_its_port_and_where_to_listen)
{
	static const char process[] =
	    "id: app\nlocation: fake\nservices:\n- {type: process, id: web, command: run, ports: {http: "
	    "auto}}\n"
	    "- {type: process, id: user, command: use, links: [$brooklyn:component(\"web\")],\n"
	    "   env: {PORT: '$berth:port(\"web\", \"http\")'}}\n";
	cr_assert_eq(scene_run(&scene, berth_deploy, process, NULL), BERTH_OK);
	const char *number = scene_variable(&scene, "app.web.1", "PORT_HTTP");
	cr_assert_not_null(number);
	cr_assert_not_null(scene_variable(&scene, "app.web.1", "BIND_ADDRESS"));
	cr_assert_str_eq(scene_variable(&scene, "app.user.1", "PORT"), number);
}

Test(verbs, a_secret_in_a_command_is_refused_because_everybody_could_read_it)
{
	static const char shown[] = "id: app\nlocation: fake\nservices:\n- type: docker:x:1\n  id: a\n"
				    "  command: ['run', '$berth:secret(\"env:CANARY\")']\n";
	json_t *document = NULL;
	scene_environment("CANARY", "sparrow");
	cr_assert_eq(scene_run(&scene, berth_plan, shown, &document), BERTH_INVALID);
	owned_json again = document;
	char *text = json_line(again);
	cr_assert_not(strstr(text, "sparrow"));
	free(text);
}

Test(verbs, a_secret_that_a_failing_component_prints_is_masked)
{
	static const char leaky[] = "id: app\nlocation: fake\nservices:\n- type: docker:x:1\n  id: a\n"
				    "  env: {KEY: '$berth:secret(\"env:CANARY\")'}\n";
	static const struct fake_behaviour crash = {
	    .component = "app.a", .exits = UINT32_MAX, .exit_code = 1, .log = "KEY=sparrow-19 is wrong\n"};
	json_t *document = NULL;
	scene_environment("CANARY", "sparrow-19");
	cr_assert_eq(fake_target_behave(scene.target, &crash), 0);
	cr_assert_eq(scene_run(&scene, berth_deploy, leaky, &document), BERTH_FAILED);
	json_t *failure = json_array_get(json_object_get(document, "failures"), 0);
	cr_assert_str_eq(json_string_value(json_array_get(json_object_get(failure, "log"), 0)),
			 "KEY=********** is wrong");
	json_decref(document);
}

static void damage_store(void)
{
	char path[512];
	snprintf(path, sizeof path, "%s/state/berth.db", virtual_world_directory(scene.world));
	FILE *file = fopen(path, "w");
	cr_assert_not_null(file);
	for (int i = 0; i < 4096; i++)
		fputs("rubbish ", file);
	fclose(file);
}

Test(verbs, a_damaged_store_refuses_a_deploy_but_not_who_looks_or_takes_away)
{
	const char *const locations[] = {"x=fake", NULL};
	struct berth_request request = {.size = sizeof request, .app = "app", .locations = locations};
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_deploy, SCENE_PAIR, NULL), BERTH_OK);
	scene_restart(&scene, false);
	damage_store();
	cr_assert_eq(scene_run(&scene, berth_deploy, SCENE_PAIR, &document), BERTH_FAILED);
	cr_assert(strstr(json_text(json_object_get(document, "error"), "text"), "damaged"));
	json_decref(document);
	cr_assert_eq(scene_request(&scene, berth_status, &request, NULL), BERTH_OK);
	cr_assert_eq(scene_request(&scene, berth_destroy, &request, NULL), BERTH_OK);
	cr_assert_eq(fake_target_instances(scene.target), 0);
}

Test(verbs, a_missing_secret_is_told_where_it_is_used)
{
	static const char missing[] =
	    "id: a\nlocation: fake\nservices:\n- type: docker:x:1\n  id: p\n  env:\n"
	    "    KEY: $berth:secret(\"env:NOT_THERE\")\n";
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_plan, missing, &document), BERTH_INVALID);
	json_t *entry = json_array_get(json_object_get(document, "diagnostics"), 0);
	cr_assert_eq(json_number(json_at(entry, "range.start"), "line", 0), 7);
	json_decref(document);
}

Test(verbs, what_cannot_be_a_name_is_refused_before_it_becomes_part_of_a_path)
{
	static const char *const names[] = {"../../x", "a b", "", "x.y"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct berth_request request = {.size = sizeof request, .app = names[i]};
		cr_expect_eq(scene_request(&scene, berth_destroy, &request, NULL), BERTH_USAGE, "%s",
			     names[i]);
	}
}

Test(verbs, old_exits_do_not_break_what_is_started_again)
{
	cr_assert_eq(scene_run(&scene, berth_deploy, SCENE_PAIR, NULL), BERTH_OK);
	for (int times = 0; times < 6; times++) {
		cr_assert_eq(fake_target_exit(scene.target, "app.db.1", 1), 0);
		cr_assert_eq(scene_run(&scene, berth_deploy, SCENE_PAIR, NULL), BERTH_OK, "after %d exits",
			     times + 1);
	}
}

Test(verbs, what_never_answered_is_not_called_running)
{
	struct berth_request request = {
	    .size = sizeof request, .blueprint = SCENE_PAIR, .file = "/b.yaml", .timeout_ms = 1000};
	static const struct fake_behaviour mute = {.component = "app.db", .answers_after_ms = -1};
	json_t *document = NULL;
	cr_assert_eq(fake_target_behave(scene.target, &mute), 0);
	cr_assert_eq(scene_request(&scene, berth_deploy, &request, NULL), BERTH_TIMED_OUT);
	cr_assert_eq(scene_run(&scene, berth_status, SCENE_PAIR, &document), BERTH_OK);
	cr_assert_str_eq(json_text(named(json_object_get(document, "components"), "db"), "state"),
			 "starting");
	json_decref(document);
}
