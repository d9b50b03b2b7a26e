/* test_sensors.c - sensors of what is kept, and the autoscalers that go by them. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/engine/scene.h"

static struct scene scene;
static struct berth_operation *keeper;
static const char *load; /* what the page says; NULL: nobody answers */
static size_t asked;
static char who_asked[128];
static struct text warnings;

static int64_t answer(void *owner, const struct http_request *request, struct http_answer *answer)
{
	(void)owner;
	asked++;
	snprintf(who_asked, sizeof who_asked, "%s %s", request->method, request->url);
	if (!load) {
		fail(&answer->error, ERR_UNREACHABLE, "connection refused");
		return 1;
	}
	answer->status = 200;
	text_format(&answer->body, "{\"load\": %s}", load);
	return 3;
}

static void raise_curtain(void)
{
	static const struct virtual_hooks hooks = {.http = answer};
	scene_open(&scene);
	virtual_world_hooks(scene.world, &hooks);
}

static void drop_curtain(void)
{
	berth_operation_free(keeper);
	scene_close(&scene);
	text_release(&warnings);
}

TestSuite(sensors, .init = raise_curtain, .fini = drop_curtain);

#define SECOND 1000
#define MINUTE (60 * SECOND)

#define CLUSTER(more)                                                                                        \
	"id: app\nlocation: fake\nservices:\n- type: cluster\n  id: web\n  initialSize: 1\n"                 \
	"  memberSpec: {type: 'docker:x:1', openPorts: 80}\n" more
#define BY_ADDRESS "  sensors: {load: {uri: 'http://10.9.9.9/load', json: $.load, period: 1s}}\n"
#define CLASSIC                                                                                              \
	"  brooklyn.policies:\n"                                                                             \
	"  - type: org.apache.brooklyn.policy.autoscaling.AutoScalerPolicy\n"                                \
	"    brooklyn.config: {metric: '$brooklyn:sensor(\"load\")', metricLowerBound: 20, "                 \
	"metricUpperBound: 50, minPoolSize: 1, maxPoolSize: 4, resizeUpStabilizationDelay: 1s, "             \
	"resizeDownStabilizationDelay: 2s}\n"
#define OWN                                                                                                  \
	"  policies: [{type: autoscaler, metric: load, target: 40, max: 5, upCooldown: 1s, downCooldown: "   \
	"1s, downDelay: 5s}]\n"

static void note(void *context, const struct berth_event *event)
{
	(void)context;
	if (event->kind == BERTH_EVENT_WARNING)
		text_format(&warnings, "%s\n", event->text);
}

static void keep(const char *blueprint)
{
	static const struct berth_listener listener = {.size = sizeof listener, .event = note};
	struct berth_error error;
	cr_assert_eq(scene_run(&scene, berth_deploy, blueprint, NULL), BERTH_OK, "%s", scene.events);
	keeper = berth_keep(scene.berth, NULL, &listener, &error);
	cr_assert_not_null(keeper, "%s", error.text);
}

static bool never(void *nothing)
{
	(void)nothing;
	return false;
}

static void pass(int64_t duration_ms)
{
	virtual_world_run(scene.world, never, NULL, duration_ms);
}

static size_t members(void)
{
	return fake_target_instances(scene.target);
}

/* What `status` says of the sensor of `web`, as JSON; "-": nothing. */
static const char *sensor(const char *name)
{
	static char line[128];
	const struct berth_request request = {.size = sizeof request, .app = "app"};
	owned_json document = NULL;
	cr_assert_eq(scene_request(&scene, berth_status, &request, &document), BERTH_OK);
	const json_t *component = json_array_get(json_object_get(document, "components"), 0);
	const json_t *value = json_object_get(json_object_get(component, "sensors"), name);
	owned_memory char *written = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;
	snprintf(line, sizeof line, "%s", written ? written : "-");
	return line;
}

Test(sensors, a_sensor_is_asked_again_and_again_and_status_shows_its_number)
{
	load = "12.5";
	keep(CLUSTER(BY_ADDRESS));
	pass(10 * SECOND);
	cr_expect_geq(asked, 9);
	cr_expect_leq(asked, 12);
	cr_expect_str_eq(who_asked, "GET http://10.9.9.9/load");
	cr_expect_str_eq(sensor("load"), "12.5");
	load = "13";
	pass(2 * SECOND);
	cr_expect_str_eq(sensor("load"), "13");
}

