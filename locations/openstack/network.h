/* network.h - what a talk asks of Neutron on the way to a server and back: the security groups of an
 * application with their rules, a server's floating IP.
 *
 * Each function below begins one of these and has `then` taken as the talk's next step once it is so. Names
 * are not unique there: what is there is listed first, what is missing is asked for, and it is listed again
 * until nothing is missing; so it makes no difference whether an answer was lost or the program was killed
 * meanwhile. Of several of one name the older one counts, the younger ones are taken away. They use all slots
 * of the talk but the last one, and return as a step does.
 *
 * Names: the application's own group is "berth.APP", that of a component "berth.APP.COMPONENT". What has such
 * a name and a description that does not begin with "berth" is a stranger's: ERR_CONFLICT.
 */
#ifndef BERTH_LOCATIONS_OPENSTACK_NETWORK_H
#define BERTH_LOCATIONS_OPENSTACK_NETWORK_H

#include "entities/spec.h"
#include "locations/openstack/openstack.h"

/* --- read_groups.c --- */

struct openstack_rule {
	const char *id; /* NULL: of one that is wanted */
	bool ingress;
	const char *ethertype; /* "IPv4" */
	const char *protocol;  /* "tcp"; NULL: any */
	int64_t first, last;   /* ports; 0: any */
	const char *group;     /* the id of a group that it is for; or NULL */
	const char *prefix;    /* "10.0.0.5/32"; with `group` NULL, too: whoever comes */
};

struct openstack_group {
	const char *id, *name, *description;
	int64_t revision; /* for If-Match: "revision_number=N" */
	int64_t created_ms;
	const struct openstack_rule *rules;
	size_t rule_count;
};

struct openstack_floating {
	const char *id, *description, *address, *status;
	const char *port_id; /* NULL: of none */
	int64_t created_ms;
};

/* The older one first, then by id. Strings are those of the JSON. */
int openstack_groups_read(const json_t *json, struct arena *arena, const struct openstack_group **ret,
			  size_t *ret_count, struct error *err);
int openstack_floatings_read(const json_t *json, struct arena *arena, const struct openstack_floating **ret,
			     size_t *ret_count, struct error *err);

/* --- rules.c: pure --- */

/* "berth.APP", or with a component "berth.APP.COMPONENT". NULL: no memory. */
const char *openstack_group_name(struct arena *arena, const char *app, const char *component);
/* The one that counts of that name; NULL: there is none. */
const struct openstack_group *openstack_group_of(const struct openstack_group *groups, size_t count,
						 const char *name);

/* Who is let in. */
struct openstack_doors {
	const char *app;
	const struct openings *openings;
	const struct openstack_group *groups; /* all whom the openings name */
	size_t group_count;
	const char *const *ssh_from; /* networks that SSH may come from */
	size_t ssh_from_count;       /* 0: everywhere */
	bool six;                    /* who comes by IPv6, too */
};
/* What the group of that component (NULL: the application's own, which lets in SSH) must let in. 0, or -1 (no
 * memory). */
int openstack_rules_wanted(struct arena *arena, const struct openstack_doors *doors, const char *component,
			   const struct openstack_rule **ret, size_t *ret_count);
/* Whether two let in the same. */
bool openstack_rules_alike(const struct openstack_rule *a, const struct openstack_rule *b);
/* Whether one of these lets in whom that one does. */
bool openstack_rule_covered(const struct openstack_rule *rules, size_t count,
			    const struct openstack_rule *rule);

/* --- doors.c --- */
/* What the description of a component's group tells: "berth: 6379/tcp from web, 80/tcp from *"; "berth" where
 * that is too long for one. NULL: no memory. */
const char *openstack_doors_text(struct arena *arena, const struct openings *openings, const char *component);
/* What those of an application tell. 1; 0: one of them does not, -1: no memory. */
int openstack_doors_told(struct arena *arena, const char *app, const struct openstack_group *groups,
			 size_t count, struct openings *ret);
/* Whether somebody whom its group is to let in is not let in. 1 or 0; -1: no memory. */
int openstack_doors_shut(const struct openstack *openstack, struct arena *arena, const char *app,
			 const char *component, const struct openstack_group *groups, size_t count);

/* --- groups.c --- */

