/* test_sizes.c - how large a component is, as `status` tells it: wanted and real, by whom and since when, and
 * what its autoscaler goes by. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/engine/scene.h"

static struct scene scene;
static struct berth_operation *keeper;
static const char *load; /* what the page says; NULL: nobody answers */
static json_t *document;

static int64_t answer(void *owner, const struct http_request *request, struct http_answer *answer)
{
	(void)owner, (void)request;
	if (!load) {
		fail(&answer->error, ERR_UNREACHABLE, "connection refused");
		return 1;
	}
	answer->status = 200;
	text_format(&answer->body, "{\"load\": %s}", load);
	return 3;
}

static void raise_curtain(void)
{
	static const struct virtual_hooks hooks = {.http = answer};
	scene_open(&scene);
	virtual_world_hooks(scene.world, &hooks);
}

static void drop_curtain(void)
{
	json_decref(document);
	berth_operation_free(keeper);
	scene_close(&scene);
}

TestSuite(sizes, .init = raise_curtain, .fini = drop_curtain);

#define SECOND 1000
#define MINUTE (60 * SECOND)

#define CLUSTER(more)                                                                                        \
	"id: app\nlocation: fake\nservices:\n- type: cluster\n  id: web\n  initialSize: 2\n"                 \
	"  memberSpec: {type: 'docker:x:1', openPorts: 80}\n" more
#define SENSOR "  sensors: {load: {uri: 'http://10.9.9.9/load', json: $.load, period: 1s}}\n"
#define SCALED                                                                                               \
	CLUSTER(SENSOR "  policies: [{type: autoscaler, metric: load, target: 40, max: 3, upCooldown: "      \
		       "1s}]\n")

/* It grows by one at a time, and waits in between. */
#define COOLING(wait)                                                                                        \
	CLUSTER(SENSOR "  policies: [{type: autoscaler, metric: load, target: 40, max: 9, upMax: 1, "        \
		       "upCooldown: " wait "}]\n")

static void deploy(const char *blueprint)
{
	cr_assert_eq(scene_run(&scene, berth_deploy, blueprint, NULL), BERTH_OK, "%s", scene.events);
}

static void scale(int64_t count)
{
	static const char *const web[] = {"web", NULL};
	struct berth_request request = {
	    .size = sizeof request, .app = "app", .components = web, .count = count};
	cr_assert_eq(scene_request(&scene, berth_scale, &request, NULL), BERTH_OK, "%s", scene.events);
}

static bool never(void *nothing)
{
	(void)nothing;
	return false;
}

static void pass(int64_t duration_ms)
{
	virtual_world_run(scene.world, never, NULL, duration_ms);
}

static void keep(const char *blueprint)
{
	struct berth_error error;
	deploy(blueprint);
	keeper = berth_keep(scene.berth, NULL, NULL, &error);
	cr_assert_not_null(keeper, "%s", error.text);
	pass(10 * SECOND);
}

/* What `status` tells of the size of the first component now. */
static const json_t *size(void)
{
	const struct berth_request request = {.size = sizeof request, .app = "app"};
	json_decref(document);
	document = NULL;
	cr_assert_eq(scene_request(&scene, berth_status, &request, &document), BERTH_OK);
	return json_object_get(json_array_get(json_object_get(document, "components"), 0), "size");
}

static const json_t *metric(const json_t *size)
{
	return json_array_get(json_object_get(size, "metrics"), 0);
}

#define EXPECT_TEXT(object, key, text) cr_expect_str_eq(json_text((object), key) ?: "-", text)

Test(sizes, what_is_no_cluster_and_has_no_autoscaler_tells_none)
{
	deploy("id: app\nlocation: fake\nservices:\n- {type: 'docker:x:1', id: web, instances: 2}\n");
	cr_expect_null(size());
}

Test(sizes, a_new_cluster_is_as_large_as_its_blueprint_says)
{
	deploy(CLUSTER(""));
	const json_t *told = size();
	cr_expect_eq(json_number(told, "wanted", 0), 2);
	cr_expect_eq(json_number(told, "real", 0), 2);
	EXPECT_TEXT(told, "how", "blueprint");
	EXPECT_TEXT(told, "holds", "-");
	cr_expect_null(json_object_get(told, "metrics"));
}

