/* test_words.c - numbers, prefixes, and what somebody may have meant. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

Test(words, numbers_are_whole_and_within_bounds)
{
	int64_t number = 99;

	cr_expect(parse_number("0", 0, 10, &number));
	cr_expect_eq(number, 0);
	cr_expect(parse_number("-5", -5, 10, &number));
	cr_expect_eq(number, -5);
	cr_expect(parse_number("9223372036854775807", 0, INT64_MAX, &number));
	cr_expect_eq(number, INT64_MAX);
	cr_expect(parse_number("-9223372036854775808", INT64_MIN, 0, &number));
	cr_expect_eq(number, INT64_MIN);
}

Test(words, anything_else_is_no_number_and_leaves_the_result_alone)
{
	static const char *const bad[] = {"",    " 1",  "1 ", "+1", "1x", "0x10",
					  "1.0", "--1", "-",  "11", "-1", "9223372036854775808"};
	int64_t number = 99;

	for (size_t i = 0; i < COUNT_OF(bad); i++)
		cr_expect_not(parse_number(bad[i], 0, 10, &number), "\"%s\" was taken", bad[i]);
	cr_expect_eq(number, 99);
}

Test(words, the_closest_is_what_was_meant)
{
	static const char *const keys[] = {"image",   "command", "environment", "ports",
					   "volumes", "user",    "at"};
	static const char *const meant[][2] = {
	    {"imagge", "image"},   {"iamge", "image"}, {"Image", "image"},
	    {"comand", "command"}, {"port", "ports"},  {"enviroment", "environment"},
	    {"usr", "user"},       {"ta", "at"},       {"volume", "volumes"},
	    {"PORTS", "ports"},
	};
	static const char *const strange[] = {"replicas", "x", "", "qq", "zzzzz", "xyzxyzxyzxyz"};

	for (size_t i = 0; i < COUNT_OF(meant); i++) {
		const char *found = closest(meant[i][0], keys, COUNT_OF(keys));
		cr_expect(found && !strcmp(found, meant[i][1]), "%s: %s", meant[i][0],
			  found ? found : "none");
	}
	for (size_t i = 0; i < COUNT_OF(strange); i++)
		cr_expect_null(closest(strange[i], keys, COUNT_OF(keys)), "%s", strange[i]);
	cr_expect_null(closest("image", NULL, 0));
}

Test(words, the_closest_of_several_wins)
{
	static const char *const names[] = {"reddish", "redis-a", "redis", "radio"};

	cr_expect_str_eq(closest("rediss", names, COUNT_OF(names)), "redis");
	cr_expect_str_eq(closest("REDIS-A", names, COUNT_OF(names)), "redis-a");
}

Test(words, words_too_long_to_compare_match_exactly_or_not)
{
	char longer[200];
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	const char *const names[] = {"short", longer};

	cr_expect_eq(closest(longer, names, 2), longer);
	longer[0] = 'y';
	cr_expect_null(closest("xxxxxxxx", names, 2));
	cr_expect_null(closest(longer, names, 1));
}

Test(words, beginnings_and_endings)
{
	cr_expect(starts_with("berth", "ber"));
	cr_expect(starts_with("berth", ""));
	cr_expect_not(starts_with("be", "ber"));
	cr_expect(ends_with("a.yaml", ".yaml"));
	cr_expect_not(ends_with("yaml", ".yaml"));
	cr_expect_not(ends_with("a.yamL", ".yaml"));
}

Test(words, printable_means_no_control_characters)
{
	cr_expect(printable("plain"));
	cr_expect(printable("d\xc3\xa9j\xc3\xa0"));
	cr_expect_not(printable("a\nb"));
	cr_expect_not(printable("\x1b[31m"));
	cr_expect_not(printable("\x7f"));
	cr_expect_not(printable("\xc2\x9b"));
}

Test(words, some_names_tell_that_a_value_is_a_secret)
{
	static const char *const secret[] = {"DB_PASSWORD", "env.db.password", "apiToken",    "client-secret",
					     "PRIVATE_KEY", "private.key",     "MYSQL_PASS",  "pass",
					     "API_KEY",     "api-key",         "CREDENTIALS", "passphrase"};
	static const char *const plain[] = {"STAGE",   "",    "DB_PASSWORD_FILE", "secretPath", "BYPASS",
					    "COMPASS", "KEY", "passenger"};

	for (size_t i = 0; i < COUNT_OF(secret); i++)
		cr_expect(sensitive_name(secret[i]), "%s", secret[i]);
	for (size_t i = 0; i < COUNT_OF(plain); i++)
		cr_expect_not(sensitive_name(plain[i]), "%s", plain[i]);
}
