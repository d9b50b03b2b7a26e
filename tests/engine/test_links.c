/* test_links.c - a consumer gets the address and port that it reaches, wherever the provider is. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "engine/engine.h"
#include "locations/fake/target.h"
#include "tests/engine/scene.h"

static struct scene scene;
static struct fake_target *there;

static void raise_curtain(void)
{
	scene_open(&scene);
	there = scene_place(&scene, "there");
}

static void drop_curtain(void)
{
	scene_close(&scene);
}

TestSuite(links, .init = raise_curtain, .fini = drop_curtain);

#define APART                                                                                                \
	"id: app\nlocation: fake\nlocations: {far: {fake: {target: there}}}\nservices:\n"                    \
	"- {type: 'docker:redis:3', id: db, openPorts: 6379}\n"                                              \
	"- {type: 'docker:front:1', id: web, location: far, links: [$brooklyn:component(\"db\")]}\n"

static const char *variable_there(const char *instance, const char *name)
{
	const char *const *entries = fake_target_environment(there, instance);
	size_t length = strlen(name);
	for (; entries && *entries; entries++)
		if (strncmp(*entries, name, length) == 0 && (*entries)[length] == '=')
			return *entries + length + 1;
	return NULL;
}

static json_t *change_of(const json_t *document, const char *instance)
{
	size_t i;
	json_t *change;
	json_array_foreach (json_object_get(document, "changes"), i, change)
		if (strcmp(json_text(change, "instance"), instance) == 0)
			return change;
	return NULL;
}

Test(links, a_consumer_elsewhere_gets_the_published_address_and_the_plan_says_so)
{
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_deploy, APART, &document), BERTH_OK);
	json_t *publishes = json_object_get(change_of(document, "app.db.1"), "publishes");
	cr_assert_eq(json_array_size(publishes), 1);
	int64_t number = json_number(json_array_get(publishes, 0), "host_port", 0);
	const char *address = json_text(json_array_get(publishes, 0), "host_address");
	char expected[128];
	snprintf(expected, sizeof expected, "tcp://%s:%d", address, (int)number);
	cr_assert_str_eq(variable_there("app.web.1", "DB_PORT_6379_TCP"), expected);
	json_t *link = json_array_get(json_object_get(change_of(document, "app.web.1"), "links"), 0);
	cr_assert_str_eq(json_text(link, "path"), "published");
	cr_assert_eq(json_number(link, "port", 0), number);
	cr_assert(number >= 20000 && number < 32000, "%d", (int)number);
	json_decref(document);
}

static int64_t published_number(const char *blueprint)
{
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_plan, blueprint, &document), BERTH_OK);
	json_t *publishes = json_object_get(change_of(document, "app.db.1"), "publishes");
	int64_t number = json_number(json_array_get(publishes, 0), "host_port", 0);
	json_decref(document);
	return number;
}

Test(links, a_picked_number_is_kept_also_when_the_instance_and_the_store_are_lost)
{
	cr_assert_eq(scene_run(&scene, berth_deploy, APART, NULL), BERTH_OK);
	int64_t number = published_number(APART);
	cr_assert_eq(published_number(APART), number);
	scene_restart(&scene, false);
	cr_assert_eq(published_number(APART), number);
	cr_assert_eq(fake_target_vanish(scene.target, "app.db.1"), 0);
	cr_assert_eq(published_number(APART), number);
}

Test(links, gaining_an_outside_consumer_replaces_the_provider_and_losing_it_replaces_nothing)
{
	static const char alone[] = "id: app\nlocation: fake\nservices:\n"
				    "- {type: 'docker:redis:3', id: db, openPorts: 6379}\n";
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_deploy, alone, NULL), BERTH_OK);
	cr_assert_eq(scene_run(&scene, berth_deploy, APART, &document), BERTH_OK);
	cr_assert_str_eq(scene_action(document, "app.db.1"), "replace");
	cr_assert_str_eq(
	    json_text(json_array_get(json_object_get(change_of(document, "app.db.1"), "because"), 0), "path"),
	    "publish");
	json_decref(document);
	cr_assert_eq(scene_run(&scene, berth_deploy, alone, &document), BERTH_OK);
	cr_assert_str_eq(scene_action(document, "app.db.1"), "unchanged");
	cr_assert_str_eq(scene_action(document, "app.web.1"), "remove");
	json_decref(document);
}

Test(links, an_address_known_only_after_deploy_is_waited_for)
{
	struct capabilities plain = {.grain = GRAIN_INSTANCE,
				     .names_unique = true,
				     .host_names = false,
				     .mapped_ports = true,
				     .kinds = ~0u,
				     .calls_in_flight = 4};
	static const char numbers[] =
	    "id: app\nlocation: fake\nservices:\n"
	    "- {type: 'docker:redis:3', id: db, openPorts: 6379}\n"
	    "- {type: 'docker:front:1', id: web, links: [$brooklyn:component(\"db\")]}\n";
	json_t *document = NULL;
	fake_target_capabilities(scene.target, &plain);
	cr_assert_eq(scene_run(&scene, berth_plan, numbers, &document), BERTH_OK);
	json_t *link = json_array_get(json_object_get(change_of(document, "app.web.1"), "links"), 0);
	cr_assert(json_is_null(json_object_get(link, "host")), "(known after deploy)");
	json_decref(document);
	cr_assert_eq(scene_run(&scene, berth_deploy, numbers, NULL), BERTH_OK);
	const struct observed *db = fake_target_find(scene.target, "app.db.1");
	cr_assert_str_eq(scene_variable(&scene, "app.web.1", "DB_PORT_6379_TCP_ADDR"),
			 db->attachments[0].address);
	cr_assert_eq(scene_run(&scene, berth_deploy, numbers, &document), BERTH_OK);
	cr_assert_not(json_flag(document, "changed", true));
	json_decref(document);
}

Test(links, the_map_form_renames_and_an_unreadable_alias_gets_a_readable_form_too)
{
	static const char renamed[] =
	    "id: app\nlocation: fake\nservices:\n"
	    "- {type: 'docker:redis:3', id: db, openPorts: [6379, 6380]}\n"
	    "- {type: 'docker:front:1', id: web, links: {My-Cache: '$brooklyn:component(\"db\")'}}\n";
	cr_assert_eq(scene_run(&scene, berth_deploy, renamed, NULL), BERTH_OK);
	cr_assert_str_eq(scene_variable(&scene, "app.web.1", "MY-CACHE_PORT"), "tcp://my-cache:6380");
	cr_assert_str_eq(scene_variable(&scene, "app.web.1", "MY_CACHE_PORT_6379_TCP_ADDR"), "my-cache");
	cr_assert_str_eq(scene_variable(&scene, "app.web.1", "MY_CACHE_NAME"), "/web/My-Cache");
}

Test(links, a_link_to_what_has_no_ports_gives_the_name_alone)
{
	static const char bare[] =
	    "id: app\nlocation: fake\nservices:\n- {type: 'docker:w:1', id: worker}\n"
	    "- {type: 'docker:front:1', id: web, links: [$brooklyn:component(\"worker\")]}\n";
	cr_assert_eq(scene_run(&scene, berth_deploy, bare, NULL), BERTH_OK);
	cr_assert_str_eq(scene_variable(&scene, "app.web.1", "WORKER_NAME"), "/web/worker");
	cr_assert_null(scene_variable(&scene, "app.web.1", "WORKER_PORT"));
}

Test(links, an_external_component_is_reached_where_the_blueprint_says)
{
	static const char external[] =
	    "id: app\nlocation: fake\nservices:\n- {type: external, id: db, address: 198.51.100.7, ports: "
	    "[5432]}\n"
	    "- {type: 'docker:front:1', id: web, links: [$brooklyn:component(\"db\")],\n"
	    "   env: {URL: '$brooklyn:formatString(\"pg://%s\", $berth:endpoint(\"db\", 5432))'}}\n";
	cr_assert_eq(scene_run(&scene, berth_deploy, external, NULL), BERTH_OK);
	cr_assert_str_eq(scene_variable(&scene, "app.web.1", "DB_PORT"), "tcp://198.51.100.7:5432");
	cr_assert_str_eq(scene_variable(&scene, "app.web.1", "URL"), "pg://198.51.100.7:5432");
	cr_assert_eq(fake_target_instances(scene.target), 1);
}

Test(links, secrets_are_never_copied_to_consumers)
{
	static const char secret[] =
	    "id: app\nlocation: fake\nservices:\n"
	    "- {type: 'docker:redis:3', id: db, openPorts: 6379, env: {KEY: '$berth:secret(\"env:CANARY\")', "
	    "SIZE: 3}}\n"
	    "- {type: 'docker:front:1', id: web, links: [$brooklyn:component(\"db\")]}\n";
	scene_environment("CANARY", "sparrow");
	cr_assert_eq(scene_run(&scene, berth_deploy, secret, NULL), BERTH_OK);
	cr_assert_str_eq(scene_variable(&scene, "app.db.1", "KEY"), "sparrow");
	cr_assert_null(scene_variable(&scene, "app.web.1", "DB_ENV_KEY"));
	cr_assert_str_eq(scene_variable(&scene, "app.web.1", "DB_ENV_SIZE"), "3");
}

Test(links, a_missing_secret_is_told_at_its_component_before_anything_is_touched)
{
	static const char missing[] = "id: app\nlocation: fake\nservices:\n- type: docker:x:1\n  id: a\n"
				      "  env: {KEY: '$berth:secret(\"env:NOT_THERE\")'}\n";
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_deploy, missing, &document), BERTH_INVALID);
	json_t *entry = json_array_get(json_object_get(document, "diagnostics"), 0);
	cr_assert(strstr(json_text(entry, "summary"), "NOT_THERE"));
	cr_assert_eq(fake_target_calls(scene.target, FAKE_PLACE), 0);
	json_decref(document);
}

Test(links, several_instances_are_made_and_the_first_answers_for_all)
{
	static const char three[] =
	    "id: app\nlocation: fake\nservices:\n"
	    "- {type: 'docker:redis:3', id: db, openPorts: 6379, instances: 3}\n"
	    "- {type: 'docker:front:1', id: web, links: [$brooklyn:component(\"db\")]}\n";
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_deploy, three, NULL), BERTH_OK);
	cr_assert_eq(fake_target_instances(scene.target), 4);
	cr_assert_str_eq(scene_variable(&scene, "app.web.1", "DB_PORT"), "tcp://db:6379");
	cr_assert(fake_target_find(scene.target, "app.db.3")->shared_name_held);
	cr_assert_eq(scene_run(&scene, berth_status, three, &document), BERTH_OK);
	cr_assert_eq(json_array_size(json_object_get(
			 json_array_get(json_object_get(document, "components"), 0), "instances")),
		     3);
	json_decref(document);
}

Test(links, one_place_under_two_names_is_one_place)
{
	static const char plain[] = "id: app\nlocation: fake\nservices:\n"
				    "- {type: 'docker:redis:3', id: db, openPorts: 6379}\n";
	static const char mapped[] = "id: app\nlocation: {fake: {target: fake}}\nservices:\n"
				     "- {type: 'docker:redis:3', id: db, openPorts: 6379}\n";
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_deploy, plain, NULL), BERTH_OK);
	cr_assert_eq(scene_run(&scene, berth_plan, mapped, &document), BERTH_OK);
	cr_assert_eq(json_array_size(json_object_get(document, "changes")), 1);
	cr_assert_str_eq(scene_action(document, "app.db.1"), "unchanged");
	json_decref(document);
	cr_assert_eq(scene_run(&scene, berth_deploy, mapped, &document), BERTH_OK);
	cr_assert_not(json_flag(document, "changed", true));
	json_decref(document);
	cr_assert_eq(fake_target_instances(scene.target), 1);
}

Test(links, a_component_that_moves_is_made_there_and_removed_here)
{
	static const char here[] = "id: app\nlocation: fake\nservices:\n- {type: 'docker:x:1', id: a}\n";
	static const char gone[] =
	    "id: app\nlocation: {fake: {target: there}}\nservices:\n- {type: 'docker:x:1', id: a}\n";
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_deploy, here, NULL), BERTH_OK);
	cr_assert_eq(scene_run(&scene, berth_deploy, gone, &document), BERTH_OK);
	cr_assert_eq(fake_target_instances(scene.target), 0);
	cr_assert_eq(fake_target_instances(there), 1);
	json_decref(document);
	cr_assert_eq(scene_run(&scene, berth_deploy, gone, &document), BERTH_OK);
	cr_assert_not(json_flag(document, "changed", true));
	json_decref(document);
}

/* Consumers of providers with 1024 ports each, for the caller to free. */
static char *many_ports(unsigned providers, unsigned instances)
{
	struct text blueprint = {0};
	text_add(&blueprint, "id: app\nlocation: fake\nservices:\n");
	for (unsigned i = 0; i < providers; i++)
		text_format(&blueprint, "- {type: 'docker:a', id: p%u, openPorts: ['1-1024']}\n", i);
	text_format(&blueprint, "- {type: 'docker:b', id: c, instances: %u, links: [", instances);
	for (unsigned i = 0; i < providers; i++)
		text_format(&blueprint, "%s'$brooklyn:component(\"p%u\")'", i ? ", " : "", i);
	text_add(&blueprint, "]}\n");
	return text_take(&blueprint);
}

