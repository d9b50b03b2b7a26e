/* test_openstack_servers.c - an instance gets a server of its own, once, whoever dies meanwhile, and nothing
 * of it is left. */
#include <string.h>

#include "tests/locations/cloud_shop.h"

static void begin(void)
{
	shop_begin("{\"network\":\"public\",\"minRam\":64}");
}

TestSuite(openstack_servers, .init = begin, .fini = shop_close, .timeout = 120);

Test(openstack_servers, an_instance_gets_a_server_runs_there_and_leaves_nothing)
{
	struct instance_spec spec = shop_spec("shop.redis.1");

	shop_prepare();
	shop_place(&spec);
	const struct observed *seen = shop_listed(1);
	cr_expect_eq(seen->state, SEEN_RUNNING);
	cr_expect_str_eq(seen->name, "shop.redis.1");
	cr_expect_str_eq(seen->digest, spec.digest);
	cr_assert_eq(seen->attachment_count, 2);
	cr_expect(starts_with(seen->attachments[0].address, "10.88.0."));
	cr_expect_str_eq(seen->attachments[1].network, "");
	cr_expect(starts_with(seen->attachments[1].address, "10.88.0."));
	cr_expect_eq(shop_inventory.claim_count, 1);
	cr_expect_str_eq(shop_inventory.lease, "t");
	cr_expect(openstack_cloud_lets_in(cloud, "192.0.2.7", "berth.shop.redis.1", 6379));
	cr_expect_not(openstack_cloud_lets_in(cloud, "192.0.2.8", "berth.shop.redis.1", 6379));
	cr_expect_not(openstack_cloud_lets_in(cloud, "192.0.2.7", "berth.shop.redis.1", 80));
	shop_leave();
}

Test(openstack_servers, whoever_dies_at_any_step_leaves_one_server)
{
	shop_dies_everywhere("{\"network\":\"public\",\"minRam\":64}");
}

Test(openstack_servers, whoever_dies_at_any_step_leaves_one_floating_ip)
{
	shop_dies_everywhere("{\"network\":\"private\",\"minRam\":64}");
}

/* At each moment at which he need not be waited for: not before it is sure to be listed. */
Test(openstack_servers, whoever_is_interrupted_while_it_is_made_need_not_wait_for_it)
{
	struct instance_spec spec = shop_spec("shop.redis.1");
	enum progress progress = PROGRESS_WAITING;
	unsigned interrupted = 0;
	int64_t made_ms = 0;

	shop_prepare();
	while (progress == PROGRESS_WAITING) {
		struct errand errand = {.wake = cloud_wake};
		unsigned harmless = 0;
		while (harmless <= interrupted &&
		       (progress = cloud_here.driver->place(&cloud_here, &errand, &spec, &shop_note,
							    &cloud_error)) == PROGRESS_WAITING) {
			cloud_wait();
			harmless += errand.harmless;
			if (!made_ms && shop_servers())
				made_ms = shop_now();
			cr_expect(interrupted || !errand.harmless || shop_now() - made_ms >= 9000);
		}
		if (progress != PROGRESS_WAITING)
			break;
		cr_expect_eq(shop_servers(), 1);
		cloud_here.driver->drop(&cloud_here, &errand);
		cr_expect_not(errand.state || errand.harmless);
		interrupted++;
	}
	cr_assert_eq(progress, PROGRESS_DONE, "%s", cloud_error.text);
	cr_expect_gt(interrupted, 2, "%u", interrupted);
	shop_place(&spec);
	cr_expect_eq(shop_servers(), 1);
	cr_expect_eq(shop_listed(1)->state, SEEN_RUNNING);
	shop_leave();
}

Test(openstack_servers, an_answer_that_is_lost_makes_no_second_server)
{
	struct instance_spec spec = shop_spec("shop.redis.1");

	shop_prepare();
	cloud_lose("POST", "/v2.1/servers", true);
	shop_place(&spec);
	cr_expect_eq(shop_servers(), 1);
	shop_leave();
}

