/* there.h - a machine reached by SSH: what its programs do, what befalls it, and what of it the judges see.
 */
#ifndef BERTH_TESTS_SIM_THERE_H
#define BERTH_TESTS_SIM_THERE_H

#include "tests/sim/stage.h"

#define THERE_NUMBER  "10.0.0.9"
#define THERE_ADDRESS THERE_NUMBER ":22"

int there_open(struct theatre *stage);
/* Whether components of this seed run there. */
bool there_is(const struct theatre *stage);
void there_see(struct sights *sights, struct theatre *stage);
void there_file(struct theatre *stage, const struct sight *sight, struct text *ret_content);
/* No two programs of one instance live at a time, and strangers are left alone. */
void there_always(struct theatre *stage);
/* After a destroy: nothing is left. */
void there_gone(struct theatre *stage);
/* Whether that is said to it, and changes anything, or an instance. */
bool there_hears(const struct http_request *request);
bool there_changes(const struct http_request *request);
bool there_changes_instance(const struct http_request *request);

/* Each a move. */
void there_kill(struct theatre *stage, struct dice *dice);
void there_power(struct theatre *stage, struct dice *dice);
void there_disk(struct theatre *stage, struct dice *dice);
void there_stranger(struct theatre *stage, struct dice *dice);
void there_cut(struct theatre *stage);
void there_clock(struct theatre *stage, struct dice *dice);
void there_vanish(struct theatre *stage, const char *name);
/* All that goes wrong there ends. */
void there_calm(struct theatre *stage);
/* What of its commands is met seldom, unless it is waited for. */
const char *there_seldom(struct dice *dice);
extern const char *const there_faults[]; /* NULL-terminated */

#endif
