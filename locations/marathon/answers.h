/* answers.h - what Marathon says, as its client reads it: apps, tasks, groups, deployments, what waits in the
 * queue, refusals, events.
 *
 * Texts are those of the JSON that was read, lists lie in the arena. What is absent, null or empty means the
 * same; members that nobody knows are left alone; what matters and is of another type is an error.
 */
#ifndef BERTH_LOCATIONS_MARATHON_ANSWERS_H
#define BERTH_LOCATIONS_MARATHON_ANSWERS_H

#include <stdint.h>

#include "base/arena.h"
#include "base/json.h"
#include "entities/spec.h"

enum marathon_state {
	TASK_STAGED,  /* staging or starting: it listens nowhere yet */
	TASK_RUNS,    /* its ports are there */
	TASK_LEAVING, /* being killed */
	TASK_AWAY,    /* its agent does not answer */
	TASK_OVER,    /* it failed, finished, or was killed: listed until another takes its place */
};

enum marathon_health { HEALTH_UNKNOWN, HEALTH_GOOD, HEALTH_BAD };

struct marathon_task {
	const char *id, *app, *state_word; /* "TASK_RUNNING" */
	enum marathon_state state;
	const char *host, *agent, *address; /* the last: the container's own, where it runs; or NULL */
	const char *version;
	const uint16_t *ports; /* one for each mapping that has a number at the host */
	size_t port_count;
	int64_t staged_ms, started_ms;
	enum marathon_health health;
	const char *cause; /* why its last check failed; or NULL */
};

struct marathon_mapping {
	const char *name;
	uint16_t port; /* 0: whatever its number at the host is */
	bool at_host;  /* it has a number there */
	uint16_t host_port, service_port;
	enum protocol protocol;
};

enum marathon_network { NETWORK_HOST, NETWORK_BRIDGE, NETWORK_NAMED };

struct marathon_failure {
	const char *task, *host, *message, *state, *version;
	int64_t at_ms;
};

struct marathon_app {
	const json_t *json;
	const char *id, *version, *image, *command;
	unsigned instances;
	double cpus, mem, disk;
	const json_t *labels;
	enum marathon_network network;
	const struct marathon_mapping *mappings;
	size_t mapping_count;
	bool checked;   /* it has health checks */
	bool gated;     /* it has readiness checks */
	unsigned ready; /* tasks that passed those, as long as that is told */
	int64_t scaled_ms, changed_ms;
	unsigned staged, running, healthy, unhealthy;
	const char *const *deployments; /* that touch it now */
	size_t deployment_count;
	const struct marathon_task *tasks; /* the oldest first */
	size_t task_count;
	bool tasks_told;
	const struct marathon_failure *failure;
};

struct marathon_group {
	const char *id, *version;
	const struct marathon_app *apps;
	size_t app_count;
	const struct marathon_group *groups;
	size_t group_count;
	size_t pod_count;
};

struct marathon_deployment {
	const char *id, *version;
	const char *const *apps; /* that it changes */
	size_t app_count;
	int64_t step, steps;
	const char *action, *app; /* of those under way, the first; or NULL */
};

/* The answer to a change. */
struct marathon_accepted {
	const char *deployment, *version;
};

struct marathon_queued {
	const char *app, *pod; /* one of them */
	unsigned count;
	bool overdue; /* it waits for an offer; false: for its delay to pass */
	double delay_s;
	int64_t offers, unused;
	const char *reason; /* why most of the last ones were of no use; NULL: not told */
	int64_t declined;
	struct marathon_offers {
		size_t count;
		double most_cpus, most_mem, most_disk; /* in one of them */
	} seen;                                        /* the unused ones that are told */
	double cpus, mem, disk;                        /* that it asks for */
};

struct marathon_info {
	const char *name, *version, *framework, *leader, *mesos;
	unsigned major, minor;
};

struct marathon_refusal {
	const char *words;        /* what was wrong, in one line; never NULL */
	const char *const *locks; /* the deployments that hold what was asked to change */
	size_t lock_count;
	bool full; /* as many deployments are under way as there may be: it is no question of rights */
};

struct marathon_event {
	const char *type;
	const char *app;        /* that it is about; NULL: of none, or of several */
	const char *deployment; /* its id; or NULL */
	const char *task;       /* the task's or the instance's id; or NULL */
	const char *state;      /* as it was told: "TASK_RUNNING", "Running"; or NULL */
	const char *reason;
	const char *const *apps; /* of a deployment */
	size_t app_count;
	int64_t at_ms;
};

/* Each gives 0, or -1 with what is wrong. */
int marathon_app_read(const json_t *json, struct arena *arena, struct marathon_app *ret, struct error *err);
int marathon_task_read(const json_t *json, struct arena *arena, struct marathon_task *ret, struct error *err);
int marathon_group_read(const json_t *json, struct arena *arena, struct marathon_group *ret,
			struct error *err);
int marathon_deployment_read(const json_t *json, struct arena *arena, struct marathon_deployment *ret,
			     struct error *err);
int marathon_accepted_read(const json_t *json, struct arena *arena, struct marathon_accepted *ret,
			   struct error *err);
int marathon_queued_read(const json_t *json, struct arena *arena, struct marathon_queued *ret,
			 struct error *err);
int marathon_info_read(const json_t *json, struct arena *arena, struct marathon_info *ret, struct error *err);
int marathon_event_read(const char *name, const json_t *data, struct arena *arena, struct marathon_event *ret,
			struct error *err);
/* Of whatever came with that status: JSON, a page, nothing. Fails without memory alone. */
int marathon_refusal_read(int status, const char *body, size_t size, struct arena *arena,
			  struct marathon_refusal *ret);
/* What that entry of the queue waits for, in words: "5 offers, none with 8 GiB of memory"; steady: "no offer
 * has 8 GiB of memory", without what changes while it waits. NULL: no memory. */
/* Whether it waits for something there that it tells of. */
bool marathon_queued_tells(const struct marathon_queued *queued);
const char *marathon_queued_words(const struct marathon_queued *queued, bool steady, struct arena *arena);

/* Where the task is reached by others at that port of its own: its address and number there. False: it is
 * not (it does not run, or has no such port). */
bool marathon_reached(const struct marathon_app *app, const struct marathon_task *task,
		      const struct marathon_mapping *mapping, const char **ret_address, uint16_t *ret_number);

/* Milliseconds since 1970 of "2015-09-30T12:44:30.061Z", with any number of digits, or none; of old also of
 * "2014-01-24T21:52+0000". 0: it is none. */
int64_t marathon_time(const char *stamp);

/* --- the stream of events: lines that end in CR, LF or both, however they are cut into pieces --- */

#define MARATHON_EVENT_MOST (8u << 20) /* an event of old versions has the whole tree in it, twice */

struct marathon_stream {
	/* One event, whole. False: no more is wanted. */
	bool (*event)(void *owner, const char *name, const char *data, size_t size);
	void *owner;
	struct text line, name, data;
	bool has_data, after_return;
	bool overflow; /* what came was longer than any event: it is not one */
};

/* False once `event` said so, or when memory is gone. */
bool marathon_stream_feed(struct marathon_stream *stream, const char *bytes, size_t count);
void marathon_stream_release(struct marathon_stream *stream);

#endif
