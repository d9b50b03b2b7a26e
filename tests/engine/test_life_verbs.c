/* test_life_verbs.c - stop, start, restart and scale; what is left of those that were killed; plans that are
 * kept and carried out later. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
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

TestSuite(life_verbs, .init = raise_curtain, .fini = drop_curtain);

#define APP "id: app\nlocation: fake\nservices:\n"

#define CHAIN                                                                                                \
	APP "- {type: 'docker:x:1', id: db, openPorts: 80}\n"                                                \
	    "- {type: 'docker:y:1', id: web, openPorts: 81, instances: 2, links: "                           \
	    "[$brooklyn:component(\"db\")]}\n"

Test(life_verbs, what_is_stopped_is_kept_and_started_again)
{
	json_t *document = NULL;
	scene_deploy(&scene, CHAIN);
	cr_assert_eq(scene_by_name(&scene, berth_stop, NULL, &document), BERTH_OK);
	cr_assert_str_eq(scene_action(document, "app.db.1"), "stop");
	json_decref(document);
	cr_assert_eq(fake_target_instances(scene.target), 3);
	cr_assert_not(scene_runs(&scene, "app.db.1") || scene_runs(&scene, "app.web.1"));
	cr_assert_str_eq(scene_state(&scene, CHAIN, 0), "stopped");
	cr_assert_eq(scene_by_name(&scene, berth_start, NULL, NULL), BERTH_OK);
	cr_assert(scene_runs(&scene, "app.db.1") && scene_runs(&scene, "app.web.1") &&
		  scene_runs(&scene, "app.web.2"));
	cr_assert_str_eq(scene_state(&scene, CHAIN, 0), "running");
}

Test(life_verbs, one_component_is_stopped_and_a_deploy_starts_it)
{
	static const char *const web[] = {"web", NULL};
	scene_deploy(&scene, CHAIN);
	cr_assert_eq(scene_by_name(&scene, berth_stop, web, NULL), BERTH_OK);
	cr_assert(scene_runs(&scene, "app.db.1"));
	cr_assert_not(scene_runs(&scene, "app.web.1"));
	scene_deploy(&scene, CHAIN);
	cr_assert(scene_runs(&scene, "app.web.1"));
}

Test(life_verbs, started_without_its_provider_it_says_what_it_needs)
{
	static const char *const web[] = {"web", NULL};
	json_t *document = NULL;
	scene_deploy(&scene, CHAIN);
	cr_assert_eq(scene_by_name(&scene, berth_stop, NULL, NULL), BERTH_OK);
	cr_assert_eq(scene_by_name(&scene, berth_start, web, &document), BERTH_FAILED);
	const json_t *failure = json_array_get(json_object_get(document, "failures"), 0);
	cr_assert_not_null(strstr(json_text(failure, "error"), "`db`"), "%s", json_text(failure, "error"));
	json_decref(document);
}

Test(life_verbs, a_restart_goes_providers_first_and_one_instance_after_the_other)
{
	scene_deploy(&scene, CHAIN);
	char before[64];
	snprintf(before, sizeof before, "%s", scene_id(&scene, "app.web.1"));
	cr_assert_eq(scene_by_name(&scene, berth_restart, NULL, NULL), BERTH_OK);
	const char *db = strstr(scene.events, "app.db.1 running"),
		   *one = strstr(scene.events, "app.web.1 stopping"),
		   *up = strstr(scene.events, "app.web.1 running"),
		   *two = strstr(scene.events, "app.web.2 stopping");
	cr_assert(db && one && up && two && db < one && up < two, "%s", scene.events);
	cr_assert_str_eq(scene_id(&scene, "app.web.1"), before, "the same instance runs again");
}

Test(life_verbs, stopped_without_the_store_and_from_the_locations_alone)
{
	static const char *const locations[] = {"here=fake", NULL};
	struct berth_request request = {.size = sizeof request, .app = "app", .locations = locations};
	scene_deploy(&scene, CHAIN);
	scene_restart(&scene, false);
	cr_assert_eq(scene_request(&scene, berth_stop, &request, NULL), BERTH_OK);
	cr_assert_not(scene_runs(&scene, "app.db.1") || scene_runs(&scene, "app.web.1"));
	cr_assert_eq(scene_request(&scene, berth_start, &request, NULL), BERTH_OK);
	cr_assert(scene_runs(&scene, "app.db.1") && scene_runs(&scene, "app.web.2"));
}

Test(life_verbs, what_nobody_knows_cannot_be_started)
{
	cr_assert_eq(scene_by_name(&scene, berth_start, NULL, NULL), BERTH_FAILED);
	cr_assert_eq(scene_by_name(&scene, berth_stop, NULL, NULL), BERTH_FAILED);
}

Test(life_verbs, scaled_until_the_next_deploy_goes_back_to_what_the_file_says)
{
	static const char *const web[] = {"web", NULL};
	struct berth_request request = {.size = sizeof request, .app = "app", .components = web, .count = 4};
	scene_deploy(&scene, CHAIN);
	cr_assert_eq(scene_request(&scene, berth_scale, &request, NULL), BERTH_OK);
	cr_assert_eq(fake_target_instances(scene.target), 5);
	request.count = 1;
	cr_assert_eq(scene_request(&scene, berth_scale, &request, NULL), BERTH_OK);
	cr_assert_eq(fake_target_instances(scene.target), 2);
	scene_expect(&scene, CHAIN, "app.web.2", "create");
	scene_deploy(&scene, CHAIN);
	cr_assert_eq(fake_target_instances(scene.target), 3);
}

/* Those that went say nothing of those that are there. */
Test(life_verbs, a_component_of_which_there_are_fewer_runs)
{
	const char *two =
	    "id: app\nlocation: fake\nservices:\n- {type: 'docker:x:1', id: web, instances: 2}\n";
	const char *one = "id: app\nlocation: fake\nservices:\n- {type: 'docker:x:1', id: web}\n";
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_deploy, two, NULL), BERTH_OK);
	cr_assert_eq(scene_run(&scene, berth_deploy, one, &document), BERTH_OK);
	const json_t *web = json_array_get(json_object_get(document, "components"), 0);
	cr_expect_str_eq(json_text(web, "state"), "running");
	cr_expect_eq(json_array_size(json_object_get(web, "instances")), 1);
	json_decref(document);
}

