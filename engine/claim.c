/* claim.c - whose an application is at each location, what it needs there once, and leaving it as it was
 * found. */
#include <string.h>

#include "engine/deploy.h"
#include "engine/specs.h"

/* Words alike do not tell two owners apart. */
static const char *unlike(const struct berth_operation *operation, const char *words)
{
	bool alike = strcmp(words, operation->berth->owner.words) == 0;
	return alike ? ", who deployed it with another state folder" : "";
}

static void refuse_holder(struct berth_operation *operation, const struct site *site, const char *words)
{
	fail(operation_error(operation), ERR_LOCKED, "`%s` at %s belongs to %s%s", operation->application->id,
	     site->location.name, words, unlike(operation, words));
	remedy(operation_error(operation), "--adopt takes it over");
}

/* Of the application, as the listing of the site tells it; NULL: nobody's. */
static const struct inventory_claim *claim_listed(const struct site *site)
{
	const char *app = operation_app(site->operation);
	for (size_t i = 0; i < site->inventory.claim_count; i++)
		if (strcmp(site->inventory.claims[i].app, app) == 0)
			return &site->inventory.claims[i];
	return NULL;
}

/* Somebody else's, at a site where something is to be done; NULL: there is none. */
static const struct inventory_claim *foreign_claim(const struct berth_operation *operation,
						   const struct site **ret_site)
{
	for (const struct site *site = operation->sites; site; site = site->next) {
		const struct inventory_claim *claim = site->needed ? claim_listed(site) : NULL;
		*ret_site = site;
		if (claim && strcmp(claim->owner_id, operation->berth->owner.id) != 0)
			return claim;
	}
	return NULL;
}

void foreign_claim_tell(struct berth_operation *operation)
{
	const struct site *site;
	const struct inventory_claim *claim = foreign_claim(operation, &site);
	if (!claim)
		return;
	json_put_text(operation->document, "owner", claim->owner_words);
	if (!operation->request.adopt)
		operation_warn(
		    operation,
		    "`%s` at %s belongs to %s%s: this is refused without --adopt, which takes it over",
		    operation->application->id, site->location.name, claim->owner_words,
		    unlike(operation, claim->owner_words));
}

bool stage_claimed(struct berth_operation *operation)
{
	/* No call is made just to be refused. */
	const struct site *site;
	const struct inventory_claim *claim =
	    operation->request.adopt ? NULL : foreign_claim(operation, &site);
	if (claim) {
		refuse_holder(operation, site, claim->owner_words);
		return stage_failed(operation);
	}
	operation->stage = STAGE_LEASE;
	return true;
}

static void count_answer(struct site *site, const char *call, enum progress progress, const struct error *err)
{
	if (progress != PROGRESS_WAITING)
		count_call(site, call, progress == PROGRESS_FAILED ? err->code : OK);
}

/* The first one is what is told. */
static void site_refused(struct site *site, const struct error *err)
{
	struct berth_operation *operation = site->operation;
	bool first = true;
	for (const struct site *other = operation->sites; other; other = other->next)
		first &= !other->refused;
	site->refused = true;
	if (first && err)
		blame_site(operation_error(operation), site, err);
	else if (first)
		refuse_holder(operation, site, site->holder.words);
}

/* All have answered, and none said no: what is under way at another one comes to its end before anything is
 * given back there. */
static bool all_agreed(struct berth_operation *operation, bool waiting, bool refused)
{
	if (!waiting && refused)
		leases_give_up(operation);
	return !waiting && !refused;
}

bool sites_claim(struct berth_operation *operation)
{
	bool waiting = false, refused = false;
	for (struct site *site = operation->sites; site; site = site->next) {
		bool answered = site->claimed || site->refused;
		refused |= site->refused && !site->claimed;
		if (!site->needed || answered)
			continue;
		struct error err = {0};
		enum progress progress = site->location.driver->claim(
		    &site->location, &site->errand, operation->application->id, &operation->berth->owner,
		    operation->request.adopt, &site->claim_arena, &site->holder, &err);
		count_answer(site, "claim", progress, &err);
		if (progress == PROGRESS_FAILED) {
			site_refused(site, &err);
			refused = true;
			continue;
		}
		if (progress == PROGRESS_DONE && strcmp(site->holder.id, operation->berth->owner.id) != 0) {
			site_refused(site, NULL);
			refused = true;
			continue;
		}
		site->claimed = progress == PROGRESS_DONE;
		waiting |= progress == PROGRESS_WAITING;
	}
	return all_agreed(operation, waiting, refused);
}

