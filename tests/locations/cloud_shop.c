/* cloud_shop.c - the application `shop` for tests of the OpenStack driver. */
#include "tests/locations/cloud_shop.h"

#include <string.h>

struct arena shop_arena;
struct inventory shop_inventory;
const char *shop_note;

static const char *const components[] = {"redis"};
static const struct opening opened[] = {
    {.component = "redis", .port = 6379, .protocol = TCP, .address = "192.0.2.7"}};
const struct openings shop_openings = {components, 1, opened, 1};
const struct owner shop_owner = {.id = "me", .words = "somebody", .place = "here"};

static const char *const command[] = {"/usr/bin/redis-server", NULL};

static struct spec_port ports[] = {{.port = 6379,
				    .protocol = TCP,
				    .open = true,
				    .published = true,
				    .host_address = "0.0.0.0",
				    .host_port = 6379}};

void shop_begin(const char *options)
{
	cloud_bench_begin();
	shop_open(options);
}

void shop_end(void)
{
	inventory_release(&shop_inventory);
	arena_release(&shop_arena);
}

void shop_close(void)
{
	shop_end();
	cloud_bench_end();
}

void shop_open(const char *options)
{
	if (cloud_here.state)
		openstack_driver.close(&cloud_here);
	cr_assert_eq(cloud_open(options), 0, "%s", cloud_error.text);
}

struct instance_spec shop_spec(const char *name)
{
	struct instance_spec spec = {.app = "shop",
				     .component = "redis",
				     .name = name,
				     .ordinal = 1,
				     .kind = COMPONENT_PROCESS,
				     .command = command,
				     .ports = ports,
				     .port_count = 1,
				     .bind_address = "0.0.0.0",
				     .stop_timeout_ms = -1,
				     .secret_salt = ""};
	memset(spec.digest, 'a', DIGEST_HEX - 1);
	return spec;
}

int64_t shop_now(void)
{
	return cloud_here.world->ops->now(cloud_here.world);
}

static enum progress get_ready(void)
{
	const struct prepare_request request = {.app = "shop", .instances = 1, .openings = &shop_openings};
	const struct lease lease = {.token = "t", .words = "w", .ttl_ms = 60000};
	struct lease lease_holder = {0};
	struct owner holder = {0};

	if (CLOUD_RUN(
		lease(&cloud_here, &errand, "shop", &lease, &shop_arena, &lease_holder, &cloud_error)) ||
	    CLOUD_RUN(
		claim(&cloud_here, &errand, "shop", &shop_owner, false, &shop_arena, &holder, &cloud_error)))
		return PROGRESS_FAILED;
	cr_assert(cloud_is_dead() || !strcmp(lease_holder.token, "t"));
	cr_assert(cloud_is_dead() || !strcmp(holder.id, "me"));
	return CLOUD_RUN(prepare(&cloud_here, &errand, &request, &cloud_error));
}

void shop_prepare(void)
{
	cr_assert_eq(get_ready(), PROGRESS_DONE, "%s", cloud_error.text);
}

void shop_place(const struct instance_spec *spec)
{
	MUST(place(&cloud_here, &errand, spec, &shop_note, &cloud_error));
	MUST(start(&cloud_here, &errand, spec, &cloud_error));
}

void shop_place_all(struct instance_spec *const *specs, size_t count)
{
	struct errand errands[10] = {0};
	bool there[10] = {false};
	size_t left = count;

	cr_assert_leq(count, COUNT_OF(errands));
	while (left) {
		for (size_t i = 0; i < count; i++) {
			if (there[i])
				continue;
			errands[i].wake = cloud_wake;
			enum progress progress = cloud_here.driver->place(&cloud_here, &errands[i], specs[i],
									  &shop_note, &cloud_error);
			cr_assert_neq(progress, PROGRESS_FAILED, "%s", cloud_error.text);
			there[i] = progress == PROGRESS_DONE;
			left -= there[i];
		}
		if (left)
			cloud_wait();
	}
}

enum progress shop_life(const struct instance_spec *spec)
{
	if (get_ready() || CLOUD_RUN(place(&cloud_here, &errand, spec, &shop_note, &cloud_error)))
		return PROGRESS_FAILED;
	return CLOUD_RUN(start(&cloud_here, &errand, spec, &cloud_error));
}

void shop_leave_at_once(void)
{
	MUST(remove(&cloud_here, &errand, "shop", "shop.redis.1", &cloud_error));
	MUST(release(&cloud_here, &errand, "shop", false, &cloud_error));
	MUST(disclaim(&cloud_here, &errand, "shop", &cloud_error));
	MUST(tidy(&cloud_here, &errand, "shop", "t", &cloud_error));
	cr_assert_str_eq(cloud_left(), "");
}

void shop_leave(void)
{
	MUST(stop(&cloud_here, &errand, "shop", "shop.redis.1", &cloud_error));
	shop_leave_at_once();
}

const struct observed *shop_listed(size_t count)
{
	const struct list_request request = {.app = "shop"};

	inventory_release(&shop_inventory);
	MUST(list(&cloud_here, &errand, &request, &shop_inventory, &cloud_error));
	cr_assert_eq(shop_inventory.instance_count, count);
	return shop_inventory.instances;
}

size_t shop_servers(void)
{
	owned_json list = openstack_cloud_list(cloud, "servers");

	return json_array_size(list);
}

/* Else whoever goes on with it would take its ports for unpublished, and make another one. */
static void nobody_knows_where_half_a_server_listens(void)
{
	const struct list_request request = {.app = "shop"};

	inventory_release(&shop_inventory);
	if (CLOUD_RUN(list(&cloud_here, &errand, &request, &shop_inventory, &cloud_error)) != PROGRESS_DONE)
		return;
	for (size_t i = 0; i < shop_inventory.instance_count; i++)
		cr_expect(shop_inventory.instances[i].attachment_count ||
			  !shop_inventory.instances[i].bindings_known);
}

void shop_dies_everywhere(const char *options)
{
	struct instance_spec spec = shop_spec("shop.redis.1");
	unsigned deaths = 0;

	for (uint64_t at = 1;; at++) {
		shop_open(options);
		cloud_die_at(at);
		enum progress progress = shop_life(&spec);
		if (!cloud_is_dead()) {
			cr_assert_eq(progress, PROGRESS_DONE, "%s", cloud_error.text);
			cloud_die_at(0);
			shop_leave();
			break;
		}
		deaths++;
		cloud_begin_anew();
		shop_open(options);
		nobody_knows_where_half_a_server_listens();
		cr_assert_eq(shop_life(&spec), PROGRESS_DONE, "killed before call %u: %s", (unsigned)at,
			     cloud_error.text);
		cr_assert_eq(shop_servers(), 1, "killed before call %u", (unsigned)at);
		cr_assert_eq(shop_listed(1)->state, SEEN_RUNNING);
		shop_leave();
		cloud_begin_anew();
	}
	cr_expect_gt(deaths, 20);
}

size_t shop_count(const char *kind)
{
	owned_json list = openstack_cloud_list(cloud, kind);

	return json_array_size(list);
}

void shop_in_vain(void *owner, const json_t *server, struct openstack_manner *ret)
{
	(void)owner, (void)server;
	ret->fault = "No valid host was found. ";
}
