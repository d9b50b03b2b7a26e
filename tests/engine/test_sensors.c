/* test_sensors.c - sensors of what is kept, and the autoscalers that go by them. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/engine/sensing.h"

TestSuite(sensors, .init = sensing_begin, .fini = sensing_end);

Test(sensors, a_sensor_is_asked_again_and_again_and_status_shows_its_number)
{
	page.load = "12.5";
	sense(CLUSTER(BY_ADDRESS));
	pass(10 * SECOND);
	cr_expect_geq(page.asked, 9);
	cr_expect_leq(page.asked, 12);
	cr_expect_str_eq(page.who_asked, "GET http://10.9.9.9/load");
	cr_expect_str_eq(sensor("load"), "12.5");
	page.load = "13";
	pass(2 * SECOND);
	cr_expect_str_eq(sensor("load"), "13");
}

Test(sensors, one_that_tells_nothing_any_more_is_not_known_and_said_once)
{
	page.load = "1";
	sense(CLUSTER(BY_ADDRESS));
	pass(5 * SECOND);
	page.load = NULL;
	pass(MINUTE);
	cr_expect_str_eq(sensor("load"), "null", "not zero, and not what it was");
	const char *first = strstr(told, "the sensor `load` tells nothing: connection refused");
	cr_assert_not_null(first, "%s", told);
	cr_expect_null(strstr(strchr(first, '\n'), "tells nothing"), "%s", told);
}

Test(sensors, each_instance_is_asked_where_it_can_be_reached)
{
	page.load = "4";
	sense(CLUSTER("  sensors: {load: {http: /load, json: $.load, period: 1s, aggregate: sum}}\n"));
	pass(5 * SECOND);
	const struct observed *seen = fake_target_find(scene.target, "app.web.1");
	char expected[160];
	snprintf(expected, sizeof expected, "GET http://%s:80/load", seen->attachments[0].address);
	cr_expect_str_eq(page.who_asked, expected);
	cr_expect_str_eq(sensor("load"), "4");
}

Test(sensors, a_command_in_each_instance_tells_a_number)
{
	const struct fake_command command = {.words = "wc -l", .output = "17\n"};
	cr_assert_eq(fake_target_command(scene.target, &command), 0);
	sense(CLUSTER("  sensors: {lines: {command: [wc, -l], period: 1s}}\n"));
	pass(5 * SECOND);
	cr_expect_str_eq(sensor("lines"), "17");
}

Test(sensors, an_autoscaler_of_brooklyns_grows_and_shrinks_within_its_bounds)
{
	page.load = "90";
	sense(CLUSTER(BY_ADDRESS BROOKLYNS));
	pass(MINUTE);
	cr_expect_eq(members(), 4);
	page.load = "30";
	pass(MINUTE);
	cr_expect_eq(members(), 4, "nothing is to be done within the bounds");
	page.load = "5";
	pass(MINUTE);
	cr_expect_eq(members(), 1);
	pass(5 * MINUTE);
	cr_expect_eq(members(), 1);
}

Test(sensors, an_autoscaler_waits_where_there_is_no_room_and_goes_on_when_there_is)
{
	page.load = "80";
	fake_target_room(scene.target, 2);
	sense(CLUSTER(BY_ADDRESS OWN));
	pass(MINUTE);
	cr_expect_eq(members(), 2);
	size_t tried = fake_target_calls(scene.target, FAKE_PLACE);
	pass(2 * MINUTE);
	cr_expect_leq(fake_target_calls(scene.target, FAKE_PLACE), tried + 4, "not again and again");
	fake_target_room(scene.target, SIZE_MAX);
	pass(10 * MINUTE);
	cr_expect_eq(members(), 5);
}

Test(sensors, an_autoscaler_makes_a_cluster_no_larger_than_that_may_be)
{
	page.load = "80";
	sense(CLUSTER("  maxSize: 3\n" BY_ADDRESS OWN));
	pass(3 * MINUTE);
	cr_expect_eq(members(), 3);
	cr_expect_null(strstr(told, "from 3 instances to 3"), "%s", told);
}

Test(sensors, an_autoscaler_of_brooklyns_stays_where_there_is_no_room)
{
	page.load = "90";
	fake_target_room(scene.target, 2);
	sense(CLUSTER(BY_ADDRESS BROOKLYNS));
	pass(MINUTE);
	cr_expect_eq(members(), 2);
	size_t tried = fake_target_calls(scene.target, FAKE_PLACE);
	pass(10 * MINUTE);
	cr_expect_leq(fake_target_calls(scene.target, FAKE_PLACE), tried + 4, "not again and again");
	page.load = "5";
	pass(MINUTE);
	cr_expect_eq(members(), 1);
}

Test(sensors, an_autoscaler_of_our_own_keeps_the_metric_near_its_target)
{
	page.load = "80";
	sense(CLUSTER(BY_ADDRESS OWN));
	pass(3 * SECOND);
	cr_expect_geq(members(), 2);
	pass(MINUTE);
	cr_expect_eq(members(), 5);
	page.load = "1";
	pass(5 * MINUTE);
	cr_expect_eq(members(), 1);
}

Test(sensors, a_sensor_that_tells_nothing_makes_no_autoscaler_shrink)
{
	page.load = "90";
	sense(CLUSTER(BY_ADDRESS BROOKLYNS));
	pass(MINUTE);
	cr_assert_eq(members(), 4);
	page.load = NULL;
	pass(10 * MINUTE);
	cr_expect_eq(members(), 4);
}

Test(sensors, the_size_is_what_it_was_made_after_the_program_was_killed)
{
	page.load = "90";
	sense(CLUSTER(BY_ADDRESS BROOKLYNS));
	pass(MINUTE);
	cr_assert_eq(members(), 4);
	keeper = NULL;
	scene_restart(&scene, true);
	page_answers();
	page.load = "30";
	struct berth_error error;
	keeper = berth_keep(scene.berth, NULL, NULL, &error);
	cr_assert_not_null(keeper);
	pass(MINUTE);
	cr_expect_eq(members(), 4);
}

Test(sensors, the_metric_may_be_another_components)
{
	page.load = "90";
	sense("id: app\nlocation: fake\nservices:\n- {type: 'docker:q:1', id: queue, sensors: {load: {uri: "
	      "'http://10.9.9.9/load', json: $.load, period: 1s}}}\n"
	      "- {type: 'docker:x:1', id: workers, instances: 1, policies: [{type: autoscaler, metric: load, "
	      "entity: "
	      "queue, lower: 20, upper: 50, max: 3, upCooldown: 1s}]}\n");
	pass(MINUTE);
	cr_expect_eq(members(), 4, "the queue and three workers");
}

/* --- what is made of others -------------------------------------------------------------------------- */

