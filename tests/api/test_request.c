/* test_request.c - a request is the same after its way through JSON, and what is wrong with one is told. */
#include <criterion/criterion.h>
#include <string.h>

#include "api/request.h"
#include "api/verbs.h"
#include "base/cleanup.h"

static struct arena arena;
static struct error err;

static int take(struct berth_request *ret, const char *json, const char *takes)
{
	owned_json body = json_loads(json, 0, NULL);
	err = (struct error){0};
	return request_read(ret, &arena, body, takes, &err);
}

static const char *everything(void)
{
	static struct text all;
	for (size_t i = 0; i < member_count && !all.length; i++)
		for (size_t k = 0; k < member_count; k++)
			text_format(&all, "%s%s", k ? " " : "", members[k].name);
	return text_view(&all);
}

Test(request, nothing_changes_on_the_way)
{
	const char *locations[] = {"a=docker", "b=localhost", NULL}, *command[] = {"sh", "-c", "", NULL};
	const struct berth_request sent = {
	    .size = sizeof sent,
	    .blueprint = "id: x\nmore",
	    .blueprint_size = 5,
	    .app = "shop \"quoted\"",
	    .locations = locations,
	    .command = command,
	    .timeout_ms = 90000000000,
	    .volumes = true,
	    .rows = 24,
	};
	struct berth_request arrived = {0};
	owned_json json = request_write(&sent, everything());
	cr_assert_eq(request_read(&arrived, &arena, json, everything(), &err), 0, "%s", err.text);
	cr_assert_str_eq(arrived.blueprint, "id: x");
	cr_assert_str_eq(arrived.app, sent.app);
	cr_assert_str_eq(arrived.locations[1], "b=localhost");
	cr_assert_null(arrived.locations[2]);
	cr_assert_str_eq(arrived.command[2], "");
	cr_assert_eq(arrived.timeout_ms, sent.timeout_ms);
	cr_assert(arrived.volumes && !arrived.adopt);
	cr_assert_eq(arrived.rows, 24);
	cr_assert_null(arrived.file);
}

Test(request, what_a_verb_does_not_take_does_not_go)
{
	const struct berth_request sent = {.size = sizeof sent, .app = "shop", .volumes = true};
	owned_json json = request_write(&sent, server_verb_find("status")->takes);
	cr_assert_not_null(json_object_get(json, "app"));
	cr_assert_null(json_object_get(json, "volumes"));
}

Test(request, a_member_that_is_none_is_refused_with_a_hint)
{
	struct berth_request request = {0};
	cr_assert_eq(take(&request, "{\"bluprint\": \"x\"}", "blueprint file"), -1);
	cr_assert_not_null(strstr(err.text, "bluprint"));
	cr_assert_not_null(strstr(err.remedy, "`blueprint`"));
	cr_assert_eq(take(&request, "{\"volumes\": true}", "blueprint file"), -1);
}

Test(request, a_value_of_another_kind_is_refused)
{
	struct berth_request request = {0};
	static const char *const wrong[] = {"{\"app\": 5}",
					    "{\"app\": [\"a\"]}",
					    "{\"volumes\": \"yes\"}",
					    "{\"locations\": \"a=b\"}",
					    "{\"locations\": [5]}",
					    "{\"timeout_ms\": -1}",
					    "{\"timeout_ms\": 1.5}",
					    "{\"rows\": 70000}",
					    "{\"timeout_ms\": \"9\"}",
					    "[]"};
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		cr_assert_eq(take(&request, wrong[i], everything()), -1, "%s", wrong[i]);
		cr_assert_eq(err.code, ERR_INVALID);
	}
	cr_assert_eq(take(&request, "{\"app\": null}", everything()), 0, "null says nothing");
}

Test(request, words_of_a_query_are_members_too)
{
	struct berth_request request = {0};
	cr_assert_eq(request_read_word(&request, &arena, "locations", "a=docker", "locations tail", &err), 0);
	cr_assert_eq(request_read_word(&request, &arena, "locations", "b=docker", "locations tail", &err), 0);
	cr_assert_eq(request_read_word(&request, &arena, "tail", "20", "locations tail", &err), 0);
	cr_assert_str_eq(request.locations[0], "a=docker");
	cr_assert_str_eq(request.locations[1], "b=docker");
	cr_assert_null(request.locations[2]);
	cr_assert_eq(request.tail, 20);
	cr_assert_eq(request_read_word(&request, &arena, "tail", "x", "locations tail", &err), -1);
	cr_assert_eq(request_read_word(&request, &arena, "follow", "", "follow", &err), 0);
	cr_assert(request.follow);
	cr_assert_eq(request_read_word(&request, &arena, "follow", "perhaps", "follow", &err), -1);
}

Test(request, a_word_is_found_only_as_a_whole)
{
	cr_assert(has_word("file folder app", "app"));
	cr_assert(has_word("file folder app", "file"));
	cr_assert(!has_word("profile folder", "file"));
	cr_assert(!has_word("filename", "file"));
	cr_assert(!has_word("file", ""));
}

Test(request, every_word_of_a_verb_is_a_member)
{
	for (const struct server_verb *verb = server_verbs; verb->name; verb++) {
		char words[400];
		snprintf(words, sizeof words, "%s", verb->takes);
		for (char *word = strtok(words, " "); word; word = strtok(NULL, " "))
			cr_assert_not_null(member_find(word), "%s: %s", verb->name, word);
	}
}

Test(request, a_whole_number_is_one_however_it_is_written)
{
	struct berth_request request = {0};
	cr_assert_eq(take(&request, "{\"timeout_ms\": 857.0, \"rows\": 24.0}", "timeout_ms rows"), 0, "%s",
		     err.text);
	cr_assert_eq(request.timeout_ms, 857);
	cr_assert_eq(request.rows, 24);
	cr_assert_eq(take(&request, "{\"timeout_ms\": 0.5}", "timeout_ms"), -1);
	cr_assert_eq(take(&request, "{\"timeout_ms\": 1e300}", "timeout_ms"), -1);
	cr_assert_eq(take(&request, "{\"rows\": 65536}", "rows"), -1);
}
