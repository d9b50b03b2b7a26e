/* test_watch.c - a state watched: redrawn in place on a terminal, a line for each change elsewhere; tables on
 * narrow terminals. */
#include <criterion/criterion.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "cli/watch.h"
#include "tests/cli/run_cli.h"

TestSuite(watch, .init = cli_begin, .fini = cli_end, .timeout = 120);

#define INSTANCE(name, state)                                                                                \
	"{\"id\":\"web\",\"location\":\"here\",\"state\":\"" state "\",\"instances\":[{\"name\":\"" name     \
	"\",\"state\":\"" state "\",\"address\":\"10.0.0.2\",\"ports\":[]}]}"
#define STATUS(components) "{\"app\":\"shop\",\"state\":\"starting\",\"components\":[" components "]}"

#define VIEW_BEGINS "\033[?1049h\033[?25l"
#define VIEW_ENDS   "\033[?25h\033[?1049l"

static bool starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

static bool ends_with(const char *text, const char *end)
{
	return strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

static void watch_two_looks(const char *first, const char *second)
{
	script.result = first;
	script.next_result = second;
	script.raises = SIGINT;
	script.raise_times = 1;
	script.raise_from = 3;
}

Test(watch, off_a_terminal_each_change_is_a_line)
{
	watch_two_looks(STATUS(INSTANCE("shop.web.1", "starting")),
			STATUS(INSTANCE("shop.web.2", "running")));
	cr_expect_eq(run_cli("status -w shop"), 130);
	cr_expect_str_eq(out, "shop.web.1  starting\nshop.web.2  running\nshop.web.1  gone\n");
}

Test(watch, with_json_a_document_comes_when_it_differs)
{
	watch_two_looks(STATUS(INSTANCE("shop.web.1", "running")), NULL);
	cr_expect_eq(run_cli("status -w shop -o json"), 130);
	cr_expect_str_eq(out, STATUS(INSTANCE("shop.web.1", "running")) "\n");
}

Test(watch, on_a_terminal_it_is_redrawn_in_place)
{
	watch_two_looks(STATUS(INSTANCE("shop.web.1", "starting")),
			STATUS(INSTANCE("shop.web.1", "running")));
	setenv("NO_COLOR", "1", 1);
	cr_expect_eq(run_on_screen("status -w shop", "", 80, 24), 130);
	const char *second = strstr(out + 1, "\033[?7l\033[H");
	cr_expect(starts_with(out, VIEW_BEGINS "\033[?7l\033[2J\033[H"), "%s", out);
	cr_assert_not_null(second, "%s", out);
	cr_expect(strstr(out, "starting") < second && strstr(second, "running"), "%s", out);
	cr_expect(ends_with(out, "\033[J\033[?7h" VIEW_ENDS), "the terminal wraps again: %s", out);
}

Test(watch, a_key_ends_it_with_the_code_of_what_was_seen_last)
{
	script.result = STATUS(INSTANCE("shop.web.1", "running"));
	cr_expect_eq(run_on_screen("status -w shop", "xq", 80, 24), 0);
	cr_expect(starts_with(out, VIEW_BEGINS), "%s", out);
	cr_expect(ends_with(out, VIEW_ENDS), "%s", out);
	script.outcome = BERTH_UNREACHABLE;
	cr_expect_eq(run_on_screen("status -w shop", "q", 80, 24), BERTH_UNREACHABLE);
}

Test(watch, what_goes_wrong_at_once_is_not_lost_with_the_other_screen)
{
	script.outcome = BERTH_INVALID;
	script.message = "it is wrong";
	cr_expect_eq(run_on_screen("status -w shop", "", 80, 24), BERTH_INVALID);
	cr_expect_null(strstr(out, VIEW_BEGINS), "%s", out);
	cr_expect_not_null(strstr(out, "it is wrong"), "%s", out);
}

static int near_end = -1, far_end = -1;

static bool keys_are_lines(void)
{
	struct termios mode;
	cr_assert_eq(tcgetattr(far_end, &mode), 0);
	return mode.c_lflag & ICANON;
}

static void grow_the_terminal(void)
{
	const struct winsize size = {.ws_col = 100, .ws_row = 40};
	cr_assert_eq(ioctl(near_end, TIOCSWINSZ, &size), 0);
	raise(SIGWINCH);
	cr_assert_eq(write(near_end, "q", 1), 1);
}

/* A picture of another size begins with an empty screen; the second look is where all of that happens. */
static void read_all(char *to, size_t room)
{
	size_t size = 0;
	ssize_t count;
	while (size < room - 1 && (count = read(near_end, to + size, room - 1 - size)) > 0)
		size += (size_t)count;
	to[size] = '\0';
}

Test(watch, a_terminal_of_another_size_is_drawn_anew_and_given_back_as_it_was)
{
	static char text[16 * 1024];
	const struct winsize size = {.ws_col = 80, .ws_row = 24};
	cr_assert_eq(openpty(&near_end, &far_end, NULL, NULL, &size), 0);
	script.result = STATUS(INSTANCE("shop.web.1", "running"));
	script.looks = grow_the_terminal;
	script.looks_from = 2;
	cr_expect(keys_are_lines());
	cr_expect_eq(run_on(far_end, "status -w shop"), 0);
	cr_expect(keys_are_lines());
	close(far_end);
	read_all(text, sizeof text);
	const char *first = strstr(text, "\033[2J");
	cr_assert_not_null(first, "%s", text);
	cr_expect_not_null(strstr(first + 1, "\033[2J"), "%s", text);
	close(near_end);
}

Test(watch, off_a_terminal_a_size_that_changes_is_a_line)
{
	watch_two_looks(STATUS("{\"id\":\"web\",\"instances\":[],\"size\":{\"wanted\":1,\"real\":1}}"),
			STATUS("{\"id\":\"web\",\"instances\":[],\"size\":{\"wanted\":2,\"real\":1}}"));
	cr_expect_eq(run_cli("status -w shop"), 130);
	cr_expect_str_eq(out, "size web 1 of 1\nsize web 1 of 2\n");
}

Test(watch, a_picture_is_never_higher_than_the_terminal)
{
	char text[4096] = "";
	FILE *to = fmemopen(text, sizeof text, "w");
	struct screen terminal = {.to = to, .terminal = true, .columns = 40, .rows = 5};
	struct live live;
	cr_assert_eq(live_begin(&live, &terminal), 0);
	for (int i = 0; i < 9; i++)
		fprintf(live.frame.to, "line %d\n", i);
	cr_assert_eq(live_draw(&live), 0);
	live_end(&live);
	fclose(to);
	cr_expect_str_eq(text, "\033[?7l\033[2J\033[H"
			       "line 0\033[0m\033[K\nline 1\033[0m\033[K\nline 2\033[0m\033[K\n"
			       "and 6 more lines\033[K\n\033[J\033[?7h");
}

Test(watch, a_table_that_is_too_wide_becomes_blocks)
{
	script.result = STATUS(INSTANCE("shop.web.1", "running"));
	setenv("TERM", "dumb", 1);
	cr_expect_eq(run_on_screen("status shop", "", 40, 24), 0);
	cr_expect_str_eq(out, "shop: starting\n"
			      "web\n"
			      "  INSTANCE shop.web.1\n"
			      "  LOCATION here\n"
			      "  STATE running\n"
			      "  ADDRESS 10.0.0.2\n");
	cr_expect_eq(run_on_screen("status shop", "", 80, 24), 0);
	cr_expect(strstr(out, "COMPONENT  INSTANCE"), "%s", out);
}

Test(watch, an_application_that_has_finished_is_good_too)
{
	script.result = "{\"app\":\"shop\",\"state\":\"finished\"}";
	cr_expect_eq(run_cli("status shop --exit-code"), 0);
	script.result = "{\"app\":\"shop\",\"state\":\"unhealthy\"}";
	cr_expect_eq(run_cli("status shop --exit-code"), 1);
}
