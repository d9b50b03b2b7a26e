/* test_openstack_left.c - what is left at an OpenStack of an application that nobody knows any more is told,
 * of each kind, and what is not provably ours is not. */
#include <string.h>

#include "tests/locations/cloud_shop.h"

static void begin(void)
{
	shop_begin("{\"network\":\"private\",\"minRam\":64,\"serverGroup\":\"anti-affinity\"}");
}

TestSuite(openstack_left, .init = begin, .fini = shop_close, .timeout = 60);

/* All of every application, a line each: "shop key pair". */
static const char *told(void)
{
	static struct text lines;
	const struct list_request request = {0};

	text_clear(&lines);
	inventory_release(&shop_inventory);
	MUST(list(&cloud_here, &errand, &request, &shop_inventory, &cloud_error));
	for (size_t i = 0; i < shop_inventory.object_count; i++)
		text_format(&lines, "%s %s\n", shop_inventory.objects[i].app, shop_inventory.objects[i].kind);
	return text_view(&lines);
}

static void ask(enum openstack_service service, const char *method, const char *path, const char *body)
{
	cr_assert_eq(openstack_cloud_ask(cloud, service, method, path, body, NULL) / 100, 2, "%s", path);
}

/* The group that told whose it is, and the server, went by other hands. */
static void lose_most(void)
{
	owned_json list = openstack_cloud_list(cloud, "security_groups");

	cr_assert(openstack_cloud_lose(cloud, "berth.shop.redis.1"));
	cloud_pass(60000);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *group = json_array_get(list, i);
		const char *path =
		    arena_format(&shop_arena, "/v2.0/security-groups/%s", json_text(group, "id"));
		if (!strcmp(json_text(group, "name"), "berth.shop"))
			ask(CLOUD_NEUTRON, "DELETE", path, NULL);
	}
}

/* As Nova leaves one when it gives up a server while Neutron is away. */
Test(openstack_left, a_port_that_keeps_a_security_group_is_told_with_its_remedy)
{
	owned_json networks = openstack_cloud_list(cloud, "networks");
	json_t *answer = NULL;
	struct instance_spec spec = shop_spec("shop.redis.1");
	char body[300], path[120];

	shop_prepare();
	shop_place(&spec);
	owned_json groups = openstack_cloud_list(cloud, "security_groups");
	const char *group = NULL;
	for (size_t i = 0; i < json_array_size(groups); i++)
		if (!strcmp(json_text(json_array_get(groups, i), "name"), "berth.shop.redis"))
			group = json_text(json_array_get(groups, i), "id");
	snprintf(body, sizeof(body), "{\"port\":{\"network_id\":\"%s\",\"security_groups\":[\"%s\"]}}",
		 json_text(json_array_get(networks, 0), "id"), group);
	cr_assert_eq(openstack_cloud_ask(cloud, CLOUD_NEUTRON, "POST", "/v2.0/ports", body, &answer), 201);
	const char *port = arena_text(&shop_arena, json_text(json_object_get(answer, "port"), "id"));
	json_decref(answer);
	MUST(remove(&cloud_here, &errand, "shop", "shop.redis.1", &cloud_error));
	MUST(release(&cloud_here, &errand, "shop", false, &cloud_error));
	MUST(tidy(&cloud_here, &errand, "shop", "t", &cloud_error));
	cr_assert_eq(CLOUD_RUN(disclaim(&cloud_here, &errand, "shop", &cloud_error)), PROGRESS_FAILED);
	cr_expect(strstr(cloud_error.text, "cannot remove the security group `berth.shop.redis`"), "%s",
		  cloud_error.text);
	snprintf(path, sizeof(path), "port %s", port);
	cr_expect(strstr(cloud_error.text, path), "%s", cloud_error.text);
	snprintf(path, sizeof(path), "`openstack port delete %s`", port);
	cr_expect(strstr(cloud_error.remedy, path), "%s", cloud_error.remedy);
	snprintf(path, sizeof(path), "/v2.0/ports/%s", port);
	ask(CLOUD_NEUTRON, "DELETE", path, NULL);
	MUST(disclaim(&cloud_here, &errand, "shop", &cloud_error));
	cr_expect_str_eq(cloud_left(), "");
}

