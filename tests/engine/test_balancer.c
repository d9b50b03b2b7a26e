/* test_balancer.c - load balancers: their files are made of the members that run, and follow them in place.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "locations/fake/target.h"
#include "tests/engine/scene.h"
#include "tests/support/certificates.h"

static struct scene scene;

static void open_scene(void)
{
	scene_open(&scene);
}

static struct berth_operation *keeper;

static void close_scene(void)
{
	berth_operation_free(keeper);
	scene_close(&scene);
}

TestSuite(balancer, .init = open_scene, .fini = close_scene);

#define WEB(size)                                                                                            \
	"id: app\nlocation: fake\nservices:\n- {type: 'docker:x:1', id: web, openPorts: 80, "                \
	"instances: " #size "}\n"
#define LB(more) "- type: loadbalancer\n  id: lb\n  members: $brooklyn:component(\"web\")\n" more

static void deploy(const char *blueprint)
{
	cr_assert_eq(scene_run(&scene, berth_deploy, blueprint, NULL), BERTH_OK, "%s", scene.events);
}

/* Its proxy's configuration, as it lies there now. */
static const char *configuration(const char *instance)
{
	static char text[16384];
	size_t count = 0;
	const char *handed = fake_target_input(scene.target, instance);
	if (handed)
		return handed;
	const struct spec_file *files = fake_target_files(scene.target, instance, &count);
	cr_assert_geq(count, 1, "%s has no file", instance);
	cr_assert_lt(files[0].size, sizeof text);
	memcpy(text, files[0].content, files[0].size);
	text[files[0].size] = '\0';
	return text;
}

static const char *address_of(const char *instance)
{
	const struct observed *seen = fake_target_find(scene.target, instance);
	cr_assert_not_null(seen);
	return seen->attachments[0].address;
}

static bool has_member(const char *text, const char *instance)
{
	char line[128];
	snprintf(line, sizeof line, "server %s:80", address_of(instance));
	return strstr(text, line);
}

static const char *action_of(const char *blueprint, const char *instance)
{
	static char action[32];
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_plan, blueprint, &document), BERTH_OK, "%s", scene.events);
	snprintf(action, sizeof action, "%s", scene_action(document, instance));
	json_decref(document);
	return action;
}

Test(balancer, its_members_are_those_that_run)
{
	deploy(WEB(3));
	deploy(WEB(3) LB());
	const char *text = configuration("app.lb.1");
	cr_expect(has_member(text, "app.web.1"), "%s", text);
	cr_expect(has_member(text, "app.web.2"), "%s", text);
	cr_expect(has_member(text, "app.web.3"), "%s", text);
	cr_expect_lt(strstr(text, "# web.1"), strstr(text, "# web.2"));
	cr_expect_lt(strstr(text, "# web.2"), strstr(text, "# web.3"));
	cr_expect_str_eq(action_of(WEB(3) LB(), "app.lb.1"), "unchanged");
}

Test(balancer, it_gets_no_variables_and_no_names_of_its_members)
{
	deploy(WEB(1));
	deploy(WEB(1) LB());
	cr_expect_null(scene_variable(&scene, "app.lb.1", "WEB_PORT"));
	cr_expect_null(scene_variable(&scene, "app.lb.1", "WEB_NAME"));
	cr_expect_str_eq(fake_target_find(scene.target, "app.lb.1")->link_digest, "");
}

Test(balancer, without_members_that_run_it_is_there_all_the_same)
{
	struct fake_behaviour silent = {.component = "app.web.1", .answers_after_ms = -1};
	fake_target_behave(scene.target, &silent);
	cr_assert_eq(scene_run(&scene, berth_deploy, WEB(1) LB(), NULL), BERTH_FAILED);
	cr_expect(strstr(configuration("app.lb.1"), "return 503;"));
	cr_expect_eq(fake_target_find(scene.target, "app.lb.1")->state, SEEN_RUNNING);
}

