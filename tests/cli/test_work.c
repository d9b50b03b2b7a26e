/* test_work.c - while it works: progress, questions, signals, logs. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/progress.h"
#include "tests/cli/run_cli.h"

TestSuite(work, .init = cli_begin, .fini = cli_end, .timeout = 120);

static bool begins(const char *text, const char *beginning)
{
	return strncmp(text, beginning, strlen(beginning)) == 0;
}

#define PHASE(c, i, p, t, s)                                                                                 \
	{                                                                                                    \
		.kind = BERTH_EVENT_PHASE, .component = c, .instance = i, .location = "here", .phase = p,    \
		.text = t, .settled = s                                                                      \
	}
#define LOG(c, i, t)                                                                                         \
	{                                                                                                    \
		.kind = BERTH_EVENT_LOG, .component = c, .instance = i, .location = "here", .text = t,       \
		.text_size = sizeof t - 1                                                                    \
	}

static const struct berth_event phases[] = {
    PHASE("redis", "shop.redis.1", "placing", "pulling redis:3", false),
    PHASE("redis", "shop.redis.1", "placing", "pulling redis:3", false),
    {.kind = BERTH_EVENT_WARNING, .text = "slow \033[2J"},
    PHASE("redis", "shop.redis.1", "running", NULL, true),
};

static void use_phases(void)
{
	script.events = phases;
	script.event_count = COUNT_OF(phases);
}

Test(work, one_plain_line_a_change)
{
	use_phases();
	cr_expect_eq(run_cli("deploy -y"), 0);
	cr_expect_str_eq(
	    err, "redis.1  placing  pulling redis:3\nberth: warning: slow \\x1b[2J\nredis.1  running\n");
}

Test(work, json_lines_go_to_standard_error)
{
	use_phases();
	cr_expect_eq(run_cli("deploy -y --progress json -o json"), 0);
	cr_expect_str_eq(out, "{\"format_version\":\"1\"}\n");
	cr_expect(
	    begins(err,
		   "{\"kind\":\"phase\",\"component\":\"redis\",\"instance\":\"shop.redis.1\",\"location\":"
		   "\"here\",\"phase\":\"placing\",\"text\":\"pulling redis:3\",\"settled\":false}\n"),
	    "%s", err);
}

Test(work, quiet_says_warnings_alone)
{
	use_phases();
	cr_expect_eq(run_cli("deploy -y --progress quiet"), 0);
	cr_expect_str_eq(err, "berth: warning: slow \\x1b[2J\n");
}

/* --- the live table ------------------------------------------------------------------------- */

static int64_t now_ms;
static int columns = 80, rows = 24;

static int64_t test_clock(void)
{
	return now_ms;
}

static void test_size(const struct screen *screen, int *ret_columns, int *ret_rows)
{
	(void)screen;
	*ret_columns = columns;
	*ret_rows = rows;
}

static char drawing[8192];

static struct progress table_progress(void)
{
	memset(drawing, 0, sizeof drawing);
	FILE *to = fmemopen(drawing, sizeof drawing, "w");
	return (struct progress){
	    .mode = PROGRESS_TTY, .screen = {.to = to}, .clock = test_clock, .size = test_size};
}

static void feed(struct progress *progress, const struct berth_event *event)
{
	progress_event(progress, event);
}

static void finish(struct progress *progress)
{
	progress_end(progress);
	fclose(progress->screen.to);
}

/* The longest line of the drawing, escapes left out. */
static int widest_line(void)
{
	int widest = 0, width = 0;
	for (const char *at = drawing; *at; at++) {
		if (*at == '\033')
			at += strcspn(at, "KJAm");
		else if (*at == '\n')
			width = 0;
		else if (++width > widest)
			widest = width;
	}
	return widest;
}

static const struct berth_event placing = PHASE("redis", "shop.redis.1", "placing", "pulling redis:3", false),
				running = PHASE("redis", "shop.redis.1", "running", NULL, true),
				waiting =
				    PHASE("identidock", "shop.identidock.1", "linking",
					  "waits for redis and then for dnmonster, which comes later", false);

Test(work, the_table_is_redrawn_in_place)
{
	now_ms = 1000;
	struct progress progress = table_progress();
	feed(&progress, &placing);
	feed(&progress, &waiting);
	progress_tick(&progress);
	cr_expect_str_eq(
	    drawing, "redis.1       here  placing    pulling redis:3                            0.0 s\033[K\n"
		     "identidock.1  here  linking    waits for redis and then for dnmons..      0.0 s\033[K\n"
		     "\033[J");
	size_t first = strlen(drawing);
	feed(&progress, &running);
	now_ms += 50;
	progress_tick(&progress);
	cr_expect_eq(strlen(drawing), first, "not more often than ten times a second");
	cr_expect_eq(progress_timeout(&progress), 50);
	now_ms += 50;
	progress_tick(&progress);
	cr_expect_str_eq(
	    drawing + first,
	    "\033[2A\r"
	    "redis.1       here  running                                               0.0 s\033[K\n"
	    "identidock.1  here  linking    waits for redis and then for dnmons..      0.1 s\033[K\n"
	    "\033[J");
	cr_expect_eq(progress_timeout(&progress), 1000, "the clock goes on");
	finish(&progress);
}

