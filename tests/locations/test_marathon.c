/* test_marathon.c - the Marathon driver against answers that a test scripts: whom it asks, as whom, and what
 * it makes of what goes wrong. */
#include <stdio.h>
#include <string.h>

#include "tests/locations/marathon_bench.h"

#define INFO                                                                                                 \
	"{\"version\":\"1.11.26\",\"name\":\"marathon\",\"frameworkId\":\"f-1\",\"marathon_config\":{"       \
	"\"mesos_leader_ui_url\":\"http://m:5050/\"}}"

TestSuite(marathon, .fini = close_all);

static enum progress list_it(const char *app, size_t *ret_count)
{
	const struct list_request request = {.app = app};
	struct inventory inventory = {0};
	enum progress progress = AWAIT_MARATHON(list, &request, &inventory);

	*ret_count = inventory.instance_count;
	inventory_release(&inventory);
	return progress;
}

/* --- options ------------------------------------------------------------------------------------------- */

Test(marathon, addresses_of_any_order_are_one_place)
{
	cr_assert(open_at(&marathon_driver, "http://b:8080,a,https://c/service/marathon/", NULL) == 0, "%s",
		  stand.err.text);
	cr_assert_str_eq(stand.location.driver->identity(&stand.location),
			 "http://a:8080,http://b:8080,https://c/service/marathon");
}

Test(marathon, what_is_no_address_is_refused)
{
	static const char *const wrong[] = {"ftp://a", "http://", "http://a/?x", "http://u:p@a:8080"};

	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		cr_expect(open_at(&marathon_driver, wrong[i], NULL) == -1, "%s", wrong[i]);
		cr_expect(stand.err.code == ERR_INVALID && *stand.err.remedy, "%s", wrong[i]);
		cr_expect_null(strstr(stand.err.text, "u:p"), "%s", stand.err.text);
		virtual_world_free(give(stand.world));
		json_decref(give(stand.options));
	}
}

Test(marathon, address_comes_from_the_environment_when_nobody_says_it)
{
	const json_t *kept = NULL;

	stand.variables[0] = "MARATHON_URL", stand.variables[1] = "http://e:9000";
	cr_assert(open_at(&marathon_driver, "", NULL) == 0, "%s", stand.err.text);
	stand.location.driver->resolved(&stand.location, &kept);
	cr_assert_str_eq(json_text(kept, "url"), "http://e:9000");
}

Test(marathon, who_asks_comes_from_the_environment_too)
{
	struct location_facts facts = {0};

	stand.variables[0] = "MARATHON_URL", stand.variables[1] = "http://a";
	stand.variables[2] = "MARATHON_USER", stand.variables[3] = "ann";
	stand.variables[4] = "MARATHON_PASSWORD", stand.variables[5] = "secret";
	PLAY({"GET", "http://a:8080/v2/info", 401, NULL, "", 0});
	cr_assert(open_at(&marathon_driver, "", NULL) == 0, "%s", stand.err.text);
	cr_assert(connect_it(&facts) == PROGRESS_FAILED && stand.err.code == ERR_DENIED);
	cr_assert(strstr(text_view(&stand.asked), "Authorization: Basic YW5uOnNlY3JldA=="), "%s",
		  text_view(&stand.asked));
}

Test(marathon, token_comes_from_the_environment_too)
{
	struct location_facts facts = {0};

	stand.variables[0] = "MARATHON_URL", stand.variables[1] = "http://a";
	stand.variables[2] = "DCOS_ACS_TOKEN", stand.variables[3] = "abc";
	PLAY({"GET", "http://a:8080/v2/info", 403, NULL, "{\"message\":\"no\"}", 0});
	cr_assert(open_at(&marathon_driver, "", NULL) == 0, "%s", stand.err.text);
	cr_assert(connect_it(&facts) == PROGRESS_FAILED && stand.err.code == ERR_DENIED);
	cr_assert(strstr(text_view(&stand.asked), "Authorization: token=abc"), "%s", text_view(&stand.asked));
}

Test(marathon, masters_of_mesos_come_from_the_environment_too)
{
	const json_t *kept = NULL;

	stand.variables[0] = "MESOS_URL", stand.variables[1] = "http://m:5050";
	cr_assert(open_at(&mesos_driver, "", NULL) == 0, "%s", stand.err.text);
	stand.location.driver->resolved(&stand.location, &kept);
	cr_assert_str_eq(json_text(kept, "url"), "http://m:5050");
}

Test(marathon, options_about_tls_need_tls)
{
	cr_assert(open_at(&marathon_driver, "http://a", "{\"tlsVerify\":false}") == -1);
	cr_assert(strstr(stand.err.text, "without TLS"), "%s", stand.err.text);
}

