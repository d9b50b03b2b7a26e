/* test_channel.c - connections given away by an HTTP server: bytes both ways. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "channel_client.h"

Test(channel, a_server_gives_its_connection_away)
{
	static const char *const paths[] = {"/upgrade", "/hijack", "/slowly"};

	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		owned_world world = fixture_world();
		owned_server server = server_start(NULL);
		owned_talk talk = {0};

		talk_begin(&talk, world, server, paths[i], get_request);
		/* Before it is open: sent after that. */
		world->ops->channel_write(world, talk.channel, "hello ", 6);
		cr_assert(wait_for(world, &talk.opened, SOON_MS), "%s: %s", paths[i], talk.error.text);
		world->ops->channel_write(world, talk.channel, "you", 3);
		talk_until(&talk, "hello you");
		world->ops->channel_end(world, talk.channel);
		cr_assert(wait_for(world, &talk.over, SOON_MS));
		cr_expect_eq(talk.error.code, OK, "%s", talk.error.text);
		cr_expect_str_eq(text_view(&talk.said), "hello youover", "what comes after our end is heard");
		cr_expect(talk.drains > 0);
	}
}

Test(channel, over_a_unix_socket_with_body_and_headers)
{
	owned_folder folder = fixture_folder();
	owned_world world = fixture_world();
	owned_server server = server_start(in_folder(&folder, "socket"));
	owned_talk talk = {0};
	static const char *const headers[] = {"Content-Type: application/json", NULL};
	struct http_request request = {.method = "POST",
				       .unix_socket = in_folder(&folder, "socket"),
				       .headers = headers,
				       .body = "{}",
				       .body_size = 2};

	setenv("http_proxy", "http://127.0.0.1:1", 1);
	talk_begin(&talk, world, server, "/early", request);
	talk_until(&talk, "early");
	world->ops->channel_end(world, talk.channel);
	cr_assert(wait_for(world, &talk.over, SOON_MS));
	cr_expect_str_eq(text_view(&talk.said), "earlyover");
}

Test(channel, the_request_says_what_it_wants)
{
	owned_world world = fixture_world();
	owned_server server = server_start(NULL);
	owned_talk talk = {0};
	static const char *const headers[] = {"X-Mine: 1", NULL};

	talk_begin(&talk, world, server, "/echo#fragment",
		   (struct http_request){.method = "POST", .headers = headers, .body = "{}", .body_size = 2});
	cr_assert(wait_for(world, &talk.over, SOON_MS));
	const char *request = text_view(&talk.body);
	cr_expect(starts_with(request, "POST /echo HTTP/1.1\r\nHost: 127.0.0.1:"), "%s", request);
	cr_expect(strstr(request, "\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"), "%s", request);
	cr_expect(strstr(request, "\r\nX-Mine: 1\r\n"), "%s", request);
	cr_expect(ends_with(request, "Content-Length: 2\r\n\r\n{}"), "%s", request);
}

/* Far more than fits into what lies between, both ways at once, from a loop that never waits. */
Test(channel, much_goes_through_unharmed_and_never_much_at_a_time)
{
	enum { TOTAL = 32 << 20, LIMIT = 128 << 10 };
	owned_world world = fixture_world();
	owned_server server = server_start(NULL);
	owned_talk talk = {.compares = TOTAL};
	static unsigned char bytes[50021];
	size_t sent = 0, most = 0;

	talk_begin(&talk, world, server, "/upgrade", get_request);
	cr_assert(wait_for(world, &talk.opened, SOON_MS));
	while (talk.received < TOTAL + strlen("over")) {
		while (sent < TOTAL && world->ops->channel_waiting(talk.channel) < LIMIT) {
			size_t count = TOTAL - sent < sizeof(bytes) ? TOTAL - sent : sizeof(bytes);
			for (size_t i = 0; i < count; i++)
				bytes[i] = pattern_at(sent + i);
			world->ops->channel_write(world, talk.channel, bytes, count);
			sent += count;
		}
		if (sent == TOTAL)
			world->ops->channel_end(world, talk.channel);
		if (world->ops->channel_waiting(talk.channel) > most)
			most = world->ops->channel_waiting(talk.channel);
		cr_assert(!talk.over || talk.received == TOTAL + strlen("over"), "%s", talk.error.text);
		if (!talk.over)
			world_wait(world, SOON_MS);
	}
	cr_expect_not(talk.differs, "what came back is not what was sent");
	cr_expect_leq(most, LIMIT + sizeof(bytes));
	cr_expect_leq(talk.largest, 64 << 10);
}

