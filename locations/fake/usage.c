/* usage.c - what an instance of the scripted target uses, as it was told. */
#include <math.h>

#include "locations/fake/target.h"

/* What grows, by how much in the time since. */
static double grow_on(double grown, double in_a_second, int64_t ms)
{
	return isnan(in_a_second) ? grown : grown + in_a_second * (double)ms / 1000;
}

static void count_on(struct fake_instance *instance)
{
	struct world *world = instance->target->world;
	int64_t now_ms = world->ops->now(world), ms = now_ms - instance->usage_ms;
	const struct usage *usage = &instance->usage;
	struct usage *grown = &instance->grown;

	if (instance->usage_ms && instance->seen.state == SEEN_RUNNING) {
		grown->cpu_s = grow_on(grown->cpu_s, usage->cpu_s, ms);
		grown->received_bytes = grow_on(grown->received_bytes, usage->received_bytes, ms);
		grown->sent_bytes = grow_on(grown->sent_bytes, usage->sent_bytes, ms);
	}
	instance->usage_ms = now_ms;
}

int fake_target_usage(struct fake_target *target, const char *name, const struct usage *usage)
{
	struct fake_instance *instance = target_instance(target, name);

	if (!instance)
		return -1;
	count_on(instance);
	instance->usage = *usage;
	return 0;
}

void fake_target_usual(struct fake_target *target, const struct usage *usage)
{
	target->usual = *usage;
	target->usual_told = true;
}

/* Counted from when it was first asked for. */
static void take_usual(struct fake_instance *instance)
{
	if (instance->usage_ms || !instance->target->usual_told)
		return;
	count_on(instance);
	instance->usage = instance->target->usual;
}

int instance_usage(struct fake_instance *instance, struct usage *ret, struct error *err)
{
	const struct usage *usage = &instance->usage;

	take_usual(instance);
	if (instance->seen.state != SEEN_RUNNING || !instance->usage_ms)
		return fail(err, ERR_FAILED, "`%s` %s", instance->seen.name,
			    instance->usage_ms ? "is not running" : "does not tell what it uses");
	count_on(instance);
	*ret = *usage;
	ret->cpu_s = isnan(usage->cpu_s) ? NAN : instance->grown.cpu_s;
	ret->received_bytes = isnan(usage->received_bytes) ? NAN : instance->grown.received_bytes;
	ret->sent_bytes = isnan(usage->sent_bytes) ? NAN : instance->grown.sent_bytes;
	ret->at_ms = instance->usage_ms;
	return 0;
}

int fake_target_write(struct fake_target *target, const char *name, const char *bytes)
{
	struct fake_instance *instance = target_instance(target, name);

	if (!instance)
		return -1;
	instance_write(instance, bytes);
	calls_output(target, name);
	return instance->log.failed ? -1 : 0;
}
