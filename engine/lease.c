/* lease.c - a deploy under way says so at every target it changes, so that two of one owner do not
 * interleave.
 *
 * A lease outlives its holder only until it expires; one of this very user, machine and store is known to be
 * dead sooner, because the operating system's lock on the application (lock.c) was to be had.
 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/deploy.h"
#include "engine/operation.h"

#define LEASE_TTL_MS   60000
#define LEASE_RENEW_MS 20000

struct lease_keeper {
	struct site *site;
	struct errand errand;
	struct timer *timer;
	struct arena arena;
	struct lease holder;
	char stale[128]; /* the token of a dead one that is taken away first */
	bool taken, renewing, returning;
};

static int make_token(struct berth_operation *operation)
{
	unsigned char bytes[8];
	char hex[2 * sizeof bytes + 1];
	struct world *world = operation->berth->world;
	if (operation->lease_token)
		return 0;
	if (world->ops->random(world, bytes, sizeof bytes))
		return -1;
	for (size_t i = 0; i < sizeof bytes; i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	operation->lease_token = arena_format(&operation->arena, "%s.%s", operation->berth->deployer, hex);
	return operation->lease_token ? 0 : -1;
}

static enum progress ask(struct lease_keeper *keeper, struct error *err)
{
	struct site *site = keeper->site;
	struct berth_operation *operation = site->operation;
	const struct lease wanted = {
	    .token = operation->lease_token, .words = operation->lease_words, .ttl_ms = LEASE_TTL_MS};
	keeper->holder = (struct lease){0};
	return site->location.driver->lease(&site->location, &keeper->errand, operation->application->id,
					    &wanted, &keeper->arena, &keeper->holder, err);
}

static bool is_ours(const struct lease_keeper *keeper)
{
	return keeper->holder.token &&
	       strcmp(keeper->holder.token, keeper->site->operation->lease_token) == 0;
}

/* --- kept while the work goes on ------------------------------------------------------------------ */

static void time_to_renew(void *owner);

static void renew_later(struct lease_keeper *keeper)
{
	struct world *world = keeper->site->operation->berth->world;
	keeper->timer = world->ops->timer_start(world, LEASE_RENEW_MS, time_to_renew, keeper);
}

/* Not renewed in time it is anybody's, and what we are doing would meet what they do. */
static void renew(struct lease_keeper *keeper)
{
	struct berth_operation *operation = keeper->site->operation;
	struct error err = {0};
	enum progress progress = ask(keeper, &err);
	if (progress == PROGRESS_WAITING)
		return;
	keeper->renewing = false;
	if (progress == PROGRESS_DONE && !is_ours(keeper)) {
		operation_warn(operation, "%s: the lease has gone to %s: leaving off",
			       keeper->site->location.name, keeper->holder.words);
		berth_cancel(operation);
	} else {
		renew_later(keeper);
	}
	arena_release(&keeper->arena);
}

static void time_to_renew(void *owner)
{
	struct lease_keeper *keeper = owner;
	keeper->timer = NULL;
	keeper->renewing = true;
	renew(keeper);
}

static void woken(struct errand *errand)
{
	struct lease_keeper *keeper = errand->owner;
	if (keeper->renewing)
		renew(keeper);
	else
		operation_wake(keeper->site->operation);
}

/* --- taking it ------------------------------------------------------------------------------------ */

static bool of_this_deployer(const struct site *site, const char *token)
{
	const char *deployer = site->operation->berth->deployer;
	size_t length = strlen(deployer);
	return length && strncmp(token, deployer, length) == 0 && token[length] == '.';
}

bool site_has_dead_lease(const struct site *site)
{
	return site->inventory.lease && of_this_deployer(site, site->inventory.lease);
}

static enum progress clear_stale(struct lease_keeper *keeper, struct error *err)
{
	struct site *site = keeper->site;
	enum progress progress = site->location.driver->tidy(
	    &site->location, &keeper->errand, site->operation->application->id, keeper->stale, err);
	if (progress == PROGRESS_DONE)
		keeper->stale[0] = '\0';
	return progress;
}

/* Where there is no room to write one down nobody has one, and no deploy gets one. Who clears up must be able
 * to. */
static bool goes_without(struct lease_keeper *keeper, const struct error *err)
{
	struct berth_operation *operation = keeper->site->operation;
	if (operation->verb != &verb_destroy || err->code != ERR_CAPACITY)
		return false;
	operation_warn(operation, "%s; going on without a lease", err->text);
	return keeper->taken = true;
}

static enum progress take(struct lease_keeper *keeper, struct error *err)
{
	for (int tries = 0; tries < 3; tries++) {
		enum progress progress = *keeper->stale ? clear_stale(keeper, err) : PROGRESS_DONE;
		if (progress == PROGRESS_DONE)
			progress = ask(keeper, err);
		if (progress == PROGRESS_FAILED && goes_without(keeper, err))
			return PROGRESS_DONE;
		if (progress != PROGRESS_DONE)
			return progress;
		if (is_ours(keeper)) {
			keeper->taken = true;
			renew_later(keeper);
			return PROGRESS_DONE;
		}
		if (!keeper->holder.token || !of_this_deployer(keeper->site, keeper->holder.token))
			break;
		snprintf(keeper->stale, sizeof keeper->stale, "%s", keeper->holder.token);
	}
	keeper->site->tidied = true; /* nothing of ours is there */
	fail(err, ERR_LOCKED, "another deploy of `%s` is under way: %s",
	     keeper->site->operation->application->id,
	     keeper->holder.words && *keeper->holder.words ? keeper->holder.words : "its name is not known");
	remedy(err, "wait until it has ended; if it died, its lease there expires within %d s",
	       LEASE_TTL_MS / 1000);
	return PROGRESS_FAILED;
}

static struct lease_keeper *keeper_of(struct site *site)
{
	if (!site->lease)
		site->lease = calloc(1, sizeof *site->lease);
	if (!site->lease)
		return NULL;
	site->lease->site = site;
	site->lease->errand.wake = woken;
	site->lease->errand.owner = site->lease;
	return site->lease;
}

/* One after the other, in the blueprint's order: of two who begin at one time whoever has the first place has
 * them all, and not each one of them. */
bool sites_lease(struct berth_operation *operation)
{
	if (make_token(operation)) {
		fail_memory(operation_error(operation));
		return leases_give_up(operation);
	}
	for (struct site *site = operation->sites; site; site = site->next) {
		struct lease_keeper *keeper = site->needed ? keeper_of(site) : NULL;
		struct error err = {0};
		if (!site->needed || (keeper && keeper->taken))
			continue;
		enum progress progress = keeper ? take(keeper, &err) : (fail_memory(&err), PROGRESS_FAILED);
		if (progress == PROGRESS_FAILED) {
			blame_site(operation_error(operation), site, &err);
			return leases_give_up(operation);
		}
		if (progress == PROGRESS_WAITING)
			return false;
	}
	return true;
}

static enum progress give_back(struct lease_keeper *keeper)
{
	struct site *site = keeper->site;
	struct error err = {0};
	struct world *world = site->operation->berth->world;
	world->ops->timer_cancel(world, give(keeper->timer));
	if (!keeper->returning && (keeper->renewing || !keeper->taken))
		site->location.driver->drop(&site->location, &keeper->errand);
	keeper->renewing = false;
	keeper->returning = true;
	enum progress progress =
	    site->location.driver->tidy(&site->location, &keeper->errand, site->operation->application->id,
					site->operation->lease_token, &err);
	if (progress == PROGRESS_FAILED) {
		site->untidy = true;
		operation_warn(site->operation, "%s: %s", site->location.name, err.text);
	}
	return progress;
}

bool sites_tidy(struct berth_operation *operation)
{
	bool waiting = false;
	for (struct site *site = operation->sites; site; site = site->next) {
		if (!site->lease || site->tidied)
			continue;
		site->tidied = give_back(site->lease) != PROGRESS_WAITING;
		waiting |= !site->tidied;
	}
	return !waiting;
}

bool leases_give_up(struct berth_operation *operation)
{
	operation->stage = STAGE_GIVE_UP;
	operation_wake(operation);
	return false;
}

bool leases_given_up(struct berth_operation *operation)
{
	bool over = operation->abandoned || (sites_leave(operation) && sites_tidy(operation));
	return over && stage_failed(operation);
}

void site_drop_lease(struct site *site)
{
	struct lease_keeper *keeper = site->lease;
	if (!keeper)
		return;
	struct world *world = site->operation->berth->world;
	world->ops->timer_cancel(world, keeper->timer);
	site->location.driver->drop(&site->location, &keeper->errand);
	arena_release(&keeper->arena);
	free(keeper);
	site->lease = NULL;
}
