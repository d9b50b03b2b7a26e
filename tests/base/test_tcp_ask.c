/* test_tcp_ask.c - something is said over a connection, and the answer heard. */
#include "fixture.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Whoever is asked: takes one connection, hears so much, says this, and ends it or not. */
struct other {
	int listener;
	uint16_t port;
	size_t hears;
	const char *says;
	bool ends;
	char heard[64];
	int connection;
	pthread_t thread;
};

static void *serve(void *owner)
{
	struct other *other = owner;
	size_t got = 0;

	other->connection = accept(other->listener, NULL, NULL);
	while (got < other->hears) {
		ssize_t count =
		    recv(other->connection, other->heard + got, sizeof(other->heard) - 1 - got, 0);
		if (count <= 0)
			break;
		got += (size_t)count;
	}
	for (const char *at = other->says; *at; at++) /* it comes in pieces */
		(void)!send(other->connection, at, 1, MSG_NOSIGNAL);
	if (other->ends)
		shutdown(other->connection, SHUT_RDWR);
	return NULL;
}

static void begin(struct other *other)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	other->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(bind(other->listener, (struct sockaddr *)&address, size), 0);
	cr_assert_eq(getsockname(other->listener, (struct sockaddr *)&address, &size), 0);
	cr_assert_eq(listen(other->listener, 1), 0);
	other->port = ntohs(address.sin_port);
	cr_assert_eq(pthread_create(&other->thread, NULL, serve, other), 0);
}

static void end(struct other *other)
{
	pthread_join(other->thread, NULL);
	close(other->connection);
	close(other->listener);
}

struct result {
	bool over;
	char heard[64];
	struct error error;
};

static void answered(void *owner, const struct text *heard, const struct error *error)
{
	struct result *result = owner;

	result->over = true;
	result->error = *error;
	snprintf(result->heard, sizeof(result->heard), "%s", text_view(heard));
}

static bool has_line(void *owner, const struct text *heard)
{
	(void)owner;
	return strchr(text_view(heard), '\n');
}

static struct result ask(struct world *world, uint16_t port, const char *words, int64_t timeout_ms)
{
	struct result result = {0};
	const struct tcp_question question = {.address = "127.0.0.1",
					      .port = port,
					      .words = words,
					      .timeout_ms = timeout_ms,
					      .enough = has_line,
					      .answered = answered,
					      .owner = &result};

	cr_assert(world->ops->tcp_ask(world, &question));
	cr_expect_not(result.over, "called back from inside the call");
	cr_assert(wait_for(world, &result.over, SOON_MS));
	return result;
}

Test(tcp_ask, what_is_said_arrives_and_an_answer_that_is_enough_ends_it)
{
	owned_world world = fixture_world();
	struct other other = {.hears = 6, .says = "keys 7\n"};
	begin(&other);
	const struct result result = ask(world, other.port, "INFO\r\n", 5000);
	end(&other);
	cr_expect_str_eq(other.heard, "INFO\r\n");
	cr_expect_eq(result.error.code, OK, "%s", result.error.text);
	cr_expect_str_eq(result.heard, "keys 7\n");
}

Test(tcp_ask, an_answer_is_over_when_the_other_side_ends)
{
	owned_world world = fixture_world();
	struct other other = {.says = "42", .ends = true};
	begin(&other);
	const struct result result = ask(world, other.port, "", 5000);
	end(&other);
	cr_expect_eq(result.error.code, OK, "%s", result.error.text);
	cr_expect_str_eq(result.heard, "42");
}

Test(tcp_ask, who_says_nothing_whole_is_given_up_in_time)
{
	owned_world world = fixture_world();
	struct other other = {.says = "4"};
	begin(&other);
	const struct result result = ask(world, other.port, "", 50);
	end(&other);
	cr_expect_eq(result.error.code, ERR_TIMED_OUT);
}

Test(tcp_ask, nobody_there_is_unreachable_and_a_cancelled_one_is_silent)
{
	owned_world world = fixture_world();
	struct other other = {.says = ""};
	struct result silent = {0};
	begin(&other);
	const struct tcp_question question = {.address = "127.0.0.1",
					      .port = other.port,
					      .words = "x",
					      .timeout_ms = 5000,
					      .enough = has_line,
					      .answered = answered,
					      .owner = &silent};
	struct tcp_talk *talk = world->ops->tcp_ask(world, &question);
	let_pass(world, 20);
	world->ops->tcp_ask_cancel(world, talk);
	end(&other);
	cr_expect_eq(ask(world, other.port, "x", 5000).error.code, ERR_UNREACHABLE);
	cr_expect_not(silent.over);
	cr_assert(world->ops->tcp_ask(world, &question), "one under way goes with the world");
}
