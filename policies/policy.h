/* policy.h - policies: what is sensed of a component goes in, wishes come out. No clock, no I/O, no chance of
 * their own: a step is a function of what a set remembers, of its senses and of the time it is given.
 *
 *     set = policy_set_new(specs, count, &err);           of one component; supplies a missing detector
 *     policy_set_restore(set, json, &err);                what policy_set_save() gave before
 *     policy_set_step(set, &senses, now, &arena, &wishes);
 *     ... carry out wishes.list[], tell their outcomes with the next step, which is due at wishes.next_ms
 */
#ifndef BERTH_POLICIES_POLICY_H
#define BERTH_POLICIES_POLICY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "blueprints/policy_types.h"

/* --- what goes in --------------------------------------------------------------------------- */

/* What was last asked of an instance, and what is told of it: Brooklyn's service.state.expected and
 * service.state. */
enum lifecycle {
	LIFE_NONE, /* never asked for anything; nothing known */
	LIFE_CREATED,
	LIFE_STARTING,
	LIFE_RUNNING,
	LIFE_STOPPING,
	LIFE_STOPPED,
	LIFE_DESTROYED,
	LIFE_ON_FIRE,
	LIFE_COUNT
};
const char *lifecycle_name(enum lifecycle life); /* "on-fire"; "" for none */

enum service_up {
	UP_UNSET, /* nothing was ever told */
	UP_NO,    /* it ended, or its health check fails */
	UP_YES,
};

/* One instance as it is seen now. */
struct member_sense {
	const char *name; /* "app.web.1"; stays when a generation takes another's place */
	enum lifecycle expected;
	enum service_up up;
	const char *problem; /* what is wrong with it though it is up, in words; NULL: nothing */
	bool out_of_sight;   /* its target does not answer: nothing is concluded of it, nothing done to it */
	bool hindered;       /* and what is wrong is on the way to it: it is not silent, it cannot be asked */
	bool busy;           /* a deploy or somebody else is at work on it: nothing is done to it */
	const char *endpoint; /* "host:port" where it can be reached from here; NULL: nowhere */
};

/* Something that was told once, since the last step: a sensor emitted from outside the set. What a policy
 * emits reaches the others of its set by itself. */
struct policy_signal {
	const char *sensor; /* "ha.entityFailed" */
	const char *member; /* NULL: the component itself */
	const char *words;  /* may be NULL */
};

/* How busy a pool says that it is: what Brooklyn's resizablepool.hot and its like carry. */
struct pool_load {
	int64_t size;           /* -1: not told */
	double rate, low, high; /* NAN: not told */
};

/* A number that was published since the last step, or a pool's load. */
struct sample {
	const char *sensor; /* "load", "group.members.count", "resizablepool.hot" */
	const char *entity; /* whose it is; NULL: the component's own */
	enum { SAMPLE_NOTHING, SAMPLE_NUMBER, SAMPLE_LOAD } kind; /* NOTHING: it is there, without a value */
	double number;
	struct pool_load load;
	int64_t at_ms; /* when it was measured; 0: now */
};

enum outcome_kind {
	OUTCOME_DONE,
	OUTCOME_FAILED,
	OUTCOME_OLD_STAYS,   /* REPLACE: the new one serves, stopping the old one failed */
	OUTCOME_DROPPED,     /* not done and nothing tried: the wish may come again */
	OUTCOME_NO_CAPACITY, /* RESIZE: it grew as far as there was room, or not at all */
	OUTCOME_GIVEN_UP,    /* INVOKE: it was ended before its end, by whoever changes the component */
};

/* How an action or probe that was wished for ended. */
struct wish_outcome {
	uint64_t id;
	enum outcome_kind kind;
	const char *words; /* why it failed; may be NULL */
};

struct senses {
	const struct member_sense *members; /* all instances that are wanted, in any order */
	size_t member_count;
	const struct policy_signal *signals; /* in the order they were told */
	size_t signal_count;
	const struct wish_outcome *outcomes;
	size_t outcome_count;
	const struct sample *samples; /* in the order they were published */
	size_t sample_count;
	int64_t size;    /* how many members the component has: its group.members.count */
	uint64_t chance; /* drawn anew for each step: jitter is made of it */
	int64_t zone_ms; /* local time minus UTC, for schedules by the time of day; when it changes, the set
			    is asked */
	enum lifecycle state; /* of the component as a whole, for stop-after and periodic */
	bool up;              /* likewise: service.isUp */
};

