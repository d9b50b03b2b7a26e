/* tasks.c - a scripted target that keeps the tasks of a component itself: makes them, moves them, rolls them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "locations/fake/target.h"

enum { STAGING_MS = 20, LIVES_MS = 50, FIRST_PAUSE_MS = 100, LONGEST_PAUSE_MS = 60000, HOSTS = 5 };

static void task_timer(struct fake_task *task, int64_t delay_ms, void (*then)(void *))
{
	struct world *world = task->of->target->world;

	task->timer = world->ops->timer_start(world, delay_ms, then, task);
}

static void task_free(struct fake_task *task)
{
	struct world *world = task->of->target->world;
	struct fake_task **at = &task->of->tasks;

	world->ops->timer_cancel(world, task->timer);
	while (*at != task)
		at = &(*at)->next;
	*at = task->next;
	free(task->ports);
	free(task);
}

/* The state that its tasks make. */
static void tasks_judge(struct fake_instance *instance)
{
	bool runs = false;

	if (instance->seen.leaving)
		return;
	for (const struct fake_task *task = instance->tasks; task; task = task->next)
		runs |= task->runs;
	if (!instance->suspended)
		instance->seen.state = runs || !instance->seen.exits ? SEEN_RUNNING : SEEN_RESTARTING;
	else if (instance->seen.state != SEEN_CREATED)
		instance->seen.state = SEEN_STOPPED;
}

static void tasks_keep(struct fake_instance *instance);

static void keep_again(void *owner)
{
	struct fake_instance *instance = owner;

	instance->timer = NULL;
	tasks_keep(instance);
}

/* Another takes its place, after a pause that grows. */
static void task_die(struct fake_task *task, int exit_code)
{
	struct fake_instance *instance = task->of;
	struct world *world = instance->target->world;

	task_free(task);
	instance->seen.exits++;
	instance->seen.exit_code = exit_code;
	world->ops->timer_cancel(world, instance->timer);
	instance->timer = world->ops->timer_start(world, instance->pause_ms, keep_again, instance);
	if (instance->pause_ms < LONGEST_PAUSE_MS)
		instance->pause_ms *= 2;
	tasks_judge(instance);
	instance_tell(instance);
}

static void end_early(void *owner)
{
	struct fake_task *task = owner;
	const struct fake_behaviour *behaviour = instance_behaviour(task->of);

	task->timer = NULL;
	if (task->of->exits_left != UINT32_MAX)
		task->of->exits_left--;
	task_die(task, behaviour ? behaviour->exit_code : 1);
}

static void answer(void *owner)
{
	struct fake_task *task = owner;

	task->timer = NULL;
	task->answers = true;
	tasks_keep(task->of);
}

static void run(void *owner)
{
	struct fake_task *task = owner;
	struct fake_instance *instance = task->of;
	const struct fake_behaviour *behaviour = instance_behaviour(instance);
	int64_t after = behaviour ? behaviour->answers_after_ms : 0;

	task->timer = NULL;
	task->runs = true;
	instance_write(instance, behaviour ? behaviour->log : NULL);
	if (instance->exits_left)
		task_timer(task, behaviour && behaviour->lives_ms ? behaviour->lives_ms : LIVES_MS,
			   end_early);
	else if (after > 0)
		task_timer(task, after, answer);
	else
		task->answers = after == 0;
	tasks_keep(instance);
}

/* On some host, with some numbers: never those of the one before. */
static int task_make(struct fake_instance *instance)
{
	struct fake_target *target = instance->target;
	struct fake_task *task = calloc(1, sizeof(*task)), **at = &instance->tasks;
	struct attached_port *ports = calloc(instance->port_count + 1, sizeof(*ports));

	if (!task || !ports) {
		free(task);
		free(ports);
		return -1;
	}
	task->of = instance;
	task->version = instance->made.version;
	task->ports = ports;
	snprintf(task->id, sizeof(task->id), "%.60s.t%u", instance->group, ++target->made);
	snprintf(task->host, sizeof(task->host), "192.0.2.%u", 11 + target->made % HOSTS);
	for (size_t i = 0; i < instance->port_count; i++) {
		ports[i] = (struct attached_port){.port = instance->ports[i].port,
						  .number = target->next_port++,
						  .protocol = instance->ports[i].protocol};
		if (target->next_port == 60768)
			target->next_port = 32768;
	}
	while (*at)
		at = &(*at)->next;
	*at = task;
	if (instance->stuck_version != task->version)
		task_timer(task, STAGING_MS + target_pace(target, FAKE_STAGING), run);
	return 0;
}

struct tally {
	unsigned fresh, ready, old; /* of the version that is wanted: all, and those that answer; of others */
	struct fake_task *oldest_old, *youngest;
};

static struct tally count_up(const struct fake_instance *instance)
{
	struct tally tally = {0};

	for (struct fake_task *task = instance->tasks; task; task = task->next) {
		bool old = task->version != instance->made.version;
		tally.fresh += !old;
		tally.ready += !old && task->answers;
		tally.old += old;
		if (old && !tally.oldest_old)
			tally.oldest_old = task;
		tally.youngest = task;
	}
	return tally;
}

static unsigned wanted_of(const struct fake_instance *instance)
{
	return instance->suspended || instance->seen.leaving ? 0 : instance->made.count;
}

