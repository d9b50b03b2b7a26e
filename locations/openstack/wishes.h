/* wishes.h - what the options of a location of OpenStack say about its machines.
 */
#ifndef BERTH_LOCATIONS_OPENSTACK_WISHES_H
#define BERTH_LOCATIONS_OPENSTACK_WISHES_H

#include "locations/location.h"
#include "locations/openstack/choose.h"

struct openstack_wishes {
	struct openstack_image_wish image;
	struct openstack_flavor_wish flavor;
	const char *const *networks; /* names or ids */
	size_t network_count;        /* 0: whichever is the only one */
	const char *user;            /* who logs in; NULL: as the image says */
	const char *key_pair;        /* at Nova; NULL: one that is made */
	const char *key_file, *key_text, *key_passphrase;
	bool floating, no_floating;   /* said: each server gets a floating IP, or none does */
	const char *floating_network; /* whose they are; NULL: the only one that leads out */
	const char *const *groups;    /* security groups besides, names or ids */
	size_t group_count;
	const char *const *ssh_from; /* networks that SSH is open to */
	size_t ssh_from_count;       /* 0: everywhere */
	const char *zone, *user_data;
	bool no_config_drive;
	const json_t *host_key;   /* what servers show, or "accept-new"; NULL: what the console tells */
	const char *jump;         /* the machine that they are reached through; NULL: directly */
	const char *server_group; /* a policy, or the name or id of one that is there; NULL: none */
	const char *volume_type;
	bool boots_volume, keeps_volume;
	const json_t *metadata; /* an object of texts; or NULL */
};

int openstack_wishes_read(const struct location *location, struct arena *arena, struct openstack_wishes *ret,
			  struct error *err);

#endif