/* Each variable that is put is looked for among the others. */
Test(links, a_hundred_thousand_variables_are_put_together_in_a_moment, .timeout = 60)
{
	char *blueprint = many_ports(18, 1);
	cr_assert_eq(scene_run(&scene, berth_plan, blueprint, NULL), BERTH_OK);
	free(blueprint);
}

Test(links, more_variables_than_a_process_can_have_are_refused_at_the_link_that_is_too_many)
{
	char *blueprint = many_ports(60, 1);
	json_t *document = NULL;
	cr_assert_eq(scene_run(&scene, berth_plan, blueprint, &document), BERTH_INVALID);
	const json_t *first = json_array_get(json_object_get(document, "diagnostics"), 0);
	cr_assert_not_null(strstr(json_text(first, "summary"), "more variables than a process"));
	cr_assert_eq(json_number(json_object_get(json_object_get(first, "range"), "start"), "line", 0), 64);
	json_decref(document);
	free(blueprint);
}

/* COUNT components, and one that needs all of them, for the caller to free. */
static char *hub(unsigned count)
{
	struct text blueprint = {0};
	text_add(&blueprint,
		 "id: app\nlocation: fake\nservices:\n- {type: 'docker:hub', id: hub, dependsOn: [c0");
	for (unsigned i = 1; i < count; i++)
		text_format(&blueprint, ", c%u", i);
	text_add(&blueprint, "]}\n");
	for (unsigned i = 0; i < count; i++)
		text_format(&blueprint, "- {type: 'docker:a', id: c%u}\n", i);
	return text_take(&blueprint);
}