/* What is refused so has not been done, also where it was to change something. */
Test(openstack_servers, whoever_asks_too_often_asks_again_whatever_he_asks_for)
{
	const struct fate too_often = {.there_ms = 1, .back_ms = 1, .spoiling = SPOIL_STATUS, .status = 429};
	struct instance_spec spec = shop_spec("shop.redis.1");

	for (size_t number = 1; number <= 30; number++) {
		cloud_fate(number, &too_often);
		shop_prepare();
		shop_place(&spec);
		cr_expect_eq(shop_servers(), 1);
		shop_leave();
	}
}

static void heard(void *owner, const char *name, const struct told_end *end)
{
	unsigned *count = owner;

	(void)end;
	*count += name && !strcmp(name, "shop.redis.1");
}

/* A deploy watches by a location of its own, which was there before the server. */
Test(openstack_servers, whoever_only_watches_is_told_what_ends_on_a_machine_that_another_made)
{
	struct instance_spec spec = shop_spec("shop.redis.1");
	struct location watching = cloud_here;
	unsigned ends = 0;

	watching.state = NULL;
	cr_assert_eq(watching.driver->open(&watching, &cloud_error), 0);
	cr_assert_eq(watching.driver->watch(&watching, "shop", heard, &ends, &cloud_error), 0);
	shop_prepare();
	shop_place(&spec);
	cloud_pass(60000);
	ends = 0;
	MUST(stop(&cloud_here, &errand, "shop", "shop.redis.1", &cloud_error));
	cloud_pass(1000);
	cr_expect_gt(ends, 0);
	watching.driver->unwatch(&watching, "shop");
	watching.driver->close(&watching);
	shop_leave_at_once();
}

Test(openstack_servers, a_server_that_comes_to_nothing_is_told_in_its_words_and_made_anew)
{
	struct instance_spec spec = shop_spec("shop.redis.1");

	shop_prepare();
	openstack_cloud_behave(cloud, shop_in_vain, NULL);
	cr_assert_eq(CLOUD_RUN(place(&cloud_here, &errand, &spec, &shop_note, &cloud_error)),
		     PROGRESS_FAILED);
	cr_expect_eq(cloud_error.code, ERR_CAPACITY);
	cr_expect(strstr(cloud_error.text, "No valid host was found"), "%s", cloud_error.text);
	cr_expect_eq(shop_listed(1)->state, SEEN_BROKEN);
	cr_expect_not(shop_listed(1)->replace_only, "it holds nothing");
	openstack_cloud_behave(cloud, NULL, NULL);
	shop_place(&spec);
	cr_expect_eq(shop_servers(), 1);
	shop_leave();
}

/* Its machine was reached before, and answers no more. */
Test(openstack_servers, one_that_ran_and_is_in_error_has_stopped)
{
	struct instance_spec spec = shop_spec("shop.redis.1");

	shop_prepare();
	shop_place(&spec);
	cr_expect_eq(shop_listed(1)->state, SEEN_RUNNING);
	cr_assert(openstack_cloud_fail(cloud, "berth.shop.redis.1", "its host is gone"));
	MUST(stop(&cloud_here, &errand, "shop", "shop.redis.1", &cloud_error));
	shop_leave_at_once();
}

Test(openstack_servers, one_that_ran_and_is_in_error_is_nothing_that_a_restart_mends)
{
	struct instance_spec spec = shop_spec("shop.redis.1");

	shop_prepare();
	shop_place(&spec);
	cr_assert(openstack_cloud_lay(cloud, "berth.shop.redis.1", "ERROR"));
	cr_expect_eq(shop_listed(1)->state, SEEN_BROKEN);
	cr_expect(shop_listed(1)->replace_only);
	shop_place(&spec);
	cr_expect_eq(shop_listed(1)->state, SEEN_RUNNING);
	cr_expect_eq(shop_servers(), 1);
	shop_leave();
}

/* "... must have (SHA256:old): it shows ssh-ed25519 SHA256:new". */
static void tells_of_both_keys(const char *words)
{
	const char *old = strstr(words, "must have (SHA256:"),
		   *new = strstr(words, "it shows ssh-ed25519 SHA256:");

	cr_assert(old && new, "%s", words);
	cr_expect(strncmp(strchr(old, '('), strstr(new, "SHA256") - 1, 20) != 0, "%s", words);
}

