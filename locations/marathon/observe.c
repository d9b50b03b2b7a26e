/* observe.c - what an app and its tasks are to the engine: one instance, of so many tasks, attached where
 * they listen. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "locations/marathon/marathon.h"

unsigned marathon_count(const struct marathon_app *app)
{
	int64_t kept;

	if (app->instances)
		return app->instances;
	return parse_number(marathon_label(app, "berth.count"), 1, INT32_MAX, &kept) ? (unsigned)kept : 1;
}

size_t marathon_running(const struct marathon_app *app)
{
	size_t count = 0;

	for (size_t i = 0; i < app->task_count; i++)
		count += app->tasks[i].state == TASK_RUNS;
	return count;
}

bool marathon_all_new(const struct marathon_app *app)
{
	for (size_t i = 0; i < app->task_count; i++) {
		const struct marathon_task *task = &app->tasks[i];
		if (task->state == TASK_RUNS && task->version &&
		    marathon_time(task->version) < app->changed_ms)
			return false;
	}
	return true;
}

/* All of its tasks run as they are to be now. What is under way with it may be others' by now: many apps that
 * were made together are one deployment, which lasts as long as that of the slowest. */
bool marathon_settled(const struct marathon_app *app)
{
	size_t leaving = 0;

	for (size_t i = 0; i < app->task_count; i++)
		leaving += app->tasks[i].state == TASK_LEAVING;
	if (marathon_running(app) != app->instances || leaving ||
	    (app->checked && app->healthy < app->instances))
		return false;
	return !app->deployment_count ||
	       (app->tasks_told && marathon_all_new(app) && (!app->gated || app->ready >= app->instances));
}

/* --- where its tasks are ----------------------------------------------------------------------------------
 */

static const char *place_of(const struct marathon *marathon, const struct marathon_task *task,
			    const struct marathon_mapping *mapping, const char *address, struct arena *arena)
{
	return !mapping || mapping->at_host ? marathon_address(marathon, arena, task->host ?: "")
					    : arena_text(arena, address);
}

static struct attachment *attachment_at(struct attachment *list, size_t *count, const char *address,
					struct arena *arena, size_t ports)
{
	for (size_t i = 0; i < *count; i++)
		if (!strcmp(list[i].address, address))
			return &list[i];
	list[*count] = (struct attachment){
	    .network = "", .address = address, .ports = arena_array(arena, struct attached_port, ports + 1)};
	return list[*count].ports ? &list[(*count)++] : NULL;
}

/* The numbers that the task has, at its host and at an address of its own. */
static int attach_task(const struct marathon *marathon, const struct marathon_app *app,
		       const struct marathon_task *task, struct arena *arena, struct attachment *list,
		       size_t *count)
{
	struct attachment *at;

	for (size_t i = 0; i < app->mapping_count; i++) {
		const struct marathon_mapping *mapping = &app->mappings[i];
		const char *address;
		uint16_t number;
		if (!marathon_reached(app, task, mapping, &address, &number))
			continue;
		address = place_of(marathon, task, mapping, address, arena);
		if (!address || !(at = attachment_at(list, count, address, arena, app->mapping_count)))
			return -1;
		((struct attached_port *)at->ports)[at->port_count++] = (struct attached_port){
		    .port = mapping->port ? mapping->port : number,
		    .number = number,
		    .protocol = mapping->protocol,
		    .name = mapping->name ? arena_text(arena, mapping->name) : NULL,
		};
	}
	if (*count || !task->host)
		return 0;
	const char *address = place_of(marathon, task, NULL, NULL, arena);
	return address && attachment_at(list, count, address, arena, 0) ? 0 : -1;
}

/* While none of them serves it is known by which ports of their own they will, and no more. */
static int attach_nobody(const struct marathon_app *app, struct arena *arena, struct attachment *ret)
{
	struct attached_port *ports = arena_array(arena, struct attached_port, app->mapping_count + 1);

	if (!ports)
		return -1;
	for (size_t i = 0; i < app->mapping_count; i++)
		ports[i] = (struct attached_port){.port = app->mappings[i].port,
						  .protocol = app->mappings[i].protocol};
	*ret = (struct attachment){.network = "", .ports = ports, .port_count = app->mapping_count};
	return 0;
}

static bool answers(const struct marathon_app *app, const struct marathon_task *task)
{
	return task->state == TASK_RUNS && (!app->checked || task->health == HEALTH_GOOD);
}

static int observe_tasks(const struct marathon *marathon, const struct marathon_app *app, struct arena *arena,
			 struct observed *ret)
{
	static const enum observed_state states[] = {
	    [TASK_STAGED] = SEEN_CREATED,
	    [TASK_RUNS] = SEEN_RUNNING,
	    [TASK_LEAVING] = SEEN_STOPPED,
	    [TASK_AWAY] = SEEN_BROKEN,
	};
	struct observed_task *tasks = arena_array(arena, struct observed_task, app->task_count + 1);
	struct attachment *all =
	    arena_array(arena, struct attachment, app->task_count * (app->mapping_count + 1) + 1);
	struct attachment *list = arena_array(arena, struct attachment, app->mapping_count + 2);

	if (!tasks || !all || !list)
		return -1;
	for (size_t i = 0; i < app->task_count; i++) {
		const struct marathon_task *task = &app->tasks[i];
		size_t count = 0;
		if (task->state == TASK_OVER)
			continue;
		if (task->state == TASK_RUNS && attach_task(marathon, app, task, arena, list, &count) < 0)
			return -1;
		struct observed_task *seen = &tasks[ret->task_count++];
		*seen = (struct observed_task){
		    .id = arena_text(arena, task->id), .state = states[task->state], .at = {.network = ""}};
		if (!seen->id)
			return -1;
		if (count)
			seen->at = list[0];
		for (size_t k = 0; k < count && answers(app, task); k++)
			all[ret->attachment_count++] = list[k];
	}
	ret->tasks = tasks;
	ret->attachments = all;
	return ret->attachment_count ? 0 : attach_nobody(app, arena, &all[ret->attachment_count++]);
}