Test(work, the_table_fits_forty_columns)
{
	columns = 40;
	now_ms = 1000;
	struct progress progress = table_progress();
	feed(&progress, &placing);
	feed(&progress, &waiting);
	now_ms = 1000 + 754000;
	progress_tick(&progress);
	cr_expect_str_eq(drawing, "redis.1     placing    pullin..    12 m\033[K\n"
				  "identido..  linking    waits ..    12 m\033[K\n"
				  "\033[J");
	cr_expect_eq(widest_line(), 39, "%s", drawing);
	finish(&progress);
}

Test(work, the_table_is_never_wider_or_higher_than_the_terminal)
{
	for (columns = 1; columns < 130; columns += 3) {
		rows = 4;
		now_ms = 5000;
		struct progress progress = table_progress();
		char name[5][24];
		feed(&progress, &waiting);
		for (int i = 0; i < 5; i++) {
			snprintf(name[i], sizeof name[i], "shop.r.%d", i);
			struct berth_event event =
			    PHASE("r", name[i], "running", "\xe6\xbc\xa2\xe5\xad\x97", true);
			feed(&progress, &event);
		}
		progress_tick(&progress);
		if (columns >= 24)
			cr_expect_leq(widest_line(), columns + 2, "%d: %s", columns, drawing);
		cr_expect_eq(progress.drawn, 3, "two rows and how many more");
		cr_expect(strstr(drawing, "and 4 more"), "%s", drawing);
		finish(&progress);
	}
}

Test(work, a_warning_takes_the_tables_place)
{
	struct progress progress = table_progress();
	const struct berth_event warning = {.kind = BERTH_EVENT_WARNING, .text = "careful"};
	now_ms = 1000;
	columns = 80;
	feed(&progress, &placing);
	progress_tick(&progress);
	size_t first = strlen(drawing);
	feed(&progress, &warning);
	fflush(progress.screen.to);
	cr_expect_str_eq(drawing + first, "\033[1A\r\033[Jberth: warning: careful\n");
	finish(&progress);
}

/* --- questions ------------------------------------------------------------------------------ */

#define CHANGE(action, outage, risk)                                                                         \
	"{\"app\":\"shop\",\"changes\":[{\"component\":\"a\",\"instance\":\"shop.a.1\",\"location\":\"l\","  \
	"\"action\":\"create\"},{\"component\":\"b\",\"instance\":\"shop.b.1\",\"location\":\"l\","          \
	"\"action\":\"" action "\",\"outage\":\"" outage "\",\"data_at_risk\":[" risk "]}]}"

Test(work, what_costs_nothing_is_not_asked)
{
	script.plan = CHANGE("replace", "none", "");
	cr_expect_eq(run_cli("deploy"), 0);
	cr_expect(asked.confirmed);
}

Test(work, off_a_terminal_what_costs_needs_y)
{
	static const char *const costly[] = {CHANGE("remove", "none", ""),
					     CHANGE("replace", "until ready", ""),
					     CHANGE("create", "none", "\"/data\"")};
	for (size_t i = 0; i < COUNT_OF(costly); i++) {
		script.plan = costly[i];
		cr_expect_eq(run_cli("deploy"), 64);
		cr_expect_not(asked.confirmed);
		cr_expect(strstr(err, "-y agrees to it"), "%s", err);
		cr_expect_str_eq(out, "");
		cr_expect_eq(run_cli("deploy -y"), 0);
		cr_expect_not(asked.had_confirm);
	}
}

Test(work, off_a_terminal_destroy_needs_y)
{
	cr_expect_eq(run_cli("destroy shop"), 64);
	cr_expect_str_eq(err, "berth: error: destroy removes things, and nobody can be asked\n"
			      "  = `--dry-run` shows what would go; -y agrees to it\n");
	cr_expect_eq(asked.begun, 0);
	cr_expect_eq(run_cli("destroy shop --dry-run"), 0);
	cr_expect(asked.dry_run);
	cr_expect_eq(run_cli("destroy shop -y"), 0);
}