Test(sensors, what_is_made_of_others_follows_them)
{
	page.load = "10";
	sense(CLUSTER("  sensors:\n    load: {http: /load, json: $.load, period: 1s}\n    limit: {value: 40, "
		      "period: 1s}\n"
		      "    half: {expression: load / 2, each: true, aggregate: sum}\n"
		      "    share: {expression: load / limit * 100}\n"
		      "    again: {from: share}\n    most: {from: half, aggregate: max}\n"));
	pass(5 * SECOND);
	cr_expect_str_eq(sensor("half"), "5");
	cr_expect_str_eq(sensor_of("app.web.1", "half"), "5");
	cr_expect_str_eq(sensor("share"), "25");
	cr_expect_str_eq(sensor("again"), "25");
	cr_expect_str_eq(sensor("most"), "5");
	page.load = "20";
	pass(2 * SECOND);
	cr_expect_str_eq(sensor("half"), "10");
	cr_expect_str_eq(sensor("again"), "50");
	page.load = NULL;
	pass(10 * SECOND);
	cr_expect_str_eq(sensor("half"), "null");
	cr_expect_str_eq(sensor("share"), "null", "one of those that it is made of is not known");
	cr_expect_str_eq(sensor("again"), "null");
	cr_expect_str_eq(sensor("most"), "null");
	cr_expect_str_eq(sensor("limit"), "40");
}

Test(sensors, an_autoscaler_goes_by_what_is_made_of_another_components)
{
	page.load = "90";
	sense("id: app\nlocation: fake\nservices:\n"
	      "- {type: 'docker:q:1', id: queue, sensors: {load: {uri: 'http://10.9.9.9/load', json: $.load, "
	      "period: 1s}}}\n"
	      "- type: docker:x:1\n  id: workers\n  instances: 1\n"
	      "  sensors: {wait: {expression: '{queue/load} / 10'}}\n"
	      "  policies: [{type: autoscaler, metric: wait, lower: 2, upper: 5, max: 3, upCooldown: 1s}]\n");
	pass(MINUTE);
	cr_expect_eq(members(), 4, "the queue and three workers");
}