enum fence {
	FENCE_LOOK, /* nothing is changed: the application's groups are looked at */
	FENCE_OWN,  /* its own group is there, with its rule; the others are left alone */
	FENCE_ALL,  /* so are those of all components of the openings, with exactly their rules; others go
		       unless in use */
	FENCE_GONE, /* none is there, unless somebody has claimed the application meanwhile */
};

/* The listing of all of the project. NULL: no memory. */
const char *openstack_groups_path(struct talk *talk);
/* The openings (FENCE_ALL) must live until then. */
enum progress network_fence(struct talk *talk, enum fence fence, const char *app,
			    const struct openings *openings, talk_step *then, struct error *err);
/* As they were listed last, in the talk's arena; NULL: there is none. Of a component, or (NULL) the
 * application's. */
const struct openstack_group *network_group(const struct talk *talk, const char *component);

/* --- keepers.c --- */
/* Fails with what keeps a security group of the order's application from going. */
talk_step network_tell_keepers;

/* --- floating.c --- */

/* A floating IP is known by its description, "berth APP ID" with the server's id, which no other one ever
 * has: names pass from one server to the next. */
struct openstack_floating_wish {
	const char *server, *port_id;
	const char *pool; /* the id of the network that it is taken from */
	bool fresh;       /* the server was made by this talk: none can have been taken for it before */
};
enum progress network_floating(struct talk *talk, const char *app, const struct openstack_floating_wish *wish,
			       talk_step *then, struct error *err);
enum progress network_floating_gone(struct talk *talk, const char *app, const char *server, talk_step *then,
				    struct error *err);
/* Those of the application that lead nowhere, since their server is gone, go. */
enum progress network_floating_swept(struct talk *talk, const char *app, talk_step *then, struct error *err);
/* The application that one of that description was taken for; NULL: it is none of ours, or no memory. */
const char *network_floating_app(struct arena *arena, const char *description);
const struct openstack_floating *network_floating_found(const struct talk *talk);
/* The floating IP by which that server's machine was reached, as its metadata tell; NULL: by its own address,
 * or not yet. */
const char *network_floating_way(const struct openstack_server *server);
/* Have all of the project listed, in slot 0; */
enum progress network_floatings(struct talk *talk, talk_step *then, struct error *err);
/* then: whether none leads from that address to anything any more. Where nobody could tell, one does. */
int network_floating_lost(struct talk *talk, const char *address, bool *ret, struct error *err);

/* --- neutron.c: how all of these are done --- */

struct openstack_job {
	const char *method, *path;
	json_t *body;      /* the list's until it is asked for */
	uint64_t key;      /* of all three */
	const char *doing; /* "cannot make the security group `berth.shop`" */
	int64_t revision;  /* only of what is at that one still; 0: whichever */
};

struct openstack_goal {
	const char *path; /* the listing */
	/* What is still to be done, of a listing; none: it is so. 0 or -1. */
	int (*next)(struct talk *talk, const json_t *listing, struct error *err);
	/* Whether the answer to the only thing that was asked for tells all that another listing would; NULL:
	 * it never does. */
	bool (*told)(struct talk *talk, const json_t *answer);
	/* Whether it is worth waiting for what is in the way of something that is to go. */
	bool insist;
	/* Taken when that does not give way, with `why` as it was refused; NULL: it fails. */
	talk_step *stuck;
	struct error why;
	talk_step *then;
	void *wish; /* that of the goal's own file */
	struct openstack_job jobs[LOGIN];
	unsigned count, rounds, waits;
	uint64_t *done; /* the keys of what was done */
	size_t done_count, done_room;
	bool late; /* the listing is older than something of that: it is not asked for twice */
};

/* The goal lies in the talk's arena. */
enum progress neutron_bring(struct talk *talk, struct openstack_goal *goal, struct error *err);
/* The same of one whose jobs are known before anything was listed. */
enum progress neutron_begin(struct talk *talk, struct openstack_goal *goal, struct error *err);
/* One more thing to do, of those that are done at one time; what is beyond these comes with the next round.
 * Takes the body. 0 or -1 (no memory). */
int neutron_job(struct openstack_goal *goal, const char *method, const char *path, json_t *body,
		const char *doing);
struct openstack_goal *network_goal(struct talk *talk);
/* Nothing is to be done any more, as far as was looked. */
bool neutron_settled(const struct openstack_goal *goal);

#endif
