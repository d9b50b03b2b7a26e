/* test_exec_verb.c - commands run in an instance: which one is meant, what goes in and out, and how it ends.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/engine/scene.h"

static struct scene scene;
static struct text output, errors;
static char instance_told[64];

static void begin(void)
{
	scene_open(&scene);
}

static void end(void)
{
	scene_close(&scene);
	text_release(&output);
	text_release(&errors);
}

TestSuite(exec_verb, .init = begin, .fini = end);

static const char three[] = "id: shop\n"
			    "location: fake\n"
			    "services:\n"
			    "- type: docker:app\n  id: web\n  instances: 3\n"
			    "- type: docker:redis\n  id: db\n";

static const char *const words[] = {"say", "something", NULL};
static const char *const web[] = {"web", NULL};

static void deploy(void)
{
	cr_assert_eq(scene_run(&scene, berth_deploy, three, NULL), BERTH_OK);
}

static void note_event(void *context, const struct berth_event *event)
{
	(void)context;
	if (event->kind != BERTH_EVENT_OUTPUT)
		return;
	snprintf(instance_told, sizeof instance_told, "%s", event->instance);
	text_add_bytes(event->errors ? &errors : &output, event->text, event->text_size);
}

static struct berth_request asking(const char *const *components)
{
	return (struct berth_request){
	    .size = sizeof(struct berth_request), .app = "shop", .components = components, .command = words};
}

static struct berth_operation *begun(const struct berth_request *request)
{
	static const struct berth_listener listener = {.size = sizeof listener, .event = note_event};
	struct berth_error error = {0};
	struct berth_operation *operation = berth_exec(scene.berth, request, &listener, &error);
	text_clear(&output);
	text_clear(&errors);
	cr_assert_not_null(operation, "%s", error.text);
	return operation;
}

static bool is_done(void *operation)
{
	return berth_done(operation);
}

static bool echoed(void *words_)
{
	return strstr(text_view(&output), words_) != NULL;
}

/* Ended, with that exit code in its document (-1: none). The caller frees it. */
static void ends(struct berth_operation *operation, enum berth_outcome outcome, int64_t code)
{
	cr_assert(virtual_world_run(scene.world, is_done, operation, 60000), "it never ends");
	owned_json document =
	    json_parse(berth_result(operation), strlen(berth_result(operation)), "result", NULL);
	cr_assert_eq(berth_outcome(operation), outcome, "%d: %s", berth_outcome(operation),
		     berth_message(operation));
	cr_assert_eq(json_number(document, "exit_code", -1), code, "%s", berth_result(operation));
	cr_assert_str_eq(json_text(document, "app"), "shop");
}

static void runs(const char *const *components, int64_t code)
{
	struct berth_request request = asking(components);
	struct berth_operation *operation = begun(&request);
	ends(operation, BERTH_OK, code);
	berth_operation_free(operation);
}

static void fails(const char *const *components, enum berth_outcome outcome, const char *message,
		  const char *remedy)
{
	struct berth_request request = asking(components);
	struct berth_operation *operation = begun(&request);
	ends(operation, outcome, -1);
	cr_assert(strstr(berth_message(operation), message), "%s", berth_message(operation));
	cr_assert(strstr(berth_remedy(operation), remedy), "%s", berth_remedy(operation));
	berth_operation_free(operation);
}

#define ONLY(name) ((const char *const[]){name, NULL})

Test(exec_verb, both_streams_and_the_exit_code_come_back)
{
	fake_target_command(scene.target,
			    &(struct fake_command){
				.words = "say something", .output = "out\n", .errors = "err\n", .code = 7});
	deploy();
	struct berth_request request = asking(web);
	struct berth_operation *operation = begun(&request);
	ends(operation, BERTH_OK, 7);
	cr_expect(strstr(berth_result(operation), "\"instance\":\"shop.web.1\""), "%s",
		  berth_result(operation));
	cr_expect_str_eq(text_view(&output), "out\n");
	cr_expect_str_eq(text_view(&errors), "err\n");
	cr_expect_str_eq(instance_told, "shop.web.1");
	berth_operation_free(operation);
}

Test(exec_verb, the_lowest_that_runs_is_taken_or_the_one_that_is_named)
{
	deploy();
	runs(web, 0);
	cr_expect_str_eq(instance_told, "shop.web.1");
	runs(ONLY("web/3"), 0);
	cr_expect_str_eq(instance_told, "shop.web.3");
	fake_target_exit(scene.target, "shop.web.1", 0);
	runs(web, 0);
	cr_expect_str_eq(instance_told, "shop.web.2");
	fails(ONLY("web/1"), BERTH_FAILED, "is not running", "");
	fake_target_exit(scene.target, "shop.web.2", 0);
	fake_target_exit(scene.target, "shop.web.3", 0);
	fails(web, BERTH_FAILED, "`shop.web.1` is not running", "");
}

Test(exec_verb, found_without_the_store_where_it_is_told_to_look)
{
	deploy();
	scene_restart(&scene, false);
	struct berth_request request = asking(web);
	request.locations = ONLY("there=fake");
	struct berth_operation *operation = begun(&request);
	ends(operation, BERTH_OK, 0);
	cr_expect_str_eq(text_view(&output), "say something\n");
	berth_operation_free(operation);
}

