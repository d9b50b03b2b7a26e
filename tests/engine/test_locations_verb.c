/* test_locations_verb.c - `locations` lists the names that are known and by whom; with `check`, what each
 * answers. */
#include <criterion/criterion.h>
#include <stdio.h>
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

TestSuite(locations_verb, .init = raise_curtain, .fini = drop_curtain);

struct told {
	const char *severity;
	int line, column;
	const char *words, *remedy;
};

static const char *blueprint; /* given with it; NULL: none */

static enum berth_outcome ask(const char *const *bindings, const char *name, bool check,
			      json_t **ret_document)
{
	struct berth_request request = {
	    .size = sizeof request, .locations = bindings, .name = name, .check = check, .timeout_ms = 60000};
	if (blueprint) {
		request.blueprint = blueprint;
		request.blueprint_size = strlen(blueprint);
		request.file = "shop.yaml";
	}
	return scene_request(&scene, berth_locations, &request, ret_document);
}

static const json_t *entry_of(const json_t *document, const char *name)
{
	const json_t *entry, *found = NULL;
	size_t i;
	json_array_foreach (json_object_get(document, "locations"), i, entry)
		if (strcmp(json_text(entry, "name"), name) == 0) {
			cr_assert_null(found, "%s is listed twice", name);
			found = entry;
		}
	return found;
}

static void configure(const char *text)
{
	char path[512];
	struct error err = {0};
	snprintf(path, sizeof path, "%s/config", virtual_world_directory(scene.world));
	cr_assert_eq(scene.world->ops->directories_make(scene.world, path, 0700, &err), 0, "%s", err.text);
	snprintf(path, sizeof path, "%s/config/locations.yaml", virtual_world_directory(scene.world));
	cr_assert_eq(scene.world->ops->file_write(scene.world, path, 0600, text, strlen(text), &err), 0, "%s",
		     err.text);
}

Test(locations_verb, this_machine_is_always_known)
{
	owned_json document = NULL;
	cr_assert_eq(ask(NULL, NULL, false, &document), BERTH_OK);
	cr_expect_eq(json_array_size(json_object_get(document, "locations")), 1);
	const json_t *here = entry_of(document, "localhost");
	cr_assert_not_null(here);
	cr_expect_str_eq(json_text(here, "type"), "localhost");
	cr_expect_str_eq(json_text(here, "spec"), "localhost");
	cr_expect_str_eq(json_text(here, "source"), "built in");
	cr_expect(json_is_null(json_object_get(here, "reachable")));
}

Test(locations_verb, first_definition_of_a_name_counts_and_its_source_is_shown)
{
	owned_json document = NULL;
	configure("mine: fake:second\nours: fake\n");
	cr_assert_eq(ask((const char *const[]){"mine=fake", NULL}, NULL, false, &document), BERTH_OK);
	cr_expect_eq(json_array_size(json_object_get(document, "locations")), 3);
	cr_expect_str_eq(json_text(entry_of(document, "mine"), "spec"), "fake");
	cr_expect_str_eq(json_text(entry_of(document, "mine"), "source"), "--location");
	cr_expect_not_null(strstr(json_text(entry_of(document, "ours"), "source"), "/config/locations.yaml"));
}

Test(locations_verb, listing_asks_nobody)
{
	cr_assert_eq(ask((const char *const[]){"mine=fake", NULL}, NULL, false, NULL), BERTH_OK);
	cr_expect_eq(fake_target_calls(scene.target, FAKE_CONNECT), 0);
}

