/* test_marathon_traps.c - where Marathon does otherwise than one would think: what its driver asks for, waits
 * for and believes then. */
#include <string.h>

#include "locations/marathon/answers.h"
#include "tests/locations/marathon_bench.h"

TestSuite(marathon_traps, .fini = close_all);

#define WHO                                                                                                  \
	{                                                                                                    \
		"GET", "http://a:8080/v2/info", 200, NULL,                                                   \
		    "{\"version\":\"1.11.2\",\"frameworkId\":\"f\",\"marathon_config\":{}}", 0               \
	}
#define THE_APP     "http://a:8080/v2/apps/shop/web"
#define DEPLOYMENTS "http://a:8080/v2/deployments"
#define ACCEPTED    "{\"version\":\"2020-01-01T00:00:00.000Z\",\"deploymentId\":\"d\"}"
#define UNDER_WAY   "[{\"id\":\"d\",\"affectedApps\":[\"/shop/web\"],\"steps\":[],\"currentActions\":[]}]"
#define APP(more)                                                                                            \
	"{\"app\":{\"id\":\"/shop/web\",\"version\":\"2020-01-01T00:00:00.000Z\",\"labels\":{\"berth.app\":" \
	"\"shop\",\"berth.instance\":\"shop.web.1\",\"berth.spec\":\"d\",\"berth.count\":\"3\"}," more "}}"
#define ABSENT 404, NULL, "{\"message\":\"no\",\"details\":[]}"

static void open_it(void)
{
	cr_assert(open_at(&marathon_driver, "http://a", "{\"user\":\"ann\",\"password\":\"p\"}") == 0, "%s",
		  stand.err.text);
}

static int64_t now(void)
{
	return stand.world->ops->now(stand.world);
}

static enum progress remove_it(void)
{
	return AWAIT_MARATHON(remove, "shop", "shop.web.1");
}

static enum progress update_it(const char *digest)
{
	struct instance_spec made = *web();

	snprintf(made.digest, sizeof(made.digest), "%s", digest);
	return AWAIT_MARATHON(update, &made);
}

/* --- what goes --------------------------------------------------------------------------------------------
 */

/* The app is told no more from the answer on, nor are its tasks, which run still. */
Test(marathon_traps, removal_is_over_when_its_deployment_is_not_when_the_app_is_gone)
{
	PLAY(WHO, {"GET", THE_APP, 200, NULL, APP("\"instances\":1"), 1},
	     {"DELETE", THE_APP, 200, NULL, ACCEPTED, 1}, {"GET", THE_APP, ABSENT, 0},
	     {"GET", DEPLOYMENTS, 200, NULL, UNDER_WAY, 5}, {"GET", DEPLOYMENTS, 200, NULL, "[]", 0});
	open_it();
	cr_assert(remove_it() == PROGRESS_DONE, "%s", stand.err.text);
	cr_expect_eq(requests("GET " DEPLOYMENTS), 6, "%s", text_view(&stand.asked));
	cr_expect_eq(requests("DELETE " THE_APP "?force=true\n"), 1, "%s", text_view(&stand.asked));
}

/* What is forced is listed a moment later than it is accepted. */
Test(marathon_traps, what_was_forced_and_is_not_listed_yet_is_not_over)
{
	PLAY(WHO, {"GET", THE_APP, 200, NULL, APP("\"instances\":1,\"deployments\":[{\"id\":\"old\"}]"), 1},
	     {"DELETE", THE_APP, 200, NULL, ACCEPTED, 1}, {"GET", DEPLOYMENTS, 200, NULL, "[]", 2},
	     {"GET", DEPLOYMENTS, 200, NULL, UNDER_WAY, 3}, {"GET", DEPLOYMENTS, 200, NULL, "[]", 0});
	open_it();
	cr_assert(remove_it() == PROGRESS_DONE, "%s", stand.err.text);
	cr_expect_eq(requests("GET " DEPLOYMENTS), 6, "%s", text_view(&stand.asked));
}

static void hear_words(void *owner, const char *words)
{
	text_format(owner, "%s\n", words);
}