Test(marathon, password_goes_with_each_request_and_into_no_words)
{
	struct location_facts facts = {0};

	PLAY({"GET", "http://a:8080/v2/info", 401, NULL, "", 0});
	cr_assert(open_at(&marathon_driver, "http://a", "{\"user\":\"ann\",\"password\":\"secret\"}") == 0);
	cr_assert(connect_it(&facts) == PROGRESS_FAILED);
	cr_assert(stand.err.code == ERR_DENIED, "%s", stand.err.text);
	cr_assert(strstr(text_view(&stand.asked), "Authorization: Basic YW5uOnNlY3JldA=="), "%s",
		  text_view(&stand.asked));
	cr_assert_null(strstr(stand.err.text, "secret"));
}

Test(marathon, token_is_sent_as_dcos_wants_it)
{
	struct location_facts facts = {0};

	stand.variables[0] = "T", stand.variables[1] = "abc";
	PLAY({"GET", "http://a:8080/v2/info", 403, NULL, "{\"message\":\"no\"}", 0});
	cr_assert(open_at(&marathon_driver, "http://a", "{\"token\":\"env:T\"}") == 0, "%s", stand.err.text);
	cr_assert(connect_it(&facts) == PROGRESS_FAILED && stand.err.code == ERR_DENIED);
	cr_assert(strstr(text_view(&stand.asked), "Authorization: token=abc"), "%s", text_view(&stand.asked));
}

/* --- whom it asks --------------------------------------------------------------------------------------- */

Test(marathon, next_address_is_asked_when_one_is_nobody)
{
	struct location_facts facts = {0};

	PLAY({"GET", "http://a:8080", 0, NULL, NULL, 0}, {"GET", "http://b:8080/v2/info", 200, NULL, INFO, 0},
	     {"GET", "http://m:5050", 0, NULL, NULL, 0});
	cr_assert(open_at(&marathon_driver, "http://a,http://b", NULL) == 0);
	cr_assert(connect_it(&facts) == PROGRESS_DONE, "%s", stand.err.text);
	cr_assert_str_eq(facts.version, "Marathon 1.11.26");
	cr_assert_str_eq(facts.endpoint, "http://b:8080");
	cr_assert_str_eq(facts.details, "its Mesos does not answer from here");
}

Test(marathon, while_a_leader_is_chosen_it_is_waited_for)
{
	struct location_facts facts = {0};

	PLAY({"GET", "http://a:8080", 502, NULL, "", 12},
	     {"GET", "http://a:8080/v2/info", 200, NULL, INFO, 0});
	cr_assert(open_at(&marathon_driver, "http://a", NULL) == 0);
	cr_assert(connect_it(&facts) == PROGRESS_DONE, "%s", stand.err.text);
}

Test(marathon, without_a_leader_for_long_it_is_not_known)
{
	struct location_facts facts = {0};

	PLAY({"GET", "http://a:8080", 500, NULL, "", 0});
	cr_assert(open_at(&marathon_driver, "http://a", NULL) == 0);
	cr_assert(connect_it(&facts) == PROGRESS_FAILED && stand.err.code == ERR_UNREACHABLE, "%s",
		  stand.err.text);
	cr_assert(stand.world->ops->now(stand.world) < 60000);
}

/* --- Mesos ------------------------------------------------------------------------------------------------
 */

#define FRAMEWORKS                                                                                           \
	"{\"frameworks\":["                                                                                  \
	"{\"id\":\"f-0\",\"name\":\"old\",\"active\":false,\"connected\":false,\"webui_url\":\"http://"      \
	"o:1\"},"                                                                                            \
	"{\"id\":\"f-2\",\"name\":\"other\",\"active\":true,\"connected\":true,\"webui_url\":\"http://"      \
	"$(IP):8080\","                                                                                      \
	"\"pid\":\"scheduler-9@10.0.0.9:4000\"},"                                                            \
	"{\"id\":\"f-1\",\"name\":\"mine\",\"active\":true,\"connected\":true,\"webui_url\":\"http://"       \
	"w:8080/\"}]}"
#define OTHER "{\"version\":\"1.11.26\",\"frameworkId\":\"f-7\",\"marathon_config\":{}}"

