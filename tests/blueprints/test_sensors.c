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
	     "    brooklyn.config: {name: files, command: ls | wc -l, period: 10s}\n"
	     "  - type: org.apache.brooklyn.entity.machine.AddMachineMetrics\n"
	     "    brooklyn.config: {period: 30s}\n");
	cr_expect_eq(sensor("machine.cpu")->usage, USAGE_CPUS);
	cr_expect_eq(sensor("machine.cpu")->period_ms, 30000);
	cr_expect_eq(sensor("machine.memory.used")->usage, USAGE_MEMORY);
	cr_expect_eq(sensor("machine.memory.free")->usage, USAGE_MEMORY_FREE);
	cr_expect_eq(sensor("machine.memory.total")->usage, USAGE_MEMORY_LIMIT);
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

Test(sensors, they_come_from_what_is_used_connections_logs_and_from_outside)
{
	take("  sensors:\n"
	     "    cpu: {usage: cpu, period: 2s}\n"
	     "    left: {usage: memory.free}\n"
	     "    first: {tcp: true}\n"
	     "    there: {tcp: 6379}\n"
	     "    clients: {tcp: {port: 6379, send: \"INFO\\r\\n\"}, pattern: 'clients:([0-9]+)'}\n"
	     "    errors: {log: 'ERROR|FATAL', aggregate: sum}\n"
	     "    took: {log: 'took', pattern: 'took ([0-9]+) ms'}\n"
	     "    told: {pushed: true, period: 10s}\n");
	cr_expect_eq(sensor("cpu")->source, SENSOR_USAGE);
	cr_expect_eq(sensor("cpu")->usage, USAGE_CPU);
	cr_expect_eq(sensor("left")->usage, USAGE_MEMORY_FREE);
	cr_expect_eq(sensor("first")->source, SENSOR_TCP);
	cr_expect_eq(sensor("first")->call->port, 0);
	cr_expect_eq(sensor("there")->call->port, 6379);
	cr_expect_null(sensor("there")->words);
	cr_expect_eq(sensor("clients")->call->port, 6379);
	cr_expect_str_eq(sensor("clients")->words->text, "INFO\r\n");
	cr_expect_eq(sensor("clients")->measure, MEASURE_PATTERN);
	cr_expect_eq(sensor("errors")->source, SENSOR_LOG);
	cr_expect_str_eq(sensor("errors")->lines, "ERROR|FATAL");
	cr_expect_eq(sensor("took")->measure, MEASURE_PATTERN);
	cr_expect_eq(sensor("told")->source, SENSOR_PUSHED);
	cr_expect_eq(sensor("told")->stale_ms, 30000);
}

Test(sensors, they_are_made_of_others)
{
	close_outcome(&outcome);
	outcome =
	    accepted("services:\n- {type: 'docker:q', id: queue, sensors: {length: {uri: 'http://h/'}}}\n"
		     "- type: docker:x\n  id: web\n"
		     "  sensors:\n"
		     "    load: {http: /}\n"
		     "    total: {from: load, aggregate: sum}\n"
		     "    smooth: {from: load, window: 1m}\n"
		     "    each: {expression: load / 2, each: true}\n"
		     "    wait: {expression: '{queue/length} / (total + 1)'}\n"
		     "    length: {from: queue/length}\n"
		     "    whole: {expression: total * 2, each: true}\n");
	spec = &outcome.blueprint->components[1];
	cr_expect(sensor("total")->enricher->together);
	cr_expect_eq(sensor("total")->aggregate, AGGREGATE_SUM);
	cr_expect_not(sensor("smooth")->enricher->together);
	cr_expect_eq(sensor("smooth")->window_ms, 60000);
	cr_expect(sensor("each")->enricher->each);
	const struct enricher *wait = sensor("wait")->enricher;
	cr_assert_eq(wait->input_count, 2);
	cr_expect_str_eq(wait->inputs[0].component, "queue");
	cr_expect_str_eq(wait->inputs[0].sensor, "length");
	cr_expect_null(wait->inputs[1].component);
	cr_expect_str_eq(wait->inputs[1].sensor, "total");
	cr_expect_str_eq(sensor("length")->enricher->inputs[0].component, "queue");
	cr_expect_not(sensor("whole")->enricher->each, "no instance tells a number that it is made of");
}

