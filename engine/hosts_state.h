/* hosts_state.h - what the files about pools of machines share: a pool, and who goes to one of its machines.
 */
#ifndef BERTH_ENGINE_HOSTS_STATE_H
#define BERTH_ENGINE_HOSTS_STATE_H

#include "engine/hosts.h"

struct host_pool {
	const struct location_spec *spec;
	json_t *options;
	struct site **sites;
	size_t count;
	struct host_pool *next;
};

struct host_guest {
	struct host_pool *pool;
	struct component *component;
	bool lacking; /* no machine was free for it, or for some of its members: */
	bool *lacks;  /* of a cluster: which of those that it is to have */
	struct host_guest *next;
};

/* What the pool is called. */
const char *host_pool_name(const struct host_pool *pool);

#endif
