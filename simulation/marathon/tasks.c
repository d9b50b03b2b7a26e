/* tasks.c - an app's tasks: launched where an offer fits, run, end and are launched again, and are rolled
 * when the app is changed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulation/marathon/model.h"

enum {
	OFFER_MS = 1500, /* until an offer comes, at most */
	STAGING_MS = 400,
	RELAUNCH_MS = 1500,
	RELAUNCH_MOST_MS = 60000,
	KILLED = 137,
};

unsigned app_instances(const struct app *app)
{
	return app->gone ? 0 : (unsigned)json_number(app->now.definition, "instances", 1);
}

bool app_is_checked(const struct app *app)
{
	return json_array_size(json_object_get(app->now.definition, "healthChecks")) > 0;
}

bool task_is_new(const struct task *task)
{
	return !task->leaves && !strcmp(task->version, task->app->now.config);
}

bool task_is_good(const struct task *task)
{
	return task->condition == TASK_RUNNING && (task->answers || !app_is_checked(task->app));
}

void task_write_id(const struct task *task, char *ret, size_t size)
{
	char name[160];
	size_t used = 0;

	for (const char *at = task->app->id + 1; *at && used < sizeof(name) - 1; at++)
		name[used++] = *at == '/' ? '_' : *at;
	name[used] = '\0';
	snprintf(ret, size, "%s.instance-%08x-0000-4000-8000-000000000000._app.%u", name, task->number,
		 task->incarnation);
}

/* --- where it is ------------------------------------------------------------------------------------- */

static bool is_port_taken(const struct marathon_cluster *cluster, size_t agent, uint16_t port)
{
	for (const struct app *app = cluster->apps; app; app = app->next)
		for (const struct task *task = app->tasks; task; task = task->next)
			for (size_t i = 0; i < task->port_count && task->agent == agent; i++)
				if (task->ports[i] == port)
					return true;
	return false;
}

/* Its mappings that have a number at the host; of those without a network of their own, its definitions. */
static const json_t *port_list(const struct app *app)
{
	const json_t *mappings = json_at(app->now.definition, "container.portMappings");

	return mappings ? mappings : json_object_get(app->now.definition, "portDefinitions");
}

static void take_ports(struct task *task)
{
	struct marathon_cluster *cluster = task->app->cluster;
	size_t count = json_array_size(port_list(task->app));

	task->port_count = 0;
	for (size_t i = 0; i < count && i < PORTS_MOST; i++) {
		const json_t *each = json_array_get(port_list(task->app), i);
		uint16_t port = (uint16_t)json_number(each, "hostPort", 0);
		while (!port || is_port_taken(cluster, task->agent, port))
			port = cluster->last_port = cluster->last_port < FIRST_PORT + 999
							? (uint16_t)(cluster->last_port + 1)
							: FIRST_PORT;
		task->ports[task->port_count++] = port;
	}
}

/* Any that is not lost; another one than before, where there is one. */
static bool find_agent(struct task *task)
{
	struct marathon_cluster *cluster = task->app->cluster;
	size_t first = universe_roll(cluster->universe, MARATHON_AGENTS);

	for (size_t i = 0; i < 2 * (size_t)MARATHON_AGENTS; i++) {
		size_t agent = (first + i) % MARATHON_AGENTS;
		if (cluster->lost[agent] || (i < MARATHON_AGENTS && agent == task->agent))
			continue;
		task->agent = agent;
		return true;
	}
	return false;
}

/* --- its life ---------------------------------------------------------------------------------------- */

static void next_step(struct task *task, int64_t in_ms)
{
	clock_add(task->app->cluster->clock, &task->step, in_ms);
}

static int64_t by_chance(const struct task *task, unsigned most_ms)
{
	return 50 + universe_roll(task->app->cluster->universe, most_ms);
}

static void let_go(struct task *task)
{
	struct task **link = &task->app->tasks;

	while (*link != task)
		link = &(*link)->next;
	*link = task->next;
	clock_take(task->app->cluster->clock, &task->step);
	clock_take(task->app->cluster->clock, &task->answer);
	free(task);
}

static void stage_it(struct task *task)
{
	struct marathon_cluster *cluster = task->app->cluster;

	if (cluster->starved || cluster->vacant || !find_agent(task)) {
		next_step(task, OFFER_MS);
		return;
	}
	take_ports(task);
	task->condition = TASK_STAGING;
	task->staged_ms = cluster_wall(cluster);
	task->incarnation++;
	task->manner = (struct marathon_manner){0};
	if (cluster->manners)
		cluster->manners(cluster->manners_owner, task->app->now.definition, &task->manner);
	events_tell_task(task, "Staging", "TASK_STAGING");
	next_step(task, by_chance(task, STAGING_MS));
}

static void run_it(struct task *task)
{
	struct clock *clock = task->app->cluster->clock;

	task->condition = TASK_RUNNING;
	task->started_ms = cluster_wall(task->app->cluster);
	events_tell_task(task, "Running", "TASK_RUNNING");
	if (task->manner.answers_after_ms >= 0)
		clock_add(clock, &task->answer, task->manner.answers_after_ms);
	if (task->manner.ends)
		next_step(task, task->manner.lives_ms);
}

