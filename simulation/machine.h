/* machine.h - a simulated machine: files, processes with their keepers, ports, and what a power cut leaves.
 *
 * Its functions stand behind a seat's `struct world`. They call seat_leaves() before any effect.
 */
#ifndef BERTH_SIMULATION_MACHINE_H
#define BERTH_SIMULATION_MACHINE_H

#include "simulation/seat.h"

struct machine *machine_new(struct universe *universe, const char *name, const char *address);
void machine_free(struct machine *machine);
const char *machine_name(const struct machine *machine);
const char *machine_address(const struct machine *machine); /* of the interface of its default route */

/* The members of a seat's table that the machine answers: all of files, locks, processes, boot id, address,
 * ports. has_interface and tcp_probe are asked here first, then of the services. */
extern const struct world_ops machine_ops;
/* The process of a seat has begun, and its number; it has ended (its locks are let go of, its handles stay
 * until they are cancelled, its children live on). */
pid_t machine_process_begin(struct machine *machine, struct seat *seat);
void machine_process_end(struct machine *machine, pid_t pid);
/* Does a process of this machine accept connections there? -1: no address of this machine's. */
int machine_accepts(const struct machine *machine, const char *address, uint16_t port);
/* The VFS's name of this machine's files for SQLite. */
const char *machine_vfs(const struct machine *machine);

#endif
