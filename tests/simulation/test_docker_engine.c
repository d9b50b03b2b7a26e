/* test_docker_engine.c - the simulated Docker engine by itself: what follows from what, in its own time. What
 * it answers is compared with a real one elsewhere (tests/real/docker/test_docker_simulated.c). */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "simulation/docker/engine.h"
#include "simulation/machine.h"

#define D1 "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define D2 "sha256:2222222222222222222222222222222222222222222222222222222222222222"

static struct universe *universe;
static struct docker_engine *engine;
static struct docker_asked asked;

static void set_up(void)
{
	universe = universe_new(7);
	engine = docker_engine_new(universe, "unix:/run/docker.sock");
	cr_assert(universe && engine);
	docker_engine_image(engine, "busybox", NULL);
}

static void take_down(void)
{
	text_release(&asked.body);
	docker_engine_free(engine);
	universe_free(universe);
}

TestSuite(docker_engine_simulated, .init = set_up, .fini = take_down);

static void run(int64_t span_ms)
{
	struct clock *clock = universe_clock(universe);
	int64_t limit = clock_now(clock) + span_ms;

	while (clock_step(clock, limit))
		;
}

static int ask(const char *method, const char *path, const char *body)
{
	struct clock *clock = universe_clock(universe);
	int64_t limit = clock_now(clock) + 60000;

	text_release(&asked.body);
	docker_engine_ask(engine, method, path, body, &asked);
	while (!asked.status && clock_step(clock, limit))
		;
	return asked.status;
}

#define MUST(code, verb, where, what)                                                                        \
	cr_assert(ask(verb, where, what) == (code), "%s %s: %d %s", verb, where, asked.status,               \
		  text_view(&asked.body))

static json_t *told(void)
{
	return json_loads(text_view(&asked.body), 0, NULL);
}

/* A member of an inspected container, as text. */
static const char *state(const char *name, const char *member)
{
	static char shown[4][256];
	static int next;
	char path[200], *to = shown[next++ % 4];

	snprintf(path, sizeof(path), "/containers/%s/json", name);
	if (ask("GET", path, NULL) != 200)
		return "none";
	owned_json container = told();
	json_t *value = json_at(container, member);
	owned_memory char *line = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;
	snprintf(to, sizeof(shown[0]), "%s", json_is_string(value) ? json_string_value(value) : line ?: "");
	return to;
}

#define STATE_IS(name, member, wanted) cr_assert_str_eq(state(name, member), wanted)

static void make(const char *name, const char *host)
{
	char path[200], body[600];

	snprintf(path, sizeof(path), "/containers/create?name=%s", name);
	snprintf(body, sizeof(body),
		 "{\"Image\":\"busybox\",\"Labels\":{\"a\":\"b\"},\"ExposedPorts\":{\"80/"
		 "tcp\":{}},\"HostConfig\":{"
		 "%s}}",
		 host);
	MUST(201, "POST", path, body);
}

static void start(const char *name)
{
	char path[200];

	snprintf(path, sizeof(path), "/containers/%s/start", name);
	MUST(204, "POST", path, NULL);
}

#define ALWAYS         "\"RestartPolicy\":{\"Name\":\"always\"}"
#define UNLESS_STOPPED "\"RestartPolicy\":{\"Name\":\"unless-stopped\"}"
#define ON_FAILURE     "\"RestartPolicy\":{\"Name\":\"on-failure\",\"MaximumRetryCount\":2}"

/* --- restart policies ------------------------------------------------------------------------------ */

