/* scaling.h - how many instances one metric asks for. */
#ifndef BERTH_POLICIES_SCALING_H
#define BERTH_POLICIES_SCALING_H

#include "blueprints/scaling_rules.h"

/* `value` is an average over `size` instances (of one, where there are none). Within its bounds, or so many
 * percent from its target, it asks for as many as there are. What it asks for can bear the load, and is never
 * so many that they would be too many at once: so a load that only rises never makes it shrink after it grew,
 * nor one that only falls grow after it shrank. */
int64_t scaling_wanted(const struct scaling_metric *metric, double value, int64_t size,
		       int64_t tolerance_percent);

/* The bounds of the size at a moment of local time. The maximum wins over a minimum above it. */
struct scaling_bounds {
	int64_t min, max;
};
struct scaling_bounds scaling_bounds(const struct scaling_rules *rules, int64_t local_ms,
				     struct scaling_bounds otherwise);

#endif
