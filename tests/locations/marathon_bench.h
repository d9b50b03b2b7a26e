/* marathon_bench.h - a Marathon that a test scripts at the HTTP seam, for tests of its driver in virtual
 * time. */
#ifndef BERTH_TESTS_LOCATIONS_MARATHON_BENCH_H
#define BERTH_TESTS_LOCATIONS_MARATHON_BENCH_H

#include <criterion/criterion.h>

#include "base/cleanup.h"
#include "locations/location.h"
#include "tests/support/virtual_world.h"

/* The first line that a request fits (method and the beginning of the address) answers it, so often; 0:
 * always. Status 0: nobody is there; -1: the answer is lost after its effect. */
struct line {
	const char *method, *url;
	long status;
	const char *headers, *body;
	unsigned times;
};

extern struct marathon_stand {
	struct line script[24];
	struct text asked; /* "GET http://a:8080/v2/info\n" and the headers that matter */
	struct text sent;  /* the bodies */
	unsigned unsized;  /* requests other than GET that have none, not even an empty one */
	struct world *world;
	struct location location;
	struct location_spec spec;
	json_t *options;
	struct error err;
	struct errand errand;
	bool woken;
	const char *variables[6]; /* names, each before its value */
} stand;

void play(const struct line *lines, size_t count);
#define PLAY(...)                                                                                            \
	play((const struct line[]){__VA_ARGS__},                                                             \
	     sizeof((const struct line[]){__VA_ARGS__}) / sizeof(struct line))
int open_at(const struct location_driver *driver, const char *target, const char *more);
void close_all(void);
void until_woken(void);
/* How often that was asked: "PUT http://a:8080/v2/apps?". */
size_t requests(const char *line);
/* Three tasks of shop.web.1, an image with ports, a command and limits. In static memory. */
const struct instance_spec *web(void);

/* Goes on until the call is over. */
#define AWAIT_MARATHON(function, ...)                                                                        \
	({                                                                                                   \
		enum progress progress_;                                                                     \
		stand.errand = (struct errand){.wake = wake_bench};                                          \
		while ((progress_ = stand.location.driver->function(                                         \
			    &stand.location, &stand.errand, __VA_ARGS__, &stand.err)) == PROGRESS_WAITING)   \
			until_woken();                                                                       \
		progress_;                                                                                   \
	})
void wake_bench(struct errand *of);
enum progress connect_it(struct location_facts *facts);

#endif
