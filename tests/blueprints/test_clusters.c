/* test_clusters.c - `type: cluster`: what its members are, and what is the cluster's own. */
#include "parse.h"

static struct outcome outcome;
static const struct component_spec *spec;

static void close_all(void)
{
	close_outcome(&outcome);
}

TestSuite(clusters, .fini = close_all);

static void take(const char *text)
{
	close_outcome(&outcome);
	outcome = accepted(text);
	spec = &outcome.blueprint->components[0];
}

Test(clusters, a_cluster_is_a_component_of_many_instances_of_its_member)
{
	take("services:\n"
	     "- type: cluster\n"
	     "  id: web\n"
	     "  initialSize: 3\n"
	     "  memberSpec:\n"
	     "    type: docker:nginx:1\n"
	     "    openPorts: 80\n"
	     "    env: {STAGE: test}\n");
	cr_assert_str_eq(spec->id, "web");
	cr_assert(spec->cluster);
	cr_assert_eq(spec->instances, 3);
	cr_assert_eq(spec->resized, -1);
	cr_assert_eq(spec->kind, COMPONENT_DOCKER);
	cr_assert_str_eq(spec->image.familiar, "nginx:1");
	cr_assert_eq(spec->open_port_count, 1);
	cr_assert_eq(spec->environment_count, 1);
}

Test(clusters, it_begins_with_one_member)
{
	take("services:\n- {type: cluster, id: web, memberSpec: 'docker:nginx'}\n");
	cr_assert_eq(spec->instances, 1);
	cr_assert_str_eq(spec->image.familiar, "nginx:latest");
}

Test(clusters, brooklyns_spellings_are_the_same)
{
	take("services:\n"
	     "- type: org.apache.brooklyn.entity.group.DynamicCluster\n"
	     "  name: The Web\n"
	     "  brooklyn.config:\n"
	     "    cluster.initial.size: 2\n"
	     "    dynamiccluster.removalstrategy: newest\n"
	     "    dynamiccluster.memberspec:\n"
	     "      $brooklyn:entitySpec:\n"
	     "        type: process\n"
	     "        command: serve $brooklyn:config(\"port\")\n"
	     "        brooklyn.config: {port: 8}\n");
	cr_assert_str_eq(spec->id, "The-Web");
	cr_assert_eq(spec->instances, 2);
	cr_assert_eq(spec->kind, COMPONENT_PROCESS);
}

Test(clusters, a_member_sees_the_clusters_configuration_below_its_own)
{
	take("services:\n"
	     "- type: cluster\n"
	     "  id: web\n"
	     "  brooklyn.config: {a: of the cluster, b: of the cluster}\n"
	     "  memberSpec:\n"
	     "    type: docker:x\n"
	     "    brooklyn.config: {b: of the member}\n"
	     "    env: {A: $brooklyn:config(\"a\"), B: $brooklyn:config(\"b\")}\n");
	cr_assert_str_eq(spec->environment[0].value.text, "of the cluster");
	cr_assert_str_eq(spec->environment[1].value.text, "of the member");
}

Test(clusters, policies_of_members_and_of_the_cluster_are_those_of_the_component)
{
	take("services:\n"
	     "- type: cluster\n"
	     "  id: web\n"
	     "  policies: [replacer]\n"
	     "  memberSpec:\n"
	     "    type: docker:x\n"
	     "    policies: [restarter]\n"
	     "    enrichers: [failure-detector]\n");
	cr_assert_eq(spec->policy_count, 3);
}

Test(clusters, it_goes_where_the_cluster_says)
{
	take("services:\n"
	     "- type: cluster\n"
	     "  id: web\n"
	     "  description: all of the front\n"
	     "  location: fake\n"
	     "  effectors: {flush: 'rm -r /cache'}\n"
	     "  memberSpec: {type: 'docker:x', location: localhost}\n");
	cr_assert_str_eq(spec->location->name[0] ? spec->location->name : spec->location->type, "fake");
	cr_assert_eq(spec->effector_count, 1);
	take("services:\n- {type: cluster, id: web, locations: [fake], memberSpec: 'docker:x'}\n");
	cr_assert_str_eq(spec->location->type, "fake");
}

Test(clusters, a_name_inside_is_without_effect)
{
	take("services:\n- type: cluster\n  id: web\n  memberSpec: {type: 'docker:x', id: first, name: n}\n");
	cr_assert_str_eq(spec->id, "web");
}