Test(docker_engine_simulated, what_crashes_is_started_again_later_and_later)
{
	docker_engine_behave(engine,
			     &(struct docker_behaviour){.name = "xx", .exits = UINT32_MAX, .exit_code = 3});
	make("xx", ALWAYS);
	start("xx");
	run(60);
	STATE_IS("xx", "State.Status", "restarting");
	STATE_IS("xx", "State.ExitCode", "3");
	run(100);
	STATE_IS("xx", "State.Status", "running");
	STATE_IS("xx", "RestartCount", "1");
	run(50 + 200 + 50 + 400 + 50 + 800);
	STATE_IS("xx", "RestartCount", "4");
	run(1000000);
	/* No more than a minute lies between two. */
	int64_t before = strtol(state("xx", "RestartCount"), NULL, 10);
	run(120200);
	cr_assert_eq(strtol(state("xx", "RestartCount"), NULL, 10), before + 2);
	MUST(204, "POST", "/containers/xx/stop", NULL);
	STATE_IS("xx", "State.Status", "exited");
	run(1000000);
	STATE_IS("xx", "State.Status", "exited");
	start("xx");
	STATE_IS("xx", "RestartCount", "0");
}

Test(docker_engine_simulated, an_end_that_is_not_noticed_yet_forbids_a_change)
{
	static const char change[] = "{\"RestartPolicy\":{\"Name\":\"no\"}}";
	int refused = 0;

	docker_engine_behave(engine,
			     &(struct docker_behaviour){.name = "xx", .exits = UINT32_MAX, .exit_code = 3});
	make("xx", ALWAYS);
	start("xx");
	for (int i = 0; i < 60; i++) {
		run(1);
		if (ask("POST", "/containers/xx/update", change) == 200)
			continue;
		cr_assert(strstr(text_view(&asked.body), "cannot update a stopped container"));
		refused++;
	}
	cr_assert(refused > 0, "there is no such moment");
	MUST(200, "POST", "/containers/xx/update", change);
}

Test(docker_engine_simulated, on_failure_gives_up_and_what_ends_well_stays)
{
	docker_engine_behave(engine,
			     &(struct docker_behaviour){.name = "xx", .exits = UINT32_MAX, .exit_code = 3});
	docker_engine_behave(engine, &(struct docker_behaviour){.name = "yy", .exits = UINT32_MAX});
	make("xx", ON_FAILURE);
	make("yy", ON_FAILURE);
	start("xx");
	start("yy");
	run(5000);
	STATE_IS("xx", "State.Status", "exited");
	STATE_IS("xx", "RestartCount", "2");
	STATE_IS("yy", "State.Status", "exited");
	STATE_IS("yy", "RestartCount", "0");
}

Test(docker_engine_simulated, who_takes_no_notice_is_killed_after_his_grace)
{
	struct clock *clock = universe_clock(universe);

	docker_engine_behave(engine, &(struct docker_behaviour){.name = "deaf", .stops_ms = -1});
	docker_engine_behave(engine,
			     &(struct docker_behaviour){.name = "slow", .stops_ms = 700, .stop_code = 5});
	make("deaf", "");
	make("slow", "");
	start("deaf");
	start("slow");
	int64_t before = clock_now(clock);
	MUST(204, "POST", "/containers/deaf/stop?t=3", NULL);
	cr_assert(clock_now(clock) - before >= 3000 && clock_now(clock) - before < 3010);
	STATE_IS("deaf", "State.ExitCode", "137");
	before = clock_now(clock);
	MUST(204, "POST", "/containers/slow/stop", NULL);
	cr_assert_eq(clock_now(clock) - before, 700);
	STATE_IS("slow", "State.ExitCode", "5");
	MUST(304, "POST", "/containers/slow/stop", NULL);
}

