/* test_sensors.c - sensors of what is kept, and the autoscalers that go by them. */
#include <criterion/criterion.h>
#include <math.h>
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

static struct text headers; /* the headers of the last request, each with a newline */

static int64_t answer(void *owner, const struct http_request *request, struct http_answer *answer)
{
	(void)owner;
	asked++;
	text_clear(&headers);
	for (size_t i = 0; request->headers && request->headers[i]; i++)
		text_format(&headers, "%s\n", request->headers[i]);
	snprintf(who_asked, sizeof who_asked, "%s %s", request->method, request->url);
	if (!load) {
		fail(&answer->error, ERR_UNREACHABLE, "connection refused");
		return 1;
	}
	answer->status = 200;
	text_format(&answer->body, "{\"load\": %s}", load);
	return 3;
}

static int64_t connect_after; /* -1: nothing takes connections */

static int64_t connects(void *owner, const char *address, uint16_t port, struct error *ret)
{
	(void)owner;
	snprintf(who_asked, sizeof who_asked, "%s:%u", address, port);
	if (connect_after < 0)
		fail(ret, ERR_UNREACHABLE, "connection refused");
	return connect_after < 0 ? 1 : connect_after;
}

static char said[64];
static const char *info; /* what is answered over a connection */
static bool was_enough;

static int64_t talks(void *owner, const struct tcp_question *question, struct text *heard, struct error *err)
{
	(void)owner;
	(void)err;
	snprintf(said, sizeof said, "%u %s", question->port, question->words);
	text_add(heard, info);
	was_enough = question->enough(question->owner, heard);
	return 2;
}

static void raise_curtain(void)
{
	static const struct virtual_hooks hooks = {.http = answer, .tcp = connects, .talk = talks};
	scene_open(&scene);
	virtual_world_hooks(scene.world, &hooks);
}

