/* hold_resurvey.c - a location of an application that is held is listed again, after what may have been
 * missed. */
#include "engine/deploy.h"
#include "engine/hold.h"
#include "engine/reconcile.h"

enum {
	FIRST_PAUSE_MS = 1000, /* after a listing that failed; doubled each time */
	LONGEST_PAUSE_MS = 30 * 1000,
	EVERY_MS = 5 * 60 * 1000, /* whatever was told: an event may have been lost */
};

static int64_t now(const struct berth_operation *operation)
{
	return operation->berth->world->ops->now(operation->berth->world);
}

void resurvey_due(struct site *site, int64_t delay_ms)
{
	int64_t at_ms = now(site->operation) + delay_ms;
	if (!site->resurvey->due || at_ms < site->resurvey->at_ms)
		site->resurvey->at_ms = at_ms;
	site->resurvey->due = true;
	operation_wake(site->operation);
}

/* What is being done to one of its instances refers to the last listing. */
static bool in_use(const struct berth_operation *operation, const struct site *site)
{
	for (size_t i = 0; i < operation->work_count; i++)
		if (operation->works[i]->site == site && !operation->works[i]->settled)
			return true;
	return false;
}

/* What was seen last is referred to until the next listing has come. */
static void begin(struct site *site)
{
	inventory_release(site->listed ? &site->retired : &site->inventory);
	if (site->listed)
		site->retired = site->inventory;
	site->inventory = (struct inventory){0};
	site->listed = site->failed = false;
	site->resurvey->due = false;
	site->resurvey->under_way = true;
}

static void failed(struct berth_operation *operation, struct site *site)
{
	struct resurvey *again = site->resurvey;
	int64_t pause_ms = (int64_t)FIRST_PAUSE_MS << (again->failures < 5 ? again->failures : 5);
	again->failures++;
	for (size_t i = 0; i < operation->work_count; i++)
		if (operation->works[i]->site == site)
			hold_sight(operation->works[i], false);
	resurvey_due(site, pause_ms < LONGEST_PAUSE_MS ? pause_ms : LONGEST_PAUSE_MS);
}

/* One that was made elsewhere while its machine was silent: all is taken up again, and it goes. */
static void look_for_twins(struct berth_operation *operation, const struct site *site)
{
	struct hold *hold = operation->verb_state;
	for (size_t i = 0; site->pooled && i < operation->work_count; i++) {
		const struct held_instance *member = operation->works[i]->held;
		hold->let_go |= member && member->of->set && held_twice(member);
	}
}

/* Works keep what they were seen as until here, where the new listing tells otherwise. */
static void ended(struct berth_operation *operation, struct site *site)
{
	bool was_silent = site->resurvey->failures > 0;
	site->resurvey->failures = 0;
	for (size_t i = 0; i < operation->work_count; i++)
		if (operation->works[i]->site == site) {
			struct instance *instance = operation->works[i]->instance;
			instance->seen = NULL;
			instance->others = NULL;
			instance->attachments = NULL;
			instance->attachment_count = 0;
		}
	if (survey_rematch_site(operation, site)) {
		failed(operation, site);
		return;
	}
	inventory_release(&site->retired);
	for (size_t i = 0; i < operation->work_count; i++)
		if (operation->works[i]->site == site && operation->works[i]->instance->seen)
			keep_attachments(operation->works[i]->instance);
	for (size_t i = 0; i < operation->work_count; i++)
		if (operation->works[i]->site == site)
			hold_sight(operation->works[i], true);
	if (was_silent)
		look_for_twins(operation, site);
	hold_ask_again(operation->verb_state); /* what was wished meanwhile was put off */
	/* At one time for all that are kept there, so that one listing is for all of them. */
	resurvey_due(site, EVERY_MS - now(operation) % EVERY_MS);
}

static void step(struct berth_operation *operation, struct site *site)
{
	struct resurvey *again = site->resurvey;
	if (!again->under_way) {
		bool asked = site->errand.state != NULL; /* whose it is: one question at a time */
		if (!again->due || asked || again->at_ms > now(operation) || in_use(operation, site))
			return;
		begin(site);
	}
	if (survey_site(operation, site) == PROGRESS_WAITING)
		return;
	again->under_way = false;
	if (site->failed)
		failed(operation, site);
	else
		ended(operation, site);
}

int64_t hold_resurvey(struct berth_operation *operation)
{
	int64_t soonest_ms = -1;
	for (struct site *site = operation->sites; site; site = site->next) {
		if (!site->needed)
			continue;
		step(operation, site);
		int64_t left_ms = site->resurvey->at_ms - now(operation);
		/* One that is overdue waits for what wakes us when it ends. */
		if (site->resurvey->due && left_ms > 0)
			soonest_ms = sooner(soonest_ms, left_ms);
	}
	return soonest_ms;
}
