/* test_wire.c - what becomes of messages: those that are lost, late, doubled, spoilt, and those of the dead.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "simulation/machine.h"

static struct universe *universe;
static struct machine *machine;
static struct seat *seat;
static struct world *world;
static struct fate fate;
/* What the service heard, and whom it answers with what. */
static unsigned arrivals, leavings;
static char said[256];
static struct reply *held;
static bool holds;
/* What the asker heard. */
static bool over;
static struct error failure;
static int status;
static char body[256];
static bool sent;

static void arrive(void *owner, const struct http_request *request, struct reply *reply)
{
	(void)owner, (void)request;
	arrivals++;
	if (holds) {
		held = reply;
		return;
	}
	reply_head(reply, 200, "Server: test\r\n");
	reply_bytes(reply, "hello ", 6);
	reply_bytes(reply, "there", 5);
	reply_end(reply);
}

static void gone(void *owner, struct reply *reply)
{
	(void)owner;
	leavings++;
	if (reply == held)
		held = NULL;
}

static void heard(void *owner, struct reply *reply, const char *bytes, size_t count)
{
	(void)owner;
	if (!count) {
		strcat(said, "|");
		reply_bytes(reply, "bye", 3);
		reply_end(reply);
		return;
	}
	strncat(said, bytes, count);
}

static void decide(void *owner, struct seat *asker, const char *address, const struct http_request *request,
		   struct fate *ret)
{
	(void)owner, (void)asker, (void)address, (void)request;
	*ret = fate;
}

static void set_up(void)
{
	static const struct service service = {.request = arrive, .gone = gone, .heard = heard};
	universe = universe_new(1);
	machine = machine_new(universe, "one", "10.0.0.1");
	seat = seat_new(universe, machine);
	cr_assert_not_null(seat);
	world = seat_world(seat);
	cr_assert_eq(universe_serve(universe, "10.0.0.9:80", &service), 0);
	fate = (struct fate){.there_ms = 1, .back_ms = 1};
	universe_fates(universe, decide, NULL);
}

static void take_down(void)
{
	seat_free(seat);
	machine_free(machine);
	universe_free(universe);
}

TestSuite(wire, .init = set_up, .fini = take_down);

static void done(void *owner, struct http_answer *answer)
{
	(void)owner;
	over = true;
	failure = answer->error;
	status = answer->status;
	sent = answer->sent;
	snprintf(body, sizeof body, "%s", text_view(&answer->body));
}

static struct exchange *ask(bool fresh)
{
	const struct http_request request = {
	    .method = "GET", .url = "http://10.0.0.9:80/x", .timeout_ms = 1000, .fresh = fresh};
	const struct http_sink sink = {.done = done};
	struct error err = {0};
	struct exchange *exchange = world->ops->http_send(world, &request, &sink, &err);
	cr_assert_not_null(exchange, "%s", err.text);
	return exchange;
}

static void run(int64_t ms)
{
	struct clock *clock = universe_clock(universe);
	int64_t limit = clock_now(clock) + ms;
	while (clock_step(clock, limit)) {
	}
}

Test(wire, a_request_arrives_and_its_answer_comes_back_in_order)
{
	ask(false);
	run(10);
	cr_expect(over);
	cr_expect_eq(failure.code, OK);
	cr_expect_eq(status, 200);
	cr_expect_str_eq(body, "hello there");
	cr_expect_eq(arrivals, 1);
}

Test(wire, a_lost_request_has_no_effect_and_whoever_asked_waits_in_vain)
{
	fate.lost = true;
	ask(false);
	run(999);
	cr_expect_not(over);
	run(10);
	cr_expect(over);
	cr_expect_eq(failure.code, ERR_TIMED_OUT);
	cr_expect(sent);
	cr_expect_eq(arrivals, 0);
}

Test(wire, a_lost_answer_has_its_effect)
{
	fate.answer_lost = true;
	ask(false);
	run(2000);
	cr_expect_eq(failure.code, ERR_TIMED_OUT);
	cr_expect_eq(arrivals, 1);
}

Test(wire, a_connection_that_breaks_shows_at_once_before_or_after_the_effect)
{
	fate = (struct fate){.lost = true, .reset = true};
	ask(false);
	run(10);
	cr_expect(over && failure.code == ERR_UNREACHABLE && sent);
	cr_expect_eq(arrivals, 0);
	over = false;
	fate = (struct fate){.answer_lost = true, .reset = true};
	ask(false);
	run(10);
	cr_expect(over && failure.code == ERR_UNREACHABLE && sent);
	cr_expect_eq(arrivals, 1);
}

Test(wire, nothing_was_sent_where_nobody_listens)
{
	fate.refused = true;
	ask(false);
	run(10);
	cr_expect(over && failure.code == ERR_UNREACHABLE && !sent);
	cr_expect_eq(arrivals, 0);
}

Test(wire, a_doubled_request_arrives_twice_but_not_one_on_a_connection_of_its_own)
{
	fate.twice = true;
	ask(false);
	run(100);
	cr_expect_eq(arrivals, 2);
	ask(true);
	run(100);
	cr_expect_eq(arrivals, 3);
}