/* --- what comes out ------------------------------------------------------------------------- */

enum wish_kind {
	/* Actions: told again by each step until their outcome is known. */
	WISH_RESTART, /* member */
	WISH_REPLACE, /* member: a new one first, then the old one goes */
	WISH_STOP,    /* the component */
	WISH_INVOKE,  /* effector `what` with `arguments`, of the component */
	WISH_RESIZE,  /* the component is to have `size` members */
	WISH_PROBE,   /* a TCP connection to `what`; DONE: it answers */
	/* Told once. */
	WISH_SIGNAL,  /* sensor `what` was emitted */
	WISH_STATE,   /* service.state of the member is `life` */
	WISH_EXPECT,  /* service.state.expected of the member is to be `life` */
	WISH_PROBLEM, /* key `what` of the component's service.problems is `why`, or is cleared */
	WISH_REPORT,  /* for events and `berth why`: an action is put off, or a breaker opened or closed
			 (`what` is  "breaker.open", "breaker.closed") */
};

/* Of a notice that a pool may not grow as far as it wants. */
struct pool_limit {
	int64_t current_size, max_allowed, current_unbounded, max_unbounded, time_window;
};

struct wish {
	enum wish_kind kind;
	uint64_t id;        /* of actions, unique in its set for ever; else 0 */
	const char *policy; /* which of the set, as the blueprint writes its type */
	const char *member; /* NULL: the component */
	const char *why;    /* in words, never NULL */
	const char *what;
	const json_t *arguments;        /* borrowed from the set; NULL: none */
	const struct pool_limit *limit; /* SIGNAL of a pool's limit; else NULL */
	unsigned size;                  /* RESIZE */
	enum lifecycle life;
	unsigned attempt;      /* RESTART, REPLACE: the first is 1; since it was last well */
	unsigned keep_healthy; /* carry out only while so many *other* instances are healthy */
	unsigned max_parallel; /* at most so many such actions of this component at one time; 0: no bound */
	bool clears;           /* PROBLEM: the key goes */
	bool unseen;           /* REPLACE: it is out of sight, and it is to be all the same */
	bool dry_run; /* an action that is only to be told: it is told once, and no outcome is awaited */
};

/* All in the arena that was given. */
struct wishes {
	const struct wish *list;
	size_t count;
	int64_t next_ms; /* when the next step is due without news; INT64_MAX: never */
};

/* --- a set ---------------------------------------------------------------------------------- */

/* As a blueprint says it. */
struct policy_spec {
	const char *type;     /* "restarter", "org.apache.brooklyn.policy.ha.ServiceRestarter", ... */
	const json_t *config; /* its keys with plain values; NULL: none */
};

struct policy_set;

/* NULL with *err: an unknown type or key, a value of the wrong kind. A restarter or replacer without a
 * failure detector is given one. The specs need not outlive the call. */
struct policy_set *policy_set_new(const struct policy_spec *specs, size_t count, struct error *err);
void policy_set_free(struct policy_set *set);

/* `now_ms` is the wall clock (UTC) in milliseconds, so that a remembered time means the same after a restart.
 * It may go back: nothing is then put off by more than its own delay. 0, or -1 without memory: the set is
 * then to be thrown away and made anew from what was saved. */
int policy_set_step(struct policy_set *set, const struct senses *senses, int64_t now_ms, struct arena *arena,
		    struct wishes *ret, struct error *err);

/* All that a set remembers, plain and with a version, for the caller to release; NULL without memory. Saved
 * together with what was done about the wishes of a step, it goes on after a crash where it was: actions
 * whose outcome was not told are wished again under their ids. */
json_t *policy_set_save(const struct policy_set *set);
/* What it remembers of policies that the set no longer has is left. -1: not of this version, or none. */
int policy_set_restore(struct policy_set *set, const json_t *saved, struct error *err);

