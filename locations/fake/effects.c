/* effects.c - what each call does when it reaches the scripted target. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "locations/fake/call.h"

int find_ours(const struct fake *fake, const char *app, const char *name, struct fake_instance **ret,
	      struct error *err)
{
	struct fake_instance *instance = name_holder(fake->target, fake->location, app, name);

	if (instance) {
		*ret = instance;
		return 0;
	}
	instance = name_holder(fake->target, fake->location, NULL, name);
	if (instance && fake->driver->capabilities.names_unique)
		return fail(err, ERR_CONFLICT, "the name `%s` is held by an instance of application `%s`",
			    name, instance->seen.app);
	if (fake->driver->capabilities.names_unique && map_get(fake->target->strangers, name))
		return fail(err, ERR_CONFLICT, "the name `%s` is held by something that is not berth's",
			    name);
	return fail(err, ERR_MISSING, "no such instance: %s", name);
}

int find_if_there(const struct fake *fake, const char *app, const char *name, struct fake_instance **ret,
		  struct error *err)
{
	struct error found;

	*ret = NULL;
	if (find_ours(fake, app, name, ret, &found) == 0 || found.code == ERR_MISSING)
		return 0;
	if (err)
		*err = found;
	return -1;
}

static void disown(struct fake_app *app)
{
	free(give(app->owner_id));
	free(give(app->owner_words));
	free(give(app->owner_place));
}

static int act_claim(struct call *call, struct error *err)
{
	struct fake_app *app = target_app(call->fake->target, call->app);
	const struct owner *owner = call->question.owner;

	if (!app)
		return fail_memory(err);
	if (app->owner_id && strcmp(app->owner_id, owner->id) != 0 && !call->question.flag)
		return 0;
	char *id = strdup(owner->id), *words = strdup(owner->words), *place = strdup(owner->place);
	if (!id || !words || !place) {
		free(id);
		free(words);
		free(place);
		return fail_memory(err);
	}
	disown(app);
	app->owner_id = id;
	app->owner_words = words;
	app->owner_place = place;
	return 0;
}

static int act_disclaim(struct call *call, struct error *err)
{
	struct fake_app *app = map_get(call->fake->target->apps, call->app);

	(void)err;
	if (!app)
		return 0;
	disown(app);
	return 0;
}

static int act_prepare(struct call *call, struct error *err)
{
	struct fake_app *app = target_app(call->fake->target, call->app);

	if (!app)
		return fail_memory(err);
	app->prepared = true;
	if (!call->question.word)
		return 0;
	free(give(app->let_in));
	app->let_in = strdup(call->question.word);
	return app->let_in ? 0 : fail_memory(err);
}

static bool is_running(const char *name, void *value, void *context)
{
	const struct fake_instance *instance = value;
	bool *found = context;

	(void)name;
	*found = instance->seen.state == SEEN_RUNNING;
	return !*found;
}

static int act_release(struct call *call, struct error *err)
{
	struct fake_app *app = map_get(call->fake->target->apps, call->app);
	bool running = false;

	if (!app)
		return 0;
	map_each(app->instances, is_running, &running);
	if (running)
		return fail(err, ERR_CONFLICT, "network `%s` has active endpoints", call->app);
	app->prepared = false;
	if (call->question.flag) {
		map_each(app->volumes, map_value_free, NULL);
		map_release(&app->volumes);
	}
	return 0;
}

static void follow(struct call *call, const struct fake_instance *instance)
{
	if (instance->building)
		snprintf(call->follows, sizeof(call->follows), "%s", instance->target_id);
}

/* Where names are not unique the new one is made beside the old one while that is leaving. */
static int clear(const struct call *call, struct fake_instance *old, struct error *err)
{
	instance_leave(old, false);
	if (!call->fake->driver->capabilities.names_unique ||
	    !name_holder(call->fake->target, NULL, NULL, call->name))
		return 0;
	return fail(err, ERR_CONFLICT, "`%s` is still being deleted", call->name);
}

/* 0: go on and make it; 1: it is there; -1: it cannot be. */
static int make_room(struct call *call, struct error *err)
{
	const struct instance_spec *spec = call->question.spec;
	struct fake_instance *old;

	if (find_if_there(call->fake, spec->app, spec->name, &old, err) < 0)
		return -1;
	if (!old)
		return 0;
	/* What broke while it was being built is of no use. */
	if (old->seen.state == SEEN_BROKEN)
		return clear(call, old, err);
	if (instance_made_of(old, spec)) {
		follow(call, old);
		return 1;
	}
	if (old->seen.state == SEEN_CREATED)
		return clear(call, old, err);
	if (!strcmp(old->seen.digest, spec->digest))
		return 1;
	return fail(err, ERR_CONFLICT, "`%s` is there, made from another specification", spec->name);
}

/* Those who always want what the registry has get it first. */
static int pull(struct fake_target *target, const struct instance_spec *spec, struct error *err)
{
	const char *id = spec->pull_always && spec->image ? target_registry(target, spec->image) : NULL;

	if (id && !*id)
		return fail(err, ERR_FAILED, "cannot pull image `%s`: the registry does not answer",
			    spec->image);
	return id && fake_target_image(target, spec->image, id) < 0 ? fail_memory(err) : 0;
}