Test(locations_verb, check_asks_all_at_once_and_tells_what_they_are)
{
	owned_json document = NULL;
	struct fake_target *second = scene_place(&scene, "second");
	fake_target_time(scene.target, FAKE_CONNECT, 3000);
	fake_target_time(second, FAKE_CONNECT, 3000);
	int64_t began = scene.world->ops->now(scene.world);
	cr_expect_eq(ask((const char *const[]){"a=fake", "b=fake:second", NULL}, NULL, true, &document),
		     BERTH_OK);
	cr_expect_lt(scene.world->ops->now(scene.world) - began, 5000, "one after the other");
	static const char *const names[] = {"a", "b"};
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const json_t *entry = entry_of(document, names[i]);
		cr_expect(json_is_true(json_object_get(entry, "reachable")));
		cr_expect_not_null(json_text(entry, "endpoint"));
		cr_expect_not_null(json_text(entry, "version"));
		cr_expect(json_is_null(json_object_get(entry, "error")));
	}
}

Test(locations_verb, unreachable_one_ends_with_69_and_the_others_are_told_all_the_same)
{
	owned_json document = NULL;
	fake_target_unreachable(scene.target, true);
	cr_assert_eq(ask((const char *const[]){"far=fake", NULL}, NULL, true, &document), BERTH_UNREACHABLE);
	const json_t *far = entry_of(document, "far");
	cr_expect(json_is_false(json_object_get(far, "reachable")));
	cr_expect_not_null(json_text(far, "error"));
	cr_expect(json_is_null(json_object_get(far, "endpoint")));
	cr_expect(json_is_true(json_object_get(entry_of(document, "localhost"), "reachable")));
	cr_expect_str_eq(json_text(json_object_get(document, "error"), "code"), "unreachable");
}

Test(locations_verb, denied_one_ends_with_77)
{
	struct fake_rule rule = {.call = FAKE_CONNECT};
	fail(&rule.error, ERR_DENIED, "the certificate is refused");
	cr_assert_eq(fake_target_rule(scene.target, &rule), 0);
	owned_json document = NULL;
	cr_assert_eq(ask((const char *const[]){"far=fake", NULL}, "far", true, &document), BERTH_DENIED);
	cr_expect_eq(json_array_size(json_object_get(document, "locations")), 1);
	cr_expect_not_null(
	    strstr(json_text(entry_of(document, "far"), "error"), "the certificate is refused"));
}

Test(locations_verb, two_names_of_one_place_are_asked_once)
{
	owned_json document = NULL;
	fake_target_unreachable(scene.target, true);
	cr_assert_eq(ask((const char *const[]){"a=fake", "b=fake", NULL}, NULL, true, &document),
		     BERTH_UNREACHABLE);
	cr_expect(json_is_false(json_object_get(entry_of(document, "a"), "reachable")));
	cr_expect(json_is_false(json_object_get(entry_of(document, "b"), "reachable")));
	cr_expect_eq(fake_target_calls(scene.target, FAKE_CONNECT), 1);
}

Test(locations_verb, one_that_never_answers_ends_with_the_time)
{
	owned_json document = NULL;
	fake_target_time(scene.target, FAKE_CONNECT, 10 * 60 * 1000);
	cr_assert_eq(ask((const char *const[]){"slow=fake", NULL}, NULL, true, &document), BERTH_TIMED_OUT);
	const json_t *slow = entry_of(document, "slow");
	cr_expect(json_is_null(json_object_get(slow, "reachable")));
	cr_expect_not_null(strstr(json_text(slow, "error"), "no answer"));
	cr_expect(json_is_true(json_object_get(entry_of(document, "localhost"), "reachable")));
}

Test(locations_verb, a_spec_may_be_checked_without_a_name)
{
	owned_json document = NULL;
	cr_assert_eq(ask(NULL, "fake", true, &document), BERTH_OK);
	cr_expect_str_eq(json_text(entry_of(document, "fake"), "type"), "fake");
}

Test(locations_verb, an_unknown_name_is_unbound)
{
	owned_json unknown = NULL;
	cr_assert_eq(ask(NULL, "nowhere", true, &unknown), BERTH_INVALID);
	cr_expect_str_eq(json_text(json_object_get(unknown, "error"), "code"), "unbound");
}

