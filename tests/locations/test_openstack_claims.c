/* test_openstack_claims.c - whose an application is at an OpenStack, and what it has there as a whole: its
 * security groups and its key pair. */
#include <string.h>

#include "tests/locations/cloud_shop.h"

static void begin(void)
{
	shop_begin("{\"network\":\"public\",\"minRam\":64}");
}

TestSuite(openstack_claims, .init = begin, .fini = shop_close, .timeout = 120);

Test(openstack_claims, somebody_else_is_told_and_takes_it_over_only_when_asked)
{
	const struct owner other = {.id = "other", .words = "somebody else", .place = "there"};
	struct owner holder;

	shop_prepare();
	MUST(claim(&cloud_here, &errand, "shop", &other, false, &shop_arena, &holder, &cloud_error));
	cr_expect_str_eq(holder.id, "me");
	MUST(claim(&cloud_here, &errand, "shop", &other, true, &shop_arena, &holder, &cloud_error));
	cr_expect_str_eq(holder.id, "other");
	const struct lease lease = {.token = "u", .words = "w", .ttl_ms = 60000};
	struct lease lease_holder;
	MUST(lease(&cloud_here, &errand, "shop", &lease, &shop_arena, &lease_holder, &cloud_error));
	cr_expect_str_eq(lease_holder.token, "t");
	cloud_pass(61000);
	MUST(lease(&cloud_here, &errand, "shop", &lease, &shop_arena, &lease_holder, &cloud_error));
	cr_expect_str_eq(lease_holder.token, "u");
}

/* Who administers a cloud is told the groups of every project, and would take another one's claim for ours.
 */
Test(openstack_claims, security_groups_of_other_projects_are_not_asked_for)
{
	struct instance_spec spec = shop_spec("shop.redis.1");

	shop_prepare();
	shop_place(&spec);
	shop_listed(1);
	cr_expect_gt(cloud_count("/v2.0/security-groups?"), 2);
	cr_expect_eq(cloud_count("/v2.0/security-groups?"), cloud_count("/v2.0/security-groups?project_id="));
	shop_leave();
}

/* Whoever lists waits for one of them, and not for both. */
Test(openstack_claims, servers_and_groups_are_asked_for_at_one_time)
{
	const struct list_request request = {.app = "shop"};
	struct errand errand = {.wake = cloud_wake};

	shop_prepare();
	text_clear(&cloud_asked);
	cr_assert_eq(cloud_here.driver->list(&cloud_here, &errand, &request, &shop_inventory, &cloud_error),
		     PROGRESS_WAITING);
	cr_expect_eq(cloud_count("GET http://"), 2, "%s", text_view(&cloud_asked));
	cloud_here.driver->drop(&cloud_here, &errand);
}

/* Pairs are a user's, and he may have an application of that name in another project, too. */
Test(openstack_claims, the_key_pair_of_another_project_stays)
{
	struct instance_spec spec = shop_spec("shop.redis.1");
	static const char theirs[] =
	    "{\"keypair\":{\"name\":\"berth-shop-0123456789ab\",\"public_key\":\"ssh-ed25519 "
	    "AAAAC3NzaC1lZDI1NTE5AAAAIPcmEJmUUjMXHUZxlEDUHwnLLAlmuOIvMtdSV4XjRJcb\"}}";

	shop_prepare();
	shop_place(&spec);
	cr_assert_eq(openstack_cloud_ask(cloud, CLOUD_NOVA, "POST", "/v2.1/os-keypairs", theirs, NULL) / 100,
		     2);
	MUST(remove(&cloud_here, &errand, "shop", "shop.redis.1", &cloud_error));
	MUST(release(&cloud_here, &errand, "shop", false, &cloud_error));
	MUST(disclaim(&cloud_here, &errand, "shop", &cloud_error));
	MUST(tidy(&cloud_here, &errand, "shop", "t", &cloud_error));
	cr_expect_str_eq(cloud_left(), "keypair berth-shop-0123456789ab\n");
}

