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
};

int openstack_wishes_read(const struct location *location, struct arena *arena, struct openstack_wishes *ret,
			  struct error *err);
/* The names of the options that it reads, and of those that are about machines and are not read yet; how
 * many. */
size_t openstack_wishes_options(const char **ret_names, size_t size);

#endif