Test(marathon_traps, tasks_of_a_lost_agent_are_told_of_since_nobody_waits_for_them)
{
	owned_text said = {0};

	PLAY(
	    WHO,
	    {"GET", THE_APP, 200, NULL,
	     APP("\"instances\":1,\"tasks\":[{\"id\":\"t\",\"state\":\"TASK_UNREACHABLE\",\"host\":\"h7\"}]"),
	     1},
	    {"DELETE", THE_APP, 200, NULL, ACCEPTED, 1}, {"GET", DEPLOYMENTS, 200, NULL, "[]", 0});
	open_it();
	stand.location.say = hear_words;
	stand.location.say_owner = &said;
	cr_assert(remove_it() == PROGRESS_DONE, "%s", stand.err.text);
	cr_expect(strstr(text_view(&said), "may still run on h7"), "%s", text_view(&said));
}

/* Without `force` a group's end is refused while something of it is under way, which is what is wanted. */
Test(marathon_traps, the_end_of_a_group_is_never_forced)
{
	PLAY(WHO, {"GET", "http://a:8080/v2/groups/shop?", 200, NULL, "{\"id\":\"/shop\"}", 0},
	     {"DELETE", "http://a:8080/v2/groups/shop", 409, NULL,
	      "{\"message\":\"locked\",\"deployments\":[{\"id\":\"x\"}]}", 2},
	     {"DELETE", "http://a:8080/v2/groups/shop", 200, NULL, ACCEPTED, 1});
	open_it();
	cr_assert(AWAIT_MARATHON(release, "shop", false) == PROGRESS_DONE, "%s", stand.err.text);
	cr_expect_eq(requests("DELETE http://a:8080/v2/groups/shop\n"), 3, "%s", text_view(&stand.asked));
}

/* A group that goes takes along all that is in it. */
Test(marathon_traps, what_others_put_into_the_group_stays_and_is_told)
{
	owned_text said = {0};

	PLAY(WHO,
	     {"GET", "http://a:8080/v2/groups/shop?", 200, NULL,
	      "{\"id\":\"/shop\",\"apps\":[{\"id\":\"/shop/theirs\"}],\"groups\":[{\"id\":\"/shop/sub\"},{"
	      "\"id\":\"/shop/berth-lease-1\",\"groups\":[]}],\"pods\":[{}]}",
	      0});
	open_it();
	stand.location.say = hear_words;
	stand.location.say_owner = &said;
	cr_assert(AWAIT_MARATHON(release, "shop", false) == PROGRESS_DONE, "%s", stand.err.text);
	cr_expect_eq(requests("DELETE"), 0, "%s", text_view(&stand.asked));
	cr_expect(strstr(text_view(&said), "put there: app `/shop/theirs`, group `/shop/sub`, 1 pod\n"), "%s",
		  text_view(&said));
}

/* --- what changes ------------------------------------------------------------------------------------------
 */

/* Else it would be merged: what is not written any more would stay. */
Test(marathon_traps, change_is_of_the_whole_app)
{
	PLAY(WHO, {"GET", THE_APP, 200, NULL, APP("\"instances\":3"), 1},
	     {"PUT", THE_APP, 200, NULL, ACCEPTED, 1},
	     {"GET", THE_APP, 200, NULL,
	      "{\"app\":{\"id\":\"/shop/web\",\"instances\":3,\"labels\":{\"berth.app\":\"shop\","
	      "\"berth.instance\":\"shop.web.1\",\"berth.spec\":\"other\",\"berth.count\":\"3\"}}}",
	      0});
	open_it();
	cr_assert(update_it("other") == PROGRESS_DONE, "%s", stand.err.text);
	cr_expect_eq(requests("PUT " THE_APP "?partialUpdate=false\n"), 1, "%s", text_view(&stand.asked));
	cr_expect_null(strstr(text_view(&stand.sent), "\"version\""), "with it nothing else may be said");
	cr_expect(strstr(text_view(&stand.sent), "\"image\":\"web:1\""), "%s", text_view(&stand.sent));
}

