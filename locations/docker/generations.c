/* generations.c - which of two generations serves: a listing does not tell who carries the shared name, so
 * each of them is asked. One generation alone, which is the rule, needs no such question. */
#include <string.h>

#include "locations/docker/docker.h"

struct looking {
	size_t at; /* among the instances of the inventory */
	step *after;
};

static step ask_next;

static bool has_other(const struct inventory *inventory, size_t index)
{
	const struct observed *one = &inventory->instances[index];

	for (size_t i = 0; i < inventory->instance_count; i++) {
		const struct observed *other = &inventory->instances[i];
		if (i != index && other->ordinal == one->ordinal &&
		    !strcmp(other->component, one->component) && !strcmp(other->app, one->app))
			return true;
	}
	return false;
}

static enum progress told(struct task *task, struct error *err)
{
	static const char *const texts[] = {"Id", "Name", NULL};
	struct looking *looking = task->own;
	struct observed *seen = (struct observed *)&task->inventory.instances[looking->at++];
	struct call *call = &task->calls[0];

	/* Gone meanwhile: as it was listed is as good as anything. */
	if (call->error.code == OK && call->status == 404)
		return task_go(task, ask_next);
	if (!call_ok(call))
		return call_failed(call, err, "location `%s`: cannot look at container `%s`",
				   task->docker->location->name, seen->name);
	const json_t *container = call_named(call, texts, "no container", err);
	if (!container)
		return PROGRESS_FAILED;
	seen->shared_name_held = shared_name_held(container);
	return task_go(task, ask_next);
}

static enum progress ask_next(struct task *task, struct error *err)
{
	const struct inventory *inventory = &task->inventory;
	struct looking *looking = task->own;

	while (looking->at < inventory->instance_count && !has_other(inventory, looking->at))
		looking->at++;
	if (looking->at == inventory->instance_count)
		return task_go(task, looking->after);
	return inspect(task, inventory->instances[looking->at].target_id, told, err);
}

static bool any_young(const struct inventory *inventory)
{
	for (size_t i = 0; i < inventory->instance_count; i++)
		if (inventory->instances[i].generation)
			return true;
	return false;
}

enum progress generations_ask(struct task *task, step *next, struct error *err)
{
	struct looking *looking;

	if (!any_young(&task->inventory))
		return task_go(task, next);
	if (!(looking = arena_alloc(&task->arena, sizeof(*looking))))
		return out_of_memory(err);
	looking->after = next;
	task->own = looking;
	return ask_next(task, err);
}
