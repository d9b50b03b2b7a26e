/* test_mask.c - the source shown with a complaint never shows what a sensitive key holds, valid or not. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "blueprints/diagnostics.h"
#include "blueprints/mask.h"

/* What is shown of the line on which `mark` stands, and of what is underlined there. */
static const char *shown(const char *source, const char *mark, const char **ret_underlined)
{
	static char code[1024], underlined[1024];
	struct diagnostics list = {0};
	const char *at = strstr(source, mark);
	struct place place = {.file = "b.yaml", .line = 1, .column = 1, .byte = (size_t)(at - source)};
	place.end_column = 1 + (int)strlen(mark);
	complain(&list, place, "here");
	json_t *array = diagnostics_json(&list, source, strlen(source));
	json_t *snippet = json_object_get(json_array_get(array, 0), "snippet");
	size_t from = (size_t)json_integer_value(json_object_get(snippet, "highlight_start_offset"));
	size_t to = (size_t)json_integer_value(json_object_get(snippet, "highlight_end_offset"));
	snprintf(code, sizeof(code), "%s", json_string_value(json_object_get(snippet, "code")));
	cr_assert(from <= to && to <= strlen(code), "%zu to %zu of `%s`", from, to, code);
	snprintf(underlined, sizeof(underlined), "%.*s", (int)(to - from), code + from);
	json_decref(array);
	diagnostics_release(&list);
	if (ret_underlined)
		*ret_underlined = underlined;
	return code;
}

static void expect(const char *source, const char *mark, const char *code)
{
	cr_expect_str_eq(shown(source, mark, NULL), code, "`%s` is shown of:\n%s", shown(source, mark, NULL),
			 source);
}

Test(mask, values_of_sensitive_keys_are_stars)
{
	expect("DB_PASSWORD: hunter2", "DB_", "DB_PASSWORD: ***");
	expect("  DB_PASSWORD: a, b} # c", "DB_", "  DB_PASSWORD: ***");
	expect("- api.token: 'it''s' # why", "api", "- api.token: *** # why");
	expect("\"clientSecret\": \"a\\\"b\"", "client", "\"clientSecret\": ***");
	expect("env: {A: b, DB_PASSWORD: hunter2, C: d}", "A:", "env: {A: b, DB_PASSWORD: ***, C: d}");
	expect("env: {\"PASS\":\"hunter2\",\"C\":1}", "C", "env: {\"PASS\":***,\"C\":1}");
	expect("TOKENS: {a: b, c: [d]} # e", "TOK", "TOKENS: *** # e");
	expect("command: run --password=hunter2 --port 80", "run", "command: run --password=*** --port 80");
	expect("command: [\"A_TOKEN=x y\", b]", "b]", "command: [\"A_TOKEN=*** y\", b]");
	expect("PASSWORD: \"never closed, {", "PASS", "PASSWORD: ***");
	expect("PASSWORD:hunter2", "PASS", "PASSWORD:***");
	expect("PASSWORD = hunter2", "PASS", "PASSWORD = ***");
	expect("PASSWORD: $brooklyn:literal(\"hunter2\")", "PASS", "PASSWORD: ***");
	expect("{a: b,PASSWORD:hunter2}", "a", "{a: b,PASSWORD:***}");
	expect("A: '{' # {\nPASSWORD: one, two", "PASS", "PASSWORD: ***");
}

Test(mask, other_lines_are_shown_as_they_are)
{
	static const char *const plain[] = {
	    "STAGE: live",
	    "PASSWORD_FILE: /run/secrets/x",
	    "DB_PASSWORD: $berth:secret(\"env:DB_PASSWORD\")",
	    "DB_PASSWORD: '$brooklyn:config(\"pw\")'",
	    "secret: env:DB_PASSWORD",
	    "PASSWORD:",
	    "- type: docker:example/token-service:3",
	    "id: secret-keeper",
	    "# about the password: none",
	};
	for (size_t i = 0; i + 1 < COUNT_OF(plain); i++)
		expect(plain[i], plain[i], plain[i]);
}

Test(mask, what_goes_on_below_a_sensitive_key_is_hidden)
{
	static const char block[] =
	    "env:\n  PRIVATE_KEY: |\n    first line\n\n      second line\n  OTHER: plain\n";
	expect(block, "first", "    ***");
	expect(block, "second", "      ***");
	expect(block, "OTHER", "  OTHER: plain");
	static const char map[] = "TOKENS:\n  a:\n    b: hunter2\nid: x\n";
	expect(map, "hunter2", "    ***");
	expect(map, "id", "id: x");
	expect("a: {PASSWORD:\n  hunter2}\n", "hunter2", "  ***");
	expect("PASSWORD: \"one\n  two\"\n", "two", "  ***");
	expect("PASSWORD: 'one'\n  two: 3\n", "two", "  two: 3");
}

