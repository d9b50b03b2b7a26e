/* test_docker_lifecycle.c - containers started, stopped and removed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/locations/docker_bench.h"

TestSuite(docker_lifecycle, .init = docker_set_up, .fini = docker_take_down);

#define START  "POST /containers/c1d2/start"
#define STOP   "POST /containers/c1d2/stop"
#define LOOK   "GET /containers/app.web.1/json"
#define AGAIN  "GET /containers/c1d2/json"
#define DELETE "DELETE /containers/c1d2"

Test(docker_lifecycle, started_already_is_done)
{
	REPLY(LOOK, 200, docker_container('a', "created"));
	REPLY(START, 304, NULL);
	MUST(start, &docker_web);
}

Test(docker_lifecycle, what_is_paused_goes_on)
{
	owned_memory char *paused = strdup(docker_container('a', "paused"));

	REPLY(LOOK, 200, paused);
	REPLY("POST /containers/c1d2/unpause", 204, NULL);
	MUST(start, &docker_web);
	cr_assert(docker_requests("POST") == 1);
	/* Somebody else was first. */
	REPLY("POST /containers/c1d2/unpause", 500, "{\"message\": \"Container c1d2 is not paused\"}");
	REPLY(START, 304, NULL);
	REPLY(LOOK, 200, docker_container('a', "running"));
	REPLY(LOOK, 200, paused, .times = 1);
	MUST(start, &docker_web);
	REPLY(LOOK, 200, paused);
	MUST_FAIL(ERR_FAILED, start, &docker_web);
	SAYS("cannot let container `app.web.1` go on");
}

Test(docker_lifecycle, taken_port_is_a_conflict)
{
	REPLY(LOOK, 200, docker_container('a', "created"));
	REPLY(START, 500, "{\"message\": \"Bind for 0.0.0.0:80 failed: port is already allocated\"}");
	MUST_FAIL(ERR_CONFLICT, start, &docker_web);
	SAYS("port is already allocated");
	HELPS("ss -ltnp");
}

Test(docker_lifecycle, where_nothing_more_can_be_made_there_is_no_room)
{
	REPLY(LOOK, 200, docker_container('a', "created"));
	REPLY(START, 500,
	      "{\"message\": \"no available IPv4 addresses on this network's address pools: berth.app\"}");
	MUST_FAIL(ERR_CAPACITY, start, &docker_web);
	docker_forget();
	REPLY(START, 500, "{\"message\": \"driver failed programming: all ports are allocated\"}");
	MUST_FAIL(ERR_CAPACITY, start, &docker_web);
}

/* As Docker 20.10 after it was killed: no start of this container will ever succeed. */
Test(docker_lifecycle, a_container_whose_task_the_engine_lost_is_removed_and_gone)
{
	REPLY(LOOK, 200, docker_container('a', "exited"));
	REPLY(START, 500, "{\"message\": \"task c1d2: already exists\"}");
	REPLY(DELETE, 204, NULL);
	MUST_FAIL(ERR_MISSING, start, &docker_web);
	cr_assert(docker_requests(DELETE) == 1);
}

Test(docker_lifecycle, missing_program_is_a_failure)
{
	REPLY(LOOK, 200, docker_container('a', "created"));
	REPLY(START, 400,
	      "{\"message\": \"OCI runtime create failed: exec: \\\"nope\\\": executable file not found\"}");
	MUST_FAIL(ERR_FAILED, start, &docker_web);
	SAYS("executable file not found");
}

Test(docker_lifecycle, lost_start_is_looked_at)
{
	REPLY(START, 0, NULL, .error = ERR_TIMED_OUT, .sent = true);
	REPLY(LOOK, 200, docker_container('a', "running"));
	REPLY(AGAIN, 200, docker_container('a', "running"));
	MUST(start, &docker_web);
	cr_assert(docker_requests(START) == 1);
}

Test(docker_lifecycle, lost_start_without_effect_is_made_again)
{
	REPLY(START, 204, NULL);
	REPLY(START, 0, NULL, .error = ERR_TIMED_OUT, .sent = true, .times = 1);
	REPLY(LOOK, 200, docker_container('a', "created"));
	REPLY(AGAIN, 200, docker_container('a', "created"));
	MUST(start, &docker_web);
	cr_assert(docker_requests(START) == 2);
}

/* --- what was told to have ended --- */

static struct instance_spec ended_web(void)
{
	struct instance_spec web = docker_web;

