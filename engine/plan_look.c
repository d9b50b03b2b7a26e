/* plan_look.c - before it is planned, what the listings do not tell is looked at: the limits of those that
 * are wanted, where nobody remembers them, and what they publish. */
#include "engine/changes.h"
#include "engine/deploy.h"

/* The listing does not tell the limits: a copy of what it says, with what a look says of them. */
static int add_limits(struct work *work, const struct observed *looked)
{
	struct observed *both = arena_array(graph_arena(work->operation), struct observed, 1);
	if (!both)
		return -1;
	*both = *work->instance->seen;
	both->limits_known = looked->limits_known;
	both->memory_bytes = looked->memory_bytes;
	both->nano_cpus = looked->nano_cpus;
	both->restart = looked->restart;
	/* Of one that does not run the listing does not tell what it publishes. */
	if (looked->bindings_known && looked->state != SEEN_RUNNING) {
		both->bindings_known = true;
		both->attachments = looked->attachments;
		both->attachment_count = looked->attachment_count;
		work->plan_arena = work->look_next;
		work->look_next = (struct arena){0};
	}
	work->instance->seen = both;
	return 0;
}

static enum progress look_at(struct work *work, struct error *err)
{
	const struct instance *instance = work->instance;
	struct observed looked = {0};
	work->doing = DOING_LOOK;
	enum progress progress = work->site->location.driver->look(
	    &work->site->location, &work->errand, work->operation->application->id, instance->name,
	    &work->look_next, &looked, err);
	if (progress == PROGRESS_WAITING)
		return progress;
	work->doing = DOING_NOTHING;
	work->looked_at = true;
	bool kept = progress != PROGRESS_DONE || add_limits(work, &looked) == 0;
	arena_release(&work->look_next);
	if (progress == PROGRESS_FAILED && err->code != ERR_MISSING)
		return PROGRESS_FAILED;
	return kept ? PROGRESS_DONE : (fail_memory(err), PROGRESS_FAILED);
}

static bool bindings_known(const struct work *work)
{
	const struct instance *instance = work->instance;
	size_t ports = 0;
	(void)ports_of_instance(instance, &ports); /* its own are not given out yet */
	return instance->seen->bindings_known || instance->seen->state == SEEN_RUNNING || !ports;
}

enum progress plan_look(struct berth_operation *operation, struct error *err)
{
	enum { AT_ONCE = 8 };
	size_t flying = 0;
	for (size_t i = 0; i < operation->work_count; i++) {
		struct work *work = operation->works[i];
		if (!work->instance->wanted || !work->instance->seen || work->looked_at ||
		    unseen_because(work) || (limits_known(work) && bindings_known(work)))
			continue;
		if (flying >= AT_ONCE)
			return PROGRESS_WAITING;
		enum progress progress = look_at(work, err);
		if (progress == PROGRESS_FAILED)
			return progress;
		flying += progress == PROGRESS_WAITING;
	}
	return flying ? PROGRESS_WAITING : PROGRESS_DONE;
}