Test(channel, who_does_not_read_is_waited_for)
{
	enum { TOTAL = 8 << 20 };
	owned_world world = fixture_world();
	owned_server server = server_start(NULL);
	owned_talk talk = {.compares = TOTAL};
	unsigned char *much = calloc(1, TOTAL);

	for (size_t i = 0; i < TOTAL; i++)
		much[i] = pattern_at(i);
	talk_begin(&talk, world, server, "/deaf", get_request);
	cr_assert(wait_for(world, &talk.opened, SOON_MS));
	world->ops->channel_write(world, talk.channel, much, TOTAL);
	let_pass(world, 100);
	size_t waiting = world->ops->channel_waiting(talk.channel);
	cr_expect_gt(waiting, 0);
	let_pass(world, 50);
	cr_expect_eq(world->ops->channel_waiting(talk.channel), waiting, "nobody reads, yet it goes on");
	cr_expect_eq(talk.drains, 0);
	server->hears = true;
	world->ops->channel_end(world, talk.channel);
	cr_assert(wait_for(world, &talk.over, 3 * SOON_MS));
	cr_expect_eq(talk.received, TOTAL + strlen("over"));
	cr_expect_eq(talk.drains, 1);
	cr_expect_not(talk.differs);
	free(much);
}

Test(channel, refusals_are_answers)
{
	static const struct {
		const char *path, *body;
		int status;
	} cases[] = {
	    {"/refused", "is not running", 409},
	    {"/404", "no such thing", 404},
	    {"/answered", "hello", 200},
	    {"/until-end", "so be it", 500},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		owned_world world = fixture_world();
		owned_server server = server_start(NULL);
		owned_talk talk = {0};

		talk_begin(&talk, world, server, cases[i].path, get_request);
		world->ops->channel_write(world, talk.channel, "lost", 4);
		cr_assert(wait_for(world, &talk.over, SOON_MS));
		cr_expect_eq(talk.error.code, OK, "%s: %s", cases[i].path, talk.error.text);
		cr_expect_eq(talk.status, cases[i].status);
		cr_expect_str_eq(text_view(&talk.body), cases[i].body);
		cr_expect(talk.sent && !talk.opened && !talk.said.length);
		cr_expect_eq(server->heard, 0);
	}
}

Test(channel, what_is_no_answer_is_told_as_that)
{
	static const struct {
		const char *path, *words;
		enum code code;
	} cases[] = {
	    {"/garbage", "does not answer as HTTP should", ERR_FAILED},
	    {"/half-head", "ended the connection before its answer was whole", ERR_UNREACHABLE},
	    {"/headers", "does not answer as HTTP should", ERR_FAILED},
	    {"/blabber", "longer than allowed", ERR_FAILED},
	    {"/cut", "ended the connection before its answer was whole", ERR_UNREACHABLE},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		owned_world world = fixture_world();
		owned_server server = server_start(NULL);
		owned_talk talk = {0};

		talk_begin(&talk, world, server, cases[i].path, get_request);
		cr_assert(wait_for(world, &talk.over, SOON_MS), "%s", cases[i].path);
		cr_expect_eq(talk.error.code, cases[i].code, "%s: %s: %s", cases[i].path,
			     code_name(talk.error.code), talk.error.text);
		cr_expect(strstr(talk.error.text, cases[i].words), "%s: %s", cases[i].path, talk.error.text);
		cr_expect(talk.sent && !talk.opened);
	}
}

Test(channel, a_connection_that_breaks_is_told_after_what_it_said)
{
	owned_world world = fixture_world();
	owned_server server = server_start(NULL);
	owned_talk talk = {0};

	talk_begin(&talk, world, server, "/cut101", get_request);
	cr_assert(wait_for(world, &talk.over, SOON_MS));
	cr_expect_eq(talk.error.code, ERR_UNREACHABLE, "%s", talk.error.text);
	cr_expect_str_eq(text_view(&talk.said), "half");
}

