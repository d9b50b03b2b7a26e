/* zoned.h - a cluster over several engines: some do not answer for a while, new members do not get ready,
 * whoever works with it is killed; and what its members are held to. */
#ifndef BERTH_TESTS_SIM_ZONED_H
#define BERTH_TESTS_SIM_ZONED_H

#include "tests/sim/judge.h"

enum {
	ZONED_EACH = 25, /* of so many seeds one has such a cluster in the end */
	ZONED_TURN = 18, /* which of them */
};

bool score_is_zoned(uint64_t seed);
/* All of it; `stage` has come to rest. */
void zoned_play(struct theatre *stage, uint64_t chance);
void zoned_step(struct theatre *stage);
void zoned_close(struct theatre *stage);
void zoned_expect(struct tally *tally);

#endif