Test(exec_verb, what_is_not_there_is_told_with_what_is)
{
	deploy();
	fails(ONLY("wbe"), BERTH_FAILED, "`shop` has no component `wbe`", "did you mean `web`?");
	fails(ONLY("zzzzzz"), BERTH_FAILED, "`shop` has no component `zzzzzz`", "it has web, db");
	fails(ONLY("web/4"), BERTH_FAILED, "there is no instance `web/4`", "there is web/1, web/2, web/3");
	fake_target_vanish(scene.target, "shop.db.1");
	fails(ONLY("db"), BERTH_FAILED, "no instance of `db` is there", "berth deploy");
	fake_target_unreachable(scene.target, true);
	fails(ONLY("db"), BERTH_UNREACHABLE, "fake", "");
}

Test(exec_verb, an_application_nobody_knows)
{
	struct berth_request request = asking(web);
	request.locations = ONLY("there=fake");
	struct berth_operation *operation = begun(&request);
	ends(operation, BERTH_FAILED, -1);
	cr_expect(strstr(berth_message(operation), "nothing of `shop` is known here"), "%s",
		  berth_message(operation));
	berth_operation_free(operation);
}

Test(exec_verb, requests_that_say_nothing_do_not_begin)
{
	static const char *const bad[] = {"web/0", "web/", "web/x", "web/1/2", "web/-1"};
	struct berth_request request = asking(NULL);
	struct berth_error error = {0};
	cr_expect_null(berth_exec(scene.berth, NULL, NULL, &error));
	cr_expect_null(berth_exec(scene.berth, &request, NULL, &error));
	cr_expect_eq(error.outcome, BERTH_USAGE);
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		request = asking(ONLY(bad[i]));
		error = (struct berth_error){0};
		cr_expect_null(berth_exec(scene.berth, &request, NULL, &error), "%s", bad[i]);
		cr_expect_eq(error.outcome, BERTH_USAGE);
		cr_expect(strstr(error.text, bad[i]), "%s", error.text);
	}
	request = asking(web);
	request.command = (const char *const[]){NULL};
	cr_expect_null(berth_exec(scene.berth, &request, NULL, &error));
	request.command = NULL;
	cr_expect_null(berth_exec(scene.berth, &request, NULL, NULL));
}

Test(exec_verb, commands_that_cannot_run_have_a_code_of_their_own)
{
	static const struct {
		enum code code;
		enum berth_outcome outcome;
		int64_t exit_code;
	} cases[] = {
	    {ERR_MISSING, BERTH_FAILED, 127},
	    {ERR_DENIED, BERTH_FAILED, 126},
	    {ERR_UNREACHABLE, BERTH_UNREACHABLE, -1},
	};
	deploy();
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct fake_command command = {.words = "say something"};
		fail(&command.error, cases[i].code, "it cannot be done");
		fake_target_command(scene.target, &command);
		struct berth_request request = asking(web);
		struct berth_operation *operation = begun(&request);
		ends(operation, cases[i].outcome, cases[i].exit_code);
		cr_expect(strstr(berth_message(operation), "it cannot be done"));
		berth_operation_free(operation);
	}
}

Test(exec_verb, input_goes_in_and_its_end_ends_it)
{
	fake_target_command(scene.target, &(struct fake_command){.words = "say something", .echoes = true});
	deploy();
	struct berth_request request = asking(web);
	request.interactive = true;
	struct berth_operation *operation = begun(&request);
	/* Before anything is known of where it goes. */
	berth_exec_input(operation, "early ", 6);
	cr_expect_eq(berth_exec_input_waiting(operation), 6);
	cr_assert(virtual_world_run(scene.world, echoed, "early ", 60000));
	cr_expect_eq(berth_exec_input_waiting(operation), 0);
	berth_exec_input(operation, "late", 4);
	cr_assert(virtual_world_run(scene.world, echoed, "early late", 60000));
	cr_expect_not(berth_done(operation));
	berth_exec_input_end(operation);
	berth_exec_input(operation, "too late", 8);
	ends(operation, BERTH_OK, 0);
	cr_expect_str_eq(text_view(&output), "early late");
	/* What comes after the end is nobody's. */
	berth_exec_input(operation, "x", 1);
	berth_exec_input_end(operation);
	berth_exec_resize(operation, 1, 1);
	cr_expect_eq(berth_exec_input_waiting(operation), 0);
	berth_operation_free(operation);
}

Test(exec_verb, input_is_for_those_who_asked_for_it)
{
	deploy();
	struct berth_request request = asking(web);
	struct berth_operation *operation = begun(&request);
	berth_exec_input(operation, "unasked", 7);
	cr_expect_eq(berth_exec_input_waiting(operation), 0);
	ends(operation, BERTH_OK, 0);
	berth_operation_free(operation);
	/* And no other operation has any. */
	struct berth_request looking = {.size = sizeof looking, .app = "shop"};
	operation = berth_status(scene.berth, &looking, NULL, NULL);
	berth_exec_input(operation, "x", 1);
	berth_exec_input_end(operation);
	berth_exec_resize(operation, 1, 1);
	cr_expect_eq(berth_exec_input_waiting(operation), 0);
	berth_operation_free(operation);
}

