/* test_blueprint.c - whole blueprints: the talk's, several errors at once, ports of one host, size. */
#include "parse.h"

#include "base/text.h"

static struct outcome outcome;

static void close_all(void)
{
	close_outcome(&outcome);
}

TestSuite(blueprint, .fini = close_all);

static const char talk[] = "id: my-application\n"
			   "location: my-docker-cloud\n"
			   "services:\n"
			   "- type: docker:redis:3\n"
			   "  id: redis\n"
			   "  openPorts: 6379\n"
			   "- type: docker:clockercentral/dnmonster:1.0\n"
			   "  id: dnmonster\n"
			   "  openPorts: 8080\n"
			   "- type: docker:clockercentral/identidock:1.3\n"
			   "  id: identidock\n"
			   "  portBindings:\n"
			   "    80: 9090\n"
			   "  links:\n"
			   "  - $brooklyn:component(\"redis\")\n"
			   "  - $brooklyn:component(\"dnmonster\")\n";

Test(blueprint, the_talks_application)
{
	outcome = accepted(talk);
	const struct blueprint *b = outcome.blueprint;
	cr_assert_str_eq(b->id, "my-application");
	cr_assert_str_eq(b->name, "my-application");
	cr_assert_str_eq(b->file, "dir/b.yaml");
	cr_assert_eq(b->component_count, 3);
	const struct component_spec *web = &b->components[2];
	cr_assert_eq(web->link_count, 2);
	cr_assert_eq(web->links[1].component, 1);
	cr_assert_eq(web->bindings[0].host_port, 80);
	cr_assert_str_eq(web->location->name, "my-docker-cloud");
	cr_assert_eq(web->instances, 1);
	cr_assert_eq(outcome.list.warnings, 0);
}

Test(blueprint, the_id_comes_from_option_text_name_or_file)
{
	outcome = parse_with(talk, NULL, "other one");
	cr_assert_str_eq(outcome.blueprint->id, "other-one");
	close_outcome(&outcome);
	outcome = accepted("name: A variation\nservices: [{type: 'docker:x'}]\n");
	cr_assert_str_eq(outcome.blueprint->id, "A-variation");
	cr_assert_str_eq(outcome.blueprint->name, "A variation");
	close_outcome(&outcome);
	outcome = accepted("services: [{type: 'docker:x'}]\n");
	cr_assert_str_eq(outcome.blueprint->id, "b");
	refused("id: '...'\nservices: [{type: 'docker:x'}]\n", 1, 5, "has no letter", NULL);
}

Test(blueprint, a_long_name_makes_an_id_that_is_short_enough_and_its_own)
{
	static const char start[] = "a name that people read and which is longer than any host may be called";
	char ids[2][64], text[512];
	for (int i = 0; i < 2; i++) {
		close_outcome(&outcome);
		snprintf(text, sizeof text, "name: %s, %d\nservices:\n- {type: 'docker:x', name: %s}\n",
			 start, i, start);
		outcome = accepted(text);
		cr_assert_eq(strlen(outcome.blueprint->id), 63);
		cr_expect_eq(strlen(outcome.blueprint->components[0].id), 63);
		snprintf(ids[i], sizeof ids[i], "%s", outcome.blueprint->id);
	}
	cr_expect_eq(strncmp(ids[0], "a-name-that-people-read", 23), 0);
	cr_expect_str_neq(ids[0], ids[1]);
	snprintf(text, sizeof text, "id: %s\nservices:\n- type: docker:x\n", start);
	refused(text, 1, 5, "longer than 63 characters", "shorter `id`");
}

Test(blueprint, all_errors_come_at_once_in_order)
{
	outcome = parse("id: a\nservices:\n- type: docker:x\n  openPort: 1\n  memory: lots\n- type: "
			"docker:y\n  memry: 1\n");
	cr_assert_eq(outcome.list.errors, 3);
	cr_assert_eq(outcome.list.first->place.line, 4);
	cr_assert_eq(outcome.list.first->next->place.line, 5);
	cr_assert_eq(outcome.list.last->place.line, 7);
}

Test(blueprint, a_duplicate_key_does_not_hide_other_errors)
{
	outcome = parse("id: a\nid: b\nservices:\n- type: docker:x\n  memry: 1\n");
	cr_assert_eq(outcome.list.errors, 2);
	expect_words(entry_at(&outcome.list, 2, 1), "written twice", NULL);
	expect_words(entry_at(&outcome.list, 5, 3), "unknown key", NULL);
}

Test(blueprint, the_top_has_its_own_keys)
{
	refused("servces: []\n"
		"services: [{type: 'docker:x'}]\n",
		1, 1, "unknown key `servces`", "`services`");
	refused("openPorts: 1\nservices: [{type: 'docker:x'}]\n", 1, 1, "unknown key",
		"belongs to a component");
	refused("brooklyn.catalog: {}\n", 1, 1, "nothing that can be deployed", NULL);
	refused("id: a\n", 1, 1, "has no `services`", "docker:IMAGE");
	refused("services: {a: b}\n", 1, 11, "`services` takes a list", NULL);
	refused("services: []\n", 1, 11, "is empty", NULL);
	refused("- a\n", 1, 1, "a blueprint is a map", "services");
	outcome = accepted(
	    "id: a\ndescription: d\norigin: o\nversion: 1\niconUrl: u\nservices: [{type: 'docker:x'}]\n");
	cr_assert_eq(outcome.list.warnings, 0);
}

