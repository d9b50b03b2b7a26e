/* clouded.h - an application whose components are servers of an OpenStack: creations fail or come late,
 * answers are lost, servers go, whoever works with it is killed; and what its servers are held to. */
#ifndef BERTH_TESTS_SIM_CLOUDED_H
#define BERTH_TESTS_SIM_CLOUDED_H

#include "simulation/openstack/cloud.h"
#include "tests/sim/judge.h"
#include "tests/sim/outpost.h"

enum {
	CLOUDED_EACH = 25, /* of so many seeds one has such an application in the end */
	CLOUDED_TURN = 12, /* which of them */
	CLOUDED_PARTS = 3,
	CLOUDED_SERVERS = 32,
};

/* What may be used up. */
static const char *const clouded_quotas[] = {"instances",  "key_pairs",      "port",
					     "floatingip", "security_group", "security_group_rule"};

bool score_has_cloud(uint64_t seed);
/* All of it; `stage` has come to rest. */
void clouded_play(struct theatre *stage, uint64_t chance);
void clouded_step(struct theatre *stage);
void clouded_close(struct theatre *stage);
void clouded_expect(struct tally *tally);

/* --- what the files of it share --- */

/* A component, as its author wrote it last. */
struct clouded_part {
	const char *id;
	bool there;
	unsigned version, setting, count;
	int provider; /* whom it is linked to; -1: nobody */
};

/* A server that is there. */
struct seen_server {
	char id[48], name[80], status[16];
	char program[24]; /* "good:3" of what runs on it; "" nothing */
	bool ours, leaving, answers;
	int64_t since_ms; /* that it is seen */
};

struct clouded {
	struct outpost post;
	struct openstack_cloud *cloud;
	struct clouded_part parts[CLOUDED_PARTS];
	bool in_groups, on_volumes; /* how its servers are made */
	bool leaving;               /* whose server goes is asked to */
	bool disturbed;             /* servers were taken away, or changed by somebody else */
	const char *fails;          /* why the next creation ends as ERROR; NULL: it does not */
	uint64_t stamp;
	struct seen_server now[CLOUDED_SERVERS], former[CLOUDED_SERVERS];
	size_t count, former_count;
	bool strangers;    /* somebody else has a server and a group of names like ours */
	char namesake[48]; /* the id of one of somebody else's with the very name of one of ours; "" none */
	char floating[48]; /* and that of his floating IP, which leads nowhere yet */
	char twin[48];     /* of a server of ours that is there twice; "" none */
	json_t *before;    /* what there was in the cloud before all of it */
};

#define CLOUDED_APP "fleet"

/* --- clouded.c --- */
/* What the author asks for is written down. */
void clouded_publish(struct clouded *clouded);
/* All that goes wrong has ended: it converges, and the next deploy changes nothing. */
void clouded_rest(struct theatre *stage);

/* --- clouded_rules.c --- */
void clouded_judge_always(struct theatre *stage);
void clouded_judge_end(struct theatre *stage, enum errand_kind doing);
/* At rest: whatever of ours there is belongs to a server that is wanted. */
void clouded_judge_rest(struct theatre *stage);
/* After the last destroy the cloud's lists are what they were at first. */
void clouded_judge_end_of_all(struct theatre *stage);
void clouded_strangers_come(struct theatre *stage);
/* A server of that name, with what `more` says beside what each must have, which is taken over. Its id is in
 * `ret`; false: the cloud has no room. */
bool clouded_server_comes(struct clouded *clouded, const char *name, json_t *more, char ret[static 48]);
/* The servers of ours, and what runs there. */
json_t *clouded_running(struct clouded *clouded);
/* What there is, by its ids; but strangers. */
json_t *clouded_inventory(struct clouded *clouded);
/* A server of ours, by chance; NULL: there is none. */
const struct seen_server *clouded_any(struct clouded *clouded, struct dice *dice);

/* --- clouded_moves.c --- */
void clouded_move(struct theatre *stage, struct dice *dice);
/* A deploy of what was edited, or a destroy, or what stops and starts it. */
enum berth_outcome clouded_work(struct theatre *stage, struct dice *dice);
/* In the middle of it, or before. */
enum berth_outcome clouded_around_work(struct theatre *stage, struct dice *dice, happening *happens);
/* Of what is no matter. */
void clouded_harmless(struct theatre *stage, enum berth_outcome outcome, const char *what);
extern const char *const clouded_faults[]; /* NULL-terminated */

/* --- clouded_others.c: what others of the project, and the cloud itself, do --- */
extern happening *const clouded_others[];
extern const size_t clouded_other_count;
extern const char *const clouded_other_faults[]; /* NULL-terminated */

#endif
