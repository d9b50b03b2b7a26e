/* place.c - make an instance's container: by its name, which the engine gives once, however often it is
 * asked. */
#include <string.h>

#include "base/map.h"
#include "locations/docker/docker.h"
#include "locations/docker/prober.h"

/* A dead client's creation holds its name until the engine is done with it, and shows nothing meanwhile. */
enum { HELD_LEAST_MS = 50, HELD_MOST_MS = 2000, HELD_LIMIT_MS = CHANGE_MS };

static step create, looked;

static void note_nothing(struct task *task)
{
	if (task->wish.note)
		*task->wish.note = NULL;
}

static enum progress create_first(struct task *task, struct error *err)
{
	task->since_ms = task_now(task);
	return create(task, err);
}

static enum progress await_pull(struct task *task, struct error *err)
{
	const char *ignored;
	enum progress progress = pull_result(task, task->wish.note ? task->wish.note : &ignored, err);

	if (progress != PROGRESS_DONE)
		return progress;
	note_nothing(task);
	task->flag = true; /* pulled: once is enough */
	return create_first(task, err);
}

static enum progress refused(struct task *task, struct call *call, struct error *err)
{
	const struct instance_spec *spec = task->wish.spec;
	const char *location = task->docker->location->name, *words = call_words(call);

	call_failed(call, err, "location `%s`: cannot create container `%s`", location, spec->name);
	if (strstr(words, "bind source path does not exist")) {
		err->code = ERR_INVALID;
		remedy(err, "make that directory on the engine's machine, or use a named volume");
	} else if (call->status == 404 && strstr(words, "network")) {
		network_forget(task->docker, spec->app);
		remedy(err, "the application's network went away; deploy again");
	}
	return PROGRESS_FAILED;
}

static enum progress fetch_image(struct task *task, struct error *err)
{
	if (!task->wish.spec->helper)
		return pull_join(task, task->wish.spec->image, await_pull, err);
	task->flag = true;
	return helper_image_load(task, create_first, err);
}

static enum progress created(struct task *task, struct error *err)
{
	struct call *call = &task->calls[0];
	const struct instance_spec *spec = task->wish.spec;

	if (call_ok(call) && !spec->file_count)
		return PROGRESS_DONE;
	if (call_ok(call))
		return inspect(task, spec->name, looked, err);
	if (call_unsure(call)) {
		task->unsure = call->error;
		return inspect(task, spec->name, looked, err);
	}
	if (call->error.code == OK && call->status == 409) {
		task->unsure.code = OK;
		return inspect(task, spec->name, looked, err);
	}
	if (call->status == 404 && strcasestr(call_words(call), "no such image") && !task->flag)
		return fetch_image(task, err);
	return refused(task, call, err);
}

static enum progress create_now(struct task *task, struct error *err)
{
	const struct instance_spec *spec = task->wish.spec;
	const char *name = escaped(&task->arena, spec->name);
	struct question question = {
	    .method = "POST",
	    .path = name ? arena_format(&task->arena, "/containers/create?name=%s", name) : NULL,
	    .body = create_body(task, spec),
	};

	if (!question.body)
		return out_of_memory(err);
	return ask(task, 0, &question, created, err);
}

static enum progress create_pinned(struct task *task, struct error *err)
{
	return pin_find(task, create_now, err);
}

static step *create_next(const struct task *task)
{
	return task->wish.spec->pin_address ? create_pinned : create_now;
}

static enum progress create_mounted(struct task *task, struct error *err)
{
	return podman_volumes(task, create_next(task), err);
}

static enum progress create(struct task *task, struct error *err)
{
	return network_find(task, task->docker->libpod[0] ? create_mounted : create_next(task), err);
}

/* The name is taken by what is not there: still being made for somebody else, or nearly removed. */
static enum progress create_when_free(struct task *task, struct error *err)
{
	int64_t waited_ms = task_now(task) - task->since_ms;
	int64_t pause_ms = waited_ms / 4;

