/* test_docker_endpoint.c - where an engine is looked for, and what a blueprint may say about it. */
#include <string.h>

#include "tests/locations/docker_bench.h"

TestSuite(docker_endpoint, .init = docker_set_up, .fini = docker_take_down);

static const struct docker *opened(const char *target, const char *options, const char *host)
{
	cr_assert(docker_reopen(target, options, host) == 0, "%s", docker_error.text);
	return docker_location.state;
}

static void refused(enum code code, const char *target, const char *options, const char *host)
{
	cr_assert(docker_reopen(target, options, host) == -1, "accepted");
	cr_assert(docker_error.code == code, "%s: %s", code_name(docker_error.code), docker_error.text);
	cr_assert_null(docker_location.state);
}

Test(docker_endpoint, default_is_the_local_socket)
{
	const struct docker *docker = opened("", NULL, NULL);

	cr_assert_str_eq(docker->endpoint.socket, "/var/run/docker.sock");
	cr_assert_str_eq(docker->endpoint.shown, "unix:///var/run/docker.sock");
	cr_assert(docker->endpoint.local);
}

Test(docker_endpoint, target_or_option_before_environment)
{
	const char *option = "{\"host\": \"unix:///option\"}";

	cr_assert_str_eq(opened("unix:///target", NULL, "unix:///environment")->endpoint.socket, "/target");
	cr_assert_str_eq(opened("", option, "unix:///environment")->endpoint.socket, "/option");
	cr_assert_str_eq(opened("", NULL, "unix:///environment")->endpoint.socket, "/environment");
}

Test(docker_endpoint, tcp_and_http_are_one)
{
	const struct docker *docker = opened("tcp://10.0.0.5:4000", NULL, NULL);

	cr_assert_null(docker->endpoint.socket);
	cr_assert_str_eq(docker->endpoint.base, "http://10.0.0.5:4000");
	cr_assert_not(docker->endpoint.local);
	cr_assert_str_eq(opened("http://engine.example/", NULL, NULL)->endpoint.base,
			 "http://engine.example:2375");
	cr_assert_str_eq(opened("tcp://[fd00::1]:4000", NULL, NULL)->endpoint.host, "[fd00::1]");
}

Test(docker_endpoint, a_path_leads_to_an_engine_behind_another_server)
{
	cr_assert_str_eq(opened("tcp://10.0.0.5:4000/engines/7/", NULL, NULL)->endpoint.base,
			 "http://10.0.0.5:4000/engines/7");
}

Test(docker_endpoint, by_ssh_it_is_a_socket_of_another_machine)
{
	const struct endpoint *endpoint = &opened("ssh://me@10.0.0.5:2222", NULL, NULL)->endpoint;

	cr_assert_str_eq(endpoint->socket, "/var/run/docker.sock");
	cr_assert_str_eq(endpoint->shown, "ssh://me@10.0.0.5:2222");
	cr_assert_str_eq(endpoint->host, "10.0.0.5");
	cr_assert_str_eq(endpoint->ssh->user, "me");
	cr_assert_eq(endpoint->ssh->port, 2222);
	cr_assert_not(endpoint->local);
	endpoint = &opened("", NULL, "ssh://you@engine.example/run/user/7/docker.sock")->endpoint;
	cr_assert_str_eq(endpoint->socket, "/run/user/7/docker.sock");
	cr_assert_str_eq(endpoint->shown, "ssh://you@engine.example/run/user/7/docker.sock");
	docker_variable("USER", "whoever");
	cr_assert_str_eq(opened("ssh://engine.example", NULL, NULL)->endpoint.ssh->user, "whoever");
}

Test(docker_endpoint, who_logs_in_by_ssh_is_whoever_asks)
{
	docker_variable("USER", NULL);
	docker_variable("LOGNAME", "somebody");
	cr_assert_str_eq(opened("ssh://engine.example", NULL, NULL)->endpoint.ssh->user, "somebody");
}

Test(docker_endpoint, the_agent_of_whoever_asks_logs_in_by_ssh)
{
	docker_variable("SSH_AUTH_SOCK", "/run/agent.sock");
	cr_assert_str_eq(opened("ssh://me@engine.example", NULL, NULL)->endpoint.ssh->agent,
			 "/run/agent.sock");
}