/* --- how it does ---------------------------------------------------------------------------------------- */

/* "Command exited with status 3", "Container exited with status 137". */
static int exit_code_of(const char *message)
{
	const char *status = message ? strstr(message, "exited with status ") : NULL;

	return status ? atoi(status + strlen("exited with status ")) : -1;
}

/* The number at the end of a task's id counts how often it was begun. */
static unsigned exits_of(const struct marathon_app *app)
{
	unsigned exits = 0;

	for (size_t i = 0; i < app->task_count; i++) {
		const char *dot = strrchr(app->tasks[i].id, '.');
		int64_t number;
		if (dot && parse_number(dot + 1, 1, 1000000, &number))
			exits += (unsigned)number - 1;
		exits += app->tasks[i].state == TASK_OVER;
	}
	return app->failure && !exits ? 1 : exits;
}

static enum observed_state state_of(const struct marathon_app *app)
{
	bool failing = app->failure && app->failure->at_ms >= app->changed_ms && app->tasks_told &&
		       !marathon_running(app);

	if (app->instances)
		return failing ? SEEN_RESTARTING : SEEN_RUNNING;
	return *marathon_label(app, "berth.stopped") || app->scaled_ms != app->changed_ms ? SEEN_STOPPED
											  : SEEN_CREATED;
}

/* Some of its tasks do not run: how many, and what the last of them died of. */
static const char *missing(const struct marathon_app *app, struct arena *arena)
{
	const struct marathon_failure *failure = app->failure;
	bool fresh = failure && failure->message && failure->at_ms >= app->changed_ms;

	return arena_format(arena, "%zu of %u tasks run%s%s%s%s", marathon_running(app), app->instances,
			    fresh ? ": " : "", fresh ? failure->message : "",
			    fresh && failure->host ? ", on " : "",
			    fresh && failure->host ? failure->host : "");
}

int marathon_observe(const struct marathon *marathon, const struct marathon_app *app, struct arena *arena,
		     struct observed *ret)
{
	const char *name = marathon_label(app, "berth.instance"), *application, *component;

	*ret = (struct observed){
	    .target_id = arena_text(arena, app->id),
	    .name = arena_text(arena, name),
	    .digest = arena_text(arena, marathon_label(app, "berth.spec")),
	    .link_digest = arena_text(arena, marathon_label(app, "berth.links")),
	    .secret_salt = arena_text(arena, marathon_label(app, "berth.salt")),
	    .secret_digest = arena_text(arena, marathon_label(app, "berth.secrets")),
	    .file_digest = arena_text(arena, marathon_label(app, "berth.files")),
	    .type = arena_text(arena, marathon_label(app, "berth.type")),
	    .protect = *marathon_label(app, "berth.protect"),
	    .state = state_of(app),
	    .exit_code = exit_code_of(app->failure ? app->failure->message : NULL),
	    .exits = exits_of(app),
	    .exits_known = true,
	    .restart = RESTART_UNLESS_STOPPED,
	    .created_ms = app->changed_ms,
	    .started_ms = app->instances ? app->scaled_ms : 0,
	    .count = marathon_count(app),
	    .rolling = app->deployment_count > 0 && !marathon_settled(app),
	    .shared_name_held = true,
	    .limits_known = true,
	    .memory_bytes = (int64_t)(app->mem * 1024 * 1024),
	    .nano_cpus = (int64_t)(app->cpus * 1e9),
	};
	if (!ret->target_id || !ret->name || !ret->digest || !ret->link_digest || !ret->secret_salt ||
	    !ret->secret_digest || !ret->file_digest || !ret->type ||
	    !instance_name_split(arena, ret->name, &application, &component, &ret->ordinal, &ret->generation))
		return -1;
	ret->app = arena_text(arena, marathon_label(app, "berth.app"));
	ret->component = component;
	if (ret->state == SEEN_RESTARTING && app->failure->message &&
	    !(ret->error = arena_text(arena, app->failure->message)))
		return -1;
	if (ret->state == SEEN_RUNNING && app->tasks_told && marathon_running(app) < app->instances &&
	    !(ret->error = missing(app, arena)))
		return -1;
	return ret->app && observe_tasks(marathon, app, arena, ret) == 0 ? 0 : -1;
}

/* --- where its tasks will be ------------------------------------------------------------------------------
 */

/* On which agent, and by which numbers, Marathon decides. */
int marathon_foresee(struct location *location, const struct instance_spec *spec, struct arena *arena,
		     const struct attachment **ret, size_t *ret_count, struct error *err)
{
	struct attachment *at = arena_array(arena, struct attachment, 1);
	struct attached_port *ports = arena_array(arena, struct attached_port, spec->port_count + 1);

	(void)location;
	if (!at || !ports)
		return fail_memory(err);
	for (size_t i = 0; i < spec->port_count; i++)
		ports[i] = (struct attached_port){.port = spec->ports[i].port,
						  .protocol = spec->ports[i].protocol,
						  .number = spec->ports[i].published && spec->ports[i].fixed
								? spec->ports[i].host_port
								: 0};
	*at = (struct attachment){.network = "", .ports = ports, .port_count = spec->port_count};
	*ret = at;
	*ret_count = 1;
	return 0;
}
