/* task.c - an errand under way: steps that are taken whenever what they wait for has come back. */
#include <stdlib.h>

#include "locations/docker/registry.h"

static struct task *task_new(struct docker *docker, struct errand *errand, step *first)
{
	struct task *task = calloc(1, sizeof(*task));

	if (!task)
		return NULL;
	task->docker = docker;
	task->errand = errand;
	task->memory_before = memory_failures();
	task->step = docker->known ? first : version_ask;
	task->after = first;
	task->next = docker->tasks;
	task->back = &docker->tasks;
	if (task->next)
		task->next->back = &task->next;
	docker->tasks = task;
	errand->state = task;
	return task;
}

void task_free(struct task *task)
{
	struct world *world = task->docker->world;

	for (unsigned i = 0; i < CALLS; i++)
		call_release(&task->calls[i]);
	world->ops->timer_cancel(world, task->timer);
	world->ops->tcp_cancel(world, task->probe);
	pull_leave(task);
	if (task->session)
		session_release(task->session);
	if (task->asking)
		asking_release(task->asking);
	pin_forget(task);
	if (task->docker->leaver == task)
		task->docker->leaver = NULL;
	json_decref(task->kept);
	newest_free(task->newest);
	inventory_release(&task->inventory);
	*task->back = task->next;
	if (task->next)
		task->next->back = task->back;
	task->errand->state = NULL;
	arena_release(&task->arena);
	free(task);
}

/* What came of it without memory is not known, whatever a step made of that. */
static enum progress settled(const struct task *task, enum progress progress, struct error *err)
{
	return progress == PROGRESS_WAITING || memory_failures() == task->memory_before ? progress
											: out_of_memory(err);
}

enum progress task_run(struct location *location, struct errand *errand, step *first, const struct wish *wish,
		       struct error *err)
{
	struct task *task = errand->state;
	struct error unasked;
	enum progress progress = PROGRESS_WAITING;

	if (!task && !(task = task_new(location->state, errand, first)))
		return out_of_memory(err);
	task->wish = *wish;
	while (progress == PROGRESS_WAITING && (!task->waiting || task->attention)) {
		task->attention = false;
		progress = task->step(task, err ? err : &unasked);
	}
	progress = settled(task, progress, err);
	if (progress != PROGRESS_WAITING)
		task_free(task);
	return progress;
}

enum progress task_go(struct task *task, step *next)
{
	task->step = next;
	return PROGRESS_WAITING;
}

enum progress task_done(struct task *task, struct error *err)
{
	(void)task, (void)err;
	return PROGRESS_DONE;
}

void task_attend(struct task *task)
{
	task->attention = true;
	task->errand->wake(task->errand);
}

void task_returned(struct task *task)
{
	if (--task->waiting == 0)
		task->errand->wake(task->errand);
}

int64_t task_now(const struct task *task)
{
	return task->docker->world->ops->now(task->docker->world);
}

static void fired(void *owner)
{
	struct task *task = owner;

	task->timer = NULL;
	task_returned(task);
}

enum progress task_pause(struct task *task, int64_t delay_ms, step *next, struct error *err)
{
	struct world *world = task->docker->world;

	task->step = next;
	task->timer = world->ops->timer_start(world, delay_ms, fired, task);
	if (!task->timer)
		return out_of_memory(err);
	task->waiting++;
	return PROGRESS_WAITING;
}
