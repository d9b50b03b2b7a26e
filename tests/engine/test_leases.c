/* test_leases.c - who is at work on an application just now: a lease at each place it changes, and the lock
 * of this machine. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "locations/fake/target.h"
#include "tests/engine/scene.h"

static struct scene scene;
static struct fake_target *other; /* at another place */
static char *warned;

static void raise_curtain(void)
{
	scene_open(&scene);
	other = scene_place(&scene, "other");
}

static void drop_curtain(void)
{
	scene_close(&scene);
	free(warned);
}

TestSuite(leases, .init = raise_curtain, .fini = drop_curtain);

#define WEB(version)                                                                                         \
	"id: app\nlocation: fake\nservices:\n"                                                               \
	"- {type: 'docker:web:" version "', id: web, portBindings: {80: 9090}}\n"
#define MINUTE 60000

static void deploy(const char *blueprint)
{
	cr_assert_eq(scene_run(&scene, berth_deploy, blueprint, NULL), BERTH_OK, "%s",
		     scene.events ? scene.events : "");
}

static void hear(void *context, const struct berth_event *event)
{
	(void)context;
	if (event->kind == BERTH_EVENT_WARNING) {
		free(warned);
		warned = strdup(event->text);
	}
}

static struct berth_operation *begin(const char *blueprint)
{
	static const struct berth_listener listener = {.size = sizeof listener, .event = hear};
	struct berth_request request = {.size = sizeof request, .blueprint = blueprint, .file = "/b.yaml"};
	struct berth_error error;
	struct berth_operation *operation = berth_deploy(scene.berth, &request, &listener, &error);
	cr_assert_not_null(operation, "%s", error.text);
	return operation;
}

static void pass(int64_t duration_ms)
{
	virtual_world_run(scene.world, NULL, NULL, duration_ms);
}

static const char *lease_at(const struct fake_target *target)
{
	const struct fake_app *app = map_get(target->apps, "app");
	return app ? app->lease_token : NULL;
}

Test(leases, each_place_that_is_changed_is_leased_by_the_same_deploy)
{
	static const char both[] =
	    "id: app\nservices:\n"
	    "- {type: 'docker:x:1', id: here, location: fake}\n"
	    "- {type: 'docker:x:1', id: there, location: {type: fake, target: other}}\n";
	fake_target_time(scene.target, FAKE_PLACE, 3000);
	fake_target_time(other, FAKE_PLACE, 3000);
	struct berth_operation *deploying = begin(both);
	pass(1000);
	cr_assert(lease_at(scene.target) && lease_at(other));
	cr_expect_str_eq(lease_at(scene.target), lease_at(other));
	pass(MINUTE);
	cr_assert_eq(berth_outcome(deploying), BERTH_OK);
	berth_operation_free(deploying);
	cr_expect_not(lease_at(scene.target) || lease_at(other), "both are given back");
}

/* Else each of two could have one of them. */
Test(leases, the_next_place_is_leased_when_the_one_before_is_had)
{
	static const char both[] =
	    "id: app\nservices:\n"
	    "- {type: 'docker:x:1', id: here, location: fake}\n"
	    "- {type: 'docker:x:1', id: there, location: {type: fake, target: other}}\n";
	fake_target_time(scene.target, FAKE_LEASE, 3000);
	struct berth_operation *deploying = begin(both);
	pass(2000);
	cr_expect_eq(fake_target_calls(other, FAKE_LEASE), 0);
	pass(MINUTE);
	cr_expect_eq(berth_outcome(deploying), BERTH_OK);
	berth_operation_free(deploying);
}

/* Nobody heard its renewals for so long that somebody else could take it. */
Test(leases, who_has_lost_its_lease_to_another_leaves_off)
{
	static const struct fake_rule unheard = {.call = FAKE_LEASE,
						 .skip = 1,
						 .times = 4,
						 .error = {.code = ERR_UNREACHABLE, .text = "no answer"}};
	deploy(WEB("1"));
	fake_target_time(scene.target, FAKE_PLACE, 3 * MINUTE);
	cr_assert_eq(fake_target_rule(scene.target, &unheard), 0);
	struct berth_operation *late = begin(WEB("2"));
	pass(70000);
	struct fake_app *app = map_get(scene.target->apps, "app");
	cr_assert_lt(app->lease_until_ms, scene.world->ops->now(scene.world), "it has expired");
	free(app->lease_token);
	app->lease_token = strdup("bob.1");
	free(app->lease_words);
	app->lease_words = strdup("berth deploy of bob");
	app->lease_until_ms = INT64_MAX;
	size_t stops = fake_target_calls(scene.target, FAKE_STOP);
	pass(4 * MINUTE);
	cr_assert(berth_done(late));
	cr_expect_eq(berth_outcome(late), BERTH_INTERRUPTED);
	cr_expect_str_eq(warned, "fake: the lease has gone to berth deploy of bob: leaving off");
	cr_expect_eq(fake_target_calls(scene.target, FAKE_STOP), stops, "what ran runs on");
	cr_expect_str_eq(lease_at(scene.target), "bob.1", "another's lease is not taken away");
	berth_operation_free(late);
}