/* How many instances will be at this site, and whether any is to be made. */
static size_t instances_at(const struct berth_operation *operation, const struct site *site, bool *ret_making)
{
	size_t count = 0;
	*ret_making = false;
	for (size_t i = 0; i < operation->work_count; i++) {
		const struct work *work = operation->works[i];
		if (work->site != site || !work->instance->wanted)
			continue;
		count++;
		*ret_making |= work->action == ACTION_CREATE || work->action == ACTION_REPLACE ||
			       work->action == ACTION_RELINK;
	}
	return count;
}

/* Who is to be let in is settled with the plan: put together once. */
static enum progress ask_to_prepare(struct berth_operation *operation, struct site *site,
				    struct prepare_request *request, struct error *err)
{
	if (site_lets_in(site)) {
		if (!site->openings &&
		    !(site->openings = openings_of(graph_arena(operation), operation, site))) {
			fail_memory(err);
			return PROGRESS_FAILED;
		}
		request->openings = site->openings;
	}
	return site->location.driver->prepare(&site->location, &site->errand, request, err);
}

bool sites_prepare(struct berth_operation *operation)
{
	bool waiting = false, refused = false;
	for (struct site *site = operation->sites; site; site = site->next) {
		bool making = false;
		refused |= site->refused;
		struct prepare_request request = {.app = operation->application->id,
						  .instances = instances_at(operation, site, &making)};
		if (!site->needed || site->prepared || site->refused || !(making || site_lets_in(site)))
			continue;
		struct error err = {0};
		enum progress progress = ask_to_prepare(operation, site, &request, &err);
		count_answer(site, "prepare", progress, &err);
		if (progress == PROGRESS_FAILED) {
			site_refused(site, &err);
			refused = true;
			continue;
		}
		site->prepared = progress == PROGRESS_DONE;
		waiting |= progress == PROGRESS_WAITING;
	}
	return all_agreed(operation, waiting, refused);
}

/* A location that holds nothing of the application any more is left as it was found. */
static bool deserted(const struct berth_operation *operation, const struct site *site)
{
	bool any = false;
	for (size_t i = 0; i < operation->work_count; i++) {
		const struct work *work = operation->works[i];
		if (work->site != site)
			continue;
		any = true;
		if (work->instance->wanted || work->instance->phase != PHASE_GONE)
			return false;
	}
	return any;
}

/* Nothing was there, and nothing was asked to be made: a claim that is left behind would only be in the way
 * of whoever comes without what is remembered of this. */
static bool untouched(const struct site *site)
{
	return site->claimed && !site->touched && !claim_listed(site) && !site->inventory.instance_count;
}

/* Takes away what an application needed once here, then the claim. */
enum progress site_leave(struct berth_operation *operation, struct site *site, bool volumes,
			 struct error *err)
{
	const struct location_driver *driver = site->location.driver;
	const char *app = operation->application->id;
	if (!site->released) {
		enum progress progress = driver->release(&site->location, &site->errand, app, volumes, err);
		count_answer(site, "release", progress, err);
		if (progress != PROGRESS_DONE)
			return progress;
		site->released = true;
	}
	enum progress progress = driver->disclaim(&site->location, &site->errand, app, err);
	count_answer(site, "disclaim", progress, err);
	site->left = progress == PROGRESS_DONE;
	return progress;
}

bool sites_leave(struct berth_operation *operation)
{
	bool waiting = false;
	for (struct site *site = operation->sites; site; site = site->next) {
		struct error err = {0};
		bool over = !operation->cancelled && deserted(operation, site);
		if (site->left || (!over && !untouched(site)))
			continue;
		enum progress progress = site_leave(operation, site, false, &err);
		waiting |= progress == PROGRESS_WAITING;
		if (progress == PROGRESS_FAILED) {
			site->left = true;
			operation_warn(operation, "%s: %s%s%s%s", site->location.name, err.text,
				       *err.remedy ? " (" : "", err.remedy, *err.remedy ? ")" : "");
		}
	}
	return !waiting;
}
