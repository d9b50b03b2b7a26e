/* numbers.h - what a handle counts of its own work, for whoever shows it: counters since it was opened, and
 * how things are at the moment.
 */
#ifndef BERTH_NUMBERS_H
#define BERTH_NUMBERS_H

#include <berth/berth.h>

#ifdef __cplusplus
extern "C" {
#endif

enum berth_number_kind {
	BERTH_COUNTER,  /* only grows */
	BERTH_GAUGE,    /* as it is now */
	BERTH_DURATION, /* how often something took how long */
};

struct berth_label {
	const char *name, *value;
};

/* Valid during the call only. */
struct berth_number {
	size_t size;
	const char *name; /* "calls": numbers of one name come one after another, with other labels */
	enum berth_number_kind kind;
	const char *summary; /* what it is, for people */
	const struct berth_label *labels;
	size_t label_count;
	uint64_t value; /* of a counter or a gauge; of a duration: how many there were */
	/* Of a duration: how many took at most `bounds[i]` milliseconds, and all of them together. */
	const int64_t *bounds;
	const uint64_t *within;
	size_t bound_count;
	int64_t sum_ms;
};

/* clang-format off */
/* Calls `tell` once for each number and each set of its labels. `tell` must not call back into the library.
 *
 *   calls{location, call, result}    calls to locations that were answered, or given up
 *   reconcile{verb}                  durations: from the first step to all being as wanted, or to giving up
 *   policy_decisions{policy, kind}   what policies decided to do, or to tell
 *   instances{app, state}            of applications that are kept or being changed
 *   applications                     that are kept
 *   queue_depth{queue}               instances that wait: for a step, for a call, for a record to be durable
 */
/* clang-format on */
BERTH_API void berth_numbers(const struct berth *berth,
			     void (*tell)(void *context, const struct berth_number *number), void *context);

#ifdef __cplusplus
}
#endif
#endif
