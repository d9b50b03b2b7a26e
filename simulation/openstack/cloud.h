/* cloud.h - a simulated OpenStack: Keystone, Nova, Neutron and Glance at their addresses, as far as a client
 * of machines asks them; a server that is up is a simulated machine reached by SSH.
 *
 * There is one project of one user. Names are not unique, what is created comes to be later or never, only
 * 404 means gone.
 */
#ifndef BERTH_SIMULATION_OPENSTACK_CLOUD_H
#define BERTH_SIMULATION_OPENSTACK_CLOUD_H

#include "base/json.h"
#include "simulation/ssh_machine.h"

struct openstack_cloud;

enum openstack_service {
	CLOUD_KEYSTONE,
	CLOUD_NOVA,
	CLOUD_NEUTRON,
	CLOUD_GLANCE,
	CLOUD_PLACEMENT,
	CLOUD_SERVICES
};

/* Where one logs in, and as whom: user `demo`, password `demopass`, project `demo`, domain `Default`. */
extern const char openstack_cloud_auth_url[];
/* "10.0.3.1:8774" */
extern const char *const openstack_cloud_addresses[CLOUD_SERVICES];

/* NULL: no memory. Servers in the network `public` (10.88.0.0/24) are reached from outside, those in
 * `private` (10.77.0.0/24) by a floating IP of `public` alone; and only as their security groups say. */
struct openstack_cloud *openstack_cloud_new(struct universe *universe);
void openstack_cloud_free(struct openstack_cloud *cloud); /* NULL is fine */

/* How the creation of a server goes, its end, and what its programs do. */
struct openstack_manner {
	int64_t builds_ms;    /* until it is ACTIVE, or ERROR */
	int64_t boots_ms;     /* from then on until its sshd answers; -1: never */
	int64_t deletes_ms;   /* until it is gone */
	const char *fault;    /* it ends as ERROR with these words; NULL: it does not */
	bool mute;            /* its console says nothing of host keys */
	const char *host_key; /* the one that it shows first; NULL: one by chance */
	behaver *programs;    /* of its machine; NULL: all stay */
	void *programs_owner;
};
/* `ret` holds what would be otherwise; `server` is the creation's. */
typedef void openstack_manners(void *owner, const json_t *server, struct openstack_manner *ret);
void openstack_cloud_behave(struct openstack_cloud *cloud, openstack_manners *manners, void *owner);

/* --- what befalls it ------------------------------------------------------------------------- */

/* The next so many requests to a service, or to every one (CLOUD_SERVICES), are refused so: 429, 503, ...
 */
void openstack_cloud_refuse(struct openstack_cloud *cloud, enum openstack_service service, int status,
			    unsigned times);
/* Nobody listens there, or again. */
void openstack_cloud_stop(struct openstack_cloud *cloud, enum openstack_service service, bool stopped);
/* No token that was given so far is taken any more. */
void openstack_cloud_revoke(struct openstack_cloud *cloud);
/* Tokens are good for so long; 3600 s at first. */
void openstack_cloud_token_life(struct openstack_cloud *cloud, int64_t ms);
/* So long after something was made or deleted listings tell the older state; what is asked for by its id is
 * told as it is. */
void openstack_cloud_lag(struct openstack_cloud *cloud, int64_t ms);
/* Listings tell so many at one time; 1000 at first. */
void openstack_cloud_pages(struct openstack_cloud *cloud, unsigned most);
/* No host fits any more, or again. */
void openstack_cloud_full(struct openstack_cloud *cloud, bool full);
/* "instances", "cores", "ram", "key_pairs"; "port", "floatingip", "security_group", "security_group_rule". */
void openstack_cloud_quota(struct openstack_cloud *cloud, const char *what, int limit);
/* An image is deleted, or uploaded again, under another id. */
void openstack_cloud_image(struct openstack_cloud *cloud, const char *name, bool there);
/* A server ends as ERROR with such words, whatever it was; is deleted; shows another host key from now on; is
 * switched off, or started anew. By its id or name. False: there is none. */
bool openstack_cloud_fail(struct openstack_cloud *cloud, const char *name, const char *words);
bool openstack_cloud_lose(struct openstack_cloud *cloud, const char *name);
bool openstack_cloud_another_key(struct openstack_cloud *cloud, const char *name);
bool openstack_cloud_switch(struct openstack_cloud *cloud, const char *name, bool on);
/* Somebody has stopped it in another way: "PAUSED", "SUSPENDED", "SHELVED_OFFLOADED", "RESCUE". */
bool openstack_cloud_lay(struct openstack_cloud *cloud, const char *name, const char *status);
/* Whoever deletes a server only has it kept for a while as SOFT_DELETED, out of listings, unless it is
 * forced; `unforced`: that is not allowed. */
void openstack_cloud_keep_deleted(struct openstack_cloud *cloud, bool kept, bool unforced);
/* Somebody else of that project asks: the status, and the answer where it is wanted. `path` as below the
 * service's address: "/v2.1/servers". */
int openstack_cloud_ask(struct openstack_cloud *cloud, enum openstack_service service, const char *method,
			const char *path, const char *body, json_t **ret_answer);
/* All that goes wrong there ends. */
void openstack_cloud_calm(struct openstack_cloud *cloud);

/* --- what is there --------------------------------------------------------------------------- */

/* A list as its owner is told it, for the caller to let go of: "servers", "keypairs", "ports",
 * "security_groups", "floatingips", "networks", "subnets", "images", "server_groups", "volumes". */
json_t *openstack_cloud_list(const struct openstack_cloud *cloud, const char *what);
/* The machine of a server, by its id or name; NULL: it has none (any more). */
struct ssh_machine *openstack_cloud_machine(const struct openstack_cloud *cloud, const char *server);
/* Whether what comes from an address gets through the security groups to a server's port, by the server's id
 * or name; `from` may be a server's, too. */
bool openstack_cloud_lets_in(const struct openstack_cloud *cloud, const char *from, const char *name,
			     uint16_t port);
/* Another number whenever something may be otherwise. */
uint64_t openstack_cloud_stamp(const struct openstack_cloud *cloud);

#endif
