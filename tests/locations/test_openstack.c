/* test_openstack.c - the OpenStack driver at work with a recorded one: logging in, what a check finds, what
 * goes wrong on the way, . */
#include <string.h>

#include "locations/openstack/openstack.h"
#include "tests/locations/openstack_bench.h"

#define PROJECT "9a937a88316543e28bab7a9d8d5ce80c"
static struct location_facts facts;

static void end(void)
{
	json_decref(facts.about);
	openstack_bench_end();
}

TestSuite(openstack, .init = openstack_bench_begin, .fini = end, .timeout = 60);

static void open_envvars(void)
{
	openstack_openrc();
	cr_assert_eq(openstack_open("envvars", NULL), 0, "%s", openstack_error.text);
}

#define CONNECTS() cr_assert_eq(openstack_connect(&facts), PROGRESS_DONE, "%s", openstack_error.text)

static size_t asked(const char *what)
{
	size_t count = 0;

	for (const char *at = text_view(&openstack_asked); (at = strstr(at, what)); at++)
		count++;
	return count;
}

static const char *nth(const char *list, size_t i, const char *member)
{
	const char *text = json_text(json_array_get(json_object_get(facts.about, list), i), member);

	return text ? text : "";
}

Test(openstack, a_check_tells_who_we_are_and_what_there_is)
{
	open_envvars();
	CONNECTS();
	cr_expect_str_eq(facts.version, "Keystone 3, Nova 2.1 to 2.93");
	cr_expect_str_eq(facts.details, "demo in project demo");
	cr_expect_str_eq(facts.because, "OS_* variables");
	cr_expect_eq(json_array_size(json_object_get(facts.about, "services")), 5);
	cr_expect_eq(json_array_size(json_object_get(facts.about, "flavors")), 4);
	cr_expect_str_eq(nth("images", 0, "name"), "debian-tiny");
	cr_expect_str_eq(nth("networks", 1, "name"), "public");
	cr_expect_str_eq(nth("quotas", 0, "name"), "instances");
	cr_expect_eq(json_number(json_array_get(json_object_get(facts.about, "quotas"), 0), "limit", 0), 10);
	cr_expect_eq(json_number(facts.about, "keypairs", -1), 1);
	cr_expect_str_eq(nth("quotas", 6, "name"), "floatingIps");
	cr_expect_eq(json_number(json_array_get(json_object_get(facts.about, "quotas"), 5), "used", 0), 2);
	cr_expect_eq(json_array_size(json_object_get(facts.about, "missing")), 0);
	cr_expect_str_eq(json_text(json_object_get(facts.about, "microversion"), "spoken"), "2.93");
	cr_expect(strstr(text_view(&openstack_sent), "OpenStack-API-Version: compute 2.93\n"));
}

Test(openstack, a_check_by_application_credential)
{
	cr_assert_eq(
	    openstack_open(
		"", "{\"auth\":{\"auth_url\":\"http://127.0.0.1:5000\",\"application_credential_id\":"
		    "\"bce9c8d61a53410c91d278a6a94ed4f1\",\"application_credential_secret\":\"SECRET\"}}"),
	    0, "%s", openstack_error.text);
	CONNECTS();
	cr_expect_str_eq(json_text(facts.about, "project"), "demo");
}

Test(openstack, a_user_with_a_project_of_his_own_need_not_name_it)
{
	openstack_openrc();
	openstack_environment("OS_PROJECT_NAME", NULL);
	cr_assert_eq(openstack_open("envvars", NULL), 0);
	CONNECTS();
	cr_expect_str_eq(json_text(facts.about, "project"), "demo");
}

Test(openstack, logged_in_to_no_project_is_told_as_that)
{
	LINES({"POST", KEYSTONE "/auth/tokens", 201, "X-Subject-Token: t\r\n",
	       "{\"token\":{\"user\":{\"id\":\"u\",\"name\":\"ann\"},\"expires_at\":null}}", 0});
	open_envvars();
	cr_expect_eq(openstack_connect(&facts), PROGRESS_FAILED);
	cr_expect_eq(openstack_error.code, ERR_INVALID);
	cr_expect(strstr(openstack_error.text, "`ann` is logged in, but to no project"), "%s",
		  openstack_error.text);
	cr_expect(strstr(openstack_error.remedy, "OS_PROJECT_NAME"));
}

Test(openstack, a_wrong_password_is_told_in_keystones_words_and_not_shown)
{
	open_envvars();
	openstack_driver.close(&openstack_here);
	openstack_environment("OS_PASSWORD", "wrong");
	cr_assert_eq(openstack_open("envvars", NULL), 0);
	cr_expect_eq(openstack_connect(&facts), PROGRESS_FAILED);
	cr_expect_eq(openstack_error.code, ERR_DENIED);
	cr_expect(strstr(openstack_error.text, "The request you have made requires authentication."), "%s",
		  openstack_error.text);
	cr_expect(strstr(openstack_error.remedy, "OS_* variables"), "%s", openstack_error.remedy);
	cr_expect_null(strstr(openstack_error.text, "wrong"));
}

