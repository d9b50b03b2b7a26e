/* claim.c - who deploys an application here: a labelled volume, whose second creation tells the first one's
 * labels. */
#include <string.h>

#include "locations/docker/docker.h"

static step claim_create, claim_read;

static const char *const volume_texts[] = {"Name", NULL};

static const char *claim_path(struct task *task)
{
	const char *app = escaped(&task->arena, task->wish.app);

	return app ? arena_format(&task->arena, "/volumes/berth.claim.%s", app) : NULL;
}

static enum progress not_ours(struct task *task, struct error *err)
{
	fail(err, ERR_CONFLICT,
	     "location `%s`: volume `berth.claim.%s` is there already and was not made by berth",
	     task->docker->location->name, task->wish.app);
	remedy(err, "remove it (`docker volume rm berth.claim.%s`) or give the application another id",
	       task->wish.app);
	return PROGRESS_FAILED;
}

static enum progress taken_from(struct task *task, struct error *err)
{
	struct call *call = &task->calls[0];

	if (call_ok(call) || call_unsure(call) || call->status == 404)
		return task_go(task, claim_create);
	return call_failed(call, err, "location `%s`: cannot take `%s` over", task->docker->location->name,
			   task->wish.app);
}

static enum progress take_over(struct task *task, struct error *err)
{
	const struct question question = {.method = "DELETE", .path = claim_path(task)};

	return ask(task, 0, &question, taken_from, err);
}

/* What is another owner's when it is adopted; what is ours when another store of ours was here last. */
static bool is_to_take(const struct task *task, const char *id, const char *place)
{
	const struct owner *owner = task->wish.owner;
	if (strcmp(id, owner->id) != 0)
		return task->wish.adopt;
	return owner->place && strcmp(place ? place : "", owner->place) != 0;
}

static enum progress told(struct task *task, const json_t *labels, struct error *err)
{
	const char *id = json_text(labels, "berth.claim"), *words = json_text(labels, "berth.owner");

	if (!id || !marked(labels, task->wish.app))
		return not_ours(task, err);
	if (is_to_take(task, id, json_text(labels, "berth.claim.place")) && ++task->tries < TRIES)
		return task_go(task, take_over);
	const char *holder = arena_text(task->wish.arena, id);
	const char *named = arena_text(task->wish.arena, words ? words : "");
	if (!holder || !named)
		return out_of_memory(err);
	*task->wish.holder = (struct owner){.id = holder, .words = named};
	return PROGRESS_DONE;
}

static enum progress claimed(struct task *task, struct error *err)
{
	struct call *call = &task->calls[0];

	/* Asked once more it answers with what it made. */
	bool raced = call->error.code == OK && call->status == 409;
	if ((call_unsure(call) || raced) && ++task->tries < TRIES)
		return task_go(task, claim_create);
	if (!call_ok(call))
		return call_failed(call, err, "location `%s`: cannot claim `%s`",
				   task->docker->location->name, task->wish.app);
	const json_t *volume = call_named(call, volume_texts, "no volume", err);
	if (!volume)
		return PROGRESS_FAILED;
	/* An engine that was started anew leaves the labels of an older volume out of this answer. */
	if (!marked(json_object_get(volume, "Labels"), task->wish.app))
		return task_go(task, claim_read);
	return told(task, json_object_get(volume, "Labels"), err);
}

static enum progress claim_was_read(struct task *task, struct error *err)
{
	struct call *call = &task->calls[0];

	/* It went meanwhile. */
	if (call->error.code == OK && call->status == 404 && ++task->tries < TRIES)
		return task_go(task, claim_create);
	if (!call_ok(call))
		return call_failed(call, err, "location `%s`: cannot look who has `%s`",
				   task->docker->location->name, task->wish.app);
	const json_t *volume = call_named(call, volume_texts, "no volume", err);
	return volume ? told(task, json_object_get(volume, "Labels"), err) : PROGRESS_FAILED;
}

static enum progress claim_read(struct task *task, struct error *err)
{
	const struct question question = {.method = "GET", .path = claim_path(task)};

	return ask(task, 0, &question, claim_was_read, err);
}

static enum progress claim_create(struct task *task, struct error *err)
{
	const char *name = arena_format(&task->arena, "berth.claim.%s", task->wish.app);
	const struct owner *owner = task->wish.owner;
	struct question question = {
	    .method = "POST",
	    .path = "/volumes/create",
	    .body = name ? json_pack("{s:s, s:{s:s, s:s, s:s, s:s*}}", "Name", name, "Labels", "berth.app",
				     task->wish.app, "berth.claim", owner->id, "berth.owner",
				     owner->words ? owner->words : "", "berth.claim.place", owner->place)
			 : NULL,
	};

	if (!question.body)
		return out_of_memory(err);
	return ask(task, 0, &question, claimed, err);
}

enum progress claim_begin(struct task *task, struct error *err)
{
	return claim_create(task, err);
}

static enum progress given_back(struct task *task, struct error *err)
{
	struct call *call = &task->calls[0];

	if (call_ok(call) || (call->error.code == OK && call->status == 404))
		return PROGRESS_DONE;
	if (call_unsure(call) && ++task->tries < TRIES)
		return task_go(task, disclaim_begin);
	return call_failed(call, err, "location `%s`: cannot give `%s` back", task->docker->location->name,
			   task->wish.app);
}

static enum progress found(struct task *task, struct error *err)
{
	const struct question question = {.method = "DELETE", .path = claim_path(task)};
	struct call *call = &task->calls[0];

	if (call->error.code == OK && call->status == 404)
		return PROGRESS_DONE;
	if (!call_ok(call))
		return call_failed(call, err, "location `%s`: cannot look who has `%s`",
				   task->docker->location->name, task->wish.app);
	const json_t *volume = call_named(call, volume_texts, "no volume", err);
	if (!volume)
		return PROGRESS_FAILED;
	const json_t *labels = json_object_get(volume, "Labels");
	if (!marked(labels, task->wish.app) || !json_text(labels, "berth.claim"))
		return not_ours(task, err);
	return ask(task, 0, &question, given_back, err);
}

enum progress disclaim_begin(struct task *task, struct error *err)
{
	const struct question question = {.method = "GET", .path = claim_path(task)};

	return ask(task, 0, &question, found, err);
}
