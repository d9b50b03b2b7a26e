/* test_hosts.c - pools of machines: which of them a component gets, and that it stays there. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "tests/engine/hosting.h"

TestSuite(hosts, .init = pool_begin, .fini = keeping_end, .timeout = 60);

Test(hosts, each_component_gets_a_machine_for_itself)
{
	deploy(THREE ONE("a", "") ONE("b", "") ONE("c", ""));
	cr_assert_str_eq(machine_of("a"), "10.0.0.1");
	cr_assert_str_eq(machine_of("b"), "10.0.0.2");
	cr_assert_str_eq(machine_of("c"), "10.0.0.3");
}

Test(hosts, a_component_stays_where_it_is)
{
	deploy(THREE ONE("a", "") ONE("b", ""));
	deploy(THREE ONE("b", "") ONE("c", ""));
	cr_assert_str_eq(machine_of("b"), "10.0.0.2");
	cr_assert_str_neq(machine_of("c"), "10.0.0.2");
	scene_restart(&scene, false);
	deploy(THREE ONE("c", "") ONE("b", ""));
	cr_assert_str_eq(machine_of("b"), "10.0.0.2");
	cr_assert_eq(pool.count, 2);
}

Test(hosts, a_machine_that_another_application_has_is_passed_over)
{
	pool.held_by_others = "10.0.0.1";
	deploy(THREE ONE("a", ""));
	cr_assert_str_eq(machine_of("a"), "10.0.0.2");
}

Test(hosts, those_of_one_server_share_a_machine)
{
	deploy(THREE ONE("a", ", sameServer: x") ONE("b", "") ONE("c", ", sameServer: x"));
	cr_assert_str_eq(machine_of("a"), machine_of("c"));
	cr_assert_str_neq(machine_of("a"), machine_of("b"));
}

Test(hosts, a_component_for_which_no_machine_is_left_is_told_of_before_anything_is_done)
{
	json_t *document = NULL;

	pool.held_by_others = "10.0.0.2";
	cr_assert_eq(scene_run(&scene, berth_deploy, THREE ONE("a", "") ONE("b", "") ONE("c", ""), &document),
		     BERTH_FAILED);
	cr_assert_str_eq(json_text(json_object_get(document, "error"), "code"), "capacity");
	const char *text = json_text(json_object_get(document, "error"), "text");
	cr_assert(strstr(text, "`c` has no machine"));
	cr_assert(strstr(text, "10.0.0.1 by `a`, 10.0.0.2 by application `somebody` of ann of desk since "
			       "2025-11-28T01:40:00Z, 10.0.0.3 by `b`"),
		  "%s", text);
	cr_assert_eq(pool.count, 0);
	json_decref(document);
}

static bool warns(const char *verb_says)
{
	return strstr(scene.events, verb_says) != NULL;
}

Test(hosts, a_machine_under_two_names_is_used_once_and_what_runs_there_stays)
{
	pool.other_name = "10.0.0.2";
	deploy(THREE ONE("a", "") ONE("b", ""));
	cr_assert_str_eq(machine_of("a"), "10.0.0.1");
	cr_assert_str_eq(machine_of("b"), "10.0.0.3");
	deploy(THREE ONE("a", "") ONE("b", ""));
	cr_assert_eq(pool.count, 2);
	cr_assert(warns("byon/10.0.0.1 and byon/10.0.0.2 are one machine"), "%s", scene.events);
	/* Nor when it was made by the other name, without which it was written before. */
	scene_restart(&scene, false);
	deploy(POOL("byon: {user: me, hosts: [10.0.0.3, 10.0.0.2, 10.0.0.1]}") ONE("a", "") ONE("b", ""));
	cr_assert_eq(pool.count, 2);
	cr_assert_str_eq(machine_of("a"), "10.0.0.1");
}

