/* rename.c - another name for a container: the engine gives a name once, so that two cannot have it.
 *
 * It takes all names of a running container off the network and puts them on again, one after the other. What
 * they share with another container resolves meanwhile; what only this one has may be missed by who asks just
 * then (some microseconds). */
#include <string.h>

#include "locations/docker/docker.h"

static step rename_now, looked_from, looked_to, looked_again;

static enum progress cannot(struct task *task, struct call *call, struct error *err)
{
	return call_failed(call, err, "location `%s`: cannot rename container `%s` to `%s`",
			   task->docker->location->name, task->wish.name, task->wish.word);
}

static enum progress held(struct task *task, struct error *err)
{
	fail(err, ERR_CONFLICT, "location `%s`: the name `%s` is held by another container",
	     task->docker->location->name, task->wish.word);
	remedy(err, "see what it is (`docker inspect %s`), then remove or rename it", task->wish.word);
	return PROGRESS_FAILED;
}

static enum progress renamed(struct task *task, struct error *err)
{
	struct call *call = &task->calls[0];

	if (call_ok(call))
		return PROGRESS_DONE;
	if (call->error.code == OK && call->status == 404)
		return container_gone(task, task->wish.name, err);
	if (call->error.code == OK && call->status == 409)
		return held(task, err);
	/* Refused as the name it has already, when an earlier answer was lost. */
	if ((call_unsure(call) || call->status == 400) && ++task->tries < TRIES)
		return inspect_again(task, looked_again, err);
	return cannot(task, call, err);
}

static enum progress rename_now(struct task *task, struct error *err)
{
	const char *name = escaped(&task->arena, task->wish.word);
	const char *rest = name ? arena_format(&task->arena, "/rename?name=%s", name) : NULL;
	const struct question question = {
	    .method = "POST",
	    .path = rest ? container_path(task, rest) : NULL,
	};

	/* What does not run is on no network. */
	return ask_in_turn(task, task->flag ? TURN_RENAMES : TURN_NONE, &question, rename_now, renamed, err);
}

static enum progress rename_it(struct task *task, struct error *err)
{
	task->flag = container_runs(call_json(&task->calls[0], err));
	task->since_ms = task_now(task);
	return task_go(task, rename_now);
}

static enum progress looked_again(struct task *task, struct error *err)
{
	struct call *call = &task->calls[0];
	const char *its = call_ok(call) ? container_name(call_json(call, err)) : "";

	if (!strcmp(its, task->wish.word))
		return PROGRESS_DONE;
	int ours = inspected_is_ours(task, task->wish.name, err);
	if (ours < 0)
		return PROGRESS_FAILED;
	return ours ? rename_it(task, err) : container_gone(task, task->wish.name, err);
}

/* Nobody has the old name: it may have been renamed before. */
static enum progress looked_to(struct task *task, struct error *err)
{
	int ours = inspected_is_ours(task, task->wish.word, err);

	if (ours < 0)
		return PROGRESS_FAILED;
	return ours ? PROGRESS_DONE : container_gone(task, task->wish.name, err);
}

static enum progress looked_from(struct task *task, struct error *err)
{
	int ours = inspected_is_ours(task, task->wish.name, err);

	if (ours < 0)
		return PROGRESS_FAILED;
	return ours ? rename_it(task, err) : inspect(task, task->wish.word, looked_to, err);
}

/* Another generation of the very instance. */
static bool same_place(struct arena *arena, const char *from, const char *to)
{
	const char *app[2], *component[2];
	unsigned ordinal[2], generation[2];

	return instance_name_split(arena, from, &app[0], &component[0], &ordinal[0], &generation[0]) &&
	       instance_name_split(arena, to, &app[1], &component[1], &ordinal[1], &generation[1]) &&
	       !strcmp(app[0], app[1]) && !strcmp(component[0], component[1]) && ordinal[0] == ordinal[1];
}

enum progress rename_begin(struct task *task, struct error *err)
{
	const char *from = task->wish.name, *to = task->wish.word;

	if (!same_place(&task->arena, from, to)) {
		fail(err, ERR_INVALID, "`%s` and `%s` are names of two instances", from, to);
		return PROGRESS_FAILED;
	}
	return inspect(task, from, looked_from, err);
}
