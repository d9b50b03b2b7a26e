/* test_handle.c - what the handle holds against whom: memory that fails, sizes that were forgotten, what is
 * not done yet. */
#include <criterion/criterion.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

TestSuite(handle, .init = raise_curtain, .fini = drop_curtain);

static void fail_once(void *context, const struct berth_event *event)
{
	bool *failed = context;
	if (!*failed && event->kind == BERTH_EVENT_PHASE)
		count_memory_failure();
	*failed |= event->kind == BERTH_EVENT_PHASE;
}

static struct berth_operation *begin_deploy(const char *blueprint, const struct berth_listener *listener)
{
	struct berth_request request = {.size = sizeof request, .blueprint = blueprint, .file = "/b.yaml"};
	struct berth_operation *operation = berth_deploy(scene.berth, &request, listener, NULL);
	cr_assert_not_null(operation);
	return operation;
}

static enum berth_outcome end_of(struct berth_operation *operation)
{
	while (!berth_done(operation))
		virtual_world_run(scene.world, NULL, NULL, 1000);
	enum berth_outcome outcome = berth_outcome(operation);
	berth_operation_free(operation);
	return outcome;
}

#define ALONE(id) "id: " id "\nlocation: fake\nservices: [{type: 'docker:redis:3', id: db}]\n"

Test(handle, memory_that_fails_one_operation_is_not_held_against_another, .timeout = 60)
{
	bool failed = false;
	struct berth_listener listener = {.size = sizeof listener, .event = fail_once, .context = &failed};
	struct berth_operation *before = begin_deploy(ALONE("before"), NULL);
	struct berth_operation *one = begin_deploy(ALONE("one"), &listener);
	struct berth_operation *after = begin_deploy(ALONE("after"), NULL);
	cr_expect_eq(end_of(one), BERTH_FAILED);
	cr_expect(failed);
	cr_expect_eq(end_of(before), BERTH_OK);
	cr_expect_eq(end_of(after), BERTH_OK);
}

Test(handle, memory_that_fails_nobody_knows_whom_is_held_against_all_that_are_under_way, .timeout = 60)
{
	struct berth_operation *one = begin_deploy(ALONE("one"), NULL),
			       *other = begin_deploy(ALONE("other"), NULL);
	count_memory_failure();
	struct berth_operation *after = begin_deploy(ALONE("after"), NULL);
	cr_expect_eq(end_of(one), BERTH_FAILED);
	cr_expect_eq(end_of(other), BERTH_FAILED);
	cr_expect_eq(end_of(after), BERTH_OK);
}

/* --- sizes that were forgotten ---------------------------------------------------------------------- */

static void refused_for_size(struct berth_operation *operation, const struct berth_error *error,
			     const char *structure)
{
	cr_expect_null(operation);
	cr_expect_eq(error->outcome, BERTH_USAGE);
	cr_expect(strstr(error->text, structure) && strstr(error->text, "is not set"), "%s", error->text);
}

Test(handle, a_request_whose_size_was_forgotten_is_refused)
{
	const struct berth_request request = {.app = "app"}, whole = {.size = sizeof whole, .app = "app"};
	const struct berth_listener listener = {.context = &scene};
	struct berth_error error = {0};
	refused_for_size(berth_status(scene.berth, &request, NULL, &error), &error, "berth_request");
	error = (struct berth_error){0};
	refused_for_size(berth_exec(scene.berth, &request, NULL, &error), &error, "berth_request");
	error = (struct berth_error){0};
	refused_for_size(berth_status(scene.berth, &whole, &listener, &error), &error, "berth_listener");
}

Test(handle, options_whose_size_was_forgotten_open_nothing)
{
	const struct berth_options options = {.state_directory = "/nowhere"};
	struct berth *berth = NULL;
	struct berth_error error = {0};
	cr_expect_eq(berth_open(&berth, &options, &error), -1);
	refused_for_size(NULL, &error, "berth_options");
}

Test(handle, what_is_not_done_has_not_ended_well)
{
	const struct berth_request request = {.size = sizeof request};
	struct berth_operation *operation = berth_status(scene.berth, &request, NULL, NULL);
	cr_assert_not_null(operation);
	cr_expect_not(berth_done(operation));
	cr_expect_eq(berth_outcome(operation), BERTH_FAILED);
	cr_assert(virtual_world_run(scene.world, scene_ended, operation, 60 * 1000));
	cr_expect_eq(berth_outcome(operation), BERTH_OK);
	berth_operation_free(operation);
}

Test(handle, without_a_home_the_store_is_where_the_users_entry_says)
{
	struct berth *berth = NULL;
	struct berth_options options = {.size = sizeof options, .controller = "none"};
	char wanted[300];
	const struct passwd *entry = getpwuid(getuid());
	unsetenv("HOME");
	unsetenv("XDG_STATE_HOME");
	cr_assert_not_null(entry);
	cr_assert_eq(berth_open(&berth, &options, NULL), 0);
	snprintf(wanted, sizeof wanted, "%s/.local/state/berth", entry->pw_dir);
	cr_expect_str_eq(berth_state_directory(berth), wanted);
	berth_close(berth);
}
