/* test_marathon.c - the Marathon driver against answers that a test scripts: whom it asks, as whom, and what
 * it makes of what goes wrong. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "locations/location.h"
#include "tests/support/virtual_world.h"

/* The first line that a request fits (method and the beginning of the address) answers it, so often; 0:
 * always. Status 0: nobody is there; -1: the answer is lost after its effect. */
struct line {
	const char *method, *url;
	long status;
	const char *headers, *body;
	unsigned times;
};

static struct line script[16];
static struct text asked; /* "GET http://a:8080/v2/info\n" and the headers that matter */
static struct text sent;  /* the bodies */
static struct world *world;
static struct location location;
static struct location_spec spec;
static json_t *options;
static struct arena arena;
static struct error err;
static struct errand errand;
static bool woken;
static const char *variables[6]; /* names, each before its value */

#define INFO                                                                                                 \
	"{\"version\":\"1.11.26\",\"name\":\"marathon\",\"frameworkId\":\"f-1\",\"marathon_config\":{"       \
	"\"mesos_leader_ui_url\":\"http://m:5050/\"}}"

static int64_t answer_http(void *owner, const struct http_request *request, struct http_answer *answer)
{
	(void)owner;
	text_format(&asked, "%s %s\n", request->method, request->url);
	for (size_t i = 0; request->headers && request->headers[i]; i++)
		if (starts_with(request->headers[i], "Authorization"))
			text_format(&asked, "%s\n", request->headers[i]);
	text_add_bytes(&sent, request->body ? request->body : "", request->body_size);
	for (struct line *line = script; line->url; line++) {
		if (strcmp(line->method, request->method) != 0 || !starts_with(request->url, line->url))
			continue;
		if (line->times && --line->times == 0)
			line->method = "used";
		if (line->status <= 0)
			fail(&answer->error, ERR_UNREACHABLE, "cannot connect: Connection refused");
		answer->sent = line->status != 0;
		answer->status = line->status > 0 ? (int)line->status : 0;
		text_add(&answer->headers, line->headers ? line->headers : "");
		text_add(&answer->body, line->body ? line->body : "");
		return 1;
	}
	fail(&answer->error, ERR_UNREACHABLE, "nobody is scripted for that");
	return 1;
}

static const char *environment(const char *name)
{
	for (size_t i = 0; i < 6; i += 2)
		if (variables[i] && !strcmp(variables[i], name))
			return variables[i + 1];
	return NULL;
}

static void wake(struct errand *of)
{
	(void)of;
	woken = true;
}

static bool is_woken(void *owner)
{
	(void)owner;
	return woken;
}

static int open_at(const struct location_driver *driver, const char *target, const char *more)
{
	static const struct virtual_hooks hooks = {.http = answer_http};

	world = virtual_world_new(1);
	virtual_world_hooks(world, &hooks);
	options = json_loads(more ? more : "{}", 0, NULL);
	spec = (struct location_spec){
	    .name = "here", .type = driver->type, .target = target, .options = options};
	location = (struct location){.driver = driver,
				     .world = world,
				     .name = "here",
				     .spec = &spec,
				     .state_directory = "/nonexistent",
				     .helper = "",
				     .environment = environment};
	return driver->open(&location, &err);
}

static void close_all(void)
{
	if (location.state)
		location.driver->close(&location);
	virtual_world_free(world);
	json_decref(options);
	arena_release(&arena);
	text_release(&asked);
	text_release(&sent);
}

TestSuite(marathon, .fini = close_all);

/* Goes on until the call is over. */
#define AWAIT_MARATHON(call)                                                                                 \
	({                                                                                                   \
		enum progress progress_;                                                                     \
		errand = (struct errand){.wake = wake};                                                      \
		while ((progress_ = (call)) == PROGRESS_WAITING) {                                           \
			woken = false;                                                                       \
			cr_assert(virtual_world_run(world, is_woken, NULL, 3600000), "nobody woke it");      \
		}                                                                                            \
		progress_;                                                                                   \
	})

