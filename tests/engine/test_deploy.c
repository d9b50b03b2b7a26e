/* test_deploy.c - a deploy brings the application to what the blueprint says, whatever happens meanwhile. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/engine/scene.h"

static struct scene scene;

static void raise_curtain(void)
{
	scene_open(&scene);
}

static void drop_curtain(void)
{
	scene_close(&scene);
}

TestSuite(deploy, .init = raise_curtain, .fini = drop_curtain);

#define LINKED                                                                                               \
	"id: app\n"                                                                                          \
	"location: fake\n"                                                                                   \
	"services:\n"                                                                                        \
	"- type: docker:front:1\n"                                                                           \
	"  id: web\n"                                                                                        \
	"  portBindings: {80: 9090}\n"                                                                       \
	"  links:\n"                                                                                         \
	"  - $brooklyn:component(\"redis\")\n"                                                               \
	"- type: docker:redis:3\n"                                                                           \
	"  id: redis\n"                                                                                      \
	"  openPorts: 6379\n"                                                                                \
	"  env: {ROLE: cache}\n"

static void assert_order(const char *first, const char *second)
{
	const char *a = strstr(scene.events, first), *b = strstr(scene.events, second);
	cr_assert(a && b && a < b, "%s before %s in\n%s", first, second, scene.events);
}

Test(deploy, makes_what_is_wanted_providers_first)
{
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_deploy, LINKED, &document), BERTH_OK);
	cr_assert_eq(fake_target_instances(scene.target), 2);
	assert_order("app.redis.1 running", "app.web.1 placing");
	cr_assert_str_eq(json_text(document, "outcome"), "ok");
	json_decref(document);
}

Test(deploy, gives_a_link_the_classic_variables)
{
	cr_assert_eq(scene_run(&scene, berth_deploy, LINKED, NULL), BERTH_OK);
	cr_assert_str_eq(scene_variable(&scene, "app.web.1", "REDIS_PORT"), "tcp://redis:6379");
	cr_assert_str_eq(scene_variable(&scene, "app.web.1", "REDIS_PORT_6379_TCP"), "tcp://redis:6379");
	cr_assert_str_eq(scene_variable(&scene, "app.web.1", "REDIS_PORT_6379_TCP_ADDR"), "redis");
	cr_assert_str_eq(scene_variable(&scene, "app.web.1", "REDIS_PORT_6379_TCP_PORT"), "6379");
	cr_assert_str_eq(scene_variable(&scene, "app.web.1", "REDIS_PORT_6379_TCP_PROTO"), "tcp");
	cr_assert_str_eq(scene_variable(&scene, "app.web.1", "REDIS_NAME"), "/web/redis");
	cr_assert_str_eq(scene_variable(&scene, "app.web.1", "REDIS_ENV_ROLE"), "cache");
}

Test(deploy, a_second_deploy_changes_nothing_and_asks_one_listing)
{
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_deploy, LINKED, NULL), BERTH_OK);
	size_t before[FAKE_CALLS];
	for (int call = 0; call < FAKE_CALLS; call++)
		before[call] = fake_target_calls(scene.target, call);
	cr_assert_eq(scene_run(&scene, berth_deploy, LINKED, &document), BERTH_OK);
	for (int call = 0; call < FAKE_CALLS; call++)
		cr_expect_eq(fake_target_calls(scene.target, call) - before[call], call == FAKE_LIST ? 1 : 0,
			     "call %d", call);
	cr_assert_not(json_flag(document, "changed", true));
	json_decref(document);
}

Test(deploy, a_plan_makes_no_change_and_says_what_deploy_would_do)
{
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_plan, LINKED, &document), BERTH_OK);
	cr_assert_eq(fake_target_instances(scene.target), 0);
	cr_assert_eq(fake_target_calls(scene.target, FAKE_CLAIM), 0);
	cr_assert_eq(fake_target_calls(scene.target, FAKE_PREPARE), 0);
	cr_assert_str_eq(scene_action(document, "app.web.1"), "create");
	json_decref(document);
}

static const char *readiness(const json_t *document, const char *instance)
{
	size_t i;
	json_t *change;
	json_array_foreach (json_object_get(document, "changes"), i, change)
		if (strcmp(json_text(change, "instance"), instance) == 0)
			return json_text(change, "readiness");
	return "";
}

Test(deploy, a_plan_says_by_which_way_it_will_be_asked_whether_each_answers)
{
	static const struct fake_behaviour far = {.component = "app.redis", .unverifiable = true};
	static const char checked[] =
	    "id: app\n"
	    "location: fake\n"
	    "services:\n"
	    "- {type: docker:front, id: web, openPorts: 80, healthCheck: {http: {path: /ok}}}\n"
	    "- {type: docker:redis, id: redis, openPorts: 6379}\n"
	    "- {type: docker:bind, id: names, openPorts: 53/udp}\n"
	    "- {type: docker:cron, id: cron, healthCheck: {command: [true]}}\n"
	    "- {type: docker:pause, id: idle}\n"
	    "- {type: docker:load, id: seed, job: true}\n";
	json_t *document = NULL;
	cr_assert_eq(fake_target_behave(scene.target, &far), 0);
	cr_assert_eq(scene_run(&scene, berth_plan, checked, &document), BERTH_OK);
	cr_assert_str_eq(readiness(document, "app.web.1"), "http /ok, from here");
	cr_assert_str_eq(readiness(document, "app.redis.1"), "tcp, not verifiable");
	cr_assert_str_eq(readiness(document, "app.names.1"), "runs");
	cr_assert_str_eq(readiness(document, "app.cron.1"), "command, from here");
	cr_assert_str_eq(readiness(document, "app.idle.1"), "runs");
	cr_assert_str_eq(readiness(document, "app.seed.1"), "finished");
	json_decref(document);
}

Test(deploy, what_cannot_be_verified_is_warned_of_and_counts_as_ready)
{
	static const struct fake_behaviour far = {.component = "app.redis", .unverifiable = true};
	cr_assert_eq(fake_target_behave(scene.target, &far), 0);
	cr_assert_eq(scene_run(&scene, berth_deploy, LINKED, NULL), BERTH_OK);
	cr_assert(strstr(scene.events, "warning: app.redis.1: readiness "), "%s", scene.events);
	assert_order("app.redis.1 running", "app.web.1 placing");
}

Test(deploy, destroy_leaves_nothing)
{
	struct berth_request request = {.size = sizeof request, .app = "app"};
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_deploy, LINKED, NULL), BERTH_OK);
	cr_assert_eq(scene_request(&scene, berth_destroy, &request, &document), BERTH_OK);
	cr_assert_eq(fake_target_instances(scene.target), 0);
	cr_assert_eq(json_array_size(json_object_get(document, "removed")), 2);
	json_decref(document);
}

Test(deploy, a_vanished_provider_comes_back_and_its_consumer_is_left_alone)
{
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_deploy, LINKED, NULL), BERTH_OK);
	char id[128];
	snprintf(id, sizeof id, "%s", fake_target_find(scene.target, "app.web.1")->target_id);
	cr_assert_eq(fake_target_vanish(scene.target, "app.redis.1"), 0);
	cr_assert_eq(scene_run(&scene, berth_deploy, LINKED, &document), BERTH_OK);
	cr_assert_str_eq(scene_action(document, "app.redis.1"), "create");
	cr_assert_str_eq(scene_action(document, "app.web.1"), "unchanged");
	cr_assert_str_eq(fake_target_find(scene.target, "app.web.1")->target_id, id);
	json_decref(document);
}

Test(deploy, a_changed_variable_replaces_that_component_alone_and_says_where)
{
	static const char edited[] =
	    "id: app\nlocation: fake\nservices:\n"
	    "- type: docker:front:1\n  id: web\n  portBindings: {80: 9090}\n"
	    "  links:\n  - $brooklyn:component(\"redis\")\n"
	    "- type: docker:redis:3\n  id: redis\n  openPorts: 6379\n  env: {ROLE: store}\n";
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_deploy, LINKED, NULL), BERTH_OK);
	cr_assert_eq(scene_run(&scene, berth_deploy, edited, &document), BERTH_OK);
	cr_assert_str_eq(scene_action(document, "app.redis.1"), "replace");
	cr_assert_str_eq(scene_action(document, "app.web.1"), "unchanged");
	json_t *change = json_array_get(json_object_get(document, "changes"), 1);
	json_t *reason = json_array_get(json_object_get(change, "because"), 0);
	cr_assert_str_eq(json_text(reason, "path"), "env.ROLE");
	cr_assert_eq(json_number(reason, "line", 0), 12);
	cr_assert_str_eq(json_text(reason, "old"), "cache");
	cr_assert_str_eq(json_text(reason, "new"), "store");
	cr_assert_eq(fake_target_instances(scene.target), 2);
	json_decref(document);
}

Test(deploy, a_component_taken_away_is_removed)
{
	static const char smaller[] =
	    "id: app\nlocation: fake\nservices:\n- {type: 'docker:redis:3', id: redis, openPorts: 6379, "
	    "env: {ROLE: cache}}\n";
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_deploy, LINKED, NULL), BERTH_OK);
	cr_assert_eq(scene_run(&scene, berth_deploy, smaller, &document), BERTH_OK);
	cr_assert_str_eq(scene_action(document, "app.web.1"), "remove");
	cr_assert_str_eq(scene_action(document, "app.redis.1"), "unchanged");
	cr_assert_eq(fake_target_instances(scene.target), 1);
	json_decref(document);
}

Test(deploy, one_that_keeps_ending_fails_after_three_exits_with_its_log)
{
	static const struct fake_behaviour crash = {.component = "app.redis",
						    .exits = UINT32_MAX,
						    .exit_code = 3,
						    .answers_after_ms = -1,
						    .log = "cannot open the database\n"};
	json_t *document = NULL;
	cr_assert_eq(fake_target_behave(scene.target, &crash), 0);
	cr_assert_eq(scene_run(&scene, berth_deploy, LINKED, &document), BERTH_FAILED);
	json_t *failures = json_object_get(document, "failures");
	cr_assert_eq(json_array_size(failures), 2);
	json_t *blocked = json_array_get(failures, 0), *broken = json_array_get(failures, 1);
	cr_assert(strstr(json_text(blocked, "error"), "`redis`"), "%s", json_text(blocked, "error"));
	cr_assert(strstr(json_text(broken, "error"), "code 3"), "%s", json_text(broken, "error"));
	cr_assert_str_eq(json_string_value(json_array_get(json_object_get(broken, "log"), 0)),
			 "cannot open the database");
	json_decref(document);
}

Test(deploy, one_that_keeps_ending_fails_again_on_the_next_deploy)
{
	static const struct fake_behaviour crash = {
	    .component = "app.bad", .exits = UINT32_MAX, .exit_code = 3};
	static const char bad[] = "id: app\nlocation: fake\nservices:\n- {type: 'docker:x:1', id: bad}\n";
	cr_assert_eq(fake_target_behave(scene.target, &crash), 0);
	cr_assert_eq(scene_run(&scene, berth_deploy, bad, NULL), BERTH_FAILED);
	for (int pause = 0; pause < 5000; pause += 37) { /* whether it runs just now or not */
		virtual_world_run(scene.world, NULL, NULL, pause);
		cr_assert_eq(scene_run(&scene, berth_deploy, bad, NULL), BERTH_FAILED, "after %d ms", pause);
	}
}

