/* test_marathon_gate.c - Marathon where something stands before it: the gate of DC/OS, a page to log in at;
 * and masters of Mesos that know less than today's. */
#include <string.h>

#include "tests/locations/marathon_bench.h"

#define GATE "https://dcos/service/marathon"
/* What DC/OS gives its Marathon to tell. */
#define INFO                                                                                                 \
	"{\"version\":\"1.7.174\",\"name\":\"marathon\",\"frameworkId\":\"f-1\",\"marathon_config\":{"       \
	"\"mesos_leader_ui_url\":\"/mesos\",\"webui_url\":null}}"

TestSuite(marathon_gate, .fini = close_all);

Test(marathon_gate, mesos_is_another_path_of_the_same_place)
{
	struct location_facts facts = {0};

	PLAY({"GET", GATE "/v2/info", 200, NULL, INFO, 0},
	     {"GET", "https://dcos/mesos/master/state-summary", 200, NULL,
	      "{\"slaves\":[{\"resources\":{\"cpus\":4,\"mem\":2048}}],\"frameworks\":[]}", 0});
	cr_assert(open_at(&marathon_driver, GATE, "{\"token\":\"abc\"}") == 0, "%s", stand.err.text);
	cr_assert(connect_it(&facts) == PROGRESS_DONE, "%s", stand.err.text);
	cr_expect(starts_with(facts.details, "1 agent with 4 CPUs"), "%s", facts.details);
	json_decref(facts.about);
	cr_expect_eq(requests("/mesos/master/state-summary\nAuthorization: token=abc\n"), 1, "%s",
		     text_view(&stand.asked));
}

/* A Mesos elsewhere is told nothing, be it written without a scheme. */
Test(marathon_gate, mesos_elsewhere_is_not_told_who_asks)
{
	struct location_facts facts = {0};

	PLAY({"GET", "http://a:8080/v2/info", 200, NULL,
	      "{\"version\":\"1.4.2\",\"marathon_config\":{\"mesos_leader_ui_url\":\"//m:5050\"}}", 0},
	     {"GET", "http://m:5050/master/state-summary", 307, "Location: /master/elsewhere\r\n", "", 0},
	     {"GET", "http://m:5050/master/elsewhere", 200, NULL, "{\"slaves\":[],\"frameworks\":[]}", 0});
	cr_assert(open_at(&marathon_driver, "http://a", "{\"token\":\"abc\"}") == 0);
	cr_assert(connect_it(&facts) == PROGRESS_DONE, "%s", stand.err.text);
	cr_expect(starts_with(facts.details, "0 agents"), "%s", facts.details);
	json_decref(facts.about);
	cr_expect_eq(requests("GET http://m:5050/"), 2);
	cr_expect_eq(requests("Authorization"), requests("GET http://a:8080/"), "%s",
		     text_view(&stand.asked));
}

static void take(void *owner, bool errors, const char *bytes, size_t count)
{
	text_format(owner, "%s%.*s", errors ? "!" : "", (int)count, bytes);
}

Test(marathon_gate, agents_are_reached_by_their_ids_and_bytes_of_all_kinds_read)
{
	const struct log_options last = {.tail = 5};
	owned_text output = {0};

	PLAY({"GET", GATE "/v2/info", 200, NULL, INFO, 0},
	     {"GET", GATE "/v2/apps/shop/web", 200, NULL,
	      "{\"app\":{\"id\":\"/shop/web\",\"labels\":{\"berth.app\":\"shop\",\"berth.instance\":\"shop."
	      "web.1\"},\"tasks\":[{\"id\":\"t.1\",\"state\":\"TASK_RUNNING\",\"slaveId\":\"S1\"}]}}",
	      0},
	     {"GET", "https://dcos/mesos/master/slaves", 200, NULL,
	      "{\"slaves\":[{\"id\":\"S1\",\"pid\":\"slave(1)@10.0.0.5:5051\"}]}", 0},
	     {"GET", "https://dcos/agent/S1/slave(1)/state", 200, NULL,
	      "{\"frameworks\":[{\"executors\":[{\"id\":\"marathon-t.1\",\"directory\":\"/d\"}]}]}", 0},
	     {"GET", "https://dcos/agent/S1/files/read?path=%2Fd%2Fstdout&offset=-1", 200, NULL,
	      "{\"data\":\"\",\"offset\":16}", 0},
	     {"GET", "https://dcos/agent/S1/files/read?path=%2Fd%2Fstderr&offset=-1", 404, NULL, "", 0},
	     {"GET", "https://dcos/agent/S1/files/read?path=%2Fd%2Fstdout&offset=0", 200, NULL,
	      "{\"data\":\"a\\u0000b \\\\u0000 \\u001b[0m\\n\",\"offset\":0}", 0},
	     {"GET", "https://dcos/agent/S1/files/read?path=%2Fd%2Fstderr&offset=0", 404, NULL, "", 0});
	cr_assert(open_at(&marathon_driver, GATE, "{\"token\":\"abc\"}") == 0);
	cr_assert(AWAIT_MARATHON(logs, "shop", "shop.web.1", &last, take, &output) == PROGRESS_DONE, "%s\n%s",
		  stand.err.text, text_view(&stand.asked));
	cr_expect_str_eq(text_view(&output), "a?b \\u0000 \x1b[0m\n");
	cr_expect_eq(requests("Authorization"), requests("GET "), "%s", text_view(&stand.asked));
}

