/* soak.h - a controller for a long time. */
#ifndef BERTH_TESTS_SIM_SOAK_H
#define BERTH_TESTS_SIM_SOAK_H

#include <stdint.h>
#include <stdio.h>

/* So many virtual days; 0, or 1 when it grew or anything else went wrong. */
int soak_run(unsigned days, uint64_t seed, FILE *to);

#endif
