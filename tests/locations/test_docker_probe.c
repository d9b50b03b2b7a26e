/* test_docker_probe.c - checks of a container, its output, and the events about it. */
#include <stdlib.h>
#include <string.h>

#include "tests/locations/docker_bench.h"

static enum code tcp_code;

static int64_t tcp(void *owner, const char *address, uint16_t port, struct error *answer)
{
	(void)owner;
	cr_assert_str_eq(address, "10.213.0.5");
	cr_assert(port == 80);
	if (tcp_code)
		fail(answer, tcp_code, "%s:%u: connection refused", address, port);
	return 1;
}

static void set_up(void)
{
	docker_set_up();
	docker_tcp(tcp);
}

TestSuite(docker_probe, .init = set_up, .fini = docker_take_down);
TestSuite(docker_logs, .init = set_up, .fini = docker_take_down);
TestSuite(docker_watch, .init = set_up, .fini = docker_take_down);

#define LOOK "GET /containers/app.web.1/json"

static const struct health_check none = {.kind = CHECK_NONE},
				 accepts = {.kind = CHECK_TCP, .port = 80, .timeout_ms = 1000},
				 page = {.kind = CHECK_HTTP, .port = 80, .path = "/ok", .timeout_ms = 1000};
static const struct value words[] = {{.kind = VALUE_TEXT, .text = "test -f /x"}};
static const struct health_check command = {
    .kind = CHECK_COMMAND, .command = {true, true, words, 1, {0}}, .timeout_ms = 1000};

Test(docker_probe, empty_check_asks_whether_it_runs)
{
	REPLY(LOOK, 200, docker_container('a', "running"));
	MUST(probe, &docker_web, &none);
	REPLY(LOOK, 200, docker_container('a', "exited"));
	MUST_FAIL(ERR_FAILED, probe, &docker_web, &none);
	SAYS("exited");
	SAYS("exit code 3");
}

Test(docker_probe, port_is_asked_at_the_container_s_address)
{
	REPLY(LOOK, 200, docker_container('a', "running"));
	MUST(probe, &docker_web, &accepts);
	tcp_code = ERR_UNREACHABLE;
	MUST_FAIL(ERR_FAILED, probe, &docker_web, &accepts);
	SAYS("10.213.0.5:80");
}

Test(docker_probe, page_must_have_a_good_status)
{
	struct health_check teapot = page;

	REPLY(LOOK, 200, docker_container('a', "running"));
	REPLY("GET /ok", 204, NULL);
	MUST(probe, &docker_web, &page);
	REPLY("GET /ok", 418, "short and stout");
	MUST_FAIL(ERR_FAILED, probe, &docker_web, &page);
	SAYS("answered 418: short and stout");
	teapot.status = 418;
	MUST(probe, &docker_web, &teapot);
}

static void script_command(const char *end, const char *output)
{
	REPLY(LOOK, 200, docker_container('a', "running"));
	REPLY("POST /containers/c1d2/exec", 201, "{\"Id\": \"e1\"}");
	REPLY("POST /exec/e1/start", 200, output);
	REPLY("GET /exec/e1/json", 200, end);
}

Test(docker_probe, command_runs_inside)
{
	script_command("{\"ExitCode\": 0}", "");
	MUST(probe, &docker_web, &command);
	cr_assert(strstr(docker_request("POST /containers/c1d2/exec", 0)->body,
			 "[\"/bin/sh\",\"-c\",\"test -f /x\"]"));
}

Test(docker_probe, failing_command_tells_its_last_words)
{
	script_command("{\"ExitCode\": 4}", "raw");
	MUST_FAIL(ERR_FAILED, probe, &docker_web, &command);
	SAYS("ended with 4");
}

static void collect(void *owner, bool errors, const char *bytes, size_t count)
{
	(void)errors;
	text_add_bytes(owner, bytes, count);
}

Test(docker_logs, terminal_s_output_is_plain)
{
	static const char tty[] =
	    "{\"Id\": \"c1d2\", \"Name\": \"/app.web.1\", \"Config\": {\"Tty\": true, \"Labels\": "
	    "{\"berth.app\": \"app\", \"berth.component\": \"web\", \"berth.instance\": \"1\"}}, "
	    "\"State\": {}}";
	const struct log_options options = {.tail = 7, .since_ms = 1500};
	owned_text heard = {0};

	REPLY(LOOK, 200, tty);
	REPLY("GET /containers/c1d2/logs", 200, "hello\n");
	MUST(logs, "app", "app.web.1", &options, collect, &heard);
	cr_assert_str_eq(text_view(&heard), "hello\n");
	cr_assert_str_eq(docker_request("GET /containers/c1d2/logs", 0)->line,
			 "GET /containers/c1d2/logs?stdout=1&stderr=1&follow=0&tail=7&since=1.500");
}

