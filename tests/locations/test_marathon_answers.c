/* test_marathon_answers.c - Marathon's answers and its stream of events, as its client reads them. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "locations/marathon/answers.h"

static struct arena arena;
static json_t *json;
static struct error err;

static void let_go(void)
{
	json_decref(json);
	arena_release(&arena);
}

TestSuite(marathon_answers, .fini = let_go);

static const json_t *text(const char *written)
{
	json_decref(json);
	json = json_loads(written, JSON_DECODE_ANY, NULL);
	cr_assert(json, "%s", written);
	return json;
}

static struct marathon_app app(const char *written)
{
	struct marathon_app ret;

	cr_assert(marathon_app_read(text(written), &arena, &ret, &err) == 0, "%s", err.text);
	return ret;
}

static void assert_reached(const struct marathon_app *of, size_t mapping, const char *address,
			   unsigned number)
{
	const char *found;
	uint16_t at;

	cr_assert(marathon_reached(of, &of->tasks[0], &of->mappings[mapping], &found, &at));
	cr_assert_str_eq(found, address);
	cr_assert(at == number, "%u", at);
}

Test(marathon_answers, ports_count_mappings_with_a_number_at_the_host)
{
	const struct marathon_app seen = app(
	    "{\"id\":\"/shop/till\",\"networks\":[{\"mode\":\"container\",\"name\":\"blue\"}],"
	    "\"container\":{\"portMappings\":[{\"containerPort\":70},{\"containerPort\":80,\"hostPort\":0},"
	    "{\"containerPort\":0,\"hostPort\":0,\"protocol\":\"udp\"}]},"
	    "\"tasks\":[{\"id\":\"t\",\"state\":\"TASK_RUNNING\",\"host\":\"10.1.1.1\",\"ports\":[4001,4002],"
	    "\"ipAddresses\":[{\"ipAddress\":\"172.18.0.9\"}]}]}");

	assert_reached(&seen, 0, "172.18.0.9", 70);
	assert_reached(&seen, 1, "10.1.1.1", 4001);
	assert_reached(&seen, 2, "10.1.1.1", 4002);
	cr_expect(seen.mappings[2].protocol == UDP);
	cr_expect_eq(seen.network, NETWORK_NAMED);
}

Test(marathon_answers, old_form_of_networks_is_read_alike)
{
	const struct marathon_app bridge =
	    app("{\"id\":\"/a\",\"container\":{\"docker\":{\"image\":\"x\",\"network\":\"BRIDGE\","
		"\"portMappings\":[{\"containerPort\":80,\"hostPort\":0,\"servicePort\":10001}]}},"
		"\"tasks\":[{\"id\":\"t\",\"host\":\"h\",\"ports\":[31000],\"startedAt\":\"2015-01-02T03:04:"
		"05Z\"}],"
		"\"ipAddress\":null,\"healthChecks\":[],\"lastTaskFailure\":null}");
	assert_reached(&bridge, 0, "h", 31000);

	const struct marathon_app host =
	    app("{\"id\":\"/a\",\"ports\":[10000],\"tasks\":[{\"id\":\"t\",\"host\":"
		"\"h\",\"state\":\"TASK_RUNNING\",\"ports\":[31001]}]}");
	assert_reached(&host, 0, "h", 31001);
	cr_expect(host.network == NETWORK_HOST);
}

/* One that has an address of its own told of its ports in a place of their own; lists that newer versions
 * left empty stand beside the old ones. */
