/* test_openstack_cloud.c - the OpenStack driver beside a simulated cloud: it logs in, again when its token is
 * gone, and waits where it is told to. */
#include <string.h>

#include "tests/locations/cloud_bench.h"

static struct location_facts facts;

static void end(void)
{
	json_decref(facts.about);
	cloud_bench_end();
}

TestSuite(openstack_cloud, .init = cloud_bench_begin, .fini = end, .timeout = 60);

#define CHECKS()                                                                                             \
	cr_assert_eq(CLOUD_RUN(connect(&cloud_here, &errand, &facts, &cloud_error)), PROGRESS_DONE, "%s",    \
		     cloud_error.text)

Test(openstack_cloud, a_check_finds_what_there_is)
{
	cr_assert_eq(cloud_open(NULL), 0, "%s", cloud_error.text);
	CHECKS();
	cr_expect_str_eq(facts.version, "Keystone 3, Nova 2.1 to 2.93");
	cr_expect_eq(json_array_size(json_object_get(facts.about, "missing")), 0);
	cr_expect_eq(json_array_size(json_object_get(facts.about, "flavors")), 4);
	cr_expect_str_eq(cloud_left(), "");
}

Test(openstack_cloud, a_token_that_is_gone_is_replaced)
{
	cr_assert_eq(cloud_open(NULL), 0);
	CHECKS();
	openstack_cloud_revoke(cloud);
	text_clear(&cloud_asked);
	CHECKS();
	cr_expect_geq(cloud_count("POST http://10.0.3.1:5000/v3/auth/tokens"), 1);
}

Test(openstack_cloud, answers_that_are_lost_are_asked_for_again)
{
	cr_assert_eq(cloud_open(NULL), 0);
	cloud_lose("GET", "/flavors/detail", true);
	CHECKS();
	cr_expect_eq(cloud_count("/flavors/detail"), 2);
}

Test(openstack_cloud, services_that_are_busy_are_asked_again)
{
	cr_assert_eq(cloud_open(NULL), 0);
	openstack_cloud_refuse(cloud, CLOUD_NEUTRON, 503, 2);
	CHECKS();
}

Test(openstack_cloud, a_service_that_is_away_is_told)
{
	cr_assert_eq(cloud_open(NULL), 0);
	openstack_cloud_stop(cloud, CLOUD_GLANCE, true);
	cr_expect_eq(CLOUD_RUN(connect(&cloud_here, &errand, &facts, &cloud_error)), PROGRESS_FAILED);
	cr_expect_eq(cloud_error.code, ERR_UNREACHABLE);
	cr_expect(strstr(cloud_error.text, "10.0.3.1:9292"), "%s", cloud_error.text);
}

Test(openstack_cloud, whoever_begins_after_a_death_finds_the_same)
{
	cr_assert_eq(cloud_open(NULL), 0);
	cloud_die_at(3);
	cr_expect_neq(CLOUD_RUN(connect(&cloud_here, &errand, &facts, &cloud_error)), PROGRESS_DONE);
	cr_assert(cloud_is_dead());
	cloud_begin_anew();
	cr_assert_eq(cloud_open(NULL), 0);
	CHECKS();
}
