/* test_openstack_keys.c - a private key of one's own opens the servers, and Nova is told its public part. */
#include <string.h>

#include "tests/locations/cloud_shop.h"

static void begin(void)
{
	cloud_bench_begin();
	cr_assert_eq(cloud_open("{\"network\":\"public\",\"minRam\":64}"), 0, "%s", cloud_error.text);
}

static void end(void)
{
	shop_end();
	cloud_bench_end();
}

TestSuite(openstack_keys, .init = begin, .fini = end, .timeout = 120);

#define OWN_KEY                                                                                              \
	"-----BEGIN PRIVATE KEY-----\n"                                                                      \
	"MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n"                                 \
	"-----END PRIVATE KEY-----\n"

/* Whoever has the file gets in from elsewhere, too, and it stays when all else goes. */
Test(openstack_keys, the_public_part_of_ones_own_key_is_brought_there)
{
	static const char options[] = "{\"network\":\"public\",\"minRam\":64,\"privateKeyFile\":\"~/own\"}";
	const struct world_ops *ops = cloud_here.world->ops;
	struct instance_spec spec = shop_spec("shop.redis.1");
	owned_text kept = {0};

	cr_assert_eq(ops->file_write(cloud_here.world, MACHINE_HOME "/own", 0600, OWN_KEY, strlen(OWN_KEY),
				     &cloud_error),
		     0);
	shop_open(options);
	shop_prepare();
	shop_place(&spec);
	owned_json list = openstack_cloud_list(cloud, "keypairs");
	cr_assert_eq(json_array_size(list), 1);
	cr_expect(starts_with(json_text(json_array_get(list, 0), "name"), "berth-shop-"));
	cr_expect(starts_with(json_text(json_array_get(list, 0), "public_key"), "ssh-ed25519 AAAA"));
	shop_open(options);
	cr_expect_eq(shop_listed(1)->state, SEEN_RUNNING);
	shop_leave();
	cr_expect_eq(ops->file_read(cloud_here.world, MACHINE_HOME "/own", 4096, &kept, &cloud_error), 0);
}

/* As ssh does not take it. */
Test(openstack_keys, a_private_key_that_others_may_read_is_refused_before_anything_is_made)
{
	const struct world_ops *ops = cloud_here.world->ops;
	struct instance_spec spec = shop_spec("shop.redis.1");
	owned_json lacks = json_array();

	cr_assert_eq(ops->file_write(cloud_here.world, MACHINE_HOME "/own", 0644, OWN_KEY, strlen(OWN_KEY),
				     &cloud_error),
		     0);
	shop_open("{\"network\":\"public\",\"minRam\":64,\"privateKeyFile\":\"~/own\"}");
	MUST(preflight(&cloud_here, &errand, &spec, lacks, &cloud_error));
	cr_assert_eq(json_array_size(lacks), 1);
	cr_expect_str_eq(
	    json_string_value(json_array_get(lacks, 0)),
	    "the private key " MACHINE_HOME
	    "/own: others may use it (mode 0644), and ssh would not take it either; chmod 600 " MACHINE_HOME
	    "/own");
	cr_assert_eq(shop_life(&spec), PROGRESS_FAILED);
	cr_expect_eq(cloud_error.code, ERR_DENIED);
	cr_expect_str_eq(cloud_error.remedy, "chmod 600 " MACHINE_HOME "/own");
	cr_expect_eq(shop_servers(), 0);
	cr_expect_eq(shop_count("keypairs"), 0);
}

/* What is made from then on has that one. */
Test(openstack_keys, servers_of_the_key_that_was_made_are_reached_by_it_when_another_one_is_said_later)
{
	static const char own[] = "{\"network\":\"public\",\"minRam\":64,\"privateKeyFile\":\"~/own\"}";
	struct instance_spec spec = shop_spec("shop.redis.1"), second = shop_spec("shop.redis.2");

	cr_assert_eq(cloud_here.world->ops->file_write(cloud_here.world, MACHINE_HOME "/own", 0600, OWN_KEY,
						       strlen(OWN_KEY), &cloud_error),
		     0);
	shop_prepare();
	shop_place(&spec);
	shop_open(own);
	cr_expect_eq(shop_listed(1)->state, SEEN_RUNNING, "%s", shop_listed(1)->error);
	second.ordinal = 2;
	shop_place(&second);
	cr_expect_eq(shop_count("keypairs"), 2);
	shop_open(own);
	const struct observed *both = shop_listed(2);
	cr_expect(both[0].state == SEEN_RUNNING && both[1].state == SEEN_RUNNING);
	MUST(remove(&cloud_here, &errand, "shop", "shop.redis.2", &cloud_error));
	shop_leave();
}

