/* local.h - processes of a simulated machine: what its programs do, and what of it the judges see. */
#ifndef BERTH_TESTS_SIM_LOCAL_H
#define BERTH_TESTS_SIM_LOCAL_H

#include "tests/sim/stage.h"

/* The programs that components run are installed on the first machine. 0 or -1. */
int local_open(struct theatre *stage);
/* What a program of that name does. */
void local_behaves(const struct program_started *started, struct program_behaviour *ret);
/* Keepers and the programs below them, as instances. */
void local_see(struct sights *sights, struct theatre *stage);
/* The content of an instance's file, appended. */
void local_file(struct theatre *stage, const struct sight *sight, struct text *ret_content);
/* Whether what it was given to run, with its secrets, still lies on the disk. */
bool local_launch_left(const struct theatre *stage, const struct sight *sight);
/* No two programs of one instance live at a time, whoever keeps them. */
void local_no_doubles(struct theatre *stage);
/* Neither a keeper nor a program is left, nor a file of theirs. */
void local_gone(struct theatre *stage);
/* What befalls them: a program or its keeper is killed, the machine loses its power, its disk fails. */
/* The name of an instance whose program lives; NULL: there is none. */
const char *local_any(struct theatre *stage, struct dice *dice);
void local_kill(struct theatre *stage, struct dice *dice);
void local_power(struct theatre *stage, struct dice *dice);
void local_disk(struct theatre *stage, struct dice *dice);
void local_calm(struct theatre *stage);
extern const char *const local_faults[]; /* their kinds, NULL-terminated */

#endif