Test(life_verbs, a_component_that_is_not_there_is_not_scaled)
{
	static const char *const wob[] = {"wob", NULL};
	struct berth_request request = {.size = sizeof request, .app = "app", .components = wob, .count = 2};
	scene_deploy(&scene, CHAIN);
	cr_assert_neq(scene_request(&scene, berth_scale, &request, NULL), BERTH_OK);
	cr_assert_eq(scene_by_name(&scene, berth_stop, wob, NULL), BERTH_USAGE);
	cr_assert_eq(fake_target_instances(scene.target), 3);
}

/* --- leases ------------------------------------------------------------------------------------- */

Test(life_verbs, two_machines_of_one_owner_do_not_interleave)
{
	scene_deploy(&scene, CHAIN);
	struct berth_request request = {
	    .size = sizeof request, .blueprint = APP "- {type: 'docker:x:2', id: db}\n", .file = "/b.yaml"};
	struct berth_error error;
	fake_target_time(scene.target, FAKE_PLACE, 3000);
	struct berth_operation *first = berth_deploy(scene.berth, &request, NULL, &error);
	virtual_world_run(scene.world, NULL, NULL, 1000);
	/* Another machine: the same owner's name, another place, no common lock. */
	char state[600];
	struct berth *here = scene.berth, *there = NULL;
	struct error err = {0};
	snprintf(state, sizeof state, "%s/elsewhere", virtual_world_directory(scene.world));
	struct berth_options options = {.size = sizeof options,
					.state_directory = state,
					.config_directory = state,
					.helper = "/bin/true"};
	cr_assert_eq(berth_open_in(&there, scene.world, NULL, &options, &err), 0);
	there->owner = here->owner;
	scene.berth = there;
	cr_assert_eq(scene_run(&scene, berth_deploy, CHAIN, NULL), BERTH_LOCKED);
	virtual_world_run(scene.world, NULL, NULL, 60000);
	cr_assert(berth_done(first));
	berth_operation_free(first);
	cr_assert_eq(scene_run(&scene, berth_deploy, CHAIN, NULL), BERTH_OK);
	berth_close(there);
	scene.berth = here;
}