static void play_mesos(void)
{
	PLAY({"GET", "http://s:5050/master/frameworks", 307, "Location: //l:5050/master/frameworks\r\n", "",
	      0},
	     {"GET", "http://l:5050/master/frameworks", 200, NULL, FRAMEWORKS, 0},
	     {"GET", "http://10.0.0.9:8080/v2/info", 200, NULL, OTHER, 0},
	     {"GET", "http://w:8080/v2/info", 200, NULL, INFO, 0},
	     {"GET", "http://l:5050/master/state-summary", 200, NULL,
	      "{\"slaves\":[{\"active\":true,\"resources\":{\"cpus\":8,\"mem\":8192},\"used_resources\":{"
	      "\"cpus\":"
	      "0.5,\"mem\":512}},{\"active\":false,\"resources\":{\"cpus\":8}}],\"frameworks\":[{\"name\":"
	      "\"mine\"}]}",
	      0});
}

Test(marathon, mesos_names_its_leader_and_the_leader_its_marathon)
{
	struct location_facts facts = {0};

	play_mesos();
	cr_assert(open_at(&mesos_driver, "http://gone,http://s", NULL) == 0, "%s", stand.err.text);
	cr_assert(connect_it(&facts) == PROGRESS_DONE, "%s", stand.err.text);
	cr_assert_str_eq(facts.endpoint, "http://w:8080");
	cr_assert_str_eq(facts.details,
			 "1 agent with 8 CPUs, 8 GiB (0.5 CPUs, 0.5 GiB used); frameworks mine");
	json_decref(facts.about);
	cr_assert_null(strstr(text_view(&stand.asked), "http://o:1"), "it is not connected any more");
}

Test(marathon, mesos_without_the_marathon_that_is_meant_says_what_it_has)
{
	struct location_facts facts = {0};

	play_mesos();
	cr_assert(open_at(&mesos_driver, "http://s", "{\"framework\":\"theirs\"}") == 0);
	cr_assert(connect_it(&facts) == PROGRESS_FAILED && stand.err.code == ERR_MISSING, "%s",
		  stand.err.text);
	cr_assert(strstr(stand.err.text, "old, other, mine"), "%s", stand.err.text);
}

/* Whoever runs a framework there could read it otherwise. */
Test(marathon, a_framework_that_is_meant_is_told_who_asks)
{
	struct location_facts facts = {0};

	play_mesos();
	cr_assert(open_at(&mesos_driver, "http://s",
			  "{\"framework\":\"mine\",\"user\":\"ann\",\"password\":\"secret\"}") == 0);
	cr_assert(connect_it(&facts) == PROGRESS_DONE, "%s", stand.err.text);
	cr_expect_eq(requests("GET http://w:8080/v2/info\nAuthorization"), 2, "%s", text_view(&stand.asked));
	cr_expect_eq(requests("GET http://l:5050/master/frameworks\nAuthorization"), 1);
	json_decref(facts.about);
}

Test(marathon, other_frameworks_are_not)
{
	struct location_facts facts = {0};

	play_mesos();
	cr_assert(open_at(&mesos_driver, "http://s", "{\"user\":\"ann\",\"password\":\"secret\"}") == 0);
	connect_it(&facts);
	json_decref(facts.about);
	cr_expect_eq(requests("GET http://10.0.0.9:8080/v2/info\n"), 1);
	cr_expect_eq(requests("GET http://10.0.0.9:8080/v2/info\nAuthorization"), 0, "%s",
		     text_view(&stand.asked));
}

/* --- what it makes ---------------------------------------------------------------------------------------
 */

static enum progress place_it(void)
{
	const struct instance_spec *made = web();
	const char *note;

	return AWAIT_MARATHON(place, made, &note);
}

#define VERSION(version) "{\"version\":\"" version "\",\"frameworkId\":\"f\",\"marathon_config\":{}}"
#define ABSENT                                                                                               \
	{                                                                                                    \
		"GET", "http://a:8080/v2/apps/shop/web", 404, NULL, "{\"message\":\"no\",\"details\":[]}", 0 \
	}

static void assert_sent(const char *part)
{
	cr_expect(strstr(text_view(&stand.sent), part), "%s\nis not in\n%s", part, text_view(&stand.sent));
}