Test(deploy, goes_on_from_there_after_a_failure)
{
	static const struct fake_rule refuse = {
	    .call = FAKE_START, .times = 1, .error = {.code = ERR_FAILED, .text = "no such file: /bin/x"}};
	json_t *document = NULL;
	cr_assert_eq(fake_target_rule(scene.target, &refuse), 0);
	cr_assert_eq(scene_run(&scene, berth_deploy, LINKED, &document), BERTH_FAILED);
	json_decref(document);
	cr_assert_eq(scene_run(&scene, berth_deploy, LINKED, &document), BERTH_OK);
	cr_assert_str_eq(scene_action(document, "app.redis.1"), "start");
	cr_assert_eq(fake_target_instances(scene.target), 2);
	json_decref(document);
}

Test(deploy, a_lost_store_changes_nothing_that_runs)
{
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_deploy, LINKED, NULL), BERTH_OK);
	size_t placed = fake_target_calls(scene.target, FAKE_PLACE);
	scene_restart(&scene, false);
	cr_assert_eq(scene_run(&scene, berth_deploy, LINKED, &document), BERTH_OK);
	cr_assert_eq(fake_target_calls(scene.target, FAKE_PLACE), placed);
	cr_assert_str_eq(scene_action(document, "app.web.1"), "unchanged");
	json_decref(document);
}

