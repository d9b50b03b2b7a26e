/* test_openstack_doubt.c - what the OpenStack driver does not know it looks at first: what is there already,
 * what somebody wrote meanwhile, whether something is gone; and no answer makes two of one. */
#include <string.h>

#include "tests/locations/cloud_shop.h"

#define PRIVATE "{\"network\":\"private\",\"minRam\":64,\"serverGroup\":\"soft-anti-affinity\"}"
#define SERVERS "http://10.0.3.1:8774/v2.1/servers"
#define GROUPS  "/v2.0/security-groups"

static void begin(void)
{
	cloud_bench_begin();
	shop_open(PRIVATE);
}

static void end(void)
{
	shop_end();
	cloud_bench_end();
}

TestSuite(openstack_doubt, .init = begin, .fini = end, .timeout = 120);

static size_t count_of(const char *kind)
{
	owned_json list = openstack_cloud_list(cloud, kind);

	return json_array_size(list);
}

/* --- what is there already --------------------------------------------------------------------------------
 */

Test(openstack_doubt, what_was_made_is_found_before_anything_is_made)
{
	struct instance_spec spec = shop_spec("shop.redis.1");

	shop_prepare();
	shop_place(&spec);
	const char *made = strstr(text_view(&cloud_asked), "POST " SERVERS "\n");
	const char *looked = strstr(text_view(&cloud_asked), "GET " SERVERS "/detail?name=");
	cr_assert(made && looked && looked < made, "%s", text_view(&cloud_asked));
	cloud_begin_anew();
	shop_open(PRIVATE);
	text_clear(&cloud_asked);
	shop_place(&spec);
	cr_expect_null(strstr(text_view(&cloud_asked), "POST " SERVERS "\n"), "a second one was asked for");
	cr_expect_eq(count_of("floatingips"), 1);
	shop_leave();
}

/* --- what somebody wrote meanwhile ------------------------------------------------------------------------
 */

static void somebody_else_begins(void)
{
	owned_json groups = openstack_cloud_list(cloud, "security_groups");

	for (size_t i = 0; i < json_array_size(groups); i++) {
		const json_t *group = json_array_get(groups, i);
		if (strcmp(json_text(group, "name"), "berth.shop") != 0)
			continue;
		const char *path = arena_format(&shop_arena, GROUPS "/%s", json_text(group, "id"));
		cr_assert_eq(
		    openstack_cloud_ask(
			cloud, CLOUD_NEUTRON, "PUT", path,
			"{\"security_group\":{\"description\":\"berth [\\\"me\\\",\\\"\\\",\\\"here\\\","
			"\\\"theirs\\\",\\\"somebody else\\\",32503680000000]\"}}",
			NULL),
		    200);
	}
}

Test(openstack_doubt, of_two_who_write_at_once_the_second_reads_again)
{
	const struct lease ours = {.token = "ours", .words = "w", .ttl_ms = 60000};
	struct lease holder = {0};

	shop_prepare();
	cloud_pass(61000);
	cloud_before("PUT", GROUPS "/", somebody_else_begins);
	MUST(lease(&cloud_here, &errand, "shop", &ours, &shop_arena, &holder, &cloud_error));
	cr_expect_str_eq(holder.token, "theirs");
}

/* --- whether it is gone -----------------------------------------------------------------------------------
 */

static void deletes_slowly(void *unused, const json_t *server, struct openstack_manner *ret)
{
	(void)unused, (void)server;
	ret->deletes_ms = 30000;
}

static size_t there_then;

static void look_who_is_there(void)
{
	there_then = shop_servers();
}

/* Listings may leave it out before. */
Test(openstack_doubt, a_server_that_is_deleted_is_there_until_it_is_not_found)
{
	struct instance_spec spec = shop_spec("shop.redis.1");

	openstack_cloud_behave(cloud, deletes_slowly, NULL);
	shop_prepare();
	shop_place(&spec);
	there_then = 77;
	cloud_before("DELETE", "/floatingips/", look_who_is_there);
	text_clear(&cloud_asked);
	MUST(remove(&cloud_here, &errand, "shop", "shop.redis.1", &cloud_error));
	cr_expect_eq(there_then, 0, "its floating IP went before it");
	cr_expect_eq(cloud_count("DELETE " SERVERS), 1);
	shop_leave();
}

Test(openstack_doubt, a_server_takes_its_floating_ip_along)
{
	struct instance_spec spec = shop_spec("shop.redis.1");

	shop_prepare();
	shop_place(&spec);
	cr_expect_eq(count_of("floatingips"), 1);
	MUST(remove(&cloud_here, &errand, "shop", "shop.redis.1", &cloud_error));
	cr_expect_eq(count_of("floatingips"), 0);
	shop_leave();
}