Test(life_verbs, a_killed_deploys_lease_does_not_keep_its_own_machine_waiting)
{
	struct berth_request request = {.size = sizeof request, .blueprint = CHAIN, .file = "/b.yaml"};
	struct berth_error error;
	fake_target_time(scene.target, FAKE_PLACE, 3000);
	berth_deploy(scene.berth, &request, NULL, &error);
	virtual_world_run(scene.world, NULL, NULL, 1000);
	scene_restart(&scene, true);
	scene_deploy(&scene, CHAIN);
}

/* Killed after all was done, but for the lease's return. */
static void killed_before_tidying(verb_function *verb, const char *blueprint)
{
	struct berth_request request = {.size = sizeof request, .blueprint = blueprint, .file = "/b.yaml"};
	struct berth_error error;
	size_t before = fake_target_calls(scene.target, FAKE_TIDY);
	/* It does not get there. */
	const struct fake_rule lost = {.call = FAKE_TIDY,
				       .times = 1,
				       .delay_ms = 30000,
				       .error = {.code = ERR_UNREACHABLE, .text = "lost"}};
	cr_assert_eq(fake_target_rule(scene.target, &lost), 0);
	verb(scene.berth, &request, NULL, &error);
	for (int i = 0; i < 100 && fake_target_calls(scene.target, FAKE_TIDY) == before; i++)
		virtual_world_run(scene.world, NULL, NULL, 200);
	cr_assert_eq(fake_target_calls(scene.target, FAKE_TIDY), before + 1);
	scene_restart(&scene, true);
}

static bool lease_is_there(void)
{
	const struct fake_app *app = map_get(scene.target->apps, "app");
	return app && app->lease_token;
}

Test(life_verbs, a_killed_deploys_lease_goes_with_the_next_deploy_that_has_nothing_else_to_do)
{
	static const char less[] = APP "- {type: 'docker:x:1', id: db, openPorts: 80}\n";
	json_t *document;
	scene_deploy(&scene, CHAIN);
	killed_before_tidying(berth_deploy, less);
	cr_assert(lease_is_there());
	cr_assert_eq(scene_run(&scene, berth_deploy, less, &document), BERTH_OK);
	cr_assert(json_is_false(json_object_get(document, "changed")));
	json_decref(document);
	cr_assert_not(lease_is_there());
	size_t asked = fake_target_calls(scene.target, FAKE_LEASE);
	scene_deploy(&scene, less);
	cr_assert_eq(fake_target_calls(scene.target, FAKE_LEASE), asked, "nothing is left to be taken away");
}

Test(life_verbs, a_killed_destroys_lease_goes_with_the_next_destroy)
{
	scene_deploy(&scene, CHAIN);
	killed_before_tidying(berth_destroy, CHAIN);
	cr_assert_eq(fake_target_instances(scene.target), 0);
	cr_assert(lease_is_there());
	cr_assert_eq(scene_run(&scene, berth_destroy, CHAIN, NULL), BERTH_OK);
	cr_assert_not(lease_is_there());
}

/* One call of that kind fails, although it is done. */
static void fails_with_effect(enum fake_call call, verb_function *verb)
{
	const struct fake_rule failing = {
	    .call = call, .times = 1, .effect = true, .error = {.code = ERR_UNREACHABLE, .text = "lost"}};
	json_t *document;
	cr_assert_eq(fake_target_rule(scene.target, &failing), 0);
	cr_assert_eq(scene_run(&scene, verb, CHAIN, &document), BERTH_UNREACHABLE);
	json_decref(document);
	cr_assert_not(lease_is_there());
}

Test(life_verbs, a_deploy_that_fails_before_its_work_leaves_no_lease)
{
	fails_with_effect(FAKE_LEASE, berth_deploy);
	fails_with_effect(FAKE_CLAIM, berth_deploy);
	fails_with_effect(FAKE_PREPARE, berth_deploy);
	scene_deploy(&scene, CHAIN);
	fails_with_effect(FAKE_LEASE, berth_destroy);
	cr_assert_eq(fake_target_instances(scene.target), 3);
}