Test(openstack, a_token_that_is_not_taken_any_more_is_replaced_once)
{
	LINES({"GET", NOVA "/limits", 401, NULL, "{\"error\":{\"message\":\"no\"}}", 1});
	open_envvars();
	CONNECTS();
	cr_expect_eq(asked("POST " KEYSTONE "/auth/tokens"), 2);
	cr_expect_eq(asked("GET " NOVA "/limits"), 2);
	cr_expect_eq(asked("GET " NOVA "/flavors/detail"), 1, "what was answered is not asked again");
}

Test(openstack, a_token_that_is_never_taken_ends_it)
{
	LINES({"GET", NOVA "/limits", 401, NULL, "{\"error\":{\"message\":\"go away\"}}", 0});
	open_envvars();
	cr_expect_eq(openstack_connect(&facts), PROGRESS_FAILED);
	cr_expect_eq(openstack_error.code, ERR_DENIED);
	cr_expect(strstr(openstack_error.text, "go away"), "%s", openstack_error.text);
	cr_expect_eq(asked("POST " KEYSTONE "/auth/tokens"), 2);
}

Test(openstack, a_closed_connection_is_tried_again_on_a_fresh_one)
{
	LINES({"GET", NOVA "/limits", 0, NULL, NULL, 1});
	open_envvars();
	CONNECTS();
	cr_expect_eq(asked("GET " NOVA "/limits fresh\n"), 1);
	cr_expect_eq(asked("GET " NOVA "/limits\n"), 1);
}

Test(openstack, a_service_that_is_away_is_unreachable_after_another_try)
{
	LINES({"GET", NEUTRON "/v2.0/networks", 0, NULL, NULL, 0});
	open_envvars();
	cr_expect_eq(openstack_connect(&facts), PROGRESS_FAILED);
	cr_expect_eq(openstack_error.code, ERR_UNREACHABLE);
	cr_expect(strstr(openstack_error.text, NEUTRON "/v2.0/networks"), "%s", openstack_error.text);
	cr_expect_eq(asked("GET " NEUTRON "/v2.0/networks"), 2);
}

Test(openstack, a_service_that_asks_for_patience_gets_it)
{
	LINES({"GET", NOVA "/flavors/detail", 429, "Retry-After: 2\r\n",
	       "{\"overLimit\":{\"message\":\"slowly\"}}", 2});
	open_envvars();
	CONNECTS();
	cr_expect_eq(asked("GET " NOVA "/flavors/detail"), 3);
}

/* As an older Nova says it; without a time it is its word for a quota. */
Test(openstack, who_asks_too_often_is_told_by_another_number_too)
{
	LINES({"GET", NOVA "/flavors/detail", 413, "Retry-After: 2\r\n",
	       "{\"overLimit\":{\"message\":\"slowly\"}}", 2},
	      {"GET", GLANCE "/v2/images", 413, NULL, "{\"message\":\"Quota exceeded\"}", 0});
	open_envvars();
	cr_expect_eq(openstack_connect(&facts), PROGRESS_FAILED);
	cr_expect_eq(openstack_error.code, ERR_CAPACITY);
	cr_expect_eq(asked("GET " NOVA "/flavors/detail"), 3);
	cr_expect_eq(asked("GET " GLANCE "/v2/images"), 1);
}

Test(openstack, all_pages_of_images_are_read)
{
	LINES({"GET", GLANCE "/v2/images?marker=", 200, NULL,
	       "{\"images\":[{\"id\":\"i2\",\"name\":\"two\",\"status\":\"active\"},"
	       "{\"id\":\"i3\",\"name\":\"half\",\"status\":\"saving\"}]}",
	       0},
	      {"GET", GLANCE "/v2/images?limit", 200, NULL,
	       "{\"images\":[{\"id\":\"i1\",\"name\":\"one\",\"status\":\"active\"}],\"next\":\"/v2/"
	       "images?marker=i1&limit=1000\"}",
	       0});
	open_envvars();
	CONNECTS();
	cr_expect_eq(json_array_size(json_object_get(facts.about, "images")), 2,
		     "what is half there is none");
	cr_expect_str_eq(nth("images", 1, "name"), "two");
}

/* What was told until then is not all that there is. */
Test(openstack, a_page_without_its_list_is_no_last_one)
{
	LINES({"GET", GLANCE "/v2/images?marker=", 200, NULL, "{}", 0},
	      {"GET", GLANCE "/v2/images?limit", 200, NULL,
	       "{\"images\":[{\"id\":\"i1\",\"name\":\"one\",\"status\":\"active\"}],\"next\":\"/v2/"
	       "images?marker=i1&limit=1000\"}",
	       0});
	open_envvars();
	cr_expect_eq(openstack_connect(&facts), PROGRESS_FAILED);
	cr_expect_eq(openstack_error.code, ERR_UNREACHABLE);
	cr_expect(strstr(openstack_error.text, "no list of images"), "%s", openstack_error.text);
}