	web.ended = "c1d2";
	return web;
}

Test(docker_lifecycle, what_was_told_to_have_ended_is_started_without_a_look)
{
	const struct instance_spec web = ended_web();

	REPLY(START, 204, NULL);
	MUST(start, &web);
	cr_assert_eq(docker_requests("GET /containers"), 0);
	cr_assert_eq(docker_requests(START), 1);
}

Test(docker_lifecycle, what_was_told_to_have_ended_and_runs_again_is_left_alone)
{
	const struct instance_spec web = ended_web();

	REPLY(START, 304, NULL);
	MUST(start, &web);
}

Test(docker_lifecycle, what_was_told_to_have_ended_and_is_refused_is_looked_at)
{
	const struct instance_spec web = ended_web();

	REPLY(START, 404, "{\"message\": \"No such container: c1d2\"}");
	REPLY(LOOK, 404, "{\"message\": \"No such container: app.web.1\"}");
	MUST_FAIL(ERR_MISSING, start, &web);
	docker_forget();
	REPLY(START, 500, "{\"message\": \"Bind for 0.0.0.0:80 failed: port is already allocated\"}");
	REPLY(LOOK, 200, docker_container('a', "exited"));
	MUST_FAIL(ERR_CONFLICT, start, &web);
	SAYS("port is already allocated");
	cr_assert_eq(docker_requests(LOOK), 1);
}

Test(docker_lifecycle, what_was_told_to_have_ended_and_gets_no_answer_is_looked_at)
{
	const struct instance_spec web = ended_web();

	REPLY(START, 204, NULL);
	REPLY(START, 0, NULL, .error = ERR_TIMED_OUT, .sent = true, .times = 1);
	REPLY(LOOK, 200, docker_container('a', "exited"));
	MUST(start, &web);
	cr_assert_eq(docker_requests(LOOK), 1);
	cr_assert_eq(docker_requests(START), 2);
}

Test(docker_lifecycle, stop_leaves_the_stopped_and_the_absent)
{
	REPLY(LOOK, 200, docker_container('a', "exited"));
	MUST(stop, "app", "app.web.1");
	REPLY(LOOK, 404, "{}");
	MUST(stop, "app", "app.web.1");
	cr_assert(!docker_requests("POST"));
}

static const char kept_long[] =
    "{\"Id\": \"c1d2\", \"Name\": \"/app.web.1\", \"Config\": {\"StopTimeout\": 300, \"Labels\": "
    "{\"berth.app\": "
    "\"app\", \"berth.component\": \"web\", \"berth.instance\": \"1\"}}, \"State\": {\"Running\": true}}";

/* The time it has is kept with it, and the engine may take that long to answer. */
Test(docker_lifecycle, stop_waits_as_long_as_the_container_may_take)
{
	REPLY(LOOK, 200, kept_long);
	REPLY(STOP, 0, NULL, .error = ERR_TIMED_OUT, .sent = false);
	MUST_FAIL(ERR_TIMED_OUT, stop, "app", "app.web.1");
	SAYS("unanswered for 360 s");
	REPLY(LOOK, 200, docker_container('a', "running"));
	MUST_FAIL(ERR_TIMED_OUT, stop, "app", "app.web.1");
	SAYS("unanswered for 70 s");
}

/* It ended before anybody looked whether its start had arrived. */
Test(docker_lifecycle, job_whose_start_was_lost_runs_once)
{
	static const char ended[] =
	    "{\"Id\": \"c1d2\", \"Name\": \"/app.web.1\", \"Config\": {\"Labels\": {\"berth.app\": \"app\", "
	    "\"berth.component\": \"web\", \"berth.instance\": \"1\"}}, \"State\": {\"Status\": \"exited\", "
	    "\"Running\": false, \"StartedAt\": \"2026-11-21T11:50:00Z\"}}";

	REPLY(LOOK, 200, docker_container('a', "created"));
	REPLY(START, 0, NULL, .error = ERR_TIMED_OUT, .sent = true);
	REPLY(AGAIN, 200, ended);
	MUST(start, &docker_web);
	cr_assert(docker_requests(START) == 1);
}

Test(docker_lifecycle, stop_is_gentle)
{
	REPLY(LOOK, 200, docker_container('a', "running"));
	REPLY(STOP, 204, NULL);
	MUST(stop, "app", "app.web.1");
	cr_assert_str_eq(docker_request(STOP, 0)->line, "POST /containers/c1d2/stop");
}

