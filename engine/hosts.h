/* hosts.h - a location that is several machines (byon): each is a site of its own, and a component goes to
 * one of them. */
#ifndef BERTH_ENGINE_HOSTS_H
#define BERTH_ENGINE_HOSTS_H

#include "engine/engine.h"

struct host_pool;

/* Whether a location of that spec is several machines. */
bool is_host_pool(const struct location_spec *spec);
/* The pool of that spec, its machines opened at first use. NULL with *err. */
struct host_pool *host_pool_open(struct berth_operation *operation, const struct location_spec *spec,
				 const char *source, struct error *err);
/* Its first machine: what is the same for all of them (the driver, what it can) holds of this one. */
struct site *host_pool_first(const struct host_pool *pool);
/* The component goes to one of the pool's machines, which is decided when they have answered. */
int host_pool_join(struct berth_operation *operation, struct host_pool *pool, struct component *component);
/* Once every site has answered: give each component that goes to a pool its machine. The one where it is,
 * else a free one, in the order written. A component for which none is free is counted to the first. */
void hosts_decide(struct berth_operation *operation);
/* The components are to be gone. */
void hosts_forget(struct berth_operation *operation);
/* 0, or -1 with ERR_CAPACITY when a component got no machine. */
int hosts_lacking(const struct berth_operation *operation, struct error *err);

#endif
