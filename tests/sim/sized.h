/* sized.h - a cluster whose autoscaler goes by a number that a seed makes: how its load goes, what goes
 * wrong, and what its size is held to. */
#ifndef BERTH_TESTS_SIM_SIZED_H
#define BERTH_TESTS_SIM_SIZED_H

#include "tests/sim/judge.h"

#define SIZED_APP "sized"

enum {
	SIZED_EACH = 25,     /* of so many seeds one has such a cluster in the end */
	SIZED_TURN = 7,      /* which of them */
	SIZED_PERIOD = 2000, /* of its sensor, which is too old after three of these */
	SIZED_LOWER = 20,
	SIZED_UPPER = 50,
	SIZED_TARGET = 40,
	SIZED_UP_COOL = 10000, /* of our own autoscaler */
	SIZED_DOWN_COOL = 30000,
	SIZED_UP_DELAY = 4000, /* of Brooklyn's */
	SIZED_DOWN_DELAY = 20000,
};

enum scaler { SCALER_BOUNDS, SCALER_TARGET, SCALER_STEPS, SCALER_CLASSIC, SCALERS };

enum { SIZED_ADDRESSES = 128 };

struct sized {
	struct seat *seat;
	struct berth *berth;
	struct berth_operation *keeper, *operation; /* NULL: nobody keeps it; nothing is asked */
	bool keeps, leaving;
	enum scaler scaler;
	unsigned least, most;
	struct text blueprint;
	/* What its page says: the load is shared by those that answer. */
	double load, noise; /* noise: at most so much, either way, of each number */
	uint64_t noise_state;
	int64_t silent_ms; /* since then it says nothing; -1: it does */
	/* What was seen. */
	unsigned running, answering;
	const struct berth_operation *deed;
	unsigned size, size_before; /* that was asked for last, and before that */
	unsigned seen;              /* as the controller had it last; 0: not yet */
	bool deed_over;             /* it was seen to be that: there is but one by now */
	bool forgot;                /* the store was lost since */
	int64_t changed_ms;         /* when that was; -1: nothing is known of it */
	int64_t deed_ms, uneasy_ms; /* the last deed began; the last time that something went wrong */
	bool grew;                  /* the last change */
	bool quiet;                 /* the load is such that nothing is to change */
	size_t changes_seen;
	uint64_t stamp;
	/* Whose an address was last, and whether that one ever answered. */
	struct whose {
		char address[48], id[72];
		bool answered;
	} whose[SIZED_ADDRESSES];
	size_t whose_count;
	struct text listed; /* what `front` was told last of those who take requests */
};

bool score_is_sized(uint64_t seed);
/* All of it; `stage` has come to rest. */
void sized_play(struct theatre *stage, uint64_t chance);
void sized_step(struct theatre *stage);
void sized_close(struct theatre *stage);
void sized_expect(struct tally *tally);

/* --- sized_moves.c --- */
void move_sized(struct theatre *stage, struct dice *dice);
void sized_calm(struct theatre *stage);
void sized_begin(struct theatre *stage);
void sized_disturb(struct theatre *stage, const char *kind);
void sized_moves_expect(struct tally *tally);
/* Something is asked for, until it has ended; `count` of scale. */
enum berth_outcome sized_ask(struct theatre *stage, enum errand_kind doing, unsigned count);

/* --- rules_sized.c --- */
/* A resize by the policy begins. */
void rule_size_bounds(struct theatre *stage, unsigned wanted);
void rule_no_flapping(struct theatre *stage, unsigned wanted);
void rule_stale_moves_nothing(struct theatre *stage);
void rule_quiet(struct theatre *stage);
/* At all times. */
void rule_size_kept(struct theatre *stage);
void rule_never_more(struct theatre *stage);
void rule_last_one_stays(struct theatre *stage);
void rule_listed_answered(struct theatre *stage);
/* Long after all is well. */
void rule_size_fits(struct theatre *stage);
void rule_sized_gone(struct theatre *stage);

#endif
