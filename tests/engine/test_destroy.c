/* test_destroy.c - what a destroy takes away and what it keeps, and how it ends when it is cut off. */
#include <criterion/criterion.h>
#include <stdio.h>
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

TestSuite(destroy, .init = raise_curtain, .fini = drop_curtain);

Test(destroy, destroy_finds_everything_without_the_store_when_told_where)
{
	const char *const locations[] = {"x=fake", NULL};
	struct berth_request request = {.size = sizeof request, .app = "app", .locations = locations};
	cr_assert_eq(scene_run(&scene, berth_deploy, SCENE_PAIR, NULL), BERTH_OK);
	scene_restart(&scene, false);
	cr_assert_eq(scene_request(&scene, berth_destroy, &request, NULL), BERTH_OK);
	cr_assert_eq(fake_target_instances(scene.target), 0);
}

Test(destroy, destroy_tells_which_data_it_kept_and_which_it_removed)
{
	struct berth_request request = {.size = sizeof request, .app = "app"};
	json_t *document = NULL;
	cr_assert_eq(
	    scene_run(
		&scene, berth_deploy,
		"id: app\nlocation: fake\nservices:\n- {type: 'docker:x', id: db, volumes: ['data:/d']}\n",
		NULL),
	    BERTH_OK);
	cr_assert_eq(scene_request(&scene, berth_destroy, &request, &document), BERTH_OK);
	cr_expect_eq(json_array_size(json_object_get(document, "kept_volumes")), 1);
	cr_expect_eq(json_array_size(json_object_get(document, "removed_volumes")), 0);
	json_decref(document);
	request.volumes = true;
	request.locations = (const char *const[]){"fake=fake", NULL};
	cr_assert_eq(scene_request(&scene, berth_destroy, &request, &document), BERTH_OK);
	cr_expect_eq(json_array_size(json_object_get(document, "kept_volumes")), 0);
	const json_t *removed = json_array_get(json_object_get(document, "removed_volumes"), 0);
	cr_expect_str_eq(json_text(removed, "name"), "data");
	json_decref(document);
}

Test(destroy, destroy_twice_is_as_good_as_once)
{
	struct berth_request request = {.size = sizeof request, .app = "app"};
	cr_assert_eq(scene_run(&scene, berth_deploy, SCENE_PAIR, NULL), BERTH_OK);
	cr_assert_eq(scene_request(&scene, berth_destroy, &request, NULL), BERTH_OK);
	cr_assert_eq(scene_request(&scene, berth_destroy, &request, NULL), BERTH_OK);
}

Test(destroy, a_destroy_takes_along_the_lock_that_one_left_that_was_killed_at_its_last_call)
{
	const struct world_ops *ops = scene.world->ops;
	char left[300], held[300];
	snprintf(left, sizeof left, "%s/locks/left.lock", scene.berth->state_directory);
	snprintf(held, sizeof held, "%s/locks/held.lock", scene.berth->state_directory);
	cr_assert_eq(scene_run(&scene, berth_deploy, SCENE_PAIR, NULL), BERTH_OK);
	cr_assert_eq(ops->file_write(scene.world, left, 0600, "", 0, NULL), 0);
	struct file_lock *lock = ops->lock(scene.world, held, NULL);
	cr_assert_not_null(lock);
	cr_assert_eq(scene_run(&scene, berth_destroy, SCENE_PAIR, NULL), BERTH_OK);
	cr_expect_not(ops->file_exists(scene.world, left));
	cr_expect(ops->file_exists(scene.world, held), "somebody is at it");
	ops->unlock(scene.world, lock);
}

Test(destroy, destroy_keeps_what_another_owner_holds)
{
	struct berth_request request = {.size = sizeof request, .app = "app"};
	cr_assert_eq(scene_run(&scene, berth_deploy, SCENE_PAIR, NULL), BERTH_OK);
	scene.berth->owner = (struct owner){"somebody-else", "eve@elsewhere", "elsewhere"};
	cr_assert_eq(scene_request(&scene, berth_destroy, &request, NULL), BERTH_LOCKED);
	cr_assert_eq(fake_target_instances(scene.target), 2);
	request.adopt = true;
	cr_assert_eq(scene_request(&scene, berth_destroy, &request, NULL), BERTH_OK);
	cr_assert_eq(fake_target_instances(scene.target), 0);
}

