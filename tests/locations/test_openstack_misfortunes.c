/* test_openstack_misfortunes.c - what goes wrong at an OpenStack while a server is placed is told in its
 * words and of its kind, or waited for, and nothing is doubled or left. */
#include <string.h>

#include "tests/locations/cloud_shop.h"

#define PRIVATE "{\"network\":\"private\",\"minRam\":64,\"serverGroup\":\"anti-affinity\"}"
#define LOGIN   "POST http://10.0.3.1:5000/v3/auth/tokens"

static void begin(void)
{
	shop_begin(PRIVATE);
}

TestSuite(openstack_misfortunes, .init = begin, .fini = shop_close, .timeout = 120);

/* --- who is not let in any more ---------------------------------------------------------------------------
 */

/* Each request of it, one after the other; what goes by SSH is asked for in lines of its own. */
Test(openstack_misfortunes, a_token_that_is_revoked_at_any_step_is_replaced_once)
{
	const struct fate revoked = {.there_ms = 1, .back_ms = 1, .spoiling = SPOIL_STATUS, .status = 401};
	struct instance_spec spec = shop_spec("shop.redis.1");
	size_t replaced = 0;

	/* The login itself comes first, and is no matter of tokens. */
	for (size_t number = 2; number <= 30; number++) {
		shop_open(PRIVATE);
		text_clear(&cloud_asked);
		cloud_fate(number, &revoked);
		cr_assert_eq(shop_life(&spec), PROGRESS_DONE, "request %zu: %s", number, cloud_error.text);
		cr_expect_leq(cloud_count(LOGIN), 2, "request %zu", number);
		replaced += cloud_count(LOGIN) == 2;
		cr_expect_eq(shop_servers(), 1);
		shop_leave();
	}
	cr_expect_geq(replaced, 25);
}

Test(openstack_misfortunes, a_token_that_is_never_taken_ends_it_with_a_word)
{
	struct instance_spec spec = shop_spec("shop.redis.1");

	shop_prepare();
	text_clear(&cloud_asked);
	openstack_cloud_refuse(cloud, CLOUD_NOVA, 401, 100);
	cr_assert_eq(CLOUD_RUN(place(&cloud_here, &errand, &spec, &shop_note, &cloud_error)),
		     PROGRESS_FAILED);
	cr_expect_eq(cloud_error.code, ERR_DENIED);
	cr_expect_eq(cloud_count(LOGIN), 1);
	openstack_cloud_calm(cloud);
	shop_place(&spec);
	shop_leave();
}

/* --- who does not answer for a while ----------------------------------------------------------------------
 */

enum { AWAY_MS = 60000 };

/* It goes away once there is a server, or when that many were asked for, and comes back a minute later. */
static enum progress place_while(void (*away)(bool is))
{
	struct instance_spec spec = shop_spec("shop.redis.1");
	struct errand errand = {.wake = cloud_wake};
	enum progress progress;
	int64_t back_ms = 0;

	while ((progress = cloud_here.driver->place(&cloud_here, &errand, &spec, &shop_note, &cloud_error)) ==
	       PROGRESS_WAITING) {
		if (!back_ms && shop_servers()) {
			away(true);
			back_ms = shop_now() + AWAY_MS;
		} else if (back_ms && shop_now() >= back_ms) {
			away(false);
		}
		cloud_wait();
	}
	cr_expect(back_ms && shop_now() >= back_ms, "it was not waited for");
	return progress;
}

static void nobody_listens(bool is)
{
	openstack_cloud_stop(cloud, CLOUD_NOVA, is);
}

static void is_unavailable(bool is)
{
	openstack_cloud_refuse(cloud, CLOUD_NOVA, 503, is ? 1000 : 0);
}

static void is_waited_for(void (*away)(bool is))
{
	struct instance_spec spec = shop_spec("shop.redis.1");

	shop_prepare();
	cr_assert_eq(place_while(away), PROGRESS_DONE, "%s", cloud_error.text);
	cr_expect_eq(shop_servers(), 1);
	MUST(start(&cloud_here, &errand, &spec, &cloud_error));
	cr_expect_eq(shop_listed(1)->state, SEEN_RUNNING);
	shop_leave();
}

Test(openstack_misfortunes, a_nova_that_is_away_in_the_middle_is_waited_for)
{
	is_waited_for(nobody_listens);
}

Test(openstack_misfortunes, a_nova_that_is_unavailable_in_the_middle_is_waited_for)
{
	is_waited_for(is_unavailable);
}

Test(openstack_misfortunes, a_nova_that_stays_away_ends_it_in_time)
{
	struct instance_spec spec = shop_spec("shop.redis.1");
	struct errand errand = {.wake = cloud_wake};
	enum progress progress;

	shop_prepare();
	int64_t began = shop_now();
	while ((progress = cloud_here.driver->place(&cloud_here, &errand, &spec, &shop_note, &cloud_error)) ==
	       PROGRESS_WAITING) {
		if (shop_servers())
			nobody_listens(true);
		cloud_wait();
	}
	cr_assert_eq(progress, PROGRESS_FAILED);
	cr_expect_eq(cloud_error.code, ERR_UNREACHABLE);
	cr_expect_lt(shop_now() - began, 700000);
	nobody_listens(false);
	shop_place(&spec);
	cr_expect_eq(shop_servers(), 1);
	shop_leave();
}

