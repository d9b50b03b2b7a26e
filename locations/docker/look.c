/* look.c - one container afresh: inspected, and found to be ours or somebody else's. */
#include <string.h>

#include "locations/docker/docker.h"

char *container_path(struct task *task, const char *rest)
{
	const char *id = task->id ? escaped(&task->arena, task->id) : NULL;

	return id ? arena_format(&task->arena, "/containers/%s%s", id, rest) : NULL;
}

enum progress inspect(struct task *task, const char *name, step *next, struct error *err)
{
	const char *written = escaped(&task->arena, name);
	const struct question question = {
	    .method = "GET",
	    .path = written ? arena_format(&task->arena, "/containers/%s/json", written) : NULL,
	};

	return ask(task, 0, &question, next, err);
}

enum progress inspect_again(struct task *task, step *next, struct error *err)
{
	return inspect(task, task->id, next, err);
}

/* Why the one that holds the name, or was asked for by its id, is not to be touched. */
static void not_ours(struct task *task, const char *name, const json_t *container, struct error *err)
{
	const char *location = task->docker->location->name, *its = container_name(container);
	const json_t *labels = json_at(container, "Config.Labels");
	const char *app = json_text(labels, "berth.app");

	if (app && is_instance(its, labels) && !strcmp(its, name)) {
		fail(err, ERR_CONFLICT, "location `%s`: container `%s` belongs to application `%.64s`",
		     location, name, app);
		remedy(err, "give this application another id");
		return;
	}
	if (strcmp(its, name) != 0) {
		fail(err, ERR_CONFLICT, "location `%s`: container `%s` is called `%.128s` now: left alone",
		     location, name, its);
		remedy(err, "rename it back (`docker rename %.128s %s`) or remove it (`docker rm -f %.128s`)",
		       its, name, its);
		return;
	}
	stranger_met(task->docker, name);
	if (app)
		fail(err, ERR_CONFLICT,
		     "location `%s`: container `%s` carries berth's labels but not its name: left alone",
		     location, name);
	else
		fail(err, ERR_CONFLICT,
		     "location `%s`: container `%s` is there already and was not made by berth", location,
		     name);
	remedy(err, "remove it (`docker rm -f %s`) or rename it, or give the application another id", name);
}

/* What an inspection must tell before anything is concluded from it. */
static const json_t *whole(struct call *call, struct error *err)
{
	static const char *const texts[] = {"Id", "Name", NULL};
	const json_t *container = call_named(call, texts, "no container", err);

	if (!container || (json_is_object(json_object_get(container, "Config")) &&
			   json_is_object(json_object_get(container, "State"))))
		return container;
	call_unusable(call, err, "no container");
	return NULL;
}

int inspected_is_ours(struct task *task, const char *name, struct error *err)
{
	struct call *call = &task->calls[0];
	const char *app = task->wish.spec ? task->wish.spec->app : task->wish.app;

	if (call->status == 404 && call->error.code == OK)
		return 0;
	if (!call_ok(call)) {
		call_failed(call, err, "location `%s`: cannot look at container `%s`",
			    task->docker->location->name, name);
		return -1;
	}
	const json_t *container = whole(call, err);
	if (!container)
		return -1;
	const json_t *labels = json_at(container, "Config.Labels");
	/* A name given as an id's beginning would be somebody else's container. */
	if (!marked(labels, app) || strcmp(container_name(container), name) != 0 ||
	    !is_instance(name, labels)) {
		not_ours(task, name, container, err);
		return -1;
	}
	const char *id = arena_text(&task->arena, json_text(container, "Id"));
	if (!id)
		return fail_memory(err);
	task->id = id;
	return 1;
}

enum progress container_gone(struct task *task, const char *name, struct error *err)
{
	fail(err, ERR_MISSING, "location `%s`: container `%s` is gone", task->docker->location->name, name);
	return PROGRESS_FAILED;
}

bool container_runs(const json_t *container)
{
	const json_t *state = json_object_get(container, "State");

	return json_flag(state, "Running", false) || json_flag(state, "Restarting", false);
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