Test(balancer, another_member_is_told_in_place)
{
	deploy(WEB(1));
	deploy(WEB(1) LB());
	char *before = strdup(fake_target_find(scene.target, "app.lb.1")->target_id);
	deploy(WEB(2) LB());
	cr_expect_str_eq(action_of(WEB(2) LB(), "app.lb.1"), "unchanged");
	deploy(WEB(2) LB());
	cr_expect(has_member(configuration("app.lb.1"), "app.web.2"));
	cr_expect_str_eq(fake_target_find(scene.target, "app.lb.1")->target_id, before);
	const char *const *commands = fake_target_commands(scene.target, "app.lb.1");
	cr_assert(commands && commands[0]);
	cr_expect(strstr(commands[0], "\ntell 1 HUP nginx -t"), "%s", commands[0]);
	cr_expect_not_null(fake_target_input(scene.target, "app.lb.1"), "in one go with being told");
	cr_expect_str_eq(action_of(WEB(2) LB(), "app.lb.1"), "unchanged");
	free(before);
}

Test(balancer, what_it_is_told_otherwise_is_a_change_of_its_file_alone)
{
	deploy(WEB(1));
	deploy(WEB(1) LB());
	cr_expect_str_eq(action_of(WEB(1) LB("  timeout: 5s\n"), "app.lb.1"), "update");
	cr_expect_str_eq(action_of(WEB(1) LB("  port: 8080\n"), "app.lb.1"), "replace");
	deploy(WEB(1) LB("  timeout: 5s\n"));
	cr_expect(strstr(configuration("app.lb.1"), "proxy_read_timeout 5s;"));
}

Test(balancer, haproxy_has_a_file_of_its_own_and_is_told_until_it_heard)
{
	deploy(WEB(2));
	deploy(WEB(2) LB("  proxy: haproxy\n"));
	cr_expect(strstr(configuration("app.lb.1"), "server web.2 "), "%s", configuration("app.lb.1"));
	deploy(WEB(2) LB("  proxy: haproxy\n  retries: 4\n"));
	const char *const *commands = fake_target_commands(scene.target, "app.lb.1");
	cr_assert(commands && commands[0]);
	cr_expect(strstr(commands[0], "\ntell 1 USR2 haproxy -c "), "%s", commands[0]);
}

Test(balancer, what_is_outside_is_a_member_by_its_address)
{
	deploy("id: app\nlocation: fake\nservices:\n- {type: external, id: old, address: 192.0.2.7, ports: "
	       "8080}\n"
	       "- {type: loadbalancer, id: lb, members: old}\n");
	cr_expect(strstr(configuration("app.lb.1"), "server 192.0.2.7:8080 "));
}

Test(balancer, the_members_of_a_cluster_are_its_own)
{
#define CLUSTER                                                                                              \
	"id: app\nlocation: fake\nservices:\n- {type: cluster, id: web, initialSize: 2, memberSpec: {type: " \
	"'docker:x:1', openPorts: 80}}\n"
	deploy(CLUSTER);
	deploy(CLUSTER LB());
	cr_expect(has_member(configuration("app.lb.1"), "app.web.2"));
}

Test(balancer, while_a_member_is_replaced_the_older_one_is_meant)
{
#define OTHER "id: app\nlocation: fake\nservices:\n- {type: 'docker:x:2', id: web, openPorts: 80}\n"
	deploy(WEB(1));
	deploy(WEB(1) LB());
	cr_expect_str_eq(action_of(OTHER LB(), "app.lb.1"), "unchanged");
}

#define TLS "  tls: {certificate: {secret: 'env:CERTIFICATE'}, key: {secret: 'env:KEY'}}\n"