Test(docker_engine_simulated, after_a_restart_of_the_engine_policies_apply)
{
	make("always", ALWAYS);
	make("stopped-always", ALWAYS);
	make("unless", UNLESS_STOPPED);
	make("stopped-unless", UNLESS_STOPPED);
	make("plain", "");
	make("never-started", ALWAYS);
	make("brief", "\"AutoRemove\":true");
	static const char *const names[] = {"always",         "stopped-always", "unless",
					    "stopped-unless", "plain",          "brief"};
	for (size_t i = 0; i < COUNT_OF(names); i++)
		start(names[i]);
	MUST(204, "POST", "/containers/stopped-always/stop", NULL);
	MUST(204, "POST", "/containers/stopped-unless/stop", NULL);
	docker_engine_restart(engine, 5000);
	run(6000);
	STATE_IS("always", "State.Status", "running");
	STATE_IS("stopped-always", "State.Status", "running");
	STATE_IS("unless", "State.Status", "running");
	STATE_IS("stopped-unless", "State.Status", "exited");
	STATE_IS("plain", "State.Status", "exited");
	STATE_IS("never-started", "State.Status", "created");
	STATE_IS("brief", "State.Status", "none");
}

/* --- races ------------------------------------------------------------------------------------- */

/* A program, and what it was answered. */
struct program {
	struct machine *machine;
	struct seat *seat;
	int status[8];
	size_t count;
	struct text body;
};

static void answered(void *owner, struct http_answer *answer)
{
	struct program *program = owner;

	program->status[program->count++] = answer->error.code == OK ? answer->status : -1;
	text_add_bytes(&program->body, text_view(&answer->body), answer->body.length);
}

static void send(struct program *program, const char *method, const char *path, const char *body)
{
	struct world *world;
	char url[300];

	if (!program->seat) {
		program->machine = machine_new(universe, "here", "198.18.0.1");
		program->seat = seat_new(universe, program->machine);
	}
	world = seat_world(program->seat);
	snprintf(url, sizeof(url), "http://localhost%s", path);
	const struct http_request request = {.method = method,
					     .url = url,
					     .unix_socket = "/run/docker.sock",
					     .body = body,
					     .body_size = body ? strlen(body) : 0};
	const struct http_sink sink = {.done = answered, .owner = program};
	cr_assert_not_null(world->ops->http_send(world, &request, &sink, NULL));
}

static void leave(struct program *program)
{
	text_release(&program->body);
	seat_free(program->seat);
	machine_free(program->machine);
}

Test(docker_engine_simulated, name_is_taken_before_the_container_is_there)
{
	struct program program = {0};

	send(&program, "POST", "/containers/create?name=xx", "{\"Image\":\"busybox\"}");
	run(3);
	send(&program, "POST", "/containers/create?name=xx", "{\"Image\":\"busybox\"}");
	send(&program, "GET", "/containers/xx/json", NULL);
	run(100);
	cr_assert(program.count == 3);
	cr_assert(program.status[0] == 409 && program.status[1] == 404 && program.status[2] == 201);
	leave(&program);
}

Test(docker_engine_simulated, second_removal_is_under_way_already)
{
	struct program program = {0};

	make("xx", "");
	start("xx");
	send(&program, "DELETE", "/containers/xx?force=1", NULL);
	run(8);
	STATE_IS("xx", "State.Status", "removing");
	send(&program, "DELETE", "/containers/xx?force=1", NULL);
	send(&program, "POST", "/containers/xx/start", NULL);
	run(200);
	cr_assert(program.status[0] == 409 && program.status[1] == 204 && program.status[2] == 404);
	leave(&program);
}

Test(docker_engine_simulated, what_a_rule_says_is_answered_with_its_effect_or_without)
{
	struct program program = {0};
	size_t count;

	docker_engine_rule(engine, &(struct docker_rule){.call = DOCKER_CREATE,
							 .target = "xx",
							 .times = 1,
							 .status = 500,
							 .words = "context canceled",
							 .effect = true});
	docker_engine_rule(
	    engine,
	    &(struct docker_rule){.call = DOCKER_CREATE, .target = "yy", .status = 500, .words = "no space"});
	send(&program, "POST", "/containers/create?name=xx", "{\"Image\":\"busybox\"}");
	send(&program, "POST", "/containers/create?name=yy", "{\"Image\":\"busybox\"}");
	run(100);
	cr_assert(program.count == 2 && program.status[0] == 500 && program.status[1] == 500);
	cr_assert(strstr(text_view(&program.body), "context canceled"));
	STATE_IS("xx", "State.Status", "created");
	STATE_IS("yy", "State.Status", "none");
	const struct docker_change *changes = docker_engine_changes(engine, &count);
	cr_assert(count == 2 && changes[0].status == 500 && !changes[0].foreign);
	cr_assert_str_eq(changes[0].target, "xx");
	cr_assert_str_eq(changes[1].path, "/containers/create?name=yy");
	cr_assert(docker_engine_count(engine, DOCKER_CREATE) == 2);
	send(&program, "GET", "/no/such/page", NULL);
	run(100);
	cr_assert(program.status[2] == 404 && docker_engine_count(engine, DOCKER_UNKNOWN) == 1);
	leave(&program);
}

