/* resolver.h - the way from a consumer to a provider, from where both are attached; pure. */
#ifndef BERTH_ENGINE_RESOLVER_H
#define BERTH_ENGINE_RESOLVER_H

#include "entities/entity.h"

enum path {
	PATH_NONE,      /* no way: the provider would have to be published */
	PATH_NETWORK,   /* both are on one network */
	PATH_PUBLISHED, /* through an address that others can route to */
	PATH_EXTERNAL,  /* an address that the blueprint gives */
};

const char *path_name(enum path path);

struct way {
	enum path path;
	const char *name;    /* NETWORK: a name both can look up, or NULL */
	const char *address; /* NULL: known after deploy */
	uint16_t number;     /* the port to connect to; 0: known after deploy */
};

/* The cheapest way to `port` of the provider: same network first, then published. `port` 0: of a provider
 * without ports. */
struct way way_between(const struct attachment *consumer, size_t consumer_count,
		       const struct attachment *provider, size_t provider_count, uint16_t port,
		       enum protocol protocol);
/* Whether both are attached to one network. */
bool share_network(const struct attachment *a, size_t a_count, const struct attachment *b, size_t b_count);

#endif
