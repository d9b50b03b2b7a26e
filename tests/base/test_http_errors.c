/* test_http_errors.c - HTTP exchanges that go wrong, each with its code and with what is known of its effect.
 */
#include "http_client.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

static void expect_failure(const char *path, enum code code, bool sent, const char *words)
{
	owned_world world = fixture_world();
	owned_server server = server_start(NULL);
	owned_outcome outcome = {0};
	struct http_request request = get_request;

	request.timeout_ms = 100;
	request.body_limit = 1000;
	exchange_with(world, server, path, request, &outcome);
	cr_expect_eq(outcome.error.code, code, "%s: %s: %s", path, code_name(outcome.error.code),
		     outcome.error.text);
	cr_expect_eq(outcome.sent, sent, "%s", path);
	cr_expect(strstr(outcome.error.text, words), "%s: %s", path, outcome.error.text);
	cr_expect(strstr(outcome.error.text, "127.0.0.1:"), "%s", outcome.error.text);
}

Test(http_errors, no_answer_in_time)
{
	expect_failure("/never", ERR_TIMED_OUT, true, "in time");
}

Test(http_errors, an_answer_cut_short)
{
	expect_failure("/cut", ERR_UNREACHABLE, true, "ended the connection");
}

Test(http_errors, an_answer_that_is_no_http)
{
	expect_failure("/garbage", ERR_FAILED, true, "as HTTP should");
}

Test(http_errors, an_answer_too_long)
{
	expect_failure("/big", ERR_FAILED, true, "longer than allowed");
	expect_failure("/headers", ERR_FAILED, true, "headers are longer than allowed");
}

Test(http_errors, a_stream_too_long)
{
	owned_world world = fixture_world();
	owned_server server = server_start(NULL);
	owned_outcome outcome = {0}, unlimited = {0};
	struct http_request request = get_request;

	send_to(world, server, "/big", request, true, &unlimited);
	cr_assert(wait_for(world, &unlimited.over, SOON_MS));
	cr_expect_eq(unlimited.chunks.length, 1 << 20);
	request.body_limit = 100000;
	send_to(world, server, "/big", request, true, &outcome);
	cr_assert(wait_for(world, &outcome.over, SOON_MS));
	cr_expect_eq(outcome.error.code, ERR_FAILED);
	cr_expect_leq(outcome.chunks.length, 100000);
}

Test(http_errors, a_silent_stream)
{
	owned_world world = fixture_world();
	owned_server server = server_start(NULL);
	owned_outcome outcome = {0};

	send_to(world, server, "/silent", (struct http_request){.method = "GET", .idle_ms = 60}, true,
		&outcome);
	cr_assert(wait_for(world, &outcome.over, SOON_MS));
	cr_expect_eq(outcome.error.code, ERR_TIMED_OUT);
	cr_expect(strstr(outcome.error.text, "silent for 60 ms"), "%s", outcome.error.text);
	cr_expect_eq(outcome.status, 200);
	cr_expect(outcome.sent);
	cr_expect_str_eq(text_view(&outcome.chunks), "piece");
}

Test(http_errors, nobody_listens)
{
	owned_world world = fixture_world();
	struct http_server *server = server_start(NULL);
	struct http_server stopped = *server;
	owned_outcome outcome = {0};

	server_stop(&server);
	exchange_with(world, &stopped, "/hello", get_request, &outcome);
	cr_expect_eq(outcome.error.code, ERR_UNREACHABLE);
	cr_expect(strstr(outcome.error.text, "Connection refused"), "%s", outcome.error.text);
	cr_expect_not(outcome.sent);
	cr_expect_eq(outcome.status, 0);
}

static void try_socket(const char *path, struct outcome *outcome)
{
	owned_world world = fixture_world();
	struct http_request request = get_request;

	request.unix_socket = path;
	exchange_with(world, NULL, "/hello", request, outcome);
	cr_expect_not(outcome->sent);
	cr_expect(strstr(outcome->error.text, path), "%s", outcome->error.text);
}