Test(deploy, an_unreachable_target_is_unknown_and_nothing_is_touched)
{
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_deploy, LINKED, NULL), BERTH_OK);
	fake_target_unreachable(scene.target, true);
	cr_assert_eq(scene_run(&scene, berth_deploy, LINKED, NULL), BERTH_UNREACHABLE);
	cr_assert_eq(scene_run(&scene, berth_status, LINKED, &document), BERTH_UNREACHABLE);
	json_t *web = json_array_get(json_object_get(document, "components"), 0);
	cr_assert_str_eq(json_text(web, "state"), "unknown");
	json_decref(document);
}

Test(deploy, all_targets_that_do_not_answer_are_named)
{
	static const char three[] = "id: app\nlocations: {a: {fake: {target: a}}, b: {fake: {target: b}}}\n"
				    "services:\n- {type: 'docker:x:1', id: one, location: a}\n"
				    "- {type: 'docker:x:1', id: two, location: b}\n"
				    "- {type: 'docker:x:1', id: three, location: fake}\n";
	fake_target_unreachable(scene_place(&scene, "a"), true);
	fake_target_unreachable(scene_place(&scene, "b"), true);
	cr_expect_eq(scene_do(&scene, berth_plan, three), BERTH_UNREACHABLE);
	const char *first = json_text(json_object_get(scene.document, "error"), "text");
	cr_assert(first);
	bool is_a = strstr(first, "`a`") != NULL;
	cr_expect(strstr(scene.events,
			 is_a ? "warning: location `b`: no answer" : "warning: location `a`: no answer"),
		  "%s: %s", first, scene.events);
	cr_expect_null(strstr(scene.events, "`fake`"), "%s", scene.events);
}