/* No deployment ever fails by itself. */
Test(marathon_traps, change_that_does_not_end_is_taken_back_and_says_why)
{
	static const char queue[] =
	    "{\"queue\":[{\"count\":1,\"delay\":{\"timeLeftSeconds\":0,\"overdue\":true},\"app\":{\"id\":\"/"
	    "shop/"
	    "web\",\"mem\":8192},\"processedOffersSummary\":{\"processedOffersCount\":5,"
	    "\"rejectSummaryLastOffers\":[{\"reason\":\"InsufficientMemory\",\"declined\":5,\"processed\":5}]"
	    "}}]}";

	PLAY(WHO, {"GET", THE_APP, 200, NULL, APP("\"instances\":3,\"deployments\":[]"), 1},
	     {"PUT", THE_APP, 200, NULL, ACCEPTED, 1}, {"DELETE", DEPLOYMENTS "/d", 200, NULL, ACCEPTED, 1},
	     {"GET", "http://a:8080/v2/queue", 200, NULL, queue, 0},
	     {"GET", THE_APP, 200, NULL,
	      "{\"app\":{\"id\":\"/shop/web\",\"instances\":3,\"deployments\":[{\"id\":\"d\"}],\"labels\":{"
	      "\"berth.app\":\"shop\",\"berth.instance\":\"shop.web.1\",\"berth.spec\":\"other\"}}}",
	      0});
	cr_assert(open_at(&marathon_driver, "http://a", "{\"patience\":\"20s\"}") == 0, "%s", stand.err.text);
	cr_assert(update_it("other") == PROGRESS_FAILED);
	cr_expect(strstr(stand.err.text, "5 offers, none with 8 GiB"), "%s", stand.err.text);
	cr_expect_eq(requests("DELETE " DEPLOYMENTS "/d\n"), 1, "%s", text_view(&stand.asked));
	cr_expect(now() >= 20000 && now() < 60000, "%lld", (long long)now());
}

/* It is told as 403, which means a lack of rights elsewhere. */
Test(marathon_traps, too_many_deployments_are_waited_for)
{
	static const char full[] =
	    "{\"message\":\"Max number (1) of running deployments is achieved. Wait for existing "
	    "deployments to complete or cancel one\"}";

	PLAY(WHO, {"GET", THE_APP, 200, NULL, APP("\"instances\":0"), 0},
	     {"PUT", THE_APP, 403, NULL, full, 5}, {"PUT", THE_APP, 200, NULL, ACCEPTED, 1});
	open_it();
	const struct instance_spec *made = web();
	cr_assert(AWAIT_MARATHON(start, made) == PROGRESS_DONE, "%s", stand.err.text);
	cr_expect_eq(requests("PUT " THE_APP), 6, "%s", text_view(&stand.asked));
}

Test(marathon_traps, too_many_deployments_for_too_long_are_no_lack_of_rights)
{
	static const char full[] = "{\"message\":\"Max number (1) of running deployments is achieved.\"}";

	PLAY(WHO, {"GET", THE_APP, 200, NULL, APP("\"instances\":0"), 0},
	     {"PUT", THE_APP, 403, NULL, full, 0});
	cr_assert(open_at(&marathon_driver, "http://a", "{\"patience\":\"5s\"}") == 0, "%s", stand.err.text);
	cr_assert(update_it("other") == PROGRESS_FAILED);
	cr_expect(stand.err.code == ERR_CONFLICT && strstr(stand.err.text, "Max number"), "%s",
		  stand.err.text);
	PLAY(WHO, {"GET", THE_APP, 200, NULL, APP("\"instances\":0"), 0},
	     {"PUT", THE_APP, 403, NULL, "{\"message\":\"Not Authorized to perform this action!\"}", 0});
	cr_assert(update_it("other") == PROGRESS_FAILED);
	cr_expect(stand.err.code == ERR_DENIED, "%s", stand.err.text);
}

/* --- what is believed --------------------------------------------------------------------------------------
 */

static bool is_running(const char *app_more, size_t *ret_tasks)
{
	struct arena arena = {0};
	struct observed seen;
	const char *written = arena_format(&arena, APP("%s"), app_more);

	PLAY(WHO, {"GET", THE_APP, 200, NULL, written, 0});
	enum progress progress = AWAIT_MARATHON(look, "shop", "shop.web.1", &arena, &seen);
	cr_assert(progress == PROGRESS_DONE, "%s", stand.err.text);
	bool placed = seen.attachment_count && seen.attachments[0].address;
	*ret_tasks = seen.task_count;
	arena_release(&arena);
	return seen.state == SEEN_RUNNING && placed;
}

/* After a change of the leader what waits for offers is a success, and so is what ended again at once. */
Test(marathon_traps, deployment_that_was_a_success_is_no_task)
{
	size_t tasks;

	open_it();
	cr_expect_not(is_running("\"instances\":1,\"deployments\":[],\"tasks\":[]", &tasks));
	cr_expect_eq(tasks, 0);
	cr_expect_not(is_running("\"instances\":1,\"deployments\":[],\"tasks\":[{\"id\":\"t\",\"host\":\"h\","
				 "\"state\":\"TASK_FAILED\",\"ports\":[]}]",
				 &tasks));
	cr_expect(
	    is_running("\"instances\":1,\"deployments\":[],\"tasks\":[{\"id\":\"t\",\"host\":\"10.0.0.3\","
		       "\"state\":\"TASK_RUNNING\",\"ports\":[31000]}]",
		       &tasks));
}

