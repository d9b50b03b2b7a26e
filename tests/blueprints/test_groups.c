/* test_groups.c - several components under one name, and clusters whose members are made of several. */
#include "parse.h"

static struct outcome outcome;

static void close_all(void)
{
	close_outcome(&outcome);
}

TestSuite(groups, .fini = close_all);

static void take(const char *text)
{
	close_outcome(&outcome);
	outcome = accepted(text);
}

static const struct component_spec *component(const char *id)
{
	for (size_t i = 0; i < outcome.blueprint->component_count; i++)
		if (!strcmp(outcome.blueprint->components[i].id, id))
			return &outcome.blueprint->components[i];
	cr_assert(false, "no `%s`", id);
	return NULL;
}

/* "a b c" */
static const char *members(const char *id)
{
	static char text[512];
	const struct blueprint *blueprint = outcome.blueprint;
	*text = '\0';
	for (size_t i = 0; i < blueprint->group_count; i++)
		for (size_t k = 0; !strcmp(blueprint->groups[i]->id, id) && k < blueprint->groups[i]->count;
		     k++)
			snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", *text ? " " : "",
				 blueprint->components[blueprint->groups[i]->members[k]].id);
	return text;
}

#define THREE                                                                                                \
	"services:\n- {type: 'docker:nginx:1', id: a, openPorts: 80}\n- {type: 'docker:nginx:2', id: b, "    \
	"openPorts: 80}\n- {type: 'docker:redis:3', id: c, openPorts: 6379}\n"

Test(groups, its_members_are_named_or_have_a_type)
{
	take(THREE "- {type: group, id: named, members: [c, $brooklyn:component(\"a\")]}\n"
		   "- {type: org.apache.brooklyn.entity.group.DynamicGroup, id: typed, memberTypes: "
		   "['docker:nginx']}\n"
		   "- {type: group, id: both, members: [typed, c]}\n");
	cr_expect_eq(outcome.blueprint->component_count, 3);
	cr_expect_str_eq(members("named"), "c a");
	cr_expect_str_eq(members("typed"), "a b");
	cr_expect_str_eq(members("both"), "a b c");
}

Test(groups, a_link_to_it_is_one_to_each_of_its_members)
{
	take(THREE "- {type: group, id: pool, members: [a, b]}\n"
		   "- type: docker:front\n  id: front\n  links: {web: $brooklyn:component(\"pool\")}\n"
		   "  dependsOn: [pool]\n");
	const struct component_spec *front = component("front");
	cr_assert_eq(front->link_count, 2);
	cr_expect_str_eq(front->links[0].alias, "web");
	cr_expect_str_eq(front->links[1].alias, "web");
	cr_expect_eq(front->links[1].component, 1);
	cr_expect_not_null(front->links[0].group);
	cr_expect_eq(front->depends_on_count, 2);
}

Test(groups, a_load_balancer_sends_to_each_of_its_members)
{
	take(THREE "- {type: group, id: pool, members: [a, b]}\n"
		   "- {type: loadbalancer, id: front, members: pool}\n");
	cr_expect_eq(component("front")->balancer->members.count, 2);
}

#define FILTER(name, arg)                                                                                    \
	"- type: org.apache.brooklyn.entity.group.DynamicGroup\n  id: some\n  brooklyn.config:\n"            \
	"    dynamicgroup.entityfilter:\n      $brooklyn:object:\n"                                          \
	"        type: org.apache.brooklyn.core.entity.EntityPredicates\n        factoryMethod.name: " name  \
	"\n        factoryMethod.args: [" arg "]\n"

Test(groups, brooklyns_filters_by_id_and_name_say_who_is_in_it)
{
	take(THREE FILTER("idEqualTo", "b"));
	cr_expect_str_eq(members("some"), "b");
	take(THREE "- {type: 'docker:x', id: d, name: Shown}\n" FILTER("displayNameEqualTo", "Shown"));
	cr_expect_str_eq(members("some"), "d");
	refused(THREE FILTER("applicationIdEqualTo", "x"), 9, 7, "this filter of a group is not known",
		"memberTypes");
	refused(THREE "- {type: group, id: g, members: [a], brooklyn.config: {dynamicgroup.ancestor: x}}\n",
		5, 56, "a group has no config `dynamicgroup.ancestor`", "entityfilter");
}

