/* test_openstack_doors.c - whom a security group lets in is told by its description, so that rules that
 * somebody deleted are missed, told and brought back by whoever looks. */
#include <string.h>

#include "locations/openstack/network.h"
#include "tests/locations/cloud_shop.h"

static void begin(void)
{
	shop_begin("{\"network\":\"public\",\"minRam\":64}");
}

TestSuite(openstack_doors, .init = begin, .fini = shop_close, .timeout = 120);

#define CONSUMER "192.0.2.7"
#define SERVER   "berth.shop.redis.1"

static bool is_let_in(void)
{
	return openstack_cloud_lets_in(cloud, CONSUMER, SERVER, 6379);
}

static const json_t *group_of_redis(json_t *groups)
{
	size_t i;
	json_t *group;

	json_array_foreach (groups, i, group)
		if (!strcmp(json_text(group, "name"), "berth.shop.redis"))
			return group;
	return NULL;
}

static void somebody_deletes_its_rules(void)
{
	owned_json groups = openstack_cloud_list(cloud, "security_groups");
	size_t i;
	json_t *rule;

	json_array_foreach (json_object_get(group_of_redis(groups), "security_group_rules"), i, rule)
		if (!strcmp(json_text(rule, "direction"), "ingress"))
			openstack_cloud_ask(
			    cloud, CLOUD_NEUTRON, "DELETE",
			    arena_format(&shop_arena, "/v2.0/security-group-rules/%s", json_text(rule, "id")),
			    NULL, NULL);
	cr_assert_not(is_let_in());
}

static void placed(void)
{
	struct instance_spec spec = shop_spec("shop.redis.1");

	shop_prepare();
	shop_place(&spec);
	cr_assert(is_let_in());
	cr_expect_not(shop_listed(1)->cut_off);
}

Test(openstack_doors, one_whose_rule_somebody_deleted_is_told_as_cut_off_and_let_in_to_again)
{
	const struct instance_spec spec = shop_spec("shop.redis.1");
	struct observed looked = {0};

	placed();
	somebody_deletes_its_rules();
	const struct observed *seen = shop_listed(1);
	cr_expect_eq(seen->state, SEEN_RUNNING);
	cr_expect(seen->cut_off);
	cr_expect_str_eq(seen->error, "a rule of its security group `berth.shop.redis` is gone");
	MUST(look(&cloud_here, &errand, "shop", "shop.redis.1", &shop_arena, &looked, &cloud_error));
	cr_expect(looked.cut_off);
	MUST(admit(&cloud_here, &errand, &spec, &cloud_error));
	cr_expect(is_let_in());
	cr_expect_not(shop_listed(1)->cut_off);
	shop_leave();
}

Test(openstack_doors, who_is_as_it_should_be_is_admitted_without_a_question)
{
	const struct instance_spec spec = shop_spec("shop.redis.1");

	placed();
	text_clear(&cloud_asked);
	MUST(admit(&cloud_here, &errand, &spec, &cloud_error));
	cr_expect_str_eq(text_view(&cloud_asked), "");
	shop_leave();
}

Test(openstack_doors, whoever_lists_instances_alone_sees_it_and_lists_them_without_neutron_too)
{
	const struct list_request request = {.app = "shop", .instances_only = true};

	placed();
	somebody_deletes_its_rules();
	inventory_release(&shop_inventory);
	MUST(list(&cloud_here, &errand, &request, &shop_inventory, &cloud_error));
	cr_assert_eq(shop_inventory.instance_count, 1);
	cr_expect(shop_inventory.instances[0].cut_off);
	cr_expect_eq(shop_inventory.claim_count, 0);
	openstack_cloud_stop(cloud, CLOUD_NEUTRON, true);
	inventory_release(&shop_inventory);
	MUST(list(&cloud_here, &errand, &request, &shop_inventory, &cloud_error));
	cr_assert_eq(shop_inventory.instance_count, 1);
	cr_expect_eq(shop_inventory.instances[0].state, SEEN_RUNNING);
	openstack_cloud_stop(cloud, CLOUD_NEUTRON, false);
	shop_leave();
}

/* --- what a description tells ----------------------------------------------------------------------------
 */

static struct openstack_group group_that_tells(const char *description)
{
	return (struct openstack_group){.id = "1", .name = "berth.shop.db", .description = description};
}

static int tells(const char *description, struct openings *ret)
{
	const struct openstack_group group = group_that_tells(description);

	return openstack_doors_told(&shop_arena, "shop", &group, 1, ret);
}

Test(openstack_doors, what_is_told_is_read_again)
{
	static const char *const components[] = {"db", "web"};
	static const struct opening items[] = {
	    {.component = "db", .port = 6379, .from = "web", .consumer = "web"},
	    {.component = "web", .port = 80},
	    {.component = "db", .port = 53, .protocol = UDP, .address = "10.1.2.3", .consumer = "far"},
	    {.component = "db", .port = 53, .protocol = UDP, .address = "10.1.2.3", .consumer = "farther"},
	    {.component = "db", .port = 53, .protocol = UDP, .address = "fd00::7", .consumer = "far"},
	};
	const struct openings openings = {components, 2, items, COUNT_OF(items)};
	struct openings read;
	const char *text = openstack_doors_text(&shop_arena, &openings, "db");

	cr_assert_str_eq(text, "berth: 6379/tcp from web, 53/udp from 10.1.2.3, 53/udp from fd00::7");
	cr_assert_eq(tells(text, &read), 1);
	cr_assert_eq(read.count, 3);
	cr_expect_str_eq(read.items[0].from, "web");
	cr_expect_eq(read.items[1].protocol, UDP);
	cr_expect_str_eq(read.items[2].address, "fd00::7");
	cr_expect_str_eq(openstack_doors_text(&shop_arena, &openings, "web"), "berth: 80/tcp from *");
	cr_assert_eq(tells("berth: nobody", &read), 1);
	cr_expect_eq(read.count, 0);
	cr_expect_eq(read.component_count, 1);
}

Test(openstack_doors, what_does_not_tell_is_not_taken_for_nobody)
{
	static const char *const silent[] = {"berth",
					     "berth: ",
					     "berth: 0/tcp from web",
					     "berth: 65536/tcp from web",
					     "berth: 80/sctp from web",
					     "berth: 80/tcp from ",
					     "berth: 80/tcp from *,81/tcp from *",
					     "berth: 80/tcp from *, "};
	static const char *const components[] = {"db"};
	struct opening items[30];
	struct openings read;

	for (size_t i = 0; i < COUNT_OF(silent); i++)
		cr_expect_eq(tells(silent[i], &read), 0, "%s", silent[i]);
	for (size_t i = 0; i < COUNT_OF(items); i++)
		items[i] = (struct opening){.component = "db", .port = (uint16_t)(10000 + i)};
	const struct openings many = {components, 1, items, COUNT_OF(items)};
	cr_expect_str_eq(openstack_doors_text(&shop_arena, &many, "db"), "berth",
			 "Neutron takes 255 characters");
}
