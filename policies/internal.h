/* internal.h - what the policies of one set share: their memories, and the step that is under way. */
#ifndef BERTH_POLICIES_INTERNAL_H
#define BERTH_POLICIES_INTERNAL_H

#include "policies/policy.h"

#include "base/text.h"

#define NEVER (-1)
#define LATER INT64_MAX /* of times to be called at: without news, not at all */

/* What a policy remembers of one member, or of the component. Whole numbers alone, so that the tables below
 * can write and read them; times are NEVER while they are not set. */

/* An action that was wished for. */
struct action {
	int64_t id;      /* 0: none */
	int64_t told;    /* it left the set: it stands until its outcome is known */
	int64_t attempt; /* the first is 1 */
};

struct detector_memory {
	int64_t was_up, problems_seen;
	int64_t published; /* enum published */
	int64_t failing_since, recovering_since;
	int64_t fail_at, recover_at, fire_at;
	int64_t life; /* the state that was told last */
	/* Of the classic one, which looks when something changed, and at a time that it set itself. */
	int64_t seen, look_at;
};
enum published { PUBLISHED_NONE, PUBLISHED_FAILED, PUBLISHED_RECOVERED };

struct connection_memory {
	struct action probe;
	int64_t poll_at;
	int64_t publish_at, looked_at;
	int64_t published;
	int64_t failing_since, recovering_since, last_good, last_bad;
};

struct restarter_memory {
	struct action action;
	int64_t last_failure;
	int64_t waiting;  /* failures told while a restart is under way: handled one after the other */
	int64_t given_up; /* and not well since */
};

struct replacer_memory {
	struct action action;
	int64_t waiting;
};

/* Of the restarter and the replacer under their short names. */
struct mender_memory {
	struct action action;
	int64_t causes; /* bits: what was told of it; 0: nothing */
	int64_t tries;  /* since it was last well for long enough */
	int64_t next_at, delay;
	int64_t well_since;
	int64_t open; /* the breaker */
	int64_t given_up;
	int64_t unseen_since;
};

struct stop_memory {
	struct action action;
	int64_t began, fired, again_at;
};

struct periodic_memory {
	struct action action;
	int64_t started;
	int64_t next_at;   /* by a period */
	int64_t last_at;   /* by a schedule: up to then every moment was seen to */
	int64_t ran_until; /* when the last run ended */
	int64_t skips;     /* it was suspended: moments up to now are left out */
	int64_t over;      /* Brooklyn's, after a run that failed */
};

/* Of both autoscalers. */
struct scaler_memory {
	struct action action;
	int64_t target; /* of the action */
	/* Of Brooklyn's. */
	int64_t check_at, checked_at; /* the check that is scheduled; the last one */
	int64_t check_now;            /* a resize was not done */
	int64_t bounds_now;           /* bounds were changed */
	int64_t tell_after;           /* look at the notice when the resize has ended */
	int64_t told_max;             /* the notice was given */
	int64_t deaf;                 /* it was suspended while a check was scheduled */
	/* Of our own. */
	int64_t size;               /* as it was seen last */
	int64_t heard;              /* a number came, or became too old, since what is wanted was noted */
	int64_t known_count;        /* of metrics whose number is not too old, at the last look */
	int64_t resumed;            /* what was wanted before counts no more */
	int64_t changed_at;         /* the last change of the size */
	int64_t failures, again_at; /* of resizes in a row; not before */
	int64_t capacity, capacity_until; /* there was no room for more; until then it is not tried */
	int64_t bounded;                  /* more was wanted than is allowed, which was told */
	int64_t told_size;                /* dry: what was told last */
};

/* What was wanted, and since when. */
struct history {
	struct mark {
		int64_t at, value;
	} * marks;
	size_t count, room;
};
/* Within a window. Where it began before the first mark, nothing is known: the least is INT32_MIN, the most
 * INT32_MAX. */
struct span {
	int64_t latest; /* -1: none */
	int64_t least, most;
};
enum { HISTORY_WANTED, HISTORY_UNBOUNDED, HISTORIES };

/* What autoscalers remember is much more: in the others' there is no room for it (records.c), since of those
 * there may be thousands. */
struct record {
	char *member; /* NULL: of the component as a whole */
	char *why;    /* of its action */
	bool here;    /* in this step's senses */
	union {
		struct detector_memory detector;
		struct connection_memory connection;
		struct restarter_memory restarter;
		struct replacer_memory replacer;
		struct mender_memory mender;
		struct stop_memory stop;
		struct periodic_memory periodic;
		struct scaler_memory scaler;
	};
};

