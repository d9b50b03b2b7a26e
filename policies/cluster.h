/* cluster.h - what a cluster decides: which member goes, where the next one goes, what becomes of one that
 * failed. Functions of what is given: here, beside the policies whose wishes lead to these questions, because
 * they judge by what is sensed, which the floors below do not know. */
#ifndef BERTH_POLICIES_CLUSTER_H
#define BERTH_POLICIES_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "blueprints/blueprint.h"

struct cluster_member {
	const char *name;
	const char *zone; /* the location that it is in; NULL: there is but one */
	int64_t number;   /* in the order of creation */
	bool well;        /* is to run, and does */
	bool first;       /* made by the specification of the first member */
};

/* --- which member goes ------------------------------------------------------------------------ */

/* The indices of all in the order in which they would go, into `ret`, which has room for `count`. With
 * `spread` each goes from the zone that has the most. The first member is the last to go. Returns how many
 * go: of `wanted` fewer where there are not so many; 0 also where there is no memory. */
size_t cluster_removals(const struct cluster_member *members, size_t count, enum cluster_removal by,
			bool spread, size_t wanted, size_t *ret);

/* What goes is never all that is well, as long as anything stays: of those that stay the one that would go
 * next goes instead of the best of those that are well. `ret` is as cluster_removals gave it. */
void cluster_spare_last(const struct cluster_member *members, size_t count, enum cluster_removal by,
			size_t *ret, size_t taken);

/* --- where the next one goes ------------------------------------------------------------------ */

/* How the start of a member in a zone ended. */
struct zone_outcome {
	const char *zone;
	int64_t at_ms;
	bool failed;
};

/* A zone failed when, of the starts within the time, there are so many, and such a share failed. */
struct zone_rule {
	int64_t within_ms;
	size_t least;
	double share;
};
extern const struct zone_rule brooklyns_zone_rule; /* 2 within an hour, 90 % */

struct zone_choice {
	const char *const *zones; /* that may be used, in the order of the blueprint */
	size_t zone_count;
	const struct cluster_member *members;
	size_t member_count;
	const struct zone_outcome *outcomes;
	size_t outcome_count;
	struct zone_rule rule;
	int64_t now_ms;
};

bool zone_failed(const struct zone_choice *choice, const char *zone);
/* The index of the zone with the fewest members, of equals the first; those that failed are avoided. Where
 * all failed: the one whose last failure is the longest ago, so that it is tried again. SIZE_MAX: there is
 * none. */
size_t zone_for_next(const struct zone_choice *choice);
/* Where the one goes that takes a member's place: into its zone, if that is there and has not failed. */
size_t zone_for_replacement(const struct zone_choice *choice, const struct cluster_member *old);

/* --- how large it becomes --------------------------------------------------------------------- */

struct cluster_change {
	size_t add, remove;
	bool no_room; /* more is wanted, and it has as many as it may */
};
/* `most` 0: no bound. Beyond it, it grows as far as that. */
struct cluster_change cluster_resize(size_t size, size_t wanted, size_t most);

/* --- what becomes of a member ----------------------------------------------------------------- */

enum start_outcome { START_DONE, START_FAILED, START_NO_ROOM /* no machine to be had */ };
enum cluster_fate {
	FATE_JOINS,
	FATE_QUARANTINED, /* is no member any more, and stays to be looked at */
	FATE_DISCARDED
};
enum cluster_fate cluster_fate(enum start_outcome outcome, bool quarantine);
/* Whether so many are enough of the `initial` for the start to be a success; `quorum` below 0: all. */
bool cluster_has_started(int64_t initial, int64_t quorum, size_t started);
/* Whether the cluster is up and runs. One that was begun without members does; one that lost all does not. */
struct cluster_health {
	bool up, on_fire;
};
struct cluster_health cluster_health(size_t members, size_t up, size_t on_fire, bool had_members);

#endif
