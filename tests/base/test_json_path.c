/* test_json_path.c - paths into a document: what they lead to, and which are none. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/json_path.h"

static const char text[] = "{\"load\": 1, \"pools\": [{\"in use\": 2}, {\"in use\": 3, \"a.b\": 4}], "
			   "\"deep\": {\"er\": {\"still\": 5}}}";

/* The number there; -1: there is none. */
static int at(const char *path)
{
	owned_json document = json_parse(text, strlen(text), "it", NULL);
	const json_t *value = json_path_find(document, path);

	cr_assert_eq(json_path_check(path, NULL), 0, "%s", path);
	return json_is_integer(value) ? (int)json_integer_value(value) : -1;
}

Test(json_path, it_leads_to_members_and_elements)
{
	cr_expect_eq(at("$.load"), 1);
	cr_expect_eq(at("load"), 1);
	cr_expect_eq(at("$['load']"), 1);
	cr_expect_eq(at("$.deep.er.still"), 5);
	cr_expect_eq(at("$.pools[0]['in use']"), 2);
	cr_expect_eq(at("$.pools[-1][\"in use\"]"), 3);
	cr_expect_eq(at("$.pools[1]['a.b']"), 4);
}

Test(json_path, where_nothing_is_it_leads_nowhere)
{
	cr_expect_eq(at("$.lood"), -1);
	cr_expect_eq(at("$.pools[2]"), -1);
	cr_expect_eq(at("$.pools[-3]"), -1);
	cr_expect_eq(at("$.load.deeper"), -1);
	cr_expect_eq(at("$.deep[0]"), -1);
	cr_expect_eq(at("$"), -1, "the document itself is no number");
}

Test(json_path, what_leads_to_several_or_is_no_path_is_refused)
{
	static const char *const wrong[] = {"",         "$..load", "$.*",    "$[*]",    "$.a[?(@.b)]",
					    "$.a[1",    "$.a[]",   "$.a[b]", "$.a['b'", "$.a b",
					    "$load.x.", "$.",      "a..b"};

	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		struct error err = {0};
		cr_expect_eq(json_path_check(wrong[i], &err), -1, "%s", wrong[i]);
		cr_expect_eq(err.code, ERR_INVALID, "%s", wrong[i]);
	}
}
