/* enrich.h - what is made of the numbers of sensors, one after the other. */
#ifndef BERTH_POLICIES_ENRICH_H
#define BERTH_POLICIES_ENRICH_H

#include "policies/numbers.h"

/* What it remembers of those before. Zero before the first. */
struct enriching {
	struct counter before;
	struct number_window window;
};

/* Of a number for each of its inputs, told at that time (which does not go back unless a clock does). False:
 * nothing is known yet, or it cannot be made of these. */
bool enrich(const struct enricher *how, struct enriching *state, const double *numbers, int64_t at_ms,
	    double *ret);
void enriching_release(struct enriching *state);

#endif
