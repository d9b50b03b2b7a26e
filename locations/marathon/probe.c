/* probe.c - do all tasks of an app run, and answer? Those that are to listen are asked from here, one after
 * the other. */
#include <stdio.h>
#include <string.h>

#include "locations/marathon/marathon.h"

static flow_step ask_task;

static enum progress not_yet(struct flow *flow, struct error *err)
{
	const struct marathon_app *app = &flow->app;

	fail(err, ERR_FAILED, "%zu of %u tasks of `%s` run%s%s", marathon_running(app), app->instances,
	     flow->wish.spec->name, *flow->steady ? ": " : "", flow->steady);
	if (strcmp(flow->reason.text, flow->steady) != 0)
		remedy(err, "%s", flow->reason.text);
	return PROGRESS_FAILED;
}

static const struct marathon_task *next_task(const struct flow *flow)
{
	size_t place = flow->index;

	for (size_t i = 0; i < flow->app.task_count; i++)
		if (flow->app.tasks[i].state == TASK_RUNS && !place--)
			return &flow->app.tasks[i];
	return NULL;
}

/* Where that port of it is reached from here. */
static bool reached(struct flow *flow, const struct marathon_task *task, const char **ret_address,
		    uint16_t *ret_number)
{
	const struct marathon_app *app = &flow->app;

	for (size_t i = 0; i < app->mapping_count; i++) {
		const struct marathon_mapping *mapping = &app->mappings[i];
		if ((mapping->port && mapping->port != flow->wish.check->port) ||
		    !marathon_reached(app, task, mapping, ret_address, ret_number))
			continue;
		if (mapping->at_host)
			*ret_address = marathon_address(flow->marathon, &flow->arena, *ret_address);
		return *ret_address != NULL;
	}
	return false;
}

static enum progress task_answered(struct flow *flow, struct error *err)
{
	if (flow->probed.code != OK) {
		fail(err, ERR_FAILED, "%s", flow->probed.text);
		return PROGRESS_FAILED;
	}
	flow->index++;
	return flow_go(flow, ask_task);
}

static void connected(void *owner, const struct error *result)
{
	struct flow *flow = owner;

	flow->probe = NULL;
	flow->probed = *result;
	flow_returned(flow);
}

static void http_done(void *owner, struct http_answer *answer)
{
	struct flow *flow = owner;
	int wanted = flow->wish.check->status;

	flow->asked = NULL;
	flow->probed = answer->error;
	if (answer->error.code == OK &&
	    (wanted ? answer->status != wanted : answer->status < 200 || answer->status >= 400))
		fail(&flow->probed, ERR_FAILED, "it answers with status %d", answer->status);
	flow_returned(flow);
}

static enum progress ask_at(struct flow *flow, const char *address, uint16_t number, struct error *err)
{
	const struct health_check *check = flow->wish.check;
	struct world *world = flow->marathon->world;
	const char *path = check->path ? check->path : "/";
	bool six = strchr(address, ':') != NULL;
	const struct http_sink sink = {.done = http_done, .owner = flow};

	flow->step = task_answered;
	if (check->kind == CHECK_TCP) {
		flow->probe =
		    world->ops->tcp_probe(world, address, number, check->timeout_ms, connected, flow);
		if (!flow->probe)
			return flow_no_memory(err);
		flow->waiting++;
		return PROGRESS_WAITING;
	}
	const struct http_request request = {
	    .method = "GET",
	    .url = arena_format(&flow->arena, "http://%s%s%s:%u%s%s", six ? "[" : "", address, six ? "]" : "",
				(unsigned)number, *path == '/' ? "" : "/", path),
	    .timeout_ms = check->timeout_ms,
	    .body_limit = 1 << 20,
	};
	if (!request.url)
		return flow_no_memory(err);
	flow->asked = world->ops->http_send(world, &request, &sink, err);
	if (!flow->asked)
		return PROGRESS_FAILED;
	flow->waiting++;
	return PROGRESS_WAITING;
}

static enum progress ask_task(struct flow *flow, struct error *err)
{
	const struct health_check *check = flow->wish.check;
	const struct marathon_task *task = next_task(flow);
	const char *address;
	uint16_t number;

	if (!task || check->kind == CHECK_NONE)
		return PROGRESS_DONE;
	if (check->kind == CHECK_COMMAND) {
		fail(err, ERR_UNSUPPORTED, "a command cannot be run in a task of Marathon's");
		return PROGRESS_FAILED;
	}
	if (!reached(flow, task, &address, &number)) {
		fail(err, ERR_FAILED, "port %u of task %s is reached nowhere", (unsigned)check->port,
		     task->id);
		return PROGRESS_FAILED;
	}
	return ask_at(flow, address, number, err);
}

static enum progress probe_found(struct flow *flow, struct error *err)
{
	const struct marathon_app *app = &flow->app;

	if (!flow->there || !app->instances) {
		fail(err, ERR_FAILED, "`%s` is not running", flow->wish.spec->name);
		return PROGRESS_FAILED;
	}
	/* What Marathon asks by itself is not asked again. */
	if (marathon_settled(app))
		return app->checked ? PROGRESS_DONE : flow_go(flow, ask_task);
	flow->after = not_yet;
	return flow_go(flow, reason_find);
}

enum progress probe_marathon(struct flow *flow, struct error *err)
{
	return app_read(flow, probe_found, err);
}
