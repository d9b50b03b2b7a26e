/* stopped.c - which instances were stopped on purpose, so that no policy takes them for failed. */
#include "base/cleanup.h"
#include "engine/deploy.h"
#include "engine/specs.h"

static bool runs_again(const struct work *work)
{
	return work->action == ACTION_CREATE || work->action == ACTION_START ||
	       work->action == ACTION_REPLACE || work->action == ACTION_RELINK ||
	       work->action == ACTION_RESTART;
}

int remember_stopped(struct berth_operation *operation)
{
	struct store *store = operation->berth->store;
	const char *app = operation->application->id;
	bool stops = operation->verb == &verb_stop;
	owned_json before = NULL;
	struct error ignored = {0}; /* who only takes away can do without the store */
	if (store_stopped(store, app, &before, &ignored) && !stops) {
		*operation_error(operation) = ignored;
		return -1;
	}
	for (size_t i = 0; i < operation->work_count; i++) {
		const struct work *work = operation->works[i];
		const struct instance *instance = work->instance;
		const char *name = settled_name(instance);
		if (!name)
			return fail_memory(operation_error(operation));
		bool known = json_object_get(before, name) != NULL;
		bool stopped =
		    stops && instance->wanted && component_meant(operation, instance->component->id);
		if (stopped == known || (!stopped && !runs_again(work)))
			continue;
		uint64_t number =
		    store_put_stopped(store, app, name, stopped ? operation->berth->owner.words : NULL);
		if (!number)
			return fail_memory(operation_error(operation));
		operation->stopped = operation->commit = number;
	}
	return 0;
}

/* A store that cannot be written must not keep anything alive. */
bool stopped_remembered(struct berth_operation *operation)
{
	return !operation->stopped || store_durable(operation->berth->store, operation->stopped, NULL) != 0;
}
