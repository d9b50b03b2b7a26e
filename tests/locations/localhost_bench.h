/* localhost_bench.h - a localhost location of a test's own, on the real world, with its own state directory.
 */
#ifndef BERTH_TESTS_LOCATIONS_LOCALHOST_BENCH_H
#define BERTH_TESTS_LOCATIONS_LOCALHOST_BENCH_H

#include "base/world_real.h"
#include "locations/location.h"

struct bench {
	char directory[256], app[40];
	struct world *world;
	struct location_spec spec;
	struct location location;
	struct errand errand;
	bool woken, open;
	struct error error;
	struct arena arena; /* of what was listed and looked at */
	json_t *options;
};

extern struct bench bench;

void bench_set_up(void);    /* a directory, a world, a location with a grace of 300 ms */
void bench_tear_down(void); /* ends and removes whatever of the test's application is left */
void bench_close(void);     /* as if the program ended */
void bench_open(void);      /* as if it began again */

/* Call until it is no longer waiting; a test that waits too long fails. */
void bench_wait(void);
#define DRIVE(call)                                                                                          \
	({                                                                                                   \
		enum progress progress_;                                                                     \
		bench.error = (struct error){0};                                                             \
		while ((progress_ = (call)) == PROGRESS_WAITING)                                             \
			bench_wait();                                                                        \
		progress_;                                                                                   \
	})
/* Let the world go on until the condition holds, at most a minute. */
#define EVENTUALLY(condition)                                                                                \
	({                                                                                                   \
		int64_t until_ = bench.world->ops->now(bench.world) + 60000;                                 \
		bool held_;                                                                                  \
		while (!(held_ = (condition)) && bench.world->ops->now(bench.world) < until_)                \
			world_wait(bench.world, 10);                                                         \
		held_;                                                                                       \
	})

/* A shell command as component `component`, instance 1; in the bench's arena. */
struct instance_spec *bench_spec(const char *component, const char *shell);
enum progress bench_place(const struct instance_spec *spec);
enum progress bench_start(const struct instance_spec *spec);
enum progress bench_stop(const struct instance_spec *spec);
enum progress bench_remove(const struct instance_spec *spec);
/* Place and start, or fail the test. */
void bench_run(const struct instance_spec *spec);
/* The same as that generation of it; of one that lives, as the engine names it when it knows no more. */
struct instance_spec *bench_generation(const struct instance_spec *spec, unsigned generation);
struct instance_spec *bench_named(const struct instance_spec *spec);
enum progress bench_rename(const struct instance_spec *from, const struct instance_spec *to);
/* What is listed under its name, or NULL; and what a look says (bench.error when not there). */
const struct observed *bench_listed(const struct instance_spec *spec);
const struct observed *bench_look(const struct instance_spec *spec);
/* <run directory>/FILE, its content ("" when there is none), and a number in it (0). */
char *bench_path(const struct instance_spec *spec, const char *file);
const char *bench_read(const char *path);
long bench_number(const char *path);
/* How many processes hold this in their environment ("NAME=value"). */
unsigned bench_count(const char *entry);
pid_t bench_helper(const struct observed *seen); /* from its target_id */
const char *bench_incarnation(const struct instance_spec *spec);
pid_t bench_command(const struct instance_spec *spec); /* its main process */
bool bench_alive(pid_t pid);                           /* a zombie is not */

/* Run that in a program of its own that is killed before its n-th step outside (a file written or removed, a
 * process started or signalled). False when it came to its end. */
bool bench_killed_at(unsigned step, void (*act)(const struct instance_spec *spec),
		     const struct instance_spec *spec);

#endif