Test(hosts, a_machine_under_two_names_is_one_when_it_is_cleared)
{
	json_t *document = NULL;

	pool.other_name = "10.0.0.2";
	deploy(THREE ONE("a", ""));
	cr_assert_eq(scene_run(&scene, berth_destroy, THREE ONE("a", ""), &document), BERTH_OK, "%s",
		     scene.events);
	cr_assert_eq(pool.count, 0);
	json_decref(document);
}

Test(hosts, a_cluster_does_not_take_one_machine_for_two)
{
	json_t *document = NULL;

	pool.other_name = "10.0.0.2";
	scene_run(
	    &scene, berth_deploy,
	    THREE
	    "- {type: cluster, id: web, initialSize: 3, memberSpec: {type: process, command: sleep 9}}\n",
	    &document);
	cr_assert_eq(pool.count, 2, "%s", scene.events);
	cr_assert(warns("no machine for another member"), "%s", scene.events);
	json_decref(document);
}

Test(hosts, a_member_for_which_there_is_no_machine_is_planned_onto_none_and_asks_nothing_of_any)
{
	static const char cluster[] = THREE "- {type: cluster, id: web, initialSize: 3, memberSpec: {type: "
					    "process, command: sleep 9}}\n";
	json_t *document = NULL;

	pool.held_by_others = "10.0.0.1";
	cr_assert_eq(scene_run(&scene, berth_plan, cluster, &document), BERTH_OK);
	json_t *changes = json_object_get(document, "changes");
	cr_expect_str_eq(json_text(json_array_get(changes, 1), "location"), "byon/10.0.0.3");
	cr_expect_null(json_text(json_array_get(changes, 2), "location"));
	cr_expect(
	    strstr(json_text(json_array_get(changes, 2), "lacks"), "has no machine for another member"));
	json_decref(document);
	cr_assert_eq(scene_run(&scene, berth_deploy, cluster, &document), BERTH_FAILED);
	cr_expect_eq(pool.count, 2);
	for (size_t i = 0; i < pool.claim_count; i++)
		cr_expect_str_neq(pool.claims[i].host, "10.0.0.1", "it is somebody else's");
	json_decref(document);
}

Test(hosts, a_password_is_in_no_message)
{
	static const char blueprint[] = "id: app\nservices:\n- {type: process, id: a, command: sleep 9, "
					"location: {ssh: {host: 10.0.0.9, user: "
					"me, password: hunter2}}}\n";
	json_t *document = NULL;

	pool.silent = true;
	cr_assert_eq(scene_run(&scene, berth_deploy, blueprint, &document), BERTH_UNREACHABLE);
	owned_memory char *line = json_line(document);
	cr_assert(strstr(line, "\"ssh:me@10.0.0.9: "), "%s", line);
	cr_assert_null(strstr(line, "hunter2"), "%s", line);
	json_decref(document);
}

static const char *told_of(const json_t *status, size_t i, const char *what)
{
	const json_t *component = json_array_get(json_object_get(status, "components"), i);
	const json_t *instance = json_array_get(json_object_get(component, "instances"), 0);

	return json_text(strcmp(what, "location") ? instance : component, what);
}

Test(hosts, a_place_without_a_name_is_called_by_where_it_is)
{
	struct berth_request request = {.size = sizeof request, .app = "app"};
	owned_json status = NULL;

	deploy("id: app\nservices:\n"
	       "- {type: process, id: a, command: x, location: {ssh: {host: 10.0.0.8, user: me, address: "
	       "10.9.0.8}}}\n"
	       "- {type: process, id: b, command: x, location: {ssh: {host: 10.0.0.9, user: me, directory: "
	       "x}}}\n"
	       "- {type: process, id: c, command: x, location: {ssh: {host: 10.0.0.9, user: me, port: "
	       "2222}}}\n");
	cr_assert_eq(scene_request(&scene, berth_status, &request, &status), BERTH_OK);
	cr_expect_str_eq(told_of(status, 0, "location"), "ssh:me@10.0.0.8");
	cr_expect_str_eq(told_of(status, 1, "location"), "ssh:me@10.0.0.9");
	cr_expect_str_eq(told_of(status, 2, "location"), "ssh:me@10.0.0.9#2");
	cr_expect_str_eq(told_of(status, 0, "address"), "10.9.0.8", "its loopback is nobody else's");
}

