/* local_stage.h - the driver for processes of this machine in a virtual world: its files and the machine's
 * processes are whatever its owner says. */
#ifndef BERTH_TESTS_FUZZ_LOCAL_STAGE_H
#define BERTH_TESTS_FUZZ_LOCAL_STAGE_H

#include "locations/location.h"
#include "tests/fuzz/pieces.h"

/* What lies in the run directory of app.web.1, beside it, and in /proc. */
struct local_files {
	struct piece manifest, state, files, log, claim, lease;
	struct piece environment; /* of the one process that is marked */
	struct piece memfd;       /* the name that one holds */
};

struct local_outcome {
	const char *verb;
	enum progress progress; /* PROGRESS_WAITING: nobody woke it in an hour */
	struct error error;
	char seen[600]; /* of those that look: what, as a text */
};

void local_stage_open(const struct local_files *files);
/* Ask for the next thing; false when there is no more. */
bool local_stage_next(struct local_outcome *ret);
void local_stage_close(void);

#endif