Test(openstack_servers, a_machine_that_shows_another_key_is_refused)
{
	struct instance_spec spec = shop_spec("shop.redis.1");

	shop_prepare();
	shop_place(&spec);
	cr_assert(openstack_cloud_another_key(cloud, "berth.shop.redis.1"));
	shop_open("{\"network\":\"public\"}");
	const struct observed *seen = shop_listed(1);
	cr_expect_eq(seen->state, SEEN_UNKNOWN);
	cr_expect(seen->hindered, "it answers");
	tells_of_both_keys(seen->error);
	cr_assert_eq(CLOUD_RUN(start(&cloud_here, &errand, &spec, &cloud_error)), PROGRESS_FAILED);
	cr_expect_eq(cloud_error.code, ERR_DENIED);
	tells_of_both_keys(cloud_error.text);
	cr_expect(strstr(cloud_error.remedy, "unset --property berth.hostkey"), "%s", cloud_error.remedy);
	/* Which helps. */
	owned_json list = openstack_cloud_list(cloud, "servers");
	const char *path = arena_format(&shop_arena, "/v2.1/servers/%s/metadata/berth.hostkey",
					json_text(json_array_get(list, 0), "id"));
	cr_assert_eq(openstack_cloud_ask(cloud, CLOUD_NOVA, "DELETE", path, NULL, NULL), 204);
	shop_place(&spec);
	cr_expect_eq(shop_listed(1)->state, SEEN_RUNNING);
	cr_expect_eq(shop_servers(), 1);
	shop_leave();
}

/* Else nobody would be told anything of all the others. */
Test(openstack_servers, a_machine_that_does_not_answer_is_unknown_alone)
{
	struct instance_spec spec = shop_spec("shop.redis.1"), second = shop_spec("shop.redis.2");
	struct observed looked = {0};

	second.ordinal = 2;
	shop_prepare();
	shop_place(&spec);
	shop_place(&second);
	ssh_machine_reboot(openstack_cloud_machine(cloud, "berth.shop.redis.1"), 3600000);
	const struct observed *seen = shop_listed(2);
	size_t silent = strcmp(seen[0].name, "shop.redis.1") ? 1 : 0;
	cr_expect_eq(seen[silent].state, SEEN_UNKNOWN);
	cr_expect_not(seen[silent].hindered);
	cr_expect(seen[silent].error && *seen[silent].error);
	cr_expect_str_eq(seen[silent].digest, spec.digest);
	cr_expect_eq(seen[!silent].state, SEEN_RUNNING);
	MUST(look(&cloud_here, &errand, "shop", "shop.redis.1", &shop_arena, &looked, &cloud_error));
	cr_expect_eq(looked.state, SEEN_UNKNOWN);
	cr_expect_not(looked.hindered);
	MUST(remove(&cloud_here, &errand, "shop", "shop.redis.1", &cloud_error));
	cr_expect_eq(shop_listed(1)->state, SEEN_RUNNING);
	MUST(remove(&cloud_here, &errand, "shop", "shop.redis.2", &cloud_error));
	shop_leave();
}

Test(openstack_servers, whoever_stopped_its_server_is_told_and_the_next_start_lets_it_go_on)
{
	static const char *const ways[] = {"SHUTOFF", "PAUSED", "SUSPENDED", "SHELVED_OFFLOADED"};
	struct instance_spec spec = shop_spec("shop.redis.1");

	shop_prepare();
	shop_place(&spec);
	for (size_t i = 0; i < COUNT_OF(ways); i++) {
		cr_assert(i ? openstack_cloud_lay(cloud, "berth.shop.redis.1", ways[i])
			    : openstack_cloud_switch(cloud, "berth.shop.redis.1", false));
		const struct observed *seen = shop_listed(1);
		cr_expect_eq(seen->state, SEEN_STOPPED, "%s", ways[i]);
		cr_expect(seen->error && strstr(seen->error, ways[i]), "%s", seen->error);
		MUST(start(&cloud_here, &errand, &spec, &cloud_error));
		cr_expect_eq(shop_listed(1)->state, SEEN_RUNNING, "%s", ways[i]);
	}
	cr_expect_eq(shop_servers(), 1);
	shop_leave();
}