Test(marathon, app_is_written_as_its_version_reads_it)
{
	PLAY({"GET", "http://a:8080/v2/info", 200, NULL, VERSION("1.11.2"), 0}, ABSENT,
	     {"POST", "http://a:8080/v2/apps", 201, NULL, "{}", 0});
	cr_assert(open_at(&marathon_driver, "http://a",
			  "{\"constraints\":[[\"hostname\",\"UNIQUE\"]],\"options\":{\"backoffSeconds\":5,"
			  "\"id\":\"no\"}}") == 0);
	cr_assert(place_it() == PROGRESS_DONE, "%s", stand.err.text);
	assert_sent("\"id\":\"/shop/web\",\"instances\":0,\"cpus\":0.5,\"mem\":65.0");
	assert_sent("\"networks\":[{\"mode\":\"container/bridge\"}]");
	assert_sent(
	    "\"portMappings\":[{\"containerPort\":80,\"hostPort\":0,\"servicePort\":0,\"protocol\":\"tcp\",");
	assert_sent("{\"containerPort\":53,\"hostPort\":31053,\"servicePort\":0,\"protocol\":\"udp\",");
	assert_sent("{\"key\":\"entrypoint\",\"value\":\"/run\"}");
	assert_sent("\"args\":[\"-v\",\"serve\",\"it\"]");
	assert_sent("\"taskKillGracePeriodSeconds\":3");
	assert_sent("\"berth.count\":\"3\"");
	assert_sent("\"constraints\":[[\"hostname\",\"UNIQUE\"]]");
	assert_sent("\"backoffSeconds\":5");
}

static enum progress place_checked(const struct health_check *check)
{
	struct instance_spec made = *web();
	const char *note;

	made.health = check;
	text_clear(&stand.sent);
	return AWAIT_MARATHON(place, &made, &note);
}

Test(marathon, check_is_asked_by_marathon_itself)
{
	const struct value words[] = {{.kind = VALUE_TEXT, .text = "test"},
				      {.kind = VALUE_TEXT, .text = "it's"}};
	struct health_check check = {.kind = CHECK_HTTP,
				     .port = 80,
				     .path = "/up",
				     .timeout_ms = 1500,
				     .interval_ms = 100,
				     .retries = 4};

	PLAY({"GET", "http://a:8080/v2/info", 200, NULL, VERSION("1.11.2"), 0}, ABSENT,
	     {"POST", "http://a:8080/v2/apps", 201, NULL, "{}", 0});
	cr_assert(open_at(&marathon_driver, "http://a", NULL) == 0);
	cr_assert(place_checked(&check) == PROGRESS_DONE, "%s", stand.err.text);
	assert_sent(
	    "\"protocol\":\"HTTP\",\"gracePeriodSeconds\":300,\"intervalSeconds\":1,\"timeoutSeconds\":2,"
	    "\"maxConsecutiveFailures\":4,\"portIndex\":0,\"path\":\"/up\"");
	check = (struct health_check){
	    .kind = CHECK_COMMAND, .timeout_ms = 1000, .command = {.words = words, .count = 2}};
	cr_assert(place_checked(&check) == PROGRESS_DONE, "%s", stand.err.text);
	assert_sent("\"command\":{\"value\":\"'test' 'it'\\\\''s'\"}");
	/* Marathon knows no status but good ones: that one is asked from here. */
	check = (struct health_check){.kind = CHECK_HTTP, .port = 80, .status = 418};
	cr_assert(place_checked(&check) == PROGRESS_DONE, "%s", stand.err.text);
	cr_expect_null(strstr(text_view(&stand.sent), "healthChecks"));
}

Test(marathon, app_of_an_old_version_has_the_old_form)
{
	PLAY({"GET", "http://a:8080/v2/info", 200, NULL, VERSION("1.4.12"), 0}, ABSENT,
	     {"POST", "http://a:8080/v2/apps", 201, NULL, "{}", 0});
	cr_assert(open_at(&marathon_driver, "http://a", "{\"network\":\"blue\"}") == 0);
	cr_assert(place_it() == PROGRESS_DONE, "%s", stand.err.text);
	assert_sent("\"network\":\"USER\",\"portMappings\":[{\"containerPort\":80");
	assert_sent("\"ipAddress\":{\"networkName\":\"blue\"}");
	cr_expect_null(strstr(text_view(&stand.sent), "\"networks\""));
}

Test(marathon, a_shell_in_the_place_of_the_entry_point_is_an_apps_command)
{
	struct instance_spec made = *web();
	const char *const shell[] = {"/bin/sh", "-c", NULL}, *const line[] = {"serve --port $PORT0", NULL};
	const char *note;

	made.entrypoint = shell;
	made.command = line;
	PLAY({"GET", "http://a:8080/v2/info", 200, NULL, VERSION("1.11.2"), 0}, ABSENT,
	     {"POST", "http://a:8080/v2/apps", 201, NULL, "{}", 0});
	cr_assert(open_at(&marathon_driver, "http://a", NULL) == 0);
	cr_assert(AWAIT_MARATHON(place, &made, &note) == PROGRESS_DONE, "%s", stand.err.text);
	assert_sent("\"cmd\":\"serve --port $PORT0\"");
	cr_expect_null(strstr(text_view(&stand.sent), "entrypoint"));
	cr_expect_null(strstr(text_view(&stand.sent), "\"args\""));
	/* Also where Mesos itself runs it, which has no other way to put something there. */
	owned_json by_mesos = json_loads("{\"container\":{\"type\":\"MESOS\"}}", 0, NULL);
	made.marathon = by_mesos;
	cr_expect(stand.location.driver->check(&stand.location, &made, &stand.err) == 0, "%s",
		  stand.err.text);
}

