/* test_hosts.c - pools of machines: which of them a component gets, and that it stays there. The machines
 * answer as our script on them would. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "scene.h"
#include "tests/support/virtual_ssh.h"

#define MOST 20

static struct scene scene;
/* What is on which machine. */
static struct placed {
	char host[40], app[40], folder[80], manifest[2000];
	bool runs;
} all[MOST];
static size_t count;
static bool silent;                /* no machine answers */
static const char *dead[4];        /* those that do not answer */
static const char *full;           /* where nothing can be installed */
static size_t knocks;              /* at those that do not answer */
static bool strangers;             /* nobody knows their host keys */
static const char *held_by_others; /* a machine that another application has */
static const char *other_name;     /* of 10.0.0.1 */
static struct claimed {
	char host[40], lines[300];
} claims[MOST];
static size_t claim_count;

static struct placed *find(const char *host, const char *app, const char *folder)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(all[i].host, host) && !strcmp(all[i].app, app) && !strcmp(all[i].folder, folder))
			return &all[i];
	return NULL;
}

static void tell_instances(const char *host, struct text *answer)
{
	text_format(answer, "@machine b00t 1700000000000 %s\n@self b00t:%s\n", host, host);
	if (held_by_others && !strcmp(held_by_others, host))
		text_add(answer, "@host somebody 1764294000\n:id\n:ann of desk\n:desk\n");
	for (size_t i = 0; i < claim_count; i++)
		if (!strcmp(claims[i].host, host))
			text_format(answer, "@app app\n@claim app\n%s", claims[i].lines);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(all[i].host, host) != 0)
			continue;
		text_format(answer, "@instance %s %s\n", all[i].app, all[i].folder);
		for (const char *line = all[i].manifest; *line; line += strcspn(line, "\n") + 1)
			text_format(answer, ":%.*s\n", (int)strcspn(line, "\n"), line);
		text_format(answer, "@state %s alive 0 7 70 8 80 1700000000001 0 0 -1 0 b00t\n",
			    all[i].runs ? "running" : "stopped");
	}
}

/* The text between the quotes behind MANIFEST=, a newline behind each line. */
static void read_manifest(const char *script, struct placed *placed)
{
	const char *begin = strstr(script, "MANIFEST='") + strlen("MANIFEST='");

	snprintf(placed->manifest, sizeof(placed->manifest), "%.*s\n", (int)strcspn(begin, "'"), begin);
}

/* Whoever comes has it: its lines, a colon before each. */
static const char *take_claim(const char *host, const char *script)
{
	struct claimed *claimed = &claims[claim_count++];
	const char *begin = strstr(script, "CLAIM='") + strlen("CLAIM='"), *end = strchr(begin, '\'');
	size_t length = 0;

	*claimed = (struct claimed){0};
	snprintf(claimed->host, sizeof(claimed->host), "%s", host);
	for (const char *line = begin; line < end; line += strcspn(line, "\n") + 1)
		length += (size_t)snprintf(claimed->lines + length, sizeof(claimed->lines) - length,
					   ":%.*s\n", (int)strcspn(line, "\n'"), line);
	return claimed->lines;
}

static void carry_out(const char *host, const char *script, struct text *answer)
{
	const char *last = strstr(script, "\necho @end\n}\n");
	char verb[20], app[40] = "", folder[80] = "";

	if (!last) /* a function that is called by its name */
		return;
	while (last > script && last[-1] != '\n')
		last--;
	sscanf(last, "%19s %39s %79s", verb, app, folder);
	struct placed *placed = find(host, app, folder);
	if (!strcmp(verb, "listing") || !strcmp(verb, "look")) {
		tell_instances(host, answer);
	} else if (!strcmp(verb, "place")) {
		if (full && !strcmp(full, host)) {
			text_add(answer, "!failed cannot write to its disk: it is full\n");
			return;
		}
		if (!placed) {
			placed = &all[count++];
			*placed = (struct placed){0};
			snprintf(placed->host, sizeof(placed->host), "%s", host);
			snprintf(placed->app, sizeof(placed->app), "%s", app);
			snprintf(placed->folder, sizeof(placed->folder), "%s", folder);
		}
		read_manifest(script, placed);
	} else if (!strcmp(verb, "start") && placed) {
		placed->runs = true;
	} else if (!strcmp(verb, "claim")) {
		text_format(answer, "@claim app\n%s", take_claim(host, script));
	} else if (!strcmp(verb, "lease")) {
		const char *token = strstr(script, "TOKEN='") + strlen("TOKEN='");
		text_format(answer, "@leased 60000\n:%.*s\n:me\n", (int)strcspn(token, "'"), token);
	} else if (!strcmp(verb, "remove") && placed) {
		*placed = all[--count];
	}
}

