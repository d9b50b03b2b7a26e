/* test_docker_admit.c - a container is put on its network, taken off it and put there again, also at an
 * address that it is to keep. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/locations/docker_bench.h"

TestSuite(docker_admit, .init = docker_set_up, .fini = docker_take_down);
TestSuite(docker_withdraw, .init = docker_set_up, .fini = docker_take_down);
TestSuite(docker_pin, .init = docker_set_up, .fini = docker_take_down);

#define START "POST /containers/c1d2/start"
#define LOOK  "GET /containers/app.web.1/json"
#define AGAIN "GET /containers/c1d2/json"

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

/* As engines tell it: with its names, and without a gateway. */
Test(docker_admit, refused_connection_is_not_taken_for_one)
{
	static const char refused[] =
	    "{\"Id\": \"c1\", \"Name\": \"/app.web.1\", \"Config\": {\"Labels\": {\"berth.app\": "
	    "\"app\", \"berth.component\": \"web\", \"berth.instance\": \"1\"}}, \"State\": {\"Status\": "
	    "\"running\", \"Running\": true}, \"NetworkSettings\": {\"Networks\": {\"berth.app\": "
	    "{\"IPAMConfig\": {\"IPv4Address\": \"10.213.0.5\"}, \"Aliases\": [\"app.web\"], \"NetworkID\": "
	    "\"\", "
	    "\"Gateway\": \"\", \"IPAddress\": \"\"}}}}";

	REPLY(LOOK, 200, refused);
	REPLY(LOOK, 200, docker_container('a', "running"), .times = 1);
	REPLY(DISCONNECT, 500, "{\"message\": \"container c1 is not connected to network berth.app\"}");
	REPLY(DISCONNECT, 200, NULL, .times = 1);
	REPLY(CONNECT, 200, NULL);
	REPLY(CONNECT, 403, "{\"message\": \"Address already in use\"}", .times = 1);
	MUST(admit, &docker_web);
	cr_assert(docker_requests(CONNECT) == 2 && docker_requests(DISCONNECT) == 1);
	cr_assert_null(strstr(docker_request(CONNECT, 1)->body, "10.213.0.5"));
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

/* --- withdraw --- */

/* Ours on its network, with these members of its endpoint there (none: off it). */
static const char *standing(const char *state, const char *endpoint)
{
	static char json[4][1024];
	static int next;
	char *to = json[next++ % 4];

	snprintf(
	    to, sizeof(json[0]),
	    "{\"Id\": \"c1d2\", \"Name\": \"/app.web.1\", \"Config\": {\"Labels\": {\"berth.app\": \"app\", "
	    "\"berth.component\": \"web\", \"berth.instance\": \"1\", \"berth.spec\": \"aa\", "
	    "\"berth.links\": "
	    "\"11\"}}, \"State\": {\"Status\": \"%s\", \"Running\": %s}, \"NetworkSettings\": "
	    "{\"Networks\": {%s%s%s}}}",
	    state, strcmp(state, "running") ? "false" : "true", *endpoint ? "\"berth.app\": {" : "", endpoint,
	    *endpoint ? "}" : "");
	return to;
}

#define SERVES                                                                                               \
	"\"IPAddress\": \"10.213.0.5\", \"NetworkID\": \"n0\", \"Links\": [\"app.db:db\"], \"Aliases\": "    \
	"[\"app.web\", \"mine\", \"c1d2\"]"
#define LEFT "\"IPAddress\": \"10.213.0.5\", \"NetworkID\": \"n0\", \"Aliases\": [\"mine\"]"

Test(docker_withdraw, loses_the_name_alone)
{
	REPLY(LOOK, 200, standing("running", SERVES));
	REPLY(DISCONNECT, 200, NULL);
	REPLY(CONNECT, 200, NULL);
	MUST(withdraw, "app", "app.web.1");
	owned_json config = config_of(docker_request(CONNECT, 0));
	owned_json wanted = json_pack("{s:[s], s:[s], s:{s:s}}", "Aliases", "mine", "Links", "app.db:db",
				      "IPAMConfig", "IPv4Address", "10.213.0.5");
	cr_assert(json_equal(config, wanted), "%s", docker_request(CONNECT, 0)->body);
	cr_assert(!docker_requests("GET /networks"));
}

Test(docker_withdraw, nothing_to_lose_is_done)
{
	const char *const cases[] = {standing("running", LEFT), standing("exited", SERVES),
				     standing("running", "")};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		REPLY(LOOK, 200, cases[i], .times = 1);
		MUST(withdraw, "app", "app.web.1");
	}
	REPLY(LOOK, 404, "{}");
	MUST(withdraw, "app", "app.web.1");
	REPLY(LOOK, 200, docker_container(0, "running"));
	MUST_FAIL(ERR_CONFLICT, withdraw, "app", "app.web.1");
	cr_assert(!docker_requests("POST"));
}