Test(deploy, an_image_that_moved_replaces_its_instances)
{
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_deploy, LINKED, NULL), BERTH_OK);
	cr_assert_eq(fake_target_image(scene.target, "redis:3", "sha256:another"), 0);
	cr_assert_eq(scene_run(&scene, berth_plan, LINKED, &document), BERTH_OK);
	cr_assert_str_eq(scene_action(document, "app.redis.1"), "replace");
	cr_assert_str_eq(scene_action(document, "app.web.1"), "unchanged");
	json_decref(document);
}

#define WITH_SECRET                                                                                          \
	"id: app\nlocation: fake\nservices:\n"                                                               \
	"- {type: 'docker:x:1', id: a, env: {TOKEN: '$berth:secret(\"env:CANARY\")'}}\n"                     \
	"- {type: 'docker:x:1', id: b}\n"

Test(deploy, a_rotated_secret_replaces_exactly_its_users)
{
	json_t *document = NULL;
	scene_environment("CANARY", "one");
	cr_assert_eq(scene_run(&scene, berth_deploy, WITH_SECRET, NULL), BERTH_OK);
	cr_assert_str_eq(scene_variable(&scene, "app.a.1", "TOKEN"), "one");
	cr_assert_eq(scene_run(&scene, berth_plan, WITH_SECRET, &document), BERTH_OK);
	cr_assert_str_eq(scene_action(document, "app.a.1"), "unchanged");
	json_decref(document);
	scene_environment("CANARY", "two");
	cr_assert_eq(scene_run(&scene, berth_deploy, WITH_SECRET, &document), BERTH_OK);
	cr_assert_str_eq(scene_action(document, "app.a.1"), "replace");
	cr_assert_str_eq(scene_action(document, "app.b.1"), "unchanged");
	cr_assert_str_eq(scene_variable(&scene, "app.a.1", "TOKEN"), "two");
	json_decref(document);
}