Test(work, on_a_terminal_it_asks_about_that_part)
{
	script.plan = CHANGE("remove", "none", "");
	setenv("TERM", "dumb", 1);
	cr_expect_eq(run_on_terminal("deploy", "y\n"), 0);
	cr_expect_str_eq(err, "- b.1 at l: remove\ndeploy shop? [y/N] ");
	cr_expect(asked.confirmed);
	cr_expect_eq(run_on_terminal("deploy", "\n"), 130);
	cr_expect_not(asked.confirmed);
	cr_expect(strstr(err, "not confirmed; nothing was changed"), "%s", err);
	cr_expect_eq(run_on_terminal("destroy shop", "yes\n"), 0);
	cr_expect_eq(run_on_terminal("destroy shop", "yep\n"), 130);
}

Test(work, destroy_of_volumes_alone_asks_too)
{
	script.plan = "{\"app\":\"shop\",\"changes\":[]}";
	setenv("TERM", "dumb", 1);
	cr_expect_eq(run_on_terminal("destroy shop --volumes", "n\n"), 130);
	cr_expect_not(asked.confirmed);
}

/* --- signals -------------------------------------------------------------------------------- */

Test(work, the_first_signal_cancels_and_says_so)
{
	script.waits = 1;
	script.raises = SIGINT;
	script.raise_times = 1;
	cr_expect_eq(run_cli("deploy -y"), 130);
	cr_expect_eq(asked.cancelled, 1);
	cr_expect(strstr(err, "interrupted: finishing what flies; Ctrl-C again leaves at once\n"), "%s", err);
}

Test(work, the_second_signal_leaves_at_once)
{
	script.waits = 2;
	script.raises = SIGINT;
	script.raise_times = 2;
	cr_expect_eq(run_cli("deploy -y"), 130);
	cr_expect_eq(asked.cancelled, 2);
	cr_expect_eq(strstr(err, "interrupted: finishing"), err, "said once, first: %s", err);
}

Test(work, sigterm_is_heeded_too)
{
	script.waits = 1;
	script.raises = SIGTERM;
	script.raise_times = 1;
	cr_expect_eq(run_cli("destroy shop -y"), 130);
	cr_expect_eq(asked.cancelled, 1);
}

Test(work, handlers_are_put_back)
{
	struct sigaction now;
	cr_expect_eq(run_cli("deploy -y"), 0);
	sigaction(SIGINT, NULL, &now);
	cr_expect_eq(now.sa_handler, SIG_DFL);
}

Test(work, a_watched_status_ends_with_a_signal)
{
	script.result = "{\"app\":\"shop\",\"state\":\"running\"}";
	script.raises = SIGINT;
	script.raise_times = 1;
	cr_expect_eq(run_cli("status -w shop"), 130);
}

/* --- logs ----------------------------------------------------------------------------------- */

Test(work, one_instances_log_is_passed_byte_for_byte)
{
	static const struct berth_event events[] = {LOG("web", "shop.web.1", "one\ntw"),
						    LOG("web", "shop.web.1", "o\r\n\033[31mred")};
	script.events = events;
	script.event_count = COUNT_OF(events);
	cr_expect_eq(run_cli("logs shop web --tail 5 --since 1h"), 0);
	cr_expect_str_eq(out, "one\ntwo\r\n\033[31mred");
	cr_expect_eq(asked.tail, 5);
	cr_expect_gt(asked.since_ms, 0);
	cr_expect_str_eq(asked.components, "web\n");
}

Test(work, several_instances_logs_have_prefixes_and_whole_lines)
{
	static const struct berth_event events[] = {
	    LOG("web", "shop.web.1", "half a "), LOG("redis", "shop.redis.1", "ready\n"),
	    LOG("web", "shop.web.1", "line\nend"), LOG("redis", "shop.redis.1", "bye\n")};
	script.events = events;
	script.event_count = COUNT_OF(events);
	cr_expect_eq(run_cli("logs shop"), 0);
	cr_expect_str_eq(out, "redis.1 | ready\nweb.1   | half a line\nredis.1 | bye\nweb.1   | end\n");
	cr_expect_eq(run_cli("logs shop -o json"), 0);
	cr_expect(begins(out, "{\"component\":\"redis\",\"instance\":\"shop.redis.1\",\"location\":\"here\","
			      "\"stream\":\"stdout\",\"text\":\"ready\"}\n"),
		  "%s", out);
}

Test(work, followed_logs_of_one_instance_do_not_wait_for_a_second)
{
	static const struct berth_event events[] = {LOG("web", "shop.web.1", "one\n")};
	script.events = events;
	script.event_count = COUNT_OF(events);
	script.waits = 1;
	cr_expect_eq(run_into_closed_pipe("logs -f shop"), 0, "it was written, so the closed pipe was met");
	cr_expect_eq(asked.cancelled, 2);
}
