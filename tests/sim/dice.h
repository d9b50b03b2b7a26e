/* dice.h - chance of a seed's own, apart from the simulated world's, so that leaving something out changes
 * nothing else. */
#ifndef BERTH_TESTS_SIM_DICE_H
#define BERTH_TESTS_SIM_DICE_H

#include <stdbool.h>
#include <stdint.h>

struct dice {
	uint64_t state;
};

/* splitmix64 */
static inline uint64_t dice_next(struct dice *dice)
{
	uint64_t z = dice->state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* 0 to sides - 1. */
static inline unsigned roll(struct dice *dice, unsigned sides)
{
	return sides ? (unsigned)((dice_next(dice) >> 32) * sides >> 32) : 0;
}

/* True once in so many times. */
static inline bool one_in(struct dice *dice, unsigned sides)
{
	return roll(dice, sides) == 0;
}

#endif