Test(http_errors, a_socket_that_is_not_there)
{
	owned_folder folder = fixture_folder();
	owned_outcome outcome = {0};

	try_socket(in_folder(&folder, "none.sock"), &outcome);
	cr_expect_eq(outcome.error.code, ERR_UNREACHABLE);
	cr_expect(strstr(outcome.error.text, "No such file"), "%s", outcome.error.text);
}

Test(http_errors, a_socket_nobody_listens_on)
{
	owned_folder folder = fixture_folder();
	owned_outcome outcome = {0};
	struct http_server *server = server_start(in_folder(&folder, "dead.sock"));

	server_stop(&server);
	try_socket(in_folder(&folder, "dead.sock"), &outcome);
	cr_expect_eq(outcome.error.code, ERR_UNREACHABLE);
	cr_expect(strstr(outcome.error.text, "nobody listens"), "%s", outcome.error.text);
}

Test(http_errors, a_file_that_is_no_socket)
{
	owned_folder folder = fixture_folder();
	owned_outcome outcome = {0};

	try_socket(folder.path, &outcome);
	cr_expect_eq(outcome.error.code, ERR_UNREACHABLE);
	cr_expect(strstr(outcome.error.text, "not a socket"), "%s", outcome.error.text);
}

Test(http_errors, a_socket_whose_path_is_too_long)
{
	char path[140] = "/";
	owned_outcome outcome = {0};

	memset(path + 1, 'x', sizeof(path) - 2);
	try_socket(path, &outcome);
	cr_expect_eq(outcome.error.code, ERR_INVALID);
	cr_expect(strstr(outcome.error.text, "too long"), "%s", outcome.error.text);
}

Test(http_errors, a_socket_without_rights)
{
	owned_folder folder = fixture_folder();
	owned_outcome outcome = {0};
	owned_server server = server_start(in_folder(&folder, "s.sock"));

	chmod(in_folder(&folder, "s.sock"), 0);
	chmod(folder.path, 0755);
	bool root = geteuid() == 0;
	if (root)
		cr_assert_eq(seteuid(65534), 0);
	try_socket(in_folder(&folder, "s.sock"), &outcome);
	if (root)
		cr_assert_eq(seteuid(0), 0);
	cr_expect_eq(outcome.error.code, ERR_DENIED);
	cr_expect(strstr(outcome.error.text, "Permission denied"), "%s", outcome.error.text);
}

Test(http_errors, a_time_out_while_connecting_has_sent_nothing)
{
	owned_world world = fixture_world();
	owned_outcome outcome = {0};
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int fillers[4];
	owned_fd fd = socket(AF_INET, SOCK_STREAM, 0);

	bind(fd, (struct sockaddr *)&address, size);
	getsockname(fd, (struct sockaddr *)&address, &size);
	listen(fd, 0);
	for (size_t i = 0; i < COUNT_OF(fillers); i++) {
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(fillers[i], (struct sockaddr *)&address, size);
	}
	const struct http_server full = {.port = ntohs(address.sin_port)};
	exchange_with(world, &full, "/", (struct http_request){.method = "POST", .timeout_ms = 80}, &outcome);
	cr_expect_eq(outcome.error.code, ERR_TIMED_OUT);
	cr_expect_not(outcome.sent);
	for (size_t i = 0; i < COUNT_OF(fillers); i++)
		close(fillers[i]);
}

Test(http_errors, addresses_that_are_none)
{
	static const char *const urls[] = {"ftp://127.0.0.1/", "http://", "nonsense://x",
					   "http://127.0.0.1:99999/"};

	for (size_t i = 0; i < COUNT_OF(urls); i++) {
		owned_world world = fixture_world();
		owned_outcome outcome = {.world = world, .then_get = urls[i]};
		owned_server server = server_start(NULL);
		exchange_with(world, server, "/hello", get_request, &outcome);
		cr_expect_eq(outcome.calls, 2);
		cr_expect_eq(outcome.error.code, ERR_INVALID, "%s: %s", urls[i], outcome.error.text);
		cr_expect_not(outcome.sent);
	}
}

