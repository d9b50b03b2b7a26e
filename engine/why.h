/* why.h - what is found out about one instance, and how it is put into words. */
#ifndef BERTH_ENGINE_WHY_H
#define BERTH_ENGINE_WHY_H

#include "engine/deploy.h"
#include "engine/subjects.h"

enum who { WHO_NOBODY, WHO_YOU, WHO_ADMINISTRATOR, WHO_OWNER };

struct finding {
	struct work *work;
	const char *name; /* the settled one */
	enum phase state;
	/* From the store's events; NULL: nothing recorded. */
	const char *failure, *failure_time; /* the last one, unless it ran after that */
	const char *failure_remedy;         /* NULL: nothing was known to help */
	const char *ran_time;               /* when it was last seen to answer */
	const char *last, *last_time;       /* what was recorded last */
	/* From looking at it. */
	int step; /* how far that has come */
	struct observed looked;
	bool moved;          /* it was another state that was listed, and that plans were made for */
	const char *illness; /* why its check fails, as the one who keeps it found; NULL: it does not */
	bool asked;
	struct error silence; /* why it does not answer; OK: it does */
	/* In words. */
	struct text why, remedy, next;
	bool deploy_next, logs_next; /* what `next` is */
	enum who who;
	struct finding *following;
};

struct inquiry {
	struct finding *first, **end;
	bool may_plan;                   /* every place answers, and every component has one */
	bool planned;                    /* actions and reasons of the works are worth something */
	struct error plan_error;         /* why they are not */
	bool remembered;                 /* the store knows the application */
	const char *under_way;           /* another command that is at it, in words; NULL: none */
	const char *owner;               /* somebody else, who holds it at some location; NULL */
	const struct subjects *policies; /* and whether they are kept here; NULL: not known */
	const json_t *stopped;           /* {INSTANCE: by}: those stopped on purpose */
	const char *deploy, *flags;      /* "berth deploy /x/shop.yaml", " --location a=docker" */
};

/* Fills in why, remedy, next and who. */
void finding_explain(const struct berth_operation *operation, const struct inquiry *inquiry,
		     struct finding *finding);

#endif
