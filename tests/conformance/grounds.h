/* grounds.h - what subjects on one kind of world have in common: how it goes on, and its machine. */
#ifndef BERTH_TESTS_CONFORMANCE_GROUNDS_H
#define BERTH_TESTS_CONFORMANCE_GROUNDS_H

#include "locations/location.h"
#include "simulation/machine.h"
#include "simulation/seat.h"

/* A location's environment in which no variable is set. */
const char *empty_environment(const char *name);

/* A real world goes on until the predicate holds, at most so long; whether it does. */
bool real_pump(struct world *world, bool (*until)(void *), void *owner, int64_t limit_ms);

/* A universe with one machine, and a program on it. */
extern struct simulated_ground {
	struct universe *universe; /* NULL: it is not set up */
	struct machine *machine;
	struct seat *seat;
	struct world *world; /* of the seat */
} simulated_ground;

void simulated_set_up(const char *host, const char *address);
void simulated_take_down(void);
/* A subject's `pump`. */
struct subject;
bool simulated_pump(struct subject *subject, bool (*until)(void *), void *owner, int64_t limit_ms);

#endif