Test(destroy, a_destroy_that_cannot_remove_says_what_is_left_and_goes_on_next_time)
{
	static const struct fake_rule refuse = {.call = FAKE_REMOVE,
						.instance = "app.db.1",
						.times = 1,
						.error = {.code = ERR_FAILED, .text = "busy"}};
	struct berth_request request = {.size = sizeof request, .app = "app"};
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_deploy, SCENE_PAIR, NULL), BERTH_OK);
	cr_assert_eq(fake_target_rule(scene.target, &refuse), 0);
	cr_assert_eq(scene_request(&scene, berth_destroy, &request, &document), BERTH_FAILED);
	json_t *failure = json_array_get(json_object_get(document, "failures"), 0);
	cr_assert_str_eq(json_text(failure, "instance"), "app.db.1");
	cr_assert_str_eq(json_text(failure, "error"), "busy");
	json_decref(document);
	cr_assert_eq(scene_request(&scene, berth_destroy, &request, NULL), BERTH_OK);
	cr_assert_eq(fake_target_instances(scene.target), 0);
}

Test(destroy, a_dry_run_shows_what_would_go_and_touches_nothing)
{
	struct berth_request request = {.size = sizeof request, .app = "app", .dry_run = true};
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_deploy, SCENE_PAIR, NULL), BERTH_OK);
	cr_assert_eq(scene_request(&scene, berth_destroy, &request, &document), BERTH_OK);
	cr_assert_str_eq(scene_action(document, "app.db.1"), "remove");
	json_t *change = json_array_get(json_object_get(document, "changes"), 0);
	cr_assert_eq(json_array_size(json_object_get(change, "because")), 0, "the blueprint still has it");
	cr_assert_eq(fake_target_instances(scene.target), 2);
	json_decref(document);
}

Test(destroy, a_removal_that_is_never_answered_does_not_hold_who_set_a_time)
{
	static const enum fake_call calls[] = {FAKE_LEASE, FAKE_STOP, FAKE_REMOVE, FAKE_RELEASE,
					       FAKE_DISCLAIM};
	for (size_t i = 0; i < COUNT_OF(calls); i++) {
		struct berth_request request = {.size = sizeof request, .app = "app", .timeout_ms = 1000};
		const struct fake_rule silent = {.call = calls[i], .delay_ms = 30 * 60 * 1000};
		cr_assert_eq(scene_run(&scene, berth_deploy, SCENE_PAIR, NULL), BERTH_OK);
		cr_assert_eq(fake_target_rule(scene.target, &silent), 0);
		int64_t begun = scene.world->ops->now(scene.world);
		cr_expect_eq(scene_request(&scene, berth_destroy, &request, NULL), BERTH_TIMED_OUT,
			     "call %zu", i);
		cr_expect_lt(scene.world->ops->now(scene.world) - begun, 30000, "call %zu", i);
		fake_target_calm(scene.target);
		cr_expect_eq(scene_run(&scene, berth_destroy, SCENE_PAIR, NULL), BERTH_OK, "call %zu", i);
		cr_expect_eq(fake_target_instances(scene.target), 0, "call %zu", i);
	}
}

Test(destroy, a_destroy_left_at_once_forgets_nothing_and_the_next_goes_on)
{
	struct berth_error error;
	struct berth_request request = {.size = sizeof request, .app = "app"};
	cr_assert_eq(scene_run(&scene, berth_deploy, SCENE_PAIR, NULL), BERTH_OK);
	fake_target_time(scene.target, FAKE_STOP, 5000);
	struct berth_operation *operation = berth_destroy(scene.berth, &request, NULL, &error);
	virtual_world_run(scene.world, NULL, NULL, 1000);
	berth_cancel(operation);
	berth_cancel(operation);
	cr_assert(virtual_world_run(scene.world, scene_ended, operation, 1000));
	cr_assert_eq(berth_outcome(operation), BERTH_INTERRUPTED);
	berth_operation_free(operation);
	/* By its name alone: the store still knows where it is. */
	cr_assert_eq(scene_request(&scene, berth_destroy, &request, NULL), BERTH_OK);
	cr_assert_eq(fake_target_instances(scene.target), 0);
}

Test(destroy, a_destroy_cancelled_before_the_network_went_says_so_and_keeps_the_record)
{
	struct berth_error error;
	struct berth_request request = {.size = sizeof request, .app = "app"};
	cr_assert_eq(scene_run(&scene, berth_deploy, SCENE_PAIR, NULL), BERTH_OK);
	fake_target_time(scene.target, FAKE_REMOVE, 1000);
	struct berth_operation *operation = berth_destroy(scene.berth, &request, NULL, &error);
	virtual_world_run(scene.world, NULL, NULL, 500);
	berth_cancel(operation);
	cr_assert(virtual_world_run(scene.world, scene_ended, operation, 60000));
	cr_assert_eq(berth_outcome(operation), BERTH_INTERRUPTED);
	berth_operation_free(operation);
	size_t released = fake_target_calls(scene.target, FAKE_RELEASE);
	cr_assert_eq(scene_request(&scene, berth_destroy, &request, NULL), BERTH_OK);
	cr_assert_gt(fake_target_calls(scene.target, FAKE_RELEASE), released);
}