Test(docker_endpoint, by_ssh_it_must_be_a_machine)
{
	refused(ERR_INVALID, "ssh://", NULL, NULL);
	SAYS("names no machine");
	refused(ERR_INVALID, "ssh://me@host:many", NULL, NULL);
	refused(ERR_INVALID, "ssh://-oProxyCommand=x", NULL, NULL);
	refused(ERR_INVALID, "ssh://me@host", "{\"tlsVerify\": true}", NULL);
	SAYS("not behind SSH");
}

Test(docker_endpoint, what_cannot_be_reached_is_said_with_a_way_out)
{
	refused(ERR_UNSUPPORTED, "npipe:////./pipe/docker_engine", NULL, NULL);
	SAYS("Windows");
	refused(ERR_UNSUPPORTED, "fd://", NULL, NULL);
	HELPS("unix://");
}

Test(docker_endpoint, nonsense_is_refused)
{
	refused(ERR_INVALID, "ftp://x", NULL, NULL);
	HELPS("unix:///PATH");
	refused(ERR_INVALID, "unix://relative", NULL, NULL);
	refused(ERR_INVALID, "tcp://:2375", NULL, NULL);
	refused(ERR_INVALID, "tcp://host:99999", NULL, NULL);
	refused(ERR_INVALID, "tcp://host:", NULL, NULL);
	refused(ERR_INVALID, "tcp://host:1/path?query", NULL, NULL);
	refused(ERR_INVALID, "tcp://user@host:1", NULL, NULL);
	refused(ERR_INVALID, "host:2375", NULL, NULL);
	refused(ERR_INVALID, "tcp://host\x1b[2J:1", NULL, NULL);
}

Test(docker_endpoint, one_socket_under_two_names_is_one_place)
{
	opened("unix:///run/docker.sock", NULL, NULL);
	cr_assert_str_eq(docker_driver.identity(&docker_location), "unix:///run/docker.sock");
	opened("", NULL, NULL);
	cr_assert_str_eq(docker_driver.identity(&docker_location), "unix:///run/docker.sock");
}

Test(docker_endpoint, unknown_option_gets_the_known_ones)
{
	refused(ERR_INVALID, "", "{\"subnet\": \"10.0.0.0/8\"}", NULL);
	SAYS("subnet");
	HELPS("subnets");
}

Test(docker_endpoint, wrong_options_are_refused)
{
	refused(ERR_INVALID, "", "{\"address\": \"not-numeric\"}", NULL);
	refused(ERR_INVALID, "", "{\"subnets\": \"10.0.0.0\"}", NULL);
	refused(ERR_INVALID, "", "{\"subnetSize\": 31}", NULL);
	refused(ERR_INVALID, "", "{\"subnets\": \"10.0.0.0/24\", \"subnetSize\": 20}", NULL);
}

Test(docker_endpoint, published_address_is_option_then_host_then_default_route)
{
	char address[64];

	opened("tcp://10.0.0.5:4000", "{\"address\": \"10.9.9.9\"}", NULL);
	cr_assert(docker_driver.publish_address(&docker_location, address, sizeof(address), NULL) == 0);
	cr_assert_str_eq(address, "10.9.9.9");
	opened("tcp://10.0.0.5:4000", NULL, NULL);
	cr_assert(docker_driver.publish_address(&docker_location, address, sizeof(address), NULL) == 0);
	cr_assert_str_eq(address, "10.0.0.5");
	opened("tcp://127.0.0.1:4000", NULL, NULL);
	cr_assert(docker_driver.publish_address(&docker_location, address, sizeof(address), NULL) == 0);
	cr_assert_str_eq(address, "192.0.2.2");
}

Test(docker_endpoint, port_of_a_local_engine_is_asked_of_this_machine)
{
	virtual_world_port(docker_world, 8080, true);
	cr_assert_not(docker_driver.port_free(&docker_location, "192.0.2.2", 8080, TCP));
	cr_assert(docker_driver.port_free(&docker_location, "192.0.2.2", 8081, TCP));
	opened("tcp://10.0.0.5:4000", NULL, NULL);
	cr_assert(docker_driver.port_free(&docker_location, "10.0.0.5", 8080, TCP));
}