/* web(), which says that of its app. */
static enum progress place_with(const char *members)
{
	struct instance_spec made = *web();
	owned_json said = json_loads(members, 0, NULL);
	const char *note;

	made.marathon = said;
	made.entrypoint = NULL;
	text_clear(&stand.sent);
	return AWAIT_MARATHON(place, &made, &note);
}

Test(marathon, what_a_component_says_in_marathons_words_is_laid_over)
{
	PLAY({"GET", "http://a:8080/v2/info", 200, NULL, VERSION("1.11.2"), 0}, ABSENT,
	     {"POST", "http://a:8080/v2/apps", 201, NULL, "{}", 0});
	cr_assert(open_at(&marathon_driver, "http://a",
			  "{\"constraints\":[[\"hostname\",\"UNIQUE\"]],\"upgradeStrategy\":{"
			  "\"minimumHealthCapacity\":1.0}}") == 0);
	cr_assert(
	    place_with("{\"constraints\":[[\"rack\",\"LIKE\",\"a.*\"]],\"upgradeStrategy\":{"
		       "\"maximumOverCapacity\":0.5},\"container\":{\"volumes\":[{\"containerPath\":\"d\","
		       "\"mode\":\"RW\",\"persistent\":{\"size\":8}}]},\"env\":{\"S\":{\"secret\":\"s\"}},"
		       "\"secrets\":{\"s\":{\"source\":\"/s\"}},\"readinessChecks\":[{\"portName\":\"p80\"}],"
		       "\"unreachableStrategy\":\"disabled\",\"fetch\":[{\"uri\":\"u\"}]}") == PROGRESS_DONE,
	    "%s", stand.err.text);
	assert_sent("\"constraints\":[[\"rack\",\"LIKE\",\"a.*\"]]");
	assert_sent("\"upgradeStrategy\":{\"minimumHealthCapacity\":1.0,\"maximumOverCapacity\":0.5}");
	assert_sent("\"volumes\":[{\"containerPath\":\"d\",\"mode\":\"RW\",\"persistent\":{\"size\":8}}]");
	assert_sent("\"image\":\"web:1\"");
	assert_sent("\"env\":{\"A\":\"b\",\"S\":{\"secret\":\"s\"}}");
	assert_sent("\"secrets\":{\"s\":{\"source\":\"/s\"}}");
	assert_sent("\"readinessChecks\":[{\"portName\":\"p80\"}]");
	assert_sent("\"unreachableStrategy\":\"disabled\"");
	assert_sent("\"fetch\":[{\"uri\":\"u\"}]");
	cr_assert(place_with("{\"container\":{\"type\":\"MESOS\",\"docker\":null}}") == PROGRESS_DONE);
	assert_sent("\"container\":{\"type\":\"MESOS\",\"volumes\":[]");
}

Test(marathon, network_of_one_app_may_be_another)
{
	PLAY({"GET", "http://a:8080/v2/info", 200, NULL, VERSION("1.11.2"), 0}, ABSENT,
	     {"POST", "http://a:8080/v2/apps", 201, NULL, "{}", 0});
	cr_assert(open_at(&marathon_driver, "http://a", NULL) == 0);
	cr_assert(place_with("{\"networks\":[{\"mode\":\"host\"}]}") == PROGRESS_DONE, "%s", stand.err.text);
	assert_sent("\"networks\":[{\"mode\":\"host\"}]");
	assert_sent("\"portDefinitions\":[");
	cr_expect_null(strstr(text_view(&stand.sent), "portMappings"), "%s", text_view(&stand.sent));
	cr_assert(place_with("{\"networks\":[{\"mode\":\"container\",\"name\":\"blue\"}]}") == PROGRESS_DONE);
	assert_sent("\"networks\":[{\"mode\":\"container\",\"name\":\"blue\"}]");
}

