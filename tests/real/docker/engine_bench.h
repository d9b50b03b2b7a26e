/* engine_bench.h - the driver on a real engine, for tests of what only that can show. */
#ifndef BERTH_TESTS_REAL_DOCKER_ENGINE_BENCH_H
#define BERTH_TESTS_REAL_DOCKER_ENGINE_BENCH_H

#include <criterion/criterion.h>

#include "base/cleanup.h"
#include "base/world_real.h"
#include "locations/location.h"

extern struct world *here;
extern struct location location;
extern struct errand errand;
extern struct error error;
extern struct arena arena;
extern const char *app; /* of this test alone */
extern const char *engine_target;
extern bool woken;

/* Opens the driver on the engine that BERTH_TEST_DOCKER names, and prepares `app`; skips without one. */
void set_up(const char *name);
void take_down(void); /* removes all of `app` */
void wake(struct errand *errand);
void until_woken(const char *what);
void wait_a_moment(void);

#define AWAIT(function, ...)                                                                                 \
	({                                                                                                   \
		enum progress progress_;                                                                     \
		cr_assert_null(errand.state);                                                                \
		errand = (struct errand){.wake = wake};                                                      \
		error = (struct error){0};                                                                   \
		for (woken = false; (progress_ = docker_driver.function(&location, &errand, __VA_ARGS__,     \
									&error)) == PROGRESS_WAITING;        \
		     woken = false)                                                                          \
			until_woken(#function);                                                              \
		progress_;                                                                                   \
	})
#define MUST(function, ...)                                                                                  \
	cr_assert(AWAIT(function, __VA_ARGS__) == PROGRESS_DONE, "%s: %s", #function, error.text)
#define MUST_FAIL(wanted, function, ...)                                                                     \
	do {                                                                                                 \
		cr_assert(AWAIT(function, __VA_ARGS__) == PROGRESS_FAILED, "%s did not fail", #function);    \
		cr_assert(error.code == (wanted), "%s: %s: %s", #function, code_name(error.code),            \
			  error.text);                                                                       \
	} while (0)

/* The first instance of a component, in the arena; `script` for /bin/sh -c, NULL: the image's own command. */
struct instance_spec *wish(const char *component, const char *image, const char *script);
/* Its second generation. */
struct instance_spec *successor(const struct instance_spec *spec);
void run(const struct instance_spec *spec); /* place and start */
struct observed look(const struct instance_spec *spec);
bool held_as_listed(const struct instance_spec *spec);
const struct health_check *command(const char *line);
/* What the docker program says to these words, in the arena; fails the test when it fails. */
const char *docker_says(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The exit code of the docker program, its output unseen. */
int docker_does(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