Test(openstack_servers, a_server_in_rescue_mode_is_left_to_who_mends_it)
{
	struct instance_spec spec = shop_spec("shop.redis.1");

	shop_prepare();
	shop_place(&spec);
	openstack_cloud_lay(cloud, "berth.shop.redis.1", "RESCUE");
	const struct observed *seen = shop_listed(1);
	cr_expect_eq(seen->state, SEEN_UNKNOWN);
	cr_expect(strstr(seen->error, "unrescue"), "%s", seen->error);
	cr_expect(seen->hindered, "it is not lost");
	shop_leave_at_once();
}

static void for_ever(void *owner_, const json_t *server, struct openstack_manner *ret)
{
	(void)owner_, (void)server;
	ret->builds_ms = INT32_MAX;
}

Test(openstack_servers, a_server_that_is_never_done_is_made_anew)
{
	struct instance_spec spec = shop_spec("shop.redis.1");

	shop_prepare();
	openstack_cloud_behave(cloud, for_ever, NULL);
	cr_assert_eq(CLOUD_RUN(place(&cloud_here, &errand, &spec, &shop_note, &cloud_error)),
		     PROGRESS_FAILED);
	cr_expect_eq(cloud_error.code, ERR_TIMED_OUT);
	cr_expect(strstr(cloud_error.text, "still BUILD"), "%s", cloud_error.text);
	cloud_pass(5000);
	const struct observed *seen = shop_listed(1);
	cr_expect_eq(seen->state, SEEN_BROKEN);
	cr_expect(strstr(seen->error, "BUILD"), "%s", seen->error);
	openstack_cloud_behave(cloud, NULL, NULL);
	shop_place(&spec);
	cr_expect_eq(shop_servers(), 1);
	cr_expect_eq(shop_listed(1)->state, SEEN_RUNNING);
	shop_leave();
}

Test(openstack_servers, a_server_that_is_lost_is_absent)
{
	struct instance_spec spec = shop_spec("shop.redis.1");

	shop_prepare();
	shop_place(&spec);
	cr_assert(openstack_cloud_lose(cloud, "berth.shop.redis.1"));
	cloud_pass(60000);
	shop_listed(0);
	shop_place(&spec);
	cr_expect_eq(shop_servers(), 1);
	shop_leave();
}

Test(openstack_servers, what_was_left_half_made_is_only_made_and_can_be_stopped)
{
	struct instance_spec spec = shop_spec("shop.redis.1");

	shop_prepare();
	struct errand half = {.wake = cloud_wake};
	while (cloud_here.driver->place(&cloud_here, &half, &spec, &shop_note, &cloud_error) ==
		   PROGRESS_WAITING &&
	       !shop_servers())
		cloud_wait();
	cloud_here.driver->drop(&cloud_here, &half);
	cloud_pass(60000);
	const struct observed *seen = shop_listed(1);
	cr_expect_eq(seen->state, SEEN_CREATED);
	cr_expect_not(seen->bindings_known, "it would be made anew for ports that it does not tell");
	MUST(stop(&cloud_here, &errand, "shop", "shop.redis.1", &cloud_error));
	cr_expect_eq(cloud_count("SSH"), 0);
	shop_place(&spec);
	cr_expect_eq(shop_listed(1)->state, SEEN_RUNNING);
	cr_expect_eq(shop_servers(), 1);
	shop_leave();
}

/* Neutron and Nova tell no more than so many at one time, whatever is asked for. */
Test(openstack_servers, what_is_told_page_by_page_is_found_whole)
{
	static const char strangers[] =
	    "{\"security_group\":{\"name\":\"of others %u\",\"description\":\"\"}}";
	struct instance_spec spec = shop_spec("shop.redis.1");
	char body[200];

	shop_open("{\"network\":\"private\",\"minRam\":64}");
	openstack_cloud_quota(cloud, "security_group", 3000);
	openstack_cloud_quota(cloud, "security_group_rule", 9000);
	for (unsigned i = 0; i < 2500; i++) {
		snprintf(body, sizeof(body), strangers, i);
		cr_assert_eq(
		    openstack_cloud_ask(cloud, CLOUD_NEUTRON, "POST", "/v2.0/security-groups", body, NULL),
		    201);
	}
	shop_prepare();
	shop_place(&spec);
	cr_expect_eq(shop_listed(1)->state, SEEN_RUNNING);
	cr_expect_eq(shop_inventory.claim_count, 1);
	cr_expect_gt(cloud_count("marker="), 2);
	cr_expect_eq(cloud_count("POST http://10.0.3.1:9696/v2.0/security-groups"), 2);
}