/* As of everything else. */
Test(groups, its_configuration_may_be_called_config)
{
	take(THREE "- type: group\n  id: some\n  config:\n    entityFilter:\n      $brooklyn:object:\n"
		   "        type: org.apache.brooklyn.core.entity.EntityPredicates\n"
		   "        factoryMethod.name: idEqualTo\n        factoryMethod.args: [b]\n");
	cr_expect_str_eq(members("some"), "b");
	refused(THREE "- {type: group, id: g, members: [a], config: {dynamicgroup.ancestor: x}}\n", 5, 47,
		"a group has no config `dynamicgroup.ancestor`", "entityfilter");
}

#define SENSED                                                                                               \
	"services:\n- {type: 'docker:nginx:1', id: a, sensors: {load: {value: 1}}}\n"                        \
	"- {type: 'docker:nginx:2', id: b, sensors: {load: {value: 2}}}\n"                                   \
	"- {type: 'docker:redis:3', id: c}\n- {type: group, id: pool, members: [a, b, c]}\n"

Test(groups, a_sensor_takes_those_of_its_members_together)
{
	take(SENSED
	     "- type: docker:front\n  id: front\n  sensors: {all: {from: pool/load, aggregate: sum}}\n"
	     "  enrichers: [{type: aggregator, producer: $brooklyn:component(\"pool\"), sourceSensor: load, "
	     "targetSensor: most, transformation: max}]\n");
	for (size_t i = 0; i < 2; i++) {
		const struct enricher *enricher = component("front")->sensors[i].enricher;
		cr_assert_eq(enricher->input_count, 2, "c has no such sensor");
		cr_expect_str_eq(enricher->inputs[0].component, "a");
		cr_expect_str_eq(enricher->inputs[1].component, "b");
	}
	refused(SENSED "- {type: 'docker:f', id: f, sensors: {all: {expression: '{pool/load} * 2'}}}\n", 6,
		39, "its members' numbers are several", "from: pool/load, aggregate: sum");
	refused(SENSED "- {type: 'docker:f', id: f, sensors: {all: {from: pool/lod, aggregate: sum}}}\n", 6,
		39, "no member of the group `pool` has the sensor `lod`", "sensors");
}

Test(groups, what_it_is_not_is_told)
{
	refused(THREE "- {type: group, id: pool}\n", 5, 3, "has no members", "memberTypes");
	refused(THREE "- {type: group, id: a, members: [b]}\n", 5, 3, "is that of another one", NULL);
	refused(THREE "- {type: group, id: pool, members: [d]}\n", 5, 37, "no component has the id `d`",
		NULL);
	refused(THREE "- {type: group, id: pool, members: [a], policies: []}\n", 5, 41,
		"does not go with a group", NULL);
	refused(THREE "- {type: group, id: one, members: [two]}\n- {type: group, id: two, members: [one]}\n",
		6, 36, "within each other", NULL);
	refused(THREE "- {type: group, id: pool, members: [a]}\n"
		      "- {type: 'docker:f', id: f, env: {A: '$berth:address(\"pool\")'}}\n",
		6, 54, "is a group", "links");
}

#define NESTED                                                                                               \
	"services:\n"                                                                                        \
	"- type: cluster\n"                                                                                  \
	"  id: shop\n"                                                                                       \
	"  initialSize: 2\n"                                                                                 \
	"  memberSpec:\n"                                                                                    \
	"    $brooklyn:entitySpec:\n"                                                                        \
	"      type: org.apache.brooklyn.entity.stock.BasicApplication\n"                                    \
	"      brooklyn.children:\n"                                                                         \
	"      - {type: 'docker:redis:3', id: db, openPorts: 6379}\n"                                        \
	"      - {type: 'docker:web:1', id: web, openPorts: 80, links: [$brooklyn:component(\"db\")]}\n"

