/* bench.h - a set of policies on a bench: members that are up or not, a clock that is set, outcomes that are
 * told. */
#ifndef BERTH_TESTS_POLICIES_BENCH_H
#define BERTH_TESTS_POLICIES_BENCH_H

#include <criterion/criterion.h>
#include <string.h>

#include "base/text.h"
#include "policies/policy.h"

enum { BENCH_MEMBERS = 8 };
#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

struct bench {
	struct policy_set *set;
	struct arena arena; /* of the last step's wishes */
	struct wishes wishes;
	struct member_sense members[BENCH_MEMBERS];
	size_t member_count;
	struct wish_outcome outcomes[BENCH_MEMBERS];
	size_t outcome_count;
	struct policy_signal signals[BENCH_MEMBERS];
	size_t signal_count;
	struct sample samples[BENCH_MEMBERS];
	size_t sample_count;
	int64_t size; /* of the component; at first as many as members */
	uint64_t chance;
	int64_t now, zone_ms;
	enum lifecycle state;
	bool up;
};

/* `policies` is a JSON list of objects with a type and keys; so many members, all well, at time 1,000,000. */
void bench_begin(struct bench *bench, const char *policies, size_t members);
void bench_end(struct bench *bench);
/* The error of a set that cannot be made. */
struct error bench_refuses(const char *policies);
/* What is remembered goes through its text into a new set of the same policies. */
void bench_restart(struct bench *bench, const char *policies);

/* One step now; what was told and ended before it is part of it. */
void bench_step(struct bench *bench);
/* Step at each time the policies ask for, up to so much later. */
void bench_pass(struct bench *bench, int64_t ms);
/* The first wish of that kind in the last step; of the member if it is not NULL. NULL: none. */
const struct wish *bench_wish(const struct bench *bench, enum wish_kind kind, const char *member);
size_t bench_count(const struct bench *bench, enum wish_kind kind);
/* Whether the sensor was emitted in the last step. */
bool bench_emitted(const struct bench *bench, const char *sensor);
/* The outcome of the wish, told with the next step, which is made now. */
void bench_ended(struct bench *bench, const struct wish *wish, enum outcome_kind kind);
void bench_signal(struct bench *bench, const char *sensor, const char *member);
/* The component's own sensor has that number; and a step. */
void bench_number(struct bench *bench, const char *sensor, double number);
/* The member of that index is up, or not; and a step. */
void bench_up(struct bench *bench, size_t member, bool up);
void bench_expect(struct bench *bench, size_t member, enum lifecycle life);
const char *bench_said(struct bench *bench, enum policy_kind kind);
size_t bench_index(const struct bench *bench, enum policy_kind kind);

#endif
