/* hosts.h - a location that is several machines (byon): each is a site of its own, and a component, or each
 * member of a cluster, goes to one of them. One that does not answer is left out, and what is remembered to
 * be there is not made elsewhere. */
#ifndef BERTH_ENGINE_HOSTS_H
#define BERTH_ENGINE_HOSTS_H

#include "engine/engine.h"

struct host_pool;

/* --- hosts.c: which machines there are --- */

/* Whether a location of that spec is several machines. */
bool is_host_pool(const struct location_spec *spec);
/* The pool of that spec, its machines opened at first use. NULL with *err. */
struct host_pool *host_pool_open(struct berth_operation *operation, const struct location_spec *spec,
				 const char *source, struct error *err);
/* Its first machine: what is the same for all of them (the driver, what it can) holds of this one. */
struct site *host_pool_first(const struct host_pool *pool);
/* All of them. */
struct site *const *host_pool_sites(const struct host_pool *pool, size_t *ret_count);
/* The component goes to one of the pool's machines, each member of a cluster to one of its own: which, is
 * decided when they have answered. */
int host_pool_join(struct berth_operation *operation, struct host_pool *pool, struct component *component);

/* --- hosts_choice.c: which of them --- */

/* Once every site has answered: machines of pools that are one, under two names, are used by the first of
 * them; what the other one showed is nothing more. */
void hosts_join(struct berth_operation *operation);

/* Once every site has answered: give each component that goes to a pool its machine. The one where it is, or
 * was when that does not answer; else a free one, in the order written, those last where installing failed
 * twice. A component for which none is free is counted to the first. */
void hosts_decide(struct berth_operation *operation);
/* The same for the members of a cluster, of which it is known by now which there are:
 * component->cluster.homes. 0 or -1 (no memory). Nothing happens to one that goes to no pool. */
int hosts_give_homes(struct berth_operation *operation, struct component *component, const unsigned *ordinals,
		     size_t count);
/* The components are to be gone. */
void hosts_forget(struct berth_operation *operation);
/* 0, or -1 with ERR_CAPACITY when a component got no machine. Of members that got none is warned. */
int hosts_lacking(struct berth_operation *operation, struct error *err);
/* Whether it is a member that got none; then with ERR_CAPACITY in *err. */
bool host_lacks(const struct work *work, struct error *err);

/* --- host_health.c: those that do not answer, and those where nothing can be installed --- */

/* Whether it is not asked now: it did not answer last, and is left alone for a while. */
bool host_rests(struct site *site, struct error *err);
/* It was asked. Remembered by who changes anything, for whoever comes next. */
void host_answered(struct site *site, const struct error *err);
/* Whether installing failed there so often that others are taken first. */
bool host_avoided(const struct site *site);
/* What is remembered of it, for a document: {} where it is well. NULL: no memory. */
json_t *host_health_json(const struct site *site);
/* A site that failed, and need not have answered: nothing of the application is there, as far as anybody
 * remembers, and another machine did. */
bool host_excused(const struct site *site);
/* Whether nothing can be done while that one does not answer. */
bool host_must_answer(const struct site *site);
/* host_keys.c: where several machines have host keys that nobody knows, warn of all of them, with the one
 * command that takes their keys. How many they are. */
size_t host_keys_tell(struct berth_operation *operation);
/* Warn of those that did not answer, and are left out. */
void hosts_warn(struct berth_operation *operation);
/* {INSTANCE: machine} as the store has it, read when it is first asked for; NULL: nothing is known. */
const json_t *host_machines(struct berth_operation *operation);
/* Whether the instance may be anywhere: what was remembered of it is lost, or another store had to do with
 * the application since. */
bool host_unknown(struct berth_operation *operation, const char *name);
/* Have that remembered of those that are left as they are for it; the last record, 0: there was none to be
 * made. */
uint64_t hosts_note_unknown(struct berth_operation *operation);
/* Where the instance is about to be made, before it is. */
void host_remember(const struct work *work, const char *name);
/* Whether it is remembered by now to be on another machine than it is held at. */
bool host_moved(const struct work *work, const char *name);
/* In the end: where each is, and how it went there. */
void hosts_conclude(struct berth_operation *operation);
/* What memory of them goes with an operation. */
void hosts_release(struct berth_operation *operation);

#endif