/* --- the lock of this machine ------------------------------------------------------------------------- */

static struct berth *another_program(void)
{
	char state[512];
	struct error err = {0};
	struct berth *berth = NULL;
	snprintf(state, sizeof state, "%s/state", virtual_world_directory(scene.world));
	struct berth_options options = {.size = sizeof options, .state_directory = state};
	cr_assert_eq(berth_open_in(&berth, scene.world, NULL, &options, &err), 0, "%s", err.text);
	return berth;
}

/* What `why` tells another program of who is at work; NULL: nobody. For the caller to free. */
static char *who_works(void)
{
	struct berth_request request = {.size = sizeof request, .app = "app"};
	struct berth *mine = scene.berth;
	owned_json document = NULL;
	scene.berth = another_program();
	enum berth_outcome outcome = scene_request(&scene, berth_why, &request, &document);
	berth_close(scene.berth);
	scene.berth = mine;
	cr_assert_eq(outcome, BERTH_OK);
	const char *words = json_text(document, "under_way");
	return words ? strdup(words) : NULL;
}

Test(leases, a_deploy_that_has_ended_is_not_under_way_although_its_process_keeps_the_application)
{
	struct berth_error error;
	deploy(WEB("1"));
	struct berth_operation *keeping = berth_keep(scene.berth, NULL, NULL, &error);
	cr_assert_not_null(keeping, "%s", error.text);
	pass(1000);
	owned_memory char *kept = who_works();
	cr_expect_null(kept, "told: %s", kept);

	fake_target_time(scene.target, FAKE_PLACE, 3000);
	struct berth_operation *deploying = begin(WEB("2"));
	pass(1000);
	owned_memory char *working = who_works();
	cr_assert_not_null(working);
	cr_expect_eq(strncmp(working, "berth deploy, process ", 22), 0, "%s", working);
	pass(MINUTE);
	cr_assert_eq(berth_outcome(deploying), BERTH_OK);
	berth_operation_free(deploying);
	owned_memory char *ended = who_works();
	cr_expect_null(ended, "told: %s", ended);
	berth_cancel(keeping);
	pass(MINUTE);
	berth_operation_free(keeping);
}

static bool lock_is_there(const char *app)
{
	char path[512];
	snprintf(path, sizeof path, "%s/state/locks/%s.lock", virtual_world_directory(scene.world), app);
	return access(path, F_OK) == 0;
}

/* What stands beside its instances may be more than a lease: whoever comes to take it away must find where.
 */
Test(leases, what_a_destroy_could_not_tidy_is_remembered_for_the_next_one)
{
	const struct fake_rule lost = {
	    .call = FAKE_TIDY, .times = 1, .error = {.code = ERR_UNREACHABLE, .text = "it is away"}};
	const struct berth_request request = {.size = sizeof request, .app = "app"};
	json_t *document;

	cr_assert_eq(scene_run(&scene, berth_deploy, WEB("1"), NULL), BERTH_OK);
	cr_assert_eq(fake_target_rule(scene.target, &lost), 0);
	cr_assert_eq(scene_request(&scene, berth_destroy, &request, NULL), BERTH_OK);
	scene_restart(&scene, true);
	size_t before = fake_target_calls(scene.target, FAKE_TIDY);
	cr_assert_eq(scene_request(&scene, berth_destroy, &request, &document), BERTH_OK);
	json_decref(document);
	cr_expect_gt(fake_target_calls(scene.target, FAKE_TIDY), before);
}

Test(leases, a_destroy_takes_its_own_lock_away_and_those_that_name_nobody)
{
	char path[512];
	deploy(WEB("1"));
	deploy("id: other\nlocation: fake\nservices:\n- {type: 'docker:x:1', id: web}\n");
	snprintf(path, sizeof path, "%s/state/locks/left.lock", virtual_world_directory(scene.world));
	owned_fd left = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	cr_assert_geq(left, 0);
	cr_assert_eq(scene_run(&scene, berth_destroy, WEB("1"), NULL), BERTH_OK);
	cr_expect_not(lock_is_there("app"));
	cr_expect_not(lock_is_there("left"), "what a killed destroy left");
	cr_expect(lock_is_there("other"));
}