Test(sizes, whoever_scaled_it_is_told_and_since_when)
{
	deploy(CLUSTER(""));
	owned_memory char *first = strdup(json_text(size(), "since"));
	pass(MINUTE);
	deploy(CLUSTER(""));
	EXPECT_TEXT(size(), "since", first);
	scale(3);
	const json_t *told = size();
	EXPECT_TEXT(told, "how", "scale");
	cr_expect_neq(strcmp(json_text(told, "since"), first), 0);
	cr_expect(*json_text(told, "by"));
	cr_expect_eq(json_number(told, "initial", 0), 2);
}

Test(sizes, a_member_that_does_not_run_is_wanted_and_not_real)
{
	deploy(CLUSTER(""));
	fake_target_exit(scene.target, "app.web.2", 1);
	const json_t *told = size();
	cr_expect_eq(json_number(told, "wanted", 0), 2);
	cr_expect_eq(json_number(told, "real", 0), 1);
}

Test(sizes, without_a_controller_nobody_asks_its_policy)
{
	deploy(SCALED);
	const json_t *told = size();
	EXPECT_TEXT(told, "holds", "no-controller");
	EXPECT_TEXT(metric(told), "state", "unknown");
	EXPECT_TEXT(metric(told), "name", "load");
	cr_expect_eq(json_number(told, "max", 0), 3);
}

Test(sizes, what_the_autoscaler_made_of_it_is_told_with_its_reason)
{
	load = "55";
	keep(SCALED);
	const json_t *told = size();
	cr_expect_eq(json_number(told, "wanted", 0), 3);
	EXPECT_TEXT(told, "how", "policy");
	EXPECT_TEXT(told, "by", "autoscaler");
	EXPECT_TEXT(told, "why", "from 2 instances to 3, load is 55");
	EXPECT_TEXT(told, "holds", "at-maximum");
	EXPECT_TEXT(metric(told), "state", "fresh");
	cr_expect_eq(json_number(told, "wants", 0), 5);
}

Test(sizes, one_that_cools_down_tells_until_when)
{
	load = "80";
	keep(COOLING("10m"));
	const json_t *told = size();
	EXPECT_TEXT(told, "holds", "cooling-down");
	cr_expect_not_null(json_text(told, "until"));
	cr_expect_eq(json_number(told, "wanted", 0), 3);
	cr_expect_eq(json_number(told, "wants", 0), 6);
}

Test(sizes, a_sensor_that_tells_nothing_is_stale_and_its_number_moves_no_size)
{
	load = "80";
	keep(COOLING("1m"));
	load = NULL; /* before its cool-down is over */
	pass(10 * MINUTE);
	const json_t *told = size();
	cr_expect_eq(json_number(told, "wanted", 0), 3);
	EXPECT_TEXT(told, "holds", "unknown");
	EXPECT_TEXT(metric(told), "state", "stale");
	cr_expect_eq((int)json_number_value(json_object_get(metric(told), "value")), 80);
}

/* Whoever changes the application has its sensors begin anew. */
Test(sizes, what_a_sensor_told_before_a_change_is_told_until_it_tells_anew)
{
	load = "40";
	keep(SCALED);
	load = NULL;
	scale(3);
	EXPECT_TEXT(metric(size()), "state", "stale");
	pass(5 * SECOND);
	const json_t *told = metric(size());
	EXPECT_TEXT(told, "state", "stale");
	cr_expect_eq((int)json_number_value(json_object_get(told, "value")), 40);
	EXPECT_TEXT(size(), "holds", "unknown");
	load = "41";
	pass(5 * SECOND);
	EXPECT_TEXT(metric(size()), "state", "fresh");
}