static int act_place(struct call *call, struct error *err)
{
	const struct instance_spec *spec = call->question.spec;
	struct fake_target *target = call->fake->target;
	const struct fake_app *app = map_get(target->apps, spec->app);
	struct fake_instance *instance = NULL;
	const struct attachment *attachments;
	struct arena arena = {0};
	char image[80];
	size_t count;

	/* Nobody looks any more whether there is one of that name. */
	int room = call->late && !call->fake->driver->capabilities.names_unique ? 0 : make_room(call, err);
	if (room)
		return room < 0 ? -1 : 0;
	if (!app || !app->prepared)
		return fail(err, ERR_MISSING, "network `%s` not found", spec->app);
	if (target->instance_count >= target->room || target->instance_count >= call->fake->room) {
		fail(err, ERR_CAPACITY, "there is no room for another instance");
		remedy(err, "remove what is not needed there, or give it more room");
		return -1;
	}
	if (pull(target, spec, err) < 0)
		return -1;
	if (spec->kind == COMPONENT_DOCKER && (!spec->image || !target_image(target, spec->image, image)))
		return fail(err, ERR_MISSING, "no such image: %s", spec->image ? spec->image : "");
	int result = fake_foresee(call->fake, spec, &arena, &attachments, &count, err);
	if (result == 0)
		result = instance_make(target, spec, attachments, count, &instance, err);
	arena_release(&arena);
	if (result < 0 || !instance)
		return -1;
	instance->fault = call->fault;
	instance->grouped = call->fake->driver->capabilities.grain == GRAIN_COMPONENT;
	instance_build(instance, call->for_ever);
	follow(call, instance);
	instance_tell(instance);
	return 0;
}

static int act_start(struct call *call, struct error *err)
{
	const struct instance_spec *spec = call->question.spec;
	struct fake_instance *instance = NULL;

	if (find_ours(call->fake, spec->app, spec->name, &instance, err) < 0)
		return -1;
	if (!instance->grouped)
		return instance_start(instance, err);
	tasks_start(instance, spec->count);
	return 0;
}

static int act_admit(struct call *call, struct error *err)
{
	const struct instance_spec *spec = call->question.spec;
	struct fake_instance *instance = NULL;

	if (find_ours(call->fake, spec->app, spec->name, &instance, err) < 0)
		return -1;
	if ((instance->seen.shared_name_held && !instance->seen.cut_off) || instance->grouped)
		return 0;
	instance->seen.shared_name_held = true;
	instance->seen.cut_off = false;
	target_changed(call->fake->target, spec->app, spec->name);
	return 0;
}

static int act_stop(struct call *call, struct error *err)
{
	struct fake_instance *instance = NULL;

	if (find_if_there(call->fake, call->app, call->name, &instance, err) < 0)
		return -1;
	if (!instance || (instance->seen.state != SEEN_RUNNING && instance->seen.state != SEEN_RESTARTING))
		return 0;
	if (instance->hidden || instance->barred)
		return fail(err, ERR_UNREACHABLE, "its machine does not answer");
	if (instance->grouped) {
		tasks_stop(instance);
		return 0;
	}
	instance_end(instance, -1);
	target_changed(call->fake->target, call->app, call->name);
	calls_output(call->fake->target, call->name);
	return 0;
}

static int act_remove(struct call *call, struct error *err)
{
	struct fake_instance *instance = NULL;

	if (find_if_there(call->fake, call->app, call->name, &instance, err) < 0)
		return -1;
	if (instance)
		instance_leave(instance, call->for_ever);
	return 0;
}

static int act_logs(struct call *call, struct error *err)
{
	struct fake_instance *instance = NULL;

	return find_ours(call->fake, call->app, call->name, &instance, err);
}

static int act_not(struct call *call, struct error *err)
{
	(void)call;
	(void)err;
	return 0;
}

static int (*const acts[FAKE_CALLS])(struct call *, struct error *) = {
    [FAKE_CONNECT] = act_not,     [FAKE_LIST] = act_not,          [FAKE_LOOK] = act_not,
    [FAKE_CLAIM] = act_claim,     [FAKE_DISCLAIM] = act_disclaim, [FAKE_PREPARE] = act_prepare,
    [FAKE_RELEASE] = act_release, [FAKE_PLACE] = act_place,       [FAKE_START] = act_start,
    [FAKE_ADMIT] = act_admit,     [FAKE_PROBE] = act_not,         [FAKE_STOP] = act_stop,
    [FAKE_REMOVE] = act_remove,   [FAKE_LOGS] = act_logs,         [FAKE_UPDATE] = act_update,
    [FAKE_DELIVER] = act_deliver, [FAKE_SIGNAL] = act_signal,     [FAKE_WITHDRAW] = act_withdraw,
    [FAKE_RENAME] = act_rename,   [FAKE_EXEC] = act_exec,         [FAKE_LEASE] = act_lease,
    [FAKE_TIDY] = act_tidy,       [FAKE_USAGE] = act_not,
};

int call_act(struct call *call, struct error *err)
{
	return acts[call->question.kind](call, err);
}