Test(hosts, a_place_is_not_called_by_a_password)
{
	struct berth_request request = {.size = sizeof request, .app = "app"};
	owned_json status = NULL;

	deploy(
	    "id: app\nservices:\n"
	    "- {type: process, id: a, command: x, location: {ssh: {host: 'me:sec@ret@10.0.0.8'}}}\n"
	    "- {type: process, id: b, command: x, location: {ssh: {host: 'ssh://me:sec@ret@10.0.0.9'}}}\n");
	cr_assert_eq(scene_request(&scene, berth_status, &request, &status), BERTH_OK);
	cr_expect_str_eq(told_of(status, 0, "location"), "ssh:10.0.0.8");
	cr_expect_str_eq(told_of(status, 1, "location"), "ssh:10.0.0.9");
}

Test(hosts, host_keys_that_nobody_knows_are_told_of_all_at_once)
{
	pool.strangers = true;
	cr_assert_eq(scene_run(&scene, berth_plan,
			       "id: app\nservices:\n"
			       "- {type: process, id: a, command: x, location: 'ssh:me@10.0.0.7'}\n"
			       "- {type: process, id: b, command: x, location: 'ssh:me@10.0.0.8'}\n"
			       "- {type: process, id: c, command: x, location: 'ssh:me@10.0.0.9:2222'}\n",
			       NULL),
		     BERTH_DENIED);
	cr_expect(strstr(scene.events, "the host key of 10.0.0.8 is not known"), "%s", scene.events);
	cr_expect(strstr(scene.events, "the host keys of 3 machines are not known"), "%s", scene.events);
	cr_expect(strstr(scene.events, "ssh-keyscan -p 22 10.0.0.7 10.0.0.8 >>~/.ssh/known_hosts && "
				       "ssh-keyscan -p 2222 10.0.0.9 >>~/.ssh/known_hosts"),
		  "%s", scene.events);
}

Test(hosts, the_command_for_host_keys_goes_by_the_file_and_the_jump_that_are_said)
{
	pool.strangers = true;
	cr_assert_eq(scene_run(&scene, berth_plan,
			       "id: app\nlocations:\n"
			       "  a: {ssh: {host: 10.0.0.7, knownHosts: \"/my keys/known\"}}\n"
			       "  b: {ssh: {host: 10.0.0.8, jump: 'me@door:2222'}}\n"
			       "  c: {ssh: {host: 10.0.0.9, jump: door}}\n"
			       "services:\n"
			       "- {type: process, id: a, command: x, location: a}\n"
			       "- {type: process, id: b, command: x, location: b}\n"
			       "- {type: process, id: c, command: x, location: c}\n",
			       NULL),
		     BERTH_DENIED);
	cr_expect(strstr(scene.events, "ssh-keyscan -p 22 10.0.0.7 >>'/my keys/known' && "
				       "ssh ssh://me@door:2222 ssh-keyscan -p 22 10.0.0.8 "
				       ">>~/.ssh/known_hosts && "
				       "ssh door ssh-keyscan -p 22 10.0.0.9 >>~/.ssh/known_hosts"),
		  "%s", scene.events);
}

Test(hosts, a_pool_may_stand_in_one_line)
{
	deploy("id: app\nlocation: 'byon:(hosts=\"10.0.1.1, you@10.0.1.{2,4-5}\", user=me)'\nservices:\n" ONE(
	    "a", "") ONE("b", "") ONE("c", "") ONE("d", ""));
	cr_assert_str_eq(machine_of("a"), "10.0.1.1");
	cr_assert_str_eq(machine_of("b"), "10.0.1.2");
	cr_assert_str_eq(machine_of("d"), "10.0.1.5");
	deploy("id: app\nlocation: 'byon(name=\"two more\", hosts=\"10.0.1.1,10.0.1.5\", "
	       "user=me)'\nservices:\n" ONE("a", "") ONE("d", ""));
	cr_assert_str_eq(machine_of("d"), "10.0.1.5");
}

