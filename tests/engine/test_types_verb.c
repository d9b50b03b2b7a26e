/* test_types_verb.c - `types` names every kind of component and each key that it takes. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "blueprints/keys.h"
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

TestSuite(types_verb, .init = raise_curtain, .fini = drop_curtain);

static json_t *types(const char *name, enum berth_outcome outcome)
{
	struct berth_request request = {.size = sizeof request, .name = name};
	json_t *document = NULL;
	cr_assert_eq(scene_request(&scene, berth_types, &request, &document), outcome);
	return document;
}

static const json_t *key_of(const json_t *type, const char *name)
{
	const json_t *key;
	size_t i;
	json_array_foreach (json_object_get(type, "keys"), i, key)
		if (strcmp(json_text(key, "name"), name) == 0)
			return key;
	return NULL;
}

Test(types_verb, every_key_has_a_summary)
{
	for (int key = 0; key < KEY_COUNT; key++)
		cr_expect_not_null(key_rules[key].summary, "nothing is said of `%s`", key_rules[key].name);
}

Test(types_verb, lists_the_kinds_with_the_keys_of_each)
{
	owned_json document = types(NULL, BERTH_OK);
	const json_t *list = json_object_get(document, "types");
	cr_assert_eq(json_array_size(list), 6);
	const json_t *docker = json_array_get(list, 0), *process = json_array_get(list, 1),
		     *external = json_array_get(list, 3), *cluster = json_array_get(list, 4);
	cr_expect_str_eq(json_text(docker, "name"), "docker:IMAGE");
	cr_expect_str_eq(json_text(process, "name"), "process");
	cr_expect_str_eq(json_text(external, "name"), "external");
	cr_expect_not_null(key_of(docker, "portBindings"));
	cr_expect_null(key_of(docker, "address"));
	cr_expect_not_null(key_of(process, "ports"));
	cr_expect_null(key_of(process, "portBindings"));
	cr_expect_not_null(key_of(external, "address"));
	cr_expect_null(key_of(external, "command"));
	cr_expect_str_eq(json_text(cluster, "name"), "cluster");
	cr_expect_not_null(key_of(cluster, "memberSpec"));
	cr_expect_null(key_of(cluster, "openPorts"));
	cr_expect_not_null(key_of(json_array_get(list, 5), "members"));
	cr_expect_gt(strlen(json_text(key_of(docker, "openPorts"), "summary")), 10);
}

Test(types_verb, each_example_is_a_valid_blueprint)
{
	owned_json document = types(NULL, BERTH_OK);
	const json_t *type;
	size_t i;
	json_array_foreach (json_object_get(document, "types"), i, type) {
		owned_text blueprint = {0};
		owned_json answer = NULL;
		text_format(&blueprint, "id: app\nlocation: localhost\nservices:\n%s",
			    json_text(type, "example"));
		cr_expect_eq(scene_run(&scene, berth_validate, text_view(&blueprint), &answer), BERTH_OK,
			     "%s", text_view(&blueprint));
	}
}

Test(types_verb, one_is_chosen_by_name_or_by_a_whole_type)
{
	static const char *const names[] = {"docker", "docker:IMAGE", "docker:redis:3"};
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		owned_json document = types(names[i], BERTH_OK);
		const json_t *list = json_object_get(document, "types");
		cr_assert_eq(json_array_size(list), 1);
		cr_expect_str_eq(json_text(json_array_get(list, 0), "name"), "docker:IMAGE");
	}
}

Test(types_verb, unknown_one_is_a_wrong_request_and_what_was_meant_is_named)
{
	owned_json document = types("proces", BERTH_USAGE);
	const json_t *error = json_object_get(document, "error");
	cr_expect_not_null(strstr(json_text(error, "text"), "`proces`"));
	cr_expect_not_null(strstr(json_text(error, "remedy"), "`process`"), "%s", json_text(error, "remedy"));
}