Test(http_errors, a_name_nobody_knows)
{
	owned_world world = fixture_world();
	owned_server server = server_start(NULL);
	owned_outcome outcome = {.world = world,
				 .then_get = "http://user:secret@no-such-host.invalid/?token=x"};

	exchange_with(world, server, "/hello", get_request, &outcome);
	cr_expect_eq(outcome.error.code, ERR_UNREACHABLE, "%s", outcome.error.text);
	cr_expect(strstr(outcome.error.text, "no-such-host.invalid"), "%s", outcome.error.text);
	cr_expect_not(strstr(outcome.error.text, "secret") || strstr(outcome.error.text, "token"));
	cr_expect_not(outcome.sent);
}

Test(http_errors, control_characters_are_refused_at_once)
{
	owned_world world = fixture_world();
	const char *const split[] = {"X-A: b\r\nX-Evil: c", NULL}, *const colonless[] = {"X-A", NULL};
	const struct http_request bad[] = {
	    {.method = "GET", .url = "http://x/", .headers = split},
	    {.method = "GET", .url = "http://x/", .headers = colonless},
	    {.method = "GET /x", .url = "http://x/"},
	    {.method = "", .url = "http://x/"},
	    {.method = "GET", .url = "http://x/\n"},
	};

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		const struct http_sink sink = {0};
		struct error err = {0};
		cr_expect_null(world->ops->http_send(world, &bad[i], &sink, &err), "%zu", i);
		cr_expect_eq(err.code, ERR_INVALID);
	}
}

Test(http_errors, a_fresh_request_on_a_closed_connection_is_not_repeated)
{
	owned_world world = fixture_world();
	owned_server server = server_start(NULL);
	owned_outcome first = {0}, second = {0};
	struct http_request request = {.method = "POST", .body = "x", .body_size = 1, .fresh = true};

	exchange_with(world, server, "/second", request, &first);
	cr_expect_eq(first.status, 200);
	exchange_with(world, server, "/second", request, &second);
	cr_expect_eq(server->arrivals, 2, "%d requests arrived for two that were sent", server->arrivals);
}

Test(http_errors, what_may_have_been_sent_before_a_lost_connection_is_said_to)
{
	owned_world world = fixture_world();
	struct http_server *server = server_start(NULL);
	struct http_server stopped = *server;
	owned_outcome first = {0}, second = {0};
	struct http_request request = {.method = "POST", .body = "x", .body_size = 1};

	exchange_with(world, server, "/second", request, &first);
	cr_assert_eq(first.status, 200);
	/* No new connections: libcurl's own second attempt is refused, after the first one was read. */
	shutdown(server->listener, SHUT_RDWR);
	close(server->listener);
	server->listener = -1;
	exchange_with(world, &stopped, "/second", request, &second);
	cr_expect_eq(server->arrivals, 2);
	cr_expect_eq(second.error.code, ERR_UNREACHABLE, "%s", second.error.text);
	cr_expect(second.sent, "%s", second.error.text);
	server_stop(&server);
}

Test(http_errors, tls_to_a_plain_port)
{
	owned_world world = fixture_world();
	owned_server server = server_start(NULL);
	char url[64];

	snprintf(url, sizeof(url), "https://127.0.0.1:%u/hello", (unsigned int)server->port);
	owned_outcome outcome = {.world = world, .then_get = url};
	exchange_with(world, server, "/hello", get_request, &outcome);
	cr_expect_eq(outcome.calls, 2);
	cr_expect_eq(outcome.error.code, ERR_UNREACHABLE, "%s", outcome.error.text);
	cr_expect(strstr(outcome.error.text, "no TLS with"), "%s", outcome.error.text);
	cr_expect(strstr(outcome.error.remedy, "speak TLS"), "%s", outcome.error.remedy);
	cr_expect_not(outcome.sent);
}
