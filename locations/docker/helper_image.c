/* helper_image.c - an instance that is made of the helper program: whether the engine can run it, and its
 * image for an engine that has it not. */
#include <string.h>

#include "locations/docker/prober.h"

static enum progress admitted(struct task *task, struct error *err)
{
	const struct docker *docker = task->docker;

	if (strcmp(docker->platform, docker->program->is.platform) == 0)
		return task_go(task, task->after);
	fail(err, ERR_UNSUPPORTED,
	     "location `%s` runs programs for %s, and berth-helper is one for %s: `%s` cannot be there",
	     docker->location->name, docker->platform[0] ? docker->platform : "an unknown platform",
	     docker->program->is.platform, task->wish.spec->name);
	remedy(err, "write `link: direct` at the component that it stands for");
	return PROGRESS_FAILED;
}

static enum progress version_told(struct task *task, struct error *err)
{
	struct call *call = &task->calls[0];

	if (!call_ok(call))
		return call_failed(call, err, "location `%s`: what programs it runs",
				   task->docker->location->name);
	platform_read(task->docker, call);
	return admitted(task, err);
}

enum progress helper_image_begin(struct task *task, step *next, struct error *err)
{
	const struct program *program = program_of(task->docker);
	const struct question version = {.method = "GET", .path = "/version"};

	if (!program)
		return out_of_memory(err);
	if (program->is.refused[0]) {
		fail(err, ERR_UNSUPPORTED, "`%s` cannot be made: %s", task->wish.spec->name,
		     program->is.refused);
		remedy(err, "write `link: direct` at the component that it stands for");
		return PROGRESS_FAILED;
	}
	if (program_name(task->docker, err) < 0)
		return PROGRESS_FAILED;
	task->after = next;
	return task->docker->platform[0] ? admitted(task, err) : ask(task, 0, &version, version_told, err);
}

static enum progress loaded(struct task *task, struct error *err)
{
	struct call *call = &task->calls[0];

	/* Loaded twice it is the same one. */
	if (call_unsure(call) && ++task->tries < TRIES)
		return program_load(task, loaded, err);
	if (!call_ok(call))
		return call_failed(call, err, "location `%s`: cannot load the image of berth-helper",
				   task->docker->location->name);
	const char *refused = load_refused(task);
	if (refused) {
		fail(err, ERR_FAILED, "location `%s`: cannot load the image of berth-helper: %s",
		     task->docker->location->name, refused);
		return PROGRESS_FAILED;
	}
	return task_go(task, task->after);
}

enum progress helper_image_load(struct task *task, step *next, struct error *err)
{
	task->after = next;
	task->tries = 0;
	return program_load(task, loaded, err);
}
