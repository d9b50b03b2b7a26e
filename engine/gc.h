/* gc.h - what is left at the locations that no application owns, and its removal. */
#ifndef BERTH_ENGINE_GC_H
#define BERTH_ENGINE_GC_H

#include "engine/deploy.h"

/* One thing that carries our mark. */
struct thing {
	const char *kind;         /* "instance", "network", "lease", "helper", "volume", "claim", ... */
	const char *name, *state; /* the state of an instance, else NULL */
	bool there;               /* as far as was listed last */
	bool removed;
	/* Of an instance: how far its removal has come. */
	int step;
	struct errand errand;
	struct error error;
	struct thing *next;
};

/* All that is left of one application at one location. */
struct remains {
	struct berth_operation *operation;
	struct site *site;
	const char *app;
	struct thing *first, **end;
	const char *owner; /* who claimed it (meanwhile), in words; NULL: nobody */
	int step;          /* how far its removal has come */
	struct errand errand;
	bool leased;
	struct lease holder;
	struct error error;
	struct remains *next;
};

enum {
	REMAINS_LEASE,
	REMAINS_INSTANCES,
	REMAINS_TIDY,
	REMAINS_LEASE_AGAIN,
	REMAINS_RELEASE,
	REMAINS_GIVE_BACK,
	REMAINS_OVER
};

/* gc_removal.c: go on with the removal until it has come to that step, or failed: `error` says why. True when
 * there is nothing to wait for. */
bool remains_go(struct remains *remains, int until);
/* Whether anything of it may be removed: not data alone, nor a claim. */
bool remains_removable(const struct remains *remains);

#endif
