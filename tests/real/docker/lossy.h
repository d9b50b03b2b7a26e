/* lossy.h - puts itself before a real world's HTTP: nobody answers, answers are lost, streams break or say
 * things twice. */
#ifndef BERTH_TESTS_REAL_DOCKER_LOSSY_H
#define BERTH_TESTS_REAL_DOCKER_LOSSY_H

#include "base/world.h"

void lossy_install(struct world *world);
void lossy_remove(void);
/* Without reach new requests find nobody, and the streams that are open break. */
void lossy_reach(bool reachable);
/* The next request of that method whose URL has that part reaches the other side; its answer is lost. */
void lossy_lose(const char *method, const char *part);
/* The stream of events brings its last piece once more; false when there was none. */
bool lossy_repeat(void);

#endif
