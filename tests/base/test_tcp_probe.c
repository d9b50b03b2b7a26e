/* test_tcp_probe.c - does an address accept connections? */
#include "fixture.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"

struct result {
	bool over;
	int calls;
	struct error error;
};

static void answered(void *owner, const struct error *error)
{
	struct result *result = owner;

	result->over = true;
	result->calls++;
	result->error = *error;
}

static int listener(int backlog, uint16_t *ret_port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(bind(fd, (struct sockaddr *)&address, size), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	cr_assert_eq(listen(fd, backlog), 0);
	*ret_port = ntohs(address.sin_port);
	return fd;
}

static struct result probe(struct world *world, const char *address, uint16_t port, int64_t timeout_ms)
{
	struct result result = {0};

	cr_assert(world->ops->tcp_probe(world, address, port, timeout_ms, answered, &result));
	cr_expect_not(result.over, "called back from inside the call");
	cr_assert(wait_for(world, &result.over, SOON_MS));
	let_pass(world, 5);
	cr_expect_eq(result.calls, 1);
	return result;
}

Test(tcp_probe, a_listener_answers)
{
	owned_world world = fixture_world();
	uint16_t port;
	owned_fd fd = listener(5, &port);

	cr_expect_eq(probe(world, "127.0.0.1", port, 5000).error.code, OK);
}

Test(tcp_probe, names_are_looked_up)
{
	owned_world world = fixture_world();
	uint16_t port;
	owned_fd fd = listener(5, &port);

	cr_expect_eq(probe(world, "localhost", port, 5000).error.code, OK);
}

Test(tcp_probe, nobody_there_is_unreachable)
{
	owned_world world = fixture_world();
	uint16_t port;

	close(listener(5, &port));
	struct result result = probe(world, "127.0.0.1", port, 5000);
	cr_expect_eq(result.error.code, ERR_UNREACHABLE);
	cr_expect(strstr(result.error.text, "127.0.0.1:") && strstr(result.error.text, "connection refused"),
		  "%s", result.error.text);
	result = probe(world, "::1", port, 5000);
	cr_expect_eq(result.error.code, ERR_UNREACHABLE);
	cr_expect(strstr(result.error.text, "[::1]:"), "%s", result.error.text);
}

Test(tcp_probe, a_name_nobody_knows_is_unreachable)
{
	owned_world world = fixture_world();
	struct result result = probe(world, "no such name!", 80, 9000);

	cr_expect_eq(result.error.code, ERR_UNREACHABLE);
	cr_expect(strstr(result.error.text, "resolved"), "%s", result.error.text);
}

Test(tcp_probe, a_full_backlog_times_out)
{
	owned_world world = fixture_world();
	uint16_t port;
	owned_fd fd = listener(0, &port);
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
	int fillers[4];

	for (size_t i = 0; i < COUNT_OF(fillers); i++) {
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(fillers[i], (struct sockaddr *)&address, sizeof(address));
	}
	struct result result = probe(world, "127.0.0.1", port, 50);
	cr_expect_eq(result.error.code, ERR_TIMED_OUT);
	for (size_t i = 0; i < COUNT_OF(fillers); i++)
		close(fillers[i]);
}

Test(tcp_probe, a_cancelled_one_is_silent)
{
	owned_world world = fixture_world();
	struct result early = {0}, late = {0}, name = {0};
	uint16_t port;
	owned_fd fd = listener(5, &port);

	world->ops->tcp_cancel(world,
			       world->ops->tcp_probe(world, "127.0.0.1", port, 1000, answered, &early));
	struct probe_call *call = world->ops->tcp_probe(world, "127.0.0.1", port, 1000, answered, &late);
	world->ops->tcp_cancel(world, world->ops->tcp_probe(world, "localhost", port, 1000, answered, &name));
	world->ops->tcp_cancel(world, call);
	world->ops->tcp_cancel(world, NULL);
	let_pass(world, 50);
	cr_expect_not(early.over || late.over || name.over);
}

Test(tcp_probe, closing_the_world_forgets_them)
{
	struct world *world = fixture_world();
	struct result a = {0}, b = {0};
	int before = open_descriptors();

	world->ops->tcp_probe(world, "127.0.0.1", 1, 1000, answered, &a);
	world->ops->tcp_probe(world, "localhost", 1, 1000, answered, &b);
	world_real_close(world);
	cr_expect_not(a.over || b.over);
	cr_expect_lt(open_descriptors(), before);
}