Test(sizes, a_resize_that_failed_when_it_was_remembered_already_is_brought_to_its_end)
{
	struct fake_rule no = {.call = FAKE_LEASE, .times = 1};
	load = "40";
	keep(SCALED);
	fail(&no.error, ERR_FAILED, "the lease cannot be had");
	cr_assert_eq(fake_target_rule(scene.target, &no), 0);
	load = "60";
	pass(15 * SECOND);
	cr_expect_eq(fake_target_instances(scene.target), 2);
	cr_expect_eq(json_number(size(), "wanted", 0), 3);
	pass(2 * MINUTE);
	cr_expect_eq(fake_target_instances(scene.target), 3);
	cr_expect_eq(json_number(size(), "real", 0), 3);
}

/* Who is to go may be at any of its places. */
Test(sizes, one_that_failed_to_shrink_is_brought_to_its_end_wherever_its_members_are)
{
	static const char spread[] =
	    "id: app\nservices:\n- type: cluster\n  id: web\n  locations: ['fake:a', 'fake:b']\n"
	    "  initialSize: 2\n  memberSpec: {type: 'docker:x:1', openPorts: 80}\n" SENSOR
	    "  policies: [{type: autoscaler, metric: load, target: 40, max: 3, downDelay: 1s, downCooldown: "
	    "1s}]\n";
	struct fake_rule no = {.call = FAKE_LEASE, .times = 1};
	struct fake_target *a = scene_place(&scene, "a"), *b = scene_place(&scene, "b");
	load = "40";
	keep(spread);
	cr_assert_eq(fake_target_instances(b), 1);
	fail(&no.error, ERR_FAILED, "the lease cannot be had");
	cr_assert_eq(fake_target_rule(b, &no), 0);
	load = "1";
	pass(10 * SECOND);
	cr_expect_eq(json_number(size(), "wanted", 0), 1);
	cr_expect_eq(fake_target_instances(b), 1);
	pass(2 * MINUTE);
	cr_expect_eq(fake_target_instances(b), 0);
	cr_expect_eq(fake_target_instances(a), 1);
}

Test(sizes, a_plain_component_with_an_autoscaler_tells_its_size_too)
{
	load = "55";
	keep("id: app\nlocation: fake\nservices:\n- type: docker:x:1\n  id: web\n  instances: 1\n" SENSOR
	     "  policies: [{type: autoscaler, metric: load, target: 40, max: 2}]\n");
	pass(MINUTE);
	const json_t *told = size();
	cr_expect_eq(json_number(told, "real", 0), 2);
	EXPECT_TEXT(told, "by", "autoscaler");
}

#define PLAIN(count, policies)                                                                               \
	"id: app\nlocation: fake\nservices:\n- type: docker:x:1\n  id: web\n  instances: " #count            \
	"\n" SENSOR policies
#define AUTOSCALED "  policies: [{type: autoscaler, metric: load, target: 40, max: 2}]\n"

/* As a cluster does. */
Test(sizes, what_an_autoscaler_made_of_instances_stays_until_the_file_says_another_number)
{
	load = "55";
	keep(PLAIN(1, AUTOSCALED));
	pass(MINUTE);
	cr_assert_eq(fake_target_instances(scene.target), 2);
	berth_operation_free(give(keeper));
	json_t *plan = NULL;
	cr_expect_eq(scene_run(&scene, berth_plan, PLAIN(1, AUTOSCALED), &plan), BERTH_OK);
	const json_t *kept = json_array_get(json_object_get(plan, "sizes"), 0);
	cr_expect_eq(json_number(kept, "size", 0), 2);
	cr_expect_eq(json_number(kept, "initial", 0), 1);
	json_decref(plan);
	deploy(PLAIN(1, AUTOSCALED));
	cr_expect_eq(fake_target_instances(scene.target), 2);
	scene_restart(&scene, true);
	deploy(PLAIN(1, AUTOSCALED));
	cr_expect_eq(fake_target_instances(scene.target), 2);
	EXPECT_TEXT(size(), "by", "autoscaler");
	deploy(PLAIN(3, AUTOSCALED));
	cr_expect_eq(fake_target_instances(scene.target), 3, "another number is asked for");
	scale(4);
	deploy(PLAIN(3, AUTOSCALED));
	cr_expect_eq(fake_target_instances(scene.target), 4);
	deploy(PLAIN(3, ""));
	cr_expect_eq(fake_target_instances(scene.target), 3, "nobody has its size any more");
}