static bool has_ended(void *operation)
{
	return berth_done(operation);
}

/* Each that gets on wakes whoever needs it; all that one needs are looked at for none of them but the last.
 */
Test(links, who_needs_very_many_does_not_look_at_all_of_them_for_each_that_answers)
{
	char *blueprint = hub(300);
	struct berth_request request = {.size = sizeof request, .blueprint = blueprint, .file = "/b.yaml"};
	struct berth_operation *operation = berth_deploy(scene.berth, &request, NULL, NULL);
	cr_assert_not_null(operation);
	cr_assert(virtual_world_run(scene.world, has_ended, operation, 60 * 60000));
	cr_assert_eq(berth_outcome(operation), BERTH_OK);
	cr_assert_lt(operation->effort, 300 * 50, "%zu", operation->effort);
	berth_operation_free(operation);
	free(blueprint);
}

/* Cancelled as soon as something was planned. */
static bool cancel_while_planning(void *owner)
{
	struct berth_operation *operation = owner;
	if (operation->effort && !operation->cancelled)
		berth_cancel(operation);
	return berth_done(operation);
}

Test(links, a_long_plan_hears_that_it_is_to_end)
{
	char *blueprint = many_ports(1, 64);
	struct berth_request request = {.size = sizeof request, .blueprint = blueprint, .file = "/b.yaml"};
	struct berth_operation *operation = berth_plan(scene.berth, &request, NULL, NULL);
	cr_assert_not_null(operation);
	cr_assert(virtual_world_run(scene.world, cancel_while_planning, operation, 60000));
	cr_assert_eq(berth_outcome(operation), BERTH_INTERRUPTED);
	cr_assert_lt(operation->effort, 64 * 5 * 1024 / 2, "it went on to the end");
	berth_operation_free(operation);
	free(blueprint);
}

Test(links, what_a_component_that_moves_leaves_behind_keeps_its_data)
{
#define DATA(where)                                                                                          \
	"id: app\nlocation: fake\nlocations: {far: {fake: {target: there}}}\nservices:\n"                    \
	"- {type: 'docker:redis:3', id: db, location: " where ", volumes: ['data:/data']}\n"
	cr_assert_eq(scene_run(&scene, berth_deploy, DATA("far"), NULL), BERTH_OK);
	const struct berth_request request = {
	    .size = sizeof request, .blueprint = DATA("fake"), .leave_data = true};
	cr_assert_eq(scene_request(&scene, berth_deploy, &request, NULL), BERTH_OK);
	cr_assert_eq(fake_target_instances(there), 0);
	cr_expect_not_null(map_get(target_app(there, "app")->volumes, "data"), "nobody asked for that");
}
