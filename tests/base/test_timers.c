/* test_timers.c - timers, and turning the loop from outside. */
#include "fixture.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"

Test(timers, fire_once_not_early_and_not_inside_the_call)
{
	owned_world world = fixture_world();
	bool fired = false;
	int64_t begin = world->ops->now(world);

	cr_assert(world->ops->timer_start(world, 30, set_flag, &fired));
	cr_expect_not(fired);
	cr_assert(wait_for(world, &fired, SOON_MS));
	cr_expect_geq(world->ops->now(world) - begin, 30);
	fired = false;
	let_pass(world, 60);
	cr_expect_not(fired, "a timer fired twice");
}

Test(timers, a_delay_counts_from_the_call_not_from_the_last_turn)
{
	owned_world world = fixture_world();
	bool fired = false;
	struct timespec pause = {.tv_nsec = 50000000};

	world_dispatch(world);
	nanosleep(&pause, NULL); /* the loop's own clock falls behind meanwhile */
	int64_t begin = world->ops->now(world);
	world->ops->timer_start(world, 40, set_flag, &fired);
	cr_assert(wait_for(world, &fired, SOON_MS));
	cr_expect_geq(world->ops->now(world) - begin, 40);
}

Test(timers, a_cancelled_one_is_silent)
{
	owned_world world = fixture_world();
	bool fired = false;

	world->ops->timer_cancel(world, world->ops->timer_start(world, 1, set_flag, &fired));
	world->ops->timer_cancel(world, NULL);
	let_pass(world, 20);
	cr_expect_not(fired);
}

Test(timers, one_that_is_for_ever_does_not_fire)
{
	owned_world world = fixture_world();
	bool fired = false;

	struct timer *timer = world->ops->timer_start(world, INT64_MAX, set_flag, &fired);
	let_pass(world, 20);
	cr_expect_not(fired);
	world->ops->timer_cancel(world, timer);
}

struct chain {
	struct world *world;
	struct timer *other;
	int left;
	bool over;
};

static void next_in_chain(void *owner)
{
	struct chain *chain = owner;

	if (--chain->left == 0)
		chain->over = true;
	else
		cr_expect(chain->world->ops->timer_start(chain->world, -5, next_in_chain, chain));
}

Test(timers, may_be_started_from_their_callbacks)
{
	owned_world world = fixture_world();
	struct chain chain = {.world = world, .left = 50};

	world->ops->timer_start(world, 0, next_in_chain, &chain);
	cr_assert(wait_for(world, &chain.over, SOON_MS));
}

static void cancel_other(void *owner)
{
	struct chain *chain = owner;

	chain->world->ops->timer_cancel(chain->world, chain->other);
	chain->over = true;
}

Test(timers, may_cancel_each_other)
{
	owned_world world = fixture_world();
	struct chain chain = {.world = world};
	bool fired = false;

	world->ops->timer_start(world, 1, cancel_other, &chain);
	chain.other = world->ops->timer_start(world, 1, set_flag, &fired);
	cr_assert(wait_for(world, &chain.over, SOON_MS));
	let_pass(world, 10);
	cr_expect_not(fired);
}

Test(timers, closing_forgets_them)
{
	struct world *world = fixture_world();
	bool fired = false;

	world->ops->timer_start(world, 0, set_flag, &fired);
	world_real_close(world);
	cr_expect_not(fired);
	world_real_close(NULL);
}

Test(loop, an_idle_world_lets_its_caller_sleep)
{
	owned_world world = fixture_world();

	cr_expect_eq(world_timeout_ms(world), -1);
	world_dispatch(world);
	cr_expect_eq(world_timeout_ms(world), -1);
	world->ops->timer_cancel(world, world->ops->timer_start(world, 5000, set_flag, NULL));
	world_dispatch(world);
	cr_expect_eq(world_timeout_ms(world), -1);
}

Test(loop, a_caller_with_a_poll_of_its_own_turns_the_world)
{
	owned_world world = fixture_world();
	bool fired = false;

	world->ops->timer_start(world, 40, set_flag, &fired);
	int turns = 0;
	for (; !fired && turns < 200; turns++) {
		struct pollfd watched = {.fd = world_fd(world), .events = POLLIN};
		int timeout = world_timeout_ms(world);
		cr_assert(timeout >= 0 && timeout <= 40, "%d", timeout);
		poll(&watched, 1, timeout);
		world_dispatch(world);
	}
	cr_expect(fired);
	cr_expect_lt(turns, 30, "the loop span %d times", turns);
}

