/* test_byon.c - how a pool of machines is written: lists with ranges, and Brooklyn's line of names. */
#include <criterion/criterion.h>

#include "base/cleanup.h"
#include "blueprints/byon.h"

/* What a list comes to, as one line of JSON; NULL where it is refused. */
static char *expanded(const char *text, struct error *err)
{
	struct arena arena = {0};
	owned_json names = json_array();
	char *line = byon_expand(&arena, names, text, err) ? NULL : json_line(names);
	arena_release(&arena);
	return line;
}

Test(byon, ranges_and_choices_are_each_a_machine)
{
	static const char *const lists[][2] = {
	    {"10.0.0.5", "[\"10.0.0.5\"]"},
	    {"a, b,c", "[\"a\",\"b\",\"c\"]"},
	    {"me@10.0.0.{1,3-5}", "[\"me@10.0.0.1\",\"me@10.0.0.3\",\"me@10.0.0.4\",\"me@10.0.0.5\"]"},
	    {"web{08-10}", "[\"web08\",\"web09\",\"web10\"]"},
	    {"{a,b}{1,2}", "[\"a1\",\"a2\",\"b1\",\"b2\"]"},
	    {"a{x-y}", "[\"ax-y\"]"},
	    {"", "[]"},
	};
	for (size_t i = 0; i < COUNT_OF(lists); i++) {
		struct error err = {0};
		owned_memory char *line = expanded(lists[i][0], &err);
		cr_assert_not_null(line, "%s: %s", lists[i][0], err.text);
		cr_expect_str_eq(line, lists[i][1]);
	}
}

Test(byon, a_slip_in_a_range_is_no_pool_of_a_million)
{
	struct error err = {0};
	owned_memory char *line = expanded("10.{0-99}.{0-99}.{0-99}", &err);
	cr_expect_null(line);
	cr_expect_str_eq(err.text, "a pool of more than 10000 hosts");
}

Test(byon, names_are_given_as_brooklyn_writes_them)
{
	struct arena arena = {0};
	struct error err = {0};
	owned_json options = json_object();
	cr_assert_eq(byon_read_named(&arena, "(hosts=\"10.0.0.{1,2}\", user=me , port=2222)", options, &err),
		     0, "%s", err.text);
	owned_memory char *line = json_line(options);
	cr_expect_str_eq(line, "{\"hosts\":\"10.0.0.{1,2}\",\"user\":\"me\",\"port\":2222}");
	arena_release(&arena);
}

Test(byon, what_is_no_name_and_value_is_told)
{
	static const char *const slips[][2] = {
	    {"(hosts)", "`byon:(hosts)`: `hosts)` is no NAME=VALUE"},
	    {"(=x)", "`byon:(=x)`: `=x)` is no NAME=VALUE"},
	    {"(user=me", "`byon:(user=me` does not end with its bracket"},
	    {"(user=me) and more", "`byon:(user=me) and more` does not end with its bracket"},
	};
	for (size_t i = 0; i < COUNT_OF(slips); i++) {
		struct arena arena = {0};
		struct error err = {0};
		owned_json options = json_object();
		cr_expect_eq(byon_read_named(&arena, slips[i][0], options, &err), -1);
		cr_expect_str_eq(err.text, slips[i][1]);
		arena_release(&arena);
	}
}
