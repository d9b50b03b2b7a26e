/* answers.h - what the services of an OpenStack say, as their client reads it: tokens with their catalogue,
 * versions, limits, images, flavors, networks, refusals.
 *
 * Texts are those of the JSON that was read, lists lie in the arena. What is absent and null mean the same;
 * members that nobody knows are left alone; what matters and is of another type is an error.
 */
#ifndef BERTH_LOCATIONS_OPENSTACK_ANSWERS_H
#define BERTH_LOCATIONS_OPENSTACK_ANSWERS_H

#include <stdint.h>

#include "base/arena.h"
#include "base/json.h"

/* --- reading.c --- */
/* The id of something, which becomes part of paths; NULL: it has none that could. */
const char *openstack_id(const json_t *object);

/* --- read_token.c --- */
struct openstack_endpoint {
	const char *service; /* "compute" */
	const char *interface, *region, *url;
};

struct openstack_token {
	const char *user, *user_id;
	const char *project, *project_id; /* NULL: it is of no project */
	const char *domain, *system;      /* what else it is of; or NULL */
	int64_t expires_ms;               /* 0: not said */
	const struct openstack_endpoint *endpoints;
	size_t endpoint_count;
};

int openstack_token_read(const json_t *json, struct arena *arena, struct openstack_token *ret,
			 struct error *err);
/* The services' names in the catalogue, each once, NULL-terminated. NULL: no memory. */
const char *const *openstack_services(const struct openstack_token *token, struct arena *arena);
/* Where a service is, without a slash at the end; with `region` NULL in whichever comes first. NULL: it is
 * not there, or there is no memory. */
const char *openstack_endpoint(const struct openstack_token *token, struct arena *arena, const char *service,
			       const char *interface, const char *region);
/* All regions of the catalogue, each once. */
json_t *openstack_regions(const struct openstack_token *token);

/* --- read_compute.c --- */
struct openstack_microversions {
	unsigned low, high; /* 2.93 is 93; 0: none */
};

/* What the service's own document says. */
int openstack_microversions_read(const json_t *json, struct openstack_microversions *ret, struct error *err);
/* The highest that both know, of those up to `wanted`; -1: there is none. */
int openstack_microversion(const struct openstack_microversions *theirs, unsigned lowest, unsigned wanted);

struct openstack_quota {
	const char *name;
	int64_t limit; /* -1: there is none */
	int64_t used;  /* -1: not told */
};

/* Instances, cores, memory (MiB), key pairs, server groups: of Nova's limits, those that it tells. */
int openstack_limits_read(const json_t *json, struct arena *arena, const struct openstack_quota **ret,
			  size_t *ret_count, struct error *err);
/* Neutron's, with what is used where it tells that. */
int openstack_network_quotas_read(const json_t *json, struct arena *arena, const struct openstack_quota **ret,
				  size_t *ret_count, struct error *err);

struct openstack_flavor {
	const char *id, *name;
	int64_t memory_mib, cores, disk_gib, ephemeral_gib;
	bool disabled;
};

int openstack_flavors_read(const json_t *json, struct arena *arena, const struct openstack_flavor **ret,
			   size_t *ret_count, struct error *err);

/* --- read_server.c --- */
struct openstack_server {
	const char *id, *name, *status;
	const char *task;  /* what Nova is doing to it ("deleting"); NULL: nothing */
	const char *fault; /* why its status is ERROR; or NULL */
	const char *key_pair;
	const char *fixed; /* an address of its own, by which other servers reach it; NULL: none yet */
	const char *floating;
	const json_t *metadata;
	int64_t created_ms;
};

int openstack_servers_read(const json_t *json, struct arena *arena, const struct openstack_server **ret,
			   size_t *ret_count, struct error *err);
/* One alone. */
int openstack_server_read(const json_t *json, struct openstack_server *ret, struct error *err);
/* The best host key that a console's log tells, as "ssh-ed25519 AAAA...", or as "SHA256:..." where it is too
 * long for metadata; NULL: none (yet). */
const char *openstack_console_key(const char *log, struct arena *arena);

/* --- read_image.c --- */
struct openstack_image {
	const json_t *json; /* its properties are members, too */
	const char *id, *name;
	const char *status, *visibility, *owner;
	int64_t min_memory_mib, min_disk_gib;
	int64_t created_ms;
	bool hidden;
};

int openstack_images_read(const json_t *json, struct arena *arena, const struct openstack_image **ret,
			  size_t *ret_count, struct error *err);
/* Whether a server can be made of it: it is there as a whole, and no kernel or initial disk of another one.
 */
bool openstack_image_boots(const struct openstack_image *image);

/* --- read_network.c --- */
struct openstack_network {
	const char *id, *name, *project_id, *status;
	bool external, shared, up;
	size_t subnets;
};

int openstack_networks_read(const json_t *json, struct arena *arena, const struct openstack_network **ret,
			    size_t *ret_count, struct error *err);

/* --- read_refusal.c --- */
enum openstack_refusal_kind {
	REFUSED_FOR_GOOD,    /* what was asked for is wrong: it will be refused again */
	REFUSED_ASKER,       /* who asks is not let in, or may not do it */
	REFUSED_FOR_ROOM,    /* a quota, or no machine, address or port is left */
	REFUSED_FOR_NOW,     /* it may be otherwise in a moment */
	REFUSED_AS_ABSENT,   /* there is no such thing */
	REFUSED_FOR_ANOTHER, /* something else is in its way */
};

struct openstack_refusal {
	enum openstack_refusal_kind kind;
	const char *words; /* the service's own, in one line */
};

/* Any answer that is none of success, whichever service and layer it comes from. 0, or -1 without memory. */
int openstack_refusal_read(int status, const char *body, size_t size, struct arena *arena,
			   struct openstack_refusal *ret);
enum code openstack_code(enum openstack_refusal_kind kind);

#endif
