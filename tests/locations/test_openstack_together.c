/* test_openstack_together.c - servers that are made at one time are looked at by one listing, and each is
 * made once all the same. */
#include <stdio.h>
#include <string.h>

#include "tests/locations/cloud_shop.h"

enum { TEN = 10 };

static struct instance_spec *all[TEN];
static char names[TEN][32];

static void begin(void)
{
	cloud_bench_begin();
	cr_assert_eq(cloud_open("{\"network\":\"public\",\"minRam\":64}"), 0, "%s", cloud_error.text);
	for (size_t i = 0; i < TEN; i++) {
		snprintf(names[i], sizeof(names[i]), "shop.redis.%zu", i + 1);
		all[i] = arena_array(&shop_arena, struct instance_spec, 1);
		cr_assert(all[i]);
		*all[i] = shop_spec(names[i]);
		all[i]->ordinal = (unsigned)i + 1;
	}
	openstack_cloud_quota(cloud, "instances", 100);
	openstack_cloud_quota(cloud, "cores", 100);
	shop_prepare();
	text_clear(&cloud_asked);
}

static void end(void)
{
	shop_end();
	cloud_bench_end();
}

TestSuite(openstack_together, .init = begin, .fini = end, .timeout = 120);

static void are_there_once_and_leave(size_t count)
{
	cr_expect_eq(shop_servers(), count);
	shop_listed(count);
	for (size_t i = 1; i < count; i++)
		MUST(remove(&cloud_here, &errand, "shop", names[i], &cloud_error));
	shop_leave_at_once();
}

Test(openstack_together, ten_are_looked_at_by_one_listing)
{
	shop_place_all(all, TEN);
	size_t looks = cloud_count("GET http://10.0.3.1:8774/v2.1/servers/");
	cr_expect_lt(looks, 2 * TEN, "%zu\n%s", looks, text_view(&cloud_asked));
	are_there_once_and_leave(TEN);
}

Test(openstack_together, an_answer_that_is_lost_makes_no_second_one)
{
	cloud_lose("POST", "/v2.1/servers", true);
	shop_place_all(all, 4);
	are_there_once_and_leave(4);
}

/* Each is looked for by itself then. */
Test(openstack_together, what_is_not_listed_yet_is_made_once)
{
	openstack_cloud_lag(cloud, 5000);
	shop_place_all(all, 4);
	openstack_cloud_lag(cloud, 0);
	cloud_pass(10000);
	are_there_once_and_leave(4);
}

/* Whoever asks for all is gone: another one does. */
Test(openstack_together, who_lists_for_all_may_go)
{
	struct errand first = {.wake = cloud_wake}, second = {.wake = cloud_wake};
	enum progress progress;

	while (!cloud_count("detail?name=%5Eberth%5C.shop%5C.")) {
		cr_assert_eq(cloud_here.driver->place(&cloud_here, &first, all[0], &shop_note, &cloud_error),
			     PROGRESS_WAITING);
		cr_assert_eq(cloud_here.driver->place(&cloud_here, &second, all[1], &shop_note, &cloud_error),
			     PROGRESS_WAITING);
		cloud_wait();
	}
	cloud_here.driver->drop(&cloud_here, &first);
	while ((progress = cloud_here.driver->place(&cloud_here, &second, all[1], &shop_note,
						    &cloud_error)) == PROGRESS_WAITING)
		cloud_wait();
	cr_assert_eq(progress, PROGRESS_DONE, "%s", cloud_error.text);
	MUST(place(&cloud_here, &errand, all[0], &shop_note, &cloud_error));
	are_there_once_and_leave(2);
}
