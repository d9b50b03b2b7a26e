/* docker_subject.h - hooks of the conformance suite over the Docker driver, whatever answers as the engine.
 */
#ifndef BERTH_TESTS_CONFORMANCE_DOCKER_SUBJECT_H
#define BERTH_TESTS_CONFORMANCE_DOCKER_SUBJECT_H

#include "tests/conformance/conformance.h"

/* Where they act; set before the first of them is called. */
extern struct docker_ground {
	struct world *world;
	const char *target; /* "unix:///run/docker.sock" */
} docker_ground;

int docker_open(struct subject *subject, struct location *ret, const char *more, struct error *err);
void docker_release(void);

/* The request whose answer is to be lost: its method, and what is in its path. */
struct docker_lost {
	const char *method, *part;
};
extern const struct docker_lost docker_lost[];
extern const struct unfit docker_unfits[];

#endif
