/* cloud_shop.h - the application `shop` for tests of the OpenStack driver: the life of its instance
 * "shop.redis.1" on a simulated OpenStack. */
#ifndef BERTH_TESTS_LOCATIONS_CLOUD_SHOP_H
#define BERTH_TESTS_LOCATIONS_CLOUD_SHOP_H

#include "tests/locations/cloud_bench.h"

extern struct arena shop_arena;
extern struct inventory shop_inventory; /* as it was listed last */
extern const char *shop_note;
extern const struct openings shop_openings; /* 6379 of redis, for 192.0.2.7 */
extern const struct owner shop_owner;       /* "me" */

#define MUST(call) cr_assert_eq(CLOUD_RUN(call), PROGRESS_DONE, "%s: %s", #call, cloud_error.text)

/* Of a suite: the cloud, and the location with these options; and all of it goes. */
void shop_begin(const char *options);
void shop_close(void);
/* What it has beside the cloud. */
void shop_end(void);
/* The location is opened anew. */
void shop_open(const char *options);
struct instance_spec shop_spec(const char *name);
/* Lease, claim, and what is needed once. */
void shop_prepare(void);
/* Until it runs. */
void shop_place(const struct instance_spec *spec);
/* Those (ten at most), all at one time, until each is there. */
void shop_place_all(struct instance_spec *const *specs, size_t count);
/* All of that, for whom it may fail. */
enum progress shop_life(const struct instance_spec *spec);
/* "shop.redis.1" goes, after it was stopped or not, and nothing is left. */
void shop_leave(void);
void shop_leave_at_once(void);
/* The instances, of which there are so many. */
const struct observed *shop_listed(size_t count);
size_t shop_servers(void);           /* that there are, of whomever */
size_t shop_count(const char *kind); /* of "servers", "floatingips", ... */
int64_t shop_now(void);
/* For openstack_cloud_behave(): no server comes about. */
void shop_in_vain(void *owner, const json_t *server, struct openstack_manner *ret);
/* Before each of its calls; whoever comes after it finds all that it made. */
void shop_dies_everywhere(const char *options);

#endif