Test(channel, silence_is_not_waited_for_without_end)
{
	owned_world world = fixture_world();
	owned_server server = server_start(NULL);
	owned_talk talk = {0}, open = {0};

	talk_begin(&talk, world, server, "/never", (struct http_request){.method = "GET", .timeout_ms = 50});
	cr_assert(wait_for(world, &talk.over, SOON_MS));
	cr_expect_eq(talk.error.code, ERR_TIMED_OUT, "%s", talk.error.text);
	cr_expect(talk.sent);
	/* The time is for the answer; an open channel may be silent. */
	talk_begin(&open, world, server, "/upgrade",
		   (struct http_request){.method = "GET", .timeout_ms = 50});
	let_pass(world, 150);
	cr_expect(open.opened && !open.over);
}

Test(channel, nobody_there_is_unreachable_and_nothing_was_sent)
{
	owned_world world = fixture_world();
	owned_talk talk = {0}, absent = {0};

	talk_begin(&talk, world, NULL, "/",
		   (struct http_request){.method = "GET", .unix_socket = "/nonexistent"});
	cr_assert(wait_for(world, &talk.over, SOON_MS));
	cr_expect_eq(talk.error.code, ERR_UNREACHABLE, "%s", talk.error.text);
	cr_expect(strstr(talk.error.text, "/nonexistent"), "%s", talk.error.text);
	cr_expect_not(talk.sent);
	owned_server server = server_start(NULL);
	struct http_server gone = {.port = server->port};
	server_stop(&server);
	talk_begin(&absent, world, &gone, "/", get_request);
	cr_assert(wait_for(world, &absent.over, SOON_MS));
	cr_expect_eq(absent.error.code, ERR_UNREACHABLE, "%s", absent.error.text);
}

Test(channel, cancelled_at_any_time_it_is_silent_and_leaves_nothing)
{
	owned_world world = fixture_world();
	owned_server server = server_start(NULL);
	owned_talk warm = {0};
	int before;

	talk_begin(&warm, world, server, "/404", get_request);
	cr_assert(wait_for(world, &warm.over, SOON_MS));
	let_pass(world, 10);
	before = open_descriptors() - server->count;
	for (int turns = 0; turns < 8; turns++) {
		owned_talk talk = {0};
		talk_begin(&talk, world, server, "/upgrade", get_request);
		world->ops->channel_write(world, talk.channel, "x", 1);
		for (int i = 0; i < turns; i++)
			world_wait(world, 20);
		cr_expect_not(talk.over);
		world->ops->channel_cancel(world, talk.channel);
		talk.channel = NULL;
		let_pass(world, 10);
		cr_expect_not(talk.over);
	}
	world->ops->channel_cancel(world, NULL);
	cr_expect_eq(open_descriptors() - server->count, before);
}

Test(channel, cancelled_from_its_own_callbacks)
{
	owned_world world = fixture_world();
	owned_server server = server_start(NULL);
	owned_talk at_opening = {.cancel_at = AT_OPENING}, at_bytes = {.cancel_at = AT_BYTES};

	talk_begin(&at_opening, world, server, "/early", get_request);
	cr_assert(wait_for(world, &at_opening.opened, SOON_MS));
	talk_begin(&at_bytes, world, server, "/early", get_request);
	cr_assert(wait_for(world, &at_bytes.opened, SOON_MS));
	let_pass(world, 20);
	cr_expect(!at_opening.over && !at_opening.said.length);
	cr_expect(!at_bytes.over && at_bytes.said.length);
}

Test(channel, left_open_it_goes_with_its_world)
{
	owned_server server = server_start(NULL);
	owned_talk talk = {0}, early = {0};
	struct world *world = fixture_world();

	talk_begin(&talk, world, server, "/upgrade", get_request);
	cr_assert(wait_for(world, &talk.opened, SOON_MS));
	talk_begin(&early, world, server, "/upgrade", get_request);
	world_real_close(world);
	cr_expect(!talk.over && !early.over);
	talk.channel = early.channel = NULL;
}

Test(channel, bad_requests_are_refused_at_once)
{
	owned_world world = fixture_world();
	const struct channel_sink sink = {0};
	static const char *const headers[] = {"X: a\r\nY: b", NULL};
	struct error err = {0};

	cr_expect_null(world->ops->channel_open(
	    world, &(struct http_request){.method = "GET", .url = "http://127.0.0.1:1/a\r\nb"}, &sink, &err));
	cr_expect_eq(err.code, ERR_INVALID);
	cr_expect_null(world->ops->channel_open(
	    world, &(struct http_request){.method = "GET", .url = "http://127.0.0.1:1/", .headers = headers},
	    &sink, &err));
	cr_expect_eq(err.code, ERR_INVALID);
}