/* --- images ------------------------------------------------------------------------------------ */

Test(docker_engine_simulated, pull_moves_the_tag_and_leaves_the_old_image)
{
	docker_engine_registry(
	    engine, &(struct docker_registry){.reference = "r:5000/web", .digest = D1, .pull_ms = 500});
	MUST(200, "POST", "/images/create?fromImage=r%3A5000%2Fweb&tag=latest", NULL);
	run(600);
	cr_assert(strstr(text_view(&asked.body), "Status: Downloaded newer image for r:5000/web:latest"));
	MUST(200, "GET", "/images/r:5000/web@" D1 "/json", NULL);
	MUST(404, "GET", "/images/r:5000/web@" D2 "/json", NULL);
	docker_engine_registry(engine, &(struct docker_registry){.reference = "r:5000/web", .digest = D2});
	MUST(200, "GET", "/distribution/r:5000/web/json", NULL);
	cr_assert(strstr(text_view(&asked.body), D2));
	MUST(200, "POST", "/images/create?fromImage=r%3A5000%2Fweb&tag=latest", NULL);
	run(600);
	MUST(200, "GET", "/images/r:5000/web@" D1 "/json", NULL);
	owned_json old = told();
	cr_assert(json_array_size(json_object_get(old, "RepoTags")) == 0);
	MUST(200, "POST", "/images/create?fromImage=r%3A5000%2Fweb&tag=latest", NULL);
	run(600);
	cr_assert(strstr(text_view(&asked.body), "Image is up to date"));
}

Test(docker_engine_simulated, registry_refuses_before_or_within_the_answer)
{
	docker_engine_registry(engine, &(struct docker_registry){.reference = "a:1",
								 .status = 500,
								 .words = "toomanyrequests: slow down"});
	docker_engine_registry(
	    engine, &(struct docker_registry){.reference = "b:1", .status = 200, .words = "unexpected EOF"});
	MUST(500, "POST", "/images/create?fromImage=a&tag=1", NULL);
	MUST(200, "POST", "/images/create?fromImage=b&tag=1", NULL);
	run(100);
	cr_assert(strstr(text_view(&asked.body), "\"error\":\"unexpected EOF\""), "%s",
		  text_view(&asked.body));
	MUST(404, "POST", "/images/create?fromImage=c&tag=1", NULL);
	MUST(404, "GET", "/images/b:1/json", NULL);
}

/* --- addresses and names ----------------------------------------------------------------------- */

static bool note(void *owner, const char *container)
{
	struct text *names = owner;

	text_format(names, "%s ", container);
	return true;
}

static void resolves(const char *asker, const char *name, const char *wanted)
{
	owned_text names = {0};

	docker_engine_resolve(engine, "n", asker, name, note, &names);
	cr_assert_str_eq(text_view(&names), wanted);
}

