/* lifecycle.c - the states of an instance, and how the actual one follows from what is seen. */
#include "policies/internal.h"

const char *lifecycle_name(enum lifecycle life)
{
	static const char *const names[LIFE_COUNT] = {"",         "created", "starting",  "running",
						      "stopping", "stopped", "destroyed", "on-fire"};

	return life < LIFE_COUNT ? names[life] : "";
}

enum lifecycle actual_state(enum lifecycle expected, enum service_up up, bool problem, bool problems_seen)
{
	if (expected == LIFE_RUNNING)
		return up == UP_YES && !problem ? LIFE_RUNNING : LIFE_ON_FIRE;
	if (expected != LIFE_NONE)
		return expected;
	if (problem)
		return up == UP_NO ? LIFE_STOPPED : LIFE_ON_FIRE;
	if (!problems_seen || up == UP_UNSET)
		return LIFE_NONE;
	return up == UP_YES ? LIFE_RUNNING : LIFE_STOPPED;
}