/* Who may not ask for them any more is told, where one was made; there it is left. */
Test(openstack_left, a_server_group_that_nobody_lets_us_look_for_is_told)
{
	const struct fate forbidden = {.there_ms = 1, .back_ms = 1, .spoiling = SPOIL_STATUS, .status = 403};
	struct instance_spec spec = shop_spec("shop.redis.1");

	shop_prepare();
	shop_place(&spec);
	MUST(remove(&cloud_here, &errand, "shop", "shop.redis.1", &cloud_error));
	text_clear(&cloud_said);
	cloud_fate(3, &forbidden); /* the list of key pairs, the one that goes: then server groups */
	MUST(release(&cloud_here, &errand, "shop", false, &cloud_error));
	cr_expect(strstr(text_view(&cloud_said), "one of `shop` may be left"), "%s", text_view(&cloud_said));
	text_clear(&cloud_said);
	MUST(release(&cloud_here, &errand, "shop", false, &cloud_error));
	cr_expect_str_eq(text_view(&cloud_said), "");
	MUST(disclaim(&cloud_here, &errand, "shop", &cloud_error));
	MUST(tidy(&cloud_here, &errand, "shop", "t", &cloud_error));
	cr_expect_str_eq(cloud_left(), "");
}

Test(openstack_left, whatever_is_left_of_an_application_is_told_and_goes)
{
	const struct lease lease = {.token = "gc", .words = "w", .ttl_ms = 60000};
	struct lease holder;
	struct instance_spec spec = shop_spec("shop.redis.1");

	shop_prepare();
	shop_place(&spec);
	lose_most();
	cr_expect_str_eq(told(), "shop security group\nshop key pair\nshop server group\nshop floating IP\n");
	cr_expect_eq(shop_inventory.claim_count, 0);
	MUST(lease(&cloud_here, &errand, "shop", &lease, &shop_arena, &holder, &cloud_error));
	MUST(release(&cloud_here, &errand, "shop", false, &cloud_error));
	MUST(tidy(&cloud_here, &errand, "shop", "gc", &cloud_error));
	cr_expect_str_eq(told(), "");
	cr_expect_str_eq(cloud_left(), "");
}

/* Of one that has its claim all is told, too; it is the claim that says that it is somebody's. */
Test(openstack_left, who_has_a_claim_is_told_with_it)
{
	struct instance_spec spec = shop_spec("shop.redis.1");

	shop_prepare();
	shop_place(&spec);
	cr_expect(strstr(told(), "shop key pair"), "%s", told());
	cr_expect_null(strstr(told(), "floating IP"), "it goes with its server");
	cr_expect_eq(shop_inventory.claim_count, 1);
	shop_leave();
}

Test(openstack_left, what_only_looks_like_ours_is_not_told)
{
	ask(CLOUD_NOVA, "POST", "/v2.1/os-keypairs",
	    "{\"keypair\":{\"name\":\"berth-shop-0123456789ab\",\"public_key\":\"ssh-ed25519 "
	    "AAAAC3NzaC1lZDI1NTE5AAAAIJvLlQ3YmzuWp0cQYAxbCAF7WvTzSPVLfP8yGmbhCPmP\"}}");
	ask(CLOUD_NOVA, "POST", "/v2.1/os-server-groups",
	    "{\"server_group\":{\"name\":\"berth.shop\",\"policy\":\"affinity\"}}");
	ask(CLOUD_NEUTRON, "POST", "/v2.0/security-groups",
	    "{\"security_group\":{\"name\":\"berth.shop.web\",\"description\":\"mine\"}}");
	cr_expect_str_eq(told(), "");
}
