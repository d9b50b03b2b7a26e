/* model.h - what the files of the simulated OpenStack share: a request, tokens, servers, tables of rows. */
#ifndef BERTH_SIMULATION_OPENSTACK_MODEL_H
#define BERTH_SIMULATION_OPENSTACK_MODEL_H

#include "base/arena.h"
#include "base/text.h"
#include "simulation/openstack/cloud.h"

enum {
	STAMP_SIZE = 40,
	ID_SIZE = 40,
	PARAMETERS_MOST = 16,
	WORDS_MOST = 3,
	PAGE_MOST = 1000,
	NOVA_NEWEST = 93,
	TOKEN_LIFE_MS = 3600000,
};

#define PROJECT_ID     "9a937a88316543e28bab7a9d8d5ce80c"
#define OTHER_PROJECT  "256cebcc2af74c40ad5d81be2c42f06b"
#define USER_ID        "49c84f00ac5f4668abf3090125188e02"
#define TOKEN_CACHE_MS 300000 /* so long a service knows a token that it has seen */

/* --- a request --------------------------------------------------------------------------------- */

struct asked {
	struct openstack_cloud *cloud;
	enum openstack_service service;
	const char *method, *path;     /* decoded */
	const char *words[WORDS_MOST]; /* that stand where the route has a `*` */
	struct {
		const char *name, *value;
	} parameters[PARAMETERS_MOST];
	size_t parameter_count;
	const char *const *headers;
	const char *query;  /* as it came */
	const json_t *body; /* NULL: none, or no JSON */
	unsigned version;   /* of Nova: 2.93 is 93 */
	struct arena arena;
	int status;
	struct text answer_headers;
	json_t *answer; /* NULL: nothing is said */
};

struct route {
	const char *method, *path; /* `*` is a word: "/v2.1/servers/ * /action", without the blanks */
	void (*serve)(struct asked *asked);
	bool open; /* without a token */
};

/* --- what there is ------------------------------------------------------------------------------- */

struct token {
	struct token *next;
	char id[80];
	json_t *told; /* what Keystone says of it */
	int64_t expires_ms;
	int64_t revoked_ms; /* 0: it is not */
	bool seen[CLOUD_SERVICES];
};

struct credential {
	struct credential *next;
	char id[ID_SIZE], secret[80];
	json_t *told;
};

enum server_state {
	SERVER_SCHEDULING,
	SERVER_NETWORKING,
	SERVER_SPAWNING,
	SERVER_ACTIVE,
	SERVER_SHUTOFF,
	SERVER_ERROR,
	SERVER_DELETING, /* its task; what it was is still told */
	SERVER_LEAVING,  /* without addresses, and not gone yet */
	SERVER_GONE,     /* only a listing that is late tells it */
};

struct server {
	struct server *next;
	struct openstack_cloud *cloud;
	char id[ID_SIZE];
	json_t *asked;                /* the members of its creation, with `metadata` as it is now */
	json_t *image, *flavor;       /* as they were then */
	json_t *ports;                /* the ids of those that are its own, which go with it */
	enum server_state state, was; /* the latter before it is deleted */
	bool told_deleted;            /* on its last way; else as if it still were what it was */
	int64_t created_ms, updated_ms, launched_ms, gone_ms;
	struct openstack_manner manner;
	char laid[24]; /* how it was stopped; "": switched off */
	char fault[200];
	int64_t fault_ms;
	struct ssh_machine *machine;
	char host_key[100];
	unsigned keys; /* how many it has had */
	struct text console;
	bool keys_told;
	struct event step, boot;
};

/* Rows are objects as they are told; members whose names begin with `_` are ours. */
struct openstack_cloud {
	struct universe *universe;
	struct clock *clock;
	openstack_manners *manners;
	void *manners_owner;
	struct token *tokens;
	struct credential *credentials;
	struct server *servers; /* the youngest first */
	json_t *flavors, *keypairs, *images, *lost_images, *server_groups, *volumes;
	json_t *networks, *subnets, *ports, *groups, *floating;
	json_t *compute_quotas, *network_quotas;
	int64_t token_life_ms, lag_ms, last_ms;
	unsigned page_most; /* of a listing, so many at one time */
	struct {
		int status;
		unsigned times;
	} refusals[CLOUD_SERVICES];
	bool full;
	bool keeps_deleted, unforced;
	unsigned last_attribute;
	uint64_t stamp;
};