Test(blueprint, one_host_has_each_port_once)
{
	refused("location: l\nservices:\n- {type: 'docker:x', id: p, portBindings: {80: 80}}\n"
		"- {type: 'docker:x', id: q, portBindings: {80: 81}}\n",
		4, 44, "`q` wants the host's port 80, which `p` has already (line 3, column 44)",
		"another port");
	outcome = accepted(
	    "location: l\nservices:\n- {type: 'docker:x', id: p, portBindings: {'127.0.0.1:80': 80}}\n"
	    "- {type: 'docker:x', id: q, portBindings: {'127.0.0.2:80': 80, 80/udp: 80}}\n"
	    "- {type: 'docker:x', id: r, location: other, portBindings: {80: 80}}\n");
	cr_assert_eq(outcome.list.errors, 0);
	refused("location: l\nservices:\n- {type: 'docker:x', id: p, portBindings: {'127.0.0.1:80': 80}}\n"
		"- {type: 'docker:x', id: q, portBindings: {80: 80}}\n",
		4, 44, "wants the host's port 80", NULL);
	refused("services:\n- {type: process, id: p, command: x, location: {fake: {a: 1}}, ports: {a: 80}}\n"
		"- {type: process, id: q, command: x, location: {fake: {a: 1}}, ports: {a: 80}}\n",
		3, 75, "wants the host's port 80", NULL);
	refused("services:\n- {type: process, id: p, command: x, openPorts: 80}\n"
		"- {type: process, id: q, command: x, openPorts: 80}\n",
		3, 49, "`q` wants the host's port 80", NULL);
}

Test(blueprint, each_machine_of_a_pool_has_each_port)
{
#define ON_A_POOL                                                                                            \
	"location: {byon: {hosts: [10.0.0.1, 10.0.0.2]}}\nservices:\n"                                       \
	"- {type: software, id: p, launch.command: x, ports: {http: 80}%s}\n"                                \
	"- {type: software, id: q, launch.command: x, openPorts: 80%s}\n"
	char text[400];
	snprintf(text, sizeof text, ON_A_POOL, "", "");
	outcome = accepted(text);
	cr_assert_eq(outcome.list.errors, 0);
	close_outcome(&outcome);
	snprintf(text, sizeof text, ON_A_POOL, ", sameServer: s", ", sameServer: s");
	outcome = parse(text);
	cr_assert_eq(outcome.list.errors, 1);
	cr_assert(strstr(outcome.list.first->summary, "`q` wants the host's port 80"));
}

Test(blueprint, instances_cannot_share_a_port_of_the_host)
{
	refused("services:\n- {type: 'docker:x', instances: 3, portBindings: {80: 80}}\n", 2, 33,
		"3 instances of `x` cannot share the host's port 80", "publish");
	refused("services:\n- {type: 'docker:x', instances: 2, directPorts: [80]}\n", 2, 33, "cannot share",
		NULL);
	refused("services:\n- {type: process, id: p, command: x, instances: 2, ports: {http: 80}}\n", 2, 49,
		"cannot share the port 80", "auto");
	refused("services:\n- {type: process, id: p, command: x, instances: 2, openPorts: 80}\n", 2, 49,
		"cannot share the port 80", "ports: {http: auto}");
	outcome =
	    accepted("services:\n- {type: process, id: p, command: x, instances: 2, ports: {http: auto}}\n");
	cr_assert_eq(outcome.blueprint->components[0].instances, 2);
}

Test(blueprint, a_thousand_linked_components)
{
	struct text text = {0};
	text_add(&text, "location: docker\nservices:\n");
	for (int i = 0; i < 1000; i++) {
		text_format(&text, "- {type: 'docker:busybox', id: s%d, openPorts: 80, env: {A: b}", i);
		if (i)
			text_format(&text, ", links: ['$brooklyn:component(\"s%d\")']", i - 1);
		text_add(&text, "}\n");
	}
	outcome = accepted(text_view(&text));
	cr_assert_eq(outcome.blueprint->component_count, 1000);
	cr_assert_eq(outcome.blueprint->components[999].links[0].component, 998);
	text_release(&text);
}

Test(blueprint, what_an_alias_brings_is_complained_of_once)
{
	outcome = parse("services:\n- {type: 'docker:x', id: a, env: &e {'A=B': c}}\n- {type: 'docker:x', "
			"id: b, env: *e}\n");
	cr_assert_eq(outcome.list.errors, 1);
}

Test(blueprint, the_list_outlives_the_text)
{
	outcome = parse("id: a\nservices: 5\n");
	cr_assert_str_eq(outcome.list.first->place.file, "dir/b.yaml");
	cr_assert_eq(outcome.list.first->place.byte, 16);
}
