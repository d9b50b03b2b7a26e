/* gc_removal.c - removes what is left of one application at one location, under a lease of its own, so that
 * no deploy of that name meets it halfway. */
#include <string.h>

#include "engine/gc.h"

#define LEASE_TTL_MS 120000
#define AT_ONCE      8

enum { THING_STOP, THING_REMOVE, THING_OVER };

static bool is_instance(const struct thing *thing)
{
	return strcmp(thing->kind, "instance") == 0;
}

static bool stays(const struct thing *thing)
{
	return strcmp(thing->kind, "volume") == 0 || strcmp(thing->kind, "claim") == 0;
}

bool remains_removable(const struct remains *remains)
{
	for (const struct thing *thing = remains->first; thing; thing = thing->next)
		if (!stays(thing))
			return true;
	return false;
}

static const struct location_driver *driver_of(const struct remains *remains)
{
	return remains->site->location.driver;
}

/* --- instances ---------------------------------------------------------------------------------- */

static enum progress ask_about(const struct remains *remains, struct thing *thing)
{
	struct location *location = &remains->site->location;
	if (thing->step == THING_STOP)
		return driver_of(remains)->stop(location, &thing->errand, remains->app, thing->name,
						&thing->error);
	return driver_of(remains)->remove(location, &thing->errand, remains->app, thing->name, &thing->error);
}

/* True when it is gone, or stays because of its error or an interruption. */
static bool remove_instance(const struct remains *remains, struct thing *thing)
{
	while (thing->step < THING_OVER) {
		if (!thing->errand.state && remains->operation->cancelled)
			return true;
		switch (ask_about(remains, thing)) {
		case PROGRESS_WAITING:
			return false;
		case PROGRESS_FAILED:
			thing->step = THING_OVER;
			return true;
		default:
			thing->step++;
		}
	}
	thing->removed = thing->error.code == OK;
	return true;
}

static enum progress remove_instances(struct remains *remains)
{
	size_t flying = 0;
	for (struct thing *thing = remains->first; thing && flying < AT_ONCE; thing = thing->next)
		flying += is_instance(thing) && thing->there && !remove_instance(remains, thing);
	return flying ? PROGRESS_WAITING : PROGRESS_DONE;
}

static bool instances_left(const struct remains *remains)
{
	for (const struct thing *thing = remains->first; thing; thing = thing->next)
		if (is_instance(thing) && thing->there && !thing->removed)
			return true;
	return false;
}

/* --- the rest ----------------------------------------------------------------------------------- */

static enum progress take_lease(struct remains *remains)
{
	struct berth_operation *operation = remains->operation;
	struct site *site = remains->site;
	const struct lease wanted = {
	    .token = operation->lease_token, .words = operation->lease_words, .ttl_ms = LEASE_TTL_MS};
	remains->holder = (struct lease){0};
	enum progress progress =
	    driver_of(remains)->lease(&site->location, &remains->errand, remains->app, &wanted,
				      &operation->arena, &remains->holder, &remains->error);
	if (progress != PROGRESS_DONE)
		return progress;
	remains->leased = remains->holder.token && strcmp(remains->holder.token, operation->lease_token) == 0;
	if (remains->leased)
		return PROGRESS_DONE;
	fail(&remains->error, ERR_LOCKED, "a deploy of `%s` is under way: %s", remains->app,
	     remains->holder.words ? remains->holder.words : "its name is not known");
	remedy(&remains->error,
	       "wait until it has ended; if it died, its lease expires within a minute or two");
	return PROGRESS_FAILED;
}

static void note_removed(struct remains *remains, const char *kind)
{
	for (struct thing *thing = remains->first; thing; thing = thing->next)
		thing->removed |= strcmp(thing->kind, kind) == 0;
}

/* Gives the lease back, and lets go of helpers and of leases that expired. */
static enum progress tidy(struct remains *remains)
{
	enum progress progress =
	    driver_of(remains)->tidy(&remains->site->location, &remains->errand, remains->app,
				     remains->operation->lease_token, &remains->error);
	if (progress == PROGRESS_DONE) {
		remains->leased = false;
		note_removed(remains, "helper");
		note_removed(remains, "lease");
	}
	return progress;
}

/* Networks, security groups, key pairs, ...: whatever the target has of it. */
static enum progress release(struct remains *remains)
{
	enum progress progress = driver_of(remains)->release(&remains->site->location, &remains->errand,
							     remains->app, false, &remains->error);
	for (struct thing *thing = remains->first; thing && progress == PROGRESS_DONE; thing = thing->next)
		thing->removed |= !is_instance(thing) && !stays(thing);
	return progress;
}

static enum progress take_step(struct remains *remains)
{
	switch (remains->step) {
	case REMAINS_LEASE:
	case REMAINS_LEASE_AGAIN:
		return take_lease(remains);
	case REMAINS_INSTANCES:
		return remove_instances(remains);
	case REMAINS_RELEASE:
		return release(remains);
	default:
		return tidy(remains);
	}
}

/* What comes after a step that is over. */
static int next_step(const struct remains *remains, bool failed)
{
	bool stop = failed || remains->operation->cancelled;
	if (remains->step == REMAINS_GIVE_BACK || (stop && !remains->leased))
		return REMAINS_OVER;
	if (stop || (remains->step == REMAINS_INSTANCES && instances_left(remains)))
		return REMAINS_GIVE_BACK;
	return remains->step + 1;
}

bool remains_go(struct remains *remains, int until)
{
	while (remains->step < until) {
		bool idle = !remains->errand.state && remains->step != REMAINS_GIVE_BACK;
		if (idle && remains->operation->cancelled && remains->step != REMAINS_INSTANCES) {
			remains->step = next_step(remains, false);
			continue;
		}
		enum progress progress = take_step(remains);
		if (progress == PROGRESS_WAITING)
			return false;
		remains->step = next_step(remains, progress == PROGRESS_FAILED);
	}
	return true;
}