static void expect_missing(const json_t *document, const char *names)
{
	owned_text all = {0};
	size_t i;
	json_t *name;
	json_array_foreach (json_object_get(document, "missing_environment"), i, name)
		text_format(&all, "%s%s", i ? " " : "", json_string_value(name));
	cr_assert_str_eq(text_view(&all), names);
}

Test(deploy, somebody_elses_request_takes_nothing_from_our_environment)
{
	const char *theirs[] = {"CANARY=theirs", NULL}, *nothing[] = {NULL};
	struct berth_request request = {
	    .size = sizeof request, .blueprint = WITH_SECRET, .file = "/b.yaml", .foreign = true};
	json_t *document = NULL;
	scene_environment("CANARY", "ours");
	cr_assert_eq(scene_request(&scene, berth_deploy, &request, &document), BERTH_INVALID);
	expect_missing(document, "CANARY");
	cr_assert_eq(fake_target_calls(scene.target, FAKE_PLACE), 0, "and touches nothing");
	json_decref(document);
	request.environment = nothing;
	cr_assert_neq(scene_request(&scene, berth_deploy, &request, &document), BERTH_OK);
	expect_missing(document, ""); /* it was said that it is not set */
	json_decref(document);
	request.environment = theirs;
	cr_assert_eq(scene_request(&scene, berth_deploy, &request, NULL), BERTH_OK);
	cr_assert_str_eq(scene_variable(&scene, "app.a.1", "TOKEN"), "theirs");
}

Test(deploy, what_is_remembered_takes_nothing_from_our_environment_either)
{
	const char *theirs[] = {"CANARY=theirs", NULL}, *a[] = {"a", NULL};
	struct berth_request request = {
	    .size = sizeof request, .app = "app", .components = a, .count = 2, .foreign = true};
	json_t *document = NULL;
	scene_environment("CANARY", "theirs");
	cr_assert_eq(scene_run(&scene, berth_deploy, WITH_SECRET, NULL), BERTH_OK);
	scene_environment("CANARY", "ours");
	cr_assert_eq(scene_request(&scene, berth_scale, &request, &document), BERTH_INVALID);
	expect_missing(document, "CANARY");
	json_decref(document);
	request.environment = theirs;
	cr_assert_eq(scene_request(&scene, berth_scale, &request, NULL), BERTH_OK);
	cr_assert_str_eq(scene_variable(&scene, "app.a.2", "TOKEN"), "theirs");
	request.environment = NULL; /* what stops needs none of it, nor does who looks */
	cr_assert_eq(scene_request(&scene, berth_status, &request, NULL), BERTH_OK);
	cr_assert_eq(scene_request(&scene, berth_stop, &request, NULL), BERTH_OK);
	cr_assert_eq(scene_request(&scene, berth_start, &request, NULL), BERTH_OK);
}

#define WITH_VARIABLE                                                                                        \
	"id: app\nlocation: fake\nservices:\n- {type: 'docker:x:1', id: a, env: {V: "                        \
	"'$berth:env(\"CANARY\")'}}\n"

Test(deploy, a_variable_of_somebody_elses_request_is_theirs)
{
	const char *theirs[] = {"CANARY=theirs", NULL};
	struct berth_request request = {
	    .size = sizeof request, .blueprint = WITH_VARIABLE, .file = "/b.yaml", .foreign = true};
	json_t *document = NULL;
	scene_environment("CANARY", "ours");
	cr_assert_eq(scene_request(&scene, berth_deploy, &request, &document), BERTH_INVALID);
	expect_missing(document, "CANARY");
	cr_assert_not_null(strstr(json_text(json_object_get(document, "error"), "text"), "request"));
	json_decref(document);
	request.environment = theirs;
	cr_assert_eq(scene_request(&scene, berth_deploy, &request, NULL), BERTH_OK);
	cr_assert_str_eq(scene_variable(&scene, "app.a.1", "V"), "theirs");
	request.environment = NULL; /* it was told when it was deployed */
	request.blueprint = NULL;
	request.app = "app";
	cr_assert_eq(scene_request(&scene, berth_plan, &request, NULL), BERTH_OK);
}