static size_t deletions(const char *of)
{
	size_t count = 0;

	for (const char *line = text_view(&cloud_asked); *line; line += strcspn(line, "\n") + 1)
		count += starts_with(line, "DELETE ") && memmem(line, strcspn(line, "\n"), of, strlen(of));
	return count;
}

/* A service closes connections that were quiet for a while, maybe just when one is used again. */
Test(openstack_doubt, what_is_deleted_on_a_connection_that_breaks_is_deleted_again)
{
	static const char *const kinds[] = {"/v2.1/servers/", "/os-server-groups/", "/os-keypairs/"};
	struct instance_spec spec = shop_spec("shop.redis.1");

	for (size_t i = 0; i < 2 * COUNT_OF(kinds); i++) {
		shop_prepare();
		shop_place(&spec);
		text_clear(&cloud_asked);
		cloud_lose("DELETE", kinds[i / 2], i % 2);
		shop_leave();
		cr_expect_eq(deletions(kinds[i / 2]), 2, "%s", text_view(&cloud_asked));
	}
}

static void is_broken(void)
{
	const struct fate refused = {.there_ms = 1, .back_ms = 1, .spoiling = SPOIL_STATUS, .status = 500};

	cloud_fate(1, &refused);
}

Test(openstack_doubt, servers_that_cannot_be_listed_are_not_absent)
{
	const struct list_request request = {.app = "shop"};
	struct instance_spec spec = shop_spec("shop.redis.1");

	shop_prepare();
	shop_place(&spec);
	cloud_before("GET", SERVERS, is_broken);
	cr_expect_eq(CLOUD_RUN(list(&cloud_here, &errand, &request, &shop_inventory, &cloud_error)),
		     PROGRESS_FAILED);
	shop_listed(1);
	shop_leave();
}

Test(openstack_doubt, only_what_is_not_found_is_gone)
{
	static const int statuses[] = {400, 403, 409, 500, 502};
	struct instance_spec spec = shop_spec("shop.redis.1");
	enum { LOOK = 3 }; /* after the listing and the deletion */

	shop_prepare();
	for (size_t i = 0; i < COUNT_OF(statuses); i++) {
		const struct fate refused = {
		    .there_ms = 1, .back_ms = 1, .spoiling = SPOIL_STATUS, .status = statuses[i]};
		shop_place(&spec);
		cloud_fate(LOOK, &refused);
		cr_expect_eq(CLOUD_RUN(remove(&cloud_here, &errand, "shop", "shop.redis.1", &cloud_error)),
			     PROGRESS_FAILED, "%d", statuses[i]);
		MUST(remove(&cloud_here, &errand, "shop", "shop.redis.1", &cloud_error));
		cr_expect_eq(shop_servers(), 0);
	}
	shop_leave();
}

/* Whoever asks as fast as he is answered is told that he asks too often. */
Test(openstack_doubt, what_is_listed_for_a_while_after_it_is_gone_is_not_deleted_all_the_time)
{
	struct instance_spec spec = shop_spec("shop.redis.1");

	shop_prepare();
	shop_place(&spec);
	openstack_cloud_lag(cloud, 8000);
	text_clear(&cloud_asked);
	MUST(remove(&cloud_here, &errand, "shop", "shop.redis.1", &cloud_error));
	cr_expect_leq(cloud_count("DELETE " SERVERS), 20, "%zu", cloud_count("DELETE " SERVERS));
	cloud_pass(20000);
	shop_leave();
}

/* As by somebody who tidies up whatever he does not know. */
Test(openstack_doubt, what_somebody_deletes_each_time_is_not_made_for_ever)
{
	struct instance_spec spec = shop_spec("shop.redis.1");
	struct errand errand = {.wake = cloud_wake};
	enum progress progress = PROGRESS_WAITING;

	shop_prepare();
	for (int64_t until = shop_now() + 3600000; progress == PROGRESS_WAITING && shop_now() < until;) {
		openstack_cloud_lose(cloud, "berth.shop.redis.1");
		progress = cloud_here.driver->place(&cloud_here, &errand, &spec, &shop_note, &cloud_error);
		if (progress == PROGRESS_WAITING)
			cloud_wait();
	}
	cr_assert_eq(progress, PROGRESS_FAILED);
	cr_expect(strstr(cloud_error.text, "gone"), "%s", cloud_error.text);
	cloud_pass(60000);
	shop_leave();
}

/* --- no answer makes two of one ---------------------------------------------------------------------------
 */

static void each_request_meets(const struct fate *fate)
{
	struct instance_spec spec = shop_spec("shop.redis.1");

	for (size_t number = 1; number <= 40; number++) {
		int64_t began = shop_now();
		shop_open(PRIVATE);
		cloud_fate(number, fate);
		(void)shop_life(&spec);
		cr_expect_lt(shop_now() - began, 900000, "request %zu", number);
		cr_expect_leq(shop_servers(), 1, "request %zu", number);
		cr_expect_leq(count_of("keypairs"), 1, "request %zu", number);
		cr_expect_leq(count_of("server_groups"), 1, "request %zu", number);
		cr_expect_leq(count_of("floatingips"), 1, "request %zu", number);
		cr_expect_leq(count_of("security_groups"), 3, "request %zu", number);
		cloud_fate(0, fate);
		cr_assert_eq(shop_life(&spec), PROGRESS_DONE, "request %zu: %s", number, cloud_error.text);
		shop_leave();
	}
}

