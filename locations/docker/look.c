/* look.c - one container afresh: inspected, and found to be ours or somebody else's. */
#include <string.h>

#include "locations/docker/docker.h"

enum progress inspect(struct task *task, const char *name, step *next, struct error *err)
{
	const struct question question = {
	    .method = "GET",
	    .path = arena_format(&task->arena, "/containers/%s/json", name),
	};

	return ask(task, 0, &question, next, err);
}

int inspected_is_ours(struct task *task, const char *name, struct error *err)
{
	struct call *call = &task->calls[0];
	const char *location = task->docker->location->name;
	const char *app = task->wish.spec ? task->wish.spec->app : task->wish.app;

	if (call->status == 404 && call->error.code == OK)
		return 0;
	if (!call_ok(call)) {
		call_failed(call, err, "location `%s`: cannot look at container `%s`", location, name);
		return -1;
	}
	const json_t *container = call_json(call, err);
	if (!container)
		return -1;
	const json_t *labels = json_at(container, "Config.Labels");
	/* A name given as an id's beginning would be somebody else's container. */
	if (marked(labels, app) && !strcmp(container_name(container), name))
		return 1;
	const char *other = json_text(labels, "berth.app");
	if (other) {
		fail(err, ERR_CONFLICT, "location `%s`: container `%s` belongs to application `%.64s`",
		     location, name, other);
		remedy(err, "give this application another id");
	} else {
		stranger_met(task->docker, name);
		fail(err, ERR_CONFLICT,
		     "location `%s`: container `%s` is there already and was not made by berth", location,
		     name);
		remedy(err, "remove it (`docker rm -f %s`) or rename it, or give the application another id",
		       name);
	}
	return -1;
}

static enum progress looked(struct task *task, struct error *err)
{
	const char *name = task->wish.name;
	int ours = inspected_is_ours(task, name, err);

	if (ours < 0)
		return PROGRESS_FAILED;
	if (!ours) {
		fail(err, ERR_MISSING, "location `%s`: there is no container `%s`",
		     task->docker->location->name, name);
		return PROGRESS_FAILED;
	}
	if (observe_inspected(task->docker, call_json(&task->calls[0], err), task->wish.arena,
			      task->wish.observed) < 0)
		return out_of_memory(err);
	return PROGRESS_DONE;
}

enum progress look_begin(struct task *task, struct error *err)
{
	return inspect(task, task->wish.name, looked, err);
}