/* Whether a policy of the set goes by that number; `entity` NULL: its own component's. */
bool policy_set_hears(const struct policy_set *set, const char *sensor, const char *entity);
/* Actions below it were wished for before. */
uint64_t policy_set_next_id(const struct policy_set *set);
size_t policy_set_count(const struct policy_set *set);
const char *policy_set_name(const struct policy_set *set, size_t index); /* as written; "supplied" ones too */
const struct policy_type *policy_set_type(const struct policy_set *set, size_t index);
bool policy_set_supplied(const struct policy_set *set, size_t index);
bool policy_set_suspended(const struct policy_set *set, size_t index);
/* A suspended policy wishes nothing; what it had wished is taken back (it is no longer told). Brooklyn's
 * restarter and replacer hear how that ended, all the same. */
void policy_set_suspend(struct policy_set *set, size_t index, bool suspended);
/* Its keys and their values, of the blueprint and as they were set since; borrowed, until it is set anew.
 * NULL: it was given none. */
const json_t *policy_set_config(const struct policy_set *set, size_t index);
/* What its failure detector tells of a member: Brooklyn's service.state, as of the last step. LIFE_NONE: it
 * has none, or that told nothing. */
enum lifecycle policy_set_state(const struct policy_set *set, const char *member);
/* Whether one of them is about to restart or replace the member, or at it; `down`: also when what is wrong
 * with it is still to be told, as it is no more up. False: they gave it up, are suspended, or only tell what
 * they would do. */
bool policy_set_tends(const struct policy_set *set, const char *member, bool down, int64_t now_ms);
/* One key of a policy that runs; refused for keys that are read once. It is saved and restored with the rest,
 * and counts until the blueprint gives the key another value than it had. */
int policy_set_configure(struct policy_set *set, size_t index, const char *key, const json_t *value,
			 struct error *err);
/* What a size is owed to: what its autoscaler goes by, and what keeps it from asking for another one. */
enum scaling_hold {
	HOLD_NOTHING,   /* it is what is asked for */
	HOLD_SUSPENDED, /* nobody asks */
	HOLD_RESIZING,
	HOLD_DOWN,    /* not all of it is up */
	HOLD_FAILED,  /* a resize failed, and is tried again */
	HOLD_NO_ROOM, /* there was no room for more */
	HOLD_AT_MOST, /* more would be asked for */
	HOLD_AT_LEAST,
	HOLD_COOLING, /* so soon after a change */
	HOLD_LASTING, /* it was not asked for long enough */
	HOLD_UNKNOWN, /* a number is not known, or too old */
	HOLD_COUNT
};
const char *scaling_hold_name(enum scaling_hold hold); /* "cooling-down"; "" for nothing */

struct metric_sight {
	const char *sensor, *entity; /* entity NULL: the component's own */
	enum { METRIC_UNKNOWN, METRIC_STALE, METRIC_FRESH } state;
	double value;                /* of one that is not unknown, */
	int64_t at_ms;               /* measured then, */
	int64_t wants;               /* and the size that it asks for, if it is fresh */
	double lower, upper, target; /* NAN: it has none */
};

struct scaling_sight {
	const char *policy;
	int64_t min, max; /* that are in force */
	int64_t wants;    /* asked for now, whatever is allowed; -1: nothing is known */
	int64_t target;   /* of the resize under way; -1: none is */
	int64_t until_ms; /* it holds till then; -1: till something else happens */
	enum scaling_hold hold;
	const struct metric_sight *metrics;
	size_t metric_count;
};
/* What the autoscaler of the set makes of a component of that size, which is up or not. 1; 0: it has none;
 * -1: no memory. */
int policy_set_scaling(const struct policy_set *set, const struct senses *senses, int64_t now_ms,
		       struct arena *arena, struct scaling_sight *ret);
/* What a policy is about, for `berth policy list` and `berth why`: "waits 4 s before restart 3 of web.1", and
 * the same of others behind `between`. False: it says that there is nothing to do. */
struct text;
bool policy_set_explain(const struct policy_set *set, size_t index, int64_t now_ms, const char *between,
			struct text *to);

#endif