Test(life_verbs, a_long_deploy_keeps_its_lease)
{
	struct berth_request request = {.size = sizeof request, .blueprint = CHAIN, .file = "/b.yaml"};
	struct berth_error error;
	fake_target_time(scene.target, FAKE_PLACE, 200000);
	struct berth_operation *operation = berth_deploy(scene.berth, &request, NULL, &error);
	virtual_world_run(scene.world, NULL, NULL, 150000);
	cr_assert_geq(fake_target_calls(scene.target, FAKE_LEASE), 7);
	berth_operation_free(operation);
}

/* --- saved plans ---------------------------------------------------------------------------------- */

static char *saved(const char *blueprint)
{
	json_t *document = scene_plan(&scene, blueprint);
	char *text = strdup(json_text(document, "saved"));
	json_decref(document);
	return text;
}

static enum berth_outcome carry_out(const char *plan)
{
	struct berth_request request = {.size = sizeof request, .plan = plan};
	return scene_request(&scene, berth_deploy, &request, NULL);
}

Test(life_verbs, a_saved_plan_is_carried_out_or_refused_as_stale)
{
	scene_deploy(&scene, CHAIN);
	char *plan = saved(APP "- {type: 'docker:x:2', id: db, openPorts: 80}\n");
	cr_assert_eq(strncmp(plan, "{\"berth_plan\":", 14), 0, "%.40s", plan);
	cr_assert_eq(fake_target_vanish(scene.target, "app.web.1"), 0);
	cr_assert_eq(carry_out(plan), BERTH_LOCKED);
	cr_assert_not_null(fake_target_find(scene.target, "app.web.2"), "nothing was touched");
	free(plan);
	plan = saved(APP "- {type: 'docker:x:2', id: db, openPorts: 80}\n");
	cr_assert_eq(carry_out(plan), BERTH_OK);
	cr_assert_eq(fake_target_instances(scene.target), 1);
	cr_assert_eq(carry_out(plan), BERTH_LOCKED, "done already: it is another plan now");
	free(plan);
	cr_assert_eq(carry_out("{\"berth_plan\": 1}"), BERTH_INVALID);
	cr_assert_eq(carry_out("rubbish"), BERTH_INVALID);
}

/* A listing of what is ours does not tell of it. */
Test(life_verbs, a_saved_plan_whose_name_a_stranger_has_by_now_is_refused_before_anything_is_touched)
{
	static const char two[] = APP "- {type: 'docker:x:1', id: db}\n- {type: 'docker:y:1', id: web}\n";
	scene_deploy(&scene, APP "- {type: 'docker:x:1', id: db}\n");
	char *plan = saved(two);
	cr_assert_eq(fake_target_stranger(scene.target, "app.web.1"), 0);
	unsigned placed = fake_target_calls(scene.target, FAKE_PLACE);
	cr_assert_eq(carry_out(plan), BERTH_LOCKED);
	cr_assert_eq(fake_target_calls(scene.target, FAKE_PLACE), placed);
	free(plan);
	plan = saved(APP "- {type: 'docker:x:2', id: db, openPorts: 80}\n");
	cr_assert_eq(fake_target_stranger(scene.target, "app.db.1.g2"), 0);
	cr_assert_eq(carry_out(plan), BERTH_LOCKED, "also that of another generation");
	cr_assert(scene_runs(&scene, "app.db.1"));
	free(plan);
}

Test(life_verbs, what_the_blueprint_read_from_the_environment_is_kept_with_it)
{
	static const char blueprint[] =
	    APP "- {type: 'docker:x:1', id: web, env: {COMMIT: '$berth:env(\"GIT_COMMIT\")'}}\n";
	json_t *document = NULL;
	scene_environment("GIT_COMMIT", "abc");
	scene_deploy(&scene, blueprint);
	char *plan = saved(blueprint);
	scene_environment("GIT_COMMIT", "def");
	cr_assert_eq(scene_by_name(&scene, berth_deploy, NULL, &document), BERTH_OK);
	cr_assert_not(json_flag(document, "changed", true), "by name it is what was deployed");
	json_decref(document);
	cr_assert_eq(carry_out(plan), BERTH_OK, "so is a saved plan");
	free(plan);
	cr_assert_str_eq(scene_variable(&scene, "app.web.1", "COMMIT"), "abc");
	scene_deploy(&scene, blueprint);
	cr_assert_str_eq(scene_variable(&scene, "app.web.1", "COMMIT"), "def");
}
