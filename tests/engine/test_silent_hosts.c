/* test_silent_hosts.c - machines of a pool that do not answer, or where nothing can be installed: others are
 * taken, and what may run there is not made again. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "tests/engine/hosting.h"

TestSuite(silent_hosts, .init = pool_begin, .fini = keeping_end, .timeout = 60);

/* What `status` says of the first instance of the first component. */
static void must_be(const char *blueprint, const char *state)
{
	json_t *document;
	pool_run(berth_status, blueprint, &document);
	owned_memory char *line = json_line(document);
	json_t *component = json_array_get(json_object_get(document, "components"), 0);
	json_t *instance = json_array_get(json_object_get(component, "instances"), 0);
	cr_assert_str_eq(json_text(instance, "state"), state, "%s", line);
	json_decref(document);
}

Test(silent_hosts, one_that_does_not_answer_is_left_out_and_the_next_one_taken)
{
	pool.dead[0] = "10.0.0.1";
	deploy(THREE ONE("a", "") ONE("b", ""));
	cr_assert_str_eq(machine_of("a"), "10.0.0.2");
	cr_assert_str_eq(machine_of("b"), "10.0.0.3");
}

Test(silent_hosts, why_one_is_left_out_is_told_by_status_and_among_the_events)
{
	static const struct berth_request events = {.size = sizeof events, .app = "app"};
	json_t *document;

	pool.dead[0] = "10.0.0.1";
	deploy(THREE ONE("a", ""));
	cr_assert_eq(pool_run(berth_status, THREE ONE("a", ""), &document), BERTH_OK);
	const json_t *silent_one = json_array_get(json_object_get(document, "unreachable"), 0);
	cr_assert(strstr(json_text(silent_one, "location"), "10.0.0.1"));
	cr_assert(strstr(json_text(silent_one, "error"), "nobody answers"));
	json_decref(document);
	cr_assert_eq(scene_request(&scene, berth_events, &events, &document), BERTH_OK);
	owned_memory char *line = json_line(document);
	cr_assert(strstr(line, "machine-left-out") && strstr(line, "10.0.0.1"), "%s", line);
	json_decref(document);
}

Test(silent_hosts, one_that_did_not_answer_is_left_alone_for_a_while_and_then_asked_again)
{
	pool.dead[0] = "10.0.0.1";
	deploy(THREE ONE("a", ""));
	cr_assert_gt(pool.knocks, 0);
	pool.knocks = 0;
	deploy(THREE ONE("a", "") ONE("b", ""));
	cr_assert_eq(pool.knocks, 0);
	pool.dead[0] = NULL;
	pass(6000);
	deploy(THREE ONE("a", "") ONE("b", "") ONE("c", ""));
	cr_assert_str_eq(machine_of("c"), "10.0.0.1");
}

Test(silent_hosts, what_may_run_on_a_silent_machine_is_unknown_and_not_made_again)
{
	json_t *document;

	deploy(THREE ONE("a", ""));
	pool.dead[0] = "10.0.0.1";
	cr_assert_eq(pool_run(berth_plan, THREE ONE("a", "") ONE("b", ""), &document), BERTH_OK);
	const json_t *unknown = json_object_get(document, "unknown");
	cr_expect_eq(json_array_size(unknown), 1, "the other one is to be made");
	cr_expect_str_eq(json_text(json_array_get(unknown, 0), "instance"), "app.a.1");
	cr_expect(*json_text(json_array_get(unknown, 0), "why"));
	json_decref(document);
	cr_assert_eq(pool_run(berth_deploy, THREE ONE("a", "") ONE("b", ""), &document), BERTH_UNREACHABLE);
	owned_memory char *line = json_line(document);
	cr_assert(strstr(line, "nobody knows whether it runs"), "%s", line);
	json_decref(document);
	cr_assert_eq(copies_of("a"), 1);
	cr_assert_str_eq(machine_of("a"), "10.0.0.1");
	cr_assert_str_eq(machine_of("b"), "10.0.0.2");
	must_be(THREE ONE("a", "") ONE("b", ""), "unknown");
	pool.dead[0] = NULL;
	deploy(THREE ONE("a", "") ONE("b", ""));
	cr_assert_eq(copies_of("a"), 1);
	must_be(THREE ONE("a", "") ONE("b", ""), "running");
}

/* Another deployer is one whose store knows nothing; this one's own may have been lost as well. */
Test(silent_hosts, what_a_lost_store_knew_to_be_on_a_silent_machine_is_made_nowhere_else)
{
	json_t *document;

	deploy(THREE ONE("a", "") ONE("b", ""));
	pool.dead[0] = "10.0.0.1";
	scene_restart(&scene, false);
	for (int time = 0; time < 3; time++) { /* each knows what the one before wrote down */
		cr_assert_eq(pool_run(berth_deploy, THREE ONE("a", "") ONE("b", ", env: {N: 2}"), &document),
			     BERTH_UNREACHABLE);
		owned_memory char *line = json_line(document);
		cr_assert(strstr(line, "nobody knows whether it runs"), "%s", line);
		json_decref(document);
		cr_assert_eq(copies_of("a"), 1);
		cr_assert_eq(copies_of("b"), 1, "what is seen is seen to");
		pass(6000);
	}
	cr_assert_eq(pool_run(berth_destroy, THREE ONE("a", "") ONE("b", ""), &document), BERTH_UNREACHABLE);
	json_decref(document);
	pool.dead[0] = NULL;
	pass(600000);
	deploy(THREE ONE("a", "") ONE("b", ", env: {N: 2}"));
	cr_assert_eq(copies_of("a"), 1);
	cr_assert_str_eq(machine_of("a"), "10.0.0.1");
}

