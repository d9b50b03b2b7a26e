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

/* --- as they are recorded --------------------------------------------------------------------- */

struct told {
	char words[512];
	size_t count;
};

static void note(void *context, const struct berth_event *event)
{
	struct told *told = context;
	struct error err = {0};
	if (event->kind != BERTH_EVENT_RECORD)
		return;
	owned_json record = json_parse(event->text, event->text_size, "record", &err);
	cr_assert_not_null(record, "%s", err.text);
	size_t length = strlen(told->words);
	snprintf(told->words + length, sizeof told->words - length, "%s:%s ", json_text(record, "app"),
		 json_text(record, "what"));
	told->count++;
}

static struct berth_operation *follow(const char *app, int64_t tail, struct told *told)
{
	struct berth_request request = {.size = sizeof request, .app = app, .tail = tail, .follow = true};
	struct berth_listener listener = {.size = sizeof listener, .event = note, .context = told};
	struct berth_error error;
	struct berth_operation *operation = berth_events(scene.berth, &request, &listener, &error);
	cr_assert_not_null(operation);
	return operation;
}

static bool two_more(void *owner)
{
	return ((struct told *)owner)->count >= 2;
}

static bool ended(void *operation)
{
	return berth_done(operation);
}

static void stop(struct berth_operation *operation)
{
	berth_cancel(operation);
	cr_assert(virtual_world_run(scene.world, ended, operation, 10000));
	cr_expect_eq(berth_outcome(operation), BERTH_INTERRUPTED);
	berth_operation_free(operation);
}

Test(events_verb, followed_each_is_told_once_and_in_order)
{
	struct told told = {.count = 0};
	record("talk", "created");
	record("talk", "ready");
	record("other", "created");
	struct berth_operation *operation = follow("talk", 1, &told);
	virtual_world_run(scene.world, NULL, NULL, 1000);
	cr_expect_str_eq(told.words, "talk:ready ");
	record("other", "ready");
	record("talk", "broken");
	cr_assert(virtual_world_run(scene.world, two_more, &told, 5000));
	virtual_world_run(scene.world, NULL, NULL, 5000);
	cr_expect_str_eq(told.words, "talk:ready talk:broken ");
	stop(operation);
}

Test(events_verb, followed_before_there_is_a_store_it_hears_of_the_first_ones_whatever_the_tail)
{
	struct told told = {.count = 0};
	struct berth_operation *operation = follow(NULL, 1, &told);
	virtual_world_run(scene.world, NULL, NULL, 1000);
	uint64_t number = 0;
	for (int i = 0; i < 3; i++)
		number =
		    store_put_event(scene.berth->store, "talk", "redis", NULL, i ? "ready" : "created", "");
	cr_assert(virtual_world_run(scene.world, decided, &number, 10000));
	virtual_world_run(scene.world, NULL, NULL, 1000);
	cr_expect_str_eq(told.words, "talk:created talk:ready talk:ready ");
	stop(operation);
}

Test(events_verb, another_store_in_its_place_is_told_from_its_beginning)
{
	struct told told = {.count = 0};
	char path[512], aside[700];
	for (int i = 0; i < 3; i++)
		record("talk", "old");
	struct berth_operation *operation = follow(NULL, 1, &told);
	virtual_world_run(scene.world, NULL, NULL, 1000);
	snprintf(path, sizeof path, "%s/state/berth.db", virtual_world_directory(scene.world));
	for (const char *const *ending = (const char *const[]){"", "-wal", "-shm", NULL}; *ending; ending++) {
		char from[600];
		snprintf(from, sizeof from, "%s%s", path, *ending);
		snprintf(aside, sizeof aside, "%s.aside", from);
		rename(from, aside);
	}
	record("talk", "new");
	cr_assert(virtual_world_run(scene.world, two_more, &told, 5000));
	cr_expect_str_eq(told.words, "talk:old talk:new ");
	stop(operation);
}

Test(events_verb, only_those_since_then)
{
	record("talk", "early");
	virtual_world_run(scene.world, NULL, NULL, 5000);
	struct berth_request request = {.size = sizeof request,
					.since_ms = scene.world->ops->wall(scene.world)};
	record("talk", "late");
	owned_json document = NULL;
	cr_assert_eq(scene_request(&scene, berth_events, &request, &document), BERTH_OK);
	cr_assert_eq(json_array_size(json_object_get(document, "events")), 1);
	cr_expect_str_eq(json_text(json_array_get(json_object_get(document, "events"), 0), "what"), "late");
}

Test(events_verb, a_time_that_runs_out_ends_the_following)
{
	struct berth_request request = {.size = sizeof request, .follow = true, .timeout_ms = 3000};
	cr_expect_eq(scene_request(&scene, berth_events, &request, NULL), BERTH_TIMED_OUT);
}

Test(events_verb, a_name_of_which_nothing_is_recorded_is_warned_of)
{
	record("talk", "early");
	cr_expect_str_eq(told("tlak", 0), "");
	cr_expect(strstr(scene.events ? scene.events : "", "nothing is recorded of an application `tlak`"));
	cr_expect_str_eq(told("talk", 0), "talk:early ");
	cr_expect_not(strstr(scene.events ? scene.events : "", "nothing is recorded"));
}
