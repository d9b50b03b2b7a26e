/* test_entity.c - the graph a blueprint describes: who needs whom, in which order, with which ports. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "entities/entity.h"

static struct diagnostics list;
static struct blueprint *blueprint;
static struct application *application;

static void read_graph(const char *text)
{
	struct blueprint_options options = {.file = "b.yaml", .directory = "/"};
	blueprint = blueprint_parse(text, strlen(text), &options, &list);
	cr_assert_not_null(blueprint, "%s", list.first ? list.first->summary : "no memory");
	application = application_new(blueprint);
	cr_assert_not_null(application);
}

static void forget_graph(void)
{
	application_free(application);
	blueprint_release(blueprint);
	diagnostics_release(&list);
}

TestSuite(entity, .fini = forget_graph);

#define CHAIN                                                                                                \
	"id: app\nservices:\n"                                                                               \
	"- {type: 'docker:f:1', id: front, links: [$brooklyn:component(\"middle\")]}\n"                      \
	"- {type: 'docker:m:1', id: middle, openPorts: [80], env: {DB: '$berth:endpoint(\"back\", "          \
	"5432)'}}\n"                                                                                         \
	"- {type: 'docker:b:1', id: back, openPorts: [5432], portBindings: {8080: 9090}, dependsOn: "        \
	"[first]}\n"                                                                                         \
	"- {type: 'docker:z:1', id: first}\n"

Test(entity, every_kind_of_need_is_an_edge)
{
	read_graph(CHAIN);
	const struct component *front = application_component(application, "front");
	const struct component *middle = application_component(application, "middle");
	const struct component *back = application_component(application, "back");
	cr_assert_eq(front->need_count, 1);
	cr_assert_eq(front->needs[0].kind, EDGE_LINK);
	cr_assert_eq(middle->needs[0].kind, EDGE_VALUE);
	cr_assert_eq(middle->needs[0].to, back->index);
	cr_assert_eq(middle->needs[0].port, 5432);
	cr_assert_eq(back->needs[0].kind, EDGE_ORDER);
	cr_assert_eq(back->consumer_count, 1);
	cr_assert_eq(back->consumers[0], middle->index);
	cr_assert_eq(back->consumed[0], &middle->needs[0]);
}

Test(entity, the_order_has_providers_before_their_consumers)
{
	read_graph(CHAIN);
	size_t at[4];
	for (size_t i = 0; i < 4; i++)
		at[application->order[i]] = i;
	for (size_t i = 0; i < 4; i++)
		for (size_t e = 0; e < application->components[i].need_count; e++)
			cr_expect_lt(at[application->components[i].needs[e].to], at[i]);
}

Test(entity, of_those_that_wait_for_nobody_the_peers_of_others_come_first)
{
	read_graph(
	    "id: app\nservices:\n"
	    "- {type: 'docker:a:1', id: early, links: {p: {component: $berth:component(\"provider\"), wait: "
	    "false}}}\n"
	    "- {type: 'docker:b:1', id: provider, openPorts: [80], links: [$brooklyn:component(\"base\")]}\n"
	    "- {type: 'docker:c:1', id: base, openPorts: [80]}\n");
	size_t at[3];
	for (size_t i = 0; i < 3; i++)
		at[application->order[i]] = i;
	cr_expect_lt(at[2], at[1], "base before provider");
	cr_expect_lt(at[1], at[0], "the provider before its peer, who waits for nobody");
}

Test(entity, open_ports_come_first_then_those_that_are_only_bound)
{
	read_graph(CHAIN);
	const struct component *back = application_component(application, "back");
	cr_assert_eq(back->port_count, 2);
	cr_assert_eq(back->ports[0].port, 5432);
	cr_assert_eq(back->ports[1].port, 9090);
}

Test(entity, a_process_has_its_ports_by_name_and_a_fixed_number_when_it_says_one)
{
	read_graph("id: a\nservices:\n- {type: process, id: p, command: x, ports: {http: auto, admin: 8081, "
		   "range: '9000-9010'}}\n");
	const struct component *process = application_component(application, "p");
	cr_assert_eq(process->port_count, 3);
	const struct spec_port *http = &process->ports[0], *admin = &process->ports[1],
			       *range = &process->ports[2];
	cr_assert_str_eq(http->name, "http");
	cr_assert_eq(http->port, 0);
	cr_assert_not(http->fixed);
	cr_assert_str_eq(admin->name, "admin");
	cr_assert_eq(admin->port, 8081);
	cr_assert(admin->fixed);
	cr_assert_str_eq(range->name, "range");
	cr_assert_eq(range->port, 0);
}

Test(entity, components_that_only_the_target_knows_are_added_without_moving_ids)
{
	application = application_found("app");
	cr_assert_not_null(application);
	for (size_t i = 0; i < 100; i++) {
		char id[16];
		snprintf(id, sizeof id, "c%zu", i);
		cr_assert_eq(application_add_found(application, id), 0);
	}
	for (size_t i = 0; i < 100; i++) {
		char id[16];
		snprintf(id, sizeof id, "c%zu", i);
		cr_assert_eq(application_component(application, id)->index, i);
	}
	cr_assert_null(application_component(application, "c100"));
}

Test(entity, a_name_means_one_component_unless_others_go_by_it_too_whatever_the_size_of_its_letters)
{
	read_graph("id: a\nservices:\n"
		   "- {type: 'docker:x:1', id: Cache, openPorts: 80}\n"
		   "- {type: 'docker:x:1', id: db, openPorts: 80}\n"
		   "- {type: 'docker:x:1', id: one, links: {store: $brooklyn:component(\"db\"), Mem: "
		   "$brooklyn:component(\"Cache\")}}\n"
		   "- {type: 'docker:x:1', id: two, links: {Store: $brooklyn:component(\"Cache\"), db: "
		   "$brooklyn:component(\"db\")}}\n");
	size_t cache = application_component(application, "Cache")->index;
	size_t db = application_component(application, "db")->index;
	cr_expect(application_means_only(application, "Cache", cache));
	cr_expect(application_means_only(application, "cache", cache));
	cr_expect(application_means_only(application, "mem", cache));
	cr_expect(application_means_only(application, "DB", db));
	cr_expect_not(application_means_only(application, "store", db));
	cr_expect_not(application_means_only(application, "STORE", cache));
	cr_expect_not(application_means_only(application, "db", cache));
	cr_expect_null(application_component(application, "cache"));
	cr_assert_eq(application_add_found(application, "DB"), 0);
	cr_expect_not(application_means_only(application, "db", db));
}

Test(entity, phases_have_the_names_that_status_shows)
{
	cr_assert_str_eq(phase_name(PHASE_RUNNING), "running");
	for (int phase = 0; phase < PHASE_COUNT; phase++)
		cr_assert_not_null(phase_name(phase));
}
