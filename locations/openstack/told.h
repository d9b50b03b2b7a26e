/* told.h - what there is, for the remedy of what is not there: the nearest first, and no more than can be
 * read.
 */
#ifndef BERTH_LOCATIONS_OPENSTACK_TOLD_H
#define BERTH_LOCATIONS_OPENSTACK_TOLD_H

#include "base/error.h"

enum { TOLD_MOST = 8, TOLD_SIZE = 96 };

struct openstack_told {
	const char *wish; /* the name that was looked for; NULL: none was */
	struct {
		char words[TOLD_SIZE];
		size_t far;
	} nearest[TOLD_MOST];
	size_t count; /* of all that were told */
};

/* One that is there, so far from what is wished. Of those that are as far the one that was told first comes
 * first. */
void openstack_tell(struct openstack_told *told, size_t far, const char *words);
/* The same of one that is known by its name alone. */
void openstack_tell_name(struct openstack_told *told, const char *name);
/* As a remedy: "there are `a`, `b` and 3 more". */
void openstack_advise_of(const struct openstack_told *told, struct error *err);

#endif
