/* scaling_rules.h - what an autoscaler goes by: metrics that are kept near a target, within bounds or by
 * steps, and bounds of its size that the clock sets. */
#ifndef BERTH_BLUEPRINTS_SCALING_RULES_H
#define BERTH_BLUEPRINTS_SCALING_RULES_H

#include "blueprints/policy_types.h"
#include "blueprints/schedule.h"

enum { SCALING_METRICS = 8, SCALING_STEPS = 8, SCALING_SCHEDULES = 16 };

/* Beyond a bound so many instances more, or fewer. */
struct scaling_step {
	bool above;
	double bound;
	int64_t count;
};

/* Texts are borrowed from what was read, with their lengths; numbers are NAN where they are not given. */
struct scaling_metric {
	const char *sensor, *entity; /* entity NULL: the component's own */
	size_t sensor_length, entity_length;
	double target;                            /* one of the three: this, */
	double lower, upper;                      /* both of these, */
	struct scaling_step steps[SCALING_STEPS]; /* or these */
	size_t step_count;
};

/* From its moments on, until a moment of another one. */
struct scaling_schedule {
	struct schedule when;
	int64_t min, max; /* -1: as without it */
};

struct scaling_rules {
	struct scaling_metric metrics[SCALING_METRICS];
	size_t metric_count;
	struct scaling_schedule schedules[SCALING_SCHEDULES];
	size_t schedule_count;
};

/* The keys of an autoscaler, in either spelling. 0, or -1 with what is wrong. */
int scaling_rules_read(const struct policy_type *type, const json_t *config, struct scaling_rules *ret,
		       struct error *err);
/* The lists of three of its keys, each for itself. */
int scaling_metrics_read(const json_t *list, struct scaling_rules *ret, struct error *err);
int scaling_steps_read(const json_t *list, struct scaling_metric *ret, struct error *err);
int scaling_schedules_read(const json_t *list, struct scaling_rules *ret, struct error *err);

#endif