static void note_failure(struct task *task)
{
	struct app *app = task->app;
	char id[240], now[STAMP_SIZE], message[64];

	task_write_id(task, id, sizeof(id));
	write_stamp(cluster_wall(app->cluster), now);
	snprintf(message, sizeof(message), "Container exited with status %d",
		 task->manner.ends ? task->manner.exit_code : KILLED);
	json_decref(app->failure);
	app->failure = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "appId", app->id, "host",
				 agent_host(task->agent), "message", message, "state", "TASK_FAILED",
				 "taskId", id, "timestamp", now, "version", task->version);
}

/* It has ended by itself, or was killed by somebody who is not Marathon. */
static void end_it(struct task *task)
{
	int64_t delay = RELAUNCH_MS;

	clock_take(task->app->cluster->clock, &task->answer);
	task->condition = TASK_FAILED;
	task->answers = false;
	task->port_count = 0;
	note_failure(task);
	events_tell_task(task, "Failed", "TASK_FAILED");
	for (unsigned i = 0; i < task->app->crashes && delay < RELAUNCH_MOST_MS; i++)
		delay += delay / 4;
	task->app->crashes++;
	next_step(task, delay);
}

static void step_happens(struct event *event)
{
	struct task *task = owner_of(event, struct task, step);
	struct marathon_cluster *cluster = task->app->cluster;

	switch (task->condition) {
	case TASK_QUEUED:
	case TASK_FAILED:
		stage_it(task);
		break;
	case TASK_STAGING:
		run_it(task);
		break;
	case TASK_RUNNING:
		end_it(task);
		break;
	case TASK_KILLING:
		events_tell_task(task, "Killed", "TASK_KILLED");
		let_go(task);
		break;
	case TASK_GHOST:
		break;
	}
	cluster_stir(cluster);
}

static void answer_happens(struct event *event)
{
	struct task *task = owner_of(event, struct task, answer);

	task->answers = true;
	events_tell_task(task, "Running", "TASK_RUNNING");
	cluster_stir(task->app->cluster);
}

static void launch(struct app *app)
{
	struct task *task = must_have(calloc(1, sizeof(*task))), **end = &app->tasks;

	*task = (struct task){.app = app,
			      .number = ++app->cluster->last_instance,
			      .agent = MARATHON_AGENTS,
			      .condition = TASK_QUEUED};
	snprintf(task->version, sizeof(task->version), "%s", app->now.config);
	event_prepare(&task->step, step_happens);
	event_prepare(&task->answer, answer_happens);
	while (*end)
		end = &(*end)->next;
	*end = task;
	next_step(task, by_chance(task, OFFER_MS));
}

static void task_kill(struct task *task)
{
	clock_take(task->app->cluster->clock, &task->answer);
	task->leaves = true;
	task->answers = false;
	if (task->condition == TASK_QUEUED || task->condition == TASK_FAILED) {
		let_go(task);
		return;
	}
	if (task->condition == TASK_GHOST)
		return;
	task->condition = TASK_KILLING;
	next_step(task, task->manner.stops_ms > 0 ? task->manner.stops_ms : 20);
}

void tasks_free(struct app *app)
{
	while (app->tasks)
		let_go(app->tasks);
}

/* --- its agent ----------------------------------------------------------------------------------------- */

void task_lose(struct task *task)
{
	if (task->condition == TASK_QUEUED || task->condition == TASK_FAILED)
		return;
	clock_take(task->app->cluster->clock, &task->step);
	clock_take(task->app->cluster->clock, &task->answer);
	task->condition = TASK_GHOST;
	task->leaves = true;
	task->answers = false;
	events_tell_task(task, "UnreachableInactive", "TASK_UNREACHABLE");
}

/* Another one has taken its place. */
void task_find(struct task *task)
{
	if (task->condition != TASK_GHOST)
		return;
	task->condition = TASK_RUNNING;
	task_kill(task);
}

/* --- as many as are wanted, of the last version ----------------------------------------------------------
 */

static unsigned count(const struct app *app, bool (*is)(const struct task *))
{
	unsigned count = 0;

	for (const struct task *task = app->tasks; task; task = task->next)
		count += is(task);
	return count;
}

static bool is_old(const struct task *task)
{
	return !task->leaves && !task_is_new(task);
}

static bool is_new_and_good(const struct task *task)
{
	return task_is_new(task) && task_is_good(task);
}

static bool goes_before(const struct task *task, const struct task *other)
{
	if (task_is_good(task) != task_is_good(other))
		return task_is_good(other);
	return task->started_ms >= other->started_ms;
}

/* Those that do not run go first, and then the youngest. */
static struct task *least(struct app *app, bool (*is)(const struct task *))
{
	struct task *found = NULL;

	for (struct task *task = app->tasks; task; task = task->next)
		if (is(task) && (!found || goes_before(task, found)))
			found = task;
	return found;
}

void app_settle(struct app *app)
{
	unsigned wanted = app_instances(app), good, kept;

	while (count(app, task_is_new) < wanted)
		launch(app);
	while (count(app, task_is_new) > wanted)
		task_kill(least(app, task_is_new));
	/* Of the older ones so many serve on as the new ones lack. */
	good = count(app, is_new_and_good);
	kept = wanted > good ? wanted - good : 0;
	while (count(app, is_old) > kept)
		task_kill(least(app, is_old));
}
