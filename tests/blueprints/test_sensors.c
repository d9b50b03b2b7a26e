/* test_sensors.c - what a blueprint says of a component's sensors: where their numbers come from, what is
 * made of them, what is refused. */
#include "parse.h"

static struct outcome outcome;
static const struct component_spec *spec;

static void close_all(void)
{
	close_outcome(&outcome);
}

TestSuite(sensors, .fini = close_all);

static void take(const char *lines)
{
	close_outcome(&outcome);
	outcome = accepted(with_lines(lines));
	spec = &outcome.blueprint->components[0];
}

static const struct sensor *sensor(const char *name)
{
	for (size_t i = 0; i < spec->sensor_count; i++)
		if (!strcmp(spec->sensors[i].name, name))
			return &spec->sensors[i];
	cr_assert_fail("no sensor `%s`", name);
	return NULL;
}

Test(sensors, they_come_from_requests_commands_and_the_blueprint_itself)
{
	take("  sensors:\n"
	     "    load: {http: {port: 8080, path: /load.json, headers: {X-Who: me}}, json: $.load, period: "
	     "1s}\n"
	     "    short: {http: /metrics, metric: 'queue_length{queue=\"in\"}'}\n"
	     "    port: {http: 9000}\n"
	     "    all: {uri: 'http://10.0.0.1/all', headers: {A: b}, pattern: 'x=([0-9]+)'}\n"
	     "    queue: {command: [wc, -l], aggregate: sum}\n"
	     "    fixed: {value: 2.5, staleAfter: 1m}\n");
	cr_assert_eq(spec->sensor_count, 6);
	cr_expect_eq(sensor("load")->source, SENSOR_HTTP);
	cr_expect_eq(sensor("load")->call->port, 8080);
	cr_expect_str_eq(sensor("load")->call->method, "GET");
	cr_expect_str_eq(sensor("load")->call->headers[0], "X-Who: me");
	cr_expect_eq(sensor("load")->measure, MEASURE_JSON);
	cr_expect_str_eq(sensor("load")->where, "$.load");
	cr_expect_eq(sensor("load")->period_ms, 1000);
	cr_expect_eq(sensor("load")->stale_ms, 3000);
	cr_expect_str_eq(sensor("short")->call->path, "/metrics");
	cr_expect_eq(sensor("short")->measure, MEASURE_METRIC);
	cr_expect_eq(sensor("short")->period_ms, 5000);
	cr_expect_eq(sensor("port")->call->port, 9000);
	cr_expect_eq(sensor("all")->source, SENSOR_URI);
	cr_expect_str_eq(sensor("all")->uri, "http://10.0.0.1/all");
	cr_expect_str_eq(sensor("all")->call->headers[0], "A: b");
	cr_expect_null(sensor("all")->call->headers[1]);
	cr_expect_eq(sensor("queue")->source, SENSOR_COMMAND);
	cr_expect_eq(sensor("queue")->command.count, 2);
	cr_expect_eq(sensor("queue")->aggregate, AGGREGATE_SUM);
	cr_expect_eq(sensor("fixed")->value, 2.5);
	cr_expect_eq(sensor("fixed")->stale_ms, 60000);
}

Test(sensors, a_request_has_any_of_the_methods_and_a_body)
{
	static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};

	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
		char lines[160];
		snprintf(lines, sizeof lines, "  sensors: {s: {http: {method: %s, body: x}}}", methods[i]);
		take(lines);
		cr_expect_str_eq(sensor("s")->call->method, methods[i]);
		cr_expect_str_eq(sensor("s")->call->body, "x");
	}
}

Test(sensors, what_is_made_of_them_is_said_too)
{
	take("  sensors:\n"
	     "    a: {http: /, aggregate: p95, window: 30s}\n"
	     "    b: {http: /, rate: true}\n"
	     "    c: {http: /, aggregate: max}\n");
	cr_expect_eq(sensor("a")->aggregate, AGGREGATE_PERCENTILE);
	cr_expect_eq(sensor("a")->percentile, 95);
	cr_expect_eq(sensor("a")->window_ms, 30000);
	cr_expect(sensor("b")->rate);
	cr_expect_eq(sensor("c")->aggregate, AGGREGATE_MAX);
}