Test(sensors, one_that_tells_nothing_any_more_is_not_known_and_said_once)
{
	load = "1";
	keep(CLUSTER(BY_ADDRESS));
	pass(5 * SECOND);
	load = NULL;
	pass(MINUTE);
	cr_expect_str_eq(sensor("load"), "null", "not zero, and not what it was");
	const char *first =
	    strstr(text_view(&warnings), "the sensor `load` tells nothing: connection refused");
	cr_assert_not_null(first, "%s", text_view(&warnings));
	cr_expect_null(strstr(strchr(first, '\n'), "tells nothing"), "%s", text_view(&warnings));
}

Test(sensors, each_instance_is_asked_where_it_can_be_reached)
{
	load = "4";
	keep(CLUSTER("  sensors: {load: {http: /load, json: $.load, period: 1s, aggregate: sum}}\n"));
	pass(5 * SECOND);
	const struct observed *seen = fake_target_find(scene.target, "app.web.1");
	char expected[160];
	snprintf(expected, sizeof expected, "GET http://%s:80/load", seen->attachments[0].address);
	cr_expect_str_eq(who_asked, expected);
	cr_expect_str_eq(sensor("load"), "4");
}

Test(sensors, a_command_in_each_instance_tells_a_number)
{
	const struct fake_command command = {.words = "wc -l", .output = "17\n"};
	cr_assert_eq(fake_target_command(scene.target, &command), 0);
	keep(CLUSTER("  sensors: {lines: {command: [wc, -l], period: 1s}}\n"));
	pass(5 * SECOND);
	cr_expect_str_eq(sensor("lines"), "17");
}

Test(sensors, an_autoscaler_of_brooklyns_grows_and_shrinks_within_its_bounds)
{
	load = "90";
	keep(CLUSTER(BY_ADDRESS CLASSIC));
	pass(MINUTE);
	cr_expect_eq(members(), 4);
	load = "30";
	pass(MINUTE);
	cr_expect_eq(members(), 4, "nothing is to be done within the bounds");
	load = "5";
	pass(MINUTE);
	cr_expect_eq(members(), 1);
	pass(5 * MINUTE);
	cr_expect_eq(members(), 1);
}

Test(sensors, an_autoscaler_of_our_own_keeps_the_metric_near_its_target)
{
	load = "80";
	keep(CLUSTER(BY_ADDRESS OWN));
	pass(3 * SECOND);
	cr_expect_geq(members(), 2);
	pass(MINUTE);
	cr_expect_eq(members(), 5);
	load = "1";
	pass(5 * MINUTE);
	cr_expect_eq(members(), 1);
}

Test(sensors, a_sensor_that_tells_nothing_makes_no_autoscaler_shrink)
{
	load = "90";
	keep(CLUSTER(BY_ADDRESS CLASSIC));
	pass(MINUTE);
	cr_assert_eq(members(), 4);
	load = NULL;
	pass(10 * MINUTE);
	cr_expect_eq(members(), 4);
}

Test(sensors, the_size_is_what_it_was_made_after_the_program_was_killed)
{
	load = "90";
	keep(CLUSTER(BY_ADDRESS CLASSIC));
	pass(MINUTE);
	cr_assert_eq(members(), 4);
	keeper = NULL;
	scene_restart(&scene, true);
	static const struct virtual_hooks hooks = {.http = answer};
	virtual_world_hooks(scene.world, &hooks);
	load = "30";
	struct berth_error error;
	keeper = berth_keep(scene.berth, NULL, NULL, &error);
	cr_assert_not_null(keeper);
	pass(MINUTE);
	cr_expect_eq(members(), 4);
}

Test(sensors, the_metric_may_be_another_components)
{
	load = "90";
	keep("id: app\nlocation: fake\nservices:\n- {type: 'docker:q:1', id: queue, sensors: {load: {uri: "
	     "'http://10.9.9.9/load', json: $.load, period: 1s}}}\n"
	     "- {type: 'docker:x:1', id: workers, instances: 1, policies: [{type: autoscaler, metric: load, "
	     "entity: "
	     "queue, lower: 20, upper: 50, max: 3, upCooldown: 1s}]}\n");
	pass(MINUTE);
	cr_expect_eq(members(), 4, "the queue and three workers");
}