Test(wire, answers_are_spoilt_on_their_way)
{
	fate = (struct fate){.spoiling = SPOIL_STATUS, .status = 503};
	ask(false);
	run(10);
	cr_expect_eq(status, 503);
	cr_expect_eq(arrivals, 0);
	fate = (struct fate){.spoiling = SPOIL_TRUNCATED, .after = 3};
	ask(false);
	run(10);
	cr_expect_eq(failure.code, OK);
	cr_expect_str_eq(body, "hel");
	fate = (struct fate){.spoiling = SPOIL_CUT, .after = 7};
	ask(false);
	run(10);
	cr_expect_eq(failure.code, ERR_UNREACHABLE);
	fate = (struct fate){.spoiling = SPOIL_GARBAGE};
	ask(false);
	run(10);
	cr_expect_eq(failure.code, OK);
	cr_expect_neq(strcmp(body, "hello there"), 0);
}

Test(wire, a_cancelled_request_that_was_sent_still_arrives_and_the_service_hears_that_nobody_waits)
{
	holds = true;
	world->ops->http_cancel(world, ask(false));
	run(10);
	cr_expect_eq(arrivals, 1);
	cr_expect_eq(leavings, 1);
	cr_expect_not(over);
	struct exchange *exchange = ask(false);
	run(10);
	cr_expect_not_null(held);
	world->ops->http_cancel(world, exchange);
	run(10);
	cr_expect_eq(leavings, 2);
	cr_expect_not(over);
}

Test(wire, what_a_dead_program_sent_still_arrives_but_nothing_calls_it_back)
{
	fate.there_ms = 50;
	struct exchange *exchange = ask(false);
	run(10);
	seat_kill(seat);
	run(100);
	cr_expect_eq(arrivals, 1);
	cr_expect_not(over);
	world->ops->http_cancel(world, exchange);
}

Test(wire, a_program_dies_in_front_of_the_call_that_was_named)
{
	seat_kill_at(seat, 2);
	struct exchange *exchange = ask(false);
	const struct http_request request = {.method = "GET", .url = "http://10.0.0.9:80/x"};
	const struct http_sink sink = {.done = done};
	struct error err = {0};
	cr_expect_null(world->ops->http_send(world, &request, &sink, &err));
	cr_expect_eq(err.code, ERR_CANCELLED);
	cr_expect(seat_dead(seat));
	run(100);
	cr_expect_eq(arrivals, 1);
	world->ops->http_cancel(world, exchange);
}

Test(wire, who_is_isolated_neither_hears_nor_is_heard)
{
	universe_isolate(universe, "10.0.0.9:80", true);
	ask(false);
	run(2000);
	cr_expect_eq(failure.code, ERR_TIMED_OUT);
	cr_expect_eq(arrivals, 0);
	universe_isolate(universe, "10.0.0.9:80", false);
	ask(false);
	run(10);
	cr_expect_eq(failure.code, OK);
}

Test(wire, what_is_said_while_nothing_gets_through_arrives_afterwards)
{
	universe_silence(universe, "10.0.0.9:80", 500);
	ask(false);
	run(499);
	cr_expect_eq(arrivals, 0);
	run(10);
	cr_expect_eq(arrivals, 1);
	cr_expect_eq(failure.code, OK);
	cr_expect_str_eq(body, "hello there");
	over = false;
	ask(false);
	run(1);
	cr_expect_eq(arrivals, 2);
	universe_silence(universe, "10.0.0.9:80", 500);
	run(498);
	cr_expect_not(over, "the answer is not held");
	run(10);
	cr_expect(over);
	cr_expect_str_eq(body, "hello there");
}

Test(wire, who_gave_up_meanwhile_has_its_effect_all_the_same)
{
	universe_silence(universe, "10.0.0.9:80", 5000);
	ask(false);
	run(1100);
	cr_expect_eq(failure.code, ERR_TIMED_OUT);
	cr_expect_eq(arrivals, 0);
	run(5000);
	cr_expect_eq(arrivals, 1);
}

/* --- bytes both ways ------------------------------------------------------------------------------- */

static char taken[64];
static bool opened;

static void on_open(void *owner)
{
	(void)owner;
	opened = true;
}

static void on_bytes(void *owner, const char *bytes, size_t count)
{
	(void)owner;
	strncat(taken, bytes, count);
}

Test(wire, a_channel_carries_bytes_both_ways_until_both_have_said_all)
{
	const struct http_request request = {.method = "POST", .url = "http://10.0.0.9:80/attach"};
	const struct channel_sink sink = {.opened = on_open, .bytes = on_bytes, .done = done};
	struct error err = {0};
	holds = true;
	struct channel *channel = world->ops->channel_open(world, &request, &sink, &err);
	cr_assert_not_null(channel, "%s", err.text);
	world->ops->channel_write(world, channel, "early ", 6);
	run(10);
	cr_assert_not_null(held);
	cr_expect_not(opened);
	reply_open(held, 101, "Upgrade: tcp\r\n");
	reply_bytes(held, "welcome ", 8);
	run(10);
	cr_expect(opened);
	world->ops->channel_write(world, channel, "late", 4);
	world->ops->channel_end(world, channel);
	run(10);
	cr_expect_str_eq(said, "early late|");
	cr_expect_str_eq(taken, "welcome bye");
	cr_expect(over);
	cr_expect_eq(failure.code, OK);
}