/* A number of a memory, by its name in what is saved. */
struct memory_field {
	const char *name;
	size_t offset;
	int64_t initial;
};
/* Parts and fields: nothing to put into brackets. NOLINTBEGIN(bugprone-macro-parentheses) */
#define REMEMBERED(part, field, otherwise)                                                                   \
	{                                                                                                    \
		.name = #field, .offset = offsetof(struct record, part.field), .initial = (otherwise)        \
	}
#define REMEMBERED_ACTION(part, action)                                                                      \
	REMEMBERED(part, action.id, 0), REMEMBERED(part, action.told, 0), REMEMBERED(part, action.attempt, 0)
/* NOLINTEND(bugprone-macro-parentheses) */

struct policy;
struct step;

/* One way of deciding. All members are required but those that say so. */
struct behaviour {
	const struct memory_field *fields;
	size_t field_count;
	size_t action_offset; /* of the action in the record; NO_ACTION: it has none */
	enum { ON_DEMAND, PER_MEMBER, PER_COMPONENT } records; /* which there are from the beginning */
	bool of_strangers; /* what was told of a member is acted on though it is none (any more) */
	/* A sensor was told; not called while suspended. */
	void (*hear)(struct policy *, struct step *, const char *sensor, const char *member,
		     const char *words);
	/* The action of the record ended and is forgotten; `words` is never NULL. */
	void (*ended)(struct policy *, struct step *, struct record *, enum outcome_kind, const char *words);
	/* A number or a pool's load was published, also while suspended. May be NULL. */
	void (*sense)(struct policy *, struct step *, const struct sample *);
	/* Whether such a number is any concern of it. NULL where `sense` is. */
	bool (*hears)(const struct policy *, const struct sample *);
	/* Look at the member of the record; `sense` is NULL for the component's own. */
	void (*look)(struct policy *, struct step *, struct record *, const struct member_sense *sense);
	void (*resumed)(struct record *); /* may be NULL */
	/* Whether its keys go together. May be NULL. */
	int (*check)(const struct policy *, struct error *);
	/* A key is about to be set to a value of its kind, or unset (NULL): refuse it. A key was set. Both
	 * may be NULL. */
	int (*allow)(const struct policy *, const char *key, const struct policy_value *, struct error *);
	int (*configured)(struct policy *, const char *key); /* -1: no memory */
	void (*explain)(const struct policy *, const struct record *, int64_t now, struct text *);
	/* Whether the member is acted on, or will be, by what is remembered of it; `untold`: it is down, and
	 * the detectors are still to tell that. NULL: it acts on none that is not well. */
	bool (*tends)(const struct policy *, const struct record *, const char *member, bool untold,
		      int64_t now);
};
#define NO_ACTION SIZE_MAX

/* A key's value: of thousands of policies each key of each. */
struct setting {
	char *text; /* ended by a NUL */
	union {     /* by the key's kind */
		int64_t number;
		double real;
		const json_t *map;
	};
};

struct policy {
	struct policy_set *set;
	const struct policy_type *type;
	const struct behaviour *behaviour;
	char *name;          /* as the blueprint writes its type */
	json_t *given;       /* the blueprint's keys, shared with it until one is set, that `values` borrow
			      * from; NULL: it gives none */
	json_t *set_by_hand; /* {KEY: {"to", "over"}}: what was set while it ran, and the blueprint's word */
	struct setting *values; /* as many as its type has keys */
	uint64_t has;           /* a bit for each key that the blueprint or the table gives a value */
	bool suspended, supplied;
	struct record *records; /* record_at() */
	size_t record_count, record_room;
	size_t looked_at; /* members are mostly asked for in their order: where the next one is likely */
	/* Of the classic replacer: when replacements failed. */
	int64_t *times;
	size_t time_count, time_room;
	/* Of autoscalers. */
	struct history histories[HISTORIES];
	struct known *known; /* of each metric; NULL: of none yet */
};

/* The last number that was told of a metric, and what it asks for. */
struct known {
	double value;
	int64_t at; /* NEVER: none */
	int64_t wanted;
};

struct policy_set {
	struct policy *policies; /* detectors first, so that what they find is acted on in the same step */
	size_t count;
	int64_t next_id;
};

struct heard {
	const char *sensor, *member, *words;
	struct heard *next;
};

/* One step: what came in, what goes out so far. */
struct step {
	struct policy_set *set;
	const struct senses *senses;
	size_t sensed_at; /* likewise of the senses */
	int64_t now, next;
	struct arena *arena;
	struct wish *wishes;
	size_t count, room;
	struct heard *first, *last;
	bool failed; /* memory is gone */
};

extern const struct behaviour classic_detector, detector, connection_detector, classic_restarter,
    classic_replacer, mender, stop_after, periodic, classic_autoscaler, autoscaler;

