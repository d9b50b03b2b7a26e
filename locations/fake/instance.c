/* instance.c - one instance at the scripted target: started, ending, started again, renamed, gone. */
#include <stdlib.h>
#include <string.h>

#include "locations/fake/target.h"

enum { LIVES_MS = 50, FIRST_PAUSE_MS = 100, LONGEST_PAUSE_MS = 60000 };

static void begin(struct fake_instance *instance);

const struct fake_behaviour *instance_behaviour(const struct fake_instance *instance)
{
	return target_behaviour(instance->target, instance->seen.name, instance->group, instance->image);
}

static void later(struct fake_instance *instance, int64_t delay_ms, void (*then)(void *))
{
	struct world *world = instance->target->world;

	instance->timer = world->ops->timer_start(world, delay_ms, then, instance);
}

void instance_tell(const struct fake_instance *instance)
{
	target_changed(instance->target, instance->seen.app, instance->seen.name);
	calls_output(instance->target, instance->seen.name);
}

void instance_write(struct fake_instance *instance, const char *words)
{
	struct world *world = instance->target->world;
	struct log_mark *marks;

	if (!words || !*words)
		return;
	marks = realloc(instance->marks, (instance->mark_count + 1) * sizeof(*marks));
	if (!marks)
		return;
	instance->marks = marks;
	text_add(&instance->log, words);
	marks[instance->mark_count++] = (struct log_mark){
	    .end = instance->log.length,
	    .at_ms = world->ops->wall(world),
	};
}

static void begin_again(void *owner)
{
	struct fake_instance *instance = owner;

	instance->timer = NULL;
	begin(instance);
	instance_tell(instance);
}

static void take_end(struct fake_instance *instance, int exit_code)
{
	instance->seen.exit_code = exit_code < 0 ? -1 : exit_code;
	instance->seen.signal = exit_code < 0 ? -exit_code : 0;
}

static bool starts_again(const struct fake_instance *instance, int exit_code)
{
	switch (instance->seen.restart) {
	case RESTART_NO:
		return false;
	case RESTART_ON_FAILURE:
		return exit_code != 0;
	case RESTART_UNLESS_STOPPED:
	case RESTART_ALWAYS:
		return true;
	}
	return false;
}

/* The target starts it again after a pause that grows, as Docker's does. */
void instance_crash(struct fake_instance *instance, int exit_code)
{
	struct world *world = instance->target->world;

	instance->seen.exits++;
	if (starts_again(instance, exit_code)) {
		world->ops->timer_cancel(world, instance->timer);
		take_end(instance, exit_code);
		instance->seen.state = SEEN_RESTARTING;
		later(instance, instance->pause_ms, begin_again);
		if (instance->pause_ms < LONGEST_PAUSE_MS)
			instance->pause_ms *= 2;
		if (!instance->timer) /* no memory: nobody will start it */
			instance_end(instance, exit_code);
	} else {
		instance_end(instance, exit_code);
	}
	if (instance->seen.state == SEEN_STOPPED)
		target_ended(instance->target, &instance->seen);
	else
		target_changed(instance->target, instance->seen.app, instance->seen.name);
	calls_output(instance->target, instance->seen.name);
}

static void end_early(void *owner)
{
	struct fake_instance *instance = owner;
	const struct fake_behaviour *behaviour = instance_behaviour(instance);

	instance->timer = NULL;
	if (instance->exits_left != UINT32_MAX)
		instance->exits_left--;
	instance_crash(instance, behaviour ? behaviour->exit_code : 1);
}

static void begin(struct fake_instance *instance)
{
	struct world *world = instance->target->world;
	const struct fake_behaviour *behaviour = instance_behaviour(instance);

	instance->seen.state = SEEN_RUNNING;
	instance->seen.started_ms = instance->seen.ran_ms = world->ops->wall(world);
	instance->since_ms = world->ops->now(world);
	instance_write(instance, behaviour ? behaviour->log : NULL);
	if (instance->exits_left)
		later(instance, behaviour && behaviour->lives_ms ? behaviour->lives_ms : LIVES_MS, end_early);
}

static void ports_let_go(struct fake_instance *instance)
{
	for (size_t i = 0; i < instance->port_count; i++)
		if (instance->ports[i].address)
			port_let_go(instance->target, instance->ports[i].number, instance->ports[i].protocol,
				    instance);
}

/* A number that the target picks, as Docker does for port 0. */
static uint16_t pick(struct fake_target *target, const struct port_wish *wish)
{
	for (unsigned tries = 0; tries < 28000; tries++) {
		uint16_t number = target->next_port++;
		if (target->next_port == 60768)
			target->next_port = 32768;
		if (!port_taken(target, wish->address, number, wish->protocol))
			return number;
	}
	return 0;
}

/* Attachments whose number was unknown get the one that was picked. */
static void number_attachments(struct fake_instance *instance, const struct port_wish *wish)
{
	for (size_t i = 1; i < instance->seen.attachment_count; i++) {
		struct attached_port *ports = (struct attached_port *)instance->attachments[i].ports;
		for (size_t k = 0; k < instance->attachments[i].port_count; k++)
			if (!ports[k].number && ports[k].port == wish->port &&
			    ports[k].protocol == wish->protocol)
				ports[k].number = wish->number;
	}
}