Test(marathon_answers, ports_are_found_wherever_they_were_told)
{
	const struct marathon_app own = app(
	    "{\"id\":\"/a\",\"ipAddress\":{\"groups\":[],\"labels\":{},\"discovery\":{\"ports\":[{"
	    "\"number\":80,\"name\":\"web\",\"protocol\":\"tcp\"}]},\"networkName\":\"blue\"},\"ports\":[],"
	    "\"container\":{\"type\":\"MESOS\",\"docker\":null},\"tasks\":[{\"id\":\"t\",\"state\":"
	    "\"TASK_RUNNING\",\"host\":\"h\",\"ports\":[],\"ipAddresses\":[{\"ipAddress\":"
	    "\"9.0.1.2\",\"protocol\":\"IPv4\"}]}]}");
	assert_reached(&own, 0, "9.0.1.2", 80);
	cr_expect_str_eq(own.mappings[0].name, "web");

	const struct marathon_app both =
	    app("{\"id\":\"/a\",\"container\":{\"portMappings\":[],\"docker\":{\"network\":\"BRIDGE\","
		"\"portMappings\":[{\"containerPort\":80,\"hostPort\":0,\"servicePort\":null}]}},"
		"\"tasks\":[{\"id\":\"t\",\"state\":\"TASK_RUNNING\",\"host\":\"h\",\"ports\":[31000]}]}");
	assert_reached(&both, 0, "h", 31000);
}

Test(marathon_answers, times_are_read_as_they_ever_were_written)
{
	static const struct {
		const char *stamp;
		int64_t ms;
	} cases[] = {
	    {"2014-01-24T21:52:00Z", 1390600320000},
	    {"2014-01-24T21:52:00.5Z", 1390600320500},
	    {"2014-01-24T21:52:00.061Z", 1390600320061},
	    {"2014-01-24T21:52:00.061999Z", 1390600320061},
	    {"2014-01-24T21:52+0000", 1390600320000},
	    {"2014-01-24T22:52:00.000+01:00", 1390600320000},
	    {"2014-01-24T14:22-0730", 1390600320000},
	    {"2014-01-24T21:52", 0},
	    {"2014-01-24T21:52+", 0},
	    {"2014-01-24T21:52+01:0", 0},
	    {"2014-01-24T21:52+0100x", 0},
	    {"yesterday", 0},
	    {"", 0},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		cr_expect(marathon_time(cases[i].stamp) == cases[i].ms, "%s: %lld", cases[i].stamp,
			  (long long)marathon_time(cases[i].stamp));
}

Test(marathon_answers, deployments_of_an_app_may_be_their_ids_alone)
{
	const struct marathon_app seen = app("{\"id\":\"/a\",\"deployments\":[\"d1\",{\"id\":\"d2\"}]}");

	cr_assert(seen.deployment_count == 2);
	cr_expect(!strcmp(seen.deployments[0], "d1") && !strcmp(seen.deployments[1], "d2"));
}

Test(marathon_answers, crashed_and_staged_tasks_are_reached_nowhere)
{
	static const char *const states[] = {"TASK_FAILED", "TASK_KILLED", "TASK_STARTING",
					     "TASK_UNREACHABLE", "TASK_OF_TIMES_TO_COME"};

	for (size_t i = 0; i < COUNT_OF(states); i++) {
		char *written =
		    arena_format(&arena,
				 "{\"id\":\"/a\",\"portDefinitions\":[{\"port\":0}],\"tasks\":[{\"id\":"
				 "\"t\",\"host\":\"h\",\"state\":\"%s\",\"ports\":[31001]}]}",
				 states[i]);
		const struct marathon_app seen = app(written);
		const char *address;
		uint16_t number;
		cr_expect_not(marathon_reached(&seen, &seen.tasks[0], &seen.mappings[0], &address, &number),
			      "%s", states[i]);
	}
}

Test(marathon_answers, oldest_task_comes_first)
{
	const struct marathon_app seen =
	    app("{\"id\":\"/a\",\"tasks\":[{\"id\":\"young\",\"startedAt\":\"2020-01-01T00:00:02.000Z\"},"
		"{\"id\":\"staged\"},{\"id\":\"old\",\"startedAt\":\"2020-01-01T00:00:01.500Z\"}]}");

	cr_assert_str_eq(seen.tasks[0].id, "old");
	cr_assert_str_eq(seen.tasks[1].id, "young");
	cr_assert_str_eq(seen.tasks[2].id, "staged");
}

Test(marathon_answers, health_is_unknown_until_a_check_was_made)
{
	static const struct {
		const char *results;
		enum marathon_health health;
	} cases[] = {
	    {"null", HEALTH_UNKNOWN},
	    {"[]", HEALTH_UNKNOWN},
	    {"[{\"alive\":false,\"consecutiveFailures\":0}]", HEALTH_UNKNOWN},
	    {"[{\"alive\":true,\"lastSuccess\":\"2020-01-01T00:00:00Z\"}]", HEALTH_GOOD},
	    {"[{\"alive\":false,\"lastFailure\":\"2020-01-01T00:00:00Z\",\"lastFailureCause\":\"no\"}]",
	     HEALTH_BAD},
	    {"[{\"alive\":true},{\"alive\":false,\"consecutiveFailures\":0}]", HEALTH_UNKNOWN},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct marathon_task task;
		const char *written =
		    arena_format(&arena, "{\"id\":\"t\",\"healthCheckResults\":%s}", cases[i].results);
		cr_assert(marathon_task_read(text(written), &arena, &task, &err) == 0, "%s", err.text);
		cr_expect(task.health == cases[i].health, "%s", cases[i].results);
	}
}

Test(marathon_answers, what_matters_and_is_wrong_is_told)
{
	static const char *const wrong[] = {
	    "[]",
	    "{}",
	    "{\"id\":7}",
	    "{\"id\":\"/a\",\"instances\":\"two\"}",
	    "{\"id\":\"/a\",\"instances\":-1}",
	    "{\"id\":\"/a\",\"tasks\":{}}",
	    "{\"id\":\"/a\",\"tasks\":[{\"id\":\"t\",\"ports\":[70000]}]}",
	    "{\"id\":\"/a\",\"deployments\":[{\"no\":1}]}",
	    "{\"id\":\"/a\",\"versionInfo\":{\"lastScalingAt\":\"yesterday\"}}",
	};

	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		struct marathon_app ret;
		cr_expect(marathon_app_read(text(wrong[i]), &arena, &ret, &err) == -1, "%s", wrong[i]);
		cr_expect(err.code == ERR_UNREACHABLE, "%s", wrong[i]);
	}
}

