/* test_remembered.c - `status` of what is remembered: names for completion, without a call to any target. */
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

TestSuite(remembered, .init = raise_curtain, .fini = drop_curtain);

#define SHOP                                                                                                 \
	"id: shop\nlocation: fake\nservices:\n"                                                              \
	"- {type: 'docker:redis:3', id: db}\n- {type: 'docker:front:1', id: web}\n"

/* The names in a list of the answer, one after the other. */
static const char *names(const struct berth_request *request, const char *list, const char *key)
{
	static char words[256];
	owned_json document = NULL;
	json_t *entry;
	size_t i;
	words[0] = '\0';
	cr_assert_eq(scene_request(&scene, berth_status, request, &document), BERTH_OK);
	json_array_foreach (json_object_get(document, list), i, entry) {
		size_t length = strlen(words);
		snprintf(words + length, sizeof words - length, "%s:%s ", json_text(entry, key),
			 json_text(entry, "state"));
	}
	return words;
}

Test(remembered, applications_and_components_are_told_though_no_target_answers)
{
	struct berth_request all = {.size = sizeof all, .remembered = true};
	struct berth_request one = {.size = sizeof one, .remembered = true, .app = "shop"};
	cr_expect_str_eq(names(&all, "applications", "app"), "");
	cr_assert_eq(scene_run(&scene, berth_deploy, SHOP, NULL), BERTH_OK);
	size_t calls = fake_target_calls(scene.target, FAKE_LIST);
	fake_target_unreachable(scene.target, true);
	cr_expect_str_eq(names(&all, "applications", "app"), "shop:unknown ");
	cr_expect_str_eq(names(&one, "components", "id"), "db:unknown web:unknown ");
	cr_expect_eq(fake_target_calls(scene.target, FAKE_LIST), calls);
	fake_target_unreachable(scene.target, false);
}

Test(remembered, a_blueprint_tells_its_components_before_it_is_deployed)
{
	struct berth_request request = {
	    .size = sizeof request, .remembered = true, .blueprint = SHOP, .file = "/shop.yaml"};
	cr_expect_str_eq(names(&request, "components", "id"), "db:unknown web:unknown ");
}

Test(remembered, without_the_store_nothing_is_known)
{
	struct berth_request request = {.size = sizeof request, .remembered = true, .app = "shop"};
	cr_expect_str_eq(names(&request, "components", "id"), "");
}
