/* play.h - what happens to the application of a seed: a list of moves, carried out, and what must hold at the
 * end. */
#ifndef BERTH_TESTS_SIM_PLAY_H
#define BERTH_TESTS_SIM_PLAY_H

#include "tests/sim/stage.h"

enum {
	MOVES_MAX = 96,
	KEPT_EACH = 25,   /* of so many seeds one goes on with a controller */
	MACHINE_EACH = 7, /* and one has components on a machine reached by SSH */
	MACHINE_TURN = 5,
};

enum move_kind {
	MOVE_EDIT,
	MOVE_OPERATION,
	MOVE_WAIT, /* for who works to end */
	MOVE_FATE, /* of a message */
	MOVE_KILL,
	MOVE_KILL_AT,
	MOVE_STORE_LOST,
	MOVE_CANCEL,
	MOVE_ISOLATE,
	MOVE_ENGINE_RESTART,
	MOVE_CRASH,
	MOVE_BY_HAND,
	MOVE_STRANGER,
	MOVE_IMAGE,
	MOVE_REFUSAL, /* the engine's own */
	MOVE_CLOCK,
	MOVE_PORT,
	MOVE_FAKE,
	MOVE_LOCAL,
	MOVE_POWER,
	MOVE_DISK,
	MOVE_BAD_UPDATE,
	MOVE_TRIAL,
	MOVE_KEPT, /* while a controller keeps the application */
	MOVE_KINDS
};

struct move {
	enum move_kind kind;
	int64_t pause_ms; /* before it */
	uint64_t chance;
	bool left_out; /* when a violation is made smaller */
};

/* All of a seed: without the moves that are left out it is still the same for the rest. */
struct score {
	uint64_t seed;
	unsigned realms;
	uint64_t chance; /* of the application's first form */
	struct move moves[MOVES_MAX];
	unsigned count;
	unsigned kept_from; /* the first of those with a controller; `count`: there is none */
	int trial;          /* that its trials all are of: index of trial_kinds; -1: of any */
};

struct outcome {
	char rule[48], verdict[1024];
	uint64_t steps, faults;
	unsigned components;
};

bool score_is_kept(uint64_t seed);
bool score_has_machine(uint64_t seed); /* reached by SSH */
void score_write(struct score *score, uint64_t seed);
/* Every second of its moves is of that kind: "strangers", or a trial as trial_kinds names it. False: there is
 * none of that name. */
bool score_lean(struct score *score, const char *kind);
/* The rows that a complete table has. */
void play_expect(struct tally *tally);
/* Play it. `line` (NULL: nobody) hears the story. */
void score_play(const struct score *score, struct tally *tally,
		void (*line)(void *owner, int64_t now_ms, const char *words), void *owner,
		struct outcome *ret);
/* What the moves and the end of a seed have in common: nobody works any more; whatever goes wrong ends, and
 * nothing in the blueprint keeps it from running; a deploy or destroy ends well, after a few tries; what is
 * there is what the blueprint says, and the next deploy leaves it. */
unsigned play_deployers(const struct theatre *stage); /* how many there are for this application */
void play_wait(struct theatre *stage);
void play_calm(struct theatre *stage);
bool play_insist(struct theatre *stage, struct deployer *deployer, enum errand_kind doing);
void play_settles(struct theatre *stage);
/* A scripted target fails, or is slow. */
void move_fake(struct theatre *stage, struct dice *dice);
/* One change of a settled application, and one thing that goes wrong meanwhile. */
/* trial_doubt.c - parts of a trial where what is shown is not what is so. */
void trial_look(struct theatre *stage, struct deployer *deployer);
void trial_twin(struct theatre *stage, struct deployer *deployer, struct dice *dice);
void move_trial(struct theatre *stage, struct dice *dice);
extern const char *const trial_kinds[]; /* NULL-terminated */
/* Leave out what a violation of that rule does not need; how many moves are left. */
unsigned score_shrink(struct score *score, const char *rule);

#endif
