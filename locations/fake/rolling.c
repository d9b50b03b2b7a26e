/* rolling.c - a change of a component whose tasks the scripted target keeps itself: begun when nothing else
 * is under way there, waited for, and taken back when it does not come to an end. */
#include "locations/fake/call.h"

/* Somebody else's change is waited for, while it has time left; an earlier one of ours is overtaken. */
static int64_t time_of_others(const struct call *call, const struct fake_instance *instance)
{
	return instance->lock ? patience_left(call->fake, instance->lock_since_ms) : 0;
}

int call_begin_roll(struct call *call, struct fake_instance *instance)
{
	const struct instance_spec *spec = call->question.spec;

	if (time_of_others(call, instance) > 0)
		return 0;
	call->began = true;
	bool resumed = instance->rolling && (!*spec->digest || instance_made_of(instance, spec)) &&
		       (!spec->count || spec->count == instance->made.count);
	return resumed ? 0 : tasks_change(instance, spec, call->for_ever);
}

static int64_t take_back(struct call *call, struct fake_instance *instance, struct error *err)
{
	const char *what = call->taken_back ? "could not be taken back" : "was taken back";

	if (!call->taken_back && tasks_take_back(instance)) {
		call->taken_back = true;
		return patience_left(call->fake, instance->since_ms);
	}
	fail(err, call->taken_back ? ERR_CONFLICT : ERR_FAILED,
	     "the change of `%s` did not come to its end within %lld s, and %s", call->name,
	     (long long)call->fake->patience_ms / 1000, what);
	return -1;
}

int64_t await_rolling(struct call *call, struct error *err)
{
	struct fake_instance *instance = NULL;

	if (find_ours(call->fake, call->app, call->name, &instance, err) < 0)
		return -1;
	if (!call->began && call_begin_roll(call, instance) < 0)
		return fail_memory(err);
	if (!call->began)
		return time_of_others(call, instance);
	if (instance->rolling && patience_left(call->fake, instance->since_ms) > 0)
		return patience_left(call->fake, instance->since_ms);
	if (instance->rolling)
		return take_back(call, instance, err);
	if (call->taken_back)
		fail(err, ERR_FAILED,
		     "the change of `%s` did not come to its end within %lld s, and was taken back",
		     call->name, (long long)call->fake->patience_ms / 1000);
	return -1;
}