static enum progress connect_it(struct location_facts *facts)
{
	return AWAIT_MARATHON(location.driver->connect(&location, &errand, facts, &err));
}

static enum progress list_it(const char *app, size_t *ret_count)
{
	const struct list_request request = {.app = app};
	struct inventory inventory = {0};
	enum progress progress =
	    AWAIT_MARATHON(location.driver->list(&location, &errand, &request, &inventory, &err));

	*ret_count = inventory.instance_count;
	inventory_release(&inventory);
	return progress;
}

static void play(const struct line *lines, size_t count)
{
	memset(script, 0, sizeof(script));
	memcpy(script, lines, count * sizeof(*lines));
}

#define PLAY(...)                                                                                            \
	play((const struct line[]){__VA_ARGS__},                                                             \
	     sizeof((const struct line[]){__VA_ARGS__}) / sizeof(struct line))

/* --- options ------------------------------------------------------------------------------------------- */

Test(marathon, addresses_of_any_order_are_one_place)
{
	cr_assert(open_at(&marathon_driver, "http://b:8080,a,https://c/service/marathon/", NULL) == 0, "%s",
		  err.text);
	cr_assert_str_eq(location.driver->identity(&location),
			 "http://a:8080,http://b:8080,https://c/service/marathon");
}

Test(marathon, what_is_no_address_is_refused)
{
	static const char *const wrong[] = {"ftp://a", "http://", "http://a/?x", "http://u:p@a:8080"};

	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		cr_expect(open_at(&marathon_driver, wrong[i], NULL) == -1, "%s", wrong[i]);
		cr_expect(err.code == ERR_INVALID && *err.remedy, "%s", wrong[i]);
		cr_expect_null(strstr(err.text, "u:p"), "%s", err.text);
		virtual_world_free(give(world));
		json_decref(give(options));
	}
}

Test(marathon, address_comes_from_the_environment_when_nobody_says_it)
{
	const json_t *kept = NULL;

	variables[0] = "MARATHON_URL", variables[1] = "http://e:9000";
	cr_assert(open_at(&marathon_driver, "", NULL) == 0, "%s", err.text);
	location.driver->resolved(&location, &kept);
	cr_assert_str_eq(json_text(kept, "url"), "http://e:9000");
}

Test(marathon, who_asks_comes_from_the_environment_too)
{
	struct location_facts facts = {0};

	variables[0] = "MARATHON_URL", variables[1] = "http://a";
	variables[2] = "MARATHON_USER", variables[3] = "ann";
	variables[4] = "MARATHON_PASSWORD", variables[5] = "secret";
	PLAY({"GET", "http://a:8080/v2/info", 401, NULL, "", 0});
	cr_assert(open_at(&marathon_driver, "", NULL) == 0, "%s", err.text);
	cr_assert(connect_it(&facts) == PROGRESS_FAILED && err.code == ERR_DENIED);
	cr_assert(strstr(text_view(&asked), "Authorization: Basic YW5uOnNlY3JldA=="), "%s",
		  text_view(&asked));
}

Test(marathon, token_comes_from_the_environment_too)
{
	struct location_facts facts = {0};

	variables[0] = "MARATHON_URL", variables[1] = "http://a";
	variables[2] = "DCOS_ACS_TOKEN", variables[3] = "abc";
	PLAY({"GET", "http://a:8080/v2/info", 403, NULL, "{\"message\":\"no\"}", 0});
	cr_assert(open_at(&marathon_driver, "", NULL) == 0, "%s", err.text);
	cr_assert(connect_it(&facts) == PROGRESS_FAILED && err.code == ERR_DENIED);
	cr_assert(strstr(text_view(&asked), "Authorization: token=abc"), "%s", text_view(&asked));
}

Test(marathon, masters_of_mesos_come_from_the_environment_too)
{
	const json_t *kept = NULL;

	variables[0] = "MESOS_URL", variables[1] = "http://m:5050";
	cr_assert(open_at(&mesos_driver, "", NULL) == 0, "%s", err.text);
	location.driver->resolved(&location, &kept);
	cr_assert_str_eq(json_text(kept, "url"), "http://m:5050");
}