Test(groups, a_cluster_of_applications_is_so_many_copies_of_their_components)
{
	take(NESTED);
	cr_assert_eq(outcome.blueprint->component_count, 4);
	const struct component_spec *second = component("shop-2-web");
	cr_assert_eq(second->link_count, 1);
	cr_expect_eq(&outcome.blueprint->components[second->links[0].component], component("shop-2-db"));
	cr_expect_eq(&outcome.blueprint->components[component("shop-1-web")->links[0].component],
		     component("shop-1-db"));
	cr_expect_str_eq(members("shop"), "shop-1-db shop-1-web shop-2-db shop-2-web");
	cr_expect_str_eq(members("shop-web"), "shop-1-web shop-2-web");
	cr_expect_str_eq(members("shop-db"), "shop-1-db shop-2-db");
}

Test(groups, a_sensor_within_a_copy_is_made_of_those_of_the_same_copy)
{
	take("services:\n- type: cluster\n  id: shop\n  initialSize: 2\n  memberSpec:\n"
	     "    type: org.apache.brooklyn.entity.stock.BasicApplication\n    brooklyn.children:\n"
	     "    - {type: 'docker:redis:3', id: db, sensors: {keys: {value: 1}}}\n"
	     "    - {type: 'docker:web:1', id: web, sensors: {half: {expression: '{db/keys} / 2'}}}\n"
	     "- {type: 'docker:f', id: f, sensors: {keys: {from: shop-db/keys, aggregate: sum}}}\n");
	cr_expect_str_eq(component("shop-2-web")->sensors[0].enricher->inputs[0].component, "shop-2-db");
	cr_expect_eq(component("f")->sensors[0].enricher->input_count, 2);
}

Test(groups, others_use_the_copies_of_one_of_them_together)
{
	take(NESTED "- {type: loadbalancer, id: front, members: shop-web}\n");
	cr_expect_eq(component("front")->balancer->members.count, 2);
}

Test(groups, a_cluster_of_clusters_is_so_many_clusters_which_have_sizes_of_their_own)
{
	take("services:\n"
	     "- type: cluster\n"
	     "  id: shop\n"
	     "  initialSize: 2\n"
	     "  locations: [localhost, docker]\n"
	     "  memberSpec:\n"
	     "    type: cluster\n"
	     "    initialSize: 3\n"
	     "    memberSpec: {type: 'docker:web:1', openPorts: 80}\n");
	cr_assert_eq(outcome.blueprint->component_count, 2);
	cr_expect_eq(component("shop-1")->instances, 3);
	cr_expect_not_null(component("shop-2")->cluster);
	cr_expect_str_eq(component("shop-1")->location->type, "localhost");
	cr_expect_str_eq(component("shop-2")->location->type, "docker");
	cr_expect_str_eq(members("shop"), "shop-1 shop-2");
}

Test(groups, what_would_change_the_number_of_copies_is_refused)
{
	refused("services:\n"
		"- type: cluster\n"
		"  id: shop\n"
		"  maxSize: 3\n"
		"  memberSpec: {type: cluster, memberSpec: 'docker:x'}\n",
		4, 3, "their number is fixed by `initialSize`", "memberSpec");
	refused("services:\n"
		"- type: cluster\n"
		"  id: shop\n"
		"  initialSize: many\n"
		"  memberSpec: {type: cluster, memberSpec: 'docker:x'}\n",
		4, 16, "is a number", NULL);
}

Test(groups, a_size_is_that_of_one_of_its_members)
{
	static const char *const settings[] = {"shop.initialSize=3", NULL};
	struct outcome refused = parse_with(NESTED, settings, NULL);
	cr_assert_eq(refused.list.errors, 1);
	cr_expect(strstr(refused.list.first->summary, "`shop` is a group"), "%s",
		  refused.list.first->summary);
	cr_expect(strstr(refused.list.first->remedy, "such as `shop-1-db`"), "%s",
		  refused.list.first->remedy);
	close_outcome(&refused);
}