#define ENRICHED                                                                                             \
	"id: app\nlocation: fake\nservices:\n- type: cluster\n  id: web\n  initialSize: 1\n"                 \
	"  memberSpec:\n    type: docker:x:1\n    openPorts: 80\n"                                           \
	"    sensors: {reqs: {http: /load, json: $.load, period: 1s}}\n"                                     \
	"    brooklyn.enrichers:\n"                                                                          \
	"    - {type: org.apache.brooklyn.enricher.stock.YamlTimeWeightedDeltaEnricher, brooklyn.config: "   \
	"{enricher.sourceSensor: reqs, enricher.targetSensor: rate}}\n"                                      \
	"  brooklyn.enrichers:\n"                                                                            \
	"  - {type: org.apache.brooklyn.enricher.stock.Aggregator, brooklyn.config: "                        \
	"{enricher.sourceSensor: "                                                                           \
	"rate, enricher.targetSensor: average, transformation: average}}\n"                                  \
	"  - {type: org.apache.brooklyn.enricher.stock.YamlRollingMeanEnricher, brooklyn.config: "           \
	"{enricher.sourceSensor: average, enricher.targetSensor: smooth, enricher.window.size: 3}}\n"        \
	"  brooklyn.policies:\n"                                                                             \
	"  - type: org.apache.brooklyn.policy.autoscaling.AutoScalerPolicy\n"                                \
	"    brooklyn.config: {metric: '$brooklyn:sensor(\"smooth\")', metricLowerBound: 20, "               \
	"metricUpperBound: 50, minPoolSize: 1, maxPoolSize: 3, resizeUpStabilizationDelay: 1s}\n"

Test(sensors, brooklyns_chain_of_enrichers_drives_its_autoscaler)
{
	char now[32];
	int64_t requests = 0;
	page.load = now;
	snprintf(now, sizeof now, "0");
	sense(ENRICHED);
	for (int i = 0; i < 60; i++) {
		pass(SECOND);
		snprintf(now, sizeof now, "%lld", (long long)(requests += 30));
	}
	cr_expect_eq(members(), 1, "30 requests a second are within its bounds");
	double average = strtod(sensor("smooth"), NULL);
	cr_expect_float_eq(average, 30, 6, "%f", average);
	for (int i = 0; i < 60; i++) {
		pass(SECOND);
		snprintf(now, sizeof now, "%lld", (long long)(requests += 200));
	}
	cr_expect_eq(members(), 3);
}

Test(sensors, the_members_of_a_group_are_taken_together_whatever_their_number)
{
	page.load = "4";
	sense(
	    "id: app\nlocation: fake\nservices:\n"
	    "- {type: 'docker:x:1', id: front, sensors: {all: {from: pool/load, aggregate: sum}}}\n"
	    "- {type: 'docker:x:1', id: a, instances: 2, openPorts: 80, sensors: {load: {http: /load, json: "
	    "$.load, "
	    "period: 1s}}}\n"
	    "- {type: 'docker:x:1', id: b, sensors: {load: {value: 10}}}\n"
	    "- {type: group, id: pool, members: [a, b]}\n");
	pass(10 * SECOND);
	cr_expect_str_eq(sensor("all"), "18", "each instance of a, and b");
	page.load = NULL;
	pass(MINUTE);
	cr_expect_str_eq(sensor("all"), "10", "who tells nothing is left out");
}

Test(sensors, a_number_is_found_in_what_is_answered_over_a_connection)
{
	page.info = "redis_version:3.0\r\nconnected_clients:12\r\n";
	sense(CLUSTER("  sensors: {clients: {tcp: {port: 80, send: \"INFO\\r\\n\"}, pattern: "
		      "'connected_clients:([0-9]+)', period: 1s}}\n"));
	pass(5 * SECOND);
	cr_expect_str_eq(page.said, "80 INFO\r\n");
	cr_expect(page.was_enough, "the other side need not end");
	cr_expect_str_eq(sensor("clients"), "12");
	page.info = "redis_version:3.0\r\nconnected_clients:1";
	pass(2 * SECOND);
	cr_expect_not(page.was_enough, "the line is not whole yet");
}
