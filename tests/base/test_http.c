/* test_http.c - HTTP exchanges that go well, streams, and cancelling. */
#include "http_client.h"

#include <stdlib.h>
#include <string.h>

Test(http, a_get_is_answered)
{
	owned_world world = fixture_world();
	owned_server server = server_start(NULL);
	owned_outcome outcome = {0};

	exchange_with(world, server, "/hello", get_request, &outcome);
	cr_expect_eq(outcome.error.code, OK, "%s", outcome.error.text);
	cr_expect_eq(outcome.status, 200);
	cr_expect(outcome.sent);
	cr_expect_str_eq(text_view(&outcome.body), "hello");
	cr_expect_str_eq(text_view(&outcome.headers), "Content-Length: 5\r\nX-Test: yes\r\n");
	let_pass(world, 10);
	cr_expect_eq(outcome.calls, 1);
}

Test(http, over_a_unix_socket_too_whatever_proxy_is_set)
{
	owned_folder folder = fixture_folder();
	owned_world world = fixture_world();
	owned_server server = server_start(in_folder(&folder, "socket"));
	owned_outcome outcome = {0};
	struct http_request request = get_request;

	setenv("http_proxy", "http://127.0.0.1:1", 1);
	request.unix_socket = in_folder(&folder, "socket");
	exchange_with(world, server, "/hello", request, &outcome);
	cr_expect_eq(outcome.error.code, OK, "%s", outcome.error.text);
	cr_expect_str_eq(text_view(&outcome.body), "hello");
}

Test(http, method_headers_and_body_arrive_as_given)
{
	owned_world world = fixture_world();
	owned_server server = server_start(NULL);
	const char *const headers[] = {"X-Mine: 1", "Content-Type: application/json", NULL};
	static const struct {
		const char *method, *body, *wanted;
	} cases[] = {
	    {"POST", "{\"a\":1}", "POST /echo HTTP/1.1\r\n"},
	    {"PUT", "x", "PUT /echo "},
	    {"DELETE", NULL, "DELETE /echo "},
	    {"POST", NULL, "POST /echo "},
	    {"PATCH", "p", "PATCH /echo "},
	    {"GET", "in a get", "GET /echo "},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		owned_outcome outcome = {0};
		struct http_request request = {.method = cases[i].method,
					       .headers = headers,
					       .body = cases[i].body,
					       .body_size = cases[i].body ? strlen(cases[i].body) : 0};
		exchange_with(world, server, "/echo", request, &outcome);
		const char *echo = text_view(&outcome.body);
		cr_expect(starts_with(echo, cases[i].wanted), "%s", echo);
		cr_expect(strstr(echo, "X-Mine: 1\r\n"));
		cr_expect(strstr(echo, "Content-Type: application/json\r\n"));
		cr_expect_not(strcasestr(echo, "Expect:"));
		cr_expect_not(strcasestr(echo, "urlencoded"));
		if (cases[i].body)
			cr_expect(ends_with(echo, cases[i].body), "%s", echo);
		else if (!strcmp(cases[i].method, "POST"))
			cr_expect(strcasestr(echo, "Content-Length: 0\r\n"), "%s", echo);
	}
}

Test(http, no_content_type_is_made_up)
{
	owned_world world = fixture_world();
	owned_server server = server_start(NULL);
	owned_outcome outcome = {0};
	struct http_request request = {.method = "POST", .body = "raw", .body_size = 3};

	exchange_with(world, server, "/echo", request, &outcome);
	cr_expect_not(strcasestr(text_view(&outcome.body), "Content-Type"));
}

Test(http, a_head_has_no_body)
{
	owned_world world = fixture_world();
	owned_server server = server_start(NULL);
	owned_outcome outcome = {0};

	exchange_with(world, server, "/hello", (struct http_request){.method = "HEAD"}, &outcome);
	cr_expect_eq(outcome.error.code, OK, "%s", outcome.error.text);
	cr_expect_eq(outcome.status, 200);
	cr_expect_eq(outcome.body.length, 0);
}

Test(http, statuses_are_no_errors_and_redirects_not_followed)
{
	owned_world world = fixture_world();
	owned_server server = server_start(NULL);
	owned_outcome missing = {0}, elsewhere = {0}, late = {0}, wordless = {0};

	exchange_with(world, server, "/404", get_request, &missing);
	cr_expect_eq(missing.error.code, OK);
	cr_expect_eq(missing.status, 404);
	cr_expect_str_eq(text_view(&missing.body), "no such thing");
	exchange_with(world, server, "/redirect", get_request, &elsewhere);
	cr_expect_eq(elsewhere.status, 302);
	cr_expect(strstr(text_view(&elsewhere.headers), "Location: /hello"));
	exchange_with(world, server, "/continue", get_request, &late);
	cr_expect_eq(late.status, 200);
	cr_expect_not(strstr(text_view(&late.headers), "X-Early"));
	exchange_with(world, server, "/wordless", get_request, &wordless);
	cr_expect_eq(wordless.status, 422, "%s", wordless.error.text);
	cr_expect_str_eq(text_view(&wordless.body), "{}");
}