Test(docker_lifecycle, stop_that_an_engine_in_trouble_did_all_the_same_is_done)
{
	REPLY(LOOK, 200, docker_container('a', "running"));
	REPLY("GET /containers/c1d2/json", 200, docker_container('a', "exited"));
	REPLY(STOP, 500, "{\"message\": \"devicemapper: Error\"}");
	MUST(stop, "app", "app.web.1");
	REPLY("GET /containers/c1d2/json", 200, docker_container('a', "running"));
	MUST_FAIL(ERR_FAILED, stop, "app", "app.web.1");
	SAYS("devicemapper: Error");
}

Test(docker_lifecycle, strangers_are_neither_stopped_nor_removed)
{
	REPLY(LOOK, 200, docker_container(0, "running"));
	MUST_FAIL(ERR_CONFLICT, stop, "app", "app.web.1");
	MUST_FAIL(ERR_CONFLICT, remove, "app", "app.web.1");
	REPLY(LOOK, 200, docker_container('a', "running"));
	MUST_FAIL(ERR_CONFLICT, remove, "other", "app.web.1");
	SAYS("`app`");
	cr_assert(!docker_requests("POST") && !docker_requests("DELETE"));
}

Test(docker_lifecycle, removal_under_way_is_waited_for)
{
	REPLY(LOOK, 200, docker_container('a', "removing"));
	REPLY(AGAIN, 404, "{}");
	REPLY(AGAIN, 200, docker_container('a', "removing"), .times = 1);
	REPLY(DELETE, 409, "{\"message\": \"removal of container c1 is already in progress\"}");
	MUST(remove, "app", "app.web.1");
	cr_assert(docker_requests(DELETE) == 2);
}

Test(docker_lifecycle, busy_file_system_is_tried_again_then_told)
{
	REPLY(LOOK, 200, docker_container('a', "dead"));
	REPLY(AGAIN, 200, docker_container('a', "dead"));
	REPLY(DELETE, 500, "{\"message\": \"device or resource busy\"}");
	MUST_FAIL(ERR_FAILED, remove, "app", "app.web.1");
	SAYS("device or resource busy");
	cr_assert(docker_requests(DELETE) > 3);
}

Test(docker_lifecycle, lost_removal_is_looked_at)
{
	REPLY(LOOK, 200, docker_container('a', "running"));
	REPLY(AGAIN, 404, "{}");
	REPLY(DELETE, 0, NULL, .error = ERR_TIMED_OUT, .sent = true);
	MUST(remove, "app", "app.web.1");
	cr_assert(docker_requests(DELETE) == 1);
}

static const char between_runs[] =
    "{\"Id\": \"c1d2\", \"Name\": \"/app.web.1\", \"Config\": {\"Labels\": {\"berth.app\": \"app\", "
    "\"berth.component\": \"web\", \"berth.instance\": \"1\"}}, \"State\": {\"Status\": \"restarting\", "
    "\"Running\": true}, \"NetworkSettings\": {\"Networks\": {\"berth.app\": {\"NetworkID\": \"n0\", "
    "\"EndpointID\": \"e5\"}}}}";

/* Else its network would have an active endpoint for ever. */
Test(docker_lifecycle, who_was_put_on_its_network_between_two_runs_leaves_it_when_it_goes)
{
	REPLY(LOOK, 200, between_runs);
	REPLY(DELETE, 204, NULL);
	REPLY("POST /networks/n0/disconnect", 200, NULL);
	MUST(remove, "app", "app.web.1");
	cr_assert(docker_requests(DELETE) == 1);
	owned_json body = json_parse(docker_request("POST", 0)->body, strlen(docker_request("POST", 0)->body),
				     "body", &docker_error);
	owned_json wanted = json_pack("{s:s, s:b}", "Container", "app.web.1", "Force", 1);
	cr_assert(json_equal(body, wanted), "%s", docker_request("POST", 0)->body);
}

Test(docker_lifecycle, what_is_there_no_more_needs_not_leave_its_network)
{
	REPLY(LOOK, 200, between_runs);
	REPLY(DELETE, 204, NULL);
	REPLY("POST /networks/n0/disconnect", 404, "{\"message\": \"endpoint app.web.1 not found\"}");
	MUST(remove, "app", "app.web.1");
	REPLY(LOOK, 200, docker_container('a', "running"));
	MUST(remove, "app", "app.web.1");
	cr_assert(docker_requests(DELETE) == 2 && docker_requests("POST") == 1);
}