Test(openstack_servers, pages_of_one_are_pages_too)
{
	struct instance_spec spec = shop_spec("shop.redis.1"), second = shop_spec("shop.redis.2");

	second.ordinal = 2;
	openstack_cloud_pages(cloud, 1);
	shop_prepare();
	shop_place(&spec);
	shop_place(&second);
	shop_listed(2);
	cr_expect_gt(cloud_count("/servers/detail?name=%5Eberth%5C.shop%5C.&marker="), 0);
	MUST(remove(&cloud_here, &errand, "shop", "shop.redis.2", &cloud_error));
	shop_leave();
}

/* Who reads it, its own programs included, could try which secret a salted digest stands for. */
Test(openstack_servers, the_salt_of_its_secrets_is_told_by_its_machine_alone)
{
	struct instance_spec spec = shop_spec("shop.redis.1");

	spec.secret_salt = "5a175a175a17";
	memset(spec.secret_digest, 'b', DIGEST_HEX - 1);
	shop_prepare();
	shop_place(&spec);
	owned_json all = openstack_cloud_list(cloud, "servers");
	owned_memory char *metadata = json_line(all);
	cr_expect_null(strstr(metadata, spec.secret_salt));
	cr_expect_null(strstr(metadata, spec.secret_digest));
	const struct observed *seen = shop_listed(1);
	cr_expect_str_eq(seen->secret_salt, spec.secret_salt);
	cr_expect_str_eq(seen->secret_digest, spec.secret_digest);
	openstack_cloud_switch(cloud, "berth.shop.redis.1", false);
	cr_expect_null(shop_listed(1)->secret_salt, "nobody can tell it then");
	shop_leave_at_once();
}

/* As while Nova does something else to it. */
Test(openstack_servers, a_removal_that_is_refused_for_now_is_asked_for_again)
{
	const struct fate busy = {.there_ms = 1, .back_ms = 1, .spoiling = SPOIL_STATUS, .status = 409};
	struct instance_spec spec = shop_spec("shop.redis.1");

	shop_prepare();
	shop_place(&spec);
	cloud_fate(2, &busy);
	MUST(remove(&cloud_here, &errand, "shop", "shop.redis.1", &cloud_error));
	cr_expect_eq(cloud_count("DELETE http://10.0.3.1:8774/v2.1/servers"), 2);
	cr_expect_eq(shop_servers(), 0);
	shop_leave();
}

/* Its ports would be in the way of its groups for as long as the cloud keeps it. */
Test(openstack_servers, what_the_cloud_keeps_of_the_deleted_is_deleted_at_once)
{
	struct instance_spec spec = shop_spec("shop.redis.1");

	openstack_cloud_keep_deleted(cloud, true, false);
	shop_prepare();
	shop_place(&spec);
	int64_t before = shop_now();
	MUST(remove(&cloud_here, &errand, "shop", "shop.redis.1", &cloud_error));
	cr_expect_lt(shop_now() - before, 60000);
	cr_expect_eq(shop_servers(), 0);
	shop_leave();
}

Test(openstack_servers, whoever_may_not_delete_at_once_does_not_wait_for_it)
{
	struct instance_spec spec = shop_spec("shop.redis.1");

	openstack_cloud_keep_deleted(cloud, true, true);
	shop_prepare();
	shop_place(&spec);
	int64_t before = shop_now();
	MUST(remove(&cloud_here, &errand, "shop", "shop.redis.1", &cloud_error));
	cr_expect_lt(shop_now() - before, 60000);
	cr_expect(strstr(text_view(&cloud_said), "keeps the deleted server"), "%s", text_view(&cloud_said));
	shop_listed(0);
	cr_expect_eq(shop_servers(), 1, "which the cloud deletes in its time");
	shop_place(&spec);
	cr_expect_eq(shop_listed(1)->state, SEEN_RUNNING);
}

Test(openstack_servers, what_was_deleted_and_is_kept_is_made_anew)
{
	struct instance_spec spec = shop_spec("shop.redis.1");

	openstack_cloud_keep_deleted(cloud, true, false);
	shop_prepare();
	shop_place(&spec);
	spec.digest[0] = 'b';
	shop_place(&spec);
	cr_expect_eq(shop_servers(), 1);
	cr_expect_str_eq(shop_listed(1)->digest, spec.digest);
	shop_leave();
}