Test(marathon, members_are_written_as_an_old_version_reads_them)
{
	PLAY({"GET", "http://a:8080/v2/info", 200, NULL, VERSION("1.4.12"), 0}, ABSENT,
	     {"POST", "http://a:8080/v2/apps", 201, NULL, "{}", 0});
	cr_assert(open_at(&marathon_driver, "http://a", NULL) == 0);
	cr_assert(place_with("{\"networks\":[{\"mode\":\"host\"}]}") == PROGRESS_DONE, "%s", stand.err.text);
	assert_sent("\"network\":\"HOST\"");
	assert_sent("\"taskKillGracePeriodSeconds\":3");
	cr_expect_null(strstr(text_view(&stand.sent), "\"networks\""));
	cr_assert(place_with("{\"container\":{\"portMappings\":[{\"containerPort\":7}]}}") == PROGRESS_DONE);
	assert_sent("\"network\":\"BRIDGE\",\"portMappings\":[{\"containerPort\":7}]");
}

Test(marathon, what_a_version_has_no_member_for_is_not_sent_to_it)
{
	PLAY({"GET", "http://a:8080/v2/info", 200, NULL, VERSION("1.1.7"), 0}, ABSENT,
	     {"POST", "http://a:8080/v2/apps", 201, NULL, "{}", 0});
	cr_assert(open_at(&marathon_driver, "http://a", NULL) == 0);
	cr_assert(place_it() == PROGRESS_DONE, "%s", stand.err.text);
	cr_expect_null(strstr(text_view(&stand.sent), "taskKillGracePeriodSeconds"));
}

Test(marathon, mesos_may_run_containers_by_itself)
{
	struct instance_spec made = *web();

	PLAY({"GET", "http://a:8080/v2/info", 200, NULL, VERSION("1.11.2"), 0}, ABSENT,
	     {"POST", "http://a:8080/v2/apps", 201, NULL, "{}", 0});
	cr_assert(open_at(&marathon_driver, "http://a", "{\"containerizer\":\"mesos\"}") == 0, "%s",
		  stand.err.text);
	cr_assert(place_with("{\"gpus\":1}") == PROGRESS_DONE, "%s", stand.err.text);
	assert_sent(
	    "\"container\":{\"type\":\"MESOS\",\"docker\":{\"image\":\"web:1\",\"forcePullImage\":false}");
	assert_sent("\"gpus\":1");
	cr_expect(stand.location.driver->check(&stand.location, &made, &stand.err) == -1 &&
		  strstr(stand.err.text, "entrypoint"));
	made.entrypoint = NULL;
	cr_expect(stand.location.driver->check(&stand.location, &made, &stand.err) == 0, "%s",
		  stand.err.text);
}

Test(marathon, process_may_run_without_an_image)
{
	PLAY({"GET", "http://a:8080/v2/info", 200, NULL, VERSION("1.11.2"), 0}, ABSENT,
	     {"POST", "http://a:8080/v2/apps", 201, NULL, "{}", 0});
	cr_assert(open_at(&marathon_driver, "http://a", NULL) == 0);
	cr_assert(place_with("{\"container\":null,\"networks\":[{\"mode\":\"host\"}]}") == PROGRESS_DONE,
		  "%s", stand.err.text);
	cr_expect_null(strstr(text_view(&stand.sent), "\"container\""), "%s", text_view(&stand.sent));
	assert_sent("\"args\":[\"serve\",\"it\"]");
}

Test(marathon, refusal_is_told_in_its_own_words)
{
	PLAY({"GET", "http://a:8080/v2/info", 200, NULL, VERSION("1.11.2"), 0}, ABSENT,
	     {"POST", "http://a:8080/v2/apps", 422, NULL,
	      "{\"message\":\"Object is not valid\",\"details\":[{\"path\":\"/cpus\",\"errors\":[\"too "
	      "many\"]}]}",
	      0});
	cr_assert(open_at(&marathon_driver, "http://a", NULL) == 0);
	cr_assert(place_it() == PROGRESS_FAILED && stand.err.code == ERR_INVALID);
	cr_assert(strstr(stand.err.text, "Object is not valid: `/cpus`: too many"), "%s", stand.err.text);
}

#define OURS                                                                                                 \
	"{\"app\":{\"id\":\"/shop/"                                                                          \
	"web\",\"instances\":0,\"labels\":{\"berth.app\":\"shop\",\"berth.instance\":"                       \
	"\"shop.web.1\",\"berth.spec\":\"d\"}}}"