Test(clusters, a_size_from_outside_is_asked_for_now_and_changes_nothing_else)
{
	static const char *const settings[] = {"web.instances=5", NULL};
	close_outcome(&outcome);
	outcome =
	    parse_with("services:\n- type: cluster\n  id: web\n  initialSize: 2\n  memberSpec: 'docker:x'\n",
		       settings, NULL);
	cr_assert(outcome.blueprint);
	spec = &outcome.blueprint->components[0];
	cr_assert_eq(spec->instances, 2);
	cr_assert_eq(spec->resized, 5);
}

Test(clusters, what_becomes_of_its_members_is_its_own_to_say)
{
	take("services:\n- {type: cluster, id: web, memberSpec: 'docker:x'}\n");
	cr_assert_eq(spec->cluster->quorum, -1);
	cr_assert_eq(spec->cluster->most, 0);
	cr_assert_eq(spec->cluster->removal, REMOVE_NEWEST);
	cr_assert(spec->cluster->quarantine);
	take("services:\n"
	     "- type: cluster\n"
	     "  id: web\n"
	     "  initialSize: 2\n"
	     "  memberSpec: docker:x\n"
	     "  removalStrategy: unhealthy\n"
	     "  brooklyn.config:\n"
	     "    cluster.max.size: 7\n"
	     "    cluster.initial.quorumSize: 2\n"
	     "    dynamiccluster.zone.enable: false\n"
	     "    dynamiccluster.quarantineFailedEntities: false\n");
	cr_assert_eq(spec->instances, 2);
	cr_assert_eq(spec->cluster->quorum, 2);
	cr_assert_eq(spec->cluster->most, 7);
	cr_assert_eq(spec->cluster->removal, REMOVE_UNWELL);
	cr_assert_not(spec->cluster->quarantine);
}

Test(clusters, it_may_be_spread_over_several_locations)
{
	take("locations: [fake, 'fake:b']\n"
	     "services:\n- {type: cluster, id: web, memberSpec: 'docker:x'}\n");
	cr_assert_eq(spec->cluster->zone_count, 2);
	cr_assert_str_eq(spec->cluster->zones[1]->target, "b");
	take("services:\n- type: cluster\n  id: web\n  memberSpec: docker:x\n"
	     "  locations: ['fake:a', 'fake:b', 'fake:c']\n"
	     "  brooklyn.config:\n"
	     "    dynamiccluster.availabilityZones: ['fake:c', 'fake:b']\n"
	     "    dynamiccluster.numAvailabilityZones: 1\n");
	cr_assert_eq(spec->cluster->zone_count, 1);
	cr_assert_str_eq(spec->location->target, "c");
	take("services:\n- {type: cluster, id: web, memberSpec: 'docker:x', locations: [fake]}\n");
	cr_assert_eq(spec->cluster->zone_count, 0);
	refused("services:\n- type: cluster\n  id: web\n  memberSpec: docker:x\n"
		"  locations: ['fake:a', 'fake:b']\n  availabilityZoneNames: [here]\n",
		6, 27, "`here` is none of the `locations` of the cluster", NULL);
}

Test(clusters, an_autoscaler_cannot_keep_more_than_there_may_be)
{
#define SCALED(type, least)                                                                                  \
	"services:\n- type: cluster\n  id: web\n  memberSpec: docker:x\n  maxSize: 3\n"                      \
	"  sensors: {load: {value: 1}}\n  policies:\n  - type: " type "\n    " least "\n"                    \
	"    metric: load\n    metricLowerBound: 1\n    metricUpperBound: 9\n"
	refused(
	    SCALED("org.apache.brooklyn.policy.autoscaling.AutoScalerPolicy", "autoscaler.minPoolSize: 5"), 8,
	    5, "its `autoscaler.minPoolSize` is 5, and `maxSize` of `web` allows 3 members", "maxSize");
	take(SCALED("org.apache.brooklyn.policy.autoscaling.AutoScalerPolicy", "minPoolSize: 3"));
	refused("services:\n- {type: cluster, id: web, memberSpec: 'docker:x', maxSize: 3, sensors: {load: "
		"{value: "
		"1}},\n   policies: [{type: autoscaler, min: 4, max: 5, metric: load, target: 5}]}\n",
		3, 15, "its `min` is 4, and `maxSize` of `web` allows 3 members", "maxSize");
}

Test(clusters, policies_may_invoke_what_every_cluster_has)
{
	take("services:\n- type: cluster\n  id: web\n  memberSpec: docker:x\n  policies:\n"
	     "  - {type: periodic, period: 1h, effector: resize, args: {desiredSize: 3}}\n");
	cr_assert_eq(spec->policy_count, 1);
	refused("services:\n- type: docker:x\n  policies:\n"
		"  - {type: periodic, period: 1h, effector: resize}\n",
		4, 44, "has no effector `resize`", NULL);
}

