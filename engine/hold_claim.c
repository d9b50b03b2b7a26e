/* hold_claim.c - whose an application that is held is by now: where somebody else took it over nothing is
 * done. */
#include <string.h>

#include "engine/hold.h"
#include "engine/keeper.h"
#include "engine/pools.h"

enum {
	FRESH_MS = 1000,       /* one look for all that is done at about the same time */
	FIRST_PAUSE_MS = 1000, /* after one that failed; doubled each time */
	LONGEST_PAUSE_MS = 30 * 1000,
};

static int64_t now(const struct berth_operation *operation)
{
	return operation->berth->world->ops->now(operation->berth->world);
}

bool hold_site_ours(struct site *site)
{
	struct resurvey *again = site->resurvey;
	if (again->claimed_ms && now(site->operation) - again->claimed_ms < FRESH_MS)
		return true;
	int64_t pause_ms = again->claim_not_before_ms - now(site->operation);
	if (pause_ms > 0) {
		resurvey_due(site, pause_ms);
		return false;
	}
	again->claim_due = true;
	operation_wake(site->operation);
	return false;
}

/* Nothing is done there until it can be asked; the listing before that tells whether it can be seen. */
static void ask_later(struct site *site, const struct error *why)
{
	struct resurvey *again = site->resurvey;
	unsigned doublings = again->claim_failures < 5 ? again->claim_failures : 5;
	int64_t pause_ms = (int64_t)FIRST_PAUSE_MS << doublings;
	pause_ms = pause_ms < LONGEST_PAUSE_MS ? pause_ms : LONGEST_PAUSE_MS;
	if (!again->claim_failures++)
		operation_warn(site->operation, "%s; nothing is done there meanwhile", why->text);
	again->claim_not_before_ms = now(site->operation) + pause_ms;
	resurvey_due(site, pause_ms);
}

static void lost(struct hold *hold, const struct site *site)
{
	struct berth_operation *operation = hold->operation;
	fail(operation_error(operation), ERR_LOCKED, "`%s` at %s belongs to %s now",
	     operation->application->id, site->location.name, site->holder.words);
	store_put_event(operation->berth->store, operation->application->id, NULL, NULL, "lost",
			site->holder.words);
	hold->lost = true;
}

static void ask(struct hold *hold, struct site *site)
{
	const struct berth *berth = hold->operation->berth;
	struct error err = {0};
	if (!site->errand.state) /* it begins: the last answer is of no use any more */
		arena_release(&site->claim_arena);
	enum progress progress =
	    site->location.driver->claim(&site->location, &site->errand, hold->operation->application->id,
					 &berth->owner, false, &site->claim_arena, &site->holder, &err);
	if (progress == PROGRESS_WAITING)
		return;
	site->resurvey->claim_due = false;
	keeper_goes_on(hold->operation);
	if (progress == PROGRESS_FAILED) {
		ask_later(site, &err);
		return;
	}
	if (strcmp(site->holder.id, berth->owner.id) != 0) {
		lost(hold, site);
		return;
	}
	site->resurvey->claim_failures = 0;
	site->resurvey->claimed_ms = now(hold->operation);
	hold_ask_again(hold);
	pools_wake(site);
	relinks_wake(site);
}

void hold_ask_claims(struct hold *hold)
{
	for (struct site *site = hold->operation->sites; site && !hold->lost; site = site->next)
		if (site->needed && site->resurvey->claim_due && !site->resurvey->under_way)
			ask(hold, site);
}
