/* scenario.h - what a scenario says: the fleet, how programs behave, what happens in turn, and what must
 * hold.
 *
 * Every map of it is read by a table of its keys; the JSON Schema and the reference come from the same
 * tables.
 */
#ifndef BERTH_ENGINE_SCENARIO_H
#define BERTH_ENGINE_SCENARIO_H

#include "berth/berth.h"
#include "blueprints/diagnostics.h"

struct yaml_node;

/* Every structure that a map of the scenario is read into begins so. */
struct said {
	struct said *next;  /* in its list */
	const char *name;   /* its key, in maps from names; else NULL */
	struct place place; /* of that key, or of the map */
	uint64_t given;     /* a bit for each key of its table, and SAID_UNKNOWN */
};

/* The one after it in its list, of its own type; NULL: the last. */
#define said_next(at) ((__typeof__(at))(at)->said.next)
/* Whether that key of its table was given. */
#define said_has(at, key) ((at)->said.given >> (key)&1)

#define SAID_UNKNOWN (UINT64_C(1) << 63) /* it has a key that nobody knows: what it lacks may be that */

struct said_text {
	const char *text; /* NULL: not given, or given without a value */
	struct place place;
};

/* --- the tables ---------------------------------------------------------------------------------- */

enum form {
	FORM_TEXT,     /* struct said_text */
	FORM_MAYBE,    /* struct said_text, or nothing behind the colon */
	FORM_FLAG,     /* bool */
	FORM_DURATION, /* int64_t: milliseconds */
	FORM_NEVER,    /* the same, or `never`: -1 */
	FORM_JUMP,     /* the same, with a sign before it */
	FORM_NUMBER,   /* int64_t */
	FORM_ALWAYS,   /* the same, or `always`: UINT32_MAX */
	FORM_WORD,     /* int: which of the words */
	FORM_WORDS,    /* uint64_t: a bit for each of the words that is in the list, or the only one */
	FORM_TEXTS,    /* struct said_pair: a list of texts, or the only one */
	FORM_PAIRS,    /* struct said_pair: a map from names to texts */
	FORM_MAP,      /* one structure, in place */
	FORM_NAMED,    /* struct said *: a list of structures, from a map from names to maps */
	FORM_LIST,     /* struct said *: the same from a list of maps */
};

struct said_pair {
	struct said said;
	struct said_text value;
};

struct scenario_key {
	const char *name;
	enum form form;
	size_t at;           /* in the structure that is read into */
	const char *summary; /* NULL ends a table together with the name */
	/* FORM_WORD, FORM_WORDS: NULL-terminated. */
	const char *const *words;
	/* FORM_MAP, FORM_NAMED, FORM_LIST */
	const struct scenario_form *of;
	int64_t low, high; /* FORM_NUMBER, FORM_ALWAYS; high 0: as far as it goes */
};

struct scenario_form {
	const char *name; /* in the schema, and what a complaint calls it */
	const struct scenario_key *keys;
	size_t size;
	bool words; /* a text X stands for {X: } */
};

/* --- what it says -------------------------------------------------------------------------------- */

struct scenario_image {
	struct said said; /* its reference */
	int64_t pull_ms;
	bool missing, present;
};

struct scenario_engine {
	struct said said;
	int64_t latency_ms;
	struct scenario_image *images;
	struct said_pair *slow; /* call -> duration */
};

struct scenario_place {
	struct said said;
	struct scenario_engine docker;
};

enum { BEHAVIOUR_ANSWERS_AFTER, BEHAVIOUR_EXITS }; /* their places in the table */

struct scenario_behaviour {
	struct said said; /* the component, or within another one an image */
	int64_t answers_after_ms, exits, exit_code, lives_ms, stops_ms;
	struct said_text log, broken;
	struct scenario_behaviour *with_image;
};

enum {
	FAULT_AT,
	FAULT_CALLS,
	FAULT_COMPONENT,
	FAULT_SKIP,
	FAULT_TIMES,
	FAULT_FOR,
	FAULT_EFFECTS, /* here the effects begin */
	FAULT_UNREACHABLE = FAULT_EFFECTS,
	FAULT_LOST,
	FAULT_ANSWER_LOST,
	FAULT_REFUSED,
	FAULT_DELAY,
	FAULT_STATUS,
	FAULT_GARBAGE,
	FAULT_TRUNCATED,
	FAULT_CUT,
	FAULT_TWICE,
	FAULT_ENGINE_DOWN,
	FAULT_DISK_FULL,
	FAULT_KEYS
};