static bool is_dead(const char *host)
{
	for (size_t i = 0; i < COUNT_OF(dead); i++)
		if (dead[i] && !strcmp(dead[i], host))
			return ++knocks;
	return silent;
}

static void asked(void *owner, const struct virtual_ssh_request *request, struct ssh_call *call)
{
	owned_text answer = {0};
	char script[16000];

	(void)owner;
	if (is_dead(request->host->address)) {
		struct error why = {0};
		fail(&why, ERR_UNREACHABLE, "nobody answers");
		virtual_ssh_fail(call, 1, &why, false);
		return;
	}
	if (strangers) {
		struct error why = {0};
		fail(&why, ERR_UNVERIFIED, "the host key of %s is not known", request->host->address);
		virtual_ssh_fail(call, 1, &why, false);
		return;
	}
	cr_assert_not_null(request->command);
	snprintf(script, sizeof(script), "%.*s", (int)request->command->input_size,
		 (const char *)request->command->input);
	text_add(&answer, "@berth 1\n");
	bool otherwise = other_name && !strcmp(other_name, request->host->address);
	carry_out(otherwise ? "10.0.0.1" : request->host->address, script, &answer);
	text_add(&answer, "@end\n");
	virtual_ssh_say(call, 1, false, answer.data, answer.length);
	virtual_ssh_exit(call, 2, 0);
}

static void open_scene(void)
{
	struct virtual_hooks hooks = {.ssh = asked};

	scene_open(&scene);
	virtual_world_hooks(scene.world, &hooks);
	count = claim_count = 0;
	held_by_others = other_name = NULL;
	silent = strangers = false;
	memset(dead, 0, sizeof(dead));
	full = NULL;
	knocks = 0;
}

static void close_scene(void)
{
	scene_close(&scene);
}

TestSuite(hosts, .init = open_scene, .fini = close_scene, .timeout = 60);

#define POOL(location) "id: app\nlocation:\n  " location "\nservices:\n"
#define THREE          POOL("byon: {user: me, hosts: [10.0.0.1, '10.0.0.{2-3}']}")
#define ONE(id, more)  "- {type: process, id: " id ", command: sleep 9" more "}\n"

static const char *machine_of(const char *component)
{
	for (size_t i = 0; i < count; i++)
		if (!strncmp(all[i].folder, component, strlen(component)) &&
		    all[i].folder[strlen(component)] == '.')
			return all[i].host;
	return "none";
}

static void deploy(const char *blueprint)
{
	json_t *document = NULL;
	enum berth_outcome outcome = scene_run(&scene, berth_deploy, blueprint, &document);
	owned_memory char *line = document ? json_line(document) : NULL;

	cr_assert_eq(outcome, BERTH_OK, "%s\n%s", scene.events, line);
	json_decref(document);
}

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
	cr_assert_eq(count, 2);
}

Test(hosts, a_machine_that_another_application_has_is_passed_over)
{
	held_by_others = "10.0.0.1";
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

	held_by_others = "10.0.0.2";
	cr_assert_eq(scene_run(&scene, berth_deploy, THREE ONE("a", "") ONE("b", "") ONE("c", ""), &document),
		     BERTH_FAILED);
	cr_assert_str_eq(json_text(json_object_get(document, "error"), "code"), "capacity");
	const char *text = json_text(json_object_get(document, "error"), "text");
	cr_assert(strstr(text, "`c` has no machine"));
	cr_assert(strstr(text, "10.0.0.1 by `a`, 10.0.0.2 by application `somebody` of ann of desk since "
			       "2025-11-28T01:40:00Z, 10.0.0.3 by `b`"),
		  "%s", text);
	cr_assert_eq(count, 0);
	json_decref(document);
}

