/* test_text.c - the growing string. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

Test(text, grows_and_ends_in_nul)
{
	owned_text text = {0};

	cr_expect_str_eq(text_view(&text), "");
	for (int i = 0; i < 1000; i++) {
		text_add(&text, "ab");
		text_add_char(&text, 'c');
		text_format(&text, "%d", i % 10);
	}
	cr_expect_eq(text.length, 4000);
	cr_expect_eq(strlen(text_view(&text)), 4000);
	cr_expect_not(strncmp(text.data + 396, "abc9abc0", 8));
}

Test(text, holds_any_bytes)
{
	owned_text text = {0};

	text_add_bytes(&text, "a\0b", 3);
	cr_expect_eq(text.length, 3);
	cr_expect_eq(memcmp(text.data, "a\0b", 4), 0);
}

Test(text, long_formats_fit)
{
	owned_text text = {0};

	text_format(&text, "%5000d", 1);
	cr_expect_eq(text.length, 5000);
	cr_expect_eq(text.data[4999], '1');
}

Test(text, formats_fill_the_room_to_the_last_byte)
{
	for (int width = 60; width < 67; width++) {
		owned_text text = {0};
		text_add(&text, "<");
		text_format(&text, "%*d", width, 7);
		text_format(&text, "%s", ">");
		cr_expect_eq(text.length, (size_t)width + 2);
		cr_expect_eq(strlen(text_view(&text)), text.length);
		cr_expect(ends_with(text_view(&text), "7>"));
	}
}

Test(text, taken_it_belongs_to_the_taker)
{
	struct text text = {0};
	owned_memory char *empty = text_take(&text);

	cr_expect_str_eq(empty, "");
	text_add(&text, "mine");
	owned_memory char *taken = text_take(&text);
	cr_expect_str_eq(taken, "mine");
	cr_expect_null(text.data);
	cr_expect_eq(text.length, 0);
}

Test(text, cleared_it_keeps_its_memory)
{
	owned_text text = {0};

	text_add(&text, "something");
	const char *data = text.data;
	text_clear(&text);
	cr_expect_str_eq(text_view(&text), "");
	text_add(&text, "else");
	cr_expect_eq(text.data, data);
	cr_expect_str_eq(text_view(&text), "else");
}

Test(text, once_failed_it_says_so_at_the_end)
{
	struct text text = {0};

	text_add(&text, "good");
	text_add_bytes(&text, "", SIZE_MAX / 2);
	cr_expect(text.failed);
	cr_expect_str_eq(text_view(&text), "");
	text_add(&text, "more");
	text_clear(&text);
	cr_expect_null(text_take(&text));
	text_add(&text, "new");
	cr_expect_str_eq(text_view(&text), "new", "after the take it may be used again");
	text_release(&text);
}

Test(text, printable_shows_control_characters)
{
	owned_text text = {0};
	const char bytes[] = "a\tb\nc\x1b[1m\x7f\0\xc2\x9b"
			     "d\xc3\xa9\xc2\xa0";

	text_add_printable(&text, bytes, sizeof(bytes) - 1);
	cr_expect_str_eq(text_view(&text), "a\tb\nc\\x1b[1m\\x7f\\x00\\xc2\\x9bd\xc3\xa9\xc2\xa0");
}

/* What was a password is nowhere any more: neither where it lay before it grew, nor at its end. */
Test(text, secret_is_overwritten)
{
	struct text text = {.secret = true};

	text_add(&text, "hunter2");
	char *first = text.data;
	size_t capacity = text.capacity;
	text_clear(&text);
	for (size_t i = 0; i < capacity; i++)
		cr_assert_eq(first[i], '\0');
	text_add(&text, "hunter2");
	for (int i = 0; i < 100; i++)
		text_add(&text, " and hunter2 again");
	cr_assert(text.secret && text.length == 7 + 100 * strlen(" and hunter2 again"));
	text_release(&text);
	cr_expect(text.secret && !text.data, "it stays one that is overwritten");
}

Test(text, words_and_paths_are_read_back_by_a_shell)
{
	static const struct {
		const char *path, *written;
	} paths[] = {{"~/.ssh/known_hosts", "~/.ssh/known_hosts"},
		     {"~/my keys/it's", "~/'my keys/it'\\''s'"},
		     {"/a;b", "'/a;b'"}};

	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		owned_text text = {0};
		text_add_path(&text, paths[i].path);
		cr_expect_str_eq(text_view(&text), paths[i].written);
	}
	owned_text text = {0};
	text_add_quoted(&text, "a b");
	cr_expect_str_eq(text_view(&text), "'a b'");
}
