/* logs.c - the output of an application's instances, as it was written and, when asked, as it comes. */
#include <string.h>

#include "base/cleanup.h"
#include "engine/deploy.h"
#include "engine/reconcile.h"

bool stage_open_known(struct berth_operation *operation)
{
	struct error *err = operation_error(operation);
	if (!operation->application && operation_read_blueprint(operation))
		return false;
	struct error ignored = {0};
	if (sites_bind(operation, err))
		return stage_failed(operation);
	if (operation->blueprint)
		sites_assign(operation, &ignored);
	if (sites_open_flags(operation, err) ||
	    sites_open_known(operation, !operation->stored && !operation->sites, err))
		return stage_failed(operation);
	operation->stage = STAGE_SURVEY;
	return true;
}

static bool chosen(const struct berth_operation *operation, const struct instance *instance)
{
	const char *const *names = operation->request.components;
	if (!names || !names[0])
		return true;
	for (size_t i = 0; names[i]; i++)
		if (strcmp(names[i], instance->component->id) == 0 || strcmp(names[i], instance->name) == 0)
			return true;
	return false;
}

static bool surveyed(struct berth_operation *operation)
{
	size_t count = 0;
	if (survey(operation) == PROGRESS_WAITING)
		return false;
	if (survey_match(operation)) {
		fail_memory(operation_error(operation));
		return stage_failed(operation);
	}
	for (size_t i = 0; i < operation->work_count; i++) {
		struct work *work = operation->works[i];
		bool here = work->instance->seen && chosen(operation, work->instance);
		work->doing = here ? DOING_LOGS : DOING_NOTHING;
		count += here;
	}
	const struct site *failed = survey_failure(operation);
	if (failed)
		blame_site(operation_error(operation), failed, site_error(failed));
	else if (!count && !operation->application->component_count)
		fail_unknown_app(operation);
	else if (!count)
		fail(operation_error(operation), ERR_MISSING, "nothing of `%s` that has a log was found",
		     operation->application->id);
	if (!count)
		return stage_failed(operation);
	operation->stage = STAGE_WORK;
	return true;
}

static void pass_on(void *owner, bool errors, const char *bytes, size_t count)
{
	const struct work *work = owner;
	const struct berth_operation *operation = work->operation;
	struct berth_event event = {
	    .size = sizeof event,
	    .kind = BERTH_EVENT_LOG,
	    .component = work->instance->component->id,
	    .instance = work->instance->name,
	    .location = work->site->location.name,
	    .text = bytes,
	    .text_size = count,
	    .errors = errors,
	};
	if (operation->listener.event)
		operation->listener.event(operation->listener.context, &event);
}

static bool read_on(struct berth_operation *operation)
{
	const struct berth_request *request = &operation->request;
	struct log_options options = {.tail = request->tail > 0 ? request->tail : -1,
				      .since_ms = request->since_ms,
				      .follow = request->follow};
	bool waiting = false;
	for (size_t i = 0; i < operation->work_count; i++) {
		struct work *work = operation->works[i];
		struct error err = {0};
		if (work->doing != DOING_LOGS)
			continue;
		enum progress progress =
		    driver_of(work)->logs(&work->site->location, &work->errand, operation->application->id,
					  work->instance->name, &options, pass_on, work, &err);
		waiting |= progress == PROGRESS_WAITING;
		if (progress == PROGRESS_FAILED) {
			*operation_error(operation) = err;
			operation_warn(operation, "%s: %s", work->instance->name, err.text);
		}
		if (progress != PROGRESS_WAITING)
			work->doing = DOING_NOTHING;
	}
	return !waiting;
}

static void logs_step(struct berth_operation *operation)
{
	if (operation->cancelled) {
		fail(operation_error(operation), ERR_CANCELLED, "interrupted");
		stage_failed(operation);
		return;
	}
	if (operation->stage == STAGE_BEGIN && !stage_open_known(operation))
		return;
	if (operation->stage == STAGE_SURVEY && !surveyed(operation))
		return;
	if (read_on(operation))
		operation_finish(operation, outcome_of(operation_failure(operation)->code),
				 document_new(operation->application->id));
}

const struct verb verb_logs = {.name = "logs", .step = logs_step, .instances_only = true};
