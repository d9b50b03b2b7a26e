/* changes.c - what changes at an instance that is there: limits, files, names, what its process is told. */
#include <string.h>

#include "locations/fake/call.h"

int act_update(struct call *call, struct error *err)
{
	const struct instance_spec *spec = call->question.spec;
	const struct capabilities *can = &call->fake->driver->capabilities;
	struct fake_instance *instance = NULL;

	if (find_ours(call->fake, spec->app, spec->name, &instance, err) < 0)
		return -1;
	if (instance->grouped)
		return call_begin_roll(call, instance) < 0 ? fail_memory(err) : 0;
	if (can->limits_in_place) {
		instance->seen.memory_bytes = spec->memory_bytes;
		instance->seen.nano_cpus = spec->nano_cpus;
	}
	if (can->restart_in_place)
		instance->seen.restart = spec->restart;
	instance_tell(instance);
	return 0;
}

int act_deliver(struct call *call, struct error *err)
{
	const struct instance_spec *spec = call->question.spec;
	struct fake_instance *instance = NULL;

	if (find_ours(call->fake, spec->app, spec->name, &instance, err) < 0)
		return -1;
	instance->input = NULL;
	return instance_keep_files(instance, spec) < 0 ? fail_memory(err) : 0;
}

int act_signal(struct call *call, struct error *err)
{
	struct fake_instance *instance = NULL;

	if (find_ours(call->fake, call->app, call->name, &instance, err) < 0)
		return -1;
	if (instance->seen.state != SEEN_RUNNING)
		return fail(err, ERR_FAILED, "`%s` is not running", call->name);
	if (words_add(&instance->memory, &instance->signals, call->word) < 0)
		return fail_memory(err);
	const struct fake_behaviour *behaviour = instance_behaviour(instance);
	if (behaviour && behaviour->heard) {
		instance_write(instance, behaviour->heard);
		calls_output(instance->target, call->name);
	}
	return 0;
}

int act_withdraw(struct call *call, struct error *err)
{
	struct fake_instance *instance = NULL;

	if (find_if_there(call->fake, call->app, call->name, &instance, err) < 0)
		return -1;
	if (!instance)
		return 0;
	/* It is not given back by a start, as it is not where an alias was taken off; only `admit` does. */
	instance->shared_from_start = false;
	if (!instance->seen.shared_name_held)
		return 0;
	instance->seen.shared_name_held = false;
	instance_tell(instance);
	return 0;
}

/* Another generation of the very instance; `ret_generation` is that of the name. */
static bool same_place(const char *from, const char *to, unsigned *ret_generation)
{
	struct arena arena = {0};
	const char *app[2], *component[2];
	unsigned ordinal[2], generation[2];
	bool same = instance_name_split(&arena, from, &app[0], &component[0], &ordinal[0], &generation[0]) &&
		    instance_name_split(&arena, to, &app[1], &component[1], &ordinal[1], &generation[1]) &&
		    !strcmp(app[0], app[1]) && !strcmp(component[0], component[1]) &&
		    ordinal[0] == ordinal[1];

	if (same)
		*ret_generation = generation[1];
	arena_release(&arena);
	return same;
}

/* 0: the name is free; 1: the instance has it already; -1: somebody else has it. */
static int name_held(struct call *call, const struct fake_instance *instance, struct error *err)
{
	struct fake_instance *holder = NULL;

	if (find_if_there(call->fake, call->app, call->word, &holder, err) < 0)
		return -1;
	if (!holder)
		return 0;
	/* Who was asked for under the old name and is gone from there has been renamed before. */
	if (!instance || instance == holder)
		return 1;
	return fail(err, ERR_CONFLICT, "the name `%s` is held by another instance", call->word);
}

int act_rename(struct call *call, struct error *err)
{
	struct fake_instance *instance = NULL;
	unsigned generation = 0;

	if (!call->fake->driver->capabilities.generations)
		return fail(err, ERR_UNSUPPORTED, "location `%s` gives no new names",
			    call->fake->location->name);
	if (!same_place(call->name, call->word, &generation))
		return fail(err, ERR_INVALID, "`%s` and `%s` are names of two instances", call->name,
			    call->word);
	if (find_if_there(call->fake, call->app, call->name, &instance, err) < 0)
		return -1;
	int held = name_held(call, instance, err);
	if (held)
		return held < 0 ? -1 : 0;
	if (!instance)
		return fail(err, ERR_MISSING, "no such instance: %s", call->name);
	return instance_rename(instance, call->word, generation, err);
}
