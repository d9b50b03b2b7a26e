/* tell.c - a number that is told to a sensor from outside, in the application that the handle keeps. */
#include <math.h>
#include <string.h>

#include "engine/awaited.h"
#include "engine/handle.h"
#include "engine/hold_sensors.h"
#include "engine/keeper.h"

static int tell(struct berth *berth, const struct berth_sample *sample, struct error *err)
{
	const struct hold *hold = berth->backend ? NULL : keeper_hold(berth, sample->app);
	if (!hold && !berth->backend)
		hold = awaited_in(berth, sample->app);
	if (!isfinite(sample->value))
		return fail(err, ERR_INVALID, "the value is no number");
	if (!hold && (berth->backend || keeper_keeps(berth, sample->app))) {
		fail(err, ERR_LOCKED, "`%.80s` is not looked after just now", sample->app);
		remedy(err, "tell it again in a moment");
		return -1;
	}
	if (!hold)
		return fail(err, ERR_MISSING, "no application `%.80s` is looked after", sample->app);
	const struct held_component *held = held_component_of(hold, sample->component);
	if (!held)
		return fail(err, ERR_MISSING, "`%s` has no component `%.80s`", sample->app,
			    sample->component);
	return held_tell(held, sample, err);
}

enum berth_outcome berth_tell(struct berth *berth, const struct berth_sample *sample,
			      struct berth_error *error)
{
	struct berth_sample given = {.size = sizeof given};
	struct error err = {0};
	memcpy(&given, sample, sample->size < sizeof given ? sample->size : sizeof given);
	if (!given.app || !given.component || !given.sensor)
		fail(&err, ERR_INVALID, "a sample is of an application, a component and a sensor");
	else if (!tell(berth, &given, &err))
		return BERTH_OK;
	struct berth_error told;
	berth_error_from(error ? error : &told, &err);
	enum berth_outcome outcome = err.code == ERR_INVALID  ? BERTH_USAGE
				     : err.code == ERR_LOCKED ? BERTH_LOCKED
				     : err.code == ERR_STALE  ? BERTH_INVALID
							      : BERTH_FAILED;
	(error ? error : &told)->outcome = outcome;
	return outcome;
}