Test(hosts, a_pool_without_machines_is_refused)
{
	cr_assert_eq(scene_run(&scene, berth_deploy, POOL("byon: {user: me}") ONE("a", ""), NULL),
		     BERTH_INVALID);
	cr_assert_eq(scene_run(&scene, berth_deploy, POOL("byon: {hosts: []}") ONE("a", ""), NULL),
		     BERTH_INVALID);
}

/* --- clusters ------------------------------------------------------------------------------- */

#define CLUSTER(size)                                                                                        \
	THREE "- {type: cluster, id: web, initialSize: " #size                                               \
	      ", memberSpec: {type: process, command: sleep 9}}\n"

static enum berth_outcome scale(int64_t to, json_t **ret)
{
	static const char *const web[] = {"web", NULL};
	struct berth_request request = {.size = sizeof request, .app = "app", .components = web, .count = to};
	*ret = NULL;
	return scene_request(&scene, berth_scale, &request, ret);
}

static enum berth_outcome replace(const char *member)
{
	static const char *const web[] = {"web", NULL};
	char argument[40];
	const char *const arguments[] = {argument, NULL};
	struct berth_request request = {.size = sizeof request,
					.app = "app",
					.components = web,
					.name = "replaceMember",
					.arguments = arguments};
	snprintf(argument, sizeof(argument), "memberId=%s", member);
	return scene_request(&scene, berth_invoke, &request, NULL);
}

/* On how many machines there is something. */
static size_t machines_in_use(void)
{
	size_t used = 0;
	for (size_t i = 0; i < pool.count; i++) {
		bool first = true;
		for (size_t n = 0; n < i; n++)
			first &= strcmp(pool.all[n].host, pool.all[i].host) != 0;
		used += first;
	}
	return used;
}

Test(hosts, each_member_of_a_cluster_gets_a_machine_and_gives_it_back)
{
	json_t *document;

	deploy(CLUSTER(2));
	cr_assert_eq(machines_in_use(), 2);
	cr_assert_eq(scale(3, &document), BERTH_OK, "%s", scene.events);
	json_decref(document);
	cr_assert_eq(pool.count, 3);
	cr_assert_eq(machines_in_use(), 3);
	cr_assert_eq(scale(1, &document), BERTH_OK, "%s", scene.events);
	json_decref(document);
	cr_assert_eq(pool.count, 1);
	deploy(CLUSTER(2));
	cr_assert_eq(pool.count, 1, "it stays as large as it was made");
}

Test(hosts, a_cluster_for_which_no_machine_is_left_says_so_and_keeps_those_it_has)
{
	json_t *document;

	deploy(CLUSTER(2));
	cr_assert_eq(scale(5, &document), BERTH_FAILED);
	owned_memory char *line = json_line(document);
	cr_assert(strstr(line, "no machine for another member"), "%s", line);
	json_decref(document);
	cr_assert_eq(pool.count, 3);
	cr_assert_eq(machines_in_use(), 3);
}

Test(hosts, a_member_on_a_silent_machine_counts_and_is_replaced_elsewhere_only_when_it_is_asked_for)
{
	json_t *document;

	deploy(CLUSTER(2));
	pool.dead[0] = "10.0.0.1";
	cr_assert_eq(pool_run(berth_deploy, CLUSTER(2), &document), BERTH_UNREACHABLE);
	json_decref(document);
	cr_assert_eq(pool.count, 2);
	cr_assert_eq(replace("1"), BERTH_OK, "%s", scene.events);
	cr_assert_eq(pool.count, 3);
	cr_assert_eq(machines_in_use(), 3);
	pool.dead[0] = NULL;
	pass(60000);
	deploy(CLUSTER(2));
	cr_assert_eq(pool.count, 2, "what came back with its machine goes");
	for (size_t i = 0; i < pool.count; i++)
		cr_assert_str_neq(pool.all[i].host, "10.0.0.1");
}
