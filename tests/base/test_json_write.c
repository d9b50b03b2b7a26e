/* test_json_write.c - what is written straight into a text is what the objects would have become. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json_write.h"

Test(json_write, members_are_parted_by_commas_and_nothing_else)
{
	owned_text text = {0};

	json_open(&text, NULL, '{');
	json_write_number(&text, "n", -7);
	json_open(&text, "list", '[');
	json_open(&text, NULL, '{');
	json_close(&text, '}');
	json_write_flag(&text, NULL, true);
	json_write_null(&text, NULL);
	json_close(&text, ']');
	json_write_line(&text, "line", "[1]", 3);
	json_close(&text, '}');
	cr_expect_str_eq(text_view(&text), "{\"n\":-7,\"list\":[{},true,null],\"line\":[1]}");
}

Test(json_write, a_text_is_written_as_an_object_would_write_it)
{
	static const char *const texts[] = {"plain",  "",      "a \"b\" \\ c",     "tab\t line\n bell\a",
					    "é → 界", "\x7f/", "not UTF-8: \xff!", "ends with a brace {",
					    "[",      ":"};

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		owned_text written = {0};
		owned_json object = json_object();
		cr_assert_eq(json_put_text(object, "key", texts[i]), 0);
		cr_assert_eq(json_put_text(object, "none", NULL), 0);
		json_open(&written, NULL, '{');
		json_write_text(&written, "key", texts[i]);
		json_write_text(&written, "none", NULL);
		json_close(&written, '}');
		owned_memory char *wanted = json_line(object);
		cr_expect_str_eq(text_view(&written), wanted);
	}
}

Test(json_write, a_quoted_line_reads_back_as_the_line)
{
	static const char line[] = "{\"a\":\"b \\\"c\\\" \\\\ \\n\"}";
	owned_text text = {0};
	struct error err = {0};

	text_add_char(&text, '"');
	json_quote_line(&text, line, 5);
	json_quote_line(&text, line + 5, strlen(line) - 5);
	text_add_char(&text, '"');
	owned_json back = json_parse(text_view(&text), text.length, "the text", &err);
	cr_assert(back, "%s", err.text);
	cr_expect_str_eq(json_string_value(back), line);
}