static void drop_curtain(void)
{
	berth_operation_free(keeper);
	scene_close(&scene);
	text_release(&warnings);
	text_release(&headers);
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

Test(sensors, an_autoscaler_waits_where_there_is_no_room_and_goes_on_when_there_is)
{
	load = "80";
	fake_target_room(scene.target, 2);
	keep(CLUSTER(BY_ADDRESS OWN));
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
	load = "80";
	keep(CLUSTER("  maxSize: 3\n" BY_ADDRESS OWN));
	pass(3 * MINUTE);
	cr_expect_eq(members(), 3);
	cr_expect_null(strstr(text_view(&warnings), "from 3 instances to 3"), "%s", text_view(&warnings));
}

Test(sensors, an_autoscaler_of_brooklyns_stays_where_there_is_no_room)
{
	load = "90";
	fake_target_room(scene.target, 2);
	keep(CLUSTER(BY_ADDRESS CLASSIC));
	pass(MINUTE);
	cr_expect_eq(members(), 2);
	size_t tried = fake_target_calls(scene.target, FAKE_PLACE);
	pass(10 * MINUTE);
	cr_expect_leq(fake_target_calls(scene.target, FAKE_PLACE), tried + 4, "not again and again");
	load = "5";
	pass(MINUTE);
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

/* --- other places that numbers come from ------------------------------------------------------------ */

#define TWO                                                                                                  \
	"id: app\nlocation: fake\nservices:\n- type: docker:x:1\n  id: web\n  instances: 2\n  openPorts: "   \
	"80\n"

/* What `status` says of the sensor of that instance; "-": nothing. */
static const char *sensor_of(const char *instance, const char *name)
{
	static char line[128];
	const struct berth_request request = {.size = sizeof request, .app = "app"};
	owned_json document = NULL;
	cr_assert_eq(scene_request(&scene, berth_status, &request, &document), BERTH_OK);
	const json_t *component = json_array_get(json_object_get(document, "components"), 0);
	const json_t *all = json_object_get(component, "instance_sensors");
	const json_t *value = json_object_get(json_object_get(all, instance), name);
	owned_memory char *written = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;
	snprintf(line, sizeof line, "%s", written ? written : "-");
	return line;
}

static void uses(const char *instance, double cpus, double memory)
{
	const struct usage usage = {.cpu_s = cpus,
				    .memory = memory,
				    .memory_limit = 1000,
				    .received_bytes = 500,
				    .sent_bytes = 20,
				    .processes = 3};
	cr_assert_eq(fake_target_usage(scene.target, instance, &usage), 0);
}

Test(sensors, what_instances_use_is_told_by_their_target)
{
	keep(TWO "  sensors:\n    cpu: {usage: cpu, period: 1s}\n    cpus: {usage: cpus, period: 1s, "
		 "aggregate: sum}\n"
		 "    memory: {usage: memory, period: 1s, aggregate: sum}\n"
		 "    full: {usage: memory.percent, period: 1s, aggregate: max}\n"
		 "    free: {usage: memory.free, period: 1s}\n    limit: {usage: memory.limit, period: 1s}\n"
		 "    in: {usage: network.in, period: 1s}\n    out: {usage: network.out, period: 1s}\n"
		 "    processes: {usage: processes, period: 1s, aggregate: sum}\n");
	uses("app.web.1", 0.5, 100);
	uses("app.web.2", 1.5, 300);
	pass(10 * SECOND);
	cr_expect_str_eq(sensor_of("app.web.1", "cpu"), "50");
	cr_expect_str_eq(sensor_of("app.web.2", "cpu"), "150");
	cr_expect_str_eq(sensor("cpu"), "100", "the mean of both");
	cr_expect_str_eq(sensor("cpus"), "2");
	cr_expect_str_eq(sensor("memory"), "400");
	cr_expect_str_eq(sensor("full"), "30");
	cr_expect_str_eq(sensor("free"), "800");
	cr_expect_str_eq(sensor("limit"), "1000");
	cr_expect_str_eq(sensor("in"), "500");
	cr_expect_str_eq(sensor("out"), "20");
	cr_expect_str_eq(sensor("processes"), "6");
}

Test(sensors, one_question_serves_all_that_is_asked_of_an_instance_as_often)
{
	keep(TWO
	     "  sensors: {cpu: {usage: cpu, period: 1s}, memory: {usage: memory, period: 1s}, in: {usage: "
	     "network.in, period: 1s}}\n");
	uses("app.web.1", 1, 1);
	uses("app.web.2", 1, 1);
	pass(5 * SECOND);
	size_t before = fake_target_calls(scene.target, FAKE_USAGE);
	pass(20 * SECOND);
	size_t calls = fake_target_calls(scene.target, FAKE_USAGE) - before;
	cr_expect_geq(calls, 38);
	cr_expect_leq(calls, 42);
}

Test(sensors, what_a_target_does_not_tell_is_not_zero)
{
	keep(TWO "  sensors: {cpu: {usage: cpu, period: 1s}}\n");
	pass(10 * SECOND);
	cr_expect_str_eq(sensor("cpu"), "null");
	cr_expect_not_null(strstr(text_view(&warnings), "the sensor `cpu` tells nothing"), "%s",
			   text_view(&warnings));
}

Test(sensors, a_member_that_tells_nothing_any_more_leaves_the_mean_and_all_of_them_leave_it_unknown)
{
	keep(TWO "  sensors: {full: {usage: memory, period: 1s}, both: {from: full, aggregate: count}, all: "
		 "{from: full, aggregate: sum}}\n");
	uses("app.web.1", 0, 100);
	uses("app.web.2", 0, 300);
	pass(5 * SECOND);
	cr_expect_str_eq(sensor("full"), "200");
	cr_expect_str_eq(sensor("both"), "2");
	cr_expect_str_eq(sensor("all"), "400");
	const struct fake_rule first = {
	    .call = FAKE_USAGE, .instance = "app.web.1", .error = {.code = ERR_FAILED, .text = "no"}};
	cr_assert_eq(fake_target_rule(scene.target, &first), 0);
	pass(10 * SECOND);
	cr_expect_str_eq(sensor("full"), "300");
	cr_expect_str_eq(sensor("both"), "1");
	cr_expect_str_eq(sensor("all"), "300");
	cr_expect_str_eq(sensor_of("app.web.1", "full"), "null");
	const struct fake_rule second = {
	    .call = FAKE_USAGE, .instance = "app.web.2", .error = {.code = ERR_FAILED, .text = "no"}};
	cr_assert_eq(fake_target_rule(scene.target, &second), 0);
	pass(10 * SECOND);
	cr_expect_str_eq(sensor("full"), "null");
	cr_expect_str_eq(sensor("both"), "null", "it is not known how many there are");
	cr_expect_str_eq(sensor("all"), "null", "and not zero");
	fake_target_calm(scene.target);
	pass(5 * SECOND);
	cr_expect_str_eq(sensor("all"), "400");
}

Test(sensors, a_connection_tells_how_long_it_takes)
{
	connect_after = 7;
	keep(TWO "  sensors: {there: {tcp: true, period: 1s, aggregate: max}}\n");
	pass(5 * SECOND);
	const char *port = strrchr(who_asked, ':');
	cr_assert_not_null(port, "%s", who_asked);
	cr_expect_str_eq(port, ":80");
	cr_expect_str_eq(sensor("there"), "7");
	connect_after = -1;
	pass(10 * SECOND);
	cr_expect_str_eq(sensor("there"), "null");
	cr_expect_not_null(strstr(text_view(&warnings), "connection refused"), "%s", text_view(&warnings));
	connect_after = 0;
	pass(5 * SECOND);
	cr_expect_str_eq(sensor("there"), "0");
}

static void writes(const char *instance, const char *bytes)
{
	cr_assert_eq(fake_target_write(scene.target, instance, bytes), 0);
}

Test(sensors, lines_of_a_log_are_counted_each_once)
{
	keep(TWO "  sensors: {errors: {log: 'ERROR|FATAL', period: 1s, aggregate: sum, staleAfter: 1m}, all: "
		 "{expression: errors + 0, window: 1h}}\n");
	writes("app.web.1", "ERROR before anybody looked\n");
	pass(5 * SECOND);
	cr_expect_str_eq(sensor("errors"), "0", "no line came since it is looked at");
	size_t seen = 0, most = 0;
	for (int i = 0; i < 200; i++) {
		if (i % 20 == 0)
			writes("app.web.1", "ERROR one\nfine\nan ERROR\nFAT");
		if (i % 20 == 5)
			writes("app.web.1", "AL\n");
		pass(SECOND / 20);
		size_t now = strtoul(sensor_of("app.web.1", "errors"), NULL, 10);
		most = now > most ? now : most;
		seen += now;
	}
	cr_expect_eq(most, 3, "%zu", most);
	cr_expect_geq(seen, 3 * 10, "some were missed: %zu", seen);
	pass(5 * SECOND);
	cr_expect_str_eq(sensor("errors"), "0", "nobody complains any more");
	cr_expect_str_eq(sensor_of("app.web.2", "errors"), "0");
}

Test(sensors, a_line_of_a_log_may_tell_the_number)
{
	keep(TWO
	     "  sensors: {took: {log: 'took', pattern: 'took ([0-9]+) ms', period: 1s, aggregate: max}}\n");
	pass(5 * SECOND);
	cr_expect_str_eq(sensor("took"), "null", "nothing was told yet");
	writes("app.web.1", "it took 5 ms\nit took 17 ms\nand so on\n");
	pass(3 * SECOND);
	cr_expect_str_eq(sensor("took"), "17", "the last line counts");
	pass(10 * SECOND);
	cr_expect_str_eq(sensor("took"), "null", "that was long ago");
}

Test(sensors, a_command_that_does_not_end_is_given_up_and_asked_again)
{
	keep(CLUSTER("  sensors: {lines: {command: [wc, -l], period: 1s}}\n"));
	const struct fake_rule slow = {
	    .call = FAKE_EXEC, .instance = "app.web.1", .times = 1, .delay_ms = 10 * MINUTE};
	cr_assert_eq(fake_target_rule(scene.target, &slow), 0);
	const struct fake_command command = {.words = "wc -l", .output = "17\n"};
	cr_assert_eq(fake_target_command(scene.target, &command), 0);
	pass(30 * SECOND);
	cr_expect_str_eq(sensor("lines"), "null");
	pass(MINUTE);
	cr_expect_str_eq(sensor("lines"), "17");
	cr_expect_not_null(strstr(text_view(&warnings), "no end of it within 60 s"), "%s",
			   text_view(&warnings));
}

/* --- numbers that are told from outside -------------------------------------------------------------- */

#define PUSHED                                                                                               \
	TWO "  sensors:\n    jobs: {pushed: true, period: 2s, aggregate: sum}\n    other: {value: 1}\n"      \
	    "    half: {expression: jobs / 2}\n    jobs.each: {expression: jobs * 10, each: true, "          \
	    "aggregate: "                                                                                    \
	    "sum}\n"

static struct berth_error refused;

static enum berth_outcome tell(const char *name, unsigned instance, double value, int64_t time_ms)
{
	const struct berth_sample sample = {.size = sizeof sample,
					    .app = "app",
					    .component = "web",
					    .sensor = name,
					    .instance = instance,
					    .value = value,
					    .time_ms = time_ms};
	return berth_tell(scene.berth, &sample, &refused);
}

Test(sensors, a_number_that_is_pushed_counts_until_it_is_too_old)
{
	keep(PUSHED);
	pass(5 * SECOND);
	cr_expect_str_eq(sensor("jobs"), "null");
	cr_assert_eq(tell("jobs", 1, 4, 0), BERTH_OK, "%s", refused.text);
	cr_assert_eq(tell("jobs", 2, 6, 0), BERTH_OK, "%s", refused.text);
	cr_expect_str_eq(sensor("jobs"), "10");
	cr_expect_str_eq(sensor("half"), "5", "what is made of it is told at once");
	cr_expect_str_eq(sensor("jobs.each"), "100");
	cr_expect_str_eq(sensor_of("app.web.2", "jobs"), "6");
	pass(4 * SECOND);
	cr_assert_eq(tell("jobs", 1, 5, 0), BERTH_OK);
	pass(4 * SECOND);
	cr_expect_str_eq(sensor("jobs"), "5", "the second is too old");
	pass(4 * SECOND);
	cr_expect_str_eq(sensor("jobs"), "null", "both are");
	cr_expect_str_eq(sensor("half"), "null");
}

Test(sensors, it_may_be_of_the_component_as_a_whole)
{
	keep(PUSHED);
	pass(5 * SECOND);
	cr_assert_eq(tell("jobs", 0, 42, 0), BERTH_OK, "%s", refused.text);
	cr_expect_str_eq(sensor("jobs"), "42");
	cr_expect_str_eq(sensor("half"), "21");
	cr_expect_str_eq(sensor("jobs.each"), "null", "no instance told one");
	cr_expect_str_eq(sensor_of("app.web.1", "jobs"), "null");
}

Test(sensors, a_number_counts_from_when_it_was_measured)
{
	keep(PUSHED);
	pass(5 * SECOND);
	int64_t now_ms = scene.world->ops->wall(scene.world);
	cr_assert_eq(tell("jobs", 0, 1, now_ms - 4 * SECOND), BERTH_OK, "%s", refused.text);
	cr_expect_str_eq(sensor("jobs"), "1");
	cr_assert_eq(tell("jobs", 0, 2, now_ms - 5 * SECOND), BERTH_OK);
	cr_expect_str_eq(sensor("jobs"), "1", "what is newer stays");
	cr_assert_eq(tell("jobs", 0, 3, now_ms + MINUTE), BERTH_OK, "a clock may be before ours");
	cr_expect_str_eq(sensor("jobs"), "3");
	cr_expect_eq(tell("jobs", 0, 4, now_ms - 7 * SECOND), BERTH_INVALID);
	cr_expect_str_eq(refused.text, "it was measured 7 s ago, and counts for 6 s");
	pass(7 * SECOND);
	cr_expect_str_eq(sensor("jobs"), "null");
}

Test(sensors, only_what_the_blueprint_has_is_told)
{
	keep(PUSHED);
	pass(5 * SECOND);
	cr_expect_eq(tell("job", 0, 1, 0), BERTH_FAILED);
	cr_expect_str_eq(refused.text, "`web` has no sensor `job` that is pushed");
	cr_expect_str_eq(refused.remedy, "did you mean `jobs`?");
	cr_expect_eq(tell("other", 0, 1, 0), BERTH_FAILED);
	cr_expect_eq(tell("jobs", 3, 1, 0), BERTH_FAILED);
	cr_expect_str_eq(refused.text, "`web` has no instance 3");
	cr_expect_eq(tell("jobs", 0, NAN, 0), BERTH_USAGE);
	const struct berth_sample elsewhere = {
	    .size = sizeof elsewhere, .app = "other", .component = "web", .sensor = "jobs"};
	cr_expect_eq(berth_tell(scene.berth, &elsewhere, &refused), BERTH_FAILED);
	cr_expect_str_eq(refused.text, "no application `other` is looked after");
	const struct berth_sample nowhere = {
	    .size = sizeof nowhere, .app = "app", .component = "db", .sensor = "jobs"};
	cr_expect_eq(berth_tell(scene.berth, &nowhere, NULL), BERTH_FAILED);
}

Test(sensors, an_autoscaler_goes_by_what_is_pushed_and_nothing_shrinks_when_nobody_pushes)
{
	keep(CLUSTER("  sensors: {load: {pushed: true, period: 1s}}\n" OWN));
	for (int i = 0; i < 60; i++) {
		tell("load", 0, 80, 0); /* while it is resized nobody hears it */
		pass(SECOND);
	}
	cr_assert_eq(members(), 5);
	pass(10 * MINUTE);
	cr_expect_eq(members(), 5);
}

/* --- secrets ------------------------------------------------------------------------------------------ */

static void secret_is(const char *path, const char *content)
{
	struct error err;
	cr_assert_eq(scene.world->ops->file_write(scene.world, path, 0600, content, strlen(content), &err), 0,
		     "%s", err.text);
}

Test(sensors, a_header_may_be_a_secret_that_is_read_each_time)
{
	owned_text path = {0}, blueprint = {0};
	load = "3";
	text_format(&path, "%s/token", virtual_world_directory(scene.world));
	secret_is(text_view(&path), "s3cret-one\n");
	text_format(&blueprint,
		    CLUSTER("  sensors: {load: {http: {path: /load, headers: {X-Who: me, X-Token: "
			    "'$berth:secret(\"file:%s\")'}}, json: $.load, period: 1s}}\n"),
		    text_view(&path));
	keep(text_view(&blueprint));
	pass(5 * SECOND);
	cr_expect_str_eq(sensor("load"), "3");
	cr_expect_str_eq(text_view(&headers), "X-Who: me\nX-Token: s3cret-one\n");
	secret_is(text_view(&path), "s3cret-two");
	pass(2 * SECOND);
	cr_expect_str_eq(text_view(&headers), "X-Who: me\nX-Token: s3cret-two\n");
	load = "\"s3cret-two\"";
	pass(2 * SECOND);
	cr_expect_not_null(strstr(text_view(&warnings), "there is no number in what it was told"), "%s",
			   text_view(&warnings));
	cr_expect_null(strstr(text_view(&warnings), "s3cret"), "%s", text_view(&warnings));
	secret_is(text_view(&path), "two\nlines\nX-Other: x");
	size_t before = asked;
	pass(5 * SECOND);
	cr_expect_eq(asked, before, "nobody is asked with what could be another header");
}

Test(sensors, a_password_may_be_a_secret)
{
	owned_text path = {0}, blueprint = {0};
	load = "3";
	text_format(&path, "%s/word", virtual_world_directory(scene.world));
	secret_is(text_view(&path), "you\n");
	text_format(
	    &blueprint,
	    CLUSTER(
		"  brooklyn.initializers:\n"
		"  - type: org.apache.brooklyn.core.sensor.http.HttpRequestSensor\n"
		"    brooklyn.config: {name: load, uri: 'http://10.9.9.9/l', jsonPath: $.load, period: 1s, "
		"username: me, password: '$berth:secret(\"file:%s\")'}\n"),
	    text_view(&path));
	keep(text_view(&blueprint));
	pass(5 * SECOND);
	cr_expect_str_eq(sensor("load"), "3");
	cr_expect_str_eq(text_view(&headers), "Authorization: Basic bWU6eW91\n");
}

Test(sensors, a_command_has_variables_that_may_be_secrets)
{
	owned_text path = {0}, blueprint = {0};
	text_format(&path, "%s/token", virtual_world_directory(scene.world));
	secret_is(text_view(&path), "s3cret");
	const struct fake_command command = {.words = "ask", .output = "17\n"};
	cr_assert_eq(fake_target_command(scene.target, &command), 0);
	text_format(&blueprint,
		    CLUSTER("  sensors: {lines: {command: [ask], env: {TOKEN: '$berth:secret(\"file:%s\")', "
			    "PLAIN: x}, period: 1s}}\n"),
		    text_view(&path));
	keep(text_view(&blueprint));
	pass(5 * SECOND);
	cr_expect_str_eq(sensor("lines"), "17");
	const char *const *commands = fake_target_commands(scene.target, "app.web.1");
	cr_expect_str_eq(commands[0], "TOKEN=s3cret PLAIN=x ask", "variables of the command");
}

/* --- what is made of others -------------------------------------------------------------------------- */

Test(sensors, what_is_made_of_others_follows_them)
{
	load = "10";
	keep(CLUSTER("  sensors:\n    load: {http: /load, json: $.load, period: 1s}\n    limit: {value: 40, "
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
	load = "20";
	pass(2 * SECOND);
	cr_expect_str_eq(sensor("half"), "10");
	cr_expect_str_eq(sensor("again"), "50");
	load = NULL;
	pass(10 * SECOND);
	cr_expect_str_eq(sensor("half"), "null");
	cr_expect_str_eq(sensor("share"), "null", "one of those that it is made of is not known");
	cr_expect_str_eq(sensor("again"), "null");
	cr_expect_str_eq(sensor("most"), "null");
	cr_expect_str_eq(sensor("limit"), "40");
}

Test(sensors, an_autoscaler_goes_by_what_is_made_of_another_components)
{
	load = "90";
	keep("id: app\nlocation: fake\nservices:\n"
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
	load = now;
	snprintf(now, sizeof now, "0");
	keep(ENRICHED);
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
	load = "4";
	keep("id: app\nlocation: fake\nservices:\n"
	     "- {type: 'docker:x:1', id: front, sensors: {all: {from: pool/load, aggregate: sum}}}\n"
	     "- {type: 'docker:x:1', id: a, instances: 2, openPorts: 80, sensors: {load: {http: /load, json: "
	     "$.load, "
	     "period: 1s}}}\n"
	     "- {type: 'docker:x:1', id: b, sensors: {load: {value: 10}}}\n"
	     "- {type: group, id: pool, members: [a, b]}\n");
	pass(10 * SECOND);
	cr_expect_str_eq(sensor("all"), "18", "each instance of a, and b");
	load = NULL;
	pass(MINUTE);
	cr_expect_str_eq(sensor("all"), "10", "who tells nothing is left out");
}

Test(sensors, a_number_is_found_in_what_is_answered_over_a_connection)
{
	info = "redis_version:3.0\r\nconnected_clients:12\r\n";
	keep(CLUSTER("  sensors: {clients: {tcp: {port: 80, send: \"INFO\\r\\n\"}, pattern: "
		     "'connected_clients:([0-9]+)', period: 1s}}\n"));
	pass(5 * SECOND);
	cr_expect_str_eq(said, "80 INFO\r\n");
	cr_expect(was_enough, "the other side need not end");
	cr_expect_str_eq(sensor("clients"), "12");
	info = "redis_version:3.0\r\nconnected_clients:1";
	pass(2 * SECOND);
	cr_expect_not(was_enough, "the line is not whole yet");
}
