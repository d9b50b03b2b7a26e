/* test_web_clusters.c - Brooklyn's clusters of web servers, and the load balancer before them. */
#include "base/text.h"
#include "parse.h"

static struct outcome outcome;

static void close_all(void)
{
	close_outcome(&outcome);
}

TestSuite(web_clusters, .fini = close_all);

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
	cr_assert_fail("there is no component `%s`", id);
	return NULL;
}

#define BEGIN                                                                                                \
	"location: {byon: {hosts: [10.0.0.1, 10.0.0.2, 10.0.0.3]}}\n"                                        \
	"services:\n"                                                                                        \
	"- type: org.apache.brooklyn.entity.webapp.ControlledDynamicWebAppCluster\n"                         \
	"  id: shop\n"

Test(web_clusters, are_a_cluster_and_a_load_balancer_before_it)
{
	take(
	    BEGIN
	    "  initialSize: 2\n"
	    "  war: http://example.org/x.war\n"
	    "  brooklyn.config:\n"
	    "    proxy.http.port: 9210+\n"
	    "    http.port: 9280\n"
	    "    memberSpec:\n"
	    "      $brooklyn:entitySpec: {type: TomcatServer, env: {A: b}}\n"
	    "  brooklyn.policies:\n"
	    "  - {type: autoscaler, metric: '$brooklyn:sensor(\"x.Y\", "
	    "\"webapp.reqs.perSec.windowed.perNode\")', metricLowerBound: 1, metricUpperBound: 9, max: 3}\n");
	cr_assert_eq(outcome.blueprint->component_count, 2);
	const struct component_spec *front = component("shop-controller"), *shop = component("shop");
	cr_assert_not_null(front->balancer);
	cr_expect_eq(front->named_ports[0].first, 9210);
	cr_assert_eq(front->link_count, 1);
	cr_expect_str_eq(front->links[0].alias, "shop");
	cr_assert_not_null(shop->cluster);
	cr_expect_eq(shop->instances, 2);
	cr_expect_eq(shop->policy_count, 1);
	cr_expect_eq(shop->named_ports[0].first, 9280);
	cr_expect_eq(outcome.list.warnings, 0);
}

Test(web_clusters, what_is_not_said_is_as_in_brooklyn_or_told)
{
	take(BEGIN);
	cr_expect_eq(component("shop")->instances, 1);
	cr_expect_eq(component("shop-controller")->named_ports[0].first, 8000);
	expect_words(entry_at(&outcome.list, 3, 3), "of type tomcat, where Brooklyn has", "memberSpec");
	take("location: localhost\nservices:\n- {type: brooklyn.entity.webapp.DynamicWebAppCluster, name: My "
	     "web, "
	     "memberSpec: {type: process, command: x, ports: {http: auto}}}\n");
	cr_assert_eq(outcome.blueprint->component_count, 1);
	cr_expect_str_eq(outcome.blueprint->components[0].id, "My-web");
}

Test(web_clusters, have_the_controller_that_they_are_given)
{
	take(BEGIN
	     "  memberSpec: {type: process, command: x, ports: {http: 80}}\n"
	     "  controllerSpec: {$brooklyn:entitySpec: {type: loadbalancer, id: front, proxy: haproxy}}\n");
	cr_expect_str_eq(component("front")->stop_signal, "USR1");
	refused(BEGIN "  memberSpec: {type: process, command: x, ports: {http: 80}}\n"
		      "  controllerSpec: {type: loadbalancer, proxi: haproxy}\n",
		6, 40, "unknown key `proxi`", "proxy");
}

static void told(const char *text, int line, int column, const char *words)
{
	close_outcome(&outcome);
	outcome = parse(text);
	cr_expect(outcome.list.errors);
	expect_words(entry_at(&outcome.list, line, column), words, NULL);
}

Test(web_clusters, tell_where_what_is_wrong_stands)
{
	told(BEGIN "  memberSpec: {type: process, command: x, prots: {}}\n", 5, 43, "unknown key `prots`");
	told(BEGIN "  memberSpec: {type: tomcat}\n  brooklyn.config: {cluster.initial.size: many}\n", 6, 43,
	     "a number from 0 to 1000");
}