Test(mask, the_default_of_a_secret_parameter_is_hidden)
{
	expect("- {name: db_password, default: hunter2, type: string}", "type",
	       "- {name: db_password, default: ***, type: string}");
	expect("- {name: stage, default: live}", "live", "- {name: stage, default: live}");
	static const char block[] = "parameters:\n- name: db_password\n  default: hunter2\n- name: stage\n"
				    "  default: live\n- default: other\n  type: string\n  name: api.token\n";
	expect(block, "hunter2", "  default: ***");
	expect(block, "live", "  default: live");
	expect(block, "other", "- default: ***");
}

Test(mask, what_is_underlined_moves_along)
{
	const char *underlined;
	shown("env: {PASSWORD: hunter2, TOKEN: abcdefgh, wrong: x}", "wrong", &underlined);
	cr_assert_str_eq(underlined, "wrong");
	shown("env: {a: x, PASSWORD: hunter2}", "a:", &underlined);
	cr_assert_str_eq(underlined, "a:");
	shown("PASSWORD: hunter2", "hunter2", &underlined);
	cr_assert_str_eq(underlined, "***");
	shown("PASSWORD: hunter2", "ter", &underlined);
	cr_assert_str_eq(underlined, "***");
	shown("PASSWORD: hunter2", "PASSWORD: hun", &underlined);
	cr_assert_str_eq(underlined, "PASSWORD: ***");
}

Test(mask, a_secret_far_to_the_left_of_a_long_line_stays_hidden)
{
	static char line[2000];
	snprintf(line, sizeof(line), "{a: b, PASSWORD: %0600d, wrong: x}", 7);
	const char *code = shown(line, "wrong", NULL);
	cr_assert_null(strstr(code, "00"));
	cr_assert_not_null(strstr(code, "***, wrong: x}"));
}

Test(mask, more_secrets_than_are_counted_hide_the_rest)
{
	char line[1024] = "{";
	for (int i = 0; i < 25; i++)
		snprintf(line + strlen(line), sizeof(line) - strlen(line), "PASSWORD: hunter%d, ", i);
	struct span spans[MASK_LIMIT];
	size_t count = mask_line(line, strlen(line), 0, spans);
	cr_assert_eq(count, MASK_LIMIT);
	cr_assert_eq(spans[MASK_LIMIT - 1].to, strlen(line) - 2);
	cr_assert_null(strstr(shown(line, "{", NULL), "hunter"));
}

Test(mask, every_cut_of_a_text_is_survived)
{
	static const char text[] =
	    "a: {PASSWORD: \"x\\\"\", 'TOKEN':'y'}\r\n- name: secret\n  default: |\n    z\n"
	    "PASS=\"q\" : = :\n\tAPI_KEY: \xc3\xa4\n";
	struct span spans[MASK_LIMIT];
	for (size_t size = 0; size < sizeof(text); size++) {
		char *copy = malloc(size + 1);
		memcpy(copy, text, size);
		for (size_t at = 0; at <= size; at++) {
			size_t count = mask_line(copy, size, at, spans);
			for (size_t i = 0; i < count; i++)
				cr_assert(spans[i].from < spans[i].to && spans[i].to <= size);
		}
		free(copy);
	}
}

static void expect_summary(const char *source, const char *mark, const char *quoted, const char *summary)
{
	struct diagnostics list = {0};
	struct place place = {.file = "b.yaml", .line = 1, .byte = (size_t)(strstr(source, mark) - source)};
	advise(&list, complain(&list, place, "no `x` but `%s` here", quoted), "not `%s`", quoted);
	mask_summaries(&list, "b.yaml", source, strlen(source));
	cr_expect_str_eq(list.first->summary, summary);
	cr_expect_eq(!strstr(summary, "***"), !strstr(list.first->remedy, "***"));
	diagnostics_release(&list);
}

Test(mask, a_sentence_quotes_no_secret)
{
	expect_summary("PASSWORD: *hunter2", "*", "&hunter2", "no `x` but `***` here");
	expect_summary("PASSWORD: hunter2", "hunter2", "hunt", "no `x` but `***` here");
	expect_summary("PASSWORD: @hunter2", "@", "@", "no `x` but `@` here");
	expect_summary("PASSWORD: hunter2", "PASSWORD", "PASSWORD", "no `x` but `PASSWORD` here");
	expect_summary("STAGE: hunter2", "hunter2", "hunter2", "no `x` but `hunter2` here");
}