/* --- settings (settings.c): by the name in the type's table --- */
bool setting_given(const struct policy *policy, size_t index);
int64_t setting(const struct policy *policy, const char *key);     /* NEVER: unset */
double setting_real(const struct policy *policy, const char *key); /* NAN: unset */
const char *setting_text(const struct policy *policy, const char *key);
const json_t *setting_map(const struct policy *policy, const char *key);
/* Take one key's value, which lives as long as the policy's `given`; NULL: what the table says. */
int setting_take(struct policy *policy, size_t index, const json_t *json, struct error *err);
/* Set one key of a policy that runs, and note that it was. 0 or -1 with *err. */
int setting_change(struct policy *policy, size_t index, const json_t *json, struct error *err);
/* What was set of a policy of that name before; not where the blueprint says something else of the key by
 * now. 0 or -1 (no memory). */
int settings_restore(struct policy *policy, const json_t *saved, struct error *err);

/* --- records (records.c) --- */
struct record *record_at(const struct policy *policy, size_t index);
struct record *record_find(struct policy *policy, const char *member);
/* Found or made; NULL without memory. */
struct record *record_of(struct policy *policy, const char *member);
void record_begin(const struct behaviour *behaviour, struct record *record);
struct action *record_action(const struct policy *policy, struct record *record); /* NULL: it has none */
void records_keep(struct policy *policy, bool (*keep)(const struct policy *, const struct record *));
int time_add(struct policy *policy, int64_t time);
json_t *policy_save(const struct policy *policy);
int policy_restore(struct policy *policy, const json_t *saved, struct error *err);

/* --- history.c --- */
/* What is older than the window goes, but for the last of it. 0 or -1 (no memory). */
int history_add(struct history *history, int64_t now, int64_t value, int64_t window);
struct span history_span(const struct history *history, int64_t now, int64_t window);
/* The next moment at which what is known of the window may be another; LATER: none. */
int64_t history_next(const struct history *history, int64_t now, int64_t window);
void history_turn_back(struct history *history, int64_t now); /* the clock was set back */
void history_release(struct history *history);

/* --- the step (step.c) --- */
struct wish *tell(struct step *step, struct policy *policy, enum wish_kind kind, const char *member,
		  const char *what, const char *why, ...) __attribute__((format(printf, 6, 7)));
/* Wish the sensor told, and let the others of the set hear it. Never NULL. */
struct wish *emit(struct step *step, struct policy *policy, const char *member, const char *sensor,
		  const char *why, ...) __attribute__((format(printf, 5, 6)));
void due(struct step *step, int64_t at); /* be called then, at the latest */
const struct member_sense *sense_of(struct step *step, const char *member);
/* Is to run, is up, and nothing is wrong with it. */
bool is_well(const struct member_sense *sense);
/* Another policy of the set wishes to act on the member. */
bool taken(const struct step *step, const char *member, const struct policy *but);
/* And its action was told: it may be under way. */
bool acted_on(const struct step *step, const char *member, const struct policy *but);
/* Whether the set has a policy of that kind. */
bool set_has(const struct policy_set *set, enum policy_kind kind);
/* Wish the action of a record; it is told at the end of the step. */
void action_begin(struct policy *policy, struct step *step, struct record *record, int64_t attempt,
		  const char *why, ...) __attribute__((format(printf, 5, 6)));
/* How many of the policy's actions are wished for. */
size_t actions_standing(const struct policy *policy);
/* Of the other members, so many are well and nobody is at work on them. */
size_t healthy_others(const struct step *step, const char *member);
/* A time that lies further ahead than the delay it was made of: the clock was set back. */
int64_t not_beyond(int64_t at, int64_t now, int64_t delay);
/* a + b, and never beyond what a time can be. */
int64_t time_sum(int64_t a, int64_t b);
const char *duration_said(const struct step *step, int64_t ms);
void duration_write(struct text *to, int64_t ms);

/* --- backoff.c --- */
/* The wait after try number `tries` (from 1), never less than the one before. `chance` is any number. */
int64_t backoff_delay(int64_t base, int64_t most, int64_t jitter_percent, int64_t tries, int64_t before,
		      uint64_t chance);

/* --- autoscaler.c --- */
/* Whether the last number of a metric is not too old. */
bool scaling_known(const struct policy *policy, const struct known *known, int64_t now);

/* --- lifecycle.c --- */
/* What Brooklyn makes service.state of: LIFE_NONE where it leaves it as it is. */
enum lifecycle actual_state(enum lifecycle expected, enum service_up up, bool problem, bool problems_seen);

/* mender.c: whether the record's member, which is out of sight, is acted on all the same. */
bool mender_goes_blind(const struct policy *policy, const struct record *record, int64_t now);

#endif