Test(docker_withdraw, lost_answers_leave_it_on_its_network)
{
	/* The disconnection was lost on its way, then came without an answer; so did the connection. */
	REPLY(LOOK, 200, standing("running", LEFT));
	REPLY(LOOK, 200, standing("running", ""), .times = 1);
	REPLY(LOOK, 200, standing("running", SERVES), .times = 2);
	REPLY(DISCONNECT, 0, NULL, .error = ERR_TIMED_OUT, .sent = true);
	REPLY(CONNECT, 0, NULL, .error = ERR_TIMED_OUT, .sent = true);
	MUST(withdraw, "app", "app.web.1");
	cr_assert(docker_requests(DISCONNECT) == 2 && docker_requests(CONNECT) == 1);
	owned_json config = config_of(docker_request(CONNECT, 0));
	cr_assert_str_eq(json_text(json_object_get(config, "IPAMConfig"), "IPv4Address"), "10.213.0.5");
	cr_assert(json_array_size(json_object_get(config, "Links")) == 1);
}

Test(docker_withdraw, taken_address_is_given_up)
{
	REPLY(LOOK, 200, standing("running", ""));
	REPLY(LOOK, 200, standing("running", SERVES), .times = 1);
	REPLY(DISCONNECT, 200, NULL);
	REPLY(CONNECT, 200, NULL);
	REPLY(CONNECT, 403, "{\"message\": \"Address already in use\"}", .times = 1);
	MUST(withdraw, "app", "app.web.1");
	owned_json config = config_of(docker_request(CONNECT, 1));
	cr_assert(config && !json_object_get(config, "IPAMConfig"));
}

static bool two_woken[2];

static void wake_one(struct errand *errand)
{
	*(bool *)errand->owner = true;
}

static bool any_woken(void *owner)
{
	(void)owner;
	return two_woken[0] || two_woken[1];
}

/* An engine may stand still when two leave their networks at once. */
Test(docker_withdraw, one_leaves_after_the_other)
{
	struct errand errands[2] = {{.wake = wake_one, .owner = &two_woken[0]},
				    {.wake = wake_one, .owner = &two_woken[1]}};
	static const char *const names[] = {"app.web.1", "app.web.2"};
	enum progress progress[2] = {PROGRESS_WAITING, PROGRESS_WAITING};
	size_t most = 0;

	REPLY(LOOK, 200, standing("running", SERVES));
	REPLY("GET /containers/app.web.2/json", 200,
	      "{\"Id\": \"c2\", \"Name\": \"/app.web.2\", \"Config\": {\"Labels\": {\"berth.app\": \"app\", "
	      "\"berth.component\": \"web\", \"berth.instance\": \"2\"}}, \"State\": {\"Running\": true}, "
	      "\"NetworkSettings\": {\"Networks\": {\"berth.app\": {" SERVES "}}}}");
	REPLY(DISCONNECT, 200, NULL, .delay_ms = 500);
	REPLY(CONNECT, 200, NULL);
	for (int round = 0; round < 200; round++) {
		for (int i = 0; i < 2; i++) {
			two_woken[i] = false;
			if (progress[i] == PROGRESS_WAITING)
				progress[i] = docker_driver.withdraw(&docker_location, &errands[i], "app",
								     names[i], &docker_error);
		}
		/* Whoever has not connected again yet is leaving. */
		size_t leaving = docker_requests(DISCONNECT) - docker_requests(CONNECT);
		most = leaving > most ? leaving : most;
		if (progress[0] != PROGRESS_WAITING && progress[1] != PROGRESS_WAITING)
			break;
		virtual_world_run(docker_world, any_woken, NULL, 60000);
	}
	cr_assert(progress[0] == PROGRESS_DONE && progress[1] == PROGRESS_DONE, "%s", docker_error.text);
	cr_assert(docker_requests(DISCONNECT) == 2 && most == 1, "%zu at once", most);
	/* One that is given up lets the next one leave. */
	errands[0] = (struct errand){.wake = wake_one, .owner = &two_woken[0]};
	while (docker_requests(DISCONNECT) == 2) {
		cr_assert(docker_driver.withdraw(&docker_location, &errands[0], "app", names[0],
						 &docker_error) == PROGRESS_WAITING);
		virtual_world_run(docker_world, NULL, NULL, 10);
	}
	docker_driver.drop(&docker_location, &errands[0]);
	MUST(withdraw, "app", "app.web.2");
}