Test(locations_verb, a_name_bound_to_a_name_is_refused)
{
	owned_json listed = NULL;
	cr_assert_eq(ask((const char *const[]){"a=b", NULL}, NULL, false, &listed), BERTH_INVALID);
	cr_expect_not_null(strstr(json_text(json_object_get(listed, "error"), "text"), "`a`"));
}

Test(locations_verb, a_flag_may_hold_a_map_and_what_is_shown_can_be_given_back)
{
	owned_json document = NULL;
	owned_json again = NULL;
	cr_assert_eq(ask((const char *const[]){"mine={type: fake, delay: 5}", NULL}, NULL, false, &document),
		     BERTH_OK);
	cr_expect_str_eq(json_text(entry_of(document, "mine"), "type"), "fake");
	const char *spec = json_text(entry_of(document, "mine"), "spec");
	owned_text flag = {0};
	text_format(&flag, "mine=%s", spec);
	cr_assert_eq(ask((const char *const[]){text_view(&flag), NULL}, NULL, false, &again), BERTH_OK);
	cr_expect_str_eq(json_text(entry_of(again, "mine"), "spec"), spec);
	cr_expect_eq(ask((const char *const[]){"mine={type: fake", NULL}, NULL, false, NULL), BERTH_INVALID);
}

Test(locations_verb, a_map_is_shown_as_it_is_written)
{
	static const char *const written[][2] = {
	    {"mine={type: fake, delay: 5}", "{fake: {delay: 5}}"},
	    {"mine={type: 'fake:one', delay: 5}", "{type: \"fake:one\", delay: 5}"},
	    {"mine={ssh: {host: h, user: me, password: x, knownHosts: '/a b'}}",
	     "{ssh: {host: h, user: me, password: \"***\", knownHosts: \"/a b\"}}"},
	    {"mine={ssh: {host: '10', user: 'true'}}", "{ssh: {host: \"10\", user: \"true\"}}"},
	};

	for (size_t i = 0; i < COUNT_OF(written); i++) {
		owned_json document = NULL;
		cr_assert_eq(ask((const char *const[]){written[i][0], NULL}, NULL, false, &document),
			     BERTH_OK);
		cr_expect_str_eq(json_text(entry_of(document, "mine"), "spec"), written[i][1]);
	}
}

Test(locations_verb, those_of_a_blueprint_are_asked_and_no_others)
{
	owned_json document = NULL;
	owned_json one = NULL;
	owned_json none = NULL;
	owned_json elsewhere = NULL;
	blueprint = "location: {fake: {delay: 1}}\n"
		    "locations: {mine: fake:one, other: fake:two}\n"
		    "services:\n- {type: 'docker:x'}\n- {type: 'docker:y', location: mine}\n"
		    "- {type: 'docker:z', location: elsewhere}\n";
	configure("elsewhere: fake:three\nours: fake\n");
	cr_assert_eq(ask(NULL, NULL, true, &document), BERTH_OK);
	cr_expect_eq(json_array_size(json_object_get(document, "locations")), 4);
	cr_expect_str_eq(json_text(entry_of(document, "mine"), "source"), "shop.yaml");
	cr_expect_str_eq(json_text(entry_of(document, "elsewhere"), "spec"), "fake:three");
	cr_assert_not_null(entry_of(document, "{fake: {delay: 1}}"));
	cr_expect(json_is_true(json_object_get(entry_of(document, "other"), "reachable")));
	cr_assert_eq(ask(NULL, "mine", true, &one), BERTH_OK);
	cr_expect_eq(json_array_size(json_object_get(one, "locations")), 1);
	cr_expect_eq(ask(NULL, "ours", true, &none), BERTH_INVALID);
	cr_expect_not_null(
	    strstr(json_text(json_object_get(none, "error"), "text"), "shop.yaml has no location `ours`"));
	cr_expect_eq(ask((const char *const[]){"mine=fake:four", NULL}, "mine", true, &elsewhere), BERTH_OK);
	cr_expect_str_eq(json_text(entry_of(elsewhere, "mine"), "spec"), "fake:four");
	blueprint = NULL;
}

