/* memory.h - copies that live in an arena: somebody's, or one of their own. */
#ifndef BERTH_LOCATIONS_FAKE_MEMORY_H
#define BERTH_LOCATIONS_FAKE_MEMORY_H

#include "entities/spec.h"

struct memory {
	struct arena *arena; /* NULL: its own */
	struct arena own;
	bool failed; /* some copy found no memory; what was made is not to be used */
	const struct observed
	    *like; /* the copy before, in the same memory: what is equal is shared; or NULL */
};

void *memory_take(struct memory *memory, size_t size);            /* zeroed; NULL sets `failed` */
const char *memory_text(struct memory *memory, const char *text); /* NULL stays NULL */
void memory_observed(struct memory *memory, const struct observed *from, struct observed *to);
/* Of a spec all that the target makes something of. */
void memory_spec(struct memory *memory, const struct instance_spec *from, struct instance_spec *to);
/* NULL when there are none. */
struct spec_file *memory_files(struct memory *memory, const struct spec_file *from, size_t count);
void memory_release(struct memory *memory); /* of its own arena */

#endif
