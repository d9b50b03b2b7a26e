/* cluster.h - a simulated Marathon and its standby, with agents that run its tasks: API v2 of 1.11 as far as
 * it is asked, apps that are rolled in deployments, tasks that move, a stream of events, a leader that falls.
 */
#ifndef BERTH_SIMULATION_MARATHON_CLUSTER_H
#define BERTH_SIMULATION_MARATHON_CLUSTER_H

#include "base/json.h"
#include "simulation/universe.h"

enum { MARATHON_AGENTS = 3 };

struct marathon_cluster;

/* What the program in a task does. */
struct marathon_manner {
	int64_t answers_after_ms; /* -1: never */
	bool ends;
	int64_t lives_ms; /* where it ends */
	int exit_code;
	int64_t stops_ms; /* when it is asked to */
};
typedef void marathon_manners(void *owner, const json_t *app, struct marathon_manner *ret);

/* At "10.0.2.1:8080" and "10.0.2.2:8080", of which the first leads; its agents are 10.0.2.11 and the next
 * ones. NULL: no memory. */
struct marathon_cluster *marathon_cluster_new(struct universe *universe);
void marathon_cluster_free(struct marathon_cluster *cluster); /* NULL is fine */
/* NULL: all answer at once, and stay. */
void marathon_cluster_behave(struct marathon_cluster *cluster, marathon_manners *manners, void *owner);
/* "marathon:http://..." with both addresses. */
extern const char marathon_cluster_location[];
extern const char *const marathon_cluster_addresses[2];

/* --- what befalls it ------------------------------------------------------------------------- */

/* The leader is gone, at once; so long nobody leads, then the other one does. */
void marathon_cluster_depose(struct marathon_cluster *cluster, int64_t vacant_ms);
/* No offer fits any more, or offers fit again. */
void marathon_cluster_starve(struct marathon_cluster *cluster, bool starved);
/* Of a hundred events so many are told to nobody. */
void marathon_cluster_lose_events(struct marathon_cluster *cluster, unsigned percent);
/* Each event is told twice. */
void marathon_cluster_echoes(struct marathon_cluster *cluster, bool echoes);
/* Every stream of events ends. */
void marathon_cluster_hang_up(struct marathon_cluster *cluster);
/* A task of that app is killed, by chance; it is launched again elsewhere. False: it has none that runs. */
bool marathon_cluster_kill_task(struct marathon_cluster *cluster, const char *id);
/* An agent is lost, with its tasks, or is found again. */
void marathon_cluster_agent(struct marathon_cluster *cluster, size_t agent, bool lost);
/* Somebody else asks; the status. */
int marathon_cluster_ask(struct marathon_cluster *cluster, const char *method, const char *path,
			 const char *body);
/* All that goes wrong there ends. */
void marathon_cluster_calm(struct marathon_cluster *cluster);

/* --- what is there --------------------------------------------------------------------------- */

struct marathon_view {
	const char *id;
	const json_t *definition;
	bool told;                  /* false: it was removed, and some of its tasks have not ended */
	bool settled;               /* no deployment touches it */
	unsigned instances, living; /* asked for; of its tasks, all that have not ended */
	unsigned running, answering, outdated; /* the last: those that are not of its last change */
};
void marathon_cluster_each(struct marathon_cluster *cluster,
			   void (*see)(void *owner, const struct marathon_view *view), void *owner);
/* Whether a task of that app answers at that address and number. */
bool marathon_cluster_serves(const struct marathon_cluster *cluster, const char *id, const char *address,
			     uint16_t number);
/* The definition of an app, or NULL. */
const json_t *marathon_cluster_definition(const struct marathon_cluster *cluster, const char *id);
bool marathon_cluster_has_group(const struct marathon_cluster *cluster, const char *id);
/* Another number whenever something may be otherwise. */
uint64_t marathon_cluster_stamp(const struct marathon_cluster *cluster);

#endif
