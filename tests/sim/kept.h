/* kept.h - a controller among those who deploy, and what was seen of what it keeps. */
#ifndef BERTH_TESTS_SIM_KEPT_H
#define BERTH_TESTS_SIM_KEPT_H

#include "engine/hold.h"
#include "tests/sim/judge.h"

enum { ORDINALS_MAX = 4, NOT_YET = -1 };

/* An instance of a component, whichever generation stands for it; times are the clock's. */
struct charge {
	bool there, running, well; /* really */
	unsigned generation;       /* of the one that runs */
	bool clings;               /* one that does not run stands beside it */
	int64_t clung_ms;          /* when that was seen last; NOT_YET: never */
	bool known;                /* it was there since the last command ended well */
	int64_t well_since_ms, down_since_ms;
	bool acting;      /* a policy's deed is done to it now */
	unsigned tries;   /* that were made in a row, while nothing else went wrong */
	int64_t acted_ms; /* when the last one began */
	int64_t ended_ms; /* and ended */
	bool ill_since;   /* it was not well since then */
	bool prompt;      /* the last one began right after it ended */
};

struct ward {
	struct charge charges[ORDINALS_MAX];
	int64_t suspended_ms; /* all its policies are; NOT_YET: they are not */
	bool touched;         /* somebody suspended one, or tried to */
	bool stopped;         /* on purpose */
};

struct kept {
	struct ward wards[PARTS_MAX];       /* as the parts of the model */
	const struct berth_operation *deed; /* under way */
	char deed_of[24];
	struct charge *deed_charge; /* whom it is done to; NULL: to a whole component */
	int64_t uneasy_ms;          /* the last time that anything but an instance's own end went wrong */
	bool own_harm;              /* what goes wrong now is an instance's own end */
	bool unsettled;             /* the last command did not end well */
	size_t changes_seen;
};

/* --- kept_moves.c: what happens to it --- */
/* Its components are given to somebody's care, and a controller keeps it; false: there is a verdict. */
bool kept_open(struct theatre *stage, struct dice *dice);
void move_kept(struct theatre *stage, struct dice *dice);
/* The faults end: all must be well, be left alone, and outlive the controller. */
void kept_settle(struct theatre *stage, struct dice *dice);
void kept_close(struct theatre *stage);
void kept_expect(struct tally *tally);

/* --- kept.c: the controller --- */
/* From now on that deployer is a controller, and so is who takes its place. */
void kept_begin(struct deployer *deployer);
/* It ends in order: what flies is finished, targets have their duties again. */
bool kept_end(struct deployer *deployer);
/* The same program was killed; without its store. */
void kept_died(struct theatre *stage);
void kept_forgot(struct theatre *stage);
/* Somebody asks for something through it; that has ended. */
void kept_asked(struct deployer *deployer);
void kept_answered(struct deployer *deployer, enum berth_outcome outcome);
/* Something went wrong. */
void kept_disturbed(struct theatre *stage);
/* After every step; and with what is really there, whenever that may have changed. */
void kept_step(struct theatre *stage);
void kept_sights(struct theatre *stage, const struct sights *now);
/* How far what was done to it is to be expected. */
bool kept_at_ease(const struct theatre *stage);
struct charge *kept_charge(struct theatre *stage, const char *component, unsigned ordinal);

/* --- kept_policies.c --- */
/* How many policies of the set restart or replace the member now. */
size_t policies_acting(struct policy_set *set, const char *member);

/* --- rules_kept.c: what its policies are held to --- */
/* A deed of a policy's begins, to the instance or (ordinal 0) the component. */
void rule_may_act(struct theatre *stage, int part, unsigned ordinal, const struct verb *verb);
/* At all times. */
void rule_bounds(struct theatre *stage);
void rule_one_master(struct theatre *stage);
void rule_well_not_touched(struct theatre *stage);
/* Faults have ended so long ago that all that is kept runs. */
void rule_recovered(struct theatre *stage);
/* Whose business restarts are. */
void rule_duty(struct theatre *stage);

#endif