Test(marathon_gate, page_to_log_in_at_is_named)
{
	struct location_facts facts = {0};

	PLAY({"GET", GATE "/v2/info", 302, "Location: https://dcos/login?redirect_uri=x\r\n",
	      "<html><head><title>302 Found</title></head></html>", 0});
	cr_assert(open_at(&marathon_driver, GATE, NULL) == 0);
	cr_assert(connect_it(&facts) == PROGRESS_FAILED);
	cr_expect(strstr(stand.err.text, "sends to `https://dcos/login?redirect_uri=x`"), "%s",
		  stand.err.text);
	cr_expect(strstr(stand.err.remedy, "token"), "%s", stand.err.remedy);
}

/* --- what a check tells ------------------------------------------------------------------------------------
 */

#define SUMMARY                                                                                              \
	"{\"slaves\":[{\"id\":\"S0\",\"hostname\":\"one\",\"pid\":\"slave(1)@10.0.0.4:5051\",\"active\":"    \
	"true,"                                                                                              \
	"\"resources\":{\"cpus\":4,\"mem\":2048,\"gpus\":1.0},\"used_resources\":{\"cpus\":0.5,\"mem\":512}" \
	"},"                                                                                                 \
	"{\"id\":\"S1\",\"hostname\":\"two\",\"pid\":\"slave(1)@10.0.0.5:5051\",\"resources\":{\"cpus\":2}}" \
	","                                                                                                  \
	"{\"id\":\"S2\",\"hostname\":\"gone\",\"pid\":\"slave(1)@10.0.0.6:5051\",\"active\":false}],"        \
	"\"frameworks\":[{\"name\":\"marathon\",\"active\":true,\"connected\":true},{\"name\":\"aurora\","   \
	"\"active\":true,\"connected\":false}]}"

static void play_agents(void)
{
	PLAY({"GET", "http://a:8080/v2/info", 200, NULL,
	      "{\"version\":\"1.11.2\",\"marathon_config\":{\"mesos_leader_ui_url\":\"http://m:5050\"}}", 0},
	     {"GET", "http://m:5050/master/state-summary", 200, NULL, SUMMARY, 0},
	     {"GET", "http://10.0.0.4:5051/slave(1)/flags", 200, NULL,
	      "{\"flags\":{\"containerizers\":\"docker,mesos\"}}", 0},
	     {"GET", "http://10.0.0.5:5051/slave(1)/flags", 200, NULL,
	      "{\"flags\":{\"containerizers\":\"mesos\"}}", 0});
}

Test(marathon_gate, check_tells_of_agents_what_they_have_and_run)
{
	struct location_facts facts = {0};

	play_agents();
	cr_assert(open_at(&marathon_driver, "http://a", "{\"user\":\"ann\",\"password\":\"p\"}") == 0);
	cr_assert(connect_it(&facts) == PROGRESS_DONE, "%s", stand.err.text);
	owned_memory char *about = json_line(facts.about);
	json_decref(facts.about);
	cr_expect_str_eq(
	    about,
	    "{\"agents\":[{\"name\":\"one\",\"cpus\":\"0.5 of 4\",\"memory\":\"0.5 of 2 GiB\",\"gpus\":\"1\","
	    "\"away\":false,\"containerizers\":\"docker,mesos\"},{\"name\":\"two\",\"cpus\":\"0 of 2\","
	    "\"memory\":\"0 of 0 GiB\",\"away\":false,\"containerizers\":\"mesos\"},{\"name\":\"gone\","
	    "\"cpus\":\"0 of 0\",\"memory\":\"0 of 0 GiB\",\"away\":true}],\"frameworks\":[{\"name\":"
	    "\"marathon\",\"away\":false},{\"name\":\"aurora\",\"away\":true}],\"missing\":[\"the "
	    "containerizer "
	    "`docker` of agents: two\"]}");
	cr_expect_eq(requests("10.0.0.6"), 0, "who is away is not asked");
	cr_expect_eq(requests("Authorization"), requests("GET http://a:8080/"), "%s",
		     text_view(&stand.asked));
}

