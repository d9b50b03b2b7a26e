/* test_openstack_unseen.c - a server that cannot be asked for a fault on our side is not taken for a silent
 * one, and is told with what helps. */
#include <string.h>

#include "tests/locations/cloud_shop.h"

static void begin(void)
{
	cloud_bench_begin();
	cr_assert_eq(cloud_open("{\"network\":\"public\",\"minRam\":64}"), 0, "%s", cloud_error.text);
}

static void end(void)
{
	cloud_way(true);
	shop_end();
	cloud_bench_end();
}

TestSuite(openstack_unseen, .init = begin, .fini = end, .timeout = 120);

/* By a listing and by a look. */
static void cannot_be_asked(const char *words)
{
	struct observed looked = {0};
	const struct observed *seen = shop_listed(1);

	cr_expect_eq(seen->state, SEEN_UNKNOWN);
	cr_expect(seen->hindered, "it is taken for silent");
	cr_expect(strstr(seen->error, words), "%s", seen->error);
	MUST(look(&cloud_here, &errand, "shop", "shop.redis.1", &shop_arena, &looked, &cloud_error));
	cr_expect_eq(looked.state, SEEN_UNKNOWN);
	cr_expect(looked.hindered, "it is taken for silent");
}

static bool remove_it(void *owner, const char *name)
{
	struct world *world = cloud_here.world;
	const char *folder = owner;
	const char *path = arena_format(&shop_arena, "%s/%s", folder, name);

	if (world->ops->file_remove(world, path, NULL))
		world->ops->directory_list(world, path, remove_it, (void *)path, NULL);
	return true;
}

/* Whoever removes ours, or runs berth elsewhere without it, does not make all servers silent. */
Test(openstack_unseen, without_its_key_a_server_is_not_silent)
{
	struct instance_spec spec = shop_spec("shop.redis.1");
	const char *folder = MACHINE_HOME "/state/openstack";

	shop_prepare();
	shop_place(&spec);
	cr_assert_eq(cloud_here.world->ops->directory_list(cloud_here.world, folder, remove_it,
							   (void *)folder, &cloud_error),
		     0);
	shop_open("{\"network\":\"public\",\"minRam\":64}");
	cannot_be_asked("does not let us log in");
	shop_leave_at_once();
}

Test(openstack_unseen, behind_a_machine_that_is_away_a_server_is_not_silent)
{
	static const char through[] = "{\"network\":\"private\",\"minRam\":64,\"jump\":\"me@10.77.0.250\"}";
	struct instance_spec spec = shop_spec("shop.redis.1");

	shop_open(through);
	shop_prepare();
	shop_place(&spec);
	cloud_way(false);
	shop_open(through);
	cannot_be_asked("see to the machine that `jump`");
	cloud_way(true);
	ssh_machine_reboot(openstack_cloud_machine(cloud, "berth.shop.redis.1"), 3600000);
	cr_expect_not(shop_listed(1)->hindered, "its own silence is one");
	shop_leave_at_once();
}
