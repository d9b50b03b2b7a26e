/* backoff.c - waits that double, with a little chance in them. */
#include "policies/internal.h"

int64_t backoff_delay(int64_t base, int64_t most, int64_t jitter_percent, int64_t tries, int64_t before,
		      uint64_t chance)
{
	int64_t delay = base;

	for (int64_t i = 1; i < tries && delay < most && delay > 0; i++)
		delay = delay > most / 2 ? most : delay * 2;
	if (delay > most)
		delay = most;
	/* Added after the bound, so that those at the bound do not all come at one time; less than what a
	 * doubling adds, so that it never shrinks below the bound. */
	int64_t percent = jitter_percent > 100 ? 100 : jitter_percent;
	delay = time_sum(
	    delay, (int64_t)((double)delay * (double)percent / 100 * ((double)(chance >> 11) * 0x1p-53)));
	return delay > before ? delay : before;
}
