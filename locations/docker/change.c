/* change.c - limits and restart policy of a container, changed while it runs.
 *
 * The engine takes a number of zero for "leave it as it is", so a limit is not taken away by it:
 * memory gets one that no machine has (the kernel then counts without a limit; observe.c reads it as none),
 * and swap one more than that, which is what a container made without a limit has; CPUs get a quota of -1,
 * which goes before their number, also at the next start. But that quota cannot be taken away again either:
 * such a container gets no limit of CPUs any more, it must be replaced. */
#include <string.h>

#include "locations/docker/docker.h"

#define SWAP_WITHOUT_LIMIT (INT64_MAX - 4095) /* whole pages */

enum { NOTICE_PAUSE_MS = 200, NOTICE_TRIES = 100 };

static step looked;

static int put(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value);
}

/* The engine holds memory and swap to be twice the memory, and refuses memory above what it holds. */
static int put_memory(json_t *body, int64_t memory)
{
	return put(body, "Memory", json_integer(memory ? memory : NO_MEMORY_LIMIT)) < 0
		   ? -1
		   : put(body, "MemorySwap", json_integer(memory ? memory * 2 : SWAP_WITHOUT_LIMIT));
}

/* NULL: no memory. */
static json_t *differences(const struct instance_spec *spec, const struct observed *seen)
{
	owned_json body = json_object();

	if (!body || (spec->memory_bytes != seen->memory_bytes && put_memory(body, spec->memory_bytes) < 0))
		return NULL;
	if (spec->nano_cpus != seen->nano_cpus &&
	    put(body, spec->nano_cpus ? "NanoCpus" : "CpuQuota",
		json_integer(spec->nano_cpus ? spec->nano_cpus : -1)) < 0)
		return NULL;
	if (spec->restart != seen->restart && put(body, "RestartPolicy", restart_policy(spec->restart)) < 0)
		return NULL;
	return give(body);
}

static enum progress look_again(struct task *task, struct error *err)
{
	return inspect_again(task, looked, err);
}

/* Its process is no more, of which the engine has not heard yet. As soon as it has, it takes any change. */
static bool end_unnoticed(struct call *call)
{
	static const char *const words[] = {"cannot update a stopped container",
					    "cannot update a deleted process", "container not running",
					    "no such process", "process already finished"};
	bool found = false;

	for (size_t i = 0; i < COUNT_OF(words); i++)
		found |= strstr(call_words(call), words[i]) != NULL;
	return found && call->error.code == OK && call->status != 404;
}

static enum progress updated(struct task *task, struct error *err)
{
	struct call *call = &task->calls[0];

	if (call_ok(call))
		return PROGRESS_DONE;
	bool unnoticed = end_unnoticed(call);
	if (unnoticed && ++task->tries < NOTICE_TRIES)
		return task_pause(task, NOTICE_PAUSE_MS, look_again, err);
	if (call_unsure(call) && ++task->tries < TRIES)
		return look_again(task, err);
	call_failed(call, err, "location `%s`: cannot change container `%s` in place",
		    task->docker->location->name, task->wish.spec->name);
	if (unnoticed) {
		err->code = ERR_FAILED;
		remedy(err, "its process has ended, and the engine does not notice: see whether it is well "
			    "(its log tells)");
	} else if (call->error.code == OK && (call->status == 500 || call->status == 409)) {
		err->code = ERR_UNSUPPORTED; /* such as memory below what is in use */
	}
	return PROGRESS_FAILED;
}

static enum progress change(struct task *task, const json_t *container, const struct observed *seen,
			    struct error *err)
{
	const struct instance_spec *spec = task->wish.spec;
	struct question question = {
	    .method = "POST",
	    .path = container_path(task, "/update"),
	    .body = differences(spec, seen),
	};

	if (!question.body)
		return out_of_memory(err);
	if (json_object_get(question.body, "NanoCpus") &&
	    json_number(json_object_get(container, "HostConfig"), "CpuQuota", 0) != 0) {
		json_decref(question.body);
		fail(err, ERR_UNSUPPORTED,
		     "location `%s`: container `%s` has a quota of CPUs, which an engine cannot exchange for "
		     "a number",
		     task->docker->location->name, spec->name);
		return PROGRESS_FAILED;
	}
	if (json_object_size(question.body))
		return ask(task, 0, &question, updated, err);
	json_decref(question.body);
	return PROGRESS_DONE;
}

static enum progress looked(struct task *task, struct error *err)
{
	const char *name = task->wish.spec->name;
	int ours = inspected_is_ours(task, name, err);
	struct observed seen;

	if (ours < 0)
		return PROGRESS_FAILED;
	if (!ours)
		return container_gone(task, name, err);
	const json_t *container = call_json(&task->calls[0], err);
	if (observe_inspected(task->docker, container, &task->arena, &seen) < 0)
		return out_of_memory(err);
	return change(task, container, &seen, err);
}

enum progress update_begin(struct task *task, struct error *err)
{
	return inspect(task, task->wish.spec->name, looked, err);
}