Test(deploy, a_strangers_name_is_never_touched)
{
	json_t *document = NULL;
	cr_assert_eq(fake_target_stranger(scene.target, "app.redis.1"), 0);
	cr_assert_eq(scene_run(&scene, berth_deploy, LINKED, &document), BERTH_FAILED);
	cr_assert_eq(fake_target_calls(scene.target, FAKE_REMOVE), 0);
	json_decref(document);
}

Test(deploy, an_owner_is_called_by_user_and_host)
{
	scene_environment("USER", "ann");
	scene_restart(&scene, true);
	cr_assert_eq(strncmp(scene.berth->owner.words, "ann@", 4), 0, "%s", scene.berth->owner.words);
	cr_assert_gt(strlen(scene.berth->owner.words), 4);
}

Test(deploy, an_application_of_another_owner_is_refused_by_name)
{
	struct berth_request request = {.size = sizeof request, .blueprint = LINKED, .file = "/b.yaml"};
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_deploy, LINKED, NULL), BERTH_OK);
	cr_assert_eq(fake_target_vanish(scene.target, "app.web.1"), 0);
	scene.berth->owner = (struct owner){"somebody-else", "eve@elsewhere", "elsewhere"};
	cr_assert_eq(scene_request(&scene, berth_deploy, &request, &document), BERTH_LOCKED);
	json_decref(document);
	request.adopt = true;
	cr_assert_eq(scene_request(&scene, berth_deploy, &request, NULL), BERTH_OK);
}

Test(deploy, a_plan_says_what_the_deploy_will_refuse)
{
	struct berth_request request = {.size = sizeof request, .blueprint = LINKED, .file = "/b.yaml"};
	json_t *document = NULL;
	cr_assert_eq(scene_request(&scene, berth_plan, &request, &document), BERTH_OK);
	cr_expect_null(json_object_get(document, "owner"), "nobody's yet");
	json_decref(document);
	cr_assert_eq(scene_run(&scene, berth_deploy, LINKED, NULL), BERTH_OK);
	owned_memory char *words = strdup(scene.berth->owner.words);
	scene.berth->owner = (struct owner){"somebody-else", "eve@elsewhere", "elsewhere"};
	cr_assert_eq(fake_target_vanish(scene.target, "app.web.1"), 0);
	cr_assert_eq(scene_request(&scene, berth_plan, &request, &document), BERTH_OK);
	cr_expect_str_eq(json_text(document, "owner"), words);
	cr_assert_not_null(scene.events);
	cr_expect(strstr(scene.events, "warning: `app` at fake belongs to "), "%s", scene.events);
	cr_expect(strstr(scene.events, "refused without --adopt"), "%s", scene.events);
	json_decref(document);
	request.adopt = true;
	cr_assert_eq(scene_request(&scene, berth_plan, &request, &document), BERTH_OK);
	cr_expect_null(scene.events, "%s", scene.events);
	cr_expect_str_eq(json_text(document, "owner"), words, "a plan that is kept does not keep --adopt");
	json_decref(document);
	request.adopt = false;
	request.dry_run = true;
	cr_assert_eq(scene_request(&scene, berth_destroy, &request, &document), BERTH_OK);
	cr_assert_not_null(scene.events);
	cr_expect(strstr(scene.events, "refused without --adopt"), "%s", scene.events);
	json_decref(document);
}

/* Beside what this machine has of others. */
static bool is_claimed(void)
{
	struct berth_request all = {.size = sizeof all};
	json_t *document = NULL;
	cr_assert_eq(scene_request(&scene, berth_status, &all, &document), BERTH_OK);
	bool claimed = false;
	size_t i;
	json_t *line;
	json_array_foreach (json_object_get(document, "applications"), i, line) {
		const json_t *where = json_array_get(json_object_get(line, "locations"), 0);
		claimed |= strcmp(json_text(line, "app"), "app") == 0 && json_is_string(where) &&
			   strcmp(json_string_value(where), "fake") == 0;
	}
	json_decref(document);
	return claimed;
}