/* A certificate and its key, of another curve another pair. */
static void put_pair(const char *curve)
{
	EVP_PKEY *key = EVP_EC_gen(curve);
	X509 *certificate = certificate_new(key, -3600, 3600);
	owned_memory char *public = certificate_pem(certificate), *private = key_pem(key, NULL);
	scene_environment("CERTIFICATE", public);
	scene_environment("KEY", private);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

Test(balancer, certificate_and_key_lie_beside_it)
{
	put_pair("P-256");
	deploy(WEB(1));
	deploy(WEB(1) LB(TLS));
	size_t count = 0;
	const struct spec_file *files = fake_target_files(scene.target, "app.lb.1", &count);
	cr_assert_eq(count, 3);
	cr_expect_str_eq(files[2].path, "/etc/nginx/tls.pem.key");
	cr_expect(strstr(files[2].content, "-----BEGIN PRIVATE KEY-----"));
	cr_expect(files[2].secret);
	cr_expect(strstr(configuration("app.lb.1"), "listen 443 ssl"));
	put_pair("P-384");
	deploy(WEB(1) LB(TLS));
	cr_expect(strstr(fake_target_commands(scene.target, "app.lb.1")[0], "\ntell 1 HUP nginx -t"));
}

/* What the proxy would have refused has not taken the place of what it started with. */
Test(balancer, a_key_that_is_not_the_certificates_is_refused_before_anything_is_written)
{
	EVP_PKEY *stranger = EVP_EC_gen("P-256");
	owned_memory char *other = key_pem(stranger, NULL);
	json_t *document = NULL;
	size_t count = 0;
	put_pair("P-256");
	deploy(WEB(1) LB(TLS));
	const struct spec_file *files = fake_target_files(scene.target, "app.lb.1", &count);
	owned_memory char *before = strndup(files[2].content, files[2].size);
	scene_environment("KEY", other);
	EVP_PKEY_free(stranger);
	cr_expect_eq(scene_run(&scene, berth_deploy, WEB(1) LB(TLS), &document), BERTH_INVALID);
	owned_memory char *said = json_dumps(document, 0);
	json_decref(document);
	cr_expect(strstr(said, "is not the one of the certificate"), "%s", said);
	files = fake_target_files(scene.target, "app.lb.1", &count);
	cr_expect_eq(strncmp(files[2].content, before, files[2].size), 0);
	cr_expect_eq(scene_run(&scene, berth_validate, WEB(1) LB(TLS), &document), BERTH_INVALID,
		     "which is told before anybody deploys it");
	json_t *first = json_array_get(json_object_get(document, "diagnostics"), 0);
	cr_expect(strstr(json_text(first, "summary"), "is not the one of the certificate"));
	cr_expect_eq(json_number(json_object_get(json_object_get(first, "range"), "start"), "line", 0), 8);
	json_decref(document);
}

Test(balancer, a_certificate_that_is_not_there_is_told_by_validate_and_a_variable_may_come_later)
{
	json_t *document = NULL;
	cr_expect_eq(scene_run(&scene, berth_validate,
			       WEB(1) LB("  tls: {certificate: gone.pem, key: {secret: 'env:NOWHERE'}}\n"),
			       &document),
		     BERTH_INVALID);
	const json_t *list = json_object_get(document, "diagnostics");
	cr_expect_eq(json_array_size(list), 1);
	cr_expect(strstr(json_text(json_array_get(list, 0), "summary"), "/gone.pem cannot be read"));
	json_decref(document);
}

static void scale(int64_t count)
{
	static const char *const web[] = {"web", NULL};
	struct berth_request request = {
	    .size = sizeof request, .app = "app", .components = web, .count = count};
	cr_assert_eq(scene_request(&scene, berth_scale, &request, NULL), BERTH_OK, "%s", scene.events);
}

/* When that was told, of the last operation; SIZE_MAX: never. */
static size_t moment(const char *words)
{
	const char *found = strstr(scene.events, words);
	return found ? (size_t)(found - scene.events) : SIZE_MAX;
}

Test(balancer, members_that_get_ready_in_the_same_deploy_are_told_to_it)
{
	deploy(WEB(2) LB());
	cr_expect(has_member(configuration("app.lb.1"), "app.web.1"), "%s", configuration("app.lb.1"));
	cr_expect(has_member(configuration("app.lb.1"), "app.web.2"), "%s", configuration("app.lb.1"));
	cr_expect_str_eq(action_of(WEB(2) LB(), "app.lb.1"), "unchanged");
}

Test(balancer, one_that_comes_by_scaling_is_told_once_it_answers)
{
	deploy(WEB(1) LB());
	scale(3);
	cr_expect(has_member(configuration("app.lb.1"), "app.web.2"), "%s", configuration("app.lb.1"));
	cr_expect(has_member(configuration("app.lb.1"), "app.web.3"), "%s", configuration("app.lb.1"));
	cr_expect_lt(moment("app.web.2 running"), moment("app.lb.1 updating"), "%s", scene.events);
	cr_expect_str_eq(action_of(WEB(3) LB(), "app.lb.1"), "unchanged", "that is remembered");
}

/* So that who answers is told of without the start of a process. */
Test(balancer, the_command_that_tells_of_a_new_member_is_begun_while_that_starts)
{
	struct fake_command waits = {.reads = true};
	struct fake_behaviour slow = {.component = "app.web.2", .answers_after_ms = 3000};
	deploy(WEB(1) LB());
	cr_assert_eq(fake_target_command(scene.target, &waits), 0);
	fake_target_behave(scene.target, &slow);
	size_t before = fake_target_calls(scene.target, FAKE_EXEC);
	scale(2);
	const char *const *commands = fake_target_commands(scene.target, "app.lb.1");
	size_t count = 0;
	while (commands[count])
		count++;
	cr_assert(count && starts_with(commands[count - 1], "berth_size=- "), "%s", commands[count - 1]);
	cr_expect_eq(fake_target_calls(scene.target, FAKE_EXEC), before + 1, "it is the one that told of it");
	const char *told = configuration("app.lb.1");
	cr_expect_eq(strtoull(told, NULL, 10), strlen(strchr(told, '\n') + 1), "its size comes first");
	cr_expect(has_member(told, "app.web.2"), "%s", told);
	cr_expect_str_eq(action_of(WEB(2) LB(), "app.lb.1"), "unchanged");
}

Test(balancer, where_that_command_ends_before_its_time_another_one_tells)
{
	struct fake_behaviour slow = {.component = "app.web.2", .answers_after_ms = 3000};
	deploy(WEB(1) LB());
	fake_target_behave(scene.target, &slow);
	size_t before = fake_target_calls(scene.target, FAKE_EXEC);
	scale(2); /* commands end at once here */
	cr_expect_eq(fake_target_calls(scene.target, FAKE_EXEC), before + 2,
		     "it is not begun again and again");
	cr_expect(has_member(configuration("app.lb.1"), "app.web.2"), "%s", configuration("app.lb.1"));
	cr_expect(starts_with(configuration("app.lb.1"), "#") ||
		  !strtoull(configuration("app.lb.1"), NULL, 10));
}

Test(balancer, of_a_member_that_does_not_get_ready_nobody_is_told)
{
	struct fake_command waits = {.reads = true};
	struct fake_behaviour never = {.component = "app.web.2", .answers_after_ms = -1};
	deploy(WEB(1) LB());
	cr_assert_eq(fake_target_command(scene.target, &waits), 0);
	fake_target_behave(scene.target, &never);
	const char *before = fake_target_input(scene.target, "app.lb.1");
	static const char *const web[] = {"web", NULL};
	struct berth_request request = {.size = sizeof request, .app = "app", .components = web, .count = 2};
	cr_expect_eq(scene_request(&scene, berth_scale, &request, NULL), BERTH_FAILED);
	cr_expect_eq(fake_target_input(scene.target, "app.lb.1"), before,
		     "what was begun for it is let go of");
}

Test(balancer, one_that_is_waited_for_is_asked_often_while_it_starts)
{
	struct fake_behaviour slow = {.component = "app.web.2", .answers_after_ms = 9000};
	fake_target_behave(scene.target, &slow);
	deploy(WEB(1) LB());
	int64_t begun = scene.world->ops->now(scene.world);
	scale(2);
	cr_expect(has_member(configuration("app.lb.1"), "app.web.2"), "%s", configuration("app.lb.1"));
	cr_expect_geq(scene.world->ops->now(scene.world) - begun, 9000);
	cr_expect_lt(scene.world->ops->now(scene.world) - begun, 9100, "not once a second: %s", scene.events);
}

/* Its patience is that for an installation, far longer than the usual one. */
Test(balancer, software_that_is_waited_for_is_asked_less_and_less_often)
{
	struct fake_behaviour slow = {.component = "app.web.2", .answers_after_ms = 60000};
	fake_target_behave(scene.target, &slow);
	deploy("id: app\nlocation: fake\nservices:\n- {type: software, id: web, launch.command: exec x, "
	       "ports: {http: auto}, healthCheck: {tcp: {port: http}}}\n" LB());
	size_t before = fake_target_calls(scene.target, FAKE_PROBE);
	scale(2);
	size_t asked = fake_target_calls(scene.target, FAKE_PROBE) - before;
	cr_expect(asked > 100 && asked < 5000, "%zu times", asked);
}

Test(balancer, with_a_certificate_beside_it_all_files_are_written_before_it_is_told)
{
	put_pair("P-256");
	deploy(WEB(2) LB(TLS));
	scale(3);
	cr_expect_null(fake_target_input(scene.target, "app.lb.1"));
	cr_expect(has_member(configuration("app.lb.1"), "app.web.3"), "%s", configuration("app.lb.1"));
}

Test(balancer, one_that_goes_by_scaling_stops_when_nobody_sends_to_it_any_more)
{
	deploy(WEB(3) LB());
	int64_t begun = scene.world->ops->now(scene.world);
	scale(1);
	cr_expect_not(has_member(configuration("app.lb.1"), "app.web.1") == false);
	cr_expect_null(strstr(configuration("app.lb.1"), "# web.2"));
	cr_expect_null(strstr(configuration("app.lb.1"), "# web.3"));
	cr_expect_lt(moment("app.lb.1 updating"), moment("app.web.3 removing"), "%s", scene.events);
	cr_expect_geq(scene.world->ops->now(scene.world) - begun, 2 * 1000,
		      "what is under way takes its time: %s", scene.events);
	cr_expect_lt(scene.world->ops->now(scene.world) - begun, 12 * 1000);
}

Test(balancer, one_that_is_replaced_or_restarted_leaves_first_and_comes_back)
{
	deploy(WEB(2) LB());
	static const char *const web[] = {"web", NULL};
	struct berth_request request = {.size = sizeof request, .app = "app", .components = web};
	cr_assert_eq(scene_request(&scene, berth_restart, &request, NULL), BERTH_OK, "%s", scene.events);
	cr_expect_lt(moment("app.lb.1 updating"), moment("app.web.1 starting"), "%s", scene.events);
	cr_expect(has_member(configuration("app.lb.1"), "app.web.1"), "%s", configuration("app.lb.1"));
	cr_expect(has_member(configuration("app.lb.1"), "app.web.2"), "%s", configuration("app.lb.1"));
}

/* Others are still being started when it has been told the last time. */
Test(balancer, what_it_was_told_while_its_members_were_stopped_and_started_is_remembered)
{
#define MORE "- {type: 'docker:x:1', id: more, openPorts: 81}\n"
	static const char *const some[] = {"web", "more", NULL};
	struct fake_behaviour slow = {.component = "app.more.1", .answers_after_ms = 3000};
	struct berth_request request = {.size = sizeof request, .app = "app", .components = some};
	fake_target_behave(scene.target, &slow);
	deploy(WEB(2) MORE LB());
	cr_assert_eq(scene_request(&scene, berth_stop, &request, NULL), BERTH_OK, "%s", scene.events);
	cr_assert_eq(scene_request(&scene, berth_start, &request, NULL), BERTH_OK, "%s", scene.events);
	cr_expect(has_member(configuration("app.lb.1"), "app.web.2"), "%s", configuration("app.lb.1"));
	cr_expect_str_eq(action_of(WEB(2) MORE LB(), "app.lb.1"), "unchanged");
#undef MORE
}

Test(balancer, a_destroy_waits_for_nobody)
{
	deploy(WEB(2) LB());
	int64_t begun = scene.world->ops->now(scene.world);
	cr_assert_eq(scene_run(&scene, berth_destroy, WEB(2) LB(), NULL), BERTH_OK, "%s", scene.events);
	cr_expect_lt(scene.world->ops->now(scene.world) - begun, 5 * 1000);
}

static void keep(void)
{
	struct berth_error error;
	keeper = berth_keep(scene.berth, NULL, NULL, &error);
	cr_assert_not_null(keeper, "%s", error.text);
}

static bool never(void *nothing)
{
	(void)nothing;
	return false;
}

/* How often it was told of its file since it was made. */
static size_t times_told(void)
{
	size_t count = 0;
	for (const char *const *at = fake_target_commands(scene.target, "app.lb.1"); at && *at; at++)
		count++;
	return count;
}

Test(balancer, while_it_is_kept_one_that_ends_is_taken_out_and_comes_back_when_it_answers)
{
#define KEPT                                                                                                 \
	"id: app\nlocation: fake\nservices:\n- {type: 'docker:x:1', id: web, openPorts: 80, instances: 2, "  \
	"policies: [{type: restarter, backoff: 30s, jitter: 0}]}\n"
	deploy(KEPT LB());
	keep();
	size_t before = times_told();
	virtual_world_run(scene.world, never, NULL, 5000);
	cr_expect_eq(times_told(), before, "it was told by the deploy");
	cr_assert_eq(fake_target_exit(scene.target, "app.web.2", 1), 0);
	virtual_world_run(scene.world, never, NULL, 1000);
	cr_expect(has_member(configuration("app.lb.1"), "app.web.1"), "%s", configuration("app.lb.1"));
	if (strstr(configuration("app.lb.1"), "# web.2")) /* restarted at once */
		cr_expect(has_member(configuration("app.lb.1"), "app.web.2"));
	virtual_world_run(scene.world, never, NULL, 60 * 1000);
	cr_expect(has_member(configuration("app.lb.1"), "app.web.2"), "%s", configuration("app.lb.1"));
	size_t told = times_told();
	cr_expect_geq(told, 2);
	virtual_world_run(scene.world, never, NULL, 10 * 60 * 1000);
	cr_expect_eq(times_told(), told, "nothing is told again without a reason");
}

Test(balancer, while_it_is_kept_its_own_check_is_no_reason_to_be_told_late)
{
	struct fake_rule slow = {.call = FAKE_PROBE, .instance = "app.lb.1", .delay_ms = 1500};
	deploy(WEB(6) LB());
	cr_assert_eq(fake_target_rule(scene.target, &slow), 0);
	keep();
	for (unsigned i = 2; i <= 6; i++) {
		char name[16], line[16];
		snprintf(name, sizeof name, "app.web.%u", i);
		snprintf(line, sizeof line, "# web.%u", i);
		virtual_world_run(scene.world, never, NULL, 5000 + 330 * i);
		cr_assert(strstr(configuration("app.lb.1"), line));
		cr_assert_eq(fake_target_exit(scene.target, name, 1), 0);
		virtual_world_run(scene.world, never, NULL, 100);
		cr_expect_null(strstr(configuration("app.lb.1"), line), "of %s", name);
	}
}

/* --- who is ill ---------------------------------------------------------------------------------- */

static void silence(const char *name, bool silent)
{
	struct fake_behaviour behaviour = {.component = name, .answers_after_ms = silent ? -1 : 0};
	cr_assert_eq(fake_target_behave(scene.target, &behaviour), 0);
}

Test(balancer, nobody_is_sent_to_a_member_while_its_check_fails_unless_all_of_them_do)
{
#define CHECKED                                                                                              \
	"id: app\nlocation: fake\nservices:\n- {type: 'docker:x:1', id: web, instances: 2, openPorts: 80, "  \
	"healthCheck: {http: /, interval: 1s, retries: 2}}\n"
	deploy(CHECKED LB());
	keeper = berth_keep(scene.berth, NULL, NULL, NULL);
	cr_assert_not_null(keeper);
	virtual_world_run(scene.world, never, NULL, 5000);
	silence("app.web.2", true);
	virtual_world_run(scene.world, never, NULL, 30000);
	cr_expect(has_member(configuration("app.lb.1"), "app.web.1"), "%s", configuration("app.lb.1"));
	cr_expect_null(strstr(configuration("app.lb.1"), "# web.2"), "%s", configuration("app.lb.1"));
	silence("app.web.2", false);
	virtual_world_run(scene.world, never, NULL, 30000);
	cr_expect(has_member(configuration("app.lb.1"), "app.web.2"), "%s", configuration("app.lb.1"));
	silence("app.web.1", true);
	silence("app.web.2", true);
	virtual_world_run(scene.world, never, NULL, 60000);
	cr_expect(has_member(configuration("app.lb.1"), "app.web.1"), "%s", configuration("app.lb.1"));
	cr_expect(has_member(configuration("app.lb.1"), "app.web.2"), "%s", configuration("app.lb.1"));
}

/* --- lists in files ------------------------------------------------------------------------------ */

#define LISTING                                                                                              \
	"- type: docker:y:1\n  id: front\n  onChange: {signal: HUP}\n  files:\n    /etc/list:\n"             \
	"      $brooklyn:formatString: ['to %s;', $berth:endpoints(\"web\")]\n"

static size_t times_signalled(void)
{
	size_t count = 0;
	for (const char *const *at = fake_target_signals(scene.target, "app.front.1"); at && *at; at++)
		count++;
	return count;
}

/* "1 2": whom the list has, in its order. */
static const char *listed(void)
{
	static char text[64];
	size_t count = 0, length = 0;
	const struct spec_file *files = fake_target_files(scene.target, "app.front.1", &count);
	cr_assert_eq(count, 1);
	text[0] = '\0';
	owned_memory char *content = strndup(files[0].content, files[0].size);
	cr_assert(content && !strncmp(content, "to ", 3) && content[strlen(content) - 1] == ';');
	for (unsigned i = 1; i <= 3; i++) {
		char name[32], place[64];
		snprintf(name, sizeof name, "app.web.%u", i);
		if (!fake_target_find(scene.target, name))
			continue;
		snprintf(place, sizeof place, "%s:80", address_of(name));
		if (strstr(content, place))
			length += (size_t)snprintf(text + length, sizeof text - length, "%s%u",
						   length ? " " : "", i);
	}
	return text;
}

Test(balancer, a_list_in_a_file_follows_who_takes_requests_and_restarts_nobody)
{
	deploy(WEB(1) LISTING);
	cr_expect_str_eq(listed(), "1");
	char *before = strdup(fake_target_find(scene.target, "app.front.1")->target_id);
	size_t signals = times_signalled();
	deploy(WEB(3) LISTING);
	cr_expect_str_eq(listed(), "1 2 3");
	cr_expect_gt(times_signalled(), signals);
	cr_expect_str_eq(action_of(WEB(3) LISTING, "app.front.1"), "unchanged");
	deploy(WEB(2) LISTING);
	cr_expect_str_eq(listed(), "1 2");
	cr_expect_str_eq(action_of(WEB(2) LISTING, "app.front.1"), "unchanged");
	cr_expect_str_eq(fake_target_find(scene.target, "app.front.1")->target_id, before);
	free(before);
}

Test(balancer, whoever_is_ill_leaves_the_lists_in_files_and_comes_back)
{
	deploy(CHECKED LISTING);
	char *before = strdup(fake_target_find(scene.target, "app.front.1")->target_id);
	keep();
	virtual_world_run(scene.world, never, NULL, 5000);
	cr_expect_str_eq(listed(), "1 2");
	size_t signals = times_signalled();
	silence("app.web.2", true);
	virtual_world_run(scene.world, never, NULL, 30000);
	cr_expect_str_eq(listed(), "1");
	cr_expect_eq(times_signalled(), signals + 1);
	silence("app.web.2", false);
	virtual_world_run(scene.world, never, NULL, 30000);
	cr_expect_str_eq(listed(), "1 2");
	silence("app.web.1", true);
	silence("app.web.2", true);
	virtual_world_run(scene.world, never, NULL, 60000);
	cr_expect_str_eq(listed(), "1 2", "nobody is better than those");
	cr_expect_str_eq(fake_target_find(scene.target, "app.front.1")->target_id, before);
	free(before);
}
