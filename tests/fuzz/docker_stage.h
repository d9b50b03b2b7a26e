/* docker_stage.h - the Docker driver before an engine that says whatever its owner wants. */
#ifndef BERTH_TESTS_FUZZ_DOCKER_STAGE_H
#define BERTH_TESTS_FUZZ_DOCKER_STAGE_H

#include "locations/docker/docker.h"
#include "tests/support/virtual_channel.h"

/* Who answers: `line` is "GET /containers/json?..." without the version; the status, 0: no answer. */
struct docker_engine {
	int (*answer)(void *owner, const char *line, const struct http_request *request,
		      struct text *ret_body);
	/* What a stream's other end says, until it hangs up. */
	void (*streams)(void *owner, struct channel *channel);
	void *owner;
};

/* What came of one verb. */
struct docker_outcome {
	enum progress progress; /* PROGRESS_WAITING: nobody woke it in an hour */
	struct error error;
};

/* The verbs, NULL-terminated: "list", "place", ... */
extern const char *const docker_verbs[];

/* 0, or -1 when it could not be opened. */
int docker_stage_open(const struct docker_engine *engine, struct error *err);
struct docker_outcome docker_stage_run(size_t verb);
void docker_stage_close(void);

#endif
