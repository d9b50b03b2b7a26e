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
static const char *held_by_others; /* a machine that another application has */
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
	text_format(answer, "@machine b00t 1700000000000 %s\n", host);
	if (held_by_others && !strcmp(held_by_others, host))
		text_add(answer, "@host somebody\n");
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
	const char *last = script + strlen(script) - 1;
	char verb[20], app[40] = "", folder[80] = "";

	while (last > script && last[-1] != '\n')
		last--;
	sscanf(last, "%19s %39s %79s", verb, app, folder);
	struct placed *placed = find(host, app, folder);
	if (!strcmp(verb, "listing") || !strcmp(verb, "look")) {
		tell_instances(host, answer);
	} else if (!strcmp(verb, "place")) {
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

static void asked(void *owner, const struct virtual_ssh_request *request, struct ssh_call *call)
{
	owned_text answer = {0};
	char script[16000];

	(void)owner;
	if (silent) {
		struct error why = {0};
		fail(&why, ERR_UNREACHABLE, "nobody answers");
		virtual_ssh_fail(call, 1, &why, false);
		return;
	}
	cr_assert_not_null(request->command);
	snprintf(script, sizeof(script), "%.*s", (int)request->command->input_size,
		 (const char *)request->command->input);
	text_add(&answer, "@berth 1\n");
	carry_out(request->host->address, script, &answer);
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
	held_by_others = NULL;
	silent = false;
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
	cr_assert(strstr(json_text(json_object_get(document, "error"), "text"), "`c` has no machine"));
	cr_assert_eq(count, 0);
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
	cr_assert(strstr(line, "10.0.0.9") && strstr(line, "***"), "%s", line);
	cr_assert_null(strstr(line, "hunter2"), "%s", line);
	json_decref(document);
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