Test(marathon_answers, refusal_is_one_line_whoever_said_it)
{
	static const struct {
		int status;
		const char *body, *words;
		size_t locks;
	} cases[] = {
	    {422,
	     "{\"message\":\"Object is not "
	     "valid\",\"details\":[{\"path\":\"/a(0)\",\"errors\":[\"x\",\"y\"]}]}",
	     "Object is not valid: `/a(0)`: x: `/a(0)`: y", 0},
	    {400, "{\"message\":\"Invalid JSON\",\"details\":\"line 1\\nline 2\"}",
	     "Invalid JSON: line 1 line 2", 0},
	    {409, "{\"message\":\"locked\",\"deployments\":[{\"id\":\"d1\"},{\"id\":\"d2\"}]}", "locked", 2},
	    {404, "{\"message\":\"gone\",\"details\":[]}", "gone", 0},
	    {502, "<html><body><h2>HTTP ERROR 502</h2>\r\n<p>Connection to leader refused.</p></body></html>",
	     "HTTP ERROR 502 Connection to leader refused.", 0},
	    {400,
	     "{\"message\":\"Bean is not valid\",\"errors\":[{\"attribute\":\"id\",\"error\":\"empty\"}]}",
	     "Bean is not valid: `id`: empty", 0},
	    {422, "{\"errors\":[{\"attribute\":\"id\",\"error\":\"empty\"},\"and so on\"]}",
	     "`id`: empty: and so on", 0},
	    {422, "[{\"path\":\"/a\",\"errors\":\"error.min\"}]", "`/a`: error.min", 0},
	    {422, "{\"message\":null,\"details\":{\"path\":\"/\",\"errors\":[\"x\"]}}", "x", 0},
	    {409, "{\"message\":\"locked\",\"deployments\":[\"d1\"]}", "locked", 1},
	    {401, "{\"title\":\"401 Unauthorized\",\"description\":\"no token\",\"code\":\"E\"}",
	     "401 Unauthorized: no token", 0},
	    {400, "\"no\"", "no", 0},
	    {401,
	     "<html>\r\n<head><title>401 Authorization Required</title><STYLE>a>b {}</STYLE></head>\r\n"
	     "<body><h1>401 Authorization&nbsp;Required</h1><!-- padding -->\r\n<hr>gate</body></html>",
	     "401 Authorization Required gate", 0},
	    {502, "<html><title>502 Bad &quot;Gate&quot;</title></html>", "502 Bad \"Gate\"", 0},
	    {502, "<html><title>no end", "no end", 0},
	    {502, "<script>no end", "no end", 0},
	    {400, "Failed to validate a < b & c", "Failed to validate a < b & c", 0},
	    {503, "", "there is no leader that answers", 0},
	    {401, "", "the user, password or token is not accepted", 0},
	    {500, "", "it answered 500 without a word", 0},
	    {500, "{}", "it answered 500 without a word", 0},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct marathon_refusal refusal;
		cr_assert(marathon_refusal_read(cases[i].status, cases[i].body, strlen(cases[i].body), &arena,
						&refusal) == 0);
		cr_expect_str_eq(refusal.words, cases[i].words);
		cr_expect(refusal.lock_count == cases[i].locks);
	}
}

