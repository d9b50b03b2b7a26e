/* test_ssh_noise.c - what a login shell says before a command of ours begins is nobody's answer. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "locations/ssh/machine.h"

/* What is heard of these pieces, one after the other, and in the end. */
static void hear(const char *const *pieces, struct text *ret)
{
	struct noise noise = {.mark = "@run 17"};
	const char *own;

	for (; *pieces; pieces++) {
		size_t count = noise_strip(&noise, *pieces, strlen(*pieces), &own);
		text_add_bytes(ret, own, count);
	}
	size_t count = noise_rest(&noise, &own);
	text_add_bytes(ret, own, count);
	noise_release(&noise);
}

#define HEARD(expected, ...)                                                                                 \
	do {                                                                                                 \
		owned_text heard_ = {0};                                                                     \
		hear((const char *const[]){__VA_ARGS__, NULL}, &heard_);                                     \
		cr_expect_str_eq(text_view(&heard_), expected);                                              \
	} while (0)

Test(ssh_noise, words_of_a_login_shell_are_not_the_commands)
{
	HEARD("hello\n", "Welcome\nYou have mail.\n@run 17\nhello\n");
	HEARD("hello\n", "Welc", "ome\n@r", "un 17", "\n", "hel", "lo\n");
	HEARD("a\n@run 17\nb", "@run 17\r\na\n@run 17\nb");
	HEARD("", "no newline@run 17\n");
}

Test(ssh_noise, without_a_word_of_ours_it_is_told_in_the_end)
{
	HEARD("This account is not available.\n", "This account ", "is not available.\n");
	HEARD("@run 18\nx", "@run 18\nx");
	HEARD("", "");
}

Test(ssh_noise, a_greeting_with_any_bytes_hides_nothing)
{
	static const char said[] = "Wel\0come\n@run 17\nown\0bytes";
	struct noise noise = {.mark = "@run 17"};
	const char *own;
	size_t count = noise_strip(&noise, said, sizeof said - 1, &own);

	cr_assert_eq(count, sizeof "own\0bytes" - 1);
	cr_expect_arr_eq(own, "own\0bytes", count);
	noise_release(&noise);
}

Test(ssh_noise, what_never_ends_is_passed_on)
{
	char piece[4097];
	struct noise noise = {.mark = "@run 17"};
	const char *own;
	size_t heard = 0;

	memset(piece, 'x', sizeof piece - 1);
	for (int i = 0; i < 100; i++)
		heard += noise_strip(&noise, piece, sizeof piece - 1, &own);
	cr_expect_eq(heard, 100 * (sizeof piece - 1));
	noise_release(&noise);
}
