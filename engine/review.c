/* review.c - what is there after the work, for the report and for what is remembered: a look at the few that
 * changed, or the listings again. */
#include "base/cleanup.h"
#include "engine/deploy.h"

/* So many looks cost less than a listing of each kind of object. */
#define FEW 4

static bool touched(const struct work *work)
{
	const struct instance *instance = work->instance;
	if (instance->successor || work->leftover || instance->phase == PHASE_GONE)
		return false;
	return work->action != ACTION_UNCHANGED || instance->phase == PHASE_BROKEN;
}

void review_begin(struct berth_operation *operation)
{
	size_t count = 0;
	for (size_t i = 0; i < operation->work_count; i++)
		count += touched(operation->works[i]);
	operation->brief_review = count <= FEW;
	if (!operation->brief_review) {
		survey_again(operation);
		return;
	}
	for (size_t i = 0; i < operation->work_count; i++) {
		struct work *work = operation->works[i];
		if (touched(work))
			work->site->location.driver->drop(&work->site->location, &work->errand);
	}
}

/* What stands for it now: itself, or the older one that was kept. */
static const char *name_now(const struct work *work)
{
	const struct instance *older = work->instance->predecessor;
	return older && older->work->kept ? older->name : work->instance->name;
}

static int take(struct work *work, const struct observed *looked)
{
	struct instance *instance = work->instance;
	struct observed *seen = arena_array(graph_arena(work->operation), struct observed, 1);
	if (!seen)
		return -1;
	*seen = *looked;
	instance->seen = seen;
	instance->name = seen->name;
	instance->others = NULL;
	instance->attachments = seen->attachments;
	instance->attachment_count = seen->attachment_count;
	return 0;
}

static enum progress look_at(struct work *work)
{
	struct error err = {0};
	struct observed looked = {0};
	struct site *site = work->site;
	enum progress progress =
	    site->location.driver->look(&site->location, &work->errand, work->operation->application->id,
					name_now(work), graph_arena(work->operation), &looked, &err);
	if (progress == PROGRESS_WAITING)
		return progress;
	work->reviewed = true;
	work->instance->seen = NULL;
	if (progress == PROGRESS_DONE && take(work, &looked))
		fail_memory(&err);
	if (progress == PROGRESS_FAILED && err.code != ERR_MISSING && !site->failed) {
		site->failed = true;
		site_keep_error(site, &err);
	}
	return PROGRESS_DONE;
}

static enum progress look_again(struct berth_operation *operation)
{
	enum progress all = PROGRESS_DONE;
	for (size_t i = 0; i < operation->work_count; i++) {
		struct work *work = operation->works[i];
		if (touched(work) && !work->reviewed && look_at(work) == PROGRESS_WAITING)
			all = PROGRESS_WAITING;
	}
	return all;
}

enum progress review(struct berth_operation *operation, struct error *err)
{
	if (operation->brief_review)
		return operation->abandoned ? PROGRESS_DONE : look_again(operation);
	if (!operation->abandoned && survey(operation) == PROGRESS_WAITING)
		return PROGRESS_WAITING;
	if (survey_rematch(operation) == 0)
		return PROGRESS_DONE;
	fail_memory(err);
	return PROGRESS_FAILED;
}