Test(silent_hosts, what_a_lost_store_knew_is_made_elsewhere_when_its_machine_is_taken_out)
{
	json_t *document;

	deploy(THREE ONE("a", "") ONE("b", ""));
	pool.dead[0] = "10.0.0.1";
	scene_restart(&scene, false);
	cr_assert_eq(pool_run(berth_deploy, THREE ONE("a", "") ONE("b", ""), &document), BERTH_UNREACHABLE);
	json_decref(document);
	deploy(POOL("byon: {user: me, hosts: [10.0.0.2, 10.0.0.3]}") ONE("a", "") ONE("b", ""));
	cr_assert_eq(copies_of("a"), 2);
	cr_assert_eq(copies_of("b"), 1);
}

Test(silent_hosts, what_was_on_a_machine_that_is_taken_out_of_the_pool_is_made_elsewhere)
{
	deploy(THREE ONE("a", ""));
	pool.dead[0] = "10.0.0.1";
	deploy(POOL("byon: {user: me, hosts: [10.0.0.2, 10.0.0.3]}") ONE("a", ""));
	cr_assert_eq(copies_of("a"), 2);
	pool.dead[0] = NULL;
	pass(6000);
	deploy(THREE ONE("a", ""));
	cr_assert_eq(copies_of("a"), 1, "what was left there goes when the machine is back");
	cr_assert_str_eq(machine_of("a"), "10.0.0.2");
}

Test(silent_hosts, a_pool_of_which_no_machine_answers_is_refused)
{
	json_t *document;

	pool.silent = true;
	cr_assert_eq(pool_run(berth_deploy, THREE ONE("a", ""), &document), BERTH_UNREACHABLE);
	json_decref(document);
	pass(100); /* that is remembered by then */
	pool.silent = false;
	deploy(THREE ONE("a", ""));
	cr_assert_eq(pool.count, 1);
	cr_assert_str_eq(machine_of("a"), "10.0.0.1", "nobody rests when all would");
}

Test(silent_hosts, nothing_is_destroyed_while_part_of_it_cannot_be_seen)
{
	json_t *document;

	deploy(THREE ONE("a", "") ONE("b", ""));
	pool.dead[0] = "10.0.0.3"; /* nothing is there */
	pool.dead[1] = "10.0.0.2";
	cr_assert_eq(pool_run(berth_destroy, THREE ONE("a", "") ONE("b", ""), &document), BERTH_UNREACHABLE);
	json_decref(document);
	cr_assert_eq(pool.count, 2);
	pool.dead[1] = NULL;
	cr_assert_eq(pool_run(berth_destroy, THREE ONE("a", "") ONE("b", ""), &document), BERTH_OK);
	json_decref(document);
	cr_assert_eq(pool.count, 0);
}

Test(silent_hosts, one_where_installing_failed_twice_comes_last)
{
	json_t *document;

	pool.full = "10.0.0.1";
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(pool_run(berth_deploy, THREE ONE("a", ""), &document), BERTH_FAILED);
		json_decref(document);
	}
	deploy(THREE ONE("a", ""));
	cr_assert_str_eq(machine_of("a"), "10.0.0.2");
	pool.full = NULL;
	deploy(THREE ONE("a", "") ONE("b", "") ONE("c", ""));
	cr_assert_str_eq(machine_of("c"), "10.0.0.1");
}

Test(silent_hosts, a_check_asks_each_machine_of_a_pool_at_once)
{
	static const struct berth_request check = {
	    .size = sizeof check, .check = true, .name = "byon:(hosts=\"10.0.0.{1-3}\", user=me)"};
	json_t *document, *list;

	pool.dead[0] = "10.0.0.1";
	deploy(THREE ONE("a", ""));
	cr_assert_eq(scene_request(&scene, berth_locations, &check, &document), BERTH_UNREACHABLE);
	list = json_object_get(document, "locations");
	cr_assert_eq(json_array_size(list), 3);
	cr_assert(json_is_false(json_object_get(json_array_get(list, 0), "reachable")));
	cr_assert(json_is_true(json_object_get(json_array_get(list, 1), "reachable")));
	json_decref(document);
	pool.dead[0] = NULL;
	cr_assert_eq(scene_request(&scene, berth_locations, &check, &document), BERTH_OK);
	json_decref(document);
	pass(1000); /* it is remembered by then */
	deploy(THREE ONE("a", "") ONE("b", ""));
	cr_assert_str_eq(machine_of("b"), "10.0.0.1", "its rest is over");
}

Test(silent_hosts, a_check_of_a_blueprint_asks_each_machine_once_however_many_components_it_has)
{
	static const char two[] = THREE ONE("a", "") ONE("b", "");
	static const struct berth_request check = {
	    .size = sizeof check, .check = true, .blueprint = two, .blueprint_size = sizeof two - 1};
	json_t *document;

	cr_assert_eq(scene_request(&scene, berth_locations, &check, &document), BERTH_OK);
	cr_expect_eq(json_array_size(json_object_get(document, "locations")), 3);
	json_decref(document);
}