static bool is_no_pair(void *owner, const char *name)
{
	(void)owner;
	cr_expect_not(starts_with(name, "berth-shop-"), "%s", name);
	return true;
}

static bool look_into(void *owner, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", (const char *)owner, name);
	return cloud_here.world->ops->directory_list(cloud_here.world, path, is_no_pair, NULL, NULL) == 0;
}

Test(openstack_keys, the_file_of_a_key_that_never_got_to_nova_goes_too)
{
	struct instance_spec spec = shop_spec("shop.redis.1");

	openstack_cloud_quota(cloud, "key_pairs", 0);
	cr_assert_eq(shop_life(&spec), PROGRESS_FAILED);
	MUST(release(&cloud_here, &errand, "shop", false, &cloud_error));
	cr_assert_eq(cloud_here.world->ops->directory_list(cloud_here.world, MACHINE_HOME "/state/openstack",
							   look_into, MACHINE_HOME "/state/openstack", NULL),
		     0);
	MUST(disclaim(&cloud_here, &errand, "shop", &cloud_error));
	MUST(tidy(&cloud_here, &errand, "shop", "t", &cloud_error));
	cr_expect_str_eq(cloud_left(), "");
}

Test(openstack_keys, a_private_key_that_is_not_there_is_told_before_anything_is_made)
{
	struct instance_spec spec = shop_spec("shop.redis.1");

	shop_open("{\"network\":\"public\",\"minRam\":64,\"privateKeyFile\":\"~/nowhere\"}");
	cr_assert_eq(shop_life(&spec), PROGRESS_FAILED);
	cr_expect(strstr(cloud_error.text, MACHINE_HOME "/nowhere"), "%s", cloud_error.text);
	cr_expect(strstr(cloud_error.remedy, "`keyPair`"), "%s", cloud_error.remedy);
	cr_expect_eq(shop_servers(), 0);
}

/* A pair of that name is there, whose private part is another one. */
Test(openstack_keys, a_machine_that_does_not_let_us_in_is_told_of_while_it_is_waited_for)
{
	static const char other[] = "-----BEGIN PRIVATE KEY-----\n"
				    "MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4g\n"
				    "-----END PRIVATE KEY-----\n";
	struct instance_spec spec = shop_spec("shop.redis.1");
	struct errand errand = {.wake = cloud_wake};
	char options[256];
	bool told = false;

	shop_prepare();
	owned_json pairs = openstack_cloud_list(cloud, "keypairs");
	cr_assert_eq(json_array_size(pairs), 1);
	cr_assert_eq(cloud_here.world->ops->file_write(cloud_here.world, MACHINE_HOME "/other", 0600, other,
						       strlen(other), &cloud_error),
		     0);
	snprintf(options, sizeof(options),
		 "{\"network\":\"public\",\"minRam\":64,\"keyPair\":\"%s\",\"privateKeyFile\":\"~/other\"}",
		 json_text(json_array_get(pairs, 0), "name"));
	shop_open(options);
	while (!told && cloud_here.driver->place(&cloud_here, &errand, &spec, &shop_note, &cloud_error) ==
			    PROGRESS_WAITING) {
		told = shop_note && strstr(shop_note, "waiting for its machine to let `debian` in");
		cloud_wait();
	}
	cr_expect(told, "%s", cloud_error.text);
	cr_expect(errand.harmless, "and nobody need wait for that");
	cloud_here.driver->drop(&cloud_here, &errand);
	shop_open("{\"network\":\"public\",\"minRam\":64}");
	shop_leave();
}