Test(docker_engine_simulated, names_lead_to_those_that_run)
{
	MUST(201, "POST", "/networks/create", "{\"Name\":\"n\"}");
	MUST(201, "POST", "/containers/create?name=db",
	     "{\"Image\":\"busybox\",\"HostConfig\":{\"NetworkMode\":\"n\"},\"NetworkingConfig\":{"
	     "\"EndpointsConfig\":{\"n\":{\"Aliases\":[\"app.db\"]}}}}");
	MUST(201, "POST", "/containers/create?name=web",
	     "{\"Image\":\"busybox\",\"HostConfig\":{\"NetworkMode\":\"n\"},\"NetworkingConfig\":{"
	     "\"EndpointsConfig\":{\"n\":{\"Links\":[\"app.db:store\"]}}}}");
	start("web");
	resolves("web", "store", "");
	start("db");
	resolves("web", "store", "db ");
	resolves("web", "app.db", "db ");
	resolves("db", "store", "");
	MUST(200, "POST", "/networks/n/disconnect", "{\"Container\":\"db\"}");
	resolves("web", "store", "");
}

static void crash_and_join(const char *name)
{
	make(name, ALWAYS ",\"NetworkMode\":\"n\"");
	docker_engine_behave(engine,
			     &(struct docker_behaviour){.name = name, .exits = UINT32_MAX, .exit_code = 3});
	start(name);
	run(60);
	STATE_IS(name, "State.Status", "restarting");
	char body[80];
	snprintf(body, sizeof(body), "{\"Container\":\"%s\"}", name);
	MUST(200, "POST", "/networks/n/connect", body);
}

/* As Docker 20.10 has it. */
Test(docker_engine_simulated, who_joins_between_two_runs_and_goes_stays_on_the_network)
{
	MUST(201, "POST", "/networks/create", "{\"Name\":\"n\"}");
	crash_and_join("xx");
	MUST(204, "DELETE", "/containers/xx?force=1", NULL);
	MUST(403, "DELETE", "/networks/n", NULL);
	cr_assert(strstr(text_view(&asked.body), "has active endpoints"));
	make("xx", "\"NetworkMode\":\"n\"");
	MUST(403, "POST", "/containers/xx/start", NULL);
	cr_assert(strstr(text_view(&asked.body), "endpoint with name xx already exists"));
	MUST(204, "DELETE", "/containers/xx", NULL);
	MUST(200, "POST", "/networks/n/disconnect", "{\"Container\":\"xx\",\"Force\":true}");
	MUST(404, "POST", "/networks/n/disconnect", "{\"Container\":\"xx\",\"Force\":true}");
	MUST(204, "DELETE", "/networks/n", NULL);
}

Test(docker_engine_simulated, who_joins_between_two_runs_and_runs_again_leaves_the_network_when_it_goes)
{
	MUST(201, "POST", "/networks/create", "{\"Name\":\"n\"}");
	crash_and_join("xx");
	run(100);
	STATE_IS("xx", "State.Status", "running");
	MUST(204, "DELETE", "/containers/xx?force=1", NULL);
	MUST(204, "DELETE", "/networks/n", NULL);
}

Test(docker_engine_simulated, an_engine_that_starts_forgets_who_is_not_there)
{
	MUST(201, "POST", "/networks/create", "{\"Name\":\"n\"}");
	crash_and_join("xx");
	MUST(204, "DELETE", "/containers/xx?force=1", NULL);
	docker_engine_restart(engine, 100);
	run(1000);
	MUST(204, "DELETE", "/networks/n", NULL);
}

Test(docker_engine_simulated, one_that_lost_its_name_when_the_engine_went_down_is_gone_when_it_is_back)
{
	for (int64_t after = 14; after < 20; after++) {
		make("xx", "\"AutoRemove\":true");
		start("xx");
		docker_engine_ask(engine, "DELETE", "/containers/xx?force=1", NULL, NULL);
		run(after);
		docker_engine_restart(engine, 100);
		run(1000);
		MUST(404, "GET", "/containers/xx/json", NULL);
	}
}