#define BROOKLYN "org.apache.brooklyn.enricher.stock."

Test(sensors, brooklyns_enrichers_are_read)
{
	close_outcome(&outcome);
	outcome = accepted(
	    "services:\n- type: cluster\n  id: web\n"
	    "  memberSpec:\n    type: docker:x\n    sensors: {reqs: {http: /}}\n"
	    "    brooklyn.enrichers:\n"
	    "    - type: " BROOKLYN "YamlTimeWeightedDeltaEnricher\n"
	    "      brooklyn.config:\n"
	    "        enricher.sourceSensor: $brooklyn:sensor(\"reqs\")\n"
	    "        enricher.targetSensor: $brooklyn:sensor(\"reqs.per-sec\")\n"
	    "        enricher.delta.period: 1s\n"
	    "  brooklyn.enrichers:\n"
	    "  - type: " BROOKLYN "Aggregator\n"
	    "    brooklyn.config:\n"
	    "      enricher.sourceSensor: $brooklyn:sensor(\"reqs.per-sec\")\n"
	    "      enricher.targetSensor: $brooklyn:sensor(\"average\")\n"
	    "      enricher.aggregating.fromMembers: true\n"
	    "      transformation: average\n"
	    "      enricher.defaultMemberValue: 0\n"
	    "  - type: " BROOKLYN "YamlRollingTimeWindowMeanEnricher\n"
	    "    brooklyn.config: {enricher.sourceSensor: average, enricher.targetSensor: mean, "
	    "enricher.window.duration: 20s, enricher.window.confidenceRequired: 0.5}\n"
	    "  - type: " BROOKLYN "YamlRollingMeanEnricher\n"
	    "    brooklyn.config: {enricher.sourceSensor: average, enricher.targetSensor: last, "
	    "enricher.window.size: 4}\n"
	    "  - type: " BROOKLYN "Transformer\n"
	    "    brooklyn.config:\n"
	    "      enricher.triggerSensors: [$brooklyn:sensor(\"average\")]\n"
	    "      enricher.targetSensor: $brooklyn:sensor(\"tenth\")\n"
	    "      enricher.targetValue: $brooklyn:formatString(\"%s / 10\", "
	    "$brooklyn:attributeWhenReady(\"average\"))\n"
	    "  - type: " BROOKLYN "PercentageEnricher\n"
	    "    brooklyn.config: {enricher.sourceCurrentSensor: last, enricher.sourceTotalSensor: mean, "
	    "enricher.targetSensor: share}\n"
	    "- type: docker:y\n  id: other\n"
	    "  brooklyn.enrichers:\n"
	    "  - type: " BROOKLYN "Propagator\n"
	    "    brooklyn.config:\n"
	    "      enricher.producer: $brooklyn:entity(\"web\")\n"
	    "      propagating: [$brooklyn:sensor(\"average\")]\n"
	    "      sensorMapping: {mean: web.mean}\n");
	spec = &outcome.blueprint->components[0];
	cr_expect_eq(sensor("reqs.per-sec")->enricher->how, ENRICH_TIMED_DELTA);
	cr_expect_eq(sensor("reqs.per-sec")->enricher->length_ms, 1000);
	cr_expect(sensor("reqs.per-sec")->enricher->each, "it is the members' own");
	cr_expect(sensor("average")->enricher->together);
	cr_expect_eq(sensor("average")->enricher->otherwise, 0);
	cr_expect_eq(sensor("mean")->enricher->how, ENRICH_WINDOW_MEAN);
	cr_expect_eq(sensor("mean")->enricher->length_ms, 20000);
	cr_expect_eq(sensor("mean")->enricher->confidence, 0.5);
	cr_expect_not(sensor("mean")->enricher->each, "it is the cluster's");
	cr_expect_eq(sensor("last")->enricher->how, ENRICH_LAST_MEAN);
	cr_expect_eq(sensor("last")->enricher->most, 4);
	cr_expect_eq(sensor("tenth")->enricher->how, ENRICH_FORMULA);
	cr_expect_str_eq(sensor("tenth")->enricher->inputs[0].sensor, "average");
	cr_expect_eq(sensor("share")->enricher->how, ENRICH_RATIO);
	cr_expect_str_eq(sensor("share")->enricher->inputs[1].sensor, "mean");
	spec = &outcome.blueprint->components[1];
	cr_expect_str_eq(sensor("average")->enricher->inputs[0].component, "web");
	cr_expect_str_eq(sensor("web.mean")->enricher->inputs[0].sensor, "mean");
}