	if (pause_ms < HELD_LEAST_MS)
		pause_ms = HELD_LEAST_MS;
	if (pause_ms > HELD_MOST_MS)
		pause_ms = HELD_MOST_MS;
	if (waited_ms < HELD_LIMIT_MS)
		return task_pause(task, pause_ms, create, err);
	fail(err, ERR_FAILED, "location `%s`: the name `%s` is taken, but no container has it",
	     task->docker->location->name, task->wish.spec->name);
	remedy(err, "the engine is making or removing one; deploy again when it is done");
	return PROGRESS_FAILED;
}

/* Nobody holds the name: a creation without an answer is made again, but not for ever. */
static enum progress create_again(struct task *task, struct error *err)
{
	if (!task->unsure.code)
		return create_when_free(task, err);
	if (++task->tries < TRIES)
		return task_go(task, create);
	explain(task->docker, "POST /containers/create", CHANGE_MS, &task->unsure, err);
	return PROGRESS_FAILED;
}

static bool is(const json_t *labels, const char *label, const char *wanted)
{
	const char *value = json_text(labels, label);

	return !strcmp(value ? value : "", wanted);
}

/* What would be changed in place, or not at all, if it had run. */
static bool up_to_date(const struct instance_spec *spec, const json_t *labels, const struct observed *seen)
{
	return is(labels, "berth.links", spec->link_digest) &&
	       is(labels, "berth.secrets", spec->secret_digest) &&
	       is(labels, "berth.files", spec->file_digest) &&
	       is(labels, "berth.pinned", spec->pin_address ? "yes" : "") &&
	       seen->memory_bytes == spec->memory_bytes && seen->nano_cpus == spec->nano_cpus &&
	       seen->restart == spec->restart;
}

/* Made when its network had gone already, which no network of that name mends. */
static bool is_stranded(const json_t *container, const char *app)
{
	return json_object_size(json_at(container, "NetworkSettings.Networks")) &&
	       !endpoint_of(container, app);
}

/* Made for this very wish, or of one that differs only where a new instance is not needed? */
static bool serves(const struct task *task, const json_t *container, const struct observed *seen)
{
	const struct instance_spec *spec = task->wish.spec;
	const json_t *labels = json_at(container, "Config.Labels");

	if (!is(labels, "berth.spec", spec->digest) || !is(labels, "berth.component", spec->component))
		return false;
	if (seen->state != SEEN_CREATED)
		return seen->state != SEEN_BROKEN;
	/* Never started: whatever it should be now can still be had for nothing. */
	return up_to_date(spec, labels, seen) && !is_stranded(container, spec->app);
}

static enum progress looked(struct task *task, struct error *err)
{
	int ours = inspected_is_ours(task, task->wish.spec->name, err);

	if (ours < 0)
		return PROGRESS_FAILED;
	if (!ours)
		return create_again(task, err);
	const json_t *container = call_json(&task->calls[0], err);
	struct observed seen;
	if (observe_inspected(task->docker, container, &task->arena, &seen) < 0)
		return out_of_memory(err);
	if (serves(task, container, &seen)) {
		/* Whoever made it may have been killed before its files were there. */
		task->after = task_done;
		return seen.state == SEEN_CREATED ? task_go(task, files_begin) : PROGRESS_DONE;
	}
	if (++task->tries >= TRIES) {
		fail(err, ERR_FAILED,
		     "location `%s`: container `%s` is made anew by somebody else again and again",
		     task->docker->location->name, task->wish.spec->name);
		return PROGRESS_FAILED;
	}
	task->target = task->wish.spec->name;
	task->after = create;
	return task_go(task, removal_begin);
}

/* The registry is to be asked first, unless that was done since the plan, or there is nothing to ask: a
 * digest names one image for ever. */
static bool pulls_first(const struct task *task)
{
	const struct instance_spec *spec = task->wish.spec;

	return spec->pull_always && !strchr(spec->image, '@') && !map_get(task->docker->pulled, spec->image);
}

enum progress place_begin(struct task *task, struct error *err)
{
	note_nothing(task);
	if (task->wish.spec->helper)
		return helper_image_begin(task, create_first, err);
	if (pulls_first(task))
		return pull_join(task, task->wish.spec->image, await_pull, err);
	return create_first(task, err);
}