Test(docker_engine_simulated, port_that_somebody_holds_is_not_bound)
{
	docker_engine_port(engine, "0.0.0.0", 8080, true);
	make("xx", "\"PortBindings\":{\"80/tcp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"8080\"}]}");
	MUST(500, "POST", "/containers/xx/start", NULL);
	cr_assert(strstr(text_view(&asked.body), "bind: address already in use"));
	STATE_IS("xx", "State.Status", "created");
	docker_engine_port(engine, "0.0.0.0", 8080, false);
	start("xx");
	make("yy", "\"PortBindings\":{\"80/tcp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"8080\"}]}");
	MUST(500, "POST", "/containers/yy/start", NULL);
	cr_assert(strstr(text_view(&asked.body), "port is already allocated"));
}

/* --- what it uses --------------------------------------------------------------------------------- */

static double used(const char *container, const char *member)
{
	char path[100];

	snprintf(path, sizeof(path), "/containers/%s/stats?stream=false&one-shot=true", container);
	MUST(200, "GET", path, NULL);
	owned_json sample = told();
	return json_number_value(json_at(sample, member));
}

Test(docker_engine_simulated, what_a_container_uses_grows_while_it_runs_and_is_told_in_samples)
{
	make("xx", "\"Memory\":16777216");
	start("xx");
	run(1000);
	double computed = used("xx", "cpu_stats.cpu_usage.total_usage");
	double received = used("xx", "networks.eth0.rx_bytes");
	run(10000);
	cr_expect_float_eq(used("xx", "cpu_stats.cpu_usage.total_usage") - computed, 10e9 / 50, 1e6);
	cr_expect_float_eq(used("xx", "networks.eth0.rx_bytes") - received, 10000, 10);
	cr_expect_eq(used("xx", "memory_stats.limit"), 16777216);
	cr_expect_eq(used("xx", "pids_stats.current"), 1);
}

Test(docker_engine_simulated, of_one_that_does_not_run_nothing_is_told_and_of_none_that_it_is_missing)
{
	make("xx", "");
	MUST(200, "GET", "/containers/xx/stats?stream=false&one-shot=true", NULL);
	cr_expect(strstr(text_view(&asked.body), "\"read\":\"0001-01-01T00:00:00Z\""));
	cr_expect(strstr(text_view(&asked.body), "\"memory_stats\":{}"));
	cr_expect_eq(ask("GET", "/containers/nobody/stats?stream=false&one-shot=true", NULL), 404);
}

/* --- the same seed plays the same, and quickly ------------------------------------------------- */

static void play_some(struct text *all)
{
	make("xx", ALWAYS);
	start("xx");
	docker_engine_end(engine, "xx", 3);
	run(1000);
	MUST(200, "GET", "/containers/json?all=1", NULL);
	text_add(all, text_view(&asked.body));
	MUST(200, "GET", "/containers/xx/json", NULL);
	text_add(all, text_view(&asked.body));
}

Test(docker_engine_simulated, same_seed_plays_the_same)
{
	owned_text first = {0}, second = {0};

	play_some(&first);
	take_down();
	asked = (struct docker_asked){0};
	set_up();
	play_some(&second);
	cr_assert_str_eq(text_view(&first), text_view(&second));
}

static double microseconds(const char *path, unsigned times)
{
	clock_t begin = clock();

	for (unsigned i = 0; i < times; i++)
		MUST(200, "GET", path, NULL);
	return (double)(clock() - begin) * 1e6 / CLOCKS_PER_SEC / times;
}

/* Nothing is promised but that it is no matter of milliseconds; what it is, is told. */
Test(docker_engine_simulated, request_takes_microseconds)
{
	char name[32];

	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		make(name, UNLESS_STOPPED);
		start(name);
	}
	double ping = microseconds("/_ping", 5000), one = microseconds("/containers/c5/json", 5000);
	double all =
	    microseconds("/v1.41/containers/json?all=1&filters=%7B%22label%22%3A%5B%22a%3Db%22%5D%7D", 5000);
	cr_log_info("a ping takes %.1f us, an inspection %.1f us, a listing of ten %.1f us", ping, one, all);
	cr_assert(ping < 1000 && one < 1000 && all < 1000);
}