Test(marathon, options_about_tls_need_tls)
{
	cr_assert(open_at(&marathon_driver, "http://a", "{\"tlsVerify\":false}") == -1);
	cr_assert(strstr(err.text, "without TLS"), "%s", err.text);
}

Test(marathon, password_goes_with_each_request_and_into_no_words)
{
	struct location_facts facts = {0};

	PLAY({"GET", "http://a:8080/v2/info", 401, NULL, "", 0});
	cr_assert(open_at(&marathon_driver, "http://a", "{\"user\":\"ann\",\"password\":\"secret\"}") == 0);
	cr_assert(connect_it(&facts) == PROGRESS_FAILED);
	cr_assert(err.code == ERR_DENIED, "%s", err.text);
	cr_assert(strstr(text_view(&asked), "Authorization: Basic YW5uOnNlY3JldA=="), "%s",
		  text_view(&asked));
	cr_assert_null(strstr(err.text, "secret"));
}

Test(marathon, token_is_sent_as_dcos_wants_it)
{
	struct location_facts facts = {0};

	variables[0] = "T", variables[1] = "abc";
	PLAY({"GET", "http://a:8080/v2/info", 403, NULL, "{\"message\":\"no\"}", 0});
	cr_assert(open_at(&marathon_driver, "http://a", "{\"token\":\"env:T\"}") == 0, "%s", err.text);
	cr_assert(connect_it(&facts) == PROGRESS_FAILED && err.code == ERR_DENIED);
	cr_assert(strstr(text_view(&asked), "Authorization: token=abc"), "%s", text_view(&asked));
}

/* --- whom it asks --------------------------------------------------------------------------------------- */

Test(marathon, next_address_is_asked_when_one_is_nobody)
{
	struct location_facts facts = {0};

	PLAY({"GET", "http://a:8080", 0, NULL, NULL, 0}, {"GET", "http://b:8080/v2/info", 200, NULL, INFO, 0},
	     {"GET", "http://m:5050", 0, NULL, NULL, 0});
	cr_assert(open_at(&marathon_driver, "http://a,http://b", NULL) == 0);
	cr_assert(connect_it(&facts) == PROGRESS_DONE, "%s", err.text);
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
	cr_assert(connect_it(&facts) == PROGRESS_DONE, "%s", err.text);
}

Test(marathon, without_a_leader_for_long_it_is_not_known)
{
	struct location_facts facts = {0};

	PLAY({"GET", "http://a:8080", 500, NULL, "", 0});
	cr_assert(open_at(&marathon_driver, "http://a", NULL) == 0);
	cr_assert(connect_it(&facts) == PROGRESS_FAILED && err.code == ERR_UNREACHABLE, "%s", err.text);
	cr_assert(world->ops->now(world) < 60000);
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
	cr_assert(open_at(&mesos_driver, "http://gone,http://s", NULL) == 0, "%s", err.text);
	cr_assert(connect_it(&facts) == PROGRESS_DONE, "%s", err.text);
	cr_assert_str_eq(facts.endpoint, "http://w:8080");
	cr_assert_str_eq(facts.details,
			 "1 agent with 8 CPUs, 8 GiB (0.5 CPUs, 0.5 GiB used); frameworks mine");
	cr_assert_null(strstr(text_view(&asked), "http://o:1"), "it is not connected any more");
}

Test(marathon, mesos_without_the_marathon_that_is_meant_says_what_it_has)
{
	struct location_facts facts = {0};

	play_mesos();
	cr_assert(open_at(&mesos_driver, "http://s", "{\"framework\":\"theirs\"}") == 0);
	cr_assert(connect_it(&facts) == PROGRESS_FAILED && err.code == ERR_MISSING, "%s", err.text);
	cr_assert(strstr(err.text, "old, other, mine"), "%s", err.text);
}

