/* test_openstack_wishes.c - what the options of an OpenStack ask for: volumes, server groups, machines of
 * unlike components, and how a server is reached. */
#include <string.h>

#include "tests/locations/cloud_shop.h"

static void begin(void)
{
	shop_begin("{\"network\":\"public\",\"minRam\":64}");
}

TestSuite(openstack_wishes, .init = begin, .fini = shop_close, .timeout = 120);

static const json_t *only_of(const char *kind, json_t **list)
{
	json_decref(*list);
	*list = openstack_cloud_list(cloud, kind);
	cr_assert_eq(json_array_size(*list), 1, "%s", kind);
	return json_array_get(*list, 0);
}

Test(openstack_wishes, a_server_boots_from_a_volume_that_goes_with_it)
{
	struct instance_spec spec = shop_spec("shop.redis.1");
	owned_json list = NULL;

	shop_open(
	    "{\"network\":\"public\",\"minRam\":64,\"bootVolume\":{\"size\":\"20gb\",\"type\":\"ssd\"}}");
	shop_prepare();
	shop_place(&spec);
	cr_expect_eq(shop_listed(1)->state, SEEN_RUNNING);
	cr_expect_eq(json_number(only_of("volumes", &list), "size", 0), 20);
	shop_leave();
}

/* Whether it is removed then, or made anew and removed. */
Test(openstack_wishes, the_volume_of_a_server_that_comes_to_nothing_goes_with_it)
{
	struct instance_spec spec = shop_spec("shop.redis.1");
	owned_json list = NULL;

	shop_open("{\"network\":\"public\",\"minRam\":64,\"bootVolume\":\"2gb\"}");
	shop_prepare();
	openstack_cloud_behave(cloud, shop_in_vain, NULL);
	cr_assert_eq(CLOUD_RUN(place(&cloud_here, &errand, &spec, &shop_note, &cloud_error)),
		     PROGRESS_FAILED);
	openstack_cloud_behave(cloud, NULL, NULL);
	shop_place(&spec);
	cr_expect_eq(json_number(only_of("volumes", &list), "size", 0), 2);
	openstack_cloud_lay(cloud, "berth.shop.redis.1", "ERROR");
	shop_leave_at_once();
}

Test(openstack_wishes, a_volume_that_is_to_stay_stays)
{
	struct instance_spec spec = shop_spec("shop.redis.1");
	owned_json list = NULL;

	shop_open("{\"network\":\"public\",\"minRam\":64,\"bootVolume\":{\"deleteOnTermination\":false}}");
	shop_prepare();
	shop_place(&spec);
	cr_expect_eq(json_number(only_of("volumes", &list), "size", 0), 1, "as large as its image needs");
	MUST(remove(&cloud_here, &errand, "shop", "shop.redis.1", &cloud_error));
	only_of("volumes", &list);
}

Test(openstack_wishes, whoever_dies_at_any_step_leaves_one_server_group)
{
	shop_dies_everywhere("{\"network\":\"public\",\"minRam\":64,\"serverGroup\":\"soft-anti-affinity\"}");
}

Test(openstack_wishes, those_of_a_component_are_in_its_server_group)
{
	struct instance_spec one = shop_spec("shop.redis.1"), two = shop_spec("shop.redis.2");
	owned_json list = NULL;

	two.ordinal = 2;
	shop_open("{\"network\":\"public\",\"minRam\":64,\"serverGroup\":\"anti-affinity\"}");
	shop_prepare();
	shop_place(&one);
	shop_place(&two);
	cr_expect_str_eq(json_text(only_of("server_groups", &list), "name"),
			 "berth.shop.redis.anti-affinity");
	cr_expect_eq(cloud_count("POST http://10.0.3.1:8774/v2.1/os-server-groups"), 1);
	MUST(remove(&cloud_here, &errand, "shop", "shop.redis.2", &cloud_error));
	shop_leave();
}

Test(openstack_wishes, a_server_group_of_somebody_else_is_used_and_stays)
{
	struct instance_spec spec = shop_spec("shop.redis.1");

	shop_open("{\"network\":\"public\",\"minRam\":64,\"serverGroup\":\"mine\"}");
	shop_prepare();
	cr_assert_eq(CLOUD_RUN(place(&cloud_here, &errand, &spec, &shop_note, &cloud_error)),
		     PROGRESS_FAILED);
	cr_expect(strstr(cloud_error.text, "no server group `mine`"), "%s", cloud_error.text);
	cr_assert_eq(openstack_cloud_ask(cloud, CLOUD_NOVA, "POST", "/v2.1/os-server-groups",
					 "{\"server_group\":{\"name\":\"mine\",\"policy\":\"affinity\"}}",
					 NULL),
		     200);
	shop_place(&spec);
	MUST(remove(&cloud_here, &errand, "shop", "shop.redis.1", &cloud_error));
	MUST(release(&cloud_here, &errand, "shop", false, &cloud_error));
	MUST(disclaim(&cloud_here, &errand, "shop", &cloud_error));
	MUST(tidy(&cloud_here, &errand, "shop", "t", &cloud_error));
	cr_expect_str_eq(cloud_left(), "server_group mine\n");
}