static int ports_hold(struct fake_instance *instance, struct error *err)
{
	for (size_t i = 0; i < instance->port_count; i++) {
		struct port_wish *wish = &instance->ports[i];
		if (!wish->address)
			continue;
		if (!wish->number) {
			wish->number = pick(instance->target, wish);
			number_attachments(instance, wish);
		}
		if (!wish->number ||
		    port_taken(instance->target, wish->address, wish->number, wish->protocol)) {
			ports_let_go(instance);
			return fail(err, ERR_CONFLICT,
				    "cannot start `%s`: bind for %s:%u failed: port is already allocated",
				    instance->seen.name, wish->address, wish->number);
		}
		if (port_hold(instance->target, wish->address, wish->number, wish->protocol, instance) < 0) {
			ports_let_go(instance);
			return fail_memory(err);
		}
	}
	return 0;
}

static void end_pause(struct fake_instance *instance)
{
	instance->seen.paused = false;
	instance->seen.error = NULL;
}

int instance_start(struct fake_instance *instance, struct error *err)
{
	const struct fake_behaviour *behaviour = instance_behaviour(instance);

	if (instance->seen.paused) {
		end_pause(instance);
		instance_tell(instance);
	}
	if (instance->seen.state == SEEN_RUNNING || instance->seen.state == SEEN_RESTARTING)
		return 0;
	if (instance->building || instance->seen.state == SEEN_BROKEN)
		return fail(err, ERR_FAILED, "cannot start `%s`: %s", instance->seen.name,
			    instance->building ? "it is being built" : instance->seen.error);
	if (ports_hold(instance, err) < 0)
		return -1;
	if (address_hold(instance, err) < 0) {
		ports_let_go(instance);
		return -1;
	}
	instance->seen.shared_name_held |= instance->shared_from_start;
	instance->exits_left = behaviour ? behaviour->exits : 0;
	instance->pause_ms = FIRST_PAUSE_MS;
	begin(instance);
	if (instance->exits_left && !instance->timer) { /* no memory: it would never end */
		instance_end(instance, -1);
		return fail_memory(err);
	}
	instance_tell(instance);
	return 0;
}

void instance_end(struct fake_instance *instance, int exit_code)
{
	struct world *world = instance->target->world;

	world->ops->timer_cancel(world, instance->timer);
	instance->timer = NULL;
	ports_let_go(instance);
	if (instance->seen.paused)
		end_pause(instance);
	instance->seen.state = SEEN_STOPPED;
	take_end(instance, exit_code);
	instance->seen.ran_ms = 0;
	address_let_go(instance);
}

void instance_free(struct fake_instance *instance)
{
	struct world *world = instance->target->world;

	if (instance->tasks)
		tasks_stop(instance);
	world->ops->timer_cancel(world, instance->timer);
	world->ops->timer_cancel(world, instance->lock);
	memory_release(&instance->memory);
	memory_release(&instance->files_memory);
	free(instance->signals.list);
	free(instance->commands.list);
	text_release(&instance->log);
	free(instance->marks);
	free(instance);
}

void instance_remove(struct fake_instance *instance)
{
	struct fake_target *target = instance->target;
	struct fake_app *app = map_get(target->apps, instance->seen.app);

	ports_let_go(instance);
	address_let_go(instance);
	name_let_go(instance);
	map_drop(&app->instances, instance->target_id);
	target->instance_count--;
	instance_tell(instance);
	instance_free(instance);
}

static void left(void *owner)
{
	struct fake_instance *instance = owner;

	instance->timer = NULL;
	instance_remove(instance);
}

/* What it holds is free only when it is gone. */
void instance_leave(struct fake_instance *instance, bool for_ever)
{
	struct world *world = instance->target->world;
	int64_t takes = target_pace(instance->target, FAKE_LEAVING);

	if (instance->seen.leaving)
		return;
	if (instance->grouped)
		tasks_stop(instance);
	if (!takes && !for_ever) {
		instance_remove(instance);
		return;
	}
	world->ops->timer_cancel(world, instance->timer);
	instance->timer = NULL;
	instance->building = false;
	instance->since_ms = world->ops->now(world);
	instance->seen.leaving = true;
	instance->seen.state = SEEN_BROKEN;
	instance->seen.error = "it is being deleted";
	if (!for_ever)
		later(instance, takes, left);
	instance_tell(instance);
}

static void built(void *owner)
{
	struct fake_instance *instance = owner;

	instance->timer = NULL;
	instance->building = false;
	if (instance->fault) {
		instance->seen.state = SEEN_BROKEN;
		instance->seen.error = instance->fault;
	}
	instance_tell(instance);
}

void instance_build(struct fake_instance *instance, bool for_ever)
{
	struct world *world = instance->target->world;
	int64_t takes = target_pace(instance->target, FAKE_BUILDING);

	instance->since_ms = world->ops->now(world);
	instance->building = takes || instance->fault || for_ever;
	if (instance->building && !for_ever)
		later(instance, takes, built);
}

int instance_rename(struct fake_instance *instance, const char *name, unsigned generation, struct error *err)
{
	struct fake_target *target = instance->target;
	const char *old = instance->seen.name, *copy = memory_text(&instance->memory, name);

	if (!copy || name_change(instance, name) < 0)
		return fail_memory(err);
	instance->seen.name = copy;
	instance->seen.generation = generation;
	calls_renamed(target, old, name);
	target_changed(target, instance->seen.app, old);
	instance_tell(instance);
	return 0;
}
