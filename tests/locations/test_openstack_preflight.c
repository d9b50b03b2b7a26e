/* test_openstack_preflight.c - whether a server can be made is told before anything is: of what is not there
 * everything, and what is nearest to it. */
#include <string.h>

#include "tests/locations/cloud_shop.h"

static json_t *lacks;

static void begin(void)
{
	cloud_bench_begin();
	lacks = json_array();
}

static void end(void)
{
	json_decref(lacks);
	shop_close();
}

TestSuite(openstack_preflight, .init = begin, .fini = end, .timeout = 120);

/* All that lacks, a line each. */
static const char *told(const char *options)
{
	static struct text lines;
	const struct instance_spec spec = shop_spec("shop.redis.1");

	shop_open(options);
	json_array_clear(lacks);
	text_clear(&lines);
	MUST(preflight(&cloud_here, &errand, &spec, lacks, &cloud_error));
	for (size_t i = 0; i < json_array_size(lacks); i++)
		text_format(&lines, "%s\n", json_string_value(json_array_get(lacks, i)));
	return text_view(&lines);
}

Test(openstack_preflight, all_that_is_not_there_is_told_at_once)
{
	cr_expect_str_eq(
	    told(
		"{\"image\":\"debian-13\",\"flavor\":\"m1.smal\",\"network\":\"publik\",\"keyPair\":\"mine\","
		"\"availabilityZone\":\"az9\",\"securityGroups\":[\"default\",\"web\"],"
		"\"serverGroup\":\"apart\",\"user\":\"me\"}"),
	    "there is no image `debian-13`; there are `debian-12`, `debian-tiny`\n"
	    "there is no flavor `m1.smal`; there are `m1.small` (2 vCPU, 512 MiB, 1 GiB), `m1.nano` (1 vCPU, "
	    "192 MiB, 1 GiB), `m1.tiny` (1 vCPU, 256 MiB, 1 GiB), `m1.huge` (1 vCPU, 49000 MiB, 1 GiB)\n"
	    "there is no network `publik`; there are `public`, `private`\n"
	    "there is no key pair `mine`; there is none at all\n"
	    "there is no availability zone `az9`; there are `nova`\n"
	    "there is no security group `web`; there are `default`\n"
	    "there is no server group `apart`; there is none at all\n");
	cr_expect_eq(shop_servers(), 0);
	cr_expect_str_eq(cloud_left(), "");
}

Test(openstack_preflight, what_is_chosen_then_is_not_asked_for_again_when_it_is_made)
{
	struct instance_spec spec = shop_spec("shop.redis.1");

	cr_expect_str_eq(told("{\"network\":\"public\",\"minRam\":64}"), "");
	cr_expect_eq(cloud_count("GET "), 4, "Nova's version, flavors, images, networks: %s",
		     text_view(&cloud_asked));
	text_clear(&cloud_asked);
	MUST(preflight(&cloud_here, &errand, &spec, lacks, &cloud_error));
	cr_expect_eq(cloud_count("http"), 0, "%s", text_view(&cloud_asked));
	shop_prepare();
	shop_place(&spec);
	cr_expect_eq(cloud_count("/flavors/detail"), 0);
	shop_leave();
}

Test(openstack_preflight, what_is_there_by_name_or_id_lacks_nothing)
{
	cr_expect_str_eq(told("{\"network\":\"public\",\"minRam\":64,\"availabilityZone\":\"nova:host1\","
			      "\"securityGroups\":\"default\",\"serverGroup\":\"anti-affinity\"}"),
			 "");
}

/* Not everybody may ask for everything; and nobody tells what is said to be away. */
Test(openstack_preflight, what_nobody_may_ask_lacks_nothing_and_who_is_away_is_no_lack)
{
	const struct fate forbidden = {.there_ms = 1, .back_ms = 1, .spoiling = SPOIL_STATUS, .status = 403};
	const struct instance_spec spec = shop_spec("shop.redis.1");

	cr_expect_str_eq(told("{\"network\":\"public\",\"minRam\":64}"), "");
	shop_open("{\"network\":\"public\",\"minRam\":64,\"keyPair\":\"mine\"}");
	cloud_fate(6, &forbidden); /* the login, Nova's version, three lists: then key pairs */
	MUST(preflight(&cloud_here, &errand, &spec, lacks, &cloud_error));
	cr_expect_eq(json_array_size(lacks), 0);
	shop_open("{\"network\":\"public\",\"minRam\":64}");
	openstack_cloud_stop(cloud, CLOUD_GLANCE, true);
	cr_expect_eq(CLOUD_RUN(preflight(&cloud_here, &errand, &spec, lacks, &cloud_error)), PROGRESS_FAILED);
	cr_expect_eq(cloud_error.code, ERR_UNREACHABLE);
	openstack_cloud_stop(cloud, CLOUD_GLANCE, false);
}
