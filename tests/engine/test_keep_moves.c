/* test_keep_moves.c - applications that are kept, some of it by a target that moves its tasks: who holds
 * their numbers is given the new ones, and nobody else is touched. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/engine/keeping.h"

static struct fake_target *tasks;

static void begin(void)
{
	keeping_begin();
	tasks = scene_place(&scene, "tasks");
}

TestSuite(keep_moves, .init = begin, .fini = keeping_end);

#define PLACES                                                                                               \
	"id: app\nlocations:\n  m: {type: fake, target: tasks, profile: marathon}\n  d: {type: "             \
	"fake}\nservices:\n- {type: 'docker:web:1', id: web, location: m, openPorts: 80}\n"                  \
	"- {type: 'docker:alone:1', id: alone, location: d}\n"
#define FRONT(more)                                                                                          \
	"- {type: 'docker:front:1', id: front, location: d, links: [$brooklyn:component(\"web\")]" more "}"  \
	"\n"

#define TOLD "! front: what it is linked to has moved"

/* Its one task ends, and has begun elsewhere. */
static void move(void)
{
	uint16_t before = fake_target_task_port(tasks, "app.web.1", 0, 80), now = before;
	cr_assert_eq(fake_target_task_dies(tasks, "app.web.1", 0, 1), 0);
	for (int i = 0; i < 600 && (now == before || !now); i++) {
		pass(10);
		now = fake_target_task_port(tasks, "app.web.1", 0, 80);
	}
	cr_assert(now && now != before, "%u", (unsigned)now);
}

static const char *held(const char *consumer)
{
	return scene_variable(&scene, consumer, "WEB_PORT_80_TCP_PORT") ?: "";
}

static bool holds_the_number(const char *consumer)
{
	char number[8];
	snprintf(number, sizeof number, "%u", (unsigned)fake_target_task_port(tasks, "app.web.1", 0, 80));
	return !strcmp(held(consumer), number);
}

static bool is_relinked(void *nothing)
{
	(void)nothing;
	return holds_the_number("app.front.1") &&
	       fake_target_find(scene.target, "app.front.1")->state == SEEN_RUNNING;
}

Test(keep_moves, who_holds_a_moved_number_is_made_anew_within_moments_and_nobody_else)
{
	deploy(PLACES FRONT(""));
	char alone[32];
	snprintf(alone, sizeof alone, "%s", fake_target_find(scene.target, "app.alone.1")->target_id);
	keep();
	pass(SECOND);
	move();
	cr_expect_not(holds_the_number("app.front.1"));
	pass(100);
	cr_expect_eq(times_told(TOLD), 1, "told:\n%s", told ? told : "");
	cr_expect(virtual_world_run(scene.world, is_relinked, NULL, 30 * SECOND), "told:\n%s", told);
	pass(10 * MINUTE);
	cr_expect_eq(times_told(TOLD), 1, "told:\n%s", told);
	cr_expect_str_eq(fake_target_find(scene.target, "app.alone.1")->target_id, alone);
}

static void restart(const char *component)
{
	const char *const components[] = {component, NULL};
	const struct berth_request by_name = {.size = sizeof by_name, .app = "app", .components = components};
	cr_assert_eq(scene_request(&scene, berth_restart, &by_name, NULL), BERTH_OK);
}

Test(keep_moves, who_was_started_before_a_restarted_provider_follows_it)
{
	deploy(PLACES FRONT(""));
	keep();
	pass(SECOND);
	restart("web");
	cr_expect(virtual_world_run(scene.world, is_relinked, NULL, 30 * SECOND), "told:\n%s", told);
	cr_expect_eq(times_told(TOLD), 1, "told:\n%s", told ? told : "");
}

Test(keep_moves, who_is_restarted_after_its_provider_has_its_number_already)
{
	deploy(PLACES FRONT(""));
	keep();
	pass(SECOND);
	restart(NULL);
	cr_expect(is_relinked(NULL));
	pass(10 * MINUTE);
	cr_expect_eq(times_told(TOLD), 0, "told:\n%s", told ? told : "");
}

Test(keep_moves, what_is_seen_only_when_a_controller_begins_is_followed_too)
{
	deploy(PLACES FRONT(", policies: [{type: restarter}]"));
	move();
	keep();
	cr_expect(virtual_world_run(scene.world, is_relinked, NULL, 30 * SECOND), "told:\n%s", told);
	move();
	cr_expect(virtual_world_run(scene.world, is_relinked, NULL, 30 * SECOND), "told:\n%s", told);
	cr_expect_eq(times_told(TOLD), 2, "told:\n%s", told);
	cr_assert_eq(fake_target_exit(scene.target, "app.front.1", 1), 0);
	pass(30 * SECOND);
	runs("app.front.1"); /* its policies see to it as before */
}

Test(keep_moves, whoever_says_so_keeps_the_number_it_has)
{
	deploy(PLACES FRONT(", onChange: none"));
	keep();
	pass(SECOND);
	move();
	pass(MINUTE);
	cr_expect_eq(times_told(TOLD), 0, "told:\n%s", told ? told : "");
	cr_expect_not(holds_the_number("app.front.1"));
}

Test(keep_moves, what_was_stopped_on_purpose_stays_so_when_its_provider_moves)
{
	static const char *const front[] = {"front", NULL};
	const struct berth_request by_name = {.size = sizeof by_name, .app = "app", .components = front};
	deploy(PLACES FRONT(""));
	keep();
	pass(SECOND);
	cr_assert_eq(scene_request(&scene, berth_stop, &by_name, NULL), BERTH_OK);
	move();
	pass(MINUTE);
	cr_expect_eq(times_told(TOLD), 0, "told:\n%s", told ? told : "");
	cr_expect_neq(fake_target_find(scene.target, "app.front.1")->state, SEEN_RUNNING);
}

Test(keep_moves, what_cannot_be_given_its_new_number_runs_on_and_is_tried_again)
{
	const struct fake_rule refused = {
	    .call = FAKE_PLACE, .times = 1, .error = {.code = ERR_FAILED, .text = "no"}};
	deploy(PLACES FRONT(""));
	keep();
	pass(SECOND);
	cr_assert_eq(fake_target_rule(scene.target, &refused), 0);
	move();
	pass(MINUTE);
	cr_expect_eq(times_told(TOLD), 1, "told:\n%s", told);
	cr_expect(virtual_world_run(scene.world, is_relinked, NULL, 6 * MINUTE), "told:\n%s", told);
}
