/* task.c - what an errand at this machine keeps between two calls. */
#include "locations/localhost/localhost.h"

#include <stdlib.h>

void *local_task_new(struct location *location, struct errand *errand, size_t size,
		     void (*release)(struct task *))
{
	struct localhost *home = localhost_of(location);
	struct task *task = calloc(1, size);

	if (!task)
		return NULL;
	task->location = location;
	task->errand = errand;
	task->release = release;
	task->next = home->tasks;
	if (task->next)
		task->next->previous = task;
	home->tasks = task;
	errand->state = task;
	return task;
}

void local_task_free(struct task *task)
{
	if (!task)
		return;
	struct location *location = task->location;

	location->world->ops->timer_cancel(location->world, task->timer);
	if (task->release)
		task->release(task);
	if (task->previous)
		task->previous->next = task->next;
	else
		localhost_of(location)->tasks = task->next;
	if (task->next)
		task->next->previous = task->previous;
	task->errand->state = NULL;
	free(task);
}

static void slept(void *owner)
{
	struct task *task = owner;

	task->timer = NULL;
	task->errand->wake(task->errand);
}

enum progress local_task_sleep(struct task *task, int64_t first_ms, struct error *err)
{
	struct world *world = task->location->world;

	if (task->timer)
		return PROGRESS_WAITING;
	task->delay_ms = task->delay_ms ? task->delay_ms * 2 : first_ms;
	if (task->delay_ms > first_ms * 10)
		task->delay_ms = first_ms * 10;
	task->timer = world->ops->timer_start(world, task->delay_ms, slept, task);
	if (task->timer)
		return PROGRESS_WAITING;
	fail_memory(err);
	return local_task_end(task, PROGRESS_FAILED);
}

enum progress local_task_end(struct task *task, enum progress progress)
{
	local_task_free(task);
	return progress;
}
