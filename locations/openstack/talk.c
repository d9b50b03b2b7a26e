/* talk.c - one errand at an OpenStack as steps that read an answer and ask the next thing. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "locations/openstack/openstack.h"

static struct talk *talk_new(struct openstack *openstack, struct errand *errand, talk_step *first)
{
	struct talk *talk = calloc(1, sizeof(*talk));

	if (!talk)
		return NULL;
	talk->openstack = openstack;
	talk->errand = errand;
	talk->step = first;
	talk->memory_before = memory_failures();
	talk->next = openstack->talks;
	talk->back = &openstack->talks;
	if (talk->next)
		talk->next->back = &talk->next;
	openstack->talks = talk;
	errand->state = talk;
	return talk;
}

void talk_free(struct talk *talk)
{
	struct world *world = talk->openstack->world;

	if (talk->machine && talk->inner.state)
		talk->machine->location.driver->drop(&talk->machine->location, &talk->inner);
	for (unsigned i = 0; i < CALLS; i++)
		openstack_call_release(&talk->calls[i]);
	world->ops->timer_cancel(world, talk->timer);
	if (talk->release)
		talk->release(talk->own);
	openstack_makings_leave(talk->openstack, talk);
	openstack_sharing_leave(talk->openstack, talk);
	making_server_free(talk->making);
	json_decref(talk->lacks);
	*talk->back = talk->next;
	if (talk->next)
		talk->next->back = talk->back;
	talk->errand->state = NULL;
	talk->errand->harmless = false;
	arena_release(&talk->arena);
	free(talk);
}

enum progress talk_run(struct location *location, struct errand *errand, talk_step *first,
		       const struct openstack_order *order, struct error *err)
{
	struct talk *talk = errand->state;
	struct error unasked;
	enum progress progress = PROGRESS_WAITING;

	if (!talk && !(talk = talk_new(location->state, errand, first)))
		return talk_no_memory(err);
	talk->order = order ? *order : (struct openstack_order){0};
	if (talk->asleep) {
		talk->asleep = false;
		talk->waiting--;
	}
	while (progress == PROGRESS_WAITING && !talk->waiting) {
		errand->harmless = false;
		progress = talk->step(talk, err ? err : &unasked);
	}
	if (progress == PROGRESS_WAITING)
		return progress;
	/* What came of it without memory is not known, whatever a step made of that. */
	if (memory_failures() != talk->memory_before)
		progress = talk_no_memory(err);
	talk_free(talk);
	return progress;
}

void talk_own(struct talk *talk, void *own, void (*release)(void *own))
{
	if (talk->release)
		talk->release(talk->own);
	talk->own = own;
	talk->release = release;
}

enum progress talk_go(struct talk *talk, talk_step *next)
{
	talk->step = next;
	return PROGRESS_WAITING;
}

int64_t talk_now(const struct talk *talk)
{
	struct world *world = talk->openstack->world;

	return world->ops->now(world);
}

void talk_returned(struct talk *talk)
{
	if (--talk->waiting == 0)
		talk->errand->wake(talk->errand);
}

enum progress talk_sleep(struct talk *talk)
{
	talk->asleep = true;
	talk->waiting++;
	return PROGRESS_WAITING;
}

void talk_awake(struct talk *talk)
{
	if (!talk->asleep)
		return;
	talk->asleep = false;
	talk_returned(talk);
}

static void fired(void *owner)
{
	struct talk *talk = owner;

	talk->timer = NULL;
	talk_returned(talk);
}

enum progress talk_pause(struct talk *talk, int64_t delay_ms, talk_step *next, struct error *err)
{
	struct world *world = talk->openstack->world;

	talk->step = next;
	talk->timer = world->ops->timer_start(world, delay_ms, fired, talk);
	if (!talk->timer)
		return talk_no_memory(err);
	talk->waiting++;
	return PROGRESS_WAITING;
}

enum progress talk_no_memory(struct error *err)
{
	fail_memory(err);
	return PROGRESS_FAILED;
}