struct scenario_fault {
	struct said said;
	struct said_text at, component;
	uint64_t calls;
	int64_t skip, times, for_ms;
	int64_t unreachable_ms, delay_ms, status, truncated, cut, engine_down_ms;
	bool lost, answer_lost, refused, garbage, twice, disk_full;
};

/* What a plan is to do to which components. */
enum {
	PLAN_CREATES,
	PLAN_STARTS,
	PLAN_UPDATES,
	PLAN_RELINKS,
	PLAN_REPLACES,
	PLAN_RESTARTS,
	PLAN_STOPS,
	PLAN_REMOVES,
	PLAN_LISTS,
	PLAN_UNCHANGED = PLAN_LISTS,
	PLAN_KEYS
};

struct scenario_plan {
	struct said said;
	struct said_pair *lists[PLAN_LISTS];
	bool unchanged;
};

/* What a sensor tells over time. */
struct scenario_samples {
	struct said said; /* "web.load" */
	struct said_text file;
	bool shared;
};

enum step_key {
	STEP_DEPLOY,
	STEP_PLAN,
	STEP_STOP,
	STEP_START,
	STEP_RESTART,
	STEP_SCALE,
	STEP_DESTROY,
	STEP_EDIT,
	STEP_FAULT,
	STEP_KILL,
	STEP_REMOVE,
	STEP_CUT_OFF,
	STEP_REBOOT,
	STEP_JUMP,
	STEP_WAIT,
	STEP_ACTIONS,
	STEP_AFTER = STEP_ACTIONS,
	STEP_BY,
	STEP_OUTCOME,
	STEP_SAYS,
	STEP_TIMEOUT,
	STEP_ADOPT,
	STEP_VOLUMES,
	STEP_AT_CALL,
	STEP_EXIT_CODE,
	STEP_MEANWHILE,
	STEP_KEYS
};

struct scenario_step {
	struct said said;
	enum step_key action;
	struct said_text deploy, kill, remove, cut_off, reboot, by, says;
	struct said_pair *components; /* of stop, start, restart */
	struct said_pair *scale, *edit;
	struct said_text destroy;
	struct scenario_plan plan;
	struct scenario_fault fault;
	int64_t jump_ms, wait_ms, after_ms, timeout_ms, at_call, exit_code;
	int outcome; /* of scenario_outcomes */
	bool adopt, volumes;
	struct scenario_step *meanwhile;
};

/* What a step may end with. */
enum { ANY_OUTCOME = 9 };
extern const struct scenario_outcome {
	const char *word;
	enum berth_outcome outcome;
} scenario_outcomes[];

enum assert_key { ASSERT_NEVER, ASSERT_RECOVERS, ASSERT_OUTAGE, ASSERT_FINALLY, ASSERT_KEYS };

/* What an application may be, as `berth status` has it. */
extern const char *const scenario_states[];

enum { FINALLY_STATE, FINALLY_UNCHANGED, FINALLY_COUNT, FINALLY_NOTHING, FINALLY_KEYS };

struct scenario_finally {
	struct said said;
	int state; /* of scenario_states */
	bool unchanged, nothing;
	struct said_pair *count;
};

struct scenario_recovers {
	struct said said;
	int64_t within_ms;
	struct said_text component;
};

struct scenario_assertion {
	struct said said;
	enum assert_key what;
	struct said_text never;
	/* `never`: how many of whom; `more`: than that, else fewer. */
	int64_t count;
	bool more;
	const char *component;
	struct scenario_recovers recovers;
	struct said_pair *outage;
	struct scenario_finally finally;
};

struct scenario {
	struct said said;
	const char *file;
	struct said_text description;
	int64_t seed, limit_ms;
	struct said_pair *variables;
	struct scenario_place *fleet;
	struct scenario_behaviour *behaviour;
	struct scenario_samples *samples;
	struct scenario_step *steps;
	struct scenario_assertion *assertions;
};

/* scenario_keys.c: the outermost table, those of a step and of a plan; each kind of call's word and its
 * number in simulation/docker. */
extern const struct scenario_form scenario_form, scenario_step_form, scenario_plan_form;
extern const char *const scenario_calls[];
int scenario_call(size_t word); /* enum docker_call */

/* scenario_read.c: everything wrong goes to `list`, which has the last word; NULL when nothing can be read of
 * it (or no memory: list->failed). Lives in the arena. */
struct scenario *scenario_read(struct arena *arena, const char *file, const char *text, size_t size,
			       struct diagnostics *list);
/* "web.2" -> "web", 2; "web" -> "web", 0. */
const char *instance_said(struct arena *arena, const char *text, unsigned *ret_ordinal);

/* scenario_schema.c: its JSON Schema; NULL without memory. */
json_t *scenario_schema(void);

#endif