Test(marathon_answers, queue_says_what_no_offer_had)
{
	static const struct {
		const char *item, *words, *steady;
	} cases[] = {
	    {"{\"count\":1,\"delay\":{\"timeLeftSeconds\":0,\"overdue\":true},\"app\":{\"id\":\"/"
	     "a\",\"mem\":8192},"
	     "\"processedOffersSummary\":{\"processedOffersCount\":5,\"rejectSummaryLastOffers\":[{"
	     "\"reason\":"
	     "\"InsufficientCpus\",\"declined\":0,\"processed\":5},{\"reason\":\"InsufficientMemory\","
	     "\"declined\":5,"
	     "\"processed\":5}]}}",
	     "5 offers, none with 8 GiB of memory", "offers came, none with 8 GiB of memory"},
	    {"{\"count\":1,\"app\":{\"id\":\"/"
	     "a\",\"cpus\":16},\"lastUnusedOffers\":[{\"offer\":{\"resources\":[{"
	     "\"name\":\"cpus\",\"scalar\":2.5},{\"name\":\"cpus\",\"scalar\":{\"value\":1}}]}}]}",
	     "1 offer, none with 16 CPUs (the most is 3.5)", "offers came, none with 16 CPUs"},
	    {"{\"app\":{\"id\":\"/a\"},\"delay\":{\"timeLeftSeconds\":784,\"overdue\":false}}",
	     "it ended too often: Marathon tries again in 784 s",
	     "it ended too often: Marathon tries again later"},
	    {"{\"count\":1,\"app\":{\"id\":\"/a\"},\"delay\":{\"timeLeftSeconds\":12,\"overdue\":false}}",
	     "it ended too often: Marathon tries again in 12 s",
	     "it ended too often: Marathon tries again later"},
	    {"{\"count\":1,\"app\":{\"id\":\"/a\"},\"delay\":{\"timeLeftSeconds\":0,\"overdue\":true}}",
	     "Marathon was made no offer by Mesos", "Marathon was made no offer by Mesos"},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct marathon_queued queued;
		cr_assert(marathon_queued_read(text(cases[i].item), &arena, &queued, &err) == 0, "%s",
			  err.text);
		cr_expect_str_eq(marathon_queued_words(&queued, false, &arena), cases[i].words);
		cr_expect_str_eq(marathon_queued_words(&queued, true, &arena), cases[i].steady);
	}
}

