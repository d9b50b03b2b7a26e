/* test_tokens.c - the file of those who may come in. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/server.h"

static char path[64];
static struct tokens tokens;
static struct error err;

static int read_text(const char *text, mode_t mode)
{
	strcpy(path, "/tmp/berth-tokens.XXXXXX");
	int fd = mkstemp(path);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	fchmod(fd, mode);
	close(fd);
	tokens = (struct tokens){0};
	err = (struct error){0};
	int failed = tokens_read(path, &tokens, &err);
	unlink(path);
	return failed;
}

Test(tokens, each_has_its_role_and_name)
{
	cr_assert_eq(read_text("0123456789abcdef read robot\n\n# nobody\n  fedcba9876543210 admin\n", 0600),
		     0, "%s", err.text);
	cr_assert_eq(tokens.count, 2);
	const struct token *robot = tokens_find(&tokens, "0123456789abcdef");
	cr_assert_eq(robot->role, ROLE_READ);
	cr_assert_str_eq(robot->name, "robot");
	cr_assert_eq(tokens_find(&tokens, "fedcba9876543210")->role, ROLE_ADMIN);
	cr_assert_null(tokens_find(&tokens, "0123456789abcde"));
	cr_assert_null(tokens_find(&tokens, ""));
	tokens_release(&tokens);
}

Test(tokens, they_are_not_kept_as_they_are)
{
	cr_assert_eq(read_text("0123456789abcdef read robot\n", 0600), 0);
	cr_assert_null(memmem(tokens.items, sizeof *tokens.items, "0123456789abcdef", 16));
	tokens_release(&tokens);
}

Test(tokens, a_file_that_others_can_read_is_refused)
{
	cr_assert_eq(read_text("0123456789abcdef read robot\n", 0640), -1);
	cr_assert_not_null(strstr(err.remedy, "chmod 600"));
}

Test(tokens, a_line_that_is_wrong_refuses_the_file_by_its_number)
{
	cr_assert_eq(read_text("# one\nshort read x\n", 0600), -1);
	cr_assert_not_null(strstr(err.text, ":2:"), "%s", err.text);
	cr_assert_eq(read_text("0123456789abcdef king x\n", 0600), -1);
	cr_assert_not_null(strstr(err.text, "read, operate or admin"), "%s", err.text);
	cr_assert_eq(read_text("0123456789abcdef\n", 0600), -1);
}

Test(tokens, no_message_has_a_token)
{
	cr_assert_eq(read_text("0123456789abcdef king x\n", 0600), -1);
	cr_assert_null(strstr(err.text, "0123456789abcdef"));
}