static const struct fake_rule no_network = {
    .call = FAKE_PREPARE, .times = 1, .error = {.code = ERR_FAILED, .text = "no network"}};

Test(deploy, a_claim_that_nothing_came_of_is_given_back)
{
	cr_assert_eq(fake_target_rule(scene.target, &no_network), 0);
	cr_assert_eq(scene_run(&scene, berth_deploy, LINKED, NULL), BERTH_FAILED);
	cr_expect_eq(fake_target_calls(scene.target, FAKE_CLAIM), 1);
	cr_expect_eq(fake_target_calls(scene.target, FAKE_DISCLAIM), 1);
	cr_expect_not(is_claimed());
	scene.berth->owner = (struct owner){"somebody-else", "eve@elsewhere", "elsewhere"};
	cr_expect_eq(scene_run(&scene, berth_deploy, LINKED, NULL), BERTH_OK);
}

static bool ended(void *operation)
{
	return berth_done(operation);
}

static void rubbish_into_store(void)
{
	char path[512];
	snprintf(path, sizeof path, "%s/state/berth.db", virtual_world_directory(scene.world));
	FILE *file = fopen(path, "w");
	cr_assert_not_null(file);
	for (int i = 0; i < 4096; i++)
		fputs("rubbish ", file);
	fclose(file);
}

Test(deploy, a_claim_is_given_back_when_nothing_could_be_written_down)
{
	struct berth_request request = {.size = sizeof request, .blueprint = LINKED, .file = "/b.yaml"};
	struct berth_error error;
	fake_target_time(scene.target, FAKE_PREPARE, 1000);
	struct berth_operation *operation = berth_deploy(scene.berth, &request, NULL, &error);
	virtual_world_run(scene.world, NULL, NULL, 500);
	cr_assert_eq(fake_target_calls(scene.target, FAKE_CLAIM), 1);
	rubbish_into_store();
	cr_assert(virtual_world_run(scene.world, ended, operation, 600000));
	cr_expect_neq(berth_outcome(operation), BERTH_OK);
	berth_operation_free(operation);
	cr_expect_eq(fake_target_calls(scene.target, FAKE_PLACE), 0);
	cr_expect_eq(fake_target_calls(scene.target, FAKE_DISCLAIM), 1);
}

Test(deploy, a_claim_is_kept_where_something_may_have_been_made)
{
	static const struct fake_rule lost = {
	    .call = FAKE_PLACE, .times = 20, .error = {.code = ERR_UNREACHABLE, .text = "no answer"}};
	cr_assert_eq(fake_target_rule(scene.target, &lost), 0);
	cr_assert_neq(scene_run(&scene, berth_deploy, LINKED, NULL), BERTH_OK);
	cr_expect_eq(fake_target_calls(scene.target, FAKE_DISCLAIM), 0);
	cr_expect(is_claimed());
}

Test(deploy, a_claim_of_before_is_kept_though_the_deploy_came_to_nothing)
{
	cr_assert_eq(scene_run(&scene, berth_deploy, LINKED, NULL), BERTH_OK);
	cr_assert_eq(fake_target_vanish(scene.target, "app.web.1"), 0);
	cr_assert_eq(fake_target_vanish(scene.target, "app.redis.1"), 0);
	cr_assert_eq(fake_target_rule(scene.target, &no_network), 0);
	cr_assert_eq(scene_run(&scene, berth_deploy, LINKED, NULL), BERTH_FAILED);
	cr_expect_eq(fake_target_calls(scene.target, FAKE_DISCLAIM), 0);
}

Test(deploy, a_deploy_under_way_refuses_the_next_one)
{
	struct berth_request request = {.size = sizeof request, .blueprint = LINKED, .file = "/b.yaml"};
	struct berth_error error;
	fake_target_time(scene.target, FAKE_START, 1000);
	struct berth_operation *first = berth_deploy(scene.berth, &request, NULL, &error);
	cr_assert_not(virtual_world_run(scene.world, NULL, NULL, 500));
	cr_assert_eq(scene_request(&scene, berth_deploy, &request, NULL), BERTH_LOCKED);
	berth_operation_free(first);
}

