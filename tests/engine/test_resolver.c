/* test_resolver.c - the resolver takes the cheapest way that exists, or says that there is none. */
#include <criterion/criterion.h>

#include "engine/resolver.h"

static const struct attached_port redis_inside[] = {{6379, 6379, TCP, NULL, NULL}};
static const struct attached_port redis_outside[] = {{6379, 20431, TCP, NULL, NULL}};
static const struct attached_port not_picked[] = {{6379, 0, TCP, NULL, NULL}};

static const struct attachment consumer_inside = {.network = "docker:a/app"};
static const struct attachment consumer_outside = {.network = "host:m"};

Test(resolver, one_network_goes_by_name_with_the_providers_own_number)
{
	const struct attachment provider[] = {
	    {"docker:a/app", "app.redis", NULL, redis_inside, 1},
	    {"", NULL, "192.0.2.2", redis_outside, 1},
	};
	struct way way = way_between(&consumer_inside, 1, provider, 2, 6379, TCP);
	cr_assert_eq(way.path, PATH_NETWORK);
	cr_assert_str_eq(way.name, "app.redis");
	cr_assert_null(way.address, "the address is known after deploy");
	cr_assert_eq(way.number, 6379);
}

Test(resolver, a_shared_network_wins_also_when_it_is_listed_last)
{
	const struct attachment provider[] = {
	    {"", NULL, "192.0.2.2", redis_outside, 1},
	    {"docker:a/app", "app.redis", "172.18.0.2", redis_inside, 1},
	};
	cr_assert_eq(way_between(&consumer_inside, 1, provider, 2, 6379, TCP).path, PATH_NETWORK);
}

Test(resolver, from_another_network_it_takes_the_published_port)
{
	const struct attachment provider[] = {
	    {"docker:a/app", "app.redis", "172.18.0.2", redis_inside, 1},
	    {"", NULL, "192.0.2.2", redis_outside, 1},
	};
	struct way way = way_between(&consumer_outside, 1, provider, 2, 6379, TCP);
	cr_assert_eq(way.path, PATH_PUBLISHED);
	cr_assert_str_eq(way.address, "192.0.2.2");
	cr_assert_eq(way.number, 20431);
}

Test(resolver, without_a_publication_there_is_no_way)
{
	const struct attachment provider = {"docker:a/app", "app.redis", "172.18.0.2", redis_inside, 1};
	cr_assert_eq(way_between(&consumer_outside, 1, &provider, 1, 6379, TCP).path, PATH_NONE);
}

Test(resolver, the_protocol_is_part_of_the_port)
{
	const struct attachment provider = {"", NULL, "192.0.2.2", redis_outside, 1};
	cr_assert_eq(way_between(&consumer_outside, 1, &provider, 1, 6379, UDP).path, PATH_NONE);
	cr_assert_eq(way_between(&consumer_outside, 1, &provider, 1, 6380, TCP).path, PATH_NONE);
}

Test(resolver, a_number_not_picked_yet_is_unknown_not_wrong)
{
	const struct attachment provider = {"", NULL, "192.0.2.2", not_picked, 1};
	struct way way = way_between(&consumer_outside, 1, &provider, 1, 6379, TCP);
	cr_assert_eq(way.path, PATH_PUBLISHED);
	cr_assert_eq(way.number, 0);
}

Test(resolver, a_provider_without_ports_is_found_by_its_network_alone)
{
	const struct attachment provider = {"docker:a/app", "app.worker", NULL, NULL, 0};
	struct way way = way_between(&consumer_inside, 1, &provider, 1, 0, TCP);
	cr_assert_eq(way.path, PATH_NETWORK);
	cr_assert_str_eq(way.name, "app.worker");
}

Test(resolver, routable_addresses_are_no_common_network)
{
	const struct attachment a = {.network = ""}, b = {.network = ""};
	cr_assert_not(share_network(&a, 1, &b, 1));
	cr_assert(share_network(&consumer_inside, 1, &consumer_inside, 1));
}