static void describe(const char *id, const char *description)
{
	owned_memory char *path = NULL, *body = NULL;

	cr_assert(asprintf(&path, "/v2.0/security-groups/%s", id) > 0);
	cr_assert(asprintf(&body, "{\"security_group\":{\"description\":\"%s\"}}", description) > 0);
	cr_assert_eq(openstack_cloud_ask(cloud, CLOUD_NEUTRON, "PUT", path, body, NULL), 200);
}

static json_t *own_group(void)
{
	owned_json list = openstack_cloud_list(cloud, "security_groups");

	for (size_t i = 0; i < json_array_size(list); i++)
		if (!strcmp(json_text(json_array_get(list, i), "name"), "berth.shop"))
			return json_incref(json_array_get(list, i));
	return NULL;
}

/* Else whoever comes next would take for his what somebody is at work on. */
Test(openstack_claims, what_is_garbled_is_somebodys)
{
	const struct lease lease = {.token = "t", .words = "w", .ttl_ms = 60000};
	const struct list_request request = {.app = "shop"};
	struct lease lease_holder;
	struct owner holder;

	shop_prepare();
	owned_json group = own_group();
	describe(json_text(group, "id"), "berth [1, 2");
	MUST(list(&cloud_here, &errand, &request, &shop_inventory, &cloud_error));
	cr_assert_eq(shop_inventory.claim_count, 1);
	cr_expect_str_eq(shop_inventory.claims[0].owner_id, "?");
	cr_assert_eq(CLOUD_RUN(claim(&cloud_here, &errand, "shop", &shop_owner, true, &shop_arena, &holder,
				     &cloud_error)),
		     PROGRESS_FAILED);
	cr_expect_eq(cloud_error.code, ERR_CONFLICT);
	cr_expect(strstr(cloud_error.remedy, "security group set"), "%s", cloud_error.remedy);
	cr_assert_eq(
	    CLOUD_RUN(lease(&cloud_here, &errand, "shop", &lease, &shop_arena, &lease_holder, &cloud_error)),
	    PROGRESS_FAILED);
	describe(json_text(group, "id"), "berth");
	MUST(claim(&cloud_here, &errand, "shop", &shop_owner, false, &shop_arena, &holder, &cloud_error));
	cr_expect_str_eq(holder.id, "me");
}

Test(openstack_claims, of_two_groups_of_one_name_the_older_one_tells_whose_it_is)
{
	static const char second[] = "{\"security_group\":{\"name\":\"berth.shop\",\"description\":"
				     "\"berth [\\\"other\\\",\\\"\\\",\\\"\\\",\\\"u\\\",\\\"\\\",1]\"}}";
	const struct list_request request = {.app = "shop"};

	shop_prepare();
	cloud_pass(5000);
	cr_assert_eq(openstack_cloud_ask(cloud, CLOUD_NEUTRON, "POST", "/v2.0/security-groups", second, NULL),
		     201);
	MUST(list(&cloud_here, &errand, &request, &shop_inventory, &cloud_error));
	cr_assert_eq(shop_inventory.claim_count, 1);
	cr_expect_str_eq(shop_inventory.claims[0].owner_id, "me");
	cr_expect_str_eq(shop_inventory.lease, "t");
}

/* Else it is asked for again and again, until the project may have no more of it. */
Test(openstack_claims, what_is_not_listed_yet_is_made_once)
{
	struct instance_spec spec = shop_spec("shop.redis.1");

	shop_open("{\"network\":\"private\",\"minRam\":64}");
	size_t before = shop_count("security_groups");
	openstack_cloud_lag(cloud, 5000);
	shop_prepare();
	shop_place(&spec);
	cr_expect_eq(cloud_count("POST http://10.0.3.1:9696/v2.0/security-groups"), 2);
	cr_expect_eq(shop_count("security_groups"), before + 2);
	cr_expect_eq(shop_count("floatingips"), 1);
	cr_expect_eq(shop_servers(), 1);
	cloud_pass(20000);
	shop_leave();
}