Test(marathon_gate, what_runs_what_is_wished_for_lacks_nothing)
{
	struct location_facts facts = {0};

	play_agents();
	cr_assert(open_at(&marathon_driver, "http://a", "{\"containerizer\":\"mesos\"}") == 0);
	cr_assert(connect_it(&facts) == PROGRESS_DONE, "%s", stand.err.text);
	cr_expect_null(json_object_get(facts.about, "missing"));
	json_decref(facts.about);
}

/* From here they may not be reached at all. */
Test(marathon_gate, agents_that_do_not_answer_are_asked_once)
{
	struct location_facts facts = {0};

	play_agents();
	stand.script[2].url = "nowhere";
	cr_assert(open_at(&marathon_driver, "http://a", NULL) == 0);
	cr_assert(connect_it(&facts) == PROGRESS_DONE, "%s", stand.err.text);
	cr_expect_eq(json_array_size(json_object_get(facts.about, "agents")), 3);
	cr_expect_eq(requests("/flags"), 1, "%s", text_view(&stand.asked));
	json_decref(facts.about);
}

/* --- masters of before --------------------------------------------------------------------------------- */

Test(marathon_gate, frameworks_are_asked_for_as_masters_of_before_told_them)
{
	struct location_facts facts = {0};

	PLAY({"GET", "http://s:5050/master/frameworks", 404, NULL, "", 0},
	     {"GET", "http://s:5050/master/state-summary", 404, NULL, "", 0},
	     {"GET", "http://s:5050/master/state.json", 307, "Location: //l:5050/master/state.json\r\n", "",
	      0},
	     {"GET", "http://l:5050/master/frameworks", 404, NULL, "", 0},
	     {"GET", "http://l:5050/master/state.json", 200, NULL,
	      "{\"version\":\"0.22.1\",\"activated_slaves\":1.0,\"frameworks\":[{\"id\":\"f-1\",\"name\":"
	      "\"marathon\",\"active\":true,\"webui_url\":\"http://w:8080\"}]}",
	      0},
	     {"GET", "http://w:8080/v2/info", 200, NULL,
	      "{\"version\":\"1.1.1\",\"frameworkId\":\"f-1\",\"marathon_config\":{}}", 0});
	cr_assert(open_at(&mesos_driver, "http://s", NULL) == 0);
	cr_assert(connect_it(&facts) == PROGRESS_DONE, "%s\n%s", stand.err.text, text_view(&stand.asked));
	cr_expect_str_eq(facts.endpoint, "http://w:8080");
}

/* Where no master answers nothing is known of a Marathon yet. */
Test(marathon_gate, what_is_to_be_looked_at_is_the_master_that_was_asked)
{
	struct location_facts facts = {0};

	PLAY({"GET", "nowhere", 404, NULL, "", 0});
	cr_assert(open_at(&mesos_driver, "http://s", NULL) == 0);
	cr_assert(connect_it(&facts) == PROGRESS_FAILED);
	cr_expect(strstr(stand.err.remedy, "`curl http://s:5050/master/frameworks`"), "%s", stand.err.remedy);
}

/* One that tells nothing at all is not asked for ever. */
Test(marathon_gate, what_is_no_master_is_said)
{
	struct location_facts facts = {0};

	PLAY({"GET", "http://s:5050/", 404, NULL, "<html><body>404 page not found</body></html>", 0});
	cr_assert(open_at(&mesos_driver, "http://s", NULL) == 0);
	cr_assert(connect_it(&facts) == PROGRESS_FAILED);
	cr_expect(strstr(stand.err.text, "404 page not found"), "%s", stand.err.text);
	cr_expect_eq(requests("GET "), 3, "%s", text_view(&stand.asked));
}
