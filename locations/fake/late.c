/* late.c - what the scripted target still does when whoever asked for it has gone: a copy of the call, on the
 * target's own time. */
#include <stdlib.h>
#include <string.h>

#include "locations/fake/call.h"

struct late {
	struct late *next, **back; /* among the target's */
	struct fake fake;
	struct location location;
	struct call call;
	struct instance_spec spec;
	struct memory memory;
	struct timer *timer;
};

static void late_free(struct late *late)
{
	struct world *world = late->location.world;

	world->ops->timer_cancel(world, late->timer);
	*late->back = late->next;
	if (late->next)
		late->next->back = late->back;
	memory_release(&late->memory);
	free(late);
}

static void late_arrive(void *owner)
{
	struct late *late = owner;

	late->timer = NULL;
	call_act(&late->call, NULL);
	late_free(late);
}

void lates_free(struct fake_target *target)
{
	while (target->lates)
		late_free(target->lates);
}

size_t fake_target_late(const struct fake_target *target)
{
	size_t count = 0;

	for (const struct late *late = target->lates; late; late = late->next)
		count++;
	return count;
}

/* A location like the one that the call was made at, which may be closed by then. */
static void late_place(struct late *late, const struct call *call)
{
	const struct fake *fake = call->fake;

	late->location = (struct location){
	    .driver = fake->driver,
	    .world = fake->target->world,
	    .name = memory_text(&late->memory, fake->location->name),
	    .state = &late->fake,
	};
	late->fake = (struct fake){
	    .driver = fake->driver,
	    .location = &late->location,
	    .target = fake->target,
	    .target_name = (char *)memory_text(&late->memory, fake->target_name),
	    .address = (char *)memory_text(&late->memory, fake->address),
	    .patience_ms = fake->patience_ms,
	    .room = fake->room,
	};
}

/* What is done to something is done to the very thing it was meant for, which may be another by then. */
static const char *late_name(struct late *late, const struct call *call)
{
	const struct fake_instance *holder =
	    name_holder(call->fake->target, call->fake->location, call->app, call->name);
	struct arena arena = {0};

	if (call->question.kind == FAKE_PLACE || !holder)
		return memory_text(&late->memory, call->name);
	const char *name =
	    memory_text(&late->memory, double_name(&arena, holder->seen.name, holder->target_id));
	arena_release(&arena);
	return name;
}

static void late_copy(struct late *late, const struct call *call)
{
	const char *name = late_name(late, call);

	late->call = (struct call){
	    .fake = &late->fake,
	    .late = true,
	    .app = (char *)memory_text(&late->memory, call->app),
	    .name = (char *)name,
	    .fault = call->fault,
	    .for_ever = call->for_ever,
	    .question = {.kind = call->question.kind, .app = call->app, .name = name},
	};
	late->call.question.app = late->call.app;
	late->memory.failed |= !name;
	if (!call->question.spec)
		return;
	memory_spec(&late->memory, call->question.spec, &late->spec);
	late->spec.name = name;
	late->call.question.spec = &late->spec;
}

void late_send(const struct call *call, int64_t delay_ms)
{
	struct fake_target *target = call->fake->target;
	struct late *late = calloc(1, sizeof(*late));

	if (!late)
		return;
	late->next = target->lates;
	late->back = &target->lates;
	if (late->next)
		late->next->back = &late->next;
	target->lates = late;
	late_place(late, call);
	late_copy(late, call);
	if (!late->memory.failed)
		late->timer = target->world->ops->timer_start(target->world, delay_ms, late_arrive, late);
	if (!late->timer)
		late_free(late);
}