Test(locations_verb, validate_warns_of_a_cloud_that_nothing_says_how_to_log_in_to)
{
	owned_json document = NULL;
	cr_assert_eq(
	    scene_run(&scene, berth_validate,
		      "id: app\nlocations:\n  lab: {openstack: {endpoint: 'http://k:5000/v3', project: p}}\n"
		      "services:\n- {type: process, id: a, command: [/bin/true], location: lab}\n",
		      &document),
	    BERTH_OK);
	const json_t *list = json_object_get(document, "diagnostics");
	cr_assert_eq(json_array_size(list), 1);
	const json_t *first = json_array_get(list, 0);
	cr_expect_str_eq(json_text(first, "severity"), "warning");
	cr_expect(strstr(json_text(first, "summary"), "there is no username in its options"), "%s",
		  json_text(first, "summary"));
	cr_expect_eq(json_number(json_object_get(json_object_get(first, "range"), "start"), "line", 0), 3);
}

/* Told by validate, in this order, each with that place and remedy. */
static void assert_told(const char *text, enum berth_outcome outcome, size_t count, const struct told *told)
{
	owned_json document = NULL;
	cr_expect_eq(scene_run(&scene, berth_validate, text, &document), outcome);
	const json_t *list = json_object_get(document, "diagnostics");
	cr_assert_eq(json_array_size(list), count, "%zu", json_array_size(list));
	for (size_t i = 0; i < count; i++) {
		const json_t *one = json_array_get(list, i);
		const json_t *start = json_object_get(json_object_get(one, "range"), "start");
		cr_expect_str_eq(json_text(one, "severity"), told[i].severity);
		cr_expect_eq(json_number(start, "line", 0), told[i].line);
		cr_expect_eq(json_number(start, "column", 0), told[i].column, "%s",
			     json_text(one, "summary"));
		cr_expect(strstr(json_text(one, "summary"), told[i].words), "%s", json_text(one, "summary"));
		cr_expect(strstr(json_text(one, "detail"), told[i].remedy), "%s", json_text(one, "detail"));
	}
}

Test(locations_verb, validate_tells_what_a_place_does_not_take)
{
	static const struct told told[] = {
	    {"error", 4, 3, "there is no type of location called `maraton`", "did you mean `marathon`?"},
	    {"error", 7, 3, "`worker` cannot go to a location of type docker",
	     "type localhost, ssh, marathon"},
	    {"error", 8, 3, "`db` cannot go to a location of type ssh", "docker, marathon and mesos take it"},
	    {"error", 9, 3, "location `localhost` is no Marathon", "leave it out of `words`"},
	    {"error", 10, 32, "there is no type of location called `dokcer`", "did you mean `docker`?"},
	};
	assert_told("id: shop\n"
		    "locations:\n"
		    "  pool: {byon: {hosts: [10.0.0.5]}}\n"
		    "  cluster: maraton:http://m:8080\n"
		    "location: localhost\n"
		    "services:\n"
		    "- {type: process, id: worker, command: x, location: docker}\n"
		    "- {type: 'docker:redis:3', id: db, location: pool}\n"
		    "- {type: process, id: words, command: x, marathon: {cpus: 1}}\n"
		    "- {type: 'docker:x', location: 'dokcer:unix:///x'}\n",
		    BERTH_INVALID, COUNT_OF(told), told);
}

Test(locations_verb, a_cloud_that_is_none_of_ours_may_be_named_otherwise)
{
	static const struct told told[] = {
	    {"warning", 2, 11, "locations of type `jclouds` are not supported yet", "by --location"}};
	assert_told("id: shop\nlocation: jclouds:aws-ec2:us-east-1\n"
		    "services:\n- {type: process, id: a, command: x}\n- {type: process, id: b, command: x}\n",
		    BERTH_OK, COUNT_OF(told), told);
}