Test(sensors, enrichers_have_short_names_and_what_brooklyn_leaves_out_is_its_default)
{
	take("  sensors: {load: {http: /}}\n"
	     "  enrichers:\n"
	     "  - {type: aggregator, source: load, target: most, transformation: p95}\n"
	     "  - {type: rate, source: load, target: per-minute, delta.period: 1m}\n"
	     "  - {type: window-mean, source: load, target: mean}\n"
	     "  - {type: rolling-mean, source: load, target: last}\n"
	     "  - {type: delta, source: load, target: change}\n"
	     "  - {type: transformer, target: half, expression: load / 2}\n"
	     "  - failure-detector\n");
	cr_expect_eq(sensor("most")->aggregate, AGGREGATE_PERCENTILE);
	cr_expect_eq(sensor("per-minute")->enricher->length_ms, 60000);
	cr_expect_eq(sensor("mean")->enricher->length_ms, 60000);
	cr_expect_eq(sensor("mean")->enricher->confidence, 0.8);
	cr_expect_eq(sensor("last")->enricher->most, 10);
	cr_expect(sensor("change")->enricher->each, "each instance has a change of its own");
	cr_expect(sensor("half")->enricher->each);
	cr_expect_eq(spec->policy_count, 1);
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

static const struct value *text_of(const char *name)
{
	spec = &outcome.blueprint->components[0];
	for (size_t i = 0; i < spec->text_count; i++)
		if (!strcmp(spec->texts[i].name, name))
			return &spec->texts[i].value;
	cr_assert_fail("there is no text `%s`", name);
	return NULL;
}

Test(sensors, some_are_texts_and_others_may_ask_for_them)
{
	outcome = accepted(
	    "services:\n- type: docker:x\n  openPorts: 80\n  brooklyn.config: {path: a/b, old.name: was}\n"
	    "  sensors: {greeting: {text: hello}, load: {value: 4}}\n"
	    "  brooklyn.enrichers:\n"
	    "  - type: org.apache.brooklyn.enricher.stock.Transformer\n"
	    "    brooklyn.config:\n"
	    "      enricher.sourceSensor: $brooklyn:sensor(\"host.subnet.hostname\")\n"
	    "      enricher.targetSensor: $brooklyn:sensor(\"main.uri\")\n"
	    "      enricher.targetValue: '$brooklyn:formatString(\"http://%s/%s\", "
	    "attributeWhenReady(\"host.name\"), config(\"path\"))'\n"
	    "  - {type: transformer, target: half, targetValue: load / 2}\n"
	    "  brooklyn.initializers:\n"
	    "  - type: org.apache.brooklyn.core.sensor.StaticSensor\n"
	    "    brooklyn.config: {name: colour, targetType: string, static.value: red}\n"
	    "- type: docker:y\n  env:\n"
	    "    URI: $brooklyn:component(\"x\").attributeWhenReady(\"main.uri\")\n"
	    "    COLOUR: $brooklyn:component(\"x\").attributeWhenReady(\"colour\")\n"
	    "    GREETING: $brooklyn:component(\"x\").attributeWhenReady(\"greeting\")\n"
	    "    OLD: $brooklyn:component(\"x\").attributeWhenReady(\"old.name\")\n"
	    "    ID: $brooklyn:component(\"x\").attributeWhenReady(\"entity.id\")\n");
	const struct component_spec *asks = &outcome.blueprint->components[1];
	cr_expect_eq(outcome.blueprint->components[0].text_count, 3);
	cr_expect_eq(outcome.blueprint->components[0].sensor_count, 2);
	cr_expect_str_eq(text_of("greeting")->text, "hello");
	cr_expect_eq(text_of("main.uri")->kind, VALUE_JOIN);
	cr_assert_eq(asks->environment[0].value.kind, VALUE_JOIN);
	cr_assert_eq(asks->environment[0].value.part_count, 4);
	cr_expect_str_eq(asks->environment[0].value.parts[0].text, "http://");
	cr_expect_str_eq(asks->environment[0].value.parts[1].text, "host.name");
	cr_expect_eq(asks->environment[0].value.parts[1].component, 0);
	cr_expect_str_eq(asks->environment[1].value.text, "red");
	cr_expect_str_eq(asks->environment[2].value.text, "hello");
	cr_expect_str_eq(asks->environment[3].value.text, "was");
	cr_expect_str_eq(asks->environment[4].value.text, "x");
}

Test(sensors, a_text_that_tells_of_others_waits_for_nobody)
{
	outcome = accepted("services:\n- {type: 'docker:x', openPorts: 80, sensors: {peer: {text: "
			   "'$berth:endpoint(\"y\")'}}}\n"
			   "- {type: 'docker:y', openPorts: 81, env: {A: '$berth:endpoint(\"x\")'}}\n");
	cr_expect_eq(text_of("peer")->kind, VALUE_ENDPOINT);
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
	wrong("{usage: cpuu}", 24, "`cpuu`", "did you mean `cpu");
	wrong("{tcp: 0}", 22, "`tcp` takes a port", NULL);
	wrong("{log: '('}", 22, "is no extended regular expression", NULL);
	wrong("{pushed: false}", 25, "is true, or is left out", NULL);
	wrong("{tcp: {port: 6379}}", 22, "says nothing to be answered", "send");
	wrong("{tcp: {send: x, expect: y}}", 32, "`tcp` takes no key `expect`", "port and send");
	wrong("{tcp: 1, json: a}", 13, "is a number by itself", NULL);
	wrong("{from: s}", 13, "is made of itself", "one that is measured");
	wrong("{from: none}", 13, "is made of `none`, which `x` has not", "`sensors`");
	wrong("{from: other/load}", 13, "other", NULL);
	wrong("{expression: 1 +}", 29, "ends where a number or a name should follow", NULL);
	wrong("{expression: 1 + 1}", 29, "names no sensor", NULL);
	wrong("{value: 1, env: {A: b}}", 13, "`env` goes with `command`", NULL);
	wrong("{command: x, env: {'A=B': b}}", 35, "is no name of a variable", NULL);
	wrong("{value: 1, each: true}", 13, "`each` goes with", NULL);
	wrong("7", 16, "a sensor is a map", NULL);
	refused(with_lines("  sensors: {service.isUp: {value: 1}}"), 3, 13, "cannot be the name of a sensor",
		NULL);
	refused(with_lines("  sensors: {a: {http: /}, s: {expression: a + 1, aggregate: sum}}"), 3, 27,
		"`aggregate` goes with `from`", NULL);
	refused(with_lines("  sensors: {a: {from: b}, b: {expression: c * 2}, c: {from: a}}"), 3, 13,
		"is made of itself, or of others more than 16 deep", NULL);
	refused(with_lines("  enrichers: [{type: aggregator, source: a, target: b}]"), 3, 15,
		"has no `transformation`", NULL);
	refused(with_lines("  enrichers: [{type: rate, source: a}]"), 3, 15, "has no `targetSensor`", NULL);
	refused(with_lines("  enrichers: [{type: rate, sourse: a}]"), 3, 28, "takes no key `sourse`",
		"did you mean `source`?");
	refused(
	    with_lines("  enrichers: [{type: transformer, target: a, targetValue: '$brooklyn:scopeRoot()'}]"),
	    3, 70, "is no component of its own", NULL);
	wrong("{text: a, period: 1s, value: 3}", 13, "is a text: nothing goes with that", NULL);
	wrong("{text: '$brooklyn:attributeWhenReady(\"s\")'}", 53, "the sensor `s` leads back to itself",
	      NULL);
	refused(with_lines("  enrichers: [{type: x.Joiner}]"), 3, 22, "x.Joiner", NULL);
	refused(with_lines("  sensors: 5"), 3, 12, "`sensors` takes a map", NULL);
	refused(with_lines("  brooklyn.initializers: [{type: x.Y}]"), 3, 27, "is not supported yet", NULL);
}