static bool warns(const char *verb_says)
{
	return strstr(scene.events, verb_says) != NULL;
}

Test(hosts, a_machine_under_two_names_is_used_once_and_what_runs_there_stays)
{
	other_name = "10.0.0.2";
	deploy(THREE ONE("a", "") ONE("b", ""));
	cr_assert_str_eq(machine_of("a"), "10.0.0.1");
	cr_assert_str_eq(machine_of("b"), "10.0.0.3");
	deploy(THREE ONE("a", "") ONE("b", ""));
	cr_assert_eq(count, 2);
	cr_assert(warns("byon/10.0.0.1 and byon/10.0.0.2 are one machine"), "%s", scene.events);
	/* Nor when it was made by the other name, without which it was written before. */
	scene_restart(&scene, false);
	deploy(POOL("byon: {user: me, hosts: [10.0.0.3, 10.0.0.2, 10.0.0.1]}") ONE("a", "") ONE("b", ""));
	cr_assert_eq(count, 2);
	cr_assert_str_eq(machine_of("a"), "10.0.0.1");
}

Test(hosts, a_machine_under_two_names_is_one_when_it_is_cleared)
{
	json_t *document = NULL;

	other_name = "10.0.0.2";
	deploy(THREE ONE("a", ""));
	cr_assert_eq(scene_run(&scene, berth_destroy, THREE ONE("a", ""), &document), BERTH_OK, "%s",
		     scene.events);
	cr_assert_eq(count, 0);
	json_decref(document);
}

Test(hosts, a_cluster_does_not_take_one_machine_for_two)
{
	json_t *document = NULL;

	other_name = "10.0.0.2";
	scene_run(
	    &scene, berth_deploy,
	    THREE
	    "- {type: cluster, id: web, initialSize: 3, memberSpec: {type: process, command: sleep 9}}\n",
	    &document);
	cr_assert_eq(count, 2, "%s", scene.events);
	cr_assert(warns("no machine for another member"), "%s", scene.events);
	json_decref(document);
}

Test(hosts, a_member_for_which_there_is_no_machine_is_planned_onto_none_and_asks_nothing_of_any)
{
	static const char cluster[] = THREE "- {type: cluster, id: web, initialSize: 3, memberSpec: {type: "
					    "process, command: sleep 9}}\n";
	json_t *document = NULL;

	held_by_others = "10.0.0.1";
	cr_assert_eq(scene_run(&scene, berth_plan, cluster, &document), BERTH_OK);
	json_t *changes = json_object_get(document, "changes");
	cr_expect_str_eq(json_text(json_array_get(changes, 1), "location"), "byon/10.0.0.3");
	cr_expect_null(json_text(json_array_get(changes, 2), "location"));
	cr_expect(
	    strstr(json_text(json_array_get(changes, 2), "lacks"), "has no machine for another member"));
	json_decref(document);
	cr_assert_eq(scene_run(&scene, berth_deploy, cluster, &document), BERTH_FAILED);
	cr_expect_eq(count, 2);
	for (size_t i = 0; i < claim_count; i++)
		cr_expect_str_neq(claims[i].host, "10.0.0.1", "it is somebody else's");
	json_decref(document);
}