Test(openstack, pages_without_an_end_are_given_up)
{
	LINES({"GET", GLANCE "/v2/images", 200, NULL, "{\"images\":[],\"next\":\"/v2/images?marker=x\"}", 0});
	open_envvars();
	cr_expect_eq(openstack_connect(&facts), PROGRESS_FAILED);
	cr_expect(strstr(openstack_error.text, "no last page"), "%s", openstack_error.text);
}

Test(openstack, what_lacks_for_machines_is_told)
{
	LINES({"GET", NEUTRON "/v2.0/networks", 200, NULL, "{\"networks\":[]}", 0},
	      {"GET", NOVA "/flavors/detail", 200, NULL, "{\"flavors\":[]}", 0},
	      {"GET", GLANCE "/v2/images", 200, NULL, "{\"images\":[]}", 0},
	      {"GET", NOVA "/limits", 200, NULL,
	       "{\"limits\":{\"absolute\":{\"maxTotalInstances\":2,\"totalInstancesUsed\":2}}}", 0});
	open_envvars();
	CONNECTS();
	const json_t *missing = json_object_get(facts.about, "missing");
	owned_memory char *words = json_line(missing);
	cr_expect_eq(json_array_size(missing), 4, "%s", words);
	cr_expect(strstr(words, "no network") && strstr(words, "no flavor") && strstr(words, "no image"),
		  "%s", words);
	cr_expect(strstr(words, "the quota of instances is used up: 2 of 2"), "%s", words);
}

Test(openstack, a_region_without_services_is_told_and_what_is_there_is_not_asked_elsewhere)
{
	openstack_environment("OS_REGION_NAME", "Nowhere");
	open_envvars();
	CONNECTS();
	owned_memory char *words = json_line(json_object_get(facts.about, "missing"));
	cr_expect(strstr(words, "no public endpoint of the service compute in the region Nowhere"), "%s",
		  words);
	cr_expect_eq(asked("GET "), 0);
}

static enum progress list_shop(struct errand *errand, void *owner)
{
	static const struct list_request request = {.app = "shop"};

	return openstack_here.driver->list(&openstack_here, errand, &request, owner, &openstack_error);
}

Test(openstack, who_asks_in_a_region_that_there_is_not_is_told_those_that_there_are)
{
	struct inventory found = {0};

	openstack_environment("OS_REGION_NAME", "Nowhere");
	open_envvars();
	cr_assert_eq(openstack_go_on(list_shop, &found), PROGRESS_FAILED);
	cr_expect(strstr(openstack_error.text, "the catalogue has no"), "%s", openstack_error.text);
	cr_expect_str_eq(openstack_error.remedy,
			 "`region` (region_name, OS_REGION_NAME) is one of [\"RegionOne\"]");
	inventory_release(&found);
}

Test(openstack, an_answer_of_another_kind_is_told)
{
	LINES({"GET", NOVA "/limits", 200, NULL, "<html>hello</html>", 0});
	open_envvars();
	cr_expect_eq(openstack_connect(&facts), PROGRESS_FAILED);
	cr_expect_eq(openstack_error.code, ERR_UNREACHABLE);
	cr_expect(strstr(openstack_error.text, "no JSON"), "%s", openstack_error.text);
}

Test(openstack, unchecked_certificates_are_told_each_time)
{
	openstack_environment("OS_INSECURE", "true");
	open_envvars();
	CONNECTS();
	cr_expect(strstr(text_view(&openstack_said), "not checked"), "%s", text_view(&openstack_said));
}

Test(openstack, a_token_from_behind_tls_is_not_shown_on_the_way)
{
	static const char login[] = "https://k:5000/v3/auth/tokens";
	owned_memory char *token = json_line(openstack_recorded_body("06-auth-password-scoped"));

	LINES({"POST", login, 201, "X-Subject-Token: TOKEN\r\n", token, 0});
	openstack_openrc();
	openstack_environment("OS_AUTH_URL", "https://k:5000");
	cr_assert_eq(openstack_open("envvars", NULL), 0);
	cr_expect_eq(openstack_connect(&facts), PROGRESS_FAILED);
	cr_expect(strstr(openstack_error.text, "the service compute is at " NOVA), "%s",
		  openstack_error.text);
	cr_expect_eq(openstack_sent.length, 0, "%s", text_view(&openstack_sent));
	openstack_driver.close(&openstack_here);
	cr_assert_eq(openstack_open("envvars", "{\"tlsVerify\":false}"), 0);
	CONNECTS();
}

Test(openstack, what_is_let_go_of_in_the_middle_leaves_nothing)
{
	struct errand errand = {.wake = NULL};

	open_envvars();
	cr_assert_eq(openstack_driver.connect(&openstack_here, &errand, &facts, &openstack_error),
		     PROGRESS_WAITING);
	openstack_driver.drop(&openstack_here, &errand);
	cr_expect_null(errand.state);
	cr_assert_eq(openstack_driver.connect(&openstack_here, &errand, &facts, &openstack_error),
		     PROGRESS_WAITING);
	openstack_driver.close(&openstack_here);
}
