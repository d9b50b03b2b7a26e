/* test_error.c - the error value. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/error.h"

Test(error, fail_fills_in_and_returns_minus_one)
{
	struct error err = {.remedy = "old"};

	cr_expect_eq(fail(&err, ERR_MISSING, "no %s number %d", "thing", 7), -1);
	cr_expect_eq(err.code, ERR_MISSING);
	cr_expect_str_eq(err.text, "no thing number 7");
	cr_expect_str_eq(err.remedy, "");
}

Test(error, nobody_listening_is_fine)
{
	cr_expect_eq(fail(NULL, ERR_FAILED, "x"), -1);
	cr_expect_eq(fail_memory(NULL), -1);
	remedy(NULL, "x");
}

Test(error, long_text_is_cut_at_a_whole_character)
{
	struct error err;
	char text[2000];

	for (size_t shift = 0; shift < 4; shift++) {
		memset(text, 'a', sizeof(text));
		for (size_t i = shift; i + 4 < sizeof(text); i += 4)
			memcpy(text + i, "\xf0\x9f\x9a\xa2", 4);
		text[sizeof(text) - 1] = '\0';
		fail(&err, ERR_FAILED, "%s", text);
		size_t length = strlen(err.text);
		cr_expect_eq((length - shift) % 4, 0, "cut inside a character: %zu bytes", length);
		cr_expect_gt(length, sizeof(err.text) - 5);
	}
}

Test(error, a_whole_character_at_the_very_end_stays)
{
	struct error err;
	char text[2000];

	memset(text, 'a', sizeof(text));
	memcpy(text + sizeof(err.text) - 3, "\xc3\xa9", 2);
	text[sizeof(text) - 1] = '\0';
	fail(&err, ERR_FAILED, "%s", text);
	cr_expect_eq(strlen(err.text), sizeof(err.text) - 1);
	memcpy(text + sizeof(err.text) - 2, "\xc3\xa9", 2);
	fail(&err, ERR_FAILED, "%s", text);
	cr_expect_eq(strlen(err.text), sizeof(err.text) - 2);
}

Test(error, text_is_one_line)
{
	struct error err;

	fail(&err, ERR_FAILED, "first\nsecond\x1b[2J\r\n");
	cr_expect_str_eq(err.text, "first second [2J");
}

Test(error, the_text_may_be_part_of_its_own_successor)
{
	struct error err;

	fail(&err, ERR_FAILED, "inner");
	fail(&err, err.code, "outer: %s", err.text);
	cr_expect_str_eq(err.text, "outer: inner");
	remedy(&err, "see \"%s\"", err.text);
	cr_expect_str_eq(err.remedy, "see \"outer: inner\"");
}

Test(error, memory_has_its_own_words)
{
	struct error err;

	cr_expect_eq(fail_memory(&err), -1);
	cr_expect_eq(err.code, ERR_NO_MEMORY);
	cr_expect_str_eq(err.text, "out of memory");
}

Test(error, every_code_has_a_name_of_its_own)
{
	for (int a = OK; a <= ERR_NO_MEMORY; a++) {
		cr_expect(code_name((enum code)a) && *code_name((enum code)a));
		cr_expect_str_neq(code_name((enum code)a), "unknown");
		for (int b = OK; b < a; b++)
			cr_expect_str_neq(code_name((enum code)a), code_name((enum code)b));
	}
	cr_expect_str_eq(code_name(ERR_UNREACHABLE), "unreachable");
	cr_expect_str_eq(code_name((enum code)(ERR_NO_MEMORY + 1)), "unknown");
}
