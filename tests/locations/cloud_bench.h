/* cloud_bench.h - the OpenStack driver on a simulated machine beside a simulated OpenStack: answers that are
 * lost, a program that dies, what is left there. */
#ifndef BERTH_TESTS_LOCATIONS_CLOUD_BENCH_H
#define BERTH_TESTS_LOCATIONS_CLOUD_BENCH_H

#include <criterion/criterion.h>

#include "base/cleanup.h"
#include "locations/location.h"
#include "simulation/openstack/cloud.h"

extern struct openstack_cloud *cloud;
extern struct location cloud_here;
extern struct error cloud_error;
extern struct text cloud_asked; /* "POST http://10.0.3.1:8774/v2.1/servers\n", of SSH what it is for */
extern struct text cloud_said;  /* what the location said to people */

/* In which the variables of OpenStack are those of user `demo`. */
const char *cloud_environment(const char *name);
void cloud_bench_begin(void);
void cloud_bench_end(void);
/* Open the location as user `demo`, with those options (JSON, or NULL). 0 or -1. */
int cloud_open(const char *options);

/* Goes on with a function of the driver until it is over; for a program that has died it fails or is
 *PROGRESS_WAITING: CLOUD_RUN(place(&cloud_here, &errand, &spec, &note, &cloud_error)) */
#define CLOUD_RUN(call)                                                                                      \
	({                                                                                                   \
		struct errand errand = {.wake = cloud_wake};                                                 \
		enum progress progress_;                                                                     \
		while ((progress_ = cloud_here.driver->call) == PROGRESS_WAITING && !cloud_is_dead())        \
			cloud_wait();                                                                        \
		progress_;                                                                                   \
	})
void cloud_wake(struct errand *errand);
/* Until it is woken. Nobody waking it for a day fails the test. */
void cloud_wait(void);
/* What happens in so long happens. */
void cloud_pass(int64_t ms);

/* The next request of that method, whose address or body of SSH has that part, gets no answer: it is cut off
 * before it arrives, or after it had its effect. */
void cloud_lose(const char *method, const char *part, bool effect);
/* The request of that number from now (1: the next) has that fate. */
void cloud_fate(size_t number, const struct fate *fate);
/* In front of the next such request, once it is on its way, somebody does that. */
void cloud_before(const char *method, const char *part, void (*does)(void));
/* The next such request is held up: who asks hears that its connection broke, and it arrives when that is
 * said, from which its status comes. */
void cloud_hold(const char *method, const char *part);
int cloud_held_arrives(void);
/* Whoever is on the way to servers that are reached through somebody is away, or there again. */
void cloud_way(bool is_there);
size_t cloud_count(const char *part); /* of the lines of cloud_asked */

/* The program dies in front of its call of that number from now (1: the next). */
void cloud_die_at(uint64_t calls);
bool cloud_is_dead(void);
/* Another program begins in its place, with the files that the last one left. It is to open the location. */
void cloud_begin_anew(void);

/* What there is beside the project's first state, one a line: "server berth.shop.web.1", "port X",
 * "keypair X", "security_group X", "floatingip 10.88.0.100", "server_group X", "volume ID". "": nothing. */
const char *cloud_left(void);

#endif
