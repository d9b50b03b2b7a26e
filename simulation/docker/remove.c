/* remove.c - a container goes: its process is killed, its files are taken away, and then its name is free. */
#include <stdlib.h>
#include <string.h>

#include "simulation/docker/model.h"

enum { FILES_MS = 15, NAMELESS_MS = 1, KILL_MS = 2 };

static void step_after(struct container *container, void (*step)(struct event *), int64_t delay_ms)
{
	container->vanishes.happen = step;
	if (clock_add(container->engine->clock, &container->vanishes, delay_ms) < 0)
		abort();
}

/* Those that nobody named. */
static void drop_volumes(struct container *container)
{
	for (size_t i = 0; i < container->mount_count; i++) {
		const struct mount *mount = &container->mounts[i];
		struct volume *volume =
		    mount->anonymous ? volume_found(container->engine, mount->volume) : NULL;
		if (volume && !volume_users(container->engine, volume->name, NULL))
			volume_drop(container->engine, volume);
	}
}

/* A listing shows it still, for a moment. */
static void has_vanished(struct event *event)
{
	struct container *container = owner_of(event, struct container, vanishes),
			 **at = &container->engine->containers;
	struct call *remover = container->remover;

	while (*at != container)
		at = &(*at)->next;
	*at = container->next;
	container->engine->container_count--;
	container->next = container->engine->graveyard;
	container->engine->graveyard = container;
	container->gone = true;
	container->remover = NULL;
	if (container->drops_volumes)
		drop_volumes(container);
	if (remover)
		answer_nothing(remover, 204);
}

static void loses_its_name(struct event *event)
{
	struct container *container = owner_of(event, struct container, vanishes);
	struct docker_engine *engine = container->engine;

	container_event(container, "destroy", NULL, NULL);
	for (struct endpoint *at = container->endpoints; at; at = at->next)
		endpoint_haunts(container, at);
	map_drop(&engine->by_name, container->name);
	map_drop(&engine->by_id, container->id);
	free(container->name);
	container->name = NULL;
	step_after(container, has_vanished, NAMELESS_MS);
}

static void has_ended(struct event *event)
{
	struct container *container = owner_of(event, struct container, vanishes);

	note_listed(container);
	step_after(container, loses_its_name, FILES_MS);
}

void container_remove(struct container *container, bool volumes, struct call *remover)
{
	bool runs = has_process(container) || container->state == RESTARTING;

	container->removing = true;
	container->drops_volumes = volumes;
	container->remover = remover;
	if (runs)
		container_kill(container);
	if (container->name)
		step_after(container, has_ended, runs ? KILL_MS : 0);
	else /* the engine went down after its name had gone */
		step_after(container, has_vanished, NAMELESS_MS);
}

void remove_asked(struct call *call)
{
	struct container *container = container_of_call(call);

	if (!container)
		return;
	bool runs = has_process(container) || container->state == RESTARTING;
	if (container->removing)
		refuse(call, 409, "removal of container %s is already in progress", call->part);
	else if (runs && !query_flag(call, "force"))
		refuse(call, 409,
		       "You cannot remove a %s container %s. %stop the container before attempting removal "
		       "or force remove",
		       state_word(container), container->id,
		       container->state == PAUSED ? "Unpause and then s" : "S");
	else
		container_remove(container, query_flag(call, "v"), call);
}