/* --- what there is no room for ----------------------------------------------------------------------------
 */

static void leave_what_there_is(void)
{
	MUST(remove(&cloud_here, &errand, "shop", "shop.redis.1", &cloud_error));
	MUST(release(&cloud_here, &errand, "shop", false, &cloud_error));
	MUST(disclaim(&cloud_here, &errand, "shop", &cloud_error));
	MUST(tidy(&cloud_here, &errand, "shop", "t", &cloud_error));
	cr_expect_str_eq(cloud_left(), "");
}

Test(openstack_misfortunes, a_quota_that_is_used_up_is_told_as_that_and_nothing_is_left)
{
	static const struct {
		const char *what, *words;
		int limit;
	} quotas[] = {{"instances", "Quota exceeded for instances", 0},
		      {"cores", "Quota exceeded for cores", 0},
		      {"ram", "Quota exceeded for ram", 0},
		      {"port", "Maximum number of ports", 0},
		      {"key_pairs", "too many key pairs", 0},
		      {"server_groups", "too many server groups", 0},
		      {"security_group", "['security_group']", 1},
		      {"security_group_rule", "['security_group_rule']", 4},
		      {"floatingip", "['floatingip']", 0}};
	struct instance_spec spec = shop_spec("shop.redis.1");

	for (size_t i = 0; i < COUNT_OF(quotas); i++) {
		shop_close();
		begin();
		openstack_cloud_quota(cloud, quotas[i].what, quotas[i].limit);
		cr_assert_eq(shop_life(&spec), PROGRESS_FAILED, "%s", quotas[i].what);
		cr_expect_eq(cloud_error.code, ERR_CAPACITY, "%s: %s", quotas[i].what, cloud_error.text);
		cr_expect(strstr(cloud_error.remedy, "berth locations check"), "%s", quotas[i].what);
		cr_expect(strstr(cloud_error.text, quotas[i].words), "%s: %s", quotas[i].what,
			  cloud_error.text);
		leave_what_there_is();
	}
}

Test(openstack_misfortunes, where_no_host_fits_nothing_is_left)
{
	struct instance_spec spec = shop_spec("shop.redis.1");

	openstack_cloud_full(cloud, true);
	cr_assert_eq(shop_life(&spec), PROGRESS_FAILED);
	cr_expect_eq(cloud_error.code, ERR_CAPACITY);
	cr_expect(strstr(cloud_error.text, "No valid host was found"), "%s", cloud_error.text);
	leave_what_there_is();
}

Test(openstack_misfortunes, what_nova_does_not_find_is_told_by_the_option_that_named_it)
{
	static const struct {
		const char *options, *words, *remedy;
	} wrong[] = {{"{\"network\":\"public\",\"keyPair\":\"nobodys\"}", "Invalid key_name", "`keyPair`"},
		     {"{\"network\":\"public\",\"securityGroups\":[\"none\"]}",
		      "Security group none not found", "`securityGroups`"}};
	struct instance_spec spec = shop_spec("shop.redis.1");

	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		shop_open(wrong[i].options);
		cr_assert_eq(shop_life(&spec), PROGRESS_FAILED, "%s", wrong[i].options);
		cr_expect(strstr(cloud_error.text, wrong[i].words), "%s", cloud_error.text);
		cr_expect(strstr(cloud_error.remedy, wrong[i].remedy), "%s", cloud_error.remedy);
		leave_what_there_is();
	}
}

/* --- what is gone ------------------------------------------------------------------------------------------
 */

Test(openstack_misfortunes, an_image_that_went_after_it_was_chosen_is_told_and_chosen_anew)
{
	struct instance_spec spec = shop_spec("shop.redis.1"), second = shop_spec("shop.redis.2");

	second.ordinal = 2;
	shop_open("{\"image\":\"debian-tiny\",\"network\":\"public\",\"minRam\":64}");
	shop_prepare();
	shop_place(&spec);
	openstack_cloud_image(cloud, "debian-tiny", false);
	cr_assert_eq(CLOUD_RUN(place(&cloud_here, &errand, &second, &shop_note, &cloud_error)),
		     PROGRESS_FAILED);
	cr_expect(cloud_error.code != ERR_CAPACITY && cloud_error.code != ERR_UNREACHABLE, "%s",
		  cloud_error.text);
	cr_expect(strstr(cloud_error.text, "image"), "%s", cloud_error.text);
	cr_expect_eq(shop_servers(), 1);
	openstack_cloud_image(cloud, "debian-tiny", true);
	shop_place(&second);
	cr_expect_eq(shop_servers(), 2);
	MUST(remove(&cloud_here, &errand, "shop", "shop.redis.2", &cloud_error));
	shop_leave();
}
