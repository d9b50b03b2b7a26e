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

static enum progress connect_it(struct location_facts *facts)
{
	return AWAIT_MARATHON(connect, facts);
}

Test(marathon_gate, mesos_is_another_path_of_the_same_place)
{
	struct location_facts facts = {0};

	PLAY({"GET", GATE "/v2/info", 200, NULL, INFO, 0},
	     {"GET", "https://dcos/mesos/master/state-summary", 200, NULL,
	      "{\"slaves\":[{\"resources\":{\"cpus\":4,\"mem\":2048}}],\"frameworks\":[]}", 0});
	cr_assert(open_at(&marathon_driver, GATE, "{\"token\":\"abc\"}") == 0, "%s", stand.err.text);
	cr_assert(connect_it(&facts) == PROGRESS_DONE, "%s", stand.err.text);
	cr_expect(starts_with(facts.details, "1 agent with 4 CPUs"), "%s", facts.details);
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
