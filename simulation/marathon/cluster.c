/* cluster.c - the simulated Marathon as others meet it: at the addresses of its leader and of the standby,
 * and at those of its agents. */
#include "simulation/marathon/cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "simulation/marathon/model.h"

const char marathon_cluster_location[] = "marathon:http://10.0.2.1:8080,http://10.0.2.2:8080";
const char *const marathon_cluster_addresses[2] = {"10.0.2.1:8080", "10.0.2.2:8080"};
static const char *const agents[MARATHON_AGENTS + 1] = {"10.0.2.11", "10.0.2.12", "10.0.2.13", ""};

void *must_have(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

const char *agent_host(size_t agent)
{
	return agents[agent];
}

/* --- its clock ----------------------------------------------------------------------------------------- */

int64_t cluster_wall(struct marathon_cluster *cluster)
{
	struct world *world = universe_outside(cluster->universe);

	return world->ops->wall(world);
}

int64_t cluster_next_stamp(struct marathon_cluster *cluster)
{
	int64_t now = cluster_wall(cluster);

	cluster->last_stamp_ms = now > cluster->last_stamp_ms ? now : cluster->last_stamp_ms + 1;
	cluster->stamp++;
	return cluster->last_stamp_ms;
}

void write_stamp(int64_t ms, char ret[static STAMP_SIZE])
{
	time_t seconds = ms / 1000;
	struct tm tm;
	char second[24];

	gmtime_r(&seconds, &tm);
	strftime(second, sizeof(second), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(ret, STAMP_SIZE, "%s.%03dZ", second, (int)(ms % 1000));
}

/* --- it comes to what is wanted --------------------------------------------------------------------------
 */

void cluster_stir(struct marathon_cluster *cluster)
{
	cluster->stamp++;
	if (cluster->settling.index == EVENT_IDLE)
		clock_add(cluster->clock, &cluster->settling, 0);
}

/* While nobody leads, tasks run on and nothing is done about them. */
static void settling_happens(struct event *event)
{
	struct marathon_cluster *cluster = owner_of(event, struct marathon_cluster, settling);

	if (cluster->vacant)
		return;
	for (struct app *app = cluster->apps; app; app = app->next)
		app_settle(app);
	deployments_settle(cluster);
	for (const struct deployment *each = cluster->deployments; each; each = each->next)
		if (!deployment_is_listed(each))
			clock_add(cluster->clock, &cluster->settling, 20);
}

/* --- who asks --------------------------------------------------------------------------------------------
 */

static size_t node_of(const struct http_request *request)
{
	return strstr(request->url, marathon_cluster_addresses[0]) ? 0 : 1;
}

static void date(struct marathon_cluster *cluster, char *ret, size_t size)
{
	time_t now = cluster_wall(cluster) / 1000;
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(ret, size, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
}

/* "%3D": what stands for it. */
static void decode(const char *written, char *ret, size_t size)
{
	size_t used = 0;
	char digits[3] = "";

	for (const char *at = written; *at && used + 1 < size; at++) {
		bool coded = at[0] == '%' && at[1] && at[2];
		if (coded) {
			memcpy(digits, at + 1, 2);
			at += 2;
		}
		ret[used++] = coded ? (char)strtoul(digits, NULL, 16) : *at;
	}
	ret[used] = '\0';
}

static void ask(struct asked *asked, const char *target, const void *body, size_t size)
{
	size_t length = strcspn(target, "?");
	char query[600];
	owned_text path = {0};
	owned_json json = size ? json_loadb(body, size, 0, NULL) : NULL;

	text_add_bytes(&path, target, length);
	decode(target[length] ? target + length + 1 : "", query, sizeof(query));
	asked->path = text_view(&path);
	asked->query = query;
	asked->body = json;
	if (size && !json)
		asked_refuse(asked, 400, "Invalid JSON");
	else
		routes_ask(asked);
	asked->path = asked->query = NULL;
	asked->body = NULL;
}

/* Nobody leads: of two the one page or the other, without a word. */
static void answer_leaderless(struct marathon_cluster *cluster, struct reply *reply)
{
	reply_whole(reply, cluster->refusals++ % 2 ? 500 : 502, "Connection: close\r\n", NULL);
}

static void answer(struct marathon_cluster *cluster, struct reply *reply, const struct asked *asked,
		   bool proxied)
{
	char headers[400], when[64];
	owned_memory char *body = asked->answer ? json_line(asked->answer) : NULL;

	date(cluster, when, sizeof(when));
	snprintf(headers, sizeof(headers), "%s%sX-Marathon-Leader: http://%s\r\n%s%s%s", when,
		 proxied ? "X-Marathon-Via: 1.1 standby\r\n" : "",
		 marathon_cluster_addresses[cluster->leader],
		 *asked->deployment ? "Marathon-Deployment-Id: " : "", asked->deployment,
		 *asked->deployment ? "\r\n" : "");
	reply_whole(reply, asked->status, headers, body);
}

static void request_comes(void *owner, const struct http_request *request, struct reply *reply)
{
	struct marathon_cluster *cluster = owner;
	const char *path = strstr(request->url, "/v2/");
	struct asked asked = {.cluster = cluster, .method = request->method};
	bool leads = node_of(request) == cluster->leader;
	char headers[120];

	if (cluster->vacant) {
		answer_leaderless(cluster, reply);
	} else if (path && starts_with(path, "/v2/events") && leads) {
		events_listen(cluster, reply);
	} else if (path && starts_with(path, "/v2/events")) {
		snprintf(headers, sizeof(headers), "Location: http://%s%s\r\n",
			 marathon_cluster_addresses[cluster->leader], path);
		reply_whole(reply, 302, headers, NULL);
	} else {
		ask(&asked, path ? path + strlen("/v2") : "", request->body, request->body_size);
		answer(cluster, reply, &asked, !leads);
		json_decref(asked.answer);
	}
}

static void asker_goes(void *owner, struct reply *reply)
{
	events_forget(owner, reply);
}

/* --- its agents ------------------------------------------------------------------------------------------
 */

static bool holds_port(const struct task *task, uint16_t number)
{
	for (size_t i = 0; i < task->port_count && task->condition == TASK_RUNNING; i++)
		if (task->ports[i] == number)
			return true;
	return false;
}

static int accepts(void *owner, const struct machine *from, const char *address, uint16_t number)
{
	const struct marathon_cluster *cluster = owner;
	bool known = false;

	(void)from;
	for (size_t i = 0; i < MARATHON_AGENTS; i++)
		known |= !strcmp(agents[i], address);
	if (!known)
		return -1;
	for (const struct app *app = cluster->apps; app; app = app->next)
		if (marathon_cluster_serves(cluster, app->id, address, number))
			return 1;
	return 0;
}

bool marathon_cluster_serves(const struct marathon_cluster *cluster, const char *id, const char *address,
			     uint16_t number)
{
	for (const struct app *app = cluster->apps; app; app = app->next)
		for (const struct task *task = app->tasks; task && !strcmp(app->id, id); task = task->next)
			if (task->answers && holds_port(task, number) &&
			    !strcmp(agents[task->agent], address))
				return true;
	return false;
}

/* --- from its beginning to its end -------------------------------------------------------------------------
 */

static void serve(struct marathon_cluster *cluster, size_t node, bool served)
{
	const struct service service = {
	    .request = request_comes, .gone = asker_goes, .accepts = accepts, .owner = cluster};

	if (universe_serve(cluster->universe, marathon_cluster_addresses[node], served ? &service : NULL))
		abort();
}

static void election_happens(struct event *event)
{
	struct marathon_cluster *cluster = owner_of(event, struct marathon_cluster, election);

	cluster->vacant = false;
	serve(cluster, 0, true);
	serve(cluster, 1, true);
	universe_tell(cluster->universe, "%s leads now", marathon_cluster_addresses[cluster->leader]);
	deployments_recover(cluster);
}

struct marathon_cluster *marathon_cluster_new(struct universe *universe)
{
	struct marathon_cluster *cluster = calloc(1, sizeof(*cluster));

	if (!cluster)
		return NULL;
	*cluster = (struct marathon_cluster){.universe = universe,
					     .clock = universe_clock(universe),
					     .groups = must_have(json_object()),
					     .last_port = FIRST_PORT};
	event_prepare(&cluster->settling, settling_happens);
	event_prepare(&cluster->election, election_happens);
	event_prepare(&cluster->heartbeat, events_beat);
	serve(cluster, 0, true);
	serve(cluster, 1, true);
	return cluster;
}

void marathon_cluster_free(struct marathon_cluster *cluster)
{
	if (!cluster)
		return;
	serve(cluster, 0, false);
	serve(cluster, 1, false);
	events_drop(cluster);
	while (cluster->deployments)
		deployment_end(cluster->deployments, false);
	for (struct app *next, *app = cluster->apps; app; app = next) {
		next = app->next;
		app_free(app);
	}
	clock_take(cluster->clock, &cluster->settling);
	clock_take(cluster->clock, &cluster->election);
	clock_take(cluster->clock, &cluster->heartbeat);
	json_decref(cluster->groups);
	free(cluster);
}

void marathon_cluster_behave(struct marathon_cluster *cluster, marathon_manners *manners, void *owner)
{
	cluster->manners = manners;
	cluster->manners_owner = owner;
}

/* --- what befalls it ----------------------------------------------------------------------------------- */

void marathon_cluster_depose(struct marathon_cluster *cluster, int64_t vacant_ms)
{
	if (cluster->vacant)
		return;
	cluster->vacant = true;
	serve(cluster, cluster->leader, false);
	events_end(cluster);
	cluster->leader = !cluster->leader;
	clock_add(cluster->clock, &cluster->election, vacant_ms);
}

void marathon_cluster_starve(struct marathon_cluster *cluster, bool starved)
{
	cluster->starved = starved;
}

void marathon_cluster_lose_events(struct marathon_cluster *cluster, unsigned percent)
{
	cluster->losses_percent = percent;
}

void marathon_cluster_echoes(struct marathon_cluster *cluster, bool echoes)
{
	cluster->echoes = echoes;
}

void marathon_cluster_hang_up(struct marathon_cluster *cluster)
{
	events_end(cluster);
}

bool marathon_cluster_kill_task(struct marathon_cluster *cluster, const char *id)
{
	const struct app *app = app_find(cluster, id);
	struct task *running[16];
	unsigned count = 0;

	for (struct task *task = app ? app->tasks : NULL; task && count < 16; task = task->next)
		if (task->condition == TASK_RUNNING)
			running[count++] = task;
	if (count)
		clock_add(cluster->clock, &running[universe_roll(cluster->universe, count)]->step, 0);
	return count;
}

void marathon_cluster_agent(struct marathon_cluster *cluster, size_t agent, bool lost)
{
	cluster->lost[agent] = lost;
	for (struct app *app = cluster->apps; app; app = app->next)
		for (struct task *next, *task = app->tasks; task; task = next) {
			next = task->next;
			if (task->agent == agent)
				(lost ? task_lose : task_find)(task);
		}
	cluster_stir(cluster);
}

int marathon_cluster_ask(struct marathon_cluster *cluster, const char *method, const char *path,
			 const char *body)
{
	struct asked asked = {.cluster = cluster, .method = method};

	ask(&asked, path, body, body ? strlen(body) : 0);
	json_decref(asked.answer);
	return asked.status;
}

void marathon_cluster_calm(struct marathon_cluster *cluster)
{
	cluster->starved = false;
	cluster->losses_percent = 0;
	for (size_t i = 0; i < MARATHON_AGENTS; i++)
		if (cluster->lost[i])
			marathon_cluster_agent(cluster, i, false);
}

/* --- what is there ------------------------------------------------------------------------------------- */

void marathon_cluster_each(struct marathon_cluster *cluster,
			   void (*see)(void *owner, const struct marathon_view *view), void *owner)
{
	for (const struct app *app = cluster->apps; app; app = app->next) {
		struct marathon_view view = {.id = app->id,
					     .definition = app->now.definition,
					     .told = !app->gone,
					     .settled = !deployment_of(cluster, app),
					     .instances = app_instances(app)};
		for (const struct task *task = app->tasks; task; task = task->next) {
			bool lives = task->condition == TASK_STAGING || task->condition == TASK_RUNNING ||
				     task->condition == TASK_KILLING;
			view.living += lives;
			view.running += task->condition == TASK_RUNNING;
			view.answering += task->answers;
			view.outdated += lives && !task_is_new(task);
		}
		if (view.told || app->tasks)
			see(owner, &view);
	}
}

const json_t *marathon_cluster_definition(const struct marathon_cluster *cluster, const char *id)
{
	const struct app *app = app_find(cluster, id);

	return app ? app->now.definition : NULL;
}

bool marathon_cluster_has_group(const struct marathon_cluster *cluster, const char *id)
{
	return json_object_get(cluster->groups, id);
}

uint64_t marathon_cluster_stamp(const struct marathon_cluster *cluster)
{
	return cluster->stamp;
}
