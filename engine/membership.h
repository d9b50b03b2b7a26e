/* membership.h - what the files share that decide who the members of a cluster are: what was listed of it,
 * and those that were settled so far. */
#ifndef BERTH_ENGINE_MEMBERSHIP_H
#define BERTH_ENGINE_MEMBERSHIP_H

#include "engine/sizes.h"

/* What was listed, by component and ordinal; gathered when it is first asked for. */
struct sights {
	struct sight {
		const struct observed *seen;
		struct site *site;
	} * items;
	size_t count;
	bool gathered;
};

struct deciding {
	struct berth_operation *operation;
	json_t *notes;
	struct sights sights;
};

/* A cluster while it is decided who its members are. */
struct membership {
	struct deciding *deciding;
	struct component *component;
	unsigned *ordinals; /* ascending, with room for all that may come */
	size_t count;
	struct quarantined *quarantined; /* by ordinal */
	size_t quarantined_count, outdated_count;
	const json_t *more; /* of its note */
};

/* --- member_sights.c: what is there --- */
/* Once for all of them, when it is first needed. 0 or -1 (no memory). */
int sights_gather(struct deciding *deciding);
/* The first one of a component; `*ret_count` of them follow each other, generations among them. */
const struct sight *sights_of(const struct sights *sights, const char *id, size_t *ret_count);
bool seen_well(const struct observed *seen);
/* Whether one of that ordinal is there; `well`: and runs. */
bool member_is_there(const struct membership *m, unsigned ordinal, bool well);

/* --- member_homes.c: where they are, and where those go that come --- */
/* Where it is, else where it was; NULL: nobody knows. */
struct site *member_home(const struct membership *m, unsigned ordinal);
/* Whoever makes that one anew means to have it now, wherever that can be. */
bool member_made_anew(const struct membership *m, unsigned ordinal);
/* Of a cluster that is spread. 0 or -1 (no memory). */
int members_give_homes(struct membership *m);

#endif
