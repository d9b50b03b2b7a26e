/* store_copy.h - the store as a whole: copied into a file, and taken back from one. */
#ifndef BERTH_ENGINE_STORE_COPY_H
#define BERTH_ENGINE_STORE_COPY_H

#include "base/world.h"

struct store_copying {
	struct world *world;
	const char *directory; /* the store's */
	const char *file;      /* the copy's, an absolute path */
	bool dry_run;          /* everything is checked, nothing written */
	int64_t applications;  /* how many there are in the copy */
	char *former;          /* what was there before, for free(); NULL: nothing */
};

/* Both 0, or -1 with *err and nothing changed. */
int store_backup(struct store_copying *copying, struct error *err);
int store_restore(struct store_copying *copying, struct error *err);

#endif