/* --- what it makes ---------------------------------------------------------------------------------------
 */

static const struct spec_port ports[] = {
    {.port = 80, .open = true},
    {.port = 53, .protocol = UDP, .published = true, .host_port = 31053, .fixed = true}};
static const char *const command[] = {"serve", "it", NULL}, *const entrypoint[] = {"/run", "-v", NULL};
static const struct spec_variable given[] = {{"A", "b", false}};

static const struct instance_spec *web(void)
{
	static struct instance_spec made;

	made = (struct instance_spec){.app = "shop",
				      .component = "web",
				      .name = "shop.web.1",
				      .ordinal = 1,
				      .kind = COMPONENT_DOCKER,
				      .image = "web:1",
				      .command = command,
				      .entrypoint = entrypoint,
				      .ports = ports,
				      .port_count = 2,
				      .variables = given,
				      .variable_count = 1,
				      .nano_cpus = 500000000,
				      .memory_bytes = (64 << 20) + 1,
				      .stop_timeout_ms = 2500,
				      .digest = "d",
				      .secret_salt = "",
				      .count = 3};
	return &made;
}

static enum progress place_it(void)
{
	const struct instance_spec *made = web();
	const char *note;

	return AWAIT_MARATHON(location.driver->place(&location, &errand, made, &note, &err));
}

#define VERSION(version) "{\"version\":\"" version "\",\"frameworkId\":\"f\",\"marathon_config\":{}}"
#define ABSENT                                                                                               \
	{                                                                                                    \
		"GET", "http://a:8080/v2/apps/shop/web", 404, NULL, "{\"message\":\"no\",\"details\":[]}", 0 \
	}

static void assert_sent(const char *part)
{
	cr_expect(strstr(text_view(&sent), part), "%s\nis not in\n%s", part, text_view(&sent));
}

Test(marathon, app_is_written_as_its_version_reads_it)
{
	PLAY({"GET", "http://a:8080/v2/info", 200, NULL, VERSION("1.11.2"), 0}, ABSENT,
	     {"POST", "http://a:8080/v2/apps", 201, NULL, "{}", 0});
	cr_assert(open_at(&marathon_driver, "http://a",
			  "{\"constraints\":[[\"hostname\",\"UNIQUE\"]],\"options\":{\"backoffSeconds\":5,"
			  "\"id\":\"no\"}}") == 0);
	cr_assert(place_it() == PROGRESS_DONE, "%s", err.text);
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
	text_clear(&sent);
	return AWAIT_MARATHON(location.driver->place(&location, &errand, &made, &note, &err));
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
	cr_assert(place_checked(&check) == PROGRESS_DONE, "%s", err.text);
	assert_sent(
	    "\"protocol\":\"HTTP\",\"gracePeriodSeconds\":300,\"intervalSeconds\":1,\"timeoutSeconds\":2,"
	    "\"maxConsecutiveFailures\":4,\"portIndex\":0,\"path\":\"/up\"");
	check = (struct health_check){
	    .kind = CHECK_COMMAND, .timeout_ms = 1000, .command = {.words = words, .count = 2}};
	cr_assert(place_checked(&check) == PROGRESS_DONE, "%s", err.text);
	assert_sent("\"command\":{\"value\":\"'test' 'it'\\\\''s'\"}");
	/* Marathon knows no status but good ones: that one is asked from here. */
	check = (struct health_check){.kind = CHECK_HTTP, .port = 80, .status = 418};
	cr_assert(place_checked(&check) == PROGRESS_DONE, "%s", err.text);
	cr_expect_null(strstr(text_view(&sent), "healthChecks"));
}

Test(marathon, app_of_an_old_version_has_the_old_form)
{
	PLAY({"GET", "http://a:8080/v2/info", 200, NULL, VERSION("1.4.12"), 0}, ABSENT,
	     {"POST", "http://a:8080/v2/apps", 201, NULL, "{}", 0});
	cr_assert(open_at(&marathon_driver, "http://a", "{\"network\":\"blue\"}") == 0);
	cr_assert(place_it() == PROGRESS_DONE, "%s", err.text);
	assert_sent("\"network\":\"USER\",\"portMappings\":[{\"containerPort\":80");
	assert_sent("\"ipAddress\":{\"networkName\":\"blue\"}");
	cr_expect_null(strstr(text_view(&sent), "\"networks\""));
}

