/* test_docker_usage.c - what a container uses, as engines on either form of cgroups tell it. */
#include <math.h>
#include <string.h>

#include "tests/locations/docker_bench.h"

#define ASKED "GET /containers/app.web.1/stats"

TestSuite(docker_usage, .init = docker_set_up, .fini = docker_take_down);

static struct usage told(const char *body)
{
	struct usage usage = {0};

	REPLY(ASKED, 200, body);
	MUST(usage, "app", "app.web.1", &usage);
	return usage;
}

Test(docker_usage, of_the_first_form_of_cgroups)
{
	struct usage usage =
	    told("{\"read\": \"2026-01-02T03:04:05.678901234Z\", \"preread\": \"0001-01-01T00:00:00Z\","
		 "\"cpu_stats\": {\"cpu_usage\": {\"total_usage\": 2500000000, \"percpu_usage\": [1, 2]}},"
		 "\"memory_stats\": {\"usage\": 3000, \"max_usage\": 5000, \"limit\": 10000,"
		 "  \"stats\": {\"inactive_file\": 1, \"total_inactive_file\": 1000, \"cache\": 1500}},"
		 "\"pids_stats\": {\"current\": 4},"
		 "\"networks\": {\"eth0\": {\"rx_bytes\": 100, \"tx_bytes\": 20},"
		 "               \"eth1\": {\"rx_bytes\": 11, \"tx_bytes\": 2}}}");

	cr_expect_eq(usage.cpu_s, 2.5);
	cr_expect_eq(usage.memory, 2000);
	cr_expect_eq(usage.memory_limit, 10000);
	cr_expect_eq(usage.received_bytes, 111);
	cr_expect_eq(usage.sent_bytes, 22);
	cr_expect_eq(usage.processes, 4);
	cr_expect_eq(usage.at_ms, INT64_C(1767323045678));
	cr_expect_str_eq(docker_request(ASKED, 0)->line,
			 "GET /containers/app.web.1/stats?stream=false&one-shot=true");
	cr_expect_eq(docker_asked_count, docker_requests(ASKED) + docker_requests("GET /_ping"),
		     "one call for each sample");
}

Test(docker_usage, of_the_second_form_and_without_a_network_of_its_own)
{
	struct usage usage = told("{\"read\": \"2026-01-02T03:04:05Z\","
				  "\"cpu_stats\": {\"cpu_usage\": {\"total_usage\": 1}},"
				  "\"memory_stats\": {\"usage\": 3000, \"limit\": 10000,"
				  "  \"stats\": {\"inactive_file\": 500, \"file\": 800}},"
				  "\"pids_stats\": {}}");

	cr_expect_eq(usage.memory, 2500);
	cr_expect(isnan(usage.received_bytes));
	cr_expect(isnan(usage.sent_bytes));
	cr_expect(isnan(usage.processes));
}

Test(docker_usage, caches_that_cannot_be_are_not_taken_off)
{
	struct usage usage =
	    told("{\"read\": \"2026-01-02T03:04:05Z\","
		 "\"memory_stats\": {\"usage\": 3000, \"stats\": {\"inactive_file\": 9000}}}");

	cr_expect_eq(usage.memory, 3000);
	cr_expect(isnan(usage.cpu_s));
	cr_expect(isnan(usage.memory_limit));
}

Test(docker_usage, what_does_not_run_or_is_not_there_is_said)
{
	struct usage usage;

	REPLY(ASKED, 200,
	      "{\"read\": \"0001-01-01T00:00:00Z\", \"cpu_stats\": {\"cpu_usage\": {\"total_usage\": 0}},"
	      "\"memory_stats\": {}, \"pids_stats\": {}}");
	MUST_FAIL(ERR_FAILED, usage, "app", "app.web.1", &usage);
	SAYS("container `app.web.1` does not run");
	REPLY(ASKED, 404, "{\"message\": \"No such container: app.web.1\"}");
	MUST_FAIL(ERR_MISSING, usage, "app", "app.web.1", &usage);
	REPLY(ASKED, 500, "{\"message\": \"no cgroup\"}");
	MUST_FAIL(ERR_UNREACHABLE, usage, "app", "app.web.1", &usage);
	SAYS("no cgroup");
	REPLY(ASKED, 200, "[]");
	MUST_FAIL(ERR_FAILED, usage, "app", "app.web.1", &usage);
}
