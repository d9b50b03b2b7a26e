/* policy_types.h - the types of policies and their keys, as a blueprint writes them: what is checked, told
 * and documented is made of these tables. */
#ifndef BERTH_BLUEPRINTS_POLICY_TYPES_H
#define BERTH_BLUEPRINTS_POLICY_TYPES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum policy_kind {
	POLICY_RESTARTER,
	POLICY_REPLACER,
	POLICY_FAILURE_DETECTOR,
	POLICY_CONNECTION_DETECTOR,
	POLICY_STOP_AFTER,
	POLICY_PERIODIC,
	POLICY_AUTOSCALER,
	POLICY_KIND_COUNT
};

enum policy_value_kind {
	POLICY_DURATION, /* milliseconds; POLICY_FOREVER for "forever" */
	POLICY_MILLIS,   /* the same; a bare number is milliseconds under either name */
	POLICY_COUNT,    /* a whole number, not below 0 */
	POLICY_FLAG,
	POLICY_TEXT,
	POLICY_SENSOR,   /* the name of a sensor, or $brooklyn:sensor("NAME") */
	POLICY_TIME,     /* HH:mm[:ss] of the day, or "now" */
	POLICY_SCHEDULE, /* five fields, as cron's */
	POLICY_STATE,    /* a lifecycle's name */
	POLICY_MAP,
	POLICY_METRICS, /* lists, as scaling_rules.h reads them */
	POLICY_STEPS,
	POLICY_SCHEDULES,
	POLICY_NUMBER, /* with a fraction, of either sign */
	POLICY_ENTITY, /* the id of a component, or $brooklyn:entity("ID") */
	POLICY_JAVA,   /* an object of Brooklyn's Java, which there cannot be here */
};

#define POLICY_FOREVER (INT64_MAX / 4)

struct policy_key {
	const char *name;
	const char *flag;    /* another spelling, or NULL */
	const char *initial; /* as it would be written; NULL: unset */
	const char *meaning; /* one line */
	enum policy_value_kind kind;
	bool live; /* may be changed while the policy runs */
	bool required;
};

enum { POLICY_KEYS = 24 }; /* the most a type has */

struct policy_type {
	const char *name;     /* "restarter", or the class' full name */
	const char *old_name; /* the class' name before Brooklyn was Apache's; NULL for short names */
	enum policy_kind kind;
	bool classic;        /* keeps Brooklyn's rule as it is */
	bool enricher;       /* Brooklyn writes it under enrichers */
	const char *summary; /* one line */
	const struct policy_key *keys;
	size_t key_count;
};

extern const struct policy_type policy_types[];
extern const size_t policy_type_count;

/* By any of its names; NULL when there is none. */
const struct policy_type *policy_type_find(const char *name);
/* The closest name, for "did you mean"; NULL when none is close. */
const char *policy_type_closest(const char *name);
/* By either spelling; -1 when there is none. */
int policy_key_find(const struct policy_type *type, const char *name);
const char *policy_key_closest(const struct policy_type *type, const char *name);

/* One key's value, read. What is borrowed lives as long as the JSON it was read of, or for ever. */
struct policy_value {
	bool given;     /* by the blueprint or the table */
	int64_t number; /* durations, counts, flags; TIME: milliseconds of the day, -1 for "now" */
	double real;
	const char *text; /* with its length: not ended by a NUL */
	size_t length;
	const json_t *map; /* or list */
};

/* Read one value of a key; -1 with what is wrong and how it is written. */
int policy_value_read(const struct policy_type *type, const struct policy_key *key, const json_t *json,
		      struct policy_value *ret, struct error *err);
/* What the table says where the blueprint says nothing. */
void policy_value_initial(const struct policy_type *type, const struct policy_key *key,
			  struct policy_value *ret);

#endif
