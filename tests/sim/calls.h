/* calls.h - every function of every driver, counted as the engine calls it. */
#ifndef BERTH_TESTS_SIM_CALLS_H
#define BERTH_TESTS_SIM_CALLS_H

#include "tests/sim/tally.h"

/* From now on into that tally: "driver call", such as "docker place done". */
void calls_count(struct tally *tally);
/* Make the rows known that are to be filled for a driver. */
void calls_expect(struct tally *tally, const char *type);

#endif
