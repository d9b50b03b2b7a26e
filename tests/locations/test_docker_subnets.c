/* test_docker_subnets.c - subnets of the pool, and frames of a container's output. */
#include <string.h>

#include "tests/locations/docker_bench.h"

static const struct docker small = {.pool = {0x0ad50000, 22}, .subnet_prefix = 24};

static json_t *network_on(const char *subnet)
{
	return json_pack("[{s:{s:[{s:s}]}}]", "IPAM", "Config", "Subnet", subnet);
}

Test(docker_subnets, parse_takes_networks_only)
{
	struct subnet subnet;
	char text[32];

	cr_assert(subnet_parse("10.213.7.9/23", &subnet));
	subnet_format(subnet, text);
	cr_assert_str_eq(text, "10.213.6.0/23");
	cr_assert_not(subnet_parse("10.213.0.0", &subnet));
	cr_assert_not(subnet_parse("10.213.0.0/33", &subnet));
	cr_assert_not(subnet_parse("fd00::/64", &subnet));
	cr_assert_not(subnet_parse("", &subnet));
}

Test(docker_subnets, overlap_goes_by_the_shorter_prefix)
{
	cr_assert(subnets_overlap((struct subnet){0x0a000000, 8}, (struct subnet){0x0ad50000, 24}));
	cr_assert(subnets_overlap((struct subnet){0x0ad50000, 24}, (struct subnet){0, 0}));
	cr_assert_not(subnets_overlap((struct subnet){0x0ad50000, 24}, (struct subnet){0x0ad50100, 24}));
}

Test(docker_subnets, same_application_begins_at_the_same_place)
{
	struct subnet first, second;

	cr_assert(subnet_pick(&small, "app", 24, NULL, NULL, &first));
	cr_assert(subnet_pick(&small, "app", 24, NULL, NULL, &second));
	cr_assert(first.network == second.network && first.prefix == 24);
}

Test(docker_subnets, all_of_the_pool_are_found_then_none)
{
	owned_json taken = json_array();
	struct subnet subnet;
	char text[32];

	for (int i = 0; i < 4; i++) {
		cr_assert(subnet_pick(&small, "app", 24, NULL, taken, &subnet), "only %d", i);
		cr_assert(subnets_overlap(subnet, small.pool));
		subnet_format(subnet, text);
		json_array_append_new(taken, json_string(text));
	}
	cr_assert_not(subnet_pick(&small, "app", 24, NULL, taken, &subnet));
}

Test(docker_subnets, existing_networks_are_avoided)
{
	owned_json all = network_on("10.0.0.0/8");
	owned_json half = network_on("10.213.0.0/23");
	struct subnet subnet;

	cr_assert_not(subnet_pick(&small, "app", 24, all, NULL, &subnet));
	cr_assert(subnet_pick(&small, "app", 24, half, NULL, &subnet));
	cr_assert(subnet.network >= 0x0ad50200);
	cr_assert_not(subnet_pick(&small, "app", 21, NULL, NULL, &subnet), "larger than the pool");
}

struct heard {
	struct text streams[2];
};

static void hear(void *owner, bool errors, const char *bytes, size_t count)
{
	struct heard *heard = owner;

	text_add_bytes(&heard->streams[errors], bytes, count);
}

static const char framed[] = "\1\0\0\0\0\0\0\3one"
			     "\2\0\0\0\0\0\0\5wrong"
			     "\1\0\0\0\0\0\0\0"
			     "\1\0\0\0\0\0\0\4\ntwo";

Test(docker_frames, taken_apart_at_every_border)
{
	for (size_t part = 1; part < sizeof(framed); part++) {
		struct frames frames = {0};
		struct heard heard = {0};
		for (size_t at = 0; at < sizeof(framed) - 1; at += part) {
			size_t left = sizeof(framed) - 1 - at;
			frames_feed(&frames, framed + at, left < part ? left : part, hear, &heard);
		}
		cr_assert_str_eq(text_view(&heard.streams[0]), "one\ntwo");
		cr_assert_str_eq(text_view(&heard.streams[1]), "wrong");
		text_release(&heard.streams[0]);
		text_release(&heard.streams[1]);
	}
}

Test(docker_frames, terminal_has_none)
{
	struct frames frames = {.raw = true};
	struct heard heard = {0};

	frames_feed(&frames, "plain", 5, hear, &heard);
	cr_assert_str_eq(text_view(&heard.streams[0]), "plain");
	text_release(&heard.streams[0]);
}
