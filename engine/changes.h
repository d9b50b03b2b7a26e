/* changes.h - what differs between an instance that is there and what is wanted of it, reason by reason. */
#ifndef BERTH_ENGINE_CHANGES_H
#define BERTH_ENGINE_CHANGES_H

#include "engine/specs.h"

struct decision {
	struct berth_operation *operation;
	struct work *work;
	bool failed; /* no memory */
};

/* What kinds of difference there are. */
struct changes {
	bool spec;    /* only another instance can be that */
	bool links;   /* values from other components */
	bool secrets; /* contents of secrets in variables */
	bool files;
	bool limits;    /* what the target changes in place */
	bool paused;    /* it is to go on */
	bool cut_off;   /* it is to be put on its network again */
	bool count;     /* of the tasks that the target keeps */
	bool under_way; /* the target is making it so */
};

/* Note a reason; texts are copied, NULL stays NULL. */
void because(struct decision *decision, const char *path, const char *old, const char *new,
	     struct place place);
/* Where a path of the facts was written: "openPorts.6379/tcp" stands at the key "openPorts". */
struct place place_of(const struct component_spec *spec, const char *path);
/* moves.c: whether it is the old one of a component that goes to another location; what that leaves behind in
 * its volumes, in words, into `to`: 0 or -1 (no memory); and that it is refused where nobody said that it may
 * be. */
bool work_moves(const struct work *work);
int move_leaves(const struct work *work, struct text *to);
int guard_moves(struct berth_operation *operation);
/* Compare what was found of a wanted instance with its specification (`found`: how far that is resolved).
 * Adds the reasons. */
struct changes changes_of(struct decision *decision, enum resolved found);
/* Compare limits and the restart policy alone: no value of it need be known. Adds the reasons. */
bool limits_differ(struct decision *decision);
/* Whether its files are others than those of its spec, or may be. */
bool files_differ(const struct work *work);
/* Whether its target changes limits or the restart policy of what is there. */
bool changes_in_place(const struct component *component);
/* Whether the limits that the instance has now can be told without asking its target. */
bool limits_known(const struct work *work);
/* The digest of what the component is to be made from. 0 or -1 (no memory). */
int wanted_digest(struct work *work, char ret_hex[static DIGEST_HEX]);
/* What was remembered of a component's facts, or NULL. Borrowed. */
const struct component_facts *remembered_facts(const struct berth_operation *operation,
					       const char *component);

#endif