Test(loop, waiting_is_bounded)
{
	owned_world world = fixture_world();
	bool fired = false;
	int64_t begin = world->ops->now(world);

	world->ops->timer_start(world, 60000, set_flag, &fired);
	world_wait(world, 30);
	world_wait(world, 0);
	cr_expect_not(fired);
	cr_expect_lt(world->ops->now(world) - begin, SOON_MS);
	cr_expect_geq(world->ops->now(world) - begin, 29);
}

static void raise_pipe(void *owner)
{
	sigset_t blocked;

	raise(SIGPIPE);
	pthread_sigmask(SIG_BLOCK, NULL, &blocked);
	*(bool *)owner = sigismember(&blocked, SIGPIPE);
}

static bool pipe_pending(void)
{
	sigset_t pending;

	sigpending(&pending);
	return sigismember(&pending, SIGPIPE);
}

Test(loop, a_broken_pipe_of_our_making_never_reaches_the_host)
{
	owned_world world = fixture_world();
	bool blocked = false;
	sigset_t mask;

	world->ops->timer_start(world, 0, raise_pipe, &blocked);
	cr_assert(wait_for(world, &blocked, SOON_MS)); /* SIGPIPE's default would have ended us */
	cr_expect_not(pipe_pending());
	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	cr_expect_not(sigismember(&mask, SIGPIPE), "the host's mask was changed");
}

Test(loop, a_broken_pipe_of_the_host_stays_its_own)
{
	owned_world world = fixture_world();
	bool fired = false;
	sigset_t pipe;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, NULL);
	raise(SIGPIPE);
	world->ops->timer_start(world, 0, set_flag, &fired);
	cr_assert(wait_for(world, &fired, SOON_MS));
	cr_expect(pipe_pending(), "the host's own SIGPIPE was taken");
	sigtimedwait(&pipe, NULL, &(struct timespec){0});
	pthread_sigmask(SIG_UNBLOCK, &pipe, NULL);
}

Test(loop, clocks_and_chance)
{
	owned_world world = fixture_world();
	unsigned char a[32] = {0}, b[32] = {0};
	int64_t wall = world->ops->wall(world);

	cr_expect_lt(llabs(wall - (int64_t)time(NULL) * 1000), 5000);
	cr_assert_eq(world->ops->random(world, a, sizeof(a)), 0);
	cr_assert_eq(world->ops->random(world, b, sizeof(b)), 0);
	cr_expect(memcmp(a, b, sizeof(a)));
}

Test(loop, opening_and_closing_leaves_no_descriptor)
{
	world_real_close(fixture_world());
	int before = open_descriptors();
	for (int i = 0; i < 5; i++)
		world_real_close(fixture_world());
	cr_expect_eq(open_descriptors(), before);
}

struct forgiven {
	struct world *world;
	struct timer *timer;
	struct probe_call *probe;
	struct job *job;
	struct child *child;
	int left;
	bool over;
};

static void one_less(struct forgiven *all)
{
	all->over = --all->left == 0;
}

static void cancel_timer(void *owner)
{
	struct forgiven *all = owner;

	all->world->ops->timer_cancel(all->world, all->timer);
	one_less(all);
}

static void cancel_probe(void *owner, const struct error *error)
{
	struct forgiven *all = owner;

	(void)error;
	all->world->ops->tcp_cancel(all->world, all->probe);
	one_less(all);
}

static void no_work(void *owner)
{
	(void)owner;
}

static void cancel_job(void *owner)
{
	struct forgiven *all = owner;

	all->world->ops->work_cancel(all->world, all->job);
	one_less(all);
}

static void drop_child(void *owner, const struct process_end *end)
{
	struct forgiven *all = owner;

	(void)end;
	all->world->ops->child_drop(all->world, all->child);
	one_less(all);
}

Test(loop, cancelling_a_handle_from_its_own_callback_does_no_harm)
{
	owned_world world = fixture_world();
	const char *const argv[] = {"/bin/true", NULL};
	const struct process_options options = {.argv = argv, .input = -1, .output = -1, .errors = -1};
	struct forgiven all = {.world = world, .left = 4};

	all.timer = world->ops->timer_start(world, 0, cancel_timer, &all);
	all.probe = world->ops->tcp_probe(world, "127.0.0.1", 1, 1000, cancel_probe, &all);
	all.job = world->ops->work(world, no_work, cancel_job, &all);
	all.child = world->ops->spawn(world, &options, drop_child, &all, NULL);
	cr_assert(all.timer && all.probe && all.job && all.child);
	cr_assert(wait_for(world, &all.over, SOON_MS));
}
