/* stage.h - an engine in a virtual world with a fake target, for programs that are no Criterion tests. */
#ifndef BERTH_TESTS_FUZZ_STAGE_H
#define BERTH_TESTS_FUZZ_STAGE_H

#include "engine/handle.h"
#include "locations/fake/fake.h"
#include "tests/support/virtual_world.h"

struct playhouse {
	struct world *world;
	struct fake_target *target; /* the one called "fake" */
	struct berth *berth;
	char state[300], store[320];
};

/* How an operation ended. */
struct told {
	bool begun, ended;
	enum berth_outcome outcome;
	char message[512];
	char *result; /* the document; its owner frees it */
};

typedef struct berth_operation *verb_function(struct berth *, const struct berth_request *,
					      const struct berth_listener *, struct berth_error *);

void stage_open(struct playhouse *stage);
void stage_close(struct playhouse *stage);
/* Until it ends, an hour of virtual time at most. */
struct told stage_run(struct playhouse *stage, verb_function *verb, const struct berth_request *request);

#endif