/* --- how long, and how many --------------------------------------------------------------------------------
 */

static void builds_slowly(void *unused, const json_t *server, struct openstack_manner *ret)
{
	(void)unused, (void)server;
	ret->builds_ms = 300000;
}

/* What takes long may have seen the end of several. */
Test(openstack_servers, a_token_that_ends_is_replaced_each_time)
{
	struct instance_spec spec = shop_spec("shop.redis.1");

	openstack_cloud_behave(cloud, builds_slowly, NULL);
	openstack_cloud_token_life(cloud, 60000);
	shop_prepare();
	shop_place(&spec);
	cr_expect_geq(cloud_count("POST http://10.0.3.1:5000/v3/auth/tokens"), 5);
	cr_expect_eq(shop_servers(), 1);
	shop_leave();
}

/* Nova takes its time, in which Neutron has the address ready. */
Test(openstack_servers, its_floating_ip_is_got_while_it_is_made)
{
	struct instance_spec spec = shop_spec("shop.redis.1");

	shop_open("{\"network\":\"private\",\"minRam\":64}");
	openstack_cloud_behave(cloud, builds_slowly, NULL);
	shop_prepare();
	text_clear(&cloud_asked);
	shop_place(&spec);
	const char *taken = strstr(text_view(&cloud_asked), "POST http://10.0.3.1:9696/v2.0/floatingips");
	cr_assert(taken, "%s", text_view(&cloud_asked));
	cr_expect_eq(cloud_count("POST http://10.0.3.1:9696/v2.0/floatingips"), 1);
	cr_expect_eq(cloud_count("/v2.0/floatingips"), 1, "nobody can have taken one for it before");
	cr_expect_eq(cloud_count("/v2.0/networks"), 1, "of which one was chosen");
	/* It is looked at once a second for five minutes. */
	const char *middle = text_view(&cloud_asked) + cloud_asked.length / 2;
	cr_expect_lt(taken, middle);
	cr_expect_eq(shop_count("floatingips"), 1);
	shop_leave();
}

enum { MANY = 500 };

static const char *first_id(const json_t *list, const char *name)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!strcmp(json_text(json_array_get(list, i), "name"), name))
			return json_text(json_array_get(list, i), "id");
	return NULL;
}

static void make_many(void)
{
	static const char *const raised[] = {"instances", "cores", "ram", "port"};
	owned_json images = openstack_cloud_list(cloud, "images");
	owned_json networks = openstack_cloud_list(cloud, "networks");
	json_t *answer;

	for (size_t i = 0; i < COUNT_OF(raised); i++)
		openstack_cloud_quota(cloud, raised[i], MANY * 1024);
	cr_assert_eq(openstack_cloud_ask(cloud, CLOUD_NOVA, "GET", "/v2.1/flavors/detail", NULL, &answer),
		     200);
	owned_json flavors = answer;
	for (int i = 1; i <= MANY; i++) {
		owned_json body = json_pack(
		    "{s:{s:o, s:s, s:s, s:[{s:s}], s:{s:s}}}", "server", "name",
		    json_sprintf("berth.many.web.%d", i), "imageRef", first_id(images, "debian-tiny"),
		    "flavorRef", first_id(json_object_get(flavors, "flavors"), "m1.tiny"), "networks", "uuid",
		    first_id(networks, i % 2 ? "private" : "public"), "metadata", "berth.app", "many");
		owned_text text = {0};
		json_add_line(&text, body);
		cr_assert_eq(
		    openstack_cloud_ask(cloud, CLOUD_NOVA, "POST", "/v2.1/servers", text_view(&text), NULL),
		    202);
	}
}

Test(openstack_servers, five_hundred_are_told_by_three_requests)
{
	const struct list_request request = {.app = "many"};

	make_many();
	cloud_pass(60000);
	text_clear(&cloud_asked);
	MUST(list(&cloud_here, &errand, &request, &shop_inventory, &cloud_error));
	cr_expect_eq(shop_inventory.instance_count, MANY);
	cr_expect_eq(cloud_count("http://"), 3, "%s", text_view(&cloud_asked));
}