/* --- pinned addresses --- */

#define CREATE "POST /containers/create"
#define ALL    "GET /containers/json?all=1&filters="

static const char *note;

static struct instance_spec pinned(const char *address)
{
	struct instance_spec spec = docker_web;

	spec.pin_address = true;
	spec.pinned_address = address;
	return spec;
}

static void network_of(const char *attached)
{
	static char json[512];

	snprintf(json, sizeof(json),
		 "{\"Id\": \"n0\", \"IPAM\": {\"Config\": [{\"Subnet\": \"10.213.0.0/28\"}]}, "
		 "\"Containers\": {%s}}",
		 attached);
	REPLY("GET /networks/n0", 200, json);
}

static const char *address_in(const char *request, size_t n)
{
	const struct asked *asked = docker_request(request, n);
	const char *at = asked ? strstr(asked->body, "\"IPv4Address\":\"") : NULL;
	static char address[32];

	return at && sscanf(at, "\"IPv4Address\":\"%31[^\"]", address) == 1 ? address : NULL;
}

Test(docker_pin, free_address_is_picked_from_the_upper_half)
{
	struct instance_spec spec = pinned(NULL);
	char listed[2048] = "[";

	/* Six of the seven are held: by stopped ones of ours, and by a stranger that runs. */
	for (int i = 8; i < 13; i++)
		snprintf(listed + strlen(listed), sizeof(listed) - strlen(listed),
			 "%s{\"Names\": [\"/app.x.%d\"], \"NetworkSettings\": {\"Networks\": {\"berth.app\": "
			 "{\"IPAMConfig\": {\"IPv4Address\": \"10.213.0.%d\"}}}}}",
			 i > 8 ? ", " : "", i, i);
	strcat(listed, "]");
	REPLY(ALL, 200, listed);
	network_of("\"s\": {\"Name\": \"stranger\", \"IPv4Address\": \"10.213.0.13/28\"}");
	REPLY(CREATE, 201, "{\"Id\": \"c1d2\"}");
	MUST(place, &spec, &note);
	cr_assert_str_eq(address_in(CREATE, 0), "10.213.0.14");
	cr_assert(strstr(docker_request(CREATE, 0)->body, "\"berth.pinned\":\"yes\""));
}

Test(docker_pin, two_at_once_do_not_pick_the_same)
{
	struct instance_spec spec = pinned(NULL), other = pinned(NULL);
	struct errand errand = {.wake = wake_one, .owner = &two_woken[0]};

	other.name = "app.web.2", other.ordinal = 2;
	REPLY(ALL, 200, "[]");
	network_of("");
	REPLY(CREATE, 201, "{\"Id\": \"c1d2\"}");
	REPLY(CREATE "?name=app.web.2", 201, "{\"Id\": \"c2\"}", .delay_ms = 100000);
	/* The first one flies, and no listing shows it yet. */
	for (int i = 0; i < 10 && !docker_requests(CREATE); i++) {
		cr_assert(docker_driver.place(&docker_location, &errand, &other, &note, &docker_error) ==
			  PROGRESS_WAITING);
		virtual_world_run(docker_world, NULL, NULL, 10);
	}
	char held[32];
	snprintf(held, sizeof(held), "%s", address_in(CREATE, 0));
	for (unsigned n = 1; n < 40; n++) {
		spec.name = n % 2 ? "app.web.1" : "app.web.3";
		MUST(place, &spec, &note);
		cr_assert_str_neq(address_in(CREATE, n), held);
	}
	docker_driver.drop(&docker_location, &errand);
	other.name = "app.web.2";
	REPLY(CREATE "?name=app.web.2", 201, "{\"Id\": \"c2\"}");
	MUST(place, &other, &note);
	cr_assert_str_eq(address_in(CREATE, 40), held);
}

Test(docker_pin, given_address_is_taken_as_it_is)
{
	struct instance_spec spec = pinned("10.213.0.3");

	REPLY(CREATE, 201, "{\"Id\": \"c1d2\"}");
	MUST(place, &spec, &note);
	cr_assert_str_eq(address_in(CREATE, 0), "10.213.0.3");
	cr_assert(!docker_requests(ALL));
}

