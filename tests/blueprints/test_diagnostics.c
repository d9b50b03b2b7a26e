/* test_diagnostics.c - the list of complaints: order, limits, JSON. */
#include <criterion/criterion.h>
#include <string.h>

#include "blueprints/diagnostics.h"

static struct diagnostics list;

static void close_all(void)
{
	diagnostics_release(&list);
}

TestSuite(diagnostics, .fini = close_all);

static struct place at(int line, int column)
{
	return (struct place){.file = "f.yaml", .line = line, .column = column, .end_column = column + 2};
}

Test(diagnostics, sorting_keeps_the_order_within_a_place)
{
	complain(&list, at(3, 1), "third");
	complain(&list, at(1, 5), "second");
	warn(&list, at(1, 2), "first");
	complain(&list, at(3, 1), "fourth");
	diagnostics_sort(&list);
	cr_assert_str_eq(list.first->summary, "first");
	cr_assert_str_eq(list.first->next->summary, "second");
	cr_assert_str_eq(list.first->next->next->summary, "third");
	cr_assert_str_eq(list.last->summary, "fourth");
	cr_assert_null(list.last->next);
	cr_assert_eq(list.errors, 3);
	cr_assert_eq(list.warnings, 1);
}

Test(diagnostics, past_a_hundred_only_the_count_goes_on)
{
	for (int i = 1; i <= 100; i++)
		cr_assert_not_null(complain(&list, at(i, 1), "e%d", i));
	cr_assert_null(complain(&list, at(101, 1), "one more"));
	cr_assert_eq(list.errors, 101);
	cr_assert_str_eq(list.last->summary, "e100");
}

Test(diagnostics, the_same_complaint_at_the_same_place_counts_once)
{
	complain(&list, at(1, 1), "same");
	cr_assert_null(complain(&list, at(1, 1), "same"));
	cr_assert_not_null(complain(&list, at(2, 1), "same"));
	cr_assert_eq(list.errors, 2);
}

Test(diagnostics, an_error_is_told_with_its_remedy)
{
	struct error err = {0};
	fail(&err, ERR_MISSING, "no such file");
	cr_assert_null(complain_error(&list, at(1, 1), &err)->remedy);
	remedy(&err, "make it");
	cr_assert_str_eq(complain_error(&list, at(2, 1), &err)->remedy, "make it");
}

Test(diagnostics, the_file_name_outlives_its_owner)
{
	char file[] = "gone.yaml";
	complain(&list, (struct place){.file = file, .line = 1, .column = 1}, "x");
	memset(file, 'z', sizeof(file) - 1);
	cr_assert_str_eq(list.first->place.file, "gone.yaml");
}

Test(diagnostics, summaries_stay_one_short_line)
{
	char text[1000];
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	complain(&list, at(1, 1), "a\nb\x1b");
	cr_assert_str_eq(list.first->summary, "a b ");
	complain(&list, at(2, 1), "%s", text);
	cr_assert_leq(strlen(list.last->summary), 401);
}

Test(diagnostics, json_has_range_and_snippet)
{
	const char source[] = "one\ntwo words\n";
	struct place place = {.file = "f.yaml", .line = 2, .column = 5, .byte = 8, .end_column = 10};
	advise(&list, complain(&list, place, "wrong"), "right");
	complain(&list, (struct place){.file = "--set"}, "no place");
	json_t *json = diagnostics_json(&list, source, strlen(source));
	cr_assert_eq(json_array_size(json), 2);
	const char *severity, *summary, *detail, *file, *code;
	int line, column, byte, end, from, to, snippet_line;
	cr_assert_eq(
	    json_unpack(json_array_get(json, 0),
			"{s:s, s:s, s:s, s:{s:s, s:{s:i, s:i, s:i}, s:{s:i}}, s:{s:s, s:i, s:i, s:i}}",
			"severity", &severity, "summary", &summary, "detail", &detail, "range", "filename",
			&file, "start", "line", &line, "column", &column, "byte", &byte, "end", "column",
			&end, "snippet", "code", &code, "start_line", &snippet_line, "highlight_start_offset",
			&from, "highlight_end_offset", &to),
	    0);
	cr_assert_str_eq(severity, "error");
	cr_assert_str_eq(summary, "wrong");
	cr_assert_str_eq(detail, "right");
	cr_assert_str_eq(file, "f.yaml");
	cr_assert_str_eq(code, "two words");
	cr_assert_eq(line, 2);
	cr_assert_eq(column, 5);
	cr_assert_eq(byte, 8);
	cr_assert_eq(end, 10);
	cr_assert_eq(snippet_line, 2);
	cr_assert_eq(from, 4);
	cr_assert_eq(to, 9);
	cr_assert_null(json_object_get(json_array_get(json, 1), "range"));
	json_decref(json);
}

Test(diagnostics, a_very_long_line_is_shown_by_the_part_round_the_place)
{
	static char line[100000];
	memset(line, 'x', sizeof line - 1);
	complain(&list, (struct place){.file = "b.yaml", .line = 1, .column = 50001, .byte = 50000}, "here");
	json_t *array = diagnostics_json(&list, line, sizeof line - 1);
	json_t *snippet = json_object_get(json_array_get(array, 0), "snippet");
	cr_assert_leq(json_string_length(json_object_get(snippet, "code")), 400);
	cr_assert_eq(json_integer_value(json_object_get(snippet, "highlight_start_offset")), 100);
	json_decref(array);
}
