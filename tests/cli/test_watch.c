/* test_watch.c - a state watched: redrawn in place on a terminal, a line for each change elsewhere; tables on
 * narrow terminals. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cli/watch.h"
#include "tests/cli/run_cli.h"

TestSuite(watch, .init = cli_begin, .fini = cli_end, .timeout = 20);

#define INSTANCE(name, state)                                                                                \
	"{\"id\":\"web\",\"location\":\"here\",\"state\":\"" state "\",\"instances\":[{\"name\":\"" name     \
	"\",\"state\":\"" state "\",\"address\":\"10.0.0.2\",\"ports\":[]}]}"
#define STATUS(components) "{\"app\":\"shop\",\"state\":\"starting\",\"components\":[" components "]}"

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
	cr_expect_eq(strncmp(out, "\033[?7l\033[2J\033[H", 12), 0, "%s", out);
	cr_assert_not_null(second, "%s", out);
	cr_expect(strstr(out, "starting") < second && strstr(second, "running"), "%s", out);
	cr_expect_str_eq(out + strlen(out) - strlen("\033[J\033[?7h"), "\033[J\033[?7h",
			 "the terminal wraps again");
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
