/* wait.h - what `wait` waits for, and how far it has come. */
#ifndef BERTH_ENGINE_WAIT_H
#define BERTH_ENGINE_WAIT_H

#include "engine/deploy.h"

enum goal { GOAL_RUNNING, GOAL_HEALTHY, GOAL_FINISHED, GOAL_GONE };

/* One instance that is waited for. */
struct awaited {
	const char *component, *name, *location;
	bool job;
	const struct observed *seen; /* of the last listing; NULL: not there */
	const char *state;           /* as told last */
	bool good, reason_told;
	/* Health. */
	struct work *work;
	bool answers, again;  /* it did when it was asked last; it is to be asked again all the same */
	struct error error;   /* why it does not answer */
	char incarnation[80]; /* that was asked */
	int64_t started_ms, answered_ms, not_before_ms, delay_ms;
	struct awaited *next;
};

struct waiting {
	enum goal goal;
	struct awaited *first, **end;
	bool changed;      /* something happened since the listing began */
	bool matched;      /* works were made */
	bool ever;         /* everybody answered once */
	int64_t listed_ms; /* when everybody answered last */
	int64_t silent_ms; /* since when somebody does not; 0: all do */
	int64_t again_ms;  /* when to list again though nobody told */
};

static inline int64_t now(const struct berth_operation *operation)
{
	return operation->berth->world->ops->now(operation->berth->world);
}

/* --- wait_state.c: who is waited for, and what each is --- */
/* Those that the blueprint wants. 0 or -1 (no memory). */
int await_wanted(struct berth_operation *operation);
/* What a listing tells of them, and of others that are waited for. 0 or -1 (no memory). */
int await_listed(struct berth_operation *operation);
/* By its settled name, whatever generation it is. */
struct awaited *awaited_of(const struct berth_operation *operation, const char *component, unsigned ordinal);
/* Whether all is as it should be; tells the listener what changed. */
bool judge_all(struct berth_operation *operation);
/* Whether a job came to its end, and how. */
bool ended_well(const struct observed *seen);

/* --- wait_health.c: whether each answers, asked from here --- */
/* What to ask them, once they were found. 0 or -1 with operation->error. */
int health_learn(struct berth_operation *operation);
/* Ask whoever is due. Milliseconds until the next one is; -1: none. */
int64_t health_ask(const struct berth_operation *operation);
/* All are to answer at about the same time. True when some are to be asked once more. */
bool health_stale(const struct berth_operation *operation);
/* What another incarnation answered says nothing of this one. */
void health_note_incarnation(struct awaited *awaited);

#endif
