/* place.h - what place.c and reach.c know of a server on its way to what it is to run.
 */
#ifndef BERTH_LOCATIONS_OPENSTACK_PLACE_H
#define BERTH_LOCATIONS_OPENSTACK_PLACE_H

#include "locations/openstack/openstack.h"

enum { ANSWER_MS = 300000 }; /* so long it is waited until its machine answers */

struct making_server {
	json_t *json; /* the server, as it was told last */
	struct openstack_server server;
	json_t *marks; /* how to log in, as the server's metadata will tell it */
	const char *id, *port, *address;
	const char *own;          /* the id of one that this talk made */
	const char *server_group; /* its id; NULL: none */
	const char *groups[2];    /* ids; NULL: none */
	char note[96];
	int64_t made_by_ms, answer_by_ms;
	int64_t doubt_until_ms; /* something may be there that is not listed yet */
	unsigned posts;
	bool fresh;    /* `id` is the one that this talk made */
	bool starting; /* no new one is made */
	bool known;    /* how to log in is in its metadata */
	bool started;  /* Nova was told to */
	bool way_seen; /* what leads to it was looked at */
	bool refused;  /* its machine answered, and did not let us in */
};

/* --- place.c --- */
/* How far it has come, as it is told. */
void place_note(struct talk *talk, const char *words);
/* A server goes on by itself, and is found again by who goes on: once it is sure to be listed. */
enum progress place_later(struct talk *talk, talk_step *next, struct error *err);
/* Find its address, of what was chosen for it; then its machine. */
talk_step place_address;
/* It is to run what the order says: its machine is reached. */
talk_step place_inside;

/* --- reach.c --- */
/* Find out which machine is at its address, log in there, and write down how; then place_inside. */
talk_step reach_new;
/* Log in as `marks` tell; then the same. */
talk_step reach_known;

#endif
