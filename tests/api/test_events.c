/* test_events.c - an event of the library as JSON. */
#include <criterion/criterion.h>
#include <string.h>

#include "api/server.h"
#include "base/cleanup.h"

static json_t *told(const struct berth_event *event)
{
	owned_text text = {0};
	event_json(&text, event);
	json_t *json = json_loads(text_view(&text), 0, NULL);
	cr_assert_not_null(json, "%s", text_view(&text));
	cr_assert_null(strchr(text_view(&text), '\n'), "a line of its own");
	return json;
}

Test(events, what_says_nothing_is_left_out)
{
	const struct berth_event event = {.size = sizeof event,
					  .kind = BERTH_EVENT_PHASE,
					  .component = "web",
					  .phase = "running",
					  .settled = true};
	owned_json json = told(&event);
	cr_assert_str_eq(json_text(json, "kind"), "phase");
	cr_assert_str_eq(json_text(json, "phase"), "running");
	cr_assert(json_flag(json, "settled", false));
	cr_assert_null(json_object_get(json, "text"));
	cr_assert_null(json_object_get(json, "errors"));
}

Test(events, text_is_text_and_its_lines_stay_within)
{
	const struct berth_event event = {
	    .size = sizeof event, .kind = BERTH_EVENT_LOG, .text = "a\nb \xc3\xa9\n+", .text_size = 7};
	owned_json json = told(&event);
	cr_assert_str_eq(json_text(json, "text"), "a\nb \xc3\xa9\n");
}

Test(events, what_is_no_text_travels_in_letters)
{
	static const char *const bytes[] = {"\xff\x01", "\xc3", "a\0b"};
	static const size_t sizes[] = {2, 1, 3};
	static const char *const letters[] = {"/wE=", "ww==", "YQBi"};
	for (size_t i = 0; i < COUNT_OF(bytes); i++) {
		const struct berth_event event = {.size = sizeof event,
						  .kind = BERTH_EVENT_OUTPUT,
						  .text = bytes[i],
						  .text_size = sizes[i]};
		owned_json json = told(&event);
		cr_assert_str_eq(json_text(json, "bytes"), letters[i]);
		cr_assert_null(json_object_get(json, "text"));
	}
}
