/* world_real.h - the world as it is: libuv for the loop, libcurl for HTTP, pidfds for children, the real
 * disk. */
#ifndef BERTH_BASE_WORLD_REAL_H
#define BERTH_BASE_WORLD_REAL_H

#include "base/world.h"

/* NULL with *err when the loop cannot be made. Takes no signal, no SIGCHLD and no global state. */
struct world *world_real_open(struct error *err);
/* Cancels what flies, waits for the worker's current job, frees all. NULL is fine. */
void world_real_close(struct world *world);

/* For a caller's own poll loop: poll world_fd for reading, at most world_timeout_ms (-1: for ever), then
 * world_dispatch. */
int world_fd(struct world *world);
int world_timeout_ms(struct world *world);
/* Handle what is due without waiting. SIGPIPE is blocked meanwhile and one of our making is drained. */
void world_dispatch(struct world *world);
/* Wait for something to happen, at most `timeout_ms` (-1: for ever), and handle it. With nothing under way
 * and -1 it returns at once. */
void world_wait(struct world *world, int timeout_ms);

#endif
