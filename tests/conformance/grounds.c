/* grounds.c - worlds that conformance subjects stand on, real and simulated. */
#include "tests/conformance/grounds.h"

#include <criterion/criterion.h>

#include "base/world_real.h"

enum { LOOKED_AT_EVERY_MS = 50 };

struct simulated_ground simulated_ground;

const char *empty_environment(const char *name)
{
	(void)name;
	return NULL;
}

bool real_pump(struct world *world, bool (*until)(void *), void *owner, int64_t limit_ms)
{
	int64_t end = world->ops->now(world) + limit_ms;

	while (!until(owner)) {
		int64_t left = end - world->ops->now(world);
		if (left <= 0)
			return false;
		world_wait(world, left < LOOKED_AT_EVERY_MS ? (int)left : LOOKED_AT_EVERY_MS);
	}
	return true;
}

void simulated_set_up(const char *host, const char *address)
{
	struct simulated_ground *ground = &simulated_ground;

	ground->universe = universe_new(1);
	cr_assert(ground->universe);
	ground->machine = machine_new(ground->universe, host, address);
	ground->seat = ground->machine ? seat_new(ground->universe, ground->machine) : NULL;
	cr_assert(ground->seat);
	ground->world = seat_world(ground->seat);
}

void simulated_take_down(void)
{
	seat_free(simulated_ground.seat);
	machine_free(simulated_ground.machine);
	universe_free(simulated_ground.universe);
	simulated_ground = (struct simulated_ground){0};
}

bool simulated_pump(struct subject *subject, bool (*until)(void *), void *owner, int64_t limit_ms)
{
	struct clock *clock = universe_clock(simulated_ground.universe);
	int64_t end = clock_now(clock) + limit_ms;

	(void)subject;
	while (!until(owner))
		if (!clock_step(clock, end))
			return until(owner);
	return true;
}