Test(hosts, a_password_is_in_no_message)
{
	static const char blueprint[] = "id: app\nservices:\n- {type: process, id: a, command: sleep 9, "
					"location: {ssh: {host: 10.0.0.9, user: "
					"me, password: hunter2}}}\n";
	json_t *document = NULL;

	silent = true;
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
	strangers = true;
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
	strangers = true;
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

/* --- machines that do not answer ------------------------------------------------------------ */

static enum berth_outcome run(verb_function *verb, const char *blueprint, json_t **ret)
{
	*ret = NULL;
	return scene_run(&scene, verb, blueprint, ret);
}

static size_t copies_of(const char *component)
{
	size_t copies = 0;

	for (size_t i = 0; i < count; i++)
		copies += !strncmp(all[i].folder, component, strlen(component)) &&
			  all[i].folder[strlen(component)] == '.';
	return copies;
}

static bool never(void *owner)
{
	(void)owner;
	return false;
}

/* What `status` says of the first instance of the first component. */
static void must_be(const char *blueprint, const char *state)
{
	json_t *document;
	run(berth_status, blueprint, &document);
	owned_memory char *line = json_line(document);
	json_t *component = json_array_get(json_object_get(document, "components"), 0);
	json_t *instance = json_array_get(json_object_get(component, "instances"), 0);
	cr_assert_str_eq(json_text(instance, "state"), state, "%s", line);
	json_decref(document);
}

Test(hosts, one_that_does_not_answer_is_left_out_and_the_next_one_taken)
{
	dead[0] = "10.0.0.1";
	deploy(THREE ONE("a", "") ONE("b", ""));
	cr_assert_str_eq(machine_of("a"), "10.0.0.2");
	cr_assert_str_eq(machine_of("b"), "10.0.0.3");
}

Test(hosts, why_one_is_left_out_is_told_by_status_and_among_the_events)
{
	static const struct berth_request events = {.size = sizeof events, .app = "app"};
	json_t *document;

	dead[0] = "10.0.0.1";
	deploy(THREE ONE("a", ""));
	cr_assert_eq(run(berth_status, THREE ONE("a", ""), &document), BERTH_OK);
	const json_t *silent_one = json_array_get(json_object_get(document, "unreachable"), 0);
	cr_assert(strstr(json_text(silent_one, "location"), "10.0.0.1"));
	cr_assert(strstr(json_text(silent_one, "error"), "nobody answers"));
	json_decref(document);
	cr_assert_eq(scene_request(&scene, berth_events, &events, &document), BERTH_OK);
	owned_memory char *line = json_line(document);
	cr_assert(strstr(line, "machine-left-out") && strstr(line, "10.0.0.1"), "%s", line);
	json_decref(document);
}

Test(hosts, one_that_did_not_answer_is_left_alone_for_a_while_and_then_asked_again)
{
	dead[0] = "10.0.0.1";
	deploy(THREE ONE("a", ""));
	cr_assert_gt(knocks, 0);
	knocks = 0;
	deploy(THREE ONE("a", "") ONE("b", ""));
	cr_assert_eq(knocks, 0);
	dead[0] = NULL;
	virtual_world_run(scene.world, never, NULL, 6000);
	deploy(THREE ONE("a", "") ONE("b", "") ONE("c", ""));
	cr_assert_str_eq(machine_of("c"), "10.0.0.1");
}

Test(hosts, what_may_run_on_a_silent_machine_is_unknown_and_not_made_again)
{
	json_t *document;

	deploy(THREE ONE("a", ""));
	dead[0] = "10.0.0.1";
	cr_assert_eq(run(berth_plan, THREE ONE("a", "") ONE("b", ""), &document), BERTH_OK);
	const json_t *unknown = json_object_get(document, "unknown");
	cr_expect_eq(json_array_size(unknown), 1, "the other one is to be made");
	cr_expect_str_eq(json_text(json_array_get(unknown, 0), "instance"), "app.a.1");
	cr_expect(*json_text(json_array_get(unknown, 0), "why"));
	json_decref(document);
	cr_assert_eq(run(berth_deploy, THREE ONE("a", "") ONE("b", ""), &document), BERTH_UNREACHABLE);
	owned_memory char *line = json_line(document);
	cr_assert(strstr(line, "nobody knows whether it runs"), "%s", line);
	json_decref(document);
	cr_assert_eq(copies_of("a"), 1);
	cr_assert_str_eq(machine_of("a"), "10.0.0.1");
	cr_assert_str_eq(machine_of("b"), "10.0.0.2");
	must_be(THREE ONE("a", "") ONE("b", ""), "unknown");
	dead[0] = NULL;
	deploy(THREE ONE("a", "") ONE("b", ""));
	cr_assert_eq(copies_of("a"), 1);
	must_be(THREE ONE("a", "") ONE("b", ""), "running");
}

/* Another deployer is one whose store knows nothing; this one's own may have been lost as well. */
Test(hosts, what_a_lost_store_knew_to_be_on_a_silent_machine_is_made_nowhere_else)
{
	json_t *document;

	deploy(THREE ONE("a", "") ONE("b", ""));
	dead[0] = "10.0.0.1";
	scene_restart(&scene, false);
	for (int time = 0; time < 3; time++) { /* each knows what the one before wrote down */
		cr_assert_eq(run(berth_deploy, THREE ONE("a", "") ONE("b", ", env: {N: 2}"), &document),
			     BERTH_UNREACHABLE);
		owned_memory char *line = json_line(document);
		cr_assert(strstr(line, "nobody knows whether it runs"), "%s", line);
		json_decref(document);
		cr_assert_eq(copies_of("a"), 1);
		cr_assert_eq(copies_of("b"), 1, "what is seen is seen to");
		virtual_world_run(scene.world, never, NULL, 6000);
	}
	cr_assert_eq(run(berth_destroy, THREE ONE("a", "") ONE("b", ""), &document), BERTH_UNREACHABLE);
	json_decref(document);
	dead[0] = NULL;
	virtual_world_run(scene.world, never, NULL, 600000);
	deploy(THREE ONE("a", "") ONE("b", ", env: {N: 2}"));
	cr_assert_eq(copies_of("a"), 1);
	cr_assert_str_eq(machine_of("a"), "10.0.0.1");
}

Test(hosts, what_a_lost_store_knew_is_made_elsewhere_when_its_machine_is_taken_out)
{
	json_t *document;

	deploy(THREE ONE("a", "") ONE("b", ""));
	dead[0] = "10.0.0.1";
	scene_restart(&scene, false);
	cr_assert_eq(run(berth_deploy, THREE ONE("a", "") ONE("b", ""), &document), BERTH_UNREACHABLE);
	json_decref(document);
	deploy(POOL("byon: {user: me, hosts: [10.0.0.2, 10.0.0.3]}") ONE("a", "") ONE("b", ""));
	cr_assert_eq(copies_of("a"), 2);
	cr_assert_eq(copies_of("b"), 1);
}

Test(hosts, what_was_on_a_machine_that_is_taken_out_of_the_pool_is_made_elsewhere)
{
	deploy(THREE ONE("a", ""));
	dead[0] = "10.0.0.1";
	deploy(POOL("byon: {user: me, hosts: [10.0.0.2, 10.0.0.3]}") ONE("a", ""));
	cr_assert_eq(copies_of("a"), 2);
	dead[0] = NULL;
	virtual_world_run(scene.world, never, NULL, 6000);
	deploy(THREE ONE("a", ""));
	cr_assert_eq(copies_of("a"), 1, "what was left there goes when the machine is back");
	cr_assert_str_eq(machine_of("a"), "10.0.0.2");
}

Test(hosts, a_pool_of_which_no_machine_answers_is_refused)
{
	json_t *document;

	silent = true;
	cr_assert_eq(run(berth_deploy, THREE ONE("a", ""), &document), BERTH_UNREACHABLE);
	json_decref(document);
	virtual_world_run(scene.world, never, NULL, 100); /* that is remembered by then */
	silent = false;
	deploy(THREE ONE("a", ""));
	cr_assert_eq(count, 1);
	cr_assert_str_eq(machine_of("a"), "10.0.0.1", "nobody rests when all would");
}

Test(hosts, nothing_is_destroyed_while_part_of_it_cannot_be_seen)
{
	json_t *document;

	deploy(THREE ONE("a", "") ONE("b", ""));
	dead[0] = "10.0.0.3"; /* nothing is there */
	dead[1] = "10.0.0.2";
	cr_assert_eq(run(berth_destroy, THREE ONE("a", "") ONE("b", ""), &document), BERTH_UNREACHABLE);
	json_decref(document);
	cr_assert_eq(count, 2);
	dead[1] = NULL;
	cr_assert_eq(run(berth_destroy, THREE ONE("a", "") ONE("b", ""), &document), BERTH_OK);
	json_decref(document);
	cr_assert_eq(count, 0);
}

Test(hosts, one_where_installing_failed_twice_comes_last)
{
	json_t *document;

	full = "10.0.0.1";
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(run(berth_deploy, THREE ONE("a", ""), &document), BERTH_FAILED);
		json_decref(document);
	}
	deploy(THREE ONE("a", ""));
	cr_assert_str_eq(machine_of("a"), "10.0.0.2");
	full = NULL;
	deploy(THREE ONE("a", "") ONE("b", "") ONE("c", ""));
	cr_assert_str_eq(machine_of("c"), "10.0.0.1");
}

