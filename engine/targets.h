/* targets.h - what all operations of a handle have in common where they use the same place. */
#ifndef BERTH_ENGINE_TARGETS_H
#define BERTH_ENGINE_TARGETS_H

#include "engine/engine.h"

/* A place that somebody watches or keeps something at: the handle's, and counted by the sites that use it. */
struct target {
	struct target *next;
	struct berth *berth;
	char *key; /* which place it is, and how it is come to */
	unsigned users;
	struct arena arena;       /* of the location's specification, */
	json_t *options;          /* and those in it */
	struct location location; /* its own: watched, and listed for many at once */
	struct errand errand;     /* of that listing */
	struct map *ears;         /* struct ear by application */
	struct site *newcomers;   /* who watch what others watched already, and are to be told to list */
	struct site *asking;      /* who want a listing, the last one first */
	struct whole *whole;      /* under way, or NULL */
	struct timer *turn;
	bool due; /* the listing may have come further */
	/* Calls under way for instances that are kept, of all their applications: no more at one time than
	 * do good there. */
	struct slots changes, together, stops;
};

/* Be told when something about the operation's application may have changed there, as a driver tells it. It
 * only marks things dirty. 0 or -1 with *err. */
int target_watch(struct site *site, site_change *changed, struct error *err);
/* What is at the place of one application, and nothing but its instances; of many who ask at about the same
 * time all are told by one listing. Asked again after operation_wake. */
enum progress target_list(struct site *site, struct inventory *ret, struct error *err);
/* The site uses it no more. */
void target_unwatch(struct site *site);
void target_leave(struct site *site);

#endif
