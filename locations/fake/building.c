/* building.c - what the scripted target accepts first and does later: the call stays under way meanwhile. */
#include <string.h>

#include "locations/fake/call.h"

int64_t patience_left(const struct fake *fake, int64_t since_ms)
{
	struct world *world = fake->location->world;

	return since_ms + fake->patience_ms - world->ops->now(world);
}

/* -1: done, or failed with *err; else for how long it is waited at most. */
static int64_t await_building(struct call *call, struct error *err)
{
	const struct fake *fake = call->fake;
	const struct fake_app *app = map_get(fake->target->apps, call->app);
	const struct fake_instance *instance = app ? map_get(app->instances, call->follows) : NULL;

	if (!instance)
		fail(err, ERR_FAILED, "`%s` went away while it was being built", call->name);
	else if (instance->seen.state == SEEN_BROKEN)
		fail(err, ERR_FAILED, "`%s` could not be built: %s", call->name, instance->seen.error);
	else if (instance->building && patience_left(fake, instance->since_ms) > 0)
		return patience_left(fake, instance->since_ms);
	else if (instance->building)
		fail(err, ERR_FAILED, "`%s` is still being built after %lld s", call->name,
		     (long long)fake->patience_ms / 1000);
	return -1;
}

/* Whatever turns up under that name meanwhile goes as well. */
static int64_t await_leaving(struct call *call, struct error *err)
{
	const struct fake *fake = call->fake;
	struct fake_instance *instance;

	while ((instance = name_holder(fake->target, fake->location, call->app, call->name)) &&
	       !instance->seen.leaving)
		instance_leave(instance, false);
	if (!instance)
		return -1;
	if (patience_left(fake, instance->since_ms) > 0)
		return patience_left(fake, instance->since_ms);
	fail(err, ERR_FAILED, "`%s` is still being deleted after %lld s", call->name,
	     (long long)fake->patience_ms / 1000);
	return -1;
}

bool call_waits(const struct call *call)
{
	enum fake_call kind = call->question.kind;

	return kind == FAKE_REMOVE || (kind == FAKE_PLACE && *call->follows) ||
	       (kind == FAKE_UPDATE && call->fake->driver->capabilities.grain == GRAIN_COMPONENT);
}

int64_t call_await(struct call *call, struct error *err)
{
	const struct fake *fake = call->fake;

	if (fake->target->unreachable) {
		fail(err, ERR_UNREACHABLE, "location `%s`: no answer from the target", fake->location->name);
		return -1;
	}
	switch (call->question.kind) {
	case FAKE_PLACE:
		return await_building(call, err);
	case FAKE_UPDATE:
		return await_rolling(call, err);
	default:
		return await_leaving(call, err);
	}
}

/* What takes too long is given up, also by those who come after whoever asked for it. */
static void tell_progress(const struct fake *fake, const struct fake_instance *instance, struct observed *ret)
{
	if (!instance->building)
		return;
	ret->error = "it is being built";
	if (patience_left(fake, instance->since_ms) > 0)
		return;
	ret->state = SEEN_BROKEN;
	ret->error = "it was never done being built";
}

void tell_instance(const struct fake *fake, struct memory *memory, const struct fake_instance *instance,
		   struct observed *ret)
{
	struct observed now = instance->seen;
	const struct observed *seen = &now;
	struct arena arena = {0};

	if (instance->grouped)
		tasks_tell(instance, &arena, &now);
	memory_observed(memory, seen, ret);
	arena_release(&arena);
	tell_progress(fake, instance, ret);
	if (instance->hidden) {
		ret->state = SEEN_UNKNOWN;
		ret->error = "its machine does not answer";
	}
	if (instance->barred) {
		ret->state = SEEN_UNKNOWN;
		ret->hindered = true;
		ret->error = "the key to log in with is not there";
	}
	if (name_holder(fake->target, fake->location, seen->app, seen->name) == instance)
		return;
	ret->late_double = true;
	ret->name = memory_text(memory, double_name(&arena, seen->name, seen->target_id));
	memory->failed |= !ret->name;
	arena_release(&arena);
}
