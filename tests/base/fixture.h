/* fixture.h - what the tests of the base floor share: a world, waiting with a deadline, a folder of their
 * own. */
#ifndef BERTH_TESTS_BASE_FIXTURE_H
#define BERTH_TESTS_BASE_FIXTURE_H

#include <criterion/criterion.h>

#include "base/world_real.h"

#define SOON_MS 10000 /* longer than anything here takes on a busy machine */

static inline void close_world(struct world **world)
{
	world_real_close(*world);
}

/* owned_world world = fixture_world(); */
#define owned_world __attribute__((cleanup(close_world), unused)) struct world *

struct world *fixture_world(void);
/* Turn the loop until the flag is set; false when the time is over. */
bool wait_for(struct world *world, const bool *flag, int64_t deadline_ms);
/* Turn the loop for about so long. */
void let_pass(struct world *world, int milliseconds);
/* Sets the bool it is given. */
void set_flag(void *flag);

/* A new folder, removed with all it holds when the test's block ends. */
struct folder {
	char path[200];
};
struct folder fixture_folder(void);
void remove_folder(struct folder *folder);
#define owned_folder __attribute__((cleanup(remove_folder), unused)) struct folder
/* The path of a name in it; valid until the eighth call from here. */
const char *in_folder(const struct folder *folder, const char *name);

/* How many descriptors this process has open. */
int open_descriptors(void);

#endif
