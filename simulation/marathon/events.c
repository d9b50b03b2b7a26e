/* events.c - what happened, told to those who listen: in any order, some of it to nobody. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulation/marathon/model.h"

enum { BEAT_MS = 10000, LATE_MS = 20 };

/* An event on its way. */
struct telling {
	struct event event;
	struct telling *next;
	struct marathon_cluster *cluster;
	struct text line;
};

static void release(struct telling *telling)
{
	struct telling **link = &telling->cluster->tellings;

	while (*link != telling)
		link = &(*link)->next;
	*link = telling->next;
	clock_take(telling->cluster->clock, &telling->event);
	text_release(&telling->line);
	free(telling);
}

static void telling_happens(struct event *event)
{
	struct telling *telling = owner_of(event, struct telling, event);
	const struct marathon_cluster *cluster = telling->cluster;

	for (const struct listener *each = cluster->listeners; each; each = each->next)
		for (int times = cluster->echoes ? 2 : 1; times > 0; times--)
			reply_bytes(each->reply, telling->line.data, telling->line.length);
	release(telling);
}

void events_tell(struct marathon_cluster *cluster, const char *type, json_t *event)
{
	char stamp[STAMP_SIZE];

	must_have(event);
	if (cluster->listeners && !cluster->vacant &&
	    universe_roll(cluster->universe, 100) >= cluster->losses_percent) {
		struct telling *telling = must_have(calloc(1, sizeof(*telling)));
		telling->cluster = cluster;
		telling->next = cluster->tellings;
		cluster->tellings = telling;
		write_stamp(cluster_wall(cluster), stamp);
		json_object_set_new(event, "eventType", json_string(type));
		json_object_set_new(event, "timestamp", json_string(stamp));
		text_format(&telling->line, "event: %s\r\ndata: ", type);
		json_add_line(&telling->line, event);
		text_add(&telling->line, "\r\n\r\n");
		event_prepare(&telling->event, telling_happens);
		clock_add(cluster->clock, &telling->event, 2 + universe_roll(cluster->universe, LATE_MS));
	}
	json_decref(event);
}

void events_tell_task(const struct task *task, const char *condition, const char *state)
{
	struct marathon_cluster *cluster = task->app->cluster;
	char id[240];

	task_write_id(task, id, sizeof(id));
	events_tell(cluster, "instance_changed_event",
		    json_pack("{s:s, s:s, s:s, s:s, s:s}", "instanceId", id, "condition", condition,
			      "runSpecId", task->app->id, "host", agent_host(task->agent), "runSpecVersion",
			      task->version));
	events_tell(cluster, "status_update_event",
		    json_pack("{s:s, s:s, s:s, s:s, s:[], s:s}", "appId", task->app->id, "taskId", id,
			      "taskStatus", state, "host", agent_host(task->agent), "ports", "version",
			      task->version));
}

/* --- who listens -------------------------------------------------------------------------------------------
 */

void events_listen(struct marathon_cluster *cluster, struct reply *reply)
{
	struct listener *listener = must_have(calloc(1, sizeof(*listener)));

	*listener = (struct listener){.next = cluster->listeners, .reply = reply};
	cluster->listeners = listener;
	reply_head(reply, 200, "Content-Type: text/event-stream;charset=utf-8\r\nConnection: close\r\n");
	events_tell(cluster, "event_stream_attached", json_pack("{s:s}", "remoteAddress", "10.0.0.1"));
	if (cluster->heartbeat.index == EVENT_IDLE)
		clock_add(cluster->clock, &cluster->heartbeat, BEAT_MS);
}

void events_forget(struct marathon_cluster *cluster, struct reply *reply)
{
	for (struct listener **link = &cluster->listeners; *link; link = &(*link)->next)
		if ((*link)->reply == reply) {
			struct listener *gone = *link;
			*link = gone->next;
			free(gone);
			return;
		}
}

void events_end(struct marathon_cluster *cluster)
{
	while (cluster->listeners) {
		struct reply *reply = cluster->listeners->reply;
		events_forget(cluster, reply);
		reply_end(reply);
	}
}

void events_drop(struct marathon_cluster *cluster)
{
	while (cluster->tellings)
		release(cluster->tellings);
	while (cluster->listeners)
		events_forget(cluster, cluster->listeners->reply);
}

/* A bare line, of which each byte comes by itself. */
void events_beat(struct event *event)
{
	struct marathon_cluster *cluster = owner_of(event, struct marathon_cluster, heartbeat);

	for (const struct listener *each = cluster->listeners; each; each = each->next) {
		reply_bytes(each->reply, "\r", 1);
		reply_bytes(each->reply, "\n", 1);
	}
	if (cluster->listeners)
		clock_add(cluster->clock, &cluster->heartbeat, BEAT_MS);
}
