/* test_lossy.c - what stands before the wire in the engine's tests does lose what it is to lose. */
#include <criterion/criterion.h>

#include "base/world_real.h"
#include "tests/real/docker/lossy.h"

static struct world *here;
static struct http_answer got;
static bool over;

static void done(void *owner, struct http_answer *answer)
{
	(void)owner;
	got = *answer;
	over = true;
}

static void set_up(void)
{
	here = world_real_open(NULL);
	cr_assert_not_null(here);
	lossy_install(here);
}

static void take_down(void)
{
	lossy_remove();
	world_real_close(here);
}

TestSuite(lossy, .init = set_up, .fini = take_down);

static struct exchange *ask(const char *method)
{
	const struct http_request request = {
	    .method = method, .url = "http://localhost/containers/x", .unix_socket = "/nonexistent/docker"};
	const struct http_sink sink = {.done = done};
	struct error error;
	struct exchange *exchange = here->ops->http_send(here, &request, &sink, &error);

	cr_assert(exchange, "%s", error.text);
	return exchange;
}

static void wait_for_it(void)
{
	for (int i = 0; i < 300 && !over; i++)
		world_wait(here, 100);
	cr_assert(over);
}

Test(lossy, lost_answer_timed_out_and_was_sent)
{
	lossy_lose("DELETE", "/containers/");
	ask("GET");
	wait_for_it();
	cr_assert(got.error.code == ERR_UNREACHABLE, "another's answer was lost: %s", got.error.text);
	over = false;
	ask("DELETE");
	wait_for_it();
	cr_assert(got.error.code == ERR_TIMED_OUT && got.sent);
	over = false;
	ask("DELETE");
	wait_for_it();
	cr_assert(got.error.code == ERR_UNREACHABLE, "more than one was lost");
}

Test(lossy, cancelled_exchange_never_answers)
{
	here->ops->http_cancel(here, ask("GET"));
	world_wait(here, 50);
	cr_assert(!over);
}
