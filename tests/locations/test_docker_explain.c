/* test_docker_explain.c - an engine that is not reached: the usual mistakes told apart, each with what to do.
 */
#include <string.h>

#include "tests/locations/docker_bench.h"

TestSuite(docker_explain, .init = docker_set_up, .fini = docker_take_down);

static struct location_facts facts;

static void open_at(const char *target, const char *host)
{
	cr_assert(docker_reopen(target, NULL, host) == 0, "%s", docker_error.text);
}

/* What answers the ping with this is no engine. */
static void answered_by(int status, const char *headers, const char *body, enum code code)
{
	REPLY("GET /_ping", status, body, .headers = headers);
	MUST_FAIL(code, connect, &facts);
}

Test(docker_explain, an_engine_behind_tls_that_was_asked_without)
{
	static const char go[] = "Client sent an HTTP request to an HTTPS server.\n";

	open_at("tcp://10.0.0.5:4000", NULL);
	answered_by(400, "HTTP/1.0 400 Bad Request\r\n", go, ERR_UNREACHABLE);
	SAYS("tcp://10.0.0.5:4000 speaks TLS on that port");
	HELPS("docker:https://10.0.0.5:4000");
	open_at("", "tcp://10.0.0.5:4000");
	answered_by(400, "HTTP/1.0 400 Bad Request\r\n", go, ERR_UNREACHABLE);
	HELPS("DOCKER_TLS_VERIFY=1");
	answered_by(
	    400, "Server: nginx\r\n",
	    "<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>",
	    ERR_UNREACHABLE);
	SAYS("speaks TLS");
}

Test(docker_explain, a_web_page_is_told_by_its_title)
{
	answered_by(200, "Content-Type: text/html\r\n", "<!DOCTYPE html><title>Router login</title>",
		    ERR_UNREACHABLE);
	SAYS("no Docker engine: it shows a web page `Router login` (HTTP 200)");
	HELPS("address of a Docker engine's API");
	answered_by(404, "", "<html><body>nothing here</body></html>", ERR_UNREACHABLE);
	SAYS("without a title");
}

Test(docker_explain, a_redirect_is_told_with_its_target)
{
	answered_by(301, "Location: https://login.example/\r\n", "", ERR_UNREACHABLE);
	SAYS("no Docker engine: it sends us on to https://login.example/ (HTTP 301)");
}

Test(docker_explain, one_that_lets_nobody_in)
{
	answered_by(401, "", "", ERR_DENIED);
	SAYS("does not let us in (HTTP 401)");
	answered_by(403, "", "<title>Forbidden</title>", ERR_DENIED);
	SAYS("perhaps no engine");
}

Test(docker_explain, some_other_service)
{
	answered_by(200, "Server: redis\r\n", "+PONG", ERR_UNREACHABLE);
	SAYS("does not speak as a Docker engine does");
	answered_by(503, "", "down", ERR_UNREACHABLE);
	SAYS("HTTP 503");
}

Test(docker_explain, what_it_answers_is_shown_without_control_characters)
{
	answered_by(200, "", "<title>\x1b[2Jboo</title>", ERR_UNREACHABLE);
	cr_assert_not(strchr(docker_error.text, '\x1b'));
}

Test(docker_explain, a_proxy_is_named_where_it_may_be_the_cause)
{
	docker_variable("HTTP_PROXY", "http://user:password@p:3128");
	open_at("tcp://10.0.0.5:4000", NULL);
	REPLY("GET /_ping", 0, NULL, .error = ERR_UNREACHABLE);
	MUST_FAIL(ERR_UNREACHABLE, connect, &facts);
	HELPS("proxy of HTTP_PROXY; NO_PROXY=10.0.0.5 goes straight");
	answered_by(407, "", "", ERR_DENIED);
	SAYS("the proxy on the way to tcp://10.0.0.5:4000 asks for a password");
	answered_by(502, "", "<title>Bad gateway</title>", ERR_UNREACHABLE);
	HELPS("NO_PROXY=10.0.0.5");
	cr_assert_not(strstr(docker_error.remedy, "password"));
}