Test(http, chunked_answers_are_put_together)
{
	owned_world world = fixture_world();
	owned_server server = server_start(NULL);
	owned_outcome outcome = {0};

	exchange_with(world, server, "/chunked", get_request, &outcome);
	cr_expect_str_eq(text_view(&outcome.body), "onetwothree");
}

Test(http, a_stream_hands_over_what_comes)
{
	owned_world world = fixture_world();
	owned_server server = server_start(NULL);
	owned_outcome outcome = {0};

	send_to(world, server, "/drip", (struct http_request){.method = "GET", .idle_ms = 5000}, true,
		&outcome);
	cr_assert(wait_for(world, &outcome.over, SOON_MS));
	cr_expect_eq(outcome.error.code, OK, "%s", outcome.error.text);
	cr_expect_eq(outcome.chunks.length, 20);
	cr_expect_gt(outcome.chunk_calls, 3);
	cr_expect_eq(outcome.chunk_status, 200);
	cr_expect_eq(outcome.body.length, 0);
}

Test(http, a_stream_ends_when_no_more_is_wanted)
{
	owned_world world = fixture_world();
	owned_server server = server_start(NULL);
	owned_outcome outcome = {.refuse_after = 2};

	send_to(world, server, "/drip", get_request, true, &outcome);
	cr_assert(wait_for(world, &outcome.over, SOON_MS));
	cr_expect_eq(outcome.error.code, ERR_CANCELLED);
	cr_expect_eq(outcome.status, 200);
	cr_expect(outcome.sent);
	cr_expect_eq(outcome.chunk_calls, 2);
	let_pass(world, 30);
	cr_expect_eq(outcome.calls, 1);
}

Test(http, a_stream_may_be_cancelled_from_its_own_chunk)
{
	owned_world world = fixture_world();
	owned_server server = server_start(NULL);
	owned_outcome outcome = {.world = world};

	outcome.cancel = send_to(world, server, "/drip", get_request, true, &outcome);
	cr_assert(wait_for(world, &outcome.over, SOON_MS));
	let_pass(world, 30);
	cr_expect_eq(outcome.calls, 0);
	cr_expect_eq(outcome.chunk_calls, 1);
}

Test(http, a_stream_may_cancel_another_and_an_answer_begin_the_next)
{
	owned_world world = fixture_world();
	owned_server server = server_start(NULL);
	owned_outcome other = {0}, stream = {.world = world}, first = {.world = world};

	stream.cancel = send_to(world, server, "/never", get_request, false, &other);
	send_to(world, server, "/drip", get_request, true, &stream);
	cr_assert(wait_for(world, &stream.over, SOON_MS));
	stream.over = false;
	cr_assert(wait_for(world, &stream.over, SOON_MS));
	cr_expect_eq(stream.chunks.length, 20);
	cr_expect_not(other.over);
	first.then_get = url_of(server, "/chunked");
	send_to(world, server, "/hello", get_request, false, &first);
	cr_assert(wait_for(world, &first.over, SOON_MS));
	cr_expect_eq(first.calls, 2);
	cr_expect_str_eq(text_view(&first.body), "onetwothree");
}

Test(http, a_cancelled_exchange_is_silent_and_its_connection_closed)
{
	owned_world world = fixture_world();
	owned_server server = server_start(NULL);
	owned_outcome outcome = {0};

	struct exchange *exchange = send_to(world, server, "/never", get_request, false, &outcome);
	for (int i = 0; i < 1000 && !server->arrivals; i++)
		let_pass(world, 5);
	cr_assert_eq(server->arrivals, 1);
	world->ops->http_cancel(world, exchange);
	world->ops->http_cancel(world, NULL);
	for (int i = 0; i < 1000 && !server->gone; i++)
		let_pass(world, 5);
	cr_expect_eq(server->gone, 1);
	world->ops->http_cancel(world, send_to(world, server, "/hello", get_request, false, &outcome));
	let_pass(world, 20);
	cr_expect_not(outcome.over);
	cr_expect_eq(server->arrivals, 1);
}

Test(http, closing_the_world_ends_all_silently)
{
	struct world *world = fixture_world();
	owned_server server = server_start(NULL);
	owned_outcome a = {0}, b = {0}, c = {0};

	exchange_with(world, server, "/hello", get_request, &c);
	send_to(world, server, "/never", get_request, false, &a);
	send_to(world, server, "/drip", (struct http_request){.method = "GET", .idle_ms = 1000}, true, &b);
	let_pass(world, 30);
	world_real_close(world);
	cr_expect_not(a.over || b.over);
}

