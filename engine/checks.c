/* checks.c - does an instance answer? Its health check, or its open ports, asked once and from here. */
#include <string.h>

#include "engine/reconcile.h"

/* The port of a check that names none by number. */
static uint16_t port_of(const struct work *work, const struct health_check *check)
{
	for (size_t i = 0; i < work->port_count; i++) {
		const struct spec_port *port = &work->ports[i];
		if (!check->port_name || (port->name && strcmp(port->name, check->port_name) == 0))
			return port->port;
	}
	return 0;
}

bool instance_check(const struct work *work, size_t number, struct health_check *ret_check)
{
	const struct component_spec *spec = made_from(work->instance);
	if (spec && spec->health->kind != CHECK_NONE) {
		*ret_check = *spec->health;
		if (!ret_check->port && spec->health->kind != CHECK_COMMAND)
			ret_check->port = port_of(work, ret_check);
		return number == 0;
	}
	for (size_t i = 0; i < work->port_count; i++)
		if (work->ports[i].protocol == TCP && number-- == 0) {
			*ret_check = (struct health_check){
			    .kind = CHECK_TCP, .port = work->ports[i].port, .timeout_ms = 5000, .retries = 3};
			return true;
		}
	return false;
}

enum progress instance_ask(struct work *work, struct error *err)
{
	struct health_check check;
	if (!work->spec && !spec_outlined(work)) {
		*err = *error_of(work);
		return PROGRESS_FAILED;
	}
	for (; instance_check(work, work->checks_done, &check); work->checks_done++) {
		enum progress progress =
		    driver_of(work)->probe(&work->site->location, &work->errand, work->spec, &check, err);
		if (progress == PROGRESS_WAITING)
			return progress;
		if (progress == PROGRESS_FAILED && err->code != ERR_UNSUPPORTED) {
			work->checks_done = 0;
			return progress;
		}
	}
	work->checks_done = 0;
	return PROGRESS_DONE;
}

int instances_outline(struct berth_operation *operation, struct error *err)
{
	if (publications_settle(operation, err))
		return -1;
	for (size_t i = 0; i < operation->work_count; i++) {
		struct work *work = operation->works[i];
		if (!work->instance->wanted)
			continue;
		work->spec = arena_array(&operation->arena, struct instance_spec, 1);
		if (!work->spec || spec_outline(work, &operation->arena, work->spec))
			return fail_memory(err);
	}
	return 0;
}