Test(exec_verb, interrupted_or_late_it_lets_go)
{
	fake_target_command(scene.target, &(struct fake_command){
					      .words = "say something", .output = "begun", .echoes = true});
	deploy();
	struct berth_request request = asking(web);
	request.interactive = true;
	struct berth_operation *operation = begun(&request);
	cr_assert(virtual_world_run(scene.world, echoed, "begun", 60000));
	berth_cancel(operation);
	ends(operation, BERTH_INTERRUPTED, -1);
	berth_operation_free(operation);
	request.timeout_ms = 500;
	operation = begun(&request);
	berth_exec_input(operation, "x", 1);
	ends(operation, BERTH_TIMED_OUT, -1);
	cr_expect_str_eq(text_view(&output), "begunx");
	berth_operation_free(operation);
	/* Freed in the midst of it. */
	operation = begun(&request);
	berth_exec_input(operation, "y", 1);
	berth_operation_free(operation);
	cr_expect_eq(virtual_world_pending(scene.world), 0);
}

Test(exec_verb, nothing_is_changed_by_it)
{
	deploy();
	size_t places = fake_target_calls(scene.target, FAKE_PLACE);
	runs(web, 0);
	cr_expect_eq(fake_target_calls(scene.target, FAKE_PLACE), places);
	cr_expect_str_eq(fake_target_commands(scene.target, "shop.web.1")[0], "say something");
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_deploy, three, &document), BERTH_OK);
	cr_expect_str_eq(scene_action(document, "shop.web.1"), "unchanged");
	json_decref(document);
}

/* --- a connection to one of its ports ------------------------------------------------------- */

static const char ported[] = "id: shop\n"
			     "location: fake\n"
			     "services:\n"
			     "- {type: docker:app, id: web, openPorts: 8080, portBindings: {18080: 80}}\n"
			     "- {type: process, id: worker, command: x, ports: {admin: 9000}}\n"
			     "- {type: docker:redis, id: db}\n";

static struct berth_operation *led(const char *component, unsigned port, const char *name)
{
	const char *const components[] = {component, NULL};
	const struct berth_request request = {
	    .size = sizeof request, .app = "shop", .components = components, .port = port, .name = name};
	struct berth_error error = {0};
	struct berth_operation *operation = berth_forward(scene.berth, &request, NULL, &error);
	cr_assert_not_null(operation, "%s", error.text);
	cr_assert(virtual_world_run(scene.world, is_done, operation, 60000), "it never ends");
	return operation;
}

static void leads_to(const char *component, unsigned port, const char *name, int64_t own, int64_t number)
{
	struct berth_operation *operation = led(component, port, name);
	cr_assert_eq(berth_outcome(operation), BERTH_OK, "%s", berth_message(operation));
	owned_json document =
	    json_parse(berth_result(operation), strlen(berth_result(operation)), "result", NULL);
	cr_expect_eq(json_number(document, "port", -1), own, "%s", berth_result(operation));
	cr_expect_eq(json_number(document, "number", -1), number, "%s", berth_result(operation));
	cr_expect_not_null(json_text(document, "address"), "%s", berth_result(operation));
	cr_expect_null(json_object_get(document, "exit_code"));
	berth_operation_free(operation);
}

static void leads_nowhere(const char *component, unsigned port, const char *name, const char *message,
			  const char *remedy)
{
	struct berth_operation *operation = led(component, port, name);
	cr_expect_eq(berth_outcome(operation), BERTH_FAILED);
	cr_expect(strstr(berth_message(operation), message), "%s", berth_message(operation));
	cr_expect(strstr(berth_remedy(operation), remedy), "%s", berth_remedy(operation));
	berth_operation_free(operation);
}

Test(exec_verb, a_port_is_reached_as_published_else_at_its_own_address)
{
	cr_assert_eq(scene_run(&scene, berth_deploy, ported, NULL), BERTH_OK);
	leads_to("web", 80, NULL, 80, 18080);
	leads_to("web/1", 8080, NULL, 8080, 8080);
	leads_to("web", 9999, NULL, 9999, 9999);
	leads_to("worker", 0, "admin", 9000, 9000);
	leads_nowhere("worker", 0, "admim", "no port called `admim`", "it has `admin`");
	leads_nowhere("wbe", 80, NULL, "no component `wbe`", "did you mean `web`?");
	leads_nowhere("web/2", 80, NULL, "no instance `web/2`", "there is web/1");
}

Test(exec_verb, what_is_no_port_is_refused_at_once)
{
	const struct berth_request request = {
	    .size = sizeof request, .app = "shop", .components = web, .port = 70000};
	struct berth_error error = {0};
	cr_assert_null(berth_forward(scene.berth, &request, NULL, &error));
	cr_expect_eq(error.outcome, BERTH_USAGE);
	cr_expect(strstr(error.text, "from 1 to 65535"), "%s", error.text);
}