Test(clusters, what_is_wrong_is_told_where_it_is)
{
	refused("services:\n- {type: cluster, id: web}\n", 2, 3, "the cluster has no `memberSpec`",
		"what each of its members is");
	refused("services:\n- type: cluster\n  id: web\n  openPorts: 80\n  memberSpec: 'docker:x'\n", 4, 3,
		"`openPorts` is of the cluster's members", "write it under `memberSpec`");
	refused(
	    "services:\n- type: cluster\n  id: web\n  memberSpec:\n    type: docker:x\n    instances: 3\n", 6,
	    5, "`instances` is of the cluster, not of its members", "`initialSize`");
	refused("services:\n- type: cluster\n  id: web\n  memberSpec: [x]\n", 4, 15,
		"`memberSpec` takes a component, not a list", NULL);
	refused("services:\n- type: cluster\n  id: web\n  initialSize: many\n  memberSpec: 'docker:x'\n", 4,
		16, "a number from 0 to 1000, not `many`", NULL);
	refused("services:\n- type: cluster\n  id: web\n  removalStrategy: best\n  memberSpec: 'docker:x'\n",
		4, 20, "best", NULL);
	refused("services:\n- type: docker:x\n  id: web\n  instances: 0\n", 4, 14,
		"`instances` is a number from 1 to 1000, not `0`", "`berth stop` ends all of it");
	refused("services:\n- type: docker:x\n  initialSize: 3\n", 3, 3, "does not go with docker components",
		NULL);
}

Test(clusters, members_on_machines_of_their_own_may_have_the_same_port)
{
	static const char *const settings[] = {"web.instances=3", NULL};
	const char *text =
	    "location: {byon: {hosts: [10.0.0.1, 10.0.0.2, 10.0.0.3]}}\n"
	    "services:\n- {type: cluster, id: web, initialSize: 2, memberSpec: {type: process, command: x, "
	    "ports: {http: 80}}}\n";

	outcome = accepted_with(text, settings);
	cr_expect_eq(outcome.blueprint->components[0].resized, 3);
	close_outcome(&outcome);
	outcome = parse_with(strchr(text, '\n') + 1, settings, NULL);
	cr_expect_eq(outcome.list.errors, 1);
	cr_expect(strstr(outcome.list.first->summary, "cannot share the port 80"));
}

#define SIZED "services:\n- type: cluster\n  id: web\n  memberSpec: 'docker:x'\n"

Test(clusters, sizes_that_contradict_one_another_are_refused)
{
	refused(SIZED "  initialSize: 5\n  maxSize: 3\n", 5, 16,
		"begins with 5 members, and `maxSize` allows 3", "`initialSize` smaller");
	refused(SIZED "  initialSize: 2\n  initialQuorumSize: 3\n", 6, 22, "asks for 3 of the 2 members",
		"leave it out");
	take(SIZED "  initialSize: 3\n  maxSize: 3\n  initialQuorumSize: 3\n");
	take(SIZED "  initialSize: 0\n  initialQuorumSize: 0\n");
}

#define BOUND(where)                                                                                         \
	"services:\n- type: cluster\n  id: web\n  initialSize: 2\n  " where                                  \
	"\n  memberSpec: {type: 'docker:x', portBindings: {80: 80}}\n"
#define LISTENING(ports)                                                                                     \
	"services:\n- type: cluster\n  id: web\n  initialSize: 3\n  location: localhost\n"                   \
	"  memberSpec: {type: process, command: x, ports: {http: " ports "}}\n"

Test(clusters, members_that_would_meet_on_one_machine_have_no_fixed_port)
{
	refused(BOUND("location: docker"), 4, 16, "2 members of `web` cannot share the host's port 80",
		"take `initialSize` away");
	refused(LISTENING("8080"), 4, 16, "3 members of `web` cannot share the port 8080", "`http: auto`");
	refused(LISTENING("8080-8081"), 4, 16, "cannot share the port 8080", "as long as the members");
	take(LISTENING("8080-8082"));
	take(BOUND("locations: [docker, 'docker:tcp://10.0.0.5:2375']"));
	take(BOUND("location: {byon: {hosts: ['a', 'b'], user: x}}"));
	take(BOUND("location: whatever-a-deploy-makes-of-it"));
}