void *cloud_need(void *memory); /* for whom no world without memory is simulated */

/* --- cloud.c --- */
int64_t cloud_now(const struct openstack_cloud *cloud); /* the wall clock's */
void cloud_uuid(struct openstack_cloud *cloud, char ret[static ID_SIZE]);
/* "2026-11-27T17:00:00Z" */
void cloud_write_time(int64_t ms, char ret[static STAMP_SIZE]);
json_t *cloud_time(int64_t ms);
/* Whether a listing is too late to know of what became so then. */
bool cloud_lags(const struct openstack_cloud *cloud, int64_t since_ms);

/* --- asked.c --- */
/* What stands under the routes is found, or refused. */
void cloud_serve(struct asked *asked, const struct route *routes, size_t count);
const char *cloud_parameter(const struct asked *asked, const char *name);
const char *cloud_header(const struct asked *asked, const char *name);
void cloud_answer(struct asked *asked, int status, json_t *answer);
/* In the words and the wrapping of each service. */
void cloud_refuse(struct asked *asked, int status, const char *kind, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The target of the request as it came from `/` on, with its query, below that service's address. */
void cloud_read(struct asked *asked, const char *target);
/* A page of a list: `ret_next` is the last one's id when there are more. */
json_t *cloud_page(const struct asked *asked, json_t *rows, const char **ret_next);
/* Where what comes after that one is told. */
json_t *cloud_links(const struct asked *asked, const char *next);

/* --- rows.c --- */
json_t *row_find(const json_t *rows, const char *key, const char *value);
size_t row_count(const json_t *rows, const char *key, const char *value);
void row_remove(json_t *rows, const json_t *row);
/* Without the members that are ours. */
json_t *row_tell(const json_t *row);

/* --- identity.c --- */
extern const struct route identity_routes[];
extern const size_t identity_route_count;
/* Whether a service takes the token that came along. */
bool identity_knows(struct asked *asked);
const char *identity_token(struct openstack_cloud *cloud);
void identity_free(struct openstack_cloud *cloud);

/* --- compute.c --- */
extern const struct route compute_routes[];
extern const size_t compute_route_count;
void compute_begin(struct openstack_cloud *cloud);

/* --- keypairs.c --- */
void keypairs_list(struct asked *asked);
void keypair_post(struct asked *asked);
void keypair_get(struct asked *asked);
void keypair_delete(struct asked *asked);

/* --- servers.c: what is asked of servers --- */
void servers_list(struct asked *asked);
void servers_detail(struct asked *asked);
void server_get(struct asked *asked);
void server_put(struct asked *asked);
void server_delete(struct asked *asked);
void server_act(struct asked *asked);
void server_addresses(struct asked *asked);
void server_interfaces(struct asked *asked);
void metadata_get(struct asked *asked);
void metadata_post(struct asked *asked);
void metadata_put(struct asked *asked);
void metadata_delete(struct asked *asked);
/* By its id; with `name`, also by that. Those that are gone are none. */
struct server *server_find(const struct openstack_cloud *cloud, const char *id, bool name);
/* How many there are, or what they have together of their flavors' "ram" or "vcpus". */
size_t servers_used(const struct openstack_cloud *cloud, const char *of);

/* --- server_make.c --- */
void server_post(struct asked *asked);

/* --- server_schema.c --- */
/* Whether its body has a member that this version does not know, which is said. */
bool server_body_is_strange(struct asked *asked);
/* The volume that it boots from; NULL: it does from its image. */
const json_t *server_boot_volume(const json_t *said);
bool server_volume_is_bad(struct asked *asked, const json_t *volume);

/* --- server_groups.c --- */
void server_groups_list(struct asked *asked);
void server_group_post(struct asked *asked);
void server_group_delete(struct asked *asked);
/* Whether the scheduler's hints name a group that is not there, which is said. */
bool server_group_is_bad(struct asked *asked, const json_t *hints);
void server_volume_make(struct server *server);
void server_volume_end(struct server *server);

/* --- server_tell.c --- */
json_t *server_tell(const struct server *server, unsigned version, bool alone);
json_t *server_tell_addresses(const struct server *server, bool whole);

/* --- server_life.c --- */
/* It begins to come to be. `asked` is taken over. */
struct server *server_begin(struct openstack_cloud *cloud, json_t *asked, const json_t *image,
			    const json_t *flavor);
/* It begins to be deleted, or is gone. */
void server_end(struct server *server, enum server_state state);
void server_fail(struct server *server, const char *words);
/* Where it is reached has changed. */
void server_rewire(struct server *server);
void server_switch(struct server *server, bool on);
void server_renew_key(struct server *server);
void servers_free(struct openstack_cloud *cloud);

/* --- network.c --- */
/* Of which a table of Neutron's is, and how it says that one is not there. */
struct row_kind {
	const char *plural, *singular, *type, *before, *after;
};
extern const struct row_kind GROUP_ROW, RULE_ROW, PORT_ROW, FLOATING_ROW, NETWORK_ROW, SUBNET_ROW;
extern const struct route network_routes[];
extern const size_t network_route_count;
void network_begin(struct openstack_cloud *cloud);
/* What all of them have; revision 0. */
json_t *row_new(struct openstack_cloud *cloud, const char *project, const json_t *said);
void row_touch(struct openstack_cloud *cloud, json_t *row);
void row_list(struct asked *asked, const struct row_kind *kind, const json_t *rows);
void row_answer(struct asked *asked, int status, const struct row_kind *kind, const json_t *row);
/* The one that the request names, and that fits its If-Match; NULL: that is said. */
json_t *row_named(struct asked *asked, const struct row_kind *kind, const json_t *rows);
void row_absent(struct asked *asked, const struct row_kind *kind, const char *id);
/* Those members of what is said are taken over. False: one of them is none, which is said. */
bool row_change(struct asked *asked, json_t *row, const json_t *said, const char *const *members);
/* The quota of it is used up: that is said. */
bool row_too_many(struct asked *asked, const char *what, size_t used);

/* --- groups.c --- */
void groups_list(struct asked *asked);
void groups_post(struct asked *asked);
void group_get(struct asked *asked);
void group_put(struct asked *asked);
void group_delete(struct asked *asked);
void rules_list(struct asked *asked);
void rules_post(struct asked *asked);
void rule_get(struct asked *asked);
void rule_delete(struct asked *asked);
/* That of a project, for whoever names none. */
const char *group_default(struct openstack_cloud *cloud);
size_t groups_rules(const struct openstack_cloud *cloud);
/* Whether one of the port's groups lets in what comes from that address to that port of its machine. */
bool groups_let_in(const struct openstack_cloud *cloud, const json_t *port, const char *from,
		   uint16_t number);

/* --- ports.c --- */
void ports_list(struct asked *asked);
void ports_post(struct asked *asked);
void port_get(struct asked *asked);
void port_put(struct asked *asked);
void port_delete(struct asked *asked);
/* One in that network, of those groups (ids, taken over). NULL: no address is left. */
json_t *port_make(struct openstack_cloud *cloud, const json_t *network, const json_t *said, json_t *groups);
void port_remove(struct openstack_cloud *cloud, json_t *port);
/* "" when it is nobody's any more. */
void port_bind(struct openstack_cloud *cloud, json_t *port, const char *server, const char *status);
const char *port_address(const json_t *port);
/* The first free one; false: none is. */
bool address_find(const struct openstack_cloud *cloud, const json_t *network, char ret[static ID_SIZE]);

/* --- floating.c --- */
void floating_list(struct asked *asked);
void floating_post(struct asked *asked);
void floating_get(struct asked *asked);
void floating_put(struct asked *asked);
void floating_delete(struct asked *asked);
/* Its port is gone. */
void floating_leave(struct openstack_cloud *cloud, const char *port);

/* --- image.c --- */
extern const struct route image_routes[];
extern const size_t image_route_count;
void image_begin(struct openstack_cloud *cloud);
/* All that were deleted are there again. */
void images_return(struct openstack_cloud *cloud);

/* --- versions.c: what each service says of itself --- */
extern const struct route placement_routes[];
extern const size_t placement_route_count;
void keystone_versions(struct asked *asked);
void keystone_version(struct asked *asked);
void nova_versions(struct asked *asked);
void nova_version(struct asked *asked);
void neutron_versions(struct asked *asked);
void neutron_extensions(struct asked *asked);
void glance_versions(struct asked *asked);

#endif
