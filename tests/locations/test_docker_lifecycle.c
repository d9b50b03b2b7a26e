/* test_docker_lifecycle.c - containers started, stopped, removed and admitted. */
#include <string.h>

#include "tests/locations/docker_bench.h"

TestSuite(docker_lifecycle, .init = docker_set_up, .fini = docker_take_down);
TestSuite(docker_admit, .init = docker_set_up, .fini = docker_take_down);

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

Test(docker_lifecycle, taken_port_is_a_conflict)
{
	REPLY(LOOK, 200, docker_container('a', "created"));
	REPLY(START, 500, "{\"message\": \"Bind for 0.0.0.0:80 failed: port is already allocated\"}");
	MUST_FAIL(ERR_CONFLICT, start, &docker_web);
	SAYS("port is already allocated");
	HELPS("ss -ltnp");
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

Test(docker_lifecycle, stop_leaves_the_stopped_and_the_absent)
{
	REPLY(LOOK, 200, docker_container('a', "exited"));
	MUST(stop, "app", "app.web.1");
	REPLY(LOOK, 404, "{}");
	MUST(stop, "app", "app.web.1");
	cr_assert(!docker_requests("POST"));
}

Test(docker_lifecycle, stop_is_gentle)
{
	REPLY(LOOK, 200, docker_container('a', "running"));
	REPLY(STOP, 204, NULL);
	MUST(stop, "app", "app.web.1");
	cr_assert_str_eq(docker_request(STOP, 0)->line, "POST /containers/c1d2/stop?t=10");
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

/* --- admit --- */

#define CONNECT    "POST /networks/n0/connect"
#define DISCONNECT "POST /networks/n0/disconnect"

static json_t *config_of(const struct asked *asked)
{
	owned_json body = json_parse(asked->body, strlen(asked->body), "body", &docker_error);

	return json_incref(json_object_get(body, "EndpointConfig"));
}

Test(docker_admit, keeps_address_links_and_aliases)
{
	REPLY(LOOK, 200, docker_container('a', "running"));
	REPLY(DISCONNECT, 200, NULL);
	REPLY(CONNECT, 200, NULL);
	MUST(admit, &docker_web);
	owned_json config = config_of(docker_request(CONNECT, 0));
	owned_json wanted = json_pack("{s:[s,s], s:[s], s:{s:s}}", "Aliases", "app.web", "mine", "Links",
				      "app.db:db", "IPAMConfig", "IPv4Address", "10.213.0.5");
	cr_assert(json_equal(config, wanted), "%s", docker_request(CONNECT, 0)->body);
	cr_assert(strstr(docker_request(CONNECT, 0)->body, "\"Container\":\"c1d2\""));
	cr_assert(strstr(docker_request(DISCONNECT, 0)->body, "\"Container\":\"c1d2\""));
}

Test(docker_admit, held_name_asks_nothing)
{
	struct instance_spec spec = docker_web;

	spec.shared_name = "mine";
	REPLY(LOOK, 200, docker_container('a', "running"));
	MUST(admit, &spec);
	spec.shared_name = NULL;
	MUST(admit, &spec);
	cr_assert(!docker_requests("POST"));
}

Test(docker_admit, never_left_off_the_network)
{
	static const char off[] =
	    "{\"Id\": \"c1\", \"Name\": \"/app.web.1\", \"Config\": {\"Labels\": {\"berth.app\": "
	    "\"app\", \"berth.component\": \"web\", \"berth.instance\": \"1\"}}, \"State\": {}, "
	    "\"NetworkSettings\": {\"Networks\": {}}}";

	REPLY(LOOK, 200, off);
	REPLY(LOOK, 200, docker_container('a', "running"), .times = 1);
	REPLY(DISCONNECT, 200, NULL);
	REPLY(CONNECT, 200, NULL);
	REPLY(CONNECT, 500, "{\"message\": \"no route\"}", .times = 2);
	MUST(admit, &docker_web);
	cr_assert(docker_requests(CONNECT) == 3 && docker_requests(DISCONNECT) == 1);
	owned_json config = config_of(docker_request(CONNECT, 2));
	cr_assert_str_eq(json_text(json_object_get(config, "IPAMConfig"), "IPv4Address"), "10.213.0.5");
}

Test(docker_admit, taken_address_is_given_up)
{
	static const char off[] =
	    "{\"Id\": \"c1\", \"Name\": \"/app.web.1\", \"Config\": {\"Labels\": {\"berth.app\": "
	    "\"app\", \"berth.component\": \"web\", \"berth.instance\": \"1\"}}, \"State\": {}, "
	    "\"NetworkSettings\": {\"Networks\": {}}}";

	REPLY(LOOK, 200, off);
	REPLY(LOOK, 200, docker_container('a', "running"), .times = 1);
	REPLY(DISCONNECT, 200, NULL);
	REPLY(CONNECT, 200, NULL);
	REPLY(CONNECT, 500, "{\"message\": \"Address already in use\"}", .times = 1);
	MUST(admit, &docker_web);
	owned_json config = config_of(docker_request(CONNECT, 1));
	cr_assert_null(json_object_get(config, "IPAMConfig"));
}

Test(docker_admit, started_again_where_its_address_is_gone)
{
	REPLY(LOOK, 200, docker_container('a', "exited"));
	REPLY(START, 204, NULL);
	REPLY(START, 403, "{\"message\": \"Address already in use\"}", .times = 1);
	REPLY(DISCONNECT, 200, NULL);
	REPLY(CONNECT, 200, NULL);
	MUST(start, &docker_web);
	cr_assert(docker_requests(START) == 2);
	cr_assert_null(strstr(docker_request(CONNECT, 0)->body, "app.web\""));
	REPLY(START, 403, "{\"message\": \"Address already in use\"}");
	cr_assert(AWAIT(start, &docker_web) == PROGRESS_FAILED);
	SAYS("Address already in use");
}
