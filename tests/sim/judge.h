/* judge.h - the rules that hold after every step, whatever happens. */
#ifndef BERTH_TESTS_SIM_JUDGE_H
#define BERTH_TESTS_SIM_JUDGE_H

#include "tests/sim/stage.h"

struct judge;

struct judge *judge_new(void);
void judge_free(struct judge *judge);
/* After every step. */
void judge_step(struct theatre *stage);
/* Who deploys from there knows no more where it deployed before. */
void judge_store_lost(struct theatre *stage);
/* It asks for something at the engine, now. */
void judge_asks(struct deployer *deployer, const struct http_request *request);
/* It tells what it is going to do. */
void judge_plan(struct deployer *deployer);
/* An operation begins, tells of a phase, ends. */
void judge_begin(struct deployer *deployer);
void judge_phase(struct deployer *deployer, const struct berth_event *event);
void judge_end(struct deployer *deployer, enum berth_outcome outcome);
/* All has settled: exactly what the model says is there, and every link leads where it should. */
void judge_settled(struct theatre *stage);
/* After a destroy: nothing of ours but data. */
void judge_gone(struct theatre *stage);
/* Somebody else's, which nobody is to touch: a container of that name. */
void judge_stranger(struct theatre *stage, const char *name);
/* It is there, for certain. */
void judge_stranger_sure(struct theatre *stage);
/* It is about to leave: one of ours may have its name from now on. */
void judge_stranger_unsure(struct theatre *stage);
void judge_stranger_leaves(struct theatre *stage, const char *name);

#endif
