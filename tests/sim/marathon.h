/* marathon.h - an application whose components are apps of a Marathon: its leader falls, its tasks move, its
 * answers are lost, whoever works with it is killed; and what its apps are held to. */
#ifndef BERTH_TESTS_SIM_MARATHON_H
#define BERTH_TESTS_SIM_MARATHON_H

#include "simulation/marathon/cluster.h"
#include "tests/sim/judge.h"
#include "tests/sim/outpost.h"

enum {
	MARATHON_EACH = 25, /* of so many seeds one has such an application in the end */
	MARATHON_TURN = 7,  /* which of them */
	MARATHON_PARTS = 3,
	MARATHON_APPS = 8,
};

bool score_has_marathon(uint64_t seed);
/* All of it; `stage` has come to rest. */
void marathon_play(struct theatre *stage, uint64_t chance);
void marathon_step(struct theatre *stage);
void marathon_close(struct theatre *stage);
void marathon_expect(struct tally *tally);

/* --- what the files of it share --- */

/* A component, as its author wrote it last. */
struct wished {
	const char *id;
	bool there;
	unsigned version, setting, count;
	uint16_t port;
	int provider; /* whom it is linked to; -1: nobody */
};

/* An app that is there. */
struct seen_app {
	char id[80];
	struct marathon_view view;
	bool ours;
};

struct marathoned {
	struct outpost post;
	struct marathon_cluster *cluster;
	struct wished parts[MARATHON_PARTS];
	bool leaving;   /* whose app goes is asked to */
	bool disturbed; /* tasks were killed, or somebody else changed an app */
	bool noticed;   /* the controller told something of `db` */
	uint64_t stamp;
	struct seen_app now[MARATHON_APPS], former[MARATHON_APPS];
	size_t count, former_count;
	char *strangers[MARATHON_APPS]; /* "/shop/box" and its definition, one after the other */
	size_t stranger_count;
};

#define MARATHON_APP "shop"

/* --- marathon.c --- */
/* What the author asks for is written down. */
void marathon_publish(struct marathoned *marathon);
/* All that goes wrong has ended: it converges, and the next deploy changes nothing. */
void marathon_rest(struct theatre *stage);

/* --- marathon_rules.c --- */
void marathon_look(struct marathoned *marathon);
void marathon_judge_always(struct theatre *stage);
void marathon_judge_end(struct theatre *stage, enum errand_kind doing);
/* Whether each consumer was told where a task of its provider answers. */
bool marathon_links_lead(const struct marathoned *marathon, char *ret_words, size_t size);
/* Somebody else makes an app of that path, or takes it away again. */
void marathon_stranger_comes(struct theatre *stage, const char *id);
void marathon_stranger_goes(struct theatre *stage);

/* --- marathon_moves.c --- */
void marathon_move(struct theatre *stage, struct dice *dice);
extern const char *const marathon_faults[]; /* NULL-terminated */

#endif