Test(openstack_wishes, members_that_are_placed_at_the_same_time_have_one_server_group)
{
	struct instance_spec one = shop_spec("shop.redis.1"), two = shop_spec("shop.redis.2"),
			     three = shop_spec("shop.redis.3"), *const specs[] = {&one, &two, &three};
	struct instance_spec other = shop_spec("shop.web.1");

	shop_open("{\"network\":\"public\",\"minRam\":64,\"serverGroup\":\"anti-affinity\"}");
	shop_prepare();
	other.component = "web";
	shop_place(&other); /* after which nobody has to wait until it is known what servers are made of */
	for (size_t i = 0; i < COUNT_OF(specs); i++)
		specs[i]->ordinal = (unsigned)i + 1;
	shop_place_all(specs, COUNT_OF(specs));
	cr_expect_eq(cloud_count("POST http://10.0.3.1:8774/v2.1/os-server-groups"), 2);
	cr_expect_eq(cloud_count("DELETE http://10.0.3.1:8774/v2.1/os-server-groups"), 0);
	for (size_t i = 1; i < COUNT_OF(specs); i++)
		MUST(remove(&cloud_here, &errand, "shop", specs[i]->name, &cloud_error));
	MUST(remove(&cloud_here, &errand, "shop", other.name, &cloud_error));
	shop_leave();
}

Test(openstack_wishes, a_server_group_that_never_comes_about_is_given_up)
{
	struct instance_spec spec = shop_spec("shop.redis.1");
	struct errand errand = {.wake = cloud_wake};
	enum progress progress;
	unsigned left = 1000;

	shop_open("{\"network\":\"public\",\"minRam\":64,\"serverGroup\":\"anti-affinity\"}");
	shop_prepare();
	do {
		cloud_lose("POST", "/os-server-groups", false);
		progress = cloud_here.driver->place(&cloud_here, &errand, &spec, &shop_note, &cloud_error);
		if (progress == PROGRESS_WAITING)
			cloud_wait();
	} while (progress == PROGRESS_WAITING && --left);
	cr_assert_eq(progress, PROGRESS_FAILED);
	cr_expect(strstr(cloud_error.text, "cannot make a server group"), "%s", cloud_error.text);
	cr_expect_eq(cloud_count("POST http://10.0.3.1:8774/v2.1/os-server-groups"), 3);
}

/* Another one had no room, after which what servers are made of is chosen once more. */
Test(openstack_wishes, who_waits_for_a_floating_ip_gets_it_whatever_is_chosen_anew_meanwhile)
{
	struct instance_spec one = shop_spec("shop.redis.1"), two = shop_spec("shop.redis.2");
	struct errand first = {.wake = cloud_wake};
	enum progress progress;

	two.ordinal = 2;
	shop_open("{\"network\":\"private\",\"minRam\":64}");
	openstack_cloud_quota(cloud, "instances", 1);
	shop_prepare();
	while ((progress = cloud_here.driver->place(&cloud_here, &first, &one, &shop_note, &cloud_error)) ==
		   PROGRESS_WAITING &&
	       !cloud_count("/v2.0/floatingips"))
		cloud_wait();
	cr_assert_eq(progress, PROGRESS_WAITING);
	for (int i = 0; i < 2; i++)
		cr_assert_eq(CLOUD_RUN(place(&cloud_here, &errand, &two, &shop_note, &cloud_error)),
			     PROGRESS_FAILED);
	while ((progress = cloud_here.driver->place(&cloud_here, &first, &one, &shop_note, &cloud_error)) ==
	       PROGRESS_WAITING)
		cloud_wait();
	cr_assert_eq(progress, PROGRESS_DONE, "%s", cloud_error.text);
	shop_leave_at_once();
}

static const char *flavor_of(const char *name)
{
	owned_json servers_ = openstack_cloud_list(cloud, "servers");
	static struct text flavor;

	text_clear(&flavor);
	for (size_t i = 0; i < json_array_size(servers_); i++) {
		const json_t *server = json_array_get(servers_, i);
		if (!strcmp(json_text(server, "name"), name))
			text_add(&flavor, json_text(json_object_get(server, "flavor"), "original_name"));
	}
	return text_view(&flavor);
}