/* Without checks none is healthy; with one, none is until that was made. */
Test(marathon_traps, nobody_is_healthy_where_nobody_asks)
{
	size_t tasks;

	open_it();
	cr_expect(is_running(
	    "\"instances\":1,\"tasksHealthy\":0,\"tasksUnhealthy\":0,\"tasks\":[{\"id\":\"t\",\"host\":"
	    "\"h\",\"state\":\"TASK_RUNNING\",\"ports\":[31000]}]",
	    &tasks));
	cr_expect_not(
	    is_running("\"instances\":1,\"healthChecks\":[{\"protocol\":\"TCP\"}],\"tasks\":[{\"id\":\"t\","
		       "\"host\":\"h\",\"state\":\"TASK_RUNNING\",\"ports\":[31000]}]",
		       &tasks));
}

/* A listing of all has them; one app has not. */
Test(marathon_traps, numbers_are_not_taken_from_service_ports)
{
	struct arena arena = {0};
	struct observed seen;

	PLAY(WHO,
	     {"GET", THE_APP, 200, NULL,
	      APP("\"instances\":1,\"container\":{\"portMappings\":[{\"containerPort\":80,\"hostPort\":0,"
		  "\"servicePort\":10003}]},\"networks\":[{\"mode\":\"container/"
		  "bridge\"}],\"tasks\":[{\"id\":\"t\","
		  "\"host\":\"10.0.0.3\",\"state\":\"TASK_RUNNING\",\"ports\":[31007],\"servicePorts\":["
		  "10003]}]"),
	      0});
	open_it();
	cr_assert(AWAIT_MARATHON(look, "shop", "shop.web.1", &arena, &seen) == PROGRESS_DONE);
	cr_assert(seen.attachment_count == 1 && seen.attachments[0].port_count == 1);
	cr_expect_eq(seen.attachments[0].ports[0].number, 31007);
	arena_release(&arena);
}

/* An unknown path is answered by 500, and so is a standby's leader that is away: neither tells of an app. */
Test(marathon_traps, what_is_no_answer_about_an_app_is_not_its_absence)
{
	struct arena arena = {0};
	struct observed seen;

	PLAY(WHO, {"GET", THE_APP, 500, NULL, "{\"message\":\"URI not found\"}", 0});
	open_it();
	cr_assert(AWAIT_MARATHON(look, "shop", "shop.web.1", &arena, &seen) == PROGRESS_FAILED);
	cr_expect(stand.err.code == ERR_UNREACHABLE && strstr(stand.err.text, "URI not found"), "%s",
		  stand.err.text);
	arena_release(&arena);
}

/* A standby passes nothing on of what has no length, and what has nothing to say has that of nothing. */
Test(marathon_traps, whatever_is_no_reading_has_a_body_even_if_an_empty_one)
{
	PLAY(WHO, {"GET", THE_APP, 200, NULL, APP("\"instances\":3"), 1},
	     {"DELETE", THE_APP, 200, NULL, ACCEPTED, 1}, {"GET", DEPLOYMENTS, 200, NULL, "[]", 0});
	open_it();
	cr_assert(remove_it() == PROGRESS_DONE, "%s", stand.err.text);
	cr_expect_eq(requests("DELETE "), 1);
	cr_expect_eq(stand.unsized, 0, "%s", text_view(&stand.asked));
}

/* Standbys write some names of headers in lower case. */
Test(marathon_traps, names_of_headers_have_no_case)
{
	struct lease lease = {.token = "t", .words = "w", .ttl_ms = 30000}, got = {0};
	struct arena arena = {0};

	PLAY(WHO,
	     {"GET", "http://a:8080/v2/groups/shop?", 200, "date: Fri, 27 Nov 2026 20:00:00 GMT\r\n",
	      "{\"id\":\"/shop\"}", 1},
	     {"POST", "http://a:8080/v2/groups", 201, NULL, ACCEPTED, 1},
	     {"GET", "http://a:8080/v2/groups/shop?", 200, "date: Fri, 27 Nov 2026 20:00:00 GMT\r\n",
	      "{\"id\":\"/shop\",\"groups\":[]}", 0});
	open_it();
	cr_assert(AWAIT_MARATHON(lease, "shop", &lease, &arena, &got) == PROGRESS_DONE, "%s", stand.err.text);
	cr_expect_str_eq(got.token, "t");
	arena_release(&arena);
}

