/* proxy.h - what a proxy does, as data, and the files of nginx and haproxy that make them do it; pure.
 *
 * The same proxy has the same text. Nothing that comes from outside gets into a text without having been
 * looked at: proxy_check refuses what could be read as more than the one word that it is.
 */
#ifndef BERTH_ENGINE_PROXY_H
#define BERTH_ENGINE_PROXY_H

#include "base/error.h"
#include "base/text.h"
#include "blueprints/blueprint.h"

struct proxy_member {
	const char *name;    /* "web.1" */
	const char *address; /* numeric, or a host name */
	uint16_t port;
	unsigned weight;
	bool draining; /* it is about to go: gets nothing new while another one is there */
};

struct proxy_pool {
	const char *name; /* "members", "route-1" */
	const struct proxy_member *members;
	size_t count;
};

#define NO_POOL ((size_t)-1)

struct proxy_route {
	const char *host; /* in small letters, perhaps "*.example.org"; NULL: any */
	const char *path; /* "/", else without a "/" at its end: whole parts of a path are compared */
	size_t pool;
};

struct proxy_config {
	bool tcp;
	const char *address; /* where it listens; NULL: on every address */
	uint16_t port;
	enum balancer_algorithm algorithm;
	enum balancer_sticky sticky;
	const struct proxy_pool *pools;
	size_t pool_count;
	size_t fallback; /* the pool of what no route takes; NO_POOL: that is not found */
	const struct proxy_route *routes;
	size_t route_count;
	const struct health_check *check;
	int retries;
	int64_t timeout_ms;
	const char *certificate; /* the key lies beside it, as NAME.key; NULL: no TLS */
	unsigned workers;        /* 0: as many as there are processors */
	bool own_folder;         /* all that it writes goes beside its configuration */
	const char *module;      /* nginx: to be loaded first; NULL: none */
};

/* The text, at the end of *to. 0, or -1 when something of it cannot stand in such a file, or without memory.
 */
int proxy_nginx(const struct proxy_config *config, struct text *to, struct error *err);
int proxy_haproxy(const struct proxy_config *config, struct text *to, struct error *err);

/* One line of the relay's file: who takes what comes to that port of the address (NULL: of any). */
int proxy_relay(const char *address, uint16_t port, const struct proxy_pool *pool, struct text *to,
		struct error *err);

/* --- proxy.c: what the two have in common --- */

int proxy_check(const struct proxy_config *config, struct error *err);
/* How many members take requests, and whether this one does: those that drain do when no other is there. */
size_t proxy_takers(const struct proxy_pool *pool);
bool proxy_takes(const struct proxy_pool *pool, const struct proxy_member *member);
/* Where a member is, with the brackets that an IPv6 address needs. */
void proxy_put_address(struct text *to, const struct proxy_member *member);

/* A host, and where each path of it goes, the longest first; what none of them takes goes to `rest`. */
struct proxy_host {
	const char *name; /* NULL: every other one */
	const struct proxy_route *const *routes;
	size_t count;
	size_t rest;
};

/* By names in full, then those by their ends, the longest first, then every other one. The routes for any
 * host count for each, below those of its own. 0 or -1. */
int proxy_hosts(struct arena *arena, const struct proxy_config *config, const struct proxy_host **ret_hosts,
		size_t *ret_count);

#endif
