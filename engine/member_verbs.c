/* member_verbs.c - the effectors that every cluster has: another size, a member made anew, and what failed
 * taken away. Each is one of a deploy's kinds of change, under the name that it was invoked by. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "engine/deploy.h"
#include "engine/specs.h"

static bool refuse(struct berth_operation *operation, const char *format, const char *given)
{
	const char *name = operation->request.name;
	const char *parameter = own_effector_parameter(own_effector_named(name));
	fail(operation_error(operation), ERR_INVALID, format, given);
	if (parameter)
		remedy(operation_error(operation), "berth invoke %s %s %s %s=...", operation->application->id,
		       operation->request.components[0], name, parameter);
	operation_finish(operation, BERTH_USAGE, document_new(operation->application->id));
	return false;
}

static bool take_size(struct berth_operation *operation, const char *given)
{
	if (!parse_number(given, 0, INSTANCE_LIMIT, &operation->resizing.number))
		return refuse(operation, "`%.40s` is no size from 0 to 1000", given);
	operation->resizing.kind = RESIZE_TO;
	return true;
}

static bool take_delta(struct berth_operation *operation, const char *given)
{
	const char *digits = *given == '-' || *given == '+' ? given + 1 : given;
	if (!parse_number(digits, 0, INSTANCE_LIMIT, &operation->resizing.number))
		return refuse(operation, "`%.40s` is no number of members, more or less", given);
	if (*given == '-')
		operation->resizing.number = -operation->resizing.number;
	operation->resizing.kind = RESIZE_BY;
	return true;
}

/* "app.web.2", "web/2", "2": its ordinal; 0: it is none. */
static unsigned ordinal_of(const struct berth_operation *operation, const char *given)
{
	owned_text whole = {0};
	int64_t ordinal = 0;
	const char *component = operation->request.components[0];
	text_format(&whole, "%s.%s.", operation->application->id, component);
	size_t length = strlen(component);
	const char *number = starts_with(given, text_view(&whole)) ? given + whole.length
			     : starts_with(given, component) && (given[length] == '.' || given[length] == '/')
				 ? given + length + 1
				 : given;
	return parse_number(number, 1, INT32_MAX, &ordinal) ? (unsigned)ordinal : 0;
}

static bool take_member(struct berth_operation *operation, const char *given)
{
	unsigned ordinal = ordinal_of(operation, given);
	if (!ordinal)
		return refuse(operation, "`%.80s` is no member of the cluster", given);
	operation->request.count = ordinal;
	operation->resizing.kind = RESIZE_REPLACE;
	operation->verb = &verb_replace;
	return true;
}

static bool take_nothing(struct berth_operation *operation, const char *given)
{
	(void)given;
	operation->resizing.kind = RESIZE_EXPUNGE;
	return true;
}

/* What each does with its parameter. */
static bool (*const takes[])(struct berth_operation *operation, const char *given) = {
    [EFFECTOR_RESIZE] = take_size,
    [EFFECTOR_RESIZE_BY_DELTA] = take_delta,
    [EFFECTOR_REPLACE_MEMBER] = take_member,
    [EFFECTOR_EXPUNGE_QUARANTINED] = take_nothing,
};

/* What was asked for is known. False: it was refused, or is no effector of a cluster. */
static bool taken(struct berth_operation *operation)
{
	const struct berth_request *request = &operation->request;
	enum own_effector own = own_effector_named(request->name);
	const char *parameter = own_effector_parameter(own);
	const struct component *component =
	    application_component(operation->application, request->components[0]);
	if (!component || !component->spec || !component->spec->cluster ||
	    effector_given(component->spec, request->name)) { /* that one is meant */
		operation->verb = &verb_invoke;
		operation->verb->step(operation);
		return false;
	}
	const char *argument = request->arguments ? request->arguments[0] : NULL;
	if (argument && request->arguments[1])
		return refuse(operation, "`%s` takes one parameter", request->name);
	if (!parameter)
		return argument ? refuse(operation, "`%s` takes no parameters", request->name)
				: takes[own](operation, NULL);
	size_t length = strlen(parameter);
	if (!argument || strncmp(argument, parameter, length) != 0 || argument[length] != '=')
		return refuse(operation, "`%s` is not told what it needs", request->name);
	return takes[own](operation, argument + length + 1);
}

static void member_step(struct berth_operation *operation)
{
	if (operation->stage == STAGE_BEGIN && !operation->application &&
	    (operation_read_blueprint(operation) || !taken(operation)))
		return;
	deploy_step(operation);
}

/* Nothing but what was kept to be looked at. */
static bool only_what_goes(struct work *work)
{
	return work->operation->resizing.kind != RESIZE_EXPUNGE ||
	       (work->action == ACTION_REMOVE && !work->instance->wanted);
}

const struct verb verb_members = {
    .name = "invoke", .step = member_step, .changes = true, .needs_store = true, .only = only_what_goes};
