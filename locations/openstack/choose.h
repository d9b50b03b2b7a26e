/* choose.h - of what an OpenStack has, what a machine is to be made of: pure functions of wishes and
 * listings.
 *
 * Texts of the wishes are whoever's who wishes; NULL: not said. What is chosen is one of the list.
 */
#ifndef BERTH_LOCATIONS_OPENSTACK_CHOOSE_H
#define BERTH_LOCATIONS_OPENSTACK_CHOOSE_H

#include "locations/openstack/answers.h"

/* All that is said must hold. */
struct openstack_image_wish {
	const char *id;          /* also as jclouds writes it, "REGION/ID" */
	const char *name;        /* or an id */
	const char *pattern;     /* Brooklyn's: a part of the name, or an expression that all of it matches */
	const char *description; /* the same of its description, of its name where it has none */
	const char *family; /* Brooklyn's "ubuntu": its os_distro, or a part of its name; counts of an image
			       that is not named outright */
	const json_t *properties; /* an object: members of the image and their texts; or NULL */
};

/* Of several the youngest, then the one of the lowest id. ERR_MISSING, with what there is in the remedy. */
int openstack_image_choose(const struct openstack_image *images, size_t count,
			   const struct openstack_image_wish *wish, const struct openstack_image **ret,
			   struct error *err);

struct openstack_flavor_wish {
	const char *id;                      /* also "REGION/ID" */
	const char *name;                    /* or an id */
	int64_t memory_mib, cores, disk_gib; /* at least; 0: not said */
	bool on_volume;                      /* its disk is none of the flavor's */
};

/* The least that is enough for the wish and for the image (which may be NULL): the fewest cores, then the
 * least memory, then the smallest disk, then the first name. ERR_MISSING. */
int openstack_flavor_choose(const struct openstack_flavor *flavors, size_t count,
			    const struct openstack_flavor_wish *wish, const struct openstack_image *image,
			    const struct openstack_flavor **ret, struct error *err);

/* How large the volume must be that a server boots from: as is wished, where that is enough for the image;
 * else ERR_INVALID. */
int openstack_volume_size(const struct openstack_flavor_wish *wish, const struct openstack_image *image,
			  int64_t *ret_gib, struct error *err);

/* The network of that name or id; with NULL the only one that servers can be put on and that is not the way
 * out, else the only one at all. ERR_MISSING, ERR_INVALID where it is not one. */
int openstack_network_choose(const struct openstack_network *networks, size_t count, const char *wish,
			     const struct openstack_network **ret, struct error *err);
/* Whether a server can be put on it. */
bool openstack_network_takes_servers(const struct openstack_network *network);

#endif
