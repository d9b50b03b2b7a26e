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
};

struct clouded {
	struct outpost post;
	struct openstack_cloud *cloud;
	struct clouded_part parts[CLOUDED_PARTS];
	bool leaving;   /* whose server goes is asked to */
	bool disturbed; /* servers were taken away, or changed by somebody else */
	bool fails;     /* the next creation ends as ERROR */
	uint64_t stamp;
	struct seen_server now[CLOUDED_SERVERS], former[CLOUDED_SERVERS];
	size_t count, former_count;
	bool strangers; /* somebody else has a server and a group of names like ours */
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
void clouded_strangers_come(struct theatre *stage);
/* A server of ours, by chance; NULL: there is none. */
const struct seen_server *clouded_any(struct clouded *clouded, struct dice *dice);

/* --- clouded_moves.c --- */
void clouded_move(struct theatre *stage, struct dice *dice);
extern const char *const clouded_faults[]; /* NULL-terminated */

#endif