/* One step closer: an old one goes for each new one that answers. False: nothing is to be done now. */
static bool step(struct fake_instance *instance)
{
	const struct tally tally = count_up(instance);
	unsigned wanted = wanted_of(instance);

	if (tally.old && tally.ready + tally.old > wanted) {
		task_free(tally.oldest_old);
		return true;
	}
	if (!tally.old && tally.fresh > wanted) {
		task_free(tally.youngest);
		return true;
	}
	bool one_by_one = tally.old && tally.fresh > tally.ready;
	return tally.fresh < wanted && !one_by_one && task_make(instance) == 0;
}

/* Bring its tasks closer to what is wanted, as far as that goes now. */
static void tasks_keep(struct fake_instance *instance)
{
	while (step(instance))
		;
	const struct tally tally = count_up(instance);
	if (!tally.old && tally.ready == tally.fresh && tally.fresh == wanted_of(instance)) {
		instance->rolling = false;
		instance->settled = instance->made;
	}
	tasks_judge(instance);
	instance_tell(instance);
}

static void roll(struct fake_instance *instance)
{
	struct world *world = instance->target->world;
	const struct fake_behaviour *behaviour = instance_behaviour(instance);

	instance->rolling = true;
	instance->since_ms = world->ops->now(world);
	instance->exits_left = behaviour ? behaviour->exits : 0;
	instance->pause_ms = FIRST_PAUSE_MS;
	tasks_keep(instance);
}

void tasks_start(struct fake_instance *instance, unsigned count)
{
	struct world *world = instance->target->world;

	if (!instance->suspended)
		return;
	if (count)
		instance->made.count = count;
	instance->suspended = false;
	instance->seen.state = SEEN_RUNNING;
	instance->seen.started_ms = world->ops->wall(world);
	roll(instance);
}

void tasks_stop(struct fake_instance *instance)
{
	struct world *world = instance->target->world;

	world->ops->timer_cancel(world, instance->timer);
	instance->timer = NULL;
	instance->suspended = true;
	instance->rolling = false;
	while (instance->tasks)
		task_free(instance->tasks);
	tasks_judge(instance);
	instance_tell(instance);
}

int tasks_change(struct fake_instance *instance, const struct instance_spec *spec, bool stuck)
{
	bool other = *spec->digest && !instance_made_of(instance, spec);

	if (other && instance_make_of(instance, spec) < 0)
		return -1;
	if (spec->count)
		instance->made.count = spec->count;
	if (other || spec->roll)
		instance->made.version = ++instance->versions;
	instance->stuck_version = stuck ? instance->made.version : 0;
	if (!instance->suspended)
		roll(instance);
	return 0;
}

bool tasks_take_back(struct fake_instance *instance)
{
	if (!instance->settled.version)
		return false;
	instance->made = instance->settled;
	instance->stuck_version = 0;
	instance_be_made_of(instance);
	roll(instance);
	return true;
}

static struct fake_task *tasks_nth(const struct fake_instance *instance, unsigned nth)
{
	struct fake_task *task = instance->tasks;

	while (task && nth--)
		task = task->next;
	return task;
}

int fake_target_task_dies(struct fake_target *target, const char *name, unsigned nth, int exit_code)
{
	struct fake_instance *instance = target_instance(target, name);
	struct fake_task *task = instance ? tasks_nth(instance, nth) : NULL;

	if (!task)
		return -1;
	task_die(task, exit_code);
	return 0;
}

size_t fake_target_tasks(const struct fake_target *target, const char *name)
{
	const struct fake_instance *instance = target_instance(target, name);
	size_t count = 0;

	for (const struct fake_task *task = instance ? instance->tasks : NULL; task; task = task->next)
		count += task->answers;
	return count;
}

uint16_t fake_target_task_port(const struct fake_target *target, const char *name, unsigned nth,
			       uint16_t port)
{
	const struct fake_instance *instance = target_instance(target, name);
	const struct fake_task *task = instance ? tasks_nth(instance, nth) : NULL;

	for (size_t i = 0; task && i < instance->port_count; i++)
		if (task->ports[i].port == port)
			return task->ports[i].number;
	return 0;
}

static void unlock(void *owner)
{
	struct fake_instance *instance = owner;

	instance->lock = NULL;
	instance_tell(instance);
}

int fake_target_lock(struct fake_target *target, const char *name, int64_t lasts_ms)
{
	struct fake_instance *instance = target_instance(target, name);

	if (!instance || instance->lock)
		return -1;
	instance->lock = target->world->ops->timer_start(target->world, lasts_ms, unlock, instance);
	instance->lock_since_ms = target->world->ops->now(target->world);
	return instance->lock ? 0 : -1;
}

void tasks_tell(const struct fake_instance *instance, struct arena *arena, struct observed *ret)
{
	size_t count = 0, at = 0, serving = 0;

	for (const struct fake_task *task = instance->tasks; task; task = task->next)
		count++;
	struct observed_task *tasks = arena_array(arena, struct observed_task, count + 1);
	struct attachment *attachments = arena_array(arena, struct attachment, count + 1);
	if (!tasks || !attachments)
		return;
	for (const struct fake_task *task = instance->tasks; task; task = task->next) {
		tasks[at] = (struct observed_task){
		    .id = task->id,
		    .state = task->runs ? SEEN_RUNNING : SEEN_CREATED,
		    .at = {.network = "",
			   .address = task->host,
			   .ports = task->ports,
			   .port_count = instance->port_count},
		};
		if (task->answers)
			attachments[serving++] = tasks[at].at;
		at++;
	}
	ret->count = instance->made.count;
	ret->rolling = instance->rolling || instance->lock;
	ret->tasks = tasks;
	ret->task_count = count;
	if (serving) {
		ret->attachments = attachments;
		ret->attachment_count = serving;
	}
}
