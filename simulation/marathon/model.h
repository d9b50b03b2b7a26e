/* model.h - what the files of the simulated Marathon share: apps, their tasks, deployments, who listens. */
#ifndef BERTH_SIMULATION_MARATHON_MODEL_H
#define BERTH_SIMULATION_MARATHON_MODEL_H

#include "base/arena.h"
#include "simulation/marathon/cluster.h"

enum { PORTS_MOST = 8, APPS_MOST = 64, FIRST_PORT = 31000, STAMP_SIZE = 40 };

enum condition {
	TASK_QUEUED,  /* no offer fitted yet: it is told by the queue alone */
	TASK_STAGING, /* its agent prepares it */
	TASK_RUNNING,
	TASK_KILLING,
	TASK_FAILED, /* it has ended, and is launched again when its delay is over */
	TASK_GHOST,  /* its agent is lost: another one has taken its place */
};

/* An instance of an app in its last incarnation. */
struct task {
	struct task *next;
	struct app *app;
	unsigned number, incarnation;
	size_t agent;
	uint16_t ports[PORTS_MOST];
	size_t port_count;
	char version[STAMP_SIZE]; /* of the app when it was made */
	enum condition condition;
	int64_t staged_ms, started_ms;
	bool answers, leaves; /* the last: when it has ended nobody takes its place */
	struct marathon_manner manner;
	struct event step;   /* to the next condition */
	struct event answer; /* it begins to answer */
};

/* What an app is since when. */
struct revision {
	json_t *definition; /* NULL: there is none */
	char version[STAMP_SIZE],
	    config[STAMP_SIZE]; /* of the last change; of the last that was no scaling */
	int64_t scaled_ms, changed_ms;
};

struct app {
	struct app *next;
	struct marathon_cluster *cluster;
	char *id;
	struct revision now;
	json_t *versions;   /* each that it ever was, by its time */
	struct task *tasks; /* the oldest first */
	json_t *failure;    /* of a task, the last; NULL: none */
	unsigned crashes;
	bool gone; /* it is in the tree no more */
};

struct deployment {
	struct deployment *next;
	struct marathon_cluster *cluster;
	char id[40], version[STAMP_SIZE];
	struct app *apps[APPS_MOST];
	struct revision before[APPS_MOST]; /* until then */
	size_t app_count;
	int64_t listed_ms; /* from then on */
	bool lenient;      /* what was never launched counts as started */
};

struct listener {
	struct listener *next;
	struct reply *reply;
};

struct marathon_cluster {
	struct universe *universe;
	struct clock *clock;
	marathon_manners *manners;
	void *manners_owner;
	struct app *apps;
	json_t *groups; /* the paths of those there are, as keys */
	struct deployment *deployments;
	struct listener *listeners;
	struct telling *tellings; /* events on their way */
	unsigned last_instance, last_deployment, last_service_port;
	uint16_t last_port;
	int64_t last_stamp_ms;
	bool lost[MARATHON_AGENTS];
	bool starved, echoes, vacant;
	unsigned losses_percent, refusals;
	size_t leader;
	uint64_t stamp;
	struct event settling, election, heartbeat;
};

void *must_have(void *memory); /* for whom no world without memory is simulated */

/* --- cluster.c --- */
const char *agent_host(size_t agent);
int64_t cluster_wall(struct marathon_cluster *cluster);
/* A time of its own for each change, in milliseconds. */
int64_t cluster_next_stamp(struct marathon_cluster *cluster);
/* "2026-11-27T17:00:00.000Z" */
void write_stamp(int64_t ms, char ret[static STAMP_SIZE]);
/* Something may be otherwise: soon all of it is looked at. */
void cluster_stir(struct marathon_cluster *cluster);

/* --- tasks.c --- */
unsigned app_instances(const struct app *app);
bool app_is_checked(const struct app *app);
/* Whether it does what is asked of it. */
bool task_is_good(const struct task *task);
bool task_is_new(const struct task *task);
/* Launches and kills what it takes. */
void app_settle(struct app *app);
void tasks_free(struct app *app);
/* Its agent is lost; its agent is there again. */
void task_lose(struct task *task);
void task_find(struct task *task);
void task_write_id(const struct task *task, char *ret, size_t size);

/* --- apps.c --- */
struct app *app_find(const struct marathon_cluster *cluster, const char *id);
void app_free(struct app *app);

/* --- deployments.c --- */
struct deployment *deployment_begin(struct marathon_cluster *cluster);
/* `before` is the deployment's from now on. */
void deployment_add(struct deployment *deployment, struct app *app, struct revision before);
/* What it is now, to be kept. */
struct revision app_revision(const struct app *app);
/* Those that touch it; NULL: none. */
struct deployment *deployment_of(const struct marathon_cluster *cluster, const struct app *app);
/* They end, without having been done. */
void deployments_cancel(struct marathon_cluster *cluster, const struct app *app);
/* Those that are done end. */
void deployments_settle(struct marathon_cluster *cluster);
bool deployment_is_listed(const struct deployment *deployment);
struct deployment *deployment_find(const struct marathon_cluster *cluster, const char *id);
void deployment_end(struct deployment *deployment, bool well);
/* As a new leader takes them over. */
void deployments_recover(struct marathon_cluster *cluster);

/* --- tell.c: as JSON, each for its caller to let go of --- */
json_t *tell_app(const struct app *app, bool tasks);
json_t *tell_group(const struct marathon_cluster *cluster, const char *id);
json_t *tell_deployment(const struct deployment *deployment);
json_t *tell_queue(const struct marathon_cluster *cluster);
json_t *tell_plan(const struct deployment *deployment);

/* --- events.c --- */
void events_tell(struct marathon_cluster *cluster, const char *type, json_t *event);
void events_tell_task(const struct task *task, const char *condition, const char *state);
void events_listen(struct marathon_cluster *cluster, struct reply *reply);
void events_forget(struct marathon_cluster *cluster, struct reply *reply);
void events_end(struct marathon_cluster *cluster);  /* all streams */
void events_drop(struct marathon_cluster *cluster); /* those on their way */
void events_beat(struct event *event);

/* --- routes.c --- */
struct asked {
	struct marathon_cluster *cluster;
	const char *method, *path, *query; /* the path without "/v2" */
	const json_t *body;                /* NULL: none, or no JSON */
	int status;
	json_t *answer; /* what is said; NULL: nothing */
	char deployment[40];
};
void routes_ask(struct asked *asked);
void asked_refuse(struct asked *asked, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* "?force=true" */
bool asked_flag(const struct asked *asked, const char *name, bool otherwise);
/* A deployment of it is answered, with that status. */
void asked_accept(struct asked *asked, int status, const struct deployment *deployment);
/* Whether a deployment holds it: then that is said. */
bool asked_is_locked(struct asked *asked, const struct app *app);
/* "/apps/shop/web" and what is below it; "/groups/shop" */
void apps_ask(struct asked *asked, const char *rest);
void groups_ask(struct asked *asked, const char *rest);
/* "/shop/web" */
void group_make(struct marathon_cluster *cluster, const char *id);

#endif
