/* test_counts.c - what the engine counts of its own work, as it is told. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "berth/numbers.h"
#include "tests/engine/scene.h"

static struct scene scene;
static struct berth_operation *keeper;
static struct text notices;

static void raise_curtain(void)
{
	scene_open(&scene);
}

static void drop_curtain(void)
{
	berth_operation_free(give(keeper));
	scene_close(&scene);
	text_release(&notices);
}

TestSuite(counts, .init = raise_curtain, .fini = drop_curtain);

#define SECOND 1000
#define WEB                                                                                                  \
	"id: app\nlocation: fake\nservices:\n- {type: 'docker:front:1', id: web, instances: 2, policies: "   \
	"[{type: restarter, backoff: 1s, breakerAfter: 3}]}\n"

/* "NAME LABEL=VALUE ...": its number; -1: it is not told. */
struct wanted {
	const char *key;
	int64_t found;
	int64_t last_bound;
};

static void look(void *of, const struct berth_number *number)
{
	struct wanted *wanted = of;
	owned_text key = {0};
	text_add(&key, number->name);
	for (size_t i = 0; i < number->label_count; i++)
		text_format(&key, " %s=%s", number->labels[i].name, number->labels[i].value);
	if (strcmp(text_view(&key), wanted->key) != 0)
		return;
	cr_assert_eq(wanted->found, -1, "%s is told twice", wanted->key);
	wanted->found = (int64_t)number->value;
	for (size_t i = 1; i < number->bound_count; i++)
		cr_assert(number->bounds[i] > number->bounds[i - 1] &&
			  number->within[i] >= number->within[i - 1]);
	if (number->bound_count)
		wanted->last_bound = (int64_t)number->within[number->bound_count - 1];
}

static int64_t number(const char *key)
{
	struct wanted wanted = {key, -1, -1};
	berth_numbers(scene.berth, look, &wanted);
	if (wanted.last_bound >= 0)
		cr_assert_eq(wanted.last_bound, wanted.found, "%s", key);
	return wanted.found;
}

static void deploy(void)
{
	cr_assert_eq(scene_run(&scene, berth_deploy, WEB, NULL), BERTH_OK, "%s", scene.events);
}

static void note(void *context, const struct berth_event *event)
{
	(void)context;
	if (event->kind == BERTH_EVENT_NOTICE)
		text_format(&notices, "%s %s %s\n", event->what, event->app, event->instance);
}

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
	static const struct berth_listener listener = {.size = sizeof listener, .event = note};
	keeper = berth_keep(scene.berth, NULL, &listener, NULL);
	pass(SECOND);
}

Test(counts, calls_by_location_and_what_came_of_them)
{
	deploy();
	cr_assert_eq(number("calls location=fake call=place result=ok"), 2);
	cr_assert_eq(number("calls location=fake call=start result=ok"), 2);
	cr_assert_eq(number("calls location=fake call=claim result=ok"), 1);
	cr_assert_eq(number("calls location=fake call=place result=unreachable"), -1);
}

Test(counts, one_that_fails_counts_as_what_it_failed_with)
{
	struct berth_request app = {.size = sizeof app, .app = "app"};
	deploy();
	fake_target_unreachable(scene.target, true);
	cr_assert_eq(scene_request(&scene, berth_status, &app, NULL), BERTH_UNREACHABLE);
	cr_assert_eq(number("calls location=fake call=list result=unreachable"), 1);
}

Test(counts, how_long_it_took_until_all_was_as_wanted)
{
	deploy();
	cr_assert_eq(number("reconcile verb=deploy"), 1);
	cr_assert_eq(number("reconcile verb=status"), -1);
}

Test(counts, instances_of_what_is_kept_by_their_states)
{
	deploy();
	cr_assert_eq(number("instances app=app state=running"), -1);
	keep();
	cr_assert_eq(number("instances app=app state=running"), 2);
	cr_assert_eq(number("applications"), 1);
	cr_assert_eq(number("queue_depth queue=call"), 0);
	fake_target_exit(scene.target, "app.web.1", 1);
	pass(100);
	cr_assert_eq(number("instances app=app state=running"), 1);
}

Test(counts, what_policies_decided_and_who_hears_of_it)
{
	deploy();
	keep();
	fake_target_exit(scene.target, "app.web.1", 1);
	pass(10 * SECOND);
	cr_assert_eq(number("policy_decisions policy=restarter kind=restart"), 1);
	cr_assert_str_eq(text_view(&notices), "failure app app.web.1\nrecovery app app.web.1\n");
}

Test(counts, a_breaker_that_opens_is_told_once)
{
	const struct fake_behaviour dies = {.component = "app.web.1", .exits = UINT32_MAX};
	deploy();
	keep();
	fake_target_behave(scene.target, &dies);
	fake_target_exit(scene.target, "app.web.1", 1);
	pass(200 * SECOND);
	const char *first = strstr(text_view(&notices), "breaker app app.web.1\n");
	cr_assert_not_null(first, "%s", text_view(&notices));
	cr_assert_null(strstr(first + 1, "breaker app"), "%s", text_view(&notices));
	cr_assert_eq(number("policy_decisions policy=restarter kind=breaker"), 1);
}