Test(marathon, refusal_is_told_in_its_own_words)
{
	PLAY({"GET", "http://a:8080/v2/info", 200, NULL, VERSION("1.11.2"), 0}, ABSENT,
	     {"POST", "http://a:8080/v2/apps", 422, NULL,
	      "{\"message\":\"Object is not valid\",\"details\":[{\"path\":\"/cpus\",\"errors\":[\"too "
	      "many\"]}]}",
	      0});
	cr_assert(open_at(&marathon_driver, "http://a", NULL) == 0);
	cr_assert(place_it() == PROGRESS_FAILED && err.code == ERR_INVALID);
	cr_assert(strstr(err.text, "Object is not valid: `/cpus`: too many"), "%s", err.text);
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
	cr_assert(place_it() == PROGRESS_DONE, "%s", err.text);
	const char *first = strstr(text_view(&asked), "POST");
	cr_assert_null(strstr(first + 1, "POST"), "it was made twice:\n%s", text_view(&asked));
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
	cr_assert(AWAIT_MARATHON(location.driver->start(&location, &errand, made, &err)) == PROGRESS_DONE,
		  "%s", err.text);
	cr_assert_null(strstr(text_view(&asked), "force=true"));
}

Test(marathon, what_cannot_be_is_refused_before_anything_is_touched)
{
	struct instance_spec made = *web();

	cr_assert(open_at(&marathon_driver, "http://a", NULL) == 0);
	cr_expect(location.driver->check(&location, &made, &err) == 0, "%s", err.text);
	made.job = true;
	cr_expect(location.driver->check(&location, &made, &err) == -1 && err.code == ERR_UNSUPPORTED);
	made = *web();
	made.restart = RESTART_ON_FAILURE;
	cr_expect(location.driver->check(&location, &made, &err) == -1);
	made = *web();
	made.file_count = 1;
	cr_expect(location.driver->check(&location, &made, &err) == -1);
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
	cr_assert(list_it("shop", &count) == PROGRESS_DONE, "%s", err.text);
	cr_assert(count == 1);
	size_t lines = 0;
	for (const char *c = text_view(&asked); *c; c++)
		lines += *c == '\n';
	cr_assert(lines == 3, "%s", text_view(&asked));
}

Test(marathon, listing_that_is_none_is_not_taken_for_nothing)
{
	size_t count;

	PLAY({"GET", "http://a:8080/v2/info", 200, NULL, VERSION("1.11.2"), 0},
	     {"GET", "http://a:8080/v2/apps?", 200, NULL, "{}", 0},
	     {"GET", "http://a:8080/v2/groups/shop?", 404, NULL, "", 0});
	cr_assert(open_at(&marathon_driver, "http://a", NULL) == 0);
	cr_assert(list_it("shop", &count) == PROGRESS_FAILED && err.code == ERR_UNREACHABLE);
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
	      "{\"data\":\"one\\ntwo\\nthree\\n\",\"offset\":0}", 0},
	     {"GET", "http://10.0.0.5:5051/files/read?path=%2Fvar%2Fr%20u%20n%2Fstderr&offset=0", 200, NULL,
	      "{\"data\":\"\",\"offset\":0}", 0});
	cr_assert(open_at(&marathon_driver, "http://a", NULL) == 0);
	cr_assert(AWAIT_MARATHON(location.driver->logs(&location, &errand, "shop", "shop.web.1", &last, take,
						       &output, &err)) == PROGRESS_DONE,
		  "%s\n%s", err.text, text_view(&asked));
	cr_assert(starts_with(text_view(&output), "two\nthree\n"), "%s", text_view(&output));
}