Test(deploy, answers_that_never_came_make_no_double)
{
	static const struct fake_rule lost = {.call = FAKE_PLACE,
					      .times = 1,
					      .effect = true,
					      .error = {.code = ERR_TIMED_OUT, .text = "no answer"}};
	cr_assert_eq(fake_target_rule(scene.target, &lost), 0);
	cr_assert_eq(scene_run(&scene, berth_deploy, LINKED, NULL), BERTH_OK);
	cr_assert_eq(fake_target_instances(scene.target), 2);
}

Test(deploy, cancelled_once_it_finishes_what_flies_and_the_next_deploy_goes_on)
{
	struct berth_request request = {.size = sizeof request, .blueprint = LINKED, .file = "/b.yaml"};
	struct berth_error error;
	fake_target_time(scene.target, FAKE_START, 1000);
	struct berth_operation *first = berth_deploy(scene.berth, &request, NULL, &error);
	virtual_world_run(scene.world, NULL, NULL, 500);
	berth_cancel(first);
	virtual_world_run(scene.world, NULL, NULL, 5000);
	cr_assert(berth_done(first));
	cr_assert_eq(berth_outcome(first), BERTH_INTERRUPTED);
	berth_operation_free(first);
	cr_assert_eq(fake_target_instances(scene.target), 1);
	cr_assert_eq(scene_run(&scene, berth_deploy, LINKED, NULL), BERTH_OK);
	cr_assert_eq(fake_target_instances(scene.target), 2);
}

/* Two of which the second is waited for after the first was seen to answer. */
#define APART                                                                                                \
	"id: app\nlocation: fake\nservices:\n- {type: 'docker:a:1', id: a, openPorts: 80}\n"                 \
	"- {type: 'docker:b:1', id: b, openPorts: 80}\n"

Test(deploy, one_that_vanishes_after_it_answered_is_not_reported_as_running)
{
	static const struct fake_behaviour slow = {.component = "app.b", .answers_after_ms = 30000};
	struct berth_request request = {.size = sizeof request, .blueprint = APART, .file = "/b.yaml"};
	struct berth_error error;
	cr_assert_eq(fake_target_behave(scene.target, &slow), 0);
	struct berth_operation *operation = berth_deploy(scene.berth, &request, NULL, &error);
	virtual_world_run(scene.world, NULL, NULL, 2000);
	cr_assert_eq(fake_target_vanish(scene.target, "app.a.1"), 0);
	virtual_world_run(scene.world, NULL, NULL, 60000);
	cr_assert(berth_done(operation), "it never ends");
	cr_expect_eq(berth_outcome(operation), BERTH_FAILED);
	owned_json document =
	    json_parse(berth_result(operation), strlen(berth_result(operation)), "result", NULL);
	json_t *failures = json_object_get(document, "failures");
	cr_assert_eq(json_array_size(failures), 1);
	cr_expect_str_eq(json_text(json_array_get(failures, 0), "component"), "a");
	berth_operation_free(operation);
}

static bool is_over(void *operation)
{
	return berth_done(operation);
}

Test(deploy, cancelled_while_a_look_at_one_that_runs_is_not_answered_it_ends)
{
	static const struct fake_behaviour never = {.component = "app.b", .answers_after_ms = -1};
	static const struct fake_rule silent = {
	    .call = FAKE_LOOK, .instance = "app.a.1", .error = {.code = ERR_TIMED_OUT, .text = "no answer"}};
	struct berth_request request = {.size = sizeof request, .blueprint = APART, .file = "/b.yaml"};
	struct berth_error error;
	cr_assert_eq(fake_target_behave(scene.target, &never), 0);
	struct berth_operation *operation = berth_deploy(scene.berth, &request, NULL, &error);
	virtual_world_run(scene.world, NULL, NULL, 2000);
	cr_assert_eq(fake_target_rule(scene.target, &silent), 0);
	fake_target_event(scene.target, "app", "app.a.1");
	virtual_world_run(scene.world, NULL, NULL, 100);
	berth_cancel(operation);
	cr_expect(virtual_world_run(scene.world, is_over, operation, 60000), "it never ends");
	berth_operation_free(operation);
}
