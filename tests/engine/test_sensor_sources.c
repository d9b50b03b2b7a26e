/* test_sensor_sources.c - where the numbers of sensors come from: targets, connections, logs, commands,
 * whoever tells them from outside; and with which secrets they are asked for. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/engine/sensing.h"

TestSuite(sensor_sources, .init = sensing_begin, .fini = sensing_end);

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

Test(sensor_sources, what_instances_use_is_told_by_their_target)
{
	sense(TWO "  sensors:\n    cpu: {usage: cpu, period: 1s}\n    cpus: {usage: cpus, period: 1s, "
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

Test(sensor_sources, one_question_serves_all_that_is_asked_of_an_instance_as_often)
{
	sense(TWO
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

Test(sensor_sources, what_a_target_does_not_tell_is_not_zero)
{
	sense(TWO "  sensors: {cpu: {usage: cpu, period: 1s}}\n");
	pass(10 * SECOND);
	cr_expect_str_eq(sensor("cpu"), "null");
	cr_expect_not_null(strstr(told, "the sensor `cpu` tells nothing"), "%s", told);
}

Test(sensor_sources, a_member_that_tells_nothing_any_more_leaves_the_mean_and_all_of_them_leave_it_unknown)
{
	sense(TWO "  sensors: {full: {usage: memory, period: 1s}, both: {from: full, aggregate: count}, all: "
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

Test(sensor_sources, a_connection_tells_how_long_it_takes)
{
	page.connect_after = 7;
	sense(TWO "  sensors: {there: {tcp: true, period: 1s, aggregate: max}}\n");
	pass(5 * SECOND);
	const char *port = strrchr(page.who_asked, ':');
	cr_assert_not_null(port, "%s", page.who_asked);
	cr_expect_str_eq(port, ":80");
	cr_expect_str_eq(sensor("there"), "7");
	page.connect_after = -1;
	pass(10 * SECOND);
	cr_expect_str_eq(sensor("there"), "null");
	cr_expect_not_null(strstr(told, "connection refused"), "%s", told);
	page.connect_after = 0;
	pass(5 * SECOND);
	cr_expect_str_eq(sensor("there"), "0");
}

static void writes(const char *instance, const char *bytes)
{
	cr_assert_eq(fake_target_write(scene.target, instance, bytes), 0);
}

Test(sensor_sources, lines_of_a_log_are_counted_each_once)
{
	sense(TWO
	      "  sensors: {errors: {log: 'ERROR|FATAL', period: 1s, aggregate: sum, staleAfter: 1m}, all: "
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

Test(sensor_sources, a_line_of_a_log_may_tell_the_number)
{
	sense(TWO
	      "  sensors: {took: {log: 'took', pattern: 'took ([0-9]+) ms', period: 1s, aggregate: max}}\n");
	pass(5 * SECOND);
	cr_expect_str_eq(sensor("took"), "null", "nothing was told yet");
	writes("app.web.1", "it took 5 ms\nit took 17 ms\nand so on\n");
	pass(3 * SECOND);
	cr_expect_str_eq(sensor("took"), "17", "the last line counts");
	pass(10 * SECOND);
	cr_expect_str_eq(sensor("took"), "null", "that was long ago");
}

Test(sensor_sources, a_command_that_does_not_end_is_given_up_and_asked_again)
{
	sense(CLUSTER("  sensors: {lines: {command: [wc, -l], period: 1s}}\n"));
	const struct fake_rule slow = {
	    .call = FAKE_EXEC, .instance = "app.web.1", .times = 1, .delay_ms = 10 * MINUTE};
	cr_assert_eq(fake_target_rule(scene.target, &slow), 0);
	const struct fake_command command = {.words = "wc -l", .output = "17\n"};
	cr_assert_eq(fake_target_command(scene.target, &command), 0);
	pass(30 * SECOND);
	cr_expect_str_eq(sensor("lines"), "null");
	pass(MINUTE);
	cr_expect_str_eq(sensor("lines"), "17");
	cr_expect_not_null(strstr(told, "no end of it within 60 s"), "%s", told);
}

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

Test(sensor_sources, a_number_that_is_pushed_counts_until_it_is_too_old)
{
	sense(PUSHED);
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

Test(sensor_sources, it_may_be_of_the_component_as_a_whole)
{
	sense(PUSHED);
	pass(5 * SECOND);
	cr_assert_eq(tell("jobs", 0, 42, 0), BERTH_OK, "%s", refused.text);
	cr_expect_str_eq(sensor("jobs"), "42");
	cr_expect_str_eq(sensor("half"), "21");
	cr_expect_str_eq(sensor("jobs.each"), "null", "no instance told one");
	cr_expect_str_eq(sensor_of("app.web.1", "jobs"), "null");
}

Test(sensor_sources, a_number_counts_from_when_it_was_measured)
{
	sense(PUSHED);
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

Test(sensor_sources, only_what_the_blueprint_has_is_told)
{
	sense(PUSHED);
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

Test(sensor_sources, an_autoscaler_goes_by_what_is_pushed_and_nothing_shrinks_when_nobody_pushes)
{
	sense(CLUSTER("  sensors: {load: {pushed: true, period: 1s}}\n" OWN));
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

Test(sensor_sources, a_header_may_be_a_secret_that_is_read_each_time)
{
	owned_text path = {0}, blueprint = {0};
	page.load = "3";
	text_format(&path, "%s/token", virtual_world_directory(scene.world));
	secret_is(text_view(&path), "s3cret-one\n");
	text_format(&blueprint,
		    CLUSTER("  sensors: {load: {http: {path: /load, headers: {X-Who: me, X-Token: "
			    "'$berth:secret(\"file:%s\")'}}, json: $.load, period: 1s}}\n"),
		    text_view(&path));
	sense(text_view(&blueprint));
	pass(5 * SECOND);
	cr_expect_str_eq(sensor("load"), "3");
	cr_expect_str_eq(text_view(&page.headers), "X-Who: me\nX-Token: s3cret-one\n");
	secret_is(text_view(&path), "s3cret-two");
	pass(2 * SECOND);
	cr_expect_str_eq(text_view(&page.headers), "X-Who: me\nX-Token: s3cret-two\n");
	page.load = "\"s3cret-two\"";
	pass(2 * SECOND);
	cr_expect_not_null(strstr(told, "there is no number in what it was told"), "%s", told);
	cr_expect_null(strstr(told, "s3cret"), "%s", told);
	secret_is(text_view(&path), "two\nlines\nX-Other: x");
	size_t before = page.asked;
	pass(5 * SECOND);
	cr_expect_eq(page.asked, before, "nobody is asked with what could be another header");
}

Test(sensor_sources, a_password_may_be_a_secret)
{
	owned_text path = {0}, blueprint = {0};
	page.load = "3";
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
	sense(text_view(&blueprint));
	pass(5 * SECOND);
	cr_expect_str_eq(sensor("load"), "3");
	cr_expect_str_eq(text_view(&page.headers), "Authorization: Basic bWU6eW91\n");
}

Test(sensor_sources, a_command_has_variables_that_may_be_secrets)
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
	sense(text_view(&blueprint));
	pass(5 * SECOND);
	cr_expect_str_eq(sensor("lines"), "17");
	const char *const *commands = fake_target_commands(scene.target, "app.web.1");
	cr_expect_str_eq(commands[0], "TOKEN=s3cret PLAIN=x ask", "variables of the command");
}