/* --- the stream of events ----------------------------------------------------------------------------------
 */

static unsigned heard;

static void hear(void *owner, const char *name, const struct told_end *end)
{
	(void)owner, (void)end;
	cr_expect_null(name, "an event names no instance of ours");
	heard++;
}

static void pass(int64_t ms)
{
	virtual_world_run(stand.world, NULL, NULL, ms);
}

static void watch_it(void)
{
	cr_assert(stand.location.driver->watch(&stand.location, "shop", hear, NULL, &stand.err) == 0, "%s",
		  stand.err.text);
}

#define STREAM "Content-Type: text/event-stream;charset=utf-8\r\nConnection: close\r\n"

/* A list of kinds is refused with 405; a standby answers 302, and whoever follows must say again who asks. */
Test(marathon_traps, stream_is_asked_for_exactly_and_followed_to_the_leader)
{
	PLAY({"GET", "http://a:8080/v2/events", 302, "Location: http://l:8080/v2/events\r\n", "", 1},
	     {"GET", "http://l:8080/v2/events", 200, STREAM, "\r\n", 1});
	open_it();
	watch_it();
	pass(100);
	cr_expect_eq(requests("Accept: text/event-stream\n"), 2, "%s", text_view(&stand.asked));
	cr_expect_eq(requests("Authorization: Basic"), 2, "%s", text_view(&stand.asked));
	cr_expect_eq(requests("GET http://l:8080/v2/events\n"), 1, "%s", text_view(&stand.asked));
}

/* What stands before it sends whom it does not know to log in elsewhere, where that is nobody's matter. */
Test(marathon_traps, stream_is_not_asked_for_where_one_is_sent_to_log_in)
{
	PLAY({"GET", "http://a:8080/v2/events", 302, "Location: http://sso/login?to=/v2/events\r\n", "", 0},
	     {"GET", "http://sso", 200, STREAM, "\r\n", 0});
	open_it();
	watch_it();
	pass(100);
	cr_expect_null(strstr(text_view(&stand.asked), "sso"), "%s", text_view(&stand.asked));
}

/* Nothing is told again that was missed: from its head on, and after its end, all is listed. */
Test(marathon_traps, where_a_stream_begins_and_ends_all_is_listed)
{
	heard = 0;
	PLAY({"GET", "http://a:8080/v2/events", 200, STREAM,
	      "event: event_stream_attached\r\ndata: "
	      "{\"eventType\":\"event_stream_attached\",\"remoteAddress\":"
	      "\"me\"}\r\n\r\n\r\n",
	      0});
	open_it();
	watch_it();
	pass(100);
	cr_expect_eq(heard, 2, "%u: our own coming is no news", heard);
	pass(300);
	cr_expect_eq(heard, 4, "%u: it comes back by itself", heard);
}

#define EVENT(kind, members) "event: " kind "\r\ndata: {\"eventType\":\"" kind "\"," members "}\r\n\r\n"

/* They come in any order, one of them under the id of a deployment that nobody knows, one with an instance's
 * id where it says `taskId`: each only says which app is to be looked at. */
Test(marathon_traps, events_only_say_that_something_is_to_be_looked_at)
{
	heard = 0;
	PLAY({"GET", "http://a:8080/v2/events", 200, STREAM,
	      EVENT("deployment_failed", "\"id\":\"nobody's\",\"reason\":\"locked\"") EVENT(
		  "failed_health_check_event", "\"appId\":\"/shop/web\",\"taskId\":\"shop_web.instance-1\"")
		  EVENT("group_change_success", "\"groupId\":\"/\",\"version\":\"v\"")
		      EVENT("status_update_event", "\"appId\":\"/other/web\",\"taskStatus\":\"TASK_RUNNING\"")
			  EVENT("instance_changed_event", "\"runSpecId\":\"/shop/web\",\"instanceId\":\"i\"")
			      EVENT("of_times_to_come", "\"more\":[]"),
	      0});
	open_it();
	watch_it();
	pass(100);
	cr_expect_eq(heard, 2 + 2, "%u: of the stream's two ends, and two of ours", heard);
}