Test(docker_pin, listings_of_the_wrong_shape_pin_nothing)
{
	static const char *const wrong[] = {"null", "[1]", "{}", "\"x\"", ""};
	struct instance_spec spec = pinned(NULL);

	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		REPLY("GET /networks/n0", 200, "{\"Id\": \"n0\"}");
		REPLY(ALL, 200, wrong[i], .times = 1);
		MUST_FAIL(ERR_UNREACHABLE, place, &spec, &note);
		REPLY("GET /networks/n0", 200, wrong[i], .times = 1);
		REPLY(ALL, 200, "[]");
		MUST_FAIL(ERR_UNREACHABLE, place, &spec, &note);
	}
	MUST_FAIL(ERR_UNSUPPORTED, place, &spec, &note);
	cr_assert(!docker_requests(CREATE));
}

#define AT(address) "\"IPAMConfig\": {\"IPv4Address\": \"" address "\"}, \"NetworkID\": \"n0\""

Test(docker_pin, stopped_one_is_taken_there_before_it_starts)
{
	struct instance_spec spec = pinned("10.213.0.9");

	REPLY(LOOK, 200, standing("exited", AT("10.213.0.9")));
	REPLY(LOOK, 200, standing("exited", AT("10.213.0.4")), .times = 2);
	REPLY(DISCONNECT, 200, NULL);
	REPLY(CONNECT, 200, NULL);
	REPLY(START, 204, NULL);
	MUST(start, &spec);
	cr_assert_str_eq(address_in(CONNECT, 0), "10.213.0.9");
	cr_assert(docker_requests(DISCONNECT) == 1 && docker_requests(START) == 1);
	/* There already: nothing to do. */
	MUST(start, &spec);
	cr_assert(docker_requests(DISCONNECT) == 1 && docker_requests(START) == 2);
}

Test(docker_pin, held_by_another_it_is_a_conflict_and_no_move)
{
	struct instance_spec spec = pinned("10.213.0.9");

	REPLY(LOOK, 200, standing("exited", AT("10.213.0.9")));
	REPLY(AGAIN, 200, standing("exited", AT("10.213.0.9")));
	REPLY(START, 403, "{\"message\": \"Address already in use\"}");
	network_of("\"t\": {\"Name\": \"thief\", \"IPv4Address\": \"10.213.0.9/28\"}");
	MUST_FAIL(ERR_CONFLICT, start, &spec);
	SAYS("taken by `thief`");
	HELPS("docker stop thief");
	spec.pinned_address = NULL; /* its own consumers hold that number */
	MUST_FAIL(ERR_CONFLICT, start, &spec);
	cr_assert(!docker_requests(DISCONNECT) && docker_requests(START) == 2);
}

Test(docker_pin, nobody_knows_its_number_yet_so_another_one_does)
{
	struct instance_spec spec = pinned(NULL);

	REPLY(LOOK, 200, standing("created", AT("10.213.0.9")));
	REPLY(AGAIN, 200, standing("created", AT("10.213.0.9")));
	REPLY(START, 204, NULL);
	REPLY(START, 403, "{\"message\": \"Address already in use\"}", .times = 1);
	REPLY(DISCONNECT, 200, NULL);
	REPLY(CONNECT, 200, NULL);
	REPLY(ALL, 200, "[]");
	network_of("\"t\": {\"Name\": \"thief\", \"IPv4Address\": \"10.213.0.9/28\"}");
	MUST(start, &spec);
	const char *address = address_in(CONNECT, 0);
	cr_assert(address && strcmp(address, "10.213.0.9") != 0 && starts_with(address, "10.213.0."));
}

Test(docker_pin, running_one_is_pinned_where_it_is)
{
	struct instance_spec spec = pinned(NULL);

	REPLY(LOOK, 200, standing("running", SERVES));
	REPLY(DISCONNECT, 200, NULL);
	REPLY(CONNECT, 200, NULL);
	MUST(admit, &spec);
	cr_assert_str_eq(address_in(CONNECT, 0), "10.213.0.5");
	cr_assert(strstr(docker_request(CONNECT, 0)->body, "\"app.web\""));
	REPLY(LOOK, 200, standing("running", AT("10.213.0.5") ", \"Aliases\": [\"app.web\"]"));
	MUST(admit, &spec);
	cr_assert(docker_requests(DISCONNECT) == 1);
}
