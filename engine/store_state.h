/* store_state.h - the store's inside: its two connections, what waits to be written, who listens. */
#ifndef BERTH_ENGINE_STORE_STATE_H
#define BERTH_ENGINE_STORE_STATE_H

#include "engine/store_file.h"

struct batch;
struct store_listener;

struct store {
	struct world *world;
	char *directory, *path;
	struct database reading; /* the loop's */
	struct database writing; /* of whoever runs the flying batch; the loop's while none flies */
	struct batch *waiting;   /* gathers records while another is flying */
	struct batch *flying;
	struct timer *later; /* when this turn is over what waits is written; NULL: nothing waits for that */
	struct batch *failures;  /* what was lost, newest first */
	uint64_t given, decided; /* the last number given out, the last whose fate is known */
	struct store_listener *listeners, *next_told; /* while they are told */
	uint64_t unversioned;                         /* how often its version could not be told */
};

#endif