Test(hosts, a_check_asks_each_machine_of_a_pool_at_once)
{
	static const struct berth_request check = {
	    .size = sizeof check, .check = true, .name = "byon:(hosts=\"10.0.0.{1-3}\", user=me)"};
	json_t *document, *list;

	dead[0] = "10.0.0.1";
	deploy(THREE ONE("a", ""));
	cr_assert_eq(scene_request(&scene, berth_locations, &check, &document), BERTH_UNREACHABLE);
	list = json_object_get(document, "locations");
	cr_assert_eq(json_array_size(list), 3);
	cr_assert(json_is_false(json_object_get(json_array_get(list, 0), "reachable")));
	cr_assert(json_is_true(json_object_get(json_array_get(list, 1), "reachable")));
	json_decref(document);
	dead[0] = NULL;
	cr_assert_eq(scene_request(&scene, berth_locations, &check, &document), BERTH_OK);
	json_decref(document);
	virtual_world_run(scene.world, never, NULL, 1000); /* it is remembered by then */
	deploy(THREE ONE("a", "") ONE("b", ""));
	cr_assert_str_eq(machine_of("b"), "10.0.0.1", "its rest is over");
}

Test(hosts, a_check_of_a_blueprint_asks_each_machine_once_however_many_components_it_has)
{
	static const char two[] = THREE ONE("a", "") ONE("b", "");
	static const struct berth_request check = {
	    .size = sizeof check, .check = true, .blueprint = two, .blueprint_size = sizeof two - 1};
	json_t *document;

	cr_assert_eq(scene_request(&scene, berth_locations, &check, &document), BERTH_OK);
	cr_expect_eq(json_array_size(json_object_get(document, "locations")), 3);
	json_decref(document);
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
	for (size_t i = 0; i < count; i++) {
		bool first = true;
		for (size_t n = 0; n < i; n++)
			first &= strcmp(all[n].host, all[i].host) != 0;
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
	cr_assert_eq(count, 3);
	cr_assert_eq(machines_in_use(), 3);
	cr_assert_eq(scale(1, &document), BERTH_OK, "%s", scene.events);
	json_decref(document);
	cr_assert_eq(count, 1);
	deploy(CLUSTER(2));
	cr_assert_eq(count, 1, "it stays as large as it was made");
}

Test(hosts, a_cluster_for_which_no_machine_is_left_says_so_and_keeps_those_it_has)
{
	json_t *document;

	deploy(CLUSTER(2));
	cr_assert_eq(scale(5, &document), BERTH_FAILED);
	owned_memory char *line = json_line(document);
	cr_assert(strstr(line, "no machine for another member"), "%s", line);
	json_decref(document);
	cr_assert_eq(count, 3);
	cr_assert_eq(machines_in_use(), 3);
}

Test(hosts, a_member_on_a_silent_machine_counts_and_is_replaced_elsewhere_only_when_it_is_asked_for)
{
	json_t *document;

	deploy(CLUSTER(2));
	dead[0] = "10.0.0.1";
	cr_assert_eq(run(berth_deploy, CLUSTER(2), &document), BERTH_UNREACHABLE);
	json_decref(document);
	cr_assert_eq(count, 2);
	cr_assert_eq(replace("1"), BERTH_OK, "%s", scene.events);
	cr_assert_eq(count, 3);
	cr_assert_eq(machines_in_use(), 3);
	dead[0] = NULL;
	virtual_world_run(scene.world, never, NULL, 60000);
	deploy(CLUSTER(2));
	cr_assert_eq(count, 2, "what came back with its machine goes");
	for (size_t i = 0; i < count; i++)
		cr_assert_str_neq(all[i].host, "10.0.0.1");
}