/* As a client of HTTP does by itself, whose connection ends before it is answered. */
Test(openstack_doubt, what_arrives_twice_is_made_once)
{
	const struct fate twice = {.there_ms = 1, .back_ms = 1, .twice = true};

	each_request_meets(&twice);
}

static void says_nothing(void)
{
	const struct fate empty = {.there_ms = 1, .back_ms = 1, .spoiling = SPOIL_EMPTY};

	cloud_fate(1, &empty);
}

static void is_not_answered(void)
{
	const struct fate lost = {.there_ms = 1, .back_ms = 1, .answer_lost = true, .reset = true};

	cloud_fate(1, &lost);
}

/* And is not listed yet. */
Test(openstack_doubt, what_may_have_been_made_is_waited_for_before_it_is_asked_for_again)
{
	static void (*const doubts[])(void) = {says_nothing, is_not_answered};
	struct instance_spec spec = shop_spec("shop.redis.1");

	openstack_cloud_lag(cloud, 5000);
	for (size_t i = 0; i < COUNT_OF(doubts); i++) {
		shop_prepare();
		text_clear(&cloud_asked);
		cloud_before("POST", SERVERS, doubts[i]);
		shop_place(&spec);
		cr_expect_eq(shop_servers(), 1);
		cr_expect_null(
		    strstr(strstr(text_view(&cloud_asked), "POST " SERVERS "\n") + 1, "POST " SERVERS "\n"),
		    "a second one was asked for");
		cloud_pass(20000);
		shop_leave();
		cloud_pass(20000);
	}
}

Test(openstack_doubt, an_answer_that_says_nothing_makes_nothing_twice)
{
	const struct fate empty = {.there_ms = 1, .back_ms = 1, .spoiling = SPOIL_EMPTY};

	each_request_meets(&empty);
}

/* --- whether what leads to a server is still there -------------------------------------------------------
 */

static void somebody_takes_its_floating_ip_away(void)
{
	owned_json list = openstack_cloud_list(cloud, "floatingips");
	const json_t *one = json_array_get(list, 0);

	cr_assert_eq(openstack_cloud_ask(
			 cloud, CLOUD_NEUTRON, "DELETE",
			 arena_format(&shop_arena, "/v2.0/floatingips/%s", json_text(one, "id")), NULL, NULL),
		     204);
}

Test(openstack_doubt, a_server_whose_floating_ip_somebody_deleted_gets_another_one)
{
	struct instance_spec spec = shop_spec("shop.redis.1");

	shop_prepare();
	shop_place(&spec);
	text_clear(&cloud_asked);
	shop_listed(1);
	cr_expect_null(strstr(text_view(&cloud_asked), "/floatingips"), "none is asked for while it answers");
	somebody_takes_its_floating_ip_away();
	const struct observed *seen = shop_listed(1);
	cr_expect_eq(seen->state, SEEN_STOPPED);
	cr_expect(seen->error && strstr(seen->error, "its floating IP 10.88.0.") &&
		      strstr(seen->error, " is gone"),
		  "%s", seen->error);
	MUST(start(&cloud_here, &errand, &spec, &cloud_error));
	seen = shop_listed(1);
	cr_expect_eq(seen->state, SEEN_RUNNING, "%s", seen->error);
	cr_expect_eq(count_of("floatingips"), 1);
	cr_expect_eq(shop_servers(), 1);
	shop_leave();
}

Test(openstack_doubt, a_machine_that_is_silent_while_its_floating_ip_is_there_is_unknown)
{
	struct instance_spec spec = shop_spec("shop.redis.1");

	shop_prepare();
	shop_place(&spec);
	openstack_cloud_another_key(cloud, "berth.shop.redis.1");
	cloud_begin_anew();
	shop_open(PRIVATE);
	cr_expect_eq(shop_listed(1)->state, SEEN_UNKNOWN);
	openstack_cloud_stop(cloud, CLOUD_NEUTRON, true);
	const struct list_request request = {.app = "shop", .instances_only = true};
	inventory_release(&shop_inventory);
	MUST(list(&cloud_here, &errand, &request, &shop_inventory, &cloud_error));
	cr_assert_eq(shop_inventory.instance_count, 1);
	cr_expect_eq(shop_inventory.instances[0].state, SEEN_UNKNOWN, "nobody told that it is gone");
	openstack_cloud_stop(cloud, CLOUD_NEUTRON, false);
	shop_leave_at_once();
}
