/* prober_container.c - the helper's container: found by its name, or made of an image that the engine is
 * given when it has it not; and removed.
 *
 * It ends by itself when its input does, so that a killed program leaves nothing for long; and the engine
 * then removes it.
 */
#include <string.h>

#include "locations/docker/prober.h"

#define MEMORY_BYTES (64 << 20) /* starting a container in there takes more than what then runs in it */

enum { PIDS = 64, REMOVAL_TRIES = 100, REMOVAL_PAUSE_MS = 100 };

#define IDLE_S "60" /* it is made again if it is asked after that */

static step create, start;

static struct prober *its_prober(const struct task *task)
{
	return prober_of(task->docker, task->wish.app);
}

static const char *name_of(struct task *task)
{
	const char *name = prober_name(&task->arena, task->wish.app);

	return name ? name : "";
}

static int note_id(struct prober *prober, const char *id)
{
	char *copy = id ? strdup(id) : NULL;

	free(prober->id);
	prober->id = copy;
	return id && !copy ? -1 : 0;
}

static char *path_of(struct task *task, const char *rest)
{
	const char *id = escaped(&task->arena, its_prober(task)->id);

	return id ? arena_format(&task->arena, "/containers/%s%s", id, rest) : NULL;
}

/* An engine that says no is not asked for ever; one that says nothing may yet. */
static enum progress stumbles(struct task *task, struct call *call, const char *doing, struct error *err)
{
	struct error why;

	if (call->error.code != OK)
		return call_failed(call, err, "%s", doing);
	call_failed(call, &why, "%s", doing);
	why.code = ERR_FAILED;
	return prober_stumbles(its_prober(task), &why, err);
}

static enum progress once_more(struct task *task, step *next, struct error *err)
{
	struct error why;

	if (++task->tries < TRIES)
		return task_go(task, next);
	fail(&why, ERR_FAILED, "the helper that asks there is gone as soon as it is made");
	return prober_stumbles(its_prober(task), &why, err);
}

/* --- its removal --- */

static step remove_now;

static enum progress removed(struct task *task, struct error *err)
{
	struct prober *prober = its_prober(task);
	struct call *call = &task->calls[0];
	/* 409: under way already, since its own end removes it too. */
	bool busy = call->error.code == OK && call->status == 409;

	if (call_ok(call) || (call->error.code == OK && call->status == 404)) {
		note_id(prober, NULL);
		return task_go(task, prober->removed);
	}
	if ((busy || call_unsure(call)) && ++task->tries < (busy ? REMOVAL_TRIES : TRIES))
		return task_pause(task, REMOVAL_PAUSE_MS, remove_now, err);
	return call_failed(call, err, "location `%s`: cannot remove container `%s`",
			   task->docker->location->name, name_of(task));
}

static enum progress remove_now(struct task *task, struct error *err)
{
	const struct question question = {.method = "DELETE", .path = path_of(task, "?force=1&v=1")};

	return ask_in_turn(task, TURN_MOVES, &question, remove_now, removed, err);
}

enum progress prober_remove(struct task *task, step *next, struct error *err)
{
	its_prober(task)->removed = next;
	task->tries = 0;
	return remove_now(task, err);
}

/* --- one that runs is listened to --- */

static enum progress listened(struct task *task, struct error *err)
{
	struct prober *prober = its_prober(task);
	struct error why;

	if (prober->open)
		return task_go(task, task->after);
	if (prober->ended.code != OK) {
		explain(task->docker, "POST /containers/attach", READ_MS, &prober->ended, err);
		return PROGRESS_FAILED;
	}
	fail(&why, ERR_FAILED, "the helper that asks there does not listen (HTTP %d)", prober->status);
	if (prober_stumbles(prober, &why, err) == PROGRESS_FAILED && err->code == ERR_UNSUPPORTED)
		return PROGRESS_FAILED;
	return task_go(task, create);
}

static enum progress started(struct task *task, struct error *err)
{
	struct call *call = &task->calls[0];

	if (call_ok(call))
		return prober_listen(task, listened, err);
	if (call->error.code == OK && call->status == 404)
		return once_more(task, create, err);
	/* Started twice it runs once. */
	if (call_unsure(call) && ++task->tries < TRIES)
		return task_go(task, start);
	return stumbles(task, call, "the helper that asks there cannot be started", err);
}

static enum progress start(struct task *task, struct error *err)
{
	const struct question question = {
	    .method = "POST", .path = path_of(task, "/start"), .limit_ms = START_MS};

	return ask_in_turn(task, TURN_MOVES, &question, start, started, err);
}

/* --- found --- */

static bool serves(const struct task *task, const json_t *container)
{
	const char *state = json_text(json_object_get(container, "State"), "Status");
	const char *image = json_text(json_object_get(container, "Config"), "Image");
	const char *network = json_text(json_object_get(container, "HostConfig"), "NetworkMode");

	return state && (!strcmp(state, "created") || !strcmp(state, "running")) && image &&
	       !strcmp(image, task->docker->program->image) && network &&
	       !strcmp(network, task->asking->network);
}

