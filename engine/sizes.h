/* sizes.h - how large a cluster is to be, and who its members are, as the store keeps it. */
#ifndef BERTH_ENGINE_SIZES_H
#define BERTH_ENGINE_SIZES_H

#include "engine/engine.h"

/* As it was written. `more` says what is not plain: {"members": [1, 3], "quarantined": [{"ordinal", "why",
 * "facts"}], "no_room": why, "first": 2}. */
struct size_note {
	bool known;
	unsigned size, initial; /* as asked for; the blueprint's number when that was decided */
	json_t *more;           /* NULL: its members are those from 1 to `size`, and that is all */
};

/* `line` NULL: nothing was written. */
void size_note_read(const char *line, struct size_note *ret);
void size_note_release(struct size_note *note);
#define size_note_auto __attribute__((cleanup(size_note_release)))

/* The digest of what is made from that specification of the cluster's. 0 or -1 (no memory). */
int cluster_facts(const struct berth_operation *operation, const struct component *component,
		  const struct component_spec *spec, char ret_hex[static DIGEST_HEX]);

#endif