Test(marathon, creation_without_an_answer_is_looked_for)
{
	PLAY({"GET", "http://a:8080/v2/info", 200, NULL, VERSION("1.11.2"), 0},
	     {"GET", "http://a:8080/v2/apps/shop/web", 404, NULL, "", 1},
	     {"POST", "http://a:8080/v2/apps", -1, NULL, NULL, 1},
	     {"GET", "http://a:8080/v2/apps/shop/web", 200, NULL, OURS, 0});
	cr_assert(open_at(&marathon_driver, "http://a", NULL) == 0);
	cr_assert(place_it() == PROGRESS_DONE, "%s", stand.err.text);
	const char *first = strstr(text_view(&stand.asked), "POST");
	cr_assert_null(strstr(first + 1, "POST"), "it was made twice:\n%s", text_view(&stand.asked));
}

Test(marathon, lock_is_waited_for_and_nothing_is_forced)
{
	PLAY({"GET", "http://a:8080/v2/info", 200, NULL, VERSION("1.11.2"), 0},
	     {"GET", "http://a:8080/v2/apps/shop/web", 200, NULL, OURS, 0},
	     {"PUT", "http://a:8080/v2/apps/shop/web", 409, NULL,
	      "{\"message\":\"App is locked\",\"deployments\":[{\"id\":\"x\"}]}", 5},
	     {"PUT", "http://a:8080/v2/apps/shop/web", 200, NULL,
	      "{\"version\":\"v\",\"deploymentId\":\"d\"}", 0});
	cr_assert(open_at(&marathon_driver, "http://a", NULL) == 0);
	const struct instance_spec *made = web();
	cr_assert(AWAIT_MARATHON(start, made) == PROGRESS_DONE, "%s", stand.err.text);
	cr_assert_null(strstr(text_view(&stand.asked), "force=true"));
}

Test(marathon, what_cannot_be_is_refused_before_anything_is_touched)
{
	struct instance_spec made = *web();

	cr_assert(open_at(&marathon_driver, "http://a", NULL) == 0);
	cr_expect(stand.location.driver->check(&stand.location, &made, &stand.err) == 0, "%s",
		  stand.err.text);
	made.job = true;
	cr_expect(stand.location.driver->check(&stand.location, &made, &stand.err) == -1 &&
		  stand.err.code == ERR_UNSUPPORTED);
	made = *web();
	made.restart = RESTART_ON_FAILURE;
	cr_expect(stand.location.driver->check(&stand.location, &made, &stand.err) == -1);
	made = *web();
	made.file_count = 1;
	cr_expect(stand.location.driver->check(&stand.location, &made, &stand.err) == -1);
}

/* --- what it lists ----------------------------------------------------------------------------------------
 */

Test(marathon, listing_takes_two_requests)
{
	size_t count = 0;

	PLAY({"GET", "http://a:8080/v2/info", 200, NULL, VERSION("1.11.2"), 0},
	     {"GET", "http://a:8080/v2/apps?label=berth.app%3D%3Dshop", 200, NULL,
	      "{\"apps\":[{\"id\":\"/shop/"
	      "web\",\"labels\":{\"berth.app\":\"shop\",\"berth.instance\":\"shop.web.1\"}},"
	      "{\"id\":\"/x\",\"labels\":{\"berth.app\":\"shop\"}}]}",
	      0},
	     {"GET", "http://a:8080/v2/groups/shop?", 404, NULL, "", 0});
	cr_assert(open_at(&marathon_driver, "http://a", NULL) == 0);
	cr_assert(list_it("shop", &count) == PROGRESS_DONE, "%s", stand.err.text);
	cr_assert(count == 1);
	size_t lines = 0;
	for (const char *c = text_view(&stand.asked); *c; c++)
		lines += *c == '\n';
	cr_assert(lines == 2, "%s", text_view(&stand.asked));
}

/* Nothing runs of what the queue has; one more request tells why. */
Test(marathon, listing_says_why_tasks_are_missing)
{
	const struct list_request request = {.app = "shop"};
	struct inventory inventory = {0};

	PLAY({"GET", "http://a:8080/v2/info", 200, NULL, VERSION("1.11.2"), 0},
	     {"GET", "http://a:8080/v2/apps?label=berth.app%3D%3Dshop", 200, NULL,
	      "{\"apps\":[{\"id\":\"/shop/web\",\"instances\":2,\"labels\":{\"berth.app\":\"shop\","
	      "\"berth.instance\":\"shop.web.1\"},\"tasks\":[{\"id\":\"t\",\"state\":\"TASK_RUNNING\","
	      "\"host\":\"h\"}],\"lastTaskFailure\":{\"message\":\"it crashed\",\"host\":\"h7\"}}]}",
	      0},
	     {"GET", "http://a:8080/v2/queue", 200, NULL,
	      "{\"queue\":[{\"count\":1,\"app\":{\"id\":\"/shop/web\",\"mem\":8192},"
	      "\"processedOffersSummary\":{\"processedOffersCount\":5,\"rejectSummaryLastOffers\":[{"
	      "\"reason\":\"InsufficientMemory\",\"declined\":5,\"processed\":5}]}}]}",
	      0},
	     {"GET", "http://a:8080/v2/groups/shop?", 404, NULL, "", 0});
	cr_assert(open_at(&marathon_driver, "http://a", NULL) == 0);
	cr_assert(AWAIT_MARATHON(list, &request, &inventory) == PROGRESS_DONE, "%s", stand.err.text);
	cr_assert_eq(inventory.instance_count, 1);
	cr_expect_str_eq(inventory.instances[0].error,
			 "1 of 2 tasks run: it crashed, on h7: 5 offers, none with 8 GiB of memory");
	inventory_release(&inventory);
}