Test(marathon_answers, group_has_its_apps_and_its_groups)
{
	struct marathon_group group;

	cr_assert(marathon_group_read(
		      text("{\"id\":\"/g\",\"apps\":[{\"id\":\"/g/a\"}],\"groups\":[{\"id\":\"/g/s\","
			   "\"apps\":null,\"groups\":[]}],\"pods\":[{}],\"enforceRole\":false}"),
		      &arena, &group, &err) == 0,
		  "%s", err.text);
	cr_assert(group.app_count == 1 && group.group_count == 1 && group.pod_count == 1);
	cr_assert_str_eq(group.groups[0].id, "/g/s");
}

/* --- the stream ----------------------------------------------------------------------------- */

static bool note(void *owner, const char *name, const char *data, size_t size)
{
	text_format(owner, "<%s|%.*s>", name, (int)size, data);
	return true;
}

Test(marathon_answers, stream_is_the_same_however_it_is_cut)
{
	static const char bytes[] =
	    "\r\nevent: one\r\ndata: {\"a\":1}\r\n\r\n\r\n\r\nevent: two\ndata: x\ndata: y\n\n"
	    ": said to nobody\rdata:z\r\revent: cut off\r\n";

	for (size_t piece = 1; piece < sizeof bytes; piece++) {
		owned_text told = {0};
		struct marathon_stream stream = {.event = note, .owner = &told};
		for (size_t at = 0; at < sizeof bytes - 1; at += piece) {
			size_t left = sizeof bytes - 1 - at;
			cr_assert(marathon_stream_feed(&stream, bytes + at, left < piece ? left : piece));
		}
		cr_assert_str_eq(text_view(&told), "<one|{\"a\":1}><two|x\ny><|z>");
		marathon_stream_release(&stream);
	}
}

Test(marathon_answers, stream_without_lines_is_given_up)
{
	struct marathon_stream stream = {.event = note};
	static char bytes[1 << 16];
	size_t fed = 0;

	memset(bytes, 'x', sizeof bytes);
	while (marathon_stream_feed(&stream, bytes, sizeof bytes) && fed <= MARATHON_EVENT_MOST)
		fed += sizeof bytes;
	cr_assert(stream.overflow && fed <= MARATHON_EVENT_MOST);
	marathon_stream_release(&stream);
}

Test(marathon_answers, event_names_its_apps_and_its_deployment)
{
	struct marathon_event event;

	cr_assert(marathon_event_read(
		      "",
		      text("{\"eventType\":\"deployment_success\",\"id\":\"d\",\"plan\":{\"id\":\"d\","
			   "\"steps\":[{\"actions\":[{\"action\":\"ScaleApplication\",\"app\":\"/a\"},"
			   "{\"type\":\"ScaleApplication\",\"app\":\"/b\"}]},{\"actions\":[{\"app\":"
			   "\"/a\"}]}]}}"),
		      &arena, &event, &err) == 0);
	cr_assert(event.app_count == 2 && !strcmp(event.apps[1], "/b") && !strcmp(event.deployment, "d"));

	cr_assert(
	    marathon_event_read("instance_changed_event",
				text("{\"runSpecId\":\"/a\",\"instanceId\":\"i\",\"condition\":\"Running\","
				     "\"host\":null}"),
				&arena, &event, &err) == 0);
	cr_assert(!strcmp(event.app, "/a") && !strcmp(event.task, "i") && !strcmp(event.state, "Running"));
}

/* A step was one thing to do before, or a list of them. */
Test(marathon_answers, steps_of_before_name_their_apps_too)
{
	struct marathon_event event;

	cr_assert(
	    marathon_event_read(
		"deployment_info",
		text("{\"plan\":{\"id\":\"d\",\"steps\":[{\"action\":\"ScaleApplication\",\"app\":\"/a\"},"
		     "[{\"type\":\"ScaleApplication\",\"app\":\"/b\"},{\"app\":\"/a\"}],null]},"
		     "\"currentStep\":{\"action\":\"ScaleApplication\",\"app\":\"/a\"}}"),
		&arena, &event, &err) == 0);
	cr_assert(event.app_count == 2);
	cr_expect(!strcmp(event.apps[0], "/a") && !strcmp(event.apps[1], "/b"));
}