Test(http, plain_requests_share_a_connection_and_fresh_ones_do_not)
{
	owned_world world = fixture_world();
	owned_server server = server_start(NULL);
	struct http_request fresh = get_request;

	for (int i = 0; i < 5; i++) {
		owned_outcome outcome = {0};
		exchange_with(world, server, "/hello", get_request, &outcome);
	}
	cr_expect_eq(server->accepted, 1);
	fresh.fresh = true;
	for (int i = 0; i < 3; i++) {
		owned_outcome outcome = {0};
		exchange_with(world, server, "/hello", fresh, &outcome);
	}
	cr_expect_eq(server->accepted, 4);
}

Test(http, many_at_once)
{
	owned_world world = fixture_world();
	owned_server server = server_start(NULL);
	struct outcome outcomes[60] = {0};

	for (int i = 0; i < 60; i++)
		send_to(world, server, "/chunked", get_request, false, &outcomes[i]);
	for (int i = 0; i < 60; i++) {
		cr_assert(wait_for(world, &outcomes[i].over, SOON_MS));
		cr_expect_str_eq(text_view(&outcomes[i].body), "onetwothree");
		release_outcome(&outcomes[i]);
	}
}

Test(http, what_was_copied_need_not_live)
{
	owned_world world = fixture_world();
	owned_server server = server_start(NULL);
	owned_outcome outcome = {0};
	char body[] = "body", header[] = "X-A: b";
	const char *headers[] = {header, NULL};
	struct http_request request = {.method = "POST", .headers = headers, .body = body, .body_size = 4};

	send_to(world, server, "/echo", request, false, &outcome);
	memset(body, '?', 4);
	memset(header, '?', 6);
	headers[0] = "?";
	url_of(server, "/1"), url_of(server, "/2"), url_of(server, "/3"), url_of(server, "/4");
	cr_assert(wait_for(world, &outcome.over, SOON_MS));
	cr_expect(ends_with(text_view(&outcome.body), "\r\nbody"));
	cr_expect(strstr(text_view(&outcome.body), "X-A: b"));
}

Test(http, only_the_proxy_that_is_asked_for_is_used)
{
	owned_world world = fixture_world();
	owned_server server = server_start(NULL);
	owned_outcome straight = {0}, around = {0};
	struct http_request request = get_request;

	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	exchange_with(world, server, "/hello", request, &straight);
	cr_expect_eq(straight.status, 200, "%s", straight.error.text);
	setenv("no_proxy", "*", 1);
	request.proxy = url_of(server, "");
	request.url = "http://engine.invalid:2375/of-another-host";
	send_request(world, &request, &around);
	cr_assert(wait_for(world, &around.over, SOON_MS));
	cr_expect_eq(around.status, 404, "%s", around.error.text);
	cr_expect_eq(server->arrivals, 2);
}

Test(http, an_idle_world_with_open_connections_lets_its_caller_sleep)
{
	owned_world world = fixture_world();
	owned_server server = server_start(NULL);
	owned_outcome outcome = {0};

	exchange_with(world, server, "/hello", get_request, &outcome);
	for (int i = 0; i < 10; i++)
		world_dispatch(world);
	int timeout = world_timeout_ms(world);
	cr_expect(timeout == -1 || timeout > 100, "%d", timeout);
}

static void ignore_answer(void *owner, struct http_answer *answer)
{
	(void)owner, (void)answer;
}

static bool take_chunk(void *owner, int status, const char *bytes, size_t count)
{
	(void)owner, (void)status, (void)bytes, (void)count;
	return true;
}

/* Who follows a lot must not keep everybody else from asking. */
Test(http, so_many_streams_leave_room_for_answers)
{
	enum { FEW = 100, ROOM = 300 };
	owned_world world = fixture_world();
	owned_server server = server_start(NULL);
	const struct http_sink sink = {.done = ignore_answer, .chunk = take_chunk};
	struct http_request follow = {.method = "GET", .url = url_of(server, "/never")};
	struct exchange *open[ROOM] = {NULL};
	owned_outcome outcome = {0};
	struct error err = {0};
	size_t count = 0;

	while (count < ROOM && (open[count] = world->ops->http_send(world, &follow, &sink, &err)))
		count++;
	cr_assert(count > FEW && count < ROOM, "%zu streams", count);
	cr_expect_eq(err.code, ERR_FAILED, "%s", err.text);
	cr_expect(err.remedy[0]);
	for (size_t i = FEW; i < count; i++) /* the server has no more threads than that */
		world->ops->http_cancel(world, open[i]);
	struct http_request question = get_request;
	question.timeout_ms = SOON_MS;
	exchange_with(world, server, "/hello", question, &outcome);
	cr_expect_eq(outcome.status, 200, "%s", outcome.error.text);
	open[FEW] = world->ops->http_send(world, &follow, &sink, &err);
	cr_expect_not_null(open[FEW], "one that ended leaves its place");
	for (size_t i = 0; i <= FEW; i++)
		world->ops->http_cancel(world, open[i]);
}
