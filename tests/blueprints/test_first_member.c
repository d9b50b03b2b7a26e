/* test_first_member.c - `firstMemberSpec`: a cluster whose first member is another one. */
#include "parse.h"

static struct outcome outcome;
static const struct component_spec *spec, *first;

static void close_all(void)
{
	close_outcome(&outcome);
}

TestSuite(first_member, .fini = close_all);

static void take(const char *text)
{
	close_outcome(&outcome);
	outcome = accepted(text);
	spec = &outcome.blueprint->components[0];
	first = spec->cluster->first;
	cr_assert_not_null(first);
}

#define CLUSTER(of_first, of_members)                                                                        \
	"services:\n- type: cluster\n  id: web\n  firstMemberSpec: {" of_first                               \
	"}\n  memberSpec: {" of_members "}\n"

Test(first_member, is_read_like_a_component_of_its_own)
{
	take(CLUSTER("type: 'docker:seed:2', openPorts: [80, 81], env: {ROLE: seed}",
		     "type: 'docker:x:1', openPorts: 80, env: {ROLE: member}"));
	cr_expect_eq(outcome.blueprint->component_count, 1);
	cr_expect_str_eq(first->id, "web");
	cr_expect_str_eq(first->image.familiar, "seed:2");
	cr_expect_eq(first->open_port_count, 2);
	cr_expect_str_eq(first->environment[0].value.text, "seed");
	cr_expect_str_eq(spec->image.familiar, "x:1");
	cr_expect_str_eq(spec->environment[0].value.text, "member");
}

Test(first_member, brooklyns_spellings_are_the_same)
{
	static const char *const spellings[] = {"firstMemberSpec", "cluster.firstMemberSpec",
						"dynamiccluster.firstmemberspec"};
	for (size_t i = 0; i < sizeof(spellings) / sizeof(*spellings); i++) {
		char text[512];
		snprintf(text, sizeof(text),
			 "services:\n"
			 "- type: org.apache.brooklyn.entity.group.DynamicCluster\n"
			 "  id: web\n"
			 "  brooklyn.config:\n"
			 "    %s: {$brooklyn:entitySpec: {type: 'docker:seed:2'}}\n"
			 "    dynamiccluster.memberspec: {$brooklyn:entitySpec: {type: 'docker:x:1'}}\n",
			 spellings[i]);
		take(text);
		cr_expect_str_eq(first->image.familiar, "seed:2", "%s", spellings[i]);
	}
}

Test(first_member, sees_the_clusters_configuration_below_its_own)
{
	take("services:\n"
	     "- type: cluster\n"
	     "  id: web\n"
	     "  brooklyn.config: {a: of the cluster, b: of the cluster}\n"
	     "  memberSpec: docker:x\n"
	     "  firstMemberSpec:\n"
	     "    type: docker:x\n"
	     "    brooklyn.config: {b: of the first}\n"
	     "    env: {A: $brooklyn:config(\"a\"), B: $brooklyn:config(\"b\")}\n");
	cr_expect_str_eq(first->environment[0].value.text, "of the cluster");
	cr_expect_str_eq(first->environment[1].value.text, "of the first");
}

Test(first_member, what_it_needs_comes_before_the_cluster)
{
	refused(CLUSTER("type: 'docker:x', dependsOn: [after]",
			"type: 'docker:x'") "- {type: 'docker:after', id: after, dependsOn: [web]}\n",
		4, 51, "circle", NULL);
}

Test(first_member, a_link_to_the_cluster_finds_its_ports_at_both)
{
	refused(CLUSTER("type: 'docker:seed', openPorts: 81",
			"type: 'docker:x', openPorts: [80, 81]") "- type: docker:front\n  id: front\n  "
								 "links: [$brooklyn:component(\"web\")]\n",
		8, 11, "the first member of `web` has no port `80`", "line 4");
}

Test(first_member, so_does_an_expression_that_asks_for_one)
{
	refused(CLUSTER("type: 'docker:seed', openPorts: 81",
			"type: 'docker:x', openPorts: [80, 81]") "- type: docker:front\n  id: front\n  env: "
								 "{A: '$berth:endpoint(\"web\", 80)'}\n",
		8, 20, "the first member of `web` has no port `80`", "line 4");
	close_outcome(&outcome);
	outcome = accepted(
	    CLUSTER("type: 'docker:seed', openPorts: 81",
		    "type: 'docker:x', openPorts: [80, 81]") "- type: docker:front\n  id: front\n  env: {A: "
							     "'$berth:endpoint(\"web\", 81)'}\n");
}

Test(first_member, is_of_the_same_kind_as_the_others)
{
	refused(CLUSTER("type: process, command: x", "type: 'docker:x'"), 4, 20,
		"is a process, and the others are not", "same kind");
	refused(CLUSTER("type: 'docker:x', job: true", "type: 'docker:x'"), 4, 20,
		"either all are jobs or none", "memberSpec");
}

Test(first_member, says_nothing_of_what_is_of_all_of_them)
{
	refused(CLUSTER("type: 'docker:x', location: localhost", "type: 'docker:x'"), 4, 39,
		"is of all members of the cluster", "memberSpec");
	refused(CLUSTER("type: 'docker:x', instances: 2", "type: 'docker:x'"), 4, 39, "is of the cluster",
		"initialSize");
	refused(CLUSTER("type: cluster, memberSpec: 'docker:x'", "type: 'docker:x'"), 4, 20,
		"cannot be a cluster", NULL);
}

Test(first_member, may_say_what_its_type_says_of_the_others_too)
{
	take("catalog:\n"
	     "- id: node\n"
	     "  item:\n"
	     "    type: 'docker:x'\n"
	     "    brooklyn.policies: [{type: restarter}]\n"
	     "    sensors: {load: {value: 1}}\n"
	     "services:\n"
	     "- {type: cluster, id: w, firstMemberSpec: {type: node, env: "
	     "{FIRST: yes}}, memberSpec: {type: node}}\n");

	cr_expect_eq(outcome.blueprint->components[0].policy_count, 1);
	cr_expect_eq(outcome.blueprint->components[0].sensor_count, 1);
	refused(CLUSTER("type: 'docker:x', policies: [{type: restarter}]", "type: 'docker:x'"), 4, 39,
		"is of all members of the cluster", "memberSpec");
	refused(CLUSTER("type: 'docker:x', sensors: {a: {value: 1}}",
			"type: 'docker:x', sensors: {a: {value: 2}}"),
		4, 39, "is of all members of the cluster", "memberSpec");
}
