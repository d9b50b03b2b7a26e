/* seat.h - a program's place in the simulated world: its `struct world`, until it dies.
 *
 * A seat is one process on one machine. When it is killed, whatever its program still calls has no effect
 * and fails, and nothing calls back; so the program's memory can be let go of by its ordinary close.
 */
#ifndef BERTH_SIMULATION_SEAT_H
#define BERTH_SIMULATION_SEAT_H

#include "simulation/universe.h"

struct seat *seat_new(struct universe *universe, struct machine *machine); /* NULL: no memory */
/* After its program let go of every handle. What it still has at its machine (locks, children) is as after a
 * death. NULL is fine. */
void seat_free(struct seat *seat);
struct world *seat_world(struct seat *seat);
struct seat *seat_of(struct world *world);
struct universe *seat_universe(const struct seat *seat);
struct machine *seat_machine(const struct seat *seat);
pid_t seat_pid(const struct seat *seat);

void seat_kill(struct seat *seat);
/* It dies in front of the call number `calls` from now that leaves the process (1: the next one). 0: it does
 * not. */
void seat_kill_at(struct seat *seat, uint64_t calls);
bool seat_dead(const struct seat *seat);
/* How many calls have left it. */
uint64_t seat_calls(const struct seat *seat);
/* Called by everything that leaves the process, before it has an effect: false, the process is dead (maybe
 * since just now): there must be none. `err` then says so. */
bool seat_leaves(struct seat *seat, struct error *err);

#endif
