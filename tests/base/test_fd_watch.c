/* test_fd_watch.c - descriptors that tell when they are ready. */
#include "fixture.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"

struct watched {
	struct world *world;
	struct fd_watch *watch;
	int fd, calls;
	bool called;
	char last;
};

static void read_one(void *owner)
{
	struct watched *watched = owner;

	watched->calls++;
	watched->called = read(watched->fd, &watched->last, 1) >= 0;
}

static void only_once(void *owner)
{
	struct watched *watched = owner;

	watched->calls++;
	watched->called = true;
	watched->world->ops->fd_cancel(watched->world, watched->watch);
}

Test(fd_watch, tells_what_can_be_read_and_the_end)
{
	owned_world world = fixture_world();
	int ends[2];
	struct watched watched = {.world = world};

	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	watched.fd = ends[0];
	watched.watch = world->ops->fd_watch(world, ends[0], false, read_one, &watched);
	let_pass(world, 30);
	cr_expect_eq(watched.calls, 0, "nothing is there to be read");
	cr_assert_eq(write(ends[1], "x", 1), 1);
	cr_assert(wait_for(world, &watched.called, SOON_MS));
	cr_expect_eq(watched.last, 'x');
	watched.called = false;
	close(ends[1]);
	cr_assert(wait_for(world, &watched.called, SOON_MS), "the end was not told");
	world->ops->fd_cancel(world, watched.watch);
	close(ends[0]);
}

Test(fd_watch, both_directions_of_one_socket)
{
	owned_world world = fixture_world();
	int ends[2];
	struct watched in = {.world = world}, out = {.world = world};

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	in.fd = out.fd = ends[0];
	in.watch = world->ops->fd_watch(world, ends[0], false, read_one, &in);
	out.watch = world->ops->fd_watch(world, ends[0], true, only_once, &out);
	cr_assert(in.watch && out.watch);
	cr_assert(wait_for(world, &out.called, SOON_MS));
	let_pass(world, 30);
	cr_expect_eq(out.calls, 1, "told after it was cancelled");
	cr_assert_eq(write(ends[1], "y", 1), 1);
	cr_assert(wait_for(world, &in.called, SOON_MS));
	cr_expect_eq(in.last, 'y');
	world->ops->fd_cancel(world, in.watch);
	close(ends[0]);
	close(ends[1]);
}

Test(fd_watch, the_world_closes_what_is_left)
{
	struct watched watched = {0};
	int ends[2];

	world_real_close(fixture_world()); /* what libuv opens once for all loops */
	int before = open_descriptors();
	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	{
		owned_world world = fixture_world();
		watched.watch = world->ops->fd_watch(world, ends[0], false, read_one, &watched);
		cr_assert(watched.watch);
	}
	close(ends[0]);
	close(ends[1]);
	cr_expect_eq(open_descriptors(), before);
}

Test(fd_watch, what_is_no_descriptor_cannot_be_watched)
{
	owned_world world = fixture_world();

	cr_expect_null(world->ops->fd_watch(world, 9999, false, set_flag, NULL));
}