/* Two names of one cloud are one place, whose machines may be unlike. */
Test(openstack_wishes, each_component_has_machines_as_its_own_location_says)
{
	owned_json large =
	    json_pack("{s:s, s:i, s:s}", "network", "public", "minRam", 200, "availabilityZone", "az");
	owned_json other = json_pack("{s:s, s:s}", "network", "public", "jump", "me@10.0.0.1");
	struct instance_spec one = shop_spec("shop.redis.1"), two = shop_spec("shop.redis.2");

	two.ordinal = 2;
	two.machine = large;
	shop_prepare();
	shop_place(&one);
	shop_place(&two);
	cr_expect_str_eq(flavor_of("berth.shop.redis.1"), "m1.nano");
	cr_expect_str_eq(flavor_of("berth.shop.redis.2"), "m1.tiny");
	cr_expect_eq(cloud_here.driver->check(&cloud_here, &two, &cloud_error), 0, "%s", cloud_error.text);
	two.machine = other;
	cr_expect_eq(cloud_here.driver->check(&cloud_here, &two, &cloud_error), -1);
	cr_expect(strstr(cloud_error.text, "`jump` is said in two ways"), "%s", cloud_error.text);
	MUST(remove(&cloud_here, &errand, "shop", "shop.redis.2", &cloud_error));
	shop_leave();
}

static void mute(void *owner_, const json_t *server, struct openstack_manner *ret)
{
	(void)owner_, (void)server;
	ret->mute = true;
}

#define GIVEN_KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPcmEJmUUjMXHUZxlEDUHwnLLAlmuOIvMtdSV4XjRJcb"

/* Whose console tells no host key. */
Test(openstack_wishes, without_a_key_on_its_console_the_option_says_it)
{
	struct instance_spec spec = shop_spec("shop.redis.1");

	shop_prepare();
	openstack_cloud_behave(cloud, mute, NULL);
	cr_assert_eq(CLOUD_RUN(place(&cloud_here, &errand, &spec, &shop_note, &cloud_error)),
		     PROGRESS_FAILED);
	cr_expect(strstr(cloud_error.text, "tells no host key"), "%s", cloud_error.text);
	cr_expect(strstr(cloud_error.remedy, "`hostKey`"), "%s", cloud_error.remedy);
	shop_open("{\"network\":\"public\",\"minRam\":64,\"hostKey\":\"accept-new\"}");
	shop_place(&spec);
	cr_expect_eq(shop_listed(1)->state, SEEN_RUNNING);
	shop_leave();
}

Test(openstack_wishes, a_key_that_user_data_gives_is_the_one_that_counts)
{
	struct instance_spec spec = shop_spec("shop.redis.1");

	shop_open("{\"network\":\"public\",\"minRam\":64,\"hostKey\":\"" GIVEN_KEY "\",\"userData\":"
		  "\"#cloud-config\\nssh_keys:\\n  ed25519_public: " GIVEN_KEY "\\n\"}");
	shop_prepare();
	openstack_cloud_behave(cloud, mute, NULL);
	shop_place(&spec);
	cr_expect_eq(shop_listed(1)->state, SEEN_RUNNING);
	shop_leave();
	shop_open("{\"network\":\"public\",\"minRam\":64,\"hostKey\":\"" GIVEN_KEY "\"}");
	shop_prepare();
	cr_assert_eq(CLOUD_RUN(place(&cloud_here, &errand, &spec, &shop_note, &cloud_error)),
		     PROGRESS_FAILED);
	cr_expect(strstr(cloud_error.text, "host key"), "%s", cloud_error.text);
}

Test(openstack_wishes, what_is_reached_from_inside_alone_is_reached_through_a_machine_there)
{
	struct instance_spec spec = shop_spec("shop.redis.1");

	shop_open("{\"network\":\"private\",\"minRam\":64,\"autoAssignFloatingIp\":false}");
	shop_prepare();
	cr_assert_eq(CLOUD_RUN(place(&cloud_here, &errand, &spec, &shop_note, &cloud_error)),
		     PROGRESS_FAILED);
	cr_expect(strstr(cloud_error.remedy, "`jump: USER@HOST`"), "%s: %s", cloud_error.text,
		  cloud_error.remedy);
	shop_open("{\"network\":\"private\",\"minRam\":64,\"jump\":\"me@10.77.0.250\"}");
	shop_place(&spec);
	cr_expect_eq(shop_count("floatingips"), 0);
	cr_expect_eq(shop_listed(1)->state, SEEN_RUNNING);
	shop_leave();
}

Test(openstack_wishes, who_is_not_let_in_by_ssh_is_told_by_which_option)
{
	struct instance_spec spec = shop_spec("shop.redis.1");

	shop_open("{\"network\":\"public\",\"minRam\":64,\"sshFrom\":\"198.51.100.0/24\"}");
	shop_prepare();
	cr_assert_eq(CLOUD_RUN(place(&cloud_here, &errand, &spec, &shop_note, &cloud_error)),
		     PROGRESS_FAILED);
	cr_expect(strstr(cloud_error.remedy, "`sshFrom`"), "%s: %s", cloud_error.text, cloud_error.remedy);
}
