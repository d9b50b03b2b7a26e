/* test_events_verb.c - `events` tells what was recorded, of all applications or one, the newest when limited.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

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

TestSuite(events_verb, .init = raise_curtain, .fini = drop_curtain);

static bool decided(void *owner)
{
	return store_durable(scene.berth->store, *(uint64_t *)owner, NULL) != 0;
}

static void record(const char *app, const char *what)
{
	uint64_t number = store_put_event(scene.berth->store, app, "redis", "talk.redis.1", what, "words");
	cr_assert(virtual_world_run(scene.world, decided, &number, 10000));
	cr_assert_eq(store_durable(scene.berth->store, number, NULL), 1);
}

/* The words of what was recorded, one after the other. */
static const char *told(const char *app, int64_t tail)
{
	static char words[256];
	struct berth_request request = {.size = sizeof request, .app = app, .tail = tail};
	owned_json document = NULL;
	json_t *event;
	size_t i;
	cr_assert_eq(scene_request(&scene, berth_events, &request, &document), BERTH_OK);
	cr_assert_str_eq(json_text(document, "format_version"), "1");
	cr_assert(json_is_array(json_object_get(document, "events")));
	words[0] = '\0';
	json_array_foreach (json_object_get(document, "events"), i, event) {
		size_t length = strlen(words);
		snprintf(words + length, sizeof words - length, "%s:%s ", json_text(event, "app"),
			 json_text(event, "what"));
	}
	return words;
}

Test(events_verb, nothing_was_recorded_yet)
{
	cr_expect_str_eq(told(NULL, 0), "");
}

Test(events_verb, oldest_first_of_all_or_of_one_or_the_last_ones)
{
	record("talk", "created");
	record("other", "created");
	record("talk", "ready");
	cr_expect_str_eq(told(NULL, 0), "talk:created other:created talk:ready ");
	cr_expect_str_eq(told("talk", 0), "talk:created talk:ready ");
	cr_expect_str_eq(told("talk", 1), "talk:ready ");
	cr_expect_str_eq(told(NULL, 2), "other:created talk:ready ");
	cr_expect_str_eq(told("nobody", 0), "");
}

Test(events_verb, store_that_cannot_be_read_is_a_failure_with_a_remedy)
{
	char path[512];
	owned_json document = NULL;
	struct berth_request request = {.size = sizeof request};
	record("talk", "created");
	scene_restart(&scene, true);
	snprintf(path, sizeof path, "%s/state/berth.db", virtual_world_directory(scene.world));
	FILE *file = fopen(path, "w");
	cr_assert_not_null(file);
	for (int i = 0; i < 1000; i++)
		fputs("garbage ", file);
	fclose(file);
	cr_assert_eq(scene_request(&scene, berth_events, &request, &document), BERTH_FAILED);
	const json_t *error = json_object_get(document, "error");
	cr_expect_not_null(strstr(json_text(error, "text"), path), "%s", json_text(error, "text"));
	cr_expect_not_null(strstr(json_text(error, "remedy"), "move it"), "%s", json_text(error, "remedy"));
}