Test(sensors, brooklyns_initializers_are_read)
{
	take("  brooklyn.initializers:\n"
	     "  - type: org.apache.brooklyn.core.sensor.http.HttpRequestSensor\n"
	     "    brooklyn.config: {name: load, targetType: double, period: 500ms, uri: 'http://h/l.json', "
	     "jsonPath: $.load}\n"
	     "  - type: org.apache.brooklyn.core.sensor.StaticSensor\n"
	     "    brooklyn.config: {name: fixed, static.value: 3}\n"
	     "  - type: org.apache.brooklyn.core.sensor.ssh.SshCommandSensor\n"
	     "    brooklyn.config: {name: files, command: ls | wc -l, period: 10s}\n");
	cr_expect_eq(sensor("load")->period_ms, 500);
	cr_expect_str_eq(sensor("load")->where, "$.load");
	cr_expect_eq(sensor("fixed")->value, 3);
	cr_expect_eq(sensor("files")->source, SENSOR_COMMAND);
}

Test(sensors, who_asks_is_told_to_the_address)
{
	take("  brooklyn.initializers:\n"
	     "  - type: org.apache.brooklyn.core.sensor.http.HttpRequestSensor\n"
	     "    brooklyn.config: {name: load, uri: 'http://h/l', username: me, password: you}\n");
	cr_expect_str_eq(sensor("load")->call->headers[0], "Authorization: Basic bWU6eW91");
}

Test(sensors, those_of_a_cluster_and_of_its_members_are_both_there)
{
	close_outcome(&outcome);
	outcome = accepted("services:\n- type: cluster\n  id: web\n  sensors: {own: {uri: 'http://h/'}}\n"
			   "  memberSpec: {type: 'docker:x', sensors: {each: {http: /}}}\n");
	spec = &outcome.blueprint->components[0];
	cr_assert_eq(spec->sensor_count, 2);
	cr_expect_eq(sensor("own")->source, SENSOR_URI);
	cr_expect_eq(sensor("each")->source, SENSOR_HTTP);
}

static void wrong(const char *sensor_text, int column, const char *words, const char *remedy)
{
	char lines[512];

	snprintf(lines, sizeof lines, "  sensors: {s: %s}", sensor_text);
	refused(with_lines(lines), 3, column, words, remedy);
}

Test(sensors, what_is_wrong_is_said_where_it_stands)
{
	wrong("{period: 1s}", 13, "the sensor `s` comes from nowhere", "uri, http, command");
	wrong("{value: 1, http: /}", 13, "comes from more than one place", NULL);
	wrong("{value: high}", 24, "`high` is no number", NULL);
	wrong("{uri: 'ftp://x'}", 22, "http:// or https://", NULL);
	wrong("{http: nowhere}", 23, "a path such as /load.json", NULL);
	wrong("{http: /, json: $..a}", 32, "is no path to one value", "$.load");
	wrong("{http: /, json: a, metric: b}", 13, "only one of json, metric and pattern", NULL);
	wrong("{value: 1, json: a}", 13, "is a number by itself", NULL);
	wrong("{http: /, aggregate: average}", 37, "says nothing of several numbers", "mean");
	wrong("{http: /, perod: 1s}", 26, "unknown key `perod` of a sensor", "did you mean `period`?");
	wrong("{http: /, period: 1ms}", 34, "`1ms` is no time for `period`", NULL);
	wrong("{http: /, headers: {a: b}}", 13, "`headers` go with `uri`", NULL);
	wrong("7", 16, "a sensor is a map", NULL);
	refused(with_lines("  sensors: {service.isUp: {value: 1}}"), 3, 13, "cannot be the name of a sensor",
		NULL);
	refused(with_lines("  sensors: 5"), 3, 12, "`sensors` takes a map", NULL);
	refused(with_lines("  brooklyn.initializers: [{type: x.Y}]"), 3, 27, "is not supported yet", NULL);
}