Test(docker_explain, the_request_leaves_by_the_proxy_and_with_the_certificates)
{
	docker_variable("HTTPS_PROXY", "http://p:3128");
	open_at("https://10.0.0.5:4000", NULL);
	REPLY("GET /_ping", 0, NULL, .error = ERR_DENIED);
	MUST_FAIL(ERR_DENIED, connect, &facts);
	const struct asked *ping = docker_request("GET /_ping", 0);
	cr_assert_str_eq(ping->proxy, "http://p:3128");
	cr_assert(ping->secure);
	cr_assert_not(ping->old_tls);
}

/* In TLS 1.3 it may look like a connection that was lost. */
Test(docker_explain, a_connection_that_tls_lost_is_asked_again_for_the_reason)
{
	open_at("https://10.0.0.5:4000", NULL);
	REPLY("GET /_ping", 0, NULL, .error = ERR_DENIED, .text = "it wants a client certificate",
	      .remedy = "give one");
	REPLY("GET /_ping", 0, NULL, .error = ERR_UNREACHABLE, .times = 1);
	MUST_FAIL(ERR_DENIED, connect, &facts);
	SAYS("wants a client certificate");
	HELPS("give one (`ca` or `certPath`, else DOCKER_CERT_PATH)");
	cr_assert_eq(docker_requests("GET /_ping"), 2);
	cr_assert(docker_request("GET /_ping", 1)->old_tls);
}

Test(docker_explain, and_goes_on_when_it_was_merely_lost)
{
	REPLY("GET /version", 200, "{\"Version\": \"20.10.24\"}");
	REPLY("GET /info", 200, "{\"NCPU\": 2}");
	open_at("https://10.0.0.5:4000", NULL);
	REPLY("GET /_ping", 0, NULL, .error = ERR_UNREACHABLE, .times = 1);
	MUST(connect, &facts);
	cr_assert_not(docker_request("GET /version", 0)->old_tls);
	cr_assert_str_eq(facts.endpoint, "tcp://10.0.0.5:4000");
}

Test(docker_explain, a_plain_connection_is_not_asked_twice)
{
	open_at("tcp://10.0.0.5:4000", NULL);
	REPLY("GET /_ping", 0, NULL, .error = ERR_UNREACHABLE);
	MUST_FAIL(ERR_UNREACHABLE, connect, &facts);
	HELPS("2375 is plain, 2376 is TLS");
	cr_assert_eq(docker_requests("GET /_ping"), 1);
}

Test(docker_explain, no_answer_and_no_connection_are_told_apart)
{
	open_at("tcp://10.0.0.5:4000", NULL);
	REPLY("GET /_ping", 0, NULL, .error = ERR_TIMED_OUT, .sent = true);
	MUST_FAIL(ERR_TIMED_OUT, connect, &facts);
	SAYS("GET /_ping unanswered for 10 s by tcp://10.0.0.5:4000");
	REPLY("GET /_ping", 0, NULL, .error = ERR_TIMED_OUT,
	      .text = "cannot connect to 10.0.0.5:4000 in time", .remedy = "is that machine up?");
	MUST_FAIL(ERR_TIMED_OUT, connect, &facts);
	SAYS("cannot connect");
	HELPS("is that machine up?");
}

Test(docker_explain, each_kind_of_socket_has_its_own_way_to_be_started)
{
	REPLY("GET /_ping", 0, NULL, .error = ERR_UNREACHABLE);
	open_at("unix:///run/user/7/docker.sock", NULL);
	MUST_FAIL(ERR_UNREACHABLE, connect, &facts);
	HELPS("systemctl --user start docker");
	open_at("unix:///run/podman/podman.sock", NULL);
	MUST_FAIL(ERR_UNREACHABLE, connect, &facts);
	HELPS("sudo systemctl start podman.socket");
	REPLY("GET /_ping", 0, NULL, .error = ERR_DENIED);
	MUST_FAIL(ERR_DENIED, connect, &facts);
	HELPS("systemctl --user start podman.socket");
	open_at("unix:///var/run/docker.sock", NULL);
	MUST_FAIL(ERR_DENIED, connect, &facts);
	HELPS("usermod -aG docker");
}
