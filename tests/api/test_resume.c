/* test_resume.c - what the store is given of a change that outlives its controller: all of it, but no secret.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "api/server.h"
#include "base/cleanup.h"

static const struct asker somebody = {.role = ROLE_OPERATE, .who = "user 7"};

static char *note(const char *verb, struct berth_request *request)
{
	request->size = sizeof *request;
	return resume_note(server_verb_find(verb), request, &somebody, "a-key", "run-1");
}

Test(resume, all_that_was_asked_for_is_written_down)
{
	struct berth_request request = {.app = "shop",
					.components = (const char *const[]){"web", NULL},
					.count = 4,
					.locations =
					    (const char *const[]){"a=docker:tcp://10.0.0.5:2376", NULL}};
	owned_memory char *text = note("scale", &request);
	cr_assert_not_null(text);
	cr_expect_str_eq(request.lasting, "run-1");
	cr_expect_not(request.once);
	owned_json told = json_loads(text, 0, NULL);
	const json_t *asked = json_object_get(told, "request");
	cr_expect_str_eq(json_text(told, "verb"), "scale");
	cr_expect_str_eq(json_text(told, "by"), "user 7");
	cr_expect_str_eq(json_text(told, "key"), "a-key");
	cr_expect_eq(json_number(asked, "count", 0), 4);
	cr_expect_eq(json_array_size(json_object_get(asked, "locations")), 1);
}

Test(resume, no_secret_is)
{
	struct berth_request with_environment = {.blueprint = "id: a",
						 .environment = (const char *const[]){"KEY=hushhush", NULL}};
	struct berth_request with_setting = {.blueprint = "id: a",
					     .settings = (const char *const[]){"db.password=hushhush", NULL}};
	struct berth_request with_location = {
	    .blueprint = "id: a",
	    .locations = (const char *const[]){"m=marathon:http://me:hushhush@10.0.0.5:8080", NULL}};
	struct berth_request with_plan = {
	    .plan = "{\"berth_plan\": 1, \"locations\": [\"m=marathon:http://me:hushhush@10.0.0.5:8080\"]}"};
	struct berth_request *const requests[] = {&with_environment, &with_setting, &with_location,
						  &with_plan};
	for (size_t i = 0; i < COUNT_OF(requests); i++) {
		owned_memory char *text = note("deploy", requests[i]);
		cr_assert_not_null(text);
		cr_expect_null(strstr(text, "hushhush"), "%zu: %s", i, text);
		cr_expect_eq(requests[i]->once, i > 0, "%zu: whether it can be done again from that alone",
			     i);
	}
}

Test(resume, what_changes_nothing_or_is_for_a_listener_does_not_outlive)
{
	struct berth_request request = {.app = "shop"}, rehearsed = {.app = "shop", .dry_run = true};
	cr_expect_null(note("status", &request));
	cr_expect_null(note("exec", &request));
	cr_expect_null(note("destroy", &rehearsed));
	cr_expect_null(request.lasting);
	cr_expect_null(rehearsed.lasting);
}