static enum progress looked(struct task *task, struct error *err)
{
	static const char *const texts[] = {"Id", "Name", NULL};
	struct prober *prober = its_prober(task);
	struct call *call = &task->calls[0];

	if (call->error.code == OK && call->status == 404)
		return once_more(task, create, err);
	if (!call_ok(call))
		return stumbles(task, call, "the helper that asks there cannot be looked at", err);
	const json_t *container = call_named(call, texts, "no container", err);
	if (!container)
		return PROGRESS_FAILED;
	const json_t *labels = json_at(container, "Config.Labels");
	if (!marked(labels, prober->app) || !is_helper(container_name(container), labels))
		return prober_refuse(prober, err, "container `%s` is there already and was not made by berth",
				     name_of(task));
	if (note_id(prober, json_text(container, "Id")) < 0)
		return out_of_memory(err);
	return serves(task, container) ? task_go(task, start) : prober_remove(task, create, err);
}

/* --- or made --- */

static enum progress loaded(struct task *task, struct error *err)
{
	struct call *call = &task->calls[0];
	const char *doing = "the image of the helper that asks there cannot be loaded";
	struct error why;

	/* Loaded twice it is the same one. */
	if (call_unsure(call) && ++task->tries < TRIES)
		return program_load(task, loaded, err);
	if (!call_ok(call))
		return stumbles(task, call, doing, err);
	const char *refused = load_refused(task);
	if (refused) {
		fail(&why, ERR_FAILED, "%s: %s", doing, refused);
		return prober_stumbles(its_prober(task), &why, err);
	}
	task->asking->loaded = true;
	return task_go(task, create);
}

static enum progress created(struct task *task, struct error *err)
{
	static const char *const texts[] = {"Id", NULL};
	struct call *call = &task->calls[0];
	bool absent = call->error.code == OK && call->status == 404;

	if (call_unsure(call) || (call->error.code == OK && call->status == 409))
		return inspect(task, name_of(task), looked, err);
	if (absent && !task->asking->loaded && strcasestr(call_words(call), "no such image"))
		return program_load(task, loaded, err);
	if (!call_ok(call))
		return stumbles(task, call, "the helper that asks there cannot be made", err);
	const json_t *made = call_named(call, texts, "no container", err);
	if (!made)
		return PROGRESS_FAILED;
	if (note_id(its_prober(task), json_text(made, "Id")) < 0)
		return out_of_memory(err);
	return task_go(task, start);
}

/* It can open connections, and nothing else. */
static json_t *body_of(const struct task *task)
{
	owned_json host = json_pack("{s:s, s:b, s:b, s:[s], s:[s], s:i, s:i, s:{s:s}}", "NetworkMode",
				    task->asking->network, "AutoRemove", 1, "ReadonlyRootfs", 1, "CapDrop",
				    "ALL", "SecurityOpt", "no-new-privileges", "Memory", MEMORY_BYTES,
				    "PidsLimit", PIDS, "LogConfig", "Type", "none");

	if (!host)
		return NULL;
	return json_pack("{s:s, s:[s, s], s:s, s:b, s:b, s:b, s:b, s:{s:s, s:s}, s:O}", "Image",
			 task->docker->program->image, "Cmd", "probe", IDLE_S, "User", "65534:65534",
			 "OpenStdin", 1, "StdinOnce", 1, "AttachStdin", 1, "AttachStdout", 1, "Labels",
			 "berth.app", task->wish.app, "berth.helper", "probe", "HostConfig", host);
}

static enum progress create(struct task *task, struct error *err)
{
	const char *name = escaped(&task->arena, name_of(task));
	struct question question = {
	    .method = "POST",
	    .path = name ? arena_format(&task->arena, "/containers/create?name=%s", name) : NULL,
	    .body = body_of(task),
	};

	if (!question.body)
		return out_of_memory(err);
	return ask(task, 0, &question, created, err);
}

static enum progress admitted(struct task *task, struct error *err)
{
	const struct docker *docker = task->docker;

	if (strcmp(docker->platform, docker->program->is.platform) != 0)
		return prober_refuse(its_prober(task), err,
				     "the engine runs programs for %s, and berth-helper is one for %s",
				     docker->platform[0] ? docker->platform : "an unknown platform",
				     docker->program->is.platform);
	task->tries = 0;
	return create(task, err);
}

static enum progress version_told(struct task *task, struct error *err)
{
	struct call *call = &task->calls[0];

	if (!call_ok(call))
		return stumbles(task, call, "the engine does not say what programs it runs", err);
	platform_read(task->docker, call);
	return admitted(task, err);
}

enum progress prober_make(struct task *task, struct error *err)
{
	const struct program *program = program_of(task->docker);
	const struct question version = {.method = "GET", .path = "/version"};

	if (!program)
		return out_of_memory(err);
	if (program->is.refused[0])
		return prober_refuse(its_prober(task), err, "%s", program->is.refused);
	if (program_name(task->docker, err) < 0)
		return PROGRESS_FAILED;
	return task->docker->platform[0] ? admitted(task, err) : ask(task, 0, &version, version_told, err);
}