Test(docker_logs, what_was_written_later_is_left_out_where_that_is_asked)
{
	struct log_options options = {.tail = 7, .since_ms = 1500, .until_ms = 2750};
	owned_text heard = {0};

	REPLY(LOOK, 200, docker_container('a', "running"));
	REPLY("GET /containers/c1d2/logs", 200, NULL);
	MUST(logs, "app", "app.web.1", &options, collect, &heard);
	cr_assert_str_eq(
	    docker_request("GET /containers/c1d2/logs", 0)->line,
	    "GET /containers/c1d2/logs?stdout=1&stderr=1&follow=0&tail=7&since=1.500&until=2.750");
}

Test(docker_logs, refusal_is_told)
{
	const struct log_options options = {.tail = -1};
	owned_text heard = {0};

	REPLY(LOOK, 200, docker_container('a', "exited"));
	REPLY("GET /containers/c1d2/logs", 501, "{\"message\": \"logging driver does not support reading\"}");
	MUST_FAIL(ERR_UNSUPPORTED, logs, "app", "app.web.1", &options, collect, &heard);
	SAYS("does not support reading");
	cr_assert_str_eq(text_view(&heard), "");
}

/* --- events --- */

struct told {
	unsigned all, one;
	bool leave;
};

static void changed(void *owner, const char *name, const struct told_end *end)
{
	(void)end;
	struct told *told = owner;

	if (!name) {
		told->all++;
		return;
	}
	cr_assert_str_eq(name, "app.web.1");
	told->one++;
	if (told->leave)
		docker_driver.unwatch(&docker_location, "app");
}

#define EVENT                                                                                                \
	"{\"Type\": \"container\", \"Action\": \"die\", \"Actor\": {\"Attributes\": {\"name\": "             \
	"\"app.web.1\"}}}\n"

static bool told_both(void *owner)
{
	const struct told *told = owner;

	return told->all && told->one;
}

static bool listed_twice(void *owner)
{
	const struct told *told = owner;

	return told->all >= 2;
}

Test(docker_watch, events_since_the_engine_s_own_time)
{
	struct told told = {0};

	REPLY("GET /events", 200, EVENT "{\"Type\":", .delay_ms = 1000);
	cr_assert(docker_driver.watch(&docker_location, "app", changed, &told, &docker_error) == 0);
	cr_assert(!told.all, "told from inside");
	cr_assert(virtual_world_run(docker_world, told_both, &told, 5000));
	const struct asked *asked = docker_request("GET /events", 0);
	cr_assert(starts_with(asked->line, "GET /events?since=1795261490&filters="), "%s", asked->line);
	cr_assert_str_eq(asked->api, "1.41");
}

Test(docker_watch, cut_stream_is_taken_up_again_and_relisted)
{
	struct told told = {0};

	REPLY("GET /events", 0, NULL, .error = ERR_UNREACHABLE, .sent = true, .delay_ms = 500);
	cr_assert(docker_driver.watch(&docker_location, "app", changed, &told, &docker_error) == 0);
	cr_assert(virtual_world_run(docker_world, listed_twice, &told, 20000));
}

/* It may stay open for ever. */
Test(docker_watch, stream_of_somebody_else_s_is_left_and_taken_up_again)
{
	struct told told = {0};

	REPLY("GET /events", 200, "<html>\n" EVENT, .delay_ms = 500);
	cr_assert(docker_driver.watch(&docker_location, "app", changed, &told, &docker_error) == 0);
	cr_assert(virtual_world_run(docker_world, listed_twice, &told, 20000));
	cr_assert(!told.one, "its words were heard");
}

Test(docker_watch, unreachable_engine_is_asked_ever_more_rarely)
{
	struct told told = {0};

	REPLY("GET /_ping", 0, NULL, .error = ERR_UNREACHABLE);
	cr_assert(docker_driver.watch(&docker_location, "app", changed, &told, &docker_error) == 0);
	virtual_world_run(docker_world, NULL, NULL, 60000);
	cr_assert(!told.all);
	cr_assert(docker_requests("GET /_ping") < 20, "%zu pings", docker_requests("GET /_ping"));
	cr_assert(docker_requests("GET /_ping") > 5);
}

Test(docker_watch, ended_from_inside_its_own_call)
{
	struct told told = {.leave = true};

	REPLY("GET /events", 200, EVENT EVENT, .delay_ms = 100);
	cr_assert(docker_driver.watch(&docker_location, "app", changed, &told, &docker_error) == 0);
	virtual_world_run(docker_world, NULL, NULL, 60000);
	cr_assert(told.one == 1);
	cr_assert(virtual_world_pending(docker_world) == 0);
}