Test(marathon, listing_that_is_none_is_not_taken_for_nothing)
{
	size_t count;

	PLAY({"GET", "http://a:8080/v2/info", 200, NULL, VERSION("1.11.2"), 0},
	     {"GET", "http://a:8080/v2/apps?", 200, NULL, "{}", 0},
	     {"GET", "http://a:8080/v2/groups/shop?", 404, NULL, "", 0});
	cr_assert(open_at(&marathon_driver, "http://a", NULL) == 0);
	cr_assert(list_it("shop", &count) == PROGRESS_FAILED && stand.err.code == ERR_UNREACHABLE);
}

/* --- what its tasks wrote ----------------------------------------------------------------------------------
 */

static void take(void *owner, bool errors, const char *bytes, size_t count)
{
	text_format(owner, "%s%.*s", errors ? "!" : "", (int)count, bytes);
}

Test(marathon, logs_are_read_of_the_agents)
{
	const struct log_options last = {.tail = 2};
	owned_text output = {0};

	PLAY({"GET", "http://a:8080/v2/info", 200, NULL, INFO, 0},
	     {"GET", "http://a:8080/v2/apps/shop/web", 200, NULL,
	      "{\"app\":{\"id\":\"/shop/"
	      "web\",\"labels\":{\"berth.app\":\"shop\",\"berth.instance\":\"shop.web.1\"},"
	      "\"tasks\":[{\"id\":\"t.1\",\"state\":\"TASK_RUNNING\",\"host\":\"h\",\"slaveId\":\"S1\"}]}}",
	      0},
	     {"GET", "http://m:5050/master/slaves", 200, NULL,
	      "{\"slaves\":[{\"id\":\"S0\",\"pid\":\"slave(1)@10.0.0.4:5051\"},{\"id\":\"S1\",\"pid\":"
	      "\"slave(1)@"
	      "10.0.0.5:5051\"}]}",
	      0},
	     {"GET", "http://10.0.0.5:5051/slave(1)/state", 200, NULL,
	      "{\"frameworks\":[{\"executors\":[{\"id\":\"t.0\",\"directory\":\"/"
	      "no\"},{\"id\":\"t.1\",\"directory\":"
	      "\"/var/r u n\"}]}]}",
	      0},
	     {"GET", "http://10.0.0.5:5051/files/read?path=%2Fvar%2Fr%20u%20n%2Fstdout&offset=-1", 200, NULL,
	      "{\"data\":\"\",\"offset\":12}", 0},
	     {"GET", "http://10.0.0.5:5051/files/read?path=%2Fvar%2Fr%20u%20n%2Fstderr&offset=-1", 200, NULL,
	      "{\"data\":\"\",\"offset\":0}", 0},
	     {"GET", "http://10.0.0.5:5051/files/read?path=%2Fvar%2Fr%20u%20n%2Fstdout&offset=0", 200, NULL,
	      "{\"data\":\"one\\ntwo\\nthree caf\xc3\\n\",\"offset\":0}", 0},
	     {"GET", "http://10.0.0.5:5051/files/read?path=%2Fvar%2Fr%20u%20n%2Fstderr&offset=0", 200, NULL,
	      "{\"data\":\"\",\"offset\":0}", 0});
	cr_assert(open_at(&marathon_driver, "http://a", "{\"user\":\"ann\",\"password\":\"secret\"}") == 0);
	cr_assert(AWAIT_MARATHON(logs, "shop", "shop.web.1", &last, take, &output) == PROGRESS_DONE, "%s\n%s",
		  stand.err.text, text_view(&stand.asked));
	cr_assert(starts_with(text_view(&output), "two\nthree caf?\n"), "%s", text_view(&output));
	cr_expect_eq(requests("Authorization"), 2, "Marathon is, and no agent: %s", text_view(&stand.asked));
}
